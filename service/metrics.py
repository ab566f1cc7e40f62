"""Numbers for Prometheus: one registry per process, to which every part of the service adds its own."""

from __future__ import annotations

from functools import cache
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

_METHODS: Final = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"})
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)


def new_registry() -> CollectorRegistry:
    """A registry that knows the process itself: memory, processor time, open files, garbage collection."""
    registry = CollectorRegistry(auto_describe=True)
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class RequestMetrics:
    """How many requests were answered, with what, and how long it took, by route template (never by address)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._requests = Counter(
            "liftoff_http_requests", "Answered requests.", ("method", "route", "status"), registry=registry
        )
        self._seconds = Histogram(
            "liftoff_http_request_seconds",
            "Time from a request's first byte to its answer's last.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._labelled = cache(self._label)  # the library takes longer to find them than to count

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """One answered request. Invented methods are counted together: a label must not grow at a client's will."""
        requests, times = self._labelled(method if method in _METHODS else "other", route, status)
        requests.inc()
        times.observe(seconds)

    def _label(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        return self._requests.labels(method, route, str(status)), self._seconds.labels(method, route)
