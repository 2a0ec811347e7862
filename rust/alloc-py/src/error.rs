//! The one place that turns an error of the workspace into a Python exception.

use alloc_domain::{Reason, ReasonKind};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The Python class of `alloc.errors` for each kind; no catch-all arm.
fn class_name(kind: ReasonKind) -> &'static str {
    match kind {
        ReasonKind::Input => "InputError",
        ReasonKind::NotFound => "NotFoundError",
        ReasonKind::Conflict => "ConflictError",
        ReasonKind::Limit => "LimitError",
        ReasonKind::Stopped => "StoppedError",
    }
}

/// Builds `alloc.errors.<Class>(message, reason=code, **metadata)`.
pub fn to_python(py: Python<'_>, error: &dyn Reason) -> PyErr {
    let build = || -> PyResult<PyErr> {
        let class = py
            .import("alloc.errors")?
            .getattr(class_name(error.kind()))?;
        let fields = PyDict::new(py);
        fields.set_item("reason", error.code())?;
        for (name, value) in error.metadata() {
            fields.set_item(name, value)?;
        }
        Ok(PyErr::from_value(
            class.call((error.to_string(),), Some(&fields))?,
        ))
    };
    build().unwrap_or_else(|failure| failure)
}
