"""Mixture-of-Transformers: one attention, two sets of weights."""
