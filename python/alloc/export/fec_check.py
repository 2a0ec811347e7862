"""A strict judge of FEC files: ours and anyone's.

Stricter than the official tool (Test Compta Demat), which lets unbalanced entries,
gaps in the numbers, a 30 February and lines out of order pass. Sources: LPF art.
A. 47 A-1 and BOI-CF-IOR-60-40-20. A file is read line by line: what is kept grows with
the kinds of things in it (accounts, journals, gaps), never with its length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO

from stdnum.fr import siren

from alloc import engine
from alloc.export.fec import COLUMNS
from alloc.export.fec_findings import (
    LISTED_MAX,
    FecCount,
    FecFinding,
    FecReport,
    Findings,
    Severity,
)
from alloc.export.fec_layout import (
    ACCOUNT_LABEL,
    ACCOUNT_NO,
    AUX,
    AUX_LABEL,
    CREDIT,
    CURRENCY,
    DATE,
    DEBIT,
    FOREIGN,
    JOURNAL,
    JOURNAL_LABEL,
    LABEL,
    LETTER,
    LETTER_DATE,
    NUM,
    PIECE,
    PIECE_DATE,
    VALID_DATE,
    day_of,
)
from alloc.export.fec_numbering import Numbering
from alloc.export.fec_oddities import Oddities
from alloc.export.fec_reading import FecLines

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable

FILE_NAME = re.compile(r"(\d{9})FEC(\d{8})\.txt", re.ASCII)
AMOUNT = re.compile(r"[+-]?\d{1,18}(?:,\d{1,2})?[+-]?", re.ASCII)
FOREIGN_AMOUNT = re.compile(r"[+-]?\d{1,18}(?:,\d{1,4})?[+-]?", re.ASCII)
ACCOUNT = re.compile(r"[1-8]\d\d.*", re.ASCII)
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: A fiscal year lasts at most 24 months: older entries belong to another file.
YEAR_DAYS_MAX = 731
#: Names of accounts and journals, and unbalanced entries, that are remembered.
NAMES_MAX = 200_000
UNBALANCED_MAX = 200_000
#: Characters of a message: what a cell holds may be longer.
MESSAGE_CHARS_MAX = 300
#: Lines between two words on how far the check is.
LINES_A_STEP = 20_000
SIDES = {"D": 1, "C": -1, "+1": 1, "-1": -1}
MANDATORY = (
    *(JOURNAL, JOURNAL_LABEL, NUM, DATE, ACCOUNT_NO, ACCOUNT_LABEL),
    *(PIECE, PIECE_DATE, LABEL, VALID_DATE),
)
NAMED = ((JOURNAL, JOURNAL_LABEL), (ACCOUNT_NO, ACCOUNT_LABEL), (AUX, AUX_LABEL))
PAIRS = ((AUX, AUX_LABEL), (LETTER, LETTER_DATE), (FOREIGN, CURRENCY))


def check_fec(
    source: BinaryIO,
    name: str,
    *,
    listed_max: int = LISTED_MAX,
    progress: Callable[[int], object] = lambda _: None,
) -> FecReport:
    """Check a file as a tax inspector should.

    Parameters
    ----------
    source
        The bytes, at their beginning; read once, in bounded memory.
    name
        Its name without folder: ``<SIREN>FEC<AAAAMMJJ>.txt``.
    listed_max
        How many findings of one code are listed; all are counted.
    progress
        Told from time to time how many bytes were read.

    Returns
    -------
    FecReport
        No error in it means that the file may be handed over.

    Examples
    --------
    >>> import io
    >>> check_fec(io.BytesIO(b""), "732829320FEC20261231.txt").findings[0].code
    'HEADER_UNREADABLE'
    """
    findings = Findings(listed_max)
    lines = FecLines(source, findings)
    check = _Check(findings, Numbering(listed_max))
    check.name(name)
    for line, cells in lines.records():
        if check.lines == 0:
            check.columns = lines.columns
        check.row(line, cells)
        if check.lines % LINES_A_STEP == 0:
            progress(source.tell())
    check.close()
    return check.report(name, lines)


@dataclass(slots=True)
class _Entry:
    """The entry that is being read, or one that was left unbalanced."""

    key: tuple[str, str]
    line: int
    date: str
    balance: int = 0


@dataclass(slots=True)
class _Check:
    """One run over one file."""

    findings: Findings
    numbering: Numbering
    columns: tuple[str, ...] = COLUMNS
    closing: dt.date | None = None
    lines: int = 0
    entries: int = 0
    debit: int = 0
    credit: int = 0
    first_date: str = ""
    last_date: str = ""
    valid_date: str = ""
    current: _Entry = field(default_factory=lambda: _Entry(("", ""), 0, ""))
    unbalanced: dict[tuple[str, str], _Entry] = field(default_factory=dict)
    names: dict[tuple[int, str], str] = field(default_factory=dict)

    oddities: Oddities = field(init=False)

    def __post_init__(self) -> None:
        self.oddities = Oddities(self.warn)

    def error(
        self,
        code: str,
        message: str,
        line: int = 0,
        column: int = -1,
        severity: Severity = Severity.ERROR,
    ) -> None:
        named = self.columns[column] if column >= 0 else ""
        shown = message[:MESSAGE_CHARS_MAX]
        self.findings.add(FecFinding(code, shown, line, named, severity))

    def warn(self, code: str, message: str, line: int = 0, column: int = -1) -> None:
        self.error(code, message, line, column, Severity.WARNING)

    # The file.

    def name(self, name: str) -> None:
        match = FILE_NAME.fullmatch(name)
        self.closing = day_of(match[2]) if match else None
        if match is None or self.closing is None:
            self.error(
                "FILE_NAME",
                "the name must be <SIREN, nine digits>FEC<closing date, AAAAMMJJ>.txt",
            )
        elif not siren.is_valid(match[1]):
            self.error("SIREN", f"{match[1]} is no SIREN: its check digit is wrong")

    def close(self) -> None:
        self.leave()
        if not self.lines:
            self.error("NO_ENTRIES", "the file has no entries")
        for entry in self.unbalanced.values():
            self.tell_unbalanced(entry)
        if self.debit != self.credit:
            self.error(
                "UNBALANCED_TOTAL",
                f"debits are {amount_text(self.debit)}, credits "
                f"{amount_text(self.credit)}",
            )
        if self.closing and self.first_date and self.is_long(self.closing):
            message = f"{self.first_date} is more than twelve months before the closing"
            self.warn("YEAR_LONG", message)
        self.findings.take(self.numbering.findings())
        self.oddities.close()

    def is_long(self, closing: dt.date) -> bool:
        a_year_later = f"{int(self.first_date[:4]) + 1:04}{self.first_date[4:]}"
        return a_year_later <= f"{closing:%Y%m%d}"

    def report(self, name: str, lines: FecLines) -> FecReport:
        return FecReport(
            name=name,
            lines=self.lines,
            entries=self.entries,
            debit_minor=self.debit,
            credit_minor=self.credit,
            first_date=self.first_date,
            last_date=self.last_date,
            encoding=lines.encoding,
            separator="TAB" if lines.separator == "\t" else lines.separator,
            counts=tuple(
                FecCount(code, severity, count)
                for (severity, code), count in sorted(self.findings.counts.items())
            ),
            findings=tuple(
                sorted(self.findings.listed, key=lambda one: (one.line, one.code))
            ),
        )

    # A line.

    def row(self, line: int, cells: list[str]) -> None:
        self.lines += 1
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
        for column, cell in enumerate(cells):
            if not cell.isprintable() and CONTROL.search(cell):
                message = "a control character: no text of a person holds one"
                self.warn("CONTROL_CHARACTER", message, line, column)
        self.foreign(line, cells)
        for code, label in NAMED:
            if cells[code]:
                self.one_name(line, code, cells[code], label, cells[label])
        debit, credit = self.amounts(line, cells)
        self.entry(line, cells, debit, credit)
        self.oddities.row(line, cells, debit - credit)

    def one_name(self, line: int, code: int, key: str, column: int, name: str) -> None:
        known = self.names.get((code, key))
        if known is None and len(self.names) >= NAMES_MAX:
            message = f"more than {NAMES_MAX} accounts: their names are not compared"
            self.warn("NAMES_OVER_LIMIT", message, line, column)
            return
        if known is not None and known != name:
            self.warn("TWO_NAMES", f"{key} is called {known} and {name}", line, column)
        self.names[code, key] = name

    def dates(self, line: int, cells: list[str]) -> None:
        settlement = self.columns[18:19] == ("DateRglt",)
        more = (18,) if settlement else ()
        for column in (DATE, PIECE_DATE, LETTER_DATE, VALID_DATE, *more):
            text = cells[column]
            if text and day_of(text) is None:
                message = f"{text} is no date AAAAMMJJ"
                self.error("DATE", message, line, column)
        day = day_of(cells[DATE])
        if day is not None:
            self.accounting_date(line, cells[DATE], day)
            self.oddities.days(line, cells, day, self.closing)
        for column, is_before in ((VALID_DATE, "validated"), (LETTER_DATE, "lettered")):
            if cells[column] and day_of(cells[column]) and cells[column] < cells[DATE]:
                message = f"{is_before} {cells[column]}, dated {cells[DATE]}"
                self.warn("BEFORE_ENTRY", message, line, column)
        if day_of(cells[VALID_DATE]) is not None:
            if cells[VALID_DATE] < self.valid_date:
                self.error(
                    "ORDER",
                    "lines must stand in the order of their validation: "
                    f"{cells[VALID_DATE]} follows {self.valid_date}",
                    line,
                    VALID_DATE,
                )
            self.valid_date = cells[VALID_DATE]

    def accounting_date(self, line: int, text: str, day: dt.date) -> None:
        self.first_date = min(self.first_date or text, text)
        self.last_date = max(self.last_date, text)
        if self.closing is not None:
            days = (self.closing - day).days
            if not 0 <= days < YEAR_DAYS_MAX:
                message = f"{day} is outside the fiscal year closed {self.closing}"
                self.error("DATE_OUTSIDE_YEAR", message, line, DATE)

    def number(self, line: int, column: int, text: str) -> int | None:
        """Read an amount in hundredths; None when it cannot be read."""
        amount = hundredths_of(text)
        if amount is None:
            self.error(
                "AMOUNT",
                f"{text or 'nothing'} is no amount: digits, a decimal comma, at most "
                "two decimals, no blanks",
                line,
                column,
            )
        return amount

    def amounts(self, line: int, cells: list[str]) -> tuple[int, int]:
        """Debit and credit, hundredths; zeros when they cannot be read."""
        first = self.number(line, DEBIT, cells[DEBIT])
        if self.columns[CREDIT] == "Sens":
            side = SIDES.get(cells[CREDIT])
            if side is None:
                message = f"{cells[CREDIT]} is no side: D, C, +1 or -1"
                self.error("SIDE", message, line, CREDIT)
                return 0, 0
            second: int | None = 0
            if side < 0:
                first, second = 0, first
        else:
            second = self.number(line, CREDIT, cells[CREDIT])
        if first is None or second is None:
            return 0, 0
        if first and second:
            self.error("BOTH_SIDES", "debit and credit on one line", line, CREDIT)
        elif not first and not second:
            self.error("ZERO", "neither debit nor credit", line, DEBIT)
        if first < 0 or second < 0:
            column = DEBIT if first < 0 else CREDIT
            self.warn("NEGATIVE", "a negative amount: use the other side", line, column)
        return first, second

    def foreign(self, line: int, cells: list[str]) -> None:
        text, currency = cells[FOREIGN], cells[CURRENCY]
        if text and not _is_signed_once(FOREIGN_AMOUNT, text):
            message = f"{text} is no amount: digits and a decimal comma"
            self.error("AMOUNT", message, line, FOREIGN)
        if currency and not is_currency(currency):
            message = f"{currency} is no active ISO 4217 code"
            self.error("CURRENCY", message, line, CURRENCY)

    # Entries.

    def entry(self, line: int, cells: list[str], debit: int, credit: int) -> None:
        key = (cells[JOURNAL], cells[NUM])
        if key != self.current.key or self.lines == 1:
            self.leave()
            self.begin(line, key, cells[DATE])
        entry = self.current
        if entry.date != cells[DATE]:
            message = f"entry {key[1]} has two dates, {entry.date} and {cells[DATE]}"
            self.error("TWO_DATES", message, line, DATE)
        entry.balance += debit - credit
        self.debit += debit
        self.credit += credit

    def begin(self, line: int, key: tuple[str, str], date: str) -> None:
        wrong = self.numbering.enter(line, *key)
        if wrong is not None:
            self.findings.add(wrong)
        # Lines of an entry that stand apart balance together.
        apart = self.unbalanced.pop(key, None)
        self.entries += apart is None
        self.current = apart or _Entry(key, line, date)

    def leave(self) -> None:
        if not self.current.balance:
            return
        if len(self.unbalanced) < UNBALANCED_MAX:
            self.unbalanced[self.current.key] = self.current
        else:
            self.tell_unbalanced(self.current)

    def tell_unbalanced(self, entry: _Entry) -> None:
        self.error(
            "UNBALANCED",
            f"entry {entry.key[1]}: debits less credits are "
            f"{amount_text(entry.balance)}",
            entry.line,
        )


@lru_cache(maxsize=65_536)
def hundredths_of(text: str) -> int | None:
    """Read an amount in hundredths; None when it is not written as the law asks."""
    if not _is_signed_once(AMOUNT, text):
        return None
    units, _, decimals = text.strip("+-").partition(",")
    hundredths = int(units) * 100 + int(decimals.ljust(2, "0"))
    return -hundredths if "-" in text else hundredths


def _is_signed_once(pattern: re.Pattern[str], text: str) -> bool:
    return bool(pattern.fullmatch(text)) and not (text[0] in "+-" and text[-1] in "+-")


@lru_cache(maxsize=1_024)
def is_currency(code: str) -> bool:
    """Say whether a code is an active one of ISO 4217."""
    return engine.currency_exponent(code) is not None


def amount_text(hundredths: int) -> str:
    """Write hundredths with a decimal comma."""
    units, rest = divmod(abs(hundredths), 100)
    return f"{'-' if hundredths < 0 else ''}{units},{rest:02d}"
