"""Published checkpoint folders, read strictly."""
