"""Waiting for SIGTERM and Ctrl-C without a race."""

from __future__ import annotations

import signal
import socket

__all__ = ["Ending"]


class Ending:
    """Notes that the service was asked to end; one a process, in its main thread.

    A handler that sets an event may interrupt the very code that waits for it, in the
    middle of its lock, and a signal that another thread takes wakes nobody. So the
    interpreter writes each signal to a socket, and `wait` reads it.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._writer.settimeout(0)
        signal.set_wakeup_fd(self._writer.fileno())
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, _noted)

    def wait(self, seconds: float | None = None) -> bool:
        """Return whether the service was asked to end; None waits until it is."""
        self._reader.settimeout(seconds)
        try:
            return bool(self._reader.recv(1))
        except TimeoutError:
            return False


def _noted(*_: object) -> None:
    """Leave it to the socket."""
