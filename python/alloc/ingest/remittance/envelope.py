"""The envelopes of EDI: messages between header and trailer, their counts checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from alloc.app.ports import Notice
from alloc.ingest.remittance.model import wrong
from alloc.ingest.remittance.values import whole_number

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from alloc.ingest.remittance.segments import Segment

__all__ = ["EDIFACT", "X12", "Message", "Rules", "unpack"]


@dataclass(frozen=True, slots=True)
class Message:
    """One message: its header segment and what lies between header and trailer."""

    header: Segment
    body: Sequence[Segment]
    group: Segment | None


@dataclass(frozen=True, slots=True)
class Rules:
    """How the envelopes of one family of EDI are built.

    Parameters
    ----------
    trailers
        Trailer of each header; the message's last.
    control
        Element of the control reference in each header.
    message
        Tag of the header of messages.
    """

    trailers: Mapping[str, str]
    control: Mapping[str, int]
    message: str


EDIFACT = Rules(
    {"UNB": "UNZ", "UNG": "UNE", "UNH": "UNT"},
    {"UNB": 4, "UNG": 4, "UNH": 0},
    "UNH",
)
X12 = Rules({"ISA": "IEA", "GS": "GE", "ST": "SE"}, {"ISA": 12, "GS": 5, "ST": 1}, "ST")


_BESIDE_MESSAGES = ("TA1", "UNA")
"""Segments that may stand between messages."""


@dataclass(slots=True)
class _Open:
    """A header that waits for its trailer; `inside` counts what it holds."""

    header: Segment
    place: int
    inside: int = 0


def unpack(
    segments: Sequence[Segment], rules: Rules, notices: list[Notice], *, name: str
) -> list[Message]:
    """Return the messages of a file.

    Trailers that count otherwise, or name another header, are noted
    (``EDI_COUNT_DIFFERS``, ``EDI_CONTROL_DIFFERS``).

    Raises
    ------
    alloc.errors.InputError
        ``EDI_TRUNCATED``: a header has no trailer; ``EDI_ENVELOPE``: a trailer has
        no header, or a segment is outside of all messages.
    """
    trailers = {trailer: header for header, trailer in rules.trailers.items()}
    opened: list[_Open] = []
    messages: list[Message] = []
    for place, segment in enumerate(segments):
        if segment.tag in rules.trailers:
            if opened:
                opened[-1].inside += 1
            _refuse_nested(opened, segment, rules, name)
            opened.append(_Open(segment, place))
        elif segment.tag in trailers:
            if not opened or opened[-1].header.tag != trailers[segment.tag]:
                raise wrong(
                    name,
                    segment.line,
                    "EDI_ENVELOPE",
                    f"{segment.tag} ends no {trailers[segment.tag]}",
                    field=segment.tag,
                )
            begun = opened.pop()
            notices.extend(_odd_trailer(begun, segment, place, rules, name=name))
            if begun.header.tag == rules.message:
                group = next(
                    (one.header for one in opened if one.header.tag in ("GS", "UNG")),
                    None,
                )
                body = segments[begun.place + 1 : place]
                messages.append(Message(begun.header, body, group))
        elif segment.tag not in _BESIDE_MESSAGES and (
            not opened or opened[-1].header.tag != rules.message
        ):
            raise wrong(
                name,
                segment.line,
                "EDI_ENVELOPE",
                f"segment {segment.tag[:3]!r} is outside of any message",
                field=segment.tag[:3],
            )
    if opened:
        first = opened[-1].header
        raise wrong(
            name,
            first.line,
            "EDI_TRUNCATED",
            f"{first.tag} is never ended by {rules.trailers[first.tag]}: the file is "
            "cut off",
            field=first.tag,
        )
    return messages


def _refuse_nested(
    opened: list[_Open], segment: Segment, rules: Rules, name: str
) -> None:
    order = list(rules.trailers)
    if opened and order.index(segment.tag) <= order.index(opened[-1].header.tag):
        before = opened[-1].header
        raise wrong(
            name,
            segment.line,
            "EDI_ENVELOPE",
            f"{segment.tag} begins before {rules.trailers[before.tag]} ends the "
            f"{before.tag} of line {before.line}: a part of the file is missing",
            field=segment.tag,
        )


def _odd_trailer(
    begun: _Open, trailer: Segment, place: int, rules: Rules, *, name: str
) -> Iterator[Notice]:
    header = begun.header
    is_message = header.tag == rules.message
    there = place - begun.place + 1 if is_message else begun.inside
    where = f"{name}:{trailer.line}: {trailer.tag}"
    if whole_number(trailer.get(0)) != there:
        what = "segments" if is_message else "parts"
        message = f"{where} counts {trailer.get(0)[:20]!r} {what}, there are {there}"
        yield Notice("EDI_COUNT_DIFFERS", message, trailer.tag, trailer.line)
    ours, theirs = header.get(rules.control[header.tag]), trailer.get(1)
    if ours != theirs:
        message = f"{where} ends {theirs[:20]!r}, but {header.tag} began {ours[:20]!r}"
        yield Notice("EDI_CONTROL_DIFFERS", message, trailer.tag, trailer.line)
