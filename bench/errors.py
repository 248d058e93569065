"""Errors of measurements, each a sentence that says what is wrong and what to do."""


class BenchError(ValueError):
    """A measurement cannot be made as it was asked for."""
