"""Clear: decide the open payments day by day, post what is decided, queue the rest."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.app.drafting import DraftedPayment, Drafting
from alloc.app.import_files import link_advices
from alloc.app.open_book import OpenBook, item_keys
from alloc.app.ports import PaymentState, PostingBatch
from alloc.app.refused import Refused

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping

    from alloc.app.ports import Ledger, PostResult
    from alloc.engine import Proposal
    from alloc.settings import Settings

#: The engine's reason for a payment that nobody can be named for: it goes to suspense.
PAYER_UNKNOWN = "PAYER_UNKNOWN"


class Progress(Protocol):
    """Called as payments are decided."""

    def __call__(self, done: int, total: int) -> None:
        """Say that `done` of `total` payments are decided."""


@dataclass(frozen=True, slots=True)
class ClearReport:
    """What a clearing run decided.

    Parameters
    ----------
    outcomes
        One row a payment, by value date and payment id: payment_id, entity,
        value_date, currency, amount_minor, outcome (``auto``, ``review``,
        ``suspense``), reason, customer_id?, lines (items of its first rank).
    entries, postings, last_seq
        What was posted; zero after a dry run.
    dry_run
        Whether nothing was kept.
    advices_linked
        Advices that found their payment in this run.
    """

    outcomes: pa.Table
    entries: int
    postings: int
    last_seq: int
    dry_run: bool
    advices_linked: int

    def totals(self) -> Mapping[tuple[str, str], tuple[int, int]]:
        """Count and amount (minor units) by (outcome, currency)."""
        totals: dict[tuple[str, str], tuple[int, int]] = {}
        grouped = self.outcomes.group_by(["outcome", "currency"]).aggregate(
            [("amount_minor", "sum"), ("payment_id", "count")]
        )
        for row in grouped.to_pylist():
            key = (row["outcome"], row["currency"])
            totals[key] = (row["payment_id_count"], row["amount_minor_sum"])
        return dict(sorted(totals.items()))

    def reasons(self, outcome: str) -> Mapping[str, int]:
        """Reasons of an outcome, the most frequent first."""
        rows = self.outcomes.filter(pc.equal(self.outcomes["outcome"], outcome))
        counts = Counter(rows["reason"].to_pylist())
        return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


OUTCOMES = pa.schema(
    [
        ("payment_id", pa.string()),
        ("entity", pa.string()),
        ("value_date", pa.date32()),
        ("currency", pa.string()),
        ("amount_minor", pa.int64()),
        ("outcome", pa.string()),
        ("reason", pa.string()),
        ("customer_id", pa.string()),
        ("lines", pa.int64()),
    ]
)


def clear(  # one keyword an option of `alloc clear`
    ledger: Ledger,
    settings: Settings,
    *,
    now: dt.datetime,
    until: dt.date | None = None,
    entity: str | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> ClearReport:
    """Decide every open payment; post what is decided, keep the rest for review.

    New payments are decided on their value date, with the items issued up to it;
    payments that already wait (review, suspense) once more at the end, with all
    that is known by then. Each day is one transaction.

    Parameters
    ----------
    until
        Leave payments booked later alone.
    entity
        Leave the other entities alone.
    dry_run
        Decide only: nothing is written, also no link of an advice.

    Raises
    ------
    alloc.errors.ConflictError
        Another writer changed the items meanwhile: the day in hand was not posted,
        the earlier ones were. Run again.
    """
    if entity is not None:
        settings.entity(entity)
    linked = 0 if dry_run else link_advices(ledger, now=now)
    run = _Run(ledger, settings, now=now, dry_run=dry_run)
    run.load(until=until, entity=entity)
    done = 0
    for day, payments in run.days():
        run.decide(day, payments)
        done += payments.num_rows
        if progress is not None:
            progress(done, run.total)
    return run.report(advices_linked=linked)


@dataclass(slots=True)
class _Tally:
    entries: int = 0
    postings: int = 0
    last_seq: int = 0
    outcomes: list[dict[str, Any]] = field(default_factory=list)

    def add(self, result: PostResult) -> None:
        self.entries += result.entries
        self.postings += result.postings
        self.last_seq = max(self.last_seq, result.last_seq)


class _Run:
    """One clearing run: what was loaded, and what was decided so far."""

    def __init__(
        self, ledger: Ledger, settings: Settings, *, now: dt.datetime, dry_run: bool
    ) -> None:
        self._ledger = ledger
        self._settings = settings
        self._now = now
        self._dry_run = dry_run
        self._drafting = Drafting(settings)
        self._tally = _Tally()
        self.total = 0

    def load(self, *, until: dt.date | None, entity: str | None) -> None:
        ledger = self._ledger
        self._payments = ledger.payments(until=until, entity=entity)
        self.total = self._payments.num_rows
        self._book = OpenBook(ledger.open_items(entity=entity))
        self._customers = contract(ledger.customers(), "customers")
        self._remittances = ledger.remittances()
        self._refused = Refused(ledger.refusals())

    def days(self) -> Iterator[tuple[dt.date, pa.Table]]:
        """Days in ascending order with their payments; the waiting ones come last."""
        rows = self._payments
        last = pc.max(rows["value_date"]).as_py()
        is_new = pc.equal(rows["state"], PaymentState.NEW)
        by_day: dict[dt.date, list[int]] = defaultdict(list)
        for row, (day, new) in enumerate(
            zip(rows["value_date"].to_pylist(), is_new.to_pylist(), strict=True)
        ):
            by_day[day if new else last].append(row)
        for day in sorted(by_day):
            yield day, rows.take(pa.array(by_day[day], pa.int64()))

    def decide(self, day: dt.date, payments: pa.Table) -> None:
        """Decide the payments of a day and post them in one transaction."""
        items = self._book.visible(day)
        mine = pc.is_in(
            self._remittances["payment_id"], value_set=payments["payment_id"]
        )
        proposal = engine.propose(
            contract(items, "open_items"),
            contract(payments, "payments"),
            contract(self._remittances.filter(mine), "remittances"),
            self._customers,
            policy={
                "max_wrong_ppm": self._settings.policy.max_wrong_ppm,
                "amount_only": self._settings.policy.amount_only,
            },
        )
        proposal = self._refused.leave_out(proposal)
        self._keep(payments, proposal)

    def _keep(self, payments: pa.Table, proposal: Proposal) -> None:
        decisions = proposal.decisions
        drafted = self._drafted(payments, decisions)
        allocations, positions = self._with_items(proposal.allocations)
        posted = pa.array([payment.payment_id for payment in drafted], pa.string())
        first = pc.and_(
            pc.equal(allocations["rank"], 0),
            pc.is_in(allocations["payment_id"], value_set=posted),
        )
        to_post = allocations.filter(first)
        drafts = self._drafting.draft(
            drafted,
            to_post.select(DRAFT_ALLOCATION_COLUMNS),
            self._adjustments(payments, proposal, posted),
        )
        self._note(payments, proposal, {row.payment_id: row for row in drafted})
        if not self._dry_run:
            batch = PostingBatch(
                decisions=decisions,
                allocations=allocations.drop_columns(list(ITEM_COLUMNS)),
                adjustments=proposal.adjustments,
                drafts=drafts,
            )
            self._tally.add(self._ledger.post(batch, now=self._now))
        self._book.allocate(positions.filter(first), to_post["allocated_minor"])
        on_account = pc.equal(drafts.new_items["kind"], "on_account")
        if pc.any(on_account).as_py():
            self._book.add(drafts.new_items.filter(on_account))

    def _drafted(self, payments: pa.Table, decisions: pa.Table) -> list[DraftedPayment]:
        """Payments that are posted: decided ones, and unknown payers to suspense."""
        decided = {row["payment_id"]: row for row in decisions.to_pylist()}
        drafted = []
        for payment in payments.to_pylist():
            decision = decided[payment["payment_id"]]
            automatic = decision["status"] == "auto"
            parked = payment["state"] == PaymentState.SUSPENSE
            if automatic or (decision["reason"] == PAYER_UNKNOWN and not parked):
                customer_id = decision["customer_id"] if automatic else None
                drafted.append(
                    drafted_payment(payment, customer_id, identified=automatic)
                )
        return drafted

    def _with_items(self, allocations: pa.Table) -> tuple[pa.Table, pa.Array]:
        """Add what the draft needs of each item: account and open amount."""
        positions = self._book.positions(item_keys(allocations))
        items = self._book.rows(positions)
        for name in ITEM_COLUMNS:
            allocations = allocations.append_column(name, items[name])
        return allocations, positions

    def _adjustments(
        self, payments: pa.Table, proposal: Proposal, posted: pa.Array
    ) -> pa.Table:
        rows = proposal.adjustments
        wanted = pc.and_(
            pc.equal(rows["rank"], 0), pc.is_in(rows["payment_id"], value_set=posted)
        )
        rows = rows.filter(wanted)
        at = pc.index_in(rows["payment_id"], value_set=payments["payment_id"])
        customers = pc.index_in(
            rows["payment_id"], value_set=proposal.decisions["payment_id"]
        )
        return pa.table(
            {
                "payment_id": rows["payment_id"],
                "role": rows["role"],
                "amount_minor": rows["amount_minor"],
                "entity": payments["entity"].take(at),
                "customer_id": proposal.decisions["customer_id"].take(customers),
            }
        )

    def _note(
        self,
        payments: pa.Table,
        proposal: Proposal,
        drafted: Mapping[str, DraftedPayment],
    ) -> None:
        allocations = proposal.allocations
        first = allocations.filter(pc.equal(allocations["rank"], 0))
        lines = Counter(first["payment_id"].to_pylist())
        decided = {row["payment_id"]: row for row in proposal.decisions.to_pylist()}
        for payment in payments.to_pylist():
            payment_id = payment["payment_id"]
            row = drafted.get(payment_id)
            parked = payment["state"] == PaymentState.SUSPENSE
            waiting = "suspense" if parked and not lines[payment_id] else "review"
            outcome = (
                waiting if row is None else "auto" if row.identified else "suspense"
            )
            self._tally.outcomes.append(
                {
                    **{name: payment.get(name) for name in OUTCOMES.names},
                    "outcome": outcome,
                    "reason": decided[payment_id]["reason"],
                    "customer_id": decided[payment_id]["customer_id"],
                    "lines": lines[payment_id],
                }
            )

    def report(self, *, advices_linked: int) -> ClearReport:
        tally = self._tally
        outcomes = pa.Table.from_pylist(tally.outcomes, schema=OUTCOMES)
        return ClearReport(
            outcomes=outcomes.sort_by(
                [("value_date", "ascending"), ("payment_id", "ascending")]
            ),
            entries=tally.entries,
            postings=tally.postings,
            last_seq=tally.last_seq,
            dry_run=self._dry_run,
            advices_linked=advices_linked,
        )


#: What the draft needs to know of the items it clears.
ITEM_COLUMNS = ("account", "open_minor", "letter_group", "group_open_minor")

DRAFT_ALLOCATION_COLUMNS = [
    "payment_id",
    "item_id",
    "entity",
    "customer_id",
    "allocated_minor",
    *ITEM_COLUMNS,
]


def contract(table: pa.Table, name: str) -> pa.Table:
    """Keep the columns that the engine knows for this table, in its types."""
    schema = engine.schema(name)
    known = [column for column in schema.names if column in table.schema.names]
    return table.select(known).cast(
        pa.schema([schema.field(column) for column in known])
    )


def drafted_payment(
    payment: Mapping[str, Any], customer_id: str | None, *, identified: bool
) -> DraftedPayment:
    """Name the facts of a payment that its entry needs.

    Parameters
    ----------
    payment
        A row of `alloc.app.ports.Ledger.payments`.
    customer_id
        Who gets what is left of the cash on account.
    identified
        Whether the payer is known; else the money is parked in suspense.
    """
    return DraftedPayment(
        **{name: payment[name] for name in COPIED_FIELDS},
        reference=payment["bank_reference"],
        customer_id=customer_id,
        identified=identified,
    )


COPIED_FIELDS = (
    "payment_id",
    "item_prefix",
    "parked_item_id",
    "entity",
    "account",
    "booking_date",
    "currency",
    "amount_minor",
    "payer_name",
    "state",
)
