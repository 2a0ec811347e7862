"""Lettering groups: ids, codes and members, given inside the posting transaction.

A group gathers items and postings of one (entity, account, customer). It is full
(upper-case code) when nothing is open on any of its items, partial (lower-case)
otherwise. A partial group that grows keeps its code while something is open; when it
is completed, or meets another one, all its members go to a new group with a new code
and the old ones are ``replaced``. A code is never used twice in a fiscal year.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alloc import engine
from alloc.store.columns import columns

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from alloc.store.database import Database
    from alloc.store.ends import Ends

#: What is to be lettered: one row a group.
GROUPS = columns(
    "letter_index entity account customer_id? fiscal_year group_max_date:date"
)
#: Members of these groups; an on-account item has both an item and a posting.
MEMBERS = columns("letter_index entity item_id? open_minor? seq? line_no?")

_GROUP_ROW = columns(
    "letter_group entity account customer_id fiscal_year kind code_no code "
    "balance_minor lettered_on:date group_max_date:date state created_seq ended_seq?"
)
_MEMBER_ROW = columns("letter_group member_no item_id? seq? line_no?")
_SCOPE = ["entity", "account", "customer_id", "fiscal_year", "kind"]
_NEXT = columns("entity account customer_id fiscal_year kind code_no")
_OLD = columns("letter_group item_id? open_minor? seq? line_no? group_max_date:date")


@dataclass(frozen=True)
class Lettered:
    """What was lettered: the group of each letter, and of each member item."""

    letter_index: pa.Array
    letter_group: pa.Array
    items: pa.Table
    full: int
    partial: int


def letter(
    db: Database,
    groups: pa.Table,
    members: pa.Table,
    *,
    after: Ends,
    on: dt.date,
    seq: int,
    olds: Mapping[int, set[int]] = MappingProxyType({}),
) -> Lettered:
    """Store groups with new codes, or with the code of the group that they enlarge.

    Parameters
    ----------
    groups, members
        `GROUPS` and `MEMBERS`; ``open_minor`` is what is open afterwards.
    after
        Where the groups end.
    on
        The date on which the codes are given.
    seq
        The last journal entry of the transaction: what created the groups.
    olds
        letter_index -> the groups it grows out of: each ends, unless it is enlarged.
    """
    groups = groups.sort_by("letter_index")
    letters = groups["letter_index"].combine_chunks()
    opens = members.filter(pc.is_valid(members["item_id"]))
    balance, is_full = _balances(letters, opens)
    kind = pc.if_else(is_full, "full", "partial")
    rows = groups.set_column(3, "customer_id", pc.fill_null(groups["customer_id"], ""))
    rows = rows.append_column("kind", kind).append_column("balance_minor", balance)
    enlarged = _enlarged(db, rows, olds)
    ended = set().union(*olds.values()) - set(enlarged.values())
    end_groups(db, ended, state="replaced", seq=seq)
    known = pa.array([enlarged.get(index) for index in letters.to_pylist()], pa.int64())
    if enlarged:
        _enlarge(db, rows.append_column("letter_group", known), on)
    is_new = pc.is_null(known)
    count = pc.sum(is_new).as_py() or 0
    first = after.letter_group + 1
    fresh = pa.array(range(first, first + count), pa.int64())
    ids = pc.replace_with_mask(known, is_new, fresh)
    _store(db, rows.filter(is_new), fresh, on=on, seq=seq)
    member_groups = ids.take(pc.index_in(members["letter_index"], letters))
    db.append("letter_member", _member_rows(members, member_groups))
    items = members.append_column("letter_group", member_groups).filter(
        pc.is_valid(members["item_id"])
    )
    full = pc.sum(is_full).as_py() or 0
    return Lettered(letters, ids, items, full, len(groups) - full)


def _store(
    db: Database, rows: pa.Table, ids: pa.Array, *, on: dt.date, seq: int
) -> None:
    """Add groups with the next codes of their scopes."""
    count = len(rows)
    if not count:
        return
    numbers = pa.array(_code_numbers(db, rows), pa.int64())
    codes = engine.letter_codes(pa.table({"code_index": numbers, "kind": rows["kind"]}))
    constants = {
        "letter_group": ids,
        "code_no": numbers,
        "code": codes,
        "lettered_on": pa.repeat(pa.scalar(on, pa.date32()), count),
        "state": pa.repeat("live", count),
        "created_seq": pa.repeat(pa.scalar(seq, pa.int64()), count),
        "ended_seq": pa.nulls(count, pa.int64()),
    }
    stored = {**{name: rows[name] for name in rows.column_names}, **constants}
    db.append(
        "letter_group",
        pa.table([stored[name] for name in _GROUP_ROW.names], schema=_GROUP_ROW),
    )


def _enlarged(
    db: Database, rows: pa.Table, olds: Mapping[int, set[int]]
) -> dict[int, int]:
    """Name the one group that each still partial letter of the same year enlarges."""
    single = {index: next(iter(held)) for index, held in olds.items() if len(held) == 1}
    if not single:
        return {}
    asked = pa.array(sorted(single.values()), pa.int64())
    db.stage("stage_enlarged", pa.table({"letter_group": asked}))
    years = db.query(
        """
        select g.letter_group, g.fiscal_year from letter_group g
        where g.kind = 'partial'
          and g.letter_group in (select letter_group from stage_enlarged)
        """,
        columns("letter_group fiscal_year"),
    ).to_pylist()
    year_of = {row["letter_group"]: row["fiscal_year"] for row in years}
    names = ("letter_index", "fiscal_year", "kind")
    return {
        index: single[index]
        for index, year, kind in zip(*(rows[n].to_pylist() for n in names), strict=True)
        if kind == "partial" and index in single and year_of.get(single[index]) == year
    }


def _enlarge(db: Database, rows: pa.Table, on: dt.date) -> None:
    """Give groups that keep their code their new balance; members are stored anew."""
    held = rows.filter(pc.is_valid(rows["letter_group"]))
    table = held.select(["letter_group", "balance_minor", "group_max_date"])
    lettered = pa.repeat(pa.scalar(on, pa.date32()), len(held))
    db.stage("stage_enlarged", table.append_column("lettered_on", lettered))
    db.execute(
        """
        update letter_group
        set (balance_minor, group_max_date, lettered_on) = (
            select s.balance_minor, s.group_max_date, s.lettered_on
            from stage_enlarged s where s.letter_group = letter_group.letter_group)
        where letter_group in (select letter_group from stage_enlarged)
        """
    )
    db.execute(
        "delete from letter_member "
        "where letter_group in (select letter_group from stage_enlarged)"
    )


def _balances(letters: pa.Array, opens: pa.Table) -> tuple[pa.Array, pa.Array]:
    """Return what is open in each group, and whether that is nothing on any item."""
    amounts = opens["open_minor"]
    position = pc.index_in(opens["letter_index"], letters).to_numpy(
        zero_copy_only=False
    )
    values = amounts.to_numpy()
    balance = np.zeros(len(letters), np.int64)
    np.add.at(balance, position, values)
    is_open = np.zeros(len(letters), bool)
    is_open[position[values != 0]] = True
    return pa.array(balance), pa.array(~is_open)


def _code_numbers(db: Database, rows: pa.Table) -> np.ndarray:
    """Count the groups within their scope, after those that are there."""
    key = pc.binary_join_element_wise(
        *(rows[name].cast(pa.string()) for name in _SCOPE), "\x1f"
    )
    scopes = key.combine_chunks().dictionary_encode()
    first_of = np.unique(scopes.indices.to_numpy(), return_index=True)[1]
    distinct = rows.take(pa.array(first_of)).select(_SCOPE)
    places = pa.array(np.arange(len(distinct), dtype=np.int64))
    db.stage("stage_scope", distinct.append_column("place", places))
    start = db.query(
        """
        select coalesce((
            select max(g.code_no) + 1 from letter_group g
            where g.entity = s.entity and g.account = s.account
              and g.customer_id = s.customer_id and g.fiscal_year = s.fiscal_year
              and g.kind = s.kind), 0)
        from stage_scope s order by s.place
        """,
        columns("code_no"),
    )["code_no"].to_numpy()
    scope = scopes.indices.to_numpy()
    numbers: np.ndarray = start[scope] + place_in_run(scope)
    return numbers


def place_in_run(keys: np.ndarray) -> np.ndarray:
    """Count equal keys: 0 for the first of its kind, 1 for the second, and so on."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    lengths = np.diff(np.r_[starts, len(ordered)])
    places = np.empty(len(keys), np.int64)
    places[order] = np.arange(len(keys)) - np.repeat(starts, lengths)
    return places


def _member_rows(members: pa.Table, groups: pa.Array) -> pa.Table:
    order = pc.sort_indices(
        members.append_column("letter_group", groups),
        [("letter_group", "ascending"), ("item_id", "ascending"), ("seq", "ascending")],
    )
    members, groups = members.take(order), groups.take(order)
    places = place_in_run(groups.to_numpy(zero_copy_only=False)) + 1
    return pa.table(
        [
            groups,
            pa.array(places),
            members["item_id"],
            members["seq"],
            members["line_no"],
        ],
        schema=_MEMBER_ROW,
    )


def joined_with_old(
    db: Database, groups: pa.Table, members: pa.Table, olds: dict[int, set[int]]
) -> tuple[pa.Table, pa.Table, dict[int, set[int]]]:
    """Add all members of the existing groups that the new ones grow out of.

    Parameters
    ----------
    groups, members
        `GROUPS` and `MEMBERS`.
    olds
        letter_index -> existing groups; groups that share one become one group.

    Returns
    -------
    groups, members, olds
        Of the united letters.
    """
    if not olds:
        return groups, members, olds
    root = _merged(olds)
    letter_of = {old: root[index] for index, held in olds.items() for old in held}
    found = _members_of(db, sorted(letter_of))
    of_found = found["letter_group"].to_pylist()
    index = pa.array([letter_of[old] for old in of_found], pa.int64())
    members = members.set_column(
        0, MEMBERS.field(0), _pointed(members["letter_index"], root)
    )
    groups = _united(groups, root, index, found["group_max_date"])
    place = pc.index_in(index, groups["letter_index"].combine_chunks())
    added = pa.table(
        [
            index,
            groups["entity"].take(place),
            *(found[name] for name in MEMBERS.names[2:]),
        ],
        schema=MEMBERS,
    )
    is_known = pc.is_in(_item_keys(added), value_set=_item_keys(members).drop_null())
    united: dict[int, set[int]] = defaultdict(set)
    for old, index in letter_of.items():
        united[index].add(old)
    members = pa.concat_tables([members, added.filter(pc.invert(is_known))])
    return groups, members, dict(united)


def _pointed(letters: pa.ChunkedArray, root: dict[int, int]) -> pa.Array:
    return pa.array([root.get(i, i) for i in letters.to_pylist()], pa.int64())


def _united(
    groups: pa.Table, root: dict[int, int], index: pa.Array, dates: pa.ChunkedArray
) -> pa.Table:
    """Merge groups that share an old one; the latest year and date stand for all."""
    merged = groups.set_column(
        0, GROUPS.field(0), _pointed(groups["letter_index"], root)
    )
    scope = GROUPS.names[:4]
    united = merged.group_by(scope).aggregate(
        [("fiscal_year", "max"), ("group_max_date", "max")]
    )
    older = (
        pa.table({"letter_index": index, "date": dates})
        .group_by("letter_index")
        .aggregate([("date", "max")])
    )
    at = pc.index_in(united["letter_index"], older["letter_index"].combine_chunks())
    latest = pc.max_element_wise(
        united["group_max_date_max"], older["date_max"].take(at)
    )
    arrays = [*(united[name] for name in scope), united["fiscal_year_max"], latest]
    return pa.table(arrays, schema=GROUPS)


def _item_keys(members: pa.Table) -> pa.Array:
    keys = pc.binary_join_element_wise(members["entity"], members["item_id"], "\x1f")
    return keys.combine_chunks()


def _merged(olds: Mapping[int, set[int]]) -> dict[int, int]:
    """Point each letter at the first of those that share an existing group."""
    first_of: dict[int, int] = {}
    parent = {index: index for index in olds}

    def root(index: int) -> int:
        while parent[index] != index:
            index = parent[index]
        return index

    for index in sorted(olds):
        for old in olds[index]:
            other = root(first_of.setdefault(old, index))
            here = root(index)
            parent[max(here, other)] = min(here, other)
    return {index: root(index) for index in olds}


def _members_of(db: Database, groups: list[int]) -> pa.Table:
    db.stage(
        "stage_old_group", pa.table({"letter_group": pa.array(groups, pa.int64())})
    )
    return db.query(
        """
        select m.letter_group, m.item_id, i.open_minor, m.seq, m.line_no,
          g.group_max_date
        from stage_old_group s
        join letter_group g on g.letter_group = s.letter_group
        join letter_member m on m.letter_group = s.letter_group
        left join open_item i on i.entity = g.entity and i.item_id = m.item_id
        order by m.letter_group, m.member_no
        """,
        _OLD,
    )


def end_groups(db: Database, groups: set[int], *, state: str, seq: int) -> None:
    """Mark groups as ``replaced`` or ``dissolved`` by a journal entry."""
    if groups:
        keys = pa.array(sorted(groups), pa.int64())
        db.stage("stage_ended", pa.table({"letter_group": keys}))
        db.execute(
            "update letter_group set state = $1, ended_seq = $2 "
            "where letter_group in (select letter_group from stage_ended)",
            (state, seq),
        )
