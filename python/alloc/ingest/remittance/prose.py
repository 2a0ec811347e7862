"""Amounts, dates and labels as people write them, in French, English and German."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from alloc.engine import currency_exponent
from alloc.ingest.remittance.model import wrong
from alloc.ingest.remittance.values import exact_minor, exponent_of

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "Written",
    "decimal_mark",
    "decode_text",
    "find_amounts",
    "find_date",
    "folded",
    "label_of",
    "written_minor",
]

_BLANKS = " \u00a0\u2007\u2009\u202f"
_SYMBOLS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}
_CURRENCY = r"(?:€|\$|£|¥|\b[A-Z]{3}\b)"
_NUMBER = (
    rf"\d{{1,3}}(?:[{_BLANKS}]\d{{3}})+(?:[.,]\d{{1,3}})?"
    r"|\d{1,3}(?:['\u2019]\d{3})+(?:[.,]\d{1,3})?"
    r"|\d{1,3}(?:,\d{3})+(?:\.\d{1,3})?"
    r"|\d{1,3}(?:\.\d{3})+(?:,\d{1,3})?"
    r"|\d+(?:[.,]\d{1,3})?"
)
_AMOUNT = re.compile(
    r"(?<![\w.,/:#\u00b0\u2212-])"
    rf"(?P<lead>[-+\u2212(][{_BLANKS}]?)?"
    rf"(?:(?P<before>{_CURRENCY})[{_BLANKS}]?)?(?P<sign>[-\u2212])?"
    rf"(?P<number>{_NUMBER})(?![\w']|[.,/:\u2212-]\d)"
    rf"(?:[{_BLANKS}]?(?P<after>{_CURRENCY}))?"
    r"(?P<trail>[-\u2212](?!\w)|\))?"
)
_PLAIN = re.compile(r"\d+(?:[.,]\d+)?|\d{1,3}(?:[.,]\d{3})+(?:[.,]\d+)?")
_GROUP = 3

_DATES = (
    (re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b"), (1, 2, 3)),
    (re.compile(r"\b(\d{1,2})[./](\d{1,2})[./](\d{4})\b"), (3, 2, 1)),
)


@dataclass(frozen=True, slots=True)
class Written:
    """A number in a text that may be an amount.

    ``currency`` is the one that stands beside it; ``start`` and ``end`` include it.
    """

    number: str
    negative: bool
    currency: str | None
    start: int
    end: int

    @property
    def is_amount(self) -> bool:
        """Whether it can be nothing else: it has cents, or a currency beside it."""
        return self.currency is not None or bool(re.search(r"[.,]\d\d$", self.number))


def decode_text(data: bytes) -> str:
    """Decode UTF-8, UTF-16 with its mark, else Windows-1252."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("windows-1252", "replace")


@lru_cache(maxsize=8192)
def folded(text: str) -> str:
    """Return words in the form in which they are compared: no case, no accents.

    >>> folded("  N° de RÉGLEMENT : ")
    'n de reglement'
    """
    parts = unicodedata.normalize("NFKD", text.replace("ß", "ss"))
    plain = "".join(char for char in parts if not unicodedata.combining(char))
    return " ".join(re.sub(r"[^0-9a-z]+", " ", plain.casefold()).split())


def label_of(text: str) -> tuple[str, str]:
    """Split ``Label: value`` into the folded label and the value."""
    label, mark, value = text.partition(":")
    return (folded(label), value.strip()) if mark else ("", text.strip())


def find_amounts(text: str) -> list[Written]:
    """Find the numbers of a line that may be amounts; dates are none."""
    hidden = text
    for pattern, _ in _DATES:
        hidden = pattern.sub(lambda found: "x" * len(found[0]), hidden)
    found = []
    for match in _AMOUNT.finditer(hidden):
        currency = None
        for said in (match["before"], match["after"]):
            code = _SYMBOLS.get(said or "", said)
            if code and currency_exponent(code) is not None:
                currency = code
        brackets = (match["lead"] or "").startswith("(") and match["trail"] == ")"
        minus = any(
            (match[part] or "").strip() in ("-", "\u2212")
            for part in ("lead", "sign", "trail")
        )
        found.append(
            Written(
                match["number"], minus or brackets, currency, match.start(), match.end()
            )
        )
    return found


def find_date(text: str) -> dt.date | None:
    """Return the first date of a text: ISO 8601, or day, month, year."""
    for pattern, (year, month, day) in _DATES:
        for match in pattern.finditer(text):
            try:
                return dt.date(int(match[year]), int(match[month]), int(match[day]))
            except ValueError:
                continue
    return None


def decimal_mark(numbers: Iterable[str]) -> str:
    """Return the decimal mark that a text uses; empty where nothing tells, or both."""
    marks = set()
    for number in numbers:
        found = re.search(r"([.,])(\d+)$", number)
        several = {"," in number, "." in number} == {True}
        if found and (several or len(found[2]) != _GROUP):
            marks.add(found[1])
        elif found and number.count(found[1]) > 1:
            marks.add("." if found[1] == "," else ",")
    return marks.pop() if len(marks) == 1 else ""


def written_minor(
    number: str, currency: str | None, *, mark: str, name: str, line: int
) -> int:
    """Turn a number as people write it into minor units, exactly.

    Parameters
    ----------
    number
        Digits with marks between thousands and before decimals; no sign.
    currency
        Whose decimals count.
    mark
        Decimal mark of the text, as `decimal_mark` found it.
    name, line
        Where it stands, for messages.

    Raises
    ------
    alloc.errors.InputError
        ``AMOUNT_AMBIGUOUS``: ``1.234`` where nothing tells what the point is; and
        those of `alloc.ingest.remittance.values.exact_minor`.
    """
    plain = re.sub(rf"[{_BLANKS}'\u2019]", "", number)
    if not _PLAIN.fullmatch(plain):
        raise wrong(
            name,
            line,
            "AMOUNT_INVALID",
            f"{number[:40]!r} is no amount",
            field="amount",
        )
    marks = [char for char in plain if char in ".,"]
    if not marks:
        return exact_minor(plain, currency, name=name, line=line, field="amount")
    last = marks[-1]
    whole, _, part = plain.rpartition(last)
    if len(set(marks)) > 1:
        decimal = last
    elif len(marks) > 1:
        decimal = ""
    elif len(part) != _GROUP or len(whole) > _GROUP or plain != number:
        decimal = last
    elif mark:
        decimal = last if mark == last else ""
    elif exponent_of(currency) == 0:
        decimal = ""
    else:
        raise wrong(
            name,
            line,
            "AMOUNT_AMBIGUOUS",
            f"{number!r} may be thousands or decimals: write it with cents",
            field="amount",
        )
    if decimal:
        plain = re.sub(r"[.,]", "", whole) + "." + part
    else:
        plain = re.sub(r"[.,]", "", plain)
    return exact_minor(plain, currency, name=name, line=line, field="amount")
