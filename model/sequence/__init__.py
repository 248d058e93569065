"""One turn as rows for the decoder."""
