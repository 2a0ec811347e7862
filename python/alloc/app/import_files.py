"""Import files: each one is recognised, checked whole, and kept in one transaction."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.advices import link_advices, notification_advices, report_links
from alloc.app.amounts import amount_text
from alloc.app.ports import ImportCounts, Notice, SourceFile
from alloc.errors import InputError

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from alloc.app.ports import BankTables, Ledger
    from alloc.settings import Settings

__all__ = [
    "FileReader",
    "ImportReport",
    "IncomingFile",
    "IncomingTable",
    "Total",
    "check_bank",
    "import_file",
    "import_files",
    "link_advices",
]


@dataclass(frozen=True, slots=True)
class IncomingTable:
    """A table that was read by a mapping profile, or advices that need none.

    Parameters
    ----------
    table
        Rows as `alloc.app.ports.Ledger` takes them for this kind of file.
    snapshot
        Whether the file lists every open item of the entities in it.
    skipped
        Rows of the file that are no data.
    notices
        What looked odd but could be read.
    format
        Format and version, where reading told more than recognising.
    """

    table: pa.Table
    snapshot: bool = False
    skipped: int = 0
    notices: tuple[Notice, ...] = ()
    format: str = ""


class IncomingFile(Protocol):
    """A file that was recognised by its content and not read yet."""

    @property
    def source(self) -> SourceFile:
        """Name, digest, kind and format."""

    def bank(self, *, strict: bool) -> BankTables:
        """Read a file of kind ``bank``; if strict, whole or not at all."""

    def table(self, entities: Collection[str]) -> IncomingTable:
        """Read a file of any other kind; `entities` are those that there are."""


class FileReader(Protocol):
    """Recognises files by content: bank formats, and tables by mapping profiles."""

    def open(self, path: Path) -> IncomingFile:
        """Recognise a file.

        Raises
        ------
        alloc.errors.InputError
            It cannot be read, or it is nothing that is known.
        """


@dataclass(frozen=True, slots=True)
class Total:
    """How many rows of one currency there are, and their sum in minor units."""

    currency: str
    count: int
    minor: int


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of one file.

    Parameters
    ----------
    source
        The file as it was recognised.
    counts
        What the ledger did with its rows; of a bank file, its entries.
    totals
        Of a bank file: the booked credits; of open items: what is open; of advices:
        what their lines say. By currency, of the whole file, known rows included.
    statements
        How many statements a bank file has.
    advices
        How many advices the notifications of a bank file became.
    left_out
        Entries of a bank file that could not be read; a notice names each.
    skipped
        Rows that are no data: blank ones and those that the profile leaves out.
    notices
        What a person should know, of the reader and of the ledger.
    """

    source: SourceFile
    counts: ImportCounts
    totals: tuple[Total, ...] = ()
    statements: int = 0
    advices: int = 0
    left_out: int = 0
    skipped: int = 0
    notices: tuple[Notice, ...] = ()


@dataclass(slots=True)
class _Notices:
    """Notices of one import, in the order in which they were noted."""

    noted: list[Notice] = field(default_factory=list)

    def all_with(self, counts: ImportCounts) -> tuple[Notice, ...]:
        return (*self.noted, *counts.notices)


def import_files(
    ledger: Ledger,
    settings: Settings,
    reader: FileReader,
    paths: Iterable[Path],
    *,
    now: dt.datetime,
    strict: bool = False,
) -> list[ImportReport]:
    """Import files in the given order, each in one transaction, and link advices.

    Parameters
    ----------
    ledger
        Open for writing.
    settings
        Whose entities and bank accounts the files must name.
    reader
        Recognises and reads the files.
    paths
        The files.
    now
        Time of the import, UTC.
    strict
        Refuse a bank file for one entry that cannot be read, whatever the settings
        say; else such an entry is left out, with a notice.

    Returns
    -------
    list of ImportReport
        One a file. A file that was imported before (the same bytes) changes nothing
        and says so: ``report.counts.already_imported``. What linking has to tell
        stands with the last file.

    Raises
    ------
    alloc.errors.InputError
        The first file that is wrong; the files before it are imported, of this one
        nothing is. ``ACCOUNT_UNKNOWN``, ``BALANCE_OFF`` and ``FILE_TRUNCATED`` among
        the reasons.
    alloc.errors.ConflictError
        ``FILE_CHANGED``: the file was written to while it was read.
    """
    reports = [
        import_file(ledger, settings, reader, path, now=now, strict=strict)
        for path in paths
    ]
    if any(not report.counts.already_imported for report in reports):
        told = report_links(ledger, now=now).notices
        reports[-1] = replace(reports[-1], notices=(*reports[-1].notices, *told))
    return reports


def import_file(
    ledger: Ledger,
    settings: Settings,
    reader: FileReader,
    path: Path,
    *,
    now: dt.datetime,
    strict: bool = False,
) -> ImportReport:
    """Import one file; see `import_files`, which links advices afterwards."""
    incoming = reader.open(path)
    bank = incoming.source.kind == "bank"
    known = ledger.imported(incoming.source)
    if known is not None:
        if bank and strict:
            incoming.bank(strict=True)  # what was left out then is refused now
        return ImportReport(incoming.source, known)
    if bank:
        strict = strict or settings.import_strict
        return _import_bank(ledger, settings, incoming, now=now, strict=strict)
    return _import_table(ledger, settings, incoming, now=now)


# Bank files


def _import_bank(
    ledger: Ledger,
    settings: Settings,
    incoming: IncomingFile,
    *,
    now: dt.datetime,
    strict: bool,
) -> ImportReport:
    tables = incoming.bank(strict=strict)
    statements = pa.table(tables.statements)
    formats = sorted(set(statements["message_type"].to_pylist()))
    source = replace(incoming.source, format=", ".join(formats))
    entries = pa.table(tables.entries)
    entities = _entities_of(statements, settings, source.name)
    notices = _Notices([*_warnings(tables), *check_bank(tables, settings, source.name)])
    lines = notification_advices(
        statements, entries, pa.table(tables.references), entities
    )
    advices = 0
    if lines.num_rows:
        # Before the entries: a run that is killed in between is simply repeated.
        told = _as_advices(source)
        advices = ledger.import_advices(told, lines, now=now).read
    counts = ledger.import_bank_file(source, tables, entities=entities, now=now)
    return ImportReport(
        source=source,
        counts=counts,
        totals=_totals(_booked_credits(entries), "amount_minor"),
        statements=statements.num_rows,
        advices=advices,
        left_out=sum(statements["left_out_count"].to_pylist()),
        notices=notices.all_with(counts),
    )


def _as_advices(source: SourceFile) -> SourceFile:
    return SourceFile(
        source.name, source.sha256, source.size, "remittances", source.format
    )


def _warnings(tables: BankTables) -> list[Notice]:
    rows = pa.table(tables.warnings).to_pylist()
    return [Notice(row["code"], row["message"], line=row["line"]) for row in rows]


def check_bank(
    tables: BankTables, settings: Settings | None, file: str
) -> list[Notice]:
    """Check what was read of a bank file as an import does.

    Parameters
    ----------
    tables
        The file.
    settings
        Of the workspace; None: without one, accounts are not looked up.
    file
        Its name.

    Returns
    -------
    list of Notice
        ``BALANCE_OFF`` where a statement does not add up and is imported all the
        same: the settings say so, it is no account statement, or entries of it could
        not be read.

    Raises
    ------
    alloc.errors.InputError
        ``ACCOUNT_UNKNOWN``, ``BALANCE_OFF``, ``BALANCE_BREAK``, ``FILE_TRUNCATED``,
        ``STATEMENT_REPEATED``, or the reason why no entry at all could be read.
    """
    statements = pa.table(tables.statements)
    warnings = pa.table(tables.warnings).to_pylist()
    if settings is not None:
        _entities_of(statements, settings, file)
    _check_repeated(statements, file)
    refuse = settings is None or settings.balance_check == "refuse"
    left_out = [row for row in warnings if row["entry_left_out"]]
    if left_out and not pa.table(tables.entries).num_rows:
        raise _refused(left_out[0], left_out[0]["code"], file)
    for row in warnings:
        if refuse and row["code"] in _CUT_OFF:
            raise _refused(row, "FILE_TRUNCATED", file)
    return _check_balances(statements, warnings, file, refuse=refuse)


_SAYS_WHICH = (
    "kind",
    "account",
    "number",
    "entry_count",
    "opening_date",
    "opening_minor",
    "closing_date",
    "closing_minor",
)


def _check_repeated(statements: pa.Table, file: str) -> None:
    """Refuse a file that holds one statement twice: its entries would count twice."""
    lines: dict[tuple[object, ...], int] = {}
    for row in statements.to_pylist():
        key = tuple(row[name] for name in _SAYS_WHICH)
        if None in key or not row["entry_count"]:
            continue
        first = lines.setdefault(key, row["line"])
        if first != row["line"]:
            raise InputError(
                f"{file}:{row['line']}: statement {row['number']} of {row['account']} "
                f"stands in the file twice, first in line {first}: remove one",
                reason="STATEMENT_REPEATED",
                file=file,
                line=row["line"],
                account=row["account"],
                statement=row["number"],
            )


_CUT_OFF = ("FILE_TRUNCATED", "STATEMENT_NOT_CLOSED")
"""Warnings that say that the end of the file is missing."""


def _refused(warning: Mapping[str, Any], reason: str, file: str) -> InputError:
    line = warning["line"]
    said = warning["message"].removeprefix("entry left out: ")
    message = said.removeprefix(f"line {line}: ")
    return InputError(f"{file}:{line}: {message}", reason=reason, file=file, line=line)


def _entities_of(statements: pa.Table, settings: Settings, file: str) -> dict[str, str]:
    """Map every account of a file to its entity; all unknown ones are named."""
    entities: dict[str, str] = {}
    unknown: dict[str, int] = {}
    for account, line in zip(
        statements["account"].to_pylist(), statements["line"].to_pylist(), strict=True
    ):
        found = settings.bank_account(account)
        if found is None:
            unknown.setdefault(account, line)
        else:
            entities[account] = found[0].id
    if unknown:
        first, line = next(iter(unknown.items()))
        said = ", ".join(unknown)
        raise InputError(
            f"{file}:{line}: the settings know no entity for account {said}: "
            f"{_how_to_add(first)}",
            reason="ACCOUNT_UNKNOWN",
            file=file,
            line=line,
            field="account",
            account=first,
            accounts=len(unknown),
        )
    return entities


def _how_to_add(account: str) -> str:
    """Say how an account is added: an IBAN by a command, a number by hand."""
    compact = "".join(account.split())
    if re.fullmatch(r"[A-Z]{2}[0-9]{2}[0-9A-Z]{11,30}", compact):
        return f"add it with `alloc entity add ID --name NAME --iban {compact}`"
    return (
        "write below its [[entity]] in alloc.toml: [[entity.bank]] and "
        f'number = "{account}" (or its IBAN)'
    )


def _check_balances(
    statements: pa.Table,
    warnings: list[dict[str, Any]],
    file: str,
    *,
    refuse: bool,
) -> list[Notice]:
    """Refuse a file with a statement that does not add up, unless it may be kept."""
    notices = []
    breaks = [row for row in warnings if row["code"] == "BALANCE_BREAK"]
    for row in statements.to_pylist():
        difference = row["difference_minor"]
        if not difference:
            continue
        message = _off_balance(row, file)
        if refuse and row["kind"] == "statement" and not row["left_out_count"]:
            if breaks:
                raise _refused(breaks[0], "BALANCE_BREAK", file)
            raise InputError(
                f'{message}; to import it all the same set [import] balance_check = "'
                'warn"',
                reason="BALANCE_OFF",
                file=file,
                line=row["line"],
                field="closing balance",
                statement=row["number"] or "",
                account=row["account"],
                difference_minor=difference,
            )
        notices.append(Notice("BALANCE_OFF", message, row["account"], row["line"]))
    return notices


def _off_balance(row: Mapping[str, object], file: str) -> str:
    currency = str(row["currency"] or "")
    opening, closing, difference = (
        int(str(row[f"{name}_minor"])) for name in ("opening", "closing", "difference")
    )
    number = f" {row['number']}" if row["number"] else ""
    return (
        f"{file}:{row['line']}: statement{number} of {row['account']} does not "
        f"add up: {amount_text(opening, currency)} and its entries make "
        f"{amount_text(closing + difference, currency)}, it says "
        f"{amount_text(closing, currency)}: {amount_text(difference, currency)} off"
    )


def _booked_credits(entries: pa.Table) -> pa.Table:
    booked = pc.equal(entries["status"], "booked")
    credit = pc.greater(entries["amount_minor"], 0)
    return entries.filter(
        pc.and_(pc.and_(booked, credit), pc.invert(entries["reversal"]))
    )


# Tables


def _import_table(
    ledger: Ledger, settings: Settings, incoming: IncomingFile, *, now: dt.datetime
) -> ImportReport:
    if incoming.source.kind == "clearings":
        raise _clearings(incoming.source.name)
    read = incoming.table({entity.id for entity in settings.entities})
    source = replace(incoming.source, format=read.format or incoming.source.format)
    notices = _Notices(list(read.notices))
    if source.kind == "customers":
        counts = ledger.import_customers(source, read.table, now=now)
        totals: tuple[Total, ...] = ()
    elif source.kind == "open_items":
        there = sorted(set(read.table["entity"].to_pylist()))
        counts = ledger.import_open_items(
            source,
            _with_references(read.table),
            accounts={
                name: settings.entity(name).accounts["customer"] for name in there
            },
            now=now,
            snapshot_of=there if read.snapshot else (),
        )
        totals = _totals(read.table, "open_minor")
    else:
        counts = ledger.import_advices(source, read.table, now=now)
        totals = _totals(read.table, "amount_minor")
    return ImportReport(
        source=source,
        counts=counts,
        totals=totals,
        skipped=read.skipped,
        notices=notices.all_with(counts),
    )


def _clearings(file: str) -> InputError:
    return InputError(
        f"{file} says how payments were cleared elsewhere, which is not imported: "
        f"`alloc replay --books {file}` compares with it",
        reason="CLEARINGS_NOT_IMPORTED",
        file=file,
    )


def _with_references(items: pa.Table) -> pa.Table:
    """Let items without a reference go by their id: that is what payers write."""
    if "reference" not in items.column_names:
        return items.append_column("reference", items["item_id"])
    column = items.column_names.index("reference")
    named = pc.coalesce(items["reference"], items["item_id"])
    return items.set_column(column, "reference", named)


def _totals(table: pa.Table, column: str) -> tuple[Total, ...]:
    if column not in table.schema.names:
        return ()
    named = table.filter(pc.is_valid(table["currency"]))
    sums = named.group_by("currency").aggregate([(column, "sum"), (column, "count")])
    rows = sums.sort_by("currency").to_pylist()
    return tuple(
        Total(row["currency"], row[f"{column}_count"], row[f"{column}_sum"] or 0)
        for row in rows
    )
