//! The native module `alloc._core`: a list of verbs, one file each.

mod audit;
mod bank;
mod book;
mod currency;
mod detach;
mod error;
mod journal;
mod propose;
mod rows;
mod schema;
mod stop;
mod subset;
mod toml_lines;

use pyo3::prelude::*;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<book::Book>()?;
    module.add_class::<book::Taken>()?;
    module.add_class::<stop::Stop>()?;
    module.add_function(wrap_pyfunction!(audit::chain_documents, module)?)?;
    module.add_function(wrap_pyfunction!(audit::check_documents, module)?)?;
    module.add_function(wrap_pyfunction!(bank::detect_bank_format, module)?)?;
    module.add_function(wrap_pyfunction!(bank::read_bank_file, module)?)?;
    module.add_function(wrap_pyfunction!(currency::currency_exponent, module)?)?;
    module.add_function(wrap_pyfunction!(propose::propose, module)?)?;
    module.add_function(wrap_pyfunction!(propose::observe_habits, module)?)?;
    module.add_function(wrap_pyfunction!(schema::table_schema, module)?)?;
    module.add_function(wrap_pyfunction!(subset::solve_subset, module)?)?;
    module.add_function(wrap_pyfunction!(toml_lines::toml_lines, module)?)?;
    module.add_function(wrap_pyfunction!(journal::draft_entries, module)?)?;
    module.add_function(wrap_pyfunction!(journal::reverse_entries, module)?)?;
    module.add_function(wrap_pyfunction!(journal::seal_entries, module)?)?;
    module.add_function(wrap_pyfunction!(journal::check_chain, module)?)?;
    module.add_function(wrap_pyfunction!(journal::letter_codes, module)?)?;
    module.add_function(wrap_pyfunction!(journal::letter_index, module)?)?;
    Ok(())
}
