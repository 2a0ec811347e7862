"""A call that is made again is answered again, and done once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import grpc
import pytest
from service_case import refusal

from alloc.client import error_of
from alloc.v1 import allocation_pb2 as messages
from alloc.v1 import allocation_service_pb2 as pb

if TYPE_CHECKING:
    from service_case import Service

#: The service is the same over both kinds of database.
pytestmark = pytest.mark.parametrize(
    "workspace", ["sqlite", "postgresql"], indirect=True
)


def post(service: Service, **change: object) -> pb.PostRequest:
    request = pb.PostRequest(
        entity="FR01",
        idempotency_key="K1",
        payment_id=service.payment_id("B1"),
        choice=messages.Choice(on_account_of="C1"),
    )
    request.MergeFrom(pb.PostRequest(**change))
    return request


def test_the_same_call_is_answered_alike_and_posts_once(service: Service) -> None:
    client, before = service.client(), service.entries()
    first = client.allocation.Post(post(service))
    assert client.allocation.Post(post(service)) == first
    assert service.entries() == before + len(first.entries)
    assert service.holds()


def test_the_answer_is_kept_when_the_token_is_replaced(service: Service) -> None:
    first = service.client(service.token()).allocation.Post(post(service))
    assert service.client(service.token()).allocation.Post(post(service)) == first


def test_the_key_of_another_request_is_refused(service: Service) -> None:
    client = service.client()
    client.allocation.Post(post(service))
    other = post(service, choice=messages.Choice(on_account_of="C2"))
    refused = refusal(lambda: client.allocation.Post(other))
    assert refused.reason == "IDEMPOTENCY_KEY_REUSED"
    assert refused.metadata["status"] == "FAILED_PRECONDITION"


def test_two_callers_do_not_share_keys(service: Service) -> None:
    service.client(service.token("erp")).allocation.Post(post(service))
    other = service.client(service.token("other"))
    assert refusal(lambda: other.allocation.Post(post(service))).reason == (
        "PAYMENT_DECIDED"
    )


@pytest.mark.parametrize("key", ["", "k" * 129])
def test_a_call_that_writes_needs_a_key(service: Service, key: str) -> None:
    client, request = service.client(), post(service)
    request.idempotency_key = key
    refused = refusal(lambda: client.allocation.Post(request))
    assert refused.reason == "IDEMPOTENCY_KEY_INVALID"


def test_a_refused_call_may_be_made_again_when_it_works(service: Service) -> None:
    client = service.client()
    wrong = post(service, choice=messages.Choice(on_account_of="C77"))
    assert refusal(lambda: client.allocation.Post(wrong)).reason == "CUSTOMER_UNKNOWN"
    assert client.allocation.Post(post(service)).decision_id > 0


def test_one_call_made_eight_times_at_once_posts_once(service: Service) -> None:
    client, before = service.client(), service.entries()
    request = post(service)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.allocation.Post(request), range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert service.entries() == before + len(answers[0].entries)


def test_eight_calls_for_one_payment_post_once(service: Service) -> None:
    client = service.client()
    requests = [post(service, idempotency_key=f"K{number}") for number in range(8)]

    def call(request: pb.PostRequest) -> str:
        try:
            return str(client.allocation.Post(request).decision_id)
        except grpc.RpcError as error:
            return error_of(error).reason

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(call, requests))
    assert answers.count("PAYMENT_DECIDED") == 7
    assert service.holds()
