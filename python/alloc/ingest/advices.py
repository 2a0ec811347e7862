"""Remittance tables to advices: grouped, filled down, and their totals checked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.amounts import amount_text
from alloc.app.ports import Notice
from alloc.errors import InputError

if TYPE_CHECKING:
    from alloc.ingest.tabular import TableFile

__all__ = ["advice_lines"]

_HEADER = (
    "entity",
    "customer_id",
    "payer_name",
    "payer_iban",
    "payment_reference",
    "payment_date",
    "currency",
    "total_minor",
)
"""Columns that say something of the whole advice."""


@dataclass(slots=True)
class _Advice:
    """One advice while its lines are read; `lines` are row numbers."""

    key: str
    header: dict[str, Any] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)


def advice_lines(file: TableFile, *, name: str) -> tuple[pa.Table, tuple[Notice, ...]]:
    """Group the lines of a remittance table into advices.

    Lines with the same ``advice`` belong together; where there is no such column, with
    the same ``payment_reference``; else with the same payer, date and total. A blank in
    such a column means: as above. What is said of the whole advice may stand on any of
    its lines, but must not differ.

    Parameters
    ----------
    file
        A table of kind ``remittances``.
    name
        File name for messages.

    Returns
    -------
    (pyarrow.Table, tuple of Notice)
        Lines as `alloc.app.ports.Ledger.import_advices` takes them, and one notice
        (``ADVICE_TOTAL_DIFFERS``) for every advice whose lines do not make its total.

    Raises
    ------
    alloc.errors.InputError
        Lines of one advice contradict each other (``ADVICE_MIXED``).
    """
    table = file.table
    advices = _grouped(file, name)
    number_of = {
        row: (advice.key, line_no)
        for advice in advices
        for line_no, row in enumerate(advice.lines, start=1)
    }
    order = [row for advice in advices for row in advice.lines]
    columns = {
        "advice": pa.array([number_of[row][0] for row in order], pa.string()),
        "line_no": pa.array([number_of[row][1] for row in order], pa.int64()),
    }
    for column in ("reference", "amount_minor", "deduction_minor", "reason"):
        if column in table.schema.names:
            columns[column] = table[column].take(pa.array(order, pa.int64()))
    for column in _HEADER:
        if column in table.schema.names:
            said = [
                advice.header.get(column) for advice in advices for _ in advice.lines
            ]
            columns[column] = pa.array(said, table.schema.field(column).type)
    return pa.table(columns), _checked_totals(file, advices, name)


def _key_columns(table: pa.Table) -> list[str]:
    """Return the columns that tell advices apart: those that hold anything."""
    said = [
        name for name in table.schema.names if table[name].null_count < table.num_rows
    ]
    for column in ("advice", "payment_reference"):
        if column in said:
            return [column]
    return [column for column in _HEADER if column in said and column != "currency"]


def _grouped(file: TableFile, name: str) -> list[_Advice]:
    table = file.table
    filled = [
        pc.fill_null_forward(table[column].combine_chunks()).to_pylist()
        for column in _key_columns(table)
    ]
    keys = list(zip(*filled, strict=True)) if filled else [()] * table.num_rows
    header = table.select([name for name in _HEADER if name in table.schema.names])
    advices: dict[tuple[object, ...], _Advice] = {}
    for row, (key, said) in enumerate(zip(keys, header.to_pylist(), strict=True)):
        advice = advices.setdefault(key, _Advice(str(len(advices) + 1)))
        for column, value in said.items():
            known = advice.header.setdefault(column, value)
            if known is None:
                advice.header[column] = value
            elif value is not None and value != known:
                raise _mixed(file, name, column, (known, value), (advice.lines, row))
        advice.lines.append(row)
    return list(advices.values())


def _mixed(
    file: TableFile,
    name: str,
    column: str,
    values: tuple[object, object],
    rows: tuple[list[int], int],
) -> InputError:
    first, line = file.problems.lines([rows[0][0], rows[1]])
    return InputError(
        f"{name}:{line}: {column}: {values[1]} contradicts {values[0]} of the same "
        f"advice, which begins in line {first}",
        reason="ADVICE_MIXED",
        file=name,
        line=line,
        field=column,
    )


def _checked_totals(
    file: TableFile, advices: list[_Advice], name: str
) -> tuple[Notice, ...]:
    table = file.table
    if not {"total_minor", "amount_minor"} <= set(table.schema.names):
        return ()
    amounts = table["amount_minor"].to_pylist()
    deductions = [None] * table.num_rows
    if "deduction_minor" in table.schema.names:
        deductions = table["deduction_minor"].to_pylist()
    notices = []
    for advice in advices:
        total, paid = (
            advice.header.get("total_minor"),
            [amounts[row] for row in advice.lines],
        )
        if total is None or None in paid:
            continue
        deducted = sum(deductions[row] or 0 for row in advice.lines)
        if total in (sum(paid), sum(paid) - deducted):
            continue
        line = file.problems.lines(advice.lines[:1])[0]
        currency = str(advice.header.get("currency") or "")
        notices.append(
            Notice(
                "ADVICE_TOTAL_DIFFERS",
                f"{name}:{line}: the lines of the advice make "
                f"{amount_text(sum(paid), currency)}, it says "
                f"{amount_text(total, currency)}",
                str(advice.header.get("payment_reference") or advice.key),
                line,
            )
        )
    return tuple(notices)
