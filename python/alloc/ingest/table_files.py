"""Table files of any format to raw columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alloc.errors import InputError
from alloc.ingest.csv_grid import read_csv, sniff_csv
from alloc.ingest.parquet_grid import read_parquet, sniff_parquet
from alloc.ingest.sheet_grid import read_sheet, sniff_sheet

if TYPE_CHECKING:
    from alloc.ingest.grid import Grid
    from alloc.ingest.profile import Profile

__all__ = ["read_grid", "sniff_headings"]

_READERS = {"csv": read_csv, "xlsx": read_sheet, "parquet": read_parquet}
_SNIFFERS = {"csv": sniff_csv, "xlsx": sniff_sheet, "parquet": sniff_parquet}


def read_grid(data: bytes, format_: str, profile: Profile, *, name: str) -> Grid:
    """Read the columns that a profile wants.

    Parameters
    ----------
    data
        The whole file.
    format_
        ``csv``, ``xlsx`` or ``parquet``.
    profile
        What to look for.
    name
        File name for messages.

    Raises
    ------
    alloc.errors.InputError
        ``COLUMNS_MISSING`` (names them), ``ENCODING_WRONG``, ``SHEET_MISSING``,
        ``FILE_DAMAGED``.
    """
    return _READERS[format_](data, profile, name)


def sniff_headings(
    data: bytes, format_: str, profile: Profile, *, name: str
) -> list[str] | InputError:
    """Return the headings of a file under a profile, or why there are none.

    Of text, the beginning is enough. ``ENCODING_WRONG`` means that the columns are
    there, in another encoding than the profile's.
    """
    try:
        return _SNIFFERS[format_](data, profile, name)
    except InputError as error:
        return error
