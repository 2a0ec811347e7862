//! Values of cash application: exact money, items, payments, postings.
//!
//! This crate knows nothing of files, columns, clocks or Python.
#![forbid(unsafe_code)]

pub mod allocation;
pub mod audit;
pub mod bank;
pub mod chain;
pub mod clearing;
pub mod currency;
pub mod habit;
mod item;
pub mod journal;
pub mod lettering;
pub mod payment;
pub mod reason;

pub use allocation::{Adjustment, Allocation, Decision, Evidence, EvidenceSet, Proof, Status};
pub use currency::{Currency, Foreign};
pub use habit::{FEW_MAX, HABITS, Habit, Observed};
pub use item::{Discount, ItemKind, OpenItem};
pub use journal::{EntryHeader, EntryKind, JournalEntry, JournalError, Posting};
pub use lettering::{LetterKind, LetteringError, letter_code, letter_index};
pub use payment::{Customer, PastAllocation, Payment, RemittanceLine};
pub use reason::{Reason, ReasonKind};
