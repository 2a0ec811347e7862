"""Memory stays flat under load; `bench/load.py` does the same for an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from load_calls import Load, resident_kb
from served import Served
from service_case import payment_ids

from alloc_server.keeping import add_token

if TYPE_CHECKING:
    from pathlib import Path

    from alloc.cli.workspace import Workspace

SECONDS = 15
#: Of a process of 150 MB: caches fill, connections open.
GROWTH_KB_MAX = 16_000


def test_the_memory_of_the_service_is_flat_under_load(
    workspace: Workspace, certificates: Path
) -> None:
    names = payment_ids(workspace)
    token = add_token(
        workspace.root / "tokens.toml",
        name="load",
        entities=["FR01"],
        rights=["read", "propose", "post"],
        expires=None,
    )
    server = Served(workspace, certificates)
    with server.client(token) as client:
        load = Load(client, [names["B1"], names["B2"], names["B3"]])
        samples = list(load.run(SECONDS, server.process.pid, every=1))
        assert load.errors == []
        last = resident_kb(server.process.pid)
    assert server.terminate() == 0
    warm = samples[len(samples) // 3]
    assert load.calls > warm.calls > 0
    assert last - warm.resident_kb < GROWTH_KB_MAX, samples
