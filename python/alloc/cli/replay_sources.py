"""Where a replay learns how payments were cleared: the ledger, or other books."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.past import joined, past_of_ledger, receipts_between
from alloc.app.replay.clearings import past_of_clearings
from alloc.app.replay.letters import past_of_letters, with_customers_of
from alloc.errors import InputError
from alloc.export.fec_check import FILE_NAME
from alloc.export.fec_lines import read_fec_lines
from alloc.ingest.clearings import read_clearings

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

    from alloc.app.past import Past
    from alloc.app.ports import Ledger
    from alloc.ingest.profile import Profile
    from alloc.settings import Entity, Settings

__all__ = ["read_past"]

#: The first column of every FEC, in its first line.
FEC_BEGINS = b"JournalCode"
FEC_HEAD_BYTES = 64


def read_past(
    ledger: Ledger,
    settings: Settings,
    books: Sequence[Path],
    profiles: Sequence[Profile],
    *,
    since: dt.date | None,
    until: dt.date | None,
) -> tuple[Past, pa.Table]:
    """Read the past and the customers.

    Parameters
    ----------
    ledger
        Only read.
    settings
        The entities, their numbers and bank accounts.
    books
        Lettered FEC files, or exports of clearings; none: as the ledger has it.
    profiles
        Of the workspace: how exports are read.
    since, until
        First and last value date.

    Raises
    ------
    alloc.errors.InputError
        A file cannot be read, or is of no entity (``FEC_ENTITY_UNKNOWN``), or an
        entity has files of both kinds (``BOOKS_MIXED``).
    """
    customers = ledger.customers()
    if not books:
        return past_of_ledger(ledger, since=since, until=until), customers
    payments = receipts_between(ledger, since=None, until=None)
    known = ledger.open_items(closed=True)
    lettered, cleared = _read(books, settings, profiles)
    both = sorted(lettered.keys() & cleared.keys())
    if both:
        raise InputError(
            f"entity {both[0]} has a FEC and an export of clearings: give one of them",
            reason="BOOKS_MIXED",
            entity=both[0],
        )
    pasts = []
    for entity_id in sorted(lettered.keys() | cleared.keys()):
        entity = settings.entity(entity_id)
        mine = payments.filter(pc.equal(payments["entity"], entity_id))
        if entity_id in lettered:
            lines = pa.concat_tables(lettered[entity_id])
            past = past_of_letters(
                *(lines, mine),
                entity=entity,
                items=known.schema,
                since=since,
                until=until,
            )
        else:
            rows = pa.concat_tables(cleared[entity_id])
            past = past_of_clearings(
                *(rows, mine), entity=entity, known=known, since=since, until=until
            )
        pasts.append(past)
    past = joined(pasts)
    return past, with_customers_of(past.items, customers)


Files = dict[str, list[pa.Table]]


def _read(
    books: Sequence[Path], settings: Settings, profiles: Sequence[Profile]
) -> tuple[Files, Files]:
    """Read the lines of FEC files and the rows of clearings, by entity."""
    lettered: Files = defaultdict(list)
    cleared: Files = defaultdict(list)
    ids = {entity.id for entity in settings.entities}
    for path, name in _named(books).items():
        with path.open("rb") as source:
            if _is_fec(path, source):
                lines = read_fec_lines(source, name)
                lettered[_entity_of(path, settings).id].append(lines)
                continue
        rows = read_clearings(path, profiles, name=name, entities=ids)
        for entity_id in pc.unique(rows["entity"]).to_pylist():
            mine = rows.filter(pc.equal(rows["entity"], entity_id))
            cleared[entity_id].append(mine)
    return lettered, cleared


def _is_fec(path: Path, source: BinaryIO) -> bool:
    """Tell a FEC by its name or its first column; the file stands at its beginning."""
    head = source.read(FEC_HEAD_BYTES)
    source.seek(0)
    return bool(FILE_NAME.fullmatch(path.name)) or FEC_BEGINS in head


def _named(books: Sequence[Path]) -> dict[Path, str]:
    """Return the files, each once, with names that tell them apart."""
    paths = list({path.resolve(): path for path in books}.values())
    names = Counter(path.name for path in paths)
    return {path: path.name if names[path.name] == 1 else str(path) for path in paths}


def _entity_of(path: Path, settings: Settings) -> Entity:
    """Return whose file it is: by the SIREN in its name, or the only entity."""
    if len(settings.entities) == 1:
        return settings.entities[0]
    named = FILE_NAME.fullmatch(path.name)
    for entity in settings.entities:
        if named and named[1] == entity.siren:
            return entity
    raise InputError(
        f"{path.name} is of no entity of the workspace: a FEC is named "
        "<SIREN>FEC<AAAAMMJJ>.txt, and the entity needs that siren in alloc.toml",
        reason="FEC_ENTITY_UNKNOWN",
        file=path.name,
    )
