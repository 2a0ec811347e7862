//! Payments of one day that want the same items.

use std::collections::BTreeMap;

use alloc_domain::{Allocation, Decision, Proof, Status};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::ledger::Ledger;
use crate::left::Left;
use crate::policy::ONE_PPT;

/// The reason of a decision that wants what another one wants too.
pub const CONTESTED: &str = "ITEM_CONTESTED";

/// The reason of a decision that a surer one has outbid, until it is decided again.
const OUTBID: &str = "OVER_ERROR_BUDGET";

/// A part of a decision that wants an item: the decision's position and the line's.
#[derive(Clone, Copy, Debug)]
struct Claim {
    decision: usize,
    line: usize,
}

/// Claims of several decisions on items that nothing tells apart, more than can be met.
struct Contest {
    /// The surest, as many as can be met.
    met: Vec<Claim>,
    /// The others.
    unmet: Vec<Claim>,
}

/// Settles which automatic decisions may stand together.
///
/// Items that nothing tells apart are handed out oldest first in the order of the decisions. Where
/// more is wanted than is open, somebody is wrong: the surest decisions stand if they are right
/// within the budget given that, and those that they outbid are left to be decided again. Otherwise
/// all go to a person. What waits for a person wants its items as well, as far as it is sure: a
/// larger budget changes who may stand, not who wants what.
///
/// * `decisions` — of one value date, by payment id
/// * `left` — what is left open on each item before that date
/// * `max_wrong_ppt` — the budget
pub fn settle(
    ledger: &Ledger<'_>,
    decisions: &mut [Decision<'_>],
    left: &Left<'_, '_>,
    max_wrong_ppt: u64,
) {
    let day = Day {
        ledger,
        decisions,
        left,
    };
    let wanted = day.wanted();
    let contests: Vec<Contest> = wanted
        .iter()
        .filter_map(|(&class, claims)| Contest::of(&day, class, claims))
        .collect();
    let stands = standing(decisions, &contests, max_wrong_ppt);
    let open = contests
        .iter()
        .filter(|contest| !contest.met.iter().all(|claim| stands[claim.decision]));
    let open: FxHashSet<usize> = open
        .flat_map(|contest| contest.met.iter().chain(&contest.unmet))
        .map(|claim| claim.decision)
        .collect();
    for (position, decision) in decisions.iter_mut().enumerate() {
        if decision.status == Status::Auto && !stands[position] {
            contest(decision);
            if !open.contains(&position) {
                decision.reason = OUTBID;
            }
        }
    }
    hand_out(ledger, decisions, left, &wanted);
}

/// Gives each claim in full of a decision that stands its own member of the class.
fn hand_out(
    ledger: &Ledger<'_>,
    decisions: &mut [Decision<'_>],
    left: &Left<'_, '_>,
    wanted: &BTreeMap<u32, Vec<Claim>>,
) {
    for (&class, claims) in wanted {
        let day = Day {
            ledger,
            decisions,
            left,
        };
        let auto = |claim: &&Claim| day.decisions[claim.decision].status == Status::Auto;
        let claims: Vec<Claim> = claims.iter().filter(auto).copied().collect();
        let several = claims
            .iter()
            .any(|claim| claim.decision != claims[0].decision);
        if several && claims.iter().all(|claim| day.is_in_full(claim)) {
            let members = day.members(class);
            for (claim, item) in claims.into_iter().zip(members) {
                decisions[claim.decision].allocations[claim.line].item = item;
            }
        }
    }
}

/// Hands a decision to a person because another one wants the same.
pub fn contest(decision: &mut Decision<'_>) {
    decision.status = Status::Review;
    decision.proof = Proof::Ambiguous;
    decision.reason = CONTESTED;
    decision.doubt_to(ONE_PPT);
}

/// The decisions of a day, and what was open before.
struct Day<'d, 'l, 'a> {
    ledger: &'d Ledger<'a>,
    decisions: &'d [Decision<'a>],
    left: &'d Left<'l, 'a>,
}

impl Day<'_, '_, '_> {
    fn line(&self, claim: &Claim) -> &Allocation {
        &self.decisions[claim.decision].allocations[claim.line]
    }

    /// Members of a class that nobody took anything of, oldest first.
    fn members(&self, class: u32) -> Vec<u32> {
        let members = self.ledger.class(class).iter().copied();
        members
            .filter(|&item| self.left.of(item) == self.ledger.item(item).open_minor)
            .collect()
    }

    /// Whether a claim takes all of an item that nobody took anything of.
    fn is_in_full(&self, claim: &Claim) -> bool {
        let line = self.line(claim);
        line.allocated_minor == self.left.of(line.item)
            && line.allocated_minor == self.ledger.item(line.item).open_minor
    }

    /// What each decision proposes first, by class of items; of those that wait for a person the
    /// items that are taken in full.
    fn wanted(&self) -> BTreeMap<u32, Vec<Claim>> {
        let mut wanted: BTreeMap<u32, Vec<Claim>> = BTreeMap::new();
        for (position, decision) in self.decisions.iter().enumerate() {
            for (line, allocation) in decision.allocations.iter().enumerate() {
                let claim = Claim {
                    decision: position,
                    line,
                };
                let waits = decision.status != Status::Auto;
                let vague = decision.error_ppt >= ONE_PPT || !self.is_in_full(&claim);
                if allocation.rank > 0 || (waits && vague) {
                    continue;
                }
                let class = self.ledger.class_of(allocation.item);
                wanted.entry(class).or_default().push(claim);
            }
        }
        wanted
    }
}

impl Contest {
    /// `None` where the claims can all be met, or are of one decision.
    fn of(day: &Day<'_, '_, '_>, class: u32, claims: &[Claim]) -> Option<Self> {
        if claims
            .iter()
            .all(|claim| claim.decision == claims[0].decision)
        {
            return None;
        }
        let mut claims = claims.to_vec();
        claims.sort_by_key(|claim| day.decisions[claim.decision].error_ppt);
        let in_full = claims.iter().all(|claim| day.is_in_full(claim));
        let mut whole = day.members(class).len();
        let mut wanted: FxHashMap<u32, i128> = FxHashMap::default();
        let mut meets = |claim: &Claim| {
            if in_full {
                let met = whole > 0;
                whole -= usize::from(met);
                return met;
            }
            let line = day.line(claim);
            let open = i128::from(day.left.of(line.item));
            let before = wanted.get(&line.item).copied().unwrap_or(0);
            let total = before + i128::from(line.allocated_minor);
            let met = total.signum() == open.signum() && total.abs() <= open.abs();
            wanted.insert(line.item, if met { total } else { before });
            met
        };
        let (met, unmet): (Vec<Claim>, Vec<Claim>) = claims.into_iter().partition(|one| meets(one));
        (!unmet.is_empty()).then_some(Self { met, unmet })
    }
}

/// Which decisions may stand: none of their claims is unmet, and they are right within the budget
/// although others want what they take. Each claim that is met may be wrong instead of one that is
/// not.
fn standing(decisions: &[Decision<'_>], contests: &[Contest], max_wrong_ppt: u64) -> Vec<bool> {
    let one = u128::from(ONE_PPT);
    let mut against = vec![0_u128; decisions.len()];
    let mut stands = vec![true; decisions.len()];
    for contest in contests {
        let odds = |claim: &Claim| {
            let wrong = u128::from(decisions[claim.decision].error_ppt.max(1));
            (one - wrong) * one / wrong
        };
        let others: u128 = contest.unmet.iter().map(odds).sum();
        for claim in &contest.met {
            against[claim.decision] += others;
        }
        for claim in &contest.unmet {
            stands[claim.decision] = false;
        }
    }
    for (position, decision) in decisions.iter().enumerate() {
        let wrong = u128::from(decision.error_ppt);
        let wrong = wrong.saturating_mul(one + against[position]) / (one - wrong).max(1);
        stands[position] &= against[position] == 0 || wrong <= u128::from(max_wrong_ppt);
    }
    stands
}
