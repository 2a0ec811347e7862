//! The engine's decisions for Python.

use std::num::NonZeroUsize;

use alloc_arrow::schema::{CUSTOMERS, HABITS, HISTORY, OPEN_ITEMS, PAYMENTS, REMITTANCES, Table};
use alloc_arrow::{ArrowReadError, TableData, read, write};
use alloc_domain::{Reason, ReasonKind};
use alloc_engine::{Deductions, EngineError, Policy, Request, VatRates, habit};
use arrow_array::{RecordBatch, RecordBatchReader};
use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatch;
use pyo3_arrow::input::AnyRecordBatch;

use crate::detach::run_detached;

/// What a call may fail with.
#[derive(Debug, thiserror::Error)]
enum ProposeError {
    #[error(transparent)]
    Read(#[from] ArrowReadError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl ProposeError {
    fn reason(&self) -> &dyn Reason {
        match self {
            Self::Read(error) => error,
            Self::Engine(error) => error,
        }
    }
}

impl Reason for ProposeError {
    fn code(&self) -> &'static str {
        self.reason().code()
    }

    fn kind(&self) -> ReasonKind {
        self.reason().kind()
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        self.reason().metadata()
    }
}

type Stream = Box<dyn RecordBatchReader + Send>;

/// Decisions, allocations and adjustments.
type Tables<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// Decide each payment of some days.
#[pyfunction]
#[pyo3(signature = (open_items, payments, remittances, customers, history, habits, *, max_wrong_ppm, amount_only, deductions, vat_rates_ppm, threads))]
#[expect(
    clippy::too_many_arguments,
    reason = "one per table and option of the contract"
)]
pub fn propose(
    py: Python<'_>,
    open_items: AnyRecordBatch,
    payments: AnyRecordBatch,
    remittances: Option<AnyRecordBatch>,
    customers: Option<AnyRecordBatch>,
    history: Option<AnyRecordBatch>,
    habits: Option<AnyRecordBatch>,
    max_wrong_ppm: i64,
    amount_only: bool,
    deductions: Vec<String>,
    vat_rates_ppm: Vec<i64>,
    threads: Option<NonZeroUsize>,
) -> PyResult<Tables<'_>> {
    // Opened while attached, read detached: a stream may call back into Python.
    let open = |table: Option<AnyRecordBatch>| table.map(AnyRecordBatch::into_reader).transpose();
    let streams = [
        open(Some(open_items))?,
        open(Some(payments))?,
        open(remittances)?,
        open(customers)?,
        open(history)?,
        open(habits)?,
    ];
    let [decisions, allocations, adjustments] = run_detached(py, move || {
        let policy = Policy {
            max_wrong_ppm,
            amount_only,
            deductions: Deductions::parse(deductions.iter().map(String::as_str))?,
            vat_rates: VatRates::new(&vat_rates_ppm)?,
        };
        decide(streams, policy, threads)
    })?;
    let hand_over = |batch| PyRecordBatch::new(batch).into_arro3(py);
    Ok((
        hand_over(decisions)?,
        hand_over(allocations)?,
        hand_over(adjustments)?,
    ))
}

/// Count the habits that past payments show, and add them to known ones.
#[pyfunction]
pub fn observe_habits(
    py: Python<'_>,
    open_items: Option<AnyRecordBatch>,
    history: Option<AnyRecordBatch>,
    known: Option<AnyRecordBatch>,
) -> PyResult<Bound<'_, PyAny>> {
    let open = |table: Option<AnyRecordBatch>| table.map(AnyRecordBatch::into_reader).transpose();
    let (open_items, history, known) = (open(open_items)?, open(history)?, open(known)?);
    let batch = run_detached(py, move || {
        let open_items = read_table(&OPEN_ITEMS, open_items)?;
        let history = read_table(&HISTORY, history)?;
        let known = read_table(&HABITS, known)?;
        let items = read::open_items(&open_items)?;
        let history = read::history(&history);
        let mut observed = read::habits(&known)?;
        observed.extend(habit::observe(&items, &history));
        Ok::<_, ProposeError>(write::habits(&habit::added_up(&observed)))
    })?;
    PyRecordBatch::new(batch).into_arro3(py)
}

fn decide(
    streams: [Option<Stream>; 6],
    policy: Policy,
    threads: Option<NonZeroUsize>,
) -> Result<[RecordBatch; 3], ProposeError> {
    let [
        open_items,
        payments,
        remittances,
        customers,
        history,
        habits,
    ] = streams;
    let open_items = read_table(&OPEN_ITEMS, open_items)?;
    let payments = read_table(&PAYMENTS, payments)?;
    let remittances = read_table(&REMITTANCES, remittances)?;
    let customers = read_table(&CUSTOMERS, customers)?;
    let history = read_table(&HISTORY, history)?;
    let habits = read_table(&HABITS, habits)?;
    let items = read::open_items(&open_items)?;
    let payments = read::payments(&payments)?;
    let request = Request {
        items: &items,
        payments: &payments,
        lines: &read::remittances(&remittances),
        customers: &read::customers(&customers),
        history: &read::history(&history),
        habits: &read::habits(&habits)?,
        policy,
    };
    let decisions = alloc_engine::propose(&request, threads)?;
    Ok([
        write::decisions(&decisions, &payments),
        write::allocations(&decisions, &payments, &items),
        write::adjustments(&decisions, &payments, &items),
    ])
}

/// A table that was not handed in has no rows.
fn read_table(table: &'static Table, stream: Option<Stream>) -> Result<TableData, ArrowReadError> {
    match stream {
        Some(stream) => {
            let schema = stream.schema();
            TableData::read(table, &schema, stream)
        }
        None => TableData::read(table, &table.schema(), std::iter::empty()),
    }
}
