"""The drawn world: scenes as data, as pictures and as labels."""
