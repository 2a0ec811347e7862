//! The engine's decisions for Python.

use std::num::NonZeroUsize;

use alloc_arrow::schema::{CUSTOMERS, HABITS, HISTORY, OPEN_ITEMS, PAYMENTS, REMITTANCES, Table};
use alloc_arrow::{ArrowReadError, TableData, read, write};
use alloc_domain::{Reason, ReasonKind};
use alloc_engine::{Book, Deductions, EngineError, Known, Policy, Request, Taken, VatRates, habit};
use arrow_array::{RecordBatch, RecordBatchReader};
use pyo3::prelude::*;
use pyo3_arrow::PyRecordBatch;
use pyo3_arrow::input::AnyRecordBatch;

use crate::detach::run_detached;
use crate::stop::{Stop, run_stoppable, stop_of};

/// What a call may fail with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProposeError {
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
pub(crate) type Answer<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// The fields of a policy: budget, by amount only, deductions, rates of value added tax.
pub(crate) type PolicyFields = (i64, bool, Vec<String>, Vec<i64>);

/// Decide each payment of some days, on items that are not kept.
#[pyfunction]
#[pyo3(signature = (open_items, payments, remittances, customers, history, habits, policy, threads, stop))]
#[expect(
    clippy::too_many_arguments,
    reason = "one per table and option of the contract"
)]
pub fn propose<'py>(
    py: Python<'py>,
    open_items: AnyRecordBatch,
    payments: AnyRecordBatch,
    remittances: Option<AnyRecordBatch>,
    customers: Option<AnyRecordBatch>,
    history: Option<AnyRecordBatch>,
    habits: Option<AnyRecordBatch>,
    policy: PolicyFields,
    threads: Option<NonZeroUsize>,
    stop: Option<&Bound<'_, Stop>>,
) -> PyResult<Answer<'py>> {
    let open_items = opened(Some(open_items))?;
    let asked = [opened(Some(payments))?, opened(remittances)?];
    let known = [opened(customers)?, opened(history)?, opened(habits)?];
    let own = alloc_engine::Stop::default();
    let stop = stop_of(stop, &own);
    let batches = run_stoppable(py, stop, move || {
        let open_items = read_table(&OPEN_ITEMS, open_items)?;
        let asked = Asked::read(asked)?;
        let known = KnownTables::read(known)?;
        let book = Book::new(read::open_items(&open_items)?, known.known()?)?;
        asked.decide(&book, &Taken::default(), policy, (threads, stop))
    })?;
    answer(py, batches)
}

/// What a call asks.
pub(crate) struct Asked {
    payments: TableData,
    remittances: TableData,
}

impl Asked {
    /// Reads payments and remittances.
    pub(crate) fn read([payments, remittances]: [Option<Stream>; 2]) -> Result<Self, ProposeError> {
        Ok(Self {
            payments: read_table(&PAYMENTS, payments)?,
            remittances: read_table(&REMITTANCES, remittances)?,
        })
    }

    /// Decides on a book.
    pub(crate) fn decide(
        &self,
        book: &Book<'_>,
        taken: &Taken,
        policy: PolicyFields,
        (threads, stop): (Option<NonZeroUsize>, &alloc_engine::Stop),
    ) -> Result<[RecordBatch; 3], ProposeError> {
        let payments = read::payments(&self.payments)?;
        let request = Request {
            payments: &payments,
            lines: &read::remittances(&self.remittances),
            taken,
            policy: policy_of(policy)?,
            stop,
        };
        let decisions = book.propose(&request, threads)?;
        Ok([
            write::decisions(&decisions, &payments),
            write::allocations(&decisions, &payments, book.items()),
            write::adjustments(&decisions, &payments, book.items()),
        ])
    }
}

/// Reads a policy.
pub(crate) fn policy_of(
    (max_wrong_ppm, amount_only, deductions, vat_rates_ppm): PolicyFields,
) -> Result<Policy, EngineError> {
    Ok(Policy {
        max_wrong_ppm,
        amount_only,
        deductions: Deductions::parse(deductions.iter().map(String::as_str))?,
        vat_rates: VatRates::new(&vat_rates_ppm)?,
    })
}

/// What is known beside the open items.
pub(crate) struct KnownTables {
    customers: TableData,
    history: TableData,
    habits: TableData,
}

impl KnownTables {
    /// Reads customers, history and habits.
    pub(crate) fn read(
        [customers, history, habits]: [Option<Stream>; 3],
    ) -> Result<Self, ProposeError> {
        Ok(Self {
            customers: read_table(&CUSTOMERS, customers)?,
            history: read_table(&HISTORY, history)?,
            habits: read_table(&HABITS, habits)?,
        })
    }

    /// The rows, as the engine takes them.
    pub(crate) fn known(&self) -> Result<Known<'_>, ProposeError> {
        Ok(Known {
            customers: read::customers(&self.customers),
            history: read::history(&self.history),
            habits: read::habits(&self.habits)?,
        })
    }
}

/// Opens a table while attached, to be read detached: a stream may call back into Python.
pub(crate) fn opened(table: Option<AnyRecordBatch>) -> PyResult<Option<Stream>> {
    table.map(AnyRecordBatch::into_reader).transpose()
}

/// Hands the tables of an answer over.
pub(crate) fn answer(py: Python<'_>, batches: [RecordBatch; 3]) -> PyResult<Answer<'_>> {
    let [decisions, allocations, adjustments] = batches;
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
    let (open_items, history, known) = (opened(open_items)?, opened(history)?, opened(known)?);
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

/// A table that was not handed in has no rows.
pub(crate) fn read_table(
    table: &'static Table,
    stream: Option<Stream>,
) -> Result<TableData, ArrowReadError> {
    match stream {
        Some(stream) => {
            let schema = stream.schema();
            TableData::read(table, &schema, stream)
        }
        None => Ok(TableData::none(table)),
    }
}
