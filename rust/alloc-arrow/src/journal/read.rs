//! Columns to the values that clearing, reversal and lettering take.

use alloc_domain::clearing::{
    Adjustment, Allocation, Granularity, Payment, PostedEntry, PostedPosting,
};
use alloc_domain::{Currency, EntryKind, Foreign, LetterKind};
use arrow_array::{Array, StringArray};

use super::columns::{Columns, Reader, int_at, text_at};
use super::{
    DRAFT_ADJUSTMENTS, DRAFT_ALLOCATIONS, DRAFT_PAYMENTS, LETTERS, POSTED_ENTRIES, POSTED_POSTINGS,
};
use crate::error::ArrowReadError;
use crate::read::Unknown;

/// A cell whose text must mean something.
fn parsed<T>(
    columns: &Columns,
    name: &'static str,
    row: usize,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, ArrowReadError> {
    let value = columns.text(name).value(row);
    parse(value).ok_or_else(|| ArrowReadError::ValueInvalid {
        table: columns.table().name,
        column: name,
        row: row + 1,
        value: value.to_owned(),
        expected,
    })
}

fn currency(columns: &Columns, row: usize) -> Result<Currency, ArrowReadError> {
    let value = columns.text("currency").value(row);
    Currency::parse(value).ok_or_else(|| ArrowReadError::CurrencyUnknown {
        table: columns.table().name,
        row: row + 1,
        value: value.to_owned(),
    })
}

/// The amount in another currency, when the row has both of its columns.
fn foreign(columns: &Columns, row: usize) -> Result<Option<Foreign>, ArrowReadError> {
    let Some(minor) = int_at(columns.ints("foreign_minor"), row) else {
        return Ok(None);
    };
    let expected = "an ISO 4217 code beside foreign_minor";
    let currency = parsed(columns, "foreign_currency", row, expected, Currency::parse)?;
    Ok(Some(Foreign { currency, minor }))
}

fn kind(columns: &Columns, row: usize) -> Result<EntryKind, ArrowReadError> {
    let expected = "clearing, suspense, release or reversal";
    parsed(columns, "kind", row, expected, EntryKind::parse)
}

/// The payments to be posted; `keep` owns the text.
///
/// # Errors
/// [`ArrowReadError`] when the table is not as [`DRAFT_PAYMENTS`] says.
pub fn read_draft_payments(
    reader: Reader,
    keep: &mut Option<Columns>,
) -> Result<Vec<Payment<'_>>, ArrowReadError> {
    let columns = keep.insert(Columns::read(&DRAFT_PAYMENTS, reader, Unknown::Refused)?);
    let columns: &Columns = columns;
    let text = |name| -> &StringArray { columns.text(name) };
    let payment_ids = text("payment_id");
    let granularities = text("granularity");
    (0..columns.len())
        .map(|row| {
            let payment_id = payment_ids.value(row);
            let granularity = if granularities.is_valid(row) {
                let expected = "per_group or per_document";
                parsed(columns, "granularity", row, expected, Granularity::parse)?
            } else {
                Granularity::default()
            };
            Ok(Payment {
                payment_id,
                item_prefix: text_at(text("item_prefix"), row).unwrap_or(payment_id),
                source_item_id: text_at(text("source_item_id"), row),
                entity: text("entity").value(row),
                journal: text("journal").value(row),
                kind: kind(columns, row)?,
                posting_date: columns.dates("posting_date").value(row),
                fiscal_year: int_at(columns.ints("fiscal_year"), row),
                piece_date: columns.dates("piece_date").value(row),
                piece_ref: text("piece_ref").value(row),
                label: text("label").value(row),
                currency: currency(columns, row)?,
                amount_minor: columns.ints("amount_minor").value(row),
                foreign: foreign(columns, row)?,
                source_account: text("source_account").value(row),
                customer_id: text_at(text("customer_id"), row),
                customer_account: text("customer_account").value(row),
                suspense_account: text("suspense_account").value(row),
                granularity,
            })
        })
        .collect()
}

/// What the payments settle; `keep` owns the text.
///
/// # Errors
/// [`ArrowReadError`] when the table is not as [`DRAFT_ALLOCATIONS`] says.
pub fn read_draft_allocations(
    reader: Reader,
    keep: &mut Option<Columns>,
) -> Result<Vec<Allocation<'_>>, ArrowReadError> {
    let columns = keep.insert(Columns::read(&DRAFT_ALLOCATIONS, reader, Unknown::Refused)?);
    let columns: &Columns = columns;
    let (payment_ids, item_ids) = (columns.text("payment_id"), columns.text("item_id"));
    let (customer_ids, accounts) = (columns.text("customer_id"), columns.text("account"));
    let (allocated, open) = (columns.ints("allocated_minor"), columns.ints("open_minor"));
    let (entities, groups) = (columns.text("entity"), columns.ints("letter_group"));
    let group_open = columns.ints("group_open_minor");
    let rows = (0..columns.len()).map(|row| {
        Ok(Allocation {
            payment_id: payment_ids.value(row),
            item_id: item_ids.value(row).into(),
            entity: text_at(entities, row),
            customer_id: text_at(customer_ids, row),
            account: accounts.value(row),
            allocated_minor: allocated.value(row),
            foreign: foreign(columns, row)?,
            open_minor: open.value(row),
            letter_group: int_at(groups, row),
            group_open_minor: int_at(group_open, row),
        })
    });
    rows.collect()
}

/// The lines beside the items; `keep` owns the text.
///
/// # Errors
/// [`ArrowReadError`] when the table is not as [`DRAFT_ADJUSTMENTS`] says.
pub fn read_draft_adjustments(
    reader: Reader,
    keep: &mut Option<Columns>,
) -> Result<Vec<Adjustment<'_>>, ArrowReadError> {
    let columns = keep.insert(Columns::read(&DRAFT_ADJUSTMENTS, reader, Unknown::Refused)?);
    let columns: &Columns = columns;
    let rows = (0..columns.len()).map(|row| {
        Ok(Adjustment {
            payment_id: columns.text("payment_id").value(row),
            role: columns.text("role").value(row),
            account: columns.text("account").value(row),
            amount_minor: columns.ints("amount_minor").value(row),
            foreign: foreign(columns, row)?,
            customer_id: text_at(columns.text("customer_id"), row),
            label: text_at(columns.text("label"), row),
            new_item_id: text_at(columns.text("new_item_id"), row),
        })
    });
    rows.collect()
}

/// Posted entries that are to be reversed; `keep` owns the text.
///
/// # Errors
/// [`ArrowReadError`] when the table is not as [`POSTED_ENTRIES`] says.
pub fn read_posted_entries(
    reader: Reader,
    keep: &mut Option<Columns>,
) -> Result<Vec<PostedEntry<'_>>, ArrowReadError> {
    let columns = keep.insert(Columns::read(&POSTED_ENTRIES, reader, Unknown::Ignored)?);
    let columns: &Columns = columns;
    (0..columns.len())
        .map(|row| {
            Ok(PostedEntry {
                seq: columns.ints("seq").value(row),
                payment_id: text_at(columns.text("payment_id"), row),
                entity: columns.text("entity").value(row),
                journal: columns.text("journal").value(row),
                number: columns.ints("number").value(row),
                kind: kind(columns, row)?,
                piece_date: columns.dates("piece_date").value(row),
                piece_ref: columns.text("piece_ref").value(row),
                currency: currency(columns, row)?,
            })
        })
        .collect()
}

/// Their postings; `keep` owns the text.
///
/// # Errors
/// [`ArrowReadError`] when the table is not as [`POSTED_POSTINGS`] says.
pub fn read_posted_postings(
    reader: Reader,
    keep: &mut Option<Columns>,
) -> Result<Vec<PostedPosting<'_>>, ArrowReadError> {
    let columns = keep.insert(Columns::read(&POSTED_POSTINGS, reader, Unknown::Ignored)?);
    let columns: &Columns = columns;
    let rows = (0..columns.len()).map(|row| {
        Ok(PostedPosting {
            seq: columns.ints("seq").value(row),
            line_no: columns.ints("line_no").value(row),
            account: columns.text("account").value(row),
            customer_id: text_at(columns.text("customer_id"), row),
            amount_minor: columns.ints("amount_minor").value(row),
            foreign: foreign(columns, row)?,
            item_id: text_at(columns.text("item_id"), row),
            letter_group: int_at(columns.ints("letter_group"), row),
        })
    });
    rows.collect()
}

/// Index and kind of lettering groups that want their code.
///
/// # Errors
/// [`ArrowReadError`] when the table is not as [`LETTERS`] says.
pub fn read_letters(reader: Reader) -> Result<Vec<(i64, LetterKind)>, ArrowReadError> {
    let columns = Columns::read(&LETTERS, reader, Unknown::Ignored)?;
    (0..columns.len())
        .map(|row| {
            let kind = parsed(&columns, "kind", row, "full or partial", LetterKind::parse)?;
            Ok((columns.ints("code_index").value(row), kind))
        })
        .collect()
}
