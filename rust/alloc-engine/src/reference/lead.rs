//! Where a text may name something: windows of atoms whose spelling the index may have.
//!
//! All windows of a text are looked up together, one step for all of them at a time. Most of the
//! time of reading against a large ledger is waiting for memory, and so it waits for many places
//! at once.

use std::borrow::Cow;
use std::ops::Range;

use crate::limits::{ATOMS_PER_REFERENCE_MAX, ITEMS_PER_TOKEN_MAX};
use crate::reference::form::{Form, Zeros, spell};
use crate::reference::index::{Entries, FormHash, ReferenceIndex};
use crate::reference::label::glued_labels;
use crate::reference::scan::Search;
use crate::text::{Joint, Text};

/// A window of atoms in one spelling, before it is looked up.
#[derive(Clone, Copy, Debug)]
struct Window {
    first: usize,
    skip: usize,
    last: usize,
    zeros: Zeros,
    hash: FormHash,
}

/// A window that the index may have, and what it names.
#[derive(Debug)]
pub(crate) struct Lead<'t> {
    /// First atom.
    pub first: usize,
    /// Bytes of the first atom that are left out: a label.
    pub skip: usize,
    /// Last atom.
    pub last: usize,
    /// The window without separators, and perhaps without some zeros.
    pub spelled: Cow<'t, [u8]>,
    named: Range<usize>,
}

/// The leads of a text and what they name.
#[derive(Debug)]
pub(crate) struct Leads<'t> {
    leads: Vec<Lead<'t>>,
    named: Vec<(u32, Form)>,
}

impl<'t> Leads<'t> {
    /// Every window of the text that may name something, by its first atom.
    pub fn of(search: &Search<'_, '_>, text: &'t Text) -> Self {
        let index = search.index;
        let mut windows = windows(search, text);
        let known: Vec<bool> = windows.iter().map(|at| index.may_have(at.hash)).collect();
        let mut known = known.into_iter();
        windows.retain(|at| known.next() == Some(true) && !is_inside(text, at.last));
        let groups = windows.iter().map(|at| index.group(at.hash));
        let groups: Vec<Range<usize>> = groups.collect();
        let entries = windows.iter().zip(groups);
        let entries = entries.map(|(at, group)| index.within(group, at.hash, search.scope));
        let entries: Vec<Entries<'_>> = entries.collect();
        let mut named = Vec::new();
        let leads = windows.iter().zip(entries).map(|(at, entries)| {
            let spelled = spelled(text, at);
            let from = named.len();
            let most = ITEMS_PER_TOKEN_MAX;
            named.extend(ReferenceIndex::named(
                search.ledger,
                search.entity,
                entries,
                &spelled,
                most,
            ));
            Lead {
                first: at.first,
                skip: at.skip,
                last: at.last,
                spelled,
                named: from..named.len(),
            }
        });
        let leads = leads.collect();
        Self { leads, named }
    }

    /// The leads that begin with one atom, atom by atom: without a label first, and each label's
    /// by their last atom.
    pub fn by_first(&self) -> impl Iterator<Item = &[Lead<'t>]> {
        self.leads.chunk_by(|one, other| one.first == other.first)
    }

    /// The items that have a lead's spelling as a form; one with two payers comes twice.
    pub fn named(&self, lead: &Lead<'_>) -> &[(u32, Form)] {
        &self.named[lead.named.clone()]
    }
}

/// Every window of the text that is like a form in its beginning and length.
fn windows(search: &Search<'_, '_>, text: &Text) -> Vec<Window> {
    let mut windows = Vec::with_capacity(text.atoms.len());
    for first in 0..text.atoms.len() {
        push_windows(search, text, (first, 0), &mut windows);
        if !text.atoms[first].digits {
            for skip in glued_labels(text.atom(first)) {
                push_windows(search, text, (first, skip), &mut windows);
            }
        }
    }
    windows
}

fn push_windows(
    search: &Search<'_, '_>,
    text: &Text,
    (first, skip): (usize, usize),
    windows: &mut Vec<Window>,
) {
    let index = search.index;
    if !index.may_begin(&text.atom(first)[skip..]) {
        return;
    }
    let mut spellings = Spellings::new(search.entity);
    let end = text.atoms.len().min(first + ATOMS_PER_REFERENCE_MAX);
    for last in first..end {
        let hard = last > first && text.atoms[last].joint == Joint::Hard;
        if hard && !index.is_parted_hard() {
            break;
        }
        let cut = if last == first { skip } else { 0 };
        spellings.take(&text.atom(last)[cut..], text.atoms[last].digits);
        if spellings.bytes_min() > index.form_bytes_max() {
            break;
        }
        let mut before = None;
        for (zeros, spelling) in spellings.all() {
            if before != Some(spelling) && index.may_be_long(spelling.bytes) {
                windows.push(Window {
                    first,
                    skip,
                    last,
                    zeros,
                    hash: spelling.hash,
                });
            }
            before = Some(spelling);
        }
    }
}

fn spelled<'t>(text: &'t Text, at: &Window) -> Cow<'t, [u8]> {
    if at.zeros == Zeros::Kept {
        return Cow::Borrowed(&text.window(at.first, at.last)[at.skip..]);
    }
    let mut bytes = Vec::new();
    spell(text, (at.first, at.skip), at.last, at.zeros, &mut bytes);
    Cow::Owned(bytes)
}

/// Letters and then digits follow at once: the number is the beginning of a longer one.
fn is_inside(text: &Text, last: usize) -> bool {
    text.atoms.get(last + 1..last + 3).is_some_and(|next| {
        next.iter()
            .all(|atom| atom.joint == Joint::Glued && text.atoms[last].digits)
    })
}

/// One spelling of a growing window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spelling {
    hash: FormHash,
    bytes: usize,
}

impl Spelling {
    fn take(&mut self, bytes: &[u8]) {
        self.hash = self.hash.with(bytes);
        self.bytes += bytes.len();
    }
}

/// A growing window in all its spellings.
struct Spellings {
    kept: Spelling,
    first_dropped: Spelling,
    all_dropped: Spelling,
    /// Whether the second spelling still leaves out zeros.
    leading: bool,
}

impl Spellings {
    fn new(entity: u32) -> Self {
        let empty = Spelling {
            hash: FormHash::new(entity),
            bytes: 0,
        };
        Self {
            kept: empty,
            first_dropped: empty,
            all_dropped: empty,
            leading: true,
        }
    }

    /// Takes in the next atom, in step with [`spell`].
    fn take(&mut self, atom: &[u8], digits: bool) {
        let zeros = if digits {
            atom.iter().take_while(|&&byte| byte == b'0').count()
        } else {
            0
        };
        let same = zeros == 0 && self.all_dropped == self.kept;
        self.kept.take(atom);
        if same {
            self.first_dropped = self.kept;
            self.all_dropped = self.kept;
        } else {
            let bare = &atom[zeros..];
            self.all_dropped.take(bare);
            let first = if digits && self.leading { bare } else { atom };
            self.first_dropped.take(first);
        }
        self.leading = self.leading && (!digits || zeros == atom.len());
    }

    /// Bytes of the shortest spelling.
    fn bytes_min(&self) -> usize {
        self.all_dropped.bytes
    }

    fn all(&self) -> [(Zeros, Spelling); 3] {
        [
            (Zeros::Kept, self.kept),
            (Zeros::FirstDropped, self.first_dropped),
            (Zeros::AllDropped, self.all_dropped),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Ledger;
    use crate::reference::index::Scope;
    use alloc_domain::{Currency, ItemKind, OpenItem};
    use proptest::prelude::*;

    fn item(reference: &str) -> OpenItem<'_> {
        OpenItem {
            item_id: reference,
            entity: "E",
            customer_id: "C",
            payer_id: None,
            reference: Some(reference),
            other_references: Vec::new(),
            kind: ItemKind::Invoice,
            currency: Currency::EUR,
            open_minor: 100,
            issue_date: None,
            due_date: None,
            discount: None,
            disputed: false,
        }
    }

    /// A window, its bytes and what they name.
    type Found = (usize, usize, usize, Vec<u8>, Vec<(u32, Form)>);

    /// Every window in every spelling, looked up one by one.
    fn naive(search: &Search<'_, '_>, text: &Text) -> Vec<Found> {
        let mut found = Vec::new();
        for first in 0..text.atoms.len() {
            let word = text.atom(first);
            for skip in std::iter::once(0).chain(glued_labels(word)) {
                let end = text.atoms.len().min(first + ATOMS_PER_REFERENCE_MAX);
                for last in first..end {
                    let hard = last > first && text.atoms[last].joint == Joint::Hard;
                    if hard && !search.index.is_parted_hard() {
                        break;
                    }
                    for zeros in [Zeros::Kept, Zeros::FirstDropped, Zeros::AllDropped] {
                        let mut bytes = Vec::new();
                        spell(text, (first, skip), last, zeros, &mut bytes);
                        let scope = (search.entity, search.scope);
                        let named = search.index.find(search.ledger, scope, &bytes, 64);
                        let named: Vec<(u32, Form)> = named.collect();
                        let one = (first, skip, last, bytes.clone(), named);
                        let known = found.last() == Some(&one);
                        if !one.4.is_empty() && !known && !is_inside(text, last) {
                            found.push(one);
                        }
                    }
                }
            }
        }
        found
    }

    proptest! {
        #[test]
        fn no_window_that_names_something_is_passed_over(
            references in prop::collection::btree_set("(INV|FA|X)?[-/ ,]?0{0,2}[12]{2,4}(-0?[12])?", 1..12),
            text in prop::collection::vec("(FACT|FA|INV|X|)0{0,2}[12]{1,4}[-/ ,]?", 1..10),
        ) {
            let references: Vec<String> = references.into_iter().collect();
            let items: Vec<OpenItem<'_>> = references.iter().map(|text| item(text)).collect();
            let ledger = Ledger::new(items, &[]).expect("ids are unique");
            let index = ReferenceIndex::new(&ledger);
            let search = Search {
                ledger: &ledger,
                index: &index,
                entity: 0,
                scope: Scope::Entity,
                amount_minor: 1,
                payable: &|_| true,
            };
            let text = Text::of(&text.concat());
            let leads = Leads::of(&search, &text);
            let found = leads.leads.iter().map(|lead| {
                let named = leads.named(lead).to_vec();
                (lead.first, lead.skip, lead.last, lead.spelled.to_vec(), named)
            });
            let found: Vec<Found> = found.filter(|one| !one.4.is_empty()).collect();
            prop_assert_eq!(found, naive(&search, &text));
        }
    }
}
