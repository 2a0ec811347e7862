"""Written values to ours: exact amounts, dates, flags; whole columns at a time."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alloc.ingest.profile import Form

__all__ = [
    "Amounts",
    "cell_amount",
    "cell_text",
    "parse_amounts",
    "parse_date",
    "parse_dates",
    "parse_flags",
    "without_currency",
]

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_BLANKS = "[ \u00a0\u2007\u2009\u202f]"
_MINUS = "[-\u2212]"
_EXPONENT_MAX = 4
"""Most decimals that a currency has (ISO 4217: CLF and UYW)."""

_DIGITS_MAX = 18
"""Most digits of an amount in its smallest unit that are sure to fit 64 bits."""

_FLOAT_DIGITS_MAX = 15
"""Every decimal number of so many digits survives a spreadsheet's binary float."""

_YEAR_MIN, _YEAR_MAX = 1900, 2199


@dataclass(frozen=True, slots=True)
class Amounts:
    """A parsed column of amounts.

    ``minor`` is 0 where ``blank`` or one of the other masks, which say what is wrong:
    not a number, more decimals than the currency has, too many digits.
    """

    minor: Integers
    blank: Mask
    wrong: Mask
    decimals: Mask
    large: Mask

    @property
    def bad(self) -> Mask:
        """Rows that hold no amount though they are not blank."""
        return self.wrong | self.decimals | self.large


def _amount_pattern(form: Form) -> str:
    marks = [_BLANKS]
    if form.thousands == "'":
        marks.append("['\u2019]")
    elif form.thousands:
        marks.append(f"[{form.thousands}]")
    grouped = "|".join(f"[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+" for mark in marks)
    part = f"(?:[{form.decimal}](?P<part>[0-9]*))?" if form.amounts == "major" else ""
    return (
        f"^(?P<open>[(]?)(?P<lead>{_MINUS}|[+]|){_BLANKS}*"
        f"(?P<whole>(?:{grouped}|[0-9]+)?){part}"
        f"{_BLANKS}*(?P<trail>{_MINUS}|[+]|)(?P<close>[)]?)$"
    )


def parse_amounts(texts: pa.Array, exponents: Integers, form: Form) -> Amounts:
    """Parse amounts exactly into minor units.

    A minus may stand before or behind the number, or brackets around it. Marks
    between thousands must stand between groups of three digits.

    Parameters
    ----------
    texts
        N rows of text, trimmed; null where blank.
    exponents
        N rows: decimals of the row's currency, 0 to 4.
    form
        How amounts are written.

    Returns
    -------
    Amounts
        Exact: no number is rounded, what does not fit is marked.
    """
    scale = _EXPONENT_MAX if form.amounts == "major" else 0
    blank = _mask(pc.is_null(texts))
    parts = pc.extract_regex(texts, pattern=_amount_pattern(form))
    whole = pc.replace_substring_regex(_group(parts, "whole"), r"[^0-9]", "")
    part = _group(parts, "part") if scale else pc.utf8_slice_codeunits(whole, 0, 0)
    opened, closed = _filled(_group(parts, "open")), _filled(_group(parts, "close"))
    lead, trail = _group(parts, "lead"), _group(parts, "trail")
    marks = opened.astype(int) + _filled(lead) + _filled(trail)
    digits = pc.utf8_ltrim(whole, characters="0")
    empty = ~_filled(whole) & ~_filled(part)
    wrong = ~blank & (empty | (marks > 1) | (opened != closed))
    if form.decimals and scale:
        # Always so many decimals: then zeros behind those of the currency are none.
        full = pc.equal(pc.binary_length(part), form.decimals)
        part = pc.if_else(full, pc.utf8_rtrim(part, characters="0"), part)
    wanted = np.minimum(exponents, scale)
    large = ~wrong & (_lengths(digits) > _DIGITS_MAX - wanted)
    decimals = ~wrong & ~large & (_lengths(part) > wanted)
    bad = blank | wrong | large | decimals
    padded = pc.utf8_rpad(part, scale, "0") if scale else part
    minor = _integers(digits, bad) * 10**wanted
    minor += _integers(padded, bad) // 10 ** (scale - wanted)
    negative = opened | _minus(lead) | _minus(trail)
    return Amounts(np.where(negative, -minor, minor), blank, wrong, decimals, large)


_SYMBOLS = {
    "AUD": ("A$", "$"),
    "CAD": ("C$", "$"),
    "CHF": ("SFr.", "Fr."),
    "CZK": ("Kč",),
    "DKK": ("kr.", "kr"),
    "EUR": ("€",),
    "GBP": ("£",),
    "JPY": ("¥",),
    "NOK": ("kr",),
    "PLN": ("zł",),
    "SEK": ("kr",),
    "USD": ("US$", "$"),
}
"""How currencies are written beside amounts, apart from their codes."""


def without_currency(texts: pa.Array, currencies: pa.Array) -> pa.Array:
    """Take the row's own currency off its amount; any other stays and is refused.

    >>> amounts = pa.array(["-$1.50", "2,00 EUR", "£3"])
    >>> without_currency(amounts, pa.array(["USD", "EUR", "EUR"])).to_pylist()
    ['-1.50', '2,00', '£3']
    """
    for code in pc.unique(currencies).to_pylist():
        if code is None:
            continue
        words = "|".join(map(re.escape, (code, *_SYMBOLS.get(code, ()))))
        lead = f"^([+(]|{_MINUS}|){_BLANKS}*(?:{words}){_BLANKS}*"
        bare = pc.replace_substring_regex(texts, lead, r"\1")
        trail = f"{_BLANKS}*(?:{words})([-)]?)$"
        bare = pc.replace_substring_regex(bare, trail, r"\1")
        theirs = pc.fill_null(pc.equal(currencies, code), fill_value=False)
        texts = pc.if_else(theirs, bare, texts)
    return texts


def _group(parts: pa.Array, name: str) -> pa.Array:
    return pc.fill_null(pc.struct_field(parts, name), "")


def _mask(flags: pa.Array) -> Mask:
    mask: Mask = flags.to_numpy(zero_copy_only=False)
    return mask


def _filled(texts: pa.Array) -> Mask:
    return _mask(pc.not_equal(texts, ""))


def _minus(texts: pa.Array) -> Mask:
    return _mask(pc.is_in(texts, value_set=pa.array(["-", "\u2212"], texts.type)))


def _lengths(texts: pa.Array) -> Integers:
    lengths: Integers = pc.binary_length(texts).to_numpy(zero_copy_only=False)
    return lengths


def _integers(digits: pa.Array, bad: Mask) -> Integers:
    """Turn digits into integers; 0 where there are none or the row is bad."""
    none = pc.or_(pc.equal(digits, ""), pa.array(bad))
    integers: Integers = pc.cast(pc.if_else(none, "0", digits), pa.int64()).to_numpy()
    return integers


def cell_amount(cell: object, form: Form) -> str | None:
    """Write a spreadsheet's or Parquet's number in the form that texts have.

    A binary float stands for the shortest decimal number that reads back as the same
    float: that is the number that was typed. It is exact up to 15 digits; more
    cannot be kept by a spreadsheet, and are marked as no number.

    >>> from alloc.ingest.profile import Form
    >>> cell_amount(1234.5, Form(decimal=","))
    '1234,5'
    """
    if cell is None or cell == "":
        return None
    if isinstance(cell, str):
        return cell.strip() or None
    if isinstance(cell, bool) or not isinstance(cell, (int, float, Decimal)):
        return f"{cell!r}?"
    number = Decimal(repr(cell)) if isinstance(cell, float) else Decimal(cell)
    if not number.is_finite():
        return f"{cell!r}?"
    number = number.normalize()
    _, digits, exponent = number.as_tuple()
    plain = f"{number:f}".replace(".", form.decimal)
    cut = isinstance(cell, float) and len(digits) > _FLOAT_DIGITS_MAX
    # The last digits of a sum in floats have more decimals than any currency: those
    # are said to be too many. Otherwise it is unknown what the number was.
    return f"{plain}?" if cut and int(exponent) >= -_EXPONENT_MAX else plain


def cell_text(cell: object) -> str | None:
    """Write a spreadsheet cell as text: a number as it was typed, a date as ISO 8601.

    >>> cell_text(12345.0)
    '12345'
    """
    if cell is None:
        return None
    if isinstance(cell, float):
        number = Decimal(repr(cell))
        return f"{number.normalize():f}" if number.is_finite() else str(cell)
    if isinstance(cell, (dt.date, dt.datetime)):
        return cell.isoformat()
    return str(cell).strip() or None


def parse_date(cell: object, forms: Iterable[str]) -> dt.date | None:
    """Parse one date; None when no form fits.

    Parameters
    ----------
    cell
        Text, a number of days, or a date already.
    forms
        See `alloc.ingest.profile.Form.dates`.
    """
    if isinstance(cell, dt.datetime):
        return cell.date()
    if isinstance(cell, dt.date):
        return cell
    for form in forms:
        day = _parse_form(cell, form)
        if day is not None and _YEAR_MIN <= day.year <= _YEAR_MAX:
            return day
    return None


def _parse_form(cell: object, form: str) -> dt.date | None:
    if form.startswith("excel"):
        return _excel_day(str(cell), after_1904=form == "excel1904")
    if not isinstance(cell, str):
        # A spreadsheet keeps 20260401 as a number.
        return _parse_form(cell_text(cell) or "", form)
    try:
        return dt.datetime.strptime(cell, form).date()  # noqa: DTZ007 - a day
    except ValueError:
        return None


_EXCEL_PHANTOM = 60
"""Excel counts 29 February 1900, which never was."""

_EXCEL_LAST = 2_958_465


def _excel_day(text: str, *, after_1904: bool) -> dt.date | None:
    try:
        days = int(Decimal(text).to_integral_value(rounding="ROUND_FLOOR"))
    except (InvalidOperation, ValueError, OverflowError):
        return None
    if not 1 <= days <= _EXCEL_LAST:
        return None
    if after_1904:
        return dt.date(1904, 1, 1) + dt.timedelta(days=days)
    if days == _EXCEL_PHANTOM:
        return None
    first = dt.date(1899, 12, 31 if days < _EXCEL_PHANTOM else 30)
    return first + dt.timedelta(days=days)


def parse_dates(
    cells: pa.Array | list[object], forms: tuple[str, ...]
) -> tuple[pa.Array, Mask]:
    """Parse a column of dates.

    Parameters
    ----------
    cells
        N rows: text (null where blank), dates, timestamps, or Python cells.
    forms
        See `alloc.ingest.profile.Form.dates`.

    Returns
    -------
    (pyarrow.Array, numpy.ndarray)
        N rows date32, null where blank or wrong; N rows bool, where wrong.
    """
    if isinstance(cells, list):
        known = {cell: parse_date(cell, forms) for cell in set(cells)}
        days = [known[cell] for cell in cells]
        wrong = [
            day is None and cell not in (None, "")
            for day, cell in zip(days, cells, strict=True)
        ]
        return pa.array(days, pa.date32()), np.array(wrong, dtype=np.bool_)
    if pa.types.is_temporal(cells.type):
        return cells.cast(pa.date32()), np.zeros(len(cells), dtype=np.bool_)
    coded = pc.dictionary_encode(cells)
    parsed = [parse_date(text, forms) for text in coded.dictionary.to_pylist()]
    days = pc.take(pa.array(parsed, pa.date32()), coded.indices)
    return days, _mask(pc.and_(pc.is_null(days), pc.is_valid(cells)))


_TRUE = frozenset({"1", "true", "yes", "y", "x", "oui", "o", "vrai", "ja", "j"})
_FALSE = frozenset({"0", "false", "no", "n", "non", "faux", "nein"})


def parse_flags(texts: pa.Array) -> tuple[pa.Array, Mask]:
    """Parse a column of yes and no; blank is no.

    Returns
    -------
    (pyarrow.Array, numpy.ndarray)
        N rows bool without nulls; N rows bool, where neither yes nor no was said.
    """
    said = [None if text is None else text.casefold() for text in texts.to_pylist()]
    wrong = [word is not None and word not in _TRUE | _FALSE for word in said]
    flags = pa.array([word in _TRUE for word in said], pa.bool_())
    return flags, np.array(wrong, dtype=np.bool_)
