"""What the server counts, in Prometheus' form: requests, seconds, turns, learning jobs.

Knows routes and statuses. Does not know users: no label tells who asked.
"""

import time
from collections import Counter as Tally
from collections.abc import Iterable
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from omnipersona.agent.events import LearnStatus

MEDIA_TYPE: Final = CONTENT_TYPE_LATEST
_NO_ROUTE: Final = "none"
_BUCKETS: Final = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300)
_STATES: Final = get_args(LearnStatus.__dataclass_fields__["state"].type)


class Metrics:
    """The counters of one server."""

    def __init__(self) -> None:
        """Start at zero."""
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "omnipersona_requests",
            "Requests served",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self.seconds = Histogram(
            "omnipersona_request_seconds",
            "Time until the last byte was sent",
            ("method", "route"),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self.turns = Gauge(
            "omnipersona_turns",
            "Turns that run or wait for the model",
            registry=self._registry,
        )
        self.jobs = Gauge(
            "omnipersona_learning_jobs",
            "Learning jobs since the start",
            ("state",),
            registry=self._registry,
        )

    def text(self, jobs: Iterable[LearnStatus]) -> bytes:
        """Return everything, with the learning jobs as they stand."""
        tally = Tally(status.state for status in jobs)
        for state in _STATES:
            self.jobs.labels(state).set(tally[state])
        return generate_latest(self._registry)


# Ours: prometheus-fastapi-instrumentator looks for routes anew and finds some for what was refused.
class Counted:
    """Middleware that counts every request by route, not by path: paths may hold names."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        """Wrap an application."""
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve and count one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.monotonic(), 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            method = scope["method"] if route != _NO_ROUTE else _NO_ROUTE
            self._metrics.requests.labels(method, route, status).inc()
            self._metrics.seconds.labels(method, route).observe(time.monotonic() - started)
