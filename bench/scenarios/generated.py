"""Write a year of a trade in the layout that the judge and `bench/ledgers.py` read.

    python bench/scenarios/generated.py wholesale OUT --text partial --deductions few

Equal arguments give equal tables. `hidden/` is for whoever scores.
"""

from __future__ import annotations

import datetime as dt
import json
from bisect import bisect_left, bisect_right
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pyarrow as pa
import pyarrow.parquet as pq
from ledger import DEDUCTIONS, NEVER, Draws, Item, Payment, bill, pay
from messages import TEXTS, Pen, advice
from trades import TRADES, Trade

from alloc.demo import words
from alloc.demo.customers import payer_iban

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

FIRST = dt.date(2025, 1, 6)  # a Monday
ENTITIES = 2
CURRENCY = "EUR"
#: Payments before the engine is asked about any, where payers are to be recognised.
HISTORY_PERCENT = 30
PAYERS = ("known", "unknown")
_ACCOUNT_NEW_PERCENT = 2
TEXT_LIST = pa.list_(pa.string())


class Scenario:
    """A year of a trade with what its payers write.

    Parameters
    ----------
    trade
        Who owes what.
    text, deductions, payer
        One of `TEXTS`, of `DEDUCTIONS` and of `PAYERS`.
    seed
        Equal seeds give equal items and days at every level.
    """

    def __init__(
        self, trade: Trade, *, text: str, deductions: str, payer: str, seed: int
    ) -> None:
        self._trade, self._seed = trade, seed
        self._levels = {"text": text, "payer": payer, "deductions": deductions}
        self._items = bill(trade, seed)
        self._payments = pay(trade, self._items, deductions, seed)
        self._numbers = _numbers(trade, self._items, seed)
        who = [Draws(seed, trade.name, "who", row) for row in range(trade.customers)]
        self._names = [_name(draws) for draws in who]
        self._ibans = [payer_iban(d.below(2**30), d.below(2**40)) for d in who]
        self._parents = [
            draws.below(1 + row // 8) if draws.hits(trade.group_percent) else row
            for row, draws in enumerate(who)
        ]
        self._pens = [Pen(draws) for draws in who]

    def write(self, folder: Path) -> None:
        """Write the tables into a folder."""
        (folder / "hidden").mkdir(parents=True, exist_ok=True)
        until = self._payments[len(self._payments) * HISTORY_PERCENT // 100].day
        for name, table in self._tables(until):
            pq.write_table(table, folder / f"{name}.parquet", compression="zstd")
        said = {
            "dataset": self._trade.name,
            "pool": "generated",
            **self._levels,
            "seed": self._seed,
            "profile": "ours",
            "history_until": str(_date(until)),
            "payments": len(self._payments),
            "items": len(self._items),
        }
        text = json.dumps(said, indent=1) + "\n"
        (folder / "scenario.json").write_text(text, encoding="utf-8")

    def _tables(self, until: int) -> Iterator[tuple[str, pa.Table]]:
        ids = [f"P{row:06d}" for row in range(len(self._payments))]
        messages = [self._message(row) for row in range(len(self._payments))]
        customer = [_customer(payment.customer) for payment in self._payments]
        is_known = self._levels["payer"] == "known"
        yield "open_items", self._open_items()
        yield (
            "payments",
            pa.table(
                {
                    "payment_id": ids,
                    "entity": [_entity(payment.customer) for payment in self._payments],
                    "value_date": [_date(payment.day) for payment in self._payments],
                    "currency": [CURRENCY] * len(ids),
                    "amount_minor": _minor(
                        payment.amount for payment in self._payments
                    ),
                    "payer_name": [name for name, _, _ in messages],
                    "payer_iban": [iban for _, iban, _ in messages],
                    "customer_id": pa.array(
                        customer if is_known else [None] * len(ids), pa.string()
                    ),
                    "remittance_text": pa.array(
                        [text for *_, text in messages], TEXT_LIST
                    ),
                }
            ),
        )
        yield "remittances", self._remittances(ids)
        seen: dict[int, dict[str, None]] = defaultdict(dict)
        for payment, (_, iban, _) in zip(self._payments, messages, strict=True):
            if payment.day <= until:
                seen[payment.customer][iban] = None
        everybody = range(self._trade.customers)
        yield (
            "customers",
            pa.table(
                {
                    "customer_id": [_customer(row) for row in everybody],
                    "name": self._names,
                    "known_ibans": pa.array(
                        [list(seen[r]) for r in everybody], TEXT_LIST
                    ),
                }
            ),
        )
        yield from self._hidden(ids, customer)

    def _open_items(self) -> pa.Table:
        rows = self._items
        return pa.table(
            {
                "item_id": [_item(row) for row in range(len(rows))],
                "entity": [_entity(item.customer) for item in rows],
                "customer_id": [_customer(item.customer) for item in rows],
                "customer_name": [self._names[item.customer] for item in rows],
                "reference": self._numbers,
                "currency": [CURRENCY] * len(rows),
                "amount_minor": _minor(item.amount for item in rows),
                "issue_date": [_date(item.issue) for item in rows],
                "due_date": [_date(item.due) for item in rows],
            }
        )

    def _message(self, row: int) -> tuple[str, str, list[str]]:
        """Return the payer's name and account, and what it writes."""
        payment, draws = self._payments[row], Draws(self._seed, "message", row)
        level = self._levels["text"]
        pen, payer = self._pens[payment.customer], self._parents[payment.customer]
        numbers = [self._numbers[item] for item, _ in payment.lines]
        text = pen.write(numbers, "none" if level == "advice" else level, draws)
        iban = self._ibans[payer]
        if draws.hits(_ACCOUNT_NEW_PERCENT):
            iban = payer_iban(draws.below(2**30), draws.below(2**40))
        return words.ascii_upper(self._names[payer]), iban, text

    def _remittances(self, ids: Sequence[str]) -> pa.Table:
        found: list[tuple[str, int, str, int]] = []
        for row, payment in enumerate(self._payments):
            if self._levels["text"] == "advice":
                told = [(self._numbers[item], minor) for item, minor in payment.lines]
                lines = advice(told, Draws(self._seed, "advice", row))
                found += [(ids[row], at, *line) for at, line in enumerate(lines, 1)]
        columns = list(zip(*found, strict=True)) or [(), (), (), ()]
        return pa.table(
            {
                "payment_id": pa.array(columns[0], pa.string()),
                "line_no": pa.array(columns[1], pa.int32()),
                "reference": pa.array(columns[2], pa.string()),
                "amount_minor": pa.array(columns[3], pa.int64()),
            }
        )

    def _hidden(
        self, ids: Sequence[str], customer: Sequence[str]
    ) -> Iterator[tuple[str, pa.Table]]:
        lines = [
            (ids[row], item, minor)
            for row, payment in enumerate(self._payments)
            for item, minor in payment.lines
        ]
        yield (
            "hidden/truth",
            pa.table(
                {
                    "payment_id": [payment_id for payment_id, _, _ in lines],
                    "item_id": [_item(item) for _, item, _ in lines],
                    "allocated_minor": _minor(minor for _, _, minor in lines),
                }
            ),
        )
        cleared = [NEVER] * len(self._items)
        for payment in self._payments:
            for item, _ in payment.lines:
                cleared[item] = payment.day
        yield (
            "hidden/windows",
            pa.table(
                {
                    "item_id": [_item(row) for row in range(len(self._items))],
                    "open_from": [_date(item.issue) for item in self._items],
                    "cleared_on": [_date(day) for day in cleared],
                }
            ),
        )
        yield (
            "hidden/payments",
            pa.table(
                {
                    "payment_id": ids,
                    "customer_id": customer,
                    "k": _minor(len(payment.lines) for payment in self._payments),
                    "pool_n": _minor(
                        _open_beside(self._items, cleared, self._payments)
                    ),
                    "deduction_kind": [payment.kind for payment in self._payments],
                    "deduction_minor": _minor(p.deduction for p in self._payments),
                    "account_kind": ["own"] * len(ids),
                }
            ),
        )


def _numbers(trade: Trade, items: Sequence[Item], seed: int) -> list[str]:
    """Give numbers in the order of issue; one now and then is left out."""
    draws, n, numbers = Draws(seed, trade.name, "numbers"), 10_000, []
    for item in items:
        n += 1 + draws.below(2)
        month = _date(item.issue).month
        numbers.append(trade.number.format(n=n, contract=item.contract, month=month))
    return numbers


def _name(draws: Draws) -> str:
    return words.company(words.TRADES, [draws.below(2**30) for _ in range(4)])


def _open_beside(
    items: Sequence[Item], cleared: Sequence[int], payments: Sequence[Payment]
) -> Iterator[int]:
    """Count what is open of the customer on the day of each payment."""
    opened: dict[int, list[int]] = defaultdict(list)
    closed: dict[int, list[int]] = defaultdict(list)
    for item, day in zip(items, cleared, strict=True):
        opened[item.customer].append(item.issue)
        closed[item.customer].append(day)
    for days in (*opened.values(), *closed.values()):
        days.sort()
    for payment in payments:
        came = bisect_right(opened[payment.customer], payment.day)
        yield came - bisect_left(closed[payment.customer], payment.day)


def _minor(values: object) -> pa.Array:
    return pa.array(values, pa.int64())


def _date(day: int) -> dt.date:
    return FIRST + dt.timedelta(days=day)


def _customer(row: int) -> str:
    return f"C{row:05d}"


def _entity(customer: int) -> str:
    return f"E{customer % ENTITIES + 1}"


def _item(row: int) -> str:
    return f"I{row:07d}"


@click.command()
@click.argument("trade", type=click.Choice(list(TRADES)))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--text", type=click.Choice(TEXTS), default="full")
@click.option("--deductions", type=click.Choice(list(DEDUCTIONS)), default="none")
@click.option("--payer", type=click.Choice(PAYERS), default="known")
@click.option("--seed", type=click.IntRange(0), default=1)
def main(
    *, trade: str, out: Path, text: str, deductions: str, payer: str, seed: int
) -> None:
    """Write a year of TRADE into the folder OUT."""
    levels = {"text": text, "deductions": deductions, "payer": payer}
    Scenario(TRADES[trade], **levels, seed=seed).write(out)


if __name__ == "__main__":
    main()
