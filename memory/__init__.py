"""What the assistant knows about a person: records, and recall by an index made from them."""
