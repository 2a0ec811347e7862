//! The open items of a call, grouped for the questions that decisions ask.

use alloc_domain::{Currency, Customer, ItemKind, OpenItem};
use rustc_hash::FxHashMap;

use crate::error::EngineError;

/// A customer's account in one entity.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// Position of the entity.
    pub entity: u32,
    /// Whose account.
    pub customer_id: &'a str,
}

/// Items that nothing tells apart: choosing the oldest among them is policy, not ambiguity.
type ClassKey<'a> = (
    u32,
    Currency,
    i64,
    Option<&'a str>,
    Option<i32>,
    Option<i32>,
);

/// Open items by entity, account and class. Positions are those of the call.
#[derive(Debug)]
pub struct Ledger<'a> {
    /// The items as handed in.
    pub items: Vec<OpenItem<'a>>,
    /// Every account that has items or is named as a payer of items.
    pub accounts: Vec<Account<'a>>,
    entities: FxHashMap<&'a str, u32>,
    account_ids: FxHashMap<(u32, &'a str), u32>,
    account_of: Vec<u32>,
    payer_of: Vec<Option<u32>>,
    pools: Vec<Vec<u32>>,
    class_of: Vec<u32>,
    classes: Vec<Vec<u32>>,
}

impl<'a> Ledger<'a> {
    /// Groups the items.
    ///
    /// * `customers` — a parent may pay its children's items that name no payer of their own
    ///
    /// # Errors
    /// [`EngineError::ItemRepeated`]: two items of one entity share their id.
    pub fn new(items: Vec<OpenItem<'a>>, customers: &[Customer<'a>]) -> Result<Self, EngineError> {
        let parents = customers
            .iter()
            .filter_map(|customer| Some((customer.customer_id, customer.parent_id?)));
        let parents: FxHashMap<&str, &'a str> = parents.collect();
        let mut ledger = Self {
            items: Vec::new(),
            accounts: Vec::new(),
            entities: FxHashMap::default(),
            account_ids: FxHashMap::default(),
            account_of: Vec::with_capacity(items.len()),
            payer_of: Vec::with_capacity(items.len()),
            pools: Vec::new(),
            class_of: vec![0; items.len()],
            classes: Vec::new(),
        };
        let mut seen = FxHashMap::default();
        for (index, item) in (0_u32..).zip(&items) {
            let next = u32::try_from(ledger.entities.len()).expect("fewer entities than items");
            let entity = *ledger.entities.entry(item.entity).or_insert(next);
            if seen.insert((entity, item.item_id), index).is_some() {
                return Err(EngineError::ItemRepeated {
                    entity: item.entity.to_owned(),
                    item_id: item.item_id.to_owned(),
                });
            }
            let account = ledger.account(entity, item.customer_id);
            let parent = || parents.get(item.customer_id).copied();
            let payer = item
                .payer_id
                .or_else(parent)
                .filter(|&payer| payer != item.customer_id)
                .map(|payer| ledger.account(entity, payer));
            ledger.account_of.push(account);
            ledger.payer_of.push(payer);
            ledger.pools[account as usize].push(index);
            if let Some(payer) = payer {
                ledger.pools[payer as usize].push(index);
            }
        }
        for pool in &mut ledger.pools {
            pool.sort_unstable_by_key(|&index| age(&items[index as usize]));
        }
        ledger.items = items;
        ledger.group_classes();
        Ok(ledger)
    }

    fn account(&mut self, entity: u32, customer_id: &'a str) -> u32 {
        let next = u32::try_from(self.accounts.len()).expect("at most two accounts per item");
        let account = *self
            .account_ids
            .entry((entity, customer_id))
            .or_insert(next);
        if account == next {
            self.accounts.push(Account {
                entity,
                customer_id,
            });
            self.pools.push(Vec::new());
        }
        account
    }

    /// Walks accounts in order and their items oldest first, so class members are oldest first.
    fn group_classes(&mut self) {
        let mut known: FxHashMap<ClassKey<'a>, u32> = FxHashMap::default();
        for (account, pool) in (0_u32..).zip(&self.pools) {
            for &index in pool {
                if self.account_of[index as usize] != account {
                    continue;
                }
                let item = &self.items[index as usize];
                let key = (
                    account,
                    item.currency,
                    item.open_minor,
                    item.reference,
                    item.issue_date,
                    item.due_date,
                );
                let next = u32::try_from(self.classes.len()).expect("fewer classes than items");
                let class = *known.entry(key).or_insert(next);
                if class == next {
                    self.classes.push(Vec::new());
                }
                self.classes[class as usize].push(index);
                self.class_of[index as usize] = class;
            }
        }
    }

    /// The item at a position.
    #[must_use]
    pub fn item(&self, index: u32) -> &OpenItem<'a> {
        &self.items[index as usize]
    }

    /// The position of an entity that has items.
    #[must_use]
    pub fn entity(&self, name: &str) -> Option<u32> {
        self.entities.get(name).copied()
    }

    /// A customer's account in an entity, if it has items or pays for some.
    #[must_use]
    pub fn find_account(&self, entity: u32, customer_id: &str) -> Option<u32> {
        self.account_ids.get(&(entity, customer_id)).copied()
    }

    /// The account an item stands on.
    #[must_use]
    pub fn account_of(&self, index: u32) -> u32 {
        self.account_of[index as usize]
    }

    /// The account that pays for an item, where that is another one.
    #[must_use]
    pub fn payer_of(&self, index: u32) -> Option<u32> {
        self.payer_of[index as usize]
    }

    /// What an account may pay, oldest first: its own items and those it is named the payer of.
    #[must_use]
    pub fn pool(&self, account: u32) -> &[u32] {
        &self.pools[account as usize]
    }

    /// The class of an item.
    #[must_use]
    pub fn class_of(&self, index: u32) -> u32 {
        self.class_of[index as usize]
    }

    /// The members of a class, oldest first.
    #[must_use]
    pub fn class(&self, class: u32) -> &[u32] {
        &self.classes[class as usize]
    }
}

/// Oldest first: due date, issue date and number, items without come last. Numbers of one series
/// ascend with time; a longer one is a later one.
#[must_use]
pub fn by_number<'a>(item: &OpenItem<'a>) -> (i32, i32, usize, &'a str) {
    let date = |date: Option<i32>| date.unwrap_or(i32::MAX);
    let reference = item.reference.unwrap_or_default();
    (
        date(item.due_date),
        date(item.issue_date),
        reference.len(),
        reference,
    )
}

/// Whether a payment that names nothing may be for an item: it is owed, and issued by then.
#[must_use]
pub fn may_be_paid(item: &OpenItem<'_>, value_date: i32) -> bool {
    !matches!(item.kind, ItemKind::Payable | ItemKind::Proforma)
        && item.issue_date.is_none_or(|issued| issued <= value_date)
}

/// Oldest first: due date, then issue date, then id; items without a date come last.
#[must_use]
pub fn age<'a>(item: &OpenItem<'a>) -> (i32, i32, &'a str) {
    (
        item.due_date.unwrap_or(i32::MAX),
        item.issue_date.unwrap_or(i32::MAX),
        item.item_id,
    )
}
