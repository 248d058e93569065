"""Words in and out."""
