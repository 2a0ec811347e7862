"""Sections of what is posted beside items: each line as the items that it is for.

Charges and income (classes 6 and 7) that a payment brings are for the items it clears.
An amount is shared out among their sections in proportion to what is cleared,
cumulated, so that the parts add up. Sections are no part of the books: the hash of an
entry does not cover them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.ports import Finding
from alloc.rules.arithmetic import half_up
from alloc.store.columns import columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from alloc.store.database import Database

__all__ = ["analytic_of", "findings", "shared_out"]

#: Sections of an item, axis by axis, and what is cleared of it.
Share = tuple[tuple[str, ...], int]
#: A part of an amount, and the sections it is for.
Part = tuple[int, tuple[str, ...]]

_SECTIONS = columns("entity item_id analytic:list?")
_ORIGINALS = columns("seq line_no analytic")
_POSTED = columns("seq line_no amount_minor analytic")
_RESULT_CLASSES = ("6", "7")
_PARTS = msgspec.json.Decoder(list[Part])


def analytic_of(
    db: Database, entries: pa.Table, postings: pa.Table, settled: pa.Table
) -> pa.Array:
    """Return the sections of each posting as text; null where it has none.

    Parameters
    ----------
    entries, postings, settled
        As `alloc.store.sealing.seal` takes them.
    """
    heads = {row["draft_index"]: row for row in entries.to_pylist()}
    shares = _shares(db, heads, settled)
    originals = _originals(db, entries)
    rows = postings.select(["draft_index", "account", "amount_minor"]).to_pylist()
    mirrored = postings["reverses_line_no"].to_pylist()
    texts: list[str | None] = []
    for row, line_no in zip(rows, mirrored, strict=True):
        head = heads[row["draft_index"]]
        parts: Sequence[Part] = ()
        if (original := originals.get((head["reverses_seq"], line_no))) is not None:
            parts = [(-minor, sections) for minor, sections in _PARTS.decode(original)]
        elif row["account"].startswith(_RESULT_CLASSES):
            parts = shared_out(row["amount_minor"], shares.get(head["payment_id"], ()))
        texts.append(msgspec.json.encode(parts).decode() if parts else None)
    return pa.array(texts, pa.string())


def shared_out(amount_minor: int, shares: Sequence[Share]) -> list[Part]:
    """Share an amount out among sections; none when no item says any.

    Parameters
    ----------
    amount_minor
        Of either sign.
    shares
        Of the items, one by one.

    Examples
    --------
    >>> shared_out(100, [(("LYON",), 500), (("NICE",), 500), (("LYON",), 500)])
    [(67, ('LYON',)), (33, ('NICE',))]
    """
    weights: dict[tuple[str, ...], int] = {}
    for sections, cleared in shares:
        weights[sections] = weights.get(sections, 0) + abs(cleared)
    total = sum(weights.values())
    if not total or not any(weights):
        return []
    parts, weight, given = [], 0, 0
    for sections in sorted(weights):
        weight += weights[sections]
        due = half_up(amount_minor * weight, total)
        if due != given:
            parts.append((due - given, sections))
        given = due
    return parts


def findings(db: Database) -> list[Finding]:
    """Find postings whose sections do not add up to them.

    Parameters
    ----------
    db
        Read only.
    """
    rows = db.query(
        "select seq, line_no, amount_minor, analytic from posting "
        "where analytic is not null order by 1, 2",
        _POSTED,
    ).to_pylist()
    return [
        Finding(
            "error",
            "ANALYTIC_DIFFERS",
            "the parts of the posting by section do not add up to it",
            "posting",
            f"{row['seq']}/{row['line_no']}",
        )
        for row in rows
        if _total(row["analytic"]) != row["amount_minor"]
    ]


def _total(text: str) -> int | None:
    try:
        return sum(minor for minor, _ in _PARTS.decode(text))
    except msgspec.DecodeError:
        return None


def _shares(
    db: Database, heads: Mapping[int, Mapping[str, object]], settled: pa.Table
) -> dict[object, list[Share]]:
    """Return the items that each payment clears, with their sections."""
    rows = settled.select(["draft_index", "item_id", "allocated_minor"]).to_pylist()
    wanted = [
        {"entity": heads[row["draft_index"]]["entity"], "item_id": row["item_id"]}
        for row in rows
    ]
    keys = pa.schema([(name, pa.string()) for name in _SECTIONS.names[:2]])
    db.stage("stage_sections", pa.Table.from_pylist(wanted, keys))
    found = db.query(
        "select distinct i.entity, i.item_id, i.analytic from stage_sections s "
        "join open_item i "
        "on i.entity = s.entity and i.item_id = s.item_id "
        "where i.analytic is not null order by 1, 2",
        _SECTIONS,
    )
    sections = {
        (row["entity"], row["item_id"]): tuple(row["analytic"])
        for row in found.to_pylist()
    }
    shares: dict[object, list[Share]] = {}
    for row in rows:
        head = heads[row["draft_index"]]
        said = sections.get((head["entity"], row["item_id"]), ())
        shares.setdefault(head["payment_id"], []).append((said, row["allocated_minor"]))
    return shares


def _originals(db: Database, entries: pa.Table) -> dict[tuple[object, object], str]:
    """Return the sections of the postings that entries mirror."""
    reversed_seqs = entries["reverses_seq"].drop_null()
    if not len(reversed_seqs):
        return {}
    db.stage("stage_mirrored", pa.table({"seq": pc.unique(reversed_seqs)}))
    found = db.query(
        "select p.seq, p.line_no, p.analytic from stage_mirrored s "
        "join posting p on p.seq = s.seq where p.analytic is not null order by 1, 2",
        _ORIGINALS,
    )
    return {(row["seq"], row["line_no"]): row["analytic"] for row in found.to_pylist()}
