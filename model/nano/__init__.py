"""The embedded model: its drawn world, corpus and pretraining."""
