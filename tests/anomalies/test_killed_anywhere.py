"""The nightly job is killed at random points; the ledger never shows it."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

KILLS = 50
SEED = 20260331
#: Kills on one workspace before the job may finish: work goes on where it stopped.
KILLS_IN_A_ROW = 5
ALLOC = Path(sys.executable).parent / "alloc"


def alloc(workspace: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ALLOC, "-C", workspace, *words], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def group(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small group with three days of files in its inbox, nothing run yet."""
    folder = tmp_path_factory.mktemp("new") / "group"
    subprocess.run(
        [sys.executable, "-m", "alloc.demo", folder, "--size", "small"],
        check=True,
        capture_output=True,
    )
    assert alloc(folder, "init", str(folder)).returncode == 0
    return folder


def state(workspace: Path) -> dict[str, object]:
    """What is in the ledger, whatever the number of runs it took."""
    said = json.loads(alloc(workspace, "--json", "status").stdout)
    payments = said["payments"]
    return {
        "payments": sum(tally["count"] for tally in payments.values()),
        "customers": said["customers"],
        "waiting": sorted(path.name for path in (workspace / "inbox").iterdir()),
    }


@pytest.fixture(scope="module")
def undisturbed(
    group: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, float]:
    folder = tmp_path_factory.mktemp("undisturbed") / "group"
    workspace = shutil.copytree(group, folder)
    start = time.monotonic()
    assert alloc(workspace, "run").returncode == 3
    return workspace, time.monotonic() - start


def kill_and_check(workspace: Path, delay: float) -> bool:
    """Kill the job after a delay; return whether it was still at work."""
    process = subprocess.Popen(
        [ALLOC, "-C", workspace, "run"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        process.wait(timeout=delay)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
    killed = process.wait() == -signal.SIGKILL
    if (workspace / "ledger.db").exists():
        checked = alloc(workspace, "verify")
        assert checked.returncode == 0, checked.stdout + checked.stderr
    return killed


def disturbed(workspace: Path, delays: list[float]) -> tuple[int, dict[str, object]]:
    killed = sum(kill_and_check(workspace, delay) for delay in delays)
    finished = alloc(workspace, "run")
    assert finished.returncode in (0, 3), finished.stderr
    assert alloc(workspace, "verify").returncode == 0
    return killed, state(workspace)


def test_killed_at_fifty_points_it_comes_back_with_all_or_nothing(
    group: Path, undisturbed: tuple[Path, float], tmp_path: Path
) -> None:
    whole, seconds = undisturbed
    draw = random.Random(SEED)
    rounds = [
        [draw.uniform(0.1, seconds) for _ in range(KILLS_IN_A_ROW)]
        for _ in range(KILLS // KILLS_IN_A_ROW)
    ]
    copies = [shutil.copytree(group, tmp_path / str(n)) for n in range(len(rounds))]
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(disturbed, copies, rounds))
    for _, reached in results:
        assert reached == state(whole)
    assert sum(killed for killed, _ in results) >= KILLS // 2, "kills came too late"


def test_the_job_run_again_finds_nothing_to_do(
    undisturbed: tuple[Path, float],
) -> None:
    workspace, _ = undisturbed
    before = json.loads(alloc(workspace, "--json", "status").stdout)
    assert alloc(workspace, "run").returncode == 3
    after = json.loads(alloc(workspace, "--json", "status").stdout)
    assert after["entries"] == before["entries"]
