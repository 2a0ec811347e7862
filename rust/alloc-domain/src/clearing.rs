//! Clearing: what is posted, and the drafts of journal entries that post it.

use std::borrow::Cow;

use crate::currency::{Currency, Foreign};
use crate::journal::{EntryKind, JournalEntry};
use crate::lettering::LetterKind;

/// How many items share one posting and one lettering group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Granularity {
    /// All items of one customer account that a payment settles: compact.
    #[default]
    PerGroup,
    /// Each item by itself: one line can be undone alone.
    PerDocument,
}

impl Granularity {
    /// Reads the word used in tables.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "per_group" => Some(Self::PerGroup),
            "per_document" => Some(Self::PerDocument),
            _ => None,
        }
    }
}

/// A payment to be posted.
#[derive(Clone, Debug)]
pub struct Payment<'a> {
    /// Its identity; unique in a batch.
    pub payment_id: &'a str,
    /// What the ids of new items start with; the payment id unless it is posted again.
    pub item_prefix: &'a str,
    /// The parked item that a release clears; `<item_prefix>-SU` when absent.
    pub source_item_id: Option<&'a str>,
    /// The legal entity whose books receive it.
    pub entity: &'a str,
    /// The journal of the entry.
    pub journal: &'a str,
    /// Clearing, suspense or release.
    pub kind: EntryKind,
    /// The accounting date, days since 1970-01-01.
    pub posting_date: i32,
    /// The year in which the fiscal year of the accounting date ends, when the caller knows it.
    pub fiscal_year: Option<i64>,
    /// The date at the bank, days since 1970-01-01.
    pub piece_date: i32,
    /// The voucher reference.
    pub piece_ref: &'a str,
    /// What a person reads, on the entry and on its postings.
    pub label: &'a str,
    /// The currency of all its amounts.
    pub currency: Currency,
    /// Cash received, minor units, >= 0.
    pub amount_minor: i64,
    /// What the payer paid in another currency.
    pub foreign: Option<Foreign>,
    /// The bank account (512…), or the suspense account (471…) of a release.
    pub source_account: &'a str,
    /// Who gets the rest on account; nobody known sends it to suspense.
    pub customer_id: Option<&'a str>,
    /// The account of the rest on account.
    pub customer_account: &'a str,
    /// The account of the rest in suspense.
    pub suspense_account: &'a str,
    /// How many items share a posting.
    pub granularity: Granularity,
}

/// What a payment settles on one open item.
#[derive(Clone, Debug)]
pub struct Allocation<'a> {
    /// The payment.
    pub payment_id: &'a str,
    /// The item, unique within its entity.
    pub item_id: Cow<'a, str>,
    /// The entity of the item, when stated: it must be that of the payment.
    pub entity: Option<&'a str>,
    /// Whose item; nobody's on a suspense account.
    pub customer_id: Option<&'a str>,
    /// The account on which the item stands.
    pub account: &'a str,
    /// Minor units, same sign as `open_minor`, never more than it.
    pub allocated_minor: i64,
    /// What of the item's amount in another currency is settled.
    pub foreign: Option<Foreign>,
    /// Open before the batch, minor units; credit notes < 0.
    pub open_minor: i64,
    /// The partial lettering group to which the item already belongs.
    pub letter_group: Option<i64>,
    /// What all members of that group have open before the batch, minor units.
    pub group_open_minor: Option<i64>,
}

/// A line beside the items: a deduction, its tax, a rest.
#[derive(Clone, Debug)]
pub struct Adjustment<'a> {
    /// The payment.
    pub payment_id: &'a str,
    /// The role, for instance `commission`; `on_account` and `suspense` create open items.
    pub role: &'a str,
    /// The account.
    pub account: &'a str,
    /// Minor units, debit > 0, credit < 0.
    pub amount_minor: i64,
    /// What it is in the currency of the payment; posted where the line creates an item.
    pub foreign: Option<Foreign>,
    /// The customer, on a customer account.
    pub customer_id: Option<&'a str>,
    /// What a person reads; the label of the payment when absent.
    pub label: Option<&'a str>,
    /// The open item that this line creates, for instance a retention.
    pub new_item_id: Option<&'a str>,
}

/// What one allocation leaves open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemResidual<'a> {
    /// The entry; none when items only cancelled each other.
    pub draft_index: Option<usize>,
    /// The payment.
    pub payment_id: &'a str,
    /// The entity of the item.
    pub entity: &'a str,
    /// The item.
    pub item_id: Cow<'a, str>,
    /// Whose item.
    pub customer_id: Option<&'a str>,
    /// Its account.
    pub account: &'a str,
    /// What the payment settled, minor units.
    pub allocated_minor: i64,
    /// What of the item's amount in another currency it settled.
    pub foreign: Option<Foreign>,
    /// What stays open after this payment, minor units.
    pub residual_minor: i64,
}

/// An open item that an entry creates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewItem<'a> {
    /// The entry.
    pub draft_index: usize,
    /// Its id.
    pub item_id: Cow<'a, str>,
    /// Its entity.
    pub entity: &'a str,
    /// Whose item; nobody's in suspense.
    pub customer_id: Option<&'a str>,
    /// Its account.
    pub account: &'a str,
    /// `on_account`, `suspense`, or the role of the adjustment that creates it.
    pub kind: &'a str,
    /// Its currency.
    pub currency: Currency,
    /// Minor units, credit < 0.
    pub open_minor: i64,
    /// The same in another currency.
    pub foreign: Option<Foreign>,
    /// The date at the bank, days since 1970-01-01.
    pub issue_date: i32,
    /// The voucher reference.
    pub reference: &'a str,
}

/// A lettering group as it stands after the batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter<'a> {
    /// The entity.
    pub entity: &'a str,
    /// The account.
    pub account: &'a str,
    /// The customer; nobody on a suspense account.
    pub customer_id: Option<&'a str>,
    /// Full when every member is cleared.
    pub kind: LetterKind,
    /// What the members still have open, minor units.
    pub balance_minor: i64,
    /// The existing groups whose members all join, ascending; none for a new group.
    pub letter_groups: Vec<i64>,
}

/// An item in a lettering group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LetterMember<'a> {
    /// The group, an index into the letters.
    pub letter_index: usize,
    /// The item.
    pub item_id: Cow<'a, str>,
}

/// The journal entries of a batch and what they change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drafts<'a> {
    /// Balanced entries in the order of the payments.
    pub entries: Vec<JournalEntry<'a>>,
    /// Open items that the entries create.
    pub new_items: Vec<NewItem<'a>>,
    /// What each allocation leaves open.
    pub residuals: Vec<ItemResidual<'a>>,
    /// Lettering groups as they stand after the batch.
    pub letters: Vec<Letter<'a>>,
    /// Their members.
    pub letter_members: Vec<LetterMember<'a>>,
}

/// A posted entry that is to be undone.
#[derive(Clone, Debug)]
pub struct PostedEntry<'a> {
    /// Its place in the chain; unique.
    pub seq: i64,
    /// The payment that caused it.
    pub payment_id: Option<&'a str>,
    /// Its entity.
    pub entity: &'a str,
    /// Its journal; the mirror stands in the same one.
    pub journal: &'a str,
    /// Its number in the journal.
    pub number: i64,
    /// Why it was made; a reversal is never reversed.
    pub kind: EntryKind,
    /// The date of its voucher, days since 1970-01-01.
    pub piece_date: i32,
    /// Its voucher reference.
    pub piece_ref: &'a str,
    /// Its currency.
    pub currency: Currency,
}

/// A posting of such an entry.
#[derive(Clone, Debug)]
pub struct PostedPosting<'a> {
    /// The entry.
    pub seq: i64,
    /// The line, from 1.
    pub line_no: i64,
    /// The account.
    pub account: &'a str,
    /// The customer, on a customer account.
    pub customer_id: Option<&'a str>,
    /// Minor units, debit > 0.
    pub amount_minor: i64,
    /// The same in another currency.
    pub foreign: Option<Foreign>,
    /// The open item that it created.
    pub item_id: Option<&'a str>,
    /// The lettering group it is in; that group is dissolved by the reversal.
    pub letter_group: Option<i64>,
}
