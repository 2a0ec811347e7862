//! Open items kept ready between calls, for Python.

use std::num::NonZeroUsize;
use std::sync::{Mutex, RwLock};

use alloc_arrow::schema::{ALLOCATIONS, DECISIONS, ITEM_IDS, OPEN_ITEMS};
use alloc_arrow::{TableData, read};
use alloc_engine::Request;
use elsa::sync::FrozenVec;
use pyo3::prelude::*;
use pyo3_arrow::input::AnyRecordBatch;
use self_cell::self_cell;

use crate::detach::run_detached;
use crate::propose::{
    Answer, Asked, KnownTables, PolicyFields, ProposeError, answer, opened, policy_of, read_table,
};
use crate::rows::{LineRow, PaymentRow, Rows, rows};
use crate::stop::{Stop, run_stoppable, stop_of};

/// The tables that came, in the order in which they came; what borrows from one stays good when
/// another comes.
struct Tables {
    items: FrozenVec<Box<TableData>>,
    known: KnownTables,
}

type Indexed<'a> = alloc_engine::Book<'a>;

self_cell!(
    struct Kept {
        owner: Tables,
        #[covariant]
        dependent: Indexed,
    }
);

/// Open items, indexed once; calls read it together, changes wait for them.
#[pyclass(frozen, module = "alloc._core")]
pub struct Book(RwLock<Kept>);

/// What one caller took of a book's items: not open to it, open to others.
#[pyclass(frozen, module = "alloc._core")]
#[derive(Default)]
pub struct Taken(Mutex<alloc_engine::Taken>);

#[pymethods]
impl Taken {
    #[new]
    fn new() -> Self {
        Self::default()
    }
}

#[pymethods]
impl Book {
    #[new]
    fn new(
        py: Python<'_>,
        open_items: AnyRecordBatch,
        customers: Option<AnyRecordBatch>,
        history: Option<AnyRecordBatch>,
        habits: Option<AnyRecordBatch>,
    ) -> PyResult<Self> {
        let streams = [opened(Some(open_items))?, opened(customers)?];
        let streams = (streams, [opened(history)?, opened(habits)?]);
        run_detached(py, move || {
            let ([open_items, customers], [history, habits]) = streams;
            let items = Box::new(read_table(&OPEN_ITEMS, open_items)?);
            let tables = Tables {
                items: FrozenVec::new(),
                known: KnownTables::read([customers, history, habits])?,
            };
            let kept = Kept::try_new(tables, |tables| {
                let items = read::open_items(tables.items.push_get(items))?;
                let known = tables.known.known()?;
                Ok::<_, ProposeError>(Indexed::new(items, known)?)
            })?;
            Ok::<_, ProposeError>(Self(RwLock::new(kept)))
        })
    }

    /// Take items out and add others, at once.
    fn change(
        &self,
        py: Python<'_>,
        gone: Option<AnyRecordBatch>,
        come: Option<AnyRecordBatch>,
    ) -> PyResult<()> {
        let streams = (opened(gone)?, opened(come)?);
        run_detached(py, || {
            let gone = read_table(&ITEM_IDS, streams.0)?;
            let come = Box::new(read_table(&OPEN_ITEMS, streams.1)?);
            let gone: Vec<(&str, &str)> = read::item_ids(&gone).collect();
            let mut kept = self.0.write().expect(WHOLE);
            kept.with_dependent_mut(|tables, book| {
                let come = read::open_items(tables.items.push_get(come))?;
                Ok::<_, ProposeError>(book.change(&gone, come)?)
            })
        })
    }

    /// Whether a new book would answer faster.
    #[getter]
    fn is_worn(&self) -> bool {
        self.0.read().expect(WHOLE).borrow_dependent().is_worn()
    }

    /// Decide each payment of some days.
    #[pyo3(signature = (payments, remittances, taken, policy, threads, stop))]
    #[expect(clippy::too_many_arguments, reason = "one per option of the contract")]
    fn propose<'py>(
        &self,
        py: Python<'py>,
        payments: AnyRecordBatch,
        remittances: Option<AnyRecordBatch>,
        taken: Option<&Bound<'_, Taken>>,
        policy: PolicyFields,
        threads: Option<NonZeroUsize>,
        stop: Option<&Bound<'_, Stop>>,
    ) -> PyResult<Answer<'py>> {
        let streams = [opened(Some(payments))?, opened(remittances)?];
        let taken = taken.map(Bound::get);
        let own = alloc_engine::Stop::default();
        let stop = stop_of(stop, &own);
        let batches = run_stoppable(py, stop, move || {
            let asked = Asked::read(streams)?;
            let nothing = alloc_engine::Taken::default();
            let taken = taken.map(|taken| taken.0.lock().expect(WHOLE));
            let taken = taken.as_deref().unwrap_or(&nothing);
            let kept = self.0.read().expect(WHOLE);
            kept.with_dependent(|_, book| asked.decide(book, taken, policy, (threads, stop)))
        })?;
        answer(py, batches)
    }

    /// Decide one payment, in the calling thread.
    #[pyo3(signature = (payment, lines, policy, stop))]
    fn decide(
        &self,
        py: Python<'_>,
        payment: PaymentRow,
        lines: Vec<LineRow>,
        policy: PolicyFields,
        stop: Option<&Bound<'_, Stop>>,
    ) -> PyResult<Rows> {
        let own = alloc_engine::Stop::default();
        let stop = stop_of(stop, &own);
        run_detached(py, move || {
            let request = Request {
                payments: &[payment.payment()?],
                lines: &payment.lines(&lines),
                taken: &alloc_engine::Taken::default(),
                policy: policy_of(policy)?,
                stop,
            };
            let kept = self.0.read().expect(WHOLE);
            kept.with_dependent(|_, book| {
                let decisions = book.propose(&request, Some(NonZeroUsize::MIN))?;
                let payment_id = request.payments[0].payment_id;
                Ok::<_, ProposeError>(rows(payment_id, &decisions, book.items()))
            })
        })
    }

    /// Note what automatic decisions clear as taken.
    fn take(
        &self,
        py: Python<'_>,
        taken: &Bound<'_, Taken>,
        decisions: AnyRecordBatch,
        allocations: AnyRecordBatch,
    ) -> PyResult<()> {
        let streams = (opened(Some(decisions))?, opened(Some(allocations))?);
        let taken = taken.get();
        run_detached(py, move || {
            let decisions = read_table(&DECISIONS, streams.0)?;
            let allocations = read_table(&ALLOCATIONS, streams.1)?;
            let mut taken = taken.0.lock().expect(WHOLE);
            let kept = self.0.read().expect(WHOLE);
            kept.with_dependent(|_, book| {
                for (entity, item_id, minor) in read::cleared(&decisions, &allocations) {
                    book.take(&mut taken, entity, item_id, minor);
                }
            });
            Ok::<_, ProposeError>(())
        })
    }
}

/// Why a lock is there for the taking.
const WHOLE: &str = "no change to it panicked";
