//! Decisions of cash application: values in, values out. No file, clock, randomness or Python.
#![forbid(unsafe_code)]

pub mod advice;
pub mod assign;
pub mod book;
pub mod chain;
pub mod choice;
pub mod clear;
pub mod decide;
pub mod deduct;
pub mod error;
pub mod evidence;
pub mod explain;
pub mod gather;
pub mod habit;
pub mod ledger;
pub mod left;
pub mod limits;
pub mod model;
pub mod named;
pub mod payer;
pub mod policy;
pub mod propose;
pub mod reference;
pub mod reverse;
pub mod scarcity;
pub mod stop;
pub mod text;

pub use book::{Book, Known};
pub use error::EngineError;
pub use left::Taken;
pub use policy::{DeductionKind, Deductions, Policy, VatRates};
pub use propose::Request;
pub use stop::Stop;
