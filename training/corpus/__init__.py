"""The drawn world in words: captions, questions, edits and the agent's text tasks."""
