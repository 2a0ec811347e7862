"""`alloc ledger`: a backup, a restore and an upgrade, as an operator types them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alloc.store import create_ledger
from alloc.store.revision import HEAD, REVISIONS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Outcome

    Call = Callable[..., Outcome]


def payments(alloc: Call, workspace: Path) -> object:
    return alloc("-C", workspace, "--json", "status").document["payments"]


def test_a_lost_ledger_comes_back_from_its_backup(imported: Path, alloc: Call) -> None:
    before = payments(alloc, imported)
    saved = alloc("-C", imported, "ledger", "backup")
    assert saved.code == 0, saved.stderr
    (path,) = (imported / "backups").iterdir()
    assert path.name == "ledger-20260331T220000Z.zip"
    assert str(path) in saved.stdout
    assert "3 bank entries, 4 open items" in saved.stdout
    taken = alloc("-C", imported, "ledger", "restore", path)
    assert taken.code == 73
    assert "[LEDGER_EXISTS]" in taken.stderr
    (imported / "ledger.db").unlink()
    restored = alloc("-C", imported, "ledger", "restore", path)
    assert restored.code == 0, restored.stderr
    assert "The ledger holds together." in restored.stdout
    assert payments(alloc, imported) == before


def test_a_backup_replaces_no_file_by_chance(imported: Path, alloc: Call) -> None:
    path = imported / "mine.zip"
    path.write_text("something else")
    refused = alloc("-C", imported, "ledger", "backup", path)
    assert refused.code == 73
    assert "[FILE_EXISTS]" in refused.stderr
    forced = alloc("-C", imported, "--json", "ledger", "backup", path, "--force")
    assert forced.document["rows"]["bank_entry"] == 3


def test_a_ledger_of_an_older_version_says_how_to_go_on(
    workspace: Path, alloc: Call
) -> None:
    (workspace / "ledger.db").unlink()
    create_ledger(str(workspace / "ledger.db"), revision=REVISIONS[0])
    refused = alloc("-C", workspace, "status")
    assert refused.code == 78
    assert "alloc ledger upgrade" in refused.stderr
    done = alloc("-C", workspace, "--json", "ledger", "upgrade")
    assert done.code == 0, done.stderr
    document = done.document
    assert (document["found"], document["revision"]) == (REVISIONS[0], HEAD)
    assert (workspace / document["backup"]).is_file()
    assert document["ok"]
    again = alloc("-C", workspace, "ledger", "upgrade")
    assert "nothing to do" in again.stdout
    assert alloc("-C", workspace, "status").code == 0


@pytest.mark.parametrize("content", [b"", b"no backup"])
def test_a_file_that_is_no_backup_is_refused(
    workspace: Path, alloc: Call, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "other.zip"
    path.write_bytes(content)
    (workspace / "ledger.db").unlink()
    refused = alloc("-C", workspace, "ledger", "restore", path)
    assert refused.code == 65
    assert "[NOT_A_BACKUP]" in refused.stderr
    assert not (workspace / "ledger.db").exists()
