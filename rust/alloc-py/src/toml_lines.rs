//! Lines of the keys of a TOML text.

use pyo3::prelude::*;

use crate::detach::run_detached;

/// List every key of a TOML text with its line.
#[pyfunction]
pub fn toml_lines(py: Python<'_>, text: &str) -> PyResult<Vec<(String, usize)>> {
    run_detached(py, || alloc_ingest::toml_lines(text))
}
