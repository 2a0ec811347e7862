"""Cases of our own, of the families and with the rules of the worked ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from test_golden_cases import run

CASES = {
    case["id"]: case
    for path in sorted((Path(__file__).parent / "cases").glob("*.yaml"))
    for case in yaml.safe_load_all(path.read_text("utf-8"))
}


@pytest.mark.parametrize("name", CASES)
def test_a_case_of_our_own_passes_line_for_line(
    empty_ledger: Path, tmp_path: Path, name: str
):
    case: dict[str, Any] = CASES[name]
    assert run(case, empty_ledger, tmp_path) == []
