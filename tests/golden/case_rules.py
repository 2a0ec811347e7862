"""The rules that a worked case names, written as a company would write them here."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from alloc.engine import currency_exponent

EXAMPLE = """
[[example]]
name = "shown by the worked case itself"
payment = { amount = "1.00", date = 2026-01-01 }
items = [{ id = "A", ttc = "1.00" }]
"""

#: Rules of the cases that say how to clear, not what explains a gap.
NO_RULES = frozenset(
    {"clearing", "period_lock", "suspense", "suspense_release", "reallocate"}
)


def percent(rate: str) -> str:
    return f"{(Decimal(rate) * 100).normalize():f}%"


def standing_rules(case: dict[str, Any]) -> list[str]:
    """What the company does with every payment that no rule of a case explains."""
    currency = paid_in(case)
    return [
        str(RuleText("short-payment", rule_id="short", currency=currency)),
        str(
            RuleText("overpayment", rule_id="over", currency=currency)
            .table("when", customer_types=["plain", "foreign"])
            .table("component.credit", max_rate="50%")
        ),
    ]


def paid_in(case: dict[str, Any]) -> str:
    """The currency in which the payer paid: rules are in it."""
    return (case["input"]["receipt"] or {}).get("currency_instructed", "EUR")


def major(minor: int, currency: str = "EUR") -> str:
    digits = currency_exponent(currency)
    whole, part = divmod(minor, 10**digits)
    return f"{whole}.{part:0{digits}}" if digits else str(whole)


def quoted(**values: object) -> str:
    said = {
        key: str(v).lower() if isinstance(v, bool) else repr(v)
        for key, v in values.items()
    }
    return "".join(f"{key} = {v}\n".replace("'", '"') for key, v in said.items())


class RuleText:
    """A rule in the making: what it builds on, and what it says itself."""

    def __init__(
        self,
        base: str,
        *,
        document: str = "",
        rule_id: str = "case",
        currency: str = "EUR",
    ) -> None:
        self.base, self.document, self.rule_id = base, document, rule_id
        self.currency = currency
        self.tables: dict[str, str] = {}
        self.posting = "auto"

    def table(self, name: str, **values: object) -> RuleText:
        self.tables[name] = self.tables.get(name, "") + quoted(**values)
        return self

    def __str__(self) -> str:
        head = f'based_on = "{self.base}"\nid = "{self.rule_id}"\nversion = 1\n'
        head += 'title = "Case"\nauthor = "Test"\nposting = "' + self.posting + '"\n'
        head += f'currency = "{self.currency}"\n'
        if self.document:
            head += f'document = "{self.document}"\n'
        tables = "".join(f"[{name}]\n{text}" for name, text in self.tables.items())
        amount = major(10 ** currency_exponent(self.currency), self.currency)
        return head + tables + EXAMPLE.replace("1.00", amount)


def rule_of(case: dict[str, Any]) -> tuple[str, str] | None:
    """Return the rule of a case as text, and the party it names; None: no rule."""
    named = [rule for rule in case["input"]["rules"] if rule["name"] not in NO_RULES]
    for rule in named:
        maker = MAKERS.get(rule["name"])
        if maker is not None:
            made = maker(rule, case, [one["name"] for one in named])
            if made is not None:
                text, party = made if isinstance(made, tuple) else (made, "")
                return str(text), party
    return None


def insurer(rule: dict[str, Any], _: object, names: list[str]) -> RuleText:
    vat = rule["vat_rate"]
    document = rule["vat_document"]
    if rule["mode"] == "from_gap":
        return RuleText("insurer-commission-gap", document=document)
    if vat == "0":
        text = RuleText("insurer-commission-exempt", document=document)
    elif rule["granularity"] == "global" or "rounding" in names:
        text = RuleText("insurer-commission-global", document=document)
    else:
        text = RuleText("insurer-commission-rate", document=document)
    return text.table(
        "component.commission", rate=percent(rule["rate"]), of=rule["base"]
    )


def vat_not_covered(rule: dict[str, Any], *_: object) -> tuple[RuleText, str]:
    if rule["residual_to"] == "transfer":
        text = RuleText("insured-vat-moved")
        text.table("component.vat", party=rule["insured_aux"])
        text.table("labels", transfer="Transfert TVA à charge assuré")
        return text, ""
    return RuleText("insured-vat-kept"), ""


def rebate(rule: dict[str, Any], *_: object) -> RuleText:
    return RuleText("network-rebate").table(
        "component.rebate", rate=percent(rule["rate"]), of=rule["base"]
    )


def offset(rule: dict[str, Any], case: dict[str, Any], _: object) -> RuleText:
    labels = [e["label"] for e in case["expected"]["entries"] if "label" in e]
    text = RuleText("supplier-offset")
    if case["input"]["receipt"] is None:
        text = by_hand("set-off")
        members = sorted({item["aux"] for item in case["input"]["open_items"]})
        if len(members) > 1 + len(rule.get("partner_link", ())):
            text.table("when", members=members)
    return text.table("labels", transfer=labels[0]) if labels else text


def interest(rule: dict[str, Any], *_: object) -> RuleText:
    first = rule.get("imputation") == "interest_first"
    text = RuleText("late-interest-first" if first else "late-interest")
    text.table("component.interest", annual_rate=percent(rule["annual_rate"]))
    if rule["indemnity_cents"]:
        amount = major(rule["indemnity_cents"])
        text.table("component.recovery", amount=amount, optional=False)
    return text


def deposit(
    rule: dict[str, Any], case: dict[str, Any], _: object
) -> tuple[RuleText, str] | None:
    if rule["method"] != "on_receipt":
        return None
    if case["input"]["open_items"]:
        text = RuleText("deposit-imputed")
        return text.table("labels", transfer="Imputation acompte"), ""
    proforma = rule.get("match") == "proforma"
    return RuleText("proforma" if proforma else "deposit"), rule["aux"]


def discount(rule: dict[str, Any], *_: object) -> RuleText:
    base = "discount" if rule["vat_mode"] == "reduce_vat" else "discount-net"
    text = RuleText(base).table("component.discount", rate=percent(rule["rate"]))
    days = {"within_days": rule["days"], "grace_days": rule["grace_days"]}
    return text.table("when", **days)


def charges(
    rule: dict[str, Any], case: dict[str, Any], names: list[str]
) -> RuleText | None:
    if "gross_cents" in case["input"]["receipt"]:
        return RuleText("bank-charges-named")
    currency = paid_in(case)
    text = RuleText("bank-charges", currency=currency)
    if "fx" in names:
        text.table("when", customer_types=["foreign"])
        return text.table("component.charges", max=major(rule["max_minor"], currency))
    return text.table("component.charges", max=major(rule["max_cents"]))


def rounding(rule: dict[str, Any], _: object, names: list[str]) -> RuleText | None:
    if len(names) > 1:
        return None
    return RuleText("rounding").table(
        "component.rounding", max=major(rule["tolerance_cents"])
    )


def retention(rule: dict[str, Any], *_: object) -> RuleText:
    return RuleText("retention").table(
        "component.retention", rate=percent(rule["rate"]), of=rule["base"]
    )


def withholding(rule: dict[str, Any], *_: object) -> RuleText:
    is_credit = rule["treatment"] == "tax_credit"
    text = RuleText("withholding-credited" if is_credit else "withholding-expensed")
    return text.table("component.tax", rate=percent(rule["rate"]), of=rule["base"])


def by_hand(base: str) -> RuleText:
    """A rule that a person applies to items: no payment sets it off."""
    text = RuleText(base)
    text.posting = "one_click"
    return text


def bad_debt(rule: dict[str, Any], case: dict[str, Any], _: object) -> RuleText:
    if case["input"]["receipt"] is None:
        recovers = rule.get("vat_recovery", True)
        text = by_hand("bad-debt" if recovers else "bad-debt-gross")
        text.document = rule.get("certificate", "") if recovers else ""
        return text
    text = RuleText("bad-debt-dividend")
    aux = case["input"]["open_items"][0]["aux"]
    text.posting = "one_click"  # More than a half is lost: a person confirms.
    return text.table("when", customers=[aux])


def doubtful(*_: object) -> RuleText:
    return by_hand("doubtful")


def assignment(rule: dict[str, Any]) -> RuleText:
    """The factor's terms; what a contract does not have is left out."""
    text = by_hand("factor-assignment")
    said = {"commission": "commission_rate", "guarantee": "guarantee_rate"}
    for component, key in said.items():
        if Decimal(rule.get(key, 0)):
            base = rule.get(f"{component}_base", "ttc")
            text.table(f"component.{component}", rate=percent(rule[key]), of=base)
        else:
            text.table("component", **{component: False})
    if rule.get("financing_cents"):
        text.table("component.financing", amount=major(rule["financing_cents"]))
    else:
        text.table("component", financing=False)
    if rule.get("commission_rate"):
        text.table("component.commission.vat", rate=percent(rule["commission_vat"]))
    return text


def factoring(rule: dict[str, Any], case: dict[str, Any], _: object) -> RuleText | None:
    if case["input"]["receipt"] is None:
        return assignment(rule)
    if rule.get("direct_payment") != "owe_factor":
        return None
    return RuleText("factor-direct-payment")


def group(rule: dict[str, Any], *_: object) -> RuleText:
    return RuleText("group-payer").table(
        "when", payers=[rule["payer"]], members=rule["members"]
    )


def wrong_entity(*_: object) -> RuleText:
    parties = {"party_here": "IC-E2", "party_there": "IC-E1"}
    return RuleText("wrong-entity").table("link", entity="E2", **parties)


def returned(*_: object) -> RuleText:
    return RuleText("returned-payment")


def collection(*_: object) -> RuleText:
    return RuleText("vat-on-collection")


MAKERS: dict[str, Any] = {
    "insurer_commission": insurer,
    "insurer_vat_not_covered": vat_not_covered,
    "network_rebate": rebate,
    "supplier_offset": offset,
    "late_interest": interest,
    "deposit": deposit,
    "cash_discount": discount,
    "bank_charges": charges,
    "rounding": rounding,
    "retention": retention,
    "withholding_tax": withholding,
    "bad_debt": bad_debt,
    "doubtful": doubtful,
    "doubtful_reclass": doubtful,
    "factoring": factoring,
    "group_payer": group,
    "vat_on_collection": collection,
    "payment_return": returned,
    "intercompany": wrong_entity,
}

CUSTOMER_TYPES = {
    "insurer": "insurer",
    "retention": "works",
    "withholding": "foreign",
    "fx": "foreign",
    "factoring": "assigned",
    "partial": "plain",
    "vat_on_collection": "plain",
}
"""The customer type that the rule of a family is for."""
