"""Comparison with parity vectors of the published architecture."""
