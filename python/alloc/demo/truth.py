"""Writes the truth: what each payment really settles; it stays out of the inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from alloc.demo.behaviours import BEHAVIOURS, Carrier
from alloc.demo.book import CURRENCY

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from alloc.demo.book import Identity
    from alloc.demo.plan import Plan

PAYMENTS = "payments.parquet"
ALLOCATIONS = "allocations.parquet"


def payment_table(plan: Plan, identities: Sequence[Identity]) -> pa.Table:
    """Tabulate the payments with their identity, behaviour and what is not allocated.

    Parameters
    ----------
    plan
        The decided period.
    identities
        One per payment, in any order.

    Returns
    -------
    pyarrow.Table
        One row per payment:
        ``amount_minor = sum(allocated) - deduction_minor + on_account_minor``.
    """
    found = sorted(identities, key=lambda identity: identity.payment)
    if [identity.payment for identity in found] != list(range(len(plan.payments))):
        raise AssertionError("a payment is in no statement or in two")
    payments, customers = plan.payments, plan.customers
    return pa.table(
        {
            "payment_id": [identity.payment_id for identity in found],
            "entity": [plan.entities[row].id for row in payments.entity.tolist()],
            "account": [identity.account for identity in found],
            "booking_date": pa.array([i.booking_date for i in found], pa.date32()),
            "currency": [CURRENCY] * len(found),
            "amount_minor": payments.amount,
            "entry_amount_minor": pa.array(
                [identity.entry_amount_minor for identity in found], pa.int64()
            ),
            "bank_reference": [identity.bank_reference or None for identity in found],
            "end_to_end_id": [identity.end_to_end_id for identity in found],
            "occurrence": pa.array([i.occurrence for i in found], pa.int64()),
            "detail_index": pa.array([i.detail_index for i in found], pa.int64()),
            "detail_count": pa.array([i.detail_count for i in found], pa.int64()),
            "behaviour": [BEHAVIOURS[row].code for row in payments.behaviour.tolist()],
            "carrier": [Carrier(row).name.lower() for row in payments.carrier.tolist()],
            "customer_id": [
                customers.ids[row] if row >= 0 else None
                for row in payments.customer.tolist()
            ],
            "deduction_minor": payments.deduction,
            "on_account_minor": payments.on_account,
        }
    )


def allocation_table(plan: Plan, payment_ids: Sequence[str]) -> pa.Table:
    """Tabulate which items each payment settles, and by how much.

    Parameters
    ----------
    plan
        The decided period.
    payment_ids
        The id of each row of ``plan.payments``.

    Returns
    -------
    pyarrow.Table
        ``payment_id, item_id, entity, customer_id, reference, allocated_minor, twin``;
        items of one ``twin`` group (> 0) may stand for each other.
    """
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
    ids = payments["payment_id"].to_pylist()
    pq.write_table(payments, folder / PAYMENTS, compression="zstd")
    pq.write_table(
        allocation_table(plan, ids), folder / ALLOCATIONS, compression="zstd"
    )
