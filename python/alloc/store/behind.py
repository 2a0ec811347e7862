"""Work that is done in a thread, in its order, while the next is made ready."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

__all__ = ["Behind"]


class Behind:
    """A thread that does one thing after the other, and nothing after a failure.

    What fails may have ended the transaction: nothing may be written outside of it.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._undone: deque[Future[None]] = deque()
        self._is_broken = False

    def add(self, do: Callable[[], None]) -> None:
        """Have something done after all that was added before."""
        self._undone.append(self._thread.submit(self._next, do))

    def wait(self) -> None:
        """Return when all is done; raise the first failure."""
        while self._undone:
            self._undone.popleft().result()

    def end(self) -> None:
        """Return when the thread has ended; what it has not begun is left."""
        self._thread.shutdown(cancel_futures=True)

    def _next(self, do: Callable[[], None]) -> None:
        if self._is_broken:
            return
        try:
            do()
        except BaseException:
            self._is_broken = True
            raise
