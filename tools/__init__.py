"""One file, one ability; joins model and memory."""
