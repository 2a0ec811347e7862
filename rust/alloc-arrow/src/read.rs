//! Arrow batches to columns of the contract, and columns to values.
//!
//! Text, integers and lists come in many Arrow layouts (`large_utf8`, string views, dictionaries,
//! narrower integers); they are brought to the contract's types here. What already has the
//! contract's type is not copied.

use std::collections::HashSet;
use std::sync::Arc;

use alloc_domain::{
    Currency, Customer, Discount, Habit, ItemKind, Observed, OpenItem, PastAllocation, Payment,
    RemittanceLine, Status,
};
use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Date32Type, Int64Type};
use arrow_array::{Array, ArrayRef, ListArray, PrimitiveArray, RecordBatch, StringArray};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{ArrowError, DataType, Schema};

use crate::error::ArrowReadError;
use crate::schema::{
    ALLOCATIONS, CUSTOMERS, Column, ColumnType, DECISIONS, HABITS, HISTORY, ITEM_IDS, OPEN_ITEMS,
    PAYMENTS, REMITTANCES, Table,
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
        let mut data = Self::none(table);
        let mut first_row = 1;
        for batch in batches {
            let batch = batch.map_err(|error| stream_failed(table, &error))?;
            data.batches
                .push(canonical(table, &positions, &batch, first_row)?);
            first_row += batch.num_rows();
        }
        Ok(data)
    }

    /// A table that was not handed in: it has no rows.
    #[must_use]
    pub fn none(table: &'static Table) -> Self {
        Self {
            table,
            batches: Vec::new(),
        }
    }

    /// Number of rows of all batches.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.batches.iter().map(|batch| batch.rows).sum()
    }

    /// Typed access to each batch in order.
    fn readers(&self) -> impl Iterator<Item = Reader<'_>> {
        self.batches.iter().scan(1, |first_row, batch| {
            let reader = Reader {
                table: self.table,
                batch,
                first_row: *first_row,
            };
            *first_row += batch.rows;
            Some(reader)
        })
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

/// A column of texts that may not be there.
struct Texts<'a>(Option<&'a StringArray>);

impl<'a> Texts<'a> {
    fn option(&self, row: usize) -> Option<&'a str> {
        let array = self.0?;
        array.is_valid(row).then(|| array.value(row))
    }

    fn value(&self, row: usize) -> &'a str {
        self.option(row)
            .expect("required and not null: checked when the table was read")
    }
}

/// A column of lists of texts that may not be there.
struct TextLists<'a>(Option<&'a ListArray>);

impl<'a> TextLists<'a> {
    /// The texts of a row; missing ones are left out.
    fn values(&self, row: usize) -> Vec<&'a str> {
        let Some(array) = self.0.filter(|array| array.is_valid(row)) else {
            return Vec::new();
        };
        let values = array.values().as_string::<i32>();
        let offsets = array.value_offsets();
        let first = usize::try_from(offsets[row]).expect("offsets are not negative");
        let last = usize::try_from(offsets[row + 1]).expect("offsets are not negative");
        (first..last)
            .filter(|&index| values.is_valid(index))
            .map(|index| values.value(index))
            .collect()
    }
}

/// A column of numbers or days that may not be there.
struct Numbers<'a, T: ArrowPrimitiveType>(Option<&'a PrimitiveArray<T>>);

impl<T: ArrowPrimitiveType> Numbers<'_, T> {
    fn option(&self, row: usize) -> Option<T::Native> {
        let array = self.0?;
        array.is_valid(row).then(|| array.value(row))
    }

    fn value(&self, row: usize) -> T::Native {
        self.option(row)
            .expect("required and not null: checked when the table was read")
    }
}

impl<'a> Reader<'a> {
    fn column(&self, name: &'static str) -> Option<&'a ArrayRef> {
        let position = self
            .table
            .columns
            .iter()
            .position(|column| column.name == name)
            .expect("readers name columns of their own table");
        self.batch.columns[position].as_ref()
    }

    fn texts(&self, name: &'static str) -> Texts<'a> {
        Texts(self.column(name).map(AsArray::as_string))
    }

    fn text_lists(&self, name: &'static str) -> TextLists<'a> {
        TextLists(self.column(name).map(AsArray::as_list))
    }

    fn numbers<T: ArrowPrimitiveType>(&self, name: &'static str) -> Numbers<'a, T> {
        Numbers(self.column(name).map(AsArray::as_primitive))
    }

    fn flags(&self, name: &'static str) -> impl Fn(usize) -> bool {
        let array = self.column(name).map(AsArray::as_boolean);
        move |row| array.is_some_and(|array| array.is_valid(row) && array.value(row))
    }

    fn currency(&self, values: &Texts<'_>, row: usize) -> Result<Currency, ArrowReadError> {
        let value = values.value(row);
        Currency::parse(value).ok_or_else(|| ArrowReadError::CurrencyUnknown {
            table: self.table.name,
            row: self.first_row + row,
            value: value.to_owned(),
        })
    }

    fn item_kind(&self, values: &Texts<'_>, row: usize) -> Result<ItemKind, ArrowReadError> {
        let Some(value) = values.option(row) else {
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
    let mut out = Vec::with_capacity(data.rows());
    for reader in data.readers() {
        let [
            item_id,
            entity,
            customer_id,
            payer_id,
            reference,
            kind,
            currency,
        ] = [
            "item_id",
            "entity",
            "customer_id",
            "payer_id",
            "reference",
            "kind",
            "currency",
        ]
        .map(|name| reader.texts(name));
        let other_references = reader.text_lists("other_references");
        let open_minor = reader.numbers::<Int64Type>("open_minor");
        let issue_date = reader.numbers::<Date32Type>("issue_date");
        let due_date = reader.numbers::<Date32Type>("due_date");
        let discount_date = reader.numbers::<Date32Type>("discount_date");
        let discount_ppm = reader.numbers::<Int64Type>("discount_ppm");
        let discount = |row| {
            let (until, rate_ppm) = (discount_date.option(row)?, discount_ppm.option(row)?);
            (1..1_000_000)
                .contains(&rate_ppm)
                .then_some(Discount { until, rate_ppm })
        };
        let disputed = reader.flags("disputed");
        for row in 0..reader.batch.rows {
            out.push(OpenItem {
                item_id: item_id.value(row),
                entity: entity.value(row),
                customer_id: customer_id.value(row),
                payer_id: payer_id.option(row),
                reference: reference.option(row),
                other_references: other_references.values(row),
                kind: reader.item_kind(&kind, row)?,
                currency: reader.currency(&currency, row)?,
                open_minor: open_minor.value(row),
                issue_date: issue_date.option(row),
                due_date: due_date.option(row),
                discount: discount(row),
                disputed: disputed(row),
            });
        }
    }
    Ok(out)
}

/// The rows of `item_ids`: entity and id.
pub fn item_ids(data: &TableData) -> impl Iterator<Item = (&str, &str)> {
    debug_assert_eq!(data.table, &ITEM_IDS);
    data.readers().flat_map(|reader| {
        let [entity, item_id] = ["entity", "item_id"].map(|name| reader.texts(name));
        (0..reader.batch.rows).map(move |row| (entity.value(row), item_id.value(row)))
    })
}

/// What automatic decisions clear: entity, item and amount of each row of rank 0.
///
/// * `decisions`, `allocations` — tables of these names
#[must_use]
pub fn cleared<'d>(
    decisions: &'d TableData,
    allocations: &'d TableData,
) -> Vec<(&'d str, &'d str, i64)> {
    debug_assert_eq!(decisions.table, &DECISIONS);
    debug_assert_eq!(allocations.table, &ALLOCATIONS);
    let mut automatic = HashSet::new();
    for reader in decisions.readers() {
        let [payment_id, status] = ["payment_id", "status"].map(|name| reader.texts(name));
        let rows = (0..reader.batch.rows).filter(|&row| status.value(row) == Status::Auto.as_str());
        automatic.extend(rows.map(|row| payment_id.value(row)));
    }
    let mut out = Vec::new();
    for reader in allocations.readers() {
        let [payment_id, entity, item_id] =
            ["payment_id", "entity", "item_id"].map(|name| reader.texts(name));
        let [rank, allocated] =
            ["rank", "allocated_minor"].map(|name| reader.numbers::<Int64Type>(name));
        for row in 0..reader.batch.rows {
            if rank.value(row) == 0 && automatic.contains(payment_id.value(row)) {
                out.push((entity.value(row), item_id.value(row), allocated.value(row)));
            }
        }
    }
    out
}

/// The rows of `payments`.
///
/// # Errors
/// [`ArrowReadError`]: a currency is unknown.
pub fn payments(data: &TableData) -> Result<Vec<Payment<'_>>, ArrowReadError> {
    debug_assert_eq!(data.table, &PAYMENTS);
    let mut out = Vec::with_capacity(data.rows());
    for reader in data.readers() {
        let [
            payment_id,
            entity,
            currency,
            customer_id,
            payer_name,
            payer_iban,
        ] = [
            "payment_id",
            "entity",
            "currency",
            "customer_id",
            "payer_name",
            "payer_iban",
        ]
        .map(|name| reader.texts(name));
        let end_to_end_id = reader.texts("end_to_end_id");
        let creditor_reference = reader.texts("creditor_reference");
        let remittance_text = reader.text_lists("remittance_text");
        let value_date = reader.numbers::<Date32Type>("value_date");
        let amount_minor = reader.numbers::<Int64Type>("amount_minor");
        for row in 0..reader.batch.rows {
            out.push(Payment {
                payment_id: payment_id.value(row),
                entity: entity.value(row),
                value_date: value_date.value(row),
                currency: reader.currency(&currency, row)?,
                amount_minor: amount_minor.value(row),
                customer_id: customer_id.option(row),
                payer_name: payer_name.option(row),
                payer_iban: payer_iban.option(row),
                remittance_text: remittance_text.values(row),
                end_to_end_id: end_to_end_id.option(row),
                creditor_reference: creditor_reference.option(row),
            });
        }
    }
    Ok(out)
}

/// The rows of `remittances`.
#[must_use]
pub fn remittances(data: &TableData) -> Vec<RemittanceLine<'_>> {
    debug_assert_eq!(data.table, &REMITTANCES);
    let mut out = Vec::with_capacity(data.rows());
    for reader in data.readers() {
        let payment_id = reader.texts("payment_id");
        let reference = reader.texts("reference");
        let line_no = reader.numbers::<Int64Type>("line_no");
        let amount_minor = reader.numbers::<Int64Type>("amount_minor");
        let deduction_minor = reader.numbers::<Int64Type>("deduction_minor");
        out.extend((0..reader.batch.rows).map(|row| RemittanceLine {
            payment_id: payment_id.value(row),
            line_no: line_no.value(row),
            reference: reference.option(row),
            amount_minor: amount_minor.option(row),
            deduction_minor: deduction_minor.option(row),
        }));
    }
    out
}

/// The rows of `customers`.
#[must_use]
pub fn customers(data: &TableData) -> Vec<Customer<'_>> {
    debug_assert_eq!(data.table, &CUSTOMERS);
    let mut out = Vec::with_capacity(data.rows());
    for reader in data.readers() {
        let customer_id = reader.texts("customer_id");
        let name = reader.texts("name");
        let parent_id = reader.texts("parent_id");
        let known_ibans = reader.text_lists("known_ibans");
        let aliases = reader.text_lists("aliases");
        out.extend((0..reader.batch.rows).map(|row| Customer {
            customer_id: customer_id.value(row),
            name: name.value(row),
            known_ibans: known_ibans.values(row),
            aliases: aliases.values(row),
            parent_id: parent_id.option(row),
        }));
    }
    out
}

/// The rows of `history`.
#[must_use]
pub fn history(data: &TableData) -> Vec<PastAllocation<'_>> {
    debug_assert_eq!(data.table, &HISTORY);
    let mut out = Vec::with_capacity(data.rows());
    for reader in data.readers() {
        let payment_id = reader.texts("payment_id");
        let entity = reader.texts("entity");
        let item_id = reader.texts("item_id");
        let customer_id = reader.texts("customer_id");
        let payer_name = reader.texts("payer_name");
        let payer_iban = reader.texts("payer_iban");
        let value_date = reader.numbers::<Date32Type>("value_date");
        let allocated_minor = reader.numbers::<Int64Type>("allocated_minor");
        out.extend((0..reader.batch.rows).map(|row| PastAllocation {
            payment_id: payment_id.value(row),
            value_date: value_date.value(row),
            entity: entity.value(row),
            item_id: item_id.value(row),
            allocated_minor: allocated_minor.value(row),
            customer_id: customer_id.value(row),
            payer_name: payer_name.option(row),
            payer_iban: payer_iban.option(row),
        }));
    }
    out
}

/// The rows of `habits`.
///
/// # Errors
/// [`ArrowReadError`]: a habit is unknown.
pub fn habits(data: &TableData) -> Result<Vec<Observed<'_>>, ArrowReadError> {
    debug_assert_eq!(data.table, &HABITS);
    let mut out = Vec::with_capacity(data.rows());
    for reader in data.readers() {
        let [entity, customer_id, habit] =
            ["entity", "customer_id", "habit"].map(|name| reader.texts(name));
        let [open_from, count, of, expected] = ["open_from", "count", "of", "expected_milli"]
            .map(|name| reader.numbers::<Int64Type>(name));
        let [since, until] = ["since", "until"].map(|name| reader.numbers::<Date32Type>(name));
        for row in 0..reader.batch.rows {
            let name = habit.value(row);
            let unknown = || ArrowReadError::KindUnknown {
                table: reader.table.name,
                row: reader.first_row + row,
                value: name.to_owned(),
                known: Habit::ALL.map(|(name, _)| name).join(", "),
            };
            out.push(Observed {
                entity: entity.value(row),
                customer_id: customer_id.option(row),
                habit: Habit::parse(name).ok_or_else(unknown)?,
                open_from: open_from.value(row),
                count: count.value(row),
                of: of.value(row),
                expected_milli: expected.value(row),
                days: (since.value(row), until.value(row)),
            });
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc_domain::Reason;
    use arrow_array::{Date32Array, Int64Array, LargeStringArray, NullArray};
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
