//! Drafts and lettering codes to columns.

use std::sync::Arc;

use alloc_domain::clearing::Drafts;
use arrow_array::builder::{Date32Builder, Int64Builder, ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};

/// The tables of [`Drafts`].
#[derive(Debug)]
pub struct DraftBatches {
    /// One row an entry.
    pub entries: RecordBatch,
    /// One row a posting.
    pub postings: RecordBatch,
    /// One row an open item that an entry creates.
    pub new_items: RecordBatch,
    /// One row a lettering group.
    pub letters: RecordBatch,
    /// One row an item of a group.
    pub letter_members: RecordBatch,
    /// One row an allocation, with what it leaves open.
    pub residuals: RecordBatch,
}

/// Positions are far below 2^63: they index rows in memory.
fn position(index: usize) -> i64 {
    i64::try_from(index).expect("a row number")
}

/// A batch of columns of one length; a column is nullable when `?` follows its name.
fn batch(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| {
        let bare = name.trim_end_matches('?');
        (bare, array, bare != name)
    }))
    .expect("columns of one length, nulls only where the name says so")
}

/// Writes drafts as columns; the row order is that of the values.
#[must_use]
pub fn write_drafts(drafts: &Drafts<'_>) -> DraftBatches {
    DraftBatches {
        entries: entries(drafts),
        postings: postings(drafts),
        new_items: new_items(drafts),
        letters: letters(drafts),
        letter_members: letter_members(drafts),
        residuals: residuals(drafts),
    }
}

fn entries(drafts: &Drafts<'_>) -> RecordBatch {
    let mut draft_index = Int64Builder::new();
    let mut texts: [StringBuilder; 7] = std::array::from_fn(|_| StringBuilder::new());
    let mut dates: [Date32Builder; 2] = std::array::from_fn(|_| Date32Builder::new());
    let mut fiscal_year = Int64Builder::new();
    let mut reverses_seq = Int64Builder::new();
    for (index, entry) in drafts.entries.iter().enumerate() {
        let header = entry.header();
        draft_index.append_value(position(index));
        texts[0].append_option(header.payment_id);
        texts[1].append_value(header.entity);
        texts[2].append_value(header.journal);
        texts[3].append_value(header.kind.as_str());
        texts[4].append_value(header.piece_ref);
        texts[5].append_value(&header.label);
        texts[6].append_value(header.currency.as_str());
        dates[0].append_value(header.posting_date);
        dates[1].append_value(header.piece_date);
        fiscal_year.append_option(header.fiscal_year);
        reverses_seq.append_option(header.reverses_seq);
    }
    let [
        payment_id,
        entity,
        journal,
        kind,
        piece_ref,
        label,
        currency,
    ] = texts.map(|mut text| Arc::new(text.finish()) as ArrayRef);
    let [posting_date, piece_date] = dates.map(|mut date| Arc::new(date.finish()) as ArrayRef);
    batch(vec![
        ("draft_index", Arc::new(draft_index.finish())),
        ("payment_id?", payment_id),
        ("entity", entity),
        ("journal", journal),
        ("kind", kind),
        ("posting_date", posting_date),
        ("piece_date", piece_date),
        ("piece_ref", piece_ref),
        ("label", label),
        ("currency", currency),
        ("fiscal_year?", Arc::new(fiscal_year.finish())),
        ("reverses_seq?", Arc::new(reverses_seq.finish())),
    ])
}

fn postings(drafts: &Drafts<'_>) -> RecordBatch {
    let mut integers: [Int64Builder; 6] = std::array::from_fn(|_| Int64Builder::new());
    let mut texts: [StringBuilder; 6] = std::array::from_fn(|_| StringBuilder::new());
    for (index, entry) in drafts.entries.iter().enumerate() {
        for (line, posting) in entry.postings().iter().enumerate() {
            integers[0].append_value(position(index));
            integers[1].append_value(position(line + 1));
            integers[2].append_value(posting.amount_minor);
            integers[3].append_option(posting.letter.map(position));
            integers[4].append_option(posting.reverses_line_no);
            integers[5].append_option(posting.foreign.map(|foreign| foreign.minor));
            texts[0].append_value(posting.account);
            texts[1].append_option(posting.customer_id);
            texts[2].append_value(&posting.label);
            texts[3].append_value(posting.currency.as_str());
            texts[4].append_option(posting.item_id.as_deref());
            texts[5].append_option(
                posting
                    .foreign
                    .as_ref()
                    .map(|other| other.currency.as_str()),
            );
        }
    }
    let [
        draft_index,
        line_no,
        amount_minor,
        letter_index,
        reverses_line_no,
        foreign_minor,
    ] = integers.map(|mut integer| Arc::new(integer.finish()) as ArrayRef);
    let [
        account,
        customer_id,
        label,
        currency,
        item_id,
        foreign_currency,
    ] = texts.map(|mut text| Arc::new(text.finish()) as ArrayRef);
    batch(vec![
        ("draft_index", draft_index),
        ("line_no", line_no),
        ("account", account),
        ("customer_id?", customer_id),
        ("label", label),
        ("amount_minor", amount_minor),
        ("currency", currency),
        ("letter_index?", letter_index),
        ("item_id?", item_id),
        ("reverses_line_no?", reverses_line_no),
        ("foreign_currency?", foreign_currency),
        ("foreign_minor?", foreign_minor),
    ])
}

fn new_items(drafts: &Drafts<'_>) -> RecordBatch {
    let mut draft_index = Int64Builder::new();
    let mut texts: [StringBuilder; 8] = std::array::from_fn(|_| StringBuilder::new());
    let mut open_minor = Int64Builder::new();
    let mut foreign_minor = Int64Builder::new();
    let mut issue_date = Date32Builder::new();
    for item in &drafts.new_items {
        draft_index.append_value(position(item.draft_index));
        texts[0].append_value(&item.item_id);
        texts[1].append_value(item.entity);
        texts[2].append_option(item.customer_id);
        texts[3].append_value(item.account);
        texts[4].append_value(item.kind);
        texts[5].append_value(item.currency.as_str());
        texts[6].append_value(item.reference);
        open_minor.append_value(item.open_minor);
        texts[7].append_option(item.foreign.as_ref().map(|other| other.currency.as_str()));
        foreign_minor.append_option(item.foreign.map(|foreign| foreign.minor));
        issue_date.append_value(item.issue_date);
    }
    let [
        item_id,
        entity,
        customer_id,
        account,
        kind,
        currency,
        reference,
        foreign_currency,
    ] = texts.map(|mut text| Arc::new(text.finish()) as ArrayRef);
    batch(vec![
        ("draft_index", Arc::new(draft_index.finish())),
        ("item_id", item_id),
        ("entity", entity),
        ("customer_id?", customer_id),
        ("account", account),
        ("kind", kind),
        ("currency", currency),
        ("open_minor", Arc::new(open_minor.finish())),
        ("issue_date", Arc::new(issue_date.finish())),
        ("reference", reference),
        ("foreign_currency?", foreign_currency),
        ("foreign_minor?", Arc::new(foreign_minor.finish())),
    ])
}

fn letters(drafts: &Drafts<'_>) -> RecordBatch {
    let mut letter_index = Int64Builder::new();
    let mut texts: [StringBuilder; 4] = std::array::from_fn(|_| StringBuilder::new());
    let mut balance_minor = Int64Builder::new();
    let mut letter_groups = ListBuilder::new(Int64Builder::new());
    for (index, letter) in drafts.letters.iter().enumerate() {
        letter_index.append_value(position(index));
        texts[0].append_value(letter.entity);
        texts[1].append_value(letter.account);
        texts[2].append_option(letter.customer_id);
        texts[3].append_value(letter.kind.as_str());
        balance_minor.append_value(letter.balance_minor);
        letter_groups.append_value(letter.letter_groups.iter().map(|&group| Some(group)));
    }
    let [entity, account, customer_id, kind] =
        texts.map(|mut text| Arc::new(text.finish()) as ArrayRef);
    batch(vec![
        ("letter_index", Arc::new(letter_index.finish())),
        ("entity", entity),
        ("account", account),
        ("customer_id?", customer_id),
        ("kind", kind),
        ("balance_minor", Arc::new(balance_minor.finish())),
        ("letter_groups", Arc::new(letter_groups.finish())),
    ])
}

fn letter_members(drafts: &Drafts<'_>) -> RecordBatch {
    let mut letter_index = Int64Builder::new();
    let mut item_id = StringBuilder::new();
    for member in &drafts.letter_members {
        letter_index.append_value(position(member.letter_index));
        item_id.append_value(&member.item_id);
    }
    batch(vec![
        ("letter_index", Arc::new(letter_index.finish())),
        ("item_id", Arc::new(item_id.finish())),
    ])
}

fn residuals(drafts: &Drafts<'_>) -> RecordBatch {
    let mut integers: [Int64Builder; 4] = std::array::from_fn(|_| Int64Builder::new());
    let mut texts: [StringBuilder; 5] = std::array::from_fn(|_| StringBuilder::new());
    for row in &drafts.residuals {
        integers[0].append_option(row.draft_index.map(position));
        integers[1].append_value(row.allocated_minor);
        integers[2].append_value(row.residual_minor);
        integers[3].append_option(row.foreign.map(|foreign| foreign.minor));
        texts[0].append_value(row.payment_id);
        texts[1].append_value(row.entity);
        texts[2].append_value(&row.item_id);
        texts[3].append_option(row.customer_id);
        texts[4].append_value(row.account);
    }
    let [draft_index, allocated_minor, residual_minor, foreign_minor] =
        integers.map(|mut integer| Arc::new(integer.finish()) as ArrayRef);
    let [payment_id, entity, item_id, customer_id, account] =
        texts.map(|mut text| Arc::new(text.finish()) as ArrayRef);
    batch(vec![
        ("draft_index?", draft_index),
        ("payment_id", payment_id),
        ("entity", entity),
        ("item_id", item_id),
        ("customer_id?", customer_id),
        ("account", account),
        ("allocated_minor", allocated_minor),
        ("residual_minor", residual_minor),
        ("foreign_minor?", foreign_minor),
    ])
}

/// Writes lettering codes as one column.
#[must_use]
pub fn write_codes(codes: &[String]) -> RecordBatch {
    let mut code = StringBuilder::new();
    for text in codes {
        code.append_value(text);
    }
    batch(vec![("code", Arc::new(code.finish()))])
}
