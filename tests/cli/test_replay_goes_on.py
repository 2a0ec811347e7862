"""A long replay that is killed goes on where it stopped, to the same bytes."""

from __future__ import annotations

import signal
import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest
from day import CUSTOMERS, Credit, statement

if TYPE_CHECKING:
    from pathlib import Path

DAYS = 6
OWN = ("replay", "--follow", "own", "--learn")
BACKTEST = ("backtest", "--test-since", "2026-04-04")


@pytest.fixture
def week(workspace: Path, alloc, tmp_path: Path) -> Path:
    """Days that each clear one item without a person."""
    rows = [
        "entity;item_id;customer_id;currency;open_amount;reference;issue_date",
        *(
            f"PARIS;J{at};C{1 + at % 3};EUR;{at}10.00;FB2603-000{at};2026-03-02"
            for at in range(1, DAYS + 1)
        ),
    ]
    for at in range(1, DAYS + 1):
        paid = Credit(f"B{at}", f"{at}10.00", f"PAYER {at}", f"FB2603-000{at}")
        day = tmp_path / f"day{at}.xml"
        day.write_text(statement(paid, day=f"2026-04-0{at}"), encoding="utf-8")
    (tmp_path / "customers.csv").write_text(CUSTOMERS, encoding="utf-8")
    (tmp_path / "items.csv").write_text("\n".join(rows), encoding="utf-8")
    files = [tmp_path / name for name in ("customers.csv", "items.csv")]
    assert alloc("-C", workspace, "import", *files).code == 0
    for path in sorted(tmp_path.glob("day*.xml")):
        assert alloc("-C", workspace, "import", path).code == 0
    alloc("-C", workspace, "clear")
    return workspace


def killed_after(days: int, *words: object) -> None:
    """Run a command that the kernel kills once it has kept so many days."""
    text = f"""
        import os, signal, sys
        from alloc.cli import replay_kept
        from alloc.cli.main import main
        keep, kept = replay_kept.KeptDays.keep, []
        def keep_then_die(self, day, found):
            keep(self, day, found)
            kept.append(day)
            if len(kept) == {days}:
                os.kill(os.getpid(), signal.SIGKILL)
        replay_kept.KeptDays.keep = keep_then_die
        main()
    """
    command = [sys.executable, "-c", dedent(text), *map(str, words)]
    ended = subprocess.run(command, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("words", [("replay",), OWN, BACKTEST])
def test_what_was_killed_goes_on_to_the_same_bytes(
    week: Path, alloc, tmp_path: Path, words: tuple[str, ...]
):
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    assert alloc("-C", week, *words, "--out", whole).code == 0
    killed_after(3, "-C", week, *words, "--out", resumed)
    assert set(files(resumed / "decided")) > {"inputs"}
    shown = alloc("-C", week, *words, "--out", resumed)
    assert "3 days were decided by a run that was stopped" in shown.stderr
    assert files(resumed) == files(whole)


def test_a_day_that_was_not_written_to_its_end_is_decided_again(
    week: Path, alloc, tmp_path: Path
):
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    assert alloc("-C", week, "replay", "--out", whole).code == 0
    killed_after(3, "-C", week, "replay", "--out", resumed)
    kept = resumed / "decided" / "replay.jsonl"
    kept.write_bytes(kept.read_bytes()[:-20])
    shown = alloc("-C", week, "replay", "--out", resumed)
    assert "2 days were decided" in shown.stderr
    assert files(resumed) == files(whole)


def test_days_that_are_decided_are_not_decided_again(week: Path, tmp_path: Path):
    killed_after(3, "-C", week, "replay", "--out", tmp_path / "out")
    # Had the days been decided again, the fourth would have been the fourth kept.
    killed_after(1, "-C", week, "replay", "--out", tmp_path / "out")
    kept = tmp_path / "out" / "decided" / "replay.jsonl"
    assert len(kept.read_bytes().splitlines()) == 4


@pytest.mark.parametrize(
    "change", [("--learn",), ("--follow", "own"), ("--until", "2026-04-05")]
)
def test_other_inputs_start_anew_with_a_word(
    week: Path, alloc, tmp_path: Path, change: tuple[str, ...]
):
    whole, resumed = tmp_path / "whole", tmp_path / "resumed"
    assert alloc("-C", week, "replay", *change, "--out", whole).code == 0
    killed_after(3, "-C", week, "replay", "--out", resumed)
    shown = alloc("-C", week, "replay", *change, "--out", resumed)
    assert "of other inputs: anew" in shown.stderr
    assert files(resumed) == files(whole)


def test_a_setting_that_changed_is_another_input(week: Path, alloc, tmp_path: Path):
    killed_after(3, "-C", week, "replay", "--out", tmp_path / "out")
    settings = week / "alloc.toml"
    text = settings.read_text()
    settings.write_text(text.replace("max_wrong_ppm = 100", "max_wrong_ppm = 50"))
    assert settings.read_text() != text
    shown = alloc("-C", week, "replay", "--out", tmp_path / "out")
    assert "of other inputs: anew" in shown.stderr
