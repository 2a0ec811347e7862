"""The dealer group: its entities, their systems, their banks and accounts."""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from alloc.demo import bank_numbers, words
from alloc.demo.streams import integers, stream

if TYPE_CHECKING:
    from alloc.demo.sizes import Size

Erp = Literal["volant", "carrus"]
BankFormat = Literal["cfonb120", "camt.053.001.02", "camt.053.001.08", "mt940"]


@dataclass(frozen=True, slots=True)
class Bank:
    """A bank that does not exist."""

    code: str
    slug: str
    name: str
    bic: str
    format: BankFormat


@dataclass(frozen=True, slots=True)
class Account:
    """One bank account of an entity; `index` counts over the group."""

    index: int
    entity: int
    bank: Bank
    iban: str
    journal: str
    ledger_account: str
    opening_minor: int

    @property
    def rib(self) -> tuple[str, str, str]:
        """Bank code, branch code and account number, as CFONB lines have them."""
        return self.iban[4:9], self.iban[9:14], self.iban[14:25]


@dataclass(frozen=True, slots=True)
class Entity:
    """One dealership: a company with books of its own."""

    index: int
    id: str
    name: str
    siren: str
    site: str
    erp: Erp
    weight: int
    accounts: tuple[Account, ...]


BANKS = (
    Bank("19730", "armorique", "Banque Armorique", "BQARFR2X", "cfonb120"),
    Bank("19741", "ligerienne", "Caisse Ligérienne", "CALGFR2X", "camt.053.001.08"),
    Bank("19752", "alpine", "Crédit des Alpages", "CRALFR2X", "cfonb120"),
    Bank("19763", "meridien", "Banque du Méridien", "BQMEFR2X", "camt.053.001.02"),
    Bank("19774", "flamande", "Comptoir Flamand", "COFLFR2X", "mt940"),
)
_BANK_CYCLE = (0, 1, 2, 3, 0, 1, 2, 3, 0, 4)
"""Half of the accounts are at the two CFONB banks, one in ten at the MT940 bank."""

_SMALL_CYCLE = (1, 0, 3, 2, 0, 4)
_SECOND_ACCOUNT_EVERY = 5
_CARRUS_EVERY = 4


def _site(name: str, taken: set[str]) -> str:
    """Make a two-letter site code of a town that no other site has."""
    letters = [c for c in words.ascii_upper(name) if c.isalpha()]
    seconds = [*letters[1:], *string.ascii_uppercase]
    site: str = next(letters[0] + s for s in seconds if letters[0] + s not in taken)
    taken.add(site)
    return site


def _account(
    seed: int, index: int, entity: int, *, second: bool, bank: Bank
) -> Account:
    rng = stream(seed, "account", index)
    branch, number, opening = (int(draw) for draw in rng.integers(0, 10**9, 3))
    return Account(
        index=index,
        entity=entity,
        bank=bank,
        iban=bank_numbers.french_iban(
            bank.code, f"{branch % 90 + 10:05d}", f"{number % 10**9 + 10**9:011d}"
        ),
        journal="BQ2" if second else "BQ1",
        ledger_account="512200" if second else "512100",
        opening_minor=opening % 40_000_000 + 2_000_000,
    )


def make_group(size: Size, seed: int) -> tuple[Entity, ...]:
    """Found the group.

    Parameters
    ----------
    size
        How many entities; a second account for every fifth.
    seed
        Seed of the demo.

    Returns
    -------
    tuple of Entity
        In the order of their ids ``D01``, ``D02`` ...
    """
    sirens = stream(seed, "sirens").permutation(10**6)[: size.entities]
    towns = stream(seed, "towns").permutation(len(words.TOWNS))[: size.entities]
    weights = integers(stream(seed, "weights"), 1, 5, size.entities)
    cycle = _BANK_CYCLE if size.entities >= len(_BANK_CYCLE) else _SMALL_CYCLE
    entities: list[Entity] = []
    taken: set[str] = set()
    account_index = 0
    for index in range(size.entities):
        town = words.TOWNS[int(towns[index])]
        accounts = []
        for second in (False, True):
            if second and index % _SECOND_ACCOUNT_EVERY:
                continue
            bank = BANKS[cycle[(index + 5 * second) % len(cycle)]]
            accounts.append(
                _account(seed, account_index, index, second=second, bank=bank)
            )
            account_index += 1
        entities.append(
            Entity(
                index=index,
                id=f"D{index + 1:02d}",
                name=f"{words.BRANDS[index % len(words.BRANDS)]} {town} SAS",
                siren=bank_numbers.siren(79_000_000 + int(sirens[index])),
                site=_site(town, taken),
                erp="carrus" if index % _CARRUS_EVERY == 1 else "volant",
                weight=int(weights[index]),
                accounts=tuple(accounts),
            )
        )
    return tuple(entities)
