"""What a rule is tried on: a payment of the ledger with the items it may clear."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow.compute as pc

from alloc.app.foreign import paid_abroad
from alloc.app.ports import DecisionFilter, DecisionState, PaymentState
from alloc.engine import currency_exponent
from alloc.errors import NotFoundError
from alloc.rules import Earlier, Item, Payment, Situation, VatLine
from alloc.rules.arithmetic import half_up
from alloc.rules.matching import quotes, stands_in
from alloc.rules.model import Measure, Per
from alloc.rules.values import amount_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import pyarrow as pa

    from alloc.app.ports import Ledger
    from alloc.rules import Rule
    from alloc.settings import Settings

__all__ = [
    "ITEMS_MAX",
    "CollectedVat",
    "Facts",
    "ItemHistory",
    "collected_vat",
    "comparable",
    "is_named",
    "item_history",
    "linked_customer",
    "load_facts",
    "sets_of",
    "vat_of_part",
]

ITEMS_MAX = 2_000
"""Open items of one customer that are tried as a whole balance."""

_BPS = 100

_NUMBER_MIN = 3


#: (entity, item) -> rate in ppm -> VAT that was made due, and by how much paid.
CollectedVat = Mapping[tuple[str, str], Mapping[int, tuple[int, int]]]


#: (entity, item) -> what earlier decisions took off it and charged beside it.
ItemHistory = Mapping[tuple[str, str], tuple[Earlier, ...]]


@dataclass(frozen=True)
class Facts:
    """A payment of the ledger, and all that its rules may ask.

    What follows from it is worked out once, however many rules ask for it.

    Parameters
    ----------
    payment
        Its row, as `alloc.app.ports.Ledger.payments` returns it.
    customer_id
        The customer that was decided on or proposed.
    rows
        Open items by id, of the payment's entity and currency.
    sets
        Sets of items that the payment may clear, the likeliest first.
    returned
        For money that goes out: the decision on the payment that it takes back.
    elsewhere
        Open items of other companies, by entity and id.
    collected
        VAT that earlier payments made due.
    history
        What earlier payments took off the items that are paid in part.
    evidenced
        Items that text or advice name, as the engine read them.
    """

    payment: Mapping[str, Any]
    customer_id: str | None
    customer: Mapping[str, Any]
    rows: Mapping[str, Mapping[str, Any]]
    sets: tuple[tuple[str, ...], ...]
    returned: Mapping[str, Any] | None = None
    elsewhere: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(
        default_factory=dict
    )
    collected: CollectedVat = field(default_factory=dict)
    history: ItemHistory = field(default_factory=dict)
    evidenced: frozenset[str] = frozenset()

    def rows_for(self, rule: Rule) -> Mapping[str, Mapping[str, Any]]:
        """Return the items that a rule clears, by id."""
        if rule.link is None:
            return self.rows
        return self.elsewhere.get(rule.link.entity, {})

    @cached_property
    def bare(self) -> Situation:
        """The payment without items: most rules are not for it, whatever it clears."""
        return Situation(payment=self._payment())

    @cached_property
    def named(self) -> frozenset[str]:
        """Items that the payer names, for the engine or by their whole number."""
        return self.evidenced.union(self._named_claims) & self.rows.keys()

    @cached_property
    def pool(self) -> tuple[Item, ...]:
        """All items that the payment may clear: named, or its customer's."""
        named = self.named
        return self._in_due_order(
            row
            for key, row in self.rows.items()
            if key in named or row["customer_id"] == self.customer_id
        )

    def situations(self, rule: Rule, settings: Settings) -> list[Situation]:
        """Return what a rule is tried on: one situation for each set of items."""
        parts = rule.components
        whole = (Measure.PAYMENT, Measure.RETURNED)
        if any(part.measure in whole for part in parts):
            return [Situation(payment=self.bare.payment, named=self._named_claims)]
        if rule.link is not None:
            return self._linked(rule)
        debts: tuple[Item, ...] = ()
        offset = next((p for p in parts if p.measure is Measure.SUPPLIER), None)
        accounts = settings.entity(self.payment["entity"]).accounts
        if offset is not None and self.payment["amount_minor"]:
            debts = self._debts(accounts[offset.role])
        elif offset is not None:
            debts = self._named_debts()
        if not debts and not rule.when.members:
            return self._plain
        members = tuple(
            key
            for key, row in self.rows.items()
            if row["customer_id"] in rule.when.members
        )
        return self._of_sets((*self.sets, members), debts)

    @cached_property
    def _plain(self) -> list[Situation]:
        """One situation for each set of items, of a rule that asks for no others."""
        return self._of_sets(self.sets, ())

    def _of_sets(
        self, sets: Iterable[tuple[str, ...]], debts: tuple[Item, ...]
    ) -> list[Situation]:
        beside = {item.item_id for item in debts}
        tried: dict[tuple[str, ...], None] = {}
        for chosen in sets:
            kept = tuple(sorted(key for key in chosen if key not in beside))
            if kept:
                tried.setdefault(kept)
        situations = [
            Situation(
                payment=self.bare.payment,
                items=self._in_due_order(self.rows[key] for key in chosen),
                supplier_items=debts,
            )
            for chosen in tried
        ]
        return [self._with_quoted(case) for case in situations] or [
            Situation(payment=self.bare.payment, supplier_items=debts)
        ]

    def _with_quoted(self, case: Situation) -> Situation:
        """Add the debts that the payment names beside the amount that is missing."""
        if not case.supplier_items or case.gap_minor <= 0:
            return case
        text = case.payment.text
        digits = currency_exponent(case.payment.currency) or 0
        if not quotes(text, amount_text(case.gap_minor, digits)):
            return case
        named = (
            debt.item_id
            for debt in case.supplier_items
            if stands_in(_numbers(self.rows[debt.item_id]), text)
        )
        return msgspec.structs.replace(case, quoted=tuple(named))

    def _linked(self, rule: Rule) -> list[Situation]:
        """Return each item of the other company, and all of them."""
        rows = {
            key: row
            for key, row in self.rows_for(rule).items()
            if row["customer_id"] == self.customer_id
        }
        sets = dict.fromkeys([tuple(sorted(rows)), *((key,) for key in sorted(rows))])
        return [
            Situation(
                payment=self.bare.payment,
                items=self._in_due_order(rows[key] for key in chosen),
            )
            for chosen in sets
        ]

    @property
    def is_abroad(self) -> bool:
        """Whether the payment is compared with items in a foreign currency."""
        return self.payment.get("foreign_currency") is not None

    def _payment(self) -> Payment:
        row = self.payment
        abroad = self.is_abroad
        return Payment(
            payment_id=row["payment_id"],
            entity=row["entity"],
            amount_minor=row["foreign_minor" if abroad else "amount_minor"],
            date=row["value_date"],
            currency=row["foreign_currency" if abroad else "currency"],
            payer_name=row["payer_name"] or row["ultimate_name"] or "",
            payer_iban=row["payer_iban"] or "",
            text=" ".join(row["remittance_text"] or ()),
            customer_id=self.customer_id or "",
            customer_type=self.customer.get("customer_type") or "",
            charges_minor=row["charges_minor"] or 0,
            returned_minor=self.returned["amount_minor"] if self.returned else 0,
        )

    def _in_due_order(self, rows: Iterable[Mapping[str, Any]]) -> tuple[Item, ...]:
        items = map(self._item, rows)
        return tuple(
            sorted(items, key=lambda item: (str(item.due_date or ""), item.item_id))
        )

    @cached_property
    def _items(self) -> dict[tuple[str, str], Item]:
        """The items that were asked for so far."""
        return {}

    def _item(self, row: Mapping[str, Any]) -> Item:
        key = (row["entity"], row["item_id"])
        if key not in self._items:
            self._items[key] = (
                _item(_abroad(row), {}, ())
                if self.is_abroad
                else _item(row, self.collected.get(key, {}), self._earlier(key))
            )
        return self._items[key]

    def _earlier(self, key: tuple[str, str]) -> tuple[Earlier, ...]:
        day = self.payment["value_date"]
        return tuple(one for one in self.history.get(key, ()) if one.date <= day)

    @cached_property
    def _named_claims(self) -> tuple[str, ...]:
        """The open claims whose number stands in the payment's text."""
        if self.payment["amount_minor"] < 0:
            return ()
        text = " ".join(self.payment["remittance_text"] or ())
        return tuple(
            sorted(
                key
                for key, row in self.rows.items()
                if row["open_minor"] > 0 and stands_in(_numbers(row), text)
            )
        )

    def _named_debts(self) -> tuple[Item, ...]:
        """List what we owe among the items that a person named."""
        named = {key for chosen in self.sets for key in chosen}
        rows = (self.rows[key] for key in sorted(named))
        return self._in_due_order(row for row in rows if row["open_minor"] < 0)

    def _debts(self, account: str) -> tuple[Item, ...]:
        """List what we owe the same party on an account."""
        parties = {self.customer_id, self.customer.get("supplier_id")} - {None}
        return self._in_due_order(
            row
            for row in self.rows.values()
            if row["account"] == account
            and row["customer_id"] in parties
            and row["open_minor"] < 0
        )


def load_facts(
    ledger: Ledger,
    settings: Settings,
    payment_id: str,
    *,
    items: Sequence[str] | None = None,
    rules: Sequence[Rule] = (),
) -> Facts:
    """Read a payment with what may be cleared by it.

    Parameters
    ----------
    items
        Items that a person named; else those of its proposal, its alternatives, and
        the whole balance of its customer.
    rules
        What will be tried: items of the companies that they link are read too.

    Raises
    ------
    alloc.errors.NotFoundError
        ``PAYMENT_UNKNOWN``, ``ITEM_UNKNOWN``.
    """
    found = ledger.payments(states=tuple(PaymentState), payment_ids=(payment_id,))
    if not found.num_rows:
        raise NotFoundError(
            f"payment {payment_id} is unknown: see `alloc review list`",
            reason="PAYMENT_UNKNOWN",
            payment_id=payment_id,
        )
    (payment,) = found.to_pylist()
    opened = ledger.open_items(entity=payment["entity"])
    abroad, _ = paid_abroad(found, opened, settings)
    if abroad.num_rows and payment["amount_minor"] > 0:
        (payment,) = abroad.to_pylist()
    opened = opened.filter(comparable(opened, payment))
    returned = _returned(ledger, payment)
    decided = ledger.decisions(
        DecisionFilter(
            states=(DecisionState.PROPOSED, DecisionState.POSTED),
            payment_ids=(payment_id,),
        )
    )
    customer_id = next(
        (row["customer_id"] for row in decided.decisions.to_pylist()),
        returned["customer_id"] if returned else None,
    )
    ranks: dict[int, list[str]] = {}
    proposed = decided.allocations.to_pylist()
    for row in proposed:
        ranks.setdefault(row["rank"], []).append(row["item_id"])
    rows = {row["item_id"]: row for row in opened.to_pylist()}
    known = {row["customer_id"]: row for row in ledger.customers().to_pylist()}
    if items is not None:
        _check_named(items, rows, payment["entity"])
        sets = [tuple(items)]
        customers = {rows[key]["customer_id"] for key in items}
        customer_id = customer_id or (customers.pop() if len(customers) == 1 else None)
        customer_id = customer_id or linked_customer(items, rows, known)
    else:
        if payment["amount_minor"] < 0 and not ranks:
            ranks = {0: _named_credits(payment, rows)}
        customer_id = customer_id or linked_customer(ranks.get(0, ()), rows, known)
        sets = sets_of(ranks, rows, customer_id)
    customer = known.get(customer_id or "", {})
    linked = {rule.link.entity for rule in rules if rule.link is not None}
    elsewhere = {
        entity: {
            row["item_id"]: row
            for row in ledger.open_items(entity=entity).to_pylist()
            if row["currency"] == payment["currency"]
        }
        for entity in sorted(linked)
    }
    return Facts(
        payment,
        customer_id,
        customer,
        rows,
        tuple(sets),
        returned,
        elsewhere,
        collected_vat(ledger, rules),
        item_history(ledger, rules, rows.values()),
        frozenset(row["item_id"] for row in proposed if is_named(row["evidence"])),
    )


def is_named(evidence: str) -> bool:
    """Say whether evidence is that text or advice name an item.

    Parameters
    ----------
    evidence
        Codes of an allocation, as the engine lists them.
    """
    return any(
        code.startswith(("REFERENCE_", "ADVICE_")) for code in evidence.split(",")
    )


def _returned(ledger: Ledger, payment: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Find the one posted payment that a debit takes back, by its end-to-end id."""
    end_to_end_id = payment["end_to_end_id"]
    if payment["amount_minor"] >= 0 or end_to_end_id in (None, "", "NOTPROVIDED"):
        return None
    posted = ledger.payments(
        states=(PaymentState.POSTED,),
        entity=payment["entity"],
        until=payment["booking_date"],
    )
    alike = posted.filter(
        pc.and_(
            pc.equal(posted["end_to_end_id"], end_to_end_id),
            pc.and_(
                pc.equal(posted["account"], payment["account"]),
                pc.greater(posted["amount_minor"], 0),
            ),
        )
    )
    if alike.num_rows != 1:
        return None
    decided = ledger.decisions(
        DecisionFilter(
            states=(DecisionState.POSTED,),
            payment_ids=alike["payment_id"].to_pylist(),
        )
    ).decisions.to_pylist()
    return decided[0] if decided else None


def linked_customer(
    items: Iterable[str],
    rows: Mapping[str, Mapping[str, Any]],
    customers: Mapping[str, Mapping[str, Any]],
) -> str | None:
    """Return the customer whose claims a payment names beside our debts to it.

    Parameters
    ----------
    items
        What a payment names.
    rows, customers
        Open items and customers by id: a customer may be linked with a supplier.
    """
    owners = {rows[key]["customer_id"] for key in items if key in rows}
    found = [
        owner
        for owner in owners
        if owners - {owner} == {customers.get(owner, {}).get("supplier_id")}
    ]
    return found[0] if len(found) == 1 else None


def sets_of(
    ranks: Mapping[int, Sequence[str]],
    rows: Mapping[str, Mapping[str, Any]],
    customer_id: str | None,
) -> list[tuple[str, ...]]:
    """List what a payment may clear: what was proposed, and the whole balance.

    Parameters
    ----------
    ranks
        Proposed items by rank.
    rows
        Open items by id.
    customer_id
        Whose balance; None has none.
    """
    sets = [tuple(ranks[rank]) for rank in sorted(ranks)]
    sets = [chosen for chosen in sets if all(key in rows for key in chosen)]
    balance = [k for k, row in rows.items() if row["customer_id"] == customer_id]
    if customer_id and len(balance) <= ITEMS_MAX:
        sets.append(tuple(balance))
    return sets


def _check_named(items: Sequence[str], rows: Mapping[str, object], entity: str) -> None:
    for key in items:
        if key not in rows:
            raise NotFoundError(
                f"item {key} is not open at entity {entity}",
                reason="ITEM_UNKNOWN",
                item_id=key,
                entity=entity,
            )


def comparable(items: pa.Table, payment: Mapping[str, Any]) -> pa.ChunkedArray:
    """Mark the items that a payment is compared with: those in its currency."""
    abroad = payment.get("foreign_currency")
    if abroad is not None:
        mine = pc.equal(items["foreign_currency"], abroad)
        return pc.fill_null(mine, fill_value=False)
    return pc.equal(items["currency"], payment["currency"])


def _abroad(row: Mapping[str, Any]) -> dict[str, Any]:
    """Show an item in its foreign currency, its document in proportion."""
    whole, of = row["foreign_imported_minor"], row["imported_minor"]

    def there(minor: int) -> int:
        return half_up(minor * whole * (1 if of > 0 else -1), abs(of))

    total = row["original_minor"]
    vat = row["vat"]
    return dict(row) | {
        "open_minor": row["foreign_open_minor"],
        "imported_minor": whole,
        "original_minor": total and there(total),
        "vat": vat and [line | {"vat_minor": there(line["vat_minor"])} for line in vat],
    }


def _item(
    row: Mapping[str, Any],
    collected: Mapping[int, tuple[int, int]],
    earlier: tuple[Earlier, ...],
) -> Item:
    total = _document(row)
    paid = total - row["open_minor"]
    lines = row["vat"]
    return Item(
        item_id=row["item_id"],
        customer_id=row["customer_id"],
        open_minor=row["open_minor"],
        total_minor=total,
        account=row["account"],
        kind=row["kind"],
        vat=None
        if lines is None
        else tuple(_vat_line(line, paid, total, collected) for line in lines),
        issue_date=row["issue_date"],
        due_date=row["due_date"],
        cleared_minor=row.get("cleared_minor", 0),
        earlier=earlier,
    )


def _named_credits(
    payment: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """List the open credits whose number stands in the text of money that goes out."""
    text = " ".join(payment["remittance_text"] or ())
    return [
        key
        for key, row in sorted(rows.items())
        if row["open_minor"] < 0 and stands_in(_numbers(row), text)
    ]


def _numbers(row: Mapping[str, Any]) -> list[str]:
    """Return what an item may be called by: of three signs or more, with a digit."""
    names = (row["item_id"], row["reference"], *(row["other_references"] or ()))
    return [
        name
        for name in names
        if name and len(name) >= _NUMBER_MIN and any(map(str.isdigit, name))
    ]


def _document(row: Mapping[str, Any]) -> int:
    """Return what the document was before anything was paid of it."""
    return int(row["original_minor"] or row["imported_minor"])


def vat_of_part(row: Mapping[str, Any], minor: int) -> list[dict[str, int]] | None:
    """Return the VAT of a part that moves to an item of its own, by rate.

    What is left of the document's VAT when all else of it is paid: cumulated like the
    VAT that falls due, so that the paid part and the moved one add up.

    Parameters
    ----------
    row
        The item, as the ledger has it.
    minor
        The part.
    """
    total = _document(row)
    if row["vat"] is None:
        return None

    def moved(whole: int) -> int:
        return whole - vat_due(whole, total - minor, total)

    return [
        {
            "rate_bps": line["rate_bps"],
            "base_minor": moved(line["base_minor"]),
            "vat_minor": moved(line["vat_minor"]),
        }
        for line in row["vat"]
    ]


def _vat_line(
    line: Mapping[str, int],
    paid: int,
    total: int,
    collected: Mapping[int, tuple[int, int]],
) -> VatLine:
    """Say what of a document's VAT is due: as posted, else as far as it is paid."""
    rate = line["rate_bps"] * _BPS
    posted, by = collected.get(rate, (0, 0))
    return VatLine(
        rate_ppm=rate,
        vat_minor=line["vat_minor"],
        due_minor=posted + vat_due(line["vat_minor"], paid - by, total),
    )


def collected_vat(
    ledger: Ledger, rules: Iterable[Rule], item_ids: Collection[str] | None = None
) -> CollectedVat:
    """Read the VAT that posted decisions made due, when a rule wants to know.

    Parameters
    ----------
    item_ids
        Of these items only.
    """
    found: dict[tuple[str, str], dict[int, tuple[int, int]]] = {}
    if any(rule.vat_on_collection for rule in rules):
        for row in ledger.collected_vat(item_ids).to_pylist():
            rates = found.setdefault((row["entity"], row["item_id"]), {})
            rates[row["rate_ppm"]] = (row["vat_minor"], row["allocated_minor"])
    return found


def item_history(
    ledger: Ledger, rules: Iterable[Rule], rows: Iterable[Mapping[str, Any]]
) -> ItemHistory:
    """Read what was done with items paid in part, when a rule charges late ones."""
    parts = (part for rule in rules for part in rule.components)
    if not any(part.per is Per.LATE_INVOICE for part in parts):
        return {}
    keys = [row["item_id"] for row in rows if row["open_minor"] != _document(row)]
    if not keys:
        return {}
    found: dict[tuple[str, str], dict[int, Earlier]] = {}
    for row in ledger.item_history(keys).to_pylist():
        decisions = found.setdefault((row["entity"], row["item_id"]), {})
        known = decisions.get(row["decision_no"])
        roles = () if row["role"] is None else (row["role"],)
        decisions[row["decision_no"]] = Earlier(
            date=row["value_date"],
            cleared_minor=row["allocated_minor"],
            roles=roles if known is None else known.roles + roles,
        )
    return {key: tuple(decisions.values()) for key, decisions in found.items()}


def vat_due(vat_minor: int, paid: int, total: int) -> int:
    """Return the VAT that the paid part of a document has made due."""
    if not total:
        return 0
    return half_up(vat_minor * paid * (1 if total > 0 else -1), abs(total))
