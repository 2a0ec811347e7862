//! Which of a payer's items, when nothing names them? Sets are likely by their shape.
//!
//! Before the amount is known a payer is assumed to pay one item, everything, the oldest or the
//! latest ones, runs of neighbours in age, all but such runs, or scattered items, each with a
//! stated share; where some items are named, what is not named is assumed to lie near them as often
//! as not. The
//! probability of every set that makes up the target is summed: the shapes that can be listed
//! are listed, scattered sets are counted, or bounded from above.

mod around;
mod ladder;
mod listed;
#[cfg(test)]
mod tests;

use crate::problem::{Budget, SUM_MAX_MINOR};
use crate::solution::{Count, Outcome, Shape, Work};

pub use ladder::explain_by_shape;

/// How likely a payer is to choose which shape, ppm; at most one million together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShapeWeights {
    /// Nothing beyond the items that are named.
    pub named_ppm: u32,
    /// One item, each alike; where some are named, in one case of two the nearer the likelier.
    pub one_ppm: u32,
    /// The oldest item alone, beyond what each item has.
    pub first_ppm: u32,
    /// Everything.
    pub all_ppm: u32,
    /// The oldest items, or the latest.
    pub edge_ppm: Ends,
    /// A run of neighbours.
    pub run_ppm: u32,
    /// All but a run of neighbours.
    pub gap_ppm: u32,
    /// By age with three changes between in and out: the oldest and a later run, or the latest and
    /// an earlier one.
    pub three_ppm: Ends,
    /// By age with four changes: two runs, or all but two.
    pub four_ppm: u32,
    /// A run around all that is named, with or without a gap.
    pub around_named_ppm: u32,
    /// Any of the latest or the oldest few items, or of those nearest to what is named.
    pub window_ppm: u32,
    /// Scattered items: two, four, eight … of them expected, or all but as many; where some are named,
    /// in one case of two around these.
    pub scattered_ppm: ScatteredWeights,
}

/// How likely a shape is that begins at one of two ends; each is chosen in one case of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// If it begins with the oldest item, ppm.
    pub oldest: u32,
    /// If it begins with the latest, ppm.
    pub latest: u32,
}

impl Ends {
    /// Both ends alike.
    #[must_use]
    pub const fn alike(ppm: u32) -> Self {
        Self {
            oldest: ppm,
            latest: ppm,
        }
    }
}

/// How likely scattered items are, by how many are expected; every number is in question alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScatteredWeights {
    /// If a few are expected, ppm.
    pub few: u32,
    /// If more are, ppm.
    pub many: u32,
    /// Most items that are a few.
    pub few_max: u32,
}

impl ScatteredWeights {
    /// Every number alike.
    #[must_use]
    pub const fn alike(ppm: u32) -> Self {
        Self {
            few: ppm,
            many: ppm,
            few_max: 0,
        }
    }
}

/// The end at which a set begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Oldest,
    Latest,
}

/// A question about the items of one payer.
#[derive(Clone, Copy, Debug)]
pub struct ShapeProblem<'a> {
    /// Signed amounts, minor units, none of them 0, oldest first.
    pub amounts_minor: &'a [i64],
    /// Items of one kind have one amount and are interchangeable; their first ones are chosen.
    pub kinds: &'a [u32],
    /// Items that are in for sure.
    pub named: &'a [bool],
    /// The sum wanted, named items included, minor units.
    pub target_minor: i64,
    /// How likely each shape is.
    pub weights: ShapeWeights,
    /// How likely it is that no set of these items is meant and the amount is this one all the
    /// same, parts per trillion.
    pub unexplained_ppt: u64,
    /// How likely it is that something else explains the payment, parts per trillion.
    pub rival_ppt: u64,
    /// How much work is allowed.
    pub budget: Budget,
    /// Most explanations to return, from 1.
    pub explanations_max: usize,
    /// Largest probability of being wrong at which an explanation is dominant, ppm.
    pub wrong_max_ppm: u32,
}

/// A set of items that makes up the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeExplanation {
    /// Positions of the chosen items, ascending, the named ones among them.
    pub items: Vec<usize>,
    /// Lower bound of its probability, ppm.
    pub p_low_ppm: u32,
    /// Upper bound of its probability, ppm.
    pub p_high_ppm: u32,
    /// What the set looks like.
    pub shape: Shape,
}

/// The answer to a [`ShapeProblem`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeSolution {
    /// How the question ended: unique, dominant, ambiguous, none or over budget.
    pub outcome: Outcome,
    /// Explanations found, most probable first, then by fewest items, then by position.
    pub explanations: Vec<ShapeExplanation>,
    /// How many there are.
    pub count: Count,
    /// Lower bound of the probability of the rival, ppm.
    pub rival_low_ppm: u32,
    /// Work done.
    pub work: Work,
}

/// Whether the amounts together can be added without care.
fn addable(amounts_minor: &[i64]) -> bool {
    let sum: u128 = amounts_minor
        .iter()
        .map(|amount| u128::from(amount.unsigned_abs()))
        .sum();
    sum <= u128::from(SUM_MAX_MINOR)
}
