"""A workspace: the folder with ``alloc.toml``, and what lies in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from alloc.cli.exits import ConfigError, OutputError
from alloc.errors import ConflictError, InputError, NotFoundError

if TYPE_CHECKING:
    from alloc.app.shared_ledger import SharedLedger
    from alloc.cli.session import Session
    from alloc.ingest.profile import Profile
    from alloc.ingest.reader import Reader
    from alloc.settings import Settings

__all__ = [
    "BACKUPS",
    "CONFIG_NAME",
    "FOLDERS",
    "Workspace",
    "find_workspace",
    "workspace_here",
]

CONFIG_NAME = "alloc.toml"
BACKUPS = "backups"
FOLDERS = (
    "profiles",
    "inbox",
    "done",
    "failed",
    "reports",
    "exports",
    "rules",
    BACKUPS,
)


@dataclass(frozen=True, slots=True)
class Workspace:
    """The paths of a workspace.

    Parameters
    ----------
    root
        The folder that holds ``alloc.toml``, absolute.
    """

    root: Path

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.root / CONFIG_NAME

    def folder(self, name: str) -> Path:
        """Return one of `FOLDERS`."""
        return self.root / name

    def settings(self) -> Settings:
        """Read the configuration.

        Raises
        ------
        alloc.cli.exits.ConfigError
            The message lists every mistake with its line.
        """
        from alloc.settings import read_settings

        try:
            return read_settings(self.config)
        except (InputError, NotFoundError) as error:
            raise ConfigError(
                str(error), reason=error.reason, **error.metadata
            ) from error

    def ledger_url(self, settings: Settings) -> str:
        """Return where the ledger is; a relative file belongs to this folder."""
        path = settings.ledger_url.removeprefix("sqlite:///")
        return settings.ledger_url if "://" in path else f"sqlite:///{self.root / path}"

    def profiles(self) -> tuple[Profile, ...]:
        """Read the mapping profiles; `ConfigError` names every mistake's line."""
        from alloc.ingest.profile import load_profiles

        try:
            return load_profiles(self.folder("profiles"))
        except InputError as error:
            raise ConfigError(
                str(error), reason=error.reason, **error.metadata
            ) from error

    def reader(self) -> Reader:
        """Return what recognises and reads incoming files."""
        from alloc.ingest.reader import Reader

        return Reader(self.profiles())

    def open_ledger(self, settings: Settings, *, write: bool) -> SharedLedger:
        """Open the ledger; the caller closes it.

        The first command that writes makes the ledger of a new workspace. Where there
        are traces of work, a ledger that is missing was lost, and that is said.
        """
        from alloc.store import open_ledger

        url = self.ledger_url(settings)
        try:
            return open_ledger(url, write=write)
        except NotFoundError as error:
            if not write or error.reason != "LEDGER_MISSING" or self.has_worked():
                raise
        self.make_ledger(settings)
        return open_ledger(url, write=write)

    def make_ledger(self, settings: Settings) -> bool:
        """Create the ledger; False when there is one already."""
        from alloc.store import create_ledger

        if self.has_ledger(settings):
            # Quickly told; creating one takes seconds.
            return False
        try:
            create_ledger(self.ledger_url(settings))
        except ConflictError as error:
            if error.reason != "LEDGER_EXISTS":
                raise
            return False
        return True

    def has_ledger(self, settings: Settings) -> bool:
        """Tell whether there is a ledger; a damaged one is an error of its own."""
        from alloc.store import open_ledger

        try:
            open_ledger(self.ledger_url(settings), write=False).close()
        except NotFoundError as error:
            if error.reason != "LEDGER_MISSING":
                raise
            return False
        return True

    def make_folders(self) -> None:
        """Create the folders that are missing; ``WORKSPACE_REFUSED`` when it cannot."""
        try:
            for name in FOLDERS:
                self.folder(name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            what = os.strerror(error.errno).lower() if error.errno else str(error)
            raise OutputError(
                f"the workspace cannot be created: {error.filename}: {what}",
                reason="WORKSPACE_REFUSED",
                file=error.filename,
            ) from error

    def has_worked(self) -> bool:
        """Tell whether a run has left its traces here."""
        folders = map(self.folder, ("done", "failed", "reports", "exports"))
        return any(folder.is_dir() and any(folder.iterdir()) for folder in folders)


def find_workspace(session: Session) -> Workspace:
    """Find the workspace that a command works in.

    Parameters
    ----------
    session
        ``--workspace`` is taken first, then ``ALLOC_WORKSPACE``, then the nearest
        folder from here upwards that holds an ``alloc.toml``.

    Returns
    -------
    Workspace
        It has a configuration file; nothing is read yet.

    Raises
    ------
    alloc.cli.exits.ConfigError
        ``WORKSPACE_MISSING``: there is none.
    """
    named = session.directory or os.environ.get("ALLOC_WORKSPACE")
    if named:
        root = Path(named).absolute()
        if (root / CONFIG_NAME).is_file():
            return Workspace(root)
        raise ConfigError(
            f"{named} is no workspace: it holds no {CONFIG_NAME};"
            " make one with 'alloc init'",
            reason="WORKSPACE_MISSING",
        )
    here = Path.cwd()
    for root in (here, *here.parents):
        if (root / CONFIG_NAME).is_file():
            return Workspace(root)
    raise ConfigError(
        f"no {CONFIG_NAME} here nor in a folder above; make a workspace with"
        " 'alloc init', or name one with --workspace",
        reason="WORKSPACE_MISSING",
    )


def workspace_here(session: Session) -> Workspace | None:
    """Return the workspace that is named, or the one that we stand in, or none."""
    try:
        return find_workspace(session)
    except ConfigError:
        if session.directory or os.environ.get("ALLOC_WORKSPACE"):
            raise
        return None
