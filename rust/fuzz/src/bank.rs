//! What must hold of any bank file: it ends in data or in one named error, nothing is lost without
//! a word, and what comes out is in proportion to what went in.

use std::collections::HashSet;
use std::io::{self, Read};

use alloc_arrow::bank::{BankColumns, BankTable};
use alloc_domain::Reason;
use alloc_domain::bank::{
    BankEntry, BankSink, EntryDetail, EntryPlace, EntryStatus, Statement, StatementTotals, Warning,
};
use alloc_ingest::{BankFileError, FileError, Format, Options, read_bank};

use crate::marks;

/// Name of the file in messages.
const NAME: &str = "a.file";
/// Longest message of an error or a warning, bytes: whatever the file holds.
const MESSAGE_MAX: usize = 1_000;
/// Text that comes out for each byte that went in, and for each entry or statement beside that.
const TEXT_PER_BYTE: usize = 8;
const TEXT_PER_ROW: usize = 256;

/// What a reader found, in order.
#[derive(Clone, Debug, PartialEq)]
enum Event {
    Entry(Box<PlacedEntry>),
    Statement(StatementTotals, Box<Statement>),
    Warning(Warning),
}

#[derive(Clone, Debug, PartialEq)]
struct PlacedEntry {
    statement_index: i64,
    entry_index: i64,
    payment_id: String,
    entry: BankEntry,
}

#[derive(Default)]
struct Found {
    events: Vec<Event>,
}

impl BankSink for Found {
    fn entry(&mut self, place: EntryPlace<'_>, entry: &BankEntry) {
        self.events.push(Event::Entry(Box::new(PlacedEntry {
            statement_index: place.statement_index,
            entry_index: place.entry_index,
            payment_id: place.payment_id.to_owned(),
            entry: entry.clone(),
        })));
    }

    fn statement(&mut self, totals: StatementTotals, statement: &Statement) {
        let statement = Box::new(statement.clone());
        self.events.push(Event::Statement(totals, statement));
    }

    fn warning(&mut self, warning: &Warning) {
        self.events.push(Event::Warning(warning.clone()));
    }
}

/// A source that gives a few bytes at a time.
struct Trickle<'d> {
    data: &'d [u8],
    step: usize,
}

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.step = self.step % 61 + 1;
        let length = self.step.min(self.data.len()).min(buffer.len());
        let (now, later) = self.data.split_at(length);
        buffer[..length].copy_from_slice(now);
        self.data = later;
        Ok(length)
    }
}

type Outcome = Result<Format, BankFileError>;

fn read(source: impl Read, strict: bool) -> (Vec<Event>, Outcome) {
    let mut found = Found::default();
    let outcome = read_bank(source, NAME, Options { strict }, &mut found);
    (found.events, outcome)
}

/// Reads bytes that are recognised as one format; false for all others.
pub(crate) fn read_as(data: &[u8], format: Format) -> bool {
    if alloc_ingest::detect(data) != Some(format) {
        return false;
    }
    let (events, outcome) = read(data, false);
    let (strict_events, strict) = read(data, true);
    check_outcome(&outcome, data);
    check_outcome(&strict, data);
    check_strictness(&events, &outcome, &strict_events, &strict);
    if let Ok(found) = outcome {
        assert_eq!(found, format, "the format that was recognised");
        check_events(&events, data);
        if !events.iter().any(is_misplaced) {
            marks::check(data, format, counted(&events));
        }
    }
    true
}

/// Any format: the same bytes give the same rows, however they arrive, and the tables hold them.
#[must_use]
pub fn read_any(data: &[u8]) -> bool {
    let (events, outcome) = read(data, false);
    check_outcome(&outcome, data);
    let step = data.len();
    assert_eq!(
        read(Trickle { data, step }, false),
        (events.clone(), outcome.clone()),
        "the same bytes in other portions"
    );
    let Ok(format) = outcome else {
        return !matches!(
            outcome,
            Err(BankFileError {
                error: FileError::FormatUnknown,
                ..
            })
        );
    };
    assert_eq!(Some(format), alloc_ingest::detect(data));
    let mut columns = BankColumns::default();
    read_bank(data, NAME, Options { strict: false }, &mut columns).expect("it was read before");
    let tables = columns.finish().expect("columns and schema agree");
    let rows = |table: &BankTable| {
        let batches = table.batches.iter();
        batches.fold(0, |rows, batch| rows + batch.num_rows())
    };
    let entries: Vec<&BankEntry> = entries(&events).map(|placed| &placed.entry).collect();
    let details = entries.iter().flat_map(|entry| &entry.details);
    assert_eq!(rows(&tables.entries), details.clone().count());
    let references = details.map(|detail| detail.references.len()).sum::<usize>();
    assert_eq!(rows(&tables.references), references);
    let others = rows(&tables.statements) + rows(&tables.warnings);
    assert_eq!(others + entries.len(), events.len());
    true
}

/// The detector: any bytes, and never more than one answer.
#[must_use]
pub fn detect(data: &[u8]) -> bool {
    let format = alloc_ingest::detect(data);
    let (_, outcome) = read(data, false);
    match outcome {
        Ok(found) => assert_eq!(Some(found), format),
        Err(BankFileError { error, .. }) => match error {
            FileError::Empty => assert!(data.is_empty(), "not empty"),
            FileError::FormatUnknown => {}
            _ => assert!(format.is_some(), "an error of a format: {error}"),
        },
    }
    format.is_some()
}

/// An error names itself, the file and a line that the file has.
fn check_outcome(outcome: &Outcome, data: &[u8]) {
    let Err(error) = outcome else { return };
    let message = error.to_string();
    assert!(message.contains(NAME), "{message}");
    assert!(message.len() <= MESSAGE_MAX, "{} bytes", message.len());
    let code = error.code();
    let named = |byte: u8| byte.is_ascii_uppercase() || byte == b'_';
    assert!(!code.is_empty() && code.bytes().all(named), "{code}");
    let line = error.error.line();
    let lines = 1..=last_line(data);
    assert!(line.is_none_or(|line| lines.contains(&line)), "{message}");
    if let FileError::Encoding { offset, .. } = error.error {
        assert!(offset <= data.len() as u64, "{message}");
    }
}

/// Lines that a file has at most: they end in line feeds or carriage returns; a file without any
/// is cut into records.
fn last_line(data: &[u8]) -> u64 {
    let ends = |end: u8| data.split(|byte| *byte == end).count();
    let lines = ends(b'\n').max(ends(b'\r')) + data.len() / 120 + 1;
    lines as u64
}

/// Strict reading refuses exactly what other reading reports.
fn check_strictness(events: &[Event], loose: &Outcome, strict_events: &[Event], strict: &Outcome) {
    match (strict, loose) {
        (Ok(_), _) => {
            assert_eq!(strict, loose, "what strict reading takes is taken");
            assert_eq!(strict_events, events, "and gives the same rows");
            assert!(left_out(events) == 0, "nothing may be left out in silence");
        }
        (Err(error), Ok(_)) => {
            let warned = events.iter().any(|e| matches!(e, Event::Warning(_)));
            assert!(warned, "tolerated without a warning: {error}");
        }
        (Err(_), Err(error)) => {
            assert!(!error.error.is_local(), "one entry costs the file: {error}");
        }
    }
}

/// The rows agree with one another and with the file.
fn check_events(events: &[Event], data: &[u8]) {
    let mut ids = HashSet::new();
    let lines = 1..=last_line(data);
    let (mut text, mut statements, mut rows) = (0, 0_i64, 0_usize);
    let mut open: Vec<&PlacedEntry> = Vec::new();
    let mut left_out = 0_i64;
    for event in events {
        match event {
            Event::Entry(placed) => {
                assert_eq!(placed.statement_index, statements);
                assert!(ids.insert(&placed.payment_id), "an identity given twice");
                assert!(lines.contains(&placed.entry.line), "{placed:?}");
                check_entry(&placed.entry);
                text += entry_text(&placed.entry);
                rows += placed.entry.details.len();
                open.push(placed);
            }
            Event::Warning(warning) => {
                assert!(lines.contains(&warning.line), "{warning:?}");
                assert!(warning.message.len() <= MESSAGE_MAX, "{warning:?}");
                left_out += i64::from(warning.entry_left_out);
            }
            Event::Statement(totals, statement) => {
                assert_eq!(totals.statement_index, statements);
                check_totals(*totals, statement, &open, left_out);
                assert!(lines.contains(&statement.line), "{statement:?}");
                text += statement.account.len() + statement.number.as_ref().map_or(0, String::len);
                rows += 1;
                statements += 1;
                (open, left_out) = (Vec::new(), 0);
            }
        }
    }
    assert!(open.is_empty() && left_out == 0, "outside of a statement");
    let most = data.len() * TEXT_PER_BYTE + rows * TEXT_PER_ROW;
    assert!(text <= most, "{text} bytes of text from {}", data.len());
    let warnings = events.len() - rows.min(events.len());
    assert!(warnings <= data.len(), "{warnings} warnings");
}

fn check_entry(entry: &BankEntry) {
    assert!(!entry.details.is_empty(), "{entry:?}");
    let sum: i128 = entry
        .details
        .iter()
        .map(|detail| i128::from(detail.amount_minor))
        .sum();
    assert_eq!(sum, i128::from(entry.money.minor), "{entry:?}");
}

/// Entries, those left out included, are counted; balances are checked as documented.
fn check_totals(
    totals: StatementTotals,
    statement: &Statement,
    entries: &[&PlacedEntry],
    left_out: i64,
) {
    let recorded = i64::try_from(entries.len()).expect("few entries");
    assert_eq!(totals.entry_count, recorded + left_out);
    let places: Vec<i64> = entries.iter().map(|placed| placed.entry_index).collect();
    assert!(places.windows(2).all(|pair| pair[0] < pair[1]));
    assert!(places.iter().all(|place| *place < totals.entry_count));
    let (Some(opening), Some(closing)) = (statement.opening, statement.closing) else {
        assert_eq!(totals.difference_minor, None);
        return;
    };
    let currency = opening.money.currency;
    let booked: i128 = entries
        .iter()
        .map(|placed| &placed.entry)
        .filter(|entry| entry.status == EntryStatus::Booked && entry.money.currency == currency)
        .map(|entry| i128::from(entry.money.minor))
        .sum();
    let expected = i128::from(opening.money.minor) + booked - i128::from(closing.money.minor);
    let comparable = currency == closing.money.currency;
    let expected = i64::try_from(expected).ok().filter(|_| comparable);
    assert_eq!(totals.difference_minor, expected);
}

fn entries(events: &[Event]) -> impl Iterator<Item = &PlacedEntry> {
    events.iter().filter_map(|event| match event {
        Event::Entry(placed) => Some(&**placed),
        _ => None,
    })
}

fn left_out(events: &[Event]) -> usize {
    let is_left_out = |event: &&Event| matches!(event, Event::Warning(w) if w.entry_left_out);
    events.iter().filter(is_left_out).count()
}

/// Whether entries are said to stand where no statement has them.
fn is_misplaced(event: &Event) -> bool {
    matches!(event, Event::Warning(warning) if warning.code == "ENTRY_MISPLACED")
}

/// Entries that were read or named as left out.
fn counted(events: &[Event]) -> usize {
    entries(events).count() + left_out(events)
}

fn entry_text(entry: &BankEntry) -> usize {
    let size = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let detail = |detail: &EntryDetail| {
        [
            &detail.transaction_code,
            &detail.end_to_end_id,
            &detail.creditor_reference,
            &detail.mandate_id,
            &detail.counterparty_name,
            &detail.counterparty_iban,
            &detail.ultimate_name,
            &detail.return_reason,
            &detail.additional_info,
            &detail.raw,
        ]
        .into_iter()
        .map(size)
        .chain(detail.remittance_text.iter().map(String::len))
        .chain(detail.references.iter().map(|found| found.reference.len()))
        .sum::<usize>()
    };
    // Account and reference are repeated in the row of every detail.
    let repeated = entry.account.len() + size(&entry.bank_reference);
    entry.details.iter().map(detail).sum::<usize>() + repeated * entry.details.len()
}
