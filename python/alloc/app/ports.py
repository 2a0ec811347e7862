"""What the use cases need from the ledger: its Protocol and the values exchanged.

Tables are Arrow: money is ``int64`` minor units, dates are ``date32``, text is
``utf8``, lists are ``list<utf8>``; a trailing ``?`` marks a column that may hold
nulls. Every result has exactly the columns listed, in that order and typed, also
when it is empty, and is sorted by its key. Tables given to the ledger may have
their columns in any order; a missing optional column counts as null, an unknown
one is refused by name (``InputError``, reason ``COLUMN_UNKNOWN``).

Every method that writes is one transaction: it holds whole or not at all, also
when the process is killed in the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from alloc.app.audit import AuditTrail
from alloc.app.payer_memory import PayerMemory

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from types import TracebackType
    from typing import Self

    import pyarrow as pa

    from alloc.app.reversal import ReturnedPayment, Reversal, ReverseResult


class PaymentState(StrEnum):
    """Where a bank entry stands.

    ``aside`` entries are no payments: ``aside_reason`` says why (``DEBIT``,
    ``PENDING``, ``REVERSAL``, ``INTRADAY``, ``NOTIFICATION``, ``ZERO``).
    """

    NEW = "new"
    REVIEW = "review"
    POSTED = "posted"
    SUSPENSE = "suspense"
    ASIDE = "aside"


#: The payments that still want a decision.
OPEN_STATES = (PaymentState.NEW, PaymentState.REVIEW, PaymentState.SUSPENSE)


class DecisionState(StrEnum):
    """Where a decision stands; a payment has at most one proposed and one posted."""

    PROPOSED = "proposed"
    POSTED = "posted"
    REVERSED = "reversed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that is imported, as it was read.

    Parameters
    ----------
    name
        File name without its folder, as shown to people.
    sha256
        Hex digest of its bytes.
    size
        Bytes.
    kind
        ``bank``, ``open_items``, ``customers`` or ``remittances``.
    format
        What was recognised: ``camt.053.001.08``, ``CFONB120``, ``csv`` ...
    profile
        Mapping profile that read it; empty for bank files.
    """

    name: str
    sha256: str
    size: int
    kind: str
    format: str = ""
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something a person should know about an import that went through."""

    code: str
    message: str
    key: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class ImportCounts:
    """What an import did; the counts are rows.

    ``read = new + known + changed + kept``. ``kept`` rows disagree with what we
    have allocated: ours was kept, a notice names each. ``closed`` counts items
    that a snapshot no longer lists; ``aside`` counts the new bank entries that are
    no payments. ``notices`` are the ledger's own, without those of the file's reader.
    ``already_imported``: the same bytes were imported before (``imported_at``) and
    nothing was done.
    """

    import_id: int
    read: int = 0
    new: int = 0
    known: int = 0
    changed: int = 0
    kept: int = 0
    closed: int = 0
    aside: int = 0
    notices: tuple[Notice, ...] = ()
    already_imported: bool = False
    imported_at: str = ""


class BankTables(Protocol):
    """The four tables of a bank file: ``alloc.engine.BankFile`` has them.

    statements: statement_index, message_type, dialect?, kind (statement, intraday,
    notification), account, currency?, number?, opening_date?, opening_minor?,
    closing_date?, closing_minor?, entry_count, left_out_count, difference_minor?,
    line, raw?

    entries: statement_index, entry_index, detail_index, detail_count, payment_id,
    account, booking_date, value_date?, currency, amount_minor (credit > 0),
    entry_amount_minor, status (booked, pending, information), reversal bool,
    bank_reference?, transaction_code?, end_to_end_id?, creditor_reference?,
    mandate_id?, counterparty_name?, counterparty_iban?, ultimate_name?,
    remittance_text list, charges_minor?, original_currency?, original_minor?,
    return_reason?, additional_info?, raw?, line

    references: payment_id, line_no, reference, kind (invoice, credit_note, other),
    amount_minor? (credit notes < 0), deduction_minor?, reason?, date?

    warnings: code, message, line, offset?, entry_left_out
    """

    @property
    def statements(self) -> object:
        """One row a statement."""

    @property
    def entries(self) -> object:
        """One row a transaction detail of a bank entry."""

    @property
    def references(self) -> object:
        """One row a referred document of the structured remittance."""

    @property
    def warnings(self) -> object:
        """One row a thing that looked odd but could be read."""


class Drafts(Protocol):
    """Journal entries to post: what `alloc.engine.draft_entries` returns.

    entries: draft_index, payment_id, entity, journal, kind (clearing, suspense,
    release), posting_date, piece_date, piece_ref, label, currency, fiscal_year
    (int64, the year in which the fiscal year of posting_date ends)

    postings: draft_index, line_no, account, customer_id?, label, amount_minor
    (debit > 0), currency, letter_index?, item_id? (the open item that it creates);
    the money comes in on the first line. A payment may have several entries: the
    first carries its money, the others are posted beside it and undone with it

    new_items: draft_index, item_id, entity, customer_id?, account, kind (on_account,
    suspense, deposit ...), currency, open_minor, issue_date, reference, vat?

    residuals: payment_id, entity, item_id, customer_id?, account, allocated_minor,
    residual_minor. What the ledger compares before it posts: an item must
    have open what its residual and its allocations add up to.

    letters: letter_index, entity, account, customer_id?, kind (full, partial),
    balance_minor. The ledger works kind and balance out again from what is open
    when it posts.

    letter_members: letter_index, item_id?, letter_group? (all members of a group)

    Other columns are not read.
    """

    @property
    def entries(self) -> pa.Table:
        """One row an entry."""

    @property
    def postings(self) -> pa.Table:
        """One row a debit or credit."""

    @property
    def new_items(self) -> pa.Table:
        """One row an open item that an entry creates."""

    @property
    def residuals(self) -> pa.Table:
        """One row an item that a payment settles, with what it leaves open."""

    @property
    def letters(self) -> pa.Table:
        """One row a lettering group."""

    @property
    def letter_members(self) -> pa.Table:
        """One row a member of a group."""


@dataclass(frozen=True, slots=True)
class OperationRow:
    """What stands where a payment would, for entries that move no money.

    Parameters
    ----------
    operation_id
        Its identity, in the place of a payment's.
    entity, currency
        In whose books, and their currency.
    date, reference
        Of the voucher; the company may give no reference.
    """

    operation_id: str
    entity: str
    currency: str
    date: dt.date
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class PostingBatch:
    """Decisions to keep and, for those that are to be posted, their entries.

    A payment with a draft of kind ``clearing`` or ``release`` is posted with its
    rank 0; one with a ``suspense`` draft goes to suspense; any other decision is
    kept as the payment's proposal, for review; money that went out stays aside with
    it. A payment's earlier proposal is replaced and keeps its ``decision_id``. Every
    posted payment has a decision; one that goes to suspense may have none.

    decisions: payment_id, status, proof, confidence_ppm, explanations_count, rule?,
    reason, customer_id?, decided_by? (else who the batch says), approved_by? (who
    accepted the same before)

    allocations: payment_id, rank, item_id, entity, customer_id, allocated_minor,
    evidence, foreign_minor? (of items in a foreign currency)

    adjustments: payment_id, rank, role, amount_minor (debit > 0), item_id?,
    rate_ppm?

    operations: decisions that no payment caused name one of these instead.
    """

    decisions: object
    allocations: object
    adjustments: object
    drafts: Drafts | None = None
    decided_by: str = "alloc"
    operations: tuple[OperationRow, ...] = ()


@dataclass(frozen=True, slots=True)
class PostResult:
    """What `Ledger.post` did.

    ``posted`` and ``suspense`` have: payment_id, decision_id? (null for suspense),
    entity, journal, fiscal_year, number, seq; sorted by seq.
    """

    posted: pa.Table
    suspense: pa.Table
    decisions_proposed: int
    entries: int
    postings: int
    new_items: int
    letters_full: int
    letters_partial: int
    last_seq: int


@dataclass(frozen=True, slots=True)
class DecisionTables:
    """Decisions with all their ranks; sorted by decision_id, rank, line.

    decisions: decision_id, payment_id, state, status, proof, confidence_ppm,
    explanations_count, rule?, reason, customer_id?, decided_at (UTC, ISO 8601),
    decided_by, seq? (its journal entry), entity, account?, value_date, currency,
    amount_minor, payer_name?, payer_iban?, remittance_text list?, payment_state?
    (an operation has neither account nor state)

    allocations: decision_id, payment_id, rank, item_id, entity, customer_id,
    allocated_minor, evidence, open_minor (now), reference?, issue_date?, due_date?

    adjustments: decision_id, payment_id, rank, role, amount_minor, item_id?,
    rate_ppm?
    """

    decisions: pa.Table
    allocations: pa.Table
    adjustments: pa.Table


@dataclass(frozen=True, slots=True)
class JournalTables:
    """A part of the journal, for exports; sorted by seq, line_no.

    entries: seq, entity, journal, fiscal_year, number, kind, posting_date,
    piece_date, piece_ref, label, currency, payment_id, decision_id?, reverses_seq?,
    posted_at (UTC, ISO 8601), posted_by, previous_hash, hash (hex)

    postings: seq, line_no, entity, account, customer_id?, customer_name?, label,
    amount_minor (debit > 0), currency, item_id?, letter_group?, letter_code?,
    letter_kind?, lettered_on? (date the code was given), foreign_currency?,
    foreign_minor?, analytic? (JSON: a list of amount and sections that adds up to it)

    allocations: seq, decision_id, payment_id, item_id, entity, customer_id,
    reference?, allocated_minor, evidence; of the item: kind?, total_minor?,
    imported_minor?, vat list of (rate_bps, base_minor, vat_minor)?
    """

    entries: pa.Table
    postings: pa.Table
    allocations: pa.Table


@dataclass(frozen=True, slots=True)
class LetterTables:
    """Live lettering groups; sorted by group.

    groups: letter_group, entity, account, customer_id?, fiscal_year, kind (full,
    partial), code, balance_minor, lettered_on, group_max_date

    members: letter_group, item_id?, seq?, line_no?, amount_minor (signed), date?;
    an open item has item_id, a posting of ours seq and line_no, an on-account
    or suspense item both
    """

    groups: pa.Table
    members: pa.Table


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing `verify` found; ``subject`` names the table, ``key`` the row.

    ``severity`` is ``error`` (an invariant is broken) or ``notice`` (worth a look).
    """

    severity: str
    code: str
    message: str
    subject: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class LedgerCounts:
    """How much there is; amounts by currency, minor units.

    ``payments[(state, currency)] = (count, amount_minor)``;
    ``open_items[currency] = (count, open_minor)`` (customers' items, not zero);
    ``decisions[state] = count``.
    """

    payments: Mapping[tuple[str, str], tuple[int, int]]
    open_items: Mapping[str, tuple[int, int]]
    decisions: Mapping[str, int]
    customers: int
    entries: int
    postings: int
    files: int
    advices: int
    advices_linked: int
    last_posted_at: str = ""


@dataclass(frozen=True, slots=True)
class JournalFilter:
    """Which part of the journal: all given conditions hold; None does not limit."""

    entity: str | None = None
    fiscal_year: int | None = None
    since_seq: int = 0
    until_seq: int | None = None


@dataclass(frozen=True, slots=True)
class DecisionFilter:
    """Which decisions: all given conditions hold; None does not limit."""

    states: Collection[DecisionState] | None = (DecisionState.PROPOSED,)
    entity: str | None = None
    decision_ids: Collection[int] | None = None
    payment_ids: Collection[str] | None = None


class Ledger(PayerMemory, AuditTrail, Protocol):
    """The ledger: open items, payments, decisions and the journal.

    Not for use by several threads at once. Readers see the last committed state;
    a writer that finds the ledger locked by another process waits a little and
    then raises ``ConflictError`` (``LEDGER_BUSY``).
    """

    @property
    def name(self) -> str:
        """File name or address without credentials, for messages."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def close(self) -> None:
        """Close the ledger; a transaction that is open is rolled back."""

    # Imports: one transaction each, idempotent by file and by row.

    def imported(self, source: SourceFile) -> ImportCounts | None:
        """Tell whether the same bytes were imported as this kind by this profile."""

    def import_bank_file(
        self,
        source: SourceFile,
        bank: BankTables,
        *,
        entities: Mapping[str, str],
        now: dt.datetime,
    ) -> ImportCounts:
        """Add the entries of a bank file that are not there yet.

        Booked credits that are no reversals become payments (``new``), all other
        entries are kept ``aside``. An entry that was aside because it was only
        pending or announced becomes a payment once a statement books it; what a
        notification knows more about a payment fills its empty fields.

        Parameters
        ----------
        entities
            Account as printed in the file -> entity; every account is there.
        """

    def import_open_items(
        self,
        source: SourceFile,
        items: pa.Table,
        *,
        accounts: Mapping[str, str],
        now: dt.datetime,
        snapshot_of: Collection[str] = (),
    ) -> ImportCounts:
        """Add and follow the open items of an accounting system.

        Parameters
        ----------
        items
            entity, item_id, customer_id, currency, open_minor; optional:
            reference, other_references list, customer_name, kind, account,
            issue_date, due_date, original_minor, disputed bool, payer_id,
            foreign_currency and foreign_minor (what is open in it), vat list of
            (rate_bps, base_minor, vat_minor). Unique by (entity, item_id).
        accounts
            Entity -> customer account, for items without ``account``.
        snapshot_of
            Entities of which the file lists every open item: what is missing and
            has no allocation of ours is closed.
        """

    def import_customers(
        self, source: SourceFile, customers: pa.Table, *, now: dt.datetime
    ) -> ImportCounts:
        """Add and follow customers.

        Parameters
        ----------
        customers
            customer_id, name; optional: known_ibans list, aliases list,
            customer_type, parent_id, supplier_id, siren, vat_number. Unique by
            customer_id.
        """

    def import_advices(
        self, source: SourceFile, lines: pa.Table, *, now: dt.datetime
    ) -> ImportCounts:
        """Add remittance advices; the counts are advices.

        An advice with the same content as a known one is known.

        Parameters
        ----------
        lines
            advice (its key within the file), line_no, reference; optional:
            amount_minor, deduction_minor, reason, and the same on all lines of an
            advice: entity, customer_id, payer_name, payer_iban, payment_reference,
            payment_date, currency, total_minor, payment_id (already known to
            belong to this payment).
        """

    def link_advices(self, links: pa.Table, *, now: dt.datetime) -> int:
        """Say which payment an advice is for: advice_id, line_no?, payment_id?.

        Without a line number the whole advice is meant; a null payment unlinks it.
        Lines with numbers have payments of their own, and the advice then has none:
        what is not listed of it belongs to no payment. Refused (``ADVICE_LINKED``)
        for an advice of a payment that is posted. Returns how many advices changed.
        """

    # What the engine reads.

    def open_items(
        self,
        *,
        entity: str | None = None,
        until: dt.date | None = None,
        item_ids: Collection[str] | None = None,
        customer_ids: Collection[str] | None = None,
        closed: bool = False,
    ) -> pa.Table:
        """Return the customers' items that are not zero; suspense is not among them.

        item_id, entity, customer_id, customer_name?, reference?, other_references
        list?, currency, kind, account, open_minor, original_minor?, imported_minor,
        issue_date?, due_date?, disputed bool, payer_id?, letter_group?,
        group_open_minor? (of all members of that group), source (import, on_account,
        adjustment), vat list of (rate_bps, base_minor, vat_minor)?, and in the item's
        own currency foreign_currency?, foreign_imported_minor?, foreign_open_minor?.
        ``until`` limits by issue date, ``item_ids`` to these, ``customer_ids`` to
        those of these; ``closed`` adds those that are zero.
        """

    def collected_vat(self, item_ids: Collection[str] | None = None) -> pa.Table:
        """Return VAT due: entity, item_id, rate_ppm, vat_minor, allocated_minor.

        ``item_ids`` limits it to these.
        """

    def item_history(self, item_ids: Collection[str]) -> pa.Table:
        """Return what posted decisions took off items, and what they charged them.

        entity, item_id, decision_no, value_date, allocated_minor, role? (of a line
        that was posted for the item: one row each, none has one row)
        """

    def payments(
        self,
        *,
        states: Sequence[PaymentState] = OPEN_STATES,
        until: dt.date | None = None,
        entity: str | None = None,
        payment_ids: Collection[str] | None = None,
    ) -> pa.Table:
        """Return bank entries in the given states, booked up to a date.

        payment_id, entity, account, booking_date, value_date, currency,
        amount_minor, payer_name?, payer_iban?, ultimate_name?, remittance_text list?,
        end_to_end_id?, creditor_reference?, mandate_id?, bank_reference?,
        transaction_code?, charges_minor?, original_currency?, original_minor?,
        return_reason?, additional_info?, state, aside_reason?, item_prefix (what the
        ids of new items start with: another one after each reversal),
        parked_item_id?, parked_account? (of money in suspense)
        """

    def customers(self, customer_ids: Collection[str] | None = None) -> pa.Table:
        """Return all customers, or those of the ids.

        customer_id, name, known_ibans list?, aliases list?, customer_type?,
        parent_id?, supplier_id?, siren?, vat_number?
        """

    def advices(self, *, linked: bool | None = None) -> pa.Table:
        """Return the headers of advices.

        advice_id, entity?, customer_id?, payer_name?, payer_iban?,
        payment_reference?, payment_date?, currency?, total_minor?, lines_minor?
        (sum of its amounts, null when a line has none), line_count, payment_id? (null
        too where its lines are linked to several), file
        """

    def advised_payments(self) -> pa.Table:
        """Return the payments that an advice, or a line of one, is for.

        payment_id
        """

    def remittances(self, payment_ids: Collection[str] | None = None) -> pa.Table:
        """Return what payers say their payments are for.

        payment_id, line_no, reference?, amount_minor?, deduction_minor?, reason?.
        The lines of linked advices where there are any, else the structured
        references of the bank entry. None: of all payments in open states.
        """

    def advice_lines(self, advice_ids: Collection[str] | None = None) -> pa.Table:
        """Return lines of advices.

        advice_id, line_no, reference?, amount_minor?, deduction_minor?, reason?,
        payment_id? (its own, else that of its advice)
        """

    def history(
        self, *, until: dt.date | None = None, since: dt.date | None = None
    ) -> pa.Table:
        """Return confirmed allocations (posted and not reversed), by value date.

        payment_id, value_date, entity, customer_id, payer_name?, payer_iban?,
        item_id, reference?, amount_minor, allocated_minor
        """

    def refusals(self) -> pa.Table:
        """Return matches never to be proposed again.

        payment_id, item_set (see `alloc.domain.match`), refused_at, refused_by, reason
        """

    # Decisions.

    def post(self, batch: PostingBatch, *, now: dt.datetime) -> PostResult:
        """Keep decisions, post the drafts, number, seal and letter them.

        Raises
        ------
        alloc.errors.ConflictError
            ``ITEMS_CHANGED`` (names the items), ``PAYMENT_DECIDED`` (names the
            payments), ``LEDGER_BUSY``. Nothing was posted.
        """

    def decisions(self, which: DecisionFilter | None = None) -> DecisionTables:
        """Return decisions with alternatives; the default is the review queue."""

    def refuse(
        self,
        decision_id: int,
        *,
        ranks: Collection[int] | None = None,
        decided_by: str,
        reason: str,
        now: dt.datetime,
    ) -> int:
        """Refuse a proposal; its payment stays in review and wants a new decision.

        ``ranks`` None refuses every rank that was shown. Returns the number of
        item sets refused.
        """

    def reverse(self, reversal: Reversal, *, now: dt.datetime) -> ReverseResult:
        """Undo a posted decision by a mirror entry; reopen exactly its items.

        Raises
        ------
        alloc.errors.NotFoundError
            ``DECISION_UNKNOWN``.
        alloc.errors.ConflictError
            ``DECISION_NOT_POSTED``; ``ON_ACCOUNT_USED`` when what it left on
            account was allocated since (names the decisions to undo first).
        """

    def return_payment(
        self, returned: ReturnedPayment, *, now: dt.datetime
    ) -> ReverseResult:
        """Post that the bank took a payment back; its items open again.

        The payment stays posted, its line is lettered with that of the return.

        Raises
        ------
        alloc.errors.ConflictError
            ``PAYMENT_RETURNED`` (before), ``RETURN_NOT_PLAIN`` (the payment opened
            items, or has entries beside its own), ``PAYMENT_DECIDED``.
        """

    def check_return(self, returned: ReturnedPayment, *, now: dt.datetime) -> None:
        """Raise what `return_payment` would; nothing is written."""

    # Exports and status.

    def journal(self, which: JournalFilter | None = None) -> JournalTables:
        """Return entries, postings with their letters, and allocations."""

    def chain(self, which: JournalFilter) -> JournalTables:
        """Return what the hashes cover, in the order in which it was hashed.

        entries: as in `JournalTables`; postings: seq, line_no, account, customer_id?,
        label, amount_minor, currency; allocations: seq, item_id, customer_id?,
        allocated_minor
        """

    def journal_spans(self, entries_max: int) -> Iterator[JournalFilter]:
        """Cut the journal into spans of at most so many entries, in order."""

    def letters(self, *, entity: str | None = None) -> LetterTables:
        """Return the live lettering groups and their members."""

    def statements(self) -> pa.Table:
        """Return the statements.

        statement_id, file, entity, account, message_type, kind, currency?, number?,
        opening_date?, opening_minor?, closing_date?, closing_minor?, entry_count,
        difference_minor?
        """

    def imports(self) -> pa.Table:
        """Return the imported files.

        import_id, name, kind, format, profile, sha256, size, imported_at, read, new,
        known, changed, kept, closed, aside, notices
        """

    def counts(self) -> LedgerCounts:
        """Return how much there is of everything."""

    def findings(self) -> Iterator[Finding]:
        """Check the stored rows against each other; `alloc.app.verify` adds the chain.

        Reads only, over connections of its own: another thread may use the ledger
        meanwhile. A broken invariant is an error finding, never an exception.
        """
