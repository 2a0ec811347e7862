//! Every rung of the ladder alone, against all picks of small pools.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::meter::Meter;
use crate::pool::{Normal, Pick, Pool, normalise};
use crate::problem::{Budget, Delta, Problem};
use crate::search::full_cost;
use crate::{reach, screen, search, witness};

/// All admissible picks of a pool.
fn all_picks(pool: &Pool) -> BTreeSet<Pick> {
    let counts: Vec<u32> = pool.classes.iter().map(|class| class.count).collect();
    let mut pick = vec![0_u32; counts.len()];
    let mut found = BTreeSet::new();
    loop {
        if pool.segment(pool.sum(&pick)).is_some() {
            found.insert(pick.clone());
        }
        let Some(next) = (0..counts.len()).find(|&i| pick[i] < counts[i]) else {
            return found;
        };
        pick[next] += 1;
        pick[..next].fill(0);
    }
}

fn items() -> impl Strategy<Value = Vec<(i64, i64)>> {
    let cost = prop_oneof![-8_000_i64..8_000, Just(0), Just(1_500)];
    prop_oneof![
        prop::collection::vec((-90_i64..300, cost.clone()), 1..11),
        prop::collection::vec(
            (prop::sample::select(vec![999_i64, 1_990, 4_900]), Just(0)),
            1..14
        ),
        prop::collection::vec(((1_i64..60).prop_map(|x| 35 * x), cost), 1..11),
    ]
}

fn with_pool(items: &[(i64, i64)], share: i64, wide: bool, check: impl FnOnce(&Pool, &mut Meter)) {
    let amounts: Vec<i64> = items.iter().map(|item| item.0).collect();
    let costs: Vec<i64> = items.iter().map(|item| item.1).collect();
    let target = amounts.iter().sum::<i64>() * share / 100;
    let deltas = [Delta {
        low_minor: -9,
        high_minor: 40,
        cost_millinats: 900,
        count_max: 2,
    }];
    let mut problem = Problem::new(&amounts, target);
    problem.costs_millinats = Some(&costs);
    if wide {
        problem.deltas = &deltas;
    }
    if let Ok(Normal::Pool(pool)) = normalise(&problem) {
        check(&pool, &mut Meter::new(Budget::default()));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_bitset_tells_never_once_and_more_than_once(
        items in items(), share in 0_i64..101, wide in any::<bool>(),
    ) {
        with_pool(&items, share, wide, |pool, meter| {
            let all = all_picks(pool);
            let expected = all.len().min(2);
            let reached = reach::count(pool, meter);
            assert_eq!(reached.count as usize, expected);
            let found = reach::witnesses(pool, &reached, meter).expect("within the budget");
            assert_eq!(found.len(), expected, "{pool:?}");
            let found: BTreeSet<Pick> = found.into_iter().collect();
            assert_eq!(found.len(), expected, "one pick twice");
            assert!(found.is_subset(&all));
        });
    }

    #[test]
    fn the_search_sees_everything_up_to_the_cost_it_states(
        items in items(), share in 0_i64..101, wide in any::<bool>(),
    ) {
        with_pool(&items, share, wide, |pool, meter| {
            let all = all_picks(pool);
            let wanted = 3;
            let found = search::cheapest(pool, wanted, meter);
            let costs: Vec<i64> = found.picks.iter().map(|pick| full_cost(pool, pick)).collect();
            assert!(found.picks.iter().all(|pick| all.contains(pick)));
            assert!(costs.is_sorted());
            assert!(!found.picks.is_empty() || all.is_empty());
            let complete_to = found.complete_to.expect("small pools are listed");
            let mut cheap: Vec<i64> = all.iter().map(|pick| full_cost(pool, pick)).collect();
            cheap.retain(|&cost| cost <= complete_to);
            cheap.sort_unstable();
            assert!(found.seen >= cheap.len() as u64);
            cheap.truncate(wanted);
            assert!(costs.starts_with(&cheap), "{costs:?} misses some of {cheap:?}");
        });
    }

    #[test]
    fn quick_witnesses_are_admissible_and_different(
        items in items(), share in 0_i64..101, wide in any::<bool>(),
    ) {
        with_pool(&items, share, wide, |pool, meter| {
            let all = all_picks(pool);
            let found = witness::quick(pool, 3, witness::CORE_SMALL, meter);
            let different: BTreeSet<Pick> = found.iter().cloned().collect();
            assert_eq!(different.len(), found.len());
            assert!(different.is_subset(&all));
        });
    }

    #[test]
    fn a_residue_screen_never_refutes_what_is_there(
        items in items(), share in 0_i64..101, wide in any::<bool>(),
    ) {
        with_pool(&items, share, wide, |pool, meter| {
            let refuted = screen::quick(pool, meter).or_else(|| screen::full(pool, meter));
            assert!(refuted.is_none() || all_picks(pool).is_empty());
        });
    }
}
