"""What the law lets pass in a FEC and a careful reader asks about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from alloc.export.fec_layout import (
    ACCOUNT_NO,
    AUX,
    LABEL,
    LETTER,
    PIECE_DATE,
    VALID_DATE,
    day_of,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence

__all__ = ["Oddities"]

#: Accounts of third parties begin with it; only these have auxiliary accounts.
THIRD_PARTIES = "4"
#: Accounts of charges and income: what they hold is never settled, so never lettered.
CHARGES_AND_INCOME = ("6", "7")
#: A spreadsheet takes a text that begins so for a formula.
FORMULA = ("=", "@")
#: A document that is older, or later, than its entry by so much is a slip of the pen.
PIECE_DAYS_BEFORE_MAX = 3_653
PIECE_DAYS_AFTER_MAX = 366
#: Entries are validated before the accounts are approved and filed.
VALID_DAYS_AFTER_CLOSING_MAX = 731
#: Lettering groups whose balance is followed; the rest is not judged.
GROUPS_MAX = 200_000

_SAYS_SOMETHING = re.compile(r"\w")


class Warn(Protocol):
    """Takes a warning."""

    def __call__(self, code: str, message: str, line: int, column: int) -> None: ...


@dataclass(slots=True)
class _Group:
    """Lines of one lettering code: where the first stands, and what they add up to."""

    line: int
    debit: int = 0
    credit: int = 0


class Oddities:
    """Warnings about lines that are written as the law asks.

    Parameters
    ----------
    warn
        Takes each.
    """

    def __init__(self, warn: Warn) -> None:
        self._warn = warn
        self._groups: dict[tuple[str, str, str], _Group] = {}

    def row(self, line: int, cells: Sequence[str], amount: int) -> None:
        """Look at a line; `amount` is its debit less its credit, hundredths."""
        account = cells[ACCOUNT_NO]
        if any(char.isspace() for char in account):
            message = f"account {account!r}: a blank inside makes it another account"
            self._warn("ACCOUNT_BLANK", message, line, ACCOUNT_NO)
        if cells[AUX] and not account.startswith(THIRD_PARTIES):
            message = f"account {account} has no third parties, yet an auxiliary"
            self._warn("AUXILIARY_ODD", message, line, AUX)
        label = cells[LABEL]
        if label and not _SAYS_SOMETHING.search(label):
            self._warn("LABEL_SILENT", f"{label!r} says nothing", line, LABEL)
        elif label.startswith(FORMULA):
            message = f"{label!r}: a spreadsheet takes it for a formula"
            self._warn("LABEL_FORMULA", message, line, LABEL)
        if cells[LETTER]:
            self._lettered(line, cells, amount)

    def days(
        self, line: int, cells: Sequence[str], entry: dt.date, closing: dt.date | None
    ) -> None:
        """Look at the dates of a line, as far as they can be read."""
        piece, valid = day_of(cells[PIECE_DATE]), day_of(cells[VALID_DATE])
        if piece is not None:
            days = (piece - entry).days
            if not -PIECE_DAYS_BEFORE_MAX <= days <= PIECE_DAYS_AFTER_MAX:
                message = f"a document of {piece} in an entry of {entry}"
                self._warn("PIECE_DATE_FAR", message, line, PIECE_DATE)
        if closing is None or valid is None:
            return
        if (valid - closing).days > VALID_DAYS_AFTER_CLOSING_MAX:
            message = f"validated {valid}, years after the closing"
            self._warn("VALID_DATE_FAR", message, line, VALID_DATE)

    def _lettered(self, line: int, cells: Sequence[str], amount: int) -> None:
        account, code = cells[ACCOUNT_NO], cells[LETTER]
        if account.startswith(CHARGES_AND_INCOME):
            message = f"account {account} of charges or income is lettered {code}"
            self._warn("LETTER_ODD", message, line, LETTER)
        if code != code.upper():
            return  # lower case: a group that is not settled yet
        key = (account, cells[AUX], code)
        if key not in self._groups:
            if len(self._groups) == GROUPS_MAX:
                message = f"more than {GROUPS_MAX} lettering groups: not all are added"
                self._warn("LETTERS_OVER_LIMIT", message, line, LETTER)
                return
            self._groups[key] = _Group(line)
        group = self._groups[key]
        group.debit += max(amount, 0)
        group.credit += max(-amount, 0)

    def close(self) -> None:
        """Tell the lettering groups that do not balance.

        A group with one side alone is lettered with lines of another file: the invoices
        of a journal of payments, or those of another year.
        """
        for (account, _, code), group in self._groups.items():
            off = group.debit - group.credit
            if off and group.debit and group.credit:
                units, cents = divmod(abs(off), 100)
                message = (
                    f"the lines of {account} lettered {code} are {units},{cents:02d} "
                    f"{'debit' if off > 0 else 'credit'}: lettered with another year, "
                    "or wrongly"
                )
                self._warn("LETTER_UNBALANCED", message, group.line, LETTER)
