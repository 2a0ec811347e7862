"""VAT due on receipt: added to every clearing of items it fits, whoever decides."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from alloc.app.situations import load_facts
from alloc.errors import ConflictError
from alloc.rules.matching import misfit
from alloc.rules.model import Book, Posting
from alloc.rules.parts import vat_due_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from alloc.app.ports import Ledger
    from alloc.app.situations import Facts
    from alloc.rules import Item, Rule
    from alloc.settings import Settings

__all__ = ["is_beside", "items_due", "vat_beside", "vat_falling_due", "with_vat_due"]


def is_beside(rule: Rule) -> bool:
    """Say whether a rule goes with the others instead of competing with them."""
    return rule.always and rule.vat_on_collection and rule.posting is Posting.AUTO


def with_vat_due(
    rule: Rule, rules: Iterable[Rule], facts: Facts, settings: Settings
) -> Rule:
    """Return a rule that also posts the VAT that its clearing makes due.

    Parameters
    ----------
    rule
        What explains the payment.
    rules
        All rules; those of `is_beside` that fit the payment count.
    facts
        The payment, and what is known of it.

    Returns
    -------
    Rule
        Of a loss in an entry of its own it is not known which items were paid: such a
        rule waits for a person.
    """
    if rule.link is not None or is_beside(rule):
        return rule
    due = _due(rules, facts, settings, is_set_off=_is_set_off(rule))
    if due is None:
        return rule
    if any(part.book is Book.ENTRY for part in rule.components):
        return msgspec.structs.replace(rule, posting=Posting.ONE_CLICK)
    return msgspec.structs.replace(
        rule, vat_on_collection=True, vat_on_payment=due[0].vat_on_payment
    )


def _is_set_off(rule: Rule) -> bool:
    """Say whether a rule clears debts against claims without a payment."""
    offsets = any(part.book is Book.OFFSET for part in rule.components)
    return offsets and rule.when.direction == "none"


def vat_falling_due(
    ledger: Ledger,
    settings: Settings,
    rules: Sequence[Rule],
    payment_id: str,
    paid: Mapping[str, int],
) -> list[dict[str, Any]]:
    """Return the VAT that a person's choice makes due, as adjustments of rank 0.

    Parameters
    ----------
    rules
        All rules; those of `is_beside` that fit the payment count.
    paid
        Item -> minor units of the books that are allocated to it.

    Raises
    ------
    alloc.errors.ConflictError
        ``NOT_EXPLAINED``: the VAT of an item is not known.
    """
    beside = [rule for rule in rules if is_beside(rule)]
    if not beside or not paid:
        return []
    facts = load_facts(ledger, settings, payment_id, items=list(paid), rules=beside)
    # Items and allocations are compared in the currency of the books.
    facts = replace(facts, payment=dict(facts.payment) | {"foreign_currency": None})
    items = items_due(beside, facts, settings) or ()
    for item in items:
        if item.vat is None:
            raise ConflictError(
                f"the VAT of item {item.item_id} is not known: import it with the "
                "item, it falls due with the payment",
                reason="NOT_EXPLAINED",
                payment_id=payment_id,
                item_id=item.item_id,
                why="VAT_UNKNOWN",
            )
    return vat_beside(payment_id, items, paid)


def vat_beside(
    payment_id: str, items: Sequence[Item], paid: Mapping[str, int]
) -> list[dict[str, Any]]:
    """Return the VAT that an allocation makes due, as adjustments of rank 0.

    Parameters
    ----------
    payment_id
        Whose adjustments.
    items
        Whose VAT falls due, and is known.
    paid
        Item -> minor units of the books that are allocated to it.
    """
    left = {item.item_id: item.open_minor - paid[item.item_id] for item in items}
    said = {"payment_id": payment_id, "rank": 0}
    return [
        said
        | {
            "role": line.role,
            "amount_minor": line.amount_minor,
            "item_id": line.item_id,
            "rate_ppm": line.vat_ppm,
        }
        for line in vat_due_lines(items, left, {})
    ]


def items_due(
    rules: Iterable[Rule], facts: Facts, settings: Settings
) -> Sequence[Item] | None:
    """Return the items whose VAT falls due with a payment; None when no rule says.

    Parameters
    ----------
    rules
        Those of `is_beside` that fit the payment count.
    facts, settings
        See `with_vat_due`.
    """
    due = _due(rules, facts, settings)
    return None if due is None else due[1]


def _due(
    rules: Iterable[Rule], facts: Facts, settings: Settings, *, is_set_off: bool = False
) -> tuple[Rule, Sequence[Item]] | None:
    """Return the rule by which VAT falls due, and of which items."""
    for rule in filter(is_beside, rules):
        case = facts.situations(rule, settings)[0]
        asked = rule
        if is_set_off:  # It is a payment, though no money moves.
            when = msgspec.structs.replace(rule.when, direction="none")
            asked = msgspec.structs.replace(rule, when=when)
        if misfit(asked, case) is None:
            return rule, case.items
    return None
