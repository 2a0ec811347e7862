"""The nightly job: take the inbox, clear, export, report; safe to run again.

Every step holds whole or not at all, and doing it twice changes nothing: an import
is one transaction and known again by its bytes, a payment that was posted waits no
more, an export is a function of the journal. A file leaves the inbox only after what
it says is in the ledger. So a run that was killed anywhere is simply run again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from alloc.errors import (
    AllocError,
    ConflictError,
    InputError,
    InternalError,
    LimitError,
    NotFoundError,
)

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from alloc.app.clear import Progress

__all__ = [
    "Inbox",
    "RunReport",
    "RunSteps",
    "SkippedFile",
    "TakenFile",
    "WaitingFile",
    "run",
]

#: What is wrong with a file; anything else stops the run and leaves the file.
FILE_ERRORS = (InputError, LimitError, NotFoundError)
#: The reason of a file that was written to while it was read: left for the next run.
FILE_CHANGED = "FILE_CHANGED"

ImportedT = TypeVar("ImportedT")
ClearedT = TypeVar("ClearedT")


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file of the inbox, recognised as far as that went.

    Parameters
    ----------
    name
        File name.
    kind
        ``customers``, ``open_items``, ``remittances``, ``bank``; empty when its
        content is not known.
    """

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class SkippedFile:
    """A file that stays in the inbox: ``rule`` names why (``*.part``, ``NEW`` ...)."""

    name: str
    rule: str


@dataclass(frozen=True, slots=True)
class TakenFile(Generic[ImportedT]):
    """What became of a file.

    Parameters
    ----------
    name, kind
        See `WaitingFile`.
    moved_to
        Where it lies now, below the workspace.
    imported
        What the import did; None for a file that failed.
    error
        What is wrong with it; None for a file that was imported.
    """

    name: str
    kind: str
    moved_to: str
    imported: ImportedT | None = None
    error: BaseException | None = None


class Inbox(Protocol):
    """The folder that files are dropped into."""

    def waiting(self) -> tuple[Sequence[WaitingFile], Sequence[SkippedFile]]:
        """List the files in the order in which they are to be imported, and the rest.

        Customers come first, then open items, advices and statements: a payment
        finds what it pays for. Within a kind the names decide.
        """

    def done(self, file: WaitingFile) -> str:
        """Move an imported file away, never over another; return where to."""

    def failed(self, file: WaitingFile, error: BaseException) -> str:
        """Move a bad file away, with the reason beside it; return where to."""


@dataclass(frozen=True, slots=True)
class RunSteps(Generic[ImportedT, ClearedT]):
    """What a run does, as functions of the outside world.

    Parameters
    ----------
    inbox
        Where files wait.
    import_file
        Imports one file of the inbox in one transaction.
    clear
        Decides and posts every payment that waits.
    export
        Writes the configured exports; returns their paths below the workspace, and
        what could not be written.
    report
        Keeps the report; called last.
    """

    inbox: Inbox
    import_file: Callable[[WaitingFile], ImportedT]
    clear: Callable[[], ClearedT]
    export: Callable[[], tuple[Sequence[str], Sequence[Exception]]]
    report: Callable[[RunReport[ImportedT, ClearedT]], object]


@dataclass(frozen=True, slots=True)
class RunReport(Generic[ImportedT, ClearedT]):
    """What a run did.

    Parameters
    ----------
    started
        When, in UTC.
    files
        The files that were taken, in the order of their import.
    skipped
        The files that stay in the inbox.
    cleared
        What the clearing did.
    exports
        The files written, below the workspace.
    export_errors
        What could not be exported; the journal itself is as it should be.
    """

    started: dt.datetime
    files: tuple[TakenFile[ImportedT], ...]
    skipped: tuple[SkippedFile, ...]
    cleared: ClearedT
    exports: tuple[str, ...]
    export_errors: tuple[Exception, ...] = ()

    @property
    def failed(self) -> tuple[TakenFile[ImportedT], ...]:
        """The files that could not be imported."""
        return tuple(file for file in self.files if file.error is not None)


def run(
    steps: RunSteps[ImportedT, ClearedT],
    *,
    now: dt.datetime,
    progress: Progress | None = None,
) -> RunReport[ImportedT, ClearedT]:
    """Do a whole night.

    Parameters
    ----------
    steps
        The outside world. The caller holds the lock of the workspace.
    now
        When the run starts, in UTC.
    progress
        Told how many files are done, and of how many.

    Returns
    -------
    RunReport
        The report that was kept.

    Raises
    ------
    alloc.errors.ConflictError, alloc.errors.StoreError, OSError
        The ledger is busy or the disk refuses: the files that are not done stay in
        the inbox for the next run.
    """
    waiting, skipped = steps.inbox.waiting()
    files, left = [], list(skipped)
    for number, file in enumerate(waiting):
        if progress is not None:
            progress(number, len(waiting))
        taken = _take(steps, file)
        if isinstance(taken, TakenFile):
            files.append(taken)
        else:
            left.append(taken)
    cleared = steps.clear()
    exports, export_errors = steps.export()
    report = RunReport(
        started=now,
        files=tuple(files),
        skipped=tuple(left),
        cleared=cleared,
        exports=tuple(exports),
        export_errors=tuple(export_errors),
    )
    steps.report(report)
    return report


def _take(
    steps: RunSteps[ImportedT, ClearedT], file: WaitingFile
) -> TakenFile[ImportedT] | SkippedFile:
    try:
        imported = steps.import_file(file)
    except ConflictError as error:
        if error.reason != FILE_CHANGED:
            raise
        return SkippedFile(file.name, FILE_CHANGED)
    except FILE_ERRORS as error:
        return _failed(steps, file, error)
    except BaseException as error:
        if not _is_defect(error):
            raise
        return _failed(steps, file, error)
    return TakenFile(file.name, file.kind, steps.inbox.done(file), imported=imported)


def _failed(
    steps: RunSteps[ImportedT, ClearedT], file: WaitingFile, error: BaseException
) -> TakenFile[ImportedT]:
    moved_to = steps.inbox.failed(file, error)
    return TakenFile(file.name, file.kind, moved_to, error=error)


def _is_defect(error: BaseException) -> bool:
    """Tell a defect of ours that one file met from what concerns the whole night.

    The transaction of the file is rolled back, so the night may go on without it. A
    panic of the engine is no `Exception`; a broken ledger or disk is no defect.
    """
    panic = type(error).__name__ == "PanicException"
    ours = isinstance(error, InternalError) or not isinstance(
        error, (AllocError, OSError)
    )
    return panic or (isinstance(error, Exception) and ours)
