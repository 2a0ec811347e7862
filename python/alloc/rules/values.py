"""Amounts and rates as rules write them: exact decimals in text."""

from __future__ import annotations

import re

from alloc.rules.arithmetic import PPM

__all__ = ["amount_text", "parse_amount", "parse_rate", "rate_text"]

_AMOUNT = re.compile(r"(-?)([0-9]{1,15})(?:\.([0-9]+))?")
_RATE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,4}))? ?%")
_PERCENT = PPM // 100


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


def parse_rate(text: str) -> int | None:
    """Read a rate in percent as parts per million; None when it is none.

    >>> parse_rate("12.15%"), parse_rate("20 %"), parse_rate("0.2")
    (121500, 200000, None)
    """
    found = _RATE.fullmatch(text)
    if found is None:
        return None
    return int(found[1]) * _PERCENT + int((found[2] or "").ljust(4, "0"))


def rate_text(ppm: int) -> str:
    """Write a rate in percent, as short as it is exact.

    >>> rate_text(25_000), rate_text(200_000)
    ('2.5%', '20%')
    """
    whole, part = divmod(ppm, _PERCENT)
    decimals = f".{part:04}".rstrip("0") if part else ""
    return f"{whole}{decimals}%"
