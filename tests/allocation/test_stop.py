"""Nobody waits for what nobody wants any more."""

from __future__ import annotations

import datetime as dt
import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

import alloc
from alloc import engine
from alloc.errors import StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DAY = dt.date(2026, 4, 30)
#: So many items, and so many payments that no set of them makes up, that deciding all
#: takes minutes.
ITEMS, PAYMENTS = 2_000, 20_000


def items() -> pa.Table:
    numbers = range(ITEMS)
    return pa.table(
        {
            "item_id": [f"I{number}" for number in numbers],
            "entity": ["FR01"] * ITEMS,
            "customer_id": ["C1"] * ITEMS,
            "reference": [f"INV-{number:05}" for number in numbers],
            "currency": ["EUR"] * ITEMS,
            "open_minor": [10**10 + number * number * 1_009 for number in numbers],
        }
    )


def payments(count: int = PAYMENTS) -> pa.Table:
    rows = [
        {
            "payment_id": f"P{number}",
            "entity": "FR01",
            "value_date": DAY,
            "currency": "EUR",
            "amount_minor": 10**12 + number * 37,
            "customer_id": "C1",
            "remittance_text": ["VIR"],
        }
        for number in range(count)
    ]
    return pa.Table.from_pylist(rows, engine.schema("payments"))


@contextmanager
def soon(act: Callable[[], object]) -> Iterator[None]:
    timer = threading.Timer(0.2, act)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_a_call_that_is_stopped_decides_nothing() -> None:
    book, stop = engine.Book(items()), engine.Stop()
    (row,) = payments(1).to_pylist()
    stop.set()
    for call in (
        lambda: engine.propose(items(), payments(1), stop=stop),
        lambda: book.propose(payments(1), stop=stop),
        lambda: book.decide(row, stop=stop),
    ):
        with pytest.raises(StoppedError) as stopped:
            call()
        assert stopped.value.reason == "STOPPED"


@pytest.mark.parametrize("threads", [1, None])
def test_a_long_call_ends_when_another_thread_stops_it(threads: int | None) -> None:
    book, stop = engine.Book(items()), engine.Stop()
    before = book.propose(payments(3)).decisions
    with soon(stop.set), pytest.raises(StoppedError):
        book.propose(payments(), threads=threads, stop=stop)
    assert book.propose(payments(3)).decisions == before


def test_ctrl_c_ends_a_long_call() -> None:
    with soon(interrupt), pytest.raises(KeyboardInterrupt):
        alloc.propose(items(), payments())
    with soon(interrupt), pytest.raises(KeyboardInterrupt):
        engine.Book(items()).propose(payments())
