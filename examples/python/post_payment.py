"""Ask what a payment is about, and post what is proposed for it.

python post_payment.py HOST:PORT CA.pem ENTITY PAYMENT     # the token: $ALLOC_TOKEN

Whatever happens, run it again with the same payment: it is posted once.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import grpc

from alloc.client import Client, error_of
from alloc.v1.allocation_pb2 import Choice
from alloc.v1.allocation_service_pb2 import ExplainRequest, PostRequest

SECONDS = 20


def post_payment(alloc: Client, entity: str, payment_id: str) -> str:
    """Post the first proposal of a payment; say what was posted."""
    known = alloc.allocation.Explain(
        ExplainRequest(entity=entity, payment_id=payment_id), timeout=SECONDS
    )
    for allocation in known.decision.explanations[0].allocations:
        print(f"{allocation.item_id}: {allocation.allocated_minor}")
    answer = alloc.allocation.Post(
        PostRequest(
            entity=entity,
            # Our own name for this posting: a repeated call posts nothing again.
            idempotency_key=f"post {payment_id}",
            payment_id=payment_id,
            choice=Choice(rank=0),
        ),
        timeout=SECONDS,
    )
    entry = answer.entries[0]
    return f"{entry.journal} {entry.fiscal_year} {entry.number}"


def main(address: str, ca: str, entity: str, payment_id: str) -> None:
    """Connect, post, and print the entry or what stands in the way."""
    token = os.environ["ALLOC_TOKEN"]
    with Client(address, token=token, ca=Path(ca).read_bytes()) as alloc:
        try:
            print("posted", post_payment(alloc, entity, payment_id))
        except grpc.RpcError as error:
            said = error_of(error)
            sys.exit(f"{said} [{said.reason}]")


if __name__ == "__main__":
    main(*sys.argv[1:])
