"""Which reader takes a file of advices, told by its beginning."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING

from alloc.ingest.remittance.lists import is_list, read_list
from alloc.ingest.remittance.model import too_large
from alloc.ingest.remittance.pdf import read_pdf
from alloc.ingest.remittance.remadv import read_remadv
from alloc.ingest.remittance.text import is_text_advice, read_text
from alloc.ingest.remittance.ubl import read_ubl
from alloc.ingest.remittance.x12 import read_x12

if TYPE_CHECKING:
    from collections.abc import Callable

    from alloc.ingest.remittance.model import AdviceFile

__all__ = ["BYTES_MAX", "advice_format", "loose_format", "read_advice_data"]

BYTES_MAX = 64 << 20
"""Largest file of advices that is read."""

_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_UBL = re.compile(r"<(?:[\w.-]+:)?RemittanceAdvice[\s>/]")
_EDIFACT = re.compile(rb"UNA.{6}|UNB[^\w\s]", re.DOTALL)
_X12 = re.compile(rb"ISA([^\w\s]).{2}\1")
_ROOT_WITHIN = 8192
_PDF, _PDF_WITHIN = b"%PDF-", 1024

_READERS: dict[str, Callable[..., AdviceFile]] = {
    "edifact": read_remadv,
    "x12": read_x12,
    "ubl": read_ubl,
    "pdf": read_pdf,
    "text": read_text,
    "csv": partial(read_list, format_="csv"),
    "xlsx": partial(read_list, format_="xlsx"),
}


def advice_format(head: bytes) -> str | None:
    """Tell a format that cannot be mistaken; None for anything else.

    Parameters
    ----------
    head
        The beginning of the file.

    Returns
    -------
    str or None
        ``edifact``, ``x12``, ``ubl``, ``pdf``; the file may still be damaged, or hold
        messages that are no advice.
    """
    start = head[:_ROOT_WITHIN]
    plain = start.removeprefix(_BOMS[0]).lstrip()
    if _EDIFACT.match(plain):
        return "edifact"
    if _X12.match(plain):
        return "x12"
    wide = start.startswith(_BOMS[1:])
    text = start.decode("utf-16" if wide else "utf-8", "ignore")
    if text.lstrip("\ufeff \t\r\n").startswith("<") and _UBL.search(text):
        return "ubl"
    return "pdf" if _PDF in head[:_PDF_WITHIN] else None


def loose_format(data: bytes, format_: str, *, name: str) -> str | None:
    """Tell whether a table or a text that fits no profile reads as an advice.

    Parameters
    ----------
    data
        A spreadsheet, or the beginning of a text.
    format_
        ``csv`` (any text), ``xlsx`` or ``parquet``.
    name
        File name for messages.

    Returns
    -------
    str or None
        ``csv`` or ``xlsx`` for a list, ``text``, or None.
    """
    if format_ == "parquet":
        return None
    if is_list(data, format_, name=name):
        return format_
    if format_ == "csv" and not data.lstrip().startswith(b"<") and is_text_advice(data):
        return "text"
    return None


def read_advice_data(data: bytes, format_: str, *, name: str) -> AdviceFile:
    """Read a file of advices.

    Parameters
    ----------
    data
        The whole file.
    format_
        As `advice_format` or `loose_format` tells it.
    name
        File name for messages.

    Raises
    ------
    alloc.errors.InputError
        The file is damaged or holds no advice; names the line.
    alloc.errors.LimitError
        ``ADVICE_TOO_LARGE``.
    """
    if len(data) > BYTES_MAX:
        raise too_large(name, "bytes", BYTES_MAX)
    return _READERS[format_](data, name=name)
