//! Why a bank file cannot be read, with its line.

use alloc_domain::bank::AmountError;
use alloc_domain::{Reason, ReasonKind};
use thiserror::Error;

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FileError {
    /// The file cannot be opened or read.
    #[error("cannot be read: {detail}")]
    Unreadable {
        /// What the system says.
        detail: String,
    },
    /// There is nothing in it.
    #[error("is empty; ask the bank for it again")]
    Empty,
    /// Its content is none of the formats.
    #[error("is no camt, MT940, CFONB120, BAI2 or OFX file: its content was not recognised")]
    FormatUnknown,
    /// It ends in the middle.
    #[error("line {line}: the file ends inside {inside}; it was cut off: fetch it again")]
    Truncated {
        /// Last line.
        line: u64,
        /// What was not closed.
        inside: String,
    },
    /// Bytes that its encoding does not have.
    #[error("line {line}, byte {offset}: not {encoding} text; ask for the file in {encoding}")]
    Encoding {
        /// Line of the bytes.
        line: u64,
        /// Offset of the first such byte in the file, from 0.
        offset: u64,
        /// The encoding that the file declares or implies.
        encoding: &'static str,
    },
    /// Declares an encoding that nobody knows, or two of them.
    #[error("line {line}: the encoding {label:?} is unknown here")]
    EncodingUnknown {
        /// Line of the declaration.
        line: u64,
        /// The label as declared.
        label: String,
    },
    /// A DOCTYPE or an entity: never needed in a bank file, and a known way to attack readers.
    #[error("line {line}: DOCTYPE and entity declarations are refused in bank files")]
    DtdRefused {
        /// Line of the declaration or of the reference to an entity.
        line: u64,
    },
    /// Not well-formed XML.
    #[error("line {line}: not well-formed XML: {detail}")]
    Xml {
        /// Line of the mistake.
        line: u64,
        /// What the parser says.
        detail: String,
    },
    /// A field that no bank writes.
    #[error("line {line}: a field longer than any account statement has; ask the bank what it is")]
    FieldTooLong {
        /// Line where the field starts.
        line: u64,
    },
    /// So many entries cannot be read that it is another format, or garbled.
    #[error("line {line}: too many entries cannot be read; this is no file of this format")]
    EntriesInvalid {
        /// Line of the entry that was one too many.
        line: u64,
    },
    /// An entry where no message has one: nobody knows which account it belongs to.
    #[error("line {line}: an entry stands outside of a statement or inside another entry")]
    EntryMisplaced {
        /// Line of the entry.
        line: u64,
    },
    /// Not a decimal number.
    #[error("line {line}: {text:?} is not an amount")]
    AmountInvalid {
        /// Line of the amount.
        line: u64,
        /// As printed.
        text: String,
    },
    /// Smaller than the currency's minor unit; nothing is rounded.
    #[error("line {line}: the amount {text} has more decimals than {currency} has")]
    AmountDecimals {
        /// Line of the amount.
        line: u64,
        /// As printed.
        text: String,
        /// Its currency.
        currency: String,
    },
    /// More than an amount can hold.
    #[error("line {line}: the amount {text} is too large")]
    AmountOverflow {
        /// Line of the amount.
        line: u64,
        /// As printed.
        text: String,
    },
    /// Not an ISO 4217 code.
    #[error("line {line}: {text:?} is not a currency of ISO 4217")]
    CurrencyUnknown {
        /// Line of the code.
        line: u64,
        /// As printed.
        text: String,
    },
    /// No such day.
    #[error("line {line}: {text:?} is not a date")]
    DateInvalid {
        /// Line of the date.
        line: u64,
        /// As printed.
        text: String,
    },
    /// A field that an entry cannot do without.
    #[error("line {line}: {field} is missing or cannot be read")]
    FieldMissing {
        /// Line of the entry.
        line: u64,
        /// Its name in the format.
        field: &'static str,
    },
}

impl FileError {
    /// Maps the reason why `text` is no amount.
    pub(crate) fn amount(error: AmountError, line: u64, text: &str, currency: &str) -> Self {
        let text = excerpt(text);
        match error {
            AmountError::Malformed => Self::AmountInvalid { line, text },
            AmountError::Overflow => Self::AmountOverflow { line, text },
            AmountError::TooManyDecimals => Self::AmountDecimals {
                line,
                text,
                currency: currency.to_owned(),
            },
        }
    }

    /// Whether only one entry is wrong: the rest of the file can still be read.
    #[must_use]
    pub fn is_local(&self) -> bool {
        matches!(
            self,
            Self::AmountInvalid { .. }
                | Self::AmountDecimals { .. }
                | Self::AmountOverflow { .. }
                | Self::CurrencyUnknown { .. }
                | Self::DateInvalid { .. }
                | Self::FieldMissing { .. }
                | Self::EntryMisplaced { .. }
        )
    }

    /// Line of the mistake, if it has one.
    #[must_use]
    pub fn line(&self) -> Option<u64> {
        match self {
            Self::Unreadable { .. } | Self::Empty | Self::FormatUnknown => None,
            Self::Truncated { line, .. }
            | Self::Encoding { line, .. }
            | Self::EncodingUnknown { line, .. }
            | Self::DtdRefused { line }
            | Self::Xml { line, .. }
            | Self::FieldTooLong { line }
            | Self::EntriesInvalid { line }
            | Self::EntryMisplaced { line }
            | Self::AmountInvalid { line, .. }
            | Self::AmountDecimals { line, .. }
            | Self::AmountOverflow { line, .. }
            | Self::CurrencyUnknown { line, .. }
            | Self::DateInvalid { line, .. }
            | Self::FieldMissing { line, .. } => Some(*line),
        }
    }

    /// Byte of the mistake, if it is known better than by its line.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        match self {
            Self::Encoding { offset, .. } => Some(*offset),
            _ => None,
        }
    }

    /// The wire name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "FILE_UNREADABLE",
            Self::Empty => "FILE_EMPTY",
            Self::FormatUnknown => "FORMAT_UNKNOWN",
            Self::Truncated { .. } => "FILE_TRUNCATED",
            Self::Encoding { .. } => "ENCODING_INVALID",
            Self::EncodingUnknown { .. } => "ENCODING_UNKNOWN",
            Self::DtdRefused { .. } => "DTD_REFUSED",
            Self::Xml { .. } => "XML_INVALID",
            Self::FieldTooLong { .. } => "FIELD_TOO_LONG",
            Self::EntriesInvalid { .. } => "ENTRIES_INVALID",
            Self::EntryMisplaced { .. } => "ENTRY_MISPLACED",
            Self::AmountInvalid { .. } => "AMOUNT_INVALID",
            Self::AmountDecimals { .. } => "AMOUNT_DECIMALS",
            Self::AmountOverflow { .. } => "AMOUNT_OVERFLOW",
            Self::CurrencyUnknown { .. } => "CURRENCY_UNKNOWN",
            Self::DateInvalid { .. } => "DATE_INVALID",
            Self::FieldMissing { .. } => "FIELD_MISSING",
        }
    }
}

/// A [`FileError`] of a named file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{name}: {error}{}", at(*.offset, .error))]
pub struct BankFileError {
    /// Name of the file, for a person.
    pub name: String,
    /// What is wrong with it.
    pub error: FileError,
    /// Byte of the file where its line starts, from 0, when it has one.
    pub offset: Option<u64>,
}

/// The byte of an error whose text does not say it.
fn at(offset: Option<u64>, error: &FileError) -> String {
    match (offset, error.offset()) {
        (Some(offset), None) => format!(" (byte {offset})"),
        _ => String::new(),
    }
}

impl Reason for BankFileError {
    fn code(&self) -> &'static str {
        self.error.code()
    }

    fn kind(&self) -> ReasonKind {
        ReasonKind::Input
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        let mut fields = vec![("file", self.name.clone())];
        if let Some(line) = self.error.line() {
            fields.push(("line", line.to_string()));
        }
        if let Some(offset) = self.offset {
            fields.push(("offset", offset.to_string()));
        }
        if let FileError::FieldMissing { field, .. } = &self.error {
            fields.push(("field", (*field).to_owned()));
        }
        fields
    }
}

/// The start of a text of the file: messages stay short whatever the file holds.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
