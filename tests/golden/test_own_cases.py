"""Cases of our own, of the families and with the rules of the worked ones."""

from __future__ import annotations

import copy
import shutil
from typing import TYPE_CHECKING

import pytest
from case_rules import UnreadError, rules_of
from golden_book import GoldenBook
from own_cases import CASES, SAMPLE
from test_golden_cases import fec_files, run

from alloc.export.beancount import beancount
from alloc.export.hledger import hledger
from alloc.store import open_ledger
from judges import bean_check, fec_check, hledger_check, ledger_check

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", CASES)
def test_a_case_of_our_own_passes_line_for_line(
    empty_ledger: Path, tmp_path: Path, name: str
):
    assert run(CASES[name], empty_ledger, tmp_path) == []


@pytest.mark.parametrize("name", SAMPLE)
def test_independent_judges_accept_its_books(
    empty_ledger: Path, tmp_path: Path, name: str
):
    path = shutil.copy(empty_ledger, tmp_path / "own.db")
    with open_ledger(str(path), write=True) as ledger:
        book = GoldenBook(ledger, CASES[name]).run()
        journal = ledger.journal()
        tables = (journal.entries, journal.postings)
        assert bean_check(beancount(*tables, name="Garage"), tmp_path) == []
        for judge in (hledger_check, ledger_check):
            assert judge(hledger(*tables, name="Garage"), tmp_path) == []
        for file, data in fec_files(book):
            assert fec_check(data, tmp_path, file)["errors"] == []


@pytest.mark.parametrize("name", CASES)
def test_nothing_that_a_rule_says_is_passed_over(name: str):
    for place in range(len(CASES[name]["input"]["rules"])):
        case = copy.deepcopy(CASES[name])
        case["input"]["rules"][place]["unheard_of"] = True
        with pytest.raises(UnreadError, match="unheard_of"):
            rules_of(case)
