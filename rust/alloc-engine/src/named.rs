//! The items that texts and advice name, as far as they make up the cash.

use std::collections::BTreeMap;

use alloc_domain::Proof;

use crate::choice::choose;
use crate::evidence::{SURE_MILLINATS, cost_millinats, error_ppt, rival_ppt};
use crate::explain::{Case, Explanation, Pick};
use crate::policy::ONE_PPT;
use crate::reference::near::Candidate;

/// What the names mean, where they make up the cash without anything else; of several sets the one
/// that they speak for. `None` when there is none.
#[must_use]
pub fn by_names(case: &Case<'_, '_>) -> Option<Explanation> {
    let surest = by_the_surest(case);
    if surest
        .as_ref()
        .is_some_and(|found| found.error_ppt <= case.policy.max_wrong_ppt())
    {
        return surest;
    }
    let some = by_some_names(case);
    match (surest, some) {
        (Some(surest), Some(some)) if surest.error_ppt <= some.error_ppt => Some(surest),
        (surest, some) => some.or(surest),
    }
}

/// The names from the surest on, as many of them as make up the cash.
fn by_the_surest(case: &Case<'_, '_>) -> Option<Explanation> {
    let alone = case.hits.iter().filter(|hit| hit.sharers == 1);
    let mut names: Vec<(i64, u32)> = alone
        .map(|hit| (hit.surprise_millinats, hit.item))
        .collect();
    let hit = |item: u32| case.hits.binary_search_by_key(&item, |hit| hit.item);
    let near = case.places.iter().filter_map(|place| match place[..] {
        [near] => hit(near.item)
            .is_err()
            .then_some((near.item, near.surprise_millinats)),
        _ => None,
    });
    let near: BTreeMap<u32, i64> = near.collect();
    names.extend(near.iter().map(|(&item, &surprise)| (surprise, item)));
    names.sort_unstable_by_key(|&(surprise, item)| (std::cmp::Reverse(surprise), item));
    let mut sum = 0;
    let mut closing = 0;
    for (position, &(surprise, item)) in names.iter().enumerate() {
        sum += i128::from(case.open(item));
        let last = names.get(position + 1).is_none_or(|next| next.0 < surprise);
        if last && sum == i128::from(case.amount_minor) {
            closing = position + 1;
        }
    }
    let mut items: Vec<u32> = names[..closing].iter().map(|&(_, item)| item).collect();
    if items.is_empty() {
        return None;
    }
    items.sort_unstable();
    let mut found = case.explanation(&items, Proof::Exact, case.reference_reason());
    found.error_ppt = error_ppt(case, &items, cost_millinats(case, &items)?);
    Some(found)
}

/// Of the items named, those that make up the cash: what is surely named must be among them.
/// Misread tokens are looked at only when the others do not do it.
fn by_some_names(case: &Case<'_, '_>) -> Option<Explanation> {
    let named = case.hits.iter().map(|hit| hit.item);
    let near = case.places.iter().flatten();
    let near = near.map(|candidate: &Candidate| candidate.item);
    among(case, named.clone().collect()).or_else(|| {
        (!case.places.is_empty())
            .then(|| among(case, named.chain(near).collect()))
            .flatten()
    })
}

fn among(case: &Case<'_, '_>, mut optional: Vec<u32>) -> Option<Explanation> {
    let fixed: Vec<u32> = case
        .hits
        .iter()
        .filter(|hit| hit.surprise_millinats >= SURE_MILLINATS && hit.sharers == 1)
        .map(|hit| hit.item)
        .collect();
    optional.sort_unstable();
    optional.dedup();
    optional.retain(|item| fixed.binary_search(item).is_err());
    if optional.is_empty() {
        return None;
    }
    let found = choose(case, &fixed, &optional)?;
    let known = found.alternatives.len() + usize::from(!found.picks.is_empty());
    let all_known = i64::try_from(known).is_ok_and(|known| known == found.count);
    if !matches!(found.proof, Proof::Unique | Proof::Ambiguous) || !all_known {
        return Some(uncertain(found));
    }
    weighed(case, found)
}

/// Puts sets in the order of what the names say against them; those that have more than is
/// named are none.
fn weighed(case: &Case<'_, '_>, found: Explanation) -> Option<Explanation> {
    let sets = std::iter::once(&found.picks).chain(&found.alternatives);
    let mut sets: Vec<(i64, &Vec<Pick>)> = sets
        .filter_map(|picks| Some((cost_millinats(case, &items_of(picks))?, picks)))
        .collect();
    sets.sort_by_key(|&(cost, _)| cost);
    let &(cost, best) = sets.first()?;
    let mut error = error_ppt(case, &items_of(best), cost);
    for &(other, _) in &sets[1..] {
        error += rival_ppt(other - cost);
    }
    Some(Explanation {
        picks: best.clone(),
        alternatives: sets[1..].iter().map(|&(_, picks)| picks.clone()).collect(),
        proof: if sets.len() == 1 {
            Proof::Unique
        } else if error <= case.policy.max_wrong_ppt() {
            Proof::Dominant
        } else {
            Proof::Ambiguous
        },
        error_ppt: error.min(ONE_PPT),
        count: i64::try_from(sets.len()).unwrap_or(i64::MAX),
        ..found
    })
}

/// Nothing tells these sets apart.
fn uncertain(found: Explanation) -> Explanation {
    Explanation {
        error_ppt: ONE_PPT - ONE_PPT / found.count.saturating_add(1).max(2).unsigned_abs(),
        ..found
    }
}

fn items_of(picks: &[Pick]) -> Vec<u32> {
    let mut items: Vec<u32> = picks.iter().map(|pick| pick.item).collect();
    items.sort_unstable();
    items
}
