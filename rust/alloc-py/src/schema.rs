//! The column contract for Python.

use alloc_arrow::schema::{TABLES, table};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3_arrow::PySchema;

/// The Arrow schema of a table of the engine's contract; `KeyError` for an unknown name.
#[pyfunction]
pub fn table_schema<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    let Some(found) = table(name) else {
        let known: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
        return Err(PyKeyError::new_err(format!(
            "there is no table {name:?}; there are {}",
            known.join(", ")
        )));
    };
    PySchema::new(found.schema()).into_arro3(py)
}
