"""Kill executors and Python workers of Spark in the middle of work, and compare.

python bench/spark_kills.py [KILLS]     # default 12: every other one an executor

Each job decides 16 shards on two executors of this machine. Which process is killed,
and after how many shards, is drawn from a seed. The answer is held against the bytes of
one process. What was seen is written to `bench/record/spark-kills.csv`. Needs the extra
``spark`` and a JDK.
"""

from __future__ import annotations

import csv
import datetime as dt
import random
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from processes import ROOT, commit

sys.path.append(str(ROOT / "tests" / "spark"))
from group_of_companies import POLICY, by_one_process, hard_tables, written
from killing import Asked, kill_in_the_middle

from alloc.spark import propose
from spark import opened

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

KILLS = 12
SHARDS = 16
VICTIMS = ("executor", "python worker")
RECORD = Path(__file__).with_name("record") / "spark-kills.csv"
HEAD = ("day", "commit", "seed", "killed", "shards done", "of")
HEAD += ("tasks lost", "outcome", "s")


def main(kills: int) -> None:
    """Run a job for each kill, and add how it ended to the record."""
    made = hard_tables()
    wanted = written(by_one_process(made))
    spark = opened("local-cluster[2,1,768]")
    rows = {name: spark.createDataFrame(table) for name, table in made.items()}

    def decide() -> list[bytes]:
        answer = propose(spark, **rows, policy=POLICY, shards=SHARDS)
        try:
            return written(answer.collect())
        finally:
            answer.release()

    for seed in range(kills):
        began, before = time.monotonic(), tasks_lost(spark)
        asked, rng = Asked(decide), random.Random(seed)
        victim = VICTIMS[seed % len(VICTIMS)]
        asked.start()
        done = kill_in_the_middle(spark, victim, rng, shards=SHARDS)
        asked.join()
        outcome = "exact" if asked.answer == wanted else "BROKEN"
        seconds = int(time.monotonic() - began)
        lost = tasks_lost(spark) - before
        keep(seed, victim, done, SHARDS, lost, outcome, seconds)
    spark.stop()


def tasks_lost(spark: SparkSession) -> int:
    """Count the tasks of all jobs that ended with the process they ran in."""
    tracker = spark.sparkContext.statusTracker()
    jobs = map(tracker.getJobInfo, tracker.getJobIdsForGroup(None))
    ids = {stage for job in jobs if job for stage in job.stageIds}
    return sum(info.numFailedTasks for info in map(tracker.getStageInfo, ids) if info)


def keep(*seen: object) -> None:
    """Print a row, and add it to the record."""
    day = dt.datetime.now(dt.UTC).date()
    row = (day, commit(), *seen)
    print(*row, flush=True)
    with RECORD.open("a", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        if file.tell() == 0:
            rows.writerow(HEAD)
        rows.writerow(row)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else KILLS)
