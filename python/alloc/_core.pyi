"""Contract of the native module; `alloc.engine` is its only importer."""

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, TypeAlias, final

from arro3.core import RecordBatch, Schema, Table
from arro3.core.types import ArrowArrayExportable, ArrowStreamExportable

# Anything that speaks the Arrow PyCapsule interface: pyarrow, polars, arro3 ...
_Table: TypeAlias = ArrowArrayExportable | ArrowStreamExportable
_Rows: TypeAlias = list[dict[str, Any]]
_Policy: TypeAlias = tuple[int, bool, list[str], list[int]]

__all__ = [
    "Book",
    "Stop",
    "Taken",
    "__version__",
    "chain_documents",
    "check_chain",
    "check_documents",
    "currency_exponent",
    "detect_bank_format",
    "draft_entries",
    "letter_codes",
    "letter_index",
    "observe_habits",
    "propose",
    "read_bank_file",
    "reverse_entries",
    "seal_entries",
    "solve_subset",
    "table_schema",
    "toml_lines",
]

__version__: str

def currency_exponent(code: str) -> int | None:
    """Digits after the decimal point of a currency.

    Parameters
    ----------
    code
        ISO 4217 alphabetic code, upper case.

    Returns
    -------
    int or None
        2 for EUR, 0 for JPY, 3 for TND; None when there is no such active code.
    """

def toml_lines(text: str) -> list[tuple[str, int]]:
    r"""List every key of a TOML text with its line.

    Parameters
    ----------
    text
        A whole TOML document.

    Returns
    -------
    list of (str, int)
        Path and line (from 1) of every key, table and array element, in the order of
        the text's tables. Paths join keys by dots and count array elements:
        ``entity[1].bank[0].iban``; a key that is not bare stands in double quotes,
        with ``\`` before ``"`` and ``\``. A table has the line of its header.

    Raises
    ------
    alloc.errors.InputError
        The text is not TOML (``TOML_SYNTAX``, with ``line``).
    """

def observe_habits(
    open_items: _Table | None, history: _Table | None, known: _Table | None
) -> RecordBatch:
    """Count the habits that past payments show, and add them to known ones.

    Parameters
    ----------
    open_items
        What was open before the first of them.
    history
        What they settled.
    known
        What was counted before.

    Returns
    -------
    RecordBatch
        The columns of ``table_schema("habits")``.
    """

def propose(
    open_items: _Table,
    payments: _Table,
    remittances: _Table | None,
    customers: _Table | None,
    history: _Table | None,
    habits: _Table | None,
    policy: _Policy,
    threads: int | None,
    stop: Stop | None,
) -> tuple[RecordBatch, RecordBatch, RecordBatch]:
    """Decide each payment of some days, on items that are not kept.

    Parameters
    ----------
    open_items, payments, remittances, customers, history, habits
        Tables of the contract (`table_schema`), whole or as streams of batches;
        None stands for a table without rows. Columns that have the contract's types
        are not copied; the interpreter lock is released while they are read.
    policy
        Wrong decisions per million automatic ones that the user accepts; whether an
        amount may decide without any reference; kinds of deductions that may be booked
        without a person; rates of value added tax that may stand on a commission, ppm.
    threads
        1 runs in one thread; None takes all cores.
    stop
        Ends the call; so does a signal whose handler raises.

    Returns
    -------
    tuple of arro3.core.RecordBatch
        ``decisions``, ``allocations`` and ``adjustments``.

    Raises
    ------
    alloc.errors.InputError
        A table does not keep the contract; the column, row or id is named.
    alloc.errors.LimitError
        A table has more rows than a call takes.
    alloc.errors.StoppedError
        ``stop`` was set.
    """

@final
class Stop:
    """Ends the calls it is handed to, from any thread."""

    def __new__(cls) -> Stop: ...
    def set(self) -> None:
        """End the calls it was handed to, and those it will be handed to."""

@final
class Taken:
    """What one caller took of a book's items: not open to it, open to others."""

    def __new__(cls) -> Taken: ...

@final
class Book:
    """Open items, indexed once; calls read it together, changes wait for them."""

    def __new__(
        cls,
        open_items: _Table,
        customers: _Table | None,
        history: _Table | None,
        habits: _Table | None,
    ) -> Book: ...
    @property
    def is_worn(self) -> bool:
        """Whether a new book would answer faster."""

    def change(self, gone: _Table | None, come: _Table | None) -> None:
        """Take items out and add others, at once."""

    def propose(
        self,
        payments: _Table,
        remittances: _Table | None,
        taken: Taken | None,
        policy: _Policy,
        threads: int | None,
        stop: Stop | None,
    ) -> tuple[RecordBatch, RecordBatch, RecordBatch]:
        """Decide each payment of some days; as the function of the same name."""

    def decide(
        self,
        payment: Mapping[str, object],
        lines: Sequence[Mapping[str, object]],
        policy: _Policy,
        stop: Stop | None,
    ) -> tuple[_Rows, _Rows, _Rows]:
        """Decide one payment, in the calling thread.

        Parameters
        ----------
        payment
            A row of ``payments``: the columns that decide, value_date in days since
            1970-01-01.
        lines
            Its rows of ``remittances``, without payment_id and reason.

        Returns
        -------
        tuple of list of dict
            The rows of ``decisions``, ``allocations`` and ``adjustments``.
        """

    def take(self, taken: Taken, decisions: _Table, allocations: _Table) -> None:
        """Note what automatic decisions clear as taken."""

def table_schema(name: str) -> Schema:
    """Arrow schema of a table of the engine's contract.

    Parameters
    ----------
    name
        Name of the table: ``open_items``, ``payments``, ``decisions`` ...

    Returns
    -------
    arro3.core.Schema
        Columns in order; ``alloc.presence`` in the metadata of each.

    Raises
    ------
    KeyError
        There is no such table.
    """

def draft_entries(
    payments: _Table, allocations: _Table, adjustments: _Table
) -> tuple[
    RecordBatch, RecordBatch, RecordBatch, RecordBatch, RecordBatch, RecordBatch
]:
    """Draft one balanced journal entry a payment, in the order of the payments.

    Per payment ``amount_minor + sum(adjustments) = sum(allocated_minor) + rest``;
    the rest goes on account of ``customer_id``, or to suspense when that is null.
    Lines stand in the order: source, debit adjustments, customers, credit
    adjustments, rest. The items of one (account, customer) share a posting and a
    lettering group; what stays open has a posting and group of its own when both
    point the same way. Groups are those at the end of the call: items that several
    payments settle, and existing groups that they touch, grow together. A payment
    whose postings cancel out (credit notes against invoices, no cash) is lettered
    without an entry.

    Parameters
    ----------
    payments
        ``payment_id`` (unique), ``entity``, ``journal``, ``kind`` (``clearing``,
        ``suspense``: no customer and no allocations, ``release``), ``posting_date``
        and ``piece_date`` date32, ``piece_ref``, ``label``, ``currency``,
        ``amount_minor`` >= 0, ``source_account`` (the bank; the suspense account of
        a release), ``customer_id`` or null, ``customer_account``,
        ``suspense_account``. Optional: ``fiscal_year`` int64 (handed on);
        ``item_prefix`` (start of new item ids, default the payment id);
        ``source_item_id`` (the parked item that a release clears, default
        ``<item_prefix>-SU``; a release may also name it among the allocations:
        source account, no customer, negative amounts); ``granularity``
        (``per_group``, the default, or ``per_document``).
    allocations
        ``payment_id``, ``item_id``, ``customer_id`` or null, ``account``,
        ``allocated_minor``, ``open_minor`` (before the call: the same in every row
        of an item; credit notes < 0). Optional: ``entity`` (must be that of the
        payment); ``letter_group`` int64, the partial group the item is in;
        ``group_open_minor``, what all members of that group have open (null: only
        the members given here).
    adjustments
        ``payment_id``, ``role``, ``account``, ``amount_minor`` (debit > 0, not 0).
        Optional: ``customer_id``; ``label``; ``new_item_id``, the open item that the
        line creates. Roles ``on_account`` and ``suspense`` always create one.

    Returns
    -------
    entries
        ``draft_index``, ``payment_id``, ``entity``, ``journal``, ``kind``,
        ``posting_date``, ``piece_date``, ``piece_ref``, ``label``, ``currency``,
        ``fiscal_year?``, ``reverses_seq?``.
    postings
        ``draft_index``, ``line_no`` from 1, ``account``, ``customer_id?``, ``label``,
        ``amount_minor``, ``currency``, ``letter_index?``, ``item_id?`` (the item that
        the line creates), ``reverses_line_no?``.
    new_items
        ``draft_index``, ``item_id`` (``<item_prefix>-OA``, ``-SU``), ``entity``,
        ``customer_id?``, ``account``, ``kind`` (``on_account``, ``suspense`` or the
        role), ``currency``, ``open_minor``, ``issue_date`` (the piece date),
        ``reference`` (the piece reference).
    letters
        ``letter_index``, ``entity``, ``account``, ``customer_id?``, ``kind`` (``full``:
        nothing stays open, ``partial``), ``balance_minor``, ``letter_groups``
        list<int64>: the existing groups whose members all join.
    letter_members
        ``letter_index``, ``item_id``.
    residuals
        ``draft_index?``, ``payment_id``, ``entity``, ``item_id``, ``customer_id?``,
        ``account``, ``allocated_minor``, ``residual_minor`` (open after this payment);
        the parked item of a release is among them.

    Raises
    ------
    alloc.errors.InputError
        ``UNBALANCED_ENTRY``, ``ALLOCATED_EXCEEDS_CASH``, ``ALLOCATION_INVALID`` (more
        than is open, wrong sign, zero), ``ALLOCATION_TWICE``, ``ITEM_DIFFERS``,
        ``LETTER_GROUP_DIFFERS``, ``ENTITY_DIFFERS``, ``PAYMENT_TWICE``,
        ``PAYMENT_UNKNOWN``, ``AMOUNT_NEGATIVE``, ``ADJUSTMENT_ZERO``,
        ``SUSPENSE_KNOWN``, ``RELEASE_UNKNOWN``, ``ENTRY_KIND_INVALID``, and
        ``COLUMN_...``, ``NULL_FORBIDDEN``, ``CURRENCY_UNKNOWN``, ``VALUE_INVALID``
        for the tables.
    alloc.errors.LimitError
        ``TOO_MANY_POSTINGS`` (10,000 an entry), ``TOO_MANY_LINES`` (10,000,000 a
        call), ``AMOUNT_TOO_LARGE``, ``BALANCE_TOO_LARGE`` (sums beyond 64 bits).
    """

def reverse_entries(
    entries: _Table,
    postings: _Table,
    *,
    posting_date: int,
    fiscal_year: int | None,
    label: str,
) -> tuple[
    RecordBatch, RecordBatch, RecordBatch, RecordBatch, RecordBatch, RecordBatch
]:
    """Draft the mirror of posted entries: debits become credits, credits debits.

    A posting on a customer account, one that was lettered and one that created an
    open item make a full group with their mirror: point both at the letter (the
    mirror says ``reverses_line_no``). Their old groups are dissolved, and the items
    that the entry had settled are open again.

    Parameters
    ----------
    entries
        ``seq``, ``entity``, ``journal``, ``number``, ``kind``, ``piece_date``,
        ``piece_ref``, ``currency``; optional ``payment_id``. Other columns are not
        read.
    postings
        Of these entries, in any order: ``seq``, ``line_no``, ``account``,
        ``customer_id`` or null, ``amount_minor``; optional ``item_id`` (the item that
        the line created), ``letter_group``. Other columns are not read.
    posting_date
        Days since 1970-01-01.
    fiscal_year
        Handed on.
    label
        Of the entry and its postings; ``{entry}`` stands for ``BQ1-000042``.

    Returns
    -------
    tuple
        As `draft_entries`; ``kind`` is ``reversal``, there are neither new items nor
        residuals, and ``letter_members`` holds the items that the lines created.

    Raises
    ------
    alloc.errors.InputError
        ``UNBALANCED_ENTRY``, ``EMPTY_ENTRY``, ``ENTRY_TWICE``, ``ENTRY_UNKNOWN``.
    alloc.errors.ConflictError
        ``REVERSAL_REVERSED``: a reversal is never reversed.
    """

def seal_entries(
    entries: _Table,
    postings: _Table,
    allocations: _Table | None,
    *,
    first_seq: int,
    next_numbers: _Table | None,
    previous_hash: bytes,
) -> RecordBatch:
    """Seal entries in the order given: numbers without gaps, chained hashes.

    The tables are read once, in one pass; all ascend by ``draft_index``, postings
    also by ``line_no``. Columns that are not listed are neither read nor hashed.

    Parameters
    ----------
    entries
        ``draft_index`` (ascending, unique), ``entity``, ``journal``, ``fiscal_year``
        int64, ``kind``, ``posting_date``, ``piece_date``, ``piece_ref``, ``label``,
        ``currency``; optional, null when absent: ``payment_id`` utf8, ``decision_id``
        int64, ``reverses_seq`` int64, ``posted_at`` utf8, ``posted_by`` utf8.
    postings
        ``draft_index``, ``line_no`` (1, 2, 3 ...), ``account``, ``customer_id``,
        ``label``, ``amount_minor``; optional ``currency`` (that of the entry).
    allocations
        ``draft_index``, ``item_id``, ``customer_id``, ``allocated_minor``; optional
        ``evidence``. The order within an entry is hashed: check in the same order.
    first_seq
        Place of the first entry.
    next_numbers
        ``entity``, ``journal``, ``fiscal_year``, ``next_number``; series that are not
        listed begin at 1.
    previous_hash
        32 bytes; zeros before the first entry.

    Returns
    -------
    arro3.core.RecordBatch
        One row an entry: ``seq``, ``number``, ``previous_hash``, ``hash`` (hex).

    Raises
    ------
    alloc.errors.InputError
        ``UNBALANCED_ENTRY``, ``EMPTY_ENTRY``, ``LINES_OUT_OF_ORDER``, ``ORPHAN_ROW``,
        ``NOT_SORTED``, ``HASH_LENGTH``.
    alloc.errors.LimitError
        ``NUMBERS_EXHAUSTED``, ``SEQ_EXHAUSTED``.
    """

def check_chain(
    entries: _Table,
    postings: _Table,
    allocations: _Table | None,
    *,
    first_seq: int,
    next_numbers: _Table | None,
    previous_hash: bytes,
    head: bytes | None,
) -> RecordBatch:
    """Recompute what `seal_entries` wrote and list what differs; streams.

    Parameters
    ----------
    entries
        The columns of `seal_entries` with ``seq`` in place of ``draft_index``, and
        ``number``, ``previous_hash``, ``hash``; ascending by ``seq``.
    postings, allocations
        The columns of `seal_entries` with ``seq`` in place of ``draft_index``.
    first_seq, next_numbers, previous_hash
        Where the tables begin; a whole journal begins at 1, nothing and zeros.
    head
        Hash that the last entry must have, where it is known: without it a journal
        cut off at its end goes unnoticed.

    Returns
    -------
    arro3.core.RecordBatch
        ``seq?``, ``code``, ``message``; no row when all is well. Codes:
        ``BROKEN_CHAIN``, ``GAP_IN_SEQUENCE``, ``GAP_IN_NUMBERS``,
        ``DUPLICATE_NUMBER``, ``UNBALANCED_ENTRY``, ``EMPTY_ENTRY``,
        ``LINES_OUT_OF_ORDER``, ``ORPHAN_ROW``.
    """

def chain_documents(
    facts: _Table, lists: Sequence[tuple[str, _Table]], *, previous_hash: str
) -> RecordBatch:
    """Write the documents of audit records as JSON, and chain their hashes.

    Parameters
    ----------
    facts
        A record each: ``payment_id`` utf8, once each, and more columns of utf8 or
        int64; the document names them in their order.
    lists
        Name and rows: ``payment_id`` utf8 says in which document a row stands, by
        ``rank`` and ``item_id`` where it has them; rows of other payments are left out.
    previous_hash
        Of the record before the first, in hex.

    Returns
    -------
    arro3.core.RecordBatch
        ``document``, ``previous_hash``, ``hash`` (64 hex digits).

    Raises
    ------
    alloc.errors.InputError
        A table cannot be read, or has a column of another type (``STREAM_FAILED``).
    """

def check_documents(
    records: _Table, *, first_no: int, previous_hash: str
) -> int | None:
    """Follow the chain of audit records.

    Parameters
    ----------
    records
        ``audit_no`` int64, ``action``, ``entity``, ``payment_id``, ``decision_id?``
        int64, ``seq?`` int64, ``document``, ``previous_hash``, ``hash``; by their
        number.
    first_no, previous_hash
        Where they begin.

    Returns
    -------
    int or None
        Number of the first that does not hold.
    """

def letter_codes(letters: _Table) -> RecordBatch:
    """Write lettering codes: AAA, AAB ... ZZZ, AAAA; lower case when partial.

    Parameters
    ----------
    letters
        ``code_index`` int64 from 0, ``kind`` utf8 (``full`` or ``partial``). Other
        columns are not read.

    Returns
    -------
    arro3.core.RecordBatch
        ``code``, one row a group.
    """

def letter_index(code: str) -> tuple[int, str]:
    """Read a lettering code.

    Parameters
    ----------
    code
        Three to eight letters, all upper or all lower case.

    Returns
    -------
    (int, str)
        Index from 0 and kind (``full`` or ``partial``).
    """

def detect_bank_format(head: bytes) -> str | None:
    """Recognise a bank file by its content.

    Parameters
    ----------
    head
        First bytes of the file; 64 KiB are enough.

    Returns
    -------
    str or None
        ``camt``, ``mt940``, ``cfonb120``, ``bai2``, ``ofx``, or None when it is none
        of them.
    """

def read_bank_file(
    source: bytes | bytearray | str | PathLike[str], *, name: str, strict: bool
) -> tuple[str, Table, Table, Table, Table]:
    """Read a bank file of any format, recognised by its content.

    Parameters
    ----------
    source
        The whole file as bytes, or its path: then it is read in chunks, and memory
        holds only the tables.
    name
        Name of the file for messages.
    strict
        Refuse the file for one entry or balance that cannot be read, and for a
        statement that ends without its closing balance. Otherwise the entry is left
        out with a warning that names line and offset; it counts in ``entry_count``
        and ``left_out_count``, and ``difference_minor`` shows the gap.

    Returns
    -------
    tuple
        Format (``camt``, ``mt940``, ``cfonb120``, ``bai2``, ``ofx``), statements,
        entries, references and warnings, with the columns of
        `alloc.domain.bank.BankFile`.

    Raises
    ------
    alloc.errors.InputError
        ``file``, mostly ``line`` and ``offset`` (the byte where it starts, from 0)
        say where: ``FILE_UNREADABLE``, ``FILE_EMPTY``,
        ``FORMAT_UNKNOWN``, ``FILE_TRUNCATED``, ``ENCODING_INVALID``,
        ``ENCODING_UNKNOWN``, ``DTD_REFUSED``, ``XML_INVALID``; if
        strict also ``AMOUNT_INVALID``, ``AMOUNT_DECIMALS``, ``AMOUNT_OVERFLOW``,
        ``CURRENCY_UNKNOWN``, ``DATE_INVALID``, ``FIELD_MISSING`` (with ``field``).
    """

def solve_subset(
    amounts: ArrowArrayExportable | ArrowStreamExportable,
    target: int,
    costs: ArrowArrayExportable | ArrowStreamExportable | None,
    kinds: ArrowArrayExportable | ArrowStreamExportable | None,
    deltas: list[tuple[int, int, int, int]],
    budget: tuple[int, int],
    *,
    explanations_max: int,
    wrong_max_ppm: int,
) -> tuple[
    str,
    str,
    int | None,
    list[tuple[list[int], int, tuple[int, int] | None, int, int, tuple[int, int], str]],
    tuple[int, int | None],
    int | None,
    int | None,
    tuple[int, int],
]:
    """Find which sets of amounts make up a target, with proof; see `alloc.subset`.

    Parameters
    ----------
    amounts
        Minor units, int64 without nulls.
    target
        The sum wanted, minor units.
    costs
        Cost of having each amount in, millinats, int64 without nulls; None knows
        nothing.
    kinds
        Which amounts stand in for each other, int64 without nulls; None is one kind.
    deltas
        Low and high (minor units), cost (millinats) and greatest count of each.
    budget
        Steps and bytes.
    explanations_max
        Most explanations to return.
    wrong_max_ppm
        Probability of being wrong at which an explanation is dominant.

    Returns
    -------
    tuple
        Outcome, proof, modulus, explanations (items, difference, delta and count,
        other deltas, cost, bounds of the probability, shape), bounds of their number,
        cost up to which all were seen, information, steps and bytes.

    Raises
    ------
    alloc.errors.InputError
        ``ARRAY_TYPE``, ``LENGTH_DIFFERS``, ``COST_OUT_OF_RANGE``, ``DELTA_INVALID``.
    alloc.errors.LimitError
        ``TOO_MANY_ITEMS``, ``SUM_TOO_LARGE``, ``BUDGET_TOO_LARGE``.
    """
