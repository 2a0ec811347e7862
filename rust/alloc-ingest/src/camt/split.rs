//! One entry, shared out over its transactions so that nothing is lost.
//!
//! A single transaction has the amount of the entry. Several have their own amounts if these add
//! up to the entry, before or after the charges of each; charges of the entry as a whole then make
//! a row of their own. Otherwise nobody can say who paid what: the entry is one row with the texts
//! and references of all.

use alloc_domain::bank::{DocumentKind, EntryDetail, Money, ReferredDocument};

use super::details::{Party, RawDetail};
use super::entry::RawEntry;
use super::raw::add;

/// Longest text of an entry that each of its transactions repeats, bytes; a longer one stands with
/// the first.
const REPEATED_MAX: usize = 1_000;

/// A warning that goes with a split: code and message.
type Remark = Option<(&'static str, String)>;

/// Rows of an entry; their amounts add up to `money`.
pub(super) fn split(raw: &RawEntry, money: Money, account: &str) -> (Vec<EntryDetail>, Remark) {
    let rows = |details: &[RawDetail]| -> Vec<EntryDetail> {
        details
            .iter()
            .enumerate()
            .map(|(index, detail)| {
                let shared = Shared::of(raw, index);
                let mut row = row(raw, &shared, detail, (money, account));
                if index == 0
                    && let Some(lines) = &raw.raw
                {
                    // What the entry says beside its transactions stands in front of the first.
                    let own = row.raw.take();
                    row.raw =
                        Some(own.map_or_else(|| lines.clone(), |own| format!("{lines}\n{own}")));
                }
                row
            })
            .collect()
    };
    match raw.details.as_slice() {
        [] => (vec![bare_row(raw, money)], None),
        [detail] => {
            let Some(mut only) = rows(std::slice::from_ref(detail)).pop() else {
                return (vec![bare_row(raw, money)], None);
            };
            only.amount_minor = money.minor;
            only.charges_minor = only.charges_minor.or_else(|| raw.charges.minor(money));
            only.original = original(detail, money);
            (vec![only], None)
        }
        details => several(raw, money, rows(details)),
    }
}

fn several(raw: &RawEntry, money: Money, mut rows: Vec<EntryDetail>) -> (Vec<EntryDetail>, Remark) {
    let Some((amounts, charged)) = shares(raw, money) else {
        let message = format!(
            "the amounts of {} transactions do not add up to the entry; it is one row",
            rows.len()
        );
        return (vec![merge(rows, money)], Some(("DETAILS_MERGED", message)));
    };
    for ((row, detail), amount) in rows.iter_mut().zip(&raw.details).zip(amounts) {
        row.amount_minor = amount;
        let share = Money {
            minor: amount,
            currency: money.currency,
        };
        row.original = original(detail, share);
    }
    rows.extend(charged.map(|minor| charges_row(raw, minor)));
    (rows, None)
}

/// The signed amount of each transaction, and what is left as charges of the whole entry.
fn shares(raw: &RawEntry, money: Money) -> Option<(Vec<i64>, Option<i64>)> {
    let sources: [fn(&RawDetail) -> Option<Money>; 3] = [
        |detail| detail.amount,
        |detail| detail.transaction_amount,
        |detail| {
            detail
                .amount
                .or(detail.transaction_amount)
                .or(detail.instructed)
        },
    ];
    for source in sources {
        let Some(gross) = signed(raw, money, source) else {
            continue;
        };
        if total(&gross) == Some(money.minor) {
            return Some((gross, None));
        }
        if let Some(net) = net_of_charges(raw, money, &gross)
            && total(&net) == Some(money.minor)
        {
            return Some((net, None));
        }
        if let Some(charged) = raw.charges.minor(money).filter(|charged| *charged != 0)
            && total(&gross).and_then(|sum| sum.checked_sub(charged)) == Some(money.minor)
        {
            return Some((gross, Some(-charged)));
        }
    }
    None
}

fn signed(
    raw: &RawEntry,
    money: Money,
    source: fn(&RawDetail) -> Option<Money>,
) -> Option<Vec<i64>> {
    raw.details
        .iter()
        .map(|detail| {
            let amount = source(detail).filter(|amount| amount.currency == money.currency)?;
            let credit = detail.credit.or(raw.credit)?;
            Some(if credit { amount.minor } else { -amount.minor })
        })
        .collect()
}

fn net_of_charges(raw: &RawEntry, money: Money, gross: &[i64]) -> Option<Vec<i64>> {
    raw.details
        .iter()
        .zip(gross)
        .map(|(detail, amount)| amount.checked_sub(detail.charges.minor(money).unwrap_or(0)))
        .collect()
}

fn total(amounts: &[i64]) -> Option<i64> {
    amounts
        .iter()
        .try_fold(0_i64, |sum, &amount| sum.checked_add(amount))
}

/// The row of an entry that has no transactions: what the bank says about it is all there is.
fn bare_row(raw: &RawEntry, money: Money) -> EntryDetail {
    EntryDetail {
        amount_minor: money.minor,
        transaction_code: raw.code.clone(),
        remittance_text: raw.additional.iter().cloned().collect(),
        charges_minor: raw.charges.minor(money),
        additional_info: raw.additional.clone(),
        raw: raw.raw.clone(),
        ..EntryDetail::default()
    }
}

fn charges_row(raw: &RawEntry, minor: i64) -> EntryDetail {
    EntryDetail {
        amount_minor: minor,
        transaction_code: raw.code.clone(),
        additional_info: Some("charges of the batch".to_owned()),
        ..EntryDetail::default()
    }
}

/// What an entry says for all of its transactions.
struct Shared<'r> {
    code: Option<&'r str>,
    additional: Option<&'r str>,
}

impl<'r> Shared<'r> {
    fn of(raw: &'r RawEntry, index: usize) -> Self {
        let repeated = |text: &&str| index == 0 || text.len() <= REPEATED_MAX;
        Self {
            code: raw.code.as_deref().filter(repeated),
            additional: raw.additional.as_deref().filter(repeated),
        }
    }
}

fn row(
    raw: &RawEntry,
    shared: &Shared<'_>,
    detail: &RawDetail,
    (money, account): (Money, &str),
) -> EntryDetail {
    let (creditor_reference, references) = references(detail, money);
    let counterparty = counterparty(raw, detail, account);
    let mut remittance_text = detail.texts.clone();
    if remittance_text.is_empty() && detail.structured.is_empty() {
        let text = detail.additional.as_deref().or(shared.additional);
        remittance_text.extend(text.map(str::to_owned));
    }
    let infos = [shared.additional, detail.additional.as_deref()];
    let infos: Vec<&str> = infos.into_iter().flatten().collect();
    EntryDetail {
        amount_minor: 0,
        transaction_code: detail.code.as_deref().or(shared.code).map(str::to_owned),
        end_to_end_id: detail.end_to_end_id.clone(),
        creditor_reference,
        mandate_id: detail.mandate_id.clone(),
        counterparty_name: counterparty.name.clone(),
        counterparty_iban: counterparty.account.clone(),
        ultimate_name: counterparty.ultimate.clone(),
        remittance_text,
        charges_minor: detail.charges.minor(money),
        original: None,
        return_reason: detail.return_reason.clone(),
        additional_info: (!infos.is_empty()).then(|| infos.join("\n")),
        references,
        raw: unused(detail, &counterparty),
    }
}

/// What is not decoded, and what was but has no column: the other party, a second reference.
fn unused(detail: &RawDetail, counterparty: &Party) -> Option<String> {
    let mut raw = detail.raw.clone();
    add(
        &mut raw,
        "Refs/AcctSvcrRef",
        detail.bank_reference.as_deref(),
    );
    for (party, names) in [
        (&detail.debtor, ["Dbtr/Nm", "DbtrAcct/Id", "UltmtDbtr/Nm"]),
        (&detail.creditor, ["Cdtr/Nm", "CdtrAcct/Id", "UltmtCdtr/Nm"]),
    ] {
        if party != counterparty {
            let values = [&party.name, &party.account, &party.ultimate];
            for (name, value) in names.into_iter().zip(values) {
                add(&mut raw, &format!("RltdPties/{name}"), value.as_deref());
            }
        }
    }
    raw
}

/// The other side: the debtor of a credit, the creditor of a debit. Returned and reversed
/// transactions keep the roles of the original, so there it is the other way round. Never the
/// owner of the account.
fn counterparty(raw: &RawEntry, detail: &RawDetail, account: &str) -> Party {
    let credit = detail.credit.or(raw.credit).unwrap_or(true);
    let undone = raw.reversal || detail.return_reason.is_some();
    let (first, second) = if credit == undone {
        (&detail.creditor, &detail.debtor)
    } else {
        (&detail.debtor, &detail.creditor)
    };
    let is_owner = |party: &Party| !account.is_empty() && party.account.as_deref() == Some(account);
    let better = is_owner(first) || (first.is_unknown() && !second.is_unknown());
    if undone && better && !is_owner(second) {
        return second.clone();
    }
    if is_owner(first) && !second.is_unknown() {
        return second.clone();
    }
    first.clone()
}

/// The creditor reference, and the documents; several creditor references become rows.
fn references(detail: &RawDetail, money: Money) -> (Option<String>, Vec<ReferredDocument>) {
    let mut found: Vec<ReferredDocument> = Vec::new();
    let named = detail
        .structured
        .iter()
        .filter(|one| one.creditor_reference.is_some());
    let several = named.count() > 1;
    for structured in &detail.structured {
        found.extend(structured.documents(money));
        if several {
            found.extend(structured.reference_row(money));
        }
    }
    let first = detail
        .structured
        .iter()
        .find_map(|one| one.creditor_reference.clone());
    (first, found)
}

/// The amount before conversion or charges, where it says more than the row does.
fn original(detail: &RawDetail, share: Money) -> Option<Money> {
    [detail.instructed, detail.transaction_amount, detail.amount]
        .into_iter()
        .flatten()
        .find(|money| money.currency != share.currency || money.minor != share.minor.abs())
}

/// One row out of all: what they agree on, and every text and reference.
fn merge(rows: Vec<EntryDetail>, money: Money) -> EntryDetail {
    let agreed = |field: fn(&EntryDetail) -> &Option<String>| {
        let first = field(&rows[0]);
        let all = rows.iter().all(|row| field(row) == first);
        first.clone().filter(|_| all)
    };
    let mut merged = EntryDetail {
        amount_minor: money.minor,
        transaction_code: agreed(|row| &row.transaction_code),
        end_to_end_id: agreed(|row| &row.end_to_end_id),
        creditor_reference: agreed(|row| &row.creditor_reference),
        mandate_id: agreed(|row| &row.mandate_id),
        counterparty_name: agreed(|row| &row.counterparty_name),
        counterparty_iban: agreed(|row| &row.counterparty_iban),
        ultimate_name: agreed(|row| &row.ultimate_name),
        return_reason: agreed(|row| &row.return_reason),
        additional_info: agreed(|row| &row.additional_info),
        ..EntryDetail::default()
    };
    let (no_id, no_reference) = (
        merged.end_to_end_id.is_none(),
        merged.creditor_reference.is_none(),
    );
    for (number, row) in (1..).zip(rows) {
        keep_of_merged(&mut merged, number, &row);
        let id = row.end_to_end_id.filter(|_| no_id);
        let name = row
            .counterparty_name
            .filter(|_| merged.counterparty_name.is_none());
        merged.remittance_text.extend(name.into_iter().chain(id));
        merged.remittance_text.extend(row.remittance_text);
        let reference = row.creditor_reference.filter(|_| no_reference);
        merged
            .references
            .extend(reference.map(|reference| ReferredDocument {
                reference,
                kind: DocumentKind::Other,
                amount_minor: None,
                deduction_minor: None,
                reason: None,
                date: None,
            }));
        merged.references.extend(row.references);
    }
    merged
}

/// What a merged row cannot say of its transaction `number`.
fn keep_of_merged(merged: &mut EntryDetail, number: usize, row: &EntryDetail) {
    let agreed = [
        merged.transaction_code.is_some(),
        merged.mandate_id.is_some(),
        merged.counterparty_iban.is_some(),
        merged.ultimate_name.is_some(),
        merged.return_reason.is_some(),
        merged.additional_info.is_some(),
    ];
    let fields = [
        ("transaction_code", &row.transaction_code),
        ("mandate_id", &row.mandate_id),
        ("counterparty_iban", &row.counterparty_iban),
        ("ultimate_name", &row.ultimate_name),
        ("return_reason", &row.return_reason),
        ("additional_info", &row.additional_info),
    ];
    for ((name, value), agreed) in fields.into_iter().zip(agreed) {
        if !agreed {
            let value = value.as_deref().map(|text| text.replace('\n', "\\n"));
            add(
                &mut merged.raw,
                &format!("TxDtls[{number}]/{name}"),
                value.as_deref(),
            );
        }
    }
    for line in row.raw.iter().flat_map(|raw| raw.lines()) {
        let (path, value) = line.split_once('=').unwrap_or((line, ""));
        add(
            &mut merged.raw,
            &format!("TxDtls[{number}]/{path}"),
            Some(value),
        );
    }
}
