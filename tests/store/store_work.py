"""Work of another process on a ledger.

``python store_work.py LEDGER TASK TIMEOUT_MS [KILL_AT]`` prints ``ready`` before it
begins, then what came of it or the reason of the refusal. With KILL_AT it kills itself
(-9) there: an even number 2n is before the n-th statement of the task, 2n + 1 is after
it; ``count`` prints how many such points there are.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa
from store_books import (
    CUSTOMER,
    IBAN,
    NOW,
    Line,
    Plan,
    bank_file,
    batch,
    entry_id,
    items_table,
    source,
)

from alloc.errors import AllocError, ConflictError
from alloc.store import open_ledger
from alloc.store.database import Database

if TYPE_CHECKING:
    from collections.abc import Callable

    from alloc.app.ports import Ledger

COUNT = 400
DAYS = 8


def lines() -> list[Line]:
    """The payments of the campaign: COUNT, half of which pay their item in part."""
    return [Line(f"B{number}", 1_000 + number) for number in range(COUNT)]


def items() -> dict[str, int]:
    """One item a payment; every second one is larger than its payment."""
    return {f"F{number}": 1_000 + number + number % 2 for number in range(COUNT)}


def import_all(ledger: Ledger) -> None:
    """Import the bank file and the items, a file a transaction."""
    ledger.import_bank_file(
        source("bank.xml", "bank"), bank_file(lines()), entities={IBAN: "E1"}, now=NOW
    )
    ledger.import_open_items(
        source("items.csv", "open_items"),
        items_table(items()),
        accounts={"E1": CUSTOMER},
        now=NOW,
    )


def post_all(ledger: Ledger) -> None:
    """Post what is not posted yet, in DAYS batches."""
    waiting = set(ledger.payments()["payment_id"].to_pylist())
    plans = [
        Plan(entry_id(line), {f"F{number}": line.amount_minor})
        for number, line in enumerate(lines())
        if entry_id(line) in waiting
    ]
    size = COUNT // DAYS
    for first in range(0, len(plans), size):
        ledger.post(batch(ledger, plans[first : first + size]), now=NOW)


def race(ledger: Ledger) -> str:
    """Draft every batch, wait for a line, post them all; say how often who won."""
    plans = [
        Plan(entry_id(line), {f"F{number}": line.amount_minor})
        for number, line in enumerate(lines())
    ]
    size = COUNT // DAYS
    batches = [
        batch(ledger, plans[first : first + size]) for first in range(0, COUNT, size)
    ]
    tell("drafted")
    sys.stdin.readline()
    outcomes: Counter[str] = Counter()
    for drafted in batches:
        try:
            ledger.post(drafted, now=NOW)
        except ConflictError as error:
            outcomes[error.reason] += 1
        else:
            outcomes["POSTED"] += 1
    return json.dumps(outcomes)


def hold(ledger: Ledger) -> None:
    """Hold the write lock until a line comes in."""
    with ledger._db.write():  # type: ignore[attr-defined]  # noqa: SLF001
        tell("held")
        sys.stdin.readline()


def tell(word: str) -> None:
    """Say something to the test."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


TASKS: dict[str, Callable[..., str | None]] = {
    "import": import_all,
    "post": post_all,
    "race": race,
    "hold": hold,
}


class Killer:
    """Counts the points before and after every statement, and strikes at one."""

    def __init__(self, kill_at: int, strike: Callable[[], object]) -> None:
        self._kill_at = kill_at
        self._strike = strike
        self.points = 0

    def install(self, put: Callable[..., None] = setattr) -> None:
        """Stand around every way to reach the database."""
        for name in ("execute", "query", "scalar", "stage", "append"):
            put(Database, name, self._around(getattr(Database, name)))

    def _around(self, method: Callable[..., object]) -> Callable[..., object]:
        def around(*arguments: object, **options: object) -> object:
            self._point()
            result = method(*arguments, **options)
            self._point()
            return result

        return around

    def _point(self) -> None:
        if self.points == self._kill_at:
            self._strike()
        self.points += 1


def kill_self() -> None:
    """Die at once."""
    os.kill(os.getpid(), signal.SIGKILL)


def main(url: str, task: str, timeout_ms: int, kill_at: str = "") -> None:
    """Open the ledger, say so, wait for a line, do the task."""
    pa.set_cpu_count(1)
    killer = Killer(int(kill_at) if kill_at.isdigit() else -1, kill_self)
    with open_ledger(url, write=True, busy_timeout_ms=timeout_ms) as ledger:
        tell("ready")
        sys.stdin.readline()
        if kill_at:
            killer.install()
        try:
            answer = TASKS[task](ledger) or "done"
        except AllocError as error:
            answer = error.reason
        tell(str(killer.points) if kill_at == "count" else answer)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
