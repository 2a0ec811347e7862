//! Of the items that may be meant, those that make up the cash together with what is surely named.

use alloc_domain::{Evidence, EvidenceSet, Proof};
use alloc_subset::{Outcome, Problem, solve};

use crate::explain::{Case, Explanation, Pick};
use crate::ledger::age;
use crate::limits::ALTERNATIVES_MAX;

/// Chooses among `optional` items those that make up the cash with the `fixed` ones.
///
/// Items that nothing tells apart are one choice: the oldest of them. The answer is the only way,
/// the first of several, or, without items, that the search ended before. `None` when it is proved that
/// there is no way, or when the items' sums are beyond what amounts can be.
#[must_use]
pub fn choose(case: &Case<'_, '_>, fixed: &[u32], optional: &[u32]) -> Option<Explanation> {
    let mut optional = optional.to_vec();
    optional.sort_unstable_by_key(|&item| (age(case.ledger.item(item)), item));
    let amounts: Vec<i64> = optional.iter().map(|&item| case.open(item)).collect();
    let kinds = optional.iter().map(|&item| case.ledger.class_of(item));
    let kinds: Vec<u32> = kinds.collect();
    let rest = i64::try_from(i128::from(case.amount_minor) - case.sum(fixed)).ok()?;
    let solution = solve(&Problem {
        kinds: Some(&kinds),
        budget: case.budget(),
        explanations_max: ALTERNATIVES_MAX + 1,
        ..Problem::new(&amounts, rest)
    });
    let reason = case.reference_reason();
    let Ok(solution) = solution else {
        return Some(case.explanation(&[], Proof::OverBudget, reason));
    };
    let proof = match solution.outcome {
        Outcome::None => return None,
        Outcome::OverBudget => Proof::OverBudget,
        Outcome::Unique | Outcome::Exact => Proof::Unique,
        _ => Proof::Ambiguous,
    };
    let mut sets: Vec<Vec<u32>> = solution
        .explanations
        .iter()
        .map(|found| found.items.iter().map(|&at| optional[at]).collect())
        .collect();
    if proof == Proof::OverBudget {
        sets = at_a_glance(case, fixed, &optional, rest);
    }
    let mut sets = ranked(case, fixed, &sets, fixed.len() + optional.len()).into_iter();
    let mut found = case.explanation(&[], proof, reason);
    found.picks = sets.next().unwrap_or_default();
    found.alternatives = sets.collect();
    let known = found.alternatives.len() as u64 + u64::from(!found.picks.is_empty());
    let count = solution.count.at_least.max(known);
    found.count = i64::try_from(count).unwrap_or(i64::MAX);
    Some(found)
}

/// What is worth showing to a person where there are too many ways to look at: everything, or one
/// item of that amount.
fn at_a_glance(case: &Case<'_, '_>, fixed: &[u32], optional: &[u32], rest: i64) -> Vec<Vec<u32>> {
    let everything = case.sum(fixed) + case.sum(optional) == i128::from(case.amount_minor);
    let mut classes = Vec::new();
    let mut sets: Vec<Vec<u32>> = Vec::new();
    sets.extend(everything.then(|| optional.to_vec()));
    for &item in optional.iter().filter(|&&item| case.open(item) == rest) {
        let class = case.ledger.class_of(item);
        if !classes.contains(&class) && sets.len() <= ALTERNATIVES_MAX {
            classes.push(class);
            sets.push(vec![item]);
        }
    }
    sets
}

/// The sets with the fixed items: everything first, then the fewest items, then the oldest.
fn ranked(case: &Case<'_, '_>, fixed: &[u32], sets: &[Vec<u32>], all: usize) -> Vec<Vec<Pick>> {
    let mut sets: Vec<Vec<Pick>> = sets
        .iter()
        .map(|items| [fixed, items].concat())
        .filter(|items| !items.is_empty())
        .map(|items| case.picks(&items, EvidenceSet::EMPTY.with(Evidence::Amount)))
        .collect();
    sets.sort_by_cached_key(|picks| {
        let ages: Vec<_> = picks
            .iter()
            .map(|pick| age(case.ledger.item(pick.item)))
            .collect();
        (picks.len() != all, picks.len(), ages)
    });
    sets
}
