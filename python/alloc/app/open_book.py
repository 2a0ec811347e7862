"""The open items of a run, kept in memory and followed decision by decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from alloc.errors import InternalError

if TYPE_CHECKING:
    import datetime as dt

#: Separates entity and item id in a key; bank and ERP text cannot hold it.
KEY_SEPARATOR = "\x1f"


class OpenBook:
    """Open items by date of issue: what a day's payments may clear.

    Days are visited in ascending order. An item is visible from its issue date on
    (without one: always) and until nothing is open on it.

    Parameters
    ----------
    items
        Columns of `alloc.app.ports.Ledger.open_items`. Not changed.
    """

    def __init__(self, items: pa.Table) -> None:
        keyed = items.append_column("key", item_keys(items))
        by_issue = keyed.sort_by(
            [("issue_date", "ascending"), ("entity", "ascending"), ("key", "ascending")]
        )
        undated = pc.is_null(by_issue["issue_date"])
        self._live = by_issue.filter(undated)
        self._later = by_issue.filter(pc.invert(undated))
        self._later_days = self._later["issue_date"].to_numpy()
        self._taken = 0

    def visible(self, day: dt.date) -> pa.Table:
        """Items issued up to a day on which something is open.

        Returns
        -------
        pyarrow.Table
            The given columns, and ``key``: entity and item id in one text.
        """
        until = int(np.searchsorted(self._later_days, np.datetime64(day), side="right"))
        if until > self._taken:
            issued = self._later.slice(self._taken, until - self._taken)
            self._live = pa.concat_tables([self._live, issued])
            self._taken = until
        self._live = self._live.filter(
            pc.not_equal(self._live["open_minor"], 0)
        ).combine_chunks()
        return self._live

    def positions(self, keys: pa.ChunkedArray | pa.Array) -> pa.Array:
        """Rows of the last `visible` table by key; every key must be there."""
        found = pc.index_in(keys, value_set=self._live["key"])
        if found.null_count:
            raise InternalError("the engine named an item that was not given to it")
        if isinstance(found, pa.ChunkedArray):
            found = found.combine_chunks()
        return found

    def rows(self, positions: pa.Array) -> pa.Table:
        """Rows of the last `visible` table at these positions, as they stand now."""
        return self._live.take(positions)

    def allocate(self, positions: pa.Array, allocations: pa.Table) -> None:
        """Take what is allocated, here and abroad, off the items at these rows."""
        for name, part in (
            ("open_minor", allocations["allocated_minor"]),
            ("foreign_open_minor", pc.fill_null(allocations["foreign_minor"], 0)),
        ):
            taken = np.zeros(self._live.num_rows, np.int64)
            np.add.at(taken, positions.to_numpy(), part.to_numpy())
            # What is nothing abroad stays nothing.
            rest = pc.subtract(self._live[name], pa.array(taken, pa.int64()))
            self._set(name, rest)

    def add(self, items: pa.Table) -> None:
        """Add items that a decision created: money on account of a customer."""
        missing = [
            field.name
            for field in self._live.schema
            if field.name not in items.schema.names
        ]
        for name in missing:
            kind = self._live.schema.field(name).type
            items = items.append_column(name, pa.nulls(items.num_rows, kind))
        items = items.drop_columns(["key"]).append_column("key", item_keys(items))
        rows = items.select(self._live.schema.names).cast(self._live.schema)
        self._live = pa.concat_tables([self._live, rows])

    def _set(self, name: str, column: pa.Array) -> None:
        index = self._live.schema.get_field_index(name)
        self._live = self._live.set_column(
            index, self._live.schema.field(index), column
        )


def item_keys(items: pa.Table) -> pa.ChunkedArray:
    """Entity and item id of each row in one text."""
    return pc.binary_join_element_wise(items["entity"], items["item_id"], KEY_SEPARATOR)
