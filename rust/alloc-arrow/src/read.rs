//! Arrow batches to columns of the contract, and columns to values.
//!
//! Text, integers and lists come in many Arrow layouts (`large_utf8`, string views, dictionaries,
//! narrower integers); they are brought to the contract's types here. What already has the
//! contract's type is not copied.

use std::sync::Arc;

use alloc_domain::{
    Currency, Customer, ItemKind, OpenItem, PastAllocation, Payment, RemittanceLine,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{ArrowError, DataType, Schema};

use crate::error::ArrowReadError;
use crate::schema::{
    CUSTOMERS, Column, ColumnType, HISTORY, OPEN_ITEMS, PAYMENTS, REMITTANCES, Table,
};

/// The batches of one table in the contract's types, columns in the contract's order.
#[derive(Debug)]
pub struct TableData {
    table: &'static Table,
    batches: Vec<BatchData>,
}

/// One batch in the contract's types; a column that is not there is none.
#[derive(Debug)]
pub(crate) struct BatchData {
    rows: usize,
    pub(crate) columns: Vec<Option<ArrayRef>>,
}

/// What happens to columns that the contract does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// They are refused by name: a misspelt optional column must not be lost silently.
    Refused,
    /// They are not read.
    Ignored,
}

impl TableData {
    /// Reads a stream of batches.
    ///
    /// * `table` — the contract
    /// * `schema` — the schema of the stream, checked even when it has no batch
    /// * `batches` — the stream
    ///
    /// # Errors
    /// [`ArrowReadError`]: the first column or value that does not keep the contract.
    pub fn read(
        table: &'static Table,
        schema: &Schema,
        batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
    ) -> Result<Self, ArrowReadError> {
        let positions = column_positions(table, schema, Unknown::Refused)?;
        let mut data = Self {
            table,
            batches: Vec::new(),
        };
        let mut first_row = 1;
        for batch in batches {
            let batch = batch.map_err(|error| stream_failed(table, &error))?;
            data.batches
                .push(canonical(table, &positions, &batch, first_row)?);
            first_row += batch.num_rows();
        }
        Ok(data)
    }

    /// Number of rows of all batches.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.batches.iter().map(|batch| batch.rows).sum()
    }

    /// One value per row, in order.
    fn collect<'a, T>(
        &'a self,
        mut row: impl FnMut(&Reader<'a>, usize) -> Result<T, ArrowReadError>,
    ) -> Result<Vec<T>, ArrowReadError> {
        let mut out = Vec::with_capacity(self.rows());
        let mut first_row = 1;
        for batch in &self.batches {
            let reader = Reader::new(self.table, batch, first_row);
            for index in 0..batch.rows {
                out.push(row(&reader, index)?);
            }
            first_row += batch.rows;
        }
        Ok(out)
    }
}

pub(crate) fn column_positions(
    table: &'static Table,
    schema: &Schema,
    unknown: Unknown,
) -> Result<Vec<Option<usize>>, ArrowReadError> {
    let mut positions: Vec<Option<usize>> = vec![None; table.columns.len()];
    for (position, field) in schema.fields().iter().enumerate() {
        let name = field.name();
        let Some(slot) = table.columns.iter().position(|known| known.name == name) else {
            if unknown == Unknown::Ignored {
                continue;
            }
            let known: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
            return Err(ArrowReadError::ColumnUnknown {
                table: table.name,
                column: name.clone(),
                known: known.join(", "),
            });
        };
        let column = &table.columns[slot];
        if positions[slot].replace(position).is_some() {
            return Err(ArrowReadError::ColumnRepeated {
                table: table.name,
                column: column.name,
            });
        }
        if !accepts(column.kind, field.data_type()) {
            return Err(ArrowReadError::ColumnTypeWrong {
                table: table.name,
                column: column.name,
                expected: column.kind.arrow().to_string(),
                found: field.data_type().to_string(),
            });
        }
    }
    for (column, position) in table.columns.iter().zip(&positions) {
        if column.required && position.is_none() {
            return Err(ArrowReadError::ColumnMissing {
                table: table.name,
                column: column.name,
            });
        }
    }
    Ok(positions)
}

/// What a failing producer says.
pub(crate) fn stream_failed(table: &Table, error: &ArrowError) -> ArrowReadError {
    ArrowReadError::StreamFailed {
        table: table.name,
        message: error.to_string(),
    }
}

/// Whether a layout carries the contract's type without loss.
fn accepts(kind: ColumnType, found: &DataType) -> bool {
    use DataType as D;
    match (kind, found) {
        (_, D::Null)
        | (ColumnType::Date, D::Date32)
        | (ColumnType::Bool, D::Boolean)
        | (ColumnType::Text, D::Utf8 | D::LargeUtf8 | D::Utf8View)
        | (
            ColumnType::Int,
            D::Int8 | D::Int16 | D::Int32 | D::Int64 | D::UInt8 | D::UInt16 | D::UInt32,
        ) => true,
        (ColumnType::Text, D::Dictionary(_, value)) => accepts(ColumnType::Text, value),
        (ColumnType::TextList, D::List(inner) | D::LargeList(inner)) => {
            accepts(ColumnType::Text, inner.data_type())
        }
        (ColumnType::VatList, D::List(inner) | D::LargeList(inner)) => {
            matches!(inner.data_type(), D::Null) || is_vat_part(inner.data_type())
        }
        _ => false,
    }
}

fn is_vat_part(found: &DataType) -> bool {
    let DataType::Struct(fields) = found else {
        return false;
    };
    let names: Vec<&str> = fields.iter().map(|field| field.name().as_str()).collect();
    names == ["rate_bps", "base_minor", "vat_minor"]
        && fields
            .iter()
            .all(|field| accepts(ColumnType::Int, field.data_type()))
}

pub(crate) fn canonical(
    table: &'static Table,
    positions: &[Option<usize>],
    batch: &RecordBatch,
    first_row: usize,
) -> Result<BatchData, ArrowReadError> {
    let mut columns = Vec::with_capacity(positions.len());
    for (column, position) in table.columns.iter().zip(positions) {
        let Some(position) = *position else {
            columns.push(None);
            continue;
        };
        let array = cast(table, column, batch.column(position))?;
        if !column.nullable
            && array.null_count() > 0
            && let Some(row) = (0..array.len()).find(|&row| array.is_null(row))
        {
            return Err(ArrowReadError::NullForbidden {
                table: table.name,
                column: column.name,
                row: first_row + row,
            });
        }
        columns.push(Some(array));
    }
    Ok(BatchData {
        rows: batch.num_rows(),
        columns,
    })
}

fn cast(
    table: &'static Table,
    column: &Column,
    array: &ArrayRef,
) -> Result<ArrayRef, ArrowReadError> {
    let wanted = column.kind.arrow();
    if *array.data_type() == wanted {
        return Ok(Arc::clone(array));
    }
    let strict = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(array, &wanted, &strict).map_err(|error| ArrowReadError::StreamFailed {
        table: table.name,
        message: format!("column {}: {error}", column.name),
    })
}

/// Typed access to the columns of one batch.
struct Reader<'a> {
    table: &'static Table,
    batch: &'a BatchData,
    first_row: usize,
}

impl<'a> Reader<'a> {
    fn new(table: &'static Table, batch: &'a BatchData, first_row: usize) -> Self {
        Self {
            table,
            batch,
            first_row,
        }
    }

    fn column(&self, name: &'static str) -> Option<&'a ArrayRef> {
        let position = self
            .table
            .columns
            .iter()
            .position(|column| column.name == name)
            .expect("readers name columns of their own table");
        self.batch.columns[position].as_ref()
    }

    fn text_option(&self, name: &'static str, row: usize) -> Option<&'a str> {
        let array = self.column(name)?.as_string::<i32>();
        array.is_valid(row).then(|| array.value(row))
    }

    fn text(&self, name: &'static str, row: usize) -> &'a str {
        self.text_option(name, row)
            .expect("required and not null: checked when the table was read")
    }

    fn int_option(&self, name: &'static str, row: usize) -> Option<i64> {
        let array = self.column(name)?.as_primitive::<Int64Type>();
        array.is_valid(row).then(|| array.value(row))
    }

    fn int(&self, name: &'static str, row: usize) -> i64 {
        self.int_option(name, row)
            .expect("required and not null: checked when the table was read")
    }

    fn date_option(&self, name: &'static str, row: usize) -> Option<i32> {
        let array = self.column(name)?.as_primitive::<Date32Type>();
        array.is_valid(row).then(|| array.value(row))
    }

    fn bool_option(&self, name: &'static str, row: usize) -> Option<bool> {
        let array = self.column(name)?.as_boolean();
        array.is_valid(row).then(|| array.value(row))
    }

    fn texts(&self, name: &'static str, row: usize) -> Vec<&'a str> {
        let Some(array) = self.column(name).map(AsArray::as_list::<i32>) else {
            return Vec::new();
        };
        if array.is_null(row) {
            return Vec::new();
        }
        let values = array.values().as_string::<i32>();
        let offsets = array.value_offsets();
        let first = usize::try_from(offsets[row]).expect("offsets are not negative");
        let last = usize::try_from(offsets[row + 1]).expect("offsets are not negative");
        (first..last)
            .filter(|&index| values.is_valid(index))
            .map(|index| values.value(index))
            .collect()
    }

    fn currency(&self, row: usize) -> Result<Currency, ArrowReadError> {
        let value = self.text("currency", row);
        Currency::parse(value).ok_or_else(|| ArrowReadError::CurrencyUnknown {
            table: self.table.name,
            row: self.first_row + row,
            value: value.to_owned(),
        })
    }

    fn item_kind(&self, row: usize) -> Result<ItemKind, ArrowReadError> {
        let Some(value) = self.text_option("kind", row) else {
            return Ok(ItemKind::default());
        };
        ItemKind::parse(value).ok_or_else(|| ArrowReadError::KindUnknown {
            table: self.table.name,
            row: self.first_row + row,
            value: value.to_owned(),
            known: ItemKind::ALL.map(|(name, _)| name).join(", "),
        })
    }
}

/// The rows of `open_items`.
///
/// # Errors
/// [`ArrowReadError`]: a currency or kind is unknown.
pub fn open_items(data: &TableData) -> Result<Vec<OpenItem<'_>>, ArrowReadError> {
    debug_assert_eq!(data.table, &OPEN_ITEMS);
    data.collect(|reader, row| {
        Ok(OpenItem {
            item_id: reader.text("item_id", row),
            entity: reader.text("entity", row),
            customer_id: reader.text("customer_id", row),
            payer_id: reader.text_option("payer_id", row),
            reference: reader.text_option("reference", row),
            other_references: reader.texts("other_references", row),
            kind: reader.item_kind(row)?,
            currency: reader.currency(row)?,
            open_minor: reader.int("open_minor", row),
            issue_date: reader.date_option("issue_date", row),
            due_date: reader.date_option("due_date", row),
            disputed: reader.bool_option("disputed", row).unwrap_or(false),
        })
    })
}

/// The rows of `payments`.
///
/// # Errors
/// [`ArrowReadError`]: a currency is unknown.
pub fn payments(data: &TableData) -> Result<Vec<Payment<'_>>, ArrowReadError> {
    debug_assert_eq!(data.table, &PAYMENTS);
    data.collect(|reader, row| {
        Ok(Payment {
            payment_id: reader.text("payment_id", row),
            entity: reader.text("entity", row),
            value_date: reader
                .date_option("value_date", row)
                .expect("required and not null: checked when the table was read"),
            currency: reader.currency(row)?,
            amount_minor: reader.int("amount_minor", row),
            customer_id: reader.text_option("customer_id", row),
            payer_name: reader.text_option("payer_name", row),
            payer_iban: reader.text_option("payer_iban", row),
            remittance_text: reader.texts("remittance_text", row),
            end_to_end_id: reader.text_option("end_to_end_id", row),
            creditor_reference: reader.text_option("creditor_reference", row),
        })
    })
}

/// The rows of `remittances`.
///
/// # Errors
/// None today; the signature is that of its siblings.
pub fn remittances(data: &TableData) -> Result<Vec<RemittanceLine<'_>>, ArrowReadError> {
    debug_assert_eq!(data.table, &REMITTANCES);
    data.collect(|reader, row| {
        Ok(RemittanceLine {
            payment_id: reader.text("payment_id", row),
            line_no: reader.int("line_no", row),
            reference: reader.text_option("reference", row),
            amount_minor: reader.int_option("amount_minor", row),
            deduction_minor: reader.int_option("deduction_minor", row),
        })
    })
}

/// The rows of `customers`.
///
/// # Errors
/// None today; the signature is that of its siblings.
pub fn customers(data: &TableData) -> Result<Vec<Customer<'_>>, ArrowReadError> {
    debug_assert_eq!(data.table, &CUSTOMERS);
    data.collect(|reader, row| {
        Ok(Customer {
            customer_id: reader.text("customer_id", row),
            name: reader.text("name", row),
            known_ibans: reader.texts("known_ibans", row),
            aliases: reader.texts("aliases", row),
            parent_id: reader.text_option("parent_id", row),
        })
    })
}

/// The rows of `history`.
///
/// # Errors
/// None today; the signature is that of its siblings.
pub fn history(data: &TableData) -> Result<Vec<PastAllocation<'_>>, ArrowReadError> {
    debug_assert_eq!(data.table, &HISTORY);
    data.collect(|reader, row| {
        Ok(PastAllocation {
            customer_id: reader.text("customer_id", row),
            payer_name: reader.text_option("payer_name", row),
            payer_iban: reader.text_option("payer_iban", row),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc_domain::Reason;
    use arrow_array::{Date32Array, Int64Array, LargeStringArray, NullArray, StringArray};
    use arrow_schema::Field;

    fn read(
        table: &'static Table,
        columns: Vec<(&str, ArrayRef)>,
    ) -> Result<TableData, ArrowReadError> {
        let batch = RecordBatch::try_from_iter_with_nullable(
            columns.into_iter().map(|(name, array)| (name, array, true)),
        )
        .unwrap();
        TableData::read(table, &batch.schema(), std::iter::once(Ok(batch.clone())))
    }

    fn payment_columns() -> Vec<(&'static str, ArrayRef)> {
        vec![
            ("payment_id", Arc::new(StringArray::from(vec!["P-1"]))),
            ("entity", Arc::new(LargeStringArray::from(vec!["E"]))),
            ("value_date", Arc::new(Date32Array::from(vec![20_000]))),
            ("currency", Arc::new(StringArray::from(vec!["EUR"]))),
            ("amount_minor", Arc::new(Int64Array::from(vec![12_345]))),
            ("customer_id", Arc::new(NullArray::new(1))),
        ]
    }

    #[test]
    fn other_layouts_of_the_same_type_are_read() {
        let data = read(&PAYMENTS, payment_columns()).unwrap();
        let rows = payments(&data).unwrap();
        assert_eq!(rows[0].payment_id, "P-1");
        assert_eq!(rows[0].entity, "E");
        assert_eq!(rows[0].amount_minor, 12_345);
        assert_eq!(rows[0].customer_id, None);
        assert!(rows[0].remittance_text.is_empty());
    }

    #[test]
    fn an_unknown_column_is_named() {
        let mut columns = payment_columns();
        columns.push(("memo", Arc::new(StringArray::from(vec!["x"]))));
        let error = read(&PAYMENTS, columns).unwrap_err();
        assert_eq!(error.code(), "COLUMN_UNKNOWN");
        assert!(error.to_string().contains("memo"));
    }

    #[test]
    fn a_missing_a_mistyped_and_an_empty_required_value_are_named() {
        let mut missing = payment_columns();
        missing.remove(4);
        let error = read(&PAYMENTS, missing).unwrap_err();
        assert_eq!(
            error.to_string(),
            "table payments lacks column amount_minor"
        );

        let mut mistyped = payment_columns();
        mistyped[4].1 = Arc::new(StringArray::from(vec!["12.00"]));
        let error = read(&PAYMENTS, mistyped).unwrap_err();
        assert_eq!(error.code(), "COLUMN_TYPE_WRONG");

        let mut empty = payment_columns();
        empty[0].1 = Arc::new(StringArray::from(vec![None::<&str>]));
        let error = read(&PAYMENTS, empty).unwrap_err();
        assert_eq!(
            error.to_string(),
            "row 1 of table payments has no payment_id; rows count from 1"
        );
    }

    #[test]
    fn a_stream_without_batches_is_still_checked() {
        let schema = Schema::new(vec![Field::new("payment_id", DataType::Utf8, false)]);
        let error = TableData::read(&PAYMENTS, &schema, std::iter::empty()).unwrap_err();
        assert_eq!(error.code(), "COLUMN_MISSING");
    }

    #[test]
    fn a_currency_that_does_not_exist_is_named_with_its_row() {
        let mut columns = payment_columns();
        columns[3].1 = Arc::new(StringArray::from(vec!["EURO"]));
        let data = read(&PAYMENTS, columns).unwrap();
        let error = payments(&data).unwrap_err();
        assert_eq!(error.code(), "CURRENCY_UNKNOWN");
        assert!(error.metadata().contains(&("value", "EURO".to_owned())));
    }
}
