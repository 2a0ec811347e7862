"""What a file is: told by its content, never by its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from alloc.engine import detect_bank_format
from alloc.errors import InputError
from alloc.ingest.profile import builtin_profiles
from alloc.ingest.remittance.reading import advice_format, loose_format
from alloc.ingest.source import HEAD_BYTES, read_bytes, table_format
from alloc.ingest.table_files import sniff_headings

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from alloc.ingest.profile import Profile

__all__ = ["Detected", "detect", "detect_data"]


@dataclass(frozen=True, slots=True)
class Detected:
    """What a file is.

    Parameters
    ----------
    format
        ``camt``, ``mt940``, ``cfonb120``, ``bai2``, ``ofx``, ``csv``, ``xlsx`` or
        ``parquet``; of advices that need no profile ``edifact``, ``x12``, ``ubl``,
        ``pdf`` or ``text``.
    kind
        ``bank``, ``open_items``, ``customers`` or ``remittances``.
    profile
        The mapping profile that fits; None for the formats of banks, and for
        advices that need none.
    """

    format: str
    kind: str
    profile: Profile | None = None


def detect(path: Path | str, profiles: Iterable[Profile] = ()) -> Detected:
    """Recognise a file by its content.

    Parameters
    ----------
    path
        The file.
    profiles
        Mapping profiles of the workspace; the ones that come with the package are
        tried when none of these fits.

    Returns
    -------
    Detected

    Raises
    ------
    alloc.errors.InputError
        It cannot be read (``FILE_MISSING``, ``FILE_EMPTY`` ...), is neither a bank
        file nor a table (``FORMAT_UNKNOWN``), or fits no profile
        (``PROFILE_MISSING``: names the columns that the nearest one lacks) or
        several (``PROFILE_AMBIGUOUS``).
    """
    path = Path(path)
    return detect_data(read_bytes(path), list(profiles), name=path.name)


def detect_data(data: bytes, profiles: Sequence[Profile], *, name: str) -> Detected:
    """Recognise a file by its bytes; see `detect`.

    The beginning is enough for bank files and text.
    """
    bank = detect_bank_format(data[:HEAD_BYTES])
    if bank is not None:
        return Detected(bank, "bank")
    advice = advice_format(data[:HEAD_BYTES])
    if advice is not None:
        return Detected(advice, "remittances")
    format_ = table_format(data, name=name)
    misfits: list[tuple[Profile, InputError]] = []
    for group in (profiles, builtin_profiles()):
        fitting = []
        for profile in group:
            if format_ not in profile.formats:
                continue
            found = sniff_headings(data, format_, profile, name=name)
            if isinstance(found, InputError):
                misfits.append((profile, found))
            else:
                fitting.append(profile)
        if len(fitting) > 1:
            raise _ambiguous(fitting, name)
        if fitting:
            kind = fitting[0].kind
            kind = "bank" if kind == "statement" else kind
            return Detected(format_, kind, fitting[0])
    return _loose(data, format_, _nothing_fits(misfits, format_, name), name)


def _loose(data: bytes, format_: str, error: InputError, name: str) -> Detected:
    """Take what fits no profile as an advice where it reads as one."""
    if error.reason == "PROFILE_MISSING":
        loose = loose_format(data, format_, name=name)
        if loose is not None:
            return Detected(loose, "remittances")
    raise error


def _ambiguous(fitting: list[Profile], name: str) -> InputError:
    names = ", ".join(profile.name for profile in fitting)
    return InputError(
        f"{name} fits several profiles: {names}: make their [detect] columns differ",
        reason="PROFILE_AMBIGUOUS",
        file=name,
        profiles=names,
    )


def _nothing_fits(
    misfits: list[tuple[Profile, InputError]], format_: str, name: str
) -> InputError:
    """Say what the nearest profile lacks; a wrong encoding is nearer than a column."""
    for _, error in misfits:
        if error.reason != "COLUMNS_MISSING":
            return error
    if not misfits:
        return InputError(
            f"{name} is {format_}, and no profile reads that",
            reason="PROFILE_MISSING",
            file=name,
        )
    profile, nearest = min(misfits, key=lambda pair: int(pair[1].metadata["missing"]))
    lacking = str(nearest).partition("needs the columns ")[2]
    return InputError(
        f"{name} fits no profile; the nearest, {profile.name}, needs the columns "
        f"{lacking}: correct the file, or describe it in profiles/NAME.toml",
        reason="PROFILE_MISSING",
        file=name,
        profile=profile.name,
        field=nearest.metadata["field"],
    )
