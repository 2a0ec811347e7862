"""Which files an export has, and what writes each: the journal's templates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.collected import collected
from alloc.app.ports import JournalFilter
from alloc.errors import InputError
from alloc.export.beancount import beancount
from alloc.export.cegid import HEADER as CEGID_HEADER
from alloc.export.cegid import cegid
from alloc.export.columns import mapped
from alloc.export.einvoicing import einvoicing_payments
from alloc.export.fec import HEADER, FecLabels, fec_lines, fec_name
from alloc.export.fields import letter_code
from alloc.export.generic import (
    allocations_csv,
    entries_csv,
    journal_json,
    letters_csv,
)
from alloc.export.hledger import hledger
from alloc.export.odoo import SIGNED, odoo_csv, odoo_matching, odoo_moves
from alloc.export.quadra import quadra
from alloc.export.sage import HEADER as SAGE_HEADER
from alloc.export.sage import sage
from alloc.export.sap import SapFiles, sap
from alloc.export.workbook import workbook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from alloc.app.ports import JournalTables, Ledger
    from alloc.settings import Entity, Settings

__all__ = ["FILES", "SPAN_ENTRIES_MAX", "ExportFile", "Source"]

SPAN_ENTRIES_MAX = 50_000
"""How many entries are in memory at once where a format can be written in parts."""


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file to be written: its name below a folder ("" = the path itself)."""

    name: str
    write: Callable[[BinaryIO], object]


@dataclass(frozen=True, slots=True)
class Source:
    """What is exported.

    Parameters
    ----------
    which
        The part of the journal.
    settings
        Names of journals, SIREN, currency and closing dates of entities.
    ledger
        Read only.
    lettering
        Package of `alloc.export.fields.LETTERINGS` whose codes are written.
    """

    which: JournalFilter
    settings: Settings
    ledger: Ledger
    lettering: str | None = None

    def journal(self) -> JournalTables:
        """Read the part as a whole."""
        return self._lettered(self.ledger.journal(self.which))

    def parts(self) -> Iterator[JournalTables]:
        """Read the part span by span; at least one, which may be empty."""
        spans = list(self.ledger.journal_spans(SPAN_ENTRIES_MAX)) or [JournalFilter()]
        for span in spans:
            since = max(span.since_seq, self.which.since_seq)
            part = replace(self.which, since_seq=since, until_seq=span.until_seq)
            yield self._lettered(self.ledger.journal(part))

    def books(self) -> Iterator[tuple[Entity, Source]]:
        """Yield the part of each entity that has entries in it."""
        self.refuse_unknown_entities()
        for entity in self.settings.entities:
            if self.which.entity in {None, entity.id}:
                book = self.of(entity=entity.id)
                if any(part.entries.num_rows for part in book.parts()):
                    yield entity, book

    def of(self, *, entity: str, fiscal_year: int | None = None) -> Source:
        """Narrow to an entity, and to a fiscal year when one is given."""
        year = self.which.fiscal_year if fiscal_year is None else fiscal_year
        which = replace(self.which, entity=entity, fiscal_year=year)
        return replace(self, which=which)

    def refuse_unknown_entities(self) -> None:
        """Refuse books without the entries of an entity that has another id now."""
        known = {entity.id for entity in self.settings.entities}
        there = {
            entity
            for part in self.parts()
            for entity in pc.unique(part.entries["entity"]).to_pylist()
        }
        if gone := sorted(there - known):
            raise InputError(
                f"the journal has entries of entity {', '.join(gone)}, which "
                "alloc.toml does not name: an entity keeps its id for good; give it "
                "back, and change its name instead",
                reason="ENTITY_UNKNOWN",
                entity=gone[0],
            )

    def currencies(self) -> dict[str, str]:
        """Return the currency of each entity's books."""
        return {entity.id: entity.currency for entity in self.settings.entities}

    def _lettered(self, tables: JournalTables) -> JournalTables:
        return replace(tables, postings=self.recoded(tables.postings, "letter_code"))

    def recoded(self, table: pa.Table, column: str) -> pa.Table:
        """Write lettering codes as the package counts them."""
        package = self.lettering
        if package is None:
            return table
        codes = mapped(table[column], lambda code: letter_code(code, package))
        return table.set_column(table.column_names.index(column), column, codes)


def _fec_files(source: Source) -> Iterator[ExportFile]:
    source.refuse_unknown_entities()
    settings, which = source.settings, source.which
    named = settings.entity(which.entity) if which.entity else None
    # An entity without SIREN keeps no French books: it is left out unless it was
    # asked for, or there is no other.
    french = tuple(each for each in settings.entities if each.siren)
    for entity in (named,) if named else french or settings.entities:
        book = source.of(entity=entity.id)
        found = source.ledger.journal(book.which).entries["fiscal_year"]
        for year in sorted(pc.unique(found).to_pylist()):
            closing = entity.fiscal_year_span(year)[1]
            yield ExportFile(
                fec_name(entity.siren or "", closing),
                _fec_writer(source.of(entity=entity.id, fiscal_year=year), entity),
            )


def _fec_writer(book: Source, entity: Entity) -> Callable[[BinaryIO], object]:
    labels = FecLabels(journals=book.settings.journals, accounts={})

    def write(sink: BinaryIO) -> None:
        # Read when it is written: one book is in memory at a time.
        tables = book.journal()
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


def _csv_files(source: Source) -> Iterator[ExportFile]:
    def write_entries(sink: BinaryIO) -> None:
        sink.writelines(
            entries_csv(part.entries, part.postings, header=number == 0)
            for number, part in enumerate(source.parts())
        )

    def write_allocations(sink: BinaryIO) -> None:
        sink.writelines(
            allocations_csv(part.allocations, header=number == 0)
            for number, part in enumerate(source.parts())
        )

    def write_letters(sink: BinaryIO) -> None:
        letters = source.ledger.letters(entity=source.which.entity)
        groups = source.recoded(letters.groups, "code")
        sink.write(letters_csv(groups, letters.members))

    yield ExportFile("entries.csv", write_entries)
    yield ExportFile("allocations.csv", write_allocations)
    yield ExportFile("letters.csv", write_letters)


def _beancount_files(source: Source) -> Iterator[ExportFile]:
    def write(sink: BinaryIO) -> None:
        tables = source.journal()
        name = source.settings.name
        sink.write(beancount(tables.entries, tables.postings, name=name))

    yield ExportFile("", write)


def _hledger_files(source: Source) -> Iterator[ExportFile]:
    def write(sink: BinaryIO) -> None:
        tables = source.journal()
        name = source.settings.name
        sink.write(hledger(tables.entries, tables.postings, name=name))

    yield ExportFile("", write)


def _json_files(source: Source) -> Iterator[ExportFile]:
    def write(sink: BinaryIO) -> None:
        tables = source.journal()
        letters = source.ledger.letters(entity=source.which.entity)
        sink.write(
            journal_json(
                tables.entries,
                tables.postings,
                tables.allocations,
                source.recoded(letters.groups, "code"),
                letters.members,
            )
        )

    yield ExportFile("", write)


def _odoo_files(source: Source) -> Iterator[ExportFile]:
    for entity, book in source.books():
        for name, tables in _ODOO_TABLES.items():
            yield ExportFile(f"{entity.id}-{name}.csv", _odoo_csv_writer(book, tables))


def _odoo_xlsx_files(source: Source) -> Iterator[ExportFile]:
    for entity, book in source.books():
        for name in _ODOO_TABLES:
            yield ExportFile(f"{entity.id}-{name}.xlsx", _odoo_xlsx_writer(book, name))


def _odoo_csv_writer(
    book: Source, tables: Callable[[Source], Iterator[pa.Table]]
) -> Callable[[BinaryIO], object]:
    def write(sink: BinaryIO) -> None:
        sink.writelines(
            odoo_csv(table, header=number == 0)
            for number, table in enumerate(tables(book))
        )

    return write


def _odoo_xlsx_writer(book: Source, name: str) -> Callable[[BinaryIO], object]:
    def write(sink: BinaryIO) -> None:
        tables = _ODOO_TABLES[name](book)
        sink.write(workbook(tables, sheet=name, numbers=SIGNED))

    return write


def _moves(book: Source) -> Iterator[pa.Table]:
    for part in book.parts():
        currencies = book.currencies()
        yield odoo_moves(part.entries, part.postings, currencies=currencies)


def _matching(book: Source) -> Iterator[pa.Table]:
    groups = [pc.unique(part.postings["letter_group"]) for part in book.parts()]
    members = book.ledger.letters(entity=book.which.entity).members
    wanted = pa.concat_arrays(groups).drop_null()
    there = pc.is_in(members["letter_group"], value_set=wanted)
    yield odoo_matching(members.filter(there))


#: File of Odoo -> its rows, span by span.
_ODOO_TABLES = {"moves": _moves, "matching": _matching}


def _sage_files(source: Source) -> Iterator[ExportFile]:
    for entity, book in source.books():
        yield ExportFile(f"{entity.id}.txt", _package_writer(book, sage, SAGE_HEADER))


def _quadra_files(source: Source) -> Iterator[ExportFile]:
    for entity, book in source.books():
        yield ExportFile(f"{entity.id}.txt", _package_writer(book, quadra, b""))


def _cegid_files(source: Source) -> Iterator[ExportFile]:
    for entity, book in source.books():
        yield ExportFile(f"{entity.id}.tra", _package_writer(book, cegid, CEGID_HEADER))


def _package_writer(
    book: Source, lines: Callable[..., bytes], header: bytes
) -> Callable[[BinaryIO], object]:
    def write(sink: BinaryIO) -> None:
        sink.write(header)
        for part in book.parts():
            currencies = book.currencies()
            sink.write(lines(part.entries, part.postings, currencies=currencies))

    return write


def _sap_files(source: Source) -> Iterator[ExportFile]:
    @cache
    def files() -> SapFiles:
        only = source.ledger.journal(source.which).entries["seq"].to_pylist()
        entity = source.which.entity
        tables = source.ledger.journal(JournalFilter(entity=entity))
        return sap(
            tables.entries,
            tables.postings,
            tables.allocations,
            source.ledger.letters(entity=entity).members,
            only=frozenset(only),
        )

    yield ExportFile("documents.csv", lambda sink: sink.write(files().documents))
    yield ExportFile("ftpost.csv", lambda sink: sink.write(files().ftpost))
    yield ExportFile("ftclear.csv", lambda sink: sink.write(files().ftclear))


def _einvoicing_files(source: Source) -> Iterator[ExportFile]:
    sirens = {entity.id: entity.siren for entity in source.settings.entities}

    def write(sink: BinaryIO) -> None:
        rows = collected(source.ledger, source.which)
        sink.writelines(einvoicing_payments(rows, sirens=sirens))

    yield ExportFile("", write)


FILES = {
    "fec": _fec_files,
    "beancount": _beancount_files,
    "hledger": _hledger_files,
    "csv": _csv_files,
    "json": _json_files,
    "odoo": _odoo_files,
    "odoo-xlsx": _odoo_xlsx_files,
    "sage": _sage_files,
    "quadra": _quadra_files,
    "cegid": _cegid_files,
    "sap": _sap_files,
    "einvoicing-payments": _einvoicing_files,
}
"""Format -> its files; of `alloc.settings.EXPORT_FORMATS`."""
