"""The history that a replay or a back-test decides again, and what of it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa  # noqa: TC002 - the fields' types

from alloc.app.past import Past  # noqa: TC001 - as above
from alloc.app.replay.fingerprint import fingerprint
from alloc.app.replay.oddities import sifted
from alloc.cli.replay_kept import kept_in
from alloc.cli.replay_sources import read_past

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from alloc.app.ports import Ledger
    from alloc.cli.replay_kept import KeptFolder
    from alloc.cli.session import Session
    from alloc.cli.workspace import Workspace
    from alloc.messages import Messages
    from alloc.rules import Rule
    from alloc.settings import Settings

__all__ = ["History", "read_history"]


class History(NamedTuple):
    """What is decided again, and what is known meanwhile."""

    past: Past
    settings: Settings
    customers: pa.Table
    remittances: pa.Table

    def kept(
        self,
        folder: Path | None,
        session: Session,
        messages: Messages,
        *,
        rules: Sequence[Rule],
        options: Mapping[str, object],
    ) -> KeptFolder | None:
        """Open what a run of the same inputs has decided so far; None of no folder.

        Parameters
        ----------
        folder
            Of the report.
        session, messages
            Where and how it is told that a run goes on, or starts anew.
        rules, options
            What else the run depends on.
        """
        if folder is None:
            return None
        tables = (self.customers, self.remittances)
        inputs = fingerprint(
            self.past, self.settings, tables, rules=rules, options=options
        )
        return kept_in(folder, inputs, session, messages)


def read_history(
    ledger: Ledger,
    workspace: Workspace,
    settings: Settings,
    books: Sequence[Path],
    *,
    span: tuple[dt.date | None, dt.date | None],
) -> History:
    """Read what is decided again, without what cannot be compared.

    See `alloc.cli.replay_sources.read_past` and `alloc.app.replay.oddities.sifted`.
    """
    past, customers = read_past(
        *(ledger, settings, books, workspace.profiles()), since=span[0], until=span[1]
    )
    past = sifted(past, {one.id: one.currency for one in settings.entities})
    remittances = ledger.remittances(past.payments["payment_id"].to_pylist())
    return History(past, settings, customers, remittances)
