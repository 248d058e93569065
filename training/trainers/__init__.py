"""The networks of nano, each with its trainer, and what trainers share."""
