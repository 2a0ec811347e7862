"""What was collected of each invoice, by VAT rate: the status "Encaissée".

Since the e-invoicing reform (CGI art. 289 bis, 290 A; status 212 of the life cycle in
XP Z12-012) a seller tells how much of an invoice was collected at each rate, and takes
it back when the money goes back. An allocation says how much of an invoice was
settled; what settled it without being paid (a discount, a loss, a retention, another
debtor) is not collected. A set-off is: it counts as payment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from alloc.app.ports import DecisionFilter, DecisionState
from alloc.app.situations import vat_due
from alloc.domain.match import RETURN_OF
from alloc.rules.arithmetic import half_up

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator, Mapping

    from alloc.app.ports import JournalFilter, JournalTables, Ledger

__all__ = ["NOT_COLLECTED", "Collected", "RateCollected", "collected"]

NOT_COLLECTED = frozenset(
    {
        "bad_debt",
        "customer",
        "discount_granted",
        "doubtful",
        "factor",
        "factor_commission",
        "factor_guarantee",
        "financing_charge",
        "retention",
        "rounding_loss",
        "service_rebate",
        "vat_collected",
    }
)
"""Roles whose debit settles an invoice without being a payment.

A price reduction and its VAT, a loss, a claim that stays (retention, doubtful, another
customer), and the assignment to a factor: the VAT falls due when the debtor pays the
factor (CGI art. 269-2-c).
"""


@dataclass(frozen=True, slots=True)
class RateCollected:
    """The part at one VAT rate.

    Parameters
    ----------
    rate_bps
        Rate in hundredths of a per cent: 2000 is 20 %.
    amount_minor
        Collected at this rate, VAT included, minor units.
    vat_minor
        The VAT in it.
    """

    rate_bps: int
    amount_minor: int
    vat_minor: int


@dataclass(frozen=True, slots=True)
class Collected:
    """What one entry collected of one invoice, or took back of it.

    Parameters
    ----------
    seq
        The journal entry; with `item_id` the key against telling it twice.
    entity, item_id, invoice, customer_id
        The invoice; ``invoice`` is its number as printed.
    kind
        ``collection`` or ``reversal``.
    date
        When the bank booked it; of a reversal, its posting date.
    currency
        ISO 4217.
    amount_minor
        VAT included; below zero when it is taken back, or of a credit note.
    rates
        By rate, adding up to the amount; None when the item came without VAT.
    undoes_seq
        The entry that a reversal takes back.
    """

    seq: int
    entity: str
    item_id: str
    invoice: str | None
    customer_id: str | None
    kind: str
    date: dt.date
    currency: str
    amount_minor: int
    rates: tuple[RateCollected, ...] | None
    undoes_seq: int | None


def collected(ledger: Ledger, which: JournalFilter) -> Iterator[Collected]:
    """Yield what the entries of a part of the journal collected, by seq and item.

    Parameters
    ----------
    ledger
        Read only; the whole journal is read, because amounts by rate are cumulated so
        that the parts of an invoice add up to the cent.
    which
        The part that is told; the entity is that of the invoice.
    """
    journal = ledger.journal()
    told = set(ledger.journal(replace(which, entity=None)).entries["seq"].to_pylist())
    entries = {entry["seq"]: entry for entry in journal.entries.to_pylist()}
    invoices: dict[tuple[str, str], _Invoice] = {}
    for move in _moves(journal, _unpaid(ledger)):
        for row, amount in move.parts:
            key = (row["entity"], row["item_id"])
            invoice = invoices.setdefault(key, _Invoice.of(row))
            rates = invoice.collect(amount)
            if amount and move.seq in told and which.entity in {None, row["entity"]}:
                yield _told(entries[move.seq], move.undoes, row, amount, rates)


def _told(
    entry: Mapping[str, Any],
    undoes: int | None,
    row: Mapping[str, Any],
    amount: int,
    rates: tuple[RateCollected, ...] | None,
) -> Collected:
    is_mirror = entry["reverses_seq"] is not None
    return Collected(
        seq=entry["seq"],
        entity=row["entity"],
        item_id=row["item_id"],
        invoice=row["reference"],
        customer_id=row["customer_id"],
        kind="collection" if undoes is None else "reversal",
        date=entry["posting_date"] if is_mirror else entry["piece_date"],
        currency=entry["currency"],
        amount_minor=amount,
        rates=rates,
        undoes_seq=undoes,
    )


class _Move(NamedTuple):
    """An entry, the one that it takes back, and what it collected by allocation."""

    seq: int
    undoes: int | None
    parts: list[tuple[Mapping[str, Any], int]]


def _moves(
    journal: JournalTables, unpaid: Mapping[int, list[_Unpaid]]
) -> Iterator[_Move]:
    rows: dict[int, list[Mapping[str, Any]]] = {}
    for row in journal.allocations.to_pylist():
        rows.setdefault(row["seq"], []).append(row)
    seqs = {of[0]["decision_id"]: seq for seq, of in rows.items()}
    parts: dict[int, list[tuple[Mapping[str, Any], int]]] = {}
    for entry in journal.entries.to_pylist():
        seq, undone = entry["seq"], entry["reverses_seq"]
        if seq in rows:
            less = unpaid.get(rows[seq][0]["decision_id"], [])
            parts[seq] = list(_paid(rows[seq], less))
            yield _Move(seq, _returned(rows[seq], seqs), parts[seq])
        elif undone in parts:
            mirrored = [(row, -amount) for row, amount in parts[undone]]
            yield _Move(seq, undone, mirrored)


def _returned(rows: list[Mapping[str, Any]], seqs: Mapping[int, int]) -> int | None:
    """Return the entry of the payment that the bank took back, if this is that."""
    evidence: str = rows[0]["evidence"]
    if not evidence.startswith(RETURN_OF):
        return None
    return seqs.get(int(evidence.removeprefix(RETURN_OF)))


@dataclass(frozen=True, slots=True)
class _Unpaid:
    """A part of what a decision settled that nobody paid."""

    item_id: str | None
    amount_minor: int


def _unpaid(ledger: Ledger) -> dict[int, list[_Unpaid]]:
    """Return by decision what was settled without being paid."""
    states = (DecisionState.POSTED, DecisionState.REVERSED)
    adjustments = ledger.decisions(DecisionFilter(states=states)).adjustments
    found: dict[int, list[_Unpaid]] = {}
    for row in adjustments.to_pylist():
        if (
            row["rank"] == 0
            and row["role"] in NOT_COLLECTED
            and row["amount_minor"] > 0
        ):
            part = _Unpaid(row["item_id"], row["amount_minor"])
            found.setdefault(row["decision_id"], []).append(part)
    return found


def _paid(
    rows: list[Mapping[str, Any]], unpaid: Iterable[_Unpaid]
) -> Iterator[tuple[Mapping[str, Any], int]]:
    """Take off each allocation its share of what was not paid.

    A part that names no item is spread over the allocations by amount; cumulated, so
    that the shares add up.
    """
    unpaid = list(unpaid)
    whole = sum(row["allocated_minor"] for row in rows)
    shared = sum(one.amount_minor for one in unpaid if one.item_id is None)
    before = 0
    for row, until in zip(
        rows, accumulate(row["allocated_minor"] for row in rows), strict=True
    ):
        share = half_up(shared * until, whole) if whole > 0 else 0
        own = sum(one.amount_minor for one in unpaid if one.item_id == row["item_id"])
        yield row, row["allocated_minor"] - own - (share - before)
        before = share


@dataclass(slots=True)
class _Invoice:
    """How much of an invoice was collected so far."""

    vat: list[Mapping[str, int]]
    paid: int

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> _Invoice:
        """Begin with what was collected before the invoice came here."""
        lines = sorted(row["vat"] or (), key=lambda line: line["rate_bps"])
        before = (row["total_minor"] or 0) - (row["imported_minor"] or 0)
        return cls(lines, before)

    def collect(self, amount: int) -> tuple[RateCollected, ...] | None:
        """Add an amount; return it by rate, None when no rates are known."""
        before, self.paid = self._by_rate(), self.paid + amount
        after = self._by_rate()
        if not after:
            return None
        return tuple(
            RateCollected(rate, gross - old_gross, vat - old_vat)
            for (rate, gross, vat), (_, old_gross, old_vat) in zip(
                after, before, strict=True
            )
        )

    def _by_rate(self) -> list[tuple[int, int, int]]:
        """Split what was paid so far; the rates add up to it."""
        gross = [line["base_minor"] + line["vat_minor"] for line in self.vat]
        whole = sum(gross)
        if not whole:
            return []
        sign = 1 if whole > 0 else -1
        edges = [
            half_up(edge * self.paid * sign, abs(whole)) for edge in accumulate(gross)
        ]
        return [
            (
                line["rate_bps"],
                edge - (edges[at - 1] if at else 0),
                vat_due(line["vat_minor"], self.paid, whole),
            )
            for at, (line, edge) in enumerate(zip(self.vat, edges, strict=True))
        ]
