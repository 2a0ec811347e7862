//! The budget of one search, counted down.

use crate::problem::Budget;
use crate::solution::Work;

/// Counts steps and bytes. A method asks before it starts, so a limit is never overrun.
#[derive(Debug)]
pub(crate) struct Meter {
    budget: Budget,
    work: Work,
}

impl Meter {
    pub(crate) fn new(budget: Budget) -> Self {
        let work = Work::default();
        Self { budget, work }
    }

    /// Steps that are left.
    pub(crate) fn steps_left(&self) -> u64 {
        self.budget.steps.saturating_sub(self.work.steps)
    }

    /// Whether `steps` and a peak of `bytes` are still allowed.
    pub(crate) fn allows(&self, steps: u64, bytes: u64) -> bool {
        steps <= self.steps_left() && bytes <= self.budget.bytes
    }

    /// Records work done.
    pub(crate) fn spend(&mut self, steps: u64, bytes: u64) {
        self.work.steps = self.work.steps.saturating_add(steps);
        self.work.bytes = self.work.bytes.max(bytes);
    }

    /// Records the work if it is allowed.
    pub(crate) fn try_spend(&mut self, steps: u64, bytes: u64) -> bool {
        let allowed = self.allows(steps, bytes);
        if allowed {
            self.spend(steps, bytes);
        }
        allowed
    }

    pub(crate) fn work(&self) -> Work {
        self.work
    }
}
