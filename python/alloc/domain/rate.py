"""Rates in percent: exact decimals in text, parts per million in code."""

from __future__ import annotations

import re

__all__ = ["RATE_PPM_MAX", "parse_rate", "rate_text"]

RATE_PPM_MAX = 1_000_000
"""The whole of what a rate is taken from."""

_RATE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,4}))? ?%")
_PERCENT = RATE_PPM_MAX // 100


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
