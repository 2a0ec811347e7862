"""Measure posting one by one through the service: ``python bench/post.py``.

One caller in sequence, 8 and 32 callers at once, over TLS, each call a payment of its
own; on SQLite and on a PostgreSQL that waits for the disk.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from alloc.client import Client
from alloc_server.keeping import add_token
from run import record
from service import THREADS, bench_post, serving, workspace_of

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "store"))
from certificates import write_certificates
from postgresql_server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from run import Figure

ITEMS = 10_000


def bench(folder: Path, name: str, url: str = "") -> Iterator[Figure]:
    """Serve a new workspace in one process, and post."""
    folder.mkdir()
    write_certificates(folder)
    (folder / "workspace").mkdir()
    workspace = workspace_of(folder / "workspace", ITEMS, url=url)
    token = add_token(
        workspace.root / "tokens.toml",
        name="bench",
        entities=["*"],
        rights=["post"],
        expires=None,
    )
    words = [sys.executable, "-m", "alloc", "-C", str(workspace.root), "serve"]
    words += ["--port", "0", "--threads", str(THREADS)]
    words += ["--tls-cert", str(folder / "server.pem")]
    words += ["--tls-key", str(folder / "server.key")]
    ca = (folder / "ca.pem").read_bytes()
    with (
        serving(words, folder / "serve.log") as servers,
        Client(servers.address, token=token, ca=ca) as client,
    ):
        for figure in bench_post(workspace, client, servers):
            yield figure._replace(name=f"{name}, {figure.name}")


def main() -> None:
    """Measure both, and add the figures to the record."""
    with tempfile.TemporaryDirectory(prefix="alloc-bench-") as folder:
        record("posting one by one", bench(Path(folder) / "sqlite", "SQLite"))
        server = Server(durable=True)
        server.start()
        try:
            url = server.url(server.new())
            place = Path(folder) / "postgresql"
            record("posting one by one", bench(place, "PostgreSQL", url))
        finally:
            server.stop()


if __name__ == "__main__":
    main()
