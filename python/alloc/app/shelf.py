"""The open items of a day by who owes them, read once for all payments that ask."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

__all__ = ["Shelf"]

Row = dict[str, Any]


class Shelf:
    """Items of some parties, and some items by their ids.

    Parameters
    ----------
    items
        Columns of `alloc.app.ports.Ledger.open_items`: all that is open.
    parties
        Customers, and suppliers, whose items anybody may ask for.
    named
        Ids of other items that may be asked for.
    """

    def __init__(
        self, items: pa.Table, parties: Collection[str], named: Collection[str]
    ) -> None:
        self._of: dict[tuple[str, str], list[Row]] = defaultdict(list)
        self._by_id: dict[tuple[str, str], Row] = {}
        wanted = pc.or_(
            pc.is_in(items["customer_id"], value_set=_texts(parties)),
            pc.is_in(items["item_id"], value_set=_texts(named)),
        )
        for row in items.filter(wanted).to_pylist():
            self._of[row["entity"], row["customer_id"]].append(row)
            self._by_id[row["entity"], row["item_id"]] = row

    def all_rows(self) -> Iterable[Row]:
        """Return all that may be asked for."""
        return self._by_id.values()

    def rows(
        self,
        payment: Mapping[str, Any],
        entity: str,
        parties: Iterable[str],
        named: Iterable[str] = (),
        *,
        is_taken: Callable[[tuple[str, str]], bool],
    ) -> dict[str, Row]:
        """Return what a payment may be compared with, by item id.

        Parameters
        ----------
        payment
            Its currency decides: abroad when it was paid there.
        entity
            Whose books.
        parties, named
            Among those of the shelf.
        is_taken
            Whether another payment has the item, by entity and id.
        """
        return {
            row["item_id"]: row
            for row in self._candidates(entity, parties, named)
            if _is_comparable(row, payment)
            and not is_taken((row["entity"], row["item_id"]))
        }

    def _candidates(
        self, entity: str, parties: Iterable[str], named: Iterable[str]
    ) -> Iterator[Row]:
        for party in parties:
            yield from self._of.get((entity, party), ())
        for item_id in named:
            found = self._by_id.get((entity, item_id))
            if found is not None:
                yield found


def _is_comparable(row: Row, payment: Mapping[str, Any]) -> bool:
    abroad = payment.get("foreign_currency")
    if abroad is not None:
        return bool(row["foreign_currency"] == abroad)
    return bool(row["currency"] == payment["currency"])


def _texts(values: Iterable[str]) -> pa.Array:
    return pa.array(sorted(values), pa.string())
