"""A workspace: the folder with ``alloc.toml``, and what lies in it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from alloc.cli.exits import ConfigError
from alloc.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from alloc.app.ports import Ledger
    from alloc.cli.session import Session
    from alloc.ingest.profile import Profile
    from alloc.ingest.reader import Reader
    from alloc.settings import Settings

__all__ = ["CONFIG_NAME", "FOLDERS", "Workspace", "find_workspace"]

CONFIG_NAME = "alloc.toml"
FOLDERS = ("profiles", "inbox", "done", "failed", "reports", "exports")


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

    def open_ledger(self, settings: Settings, *, write: bool) -> Ledger:
        """Open the ledger; the caller closes it."""
        from alloc.store import open_ledger

        return open_ledger(self.ledger_url(settings), write=write)


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
