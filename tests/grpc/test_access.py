"""Who may call what: deny by default, one company never sees another."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from service_case import NOW, Service, open_items, refusal

from alloc.v1 import allocation_pb2 as messages
from alloc.v1 import (
    allocation_service_pb2,
    ledger_service_pb2,
    review_service_pb2,
)
from alloc.v1 import allocation_service_pb2 as pb
from alloc.v1 import ledger_service_pb2 as ledger_pb
from alloc.v1 import review_service_pb2 as review_pb
from alloc_server.access import Right, new_token
from alloc_server.convert import ipc_of
from alloc_server.keeping import remove_tokens
from alloc_server.rights import RIGHTS
from alloc_server.serving import Listening

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from alloc.cli.workspace import Workspace
    from alloc.client import Client

NAME = "PX"
#: A call of each method, and the right it takes at entity FR01.
CALLS: dict[str, tuple[Right, Callable[[Client, str], object]]] = {
    "Propose": (
        Right.PROPOSE,
        lambda c, e: c.allocation.Propose(pb.ProposeRequest(entity=e)),
    ),
    "ProposeBatch": (
        Right.PROPOSE,
        lambda c, e: list(
            c.allocation.ProposeBatch(iter([pb.ProposeBatchRequest(entity=e)]))
        ),
    ),
    "Post": (Right.POST, lambda c, e: c.allocation.Post(pb.PostRequest(entity=e))),
    "Apply": (Right.POST, lambda c, e: c.allocation.Apply(pb.ApplyRequest(entity=e))),
    "Reverse": (
        Right.POST,
        lambda c, e: c.allocation.Reverse(pb.ReverseRequest(entity=e)),
    ),
    "Refuse": (
        Right.POST,
        lambda c, e: c.allocation.Refuse(pb.RefuseRequest(entity=e)),
    ),
    "Explain": (
        Right.READ,
        lambda c, e: c.allocation.Explain(pb.ExplainRequest(entity=e)),
    ),
    "ImportOpenItems": (
        Right.POST,
        lambda c, e: c.ledger.ImportOpenItems(
            iter([ledger_pb.ImportOpenItemsRequest(entity=e)])
        ),
    ),
    "ListJournalEntries": (
        Right.READ,
        lambda c, e: c.ledger.ListJournalEntries(
            ledger_pb.ListJournalEntriesRequest(entity=e, page_token="x")  # noqa: S106 - no secret
        ),
    ),
    "ExportJournal": (
        Right.READ,
        lambda c, e: list(
            c.ledger.ExportJournal(ledger_pb.ExportJournalRequest(entity=e))
        ),
    ),
    "ExportAudit": (
        Right.READ,
        lambda c, e: list(c.ledger.ExportAudit(ledger_pb.ExportAuditRequest(entity=e))),
    ),
    "VerifyLedger": (
        Right.ADMIN,
        lambda c, _: c.ledger.VerifyLedger(ledger_pb.VerifyLedgerRequest()),
    ),
    "ListReviews": (
        Right.READ,
        lambda c, e: c.review.ListReviews(
            review_pb.ListReviewsRequest(entity=e, page_size=-1)
        ),
    ),
    "ClaimReview": (
        Right.POST,
        lambda c, e: c.review.ClaimReview(review_pb.ClaimReviewRequest(entity=e)),
    ),
    "DecideReview": (
        Right.POST,
        lambda c, e: c.review.DecideReview(review_pb.DecideReviewRequest(entity=e)),
    ),
}
DENIED = {"RIGHT_MISSING", "ENTITY_FORBIDDEN"}


def explain(client: Client) -> object:
    request = pb.ExplainRequest(entity="FR01", payment_id=NAME)
    return client.allocation.Explain(request)


def test_every_method_takes_a_right() -> None:
    served = {
        f"/{service.full_name}/{method.name}"
        for module in (allocation_service_pb2, ledger_service_pb2, review_service_pb2)
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    assert set(RIGHTS) == served
    assert {path.rpartition("/")[2] for path in served} == set(CALLS)


@pytest.mark.parametrize("method", CALLS)
def test_a_token_without_the_right_is_refused(service: Service, method: str) -> None:
    right, call = CALLS[method]
    others = [other for other in ("read", "propose", "post") if other != right]
    client = service.client(service.token(entities=["*"], rights=others))
    refused = refusal(lambda: call(client, "FR01"))
    assert refused.reason == "RIGHT_MISSING"
    assert refused.metadata["status"] == "PERMISSION_DENIED"


@pytest.mark.parametrize("method", CALLS)
def test_a_token_of_another_company_is_refused(service: Service, method: str) -> None:
    _, call = CALLS[method]
    rights = ["read", "propose", "post", "admin"]
    client = service.client(service.token(entities=["FR02"], rights=rights))
    for entity in ("FR01", ""):
        assert refusal(lambda e=entity: call(client, e)).reason == "ENTITY_FORBIDDEN"


@pytest.mark.parametrize("method", CALLS)
def test_a_token_with_the_right_reaches_the_use_case(
    service: Service, method: str
) -> None:
    right, call = CALLS[method]
    client = service.client(service.token(entities=["*"], rights=[right]))
    if method == "VerifyLedger":
        assert call(client, "")
    else:
        assert refusal(lambda: call(client, "FR01")).reason not in DENIED


def test_a_stream_is_for_one_company(service: Service) -> None:
    client = service.client(service.token(entities=["*"], rights=["post"]))
    items = ipc_of(open_items("FR01", {"C1": {"N1": 5}}).drop_columns(["entity"]))
    requests = [
        ledger_pb.ImportOpenItemsRequest(
            entity=name, idempotency_key="K1", items_ipc=items
        )
        for name in ("FR01", "FR02")
    ]
    refused = refusal(lambda: client.ledger.ImportOpenItems(iter(requests)))
    assert refused.reason == "ENTITY_FORBIDDEN"


@pytest.mark.parametrize("method", CALLS)
def test_a_call_without_a_token_is_refused(service: Service, method: str) -> None:
    ca = (service.folder / "ca.pem").read_bytes()
    with grpc.secure_channel(
        service.address, grpc.ssl_channel_credentials(ca)
    ) as channel:
        client = service.client()
        for name in ("allocation", "ledger", "review"):
            stub = getattr(client, name)
            setattr(client, name, type(stub)(channel))
        refused = refusal(lambda: CALLS[method][1](client, "FR01"))
    assert refused.reason == "TOKEN_MISSING"
    assert refused.metadata["status"] == "UNAUTHENTICATED"


def test_an_unknown_token_is_refused(service: Service) -> None:
    client = service.client(new_token())
    assert refusal(lambda: explain(client)).reason == "TOKEN_UNKNOWN"


def test_a_token_ends_after_its_last_day(service: Service) -> None:
    day = NOW.date()
    last, over = (
        service.client(service.token(expires=day - dt.timedelta(days=days)))
        for days in (0, 1)
    )
    assert refusal(lambda: explain(last)).reason == "PAYMENT_UNKNOWN"
    assert refusal(lambda: explain(over)).reason == "TOKEN_EXPIRED"


def test_tokens_are_replaced_while_the_service_runs(service: Service) -> None:
    old = service.client(service.token())
    assert refusal(lambda: explain(old)).reason == "PAYMENT_UNKNOWN"
    new = service.client(service.token())
    assert refusal(lambda: explain(new)).reason == "PAYMENT_UNKNOWN"
    assert refusal(lambda: explain(old)).reason == "PAYMENT_UNKNOWN"
    assert remove_tokens(service.tokens, "erp") == 2
    for client in (old, new):
        assert refusal(lambda c=client: explain(c)).reason == "TOKEN_UNKNOWN"


def test_a_damaged_file_of_tokens_leaves_those_that_were_read(
    service: Service,
) -> None:
    client = service.client()
    assert refusal(lambda: explain(client)).reason == "PAYMENT_UNKNOWN"
    service.tokens.write_text("[[token]\n")
    assert refusal(lambda: explain(client)).reason == "PAYMENT_UNKNOWN"


def test_no_token_is_kept(service: Service) -> None:
    token = service.token()
    assert token not in service.tokens.read_text()
    assert service.tokens.stat().st_mode & 0o077 == 0


def test_anybody_may_ask_whether_the_service_is_up(service: Service) -> None:
    ca = (service.folder / "ca.pem").read_bytes()
    with grpc.secure_channel(
        service.address, grpc.ssl_channel_credentials(ca)
    ) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        answer = health.Check(health_pb2.HealthCheckRequest())
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
        stub = reflection_pb2_grpc.ServerReflectionStub(channel)
        asked = reflection_pb2.ServerReflectionRequest(list_services="")
        refused = refusal(lambda: list(stub.ServerReflectionInfo(iter([asked]))))
        assert refused.reason == "TOKEN_MISSING"


def test_any_token_may_ask_what_the_service_offers(service: Service) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(service.client().channel)
    asked = reflection_pb2.ServerReflectionRequest(list_services="")
    (answer,) = stub.ServerReflectionInfo(iter([asked]))
    names = {each.name for each in answer.list_services_response.service}
    assert {
        f"alloc.v1.{name}Service" for name in ("Allocation", "Ledger", "Review")
    } <= (names)


def test_a_caller_may_have_to_show_a_certificate(
    workspace: Workspace, certificates: Path, listening: Listening
) -> None:
    strict = Listening(
        certificate=listening.certificate,
        key=listening.key,
        client_ca=certificates / "ca.pem",
        drain_seconds=0,
    )
    service = Service(workspace, certificates, strict)
    try:
        stranger = service.client()
        refused = refusal(lambda: explain(stranger))
        assert refused.metadata["status"] == "UNAVAILABLE"
        known = service.client_with_certificate()
        assert refusal(lambda: explain(known)).reason == "PAYMENT_UNKNOWN"
    finally:
        service.close()


def test_the_token_says_who_decided(service: Service) -> None:
    client = service.client(service.token("erp-night"))
    request = pb.PostRequest(
        entity="FR01",
        idempotency_key="K1",
        payment_id=service.payment_id("B1"),
        choice=messages.Choice(on_account_of="C1"),
    )
    client.allocation.Post(request)
    entries = service.read(lambda ledger: ledger.journal()).entries
    assert entries["posted_by"].to_pylist()[-1] == "erp-night"
