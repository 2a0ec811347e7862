//! An upper bound of the weight of *all* explanations.
//!
//! Under the evidence alone each item is in with its own probability, so the distribution of the
//! sum is a product of Bernoulli distributions. Computed modulo `M` it can only be too large at the
//! target: other sums fold onto it, none is lost. A tilt towards the target makes the folded mass
//! smallest and cancels exactly, for every set with an admissible sum.

use super::{EPSILON, log_odds, log1p_exp, logistic};
use crate::meter::Meter;
use crate::pool::Pool;

/// Error of the unseen part, relative to the best explanation, that is aimed at.
const AIM: f64 = 1e-6;
/// Items that are convolved one by one in any case.
const HEAD_MIN: usize = 32;
/// Most (flips, sum) combinations that are looked up one by one.
const LOOKUPS_MAX: u64 = 1 << 20;
/// From this many residues on they are held in single precision: half the memory to move.
const SINGLE_FROM: usize = 1 << 18;
/// Added to every residue at every step, so that no number becomes denormal; only ever too much.
const FLOOR: f64 = 1e-30;

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
/// Likely flips are convolved one by one. Of the others, every set of one or two flips is looked
/// up in the result, and sets of three and more are bounded by their total mass.
///
/// * `tilt`: nats per unit; any value gives a valid bound, the saddle point the tightest
/// * `best`: logarithm of the best known weight; sets the precision, not the validity
pub(crate) fn bound(
    pool: &Pool,
    tilt: f64,
    modulus: usize,
    best: f64,
    meter: &mut Meter,
) -> Option<f64> {
    let lengths = pool
        .segments
        .iter()
        .map(|s| (s.high - s.low).saturating_add(1));
    let sums = lengths.fold(0, u64::saturating_add);
    let (mut terms, base, log_mass, slack) = terms(pool, tilt, modulus);
    terms.sort_by(|a, b| a.p.total_cmp(&b.p));
    let middle = pool.low() as f64;
    // The best explanation as a probability of the tilted pool: what the rest is compared with.
    let aim = libm::exp((best - log_mass + tilt * middle).min(0.0)) * AIM;
    let (tail, head) = terms.split_at(tail_length(&terms, aim));
    let pairs = (LOOKUPS_MAX / sums.max(1)).saturating_sub(tail.len() as u64);
    let size = modulus as u64;
    let width = if modulus < SINGLE_FROM { 1 } else { 2 };
    let lookups = sums
        .saturating_mul(tail.len() as u64 + 8)
        .saturating_add(LOOKUPS_MAX);
    let steps = (head.len() as u64 * size / 2 / width).saturating_add(lookups);
    if lookups > 2 * LOOKUPS_MAX || !meter.try_spend(steps, 16 * size / width) {
        return None;
    }
    let density = if modulus < SINGLE_FROM {
        Density::Double(convolve(head, modulus))
    } else {
        Density::Single(convolve(head, modulus))
    };
    let tail = Tail::new(tail, aim, pairs);
    let (mut total, mut prices, mut dearest) = (0.0, 0.0, 0.0_f64);
    for segment in &pool.segments {
        let prior = libm::exp(-(segment.cost as f64) / 1_000.0);
        for sum in segment.low..=segment.high {
            let residue = residue(i128::from(sum) - base, modulus);
            let price = prior * libm::exp(-tilt * (sum as f64 - middle));
            total += price * tail.weight_at(&density, residue, modulus);
            prices += price;
            dearest = dearest.max(price);
        }
    }
    // A distribution has at most 1 on all residues together, and at most `top` on each.
    let laps = (sums / size + 1) as f64;
    total += tail.unseen * (prices * density.top()).min(dearest * laps);
    let count = terms.len() as f64;
    let rounding = (4.0 * count + 100.0) * EPSILON;
    // What underflowed is far below anything that matters, and still counted.
    let log = libm::log(total + 1e-250) + tail.log_stay + log_mass - tilt * middle;
    let slack = slack + rounding * (10.0 + log.abs() + (tilt * middle).abs());
    Some(log + slack + density.slack(head.len()))
}

/// The distribution of the likely flips, by residue.
enum Density {
    Double(Vec<f64>),
    Single(Vec<f32>),
}

impl Density {
    fn at(&self, residue: usize) -> f64 {
        match self {
            Self::Double(values) => values[residue],
            Self::Single(values) => f64::from(values[residue]),
        }
    }

    fn top(&self) -> f64 {
        match self {
            Self::Double(values) => values.iter().copied().fold(0.0, f64::max),
            Self::Single(values) => f64::from(values.iter().copied().fold(0.0, f32::max)),
        }
    }

    /// Logarithm of the relative error of every entry after `steps` convolutions: on the way of
    /// every addend each of them rounds a factor, a product and two sums, by half a unit each.
    fn slack(&self, steps: usize) -> f64 {
        let unit = match self {
            Self::Double(_) => f64::EPSILON,
            Self::Single(_) => f64::from(f32::EPSILON),
        };
        2.5 * (steps as f64 + 1.0) * unit
    }
}

/// The unlikely flips: sets of none, one or two of them one by one, all others by their mass.
struct Tail {
    /// (weight relative to no flip, residue), ascending by weight.
    flips: Vec<(f64, usize)>,
    /// For each flip, the first of the less likely ones with which it is looked up as a pair.
    partners: Vec<usize>,
    /// Mass of the sets that are not looked up, relative to no flip.
    unseen: f64,
    /// Logarithm of the probability of no flip.
    log_stay: f64,
}

impl Tail {
    /// * `terms`: ascending by probability
    /// * `aim`: mass that may stay unseen
    /// * `pairs`: most pairs to look up
    fn new(terms: &[Term], aim: f64, pairs: u64) -> Self {
        let flips: Vec<(f64, usize)> = terms.iter().map(|t| (t.p / t.q, t.shift)).collect();
        let (mut log_mass, mut log_stay, mut seen) = (0.0, 0.0, 0.0);
        for (term, &(weight, _)) in terms.iter().zip(&flips) {
            seen += weight;
            log_mass += libm::log1p(weight);
            log_stay += libm::log(term.q);
        }
        let least = aim / (terms.len() as f64 * terms.len() as f64 + 1.0);
        let mut left = usize::try_from(pairs).unwrap_or(usize::MAX);
        let mut partners: Vec<usize> = (0..flips.len()).collect();
        for (index, &(weight, _)) in flips.iter().enumerate().rev() {
            let first = flips[..index].partition_point(|other| other.0 * weight < least);
            let first = first.max(index.saturating_sub(left));
            left -= index - first;
            partners[index] = first;
            seen += flips[first..index]
                .iter()
                .map(|other| other.0 * weight)
                .sum::<f64>();
        }
        let all = libm::expm1(log_mass);
        // The difference of two close numbers: never below their rounding.
        let unseen = (all - seen).max(0.0) + (terms.len() as f64 + 8.0) * EPSILON * all;
        Self {
            flips,
            partners,
            unseen,
            log_stay,
        }
    }

    fn weight_at(&self, density: &Density, residue: usize, modulus: usize) -> f64 {
        let behind = |from: usize, shift: usize| (from + modulus - shift) & (modulus - 1);
        let mut sum = density.at(residue);
        for (index, &(weight, shift)) in self.flips.iter().enumerate() {
            let from = behind(residue, shift);
            let mut inner = density.at(from);
            for &(other, shift) in &self.flips[self.partners[index]..index] {
                inner += other * density.at(behind(from, shift));
            }
            sum += weight * inner;
        }
        sum
    }
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
        let shift = if inside {
            (modulus - up) & (modulus - 1)
        } else {
            up
        };
        let (p, q) = (logistic(-odds.abs()), logistic(odds.abs()));
        terms.extend((0..class.count).map(|_| Term { p, q, shift }));
    }
    let slack = (size + 1.0) * (terms.len() as f64 + 16.0) * EPSILON;
    (terms, base, log_mass, slack)
}

fn residue(value: i128, modulus: usize) -> usize {
    usize::try_from(value.rem_euclid(modulus as i128)).expect("a residue is below the modulus")
}

/// How many of the least likely flips the tail has: sets of three and more of them weigh less than
/// `aim` together.
fn tail_length(terms: &[Term], aim: f64) -> usize {
    let limit = libm::cbrt(6.0 * aim).min(0.1);
    let mut flips = 0.0;
    let fits = |term: &&Term| {
        flips += term.p / term.q;
        flips <= limit
    };
    let length = terms.iter().take_while(fits).count();
    length.min(terms.len().saturating_sub(HEAD_MIN))
}

/// A number type for densities.
trait Real: Copy + Default {
    fn of(value: f64) -> Self;
    fn mixed(stay: Self, moved: Self, term: (Self, Self, Self)) -> Self;
}

impl Real for f64 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn mixed(stay: Self, moved: Self, (q, p, floor): (Self, Self, Self)) -> Self {
        q * stay + p * moved + floor
    }
}

impl Real for f32 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value as Self
    }
    #[inline(always)]
    fn mixed(stay: Self, moved: Self, (q, p, floor): (Self, Self, Self)) -> Self {
        q * stay + p * moved + floor
    }
}

/// The distribution of the sum of `terms` modulo `modulus`.
fn convolve<T: Real>(terms: &[Term], modulus: usize) -> Vec<T> {
    let arch = pulp::Arch::new();
    let mut density = vec![T::default(); modulus];
    density[0] = T::of(1.0);
    let mut next = vec![T::default(); modulus];
    for term in terms {
        arch.dispatch(Step {
            next: &mut next,
            density: &density,
            term,
        });
        std::mem::swap(&mut density, &mut next);
    }
    density
}

/// `next[s] = q * density[s] + p * density[s - shift]`, cyclically.
struct Step<'a, T> {
    next: &'a mut [T],
    density: &'a [T],
    term: &'a Term,
}

impl<T: Real> pulp::NullaryFnOnce for Step<'_, T> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self {
            next,
            density,
            term,
        } = self;
        let cut = density.len() - term.shift;
        let (low, high) = next.split_at_mut(term.shift);
        let factors = (T::of(term.q), T::of(term.p), T::of(FLOOR));
        mix(low, &density[..term.shift], &density[cut..], factors);
        mix(high, &density[term.shift..], &density[..cut], factors);
    }
}

#[inline(always)]
fn mix<T: Real>(next: &mut [T], stay: &[T], moved: &[T], factors: (T, T, T)) {
    for ((next, stay), moved) in next.iter_mut().zip(stay).zip(moved) {
        *next = T::mixed(*stay, *moved, factors);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::{Normal, normalise};
    use crate::probability::gate;
    use crate::problem::{Budget, Problem};
    use proptest::prelude::*;

    /// The weight of all admissible picks, by brute force.
    fn weight(pool: &Pool) -> f64 {
        let counts: Vec<u32> = pool.classes.iter().map(|class| class.count).collect();
        let mut pick = vec![0; counts.len()];
        let mut total = 0.0;
        loop {
            if let Some(segment) = pool.segment(pool.sum(&pick)) {
                let cost = pool.cost(&pick) + segment.cost;
                let ways = crate::probability::Ways::new(pool).millinats(pool, &pick);
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
            let bound = bound(&pool, tilt, 1 << modulus, libm::log(weight(&pool) + 1e-300), &mut meter).expect("within the budget");
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
        let costs: Vec<i64> = (0..300)
            .map(|i| if i % 8 == 0 { 300 } else { 9_500 + 7 * i })
            .collect();
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
        for modulus in [14, 18] {
            let bound =
                bound(&pool, tilt, 1 << modulus, exact, &mut meter).expect("within the budget");
            assert!(
                bound >= exact && bound < exact + 1e-3,
                "{bound} for {exact}"
            );
        }
    }
}
