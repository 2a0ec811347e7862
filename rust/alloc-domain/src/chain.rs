//! The chain of posted entries: what is hashed, and what a check finds.

/// A SHA-256 hash.
pub type Hash = [u8; 32];

/// What stands before the first entry.
pub const GENESIS: Hash = [0; 32];

/// Writes a hash as 64 hex digits in lower case.
#[must_use]
pub fn hex(hash: &Hash) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    let mut text = String::with_capacity(2 * hash.len());
    for byte in hash {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

/// An entry as it is or will be posted.
#[derive(Clone, Debug)]
pub struct ChainEntry<'a> {
    /// Its place in the chain.
    pub seq: i64,
    /// Its entity.
    pub entity: &'a str,
    /// Its journal.
    pub journal: &'a str,
    /// Its fiscal year.
    pub fiscal_year: i64,
    /// Its number within entity, journal and fiscal year.
    pub number: i64,
    /// Why it was made.
    pub kind: &'a str,
    /// The accounting date, days since 1970-01-01.
    pub posting_date: i32,
    /// The date of its voucher, days since 1970-01-01.
    pub piece_date: i32,
    /// Its voucher reference.
    pub piece_ref: &'a str,
    /// What a person reads.
    pub label: &'a str,
    /// Its currency.
    pub currency: &'a str,
    /// The payment that caused it.
    pub payment_id: Option<&'a str>,
    /// The decision that caused it.
    pub decision_id: Option<i64>,
    /// The entry that it undoes.
    pub reverses_seq: Option<i64>,
    /// When it was posted, ISO 8601.
    pub posted_at: Option<&'a str>,
    /// Who posted it.
    pub posted_by: Option<&'a str>,
}

/// A posting of an entry.
#[derive(Clone, Debug)]
pub struct ChainPosting<'a> {
    /// The line, from 1.
    pub line_no: i64,
    /// The account.
    pub account: &'a str,
    /// The customer.
    pub customer_id: Option<&'a str>,
    /// What a person reads.
    pub label: &'a str,
    /// Minor units, debit > 0.
    pub amount_minor: i64,
    /// Its currency.
    pub currency: &'a str,
    /// The amount in another currency: which, and its minor units.
    pub foreign: Option<(&'a str, i64)>,
}

/// An allocation that an entry posts.
#[derive(Clone, Debug)]
pub struct ChainAllocation<'a> {
    /// The item.
    pub item_id: &'a str,
    /// Whose item.
    pub customer_id: Option<&'a str>,
    /// Minor units.
    pub allocated_minor: i64,
    /// Minor units of the item's other currency.
    pub foreign_minor: Option<i64>,
    /// What spoke for it.
    pub evidence: Option<&'a str>,
}

/// What sealing gives an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    /// Its place in the chain.
    pub seq: i64,
    /// Its number within entity, journal and fiscal year.
    pub number: i64,
    /// The hash of the entry before it.
    pub previous_hash: Hash,
    /// Its own hash.
    pub hash: Hash,
}

/// Something in the chain that is not as it was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The entry; none when the chain as a whole is meant.
    pub seq: Option<i64>,
    /// The wire name, for instance `BROKEN_CHAIN`.
    pub code: &'static str,
    /// What a person reads.
    pub message: String,
}
