"""Reverse: undo one posted decision by a mirror entry, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alloc.app.four_eyes import first_to_undo, wants_two
from alloc.app.ports import DecisionFilter, DecisionState
from alloc.app.reversal import Reversal
from alloc.errors import ConflictError, NotFoundError
from alloc.messages import messages_in

if TYPE_CHECKING:
    import datetime as dt

    from alloc.app.ports import Ledger
    from alloc.app.reversal import ReverseResult
    from alloc.settings import Settings


def reverse(
    ledger: Ledger,
    settings: Settings,
    decision_id: int,
    *,
    decided_by: str,
    now: dt.datetime,
) -> ReverseResult | None:
    """Undo a posted decision: its items open again, its payment waits for review.

    The mirror entry is dated today, or the first open day of the entity. The match
    is refused from now on: it is never proposed again.

    Returns
    -------
    ReverseResult or None
        None where nothing is undone yet: the payment is so large that somebody else
        must ask for the same.

    Raises
    ------
    alloc.errors.NotFoundError
        There is no such decision (``DECISION_UNKNOWN``).
    alloc.errors.ConflictError
        It is not posted (``DECISION_NOT_POSTED``), what it left on account was used
        since (``ON_ACCOUNT_USED``), or the same person asked for it before
        (``SECOND_PERSON_NEEDED``).
    """
    found = ledger.decisions(
        DecisionFilter(states=tuple(DecisionState), decision_ids=(decision_id,))
    ).decisions.to_pylist()
    if not found:
        raise NotFoundError(
            f"decision {decision_id} is unknown: see `alloc export csv`",
            reason="DECISION_UNKNOWN",
            decision_id=decision_id,
        )
    decision = found[0]
    if decision["state"] != DecisionState.POSTED:
        raise ConflictError(
            f"decision {decision_id} is not posted ({decision['state']}): "
            "there is nothing to reverse",
            reason="DECISION_NOT_POSTED",
            decision_id=decision_id,
        )
    first = None
    if wants_two(settings, decision):
        first = first_to_undo(ledger, decision, decided_by=decided_by, now=now)
        if first is None:
            return None
    entity = settings.entity(decision["entity"])
    posting_date = entity.first_open_day(now.date())
    label = messages_in(settings.locale).say("Reversal")
    return ledger.reverse(
        Reversal(
            decision_id=decision_id,
            posting_date=posting_date,
            fiscal_year=entity.fiscal_year(posting_date),
            label=label,
            decided_by=decided_by,
            approved_by=first,
        ),
        now=now,
    )
