//! Reading a table by its contract: every column there, typed, without surprises.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, Date32Array, Int64Array, RecordBatch, RecordBatchReader, StringArray,
    new_null_array,
};
use arrow_schema::{ArrowError, DataType};

use super::error::JournalReadError;
use crate::schema::{Column, ColumnType, Table};

/// A source of batches; it may call back into the caller.
pub type Reader = Box<dyn RecordBatchReader + Send>;

/// What happens to columns that the contract does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// They are refused by name: a misspelt optional column must not be lost silently.
    Refused,
    /// They are not read.
    Ignored,
}

/// Rows of a table in the canonical types; a missing optional column holds nulls.
#[derive(Clone, Debug)]
pub struct Columns {
    table: &'static Table,
    arrays: Vec<ArrayRef>,
    len: usize,
}

impl Columns {
    /// Takes the columns of one batch; nothing is copied where types agree.
    ///
    /// # Errors
    /// [`JournalReadError`] when a column is missing, unknown, of another type or has a null that
    /// the contract does not allow.
    pub fn new(
        table: &'static Table,
        batch: &RecordBatch,
        unknown: Unknown,
    ) -> Result<Self, JournalReadError> {
        let schema = batch.schema();
        if unknown == Unknown::Refused {
            let is_known = |name: &str| table.columns.iter().any(|column| column.name == name);
            if let Some(field) = schema.fields().iter().find(|field| !is_known(field.name())) {
                return Err(JournalReadError::ColumnUnknown {
                    table: table.name,
                    column: field.name().clone(),
                });
            }
        }
        let arrays = table
            .columns
            .iter()
            .map(|column| array(table, column, batch))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            table,
            arrays,
            len: batch.num_rows(),
        })
    }

    /// Reads a whole source into one set of columns.
    ///
    /// # Errors
    /// As [`Columns::new`], and [`JournalReadError::StreamFailed`] when the source fails.
    pub fn read(
        table: &'static Table,
        reader: Reader,
        unknown: Unknown,
    ) -> Result<Self, JournalReadError> {
        let schema = reader.schema();
        let failed = |error: ArrowError| stream_failed(table, &error);
        let mut batches = reader.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let batch = if batches.len() == 1 {
            batches.swap_remove(0)
        } else {
            arrow_select::concat::concat_batches(&schema, &batches).map_err(failed)?
        };
        Self::new(table, &batch, unknown)
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The table whose contract the columns keep.
    #[must_use]
    pub fn table(&self) -> &'static Table {
        self.table
    }

    fn array(&self, name: &str) -> &ArrayRef {
        let position = self
            .table
            .columns
            .iter()
            .position(|column| column.name == name)
            .expect("the contract has the column");
        &self.arrays[position]
    }

    /// A text column of the contract.
    #[must_use]
    pub fn text(&self, name: &str) -> &StringArray {
        self.array(name).as_string()
    }

    /// An integer column of the contract.
    #[must_use]
    pub fn ints(&self, name: &str) -> &Int64Array {
        self.array(name).as_primitive::<Int64Type>()
    }

    /// A date column of the contract.
    #[must_use]
    pub fn dates(&self, name: &str) -> &Date32Array {
        self.array(name).as_primitive::<Date32Type>()
    }
}

/// The text of a row that may be missing.
#[must_use]
pub fn text_at(array: &StringArray, row: usize) -> Option<&str> {
    array.is_valid(row).then(|| array.value(row))
}

/// The integer of a row that may be missing.
#[must_use]
pub fn int_at(array: &Int64Array, row: usize) -> Option<i64> {
    array.is_valid(row).then(|| array.value(row))
}

/// What a failing source says.
pub fn stream_failed(table: &Table, error: &ArrowError) -> JournalReadError {
    JournalReadError::StreamFailed {
        table: table.name,
        message: error.to_string(),
    }
}

/// One column in its canonical type.
fn array(
    table: &'static Table,
    column: &Column,
    batch: &RecordBatch,
) -> Result<ArrayRef, JournalReadError> {
    let expected = column.kind.arrow();
    let Some(found) = batch.column_by_name(column.name) else {
        if column.required {
            return Err(JournalReadError::ColumnMissing {
                table: table.name,
                column: column.name,
            });
        }
        return Ok(new_null_array(&expected, batch.num_rows()));
    };
    let wrong_type = || JournalReadError::ColumnType {
        table: table.name,
        column: column.name,
        found: found.data_type().to_string(),
        expected: expected.to_string(),
    };
    let array = if *found.data_type() == expected {
        Arc::clone(found)
    } else if is_exact(found.data_type(), column.kind) {
        arrow_cast::cast(found, &expected).map_err(|_| wrong_type())?
    } else {
        return Err(wrong_type());
    };
    if !column.nullable && array.null_count() > 0 {
        return Err(JournalReadError::ValueMissing {
            table: table.name,
            column: column.name,
            row: (0..array.len())
                .find(|&row| array.is_null(row))
                .map_or(0, |row| row + 1),
        });
    }
    Ok(array)
}

/// Whether every value of the type is one of the canonical type: text stays text, integers grow.
fn is_exact(found: &DataType, kind: ColumnType) -> bool {
    match (found, kind) {
        (DataType::Null, _) | (DataType::LargeUtf8 | DataType::Utf8View, ColumnType::Text) => true,
        (DataType::Dictionary(_, value), _) => **value == kind.arrow() || is_exact(value, kind),
        (found, ColumnType::Int) => {
            found.is_signed_integer() || (found.is_unsigned_integer() && *found != DataType::UInt64)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use alloc_domain::Reason;
    use arrow_array::{Float64Array, Int32Array, LargeStringArray, NullArray};
    use arrow_schema::{Field, Schema};

    use super::*;
    use crate::schema::{key, option};

    const TABLE: Table = Table {
        name: "things",
        columns: &[
            key("name", ColumnType::Text),
            key("amount_minor", ColumnType::Int),
            option("due_date", ColumnType::Date),
        ],
    };

    fn read(columns: Vec<(&str, ArrayRef)>, unknown: Unknown) -> Result<Columns, JournalReadError> {
        let batch = RecordBatch::try_from_iter(columns).expect("equal lengths");
        Columns::new(&TABLE, &batch, unknown)
    }

    fn good() -> Vec<(&'static str, ArrayRef)> {
        vec![
            ("name", Arc::new(StringArray::from(vec!["a", "b"]))),
            ("amount_minor", Arc::new(Int64Array::from(vec![1, 2]))),
        ]
    }

    #[test]
    fn other_widths_of_the_same_values_are_taken() {
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("name", Arc::new(LargeStringArray::from(vec!["a", "b"]))),
            ("amount_minor", Arc::new(Int32Array::from(vec![-1, 2]))),
            ("due_date", Arc::new(NullArray::new(2))),
        ];
        let columns = read(columns, Unknown::Refused).expect("exact");
        assert_eq!(columns.text("name").value(1), "b");
        assert_eq!(columns.ints("amount_minor").value(0), -1);
        assert!(columns.dates("due_date").is_null(0));
    }

    #[test]
    fn what_breaks_the_contract_is_refused_by_name() {
        let code = |columns, unknown| read(columns, unknown).expect_err("refused").code();
        assert_eq!(
            code(good()[..1].to_vec(), Unknown::Refused),
            "COLUMN_MISSING"
        );
        let mut more = good();
        more.push(("dew_date", Arc::new(NullArray::new(2))));
        assert!(read(more.clone(), Unknown::Ignored).is_ok());
        assert_eq!(code(more, Unknown::Refused), "COLUMN_UNKNOWN");
        let mut float = good();
        float[1].1 = Arc::new(Float64Array::from(vec![1.0, 2.0]));
        assert_eq!(code(float, Unknown::Refused), "COLUMN_TYPE_WRONG");
        let mut null = good();
        null[1].1 = Arc::new(Int64Array::from(vec![Some(1), None]));
        let refused = read(null, Unknown::Refused).expect_err("a null");
        assert_eq!(
            refused.to_string(),
            "things, row 2: amount_minor has no value"
        );
    }

    #[test]
    fn several_batches_become_one() {
        let schema = Arc::new(Schema::new(vec![
            Field::new("name", DataType::Utf8, false),
            Field::new("amount_minor", DataType::Int64, false),
        ]));
        let batch = RecordBatch::try_from_iter(good()).expect("equal lengths");
        for (batches, len) in [(vec![], 0), (vec![Ok(batch.clone()), Ok(batch)], 4)] {
            let reader = arrow_array::RecordBatchIterator::new(batches, Arc::clone(&schema));
            let columns = Columns::read(&TABLE, Box::new(reader), Unknown::Refused);
            assert_eq!(columns.expect("readable").len(), len);
        }
    }
}
