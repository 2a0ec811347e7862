//! Journal entries: balanced per currency, or not constructed.

use std::borrow::Cow;

use crate::currency::{Currency, Foreign};
use crate::reason::{Reason, ReasonKind};

/// Postings that one entry may hold; a bordereau of 900 invoices posted one by one stays below.
pub const POSTINGS_MAX: usize = 10_000;

/// Why an entry was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// A payment that clears open items of known customers.
    Clearing,
    /// A payment of an unknown payer, parked.
    Suspense,
    /// A parked payment whose payer became known.
    Release,
    /// The mirror of a posted entry.
    Reversal,
}

impl EntryKind {
    /// The word used in tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Clearing => "clearing",
            Self::Suspense => "suspense",
            Self::Release => "release",
            Self::Reversal => "reversal",
        }
    }

    /// Reads the word used in tables.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [
            Self::Clearing,
            Self::Suspense,
            Self::Release,
            Self::Reversal,
        ]
        .into_iter()
        .find(|kind| kind.as_str() == word)
    }
}

/// What an entry says of itself; its postings carry the money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryHeader<'a> {
    /// The payment that caused it.
    pub payment_id: Option<&'a str>,
    /// The legal entity in whose books it stands.
    pub entity: &'a str,
    /// The journal: BQ1, OD.
    pub journal: &'a str,
    /// Why it was made.
    pub kind: EntryKind,
    /// The accounting date, days since 1970-01-01.
    pub posting_date: i32,
    /// The year in which the fiscal year of the accounting date ends, when the caller knows it.
    pub fiscal_year: Option<i64>,
    /// The date of the voucher, days since 1970-01-01.
    pub piece_date: i32,
    /// The reference of the voucher.
    pub piece_ref: &'a str,
    /// What a person reads.
    pub label: Cow<'a, str>,
    /// The currency of the payment.
    pub currency: Currency,
    /// The entry that this one undoes.
    pub reverses_seq: Option<i64>,
}

/// One debit or credit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting<'a> {
    /// The general account.
    pub account: &'a str,
    /// The customer, on a customer account.
    pub customer_id: Option<&'a str>,
    /// What a person reads.
    pub label: Cow<'a, str>,
    /// Minor units, debit > 0, credit < 0, never zero.
    pub amount_minor: i64,
    /// The currency of the amount.
    pub currency: Currency,
    /// The amount in another currency.
    pub foreign: Option<Foreign>,
    /// The lettering group it belongs to, an index into the groups of the same batch.
    pub letter: Option<usize>,
    /// The open item that this posting creates.
    pub item_id: Option<Cow<'a, str>>,
    /// The line of the reversed entry that this posting mirrors.
    pub reverses_line_no: Option<i64>,
}

/// A set of postings that adds up to zero in every currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry<'a> {
    header: EntryHeader<'a>,
    postings: Vec<Posting<'a>>,
}

/// Why a set of postings is not a journal entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Debits and credits differ.
    #[error(
        "entry {entry} does not balance: its {currency} postings add up to {difference_minor} \
         minor units instead of zero"
    )]
    UnbalancedEntry {
        /// Piece reference or number of the entry.
        entry: String,
        /// The currency that does not balance.
        currency: String,
        /// Debits less credits, minor units.
        difference_minor: i128,
    },
    /// No posting at all.
    #[error("entry {entry} has no postings")]
    EmptyEntry {
        /// Piece reference or number of the entry.
        entry: String,
    },
    /// A posting of nothing.
    #[error("entry {entry}, line {line_no}: a posting of zero on account {account}; leave it out")]
    ZeroPosting {
        /// Piece reference or number of the entry.
        entry: String,
        /// The line, from 1.
        line_no: usize,
        /// Its account.
        account: String,
    },
    /// More postings than the limit.
    #[error(
        "entry {entry} has {postings} postings, the limit is {POSTINGS_MAX}; split the payment"
    )]
    TooManyPostings {
        /// Piece reference or number of the entry.
        entry: String,
        /// How many there are.
        postings: usize,
    },
}

impl Reason for JournalError {
    fn code(&self) -> &'static str {
        match self {
            Self::UnbalancedEntry { .. } => "UNBALANCED_ENTRY",
            Self::EmptyEntry { .. } => "EMPTY_ENTRY",
            Self::ZeroPosting { .. } => "ZERO_POSTING",
            Self::TooManyPostings { .. } => "TOO_MANY_POSTINGS",
        }
    }

    fn kind(&self) -> ReasonKind {
        match self {
            Self::UnbalancedEntry { .. } | Self::EmptyEntry { .. } | Self::ZeroPosting { .. } => {
                ReasonKind::Input
            }
            Self::TooManyPostings { .. } => ReasonKind::Limit,
        }
    }

    fn metadata(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::UnbalancedEntry {
                entry,
                currency,
                difference_minor,
            } => vec![
                ("entry", entry.clone()),
                ("currency", currency.clone()),
                ("difference_minor", difference_minor.to_string()),
            ],
            Self::EmptyEntry { entry } => vec![("entry", entry.clone())],
            Self::ZeroPosting {
                entry,
                line_no,
                account,
            } => vec![
                ("entry", entry.clone()),
                ("line_no", line_no.to_string()),
                ("account", account.clone()),
            ],
            Self::TooManyPostings { entry, postings } => vec![
                ("entry", entry.clone()),
                ("postings", postings.to_string()),
                ("limit", POSTINGS_MAX.to_string()),
            ],
        }
    }
}

impl<'a> JournalEntry<'a> {
    /// Builds an entry whose postings add up to zero in every currency.
    ///
    /// Exact: sums are kept in 128 bits.
    ///
    /// # Errors
    /// [`JournalError`] when there is no posting, one of zero, too many, or no balance.
    pub fn new(header: EntryHeader<'a>, postings: Vec<Posting<'a>>) -> Result<Self, JournalError> {
        let entry = || header.piece_ref.to_owned();
        if postings.is_empty() {
            return Err(JournalError::EmptyEntry { entry: entry() });
        }
        if postings.len() > POSTINGS_MAX {
            return Err(JournalError::TooManyPostings {
                entry: entry(),
                postings: postings.len(),
            });
        }
        let mut balance = Balance::default();
        for (index, posting) in postings.iter().enumerate() {
            if posting.amount_minor == 0 {
                return Err(JournalError::ZeroPosting {
                    entry: entry(),
                    line_no: index + 1,
                    account: posting.account.to_owned(),
                });
            }
            balance.add(posting.currency.as_str(), posting.amount_minor);
        }
        if let Some((currency, difference_minor)) = balance.difference() {
            return Err(JournalError::UnbalancedEntry {
                entry: entry(),
                currency: currency.to_owned(),
                difference_minor,
            });
        }
        Ok(Self { header, postings })
    }

    /// What the entry says of itself.
    #[must_use]
    pub fn header(&self) -> &EntryHeader<'a> {
        &self.header
    }

    /// The postings in the order of their line numbers, which count from 1.
    #[must_use]
    pub fn postings(&self) -> &[Posting<'a>] {
        &self.postings
    }

    /// Renames the lettering groups of its postings; lettering never changes the money.
    pub fn rename_letters(&mut self, rename: impl Fn(usize) -> usize) {
        for posting in &mut self.postings {
            posting.letter = posting.letter.map(&rename);
        }
    }
}

/// Debits less credits per currency, kept in 128 bits.
#[derive(Clone, Debug, Default)]
pub struct Balance {
    sums: Vec<(String, i128)>,
}

impl Balance {
    /// Adds one posting: debit > 0, credit < 0, minor units.
    pub fn add(&mut self, currency: &str, amount_minor: i64) {
        let amount = i128::from(amount_minor);
        match self.sums.iter_mut().find(|(known, _)| known == currency) {
            Some((_, sum)) => *sum += amount,
            None => self.sums.push((currency.to_owned(), amount)),
        }
    }

    /// The first currency that does not add up to zero, with debits less credits.
    #[must_use]
    pub fn difference(&self) -> Option<(&str, i128)> {
        self.sums
            .iter()
            .find(|(_, sum)| *sum != 0)
            .map(|(currency, sum)| (currency.as_str(), *sum))
    }

    /// Forgets all sums, so that the next entry can use the same value.
    pub fn clear(&mut self) {
        for (_, sum) in &mut self.sums {
            *sum = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> EntryHeader<'static> {
        EntryHeader {
            payment_id: Some("P1"),
            entity: "E1",
            journal: "BQ1",
            kind: EntryKind::Clearing,
            posting_date: 20_000,
            fiscal_year: None,
            piece_date: 20_000,
            piece_ref: "B1",
            label: "Customer payment".into(),
            currency: Currency::EUR,
            reverses_seq: None,
        }
    }

    fn posting(account: &'static str, amount_minor: i64, currency: Currency) -> Posting<'static> {
        Posting {
            account,
            customer_id: None,
            label: "x".into(),
            amount_minor,
            currency,
            foreign: None,
            letter: None,
            item_id: None,
            reverses_line_no: None,
        }
    }

    fn entry(amounts: &[i64]) -> Result<JournalEntry<'static>, JournalError> {
        let lines = amounts
            .iter()
            .map(|&amount| posting("512000", amount, Currency::EUR))
            .collect();
        JournalEntry::new(header(), lines)
    }

    #[test]
    fn debits_equal_credits_or_there_is_no_entry() {
        assert!(entry(&[12_000, -10_000, -2_000]).is_ok());
        assert_eq!(
            entry(&[12_000, -10_000, -1_999]),
            Err(JournalError::UnbalancedEntry {
                entry: "B1".into(),
                currency: "EUR".into(),
                difference_minor: 1,
            })
        );
    }

    #[test]
    fn each_currency_balances_by_itself() {
        let usd = Currency::parse("USD").expect("known");
        let mixed = vec![
            posting("512000", 100, Currency::EUR),
            posting("411000", -100, usd),
        ];
        let refused = JournalEntry::new(header(), mixed).expect_err("two currencies");
        assert_eq!(refused.code(), "UNBALANCED_ENTRY");
    }

    #[test]
    fn sums_beyond_64_bits_are_exact() {
        assert!(entry(&[i64::MAX, i64::MAX, -i64::MAX, -i64::MAX]).is_ok());
        assert!(entry(&[i64::MIN, i64::MIN]).is_err(), "would wrap to zero");
    }

    #[test]
    fn an_entry_of_nothing_is_refused() {
        assert_eq!(entry(&[]).expect_err("empty").code(), "EMPTY_ENTRY");
        assert_eq!(entry(&[0]).expect_err("zero").code(), "ZERO_POSTING");
    }

    #[test]
    fn the_limit_of_postings_is_named() {
        let mut amounts = vec![1; POSTINGS_MAX - 1];
        amounts.push(1 - i64::try_from(POSTINGS_MAX).expect("small"));
        assert!(entry(&amounts).is_ok());
        amounts.extend([1, -1]);
        let refused = entry(&amounts).expect_err("too many");
        assert_eq!(refused.code(), "TOO_MANY_POSTINGS");
        assert_eq!(refused.kind(), ReasonKind::Limit);
    }
}
