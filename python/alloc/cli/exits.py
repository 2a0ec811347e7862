"""Exit codes, and the one map from what went wrong to a line and a code.

The codes follow ``sysexits.h`` where it has one, so that a scheduler can tell "try
again" (75) from "someone must look" (65); ``docs/guide/exit-codes.md`` explains each.
"""

from __future__ import annotations

import errno
import os
import re
from enum import IntEnum

from alloc.cli.plain import plain
from alloc.errors import (
    AllocError,
    ConflictError,
    InputError,
    InternalError,
    LimitError,
    NotFoundError,
    StoreError,
)

__all__ = [
    "ConfigError",
    "ExitCode",
    "OutputError",
    "SourceError",
    "error_document",
    "error_lines",
    "exit_code",
]


class ExitCode(IntEnum):
    """What the command hands to the shell."""

    OK = 0
    USAGE = 2
    REVIEW = 3
    DATA = 65
    NO_INPUT = 66
    INTERNAL = 70
    CANNOT_CREATE = 73
    IO = 74
    BUSY = 75
    CONFIG = 78
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    TERMINATED = 143


class ConfigError(InputError):
    """``alloc.toml`` or a profile is wrong, or there is no workspace."""

    default_reason = "CONFIG_INVALID"


class SourceError(InputError):
    """A file to be read is missing or unreadable."""

    default_reason = "FILE_UNREADABLE"


class OutputError(AllocError):
    """A file to be written cannot be created."""

    default_reason = "OUTPUT_REFUSED"


_BY_REASON = {
    "DATABASE_MISSING": ExitCode.CONFIG,
    "DISK_FULL": ExitCode.IO,
    "FILE_CHANGED": ExitCode.BUSY,
    "FILE_IS_FOLDER": ExitCode.NO_INPUT,
    "FILE_NOT_REGULAR": ExitCode.NO_INPUT,
    "FILE_MISSING": ExitCode.NO_INPUT,
    "FILE_NOT_FOUND": ExitCode.NO_INPUT,
    "FILE_UNREADABLE": ExitCode.NO_INPUT,
    "ITEMS_CHANGED": ExitCode.BUSY,
    "NO_PERMISSION": ExitCode.CANNOT_CREATE,
    "LEDGER_BUSY": ExitCode.BUSY,
    "LEDGER_CONFLICT": ExitCode.BUSY,
    "LEDGER_DENIED": ExitCode.CONFIG,
    "LEDGER_EXISTS": ExitCode.CANNOT_CREATE,
    "LEDGER_MISSING": ExitCode.NO_INPUT,
    "LEDGER_UNREACHABLE": ExitCode.BUSY,
    "LEDGER_VERSION": ExitCode.CONFIG,
    "RUN_IN_PROGRESS": ExitCode.BUSY,
}
_BY_CLASS: tuple[tuple[type[BaseException], ExitCode], ...] = (
    (ConfigError, ExitCode.CONFIG),
    (SourceError, ExitCode.NO_INPUT),
    (OutputError, ExitCode.CANNOT_CREATE),
    (InternalError, ExitCode.INTERNAL),
    (StoreError, ExitCode.IO),
    (InputError, ExitCode.DATA),
    (NotFoundError, ExitCode.DATA),
    (ConflictError, ExitCode.DATA),
    (LimitError, ExitCode.DATA),
    (AllocError, ExitCode.DATA),
    (KeyboardInterrupt, ExitCode.INTERRUPTED),
    (BrokenPipeError, ExitCode.BROKEN_PIPE),
)
_UNREADABLE = (errno.ENOENT, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR)
_OS_REASONS = {
    errno.EACCES: "FILE_UNREADABLE",
    errno.EDQUOT: "DISK_FULL",
    errno.EISDIR: "FILE_IS_FOLDER",
    errno.ENOENT: "FILE_MISSING",
    errno.ENOSPC: "DISK_FULL",
    errno.ENOTDIR: "FILE_MISSING",
    errno.EPERM: "FILE_UNREADABLE",
}


def exit_code(error: BaseException) -> ExitCode:
    """Return the exit code of an error.

    Parameters
    ----------
    error
        Anything raised, `KeyboardInterrupt` and the engine's panics included.

    Returns
    -------
    ExitCode
        `ExitCode.INTERNAL` for what no rule names: that is a defect of ours.
    """
    if isinstance(error, AllocError) and error.reason in _BY_REASON:
        return _BY_REASON[error.reason]
    for kind, code in _BY_CLASS:
        if isinstance(error, kind):
            return code
    if isinstance(error, OSError):
        unreadable = error.errno in _UNREADABLE
        return ExitCode.NO_INPUT if unreadable else ExitCode.IO
    return ExitCode.INTERNAL


def error_document(error: BaseException) -> dict[str, object]:
    """Describe an error for programs: reason, message, named fields, exit code.

    Parameters
    ----------
    error
        Anything raised.

    Returns
    -------
    dict
        ``reason``, ``message``, ``metadata`` and ``exit_code``.
    """
    metadata: dict[str, str] = {}
    if isinstance(error, AllocError):
        reason, message, metadata = error.reason, str(error), error.metadata
    elif isinstance(error, OSError):
        reason, message, metadata = _describe_os_error(error)
    elif isinstance(error, KeyboardInterrupt):
        reason, message = "INTERRUPTED", "stopped; nothing is left half done"
    else:
        reason = "INTERNAL"
        message = (
            f"internal error ({type(error).__name__}): nothing was changed by this"
            " step; please report it with the output of ALLOC_DEBUG=1"
        )
    return {
        "reason": reason,
        "message": message,
        "metadata": metadata,
        "exit_code": int(exit_code(error)),
    }


#: Where a mistake is: ``rules/maif.toml:7: ``.
_PLACE = re.compile(r"\S+:[0-9]+: ")


def error_lines(error: BaseException) -> list[str]:
    """Write an error for people: ``alloc: file:line: message [REASON]``.

    Parameters
    ----------
    error
        Anything raised.

    Returns
    -------
    list of str
        One line for each mistake, nearly always one.
    """
    document = error_document(error)
    metadata = error.metadata if isinstance(error, AllocError) else {}
    file, line = metadata.get("file", ""), metadata.get("line", "")
    place = f"{file}:{line}" if file and line else file
    lines = [
        " ".join(text.split()).replace(f"{file}: line {line}", place, 1)
        for text in str(document["message"]).splitlines()
    ]
    return [
        plain(
            f"alloc: {text if _says_where(file, text) else _at(place, text)}"
            f" [{document['reason']}]"
        )
        for text in lines
    ]


def _says_where(file: str, text: str) -> bool:
    """Say whether a line names its own place: mistakes of several files each do."""
    return bool((file and file in text) or _PLACE.match(text))


def _at(place: str, text: str) -> str:
    return f"{place}: {text}" if place else text


def _describe_os_error(error: OSError) -> tuple[str, str, dict[str, str]]:
    reason = _OS_REASONS.get(error.errno or 0, "IO_FAILED")
    what = os.strerror(error.errno).lower() if error.errno else str(error)
    if error.filename is None:
        return reason, what, {}
    name = os.fsdecode(error.filename)
    return reason, f"{name}: {what}", {"file": name}
