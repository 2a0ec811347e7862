"""How the tests call the command line: quickly in process, truly as a process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from day import IBAN, write_day

from alloc.cli.main import cli

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
def _fixed_surroundings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("ALLOC_WORKSPACE", "ALLOC_DEBUG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", NOW)
    monkeypatch.setenv("ALLOC_USER", "ada")
    with monkeypatch.context() as zone:
        zone.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def call(*words: object) -> Outcome:
    """Call `alloc` in this process."""
    result = CliRunner().invoke(cli, [str(word) for word in words])
    return Outcome(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def alloc() -> Callable[..., Outcome]:
    """Call `alloc` in this process."""
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


@pytest.fixture(scope="session")
def new_workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that nobody works in: one entity that banks with one bank."""
    root = tmp_path_factory.mktemp("new") / "group"
    made = call("init", root, "--name", "Groupe Essai", "--locale", "en")
    assert made.code == 0, made.stderr
    words = ("entity", "add", "PARIS", "--name", "Paris", "--iban", IBAN)
    added = call("-C", root, *words)
    assert added.code == 0, added.stderr
    return root


@pytest.fixture
def workspace(new_workspace: Path, tmp_path: Path) -> Path:
    """A workspace of one's own: one entity that banks with one bank."""
    return Path(shutil.copytree(new_workspace, tmp_path / "group"))


@pytest.fixture
def imported(workspace: Path, tmp_path: Path, alloc: Callable[..., Outcome]) -> Path:
    """The workspace after the import of the day."""
    got = alloc("-C", workspace, "import", *write_day(tmp_path))
    assert got.code == 0, got.stderr
    return workspace
