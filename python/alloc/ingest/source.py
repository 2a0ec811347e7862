"""Files as they come in: read once, told apart by content."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alloc.errors import ConflictError, InputError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["HEAD_BYTES", "Source", "open_source", "read_bytes", "table_format"]

HEAD_BYTES = 1 << 16
"""How much of a file is looked at to recognise its format."""

_ZIP, _PARQUET = b"PK\x03\x04", b"PAR1"
_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Source:
    """A file before it is understood: its beginning, size and digest.

    Parameters
    ----------
    path
        Where it is.
    head
        Its first `HEAD_BYTES` bytes.
    size
        Bytes.
    sha256
        Hex digest of the whole file.
    changed_ns
        When it was last changed, nanoseconds since 1970.
    """

    path: Path
    head: bytes
    size: int
    sha256: str
    changed_ns: int

    @property
    def name(self) -> str:
        """File name without its folder."""
        return self.path.name

    def check_unchanged(self) -> None:
        """Refuse a file that was written to since it was opened.

        Raises
        ------
        alloc.errors.ConflictError
            ``FILE_CHANGED``.
        """
        state = self.path.stat()
        if (state.st_size, state.st_mtime_ns) != (self.size, self.changed_ns):
            raise ConflictError(
                f"{self.name} changed while it was read: import it again when it is "
                "complete",
                reason="FILE_CHANGED",
                file=self.name,
            )


def open_source(path: Path) -> Source:
    """Digest a file without keeping it in memory.

    Raises
    ------
    alloc.errors.InputError
        ``FILE_MISSING``, ``FILE_IS_FOLDER``, ``FILE_UNREADABLE``, ``FILE_EMPTY``;
        ``FILE_NOT_REGULAR``: a pipe or a device.
    """
    _refuse_endless(path)
    try:
        with path.open("rb") as file:
            state = path.stat()
            head = file.read(HEAD_BYTES)
            file.seek(0)
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _unreadable(path, error) from None
    _refuse_empty(head, path.name)
    return Source(path, head, state.st_size, digest, state.st_mtime_ns)


def read_bytes(path: Path) -> bytes:
    """Read a whole file; errors as of `open_source`."""
    _refuse_endless(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None
    _refuse_empty(data, path.name)
    return data


def table_format(head: bytes, *, name: str) -> str:
    """Tell ``csv``, ``xlsx`` and ``parquet`` apart by content.

    Parameters
    ----------
    head
        The beginning of the file.
    name
        File name for messages.

    Raises
    ------
    alloc.errors.InputError
        ``FORMAT_UNKNOWN``: neither a spreadsheet, nor Parquet, nor text.
    """
    if head.startswith(_PARQUET):
        return "parquet"
    if head.startswith((_ZIP, _COMPOUND)):
        return "xlsx"
    if b"\0" not in head[:HEAD_BYTES] or head.startswith(_UTF16):
        return "csv"
    raise InputError(
        f"{name} is neither a bank file, nor a spreadsheet, nor text",
        reason="FORMAT_UNKNOWN",
        file=name,
    )


def _refuse_endless(path: Path) -> None:
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise InputError(
            f"{path} is a pipe or a device, not a file: copy what it gives into one",
            reason="FILE_NOT_REGULAR",
            file=path.name,
        )


def _refuse_empty(data: bytes, name: str) -> None:
    if data.strip(b" \t\r\n\x00\xef\xbb\xbf\xff\xfe"):
        return
    what = "holds nothing but zero bytes" if b"\0" in data else "is empty"
    raise InputError(f"{name} {what}", reason="FILE_EMPTY", file=name, line=1)


def _unreadable(path: Path, error: OSError) -> InputError:
    reasons = {
        FileNotFoundError: ("FILE_MISSING", "does not exist"),
        IsADirectoryError: ("FILE_IS_FOLDER", "is a folder, not a file"),
        PermissionError: ("FILE_UNREADABLE", "may not be read: no permission"),
    }
    reason, what = reasons.get(
        type(error), ("FILE_UNREADABLE", f"cannot be read: {error.strerror}")
    )
    return InputError(f"{path} {what}", reason=reason, file=path.name)
