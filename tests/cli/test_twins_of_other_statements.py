"""Two credits alike, one statement after the other: both are money."""

from __future__ import annotations

from typing import TYPE_CHECKING

from day import IBAN

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Call = Callable[..., "Outcome"]
    from conftest import Outcome


def statement(number: int, opening: int, *payers: str) -> str:
    """Write an MT940 statement of one day: 100.00 from each payer, no reference."""
    entries = "".join(
        f":61:2603020302C100,00NMSCNONREF\r\n:86:VIR {payer}\r\n" for payer in payers
    )
    closing = opening + 100 * len(payers)
    return (
        f":20:ST{number}\r\n:25:{IBAN}\r\n:28C:{number}/1\r\n"
        f":60F:C260302EUR{opening},00\r\n{entries}:62F:C260302EUR{closing},00\r\n-\r\n"
    )


FIRST = statement(1, 1000, "CLIENT A")
SECOND = statement(2, 1100, "CLIENT B", "CLIENT C")
THIRD = statement(3, 1300, "CLIENT D")


def counts(alloc: Call, workspace: Path, path: Path, text: str) -> tuple[int, int]:
    path.write_bytes(text.encode())
    (report,) = alloc("-C", workspace, "import", "--json", path).document["files"]
    found = report["counts"]
    return found["new"], found["known"]


def test_statements_that_follow_one_another_hold_different_money(
    workspace: Path, alloc: Call, tmp_path: Path
) -> None:
    file = tmp_path / "day.sta"
    assert counts(alloc, workspace, file, FIRST) == (1, 0)
    assert counts(alloc, workspace, file, SECOND) == (2, 0)
    assert counts(alloc, workspace, file, THIRD) == (1, 0)
    assert counts(alloc, workspace, file, FIRST + SECOND + THIRD) == (0, 4)


def test_one_file_or_several_make_the_same_payments(
    workspace: Path, alloc: Call, tmp_path: Path
) -> None:
    file = tmp_path / "day.sta"
    assert counts(alloc, workspace, file, FIRST + SECOND) == (3, 0)
    assert counts(alloc, workspace, file, SECOND.replace("VIR", "VIREMENT")) == (0, 2)
    assert counts(alloc, workspace, file, THIRD + FIRST) == (1, 1)


def test_a_statement_that_comes_again_is_known_whatever_its_texts(
    workspace: Path, alloc: Call, tmp_path: Path
) -> None:
    file = tmp_path / "day.sta"
    assert counts(alloc, workspace, file, SECOND) == (2, 0)
    again = SECOND.replace("CLIENT", "KUNDE")
    assert counts(alloc, workspace, file, again) == (0, 2)


def test_balances_that_do_not_tell_are_told(
    workspace: Path, alloc: Call, tmp_path: Path
) -> None:
    file = tmp_path / "day.sta"
    assert counts(alloc, workspace, file, FIRST) == (1, 0)
    file.write_text(statement(9, 9400, "CLIENT Z"))
    (report,) = alloc("-C", workspace, "import", "--json", file).document["files"]
    assert (report["counts"]["new"], report["counts"]["known"]) == (0, 1)
    assert [row["code"] for row in report["notices"]] == ["ENTRY_KNOWN_ELSEWHERE"]


def test_one_statement_twice_in_a_file_refuses_it(
    workspace: Path, alloc: Call, tmp_path: Path
) -> None:
    file = tmp_path / "day.sta"
    file.write_text(FIRST + FIRST)
    refused = alloc("-C", workspace, "import", file)
    assert refused.code == 65
    assert "[STATEMENT_REPEATED]" in refused.stderr


def test_many_statements_of_one_day_with_one_credit_each_are_all_money(
    workspace: Path, alloc: Call, tmp_path: Path
) -> None:
    """More of them than the ledger is asked for at once."""
    days = [statement(n + 1, 1000 + 100 * n, f"CLIENT {n}") for n in range(15)]
    file = tmp_path / "day.sta"
    for text in days[:12]:
        assert counts(alloc, workspace, file, text) == (1, 0)
    assert counts(alloc, workspace, file, "".join(days[12:])) == (3, 0)
    assert counts(alloc, workspace, file, "".join(days)) == (0, 15)
