//! Every explanation of a small pool, and what a solution may claim about them.

#![allow(
    clippy::float_arithmetic,
    reason = "the oracle weighs sets; no amount is a float"
)]

use std::collections::{BTreeMap, BTreeSet};

use alloc_subset::{Delta, Outcome, Problem, Solution};

/// A question with everything in it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Signed amounts, minor units.
    pub amounts: Vec<i64>,
    /// The sum wanted, minor units.
    pub target: i64,
    /// Cost of having each item in, millinats.
    pub costs: Option<Vec<i64>>,
    /// Items of equal amount and cost but of another kind are not interchangeable.
    pub kinds: Option<Vec<u32>>,
    /// Admissible differences.
    pub deltas: Vec<Delta>,
}

impl Case {
    /// The question as the core takes it.
    #[must_use]
    pub fn problem(&self) -> Problem<'_> {
        let mut problem = Problem::new(&self.amounts, self.target);
        problem.costs_millinats = self.costs.as_deref();
        problem.kinds = self.kinds.as_deref();
        problem.deltas = &self.deltas;
        problem
    }

    fn cost(&self, item: usize) -> i64 {
        self.costs.as_ref().map_or(0, |costs| costs[item])
    }

    fn key(&self, item: usize) -> Class {
        let kind = self.kinds.as_ref().map_or(0, |kinds| kinds[item]);
        (self.amounts[item], self.cost(item), kind)
    }
}

/// What makes items interchangeable: amount, cost, kind.
type Class = (i64, i64, u32);
/// How many items of each class are in.
type Set = Vec<(Class, usize)>;

/// An explanation: its set, its cost and the number of its forms.
pub struct Entry {
    set: Set,
    cost: i64,
    /// How many forms it has: choices among interchangeable items.
    forms: u32,
}

impl Entry {
    /// Its weight beside that of the cheapest.
    fn weight(&self, least: i64) -> f64 {
        let above = i32::try_from(self.cost - least).unwrap_or(i32::MAX);
        f64::from(self.forms) * (-f64::from(above) / 1_000.0).exp()
    }
}

fn set_of(case: &Case, items: &[usize]) -> Set {
    let mut set = Set::new();
    for &item in items.iter().filter(|&&item| case.amounts[item] != 0) {
        let class = case.key(item);
        match set.iter_mut().find(|(known, _)| *known == class) {
            Some((_, number)) => *number += 1,
            None => set.push((class, 1)),
        }
    }
    set.sort_unstable();
    set
}

/// All explanations of a case.
#[must_use]
pub fn brute_force(case: &Case) -> Vec<Entry> {
    let live: Vec<usize> = (0..case.amounts.len())
        .filter(|&item| case.amounts[item] != 0)
        .collect();
    let prior: i64 = live.iter().map(|&item| case.cost(item).min(0)).sum();
    let mut seen: BTreeMap<Set, (i64, u32)> = BTreeMap::new();
    for mask in 0_u32..1 << live.len() {
        let bits = (0..live.len()).filter(|bit| mask >> bit & 1 == 1);
        let sum: i64 = bits.clone().map(|bit| case.amounts[live[bit]]).sum();
        let Some(delta_cost) = delta_cost(case, sum - case.target) else {
            continue;
        };
        let chosen: Vec<usize> = bits.map(|bit| live[bit]).collect();
        let cost = chosen.iter().map(|&item| case.cost(item)).sum::<i64>() - prior + delta_cost;
        let (_, forms) = seen.entry(set_of(case, &chosen)).or_insert((cost, 0));
        *forms += 1;
    }
    seen.into_iter()
        .map(|(set, (cost, forms))| Entry { set, cost, forms })
        .collect()
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
///
/// # Panics
/// When a claim does not hold.
pub fn check(case: &Case, solution: &Solution) {
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
    let least = all.iter().map(|entry| entry.cost).min().unwrap_or(0);
    let total: f64 = all.iter().map(|entry| entry.weight(least)).sum();
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
        let share = entry.weight(least) / total * 1e6;
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
        let best = all
            .iter()
            .map(|entry| entry.weight(least))
            .fold(0.0, f64::max);
        let first = f64::from(solution.explanations[0].p_high_ppm);
        assert!(
            first >= best / total * 1e6 - 1.0,
            "the best is not first: {said}"
        );
    }
}
