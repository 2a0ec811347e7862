"""`alloc fec check` judges anyone's file, without a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Outcome

    Call = Callable[..., Outcome]

NAME = "732829320FEC20261231.txt"
HEADER = (
    "JournalCode JournalLib EcritureNum EcritureDate CompteNum CompteLib CompAuxNum "
    "CompAuxLib PieceRef PieceDate EcritureLib Debit Credit EcritureLet DateLet "
    "ValidDate Montantdevise Idevise"
)
LINES = """
B Banque 1 20260105 512000 Banque   R1 20260105 Virement 100,00 0,00   20260106
B Banque 1 20260105 411000 Clients C1 Dupont R1 20260105 Virement 0,00 100,00   20260106
"""


def book(lines: str = LINES) -> bytes:
    rows = [HEADER, *(f"{line}  " for line in lines.strip().splitlines())]
    return "".join(row.replace(" ", "|") + "\r\n" for row in rows).encode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / NAME
    path.write_bytes(book())
    return path


def test_a_right_file_is_said_to_be_one(file: Path, alloc: Call) -> None:
    got = alloc("fec", "check", file)
    assert (got.code, got.stderr) == (0, "")
    assert "1 entries, 2 lines, debit 100.00, credit 100.00" in got.stdout
    assert "may be handed over" in got.stdout


def test_a_wrong_file_is_told_with_line_field_and_reason(
    file: Path, alloc: Call
) -> None:
    file.write_bytes(book(LINES.replace("R1 20260105 Virement 0", "R1 20260230 V 0")))
    got = alloc("fec", "check", file, "--json")
    assert got.code == 65
    (checked,) = got.document["files"]
    assert checked["ok"] is False
    assert checked["counts"] == [{"code": "DATE", "severity": "error", "count": 1}]
    assert checked["findings"] == [
        {
            "code": "DATE",
            "message": "20260230 is no date AAAAMMJJ",
            "line": 3,
            "column": "PieceDate",
            "severity": "error",
        }
    ]
    text = alloc("fec", "check", file)
    assert f"{NAME}:3: PieceDate: 20260230 is no date AAAAMMJJ [DATE]" in text.stdout
    assert "1 error, 0 warnings." in text.stdout


def test_everything_is_counted_and_the_first_ones_are_listed(
    file: Path, alloc: Call
) -> None:
    file.write_bytes(
        book(LINES.replace(",00 0", ".00 0").replace(" 0,00 1", " 0 1,0,"))
    )
    got = alloc("fec", "check", file, "-n", "0", "--json")
    (checked,) = got.document["files"]
    assert checked["errors"] >= 2
    assert checked["findings"] == []


def test_warnings_alone_do_not_fail(file: Path, alloc: Call) -> None:
    file.write_bytes(book(LINES.replace("Dupont", "Société")))
    got = alloc("fec", "check", file, "--json")
    assert got.code == 0
    assert [one["code"] for one in got.document["files"][0]["counts"]] == [
        "ENCODING_UTF8"
    ]


def test_a_file_that_is_missing_is_no_verdict(tmp_path: Path, alloc: Call) -> None:
    got = alloc("fec", "check", tmp_path / NAME)
    assert got.code == 66
    assert "[FILE_MISSING]" in got.stderr
    assert alloc("fec", "check", tmp_path).code == 66


def test_one_wrong_file_of_several_decides(
    file: Path, tmp_path: Path, alloc: Call
) -> None:
    other = tmp_path / "export.txt"
    other.write_bytes(book())
    got = alloc("fec", "check", file, other, "--json")
    assert got.code == 65
    assert [one["ok"] for one in got.document["files"]] == [True, False]
