"""The days that a replay has decided so far, in a folder: a run that stops goes on."""

from __future__ import annotations

import datetime as dt  # noqa: TC003 - msgspec reads the annotations
import os
import shutil
from typing import TYPE_CHECKING

import click
import msgspec

from alloc.app.replay.days import DayFound  # noqa: TC001 - as above

if TYPE_CHECKING:
    from pathlib import Path

    from alloc.cli.session import Session
    from alloc.messages import Messages

__all__ = ["KeptFolder", "kept_in"]

FOLDER_NAME = "decided"
"""In the folder of the report, while the replay runs."""


class _Line(msgspec.Struct, frozen=True):
    day: dt.date
    found: DayFound


class KeptFolder:
    """Keeps each day as it is decided; a file a part of the work, a line a day.

    Parameters
    ----------
    folder
        Of the report.
    fingerprint
        Of the inputs: days of others are of no use.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._folder = folder / FOLDER_NAME
        named = self._folder / "inputs"
        known = named.read_text("ascii") if named.is_file() else None
        #: Whether days were kept there that other inputs led to.
        self.is_outdated = known is not None and known != fingerprint
        if known != fingerprint:
            self.clear()
            self._folder.mkdir(parents=True)
            named.write_text(fingerprint, "ascii")
        files = self._folder.glob("*.jsonl")
        #: Days that need not be decided again.
        self.days = sum(path.read_bytes().count(b"\n") for path in files)

    def part(self, name: str) -> KeptDays:
        """Return the days of a part of the work."""
        return KeptDays(self._folder / f"{name}.jsonl")

    def clear(self) -> None:
        """Forget what was kept: the report is there, or of other inputs."""
        shutil.rmtree(self._folder, ignore_errors=True)


def kept_in(
    folder: Path, fingerprint: str, session: Session, messages: Messages
) -> KeptFolder:
    """Open what was kept in a folder, and say on standard error what becomes of it."""
    kept = KeptFolder(folder, fingerprint)
    said = ""
    if kept.is_outdated:
        said = messages.say("What was decided there so far is of other inputs: anew.")
    elif kept.days:
        said = messages.say(
            "{count} days were decided by a run that was stopped: going on.",
            count=str(kept.days),
        )
    if said and not session.quiet:
        click.echo(said, err=True)
    return kept


class KeptDays:
    """The days in one file; a line that was not written to its end is none.

    Parameters
    ----------
    path
        The file; made when it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._days: dict[dt.date, DayFound] = {}
        path.touch()
        decoder, whole = msgspec.json.Decoder(_Line), 0
        for text in path.read_bytes().splitlines(keepends=True):
            try:
                line = decoder.decode(text)
            except msgspec.DecodeError:
                break
            if not text.endswith(b"\n"):
                break
            self._days[line.day] = line.found
            whole += len(text)
        os.truncate(path, whole)

    def day(self, day: dt.date) -> DayFound | None:
        """Return what was found on a day; None when it is to be decided."""
        return self._days.get(day)

    def keep(self, day: dt.date, found: DayFound) -> None:
        """Add a day; it outlives this process."""
        with self._path.open("ab") as sink:
            sink.write(msgspec.json.encode(_Line(day, found)) + b"\n")
