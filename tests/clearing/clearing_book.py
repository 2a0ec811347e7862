"""A book that an accountant can write and read: items and payments in, entries out."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from textwrap import dedent
from typing import TYPE_CHECKING

import pyarrow as pa

from alloc.app.clear import clear
from alloc.app.ports import PaymentState, SourceFile
from alloc.app.verify import verify
from alloc.domain.bank import entry_id
from alloc.engine import currency_exponent
from alloc.settings import load_settings
from bank_statement import one_statement

if TYPE_CHECKING:
    from alloc.app.clear import ClearReport
    from alloc.app.ports import Ledger

NOW = dt.datetime(2026, 3, 31, 6, 0, tzinfo=dt.UTC)
IBAN = "FR1420041010050500013M02606"
TOML = f"""
[workspace]
name = "Test"
locale = "en"

[policy]
amount_only = false

[[entity]]
id = "E1"
name = "Garage Test"
siren = "732829320"

[[entity.bank]]
iban = "{IBAN}"
journal = "BQ1"
account = "512000"
"""


ITEM = re.compile(
    r"item\s+(?P<id>\S+)\s+(?P<open>-?[\d.]+) EUR"
    r"(?: as (?P<abroad>-?[\d.]+ [A-Z]{3}))?\s+of (?P<customer>\S+)"
    r"(?:\s+issued (?P<issued>\S+))?(?:\s+due (?P<due>\S+))?(?:\s+at (?P<entity>\S+))?"
    r"(?:\s+of total (?P<total>\S+))?(?:\s+vat (?P<vat>\S+))?"
    r"(?:\s+for (?P<sections>\S+))?"
)
PAYMENT = re.compile(
    r"payment\s+(?P<id>\S+)\s+(?P<amount>-?[\d.]+) (?P<currency>EUR|USD)"
    r"(?: as (?P<abroad>-?[\d.]+ [A-Z]{3}))?\s+on (?P<day>\S+)"
    r'\s+from (?P<payer>\S+)\s+"(?P<text>[^"]*)"(?:\s+e2e (?P<e2e>\S+))?'
)


def minor(text: str) -> int:
    major, _, cents = text.lstrip("-").partition(".")
    amount = int(major) * 100 + int(cents.ljust(2, "0") or 0)
    return -amount if text.startswith("-") else amount


def abroad(text: str | None) -> tuple[int | None, str | None]:
    """Read an amount in another currency, of as many decimals as that has."""
    if text is None:
        return None, None
    amount, currency = text.split()
    digits = currency_exponent(currency)
    whole, _, part = amount.lstrip("-").partition(".")
    found = int(whole + part.ljust(digits, "0"))
    return (-found if amount.startswith("-") else found), currency


def major(amount: int) -> str:
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02}"


VAT = pa.list_(
    pa.struct([(name, pa.int64()) for name in ("rate_bps", "base_minor", "vat_minor")])
)


def vat_lines(item: re.Match[str]) -> list[dict[str, int]] | None:
    """VAT by rate: ``20%=200.00``, or ``20%=120.00,10%=40.00`` of a whole document."""
    if not item["vat"]:
        return None
    lines = []
    for said in item["vat"].split(","):
        rate, _, vat = said.partition("%=")
        base = minor(vat) * 100 // int(rate)
        lines.append(
            {"rate_bps": int(rate) * 100, "base_minor": base, "vat_minor": minor(vat)}
        )
    return lines


@dataclass(slots=True)
class Book:
    ledger: Ledger
    toml: str = TOML
    files: int = 0

    @property
    def settings(self):
        return load_settings(self.toml, name="alloc.toml")

    def write(self, text: str) -> Book:
        """Import the items, customers and payments of a text."""
        lines = [line for line in dedent(text).strip().splitlines() if line.strip()]
        items = [found for line in lines if (found := ITEM.match(line))]
        payments = [found for line in lines if (found := PAYMENT.match(line))]
        assert len(items) + len(payments) == len(lines), "a line was not understood"
        if items:
            self._items(items)
        if payments:
            self._payments(payments)
        return self

    def clear(self, **options) -> ClearReport:
        return clear(self.ledger, self.settings, now=NOW, **options)

    def entries(self) -> str:
        """The journal: one line a posting."""
        journal = self.ledger.journal()
        numbers = {
            row["seq"]: f"{row['journal']}-{row['number']:06} {row['kind']}"
            for row in journal.entries.to_pylist()
        }
        said, last = [], None
        for row in journal.postings.to_pylist():
            if row["seq"] != last:
                said.append(numbers[row["seq"]])
                last = row["seq"]
            side = "D" if row["amount_minor"] > 0 else "C"
            letter = f" ({row['letter_code']})" if row["letter_code"] else ""
            aux = f" {row['customer_id']}" if row["customer_id"] else ""
            amount = major(abs(row["amount_minor"]))
            minor = row["foreign_minor"]
            other = f" [{minor} {row['foreign_currency']}]" if minor else ""
            said.append(f"  {row['account']}{aux} {side} {amount}{other}{letter}")
        return "\n".join(said)

    def open_items(self) -> dict[str, str]:
        table = self.ledger.open_items()
        return dict(
            zip(
                table["item_id"].to_pylist(),
                map(major, table["open_minor"].to_pylist()),
                strict=True,
            )
        )

    def open_abroad(self) -> dict[str, int]:
        """What is open of the items in their own currency, minor units."""
        return {
            row["item_id"]: row["foreign_open_minor"]
            for row in self.ledger.open_items().to_pylist()
            if row["foreign_open_minor"] is not None
        }

    def states(self) -> dict[str, str]:
        table = self.ledger.payments(states=tuple(PaymentState))
        return dict(
            zip(
                table["bank_reference"].to_pylist(),
                table["state"].to_pylist(),
                strict=True,
            )
        )

    def payment_id(self, reference: str) -> str:
        table = self.ledger.payments(states=tuple(PaymentState))
        at = table["bank_reference"].to_pylist().index(reference)
        return table["payment_id"][at].as_py()

    def verified(self) -> bool:
        report = verify(self.ledger)
        errors = [found for found in report.findings if found.severity == "error"]
        assert not errors, errors
        return True

    def _source(self, kind: str) -> SourceFile:
        self.files += 1
        name = f"{kind}-{self.files}"
        digest = hashlib.sha256(name.encode()).hexdigest()
        return SourceFile(name=name, sha256=digest, size=1, kind=kind)

    def _items(self, found: list[re.Match[str]]) -> None:
        customers = sorted({item["customer"] for item in found})
        self.ledger.import_customers(
            self._source("customers"),
            pa.table({"customer_id": customers, "name": customers}),
            now=NOW,
        )
        due = [item["due"] for item in found]
        issued = [item["issued"] or "2026-01-02" for item in found]
        table = pa.table(
            {
                "entity": [item["entity"] or "E1" for item in found],
                "item_id": [item["id"] for item in found],
                "customer_id": [item["customer"] for item in found],
                "reference": [item["id"] for item in found],
                "currency": ["EUR"] * len(found),
                "open_minor": [minor(item["open"]) for item in found],
                "original_minor": [
                    minor(item["total"]) if item["total"] else None for item in found
                ],
                "vat": pa.array([vat_lines(item) for item in found], VAT),
                "analytic": pa.array(
                    [
                        item["sections"] and item["sections"].split("/")
                        for item in found
                    ],
                    pa.list_(pa.string()),
                ),
                "foreign_minor": pa.array(
                    [abroad(item["abroad"])[0] for item in found], pa.int64()
                ),
                "foreign_currency": pa.array(
                    [abroad(item["abroad"])[1] for item in found], pa.string()
                ),
                "due_date": pa.array(
                    [day and dt.date.fromisoformat(day) for day in due], pa.date32()
                ),
                "issue_date": [dt.date.fromisoformat(day) for day in issued],
            }
        )
        accounts = {"E1": "411000", "E2": "411000"}
        self.ledger.import_open_items(
            self._source("open_items"), table, accounts=accounts, now=NOW
        )

    def _payments(self, found: list[re.Match[str]]) -> None:
        rows = [
            {
                "statement_index": 0,
                "entry_index": index,
                "detail_index": 0,
                "detail_count": 1,
                "payment_id": entry_id(
                    (
                        IBAN,
                        payment["day"],
                        minor(payment["amount"]),
                        payment["currency"],
                        payment["id"],
                    ),
                    occurrence=1,
                ),
                "account": IBAN,
                "booking_date": dt.date.fromisoformat(payment["day"]),
                "value_date": dt.date.fromisoformat(payment["day"]),
                "currency": payment["currency"],
                "amount_minor": minor(payment["amount"]),
                "entry_amount_minor": minor(payment["amount"]),
                "original_minor": abroad(payment["abroad"])[0],
                "original_currency": abroad(payment["abroad"])[1],
                "status": "booked",
                "reversal": False,
                "bank_reference": payment["id"],
                "counterparty_name": payment["payer"],
                "end_to_end_id": payment["e2e"],
                "remittance_text": [payment["text"]],
                "line": index + 1,
            }
            for index, payment in enumerate(found)
        ]
        bank = one_statement(IBAN, rows)
        self.ledger.import_bank_file(
            self._source("bank"), bank, entities={IBAN: "E1"}, now=NOW
        )
