"""What a past tells, in words that tests compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from alloc.app.past import Past


def told(past: Past) -> list[dict[str, int]]:
    """What each payment settled, by value date."""
    ids = past.payments.sort_by("value_date")["payment_id"].to_pylist()
    return [
        {key.partition("\x1f")[2]: amount for key, amount in past.settled[name].items()}
        for name in ids
        if name in past.settled
    ]


def codes(past: Past) -> dict[str, tuple[str, ...]]:
    """Where each finding was made."""
    return {found.code: found.examples for found in past.findings}
