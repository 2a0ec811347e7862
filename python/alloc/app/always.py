"""VAT due on receipt: added to every clearing of items it fits, whoever decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from alloc.rules.matching import misfit
from alloc.rules.model import Book, Posting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from alloc.app.situations import Facts
    from alloc.rules import Rule
    from alloc.settings import Settings

__all__ = ["is_beside", "with_vat_due"]


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
    fits = any(
        is_beside(other) and misfit(other, facts.situations(other, settings)[0]) is None
        for other in rules
    )
    if not fits:
        return rule
    if any(part.book is Book.ENTRY for part in rule.components):
        return msgspec.structs.replace(rule, posting=Posting.ONE_CLICK)
    return msgspec.structs.replace(rule, vat_on_collection=True)
