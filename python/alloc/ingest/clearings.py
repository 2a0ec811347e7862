"""Exports of what another system cleared: rows by a profile, with their lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from alloc.app.replay.clearings import CLEARINGS
from alloc.errors import InputError
from alloc.ingest.detection import detect_data
from alloc.ingest.source import read_bytes
from alloc.ingest.tabular import compact_iban, read_rows

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from alloc.ingest.profile import Profile

__all__ = ["read_clearings"]


def read_clearings(
    path: Path,
    profiles: Sequence[Profile],
    *,
    name: str,
    entities: Collection[str],
) -> pa.Table:
    """Read a file of clearings.

    Parameters
    ----------
    path
        The file.
    profiles
        Mapping profiles of the workspace; the generic ones are tried after them.
    name
        For the messages, and the column ``file``.
    entities
        Those that there are.

    Returns
    -------
    pyarrow.Table
        `alloc.app.replay.clearings.CLEARINGS`.

    Raises
    ------
    alloc.errors.InputError
        It fits no profile, or one of another kind (``CLEARINGS_EXPECTED``), or rows of
        it are wrong.
    """
    data = read_bytes(path)
    detected = detect_data(data, profiles, name=name)
    profile = detected.profile
    if profile is None or detected.kind != "clearings":
        by = f" by the profile {profile.name}" if profile else ""
        raise InputError(
            f"{name} holds {detected.kind}{by}, not how payments were cleared: give a "
            'FEC, or a file that a profile of kind = "clearings" reads',
            reason="CLEARINGS_EXPECTED",
            file=name,
        )
    file = read_rows(data, detected.format, profile, name=name, entities=entities)
    rows = file.table
    count = rows.num_rows
    columns = {
        "file": pa.array([name] * count, pa.string()),
        "line": pa.array(file.grid.lines(file.rows.tolist()), pa.int64()),
    }
    for field in CLEARINGS:
        if field.name in rows.column_names:
            columns[field.name] = rows[field.name]
        columns.setdefault(field.name, pa.nulls(count, field.type))
    accounts = columns["payment_account"].to_pylist()
    columns["payment_account"] = pa.array(
        [None if account is None else compact_iban(account) for account in accounts],
        pa.string(),
    )
    return pa.table(columns, schema=CLEARINGS)
