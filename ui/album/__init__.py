"""The page of what is known."""
