"""Soft concept tokens: their parameter, their place in a prompt, their file."""
