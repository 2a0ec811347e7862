"""Which payment an advice is for: the surest evidence first, and only where certain."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from alloc.app.advice_groups import GROUP_MAX, only_subset, share_out
from alloc.engine import currency_exponent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = [
    "ADVICE_DAYS_MAX",
    "REFERENCES",
    "Link",
    "Linker",
    "Unclear",
    "given",
    "payer_keys",
    "total_of",
]

ADVICE_DAYS_MAX = 10
"""How many days may lie between the date on an advice and the booking of the money,
when no reference tells that they belong together."""

REFERENCE_CHARACTERS_MIN = 6
"""The least of a reference that is looked for inside the text of a payment."""

NAME_CHARACTERS_MIN = 4
"""The least of a payer's name that tells who it is."""

REFERENCES = ("end_to_end_id", "bank_reference", "creditor_reference")
"""Columns of a payment that may hold the reference of its advice."""

_HUNDREDTHS = 2
_NO_REFERENCE = frozenset({"", "NOTPROVIDED", "NONREF", "NONE", "NA"})

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Link:
    """An advice, or one line of it, is for a payment; None: for none any more."""

    advice_id: str
    payment_id: str | None
    line_no: int | None = None


@dataclass(frozen=True, slots=True)
class Unclear:
    """An advice that may be for these payments, and why it is not linked.

    ``reason``: ``ADVICE_AMBIGUOUS`` (each could be the one), ``ADVICE_SPLIT_UNCLEAR``
    (it is for all of them, but which line is for which is not certain) or
    ``ADVICE_TOTAL_DIFFERS`` (it is for all of them, but its lines do not make its
    total).
    """

    advice_id: str
    reason: str
    payment_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Unit:
    """An advice, or several that share a payment reference, as one."""

    row: Row
    members: tuple[Row, ...]


class Linker:
    """Finds what each advice is for.

    Parameters
    ----------
    advices
        Rows of `alloc.app.ports.Ledger.advices` that want a payment.
    payments
        Rows of `alloc.app.ports.Ledger.payments` that may be meant.
    customers
        IBAN -> customer, as far as known.
    lines_of
        Returns the lines of an advice.
    """

    def __init__(
        self,
        advices: list[Row],
        payments: list[Row],
        *,
        customers: Mapping[str, str],
        lines_of: Callable[[str], list[Row]],
    ) -> None:
        self.advices = sorted(advices, key=lambda row: str(row["advice_id"]))
        self.payments = sorted(payments, key=lambda row: str(row["payment_id"]))
        self.customers, self.lines_of = customers, lines_of
        self.by_reference: dict[str, list[Row]] = defaultdict(list)
        self.by_amount: dict[int, list[Row]] = defaultdict(list)
        for row in self.payments:
            said = (row[name] for name in REFERENCES)
            for reference in sorted({given(text) for text in said} - {""}):
                self.by_reference[reference].append(row)
            self.by_amount[row["amount_minor"]].append(row)
        self._found: dict[str, list[Link]] = {}
        self._taken: set[str] = set()
        #: Advice and payment of one reference that say different amounts.
        self._differing: dict[str, tuple[Row, Row]] = {}
        self._reserved: set[str] = set()
        self._several: dict[str, list[Row]] = {}
        self._maybe: dict[str, Unclear] = {}
        self._run()

    @property
    def links(self) -> list[Link]:
        """What is to be linked, by advice."""
        return [link for key in sorted(self._found) for link in self._found[key]]

    @property
    def unclear(self) -> list[Unclear]:
        """What stays open though some payments fit."""
        return [
            one
            for key, one in sorted(self._maybe.items())
            if not any(link.payment_id for link in self._found.get(key, ()))
        ]

    def _run(self) -> None:
        sharing: dict[str, list[Row]] = defaultdict(list)
        for advice in self.advices:
            sharing[given(advice["payment_reference"])].append(advice)
        for reference, group in sorted(sharing.items()):
            if reference:
                self._link_reference(group, self.by_reference.get(reference, []))
        groups = [
            _Unit(_as_one(group), tuple(group))
            for reference, group in sorted(sharing.items())
            if reference and len(group) > 1
        ]
        singles = [_Unit(advice, (advice,)) for advice in self.advices]
        for units in (groups, singles):
            self._link_pairs(units, _names_in_text)
            self._link_pairs(units, _tells_by_total)
        self._link_sums()
        for advice, payment in self._differing.values():
            if self._is_open(advice) and payment["payment_id"] not in self._taken:
                self._link(advice, payment)

    def _is_open(self, advice: Row) -> bool:
        key = advice["advice_id"]
        split = self._maybe.get(key)
        covers_several = split is not None and split.reason != "ADVICE_AMBIGUOUS"
        return key not in self._found and not covers_several

    def _is_free(self, payment: Row) -> bool:
        key = payment["payment_id"]
        return key not in self._taken and key not in self._reserved

    def _link(self, advice: Row, payment: Row) -> None:
        key, payment_id = advice["advice_id"], payment["payment_id"]
        self._found[key] = [Link(key, payment_id)]
        self._taken.add(payment_id)

    def _link_reference(self, group: list[Row], payments: list[Row]) -> None:
        """Link advices that share a payment reference to payments that carry it."""
        fits = [row for row in payments if all(_agrees(one, row) for one in group)]
        totals = [total_of(advice) or 0 for advice in group]
        if len(group) == len(fits) == 1:
            if totals[0] in (0, fits[0]["amount_minor"]):
                self._link(group[0], fits[0])
            else:
                key = group[0]["advice_id"]
                self._differing[key] = (group[0], fits[0])
                self._reserved.add(fits[0]["payment_id"])
                self._several[key] = fits
            return
        pairs = [
            (_Unit(advice, (advice,)), payment)
            for advice in group
            for payment in fits
            if total_of(advice) == payment["amount_minor"]
        ]
        if len(fits) == 1 and sum(totals) == fits[0]["amount_minor"]:
            for advice in group:
                self._link(advice, fits[0])
        elif len(fits) == 1 and pairs:
            # The same advice in several forms: the one that says most.
            best = max(pairs, key=lambda pair: pair[0].row["line_count"])
            self._link(best[0].row, best[1])
        else:
            self._link_unique(pairs)
            if len(group) == 1 and len(fits) > 1:
                self._several[group[0]["advice_id"]] = fits

    def _link_pairs(
        self, units: Sequence[_Unit], fits: Callable[[Row, Row], bool]
    ) -> None:
        self._link_unique(
            [
                (unit, payment)
                for unit in units
                if all(
                    self._is_open(one) and one["advice_id"] not in self._differing
                    for one in unit.members
                )
                for payment in self.by_amount.get(total_of(unit.row) or 0, [])
                if self._is_free(payment)
                and _agrees(unit.row, payment)
                and fits(unit.row, payment)
            ]
        )

    def _link_unique(self, pairs: list[tuple[_Unit, Row]]) -> None:
        """Link the pairs of which neither side is in another pair."""
        advices = Counter(unit.row["advice_id"] for unit, _ in pairs)
        payments = Counter(payment["payment_id"] for _, payment in pairs)
        maybe: dict[str, list[str]] = defaultdict(list)
        for unit, payment in pairs:
            key = unit.row["advice_id"]
            if advices[key] == payments[payment["payment_id"]] == 1:
                for member in unit.members:
                    self._link(member, payment)
                continue
            for member in unit.members:
                maybe[member["advice_id"]].append(payment["payment_id"])
        for key, ids in maybe.items():
            self._maybe[key] = Unclear(key, "ADVICE_AMBIGUOUS", tuple(ids))

    # Several payments, several advices

    def _link_sums(self) -> None:
        """Link what adds up within one payer, where nothing else adds up with it."""
        sums = [*self._payments_of_advices(), *self._advices_of_payments()]
        uses = Counter(
            key
            for advices, payments in sums
            for key in (
                *(("advice", row["advice_id"]) for row in advices),
                *(("payment", row["payment_id"]) for row in payments),
            )
        )
        for advices, payments in sums:
            alone = all(uses["advice", row["advice_id"]] == 1 for row in advices)
            alone &= all(uses["payment", row["payment_id"]] == 1 for row in payments)
            if not alone:
                ids = tuple(row["payment_id"] for row in payments)
                for advice in advices:
                    key = advice["advice_id"]
                    self._maybe.setdefault(key, Unclear(key, "ADVICE_AMBIGUOUS", ids))
            elif len(payments) == 1:
                for advice in advices:
                    self._link(advice, payments[0])
            else:
                self._split(advices[0], payments)

    def _payments_of_advices(self) -> Iterator[tuple[list[Row], list[Row]]]:
        by_payer: dict[str, list[Row]] = defaultdict(list)
        for payment in self.payments:
            for key in payer_keys(payment, self.customers):
                by_payer[key].append(payment)
        for advice in self.advices:
            total = total_of(advice)
            if total is None or not self._is_open(advice):
                continue
            named = self._several.get(advice["advice_id"], [])
            same = (
                payment
                for payment in _of_payer(advice, by_payer, self.customers)
                if _days_agree(advice, payment)
                and (payment["payment_id"] not in self._reserved or payment in named)
            )
            for pool in (named, same):
                free = (
                    payment
                    for payment in pool
                    if payment["payment_id"] not in self._taken
                    and _agrees(advice, payment)
                )
                fits = list(islice(free, GROUP_MAX + 1))
                places = only_subset([row["amount_minor"] for row in fits], total)
                chosen = [fits[place] for place in places or ()]
                if chosen and (len(named) > 1 or all(row in chosen for row in named)):
                    yield [advice], chosen
                    break

    def _advices_of_payments(self) -> Iterator[tuple[list[Row], list[Row]]]:
        by_payer: dict[str, list[Row]] = defaultdict(list)
        for advice in self.advices:
            if total_of(advice) is not None and self._is_open(advice):
                for key in payer_keys(advice, self.customers):
                    by_payer[key].append(advice)
        for payment in self.payments:
            if not self._is_free(payment):
                continue
            agreeing = (
                advice
                for advice in _of_payer(payment, by_payer, self.customers)
                if _agrees(advice, payment)
                and _days_agree(advice, payment)
                and advice["advice_id"] not in self._several
            )
            fits = list(islice(agreeing, GROUP_MAX + 1))
            totals = [total_of(advice) or 0 for advice in fits]
            places = only_subset(totals, payment["amount_minor"])
            if places:
                yield [fits[place] for place in places], [payment]

    def _split(self, advice: Row, payments: list[Row]) -> None:
        """Share out the lines of an advice among its payments, if that is certain."""
        key = advice["advice_id"]
        ids = tuple(row["payment_id"] for row in payments)
        lines = [row for row in self.lines_of(key) if row["amount_minor"] != 0]
        amounts = _paid(advice, lines)
        parts: tuple[int, ...] | None = None
        if amounts is not None:
            known = {
                place: named[0]
                for place, line in enumerate(lines)
                if len(named := _naming(line["reference"], payments)) == 1
            }
            totals = [row["amount_minor"] for row in payments]
            parts = share_out(amounts, totals, known)
        if parts is None:
            off = amounts is None
            reason = "ADVICE_TOTAL_DIFFERS" if off else "ADVICE_SPLIT_UNCLEAR"
            self._maybe[key] = Unclear(key, reason, ids)
            if advice["payment_id"] is not None:
                self._found[key] = [Link(key, None)]
            return
        self._found[key] = [
            Link(key, ids[part], line["line_no"])
            for line, part in zip(lines, parts, strict=True)
        ]
        self._taken.update(ids)


def given(reference: str | None) -> str:
    """Bring a reference into the form in which references are compared."""
    plain = re.sub(r"[^0-9A-Z]", "", (reference or "").upper())
    return "" if plain in _NO_REFERENCE else plain


def total_of(advice: Row) -> int | None:
    """Return the total of an advice, else the sum of its lines."""
    total: int | None = advice["total_minor"]
    return advice["lines_minor"] if total is None else total


def payer_keys(row: Row, customers: Mapping[str, str]) -> list[str]:
    """Return what tells the payer of an advice or a payment, surest first."""
    keys = []
    iban = row["payer_iban"]
    if iban:
        keys.append(f"iban {iban}")
    customer = row.get("customer_id") or customers.get(iban or "")
    if customer:
        keys.append(f"customer {customer}")
    name = re.sub(r"[\W_]", "", (row["payer_name"] or "").casefold())
    if len(name) >= NAME_CHARACTERS_MIN:
        keys.append(f"name {name}")
    return keys


def _of_payer(
    row: Row, by_payer: Mapping[str, list[Row]], customers: Mapping[str, str]
) -> Iterator[Row]:
    """Yield the rows of the other kind that have the same payer, each once."""
    seen: set[int] = set()
    for key in payer_keys(row, customers):
        for one in by_payer.get(key, ()):
            if id(one) not in seen:
                seen.add(id(one))
                yield one


def _as_one(group: Sequence[Row]) -> Row:
    """Return advices that share a reference as one: what they agree in, and the sum."""
    row: Row = {
        name: values.pop() if len(values := {one[name] for one in group}) == 1 else None
        for name in ("entity", "currency", "payer_iban", "payment_date")
    }
    totals = [total_of(one) for one in group]
    known = [total for total in totals if total is not None]
    return row | {
        "advice_id": min(one["advice_id"] for one in group),
        "payment_reference": group[0]["payment_reference"],
        "total_minor": sum(known) if len(known) == len(totals) else None,
        "lines_minor": None,
        "line_count": sum(one["line_count"] for one in group),
    }


def _agrees(advice: Row, payment: Row) -> bool:
    """Tell whether nothing that both know speaks against the pair."""
    hundredths = currency_exponent(payment["currency"]) == _HUNDREDTHS
    if advice["currency"] is None and not hundredths:
        return False
    return all(
        advice[name] is None or payment[name] is None or advice[name] == payment[name]
        for name in ("entity", "currency", "payer_iban")
    )


def _names_in_text(advice: Row, payment: Row) -> bool:
    reference = given(advice["payment_reference"])
    text = given(" ".join(payment["remittance_text"] or []))
    return len(reference) >= REFERENCE_CHARACTERS_MIN and reference in text


def _tells_by_total(advice: Row, payment: Row) -> bool:
    told = advice["payment_date"]
    if told is None:
        return (
            advice["payer_iban"] is not None
            and advice["payer_iban"] == payment["payer_iban"]
        )
    days = abs((payment["booking_date"] - told).days)
    return bool(days <= ADVICE_DAYS_MAX)


def _days_agree(advice: Row, payment: Row) -> bool:
    """Tell whether advice and payment are of the same days, as far as known."""
    told = advice["payment_date"]
    if told is None:
        return advice["payer_iban"] is not None or advice["customer_id"] is not None
    return bool(abs((payment["booking_date"] - told).days) <= ADVICE_DAYS_MAX)


def _naming(reference: str | None, payments: Sequence[Row]) -> list[int]:
    """Return the places of the payments that name the reference of a line."""
    sought = given(reference)
    if len(sought) < REFERENCE_CHARACTERS_MIN:
        return []
    return [
        place
        for place, payment in enumerate(payments)
        if sought in given(" ".join(payment["remittance_text"] or []))
        or sought in (given(payment[name]) for name in REFERENCES)
    ]


def _paid(advice: Row, lines: Sequence[Row]) -> list[int | None] | None:
    """Return what each line pays; None where the lines do not make the total."""
    amounts = [line["amount_minor"] for line in lines]
    total = total_of(advice)
    known = [amount for amount in amounts if amount is not None]
    if len(known) < len(amounts) or sum(known) == total:
        return amounts
    net = [
        amount - (line["deduction_minor"] or 0)
        for amount, line in zip(known, lines, strict=True)
    ]
    return [*net] if sum(net) == total else None
