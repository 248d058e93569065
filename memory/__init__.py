"""What the assistant knows about a person; records in SQLite, recall by an index made from it."""
