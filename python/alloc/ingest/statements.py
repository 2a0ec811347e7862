"""Bank files of any format: the native engine reads banks' own, profiles tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alloc.engine import read_bank_file
from alloc.ingest.source import open_source, read_bytes, table_format

if TYPE_CHECKING:
    from alloc.engine import BankFile
    from alloc.ingest.profile import Profile
    from alloc.ingest.source import Source

__all__ = ["read_bank", "read_bank_source"]


def read_bank(
    path: Path | str, *, profile: Profile | None = None, strict: bool = False
) -> BankFile:
    """Read a bank file of any known format.

    Parameters
    ----------
    path
        camt.052, .053, .054, MT940, MT942, CFONB120, BAI2 or OFX; with a profile,
        CSV or XLSX.
    profile
        Of kind ``statement``: how the columns of a table are read.
    strict
        Refuse the file for one entry that cannot be read. Otherwise the entry is
        left out, with a warning that names it.

    Returns
    -------
    alloc.engine.BankFile
        Statements, entries, references and warnings as Arrow tables.

    Raises
    ------
    alloc.errors.InputError
        The file cannot be read or is damaged; names file and line.
    """
    return read_bank_source(open_source(Path(path)), profile, strict=strict)


def read_bank_source(
    source: Source, profile: Profile | None = None, *, strict: bool
) -> BankFile:
    """Read a bank file that was opened; refuse it when it changed since.

    Raises
    ------
    alloc.errors.ConflictError
        ``FILE_CHANGED``.
    """
    if profile is None:
        bank = read_bank_file(source.path, name=source.name, strict=strict)
    else:
        from alloc.ingest.bank_table.reading import read_bank_table  # noqa: PLC0415

        data = read_bytes(source.path)
        format_ = table_format(data, name=source.name)
        bank = read_bank_table(data, format_, profile, name=source.name, strict=strict)
    source.check_unchanged()
    return bank
