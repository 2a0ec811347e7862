//! One index over every open reference, built once and shared by all payments.
//!
//! Forms are kept as hashes in one sorted array with a table of where each range of hashes begins,
//! and a filter of bits that turns away most of what is no reference: about 20 bytes per form. The
//! forms of items that come later are kept in a second array, a small one; those of items that go
//! stay, and are passed over when they are found.

use std::ops::Range;

use rustc_hash::FxHashMap;

use crate::ledger::Ledger;
use crate::limits::CHANGES_MIN;
use crate::reference::form::{Form, forms, is_form_of};
use crate::text::{Joint, Text};

/// A hash of a form within an entity, taken in byte by byte; collisions are told apart by
/// [`is_form_of`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormHash(u64);

impl FormHash {
    /// The hash of nothing.
    #[must_use]
    pub fn new(entity: u32) -> Self {
        Self(0xcbf2_9ce4_8422_2325 ^ u64::from(entity))
    }

    /// The hash with more bytes at the end.
    #[must_use]
    pub fn with(self, bytes: &[u8]) -> Self {
        let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(bytes.iter().fold(self.0, step))
    }

    /// The tag in the upper half; the lower half picks the bit of the filter.
    fn mixed(self) -> u64 {
        let hash = (self.0 ^ (self.0 >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        hash ^ (hash >> 29)
    }
}

/// A form of a reference that leads to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    tag: u32,
    account: u32,
    item: u32,
}

/// Every form of every open reference.
#[derive(Debug)]
pub struct ReferenceIndex {
    /// Sorted.
    entries: Vec<Entry>,
    /// The entries of items that came later, sorted.
    added: Vec<Entry>,
    /// Where the tags of each bucket begin in `entries`, and the end.
    starts: Vec<u32>,
    /// How far a tag is shifted to give its bucket.
    shift: u32,
    filter: Vec<u64>,
    shapes: Shapes,
    parted_hard: bool,
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

/// Bits of the filter per entry.
const FILTER_BITS_PER_ENTRY: usize = 16;

impl ReferenceIndex {
    /// Indexes the references and other references of all items.
    #[must_use]
    pub fn new(ledger: &Ledger<'_>) -> Self {
        let mut index = Self {
            entries: Vec::new(),
            added: Vec::new(),
            starts: Vec::new(),
            shift: 0,
            filter: Vec::new(),
            shapes: Shapes::NONE,
            parted_hard: false,
            of_account: Vec::new(),
            of_entity: FxHashMap::default(),
        };
        let learnt = index.learn(ledger, 0);
        index.entries = learnt.entries;
        index.entries.sort_unstable();
        index.entries.dedup();
        index.entries.shrink_to_fit();
        index.part();
        let bits = (index.entries.len() + CHANGES_MIN) * FILTER_BITS_PER_ENTRY;
        index.filter = vec![0; (bits / 64).next_power_of_two()];
        index.set(&learnt.bits);
        index
    }

    /// Indexes the items from a position on, which came after the others.
    pub fn add(&mut self, ledger: &Ledger<'_>, first: u32) {
        let mut learnt = self.learn(ledger, first);
        self.added.append(&mut learnt.entries);
        // What was there is in order already: sorting merges the two.
        self.added.sort();
        self.added.dedup();
        self.set(&learnt.bits);
    }

    /// Counts an item no more that the ledger has no more.
    pub fn remove(&mut self, ledger: &Ledger<'_>, index: u32) {
        let item = ledger.item(index);
        let references = item.reference.iter().chain(&item.other_references).count();
        let entity = ledger.accounts[ledger.account_of(index) as usize].entity;
        for account in ledger.payers_of(index) {
            self.of_account[account as usize] -= references;
        }
        if let Some(population) = self.of_entity.get_mut(&entity) {
            *population -= references;
        }
    }

    fn learn(&mut self, ledger: &Ledger<'_>, first: u32) -> Learnt {
        self.of_account.resize(ledger.accounts.len(), 0);
        let items = &ledger.items[first as usize..];
        let mut learnt = Learnt {
            entries: Vec::with_capacity(items.len() * 2),
            bits: Vec::with_capacity(items.len() * 2),
        };
        for (index, item) in (first..).zip(items) {
            let entity = ledger.accounts[ledger.account_of(index) as usize].entity;
            for reference in item.reference.iter().chain(&item.other_references) {
                *self.of_entity.entry(entity).or_default() += 1;
                for account in ledger.payers_of(index) {
                    self.of_account[account as usize] += 1;
                }
                self.parted_hard |= reference.bytes().any(|byte| {
                    byte.is_ascii_punctuation() && !b"-/._#:\\'".contains(&byte) || !byte.is_ascii()
                });
                forms(reference, |_, bytes| {
                    self.shapes.learn(bytes);
                    let (tag, bit) = halves(FormHash::new(entity).with(bytes));
                    learnt.bits.push(bit);
                    for account in ledger.payers_of(index) {
                        learnt.entries.push(Entry {
                            tag,
                            account,
                            item: index,
                        });
                    }
                });
            }
        }
        learnt
    }

    fn part(&mut self) {
        let buckets = self.entries.len().next_power_of_two().clamp(2, 1 << 31);
        self.shift = 32 - buckets.ilog2();
        self.starts = vec![0; buckets + 1];
        for entry in &self.entries {
            self.starts[(entry.tag >> self.shift) as usize + 1] += 1;
        }
        for bucket in 0..buckets {
            self.starts[bucket + 1] += self.starts[bucket];
        }
    }

    fn set(&mut self, bits: &[u32]) {
        for &bit in bits {
            let (word, mask) = self.bit(bit);
            self.filter[word] |= mask;
        }
    }

    fn bit(&self, bit: u32) -> (usize, u64) {
        let bit = bit as usize & (self.filter.len() * 64 - 1);
        (bit / 64, 1 << (bit % 64))
    }

    /// Whether anything may have this form; false is certain.
    #[must_use]
    pub fn may_have(&self, hash: FormHash) -> bool {
        let (_, bit) = halves(hash);
        let (word, mask) = self.bit(bit);
        self.filter[word] & mask != 0
    }

    /// Where the entries stand that share the first bits of a hash.
    pub(crate) fn group(&self, hash: FormHash) -> Range<usize> {
        let (tag, _) = halves(hash);
        let bucket = (tag >> self.shift) as usize;
        self.starts[bucket] as usize..self.starts[bucket + 1] as usize
    }

    /// The entries with a hash and in scope, `group` being where those of its first bits stand.
    pub(crate) fn within(&self, group: Range<usize>, hash: FormHash, scope: Scope) -> Entries<'_> {
        let (tag, _) = halves(hash);
        let (least, most) = match scope {
            Scope::Account(account) => (account, account),
            Scope::Entity => (0, u32::MAX),
        };
        let of = |sorted: &'_ [Entry]| {
            let from = sorted.partition_point(|entry| (entry.tag, entry.account) < (tag, least));
            let to = sorted.partition_point(|entry| (entry.tag, entry.account) <= (tag, most));
            from..to
        };
        let group = &self.entries[group];
        Entries([&group[of(group)], &self.added[of(&self.added)]])
    }

    /// The items of some entries that have these bytes as a form, with the fullest such form.
    ///
    /// Entries are found by hash: those of other forms and of other entities are neither named nor
    /// counted.
    ///
    /// * `most` — with more items than this, there is none
    pub(crate) fn named(
        ledger: &Ledger<'_>,
        entity: u32,
        entries: Entries<'_>,
        bytes: &[u8],
        most: usize,
    ) -> impl Iterator<Item = (u32, Form)> {
        let open = entries.0.into_iter().flatten();
        let open = open.filter(|entry| ledger.is_open(entry.item));
        let named = open.clone().filter_map(move |entry| {
            if ledger.accounts[entry.account as usize].entity != entity {
                return None;
            }
            let item = ledger.item(entry.item);
            let references = item.reference.iter().chain(&item.other_references);
            let forms = references.filter_map(|reference| is_form_of(reference, bytes));
            Some((entry.item, forms.min()?))
        });
        let is_few = open.clone().nth(most).is_none() || named.clone().nth(most).is_none();
        named.take(if is_few { most } else { 0 })
    }

    /// Every open item that has these bytes as a form and lies in scope; an item that two accounts
    /// may pay comes twice within [`Scope::Entity`].
    ///
    /// * `most` — with more items than this, there is none
    pub fn find(
        &self,
        ledger: &Ledger<'_>,
        (entity, scope): (u32, Scope),
        bytes: &[u8],
        most: usize,
    ) -> impl Iterator<Item = (u32, Form)> {
        let hash = FormHash::new(entity).with(bytes);
        let entries = self.within(self.group(hash), hash, scope);
        Self::named(ledger, entity, entries, bytes, most)
    }

    /// How many references are searched in this scope.
    #[must_use]
    pub fn population(&self, entity: u32, scope: Scope) -> usize {
        match scope {
            Scope::Account(account) => self.of_account[account as usize],
            Scope::Entity => self.of_entity.get(&entity).copied().unwrap_or(0),
        }
    }

    /// Bytes of the longest form.
    #[must_use]
    pub fn form_bytes_max(&self) -> usize {
        self.shapes.longest
    }

    /// Whether a form may begin with this atom; false is certain.
    pub(crate) fn may_begin(&self, atom: &[u8]) -> bool {
        self.shapes.may_begin(atom)
    }

    /// Whether a form has so many bytes.
    pub(crate) fn may_be_long(&self, bytes: usize) -> bool {
        self.shapes.may_be_long(bytes)
    }

    /// Whether some reference has a comma, a bracket or the like inside.
    #[must_use]
    pub fn is_parted_hard(&self) -> bool {
        self.parted_hard
    }

    /// Bytes the index takes.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        (self.entries.capacity() + self.added.capacity()) * size_of::<Entry>()
            + self.starts.capacity() * size_of::<u32>()
            + self.filter.capacity() * size_of::<u64>()
            + self.of_account.capacity() * size_of::<usize>()
    }
}

/// The entries with one hash in one scope, also of items that are gone: of what was there first by
/// account and position, then of what came later.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entries<'i>([&'i [Entry]; 2]);

/// What the forms of some items come to.
struct Learnt {
    entries: Vec<Entry>,
    bits: Vec<u32>,
}

/// What all forms have in common: most of a text is told from them by its first two characters and
/// its length, without a look at the memory.
#[derive(Debug)]
struct Shapes {
    /// A bit per second character of a form, for each first one.
    beginnings: [u64; 36],
    /// A bit per length.
    lengths: u128,
    longest: usize,
}

impl Shapes {
    const NONE: Self = Self {
        beginnings: [0; 36],
        lengths: 0,
        longest: 0,
    };

    fn learn(&mut self, form: &[u8]) {
        if let [first, second, ..] = form {
            self.beginnings[place(*first)] |= 1 << place(*second);
        }
        self.lengths |= 1 << form.len().min(127);
        self.longest = self.longest.max(form.len());
    }

    /// The zeros that an atom begins with may be left out.
    fn may_begin(&self, atom: &[u8]) -> bool {
        match atom {
            [first, second, ..] if *first != b'0' => {
                self.beginnings[place(*first)] >> place(*second) & 1 == 1
            }
            _ => true,
        }
    }

    fn may_be_long(&self, bytes: usize) -> bool {
        self.lengths >> bytes.min(127) & 1 == 1
    }
}

/// The place of a folded character among all of them.
fn place(folded: u8) -> usize {
    usize::from(if folded.is_ascii_digit() {
        folded - b'0'
    } else {
        folded - b'A' + 10
    })
}

/// The tag of a hash, and the number of its bit.
fn halves(hash: FormHash) -> (u32, u32) {
    let mixed = hash.mixed();
    let half = |half: u64| u32::try_from(half & u64::from(u32::MAX)).expect("32 bits");
    (half(mixed >> 32), half(mixed))
}

/// How far from the end of a text its hard separators stand, nearest first.
pub(crate) fn hard_joints(text: &Text, first: usize, last: usize) -> Vec<u32> {
    let end = text.atoms[last].end;
    let inside = text.atoms[first..=last].iter().skip(1).rev();
    inside
        .filter(|atom| atom.joint == Joint::Hard)
        .map(|atom| end - atom.start)
        .collect()
}
