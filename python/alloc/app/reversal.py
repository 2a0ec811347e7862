"""What it takes to undo a decision, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import datetime as dt

    import pyarrow as pa

    from alloc.app.ports import PaymentState

__all__ = ["ReturnedPayment", "Reversal", "ReverseResult"]


@dataclass(frozen=True, slots=True)
class Reversal:
    """A decision to undo by a mirror entry.

    Parameters
    ----------
    decision_id
        A posted decision.
    posting_date, fiscal_year
        Of the mirror entry: an open period.
    label
        The word for a reversal; the label reads ``Extourne BQ1-000042``.
    decided_by
        Who undoes it.
    approved_by
        Who wanted the same before, where two people must.
    reason
        Upper snake code, kept with the refusal of the match.
    """

    decision_id: int
    posting_date: dt.date
    fiscal_year: int
    label: str
    decided_by: str
    approved_by: str | None = None
    reason: str = "REVERSED"


@dataclass(frozen=True, slots=True)
class ReturnedPayment:
    """A debit of the bank that takes a posted payment back.

    Parameters
    ----------
    payment_id
        The debit, which is aside.
    terms
        The decision of the payment that comes back, date, label and who decides.
    journal, bank_account, piece_date, piece_ref
        Of the entry.
    customer_id
        Whose payment it was.
    adjustments
        (role, account, minor units, rate) of what the bank took beside it.
    rule, status
        By which rule, and whether alone (``auto``).
    """

    payment_id: str
    terms: Reversal
    journal: str
    bank_account: str
    piece_date: dt.date
    piece_ref: str
    customer_id: str | None
    adjustments: tuple[tuple[str, str, int, int | None], ...]
    rule: str
    status: str


@dataclass(frozen=True, slots=True)
class ReverseResult:
    """What `Ledger.reverse` did; ``reopened`` has: entity, item_id, open_minor.

    ``payment_state`` is None where no payment caused the decision.
    """

    decision_id: int
    payment_id: str
    payment_state: PaymentState | None
    seq: int
    number: int
    reopened: pa.Table
    closed: tuple[str, ...]
