"""How much of the demo group clears by itself, step by step: `record/dealer.md`.

    python bench/dealer.py                      # seeds 11 to 15, twenty minutes
    python bench/dealer.py --seed 1 --seed 2    # those that may be looked at

Two months are replayed as they happened, once for each step: as installed, with more
permitted, with the rules of `dealer_rules/`, with what the first month teaches. The
rates are those of the second month. Texts and habits are of our own invention;
beside them stand other people's ledgers, from `record/judge.csv`.
"""

from __future__ import annotations

import csv
import datetime as dt
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from alloc.app.replay import Stratum, Verdict, replay
from alloc.app.replay.tally import Rate, total
from alloc.demo import SIZES, generate, read_truth
from alloc.rules import load_rules
from alloc.settings import load_settings
from alloc.store import open_ledger
from processes import ROOT, alloc, commit, compiler, machine
from replay import past_of_demo

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from alloc.settings import Settings

RECORD = ROOT / "bench" / "record"
RULES = ROOT / "bench" / "dealer_rules"
SIZE = replace(
    SIZES["month"], name="two months", last=dt.date(2026, 2, 27), payments=36_000
)
#: Before it everything is learned from, and nothing counted.
COUNTED_FROM = dt.date(2026, 2, 1)
TODAY = dt.date(2026, 3, 31)
UNSEEN = (11, 12, 13, 14, 15)
#: Differences that need no agreement with anybody.
UNAGREED = ("rounding", "bank_fee", "short_payment", "overpayment")


@dataclass(frozen=True)
class Step:
    """What is permitted and known."""

    name: str
    amount_only: bool = True
    deductions: tuple[str, ...] = UNAGREED
    ruled: bool = False
    learned: bool = False

    def settings(self, settings: Settings) -> Settings:
        """Let the policy permit it."""
        policy = structs.replace(
            settings.policy, amount_only=self.amount_only, deductions=self.deductions
        )
        return structs.replace(settings, policy=policy)


STEPS = (
    Step("as installed", amount_only=False, deductions=()),
    Step("unique amounts decide", deductions=()),
    Step("and part payments, overpayments, bank fees, rounding"),
    Step("and four rules of the group", ruled=True),
    Step("and a month is learned", ruled=True, learned=True),
)
FIGURES = ("payments", *(verdict.value for verdict in Verdict))
LINES = ("lines", "lines_cleared", "lines_wrong")


def outcomes_of(folder: Path) -> Iterator[tuple[Step, pa.Table]]:
    """Replay a written group once for each step."""
    alloc(folder, "init", str(folder), "--quiet")
    alloc(folder, "import", *sorted(map(str, (folder / "inbox").iterdir())))
    past = past_of_demo(folder)
    text = (folder / "alloc.toml").read_text(encoding="utf-8")
    settings = load_settings(text, name="alloc.toml")
    rules = load_rules(RULES, locale=settings.locale)
    with open_ledger(str(folder / "ledger.db"), write=False) as ledger:
        customers = ledger.customers()
        advices = ledger.remittances(past.payments["payment_id"].to_pylist())
    for step in STEPS:
        found = replay(
            *(past, step.settings(settings), customers, advices),
            rules=rules if step.ruled else (),
            learn=step.learned,
            today=TODAY,
        )
        counted = pc.greater_equal(found.outcomes["value_date"], COUNTED_FROM)
        yield step, found.outcomes.filter(counted)


def with_items(outcomes: pa.Table) -> pa.Table:
    """Leave out the payments for which nothing was open: there is nothing to clear."""
    return outcomes.filter(pc.not_equal(outcomes["stratum"], Stratum.NOTHING.value))


def figures(rate: Rate) -> dict[str, int]:
    """Return the counts of some payments."""
    counts = {verdict.value: rate.payments[verdict] for verdict in Verdict}
    lines = {name: getattr(rate, name) for name in LINES}
    return {"payments": rate.count, **counts, **lines}


def measure(seed: int) -> tuple[list[dict[str, Any]], Counter[tuple[str, str]]]:
    """Return the figures of one seed by step, and what the last step leaves, why."""
    left: Counter[tuple[str, str]] = Counter()
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "demo"
        generate(folder, SIZE, seed=seed)
        truth = read_truth(folder / "truth").payments
        names = (truth[column].to_pylist() for column in ("payment_id", "behaviour"))
        behaviour = dict(zip(*names, strict=True))
        for step, outcomes in outcomes_of(folder):
            for which, table in (("all", outcomes), ("items", with_items(outcomes))):
                head = {"seed": seed, "step": step.name, "of": which}
                rows.append(head | figures(total(table)))
            click.echo(f"seed {seed}, {step.name}: {shown(rows[-2:])}")
        for row in outcomes.to_pylist():
            if row["verdict"] in (Verdict.PROPOSED, Verdict.LEFT):
                left[behaviour[row["payment_id"]], row["reason"]] += 1
    return rows, left


def shown(rows: Sequence[dict[str, Any]]) -> str:
    """Lay out the figures of a step: rows of all payments, then of those with items."""

    def summed(of: str) -> Counter[str]:
        names = (*FIGURES, *LINES)
        mine = [row for row in rows if row["of"] == of]
        return Counter({name: sum(row[name] for row in mine) for name in names})

    every, itemed = summed("all"), summed("items")
    told = every["lines_cleared"] + every["lines_wrong"]
    cells = [
        f"{100 * every['right'] / every['payments']:.1f}",
        f"{100 * itemed['right'] / itemed['payments']:.1f}",
        f"{100 * every['proposed'] / every['payments']:.1f}",
        every["wrong"],
        f"{1_000_000 * every['lines_wrong'] / told:.0f} of {told}",
    ]
    return " | ".join(map(str, cells))


def report(rows: list[dict[str, Any]], left: Counter[tuple[str, str]]) -> Iterator[str]:
    """Yield the lines of the record."""
    seeds = sorted({row["seed"] for row in rows})
    yield "# How much of the demo group clears by itself"
    yield ""
    yield "Written by `python bench/dealer.py`, which says how. Each step has what the"
    yield f"ones before have. Seeds {', '.join(map(str, seeds))}; {machine()},"
    yield f"{compiler()}, commit {commit()}."
    yield ""
    yield "`with items`: of the payments for which something was open; a deposit, a"
    yield "payment made twice and a stranger's money settle nothing."
    yield ""
    heads = ("", "automatic and right, %", "with items, %", "first proposal right, %")
    heads += ("wrong", "wrong lines, ppm of the lines cleared")
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for step in STEPS:
        mine = [row for row in rows if row["step"] == step.name]
        yield f"| {step.name} | {shown(mine)} |"
    yield ""
    yield "## What the last step leaves to people"
    yield ""
    yield "| how the customer pays | reason | payments, % |"
    yield "| --- | --- | --- |"
    last = [row for row in rows if row["step"] == STEPS[-1].name and row["of"] == "all"]
    payments = sum(row["payments"] for row in last)
    for (behaviour, reason), count in left.most_common(24):
        yield f"| {behaviour} | {reason} | {100 * count / payments:.2f} |"
    yield ""
    yield "## Other people's ledgers"
    yield ""
    yield "From `judge.md`, which says what they are; commits as there."
    yield ""
    yield from beside()


def beside() -> Iterator[str]:
    """Yield the rates of the judge's ledgers, seeds together."""
    with (RECORD / "judge.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["stratum"] == "total"]
    yield "| ledger | seeds | payments | automatic and right, % | wrong, ppm |"
    yield "| --- | --- | --- | --- | --- |"
    for name in dict.fromkeys(row["scenario"] for row in rows):
        mine = [row for row in rows if row["scenario"] == name]
        weights = [int(row["payments"]) for row in mine]
        payments, seeds = sum(weights), len(mine)
        right = summed(mine, weights, "correct_auto")
        automatic = summed(mine, weights, "auto")
        wrong = sum(int(row["wrong_auto"]) for row in mine)
        ppm = 1_000_000 * wrong / automatic if automatic else 0
        share = 100 * right / payments
        yield f"| {name} | {seeds} | {payments} | {share:.1f} | {ppm:.0f} |"


def summed(rows: Iterable[dict[str, str]], weights: Sequence[int], name: str) -> float:
    """Add up payments from their shares."""
    return sum(
        float(row[name]) * weight for row, weight in zip(rows, weights, strict=True)
    )


def write(rows: list[dict[str, Any]], left: Counter[tuple[str, str]]) -> None:
    """Write the record, and every figure behind it beside it."""
    text = "\n".join(report(rows, left)) + "\n"
    (RECORD / "dealer.md").write_text(text, encoding="utf-8")
    path = RECORD / "dealer.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        where = {"machine": machine(), "compiler": compiler(), "commit": commit()}
        writer = csv.DictWriter(file, [*rows[0], *where], lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | where for row in rows)


@click.command()
@click.option("--seed", "seeds", type=int, multiple=True, default=UNSEEN)
def main(seeds: tuple[int, ...]) -> None:
    """Measure seed by seed; what is measured stays when a later one fails."""
    rows: list[dict[str, Any]] = []
    left: Counter[tuple[str, str]] = Counter()
    for seed in seeds:
        more, reasons = measure(seed)
        rows += more
        left += reasons
        write(rows, left)


if __name__ == "__main__":
    main()
