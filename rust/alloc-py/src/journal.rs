//! Verbs of the journal: draft, reverse, seal, check, letter.

mod walk;

use alloc_arrow::{ArrowReadError, journal as columns};
use alloc_domain::chain::Hash;
use alloc_domain::{LetteringError, Reason, ReasonKind};
use alloc_engine::chain::{Checker, Numbers, SealError, Sealer};
use alloc_engine::clear::ClearError;
use alloc_engine::reverse::{ReversalTerms, ReverseError};
use pyo3::prelude::*;
use pyo3_arrow::export::Arro3RecordBatch;
use pyo3_arrow::input::AnyRecordBatch;

use crate::detach::run_detached;
use walk::{Sealing, Tables};

/// Whatever a verb of the journal may refuse.
#[derive(Debug, thiserror::Error)]
enum VerbError {
    #[error(transparent)]
    Read(#[from] ArrowReadError),
    #[error(transparent)]
    Clear(#[from] ClearError),
    #[error(transparent)]
    Reverse(#[from] ReverseError),
    #[error(transparent)]
    Seal(#[from] SealError),
    #[error(transparent)]
    Lettering(#[from] LetteringError),
    #[error("{table}, row {row}: {key} {value} is not among the entries")]
    Orphan {
        table: &'static str,
        row: usize,
        key: &'static str,
        value: i64,
    },
    #[error("a hash has 32 bytes, {len} were given")]
    HashLength { len: usize },
}

impl VerbError {
    /// The entry that an orphaned row points at.
    fn orphan_key(&self) -> Option<i64> {
        match self {
            Self::Orphan { value, .. } => Some(*value),
            _ => None,
        }
    }

    fn inner(&self) -> Option<&dyn Reason> {
        match self {
            Self::Read(error) => Some(error),
            Self::Clear(error) => Some(error),
            Self::Reverse(error) => Some(error),
            Self::Seal(error) => Some(error),
            Self::Lettering(error) => Some(error),
            Self::Orphan { .. } | Self::HashLength { .. } => None,
        }
    }
}

impl Reason for VerbError {
    fn code(&self) -> &'static str {
        match self {
            Self::Orphan { .. } => "ORPHAN_ROW",
            Self::HashLength { .. } => "HASH_LENGTH",
            _ => self.inner().map_or("INTERNAL", Reason::code),
        }
    }

    fn kind(&self) -> ReasonKind {
        self.inner().map_or(ReasonKind::Input, Reason::kind)
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Orphan {
                table, row, value, ..
            } => vec![
                ("table", (*table).to_owned()),
                ("row", row.to_string()),
                ("value", value.to_string()),
            ],
            Self::HashLength { len } => vec![("len", len.to_string())],
            _ => self.inner().map(Reason::metadata).unwrap_or_default(),
        }
    }
}

/// entries, postings, `new_items`, letters, `letter_members`, residuals.
type DraftTuple = (
    Arro3RecordBatch,
    Arro3RecordBatch,
    Arro3RecordBatch,
    Arro3RecordBatch,
    Arro3RecordBatch,
    Arro3RecordBatch,
);

fn tuple(batches: columns::DraftBatches) -> DraftTuple {
    (
        batches.entries.into(),
        batches.postings.into(),
        batches.new_items.into(),
        batches.letters.into(),
        batches.letter_members.into(),
        batches.residuals.into(),
    )
}

/// Draft the journal entries of payments.
#[pyfunction]
pub fn draft_entries(
    py: Python<'_>,
    payments: AnyRecordBatch,
    allocations: AnyRecordBatch,
    adjustments: AnyRecordBatch,
) -> PyResult<DraftTuple> {
    let payments = payments.into_reader()?;
    let allocations = allocations.into_reader()?;
    let adjustments = adjustments.into_reader()?;
    run_detached(py, move || {
        let (mut payment_rows, mut allocation_rows, mut adjustment_rows) = (None, None, None);
        let payments = columns::read_draft_payments(payments, &mut payment_rows)?;
        let allocations = columns::read_draft_allocations(allocations, &mut allocation_rows)?;
        let adjustments = columns::read_draft_adjustments(adjustments, &mut adjustment_rows)?;
        let drafts = alloc_engine::clear::draft_entries(&payments, &allocations, &adjustments)?;
        Ok::<_, VerbError>(columns::write_drafts(&drafts))
    })
    .map(tuple)
}

/// Draft the mirror of posted entries.
#[pyfunction]
#[pyo3(signature = (entries, postings, *, posting_date, fiscal_year, label))]
pub fn reverse_entries(
    py: Python<'_>,
    entries: AnyRecordBatch,
    postings: AnyRecordBatch,
    posting_date: i32,
    fiscal_year: Option<i64>,
    label: &str,
) -> PyResult<DraftTuple> {
    let (entries, postings) = (entries.into_reader()?, postings.into_reader()?);
    let terms = ReversalTerms {
        posting_date,
        fiscal_year,
        label,
    };
    run_detached(py, move || {
        let (mut entry_rows, mut posting_rows) = (None, None);
        let entries = columns::read_posted_entries(entries, &mut entry_rows)?;
        let postings = columns::read_posted_postings(postings, &mut posting_rows)?;
        let drafts = alloc_engine::reverse::reverse_entries(&entries, &postings, &terms)?;
        Ok::<_, VerbError>(columns::write_drafts(&drafts))
    })
    .map(tuple)
}

fn hash(bytes: &[u8]) -> Result<Hash, VerbError> {
    bytes
        .try_into()
        .map_err(|_| VerbError::HashLength { len: bytes.len() })
}

fn numbers(table: Option<columns::Reader>) -> Result<Numbers, ArrowReadError> {
    let mut numbers = Numbers::default();
    if let Some(table) = table {
        columns::read_numbers(table, |entity, journal, fiscal_year, next| {
            numbers.set(entity, journal, fiscal_year, next);
        })?;
    }
    Ok(numbers)
}

fn reader(table: Option<AnyRecordBatch>) -> PyResult<Option<columns::Reader>> {
    table.map(AnyRecordBatch::into_reader).transpose()
}

/// Number entries and chain their hashes.
#[pyfunction]
#[pyo3(signature = (entries, postings, allocations, *, first_seq, next_numbers, previous_hash))]
pub fn seal_entries(
    py: Python<'_>,
    entries: AnyRecordBatch,
    postings: AnyRecordBatch,
    allocations: Option<AnyRecordBatch>,
    first_seq: i64,
    next_numbers: Option<AnyRecordBatch>,
    previous_hash: Vec<u8>,
) -> PyResult<Arro3RecordBatch> {
    let (entries, postings) = (entries.into_reader()?, postings.into_reader()?);
    let (allocations, next_numbers) = (reader(allocations)?, reader(next_numbers)?);
    run_detached(py, move || {
        let previous = hash(&previous_hash)?;
        let sealer = Sealer::new(first_seq, numbers(next_numbers)?, previous);
        let tables = Tables::new(entries, postings, allocations, "draft_index")?;
        let mut sealing = Sealing::new(sealer);
        tables.walk(&mut sealing)?;
        Ok::<_, VerbError>(columns::write_seals(&sealing.seals))
    })
    .map(Into::into)
}

/// Re-check numbers, balances and hashes of posted entries.
#[pyfunction]
#[pyo3(signature = (
    entries, postings, allocations, *, first_seq, next_numbers, previous_hash, head
))]
#[expect(
    clippy::too_many_arguments,
    reason = "one argument per keyword of the Python verb"
)]
pub fn check_chain(
    py: Python<'_>,
    entries: AnyRecordBatch,
    postings: AnyRecordBatch,
    allocations: Option<AnyRecordBatch>,
    first_seq: i64,
    next_numbers: Option<AnyRecordBatch>,
    previous_hash: Vec<u8>,
    head: Option<Vec<u8>>,
) -> PyResult<Arro3RecordBatch> {
    let (entries, postings) = (entries.into_reader()?, postings.into_reader()?);
    let (allocations, next_numbers) = (reader(allocations)?, reader(next_numbers)?);
    run_detached(py, move || {
        let previous = hash(&previous_hash)?;
        let head = head.as_deref().map(hash).transpose()?;
        let mut checker = Checker::new(first_seq, numbers(next_numbers)?, previous);
        Tables::new(entries, postings, allocations, "seq")?.walk(&mut checker)?;
        Ok::<_, VerbError>(columns::write_findings(&checker.end(head)))
    })
    .map(Into::into)
}

/// Write the lettering code of each group.
#[pyfunction]
pub fn letter_codes(py: Python<'_>, letters: AnyRecordBatch) -> PyResult<Arro3RecordBatch> {
    let letters = letters.into_reader()?;
    run_detached(py, move || {
        let codes = columns::read_letters(letters)?
            .into_iter()
            .map(|(index, kind)| alloc_domain::letter_code(index, kind))
            .collect::<Result<Vec<_>, _>>()?;
        Ok::<_, VerbError>(columns::write_codes(&codes))
    })
    .map(Into::into)
}

/// Read a lettering code: its index and kind.
#[pyfunction]
pub fn letter_index(py: Python<'_>, code: &str) -> PyResult<(i64, &'static str)> {
    run_detached(py, || {
        let (index, kind) = alloc_domain::letter_index(code)?;
        Ok::<_, VerbError>((index, kind.as_str()))
    })
}
