"""What a rule may explain at most: one that could explain anything is refused."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from alloc.domain.rate import rate_text
from alloc.rules.model import (
    COMBINATIONS_MAX,
    Book,
    Component,
    Measure,
    Per,
    Posting,
    When,
)
from alloc.rules.values import amount_text

if TYPE_CHECKING:
    from alloc.toml_reader import TomlTable

__all__ = [
    "ANYBODY_COMBINATIONS_MAX",
    "SHARE_MAX_PPM",
    "SMALL_MAJOR",
    "SMALL_PPM",
    "check_bounds",
]

SHARE_MAX_PPM = 500_000
"""Largest share of the items that a solved component may take: a half."""

SMALL_PPM = 10_000
"""Up to this share (1 %) a solved component may hold for any payer."""

SMALL_MAJOR = 50
"""Up to this amount, in major units, a solved component may hold for any payer."""


ANYBODY_COMBINATIONS_MAX = 64
"""Combinations of values that a rule may have for any payer: one list's worth."""


def check_bounds(
    root: TomlTable,
    when: When,
    components: tuple[Component, ...],
    posting: Posting,
    exponent: int,
) -> None:
    """Note every component that would explain anything.

    Parameters
    ----------
    root
        The rule's table, for the lines of mistakes.
    when
        Whom the rule is for.
    components
        All of them.
    posting
        What a person looks at may be bounded wider.
    exponent
        Decimals of the currency.
    """
    tables = root.table("component")
    solved = [part for part in components if part.measure is Measure.GAP]
    for component in solved[1:]:
        tables.table(component.name).mistake(
            "amount",
            f"{solved[0].name} is solved from the gap already: only one may be",
        )
    for component in solved:
        table = tables.table(component.name)
        _check_solved(table, when, component, posting, exponent)
    for component in components:
        table = tables.table(component.name)
        if component.measure is Measure.PAYMENT and not when.names_somebody:
            _check_whole(table, when, component, posting, exponent)
        _check_order(table, component)
    _check_count(root, when, components)


def _check_count(
    root: TomlTable, when: When, components: tuple[Component, ...]
) -> None:
    """Refuse so many values that one of them fits by chance."""
    count = prod(part.options for part in components)
    if count > COMBINATIONS_MAX:
        root.mistake(
            "component", f"more than {COMBINATIONS_MAX} combinations of values"
        )
    elif count > ANYBODY_COMBINATIONS_MAX and not when.names_somebody:
        root.mistake(
            "component",
            f"{count} combinations of values fit almost any gap: "
            f"{ANYBODY_COMBINATIONS_MAX} at most, unless [when] names payers or "
            "customers",
        )


def _check_whole(
    table: TomlTable,
    when: When,
    component: Component,
    posting: Posting,
    exponent: int,
) -> None:
    """Bound what takes anybody's payment whole: a word in its text is no limit.

    What opens an item of the customer, like a deposit, loses nothing.
    """
    if not when.text:
        table.mistake(
            "amount",
            "takes any payment whole: say in [when] whom or which text it is for",
        )
        return
    if component.book is Book.ITEM:
        return
    small = SMALL_MAJOR * 10**exponent
    if component.max_minor is None:
        table.mistake(
            "amount",
            "takes a payment of any amount whole for a word in its text: give max, or "
            "name payers or customers in [when]",
        )
    elif component.max_minor > small and posting is Posting.AUTO:
        table.mistake(
            "max",
            f"above {amount_text(small, exponent)} a word in the text is not enough: "
            'name payers or customers in [when], or write posting = "one_click"',
        )


def _check_solved(
    table: TomlTable,
    when: When,
    component: Component,
    posting: Posting,
    exponent: int,
) -> None:
    if when.direction == "none":
        return  # A person names the items: nothing is guessed from an amount.
    share, amount = component.max_ppm, component.max_minor
    if share is None and amount is None:
        table.mistake("amount", "explains any gap: give max_rate, or max, or both")
        return
    if component.book is Book.KEEP:
        return
    seen = bool(when.customers) and posting is not Posting.AUTO
    if share is not None and share > SHARE_MAX_PPM and not seen:
        limit = rate_text(SHARE_MAX_PPM)
        table.mistake(
            "max_rate",
            f"explains almost any gap: {limit} at most, unless [when] names customers "
            "and posting is one_click",
        )
    small = SMALL_MAJOR * 10**exponent
    is_small = (share is not None and share <= SMALL_PPM) or (
        amount is not None and amount <= small
    )
    if not is_small and not when.names_somebody:
        table.mistake(
            "amount",
            f"more than {rate_text(SMALL_PPM)} or {amount_text(small, exponent)} of "
            "anybody's payment: name payers or customers in [when] (a text names "
            "nobody)",
        )


def _check_order(table: TomlTable, component: Component) -> None:
    low, high = component.min_minor, component.max_minor
    if low is not None and high is not None and low > high:
        table.mistake("min", "is above max")
    low, high = component.min_ppm, component.max_ppm
    if low is not None and high is not None and low > high:
        table.mistake("min_rate", "is above max_rate")
    if component.per is Per.LATE_INVOICE and component.measure not in (
        Measure.FIXED,
        Measure.INTEREST,
    ):
        table.mistake("per", "late_invoice is for annual_rate and for amounts")
