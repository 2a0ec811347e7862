"""A day from files to journal by commands, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from day import CLEARED, DAY, statement, write_day

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from syrupy.assertion import SnapshotAssertion

    from conftest import Outcome


@pytest.mark.parametrize("locale", ["en", "fr"])
def test_a_day_is_told_as_a_treasurer_reads_it(
    workspace: Path,
    tmp_path: Path,
    alloc: Callable[..., Outcome],
    snapshot: SnapshotAssertion,
    locale: str,
) -> None:
    config = workspace / "alloc.toml"
    config.write_text(
        config.read_text().replace('locale = "en"', f'locale = "{locale}"')
    )
    steps = [
        ("import", *write_day(tmp_path)),
        ("status",),
        ("clear", "--dry-run"),
        ("clear",),
        ("review", "list"),
        ("status",),
        ("verify",),
    ]
    told = [alloc("-C", workspace, *step) for step in steps]
    assert [outcome.code for outcome in told] == [0, 0, 3, 3, 0, 0, 0]
    text = "\n".join(
        f"$ alloc {step[0]}\n{outcome.stdout}"
        for step, outcome in zip(steps, told, strict=True)
    )
    assert text.replace(str(workspace), "WORKSPACE") == snapshot


def test_every_command_has_a_document_for_programs(
    imported: Path, alloc: Callable[..., Outcome]
) -> None:
    assert alloc("-C", imported, "clear", "--json").document["entries"] >= 1
    waiting = alloc("-C", imported, "review", "list", "--json").document["payments"]
    steps = [
        ("status",),
        ("verify",),
        ("entity", "list"),
        ("profile", "list"),
        ("review", "show", waiting[0]["payment_id"]),
        ("completion", "bash"),
    ]
    for step in steps:
        outcome = alloc("-C", imported, *step, "--json")
        assert outcome.code == 0, step
        assert isinstance(outcome.document, dict), step
        assert outcome.stderr == "", step


def test_all_cleared_leaves_with_0(
    workspace: Path, tmp_path: Path, alloc: Callable[..., Outcome]
) -> None:
    alloc("-C", workspace, "import", *write_day(tmp_path, CLEARED))
    got = alloc("-C", workspace, "clear", "--json")
    assert (got.code, got.document["totals"]) == (
        0,
        [{"outcome": "auto", "currency": "EUR", "count": 1, "amount_minor": 120_000}],
    )


def test_the_same_day_again_posts_nothing(
    imported: Path, tmp_path: Path, alloc: Callable[..., Outcome]
) -> None:
    alloc("-C", imported, "clear")
    before = alloc("-C", imported, "status", "--json").document
    again = alloc("-C", imported, "import", "--json", *write_day(tmp_path))
    assert all(file["counts"]["already_imported"] for file in again.document["files"])
    changed = tmp_path / "again.xml"
    changed.write_text(statement(*DAY) + "<!-- other bytes -->\n")
    same = alloc("-C", imported, "import", "--json", changed).document["files"][0]
    assert (same["counts"]["new"], same["counts"]["known"]) == (0, 3)
    assert alloc("-C", imported, "clear", "--json").document["entries"] == 0
    after = alloc("-C", imported, "status", "--json").document
    assert after["payments"] == before["payments"]
    assert after["entries"] == before["entries"]
