"""Learned concepts: tokens, files, and how they are learned."""
