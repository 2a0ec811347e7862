"""What is odd in a history: what cannot be compared, and what to look at."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.apply import RULE_EXPLAINS
from alloc.app.open_book import item_keys
from alloc.app.past import EXAMPLES_MAX, PastFinding
from alloc.app.replay.judging import Verdict

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from alloc.app.past import Past, Settled

__all__ = ["against_what_is_said", "sifted"]

#: Reasons of the engine that name the items beyond doubt.
NAMED = ("ADVICE_LINES", "REFERENCES", "REFERENCES_AND_AMOUNT")
#: Fewer items on one side of a day show no habit of numbering.
NUMBERED_MIN = 50
#: What two ways of numbering may have in common, as a part of each: one tenth.
COMMON_PARTS = 10


def sifted(past: Past, currency_of: Mapping[str, str]) -> Past:
    """Take out what no replay can compare, and name what else is odd.

    Parameters
    ----------
    past
        What was read.
    currency_of
        Of each entity's books.

    Returns
    -------
    Past
        Without payments in another currency than the books (``PAYMENT_ABROAD``). What
        was cleared before it was issued (``CLEARED_BEFORE_ISSUED``) is not asked for.
        ``REFERENCES_CHANGED`` and ``CUSTOMERS_CHANGED`` name the day from which the
        items of an entity are numbered otherwise: a new system.
    """
    at_home = [
        currency == currency_of.get(entity, currency)
        for currency, entity in _rows(past.payments, "currency", "entity")
    ]
    abroad = past.payments.filter(pa.array([not one for one in at_home], pa.bool_()))
    issued = _issued(past.items)
    days = dict(_rows(past.payments, "payment_id", "value_date"))
    early = [
        payment_id
        for payment_id, settled in past.settled.items()
        if payment_id in days
        and any(issued.get(key, days[payment_id]) > days[payment_id] for key in settled)
    ]
    beside: dict[dt.date, Settled] = defaultdict(Counter)
    for day, settled in past.beside.items():
        beside[day].update(settled)
    strange = abroad["payment_id"].to_pylist()
    for payment_id in {*early, *strange} & past.settled.keys():
        settled = past.settled[payment_id]
        dates = (issued.get(key, days[payment_id]) for key in settled)
        beside[max(days[payment_id], *dates)].update(settled)
    gone = {*early, *strange}
    findings = [
        *past.findings,
        *_finding("PAYMENT_ABROAD", strange),
        *_finding("CLEARED_BEFORE_ISSUED", early),
        *_finding("REFERENCES_CHANGED", _changes(past.items, "reference")),
        *_finding("CUSTOMERS_CHANGED", _changes(past.items, "customer_id")),
    ]
    return replace(
        past,
        payments=past.payments.filter(pa.array(at_home, pa.bool_())),
        settled={key: one for key, one in past.settled.items() if key not in gone},
        decided_by={key: by for key, by in past.decided_by.items() if key not in gone},
        beside=beside,
        findings=tuple(_added_up(findings)),
    )


def against_what_is_said(outcomes: pa.Table) -> tuple[PastFinding, ...]:
    """Name payments that were cleared otherwise than references or a rule say.

    Parameters
    ----------
    outcomes
        Of a replay. These count as wrong all the same: only a person can tell whether
        they are, or the history is.
    """
    wrong = outcomes.filter(pc.equal(outcomes["verdict"], Verdict.WRONG.value))
    named, ruled = [], []
    for payment_id, reason in _rows(wrong, "payment_id", "reason"):
        if reason in NAMED:
            named.append(payment_id)
        elif reason == RULE_EXPLAINS:
            ruled.append(payment_id)
    return (
        *_finding("CLEARED_AGAINST_REFERENCES", named),
        *_finding("CLEARED_AGAINST_RULE", ruled),
    )


def _rows(table: pa.Table, *names: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(table[name].to_pylist() for name in names), strict=True)


def _issued(items: pa.Table) -> dict[str, dt.date]:
    """Return when items were issued; what alloc booked itself is no document."""
    imported = items.filter(pc.equal(items["source"], "import"))
    keys = item_keys(imported).to_pylist()
    days = zip(keys, imported["issue_date"].to_pylist(), strict=True)
    return {key: day for key, day in days if day is not None}


def _finding(code: str, places: Sequence[str]) -> list[PastFinding]:
    if not places:
        return []
    return [PastFinding(code, len(places), tuple(places[:EXAMPLES_MAX]))]


def _added_up(findings: Iterable[PastFinding]) -> Iterator[PastFinding]:
    by_code: dict[str, PastFinding] = {}
    for one in findings:
        known = by_code.get(one.code, PastFinding(one.code, 0, ()))
        examples = (*known.examples, *one.examples)[:EXAMPLES_MAX]
        by_code[one.code] = PastFinding(one.code, known.count + one.count, examples)
    return (by_code[code] for code in sorted(by_code))


def _changes(items: pa.Table, column: str) -> list[str]:
    """Name the first days on which the items of an entity are numbered otherwise."""
    shapes: dict[str, dict[dt.date, Counter[str]]] = defaultdict(dict)
    for entity, day, text in _rows(items, "entity", "issue_date", column):
        if day is not None and text:
            of_day = shapes[entity].setdefault(day, Counter())
            of_day[_shape(text)] += 1
    found = []
    for entity, by_day in sorted(shapes.items()):
        day = _first_changed(by_day)
        if day is not None:
            found.append(f"{entity} {day}")
    return found


def _shape(text: str) -> str:
    """Write a number as what it is made of: ``FA-2026/0042`` is ``A-9/9``."""
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "A", text))


def _first_changed(by_day: Mapping[dt.date, Counter[str]]) -> dt.date | None:
    """Return the day that parts two ways of numbering best; None of one way."""
    before: Counter[str] = Counter()
    after: Counter[str] = sum(by_day.values(), Counter())
    best: tuple[int, int, dt.date] | None = None
    for day in sorted(by_day):
        left, right = before.total(), after.total()
        if min(left, right) >= NUMBERED_MIN:
            # What both sides have in common, as a share of each, times both sides.
            common = sum(min(before[one] * right, after[one] * left) for one in before)
            if best is None or common * best[1] < best[0] * left * right:
                best = (common, left * right, day)
        before += by_day[day]
        after -= by_day[day]
    if best is None or best[0] * COMMON_PARTS > best[1]:
        return None
    return best[2]
