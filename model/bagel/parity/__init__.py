"""Comparison with the published code."""
