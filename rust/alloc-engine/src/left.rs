//! What is left open while payments are decided.

use alloc_domain::{Decision, Status};
use rustc_hash::FxHashMap;

use crate::ledger::Ledger;

/// What was taken of items, minor units, by position.
pub type Taken = FxHashMap<u32, i64>;

/// The open amounts of a ledger, less what was taken before and what decisions take: it costs what
/// was taken, not what is open.
#[derive(Clone, Debug)]
pub struct Left<'l, 'a> {
    ledger: &'l Ledger<'a>,
    before: &'l Taken,
    taken: Taken,
}

impl<'l, 'a> Left<'l, 'a> {
    /// Everything that is open but what was taken `before`.
    #[must_use]
    pub fn new(ledger: &'l Ledger<'a>, before: &'l Taken) -> Self {
        Self {
            ledger,
            before,
            taken: Taken::default(),
        }
    }

    /// What is left open on an item, minor units.
    #[must_use]
    pub fn of(&self, item: u32) -> i64 {
        let taken = |by: &Taken| by.get(&item).copied().unwrap_or(0);
        self.ledger.item(item).open_minor - taken(self.before) - taken(&self.taken)
    }

    /// Takes what a decision clears by itself.
    pub fn take(&mut self, decision: &Decision<'_>) {
        if decision.status == Status::Auto {
            for line in decision.allocations.iter().filter(|line| line.rank == 0) {
                *self.taken.entry(line.item).or_default() += line.allocated_minor;
            }
        }
    }
}
