"""Several processes on one ledger, and processes that are killed: the real thing."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from store_books import Books, Line
from store_work import COUNT, DAYS, import_all, items, lines, post_all

from alloc.app.verify import verify
from alloc.errors import ConflictError
from alloc.store import open_ledger

WORK = Path(__file__).with_name("store_work.py")
KILLS = 10


def start(path: Path, task: str, *, kill_at: str = "") -> subprocess.Popen[str]:
    """Start another process on the ledger; it waits for `go`."""
    process = subprocess.Popen(
        [sys.executable, str(WORK), str(path), task, "10000", kill_at],
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


@pytest.fixture(scope="module")
def imported(empty_ledger: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with payments and items that wait."""
    path = shutil.copy(empty_ledger, tmp_path_factory.mktemp("work") / "ledger.db")
    process = start(path, "import")
    go(process)
    assert said(process) == "done"
    finished(process)
    return path


def complete(path: Path) -> None:
    """Everything is posted exactly once and the ledger verifies."""
    with open_ledger(str(path), write=False) as ledger:
        report = verify(ledger)
        assert report.findings == ()
        assert report.counts["entries"] == COUNT
        left = Books(ledger).open()
        assert left == {name: 1 for name in items() if int(name[1:]) % 2}


def test_two_processes_post_the_same_payments_and_one_wins_each(
    imported: Path, tmp_path: Path
) -> None:
    path = shutil.copy(imported, tmp_path / "ledger.db")
    both = [start(path, "post"), start(path, "post")]
    for process in both:
        go(process)
    answers = sorted(said(process) for process in both)
    for process in both:
        finished(process)
    assert answers[0] in {"ITEMS_CHANGED", "PAYMENT_DECIDED", "done"}
    with open_ledger(str(path), write=True) as ledger:
        assert verify(ledger).findings == ()
        post_all(ledger)
    complete(path)


def test_a_ledger_that_another_process_writes_to_is_busy(
    imported: Path, tmp_path: Path
) -> None:
    path = shutil.copy(imported, tmp_path / "ledger.db")
    holder = start(path, "hold")
    go(holder)
    assert said(holder) == "held"
    with open_ledger(str(path), write=True, busy_timeout_ms=50) as ledger:
        with pytest.raises(ConflictError) as busy:
            Books(ledger, files=10).receive(Line("LATE", 100))
        assert busy.value.reason == "LEDGER_BUSY"
        assert "ledger.db" in str(busy.value)
        assert ledger.payments().num_rows == COUNT
        go(holder)
        finished(holder)
        assert Books(ledger, files=10).receive(Line("LATE", 100)).new == 1


@pytest.fixture(scope="module")
def points(
    empty_ledger: Path, imported: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, int]:
    """How many points there are at which a task can be killed."""
    counted = {}
    for task, ledger in (("import", empty_ledger), ("post", imported)):
        path = shutil.copy(ledger, tmp_path_factory.mktemp("count") / "ledger.db")
        process = start(path, task, kill_at="count")
        go(process)
        counted[task] = int(said(process))
        finished(process)
    return counted


def killed(path: Path, task: str, seed: int, points: int) -> None:
    """Kill -9 a process at a random point of its task."""
    point = random.Random(seed).randrange(points)
    process = start(path, task, kill_at=str(point))
    go(process)
    finished(process)
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_process_killed_while_it_posts_leaves_whole_batches(
    imported: Path, points: dict[str, int], tmp_path: Path, seed: int
) -> None:
    path = shutil.copy(imported, tmp_path / "ledger.db")
    killed(path, "post", seed, points["post"])
    with open_ledger(str(path), write=True) as ledger:
        report = verify(ledger)
        assert report.findings == ()
        assert report.counts["entries"] % (COUNT // DAYS) == 0
        assert report.counts["entries"] <= COUNT
        post_all(ledger)
    complete(path)


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_process_killed_while_it_imports_leaves_whole_files(
    empty_ledger: Path, points: dict[str, int], tmp_path: Path, seed: int
) -> None:
    path = shutil.copy(empty_ledger, tmp_path / "ledger.db")
    killed(path, "import", seed, points["import"])
    with open_ledger(str(path), write=True) as ledger:
        assert verify(ledger).findings == ()
        assert ledger.payments().num_rows in {0, COUNT}
        assert ledger.open_items().num_rows in {0, COUNT}
        import_all(ledger)
        assert ledger.payments().num_rows == len(lines())
        post_all(ledger)
    complete(path)


@pytest.mark.parametrize("seed", range(3))
def test_a_process_killed_from_outside_leaves_whole_batches(
    imported: Path, tmp_path: Path, seed: int
) -> None:
    """The kill comes at any moment, also inside a statement."""
    path = shutil.copy(imported, tmp_path / "ledger.db")
    process = start(path, "post")
    go(process)
    time.sleep(random.Random(seed).uniform(0.05, 0.5))
    process.kill()
    finished(process)
    with open_ledger(str(path), write=True) as ledger:
        assert verify(ledger).findings == ()
        post_all(ledger)
    complete(path)
