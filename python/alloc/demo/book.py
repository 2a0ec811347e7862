"""The banks' books: entries per account and day, balances chained."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from alloc.demo.behaviours import INDEX, Carrier
from alloc.demo.customers import payer_iban
from alloc.demo.streams import integers, pick, stream
from alloc.demo.texts import NOT_PROVIDED, Message, mentions, write_message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from alloc.demo.group import Account
    from alloc.demo.plan import Plan

STRANGER = -1
"""The payment row of a detail that is no payment."""

_BATCH_PERCENT = 9
_LUMPED_EVERY = 6
_SWEEP_OVER_MINOR = 60_000_000
_SWEEP_STEP_MINOR = 1_000_000
_SWEEP_KEEP_MINOR = 20_000_000
_RETURN_EVERY_DAYS = 6
_RETURN_REASONS = ("AC04", "AM04", "MD06", "MS03")
_SUPPLIERS = ("ENERGIE DU PLATEAU", "TELECOM DES MARCHES", "FLUIDES ET PNEUS DU NORD",
              "LOYERS DE LA ZONE", "LOGICIELS DE L ATELIER")  # fmt: skip


@dataclass(slots=True)
class Detail:
    """One transaction of an entry; `payment` is a row of the plan or `STRANGER`."""

    payment: int
    amount_minor: int
    message: Message


@dataclass(slots=True)
class Entry:
    """One line of an account: credits > 0, debits < 0, in cents.

    The statement tells the details, but of a `lumped` entry only how many they are; a
    `notified` entry is told in full by a notification.
    """

    amount_minor: int
    bank_reference: str
    operation: str
    label: str
    details: list[Detail] = field(default_factory=list)
    charges_minor: int = 0
    return_reason: str = ""
    additional_info: str = ""
    notified: bool = False
    lumped: bool = False


@dataclass(slots=True)
class BankDay:
    """One account on one day: opening balance + entries = closing balance."""

    account: Account
    day: date
    previous_day: date
    number: int
    opening_minor: int
    entries: list[Entry]

    @property
    def closing_minor(self) -> int:
        """The balance after the last entry."""
        return self.opening_minor + sum(entry.amount_minor for entry in self.entries)


def bank_days(plan: Plan) -> Iterator[list[BankDay]]:
    """Give, day by day, what each account's statement says.

    Parameters
    ----------
    plan
        The decided period.

    Yields
    ------
    list of BankDay
        One per account, in the order of the accounts; each opens with the balance
        that the one before closed with.
    """
    accounts = [account for entity in plan.entities for account in entity.accounts]
    balances = [account.opening_minor for account in accounts]
    returned = _returns(plan)
    debits = [_Debits(plan, account.index) for account in accounts]
    row = 0
    for index, day in enumerate(plan.days):
        previous_day = plan.days[index - 1] if index else day - timedelta(days=1)
        by_account: dict[int, list[int]] = {}
        while row < len(plan.payments) and plan.payments.day[row] == index:
            by_account.setdefault(int(plan.account[row]), []).append(row)
            row += 1
        statements = []
        for account in accounts:
            number = Numbering(day, account.index)
            rows = by_account.get(account.index, [])
            entries = _credits(plan, account, rows, number)
            entries += debits[account.index].of_day(index, day, number)
            entries += [
                _return(plan, payment, number)
                for payment in returned.get((index, account.index), [])
            ]
            opening = balances[account.index]
            closing = opening + sum(entry.amount_minor for entry in entries)
            if closing > _SWEEP_OVER_MINOR:
                entries.append(_sweep(closing, number))
            statement = BankDay(
                account=account,
                day=day,
                previous_day=previous_day,
                number=index + 1,
                opening_minor=opening,
                entries=entries,
            )
            balances[account.index] = statement.closing_minor
            statements.append(statement)
        yield statements


class Numbering:
    """Numbers the entries of one account on one day."""

    def __init__(self, day: date, account: int) -> None:
        self._stem = f"{day:%y%m%d}{account:03d}"
        self._count = 0

    def next(self) -> str:
        """Give the bank's next reference: 14 digits and letters."""
        self._count += 1
        return f"{self._stem}X{self._count:04d}"


def _credits(
    plan: Plan, account: Account, rows: list[int], number: Numbering
) -> list[Entry]:
    """Book the payments of one account and day; camt banks batch some of them."""
    batched: list[Detail] = []
    entries: list[Entry] = []
    is_camt = account.bank.format.startswith("camt")
    may_batch = is_camt and _batchable(plan, rows)
    for row in rows:
        detail = Detail(row, int(plan.payments.amount[row]), write_message(plan, row))
        if may_batch and row in may_batch:
            batched.append(detail)
            continue
        twins = plan.payments.behaviour[row] == INDEX["twins"]
        entry = Entry(
            amount_minor=detail.amount_minor,
            bank_reference="" if twins else number.next(),
            operation="credit",
            label=f"VIR SEPA RECU {detail.message.name}",
            details=[detail],
        )
        if plan.payments.behaviour[row] == INDEX["charges"]:
            entry.charges_minor = int(plan.payments.deduction[row])
        entry.notified = is_camt and plan.payments.carrier[row] == Carrier.NOTIFICATION
        entries.append(entry)
    if batched:
        lumped = int(plan.payments.draw[batched[0].payment, 1]) % _LUMPED_EVERY == 0
        entries.append(
            Entry(
                amount_minor=sum(detail.amount_minor for detail in batched),
                bank_reference=number.next(),
                operation="credit",
                label=f"VIR SEPA RECUS LOT DE {len(batched)}",
                details=batched,
                lumped=lumped,
                notified=lumped,
            )
        )
    return entries


def _batchable(plan: Plan, rows: list[int]) -> set[int]:
    plain = {INDEX[c] for c in ("reference", "several_references", "no_text")}
    chosen = {
        row
        for row in rows
        if int(plan.payments.behaviour[row]) in plain
        and plan.payments.draw[row, 3] % 100 < _BATCH_PERCENT
    }
    return chosen if len(chosen) > 1 else set()


class _Debits:
    """Fees, direct debits and transfers sent: lines that are no payments."""

    def __init__(self, plan: Plan, account: int) -> None:
        rng = stream(plan.seed, "debits", account)
        days = len(plan.days)
        self._counts = pick(rng, (50, 27, 14, 9), days).tolist()
        self._draws = integers(rng, 0, 2**30, days * 3 * 4).reshape(days, 3, 4).tolist()

    def of_day(self, index: int, day: date, number: Numbering) -> list[Entry]:
        """Book the debits of one day."""
        return [
            self._debit(draws, day, number)
            for draws in self._draws[index][: self._counts[index]]
        ]

    @staticmethod
    def _debit(draws: list[int], day: date, number: Numbering) -> Entry:
        supplier = _SUPPLIERS[draws[1] % len(_SUPPLIERS)]
        if draws[0] % 4 == 0:
            fee = 150 + draws[2] % 9_000
            label = f"FRAIS ET COMMISSIONS {day:%m/%Y}"
            return Entry(-fee, number.next(), "fee", label, additional_info=label)
        message = Message(
            name=supplier,
            iban=payer_iban(draws[1] % len(_SUPPLIERS), 77_000_000_000),
            end_to_end_id=f"{draws[3] % 10**9:09d}" if draws[3] % 2 else NOT_PROVIDED,
            lines=[f"ECHEANCE {day:%m/%Y} CONTRAT {draws[3] % 10**8:08d}"],
        )
        if draws[0] % 4 == 1:
            amount, kind = -(2_000 + draws[2] % 90_000), "direct_debit"
            label = f"PRLV SEPA {supplier}"
        else:
            amount, kind = -(30_000 + draws[2] % 900_000), "transfer_out"
            label = f"VIR SEPA EMIS {supplier}"
        detail = Detail(STRANGER, amount, message)
        return Entry(amount, number.next(), kind, label, details=[detail])


def _sweep(balance_minor: int, number: Numbering) -> Entry:
    """Send what the account does not need to the parent company."""
    spare = balance_minor - _SWEEP_KEEP_MINOR
    amount = -(spare - spare % _SWEEP_STEP_MINOR)
    label = "NIVELLEMENT CENTRALISATION DE TRESORERIE"
    return Entry(amount, number.next(), "sweep", label, additional_info=label)


def _returns(plan: Plan) -> dict[tuple[int, int], list[int]]:
    """Choose payments that come back: by booking day and account of the return.

    In a period of one day the payment was of the day before: any amount will do.
    """
    found: dict[tuple[int, int], list[int]] = {}
    reference = INDEX["reference"]
    last = len(plan.days) - 1
    wanted = 1 + last // _RETURN_EVERY_DAYS
    candidates = [
        row
        for row in range(0, len(plan.payments), max(1, len(plan.payments) // 4_000))
        if plan.payments.behaviour[row] == reference
    ]
    candidates = [
        row for row in candidates if plan.payments.day[row] < last
    ] or candidates
    step = max(1, len(candidates) // wanted)
    for row in candidates[step - 1 :: step][:wanted]:
        booked = min(last, int(plan.payments.day[row]) + 1 + row % 3)
        found.setdefault((booked, int(plan.account[row])), []).append(row)
    return found


def _return(plan: Plan, payment: int, number: Numbering) -> Entry:
    message = write_message(plan, payment)
    amount = -int(plan.payments.amount[payment])
    return Entry(
        amount_minor=amount,
        bank_reference=number.next(),
        operation="return",
        label=f"REJET VIR SEPA {message.name}",
        details=[Detail(STRANGER, amount, message)],
        return_reason=_RETURN_REASONS[payment % len(_RETURN_REASONS)],
    )


def notified_details(plan: Plan, entry: Entry) -> list[Detail]:
    """Give the details of an entry as the notification has them.

    A lot is told in full; a single transfer adds the documents that it settles.
    """
    if entry.lumped:
        return entry.details
    details = []
    for detail in entry.details:
        message = Message(
            name=detail.message.name,
            iban=detail.message.iban,
            end_to_end_id=detail.message.end_to_end_id,
            mentions=mentions(plan, detail.payment),
        )
        details.append(Detail(detail.payment, detail.amount_minor, message))
    return details
