//! Clearing: allocations become balanced journal entries, residuals and lettering groups.
//!
//! One entry per payment. Conservation: `amount + Σ adjustments = Σ allocated + rest`, and the
//! rest goes on account of the payer or, when nobody is known, to suspense.

mod error;
mod letters;

use std::borrow::Cow;

use alloc_domain::clearing::{
    Adjustment, Allocation, Drafts, Granularity, ItemResidual, NewItem, Payment,
};
use alloc_domain::{Currency, EntryHeader, EntryKind, Foreign, JournalEntry, Posting};
use rustc_hash::FxHashMap;

pub use error::{ClearError, LINES_MAX};
use letters::Letters;

/// The role of an adjustment that puts money on account of a customer.
const ROLE_ON_ACCOUNT: &str = "on_account";
/// The role of an adjustment that parks money.
const ROLE_SUSPENSE: &str = "suspense";

/// Drafts the journal entries of a batch of payments, in the order of `payments`.
///
/// * `payments` — cash received, minor units, >= 0; unique `payment_id`
/// * `allocations` — what each payment settles on each item; the order within a payment decides
///   the order of postings and members
/// * `adjustments` — deductions (debit > 0) and other lines beside the items
///
/// Exact: every entry balances; per payment cash and adjustments equal the allocated amounts and
/// the rest; per item `residual = open − Σ allocated`. A payment without any net posting (credit
/// notes against invoices, no cash) makes lettering only, no entry.
///
/// # Errors
/// [`ClearError`]: the first offending row in input order.
pub fn draft_entries<'a>(
    payments: &[Payment<'a>],
    allocations: &[Allocation<'a>],
    adjustments: &[Adjustment<'a>],
) -> Result<Drafts<'a>, ClearError> {
    let rows = payments.len() + allocations.len() + adjustments.len();
    if rows > LINES_MAX {
        return Err(ClearError::TooManyLines { rows });
    }
    let index = index_payments(payments)?;
    let parts = rows_of(&index, allocations.iter().map(|row| row.payment_id))
        .map_err(|id| ClearError::payment_unknown("allocations", id))?;
    let lines = rows_of(&index, adjustments.iter().map(|row| row.payment_id))
        .map_err(|id| ClearError::payment_unknown("adjustments", id))?;
    let mut drafting = Drafting::default();
    for (payment_index, payment) in payments.iter().enumerate() {
        let mut parts: Vec<Allocation<'a>> = parts[payment_index]
            .iter()
            .map(|&row| allocations[row].clone())
            .collect();
        check_payment(payment, &parts)?;
        if payment.kind == EntryKind::Release {
            name_released_item(payment, &mut parts);
        }
        let lines = lines[payment_index].iter().map(|&row| &adjustments[row]);
        drafting.payment(payment, &parts, lines)?;
    }
    drafting.finish()
}

/// Positions of the payments by their id.
fn index_payments<'a>(payments: &[Payment<'a>]) -> Result<FxHashMap<&'a str, usize>, ClearError> {
    let mut index = FxHashMap::default();
    index.reserve(payments.len());
    for (position, payment) in payments.iter().enumerate() {
        if index.insert(payment.payment_id, position).is_some() {
            return Err(ClearError::PaymentTwice {
                payment_id: payment.payment_id.to_owned(),
            });
        }
    }
    Ok(index)
}

/// The row numbers that belong to each payment, in input order; the first unknown id is an error.
fn rows_of<'a>(
    index: &FxHashMap<&'a str, usize>,
    ids: impl Iterator<Item = &'a str>,
) -> Result<Vec<Vec<usize>>, &'a str> {
    let mut rows = vec![Vec::new(); index.len()];
    for (row, id) in ids.enumerate() {
        rows[*index.get(id).ok_or(id)?].push(row);
    }
    Ok(rows)
}

/// What must hold of a payment before its entry is drafted.
fn check_payment(payment: &Payment<'_>, parts: &[Allocation<'_>]) -> Result<(), ClearError> {
    let payment_id = || payment.payment_id.to_owned();
    if payment.amount_minor < 0 {
        return Err(ClearError::AmountNegative {
            payment_id: payment_id(),
            amount_minor: payment.amount_minor,
        });
    }
    match payment.kind {
        EntryKind::Suspense if !parts.is_empty() || payment.customer_id.is_some() => {
            Err(ClearError::SuspenseKnown {
                payment_id: payment_id(),
            })
        }
        EntryKind::Reversal => Err(ClearError::KindInvalid {
            payment_id: payment_id(),
        }),
        _ => Ok(()),
    }
}

/// A release clears the parked item: one named among the allocations, else the payment's as a whole.
fn name_released_item<'a>(payment: &Payment<'a>, parts: &mut Vec<Allocation<'a>>) {
    let named = |part: &Allocation<'_>| {
        part.customer_id.is_none() && part.account == payment.source_account
    };
    if !parts.iter().any(named) {
        let parked = Allocation {
            payment_id: payment.payment_id,
            item_id: payment.source_item_id.map_or_else(
                || format!("{}-SU", payment.item_prefix).into(),
                Cow::Borrowed,
            ),
            entity: None,
            customer_id: None,
            account: payment.source_account,
            allocated_minor: -payment.amount_minor,
            foreign: None, // Money is parked in the currency of the books.
            open_minor: -payment.amount_minor,
            letter_group: None,
            group_open_minor: None,
        };
        parts.insert(0, parked);
    }
}

/// The state of a batch while its payments are drafted one after another.
#[derive(Default)]
struct Drafting<'a> {
    entries: Vec<JournalEntry<'a>>,
    new_items: Vec<NewItem<'a>>,
    residuals: Vec<ItemResidual<'a>>,
    letters: Letters<'a>,
}

/// The postings of one payment while they are gathered.
struct Lines<'p, 'a> {
    payment: &'p Payment<'a>,
    postings: Vec<Posting<'a>>,
    new_items: Vec<NewItem<'a>>,
    /// Cash and adjustments less allocations, minor units: what is left of the money.
    rest: i128,
    /// The same in the payment's other currency.
    foreign_rest: i128,
}

impl<'a> Drafting<'a> {
    /// Drafts one payment: source, debit adjustments, items, credit adjustments, rest.
    fn payment<'l>(
        &mut self,
        payment: &Payment<'a>,
        parts: &[Allocation<'a>],
        adjustments: impl Iterator<Item = &'l Adjustment<'a>>,
    ) -> Result<(), ClearError>
    where
        'a: 'l,
    {
        let mut lines = Lines::new(payment);
        let (debits, credits): (Vec<_>, Vec<_>) =
            adjustments.partition(|line| line.amount_minor > 0);
        let is_release = payment.kind == EntryKind::Release;
        if !is_release {
            lines.post(
                payment.source_account,
                None,
                i128::from(payment.amount_minor),
                None,
            )?;
            lines.posted_in(payment.foreign);
        }
        let cash = if is_release { 0 } else { payment.amount_minor };
        lines.take(cash, payment.foreign);
        let is_source = |part: &&Allocation<'a>| {
            is_release && part.customer_id.is_none() && part.account == payment.source_account
        };
        let draft_index = self.entries.len();
        let first_residual = self.residuals.len();
        self.groups(&mut lines, parts.iter().filter(is_source))?;
        lines.adjust(&debits)?;
        self.groups(&mut lines, parts.iter().filter(|part| !is_source(part)))?;
        lines.adjust(&credits)?;
        lines.post_rest()?;
        if lines.postings.is_empty() {
            return Ok(()); // Lettering without an entry: items that cancel each other.
        }
        for residual in &mut self.residuals[first_residual..] {
            residual.draft_index = Some(draft_index);
        }
        for mut item in lines.new_items {
            item.draft_index = draft_index;
            self.new_items.push(item);
        }
        self.entries
            .push(JournalEntry::new(header(payment), lines.postings)?);
        Ok(())
    }

    /// One posting per lettering group: what is settled for good apart from what stays open.
    fn groups<'l>(
        &mut self,
        lines: &mut Lines<'_, 'a>,
        parts: impl Iterator<Item = &'l Allocation<'a>>,
    ) -> Result<(), ClearError>
    where
        'a: 'l,
    {
        let payment = lines.payment;
        let mut groups: Vec<Vec<(usize, &Allocation<'a>)>> = Vec::new();
        let mut positions = FxHashMap::default();
        for part in parts {
            let used = self.letters.allocate(payment, part)?;
            self.residuals.push(ItemResidual {
                draft_index: None,
                payment_id: payment.payment_id,
                entity: payment.entity,
                item_id: part.item_id.clone(),
                customer_id: part.customer_id,
                account: part.account,
                allocated_minor: part.allocated_minor,
                foreign: part.foreign,
                residual_minor: used.residual_minor,
            });
            let position = match payment.granularity {
                Granularity::PerDocument => groups.len(),
                Granularity::PerGroup => *positions
                    .entry((place(part), used.is_cleared()))
                    .or_insert(groups.len()),
            };
            if position == groups.len() {
                groups.push(Vec::new());
            }
            groups[position].push((used.node, part));
        }
        if payment.granularity == Granularity::PerGroup {
            join_odd_parts(&mut groups);
        }
        for group in groups {
            let node = self.letters.join(group.iter().map(|&(node, _)| node));
            let total: i128 = group
                .iter()
                .map(|(_, part)| i128::from(part.allocated_minor))
                .sum();
            let (_, first) = group[0];
            let foreign = sum_foreign(payment, group.iter().map(|&(_, part)| part.foreign))?;
            lines.take_group(-total, foreign);
            lines.post(first.account, first.customer_id, -total, Some(node))?;
            lines.posted_in(foreign);
        }
        Ok(())
    }

    /// Resolves the lettering groups of the whole batch.
    fn finish(mut self) -> Result<Drafts<'a>, ClearError> {
        let (letters, letter_members, rename) = self.letters.resolve()?;
        for entry in &mut self.entries {
            entry.rename_letters(|node| rename[node]);
        }
        Ok(Drafts {
            entries: self.entries,
            new_items: self.new_items,
            residuals: self.residuals,
            letters,
            letter_members,
        })
    }
}

/// What one posting may stand for: account, customer, and the other currency of its items.
type Place<'a> = (&'a str, Option<&'a str>, Option<Currency>);

fn place<'a>(part: &Allocation<'a>) -> Place<'a> {
    let currency = part.foreign.map(|foreign| foreign.currency);
    (part.account, part.customer_id, currency)
}

/// The other-currency amount of a posting, credit for what is settled; none when there is none.
fn sum_foreign(
    payment: &Payment<'_>,
    parts: impl Iterator<Item = Option<Foreign>>,
) -> Result<Option<Foreign>, ClearError> {
    let mut sum: Option<(Currency, i128)> = None;
    for part in parts.flatten() {
        let (_, total) = sum.get_or_insert((part.currency, 0));
        *total -= i128::from(part.minor);
    }
    sum.map(|(currency, total)| to_foreign(payment, currency, total))
        .transpose()
}

fn to_foreign(
    payment: &Payment<'_>,
    currency: Currency,
    minor: i128,
) -> Result<Foreign, ClearError> {
    let minor = i64::try_from(minor).map_err(|_| ClearError::AmountTooLarge {
        payment_id: payment.payment_id.to_owned(),
    })?;
    Ok(Foreign { currency, minor })
}

/// Settled items get their own posting unless it would point against that of the items which stay
/// open: credit notes are never posted as a debit beside a larger credit of the same payment.
fn join_odd_parts(groups: &mut Vec<Vec<(usize, &Allocation<'_>)>>) {
    let total = |group: &Vec<(usize, &Allocation<'_>)>| -> i128 {
        group
            .iter()
            .map(|(_, part)| i128::from(part.allocated_minor))
            .sum()
    };
    let mut later = 1;
    while later < groups.len() {
        let key = place(groups[later][0].1);
        let earlier = groups[..later]
            .iter()
            .position(|group| place(group[0].1) == key);
        match earlier {
            Some(earlier)
                if total(&groups[earlier]).signum() * total(&groups[later]).signum() == -1 =>
            {
                let moved = groups.remove(later);
                groups[earlier].extend(moved);
            }
            _ => later += 1,
        }
    }
}

fn header<'a>(payment: &Payment<'a>) -> EntryHeader<'a> {
    EntryHeader {
        payment_id: Some(payment.payment_id),
        entity: payment.entity,
        journal: payment.journal,
        kind: payment.kind,
        posting_date: payment.posting_date,
        fiscal_year: payment.fiscal_year,
        piece_date: payment.piece_date,
        piece_ref: payment.piece_ref,
        label: payment.label.into(),
        currency: payment.currency,
        reverses_seq: None,
    }
}

impl<'p, 'a> Lines<'p, 'a> {
    fn new(payment: &'p Payment<'a>) -> Self {
        Self {
            payment,
            postings: Vec::new(),
            new_items: Vec::new(),
            rest: 0,
            foreign_rest: 0,
        }
    }

    /// Adds money to what is left.
    fn take(&mut self, amount_minor: i64, foreign: Option<Foreign>) {
        self.take_group(i128::from(amount_minor), foreign);
    }

    /// Adds a sum to what is left; items in a third currency do not touch the payment's.
    fn take_group(&mut self, amount: i128, foreign: Option<Foreign>) {
        self.rest += amount;
        if let (Some(own), Some(foreign)) = (self.payment.foreign, foreign)
            && own.currency == foreign.currency
        {
            self.foreign_rest += i128::from(foreign.minor);
        }
    }

    /// Says what the last posting is in another currency.
    fn posted_in(&mut self, foreign: Option<Foreign>) {
        if let Some(posting) = self.postings.last_mut() {
            posting.foreign = foreign;
        }
    }

    /// Adds a posting with the label of the payment; nothing when the amount is zero.
    fn post(
        &mut self,
        account: &'a str,
        customer_id: Option<&'a str>,
        amount: i128,
        letter: Option<usize>,
    ) -> Result<(), ClearError> {
        if amount == 0 {
            return Ok(());
        }
        let amount_minor = i64::try_from(amount).map_err(|_| ClearError::AmountTooLarge {
            payment_id: self.payment.payment_id.to_owned(),
        })?;
        self.postings.push(Posting {
            account,
            customer_id,
            label: self.payment.label.into(),
            amount_minor,
            currency: self.payment.currency,
            foreign: None,
            letter,
            item_id: None,
            reverses_line_no: None,
        });
        Ok(())
    }

    /// Adds the given adjustments; those that create an open item say so.
    fn adjust(&mut self, adjustments: &[&Adjustment<'a>]) -> Result<(), ClearError> {
        for line in adjustments {
            if line.amount_minor == 0 {
                return Err(ClearError::AdjustmentZero {
                    payment_id: self.payment.payment_id.to_owned(),
                    role: line.role.to_owned(),
                });
            }
            self.take(line.amount_minor, line.foreign);
            let suffix = match line.role {
                ROLE_ON_ACCOUNT => Some("OA"),
                ROLE_SUSPENSE => Some("SU"),
                _ => None,
            };
            let item_id = match (line.new_item_id, suffix) {
                (Some(item_id), _) => Some(item_id.into()),
                (None, Some(suffix)) => Some(self.next_item_id(suffix)),
                (None, None) => None,
            };
            self.post(
                line.account,
                line.customer_id,
                line.amount_minor.into(),
                None,
            )?;
            let posting = self
                .postings
                .last_mut()
                .expect("an amount that is not zero");
            if let Some(label) = line.label {
                posting.label = label.into();
            }
            if let Some(item_id) = item_id {
                posting.foreign = line.foreign;
                self.open_item(item_id, line.role);
            }
        }
        Ok(())
    }

    /// Puts what is left of the money on account of the payer, or in suspense.
    fn post_rest(&mut self) -> Result<(), ClearError> {
        let payment = self.payment;
        if self.rest < 0 {
            return Err(ClearError::AllocatedExceedsCash {
                payment_id: payment.payment_id.to_owned(),
                excess_minor: -self.rest,
            });
        }
        if self.rest == 0 {
            return Ok(());
        }
        let rest = std::mem::take(&mut self.rest);
        let foreign = match payment.foreign {
            Some(foreign) if self.foreign_rest != 0 => {
                Some(to_foreign(payment, foreign.currency, -self.foreign_rest)?)
            }
            _ => None,
        };
        if let Some(customer_id) = payment.customer_id {
            self.post(payment.customer_account, Some(customer_id), -rest, None)?;
            self.posted_in(foreign);
            let item_id = self.next_item_id("OA");
            self.open_item(item_id, ROLE_ON_ACCOUNT);
        } else if payment.kind == EntryKind::Release {
            return Err(ClearError::ReleaseUnknown {
                payment_id: payment.payment_id.to_owned(),
                rest_minor: rest,
            });
        } else {
            self.post(payment.suspense_account, None, -rest, None)?;
            self.posted_in(foreign);
            let item_id = self.next_item_id("SU");
            self.open_item(item_id, ROLE_SUSPENSE);
        }
        Ok(())
    }

    /// `<prefix>-OA`, then `<prefix>-OA2` and so on within one payment.
    fn next_item_id(&self, suffix: &str) -> Cow<'a, str> {
        let first = format!("{}-{suffix}", self.payment.item_prefix);
        let mut id = first.clone();
        let mut count = 1;
        while self.new_items.iter().any(|item| item.item_id == id) {
            count += 1;
            id = format!("{first}{count}");
        }
        id.into()
    }

    /// Records that the last posting creates an open item.
    fn open_item(&mut self, item_id: Cow<'a, str>, kind: &'a str) {
        let posting = self.postings.last_mut().expect("the posting of the item");
        posting.item_id = Some(item_id.clone());
        self.new_items.push(NewItem {
            draft_index: 0,
            item_id,
            entity: self.payment.entity,
            customer_id: posting.customer_id,
            account: posting.account,
            kind,
            currency: self.payment.currency,
            open_minor: posting.amount_minor,
            foreign: posting.foreign,
            issue_date: self.payment.piece_date,
            reference: self.payment.piece_ref,
        });
    }
}

#[cfg(test)]
mod tests;
