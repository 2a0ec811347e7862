from __future__ import annotations

import hashlib
import subprocess
import sys
from datetime import date
from typing import TYPE_CHECKING

import pytest

from alloc.demo import SIZES, generate
from alloc.demo.behaviours import BEHAVIOURS
from alloc.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from demo_case import Demo


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(
            path.read_bytes()
        ).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_equal_seeds_give_equal_bytes(small: Demo, tmp_path: Path) -> None:
    generate(tmp_path / "again", SIZES["small"], seed=1)
    first, second = digests(small.folder), digests(tmp_path / "again")
    assert first == second
    assert any(name.endswith(".xlsx") for name in first)
    assert any(name.endswith(".parquet") for name in first)


def test_another_process_gives_equal_bytes(small: Demo, tmp_path: Path) -> None:
    out = tmp_path / "again"
    command = [sys.executable, "-m", "alloc.demo", str(out), "--size", "small"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert digests(out) == digests(small.folder)
    assert "100 payments in" in done.stdout


def test_another_seed_gives_another_group(small: Demo, tmp_path: Path) -> None:
    generate(tmp_path / "other", SIZES["small"], seed=2)
    first, second = digests(small.folder), digests(tmp_path / "other")
    assert first["alloc.toml"] != second["alloc.toml"]


@pytest.mark.parametrize("seed", [0, 29, 2**40])
def test_any_seed_makes_a_group(tmp_path: Path, seed: int) -> None:
    summary = generate(tmp_path / "demo", SIZES["small"], seed=seed)
    assert summary.payments > 95


def test_a_day_is_a_day_of_the_group(day: Demo) -> None:
    assert day.summary.first == day.summary.last == date(2026, 1, 30)
    assert day.summary.entities == 60
    assert day.summary.customers == 15_000
    assert 880 < day.summary.payments <= 900, "a lot of transfers is one payment"
    assert 25_000 < day.summary.open_items < 35_000
    assert day.summary.entries > day.summary.payments, "fees and debits, too"


def test_every_behaviour_is_there_even_in_the_smallest_size(demo: Demo) -> None:
    seen = set(demo.truth.payments["behaviour"].to_pylist())
    assert seen - {"lot"} == {behaviour.code for behaviour in BEHAVIOURS}


def test_files_count_and_size_are_told(demo: Demo) -> None:
    written = [
        path
        for path in demo.folder.rglob("*")
        if path.is_file() and path.parent.name != "truth"
    ]
    assert demo.summary.files == len(written)
    assert demo.summary.size_bytes == sum(path.stat().st_size for path in written)


def test_the_truth_is_not_in_the_inbox(demo: Demo) -> None:
    assert not list((demo.folder / "inbox").glob("*.parquet"))
    assert sorted(path.name for path in (demo.folder / "truth").iterdir()) == [
        "allocations.parquet",
        "payments.parquet",
    ]


def test_a_folder_with_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(InputError, match="not an empty folder") as caught:
        generate(tmp_path, SIZES["small"], seed=1)
    assert caught.value.reason == "FOLDER_NOT_EMPTY"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_command_refuses_a_folder_with_files(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    command = [sys.executable, "-m", "alloc.demo", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 65
    assert "[FOLDER_NOT_EMPTY]" in done.stderr
    assert "Traceback" not in done.stderr
