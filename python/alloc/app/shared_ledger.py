"""What a ledger offers to several callers at once, beside `alloc.app.ports.Ledger`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from alloc.app.ports import Ledger

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    import pyarrow as pa

_Result = TypeVar("_Result")

#: What became of a call: its answer; why it was refused; None, when it can only be
#: decided after another one of the same transaction, and is to be made again.
Outcome = bytes | Exception | None


@dataclass(frozen=True, slots=True)
class LedgerPosition:
    """How far a ledger is: equal positions have equal open items and customers.

    Parameters
    ----------
    seq
        Of the last journal entry.
    import_id
        Of the last import.
    refusals
        How many matches were refused.
    """

    seq: int
    import_id: int
    refusals: int


@dataclass(frozen=True, slots=True)
class Call:
    """A call from outside that writes, and that is answered once.

    Parameters
    ----------
    caller
        Who calls: the keys of two callers never meet.
    key
        What the caller names the call; the same again is the same call.
    method
        What is called.
    request_sha256
        Hex digest of the request without its key.
    """

    caller: str
    key: str
    method: str
    request_sha256: str


class SharedLedger(Ledger, Protocol):
    """A ledger that many work on: calls that are answered once, claims."""

    def position(self) -> LedgerPosition:
        """Return how far the ledger is; cheap."""

    def items_changed(self, since: LedgerPosition, *, entity: str) -> pa.Table:
        """Return the items of customers that may have changed since a position.

        Columns of `alloc.app.ports.Ledger.open_items`, as the items are now; also
        those on which nothing is open any more.
        """

    def customers_changed(self, since: LedgerPosition) -> bool:
        """Say whether a customer may have changed since a position."""

    def once(
        self,
        calls: Sequence[Call],
        act: Callable[[list[int]], Sequence[Outcome]],
        *,
        now: dt.datetime,
    ) -> list[Outcome]:
        """Answer calls in one transaction; those answered before get that answer.

        Parameters
        ----------
        calls
            One that has the key of another waits for it: its outcome is None.
        act
            Takes the places of the calls that are new, writes through this ledger,
            and returns their outcomes; answers are kept. When it raises, nothing is.

        Returns
        -------
        list
            An outcome for each call; ``IDEMPOTENCY_KEY_REUSED`` where the key belongs
            to another request.
        """

    def attempt(self, act: Callable[[], _Result]) -> _Result | Exception:
        """Act inside `once`, or undo what it wrote and return why it failed.

        Raises
        ------
        alloc.errors.StoreError
            The disk or the server failed: no call can go on.
        """

    def claim(
        self, payment_id: str, *, by: str, until: dt.datetime, now: dt.datetime
    ) -> None:
        """Claim a payment of the review queue, or move the end of one's own claim.

        Raises
        ------
        alloc.errors.ConflictError
            ``PAYMENT_CLAIMED``: somebody else works on it.
        """

    def check_claim(self, payment_id: str, *, by: str, now: dt.datetime) -> None:
        """Refuse a payment that somebody else works on: ``PAYMENT_CLAIMED``."""

    def claims(self, *, now: dt.datetime) -> pa.Table:
        """Return the claims that have not run out.

        payment_id, claimed_by, claimed_at, claimed_until (UTC, ISO 8601)
        """
