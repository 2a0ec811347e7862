"""Bad input: one clear line, the right exit code, and a ledger that still holds."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from day import CLEARED, CUSTOMERS, DAY, OPEN_ITEMS, UNKNOWN, statement, write_day

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Outcome

GOOD = statement(*DAY)
CUT = GOOD[: GOOD.index("</NtryDtls>")]
DOCTYPE = GOOD.replace("<Document", '<!DOCTYPE a [<!ENTITY b "c">]>\n<Document', 1)
ENTITY = GOOD.replace("VIREMENT", "&b;")
LATIN = GOOD.replace("VIREMENT", "d\u00e9p\u00f4t").encode("iso-8859-15")
ITEM = OPEN_ITEMS.splitlines(keepends=True)

ROOM_BYTES = 8192
"""Where files may not grow any more: a disk that is full before the first page."""

BANK_FILES = {
    "truncated": (CUT, r"bank\.xml:\d+: .*FILE_TRUNCATED"),
    "wrong charset": (LATIN, r"bank\.xml:\d+, byte \d+: .*ENCODING"),
    "doctype": (DOCTYPE, r"bank\.xml:2: .*DOCTYPE"),
    "entity": (ENTITY, r"bank\.xml:\d+: .*entit"),
    "does not add up": (
        statement(*DAY, closing="1.00"),
        r"bank\.xml:\d+: .*BALANCE_OFF",
    ),
    "unknown currency": (
        GOOD.replace('"EUR"', '"EUX"'),
        r"bank\.xml:\d+: .*EUX.*CURRENCY",
    ),
    "account of nobody": (
        statement(CLEARED, iban="DE89370400440532013000"),
        r"bank\.xml:\d+: .*DE89370400440532013000.*ACCOUNT_UNKNOWN",
    ),
    "empty": (b"", r"bank\.xml.* empty.*FILE_EMPTY"),
    "blank": (b"\n \n", r"bank\.xml.* empty.*FILE_EMPTY"),
    "not XML": (b"<Document><a></b></Document>", r"bank\.xml"),
    "binary": (bytes(range(256)) * 8, r"bank\.xml.*FORMAT_UNKNOWN"),
}
BAD_ENTRIES = {
    "three decimals": (GOOD.replace("999.99", "999.999"), r"bank\.xml:\d+.*999\.999"),
    "no amount": (GOOD.replace(">999.99<", ">lots<"), r"bank\.xml:\d+.*lots"),
}
TABLES = {
    "item id twice": ("".join([*ITEM, ITEM[1]]), r"items\.csv:6: item_id: .*I1"),
    "unknown entity": (
        OPEN_ITEMS.replace("PARIS", "LYON", 1),
        r"items\.csv:2: entity: .*LYON",
    ),
    "unknown currency": (
        OPEN_ITEMS.replace("EUR", "EUX", 1),
        r"items\.csv:2: currency: .*EUX",
    ),
    "three decimals": (
        OPEN_ITEMS.replace("300.50", "300.505"),
        r"items\.csv:3: .*300\.505",
    ),
    "no amount": (OPEN_ITEMS.replace("300.50", "much"), r"items\.csv:3: .*much"),
    "no date": (
        OPEN_ITEMS.replace("2026-03-05", "2026-02-30"),
        r"items\.csv:3: .*2026-02-30",
    ),
    "no item id": (OPEN_ITEMS.replace(";I2;", ";;"), r"items\.csv:3: item_id: "),
}


def refused(
    alloc: Callable[..., Outcome],
    workspace: Path,
    path: Path,
    code: int,
    line: str,
    *words: str,
) -> None:
    before = alloc("-C", workspace, "status", "--json").document
    got = alloc("-C", workspace, "import", path, *words)
    assert got.code == code, got.stderr
    assert got.stdout == ""
    assert got.stderr.count("\n") == 1, got.stderr
    assert re.match(rf"alloc: .*{line}", got.stderr), got.stderr
    assert re.search(r" \[[A-Z_]+\]\n$", got.stderr)
    assert alloc("-C", workspace, "status", "--json").document == before
    assert alloc("-C", workspace, "verify").code == 0


@pytest.mark.parametrize("what", BANK_FILES)
def test_a_bad_statement_is_refused_whole(
    workspace: Path, tmp_path: Path, alloc: Callable[..., Outcome], what: str
) -> None:
    content, line = BANK_FILES[what]
    path = tmp_path / "bank.xml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(alloc, workspace, path, 65, line)
    shown = alloc("-C", workspace, "inspect", path, "--json")
    assert shown.code == 65
    assert shown.document["files"][0]["refused"]


@pytest.mark.parametrize("what", BAD_ENTRIES)
def test_a_bad_entry_is_left_out_and_named_unless_strict(
    workspace: Path, tmp_path: Path, alloc: Callable[..., Outcome], what: str
) -> None:
    content, line = BAD_ENTRIES[what]
    path = tmp_path / "bank.xml"
    path.write_text(content, "utf-8")
    refused(alloc, workspace, path, 65, line, "--strict")
    strict = alloc("-C", workspace, "inspect", path, "--strict")
    assert strict.code == 65
    assert "An import would refuse this file." in strict.stdout
    lenient = alloc("-C", workspace, "inspect", path)
    assert lenient.code == 0
    assert "An import would take this file without 1 entry." in lenient.stdout
    got = alloc("-C", workspace, "import", path, "--json")
    assert got.code == 3, got.stderr
    (file,) = got.document["files"]
    assert (file["counts"]["new"], file["left_out"]) == (2, 1)
    assert any("entry left out" in notice["message"] for notice in file["notices"])
    assert alloc("-C", workspace, "import", path).code == 0  # known: nothing to do
    assert alloc("-C", workspace, "import", path, "--strict").code == 65
    whole = tmp_path / "whole.xml"
    whole.write_text(GOOD, "utf-8")
    again = alloc("-C", workspace, "import", whole, "--json")
    assert again.document["files"][0]["counts"]["new"] == 1
    assert alloc("-C", workspace, "verify").code == 0


def test_the_settings_may_ask_for_strictness(
    workspace: Path, tmp_path: Path, alloc: Callable[..., Outcome]
) -> None:
    content, line = BAD_ENTRIES["no amount"]
    path = tmp_path / "bank.xml"
    path.write_text(content, "utf-8")
    settings = workspace / "alloc.toml"
    settings.write_text(settings.read_text() + "\n[import]\nstrict = true\n")
    refused(alloc, workspace, path, 65, line)
    assert alloc("-C", workspace, "inspect", path).code == 65


def test_a_file_without_one_readable_entry_is_refused(
    workspace: Path, tmp_path: Path, alloc: Callable[..., Outcome]
) -> None:
    path = tmp_path / "bank.xml"
    path.write_text(statement(CLEARED).replace(">1200.00<", ">lots<"), "utf-8")
    refused(alloc, workspace, path, 65, r"bank\.xml:\d+.*lots")


def test_a_night_with_an_entry_left_out_wants_a_person(
    workspace: Path, alloc: Callable[..., Outcome]
) -> None:
    settings = workspace / "alloc.toml"
    settings.write_text(settings.read_text() + "\n[inbox]\nsettle_seconds = 0\n")
    one = statement(CLEARED, UNKNOWN).replace(">999.99<", ">lots<")
    for name, text in (("a", one), ("b", OPEN_ITEMS), ("c", CUSTOMERS)):
        (workspace / "inbox" / name).write_text(text, "utf-8")
    got = alloc("-C", workspace, "run")
    assert got.code == 3, got.stdout
    assert "1 entry left out" in got.stdout
    assert "lots" in got.stdout


@pytest.mark.parametrize("what", TABLES)
def test_a_bad_table_is_refused_whole(
    workspace: Path, tmp_path: Path, alloc: Callable[..., Outcome], what: str
) -> None:
    content, line = TABLES[what]
    path = tmp_path / "items.csv"
    path.write_text(content, "utf-8")
    refused(alloc, workspace, path, 65, line)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("missing.xml", r".*missing\.xml .*FILE_MISSING"),
        ("folder", r".*folder .*FILE_IS_FOLDER"),
        ("file.xml/inside.xml", r".*inside\.xml"),
    ],
)
def test_a_path_that_cannot_be_read_is_named(
    workspace: Path,
    tmp_path: Path,
    alloc: Callable[..., Outcome],
    name: str,
    line: str,
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file.xml").write_text(GOOD)
    refused(alloc, workspace, tmp_path / name, 66, line)


def test_a_file_without_permission_is_named(workspace: Path, tmp_path: Path) -> None:
    path = tmp_path / "secret.xml"
    path.write_text(GOOD)
    path.chmod(0)
    done = _alloc_after(NO_RIGHT_TO_READ_ALL, "-C", workspace, "import", path)
    assert (done.returncode, done.stdout) == (66, ""), done.stderr
    assert re.fullmatch(r"alloc: .*secret\.xml .*\[FILE_UNREADABLE\]\n", done.stderr)


def test_a_full_disk_leaves_the_ledger_as_it_was(
    workspace: Path, tmp_path: Path, alloc: Callable[..., Outcome]
) -> None:
    files = write_day(tmp_path)
    before = alloc("-C", workspace, "status", "--json").document
    done = _alloc_after(NO_MORE_ROOM, "-C", workspace, "import", *files)
    assert done.returncode == 74, done.stderr
    assert done.stderr.count("\n") == 1
    assert alloc("-C", workspace, "verify").code == 0
    assert alloc("-C", workspace, "status", "--json").document == before
    assert alloc("-C", workspace, "import", *files).code == 0


def test_a_mistake_in_the_configuration_is_named_with_its_line(
    workspace: Path, alloc: Callable[..., Outcome]
) -> None:
    config = workspace / "alloc.toml"
    text = config.read_text().replace('locale = "en"', 'locale = "xx"\ncolour = 1')
    config.write_text(text)
    line = text.splitlines().index('locale = "xx"') + 1
    got = alloc("-C", workspace, "status")
    assert got.code == 78
    first, second = got.stderr.splitlines()
    assert f"alloc.toml:{line}: workspace.locale: " in first
    assert f"alloc.toml:{line + 1}: workspace.colour: unknown key" in second
    assert first.endswith("[SETTINGS_INVALID]")


def test_a_mistake_in_a_profile_is_named_with_its_line(
    workspace: Path, tmp_path: Path, alloc: Callable[..., Outcome]
) -> None:
    profile = workspace / "profiles" / "erp.toml"
    profile.write_text('kind = "open_items"\n[file]\nformat = "pdf"\n[columns]\n')
    got = alloc("-C", workspace, "import", *write_day(tmp_path))
    assert got.code == 78
    assert "erp.toml:3: file.format: " in got.stderr


def test_a_ledger_that_is_none_is_refused(
    workspace: Path, alloc: Callable[..., Outcome]
) -> None:
    (workspace / "ledger.db").write_text("no ledger")
    got = alloc("-C", workspace, "status")
    assert got.code == 65
    assert "[NOT_A_LEDGER]" in got.stderr
    (workspace / "ledger.db").unlink()
    assert alloc("-C", workspace, "status").code == 66


#: Takes from root what lets it read files without permission.
NO_RIGHT_TO_READ_ALL = """
import ctypes, os
drop_from_bounding_set, dac_override, dac_read_search = 24, 1, 2
for capability in (dac_override, dac_read_search) if os.geteuid() == 0 else ():
    if ctypes.CDLL(None).prctl(drop_from_bounding_set, capability, 0, 0, 0):
        raise OSError("prctl")
"""
NO_MORE_ROOM = f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({ROOM_BYTES}, {ROOM_BYTES}))
"""
AND_THEN = """
import os, sys
os.execv(sys.executable, [sys.executable, "-m", "alloc", *sys.argv[1:]])
"""


def _alloc_after(preparation: str, *words: object) -> subprocess.CompletedProcess[str]:
    """Run `alloc` in a process that prepares itself, not in a copy of this one."""
    return subprocess.run(
        [sys.executable, "-c", preparation + AND_THEN, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )
