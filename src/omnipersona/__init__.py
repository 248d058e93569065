"""OmniPersona: a personal assistant that understands, draws and edits with your own concepts."""

__version__ = "0.1.0"
