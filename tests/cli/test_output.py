"""Files are written whole or not at all, and never over another by chance."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, BinaryIO

import pytest

from alloc.cli.exits import OutputError
from alloc.cli.output import free_name, write_file, write_stream

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    write_file(tmp_path / "a.txt", b"whole")
    assert (tmp_path / "a.txt").read_bytes() == b"whole"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_file_that_exists_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"old")
    with pytest.raises(OutputError, match="--force") as caught:
        write_file(tmp_path / "a.txt", b"new")
    assert caught.value.reason == "FILE_EXISTS"
    assert (tmp_path / "a.txt").read_bytes() == b"old"


def test_a_file_is_replaced_when_asked(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"old")
    write_file(tmp_path / "a.txt", b"new", replace=True)
    assert (tmp_path / "a.txt").read_bytes() == b"new"


@pytest.mark.parametrize(
    "failure",
    [OSError(errno.ENOSPC, "full"), KeyboardInterrupt(), ValueError("no")],
    ids=["disk full", "interrupt", "defect"],
)
def test_what_fails_half_way_leaves_nothing(
    tmp_path: Path, failure: BaseException
) -> None:
    (tmp_path / "a.txt").write_bytes(b"old")

    def half(sink: BinaryIO) -> None:
        sink.write(b"half")
        raise failure

    with pytest.raises(type(failure)):
        write_stream(tmp_path / "a.txt", half, replace=True)
    assert (tmp_path / "a.txt").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("name", ["missing/a.txt", "file/a.txt", "folder"])
def test_a_place_that_cannot_hold_a_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        write_file(tmp_path / name, b"x")


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.txt").write_bytes(b"old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_file(tmp_path / "link.txt", b"new", replace=True)
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_bytes() == b"new"


def test_a_device_is_written_not_replaced(tmp_path: Path) -> None:
    device = tmp_path / "null"
    device.symlink_to("/dev/null")
    write_file(device, b"x")
    assert device.is_char_device()


def test_a_taken_name_gets_the_next_number(tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        path = free_name(tmp_path, "day.camt.xml")
        names.append(path.name)
        path.touch()
    assert names == ["day.camt.xml", "day.camt-2.xml", "day.camt-3.xml"]
