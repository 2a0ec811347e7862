"""Rates on generated ledgers, and on any ledger in the judge's layout.

    python bench/ledgers.py                          # five trades, ten levels each
    python bench/ledgers.py --trade leasing --seed 3
    python bench/ledgers.py --trade wholesale --customers 24   # less, for less time
    python bench/ledgers.py FOLDER ...               # ledgers that lie there
    python bench/ledgers.py --engine package.module:function --python INTERPRETER

Each ledger is replayed as it happened, whatever the engine answers: a call is a day
of an entity. An engine is a function as in `bench/judge_engine.py`; another one runs
in the interpreter that has it. The figures go to `bench/record/ledgers.md` and `.csv`.
"""

from __future__ import annotations

import csv
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import replace
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from alloc.app.open_book import item_keys
from alloc.app.replay import Stratum, Verdict
from alloc.app.replay.judging import Classes, judge, stratum_of
from processes import ROOT, commit, compiler, machine, run

sys.path.append(str(ROOT / "bench" / "scenarios"))
from generated import Scenario
from messages import TEXTS
from trades import TRADES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from trades import Trade

    Engine = Callable[..., tuple[pa.Table, pa.Table]]

RECORD = ROOT / "bench" / "record"
ENGINE = "bench.judge_engine:propose"
HARD = (Stratum.OF_FEW, Stratum.OF_MANY)


class Level(NamedTuple):
    """How much is said, and kept back, and known of the payers."""

    text: str
    deductions: str = "none"
    payer: str = "known"


LEVELS = (
    *(Level(text) for text in TEXTS),
    *(Level(text, kept) for kept in ("few", "mixed") for text in ("full", "none")),
    Level("full", payer="unknown"),
)


class Ledger:
    """A ledger in the judge's layout, and the truth about it."""

    def __init__(self, folder: Path) -> None:
        def read(name: str) -> pa.Table:
            return pq.read_table(folder / f"{name}.parquet").combine_chunks()

        self.items, self.customers = read("open_items"), read("customers")
        self._advices, payments = read("remittances"), read("payments")
        self._said = json.loads((folder / "scenario.json").read_text(encoding="utf-8"))
        by_day = [(name, "ascending") for name in ("value_date", "entity")]
        self.payments = payments.sort_by([*by_day, ("payment_id", "ascending")])
        windows = read("hidden/windows")
        self._open_from, self._cleared = (
            windows[name].cast(pa.int32()).to_numpy()
            for name in ("open_from", "cleared_on")
        )
        self._owner = np.asarray(self.items["customer_id"].to_pylist(), dtype=object)
        entity = np.asarray(self.items["entity"].to_pylist(), dtype=object)
        self._rows = {name: np.flatnonzero(entity == name) for name in set(entity)}
        self.truth = settled(read("hidden/truth"), self.items)
        self.past = self._past(read("hidden/truth"))

    @property
    def is_payer_known(self) -> bool:
        """Whether the payments name their customers."""
        return self._said["payer"] == "known"

    @property
    def counted_from(self) -> str:
        """The day after which payments are counted; those before are learned from."""
        return "" if self.is_payer_known else self._said["history_until"]

    def _past(self, lines: pa.Table) -> pa.Table:
        """Return what was settled, in the order of days, as engines are told it."""
        at = pc.index_in(lines["payment_id"], value_set=self.payments["payment_id"])
        order = pc.sort_indices(at)
        lines, at = lines.take(order), at.take(order)
        paid = self.payments.take(at)
        of = self.items.take(
            pc.index_in(lines["item_id"], value_set=self.items["item_id"])
        )
        said = ("payment_id", "value_date", "entity", "payer_name", "payer_iban")
        return pa.table(
            {
                **{name: paid[name] for name in said},
                "customer_id": of["customer_id"],
                "item_id": lines["item_id"],
                "reference": of["reference"],
                "amount_minor": of["amount_minor"],
                "allocated_minor": lines["allocated_minor"],
            }
        )

    def days(self) -> Iterator[tuple[pa.Table, pa.Table, pa.Table, pa.Table]]:
        """Give what is open, the payments, their advices and the past, by day."""
        days = self.payments["value_date"].cast(pa.int32()).to_pylist()
        keys = list(zip(days, self.payments["entity"].to_pylist(), strict=True))
        past_days = self.past["value_date"].cast(pa.int32()).to_numpy()
        at = 0
        for (day, entity), group in groupby(keys):
            payments = self.payments.slice(at, sum(1 for _ in group))
            at += payments.num_rows
            rows = self._rows.get(entity, np.zeros(0, np.int64))
            is_open = (self._open_from[rows] <= day) & (self._cleared[rows] >= day)
            rows = rows[is_open]
            if self.is_payer_known:
                asked = set(payments["customer_id"].to_pylist())
                rows = rows[[owner in asked for owner in self._owner[rows]]]
            mine = pc.is_in(self._advices["payment_id"], payments["payment_id"])
            past = self.past.slice(0, int(np.searchsorted(past_days, day)))
            yield (
                self.items.take(pa.array(rows, pa.int64())),
                *(payments, self._advices.filter(mine), past),
            )


class Tally:
    """What an engine's answers are worth."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        names = [
            {"amount_minor": "open_minor"}.get(name, name)
            for name in ledger.items.column_names
        ]
        self._classes = Classes(ledger.items.rename_columns(names))
        self.counts: Counter[str] = Counter()

    def add(
        self, payments: pa.Table, items: pa.Table, answer: tuple[pa.Table, pa.Table]
    ) -> None:
        """Judge the answers of one call."""
        decisions, lines = answer
        ids = decisions["payment_id"].to_pylist()
        status = dict(zip(ids, decisions["status"].to_pylist(), strict=True))
        told, taken = settled(lines, items), set[str]()
        owners = items["customer_id"].to_pylist()
        opened = Counter(owners)
        owner = dict(zip(item_keys(items).to_pylist(), owners, strict=True))
        for payment_id in payments["payment_id"].to_pylist():
            truth, said = self._ledger.truth[payment_id], told[payment_id]
            is_automatic = status.get(payment_id) == "auto"
            found = judge(
                self._classes, automatic=is_automatic, told=said, truth=truth
            ).verdict
            if is_automatic:
                # An item that two payments of a day are to clear is wrong once.
                found = Verdict.WRONG if taken & said.keys() else found
                taken |= said.keys()
            customers = {owner[key] for key in truth}
            stratum = stratum_of(len(truth), sum(opened[name] for name in customers))
            self.counts["payments"] += 1
            self.counts[found.value] += 1
            if stratum in HARD:
                self.counts["hard"] += 1
                self.counts["hard_right"] += found is Verdict.RIGHT


def settled(lines: pa.Table, items: pa.Table) -> dict[str, Counter[str]]:
    """Return what payments settle on each item; an item that is not there has no key.

    Parameters
    ----------
    lines
        Columns payment_id, item_id and allocated_minor.
    items
        Those that may be settled.
    """
    at = pc.index_in(lines["item_id"], value_set=items["item_id"])
    keys = item_keys(items.take(at)).to_pylist()
    found: dict[str, Counter[str]] = defaultdict(Counter)
    columns = (lines[name].to_pylist() for name in ("payment_id", "allocated_minor"))
    for payment_id, minor, key in zip(*columns, keys, strict=True):
        found[payment_id][key] += minor
    return found


def drive(folder: Path, engine: str) -> dict[str, int]:
    """Replay one ledger through an engine, in this process.

    Returns
    -------
    dict
        Counts of payments by verdict; ``engine_us`` in the engine; ``peak_kb``.
    """
    module, _, name = engine.partition(":")
    propose: Engine = getattr(import_module(module), name)
    ledger = Ledger(folder)
    tally, spent_ns = Tally(ledger), 0
    for items, payments, advices, past in ledger.days():
        handed = (items, payments, advices, ledger.customers)
        start = time.perf_counter_ns()
        answer = propose(*handed, *([] if ledger.is_payer_known else [past]))
        spent_ns += time.perf_counter_ns() - start
        if str(payments["value_date"][0]) > ledger.counted_from:
            tally.add(payments, items, answer)
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {**tally.counts, "engine_us": spent_ns // 1000, "peak_kb": peak_kb}


FIGURES = ("payments", *(verdict.value for verdict in Verdict))
FIGURES += ("hard", "hard_right", "engine_us", "peak_kb")
HEAD = ("ledger", "text", "deductions", "payer", "seed", "engine", *FIGURES)
HEAD += ("machine", "compiler", "commit")


def measure(folder: Path, engine: str, python: str) -> dict[str, Any]:
    """Replay one ledger in a process of its own; return its row of the record."""
    words = (__file__, "--engine", engine, "--drive", str(folder))
    found = json.loads(run(python, *words).stdout)
    said = json.loads((folder / "scenario.json").read_text(encoding="utf-8"))
    row = {name: said.get(name, "") for name in HEAD} | {"ledger": said["dataset"]}
    row |= {"engine": engine} | {name: found.get(name, 0) for name in FIGURES}
    row |= {"machine": machine(), "compiler": compiler(), "commit": commit()}
    click.echo(" | ".join(cells([row])))
    return row


def cells(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Lay out the rows of one level, seeds together."""
    total = {name: sum(row[name] for row in rows) for name in FIGURES}
    automatic = total["right"] + total["wrong"]
    first = [str(rows[0][name]) for name in ("ledger", "text", "deductions", "payer")]
    return [
        *(*first, str(len(rows)), str(total["payments"])),
        share(total["right"], total["payments"]),
        share(total["hard_right"], total["hard"]),
        share(total["proposed"], total["payments"]),
        str(total["wrong"]),
        f"{1_000_000 * total['wrong'] / automatic:.0f}" if automatic else "-",
        f"{1_000_000 * total['payments'] / total['engine_us']:.0f}",
        str(max(row["peak_kb"] for row in rows) // 1024),
    ]


def share(part: int, whole: int) -> str:
    """Return per cent."""
    return f"{100 * part / whole:.1f}" if whole else "-"


def report(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of the record."""
    yield "# Rates on generated ledgers"
    yield ""
    commits = ", ".join(dict.fromkeys(row["commit"] for row in rows))
    yield f"Written by `python bench/ledgers.py`; engine `{rows[0]['engine']}`,"
    yield f"{machine()}, {compiler()}, commit {commits}. Texts and habits are"
    yield "invented: the rates say what the engine makes of them, not of the field."
    yield "`hard`: two or more items that leave others open. Policy as in `judge.md`."
    yield ""
    heads = ("ledger", "text", "deductions", "payer", "seeds", "payments")
    heads += ("automatic and right, %", "hard, %", "first proposal right, %", "wrong")
    heads += ("wrong, ppm of the automatic", "payments/s", "memory, MB")
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    levels: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        levels[tuple(row[name] for name in HEAD[:4])].append(row)
    for mine in levels.values():
        yield f"| {' | '.join(cells(mine))} |"


def write(rows: Sequence[dict[str, Any]], out: Path) -> None:
    """Write the record, and every figure behind it beside it."""
    out.write_text("\n".join(report(rows)) + "\n", encoding="utf-8")
    with out.with_suffix(".csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, HEAD, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def generated(trades: Iterable[Trade], seeds: Sequence[int]) -> Iterator[Path]:
    """Write the ledgers of the trades one after the other; each is removed again."""
    for trade in trades:
        for level in LEVELS:
            for seed in seeds:
                folder = Path(tempfile.mkdtemp(prefix="alloc-ledger-"))
                Scenario(trade, **level._asdict(), seed=seed).write(folder)
                yield folder
                shutil.rmtree(folder)


def sized(trade: Trade, customers: int | None) -> Trade:
    """Return a trade with fewer customers, and a name that says so."""
    if customers is None:
        return trade
    return replace(trade, name=f"{trade.name} of {customers}", customers=customers)


@click.command()
@click.argument("folders", type=click.Path(exists=True, path_type=Path), nargs=-1)
@click.option("--trade", "trades", multiple=True, default=tuple(TRADES))
@click.option("--seed", "seeds", type=int, multiple=True, default=(11, 12))
@click.option("--customers", type=click.IntRange(min=1), help="Without: the trade's.")
@click.option("--engine", default=ENGINE, show_default=True)
@click.option("--python", default=sys.executable, help="Interpreter of the engine.")
@click.option("--out", type=click.Path(path_type=Path), default=RECORD / "ledgers.md")
@click.option("--drive", "driven", type=click.Path(path_type=Path), hidden=True)
def main(
    *,
    folders: tuple[Path, ...],
    trades: tuple[str, ...],
    seeds: tuple[int, ...],
    customers: int | None,
    engine: str,
    python: str,
    out: Path,
    driven: Path | None,
) -> None:
    """Replay ledgers through an engine and record what its answers are worth."""
    if driven is not None:
        # A peer's modules may be called as ours are.
        ours = (str(ROOT / "bench"), str(ROOT / "bench" / "scenarios"))
        sys.path[:] = [str(ROOT), *(path for path in sys.path if path not in ours)]
        click.echo(json.dumps(drive(driven, engine)))
        return
    os.environ["RAYON_NUM_THREADS"] = "1"
    rows = []
    chosen = (sized(TRADES[name], customers) for name in trades)
    for folder in folders or generated(chosen, seeds):
        rows.append(measure(folder, engine, python))
        write(rows, out)


if __name__ == "__main__":
    main()
