//! The one gate that releases the interpreter lock.

use alloc_domain::Reason;
use pyo3::marker::Ungil;
use pyo3::prelude::*;

use crate::error::to_python;

/// Runs `work` with the interpreter lock released and maps its error.
///
/// The closure must be `Send`, so no Python object can slip in.
pub fn run_detached<T, E, F>(py: Python<'_>, work: F) -> PyResult<T>
where
    F: FnOnce() -> Result<T, E> + Ungil + Send,
    T: Ungil + Send,
    E: Reason + Send + Ungil,
{
    py.detach(work).map_err(|error| to_python(py, &error))
}
