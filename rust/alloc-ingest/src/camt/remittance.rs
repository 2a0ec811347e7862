//! `RmtInf`: what the payer says the money is for.

use std::io::Read;

use alloc_domain::bank::{Date, DocumentKind, Money, ReferredDocument};

use super::CamtReader;
use super::details::RawDetail;
use super::names as n;
use crate::error::FileError;

/// One `Strd`: documents, the amounts for them, and a creditor reference.
#[derive(Default)]
pub(super) struct Structured {
    documents: Vec<Document>,
    amounts: Amounts,
    pub(super) creditor_reference: Option<String>,
}

struct Document {
    number: String,
    kind: DocumentKind,
    date: Option<Date>,
}

/// `RfrdDocAmt`, as printed.
#[derive(Default)]
struct Amounts {
    due: Option<Money>,
    remitted: Option<Money>,
    credit_note: Option<Money>,
    /// Discounts and adjustments in favour of the payer.
    deductions: Vec<Money>,
    reason: Option<String>,
}

/// The amounts of one document, in minor units of the entry.
#[derive(Default)]
struct Minor {
    amount: Option<i64>,
    deduction: Option<i64>,
}

impl<R: Read> CamtReader<'_, R> {
    pub(super) fn remittance(&mut self, detail: &mut RawDetail) -> Result<(), FileError> {
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::USTRD => detail.texts.extend(self.xml.some_text()?),
                n::STRD => {
                    let structured = self.all_kept(|camt| camt.structured(&mut detail.texts))?;
                    detail.structured.push(structured);
                }
                _ => self.xml.skip()?,
            }
        }
        Ok(())
    }

    fn structured(&mut self, texts: &mut Vec<String>) -> Result<Structured, FileError> {
        let mut found = Structured::default();
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::RFRD_DOC_INF => {
                    let document = self.document()?;
                    found.documents.extend(document);
                }
                n::RFRD_DOC_AMT => self.document_amounts(&mut found.amounts)?,
                n::CDTR_REF_INF => {
                    while let Some(tag) = self.xml.child()? {
                        match tag {
                            n::REF | n::CDTR_REF => found.creditor_reference = self.reference()?,
                            _ => self.xml.skip()?,
                        }
                    }
                }
                n::ADDTL_RMT_INF => texts.extend(self.xml.some_text()?),
                _ => self.xml.skip()?,
            }
        }
        Ok(found)
    }

    fn document(&mut self) -> Result<Option<Document>, FileError> {
        let (mut number, mut code, mut date) = (None, None, None);
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::NB => number = self.xml.some_text()?,
                n::TP => code = self.xml.first_text()?,
                n::RLTD_DT => date = self.document_date()?,
                _ => self.xml.skip()?,
            }
        }
        let kind = match code.as_deref() {
            None | Some("CINV" | "MSIN" | "SBIN" | "HIRI") => DocumentKind::Invoice,
            Some("CREN" | "CNFA") => DocumentKind::CreditNote,
            Some(_) => DocumentKind::Other,
        };
        Ok(number.map(|number| Document { number, kind, date }))
    }

    /// `RltdDt`: a day, from version .12 a type and a day.
    fn document_date(&mut self) -> Result<Option<Date>, FileError> {
        let texts = self.xml.joined_texts()?;
        Ok(texts.and_then(|texts| texts.rsplit('/').find_map(Date::parse_iso)))
    }

    fn document_amounts(&mut self, amounts: &mut Amounts) -> Result<(), FileError> {
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::DUE_PYBL_AMT => amounts.due = self.money_or_warn(None)?,
                n::RMTD_AMT => amounts.remitted = self.money_or_warn(None)?,
                n::CDT_NOTE_AMT => amounts.credit_note = self.money_or_warn(None)?,
                n::DSCNT_APLD_AMT => self.discount(amounts)?,
                n::ADJSTMNT => self.adjustment(amounts)?,
                n::RMT_AMT_AND_TP => self.typed_amount(amounts)?,
                _ => self.xml.skip()?,
            }
        }
        Ok(())
    }

    /// `DscntApldAmt`: an amount, from version .03 with a type.
    fn discount(&mut self, amounts: &mut Amounts) -> Result<(), FileError> {
        if super::attribute(self.xml.start(), "Ccy").is_some() {
            let discount = self.money_or_warn(None)?;
            amounts.deductions.extend(discount);
            amounts.reason.get_or_insert_with(|| "DISCOUNT".to_owned());
            return Ok(());
        }
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::AMT => {
                    let discount = self.money_or_warn(None)?;
                    amounts.deductions.extend(discount);
                    amounts.reason.get_or_insert_with(|| "DISCOUNT".to_owned());
                }
                _ => self.xml.skip()?,
            }
        }
        Ok(())
    }

    /// `AdjstmntAmtAndRsn`: a debit adjustment raises what is due, any other lowers it.
    fn adjustment(&mut self, amounts: &mut Amounts) -> Result<(), FileError> {
        let (mut money, mut credit, mut reason, mut info) = (None, None, None, None);
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::AMT => money = self.money_or_warn(None)?,
                n::CDT_DBT_IND => credit = self.credit()?,
                n::RSN => reason = self.xml.first_text()?,
                n::ADDTL_INF => info = self.xml.some_text()?,
                _ => self.xml.skip()?,
            }
        }
        if let Some(mut money) = money {
            if credit == Some(false) {
                money.minor = -money.minor;
            }
            amounts.deductions.push(money);
        }
        amounts.reason = reason.or(info).or(amounts.reason.take());
        Ok(())
    }

    /// `RmtAmtAndTp` of version .12: one list of amounts by the code of what they are.
    fn typed_amount(&mut self, amounts: &mut Amounts) -> Result<(), FileError> {
        let (mut code, mut money) = (None, None);
        while let Some(tag) = self.xml.child()? {
            match tag {
                n::TP => code = self.xml.first_text()?,
                n::AMT => money = self.money_or_warn(None)?,
                _ => self.xml.skip()?,
            }
        }
        match code.as_deref() {
            Some("DUPA") => amounts.due = money,
            Some("REMI") => amounts.remitted = money,
            Some("CREN") => amounts.credit_note = money,
            Some("APDS" | "STDS" | "TMDS") => {
                amounts.deductions.extend(money);
                amounts.reason.get_or_insert_with(|| "DISCOUNT".to_owned());
            }
            _ => {}
        }
        Ok(())
    }
}

impl Structured {
    /// The documents as rows. Amounts are given to a document only if it is plain whose they are:
    /// the only document, or one credit note beside one other.
    pub(super) fn documents(&self, entry: Money) -> Vec<ReferredDocument> {
        let credits = self.credit_notes();
        let shared = self.documents.len() > 1;
        let pair = self.documents.len() == 2 && credits == 1;
        self.documents
            .iter()
            .map(|document| {
                let credit = document.kind == DocumentKind::CreditNote;
                let minor = match (shared, pair, credit) {
                    (false, _, true) => self.amounts.of_credit_note(entry),
                    (false, _, false) => self.amounts.of_invoice(entry),
                    (true, true, true) => self.amounts.of_credit_note_beside(entry),
                    (true, true, false) => self.amounts.of_invoice_beside(entry),
                    (true, false, _) => Minor::default(),
                };
                let deduction = minor.deduction.filter(|&deduction| deduction != 0);
                ReferredDocument {
                    reference: document.number.clone(),
                    kind: document.kind,
                    amount_minor: minor.amount,
                    deduction_minor: deduction,
                    reason: deduction.and(self.amounts.reason.clone()),
                    date: document.date,
                }
            })
            .collect()
    }

    /// The creditor reference as a row of its own, for payments that carry several.
    pub(super) fn reference_row(&self, entry: Money) -> Option<ReferredDocument> {
        let reference = self.creditor_reference.clone()?;
        self.documents.is_empty().then(|| {
            let minor = self.amounts.of_invoice(entry);
            ReferredDocument {
                reference,
                kind: DocumentKind::Other,
                amount_minor: minor.amount,
                deduction_minor: minor.deduction.filter(|&deduction| deduction != 0),
                reason: None,
                date: None,
            }
        })
    }

    fn credit_notes(&self) -> usize {
        let credit = |document: &&Document| document.kind == DocumentKind::CreditNote;
        self.documents.iter().filter(credit).count()
    }
}

impl Amounts {
    /// Paid = remitted, else due less deductions (and less a credit note taken off).
    fn of_invoice(&self, entry: Money) -> Minor {
        let deducted = self.deducted(entry);
        let credit_note = same(self.credit_note, entry).unwrap_or(0);
        match (same(self.remitted, entry), same(self.due, entry)) {
            (Some(paid), Some(due)) => Minor {
                amount: Some(paid),
                deduction: due.checked_sub(paid),
            },
            (Some(paid), None) => Minor {
                amount: Some(paid),
                deduction: deducted,
            },
            (None, Some(due)) => {
                let kept = deducted.and_then(|deducted| deducted.checked_add(credit_note));
                Minor {
                    amount: kept.and_then(|kept| due.checked_sub(kept)),
                    deduction: kept,
                }
            }
            (None, None) => Minor::default(),
        }
    }

    fn of_credit_note(&self, entry: Money) -> Minor {
        let printed = same(self.credit_note, entry)
            .or(same(self.remitted, entry))
            .or(same(self.due, entry));
        Minor {
            amount: printed.map(|minor| -minor.abs()),
            deduction: None,
        }
    }

    fn of_credit_note_beside(&self, entry: Money) -> Minor {
        Minor {
            amount: same(self.credit_note, entry).map(|minor| -minor.abs()),
            deduction: None,
        }
    }

    /// The invoice of a pair: what was remitted is net of the credit note beside it.
    fn of_invoice_beside(&self, entry: Money) -> Minor {
        let Some(credit_note) = same(self.credit_note, entry) else {
            return Minor::default();
        };
        let paid = same(self.remitted, entry).and_then(|net| net.checked_add(credit_note));
        let due = same(self.due, entry);
        Minor {
            amount: paid.or(due),
            deduction: due.zip(paid).and_then(|(due, paid)| due.checked_sub(paid)),
        }
    }

    /// Deductions in the currency of the entry; none if one of them is in another.
    fn deducted(&self, entry: Money) -> Option<i64> {
        self.deductions.iter().try_fold(0_i64, |sum, deduction| {
            same(Some(*deduction), entry).and_then(|minor| sum.checked_add(minor))
        })
    }
}

fn same(money: Option<Money>, entry: Money) -> Option<i64> {
    money
        .filter(|money| money.currency == entry.currency)
        .map(|money| money.minor)
}
