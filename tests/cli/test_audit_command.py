"""`alloc audit export`: who decided what, on which evidence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from day import write_day

if TYPE_CHECKING:
    from pathlib import Path


def test_the_audit_trail_is_written_once_and_in_order(
    workspace: Path, alloc, tmp_path: Path
) -> None:
    files = tmp_path / "files"
    files.mkdir()
    assert alloc("-C", workspace, "import", *write_day(files)).code == 0
    assert alloc("-C", workspace, "clear").code == 3
    target = tmp_path / "audit.jsonl"
    assert alloc("-C", workspace, "audit", "export", target).code == 0
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert rows
    assert [row["audit_no"] for row in rows] == list(range(1, len(rows) + 1))
    assert {row["document"]["by"] for row in rows} == {"alloc"}
    again = alloc("-C", workspace, "audit", "export", target)
    assert again.code != 0
    assert "--force" in again.stderr
    said = alloc(
        *("-C", workspace, "--json", "audit", "export", target, "--force"),
        *("--format", "csv"),
    )
    assert said.document == {"file": str(target), "records": len(rows), "format": "csv"}
    assert target.read_text().startswith('"audit_no","action"')
    unknown = alloc("-C", workspace, "audit", "export", target, "--entity", "NOBODY")
    assert unknown.code != 0
