"""Exports: the files of a format, each whole or not at all."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alloc.app.ports import JournalFilter
from alloc.cli.exits import OutputError
from alloc.cli.export_files import FILES, SPAN_ENTRIES_MAX, Source
from alloc.cli.output import write_stream
from alloc.errors import AllocError

if TYPE_CHECKING:
    from pathlib import Path

    from alloc.app.ports import Ledger
    from alloc.cli.workspace import Workspace
    from alloc.settings import Settings

__all__ = ["FOLDER_FORMATS", "Export", "export_journal", "export_night", "last_seq"]

FOLDER_FORMATS = (
    *("fec", "csv", "odoo", "odoo-xlsx"),
    *("sage", "quadra", "cegid", "sap"),
)
"""Formats of several files: their path is a folder."""

NIGHT_NAMES = {
    "fec": "fec",
    "beancount": "journal.beancount",
    "hledger": "journal.hledger",
    "csv": "csv",
    "json": "journal.json",
    "odoo": "odoo",
    "odoo-xlsx": "odoo-xlsx",
    "sage": "sage",
    "quadra": "quadra",
    "cegid": "cegid",
    "sap": "sap",
    "einvoicing-payments": "einvoicing-payments.json",
}
"""Where the nightly job puts each format, below ``exports/``."""

WHOLE = JournalFilter()
"""The whole journal."""


@dataclass(frozen=True, slots=True)
class Export:
    """What is exported.

    Parameters
    ----------
    format
        Of `alloc.settings.EXPORT_FORMATS`.
    which
        The part of the journal.
    lettering
        Package whose lettering codes are written; None: our own.
    """

    format: str
    which: JournalFilter = WHOLE
    lettering: str | None = None


def export_journal(
    export: Export,
    path: Path | None,
    *,
    settings: Settings,
    ledger: Ledger,
    overwrite: bool = False,
) -> list[Path]:
    """Write a part of the journal; every file appears whole or not at all.

    Parameters
    ----------
    export
        Format and part.
    path
        The file, or for `FOLDER_FORMATS` the folder, which is made when it is
        missing; None writes one file to standard output.
    settings
        Names of journals, SIREN and closing dates of entities.
    ledger
        Read only.
    overwrite
        Whether files may be there before.

    Returns
    -------
    list of pathlib.Path
        The files written.

    Raises
    ------
    alloc.cli.exits.OutputError
        ``FILE_EXISTS`` (nothing is written then) or ``OUTPUT_REFUSED``.
    alloc.errors.InputError
        The journal cannot be told in this format: ``SIREN_INVALID`` ...
    """
    source = Source(export.which, settings, ledger, export.lettering)
    files = list(FILES[export.format](source))
    if path is None:
        files[0].write(sys.stdout.buffer)
        return []
    targets = [path / file.name if file.name else path for file in files]
    if not overwrite:
        _refuse_existing(targets)
    if export.format in FOLDER_FORMATS:
        _make_folder(path)
    for target, file in zip(targets, files, strict=True):
        write_stream(target, file.write, replace=overwrite)
    return targets


def export_night(
    workspace: Workspace, settings: Settings, ledger: Ledger
) -> tuple[list[str], list[AllocError]]:
    """Write the configured exports anew, whole, below ``exports/``.

    Returns
    -------
    (list of str, list of alloc.errors.AllocError)
        The files below the workspace, and what could not be told in a format.
    """
    written: list[str] = []
    errors: list[AllocError] = []
    for name in settings.exports:
        path = workspace.folder("exports") / NIGHT_NAMES[name]
        try:
            files = export_journal(
                Export(name), path, settings=settings, ledger=ledger, overwrite=True
            )
        except AllocError as error:
            errors.append(error)
            continue
        written += [file.relative_to(workspace.root).as_posix() for file in files]
    return written, errors


def last_seq(ledger: Ledger) -> int:
    """Return the number of the last journal entry, 0 when there is none."""
    spans = list(ledger.journal_spans(SPAN_ENTRIES_MAX))
    return (spans[-1].until_seq or 0) if spans else 0


def _refuse_existing(targets: list[Path]) -> None:
    for target in targets:
        if target.is_file():
            raise OutputError(
                f"{target} exists: name another place, or add --force to replace it",
                reason="FILE_EXISTS",
                file=target,
            )


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be made a folder: {error.strerror}", file=path
        ) from error
