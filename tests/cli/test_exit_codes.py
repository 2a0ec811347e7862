"""Each kind of trouble has its exit code and one line that says what to do."""

from __future__ import annotations

import errno
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from alloc.cli.exits import (
    ConfigError,
    ExitCode,
    OutputError,
    SourceError,
    error_document,
    error_lines,
    exit_code,
)
from alloc.errors import (
    ConflictError,
    InputError,
    InternalError,
    LimitError,
    NotFoundError,
    StoreError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Outcome

FULL = Path("/dev/full")


class PanicException(BaseException):
    """As the native module raises it: no `Exception`."""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("x"), 65),
        (NotFoundError("x"), 65),
        (LimitError("x"), 65),
        (ConflictError("x", reason="PAYMENT_DECIDED"), 65),
        (ConflictError("x", reason="LEDGER_BUSY"), 75),
        (ConflictError("x", reason="ITEMS_CHANGED"), 75),
        (ConflictError("x", reason="RUN_IN_PROGRESS"), 75),
        (SourceError("x"), 66),
        (InputError("x", reason="FILE_UNREADABLE"), 66),
        (InputError("x", reason="FILE_MISSING"), 66),
        (FileNotFoundError(errno.ENOENT, "x", "a.xml"), 66),
        (PermissionError(errno.EACCES, "x", "a.xml"), 66),
        (IsADirectoryError(errno.EISDIR, "x", "a.xml"), 66),
        (NotADirectoryError(errno.ENOTDIR, "x", "a.xml"), 66),
        (OutputError("x"), 73),
        (StoreError("x"), 74),
        (OSError(errno.ENOSPC, "x"), 74),
        (OSError(errno.EIO, "x"), 74),
        (ConfigError("x"), 78),
        (InternalError("x"), 70),
        (ZeroDivisionError(), 70),
        (PanicException("index out of range"), 70),
        (KeyboardInterrupt(), 130),
    ],
    ids=lambda value: f"{value!r}" if isinstance(value, BaseException) else None,
)
def test_every_kind_of_error_has_its_exit_code(error: BaseException, code: int) -> None:
    assert exit_code(error) == code
    assert error_document(error)["exit_code"] == code


def test_the_line_names_file_line_and_reason() -> None:
    error = InputError(
        "amount '1.234' has three decimals",
        reason="AMOUNT_PRECISION",
        file="items.csv",
        line=7,
    )
    assert error_lines(error) == [
        "alloc: items.csv:7: amount '1.234' has three decimals [AMOUNT_PRECISION]"
    ]


def test_a_place_that_the_message_names_itself_is_not_said_twice() -> None:
    error = InputError("a.toml:3: locale: no", reason="X", file="a.toml", line=3)
    assert error_lines(error) == ["alloc: a.toml:3: locale: no [X]"]


def test_a_place_in_other_words_becomes_the_usual_form() -> None:
    error = InputError("a.xml: line 3: cut off", reason="X", file="a.xml", line=3)
    assert error_lines(error) == ["alloc: a.xml:3: cut off [X]"]


def test_several_mistakes_have_a_line_each() -> None:
    error = InputError("a.toml:3: x\na.toml:9: y", reason="X", file="a.toml", line=3)
    assert error_lines(error) == ["alloc: a.toml:3: x [X]", "alloc: a.toml:9: y [X]"]


def test_what_a_file_is_called_cannot_steer_the_terminal() -> None:
    (line,) = error_lines(InputError("x", file="a\x1b[2J\u202eb.xml"))
    assert line.isprintable()


def test_an_unknown_option_is_a_matter_of_usage(alloc: Callable[..., Outcome]) -> None:
    got = alloc("status", "--nonsense")
    assert got.code == 2
    assert got.stderr == (
        "alloc: No such option '--nonsense'; try 'alloc status --help' [USAGE]\n"
    )
    assert got.stdout == ""


def test_with_json_the_error_is_a_document_too(alloc: Callable[..., Outcome]) -> None:
    got = alloc("--json", "status", "-C", "/nonexistent")
    assert got.code == 78
    assert got.document["error"]["reason"] == "WORKSPACE_MISSING"
    assert got.document["error"]["exit_code"] == 78
    assert "[WORKSPACE_MISSING]" in got.stderr


def test_a_defect_shows_no_traceback_unless_asked(
    alloc: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_session: object) -> None:
        raise PanicException("index out of range")

    monkeypatch.setattr("alloc.cli.status.find_workspace", broken)
    got = alloc("status")
    assert got.code == 70
    assert re.fullmatch(r"alloc: internal error .*\[INTERNAL\]\n", got.stderr)
    monkeypatch.setenv("ALLOC_DEBUG", "1")
    assert "Traceback" in alloc("status").stderr


def test_an_interrupt_says_so_and_leaves_with_130(
    alloc: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_session: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("alloc.cli.status.find_workspace", interrupted)
    got = alloc("status")
    assert (got.code, got.stderr) == (
        130,
        "alloc: stopped; nothing is left half done [INTERRUPTED]\n",
    )


def test_a_full_disk_behind_standard_output_is_noticed() -> None:
    with FULL.open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "alloc", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == ExitCode.IO
    assert done.stderr == "alloc: no space left on device [DISK_FULL]\n"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_stops_the_program_in_order(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    script = (
        "import os, sys, time, alloc.cli.status as status\n"
        "from alloc.cli.main import main\n"
        "def find_workspace(session):\n"
        f"    os.kill(os.getpid(), {int(number)})\n"
        "    time.sleep(30)  # the signal comes through another thread\n"
        "status.find_workspace = find_workspace\n"
        "sys.argv = ['alloc', 'status']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_every_exit_code_is_documented(root: Path) -> None:
    text = (root / "docs" / "guide" / "exit-codes.md").read_text("utf-8")
    documented = {int(code) for code in re.findall(r"(?m)^\| (\d+) \|", text)}
    assert documented == {int(code) for code in ExitCode}
