"""The amounts of a rule's components on one payment, and the lines they become."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from alloc.errors import InternalError
from alloc.messages import told
from alloc.rules.arithmetic import PPM, half_up, net_of, portion
from alloc.rules.facts import DEPOSIT
from alloc.rules.model import Base, Book, Component, Measure, Per, Rule, Side, Vat

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from alloc.rules.facts import Item, Situation

__all__ = [
    "Line",
    "Part",
    "Unknown",
    "base_of",
    "fixed_part",
    "left_on_youngest",
    "solved_part",
    "summed",
    "to_lines",
    "unknown_history",
    "vat_due_lines",
]


class Unknown(NamedTuple):
    """Why a component has no amount on a payment."""

    reason: str
    message: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line beside cash and items.

    Parameters
    ----------
    component
        Which component it is of.
    role
        Account role.
    book
        See `alloc.rules.model.Book`.
    amount_minor
        Debit > 0.
    vat_ppm
        Rate of the VAT that the line is; None for all other lines.
    rate_ppm
        Rate of the component, where it has one.
    item_id
        The item it is a part of: of a transfer, of VAT that falls due, of what a late
        invoice is charged.
    party
        Customer of the line when it is not the items' own.
    """

    component: str
    role: str
    book: Book
    amount_minor: int
    vat_ppm: int | None = None
    rate_ppm: int | None = None
    item_id: str | None = None
    party: str = ""

    @property
    def posted(self) -> tuple[object, ...]:
        """What is seen of it in the books."""
        return (self.role, self.book, self.amount_minor, self.vat_ppm, self.item_id)


class Amount(NamedTuple):
    """An amount > 0 is a debit; ``total = net + all VAT`` unless VAT is a pair."""

    net: int
    vat: tuple[tuple[int, int], ...] = ()

    @property
    def total(self) -> int:
        return self.net + sum(minor for _, minor in self.vat)


class Part(NamedTuple):
    """What one component comes to on one payment."""

    component: Component
    signed_minor: int
    base_minor: int
    net_minor: int
    vat: tuple[tuple[int, int], ...]
    rate_ppm: int | None = None
    by_item: tuple[tuple[str, int], ...] = ()
    offset: tuple[tuple[str, int], ...] = ()


def fixed_part(
    component: Component,
    option: object,
    situation: Situation,
    before: Sequence[Part],
) -> Part | Unknown:
    """Work out a component whose amount does not depend on the gap.

    Parameters
    ----------
    component
        Of any measure but the gap.
    option
        Its rate, its amount, or the places of the debts it offsets.
    situation
        The payment and its items.
    before
        The components before it, which the payer bears less by.
    """
    measure = component.measure
    if measure is Measure.SUPPLIER:
        return _offset_part(component, option, situation)
    if measure in (Measure.PAYMENT, Measure.CHARGES, Measure.RETURNED):
        return _cash_part(component, situation)
    if not isinstance(option, int):
        raise _misused(component)
    if measure is Measure.INTEREST or component.per is Per.LATE_INVOICE:
        missing = next((i.item_id for i in situation.items if not i.due_date), None)
        if missing is not None:
            return Unknown(
                "DUE_DATE_UNKNOWN", told("item {item} has no due date", item=missing)
            )
        if unknown := unknown_history(situation):
            return unknown
    borne = _borne(situation.items, before, component.base)
    amounts = [
        _amount(component, option, group, borne, situation)
        for group in _groups(component, situation)
    ]
    sign = -1 if component.side is Side.CREDIT else 1
    total = sign * sum(amount.total for amount in amounts)
    if total == 0 and not _was_charged(component, situation):
        message = told("{name} comes to nothing", name=component.name)
        return Unknown("COMPONENT_ZERO", message)
    names = (item.item_id for group in _groups(component, situation) for item in group)
    by_item = (
        tuple(
            (item_id, sign * amount.total)
            for item_id, amount in zip(names, amounts, strict=True)
            if amount.total
        )
        if component.per is not Per.PAYMENT
        else ()
    )
    return Part(
        component=component,
        signed_minor=total,
        base_minor=sum(base_of(component.base, i, borne) for i in situation.items),
        net_minor=sign * sum(amount.net for amount in amounts),
        vat=_summed((rate, sign * v) for amount in amounts for rate, v in amount.vat),
        rate_ppm=option if component.rates_ppm else None,
        by_item=_spread(component, situation, total, before) or by_item,
    )


def solved_part(
    component: Component,
    rest_minor: int,
    situation: Situation,
    before: Sequence[Part],
) -> Part | Unknown:
    """Give a component what the others leave of the gap.

    Parameters
    ----------
    component
        The one whose amount is the gap.
    rest_minor
        What is left; a debit > 0.
    situation, before
        As for `fixed_part`.
    """
    if rest_minor == 0:
        return Unknown(
            "GAP_DIFFERS", told("nothing is left for {name}", name=component.name)
        )
    wanted = {Side.DEBIT: 1, Side.CREDIT: -1}.get(component.side, 0)
    if wanted * rest_minor < 0:
        return Unknown("SIDE_DIFFERS", _wrong_side(component, situation))
    borne = _borne(situation.items, before, component.base)
    amount = _with_vat_inside(component.vat, rest_minor, situation.items)
    return Part(
        component=component,
        signed_minor=rest_minor,
        base_minor=sum(base_of(component.base, i, borne) for i in situation.items),
        net_minor=amount.net,
        vat=amount.vat,
        by_item=_spread(component, situation, rest_minor, before),
    )


def _wrong_side(component: Component, situation: Situation) -> str:
    if not situation.moves_money:
        named = ", ".join(item.item_id for item in situation.items)
        if component.side is Side.DEBIT:
            text = told(
                "{name} is not for what is owed by us: {items}",
                name=component.name,
                items=named,
            )
        else:
            text = told(
                "{name} is not for what is owed to us: {items}",
                name=component.name,
                items=named,
            )
        return text
    if component.side is Side.CREDIT:
        return told("less was paid than {name} allows", name=component.name)
    return told("more was paid than {name} allows", name=component.name)


def to_lines(
    rule: Rule,
    situation: Situation,
    parts: Iterable[Part],
    left: Mapping[str, int],
) -> list[Line]:
    """Write the parts as lines, in the order of the components.

    Parameters
    ----------
    rule
        Says where VAT goes while its document is awaited, and whether VAT falls due.
    situation
        The items.
    parts
        What the components come to.
    left
        Item -> what stays open on it.
    """
    parts = list(parts)
    lines = [line for part in parts for line in _lines(rule, part)]
    if rule.vat_on_collection:
        lines += _vat_due(rule, situation, parts, left)
    if rule.vat_on_refund:
        deposits = [item for item in situation.items if item.kind == DEPOSIT]
        lines += vat_due_lines(deposits, left, {}, pending="vat_regularisation")
    return lines


def _vat_due(
    rule: Rule, situation: Situation, parts: Iterable[Part], left: Mapping[str, int]
) -> list[Line]:
    """Make VAT due: of what was paid in cash, and in its entry of what was set off."""
    items, parts = situation.items, list(parts)
    moved = {
        item_id: minor
        for part in parts
        if part.component.book is Book.TRANSFER
        for item_id, minor in part.by_item
    }
    whole = vat_due_lines(items, left, moved)
    offset = [pair for part in parts for pair in part.offset]
    if not offset:
        return whole
    unpaid = dict(left)
    rest = -sum(minor for _, minor in offset)
    for item in items:
        away = left.get(item.item_id, 0) + moved.get(item.item_id, 0)
        part = min(rest, max(0, item.open_minor - away))
        unpaid[item.item_id] = left.get(item.item_id, 0) + part
        rest -= part
    in_cash = vat_due_lines(items, unpaid, moved)
    lines = in_cash + _beside_cash(whole, in_cash)
    return (
        lines + _deductible_lines(situation, offset) if rule.vat_on_payment else lines
    )


def _beside_cash(whole: Iterable[Line], in_cash: Iterable[Line]) -> list[Line]:
    """Return what falls due beyond the cash, as lines of the set-off."""
    known = {
        (line.item_id, line.vat_ppm, line.role): line.amount_minor for line in in_cash
    }
    rests = [
        (line, known.get((line.item_id, line.vat_ppm, line.role), 0)) for line in whole
    ]
    return [
        msgspec.structs.replace(
            line, book=Book.OFFSET, amount_minor=line.amount_minor - minor
        )
        for line, minor in rests
        if line.amount_minor != minor
    ]


def _deductible_lines(
    situation: Situation, offset: Iterable[tuple[str, int]]
) -> list[Line]:
    """Let the VAT of our debts be deducted as far as they are set off."""
    debts = {item.item_id: item for item in situation.supplier_items}
    return [
        Line(
            component="vat_on_payment",
            book=Book.OFFSET,
            role=role,
            amount_minor=amount,
            vat_ppm=rate,
            item_id=item_id,
        )
        for item_id, part in offset
        for rate, minor in _falls_due(debts[item_id], debts[item_id].open_minor - part)
        if minor
        for role, amount in (
            ("vat_deductible", -minor),
            ("vat_deductible_pending", minor),
        )
    ]


def _lines(rule: Rule, part: Part) -> list[Line]:
    component, vat = part.component, part.component.vat
    if component.book is Book.OFFSET and vat:
        return _vat_lines(rule, part, vat)
    if component.book in (Book.KEEP, Book.OFFSET):
        return []
    role = component.role
    if component.side is Side.EITHER and part.signed_minor < 0:
        role = component.role_credit
    said = {
        "component": component.name,
        "book": component.book,
        "rate_ppm": part.rate_ppm,
        "party": component.party,
    }
    if _is_by_item(component):
        return [
            Line(role=role, amount_minor=minor, item_id=item_id, **said)  # type: ignore[arg-type]
            for item_id, minor in part.by_item
        ]
    net = part.signed_minor if vat and vat.role_against else part.net_minor
    lines = [Line(role=role, amount_minor=net, **said)] if net else []  # type: ignore[arg-type]
    return lines if vat is None else lines + _vat_lines(rule, part, vat)


def _is_by_item(component: Component) -> bool:
    """Say whether each item has a line: it is moved, comes back, or is charged.

    The next payment of a late invoice asks by whom it was charged.
    """
    if component.book is Book.TRANSFER or component.measure is Measure.CLEARED:
        return component.per is Per.INVOICE
    is_line = component.book is Book.LINE and component.vat is None
    return is_line and component.per is Per.LATE_INVOICE


def summed(lines: Iterable[Line]) -> list[Line]:
    """Add up lines that differ by their item alone: one posting stands for them.

    Each transfer is an entry of its own, and each new item has a line.
    """
    sums: dict[tuple[object, ...], Line] = {}
    for line in lines:
        own = line.item_id if line.book in (Book.TRANSFER, Book.ITEM) else None
        key = (line.component, line.role, line.vat_ppm, line.rate_ppm, line.party, own)
        known = sums.get(key)
        if known is not None:
            minor = known.amount_minor + line.amount_minor
            line = msgspec.structs.replace(known, amount_minor=minor)  # noqa: PLW2901
        sums[key] = line
    return [line for line in sums.values() if line.amount_minor]


def _vat_lines(rule: Rule, part: Part, vat: Vat) -> list[Line]:
    is_awaited = rule.document == "awaited" and vat.role_awaiting
    role = vat.role_awaiting if is_awaited else vat.role
    own = part.component.book in (Book.OFFSET, Book.ENTRY)
    book = part.component.book if own else Book.LINE
    lines = []
    for rate, minor in part.vat:
        sides = [(role, minor)]
        if vat.role_against:
            sides.insert(0, (vat.role_against, -minor))
        lines += [
            Line(
                component=part.component.name,
                role=said,
                book=book,
                amount_minor=amount,
                vat_ppm=rate,
            )
            for said, amount in sides
            if amount
        ]
    return lines


def vat_due_lines(
    items: Iterable[Item],
    left: Mapping[str, int],
    moved: Mapping[str, int],
    *,
    pending: str = "vat_collected_pending",
) -> list[Line]:
    """Make due the VAT of what was paid of each item, cumulated.

    Parameters
    ----------
    items
        With their VAT.
    left, moved
        Item -> what stays open of it, and what becomes another item.
    pending
        Role of the account on which the VAT waited.
    """
    return [
        Line(
            component="vat_on_collection",
            book=Book.LINE,
            role=role,
            amount_minor=amount,
            vat_ppm=rate,
            item_id=item.item_id,
        )
        for item in items
        for rate, minor in _falls_due(
            item, left.get(item.item_id, 0) + moved.get(item.item_id, 0)
        )
        if minor
        for role, amount in (
            (pending, minor),
            ("vat_collected", -minor),
        )
    ]


def _falls_due(item: Item, unpaid: int) -> Iterator[tuple[int, int]]:
    """Yield rate and VAT that is due once so much of an item is unpaid, less before.

    Cumulated: what fell due before is taken off the whole, so that all parts add up.
    """
    paid = item.total_minor - unpaid
    for line in item.vat or ():
        minor = line.vat_minor
        if item.total_minor:
            sign = 1 if item.total_minor > 0 else -1
            minor = half_up(line.vat_minor * paid * sign, abs(item.total_minor))
        yield line.rate_ppm, minor - line.due_minor


def _groups(component: Component, situation: Situation) -> list[tuple[Item, ...]]:
    """Return the items that one rounding is over."""
    if component.per is Per.INVOICE:
        return [(item,) for item in situation.items]
    if component.per is Per.LATE_INVOICE:
        once = component.measure is Measure.FIXED
        return [
            (item,)
            for item in situation.items
            if _is_late(item, situation)
            and not (once and _last_charged(item, component.role))
        ]
    return [situation.items]


def unknown_history(situation: Situation) -> Unknown | None:
    """Name the first late item of which nobody knows what was paid and charged."""
    for item in situation.items:
        if _is_late(item, situation) and not item.history_is_known:
            message = told(
                "item {item} was paid in part: when, and what it was charged then, is "
                "not known",
                item=item.item_id,
            )
            return Unknown("HISTORY_UNKNOWN", message)
    return None


def _is_late(item: Item, situation: Situation) -> bool:
    """Say whether a claim is overdue; nobody is late with what we owe."""
    is_due = item.due_date is not None and situation.payment.date > item.due_date
    return is_due and item.open_minor > 0


def _was_charged(component: Component, situation: Situation) -> bool:
    """Say whether nothing is due of a late invoice because it was charged before."""
    return component.per is Per.LATE_INVOICE and any(
        _is_late(item, situation) and _last_charged(item, component.role)
        for item in situation.items
    )


def _last_charged(item: Item, role: str) -> dt.date | None:
    """Return the last day on which an item was charged by an account role."""
    return max((one.date for one in item.earlier if role in one.roles), default=None)


def _capital_days(item: Item, role: str, base: int, until: dt.date) -> int:
    """Sum capital times days since the due date, or since interest was last charged.

    The capital of a day is what was left then: each part payment makes it smaller.
    """
    since = max(filter(None, (item.due_date, _last_charged(item, role))))
    total = 0
    for one in sorted(item.earlier, key=lambda one: one.date, reverse=True):
        if one.date <= since:
            break
        total += base * (until - one.date).days
        base, until = base + one.cleared_minor, one.date
    return total + base * (until - since).days


def _borne(
    items: Sequence[Item], before: Sequence[Part], base: Base = Base.BORNE
) -> dict[str, int]:
    """Return what the payer bears of each item after the components before.

    Without its VAT where the base wants that, and no component took the VAT before.
    """
    borne = {item.item_id: item.open_minor for item in items}
    for part in before:
        if part.component.book in (Book.KEEP, Book.TRANSFER, Book.ENTRY):
            for item_id, minor in part.by_item:
                borne[item_id] -= minor
    took_vat = any(part.component.measure is Measure.VAT for part in before)
    if base is not Base.BORNE_HT or took_vat:
        return borne
    return {item.item_id: _net_part(item, borne[item.item_id]) for item in items}


def _net_part(item: Item, minor: int) -> int:
    """Return a part of an item without its VAT: of one rate exactly, else its share."""
    lines = item.vat or ()
    if len(lines) == 1:
        rate = lines[0].rate_ppm
        if net_of(item.total_minor, rate) == item.net_minor:
            return net_of(minor, rate)
    sign = -1 if item.total_minor < 0 else 1
    return half_up(minor * item.net_minor * sign, abs(item.total_minor) or 1)


def base_of(base: Base, item: Item, borne: Mapping[str, int] | None = None) -> int:
    """Return what a rate is taken of, minor units.

    Parameters
    ----------
    base
        Which amount of the document.
    item
        Its open item.
    borne
        What the payer bears of each item, by the base; None is all that is open.
    """
    if base is Base.TTC:
        return item.total_minor
    if base is Base.HT:
        return item.net_minor
    if base is Base.VAT:
        return item.vat_minor
    if base is Base.OPEN or borne is None:
        return item.open_minor
    return borne[item.item_id]


def _amount(
    component: Component,
    option: int,
    items: tuple[Item, ...],
    borne: Mapping[str, int],
    situation: Situation,
) -> Amount:
    """Work out one component on the items that are rounded together."""
    base = sum(base_of(component.base, item, borne) for item in items)
    if component.measure in (Measure.VAT, Measure.OPEN, Measure.CLEARED):
        return Amount(sum(_own(component.measure, item, borne) for item in items))
    if component.measure is Measure.INTEREST:
        (item,) = items
        base -= item.total_minor - item.open_minor if component.base is Base.TTC else 0
        days = _capital_days(item, component.role, base, situation.payment.date)
        return Amount(half_up(days * option, PPM * component.days_in_year))
    vat = component.vat
    follows = vat is not None and vat.rate_ppm is None
    if component.measure is Measure.FIXED and follows:
        return _with_vat_inside(vat, option, items)
    net = option if component.measure is Measure.FIXED else portion(base, option)
    if not follows:
        return _with_vat_on_top(vat, net)
    parts = tuple((r, portion(minor, option)) for r, minor in _vat_by_rate(items))
    if component.base is Base.HT:
        return Amount(net, parts)
    return Amount(net - sum(minor for _, minor in parts), parts)


def _own(measure: Measure, item: Item, borne: Mapping[str, int]) -> int:
    """Return an amount that an item has by itself."""
    if measure is Measure.CLEARED:
        return item.cleared_minor
    return base_of(Base.VAT if measure is Measure.VAT else Base.BORNE, item, borne)


def _with_vat_on_top(vat: Vat | None, net: int) -> Amount:
    if vat is None or not vat.rate_ppm:
        return Amount(net)
    return Amount(net, ((vat.rate_ppm, portion(net, vat.rate_ppm)),))


def _with_vat_inside(vat: Vat | None, total: int, items: Sequence[Item]) -> Amount:
    """Split a total that holds its VAT; the part without VAT takes what is left."""
    if vat is None or vat.rate_ppm == 0:
        return Amount(total)
    if vat.rate_ppm is not None:
        net = net_of(total, vat.rate_ppm)
        return Amount(net, ((vat.rate_ppm, total - net),) if total != net else ())
    documents = sum(item.total_minor for item in items)
    sign = 1 if documents > 0 else -1
    parts = tuple(
        (rate, half_up(total * minor * sign, abs(documents)))
        for rate, minor in _vat_by_rate(items)
        if documents
    )
    return Amount(total - sum(minor for _, minor in parts), parts)


def _vat_by_rate(items: Iterable[Item]) -> tuple[tuple[int, int], ...]:
    return _summed(
        (line.rate_ppm, line.vat_minor) for item in items for line in item.vat or ()
    )


def _summed(pairs: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Add up by rate, in the order of first appearance; zero sums are left out."""
    sums: dict[int, int] = {}
    for rate, minor in pairs:
        sums[rate] = sums.get(rate, 0) + minor
    return tuple((rate, minor) for rate, minor in sums.items() if minor)


def _spread(
    component: Component, situation: Situation, total: int, before: Sequence[Part]
) -> tuple[tuple[str, int], ...]:
    """Lay a part that stays open, and is no item's own, on the items due last."""
    own_entry = component.book in (Book.KEEP, Book.ENTRY)
    if not own_entry or component.per is not Per.PAYMENT:
        return ()
    return left_on_youngest(situation.items, total, before)


def left_on_youngest(
    items: Sequence[Item], total: int, before: Sequence[Part]
) -> tuple[tuple[str, int], ...]:
    """Lay a part that stays open on the items due last.

    Parameters
    ----------
    items
        In due order.
    total
        What stays open.
    before
        Parts that leave less on the items.
    """
    free = _borne(items, before)
    spread: list[tuple[str, int]] = []
    for item in reversed(items):
        part = min(total, free[item.item_id])
        if part > 0:
            spread.append((item.item_id, part))
            total -= part
    return tuple(reversed(spread))


def _cash_part(component: Component, situation: Situation) -> Part | Unknown:
    payment = situation.payment
    total = -payment.amount_minor
    if component.measure is Measure.CHARGES:
        total = payment.charges_minor
        if total <= 0:
            return Unknown("NO_CHARGES", told("the bank names no charges"))
    if component.measure is Measure.RETURNED:
        total = payment.returned_minor
        if total <= 0:
            return Unknown("NOTHING_RETURNED", told("no earlier payment is taken back"))
    if (total > 0) != (component.side is Side.DEBIT):
        return Unknown(
            "SIDE_DIFFERS",
            told("{name} is of the other direction", name=component.name),
        )
    amount = _with_vat_inside(component.vat, total, situation.items)
    return Part(component, total, abs(total), amount.net, amount.vat)


def _misused(component: Component) -> InternalError:
    return InternalError(f"component {component.name}: a value of another kind")


def _offset_part(
    component: Component, option: object, situation: Situation
) -> Part | Unknown:
    if not isinstance(option, tuple):
        raise _misused(component)
    debts = [situation.supplier_items[place] for place in option]
    total = -sum(item.open_minor for item in debts)
    if not situation.moves_money:
        total = min(total, sum(item.open_minor for item in situation.items))
    elif {debt.item_id for debt in debts} <= set(situation.quoted):
        total = min(total, situation.gap_minor)
    if total <= 0:
        return Unknown(
            "COMPONENT_ZERO", told("{name} is no debt of ours", name=component.name)
        )
    unknown = next((debt.item_id for debt in debts if debt.vat is None), None)
    if component.vat and unknown is not None:
        message = told(
            "the VAT of item {item} is not known: import it with the item", item=unknown
        )
        return Unknown("VAT_UNKNOWN", message)
    offset: list[tuple[str, int]] = []
    vat: list[tuple[int, int]] = []
    rest = total
    for debt in debts:
        part = max(debt.open_minor, -rest)
        rest += part
        if part:
            offset.append((debt.item_id, part))
            vat += _falls_due(debt, debt.open_minor - part) if component.vat else ()
    turned = tuple((rate, -minor) for rate, minor in _summed(vat))
    return Part(component, total, total, total, turned, None, (), tuple(offset))
