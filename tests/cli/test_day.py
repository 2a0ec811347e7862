"""A day from files to journal by commands, in both languages."""

from __future__ import annotations

import hashlib
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


def test_a_dry_run_changes_nothing(
    imported: Path, alloc: Callable[..., Outcome]
) -> None:
    def content() -> dict[str, str]:
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in imported.glob("ledger.db*")
            if path.stat().st_size and not path.name.endswith("-shm")
        }

    before = content()
    dry = alloc("-C", imported, "clear", "--dry-run", "--json").document
    assert dry["dry_run"] is True
    assert dry["entries"] == 0
    assert content() == before
    wet = alloc("-C", imported, "clear", "--json").document
    assert wet["totals"] == dry["totals"]
    assert content() != before


def test_only_what_is_asked_for_is_cleared(
    imported: Path, alloc: Callable[..., Outcome]
) -> None:
    early = alloc("-C", imported, "clear", "--until", "2026-03-30", "--json")
    assert (early.code, early.document["totals"]) == (0, [])
    assert alloc("-C", imported, "clear", "--entity", "ROME").code == 65
    assert alloc("-C", imported, "clear", "--until", "31/03/2026").code == 2


def test_a_workspace_is_made_once(
    workspace: Path, alloc: Callable[..., Outcome]
) -> None:
    got = alloc("init", workspace)
    assert got.code == 73
    assert "[WORKSPACE_EXISTS]" in got.stderr
    (workspace / "ledger.db").unlink()
    assert alloc("init", workspace).code == 0
    assert alloc("-C", workspace, "verify").code == 0


def test_a_workspace_cannot_be_made_below_a_file(
    tmp_path: Path, alloc: Callable[..., Outcome]
) -> None:
    (tmp_path / "file").write_text("")
    got = alloc("init", tmp_path / "file" / "group")
    assert got.code == 73
    assert "[WORKSPACE_REFUSED]" in got.stderr


def test_a_workspace_is_found_from_below_and_by_the_environment(
    workspace: Path,
    tmp_path: Path,
    alloc: Callable[..., Outcome],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(workspace / "inbox")
    assert alloc("status").code == 0
    monkeypatch.chdir(tmp_path)
    assert alloc("status").code == 78
    monkeypatch.setenv("ALLOC_WORKSPACE", str(workspace))
    assert alloc("status").code == 0
    assert alloc("status", "-C", tmp_path).code == 78


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("PARIS",), 65, "PARIS"),
        (("LYON", "--iban", "FR00"), 65, "IBAN"),
        (("LYON", "--siren", "12"), 65, "SIREN"),
        (("LYON", "--currency", "EUX"), 65, "EUX"),
        (("LYON", "--fiscal-year-end", "13-01"), 65, "MM-DD"),
        (("L YON",), 65, "L YON"),
    ],
)
def test_an_entity_that_is_wrong_is_not_added(
    workspace: Path,
    alloc: Callable[..., Outcome],
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    before = (workspace / "alloc.toml").read_bytes()
    got = alloc("-C", workspace, "entity", "add", *words)
    assert got.code == code
    assert said in got.stderr
    assert (workspace / "alloc.toml").read_bytes() == before


def test_a_second_bank_account_has_a_journal_of_its_own(
    workspace: Path, alloc: Callable[..., Outcome]
) -> None:
    ibans = ("DE89370400440532013000", "BE68539007547034")
    words = [word for iban in ibans for word in ("--iban", iban)]
    got = alloc("-C", workspace, "entity", "add", "LYON", *words, "--json")
    assert [bank["journal"] for bank in got.document["banks"]] == ["BQ1", "BQ2"]


def test_a_profile_check_shows_what_was_understood(
    workspace: Path,
    tmp_path: Path,
    alloc: Callable[..., Outcome],
    snapshot: SnapshotAssertion,
) -> None:
    _, items, bank = write_day(tmp_path)
    got = alloc("-C", workspace, "profile", "check", items)
    assert (got.code, got.stdout) == (0, snapshot)
    items.write_text(items.read_text().replace("300.50", "300.505"))
    bad = alloc("-C", workspace, "profile", "check", items)
    assert bad.code == 65
    assert "items.csv:3: " in bad.stdout
    assert alloc("-C", workspace, "profile", "check", bank).code == 65
    named = alloc("-C", workspace, "profile", "check", items, "--profile", "none")
    assert "[PROFILE_UNKNOWN]" in named.stderr


@pytest.mark.parametrize("removed", [(), ("alloc.toml",)])
def test_no_new_ledger_starts_where_one_was_lost(
    workspace: Path, alloc: Callable[..., Outcome], removed: tuple[str, ...]
) -> None:
    (workspace / "done" / "2026-03-31").mkdir(parents=True)
    for name in ("ledger.db", *removed):
        (workspace / name).unlink()
    got = alloc("init", workspace)
    assert got.code == 73
    assert "[LEDGER_LOST]" in got.stderr
    assert "alloc ledger restore" in got.stderr
    assert not (workspace / "ledger.db").exists()
