"""Where the tables of the ledger end: what a transaction goes on from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alloc.app.audit import AUDIT_GENESIS
from alloc.engine import GENESIS_HASH

if TYPE_CHECKING:
    from alloc.store.database import Database

__all__ = ["Ends", "ends"]

_SQL = """
    select coalesce((select max(seq) from journal_entry), 0),
      (select hash from journal_entry order by seq desc limit 1),
      coalesce((select max(decision_id) from decision), 0),
      coalesce((select max(letter_group) from letter_group), 0),
      coalesce((select max(audit_no) from audit_record), 0),
      (select hash from audit_record order by audit_no desc limit 1),
      exists (select 1 from open_item where analytic is not null),
      exists (select 1 from approval)
    """


class Ends(NamedTuple):
    """The last of everything that a posting adds to, and whether some tables have rows.

    Parameters
    ----------
    seq, entry_hash
        Of the last journal entry; its hash in hex.
    decision_id, letter_group
        The largest.
    audit_no, audit_hash
        Of the last audit record.
    has_sections
        Whether an item belongs to an analytic section.
    has_approvals
        Whether an acceptance waits for a second person.
    """

    seq: int
    entry_hash: str
    decision_id: int
    letter_group: int
    audit_no: int
    audit_hash: str
    has_sections: bool
    has_approvals: bool


def ends(db: Database) -> Ends:
    """Read all of it at once, inside the transaction that goes on from there."""
    found = db.row(_SQL)
    assert found is not None  # noqa: S101 - a query without a table has one row
    last = Ends(*found)  # type: ignore[arg-type]
    return last._replace(
        entry_hash=last.entry_hash or GENESIS_HASH.hex(),
        audit_hash=last.audit_hash or AUDIT_GENESIS,
    )
