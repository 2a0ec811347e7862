"""Several processes on one ledger, and processes that are killed: the real thing."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from store_books import Books, Line
from store_work import COUNT, DAYS, import_all, items, lines, post_all

from alloc.app.verify import verify
from alloc.errors import ConflictError
from alloc.store import open_ledger

if TYPE_CHECKING:
    from ledger_places import Place

WORK = Path(__file__).with_name("store_work.py")
#: `bench/kill.py` asks for more.
POSTING_KILLS = int(os.environ.get("ALLOC_KILLS", "20"))
IMPORT_KILLS = 5


def start(url: str, task: str, *, kill_at: str = "") -> subprocess.Popen[str]:
    """Start another process on the ledger; it waits for `go`."""
    process = subprocess.Popen(
        [sys.executable, str(WORK), url, task, "10000", kill_at],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert said(process) == "ready"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def finished(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=60)


@pytest.fixture(scope="session")
def imported(place: Place, empty_url: str) -> str:
    """A ledger with payments and items that wait."""
    url = place.copy(empty_url)
    process = start(url, "import")
    go(process)
    assert said(process) == "done"
    finished(process)
    return url


def complete(url: str) -> None:
    """Everything is posted exactly once and the ledger verifies."""
    with open_ledger(url, write=False) as ledger:
        report = verify(ledger)
        assert report.findings == ()
        assert report.counts["entries"] == COUNT
        left = Books(ledger).open()
        assert left == {name: 1 for name in items() if int(name[1:]) % 2}


@pytest.mark.parametrize("writers", [2, 8])
def test_several_processes_post_the_same_payments_and_one_wins_each(
    place: Place, imported: str, writers: int
) -> None:
    url = place.copy(imported)
    racers = [start(url, "race") for _ in range(writers)]
    for process in racers:
        go(process)
    assert {said(process) for process in racers} == {"drafted"}
    for process in racers:
        go(process)
    outcomes: Counter[str] = Counter()
    for process in racers:
        outcomes.update(json.loads(said(process)))
        finished(process)
    assert outcomes["POSTED"] == DAYS
    assert outcomes["PAYMENT_DECIDED"] == (writers - 1) * DAYS
    complete(url)


def test_a_ledger_that_another_process_writes_to_is_busy(
    place: Place, imported: str
) -> None:
    url = place.copy(imported)
    holder = start(url, "hold")
    go(holder)
    assert said(holder) == "held"
    with open_ledger(url, write=True, busy_timeout_ms=50) as ledger:
        with pytest.raises(ConflictError) as busy:
            Books(ledger, files=10).receive(Line("LATE", 100))
        assert busy.value.reason == "LEDGER_BUSY"
        assert ledger.name in str(busy.value)
        assert ledger.payments().num_rows == COUNT
        go(holder)
        finished(holder)
        assert Books(ledger, files=10).receive(Line("LATE", 100)).new == 1


@pytest.fixture(scope="session")
def points(place: Place, empty_url: str, imported: str) -> dict[str, int]:
    """How many points there are at which a task can be killed."""
    counted = {}
    for task, ledger in (("import", empty_url), ("post", imported)):
        url = place.copy(ledger)
        process = start(url, task, kill_at="count")
        go(process)
        counted[task] = int(said(process))
        finished(process)
    return counted


def killed(url: str, task: str, seed: int, points: int) -> None:
    """Kill -9 a process at a random point of its task."""
    point = random.Random(seed).randrange(points)
    process = start(url, task, kill_at=str(point))
    go(process)
    finished(process)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("seed", range(POSTING_KILLS))
def test_a_process_killed_while_it_posts_leaves_whole_batches(
    place: Place, imported: str, points: dict[str, int], seed: int
) -> None:
    url = place.copy(imported)
    killed(url, "post", seed, points["post"])
    with open_ledger(url, write=True) as ledger:
        report = verify(ledger)
        assert report.findings == ()
        assert report.counts["entries"] % (COUNT // DAYS) == 0
        assert report.counts["entries"] <= COUNT
        post_all(ledger)
    complete(url)


@pytest.mark.parametrize("seed", range(IMPORT_KILLS))
def test_a_process_killed_while_it_imports_leaves_whole_files(
    place: Place, empty_url: str, points: dict[str, int], seed: int
) -> None:
    url = place.copy(empty_url)
    killed(url, "import", seed, points["import"])
    with open_ledger(url, write=True) as ledger:
        assert verify(ledger).findings == ()
        assert ledger.payments().num_rows in {0, COUNT}
        assert ledger.open_items().num_rows in {0, COUNT}
        import_all(ledger)
        assert ledger.payments().num_rows == len(lines())
        post_all(ledger)
    complete(url)


@pytest.mark.parametrize("seed", range(3))
def test_a_process_killed_from_outside_leaves_whole_batches(
    place: Place, imported: str, seed: int
) -> None:
    """The kill comes at any moment, also inside a statement."""
    url = place.copy(imported)
    process = start(url, "post")
    go(process)
    time.sleep(random.Random(seed).uniform(0.05, 0.5))
    process.kill()
    finished(process)
    with open_ledger(url, write=True) as ledger:
        assert verify(ledger).findings == ()
        post_all(ledger)
    complete(url)
