"""Prometheus metrics: how many calls, how they ended, how long they took."""

from __future__ import annotations

import os
from collections import Counter as TallyOf
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    multiprocess,
    start_http_server,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from alloc_server.logs import Ended

__all__ = ["SHARED_FOLDER", "Metrics", "serve_metrics"]

#: Where the processes of one service add up what they count.
SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_US_PER_S = 1_000_000
_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 5, 30)


class Metrics:
    """What is counted, in a registry of its own.

    Parameters
    ----------
    registry
        A new one for each server of a process.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._calls = Counter(
            "alloc_calls",
            "Calls by method and status code.",
            ["method", "code"],
            registry=registry,
        )
        self._seconds = Histogram(
            "alloc_call_seconds",
            "How long calls took, by method.",
            ["method"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._open = Gauge(
            "alloc_calls_open",
            "Calls that are served now.",
            registry=registry,
            multiprocess_mode="livesum",
        )

    def count(self, ended: Sequence[Ended], *, open_calls: int) -> None:
        """Count calls that ended, and say how many are served now."""
        self._open.set(open_calls)
        counts = TallyOf((call.method, call.code) for call in ended)
        for (method, code), count in counts.items():
            self._calls.labels(method, code).inc(count)
        for call in ended:
            seconds = call.elapsed_us / _US_PER_S
            self._seconds.labels(call.method).observe(seconds)


def serve_metrics(
    address: str, port: int, registry: CollectorRegistry
) -> Callable[[], None]:
    """Serve ``/metrics``; return what ends that."""
    if os.environ.get(SHARED_FOLDER):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    server, _ = start_http_server(port, address, registry)
    return server.shutdown
