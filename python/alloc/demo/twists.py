"""What makes a payment differ from a plain one: credits, gaps, strangers, repeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from alloc.demo.items import (
    ItemKind,
    as_credits,
    concatenate,
    half_up,
)
from alloc.demo.payments import Block, Links, Scene, plain_block
from alloc.demo.streams import integers, stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator
    from numpy.typing import NDArray

    from alloc.demo.behaviours import Behaviour

_COMMISSION_PERCENTS = np.array([2, 3, 5], dtype=np.int64)
_VAT_PERCENT = 20
_DISCOUNT_PERCENT = 2
_RECENT = 2_000


def _last_links(block: Block) -> NDArray[np.int64]:
    """Give the row of each payment's last link (links are sorted by payment)."""
    return np.flatnonzero(np.diff(block.links.payment, append=len(block.payments)))


def _deduct(block: Block, deduction: NDArray[np.int64]) -> None:
    """Keep a part of the money back, but never more than a tenth and never nothing."""
    kept = np.maximum(1, np.minimum(deduction, block.payments.amount // 10))
    block.payments.deduction[:] = kept
    block.payments.amount[:] -= kept


def _cut(block: Block, rng: Generator) -> None:
    last = _last_links(block)
    open_minor = block.links.allocated[last]
    # In parts per million: an even share kept back would be a discount in all but name.
    share_ppm = integers(rng, 600_000, 970_000, len(last))
    paid = np.maximum(1, open_minor * share_ppm // 1_000_000)
    block.links.allocated[last] = paid
    block.payments.amount[:] -= open_minor - paid


def _overpay(block: Block, rng: Generator) -> None:
    """Round up to the next ten or hundred, or mistype by some euros."""
    step = np.array([1_000, 10_000, 10_000], dtype=np.int64)
    step = step[integers(rng, 0, 2, len(block.payments))]
    rest = -block.payments.amount % step
    extra = np.where(rest == 0, integers(rng, 1, 90, len(rest)) * 100, rest)
    block.payments.on_account[:] = extra
    block.payments.amount[:] += extra


def _discount(block: Block, rng: Generator) -> None:
    del rng
    _deduct(block, half_up(block.payments.amount * _DISCOUNT_PERCENT, 100))


def _charge(block: Block, rng: Generator) -> None:
    """Keep whole euros back: 5 to 25, of small invoices at most about a tenth."""
    tenth = np.maximum(1, block.payments.amount // 1_000)
    euros = np.minimum(integers(rng, 5, 25, len(block.payments)), tenth)
    block.payments.deduction[:] = euros * 100
    block.payments.amount[:] -= euros * 100


def _commission(block: Block, rng: Generator) -> None:
    """Keep a percentage of the net sum, plus the VAT on it."""
    net = np.zeros(len(block.payments), dtype=np.int64)
    np.add.at(net, block.links.payment, block.items.net)
    percent = _COMMISSION_PERCENTS[integers(rng, 0, 2, len(net))]
    commission = half_up(net * percent, 100)
    _deduct(block, commission + half_up(commission * _VAT_PERCENT, 100))


def _part_paid(block: Block, rng: Generator) -> None:
    """Let each item be paid in part before: only the rest is open."""
    last = _last_links(block)
    rest = np.maximum(
        1, block.items.original[last] * integers(rng, 20, 75, len(last)) // 100
    )
    block.items.open[last] = rest
    block.links.allocated[last] = rest
    block.payments.amount[:] = rest


def _pay_from_fresh_account(block: Block, rng: Generator) -> None:
    del rng
    block.payments.fresh[:] = True


def _pay_to_next_entity(block: Block, rng: Generator, scene: Scene) -> None:
    """Send the money to another entity; the items stay where they are."""
    count = len(scene.entities)
    shift = 1 + integers(rng, 0, count - 2, len(block.payments))
    block.payments.entity[:] = (block.payments.entity + shift) % count


def _pay_by_third_party(block: Block, rng: Generator, scene: Scene) -> None:
    other = scene.customers.draw(rng, (100, 10, 0, 0, 0), len(block.payments))
    block.payments.payer[:] = other


def _keep_nothing(block: Block) -> Block:
    """Drop the items: the money is for nothing that is open."""
    none = np.zeros(0, dtype=np.int64)
    return Block(block.payments, block.items.take(none), Links(none, none, none))


def _deposit(block: Block, rng: Generator) -> Block:
    amount = integers(rng, 3, 60, len(block.payments)) * 10_000
    block.payments.amount[:] = amount
    block.payments.on_account[:] = amount
    return _keep_nothing(block)


def _stranger(block: Block, rng: Generator) -> Block:
    del rng
    block.payments.payer[:] = -1
    block.payments.customer[:] = -1
    block.payments.fresh[:] = True
    block.payments.on_account[:] = block.payments.amount
    return _keep_nothing(block)


_TWISTS: dict[str, Callable[[Block, Generator], None]] = {
    "short": _cut,
    "overpaid": _overpay,
    "discount": _discount,
    "charges": _charge,
    "commission": _commission,
    "rest": _part_paid,
    "new_account": _pay_from_fresh_account,
}
_SCENE_TWISTS: dict[str, Callable[[Block, Generator, Scene], None]] = {
    "wrong_entity": _pay_to_next_entity,
    "third_party": _pay_by_third_party,
}
_REPLACED: dict[str, Callable[[Block, Generator], Block]] = {
    "deposit": _deposit,
    "unknown_payer": _stranger,
}


def twisted_block(scene: Scene, behaviour: Behaviour, count: int) -> Block:
    """Draw plain payments and twist them as the behaviour says."""
    block = plain_block(scene, behaviour, count)
    rng = stream(scene.seed, "twist", behaviour.code)
    if twist := _TWISTS.get(behaviour.code):
        twist(block, rng)
    if scene_twist := _SCENE_TWISTS.get(behaviour.code):
        scene_twist(block, rng, scene)
    if replace := _REPLACED.get(behaviour.code):
        block = replace(block, rng)
    return block


def credit_note_block(scene: Scene, behaviour: Behaviour, count: int) -> Block:
    """Add to each payment a credit note for a part of its first invoice."""
    block = plain_block(scene, behaviour, count)
    rng = stream(scene.seed, "twist", behaviour.code)
    payments, items, links = block.payments, block.items, block.links
    first = np.flatnonzero(np.diff(links.payment, prepend=-1))
    notes = items.take(first)
    share = integers(rng, 5, 45, count)
    for column in (notes.net, notes.original, notes.open):
        column[:] = np.maximum(1, column * share // 100)
    as_credits(notes, np.arange(count), ItemKind.CREDIT_NOTE)
    limit = scene.day_numbers[payments.day] - 1
    notes.issue[:] = np.minimum(notes.issue + integers(rng, 0, 9, count), limit)
    notes.due[:] = notes.issue
    notes.draw[:] = rng.integers(0, 2**40, count, dtype=np.int64)
    payments.amount[:] += notes.open
    owner = np.concatenate([links.payment, np.arange(count)])
    rows = np.concatenate([links.item, len(items) + np.arange(count)])
    allocated = np.concatenate([links.allocated, notes.open])
    order = np.argsort(owner, kind="stable")
    return Block(
        payments,
        concatenate([items, notes]),
        Links(owner[order], rows[order], allocated[order]),
    )


def twins_block(scene: Scene, behaviour: Behaviour, count: int) -> Block:
    """Draw pairs: one payer, one day, one amount, two invoices.

    Nothing tells the two apart. An odd count leaves the last one alone.
    """
    block = plain_block(scene, behaviour, count)
    second = np.arange(1, count, 2)
    for column in (
        block.payments.day,
        block.payments.customer,
        block.payments.payer,
        block.payments.entity,
        block.payments.amount,
        block.links.allocated,
    ):
        column[second] = column[second - 1]
    block.payments.draw[second] = block.payments.draw[second - 1]
    items = block.items
    for column in (items.entity, items.customer, items.kind, items.net, items.original,
                   items.open, items.issue, items.due):  # fmt: skip
        column[second] = column[second - 1]
    items.twin[second] = items.twin[second - 1] = second
    return block


def duplicate_block(
    scene: Scene, behaviour: Behaviour, count: int, originals: Block
) -> tuple[Block, NDArray[np.int64]]:
    """Pay invoices a second time.

    Parameters
    ----------
    scene, behaviour, count
        As for every block.
    originals
        The payments to repeat, one item each; a repeat comes on a later day.

    Returns
    -------
    tuple
        The block, and per payment the repeated row of ``originals`` (-1: the first
        payment was before the period; a hidden item has its reference).
    """
    rng = stream(scene.seed, "twist", behaviour.code)
    day = scene.draw_days(rng, count)
    by_day = np.argsort(originals.payments.day, kind="stable")
    earlier = np.searchsorted(originals.payments.day[by_day], day, side="left")
    back = rng.integers(0, _RECENT, count, dtype=np.int64) % np.maximum(earlier, 1)
    repeated = np.where(earlier > 0, by_day[np.maximum(earlier - 1 - back, 0)], -1)
    block = plain_block(scene, behaviour, count)
    payments = block.payments
    payments.day[:] = day
    block.items.issue[:] = scene.day_numbers[day] - integers(rng, 25, 60, count)
    block.items.hidden[:] = True
    known = np.flatnonzero(repeated >= 0)
    source = repeated[known]
    for name in ("customer", "payer", "entity", "amount", "draw"):
        getattr(payments, name)[known] = getattr(originals.payments, name)[source]
    payments.on_account[:] = payments.amount
    block.links.allocated[:] = 0
    return block, repeated
