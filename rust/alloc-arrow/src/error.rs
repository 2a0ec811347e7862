//! What is wrong with a table that was handed in.

use alloc_domain::{Reason, ReasonKind};

/// A table does not keep the column contract.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArrowReadError {
    /// The producer of the stream failed.
    #[error("table {table} cannot be read: {message}")]
    StreamFailed {
        /// The table.
        table: &'static str,
        /// What the producer said.
        message: String,
    },
    /// A column that the contract does not know.
    #[error("table {table} has an unknown column {column}; known are {known}")]
    ColumnUnknown {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
        /// Every column of the contract.
        known: String,
    },
    /// A column that is there twice.
    #[error("table {table} has column {column} more than once")]
    ColumnRepeated {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A required column that is not there.
    #[error("table {table} lacks column {column}")]
    ColumnMissing {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A column of another type.
    #[error("column {column} of table {table} is {found}; it must be {expected}")]
    ColumnTypeWrong {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The Arrow type of the contract.
        expected: String,
        /// The Arrow type found.
        found: String,
    },
    /// A value is missing where none may be.
    #[error("row {row} of table {table} has no {column}; rows count from 1")]
    NullForbidden {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row, from 1.
        row: usize,
    },
    /// A currency that ISO 4217 does not list.
    #[error(
        "row {row} of table {table} has currency {value}, which is no active ISO 4217 code in \
         upper case; rows count from 1"
    )]
    CurrencyUnknown {
        /// The table.
        table: &'static str,
        /// The row, from 1.
        row: usize,
        /// The text found.
        value: String,
    },
    /// A kind of item that the contract does not know.
    #[error("row {row} of table {table} has kind {value}; known are {known}; rows count from 1")]
    KindUnknown {
        /// The table.
        table: &'static str,
        /// The row, from 1.
        row: usize,
        /// The text found.
        value: String,
        /// Every kind.
        known: String,
    },
    /// Any other value that means nothing.
    #[error(
        "row {row} of table {table} has {column} {value}; it must be {expected}; rows count from 1"
    )]
    ValueInvalid {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row, from 1.
        row: usize,
        /// The text found.
        value: String,
        /// What would do.
        expected: &'static str,
    },
    /// Rows that must ascend and do not.
    #[error(
        "row {row} of table {table} is out of order: sort by {column}, the table is read once; \
         rows count from 1"
    )]
    NotSorted {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row, from 1.
        row: usize,
    },
}

impl Reason for ArrowReadError {
    fn code(&self) -> &'static str {
        match self {
            Self::StreamFailed { .. } => "STREAM_FAILED",
            Self::ColumnUnknown { .. } => "COLUMN_UNKNOWN",
            Self::ColumnRepeated { .. } => "COLUMN_REPEATED",
            Self::ColumnMissing { .. } => "COLUMN_MISSING",
            Self::ColumnTypeWrong { .. } => "COLUMN_TYPE_WRONG",
            Self::NullForbidden { .. } => "NULL_FORBIDDEN",
            Self::CurrencyUnknown { .. } => "CURRENCY_UNKNOWN",
            Self::KindUnknown { .. } => "KIND_UNKNOWN",
            Self::ValueInvalid { .. } => "VALUE_INVALID",
            Self::NotSorted { .. } => "NOT_SORTED",
        }
    }

    fn kind(&self) -> ReasonKind {
        ReasonKind::Input
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::StreamFailed { table, .. } => vec![("table", (*table).to_owned())],
            Self::ColumnUnknown { table, column, .. } => {
                vec![("table", (*table).to_owned()), ("column", column.clone())]
            }
            Self::ColumnRepeated { table, column }
            | Self::ColumnMissing { table, column }
            | Self::ColumnTypeWrong { table, column, .. } => vec![
                ("table", (*table).to_owned()),
                ("column", (*column).to_owned()),
            ],
            Self::NullForbidden { table, column, row } | Self::NotSorted { table, column, row } => {
                vec![
                    ("table", (*table).to_owned()),
                    ("column", (*column).to_owned()),
                    ("row", row.to_string()),
                ]
            }
            Self::ValueInvalid {
                table,
                column,
                row,
                value,
                ..
            } => bad_value(table, column, *row, value),
            Self::CurrencyUnknown { table, row, value } => {
                bad_value(table, "currency", *row, value)
            }
            Self::KindUnknown {
                table, row, value, ..
            } => bad_value(table, "kind", *row, value),
        }
    }
}

fn bad_value(
    table: &'static str,
    column: &'static str,
    row: usize,
    value: &str,
) -> Vec<(&'static str, String)> {
    vec![
        ("table", table.to_owned()),
        ("column", column.to_owned()),
        ("row", row.to_string()),
        ("value", value.to_owned()),
    ]
}
