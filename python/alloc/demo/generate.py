"""Writes the whole demo workspace."""

from __future__ import annotations

import os
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from alloc.demo import camt, cfonb, erp, mt940, workspace
from alloc.demo.behaviours import Carrier
from alloc.demo.book import BankDay, bank_days, notified_details
from alloc.demo.identity import Identity, identities
from alloc.demo.plan import Plan, day_number, make_plan
from alloc.demo.truth import write_truth
from alloc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

    from alloc.demo.book import Detail
    from alloc.demo.group import BankFormat
    from alloc.demo.sizes import Size

#: Modification time of every file: 2026-01-01 00:00 UTC.
DELIVERED_AT = 1_767_225_600

_WRITERS: dict[BankFormat, tuple[Callable[[Sequence[BankDay]], bytes], str]] = {
    "cfonb120": (cfonb.write_statements, "cfonb120.txt"),
    "camt.053.001.02": (camt.write_statements, "camt053.xml"),
    "camt.053.001.08": (camt.write_statements, "camt053.xml"),
    "mt940": (mt940.write_statements, "mt940.sta"),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written."""

    first: date
    last: date
    entities: int
    customers: int
    open_items: int
    payments: int
    entries: int
    files: int
    size_bytes: int


@dataclass(slots=True)
class _Folder:
    """The workspace being written; counts what goes into it."""

    path: Path
    files: int = 0
    size_bytes: int = 0

    def write(self, name: str, content: bytes) -> None:
        path = self.path / name
        path.write_bytes(content)
        # Delivered at the opening of the ledger: the nightly job leaves a file alone
        # that may still be written to.
        os.utime(path, times=(DELIVERED_AT, DELIVERED_AT))
        self.files += 1
        self.size_bytes += len(content)


def generate(folder: Path, size: Size, *, seed: int) -> Summary:
    """Write a workspace: settings, profiles, inbox, and the truth beside it.

    Parameters
    ----------
    folder
        Where; it is made, and must be empty if it exists.
    size
        How much, see `alloc.demo.SIZES`.
    seed
        Equal sizes and seeds give equal bytes.

    Returns
    -------
    Summary
        Counts of what was written.

    Raises
    ------
    alloc.errors.InputError
        The folder is not empty (``FOLDER_NOT_EMPTY``).
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"{folder} is not an empty folder: name another one",
            reason="FOLDER_NOT_EMPTY",
            folder=folder,
        )
    for name in ("inbox", "profiles", "truth"):
        (folder / name).mkdir(parents=True)
    plan = make_plan(size, seed)
    out = _Folder(folder)
    out.write("alloc.toml", workspace.settings(plan).encode())
    for name, text in workspace.profiles(plan).items():
        out.write(f"profiles/{name}", text.encode())
    opening = plan.days[0]
    out.write(f"inbox/{opening}_1_customers.csv", erp.customer_file(plan))
    out.write(f"inbox/{opening}_2_supplier_items.csv", erp.supplier_items(plan))
    open_items = _write_items(plan, out)
    entries, found = _write_statements(plan, out)
    write_truth(plan, found, folder / "truth")
    return Summary(
        first=plan.days[0],
        last=plan.days[-1],
        entities=len(plan.entities),
        customers=len(plan.customers),
        open_items=open_items,
        payments=len(found),
        entries=entries,
        files=out.files,
        size_bytes=out.size_bytes,
    )


def _periods(plan: Plan) -> Iterator[tuple[date, date]]:
    """Give first and last booking day of each file period: a day, or a month."""

    def key(day: date) -> tuple[int, int, int]:
        return day.year, day.month, 0 if plan.size.monthly_files else day.day

    for _, days in groupby(plan.days, key=key):
        period = list(days)
        yield period[0], period[-1]


def _write_items(plan: Plan, out: _Folder) -> int:
    """Write the open items: the first file has the backlog, the others what came."""
    issue = plan.items.issue
    on_carrus = np.array([entity.erp == "carrus" for entity in plan.entities])
    carrus = on_carrus[plan.items.entity]
    written = 0
    start = 0
    for first, last in _periods(plan):
        end = int(np.searchsorted(issue, day_number(last), side="right"))
        rows = np.arange(start, end)
        rows = rows[~plan.items.hidden[start:end]]
        volant_rows = rows[~carrus[rows]].tolist()
        carrus_rows = rows[carrus[rows]].tolist()
        if volant_rows:
            name = f"inbox/{first}_2_open_items_volant.csv"
            out.write(name, erp.volant_items(plan, volant_rows))
        if carrus_rows:
            name = f"inbox/{first}_2_open_items_carrus.xlsx"
            out.write(name, erp.carrus_items(plan, carrus_rows))
        written += len(rows)
        start = end
    return written


def _write_statements(plan: Plan, out: _Folder) -> tuple[int, list[Identity]]:
    """Write statements, notifications and advices; give what the truth needs."""
    found: list[Identity] = []
    entries = 0
    days = bank_days(plan)
    for _, last in _periods(plan):
        statements: list[BankDay] = []
        while not statements or statements[-1].day < last:
            statements += next(days)
        for statement in statements:
            found += identities(statement)
            entries += len(statement.entries)
        _write_banks(plan, statements, last, out)
        _write_advices(plan, statements, out)
    return entries, found


def _write_banks(
    plan: Plan, statements: list[BankDay], day: date, out: _Folder
) -> None:
    """Write one file per bank, with all accounts, and one of what it notifies."""

    def key(statement: BankDay) -> str:
        return statement.account.bank.slug

    ordered = sorted(
        statements, key=lambda s: (s.account.bank.slug, s.day, s.account.index)
    )
    for slug, group in groupby(ordered, key=key):
        of_bank = list(group)
        write, extension = _WRITERS[of_bank[0].account.bank.format]
        out.write(f"inbox/{day}_3_statement_{slug}.{extension}", write(of_bank))
        told = [
            (statement, entry, notified_details(plan, entry))
            for statement in of_bank
            for entry in statement.entries
            if entry.notified
        ]
        if told:
            name = f"inbox/{day}_4_notification_{slug}.camt054.xml"
            out.write(name, camt.write_notifications(told))


def _write_advices(plan: Plan, statements: list[BankDay], out: _Folder) -> None:
    """Write one advice per file; in monthly files all advices of the month together."""
    advised = [
        (statement.day, detail)
        for statement in statements
        for entry in statement.entries
        for detail in entry.details
        if _has_advice(plan, detail)
    ]
    if plan.size.monthly_files:
        groups = [(f"{statements[-1].day}_5_advices", [d for _, d in advised])]
    else:
        groups = [
            (f"{day}_5_advice_{detail.message.end_to_end_id}", [detail])
            for day, detail in advised
        ]
    for name, details in groups:
        if details:
            payments = [detail.payment for detail in details]
            messages = [detail.message for detail in details]
            out.write(f"inbox/{name}.csv", erp.advice_file(plan, payments, messages))


def _has_advice(plan: Plan, detail: Detail) -> bool:
    return (
        detail.payment >= 0 and plan.payments.carrier[detail.payment] == Carrier.ADVICE
    )
