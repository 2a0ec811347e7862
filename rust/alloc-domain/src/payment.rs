//! Payments and what is known about who sent them.

use crate::Currency;

/// Money received: one bank credit, borrowed from the columns it was read from.
#[derive(Clone, Debug)]
pub struct Payment<'a> {
    /// Unique within a call.
    pub payment_id: &'a str,
    /// The legal entity whose account received it.
    pub entity: &'a str,
    /// Days since 1970-01-01.
    pub value_date: i32,
    /// The currency of the amount.
    pub currency: Currency,
    /// What was received, minor units, above zero.
    pub amount_minor: i64,
    /// Who pays, where the caller knows it.
    pub customer_id: Option<&'a str>,
    /// The name on the bank line.
    pub payer_name: Option<&'a str>,
    /// The account it came from.
    pub payer_iban: Option<&'a str>,
    /// Free text, line by line, as the bank cut it.
    pub remittance_text: Vec<&'a str>,
    /// The payer's own identification of the transfer.
    pub end_to_end_id: Option<&'a str>,
    /// A structured creditor reference (ISO 11649 or national).
    pub creditor_reference: Option<&'a str>,
}

/// One line of an advice: what the payer says a payment is for.
#[derive(Clone, Debug)]
pub struct RemittanceLine<'a> {
    /// The payment it speaks of.
    pub payment_id: &'a str,
    /// Position in the advice; unique within the payment.
    pub line_no: i64,
    /// The document as the payer writes it.
    pub reference: Option<&'a str>,
    /// What the payer says it pays on this document, minor units.
    pub amount_minor: Option<i64>,
    /// What the payer says it kept back on this document, minor units.
    pub deduction_minor: Option<i64>,
}

/// A customer: who may pay, and how to recognise it.
#[derive(Clone, Debug)]
pub struct Customer<'a> {
    /// Unique.
    pub customer_id: &'a str,
    /// The name in the ledger.
    pub name: &'a str,
    /// Accounts it is known to pay from.
    pub known_ibans: Vec<&'a str>,
    /// Other names it pays under.
    pub aliases: Vec<&'a str>,
    /// The customer that heads its group.
    pub parent_id: Option<&'a str>,
}

/// A confirmed allocation of the past: who paid it from where, and what it settled.
#[derive(Clone, Debug)]
pub struct PastAllocation<'a> {
    /// The payment.
    pub payment_id: &'a str,
    /// When it came, days since 1970-01-01.
    pub value_date: i32,
    /// The legal entity that was paid.
    pub entity: &'a str,
    /// The item that was settled.
    pub item_id: &'a str,
    /// What was settled of it, minor units, sign of the item.
    pub allocated_minor: i64,
    /// Whose item was cleared.
    pub customer_id: &'a str,
    /// The name on the bank line.
    pub payer_name: Option<&'a str>,
    /// The account it came from.
    pub payer_iban: Option<&'a str>,
}
