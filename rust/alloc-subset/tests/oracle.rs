//! The ladder against brute force: every set of small pools is tried.

mod brute;

use alloc_subset::{Budget, Delta, Outcome, Solution, count, solve};
use proptest::prelude::*;

use crate::brute::{Case, brute_force, check};

fn amounts() -> impl Strategy<Value = Vec<i64>> {
    prop_oneof![
        prop::collection::vec(-60_i64..200, 0..12),
        prop::collection::vec(
            prop::sample::select(vec![-990_i64, 0, 500, 990, 990, 1_980]),
            0..12
        ),
        prop::collection::vec((1_i64..50).prop_map(|x| 10 * x), 0..11),
        prop::collection::vec(1_i64..5_000_000_000_000, 0..11),
        prop::collection::vec((-40_i64..0).prop_map(|x| 7 * x), 0..11),
    ]
}

prop_compose! {
    fn cases()(amounts in amounts())(
        picked in prop::collection::vec(any::<bool>(), amounts.len()),
        offset in prop_oneof![4 => Just(0_i64), 1 => -3_i64..4],
        costs in prop::option::of(prop::collection::vec(
            prop_oneof![-9_000_i64..9_000, Just(2_000), Just(-2_000), Just(0)], amounts.len())),
        kinds in prop::option::weighted(0.3, prop::collection::vec(0_u32..3, amounts.len())),
        deltas in prop::collection::vec((-30_i64..30, 0_i64..20, 0_i64..5_000, 1_u32..3), 0..3),
        amounts in Just(amounts),
    ) -> Case {
        let target = amounts.iter().zip(&picked).filter(|(_, p)| **p).map(|(a, _)| a).sum::<i64>() + offset;
        let deltas = deltas.into_iter().map(|(low, width, cost_millinats, count_max)| Delta {
            low_minor: low, high_minor: low + width, cost_millinats, count_max,
        }).collect();
        Case { amounts, target, costs, kinds, deltas }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn every_claim_holds_against_all_sets(case in cases()) {
        check(&case, &solve(&case.problem()).expect("in range"));
    }

    #[test]
    fn the_count_is_the_number_of_sets(case in cases()) {
        let got = count(&case.problem()).expect("in range").expect("small");
        prop_assert_eq!(got, brute_force(&case).len() as u64);
    }

    #[test]
    fn claims_hold_at_any_budget(case in cases(), steps in 0_u64..200_000) {
        let mut problem = case.problem();
        problem.budget = Budget { steps, ..Budget::default() };
        let solution = solve(&problem).expect("in range");
        if solution.outcome != Outcome::OverBudget {
            check(&case, &solution);
        }
    }

    #[test]
    fn the_order_of_the_items_changes_nothing_but_their_numbers(case in cases()) {
        let mut turned = case.clone();
        turned.amounts.reverse();
        if let Some(costs) = &mut turned.costs {
            costs.reverse();
        }
        if let Some(kinds) = &mut turned.kinds {
            kinds.reverse();
        }
        let (first, second) = (solve(&case.problem()).expect("in range"), solve(&turned.problem()).expect("in range"));
        prop_assert_eq!(first.outcome, second.outcome);
        prop_assert_eq!(first.count, second.count);
        let costs = |s: &Solution| s.explanations.iter().map(|e| e.cost_millinats).collect::<Vec<_>>();
        let least = |s: &Solution| costs(s).into_iter().min();
        prop_assert_eq!(least(&first), least(&second));
    }
}
