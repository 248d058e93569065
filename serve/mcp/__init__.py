"""The assistant as tools of the Model Context Protocol."""
