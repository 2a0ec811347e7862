"""Load a service for an hour and watch its memory; write `bench/record/load.csv`.

python bench/load.py [MINUTES [PAUSE_MS]]

Four callers post, explain, propose, list and reverse, each on payments of its own, with
a pause between their rounds. A run that is ended early has recorded what it saw.
"""

from __future__ import annotations

import csv
import datetime as dt
import sys
import tempfile
from pathlib import Path

from alloc_server.keeping import add_token
from processes import commit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "grpc"))
from certificates import write_certificates
from load_calls import Load, Sample
from served import Served
from service_case import payment_ids

from service import workspace_of

ITEMS = 10_000
RECORD = Path(__file__).with_name("record") / "load.csv"
EVERY = 30


def keep(started: str, sample: Sample) -> None:
    """Add a sample to the record."""
    with RECORD.open("a", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        if file.tell() == 0:
            rows.writerow(["started", "commit", *Sample._fields])
        rows.writerow([started, commit(), *sample])


def main(minutes: int, pause_ms: int) -> None:
    """Load a new workspace for so many minutes."""
    started = f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"
    with tempfile.TemporaryDirectory(prefix="alloc-load-") as folder:
        root = Path(folder)
        write_certificates(root)
        (root / "workspace").mkdir()
        workspace = workspace_of(root / "workspace", ITEMS)
        token = add_token(
            workspace.root / "tokens.toml",
            name="load",
            entities=["*"],
            rights=["read", "propose", "post"],
            expires=None,
        )
        server = Served(workspace, root)
        names = [
            name for bank, name in payment_ids(workspace).items() if bank[0] == "B"
        ]
        with server.client(token) as client:
            load = Load(client, names, pause=pause_ms / 1000)
            for sample in load.run(minutes * 60, server.process.pid, every=EVERY):
                keep(started, sample)
        server.terminate()
        if load.errors:
            raise load.errors[0]


if __name__ == "__main__":
    words = [int(word) for word in sys.argv[1:]]
    main(words[0] if words else 60, words[1] if words[1:] else 0)
