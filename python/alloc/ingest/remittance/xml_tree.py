"""XML to a small tree, without DTDs, entities and anything from outside."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from xml.parsers import expat

from alloc.errors import InputError
from alloc.ingest.remittance.model import too_large, wrong

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Element", "parse_xml"]

_DEPTH_MAX = 64
_ELEMENTS_MAX = 5_000_000


@dataclass(slots=True)
class Element:
    """An element: its name without namespace, its own text, and where it begins."""

    name: str
    attributes: Mapping[str, str]
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, path: str) -> Iterator[Element]:
        """Yield the elements at a path of names: ``PartyName/Name``."""
        first, _, rest = path.partition("/")
        for child in self.children:
            if child.name == first:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def find(self, *paths: str) -> Element | None:
        """Return the first element at the first path that has one."""
        return next((found for path in paths for found in self.all(path)), None)

    def said(self, *paths: str) -> str | None:
        """Return the text at the first path that has any."""
        texts = (found.text for path in paths for found in self.all(path))
        return next((text for text in texts if text), None)


def parse_xml(data: bytes, *, name: str) -> Element:
    """Parse a whole document.

    Raises
    ------
    alloc.errors.InputError
        ``XML_DOCTYPE``: it declares a document type; ``XML_DAMAGED``; ``XML_DEPTH``.
    alloc.errors.LimitError
        ``ADVICE_TOO_LARGE``.
    """
    builder = _Builder(name)
    parser = builder.parser
    try:
        parser.Parse(data, True)  # noqa: FBT003 - expat's signature
    except expat.ExpatError as error:
        raise wrong(
            name,
            error.lineno,
            "XML_DAMAGED",
            f"the XML is damaged: {expat.ErrorString(error.code)}",
        ) from None
    except (LookupError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise wrong(
            name, 1, "XML_DAMAGED", "the XML names an encoding that is not known"
        ) from None
    assert builder.root is not None, "expat refuses a document without root"  # noqa: S101
    return builder.root


class _Builder:
    def __init__(self, name: str) -> None:
        self.name = name
        self.root: Element | None = None
        self.stack: list[Element] = []
        self.count = 0
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text

    def _doctype(self, *_: object) -> None:
        raise wrong(
            self.name,
            self.parser.CurrentLineNumber,
            "XML_DOCTYPE",
            "the file declares a document type (DOCTYPE): refused, it may hide an "
            "entity bomb",
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        line = self.parser.CurrentLineNumber
        self.count += 1
        if self.count > _ELEMENTS_MAX:
            raise too_large(self.name, "elements", _ELEMENTS_MAX)
        if len(self.stack) >= _DEPTH_MAX:
            raise wrong(
                self.name,
                line,
                "XML_DEPTH",
                f"elements are nested deeper than {_DEPTH_MAX}",
            )
        element = Element(tag.rpartition(":")[2], attributes, line)
        if self.stack:
            self.stack[-1].children.append(element)
        else:
            self.root = element
        self.stack.append(element)

    def _end(self, _: str) -> None:
        element = self.stack.pop()
        element.text = element.text.strip()

    def _text(self, text: str) -> None:
        if self.stack:
            self.stack[-1].text += text
