"""What is open, kept for the engine from day to day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.compute as pc

from alloc import engine
from alloc.app.clear import contract

if TYPE_CHECKING:
    import datetime as dt

    import pyarrow as pa

    from alloc.app.known_payers import Told
    from alloc.app.past import FollowedBook
    from alloc.engine import Proposal
    from alloc.settings import Settings

__all__ = ["Pool"]


class Pool:
    """The open items of a day, and the engine that is asked about them.

    Parameters
    ----------
    book
        Moves the items on.
    settings
        The policy says what may be decided without a person.
    customers, remittances
        As the ledger has them.
    """

    def __init__(
        self,
        book: FollowedBook,
        settings: Settings,
        customers: pa.Table,
        remittances: pa.Table,
    ) -> None:
        self._book = book
        self._policy = settings.policy.for_engine()
        self._customers = contract(customers, "customers")
        self._remittances = contract(remittances, "remittances")
        self._items: pa.Table | None = None
        self._engine = self._made_of(book.items.slice(0, 0), None)

    def move_to(self, day: dt.date, told: Told | None) -> None:
        """Bring the items to a day.

        Parameters
        ----------
        day
            Days ascend.
        told
            What is known of the payers of the day; for each day, or for none.
        """
        gone, come = self._book.changed(day)
        self._items = None
        # What is known of payers is told when a book is made, and changes each day.
        if told is not None or self._engine.is_worn:
            self._engine = self._made_of(self.items, told)
        else:
            names = engine.schema("item_ids").names
            self._engine.change(gone.select(names), contract(come, "open_items"))

    @property
    def items(self) -> pa.Table:
        """What is open, as `alloc.app.past.FollowedBook.visible`."""
        if self._items is None:
            self._items = self._book.rows()
        return self._items

    def propose(self, payments: pa.Table) -> Proposal:
        """Ask the engine what payments of the day clear, each call for itself."""
        mine = pc.is_in(
            self._remittances["payment_id"], value_set=payments["payment_id"]
        )
        return self._engine.propose(
            contract(payments, "payments"),
            self._remittances.filter(mine),
            policy=self._policy,
        )

    def _made_of(self, items: pa.Table, told: Told | None) -> engine.Book:
        history, habits = told or (None, None)
        return engine.Book(
            contract(items, "open_items"), self._customers, history, habits=habits
        )
