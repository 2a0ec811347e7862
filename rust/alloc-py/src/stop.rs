//! Ending a call that nobody waits for, for Python.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use alloc_domain::Reason;
use pyo3::marker::Ungil;
use pyo3::prelude::*;

use crate::error::to_python;

/// How often a thread that waits for the engine looks for Ctrl-C.
const LOOK: Duration = Duration::from_millis(50);

/// Ends the calls it is handed to, from any thread.
#[pyclass(frozen, module = "alloc._core")]
#[derive(Default)]
pub struct Stop(pub(crate) alloc_engine::Stop);

#[pymethods]
impl Stop {
    #[new]
    fn new() -> Self {
        Self::default()
    }

    /// End the calls it was handed to, and those it will be handed to.
    fn set(&self) {
        self.0.set();
    }
}

/// What ends a call: the caller's, or one that only Ctrl-C sets.
pub(crate) fn stop_of<'s>(
    given: Option<&'s Bound<'_, Stop>>,
    own: &'s alloc_engine::Stop,
) -> &'s alloc_engine::Stop {
    given.map_or(own, |stop| &stop.get().0)
}

/// Runs `work` as [`run_detached`](crate::detach::run_detached) does, but in a thread of its own:
/// this one heeds signals meanwhile, and Ctrl-C sets `stop`.
pub(crate) fn run_stoppable<T, E, F>(
    py: Python<'_>,
    stop: &alloc_engine::Stop,
    work: F,
) -> PyResult<T>
where
    F: FnOnce() -> Result<T, E> + Send,
    T: Ungil + Send,
    E: Reason + Send + Ungil,
{
    let (ending, mut ended) = channel::<()>();
    thread::scope(|scope| {
        let worker = scope.spawn(move || {
            let _ending = ending;
            work()
        });
        let mut signal = None;
        loop {
            let looked;
            (ended, looked) = py.detach(move || {
                let looked = ended.recv_timeout(LOOK);
                (ended, looked)
            });
            if looked != Err(RecvTimeoutError::Timeout) {
                break;
            }
            if let Err(raised) = py.check_signals() {
                stop.set();
                signal = Some(raised);
            }
        }
        let answer = py.detach(|| worker.join());
        let answer = answer.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        match signal {
            Some(raised) => Err(raised),
            None => answer.map_err(|error| to_python(py, &error)),
        }
    })
}
