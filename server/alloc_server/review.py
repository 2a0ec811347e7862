"""`ReviewService`: the payments that a person decides."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.ports import DecisionFilter
from alloc.app.review import proposal_of
from alloc.errors import InputError
from alloc.v1 import allocation_pb2, review_service_pb2_grpc
from alloc.v1 import review_service_pb2 as pb
from alloc_server.convert import (
    date_message,
    decision_messages,
    decision_of,
    mask_of,
    page_size_of,
    place_of,
    posted_entries,
)
from alloc_server.limits import LEASE_SECONDS_MAX
from alloc_server.owned import owned_payment

if TYPE_CHECKING:
    from collections.abc import Mapping

    import grpc

    from alloc.app.ports import DecisionTables
    from alloc.app.review import Accepted
    from alloc.app.shared_ledger import SharedLedger
    from alloc_server.workplace import Workplace

__all__ = ["ReviewService"]


class ReviewService(review_service_pb2_grpc.ReviewServiceServicer):
    """The queue, who works on what, and what they decide.

    Parameters
    ----------
    workplace
        The workspace that is served.
    """

    def __init__(self, workplace: Workplace) -> None:
        self._workplace = workplace

    def ListReviews(
        self, request: pb.ListReviewsRequest, context: grpc.ServicerContext
    ) -> pb.ListReviewsResponse:
        """Return a page of the queue; its token is the last decision in it."""
        del context
        size = page_size_of(request.page_size)
        since = place_of(request.page_token)
        masked = mask_of(request.read_mask, pb.Review)
        with self._workplace.reading() as ledger:
            waiting = ledger.decisions(DecisionFilter(entity=request.entity or None))
            claims = ledger.claims(now=self._workplace.now()).to_pylist()
        later = waiting.decisions.filter(
            pc.greater(waiting.decisions["decision_id"], since)
        )
        page = later.slice(0, size)
        claimed = {row["payment_id"]: row for row in claims}
        last = str(page["decision_id"][-1].as_py()) if page.num_rows else ""
        return pb.ListReviewsResponse(
            reviews=[masked(review) for review in _reviews(waiting, page, claimed)],
            next_page_token=last if later.num_rows > size else "",
        )

    def ClaimReview(
        self, request: pb.ClaimReviewRequest, context: grpc.ServicerContext
    ) -> pb.ClaimReviewResponse:
        """Claim a payment for a while."""
        if not 0 <= request.lease_seconds <= LEASE_SECONDS_MAX:
            raise InputError(
                f"lease_seconds is {request.lease_seconds}: it must be 0 to"
                f" {LEASE_SECONDS_MAX}",
                reason="LEASE_INVALID",
                field="lease_seconds",
            )
        return self._workplace.once(
            request,
            context,
            pb.ClaimReviewResponse,
            lambda ledger, who: self._claimed(ledger, request, who),
        )

    def _claimed(
        self, ledger: SharedLedger, request: pb.ClaimReviewRequest, who: str
    ) -> pb.ClaimReviewResponse:
        owned_payment(ledger, request.entity, request.payment_id)
        proposal_of(ledger, request.payment_id)
        now = self._workplace.now()
        until = now + dt.timedelta(seconds=request.lease_seconds)
        ledger.claim(request.payment_id, by=who, until=until, now=now)
        return pb.ClaimReviewResponse(claimed_until=f"{until:%Y-%m-%dT%H:%M:%S}Z")

    def DecideReview(
        self, request: pb.DecideReviewRequest, context: grpc.ServicerContext
    ) -> pb.DecideReviewResponse:
        """Post what is chosen, or refuse all that is proposed."""
        if request.WhichOneof("verdict") == "refuse_reason":
            return self._workplace.refuse(
                request, context, pb.DecideReviewResponse, request.refuse_reason
            )
        return self._workplace.accept(
            request, context, pb.DecideReviewResponse, request.accept, _decided
        )


def _decided(accepted: Accepted) -> pb.DecideReviewResponse:
    return pb.DecideReviewResponse(
        decision_id=decision_of(accepted.posted),
        entries=posted_entries(accepted.posted),
        second_person_needed=not accepted.posted,
    )


def _reviews(
    waiting: DecisionTables, page: pa.Table, claimed: Mapping[str, Mapping[str, Any]]
) -> list[pb.Review]:
    def of_page(rows: pa.Table) -> list[dict[str, Any]]:
        mine = pc.is_in(rows["decision_id"], value_set=page["decision_id"])
        found: list[dict[str, Any]] = rows.filter(mine).to_pylist()
        return found

    messages = decision_messages(
        page.to_pylist(), of_page(waiting.allocations), of_page(waiting.adjustments)
    )
    return [
        pb.Review(
            decision_id=row["decision_id"],
            entity=row["entity"],
            amount=allocation_pb2.Amount(
                minor=row["amount_minor"], currency_code=row["currency"]
            ),
            value_date=date_message(row["value_date"]),
            payer_name=row["payer_name"] or "",
            remittance_text=row["remittance_text"] or (),
            decision=message,
            claimed_by=claimed.get(row["payment_id"], {}).get("claimed_by", ""),
            claimed_until=claimed.get(row["payment_id"], {}).get("claimed_until", ""),
        )
        for row, message in zip(page.to_pylist(), messages, strict=True)
    ]
