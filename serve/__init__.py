"""Doors into the assistant other than the page, and what the page shares with them."""
