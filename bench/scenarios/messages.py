"""What payers write: numbers in their own hand, or an advice, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from alloc.demo.texts import cut_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger import Draws

#: How much of what is paid the text says; ``advice``: a list beside the money does.
TEXTS = ("none", "scant", "partial", "full", "advice")
_SCANT = 105
_WIDTHS = (140, 140, 35)
_LABELS = ("", "", "FACTURE ", "NOS REF ", "REGLT ", "PAYMENT ", "DOC")
_JOINERS = (" ", " ", ", ", " / ", ";")
_PHRASES = ("VIREMENT", "REGLEMENT FOURNISSEUR", "PAIEMENT", "SEPA CREDIT TRANSFER")
_FAITHFUL_PERCENT = 95
_SLIP_EVERY = 300
_LINE_LOST_PERCENT = 2
_TAIL = 5


class Line(NamedTuple):
    """A line of an advice."""

    reference: str
    amount: int


class Pen:
    """How one payer writes.

    Parameters
    ----------
    draws
        Of this payer.
    """

    def __init__(self, draws: Draws) -> None:
        self._form = draws.weighed((60, 15, 12, 8, 5))
        self._label = _LABELS[draws.below(len(_LABELS))]
        self._joiner = _JOINERS[draws.below(len(_JOINERS))]
        self._width = _WIDTHS[draws.below(len(_WIDTHS))]
        self._is_lower = draws.hits(8)
        self._decoy_percent = draws.below(60)

    def write(self, numbers: Sequence[str], level: str, d: Draws) -> list[str]:
        """Write what is paid, as far as the level says.

        Parameters
        ----------
        numbers
            Of the items that are paid.
        level
            One of `TEXTS`.
        d
            Of this payment.
        """
        text = _PHRASES[d.below(len(_PHRASES))]
        if level == "partial":
            numbers = [number for number in numbers if d.hits(50)]
        if level in ("scant", "partial", "full") and numbers:
            text = self._label + self._joiner.join(self._one(one, d) for one in numbers)
        if d.hits(self._decoy_percent):
            text = f"{text} {_decoy(d)}"
        text = text.lower() if self._is_lower else text
        return cut_lines(text[:_SCANT] if level == "scant" else text, self._width)

    def _one(self, number: str, draws: Draws) -> str:
        if draws.below(_SLIP_EVERY) == 0:
            number = number[:-1] + str((int(number[-1]) + draws.between(1, 9)) % 10)
        if not draws.hits(_FAITHFUL_PERCENT):
            return number
        bare = "".join(letter for letter in number if letter.isalnum())
        digits = "".join(letter for letter in number if letter.isdigit())
        contract = number.replace("/", "-").rsplit("-", 1)[0]
        return (number, bare, digits, contract, digits[-_TAIL:])[self._form]


def advice(lines: Sequence[tuple[str, int]], draws: Draws) -> list[Line]:
    """Write the list beside the money; now and then it lacks a line."""
    told = [Line(number, amount) for number, amount in lines]
    if len(told) > 1 and draws.hits(_LINE_LOST_PERCENT):
        del told[draws.below(len(told))]
    return told


def _decoy(draws: Draws) -> str:
    """Write a number that is none of ours."""
    choices = (
        f"CDE {draws.between(400_000, 499_999)}",
        f"DU {draws.between(1, 28):02d}/{draws.between(1, 12):02d}/2025",
        f"TEL 01{draws.below(10**8):08d}",
        f"CLT {draws.between(1_000, 99_999)}",
    )
    return choices[draws.below(len(choices))]
