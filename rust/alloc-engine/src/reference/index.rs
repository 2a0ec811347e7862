//! One index over every open reference of the call, built once and shared by all payments.

use rustc_hash::FxHashMap;

use crate::ledger::Ledger;
use crate::reference::form::{form_hash, forms, is_form_of};

/// A form of a reference that leads to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    hash: u64,
    account: u32,
    item: u32,
}

/// Every form of every open reference, sorted by hash and account.
#[derive(Debug)]
pub struct ReferenceIndex {
    entries: Vec<Entry>,
    starts: FxHashMap<u64, (u32, u32)>,
    of_account: Vec<usize>,
    of_entity: FxHashMap<u32, usize>,
}

/// Which items a search may find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those that one account may pay.
    Account(u32),
    /// Those of a whole entity.
    Entity,
}

impl ReferenceIndex {
    /// Indexes the references and other references of all items.
    #[must_use]
    pub fn new(ledger: &Ledger<'_, '_>) -> Self {
        let mut entries = Vec::with_capacity(ledger.items.len() * 2);
        let mut of_account = vec![0; ledger.accounts.len()];
        let mut of_entity = FxHashMap::default();
        for (index, item) in (0_u32..).zip(ledger.items) {
            let account = ledger.account_of(index);
            let entity = ledger.accounts[account as usize].entity;
            for reference in item.reference.iter().chain(&item.other_references) {
                *of_entity.entry(entity).or_default() += 1;
                of_account[account as usize] += 1;
                if let Some(payer) = ledger.payer_of(index) {
                    of_account[payer as usize] += 1;
                }
                forms(reference, |_, bytes| {
                    let hash = form_hash(entity, bytes);
                    let mut push = |account| {
                        entries.push(Entry {
                            hash,
                            account,
                            item: index,
                        });
                    };
                    push(account);
                    if let Some(payer) = ledger.payer_of(index) {
                        push(payer);
                    }
                });
            }
        }
        entries.sort_unstable();
        entries.dedup();
        let starts = group(&entries);
        Self {
            entries,
            starts,
            of_account,
            of_entity,
        }
    }

    /// How many references are searched in this scope.
    #[must_use]
    pub fn population(&self, entity: u32, scope: Scope) -> usize {
        match scope {
            Scope::Account(account) => self.of_account[account as usize],
            Scope::Entity => self.of_entity.get(&entity).copied().unwrap_or(0),
        }
    }

    /// Calls `visit` with every item that has these bytes as a form and lies in scope, by account
    /// and position; an item that two accounts may pay comes twice within [`Scope::Entity`].
    pub fn find(
        &self,
        ledger: &Ledger<'_, '_>,
        entity: u32,
        scope: Scope,
        bytes: &[u8],
        mut visit: impl FnMut(u32, super::form::Form),
    ) {
        let hash = form_hash(entity, bytes);
        let Some(&(first, count)) = self.starts.get(&hash) else {
            return;
        };
        let mut group = &self.entries[first as usize..(first + count) as usize];
        if let Scope::Account(account) = scope {
            let from = group.partition_point(|entry| entry.account < account);
            let to = group.partition_point(|entry| entry.account <= account);
            group = &group[from..to];
        }
        for entry in group {
            let item = ledger.item(entry.item);
            let form = item
                .reference
                .iter()
                .chain(&item.other_references)
                .filter_map(|reference| is_form_of(reference, bytes))
                .min();
            if let Some(form) = form {
                visit(entry.item, form);
            }
        }
    }

    /// How many items this hash leads to in scope, without looking at them.
    #[must_use]
    pub fn count(&self, entity: u32, scope: Scope, bytes: &[u8]) -> usize {
        let Some(&(first, count)) = self.starts.get(&form_hash(entity, bytes)) else {
            return 0;
        };
        let Scope::Account(account) = scope else {
            return count as usize;
        };
        let group = &self.entries[first as usize..(first + count) as usize];
        let from = group.partition_point(|entry| entry.account < account);
        let to = group.partition_point(|entry| entry.account <= account);
        to - from
    }
}

fn group(entries: &[Entry]) -> FxHashMap<u64, (u32, u32)> {
    let mut starts = FxHashMap::default();
    starts.reserve(entries.len());
    let mut first = 0;
    for run in entries.chunk_by(|left, right| left.hash == right.hash) {
        let count = u32::try_from(run.len()).expect("rows are limited");
        starts.insert(run[0].hash, (first, count));
        first += count;
    }
    starts
}
