"""What the peers' tests share: the files, our rows, and how two lists are compared."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from alloc.engine import currency_exponent, read_bank_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from alloc.domain.bank import BankFile


def corpus(shared: Path | None, *folders: str) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of the collected files, where they are there."""
    for folder in folders if shared else ():
        assert shared is not None
        for path in sorted((shared / "statements" / folder).iterdir()):
            yield path.name, path.read_bytes()


def entries_of(file: BankFile) -> list[dict[str, Any]]:
    """The first row of every entry: it says what the entry says."""
    rows = file.entries.to_pylist()
    return [row for row in rows if row["detail_index"] == 0]


def read(data: bytes) -> BankFile:
    """Read a file; entries that it garbles are left out."""
    return read_bank_file(data, name="file", strict=False)


def decimal(minor: int | None, currency: str | None) -> Decimal | None:
    """An amount as its bank prints it."""
    if minor is None:
        return None
    exponent = currency_exponent(currency or "XXX")
    if exponent is None:
        exponent = 2
    return Decimal(minor).scaleb(-exponent)


def as_text(data: bytes) -> str:
    """UTF-8, else Windows-1252; undefined bytes become question marks."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
