//! What the core refuses, by name.

use alloc_domain::{Reason, ReasonKind};
use thiserror::Error;

/// Why a problem was refused before any search.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SubsetError {
    /// A list that goes with the amounts has another length.
    #[error("{field} has {got} entries for {amounts} amounts: give one entry per amount")]
    LengthDiffers {
        /// The list: `costs` or `kinds`.
        field: &'static str,
        /// Its length.
        got: usize,
        /// The number of amounts.
        amounts: usize,
    },
    /// More items than the core takes.
    #[error("{got} items are more than the {limit} a search takes: split the pool by payer")]
    TooManyItems {
        /// Items given.
        got: usize,
        /// The limit.
        limit: usize,
    },
    /// Sums of the amounts leave the safe range of 64 bits.
    #[error("the amounts that can take part sum beyond {limit} minor units: split the pool")]
    SumTooLarge {
        /// The largest sum of absolute amounts, minor units.
        limit: u64,
    },
    /// A cost lies outside the range in which sums stay exact.
    #[error("{field}[{index}] is {millinats} millinats, outside the range of ±{limit}")]
    CostOutOfRange {
        /// The list: `costs` or `deltas`.
        field: &'static str,
        /// Position in the list.
        index: usize,
        /// The value, millinats.
        millinats: i64,
        /// The limit, millinats.
        limit: i64,
    },
    /// A delta is empty, or may be used too seldom or too often.
    #[error(
        "deltas[{index}] ({low} to {high} minor units, at most {count_max} times) is no interval \
         that may be used once or more, or all deltas allow more than {limit} uses together"
    )]
    DeltaInvalid {
        /// Position in the list.
        index: usize,
        /// Lower end, minor units.
        low: i64,
        /// Upper end, minor units.
        high: i64,
        /// How often it may be used.
        count_max: u32,
        /// Most uses of all deltas together.
        limit: u32,
    },
    /// A budget above what one search may take.
    #[error("a budget of {got} bytes is more than the {limit} one search may take")]
    BudgetTooLarge {
        /// Bytes asked for.
        got: u64,
        /// The limit.
        limit: u64,
    },
}

impl Reason for SubsetError {
    fn code(&self) -> &'static str {
        match self {
            Self::LengthDiffers { .. } => "LENGTH_DIFFERS",
            Self::TooManyItems { .. } => "TOO_MANY_ITEMS",
            Self::SumTooLarge { .. } => "SUM_TOO_LARGE",
            Self::CostOutOfRange { .. } => "COST_OUT_OF_RANGE",
            Self::DeltaInvalid { .. } => "DELTA_INVALID",
            Self::BudgetTooLarge { .. } => "BUDGET_TOO_LARGE",
        }
    }

    fn kind(&self) -> ReasonKind {
        match self {
            Self::LengthDiffers { .. }
            | Self::CostOutOfRange { .. }
            | Self::DeltaInvalid { .. } => ReasonKind::Input,
            Self::TooManyItems { .. } | Self::SumTooLarge { .. } | Self::BudgetTooLarge { .. } => {
                ReasonKind::Limit
            }
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::LengthDiffers {
                field,
                got,
                amounts,
            } => vec![
                ("field", (*field).to_owned()),
                ("got", got.to_string()),
                ("amounts", amounts.to_string()),
            ],
            Self::TooManyItems { got, limit } => {
                vec![("got", got.to_string()), ("limit", limit.to_string())]
            }
            Self::SumTooLarge { limit } => vec![("limit", limit.to_string())],
            Self::CostOutOfRange { field, index, .. } => {
                vec![("field", (*field).to_owned()), ("index", index.to_string())]
            }
            Self::DeltaInvalid { index, limit, .. } => {
                vec![("index", index.to_string()), ("limit", limit.to_string())]
            }
            Self::BudgetTooLarge { got, limit } => {
                vec![("got", got.to_string()), ("limit", limit.to_string())]
            }
        }
    }
}
