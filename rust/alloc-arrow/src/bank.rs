//! Bank files as columns: statements, entries, references and warnings.

use std::mem;
use std::sync::Arc;

use alloc_domain::bank::{
    Balance, BankCurrency, BankEntry, BankSink, Date, EntryPlace, Money, Statement,
    StatementTotals, Warning,
};
use arrow_array::builder::{
    ArrayBuilder, BooleanBuilder, Date32Builder, Int64Builder, ListBuilder, StringBuilder,
};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, Field, Schema, SchemaRef};

use crate::schema::ColumnType::{self, Bool, Date as Day, Int, Text, TextList};

/// Rows per batch: small enough that a batch under construction costs little.
const BATCH: usize = 8192;
/// Bytes of `raw` per batch: a column of text holds less than two gigabytes.
const BATCH_RAW: usize = 1 << 26;

/// Declares the builders of a table with their columns.
macro_rules! columns {
    ($table:ident: $($column:ident $builder:ty, $kind:expr, $nullable:literal;)*) => {
        #[derive(Default)]
        struct $table {
            $($column: $builder,)*
        }

        impl $table {
            fn schema() -> SchemaRef {
                let field = |name: &str, kind: ColumnType, nullable| {
                    Field::new(name, kind.arrow(), nullable)
                };
                Arc::new(Schema::new(vec![
                    $(field(stringify!($column), $kind, $nullable),)*
                ]))
            }

            fn finish(mut self) -> Result<RecordBatch, ArrowError> {
                let columns: Vec<ArrayRef> = vec![$({
                    let mut column = self.$column.finish();
                    column.shrink_to_fit();
                    Arc::new(column)
                },)*];
                RecordBatch::try_new(Self::schema(), columns)
            }
        }
    };
}

columns! { Statements:
    statement_index Int64Builder, Int, false;
    message_type StringBuilder, Text, false;
    dialect StringBuilder, Text, true;
    kind StringBuilder, Text, false;
    account StringBuilder, Text, false;
    currency StringBuilder, Text, true;
    number StringBuilder, Text, true;
    opening_date Date32Builder, Day, true;
    opening_minor Int64Builder, Int, true;
    closing_date Date32Builder, Day, true;
    closing_minor Int64Builder, Int, true;
    entry_count Int64Builder, Int, false;
    left_out_count Int64Builder, Int, false;
    difference_minor Int64Builder, Int, true;
    line Int64Builder, Int, false;
    raw StringBuilder, Text, true;
}

columns! { Entries:
    statement_index Int64Builder, Int, false;
    entry_index Int64Builder, Int, false;
    detail_index Int64Builder, Int, false;
    detail_count Int64Builder, Int, false;
    payment_id StringBuilder, Text, false;
    account StringBuilder, Text, false;
    booking_date Date32Builder, Day, false;
    value_date Date32Builder, Day, true;
    currency StringBuilder, Text, false;
    amount_minor Int64Builder, Int, false;
    entry_amount_minor Int64Builder, Int, false;
    status StringBuilder, Text, false;
    reversal BooleanBuilder, Bool, false;
    bank_reference StringBuilder, Text, true;
    transaction_code StringBuilder, Text, true;
    end_to_end_id StringBuilder, Text, true;
    creditor_reference StringBuilder, Text, true;
    mandate_id StringBuilder, Text, true;
    counterparty_name StringBuilder, Text, true;
    counterparty_iban StringBuilder, Text, true;
    ultimate_name StringBuilder, Text, true;
    remittance_text ListBuilder<StringBuilder>, TextList, false;
    charges_minor Int64Builder, Int, true;
    original_currency StringBuilder, Text, true;
    original_minor Int64Builder, Int, true;
    return_reason StringBuilder, Text, true;
    additional_info StringBuilder, Text, true;
    raw StringBuilder, Text, true;
    line Int64Builder, Int, false;
}

columns! { References:
    payment_id StringBuilder, Text, false;
    line_no Int64Builder, Int, false;
    reference StringBuilder, Text, false;
    kind StringBuilder, Text, false;
    amount_minor Int64Builder, Int, true;
    deduction_minor Int64Builder, Int, true;
    reason StringBuilder, Text, true;
    date Date32Builder, Day, true;
}

columns! { Warnings:
    code StringBuilder, Text, false;
    message StringBuilder, Text, false;
    line Int64Builder, Int, false;
    offset Int64Builder, Int, true;
    entry_left_out BooleanBuilder, Bool, false;
}

/// The batches of one table.
#[derive(Clone, Debug)]
pub struct BankTable {
    /// Columns, also when there is no row.
    pub schema: SchemaRef,
    /// Rows, in the order of the file.
    pub batches: Vec<RecordBatch>,
}

/// What a bank file holds, as columns.
#[derive(Clone, Debug)]
pub struct BankTables {
    /// One row per statement.
    pub statements: BankTable,
    /// One row per transaction of an entry.
    pub entries: BankTable,
    /// One row per document that a payer refers to.
    pub references: BankTable,
    /// One row per warning.
    pub warnings: BankTable,
}

/// Builds the columns while a file is read.
#[derive(Default)]
pub struct BankColumns {
    statements: Statements,
    entries: Entries,
    references: References,
    warnings: Warnings,
    entry_batches: Vec<RecordBatch>,
    reference_batches: Vec<RecordBatch>,
    statement_batches: Vec<RecordBatch>,
    failed: Option<ArrowError>,
}

impl BankColumns {
    /// The tables, once the file is read.
    ///
    /// # Errors
    /// Only if columns and schema disagree, which is a defect of this module.
    pub fn finish(mut self) -> Result<BankTables, ArrowError> {
        self.flush_entries();
        self.flush_references();
        self.flush_statements();
        if let Some(error) = self.failed {
            return Err(error);
        }
        Ok(BankTables {
            statements: BankTable {
                schema: Statements::schema(),
                batches: self.statement_batches,
            },
            entries: BankTable {
                schema: Entries::schema(),
                batches: self.entry_batches,
            },
            references: BankTable {
                schema: References::schema(),
                batches: self.reference_batches,
            },
            warnings: BankTable {
                schema: Warnings::schema(),
                batches: vec![self.warnings.finish()?],
            },
        })
    }

    fn flush_entries(&mut self) {
        match mem::take(&mut self.entries).finish() {
            Ok(batch) => self.entry_batches.push(batch),
            Err(error) => self.failed = Some(error),
        }
    }

    fn flush_statements(&mut self) {
        match mem::take(&mut self.statements).finish() {
            Ok(batch) => self.statement_batches.push(batch),
            Err(error) => self.failed = Some(error),
        }
    }

    fn flush_references(&mut self) {
        match mem::take(&mut self.references).finish() {
            Ok(batch) => self.reference_batches.push(batch),
            Err(error) => self.failed = Some(error),
        }
    }

    fn references(&mut self, payment_id: &str, entry: &BankEntry, detail_index: usize) {
        let columns = &mut self.references;
        for (line_no, found) in (0_i64..).zip(&entry.details[detail_index].references) {
            columns.payment_id.append_value(payment_id);
            columns.line_no.append_value(line_no);
            columns.reference.append_value(&found.reference);
            columns.kind.append_value(found.kind.as_str());
            columns.amount_minor.append_option(found.amount_minor);
            columns.deduction_minor.append_option(found.deduction_minor);
            columns.reason.append_option(found.reason.as_deref());
            columns.date.append_option(found.date.map(Date::days));
        }
        if self.references.line_no.len() >= BATCH {
            self.flush_references();
        }
    }
}

impl BankSink for BankColumns {
    fn entry(&mut self, place: EntryPlace<'_>, entry: &BankEntry) {
        let count = entry.details.len();
        for (detail_index, index) in (0_i64..).zip(0..count) {
            let suffixed;
            let payment_id = if count > 1 {
                suffixed = format!("{}-{}", place.payment_id, index + 1);
                &suffixed
            } else {
                place.payment_id
            };
            self.entries
                .append(place, payment_id, entry, (index, detail_index));
            self.references(payment_id, entry, index);
            if is_full(&self.entries.line, &self.entries.raw) {
                self.flush_entries();
            }
        }
    }

    fn statement(&mut self, totals: StatementTotals, statement: &Statement) {
        let columns = &mut self.statements;
        let minor = |balance: Option<Balance>| balance.map(|balance| balance.money.minor);
        let day = |balance: Option<Balance>| balance.and_then(|balance| balance.date);
        let currency = statement.currency;
        columns.statement_index.append_value(totals.statement_index);
        columns.message_type.append_value(&statement.message_type);
        columns.dialect.append_option(statement.dialect.as_deref());
        columns.kind.append_value(statement.kind.as_str());
        columns.account.append_value(&statement.account);
        columns
            .currency
            .append_option(currency.as_ref().map(BankCurrency::as_str));
        columns.number.append_option(statement.number.as_deref());
        columns
            .opening_date
            .append_option(day(statement.opening).map(Date::days));
        columns
            .opening_minor
            .append_option(minor(statement.opening));
        columns
            .closing_date
            .append_option(day(statement.closing).map(Date::days));
        columns
            .closing_minor
            .append_option(minor(statement.closing));
        columns.entry_count.append_value(totals.entry_count);
        columns.left_out_count.append_value(totals.left_out_count);
        columns
            .difference_minor
            .append_option(totals.difference_minor);
        columns.line.append_value(line(statement.line));
        columns.raw.append_option(statement.raw.as_deref());
        if is_full(&columns.line, &columns.raw) {
            self.flush_statements();
        }
    }

    fn warning(&mut self, warning: &Warning) {
        self.warnings.code.append_value(warning.code);
        self.warnings.message.append_value(&warning.message);
        self.warnings.line.append_value(line(warning.line));
        self.warnings.offset.append_option(warning.offset.map(line));
        self.warnings
            .entry_left_out
            .append_value(warning.entry_left_out);
    }
}

impl Entries {
    fn append(
        &mut self,
        place: EntryPlace<'_>,
        payment_id: &str,
        entry: &BankEntry,
        (index, detail_index): (usize, i64),
    ) {
        let detail = &entry.details[index];
        let Money { minor, currency } = entry.money;
        self.statement_index.append_value(place.statement_index);
        self.entry_index.append_value(place.entry_index);
        self.detail_index.append_value(detail_index);
        self.detail_count
            .append_value(i64::try_from(entry.details.len()).unwrap_or(i64::MAX));
        self.payment_id.append_value(payment_id);
        self.account.append_value(&entry.account);
        self.booking_date.append_value(entry.booking_date.days());
        self.value_date
            .append_option(entry.value_date.map(Date::days));
        self.currency.append_value(currency.as_str());
        self.amount_minor.append_value(detail.amount_minor);
        self.entry_amount_minor.append_value(minor);
        self.status.append_value(entry.status.as_str());
        self.reversal.append_value(entry.reversal);
        self.bank_reference
            .append_option(entry.bank_reference.as_deref());
        self.transaction_code
            .append_option(detail.transaction_code.as_deref());
        self.end_to_end_id
            .append_option(detail.end_to_end_id.as_deref());
        self.creditor_reference
            .append_option(detail.creditor_reference.as_deref());
        self.mandate_id.append_option(detail.mandate_id.as_deref());
        self.counterparty_name
            .append_option(detail.counterparty_name.as_deref());
        self.counterparty_iban
            .append_option(detail.counterparty_iban.as_deref());
        self.ultimate_name
            .append_option(detail.ultimate_name.as_deref());
        for line in &detail.remittance_text {
            self.remittance_text.values().append_value(line);
        }
        self.remittance_text.append(true);
        self.charges_minor.append_option(detail.charges_minor);
        let original = detail.original.as_ref();
        self.original_currency
            .append_option(original.map(|money| money.currency.as_str()));
        self.original_minor
            .append_option(original.map(|money| money.minor));
        self.return_reason
            .append_option(detail.return_reason.as_deref());
        self.additional_info
            .append_option(detail.additional_info.as_deref());
        self.raw.append_option(detail.raw.as_deref());
        self.line.append_value(line(entry.line));
    }
}

/// Whether a batch is large enough, in rows or in what is kept as printed.
fn is_full(rows: &Int64Builder, raw: &StringBuilder) -> bool {
    rows.len() >= BATCH || raw.values_slice().len() >= BATCH_RAW
}

fn line(line: u64) -> i64 {
    i64::try_from(line).unwrap_or(i64::MAX)
}
