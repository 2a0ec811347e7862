"""Where a replay learns how payments were cleared: the ledger, or other books."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.past import joined, past_of_ledger, receipts_between
from alloc.app.replay.letters import past_of_letters, with_customers_of
from alloc.errors import InputError
from alloc.export.fec_check import FILE_NAME
from alloc.export.fec_lines import read_fec_lines

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Sequence
    from pathlib import Path

    from alloc.app.past import Past
    from alloc.app.ports import Ledger
    from alloc.settings import Entity, Settings

__all__ = ["read_past"]


def read_past(
    ledger: Ledger,
    settings: Settings,
    books: Sequence[Path],
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
        Lettered FEC files; none: as the ledger has it.
    since, until
        First and last value date.

    Raises
    ------
    alloc.errors.InputError
        A file cannot be read, or is of no entity (``FEC_ENTITY_UNKNOWN``).
    """
    customers = ledger.customers()
    if not books:
        return past_of_ledger(ledger, since=since, until=until), customers
    payments = receipts_between(ledger, since=None, until=None)
    schema = ledger.open_items().schema
    files: dict[str, list[pa.Table]] = defaultdict(list)
    for path, name in _named(books).items():
        with path.open("rb") as source:
            lines = read_fec_lines(source, name)
        files[_entity_of(path, settings).id].append(lines)
    past = joined(
        [
            past_of_letters(
                pa.concat_tables(tables),
                payments.filter(pc.equal(payments["entity"], entity_id)),
                entity=settings.entity(entity_id),
                items=schema,
                since=since,
                until=until,
            )
            for entity_id, tables in sorted(files.items())
        ]
    )
    return past, with_customers_of(past.items, customers)


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
