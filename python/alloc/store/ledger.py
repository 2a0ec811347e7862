"""The ledger over one database connection: `alloc.app.ports.Ledger`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from alloc.app.ports import OPEN_STATES, DecisionFilter, JournalFilter
from alloc.store import (
    advices,
    approvals,
    audit,
    checks,
    claims,
    journal,
    learned,
    reading,
    receivables,
    returning,
    undoing,
)
from alloc.store.backend import backend_of
from alloc.store.bank import import_bank_file
from alloc.store.calls import attempt, once
from alloc.store.database import Database
from alloc.store.files import already_imported
from alloc.store.posting import post
from alloc.store.schema import check_revision

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from types import TracebackType

    import pyarrow as pa

    from alloc.app.audit import Approval, AuditFilter
    from alloc.app.payer_memory import Choices, FactKey
    from alloc.app.ports import (
        BankTables,
        DecisionTables,
        Finding,
        ImportCounts,
        JournalTables,
        LedgerCounts,
        LetterTables,
        PaymentState,
        PostingBatch,
        PostResult,
        SourceFile,
    )
    from alloc.app.reversal import ReturnedPayment, Reversal, ReverseResult
    from alloc.app.shared_ledger import Call, LedgerPosition, Outcome

_Result = TypeVar("_Result")


def open_ledger(url: str, *, write: bool, busy_timeout_ms: int = 10_000) -> SqlLedger:
    """Open an existing ledger.

    Parameters
    ----------
    url
        Path of a file, ``sqlite:///`` and the path, or
        ``postgresql://user@host/database``.
    write
        False refuses every change.
    busy_timeout_ms
        How long a transaction waits for another writer.

    Raises
    ------
    alloc.errors.NotFoundError
        ``LEDGER_MISSING``, ``DATABASE_MISSING``.
    alloc.errors.InputError
        ``NOT_A_LEDGER``, ``LEDGER_URL``.
    alloc.errors.StoreError
        ``LEDGER_VERSION``, ``NO_PERMISSION``, ``LEDGER_DAMAGED``, ``LEDGER_DENIED``,
        ``LEDGER_UNREACHABLE``.
    """
    backend = backend_of(url)
    database = Database(backend, write=write, busy_timeout_ms=busy_timeout_ms)
    try:
        check_revision(database)
        if write:
            database.run(backend.before_writing)
    except BaseException:
        database.close()
        raise
    return SqlLedger(database)


class SqlLedger:
    """A ledger in SQLite or PostgreSQL, through ADBC.

    The methods are those of `alloc.app.shared_ledger.SharedLedger` and of
    `alloc.app.ports.Ledger`, which document them.
    """

    def __init__(self, database: Database) -> None:
        self._db = database

    @property
    def name(self) -> str:
        """What messages call the ledger."""
        return self._db.backend.name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the ledger; a transaction that is open is rolled back."""
        self._db.close()

    def imported(self, source: SourceFile) -> ImportCounts | None:
        """Tell whether the same bytes were imported before."""
        return already_imported(self._db, source)

    def import_bank_file(
        self,
        source: SourceFile,
        bank: BankTables,
        *,
        entities: Mapping[str, str],
        now: dt.datetime,
    ) -> ImportCounts:
        """Add the entries of a bank file that are not there yet."""
        return import_bank_file(self._db, source, bank, entities=entities, now=now)

    def import_open_items(
        self,
        source: SourceFile,
        items: pa.Table,
        *,
        accounts: Mapping[str, str],
        now: dt.datetime,
        snapshot_of: Collection[str] = (),
    ) -> ImportCounts:
        """Add and follow the open items of an accounting system."""
        return receivables.import_open_items(
            self._db,
            source,
            items,
            accounts=accounts,
            snapshot_of=snapshot_of,
            now=now,
        )

    def import_customers(
        self, source: SourceFile, customers: pa.Table, *, now: dt.datetime
    ) -> ImportCounts:
        """Add and follow customers."""
        return receivables.import_customers(self._db, source, customers, now=now)

    def import_advices(
        self, source: SourceFile, lines: pa.Table, *, now: dt.datetime
    ) -> ImportCounts:
        """Add remittance advices that are not there yet."""
        return advices.import_advices(self._db, source, lines, now=now)

    def link_advices(self, links: pa.Table, *, now: dt.datetime) -> int:  # noqa: ARG002
        """Say which payment each advice is for."""
        return advices.link_advices(self._db, links)

    def open_items(
        self,
        *,
        entity: str | None = None,
        until: dt.date | None = None,
        item_ids: Collection[str] | None = None,
        customer_ids: Collection[str] | None = None,
        closed: bool = False,
    ) -> pa.Table:
        """Return the customers' items that are not zero, or all of them."""
        return reading.open_items(
            self._db, entity, until, item_ids, customer_ids, closed=closed
        )

    def collected_vat(self, item_ids: Collection[str] | None = None) -> pa.Table:
        """Return the VAT that posted decisions made due, by item and rate."""
        return reading.collected_vat(self._db, item_ids)

    def item_history(self, item_ids: Collection[str]) -> pa.Table:
        """Return what posted decisions took off items, and what they charged."""
        return reading.item_history(self._db, item_ids)

    def payments(
        self,
        *,
        states: Sequence[PaymentState] = OPEN_STATES,
        until: dt.date | None = None,
        entity: str | None = None,
        payment_ids: Collection[str] | None = None,
    ) -> pa.Table:
        """Return bank entries by state, date, entity or id."""
        return reading.payments(self._db, states, until, entity, payment_ids)

    def customers(self, customer_ids: Collection[str] | None = None) -> pa.Table:
        """Return all customers, or those of the ids."""
        return reading.customers(self._db, customer_ids)

    def advices(self, *, linked: bool | None = None) -> pa.Table:
        """Return the headers of advices."""
        return reading.advices(self._db, linked=linked)

    def remittances(self, payment_ids: Collection[str] | None = None) -> pa.Table:
        """Return what payers say their payments are for."""
        return reading.remittances(self._db, payment_ids)

    def advised_payments(self) -> pa.Table:
        """Return the payments that an advice, or a line of one, is for."""
        return reading.advised_payments(self._db)

    def advice_lines(self, advice_ids: Collection[str] | None = None) -> pa.Table:
        """Return lines of advices."""
        return reading.advice_lines(self._db, advice_ids)

    def history(
        self, *, until: dt.date | None = None, since: dt.date | None = None
    ) -> pa.Table:
        """Return confirmed allocations."""
        return reading.history(self._db, until, since)

    def payer_facts(
        self, values: Collection[str] | None = None, *, since: dt.date | None = None
    ) -> pa.Table:
        """Return what posted payments tell of payers."""
        return learned.payer_facts(self._db, values, since)

    def fact_payments(self, value: str) -> pa.Table:
        """Return the posted payments of an account or a name."""
        return learned.fact_payments(self._db, value)

    def forget_facts(
        self,
        facts: Collection[FactKey],
        *,
        forgotten_by: str,
        reason: str,
        now: dt.datetime,
    ) -> None:
        """Count for these facts what is decided from now on only."""
        learned.forget(
            self._db, facts, forgotten_by=forgotten_by, reason=reason, now=now
        )

    def forgotten_facts(self, value: str) -> pa.Table:
        """Return each time that an account or a name was forgotten."""
        return learned.forgotten_facts(self._db, value)

    def choices(self, *, since: dt.date) -> Choices:
        """Return what posted payments settled, and what was open before them."""
        return learned.choices(self._db, since)

    def refusals(self) -> pa.Table:
        """Return matches never to be proposed again."""
        return reading.refusals(self._db)

    def post(self, batch: PostingBatch, *, now: dt.datetime) -> PostResult:
        """Keep decisions, post the drafts, number, seal and letter them."""
        return post(self._db, batch, now=now)

    def approval(self, payment_id: str) -> Approval | None:
        """Return who accepted something and waits for another person."""
        return approvals.approval(self._db, payment_id)

    def approve(self, approval: Approval, *, entity: str, now: dt.datetime) -> None:
        """Keep an acceptance until another person accepts the same."""
        approvals.approve(self._db, approval, entity=entity, now=now)

    def decisions(self, which: DecisionFilter | None = None) -> DecisionTables:
        """Return decisions with alternatives; the default is the review queue."""
        return reading.decisions(self._db, which or DecisionFilter())

    def refuse(
        self,
        decision_id: int,
        *,
        ranks: Collection[int] | None = None,
        decided_by: str,
        reason: str,
        now: dt.datetime,
    ) -> int:
        """Refuse a proposal; its payment wants a new decision."""
        return undoing.refuse(
            self._db,
            decision_id,
            ranks=ranks,
            decided_by=decided_by,
            reason=reason,
            now=now,
        )

    def reverse(self, reversal: Reversal, *, now: dt.datetime) -> ReverseResult:
        """Undo a posted decision by a mirror entry."""
        return undoing.reverse(self._db, reversal, now=now)

    def return_payment(
        self, returned: ReturnedPayment, *, now: dt.datetime
    ) -> ReverseResult:
        """Post that the bank took a payment back."""
        return returning.return_payment(self._db, returned, now=now)

    def check_return(self, returned: ReturnedPayment, *, now: dt.datetime) -> None:
        """Raise what `return_payment` would; nothing is written."""
        returning.check_return(self._db, returned, now=now)

    def once(
        self,
        calls: Sequence[Call],
        act: Callable[[list[int]], Sequence[Outcome]],
        *,
        now: dt.datetime,
    ) -> list[Outcome]:
        """Answer calls in one transaction; those answered before get that answer."""
        return once(self._db, calls, act, now=now)

    def attempt(self, act: Callable[[], _Result]) -> _Result | Exception:
        """Act inside `once`, or undo what it wrote and return why it failed."""
        return attempt(self._db, act)

    def claim(
        self, payment_id: str, *, by: str, until: dt.datetime, now: dt.datetime
    ) -> None:
        """Claim a payment of the review queue."""
        claims.claim(self._db, payment_id, by=by, until=until, now=now)

    def check_claim(self, payment_id: str, *, by: str, now: dt.datetime) -> None:
        """Refuse a payment that somebody else works on."""
        claims.check_claim(self._db, payment_id, by=by, now=now)

    def claims(self, *, now: dt.datetime) -> pa.Table:
        """Return the claims that have not run out."""
        return claims.claims(self._db, now)

    def position(self) -> LedgerPosition:
        """Return how far the ledger is."""
        return reading.position(self._db)

    def items_changed(self, since: LedgerPosition, *, entity: str) -> pa.Table:
        """Return the items of customers that may have changed since a position."""
        return reading.items_changed(self._db, since, entity)

    def customers_changed(self, since: LedgerPosition) -> bool:
        """Say whether a customer may have changed since a position."""
        return reading.customers_changed(self._db, since)

    def journal(self, which: JournalFilter | None = None) -> JournalTables:
        """Return entries, postings with their letters, and allocations."""
        return journal.journal(self._db, which or JournalFilter())

    def chain(self, which: JournalFilter) -> JournalTables:
        """Return what the hashes cover, in the order in which it was hashed."""
        return journal.chain(self._db, which)

    def audit(self, which: AuditFilter) -> Iterator[pa.Table]:
        """Return the audit trail in its order, table after table."""
        return audit.read(self._db, which)

    def journal_spans(self, entries_max: int) -> Iterator[JournalFilter]:
        """Cut the journal into spans of at most so many entries."""
        return journal.spans(self._db, entries_max)

    def letters(self, *, entity: str | None = None) -> LetterTables:
        """Return the live lettering groups and their members."""
        return journal.letters(self._db, entity)

    def statements(self) -> pa.Table:
        """Return the statements."""
        return reading.statements(self._db)

    def imports(self) -> pa.Table:
        """Return the imported files."""
        return reading.imports(self._db)

    def counts(self) -> LedgerCounts:
        """Return how much there is of everything."""
        return reading.counts(self._db)

    def findings(self) -> Iterator[Finding]:
        """Check the stored rows against each other."""
        return checks.findings(self._db.backend)
