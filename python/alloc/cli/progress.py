"""Progress on standard error, for what takes longer than a second."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    import rich.progress

    from alloc.cli.session import Session

__all__ = ["Progress", "progress"]

PATIENCE_SECONDS = 1
"""What is done sooner needs no bar."""


class Progress(Protocol):
    """Told how much is done."""

    def __call__(self, done: int, total: int) -> None:
        """Say that `done` of `total` are done; a total of 0 is unknown."""


class _Bar:
    """A bar that shows itself once patience has run out."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._done, self._total = 0, 0
        self._lock = threading.Lock()
        self._shown: rich.progress.Progress | None = None
        self._timer = threading.Timer(PATIENCE_SECONDS, self._show)
        self._timer.daemon = True
        self._timer.start()

    def update(self, done: int, total: int) -> None:
        """Say how much is done; the unit is the caller's."""
        with self._lock:
            self._done, self._total = done, total
            if self._shown is not None:
                task = self._shown.task_ids[0]
                self._shown.update(task, completed=done, total=total or None)

    def close(self) -> None:
        """Take the bar away."""
        self._timer.cancel()
        with self._lock:
            if self._shown is not None:
                self._shown.stop()
            self._shown = None
            self._timer.cancel()

    def _show(self) -> None:
        from rich import progress
        from rich.console import Console

        with self._lock:
            if self._timer.finished.is_set():
                return
            self._shown = progress.Progress(
                console=Console(stderr=True), transient=True
            )
            self._shown.add_task(
                self._label, completed=self._done, total=self._total or None
            )
            self._shown.start()


@contextlib.contextmanager
def progress(session: Session, label: str) -> Iterator[Progress]:
    """Show a bar on standard error while the block runs.

    Parameters
    ----------
    session
        ``--quiet`` and a standard error that is no terminal show nothing.
    label
        What is going on, translated.

    Yields
    ------
    Progress
        Is told how much is done.
    """
    if session.quiet or not sys.stderr.isatty():
        yield _ignore
        return
    bar = _Bar(label)
    try:
        yield bar.update
    finally:
        bar.close()


def _ignore(done: int, total: int) -> None:
    del done, total
