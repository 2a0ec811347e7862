//! Entries, postings and allocations of a chain, walked together in one pass.

use alloc_arrow::ArrowReadError;
use alloc_arrow::journal::{AllocationRows, EntryRows, PostingRows, Reader, RowCursor, Rows};
use alloc_domain::chain::{ChainAllocation, ChainPosting, GENESIS, Seal};
use alloc_engine::chain::{Checker, Sealer};

use super::VerbError;

/// What is done with each entry of a walk.
pub trait Visit {
    /// An entry begins.
    fn start(&mut self, entries: &EntryRows, row: usize) -> Result<(), VerbError>;
    /// One of its postings.
    fn posting(&mut self, posting: &ChainPosting<'_>);
    /// One of its allocations.
    fn allocation(&mut self, allocation: &ChainAllocation<'_>);
    /// A row whose entry does not exist.
    fn orphan(&mut self, orphan: VerbError) -> Result<(), VerbError>;
    /// The entry ends.
    fn finish(&mut self) -> Result<(), VerbError>;
}

/// The tables of a chain.
pub struct Tables {
    entries: RowCursor<EntryRows>,
    postings: RowCursor<PostingRows>,
    allocations: Option<RowCursor<AllocationRows>>,
    key: &'static str,
}

impl Tables {
    /// Opens the tables; `key` is the column that joins them.
    pub fn new(
        entries: Reader,
        postings: Reader,
        allocations: Option<Reader>,
        key: &'static str,
    ) -> Result<Self, ArrowReadError> {
        Ok(Self {
            entries: RowCursor::new(entries, key)?,
            postings: RowCursor::new(postings, key)?,
            allocations: allocations
                .map(|reader| RowCursor::new(reader, key))
                .transpose()?,
            key,
        })
    }

    /// Visits every entry with its postings and allocations, in order.
    pub fn walk(mut self, visitor: &mut impl Visit) -> Result<(), VerbError> {
        let key_name = self.key;
        while let Some((key, entries, row)) = self.entries.current() {
            skip_orphans(&mut self.postings, Some(key), key_name, visitor)?;
            visitor.start(entries, row)?;
            let currency = entries.entry(row).currency;
            while let Some((_, rows, row)) = at(&self.postings, key) {
                visitor.posting(&rows.posting(row, currency));
                self.postings.advance()?;
            }
            if let Some(allocations) = &mut self.allocations {
                skip_orphans(allocations, Some(key), key_name, visitor)?;
                while let Some((_, rows, row)) = at(allocations, key) {
                    visitor.allocation(&rows.allocation(row));
                    allocations.advance()?;
                }
            }
            visitor.finish()?;
            self.entries.advance()?;
        }
        skip_orphans(&mut self.postings, None, key_name, visitor)?;
        match &mut self.allocations {
            Some(allocations) => skip_orphans(allocations, None, key_name, visitor),
            None => Ok(()),
        }
    }
}

/// The current row if it belongs to the entry.
fn at<R: Rows>(cursor: &RowCursor<R>, key: i64) -> Option<(i64, &R, usize)> {
    cursor.current().filter(|(found, _, _)| *found == key)
}

/// Reports and passes the rows before the entry; all rows when there is no entry any more.
fn skip_orphans<R: Rows>(
    cursor: &mut RowCursor<R>,
    until: Option<i64>,
    key: &'static str,
    visitor: &mut impl Visit,
) -> Result<(), VerbError> {
    while let Some(value) = cursor.key() {
        if until.is_some_and(|until| value >= until) {
            break;
        }
        visitor.orphan(VerbError::Orphan {
            table: R::TABLE.name,
            row: cursor.row_no(),
            key,
            value,
        })?;
        cursor.advance()?;
    }
    Ok(())
}

/// Seals what is walked.
pub struct Sealing {
    sealer: Sealer,
    /// One seal an entry, in order.
    pub seals: Vec<Seal>,
}

impl Sealing {
    /// Seals with the given sealer.
    pub fn new(sealer: Sealer) -> Self {
        Self {
            sealer,
            seals: Vec::new(),
        }
    }
}

impl Visit for Sealing {
    fn start(&mut self, entries: &EntryRows, row: usize) -> Result<(), VerbError> {
        Ok(self.sealer.start(&entries.entry(row))?)
    }

    fn posting(&mut self, posting: &ChainPosting<'_>) {
        self.sealer.posting(posting);
    }

    fn allocation(&mut self, allocation: &ChainAllocation<'_>) {
        self.sealer.allocation(allocation);
    }

    fn orphan(&mut self, orphan: VerbError) -> Result<(), VerbError> {
        Err(orphan)
    }

    fn finish(&mut self) -> Result<(), VerbError> {
        self.seals.push(self.sealer.finish()?);
        Ok(())
    }
}

impl Visit for Checker {
    fn start(&mut self, entries: &EntryRows, row: usize) -> Result<(), VerbError> {
        // A hash that cannot be read is no hash of anything: the comparison finds it.
        let (previous_hash, hash) = entries.hashes(row).unwrap_or((GENESIS, GENESIS));
        self.start(&entries.entry(row), previous_hash, hash);
        Ok(())
    }

    fn posting(&mut self, posting: &ChainPosting<'_>) {
        self.posting(posting);
    }

    fn allocation(&mut self, allocation: &ChainAllocation<'_>) {
        self.allocation(allocation);
    }

    fn orphan(&mut self, orphan: VerbError) -> Result<(), VerbError> {
        self.orphan(orphan.orphan_key(), orphan.to_string());
        Ok(())
    }

    fn finish(&mut self) -> Result<(), VerbError> {
        self.finish();
        Ok(())
    }
}
