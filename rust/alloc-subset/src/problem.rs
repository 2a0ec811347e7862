//! What is asked: a pool of amounts, the sum wanted, and what is known beforehand.

use crate::error::SubsetError;

/// Most items of one problem.
pub const ITEMS_MAX: usize = 100_000;
/// Largest absolute cost of an item or a delta, millinats (a probability of e^-1,000,000).
pub const COST_MAX_MILLINATS: i64 = 1_000_000_000;
/// Largest sum of the absolute amounts that can take part, minor units.
pub const SUM_MAX_MINOR: u64 = 1 << 61;
/// Most uses of all deltas of a problem together.
pub const DELTA_USES_MAX: u32 = 256;
/// Most memory that one search may be given.
pub const BYTES_MAX: u64 = 256 << 20;

/// An admissible difference between the chosen items and the target: a deduction or a surplus.
///
/// Used `k` times (1 to `count_max`) it lets the chosen amounts add up to anything from
/// `target + k * low_minor` to `target + k * high_minor`, at a cost of `k * cost_millinats`.
/// A fee of 15.00 is `low = high = 1_500`; a discount of 2 % taken on the gross sum is an interval
/// around `target * 2 / 98`; an overpayment is negative. Different deltas never combine silently:
/// a combination that is allowed is a delta of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delta {
    /// Smallest sum of the items minus target, minor units.
    pub low_minor: i64,
    /// Largest sum of the items minus target, minor units.
    pub high_minor: i64,
    /// Cost of each use, millinats, from 0.
    pub cost_millinats: i64,
    /// How often it may be used, from 1.
    pub count_max: u32,
}

/// How much work a search may do. Deterministic: it counts, it never looks at a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Elementary steps (one step is about one nanosecond of one core).
    pub steps: u64,
    /// Bytes held at one time, at most [`BYTES_MAX`].
    pub bytes: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            steps: 1 << 29,
            bytes: 64 << 20,
        }
    }
}

/// A weighted subset-sum question.
///
/// Build it with [`Problem::new`] and set the other fields as needed.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// Signed amounts, minor units: credit notes are negative, zero is allowed.
    pub amounts_minor: &'a [i64],
    /// The sum wanted, minor units.
    pub target_minor: i64,
    /// Cost of having an item in rather than out, millinats: minus its log-odds of being in.
    ///
    /// A negative cost says that the item is more likely in: it belongs to the prior set. `None`
    /// knows nothing, which is the same as a cost of 0 for every item.
    pub costs_millinats: Option<&'a [i64]>,
    /// Items of equal amount, cost and kind are interchangeable and count as one class; the first
    /// ones in input order are chosen. `None` is one kind for all.
    pub kinds: Option<&'a [u32]>,
    /// Admissible differences.
    pub deltas: &'a [Delta],
    /// How much work the search may do.
    pub budget: Budget,
    /// Most explanations to return, from 1.
    pub explanations_max: usize,
    /// Largest probability of being wrong at which an explanation is dominant, ppm.
    pub wrong_max_ppm: u32,
}

impl<'a> Problem<'a> {
    /// A question without evidence or deltas, with the default budget.
    ///
    /// * `amounts_minor`: signed amounts, minor units
    /// * `target_minor`: the sum wanted, minor units
    #[must_use]
    pub fn new(amounts_minor: &'a [i64], target_minor: i64) -> Self {
        Self {
            amounts_minor,
            target_minor,
            costs_millinats: None,
            kinds: None,
            deltas: &[],
            budget: Budget::default(),
            explanations_max: 8,
            wrong_max_ppm: 100,
        }
    }

    /// The cost of having item `index` in, millinats.
    pub(crate) fn cost(&self, index: usize) -> i64 {
        self.costs_millinats.map_or(0, |costs| costs[index])
    }

    /// The kind of item `index`.
    pub(crate) fn kind(&self, index: usize) -> u32 {
        self.kinds.map_or(0, |kinds| kinds[index])
    }

    /// Checks lengths and ranges.
    pub(crate) fn check(&self) -> Result<(), SubsetError> {
        let amounts = self.amounts_minor.len();
        if amounts > ITEMS_MAX {
            let (got, limit) = (amounts, ITEMS_MAX);
            return Err(SubsetError::TooManyItems { got, limit });
        }
        if self.budget.bytes > BYTES_MAX {
            let (got, limit) = (self.budget.bytes, BYTES_MAX);
            return Err(SubsetError::BudgetTooLarge { got, limit });
        }
        let lengths = [
            ("costs", self.costs_millinats.map(<[i64]>::len)),
            ("kinds", self.kinds.map(<[u32]>::len)),
        ];
        for (field, length) in lengths {
            if let Some(got) = length.filter(|&got| got != amounts) {
                return Err(SubsetError::LengthDiffers {
                    field,
                    got,
                    amounts,
                });
            }
        }
        check_costs("costs", self.costs_millinats.unwrap_or(&[]).iter())?;
        self.check_deltas()
    }

    fn check_deltas(&self) -> Result<(), SubsetError> {
        let mut uses = 0_u32;
        for (index, delta) in self.deltas.iter().enumerate() {
            uses = uses.saturating_add(delta.count_max);
            if delta.low_minor > delta.high_minor || delta.count_max == 0 || uses > DELTA_USES_MAX {
                return Err(SubsetError::DeltaInvalid {
                    index,
                    low: delta.low_minor,
                    high: delta.high_minor,
                    count_max: delta.count_max,
                    limit: DELTA_USES_MAX,
                });
            }
            if delta.cost_millinats < 0 {
                return Err(cost_error("deltas", index, delta.cost_millinats));
            }
        }
        check_costs("deltas", self.deltas.iter().map(|d| &d.cost_millinats))
    }
}

fn check_costs<'c>(
    field: &'static str,
    costs: impl Iterator<Item = &'c i64>,
) -> Result<(), SubsetError> {
    for (index, &cost) in costs.enumerate() {
        if cost.unsigned_abs() > COST_MAX_MILLINATS.unsigned_abs() {
            return Err(cost_error(field, index, cost));
        }
    }
    Ok(())
}

fn cost_error(field: &'static str, index: usize, millinats: i64) -> SubsetError {
    SubsetError::CostOutOfRange {
        field,
        index,
        millinats,
        limit: COST_MAX_MILLINATS,
    }
}
