//! The entry points: a source of bytes in, entries out.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use alloc_domain::bank::BankSink;

use crate::bai2::Bai2Reader;
use crate::camt::CamtReader;
use crate::cfonb::CfonbReader;
use crate::decode::{Charset, Decoder};
use crate::detect::{Format, detect};
use crate::error::{BankFileError, FileError};
use crate::lines::Lines;
use crate::mt940::Mt940Reader;
use crate::ofx::OfxReader;
use crate::recorder::Recorder;

/// How to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// One entry that cannot be read is an error for the whole file. Otherwise it is left out, with
    /// a warning that names it, and the balance check of its statement shows the gap.
    pub strict: bool,
}

/// Reads a bank file of any format, recognised by its content.
///
/// * `source` — the bytes; read in chunks, never held as a whole
/// * `name` — name of the file for messages
/// * `sink` — receives every entry and statement in the order of the file
///
/// # Errors
/// [`BankFileError`] names the file, the line and what is wrong; what the sink received before is
/// to be thrown away.
pub fn read_bank(
    source: impl Read,
    name: &str,
    options: Options,
    sink: &mut dyn BankSink,
) -> Result<Format, BankFileError> {
    let named = |error, offset| BankFileError {
        name: name.to_owned(),
        error,
        offset,
    };
    let decoder = Decoder::new(source).map_err(|error| named(unreadable(&error), None))?;
    let positions = decoder.positions();
    read(decoder, options, sink).map_err(|error| {
        let offset = error.offset().or_else(|| positions.offset(error.line()?));
        named(error, offset)
    })
}

/// Opens the file of a path for [`read_bank`].
///
/// # Errors
/// [`FileError::Unreadable`] with the reason of the system.
pub fn open_bank(path: &Path, name: &str) -> Result<File, BankFileError> {
    File::open(path).map_err(|error| BankFileError {
        name: name.to_owned(),
        error: unreadable(&error),
        offset: None,
    })
}

fn read(
    mut decoder: Decoder<impl Read>,
    options: Options,
    sink: &mut dyn BankSink,
) -> Result<Format, FileError> {
    if decoder.head().is_empty() {
        return Err(FileError::Empty);
    }
    let format = detect(decoder.head()).ok_or(FileError::FormatUnknown)?;
    let recorder = Recorder::new(sink, decoder.positions(), options.strict);
    match format {
        Format::Camt => {
            decoder.decode_as(Charset::Declared)?;
            CamtReader::new(decoder, recorder).read()?;
        }
        Format::Mt940 => {
            decoder.decode_as(Charset::PerLine)?;
            Mt940Reader::new(Lines::new(decoder), recorder).read()?;
        }
        Format::Cfonb120 => {
            decoder.decode_as(Charset::PerLine)?;
            let lines = Lines::new(decoder).or_records_of(crate::cfonb::WIDTH);
            CfonbReader::new(lines, recorder).read()?;
        }
        Format::Bai2 => {
            decoder.decode_as(Charset::PerLine)?;
            Bai2Reader::new(Lines::new(decoder), recorder).read()?;
        }
        Format::Ofx => {
            decoder.decode_as(Charset::PerLine)?;
            OfxReader::new(decoder, recorder).read()?;
        }
    }
    Ok(format)
}

fn unreadable(error: &io::Error) -> FileError {
    FileError::Unreadable {
        detail: error.to_string(),
    }
}
