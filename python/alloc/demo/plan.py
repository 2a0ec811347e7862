"""The whole period decided: customers, items, payments, and what settles what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from alloc.demo.bank_numbers import creditor_reference
from alloc.demo.behaviours import BEHAVIOURS, INDEX, Behaviour, Carrier
from alloc.demo.business_days import business_days
from alloc.demo.customers import Customers, make_customers
from alloc.demo.group import Entity, make_group
from alloc.demo.items import (
    LETTERS,
    Items,
    concatenate,
    number,
    standing_items,
)
from alloc.demo.payments import (
    Block,
    Links,
    Payments,
    Scene,
    balance_block,
    bulk_block,
    plain_block,
)
from alloc.demo.streams import apportion, integers, stream
from alloc.demo.twists import (
    credit_note_block,
    duplicate_block,
    twins_block,
    twisted_block,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from alloc.demo.sizes import Size

EPOCH = date(1970, 1, 1).toordinal()
_BACKLOG_DAYS = 75
_SECOND_ACCOUNT_PERCENT = 20
_STRUCTURED_PERCENT = 15


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the files will say, and the truth.

    Rows are final: items by issue date, payments by day and account, links by payment.
    `account` is the group-wide index of the account that each payment reaches.
    """

    size: Size
    seed: int
    days: tuple[date, ...]
    entities: tuple[Entity, ...]
    customers: Customers
    items: Items
    payments: Payments
    links: Links
    link_start: NDArray[np.int64]
    account: NDArray[np.int64]
    references: list[str]
    item_ids: list[str]

    def named_items(self, payment: int) -> range:
        """Give the rows of `links` that belong to a payment."""
        return range(int(self.link_start[payment]), int(self.link_start[payment + 1]))


def day_number(day: date) -> int:
    """Count days since 1970-01-01, as Arrow's date32 does."""
    return day.toordinal() - EPOCH


def from_day_number(days: int) -> date:
    """Turn days since 1970-01-01 back into a date."""
    return date.fromordinal(days + EPOCH)


def make_plan(size: Size, seed: int) -> Plan:
    """Decide the whole period.

    Parameters
    ----------
    size
        How much.
    seed
        Equal sizes and seeds give equal plans.

    Returns
    -------
    Plan
        Its conservation law holds for every payment:
        ``amount = sum(allocated) - deduction + on_account``.
    """
    days = tuple(business_days(size.first, size.last))
    entities = make_group(size, seed)
    customers = make_customers(size, entities, seed)
    numbers = np.array([day_number(day) for day in days], dtype=np.int64)
    scene = Scene(seed, entities, customers, days, numbers)
    blocks = _draw_blocks(scene, size.payments)
    payments, items, links = _join(scene, size, blocks)
    account = _accounts(payments, entities, seed)
    order = np.lexsort((payments.draw[:, 0], account, payments.day))
    payments, account = payments.take(order), account[order]
    _carry(payments, account, entities)
    links = _reorder_links(links, order)
    _check(payments, links)
    return Plan(
        size=size,
        seed=seed,
        days=days,
        entities=entities,
        customers=customers,
        items=items,
        payments=payments,
        links=links,
        link_start=np.searchsorted(links.payment, np.arange(len(payments) + 1)),
        account=account,
        references=_references(items, entities),
        item_ids=_item_ids(items, entities),
    )


def _draw_blocks(scene: Scene, payments: int) -> list[Block]:
    counts = apportion(payments, [b.weight for b in BEHAVIOURS], at_least=2)
    odd = counts[INDEX["twins"]] % 2
    counts[INDEX["twins"]] -= odd
    counts[INDEX["reference"]] += odd
    blocks: list[Block] = []
    offset = 0
    for behaviour, count in zip(BEHAVIOURS, counts, strict=True):
        if behaviour.code == "duplicate":
            block, repeated = duplicate_block(scene, behaviour, count, blocks[0])
            known = np.flatnonzero(repeated >= 0)
            block.links.item[known] = blocks[0].links.item[repeated[known]] - offset
        else:
            block = _draw_block(scene, behaviour, count)
        blocks.append(block)
        offset += len(block.items)
    return blocks


def _draw_block(scene: Scene, behaviour: Behaviour, count: int) -> Block:
    special = {
        "reference": plain_block,
        "bulk": bulk_block,
        "whole_balance": balance_block,
        "credit_note": credit_note_block,
        "twins": twins_block,
    }
    return special.get(behaviour.code, twisted_block)(scene, behaviour, count)


def _join(
    scene: Scene, size: Size, blocks: list[Block]
) -> tuple[Payments, Items, Links]:
    """Put the blocks together, add the standing items, number and sort all items."""
    first, last = int(scene.day_numbers[0]), int(scene.day_numbers[-1])
    standing = standing_items(
        stream(scene.seed, "standing"),
        scene.customers,
        size.standing,
        len(scene.entities),
        first=first - _BACKLOG_DAYS,
        last=last,
    )
    item_base = np.cumsum([0, *(len(block.items) for block in blocks)])
    payment_base = np.cumsum([0, *(len(block.payments) for block in blocks)])
    items = concatenate([*(block.items for block in blocks), standing])
    number(items)
    order = np.lexsort(
        (items.draw, items.number, items.kind, items.entity, items.issue)
    )
    rank = np.empty(len(items), dtype=np.int64)
    rank[order] = np.arange(len(items))
    payments = Payments(
        *(
            np.concatenate([getattr(block.payments, name) for block in blocks])
            for name in Payments.__dataclass_fields__
        )
    )
    links = Links(
        np.concatenate(
            [b.links.payment + payment_base[i] for i, b in enumerate(blocks)]
        ),
        rank[
            np.concatenate([b.links.item + item_base[i] for i, b in enumerate(blocks)])
        ],
        np.concatenate([block.links.allocated for block in blocks]),
    )
    return payments, items.take(order), links


def _accounts(
    payments: Payments, entities: tuple[Entity, ...], seed: int
) -> NDArray[np.int64]:
    first = np.array([entity.accounts[0].index for entity in entities])
    last = np.array([entity.accounts[-1].index for entity in entities])
    # A payer uses one of the two accounts always: twins must not part.
    side = integers(stream(seed, "accounts"), 0, 99, 4096)[payments.customer % 4096]
    second = side < _SECOND_ACCOUNT_PERCENT
    return np.where(second, last[payments.entity], first[payments.entity])


def _carry(
    payments: Payments, account: NDArray[np.int64], entities: tuple[Entity, ...]
) -> None:
    """Decide where references are written, as far as the bank's format can."""
    camt = np.array(
        [a.bank.format.startswith("camt") for e in entities for a in e.accounts]
    )[account]
    several = payments.behaviour == INDEX["several_references"]
    structured = several & (payments.draw[:, 1] % 100 < _STRUCTURED_PERCENT)
    payments.carrier[structured] = Carrier.STRUCTURED
    needs_camt = np.isin(payments.carrier, [Carrier.STRUCTURED, Carrier.NOTIFICATION])
    payments.carrier[needs_camt & ~camt & several] = Carrier.TEXT
    bulk = payments.behaviour == INDEX["bulk"]
    no_room = bulk & ~camt & (payments.carrier != Carrier.NOWHERE)
    payments.carrier[no_room] = Carrier.ADVICE


def _reorder_links(links: Links, order: NDArray[np.int64]) -> Links:
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    payment = rank[links.payment]
    rows = np.argsort(payment, kind="stable")
    return Links(payment[rows], links.item[rows], links.allocated[rows])


def _check(payments: Payments, links: Links) -> None:
    settled = np.zeros(len(payments), dtype=np.int64)
    np.add.at(settled, links.payment, links.allocated)
    whole = settled - payments.deduction + payments.on_account
    if not np.array_equal(whole, payments.amount) or int(payments.amount.min()) <= 0:
        raise AssertionError("a payment of the plan does not add up")


def _references(items: Items, entities: tuple[Entity, ...]) -> list[str]:
    """Compose the printed numbers: ``ANA0012345`` or ``AN-M-012345``."""
    sites = [entity.site for entity in entities]
    carrus = [entity.erp == "carrus" for entity in entities]
    return [
        f"{sites[entity]}-{LETTERS[kind]}-{running:06d}"
        if carrus[entity]
        else f"{sites[entity]}{LETTERS[kind]}{running:07d}"
        for entity, kind, running in zip(
            items.entity.tolist(),
            items.kind.tolist(),
            items.number.tolist(),
            strict=True,
        )
    ]


def _item_ids(items: Items, entities: tuple[Entity, ...]) -> list[str]:
    """Compose the ids that the accounting systems give to their entries."""
    prefix = ["E" if entity.erp == "carrus" else "P" for entity in entities]
    return [
        f"{prefix[entity]}{row + 100_001}"
        for row, entity in enumerate(items.entity.tolist())
    ]


def structured_reference(item: int) -> str:
    """Compose the ISO 11649 reference that some invoices print."""
    return creditor_reference(f"26{item + 100_001:08d}")
