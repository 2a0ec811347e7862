"""A file that holds nothing is empty, whatever its exporter put before the nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from alloc.errors import InputError
from alloc.ingest.source import open_source

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    "content", [b"", b" \r\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff\r\n"]
)
def test_a_file_of_nothing_but_a_mark_is_empty(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match="is empty") as caught:
        open_source(path)
    assert caught.value.reason == "FILE_EMPTY"
