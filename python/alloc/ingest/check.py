"""What a mapping profile makes of a file: shown before anything is imported."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.import_files import check_bank
from alloc.errors import InputError
from alloc.ingest.advices import advice_lines
from alloc.ingest.bank_table.building import bank_file
from alloc.ingest.bank_table.reading import map_bank_table
from alloc.ingest.detection import detect_data
from alloc.ingest.profile import MAIN_AMOUNT, heading
from alloc.ingest.source import read_bytes, table_format
from alloc.ingest.table_files import read_grid
from alloc.ingest.tabular import read_grid_rows

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from alloc.ingest.grid import Grid
    from alloc.ingest.profile import Profile
    from alloc.ingest.tabular import TableFile

__all__ = ["SAMPLE_ROWS", "ColumnReport", "ProfileReport", "SumReport", "check_profile"]

SAMPLE_ROWS = 5


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """One column of ours: where it comes from, and its first values.

    Parameters
    ----------
    target, type
        Our name, and ``text``, ``list``, ``amount``, ``date`` or ``flag``.
    source
        The file's heading; empty for a constant of the profile.
    before, after
        The first values as the file has them, and as they were understood.
    filled
        In how many rows there is a value.
    """

    target: str
    type: str
    source: str
    before: tuple[str, ...]
    after: tuple[object, ...]
    filled: int


@dataclass(frozen=True, slots=True)
class SumReport:
    """How much of an entity and a currency there is, minor units.

    Of a bank statement, `entity` is the account, `debit_minor` what came in and
    `credit_minor` what went out.
    """

    entity: str
    currency: str
    count: int
    debit_minor: int
    credit_minor: int


@dataclass(frozen=True, slots=True)
class ProfileReport:
    """What was understood of a file.

    Parameters
    ----------
    file, format, kind, profile
        The file, ``csv``, ``xlsx`` or ``parquet``, the kind of table, and by which
        profile.
    encoding, separator, sheet
        As far as the format has them.
    header_line
        Line or row of the header.
    columns
        The columns that are read.
    unread
        Headings that the profile does not read.
    rows, skipped
        Rows that are data, and rows that are not.
    sums
        By entity and currency.
    dates
        First and last date, by our column.
    advices
        How many advices the lines make; 0 for other tables.
    problems
        What is wrong, one line of text each, where the file would be refused.
    problems_count
        How many there are in all.
    notices
        What looks odd but would be imported, and which entries of a bank statement
        would be left out.
    """

    file: str
    format: str
    kind: str
    profile: str
    encoding: str
    separator: str
    sheet: str
    header_line: int
    columns: tuple[ColumnReport, ...]
    unread: tuple[str, ...]
    rows: int
    skipped: int
    sums: tuple[SumReport, ...]
    dates: Mapping[str, tuple[dt.date, dt.date]]
    advices: int
    problems: tuple[str, ...]
    problems_count: int
    notices: tuple[str, ...]


def check_profile(
    path: Path | str,
    profile: Profile | None = None,
    *,
    profiles: Iterable[Profile] = (),
    entities: Collection[str] | None = None,
) -> ProfileReport:
    """Read a table file and tell what was understood; nothing is imported.

    Parameters
    ----------
    path
        The file.
    profile
        The profile to try; None: the one that fits.
    profiles
        The profiles of the workspace, when none is named.
    entities
        The entities that there are; None accepts any.

    Returns
    -------
    ProfileReport
        With the problems of its rows: these do not raise here.

    Raises
    ------
    alloc.errors.InputError
        The file cannot be read, has the wrong encoding or lacks columns; without a
        named profile also what `alloc.ingest.detection.detect` raises.
    """
    path = Path(path)
    data, name = read_bytes(path), path.name
    if profile is None:
        detected = detect_data(data, list(profiles), name=name)
        if detected.profile is None:
            raise _needs_no_profile(name, detected.format)
        profile = detected.profile
    format_ = table_format(data, name=name)
    file, problems, notices = _mapped(data, format_, profile, name, entities)
    grid, advices = file.grid, 0
    notices += [f"{iban!r} is not an IBAN" for _, iban in file.ibans_odd]
    if profile.kind == "remittances" and not file.problems.count:
        lines, off = advice_lines(file, name=name)
        advices = pc.count_distinct(lines["advice"]).as_py()
        notices += [notice.message for notice in off]
    return ProfileReport(
        file=name,
        format=format_,
        kind=profile.kind,
        profile=profile.name,
        encoding=grid.encoding,
        separator=grid.separator,
        sheet=grid.sheet,
        header_line=grid.header_line,
        columns=tuple(_columns(file, profile)),
        unread=tuple(_unread(grid)),
        rows=file.table.num_rows,
        skipped=file.skipped,
        sums=tuple(_sums(file, profile)),
        dates=_dates(file),
        advices=advices,
        problems=tuple(problems),
        problems_count=max(len(problems), file.problems.count) if problems else 0,
        notices=tuple(notices),
    )


def _mapped(
    data: bytes,
    format_: str,
    profile: Profile,
    name: str,
    entities: Collection[str] | None,
) -> tuple[TableFile, list[str], list[str]]:
    """Map the columns of a file; tell why it is refused, and what looks odd."""
    if profile.kind != "statement":
        grid = read_grid(data, format_, profile, name=name)
        file = read_grid_rows(grid, profile, name=name, entities=entities)
        return file, file.problems.said(), []
    table = map_bank_table(data, format_, profile, name=name)
    try:
        bank = bank_file(table, format_, strict=False)
        check_bank(bank, None, name)
    except InputError as error:
        return table.file, table.file.problems.said() or [str(error)], []
    warnings = bank.warnings.to_pylist()
    return (
        table.file,
        [],
        [f"{name}:{row['line']}: {row['message']}" for row in warnings],
    )


def _needs_no_profile(name: str, format_: str) -> InputError:
    return InputError(
        f"{name} ({format_}) needs no profile: `alloc inspect` shows it, "
        "`alloc import` reads it",
        reason="TABLE_EXPECTED",
        file=name,
    )


def _columns(file: TableFile, profile: Profile) -> Iterator[ColumnReport]:
    table, grid = file.table, file.grid
    rows = file.rows[:SAMPLE_ROWS].tolist()
    for target, meaning in profile.targets.items():
        source = profile.columns.get(target, "")
        if target == MAIN_AMOUNT.get(profile.kind) and "debit" in profile.columns:
            source = f"{profile.columns['debit']}, {profile.columns['credit']}"
        cells = grid.columns.get(heading(source), [])
        if target not in table.schema.names and not len(cells):
            continue
        after = table[target] if target in table.schema.names else None
        yield ColumnReport(
            target=target,
            type=meaning.type,
            source=source,
            before=tuple(_shown(cells[row]) for row in rows) if len(cells) else (),
            after=tuple(after[: len(rows)].to_pylist()) if after is not None else (),
            filled=table.num_rows - after.null_count if after is not None else 0,
        )


def _shown(cell: object) -> str:
    """Write a raw cell, of whichever format, as text."""
    value = cell.as_py() if isinstance(cell, pa.Scalar) else cell
    return "" if value is None else str(value)


def _unread(grid: Grid) -> Iterator[str]:
    return (name for name in grid.names if name and heading(name) not in grid.columns)


def _sums(file: TableFile, profile: Profile) -> Iterator[SumReport]:
    main = MAIN_AMOUNT.get(profile.kind, "")
    if main not in file.table.schema.names:
        return
    table = file.table
    none = pa.nulls(table.num_rows, pa.string())
    owner = "account" if profile.kind == "statement" else "entity"
    minor = pc.fill_null(table[main], 0)
    summed = (
        pa.table(
            {
                "entity": table[owner] if owner in table.schema.names else none,
                "currency": table["currency"],
                "debit": pc.max_element_wise(minor, 0),
                "credit": pc.min_element_wise(minor, 0),
            }
        )
        .group_by(["entity", "currency"])
        .aggregate([("debit", "sum"), ("credit", "sum"), ([], "count_all")])
        .sort_by([("entity", "ascending"), ("currency", "ascending")])
    )
    for row in summed.to_pylist():
        yield SumReport(
            entity=row["entity"] or "",
            currency=row["currency"] or "",
            count=row["count_all"],
            debit_minor=row["debit_sum"],
            credit_minor=row["credit_sum"],
        )


def _dates(file: TableFile) -> dict[str, tuple[dt.date, dt.date]]:
    spans = {}
    for field in file.table.schema:
        if pa.types.is_date(field.type):
            span = pc.min_max(file.table[field.name]).as_py()
            if span["min"] is not None:
                spans[field.name] = (span["min"], span["max"])
    return spans
