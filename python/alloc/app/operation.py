"""Operations: what a rule posts without a payment, on items that a person names."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from alloc.app.ports import (
    DecisionFilter,
    DecisionState,
    OperationRow,
    PaymentState,
)
from alloc.app.situations import Facts, collected_vat
from alloc.errors import InputError, NotFoundError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from alloc.app.ports import Ledger
    from alloc.rules import Rule
    from alloc.settings import Settings

__all__ = ["Operation", "operation_facts", "operation_row"]


@dataclass(frozen=True, slots=True)
class Operation:
    """What a person asks a rule to post without a payment.

    Parameters
    ----------
    items
        What it clears: items of one company.
    date
        Of the voucher.
    reference
        Of the voucher; else the operation's own id.
    entity
        Whose items, where several companies have items of these ids.
    """

    items: tuple[str, ...]
    date: dt.date
    reference: str = ""
    entity: str | None = None

    def identity(self, rule: Rule) -> str:
        """Return the same id for the same request: it is posted once."""
        parts = (
            self.entity or "",
            rule.name,
            self.date.isoformat(),
            self.reference,
        )
        text = "\x1f".join((*parts, *sorted(self.items)))
        return f"O{hashlib.sha256(text.encode()).hexdigest()[:16].upper()}"


def operation_facts(
    ledger: Ledger,
    settings: Settings,
    rule: Rule,
    operation: Operation,
    *,
    rules: Sequence[Rule] = (),
) -> Facts:
    """Read what an operation may clear.

    Parameters
    ----------
    rules
        All rules: by one of them VAT may fall due.

    Returns
    -------
    Facts
        Those of a payment of nothing, whose only set is the items that are named.

    Raises
    ------
    alloc.errors.NotFoundError
        ``ITEM_UNKNOWN``.
    alloc.errors.InputError
        ``ITEMS_NEEDED``; ``ENTITY_AMBIGUOUS`` and ``PARTY_DIFFERS`` for items that do
        not belong together.
    """
    if not operation.items:
        raise InputError(
            f"rule {rule.name} works without a payment: name the items with --items",
            reason="ITEMS_NEEDED",
            rule=rule.name,
        )
    rows = _rows(ledger, rule, operation)
    entity = _only_entity(rows, operation.items)
    customers = {row["customer_id"]: row for row in ledger.customers().to_pylist()}
    _check_linked(rows, customers, rule)
    owner = next(
        (row["customer_id"] for row in rows if row["open_minor"] > 0),
        rows[0]["customer_id"],
    )
    payment = _payment(ledger, settings, rule, operation, entity)
    return Facts(
        payment,
        owner,
        customers.get(owner, {}),
        {row["item_id"]: row for row in rows},
        (operation.items,),
        collected=collected_vat(ledger, (rule, *rules)),
    )


def operation_row(payment: Mapping[str, Any]) -> OperationRow | None:
    """Return the operation that stands in the place of a payment, if one does."""
    if payment["account"] is not None:
        return None
    return OperationRow(
        operation_id=payment["payment_id"],
        entity=payment["entity"],
        currency=payment["currency"],
        date=payment["booking_date"],
        reference=payment["bank_reference"],
    )


def _rows(ledger: Ledger, rule: Rule, operation: Operation) -> list[dict[str, Any]]:
    """Return the items that are named: the open ones, or those that were closed."""
    closed_by = rule.when.closed_by
    found: list[dict[str, Any]] = ledger.open_items(
        entity=operation.entity, item_ids=operation.items, closed=bool(closed_by)
    ).to_pylist()
    if not closed_by:
        return found
    cleared: dict[tuple[str, str], int] = defaultdict(int)
    for one in ledger.item_history(operation.items).to_pylist():
        if one["role"] == closed_by:
            cleared[one["entity"], one["item_id"]] += one["allocated_minor"]
    for row in found:
        row["cleared_minor"] = cleared[row["entity"], row["item_id"]]
        if row["open_minor"] or not row["cleared_minor"]:
            raise NotFoundError(
                f"item {row['item_id']} was not closed by an entry with {closed_by}",
                reason="ITEM_UNKNOWN",
                item_id=row["item_id"],
            )
    return found


def _payment(
    ledger: Ledger,
    settings: Settings,
    rule: Rule,
    operation: Operation,
    entity: str,
) -> dict[str, Any]:
    """Return the row of a payment of nothing."""
    operation_id = operation.identity(rule)
    undone = ledger.decisions(
        DecisionFilter(states=(DecisionState.REVERSED,), payment_ids=(operation_id,))
    ).decisions.num_rows
    return {
        "payment_id": operation_id,
        "item_prefix": f"{operation_id}-R{undone}" if undone else operation_id,
        "parked_item_id": None,
        "entity": entity,
        "account": None,
        "booking_date": operation.date,
        "value_date": operation.date,
        "currency": settings.entity(entity).currency,
        "amount_minor": 0,
        "payer_name": None,
        "ultimate_name": None,
        "payer_iban": None,
        "remittance_text": (),
        "charges_minor": None,
        "bank_reference": operation.reference or None,
        "state": PaymentState.NEW,
        "aside_reason": None,
    }


def _only_entity(rows: Sequence[Mapping[str, Any]], items: Collection[str]) -> str:
    found = {row["item_id"] for row in rows}
    for item_id in items:
        if item_id not in found:
            raise NotFoundError(
                f"item {item_id} is not open at any entity",
                reason="ITEM_UNKNOWN",
                item_id=item_id,
            )
    entities = sorted({row["entity"] for row in rows})
    if len(entities) > 1:
        raise InputError(
            f"the items are of {', '.join(entities)}: an entry stands in the books of "
            "one company, name it with --entity",
            reason="ENTITY_AMBIGUOUS",
            entities=", ".join(entities),
        )
    return str(entities[0])


def _check_linked(
    rows: Iterable[Mapping[str, Any]],
    customers: Mapping[str, Mapping[str, Any]],
    rule: Rule,
) -> None:
    """Refuse debts of one party against claims on another."""
    rows = list(rows)
    signs = {row["open_minor"] > 0 for row in rows}
    if len(signs) < 2:  # noqa: PLR2004 - claims and debts: two sides
        return
    parties = {row["customer_id"] for row in rows}
    linked = {rows[0]["customer_id"]}
    links = [
        {customer_id, row["supplier_id"]}
        for customer_id, row in customers.items()
        if row["supplier_id"]
    ]
    links.append(set(rule.when.members))
    # A link may join two that later links join to the first: look as often as there
    # are links.
    for _ in links:
        for link in links:
            if link & linked:
                linked |= link
    if strangers := sorted(parties - linked):
        raise InputError(
            f"{', '.join(strangers)} and {rows[0]['customer_id']} are not one party: "
            "link them by supplier_id, or name the parties of the agreement as members "
            "in [when]",
            reason="PARTY_DIFFERS",
            parties=", ".join(strangers),
        )
