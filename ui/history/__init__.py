"""Conversations as the page shows them."""
