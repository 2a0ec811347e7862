"""Whether a rule is for a payment at all, and if not, why not."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from alloc.messages import told

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from alloc.rules.facts import Item, Payment, Situation
    from alloc.rules.model import Rule, When

__all__ = [
    "Misfit",
    "items_misfit",
    "misfit",
    "quotes",
    "stands_in",
    "within_terms",
    "words_of",
]


#: Texts that are kept in words: each rule asks for the same ones again.
WORDS_KEPT = 65_536
_THOUSANDS = re.compile(r"(?<=\d)(?=(?:\d{3})+(?:\.|$))")


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
    found = next(_payment_misfits(rule, situation.payment), None)
    return found or items_misfit(rule, situation)


def items_misfit(rule: Rule, situation: Situation) -> Misfit | None:
    """Say why a rule that is for a payment is not for the items; None when it is.

    Parameters
    ----------
    rule, situation
        See `misfit`.
    """
    return next(_items_misfits(rule.when, situation), None)


def _payment_misfits(rule: Rule, payment: Payment) -> Iterator[Misfit]:
    when = rule.when
    if rule.valid_from and payment.date < rule.valid_from:
        yield Misfit(
            "RULE_NOT_YET_VALID", told("valid from {day} on", day=rule.valid_from)
        )
    if rule.valid_until and payment.date > rule.valid_until:
        yield Misfit("RULE_EXPIRED", told("valid until {day}", day=rule.valid_until))
    if payment.currency != rule.currency:
        message = told(
            "for payments in {wanted}, not {found}",
            wanted=rule.currency,
            found=payment.currency,
        )
        yield Misfit("CURRENCY_DIFFERS", message)
    yield from _direction_misfits(when, payment)
    yield from _party_misfits(when, payment)


def _items_misfits(when: When, situation: Situation) -> Iterator[Misfit]:
    for item in situation.items if when.members else ():
        if item.customer_id not in when.members:
            message = told(
                "item {item} is of {customer}, no member",
                item=item.item_id,
                customer=item.customer_id,
            )
            yield Misfit("CUSTOMER_DIFFERS", message)
    yield from _term_misfits(when, situation)


def _direction_misfits(when: When, payment: Payment) -> Iterator[Misfit]:
    if when.direction == "none":
        if payment.amount_minor:
            message = told("posted without a payment: name items, and no payment")
            yield Misfit("DIRECTION_DIFFERS", message)
        return
    if payment.amount_minor == 0:
        yield Misfit("AMOUNT_ZERO", told("no money moved"))
    direction = "in" if payment.amount_minor > 0 else "out"
    if when.direction not in (direction, "any"):
        message = (
            told("for money that comes in, this goes out")
            if direction == "out"
            else told("for money that goes out, this comes in")
        )
        yield Misfit("DIRECTION_DIFFERS", message)


def _party_misfits(when: When, payment: Payment) -> Iterator[Misfit]:
    if when.entities and payment.entity not in when.entities:
        listed = ", ".join(when.entities)
        yield Misfit(
            "ENTITY_DIFFERS",
            told(
                "for entity {listed}, not {found}", listed=listed, found=payment.entity
            ),
        )
    if when.payers and not stands_in(when.payers, payment.payer_name):
        listed = ", ".join(when.payers)
        yield Misfit(
            "PAYER_DIFFERS",
            told("the payer's name has none of: {listed}", listed=listed),
        )
    iban = "".join(payment.payer_iban.split())
    if when.payer_ibans and iban not in when.payer_ibans:
        yield Misfit(
            "PAYER_DIFFERS", told("paid from another account than those named")
        )
    if when.customers and payment.customer_id not in when.customers:
        listed = ", ".join(when.customers)
        yield Misfit("CUSTOMER_DIFFERS", told("for customer {listed}", listed=listed))
    if when.customer_types and payment.customer_type not in when.customer_types:
        listed = ", ".join(when.customer_types)
        said = payment.customer_type or "none"
        yield Misfit(
            "CUSTOMER_TYPE_DIFFERS",
            told(
                "for customers of type {listed}, not {found}", listed=listed, found=said
            ),
        )
    if when.text and not stands_in(when.text, payment.text):
        listed = ", ".join(when.text)
        yield Misfit(
            "TEXT_MISSING", told("the text has none of: {listed}", listed=listed)
        )
    if when.not_text and stands_in(when.not_text, payment.text):
        listed = ", ".join(when.not_text)
        yield Misfit(
            "TEXT_UNWANTED", told("the text has one of: {listed}", listed=listed)
        )


def _term_misfits(when: When, situation: Situation) -> Iterator[Misfit]:
    """Say that an item has no issue date, or that none was paid within the terms."""
    if when.within_days is None or not situation.items:
        return
    for item in situation.items:
        if item.issue_date is None:
            message = told("item {item} has no issue date", item=item.item_id)
            yield Misfit("ISSUE_DATE_UNKNOWN", message)
            return
    if not within_terms(when, situation):
        first = situation.items[0]
        message = told(
            "item {item} was paid {late} days after its discount term",
            item=first.item_id,
            late=_days(first, situation.payment) - when.within_days,
        )
        yield Misfit("LATE_DISCOUNT", message)


def within_terms(when: When, situation: Situation) -> tuple[Item, ...]:
    """Return the items that were paid within the terms of a rule; all without terms.

    Parameters
    ----------
    when
        Of the rule.
    situation
        The payment and its items.
    """
    if when.within_days is None:
        return situation.items
    last = when.within_days + when.grace_days
    return tuple(
        item for item in situation.items if _days(item, situation.payment) <= last
    )


def _days(item: Item, payment: Payment) -> int:
    """Return the days from the issue of an item to its payment."""
    return (payment.date - (item.issue_date or payment.date)).days


def stands_in(needles: Iterable[str], text: str) -> bool:
    """Say whether one of some texts stands in another, as whole words.

    >>> stands_in(["FA2602-100"], "Acompte sur fact. fa2602 100")
    True
    """
    words = _words(text)
    return any(_words(needle) in words for needle in needles)


def quotes(text: str, amount: str) -> bool:
    """Say whether an amount stands in a text by itself, not as the end of another.

    Parameters
    ----------
    text
        As the payer wrote it.
    amount
        With its decimals; its thousands may stand apart in the text.

    Examples
    --------
    >>> quotes("F12 moins D7 300,00", "300.00"), quotes("solde 1 300,00", "300.00")
    (True, False)
    >>> quotes("F12 moins D7 1 300,00", "1300.00")
    True
    """
    words = words_of(text)
    return any(
        words[at : at + len(wanted)] == wanted and not words[at - 1].isdigit()
        for wanted in (words_of(amount), words_of(_THOUSANDS.sub(" ", amount)))
        for at in range(1, len(words))
    )


@lru_cache(maxsize=WORDS_KEPT)
def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text, without case, accents and signs.

    >>> words_of("Société Générale, S.A.")
    ('societe', 'generale', 's', 'a')
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = (char for char in plain if not unicodedata.combining(char))
    return tuple("".join(c if c.isalnum() else " " for c in kept).split())


def _words(text: str) -> str:
    """Return the words of a text set in blanks."""
    return f" {' '.join(words_of(text))} "
