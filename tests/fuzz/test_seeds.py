"""The seeds of the fuzz targets hold, and so do some mutations of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz_advices import TARGETS, page, workbook
from fuzz_mutations import mutated, words_of

from alloc.ingest.remittance.reading import read_advice_data

CORPUS = Path(__file__).parent / "corpus"
ROUNDS = 60


def seeds_of(target: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]


@pytest.mark.parametrize("target", TARGETS)
def test_every_seed_ends_in_data_or_in_one_named_error(target: str) -> None:
    reached = [TARGETS[target](seed) for seed in seeds_of(target)]
    assert any(reached)


@pytest.mark.parametrize("target", TARGETS)
def test_every_mutation_ends_in_data_or_in_one_named_error(target: str) -> None:
    seeds = seeds_of(target)
    words = words_of(seeds)
    for number in range(ROUNDS):
        TARGETS[target](mutated(seeds, words, 0, number))


def test_equal_seeds_make_equal_inputs() -> None:
    seeds = seeds_of("edifact")
    words = words_of(seeds)
    made = [mutated(seeds, words, 7, number) for number in range(100)]
    assert made == [mutated(seeds, words, 7, number) for number in range(100)]
    assert len(set(made)) > 90
    assert made != [mutated(seeds, words, 8, number) for number in range(100)]


def test_a_bare_sheet_and_a_bare_page_become_whole_files() -> None:
    sheet = (CORPUS / "xlsx" / "typed").read_bytes()
    file = read_advice_data(workbook(sheet), "xlsx", name="a.xlsx")
    assert [line.reference for line in file.advices[0].lines] == ["INV-1", "INV-2"]
    operators = b"BT /F1 10 Tf 40 760 Td (Invoice INV-1001  100.00 EUR) Tj ET"
    file = read_advice_data(page(operators), "pdf", name="a.pdf")
    assert [line.reference for line in file.advices[0].lines] == ["INV-1001"]


def test_the_seeds_are_few_and_small(root: Path) -> None:
    folders = (CORPUS, root / "rust" / "fuzz" / "corpus")
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 2 << 20
