"""Time `alloc.subset` and what a user could install instead, on given instances.

python bench/subset.py INSTANCES [--seconds 5] [--family a] [--peers INTERPRETER]

INSTANCES is a folder with `items.parquet` and `targets.parquet`. dpss, flsss, mknapsack
and ortools are no dependencies of ours, and mknapsack needs an older numpy than we do:
each interpreter given by `--peers` is asked which of them it has. Every peer runs in a
process of its own, one thread, until its first answer or the limit. The table goes to
standard output; redirect it to `bench/record/subset.md`.
"""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import click
import pyarrow.parquet as pq

from alloc.subset import Delta, solve
from processes import commit, compiler, machine, peers_of

#: Runs of our own solver; the fastest counts.
REPEATS = 20
PEERS = Path(__file__).with_name("subset_peers.py")


class Instance(NamedTuple):
    """One question: amounts, target and the admissible intervals."""

    name: str
    amounts: list[int]
    target: int
    allowed: list[tuple[int, int]]


def read(folder: Path, families: tuple[str, ...]) -> list[Instance]:
    """Read the first instance of each family."""
    amounts: dict[str, list[int]] = {}
    for row in pq.read_table(folder / "items.parquet").to_pylist():
        amounts.setdefault(row["name"], []).append(row["amount"])
    rows = pq.read_table(folder / "targets.parquet").to_pylist()
    return [
        Instance(
            row["name"], amounts[row["name"]], row["T"], json.loads(row["allowed"])
        )
        for row in rows
        if row["seed"] == 1 and (not families or row["family"] in families)
    ]


def ours(instance: Instance) -> tuple[int, str]:
    """Time our answer, ns, and say what is known, with the proof."""
    deltas = [
        Delta(low_minor=low - instance.target, high_minor=high - instance.target)
        for low, high in instance.allowed
        if low != instance.target
    ]
    walls, said = [], ""
    for _ in range(REPEATS):
        start = time.perf_counter_ns()
        got = solve(instance.amounts, instance.target, deltas=deltas)
        walls.append(time.perf_counter_ns() - start)
        said = f"{got.outcome} by {got.proof}"
    return min(walls), said


def timed(
    peer: str, interpreter: str, instance: Instance, seconds: float
) -> tuple[int, str]:
    """Run a peer; its process is ended at the limit."""
    question = json.dumps({"amounts": instance.amounts, "target": instance.target})
    try:
        done = subprocess.run(
            [interpreter, PEERS, peer],
            input=question,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return int(seconds * 1e9), f"> {seconds:g} s"
    if done.returncode:
        return 0, "failed"
    got = json.loads(done.stdout)
    return got["ns"], got["said"]


def cell(elapsed: int, said: str, best: int) -> str:
    """Time and ratio to ours."""
    if not elapsed:
        return said
    more = ">" if said.startswith(">") else ""
    return f"{more}{elapsed / 1e6:.3f} ms, {more}{elapsed / best:.1f} x ({said})"


@click.command()
@click.argument("instances", type=click.Path(path_type=Path, exists=True))
@click.option("--seconds", default=5.0, help="Limit per peer, with its start.")
@click.option("--family", "families", multiple=True, help="All if none is named.")
@click.option("--peers", "interpreters", multiple=True, help="A Python that has some.")
def main(
    instances: Path,
    seconds: float,
    families: tuple[str, ...],
    interpreters: tuple[str, ...],
) -> None:
    """Print a row per instance."""
    peers = peers_of(PEERS, interpreters)
    where = f"{machine()}, {compiler()}, commit {commit()}"
    click.echo(f"# The exact core beside its peers\n\n{where}.")
    click.echo("First answer, one thread; the ratio is to ours.\n")
    names = ("instance", "n", "alloc", *peers)
    click.echo(f"| {' | '.join(names)} |\n|{'---|' * len(names)}")
    for instance in read(instances, families):
        best, said = ours(instance)
        cells = [instance.name, str(len(instance.amounts))]
        cells.append(f"{best / 1e6:.3f} ms ({said})")
        for peer, interpreter in peers.items():
            cells.append(cell(*timed(peer, interpreter, instance, seconds), best))
        click.echo(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
