"""What lasts: records, files and conversations, and whose they are."""
