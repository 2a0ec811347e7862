"""A table before it is understood: raw columns below a header, with their lines."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from alloc.errors import InputError
from alloc.ingest.profile import heading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pyarrow as pa

    from alloc.ingest.profile import Profile

__all__ = [
    "HEADER_ROWS_MAX",
    "Grid",
    "Header",
    "choose_header",
    "header_rows",
    "make_header",
    "missing_columns",
    "wanted_columns",
]

HEADER_ROWS_MAX = 50
"""How far down the header is looked for when a profile does not say its row."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The rows below the header, column by column, as the file has them.

    Parameters
    ----------
    names
        Headings as printed.
    columns
        By `heading`: text (CSV, blanks are empty text), Python cells (spreadsheets)
        or typed Arrow columns (Parquet). Only the columns that the profile reads.
    rows
        Number of rows; 0-based row numbers go to `lines`.
    header_line
        Line (CSV) or row (spreadsheet) of the header, from 1.
    lines
        Lines of rows, given their numbers.
    ragged
        Lines whose number of fields differs from the header's, and that number.
    left_out
        How many such lines are to be skipped all the same: a total at the end.
    """

    names: list[str]
    columns: dict[str, pa.Array | list[object]]
    rows: int
    header_line: int
    lines: Callable[[Sequence[int]], list[int]]
    separator: str = ""
    encoding: str = ""
    sheet: str = ""
    ragged: list[tuple[int, int]] = field(default_factory=list)
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class Header:
    """A row that may be the header: its cells, as headings are compared, and where."""

    names: list[str]
    headings: frozenset[str]
    line: int
    separator: str = ""
    end: int = 0


def make_header(
    cells: Iterable[object], line: int, separator: str = "", end: int = 0
) -> Header:
    """Return a row as a header may be; cells of a spreadsheet may be numbers."""
    names = [str(cell).strip() for cell in cells]
    return Header(names, frozenset(map(heading, names)), line, separator, end)


def header_rows(rows: Iterator[Header], profile: Profile) -> list[Header]:
    """Return the rows that may be the header: the one said, or the first ones."""
    if profile.header_row:
        rows = (row for row in rows if row.line >= profile.header_row)
        return list(itertools.islice(rows, 1))
    return list(itertools.islice(rows, HEADER_ROWS_MAX))


def missing_columns(header: Header, profile: Profile) -> list[str]:
    """Return the headings that a row lacks to be the header."""
    needed = dict.fromkeys([*profile.detect, *profile.needed])
    return [column for column in needed if heading(column) not in header.headings]


def choose_header(tried: list[Header], profile: Profile, name: str) -> Header:
    """Take the first row that has every column, or say what the nearest one lacks."""
    for header in tried:
        if not missing_columns(header, profile):
            _refuse_twice(header, profile, name)
            return header
    nearest = min(
        tried,
        key=lambda header: len(missing_columns(header, profile)),
        default=Header([], frozenset(), 1),
    )
    lacking = missing_columns(nearest, profile)
    raise InputError(
        f"{name}:{nearest.line}: profile {profile.name} needs the columns "
        f"{', '.join(map(repr, lacking))}, which are missing",
        reason="COLUMNS_MISSING",
        file=name,
        line=nearest.line,
        field=lacking[0],
        profile=profile.name,
        missing=len(lacking),
    )


def _refuse_twice(header: Header, profile: Profile, name: str) -> None:
    headings = [heading(part) for part in header.names]
    for column in [*profile.columns.values(), *profile.skip]:
        if headings.count(heading(column)) > 1:
            raise InputError(
                f"{name}:{header.line}: the column {column!r} stands twice: rename one",
                reason="COLUMN_TWICE",
                file=name,
                line=header.line,
                field=column,
            )


def wanted_columns(names: list[str], profile: Profile) -> dict[str, int]:
    """Return the position of each column that the profile reads."""
    headings = {heading(part): index for index, part in enumerate(names)}
    sources = (heading(part) for part in [*profile.columns.values(), *profile.skip])
    return {source: headings[source] for source in sources if source in headings}
