//! The chain: rows read once, in order, however long the tables are.

use std::sync::Arc;

use alloc_domain::chain::{ChainAllocation, ChainEntry, ChainPosting, Finding, Hash, Seal, hex};
use arrow_array::builder::{Int64Builder, StringBuilder};
use arrow_array::{Date32Array, Int64Array, RecordBatch, StringArray};

use super::columns::{Columns, Reader, int_at, text_at};
use super::{CHAIN_ALLOCATIONS, CHAIN_ENTRIES, CHAIN_POSTINGS, NEXT_NUMBERS};
use crate::error::ArrowReadError;
use crate::read::{Unknown, stream_failed};
use crate::schema::Table;

/// Rows of one batch of a table of the chain.
pub trait Rows: Sized {
    /// The contract of the table.
    const TABLE: &'static Table;
    /// Whether several rows may have one key.
    const REPEATS: bool;
    /// Takes the columns of a batch.
    fn new(columns: &Columns) -> Self;
}

/// Walks a table that ascends by its key (`seq` or `draft_index`), batch by batch.
pub struct RowCursor<R: Rows> {
    reader: Reader,
    key: &'static str,
    batch: Option<Batch<R>>,
    row: usize,
    rows_before: usize,
    last_key: Option<i64>,
}

struct Batch<R> {
    rows: R,
    keys: Int64Array,
}

impl<R: Rows> RowCursor<R> {
    /// Stands on the first row.
    ///
    /// * `key` — the column that joins the tables: `seq` or `draft_index`
    ///
    /// # Errors
    /// [`ArrowReadError`] when the table is not as the contract says.
    pub fn new(reader: Reader, key: &'static str) -> Result<Self, ArrowReadError> {
        let empty = RecordBatch::new_empty(reader.schema());
        Columns::new(R::TABLE, &empty, Unknown::Ignored, 1)?;
        if empty.column_by_name(key).is_none() {
            return Err(ArrowReadError::ColumnMissing {
                table: R::TABLE.name,
                column: key,
            });
        }
        let mut cursor = Self {
            reader,
            key,
            batch: None,
            row: 0,
            rows_before: 0,
            last_key: None,
        };
        cursor.settle()?;
        Ok(cursor)
    }

    /// The rows and row number on which the cursor stands, with the key; none at the end.
    #[must_use]
    pub fn current(&self) -> Option<(i64, &R, usize)> {
        let batch = self.batch.as_ref()?;
        Some((batch.keys.value(self.row), &batch.rows, self.row))
    }

    /// The key on which the cursor stands.
    #[must_use]
    pub fn key(&self) -> Option<i64> {
        self.current().map(|(key, _, _)| key)
    }

    /// The number of the row in the whole table, from 1, for messages.
    #[must_use]
    pub fn row_no(&self) -> usize {
        self.rows_before + self.row + 1
    }

    /// Steps to the next row.
    ///
    /// # Errors
    /// [`ArrowReadError`] when the source fails or the rows do not ascend.
    pub fn advance(&mut self) -> Result<(), ArrowReadError> {
        self.row += 1;
        self.settle()
    }

    /// Opens the next batch when this one is used up, and checks the order.
    fn settle(&mut self) -> Result<(), ArrowReadError> {
        while self
            .batch
            .as_ref()
            .is_none_or(|batch| self.row == batch.keys.len())
        {
            self.rows_before += self.batch.as_ref().map_or(0, |batch| batch.keys.len());
            self.row = 0;
            let Some(next) = self.reader.next() else {
                self.batch = None;
                return Ok(());
            };
            let next = next.map_err(|error| stream_failed(R::TABLE, &error))?;
            self.batch = Some(self.open(&next)?);
        }
        let key = self.key();
        let ascends = match (self.last_key, key) {
            (Some(last), Some(key)) => key > last || (R::REPEATS && key == last),
            _ => true,
        };
        if !ascends {
            return Err(ArrowReadError::NotSorted {
                table: R::TABLE.name,
                column: self.key,
                row: self.row_no(),
            });
        }
        self.last_key = key;
        Ok(())
    }

    fn open(&self, batch: &RecordBatch) -> Result<Batch<R>, ArrowReadError> {
        let first_row = self.rows_before + 1;
        let columns = Columns::new(R::TABLE, batch, Unknown::Ignored, first_row)?;
        let keys = columns.ints(self.key).clone();
        if let Some(row) = (0..keys.len()).find(|&row| int_at(&keys, row).is_none()) {
            return Err(ArrowReadError::NullForbidden {
                table: R::TABLE.name,
                column: self.key,
                row: first_row + row,
            });
        }
        Ok(Batch {
            rows: R::new(&columns),
            keys,
        })
    }
}

/// Entries of a batch.
#[derive(Debug)]
pub struct EntryRows {
    seq: Int64Array,
    entity: StringArray,
    journal: StringArray,
    fiscal_year: Int64Array,
    number: Int64Array,
    kind: StringArray,
    posting_date: Date32Array,
    piece_date: Date32Array,
    piece_ref: StringArray,
    label: StringArray,
    currency: StringArray,
    payment_id: StringArray,
    decision_id: Int64Array,
    reverses_seq: Int64Array,
    posted_at: StringArray,
    posted_by: StringArray,
    previous_hash: StringArray,
    hash: StringArray,
}

impl Rows for EntryRows {
    const TABLE: &'static Table = &CHAIN_ENTRIES;
    const REPEATS: bool = false;

    fn new(columns: &Columns) -> Self {
        Self {
            seq: columns.ints("seq").clone(),
            entity: columns.text("entity").clone(),
            journal: columns.text("journal").clone(),
            fiscal_year: columns.ints("fiscal_year").clone(),
            number: columns.ints("number").clone(),
            kind: columns.text("kind").clone(),
            posting_date: columns.dates("posting_date").clone(),
            piece_date: columns.dates("piece_date").clone(),
            piece_ref: columns.text("piece_ref").clone(),
            label: columns.text("label").clone(),
            currency: columns.text("currency").clone(),
            payment_id: columns.text("payment_id").clone(),
            decision_id: columns.ints("decision_id").clone(),
            reverses_seq: columns.ints("reverses_seq").clone(),
            posted_at: columns.text("posted_at").clone(),
            posted_by: columns.text("posted_by").clone(),
            previous_hash: columns.text("previous_hash").clone(),
            hash: columns.text("hash").clone(),
        }
    }
}

impl EntryRows {
    /// The entry in a row; one that is not sealed yet has zeros for its place and number.
    #[must_use]
    pub fn entry(&self, row: usize) -> ChainEntry<'_> {
        ChainEntry {
            seq: int_at(&self.seq, row).unwrap_or_default(),
            entity: self.entity.value(row),
            journal: self.journal.value(row),
            fiscal_year: self.fiscal_year.value(row),
            number: int_at(&self.number, row).unwrap_or_default(),
            kind: self.kind.value(row),
            posting_date: self.posting_date.value(row),
            piece_date: self.piece_date.value(row),
            piece_ref: self.piece_ref.value(row),
            label: self.label.value(row),
            currency: self.currency.value(row),
            payment_id: text_at(&self.payment_id, row),
            decision_id: int_at(&self.decision_id, row),
            reverses_seq: int_at(&self.reverses_seq, row),
            posted_at: text_at(&self.posted_at, row),
            posted_by: text_at(&self.posted_by, row),
        }
    }

    /// The previous and own hash stored in a row; none when either is not 64 hex digits.
    #[must_use]
    pub fn hashes(&self, row: usize) -> Option<(Hash, Hash)> {
        let previous = hash_from_hex(text_at(&self.previous_hash, row)?)?;
        Some((previous, hash_from_hex(text_at(&self.hash, row)?)?))
    }
}

/// Postings of a batch.
#[derive(Debug)]
pub struct PostingRows {
    line_no: Int64Array,
    account: StringArray,
    customer_id: StringArray,
    label: StringArray,
    amount_minor: Int64Array,
    currency: StringArray,
    foreign_currency: StringArray,
    foreign_minor: Int64Array,
}

impl Rows for PostingRows {
    const TABLE: &'static Table = &CHAIN_POSTINGS;
    const REPEATS: bool = true;

    fn new(columns: &Columns) -> Self {
        Self {
            line_no: columns.ints("line_no").clone(),
            account: columns.text("account").clone(),
            customer_id: columns.text("customer_id").clone(),
            label: columns.text("label").clone(),
            amount_minor: columns.ints("amount_minor").clone(),
            currency: columns.text("currency").clone(),
            foreign_currency: columns.text("foreign_currency").clone(),
            foreign_minor: columns.ints("foreign_minor").clone(),
        }
    }
}

impl PostingRows {
    /// The posting in a row; without a currency of its own it has that of its entry.
    #[must_use]
    pub fn posting<'a>(&'a self, row: usize, entry_currency: &'a str) -> ChainPosting<'a> {
        ChainPosting {
            line_no: self.line_no.value(row),
            account: self.account.value(row),
            customer_id: text_at(&self.customer_id, row),
            label: self.label.value(row),
            amount_minor: self.amount_minor.value(row),
            currency: text_at(&self.currency, row).unwrap_or(entry_currency),
            foreign: text_at(&self.foreign_currency, row).zip(int_at(&self.foreign_minor, row)),
        }
    }
}

/// Allocations of a batch.
#[derive(Debug)]
pub struct AllocationRows {
    item_id: StringArray,
    customer_id: StringArray,
    allocated_minor: Int64Array,
    evidence: StringArray,
    foreign_minor: Int64Array,
}

impl Rows for AllocationRows {
    const TABLE: &'static Table = &CHAIN_ALLOCATIONS;
    const REPEATS: bool = true;

    fn new(columns: &Columns) -> Self {
        Self {
            item_id: columns.text("item_id").clone(),
            customer_id: columns.text("customer_id").clone(),
            allocated_minor: columns.ints("allocated_minor").clone(),
            evidence: columns.text("evidence").clone(),
            foreign_minor: columns.ints("foreign_minor").clone(),
        }
    }
}

impl AllocationRows {
    /// The allocation in a row.
    #[must_use]
    pub fn allocation(&self, row: usize) -> ChainAllocation<'_> {
        ChainAllocation {
            item_id: self.item_id.value(row),
            customer_id: text_at(&self.customer_id, row),
            allocated_minor: self.allocated_minor.value(row),
            foreign_minor: int_at(&self.foreign_minor, row),
            evidence: text_at(&self.evidence, row),
        }
    }
}

/// Reads the next free numbers: entity, journal, fiscal year, number.
///
/// # Errors
/// [`ArrowReadError`] when the table is not as [`NEXT_NUMBERS`] says.
pub fn read_numbers(
    reader: Reader,
    mut each: impl FnMut(&str, &str, i64, i64),
) -> Result<(), ArrowReadError> {
    let columns = Columns::read(&NEXT_NUMBERS, reader, Unknown::Ignored)?;
    for row in 0..columns.len() {
        each(
            columns.text("entity").value(row),
            columns.text("journal").value(row),
            columns.ints("fiscal_year").value(row),
            columns.ints("next_number").value(row),
        );
    }
    Ok(())
}

/// Reads 64 hex digits in lower case, the only form that is written.
fn hash_from_hex(text: &str) -> Option<Hash> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    if text.len() != 64 {
        return None;
    }
    let mut hash = Hash::default();
    for (byte, pair) in hash.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(hash)
}

/// Writes seals as columns: seq, number, `previous_hash` and hash in hex.
#[must_use]
pub fn write_seals(seals: &[Seal]) -> RecordBatch {
    let mut seq = Int64Builder::with_capacity(seals.len());
    let mut number = Int64Builder::with_capacity(seals.len());
    let mut previous_hash = StringBuilder::with_capacity(seals.len(), seals.len() * 64);
    let mut hash = StringBuilder::with_capacity(seals.len(), seals.len() * 64);
    for seal in seals {
        seq.append_value(seal.seq);
        number.append_value(seal.number);
        previous_hash.append_value(hex(&seal.previous_hash));
        hash.append_value(hex(&seal.hash));
    }
    RecordBatch::try_from_iter([
        ("seq", Arc::new(seq.finish()) as _),
        ("number", Arc::new(number.finish()) as _),
        ("previous_hash", Arc::new(previous_hash.finish()) as _),
        ("hash", Arc::new(hash.finish()) as _),
    ])
    .expect("columns of one length")
}

/// Writes findings as columns.
#[must_use]
pub fn write_findings(findings: &[Finding]) -> RecordBatch {
    let mut seq = Int64Builder::new();
    let mut code = StringBuilder::new();
    let mut message = StringBuilder::new();
    for finding in findings {
        seq.append_option(finding.seq);
        code.append_value(finding.code);
        message.append_value(&finding.message);
    }
    RecordBatch::try_from_iter_with_nullable([
        ("seq", Arc::new(seq.finish()) as _, true),
        ("code", Arc::new(code.finish()) as _, false),
        ("message", Arc::new(message.finish()) as _, false),
    ])
    .expect("columns of one length")
}

#[cfg(test)]
mod tests {
    use alloc_domain::Reason;
    use arrow_array::{ArrayRef, RecordBatchIterator};

    use super::*;

    fn allocations(keys: &[Option<i64>]) -> RecordBatch {
        let items: StringArray = keys.iter().map(|_| Some("F1")).collect();
        let amounts: Int64Array = keys.iter().map(|_| Some(1)).collect();
        let columns: [(&str, ArrayRef); 4] = [
            ("seq", Arc::new(Int64Array::from(keys.to_vec()))),
            ("item_id", Arc::new(items.clone())),
            ("customer_id", Arc::new(items)),
            ("allocated_minor", Arc::new(amounts)),
        ];
        let columns = columns.map(|(name, array)| (name, array, true));
        RecordBatch::try_from_iter_with_nullable(columns).expect("equal lengths")
    }

    fn walk(batches: Vec<RecordBatch>) -> Result<Vec<i64>, ArrowReadError> {
        let schema = batches[0].schema();
        let reader = RecordBatchIterator::new(batches.into_iter().map(Ok), schema);
        let mut cursor = RowCursor::<AllocationRows>::new(Box::new(reader), "seq")?;
        let mut keys = Vec::new();
        while let Some(key) = cursor.key() {
            keys.push(key);
            cursor.advance()?;
        }
        Ok(keys)
    }

    #[test]
    fn rows_follow_each_other_across_batches() {
        let batches = [&[Some(1), Some(1)][..], &[], &[Some(1), Some(3)]];
        let keys = walk(batches.map(allocations).to_vec()).expect("sorted");
        assert_eq!(keys, [1, 1, 1, 3]);
    }

    #[test]
    fn rows_out_of_order_or_without_a_key_are_named() {
        let unsorted = [&[Some(2)][..], &[Some(1)]];
        let refused = walk(unsorted.map(allocations).to_vec()).expect_err("unsorted");
        assert_eq!(
            refused.to_string(),
            "row 2 of table allocations is out of order: sort by seq, the table is read once; rows \
             count from 1"
        );
        let missing = walk(vec![allocations(&[Some(1), None])]).expect_err("no key");
        assert_eq!(missing.code(), "NULL_FORBIDDEN");
        let other_key = allocations(&[]).schema();
        let reader = RecordBatchIterator::new(std::iter::empty(), other_key);
        let refused = RowCursor::<AllocationRows>::new(Box::new(reader), "draft_index");
        assert_eq!(
            refused.err().map(|error| error.code()),
            Some("COLUMN_MISSING")
        );
    }

    #[test]
    fn hashes_are_written_and_read_in_lower_case_hex() {
        let hash: Hash = std::array::from_fn(|byte| u8::try_from(byte * 7 % 256).expect("small"));
        let text = hex(&hash);
        assert_eq!(hash_from_hex(&text), Some(hash));
        assert_eq!(hash_from_hex(&text.to_uppercase()), None);
        assert_eq!(hash_from_hex(&text[1..]), None);
    }
}
