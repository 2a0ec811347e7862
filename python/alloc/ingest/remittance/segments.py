"""EDI files to segments: EDIFACT (ISO 9735) and X12, with the line of each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from alloc.ingest.remittance.model import too_large, wrong

__all__ = ["SEGMENTS_MAX", "Segment", "edifact_segments", "x12_segments"]

SEGMENTS_MAX = 2_000_000
"""Most segments that one file may hold."""

_CHARSETS = {
    b"UNOD": "iso-8859-2",
    b"UNOE": "iso-8859-5",
    b"UNOF": "iso-8859-7",
    b"UNOG": "iso-8859-3",
    b"UNOH": "iso-8859-4",
    b"UNOI": "iso-8859-6",
    b"UNOJ": "iso-8859-8",
    b"UNOK": "iso-8859-9",
}
_UNA_LENGTH = 9
_ISA_ELEMENTS = 16
_ISA_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its tag, its elements with their components, and its line."""

    tag: str
    elements: tuple[tuple[str, ...], ...]
    line: int

    def get(self, element: int, component: int = 0) -> str:
        """Return a component, counted from 0; empty where it is not given."""
        if element >= len(self.elements):
            return ""
        parts = self.elements[element]
        return parts[component].strip() if component < len(parts) else ""


def edifact_segments(data: bytes, *, name: str) -> list[Segment]:
    """Split an EDIFACT interchange.

    The service string advice (UNA) is followed, released characters are taken as
    they are, and line breaks are no part of the content unless UNA says so.

    Raises
    ------
    alloc.errors.InputError
        ``EDI_TRUNCATED``: the last segment is not ended; ``EDI_DELIMITERS``.
    """
    text = _decode_edifact(data)
    start, marks = _service_characters(text, name)
    segments: list[Segment] = []
    line = 1 + text.count("\n", 0, start)
    pieces = _split(text[start:], marks.end, marks.release)
    for piece in pieces[:-1]:
        body = piece.lstrip("\r\n \t")
        line += piece.count("\n", 0, len(piece) - len(body))
        plain = _LINE_BREAKS.sub("", body)
        if plain:
            segments.append(_edifact_segment(plain, marks, line))
        line += body.count("\n") + (marks.end == "\n")
        if len(segments) > SEGMENTS_MAX:
            raise too_large(name, "segments", SEGMENTS_MAX)
    if pieces[-1].strip("\r\n \t\0\x1a"):
        raise wrong(
            name,
            line + pieces[-1].rstrip().count("\n"),
            "EDI_TRUNCATED",
            f"the file ends inside a segment: {marks.end!r} is missing",
        )
    return segments


_LINE_BREAKS = re.compile(r"[\r\n]+")


@dataclass(frozen=True, slots=True)
class _Marks:
    """The service characters; `release` is empty where there is none."""

    component: str
    element: str
    release: str
    end: str


def _split(text: str, mark: str, release: str) -> list[str]:
    """Split at a mark unless it is released; releases are kept."""
    if not release or release not in text:
        return text.split(mark)
    parts: list[str] = []
    goes_on = False
    for part in text.split(mark):
        if goes_on:
            parts[-1] += mark + part
        else:
            parts.append(part)
        # A mark is released by an odd number of release characters before it.
        goes_on = (len(part) - len(part.rstrip(release))) % 2 == 1
    return parts


def _edifact_segment(text: str, marks: _Marks, line: int) -> Segment:
    def plain(part: str) -> str:
        if not marks.release:
            return part
        return re.sub(f"{re.escape(marks.release)}(.)", r"\1", part, flags=re.DOTALL)

    elements = [
        tuple(plain(part) for part in _split(element, marks.component, marks.release))
        for element in _split(text, marks.element, marks.release)
    ]
    return Segment(elements[0][0].strip().upper(), tuple(elements[1:]), line)


def _decode_edifact(data: bytes) -> str:
    found = re.search(rb"UNB.(UNO[A-Z])", data[:400], re.DOTALL)
    try:
        # Many a sender says UNOC and writes UTF-8; accents of Latin-1 are no UTF-8.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        charset = _CHARSETS.get(found[1] if found else b"", "iso-8859-1")
        return data.decode(charset, "replace")


def _service_characters(text: str, name: str) -> tuple[int, _Marks]:
    """Return where the segments begin, and the service characters."""
    start = len(text) - len(text.lstrip())
    if not text.startswith("UNA", start):
        return start, _Marks(":", "+", "?", "'")
    said = text[start + 3 : start + _UNA_LENGTH]
    if len(said) < _UNA_LENGTH - 3:
        raise wrong(name, 1, "EDI_TRUNCATED", "the file ends inside UNA")
    marks = _Marks(said[0], said[1], said[3].strip(), said[5])
    needed = [marks.component, marks.element, marks.end]
    used = needed + [marks.release] * bool(marks.release)
    odd = any(mark.isalnum() for mark in used) or len(set(used)) < len(used)
    if odd or " " in needed:
        raise wrong(
            name, 1, "EDI_DELIMITERS", f"UNA names separators that cannot be: {said!r}"
        )
    return start + _UNA_LENGTH, marks


def x12_segments(data: bytes, *, name: str) -> list[Segment]:
    """Split X12 interchanges; each ISA tells its own separators.

    Raises
    ------
    alloc.errors.InputError
        ``EDI_TRUNCATED``: the last segment is not ended; ``EDI_DELIMITERS``.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("iso-8859-1")
    segments: list[Segment] = []
    at, line = 0, 1
    separators = ("", "", "")
    for _ in range(SEGMENTS_MAX + 1):
        at, line = _skip_blank(text, at, line)
        if at >= len(text):
            return segments
        if text.startswith("ISA", at):
            separators = _isa_separators(text, at, line, name)
        element, component, end = separators
        stop = text.find(end, at) if end else -1
        if stop < 0:
            raise wrong(
                name,
                line,
                "EDI_TRUNCATED" if end else "EDI_DELIMITERS",
                "the file ends inside a segment"
                if end
                else "an X12 file begins with ISA",
            )
        body = text[at:stop]
        tag, *parts = body.split(element)
        whole = tag.strip() == "ISA"
        split = tuple(
            (part,) if whole else tuple(part.split(component)) for part in parts
        )
        segments.append(Segment(tag.strip().upper(), split, line))
        line += text.count("\n", at, stop + 1)
        at = stop + 1
    raise too_large(name, "segments", SEGMENTS_MAX)


def _skip_blank(text: str, at: int, line: int) -> tuple[int, int]:
    found = _BLANK.match(text, at)
    stop = found.end() if found else at
    return stop, line + text.count("\n", at, stop)


_BLANK = re.compile(r"[\s\0\x1a]*")


def _isa_separators(text: str, at: int, line: int, name: str) -> tuple[str, str, str]:
    """Return the separators of elements and components, and the terminator.

    ISA has 16 elements of fixed width; counting separators also reads those that
    lost their padding.
    """
    head = text[at : at + _ISA_LENGTH_MAX]
    element = head[3:4]
    places = [index for index, mark in enumerate(head) if mark == element]
    if len(places) < _ISA_ELEMENTS or len(head) < places[_ISA_ELEMENTS - 1] + 3:
        raise wrong(name, line, "EDI_TRUNCATED", "the file ends inside ISA")
    last = places[_ISA_ELEMENTS - 1]
    component, end = head[last + 1], head[last + 2]
    if end == "\r" and head[last + 3 : last + 4] == "\n":
        end = "\n"
    marks = (element, component, end)
    if any(mark.isalnum() for mark in marks) or len(set(marks)) < len(marks):
        raise wrong(
            name,
            line,
            "EDI_DELIMITERS",
            f"ISA names separators that cannot be: {''.join(marks)!r}",
        )
    return marks
