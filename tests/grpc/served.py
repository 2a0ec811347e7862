"""`alloc serve` as a process of its own, which tests stop and kill."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from typing import TYPE_CHECKING, Any

from alloc.cli.main import main
from alloc.client import Client

if TYPE_CHECKING:
    from pathlib import Path

    from alloc.cli.workspace import Workspace

START_SECONDS_MAX = 60
#: A process that has imported everything and served nothing: servers start quickly.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    ["alloc_server.command", "alloc_server.serving", "alloc.store.backend.sqlite"]
)


def _alloc(words: list[str], log: str) -> None:
    """Be `alloc` with these words; standard error goes to a file."""
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT), 2)
    sys.argv = ["alloc", *words]
    main()


class Served:
    """A running `alloc serve`.

    Parameters
    ----------
    workspace, certificates
        What it serves, and with which TLS files.
    port
        0 takes a free one.
    options
        More words of its command line.
    """

    def __init__(
        self,
        workspace: Workspace,
        certificates: Path,
        *options: str,
        port: int = 0,
    ) -> None:
        self._certificates = certificates
        self._log = workspace.root / f"serve-{time.monotonic_ns()}.log"
        words = ["-C", str(workspace.root), "serve"]
        words += ["--port", str(port), "--tls-cert", str(certificates / "server.pem")]
        words += ["--tls-key", str(certificates / "server.key"), *options]
        self._log.touch()
        self.process = _PROCESSES.Process(target=_alloc, args=(words, str(self._log)))
        self.process.start()
        self.port = self._port()

    def logged(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of the log about an event."""
        lines = self._log.read_text().splitlines()
        rows = [json.loads(line) for line in lines if line.startswith("{")]
        return [row for row in rows if row["event"] == event]

    def _port(self) -> int:
        until = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < until and self.process.is_alive():
            if serving := self.logged("serving"):
                return int(serving[0]["port"])
            time.sleep(0.01)
        raise AssertionError(f"it does not serve: {self._log.read_text()}")

    def client(self, token: str) -> Client:
        ca = (self._certificates / "ca.pem").read_bytes()
        return Client(f"127.0.0.1:{self.port}", token=token, ca=ca)

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    def terminate(self) -> int | None:
        """Send SIGTERM and return the exit code."""
        self.process.terminate()
        self.process.join(60)
        return self.process.exitcode
