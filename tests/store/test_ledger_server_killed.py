"""Kill -9 of PostgreSQL while a batch is posted: the real thing, again and again."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest
from ledger_places import Databases, made
from postgresql_server import Server
from store_work import COUNT, DAYS, Killer, import_all, post_all
from test_ledger_processes import complete

from alloc.app.verify import verify
from alloc.errors import StoreError
from alloc.store import open_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

#: `bench/kill.py` asks for more.
KILLS = int(os.environ.get("ALLOC_KILLS", "20"))
#: So many points are in the first two batches, of eight.
POINTS = 100


@pytest.fixture
def mortal() -> Iterator[Server]:
    """A server of one's own."""
    started = Server()
    started.start()
    yield started
    started.stop()


def test_a_server_killed_while_a_batch_is_posted_has_whole_batches(
    mortal: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seeded points; each time it starts again, verifies and goes on."""
    place = Databases(mortal)
    waiting = made(place)
    with open_ledger(waiting, write=True) as ledger:
        import_all(ledger)
    draw = random.Random(20261122)
    url, posted = place.copy(waiting), 0
    for _ in range(KILLS):
        if posted > COUNT // 2:
            url, posted = place.copy(waiting), 0
        killer = Killer(draw.randrange(POINTS), mortal.kill)
        with open_ledger(url, write=True) as ledger, monkeypatch.context() as patch:
            killer.install(patch.setattr)
            with pytest.raises(StoreError) as killed:
                post_all(ledger)
        assert killed.value.reason == "LEDGER_UNREACHABLE"
        mortal.start()
        with open_ledger(url, write=False) as ledger:
            report = verify(ledger)
        assert report.findings == ()
        assert report.counts["entries"] >= posted
        assert report.counts["entries"] % (COUNT // DAYS) == 0
        posted = report.counts["entries"]
    with open_ledger(url, write=True) as ledger:
        post_all(ledger)
    complete(url)


def test_a_server_that_is_down_is_named_without_the_password(mortal: Server) -> None:
    url = made(Databases(mortal))
    secret = url.replace("user=alloc", "user=alloc&password=s3cret")
    with open_ledger(secret, write=True) as ledger:
        mortal.kill()
        for call in (ledger.counts, lambda: open_ledger(secret, write=False)):
            with pytest.raises(StoreError) as down:
                call()
            assert down.value.reason == "LEDGER_UNREACHABLE"
            assert "s3cret" not in f"{down.value} {down.value.metadata}"
