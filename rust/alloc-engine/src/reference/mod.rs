//! Finding the references that a text or an advice line names.

pub mod decoy;
pub mod form;
pub mod index;
pub(crate) mod label;
pub(crate) mod lead;
pub mod list;
pub mod near;
pub mod scan;
pub mod surprise;
