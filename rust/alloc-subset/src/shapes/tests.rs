//! Every set looked at, one after the other, against the ladder.
#![allow(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::suboptimal_flops,
    reason = "the oracle weighs with plain floats"
)]

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Ends, ScatteredWeights, ShapeProblem, ShapeSolution, ShapeWeights, explain_by_shape};
use crate::problem::Budget;
use crate::solution::Outcome;

const WEIGHTS: ShapeWeights = ShapeWeights {
    named_ppm: 0,
    one_ppm: 300_000,
    first_ppm: 20_000,
    all_ppm: 300_000,
    edge_ppm: Ends {
        oldest: 120_000,
        latest: 80_000,
    },
    run_ppm: 60_000,
    gap_ppm: 40_000,
    three_ppm: Ends {
        oldest: 70_000,
        latest: 50_000,
    },
    four_ppm: 40_000,
    around_named_ppm: 0,
    window_ppm: 50_000,
    scattered_ppm: ScatteredWeights {
        few: 120_000,
        many: 80_000,
        few_max: 2,
    },
};

fn ask(amounts: &[i64], kinds: &[u32], target: i64, wrong_max_ppm: u32) -> ShapeSolution {
    explain_by_shape(&ShapeProblem {
        amounts_minor: amounts,
        kinds,
        named: &vec![false; amounts.len()],
        target_minor: target,
        weights: WEIGHTS,
        unexplained_ppt: 1_000_000,
        rival_ppt: 0,
        budget: Budget::default(),
        explanations_max: 64,
        wrong_max_ppm,
    })
    .expect("in range")
}

fn apart(amounts: &[i64]) -> Vec<u32> {
    (0..u32::try_from(amounts.len()).expect("short")).collect()
}

/// Probabilities of the rates at which scattered items are in.
fn rates(size: usize) -> Vec<f64> {
    let mut rates = vec![0.5];
    let mut expected = 2;
    while 2 * expected < size {
        let rate = expected as f64 / size as f64;
        rates.extend([rate, 1.0 - rate]);
        expected *= 2;
    }
    rates
}

/// The weight of scattered items at a rate: a few are expected, or many.
fn at_rate(p: f64, size: usize) -> f64 {
    if p * size as f64 <= 2.000_1 {
        0.12
    } else {
        0.08
    }
}

fn harmonic(upto: usize) -> f64 {
    (1..=upto).map(|k| 1.0 / k as f64).sum()
}

/// The weight of one set by its shapes, without scattering.
fn listed(set: &[usize], line: &[usize]) -> f64 {
    let (taken, size) = (set.len(), line.len());
    let Some(places) = set
        .iter()
        .map(|item| line.iter().position(|other| other == item))
        .collect::<Option<Vec<usize>>>()
    else {
        return 0.0;
    };
    let mut weight = 0.0;
    if taken == size {
        weight += 0.3;
    }
    let runs = 1 + places.windows(2).filter(|p| p[1] > p[0] + 1).count();
    if taken >= 2 && taken < size && runs == 1 {
        let norm = 2.0 * harmonic(size - 1) - 1.0;
        let both = 1.0 / taken as f64 + 1.0 / (size - taken) as f64;
        if places[0] == 0 {
            weight += 0.12 * both / norm / 2.0;
        } else if places[taken - 1] + 1 == size {
            weight += 0.08 * both / norm / 2.0;
        }
        let share = 1.0 / taken as f64 / (harmonic(size - 1) - 1.0);
        weight += 0.06 * share / (size - taken + 1) as f64;
    }
    let inside = |place: usize| places.contains(&place);
    let changes = (1..size).filter(|&p| inside(p) != inside(p - 1)).count();
    if changes == 2 && inside(0) && inside(size - 1) {
        let left_out = size - taken;
        let share = 1.0 / left_out as f64 / harmonic(size - 2);
        weight += 0.04 * share / (size - 1 - left_out) as f64;
    }
    let gaps = size as f64 - 1.0;
    if changes == 3 {
        let share = if inside(0) { 0.07 } else { 0.05 };
        weight += share / (gaps * (gaps - 1.0) * (gaps - 2.0) / 3.0);
    }
    if changes == 4 {
        weight += 0.04 / (gaps * (gaps - 1.0) * (gaps - 2.0) * (gaps - 3.0) / 12.0);
    }
    weight
}

/// The weight of a set as any of the oldest or the latest few of a line of `size`.
fn windowed(set: &[usize], size: usize) -> f64 {
    let most = 16.min(size - 1);
    let (Some(first), Some(last)) = (set.first(), set.last()) else {
        return 0.0;
    };
    let spans = [last + 1, size - first];
    let windows: Vec<usize> = (3..=most).collect();
    let fits = spans
        .iter()
        .flat_map(|span| windows.iter().filter(move |w| *w >= span));
    let parts = fits.map(|&w| 0.5_f64.powi(i32::try_from(w).expect("small")));
    0.05 / (2 * windows.len().max(1)) as f64 * parts.sum::<f64>()
}

fn weight(set: &[usize], amounts: &[i64]) -> f64 {
    let size = amounts.len();
    let all: Vec<usize> = (0..size).collect();
    let debits: Vec<usize> = all.iter().copied().filter(|&i| amounts[i] > 0).collect();
    let mut weight = if set.len() == 1 {
        0.3 / size as f64 + if set[0] == 0 { 0.02 } else { 0.0 }
    } else {
        0.0
    };
    weight += if debits.len() == size {
        listed(set, &all)
    } else {
        0.5 * listed(set, &all) + 0.5 * listed(set, &debits)
    };
    weight += windowed(set, size);
    let rates = rates(size);
    let (taken, left) = (set.len() as f64, (size - set.len()) as f64);
    let scattered = rates
        .iter()
        .map(|&p| at_rate(p, size) * p.powf(taken) * (1.0 - p).powf(left));
    weight + scattered.sum::<f64>() / rates.len() as f64
}

/// Every set that hits the target, with its weight.
fn naive(amounts: &[i64], target: i64) -> BTreeMap<Vec<usize>, f64> {
    let mut found = BTreeMap::new();
    for mask in 1_u32..1 << amounts.len() {
        let set: Vec<usize> = (0..amounts.len()).filter(|i| mask >> i & 1 == 1).collect();
        if set.iter().map(|&i| amounts[i]).sum::<i64>() == target {
            let weight = weight(&set, amounts);
            found.insert(set, weight);
        }
    }
    found
}

proptest! {
    #[test]
    fn the_bounds_hold_the_true_probability_of_every_set(
        amounts in prop::collection::vec(prop_oneof![4 => 1_i64..60, 1 => -30_i64..-1], 1..10),
        chosen in 1_u32..512,
    ) {
        let target: i64 = (0..amounts.len()).filter(|i| chosen >> i & 1 == 1).map(|i| amounts[i]).sum();
        prop_assume!(target > 0);
        let truth = naive(&amounts, target);
        let total: f64 = truth.values().sum::<f64>() + 1e-6;
        let got = ask(&amounts, &apart(&amounts), target, 100);
        prop_assert_eq!(got.count.exact(), Some(truth.len() as u64));
        // Rates are kept in whole millinats: a thousandth of a weight.
        for found in &got.explanations {
            let share = truth[&found.items] / total * 1e6;
            prop_assert!(f64::from(found.p_low_ppm) <= share * 1.001 + 2.0, "{found:?} {share}");
            prop_assert!(f64::from(found.p_high_ppm) >= share * 0.999 - 2.0, "{found:?} {share}");
        }
        let best = truth.values().copied().fold(0.0, f64::max);
        prop_assert!((truth[&got.explanations[0].items] - best).abs() <= 1e-9 * best);
        prop_assert_eq!(got.outcome == Outcome::Unique, truth.len() == 1);
    }
}

/// Sets with all named items, by their changes along the line.
fn around(named: &[bool]) -> [f64; 5] {
    let mut ways = [0.0; 5];
    for mask in 1_u32..1 << named.len() {
        let inside = |item: usize| mask >> item & 1 == 1;
        let changes = (1..named.len())
            .filter(|&i| inside(i) != inside(i - 1))
            .count();
        if changes < 5 && (0..named.len()).all(|i| inside(i) || !named[i]) {
            ways[changes] += 1.0;
        }
    }
    ways
}

/// The weight of a set that is named in part: of what is not named, and of both together.
fn weight_with_named(set: &[usize], amounts: &[i64], named: &[bool]) -> f64 {
    let rest: Vec<usize> = (0..amounts.len()).filter(|&i| !named[i]).collect();
    let more: Vec<usize> = set.iter().copied().filter(|&i| !named[i]).collect();
    let (size, taken) = (rest.len() as f64, more.len() as f64);
    let given = (amounts.len() - rest.len()) as f64;
    let mut weight = if more.is_empty() {
        0.5
    } else {
        listed(&more, &rest)
    };
    if more.len() == 1 {
        weight += 0.3 / size + if more[0] == rest[0] { 0.02 } else { 0.0 };
    }
    let places: Vec<usize> = more
        .iter()
        .map(|item| {
            rest.iter()
                .position(|other| other == item)
                .expect("of the rest")
        })
        .collect();
    weight += windowed(&places, rest.len());
    let shares: Vec<(f64, f64)> = rates(rest.len())
        .iter()
        .map(|p| (*p, 1.0 / (given + p * size)))
        .collect();
    let total: f64 = shares.iter().map(|share| share.1).sum();
    for (p, share) in shares {
        let at_rate = at_rate(p, rest.len());
        weight += at_rate * share / total * p.powf(taken) * (1.0 - p).powf(size - taken);
    }
    let inside = |item: usize| set.contains(&item);
    let changes = (1..amounts.len())
        .filter(|&i| inside(i) != inside(i - 1))
        .count();
    if (1..5).contains(&changes) {
        let ways = around(named)[changes].max(1.0);
        weight += 0.08 * 0.5_f64.powi(i32::try_from(changes).expect("few")) / ways;
    }
    weight
}

proptest! {
    #[test]
    fn with_named_items_the_bounds_hold_the_true_probability_too(
        items in prop::collection::vec((1_i64..60, prop::bool::weighted(0.3)), 2..9),
        chosen in 1_u32..256,
    ) {
        let amounts: Vec<i64> = items.iter().map(|item| item.0).collect();
        let named: Vec<bool> = items.iter().map(|item| item.1).collect();
        prop_assume!(named.contains(&true) && named.contains(&false));
        let inside = |mask: u32, i: usize| mask >> i & 1 == 1 || named[i];
        let sum = |mask: u32| -> i64 {
            (0..amounts.len()).filter(|&i| inside(mask, i)).map(|i| amounts[i]).sum()
        };
        let target = sum(chosen);
        let problem = ShapeProblem {
            amounts_minor: &amounts,
            kinds: &apart(&amounts),
            named: &named,
            target_minor: target,
            weights: ShapeWeights { named_ppm: 500_000, around_named_ppm: 80_000, ..WEIGHTS },
            unexplained_ppt: 1_000,
            rival_ppt: 1_000_000,
            budget: Budget::default(),
            explanations_max: 64,
            wrong_max_ppm: 100,
        };
        let got = explain_by_shape(&problem).expect("in range");
        let mut truth = BTreeMap::new();
        for mask in (0_u32..1 << amounts.len()).filter(|&mask| sum(mask) == target) {
            let set: Vec<usize> = (0..amounts.len()).filter(|&i| inside(mask, i)).collect();
            let weight = weight_with_named(&set, &amounts, &named);
            truth.insert(set, weight);
        }
        let total: f64 = truth.values().sum::<f64>() + 1e-6;
        prop_assert_eq!(got.explanations.len(), truth.len());
        for found in &got.explanations {
            let share = truth[&found.items] / total * 1e6;
            prop_assert!(f64::from(found.p_low_ppm) <= share * 1.001 + 2.0, "{found:?} {share}");
            prop_assert!(f64::from(found.p_high_ppm) >= share * 0.999 - 2.0, "{found:?} {share}");
        }
        prop_assert!(f64::from(got.rival_low_ppm) <= 1.001 / total + 2.0);
    }
}

/// Weight of all scattered sets that hit the target, by counting them by size.
fn scattered_total(amounts: &[i64], target: usize) -> f64 {
    let size = amounts.len();
    let mut ways = vec![vec![0.0_f64; target + 1]; size + 1];
    ways[0][0] = 1.0;
    for &amount in amounts {
        let amount = usize::try_from(amount).expect("positive");
        for taken in (0..size).rev() {
            for sum in (amount..=target).rev() {
                ways[taken + 1][sum] += ways[taken][sum - amount];
            }
        }
    }
    let rates = rates(size);
    let of = |taken: usize| -> f64 {
        let sum: f64 = rates
            .iter()
            .map(|&p| {
                at_rate(p, size) * p.powf(taken as f64) * (1.0 - p).powf((size - taken) as f64)
            })
            .sum();
        ways[taken][target] * sum / rates.len() as f64
    };
    (0..=size).map(of).sum::<f64>()
}

#[test]
fn in_a_pool_too_large_to_count_the_bound_stays_below_the_truth() {
    let amounts: Vec<i64> = (0..44).map(|i| 1 + i * i * 37 % 1_999).collect();
    let every: Vec<usize> = (0..amounts.len()).collect();
    for set in [3..4, 0..44, 10..14, 0..6, 20..40] {
        let target: i64 = amounts[set.clone()].iter().sum();
        let mut shapes = 0.0;
        for from in 0..44 {
            for to in from + 1..=44 {
                if amounts[from..to].iter().sum::<i64>() == target {
                    let run: Vec<usize> = (from..to).collect();
                    shapes += listed(&run, &every);
                    let first = if from == 0 { 0.02 } else { 0.0 };
                    shapes += if run.len() == 1 {
                        0.3 / 44.0 + first
                    } else {
                        0.0
                    };
                }
            }
        }
        let scattered = scattered_total(&amounts, usize::try_from(target).expect("positive"));
        let most = weight(&set.clone().collect::<Vec<_>>(), &amounts) / (shapes + scattered);
        let got = ask(&amounts, &apart(&amounts), target, 900_000);
        assert_eq!(got.explanations[0].items, set.clone().collect::<Vec<_>>());
        let low = f64::from(got.explanations[0].p_low_ppm);
        assert!(low <= most * 1e6, "{set:?}: {low} of {most}");
    }
}

#[test]
fn one_item_of_an_odd_amount_among_many_is_dominant() {
    let amounts: Vec<i64> = (0..60).map(|i| 50_000 + i * i * 7_919 % 900_001).collect();
    let got = ask(&amounts, &apart(&amounts), amounts[17], 10_000);
    assert_eq!(got.outcome, Outcome::Dominant);
    assert_eq!(got.explanations[0].items, [17]);
    assert!(got.explanations[0].p_low_ppm > 990_000);
}

#[test]
fn interchangeable_items_are_one_explanation() {
    let amounts = [700, 700, 700, 1_000];
    let got = ask(&amounts, &[0, 0, 0, 1], 1_400, 100);
    assert_eq!(got.outcome, Outcome::Unique);
    assert_eq!(got.explanations[0].items, [0, 1]);
    let apart = ask(&amounts, &apart(&amounts), 1_400, 100);
    assert_eq!(apart.count.exact(), Some(3));
}

#[test]
fn what_is_named_is_in_every_explanation() {
    let amounts = [500, 300, 200, 120];
    let problem = ShapeProblem {
        amounts_minor: &amounts,
        kinds: &[0, 1, 2, 3],
        named: &[true, false, false, false],
        target_minor: 500,
        weights: ShapeWeights {
            named_ppm: 500_000,
            ..WEIGHTS
        },
        unexplained_ppt: 0,
        rival_ppt: 0,
        budget: Budget::default(),
        explanations_max: 8,
        wrong_max_ppm: 100,
    };
    let got = explain_by_shape(&problem).expect("in range");
    assert_eq!(got.outcome, Outcome::Unique);
    assert_eq!(got.explanations[0].items, [0]);
    let more = ShapeProblem {
        target_minor: 700,
        ..problem
    };
    let got = explain_by_shape(&more).expect("in range");
    assert_eq!(got.explanations[0].items, [0, 2]);
}
