"""Small books for the tests of the ledger: items, payments and what is posted."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from alloc import engine
from alloc.app.ports import (
    DecisionFilter,
    DecisionState,
    PaymentState,
    PostingBatch,
    SourceFile,
)
from alloc.app.reversal import Reversal
from alloc.domain import bank

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from alloc.app.ports import ImportCounts, Ledger, PostResult
    from alloc.app.reversal import ReverseResult

NOW = dt.datetime(2026, 4, 30, 22, 15, tzinfo=dt.UTC)
DAY = dt.date(2026, 4, 30)
IBAN = "FR7630001007941234567890185"
BANK, CUSTOMER, SUSPENSE = "512000", "411000", "471000"


def _schema(text: str = "", numbers: str = "", dates: str = "") -> pa.Schema:
    return pa.schema(
        [(name, pa.string()) for name in text.split()]
        + [(name, pa.int64()) for name in numbers.split()]
        + [(name, pa.date32()) for name in dates.split()]
    )


def source(name: str, kind: str) -> SourceFile:
    digest = hashlib.sha256(f"{name}{kind}".encode()).hexdigest()
    return SourceFile(name, digest, len(name), kind)


@dataclass(frozen=True)
class BankFile:
    statements: pa.Table
    entries: pa.Table
    references: pa.Table
    warnings: pa.Table


@dataclass(frozen=True)
class Line:
    """One bank entry as a test writes it; amounts in cents, credit > 0."""

    reference: str
    amount_minor: int
    day: dt.date = DAY
    status: str = "booked"
    reversal: bool = False
    details: tuple[int, ...] = ()
    name: str | None = None
    account: str = IBAN
    text: tuple[str, ...] = ()


def entry_id(line: Line, occurrence: int = 1) -> str:
    facts = (line.account, line.day, line.amount_minor, "EUR", line.reference)
    return bank.entry_id(facts, occurrence)


_ENTRY = pa.schema(
    [
        *_schema(
            "payment_id account currency status bank_reference counterparty_name",
            "statement_index entry_index detail_index detail_count amount_minor "
            "entry_amount_minor line",
            "booking_date",
        ),
        pa.field("reversal", pa.bool_()),
        pa.field("remittance_text", pa.list_(pa.string())),
    ]
)
_REFERENCE = _schema("payment_id reference kind", "line_no amount_minor")


def bank_file(
    lines: Iterable[Line],
    *,
    kind: str = "statement",
    references: Iterable[Mapping[str, object]] = (),
) -> BankFile:
    """Build the tables of a bank file, with the identities of its entries."""
    seen: Counter[Line] = Counter()
    rows = []
    accounts: dict[str, int] = {}
    for index, line in enumerate(lines):
        key = Line(line.reference, line.amount_minor, line.day, account=line.account)
        seen[key] += 1
        parts = line.details or (line.amount_minor,)
        for number, part in enumerate(parts):
            suffix = f"-{number + 1}" if len(parts) > 1 else ""
            rows.append(
                {
                    "statement_index": accounts.setdefault(line.account, len(accounts)),
                    "entry_index": index,
                    "detail_index": number,
                    "detail_count": len(parts),
                    "payment_id": entry_id(line, seen[key]) + suffix,
                    "account": line.account,
                    "booking_date": line.day,
                    "currency": "EUR",
                    "amount_minor": part,
                    "entry_amount_minor": line.amount_minor,
                    "status": line.status,
                    "reversal": line.reversal,
                    "bank_reference": line.reference,
                    "counterparty_name": line.name,
                    "remittance_text": list(line.text) or None,
                    "line": index + 1,
                }
            )
    statements = [
        {
            "statement_index": index,
            "message_type": "camt.053.001.08",
            "kind": kind,
            "account": account,
            "entry_count": len(rows),
            "line": 1,
        }
        for account, index in (accounts or {IBAN: 0}).items()
    ]
    return BankFile(
        pa.Table.from_pylist(statements),
        pa.Table.from_pylist(rows, _ENTRY),
        pa.Table.from_pylist(list(references), _REFERENCE),
        pa.table({name: pa.nulls(0) for name in ("code", "message", "line")}),
    )


_ITEM = _schema(
    "entity item_id customer_id reference currency",
    "open_minor",
    "issue_date due_date",
)


def items_table(
    amounts: Mapping[str, int],
    *,
    customer: str = "C-A",
    entity: str = "E1",
    currency: str = "EUR",
) -> pa.Table:
    rows = [
        {
            "entity": entity,
            "item_id": item_id,
            "customer_id": customer,
            "reference": item_id,
            "currency": currency,
            "open_minor": amount,
            "issue_date": dt.date(2026, 3, 1),
            "due_date": dt.date(2026, 4, 1),
        }
        for item_id, amount in amounts.items()
    ]
    return pa.Table.from_pylist(rows, _ITEM)


@dataclass
class Plan:
    """What is to be posted for one payment: item -> cents, in EUR."""

    payment_id: str
    items: Mapping[str, int] = field(default_factory=dict)
    kind: str = "clearing"
    customer: str | None = "C-A"
    deductions: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    rank: int = 0
    entity: str = "E1"


class Books:
    """A ledger and the shortest way to fill it."""

    def __init__(self, ledger: Ledger, *, files: int = 0) -> None:
        self.ledger = ledger
        self._files = files

    def receive(self, *lines: Line, **more: Any) -> ImportCounts:
        """Import a bank file."""
        self._files += 1
        return self.ledger.import_bank_file(
            source(f"bank-{self._files}.xml", "bank"),
            bank_file(lines, **more),
            entities={IBAN: "E1", "OTHER": "E2"},
            now=NOW,
        )

    def due(
        self,
        amounts: Mapping[str, int] | pa.Table,
        *,
        snapshot_of: tuple[str, ...] = (),
        **more: Any,
    ) -> ImportCounts:
        """Import open items."""
        self._files += 1
        is_table = isinstance(amounts, pa.Table)
        return self.ledger.import_open_items(
            source(f"items-{self._files}.csv", "open_items"),
            amounts if is_table else items_table(amounts, **more),
            accounts={"E1": CUSTOMER, "E2": CUSTOMER},
            now=NOW,
            snapshot_of=snapshot_of,
        )

    def post(self, *plans: Plan, by: str = "alloc") -> PostResult:
        """Post plans in one batch."""
        return self.ledger.post(batch(self.ledger, plans, by=by), now=NOW)

    def propose(self, *plans: Plan) -> PostResult:
        """Keep plans as proposals; several plans of a payment are its ranks."""
        return self.ledger.post(proposals(plans), now=NOW)

    def reverse(self, decision_id: int) -> ReverseResult:
        """Undo a decision."""
        reversal = Reversal(decision_id, DAY, 2026, "Reversal", "ana")
        return self.ledger.reverse(reversal, now=NOW)

    def open(self) -> dict[str, int]:
        """What is open: item -> cents."""
        rows = self.ledger.open_items().to_pylist()
        return {row["item_id"]: row["open_minor"] for row in rows}

    def states(self) -> dict[str, str]:
        """Bank reference -> state of every bank entry."""
        rows = self.ledger.payments(states=tuple(PaymentState)).to_pylist()
        return {row["bank_reference"]: row["state"] for row in rows}

    def codes(self) -> dict[str, tuple[str, ...]]:
        """Lettering code -> its items, live groups that have items only."""
        tables = self.ledger.letters()
        code_of = {
            row["letter_group"]: row["code"] for row in tables.groups.to_pylist()
        }
        items: dict[str, list[str]] = {}
        for row in tables.members.to_pylist():
            if row["item_id"] is not None:
                items.setdefault(code_of[row["letter_group"]], []).append(
                    row["item_id"]
                )
        return {code: tuple(sorted(held)) for code, held in items.items()}

    def decision_of(self, payment: str) -> int:
        """The posted decision of a payment."""
        found = self.ledger.decisions(
            DecisionFilter(states=(DecisionState.POSTED,), payment_ids=(payment,))
        )
        return int(found.decisions["decision_id"][0].as_py())


_PAYMENT = _schema(
    "payment_id item_prefix entity journal kind piece_ref label currency "
    "source_account customer_id customer_account suspense_account",
    "amount_minor fiscal_year",
    "posting_date piece_date",
)
_SETTLED = _schema(
    "payment_id item_id customer_id account entity",
    "allocated_minor open_minor letter_group group_open_minor",
)
_DEDUCTION = _schema("payment_id role account customer_id", "amount_minor")
_DECISION = _schema(
    "payment_id status proof rule reason customer_id",
    "confidence_ppm explanations_count",
)
_ALLOCATION = _schema(
    "payment_id item_id entity customer_id evidence", "rank allocated_minor"
)
_ADJUSTMENT = _schema("payment_id role", "rank amount_minor")


def batch(ledger: Ledger, plans: Iterable[Plan], *, by: str = "alloc") -> PostingBatch:
    """Draft plans against what is open now."""
    plans = list(plans)
    rows = ledger.payments(payment_ids=[plan.payment_id for plan in plans])
    known = {row["payment_id"]: row for row in rows.to_pylist()}
    items = {
        (row["entity"], row["item_id"]): row for row in ledger.open_items().to_pylist()
    }
    payments = [_payment(plan, known[plan.payment_id]) for plan in plans]
    settled = [
        _settled(plan, item_id, amount, items[plan.entity, item_id])
        for plan in plans
        for item_id, amount in plan.items.items()
    ]
    settled += [
        _released(known[plan.payment_id]) for plan in plans if plan.kind == "release"
    ]
    deducted = [
        {
            "payment_id": plan.payment_id,
            "role": role,
            "account": account,
            "amount_minor": amount,
            "customer_id": plan.customer if role == "on_account" else None,
        }
        for plan in plans
        for role, (account, amount) in plan.deductions.items()
    ]
    drafts = engine.draft_entries(
        pa.Table.from_pylist(payments, _PAYMENT),
        pa.Table.from_pylist(settled, _SETTLED),
        pa.Table.from_pylist(deducted, _DEDUCTION),
    )
    decided = proposals([plan for plan in plans if plan.kind != "suspense"])
    return PostingBatch(
        decided.decisions,
        decided.allocations,
        decided.adjustments,
        drafts,
        decided_by=by,
    )


def _payment(plan: Plan, row: Mapping[str, Any]) -> dict[str, object]:
    return {
        "payment_id": plan.payment_id,
        "item_prefix": row["item_prefix"],
        "entity": row["entity"],
        "journal": "OD" if plan.kind == "release" else "BQ1",
        "kind": plan.kind,
        "posting_date": DAY,
        "piece_date": row["booking_date"],
        "piece_ref": row["bank_reference"],
        "label": "Payment",
        "currency": "EUR",
        "amount_minor": row["amount_minor"],
        "source_account": row["parked_account"] or BANK,
        "customer_id": None if plan.kind == "suspense" else plan.customer,
        "customer_account": CUSTOMER,
        "suspense_account": SUSPENSE,
        "fiscal_year": 2026,
    }


def _settled(
    plan: Plan, item_id: str, amount: int, item: Mapping[str, Any]
) -> dict[str, object]:
    return {
        "payment_id": plan.payment_id,
        "item_id": item_id,
        "customer_id": item["customer_id"],
        "account": item["account"],
        "allocated_minor": amount,
        "open_minor": item["open_minor"],
        "entity": item["entity"],
        "letter_group": item["letter_group"],
        "group_open_minor": item["group_open_minor"],
    }


def _released(row: Mapping[str, Any]) -> dict[str, object]:
    return {
        "payment_id": row["payment_id"],
        "item_id": row["parked_item_id"],
        "account": row["parked_account"],
        "allocated_minor": -row["amount_minor"],
        "open_minor": -row["amount_minor"],
        "entity": row["entity"],
    }


def proposals(plans: Iterable[Plan]) -> PostingBatch:
    """Build decisions without drafts."""
    plans = list(plans)
    firsts = {plan.payment_id: plan for plan in reversed(plans)}
    decisions = [
        {
            "payment_id": payment,
            "status": "auto",
            "proof": "exact",
            "confidence_ppm": 999_000,
            "explanations_count": 1,
            "rule": None,
            "reason": "REFERENCES",
            "customer_id": plan.customer,
        }
        for payment, plan in firsts.items()
    ]
    allocations = [
        {
            "payment_id": plan.payment_id,
            "rank": plan.rank,
            "item_id": item_id,
            "entity": plan.entity,
            "customer_id": plan.customer,
            "allocated_minor": amount,
            "evidence": "REFERENCE_PRINTED",
        }
        for plan in plans
        for item_id, amount in plan.items.items()
    ]
    adjustments = [
        {
            "payment_id": plan.payment_id,
            "rank": plan.rank,
            "role": role,
            "amount_minor": amount,
        }
        for plan in plans
        for role, (_, amount) in plan.deductions.items()
    ]
    return PostingBatch(
        pa.Table.from_pylist(decisions, _DECISION),
        pa.Table.from_pylist(allocations, _ALLOCATION),
        pa.Table.from_pylist(adjustments, _ADJUSTMENT),
    )
