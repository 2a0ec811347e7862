//! Payments of one day that want the same items.

use std::collections::BTreeMap;

use alloc_domain::{Decision, Proof, Status};

use crate::ledger::Ledger;
use crate::left::Left;

/// The reason of a decision that wants what another one wants too.
pub const CONTESTED: &str = "ITEM_CONTESTED";

/// A part of a decision that wants an item: the decision's position and the line's.
#[derive(Clone, Copy, Debug)]
struct Claim {
    decision: usize,
    line: usize,
}

/// Settles which automatic decisions may stand together.
///
/// Items that nothing tells apart are handed out oldest first in the order of the decisions. Where
/// more is wanted than is open, every decision that wants it goes to a person: which of them is
/// right is not known, and the order of the input decides nothing.
///
/// * `decisions` — of one value date, by payment id
/// * `left` — what is left open on each item before that date
pub fn settle(ledger: &Ledger<'_>, decisions: &mut [Decision<'_>], left: &Left<'_, '_>) {
    let mut wanted: BTreeMap<u32, Vec<Claim>> = BTreeMap::new();
    for (position, decision) in decisions.iter().enumerate() {
        if decision.status != Status::Auto {
            continue;
        }
        for (line, allocation) in decision.allocations.iter().enumerate() {
            wanted
                .entry(ledger.class_of(allocation.item))
                .or_default()
                .push(Claim {
                    decision: position,
                    line,
                });
        }
    }
    let mut contested = Vec::new();
    for (class, claims) in wanted {
        let one_decision = claims
            .iter()
            .all(|claim| claim.decision == claims[0].decision);
        if !one_decision && !hand_out(ledger, decisions, left, class, &claims) {
            contested.extend(claims.iter().map(|claim| claim.decision));
        }
    }
    for position in contested {
        contest(&mut decisions[position]);
    }
}

/// Hands a decision to a person because another one wants the same.
pub fn contest(decision: &mut Decision<'_>) {
    decision.status = Status::Review;
    decision.proof = Proof::Ambiguous;
    decision.reason = CONTESTED;
    decision.confidence_ppm = 0;
}

/// Gives each claim its own member of the class; false when there is not enough.
fn hand_out(
    ledger: &Ledger<'_>,
    decisions: &mut [Decision<'_>],
    left: &Left<'_, '_>,
    class: u32,
    claims: &[Claim],
) -> bool {
    let line = |decisions: &[Decision<'_>], claim: &Claim| {
        decisions[claim.decision].allocations[claim.line]
    };
    let full = |claim: &Claim| {
        let line = line(decisions, claim);
        line.allocated_minor == left.of(line.item)
    };
    let members: Vec<u32> = ledger
        .class(class)
        .iter()
        .copied()
        .filter(|&item| left.of(item) == ledger.item(item).open_minor)
        .collect();
    let untouched = claims
        .iter()
        .all(|claim| members.contains(&line(decisions, claim).item));
    if claims.iter().all(full) && untouched {
        if claims.len() > members.len() {
            return false;
        }
        for (claim, &item) in claims.iter().zip(&members) {
            decisions[claim.decision].allocations[claim.line].item = item;
        }
        return true;
    }
    let mut wanted: BTreeMap<u32, i128> = BTreeMap::new();
    for claim in claims {
        let line = line(decisions, claim);
        *wanted.entry(line.item).or_default() += i128::from(line.allocated_minor);
    }
    wanted.iter().all(|(&item, &wanted)| {
        let open = i128::from(left.of(item));
        wanted.signum() == open.signum() && wanted.abs() <= open.abs()
    })
}
