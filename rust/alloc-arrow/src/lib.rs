//! The column contract: Arrow batches to values and back.
#![forbid(unsafe_code)]

pub mod audit;
pub mod bank;
pub mod error;
pub mod journal;
pub mod read;
pub mod schema;
pub mod write;

pub use error::ArrowReadError;
pub use read::TableData;
