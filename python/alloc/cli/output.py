"""Files that commands write: whole or not at all, and never over another by chance."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
from typing import TYPE_CHECKING, BinaryIO

from alloc.cli.exits import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["free_name", "write_file", "write_stream"]

_CANNOT_CREATE = (
    errno.EACCES,
    errno.EISDIR,
    errno.ENOENT,
    errno.ENOTDIR,
    errno.EPERM,
    errno.EROFS,
)


def write_file(path: Path, content: bytes, *, replace: bool = False) -> None:
    """Write a whole file: see `write_stream`.

    Parameters
    ----------
    path
        The file.
    content
        What it holds afterwards.
    replace
        Whether it may exist before.
    """
    write_stream(path, lambda sink: sink.write(content), replace=replace)


def write_stream(
    path: Path, write: Callable[[BinaryIO], object], *, replace: bool = False
) -> None:
    """Let a function write a file; others see the whole of it or nothing.

    Parameters
    ----------
    path
        The file. A temporary one beside it is renamed once it lies on the disk; a
        device or a pipe is written as it is.
    write
        Writes the content to the stream it is given.
    replace
        Whether the file may exist before.

    Raises
    ------
    alloc.cli.exits.OutputError
        ``FILE_EXISTS``; or ``OUTPUT_REFUSED``: the folder is missing or forbidden.
    OSError
        The disk is full or broken; the temporary file is gone again.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as sink:
                write(sink)
            return
        if not replace and os.path.lexists(path):
            raise OutputError(
                f"{path} exists: name another file, or add --force to replace it",
                reason="FILE_EXISTS",
                file=path,
            )
        _write_beside(path.resolve(), write)
    except OSError as error:
        if error.errno not in _CANNOT_CREATE:
            raise
        raise OutputError(
            f"{path} cannot be written: {os.strerror(error.errno).lower()}",
            file=path,
        ) from error


def free_name(folder: Path, name: str) -> Path:
    """Return a path in a folder that nothing has yet: ``a.xml``, ``a-2.xml``, ...

    Parameters
    ----------
    folder
        Where the file shall lie.
    name
        The wanted name.

    Returns
    -------
    pathlib.Path
        The name itself where it is free, else with the first free number.
    """
    path = folder / name
    stem, suffix = path.stem, path.suffix
    for number in itertools.count(2):
        if not os.path.lexists(path):
            break
        path = folder / f"{stem}-{number}{suffix}"
    return path


def _write_beside(path: Path, write: Callable[[BinaryIO], object]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as sink:
            write(sink)
            sink.flush()
            os.fsync(sink.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
