"""What goes to a terminal, and what goes to a pipe."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from alloc.cli import progress as progress_module
from alloc.cli.exits import ExitCode
from alloc.cli.progress import progress
from alloc.cli.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Outcome

WIDE = {"COLUMNS": "200", "TERM": "xterm-256color"}


class Terminal(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def on_a_terminal(workspace: Path, **env: str) -> str:
    """Run `alloc status` with a terminal as standard output; return what it shows."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "alloc", "-C", workspace, "status"],
        stdout=follower,
        env={**os.environ, **WIDE, **env},
    )
    os.close(follower)
    shown = b""
    with open(leader, "rb", buffering=0) as screen:  # noqa: PTH123 - a descriptor
        try:
            while part := screen.read(4096):
                shown += part
        except OSError:  # the end of a terminal, on Linux
            pass
    assert process.wait() == 0
    return shown.decode()


def test_a_terminal_sees_styles_and_a_pipe_sees_none(
    workspace: Path, alloc_process: Callable[..., Outcome]
) -> None:
    assert "\x1b[" in on_a_terminal(workspace)
    assert "\x1b[" not in alloc_process("-C", workspace, "status").stdout


def test_no_color_means_no_escape_sequence(workspace: Path) -> None:
    assert "\x1b[" not in on_a_terminal(workspace, NO_COLOR="1")


def test_progress_shows_after_a_while_and_goes_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(progress_module, "PATIENCE_SECONDS", 0)
    for name, value in WIDE.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress(Session(), "Importing") as update:
        update(1, 2)
        deadline = time.monotonic() + 30
        while "50%" not in terminal.getvalue():
            assert time.monotonic() < deadline
            time.sleep(0.01)
            update(1, 2)
    assert "Importing" in terminal.getvalue()


@pytest.mark.parametrize("quiet", [True, False])
def test_what_is_quick_or_quiet_shows_no_progress(
    monkeypatch: pytest.MonkeyPatch, *, quiet: bool
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress(Session(quiet=quiet), "Importing") as update:
        update(1, 2)
    assert terminal.getvalue() == ""


def test_a_pipe_sees_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "PATIENCE_SECONDS", 0)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with progress(Session(), "Importing"):
        time.sleep(0.05)
    assert sys.stderr.getvalue() == ""


@pytest.mark.parametrize("words", [("status",), ("status", "--json"), ("--help",)])
def test_a_reader_that_goes_away_is_no_error(
    workspace: Path, words: tuple[str, ...]
) -> None:
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "alloc", "-C", workspace, *words],
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (ExitCode.BROKEN_PIPE, "")


def test_a_terminal_without_the_letters_still_gets_an_answer(
    workspace: Path, alloc_process: Callable[..., Outcome]
) -> None:
    config = workspace / "alloc.toml"
    config.write_text(config.read_text().replace("Groupe Essai", "Société"), "utf-8")
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    told = alloc_process("-C", workspace, "status", **ascii_only)
    assert (told.code, told.stderr) == (0, "")
    assert "Soci?t?" in told.stdout
    document = alloc_process("-C", workspace, "status", "--json", **ascii_only).document
    assert document["name"] == "Société"
