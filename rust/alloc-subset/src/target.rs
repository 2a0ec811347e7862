//! The sums that are admissible: the target and its deltas as disjoint intervals.

use crate::problem::{Delta, Problem};
use crate::solution::DeltaUse;

/// Sums from `low` to `high` are admissible at `cost` millinats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub low: i128,
    pub high: i128,
    pub cost: i64,
}

/// The admissible sums of the items as given, disjoint and ascending; where several deltas admit
/// a sum, the cheapest one counts.
pub(crate) fn admissible(problem: &Problem<'_>) -> Vec<Interval> {
    let target = i128::from(problem.target_minor);
    let mut covers = vec![Interval {
        low: target,
        high: target,
        cost: 0,
    }];
    for delta in problem.deltas {
        covers.extend((1..=delta.count_max).map(|count| cover(delta, count, target)));
    }
    if covers.len() == 1 {
        return covers;
    }
    let mut cuts: Vec<i128> = covers.iter().flat_map(|c| [c.low, c.high + 1]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let mut intervals: Vec<Interval> = Vec::with_capacity(cuts.len());
    for pair in cuts.windows(2) {
        let (low, high) = (pair[0], pair[1] - 1);
        let costs = covers.iter().filter(|c| c.low <= low && high <= c.high);
        let Some(cost) = costs.map(|c| c.cost).min() else {
            continue;
        };
        match intervals.last_mut() {
            Some(last) if last.cost == cost && last.high + 1 == low => last.high = high,
            _ => intervals.push(Interval { low, high, cost }),
        }
    }
    intervals
}

fn cover(delta: &Delta, count: u32, target: i128) -> Interval {
    Interval {
        low: target + i128::from(delta.low_minor) * i128::from(count),
        high: target + i128::from(delta.high_minor) * i128::from(count),
        cost: delta.cost_millinats * i64::from(count),
    }
}

/// The cheapest use that explains `difference` (none for 0), its cost, and how many others do.
pub(crate) fn explain(deltas: &[Delta], difference: i128) -> Option<(Option<DeltaUse>, i64, u32)> {
    let mut uses = 0_u32;
    let mut best: Option<(Option<DeltaUse>, i64)> = (difference == 0).then_some((None, 0));
    for (index, delta) in deltas.iter().enumerate() {
        for count in 1..=delta.count_max {
            let interval = cover(delta, count, 0);
            if interval.low <= difference && difference <= interval.high {
                uses += 1;
                if best.is_none_or(|(_, cost)| interval.cost < cost) {
                    let delta = index;
                    best = Some((Some(DeltaUse { delta, count }), interval.cost));
                }
            }
        }
    }
    let others = uses - u32::from(best.is_some_and(|(used, _)| used.is_some()));
    best.map(|(used, cost)| (used, cost, others))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEE: Delta = Delta {
        low_minor: 1_500,
        high_minor: 1_500,
        cost_millinats: 3_000,
        count_max: 2,
    };
    const ROUNDING: Delta = Delta {
        low_minor: -2,
        high_minor: 2,
        cost_millinats: 500,
        count_max: 1,
    };

    #[test]
    fn overlapping_deltas_become_disjoint_intervals_at_the_cheapest_cost() {
        let deltas = [FEE, ROUNDING];
        let mut problem = Problem::new(&[], 100);
        problem.deltas = &deltas;
        let got: Vec<_> = admissible(&problem)
            .iter()
            .map(|i| (i.low, i.high, i.cost))
            .collect();
        let expected = [
            (98, 99, 500),
            (100, 100, 0),
            (101, 102, 500),
            (1_600, 1_600, 3_000),
            (3_100, 3_100, 6_000),
        ];
        assert_eq!(got, expected);
    }

    #[test]
    fn a_difference_is_explained_by_the_cheapest_use_and_the_others_are_counted() {
        let wide = Delta {
            low_minor: 0,
            high_minor: 5_000,
            cost_millinats: 9_000,
            count_max: 1,
        };
        let deltas = [wide, FEE];
        let fee = DeltaUse { delta: 1, count: 1 };
        assert_eq!(explain(&deltas, 1_500), Some((Some(fee), 3_000, 1)));
        assert_eq!(explain(&deltas, 0), Some((None, 0, 1)));
        assert_eq!(explain(&deltas, 5_001), None);
    }
}
