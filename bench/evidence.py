"""Time the reading of one advice, and what a user could install instead.

python bench/evidence.py [--lines 900] [--items 5000] [--peers INTERPRETER]

Lines name open items of one payer; three in a hundred have one digit wrong. We get the
amounts as well and answer with a decision; the peers get the references alone, one
thread, and answer with the nearest one. rapidfuzz and symspellpy are no dependencies of
ours: each interpreter given by `--peers` is asked which of them it has.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import click
import pyarrow as pa

import alloc
from processes import commit, compiler, machine, peers_of

#: Runs of our own; the fastest counts.
REPEATS = 20
MISREAD_IN_100 = 3
PEERS = Path(__file__).with_name("evidence_peers.py")
DAY = dt.date(2026, 1, 31)


class Advice(NamedTuple):
    """Open references with amounts, and lines that mean some of them."""

    references: list[str]
    amounts: list[int]
    meant: list[int]
    written: list[str]


def drawn(lines: int, items: int, seed: int) -> Advice:
    """Draw numbers in runs with gaps, and the lines of one advice."""
    draw = random.Random(seed)
    number, references = 5_100_000_000, []
    for _ in range(items):
        number += 1 + draw.randrange(3) * draw.randrange(4)
        references.append(str(number))
    meant = sorted(draw.sample(range(items), lines))
    written = []
    for item in meant:
        digits = list(references[item])
        if draw.randrange(100) < MISREAD_IN_100:
            at = draw.randrange(len(digits))
            digits[at] = str((int(digits[at]) + 1 + draw.randrange(9)) % 10)
        written.append("".join(digits))
    amounts = [10_000 + draw.randrange(9_000_000) for _ in references]
    return Advice(references, amounts, meant, written)


def ours(advice: Advice) -> tuple[int, list[int]]:
    """Time `alloc.propose` on the payment of the advice, and name the items."""
    paid = [advice.amounts[item] for item in advice.meant]
    count, lines = len(advice.references), len(paid)
    items = pa.table(
        {
            "item_id": [str(item) for item in range(count)],
            "entity": ["E"] * count,
            "customer_id": ["C"] * count,
            "reference": advice.references,
            "currency": ["EUR"] * count,
            "open_minor": advice.amounts,
        }
    )
    payment = {
        "payment_id": "P",
        "entity": "E",
        "value_date": DAY,
        "currency": "EUR",
        "amount_minor": sum(paid),
        "customer_id": "C",
    }
    payments = pa.Table.from_pylist([payment])
    remittances = pa.table(
        {
            "payment_id": ["P"] * lines,
            "line_no": range(lines),
            "reference": advice.written,
            "amount_minor": paid,
        }
    )
    walls = []
    for _ in range(REPEATS):
        start = time.perf_counter_ns()
        got = alloc.propose(items, payments, remittances)
        walls.append(time.perf_counter_ns() - start)
    rows = got.allocations.to_pylist()
    return min(walls), sorted(int(row["item_id"]) for row in rows if not row["rank"])


def answers(
    advice: Advice, interpreters: tuple[str, ...]
) -> dict[str, tuple[int, list[int]]]:
    """Ask every peer that the interpreters have."""
    found: dict[str, tuple[int, list[int]]] = {}
    question = {"references": advice.references, "written": advice.written}
    for peer, interpreter in peers_of(PEERS, interpreters).items():
        done = subprocess.run(
            [interpreter, PEERS, peer],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            check=True,
        )
        got = json.loads(done.stdout)
        found[peer] = got["ns"], got["found"]
    return found


@click.command()
@click.option("--lines", default=900)
@click.option("--items", default=5_000)
@click.option("--seed", default=1)
@click.option("--peers", "interpreters", multiple=True, help="A Python that has some.")
def main(lines: int, items: int, seed: int, interpreters: tuple[str, ...]) -> None:
    """Print time, ratio to ours, and how many lines found what they mean."""
    advice = drawn(lines, items, seed)
    best, named = ours(advice)
    right = len(set(named) & set(advice.meant))
    where = f"{machine()}, {compiler()}, commit {commit()}"
    click.echo(f"# An advice of {lines} lines against {items} open items\n\n{where}.\n")
    click.echo("| reader | ms | times ours | lines right | lines wrong |")
    click.echo("|---|---|---|---|---|")
    wrong = len(set(named) - set(advice.meant))
    click.echo(f"| alloc.propose | {best / 1e6:.2f} | 1.0 | {right} | {wrong} |")
    for peer, (elapsed, found) in answers(advice, interpreters).items():
        pairs = list(zip(found, advice.meant, strict=True))
        right = sum(got == meant for got, meant in pairs)
        wrong = sum(got not in (meant, -1) for got, meant in pairs)
        ratio = elapsed / best
        click.echo(
            f"| {peer} | {elapsed / 1e6:.2f} | {ratio:.1f} | {right} | {wrong} |"
        )


if __name__ == "__main__":
    main()
