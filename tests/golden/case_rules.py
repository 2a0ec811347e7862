"""The rules that a worked case names, written as a company would write them here.

Whatever a rule says is read, or it is an error: nothing that a case asks for is passed
over in silence.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from itertools import combinations
from typing import TYPE_CHECKING, Any

from rule_content import RuleContent, joined, major, percent

if TYPE_CHECKING:
    from collections.abc import Callable

Case = dict[str, Any]


class UnreadError(ValueError):
    """A case says what this adapter does not understand."""


class Said:
    """A rule of a case, read key by key."""

    def __init__(self, rule: Case, case: Case) -> None:
        self.case = case
        self.name = rule["name"]
        self._rule = {key: value for key, value in rule.items() if key != "name"}
        self._unread = set(self._rule)

    def take(self, key: str, default: Any = None) -> Any:
        self._unread.discard(key)
        return self._rule.get(key, default)

    def only(self, key: str, known: tuple[object, ...]) -> Any:
        """Take what may have few values; any other is an error."""
        value = self.take(key, known[0])
        if value not in known:
            raise UnreadError(f"{self.name}: {key} is {value!r}, known are {known}")
        return value

    def finish(self) -> None:
        if self._unread:
            raise UnreadError(f"{self.name}: nobody reads {sorted(self._unread)}")

    def new(self, base: str) -> RuleContent:
        return RuleContent(base, self.name.replace("_", "-"), paid_in(self.case))

    @property
    def has_receipt(self) -> bool:
        return self.case["input"]["receipt"] is not None


def paid_in(case: Case) -> str:
    """The currency in which the payer paid: rules are in it."""
    receipt = case["input"]["receipt"] or {}
    return str(receipt.get("currency_instructed", receipt.get("currency", "EUR")))


def standing_rules(case: Case) -> list[RuleContent]:
    """What the company does with every payment that no rule of a case explains.

    What an insurer keeps is never left to such a rule.
    """
    currency = paid_in(case)
    plain = ["assigned", "foreign", "plain", "works"]
    short = RuleContent("short-payment", "short", currency)
    over = RuleContent("overpayment", "over", currency)
    return [
        short.say("when", customer_types=plain),
        over.say("when", customer_types=plain).say("component.credit", max_rate="50%"),
        RuleContent("refund", "refund", currency),
    ]


def rules_of(case: Case) -> list[RuleContent]:
    """Return the rules of a case, each alone and each combination of their parts."""
    named = sorted(case["input"]["rules"], key=lambda rule: order_of(rule["name"]))
    made = [content for rule in named for content in contents_of(rule, case)]
    together = [rule for rule in made if rule.is_joined]
    sizes = range(2, len(together) + 1)
    groups = (group for size in sizes for group in combinations(together, size))
    rules = made + [rule for rule in map(joined, map(list, groups)) if rule]
    kind = kind_of(case, rules)
    for rule in rules:
        if rule.customer_types:
            rule.say("when", customer_types=[kind])
    return rules


def contents_of(rule: Case, case: Case) -> list[RuleContent]:
    """Return what one rule of a case comes to."""
    if rule["name"] not in MAKERS:
        raise UnreadError(f"nobody knows the rule {rule['name']}")
    said = Said(rule, case)
    made = MAKERS[rule["name"]](said)
    posting = said.only("posting", ("", "auto", "one_click", "never"))
    said.finish()
    contents = made if isinstance(made, list) else [made] if made else []
    return [one.say(posting=posting) if posting else one for one in contents]


def kind_of(case: Case, rules: list[RuleContent]) -> str:
    """The type of the customers that the rules of a case are for."""
    if any(rule["name"].startswith("insurer_") for rule in case["input"]["rules"]):
        return "insurer"
    kinds = (kind for rule in rules for kind in rule.customer_types)
    return next(kinds, "plain")


def links_of(case: Case) -> dict[str, str]:
    """Customer -> the number that it has as a supplier."""
    links: dict[str, str] = {}
    items = case["input"]["open_items"]
    for rule in case["input"]["rules"]:
        links |= rule.get("partner_link", {})
        if rule.get("vat_document") == "via_401":
            debts = (i["aux"] for i in items if i["doc_type"] == "supplier_invoice")
            links |= dict.fromkeys((i["aux"] for i in items), next(debts))
    return links


def order_of(name: str) -> int:
    """VAT share, deductible, commission, rounding: each is of what is left before."""
    first = ("insurer_vat_not_covered", "insurer_deductible")
    return first.index(name) if name in first else 9 if name == "rounding" else 5


INSURER_BASES = {
    "ttc": "ttc",
    "ht": "ht",
    "insurer_share_ttc": "borne",
    "insurer_share_ht": "borne_ht",
}


def insurer(said: Said) -> RuleContent | None:
    document = said.only("vat_document", ("received", "awaited", "via_401", "none"))
    commission = commission_of(said, is_deducted=document != "none")
    commission.say(document="none" if document == "via_401" else document)
    if payer := said.take("payer"):
        payers = [payer] if isinstance(payer, str) else payer
        commission.say("when", payers=payers)
    borne = insured(said)
    if document == "via_401":
        return said.new("insurer-commission-supplier")
    if borne is None:
        return commission
    borne.rule_id = "insured"
    return joined([borne, commission])


def commission_of(said: Said, *, is_deducted: bool) -> RuleContent:
    vat, rate = said.take("vat_rate", "0.20"), said.take("rate")
    base, per = said.take("base", "ttc"), said.take("granularity", "per_invoice")
    bounds = {"min_rate": said.take("min_pct"), "max_rate": said.take("max_pct")}
    solved = said.only("mode", ("from_gap", "from_rate")) == "from_gap"
    content = said.new(f"insurer-commission-{'gap' if solved else 'rate'}")
    terms: Case = {key: share(v) for key, v in bounds.items() if v is not None}
    if not solved:
        per = {"per_invoice": "invoice", "global": "payment"}[per]
        terms |= {"rate": percent(rate), "of": INSURER_BASES[base], "per": per}
    terms["role"] = said.take("expense_role", "commission")
    content.say("component.commission", **terms)
    if Decimal(vat) and is_deducted:
        content.say("component.commission.vat", rate=percent(vat))
    else:
        content.say("component.commission", vat=False)
    if Decimal(vat) and not is_deducted and not solved:
        raise UnreadError("a VAT that is charged and not deducted")
    if tolerance := tolerance_of(said):
        kept = {"role": "rounding_loss", "role_credit": "rounding_gain"}
        kept |= {"side": "either", "amount": "gap", "max": major(tolerance)}
        content.say("component.rounding", **kept, optional=True)
    return content


def tolerance_of(said: Said) -> int:
    return int(said.take("tolerance_cents", 0))


def share(rate: object) -> str:
    """Read a bound: 0.05 and 5 are both five per cent."""
    value = Decimal(str(rate))
    return percent(str(value)) if value < 1 else f"{value.normalize():f}%"


def insured(said: Said) -> RuleContent | None:
    """What the insured bears; None where it is nothing."""
    registered = said.only("insured_vat_registered", (False, True, "unknown"))
    deductible = said.take("deductible_cents", 0)
    moves = said.only("residual_to", ("keep_on_invoice", "transfer")) == "transfer"
    book = {"book": "keep"}
    if aux := said.take("insured_aux"):
        book = {"book": "transfer", "role": "customer", "party": aux} if moves else book
    content = said.new("")
    content.say("when", customer_types=["insurer"])
    if registered:
        content.say("component.vat", amount="vat", per="invoice", **book)
    if registered == "unknown":
        content.wait()
    if deductible:
        per = {"per": "invoice"} if moves else {}
        content.say("component.deductible", amount=major(deductible), **per, **book)
    return content if registered or deductible else None


def rebate(said: Said) -> RuleContent:
    said.only("vat", ("follow_invoice",))
    said.only("document", ("credit_note_issued",))
    rate, base = percent(said.take("rate")), said.only("base", ("ttc", "ht"))
    content = said.new("network-rebate")
    return content.say("component.rebate", rate=rate, of=base)


def offset(said: Said) -> RuleContent:
    links = said.take("partner_link")
    said.only("auto_if_due_only", (True,))
    said.take("agreement_reference")
    items = said.case["input"]["open_items"]
    if said.has_receipt:
        content = said.new("supplier-offset")
        day = said.case["input"]["receipt"]["date"]
        debts = [item for item in items if item["doc_type"] == "supplier_invoice"]
        content.waits = any(debt["due"] > day for debt in debts)
    else:
        content = by_hand(said, "set-off")
        members = sorted({item["aux"] for item in items})
        if len(members) > 1 + len(links):
            content.say("when", members=members)
    if minimum := said.take("minimum_cents"):
        content.say("component.debts", min=major(minimum))
    return content


def interest(said: Said) -> RuleContent | None:
    said.only("base", ("ttc",))
    first = said.only("imputation", ("principal_first", "interest_first"))
    content = said.new(
        "late-interest-first" if first == "interest_first" else "late-interest"
    )
    rate, basis = said.take("annual_rate"), said.take("day_basis", 365)
    content.say("component.interest", annual_rate=percent(rate), days_in_year=basis)
    if minor := said.take("indemnity_cents", 0):
        content.say("component.recovery", amount=major(minor), optional=False)
    else:
        content.say("component", recovery=False)
    return content if said.only("claimed", (True, False)) else None


def deposit(said: Said) -> RuleContent | None:
    vat, method = (
        said.take("vat_rate"),
        said.only("method", ("on_receipt", "deposit_invoice")),
    )
    is_due = said.only("goods_determined", (True, False))
    proforma, aux = said.only("match", ("", "proforma")), said.take("aux")
    if said.only("excess", ("keep", "refund")) == "refund":
        return None  # What the company does with every credit that is paid back.
    if said.only("forfeited", (False, True)):
        return by_hand(said, "deposit-forfeited")
    if method != "on_receipt":
        return None
    if said.case["input"]["open_items"]:
        content = said.new("deposit-imputed")
        return content if said.has_receipt else by_hand(said, "deposit-imputed")
    content = said.new("proforma" if proforma else "deposit")
    if is_due and Decimal(vat):
        content.say("component.deposit.vat", rate=percent(vat))
    else:
        content.say("component.deposit", vat=False)
    content.party = aux
    return content


def discount(said: Said) -> RuleContent:
    reduces = said.only("vat_mode", ("reduce_vat", "net_of_tax")) == "reduce_vat"
    base = said.only("basis", ("ttc", "ht"))
    content = said.new("discount" if reduces else "discount-net")
    content.say("component.discount", rate=percent(said.take("rate")), of=base)
    days, grace = said.take("days"), said.take("grace_days", 0)
    if said.only("late", ("refuse", "dispute", "accept")) == "accept":
        return content.say("when", within_days=LATE_DAYS)
    return content.say("when", within_days=days, grace_days=grace)


LATE_DAYS = 3650
"""However late a discount is taken."""


def charges(said: Said) -> RuleContent | None:
    rate, limit = said.take("vat_rate", "0"), said.take("max_cents")
    abroad, part = said.take("max_minor"), said.take("max_pct")
    is_foreign = said.only("foreign_only", (False, True))
    is_named = "gross_cents" in said.case["input"]["receipt"]
    content = said.new("bank-charges-named" if is_named else "bank-charges")
    bounds = {
        "max": major(limit if abroad is None else abroad, content.own["currency"])
    }
    if part is not None:
        bounds["max_rate"] = share(part)
    content.say("component.charges", **bounds)
    if is_foreign or abroad is not None:
        content.say("when", customer_types=["foreign"])
    if Decimal(rate):
        vat = {"rate": percent(rate), "role": "vat_deductible"}
        return content.say("component.charges.vat", **vat)
    return content.say("component.charges", vat=False) if is_named else content


def rounding(said: Said) -> RuleContent:
    content = said.new("rounding")
    if part := said.take("tolerance_pct"):
        content.say("component.rounding", max_rate=share(part))
    return content.say("component.rounding", max=major(tolerance_of(said)))


def retention(said: Said) -> RuleContent:
    said.take("release")  # The day on which the new item falls due.
    rate, base = percent(said.take("rate")), said.only("base", ("ttc", "ht"))
    return said.new("retention").say("component.retention", rate=rate, of=base)


def withholding(said: Said) -> RuleContent:
    treatment = said.only("treatment", ("tax_credit", "expense"))
    is_credit = treatment == "tax_credit"
    content = said.new("withholding-credited" if is_credit else "withholding-expensed")
    if said.only("certificate", ("received", "awaited")) == "awaited" and is_credit:
        content.wait()
    rate, base = percent(said.take("rate")), said.only("base", ("ht", "ttc"))
    return content.say("component.tax", rate=rate, of=base)


def by_hand(said: Said, base: str) -> RuleContent:
    """A rule that a person applies to items: no payment sets it off."""
    return said.new(base).say(posting="one_click").say("when", direction="none")


def bad_debt(said: Said) -> RuleContent:
    if said.only("recovered", (False, True)):
        return recovered(said)
    recovers = said.only("vat_recovery", (True, False))
    certificate = said.only("certificate", ("received", "awaited", ""))
    if not said.has_receipt:
        content = by_hand(said, "bad-debt" if recovers else "bad-debt-gross")
        return content.say(document=certificate or "none") if recovers else content
    aux = said.case["input"]["open_items"][0]["aux"]
    content = said.new("bad-debt-dividend").say("when", customers=[aux])
    if not recovers:
        content.say("component.loss", vat=False)
    return content.say(posting="one_click")  # More than a half: a person confirms.


def recovered(said: Said) -> RuleContent:
    """Money for invoices that were written off, at the rate of their VAT."""
    lost = said.case["input"]["cleared_items"]
    customers = sorted({item["aux"] for item in lost})
    content = said.new("bad-debt-recovered").say("when", customers=customers)
    (rate,) = {line["rate"] for item in lost for line in item["vat"]}
    if said.only("vat_recovery", (True, False)):
        return content.say("component.recovered.vat", rate=percent(rate))
    return content.say("component.recovered", vat=False)


def doubtful(said: Said) -> RuleContent:
    return by_hand(said, "doubtful")


def factoring(said: Said) -> RuleContent | None:
    direct = said.only("direct_payment", ("", "owe_factor"))
    if said.has_receipt:
        return said.new("factor-direct-payment") if direct else None
    if said.only("recourse", (False, True)):
        return by_hand(said, "factor-recourse")
    return assignment(said)


def assignment(said: Said) -> RuleContent:
    """The factor's terms; what a contract does not have is left out."""
    content = by_hand(said, "factor-assignment")
    vat = said.take("commission_vat", "0")
    for part in ("commission", "guarantee"):
        rate, base = said.take(f"{part}_rate", "0"), said.take(f"{part}_base", "ttc")
        if Decimal(rate):
            content.say(f"component.{part}", rate=percent(rate), of=base)
        else:
            content.say("component", **{part: False})
    if Decimal(vat):
        content.say("component.commission.vat", rate=percent(vat))
    elif content.own["component"].get("commission"):
        content.say("component.commission", vat=False)
    if minor := said.take("financing_cents", 0):
        return content.say("component.financing", amount=major(minor))
    return content.say("component", financing=False)


def group(said: Said) -> RuleContent:
    who = {"payers": [said.take("payer")], "members": said.take("members")}
    return said.new("group-payer").say("when", **who)


def wrong_entity(said: Said) -> RuleContent:
    said.only("link_account", ("451000",))
    given = said.case["input"]
    here = given["receipt"].get("entity", "E1")
    (there,) = {item.get("entity", "E1") for item in given["open_items"]}
    parties = {"party_here": f"IC-{there}", "party_there": f"IC-{here}"}
    return said.new("wrong-entity").say("link", entity=there, **parties)


def returned(said: Said) -> list[RuleContent]:
    """The return, and what a person does with its items afterwards."""
    said.take("closed_years")
    rules = [said.new("returned-payment")]
    if said.only("rebill_charges", (False, True)):
        rules.append(rebilled(said))
    if said.only("to_doubtful", (False, True)):
        rules.append(by_hand(said, "doubtful"))
        rules[-1].rule_id = "doubtful"
    return rules


def rebilled(said: Said) -> RuleContent:
    content = by_hand(said, "rebilled-charges")
    content.rule_id = "rebilled-charges"
    rate = Decimal(said.take("rebill_vat_rate", "0"))
    net = said.case["input"]["receipt"]["charges_cents"]
    vat = int((net * rate).quantize(Decimal(1), ROUND_HALF_UP))
    content.say("component.charges", amount=major(net + vat))
    content.say("component.income", amount=major(net))
    if rate:
        vat_of = {"rate": percent(str(rate)), "role": "vat_collected"}
        content.say("component.income.vat", **vat_of)
    return content


def collection(said: Said) -> RuleContent:
    said.only("method", ("cumulative",))
    bought = any(
        item["doc_type"] == "supplier_invoice"
        and item.get("vat_chargeability") == "collection"
        for item in said.case["input"]["open_items"]
    )
    return said.new("vat-on-collection").say(vat_on_payment=bought)


def of_the_book(*keys: str) -> Callable[[Said], None]:
    """Return a maker for what says how to clear: `golden_book` reads its keys."""

    def made(said: Said) -> None:
        for key in keys:
            said.take(key)

    return made


def foreign(said: Said) -> None:
    said.only("quote", ("foreign_per_eur",))


MAKERS: dict[str, Callable[[Said], RuleContent | list[RuleContent] | None]] = {
    "insurer_commission": insurer,
    "insurer_vat_not_covered": insured,
    "insurer_deductible": insured,
    "deductible": insured,
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
    "fx": foreign,
    "clearing": of_the_book("granularity"),
    "period_lock": of_the_book("locked_until"),
    "suspense": of_the_book(),
    "suspense_release": of_the_book(),
    "reallocate": of_the_book("from_aux", "to_aux", "reverses"),
    "overpayment": of_the_book("to", "aux"),
}
