"""Whether a rule is for a payment at all, and if not, why not."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alloc.rules.facts import Item, Payment, Situation
    from alloc.rules.model import Rule, When

__all__ = ["Misfit", "misfit", "stands_in", "words_of"]


class Misfit(NamedTuple):
    """Why a rule does not hold: a stable code and a sentence."""

    reason: str
    message: str


def misfit(rule: Rule, situation: Situation) -> Misfit | None:
    """Say why a rule is not for a payment; None when it is.

    Parameters
    ----------
    rule
        With its conditions and its validity.
    situation
        The payment and the items it is compared with.
    """
    return next(_misfits(rule, situation), None)


def _misfits(rule: Rule, situation: Situation) -> Iterator[Misfit]:
    payment, when = situation.payment, rule.when
    if rule.valid_from and payment.date < rule.valid_from:
        yield Misfit("RULE_NOT_YET_VALID", f"valid from {rule.valid_from} on")
    if rule.valid_until and payment.date > rule.valid_until:
        yield Misfit("RULE_EXPIRED", f"valid until {rule.valid_until}")
    if payment.currency != rule.currency:
        message = f"for payments in {rule.currency}, not {payment.currency}"
        yield Misfit("CURRENCY_DIFFERS", message)
    yield from _direction_misfits(when, payment)
    yield from _party_misfits(when, payment)
    for item in situation.items:
        if when.members and item.customer_id not in when.members:
            message = f"item {item.item_id} is of {item.customer_id}, no member"
            yield Misfit("CUSTOMER_DIFFERS", message)
        yield from _term_misfits(when, item, payment)


def _direction_misfits(when: When, payment: Payment) -> Iterator[Misfit]:
    if when.direction == "none":
        if payment.amount_minor:
            message = "posted without a payment: name items, and no payment"
            yield Misfit("DIRECTION_DIFFERS", message)
        return
    if payment.amount_minor == 0:
        yield Misfit("AMOUNT_ZERO", "no money moved")
    direction = "in" if payment.amount_minor > 0 else "out"
    if when.direction not in (direction, "any"):
        message = f"for money going {when.direction}, this goes {direction}"
        yield Misfit("DIRECTION_DIFFERS", message)


def _party_misfits(when: When, payment: Payment) -> Iterator[Misfit]:
    if when.entities and payment.entity not in when.entities:
        listed = ", ".join(when.entities)
        yield Misfit("ENTITY_DIFFERS", f"for entity {listed}, not {payment.entity}")
    if when.payers and not stands_in(when.payers, payment.payer_name):
        listed = ", ".join(when.payers)
        yield Misfit("PAYER_DIFFERS", f"the payer's name has none of: {listed}")
    iban = "".join(payment.payer_iban.split())
    if when.payer_ibans and iban not in when.payer_ibans:
        yield Misfit("PAYER_DIFFERS", "paid from another account than those named")
    if when.customers and payment.customer_id not in when.customers:
        listed = ", ".join(when.customers)
        yield Misfit("CUSTOMER_DIFFERS", f"for customer {listed}")
    if when.customer_types and payment.customer_type not in when.customer_types:
        listed = ", ".join(when.customer_types)
        said = payment.customer_type or "none"
        yield Misfit(
            "CUSTOMER_TYPE_DIFFERS", f"for customers of type {listed}, not {said}"
        )
    if when.text and not stands_in(when.text, payment.text):
        listed = ", ".join(when.text)
        yield Misfit("TEXT_MISSING", f"the text has none of: {listed}")
    if when.not_text and stands_in(when.not_text, payment.text):
        listed = ", ".join(when.not_text)
        yield Misfit("TEXT_UNWANTED", f"the text has one of: {listed}")


def _term_misfits(when: When, item: Item, payment: Payment) -> Iterator[Misfit]:
    if when.within_days is None:
        return
    if item.issue_date is None:
        message = f"item {item.item_id} has no issue date"
        yield Misfit("ISSUE_DATE_UNKNOWN", message)
        return
    days = (payment.date - item.issue_date).days
    if days > when.within_days + when.grace_days:
        late = days - when.within_days
        message = f"item {item.item_id} was paid {late} days after its discount term"
        yield Misfit("LATE_DISCOUNT", message)


def stands_in(needles: Iterable[str], text: str) -> bool:
    """Say whether one of some texts stands in another, as whole words.

    >>> stands_in(["FA2602-100"], "Acompte sur fact. fa2602 100")
    True
    """
    words = _words(text)
    return any(_words(needle) in words for needle in needles)


def words_of(text: str) -> list[str]:
    """Return the words of a text, without case, accents and signs.

    >>> words_of("Société Générale, S.A.")
    ['societe', 'generale', 's', 'a']
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = (char for char in plain if not unicodedata.combining(char))
    return "".join(char if char.isalnum() else " " for char in kept).split()


def _words(text: str) -> str:
    """Return the words of a text set in blanks."""
    return f" {' '.join(words_of(text))} "
