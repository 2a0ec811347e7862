//! Decisions of cash application: values in, values out. No file, clock, randomness or Python.
#![forbid(unsafe_code)]

pub mod chain;
pub mod clear;
pub mod reverse;
