"""Run a command as a whole process and take its time and memory from the kernel."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent

#: Exit codes of `alloc` that are no failure: all cleared, some for review.
FINE = (0, 3)


@dataclass(frozen=True, slots=True)
class Measured:
    """What one process took."""

    wall_ms: int
    cpu_ms: int
    peak_kb: int
    stdout: str


def run(*command: str | Path, cwd: Path | None = None) -> Measured:
    """Run a command to its end; anything but success ends the bench.

    Returns
    -------
    Measured
        Wall clock, user + system time of the process and its children, and the peak
        resident size of the process itself.
    """
    words = [str(word) for word in command]
    start = time.perf_counter_ns()
    process = subprocess.Popen(words, cwd=cwd, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None  # noqa: S101 - PIPE was asked for
    stdout = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_ns = time.perf_counter_ns() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in FINE:
        sys.exit(f"{' '.join(words)} failed with {process.returncode}")
    cpu_us = int((usage.ru_utime + usage.ru_stime) * 1_000_000)
    return Measured(wall_ns // 1_000_000, cpu_us // 1_000, usage.ru_maxrss, stdout)


def alloc(workspace: Path, *words: str) -> Measured:
    """Run the installed `alloc` on a workspace."""
    return run(BIN / "alloc", "-C", workspace, *words)


def python(code: str, *arguments: str | Path) -> Measured:
    """Run a piece of Python in a process of its own."""
    return run(sys.executable, "-c", code, *arguments)


def peers_of(script: Path, interpreters: tuple[str, ...]) -> dict[str, str]:
    """Peer -> the first interpreter that has it; ``SCRIPT which`` says what one has."""
    there: dict[str, str] = {}
    for interpreter in interpreters:
        for peer in json.loads(run(interpreter, script, "which").stdout):
            there.setdefault(peer, interpreter)
    return there


def machine() -> str:
    """Name the machine: architecture, cores, memory."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return f"{platform.machine()}-{os.cpu_count()}c-{round(pages / 2**30)}g"


@cache
def commit() -> str:
    """Name the commit that is measured, with a mark when the tree differs from it.

    As it is when it is first asked for: the record that is written is no difference.
    """
    words = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=10"]
    said = subprocess.run(words, capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"


def compiler() -> str:
    """Name the Rust compiler."""
    said = subprocess.run(
        ["rustc", "--version"],  # noqa: S607 - the toolchain of the PATH
        capture_output=True,
        text=True,
        check=False,
    )
    return said.stdout.strip() or "unknown"
