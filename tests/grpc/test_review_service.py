"""Several people work on one queue."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import pytest
from service_case import NOW, refusal

from alloc.v1 import allocation_pb2 as messages
from alloc.v1 import review_service_pb2 as pb

if TYPE_CHECKING:
    from service_case import Service

    from alloc.client import Client

#: The service is the same over both kinds of database.
pytestmark = pytest.mark.parametrize(
    "workspace", ["sqlite", "postgresql"], indirect=True
)


@pytest.fixture
def anna(service: Service) -> Client:
    return service.client(service.token("anna"))


@pytest.fixture
def ben(service: Service) -> Client:
    return service.client(service.token("ben"))


def claim(
    service: Service, seconds: int = 600, key: str = "C1"
) -> pb.ClaimReviewRequest:
    return pb.ClaimReviewRequest(
        entity="FR01",
        idempotency_key=key,
        payment_id=service.payment_id("B2"),
        lease_seconds=seconds,
    )


def accept(service: Service, key: str = "D1") -> pb.DecideReviewRequest:
    return pb.DecideReviewRequest(
        entity="FR01",
        idempotency_key=key,
        payment_id=service.payment_id("B2"),
        accept=messages.Choice(rank=0),
    )


def test_the_queue_shows_what_waits_with_its_proposal(
    anna: Client, service: Service
) -> None:
    page = anna.review.ListReviews(pb.ListReviewsRequest(entity="FR01", page_size=1))
    seen = list(page.reviews)
    while page.next_page_token:
        page = anna.review.ListReviews(
            pb.ListReviewsRequest(
                entity="FR01", page_size=1, page_token=page.next_page_token
            )
        )
        seen += page.reviews
    found = {each.decision.payment_id: each for each in seen}
    mine = found[service.payment_id("B2")]
    assert mine.amount == messages.Amount(minor=4_000, currency_code="EUR")
    assert mine.decision.explanations
    assert service.payment_id("B9") not in found


def test_a_claimed_payment_is_decided_by_its_claimer_alone(
    anna: Client, ben: Client, service: Service
) -> None:
    anna.review.ClaimReview(claim(service))
    page = ben.review.ListReviews(pb.ListReviewsRequest(entity="FR01"))
    assert "anna" in {each.claimed_by for each in page.reviews}
    for call in (
        lambda: ben.review.DecideReview(accept(service)),
        lambda: ben.review.ClaimReview(claim(service)),
    ):
        refused = refusal(call)
        assert refused.reason == "PAYMENT_CLAIMED"
        assert refused.metadata["claimed_by"] == "anna"
    answer = anna.review.DecideReview(accept(service))
    assert len(answer.entries) == 1
    assert service.holds()


def test_a_claim_is_given_back(anna: Client, ben: Client, service: Service) -> None:
    anna.review.ClaimReview(claim(service))
    anna.review.ClaimReview(claim(service, seconds=0, key="C2"))
    assert ben.review.DecideReview(accept(service)).decision_id > 0


def test_a_claim_runs_out(anna: Client, ben: Client, service: Service) -> None:
    anna.review.ClaimReview(claim(service, seconds=600))
    service.now = lambda: NOW + dt.timedelta(seconds=600)
    assert ben.review.DecideReview(accept(service)).decision_id > 0


@pytest.mark.parametrize("seconds", [-1, 3601])
def test_a_claim_lasts_an_hour_at_most(
    anna: Client, service: Service, seconds: int
) -> None:
    refused = refusal(lambda: anna.review.ClaimReview(claim(service, seconds)))
    assert refused.reason == "LEASE_INVALID"


def test_a_payment_is_refused_and_keeps_the_reason(
    anna: Client, service: Service
) -> None:
    request = pb.DecideReviewRequest(
        entity="FR01",
        idempotency_key="D1",
        payment_id=service.payment_id("B2"),
        refuse_reason="WRONG_CUSTOMER",
    )
    assert anna.review.DecideReview(request).refused_count > 0
    rows = service.read(lambda ledger: ledger.refusals()).to_pylist()
    assert {(row["refused_by"], row["reason"]) for row in rows} == {
        ("anna", "WRONG_CUSTOMER")
    }


def test_two_people_decide_one_payment_and_one_wins(
    anna: Client, ben: Client, service: Service
) -> None:
    anna.review.DecideReview(accept(service))
    refused = refusal(lambda: ben.review.DecideReview(accept(service)))
    assert refused.reason == "PAYMENT_DECIDED"
