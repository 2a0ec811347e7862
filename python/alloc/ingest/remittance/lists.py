"""Lists of paid documents in CSV files and spreadsheets, without a mapping profile.

The header may stand anywhere, lines of totals end a list, and every visible sheet is
looked at. What a column means is told by its heading alone; a heading of open items or
of a bank statement says that the table is no advice.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alloc.engine import currency_exponent
from alloc.errors import InputError
from alloc.ingest.forms import cell_amount, cell_text
from alloc.ingest.profile import SEPARATORS, Form
from alloc.ingest.remittance.model import (
    Advice,
    AdviceFile,
    AdviceLine,
    checked,
    wrong,
)
from alloc.ingest.remittance.prose import (
    decimal_mark,
    decode_text,
    find_amounts,
    find_date,
    folded,
    label_of,
    written_minor,
)
from alloc.ingest.remittance.words import (
    CREDIT_WORDS,
    PAYMENT_WORDS,
    SURE_AMOUNTS,
    column_of,
    is_total,
    label_target,
)
from alloc.ingest.sheet_grid import sheets_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["is_list", "read_list"]

HEADER_ROWS_MAX = 50
"""How far down a sheet its header is looked for."""

_FORM = Form()
_PART = "\0"
"""Begins the key of a part that has no payment reference."""

_Row = tuple[int, "Sequence[object]"]


@dataclass(slots=True)
class _Table:
    """One sheet: what stands above its header, the columns, and the rows below."""

    title: str
    above: list[_Row]
    header: _Row
    columns: dict[str, int]
    rows: list[_Row]


@dataclass(slots=True)
class _Header:
    """What labels around the list say of the whole advice."""

    said: dict[str, str] = field(default_factory=dict)
    date: dt.date | None = None
    total: tuple[int, object] | None = None


def is_list(data: bytes, format_: str, *, name: str) -> bool:
    """Tell whether a table reads as a list of paid documents.

    Of text the beginning is enough.
    """
    try:
        return any(_tables(data, format_, name))
    except InputError:
        return False


def read_list(data: bytes, format_: str, *, name: str) -> AdviceFile:
    """Read the lists of a CSV file (``csv``) or a spreadsheet (``xlsx``).

    Rows with the same payment reference make one advice; without such a column, each
    sheet is one.

    Raises
    ------
    alloc.errors.InputError
        ``LIST_UNCLEAR``: a row is neither a line nor a total; ``ADVICE_MISSING``,
        ``CURRENCY_MIXED``, or of an amount; names the line.
    """
    file = AdviceFile(format_, "list")
    for table in _tables(data, format_, name):
        file.advices.extend(_Reader(table, name).advices())
    return checked(file, name=name)


# Finding the lists


def _tables(data: bytes, format_: str, name: str) -> Iterator[_Table]:
    if format_ == "xlsx":
        for title, rows in sheets_of(data, name):
            numbered = list(enumerate(rows, start=1))
            if table := _find(title, numbered):
                yield table
        return
    text = decode_text(data)
    found = [
        table
        for separator in SEPARATORS
        if (table := _find("", _csv_rows(text, separator)))
    ]
    if found:
        yield max(found, key=lambda table: len(table.columns))


def _csv_rows(text: str, separator: str) -> list[_Row]:
    rows: list[_Row] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    line = 1
    try:
        for fields in reader:
            rows.append((line, [part.strip() for part in fields]))
            line = reader.line_num + 1
    except csv.Error:
        return rows
    return rows


def _find(title: str, rows: list[_Row]) -> _Table | None:
    """Return the list of a sheet, if its header names a document and a payment."""
    for place, (line, cells) in enumerate(rows[:HEADER_ROWS_MAX]):
        columns: dict[str, int] = {}
        for index, cell in enumerate(cells):
            if isinstance(cell, str) and (target := column_of(cell)):
                columns.setdefault(target, index)
        if "other" in columns or not {"reference", "amount"} <= set(columns):
            continue
        table = _Table(title, rows[:place], (line, cells), columns, rows[place + 1 :])
        return table if _about_payment(table) else None
    return None


def _about_payment(table: _Table) -> bool:
    """Tell whether a list is about a payment: a list of invoices alone is not."""
    heading = folded(str(table.header[1][table.columns["amount"]]))
    if heading in SURE_AMOUNTS or set(table.columns) & {
        "deduction",
        "payment_reference",
        "payment_date",
    }:
        return True
    around = [table.title, *(_joined(cells) for _, cells in table.above)]
    return any(PAYMENT_WORDS.search(folded(text)) for text in around)


def _joined(cells: Sequence[object]) -> str:
    return " ".join(filter(None, (cell_text(cell) for cell in cells)))


# Reading them


class _Reader:
    """Reads one list."""

    def __init__(self, table: _Table, name: str) -> None:
        self.table, self.name = table, name
        self.place = f"sheet {table.title!r}, " if table.title else ""
        self.header = self._labels(table.above)
        self.currency = self._currency()
        texts = [
            cell
            for _, cells in table.rows
            for target in ("amount", "gross", "deduction")
            if isinstance(cell := self._cell(cells, target), str)
        ]
        numbers = (one.number for text in texts for one in find_amounts(text))
        self.mark = decimal_mark(numbers)

    def _cell(self, cells: Sequence[object], target: str) -> object:
        index = self.table.columns.get(target)
        if index is None or index >= len(cells):
            return None
        cell = cells[index]
        return None if cell == "" else cell

    def _text(self, cells: Sequence[object], target: str) -> str | None:
        return cell_text(self._cell(cells, target))

    def _labels(self, rows: list[_Row]) -> _Header:
        """Read ``label | value`` and ``label: value`` around a list."""
        header = _Header()
        for line, cells in rows:
            filled = [cell for cell in cells if cell not in ("", None)]
            if not filled:
                continue
            label, value = label_of(str(filled[0]))
            rest: object = value
            if len(filled) > 1:
                label, rest = label or folded(str(filled[0])), filled[1]
            target = label_target(label)
            if target == "payment_date":
                header.date = _date(rest)
            elif target == "total":
                header.total = (line, rest)
            elif target in ("payment_reference", "payer_name", "currency"):
                header.said[target] = cell_text(rest) or ""
        return header

    def _currency(self) -> str | None:
        """Return the currency that a label or the amount's heading names."""
        heading = str(self.table.header[1][self.table.columns["amount"]])
        said = [self.header.said.get("currency", ""), *heading.upper().split()]
        for word in said:
            code = {"€": "EUR", "$": "USD", "£": "GBP"}.get(
                word.strip("()[] "), word.strip("()[] ").upper()
            )
            if len(code) == len("EUR") and currency_exponent(code) is not None:
                return code
        return None

    def advices(self) -> list[Advice]:
        advices: dict[str, Advice] = {}
        key, ended, part = "", False, 0
        for place, (line, cells) in enumerate(self.table.rows):
            filled = [cell for cell in cells if cell not in ("", None)]
            if not filled:
                continue
            if self._is_total(cells, filled):
                self._total(cells, filled, line, advices, key)
                ended = True
            elif len(filled) == 1 or (ended and not self._goes_on(cells)):
                # Labels and good wishes below the list.
                below = self._labels(self.table.rows[place : place + 1])
                self.header.said |= below.said
                self.header.date = self.header.date or below.date
                self.header.total = self.header.total or below.total
            else:
                if ended and "payment_reference" not in self.table.columns:
                    # Lines below a total: the list has a part for each payment.
                    part += 1
                    key = f"{_PART}{part}"
                ended = False
                key = self._text(cells, "payment_reference") or key
                advice = advices.get(key) or self._begin(advices, key, line)
                self._line(advice, cells, line)
        merged = self._merged(list(advices.values()))
        for advice in merged:
            self._finish(advice, alone=len(merged) == 1)
        return merged

    def _goes_on(self, cells: Sequence[object]) -> bool:
        """Tell whether a row below a total is a line again."""
        amount = self._cell(cells, "amount")
        named = self._text(cells, "reference") is not None
        return named and amount is not None and not _is_words(amount)

    def _merged(self, advices: list[Advice]) -> list[Advice]:
        """Put parts together that have one total for all of them: they were subtotals.

        Without such a total, each part is a payment of its own.
        """
        parts = len(advices) > 1 and "payment_reference" not in self.table.columns
        if not parts or self.header.total is None:
            return advices
        line, cell = self.header.total
        total = self._minor(cell, line, self._currency_of(advices[0]))
        if total != sum(advice.total_minor or 0 for advice in advices):
            return advices
        first = advices[0]
        first.lines = [line for advice in advices for line in advice.lines]
        first.total_minor = total
        return [first]

    def _begin(self, advices: dict[str, Advice], key: str, line: int) -> Advice:
        reference = None if key.startswith(_PART) else key or None
        advice = advices[key] = Advice(line=line, payment_reference=reference)
        return advice

    def _is_total(self, cells: Sequence[object], filled: list[object]) -> bool:
        texts = [cell for cell in filled if isinstance(cell, str)]
        if any(is_total(text) for text in texts[:2]):
            return True
        amount = self._cell(cells, "amount")
        return len(filled) == 1 and amount is not None and not _is_words(amount)

    def _total(
        self,
        cells: Sequence[object],
        filled: list[object],
        line: int,
        advices: dict[str, Advice],
        key: str,
    ) -> None:
        said = self._cell(cells, "amount")
        if said is None:
            said = filled[-1]
        total = self._minor(said, line, self._currency_of(advices.get(key)))
        if total is None:
            return
        open_part = advices.get(key)
        by_reference = "payment_reference" in self.table.columns
        if (
            open_part is not None
            and open_part.total_minor is None
            and not (by_reference and len(advices) > 1)
        ):
            open_part.total_minor = total
        else:
            self.header.total = (line, said)

    def _line(self, advice: Advice, cells: Sequence[object], line: int) -> None:
        reference = self._text(cells, "reference")
        currency = (self._text(cells, "currency") or "").upper() or None
        amount_cell = self._cell(cells, "amount")
        if isinstance(amount_cell, str):
            beside = (one.currency for one in find_amounts(amount_cell))
            currency = currency or next(filter(None, beside), None)
        if currency is not None and advice.currency not in (None, currency):
            message = f"{self.place}{currency} contradicts {advice.currency} above"
            raise wrong(self.name, line, "CURRENCY_MIXED", message, field="currency")
        advice.currency = advice.currency or currency
        known = self._currency_of(advice)
        amount = self._minor(amount_cell, line, known)
        if reference is None or (amount is None and amount_cell is not None):
            said = _joined(cells)[:60]
            message = (
                f"{self.place}{said!r} is neither a line with a document and an "
                "amount, nor a total: correct it, or describe the file in "
                "profiles/NAME.toml"
            )
            field_ = "reference" if reference is None else "amount"
            raise wrong(self.name, line, "LIST_UNCLEAR", message, field=field_)
        kept = self._minor(self._cell(cells, "deduction"), line, known)
        gross = self._minor(self._cell(cells, "gross"), line, known)
        if CREDIT_WORDS.search(folded(_joined(cells))) and amount is not None:
            amount = -abs(amount)
        if kept is None and gross is not None and amount is not None:
            kept = abs(gross) - abs(amount)
        reason = self._text(cells, "reason")
        kept = None if kept is None else abs(kept) or None
        advice.lines.append(AdviceLine(reference, amount, kept, reason, line))
        if advice.payment_date is None:
            advice.payment_date = _date(self._cell(cells, "payment_date"))
        advice.payer_name = advice.payer_name or self._text(cells, "payer_name")

    def _currency_of(self, advice: Advice | None) -> str | None:
        return (advice.currency if advice else None) or self.currency

    def _minor(self, cell: object, line: int, currency: str | None) -> int | None:
        """Read a cell: a number as it was typed, or a text as people write it."""
        if cell is None:
            return None
        if isinstance(cell, str):
            found = find_amounts(cell)
            if len(found) != 1 or _is_words(cell):
                return None
            minor = written_minor(
                found[0].number, currency, mark=self.mark, name=self.name, line=line
            )
            return -minor if found[0].negative else minor
        plain = cell_amount(cell, _FORM) or ""
        if isinstance(cell, dt.date) or plain.endswith("?"):
            return None
        minus = plain.startswith("-")
        minor = written_minor(
            plain.removeprefix("-"), currency, mark=".", name=self.name, line=line
        )
        return -minor if minus else minor

    def _finish(self, advice: Advice, *, alone: bool) -> None:
        said, header = self.header.said, self.header
        advice.currency = advice.currency or self.currency
        advice.payment_reference = (
            advice.payment_reference or said.get("payment_reference") or None
        )
        advice.payer_name = advice.payer_name or said.get("payer_name") or None
        advice.payment_date = advice.payment_date or header.date
        if alone and advice.total_minor is None and header.total is not None:
            line, cell = header.total
            advice.total_minor = self._minor(cell, line, advice.currency)
        _net(advice)


def _is_words(cell: object) -> bool:
    """Tell whether a cell holds more than an amount and its currency."""
    if not isinstance(cell, str):
        return False
    rest = cell
    for one in find_amounts(cell):
        rest = rest.replace(cell[one.start : one.end], "")
    return bool(folded(rest))


def _date(cell: object) -> dt.date | None:
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    return find_date(cell) if isinstance(cell, str) else None


def _net(advice: Advice) -> None:
    """Take the deductions off amounts before deductions, where the total says so."""
    made = advice.lines_minor
    kept = sum(line.deduction_minor or 0 for line in advice.lines)
    if made is None or not kept or advice.total_minor != made - kept:
        return
    for line in advice.lines:
        if line.amount_minor is not None:
            line.amount_minor -= line.deduction_minor or 0
