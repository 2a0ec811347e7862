"""A rule on a payment: on the items at hand, else on those the exact core finds."""

from __future__ import annotations

from math import gcd
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from alloc import engine
from alloc.messages import told
from alloc.rules import Outcome, Situation, explain
from alloc.rules.explaining import unknown_vat
from alloc.rules.matching import items_misfit, misfit
from alloc.rules.searching import is_searchable, questions
from alloc.subset import Budget, Delta, solve

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from alloc.app.situations import Facts
    from alloc.rules import Item, Rule
    from alloc.rules.searching import Question
    from alloc.settings import Settings

__all__ = ["Tried", "fit_rule", "fits_all_named", "search_items", "try_rule"]

SEARCH_ITEMS_MAX = 40
"""Items that nothing names, of which sets are searched: beyond, no amount can tell."""

SEARCH_SETS_MAX = 64
"""Sets that one combination of values may have before it tells nothing."""

SEARCH_BUDGET = Budget(steps=1 << 23)
"""Work for one combination of values: some milliseconds."""

CERTAIN_PPM = 1_000_000


class Tried(NamedTuple):
    """What a rule says of a payment, and of which items.

    Parameters
    ----------
    outcome
        Of the rule.
    situation
        The payment and its items, when exactly one set of them fits.
    chance_ppm
        Bound of the chance that amounts hit upon the set; 0 when it was at hand.
    """

    outcome: Outcome
    situation: Situation | None
    chance_ppm: int = 0


def try_rule(settings: Settings, rule: Rule, facts: Facts) -> Tried:
    """Try a rule on each set of items at hand; two sets that fit are for a person.

    Parameters
    ----------
    settings
        Accounts of the entity.
    rule
        Any rule.
    facts
        The payment, and the sets that it may clear.
    """
    exponent = engine.currency_exponent(facts.payment["currency"]) or 0
    outcomes = [
        (explain(rule, situation, exponent=exponent), situation)
        for situation in facts.situations(rule, settings)
    ]
    fits = [pair for pair in outcomes if pair[0].status != "none"]
    if not fits:
        return Tried(outcomes[0][0], None)
    return Tried(*fits[0]) if len(fits) == 1 else _several(rule, fits)


def fit_rule(settings: Settings, rule: Rule, facts: Facts) -> Tried:
    """Try a rule on the sets at hand, and search others when none of them fits.

    Parameters
    ----------
    settings, rule, facts
        See `try_rule`.
    """
    tried = try_rule(settings, rule, facts)
    if tried.outcome.status != "none":
        return tried
    found = search_items(settings, rule, facts)
    return found if found is not None else tried


def search_items(settings: Settings, rule: Rule, facts: Facts) -> Tried | None:
    """Ask the exact core which items make up the cash under a rule.

    First whether those that the payer names do, then which of them, then which
    others beside all of them. A set counts when the rule explains the payment with it.

    Parameters
    ----------
    settings, rule, facts
        See `try_rule`.

    Returns
    -------
    Tried
        None when no set fits, or when there are too many to look at.
    """
    if facts.customer_id is None or not is_searchable(rule):
        return None
    if misfit(rule, facts.bare) is not None:
        return None
    case = facts.situations(rule, settings)[0]
    bare = msgspec.structs.replace(case, items=())
    debts = {item.item_id for item in case.supplier_items}
    pool = [item for item in facts.pool if item.item_id not in debts]
    called = facts.named
    named = [item for item in pool if item.item_id in called]
    others = [item for item in pool if item.item_id not in called]
    if not all(_may_be(rule, bare, item) for item in named):
        return None
    others = [item for item in others if _may_be(rule, bare, item)]
    return (
        _all_of(rule, bare, named)
        or _search(rule, bare, (), named)
        or _search(rule, bare, named, others)
    )


def fits_all_named(rule: Rule, facts: Facts, case: Situation) -> bool:
    """Say whether a rule explains a payment with all items that the payer names.

    Parameters
    ----------
    rule, facts
        See `try_rule`.
    case
        The payment, with any items.
    """
    named = [item for item in facts.pool if item.item_id in facts.named]
    return _all_of(rule, case, named) is not None


def _all_of(rule: Rule, bare: Situation, named: Sequence[Item]) -> Tried | None:
    """Try all items that are named, though the engine did not propose them."""
    case = msgspec.structs.replace(bare, items=tuple(named))
    outcome = explain(rule, case)
    fits = bool(named) and outcome.status != "none"
    return Tried(outcome, case, CERTAIN_PPM) if fits else None


def _may_be(rule: Rule, bare: Situation, item: Item) -> bool:
    alone = msgspec.structs.replace(bare, items=(item,))
    return items_misfit(rule, alone) is None and unknown_vat(rule, (item,)) is None


def _search(
    rule: Rule, bare: Situation, fixed: Sequence[Item], free: Sequence[Item]
) -> Tried | None:
    """Find the sets of free items that are worth the cash with the fixed ones."""
    if not free or len(free) > SEARCH_ITEMS_MAX:
        return None
    whole = msgspec.structs.replace(bare, items=(*fixed, *free))
    fits: dict[tuple[str, ...], tuple[Outcome, Situation]] = {}
    chance_ppm = 0
    for question in questions(rule, whole):
        sets = _sets(question, len(fixed))
        if sets is None:
            return None
        chance_ppm += _chance_ppm(question, len(fixed))
        for chosen in sets:
            items = [*fixed, *(whole.items[at] for at in chosen)]
            items.sort(key=lambda item: (str(item.due_date or ""), item.item_id))
            tried = msgspec.structs.replace(bare, items=tuple(items))
            outcome = explain(rule, tried)
            if outcome.status != "none":
                fits[tuple(item.item_id for item in items)] = (outcome, tried)
    if not fits:
        return None
    if len(fits) > 1:
        return _several(rule, list(fits.values()))
    return Tried(*next(iter(fits.values())), chance_ppm=min(chance_ppm, CERTAIN_PPM))


def _sets(question: Question, fixed: int) -> list[tuple[int, ...]] | None:
    """Return all sets of free items that answer a question, by their places.

    None when they are too many, or too hard, to know all of them.
    """
    sure = question.worths[:fixed]
    if None in sure:
        return []
    held = sum(worth for worth in sure if worth is not None)
    free = list(_free(question, fixed))
    if not free:
        return []
    if any(worth == 0 for _, worth in free):
        return None  # It may have been paid or not.
    width = question.high_minor - question.low_minor
    solution = solve(
        [worth for _, worth in free],
        question.low_minor - held,
        kinds=[at for at, _ in free],
        deltas=[Delta(low_minor=0, high_minor=width)] if width else [],
        budget=SEARCH_BUDGET,
        explanations_max=SEARCH_SETS_MAX,
        wrong_max_ppm=0,
    )
    if solution.count_high != len(solution.explanations):
        return None
    return [tuple(free[at][0] for at in way.items) for way in solution.explanations]


def _free(question: Question, fixed: int) -> Iterator[tuple[int, int]]:
    for at, worth in enumerate(question.worths[fixed:], start=fixed):
        if worth is not None:
            yield at, worth


def _chance_ppm(question: Question, fixed: int) -> int:
    """Bound how many sets would answer a question if amounts were drawn at random."""
    free = [abs(worth) for _, worth in _free(question, fixed)]
    step = max(gcd(*free), 1)
    places = (question.high_minor - question.low_minor) // step + 1
    return -(-(CERTAIN_PPM * places * step << len(free)) // max(sum(free), 1))


def _several(rule: Rule, fits: Sequence[tuple[Outcome, Situation]]) -> Tried:
    outcome = Outcome(
        rule=rule.name,
        status="ambiguous",
        reason="ITEMS_AMBIGUOUS",
        message=told(
            "it fits {count} sets of items: name them with --items", count=len(fits)
        ),
        explanations=tuple(way for one, _ in fits for way in one.explanations),
    )
    return Tried(outcome, None)
