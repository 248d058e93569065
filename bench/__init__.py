"""Measurements: nano's abilities and the paper's benchmark."""
