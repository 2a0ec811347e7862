"""One worked case, run through the real path: import, clear or apply, post, export."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from case_rules import kind_of, links_of, rules_of, standing_rules
from rule_content import RuleContent

from alloc.app import review
from alloc.app.apply import apply
from alloc.app.clear import clear
from alloc.app.operation import Operation
from alloc.app.ports import DecisionFilter, DecisionState, PaymentState, SourceFile
from alloc.app.reverse import reverse
from alloc.app.verify import verify
from alloc.domain.bank import entry_id
from alloc.rules.reading import read_rule
from alloc.settings import load_settings
from bank_statement import one_statement

if TYPE_CHECKING:
    from alloc.app.ports import Ledger
    from alloc.rules import Rule
    from alloc.settings import Settings

NOW = dt.datetime(2026, 12, 1, 6, 0, tzinfo=dt.UTC)
IBAN = "FR1420041010050500013M02606"
ASSIGNED = (
    RuleContent("factor-assignment", "assigned")
    .say(posting="one_click")
    .say("component", guarantee=False, commission=False, financing=False)
    .text()
)


@dataclass(slots=True)
class GoldenBook:
    """The ledger of one case."""

    ledger: Ledger
    case: dict[str, Any]
    files: int = 0
    imported_before: int = 0
    status: str = ""
    now: dt.datetime = NOW
    settings: Settings = field(init=False)
    said: list[RuleContent] = field(init=False)
    rules: dict[str, Rule] = field(init=False)
    noted: str = ""
    prior_seq: int = 0

    def __post_init__(self) -> None:
        self.settings = self._settings(closed=False)
        self.said = rules_of(self.case)
        self.rules = {
            made.rule_id: read_rule(made.text(), name="rules/case.toml")
            for made in (*standing_rules(self.case), *self.said)
        }

    def _settings(self, *, closed: bool) -> Settings:
        rules = {rule["name"]: rule for rule in self.case["input"]["rules"]}
        lock = rules.get("period_lock", {}).get("locked_until")
        years = rules.get("payment_return", {}).get("closed_years", ())
        if closed and years:
            lock = f"{max(years)}-12-31"
        granularity = rules.get("clearing", {}).get("granularity", "per_group")
        return load_settings(
            f"""
            [workspace]
            locale = "fr"
            [policy]
            amount_only = true
            [lettering]
            granularity = "{granularity}"
            [[entity]]
            id = "E1"
            name = "Garage Un"
            siren = "732829320"
            {f"locked_until = {lock}" if lock else ""}
            [[entity.bank]]
            iban = "{IBAN}"
            [[entity]]
            id = "E2"
            name = "Garage Deux"
            """,
            name="alloc.toml",
        )

    def run(self) -> GoldenBook:
        """Import what was there before, then the case, and decide it."""
        self._import_customers()
        self._import_items(self.case["input"]["open_items"])
        self._assign()
        for prior in self._priors():
            self._post_prior(prior)
        self.settings = self._settings(closed=True)
        self.now = NOW
        self.prior_seq = self._last_seq()
        receipt = self.case["input"]["receipt"]
        reallocated = [
            rule["to_aux"]
            for rule in self.case["input"]["rules"]
            if rule["name"] == "reallocate"
        ]
        if reallocated:
            self._reallocate(*reallocated)
        elif receipt is None:
            self._release()
        else:
            self._receive(receipt)
        return self

    def _last_seq(self) -> int:
        return max(self.ledger.journal().entries["seq"].to_pylist(), default=0)

    # What was there before the case.

    def _priors(self) -> list[dict[str, Any]]:
        """Payments that are posted already: lettered ones, and parked money."""
        items = self.case["input"]["open_items"]
        left = {
            item["id"]: item["original_cents"] - item["open_cents"]
            for item in items
            if item.get("letter") and item["doc_type"] != "payment"
        }
        priors: list[dict[str, Any]] = []
        for paid in items:
            if paid["doc_type"] == "payment":
                letter = paid["letter"]
                mine = [i["id"] for i in items if i.get("letter") == letter]
                amount = -paid["original_cents"]
                priors.append(
                    {
                        "id": paid["id"].removeprefix("PAY-"),
                        "date": paid["date"],
                        "amount_cents": amount,
                        "items": taken(left, mine, amount),
                        "aux": paid["aux"],
                    }
                )
        parked = [item for item in items if item["doc_type"] == "suspense"]
        return priors + [
            {
                "id": item["id"].removeprefix("SUSP-"),
                "date": item["date"],
                "amount_cents": -item["open_cents"],
                "text": "VIR",
                "counterparty": None,
            }
            for item in parked
        ]

    def _assigned(self) -> list[dict[str, Any]]:
        """Invoices that a factor has, and that are open as long as it has not."""
        cleared = self.case["input"].get("cleared_items", ())
        return [
            item | {"open_cents": item["ttc_cents"]}
            for item in cleared
            if item.get("assigned_to") and not self.case["input"]["receipt"]
        ]

    def _assign(self) -> None:
        if items := self._assigned():
            self._import_items(items)
            date = max(dt.date.fromisoformat(item["date"]) for item in items)
            apply(
                *(
                    self.ledger,
                    self.settings,
                    read_rule(ASSIGNED, name="assigned.toml"),
                ),
                Operation(tuple(item["id"] for item in items), date, "QS"),
                decided_by="test",
                now=self.now,
            )

    def _post_prior(self, prior: dict[str, Any]) -> None:
        payment_id = self._import_receipt(prior)
        self._at(prior["date"])
        if "items" in prior:
            choice: review.Choice = review.OnAccount(prior["aux"])
            if prior["items"]:
                choice = review.Items(prior["items"])
            review.accept(
                *(self.ledger, self.settings, payment_id, choice),
                decided_by="test",
                now=self.now,
                rules=list(self.rules.values()),
            )
        else:
            self._clear()

    # The case itself.

    def _receive(self, receipt: dict[str, Any]) -> None:
        payment_id = self._import_receipt(receipt)
        if self.case["input"].get("already_posted"):
            self._clear()
            self.prior_seq = self._last_seq()
            again = self._import_receipt(receipt, again=True)
            self.status = "duplicate" if again == "known" else "new"
            self._clear()
            return
        self._clear()
        state = self._state(payment_id)
        self.status = {"posted": "auto"}.get(state, state)
        if state == PaymentState.REVIEW:
            self._decide(payment_id)
        items = self.case["input"]["open_items"]
        lettered = [i["id"] for i in items if i["doc_type"] != "payment"]
        date = dt.date.fromisoformat(receipt["date"])
        for rule_id in self._by_hand():
            # What a person does afterwards with the items of a return.
            self._apply(rule_id, Operation(tuple(lettered), date, receipt["id"]))

    def _clear(self) -> None:
        rules = list(self.rules.values())
        clear(self.ledger, self.settings, rules=rules, now=self.now)

    def _decide(self, payment_id: str) -> None:
        """What a person does in one click: the rule that fits, or on account."""
        proposed = DecisionFilter(
            states=(DecisionState.PROPOSED,), payment_ids=(payment_id,)
        )
        (decision,) = self.ledger.decisions(proposed).decisions.to_pylist()
        self.noted = decision["rule"] or ""
        waiting = {made.rule_id for made in self.said if made.waits}
        rule_id = self.noted.partition("@")[0]
        if decision["reason"] == "RULE_FITS" and rule_id not in waiting:
            self._apply(rule_id, payment_id)
            return
        for rule in self.case["input"]["rules"]:
            if rule["name"] == "overpayment" and "aux" in rule:
                choice = review.OnAccount(rule["aux"])
                review.accept(
                    *(self.ledger, self.settings, payment_id, choice),
                    decided_by="test",
                    now=self.now,
                )

    def _apply(self, rule_id: str, occasion: str | Operation) -> None:
        """Click on a rule; one that the case leaves to a person is one to review."""
        party = {made.rule_id: made.party for made in self.said}.get(rule_id, "")
        apply(
            *(self.ledger, self.settings, self.rules[rule_id], occasion),
            party=party,
            decided_by="test",
            now=self.now,
            rules=list(self.rules.values()),
        )
        asked = {rule.get("posting") for rule in self.case["input"]["rules"]}
        self.status = "review" if "one_click" in asked else "auto"

    def _at(self, date: str) -> None:
        self.now = dt.datetime.combine(dt.date.fromisoformat(date), dt.time(6), dt.UTC)

    def _operate(self) -> None:
        """What a person does without a payment: the rule of the case, on its items."""
        assert self.said, "nothing says what to do without a payment"
        entry = self.case["expected"]["entries"][0]
        given = self.case["input"]
        operation = Operation(
            items=tuple(item["id"] for item in given["open_items"] or self._assigned()),
            date=dt.date.fromisoformat(entry["date"]),
            reference=entry["piece_ref"],
        )
        self._apply(self._by_hand()[0], operation)

    def _by_hand(self) -> list[str]:
        """The rules that a person applies to items."""
        return [
            made.rule_id
            for made in self.said
            if made.whole.get("when", {}).get("direction") == "none"
        ]

    def _release(self) -> None:
        parked = self.ledger.payments(states=(PaymentState.SUSPENSE,)).to_pylist()
        if not parked:
            self._operate()
            return
        self._at(self.case["expected"]["entries"][0]["date"])
        items = {
            item["id"]: None
            for item in self.case["input"]["open_items"]
            if item["doc_type"] == "invoice"
        }
        review.accept(
            self.ledger,
            self.settings,
            parked[0]["payment_id"],
            review.Items(items),
            decided_by="test",
            now=self.now,
        )
        self.status = "auto"

    def _reallocate(self, party: str) -> None:
        posted = self.ledger.decisions(DecisionFilter(states=(DecisionState.POSTED,)))
        (decision,) = posted.decisions.to_pylist()
        self._at(self.case["expected"]["entries"][0]["date"])
        reverse(
            *(self.ledger, self.settings, decision["decision_id"]),
            decided_by="test",
            now=self.now,
        )
        review.accept(
            *(self.ledger, self.settings, decision["payment_id"]),
            review.Items(
                {
                    item["id"]: None
                    for item in self.case["input"]["open_items"]
                    if item["aux"] == party
                }
            ),
            decided_by="test",
            now=self.now,
        )
        self.status = "auto"

    def _state(self, payment_id: str) -> str:
        rows = self.ledger.payments(
            states=tuple(PaymentState), payment_ids=(payment_id,)
        )
        return str(rows["state"][0].as_py())

    # Imports.

    def _source(self, kind: str) -> SourceFile:
        self.files += 1
        name = f"{kind}-{self.files}"
        digest = hashlib.sha256(name.encode()).hexdigest()
        return SourceFile(name=name, sha256=digest, size=1, kind=kind)

    def _import_customers(self) -> None:
        given = self.case["input"]
        kind, links = kind_of(self.case, self.said), links_of(self.case)
        parties = {
            item["aux"]
            for item in given["open_items"]
            if item.get("aux") and item["doc_type"] != "supplier_invoice"
        }
        for rule in given["rules"]:
            parties |= {rule["aux"]} if "aux" in rule else set()
        parties |= {item["aux"] for item in given.get("cleared_items", ())}
        receipt = given["receipt"] or {}
        names = {party: name_of(party) for party in sorted(parties)}
        if "counterparty" in receipt and len(names) == 1:
            names = dict.fromkeys(names, receipt["counterparty"])
        table = pa.table(
            {
                "customer_id": list(names),
                "name": list(names.values()),
                "customer_type": [kind] * len(names),
                "supplier_id": [links.get(party) for party in names],
            },
            schema=pa.schema(
                [
                    ("customer_id", pa.string()),
                    ("name", pa.string()),
                    ("customer_type", pa.string()),
                    ("supplier_id", pa.string()),
                ]
            ),
        )
        if names:
            self.ledger.import_customers(self._source("customers"), table, now=self.now)

    def _import_items(self, items: list[dict[str, Any]]) -> None:
        rows = [
            {
                "entity": item.get("entity", "E1"),
                "item_id": item["id"],
                "customer_id": item["aux"],
                "reference": item["id"],
                "currency": "EUR",
                "kind": KINDS.get(item["doc_type"], "invoice"),
                "account": item["account"],
                "open_minor": item.get("original_cents", item["open_cents"]),
                "original_minor": item.get("ttc_cents", item["open_cents"]),
                "issue_date": day(item["date"]),
                "due_date": day(item.get("due")),
                "vat": vat_of(item),
                "foreign_currency": item.get("fx", {}).get("currency"),
                "foreign_minor": item.get("fx", {}).get("open_minor"),
            }
            for item in items
            if item["doc_type"] not in ("payment", "suspense")
        ]
        if not rows:
            return
        self.ledger.import_open_items(
            self._source("open_items"),
            pa.Table.from_pylist(rows, ITEMS),
            accounts={"E1": "411000", "E2": "411000"},
            now=self.now,
        )

    def _import_receipt(self, receipt: dict[str, Any], *, again: bool = False) -> str:
        reference = receipt["id"]
        date = day(receipt["date"])
        amount = receipt["amount_cents"]
        currency = receipt.get("currency", "EUR")
        key = (IBAN, receipt["date"], amount, currency, reference)
        payment_id = entry_id(key, occurrence=1)
        row = {
            "statement_index": 0,
            "entry_index": 0,
            "detail_index": 0,
            "detail_count": 1,
            "payment_id": payment_id,
            "account": IBAN,
            "booking_date": date,
            "value_date": date,
            "currency": currency,
            "amount_minor": amount,
            "entry_amount_minor": amount,
            "status": "booked",
            "reversal": False,
            "bank_reference": reference,
            "end_to_end_id": f"E2E-{receipt.get('returned_of', reference)}",
            "counterparty_name": receipt.get("counterparty", self._payer(receipt)),
            "remittance_text": [receipt.get("text", "")],
            "charges_minor": receipt.get("charges_cents"),
            "original_currency": receipt.get("currency_instructed"),
            "original_minor": receipt.get("instructed_minor"),
            "line": 1,
        }
        bank = one_statement(IBAN, [row])
        counts = self.ledger.import_bank_file(
            self._source("bank"), bank, entities={IBAN: "E1"}, now=self.now
        )
        if again:
            return "known" if (counts.new, counts.known) == (0, 1) else "new"
        return payment_id

    def _payer(self, receipt: dict[str, Any]) -> str | None:
        """The case names the account: its customer is the one who pays."""
        given = self.case["input"]
        items = [*given["open_items"], *given.get("cleared_items", ())]
        if "items" not in receipt and not receipt.get("text", "").startswith(
            "VIR SEPA"
        ):
            parties = {i["aux"] for i in items if str(i["account"]).startswith("4")}
            parties -= {*links_of(self.case).values(), None}
            if len(parties) == 1:
                return name_of(parties.pop())
        return None

    def errors(self) -> list[str]:
        """What the ledger's own verification says against it."""
        found = verify(self.ledger).findings
        return [f"{one.code} {one.key}" for one in found if one.severity == "error"]


def taken(left: dict[str, int], items: list[str], amount: int) -> dict[str, int]:
    """Take what a payment cleared of items: all that is left, else one by one."""
    mine = [item for item in items if left.get(item)]
    if sum(left[item] for item in mine) == amount:
        return {item: left.pop(item) for item in mine}
    found = {}
    for item in mine:
        found[item] = min(left[item], amount)
        left[item] -= found[item]
        amount -= found[item]
    return {item: minor for item, minor in found.items() if minor}


def name_of(party: str) -> str:
    return f"SOCIETE {party.split('-', 1)[-1]} INDUSTRIE"


#: Kinds of the cases in the words of the ledger.
KINDS = {
    "credit_note": "credit_note",
    "deposit": "deposit",
    "supplier_invoice": "payable",
}

ITEMS = pa.schema(
    [
        ("entity", pa.string()),
        ("item_id", pa.string()),
        ("customer_id", pa.string()),
        ("reference", pa.string()),
        ("currency", pa.string()),
        ("kind", pa.string()),
        ("account", pa.string()),
        ("open_minor", pa.int64()),
        ("original_minor", pa.int64()),
        ("issue_date", pa.date32()),
        ("due_date", pa.date32()),
        ("foreign_currency", pa.string()),
        ("foreign_minor", pa.int64()),
        (
            "vat",
            pa.list_(
                pa.struct(
                    [
                        pa.field("rate_bps", pa.int64(), nullable=False),
                        pa.field("base_minor", pa.int64(), nullable=False),
                        pa.field("vat_minor", pa.int64(), nullable=False),
                    ]
                )
            ),
        ),
    ]
)


def day(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


def vat_of(item: dict[str, Any]) -> list[dict[str, int]] | None:
    if "vat" not in item:
        return None
    return [
        {
            "rate_bps": int(line["rate"].removeprefix("0.").ljust(4, "0") or 0),
            "base_minor": line["base_cents"],
            "vat_minor": line["vat_cents"],
        }
        for line in item["vat"]
    ]
