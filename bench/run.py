"""Measure the whole runs that the documents promise; write them to `bench/record/`.

python bench/run.py                    # all of them, about ten minutes
python bench/run.py help day camt      # some of them
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import scaling
from posting import ENTRIES as POSTED
from processes import BIN, ROOT, alloc, commit, compiler, machine, python, run

sys.path.append(str(ROOT / "tests" / "store"))
from postgresql_server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SEED = 1
CAMT_ENTRIES = 100_000


class Figure(NamedTuple):
    """One measured figure, with the target that was set for it."""

    name: str
    value: int
    unit: str
    target: str


def bench_help(folder: Path) -> Iterator[Figure]:
    """Ask for help eleven times; the median counts."""
    del folder
    walls = [run(BIN / "alloc", "--help").wall_ms for _ in range(11)]
    yield Figure("alloc --help", round(statistics.median(walls)), "ms", "<= 150")


def bench_day(folder: Path) -> Iterator[Figure]:
    """Run a normal day by the nightly job, cold start included."""
    workspace = _demo(folder / "day", "day")
    run_day = alloc(workspace, "run")
    state = json.loads(alloc(workspace, "--json", "status").stdout)
    yield Figure("day: alloc run", run_day.wall_ms, "ms", "<= 3000")
    yield Figure("day: alloc run, processor", run_day.cpu_ms, "ms", "")
    yield Figure("day: peak memory", run_day.peak_kb, "kB", "")
    yield Figure("day: bank entries", _payments(state), "entries", "900")
    yield Figure("day: alloc verify", alloc(workspace, "verify").wall_ms, "ms", "")


def bench_year(folder: Path) -> Iterator[Figure]:
    """Import, propose, post and verify a year of the group."""
    workspace = _demo(folder / "year", "year")
    files = sorted(str(path) for path in (workspace / "inbox").iterdir())
    steps = {
        "import": alloc(workspace, "import", *files),
        "clear": alloc(workspace, "clear"),
        "verify": alloc(workspace, "verify"),
    }
    state = json.loads(alloc(workspace, "--json", "status").stdout)
    yield Figure("year: bank entries", _payments(state), "entries", "220000")
    for name, step in steps.items():
        yield Figure(f"year: alloc {name}", step.wall_ms, "ms", "")
        yield Figure(f"year: alloc {name}, processor", step.cpu_ms, "ms", "")
        yield Figure(f"year: alloc {name}, peak memory", step.peak_kb, "kB", "")
    total = sum(step.wall_ms for step in steps.values())
    peak = max(step.peak_kb for step in steps.values())
    yield Figure("year: import + clear + verify", total, "ms", "<= 120000")
    yield Figure("year: peak memory", peak, "kB", "<= 1048576")


READ = """
import resource, sys, time
import pyarrow, alloc
from alloc.ingest import read_bank
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter_ns()
bank = read_bank(sys.argv[1])
wall = (time.perf_counter_ns() - start) // 1_000_000
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(bank.entries.num_rows, wall, after - before)
"""


def bench_camt(folder: Path) -> Iterator[Figure]:
    """Read one camt.053 of 100,000 entries."""
    path = folder / "large.xml"
    run(sys.executable, ROOT / "bench" / "scenarios" / "large_camt.py", path)
    entries, wall_ms, grown_kb = map(int, python(READ, path).stdout.split())
    yield Figure("camt.053: size", path.stat().st_size // 1_000_000, "MB", "")
    yield Figure("camt.053: entries", entries, "entries", f"{CAMT_ENTRIES}")
    yield Figure("camt.053: read", wall_ms, "ms", "<= 3000")
    yield Figure("camt.053: memory above imports", grown_kb, "kB", "<= 102400")


def bench_posting(folder: Path) -> Iterator[Figure]:
    """Post a year in batches on both databases; PostgreSQL is started for it."""
    server = Server(durable=True)
    server.start()
    try:
        for name, url, target in (
            ("SQLite", str(folder / "posting.db"), ">= 20000"),
            ("PostgreSQL", server.url(server.new()), ">= 8000"),
        ):
            said = run(sys.executable, ROOT / "bench" / "posting.py", url).stdout
            words = [line.split() for line in said.splitlines()]
            took = {line[0]: int(line[1]) for line in words}
            for step in ("import", "draft", "post", "verify"):
                figure = f"{name}: {step} {POSTED} entries"
                is_bound = (name, step) == ("SQLite", "post")
                yield Figure(figure, took[step], "ms", "<= 10000" if is_bound else "")
            rate = POSTED * 1000 // took["post"]
            yield Figure(f"{name}: posted", rate, "per s", target)
    finally:
        server.stop()


def bench_scaling(folder: Path) -> Iterator[Figure]:
    """Fit how the time of a proposal grows, and let one day run on more threads."""
    del folder
    for curve, points in scaling.measured(counted=False):
        for size, cost_us in points:
            yield Figure(f"scaling: {curve.name} {size}", cost_us, "us", "")
        grows = round(1000 * scaling.exponent(points))
        most = f"<= {round(1000 * curve.exponent_max)}"
        yield Figure(f"scaling: {curve.name}, exponent", grows, "/1000", most)
    for threads, wall_us in scaling.thread_walls_us(scaling.BUSY_DAY):
        name = f"scaling: {scaling.BUSY_DAY} payments, {threads} threads"
        yield Figure(name, wall_us, "us", "")


BENCHES: dict[str, Callable[[Path], Iterator[Figure]]] = {
    "help": bench_help,
    "camt": bench_camt,
    "day": bench_day,
    "year": bench_year,
    "posting": bench_posting,
    "scaling": bench_scaling,
}


def main(names: list[str]) -> None:
    """Run the named benches and add their figures to the record."""
    unknown = set(names) - set(BENCHES)
    if unknown:
        sys.exit(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(BENCHES)}")
    folder = Path(tempfile.mkdtemp(prefix="alloc-bench-"))
    try:
        for name in names or BENCHES:
            record(name, BENCHES[name](folder))
    finally:
        shutil.rmtree(folder)


def record(bench: str, figures: Iterable[Figure]) -> None:
    """Print figures as they are measured, and add them to the record of the day."""
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    path = ROOT / "bench" / "record" / machine() / f"{today}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    head = ["commit", "compiler", "bench", "figure", "value", "unit", "target"]
    with path.open("a", newline="") as out:
        writer = csv.writer(out)
        if out.tell() == 0:
            writer.writerow(head)
        for figure in figures:
            writer.writerow([commit(), compiler(), bench, *figure])
            print(
                f"{figure.name:40} {figure.value:>10} {figure.unit:8} {figure.target}",
                flush=True,
            )


def _demo(folder: Path, size: str) -> Path:
    run(sys.executable, "-m", "alloc.demo", folder, "--size", size, "--seed", str(SEED))
    return folder


def _payments(state: dict[str, dict[str, dict[str, int]]]) -> int:
    return sum(tally["count"] for tally in state["payments"].values())


if __name__ == "__main__":
    main(sys.argv[1:])
