"""Amounts, dates and account numbers of messages between machines, read exactly."""

from __future__ import annotations

import datetime as dt
import re

from alloc.domain.check_digits import is_valid
from alloc.engine import currency_exponent
from alloc.ingest.remittance.model import AMOUNT_DIGITS_MAX, wrong

__all__ = ["exact_minor", "exponent_of", "iban_of", "plain_date", "whole_number"]

_AMOUNT = re.compile(r"([+-]?)([0-9]*)(?:[.,]([0-9]*))?", re.ASCII)
_UNKNOWN_EXPONENT = 2
_YEAR_MIN, _YEAR_MAX = 1900, 2199


def exponent_of(currency: str | None) -> int:
    """Return the decimals of a currency; 2 where none is named."""
    exponent = currency_exponent(currency) if currency else None
    return _UNKNOWN_EXPONENT if exponent is None else exponent


def exact_minor(
    text: str, currency: str | None, *, name: str, line: int, field: str
) -> int:
    """Turn ``-1234.5`` or ``1234,50`` into minor units, exactly.

    Parameters
    ----------
    text
        An amount without marks between thousands.
    currency
        Whose decimals count.
    name, line, field
        Where it stands, for messages.

    Raises
    ------
    alloc.errors.InputError
        ``AMOUNT_INVALID``, ``AMOUNT_DECIMALS`` (more than the currency has) or
        ``AMOUNT_TOO_LARGE``.
    """
    found = _AMOUNT.fullmatch(text.strip())
    if found is None or not (found[2] or found[3]):
        raise wrong(
            name,
            line,
            "AMOUNT_INVALID",
            f"{field}: {text[:40]!r} is no amount",
            field=field,
        )
    exponent = exponent_of(currency)
    part = (found[3] or "").rstrip("0")
    if len(part) > exponent:
        raise wrong(
            name,
            line,
            "AMOUNT_DECIMALS",
            f"{field}: {text[:40]!r} has more than the {exponent} decimals of "
            f"{currency or 'most currencies'}",
            field=field,
        )
    digits = (found[2] + part.ljust(exponent, "0")).lstrip("0") or "0"
    if len(digits) > AMOUNT_DIGITS_MAX:
        raise wrong(
            name,
            line,
            "AMOUNT_TOO_LARGE",
            f"{field}: {text[:40]!r} has too many digits",
            field=field,
        )
    return -int(digits) if found[1] == "-" else int(digits)


def plain_date(text: str, form: str = "%Y%m%d") -> dt.date | None:
    """Parse a date of a machine; None where it is none (one is never needed)."""
    try:
        day = dt.datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - a day
    except ValueError:
        return None
    return day if _YEAR_MIN <= day.year <= _YEAR_MAX else None


def whole_number(text: str) -> int | None:
    """Parse a count of a trailer; None where it is none."""
    plain = text.strip()
    short = plain.isascii() and plain.isdigit() and len(plain) <= AMOUNT_DIGITS_MAX
    return int(plain) if short else None


def iban_of(text: str | None) -> str | None:
    """Return an account number as an IBAN, or None where its check digits fail."""
    plain = "".join((text or "").split()).upper()
    return plain if is_valid("iban", plain) else None
