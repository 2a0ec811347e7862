"""Exports: which files hold which part of the journal, and how they are written."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, BinaryIO

import pyarrow.compute as pc

from alloc.app.ports import JournalFilter
from alloc.cli.exits import OutputError
from alloc.cli.output import write_stream
from alloc.errors import AllocError, InputError
from alloc.export.beancount import beancount
from alloc.export.fec import HEADER, FecLabels, fec_lines, fec_name
from alloc.export.generic import (
    allocations_csv,
    entries_csv,
    journal_json,
    letters_csv,
)
from alloc.export.hledger import hledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from alloc.app.ports import JournalTables, Ledger
    from alloc.cli.workspace import Workspace
    from alloc.settings import Entity, Settings

__all__ = ["FOLDER_FORMATS", "Export", "export_journal", "export_night", "last_seq"]

FOLDER_FORMATS = ("fec", "csv")
"""Formats of several files: their path is a folder."""

NIGHT_NAMES = {
    "fec": "fec",
    "beancount": "journal.beancount",
    "hledger": "journal.hledger",
    "csv": "csv",
    "json": "journal.json",
}
"""Where the nightly job puts each format, below ``exports/``."""

WHOLE = JournalFilter()
"""The whole journal."""

SPAN_ENTRIES_MAX = 50_000
"""How many entries are in memory at once where a format can be written in parts."""


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported.

    Parameters
    ----------
    format
        Of `alloc.settings.EXPORT_FORMATS`.
    which
        The part of the journal.
    """

    format: str
    which: JournalFilter = WHOLE


@dataclass(frozen=True, slots=True)
class _File:
    """A file to be written: its name below a folder ("" = the path itself)."""

    name: str
    write: Callable[[BinaryIO], object]


def export_journal(
    export: Export,
    path: Path | None,
    *,
    settings: Settings,
    ledger: Ledger,
    overwrite: bool = False,
) -> list[Path]:
    """Write a part of the journal; every file appears whole or not at all.

    Parameters
    ----------
    export
        Format and part.
    path
        The file, or for `FOLDER_FORMATS` the folder, which is made when it is
        missing; None writes one file to standard output.
    settings
        Names of journals, SIREN and closing dates of entities.
    ledger
        Read only.
    overwrite
        Whether files may be there before.

    Returns
    -------
    list of pathlib.Path
        The files written.

    Raises
    ------
    alloc.cli.exits.OutputError
        ``FILE_EXISTS`` (nothing is written then) or ``OUTPUT_REFUSED``.
    alloc.errors.InputError
        The journal cannot be told in this format: ``SIREN_INVALID`` ...
    """
    files = list(_FILES[export.format](export.which, settings, ledger))
    if path is None:
        files[0].write(sys.stdout.buffer)
        return []
    targets = [path / file.name if file.name else path for file in files]
    if not overwrite:
        _refuse_existing(targets)
    if export.format in FOLDER_FORMATS:
        _make_folder(path)
    for target, file in zip(targets, files, strict=True):
        write_stream(target, file.write, replace=overwrite)
    return targets


def export_night(
    workspace: Workspace, settings: Settings, ledger: Ledger
) -> tuple[list[str], list[AllocError]]:
    """Write the configured exports anew, whole, below ``exports/``.

    Returns
    -------
    (list of str, list of alloc.errors.AllocError)
        The files below the workspace, and what could not be told in a format.
    """
    written: list[str] = []
    errors: list[AllocError] = []
    for name in settings.exports:
        path = workspace.folder("exports") / NIGHT_NAMES[name]
        try:
            files = export_journal(
                Export(name), path, settings=settings, ledger=ledger, overwrite=True
            )
        except AllocError as error:
            errors.append(error)
            continue
        written += [file.relative_to(workspace.root).as_posix() for file in files]
    return written, errors


def last_seq(ledger: Ledger) -> int:
    """Return the number of the last journal entry, 0 when there is none."""
    spans = list(ledger.journal_spans(SPAN_ENTRIES_MAX))
    return (spans[-1].until_seq or 0) if spans else 0


def _fec_files(
    which: JournalFilter, settings: Settings, ledger: Ledger
) -> Iterator[_File]:
    _refuse_unknown_entities(which, settings, ledger)
    labels = FecLabels(journals=settings.journals, accounts={})
    named = settings.entity(which.entity) if which.entity else None
    # An entity without SIREN keeps no French books: it is left out unless it was
    # asked for, or there is no other.
    french = tuple(each for each in settings.entities if each.siren)
    for entity in (named,) if named else french or settings.entities:
        found = ledger.journal(replace(which, entity=entity.id)).entries["fiscal_year"]
        for year in sorted(pc.unique(found).to_pylist()):
            closing = entity.fiscal_year_span(year)[1]
            book = replace(which, entity=entity.id, fiscal_year=year)
            yield _File(
                fec_name(entity.siren or "", closing),
                _fec_writer(book, entity, labels, ledger),
            )


def _refuse_unknown_entities(
    which: JournalFilter, settings: Settings, ledger: Ledger
) -> None:
    """Refuse books that would lack the entries of an entity that has another id now."""
    known = {entity.id for entity in settings.entities}
    there = {
        entity
        for part in _parts(which, ledger)
        for entity in pc.unique(part.entries["entity"]).to_pylist()
    }
    if gone := sorted(there - known):
        raise InputError(
            f"the journal has entries of entity {', '.join(gone)}, which alloc.toml "
            "does not name: an entity keeps its id for good; give it back, and change "
            "its name instead",
            reason="ENTITY_UNKNOWN",
            entity=gone[0],
        )


def _fec_writer(
    book: JournalFilter, entity: Entity, labels: FecLabels, ledger: Ledger
) -> Callable[[BinaryIO], object]:
    def write(sink: BinaryIO) -> None:
        # Read when it is written: one book is in memory at a time.
        tables = ledger.journal(book)
        sink.write(HEADER)
        sink.write(
            fec_lines(
                tables.entries,
                tables.postings,
                labels=labels,
                currency=entity.currency,
            )
        )

    return write


def _csv_files(
    which: JournalFilter, settings: Settings, ledger: Ledger
) -> Iterator[_File]:
    del settings

    def write_entries(sink: BinaryIO) -> None:
        sink.writelines(
            entries_csv(part.entries, part.postings, header=number == 0)
            for number, part in enumerate(_parts(which, ledger))
        )

    def write_allocations(sink: BinaryIO) -> None:
        sink.writelines(
            allocations_csv(part.allocations, header=number == 0)
            for number, part in enumerate(_parts(which, ledger))
        )

    def write_letters(sink: BinaryIO) -> None:
        letters = ledger.letters(entity=which.entity)
        sink.write(letters_csv(letters.groups, letters.members))

    yield _File("entries.csv", write_entries)
    yield _File("allocations.csv", write_allocations)
    yield _File("letters.csv", write_letters)


def _parts(which: JournalFilter, ledger: Ledger) -> Iterator[JournalTables]:
    """Yield the journal span by span; at least one, which may be empty."""
    spans = list(ledger.journal_spans(SPAN_ENTRIES_MAX)) or [JournalFilter()]
    for span in spans:
        since = max(span.since_seq, which.since_seq)
        yield ledger.journal(replace(which, since_seq=since, until_seq=span.until_seq))


def _beancount_files(
    which: JournalFilter, settings: Settings, ledger: Ledger
) -> Iterator[_File]:
    def write(sink: BinaryIO) -> None:
        tables = ledger.journal(which)
        sink.write(beancount(tables.entries, tables.postings, name=settings.name))

    yield _File("", write)


def _hledger_files(
    which: JournalFilter, settings: Settings, ledger: Ledger
) -> Iterator[_File]:
    def write(sink: BinaryIO) -> None:
        tables = ledger.journal(which)
        sink.write(hledger(tables.entries, tables.postings, name=settings.name))

    yield _File("", write)


def _json_files(
    which: JournalFilter, settings: Settings, ledger: Ledger
) -> Iterator[_File]:
    del settings

    def write(sink: BinaryIO) -> None:
        tables = ledger.journal(which)
        letters = ledger.letters(entity=which.entity)
        sink.write(
            journal_json(
                tables.entries,
                tables.postings,
                tables.allocations,
                letters.groups,
                letters.members,
            )
        )

    yield _File("", write)


_FILES = {
    "fec": _fec_files,
    "beancount": _beancount_files,
    "hledger": _hledger_files,
    "csv": _csv_files,
    "json": _json_files,
}


def _refuse_existing(targets: list[Path]) -> None:
    for target in targets:
        if target.is_file():
            raise OutputError(
                f"{target} exists: name another place, or add --force to replace it",
                reason="FILE_EXISTS",
                file=target,
            )


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be made a folder: {error.strerror}", file=path
        ) from error
