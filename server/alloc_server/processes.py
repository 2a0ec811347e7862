"""Several processes on one port: started anew when they die, ended together."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import structlog

from alloc.errors import InternalError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alloc_server.ending import Ending

__all__ = ["Processes", "reserved_port"]

#: A process that dies sooner after its start counts as one that cannot start.
YOUNG_SECONDS = 5
YOUNG_DEATHS_MAX = 5


@contextlib.contextmanager
def reserved_port(host: str, port: int) -> Iterator[int]:
    """Hold a port that several processes will share; 0 takes a free one.

    Raises
    ------
    alloc.errors.StoreError
        ``ADDRESS_REFUSED``: another service listens there, too.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as holder:
        # What earlier calls left behind is no reason to refuse, who listens there is.
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            # Bound and never listening: no call comes here.
            holder.bind((host.strip("[]"), port))
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        except OSError as error:
            raise StoreError(
                f"{host}:{port} cannot be listened on: {error.strerror}",
                reason="ADDRESS_REFUSED",
                address=f"{host}:{port}",
            ) from error
        yield holder.getsockname()[1]


class Processes:
    """The processes of one service.

    Parameters
    ----------
    words
        The command line of one.
    count
        How many.
    drain_seconds
        How long they may take to end.
    ending
        Says when to end them.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        count: int,
        drain_seconds: int,
        ending: Ending,
    ) -> None:
        self._words = [sys.executable, *words]
        self._count = count
        self._drain_seconds = drain_seconds
        self._ending = ending

    def run(self) -> None:
        """Keep them running until they are to end, and drain them.

        Raises
        ------
        alloc.errors.InternalError
            ``PROCESS_DIES``: they die as soon as they start.
        """
        running = [self._start() for _ in range(self._count)]
        young_deaths = 0
        try:
            while not self._ending.wait(1):
                for index, (process, started) in enumerate(running):
                    if process.poll() is None:
                        continue
                    structlog.get_logger().error(
                        "process_died", pid=process.pid, code=process.returncode
                    )
                    young = time.monotonic() - started < YOUNG_SECONDS
                    young_deaths = young_deaths + 1 if young else 0
                    if young_deaths >= YOUNG_DEATHS_MAX:
                        raise InternalError(
                            "the processes of the service die as soon as they start:"
                            " see the log",
                            reason="PROCESS_DIES",
                        )
                    running[index] = self._start()
        finally:
            self._finish([process for process, _ in running])

    def _start(self) -> tuple[subprocess.Popen[bytes], float]:
        return subprocess.Popen(self._words), time.monotonic()

    def _finish(self, processes: Sequence[subprocess.Popen[bytes]]) -> None:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        until = time.monotonic() + self._drain_seconds + 5
        for process in processes:
            try:
                process.wait(max(0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
