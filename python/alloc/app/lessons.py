"""What accepted deductions teach: rules that are proposed to a person."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow.compute as pc

from alloc.app.past import MACHINE, between
from alloc.app.payer_memory import RULE
from alloc.app.ports import DecisionFilter, DecisionState
from alloc.domain.rate import rate_text
from alloc.engine import currency_exponent
from alloc.rules import parse_rule, run_examples
from alloc.rules.values import amount_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from alloc.app.ports import Ledger
    from alloc.rules import Rule

__all__ = [
    "KEPT_DAYS",
    "PAYMENTS_MIN",
    "Case",
    "Lesson",
    "is_refused",
    "learned_lessons",
    "proposed_lessons",
]

#: Payments of longer ago count no more; a rule that is accepted holds so long.
KEPT_DAYS = 365
#: The same deduction taken so often looks like an agreement.
PAYMENTS_MIN = 3
#: Payments that a proposed rule carries as its examples.
EXAMPLES_MAX = 3


class _Template(NamedTuple):
    """A rule of the library that a deduction becomes, and what of it is set."""

    base: str
    component: str
    has_rate: bool
    when: str = ""
    head: str = ""
    of: str = ""


#: By the role that a deduction was booked on.
TEMPLATES = {
    "discount_granted": _Template("discount-net", "discount", has_rate=True),
    "bank_charges": _Template("bank-charges", "charges", has_rate=False),
    "commission": _Template(
        *("insurer-commission-rate", "commission"),
        has_rate=True,
        when="customer_types = []\n",
        head='document = "awaited"\n',
        of='of = "ttc"\n',
    ),
}
#: What stands beside a deduction: the tax on it.
TAX = "vat_awaiting_invoice"


@dataclass(frozen=True, slots=True)
class Case:
    """A payment on which a person accepted a deduction.

    Parameters
    ----------
    payment_id, value_date, currency, amount_minor, decided_at, decided_by
        The payment, and who accepted it when (UTC, ISO 8601).
    items
        Id, what was cleared of it, and the day of issue.
    lines
        Role, amount and rate of what was deducted.
    """

    payment_id: str
    value_date: dt.date
    currency: str
    amount_minor: int
    decided_at: str
    decided_by: str
    items: tuple[tuple[str, int, dt.date | None], ...]
    lines: tuple[tuple[str, int, int | None], ...]

    @property
    def days(self) -> int | None:
        """Days from the oldest item to the payment; None where one has no date."""
        dates = [issued for _, _, issued in self.items]
        known = [issued for issued in dates if issued is not None]
        if len(known) < len(dates):
            return None
        return (self.value_date - min(known)).days


@dataclass(frozen=True, slots=True)
class Lesson:
    """A rule that the deductions of one payer suggest.

    Parameters
    ----------
    rule_id
        Id of the rule; it names the lesson.
    entity, customer_id
        Whose payments to whom.
    role
        What was deducted.
    rate_ppm, amount_minor
        The share, or the amount; the other is None.
    per
        What the share is rounded on: ``invoice`` or ``payment``.
    cases
        The payments that the rule explains to the minor unit, oldest first.
    """

    rule_id: str
    entity: str
    customer_id: str
    role: str
    rate_ppm: int | None
    amount_minor: int | None
    per: str
    cases: tuple[Case, ...]

    @property
    def value(self) -> str:
        """The share or the amount, as rules write it."""
        if self.rate_ppm is not None:
            return rate_text(self.rate_ppm)
        return _major(self.amount_minor or 0, self.cases[0].currency)

    @property
    def within_days(self) -> int | None:
        """Most days from an item to its payment; None where a date is not known."""
        days = [case.days for case in self.cases]
        known = [count for count in days if count is not None]
        return max(known) if len(known) == len(days) else None

    def text(self, *, author: str, version: int, day: dt.date) -> str:
        """Write the rule as a file, valid for `KEPT_DAYS` from a day on."""
        head = _head(self, author=author, version=version, day=day)
        body = [_when(self), _component(self)]
        examples = [_example(self, case) for case in self.cases[-EXAMPLES_MAX:]]
        return "\n".join([head, *body, *examples])

    def rule(self, day: dt.date) -> Rule:
        """Return the rule as it would stand on a day."""
        text = self.text(author=MACHINE, version=1, day=day)
        return parse_rule(text, name=f"rules/{self.rule_id}.toml")


def learned_lessons(
    ledger: Ledger, rules: Sequence[Rule], day: dt.date
) -> list[Lesson]:
    """Return the rules that deductions suggest on a day, refused ones too.

    Parameters
    ----------
    ledger
        Only read.
    rules
        Those of the workspace: what one of them says already is left out.
    day
        Payments of more than `KEPT_DAYS` before it count no more, later ones not yet.
    """
    groups: dict[tuple[Any, ...], list[Case]] = defaultdict(list)
    for entity, customer_id, case in _cases(ledger, day):
        role, minor, rate = case.lines[0]
        value = (rate, None) if TEMPLATES[role].has_rate else (None, minor)
        tax = case.lines[1:] and case.lines[1][2]
        groups[entity, customer_id, role, *value, tax, case.currency].append(case)
    valid = {rule.id for rule in rules if (rule.valid_until or day) >= day}
    lessons = []
    for key in sorted(groups, key=str):
        lesson = _explaining(key, groups[key])
        if lesson is not None and lesson.rule_id not in valid:
            lessons.append(lesson)
    return lessons


def proposed_lessons(
    ledger: Ledger, rules: Sequence[Rule], day: dt.date
) -> list[Lesson]:
    """Return those of `learned_lessons` that nobody refused."""
    found = learned_lessons(ledger, rules, day)
    return [lesson for lesson in found if not is_refused(ledger, lesson)]


def is_refused(ledger: Ledger, lesson: Lesson) -> bool:
    """Say whether a person refused it when more than half of its payments were there.

    Payments fade, and so does what was refused of them.
    """
    told = ledger.forgotten_facts(lesson.rule_id).to_pylist()
    moments = [row["forgotten_at"] for row in told if row["kind"] == RULE]
    last = max(moments, default="")
    before = [case for case in lesson.cases if case.decided_at <= last]
    return len(lesson.cases) < 2 * len(before)


def _cases(ledger: Ledger, day: dt.date) -> Iterator[tuple[str, str, Case]]:
    """Yield the deductions that people accepted, with entity and customer."""
    posted = ledger.decisions(DecisionFilter(states=(DecisionState.POSTED,)))
    since = day - dt.timedelta(days=KEPT_DAYS)
    recent = between(posted.decisions, since=since, until=day)
    by_person = pc.not_equal(recent["decided_by"], MACHINE)
    rows = recent.filter(by_person).sort_by(
        [("value_date", "ascending"), ("payment_id", "ascending")]
    )
    items = _by_decision(posted.allocations.to_pylist())
    lines = _by_decision(posted.adjustments.to_pylist())
    for row in rows.to_pylist():
        mine, beside = items[row["decision_id"]], lines[row["decision_id"]]
        customers = {item["customer_id"] for item in mine}
        abroad = any(item["foreign_minor"] is not None for item in mine)
        # What a rule explains is one already.
        if row["rule"] or abroad or len(customers) != 1 or not _is_one(beside):
            continue
        yield row["entity"], customers.pop(), _case(row, mine, beside)


def _by_decision(rows: Iterable[Mapping[str, Any]]) -> dict[int, list[Any]]:
    """Return the rows of the first proposals by decision."""
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        if row["rank"] == 0:
            found[row["decision_id"]].append(row)
    return found


def _is_one(lines: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether this is one deduction of a kind that becomes a rule, with its tax."""
    roles = [line["role"] for line in lines]
    if not roles or roles[0] not in TEMPLATES or lines[0]["amount_minor"] <= 0:
        return False
    template = TEMPLATES[roles[0]]
    known = lines[0]["rate_ppm"] is not None or not template.has_rate
    return known and roles[1:] in ([], [TAX])


def _case(
    row: Mapping[str, Any],
    items: Sequence[Mapping[str, Any]],
    lines: Sequence[Mapping[str, Any]],
) -> Case:
    return Case(
        payment_id=row["payment_id"],
        value_date=row["value_date"],
        currency=row["currency"],
        amount_minor=row["amount_minor"],
        decided_at=row["decided_at"],
        decided_by=row["decided_by"],
        items=tuple(
            (item["item_id"], item["allocated_minor"], item["issue_date"])
            for item in items
        ),
        lines=tuple(
            (line["role"], line["amount_minor"], line["rate_ppm"]) for line in lines
        ),
    )


def _explaining(key: tuple[Any, ...], cases: Sequence[Case]) -> Lesson | None:
    """Return the rule that explains enough payments to the minor unit, if any does."""
    entity, customer_id, role, rate_ppm, amount_minor, _, _ = key
    best: list[Case] = []
    found = None
    for per in ("invoice", "payment") if rate_ppm is not None else ("payment",):
        tried = Lesson(
            rule_id=_rule_id(key),
            entity=entity,
            customer_id=customer_id,
            role=role,
            rate_ppm=rate_ppm,
            amount_minor=amount_minor,
            per=per,
            cases=tuple(cases),
        )
        held = [case for case in cases if _holds(tried, case)]
        if len(held) > len(best):
            best, found = held, replace(tried, cases=tuple(held))
    return found if found is not None and len(best) >= PAYMENTS_MIN else None


def _holds(lesson: Lesson, case: Case) -> bool:
    """Say whether the rule makes up the gap of a payment exactly."""
    rule = replace(lesson, cases=(case,)).rule(case.value_date)
    return not any(verdict.problems for verdict in run_examples(rule))


def _rule_id(key: tuple[Any, ...]) -> str:
    """Name a lesson: template and customer, and a digest that tells entities apart."""
    _, customer_id, role, *_ = key
    plain = unicodedata.normalize("NFKD", customer_id).encode("ascii", "ignore")
    words = re.findall(r"[a-z0-9]+", plain.decode().lower())
    digest = hashlib.sha256(repr(key).encode()).hexdigest()[:4]
    return "-".join([TEMPLATES[role].component, *words, digest])


def _head(lesson: Lesson, *, author: str, version: int, day: dt.date) -> str:
    template = TEMPLATES[lesson.role]
    first, last = lesson.cases[0], lesson.cases[-1]
    return f"""\
# Learned from {len(lesson.cases)} payments that people cleared with this deduction,
# {first.value_date} to {last.value_date}.
based_on = "{template.base}"
id = "{lesson.rule_id}"
version = {version}
author = {_quoted(author)}
currency = "{first.currency}"
posting = "auto"
valid_from = {day}
valid_until = {day + dt.timedelta(days=KEPT_DAYS)}
{template.head}"""


def _when(lesson: Lesson) -> str:
    days = ""
    if lesson.role == "discount_granted":
        within = lesson.within_days
        days = f"within_days = {'false' if within is None else within}\n"
    return f"""\
[when]
entities = [{_quoted(lesson.entity)}]
customers = [{_quoted(lesson.customer_id)}]
{TEMPLATES[lesson.role].when}{days}"""


def _component(lesson: Lesson) -> str:
    template = TEMPLATES[lesson.role]
    if lesson.rate_ppm is None:
        value = f'amount = "{lesson.value}"\nmax = false\nmax_rate = false\n'
    else:
        value = f'rate = "{lesson.value}"\n{template.of}per = "{lesson.per}"\n'
    if template.of:
        taxes = [
            rate for role, _, rate in lesson.cases[0].lines if role == TAX and rate
        ]
        said = f'{{ rate = "{rate_text(taxes[0])}" }}' if taxes else "false"
        value += f"vat = {said}\n"
    return f"[component.{template.component}]\n{value}"


def _example(lesson: Lesson, case: Case) -> str:
    money = f'amount = "{_major(case.amount_minor, case.currency)}"'
    payer = f"entity = {_quoted(lesson.entity)}, "
    payer += f"customer = {_quoted(lesson.customer_id)}"
    items = [
        f'  {{ id = {_quoted(name)}, ttc = "{_major(minor, case.currency)}"'
        + (f", issued = {issued}" if issued else "")
        + " },"
        for name, minor, issued in case.items
    ]
    lines = [
        f'"{role} {_major(minor, case.currency)}'
        + (f' {rate_text(rate)}"' if role == TAX and rate else '"')
        for role, minor, rate in case.lines
    ]
    return "\n".join(
        [
            "[[example]]",
            f"name = {_quoted(case.payment_id)}",
            f"payment = {{ {money}, date = {case.value_date}, {payer} }}",
            *("items = [", *items, "]"),
            f"lines = [{', '.join(lines)}]",
            "",
        ]
    )


def _quoted(text: str) -> str:
    """Write a text of TOML: its basic strings escape as JSON does."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _major(minor: int, currency: str) -> str:
    return amount_text(minor, currency_exponent(currency) or 0)
