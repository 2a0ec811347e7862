//! The column contract: Arrow batches to values and back.
#![forbid(unsafe_code)]

pub mod bank;
pub mod journal;
pub mod schema;
