//! Which combinations of amounts make up a target, exactly: meet in the middle over classes of
//! equal items.

/// Items that nothing tells apart: any number of them up to `count` may be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// Minor units, not 0.
    pub amount_minor: i64,
    /// How many there are.
    pub count: u32,
}

/// What is known about the combinations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Combinations {
    /// There is none.
    None,
    /// There is exactly one: how many are taken of each class.
    One(Vec<u32>),
    /// There are more: their number, and the first few.
    Several(u128, Vec<Vec<u32>>),
    /// There are too many to look at.
    OverBudget,
}

/// Sums one half may have; a class of very many equal items counts against it too.
const HALF_MAX: u128 = 1 << 17;

/// A sum of one half of the classes and how it comes about, in mixed radix.
type Part = (i64, u64);

/// Classes that can take part in any combination, and how many combinations they allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screened {
    /// Positions of the classes that can take part.
    pub usable: Vec<usize>,
    /// Combinations of them, the empty one included; saturating.
    pub states: u128,
}

/// Leaves out the classes that no combination with this sum can contain: an item larger than the
/// target and all credits together, a credit that no debit could outweigh.
#[must_use]
pub fn screen(classes: &[Class], target: i64) -> Screened {
    let mut usable: Vec<usize> = (0..classes.len()).collect();
    loop {
        let total = |sign: i64| -> i128 {
            usable
                .iter()
                .map(|&index| classes[index])
                .filter(|class| class.amount_minor.signum() == sign)
                .map(|class| i128::from(class.amount_minor) * i128::from(class.count))
                .sum()
        };
        let (debits, credits) = (total(1), total(-1));
        let before = usable.len();
        usable.retain(|&index| {
            let amount = i128::from(classes[index].amount_minor);
            let target = i128::from(target);
            if amount > 0 {
                amount + credits <= target
            } else {
                amount + debits >= target
            }
        });
        if usable.len() == before {
            break;
        }
    }
    let states = states(classes, &usable);
    Screened { usable, states }
}

/// Combinations that some classes allow, the empty one included; saturating.
fn states(classes: &[Class], positions: &[usize]) -> u128 {
    positions
        .iter()
        .map(|&index| u128::from(classes[index].count) + 1)
        .fold(1, u128::saturating_mul)
}

/// Finds the combinations with this sum.
///
/// * `classes` — amounts in minor units, none 0
/// * `target` — minor units; the empty combination makes up 0
/// * `states_max` — how many combinations may be covered
/// * `keep` — how many to hand back when there are several, at least 1
///
/// Exact: within the budget every combination is covered, and the count is theirs.
#[must_use]
pub fn combinations(classes: &[Class], target: i64, states_max: u128, keep: usize) -> Combinations {
    let screened = screen(classes, target);
    let bound: i128 = screened
        .usable
        .iter()
        .map(|&index| {
            i128::from(classes[index].amount_minor).abs() * i128::from(classes[index].count)
        })
        .sum();
    if screened.states > states_max || bound > i128::from(i64::MAX / 4) {
        return Combinations::OverBudget;
    }
    if i128::from(target).abs() > bound {
        return Combinations::None;
    }
    let middle = middle(classes, &screened);
    let (left, right) = screened.usable.split_at(middle);
    if states(classes, left) > HALF_MAX || states(classes, right) > HALF_MAX {
        return Combinations::OverBudget;
    }
    let (low, high) = (sums(classes, left), sums(classes, right));
    let mut count: u128 = 0;
    let mut found = Vec::new();
    meet(&low, &high, target, |low, high| {
        count += (low.len() as u128) * (high.len() as u128);
        for a in low {
            for b in high {
                if found.len() >= keep {
                    return;
                }
                found.push(taken(classes, (left, a.1), (right, b.1)));
            }
        }
    });
    match count {
        0 => Combinations::None,
        1 => Combinations::One(found.swap_remove(0)),
        _ => Combinations::Several(count, found),
    }
}

/// Splits the classes so that both halves have about equally many sums.
fn middle(classes: &[Class], screened: &Screened) -> usize {
    let mut states: u128 = 1;
    for (position, &index) in screened.usable.iter().enumerate() {
        if states.saturating_mul(states) >= screened.states {
            return position;
        }
        states = states.saturating_mul(u128::from(classes[index].count) + 1);
    }
    screened.usable.len()
}

/// All sums of some classes, ascending; equal sums by how they come about.
fn sums(classes: &[Class], positions: &[usize]) -> Vec<Part> {
    let mut out: Vec<Part> = vec![(0, 0)];
    let mut radix = 1;
    for &position in positions {
        let class = classes[position];
        if class.count == 1 {
            out = merge(&out, class.amount_minor, radix);
        } else {
            let base = out.clone();
            for taken in 1..=class.count {
                let step = class.amount_minor * i64::from(taken);
                let code = radix * u64::from(taken);
                out.extend(base.iter().map(|&(sum, part)| (sum + step, part + code)));
            }
            out.sort_unstable();
        }
        radix *= u64::from(class.count) + 1;
    }
    out
}

/// The sums without and with one more item.
fn merge(base: &[Part], step: i64, code: u64) -> Vec<Part> {
    let mut out = Vec::with_capacity(2 * base.len());
    let mut left = base.iter().copied().peekable();
    let mut right = base
        .iter()
        .map(|&(sum, part)| (sum + step, part + code))
        .peekable();
    while let (Some(&a), Some(&b)) = (left.peek(), right.peek()) {
        if a <= b {
            out.push(a);
            left.next();
        } else {
            out.push(b);
            right.next();
        }
    }
    out.extend(left);
    out.extend(right);
    out
}

/// Calls `visit` with every pair of runs of equal sums that add up to the target.
fn meet(low: &[Part], high: &[Part], target: i64, mut visit: impl FnMut(&[Part], &[Part])) {
    let mut end = high.len();
    for run in low.chunk_by(|a, b| a.0 == b.0) {
        let wanted = target - run[0].0;
        while end > 0 && high[end - 1].0 > wanted {
            end -= 1;
        }
        let mut start = end;
        while start > 0 && high[start - 1].0 == wanted {
            start -= 1;
        }
        if start < end {
            visit(run, &high[start..end]);
        }
    }
}

fn taken(classes: &[Class], left: (&[usize], u64), right: (&[usize], u64)) -> Vec<u32> {
    let mut out = vec![0; classes.len()];
    for (positions, mut code) in [left, right] {
        for &position in positions {
            let radix = u64::from(classes[position].count) + 1;
            out[position] = u32::try_from(code % radix).expect("below a u32 plus one");
            code /= radix;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn singles(amounts: &[i64]) -> Vec<Class> {
        amounts
            .iter()
            .map(|&amount_minor| Class {
                amount_minor,
                count: 1,
            })
            .collect()
    }

    /// Every combination, one after the other.
    fn naive(classes: &[Class], target: i64) -> Vec<Vec<u32>> {
        let mut all: Vec<Vec<u32>> = vec![vec![]];
        for class in classes {
            let mut longer = Vec::new();
            for known in &all {
                for taken in 0..=class.count {
                    let mut next = known.clone();
                    next.push(taken);
                    longer.push(next);
                }
            }
            all = longer;
        }
        all.retain(|taken| {
            let sum: i64 = taken
                .iter()
                .zip(classes)
                .map(|(&taken, class)| i64::from(taken) * class.amount_minor)
                .sum();
            sum == target
        });
        all
    }

    #[test]
    fn the_only_combination_is_found() {
        let got = combinations(&singles(&[100, 250, 4_000]), 4_100, 1 << 20, 3);
        assert_eq!(got, Combinations::One(vec![1, 0, 1]));
    }

    #[test]
    fn equal_items_are_one_class() {
        let classes = [Class {
            amount_minor: 100,
            count: 40,
        }];
        assert_eq!(
            combinations(&classes, 300, 1 << 20, 3),
            Combinations::One(vec![3])
        );
    }

    #[test]
    fn limits_are_named() {
        let many: Vec<i64> = (1..60).collect();
        assert_eq!(
            combinations(&singles(&many), 800, 1 << 32, 3),
            Combinations::OverBudget
        );
        let huge = singles(&[i64::MAX, i64::MAX, -1]);
        assert_eq!(
            combinations(&huge, i64::MAX, 1 << 32, 3),
            Combinations::OverBudget
        );
        assert_eq!(combinations(&[], 5, 1 << 32, 3), Combinations::None);
    }

    #[test]
    fn what_cannot_take_part_is_screened_out() {
        let screened = screen(&singles(&[100, 500, 9_000, -50]), 450);
        assert_eq!(screened.usable, [0, 1, 3]);
        assert_eq!(screened.states, 8);
        let none = screen(&singles(&[9_000, -50]), 100);
        assert_eq!(none.states, 1);
    }

    proptest! {
        #[test]
        fn meeting_in_the_middle_counts_what_trying_all_counts(
            classes in prop::collection::vec((-60_i64..60, 1_u32..4), 0..7),
            target in -120_i64..120,
        ) {
                let classes: Vec<Class> = classes
                .into_iter()
                .filter(|&(amount_minor, _)| amount_minor != 0)
                .map(|(amount_minor, count)| Class { amount_minor, count })
                .collect();
            let expected = naive(&classes, target);
            match combinations(&classes, target, 1 << 40, usize::MAX) {
                Combinations::None => prop_assert!(expected.is_empty()),
                Combinations::One(taken) => prop_assert_eq!(expected, vec![taken]),
                Combinations::Several(count, mut found) => {
                    prop_assert_eq!(count, expected.len() as u128);
                    found.sort();
                    prop_assert_eq!(found, expected);
                }
                Combinations::OverBudget => prop_assert!(false, "within budget"),
            }
        }
    }
}
