"""From what a rule explains to journal entries: the payment's, and those beside it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.app.amounts import amount_text
from alloc.app.draft_check import drafted_entries
from alloc.app.drafting import MISCELLANEOUS_JOURNAL, PAYMENT_SCHEMA, Drafting
from alloc.app.foreign import Paid, carried, exchange_line
from alloc.app.situations import vat_of_part
from alloc.errors import InputError
from alloc.rules.labels import fill
from alloc.rules.model import Book
from alloc.rules.parts import summed

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from alloc.app.drafting import DraftedPayment
    from alloc.app.situations import Facts
    from alloc.engine import Drafts
    from alloc.rules import Explanation, Item, Line, Rule, Situation
    from alloc.rules.model import Link
    from alloc.settings import Settings

__all__ = ["RuleDrafts", "draft_rule"]

#: Between a payment's id and the number of the entry beside it, while drafting.
_BESIDE = "\x1f"
#: What is left for a customer is put on account by the drafting itself.
_CUSTOMER = "customer"

_PPM_OF_BPS = 100

#: The VAT of an item that an entry opens.
VAT_FIELD = pa.field("vat", engine.schema("open_items").field("vat").type)

_ALLOCATIONS = pa.schema(
    [
        ("payment_id", pa.string()),
        ("item_id", pa.string()),
        ("customer_id", pa.string()),
        ("account", pa.string()),
        ("allocated_minor", pa.int64()),
        ("open_minor", pa.int64()),
        ("letter_group", pa.int64()),
        ("group_open_minor", pa.int64()),
        ("foreign_currency", pa.string()),
        ("foreign_minor", pa.int64()),
    ]
)
_ADJUSTMENTS = pa.schema(
    [
        ("payment_id", pa.string()),
        ("role", pa.string()),
        ("account", pa.string()),
        ("amount_minor", pa.int64()),
        ("customer_id", pa.string()),
        ("new_item_id", pa.string()),
        ("foreign_currency", pa.string()),
        ("foreign_minor", pa.int64()),
    ]
)


class RuleDrafts:
    """What is to be posted for a payment by a rule.

    Parameters
    ----------
    drafts
        The entries; the first one carries the money.
    allocations, adjustments
        Rank 0 as `alloc.app.ports.PostingBatch` wants them.
    """

    def __init__(
        self, drafts: Drafts, allocations: pa.Table, adjustments: pa.Table
    ) -> None:
        self.drafts, self.allocations, self.adjustments = (
            drafts,
            allocations,
            adjustments,
        )


def draft_rule(
    settings: Settings,
    payment: DraftedPayment,
    rule: Rule,
    situation: Situation,
    explanation: Explanation,
    *,
    facts: Facts,
    today: dt.date,
    party: str = "",
) -> RuleDrafts:
    """Draft the entries of a payment that a rule explains.

    Parameters
    ----------
    payment
        With the customer that gets what is left.
    rule, situation, explanation
        What was explained, and how.
    facts
        The rows of the items.
    today
        See `Drafting`.
    party
        Customer of what is moved, when the rule names none.

    Raises
    ------
    alloc.errors.InputError
        ``PARTY_NEEDED``, and what `Drafting` raises.
    """
    drafting = Drafting(settings, today=today)
    gathered = _Gathered(drafting, payment, rule, situation, facts, party=party)
    gathered.add(explanation)
    return gathered.drafted(explanation)


class _Values:
    """What amounts of an explanation are in the books.

    An explanation of a payment abroad is in the payment's foreign currency: items lose
    what they are carried at, lines have the payment's rate, and what is left is the
    exchange gain or loss. All others are in the currency of the books already.
    """

    def __init__(
        self, payment: DraftedPayment, rows: Mapping[str, Mapping[str, Any]]
    ) -> None:
        self.paid: Paid | None = None
        if payment.foreign_currency is not None:
            abroad = (payment.foreign_currency, payment.foreign_minor or 0)
            self.paid = Paid(payment.amount_minor, *abroad)
        self._rows = rows
        self._rest: dict[str, tuple[int, int | None]] = {}
        self._cleared, self._booked = 0, payment.amount_minor

    def take(self, item_id: str, minor: int) -> tuple[int, int | None]:
        """Return what a part of an item is here and abroad; it is open no more."""
        row = self._rows[item_id]
        opened = (row["open_minor"], row["foreign_open_minor"])
        here, abroad = self._rest.get(item_id, opened)
        part: tuple[int, int | None] = (minor, None)
        if abroad is not None and self.paid is not None:
            part = (carried(here, minor, abroad), minor)
        elif abroad is not None:
            part = (minor, carried(abroad, minor, here))
        rest = None if abroad is None or part[1] is None else abroad - part[1]
        self._rest[item_id] = (here - part[0], rest)
        self._cleared += part[0]
        return part

    def here(self, minor: int) -> int:
        """Return what a line is in the books."""
        return minor if self.paid is None else self.paid.here(minor)

    def book(self, minor: int) -> int:
        """Return what a line is in the books, and count it."""
        self._booked += self.here(minor)
        return self.here(minor)

    def exchange(self) -> tuple[str, int] | None:
        """Return the role and amount of the exchange gain or loss, if there is one."""
        if self.paid is None:
            return None
        return exchange_line(self._cleared, self._booked)


class _Gathered:
    def __init__(
        self,
        drafting: Drafting,
        payment: DraftedPayment,
        rule: Rule,
        situation: Situation,
        facts: Facts,
        *,
        party: str,
    ) -> None:
        self.drafting = drafting
        self.payment, self.rule, self.party = payment, rule, party
        self.situation, self.rows = situation, facts.rows_for(rule)
        self.fields = {
            "amount": amount_text(payment.amount_minor, payment.currency),
            "customer": payment.customer_id or "",
            "date": payment.booking_date.isoformat(),
            "items": ", ".join(_name(self.rows, i) for i in situation.items),
            "payer": payment.payer_name or payment.payment_id,
            "payment": payment.reference or payment.payment_id,
            "rule": rule.name,
            "title": rule.title,
        }
        main = dict(self.drafting.row(payment))
        main["label"] = fill(rule.labels.entry, self.fields)
        # Money that goes out is a line like the others: a draft takes in money only.
        main["amount_minor"] = max(0, payment.amount_minor)
        self.payments = [main]
        self.allocations: list[dict[str, Any]] = []
        self.adjustments: list[dict[str, Any]] = []
        self.cash = {item.item_id: item.open_minor for item in situation.items}
        self.count: dict[str, int] = defaultdict(int)
        self.values = _Values(payment, self.rows)
        self.vat: dict[str, list[dict[str, int]] | None] = {}

    def add(self, explanation: Explanation) -> None:
        """Gather the entry of the payment and those beside it."""
        by_book: dict[Book, list[Line]] = defaultdict(list)
        for line in explanation.lines:
            by_book[line.book].append(line)
        for item_id, minor in explanation.left:
            self.cash[item_id] -= minor
        if self.values.paid is not None:
            self._check_alone(by_book)
        for line in by_book[Book.TRANSFER]:
            self._move(line)
        if explanation.offset:
            self._offset(explanation.offset, by_book[Book.OFFSET])
        if by_book[Book.ENTRY]:
            self._lose(by_book[Book.ENTRY])
        self._main(explanation, by_book)

    def _main(
        self, explanation: Explanation, by_book: Mapping[Book, list[Line]]
    ) -> None:
        """Gather the entry that carries the money."""
        main = self.payment.payment_id
        clearing = main if self.rule.link is None else self._link(self.rule.link)
        for item in self.situation.items:
            self._allocate(clearing, item.item_id, self.cash[item.item_id])
        for line in summed(by_book[Book.LINE]):
            self._adjust(main, line)
        for line in by_book[Book.ITEM]:
            self._open(main, line, explanation.lines)
        if self.payment.amount_minor < 0:
            self._at_bank(main, self.payment.amount_minor)
        if by_book[Book.GROSS]:
            self._gross(main, explanation.lines, by_book[Book.GROSS])
        if found := self.values.exchange():
            role, minor = found
            account = self.drafting.account(self.payment.entity, role)
            said = {"payment_id": main, "role": role, "account": account}
            self.adjustments.append(said | {"amount_minor": minor})

    def _check_alone(self, by_book: Mapping[Book, list[Line]]) -> None:
        """Refuse entries beside that of a payment abroad: they would have no rate."""
        alone = {Book.LINE, Book.ITEM, Book.KEEP}
        if self.rule.link is None and not {b for b in by_book if by_book[b]} - alone:
            return
        raise InputError(
            f"rule {self.rule.name} needs an entry beside that of a payment in "
            f"{self.payment.foreign_currency}: post it in the accounting system",
            reason="FOREIGN_BESIDE",
            rule=self.rule.name,
            currency=self.payment.foreign_currency or "",
        )

    def drafted(self, explanation: Explanation) -> RuleDrafts:
        """Draft what was gathered, and give it back under the payment's own id."""
        # The entry of the money comes last: what those beside it leave of an item is
        # cleared by then, so that the letter of the payment joins all of its items.
        drafts = _money_first(
            drafted_entries(
                pa.Table.from_pylist(
                    [*self.payments[1:], self.payments[0]], PAYMENT_SCHEMA
                ),
                pa.Table.from_pylist(self.allocations, _ALLOCATIONS),
                pa.Table.from_pylist(self.adjustments, _ADJUSTMENTS),
            ),
            self.payment.payment_id,
        )
        payment_id = self.payment.payment_id
        entries = drafts.entries.to_pylist()
        for entry in entries:
            entry["payment_id"] = payment_id
        residuals: dict[str, dict[str, Any]] = {}
        for row in drafts.residuals.to_pylist():
            known = residuals.get(row["item_id"], {})
            for name in ("allocated_minor", "foreign_minor"):
                if row[name] is not None:
                    row[name] += known.get(name) or 0
            residuals[row["item_id"]] = row | {
                "payment_id": payment_id,
                "draft_index": 0,
            }
        new_items = drafts.new_items.to_pylist()
        for item in new_items:
            item["kind"] = _kind(item["kind"], item["open_minor"])
            item["vat"] = self.vat.get(item["item_id"])
        drafts = replace(
            drafts,
            new_items=pa.Table.from_pylist(
                new_items, drafts.new_items.schema.append(VAT_FIELD)
            ),
            entries=pa.Table.from_pylist(entries, drafts.entries.schema),
            residuals=pa.Table.from_pylist(
                list(residuals.values()), drafts.residuals.schema
            ),
        )
        return RuleDrafts(
            drafts,
            self._ranked_allocations(residuals.values()),
            self._ranked_adjustments(explanation),
        )

    def _move(self, line: Line) -> None:
        """Add an entry that moves a part of an item to another account or party."""
        item_id = str(line.item_id)
        row = self.rows[item_id]
        self.cash[item_id] -= line.amount_minor
        name = row["reference"] or item_id
        piece = name if self.situation.moves_money else self.payments[0]["piece_ref"]
        entry = self._beside(piece, self.fields | {"items": name})
        party = line.party or self.party or row["customer_id"]
        if line.role == _CUSTOMER and party == row["customer_id"]:
            raise InputError(
                f"rule {self.rule.name} moves a part of item {item_id} to another "
                "customer: name it with --party, or as party in the rule",
                reason="PARTY_NEEDED",
                rule=self.rule.name,
            )
        new_id = self._next_id(line.component)
        self._adjust(entry, line, party, new_id)
        self._allocate(entry, item_id, line.amount_minor)
        self.vat[new_id] = vat_of_part(row, line.amount_minor)

    def _offset(self, offset: Iterable[tuple[str, int]], lines: Iterable[Line]) -> None:
        """Add an entry that clears our debts against the items, the oldest first."""
        offset = list(offset)
        entry = self._beside(self._offset_ref(offset), self.fields)
        rest = 0
        if self._shares_account(item_id for item_id, _ in offset):
            # Lines of one account would add up to nothing: each document has its own.
            self.payments[-1]["granularity"] = "per_document"
        for item_id, minor in offset:
            self._allocate(entry, item_id, minor)
            rest -= minor
        for item in self.situation.items:
            part = min(rest, max(0, self.cash[item.item_id]))
            self._allocate(entry, item.item_id, part)
            self.cash[item.item_id] -= part
            rest -= part
        for line in summed(lines):
            self._adjust(entry, line)

    def _shares_account(self, debts: Iterable[str]) -> bool:
        """Say whether a debt stands on the account of a claim, of the same party."""

        def place(item_id: str) -> tuple[str, str]:
            row = self.rows[item_id]
            return row["account"], row["customer_id"]

        claims = {place(item.item_id) for item in self.situation.items}
        return any(place(item_id) in claims for item_id in debts)

    def _offset_ref(self, offset: Iterable[tuple[str, int]]) -> str:
        """Name the piece: a deposit's is its invoice, a debt's is the payment."""
        parties = {self.rows[item_id]["customer_id"] for item_id, _ in offset}
        first = self.situation.items[0]
        if self.situation.moves_money and parties == {first.customer_id}:
            return _name(self.rows, first)
        return str(self.payments[0]["piece_ref"])

    def _lose(self, lines: Iterable[Line]) -> None:
        """Add an entry for a loss beside what was received, youngest items first."""
        entry = self._beside(str(self.payments[0]["piece_ref"]), self.fields)
        rest = 0
        for line in lines:
            self._adjust(entry, line)
            rest += line.amount_minor
        for item in reversed(self.situation.items):
            part = min(rest, max(0, self.cash[item.item_id]))
            self._allocate(entry, item.item_id, part)
            self.cash[item.item_id] -= part
            rest -= part

    def _open(self, entry: str, line: Line, lines: Iterable[Line]) -> None:
        """Add a line of the payment's entry that opens an item of a party."""
        back = self.rows[line.item_id] if line.item_id else None
        owner = back["customer_id"] if back else self.payment.customer_id
        party = line.party or self.party or owner
        if party is None:
            raise InputError(
                f"payment {self.payment.payment_id} has no known customer: name whose "
                "item it opens with --party",
                reason="PARTY_NEEDED",
                rule=self.rule.name,
            )
        if self._is_rest(line):
            self.values.book(line.amount_minor)
            return
        item_id = self._next_id(line.component)
        self._adjust(entry, line, party, item_id)
        # VAT that is posted as a pair on the same side belongs to the item.
        own = [
            other
            for other in lines
            if other.component == line.component
            and other.vat_ppm is not None
            and (other.amount_minor < 0) == (line.amount_minor < 0)
        ]
        if back:
            self.vat[item_id] = vat_of_part(back, line.amount_minor)
        elif own:
            self.vat[item_id] = [_vat_row(other, line.amount_minor) for other in own]

    def _link(self, link: Link) -> str:
        """Add what the companies owe each other; return the entry that clears."""
        entity = self.drafting.entity(link.entity)
        name = self._beside(str(self.payments[0]["piece_ref"]), self.fields)
        day = entity.first_open_day(self.payment.booking_date)
        accounts = entity.accounts
        self.payments[-1] |= {
            "entity": entity.id,
            "posting_date": day,
            "fiscal_year": entity.fiscal_year(day),
            "customer_account": accounts["customer"],
            "suspense_account": accounts["suspense"],
        }
        amount = self.payment.amount_minor
        here = (self.payment.payment_id, self.payment.entity, link.party_here, -amount)
        for entry, books, party, minor in (
            here,
            (name, entity.id, link.party_there, amount),
        ):
            self.adjustments.append(
                {
                    "payment_id": entry,
                    "role": link.role,
                    "account": self.drafting.account(books, link.role),
                    "amount_minor": minor,
                    "customer_id": party,
                    "new_item_id": self._next_id("link"),
                }
            )
        return name

    def _gross(self, entry: str, lines: Iterable[Line], gross: Iterable[Line]) -> None:
        """Show the payment before what the bank kept of it, and what it kept."""
        kept = {line.component for line in gross}
        for line in gross:
            self._adjust(entry, line)
        total = sum(line.amount_minor for line in lines if line.component in kept)
        self.payments[0]["amount_minor"] += total
        self._at_bank(entry, -total)

    def _at_bank(self, entry: str, minor: int) -> None:
        """Add a line of the bank beside that of the money that came in."""
        self.adjustments.append(
            {
                "payment_id": entry,
                "role": "bank",
                "account": self.payments[0]["source_account"],
                "amount_minor": minor,
            }
        )

    def _beside(self, piece_ref: str, fields: Mapping[str, str]) -> str:
        """Begin an entry beside the payment's; return its name while drafting."""
        name = f"{self.payment.payment_id}{_BESIDE}{len(self.payments)}"
        main = self.payments[0]
        self.payments.append(
            main
            | {
                "payment_id": name,
                "item_prefix": name,
                "source_item_id": None,
                "journal": MISCELLANEOUS_JOURNAL,
                "kind": "clearing",
                "piece_ref": piece_ref,
                "label": fill(self.rule.labels.transfer, fields),
                "amount_minor": 0,
            }
        )
        return name

    def _allocate(self, entry: str, item_id: str, minor: int) -> None:
        if not minor:
            return
        row = self.rows[item_id]
        names = ("item_id", "customer_id", "account", "open_minor", "letter_group")
        said = {name: row[name] for name in (*names, "group_open_minor")}
        allocated, foreign = self.values.take(item_id, minor)
        said |= {"payment_id": entry, "allocated_minor": allocated}
        said |= {"foreign_currency": row["foreign_currency"], "foreign_minor": foreign}
        self.allocations.append(said)

    def _adjust(
        self, entry: str, line: Line, party: str | None = None, item: str | None = None
    ) -> None:
        minor = self.values.book(line.amount_minor)
        if not minor:
            return
        is_abroad = self.values.paid is not None
        self.adjustments.append(
            {
                "payment_id": entry,
                "role": line.role,
                "account": self.drafting.account(self.payment.entity, line.role),
                "amount_minor": minor,
                "customer_id": party or line.party or None,
                "new_item_id": item,
                "foreign_currency": self.payment.foreign_currency,
                "foreign_minor": line.amount_minor if is_abroad else None,
            }
        )

    def _next_id(self, component: str) -> str:
        self.count[component] += 1
        number = self.count[component]
        name = f"{self.payment.item_prefix}-{component.upper()}"
        return name if number == 1 else f"{name}{number}"

    def _ranked_allocations(self, residuals: Iterable[Mapping[str, Any]]) -> pa.Table:
        rows = [
            {
                "payment_id": self.payment.payment_id,
                "rank": 0,
                "item_id": row["item_id"],
                "entity": row["entity"],
                "customer_id": row["customer_id"],
                "allocated_minor": row["allocated_minor"],
                "evidence": "RULE",
                "foreign_minor": row["foreign_minor"],
            }
            for row in residuals
            if row["customer_id"] is not None
        ]
        schema = engine.schema("allocations")
        return pa.Table.from_pylist(
            rows, schema.append(pa.field("foreign_minor", pa.int64()))
        )

    def _ranked_adjustments(self, explanation: Explanation) -> pa.Table:
        rows: list[dict[str, Any]] = [
            {
                "payment_id": self.payment.payment_id,
                "rank": 0,
                "role": line.role,
                "amount_minor": self.values.here(line.amount_minor),
                "item_id": line.item_id,
                "rate_ppm": line.vat_ppm or line.rate_ppm,
            }
            for line in _by_item(explanation.lines)
            if not self._is_rest(line)
        ]
        if found := self.values.exchange():
            said = {"payment_id": self.payment.payment_id, "rank": 0}
            rows.append(said | {"role": found[0], "amount_minor": found[1]})
        if self.rule.link is not None:
            said = {"payment_id": self.payment.payment_id, "rank": 0}
            said["role"] = self.rule.link.role
            amount = self.payment.amount_minor
            rows += [said | {"amount_minor": minor} for minor in (-amount, amount)]
        return pa.Table.from_pylist(rows, engine.schema("adjustments"))

    def _is_rest(self, line: Line) -> bool:
        party = line.party or self.party or self.payment.customer_id
        return (
            line.amount_minor < 0
            and line.book is Book.ITEM
            and line.role == _CUSTOMER
            and party == self.payment.customer_id
        )


def _money_first(drafts: Drafts, payment_id: str) -> Drafts:
    """Let the entry of the payment stand before those beside it."""
    entries = pa.table(drafts.entries)
    if entries.num_rows == 1:
        return drafts
    owners = entries["payment_id"].to_pylist()
    order = sorted(range(len(owners)), key=lambda at: owners[at] != payment_id)

    def placed(table: pa.Table) -> pa.Table:
        at = table.schema.get_field_index("draft_index")
        places = pc.index_in(table["draft_index"], value_set=pa.array(order))
        table = table.set_column(at, table.schema.field(at), places.cast(pa.int64()))
        return table.take(pc.sort_indices(table, [("draft_index", "ascending")]))

    return replace(
        drafts,
        entries=placed(entries),
        postings=placed(pa.table(drafts.postings)),
        new_items=placed(pa.table(drafts.new_items)),
    )


def _by_item(lines: Iterable[Line]) -> list[Line]:
    """Add up VAT that falls due on an item in several entries."""
    sums: dict[tuple[object, ...], Line] = {}
    for place, line in enumerate(lines):
        key: tuple[object, ...] = (line.component, line.item_id, line.role)
        key += (line.vat_ppm,) if line.vat_ppm and line.item_id else (place,)
        known = sums.get(key)
        minor = line.amount_minor + (known.amount_minor if known else 0)
        sums[key] = msgspec.structs.replace(line, amount_minor=minor)
    return list(sums.values())


def _vat_row(line: Line, total: int) -> dict[str, int]:
    return {
        "rate_bps": (line.vat_ppm or 0) // _PPM_OF_BPS,
        "base_minor": total - line.amount_minor,
        "vat_minor": line.amount_minor,
    }


def _kind(role: str, open_minor: int) -> str:
    """Say what an item is that a line of this role opens."""
    if role in ("on_account", "suspense"):
        return role
    if role == "deposit_received":
        return "deposit"
    return "debit_note" if open_minor > 0 else "other"


def _name(rows: Mapping[str, Mapping[str, Any]], item: Item) -> str:
    return str(rows[item.item_id]["reference"] or item.item_id)
