//! How likely a payer is to choose a set of items, by the shape of the set.
//!
//! Floats stay in here: callers hold a [`Mass`] and ask for shares of it in ppm.

use super::scattered::{Costs, Scattered, ScatteredPrior};
use crate::meter::Meter;
use crate::pool::Pool;
use crate::shapes::{End, Ends, ShapeWeights};

/// Which few items a payer looks at.
#[derive(Clone, Copy, Debug)]
pub(crate) enum View {
    /// The latest, or the oldest.
    End,
    /// Those nearest to what is named.
    Near,
}

/// How many items a set has before the first named item, and after the last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// Older ones.
    pub before: usize,
    /// Later ones.
    pub after: usize,
}

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

/// The probabilities of all sets of a pool before the target is known.
#[derive(Debug)]
pub(crate) struct ShapePrior {
    weights: ShapeWeights,
    size: usize,
    /// Sums of 1/k up to each k.
    harmonic: Vec<f64>,
    scattered: ScatteredPrior,
    /// Where items are named, the share of each other one in those that are near, else none.
    near: Vec<f64>,
}

impl ShapePrior {
    /// * `size`: items to choose from
    /// * `named`: how many are in beside them
    /// * `distances`: how far each item to choose from is from those, from 1; empty where there are
    ///   none
    pub fn new(size: usize, named: usize, distances: &[u32], weights: ShapeWeights) -> Self {
        let mut harmonic = Vec::with_capacity(size + 2);
        let mut sum = 0.0;
        harmonic.push(sum);
        for k in 1..=size + 1 {
            sum += 1.0 / k as f64;
            harmonic.push(sum);
        }
        Self {
            weights,
            size,
            harmonic,
            scattered: ScatteredPrior::new(size, named, distances, weights.scattered_ppm),
            near: shares(distances),
        }
    }

    /// One item: the oldest, or another one; where some are named, in one case of two one that is
    /// near.
    ///
    /// * `older`: how many are older than it
    pub fn one(&self, older: usize) -> Mass {
        let each = 1.0 / self.size.max(1) as f64;
        let share = self
            .near
            .get(older)
            .map_or(each, |near| f64::midpoint(each, *near));
        let each = Mass(Mass::of_ppm(self.weights.one_ppm).0 * share);
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

    /// Any one set of which the farthest item is the `span`-th of those a payer looks at: the latest
    /// or the oldest, or in one case of two those nearest to what is named, three, four … up to
    /// `most`; it takes any of them.
    pub fn window(&self, view: View, span: usize, most: usize) -> Mass {
        let windows = WINDOW_MIN..=most;
        let views = match view {
            View::Near => 2,
            View::End if self.near.is_empty() => 2,
            View::End => 4,
        };
        let share =
            Mass::of_ppm(self.weights.window_ppm).0 / (views * windows.clone().count()) as f64;
        let fitting = windows.filter(|&window| window >= span);
        let parts = fitting.map(|window| libm::exp2(-(window as f64)));
        Mass(share * parts.sum::<f64>())
    }

    /// One run around all that is named, or one but for a gap in it, which is half as likely; the
    /// farther it reaches the less likely, as one over it.
    ///
    /// * `widest`: how far it may reach
    /// * `has_gap`, `places`: whether it has a gap, and in how many places it may have one
    pub fn around(&self, reach: Reach, widest: Reach, (has_gap, places): (bool, usize)) -> Mass {
        let far = |items: usize, most: usize| 1.0 / (items + 1) as f64 / self.harmonic[most + 1];
        let gap = match (has_gap, places) {
            (false, 0) => 1.0,
            (false, _) => 2.0 / 3.0,
            (true, places) => 1.0 / 3.0 / places.max(1) as f64,
        };
        let share = far(reach.before, widest.before) * far(reach.after, widest.after) * gap;
        Mass(Mass::of_ppm(self.weights.around_named_ppm).0 * share)
    }

    /// Scattered items.
    pub fn scattered(&self, set: &Scattered) -> Mass {
        Mass(self.scattered.mass(set))
    }

    /// Costs under which the likeliest scattered items are found.
    pub fn search_costs(&self) -> Vec<Costs> {
        self.scattered.search_costs()
    }

    /// An upper bound of the probability of all scattered sets that hit the target; `None` when
    /// what it has beyond the known ones cannot be told to be about `allowed` within the budget.
    ///
    /// * `known`: scattered sets that hit it
    pub fn scattered_bound(
        &self,
        pool: &mut Pool,
        known: &[Scattered],
        allowed: Mass,
        meter: &mut Meter,
    ) -> Option<Mass> {
        self.scattered
            .bound(pool, known, allowed.0, meter)
            .map(Mass)
    }
}

/// One over each distance, as shares of the whole.
fn shares(distances: &[u32]) -> Vec<f64> {
    let parts = distances.iter().map(|&away| 1.0 / f64::from(away));
    let whole: f64 = parts.clone().sum();
    parts.map(|part| part / whole).collect()
}

fn weight_of(weights: Ends, end: End) -> u32 {
    match end {
        End::Oldest => weights.oldest,
        End::Latest => weights.latest,
    }
}
