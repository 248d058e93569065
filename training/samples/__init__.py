"""Training samples of every task, from scenes and sentences to packed rows."""
