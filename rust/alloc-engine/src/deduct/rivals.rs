//! What deductions weigh from items that nothing names for sure: never chosen, and a rival to other
//! items that make up the cash to the minor unit.
//!
//! Only kinds that make few amounts count, where they hit. A part payment and a surplus make any
//! amount: they are among the payments that no set is meant by (ADR 0007).

use super::{NAMED_PPM, ONE, Set, explained, share};
use crate::evidence::Shared;
use crate::explain::Case;
use crate::policy::ONE_PPT;
use crate::reference::scan::Hit;

/// A payer who names nothing pays everything: a third (ADR 0007).
const EVERYTHING_PPM: u64 = 333_333;

/// Ways to choose a shared name's items; of more than so many none is looked at.
const CHOICES_MAX: u128 = 2_000;

/// The weight of deductions from everything, where nothing is named, or from as many items of a
/// shared name as it stands there, parts per trillion.
#[must_use]
pub fn unnamed_rival_ppt(case: &Case<'_, '_>) -> u64 {
    let mut total = 0;
    let mut add = |items: &[u32], weight_ppm: u64| {
        if let Some(set) = Set::of(case, items, weight_ppm) {
            let ways = explained(case, items, &set);
            let few = ways.iter().filter(|way| !way.kind.absorbs());
            total += few
                .map(|way| u128::from(share(way.weight, weight_ppm)))
                .sum::<u128>();
        }
    };
    match case.shared {
        [] if case.hits.is_empty() && case.places.is_empty() && case.advice.is_empty() => {
            add(case.pool, EVERYTHING_PPM);
        }
        [shared] if case.advice.is_empty() => {
            let alone = |hit: &&Hit| hit.sharers == 1;
            let alone = case.hits.iter().filter(alone).map(|hit| hit.item);
            let choices = choices(shared);
            if choices <= CHOICES_MAX {
                let each = NAMED_PPM / u64::try_from(choices.max(1)).unwrap_or(u64::MAX);
                let mut chosen: Vec<u32> = alone.collect();
                each_choice(&shared.items, shared.mentions, &mut chosen, &mut |items| {
                    add(items, each);
                });
            }
        }
        _ => {}
    }
    u64::try_from(total / u128::from(ONE / ONE_PPT)).unwrap_or(u64::MAX)
}

/// In how many ways a shared name may mean its items.
fn choices(shared: &Shared) -> u128 {
    let all = shared.items.len() as u128;
    (1..=shared.mentions as u128).fold(1, |ways: u128, taken| {
        ways.saturating_mul((all + 1).saturating_sub(taken)) / taken
    })
}

/// Visits every choice of so many items beside those that are chosen.
fn each_choice(items: &[u32], count: usize, chosen: &mut Vec<u32>, visit: &mut dyn FnMut(&[u32])) {
    let Some(left) = count.checked_sub(1) else {
        return visit(chosen);
    };
    // Begun no later than where enough items follow, each branch ends in a choice.
    let begins = (items.len() + 1).saturating_sub(count);
    for (at, &item) in items.iter().enumerate().take(begins) {
        chosen.push(item);
        each_choice(&items[at + 1..], left, chosen, visit);
        chosen.pop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nearly_all_of_many_items_are_few_choices() {
        let items: Vec<u32> = (0..60).collect();
        for (mentions, choices) in [(60, 1), (59, 60), (61, 0)] {
            let mut visited = 0;
            each_choice(&items, mentions, &mut Vec::new(), &mut |_| visited += 1);
            assert_eq!(visited, choices);
        }
    }

    proptest! {
        #[test]
        fn every_choice_is_visited_once(items in 0_usize..9, mentions in 0_usize..9) {
            prop_assume!(mentions <= items);
            let items: Vec<u32> = (10..).take(items).collect();
            let mut visited = Vec::new();
            each_choice(&items, mentions, &mut vec![7], &mut |chosen| {
                visited.push(chosen.to_vec());
            });
            let bits = (0_u32..1 << items.len()).filter(|set| set.count_ones() as usize == mentions);
            let mut expected: Vec<Vec<u32>> = bits
                .map(|set| {
                    let among = (0..).zip(&items).filter(|(at, _)| set >> at & 1 == 1);
                    std::iter::once(7).chain(among.map(|(_, &item)| item)).collect()
                })
                .collect();
            expected.sort();
            visited.sort();
            prop_assert_eq!(&visited, &expected);
            let shared = Shared { items, mentions, surprise_millinats: 0 };
            prop_assert_eq!(choices(&shared), visited.len() as u128);
        }
    }
}
