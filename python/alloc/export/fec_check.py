"""A strict judge of FEC files: ours and anyone's.

Stricter than the official tool, which lets unbalanced entries, gaps in the numbers,
a 30 February and lines out of order pass. Sources: LPF art. A. 47 A-1 and
BOI-CF-IOR-60-40-20.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from alloc import engine
from alloc.export.fec import COLUMNS, ENCODING

#: The legal variant of the two amount columns: one amount and its side.
SIGNED_COLUMNS = (*COLUMNS[:11], "Montant", "Sens", *COLUMNS[13:])
SEPARATORS = ("\t", "|")
FILE_NAME = re.compile(r"(\d{9})FEC(\d{8})\.txt", re.ASCII)
AMOUNT = re.compile(r"[+-]?\d+(?:,\d{1,2})?[+-]?", re.ASCII)
ACCOUNT = re.compile(r"[1-8]\d\d.*", re.ASCII)
NUMBER = re.compile(r"(.*?)(\d+)", re.ASCII)
#: A fiscal year lasts at most 24 months: older entries belong to another file.
YEAR_DAYS_MAX = 731
SIDES = {"D": 1, "C": -1, "+1": 1, "-1": -1}

#: Positions of the columns.
JOURNAL, JOURNAL_LABEL, NUM, DATE, ACCOUNT_NO, ACCOUNT_LABEL = range(6)
AUX, AUX_LABEL, PIECE, PIECE_DATE, LABEL, DEBIT = range(6, 12)
CREDIT, LETTER, LETTER_DATE, VALID_DATE, FOREIGN, CURRENCY = range(12, 18)
MANDATORY = (
    *(JOURNAL, JOURNAL_LABEL, NUM, DATE, ACCOUNT_NO, ACCOUNT_LABEL),
    *(PIECE, PIECE_DATE, LABEL, VALID_DATE),
)
PAIRS = ((AUX, AUX_LABEL), (LETTER, LETTER_DATE), (FOREIGN, CURRENCY))


class Severity(StrEnum):
    """How grave a finding is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class FecFinding:
    """One thing that is wrong with a FEC.

    Parameters
    ----------
    code
        Upper snake code, for programs.
    message
        What is wrong, for a person.
    line
        Line of the file from 1; 0 when the file as a whole is meant.
    column
        Name of the column, if one is meant.
    severity
        ``error``: refuse the file; ``warning``: allowed, but worth a look.
    """

    code: str
    message: str
    line: int = 0
    column: str = ""
    severity: Severity = Severity.ERROR


def check_fec(data: bytes, name: str) -> list[FecFinding]:
    """Check a file as a tax inspector should.

    Parameters
    ----------
    data
        The whole file.
    name
        Its name without folder: ``<SIREN>FEC<AAAAMMJJ>.txt``.

    Returns
    -------
    list of FecFinding
        In the order of the lines; no error means that the file may be handed over.

    Examples
    --------
    >>> check_fec(b"", "732829320FEC20261231.txt")[0].code
    'HEADER_UNREADABLE'
    """
    check = _Check()
    check.name(name)
    check.lines(check.decode(data))
    return sorted(check.findings, key=lambda finding: finding.line)


@dataclass(slots=True)
class _Entry:
    """What was read of one entry."""

    line: int
    date: str
    balance: int = 0


@dataclass(slots=True)
class _Check:
    """One run over one file."""

    findings: list[FecFinding] = field(default_factory=list)
    closing: dt.date | None = None
    columns: tuple[str, ...] = COLUMNS
    entries: dict[tuple[str, str], _Entry] = field(default_factory=dict)
    current: tuple[str, str] | None = None
    valid_date: str = ""
    names: dict[tuple[int, str], str] = field(default_factory=dict)
    good_amounts: dict[str, int] = field(default_factory=dict)
    good_dates: dict[str, dt.date | None] = field(default_factory=dict)

    def error(self, code: str, message: str, line: int = 0, column: int = -1) -> None:
        named = self.columns[column] if column >= 0 else ""
        self.findings.append(FecFinding(code, message, line, named))

    def warn(self, code: str, message: str, line: int = 0, column: int = -1) -> None:
        named = self.columns[column] if column >= 0 else ""
        self.findings.append(FecFinding(code, message, line, named, Severity.WARNING))

    # The file.

    def name(self, name: str) -> None:
        match = FILE_NAME.fullmatch(name)
        self.closing = self.day(match[2]) if match else None
        if match is None or self.closing is None:
            self.error(
                "FILE_NAME",
                f"{name}: the name must be <SIREN, nine digits>FEC<closing date, "
                "AAAAMMJJ>.txt",
            )

    def decode(self, data: bytes) -> str:
        if data.startswith(b"\xef\xbb\xbf"):
            self.warn("ENCODING_UTF8", "UTF-8 with a byte order mark, not ISO-8859-15")
            return data[3:].decode("utf-8", "replace")
        if data.isascii():
            return data.decode("ascii")
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            return data.decode(ENCODING)
        self.warn("ENCODING_UTF8", "UTF-8, not ISO-8859-15")
        return text

    def lines(self, text: str) -> None:
        rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        if rows[-1] == "":
            rows.pop()
        header = rows[0] if rows else ""
        separator = next((mark for mark in SEPARATORS if mark in header), None)
        if separator is None:
            self.error(
                "HEADER_UNREADABLE",
                "no column names, or a separator that is neither TAB nor |",
                1,
            )
            return
        if not self.header(tuple(header.split(separator))):
            return
        padded = (f" {separator}", f"{separator} ")
        for line, row in enumerate(rows[1:], start=2):
            fields = row.split(separator)
            if len(fields) == len(COLUMNS):
                if padded[0] in row or padded[1] in row or row != row.strip(" "):
                    fields = [cell.strip(" ") for cell in fields]
                self.row(line, fields)
            elif row.strip():
                self.error(
                    "FIELD_COUNT",
                    f"{len(fields)} fields in place of 18: a separator inside a text?",
                    line,
                )
            else:
                self.error("BLANK_LINE", "a line without fields", line)
        self.close()

    def header(self, names: tuple[str, ...]) -> bool:
        if names in {COLUMNS, SIGNED_COLUMNS}:
            self.columns = names
            return True
        missing = [name for name in COLUMNS if name not in names]
        lacking = f"; missing: {', '.join(missing)}" if missing else ""
        self.error(
            "HEADER",
            f"the first line must be {' '.join(COLUMNS)}, in this order{lacking}",
            1,
        )
        return False

    # A line.

    def row(self, line: int, cells: list[str]) -> None:
        for column in MANDATORY:
            if not cells[column]:
                name = self.columns[column]
                self.error("EMPTY", f"{name} is empty", line, column)
        self.dates(line, cells)
        for first, second in PAIRS:
            if bool(cells[first]) != bool(cells[second]):
                empty = second if cells[first] else first
                names = f"{self.columns[first]} and {self.columns[second]}"
                self.error("PAIR", f"{names} go together", line, empty)
        if cells[ACCOUNT_NO] and not ACCOUNT.fullmatch(cells[ACCOUNT_NO]):
            self.error(
                "ACCOUNT",
                f"account {cells[ACCOUNT_NO]}: the first three characters must be "
                "digits of the French chart, classes 1 to 8",
                line,
                ACCOUNT_NO,
            )
        self.foreign(line, cells)
        for code, label in ((JOURNAL, JOURNAL_LABEL), (ACCOUNT_NO, ACCOUNT_LABEL)):
            self.one_name(line, code, cells[code], label, cells[label])
        self.entry(line, cells, self.amount(line, cells))

    def one_name(self, line: int, code: int, key: str, column: int, name: str) -> None:
        known = self.names.setdefault((code, key), name)
        if known != name:
            self.warn("TWO_NAMES", f"{key} is called {known} and {name}", line, column)
            self.names[code, key] = name

    def day(self, text: str) -> dt.date | None:
        """Read AAAAMMJJ; None when there is no such day."""
        if text not in self.good_dates:
            day = None
            if len(text) == len("AAAAMMJJ") and text.isascii() and text.isdigit():
                try:
                    day = dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
                except ValueError:
                    day = None
            self.good_dates[text] = day
        return self.good_dates[text]

    def dates(self, line: int, cells: list[str]) -> None:
        for column in (DATE, PIECE_DATE, LETTER_DATE, VALID_DATE):
            text = cells[column]
            if text and self.day(text) is None:
                message = f"{text} is no date AAAAMMJJ"
                self.error("DATE", message, line, column)
        day = self.day(cells[DATE]) if cells[DATE] else None
        if day is not None and self.closing is not None:
            days = (self.closing - day).days
            if not 0 <= days < YEAR_DAYS_MAX:
                message = f"{day} is outside the fiscal year closed {self.closing}"
                self.error("DATE_OUTSIDE_YEAR", message, line, DATE)
        if self.day(cells[VALID_DATE]) is not None:
            if cells[VALID_DATE] < self.valid_date:
                self.error(
                    "ORDER",
                    "lines must stand in the order of their validation: "
                    f"{cells[VALID_DATE]} follows {self.valid_date}",
                    line,
                    VALID_DATE,
                )
            self.valid_date = cells[VALID_DATE]

    def number(self, line: int, column: int, text: str) -> int | None:
        """Read an amount in hundredths; None when it cannot be read."""
        if text in self.good_amounts:
            return self.good_amounts[text]
        if AMOUNT.fullmatch(text) is None or (text[0] in "+-" and text[-1] in "+-"):
            self.error(
                "AMOUNT",
                f"{text or 'nothing'} is no amount: digits, a decimal comma, at most "
                "two decimals, no blanks",
                line,
                column,
            )
            return None
        units, _, decimals = text.strip("+-").partition(",")
        hundredths = int(units) * 100 + int(decimals.ljust(2, "0"))
        self.good_amounts[text] = -hundredths if "-" in text else hundredths
        return self.good_amounts[text]

    def amount(self, line: int, cells: list[str]) -> int:
        """Debit less credit, hundredths; 0 when it cannot be read."""
        first = self.number(line, DEBIT, cells[DEBIT])
        if self.columns == SIGNED_COLUMNS:
            side = SIDES.get(cells[CREDIT])
            if side is None:
                message = f"{cells[CREDIT]} is no side: D, C, +1 or -1"
                self.error("SIDE", message, line, CREDIT)
            second: int | None = 0
            debit = (first or 0) * (side or 0)
        else:
            second = self.number(line, CREDIT, cells[CREDIT])
            debit = (first or 0) - (second or 0)
        if first is None or second is None:
            return 0
        if first and second:
            self.error("BOTH_SIDES", "debit and credit on one line", line, CREDIT)
        elif not first and not second:
            self.error("ZERO", "neither debit nor credit", line, DEBIT)
        if first < 0 or second < 0:
            column = DEBIT if first < 0 else CREDIT
            self.warn("NEGATIVE", "a negative amount: use the other side", line, column)
        return debit

    def foreign(self, line: int, cells: list[str]) -> None:
        if cells[FOREIGN]:
            self.number(line, FOREIGN, cells[FOREIGN])
        currency = cells[CURRENCY]
        if currency and engine.currency_exponent(currency) is None:
            message = f"{currency} is no active ISO 4217 code"
            self.error("CURRENCY", message, line, CURRENCY)

    # Entries.

    def entry(self, line: int, cells: list[str], amount: int) -> None:
        key = (cells[JOURNAL], cells[NUM])
        entry = self.entries.get(key)
        if entry is None:
            entry = self.entries[key] = _Entry(line, cells[DATE])
        elif self.current != key:
            message = f"entry {key[1]} began on line {entry.line}: keep it together"
            self.error("ORDER", message, line, NUM)
        if entry.date != cells[DATE]:
            message = f"entry {key[1]} has two dates, {entry.date} and {cells[DATE]}"
            self.error("TWO_DATES", message, line, DATE)
        entry.balance += amount
        self.current = key

    def close(self) -> None:
        if not self.entries:
            self.error("NO_ENTRIES", "the file has no entries")
        for (_, num), entry in self.entries.items():
            if entry.balance:
                sign = "-" if entry.balance < 0 else ""
                units, rest = divmod(abs(entry.balance), 100)
                self.error(
                    "UNBALANCED",
                    f"entry {num}: debits less credits are {sign}{units},{rest:02d}",
                    entry.line,
                )
        self.sequences()

    def sequences(self) -> None:
        """Numbers count up by one: over the file, or in each journal."""
        series: dict[tuple[str, str], list[tuple[int, str, int]]] = {}
        for (journal, num), entry in self.entries.items():
            match = NUMBER.fullmatch(num)
            if match is None:
                if num:
                    message = f"{num} does not end in a number"
                    self.error("NUMBER", message, entry.line, NUM)
                continue
            place = (int(match[2]), num, entry.line)
            series.setdefault((journal, match[1]), []).append(place)
        everything = [place for places in series.values() for place in places]
        everything.sort(key=lambda place: place[2])
        if _counts_up(everything):
            return
        for places in series.values():
            for before, after in pairwise(places):
                self.step(before, after)

    def step(self, before: tuple[int, str, int], after: tuple[int, str, int]) -> None:
        if after[0] <= before[0]:
            message = f"{after[1]} follows {before[1]}: sort by number"
            self.error("ORDER", message, after[2], NUM)
        elif after[0] > before[0] + 1:
            message = f"{after[1]} follows {before[1]}: numbers are missing between"
            self.error("GAP", message, after[2], NUM)


def _counts_up(places: list[tuple[int, str, int]]) -> bool:
    numbers = [number for number, _, _ in places]
    return all(after == before + 1 for before, after in pairwise(numbers))
