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

/// How far each item that is not named is from the nearest named one.
fn distances(named: &[bool]) -> Vec<f64> {
    let places: Vec<usize> = (0..named.len()).filter(|&i| named[i]).collect();
    let nearest = |item: usize| places.iter().map(|place| place.abs_diff(item)).min();
    (0..named.len())
        .filter(|&i| !named[i])
        .map(|item| nearest(item).expect("some are named") as f64)
        .collect()
}

/// The share of a set among the runs around all named items, with or without a gap.
fn around(set: &[usize], named: &[bool]) -> f64 {
    let (start, end) = (set[0], set[set.len() - 1]);
    let places: Vec<usize> = (0..named.len()).filter(|&i| named[i]).collect();
    let (first, last) = (places[0], places[places.len() - 1]);
    let free = |from: usize, to: usize| (from..=to).all(|item| !named[item]);
    let gaps_from = |from: usize| (from..end).filter(|&to| free(from, to)).count();
    let gaps: usize = (start + 1..end).map(gaps_from).sum();
    let gap = match set.windows(2).filter(|p| p[1] > p[0] + 1).count() {
        0 if gaps == 0 => 1.0,
        0 => 2.0 / 3.0,
        1 => 1.0 / 3.0 / gaps as f64,
        _ => 0.0,
    };
    let far = |items: usize, most: usize| 1.0 / (items + 1) as f64 / harmonic(most + 1);
    gap * far(first - start, first) * far(end - last, named.len() - 1 - last)
}

/// The share of a set among those of the nearest few items: three, four … up to sixteen.
fn nearest_few(places: &[usize], distances: &[f64]) -> f64 {
    let mut order: Vec<usize> = (0..distances.len()).collect();
    order.sort_by(|&a, &b| distances[a].total_cmp(&distances[b]).then(a.cmp(&b)));
    let windows: Vec<usize> = (3..=16.min(distances.len() - 1)).collect();
    let within = |window: &&usize| places.iter().all(|place| order[..**window].contains(place));
    let fitting = windows.iter().filter(within);
    let parts = fitting.map(|&window| 0.5_f64.powi(i32::try_from(window).expect("small")));
    parts.sum::<f64>() / windows.len().max(1) as f64
}

/// The rates of scattered items, half of them anywhere and half around what is named: how likely
/// each is, and what each item is taken with.
fn rates_with_named(distances: &[f64], given: f64) -> Vec<(f64, Vec<f64>)> {
    let size = distances.len();
    let even = rates(size).into_iter();
    let even: Vec<(f64, Vec<f64>)> = even.map(|p| (p * size as f64, vec![p; size])).collect();
    let whole: f64 = distances.iter().map(|away| 1.0 / away).sum();
    let odds = |sum: f64| distances.iter().map(move |away| sum / whole / away);
    let near = |sum: f64| (sum, odds(sum).map(|odds| odds / (1.0 + odds)).collect());
    let sums = (1..10).map(|power| f64::from(1 << power));
    let near: Vec<(f64, Vec<f64>)> = sums.take_while(|&s| s < size as f64).map(near).collect();
    let share = if near.is_empty() { 1.0 } else { 0.5 };
    let weighed = |family: Vec<(f64, Vec<f64>)>| {
        let total: f64 = family.iter().map(|(n, _)| 1.0 / (given + n)).sum();
        let weight = move |n: f64| share * at_rate(n / size as f64, size) / (given + n) / total;
        family.into_iter().map(move |(n, each)| (weight(n), each))
    };
    weighed(even).chain(weighed(near)).collect()
}

/// The weight of a set of scattered items.
fn scattered_with_named(places: &[usize], distances: &[f64], given: f64) -> f64 {
    let out = |at: usize| !places.contains(&at);
    let part = |(weight, each): &(f64, Vec<f64>)| {
        let each = each.iter().enumerate();
        weight
            * each
                .map(|(at, p)| if out(at) { 1.0 - p } else { *p })
                .product::<f64>()
    };
    rates_with_named(distances, given).iter().map(part).sum()
}

/// The weight of a set that is named in part: of what is not named, and of both together.
fn weight_with_named(set: &[usize], amounts: &[i64], named: &[bool]) -> f64 {
    let rest: Vec<usize> = (0..amounts.len()).filter(|&i| !named[i]).collect();
    let more: Vec<usize> = set.iter().copied().filter(|&i| !named[i]).collect();
    let distances = distances(named);
    let mut weight = if more.is_empty() {
        0.5
    } else {
        listed(&more, &rest)
    };
    let place = |item: &usize| rest.iter().position(|other| other == item);
    let places: Vec<usize> = more.iter().filter_map(place).collect();
    if let [place] = places[..] {
        let whole: f64 = distances.iter().map(|away| 1.0 / away).sum();
        let near = 1.0 / distances[place] / whole;
        weight += 0.3 * f64::midpoint(1.0 / rest.len() as f64, near);
        weight += if place == 0 { 0.02 } else { 0.0 };
    }
    if !places.is_empty() {
        weight += windowed(&places, rest.len()) / 2.0;
        weight += 0.05 / 2.0 * nearest_few(&places, &distances);
    }
    weight += scattered_with_named(&places, &distances, (named.len() - rest.len()) as f64);
    weight + 0.08 * around(set, named)
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

#[test]
fn around_names_too_the_bound_stays_below_the_truth_in_a_pool_too_large_to_count() {
    let amounts: Vec<i64> = (0..44).map(|i| 1 + i * i * 37 % 1_999).collect();
    let named: Vec<bool> = (0..44).map(|i| [20, 23, 24].contains(&i)).collect();
    let distances = distances(&named);
    let given: i64 = [20, 23, 24].iter().map(|&i| amounts[i]).sum();
    for more in [vec![21, 22], vec![25], vec![19, 22, 26], vec![2, 40]] {
        let rest: i64 = more.iter().map(|&i| amounts[i]).sum();
        let target = usize::try_from(rest).expect("positive");
        let mut all = 0.0;
        for (weight, each) in rates_with_named(&distances, 3.0) {
            let mut sums = vec![0.0_f64; target + 1];
            sums[0] = weight;
            let others = (0..44).filter(|&i| !named[i]).zip(each);
            for (amount, p) in others.map(|(i, p)| (amounts[i], p)) {
                let amount = usize::try_from(amount).expect("positive");
                for sum in (0..=target).rev() {
                    let taken = sum.checked_sub(amount).map_or(0.0, |less| sums[less] * p);
                    sums[sum] = sums[sum] * (1.0 - p) + taken;
                }
            }
            all += sums[target];
        }
        let got = explain_by_shape(&ShapeProblem {
            amounts_minor: &amounts,
            kinds: &apart(&amounts),
            named: &named,
            target_minor: given + rest,
            weights: ShapeWeights {
                named_ppm: 500_000,
                around_named_ppm: 80_000,
                ..WEIGHTS
            },
            unexplained_ppt: 0,
            rival_ppt: 0,
            budget: Budget::default(),
            explanations_max: 64,
            wrong_max_ppm: 900_000,
        })
        .expect("in range");
        let mut set: Vec<usize> = [20, 23, 24].into_iter().chain(more).collect();
        set.sort_unstable();
        let whole = weight_with_named(&set, &amounts, &named);
        let places: Vec<usize> = (0..44).filter(|&i| !named[i]).collect();
        let taken = |at: &usize| set.contains(&places[*at]);
        let taken: Vec<usize> = (0..places.len()).filter(taken).collect();
        let listed = whole - scattered_with_named(&taken, &distances, 3.0);
        let found = got.explanations.iter().find(|found| found.items == set);
        let found = found.expect("what was paid is among what is found");
        let low = f64::from(found.p_low_ppm);
        assert!(
            low <= whole / (listed + all) * 1_001_000.0,
            "{set:?}: {low}"
        );
        assert!(low > 0.0 || whole < 1e-5 * all, "{set:?}: {whole} of {all}");
    }
}
