//! Weighted subset sum with proofs: which set of amounts makes up a target, and is it the only one?
//!
//! Asked for a payment and the open items of a payer, [`solve`] says not only *a* set of items that
//! makes up the amount, but what is known about all the others: that there is none
//! ([`Outcome::Unique`]), that all of them together are improbable under the evidence given
//! ([`Outcome::Dominant`]), or that nobody can know ([`Outcome::Ambiguous`]).
//!
//! ```
//! use alloc_subset::{Outcome, Problem, solve};
//!
//! let amounts = [120_00, 75_50, 99_99, -20_00, 310_10];
//! let solution = solve(&Problem::new(&amounts, 155_49)).expect("a small pool");
//! assert_eq!(solution.outcome, Outcome::Unique);
//! assert_eq!(solution.explanations[0].items, [1, 2, 3]);
//! ```
//!
//! Amounts are signed 64-bit minor units, costs are integer millinats, work is counted in steps
//! and bytes and never in seconds. Floats exist in one module that hands out integers.

#![forbid(unsafe_code)]

mod error;
mod halves;
mod ladder;
mod meter;
pub mod planes;
mod pool;
mod probability;
mod problem;
mod reach;
#[cfg(test)]
mod rungs;
mod screen;
mod search;
mod shapes;
mod solution;
mod target;
mod tilt;
mod witness;

pub use error::SubsetError;
pub use ladder::{count, solve};
pub use probability::scattered_numbers;
pub use problem::{
    BYTES_MAX, Budget, COST_MAX_MILLINATS, DELTA_USES_MAX, Delta, ITEMS_MAX, Problem, SUM_MAX_MINOR,
};
pub use shapes::{
    Ends, ScatteredWeights, ShapeExplanation, ShapeProblem, ShapeSolution, ShapeWeights,
    explain_by_shape,
};
pub use solution::{Count, DeltaUse, Explanation, Outcome, Proof, Shape, Solution, Work};
