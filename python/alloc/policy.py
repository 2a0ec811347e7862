"""The policy of a workspace: what may be decided without a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from alloc.domain.rate import RATE_PPM_MAX, parse_rate
from alloc.engine import DEDUCTIONS

if TYPE_CHECKING:
    from alloc.toml_reader import TomlTable

__all__ = ["Policy", "read_policy"]

_VAT_RATES_MAX = 16


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What may be decided without a person.

    Parameters
    ----------
    max_wrong_ppm
        Accepted share of wrong automatic decisions, in parts per million.
    amount_only
        Whether a proved unique amount may decide alone.
    deductions
        Kinds of deductions, of `alloc.engine.DEDUCTIONS`, that are booked without a
        person where exactly one explains the difference.
    vat_rates_ppm
        Rates of value added tax that may stand on a commission.
    habits
        Whether what payers usually choose (`alloc.app.habits`) makes some explanations
        likelier than others.
    """

    max_wrong_ppm: int = 100
    amount_only: bool = False
    deductions: tuple[str, ...] = ()
    vat_rates_ppm: tuple[int, ...] = (200_000,)
    habits: bool = True

    def for_engine(self) -> dict[str, object]:
        """Return what `alloc.engine.propose` takes of it."""
        return {
            "max_wrong_ppm": self.max_wrong_ppm,
            "amount_only": self.amount_only,
            "deductions": self.deductions,
            "vat_rates_ppm": self.vat_rates_ppm,
        }


def _deductions(table: TomlTable) -> tuple[str, ...]:
    kinds = table.texts("deductions")
    for kind in kinds:
        if kind not in DEDUCTIONS:
            known = ", ".join(DEDUCTIONS)
            table.mistake("deductions", f"{kind!r} is not known; known are {known}")
    return tuple(kind for kind in DEDUCTIONS if kind in kinds)


def read_policy(table: TomlTable) -> Policy:
    """Read the table ``[policy]``; its mistakes are noted in the document."""
    policy = Policy(
        max_wrong_ppm=table.integer("max_wrong_ppm", 100, low=0, high=1_000_000),
        amount_only=table.flag("amount_only", default=False),
        deductions=_deductions(table),
        vat_rates_ppm=_vat_rates(table),
        habits=table.flag("habits", default=True),
    )
    table.finish()
    return policy


def _vat_rates(table: TomlTable) -> tuple[int, ...]:
    texts = table.texts("vat_rates", ("20%",))
    rates = [parse_rate(text) for text in texts]
    for text, rate in zip(texts, rates, strict=True):
        if rate is None or rate > RATE_PPM_MAX:
            table.mistake("vat_rates", f'{text!r} is no rate: write "20%"')
    if len(texts) > _VAT_RATES_MAX:
        table.mistake("vat_rates", f"{len(texts)} rates; {_VAT_RATES_MAX} are the most")
    return tuple(rate for rate in rates if rate is not None)
