//! Large and adversarial pools: what must be proved, and that budgets hold.

use alloc_subset::{
    BYTES_MAX, Budget, Delta, Outcome, Problem, Proof, Solution, SubsetError, count, solve,
};

/// A small generator (`SplitMix64`), so that the pools never change.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: u64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        i64::try_from((word ^ (word >> 31)) % limit).expect("limits are small")
    }
}

fn answer(problem: &Problem<'_>) -> Solution {
    let solution = solve(problem).expect("in range");
    for explanation in &solution.explanations {
        let sum: i64 = explanation
            .items
            .iter()
            .map(|&item| problem.amounts_minor[item])
            .sum();
        assert_eq!(sum - problem.target_minor, explanation.difference_minor);
        assert!(explanation.difference_minor == 0 || explanation.delta.is_some());
    }
    assert!(solution.work.bytes <= problem.budget.bytes);
    solution
}

#[test]
fn an_empty_pool_explains_nothing_but_zero() {
    assert_eq!(answer(&Problem::new(&[], 0)).outcome, Outcome::Unique);
    let none = answer(&Problem::new(&[], 5));
    assert_eq!((none.outcome, none.proof), (Outcome::None, Proof::Range));
}

#[test]
fn amounts_of_zero_stay_where_they_are_likely() {
    let mut problem = Problem::new(&[0, 50, 0], 50);
    let costs = [-2_000, 100, 2_000];
    problem.costs_millinats = Some(&costs);
    let solution = answer(&problem);
    assert_eq!(solution.outcome, Outcome::Unique);
    assert_eq!(solution.explanations[0].items, [0, 1]);
}

#[test]
fn even_amounts_never_make_an_odd_target() {
    let mut draw = Draw(1);
    let amounts: Vec<i64> = (0..100).map(|_| 2 * (1 + draw.below(500_000))).collect();
    let solution = answer(&Problem::new(&amounts, 24_511_409));
    assert_eq!(
        (solution.outcome, solution.proof),
        (Outcome::None, Proof::Divisor)
    );
}

#[test]
fn endings_that_two_exceptions_cannot_make_are_refuted_by_residue() {
    let mut draw = Draw(2);
    let mut amounts: Vec<i64> = (0..998).map(|_| 10 * (10 + draw.below(50_000))).collect();
    amounts.extend([1_113, 2_122]);
    let solution = answer(&Problem::new(&amounts, 70_000_009));
    assert_eq!(solution.outcome, Outcome::None);
    assert!(
        matches!(solution.proof, Proof::Residue(_)),
        "{:?}",
        solution.proof
    );
    assert!(solution.work.steps < 200_000);
}

#[test]
fn avis_pools_are_refuted() {
    // Avis's family (Chvatal, 1980): close amounts of which too many would be needed.
    for n in [50_i64, 100, 150] {
        let amounts: Vec<i64> = (0..n).map(|j| n * (n + 1) + j).collect();
        let target = n * (n + 1) * ((n - 1) / 2) + n * (n - 1) / 2;
        let solution = answer(&Problem::new(&amounts, target));
        assert_eq!(
            (solution.outcome, solution.proof),
            (Outcome::None, Proof::Bitset)
        );
    }
}

#[test]
fn todd_pools_are_refuted() {
    // Todd's family (Chvatal, 1980): powers of two that share a low bit.
    for n in [16_u32, 20, 24] {
        let k = n.ilog2();
        let amounts: Vec<i64> = (1..=n)
            .map(|j| (1 << (k + n + 1)) + (1 << (k + j)) + 1)
            .collect();
        let target = amounts.iter().sum::<i64>() / 2;
        let solution = answer(&Problem::new(&amounts, target));
        assert_eq!(
            (solution.outcome, solution.proof),
            (Outcome::None, Proof::Enumeration)
        );
    }
}

#[test]
fn thousands_of_equal_items_are_one_class() {
    let amounts = vec![990; 5_000];
    let solution = answer(&Problem::new(&amounts, 990 * 1_234));
    assert_eq!(solution.outcome, Outcome::Unique);
    assert_eq!(
        solution.explanations[0].items,
        (0..1_234).collect::<Vec<_>>()
    );
    let none = answer(&Problem::new(&amounts, 990 * 1_234 + 1));
    assert_eq!((none.outcome, none.proof), (Outcome::None, Proof::Divisor));
}

#[test]
fn kinds_keep_equal_items_apart() {
    let mut problem = Problem::new(&[100, 100, 250], 100);
    assert_eq!(answer(&problem).outcome, Outcome::Unique);
    let kinds = [1, 2, 1];
    problem.kinds = Some(&kinds);
    assert_eq!(answer(&problem).outcome, Outcome::Ambiguous { known: 2 });
}

#[test]
fn credit_notes_alone_are_a_pool_like_any_other() {
    let amounts: Vec<i64> = (1..=30).map(|i| -i * i * 101).collect();
    let target = amounts[3] + amounts[17] + amounts[28];
    assert!(matches!(
        answer(&Problem::new(&amounts, target)).outcome,
        Outcome::Ambiguous { .. }
    ));
    assert_eq!(answer(&Problem::new(&amounts, 7)).outcome, Outcome::None);
}

#[test]
fn amounts_at_the_limits_are_exact_or_refused() {
    let amounts = [i64::MAX, i64::MIN, 1, -1, (1 << 53) + 1, 3];
    let error = solve(&Problem::new(&amounts, 0)).expect_err("beyond the range");
    assert!(matches!(error, SubsetError::SumTooLarge { .. }));
    let large = [(1_i64 << 53) + 1, 1 << 53, 1 << 58, 3, (1 << 58) + 7];
    let target = large[0] + large[4];
    let solution = answer(&Problem::new(&large, target));
    assert_eq!(solution.outcome, Outcome::Unique);
    assert_eq!(solution.explanations[0].items, [0, 4]);
    assert_eq!(
        answer(&Problem::new(&[i64::MAX, 5], i64::MAX)).outcome,
        Outcome::Unique
    );
}

#[test]
fn dense_pools_have_two_witnesses_within_little_work() {
    let mut draw = Draw(3);
    for (items, paid) in [(200, 40), (1_000, 700), (3_000, 900)] {
        let amounts: Vec<i64> = (0..items).map(|_| 100 + draw.below(90_000)).collect();
        let target = amounts[..paid].iter().sum();
        let solution = answer(&Problem::new(&amounts, target));
        assert!(matches!(solution.outcome, Outcome::Ambiguous { .. }));
        assert!(solution.explanations.len() >= 2);
        assert!(solution.work.steps < 1_000_000, "{}", solution.work.steps);
    }
}

#[test]
fn a_sparse_pool_is_decided_by_enumeration() {
    let mut draw = Draw(4);
    let amounts: Vec<i64> = (0..34)
        .map(|_| 1_000_000_000 + draw.below(1 << 40))
        .collect();
    let target = amounts.iter().step_by(3).sum();
    let problem = Problem::new(&amounts, target);
    let solution = answer(&problem);
    assert_eq!(
        (solution.outcome, solution.proof),
        (Outcome::Unique, Proof::Enumeration)
    );
    assert_eq!(
        solution.explanations[0].items,
        (0..34).step_by(3).collect::<Vec<_>>()
    );
    assert_eq!(count(&problem).expect("in range"), Some(1));
    assert_eq!(
        answer(&Problem::new(&amounts, target + 1)).outcome,
        Outcome::None
    );
}

#[test]
fn good_evidence_decides_a_large_pool() {
    let mut draw = Draw(5);
    let amounts: Vec<i64> = (0..1_000).map(|_| 1_000 + draw.below(900_000)).collect();
    let costs: Vec<i64> = (0..1_000)
        .map(|item| if item % 4 == 0 { -14_000 } else { 13_000 } + draw.below(3_000))
        .collect();
    let target: i64 = amounts.iter().step_by(4).sum();
    let mut problem = Problem::new(&amounts, target);
    problem.costs_millinats = Some(&costs);
    let solution = answer(&problem);
    assert_eq!(
        (solution.outcome, solution.proof),
        (Outcome::Exact, Proof::Posterior)
    );
    // One item less was paid: the cheapest explanation is that very flip.
    problem.target_minor = target - amounts[400];
    let solution = answer(&problem);
    let expected: Vec<usize> = (0..1_000).step_by(4).filter(|&item| item != 400).collect();
    assert_eq!(solution.explanations[0].items, expected);
}

#[test]
fn a_fee_explains_what_no_set_explains() {
    let amounts = [120_000, 45_700, 33_310, 98_005];
    let fee = [Delta {
        low_minor: 1_500,
        high_minor: 1_500,
        cost_millinats: 2_000,
        count_max: 1,
    }];
    let mut problem = Problem::new(&amounts, 120_000 + 33_310 - 1_500);
    assert_eq!(answer(&problem).outcome, Outcome::None);
    problem.deltas = &fee;
    let solution = answer(&problem);
    assert_eq!(solution.outcome, Outcome::Unique);
    assert_eq!(solution.explanations[0].items, [0, 2]);
    assert_eq!(
        solution.explanations[0].delta.map(|used| used.count),
        Some(1)
    );
}

#[test]
fn a_small_budget_ends_the_search_and_claims_nothing() {
    let mut draw = Draw(6);
    let amounts: Vec<i64> = (0..60)
        .map(|_| 1_000_000_000 + draw.below(1 << 50))
        .collect();
    let mut problem = Problem::new(&amounts, amounts.iter().step_by(2).sum());
    problem.budget = Budget {
        steps: 1 << 22,
        bytes: 1 << 20,
    };
    let solution = answer(&problem);
    assert_eq!(
        (solution.outcome, solution.proof),
        (Outcome::OverBudget, Proof::Unproved)
    );
    assert_eq!(solution.count.at_least, 0);
    assert_eq!(solution.complete_to_millinats, None);
    problem.budget.bytes = BYTES_MAX + 1;
    assert!(solve(&problem).is_err());
}

#[test]
fn a_malformed_problem_is_refused_by_name() {
    let costs = [1, 2];
    let mut problem = Problem::new(&[1, 2, 3], 3);
    problem.costs_millinats = Some(&costs);
    assert!(matches!(
        solve(&problem),
        Err(SubsetError::LengthDiffers { .. })
    ));
    let costs = [1, 2, i64::MIN];
    problem.costs_millinats = Some(&costs);
    assert!(matches!(
        solve(&problem),
        Err(SubsetError::CostOutOfRange { index: 2, .. })
    ));
    let upside_down = [Delta {
        low_minor: 2,
        high_minor: 1,
        cost_millinats: 0,
        count_max: 1,
    }];
    problem.costs_millinats = None;
    problem.deltas = &upside_down;
    assert!(matches!(
        solve(&problem),
        Err(SubsetError::DeltaInvalid { index: 0, .. })
    ));
}
