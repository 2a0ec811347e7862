"""Amounts as people type them."""

from __future__ import annotations

import re

import click

from alloc.engine import currency_exponent

__all__ = ["parse_amount"]

_AMOUNT = re.compile(
    r"(?P<sign>[-\u2212]?)(?P<whole>\d{1,3}(?:[ \u00a0\u202f]\d{3}){1,4}|\d{1,15})"
    r"(?:(?P<mark>[.,])(?P<part>\d+))?"
)
_MARKS = {"en": ".", "fr": ","}
_THOUSANDS = 3


def parse_amount(text: str, currency: str, locale: str = "en") -> int:
    """Read a typed amount: ``12.34`` EUR is 1234, and so is ``12,34``.

    Parameters
    ----------
    text
        Digits with a decimal mark; blanks between thousands.
    currency
        ISO 4217 code, which says how many decimals there may be.
    locale
        Whose decimal mark alone counts where three decimals may be thousands.

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
    own = _MARKS.get(locale, ".")
    doubtful = found is not None and len(part) == _THOUSANDS and found["mark"] != own
    if found is None or len(part) > exponent or doubtful:
        raise click.BadParameter(
            f"{text!r} is no amount in {currency}: write it with a decimal {own!r}, at"
            f" most {exponent} decimals, and no mark between thousands"
        )
    whole = re.sub(r"\D", "", found["whole"])
    minor = int(whole + part.ljust(exponent, "0"))
    return -minor if found["sign"] else minor
