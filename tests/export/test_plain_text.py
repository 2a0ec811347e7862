"""beancount, hledger and ledger files, judged by the programs themselves."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from export_journal import MONTH, entry, tables
from hypothesis import given, settings
from hypothesis import strategies as st

from alloc.export.beancount import beancount
from alloc.export.hledger import hledger
from alloc.export.plain_text import component, root_of, title
from judges import bean_check, hledger_check, installed, ledger_check

if TYPE_CHECKING:
    from pathlib import Path

JUDGES = {
    "bean-check": (beancount, bean_check),
    "hledger": (hledger, hledger_check),
    "ledger": (hledger, ledger_check),
}
#: Names and labels that mean something to these programs.
HOSTILE = [
    entry(
        1,
        1,
        ("512000", None, 5, None),
        ("411000", 'é "x" ; y:z', -5, "AAA"),
        label='2026-01-01 * "quote" ; comment \\ | (code) \n open X',
        piece_ref='"; tag: x',
        entity="société à",
    ),
    entry(
        2,
        1,
        ("512100", None, 1200, None),
        ("411000", "c-x2f", -1200, None),
        currency="JPY",
        label="",
        journal="B Q(1)",
    ),
    entry(3, 1, ("512200", None, 1, None), ("411000", "=1", -1, None), currency="TND"),
]


JOURNALS = {"month": MONTH, "hostile": HOSTILE, "empty": []}


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("case", JOURNALS)
def test_the_judge_accepts_our_file(judge: str, case: str, tmp_path: Path) -> None:
    write, check = JUDGES[judge]
    assert check(write(*tables(JOURNALS[case]), name='Demo "x"'), tmp_path) == []


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize(
    ("old", "new"),
    [(b"1140.00 EUR", b"1140.01 EUR"), (b"-500.00 EUR", b"-500.01 EUR")],
    ids=["debit", "credit"],
)
def test_the_judge_rejects_an_entry_that_is_off_by_a_cent(
    judge: str, old: bytes, new: bytes, tmp_path: Path
) -> None:
    write, check = JUDGES[judge]
    data = write(*tables(MONTH), name="Demo")
    assert data.count(old) >= 1
    assert check(data.replace(old, new, 1), tmp_path)


@pytest.mark.parametrize("judge", JUDGES)
def test_the_judge_rejects_a_balance_that_is_off_by_a_cent(
    judge: str, tmp_path: Path
) -> None:
    write, check = JUDGES[judge]
    data = write(*tables(MONTH), name="Demo")
    assert b"2072.10" in data
    assert check(data.replace(b"2072.10", b"2072.11"), tmp_path)


@pytest.mark.parametrize("judge", JUDGES)
def test_the_judge_misses_no_dropped_entry(judge: str, tmp_path: Path) -> None:
    write, check = JUDGES[judge]
    text = write(*tables(MONTH), name="Demo").decode()
    start = text.index("2026-04-03 *")
    end = text.index("2026-04-04 *")
    assert check((text[:start] + text[end:]).encode(), tmp_path)


def test_hledger_sees_the_balances_of_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    path.write_bytes(hledger(*tables(MONTH), name="Demo"))
    program = installed("hledger", package="hledger")
    command = [program, "-f", str(path), "balance", "-N", "--flat", "411000"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert [line.split() for line in printed.splitlines()] == [
        ["-1632.10", "EUR", "Assets:E1:411000:C-A"],
        ["-500.00", "EUR", "Assets:E1:411000:C-x2f-B"],
    ]


@given(st.lists(st.text(max_size=6), unique=True, max_size=30))
def test_different_names_stay_different(names: list[str]) -> None:
    assert len({component(name) for name in names}) == len(names)


@settings(max_examples=20)
@given(st.text(max_size=20))
def test_titles_stay_on_one_line_and_close_no_quotation(text: str) -> None:
    assert not set(title(text)) & set('"\\;|\n\r\t\x85\u2028')


def test_accounts_stand_under_the_roots_of_the_french_chart() -> None:
    expected = {
        "101": "Equity",
        "164": "Liabilities",
        "411": "Assets",
        "4191": "Liabilities",
        "401": "Liabilities",
        "44571": "Liabilities",
        "44566": "Assets",
        "512": "Assets",
        "7": "Income",
    }
    assert {account: root_of(account) for account in expected} == expected
