//! Flips against a base set that already makes up about the target (a Lagrangian tilt).
//!
//! For any price `λ` per minor unit, the cost of a set is
//! `cost(base) + Σ reduced + λ · (sum - sum(base))` with `reduced = ±cost - λ · ±amount` over its
//! flips against the base. With the base that flips whatever is cheaper flipped, every reduced
//! cost is at least 0, so few and cheap flips remain between the base and the best explanation.
//! `λ` is a fraction of two integers taken from the critical item, so all of this is exact.

use std::cmp::Ordering;

use crate::pool::{Class, Pick, Pool};

/// Parts of a millinat in which reduced costs are kept.
const PARTS: i128 = 16;

/// What one flip of a class does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flip {
    /// Position of the class in the pool.
    pub class: usize,
    /// How many of the class can be flipped.
    pub count: u32,
    /// Change of the sum.
    pub amount: i64,
    /// Change of the cost, millinats.
    pub cost: i64,
    /// Reduced cost, in [`PARTS`] of a millinat, rounded down, from 0; saturated.
    pub reduced: u32,
}

/// A base set and the flips that lead away from it, by ascending reduced cost.
#[derive(Debug)]
pub(crate) struct Tilt {
    pub base: Pick,
    pub base_sum: i128,
    pub base_cost: i64,
    pub flips: Vec<Flip>,
    numerator: i128,
    denominator: i128,
}

impl Tilt {
    /// Tilts the prior set of a pool towards the sum `goal`.
    pub fn towards(pool: &Pool, goal: u64) -> Self {
        let mut base = pool.prior();
        let mut base_sum = i128::from(pool.sum(&base));
        let goal = i128::from(goal);
        let upwards = base_sum < goal;
        let mut order: Vec<usize> = (0..pool.classes.len())
            .filter(|&index| (base[index] == 0) == upwards && base_sum != goal)
            .collect();
        // By cost per amount: the critical item is where the sum crosses the goal.
        order.sort_by(|&a, &b| ratio_order(&pool.classes[a], &pool.classes[b]).then(a.cmp(&b)));
        let (mut numerator, mut denominator) = (0, 1);
        for index in order {
            let class = &pool.classes[index];
            numerator = i128::from(class.cost.unsigned_abs());
            denominator = i128::from(class.amount);
            let step = i128::from(class.amount) * i128::from(class.count);
            let next = if upwards {
                base_sum + step
            } else {
                base_sum - step
            };
            let crosses = (next >= goal) == upwards || next == goal;
            if !crosses || (next - goal).abs() < (base_sum - goal).abs() {
                base_sum = next;
                base[index] = class.count - base[index];
            }
            if crosses {
                break;
            }
        }
        if !upwards {
            numerator = -numerator;
        }
        let base_cost = pool.cost(&base);
        let mut tilt = Self {
            base,
            base_sum,
            base_cost,
            flips: Vec::new(),
            numerator,
            denominator,
        };
        tilt.flips = tilt.list_flips(pool);
        tilt
    }

    fn list_flips(&self, pool: &Pool) -> Vec<Flip> {
        let flip = |(class, (item, &taken)): (usize, (&Class, &u32))| {
            let sign = if taken == 0 { 1 } else { -1 };
            let exact =
                i128::from(item.cost) * self.denominator - self.numerator * i128::from(item.amount);
            let reduced = (exact * sign * PARTS).div_euclid(self.denominator);
            debug_assert!(reduced >= 0, "a base flips whatever is cheaper flipped");
            Flip {
                class,
                count: item.count,
                amount: i64::try_from(i128::from(item.amount) * sign).expect("sums are checked"),
                cost: if taken == 0 { item.cost } else { -item.cost },
                reduced: u32::try_from(reduced.max(0)).unwrap_or(u32::MAX),
            }
        };
        let parts = pool.classes.iter().zip(&self.base).enumerate();
        let mut flips: Vec<Flip> = parts.map(flip).collect();
        flips.sort_by_key(|flip| (flip.reduced, flip.class));
        flips
    }

    /// The lowest cost, in millinats, of a set whose sum is from `low` to `high` and whose flips
    /// cost more than `bound` parts (a lower bound of all of them, rounded down).
    pub fn cost_beyond(&self, low: u64, high: u64, bound: u64) -> i128 {
        let at = |sum: u64| {
            let moved = self.numerator * (i128::from(sum) - self.base_sum);
            moved.div_euclid(self.denominator)
        };
        let parts = i128::from(bound) + 1;
        i128::from(self.base_cost) + at(low).min(at(high)) + parts.div_euclid(PARTS)
    }
}

/// Compares |cost| / amount without dividing.
fn ratio_order(a: &Class, b: &Class) -> Ordering {
    let left = i128::from(a.cost.unsigned_abs()) * i128::from(b.amount);
    let right = i128::from(b.cost.unsigned_abs()) * i128::from(a.amount);
    left.cmp(&right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{Normal, normalise};
    use crate::problem::Problem;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reduced_costs_never_overstate_the_cost_of_any_set(
            items in prop::collection::vec((1_i64..500, -9_000_i64..9_000), 1..9),
            share in 0_i64..100,
        ) {
            let amounts: Vec<i64> = items.iter().map(|item| item.0).collect();
            let costs: Vec<i64> = items.iter().map(|item| item.1).collect();
            let mut problem = Problem::new(&amounts, amounts.iter().sum::<i64>() * share / 100);
            problem.costs_millinats = Some(&costs);
            let Ok(Normal::Pool(pool)) = normalise(&problem) else { return Ok(()); };
            let tilt = Tilt::towards(&pool, pool.low());
            let counts: Vec<u32> = pool.classes.iter().map(|class| class.count).collect();
            let mut pick = vec![0_u32; counts.len()];
            loop {
                let flips = tilt.flips.iter().map(|flip| {
                    u64::from(flip.reduced) * u64::from(pick[flip.class].abs_diff(tilt.base[flip.class]))
                });
                let reduced: u64 = flips.sum();
                let sum = pool.sum(&pick);
                if reduced > 0 {
                    let beyond = tilt.cost_beyond(sum, sum, reduced - 1);
                    prop_assert!(beyond <= i128::from(pool.cost(&pick)) + 1);
                }
                let Some(next) = (0..counts.len()).find(|&i| pick[i] < counts[i]) else { break };
                pick[next] += 1;
                pick[..next].fill(0);
            }
        }
    }
}
