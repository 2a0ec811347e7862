"""Amounts in a foreign currency beside ours: seen abroad to decide, valued to post.

Items and entries are kept in the currency of the books; an item may also say what it
is in another one. A payment whose amount abroad is known is compared with such items
abroad, and posted here: the bank's amount as it is, each item at what it is carried
at, every other line at the rate of the payment. The difference is the exchange gain or
loss.

Conservation of a valued explanation: cash + adjustments = what the items lose, in both
currencies; the gain or loss is in ours alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.engine import Proposal
from alloc.rules.arithmetic import half_up

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from alloc.settings import ExchangeRate, Settings

__all__ = [
    "FOREIGN",
    "Paid",
    "abroad_of",
    "carried",
    "exchange_line",
    "paid_abroad",
    "seen_abroad",
    "valued",
    "with_foreign_parts",
]

#: What a payment says of its amount abroad, once it is compared abroad.
FOREIGN = ("foreign_currency", "foreign_minor")
_GAIN, _LOSS = "fx_gain", "fx_loss"


class Paid(NamedTuple):
    """A payment in both currencies: the rate at which it was settled.

    Parameters
    ----------
    minor
        What the bank booked, in the currency of the books.
    foreign_currency, foreign_minor
        What was paid abroad; the same sign, not zero.
    """

    minor: int
    foreign_currency: str
    foreign_minor: int

    def here(self, foreign_minor: int) -> int:
        """Value an amount abroad at the payment's rate.

        >>> Paid(956_667, "USD", 1_148_000).here(2_000)
        1667
        """
        sign = 1 if self.foreign_minor > 0 else -1
        return half_up(foreign_minor * self.minor * sign, abs(self.foreign_minor))


def carried(whole_minor: int, part: int, of: int) -> int:
    """Return the share of an amount that a part of its counterpart has.

    Parameters
    ----------
    whole_minor
        The amount: what an item is carried at, for instance.
    part, of
        The part, and the whole of the counterpart; neither is zero.

    Returns
    -------
    int
        Rounded half up. The whole has all of it; less than the whole has something
        and leaves something, so that both amounts end together.

    Examples
    --------
    >>> carried(869_566, 333_333, 1_000_001), carried(579_711, 666_668, 666_668)
    (289855, 579711)
    """
    if part == of:
        return whole_minor
    sign = 1 if whole_minor > 0 else -1
    share = half_up(abs(whole_minor * part), abs(of))
    return sign * max(1, min(share, abs(whole_minor) - 1))


def exchange_line(cleared_minor: int, booked_minor: int) -> tuple[str, int] | None:
    """Return the role and amount (debit > 0) of the exchange gain or loss.

    Parameters
    ----------
    cleared_minor
        What the items lose, as they are carried.
    booked_minor
        Cash and the lines beside the items, as they are valued.
    """
    loss = cleared_minor - booked_minor
    if loss == 0:
        return None
    return (_LOSS if loss > 0 else _GAIN, loss)


def abroad_of(
    payment: Mapping[str, Any], settings: Settings
) -> dict[str, object] | None:
    """Say what a payment was abroad, and what it is in the books.

    Parameters
    ----------
    payment
        A row of `alloc.app.ports.Ledger.payments`: into an account in another
        currency, or into one of ours and the bank says what the payer instructed.
    settings
        With the rate for an account in another currency.

    Returns
    -------
    dict or None
        ``currency`` and ``amount_minor`` in the books, and `FOREIGN`; None when it is
        not known.
    """
    entity = settings.entity(payment["entity"])
    currency, minor = payment["currency"], payment["amount_minor"]
    abroad, paid = payment["original_currency"], payment["original_minor"]
    if currency != entity.currency:
        rate = settings.exchange_rate(currency, entity.currency, payment["value_date"])
        if rate is None:
            return None
        abroad, paid = currency, minor
        minor = _exchanged(minor, rate)
    elif abroad in (None, entity.currency) or not paid:
        return None
    paid = abs(paid) if minor > 0 else -abs(paid)
    said = (entity.currency, minor, abroad, paid)
    return dict(zip(("currency", "amount_minor", *FOREIGN), said, strict=True))


def _exchanged(minor: int, rate: ExchangeRate) -> int:
    units, scale = rate.per_unit
    here = 10 ** (engine.currency_exponent(rate.books) or 0)
    there = 10 ** (engine.currency_exponent(rate.currency) or 0)
    return half_up(minor * scale * here, units * there)


def paid_abroad(
    payments: pa.Table, items: pa.Table, settings: Settings
) -> tuple[pa.Table, pa.Table]:
    """Split payments: those that items in their foreign currency may be paid by.

    Parameters
    ----------
    payments
        Columns of `alloc.app.ports.Ledger.payments`.
    items
        Columns of `alloc.app.ports.Ledger.open_items`.
    settings
        See `abroad_of`.

    Returns
    -------
    tuple of pyarrow.Table
        The payments abroad, in the books and with the columns `FOREIGN`, and the
        others.
    """
    known = set(
        zip(
            items["entity"].to_pylist(),
            items["foreign_currency"].to_pylist(),
            strict=True,
        )
        if items["foreign_currency"].null_count < len(items)
        else ()
    )
    currencies = pa.array({currency for _, currency in known}, pa.string())
    may_be = pc.or_(
        pc.is_in(payments["original_currency"], value_set=currencies),
        pc.is_in(payments["currency"], value_set=currencies),
    )
    rows = []
    for row in payments.filter(may_be).to_pylist() if known else ():
        said = abroad_of(row, settings)
        if said and (row["entity"], said["foreign_currency"]) in known:
            rows.append(row | said)
    schema = payments.schema
    for name in FOREIGN:
        schema = schema.append(pa.field(name, _TYPES[name]))
    abroad = pa.Table.from_pylist(rows, schema)
    is_abroad = pc.is_in(payments["payment_id"], value_set=abroad["payment_id"])
    return abroad, payments.filter(pc.invert(is_abroad))


def seen_abroad(table: pa.Table) -> pa.Table:
    """Show rows in their foreign currency; rows without one are left out.

    Parameters
    ----------
    table
        Items (``foreign_open_minor``) or payments (`FOREIGN`).
    """
    rows = table.filter(pc.is_valid(table["foreign_currency"]))
    changed = {"currency": rows["foreign_currency"]}
    if "amount_minor" in rows.column_names:
        changed["amount_minor"] = rows["foreign_minor"]
    else:
        # The document's own amount and its VAT are known here alone.
        changed["open_minor"] = rows["foreign_open_minor"]
        changed["original_minor"] = rows["foreign_imported_minor"]
        field = rows.schema.field("vat")
        changed["vat"] = pa.chunked_array([pa.nulls(len(rows), field.type)])
    for name, column in changed.items():
        rows = rows.set_column(rows.schema.get_field_index(name), name, column)
    return rows


def valued(proposal: Proposal, payments: pa.Table, items: pa.Table) -> Proposal:
    """Value a proposal that was made abroad in the currency of the books.

    Parameters
    ----------
    proposal
        Of the rows that `seen_abroad` shows.
    payments
        Those payments here, with the columns `FOREIGN`.
    items
        Those items here.

    Returns
    -------
    Proposal
        Allocations and adjustments with ``foreign_minor``. The first rank of an
        automatic decision takes its items before the next payment is valued.
    """
    paid = {
        row["payment_id"]: Paid(row["amount_minor"], *(row[name] for name in FOREIGN))
        for row in payments.to_pylist()
    }
    is_auto = pc.equal(proposal.decisions["status"], "auto")
    auto = set(proposal.decisions.filter(is_auto)["payment_id"].to_pylist())
    named = pc.is_in(items["item_id"], value_set=proposal.allocations["item_id"])
    rest = {
        (row["entity"], row["item_id"]): (row["open_minor"], row["foreign_open_minor"])
        for row in items.filter(named).to_pylist()
    }
    cleared: dict[tuple[str, int], int] = {}
    allocations = []
    for row in proposal.allocations.to_pylist():
        key, part = (row["entity"], row["item_id"]), row["allocated_minor"]
        here, abroad = rest[key]
        minor = carried(here, part, abroad)
        said = {"allocated_minor": minor, "foreign_minor": part}
        allocations.append(row | said)
        place = (row["payment_id"], row["rank"])
        cleared[place] = cleared.get(place, 0) + minor
        if row["rank"] == 0 and row["payment_id"] in auto:
            rest[key] = (here - minor, abroad - part)
    adjustments = _valued_lines(proposal.adjustments.to_pylist(), paid, cleared)
    return Proposal(
        decisions=proposal.decisions,
        allocations=pa.Table.from_pylist(
            allocations, proposal.allocations.schema.append(_FOREIGN_MINOR)
        ),
        adjustments=pa.Table.from_pylist(
            adjustments, proposal.adjustments.schema.append(_FOREIGN_MINOR)
        ),
    )


def _valued_lines(
    rows: Iterable[Mapping[str, Any]],
    paid: Mapping[str, Paid],
    cleared: Mapping[tuple[str, int], int],
) -> list[dict[str, Any]]:
    """Value the lines beside the items, and close each rank by a gain or loss."""
    booked = {place: paid[place[0]].minor for place in cleared}
    lines = []
    for row in rows:
        place = (row["payment_id"], row["rank"])
        minor = paid[place[0]].here(row["amount_minor"])
        if minor:
            said = {"amount_minor": minor, "foreign_minor": row["amount_minor"]}
            lines.append(dict(row) | said)
        booked[place] = booked.get(place, paid[place[0]].minor) + minor
    for place, minor in booked.items():
        found = exchange_line(cleared.get(place, 0), minor)
        if found is not None:
            role, amount = found
            said = {"payment_id": place[0], "rank": place[1], "role": role}
            lines.append(said | {"amount_minor": amount})
    return sorted(lines, key=lambda row: (row["payment_id"], row["rank"]))


def with_foreign_parts(
    allocations: pa.Table, posted: pa.Array | pa.ChunkedArray | None = None
) -> pa.Table:
    """Say of each allocation what it takes of its item's amount abroad.

    Parameters
    ----------
    allocations
        With ``allocated_minor`` and ``foreign_minor``? and, of their items,
        ``open_minor``, ``foreign_currency``? and ``foreign_open_minor``?.
    posted
        Which of them take their part before the next one is looked at; None: all.

    Returns
    -------
    pyarrow.Table
        With ``foreign_minor`` wherever the item has a foreign currency: what was
        decided abroad as it is, else in proportion.
    """
    if "foreign_minor" not in allocations.column_names:
        nothing = pa.nulls(allocations.num_rows, pa.int64())
        allocations = allocations.append_column("foreign_minor", nothing)
    minor = allocations["foreign_minor"]
    wanted = pc.and_(pc.is_valid(allocations["foreign_currency"]), pc.is_null(minor))
    if not pc.any(wanted).as_py():
        return allocations
    rows = allocations.filter(wanted).to_pylist()
    takes = [True] * len(rows) if posted is None else posted.filter(wanted).to_pylist()
    rest: dict[tuple[str, str], tuple[int, int]] = {}
    parts = []
    for row, is_taken in zip(rows, takes, strict=True):
        key = (row["entity"], row["item_id"])
        here, abroad = rest.get(key, (row["open_minor"], row["foreign_open_minor"]))
        part = carried(abroad, row["allocated_minor"], here)
        parts.append(part)
        if is_taken:
            rest[key] = (here - row["allocated_minor"], abroad - part)
    column = pc.replace_with_mask(
        minor.combine_chunks(), wanted.combine_chunks(), pa.array(parts, pa.int64())
    )
    index = allocations.schema.get_field_index("foreign_minor")
    return allocations.set_column(index, "foreign_minor", column)


_FOREIGN_MINOR = pa.field("foreign_minor", pa.int64())
_TYPES = {"foreign_currency": pa.string(), "foreign_minor": pa.int64()}
