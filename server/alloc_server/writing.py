"""The one writer of a process: calls that come together are one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alloc.app.review import Accepted, accept_each
from alloc.errors import AllocError
from alloc_server.limits import WRITES_MAX
from alloc_server.turns import Turns

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from google.protobuf.message import Message

    from alloc.app.review import Acceptance
    from alloc.app.shared_ledger import Call, Outcome, SharedLedger
    from alloc.rules import Rule
    from alloc.settings import Settings
    from alloc_server.errors import CallGoneError

__all__ = ["Accepting", "Acting", "Write", "Writer"]


@dataclass(frozen=True, slots=True)
class Acting:
    """What a call does by itself.

    Parameters
    ----------
    act
        Writes through the ledger, and answers.
    """

    act: Callable[[SharedLedger], Message]


@dataclass(frozen=True, slots=True)
class Accepting:
    """A choice that a call posts, together with those of other calls.

    Parameters
    ----------
    acceptance
        What was chosen, by whom.
    answer
        Says what became of it.
    """

    acceptance: Acceptance
    answer: Callable[[Accepted], Message]


@dataclass(frozen=True, slots=True)
class Write:
    """One call that writes.

    Parameters
    ----------
    call
        Its name: it is answered once.
    is_wanted
        Whether its caller still waits.
    gone
        Says why it does not.
    deed
        What it does.
    """

    call: Call
    is_wanted: Callable[[], bool]
    gone: Callable[[], CallGoneError]
    deed: Acting | Accepting


class Writer:
    """Writes for all calls of a process, over one connection.

    Parameters
    ----------
    ledger
        The connection.
    settings, rules
        Of the workspace.
    now
        The clock, UTC.
    """

    def __init__(
        self,
        ledger: SharedLedger,
        settings: Settings,
        rules: Sequence[Rule],
        *,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._ledger = ledger
        self._settings = settings
        self._rules = rules
        self._now = now
        self._turns: Turns[Write, bytes] = Turns(self.written, at_a_time=WRITES_MAX)

    def close(self) -> None:
        """Close the connection; no call may be served any more."""
        self._ledger.close()

    def write(self, write: Write, *, seconds: float) -> bytes:
        """Write for a call, and return its answer once that is committed.

        Raises
        ------
        alloc.errors.AllocError
            ``LEDGER_BUSY``, ``IDEMPOTENCY_KEY_REUSED``, ``CALL_GONE`` when its caller
            had gone before it was begun, and what the use case raises.
        """
        return self._turns.take(write, seconds=seconds)

    def written(self, writes: Sequence[Write]) -> list[Outcome]:
        """Write for several calls in one transaction, as if for one after the other.

        Those that are refused come first, then choices, then all else; what cannot be
        told before another one is done has the outcome None.
        """
        now = self._now()

        def act(places: list[int]) -> list[Outcome]:
            return self._acted([writes[place] for place in places], now)

        return self._ledger.once([write.call for write in writes], act, now=now)

    def _acted(self, writes: Sequence[Write], now: dt.datetime) -> list[Outcome]:
        """Do what is still wanted: choices together, the rest one after the other."""
        outcomes: dict[int, Outcome] = {}
        choices: dict[int, Accepting] = {}
        for place, write in enumerate(writes):
            if not write.is_wanted():
                outcomes[place] = write.gone()
            elif isinstance(write.deed, Accepting):
                choices[place] = write.deed
        outcomes |= self._accepted(choices, now)
        for place, write in enumerate(writes):
            if place not in outcomes and isinstance(write.deed, Acting):
                outcomes[place] = self._alone(write.deed)
        return [outcomes.get(place) for place in range(len(writes))]

    def _alone(self, deed: Acting) -> Outcome:
        answer = self._ledger.attempt(lambda: deed.act(self._ledger))
        return answer if isinstance(answer, Exception) else _bytes_of(answer)

    def _accepted(
        self, choices: dict[int, Accepting], now: dt.datetime
    ) -> dict[int, Outcome]:
        """Post choices that are not claimed by others; who spoils a lot fails alone."""
        if not choices:
            return {}
        outcomes: dict[int, Outcome] = {}
        claims = self._ledger.claims(now=now).to_pylist()
        claimed_by = {row["payment_id"]: row["claimed_by"] for row in claims}
        free: dict[int, Accepting] = {}
        for place, choice in choices.items():
            asked = choice.acceptance
            if claimed_by.get(asked.payment_id, asked.decided_by) == asked.decided_by:
                free[place] = choice
                continue
            try:
                self._ledger.check_claim(asked.payment_id, by=asked.decided_by, now=now)
            except AllocError as error:
                outcomes[place] = error
        return outcomes | self._posted(free, now)

    def _posted(
        self, choices: dict[int, Accepting], now: dt.datetime
    ) -> dict[int, Outcome]:
        if not choices:
            return {}
        asked = [choice.acceptance for choice in choices.values()]
        found = self._ledger.attempt(
            lambda: accept_each(
                *(self._ledger, self._settings, asked), now=now, rules=self._rules
            )
        )
        if not isinstance(found, Exception):
            return {
                place: _bytes_of(choices[place].answer(outcome))
                if isinstance(outcome, Accepted)
                else outcome
                for place, outcome in zip(choices, found, strict=True)
            }
        places = list(choices)
        if len(places) == 1:
            return {places[0]: found}
        half = len(places) // 2
        outcomes: dict[int, Outcome] = {}
        for part in (places[:half], places[half:]):
            outcomes |= self._posted({at: choices[at] for at in part}, now)
        return outcomes


def _bytes_of(answer: Message) -> bytes:
    return answer.SerializeToString(deterministic=True)
