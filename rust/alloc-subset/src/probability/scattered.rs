//! How likely a payer is to take items as they come: each on its own, at a rate that is in question.

use super::{EPSILON, bound, gate, log_odds, log1p_exp};
use crate::meter::Meter;
use crate::pool::Pool;
use crate::shapes::ScatteredWeights;

/// Fewest and most residues of the bound on scattered sets.
const MODULUS_MIN: f64 = 4_096.0;
const MODULUS_MAX: f64 = 1_048_576.0;
/// How many times as many residues are tried next.
const FINER: f64 = 16.0;

/// Scattered items, in any of the ways in which interchangeable ones stand in for each other.
#[derive(Clone, Debug)]
pub(crate) struct Scattered {
    /// Which of the items to choose from, ascending.
    pub items: Vec<u32>,
    /// Interchangeable items, and how many of them are taken.
    pub ways: Vec<(u32, u32)>,
}

/// What it costs to take an item rather than not, millinats.
#[derive(Clone, Debug)]
pub(crate) enum Costs {
    /// Each the same.
    Alike(i64),
    /// Each its own; interchangeable ones the same.
    Each(Vec<i64>),
}

impl Costs {
    /// The cost of one item to choose from.
    pub fn of(&self, item: usize) -> i64 {
        match self {
            Self::Alike(cost) => *cost,
            Self::Each(costs) => costs[item],
        }
    }

    /// The cost of some items together.
    fn sum(&self, items: &[u32]) -> i64 {
        items.iter().map(|&item| self.of(item as usize)).sum()
    }
}

/// One rate at which items are taken, each on its own.
#[derive(Clone, Debug)]
struct Rate {
    costs: Costs,
    /// Logarithm of the probability that none is taken.
    log_none: f64,
    /// How likely scattered items at this rate are.
    weight: f64,
}

/// The probabilities of sets of scattered items before the target is known.
#[derive(Debug)]
pub(crate) struct ScatteredPrior {
    rates: Vec<Rate>,
}

impl ScatteredPrior {
    /// Any item is as likely as another one. Where some are named, a half lies around these: the odds
    /// of an item fall as one over its distance from the nearest of them, the law without a scale.
    ///
    /// * `size`: items to choose from
    /// * `named`: how many are named
    /// * `distances`: how far each item is from what is named, from 1; empty where nothing is named
    pub fn new(size: usize, named: usize, distances: &[u32], weights: ScatteredWeights) -> Self {
        let mut rates = even(size, named, weights);
        if !distances.is_empty() && size > 2 {
            rates.extend(around(named, distances, weights));
            for rate in &mut rates {
                rate.weight /= 2.0;
            }
        }
        Self { rates }
    }

    /// One set, in all its ways.
    pub fn mass(&self, set: &Scattered) -> f64 {
        let mass = |rate: &Rate| rate.weight * rate.mass(set);
        self.rates.iter().map(mass).sum()
    }

    /// Costs under which a search sees the fewest items, the fewest left out, and the fewest and
    /// nearest ones.
    pub fn search_costs(&self) -> Vec<Costs> {
        let alike = |rate: &Rate| match rate.costs {
            Costs::Alike(cost) => Some(cost),
            Costs::Each(_) => None,
        };
        let few = self.rates.iter().filter_map(alike).max();
        let few = few.into_iter();
        let mut costs: Vec<Costs> = few
            .flat_map(|cost| [Costs::Alike(cost), Costs::Alike(-cost)])
            .collect();
        let near = self.rates.iter().find(|rate| alike(rate).is_none());
        costs.extend(near.map(|rate| rate.costs.clone()));
        costs
    }

    /// An upper bound of the probability of all scattered sets that hit the target; `None` when
    /// what it has beyond the known ones cannot be told to be about `allowed` within the budget.
    ///
    /// * `known`: scattered sets that hit it
    pub fn bound(
        &self,
        pool: &mut Pool,
        known: &[Scattered],
        allowed: f64,
        meter: &mut Meter,
    ) -> Option<f64> {
        let mut rates: Vec<Outlook<'_>> = Vec::with_capacity(self.rates.len());
        for rate in &self.rates {
            let known: f64 = known.iter().map(|set| rate.mass(set)).sum();
            rates.push(rate.outlook(pool, known, meter));
        }
        // What is about to be there anyway; what is left of the rest may be lost to coarse bounds.
        let about: f64 = rates.iter().map(|at| at.weighed(at.about)).sum();
        let mut left = allowed - about;
        let mut lost = 0.0;
        let spare = left;
        if left <= 0.0 {
            return None;
        }
        // Rates that hardly come near the target are bounded for nothing; the others share what
        // these leave.
        rates.sort_by(|a, b| a.weighed(a.ceiling).total_cmp(&b.weighed(b.ceiling)));
        let mut total = 0.0;
        for (index, at) in rates.iter().enumerate() {
            let part = left / ((rates.len() - index) as f64);
            let expected = at.weighed(at.known + at.about);
            let bound = if at.weighed(at.ceiling) <= expected + part {
                at.weighed(at.ceiling)
            } else {
                let most = if lost <= spare {
                    MODULUS_MAX
                } else {
                    MODULUS_MIN
                };
                at.weighed(at.bound(pool, part / at.rate.weight, most, meter)?)
            };
            total += bound;
            // Where a bound turns out coarse, the next ones are still worth knowing.
            lost += (bound - expected).max(0.0);
            left = (spare - lost).max(part / 2.0);
        }
        Some(total * (1.0 + 1e-9))
    }
}

impl Rate {
    fn new(costs: Costs, size: usize, weight: f64) -> Self {
        let out = |cost: i64| -log1p_exp(log_odds(cost));
        let log_none = match &costs {
            Costs::Alike(cost) => size as f64 * out(*cost),
            Costs::Each(costs) => costs.iter().map(|&cost| out(cost)).sum(),
        };
        Self {
            costs,
            log_none,
            weight,
        }
    }

    /// The probability of all sets like one.
    fn mass(&self, set: &Scattered) -> f64 {
        let log_ways: f64 = set.ways.iter().map(|&(n, k)| log_choose(n, k)).sum();
        libm::exp(self.log_none + log_odds(self.costs.sum(&set.items)) + log_ways)
    }

    /// Logarithm of what all sets together have, tilted to the target: above that of those that hit
    /// it; and that of what is decided beforehand.
    fn ceiling(&self, pool: &mut Pool, meter: &mut Meter) -> (f64, f64) {
        pool.set_costs(|item| self.costs.of(item));
        let inside = pool.fixed_in.iter().map(|&item| self.costs.of(item));
        let usual = pool.members.iter();
        let usual = usual.map(|&item| self.costs.of(item as usize).min(0));
        let base = self.log_none + log_odds(inside.sum::<i64>() + usual.sum::<i64>());
        if pool.classes.is_empty() {
            return (base, base);
        }
        meter.spend(64 * pool.classes.len() as u64, 0);
        (base + ceiling(pool, gate(pool).tilt), base)
    }

    /// What the rate may have, before anything is counted.
    ///
    /// * `known`: what the sets that are known have
    fn outlook(&self, pool: &mut Pool, known: f64, meter: &mut Meter) -> Outlook<'_> {
        let ceiling = self.ceiling(pool, meter).0;
        let peak = if pool.classes.is_empty() {
            f64::NEG_INFINITY
        } else {
            gate(pool).log_peak.min(0.0)
        };
        Outlook {
            rate: self,
            ceiling: libm::exp(ceiling),
            about: (libm::exp(ceiling + peak) - known).max(0.0),
            known,
        }
    }
}

/// What sets at a rate may have, without the weight of the rate.
struct Outlook<'r> {
    rate: &'r Rate,
    /// All sets tilted to the target together.
    ceiling: f64,
    /// Those that hit it by chance beside the known ones. An estimate.
    about: f64,
    /// Those that are known to hit it.
    known: f64,
}

impl Outlook<'_> {
    fn weighed(&self, mass: f64) -> f64 {
        self.rate.weight * mass
    }

    /// An upper bound of what hits the target that is about `part` too high.
    ///
    /// * `most`: most residues
    fn bound(&self, pool: &mut Pool, part: f64, most: f64, meter: &mut Meter) -> Option<f64> {
        let (_, base) = self.rate.ceiling(pool, meter);
        if pool.classes.is_empty() {
            return Some(self.ceiling);
        }
        let part = part.max(1e-290);
        let tilt = gate(pool).tilt;
        let best = libm::log(part) - base;
        let mut modulus = (self.ceiling / part).clamp(MODULUS_MIN, most);
        loop {
            let residues = (modulus as usize).next_power_of_two();
            let log = bound(pool, tilt, residues, best, meter)?;
            let found = libm::exp(log + base);
            // Sets that fold onto the target by chance lie elsewhere among more residues.
            if found <= self.known + self.about + part || modulus >= most {
                return Some(found);
            }
            modulus = (modulus * FINER).min(most);
        }
    }
}

/// Logarithm of the weight of all sets, tilted to the target: above that of those that hit it.
fn ceiling(pool: &Pool, tilt: f64) -> f64 {
    let (mut log_mass, mut size) = (0.0, 0.0);
    for class in &pool.classes {
        let prior = log_odds(class.cost);
        let odds = prior + tilt * class.amount as f64;
        let count = f64::from(class.count);
        log_mass += (log1p_exp(odds) - prior.max(0.0)) * count;
        size += (odds.abs() + prior.abs() + 1.0) * count;
    }
    let lowest = (tilt * pool.low() as f64).min(tilt * pool.high() as f64);
    log_mass - lowest + (size + lowest.abs() + 1.0) * 64.0 * EPSILON
}

/// Rates at which two, four, eight … items are expected in, and as many out, wherever they are.
fn even(size: usize, named: usize, weights: ScatteredWeights) -> Vec<Rate> {
    let rates = shared(&expected(size), named, weights);
    let rate = |(expected, weight): (f64, f64)| {
        let odds = libm::log((size as f64 - expected) / expected);
        Rate::new(Costs::Alike((odds * 1_000.0).round() as i64), size, weight)
    };
    rates.into_iter().map(rate).collect()
}

/// Odds that fall as one over the distance and add up to two, four, eight …
fn around(named: usize, distances: &[u32], weights: ScatteredWeights) -> Vec<Rate> {
    let size = distances.len();
    let sums: Vec<f64> = std::iter::successors(Some(2_usize), |sum| Some(2 * sum))
        .take_while(|&sum| sum < size)
        .map(|sum| sum as f64)
        .collect();
    let whole: f64 = distances.iter().map(|&away| 1.0 / f64::from(away)).sum();
    let away = |&away: &u32| libm::log(f64::from(away));
    let away: Vec<f64> = distances.iter().map(away).collect();
    let rate = |(sum, weight): (f64, f64)| {
        let nearest = libm::log(whole / sum);
        let cost = |away: &f64| ((nearest + away) * 1_000.0).round() as i64;
        let costs = Costs::Each(away.iter().map(cost).collect());
        Rate::new(costs, size, weight)
    };
    let rates = shared(&sums, named, weights);
    rates.into_iter().map(rate).collect()
}

/// What each expected number has of the weight of scattered items: each alike. Where some are named,
/// their share of what is paid may be any, and the more are not named the less likely: as one
/// over all that are paid.
fn shared(expected: &[f64], named: usize, weights: ScatteredWeights) -> Vec<(f64, f64)> {
    let weight = |expected: f64| {
        if named == 0 {
            1.0
        } else {
            1.0 / (named as f64 + expected)
        }
    };
    let total: f64 = expected.iter().map(|&expected| weight(expected)).sum();
    let share = |&expected: &f64| {
        let ppm = f64::from(ppm_of(weights, expected)) * 1e-6;
        (expected, ppm * weight(expected) / total)
    };
    expected.iter().map(share).collect()
}

/// Numbers of scattered items that are expected among `size`, each alike: one half, and two, four,
/// eight …, or all but as many.
fn expected(size: usize) -> Vec<f64> {
    let mut expected = vec![size as f64 / 2.0];
    let mut few = 2;
    while few * 2 < size {
        expected.extend([few as f64, (size - few) as f64]);
        few *= 2;
    }
    expected
}

/// The weight of scattered items if so many are expected, ppm.
fn ppm_of(weights: ScatteredWeights, expected: f64) -> u32 {
    if expected <= f64::from(weights.few_max) {
        weights.few
    } else {
        weights.many
    }
}

/// How many numbers of scattered items are in question among `size`: those up to `few_max`, and
/// all.
#[must_use]
pub fn scattered_numbers(size: usize, few_max: u32) -> (u64, u64) {
    let expected = expected(size);
    let few = expected.iter().filter(|&&n| n <= f64::from(few_max));
    (few.count() as u64, expected.len() as u64)
}

fn log_choose(n: u32, k: u32) -> f64 {
    let k = k.min(n - k);
    (0..k)
        .map(|i| libm::log(f64::from(n - i) / f64::from(i + 1)))
        .sum()
}
