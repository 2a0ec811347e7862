//! An upper bound of the weight of *all* explanations.
//!
//! Under the evidence alone each item is in with its own probability, so the distribution of the
//! sum is a product of Bernoulli distributions. Computed modulo `M` it can only be too large at the
//! target: other sums fold onto it, none is lost. A tilt towards the target makes the folded mass
//! smallest and cancels exactly, for every set with an admissible sum.

use super::{EPSILON, log_odds, log1p_exp, logistic};
use crate::meter::Meter;
use crate::pool::Pool;

/// Expected flips among the items that are not convolved one by one; their second-order part is
/// bounded, not computed.
const TAIL_FLIPS: f64 = 0.05;
/// Items that are convolved one by one in any case.
const HEAD_MIN: usize = 64;
/// Most (item, sum) pairs looked up for the first-order part of the tail.
const LOOKUPS_MAX: u64 = 1 << 22;

/// One item against the tilted base: probability of its flip and the residue it adds.
#[derive(Clone, Copy)]
struct Term {
    p: f64,
    q: f64,
    shift: usize,
}

/// An upper bound of the logarithm of the weight of all admissible sets, relative to the prior set,
/// with residues modulo `modulus` (a power of two); `None` if the budget does not allow it.
///
/// * `tilt`: nats per unit; any value gives a valid bound, the saddle point the tightest
pub(crate) fn bound(pool: &Pool, tilt: f64, modulus: usize, meter: &mut Meter) -> Option<f64> {
    let sums: u64 = pool.segments.iter().map(|s| (s.high - s.low).saturating_add(1)).sum();
    let (mut terms, base, log_mass, slack) = terms(pool, tilt, modulus);
    terms.sort_by(|a, b| a.p.total_cmp(&b.p));
    let tail = tail_length(&terms, LOOKUPS_MAX / sums.max(1));
    let (tail, head) = terms.split_at(tail);
    let size = modulus as u64;
    let steps = (head.len() as u64 * size / 2)
        .saturating_add(sums.saturating_mul(tail.len() as u64 + 8).saturating_mul(4));
    if !meter.try_spend(steps, 16 * size) {
        return None;
    }
    let density = convolve(head, modulus);
    let top = density.iter().copied().fold(0.0, f64::max);
    // The tail as a sum over its flips: none, exactly one, and a bound for two and more.
    let (mut first, mut mass) = (0.0, 0.0);
    for term in tail {
        first += term.p / term.q;
        mass += libm::log1p(term.p / term.q);
    }
    let more = (libm::expm1(mass) - first).max(0.0) + 1e-12 * (1.0 + first);
    let at = |residue: usize| {
        let mut sum = density[residue];
        for term in tail {
            let source = (residue + modulus - term.shift) & (modulus - 1);
            sum += term.p / term.q * density[source];
        }
        sum
    };
    let (mut total, mut prices, mut dearest) = (0.0, 0.0, 0.0_f64);
    let middle = pool.low() as f64;
    for segment in &pool.segments {
        let prior = libm::exp(-(segment.cost as f64) / 1_000.0);
        for sum in segment.low..=segment.high {
            let residue = residue(i128::from(sum) - base, modulus);
            let price = prior * libm::exp(-tilt * (sum as f64 - middle));
            total += price * at(residue);
            prices += price;
            dearest = dearest.max(price);
        }
    }
    // A distribution has at most 1 on all residues together, and at most `top` on each.
    let laps = (sums / size + 1) as f64;
    total += more * (prices * top).min(dearest * laps);
    // Stay-at-base factors of the tail; then the tilt of the first sum.
    let stay: f64 = tail.iter().map(|term| libm::log(term.q)).sum();
    let rounding = (2.0 * terms.len() as f64 + 100.0) * EPSILON;
    // What underflowed is far below anything that matters, and still counted.
    let log = libm::log(total + 1e-250) + stay + log_mass - tilt * middle;
    let slack = slack + rounding * (10.0 + log.abs() + (tilt * middle).abs());
    Some(log + slack)
}

/// The items as flips against the tilted base; the base sum; the log mass of the tilted pool
/// relative to the prior set; and the error the latter may have.
fn terms(pool: &Pool, tilt: f64, modulus: usize) -> (Vec<Term>, i128, f64, f64) {
    let mut terms = Vec::with_capacity(pool.members.len());
    let (mut base, mut log_mass, mut size) = (0_i128, 0.0, 0.0);
    for class in &pool.classes {
        let prior = log_odds(class.cost);
        let odds = prior + tilt * class.amount as f64;
        let count = f64::from(class.count);
        // Relative to the prior set, a class that is in beforehand has weight 1 when all are in.
        let log = (log1p_exp(odds) - prior.max(0.0)) * count;
        log_mass += log;
        size += (log1p_exp(odds).abs() + prior.abs() + (tilt * class.amount as f64).abs()) * count;
        let up = residue(i128::from(class.amount), modulus);
        let inside = odds > 0.0;
        if inside {
            base += i128::from(class.amount) * i128::from(class.count);
        }
        let shift = if inside { (modulus - up) & (modulus - 1) } else { up };
        let (p, q) = (logistic(-odds.abs()), logistic(odds.abs()));
        terms.extend((0..class.count).map(|_| Term { p, q, shift }));
    }
    let slack = (size + 1.0) * (terms.len() as f64 + 16.0) * EPSILON;
    (terms, base, log_mass, slack)
}

fn residue(value: i128, modulus: usize) -> usize {
    usize::try_from(value.rem_euclid(modulus as i128)).expect("a residue is below the modulus")
}

/// How many of the least likely flips the tail may have.
fn tail_length(terms: &[Term], lookups: u64) -> usize {
    let mut flips = 0.0;
    let fits = |term: &&Term| {
        flips += term.p / term.q;
        flips <= TAIL_FLIPS
    };
    terms
        .iter()
        .take_while(fits)
        .count()
        .min(usize::try_from(lookups).unwrap_or(usize::MAX))
        .min(terms.len().saturating_sub(HEAD_MIN))
}

/// The distribution of the sum of `terms` modulo `modulus`.
fn convolve(terms: &[Term], modulus: usize) -> Vec<f64> {
    let arch = pulp::Arch::new();
    let mut density = vec![0.0; modulus];
    density[0] = 1.0;
    let mut next = vec![0.0; modulus];
    for term in terms {
        arch.dispatch(|| step(&mut next, &density, term));
        std::mem::swap(&mut density, &mut next);
    }
    density
}

/// `next[s] = q * density[s] + p * density[s - shift]`, cyclically.
#[inline(always)]
#[allow(clippy::inline_always, reason = "the loop must be compiled for the detected processor")]
fn step(next: &mut [f64], density: &[f64], term: &Term) {
    let cut = density.len() - term.shift;
    let (low, high) = next.split_at_mut(term.shift);
    mix(low, &density[..term.shift], &density[cut..], term);
    mix(high, &density[term.shift..], &density[..cut], term);
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "the loop must be compiled for the detected processor")]
fn mix(next: &mut [f64], stay: &[f64], moved: &[f64], term: &Term) {
    let Term { p, q, .. } = *term;
    for ((next, stay), moved) in next.iter_mut().zip(stay).zip(moved) {
        *next = q * stay + p * moved;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{Normal, normalise};
    use crate::problem::{Budget, Problem};
    use crate::probability::gate;
    use proptest::prelude::*;

    /// The weight of all admissible picks, by brute force.
    fn weight(pool: &Pool) -> f64 {
        let counts: Vec<u32> = pool.classes.iter().map(|class| class.count).collect();
        let mut pick = vec![0; counts.len()];
        let mut total = 0.0;
        loop {
            if let Some(segment) = pool.segment(pool.sum(&pick)) {
                let cost = pool.cost(&pick) + segment.cost;
                let ways = crate::probability::weight::multiplicity_millinats(pool, &pick);
                total += libm::exp((ways - cost) as f64 / 1_000.0);
            }
            let Some(next) = (0..counts.len()).find(|&i| pick[i] < counts[i]) else {
                return total;
            };
            pick[next] += 1;
            pick[..next].fill(0);
        }
    }

    proptest! {
        #[test]
        fn the_bound_is_never_below_the_true_weight(
            items in prop::collection::vec((1_i64..3_000, -9_000_i64..9_000), 1..11),
            share in 1_i64..100,
            modulus in 4_u32..13,
        ) {
            let amounts: Vec<i64> = items.iter().map(|item| item.0).collect();
            let costs: Vec<i64> = items.iter().map(|item| item.1).collect();
            let mut problem = Problem::new(&amounts, amounts.iter().sum::<i64>() * share / 100);
            problem.costs_millinats = Some(&costs);
            let deltas = [crate::Delta { low_minor: -20, high_minor: 30, cost_millinats: 700, count_max: 2 }];
            problem.deltas = &deltas;
            let Ok(Normal::Pool(pool)) = normalise(&problem) else { return Ok(()); };
            let mut meter = Meter::new(Budget::default());
            let tilt = gate(&pool).tilt;
            let bound = bound(&pool, tilt, 1 << modulus, &mut meter).expect("within the budget");
            // Multiplicities in the oracle are rounded to a millinat.
            prop_assert!(bound >= libm::log(weight(&pool) + 1e-300) - 1e-3);
            // With no folding the bound is also tight.
            if pool.total < 1 << modulus && weight(&pool) > 1e-30 {
                prop_assert!(bound <= libm::log(weight(&pool)) + 2e-3);
            }
        }
    }

    #[test]
    fn items_outside_the_convolution_are_bounded_tightly() {
        // 300 items of which most are nearly certain; the weight of every sum is known by counting.
        let amounts: Vec<i64> = (0..300).map(|i| 1 + i * 37 % 101).collect();
        let costs: Vec<i64> = (0..300).map(|i| if i % 8 == 0 { 300 } else { 9_500 + 7 * i }).collect();
        let mut problem = Problem::new(&amounts, 700);
        problem.costs_millinats = Some(&costs);
        let Ok(Normal::Pool(pool)) = normalise(&problem) else {
            panic!("in range");
        };
        let mut ways = vec![0.0; 701];
        ways[0] = 1.0;
        for (&amount, &cost) in amounts.iter().zip(&costs) {
            let amount = usize::try_from(amount).expect("small");
            for sum in (amount..=700).rev() {
                ways[sum] += ways[sum - amount] * libm::exp(-cost as f64 / 1_000.0);
            }
        }
        let (tilt, mut meter) = (gate(&pool).tilt, Meter::new(Budget::default()));
        let exact = libm::log(ways[700]);
        let bound = bound(&pool, tilt, 1 << 14, &mut meter).expect("within the budget");
        assert!(bound >= exact && bound < exact + 0.01, "{bound} for {exact}");
    }
}
