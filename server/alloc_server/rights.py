"""Which right a method takes; a method that is not here is refused."""

from __future__ import annotations

from alloc_server.access import Right

__all__ = ["OPEN_METHODS", "RIGHTS", "TOKEN_METHODS"]

_ALLOCATION = "/alloc.v1.AllocationService/"
_LEDGER = "/alloc.v1.LedgerService/"
_REVIEW = "/alloc.v1.ReviewService/"

#: Method -> right on the entity that each of its requests names.
RIGHTS = {
    f"{_ALLOCATION}Propose": Right.PROPOSE,
    f"{_ALLOCATION}ProposeBatch": Right.PROPOSE,
    f"{_ALLOCATION}Post": Right.POST,
    f"{_ALLOCATION}Apply": Right.POST,
    f"{_ALLOCATION}Reverse": Right.POST,
    f"{_ALLOCATION}Refuse": Right.POST,
    f"{_ALLOCATION}Explain": Right.READ,
    f"{_LEDGER}ImportOpenItems": Right.POST,
    f"{_LEDGER}ListJournalEntries": Right.READ,
    f"{_LEDGER}ExportJournal": Right.READ,
    f"{_LEDGER}ExportAudit": Right.READ,
    f"{_LEDGER}VerifyLedger": Right.ADMIN,
    f"{_REVIEW}ListReviews": Right.READ,
    f"{_REVIEW}ClaimReview": Right.POST,
    f"{_REVIEW}DecideReview": Right.POST,
}
#: For any token: what the service offers.
TOKEN_METHODS = frozenset(
    f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo"
    for version in ("v1", "v1alpha")
)
#: For everybody: whether the service is up.
OPEN_METHODS = frozenset(
    {"/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"}
)
