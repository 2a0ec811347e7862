"""Amounts as people type them."""

from __future__ import annotations

import re

import click

from alloc.engine import currency_exponent

__all__ = ["parse_amount"]

_AMOUNT = re.compile(r"(?P<sign>-?)(?P<whole>\d{1,15})(?:\.(?P<part>\d+))?")


def parse_amount(text: str, currency: str) -> int:
    """Read a typed amount: ``12.34`` EUR is 1234.

    Parameters
    ----------
    text
        Digits with a decimal point; no thousands separator.
    currency
        ISO 4217 code, which says how many decimals there may be.

    Returns
    -------
    int
        Minor units, exact.

    Raises
    ------
    click.BadParameter
        It is no amount, or has more decimals than the currency.
    """
    exponent = currency_exponent(currency) or 0
    found = _AMOUNT.fullmatch(text.strip())
    part = (found["part"] or "") if found else ""
    if found is None or len(part) > exponent:
        raise click.BadParameter(
            f"{text!r} is no amount in {currency}: write it with a decimal point and"
            f" at most {exponent} decimals"
        )
    minor = int(found["whole"] + part.ljust(exponent, "0"))
    return -minor if found["sign"] else minor
