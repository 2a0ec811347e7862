"""Lettering codes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
import yaml

from alloc import engine
from alloc.errors import InputError, LimitError

if TYPE_CHECKING:
    from pathlib import Path


def code(index: int, kind: str = "full") -> str:
    letters = pa.table({"code_index": [index], "kind": [kind]})
    return str(engine.letter_codes(letters)[0].as_py())


def next_code(last: str) -> str:
    if not last:
        return code(0)
    index, kind = engine.letter_index(last)
    return code(index + 1, kind)


def test_codes_count_up_and_take_a_fourth_letter_after_zzz() -> None:
    for last, expected in [
        ("", "AAA"),
        ("AAZ", "ABA"),
        ("AZZ", "BAA"),
        ("ZZZ", "AAAA"),
        ("aaz", "aba"),
        ("zzz", "aaaa"),
    ]:
        assert next_code(last) == expected


def test_every_code_reads_back_as_its_index() -> None:
    indexes = [0, 1, 25, 26, 675, 676, 17_575, 17_576, 474_551, 474_552, 10**9]
    for kind in ("full", "partial"):
        assert [engine.letter_index(code(index, kind)) for index in indexes] == [
            (index, kind) for index in indexes
        ]


def test_what_is_no_code_is_refused() -> None:
    for text in ("AA", "AAa", "A1A", ""):
        with pytest.raises(InputError) as caught:
            engine.letter_index(text)
        assert caught.value.reason == "LETTER_CODE_INVALID"
    with pytest.raises(LimitError):
        code(-1)


def test_the_shared_vectors_hold(shared: Path | None) -> None:
    vectors: dict[str, Any] = {"next": [["ZZZ", "AAAA"]], "index": [["ABA", 26]]}
    if shared is not None:
        path = shared / "golden" / "vectors_lettering.yaml"
        vectors = yaml.safe_load(path.read_text("utf-8"))
    for last, expected in vectors["next"]:
        assert next_code(last) == expected
    for text, index in vectors["index"]:
        assert engine.letter_index(text)[0] == index
