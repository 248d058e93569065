"""The graph's nodes; each reads the state, calls the model or a tool, and returns an update."""
