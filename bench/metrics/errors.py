"""The error of the metrics: something that a measure needs is not there."""

from omnipersona.bench.errors import BenchError


class MetricError(BenchError):
    """A measure cannot be taken; the text says what is missing and how to get it."""
