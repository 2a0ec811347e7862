"""A rule as the exact core is asked: what each item is worth in cash under it.

An item is worth what is open of it less what the rule takes off it. Which items were
paid is then a question of sums: those whose worths add up to the cash. The question
admits at least every set that the rule explains; `alloc.rules.explain` has the last
word on each set that is found.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from alloc.rules.arithmetic import PPM
from alloc.rules.explaining import combinations_of, options_of
from alloc.rules.model import Base, Book, Measure, Per, Rule, Side
from alloc.rules.parts import Unknown, base_of, fixed_part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alloc.rules.explaining import Option
    from alloc.rules.facts import Item, Situation
    from alloc.rules.model import Component
    from alloc.rules.parts import Part

__all__ = ["Question", "is_searchable", "questions"]

QUESTIONS_MAX = 64
"""Combinations of values for which sets of items are searched."""

_WHOLE = (Measure.PAYMENT, Measure.RETURNED)
_PER_PAYMENT = (Measure.CHARGES, Measure.SUPPLIER)
_BORNE = (Base.BORNE, Base.BORNE_HT)
_MOVES_BASE = (Book.KEEP, Book.TRANSFER, Book.ENTRY)


class Question(NamedTuple):
    """Which items are worth the cash, for one combination of a rule's values.

    Parameters
    ----------
    worths
        One an item, minor units; None when the rule says nothing of the item.
    low_minor, high_minor
        What the worths of the items paid add up to.
    """

    worths: tuple[int | None, ...]
    low_minor: int
    high_minor: int


def is_searchable(rule: Rule) -> bool:
    """Say whether a rule tells what each item is worth, whatever else is paid.

    Not those for the whole of a payment, for items of another company, and for what
    nothing else explains; nor a rate of what a fixed sum before it leaves.
    """
    before = False
    for part in rule.components:
        if part.measure in _WHOLE or (part.base in _BORNE and before):
            return False
        before |= part.book in _MOVES_BASE and _is_constant(part)
    is_plain = rule.link is None and not rule.fallback and not rule.always
    return is_plain and rule.when.direction in ("in", "any")


def questions(rule: Rule, situation: Situation) -> Iterator[Question]:
    """Ask for every combination of a rule's values which items were paid.

    Parameters
    ----------
    rule
        One of `is_searchable`.
    situation
        The payment, and all items that it may pay.

    Yields
    ------
    Question
        None of them when there are more than `QUESTIONS_MAX`.
    """
    if combinations_of(rule, situation) > QUESTIONS_MAX:
        return
    options = [options_of(part, situation) for part in rule.components]
    for values in product(*options):
        named = zip(rule.components, values, strict=True)
        chosen = [(part, value) for part, value in named if value is not None]
        question = _question(chosen, situation)
        if question is not None:
            yield question


def _question(
    chosen: Sequence[tuple[Component, Option]], situation: Situation
) -> Question | None:
    fixed = 0
    for component, option in chosen:
        if _is_constant(component):
            part = fixed_part(component, option, situation, ())
            if isinstance(part, Unknown):
                return None
            fixed += part.signed_minor
    varying = [pair for pair in chosen if not _is_constant(pair[0])]
    solved = [part for part, _ in varying if part.measure is Measure.GAP]
    rated = [pair for pair in varying if pair[0].measure is not Measure.GAP]
    worths = [_worth(rated, item, situation) for item in situation.items]
    slack = sum(_rounding(part, len(worths)) for part, _ in rated)
    cash = situation.payment.amount_minor + fixed
    low, high = _gap(solved[0], situation.items, worths, cash) if solved else (0, 0)
    return Question(tuple(worths), cash + low - slack, cash + high + slack)


def _is_constant(component: Component) -> bool:
    """Say whether a component is the same whatever items are paid."""
    if component.measure is Measure.FIXED:
        return component.per is Per.PAYMENT
    return component.measure in _PER_PAYMENT


def _worth(
    rated: Sequence[tuple[Component, Option]], item: Item, situation: Situation
) -> int | None:
    """Return what an item is worth when it is paid alone."""
    alone = msgspec.structs.replace(situation, items=(item,))
    parts: list[Part] = []
    for component, option in rated:
        part = fixed_part(component, option, alone, parts)
        if isinstance(part, Unknown):
            if part.reason == "COMPONENT_ZERO":
                continue
            return None
        parts.append(part)
    return item.open_minor - sum(part.signed_minor for part in parts)


def _rounding(component: Component, items: int) -> int:
    """Return by how much an amount rounded once may differ from those of each item."""
    if component.per is not Per.PAYMENT or component.measure is not Measure.RATE:
        return 0
    # The amount, and its VAT; that of items may be of several rates.
    lines = 1 if component.vat is None else 2 if component.vat.rate_ppm else items
    return (1 + lines) * (items + 1) // 2


def _gap(
    component: Component, items: Sequence[Item], worths: Sequence[int | None], cash: int
) -> tuple[int, int]:
    """Return the least and the most that a component solved from the gap comes to.

    Its share is of a base that grows with the items paid. With ``most`` the largest
    ratio of base and worth, the bases of any set are at most ``most`` times its worths
    and what single items have beyond; likewise ``least``.
    """
    known = [
        (base_of(component.base, item), worth)
        for item, worth in zip(items, worths, strict=True)
        if worth is not None
    ]
    ratios = [Fraction(base, worth) for base, worth in known if worth > 0]
    if not ratios:
        return (0, 0)
    most, least = max(ratios), min(ratios)
    over = sum(max(base - most * worth, Fraction(0)) for base, worth in known)
    under = sum(min(base - least * worth, Fraction(0)) for base, worth in known)
    total = sum(abs(worth) for _, worth in known)

    def share(ppm: int, ratio: Fraction, sign: int, beyond: Fraction | int) -> Fraction:
        part = Fraction(ppm, PPM)
        rest = 1 - sign * part * ratio
        return part * (ratio * cash + beyond) / rest if rest > 0 else Fraction(total)

    def span(sign: int) -> tuple[int, int]:
        low, high = component.min_minor or 0, Fraction(total)
        if component.min_ppm is not None and component.base not in _BORNE:
            low = max(low, int(share(component.min_ppm, least, sign, under)) - 1)
        if component.max_minor is not None:
            high = min(high, Fraction(component.max_minor))
        if component.max_ppm is not None:
            high = min(high, share(component.max_ppm, most, sign, over))
        return max(low, 0), int(high) + 1

    if component.side is Side.EITHER:
        return -span(-1)[1], span(1)[1]
    low, high = span(1 if component.side is Side.DEBIT else -1)
    return (low, high) if component.side is Side.DEBIT else (-high, -low)
