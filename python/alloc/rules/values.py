"""Amounts as rules write them: exact decimals in text."""

from __future__ import annotations

import re

__all__ = ["amount_text", "parse_amount"]

_AMOUNT = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]+))?")


def parse_amount(text: str, exponent: int) -> int | None:
    """Read an amount in major units with a point; None when it is none.

    >>> parse_amount("12.3", 2), parse_amount("-0.05", 2), parse_amount("12,30", 2)
    (1230, -5, None)
    """
    found = _AMOUNT.fullmatch(text)
    if found is None or len(found[3] or "") > exponent:
        return None
    minor = int(found[2] + (found[3] or "").ljust(exponent, "0"))
    return -minor if found[1] else minor


def amount_text(minor: int, exponent: int) -> str:
    """Write an amount as `parse_amount` reads it.

    >>> amount_text(-5, 2), amount_text(500, 0)
    ('-0.05', '500')
    """
    digits = str(abs(minor)).rjust(exponent + 1, "0")
    sign = "-" if minor < 0 else ""
    if not exponent:
        return sign + digits
    return f"{sign}{digits[:-exponent]}.{digits[-exponent:]}"
