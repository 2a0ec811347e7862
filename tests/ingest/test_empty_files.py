"""A file that holds nothing is empty, whatever its exporter put before the nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from alloc.errors import InputError
from alloc.ingest.source import open_source, read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable
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


def test_zero_bytes_are_said_to_be_that(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_bytes(bytes(1000))
    with pytest.raises(InputError, match="nothing but zero bytes"):
        open_source(path)


@pytest.mark.parametrize("read", [open_source, read_bytes])
def test_a_pipe_is_refused_and_not_waited_for(
    read: Callable[[Path], object], tmp_path: Path
) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(InputError, match="is a pipe or a device") as caught:
        read(path)
    assert caught.value.reason == "FILE_NOT_REGULAR"
