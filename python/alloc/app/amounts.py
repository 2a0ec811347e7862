"""Amounts in the messages of errors and notices: plain, the same in every locale."""

from __future__ import annotations

from alloc.engine import currency_exponent

__all__ = ["amount_text"]


def amount_text(minor: int, currency: str) -> str:
    """Write minor units with the decimals of their currency.

    >>> amount_text(-123405, "EUR")
    '-1234.05 EUR'
    >>> amount_text(500, "JPY")
    '500 JPY'
    """
    digits = currency_exponent(currency) or 0
    sign, plain = "-" if minor < 0 else "", str(abs(minor)).rjust(digits + 1, "0")
    whole, part = plain[: len(plain) - digits], plain[len(plain) - digits :]
    return f"{sign}{whole}{'.' if part else ''}{part} {currency}".rstrip()
