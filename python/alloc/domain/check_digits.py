"""Numbers with check digits: what payers copy from invoices, and who they are.

A reference with a check digit tells a slip from another reference. Each scheme says
whether a number is one of its own, and completes the digits of a new one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from alloc.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["SCHEMES", "complete", "is_valid"]

_ESR_TABLE = (0, 9, 4, 6, 8, 2, 7, 1, 3, 5)
_MARKS = re.compile(r"[\s./+*-]")
_BLANKS = re.compile(r"\s")
_TEN = 10


def _remainder97(text: str) -> int:
    """Return letters as 10 to 35, all of it modulo 97 (ISO 7064)."""
    return int("".join(str(int(sign, 36)) for sign in text)) % 97


def _luhn(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled // 10 + doubled % 10
    return str(-total % 10)


def _weighted(digits: str, weights: tuple[int, ...]) -> int:
    """Sum digits from the right, weighted in turn."""
    return sum(
        int(digit) * weights[place % len(weights)]
        for place, digit in enumerate(reversed(digits))
    )


def _mod11(digits: str) -> str:
    rest = -_weighted(digits, (2, 3, 4, 5, 6, 7)) % 11
    return "-" if rest == _TEN else str(rest)


def _viitenumero(digits: str) -> str:
    return str(-_weighted(digits, (7, 3, 1)) % 10)


def _esr(digits: str) -> str:
    carry = 0
    for digit in digits:
        carry = _ESR_TABLE[(carry + int(digit)) % 10]
    return str(-carry % 10)


def _ogm(digits: str) -> str:
    return f"{int(digits) % 97 or 97:02}"


def _creditor_reference(payload: str) -> str:
    return f"RF{98 - _remainder97(f'{payload}RF00'):02}{payload}"


def _behind(check: Callable[[str], str]) -> Callable[[str], str]:
    """Put the check digits behind what they are of."""
    return lambda payload: payload + check(payload)


def _vat_key(siren: str) -> str:
    return f"FR{(12 + 3 * (int(siren) % 97)) % 97:02}{siren}"


#: Scheme -> form, where the payload stands in it, and how a payload is completed.
_COMPLETED: Mapping[str, tuple[str, slice, Callable[[str], str]]] = {
    "iso11649": (r"RF\d\d[0-9A-Z]{1,21}", slice(4, None), _creditor_reference),
    "ch_qrr": (r"\d{27}", slice(-1), _behind(_esr)),
    "be_ogm": (r"\d{12}", slice(-2), _behind(_ogm)),
    "fi_viitenumero": (r"\d{4,20}", slice(-1), _behind(_viitenumero)),
    "no_kid_mod10": (r"\d{2,25}", slice(-1), _behind(_luhn)),
    "no_kid_mod11": (r"\d{1,24}[0-9-]", slice(-1), _behind(_mod11)),
    "se_ocr_luhn": (r"\d{2,25}", slice(-1), _behind(_luhn)),
    "siren": (r"\d{9}", slice(-1), _behind(_luhn)),
    "siret": (r"\d{14}", slice(-1), _behind(_luhn)),
    "fr_vat": (r"FR\d{11}", slice(4, None), _vat_key),
}
#: Only checked: its length and inner form are the country's.
_IBAN = re.compile(r"[A-Z]{2}\d\d[0-9A-Z]{11,30}")

SCHEMES = (*_COMPLETED, "iban")
"""ISO 11649, Swiss QR and Belgian, Finnish, Norwegian and Swedish references; SIREN,
SIRET and French VAT numbers; IBAN."""


def is_valid(scheme: str, text: str) -> bool:
    """Say whether a text is a number of a scheme, its check digits included.

    Parameters
    ----------
    scheme
        Of `SCHEMES`.
    text
        Blanks, and in references the usual marks between digits, do not count.

    Examples
    --------
    >>> is_valid("be_ogm", "+++010/8068/17183+++"), is_valid("siren", "732829321")
    (True, False)
    """
    marks = _BLANKS if scheme in ("iban", "no_kid_mod11") else _MARKS
    plain = marks.sub("", text).upper()
    if not plain.isascii():
        return False
    if scheme == "iban":
        found = _IBAN.fullmatch(plain) is not None
        return found and _remainder97(plain[4:] + plain[:4]) == 1
    form, payload, completed = _COMPLETED[scheme]
    return re.fullmatch(form, plain) is not None and completed(plain[payload]) == plain


def complete(scheme: str, payload: str) -> str:
    """Complete a number by its check digits.

    Parameters
    ----------
    scheme
        Of `SCHEMES` but ``iban``.
    payload
        The number without them.

    Raises
    ------
    alloc.errors.InputError
        ``VALUE_INVALID``: the scheme takes no such number.

    Examples
    --------
    >>> complete("iso11649", "539007547034"), complete("fi_viitenumero", "23409678")
    ('RF18539007547034', '234096783')
    """
    form, _, completed = _COMPLETED[scheme]
    number = completed(payload) if payload.isascii() and payload.isalnum() else ""
    if re.fullmatch(form, number) is None:
        raise InputError(
            f"{payload!r} is no number that {scheme} can complete",
            reason="VALUE_INVALID",
            field="payload",
            value=payload,
        )
    return number
