//! Currency facts for Python.

use alloc_domain::Currency;
use pyo3::prelude::*;

/// Digits after the decimal point of a currency, or None when ISO 4217 has no such active code.
#[pyfunction]
pub fn currency_exponent(code: &str) -> Option<u32> {
    Currency::parse(code).map(Currency::exponent)
}
