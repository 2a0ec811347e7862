//! The columns of a whole table or of one batch, by name.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, Date32Array, Int64Array, RecordBatch, RecordBatchReader, StringArray,
    new_null_array,
};

use crate::error::ArrowReadError;
use crate::read::{Unknown, canonical, column_positions, stream_failed};
use crate::schema::Table;

/// A source of batches; it may call back into the caller.
pub type Reader = Box<dyn RecordBatchReader + Send>;

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
    /// * `first_row` — the number of its first row in the whole table, from 1, for messages
    ///
    /// # Errors
    /// [`ArrowReadError`]: the first column or value that does not keep the contract.
    pub(crate) fn new(
        table: &'static Table,
        batch: &RecordBatch,
        unknown: Unknown,
        first_row: usize,
    ) -> Result<Self, ArrowReadError> {
        let positions = column_positions(table, &batch.schema(), unknown)?;
        let data = canonical(table, &positions, batch, first_row)?;
        let len = batch.num_rows();
        let nothing = |index: usize| new_null_array(&table.columns[index].kind.arrow(), len);
        let columns = data.columns.into_iter().enumerate();
        Ok(Self {
            table,
            arrays: columns
                .map(|(index, array)| array.unwrap_or_else(|| nothing(index)))
                .collect(),
            len,
        })
    }

    /// Reads a whole source into one set of columns.
    ///
    /// # Errors
    /// As [`Columns::new`], and [`ArrowReadError::StreamFailed`] when the source fails.
    pub(crate) fn read(
        table: &'static Table,
        reader: Reader,
        unknown: Unknown,
    ) -> Result<Self, ArrowReadError> {
        let schema = reader.schema();
        let failed = |error| stream_failed(table, &error);
        let mut batches = reader.collect::<Result<Vec<_>, _>>().map_err(failed)?;
        let batch = if batches.len() == 1 {
            batches.swap_remove(0)
        } else {
            arrow_select::concat::concat_batches(&schema, &batches).map_err(failed)?
        };
        Self::new(table, &batch, unknown, 1)
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use alloc_domain::Reason;
    use arrow_array::NullArray;
    use arrow_schema::{DataType, Field, Schema};

    use super::*;
    use crate::schema::{ColumnType, key, option};

    const TABLE: Table = Table {
        name: "things",
        columns: &[
            key("name", ColumnType::Text),
            key("amount_minor", ColumnType::Int),
            option("due_date", ColumnType::Date),
        ],
    };

    fn good() -> Vec<(&'static str, ArrayRef)> {
        vec![
            ("name", Arc::new(StringArray::from(vec!["a", "b"]))),
            ("amount_minor", Arc::new(Int64Array::from(vec![1, 2]))),
        ]
    }

    #[test]
    fn a_column_that_is_not_there_holds_nulls() {
        let batch = RecordBatch::try_from_iter(good()).expect("equal lengths");
        let columns = Columns::new(&TABLE, &batch, Unknown::Refused, 1).expect("readable");
        assert_eq!(columns.text("name").value(1), "b");
        assert!(columns.dates("due_date").is_null(1));
    }

    #[test]
    fn other_columns_are_refused_or_not_read() {
        let mut more = good();
        more.push(("dew_date", Arc::new(NullArray::new(2))));
        let batch = RecordBatch::try_from_iter(more).expect("equal lengths");
        assert!(Columns::new(&TABLE, &batch, Unknown::Ignored, 1).is_ok());
        let refused = Columns::new(&TABLE, &batch, Unknown::Refused, 1).expect_err("unknown");
        assert_eq!(refused.code(), "COLUMN_UNKNOWN");
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
