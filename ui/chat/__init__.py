"""What happens in a conversation on the page."""
