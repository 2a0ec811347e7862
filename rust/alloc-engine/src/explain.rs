//! One payment of one payer: which of the payer's items make up the cash, and how we know.
//!
//! A ladder, surest first. References decide where they add up; what they leave open an amount may
//! close, but only when it is enumerated that nothing else has that amount.

use alloc_domain::{Adjustment, Evidence, EvidenceSet, Proof};
use alloc_subset::Budget;

use rustc_hash::FxHashSet;

use crate::deduct::{Deducted, by_deduction, doubt, part, unnamed_rival_ppt};
use crate::evidence::{SURE_MILLINATS, Shared, beside_names_ppt, with_amount_ppt};
use crate::habit::Habits;
use crate::ledger::{Ledger, age, may_be_paid};
use crate::left::Left;
use crate::limits::{SEARCH_BYTES_MAX, SEARCH_STEPS_MAX};
use crate::model::{Amounts, by_shape};
use crate::named::by_names;
use crate::policy::{CERTAIN_PPM, DeductionKind, ONE_PPT, PARTIAL_ERROR_PPM, Policy, as_ppt};
use crate::reference::near::Candidate;
use crate::reference::scan::{Hit, Strength};
use crate::stop::Stop;

/// A part of the payment on one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pick {
    /// The item.
    pub item: u32,
    /// What is settled, minor units, sign of the item.
    pub allocated_minor: i64,
    /// What speaks for it.
    pub evidence: EvidenceSet,
}

/// A set of items that makes up the cash, or comes near it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Oldest first; none where the search ended before it found any.
    pub picks: Vec<Pick>,
    /// How we know.
    pub proof: Proof,
    /// Wire name of the ground.
    pub reason: &'static str,
    /// Upper bound for the chance that it is wrong.
    pub error_ppt: u64,
    /// Whether an amount decides about an item that nothing names.
    pub by_amount: bool,
    /// How many explanations of equal standing there are.
    pub count: i64,
    /// Others, in order of preference.
    pub alternatives: Vec<Vec<Pick>>,
    /// What makes up the difference between items and cash, in every rank.
    pub adjustments: Vec<Adjustment>,
    /// The deduction that explains the difference.
    pub deduction: Option<DeductionKind>,
    /// Whether the items' own terms allow it.
    pub agreed: bool,
}

/// A line of the advice that found its item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdviceMatch {
    /// The item.
    pub item: u32,
    /// What the payer says it pays, minor units, sign of the item; none when the line is silent.
    pub paid_minor: Option<i64>,
    /// What the payer says it kept back.
    pub deduction_minor: i64,
    /// By how much the line means this item rather than another one with its amount.
    pub apart_millinats: i64,
}

/// What is known about one payment when one payer is assumed.
pub struct Case<'c, 'a> {
    /// The items.
    pub ledger: &'c Ledger<'a>,
    /// What is left open on each item.
    pub left: &'c Left<'c, 'a>,
    /// The cash, minor units.
    pub amount_minor: i64,
    /// Value date of the cash.
    pub value_date: i32,
    /// What the payer may pay in this currency, oldest first.
    pub pool: &'c [u32],
    /// Each item named, once, by item.
    pub hits: &'c [Hit],
    /// Items that misread tokens resemble, per place in the text.
    pub places: &'c [Vec<Candidate>],
    /// Names that several items have, less often than they are.
    pub shared: &'c [Shared],
    /// Lines of the advice, each item once.
    pub advice: &'c [AdviceMatch],
    /// What lines of the advice pay that mean nothing that is open, minor units.
    pub unread: &'c [i64],
    /// How common amounts are in the entity.
    pub amounts: &'c Amounts,
    /// What payers are known to choose.
    pub habits: &'c Habits<'a>,
    /// What the user permits.
    pub policy: Policy,
    /// Whether anybody still waits.
    pub stop: &'c Stop,
}

impl Case<'_, '_> {
    /// What one search may take: nothing once nobody waits.
    #[must_use]
    pub fn budget(&self) -> Budget {
        Budget {
            steps: if self.stop.is_set() {
                0
            } else {
                SEARCH_STEPS_MAX
            },
            bytes: SEARCH_BYTES_MAX,
        }
    }

    /// What is left open on an item, minor units.
    #[must_use]
    pub fn open(&self, item: u32) -> i64 {
        self.left.of(item)
    }

    /// What is left open on some items together, minor units.
    #[must_use]
    pub fn sum(&self, items: &[u32]) -> i128 {
        items.iter().map(|&item| i128::from(self.open(item))).sum()
    }

    /// Whether some items together are the cash.
    #[must_use]
    pub fn closes(&self, items: &[u32]) -> bool {
        !items.is_empty() && self.sum(items) == i128::from(self.amount_minor)
    }

    /// Full settlement of these items, oldest first, each with its own evidence.
    #[must_use]
    pub fn picks(&self, items: &[u32], extra: EvidenceSet) -> Vec<Pick> {
        let mut items = items.to_vec();
        items.sort_unstable_by_key(|&item| age(self.ledger.item(item)));
        items
            .into_iter()
            .map(|item| Pick {
                item,
                allocated_minor: self.open(item),
                evidence: self.evidence_of(item).union(extra),
            })
            .collect()
    }

    fn evidence_of(&self, item: u32) -> EvidenceSet {
        if let Ok(position) = self.hits.binary_search_by_key(&item, |hit| hit.item) {
            return self.hits[position].evidence;
        }
        let mut near = self.places.iter().flatten();
        if near.any(|candidate| candidate.item == item) {
            return EvidenceSet::EMPTY.with(Evidence::ReferenceNear);
        }
        EvidenceSet::EMPTY
    }

    /// These items and nothing else, as if nothing could be wrong with them.
    #[must_use]
    pub fn explanation(&self, items: &[u32], proof: Proof, reason: &'static str) -> Explanation {
        Explanation {
            picks: self.picks(items, EvidenceSet::EMPTY.with(Evidence::Amount)),
            proof,
            reason,
            error_ppt: 0,
            by_amount: false,
            count: 1,
            alternatives: Vec::new(),
            adjustments: Vec::new(),
            deduction: None,
            agreed: false,
        }
    }

    /// Wire name of what names the items.
    #[must_use]
    pub fn reference_reason(&self) -> &'static str {
        if self.advice.is_empty() {
            "REFERENCES"
        } else {
            "ADVICE_LINES"
        }
    }
}

/// The surest explanation whose items make up the cash to the minor unit; `None` when there is
/// none. Several of equal standing come back as one that is ambiguous, and one without items says
/// that the search ended before it found any.
#[must_use]
pub fn explain(case: &Case<'_, '_>) -> Option<Explanation> {
    let advised = by_advice(case);
    let kept_back = advised
        .as_ref()
        .is_some_and(|found| found.reason == DEDUCTION_SUSPECTED || !found.adjustments.is_empty());
    if advised.is_some() && !kept_back {
        return advised;
    }
    let named = if kept_back { None } else { by_names(case) };
    if is_told(named.as_ref()) {
        return named.map(|named| confirmed(case, named));
    }
    let deducted = deducted(case);
    let weight = deducted.as_ref().map(|deducted| deducted.weight_ppt);
    let deducted = deducted.and_then(|deducted| deducted.explanation);
    if kept_back {
        return deducted
            .filter(|found| each_line_agrees(case, found))
            .or(advised);
    }
    let rival = weight.unwrap_or_else(|| unnamed_rival_ppt(case));
    let (answer, rival_ppm) = by_amount(case, rival);
    match deducted {
        Some(mut found) if !is_told(answer.as_ref()) || rival_ppm > CERTAIN_PPM / 2 => {
            let other = as_ppt(CERTAIN_PPM - rival_ppm);
            found.error_ppt = (found.error_ppt + other).min(ONE_PPT);
            Some(found)
        }
        _ => answer.or(named),
    }
}

/// What is named, as sure as the amount makes it where the names are not sure enough.
fn confirmed(case: &Case<'_, '_>, named: Explanation) -> Explanation {
    if named.error_ppt <= case.policy.max_wrong_ppt() {
        return named;
    }
    let items = |found: &Explanation| -> Vec<u32> {
        let mut items: Vec<u32> = found.picks.iter().map(|pick| pick.item).collect();
        items.sort_unstable();
        items
    };
    let picked = items(&named);
    match by_amount(case, 0).0 {
        Some(answer) if items(&answer) == picked => {
            let error = with_amount_ppt(case, &picked, &surely_named(case), answer.error_ppt);
            Explanation {
                error_ppt: named.error_ppt.min(error),
                ..named
            }
        }
        _ => named,
    }
}

/// Whether an explanation names items.
fn is_told(found: Option<&Explanation>) -> bool {
    found.is_some_and(|found| !found.picks.is_empty())
}

/// The deduction that explains what the named items leave open, the widest circle of them that
/// several items do not share; where nothing is named, what one item or everything leaves open.
fn deducted(case: &Case<'_, '_>) -> Option<Deducted> {
    if !advice_agrees(case) {
        return None;
    }
    let advised = |item: u32| case.advice.iter().any(|line| line.item == item);
    let circles = [Strength::Weak, Strength::Trimmed, Strength::Strong];
    let mut tried = circles.into_iter().filter_map(|strength| {
        let within = |hit: &&Hit| hit.strength >= strength || advised(hit.item);
        let hits: Vec<&Hit> = case.hits.iter().filter(within).collect();
        let none = hits.is_empty() && !case.hits.is_empty();
        if none || hits.iter().any(|hit| hit.sharers > 1) {
            return None;
        }
        let mut named: Vec<u32> = hits.iter().map(|hit| hit.item).collect();
        let mut doubts: Vec<i64> = hits.iter().map(|hit| doubt(case, hit)).collect();
        for place in case.places {
            let [near] = place.as_slice() else { continue };
            if let Err(position) = named.binary_search(&near.item) {
                named.insert(position, near.item);
                doubts.insert(position, near.surprise_millinats);
            }
        }
        // A line or a name too many is no deduction.
        let gap = case.sum(&named) - i128::from(case.amount_minor);
        let superfluous = |item: &u32| i128::from(case.open(*item)) == gap;
        if named.is_empty() || (named.len() > 1 && named.iter().any(superfluous)) {
            return None;
        }
        by_deduction(case, &named, &doubts)
    });
    // What no circle explains weighs as the widest of them has it.
    let widest = tried.next();
    let explains = |found: &Deducted| found.explanation.is_some();
    let named = if widest.as_ref().is_some_and(explains) {
        widest
    } else {
        tried.find(explains).or(widest)
    };
    if named.is_some() || !case.advice.is_empty() {
        return named;
    }
    let sure = |hit: &Hit| hit.strength >= Strength::Trimmed;
    if case.hits.iter().any(sure) {
        return None;
    }
    let mut found = by_deduction(case, &[], &[])?;
    if let Some(explanation) = &mut found.explanation {
        explanation.by_amount = true;
        if explanation.deduction.is_some_and(DeductionKind::absorbs) {
            // It explains any gap, and nothing says that the money is for this item.
            explanation.error_ppt = explanation.error_ppt.max(ONE_PPT / 2);
        }
    }
    Some(found)
}

/// Whether an advice could be of a payment with a deduction: its lines pay their items in full, or
/// what they pay is what came.
fn advice_agrees(case: &Case<'_, '_>) -> bool {
    let paid = |line: &AdviceMatch| line.paid_minor.unwrap_or(case.open(line.item));
    let full = |line: &AdviceMatch| paid(line) == case.open(line.item);
    let total: i128 = case.advice.iter().map(|line| i128::from(paid(line))).sum();
    case.advice.iter().all(full) || total == i128::from(case.amount_minor)
}

/// Whether a deduction is what each line of the advice shows: the same rate off every item, or, for
/// a deduction at a rate, what the lines say was kept back. A single line shows the whole of it.
fn each_line_agrees(case: &Case<'_, '_>, found: &Explanation) -> bool {
    if let [line] = case.advice
        && line.deduction_minor == 0
    {
        return line.paid_minor.is_some();
    }
    let rate = found.adjustments.first().and_then(|line| line.rate_ppm);
    let rate = rate.filter(|_| found.deduction == Some(DeductionKind::Discount));
    let at_a_rate = rate.is_some() || found.deduction == Some(DeductionKind::Commission);
    case.advice.iter().all(|line| {
        let open = case.open(line.item);
        let missing = open - line.paid_minor.unwrap_or(open);
        let rated = rate.is_some_and(|rate| missing == part(open, rate));
        rated || (missing == line.deduction_minor && (missing == 0 || at_a_rate))
    })
}

/// A shortfall that is rather a deduction than a part payment.
const DEDUCTION_SUSPECTED: &str = "DEDUCTION_SUSPECTED";

/// Lines of the advice that pay less than what is open, or name what was kept back.
fn by_advice(case: &Case<'_, '_>) -> Option<Explanation> {
    let partial = |line: &AdviceMatch| {
        line.paid_minor
            .is_some_and(|paid| paid != case.open(line.item))
    };
    if !case.advice.iter().any(partial) {
        return None;
    }
    let paid = |line: &AdviceMatch| line.paid_minor.unwrap_or(case.open(line.item));
    // A line with the amount of another item may as well be that item under a misread number.
    let amounts: FxHashSet<i64> = case.pool.iter().map(|&item| case.open(item)).collect();
    let elsewhere = |line: &AdviceMatch| amounts.contains(&paid(line));
    if case
        .advice
        .iter()
        .any(|line| partial(line) && elsewhere(line))
    {
        return None;
    }
    let total: i128 = case.advice.iter().map(|line| i128::from(paid(line))).sum();
    if total != i128::from(case.amount_minor) {
        return None;
    }
    let items: Vec<u32> = case.advice.iter().map(|line| line.item).collect();
    let mut found = case.explanation(&items, Proof::Exact, "ADVICE_LINES");
    found.error_ppt = as_ppt(PARTIAL_ERROR_PPM);
    for line in case.advice {
        let open = case.open(line.item);
        let settled = i128::from(paid(line)) + i128::from(line.deduction_minor);
        let settled = i64::try_from(settled).ok()?;
        if settled.signum() != open.signum() || settled.unsigned_abs() > open.unsigned_abs() {
            return None;
        }
        if line.deduction_minor != 0 {
            found.adjustments.push(Adjustment {
                rank: 0,
                role: "deduction",
                amount_minor: line.deduction_minor,
                item: Some(line.item),
                rate_ppm: None,
            });
        } else if looks_deducted(settled, open) {
            found.reason = DEDUCTION_SUSPECTED;
            found.error_ppt = ONE_PPT / 2;
        }
        let pick = found.picks.iter_mut().find(|pick| pick.item == line.item)?;
        pick.allocated_minor = settled;
    }
    Some(found)
}

/// A shortfall below a tenth is as likely a discount or a fee as a part payment.
fn looks_deducted(settled: i64, open: i64) -> bool {
    let missing = i128::from(open) - i128::from(settled);
    missing != 0 && missing.abs() * 10 < i128::from(open).abs()
}

/// Items that are meant for sure, ascending: those that a sure name means alone, and as many of
/// those that nothing tells apart as their name stands there.
fn surely_named(case: &Case<'_, '_>) -> Vec<u32> {
    let sure = |hit: &&Hit| hit.surprise_millinats >= SURE_MILLINATS && hit.sharers == 1;
    let mut items: Vec<u32> = case.hits.iter().filter(sure).map(|hit| hit.item).collect();
    for shared in case.shared {
        let class = |&item: &u32| (case.ledger.class_of(item), case.open(item));
        let first = class(&shared.items[0]);
        let alike = shared.items.iter().all(|item| class(item) == first);
        if alike && shared.surprise_millinats >= SURE_MILLINATS {
            items.extend(&shared.items[..shared.mentions]);
        }
    }
    items.sort_unstable();
    items.dedup();
    items
}

/// What nothing names, by the amount alone: the set that a payer most likely means.
///
/// * `rival_ppt` — the weight of what else explains the payment, parts per trillion; its share
///   comes back with the explanation, ppm
fn by_amount(case: &Case<'_, '_>, rival_ppt: u64) -> (Option<Explanation>, i64) {
    let fixed = surely_named(case);
    let may_be = |item: u32| {
        fixed.binary_search(&item).is_ok() || may_be_paid(case.ledger.item(item), case.value_date)
    };
    let pool: Vec<u32> = case.pool.iter().copied().filter(|&i| may_be(i)).collect();
    let Some(answer) = by_shape(case, &pool, &fixed, rival_ppt) else {
        return (None, 0);
    };
    let rest = pool.len() - fixed.len();
    let mut sets = answer.sets.iter().map(|items| {
        let mut picks = case.picks(items, EvidenceSet::EMPTY.with(Evidence::Amount));
        let piece = if items.len() == pool.len() {
            Evidence::WholeBalance
        } else {
            Evidence::UniqueAmount
        };
        for pick in &mut picks {
            if fixed.binary_search(&pick.item).is_err() {
                pick.evidence = pick.evidence.with(piece);
            }
        }
        picks
    });
    let Some(picks) = sets.next() else {
        let unsearched = (answer.proof == Proof::OverBudget)
            .then(|| case.explanation(&[], Proof::OverBudget, "COMBINATIONS_OVER_LIMIT"));
        return (unsearched, answer.rival_ppm);
    };
    let alternatives: Vec<Vec<Pick>> = sets.collect();
    let reason = match (fixed.len(), picks.len(), rest) {
        (0, 1, _) => "UNIQUE_ITEM",
        (0, taken, all) if taken == all => "WHOLE_BALANCE",
        (0, ..) => "UNIQUE_AMOUNT",
        _ => "REFERENCES_AND_AMOUNT",
    };
    let mut items = answer.sets.first().cloned().unwrap_or_default();
    items.sort_unstable();
    let error = as_ppt((CERTAIN_PPM - answer.p_low_ppm).max(1));
    let found = Explanation {
        picks,
        alternatives,
        error_ppt: beside_names_ppt(case, &items, error),
        by_amount: true,
        count: answer.count,
        ..case.explanation(&[], answer.proof, reason)
    };
    (Some(found), answer.rival_ppm)
}
