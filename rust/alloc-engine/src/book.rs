//! Open items kept ready between calls, with all that decisions ask about them.

use alloc_domain::{Customer, Observed, OpenItem, PastAllocation};

use crate::error::EngineError;
use crate::habit::Habits;
use crate::ledger::Ledger;
use crate::left::Taken;
use crate::limits::{CHANGES_MIN, CHANGES_SHARE, ROWS_MAX};
use crate::model::Amounts;
use crate::payer::{Payers, check_customers};
use crate::reference::index::ReferenceIndex;

/// Open items, indexed once: payments may be decided on them again and again while items come and
/// go. After any changes it decides as one that is made of the items that remain.
#[derive(Debug)]
pub struct Book<'a> {
    pub(crate) ledger: Ledger<'a>,
    pub(crate) index: ReferenceIndex,
    pub(crate) amounts: Amounts,
    pub(crate) payers: Payers<'a>,
    pub(crate) habits: Habits<'a>,
    made_of: usize,
    changes: usize,
}

/// What is known beside the open items.
#[derive(Clone, Debug, Default)]
pub struct Known<'a> {
    /// Who may pay.
    pub customers: Vec<Customer<'a>>,
    /// What was confirmed before.
    pub history: Vec<PastAllocation<'a>>,
    /// What payers were observed to choose.
    pub habits: Vec<Observed<'a>>,
}

impl<'a> Book<'a> {
    /// Groups and indexes open items.
    ///
    /// # Errors
    /// [`EngineError`]: ids are repeated, or a table has too many rows.
    pub fn new(items: Vec<OpenItem<'a>>, known: Known<'a>) -> Result<Self, EngineError> {
        check_rows(&[
            ("open_items", items.len()),
            ("customers", known.customers.len()),
            ("history", known.history.len()),
            ("habits", known.habits.len()),
        ])?;
        check_customers(&known.customers)?;
        let ledger = Ledger::new(items, &known.customers)?;
        Ok(Self {
            index: ReferenceIndex::new(&ledger),
            amounts: Amounts::default(),
            payers: Payers::new(known.customers, known.history),
            habits: Habits::new(&known.habits),
            made_of: ledger.items.len(),
            changes: 0,
            ledger,
        })
    }

    /// Takes items out and adds others, all or nothing; an amount that changed is an item that goes
    /// and comes.
    ///
    /// * `gone` — entity and id; those that are not there are passed over
    ///
    /// # Errors
    /// [`EngineError`]: an id that comes is there and does not go, or comes twice, or they are too
    /// many.
    pub fn change(
        &mut self,
        gone: &[(&str, &str)],
        come: Vec<OpenItem<'a>>,
    ) -> Result<(), EngineError> {
        let first = self.ledger.items.len();
        check_rows(&[("open_items", first + come.len())])?;
        self.ledger.check_new(&come, gone)?;
        for (entity, item_id) in gone {
            if let Some(index) = self.ledger.remove(entity, item_id) {
                self.index.remove(&self.ledger, index);
                self.amounts.remove(&self.ledger, index);
                self.changes += 1;
            }
        }
        self.changes += come.len();
        self.ledger.add(come);
        let new = u32::try_from(first).expect("rows are limited")..;
        self.index.add(&self.ledger, new.start);
        for (index, _) in new.zip(&self.ledger.items[first..]) {
            self.amounts.add(&self.ledger, index);
        }
        Ok(())
    }

    /// Whether so many items came and went that a new book would answer faster.
    #[must_use]
    pub fn is_worn(&self) -> bool {
        self.changes > (self.made_of / CHANGES_SHARE).max(CHANGES_MIN)
    }

    /// Every item that was ever in it, by position.
    #[must_use]
    pub fn items(&self) -> &[OpenItem<'a>] {
        &self.ledger.items
    }

    /// Notes that a part of an item is taken, as far as it is open; an item that is not there is
    /// passed over.
    pub fn take(&self, taken: &mut Taken, entity: &str, item_id: &str, minor: i64) {
        let Some(index) = self.ledger.position(entity, item_id) else {
            return;
        };
        let open = self.ledger.item(index).open_minor;
        let known = taken.entry(index).or_default();
        let sum = known.saturating_add(minor);
        *known = sum.clamp(open.min(0), open.max(0));
    }
}

/// Refuses tables with more rows than positions can name.
pub(crate) fn check_rows(tables: &[(&'static str, usize)]) -> Result<(), EngineError> {
    match tables.iter().find(|&&(_, rows)| rows > ROWS_MAX) {
        Some(&(table, rows)) => Err(EngineError::RowsOverLimit {
            table,
            rows,
            limit: ROWS_MAX,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
