//! Why a table of the journal could not be read.

use alloc_domain::{Reason, ReasonKind};

/// A table that is not as the contract says; rows count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalReadError {
    /// A required column is not there.
    #[error("{table}: column {column} is missing")]
    ColumnMissing {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A column that the contract does not have.
    #[error("{table}: column {column} is unknown; remove or rename it")]
    ColumnUnknown {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
    },
    /// A column of another type.
    #[error("{table}: column {column} is {found}, it must be {expected}")]
    ColumnType {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// Its type.
        found: String,
        /// The type of the contract.
        expected: String,
    },
    /// A null where the contract allows none.
    #[error("{table}, row {row}: {column} has no value")]
    ValueMissing {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        row: usize,
    },
    /// A value that means nothing.
    #[error("{table}, row {row}: {column} is {value:?}, it must be {expected}")]
    ValueInvalid {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        row: usize,
        /// The value.
        value: String,
        /// What would do.
        expected: &'static str,
    },
    /// Rows that must ascend and do not.
    #[error("{table}, row {row}: sort the table by {column}, it is read once")]
    NotSorted {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row.
        row: usize,
    },
    /// The producer of the table failed.
    #[error("{table}: the table could not be read: {message}")]
    StreamFailed {
        /// The table.
        table: &'static str,
        /// What the producer says.
        message: String,
    },
}

impl Reason for JournalReadError {
    fn code(&self) -> &'static str {
        match self {
            Self::ColumnMissing { .. } => "COLUMN_MISSING",
            Self::ColumnUnknown { .. } => "COLUMN_UNKNOWN",
            Self::ColumnType { .. } => "COLUMN_TYPE_WRONG",
            Self::ValueMissing { .. } => "NULL_FORBIDDEN",
            Self::ValueInvalid { .. } => "VALUE_INVALID",
            Self::NotSorted { .. } => "NOT_SORTED",
            Self::StreamFailed { .. } => "STREAM_FAILED",
        }
    }

    fn kind(&self) -> ReasonKind {
        ReasonKind::Input
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        let at = |table: &&str, column: &str| {
            vec![
                ("table", (*table).to_owned()),
                ("column", column.to_owned()),
            ]
        };
        match self {
            Self::ColumnMissing { table, column } => at(table, column),
            Self::ColumnUnknown { table, column } => at(table, column),
            Self::ColumnType {
                table,
                column,
                found,
                expected,
            } => {
                let mut fields = at(table, column);
                fields.extend([("found", found.clone()), ("expected", expected.clone())]);
                fields
            }
            Self::ValueMissing { table, column, row } | Self::NotSorted { table, column, row } => {
                let mut fields = at(table, column);
                fields.push(("row", row.to_string()));
                fields
            }
            Self::ValueInvalid {
                table,
                column,
                row,
                value,
                ..
            } => {
                let mut fields = at(table, column);
                fields.extend([("row", row.to_string()), ("value", value.clone())]);
                fields
            }
            Self::StreamFailed { table, .. } => vec![("table", (*table).to_owned())],
        }
    }
}
