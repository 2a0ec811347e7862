//! How likely a payer is to choose a set of items, by the shape of the set.
//!
//! Floats stay in here: callers hold a [`Mass`] and ask for shares of it in ppm.

use super::{EPSILON, bound, gate, log_odds, log1p_exp};
use crate::meter::Meter;
use crate::pool::Pool;
use crate::shapes::{End, Ends, ScatteredWeights, ShapeWeights};

/// Fewest and most residues of the bound on scattered sets.
const MODULUS_MIN: f64 = 4_096.0;
const MODULUS_MAX: f64 = 1_048_576.0;
/// Share of the mass that may be overlooked at which a bound is fine enough.
const FINE: f64 = 0.25;

/// Fewest items that a payer looks at.
pub(crate) const WINDOW_MIN: usize = 3;

/// A probability that is no share of anything yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub(crate) struct Mass(f64);

impl Mass {
    /// No probability.
    pub const NONE: Self = Self(0.0);

    /// Parts per million as a probability.
    pub fn of_ppm(ppm: u32) -> Self {
        Self(f64::from(ppm) * 1e-6)
    }

    /// Parts per trillion as a probability.
    pub fn of_ppt(ppt: u64) -> Self {
        Self(ppt as f64 * 1e-12)
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    /// What is left of it without a part, rounded up by what the sum may have lost.
    pub fn without(self, part: Self) -> Self {
        Self((self.0 - part.0).max(0.0) + self.0 * 1e-12)
    }

    /// One of `ways` equally likely ones.
    pub fn over(self, ways: u64) -> Self {
        Self(self.0 / (ways.max(1) as f64))
    }

    /// A part of it.
    pub fn part(self, ppm: u32) -> Self {
        Self(self.0 * f64::from(ppm) * 1e-6)
    }

    /// Compares, larger first.
    pub fn descending(self, other: Self) -> std::cmp::Ordering {
        other.0.total_cmp(&self.0)
    }

    /// The share of this mass in a total that lies between two bounds, ppm, rounded outwards.
    pub fn share_ppm(self, low: Self, high: Self) -> (u32, u32) {
        let share = |total: f64| if total > 0.0 { self.0 / total } else { 0.0 };
        let least = share(high.0 * (1.0 + 1e-9)) * 1e6;
        let most = share(low.0 * (1.0 - 1e-9)) * 1e6;
        (least.floor().max(0.0) as u32, most.ceil().min(1e6) as u32)
    }
}

/// Scattered items, in any of the ways in which interchangeable ones stand in for each other.
#[derive(Clone, Debug)]
pub(crate) struct Scattered {
    /// How many items.
    pub taken: usize,
    /// Interchangeable items, and how many of them are taken.
    pub ways: Vec<(u32, u32)>,
}

/// One rate at which scattered items are taken, each on its own.
#[derive(Clone, Copy, Debug)]
struct Rate {
    /// Cost of taking an item, millinats.
    cost: i64,
    /// Logarithms of the probabilities of an item to be in and out.
    log_in: f64,
    log_out: f64,
    /// How likely scattered items at this rate are.
    weight: f64,
}

/// The probabilities of all sets of a pool before the target is known.
#[derive(Debug)]
pub(crate) struct ShapePrior {
    weights: ShapeWeights,
    size: usize,
    /// Sums of 1/k up to each k.
    harmonic: Vec<f64>,
    rates: Vec<Rate>,
}

impl ShapePrior {
    /// * `size`: items to choose from
    /// * `named`: items that are in beside them
    pub fn new(size: usize, named: usize, weights: ShapeWeights) -> Self {
        let mut harmonic = Vec::with_capacity(size + 1);
        let mut sum = 0.0;
        harmonic.push(sum);
        for k in 1..=size {
            sum += 1.0 / k as f64;
            harmonic.push(sum);
        }
        Self {
            weights,
            size,
            harmonic,
            rates: rates(size, named, weights.scattered_ppm),
        }
    }

    /// One item: the oldest, or another one.
    ///
    /// * `older`: how many are older than it
    pub fn one(&self, older: usize) -> Mass {
        let each = Mass::of_ppm(self.weights.one_ppm).over(self.size as u64);
        if older == 0 {
            each.plus(Mass::of_ppm(self.weights.first_ppm))
        } else {
            each
        }
    }

    /// Everything there is.
    pub fn all(&self) -> Mass {
        Mass::of_ppm(self.weights.all_ppm)
    }

    /// The `taken` oldest or latest of `size` items; short and long ones alike.
    pub fn edge(&self, end: End, taken: usize, size: usize) -> Mass {
        if taken < 2 || taken + 1 > size {
            return Mass::NONE;
        }
        let both = |k: usize| 1.0 / k as f64;
        let norm = 2.0 * self.harmonic[size - 1] - 1.0;
        let share = (both(taken) + both(size - taken)) / norm;
        let weight = weight_of(self.weights.edge_ppm, end);
        Mass(Mass::of_ppm(weight).0 * share / 2.0)
    }

    /// One run of `taken` of `size` neighbours; the shorter the likelier.
    pub fn run(&self, taken: usize, size: usize) -> Mass {
        if taken < 2 || taken + 1 > size {
            return Mass::NONE;
        }
        let share = 1.0 / taken as f64 / (self.harmonic[size - 1] - 1.0);
        let places = (size - taken + 1) as f64;
        Mass(Mass::of_ppm(self.weights.run_ppm).0 * share / places)
    }

    /// All but a run of `left_out` of `size` neighbours, which lies between others; the fewer are
    /// left out the likelier.
    pub fn gap(&self, left_out: usize, size: usize) -> Mass {
        if left_out < 1 || left_out + 2 > size {
            return Mass::NONE;
        }
        let share = 1.0 / left_out as f64 / self.harmonic[size - 2];
        let places = (size - 1 - left_out) as f64;
        Mass(Mass::of_ppm(self.weights.gap_ppm).0 * share / places)
    }

    /// A set with three or four places at which it changes between in and out, wherever they are.
    ///
    /// * `end`: the end at which one with three begins
    pub fn broken(&self, changes: usize, end: End, size: usize) -> Mass {
        let gaps = size.saturating_sub(1) as f64;
        let (weight, ways) = match changes {
            3 => (
                weight_of(self.weights.three_ppm, end),
                gaps * (gaps - 1.0) * (gaps - 2.0) / 6.0,
            ),
            4 => (
                self.weights.four_ppm,
                gaps * (gaps - 1.0) * (gaps - 2.0) * (gaps - 3.0) / 24.0,
            ),
            _ => return Mass::NONE,
        };
        Mass(Mass::of_ppm(weight).0 / (2.0 * ways).max(1.0))
    }

    /// Any one set of which the farthest item is the `span`-th from one end: a payer who looks at
    /// the latest or the oldest three, four … up to `most` items takes any of them.
    pub fn window(&self, span: usize, most: usize) -> Mass {
        let windows = WINDOW_MIN..=most;
        let share = Mass::of_ppm(self.weights.window_ppm).0 / (2 * windows.clone().count()) as f64;
        let fitting = windows.filter(|&window| window >= span);
        let parts = fitting.map(|window| libm::exp2(-(window as f64)));
        Mass(share * parts.sum::<f64>())
    }

    /// Any one set that has all named items, by its number of changes (up to four): each further
    /// change is half as likely.
    pub fn with_named(&self, named: &[bool]) -> [Mass; 5] {
        let ways = consistent(named);
        let share = |changes: usize| {
            let part = libm::exp2(-(changes as f64));
            let weight = Mass::of_ppm(self.weights.around_named_ppm).0 * part;
            Mass(weight / ways[changes].max(1.0))
        };
        [Mass::NONE, share(1), share(2), share(3), share(4)]
    }

    /// Scattered items.
    pub fn scattered(&self, set: &Scattered) -> Mass {
        let mass = |rate: &Rate| rate.weight * rate.mass(self.size, set);
        Mass(self.rates.iter().map(mass).sum())
    }

    /// Costs of an item under which a search sees the fewest items, and the fewest left out.
    pub fn search_cost(&self) -> Option<i64> {
        self.rates.iter().map(|rate| rate.cost).max()
    }

    /// An upper bound of the probability of all scattered sets that hit the target; `None` when
    /// what it has beyond the known ones cannot be told to be about `allowed` within the budget.
    ///
    /// * `known`: scattered sets that hit it, as for [`Self::scattered`]
    /// * `fixed_out`: items that every set hitting the target lacks
    pub fn scattered_bound(
        &self,
        pool: &mut Pool,
        known: &[Scattered],
        allowed: Mass,
        fixed_out: usize,
        meter: &mut Meter,
    ) -> Option<Mass> {
        let mut rates = Vec::with_capacity(self.rates.len());
        for rate in &self.rates {
            let known: f64 = known.iter().map(|set| rate.mass(self.size, set)).sum();
            let ceiling = libm::exp(rate.ceiling(pool, fixed_out, meter).0);
            rates.push((rate.weight * ceiling, rate.weight * known, rate));
        }
        // Rates that hardly come near the target are bounded for nothing; the others share what
        // these leave.
        rates.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut left = allowed.0;
        let mut total = 0.0;
        for (index, &(ceiling, known, rate)) in rates.iter().enumerate() {
            let part = left / ((rates.len() - index) as f64);
            let bound = if ceiling <= known + part {
                ceiling
            } else {
                let (known, part) = (known / rate.weight, part / rate.weight);
                rate.weight * rate.bound(pool, (known, part), fixed_out, meter)?
            };
            total += bound;
            // Where a bound turns out coarse, the next ones are still worth knowing.
            left = (left - (bound - known).max(0.0)).max(part / 2.0);
        }
        Some(Mass(total * (1.0 + 1e-9)))
    }
}

impl Rate {
    /// The probability of all sets like one.
    fn mass(&self, size: usize, set: &Scattered) -> f64 {
        let (taken, left) = (set.taken as f64, (size - set.taken) as f64);
        let log_ways: f64 = set.ways.iter().map(|&(n, k)| log_choose(n, k)).sum();
        libm::exp(taken * self.log_in + left * self.log_out + log_ways)
    }

    /// Logarithm of what all sets together have, tilted to the target: above that of those that hit
    /// it; and that of what is decided beforehand.
    fn ceiling(&self, pool: &mut Pool, fixed_out: usize, meter: &mut Meter) -> (f64, f64) {
        pool.set_costs(self.cost);
        let (members, inside) = (pool.members.len() as f64, pool.fixed_in.len() as f64);
        let usual = if self.cost < 0 {
            self.log_in
        } else {
            self.log_out
        };
        let base = members * usual + inside * self.log_in + fixed_out as f64 * self.log_out;
        if pool.classes.is_empty() {
            return (base, base);
        }
        meter.spend(64 * pool.classes.len() as u64, 0);
        (base + ceiling(pool, gate(pool).tilt), base)
    }

    /// * `known`, `part`: what the sets that are known have, and what the others may
    fn bound(
        &self,
        pool: &mut Pool,
        (known, part): (f64, f64),
        fixed_out: usize,
        meter: &mut Meter,
    ) -> Option<f64> {
        let (ceiling, base) = self.ceiling(pool, fixed_out, meter);
        if pool.classes.is_empty() {
            return Some(libm::exp(ceiling));
        }
        let at = gate(pool);
        let part = libm::log(part.max(1e-290));
        if ceiling + at.log_peak > libm::log(known + libm::exp(part)) {
            return None;
        }
        let wanted = libm::exp(ceiling - part) / FINE;
        if wanted > 4.0 * MODULUS_MAX {
            return None;
        }
        let wanted = wanted.clamp(MODULUS_MIN, MODULUS_MAX);
        let modulus = (wanted as usize).next_power_of_two();
        bound(pool, at.tilt, modulus, part - base, meter).map(|log| libm::exp(log + base))
    }
}

fn weight_of(weights: Ends, end: End) -> u32 {
    match end {
        End::Oldest => weights.oldest,
        End::Latest => weights.latest,
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

/// Rates at which two, four, eight … items are expected in, and as many out, each alike. Where
/// some are named, their share of what is paid may be any, and the more are not named the less
/// likely: as one over all that are paid.
fn rates(size: usize, named: usize, weights: ScatteredWeights) -> Vec<Rate> {
    let expected = expected(size);
    let weight = |expected: f64| {
        if named == 0 {
            1.0
        } else {
            1.0 / (named as f64 + expected)
        }
    };
    let total: f64 = expected.iter().map(|&expected| weight(expected)).sum();
    let rate = |expected: f64| {
        let odds = libm::log((size as f64 - expected) / expected);
        let cost = (odds * 1_000.0).round() as i64;
        Rate {
            cost,
            log_in: -log1p_exp(-log_odds(cost)),
            log_out: -log1p_exp(log_odds(cost)),
            weight: Mass::of_ppm(ppm_of(weights, expected)).0 * weight(expected) / total,
        }
    };
    expected.into_iter().map(rate).collect()
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

/// How many sets have all named items, by the number of changes between in and out along the line.
fn consistent(named: &[bool]) -> [f64; 5] {
    // For each number of changes: ways that end out, and that end in.
    let mut ways = [[0.0_f64; 2]; 5];
    for (position, &is_named) in named.iter().enumerate() {
        if position == 0 {
            ways[0] = [1.0, 1.0];
        } else {
            let before = ways;
            for changes in 0..5 {
                for end in 0..2 {
                    let changed =
                        usize::checked_sub(changes, 1).map_or(0.0, |c| before[c][1 - end]);
                    ways[changes][end] = before[changes][end] + changed;
                }
            }
        }
        if is_named {
            for way in &mut ways {
                way[0] = 0.0;
            }
        }
    }
    ways.map(|[out, inside]| out + inside)
}

fn log_choose(n: u32, k: u32) -> f64 {
    let k = k.min(n - k);
    (0..k)
        .map(|i| libm::log(f64::from(n - i) / f64::from(i + 1)))
        .sum()
}
