"""Images in, understanding tokens out."""
