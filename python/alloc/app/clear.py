"""Clear: decide the open payments day by day, post what is decided, queue the rest."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.app.advices import LinkReport, report_links
from alloc.app.apply import (
    MONEY_OUT,
    RULE_EXPLAINS,
    batch_of,
    decision_of,
    returned_of,
    takes_back,
)
from alloc.app.drafting import DRAFTED, Drafting, drafted_payment
from alloc.app.foreign import (
    FOREIGN,
    paid_abroad,
    seen_abroad,
    valued,
    with_foreign_parts,
)
from alloc.app.four_eyes import FOUR_EYES, held_back, wants_two
from alloc.app.known_payers import KnownPayers
from alloc.app.open_book import OpenBook, item_keys
from alloc.app.ports import PaymentState, PostingBatch
from alloc.app.refused import Refused
from alloc.app.ruled import PAYER_UNKNOWN, left_by
from alloc.app.ruling import Ruling, by_customer
from alloc.app.situations import collected_vat, item_history, load_facts
from alloc.errors import ConflictError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from alloc.app.apply import Preview
    from alloc.app.ports import Ledger, Notice, PostResult
    from alloc.app.rule_drafting import RuleDrafts
    from alloc.engine import Proposal
    from alloc.rules import Rule
    from alloc.settings import Settings

#: Why a payment that came back needs a person: it is not undone by the mirror alone.
NOT_TAKEN_BACK = ("PAYMENT_RETURNED", "RETURN_NOT_PLAIN")


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
    advice_notices
        What a person should know of advices that say another amount, or that could
        not be shared out among their payments.
    """

    outcomes: pa.Table
    entries: int
    postings: int
    last_seq: int
    dry_run: bool
    advices_linked: int
    advice_notices: tuple[Notice, ...] = ()

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
    rules: Sequence[Rule] = (),
    dry_run: bool = False,
    progress: Progress | None = None,
    decide: Callable[..., Proposal] = engine.propose,
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
    rules
        Tried on what the engine leaves open: exactly one that fits and may post alone
        posts; what else fits is noted for the review.
    dry_run
        Decide only: nothing is written, also no link of an advice.
    decide
        Decides the payments of a day: `alloc.engine.propose`, or what has its form
        and gives the same answer elsewhere.

    Raises
    ------
    alloc.errors.ConflictError
        Another writer changed the items meanwhile: the day in hand was not posted,
        the earlier ones were. Run again.
    """
    if entity is not None:
        settings.entity(entity)
    linking = LinkReport() if dry_run else report_links(ledger, now=now)
    run = _Run(ledger, settings, rules, decide, now=now, dry_run=dry_run)
    run.load(until=until, entity=entity)
    done = 0
    for day, payments in run.days():
        run.decide(day, payments)
        done += payments.num_rows
        if progress is not None:
            progress(done, run.total)
    return run.report(linking)


@dataclass(slots=True)
class _Tally:
    entries: int = 0
    postings: int = 0
    last_seq: int = 0
    outcomes: list[pa.Table] = field(default_factory=list)

    def add(self, result: PostResult) -> None:
        self.entries += result.entries
        self.postings += result.postings
        self.last_seq = max(self.last_seq, result.last_seq)


class _Run:
    """One clearing run: what was loaded, and what was decided so far."""

    def __init__(
        self,
        ledger: Ledger,
        settings: Settings,
        rules: Sequence[Rule],
        decide: Callable[..., Proposal],
        *,
        now: dt.datetime,
        dry_run: bool,
    ) -> None:
        self._rules = rules
        self._ask_engine = decide
        self._ledger = ledger
        self._settings = settings
        self._now = now
        self._dry_run = dry_run
        self._drafting = Drafting(settings, today=now.date())
        self._tally = _Tally()
        self.total = 0

    def load(self, *, until: dt.date | None, entity: str | None) -> None:
        ledger = self._ledger
        customers = ledger.customers()
        self._customers = contract(customers, "customers")
        self._refused = Refused(ledger.refusals())
        self._ruling = Ruling(
            self._settings,
            self._rules,
            by_customer(customers) if self._rules else {},
            today=self._now.date(),
            collected=collected_vat(ledger, self._rules),
            history=lambda rows: item_history(ledger, self._rules, rows),
            refused=self._refused,
        )
        self._payments = ledger.payments(until=until, entity=entity)
        self.total = self._payments.num_rows
        self._out = self._money_out(until=until, entity=entity)
        self._known = KnownPayers.of(ledger, self._settings, self._payments)
        self._entity = entity
        self._book = OpenBook(ledger.open_items(entity=entity))
        self._remittances = ledger.remittances()

    def days(self) -> Iterator[tuple[dt.date, pa.Table]]:
        """Days in ascending order with their payments; the waiting ones come last.

        A day may have none: money went out on it.
        """
        rows = self._payments
        last = pc.max(rows["value_date"]).as_py()
        is_new = pc.equal(rows["state"], PaymentState.NEW)
        by_day: dict[dt.date, list[int]] = defaultdict(list)
        for day in self._out["value_date"].to_pylist():
            by_day[day] = []
        for row, (day, new) in enumerate(
            zip(rows["value_date"].to_pylist(), is_new.to_pylist(), strict=True)
        ):
            by_day[day if new else last].append(row)
        for day in sorted(by_day):
            yield day, rows.take(pa.array(by_day[day], pa.int64()))

    def decide(self, day: dt.date, payments: pa.Table) -> None:
        """Decide what came in on a day, in one transaction, then what went out."""
        if payments.num_rows:
            self._decide_in(day, payments)
        self._decide_out(self._out.filter(pc.equal(self._out["value_date"], day)))

    def _decide_in(self, day: dt.date, payments: pa.Table) -> None:
        items = morning = self._book.visible(day)
        abroad, _ = paid_abroad(payments, items, self._settings)
        if abroad.num_rows:
            known = self._decide_abroad(abroad, items)
            is_known = pc.is_in(payments["payment_id"], value_set=known)
            payments = payments.filter(pc.invert(is_known))
            items = self._book.visible(day)
        proposal = self._proposed(items, payments)
        ruled = self._ruling.decide(payments, proposal, items)
        payments, proposal = left_by(ruled, payments, proposal)
        self._keep(payments, proposal)
        for shown in ruled.posted:
            self._keep_ruled(shown)
            self._take(shown)
        self._known.end_day(contract(morning, "open_items"))

    def _decide_abroad(self, payments: pa.Table, items: pa.Table) -> pa.ChunkedArray:
        """Decide payments by items in their foreign currency; name those decided.

        What is decided is posted in a transaction of its own.
        """
        proposal = self._proposed(seen_abroad(items), seen_abroad(payments))
        ruled = self._ruling.decide(payments, proposal, items)
        said = pa.array([*ruled.noted, *ruled.ids()], pa.string())
        named = pa.chunked_array(
            [said, *proposal.allocations["payment_id"].chunks], pa.string()
        )
        is_known = pc.is_in(payments["payment_id"], value_set=named)
        known = payments.filter(is_known)
        posted, proposal = left_by(ruled, known, _of(proposal, known))
        self._keep(posted, valued(proposal, posted, items))
        for shown in ruled.posted:
            self._keep_ruled(shown)
            self._take(shown)
        return known["payment_id"]

    def _proposed(self, items: pa.Table, payments: pa.Table) -> Proposal:
        """Let the engine decide, and leave out what a person refused."""
        told = self._known.told(payments)
        proposal = propose_day(
            *(self._settings, items, payments, self._remittances, self._customers),
            history=told.history,
            habits=told.habits,
            decide=self._ask_engine,
        )
        proposal = self._refused.leave_out(proposal)
        return held_back(self._settings, payments, proposal)

    def _money_out(self, *, until: dt.date | None, entity: str | None) -> pa.Table:
        """Read the bank's debits, when a rule may be for one."""
        aside = self._ledger.payments(
            states=(PaymentState.ASIDE,), until=until, entity=entity
        )
        if not any(rule.when.direction in ("out", "any") for rule in self._rules):
            return aside.slice(0, 0)
        debits = pc.is_in(aside["aside_reason"], value_set=pa.array(MONEY_OUT))
        return aside.filter(debits)

    def _decide_out(self, debits: pa.Table) -> None:
        """Post the bank's fees and other debits that exactly one rule explains.

        The receipts of the day are posted: a debit may take one of them back.
        """
        has_moved = False
        for shown in self._ruling.decide_out(
            debits, lambda entry: load_facts(self._ledger, self._settings, entry)
        ):
            if shown.drafts is None or not takes_back(self._settings, shown):
                self._keep_ruled(shown)
            else:
                self._take_back(shown, shown.drafts)
            has_moved = True
        if has_moved and not self._dry_run:
            # What the bank took back is open again for the payments of later days.
            self._book = OpenBook(self._ledger.open_items(entity=self._entity))
            self._ruling.collect(collected_vat(self._ledger, self._rules))

    def _take_back(self, shown: Preview, drafts: RuleDrafts) -> None:
        """Post a return; what the payment did beside clearing may need a person."""
        terms = returned_of(
            *(self._settings, shown, drafts), status="auto", decided_by="alloc"
        )
        try:
            if self._dry_run:
                self._ledger.check_return(terms, now=self._now)
                return
            result = self._ledger.return_payment(terms, now=self._now)
        except ConflictError as error:
            if error.reason not in NOT_TAKEN_BACK:
                raise
            self._ask(shown, error.reason)
            return
        self._tally.entries += 1
        self._tally.last_seq = max(self._tally.last_seq, result.seq)

    def _ask(self, shown: Preview, reason: str) -> None:
        """Leave what a rule explains to a person, with the reason."""
        self._count(shown, outcome="review", reason=reason, lines=0)
        if self._dry_run:
            return
        decisions = decision_of(shown, status="review", reason=reason)
        nothing = PostingBatch(
            decisions=decisions,
            allocations=engine.schema("allocations").empty_table(),
            adjustments=engine.schema("adjustments").empty_table(),
        )
        self._tally.add(self._ledger.post(nothing, now=self._now))

    def _keep_ruled(self, shown: Preview) -> None:
        """Post what a rule explains, each payment in a transaction of its own."""
        drafts = shown.drafts
        if drafts is None:
            return
        if wants_two(self._settings, shown.payment):
            self._ask(shown, FOUR_EYES)
            return
        if shown.payment["amount_minor"] > 0:
            lines = drafts.allocations.num_rows
            self._count(shown, outcome="auto", reason=RULE_EXPLAINS, lines=lines)
        if not self._dry_run:
            batch = batch_of(shown, drafts, status="auto", decided_by="alloc")
            self._tally.add(self._ledger.post(batch, now=self._now))
        self._ruling.keep(drafts)
        if shown.payment["amount_minor"] > 0:
            self._learn([shown.payment], drafts.allocations)

    def _take(self, shown: Preview) -> None:
        """Take what a rule clears off the items of the day."""
        if wants_two(self._settings, shown.payment):
            return
        if shown.drafts is not None and shown.drafts.allocations.num_rows:
            allocations = shown.drafts.allocations
            positions = self._book.positions(item_keys(allocations))
            self._book.allocate(positions, allocations)

    def _count(self, shown: Preview, *, outcome: str, reason: str, lines: int) -> None:
        """Count what a rule says of a payment among the outcomes of the run."""
        row = dict(shown.payment) | {
            "outcome": outcome,
            "reason": reason,
            "customer_id": shown.customer_id,
            "lines": lines,
        }
        named = {name: row[name] for name in OUTCOMES.names}
        self._tally.outcomes.append(pa.Table.from_pylist([named], OUTCOMES))

    def _keep(self, payments: pa.Table, proposal: Proposal) -> None:
        decided = _decided(payments, proposal, self._foreign(payments))
        self._tally.outcomes.append(decided.select(OUTCOMES.names).cast(OUTCOMES))
        to_draft = decided.filter(decided["drafted"])
        allocations, positions = self._with_items(proposal.allocations)
        first = pc.and_(
            pc.equal(allocations["rank"], 0),
            pc.is_in(allocations["payment_id"], value_set=to_draft["payment_id"]),
        )
        allocations = with_foreign_parts(allocations, first)
        to_post = allocations.filter(first)
        names = [*DRAFTED, *(set(FOREIGN) & set(to_draft.column_names))]
        drafts = self._drafting.draft(
            [drafted_payment(row) for row in to_draft.select(names).to_pylist()],
            self._ordered(to_post, positions.filter(first)),
            _adjustments(proposal.adjustments, to_draft),
        )
        if not self._dry_run:
            batch = PostingBatch(
                decisions=proposal.decisions,
                allocations=allocations.drop_columns(list(ITEM_COLUMNS)),
                adjustments=proposal.adjustments,
                drafts=drafts,
            )
            self._tally.add(self._ledger.post(batch, now=self._now))
        self._book.allocate(positions.filter(first), to_post)
        names = ["payment_id", "payer_iban", "payer_name", "value_date"]
        self._learn(payments.select(names).to_pylist(), to_post)
        on_account = pc.equal(drafts.new_items["kind"], "on_account")
        if pc.any(on_account).as_py():
            self._book.add(drafts.new_items.filter(on_account))

    def _learn(self, payments: Sequence[Mapping[str, Any]], posted: pa.Table) -> None:
        """Know the payers again by what was posted, and by what they chose."""
        names = ("payment_id", "entity", "customer_id", "item_id", "allocated_minor")
        self._known.see(payments, posted.select(names).to_pylist())

    def _ordered(self, allocations: pa.Table, positions: pa.Array) -> pa.Table:
        """Bring documents that are lettered one by one in the order of their dates."""
        rows = allocations.select(DRAFT_ALLOCATION_COLUMNS)
        if self._settings.lettering == "per_group":
            return rows
        issued = self._book.rows(positions)["issue_date"]
        dated = rows.append_column("issue_date", issued)
        keys = ("payment_id", "issue_date", "item_id")
        order = dated.sort_by([(key, "ascending") for key in keys])
        return order.drop_columns(["issue_date"])

    def _foreign(self, payments: pa.Table) -> pa.Array:
        """Mark payments in another currency than the books of their entity."""
        books = {entity.id: entity.currency for entity in self._settings.entities}
        pairs = zip(
            payments["entity"].to_pylist(),
            payments["currency"].to_pylist(),
            strict=True,
        )
        return pa.array([books[entity] != said for entity, said in pairs], pa.bool_())

    def _with_items(self, allocations: pa.Table) -> tuple[pa.Table, pa.Array]:
        """Add what the draft needs of each item: account and open amount."""
        positions = self._book.positions(item_keys(allocations))
        items = self._book.rows(positions)
        for name in ITEM_COLUMNS:
            allocations = allocations.append_column(name, items[name])
        return allocations, positions

    def report(self, linking: LinkReport) -> ClearReport:
        tally = self._tally
        outcomes = pa.concat_tables([OUTCOMES.empty_table(), *tally.outcomes])
        return ClearReport(
            outcomes=outcomes.sort_by(
                [("value_date", "ascending"), ("payment_id", "ascending")]
            ),
            entries=tally.entries,
            postings=tally.postings,
            last_seq=tally.last_seq,
            dry_run=self._dry_run,
            advices_linked=linking.linked,
            advice_notices=linking.notices,
        )


def _of(proposal: Proposal, payments: pa.Table) -> Proposal:
    """Keep what is said of these payments."""

    def mine(rows: pa.Table) -> pa.Table:
        wanted = pc.is_in(rows["payment_id"], value_set=payments["payment_id"])
        return rows.filter(wanted)

    return replace(
        proposal,
        decisions=mine(proposal.decisions),
        allocations=mine(proposal.allocations),
        adjustments=mine(proposal.adjustments),
    )


#: What the draft needs to know of the items it clears.
ITEM_COLUMNS = (
    "account",
    "open_minor",
    "letter_group",
    "group_open_minor",
    "foreign_currency",
    "foreign_open_minor",
)

DRAFT_ALLOCATION_COLUMNS = [
    "payment_id",
    "item_id",
    "entity",
    "customer_id",
    "allocated_minor",
    *ITEM_COLUMNS[:-1],
    "foreign_minor",
]


def propose_day(
    settings: Settings,
    items: pa.Table,
    payments: pa.Table,
    remittances: pa.Table,
    customers: pa.Table,
    *,
    history: pa.Table | None = None,
    habits: pa.Table | None = None,
    decide: Callable[..., Proposal] = engine.propose,
) -> Proposal:
    """Ask the engine what the payments of a day clear, by the policy of the workspace.

    Parameters
    ----------
    items, payments, remittances
        As the ledger has them; remittances of other payments are left out.
    customers, history, habits
        By the engine's contract.
    decide
        As for `clear`.
    """
    mine = pc.is_in(remittances["payment_id"], value_set=payments["payment_id"])
    return decide(
        contract(items, "open_items"),
        contract(payments, "payments"),
        contract(remittances.filter(mine), "remittances"),
        customers,
        history,
        habits=habits,
        policy=settings.policy.for_engine(),
    )


def contract(table: pa.Table, name: str) -> pa.Table:
    """Keep the columns that the engine knows for this table, in its types."""
    schema = engine.schema(name)
    known = [column for column in schema.names if column in table.schema.names]
    return table.select(known).cast(
        pa.schema([schema.field(column) for column in known])
    )


def _decided(payments: pa.Table, proposal: Proposal, foreign: pa.Array) -> pa.Table:
    """Join the payments of a day with what was decided on each.

    Foreign payments (not in the currency of the books) are never posted by themselves.

    Adds: status, reason, customer_id, lines (items of rank 0), drafted (an entry is
    posted), identified (of its payer), outcome as in `ClearReport`.
    """
    decisions, allocations = proposal.decisions, proposal.allocations
    mine = decisions.take(
        pc.index_in(payments["payment_id"], value_set=decisions["payment_id"])
    )
    first = allocations.filter(pc.equal(allocations["rank"], 0))
    counted = first.group_by("payment_id").aggregate([([], "count_all")])
    at = pc.index_in(payments["payment_id"], value_set=counted["payment_id"])
    lines = pc.fill_null(counted["count_all"].take(at), 0)
    automatic = pc.and_not(pc.equal(mine["status"], "auto"), foreign)
    parked = pc.equal(payments["state"], PaymentState.SUSPENSE)
    unknown = pc.equal(mine["reason"], PAYER_UNKNOWN)
    park = pc.and_not(unknown, pc.or_(parked, foreign))
    still_parked = pc.and_(parked, pc.equal(lines, 0))
    outcome = pc.if_else(
        automatic,
        "auto",
        pc.if_else(pc.or_(park, still_parked), "suspense", "review"),
    )
    added = {
        "reason": mine["reason"],
        "customer_id": mine["customer_id"],
        "lines": lines,
        "drafted": pc.or_(automatic, park),
        "identified": automatic,
        "outcome": outcome,
    }
    for name, column in added.items():
        payments = payments.append_column(name, column)
    return payments


def _adjustments(adjustments: pa.Table, drafted: pa.Table) -> pa.Table:
    """Rank 0 of the drafted payments, with their entity."""
    at = pc.index_in(adjustments["payment_id"], value_set=drafted["payment_id"])
    wanted = pc.and_(pc.equal(adjustments["rank"], 0), pc.is_valid(at))
    rows, payments = adjustments.filter(wanted), drafted.take(at.filter(wanted))
    said = {
        "payment_id": rows["payment_id"],
        "role": rows["role"],
        "amount_minor": rows["amount_minor"],
        "entity": payments["entity"],
    }
    if "foreign_minor" in rows.column_names:
        said["foreign_minor"] = rows["foreign_minor"]
        said["foreign_currency"] = payments["foreign_currency"]
    return pa.table(said)
