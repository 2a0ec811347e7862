//! What a payer keeps back, or pays too much: admissible differences, each with its bounds.
//!
//! A deduction explains a gap only within its bounds, and only one at a time. Where two explain the
//! same gap, or one explains it for two sets of items, their probabilities say how sure it is.

use alloc_domain::{Adjustment, Evidence, EvidenceSet, Proof};

use crate::explain::{Case, Explanation, Pick};
use crate::limits::{ALTERNATIVES_MAX, NEAR_COMPARISONS_MAX};
use crate::policy::{CERTAIN_PPM, DeductionKind, ONE_PPT};
use crate::reference::scan::{Hit, Strength};
use crate::reference::surprise::this_slip_millinats;

mod rivals;

pub use rivals::unnamed_rival_ppt;

/// Rates of discount that are looked for, ppm.
const DISCOUNT_RATES_PPM: [i64; 8] = [
    5_000, 10_000, 15_000, 20_000, 25_000, 30_000, 40_000, 50_000,
];
/// Rates of commission that are looked for, ppm; value added tax comes on top.
const COMMISSION_RATES_PPM: [i64; 10] = [
    10_000, 15_000, 20_000, 25_000, 30_000, 40_000, 50_000, 60_000, 80_000, 100_000,
];
/// Fees of banks, minor units: 1 to 25 whole units. Any other fee needs a person.
const FEE_STEP_MINOR: i64 = 100;
const FEE_MAX_MINOR: i64 = 2_500;
/// A fee is booked up to this part of the sum, one in so many; a larger one is only a rival.
const FEE_PART: i64 = 10;
/// Largest difference that is rounding, minor units, either way.
const ROUNDING_MAX_MINOR: i64 = 50;
/// A payment is taken for short when at least this part of the item is missing, one in so many; below
/// it is only a rival to what is kept back.
const SHORT_PART: i64 = 10;
/// A payment is too much, rather than meant for something else, up to this part of what is due.
const OVER_PART: i64 = 10;
/// Payers who round up pay whole hundreds.
const ROUND_MINOR: i64 = 10_000;
/// Payments with a deduction, before anything is known, ppm; each of the six kinds alike.
const DEDUCTED_PPM: u64 = 100_000;
/// Weights are parts of this: a part payment is one of as many as an item has minor units, and what
/// a slip makes of it must still count.
const ONE: u64 = 1_000_000_000_000_000_000;
/// The weight of one kind.
const KIND: u64 = DEDUCTED_PPM * (ONE / 1_000_000) / 6;

/// A payer who may keep something back does so as often as not.
const AGREED: u64 = ONE / 2;

/// Weights of sets of items, ppm: what is named and nothing else, and the rest.
const NAMED_PPM: u64 = 500_000;
/// A payer who leaves out of its text what it pays leaves out one item, or all: a third each.
const ONE_MORE_PPM: u64 = 166_667;
const ALL_MORE_PPM: u64 = 166_667;
/// A payer who names nothing pays one item, or everything: the only one is both.
const SOLE_PPM: u64 = 666_667;
/// Payments without names that are meant for nothing that is open, ppm: then any gap is as likely
/// as any other.
const UNRELATED_PPM: u64 = 100;

/// One way to explain a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Way {
    kind: DeductionKind,
    /// Rate, ppm; 0 where there is none.
    rate_ppm: i64,
    /// Value added tax on it, ppm; 0 where there is none.
    vat_ppm: i64,
    /// The item that is paid short.
    short: Option<u32>,
    /// Whether the items' own terms allow it.
    agreed: bool,
    /// Parts of [`ONE`].
    weight: u64,
}

/// How a set differs from what is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Nothing,
    Without(u32),
    With(u32),
    All,
    /// The first is the second, misread.
    Instead(u32, u32),
}

impl Change {
    /// Which change it is, and the names of its items: comparable whatever the order of the rows.
    fn told<'a>(self, id: impl Fn(u32) -> &'a str) -> (u8, Option<&'a str>, Option<&'a str>) {
        match self {
            Self::Nothing => (0, None, None),
            Self::Without(item) => (1, Some(id(item)), None),
            Self::With(item) => (2, Some(id(item)), None),
            Self::All => (3, None, None),
            Self::Instead(item, meant) => (4, Some(id(item)), Some(id(meant))),
        }
    }

    /// The items of the set, ascending.
    ///
    /// * `pool` — everything that is open
    fn of(self, named: &[u32], pool: &[u32]) -> Vec<u32> {
        let mut items = named.to_vec();
        match self {
            Self::Nothing => {}
            Self::All => items = pool.to_vec(),
            Self::Without(item) => items.retain(|&other| other != item),
            Self::With(item) => items.push(item),
            Self::Instead(item, meant) => {
                items.retain(|&other| other != item);
                items.push(meant);
            }
        }
        items.sort_unstable();
        items
    }
}

/// A set of items with its weight, and what a discount per item would come to.
#[derive(Clone, Copy)]
struct Set {
    change: Change,
    sum: i64,
    /// What the items' terms let the payer keep back.
    agreed_minor: i64,
    cuts: [i64; DISCOUNT_RATES_PPM.len()],
    weight_ppm: u64,
}

/// The deductions that explain a payment.
pub struct Deducted {
    /// The likeliest, its error the share of all other ways; none where that is nothing to book.
    pub explanation: Option<Explanation>,
    /// The weight of all ways together, parts per trillion.
    pub weight_ppt: u64,
}

/// `amount × rate`, rounded half away from zero.
#[must_use]
pub fn part(amount_minor: i64, rate_ppm: i64) -> i64 {
    let parts = i128::from(amount_minor.unsigned_abs()) * i128::from(rate_ppm);
    let rounded = (parts + i128::from(CERTAIN_PPM) / 2) / i128::from(CERTAIN_PPM);
    let rounded = i64::try_from(rounded).unwrap_or(i64::MAX);
    if amount_minor < 0 { -rounded } else { rounded }
}

/// A commission, and the value added tax on it.
fn commission(amount_minor: i64, rate_ppm: i64, vat_ppm: i64) -> (i64, i64) {
    let net = part(amount_minor, rate_ppm);
    (net, part(net, vat_ppm))
}

/// Looks for the one deduction that explains what `named` items leave open.
///
/// * `named` — the items that text or advice name, ascending
/// * `doubt` — for each of them, how sure its name is, millinats
///
/// `None` when no deduction explains the gap within its bounds.
#[must_use]
pub fn by_deduction(case: &Case<'_, '_>, named: &[u32], doubt: &[i64]) -> Option<Deducted> {
    let (named, sets) = if named.is_empty() {
        // Of several items any set may be meant, and almost any gap be explained.
        let sole = <&[u32; 1]>::try_from(case.pool).ok()?;
        (sole.as_slice(), vec![Set::of(case, sole, SOLE_PPM)?])
    } else {
        (named, named_sets(case, named, doubt)?)
    };
    let mut ways: Vec<(Way, Change)> = Vec::new();
    for set in &sets {
        for mut way in explained(case, named, set) {
            way.weight = share(way.weight, set.weight_ppm);
            ways.push((way, set.change));
        }
    }
    let doubted: u64 = doubt.iter().map(|&millinats| odds_ppm(millinats)).sum();
    let unrelated = if doubt.is_empty() {
        UNRELATED_PPM
    } else {
        doubted
    };
    let misread = misread_weight(unrelated, case.amount_minor);
    if ways.is_empty() {
        return None;
    }
    let total: u128 = ways.iter().map(|(way, _)| u128::from(way.weight)).sum();
    Some(Deducted {
        explanation: judge(case, named, ways, total + misread),
        weight_ppt: u64::try_from(total / u128::from(ONE / ONE_PPT)).unwrap_or(u64::MAX),
    })
}

/// The weight of names that are none, any amount being as likely, parts of [`ONE`]; of many doubtful
/// names more than one.
fn misread_weight(doubted_ppm: u64, amount_minor: i64) -> u128 {
    u128::from(doubted_ppm) * u128::from(ONE / 1_000_000)
        / u128::from(amount_minor.unsigned_abs().max(1))
}

/// What a text names; the same with one misreading less, with one item more, or with all of them.
fn named_sets(case: &Case<'_, '_>, named: &[u32], doubt: &[i64]) -> Option<Vec<Set>> {
    let base = Set::of(case, named, NAMED_PPM)?;
    let mut sets = Vec::new();
    if named.len() > 1 {
        for (&item, &millinats) in named.iter().zip(doubt) {
            sets.push(base.without(case, item, millinats));
        }
    }
    let others = case
        .pool
        .iter()
        .filter(|item| named.binary_search(item).is_err());
    let others: Vec<u32> = others.copied().collect();
    for &item in &others {
        sets.push(base.with(case, item, others.len() as u64));
    }
    if others.len() > 1 {
        let all = Set::of(case, case.pool, ALL_MORE_PPM);
        sets.extend(all.map(|all| Set {
            change: Change::All,
            ..all
        }));
    }
    for (item, meant) in slips(case, named, &others) {
        sets.push(base.instead(case, item, meant));
    }
    sets.insert(0, base);
    Some(sets)
}

/// How sure a name in full is that is no slip of another open item's, millinats.
const ALONE_MILLINATS: i64 = 16_000;

/// Raises the surprise of names that stand there in full: what a slip may make of others is told
/// apart, and else the item meant would have to be none that is open.
#[must_use]
pub fn doubt(case: &Case<'_, '_>, hit: &Hit) -> i64 {
    let reference = |item: u32| case.ledger.item(item).reference.unwrap_or_default();
    let printed = reference(hit.item).as_bytes();
    let near = |&item: &u32| item != hit.item && one_slip(printed, reference(item).as_bytes());
    // Lines of an advice that found nothing may be its neighbours.
    let apart = || case.advice.is_empty() || !case.pool.iter().any(near);
    if hit.strength == Strength::Strong && compares(case) && apart() {
        hit.surprise_millinats.max(ALONE_MILLINATS)
    } else {
        hit.surprise_millinats
    }
}

/// Whether the names are few enough to look for slips.
fn compares(case: &Case<'_, '_>) -> bool {
    case.pool.len() * case.hits.len() <= NEAR_COMPARISONS_MAX
}

/// Items that stand there in full, each with every other one whose number a slip turns into its own.
fn slips(case: &Case<'_, '_>, named: &[u32], others: &[u32]) -> Vec<(u32, u32)> {
    let reference = |item: u32| case.ledger.item(item).reference.unwrap_or_default();
    let strong = case
        .hits
        .iter()
        .filter(|hit| hit.strength == Strength::Strong && named.binary_search(&hit.item).is_ok());
    let mut slips = Vec::new();
    for hit in strong.filter(|_| compares(case)) {
        let printed = reference(hit.item).as_bytes();
        let near = others.iter().copied();
        let near = near.filter(|&other| one_slip(printed, reference(other).as_bytes()));
        slips.extend(near.map(|other| (hit.item, other)));
    }
    slips
}

/// Whether one slip turns a number into another one: a character replaced, lost or added, or two
/// neighbours swapped. Equal numbers count too.
fn one_slip(left: &[u8], right: &[u8]) -> bool {
    if left.len().abs_diff(right.len()) > 1 {
        return false;
    }
    let same = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let (left, right) = (&left[same..], &right[same..]);
    match (left, right) {
        ([], _) | (_, []) => true,
        ([_, a @ ..], [_, b @ ..]) if left.len() == right.len() => {
            let swapped = left.len() > 1 && left[0] == right[1] && left[1] == right[0];
            a == b || (swapped && left[2..] == right[2..])
        }
        ([_, a @ ..], _) if left.len() > right.len() => a == right,
        (_, [_, b @ ..]) => left == b,
    }
}

/// The probability that a name is none, ppm: every 693 millinats halve it.
fn odds_ppm(millinats: i64) -> u64 {
    1_000_000 >> u32::try_from(millinats.max(0) / 693).unwrap_or(63).min(63)
}

impl Set {
    fn of(case: &Case<'_, '_>, items: &[u32], weight_ppm: u64) -> Option<Self> {
        let sum: i128 = items.iter().map(|&item| i128::from(case.open(item))).sum();
        let sum = i64::try_from(sum).ok().filter(|&sum| sum > 0)?;
        let cut = |rate| {
            let parts = items.iter().map(|&item| part(case.open(item), rate));
            parts.fold(0, i64::saturating_add)
        };
        Some(Self {
            change: Change::Nothing,
            sum,
            agreed_minor: items
                .iter()
                .map(|&item| agreed(case, item))
                .fold(0, i64::saturating_add),
            cuts: DISCOUNT_RATES_PPM.map(cut),
            weight_ppm,
        })
    }

    fn changed(&self, case: &Case<'_, '_>, change: Change, item: u32, sign: i64) -> Self {
        let open = case.open(item);
        let mut cuts = self.cuts;
        for (cut, rate) in cuts.iter_mut().zip(DISCOUNT_RATES_PPM) {
            *cut = cut.saturating_add(sign * part(open, rate));
        }
        Self {
            change,
            // A sum beyond 64 bits explains nothing.
            sum: open
                .checked_mul(sign)
                .and_then(|open| self.sum.checked_add(open))
                .unwrap_or(0),
            agreed_minor: self.agreed_minor.saturating_add(sign * agreed(case, item)),
            cuts,
            weight_ppm: self.weight_ppm,
        }
    }

    /// One of the named items is a misreading.
    fn without(&self, case: &Case<'_, '_>, item: u32, millinats: i64) -> Self {
        let mut set = self.changed(case, Change::Without(item), item, -1);
        set.weight_ppm = share(NAMED_PPM, odds_ppm(millinats));
        set
    }

    /// One of the named items stands for another one by a slip; the same number may be either.
    fn instead(&self, case: &Case<'_, '_>, item: u32, meant: u32) -> Self {
        let reference = |item: u32| case.ledger.item(item).reference;
        let width = reference(item).map_or(0, str::len);
        let millinats = if reference(item) == reference(meant) {
            0
        } else {
            this_slip_millinats(width)
        };
        let change = Change::Instead(item, meant);
        let without = self.changed(case, change, item, -1);
        Self {
            weight_ppm: share(NAMED_PPM, odds_ppm(millinats)),
            ..without.changed(case, change, meant, 1)
        }
    }

    /// One item more than is named.
    fn with(&self, case: &Case<'_, '_>, item: u32, others: u64) -> Self {
        let mut set = self.changed(case, Change::With(item), item, 1);
        set.weight_ppm = match others {
            1 => ONE_MORE_PPM + ALL_MORE_PPM,
            _ => ONE_MORE_PPM / others,
        };
        set
    }
}

fn share(weight: u64, ppm: u64) -> u64 {
    let parts = u128::from(weight) * u128::from(ppm) / 1_000_000;
    u64::try_from(parts).unwrap_or(u64::MAX)
}

/// What an item's terms let the payer keep back on the day of the payment, minor units.
fn agreed(case: &Case<'_, '_>, item: u32) -> i64 {
    let discount = case.ledger.item(item).discount;
    let discount = discount.filter(|discount| case.value_date <= discount.until);
    discount.map_or(0, |discount| part(case.open(item), discount.rate_ppm))
}

/// The rate of a discount that is the same for all items; 0 where it is not.
fn agreed_rate(case: &Case<'_, '_>, items: &[u32]) -> i64 {
    let rate = |&item: &u32| {
        case.ledger
            .item(item)
            .discount
            .map(|discount| discount.rate_ppm)
    };
    let mut rates = items.iter().map(rate);
    let first = rates.next().flatten();
    first
        .filter(|_| rates.all(|rate| rate == first))
        .unwrap_or(0)
}

/// Every way to explain the gap between a set and the cash.
///
/// * `named` — the items of the set that is not changed
fn explained(case: &Case<'_, '_>, named: &[u32], set: &Set) -> Vec<Way> {
    let gap = set.sum - case.amount_minor;
    let mut ways = Vec::new();
    let mut add = |kind, (rate_ppm, vat_ppm), short, weight: u64| {
        let way = Way {
            kind,
            rate_ppm,
            vat_ppm,
            short,
            agreed: false,
            weight,
        };
        if weight > 0 {
            ways.push(way);
        }
    };
    if set.sum <= 0 || gap == 0 {
        return ways;
    }
    if gap.abs() <= ROUNDING_MAX_MINOR {
        let choices = 2 * ROUNDING_MAX_MINOR.unsigned_abs();
        add(DeductionKind::Rounding, (0, 0), None, KIND / choices);
    }
    if gap < 0 {
        let weight = surplus(case, set, -gap);
        add(DeductionKind::Overpayment, (0, 0), None, weight);
        return ways;
    }

    let vat_rates = case.policy.vat_rates.as_ppm();
    let taxed = |rate| vat_rates.iter().map(move |&vat_rate| (rate, vat_rate));
    for (rate, vat_rate) in COMMISSION_RATES_PPM.into_iter().flat_map(taxed) {
        let (net, vat) = commission(set.sum, rate, vat_rate);
        if net + vat == gap {
            let choices = (COMMISSION_RATES_PPM.len() * vat_rates.len()) as u64;
            let weight = KIND / choices;
            add(DeductionKind::Commission, (rate, vat_rate), None, weight);
        }
    }
    if gap <= FEE_MAX_MINOR && gap % FEE_STEP_MINOR == 0 {
        let choices = (FEE_MAX_MINOR / FEE_STEP_MINOR).unsigned_abs();
        add(DeductionKind::BankFee, (0, 0), None, KIND / choices);
    }
    ways.extend(discounted(case, named, set, gap));
    ways.extend(paid_short(case, named, set, gap));
    ways
}

/// A discount that the items' terms agree to, or one at a usual rate off the sum or off each item.
fn discounted(case: &Case<'_, '_>, named: &[u32], set: &Set, gap: i64) -> Vec<Way> {
    let way = |rate_ppm, agreed, weight| Way {
        kind: DeductionKind::Discount,
        rate_ppm,
        vat_ppm: 0,
        short: None,
        agreed,
        weight,
    };
    if set.agreed_minor == gap {
        let rate_ppm = agreed_rate(case, &set.change.of(named, case.pool));
        return vec![way(rate_ppm, true, AGREED)];
    }
    let choices = 2 * DISCOUNT_RATES_PPM.len() as u64;
    let rates = DISCOUNT_RATES_PPM.iter().zip(&set.cuts);
    let hits = |(&rate, &cut): (&i64, &i64)| {
        let hits = u64::from(part(set.sum, rate) == gap) + u64::from(cut == gap);
        (hits > 0).then(|| way(rate, false, hits * KIND / choices))
    };
    rates.filter_map(hits).collect()
}

/// A part payment explains any gap: of what is named, or of the one item that is not, for what is
/// paid beyond the named ones is not always too much. Nobody who means to pay in part pays nearly
/// everything: the more is missing, the likelier it is.
fn paid_short(case: &Case<'_, '_>, named: &[u32], set: &Set, gap: i64) -> Vec<Way> {
    let short = match set.change {
        Change::Nothing => named,
        Change::With(ref item) | Change::Instead(_, ref item) => std::slice::from_ref(item),
        Change::Without(_) | Change::All => &[],
    };
    let way = |&item: &u32| Way {
        kind: DeductionKind::ShortPayment,
        rate_ppm: 0,
        vat_ppm: 0,
        short: Some(item),
        agreed: false,
        weight: short_weight(case.open(item), gap, short.len()),
    };
    let may_be = |&&item: &&u32| case.open(item) > gap && !is_paid_in_full(case, item);
    let ways = short.iter().filter(may_be).map(way);
    ways.filter(|way| way.weight > 0).collect()
}

/// The weight of one item of several being paid short by a gap.
fn short_weight(open: i64, gap: i64, items: usize) -> u64 {
    let (open, gap) = (
        u128::from(open.unsigned_abs()),
        u128::from(gap.unsigned_abs()),
    );
    let missing = u128::from(KIND) * 2 * gap / open.max(1);
    u64::try_from(missing / open.max(1) / items.max(1) as u128).unwrap_or(u64::MAX)
}

/// Whether a line of the advice says that the item is paid to the minor unit.
fn is_paid_in_full(case: &Case<'_, '_>, item: u32) -> bool {
    let line = case.advice.binary_search_by_key(&item, |line| line.item);
    line.is_ok_and(|position| case.advice[position].paid_minor == Some(case.open(item)))
}

/// The weight of an overpayment: any part of the sum up to a limit, or up to a whole hundred.
fn surplus(case: &Case<'_, '_>, set: &Set, over: i64) -> u64 {
    let most = set.sum / OVER_PART;
    let mut weight = 0;
    if over <= ROUNDING_MAX_MINOR {
        return weight;
    }
    if over <= most {
        weight += KIND / 2 / most.unsigned_abs();
    }
    if case.amount_minor % ROUND_MINOR == 0 && over < ROUND_MINOR && over <= set.sum {
        weight += KIND / 2;
    }
    weight
}

/// The likeliest way, and how much the others weigh.
///
/// * `all` — the weight of everything that explains the payment, parts of [`ONE`]
fn judge(
    case: &Case<'_, '_>,
    named: &[u32],
    mut ways: Vec<(Way, Change)>,
    all: u128,
) -> Option<Explanation> {
    let id = |item: u32| case.ledger.item(item).item_id;
    ways.sort_by_key(|&(way, change)| {
        (
            std::cmp::Reverse(way.weight),
            way.kind,
            (way.rate_ppm, way.vat_ppm),
            change.told(id),
            way.short.map(id),
            change,
        )
    });
    let &(best, change) = ways.first()?;
    let items = change.of(named, case.pool);
    if !may_be_booked(case, &best, change, &items) {
        return None;
    }
    let others = all - u128::from(best.weight);
    let error = (others * u128::from(ONE_PPT)).div_ceil(all.max(1));
    let mut found = Explanation {
        picks: picks(case, &best, &items),
        proof: if ways.len() == 1 {
            Proof::Unique
        } else {
            Proof::Dominant
        },
        reason: "DEDUCTION_EXPLAINED",
        error_ppt: u64::try_from(error).unwrap_or(ONE_PPT).max(1),
        by_amount: false,
        count: i64::try_from(ways.len()).unwrap_or(i64::MAX),
        alternatives: Vec::new(),
        adjustments: adjustments(case, &best, &items, 0),
        deduction: Some(best.kind),
        agreed: best.agreed,
    };
    for (rank, (way, change)) in (1..).zip(ways[1..].iter().take(ALTERNATIVES_MAX)) {
        let items = change.of(named, case.pool);
        found.alternatives.push(picks(case, way, &items));
        let lines = adjustments(case, way, &items, rank);
        found.adjustments.extend(lines);
    }
    Some(found)
}

/// Whether a way, though the likeliest, says what to book.
///
/// * `items` — the set that it is of
fn may_be_booked(case: &Case<'_, '_>, way: &Way, change: Change, items: &[u32]) -> bool {
    let gap = gap_of(case, items);
    // A line may show what was kept back; any other one that means nothing here means something else.
    let shown = |&&line: &&i64| gap > 0 && line.unsigned_abs() == gap.unsigned_abs();
    let unread = case.unread.len() - case.unread.iter().filter(shown).count();
    if way.kind.absorbs() {
        // What else is named may be what is too much, or too little.
        let several = case.places.iter().any(|place| place.len() > 1);
        if change != Change::Nothing || several || unread > 0 {
            return false;
        }
    }
    match way.kind {
        DeductionKind::ShortPayment => {
            // Nobody knows which item is paid short, or whether one is.
            let could_be = items.iter().filter(|&&item| case.open(item) > gap);
            let short = way.short.map_or(0, |item| case.open(item));
            could_be.count() == 1 && gap.saturating_mul(SHORT_PART) >= short
        }
        DeductionKind::BankFee => {
            unread <= 1 && gap.saturating_mul(FEE_PART) <= gap.saturating_add(case.amount_minor)
        }
        _ => unread <= 1,
    }
}

fn gap_of(case: &Case<'_, '_>, items: &[u32]) -> i64 {
    let sum: i128 = items.iter().map(|&item| i128::from(case.open(item))).sum();
    i64::try_from(sum - i128::from(case.amount_minor)).expect("a set's sum has 64 bits")
}

fn picks(case: &Case<'_, '_>, way: &Way, items: &[u32]) -> Vec<Pick> {
    let mut picks = case.picks(items, EvidenceSet::EMPTY.with(Evidence::Amount));
    for pick in &mut picks {
        if way.short == Some(pick.item) {
            pick.allocated_minor -= gap_of(case, items);
        }
    }
    picks
}

/// What is booked for a way: with the items settled it makes up the cash.
fn adjustments(case: &Case<'_, '_>, way: &Way, items: &[u32], rank: u32) -> Vec<Adjustment> {
    let gap = gap_of(case, items);
    let item = if let [item] = items {
        Some(*item)
    } else {
        None
    };
    let line = |role, amount_minor, rate_ppm| Adjustment {
        rank,
        role,
        amount_minor,
        item,
        rate_ppm,
    };
    match way.kind {
        DeductionKind::Discount => {
            let rate = Some(way.rate_ppm).filter(|&rate| rate > 0);
            vec![line("discount_granted", gap, rate)]
        }
        DeductionKind::BankFee => vec![line("bank_charges", gap, None)],
        DeductionKind::Commission => {
            let (net, vat) = commission(gap + case.amount_minor, way.rate_ppm, way.vat_ppm);
            vec![
                line("commission", net, Some(way.rate_ppm)),
                line("vat_awaiting_invoice", vat, Some(way.vat_ppm)),
            ]
        }
        DeductionKind::Rounding if gap > 0 => vec![line("rounding_loss", gap, None)],
        DeductionKind::Rounding => vec![line("rounding_gain", gap, None)],
        DeductionKind::ShortPayment => Vec::new(),
        DeductionKind::Overpayment => vec![Adjustment {
            item: None,
            ..line("on_account", gap, None)
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rates_are_rounded_half_away_from_zero() {
        assert_eq!(part(10_025, 20_000), 201);
        assert_eq!(part(-10_025, 20_000), -201);
        assert_eq!(part(10_024, 20_000), 200);
        assert_eq!(commission(282_000, 40_000, 200_000), (11_280, 2_256));
    }

    proptest! {
        #[test]
        fn the_part_payments_of_an_item_are_one_kind(open in 2_i64..3_000, items in 1_usize..4) {
            let weights: Vec<u64> =
                (1..open).map(|gap| short_weight(open, gap, items)).collect();
            let all: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
            // Shares of all that may be missing, each as likely as it is large.
            let parts = u128::from(open.unsigned_abs());
            let exact = u128::from(KIND) * (parts - 1) / parts / items as u128;
            prop_assert!(all <= exact + 1 && exact - all <= 2 * parts, "{all} {exact}");
            prop_assert!(weights.is_sorted());
        }
    }

    #[test]
    fn any_number_of_doubtful_names_can_be_weighed() {
        let doubtful = |names: u64| misread_weight(names * 1_000_000, 1);
        assert_eq!(doubtful(1), u128::from(ONE));
        assert_eq!(doubtful(100_000), 100_000 * u128::from(ONE));
        assert_eq!(misread_weight(1_000_000, i64::MIN), 0);
    }

    #[test]
    fn one_slip_is_one_character() {
        for (left, right, near) in [
            ("1001", "1001", true),
            ("1001", "1002", true),
            ("1001", "1010", true),
            ("1001", "101", true),
            ("1001", "10101", true),
            ("1001", "1022", false),
            ("1001", "2002", false),
            ("1001", "1", false),
        ] {
            assert_eq!(
                one_slip(left.as_bytes(), right.as_bytes()),
                near,
                "{left} {right}"
            );
        }
    }
}
