"""The error of the metrics: something that a measure needs is not there."""


class MetricError(Exception):
    """A measure cannot be taken; the text says what is missing and how to get it."""
