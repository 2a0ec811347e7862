"""The inbox folder of a workspace, and where its files go."""

from __future__ import annotations

import errno
import fnmatch
import json
import os
import shutil
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alloc.app.run import SkippedFile, WaitingFile
from alloc.cli.exits import ExitCode, error_document, error_lines, exit_code
from alloc.cli.output import free_name, write_file

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable
    from pathlib import Path

    from alloc.cli.workspace import Workspace
    from alloc.settings import Inbox

__all__ = ["FolderInbox"]

ORDER = ("customers", "open_items", "remittances", "bank", "clearings", "")
"""Kinds of files in the order of import; what is not recognised fails last."""


@dataclass(frozen=True, slots=True)
class FolderInbox:
    """The inbox folder.

    Parameters
    ----------
    workspace
        Holds ``done/`` and ``failed/``.
    settings
        The folder, and which files are left alone.
    kind_of
        Recognises a file by its content: one of `ORDER`.
    now
        The start of the run, in UTC.
    """

    workspace: Workspace
    settings: Inbox
    kind_of: Callable[[Path], str]
    now: dt.datetime

    @property
    def folder(self) -> Path:
        """Where the files wait."""
        return self.workspace.root / self.settings.folder

    def waiting(self) -> tuple[list[WaitingFile], list[SkippedFile]]:
        """List the files in the order of their import, and those left alone."""
        files, skipped = [], []
        for path in sorted(self.folder.iterdir()):
            if rule := self._rule_against(path):
                skipped.append(SkippedFile(path.name, rule))
            else:
                files.append(WaitingFile(path.name, self._kind(path)))
        files.sort(key=lambda file: (ORDER.index(file.kind), file.name))
        return files, skipped

    def path(self, file: WaitingFile) -> Path:
        """Return where a waiting file lies."""
        return self.folder / file.name

    def done(self, file: WaitingFile) -> str:
        """Move an imported file to ``done/`` under the day of the run."""
        day = self.now.astimezone().date().isoformat()
        folder = self.workspace.folder("done") / day
        folder.mkdir(parents=True, exist_ok=True)
        return self._move(file, free_name(folder, file.name))

    def failed(self, file: WaitingFile, error: BaseException) -> str:
        """Move a bad file to ``failed/``, with the reason as text and as JSON."""
        target = free_name(self.workspace.folder("failed"), file.name)
        document = {"file": file.name, "failed_at": self.now.isoformat()}
        text = json.dumps(
            document | error_document(error), ensure_ascii=False, indent=2
        )
        lines = [line.removeprefix("alloc: ") for line in error_lines(error)]
        if exit_code(error) == ExitCode.INTERNAL:
            # Nobody stands by at night to repeat it: the report must hold it all.
            lines += ["", *"".join(traceback.format_exception(error)).splitlines()]
        # The reason lies there before the file does, so no file fails without one.
        self._write_beside(target, ".reason.txt", "\n".join(lines) + "\n")
        self._write_beside(target, ".reason.json", text + "\n")
        return self._move(file, target)

    def _rule_against(self, path: Path) -> str:
        if not path.is_file():
            return "FOLDER" if path.is_dir() else "NO_FILE"
        for pattern in self.settings.ignore:
            if fnmatch.fnmatchcase(path.name, pattern):
                return pattern
        changed_ns = path.stat().st_mtime_ns
        age_seconds = int(self.now.timestamp()) - changed_ns // 10**9
        return (
            "STILL_WRITTEN" if 0 <= age_seconds < self.settings.settle_seconds else ""
        )

    def _kind(self, path: Path) -> str:
        try:
            return self.kind_of(path)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException:  # noqa: BLE001 - a panic is no Exception
            # The import will say what is wrong with it.
            return ""

    def _move(self, file: WaitingFile, target: Path) -> str:
        source = self.path(file)
        try:
            source.rename(target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            shutil.move(source, target)
        return os.path.relpath(target, self.workspace.root)

    @staticmethod
    def _write_beside(target: Path, suffix: str, text: str) -> None:
        path = target.with_name(target.name + suffix)
        write_file(path, text.encode(), replace=True)
