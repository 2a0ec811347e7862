"""Explaining a gap: every combination of a rule's values, exactly.

Conservation of an explanation, in minor units: cash + debits - credits = what the
items lose, where debits and credits are its lines and what it leaves open is not lost.
"""

from __future__ import annotations

from itertools import chain, combinations, product
from math import prod
from typing import TYPE_CHECKING

import msgspec

from alloc.domain.rate import rate_text
from alloc.messages import told
from alloc.rules.arithmetic import PPM, half_up
from alloc.rules.facts import DEPOSIT, Situation
from alloc.rules.matching import Misfit, misfit, within_terms
from alloc.rules.model import Base, Book, Component, Measure, Rule
from alloc.rules.parts import (
    Part,
    Unknown,
    fixed_part,
    left_on_youngest,
    solved_part,
    to_lines,
)
from alloc.rules.values import amount_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alloc.rules.facts import Item
    from alloc.rules.parts import Line

__all__ = [
    "Explanation",
    "Option",
    "Outcome",
    "combinations_of",
    "explain",
    "explain_by_one",
    "options_of",
    "unknown_vat",
]

SUPPLIER_ITEMS_MAX = 10
"""Debts to one party that an offset chooses from."""

_WITHOUT_VAT = (Base.HT, Base.VAT, Base.BORNE_HT)

COMBINATIONS_TRIED_MAX = 65_536
"""Combinations of values and debts that are tried for one payment."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which a rule makes up the gap.

    Parameters
    ----------
    lines
        `alloc.rules.parts.Line`: what is posted beside cash and items.
    left
        Item -> what stays open on it, minor units; items not named are cleared.
    offset
        Supplier item -> what is cleared of it (its open amount, < 0).
    """

    lines: tuple[Line, ...]
    left: tuple[tuple[str, int], ...] = ()
    offset: tuple[tuple[str, int], ...] = ()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule says of a payment.

    Parameters
    ----------
    rule
        ``id@version``; of several rules, all that fit, joined by ", ".
    status
        ``explained`` (exactly one way), ``ambiguous`` or ``none``.
    reason, message
        A stable code and a sentence.
    explanations
        One when explained, all that differ when ambiguous.
    """

    rule: str
    status: str
    reason: str
    message: str
    explanations: tuple[Explanation, ...] = ()


def explain(rule: Rule, situation: Situation, *, exponent: int = 2) -> Outcome:
    """Try every combination of a rule's values on a payment.

    Parameters
    ----------
    rule
        As `alloc.rules.read_rule` checked it.
    situation
        The payment, the items it would clear in due order, and the debts beside them.
    exponent
        Decimals of the currency, for messages.

    Returns
    -------
    Outcome
        ``explained`` when exactly one combination makes up the gap to the minor unit.
    """
    if found := misfit(rule, situation):
        return _none(rule, found.reason, found.message)
    if found := _items_misfit(rule, situation):
        return _none(rule, found.reason, found.message)
    debts = situation.supplier_items if rule.vat_on_payment else ()
    if unknown := unknown_vat(rule, (*situation.items, *debts)):
        message = told(
            "the VAT of item {item} is not known: import it with the item", item=unknown
        )
        return _none(rule, "VAT_UNKNOWN", message)
    if combinations_of(rule, situation) > COMBINATIONS_TRIED_MAX:
        message = told(
            "more than {count} combinations: name the items",
            count=COMBINATIONS_TRIED_MAX,
        )
        return _none(rule, "COMBINATIONS_OVER_LIMIT", message)
    return _Trial(rule, situation, exponent).run()


def explain_by_one(outcomes: Sequence[Outcome]) -> Outcome:
    """Choose among what several rules say: two that fit are for a person.

    Parameters
    ----------
    outcomes
        One a rule.

    Returns
    -------
    Outcome
        The only one that is explained; ``ambiguous`` with ``RULES_AMBIGUOUS`` when
        rules contend, also when one of them is ambiguous by itself; else ``none``.
    """
    fits = [outcome for outcome in outcomes if outcome.status != "none"]
    if len(fits) == 1:
        return fits[0]
    if not fits:
        message = told("no rule explains the gap")
        return Outcome(rule="", status="none", reason="NO_RULE", message=message)
    names = sorted(outcome.rule for outcome in fits)
    return Outcome(
        rule=", ".join(names),
        status="ambiguous",
        reason="RULES_AMBIGUOUS",
        message=told(
            "{count} rules explain the gap: {names}",
            count=len(fits),
            names=", ".join(names),
        ),
        explanations=tuple(way for outcome in fits for way in outcome.explanations),
    )


def _none(rule: Rule, reason: str, message: str) -> Outcome:
    return Outcome(rule=rule.name, status="none", reason=reason, message=message)


def _items_misfit(rule: Rule, situation: Situation) -> Misfit | None:
    """Say whether items are there that are not wanted, or not there."""
    whole = (Measure.PAYMENT, Measure.RETURNED)
    takes_cash = any(part.measure in whole for part in rule.components)
    is_refund = rule.when.direction == "out" and not rule.components
    takes_payment = any(part.measure is Measure.PAYMENT for part in rule.components)
    if (takes_payment or is_refund) and situation.payment.returned_minor:
        return Misfit(
            "RETURNED", told("it takes back a payment that was posted before")
        )
    if not situation.items and not takes_cash:
        return Misfit("NO_ITEMS", told("there is no item to clear"))
    if situation.items and takes_cash:
        return Misfit("ITEMS_NAMED", told("it takes the cash whole, without items"))
    if takes_cash and situation.named:
        message = told(
            "it names {item}, which is open: it pays a part of it",
            item=situation.named[0],
        )
        return Misfit("ITEMS_NAMED", message)
    return None


def unknown_vat(rule: Rule, items: Sequence[Item]) -> str | None:
    """Name the first item whose VAT the rule needs and nobody knows.

    Parameters
    ----------
    rule
        Its rates may follow the VAT of the items.
    items
        That it is tried on.
    """
    needed = rule.vat_on_collection or any(
        (part.base in _WITHOUT_VAT and part.measure is Measure.RATE)
        or part.measure is Measure.VAT
        or (part.vat and part.vat.rate_ppm is None and part.book is not Book.OFFSET)
        for part in rule.components
    )
    if not needed:
        items = [i for i in items if rule.vat_on_refund and i.kind == DEPOSIT]
    return next((item.item_id for item in items if item.vat is None), None)


def combinations_of(rule: Rule, situation: Situation) -> int:
    """Count the combinations of a rule's values on a payment.

    Parameters
    ----------
    rule, situation
        See `explain`.
    """
    count = prod(part.options for part in rule.components)
    offsets = any(part.measure is Measure.SUPPLIER for part in rule.components)
    if offsets and situation.moves_money:
        debts = len(situation.supplier_items)
        if debts > SUPPLIER_ITEMS_MAX:
            return COMBINATIONS_TRIED_MAX + 1
        count *= 2**debts
    return count


#: Values of one component: None is absent, an int a rate or amount, a tuple debts.
Option = int | tuple[int, ...] | None


def options_of(component: Component, situation: Situation) -> list[Option]:
    """List the values that a component may have on a payment.

    Parameters
    ----------
    component
        One of a rule.
    situation
        Says which debts there are to choose from.
    """
    options: list[Option] = [None] if component.optional else []
    if component.measure is Measure.SUPPLIER:
        debts = range(len(situation.supplier_items))
        if not situation.moves_money:
            return [*options, tuple(debts)]
        sizes = range(1, len(debts) + 1)
        return options + list(
            chain.from_iterable(combinations(debts, size) for size in sizes)
        )
    return options + list(component.rates_ppm or component.amounts_minor or (0,))


class _Trial:
    """All combinations of one rule on one payment."""

    def __init__(self, rule: Rule, situation: Situation, exponent: int) -> None:
        self.rule, self.situation, self.exponent = rule, situation, exponent
        #: Components are of the items paid in time; the others are paid whole.
        self.in_time = msgspec.structs.replace(
            situation, items=within_terms(rule.when, situation)
        )
        self.failure: tuple[str, str] = (
            "GAP_DIFFERS",
            told("nothing makes up the gap"),
        )

    def run(self) -> Outcome:
        rule = self.rule
        ways: dict[tuple[object, ...], Explanation] = {}
        tried = [options_of(part, self.situation) for part in rule.components]
        for options in product(*tried):
            if way := self._tried(options):
                key = (tuple(line.posted for line in way.lines), way.left, way.offset)
                ways.setdefault(key, way)
        found = tuple(ways.values())
        if not found:
            return _none(rule, *self.failure)
        if len(found) == 1:
            message = told("exactly one combination makes up the gap")
            return Outcome(
                rule=rule.name,
                status="explained",
                reason="EXPLAINED",
                message=message,
                explanations=found,
            )
        return Outcome(
            rule=rule.name,
            status="ambiguous",
            reason="VALUES_AMBIGUOUS",
            message=told(
                "{count} combinations of its values make up the gap", count=len(found)
            ),
            explanations=found,
        )

    def _tried(self, options: Sequence[Option]) -> Explanation | None:
        """Work out one combination; None when it does not make up the gap."""
        named = zip(self.rule.components, options, strict=True)
        chosen = [(part, option) for part, option in named if option is not None]
        solved = [part for part, _ in chosen if part.measure is Measure.GAP]
        parts: list[Part] = []
        for component, option in chosen:
            if component.measure is Measure.GAP:
                continue
            part = self._known(fixed_part(component, option, self.in_time, parts))
            if part is None:
                return None
            parts.append(part)
        rest = self.situation.gap_minor - sum(part.signed_minor for part in parts)
        for component in solved:
            part = self._known(solved_part(component, rest, self.in_time, parts))
            if part is None:
                return None
            parts, rest = [*parts, part], 0
        if rest and not self._may_be_kept(parts):
            paid = self.situation.payment.amount_minor + rest
            said = amount_text(paid, self.exponent)
            self._fail(
                "GAP_DIFFERS",
                told("it would explain a payment of {amount}", amount=said),
            )
            return None
        return self._explanation(parts, kept=rest)

    def _known(self, part: Part | Unknown) -> Part | None:
        """Return a component that has an amount, within its bounds."""
        if isinstance(part, Unknown):
            self._fail(part.reason, part.message)
            return None
        return part if self._within_bounds(part) else None

    def _may_be_kept(self, parts: Sequence[Part]) -> bool:
        """Say whether items keep what debts are too small for: a set-off of no cash."""
        return not self.situation.moves_money and any(part.offset for part in parts)

    def _explanation(
        self, parts: Sequence[Part], *, kept: int = 0
    ) -> Explanation | None:
        left = dict(left_on_youngest(self.situation.items, kept, parts))
        offset: list[tuple[str, int]] = []
        for part in parts:
            offset += part.offset
            if part.component.book is Book.KEEP:
                for item_id, minor in part.by_item:
                    left[item_id] = left.get(item_id, 0) + minor
        if not self._can_be_left(parts, left, kept):
            return None
        lines = to_lines(self.rule, self.situation, parts, left)
        return Explanation(
            lines=tuple(lines), left=tuple(left.items()), offset=tuple(offset)
        )

    def _can_be_left(
        self, parts: Sequence[Part], left: dict[str, int], kept: int
    ) -> bool:
        """Check that no item loses more than it has open."""
        wanted = kept + sum(
            part.signed_minor for part in parts if part.component.book is Book.KEEP
        )
        uncleared = dict(left)
        for part in parts:
            if part.component.book in (Book.TRANSFER, Book.ENTRY):
                for item_id, minor in part.by_item:
                    uncleared[item_id] = uncleared.get(item_id, 0) + minor
        opened = {item.item_id: item.open_minor for item in self.situation.items}
        for item_id, minor in uncleared.items():
            if not 0 <= minor * _sign(opened[item_id]) <= abs(opened[item_id]):
                self._fail(
                    "OPEN_EXCEEDED",
                    told("item {item} has less open than that", item=item_id),
                )
                return False
        if wanted != sum(left.values()):
            self._fail("OPEN_EXCEEDED", told("the items have less open than that"))
            return False
        return True

    def _fail(self, reason: str, message: str) -> None:
        if self.failure[0] != "OUT_OF_BOUNDS":
            self.failure = (reason, message)

    def _within_bounds(self, part: Part) -> bool:
        component, total = part.component, abs(part.signed_minor)
        base = abs(part.base_minor)
        low, high = component.min_minor, component.max_minor
        fits = (low is None or total >= low) and (high is None or total <= high)
        if component.min_ppm is not None:
            fits = fits and total * PPM >= component.min_ppm * base
        if component.max_ppm is not None:
            fits = fits and total * PPM <= component.max_ppm * base
        if not fits:
            share = rate_text(half_up(total * PPM, base)) if base else "all"
            said = amount_text(total, self.exponent)
            message = told(
                "{name} would be {amount} ({share} of its base): beyond its bounds",
                name=component.name,
                amount=said,
                share=share,
            )
            self._fail("OUT_OF_BOUNDS", message)
        return fits


def _sign(minor: int) -> int:
    return -1 if minor < 0 else 1
