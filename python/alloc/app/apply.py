"""Apply: one rule on one payment, shown first and posted when asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.app.always import with_vat_due
from alloc.app.drafting import drafted_payment
from alloc.app.fitting import fit_rule, try_rule
from alloc.app.four_eyes import first_of, wants_two
from alloc.app.operation import Operation, operation_facts, operation_row
from alloc.app.ports import (
    DecisionFilter,
    DecisionState,
    PaymentState,
    PostingBatch,
)
from alloc.app.reversal import ReturnedPayment, Reversal
from alloc.app.rule_drafting import draft_rule
from alloc.app.situations import load_facts
from alloc.errors import ConflictError
from alloc.rules.model import Measure, Posting

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from alloc.app.fitting import Tried
    from alloc.app.ports import Ledger, PostResult
    from alloc.app.rule_drafting import RuleDrafts
    from alloc.app.situations import Facts
    from alloc.rules import Outcome, Rule
    from alloc.settings import Settings

__all__ = [
    "Applied",
    "Preview",
    "apply",
    "batch_of",
    "decision_of",
    "draft_outcome",
    "explain_payment",
    "preview",
]

#: Why a decision was posted by a rule.
RULE_EXPLAINS = "RULE"


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would post for a payment.

    Parameters
    ----------
    rule
        ``id@version``.
    outcome
        What the rule says; drafts are there only when it is explained.
    payment
        The row of the payment.
    drafts
        The entries and what they settle.
    returned
        The decision on the payment that is taken back, if one is.
    """

    rule: Rule
    outcome: Outcome
    payment: Mapping[str, Any]
    customer_id: str | None
    drafts: RuleDrafts | None
    returned: Mapping[str, Any] | None = None

    def entries(self) -> list[dict[str, Any]]:
        """List the entries with their lines, for people and programs."""
        if self.drafts is None:
            return []
        tables = self.drafts.drafts
        entries = []
        for entry in tables.entries.to_pylist():
            mine = pc.equal(tables.postings["draft_index"], entry["draft_index"])
            names = ("account", "customer_id", "label", "amount_minor", "item_id")
            lines = [
                {name: line[name] for name in names}
                for line in tables.postings.filter(mine).to_pylist()
            ]
            head = ("entity", "journal", "posting_date", "piece_date", "piece_ref")
            said = {name: entry[name] for name in (*head, "label", "currency")}
            entries.append(said | {"lines": lines})
        return entries


@dataclass(frozen=True, slots=True)
class Applied:
    """What `apply` did: the preview, and what was posted unless it was before.

    A large payment is not posted yet when somebody else must apply the same.
    """

    preview: Preview | None
    result: PostResult | None
    already: bool = False
    second_person_needed: bool = False


def preview(
    ledger: Ledger,
    settings: Settings,
    rule: Rule,
    occasion: str | Operation,
    *,
    today: dt.date,
    items: Sequence[str] | None = None,
    party: str = "",
    rules: Sequence[Rule] = (),
) -> Preview:
    """Show what a rule would post; nothing is written.

    Parameters
    ----------
    occasion
        The id of a payment, or an operation that moves no money.
    today
        The day on which it would be posted.
    items
        The items a payment clears; else those that were proposed, or the whole
        balance. An operation names its own.
    party
        Customer of what the rule moves or opens, when the rule names none.
    rules
        All rules: VAT that falls due on receipt is posted with what this one says.

    Raises
    ------
    alloc.errors.NotFoundError
        The payment or an item is unknown.
    alloc.errors.ConflictError
        The payment is posted (``PAYMENT_DECIDED``) or none (``NOT_A_PAYMENT``).
    """
    if isinstance(occasion, Operation):
        facts = operation_facts(ledger, settings, rule, occasion, rules=rules)
    else:
        facts = load_facts(
            *(ledger, settings, occasion), items=items, rules=(rule, *rules)
        )
    rule = with_vat_due(rule, rules, facts, settings)
    _check_open(facts.payment)
    tried = _tried(settings, rule, facts, items)
    return draft_outcome(settings, rule, facts, tried, today=today, party=party)


def apply(
    ledger: Ledger,
    settings: Settings,
    rule: Rule,
    occasion: str | Operation,
    *,
    decided_by: str,
    now: dt.datetime,
    items: Sequence[str] | None = None,
    party: str = "",
    status: str = "review",
    rules: Sequence[Rule] = (),
) -> Applied:
    """Post what a rule explains; asked again, it says that it was done.

    Parameters
    ----------
    decided_by
        Who decided, for the audit trail.
    occasion, items, party, rules
        See `preview`.
    status
        ``review`` for a person's decision, ``auto`` for one without.

    Raises
    ------
    alloc.errors.ConflictError
        What `preview` raises; ``RULE_NEVER_POSTS``; ``NOT_EXPLAINED`` with the reason;
        ``SECOND_PERSON_NEEDED``.
    """
    payment_id = occasion if isinstance(occasion, str) else occasion.identity(rule)
    if _posted_by(ledger, payment_id) == rule.name:
        return Applied(preview=None, result=None, already=True)
    shown = preview(
        *(ledger, settings, rule, occasion),
        today=now.date(),
        items=items,
        party=party,
        rules=rules,
    )
    if rule.posting is Posting.NEVER:
        raise ConflictError(
            f"rule {rule.name} only shows: it has posting = never",
            reason="RULE_NEVER_POSTS",
            rule=rule.name,
        )
    if shown.drafts is None:
        raise ConflictError(
            f"rule {rule.name} does not explain {payment_id}: {shown.outcome.message}",
            reason="NOT_EXPLAINED",
            rule=rule.name,
            payment_id=payment_id,
            why=shown.outcome.reason,
        )
    first = None
    if status == "review" and wants_two(settings, shown.payment):
        first = first_of(
            *(ledger, shown.payment, shown.customer_id),
            shown.drafts.allocations.to_pylist(),
            shown.drafts.adjustments.to_pylist(),
            decided_by=decided_by,
            now=now,
        )
        if first is None:
            return Applied(preview=shown, result=None, second_person_needed=True)
    if takes_back(settings, shown):
        terms = returned_of(
            *(settings, shown, shown.drafts),
            status=status,
            decided_by=decided_by,
            approved_by=first,
        )
        ledger.return_payment(terms, now=now)
        return Applied(preview=shown, result=None)
    batch = batch_of(
        shown, shown.drafts, status=status, decided_by=decided_by, approved_by=first
    )
    return Applied(preview=shown, result=ledger.post(batch, now=now))


def takes_back(settings: Settings, shown: Preview) -> bool:
    """Say whether a rule posts that the bank took a payment back.

    In a closed period letters are left alone: the return is an item of its own.
    """
    if shown.returned is None:
        return False
    if all(part.measure is not Measure.RETURNED for part in shown.rule.components):
        return False
    entity = settings.entity(shown.payment["entity"])
    day: dt.date = shown.returned["value_date"]
    return entity.first_open_day(day) == day


def returned_of(
    settings: Settings,
    shown: Preview,
    drafts: RuleDrafts,
    *,
    status: str,
    decided_by: str,
    approved_by: str | None = None,
) -> ReturnedPayment:
    """Return what the ledger needs to post that a payment came back.

    Parameters
    ----------
    shown, drafts, status, decided_by, approved_by
        See `batch_of`.
    """
    (entry,) = drafts.drafts.entries.to_pylist()
    payment, returned = shown.payment, shown.returned or {}
    accounts = settings.entity(payment["entity"]).accounts
    found = settings.bank_account(payment["account"])
    return ReturnedPayment(
        payment_id=payment["payment_id"],
        terms=Reversal(
            decision_id=returned["decision_id"],
            posting_date=entry["posting_date"],
            fiscal_year=entry["fiscal_year"],
            label=entry["label"],
            decided_by=decided_by,
            approved_by=approved_by,
        ),
        journal=entry["journal"],
        bank_account=found[1].account if found else accounts["bank"],
        piece_date=entry["piece_date"],
        piece_ref=entry["piece_ref"],
        customer_id=shown.customer_id,
        adjustments=tuple(
            (row["role"], accounts[row["role"]], row["amount_minor"], row["rate_ppm"])
            for row in drafts.adjustments.to_pylist()
            if row["role"] != "customer"
        ),
        rule=shown.rule.name,
        status=status,
    )


def batch_of(
    shown: Preview,
    drafts: RuleDrafts,
    *,
    status: str,
    decided_by: str,
    approved_by: str | None = None,
) -> PostingBatch:
    """Return the batch that posts what a rule explains.

    Parameters
    ----------
    shown, drafts
        What was drafted.
    status, decided_by
        See `apply`.
    approved_by
        Who applied the same before, where two people must.
    """
    operation = operation_row(shown.payment)
    decision = decision_of(shown, status=status, reason=RULE_EXPLAINS)
    return PostingBatch(
        decisions=decision.append_column(
            "approved_by", pa.array([approved_by], pa.string())
        ),
        allocations=drafts.allocations,
        adjustments=drafts.adjustments,
        drafts=drafts.drafts,
        decided_by=decided_by,
        operations=() if operation is None else (operation,),
    )


def decision_of(shown: Preview, *, status: str, reason: str) -> pa.Table:
    """Return the decision that a rule makes, by the engine's contract."""
    decision = {
        "payment_id": shown.payment["payment_id"],
        "status": status,
        "proof": "unique",
        "confidence_ppm": 0,
        "explanations_count": 1,
        "rule": shown.rule.name,
        "reason": reason,
        "customer_id": shown.customer_id,
    }
    return pa.Table.from_pylist([decision], schema=engine.schema("decisions"))


def explain_payment(
    ledger: Ledger,
    settings: Settings,
    rules: Sequence[Rule],
    payment_id: str,
    *,
    items: Sequence[str] | None = None,
) -> list[Outcome]:
    """Say of each rule whether it fits a payment, and if not, why not."""
    facts = load_facts(ledger, settings, payment_id, items=items, rules=rules)
    return [_tried(settings, rule, facts, items).outcome for rule in rules]


def _tried(
    settings: Settings, rule: Rule, facts: Facts, items: Sequence[str] | None
) -> Tried:
    """Try a rule; items that a person names are not searched."""
    fit = fit_rule if items is None else try_rule
    return fit(settings, rule, facts)


def draft_outcome(
    settings: Settings,
    rule: Rule,
    facts: Facts,
    tried: Tried,
    *,
    today: dt.date,
    party: str = "",
) -> Preview:
    """Draft what a rule explains; nothing is drafted when it does not.

    Parameters
    ----------
    tried
        What `alloc.app.fitting.fit_rule` returned.
    today, party
        See `preview`.
    """
    outcome, situation = tried.outcome, tried.situation
    drafts, customer_id = None, facts.customer_id
    if outcome.status == "explained" and situation is not None:
        owners = {item.customer_id for item in situation.items}
        if len(owners) == 1:
            customer_id = owners.pop()
        row = dict(facts.payment)
        row |= {"customer_id": customer_id or party or None, "identified": True}
        drafts = draft_rule(
            settings,
            drafted_payment(row),
            rule,
            situation,
            outcome.explanations[0],
            facts=facts,
            today=today,
            party=party,
        )
    return Preview(rule, outcome, facts.payment, customer_id, drafts, facts.returned)


#: Bank entries that are no payments, and that a rule may post.
MONEY_OUT = ("DEBIT",)


def _check_open(payment: Mapping[str, Any]) -> None:
    payment_id = payment["payment_id"]
    if payment["state"] == PaymentState.POSTED:
        raise ConflictError(
            f"payment {payment_id} is posted: undo it with `alloc reverse` first",
            reason="PAYMENT_DECIDED",
            payment_id=payment_id,
        )
    is_out = payment["amount_minor"] < 0 and payment["aside_reason"] in MONEY_OUT
    if payment["state"] == PaymentState.ASIDE and not is_out:
        raise ConflictError(
            f"bank entry {payment_id} is no payment ({payment['aside_reason']})",
            reason="NOT_A_PAYMENT",
            payment_id=payment_id,
        )


def _posted_by(ledger: Ledger, payment_id: str) -> str | None:
    """Name the rule by which a payment is posted."""
    posted = DecisionFilter(states=(DecisionState.POSTED,), payment_ids=(payment_id,))
    rows = ledger.decisions(posted).decisions.to_pylist()
    return next((row["rule"] for row in rows), None)
