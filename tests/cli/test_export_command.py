"""The journal leaves in every format, whole, and never over another file by chance."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from alloc.export.fec_check import check_fec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Outcome

    Call = Callable[..., Outcome]

SIREN = "732829320"


@pytest.fixture
def cleared(imported: Path, alloc: Call) -> Path:
    config = imported / "alloc.toml"
    text = config.read_text().replace(
        'name = "Paris"', f'name = "Paris"\nsiren = "{SIREN}"'
    )
    config.write_text(text)
    assert alloc("-C", imported, "clear").code == 3
    return imported


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("fec", [f"{SIREN}FEC20261231.txt"]),
        ("csv", ["allocations.csv", "entries.csv", "letters.csv"]),
        ("json", ["out"]),
        ("beancount", ["out"]),
        ("hledger", ["out"]),
        ("einvoicing-payments", ["out"]),
        ("odoo", ["PARIS-matching.csv", "PARIS-moves.csv"]),
        ("sage", ["PARIS.txt"]),
        ("quadra", ["PARIS.txt"]),
        ("cegid", ["PARIS.tra"]),
        ("odoo-xlsx", ["PARIS-matching.xlsx", "PARIS-moves.xlsx"]),
    ],
)
def test_every_format_is_written_and_repeats_byte_by_byte(
    cleared: Path, tmp_path: Path, alloc: Call, form: str, names: list[str]
) -> None:
    written = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "out"
        got = alloc("-C", cleared, "export", form, "-o", path, "--json")
        assert got.code == 0, got.stderr
        assert got.document["last_seq"] == 2
        files = sorted(file for file in path.parent.rglob("*") if file.is_file())
        assert [file.name for file in files] == names
        assert sorted(got.document["files"]) == [str(file) for file in files]
        written.append([file.read_bytes() for file in files])
    assert written[0] == written[1]
    assert all(content.count(b"\n") > 1 for content in written[0])


def test_the_fec_passes_the_check(cleared: Path, tmp_path: Path, alloc: Call) -> None:
    assert alloc("-C", cleared, "export", "fec", "-o", tmp_path / "fec").code == 0
    (file,) = (tmp_path / "fec").iterdir()
    with file.open("rb") as data:
        assert not check_fec(data, file.name).findings


def test_a_part_of_the_journal_can_be_asked_for(cleared: Path, alloc: Call) -> None:
    whole = json.loads(alloc("-C", cleared, "export", "json", "-o", "-").stdout)
    assert [entry["seq"] for entry in whole["entries"]] == [1, 2]
    late = alloc("-C", cleared, "export", "json", "-o", "-", "--since", "1")
    assert [entry["seq"] for entry in json.loads(late.stdout)["entries"]] == [2]
    words = ("--fiscal-year", "2025", "--entity", "PARIS")
    none = alloc("-C", cleared, "export", "json", "-o", "-", *words)
    assert json.loads(none.stdout)["entries"] == []


def test_lettering_codes_of_another_package_are_written_into_any_format(
    cleared: Path, alloc: Call
) -> None:
    plain = json.loads(alloc("-C", cleared, "export", "json", "-o", "-").stdout)
    words = ("export", "json", "-o", "-", "--letters", "quadra")
    other = json.loads(alloc("-C", cleared, *words).stdout)
    assert [letter["code"] for letter in plain["letters"]] == ["AAA"]
    assert [letter["code"] for letter in other["letters"]] == ["AA"]
    assert alloc("-C", cleared, *words[:-1], "excel").code == 2


def test_a_package_gets_the_files_of_the_entities_that_have_entries(
    cleared: Path, tmp_path: Path, alloc: Call
) -> None:
    none = ("--fiscal-year", "2025")
    got = alloc("-C", cleared, "export", "sage", "-o", tmp_path / "s", *none, "--json")
    assert (got.code, got.document["files"]) == (0, [])


def test_a_file_that_exists_is_left_alone_unless_forced(
    cleared: Path, tmp_path: Path, alloc: Call
) -> None:
    folder = tmp_path / "csv"
    folder.mkdir()
    (folder / "letters.csv").write_text("mine")
    got = alloc("-C", cleared, "export", "csv", "-o", folder)
    assert got.code == 73
    assert "[FILE_EXISTS]" in got.stderr
    assert [file.name for file in folder.iterdir()] == ["letters.csv"]
    assert (folder / "letters.csv").read_text() == "mine"
    assert alloc("-C", cleared, "export", "csv", "-o", folder, "--force").code == 0
    assert (folder / "letters.csv").read_text() != "mine"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("json", "-o", "{tmp}/none/out.json"), 73, "OUTPUT_REFUSED"),
        (("json", "-o", "/dev/full"), 74, "DISK_FULL"),
        (("fec", "-o", "{tmp}/file/fec"), 73, "OUTPUT_REFUSED"),
        (("fec", "-o", "-"), 2, "several files"),
        (("json", "-o", "-", "--json"), 2, "--json"),
        (("json",), 2, "--output"),
        (("pdf", "-o", "x"), 2, "pdf"),
        (("json", "-o", "x", "--entity", "ROME"), 65, "ENTITY_UNKNOWN"),
        (("sap", "-o", "{tmp}/sap"), 65, "BUKRS PARIS is longer than the 4"),
    ],
)
def test_what_cannot_be_written_is_said(
    cleared: Path,
    tmp_path: Path,
    alloc: Call,
    *,
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    (tmp_path / "file").write_text("")
    filled = [word.replace("{tmp}", str(tmp_path)) for word in words]
    got = alloc("-C", cleared, "export", *filled)
    assert got.code == code, got.stderr
    assert said in got.stderr


def test_an_entity_without_siren_has_no_fec(
    imported: Path, tmp_path: Path, alloc: Call
) -> None:
    alloc("-C", imported, "clear")
    got = alloc("-C", imported, "export", "fec", "-o", tmp_path / "fec")
    assert got.code == 65
    assert "[SIREN_INVALID]" in got.stderr


def test_an_entity_that_lost_its_id_is_not_left_out_of_the_books(
    cleared: Path, tmp_path: Path, alloc: Call
) -> None:
    config = cleared / "alloc.toml"
    config.write_text(config.read_text().replace('id = "PARIS"', 'id = "LYON"'))
    got = alloc("-C", cleared, "export", "fec", "-o", tmp_path / "books")
    assert got.code == 65
    assert "entries of entity PARIS" in got.stderr
    assert "[ENTITY_UNKNOWN]" in got.stderr
    assert not (tmp_path / "books").exists()
