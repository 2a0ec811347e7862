"""The native engine, wrapped: the only module that imports `alloc._core`.

pyarrow is imported on the first call that returns a table: it alone costs more
than a whole `alloc --help`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from alloc import _core
from alloc._core import (
    Stop,
    Taken,
    __version__,
    currency_exponent,
    detect_bank_format,
    solve_subset,
    toml_lines,
)
from alloc.domain.bank import BankFile
from alloc.errors import InputError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping
    from os import PathLike

    import pyarrow as pa
    from arro3.core.types import ArrowArrayExportable, ArrowStreamExportable

    Table = ArrowArrayExportable | ArrowStreamExportable

__all__ = [
    "DEDUCTIONS",
    "GENESIS_HASH",
    "BankFile",
    "Book",
    "Drafts",
    "Proposal",
    "ProposalRows",
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
    "schema",
    "seal_entries",
    "solve_subset",
    "toml_lines",
]

#: What stands before the first entry of the chain.
GENESIS_HASH = bytes(32)
#: Ordinal of 1970-01-01, from which Arrow counts days.
_EPOCH_ORDINAL = 719_163


#: Kinds of deductions that a policy may permit, by their wire names.
DEDUCTIONS = (
    "discount",
    "bank_fee",
    "commission",
    "rounding",
    "short_payment",
    "overpayment",
)

#: What a policy may say, with what holds when it does not.
_POLICY: dict[str, int | bool | tuple[str, ...] | tuple[int, ...]] = {
    "max_wrong_ppm": 100,
    "amount_only": False,
    "deductions": (),
    "vat_rates_ppm": (200_000,),
}
_POLICY_TYPES = {
    "max_wrong_ppm": "int",
    "amount_only": "bool",
    "deductions": "list of str",
    "vat_rates_ppm": "list of int",
}


@dataclass(frozen=True, slots=True, eq=False)
class Proposal:
    """What `propose` answers; the columns are those of `schema`.

    Parameters
    ----------
    decisions
        One row per payment, ordered by value date and payment id. ``reason`` of an
        automatic one: ``REFERENCES``, ``ADVICE_LINES``, ``REFERENCES_AND_AMOUNT``,
        ``WHOLE_BALANCE``, ``UNIQUE_ITEM``, ``UNIQUE_AMOUNT``,
        ``DEDUCTION_EXPLAINED``. Why a person is needed: ``AMOUNT_ONLY`` (not
        permitted), ``OVER_ERROR_BUDGET``, ``AMBIGUOUS``, ``AMOUNT_LESS``,
        ``AMOUNT_MORE``, ``DEDUCTION_SUSPECTED`` (of a kind that is not permitted, or
        not explained), ``DEDUCTION_NEEDS_RULE``, ``ITEM_CONTESTED``,
        ``ITEM_DISPUTED``, ``ITEM_KIND_NEEDS_REVIEW``, ``PAYER_AMBIGUOUS``,
        ``NO_OPEN_ITEMS``, ``NO_EXPLANATION``, and, where a limit was reached,
        ``COMBINATIONS_OVER_LIMIT``, ``TEXT_OVER_LIMIT``, ``ADVICE_OVER_LIMIT``.
        Status ``none`` has ``PAYER_UNKNOWN``.
    allocations
        The items of each decision in the same order; rank 0 is chosen or proposed,
        1 and up are alternatives.
    adjustments
        What makes up the difference between cash and items: for every payment and
        rank, cash plus adjustments equals what is allocated.
    """

    decisions: pa.Table
    allocations: pa.Table
    adjustments: pa.Table


class ProposalRows(NamedTuple):
    """The rows of a `Proposal`, as dicts."""

    decisions: list[dict[str, Any]]
    allocations: list[dict[str, Any]]
    adjustments: list[dict[str, Any]]


def propose(
    open_items: Table,
    payments: Table,
    remittances: Table | None = None,
    customers: Table | None = None,
    history: Table | None = None,
    *,
    habits: Table | None = None,
    rules: object = None,
    policy: Mapping[str, object] | None = None,
    threads: int | None = None,
    stop: Stop | None = None,
) -> Proposal:
    """Decide which open items each payment clears, with the proof.

    Payments are decided day by day: what one value date clears by itself is not open
    on the next. The order of rows and the number of threads change nothing.

    Parameters
    ----------
    open_items, payments, remittances, customers, history
        Anything that speaks the Arrow PyCapsule interface, with the columns of
        `schema`; optional columns may be left out, unknown ones are refused. Advice
        lines of payments that are not handed in are left aside.
    habits
        What payers were observed to choose, by `observe_habits`: how likely a set of
        items is before the amount is known. None knows nothing of any payer.
    rules
        Not available yet: must be None.
    policy
        ``max_wrong_ppm``: wrong decisions accepted per million automatic ones,
        default 100. ``amount_only``: whether an amount may decide without any
        reference, default False. ``deductions``: kinds that may be booked without
        a person when exactly one explains the difference, default none; any of
        `DEDUCTIONS`. ``vat_rates_ppm``: rates of value added tax that may stand on a
        commission, 16 at most, default that of France.
    threads
        Number of worker threads; None takes all cores.
    stop
        Ends the call from another thread: its method ``set`` is heeded before each
        payment and each search. Ctrl-C ends a call of the main thread in any case.

    Returns
    -------
    Proposal
        Status ``auto`` may be posted as it is; ``review`` needs a person, rank 0 is
        the proposal; ``none`` means that nothing is known.

    Raises
    ------
    alloc.errors.InputError
        A table, the policy or an option is wrong; the column, row, id or field is
        named.
    alloc.errors.LimitError
        A table has more rows than one call takes.
    alloc.errors.StoppedError
        ``stop`` was set: nothing is decided.

    Examples
    --------
    >>> import datetime, pyarrow as pa
    >>> day = datetime.date(2026, 1, 31)
    >>> items = [("I1", "FR01", "C1", "INV-20260017", "EUR", 12000)]
    >>> names = ["item_id", "entity", "customer_id", "reference", "currency"]
    >>> items = pa.table(list(zip(*items)), [*names, "open_minor"])
    >>> paid = [("P1", "FR01", day, "EUR", 12000, "C1", ["FACT 20260017"])]
    >>> names = ["payment_id", "entity", "value_date", "currency", "amount_minor"]
    >>> paid = pa.table(list(zip(*paid)), [*names, "customer_id", "remittance_text"])
    >>> propose(items, paid).decisions["status"].to_pylist()
    ['auto']
    """
    if rules is not None:
        raise InputError(
            "rules are not available yet: pass rules=None",
            reason="RULES_UNAVAILABLE",
            field="rules",
        )
    _check_threads(threads)
    batches = _core.propose(
        open_items,
        payments,
        remittances,
        customers,
        history,
        habits,
        _policy_fields(policy),
        threads,
        stop,
    )
    return Proposal(*(_table(batch) for batch in batches))


class Book:
    """Open items kept ready between calls, while items come and go.

    A call costs what its payments ask, not what is open. After any changes a book
    decides as one that is made of the items that remain. Threads may share it: calls
    read it together, a change waits for them.

    Parameters
    ----------
    open_items, customers, history, habits
        As in `propose`.

    Raises
    ------
    alloc.errors.InputError
        A table is wrong; the column, row or id is named.
    alloc.errors.LimitError
        A table has more rows than one book takes.

    Examples
    --------
    >>> import pyarrow as pa
    >>> items = {"item_id": ["I1"], "entity": ["FR01"], "customer_id": ["C1"]}
    >>> items |= {"reference": ["INV-1"], "currency": ["EUR"], "open_minor": [12000]}
    >>> book = Book(pa.table(items))
    >>> paid_in_part = pa.table(items | {"open_minor": [7000]})
    >>> book.change(gone=paid_in_part.select(["entity", "item_id"]), come=paid_in_part)
    """

    def __init__(
        self,
        open_items: Table,
        customers: Table | None = None,
        history: Table | None = None,
        *,
        habits: Table | None = None,
    ) -> None:
        self._book = _core.Book(open_items, customers, history, habits)

    def change(self, gone: Table | None = None, come: Table | None = None) -> None:
        """Take items out and add others, all or nothing, between two calls.

        Parameters
        ----------
        gone
            ``entity`` and ``item_id``; items that are not there are passed over.
        come
            Open items. An amount that changed is an item that goes and comes.

        Raises
        ------
        alloc.errors.InputError
            A table is wrong, or an id that comes is there and does not go
            (``ITEM_REPEATED``).
        """
        self._book.change(gone, come)

    @property
    def is_worn(self) -> bool:
        """Whether so much came and went that a new book would answer faster."""
        return self._book.is_worn

    def propose(
        self,
        payments: Table,
        remittances: Table | None = None,
        *,
        taken: Taken | None = None,
        policy: Mapping[str, object] | None = None,
        threads: int | None = None,
        stop: Stop | None = None,
    ) -> Proposal:
        """Decide which items of the book each payment clears; the book stays as it is.

        Parameters
        ----------
        taken
            What the caller took of the items before: it is not open to this call.
        payments, remittances, policy, threads, stop
            As in the function `propose`, which also says what is raised.
        """
        _check_threads(threads)
        batches = self._book.propose(
            payments, remittances, taken, _policy_fields(policy), threads, stop
        )
        return Proposal(*(_table(batch) for batch in batches))

    def decide(
        self,
        payment: Mapping[str, Any],
        lines: Iterable[Mapping[str, Any]] = (),
        *,
        policy: Mapping[str, object] | None = None,
        stop: Stop | None = None,
    ) -> ProposalRows:
        """Decide one payment: as `propose`, without making tables for one row.

        Parameters
        ----------
        payment
            A row of ``payments``, with every column that says something of it.
        lines
            Its rows of ``remittances``.
        policy, stop
            As in the function `propose`, which also says what is raised.
        """
        days = payment["value_date"].toordinal() - _EPOCH_ORDINAL
        return ProposalRows(
            *self._book.decide(
                {**payment, "value_date": days},
                list(lines),
                _policy_fields(policy),
                stop,
            )
        )

    def take(self, taken: Taken, proposal: Proposal) -> None:
        """Note what automatic decisions clear as taken by a caller."""
        self._book.take(taken, proposal.decisions, proposal.allocations)


def observe_habits(
    open_items: Table | None = None,
    history: Table | None = None,
    known: Table | None = None,
) -> pa.Table:
    """Count which shapes of sets payers chose among what was open.

    Every row is a fact to look at, to leave out, and to hand to `propose`.

    Parameters
    ----------
    open_items
        What was open before the first payment, with the columns of `propose`.
    history
        What the payments settled. A payment shows nothing when a single item was open,
        when it is for several customers, or for items that are not among `open_items`.
    known
        What was counted before, one or more such tables in a row: it is added up.

    Returns
    -------
    pyarrow.Table
        ``entity``, ``customer_id`` (null: the payers of the entity, each as one),
        ``habit``, ``open_from`` (where 1, 5, 17, 65 items or more were open),
        ``count`` of ``of`` payments that showed it, ``expected_milli`` (thousandths of
        payments that would show it if the payer had no habits), ``since``, ``until``.
        Habits: ``oldest_item``, ``other_item``, ``everything``, ``oldest_items``,
        ``latest_items``, ``run``, ``all_but_run``, ``oldest_and_run``,
        ``latest_and_run``, ``two_runs``, ``scattered_few`` (up to 8 items),
        ``scattered_many``, ``in_part``.

    Raises
    ------
    alloc.errors.InputError
        A table is wrong; the column and row are named.
    """
    return _table(_core.observe_habits(open_items, history, known))


def _check_threads(threads: int | None) -> None:
    if threads is not None and (not isinstance(threads, int) or threads < 1):
        raise InputError(
            f"threads is {threads}; it must be 1 or more, or None for all cores",
            reason="THREADS_INVALID",
            field="threads",
        )


def _policy_fields(
    policy: Mapping[str, object] | None,
) -> tuple[int, bool, list[str], list[int]]:
    """Check a policy; its fields as the native module takes them."""
    checked = _read_policy(policy or {})
    return (
        checked["max_wrong_ppm"],
        checked["amount_only"],
        list(checked["deductions"]),
        list(checked["vat_rates_ppm"]),
    )


def _read_policy(policy: Mapping[str, object]) -> dict[str, Any]:
    for field, value in policy.items():
        if field not in _POLICY:
            raise InputError(
                f"policy has an unknown field {field}; known are {', '.join(_POLICY)}",
                reason="POLICY_UNKNOWN",
                field=field,
            )
        expected = _POLICY_TYPES[field]
        if not _is_of(value, expected):
            raise InputError(
                f"policy {field} is {value!r}; it must be of type {expected}",
                reason="POLICY_TYPE_WRONG",
                field=field,
            )
    return {**_POLICY, **policy}


def _is_of(value: object, expected: str) -> bool:
    if expected.startswith("list of "):
        of = expected.removeprefix("list of ")
        return isinstance(value, tuple | list) and all(_is_of(one, of) for one in value)
    return type(value).__name__ == expected


@cache
def schema(name: str) -> pa.Schema:
    """Return the columns of a table of the engine's contract.

    Parameters
    ----------
    name
        ``open_items``, ``item_ids``, ``payments``, ``remittances``, ``customers``,
        ``history``, ``habits``, ``decisions``, ``allocations`` or ``adjustments``.

    Returns
    -------
    pyarrow.Schema
        Every column with its type and nullability; the field metadata
        ``alloc.presence`` says ``required`` or ``optional``.

    Raises
    ------
    KeyError
        There is no such table.

    Examples
    --------
    >>> schema("payments").field("amount_minor").type
    DataType(int64)
    """
    import pyarrow as pa  # noqa: PLC0415

    return pa.schema(_core.table_schema(name))


def read_bank_file(
    source: bytes | bytearray | str | PathLike[str], *, name: str, strict: bool = False
) -> BankFile:
    r"""Read a camt, MT940, CFONB120, BAI2 or OFX file; see `alloc._core`.

    Give a path rather than bytes: the file is then read in chunks.

    Parameters
    ----------
    source
        The bytes of a file, or its path.
    name
        Name of the file in messages.
    strict
        Refuse the file whole for one entry or balance that cannot be read, or an end
        that is missing. Otherwise the entry is left out: a warning names it by line
        and offset, ``left_out_count`` of its statement counts it, and
        ``difference_minor`` shows what it leaves open.

    Returns
    -------
    BankFile
        Statements, entries, references and warnings as Arrow tables.

    Raises
    ------
    alloc.errors.InputError
        The file cannot be read; names file, line and offset.

    Examples
    --------
    >>> text = b":20:A\n:25:1\n:60F:C260131EUR1,\n:61:260201C2,50NTRFX//B7\n"
    >>> file = read_bank_file(text + b":62F:C260201EUR3,50", name="day.sta")
    >>> file.format, file.entries["amount_minor"].to_pylist()
    ('mt940', [250])
    """
    import pyarrow as pa  # noqa: PLC0415

    format_, *tables = _core.read_bank_file(source, name=name, strict=strict)
    return BankFile(format_, *(pa.table(table) for table in tables))


@dataclass(frozen=True, slots=True)
class Drafts:
    """Journal entries that may be posted; the columns are those of `_core.pyi`.

    Parameters
    ----------
    entries
        One row an entry, ascending by ``draft_index``.
    postings
        One row a debit (> 0) or credit (< 0), by ``draft_index`` and ``line_no``.
    new_items
        One row an open item that an entry creates.
    residuals
        One row an item that a payment settles, with what it leaves open.
    letters
        One row a lettering group as it stands after these entries.
    letter_members
        One row an item of a group.
    """

    entries: pa.Table
    postings: pa.Table
    new_items: pa.Table
    residuals: pa.Table
    letters: pa.Table
    letter_members: pa.Table


def draft_entries(payments: Table, allocations: Table, adjustments: Table) -> Drafts:
    """Draft one balanced journal entry a payment; see `alloc._core.draft_entries`.

    Examples
    --------
    >>> import datetime as dt
    >>> import pyarrow as pa
    >>> day = pa.array([dt.date(2026, 4, 1)])
    >>> payments = pa.table(
    ...     {
    ...         "payment_id": ["B1"],
    ...         "entity": ["E1"],
    ...         "journal": ["BQ1"],
    ...         "kind": ["suspense"],
    ...         "posting_date": day,
    ...         "piece_date": day,
    ...         "piece_ref": ["B1"],
    ...         "label": ["Payment to identify"],
    ...         "currency": ["EUR"],
    ...         "amount_minor": [43210],
    ...         "source_account": ["512000"],
    ...         "customer_id": pa.nulls(1),
    ...         "customer_account": ["411000"],
    ...         "suspense_account": ["471000"],
    ...     }
    ... )
    >>> text = ["payment_id", "item_id", "customer_id", "account"]
    >>> amounts = ["allocated_minor", "open_minor"]
    >>> allocations = pa.table({name: pa.nulls(0) for name in text + amounts})
    >>> lines = ["payment_id", "role", "account", "amount_minor"]
    >>> adjustments = pa.table({name: pa.nulls(0) for name in lines})
    >>> drafts = draft_entries(payments, allocations, adjustments)
    >>> drafts.postings.select(["account", "amount_minor", "item_id"]).to_pylist()[1]
    {'account': '471000', 'amount_minor': -43210, 'item_id': 'B1-SU'}
    """
    return _drafts(_core.draft_entries(payments, allocations, adjustments))


def reverse_entries(
    entries: Table,
    postings: Table,
    *,
    posting_date: dt.date,
    label: str,
    fiscal_year: int | None = None,
) -> Drafts:
    """Draft the mirror of posted entries; see `alloc._core.reverse_entries`."""
    batches = _core.reverse_entries(
        entries,
        postings,
        posting_date=posting_date.toordinal() - _EPOCH_ORDINAL,
        fiscal_year=fiscal_year,
        label=label,
    )
    return _drafts(batches)


def seal_entries(
    entries: pa.Table,
    postings: Table,
    allocations: Table | None = None,
    *,
    first_seq: int,
    next_numbers: Table | None = None,
    previous_hash: bytes = GENESIS_HASH,
) -> pa.Table:
    """Return the entries with their place, number and hash.

    See `alloc._core.seal_entries` for the columns, and
    ``rust/alloc-engine/src/chain.rs`` for the bytes that are hashed.

    Returns
    -------
    pyarrow.Table
        ``entries`` and, after its columns: ``seq``, ``number`` int64,
        ``previous_hash``, ``hash`` utf8 (64 hex digits).
    """
    seals = _table(
        _core.seal_entries(
            entries,
            postings,
            allocations,
            first_seq=first_seq,
            next_numbers=next_numbers,
            previous_hash=previous_hash,
        )
    )
    for name in seals.column_names:
        entries = entries.append_column(name, seals[name])
    return entries


def check_chain(
    entries: Table,
    postings: Table,
    allocations: Table | None = None,
    *,
    first_seq: int = 1,
    next_numbers: Table | None = None,
    previous_hash: bytes = GENESIS_HASH,
    head: bytes | None = None,
) -> pa.Table:
    """Return what is not as it was posted; see `alloc._core.check_chain`."""
    findings = _core.check_chain(
        entries,
        postings,
        allocations,
        first_seq=first_seq,
        next_numbers=next_numbers,
        previous_hash=previous_hash,
        head=head,
    )
    return _table(findings)


def chain_documents(
    facts: Table, lists: Mapping[str, Table], *, previous_hash: str
) -> pa.Table:
    """Write audit records and chain them; see `alloc._core.chain_documents`.

    Examples
    --------
    >>> import pyarrow as pa
    >>> facts = pa.table({"payment_id": ["P1"], "seq": [7]})
    >>> items = pa.table({"payment_id": ["P1"], "item_id": ["F1"]})
    >>> chained = chain_documents(facts, {"items": items}, previous_hash="0" * 64)
    >>> chained["document"][0].as_py()
    '{"payment_id":"P1","seq":7,"items":[{"item_id":"F1"}]}'
    """
    return _table(
        _core.chain_documents(facts, list(lists.items()), previous_hash=previous_hash)
    )


def check_documents(records: Table, *, first_no: int, previous_hash: str) -> int | None:
    """Return the first audit record that is not as `chain_documents` wrote it."""
    return _core.check_documents(
        records, first_no=first_no, previous_hash=previous_hash
    )


def letter_codes(letters: Table) -> pa.ChunkedArray:
    """Return the code of each lettering group, one a row.

    Parameters
    ----------
    letters
        ``code_index`` int64 (0 is AAA; counts within entity, account, customer and
        fiscal year), ``kind`` utf8 (``full`` or ``partial``).

    Examples
    --------
    >>> import pyarrow as pa
    >>> kinds = ["full", "partial", "full"]
    >>> letters = pa.table({"code_index": [0, 26, 17576], "kind": kinds})
    >>> letter_codes(letters).to_pylist()
    ['AAA', 'aba', 'AAAA']
    """
    return _table(_core.letter_codes(letters))["code"]


def letter_index(code: str) -> tuple[int, str]:
    """Return index and kind of a lettering code.

    Examples
    --------
    >>> letter_index("aba")
    (26, 'partial')
    """
    return _core.letter_index(code)


def _drafts(batches: tuple[object, ...]) -> Drafts:
    entries, postings, new_items, letters, letter_members, residuals = batches
    return Drafts(
        entries=_table(entries),
        postings=_table(postings),
        new_items=_table(new_items),
        residuals=_table(residuals),
        letters=_table(letters),
        letter_members=_table(letter_members),
    )


def _table(batch: object) -> pa.Table:
    import pyarrow as pa  # noqa: PLC0415

    return pa.table(batch)
