"""Cut off or changed, a file of advices ends in data or in one named error."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from advice_case import REMADV, UBL, X820, X835
from test_advice_lists import CSV, FRENCH, GERMAN, pdf

from alloc.errors import InputError, LimitError
from alloc.ingest import detect
from alloc.ingest.remittance.reading import (
    advice_format,
    loose_format,
    read_advice_data,
)
from alloc.ingest.source import HEAD_BYTES

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "edifact": [REMADV, b"UNA:+.? '" + REMADV],
    "x12": [X820, X835],
    "ubl": [UBL],
}
LOOSE = {"text": [FRENCH.encode(), GERMAN.encode()], "csv": [CSV.encode()]}
LOOSE["pdf"] = [pdf("Payment", "INV-1 100.00 EUR", "Total 100.00")]
ROUNDS = 400
ODD = [b"'", b"?", b"~", b"*", b"+", b":", b"\n", b"\0", b"\xff", b"<", b"&", b"-9"]


def survives(data: bytes, format_: str) -> str:
    try:
        file = read_advice_data(data, format_, name="a")
    except (InputError, LimitError) as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert refused.metadata["file"] == "a"
        assert int(refused.metadata.get("line", 1)) >= 1
        return refused.reason
    for advice in file.advices:
        for line in advice.lines:
            assert line.amount_minor is None or isinstance(line.amount_minor, int)
    return ""


@pytest.mark.parametrize("format_", FILES)
def test_every_beginning_of_a_file_is_refused_or_read(format_: str) -> None:
    for data in FILES[format_]:
        whole = data.rstrip()
        told = [survives(data[:end], format_) for end in range(len(whole))]
        # All but the whole file lack a trailer: nothing is lost in silence.
        assert "" not in told


@pytest.mark.parametrize("format_", [*FILES, *LOOSE])
def test_every_mutation_of_a_file_is_refused_or_read(format_: str) -> None:
    chance = random.Random(format_)
    for data in (FILES | LOOSE)[format_]:
        told = set()
        for _ in range(ROUNDS):
            changed = bytearray(data)
            for _ in range(chance.randint(1, 6)):
                at = chance.randrange(len(changed))
                end = min(len(changed), at + chance.randint(0, 12))
                changed[at:end] = chance.choice(
                    [
                        b"",
                        chance.choice(ODD),
                        bytes([chance.randrange(256)]),
                        bytes(changed[at:end]) * 2,
                    ]
                )
            told.add(survives(bytes(changed), format_))
        assert len(told) > 1


def test_a_bomb_of_entities_or_depth_is_refused() -> None:
    bomb = (
        b'<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
        b"<RemittanceAdvice>&b;</RemittanceAdvice>"
    )
    assert survives(bomb, "ubl") == "XML_DOCTYPE"
    assert survives(b"<a>" * 1000, "ubl") == "XML_DEPTH"


COUNTED = {"remadv", "x12_820", "x12_835", "ublra"}


def test_every_known_file_is_read_with_the_number_of_its_advices(
    shared: Path | None,
) -> None:
    if shared is None:
        return
    folder = shared / "statements"
    rows = (folder / "index.tsv").read_text("utf-8").splitlines()
    names = rows[0].split("\t")
    off = []
    for row in rows[1:]:
        said = dict(zip(names, row.split("\t"), strict=False))
        if said["path"].partition("/")[0] not in COUNTED:
            continue
        data = (folder / said["path"]).read_bytes()
        format_ = advice_format(data[:HEAD_BYTES])
        assert format_ is not None, said["path"]
        file = read_advice_data(data, format_, name=said["path"])
        if len(file.advices) != int(said["entries"]):
            off.append(said["path"])
    assert off == []


def test_every_known_text_is_read_and_every_other_table_is_refused(
    shared: Path | None,
) -> None:
    if shared is None:
        return
    for path in sorted((shared / "statements" / "remittance_text").iterdir()):
        detected = detect(path)
        assert (detected.kind, detected.format) == ("remittances", "text")
        (advice,) = read_advice_data(path.read_bytes(), "text", name=path.name).advices
        assert advice.total_minor
        assert all(line.reference for line in advice.lines)
    for path in sorted((shared / "statements" / "csv").iterdir()):
        # Statements: bank files or tables for a profile, never advices.
        format_ = "xlsx" if path.suffix == ".xlsx" else "csv"
        data = path.read_bytes()
        assert loose_format(data, format_, name=path.name) is None, path.name
