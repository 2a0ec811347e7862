"""What a file holds, read like an import but told in full and kept nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alloc.app.import_files import check_bank
from alloc.errors import AllocError
from alloc.ingest.check import check_profile
from alloc.ingest.reader import detect_source
from alloc.ingest.remittance.reading import read_advice_data
from alloc.ingest.source import open_source, read_bytes
from alloc.ingest.statements import read_bank_source

if TYPE_CHECKING:
    from pathlib import Path

    from alloc.engine import BankFile
    from alloc.ingest.check import ProfileReport
    from alloc.ingest.detection import Detected
    from alloc.ingest.profile import Profile
    from alloc.ingest.remittance.model import AdviceFile
    from alloc.ingest.source import Source
    from alloc.settings import Settings

__all__ = ["FileContent", "inspect_file"]


@dataclass(frozen=True, slots=True)
class FileContent:
    """What a file holds: one of `bank`, `advices` and `table`, or an `error`.

    Parameters
    ----------
    path
        The file.
    opened
        Its size and digest; None where it cannot be opened.
    detected
        What it is; None where that is not known.
    bank
        The content of a bank file.
    advices
        The content of advices that need no profile.
    table
        What the profile that fits makes of a table.
    error
        Why the rest is missing.
    refusal
        Why an import would refuse what was read.
    """

    path: Path
    opened: Source | None = None
    detected: Detected | None = None
    bank: BankFile | None = None
    advices: AdviceFile | None = None
    table: ProfileReport | None = None
    error: AllocError | None = None
    refusal: AllocError | None = None

    @property
    def refused(self) -> bool:
        """Whether an import would refuse the file as it is."""
        wrong = self.error is not None or self.refusal is not None
        return wrong or bool(self.table and self.table.problems_count)


def inspect_file(
    path: Path,
    profiles: tuple[Profile, ...] = (),
    *,
    settings: Settings | None = None,
    strict: bool = False,
) -> FileContent:
    """Read whatever a file holds.

    Parameters
    ----------
    path
        The file.
    profiles
        Mapping profiles of a workspace, if there is one.
    settings
        Of the workspace, if there is one: its entities and bank accounts are looked
        up as an import does.
    strict
        Refuse a bank file for one entry that cannot be read.

    Returns
    -------
    FileContent
        What is wrong is in it: this does not raise because of a file.
    """
    opened = detected = None
    try:
        opened = open_source(path)
        detected = detect_source(opened, profiles)
        if detected.kind == "bank":
            bank = read_bank_source(opened, detected.profile, strict=False)
            refusal = _refusal(opened, detected, bank, settings, strict=strict)
            return FileContent(path, opened, detected, bank=bank, refusal=refusal)
        if detected.profile is None:
            advices = read_advice_data(
                read_bytes(path), detected.format, name=path.name
            )
            return FileContent(path, opened, detected, advices=advices)
        entities = {entity.id for entity in settings.entities} if settings else None
        table = check_profile(path, detected.profile, entities=entities)
        return FileContent(path, opened, detected, table=table)
    except AllocError as error:
        return FileContent(path, opened, detected, error=error)


def _refusal(
    opened: Source,
    detected: Detected,
    bank: BankFile,
    settings: Settings | None,
    *,
    strict: bool,
) -> AllocError | None:
    """Return why an import would refuse a bank file that could be read."""
    try:
        if strict or (settings is not None and settings.import_strict):
            read_bank_source(opened, detected.profile, strict=True)
        check_bank(bank, settings, opened.name)
    except AllocError as error:
        return error
    return None
