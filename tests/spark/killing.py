"""Kills an executor or a Python worker of this machine while a job runs."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from pyspark.sql import SparkSession


class Asked(threading.Thread):
    """A call that runs while something else happens."""

    def __init__(self, call: Callable[[], list[bytes]]) -> None:
        super().__init__(daemon=True)
        self._call = call
        self.answer: list[bytes] = []

    def run(self) -> None:
        self.answer = self._call()


def kill_in_the_middle(
    spark: SparkSession, victim: str, rng: random.Random, *, shards: int
) -> int:
    """Wait until some shards are decided and others are not; kill one process.

    How many are waited for is drawn. Says how many were decided.
    """
    tracker = spark.sparkContext.statusTracker()
    until, wanted = time.monotonic() + 240, rng.randint(1, shards // 2)
    while time.monotonic() < until:
        infos = map(tracker.getStageInfo, tracker.getActiveStageIds())
        stages = [info for info in infos if info and info.numTasks == shards]
        for info in stages:
            if info.numCompletedTasks >= wanted and info.numActiveTasks:
                os.kill(rng.choice(sorted(victims(victim))), signal.SIGKILL)
                return int(info.numCompletedTasks)
        time.sleep(0.01)
    raise AssertionError("the job never got to the middle")


def victims(kind: str) -> Iterator[int]:
    """Executors, or Python workers, that this process started."""
    seen = dict(processes())
    mine = {os.getpid()}
    for _ in range(8):
        mine |= {pid for pid, (parent, _) in seen.items() if parent in mine}
    daemons = {pid for pid in mine if "pyspark.daemon" in seen.get(pid, (0, ""))[1]}
    for pid in mine:
        parent, words = seen.get(pid, (0, ""))
        if kind == "executor" and "CoarseGrainedExecutorBackend" in words:
            yield pid
        if kind == "python worker" and parent in daemons:
            yield pid


def processes() -> Iterator[tuple[int, tuple[int, str]]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace")
            status = (folder / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        yield int(folder.name), (int(status.rpartition(")")[2].split()[1]), words)
