//! The ladder against brute force: every set of small pools is tried.

#![allow(
    clippy::float_arithmetic,
    reason = "the oracle weighs sets; no amount is a float"
)]

use std::collections::BTreeSet;

use alloc_subset::{Budget, Delta, Outcome, Problem, Solution, count, solve};
use proptest::prelude::*;

/// A question with everything in it.
#[derive(Clone, Debug)]
struct Case {
    amounts: Vec<i64>,
    target: i64,
    costs: Option<Vec<i64>>,
    deltas: Vec<Delta>,
}

impl Case {
    fn problem(&self) -> Problem<'_> {
        let mut problem = Problem::new(&self.amounts, self.target);
        problem.costs_millinats = self.costs.as_deref();
        problem.deltas = &self.deltas;
        problem
    }

    fn cost(&self, item: usize) -> i64 {
        self.costs.as_ref().map_or(0, |costs| costs[item])
    }
}

/// How many items of each (amount, cost) are in.
type Set = Vec<(i64, i64, usize)>;

/// An explanation: its set, its cost, and the weight of all its interchangeable forms.
struct Entry {
    set: Set,
    cost: i64,
    weight: f64,
}

fn set_of(case: &Case, items: &[usize]) -> Set {
    let mut set = Set::new();
    for &item in items.iter().filter(|&&item| case.amounts[item] != 0) {
        let key = (case.amounts[item], case.cost(item));
        match set.iter_mut().find(|entry| (entry.0, entry.1) == key) {
            Some(entry) => entry.2 += 1,
            None => set.push((key.0, key.1, 1)),
        }
    }
    set.sort_unstable();
    set
}

/// All explanations of a case.
fn brute_force(case: &Case) -> Vec<Entry> {
    let live: Vec<usize> = (0..case.amounts.len())
        .filter(|&item| case.amounts[item] != 0)
        .collect();
    let prior: i64 = live.iter().map(|&item| case.cost(item).min(0)).sum();
    let mut seen: Vec<Entry> = Vec::new();
    for mask in 0_u32..1 << live.len() {
        let bits = (0..live.len()).filter(|bit| mask >> bit & 1 == 1);
        let chosen: Vec<usize> = bits.map(|bit| live[bit]).collect();
        let sum: i64 = chosen.iter().map(|&item| case.amounts[item]).sum();
        let Some(delta_cost) = delta_cost(case, sum - case.target) else {
            continue;
        };
        let cost = chosen.iter().map(|&item| case.cost(item)).sum::<i64>() - prior + delta_cost;
        let weight = (-(f64::from(i32::try_from(cost).expect("small"))) / 1_000.0).exp();
        let set = set_of(case, &chosen);
        match seen.iter_mut().find(|entry| entry.set == set) {
            Some(entry) => entry.weight += weight,
            None => seen.push(Entry { set, cost, weight }),
        }
    }
    seen
}

fn delta_cost(case: &Case, difference: i64) -> Option<i64> {
    let free = (difference == 0).then_some(0);
    let uses = case.deltas.iter().flat_map(|delta| {
        (1..=i64::from(delta.count_max)).filter_map(move |count| {
            let inside =
                count * delta.low_minor <= difference && difference <= count * delta.high_minor;
            inside.then_some(count * delta.cost_millinats)
        })
    });
    uses.chain(free).min()
}

/// Everything a solution claims, checked against the list of all explanations.
fn check(case: &Case, solution: &Solution) {
    let all = brute_force(case);
    let number = all.len() as u64;
    let said = format!("{case:?} {solution:?}");
    assert!(solution.count.at_least <= number, "{said}");
    let most = solution.count.at_most;
    assert!(most.is_none_or(|most| most >= number), "{said}");
    match solution.outcome {
        Outcome::None => assert_eq!(number, 0, "{said}"),
        Outcome::Unique => assert_eq!(number, 1, "{said}"),
        Outcome::Ambiguous { known } => assert!(known <= number && known > 0, "{said}"),
        Outcome::Exact | Outcome::Dominant => assert!(number >= 1, "{said}"),
        other => panic!("{other:?}: {said}"),
    }
    assert_eq!(solution.explanations.is_empty(), number == 0, "{said}");
    check_explanations(case, solution, &all);
}

fn check_explanations(case: &Case, solution: &Solution, all: &[Entry]) {
    let said = format!("{case:?} {solution:?}");
    let total: f64 = all.iter().map(|entry| entry.weight).sum();
    let mut sets = BTreeSet::new();
    for explanation in &solution.explanations {
        let items = &explanation.items;
        let sum: i64 = items.iter().map(|&item| case.amounts[item]).sum();
        assert_eq!(sum - case.target, explanation.difference_minor);
        assert!(items.windows(2).all(|pair| pair[0] < pair[1]));
        let set = set_of(case, items);
        assert!(sets.insert(set.clone()), "listed twice: {said}");
        let entry = all.iter().find(|entry| entry.set == set);
        let entry = entry.expect("an explanation that exists");
        assert_eq!(entry.cost, explanation.cost_millinats, "{said}");
        let share = entry.weight / total * 1e6;
        assert!(
            f64::from(explanation.p_low_ppm) <= share + 1e-3,
            "{share} {said}"
        );
        assert!(
            f64::from(explanation.p_high_ppm) >= share - 1e-3,
            "{share} {said}"
        );
    }
    if solution.explanations.len() == all.len() && !all.is_empty() {
        let best = all.iter().map(|entry| entry.weight).fold(0.0, f64::max);
        let first = f64::from(solution.explanations[0].p_high_ppm);
        assert!(
            first >= best / total * 1e6 - 1.0,
            "the best is not first: {said}"
        );
    }
}

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
        deltas in prop::collection::vec((-30_i64..30, 0_i64..20, 0_i64..5_000, 1_u32..3), 0..3),
        amounts in Just(amounts),
    ) -> Case {
        let target = amounts.iter().zip(&picked).filter(|(_, p)| **p).map(|(a, _)| a).sum::<i64>() + offset;
        let deltas = deltas.into_iter().map(|(low, width, cost_millinats, count_max)| Delta {
            low_minor: low, high_minor: low + width, cost_millinats, count_max,
        }).collect();
        Case { amounts, target, costs, deltas }
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
        let (first, second) = (solve(&case.problem()).expect("in range"), solve(&turned.problem()).expect("in range"));
        prop_assert_eq!(first.outcome, second.outcome);
        prop_assert_eq!(first.count, second.count);
        let costs = |s: &Solution| s.explanations.iter().map(|e| e.cost_millinats).collect::<Vec<_>>();
        let least = |s: &Solution| costs(s).into_iter().min();
        prop_assert_eq!(least(&first), least(&second));
    }
}
