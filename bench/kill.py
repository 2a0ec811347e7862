"""Kill server, PostgreSQL and client at many seeded points; the tests judge.

python bench/kill.py [KILLS]     # of each, default 200

CI does the same tests with 20 kills each. What was seen is written to
`bench/record/kill.csv`.
"""

from __future__ import annotations

import csv
import datetime as dt
import os
import subprocess
import sys
import time
from pathlib import Path

from processes import ROOT, commit

KILLS = 200
RECORD = Path(__file__).with_name("record") / "kill.csv"
#: What is killed: the tests that do it, and how often each kills.
CAMPAIGNS = {
    "client that posts, SQLite": (
        "tests/store/test_ledger_processes.py",
        "killed_while_it_posts and sqlite",
    ),
    "client that posts, PostgreSQL": (
        "tests/store/test_ledger_processes.py",
        "killed_while_it_posts and postgresql",
    ),
    "PostgreSQL while a batch is posted": (
        "tests/store/test_ledger_server_killed.py",
        "killed_while_a_batch",
    ),
    "alloc serve under three callers": (
        "tests/grpc/test_killed_server.py",
        "whenever_the_server_dies",
    ),
}


def main(kills: int) -> None:
    """Run every campaign, and add how each ended to the record."""
    for name, (path, which) in CAMPAIGNS.items():
        began = time.monotonic()
        words = [sys.executable, "-m", "pytest", "-q", path, "-k", which]
        ended = subprocess.run(
            words,
            cwd=ROOT,
            env=os.environ | {"ALLOC_KILLS": str(kills)},
            capture_output=True,
            text=True,
            check=False,
        )
        outcome = "held" if ended.returncode == 0 else "BROKEN"
        seconds = int(time.monotonic() - began)
        print(f"{name}: {kills} kills, {outcome}, {seconds} s", flush=True)
        if ended.returncode:
            print(ended.stdout[-4000:])
        with RECORD.open("a", newline="") as file:
            rows = csv.writer(file, lineterminator="\n")
            if file.tell() == 0:
                rows.writerow(["day", "commit", "killed", "kills", "outcome", "s"])
            day = dt.datetime.now(dt.UTC).date()
            rows.writerow([day, commit(), name, kills, outcome, seconds])


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else KILLS)
