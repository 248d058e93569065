"""The state machine that turns a message into steps of the model."""
