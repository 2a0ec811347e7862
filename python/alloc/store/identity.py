"""Are bank entries still what was imported? Their ids are made of what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alloc.app.ports import Finding
from alloc.domain.bank import entry_id
from alloc.store.columns import columns

if TYPE_CHECKING:
    from alloc.store.database import Database

_ENTRIES = columns(
    "payment_id account booking_date:text entry_amount_minor currency bank_reference "
    "detail_index detail_count"
)


def findings(db: Database) -> list[Finding]:
    """Return bank entries whose id is not made of what they say."""
    rows = db.query(
        """
        select payment_id, account, booking_date, entry_amount_minor, currency,
          coalesce(bank_reference, ''), detail_index, detail_count
        from bank_entry order by payment_id
        """,
        _ENTRIES,
    )
    odd: dict[tuple[object, ...], set[str]] = {}
    for payment_id, *said, index, count in zip(
        *(column.to_pylist() for column in rows.columns), strict=True
    ):
        suffix = f"-{index + 1}" if count > 1 else ""
        facts = tuple(said)
        if payment_id != entry_id(facts, 1) + suffix:
            odd.setdefault(facts, set()).add(payment_id.removesuffix(suffix))
    changed: list[Finding] = []
    for facts, held in odd.items():
        twins = {entry_id(facts, number) for number in range(2, len(held) + 2)}
        changed += [_changed(payment_id) for payment_id in sorted(held - twins)]
    return changed


def _changed(payment_id: str) -> Finding:
    message = "the bank entry is not what was imported: its id does not fit"
    return Finding("error", "BANK_ENTRY_CHANGED", message, "bank_entry", payment_id)
