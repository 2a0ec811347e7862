//! What all formats share: places, identities, balance checks, and what happens to a bad entry.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use alloc_domain::bank::{
    BankCurrency, BankEntry, BankSink, EntryKey, EntryPlace, EntryStatus, Identity, Statement,
    StatementTotals, Warning, identity,
};

use crate::error::FileError;
use crate::positions::Positions;

/// Longest account or reference of an entry, bytes: every row of a statement or of an entry repeats
/// it, so a long one would make a small file large.
const REPEATED_MAX: usize = 1_000;
/// Warnings of one code that are passed on; the last one says that there are more.
const WARNINGS_MAX: u32 = 1_000;
/// Entries of one file that may be left out; a file with more of them is refused.
const LEFT_OUT_MAX: u32 = 100_000;
/// Most text that is kept of one statement, or of one entry of camt; more refuses the file.
pub(crate) const LONGEST_RAW: usize = 1 << 24;

/// Numbers statements and entries on their way to the sink.
pub(crate) struct Recorder<'s> {
    sink: &'s mut dyn BankSink,
    positions: Positions,
    /// Refuse the file for one bad entry, instead of reporting and leaving it out.
    strict: bool,
    /// How many entries of the file had this identity.
    twins: HashMap<Identity, u32, BuildHasherDefault<Spread>>,
    statement_index: i64,
    entry_index: i64,
    left_out: i64,
    /// Warnings by code; entries that were left out count as one code.
    warned: Vec<(&'static str, u32)>,
    /// Booked entries of the statement, one sum per currency.
    booked: Vec<(BankCurrency, i128)>,
    /// The statement that was closed last; what stands behind it may belong to it.
    closed: Option<(StatementTotals, Statement)>,
    /// What was said since, about the next statement.
    before: Option<String>,
}

/// Hashes of entries are spread evenly already: their start is as good as any hash of them.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(start) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*start);
        }
    }

    fn write_usize(&mut self, _length: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

impl<'s> Recorder<'s> {
    pub(crate) fn new(sink: &'s mut dyn BankSink, positions: Positions, strict: bool) -> Self {
        Self {
            sink,
            positions,
            strict,
            twins: HashMap::default(),
            statement_index: 0,
            entry_index: 0,
            left_out: 0,
            warned: Vec::new(),
            booked: Vec::new(),
            closed: None,
            before: None,
        }
    }

    /// Opens a statement: what the file said before it, with which its `raw` starts.
    pub(crate) fn begin(&mut self) -> Option<String> {
        self.release();
        self.before.take()
    }

    /// Keeps what the file says before a statement.
    pub(crate) fn ahead(&mut self, text: &str, line: u64) -> Result<(), FileError> {
        keep(&mut self.before, text, line)
    }

    /// Keeps what it says behind one, unless something of the next one came before it.
    pub(crate) fn behind(&mut self, text: &str, line: u64) -> Result<(), FileError> {
        match &mut self.closed {
            Some((_, statement)) if self.before.is_none() => keep(&mut statement.raw, text, line),
            _ => self.ahead(text, line),
        }
    }

    /// Ends the file: what is left belongs to the last statement.
    pub(crate) fn end(&mut self, line: u64) -> Result<(), FileError> {
        if let (Some(text), Some((_, statement))) = (self.before.take(), &mut self.closed) {
            keep(&mut statement.raw, &text, line)?;
        }
        self.release();
        Ok(())
    }

    fn release(&mut self) {
        if let Some((totals, statement)) = self.closed.take() {
            self.sink.statement(totals, &statement);
        }
    }

    /// Records an entry of the statement that is being read.
    ///
    /// # Errors
    /// [`FileError::FieldTooLong`] for an account or a reference that no bank has.
    pub(crate) fn entry(&mut self, entry: &BankEntry) -> Result<(), FileError> {
        let reference = entry.bank_reference.as_deref().unwrap_or_default();
        if entry.account.len().max(reference.len()) > REPEATED_MAX {
            return Err(FileError::FieldTooLong { line: entry.line });
        }
        let key = EntryKey::of(entry);
        let occurrence = self.twins.entry(key.identity()).or_insert(0);
        *occurrence += 1;
        let place = EntryPlace {
            statement_index: self.statement_index,
            entry_index: self.entry_index,
            payment_id: &identity(&key, *occurrence),
        };
        self.sink.entry(place, entry);
        self.entry_index += 1;
        if entry.status == EntryStatus::Booked {
            let (currency, minor) = (entry.money.currency, i128::from(entry.money.minor));
            match self.booked.iter_mut().find(|(known, _)| *known == currency) {
                Some((_, sum)) => *sum += minor,
                None => self.booked.push((currency, minor)),
            }
        }
        Ok(())
    }

    /// Takes note of an entry that cannot be read: an error for the whole file when strict, else a
    /// warning.
    pub(crate) fn bad_entry(&mut self, error: FileError) -> Result<(), FileError> {
        if self.strict || !error.is_local() {
            return Err(error);
        }
        self.leave_out(&error)
    }

    /// The end of a file in the middle of an entry: an error when strict, else a warning.
    pub(crate) fn cut_entry(&mut self, error: FileError) -> Result<(), FileError> {
        if self.strict {
            return Err(error);
        }
        self.leave_out(&error)
    }

    fn leave_out(&mut self, error: &FileError) -> Result<(), FileError> {
        // It keeps its place in the statement, so that counts say what the file has.
        self.entry_index += 1;
        self.left_out += 1;
        let line = error.line().unwrap_or(1);
        if self.count("") > LEFT_OUT_MAX {
            return Err(FileError::EntriesInvalid { line });
        }
        self.sink.warning(&Warning {
            code: error.code(),
            message: format!("entry left out: {error}"),
            line,
            offset: self.positions.offset(line),
            entry_left_out: true,
        });
        Ok(())
    }

    /// How many warnings of a code there are, with this one.
    fn count(&mut self, code: &'static str) -> u32 {
        if let Some((_, number)) = self.warned.iter_mut().find(|(known, _)| *known == code) {
            *number = number.saturating_add(1);
            return *number;
        }
        self.warned.push((code, 1));
        1
    }

    /// Passes on a mistake that costs a part of the file: an error when strict, else a warning.
    pub(crate) fn tolerate(&mut self, error: FileError, loss: &str) -> Result<(), FileError> {
        if self.strict || !error.is_local() {
            return Err(error);
        }
        let line = error.line().unwrap_or(1);
        self.warn(error.code(), line, &format!("{loss}: {error}"));
        Ok(())
    }

    /// The end of a file in the middle of a statement: an error when strict, else a warning.
    pub(crate) fn unclosed(&mut self, line: u64) -> Result<(), FileError> {
        self.cut_off(line, "a statement, before its closing balance")
    }

    /// The same for whatever the file ends `inside` of.
    pub(crate) fn cut_off(&mut self, line: u64, inside: &str) -> Result<(), FileError> {
        if self.strict {
            return Err(FileError::Truncated {
                line,
                inside: inside.to_owned(),
            });
        }
        let message = format!("the file ends inside {inside}; it may be cut off");
        self.warn("STATEMENT_NOT_CLOSED", line, &message);
        Ok(())
    }

    /// Closes the statement that is being read.
    pub(crate) fn statement(&mut self, statement: Statement) {
        if let Some((line, encoding)) = self.positions.take_guess() {
            let message = format!(
                "the text is not UTF-8 and nothing says what it is; read as {encoding}, which its \
                 letters fit best"
            );
            self.warn("ENCODING_GUESSED", line, &message);
        }
        let totals = StatementTotals {
            statement_index: self.statement_index,
            entry_count: self.entry_index,
            left_out_count: self.left_out,
            difference_minor: self.difference(&statement),
        };
        self.release();
        self.closed = Some((totals, statement));
        self.statement_index += 1;
        self.entry_index = 0;
        self.left_out = 0;
        self.booked.clear();
    }

    /// Passes on a warning.
    pub(crate) fn warn(&mut self, code: &'static str, line: u64, message: &str) {
        self.pass(Warning {
            code,
            message: message.to_owned(),
            line,
            offset: None,
            entry_left_out: false,
        });
    }

    /// Passes on a warning that was made elsewhere, unless there were too many of its kind.
    pub(crate) fn pass(&mut self, mut warning: Warning) {
        let number = self.count(warning.code);
        if number > WARNINGS_MAX {
            return;
        }
        if number == WARNINGS_MAX {
            warning
                .message
                .push_str("; more warnings of this kind are not listed");
        }
        warning.offset = self.positions.offset(warning.line);
        self.sink.warning(&warning);
    }

    /// Opening + booked entries − closing, in the currency of the balances.
    fn difference(&self, statement: &Statement) -> Option<i64> {
        let (opening, closing) = (statement.opening?.money, statement.closing?.money);
        if opening.currency != closing.currency {
            return None;
        }
        let booked = self
            .booked
            .iter()
            .find(|(currency, _)| *currency == opening.currency)
            .map_or(0, |(_, sum)| *sum);
        i64::try_from(i128::from(opening.minor) + booked - i128::from(closing.minor)).ok()
    }
}

/// Adds a line to what is kept of a statement.
pub(crate) fn keep(raw: &mut Option<String>, text: &str, line: u64) -> Result<(), FileError> {
    if text.is_empty() {
        return Ok(());
    }
    let kept = raw.get_or_insert_default();
    if kept.len() + text.len() >= LONGEST_RAW {
        return Err(FileError::FieldTooLong { line });
    }
    if !kept.is_empty() {
        kept.push('\n');
    }
    kept.push_str(text);
    Ok(())
}
