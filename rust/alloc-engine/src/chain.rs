//! The chain of posted entries: gapless numbers, and a hash that covers all that came before.
//!
//! # Canonical byte form, version 1
//! Every integer below is little-endian. A *field* is its length in bytes as 4 bytes, then the
//! bytes; text is UTF-8, an integer is 8 bytes in two's complement, a date is an integer, days
//! since 1970-01-01; a missing value is the length `0xFFFF_FFFF` alone.
//!
//! ```text
//! entry      = 0x01  'E'  seq entity journal fiscal_year number kind posting_date piece_date
//!              piece_ref label currency payment_id decision_id reverses_seq posted_at posted_by
//! posting    = 'P'  line_no account customer_id label amount_minor currency
//! allocation = 'A'  item_id customer_id allocated_minor evidence
//! foreign    = 'F'  foreign_currency foreign_minor   after a posting that has them
//!              'F'  foreign_minor                    after an allocation that has it
//! ```
//! The content of an entry is its entry record, its postings by line number and its allocations in
//! the order given. Its hash is SHA-256 over the previous hash (32 bytes, zeros before the first)
//! and the content. Lettering is outside: it may be undone and done again; so are the names of
//! accounts and customers, which are master data.

use alloc_domain::chain::{ChainAllocation, ChainEntry, ChainPosting, Finding, Hash, Seal};
use alloc_domain::journal::Balance;
use alloc_domain::{JournalError, Reason, ReasonKind};
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

const VERSION: u8 = 1;
const MISSING: u32 = u32::MAX;

/// The content of one entry, gathered record by record.
#[derive(Debug, Default)]
struct Content {
    bytes: Vec<u8>,
    balance: Balance,
    lines: i64,
    is_in_order: bool,
}

impl Content {
    fn start(&mut self, entry: &ChainEntry<'_>) {
        self.bytes.clear();
        self.balance.clear();
        self.lines = 0;
        self.is_in_order = true;
        self.bytes.extend([VERSION, b'E']);
        self.integer(entry.seq);
        self.text(entry.entity);
        self.text(entry.journal);
        self.integer(entry.fiscal_year);
        self.integer(entry.number);
        self.text(entry.kind);
        self.integer(i64::from(entry.posting_date));
        self.integer(i64::from(entry.piece_date));
        self.text(entry.piece_ref);
        self.text(entry.label);
        self.text(entry.currency);
        self.optional_text(entry.payment_id);
        self.optional_integer(entry.decision_id);
        self.optional_integer(entry.reverses_seq);
        self.optional_text(entry.posted_at);
        self.optional_text(entry.posted_by);
    }

    fn posting(&mut self, posting: &ChainPosting<'_>) {
        self.lines += 1;
        self.is_in_order &= posting.line_no == self.lines;
        self.balance.add(posting.currency, posting.amount_minor);
        self.bytes.push(b'P');
        self.integer(posting.line_no);
        self.text(posting.account);
        self.optional_text(posting.customer_id);
        self.text(posting.label);
        self.integer(posting.amount_minor);
        self.text(posting.currency);
        if let Some((currency, minor)) = posting.foreign {
            self.bytes.push(b'F');
            self.text(currency);
            self.integer(minor);
        }
    }

    fn allocation(&mut self, allocation: &ChainAllocation<'_>) {
        self.bytes.push(b'A');
        self.text(allocation.item_id);
        self.optional_text(allocation.customer_id);
        self.integer(allocation.allocated_minor);
        self.optional_text(allocation.evidence);
        if let Some(minor) = allocation.foreign_minor {
            self.bytes.push(b'F');
            self.integer(minor);
        }
    }

    fn hash(&self, previous: &Hash) -> Hash {
        let mut digest = Sha256::new();
        digest.update(previous);
        digest.update(&self.bytes);
        digest.finalize().into()
    }

    fn text(&mut self, text: &str) {
        let length = u32::try_from(text.len()).expect("a cell of a table is far below 4 GB");
        self.bytes.extend(length.to_le_bytes());
        self.bytes.extend(text.as_bytes());
    }

    fn integer(&mut self, value: i64) {
        self.bytes.extend(8_u32.to_le_bytes());
        self.bytes.extend(value.to_le_bytes());
    }

    fn missing(&mut self) {
        self.bytes.extend(MISSING.to_le_bytes());
    }

    fn optional_text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.missing(),
        }
    }

    fn optional_integer(&mut self, value: Option<i64>) {
        match value {
            Some(value) => self.integer(value),
            None => self.missing(),
        }
    }
}

/// The next free number of each series, a series being entity, journal and fiscal year.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    next: FxHashMap<(String, String, i64), i64>,
}

impl Numbers {
    /// Sets the next free number of a series; series that are not set begin at 1.
    pub fn set(&mut self, entity: &str, journal: &str, fiscal_year: i64, next_number: i64) {
        self.next.insert(
            (entity.to_owned(), journal.to_owned(), fiscal_year),
            next_number,
        );
    }

    fn next(&mut self, entity: &str, journal: &str, fiscal_year: i64) -> &mut i64 {
        let series = (entity.to_owned(), journal.to_owned(), fiscal_year);
        self.next.entry(series).or_insert(1)
    }
}

/// Why an entry could not be sealed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It does not balance or has no postings.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Its lines are not 1, 2, 3 …
    #[error("entry {entry}: its lines are not numbered 1, 2, 3 in order")]
    LinesOutOfOrder {
        /// Its voucher reference.
        entry: String,
    },
    /// The chain is full.
    #[error("no place is left in the chain: seq would leave 64 bits")]
    SeqExhausted,
    /// A counter left 64 bits.
    #[error("journal {journal} of entity {entity}: no number is left in 64 bits")]
    NumbersExhausted {
        /// The entity.
        entity: String,
        /// The journal.
        journal: String,
    },
}

impl Reason for SealError {
    fn code(&self) -> &'static str {
        match self {
            Self::Journal(error) => error.code(),
            Self::LinesOutOfOrder { .. } => "LINES_OUT_OF_ORDER",
            Self::SeqExhausted => "SEQ_EXHAUSTED",
            Self::NumbersExhausted { .. } => "NUMBERS_EXHAUSTED",
        }
    }

    fn kind(&self) -> ReasonKind {
        match self {
            Self::Journal(error) => error.kind(),
            Self::LinesOutOfOrder { .. } => ReasonKind::Input,
            Self::SeqExhausted | Self::NumbersExhausted { .. } => ReasonKind::Limit,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Journal(error) => error.metadata(),
            Self::LinesOutOfOrder { entry } => vec![("entry", entry.clone())],
            Self::SeqExhausted => Vec::new(),
            Self::NumbersExhausted { entity, journal } => {
                vec![("entity", entity.clone()), ("journal", journal.clone())]
            }
        }
    }
}

/// Numbers and chains entries one after another: `start`, `posting`…, `allocation`…, `finish`.
#[derive(Debug)]
pub struct Sealer {
    seal: Seal,
    numbers: Numbers,
    content: Content,
    piece_ref: String,
}

impl Sealer {
    /// Begins after the entry whose hash is `previous`; the next entry gets `first_seq`.
    #[must_use]
    pub fn new(first_seq: i64, numbers: Numbers, previous: Hash) -> Self {
        Self {
            seal: Seal {
                seq: first_seq,
                number: 0,
                previous_hash: previous,
                hash: previous,
            },
            numbers,
            content: Content::default(),
            piece_ref: String::new(),
        }
    }

    /// Gives the entry its place and number; its own `seq` and `number` are not read.
    ///
    /// # Errors
    /// [`SealError::NumbersExhausted`].
    pub fn start(&mut self, entry: &ChainEntry<'_>) -> Result<(), SealError> {
        let next = self
            .numbers
            .next(entry.entity, entry.journal, entry.fiscal_year);
        self.seal.number = *next;
        *next = next
            .checked_add(1)
            .ok_or_else(|| SealError::NumbersExhausted {
                entity: entry.entity.to_owned(),
                journal: entry.journal.to_owned(),
            })?;
        entry.piece_ref.clone_into(&mut self.piece_ref);
        self.content.start(&ChainEntry {
            seq: self.seal.seq,
            number: self.seal.number,
            ..entry.clone()
        });
        Ok(())
    }

    /// Adds a posting of the entry that was started.
    pub fn posting(&mut self, posting: &ChainPosting<'_>) {
        self.content.posting(posting);
    }

    /// Adds an allocation of the entry that was started.
    pub fn allocation(&mut self, allocation: &ChainAllocation<'_>) {
        self.content.allocation(allocation);
    }

    /// Seals the entry.
    ///
    /// # Errors
    /// [`SealError`] when it does not balance, is empty, or its lines are not in order.
    pub fn finish(&mut self) -> Result<Seal, SealError> {
        let entry = || self.piece_ref.clone();
        if self.content.lines == 0 {
            return Err(JournalError::EmptyEntry { entry: entry() }.into());
        }
        if let Some((currency, difference_minor)) = self.content.balance.difference() {
            return Err(JournalError::UnbalancedEntry {
                entry: entry(),
                currency: currency.to_owned(),
                difference_minor,
            }
            .into());
        }
        if !self.content.is_in_order {
            return Err(SealError::LinesOutOfOrder { entry: entry() });
        }
        let seq = self.seal.seq;
        self.seal.seq = seq.checked_add(1).ok_or(SealError::SeqExhausted)?;
        self.seal.hash = self.content.hash(&self.seal.previous_hash);
        let seal = Seal { seq, ..self.seal };
        self.seal.previous_hash = seal.hash;
        Ok(seal)
    }
}

/// Re-checks entries one after another: `start`, `posting`…, `allocation`…, `finish`.
#[derive(Debug)]
pub struct Checker {
    numbers: Numbers,
    next_seq: i64,
    previous: Hash,
    content: Content,
    current: Stored,
    findings: Vec<Finding>,
}

/// What an entry says of itself and its place.
#[derive(Debug, Default)]
struct Stored {
    seq: i64,
    hash: Hash,
    previous_hash: Hash,
}

impl Checker {
    /// Begins at `first_seq`, after the entry whose hash is `previous`.
    #[must_use]
    pub fn new(first_seq: i64, numbers: Numbers, previous: Hash) -> Self {
        Self {
            numbers,
            next_seq: first_seq,
            previous,
            content: Content::default(),
            current: Stored::default(),
            findings: Vec::new(),
        }
    }

    /// Takes the next entry with the hashes stored beside it.
    pub fn start(&mut self, entry: &ChainEntry<'_>, previous_hash: Hash, hash: Hash) {
        self.current = Stored {
            seq: entry.seq,
            hash,
            previous_hash,
        };
        if entry.seq != self.next_seq {
            let message = format!("seq {} follows instead of {}", entry.seq, self.next_seq);
            self.found("GAP_IN_SEQUENCE", message);
        }
        self.next_seq = entry.seq.saturating_add(1);
        self.check_number(entry);
        self.content.start(entry);
    }

    fn check_number(&mut self, entry: &ChainEntry<'_>) {
        let next = self
            .numbers
            .next(entry.entity, entry.journal, entry.fiscal_year);
        let expected = *next;
        *next = expected.max(entry.number.saturating_add(1));
        if entry.number == expected {
            return;
        }
        let code = if entry.number < expected {
            "DUPLICATE_NUMBER"
        } else {
            "GAP_IN_NUMBERS"
        };
        let message = format!(
            "entity {}, journal {}, {}: number {} stands where {expected} is due",
            entry.entity, entry.journal, entry.fiscal_year, entry.number
        );
        self.found(code, message);
    }

    /// Adds a posting of the entry that was started.
    pub fn posting(&mut self, posting: &ChainPosting<'_>) {
        self.content.posting(posting);
    }

    /// Adds an allocation of the entry that was started.
    pub fn allocation(&mut self, allocation: &ChainAllocation<'_>) {
        self.content.allocation(allocation);
    }

    /// Reports a row whose entry does not exist.
    pub fn orphan(&mut self, seq: Option<i64>, message: String) {
        self.findings.push(Finding {
            seq,
            code: "ORPHAN_ROW",
            message,
        });
    }

    /// Compares the content with the stored hashes and its balance with zero.
    pub fn finish(&mut self) {
        if self.current.previous_hash != self.previous {
            let message = "the previous hash is not the hash of the entry before".to_owned();
            self.found("BROKEN_CHAIN", message);
        }
        if self.content.hash(&self.current.previous_hash) != self.current.hash {
            let message = "the content is not what was posted: its hash differs".to_owned();
            self.found("BROKEN_CHAIN", message);
        }
        if self.content.lines == 0 {
            self.found("EMPTY_ENTRY", "the entry has no postings".to_owned());
        } else if !self.content.is_in_order {
            let message = "its lines are not numbered 1, 2, 3 in order".to_owned();
            self.found("LINES_OUT_OF_ORDER", message);
        }
        if let Some((currency, difference)) = self.content.balance.difference() {
            let message =
                format!("its {currency} postings add up to {difference} minor units, not zero");
            self.found("UNBALANCED_ENTRY", message);
        }
        self.previous = self.current.hash;
    }

    /// Ends the check; `head` is the hash that the last entry must have, if it is known.
    #[must_use]
    pub fn end(mut self, head: Option<Hash>) -> Vec<Finding> {
        if head.is_some_and(|head| head != self.previous) {
            self.findings.push(Finding {
                seq: None,
                code: "BROKEN_CHAIN",
                message: "the last entry is not the one that was posted last".to_owned(),
            });
        }
        self.findings
    }

    fn found(&mut self, code: &'static str, message: String) {
        self.findings.push(Finding {
            seq: Some(self.current.seq),
            code,
            message,
        });
    }
}

#[cfg(test)]
mod tests;
