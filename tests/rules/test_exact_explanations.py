"""A gap is explained exactly or not at all: compared with a naive oracle."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal
from itertools import product

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from alloc.rules import Item, Payment, Rule, Situation, VatLine, explain, explain_by_one
from alloc.rules.model import Base, Book, Component, Measure, Per, Side, Vat, When

DAY = dt.date(2026, 5, 4)


def cents(value: Decimal) -> int:
    """Round as the law does, written down independently."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def rate(ppm: int) -> Decimal:
    return Decimal(ppm) / Decimal(1_000_000)


items_drawn = st.lists(
    st.tuples(
        st.integers(-3_000, 20_000).filter(bool), st.sampled_from([0, 55, 100, 200])
    ),
    min_size=1,
    max_size=4,
)


def items_of(drawn: list[tuple[int, int]]) -> tuple[Item, ...]:
    items = []
    for place, (net, per_mille) in enumerate(drawn):
        vat = cents(Decimal(net) * Decimal(per_mille) / 1000)
        lines = (VatLine(rate_ppm=per_mille * 1000, vat_minor=vat),)
        items.append(
            Item(
                item_id=f"I{place}",
                customer_id="C",
                open_minor=net + vat,
                total_minor=net + vat,
                vat=lines if per_mille else (),
            )
        )
    return tuple(items)


def commission(rates: tuple[int, ...], base: Base, per: Per, vat_ppm: int) -> Component:
    return Component(
        name="commission",
        role="commission",
        measure=Measure.RATE,
        rates_ppm=rates,
        base=base,
        per=per,
        vat=Vat(rate_ppm=vat_ppm, role="vat_deductible") if vat_ppm else None,
    )


FEE = Component(
    name="fee",
    role="bank_charges",
    measure=Measure.FIXED,
    amounts_minor=(500, 503),
    optional=True,
)
ROUNDING = Component(
    name="rounding",
    role="rounding_loss",
    role_credit="rounding_gain",
    measure=Measure.GAP,
    side=Side.EITHER,
    max_minor=3,
    optional=True,
)


def rule(*components: Component, **fields: object) -> Rule:
    return Rule(
        id="r", version=1, title="R", author="A", components=components, **fields
    )


def situation(items: tuple[Item, ...], amount: int) -> Situation:
    payment = Payment(payment_id="P", entity="E", amount_minor=amount, date=DAY)
    return Situation(payment=payment, items=items)


def oracle(
    items: tuple[Item, ...], amount: int, contract: Component, vat_ppm: int
) -> set[frozenset[tuple[str, int]]]:
    """Try everything in decimals: each way as a set of (role, amount)."""
    ways = set()
    rates, base, per = contract.rates_ppm, contract.base, contract.per
    for ppm, fee, rounding in product(rates, (0, 500, 503), range(-3, 4)):
        whole = [
            item.total_minor if base is Base.TTC else item.net_minor for item in items
        ]
        bases = whole if per is Per.INVOICE else [sum(whole)]
        nets = [cents(Decimal(one) * rate(ppm)) for one in bases]
        vats = [cents(Decimal(net) * rate(vat_ppm)) for net in nets]
        if sum(nets) + sum(vats) == 0:
            continue
        paid = sum(item.open_minor for item in items) - sum(nets) - sum(vats) - fee
        if paid - rounding == amount:
            lines = {
                ("commission", sum(nets)),
                ("vat_deductible", sum(vats)),
                ("bank_charges", fee),
                ("rounding_loss" if rounding > 0 else "rounding_gain", rounding),
            }
            ways.add(frozenset(line for line in lines if line[1]))
    return ways


@settings(max_examples=150, deadline=None)
@given(
    items_drawn,
    st.builds(
        commission,
        st.lists(
            st.sampled_from([25_000, 25_100, 40_000, 333_333]), min_size=1, unique=True
        ).map(tuple),
        st.sampled_from([Base.TTC, Base.HT]),
        st.sampled_from([Per.INVOICE, Per.PAYMENT]),
        st.sampled_from([0, 55_000, 200_000]),
    ),
    st.integers(-4, 4),
    st.data(),
)
def test_all_combinations_are_found_and_no_other(drawn, contract, beside, data):
    items = items_of(drawn)
    rates, base = contract.rates_ppm, contract.base
    vat_ppm = contract.vat.rate_ppm if contract.vat else 0
    # A payment that some combination explains, or nearly.
    ppm = data.draw(st.sampled_from(rates))
    whole = sum(i.total_minor if base is Base.TTC else i.net_minor for i in items)
    net = cents(Decimal(whole) * rate(ppm))
    taken = (
        net
        + cents(Decimal(net) * rate(vat_ppm))
        + data.draw(st.sampled_from([0, 500, 503]))
    )
    amount = sum(item.open_minor for item in items) - taken + beside
    if amount <= 0:
        return
    wanted = oracle(items, amount, contract, vat_ppm)
    tried = rule(contract, FEE, ROUNDING)
    outcome = explain(tried, situation(items, amount))
    got = [
        frozenset((line.role, line.amount_minor) for line in way.lines)
        for way in outcome.explanations
    ]
    assert len(got) == len(set(got))
    assert set(got) == wanted
    said = {0: "none", 1: "explained"}.get(len(wanted), "ambiguous")
    assert outcome.status == said
    for way in outcome.explanations:
        lost = sum(item.open_minor for item in items)
        assert amount + sum(line.amount_minor for line in way.lines) == lost


@given(items_drawn, st.integers(1, 30_000))
def test_what_is_solved_from_the_gap_adds_up_and_its_vat_is_the_rest(drawn, taken):
    items = items_of(drawn)
    amount = sum(item.open_minor for item in items) - taken
    if amount <= 0:
        return
    solved = Component(
        name="commission",
        role="commission",
        measure=Measure.GAP,
        max_minor=30_000,
        vat=Vat(rate_ppm=200_000, role="vat_deductible"),
    )
    (way,) = explain(rule(solved), situation(items, amount)).explanations
    net = cents(Decimal(taken) / Decimal("1.2"))
    assert [line.amount_minor for line in way.lines] == [
        minor for minor in (net, taken - net) if minor
    ]


@given(items_drawn, st.integers(1, 20_000))
def test_vat_by_rate_takes_its_share_and_the_charge_takes_the_cents(drawn, taken):
    items = items_of([(abs(net), per_mille) for net, per_mille in drawn])
    amount = sum(item.open_minor for item in items) - taken
    if amount <= 0:
        return
    solved = Component(
        name="discount",
        role="discount_granted",
        measure=Measure.GAP,
        max_minor=20_000,
        vat=Vat(rate_ppm=None, role="vat_collected"),
    )
    (way,) = explain(rule(solved), situation(items, amount)).explanations
    total = sum(item.total_minor for item in items)
    by_rate: dict[int, int] = {}
    for item in items:
        for line in item.vat or ():
            by_rate[line.rate_ppm] = by_rate.get(line.rate_ppm, 0) + line.vat_minor
    shares = {ppm: cents(Decimal(taken * vat) / total) for ppm, vat in by_rate.items()}
    got = {line.vat_ppm: line.amount_minor for line in way.lines}
    charge = got.pop(None, 0)
    assert got == {ppm: share for ppm, share in shares.items() if share}
    assert charge == taken - sum(shares.values())


@given(st.lists(st.integers(1, 500), min_size=1, max_size=8), st.integers(0, 300))
def test_vat_on_collection_adds_up_over_the_instalments(parts, more):
    """Each part makes its share due, the last one takes the remainder."""
    total = sum(parts) + more
    vat = cents(Decimal(total) / 6)
    keep = Component(
        name="rest",
        role="",
        measure=Measure.GAP,
        max_ppm=999_999,
        base=Base.OPEN,
        book=Book.KEEP,
        optional=True,
    )
    collecting = rule(keep, vat_on_collection=True)
    opened, due = total, 0
    for part in [*parts, *([more] if more else [])]:
        item = Item(
            item_id="I",
            customer_id="C",
            open_minor=opened,
            total_minor=total,
            vat=(VatLine(rate_ppm=200_000, vat_minor=vat, due_minor=due),),
        )
        (way,) = explain(collecting, situation((item,), part)).explanations
        made_due = -sum(x.amount_minor for x in way.lines if x.role == "vat_collected")
        opened -= part
        due += made_due
        assert due == cents(Decimal(vat * (total - opened)) / total)
    assert opened == 0
    assert due == vat


def test_half_a_cent_goes_away_from_zero():
    one = commission((25_000,), Base.HT, Per.INVOICE, 200_000)
    items = items_of([(10_020, 200)] * 3)
    (way,) = explain(rule(one), situation(items, 35_169)).explanations
    assert [line.amount_minor for line in way.lines] == [753, 150]


def test_two_rules_that_fit_are_both_named():
    one = rule(commission((50_000,), Base.TTC, Per.INVOICE, 0))
    rebate = Component(
        name="rebate", role="service_rebate", measure=Measure.RATE, rates_ppm=(50_000,)
    )
    other = Rule(id="s", version=3, title="S", author="A", components=(rebate,))
    items = items_of([(100_000, 200)])
    case = situation(items, 114_000)
    outcome = explain_by_one([explain(one, case), explain(other, case)])
    assert (outcome.status, outcome.reason) == ("ambiguous", "RULES_AMBIGUOUS")
    assert outcome.rule == "r@1, s@3"
    assert explain_by_one([explain(one, case)]).rule == "r@1"
    none = explain_by_one([explain(one, situation(items, 114_001))])
    assert (none.status, none.reason) == ("none", "NO_RULE")


def test_a_rule_for_others_says_why_not():
    part = commission((50_000,), Base.TTC, Per.INVOICE, 0)
    case = situation(items_of([(100_000, 200)]), 114_000)
    said = {
        "PAYER_DIFFERS": When(payers=("MAIF",)),
        "ENTITY_DIFFERS": When(entities=("E2",)),
        "CUSTOMER_DIFFERS": When(customers=("X",)),
        "CUSTOMER_TYPE_DIFFERS": When(customer_types=("insurer",)),
        "TEXT_MISSING": When(text=("commission",)),
        "DIRECTION_DIFFERS": When(direction="out"),
        "ISSUE_DATE_UNKNOWN": When(within_days=10),
    }
    for reason, when in said.items():
        assert explain(rule(part, when=when), case).reason == reason
    later = rule(part, valid_from=dt.date(2026, 6, 1))
    assert explain(later, case).reason == "RULE_NOT_YET_VALID"
    assert explain(rule(part, currency="USD"), case).reason == "CURRENCY_DIFFERS"


def test_names_are_found_as_words_whatever_their_case_and_accents():
    part = commission((50_000,), Base.TTC, Per.INVOICE, 0)
    items = items_of([(100_000, 200)])
    for name, fits in [
        ("Société MAÏF-Assurances", True),
        ("maif", True),
        ("MAIFFER SARL", False),
        ("", False),
    ]:
        payment = Payment(
            payment_id="P", entity="E", amount_minor=114_000, date=DAY, payer_name=name
        )
        case = Situation(payment=payment, items=items)
        outcome = explain(rule(part, when=When(payers=("Maif",))), case)
        assert (outcome.status == "explained") is fits


def test_more_cannot_stay_open_than_is_open():
    keep = Component(
        name="keep",
        role="",
        measure=Measure.FIXED,
        amounts_minor=(15_000,),
        book=Book.KEEP,
    )
    items = items_of([(10_000, 0)])
    fee = Component(
        name="fee",
        role="commission",
        measure=Measure.GAP,
        side=Side.CREDIT,
        max_minor=9_000,
    )
    outcome = explain(rule(keep, fee), situation(items, 1_000))
    assert (outcome.status, outcome.reason) == ("none", "OPEN_EXCEEDED")


def test_bounds_hold_to_the_minor_unit():
    solved = Component(
        name="commission",
        role="commission",
        measure=Measure.GAP,
        min_ppm=10_000,
        max_ppm=50_000,
        max_minor=590,
    )
    items = items_of([(10_000, 200)])
    by_share = msgspec.structs.replace(solved, max_minor=None)
    for component, gap, fits in [
        (by_share, 600, True),
        (by_share, 601, False),
        (by_share, 120, True),
        (by_share, 119, False),
        (solved, 590, True),
        (solved, 591, False),
    ]:
        outcome = explain(rule(component), situation(items, 12_000 - gap))
        assert (outcome.status == "explained") is fits, gap
        assert fits or outcome.reason == "OUT_OF_BOUNDS"


def test_the_last_day_of_grace_counts():
    part = commission((50_000,), Base.TTC, Per.INVOICE, 0)
    (item,) = items_of([(100_000, 200)])
    when = When(within_days=10, grace_days=5)
    for days, fits in [(15, True), (16, False)]:
        issued = msgspec.structs.replace(item, issue_date=DAY - dt.timedelta(days))
        outcome = explain(rule(part, when=when), situation((issued,), 114_000))
        assert (outcome.status == "explained") is fits
        assert fits or outcome.reason == "LATE_DISCOUNT"
