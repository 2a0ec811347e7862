//! Whether somebody still waits for an answer.

use std::sync::atomic::{AtomicBool, Ordering};

/// Ends calls that hold it: set once, from any thread, and for good.
///
/// Whoever sees it set may answer anything at once: the call as a whole is an error then.
#[derive(Debug, Default)]
pub struct Stop(AtomicBool);

impl Stop {
    /// Ends the calls that hold it, soon.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether nobody waits any more.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
