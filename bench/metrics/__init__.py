"""Measures of answers and pictures where the truth is not drawn by us; encoders are optional."""
