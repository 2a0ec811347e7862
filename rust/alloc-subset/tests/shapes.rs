//! Every claim about which set a payer means, against the number of all sets.

mod ways;

use alloc_subset::{Budget, Ends, Outcome, ScatteredWeights, ShapeWeights, explain_by_shape};
use proptest::prelude::*;

use crate::ways::{Line, check_claims, check_explanations};

/// Weights of the order that payers have.
const WEIGHTS: ShapeWeights = ShapeWeights {
    named_ppm: 100_000,
    one_ppm: 250_000,
    first_ppm: 20_000,
    all_ppm: 250_000,
    edge_ppm: Ends::alike(60_000),
    run_ppm: 50_000,
    gap_ppm: 30_000,
    three_ppm: Ends::alike(30_000),
    four_ppm: 30_000,
    around_named_ppm: 50_000,
    window_ppm: 30_000,
    scattered_ppm: ScatteredWeights::alike(100_000),
};

fn amounts() -> impl Strategy<Value = Vec<i64>> {
    prop_oneof![
        prop::collection::vec(prop_oneof![4 => 1_i64..60, 1 => -30_i64..-1], 0..16),
        prop::collection::vec(prop::sample::select(vec![-990_i64, 500, 990, 1_980]), 0..24),
        prop::collection::vec((1_i64..50).prop_map(|x| 10 * x), 0..20),
        prop::collection::vec(1_i64..5_000_000_000_000, 0..16),
    ]
}

prop_compose! {
    fn lines()(amounts in amounts())(
        picked in prop::collection::vec(any::<bool>(), amounts.len()),
        named in prop::collection::vec(prop::bool::weighted(0.15), amounts.len()),
        twins in prop::collection::vec(0_u32..2, amounts.len()),
        offset in prop_oneof![3 => Just(0_i64), 1 => -3_i64..4],
        amounts in Just(amounts),
    ) -> Line {
        let inside = amounts.iter().zip(picked.iter().zip(&named));
        let inside = inside.filter(|(_, (picked, named))| **picked || **named);
        let target = inside.map(|(amount, _)| amount).sum::<i64>() + offset;
        let first = |amount: &i64| amounts.iter().position(|other| other == amount);
        let kind = |(amount, twin): (&i64, &u32)| {
            let first = u32::try_from(first(amount).expect("it is there")).expect("few");
            2 * first + twin
        };
        let kinds = amounts.iter().zip(&twins).map(kind).collect();
        let budget = Budget::default();
        Line { amounts, kinds, named, target, weights: WEIGHTS, budget, wrong_max_ppm: 10_000 }
    }
}

proptest! {
    #[test]
    fn none_and_unique_are_confirmed_by_counting_all_sets(line in lines()) {
        let solution = explain_by_shape(&line.problem()).expect("in range");
        check_explanations(&line, &solution);
        check_claims(&line, &solution);
        // What is counted in full is said in full.
        if solution.count.exact() == Some(line.ways()) {
            let ways = line.ways();
            prop_assert_eq!(solution.outcome == Outcome::None, ways == 0);
            prop_assert_eq!(solution.outcome == Outcome::Unique, ways == 1);
        }
    }

    #[test]
    fn a_small_budget_claims_nothing_that_is_not_so(line in lines(), steps in 0_u64..5_000) {
        let budget = Budget { steps, ..Budget::default() };
        let line = Line { budget, ..line };
        let solution = explain_by_shape(&line.problem()).expect("in range");
        check_explanations(&line, &solution);
        check_claims(&line, &solution);
    }
}
