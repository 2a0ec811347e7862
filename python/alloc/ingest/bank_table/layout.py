"""Which rows of a bank's table are entries, and what the other rows say.

Banks print the holder, the period and balances above the entries, totals below them,
repeat the header on every page, and let long texts go on in rows of their own. A row
is an entry when its column of the booking date holds a date. Rows above the first
and below the last entry may say other things; a row between entries that is none of
the known kinds is a problem of the file, never left out silently.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alloc.ingest.forms import cell_text, parse_date
from alloc.ingest.profile import TEXTS, heading

if TYPE_CHECKING:
    from alloc.ingest.bank_table.sheet import Row, Sheet
    from alloc.ingest.profile import Profile

__all__ = ["Layout", "lay_out", "places_of"]

_DATE_LIKE = re.compile(r"\d+[./\- ]+(?:\d+|[^\W\d_]{3,})[./\- ]+\d+|\d{6,8}")
_TOTALS = re.compile(
    r"\b(?:total|totaux|totals|subtotal|sous-total|somme|solde|summe|gesamt|saldo"
    r"|balance|sum|eindsaldo|beginsaldo|kontostand)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Layout:
    """The rows of a table file by what they are.

    Parameters
    ----------
    entries
        Rows that are entries, or that should be: what is wrong is found later.
    around
        Rows that hold no entry: above the header, and around the entries.
    others
        Of those, the rows below the header that have an amount and that no label of
        the profile names: totals, most likely.
    more_text
        Text that goes on below an entry, by its place in `entries`.
    skipped
        How many rows were left out because the profile says so, or because they
        repeat the header.
    """

    entries: list[Row] = field(default_factory=list)
    around: list[Row] = field(default_factory=list)
    others: list[Row] = field(default_factory=list)
    more_text: dict[int, list[str]] = field(default_factory=dict)
    skipped: int = 0


def places_of(sheet: Sheet) -> dict[str, int]:
    """Return the place of each heading, in the form in which headings are compared."""
    places: dict[str, int] = {}
    for index, printed in enumerate(sheet.names):
        places.setdefault(heading(printed), index)
    return places


def lay_out(sheet: Sheet, profile: Profile) -> Layout:
    """Tell the entries of a statement from what stands around them."""
    return _LayOut(sheet, profile).layout()


class _LayOut:
    def __init__(self, sheet: Sheet, profile: Profile) -> None:
        self.sheet, self.profile = sheet, profile
        self.places = places_of(sheet)
        self.date = self._place("booking_date")
        self.header = [heading(name) for name in sheet.names]
        self._dates: dict[object, bool] = {}
        self.amounts = [
            place
            for target in ("amount_minor", "debit", "credit")
            if (place := self._place(target)) is not None
        ]
        self.texts = [
            place for target in TEXTS if (place := self._place(target)) is not None
        ]
        self.labels = [
            label for labels in profile.cells.values() for label in labels if label
        ]

    def _place(self, target: str) -> int | None:
        source = self.profile.columns.get(target)
        return None if source is None else self.places.get(heading(source))

    def layout(self) -> Layout:
        layout = Layout(around=list(self.sheet.above))
        rows = [row for row in self.sheet.below if not self._left_out(row)]
        layout.skipped = len(self.sheet.below) - len(rows)
        dated = {index for index, row in enumerate(rows) if self._is_dated(row)}
        first, last = min(dated, default=len(rows)), max(dated, default=len(rows))
        for index, row in enumerate(rows):
            between = first < index < last
            if index in dated:
                layout.entries.append(row)
            elif self._is_labelled(row):
                layout.around.append(row)
            elif index > first and self._goes_on(row):
                texts = layout.more_text.setdefault(len(layout.entries) - 1, [])
                texts.extend(self._said(row, self.texts))
            elif between or self._might_be_entry(row):
                layout.entries.append(row)
            else:
                layout.around.append(row)
                if self._said(row, self.amounts):
                    layout.others.append(row)
        return layout

    def _left_out(self, row: Row) -> bool:
        """Tell whether the profile skips the row, or it repeats the header."""
        if heading(str(row.cell(0))) == self.header[0] and self.header == [
            heading(str(cell)) for cell in row.cells
        ]:
            return True
        return any(
            (cell_text(row.cell(self.places.get(heading(source)))) or "") in values
            for source, values in self.profile.skip.items()
        )

    def _is_dated(self, row: Row) -> bool:
        day = row.cell(self.date)
        if day not in self._dates:
            self._dates[day] = parse_date(day, self.profile.form.dates) is not None
        return self._dates[day]

    def _is_labelled(self, row: Row) -> bool:
        said = next(filter(None, (cell_text(cell) for cell in row.cells)), "")
        return any(begins_with(said, label) is not None for label in self.labels)

    def _said(self, row: Row, places: list[int]) -> list[str]:
        texts = (cell_text(row.cell(place)) for place in places)
        return [text for text in texts if text]

    def _goes_on(self, row: Row) -> bool:
        """Tell whether a row holds nothing but more text of the entry above."""
        filled = [
            index for index, cell in enumerate(row.cells) if cell not in ("", None)
        ]
        return set(filled) <= set(self.texts) and not _TOTALS.search(
            " ".join(self._said(row, self.texts))
        )

    def _might_be_entry(self, row: Row) -> bool:
        """Tell whether a row above or below all entries looks like a damaged one."""
        day = row.cell(self.date)
        if isinstance(day, (int, float, dt.date)):
            return True
        if day:
            return _DATE_LIKE.match(str(day)) is not None
        said = " ".join(filter(None, (cell_text(cell) for cell in row.cells)))
        words = re.search(r"[^\W\d_]{3,}", said) is not None
        return (
            bool(self._said(row, self.amounts)) and words and not _TOTALS.search(said)
        )


def begins_with(text: str, label: str) -> str | None:
    """Return what follows a label in a text; None where it does not begin with it.

    >>> begins_with("Solde  au 31/03/2026 :", "solde au")
    '31/03/2026'
    """
    plain, sought = " ".join(text.split()), " ".join(label.split())
    if not sought or plain[: len(sought)].lower() != sought.lower():
        return None
    rest = plain[len(sought) :]
    if rest[:1].isalnum():
        return None
    return rest.strip(" :=.\u00a0")
