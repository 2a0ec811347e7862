//! Open items: posted receivables and credits that are not cleared.

use crate::Currency;

/// What an open item is; decides whether money may clear it without a person.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ItemKind {
    /// A posted invoice.
    #[default]
    Invoice,
    /// A posted credit note, open amount below zero.
    CreditNote,
    /// A posted debit note, interest or charge.
    DebitNote,
    /// Unapplied money of a known payer, open amount below zero.
    OnAccount,
    /// Money of an unknown payer that waits for its owner, open amount below zero.
    Suspense,
    /// A deposit received before its invoice.
    Deposit,
    /// A request for payment that is not posted.
    Proforma,
    /// What we owe this party as a supplier.
    Payable,
    /// Anything else the source knows.
    Other,
}

impl ItemKind {
    /// Every kind with its wire name.
    pub const ALL: [(&'static str, Self); 9] = [
        ("invoice", Self::Invoice),
        ("credit_note", Self::CreditNote),
        ("debit_note", Self::DebitNote),
        ("on_account", Self::OnAccount),
        ("suspense", Self::Suspense),
        ("deposit", Self::Deposit),
        ("proforma", Self::Proforma),
        ("payable", Self::Payable),
        ("other", Self::Other),
    ];

    /// Reads the wire name; `None` for anything else.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|&(_, kind)| kind)
    }

    /// Whether a payment may clear it without a person: offsets of deposits, payables and
    /// requests that are not posted need somebody's word.
    #[must_use]
    pub fn clears_by_itself(self) -> bool {
        matches!(
            self,
            Self::Invoice | Self::CreditNote | Self::DebitNote | Self::OnAccount
        )
    }
}

/// One open item, borrowed from the columns it was read from.
#[derive(Clone, Debug)]
pub struct OpenItem<'a> {
    /// Unique within the entity.
    pub item_id: &'a str,
    /// The legal entity whose books it stands in.
    pub entity: &'a str,
    /// Whose account it stands on.
    pub customer_id: &'a str,
    /// Who pays it when that is somebody else.
    pub payer_id: Option<&'a str>,
    /// The number printed on the document.
    pub reference: Option<&'a str>,
    /// Further numbers of the document: order, delivery, contract, external.
    pub other_references: Vec<&'a str>,
    /// What it is.
    pub kind: ItemKind,
    /// The currency of the open amount.
    pub currency: Currency,
    /// What is still due, minor units, never 0; credits are below zero.
    pub open_minor: i64,
    /// Days since 1970-01-01.
    pub issue_date: Option<i32>,
    /// Days since 1970-01-01.
    pub due_date: Option<i32>,
    /// What its terms let the payer keep back.
    pub discount: Option<Discount>,
    /// The customer contests it: never cleared without a person.
    pub disputed: bool,
}

/// What a payer may keep back who pays early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Discount {
    /// The last day, since 1970-01-01.
    pub until: i32,
    /// Of the open amount, parts per million, between 0 and one million.
    pub rate_ppm: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_back_from_its_name() {
        for (name, kind) in ItemKind::ALL {
            assert_eq!(ItemKind::parse(name), Some(kind));
        }
        assert_eq!(ItemKind::parse("Invoice"), None);
    }

    #[test]
    fn what_is_not_posted_as_a_receivable_needs_a_person() {
        let needing: Vec<&str> = ItemKind::ALL
            .iter()
            .filter(|(_, kind)| !kind.clears_by_itself())
            .map(|&(name, _)| name)
            .collect();
        assert_eq!(
            needing,
            ["suspense", "deposit", "proforma", "payable", "other"]
        );
    }
}
