"""The nightly job in its order: nothing is lost, whatever happens to a file."""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from alloc.app.run import RunReport, RunSteps, WaitingFile, run
from alloc.cli.inbox import FolderInbox
from alloc.cli.workspace import FOLDERS, Workspace
from alloc.errors import ConflictError, InputError, StoreError
from alloc.settings import Inbox

if TYPE_CHECKING:
    from pathlib import Path

NOW = dt.datetime(2026, 4, 1, 4, 0, tzinfo=dt.UTC)
LONG_AGO = NOW.timestamp() - 3600


@dataclass
class Night:
    """A workspace whose files say in their names what becomes of them."""

    workspace: Workspace
    log: list[str] = field(default_factory=list)
    reports: list[RunReport[str, str]] = field(default_factory=list)
    errors: dict[str, BaseException] = field(default_factory=dict)

    def drop(self, *names: str) -> None:
        for name in names:
            path = self.workspace.folder("inbox") / name
            path.write_text(name)
            os.utime(path, (LONG_AGO, LONG_AGO))

    def kind_of(self, path: Path) -> str:
        kind = path.name.partition(".")[0].rstrip("0123456789")
        if kind == "garbage":
            raise InputError("garbage is no known format", reason="FORMAT_UNKNOWN")
        return kind

    @property
    def inbox(self) -> FolderInbox:
        return FolderInbox(self.workspace, Inbox(), self.kind_of, NOW)

    def run(self) -> RunReport[str, str]:
        def import_file(file: WaitingFile) -> str:
            self.log.append(f"import {file.name}")
            if file.name in self.errors:
                raise self.errors[file.name]
            return f"imported {file.name}"

        def clear() -> str:
            self.log.append("clear")
            return "cleared"

        def export() -> tuple[list[str], list[Exception]]:
            self.log.append("export")
            return ["exports/day.csv"], []

        steps = RunSteps(
            inbox=self.inbox,
            import_file=import_file,
            clear=clear,
            export=export,
            report=self.reports.append,
        )
        return run(steps, now=NOW)

    def files(self) -> list[str]:
        return sorted(
            path.relative_to(self.workspace.root).as_posix()
            for path in self.workspace.root.rglob("*")
            if path.is_file()
        )


@pytest.fixture
def night(tmp_path: Path) -> Night:
    for name in FOLDERS:
        (tmp_path / name).mkdir()
    return Night(Workspace(tmp_path))


def test_customers_come_first_and_statements_last(night: Night) -> None:
    night.drop("bank2.xml", "bank1.xml", "open_items.csv", "remittances.csv")
    night.drop("customers.csv")
    night.run()
    assert night.log == [
        "import customers.csv",
        "import open_items.csv",
        "import remittances.csv",
        "import bank1.xml",
        "import bank2.xml",
        "clear",
        "export",
    ]


def test_what_was_imported_lies_under_the_day(night: Night) -> None:
    night.drop("bank1.xml")
    report = night.run()
    assert night.files() == ["done/2026-04-01/bank1.xml"]
    assert report.files[0].moved_to == "done/2026-04-01/bank1.xml"
    assert night.reports == [report]


class PanicException(BaseException):
    """What a panic of the engine looks like."""


@pytest.mark.parametrize("defect", [ZeroDivisionError("ours"), PanicException("ours")])
def test_a_defect_of_ours_stops_its_file_and_not_the_night(
    night: Night, defect: BaseException
) -> None:
    night.drop("bank1.xml", "bank2.xml")
    night.errors["bank1.xml"] = defect
    report = night.run()
    assert night.log == ["import bank1.xml", "import bank2.xml", "clear", "export"]
    assert night.files() == [
        "done/2026-04-01/bank2.xml",
        "failed/bank1.xml",
        "failed/bank1.xml.reason.json",
        "failed/bank1.xml.reason.txt",
    ]
    failed = night.workspace.folder("failed")
    reason = json.loads((failed / "bank1.xml.reason.json").read_text())
    assert (reason["reason"], reason["exit_code"]) == ("INTERNAL", 70)
    text = (failed / "bank1.xml.reason.txt").read_text()
    assert "[INTERNAL]" in text
    assert "raise self.errors[file.name]" in text
    assert report.failed[0].error is defect


def test_an_interrupt_is_no_defect(night: Night) -> None:
    night.drop("bank1.xml")
    night.errors["bank1.xml"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        night.run()
    assert night.files() == ["inbox/bank1.xml"]


def test_a_name_that_was_there_before_is_not_overwritten(night: Night) -> None:
    for _ in range(2):
        night.drop("bank1.xml")
        night.run()
    assert night.files() == [
        "done/2026-04-01/bank1-2.xml",
        "done/2026-04-01/bank1.xml",
    ]


def test_a_bad_file_fails_alone_with_its_reason_beside_it(night: Night) -> None:
    night.drop("bank1.xml", "bank2.xml")
    night.errors["bank1.xml"] = InputError(
        "the file ends inside <Ntry>", reason="XML_TRUNCATED", file="bank1.xml", line=7
    )
    report = night.run()
    assert night.files() == [
        "done/2026-04-01/bank2.xml",
        "failed/bank1.xml",
        "failed/bank1.xml.reason.json",
        "failed/bank1.xml.reason.txt",
    ]
    failed = night.workspace.folder("failed")
    reason = (failed / "bank1.xml.reason.txt").read_text()
    assert reason == "bank1.xml:7: the file ends inside <Ntry> [XML_TRUNCATED]\n"
    document = json.loads((failed / "bank1.xml.reason.json").read_text())
    assert document["reason"] == "XML_TRUNCATED"
    assert document["metadata"] == {"file": "bank1.xml", "line": "7"}
    assert [file.name for file in report.failed] == ["bank1.xml"]
    assert "clear" in night.log


def test_what_no_format_fits_fails_last(night: Night) -> None:
    night.drop("garbage.bin", "bank1.xml")
    night.errors["garbage.bin"] = InputError("no", reason="FORMAT_UNKNOWN")
    night.run()
    assert night.log[:2] == ["import bank1.xml", "import garbage.bin"]
    assert "failed/garbage.bin" in night.files()


@pytest.mark.parametrize(
    ("name", "rule"),
    [(".hidden", ".*"), ("a.part", "*.part"), ("a.tmp", "*.tmp"), ("sub", "FOLDER")],
)
def test_what_is_still_written_is_left_alone(
    night: Night, name: str, rule: str
) -> None:
    if rule == "FOLDER":
        (night.workspace.folder("inbox") / name).mkdir()
    else:
        night.drop(name)
    report = night.run()
    assert [(file.name, file.rule) for file in report.skipped] == [(name, rule)]
    assert (night.workspace.folder("inbox") / name).exists()


def test_a_file_changed_just_now_waits_for_the_next_run(night: Night) -> None:
    night.drop("bank1.xml")
    path = night.workspace.folder("inbox") / "bank1.xml"
    os.utime(path, (NOW.timestamp() - 1, NOW.timestamp() - 1))
    assert night.run().skipped[0].rule == "STILL_WRITTEN"
    os.utime(path, (NOW.timestamp() - 2, NOW.timestamp() - 2))
    assert night.run().skipped == ()


def test_a_file_that_grows_while_it_is_read_stays(night: Night) -> None:
    night.drop("bank1.xml")
    night.errors["bank1.xml"] = ConflictError("changed", reason="FILE_CHANGED")
    report = night.run()
    assert [(file.name, file.rule) for file in report.skipped] == [
        ("bank1.xml", "FILE_CHANGED")
    ]
    assert night.files() == ["inbox/bank1.xml"]


@pytest.mark.parametrize(
    "error",
    [
        ConflictError("busy", reason="LEDGER_BUSY"),
        StoreError("disk"),
        OSError(28, "full"),
        KeyboardInterrupt(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_trouble_that_is_not_the_files_leaves_it_for_the_next_run(
    night: Night, error: BaseException
) -> None:
    night.drop("bank1.xml", "bank2.xml")
    night.errors["bank2.xml"] = error  # type: ignore[assignment]
    with pytest.raises(type(error)):
        night.run()
    assert night.files() == ["done/2026-04-01/bank1.xml", "inbox/bank2.xml"]
    night.errors.clear()
    night.run()
    assert night.files() == ["done/2026-04-01/bank1.xml", "done/2026-04-01/bank2.xml"]
    assert night.log.count("import bank1.xml") == 1
