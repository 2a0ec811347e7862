"""Exact arithmetic of rules: integers in, integers out, one way of rounding."""

from __future__ import annotations

__all__ = ["PPM", "half_up", "net_of", "portion"]

PPM = 1_000_000
"""A rate of one (100 %) in parts per million."""


def half_up(numerator: int, denominator: int) -> int:
    """Divide and round half away from zero.

    Parameters
    ----------
    numerator
        Any integer.
    denominator
        Above zero.

    Returns
    -------
    int

    Examples
    --------
    >>> half_up(5, 2), half_up(-5, 2), half_up(7, 3)
    (3, -3, 2)
    """
    rounded = (2 * abs(numerator) + denominator) // (2 * denominator)
    return rounded if numerator >= 0 else -rounded


def portion(amount_minor: int, rate_ppm: int) -> int:
    """Return a rate of an amount, rounded once.

    >>> portion(10_020, 25_000)
    251
    """
    return half_up(amount_minor * rate_ppm, PPM)


def net_of(total_minor: int, vat_ppm: int) -> int:
    """Return the amount without VAT that a total with VAT holds; VAT is the rest.

    >>> net_of(6_000, 200_000)
    5000
    """
    return half_up(total_minor * PPM, PPM + vat_ppm)
