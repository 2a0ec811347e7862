"""What is told of calls: counted and logged a moment after they ended, many at once.

A line and its counters cost as much as a decision; nobody waits for them.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from alloc_server.logs import Ended, log_calls

if TYPE_CHECKING:
    from alloc_server.metrics import Metrics

__all__ = ["Notes"]

#: How long a line waits for others.
GATHERED_SECONDS = 0.05
#: So many do not wait: who adds the next one writes them.
GATHERED_MAX = 1000


class Notes:
    """Gathers what is told of calls until it is written; `close` writes the rest.

    Parameters
    ----------
    metrics
        Counts calls.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._waiting: deque[Ended] = deque()
        self._open = 0
        self._counting = threading.Lock()
        self._writing = threading.Lock()
        self._is_due = threading.Event()
        self._is_closed = threading.Event()
        self._writer = threading.Thread(target=self._run, name="notes", daemon=True)
        self._writer.start()

    def begun(self) -> None:
        """Count a call that begins."""
        with self._counting:
            self._open += 1
        self._due()

    def ended(self, call: Ended) -> None:
        """Count and log a call that ended; a defect of ours at once."""
        with self._counting:
            self._open -= 1
        self._waiting.append(call)
        if call.error is not None or len(self._waiting) >= GATHERED_MAX:
            self.write()
        self._due()

    def write(self) -> None:
        """Write what was gathered."""
        with self._writing:
            calls = [self._waiting.popleft() for _ in range(len(self._waiting))]
            log_calls(calls)
            self._metrics.count(calls, open_calls=self._open)

    def close(self) -> None:
        """Write the rest; no call is told of any more."""
        self._is_closed.set()
        self._is_due.set()
        self._writer.join()

    def _due(self) -> None:
        if not self._is_due.is_set():
            self._is_due.set()

    def _run(self) -> None:
        while not self._is_closed.is_set():
            self._is_due.wait()
            self._is_closed.wait(GATHERED_SECONDS)
            self._is_due.clear()
            self.write()
