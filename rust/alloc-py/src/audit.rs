//! Verbs of the audit trail: write records and chain them, check them again.

use alloc_arrow::ArrowReadError;
use alloc_arrow::audit::{Fields, List, first_broken, write_records};
use pyo3::prelude::*;
use pyo3_arrow::export::Arro3RecordBatch;
use pyo3_arrow::input::AnyRecordBatch;

use crate::detach::run_detached;

/// Write a document for each decision, and chain them.
#[pyfunction]
#[pyo3(signature = (facts, lists, *, previous_hash))]
pub fn chain_documents(
    py: Python<'_>,
    facts: AnyRecordBatch,
    lists: Vec<(String, AnyRecordBatch)>,
    previous_hash: &str,
) -> PyResult<Arro3RecordBatch> {
    let facts = facts.into_reader()?;
    let lists = lists
        .into_iter()
        .map(|(name, rows)| Ok((name, rows.into_reader()?)))
        .collect::<PyResult<Vec<_>>>()?;
    run_detached(py, move || {
        let facts = Fields::read("facts", facts)?;
        let lists = lists
            .into_iter()
            .map(|(name, rows)| Ok(List::new(name, Fields::read("lists", rows)?, &facts)))
            .collect::<Result<Vec<_>, ArrowReadError>>()?;
        Ok::<_, ArrowReadError>(write_records(&facts, &lists, previous_hash))
    })
    .map(Into::into)
}

/// Find the first record that is not as it was written.
#[pyfunction]
#[pyo3(signature = (records, *, first_no, previous_hash))]
pub fn check_documents(
    py: Python<'_>,
    records: AnyRecordBatch,
    first_no: i64,
    previous_hash: &str,
) -> PyResult<Option<i64>> {
    let records = records.into_reader()?;
    run_detached(py, move || first_broken(records, first_no, previous_hash))
}
