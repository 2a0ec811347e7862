"""From decisions to journal entry drafts: which journal, account, date and label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from alloc.app.draft_check import drafted_entries
from alloc.app.foreign import FOREIGN
from alloc.app.ports import PaymentState
from alloc.errors import InputError
from alloc.messages import messages_in

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping

    from alloc.app.ports import Drafts
    from alloc.settings import BankAccount, Entity, Settings

#: The journal of entries that move no money at the bank.
MISCELLANEOUS_JOURNAL = "OD"
#: Characters of a payer's name in a label: the length that SEPA gives names.
LABEL_NAME_CHARACTERS_MAX = 70
#: The role that the drafting works out itself: what is left of the cash.
REST_ROLE = "on_account"


class DraftedPayment(NamedTuple):
    """What the drafting needs to know of a payment, besides its allocations.

    An operation is a payment of nothing, to no account.
    """

    payment_id: str
    item_prefix: str
    parked_item_id: str | None
    entity: str
    account: str | None
    booking_date: dt.date
    currency: str
    amount_minor: int
    payer_name: str | None
    state: str
    reference: str | None
    customer_id: str | None
    identified: bool
    foreign_currency: str | None = None
    foreign_minor: int | None = None


class Drafting:
    """Turns decided payments into drafts, by the settings of their entities.

    Parameters
    ----------
    settings
        Accounts, journals and language of the workspace.
    today
        The day of the decision: money that was parked, or whose match was undone, is
        posted on it, because the books have gone on since the bank's day.
    """

    def __init__(self, settings: Settings, *, today: dt.date) -> None:
        self._settings = settings
        self._today = today
        self._messages = messages_in(settings.locale)
        self._banks: dict[str, tuple[Entity, BankAccount]] = {}

    def draft(
        self,
        payments: Iterable[DraftedPayment],
        allocations: pa.Table,
        adjustments: pa.Table,
    ) -> Drafts:
        """Draft one entry per payment.

        Parameters
        ----------
        payments
            In the order in which the entries are to be numbered.
        allocations
            payment_id, item_id, customer_id, account, allocated_minor, open_minor,
            letter_group?, group_open_minor?, foreign_currency?, foreign_minor?: rank 0
            of these payments.
        adjustments
            payment_id, role, amount_minor, entity, customer_id?, foreign_currency?,
            foreign_minor?: rank 0.

        Raises
        ------
        alloc.errors.InputError
            A bank account or role that the settings do not know.
        """
        rows = [self.row(payment) for payment in payments]
        names = list(rows[0]) if rows else []
        columns = {name: [row[name] for row in rows] for name in names}
        table = pa.table(columns, schema=PAYMENT_SCHEMA) if rows else _empty()
        return drafted_entries(table, allocations, self._adjusted(adjustments))

    def _bank_account(self, account: str) -> tuple[Entity, BankAccount]:
        found = self._settings.bank_account(account)
        if found is None:
            raise InputError(
                f"bank account {account} is in no entity of alloc.toml: "
                "add it with `alloc entity add`",
                reason="ACCOUNT_UNKNOWN",
                account=account,
            )
        return found

    def row(self, payment: DraftedPayment) -> Mapping[str, Any]:
        """Return the row of `PAYMENT_SCHEMA` that a payment is drafted from."""
        entity, journal, source = self._source(payment)
        if payment.currency != entity.currency:
            raise InputError(
                f"payment {payment.payment_id} is in {payment.currency}, the books of"
                f" {entity.id} are in {entity.currency}: post it in the accounting"
                " system, with its rate",
                reason="CURRENCY_NOT_OF_BOOKS",
                payment_id=payment.payment_id,
                currency=payment.currency,
            )
        accounts = entity.accounts
        release = payment.state == PaymentState.SUSPENSE
        kind = "clearing" if payment.identified else "suspense"
        again = release or payment.item_prefix != payment.payment_id
        day = max(payment.booking_date, self._today) if again else payment.booking_date
        posting_date = entity.first_open_day(day)
        return {
            "payment_id": payment.payment_id,
            "item_prefix": payment.item_prefix,
            "source_item_id": payment.parked_item_id if release else None,
            "entity": payment.entity,
            "journal": MISCELLANEOUS_JOURNAL if release else journal,
            "kind": "release" if release else kind,
            "posting_date": posting_date,
            "piece_date": payment.booking_date,
            "piece_ref": payment.reference or payment.payment_id,
            "label": self._label(payment),
            "currency": payment.currency,
            "amount_minor": payment.amount_minor,
            "source_account": accounts["suspense"] if release else source,
            "customer_id": payment.customer_id,
            "customer_account": accounts["customer"],
            "suspense_account": accounts["suspense"],
            "fiscal_year": entity.fiscal_year(posting_date),
            "granularity": self._settings.lettering,
            "foreign_currency": payment.foreign_currency,
            "foreign_minor": payment.foreign_minor,
        }

    def _source(self, payment: DraftedPayment) -> tuple[Entity, str, str]:
        """Return the books, the journal and the account that the money comes from.

        An operation moves none: it stands in the journal beside those of the banks.
        """
        if payment.account is None:
            entity = self._settings.entity(payment.entity)
            return entity, MISCELLANEOUS_JOURNAL, entity.accounts["bank"]
        if payment.account not in self._banks:
            self._banks[payment.account] = self._bank_account(payment.account)
        entity, bank = self._banks[payment.account]
        return entity, bank.journal, bank.account

    def _label(self, payment: DraftedPayment) -> str:
        name = " ".join((payment.payer_name or "").split())
        payer = name[:LABEL_NAME_CHARACTERS_MAX] or payment.payment_id
        if not payment.identified:
            return self._messages.say("Payment to identify {payer}", payer=payer)
        return self._messages.say("Payment {payer}", payer=payer)

    def _adjusted(self, adjustments: pa.Table) -> pa.Table:
        deductions = adjustments.filter(pc.not_equal(adjustments["role"], REST_ROLE))
        accounts = [
            self.account(entity, role)
            for entity, role in zip(
                deductions["entity"].to_pylist(),
                deductions["role"].to_pylist(),
                strict=True,
            )
        ]
        return deductions.drop_columns(["entity"]).append_column(
            "account", pa.array(accounts, pa.string())
        )

    def entity(self, entity: str) -> Entity:
        """Return a company by its id; ``ENTITY_UNKNOWN`` when there is none."""
        return self._settings.entity(entity)

    def account(self, entity: str, role: str) -> str:
        """Return the account number of a role; ``ROLE_UNKNOWN`` when there is none."""
        account = self._settings.entity(entity).accounts.get(role)
        if account is None:
            raise InputError(
                f"role {role} has no account: add it to [accounts] in alloc.toml",
                reason="ROLE_UNKNOWN",
                role=role,
            )
        return account


PAYMENT_SCHEMA = pa.schema(
    [
        ("payment_id", pa.string()),
        ("item_prefix", pa.string()),
        ("source_item_id", pa.string()),
        ("entity", pa.string()),
        ("journal", pa.string()),
        ("kind", pa.string()),
        ("posting_date", pa.date32()),
        ("piece_date", pa.date32()),
        ("piece_ref", pa.string()),
        ("label", pa.string()),
        ("currency", pa.string()),
        ("amount_minor", pa.int64()),
        ("source_account", pa.string()),
        ("customer_id", pa.string()),
        ("customer_account", pa.string()),
        ("suspense_account", pa.string()),
        ("fiscal_year", pa.int64()),
        ("granularity", pa.string()),
        ("foreign_currency", pa.string()),
        ("foreign_minor", pa.int64()),
    ]
)


def _empty() -> pa.Table:
    return PAYMENT_SCHEMA.empty_table()


#: What `drafted_payment` reads of a row.
DRAFTED = [
    "payment_id",
    "item_prefix",
    "parked_item_id",
    "entity",
    "account",
    "booking_date",
    "currency",
    "amount_minor",
    "payer_name",
    "bank_reference",
    "state",
    "customer_id",
    "identified",
]


def drafted_payment(row: Mapping[str, Any]) -> DraftedPayment:
    """Name the facts of a payment that its entry needs.

    Parameters
    ----------
    row
        A payment of the ledger, with ``identified`` (whether its payer is known, else
        the money is parked) and ``customer_id`` (who gets the rest on account).
    """
    fields = {name: row[name] for name in DRAFTED if name != "bank_reference"}
    fields |= {name: row.get(name) for name in FOREIGN}
    if not row["identified"]:
        fields["customer_id"] = None
    return DraftedPayment(**fields, reference=row["bank_reference"])
