//! How sure it is that the items which texts and advice name are the ones that were paid.
//!
//! One currency: the surprise of each name, in millinats. What a set of items leaves aside costs
//! it, what a name shares with others costs it, and what is left is set against the chance that
//! the amounts agree by accident.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::explain::Case;
use crate::limits::NEAR_COMPARISONS_MAX;
use crate::policy::{ONE_PPT, coincidence_ppt};
use crate::reference::form::is_form_of;
use crate::reference::near::is_one_slip;
use crate::reference::scan::{Strength, reading_of};
use crate::reference::surprise::{
    SURPRISE_MILLINATS_MAX, UNLIKE_MILLINATS, accident_millinats, ln_millinats, this_slip_millinats,
};
use crate::text::Text;

/// A name from here on is in every set that is looked at: one in some 150 misreads a number.
pub const SURE_MILLINATS: i64 = 5_000;

/// Where all that is open makes up the cash as well as what is named does: a third of the payers who
/// leave something unsaid, one of two, pay everything (ADR 0007), and the others have named it all.
const ALL_UNSAID_PPT: u64 = ONE_PPT / 4;

/// A number or a word that several items have and that stands in a text less often than they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    /// Ascending.
    pub items: Vec<u32>,
    /// How often it stands there, less than there are items.
    pub mentions: usize,
    /// As in [`crate::reference::scan::Hit`].
    pub surprise_millinats: i64,
}

/// `e^-x` rounded up, parts per trillion.
///
/// * `millinats` — at least 0
#[must_use]
pub fn odds_ppt(millinats: i64) -> u64 {
    const LN_2: u64 = 694;
    let millinats = u64::try_from(millinats).unwrap_or(0);
    let halved = ONE_PPT
        .checked_shr(u32::try_from(millinats / LN_2).unwrap_or(u32::MAX))
        .unwrap_or(0);
    // Between two powers of a half the chord lies above the curve.
    halved - halved * (millinats % LN_2) / (2 * LN_2) + 1
}

/// `part × e^x` rounded up, parts per trillion, at most one.
fn raised_ppt(part: u64, millinats: i64) -> u64 {
    const LN_2: i64 = 693;
    let doubled = u32::try_from(millinats.max(0) / LN_2).unwrap_or(u32::MAX);
    let doubled = u128::from(part.max(1))
        .checked_shl(doubled.min(64))
        .unwrap_or(u128::MAX >> 64);
    let rest = u128::try_from(millinats.max(0) % LN_2).unwrap_or(0);
    let raised = doubled + doubled * rest / u128::from(LN_2.unsigned_abs()) + 1;
    u64::try_from(raised).unwrap_or(ONE_PPT).min(ONE_PPT)
}

/// What the names say against a set as the whole of what they mean, millinats; `None` when the set
/// has more than they name.
///
/// * `items` — ascending
#[must_use]
pub fn cost_millinats(case: &Case<'_, '_>, items: &[u32]) -> Option<i64> {
    let has = |item: &u32| items.binary_search(item).is_ok();
    let mut cost = 0;
    for hit in case.hits.iter().filter(|hit| hit.sharers == 1) {
        if !has(&hit.item) {
            cost += hit.surprise_millinats;
        }
    }
    for shared in case.shared {
        let meant = shared.items.iter().filter(|item| has(item)).count();
        let missing = i64::try_from(shared.mentions.checked_sub(meant)?).ok()?;
        cost += missing * shared.surprise_millinats + ln_ways(case, shared);
    }
    for place in case.places {
        match place.iter().filter(|near| has(&near.item)).count() {
            0 => cost += surest(place.iter().map(|near| near.surprise_millinats)),
            1 => cost += ln_millinats(place.len() as u128),
            _ => return None,
        }
    }
    Some(cost)
}

fn surest(surprises: impl Iterator<Item = i64>) -> i64 {
    surprises.max().unwrap_or(0)
}

/// Logarithm of the number of ways in which a shared name may mean so many of its items.
fn ln_ways(case: &Case<'_, '_>, shared: &Shared) -> i64 {
    let mut counts: FxHashMap<u32, usize> = FxHashMap::default();
    for &item in &shared.items {
        *counts.entry(case.ledger.class_of(item)).or_default() += 1;
    }
    if counts.len() == 1 {
        return 0;
    }
    let ways = (1..=shared.mentions as u128).fold(1_u128, |ways, taken| {
        ways.saturating_mul(shared.items.len() as u128 + 1 - taken) / taken
    });
    ln_millinats(ways)
}

/// An upper bound for the chance that the items named are not the ones that were paid, although
/// they make up the cash, parts per trillion.
///
/// * `items` — ascending
/// * `cost` — see [`cost_millinats`]
#[must_use]
pub fn error_ppt(case: &Case<'_, '_>, items: &[u32], cost: i64) -> u64 {
    let chance = coincidence_ppt(case.amount_minor);
    let accident = raised_ppt(chance, cost).saturating_sub(chance);
    let total = accident
        .saturating_add(misnamed_ppt(case, items))
        .saturating_add(split_ppt(case, items))
        .saturating_add(cancelled_ppt(case, items));
    total.min(ONE_PPT)
}

/// The same where the amount alone speaks for the set as well: whatever else makes up the cash lacks
/// at least one of the names.
///
/// * `sure` — items that the amount's error takes for given, ascending
/// * `error` — by the amount, parts per trillion
#[must_use]
pub fn with_amount_ppt(case: &Case<'_, '_>, items: &[u32], sure: &[u32], error: u64) -> u64 {
    let names = items
        .iter()
        .filter(|item| sure.binary_search(item).is_err());
    let near = near_names(case);
    let weakest = names
        .map(|&item| surprise_alone(case, &near, item))
        .min()
        .unwrap_or(0);
    let error = part_of(error, odds_ppt(weakest));
    error
        .saturating_add(cancelled_ppt(case, items))
        .min(ONE_PPT)
}

/// An upper bound for the share of a set that costs so much more than another one, parts per
/// trillion.
#[must_use]
pub fn rival_ppt(more_millinats: i64) -> u64 {
    let odds = odds_ppt(more_millinats);
    let share = u128::from(odds) * u128::from(ONE_PPT);
    u64::try_from(share.div_ceil(u128::from(ONE_PPT + odds))).unwrap_or(ONE_PPT)
}

/// A share of a share, rounded up, parts per trillion.
fn part_of(share: u64, of: u64) -> u64 {
    let part = (u128::from(share) * u128::from(of)).div_ceil(u128::from(ONE_PPT));
    u64::try_from(part).unwrap_or(ONE_PPT)
}

/// The error of a set beside names and lines of an advice that it leaves aside.
///
/// * `error` — without them, parts per trillion
/// * `items` — ascending
#[must_use]
pub fn beside_names_ppt(case: &Case<'_, '_>, items: &[u32], error: u64) -> u64 {
    let has = |item: &u32| items.binary_search(item).is_ok();
    let alone = case.hits.iter().filter(|hit| hit.sharers == 1);
    let left: i64 = alone
        .filter(|hit| !has(&hit.item))
        .map(|hit| hit.surprise_millinats)
        .sum();
    let missing = |shared: &Shared| -> i64 {
        let meant = shared.items.iter().filter(|item| has(item)).count();
        let missing = shared.mentions.saturating_sub(meant);
        shared.surprise_millinats * i64::try_from(missing).unwrap_or(i64::MAX)
    };
    let left = left + case.shared.iter().map(missing).sum::<i64>();
    let near = case.places.iter().filter(|place| {
        let mut meant = place.iter();
        !meant.any(|near| has(&near.item))
    });
    let misread = near.map(|place| surest(place.iter().map(|near| near.surprise_millinats)));
    let lines = i64::try_from(case.unread.len()).unwrap_or(i64::MAX);
    let lines = lines.saturating_mul(UNLIKE_MILLINATS);
    let left = left + misread.sum::<i64>() + lines;
    if left == 0 {
        return error;
    }
    let one = u128::from(ONE_PPT);
    let wrong = u128::from(error.max(1)) * one;
    let right = u128::from(ONE_PPT.saturating_sub(error)) * u128::from(odds_ppt(left));
    u64::try_from(wrong.div_ceil((wrong + right).div_ceil(one))).unwrap_or(ONE_PPT)
}

/// The chance that a name is wrong and what is meant instead has the same amount.
fn misnamed_ppt(case: &Case<'_, '_>, items: &[u32]) -> u64 {
    let near = near_names(case);
    let alike = alike(case, items);
    let twins_of = |item: u32| alike.get(&case.open(item)).map_or(&[][..], Vec::as_slice);
    let pairs: usize = items.iter().map(|&item| twins_of(item).len()).sum();
    if pairs > NEAR_COMPARISONS_MAX {
        return ONE_PPT;
    }
    let mistaken = items.iter().map(|&item| {
        let class = case.ledger.class_of(item);
        let twins = twins_of(item).iter().copied();
        let twins: Vec<u32> = twins
            .filter(|&twin| case.ledger.class_of(twin) != class)
            .collect();
        let line = case.advice.binary_search_by_key(&item, |line| line.item);
        let Ok(line) = line else {
            let surprise = surprise_of(case, &near, item);
            let accident = by_accident_ppt(case, items, (item, surprise), twins.len());
            return accident.saturating_add(by_slip_ppt(case, item, &twins));
        };
        // A line with an amount means an item of that amount: this one or one of its twins.
        let other = odds_ppt(
            case.advice[line]
                .apart_millinats
                .min(SURPRISE_MILLINATS_MAX),
        );
        let other = other.saturating_mul(twins.len() as u64);
        if strength_of(case, item) == Some(Strength::Strong) {
            other.min(by_slip_ppt(case, item, &twins))
        } else {
            other
        }
    });
    mistaken.fold(0, u64::saturating_add)
}

/// By amount, the items with the amounts of these that are not among them; of those that nothing
/// tells apart the oldest.
fn alike(case: &Case<'_, '_>, items: &[u32]) -> FxHashMap<i64, Vec<u32>> {
    let amounts: FxHashSet<i64> = items.iter().map(|&item| case.open(item)).collect();
    let mut classes = FxHashSet::default();
    let mut alike: FxHashMap<i64, Vec<u32>> = FxHashMap::default();
    for &item in case.pool {
        let open = case.open(item);
        if amounts.contains(&open)
            && items.binary_search(&item).is_err()
            && classes.insert((case.ledger.class_of(item), open))
        {
            alike.entry(open).or_default().push(item);
        }
    }
    alike
}

/// The chance that a name is none, and that one of the item's twins, which nothing names, or nothing
/// at all makes up the amount instead.
fn by_accident_ppt(
    case: &Case<'_, '_>,
    items: &[u32],
    (item, surprise): (u32, i64),
    twins: usize,
) -> u64 {
    let (named, twins) = (items.len() as u64, twins as u64);
    let others = (case.pool.len() as u64 + 1 - named).max(1);
    // One left out of the text against none, both shares alike, and that one any of the others.
    let meant = ONE_PPT / (named * (named + 2)) / others * twins;
    let instead = u128::from(meant + coincidence_ppt(case.open(item)));
    let odds = odds_ppt(accident_millinats(surprise));
    let parts = u128::from(odds) * instead / u128::from(ONE_PPT);
    u64::try_from(parts).unwrap_or(ONE_PPT)
}

/// The chance that the name of an item is that of a twin, without its beginning or by a slip.
fn by_slip_ppt(case: &Case<'_, '_>, item: u32, twins: &[u32]) -> u64 {
    let reference = |item: u32| case.ledger.item(item).reference.unwrap_or_default();
    let printed = Text::of(reference(item)).bytes;
    let chance = |&twin: &u32| {
        if let Some(form) = is_form_of(reference(twin), &printed) {
            return odds_ppt(reading_of(form).price_millinats());
        }
        let near = is_one_slip(&Text::of(reference(twin)).bytes, &printed);
        if near {
            odds_ppt(this_slip_millinats(printed.len()))
        } else {
            0
        }
    };
    twins.iter().map(chance).fold(0, u64::saturating_add)
}

fn strength_of(case: &Case<'_, '_>, item: u32) -> Option<Strength> {
    let position = case.hits.binary_search_by_key(&item, |hit| hit.item);
    position.ok().map(|position| case.hits[position].strength)
}

/// How surprising the name of an item is; 0 when nothing names it.
fn surprise_of(case: &Case<'_, '_>, near: &FxHashMap<u32, Near>, item: u32) -> i64 {
    let hit = case.hits.binary_search_by_key(&item, |hit| hit.item);
    hit.map_or_else(
        |_| near.get(&item).map_or(0, |near| near.surprise_millinats),
        |position| case.hits[position].surprise_millinats,
    )
}

/// The same for names that mean this item alone, 0 for others.
fn surprise_alone(case: &Case<'_, '_>, near: &FxHashMap<u32, Near>, item: u32) -> i64 {
    let hit = case.hits.binary_search_by_key(&item, |hit| hit.item);
    let alone = hit.map_or_else(
        |_| near.get(&item).is_some_and(|near| near.alone),
        |position| case.hits[position].sharers == 1,
    );
    if alone {
        surprise_of(case, near, item)
    } else {
        0
    }
}

/// What misread tokens say of an item.
struct Near {
    surprise_millinats: i64,
    /// Whether each of them means nothing else.
    alone: bool,
}

fn near_names(case: &Case<'_, '_>) -> FxHashMap<u32, Near> {
    let mut near: FxHashMap<u32, Near> = FxHashMap::default();
    for place in case.places {
        for candidate in place {
            let known = near.entry(candidate.item).or_insert(Near {
                surprise_millinats: 0,
                alone: true,
            });
            known.surprise_millinats = known.surprise_millinats.max(candidate.surprise_millinats);
            known.alone &= place.len() == 1;
        }
    }
    near
}

/// The chance that a shared name means another one of its items, and that one that nothing names
/// makes up the difference.
fn split_ppt(case: &Case<'_, '_>, items: &[u32]) -> u64 {
    if case.shared.is_empty() {
        return 0;
    }
    let has = |item: &u32| items.binary_search(item).is_ok();
    let mut unnamed: FxHashMap<i64, u64> = FxHashMap::default();
    for &item in case.pool.iter().filter(|item| !has(item)) {
        *unnamed.entry(case.open(item)).or_default() += 1;
    }
    let mut ways = 0;
    for shared in case.shared {
        for &taken in shared.items.iter().filter(|item| has(item)) {
            for &left in shared.items.iter().filter(|item| !has(item)) {
                let rest = case.open(taken).saturating_sub(case.open(left));
                let itself = u64::from(rest == case.open(left));
                let known = unnamed.get(&rest).copied().unwrap_or(0);
                ways += known.saturating_sub(itself);
            }
        }
    }
    // One left out of the text against none, both shares alike, and that one any of the others.
    let named = items.len() as u64 + 2;
    let others = unnamed.values().sum::<u64>().saturating_sub(1).max(1);
    ONE_PPT / (named * named) / others * ways
}

/// The chance that items were settled against each other that nothing names: all of them, or any
/// two. A payer who names some of what it settles may name any share of it.
fn cancelled_ppt(case: &Case<'_, '_>, items: &[u32]) -> u64 {
    let unnamed = case.pool.iter().copied();
    let unnamed: Vec<u32> = unnamed
        .filter(|item| items.binary_search(item).is_err())
        .collect();
    if unnamed.iter().all(|&item| case.open(item) > 0) {
        return 0;
    }
    if case.sum(&unnamed) == 0 {
        return ALL_UNSAID_PPT;
    }
    let mut debits: FxHashMap<i64, u64> = FxHashMap::default();
    for &item in unnamed.iter().filter(|&&item| case.open(item) > 0) {
        *debits.entry(case.open(item)).or_default() += 1;
    }
    let credits = unnamed.iter().filter(|&&item| case.open(item) < 0);
    let against = credits.filter_map(|&item| debits.get(&case.open(item).checked_neg()?));
    let pairs: u64 = against.sum();
    let (named, others) = (items.len() as u64, unnamed.len() as u64);
    // Two of `named + 2` left out of the text against none, both shares alike.
    let weight = 2 * ONE_PPT / ((named + 2) * (named + 2) * (named + 3));
    let choices = (others * others.saturating_sub(1) / 2).max(1);
    let chance = u128::from(weight) * u128::from(pairs) / u128::from(choices);
    u64::try_from(chance).unwrap_or(ONE_PPT).min(ONE_PPT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odds_are_upper_bounds_and_fall() {
        // 10^12 / e^k, rounded up.
        for (millinats, least) in [
            (0, ONE_PPT),
            (1_000, 367_879_441_172),
            (6_907, 1_000_244_863),
        ] {
            let odds = odds_ppt(millinats);
            assert!(
                (least..least + least / 10).contains(&odds),
                "{millinats}: {odds}"
            );
        }
        assert!((0..30_000).all(|millinats| odds_ppt(millinats) >= odds_ppt(millinats + 1)));
        assert_eq!(odds_ppt(i64::MAX), 1);
    }

    #[test]
    fn a_part_is_raised_to_one_at_most() {
        for (part, millinats, least) in [(1_000, 0, 1_000), (1_000, 2_303, 10_000)] {
            let raised = raised_ppt(part, millinats);
            assert!((least..least + least / 10).contains(&raised), "{raised}");
        }
        assert_eq!(raised_ppt(1, i64::MAX), ONE_PPT);
        assert_eq!(raised_ppt(ONE_PPT, 1), ONE_PPT);
    }

    #[test]
    fn rivals_of_equal_cost_share() {
        assert_eq!(rival_ppt(0), ONE_PPT / 2 + 1);
        assert!(rival_ppt(9_300) <= 100_000_000);
    }
}
