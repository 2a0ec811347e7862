"""What is open at each entity, kept between calls."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from alloc.app.propose import OpenPool

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from alloc.app.shared_ledger import SharedLedger
    from alloc.settings import Settings

__all__ = ["Pools"]


class Pools:
    """Gives each call a pool that is no older than the call.

    Parameters
    ----------
    settings
        Of the workspace.
    reading
        Lends a connection that reads.
    """

    def __init__(
        self,
        settings: Settings,
        reading: Callable[[], AbstractContextManager[SharedLedger]],
    ) -> None:
        self._settings = settings
        self._reading = reading
        self._kept = {entity.id: _Kept() for entity in settings.entities}

    def of(self, entity: str) -> OpenPool:
        """Return what is open at an entity now.

        Whoever comes while another call reads the ledger takes what the next one reads:
        it began after both of them came.

        Raises
        ------
        alloc.errors.InputError
            There is no such entity (``ENTITY_UNKNOWN``).
        """
        came = time.monotonic_ns()
        kept = self._kept[self._settings.entity(entity).id]
        with kept.turn:
            if kept.pool is None or kept.read_from <= came:
                read_from = time.monotonic_ns()
                with self._reading() as ledger:
                    if kept.pool is None or not kept.pool.follow(ledger):
                        kept.pool = OpenPool(ledger, self._settings, entity)
                kept.read_from = read_from
            return kept.pool


class _Kept:
    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.pool: OpenPool | None = None
        self.read_from = 0
