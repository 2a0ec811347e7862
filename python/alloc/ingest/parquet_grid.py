"""Parquet files to raw columns."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from alloc.errors import InputError
from alloc.ingest.grid import Grid, choose_header, make_header, wanted_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from alloc.ingest.profile import Profile

__all__ = ["read_parquet", "sniff_parquet"]


def read_parquet(data: bytes, profile: Profile, name: str) -> Grid:
    """Read the columns that a profile wants; the line of a row is its number."""
    with _parquet_errors(name):
        file = pq.ParquetFile(pa.BufferReader(data))
        names = _headings(file, profile, name)
        wanted = wanted_columns(names, profile)
        table = file.read(columns=[names[index] for index in wanted.values()])
        table.validate(full=True)
    return Grid(
        names=names,
        columns={
            source: table.column(names[index]).combine_chunks()
            for source, index in wanted.items()
        },
        rows=table.num_rows,
        header_line=1,
        lines=lambda rows: [row + 1 for row in rows],
    )


def sniff_parquet(data: bytes, profile: Profile, name: str) -> list[str]:
    """Return the headings of a Parquet file."""
    with _parquet_errors(name):
        return _headings(pq.ParquetFile(pa.BufferReader(data)), profile, name)


def _headings(file: pq.ParquetFile, profile: Profile, name: str) -> list[str]:
    names: list[str] = file.schema_arrow.names
    choose_header([make_header(names, 1)], profile, name)
    return names


@contextmanager
def _parquet_errors(name: str) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        # ValueError: names and text that are not UTF-8.
        raise InputError(
            f"{name} is not a Parquet file that can be read: {error}",
            reason="FILE_DAMAGED",
            file=name,
        ) from None
