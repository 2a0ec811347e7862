//! Values of cash application: exact money, items, payments, postings.
//!
//! This crate knows nothing of files, columns, clocks or Python.
#![forbid(unsafe_code)]

pub mod currency;
pub mod reason;

pub use currency::Currency;
pub use reason::{Reason, ReasonKind};
