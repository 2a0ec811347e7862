"""What the engine and the rules say of a payment, in one form."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from alloc.app.apply import RULE_EXPLAINS
from alloc.app.past import charged_by, settled_by

if TYPE_CHECKING:
    from alloc.app.past import Charged, Settled
    from alloc.app.ruling import Ruled
    from alloc.engine import Proposal

__all__ = ["Answer", "answers_of", "ruled_answers"]


class Answer(NamedTuple):
    """A decision, or the first proposal for a person.

    Parameters
    ----------
    automatic
        Whether nobody is asked.
    reason
        Why.
    rule
        Which rules fit; empty where none does.
    confidence_ppm
        How sure the engine is; None of a rule.
    customer_id
        The payer decided on.
    settled, charged
        What is taken off items, and what is booked beside it.
    """

    automatic: bool
    reason: str
    rule: str
    confidence_ppm: int | None
    customer_id: str | None
    settled: Settled
    charged: Charged


def answers_of(proposal: Proposal, ruled: Ruled) -> dict[str, Answer]:
    """Return the answer on each payment of a day."""
    settled = settled_by(proposal.allocations)
    charged = charged_by(proposal.adjustments)
    answers = {}
    for row in proposal.decisions.to_pylist():
        payment_id = row["payment_id"]
        rule, reason = ruled.noted.get(payment_id, (row["rule"] or "", row["reason"]))
        answers[payment_id] = Answer(
            automatic=row["status"] == "auto" and payment_id not in ruled.noted,
            reason=reason,
            rule=rule,
            confidence_ppm=row["confidence_ppm"],
            customer_id=row["customer_id"],
            settled=settled.get(payment_id, Counter()),
            charged=charged.get(payment_id, Counter()),
        )
    return answers | ruled_answers(ruled)


def ruled_answers(ruled: Ruled) -> dict[str, Answer]:
    """Return the answer on each payment that a rule posts."""
    answers = {}
    for shown in ruled.posted:
        if shown.drafts is None:
            continue
        payment_id = shown.payment["payment_id"]
        settled = settled_by(shown.drafts.allocations)
        charged = charged_by(shown.drafts.adjustments)
        answers[payment_id] = Answer(
            automatic=True,
            reason=RULE_EXPLAINS,
            rule=shown.rule.name,
            confidence_ppm=None,
            customer_id=shown.customer_id,
            settled=settled.get(payment_id, Counter()),
            charged=charged.get(payment_id, Counter()),
        )
    return answers
