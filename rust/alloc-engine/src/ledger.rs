//! Open items, grouped for the questions that decisions ask.

use alloc_domain::{Currency, Customer, ItemKind, OpenItem};
use rustc_hash::{FxHashMap, FxHashSet};

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

/// Open items by entity, account and class. A position belongs to one item for good: what comes is
/// put at the end, what goes leaves its place empty.
#[derive(Debug)]
pub struct Ledger<'a> {
    /// The items in the order in which they came, also those that are gone.
    pub items: Vec<OpenItem<'a>>,
    /// Every account that has items or is named as a payer of items.
    pub accounts: Vec<Account<'a>>,
    parents: FxHashMap<&'a str, &'a str>,
    entities: FxHashMap<&'a str, u32>,
    account_ids: FxHashMap<(u32, &'a str), u32>,
    positions: FxHashMap<(u32, &'a str), u32>,
    gone: Vec<bool>,
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
        let mut ledger = Self {
            items: Vec::with_capacity(items.len()),
            accounts: Vec::new(),
            parents: parents.collect(),
            entities: FxHashMap::default(),
            account_ids: FxHashMap::default(),
            positions: FxHashMap::default(),
            gone: Vec::with_capacity(items.len()),
            account_of: Vec::with_capacity(items.len()),
            payer_of: Vec::with_capacity(items.len()),
            pools: Vec::new(),
            class_of: Vec::with_capacity(items.len()),
            classes: Vec::new(),
        };
        ledger.check_new(&items, &[])?;
        for item in items {
            let index = ledger.enter(item);
            for account in ledger.payers_of(index) {
                ledger.pools[account as usize].push(index);
            }
        }
        for pool in &mut ledger.pools {
            pool.sort_unstable_by_key(|&index| age(&ledger.items[index as usize]));
        }
        ledger.group_classes();
        Ok(ledger)
    }

    /// Puts items at the end that were checked, and groups them with the others.
    pub(crate) fn add(&mut self, items: Vec<OpenItem<'a>>) {
        for item in items {
            let index = self.enter(item);
            let class = self.class_like(index).unwrap_or_else(|| {
                self.classes.push(Vec::new());
                u32::try_from(self.classes.len() - 1).expect("fewer classes than items")
            });
            self.class_of[index as usize] = class;
            insert_by_age(&self.items, &mut self.classes[class as usize], index);
            for account in self.payers_of(index) {
                insert_by_age(&self.items, &mut self.pools[account as usize], index);
            }
        }
    }

    /// Takes an item out, and says where it was; `None` when it is not there.
    pub(crate) fn remove(&mut self, entity: &str, item_id: &str) -> Option<u32> {
        let index = self.position(entity, item_id)?;
        let entity = self.accounts[self.account_of(index) as usize].entity;
        let item_id = self.items[index as usize].item_id;
        self.positions.remove(&(entity, item_id));
        self.gone[index as usize] = true;
        let class = self.class_of(index);
        remove_by_age(&self.items, &mut self.classes[class as usize], index);
        for account in self.payers_of(index) {
            remove_by_age(&self.items, &mut self.pools[account as usize], index);
        }
        Some(index)
    }

    /// Refuses items whose id is there and not among those that go, or twice among them.
    pub(crate) fn check_new(
        &self,
        items: &[OpenItem<'a>],
        gone: &[(&str, &str)],
    ) -> Result<(), EngineError> {
        let gone: FxHashSet<(&str, &str)> = gone.iter().copied().collect();
        let mut seen = FxHashSet::default();
        for item in items {
            let key = (item.entity, item.item_id);
            let stays = self.position(key.0, key.1).is_some() && !gone.contains(&key);
            if stays || !seen.insert(key) {
                return Err(EngineError::ItemRepeated {
                    entity: item.entity.to_owned(),
                    item_id: item.item_id.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// Gives an item its place and its accounts; pools and classes do not know it yet.
    fn enter(&mut self, item: OpenItem<'a>) -> u32 {
        let index = u32::try_from(self.items.len()).expect("rows are limited");
        let next = u32::try_from(self.entities.len()).expect("fewer entities than items");
        let entity = *self.entities.entry(item.entity).or_insert(next);
        let account = self.account(entity, item.customer_id);
        let payer = item
            .payer_id
            .or_else(|| self.parents.get(item.customer_id).copied())
            .filter(|&payer| payer != item.customer_id)
            .map(|payer| self.account(entity, payer));
        self.positions.insert((entity, item.item_id), index);
        self.gone.push(false);
        self.account_of.push(account);
        self.payer_of.push(payer);
        self.class_of.push(u32::MAX);
        self.items.push(item);
        index
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

    /// The accounts that may pay for an item.
    pub(crate) fn payers_of(&self, index: u32) -> impl Iterator<Item = u32> + use<> {
        std::iter::once(self.account_of(index)).chain(self.payer_of(index))
    }

    /// Walks accounts in order and their items oldest first, so class members are oldest first.
    fn group_classes(&mut self) {
        let mut known: FxHashMap<ClassKey<'a>, u32> = FxHashMap::default();
        for (account, pool) in (0_u32..).zip(&self.pools) {
            for &index in pool {
                if self.account_of[index as usize] != account {
                    continue;
                }
                let key = class_key(account, &self.items[index as usize]);
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

    /// The class of an item that is new, if there is one like it.
    fn class_like(&self, index: u32) -> Option<u32> {
        let (account, item) = (self.account_of(index), self.item(index));
        let key = class_key(account, item);
        let dates = |item: &OpenItem<'a>| (age(item).0, age(item).1);
        let pool = self.pool(account);
        let from = pool.partition_point(|&other| dates(self.item(other)) < dates(item));
        let same_dates = pool[from..]
            .iter()
            .take_while(|&&other| dates(self.item(other)) == dates(item));
        let mut alike = same_dates.filter(|&&other| {
            self.account_of(other) == account && class_key(account, self.item(other)) == key
        });
        alike.next().map(|&other| self.class_of(other))
    }

    /// Where an item of an entity is, while it is open.
    #[must_use]
    pub fn position(&self, entity: &str, item_id: &str) -> Option<u32> {
        let entity = self.entity(entity)?;
        self.positions.get(&(entity, item_id)).copied()
    }

    /// Whether the item at a position was not taken out.
    #[must_use]
    pub fn is_open(&self, index: u32) -> bool {
        !self.gone[index as usize]
    }

    /// Where the items are that were not taken out.
    pub fn open(&self) -> impl Iterator<Item = u32> + '_ {
        let places = (0_u32..).zip(&self.gone);
        places.filter(|&(_, gone)| !gone).map(|(index, _)| index)
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

fn class_key<'a>(account: u32, item: &OpenItem<'a>) -> ClassKey<'a> {
    (
        account,
        item.currency,
        item.open_minor,
        item.reference,
        item.issue_date,
        item.due_date,
    )
}

fn insert_by_age(items: &[OpenItem<'_>], line: &mut Vec<u32>, index: u32) {
    line.insert(place_by_age(items, line, index), index);
}

fn remove_by_age(items: &[OpenItem<'_>], line: &mut Vec<u32>, index: u32) {
    line.remove(place_by_age(items, line, index));
}

/// Where an item is among others oldest first, or would be.
fn place_by_age(items: &[OpenItem<'_>], line: &[u32], index: u32) -> usize {
    let age = |index: u32| age(&items[index as usize]);
    line.partition_point(|&other| age(other) < age(index))
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
