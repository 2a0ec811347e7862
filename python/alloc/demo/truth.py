"""Writes the truth: what each payment really settles; it stays out of the inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from alloc.demo.behaviours import BEHAVIOURS, Carrier
from alloc.demo.identity import CURRENCY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from alloc.demo.identity import Identity
    from alloc.demo.plan import Plan

PAYMENTS = "payments.parquet"
ALLOCATIONS = "allocations.parquet"
LOT = "lot"
"""Behaviour of transfers of several payers that the statement shows as one amount."""


def payment_table(plan: Plan, identities: Sequence[Identity]) -> pa.Table:
    """Tabulate the payments with their identity, behaviour and what is not allocated.

    Parameters
    ----------
    plan
        The decided period.
    identities
        One per payment of the files, in any order.

    Returns
    -------
    pyarrow.Table
        One row per payment of the files:
        ``amount_minor = sum(allocated) - deduction_minor + on_account_minor``. A lot
        has the behaviour ``lot``, and a customer only if all are of one.
    """
    found = sorted(identities, key=lambda identity: identity.payments)
    told = [payment for identity in found for payment in identity.payments]
    if sorted(told) != list(range(len(plan.payments))):
        raise AssertionError("a payment is in no statement or in two")
    first = np.array([identity.payments[0] for identity in found], dtype=np.int64)
    starts = np.cumsum([0, *(len(identity.payments) for identity in found)])[:-1]
    payments = plan.payments.take(np.array(told, dtype=np.int64))
    return pa.table(
        {
            "payment_id": [identity.payment_id for identity in found],
            "entity": [plan.entities[row].id for row in plan.payments.entity[first]],
            "account": [identity.account for identity in found],
            "booking_date": pa.array([i.booking_date for i in found], pa.date32()),
            "currency": [CURRENCY] * len(found),
            "amount_minor": np.add.reduceat(payments.amount, starts),
            "entry_amount_minor": pa.array(
                [identity.entry_amount_minor for identity in found], pa.int64()
            ),
            "bank_reference": [identity.bank_reference or None for identity in found],
            "end_to_end_id": [identity.end_to_end_id for identity in found],
            "occurrence": pa.array([i.occurrence for i in found], pa.int64()),
            "detail_index": pa.array([i.detail_index for i in found], pa.int64()),
            "detail_count": pa.array([i.detail_count for i in found], pa.int64()),
            "behaviour": [_behaviour(plan, identity) for identity in found],
            "carrier": [_carrier(plan, identity) for identity in found],
            "customer_id": [_customer(plan, identity) for identity in found],
            "deduction_minor": np.add.reduceat(payments.deduction, starts),
            "on_account_minor": np.add.reduceat(payments.on_account, starts),
        }
    )


def _behaviour(plan: Plan, identity: Identity) -> str:
    if len(identity.payments) > 1:
        return LOT
    return BEHAVIOURS[plan.payments.behaviour[identity.payments[0]]].code


def _carrier(plan: Plan, identity: Identity) -> str:
    carrier = Carrier(plan.payments.carrier[identity.payments[0]])
    lot = len(identity.payments) > 1
    return (Carrier.NOTIFICATION if lot else carrier).name.lower()


def _customer(plan: Plan, identity: Identity) -> str | None:
    customers = {int(plan.payments.customer[row]) for row in identity.payments}
    customer = customers.pop()
    return None if customers or customer < 0 else plan.customers.ids[customer]


def allocation_table(plan: Plan, identities: Sequence[Identity]) -> pa.Table:
    """Tabulate which items each payment settles, and by how much.

    Parameters
    ----------
    plan
        The decided period.
    identities
        One per payment of the files, in any order.

    Returns
    -------
    pyarrow.Table
        ``payment_id, item_id, entity, customer_id, reference, allocated_minor, twin``;
        items of one ``twin`` group (> 0) may stand for each other.
    """
    payment_ids = {
        payment: identity.payment_id
        for identity in identities
        for payment in identity.payments
    }
    rows = np.flatnonzero(plan.links.allocated)
    item_rows = plan.links.item[rows]
    items = item_rows.tolist()
    customer = plan.items.customer[item_rows].tolist()
    entity = plan.items.entity[item_rows].tolist()
    return pa.table(
        {
            "payment_id": [payment_ids[p] for p in plan.links.payment[rows].tolist()],
            "item_id": [plan.item_ids[item] for item in items],
            "entity": [plan.entities[row].id for row in entity],
            "customer_id": [plan.customers.ids[row] for row in customer],
            "reference": [plan.references[item] for item in items],
            "allocated_minor": plan.links.allocated[rows],
            "twin": plan.items.twin[item_rows],
        }
    )


def write_truth(plan: Plan, identities: Sequence[Identity], folder: Path) -> None:
    """Write both tables as Parquet into a folder that exists."""
    payments = payment_table(plan, identities)
    allocations = allocation_table(plan, identities)
    pq.write_table(payments, folder / PAYMENTS, compression="zstd")
    pq.write_table(allocations, folder / ALLOCATIONS, compression="zstd")
