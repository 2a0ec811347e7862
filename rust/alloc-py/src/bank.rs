//! Bank files for Python.

use std::path::PathBuf;

use alloc_arrow::bank::{BankColumns, BankTable, BankTables};
use alloc_ingest::{BankFileError, Format, Options, detect, open_bank, read_bank};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;
use pyo3_arrow::PyTable;

use crate::detach::run_detached;

/// A whole file, or where it is.
#[derive(FromPyObject)]
pub enum Source {
    /// The bytes of the file.
    Bytes(PyBackedBytes),
    /// Its path: read in chunks, never as a whole.
    Path(PathBuf),
}

/// The format of a bank file by its first bytes, or None.
#[pyfunction]
pub fn detect_bank_format(head: &[u8]) -> Option<&'static str> {
    detect(head).map(Format::as_str)
}

/// Format, statements, entries, references and warnings.
type Tables<'py> = (
    &'static str,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
    Bound<'py, PyAny>,
);

/// Read a bank file: its format, and its statements, entries, references and warnings as tables.
#[pyfunction]
#[pyo3(signature = (source, *, name, strict))]
pub fn read_bank_file<'py>(
    py: Python<'py>,
    source: Source,
    name: &str,
    strict: bool,
) -> PyResult<Tables<'py>> {
    let options = Options { strict };
    let (format, tables) = run_detached(py, move || read(source, name, options))?;
    let table = |table: BankTable| PyTable::try_new(table.batches, table.schema)?.into_arro3(py);
    Ok((
        format.as_str(),
        table(tables.statements)?,
        table(tables.entries)?,
        table(tables.references)?,
        table(tables.warnings)?,
    ))
}

fn read(
    source: Source,
    name: &str,
    options: Options,
) -> Result<(Format, BankTables), BankFileError> {
    let mut columns = BankColumns::default();
    let format = match source {
        Source::Bytes(bytes) => read_bank(&bytes[..], name, options, &mut columns)?,
        Source::Path(path) => read_bank(open_bank(&path, name)?, name, options, &mut columns)?,
    };
    let tables = columns.finish().expect("columns are built from the schema");
    Ok((format, tables))
}
