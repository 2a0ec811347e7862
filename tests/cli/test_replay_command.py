"""`alloc replay`: how good decisions would have been, before anyone relies on them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from day import write_day

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def cleared(workspace: Path, alloc, tmp_path: Path) -> Path:
    files = tmp_path / "files"
    files.mkdir()
    assert alloc("-C", workspace, "import", *write_day(files)).code == 0
    alloc("-C", workspace, "clear")
    return workspace


def test_what_was_cleared_is_decided_again_and_compared(cleared: Path, alloc):
    document = alloc("-C", cleared, "replay", "--json").document
    total = document["total"]
    assert total["payments"] == total["right"] > 0
    assert (total["wrong"], total["wrong_ppm"]) == (0, 0)
    assert document["unconfirmed"] == total["payments"]
    again = alloc("-C", cleared, "replay", "--json").document
    assert again == document, "equal inputs give equal bytes"


def test_every_decision_is_written_where_it_is_asked_for(
    cleared: Path, alloc, tmp_path: Path
):
    out = tmp_path / "replayed"
    words = ("--minutes-per-line", "1.5", "--out", out)
    document = alloc("-C", cleared, "replay", "--json", *words).document
    assert json.loads((out / "replay.json").read_text()) == document
    rows = pq.read_table(out / "payments.parquet").to_pylist()
    assert len(rows) == document["total"]["payments"]
    lines = document["total"]["lines_cleared"]
    assert document["minutes_saved"] == lines * 3 // 2


def test_people_read_rates_reasons_and_that_it_was_the_machine(cleared: Path, alloc):
    text = alloc("-C", cleared, "replay").stdout
    assert "decided again; nothing was written." in text
    assert "Automatic, as it was cleared" in text
    assert "the comparison is with itself" in text


def test_days_without_a_cleared_payment_say_so(cleared: Path, alloc):
    shown = alloc("-C", cleared, "replay", "--since", "2031-01-01")
    assert (shown.code, "nothing to compare" in shown.stdout) == (0, True)


def test_a_file_of_nobody_is_refused(cleared: Path, alloc, tmp_path: Path):
    books = tmp_path / "732829320FEC20261231.txt"
    books.write_text("no columns\n")
    shown = alloc("-C", cleared, "replay", "--fec", books)
    assert shown.code == 65
    assert "alloc fec check" in shown.stderr
