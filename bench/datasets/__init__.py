"""Data sets of real photos that people have on disk, read into one common form."""
