"""How nano is made: its drawn world, the corpora about it, the trainers and their recipe."""
