"""The reader of a workspace: recognises incoming files and reads them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alloc.app.import_files import IncomingTable
from alloc.app.ports import Notice, SourceFile
from alloc.errors import ConflictError
from alloc.ingest.advices import advice_lines
from alloc.ingest.detection import Detected, detect_data
from alloc.ingest.profile import load_profiles
from alloc.ingest.remittance.model import advice_table
from alloc.ingest.remittance.reading import read_advice_data
from alloc.ingest.source import open_source, read_bytes
from alloc.ingest.statements import read_bank_source
from alloc.ingest.tabular import read_rows

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from alloc.engine import BankFile
    from alloc.ingest.profile import Profile
    from alloc.ingest.source import Source
    from alloc.ingest.tabular import TableFile

__all__ = ["OpenedFile", "Reader", "open_reader"]

NOTICES_MAX = 20
"""How many odd IBANs of one file are named; the rest is counted."""


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file that was recognised; it is read when its content is asked for."""

    source: SourceFile
    opened: Source
    detected: Detected

    def bank(self, *, strict: bool = False) -> BankFile:
        """Read a bank file; see `alloc.ingest.statements.read_bank`."""
        return read_bank_source(self.opened, self.detected.profile, strict=strict)

    def table(self, entities: Collection[str]) -> IncomingTable:
        """Read a table by its profile, or advices that need none."""
        data = self._unchanged_bytes()
        profile = self.detected.profile
        return (
            self._advices(data)
            if profile is None
            else self._by_profile(data, profile, entities)
        )

    def _unchanged_bytes(self) -> bytes:
        data = read_bytes(self.opened.path)
        if hashlib.sha256(data).hexdigest() != self.source.sha256:
            raise ConflictError(
                f"{self.source.name} changed while it was read: import it again when "
                "it is complete",
                reason="FILE_CHANGED",
                file=self.source.name,
            )
        return data

    def _advices(self, data: bytes) -> IncomingTable:
        name = self.source.name
        file = read_advice_data(data, self.detected.format, name=name)
        return IncomingTable(
            advice_table(file),
            notices=tuple(file.notices),
            format=file.full_format,
        )

    def _by_profile(
        self, data: bytes, profile: Profile, entities: Collection[str]
    ) -> IncomingTable:
        name = self.source.name
        file = read_rows(
            data, self.detected.format, profile, name=name, entities=entities
        )
        table, notices = file.table, _odd_ibans(file, name)
        if profile.kind == "remittances":
            table, off = advice_lines(file, name=name)
            notices += off
        return IncomingTable(table, profile.snapshot, file.skipped, notices)


@dataclass(frozen=True, slots=True)
class Reader:
    """Recognises files by content, with the mapping profiles of a workspace."""

    profiles: tuple[Profile, ...] = ()

    def open(self, path: Path) -> OpenedFile:
        """Recognise a file; errors as of `alloc.ingest.detection.detect`.

        Spreadsheets and Parquet files are opened whole for that, text files and bank
        files only at their beginning.
        """
        opened = open_source(path)
        detected = detect_source(opened, self.profiles)
        source = SourceFile(
            name=opened.name,
            sha256=opened.sha256,
            size=opened.size,
            kind=detected.kind,
            format=detected.format,
            profile=detected.profile.name if detected.profile else "",
        )
        return OpenedFile(source, opened, detected)


def open_reader(folder: Path) -> Reader:
    """Return the reader of a workspace.

    Parameters
    ----------
    folder
        Where its mapping profiles are; it may be missing.

    Raises
    ------
    alloc.errors.InputError
        A profile is wrong.
    """
    return Reader(load_profiles(folder))


def detect_source(opened: Source, profiles: tuple[Profile, ...]) -> Detected:
    """Recognise an opened file by as little of it as is needed."""
    head = opened.head
    whole = len(head) < opened.size and head.startswith((b"PK", b"PAR1", b"\xd0\xcf"))
    data = read_bytes(opened.path) if whole else head
    return detect_data(data, profiles, name=opened.name)


def _odd_ibans(file: TableFile, name: str) -> tuple[Notice, ...]:
    odd = file.ibans_odd
    lines = file.problems.lines([row for row, _ in odd[:NOTICES_MAX]])
    notices = [
        Notice(
            "IBAN_INVALID",
            f"{name}:{line}: known_ibans: {iban!r} is not an IBAN and was left out",
            iban,
            line,
        )
        for line, (_, iban) in zip(lines, odd, strict=False)
    ]
    if len(odd) > len(notices):
        more = len(odd) - len(notices)
        notices.append(Notice("IBAN_INVALID", f"{name}: {more} more odd IBANs"))
    return tuple(notices)
