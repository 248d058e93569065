"""The edge: web page and command line over the same session."""
