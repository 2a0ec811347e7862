"""The nightly job as a process: a night, a night with trouble, a night in French."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from day import (
    CLEARED,
    CUSTOMERS,
    DAY,
    OPEN_ITEMS,
    Credit,
    statement,
    write_day,
)
from filelock import FileLock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

    from conftest import Outcome

    Call = Callable[..., Outcome]


@pytest.fixture
def night(workspace: Path) -> Path:
    """A workspace with a day in its inbox; the files are old enough to be taken."""
    write_day(workspace / "inbox")
    return workspace


def files(workspace: Path) -> list[str]:
    return sorted(
        path.relative_to(workspace).as_posix()
        for folder in ("inbox", "done", "failed", "reports", "exports")
        for path in (workspace / folder).rglob("*")
        if path.is_file()
    )


def test_a_night_takes_everything_and_sums_up_in_its_last_line(
    night: Path, alloc: Call, snapshot: SnapshotAssertion
) -> None:
    got = alloc("-C", night, "run")
    assert (got.code, got.stderr) == (3, "")
    assert got.stdout == snapshot
    assert got.stdout.splitlines()[-1] == (
        "alloc run: 3 files, 0 failed; 3 payments, 1 cleared (33.3 %), 1 for review,"
        " 1 in suspense, 2 journal entries"
    )
    assert files(night) == [
        "done/2026-03-31/customers.csv",
        "done/2026-03-31/items.csv",
        "done/2026-03-31/statement.xml",
        "reports/2026-03-31.json",
        "reports/2026-03-31.txt",
    ]
    report = (night / "reports/2026-03-31.txt").read_text("utf-8")
    assert got.stdout.splitlines()[-1] == report.splitlines()[-1]
    assert alloc("-C", night, "verify").code == 0


def test_quiet_prints_the_last_line_only(night: Path, alloc: Call) -> None:
    got = alloc("-C", night, "run", "--quiet")
    assert (got.code, got.stderr) == (3, "")
    assert re.fullmatch(r"alloc run: .*\n", got.stdout)


def test_the_report_is_a_document_too(night: Path, alloc: Call) -> None:
    got = alloc("-C", night, "run", "--json")
    kept = json.loads((night / "reports/2026-03-31.json").read_text("utf-8"))
    assert got.document == kept
    assert kept["exit_code"] == got.code == 3
    assert [file["kind"] for file in kept["files"]] == [
        "customers",
        "open_items",
        "bank",
    ]
    assert kept["cleared"]["entries"] == 2


def test_the_next_run_finds_nothing_to_do(night: Path, alloc: Call) -> None:
    alloc("-C", night, "run")
    before = alloc("-C", night, "export", "json", "-o", "-").stdout
    got = alloc("-C", night, "run", "--json")
    assert got.document["files"] == []
    assert got.document["cleared"]["entries"] == 0
    assert alloc("-C", night, "export", "json", "-o", "-").stdout == before
    assert "reports/2026-03-31-2.txt" in files(night)


def test_a_night_in_french(
    night: Path, alloc: Call, snapshot: SnapshotAssertion
) -> None:
    config = night / "alloc.toml"
    config.write_text(config.read_text().replace('locale = "en"', 'locale = "fr"'))
    assert alloc("-C", night, "run").code == 3
    assert (night / "reports/2026-03-31.txt").read_text("utf-8") == snapshot


def test_a_bad_file_fails_alone_and_the_night_goes_on(night: Path, alloc: Call) -> None:
    (night / "inbox/cut.xml").write_text(statement(CLEARED)[:900])
    (night / "inbox/notes.pdf").write_bytes(b"%PDF-1.7\0")
    got = alloc("-C", night, "run", "--json")
    assert got.code == 65
    failed = {file["name"]: file for file in got.document["files"] if "error" in file}
    assert sorted(failed) == ["cut.xml", "notes.pdf"]
    assert failed["cut.xml"]["error"]["reason"] == "FILE_TRUNCATED"
    assert got.document["cleared"]["entries"] == 2
    assert [name for name in files(night) if name.startswith("failed/")] == [
        "failed/cut.xml",
        "failed/cut.xml.reason.json",
        "failed/cut.xml.reason.txt",
        "failed/notes.pdf",
        "failed/notes.pdf.reason.json",
        "failed/notes.pdf.reason.txt",
    ]
    reason = (night / "failed/cut.xml.reason.txt").read_text("utf-8")
    assert re.fullmatch(r"cut\.xml:\d+: .*\[FILE_TRUNCATED\]\n", reason)


def test_the_configured_exports_are_renewed(night: Path, alloc: Call) -> None:
    config = night / "alloc.toml"
    text = config.read_text().replace("# formats = ", "formats = ")
    config.write_text(
        text.replace('name = "Paris"', 'name = "Paris"\nsiren = "732829320"')
    )
    assert alloc("-C", night, "run").code == 3
    exports = [name for name in files(night) if name.startswith("exports/")]
    assert exports == [
        "exports/csv/allocations.csv",
        "exports/csv/entries.csv",
        "exports/csv/letters.csv",
        "exports/fec/732829320FEC20261231.txt",
        "exports/journal.beancount",
        "exports/journal.hledger",
        "exports/journal.json",
    ]
    before = {name: (night / name).read_bytes() for name in exports}
    paid = Credit("B9", "300.50", "MARTIN SARL", "REGLEMENT FA2603-0002")
    (night / "inbox/next.xml").write_text(statement(paid, day="2026-04-01"))
    alloc("-C", night, "run")
    after = {name: (night / name).read_bytes() for name in exports}
    assert set(after) == set(before)
    assert all(after[name] != before[name] for name in exports)


def test_an_export_that_cannot_be_told_is_reported_and_loses_nothing(
    night: Path, alloc: Call
) -> None:
    config = night / "alloc.toml"
    config.write_text(
        config.read_text().replace("# formats = [", 'formats = ["fec", "json"] # [')
    )
    got = alloc("-C", night, "run", "--json")
    assert got.code == 65
    assert [row["reason"] for row in got.document["export_errors"]] == ["SIREN_INVALID"]
    assert got.document["exports"] == ["exports/journal.json"]
    assert got.document["cleared"]["entries"] == 2


def test_a_second_run_in_the_same_workspace_leaves_at_once(
    night: Path, alloc_process: Call
) -> None:
    with FileLock(night / ".alloc.lock"):
        got = alloc_process("-C", night, "run")
    assert got.code == 75
    assert got.stderr.count("\n") == 1
    assert "another run is at work" in got.stderr
    assert "inbox/statement.xml" in files(night)
    assert alloc_process("-C", night, "run").code == 3


def test_a_workspace_of_files_alone_gets_its_ledger(night: Path, alloc: Call) -> None:
    for name in ("done", "failed", "reports", "exports", "profiles"):
        shutil.rmtree(night / name)
    (night / "ledger.db").unlink()
    assert alloc("-C", night, "run").code == 3
    (night / "ledger.db").unlink()
    lost = alloc("-C", night, "run")
    assert lost.code == 66
    assert "[LEDGER_MISSING]" in lost.stderr


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_run_that_is_stopped_leaves_nothing_half_done(
    night: Path, alloc: Call, number: signal.Signals, code: int
) -> None:
    many = [
        f"PARIS;N{item};C1;EUR;10.00;FB{item:06};2026-03-02;2026-03-31\n"
        for item in range(60_000)
    ]
    (night / "inbox/items.csv").write_text(OPEN_ITEMS + "".join(many))
    os.utime(night / "inbox/items.csv", (0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "alloc", "-C", night, "run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # The customers are done, the items are under way.
    while not (night / "done/2026-03-31/customers.csv").exists():
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(number)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == code, stderr
    assert "Traceback" not in stderr
    assert "inbox/statement.xml" in files(night)
    assert alloc("-C", night, "verify").code == 0
    assert alloc("-C", night, "run").code == 3
    assert alloc("-C", night, "status", "--json").document["entries"] == 2


def test_what_arrives_in_pieces_is_cleared_when_all_is_there(
    workspace: Path, alloc: Call
) -> None:
    inbox = workspace / "inbox"
    (inbox / "statement.xml").write_text(statement(*DAY))
    first = alloc("-C", workspace, "run", "--json").document
    assert first["cleared"]["reasons"]["auto"] == {}
    (inbox / "items.csv").write_text(OPEN_ITEMS)
    (inbox / "customers.csv").write_text(CUSTOMERS)
    second = alloc("-C", workspace, "run", "--json").document
    assert sum(second["cleared"]["reasons"]["auto"].values()) == 1
    assert alloc("-C", workspace, "verify").code == 0
