"""Days of a whole group, as the nightly job posts them, before independent judges."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from alloc.cli.main import cli
from alloc.demo.__main__ import main as write_demo
from alloc.export.fec_check import check_fec
from judges import bean_check, fec_check, fec_totals, hledger_check, ledger_check

if TYPE_CHECKING:
    from pathlib import Path

NOW = "1774994400"


def call(*words: object, code: int = 0) -> str:
    env = {"SOURCE_DATE_EPOCH": NOW, "ALLOC_USER": "ada"}
    got = CliRunner().invoke(cli, [str(word) for word in words], env=env)
    assert got.exit_code == code, got.stderr
    return got.stdout


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exports of a group after a run and a reversal."""
    root = tmp_path_factory.mktemp("run") / "group"
    made = CliRunner().invoke(write_demo, [str(root), "--size", "small"])
    assert made.exit_code == 0, made.output
    call("-C", root, "run", "-q", code=3)
    journal = json.loads(call("-C", root, "export", "json", "-o", "-"))
    clearing = next(one for one in journal["entries"] if one["kind"] == "clearing")
    call("-C", root, "reverse", clearing["decision_id"])
    for form in ("fec", "beancount", "hledger"):
        call("-C", root, "export", form, "-o", root / "books" / form)
    return root / "books"


def test_bean_check_hledger_and_ledger_accept_the_group(
    books: Path, tmp_path: Path
) -> None:
    assert bean_check((books / "beancount").read_bytes(), tmp_path) == []
    assert hledger_check((books / "hledger").read_bytes(), tmp_path) == []
    assert ledger_check((books / "hledger").read_bytes(), tmp_path) == []


def test_each_of_them_rejects_the_group_with_a_cent_too_much(
    books: Path, tmp_path: Path
) -> None:
    for form, judges in (
        ("beancount", [bean_check]),
        ("hledger", [hledger_check, ledger_check]),
    ):
        lines = (books / form).read_bytes().split(b"\n")
        at = next(
            index
            for index, line in enumerate(lines)
            if b":512" in line and line.endswith(b" EUR") and b"balance" not in line
        )
        amount = lines[at].removesuffix(b" EUR")
        lines[at] = amount[:-1] + str((int(amount[-1:]) + 1) % 10).encode() + b" EUR"
        for judge in judges:
            assert judge(b"\n".join(lines), tmp_path)


def test_every_fec_of_the_group_is_accepted_by_three_readers(
    books: Path, tmp_path: Path
) -> None:
    files = sorted((books / "fec").iterdir())
    assert len(files) == 3
    for file in files:
        data = file.read_bytes()
        with file.open("rb") as source:
            report = check_fec(source, file.name)
        assert not report.findings
        assert fec_check(data, tmp_path, file.name) == {"errors": [], "warnings": []}
        total = f"{report.debit_minor // 100}.{report.debit_minor % 100:02d}"
        assert fec_totals(data, tmp_path, file.name) == (report.lines, total, total)


def test_what_was_collected_is_what_the_group_allocated(books: Path) -> None:
    root = books.parent
    told = json.loads(call("-C", root, "export", "einvoicing-payments", "-o", "-"))
    journal = json.loads(call("-C", root, "export", "json", "-o", "-"))
    undone = {entry["reverses_seq"] for entry in journal["entries"]}
    expected = sum(
        allocation["allocated_minor"]
        for entry in journal["entries"]
        if entry["seq"] not in undone
        for allocation in entry["allocations"]
    )
    assert sum(status["amount_minor"] for status in told["statuses"]) == expected
    for status in told["statuses"]:
        rates = status["rates"] or [{"amount_minor": status["amount_minor"]}]
        assert sum(rate["amount_minor"] for rate in rates) == status["amount_minor"]


@pytest.mark.parametrize(
    ("column", "value"), [("EcritureDate", "20261301"), ("Debit", "1200,0O")]
)
def test_the_second_reader_refuses_a_spoiled_fec(
    books: Path, tmp_path: Path, column: str, value: str
) -> None:
    file = min((books / "fec").iterdir())
    header, first, *rest = file.read_bytes().split(b"\r\n")
    cells = first.split(b"\t")
    cells[header.split(b"\t").index(column.encode())] = value.encode()
    data = b"\r\n".join([header, b"\t".join(cells), *rest])
    assert fec_totals(data, tmp_path, file.name) is None
