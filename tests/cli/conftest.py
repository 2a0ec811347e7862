"""How the tests call the command line: quickly in process, truly as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from day import IBAN, write_day

from alloc.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NOW = "1774994400"
"""2026-04-01, the moment of every run: `SOURCE_DATE_EPOCH`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a call left behind."""

    code: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        return json.loads(self.stdout)


@pytest.fixture(autouse=True)
def _fixed_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ALLOC_WORKSPACE", "ALLOC_DEBUG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", NOW)
    monkeypatch.setenv("ALLOC_USER", "ada")
    monkeypatch.setenv("TZ", "UTC")


@pytest.fixture
def alloc() -> Callable[..., Outcome]:
    """Call `alloc` in this process."""

    def call(*words: object) -> Outcome:
        result = CliRunner().invoke(cli, [str(word) for word in words])
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return call


@pytest.fixture
def alloc_process() -> Callable[..., Outcome]:
    """Call `alloc` as a process of its own."""

    def call(*words: object, cwd: Path | None = None, **env: str) -> Outcome:
        done = subprocess.run(
            [sys.executable, "-m", "alloc", *map(str, words)],
            cwd=cwd,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def workspace(tmp_path: Path, alloc: Callable[..., Outcome]) -> Path:
    """A workspace with one entity that banks with one bank."""
    root = tmp_path / "group"
    assert alloc("init", root, "--name", "Groupe Essai", "--locale", "en").code == 0
    added = alloc(
        "-C", root, "entity", "add", "PARIS", "--name", "Paris", "--iban", IBAN
    )
    assert added.code == 0, added.stderr
    return root


@pytest.fixture
def imported(workspace: Path, tmp_path: Path, alloc: Callable[..., Outcome]) -> Path:
    """The workspace after the import of the day."""
    got = alloc("-C", workspace, "import", *write_day(tmp_path))
    assert got.code == 0, got.stderr
    return workspace
