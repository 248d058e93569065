"""What people were shown in conversations."""
