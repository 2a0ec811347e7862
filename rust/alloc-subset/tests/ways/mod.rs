//! In how many ways a sum can be made up, counted sum by sum, and what an answer by shape may claim.

use std::collections::{BTreeMap, BTreeSet};

use alloc_subset::{Budget, Outcome, ShapeExplanation, ShapeProblem, ShapeSolution, ShapeWeights};

/// A payer's items, oldest first, and what came.
#[derive(Clone, Debug)]
pub struct Line {
    /// Signed amounts, minor units.
    pub amounts: Vec<i64>,
    /// Items of one kind have one amount and are interchangeable.
    pub kinds: Vec<u32>,
    /// Items that are in for sure.
    pub named: Vec<bool>,
    /// The sum wanted, minor units.
    pub target: i64,
    /// How likely each shape is.
    pub weights: ShapeWeights,
    /// How much work is allowed.
    pub budget: Budget,
    /// Largest probability of being wrong, ppm.
    pub wrong_max_ppm: u32,
}

impl Line {
    /// The question as the core takes it.
    #[must_use]
    pub fn problem(&self) -> ShapeProblem<'_> {
        ShapeProblem {
            amounts_minor: &self.amounts,
            kinds: &self.kinds,
            named: &self.named,
            target_minor: self.target,
            weights: self.weights,
            unexplained_ppt: 1_000_000,
            rival_ppt: 0,
            budget: self.budget,
            explanations_max: 16,
            wrong_max_ppm: self.wrong_max_ppm,
        }
    }

    /// Items that nothing names, by kind: their amount and their positions.
    fn rest(&self) -> BTreeMap<u32, (i64, Vec<usize>)> {
        let mut rest: BTreeMap<u32, (i64, Vec<usize>)> = BTreeMap::new();
        for item in (0..self.amounts.len()).filter(|&item| !self.named[item]) {
            let kind = rest.entry(self.kinds[item]).or_default();
            kind.0 = self.amounts[item];
            kind.1.push(item);
        }
        rest
    }

    /// In how many ways the target can be made up; interchangeable items are one choice.
    #[must_use]
    pub fn ways(&self) -> u64 {
        let named = self.amounts.iter().zip(&self.named);
        let given: i64 = named.filter(|(_, named)| **named).map(|(a, _)| a).sum();
        let mut ways: BTreeMap<i64, u64> = BTreeMap::from([(given, 1)]);
        for (amount, items) in self.rest().into_values() {
            let mut more: BTreeMap<i64, u64> = BTreeMap::new();
            for (sum, count) in ways {
                let mut sum = sum;
                for _ in 0..=items.len() {
                    *more.entry(sum).or_default() += count;
                    sum += amount;
                }
            }
            ways = more;
        }
        ways.get(&self.target).copied().unwrap_or(0)
    }
}

/// What holds of an answer whatever is true.
///
/// # Panics
/// When an explanation does not make up the target, or is none.
pub fn check_explanations(line: &Line, solution: &ShapeSolution) {
    let sets = solution.explanations.iter().map(|one| &one.items);
    let sets: BTreeSet<&Vec<usize>> = sets.collect();
    assert_eq!(sets.len(), solution.explanations.len(), "{line:?}");
    let mut low = 0;
    for explanation in &solution.explanations {
        check_explanation(line, explanation);
        low += explanation.p_low_ppm;
    }
    // Rates are kept in whole millinats: a thousandth of a weight.
    assert!(low <= 1_001_000, "{line:?} {solution:?}");
    if solution.outcome == Outcome::Dominant {
        let sure = 1_000_000 - line.wrong_max_ppm;
        assert!(solution.explanations[0].p_low_ppm >= sure, "{line:?}");
    }
}

fn check_explanation(line: &Line, explanation: &ShapeExplanation) {
    let items = &explanation.items;
    assert!(items.is_sorted_by(|one, next| one < next), "{line:?}");
    let sum: i64 = items.iter().map(|&item| line.amounts[item]).sum();
    assert_eq!(sum, line.target, "{line:?} {explanation:?}");
    let inside = |item: &usize| items.binary_search(item).is_ok();
    let named = (0..line.named.len()).filter(|&item| line.named[item]);
    assert!(named.into_iter().all(|item| inside(&item)), "{line:?}");
    for (_, items) in line.rest().into_values() {
        let chosen = items.iter().filter(|item| inside(item)).count();
        assert!(items[..chosen].iter().all(inside), "the first: {line:?}");
    }
    assert!(explanation.p_low_ppm <= explanation.p_high_ppm, "{line:?}");
    assert!(explanation.p_high_ppm <= 1_000_000, "{line:?}");
}

/// What an answer claims about all sets, against their number.
///
/// # Panics
/// When it claims what is not so.
pub fn check_claims(line: &Line, solution: &ShapeSolution) {
    let ways = line.ways();
    let count = solution.count;
    assert!(count.at_least <= ways, "{ways} {line:?} {solution:?}");
    assert!(count.at_most.is_none_or(|most| ways <= most), "{line:?}");
    match solution.outcome {
        Outcome::None => assert_eq!(ways, 0, "{line:?}"),
        Outcome::Unique => {
            assert_eq!(ways, 1, "{line:?}");
            assert_eq!(solution.explanations.len(), 1, "{line:?}");
        }
        Outcome::Ambiguous { known } => assert!((1..=ways).contains(&known), "{line:?}"),
        Outcome::Dominant => assert!(ways > 0, "{line:?}"),
        _ => assert_ne!(line.budget, Budget::default(), "{line:?} {solution:?}"),
    }
}
