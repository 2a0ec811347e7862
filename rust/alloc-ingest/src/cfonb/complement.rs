//! Records 05: what their qualifiers mean.

use alloc_domain::bank::{EntryDetail, Money};

use super::Record;

/// Characters of the information of a record.
const INFORMATION: usize = 70;

/// Longest entry with its complements in bytes.
const LONGEST: usize = 1 << 20;

/// Collects the complements of one entry.
pub(super) struct Complements {
    detail: EntryDetail,
    payer: Side,
    payee: Side,
    /// Charges as printed, until the currency of the entry is known.
    charges: Option<Money>,
    /// Line `LCC`, until `LC2` continues it or anything else follows.
    first_line: Option<String>,
    infos: Vec<String>,
}

#[derive(Default)]
struct Side {
    name: Option<String>,
    account: Option<String>,
    ultimate: Option<String>,
}

impl Complements {
    /// Starts with what the entry itself says.
    pub(super) fn new(record: &Record<'_>) -> Self {
        let detail = EntryDetail {
            transaction_code: some(record.operation()),
            return_reason: record.reject_code().map(str::to_owned),
            remittance_text: some(record.label()).into_iter().collect(),
            raw: Some(record.printed().to_owned()),
            ..EntryDetail::default()
        };
        Self {
            detail,
            payer: Side::default(),
            payee: Side::default(),
            charges: None,
            first_line: None,
            infos: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, record: &Record<'_>) {
        let text = record.information().trim_ascii().trim();
        let raw = self.detail.raw.get_or_insert_default();
        raw.push('\n');
        raw.push_str(record.printed());
        if record.qualifier() != "LC2" {
            self.end_line();
        }
        let [first, second] = record.halves();
        match record.qualifier() {
            "NPY" => set(&mut self.payer.name, text, &mut self.infos),
            "NBE" => set(&mut self.payee.name, text, &mut self.infos),
            "NPO" => set(&mut self.payer.ultimate, text, &mut self.infos),
            "NBU" => set(&mut self.payee.ultimate, text, &mut self.infos),
            "CPY" => set(&mut self.payer.account, first, &mut self.infos),
            "CBE" => set(&mut self.payee.account, first, &mut self.infos),
            "LCC" => self.start_line(record.information()),
            "LC2" => self.continue_line(record.information()),
            "LCS" => set(&mut self.detail.creditor_reference, text, &mut self.infos),
            "RCN" => {
                let given = !matches!(first, "NOTPROVIDED" | "NOT PROVIDED");
                let id = if given { first } else { "" };
                set(&mut self.detail.end_to_end_id, id, &mut self.infos);
                self.inform("purpose", second);
            }
            "RUM" => {
                set(&mut self.detail.mandate_id, first, &mut self.infos);
                self.inform("sequence", second);
            }
            "REF" => {
                self.inform("batch", first);
                self.inform("transaction", second);
            }
            "MMO" if record.original().is_some() => self.detail.original = record.original(),
            "FEE" if record.original().is_some() => self.charges = record.original(),
            qualifier @ ("IPY" | "IBE" | "IPO" | "IBU") => {
                let both = format!("{first} {second}");
                self.inform(qualifier, both.trim());
            }
            // LIB, and whatever a bank calls its free text.
            _ => self.detail.remittance_text.extend(some(text)),
        }
    }

    /// Whether it has grown longer than any bank writes.
    pub(super) fn is_too_long(&self) -> bool {
        self.detail
            .raw
            .as_ref()
            .is_some_and(|raw| raw.len() > LONGEST)
    }

    /// The row of the entry. The counterparty is the payer of a credit and the payee of a debit,
    /// the other way round if the entry undoes one; banks often name only one of them.
    pub(super) fn finish(mut self, money: Money, reversal: bool) -> EntryDetail {
        self.end_line();
        let (first, second) = if (money.minor >= 0) == reversal {
            (self.payee, self.payer)
        } else {
            (self.payer, self.payee)
        };
        let known = |side: &Side| side.name.is_some() || side.account.is_some();
        let side = if known(&second) && !known(&first) {
            second
        } else {
            first
        };
        let charges = self
            .charges
            .filter(|charges| charges.currency == money.currency);
        EntryDetail {
            amount_minor: money.minor,
            counterparty_name: side.name,
            counterparty_iban: side.account,
            ultimate_name: side.ultimate,
            charges_minor: charges.map(|charges| charges.minor),
            additional_info: (!self.infos.is_empty()).then(|| self.infos.join("\n")),
            ..self.detail
        }
    }

    /// `LCC` and `LC2` are one text of 2 × 70 characters, cut anywhere.
    fn start_line(&mut self, information: &str) {
        self.first_line = some(information.trim_ascii_end().trim_end());
    }

    fn continue_line(&mut self, information: &str) {
        let text = information.trim();
        match &mut self.first_line {
            Some(line) => {
                // The blank at the seam ends one line or starts the other.
                if line.chars().count() < INFORMATION || information.starts_with(' ') {
                    line.push(' ');
                }
                line.push_str(text);
                self.end_line();
            }
            None => self.detail.remittance_text.extend(some(text)),
        }
    }

    fn end_line(&mut self) {
        let line = self.first_line.take();
        let text = line.as_deref().map(str::trim).and_then(some);
        self.detail.remittance_text.extend(text);
    }

    fn inform(&mut self, what: &str, text: &str) {
        if !text.is_empty() {
            self.infos.push(format!("{what} {text}"));
        }
    }
}

/// Takes a value; a second, different one is kept as information.
fn set(field: &mut Option<String>, text: &str, infos: &mut Vec<String>) {
    match field {
        None => *field = some(text),
        Some(known) if known == text || text.is_empty() => {}
        Some(_) => infos.push(text.to_owned()),
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
