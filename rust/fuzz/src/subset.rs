//! What must hold of any question to the exact core, against brute force where that is possible.

use alloc_subset::{Budget, Delta, Outcome, Solution, count, solve};

use self::brute::{Case, brute_force, check};

#[path = "../../alloc-subset/tests/brute/mod.rs"]
mod brute;

/// Most items that brute force tries.
const BRUTE_MAX: usize = 12;
/// Most items of a question here.
const ITEMS_MAX: usize = 40;
/// Work of a question that brute force cannot check.
const STEPS: u64 = 1 << 22;

/// Numbers out of bytes, zeros behind the end.
pub(crate) struct Bytes<'d>(pub &'d [u8]);

impl Bytes<'_> {
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    /// Little endian, sign extended.
    pub fn number(&mut self, bytes: u32) -> i64 {
        let value = (0..bytes).fold(0_u64, |value, at| {
            value | u64::from(self.byte()) << (8 * at)
        });
        let unused = 64 - 8 * bytes;
        (value << unused).cast_signed() >> unused
    }
}

/// An answer claims nothing that is not so, and does not depend on order or chance.
#[must_use]
pub fn subset(data: &[u8]) -> bool {
    let mut bytes = Bytes(data);
    let style = bytes.byte();
    let case = case_of(&mut bytes, style);
    let mut problem = case.problem();
    let small = case.amounts.len() <= BRUTE_MAX;
    if !small || style & 0x80 != 0 {
        let steps = bytes.number(3).unsigned_abs();
        problem.budget = Budget {
            steps: steps.min(STEPS),
            ..Budget::default()
        };
    }
    let answer = solve(&problem);
    assert_eq!(solve(&problem), answer, "the same question twice");
    let Ok(solution) = answer else {
        return false;
    };
    check_sums(&case, &solution);
    if small {
        if solution.outcome == Outcome::OverBudget {
            assert!(problem.budget != Budget::default(), "{case:?}");
        } else {
            check(&case, &solution);
        }
        check_count(&case);
        // A budget may end at another item when the items come in another order.
        if problem.budget == Budget::default() {
            check_turned(&case, &solution);
        }
    }
    true
}

/// A question: how many items, how large, and what is known of them.
fn case_of(bytes: &mut Bytes<'_>, style: u8) -> Case {
    let items = usize::from(bytes.byte()) % (ITEMS_MAX + 1);
    let items = if style & 1 == 0 {
        items % (BRUTE_MAX + 1)
    } else {
        items
    };
    let width = [1, 2, 4, 6][usize::from(style >> 1 & 3)];
    let factor = [1, 1, 10, 49][usize::from(style >> 3 & 3)];
    let amounts: Vec<i64> = (0..items).map(|_| bytes.number(width) * factor).collect();
    let costs = (style & 0x20 != 0).then(|| {
        let cost = |bytes: &mut Bytes<'_>| match bytes.byte() {
            255 => bytes.number(4),
            small => (i64::from(small) - 128) * 100,
        };
        (0..items).map(|_| cost(bytes)).collect()
    });
    let known = bytes.byte();
    let kinds = (known & 1 != 0).then(|| (0..items).map(|_| u32::from(bytes.byte() % 3)).collect());
    let deltas = (0..known >> 1 & 3).map(|_| delta(bytes)).collect();
    let chosen = bytes.number(5);
    let picked = amounts
        .iter()
        .enumerate()
        .filter(|(at, _)| chosen >> at & 1 == 1);
    let offset = if style & 0x40 == 0 {
        0
    } else {
        bytes.number(2)
    };
    let target = picked.map(|(_, amount)| amount).sum::<i64>() + offset;
    Case {
        amounts,
        target,
        costs,
        kinds,
        deltas,
    }
}

fn delta(bytes: &mut Bytes<'_>) -> Delta {
    let low_minor = bytes.number(2);
    Delta {
        low_minor,
        high_minor: low_minor + i64::from(bytes.byte() >> 2),
        cost_millinats: i64::from(bytes.byte()) * 50,
        count_max: u32::from(bytes.byte() % 4),
    }
}

/// Every explanation makes up the target, whatever the budget.
fn check_sums(case: &Case, solution: &Solution) {
    for explanation in &solution.explanations {
        let chosen = explanation.items.iter().map(|&item| case.amounts[item]);
        let difference = chosen.sum::<i64>() - case.target;
        assert_eq!(difference, explanation.difference_minor, "{case:?}");
        let delta = case.deltas.iter().any(|delta| {
            let uses = 1..=i64::from(delta.count_max);
            uses.into_iter()
                .any(|k| (k * delta.low_minor..=k * delta.high_minor).contains(&difference))
        });
        assert!(difference == 0 || delta, "{case:?} {explanation:?}");
        assert!(explanation.p_low_ppm <= explanation.p_high_ppm);
        assert!(explanation.p_high_ppm <= 1_000_000);
    }
    let count = solution.count;
    assert!(count.at_most.is_none_or(|most| most >= count.at_least));
}

fn check_count(case: &Case) {
    let exact = count(&case.problem()).expect("solve took it");
    assert_eq!(exact, Some(brute_force(case).len() as u64), "{case:?}");
}

/// The order of the items changes nothing but their numbers.
fn check_turned(case: &Case, solution: &Solution) {
    let mut turned = case.clone();
    turned.amounts.reverse();
    turned.costs.iter_mut().for_each(|costs| costs.reverse());
    turned.kinds.iter_mut().for_each(|kinds| kinds.reverse());
    let other = solve(&turned.problem()).expect("the same items");
    assert_eq!(other.outcome, solution.outcome, "{case:?}");
    assert_eq!(other.count, solution.count, "{case:?}");
    let costs = |solution: &Solution| {
        let costs = solution.explanations.iter().map(|e| e.cost_millinats);
        costs.min()
    };
    assert_eq!(costs(&other), costs(solution), "{case:?}");
}
