//! What a bank says: statements, entries and their details, as canonical values.
//!
//! Signs: credit on the account > 0, debit < 0, whatever the format calls them. A reversal keeps
//! the sign with which it moved the balance and is flagged, so sums always agree with balances.

mod amount;
mod currency;
mod date;
mod identity;

pub use amount::{AmountError, minor_units, minor_units_with_point, rescale};
pub use currency::BankCurrency;
pub use date::Date;
pub use identity::{EntryKey, Identity, identity};

/// What a message reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageKind {
    /// End-of-day statement (camt.053, MT940, CFONB120): its booked entries are final.
    Statement,
    /// Report within the day (camt.052, MT942): repeated by the statement.
    Intraday,
    /// Debit or credit notification (camt.054): details of entries of a statement.
    Notification,
}

impl MessageKind {
    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Statement => "statement",
            Self::Intraday => "intraday",
            Self::Notification => "notification",
        }
    }
}

/// How final an entry is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EntryStatus {
    /// On the account: part of the balance.
    #[default]
    Booked,
    /// Announced, not yet on the account.
    Pending,
    /// Said for information only.
    Information,
}

impl EntryStatus {
    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Pending => "pending",
            Self::Information => "information",
        }
    }
}

/// An amount with its currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Money {
    /// Minor units of the currency.
    pub minor: i64,
    /// The currency.
    pub currency: BankCurrency,
}

/// A balance of an account at the end of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The day, when the file says it.
    pub date: Option<Date>,
    /// Credit balance > 0.
    pub money: Money,
}

/// One statement, report or notification of one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// `camt.053.001.08`, `MT940`, `CFONB120`.
    pub message_type: String,
    /// How its free fields are written, where the format leaves that to the banks.
    pub dialect: Option<String>,
    /// What it reports.
    pub kind: MessageKind,
    /// IBAN where the file has or implies one, else the account as printed; empty if there is none.
    pub account: String,
    /// Currency of the account.
    pub currency: Option<BankCurrency>,
    /// Statement number or identifier.
    pub number: Option<String>,
    /// Balance before the first entry.
    pub opening: Option<Balance>,
    /// Balance after the last entry.
    pub closing: Option<Balance>,
    /// Line of the file where it starts, from 1.
    pub line: u64,
    /// What the file says about the statement itself, beside its entries: lines of the file as
    /// printed, or elements as `path=value`.
    pub raw: Option<String>,
}

/// One entry of an account, with one row per transaction that makes it up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankEntry {
    /// Line of the file where it starts, from 1.
    pub line: u64,
    /// Account that it moves.
    pub account: String,
    /// Day of booking.
    pub booking_date: Date,
    /// Day of value.
    pub value_date: Option<Date>,
    /// The amount, credit > 0.
    pub money: Money,
    /// How final it is.
    pub status: EntryStatus,
    /// Whether it undoes an earlier entry.
    pub reversal: bool,
    /// The bank's own reference.
    pub bank_reference: Option<String>,
    /// At least one; their amounts add up to the entry.
    pub details: Vec<EntryDetail>,
}

/// One transaction of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryDetail {
    /// Amount in the currency of the entry, credit > 0.
    pub amount_minor: i64,
    /// The bank's code for the kind of transaction.
    pub transaction_code: Option<String>,
    /// Reference that travelled from the payer.
    pub end_to_end_id: Option<String>,
    /// Structured creditor reference (RF, QR, OGM, KID …).
    pub creditor_reference: Option<String>,
    /// Direct debit mandate.
    pub mandate_id: Option<String>,
    /// Payer of a credit, payee of a debit.
    pub counterparty_name: Option<String>,
    /// The counterparty's IBAN, or its account as printed.
    pub counterparty_iban: Option<String>,
    /// Party behind the counterparty.
    pub ultimate_name: Option<String>,
    /// What the payer wrote, one element per line of the file.
    pub remittance_text: Vec<String>,
    /// Charges kept by the banks, in the currency of the entry, cost > 0.
    pub charges_minor: Option<i64>,
    /// Amount before conversion or charges.
    pub original: Option<Money>,
    /// Code of a return or reject.
    pub return_reason: Option<String>,
    /// Anything else that the bank says about it.
    pub additional_info: Option<String>,
    /// Documents that the payer refers to.
    pub references: Vec<ReferredDocument>,
    /// What the file has beside the decoded fields, so that nothing is lost: lines of the file as
    /// printed, or undecoded elements as `path=value`.
    pub raw: Option<String>,
}

/// What a referred document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// Commercial invoice.
    Invoice,
    /// Credit note: its amounts are < 0.
    CreditNote,
    /// Anything else.
    Other,
}

impl DocumentKind {
    /// The wire name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invoice => "invoice",
            Self::CreditNote => "credit_note",
            Self::Other => "other",
        }
    }
}

/// One document named by structured remittance information.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferredDocument {
    /// The number as printed.
    pub reference: String,
    /// What it is.
    pub kind: DocumentKind,
    /// Part of the payment meant for it, in the currency of the entry; credit notes < 0.
    pub amount_minor: Option<i64>,
    /// What the payer kept: due minus paid.
    pub deduction_minor: Option<i64>,
    /// Why, as a code or text.
    pub reason: Option<String>,
    /// Date of the document.
    pub date: Option<Date>,
}

/// Something in a file that was read, but not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// Stable wire name, upper snake case.
    pub code: &'static str,
    /// For a person.
    pub message: String,
    /// Line of the file, from 1.
    pub line: u64,
    /// Byte of the file where that line starts, from 0, when it is still known.
    pub offset: Option<u64>,
    /// Whether an entry is missing because of it.
    pub entry_left_out: bool,
}

/// Statement as recorded: its place in the file and the check of its balances.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatementTotals {
    /// From 0, in order of the file.
    pub statement_index: i64,
    /// Entries, of whatever status, with those that were left out.
    pub entry_count: i64,
    /// Entries that could not be read; a warning names each.
    pub left_out_count: i64,
    /// Opening + booked entries − closing; none when a balance is missing.
    pub difference_minor: Option<i64>,
}

/// Place and identity of an entry within its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryPlace<'a> {
    /// Statement, from 0.
    pub statement_index: i64,
    /// Entry within its statement, from 0.
    pub entry_index: i64,
    /// `P` and sixteen hexadecimal digits; rows of a batch add `-1`, `-2` …
    pub payment_id: &'a str,
}

/// Receives what a reader finds, in the order of the file.
pub trait BankSink {
    /// An entry of the statement that is being read.
    fn entry(&mut self, place: EntryPlace<'_>, entry: &BankEntry);
    /// A statement, after its entries.
    fn statement(&mut self, totals: StatementTotals, statement: &Statement);
    /// Something that was read, but not as it should be.
    fn warning(&mut self, warning: &Warning);
}
