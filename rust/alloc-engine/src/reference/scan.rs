//! One pass over a text: every open reference that it names.

use alloc_domain::{Evidence, EvidenceSet};

use crate::ledger::Ledger;
use crate::limits::{ITEMS_PER_TOKEN_MAX, RANGE_MAX};
use crate::reference::decoy::{is_amount, is_date, is_in_date};
use crate::reference::form::{Form, TRIMMED_DIGITS_MIN, digits};
use crate::reference::index::{ReferenceIndex, Scope, hard_joints};
use crate::reference::label::is_label;
use crate::reference::lead::{Lead, Leads};
use crate::reference::list::{parse, range_end, suffixes};
use crate::reference::surprise::{DOUBT_MILLINATS, Reading, Width, surprise_millinats};
use crate::text::{Joint, Text};

/// How surely a token means an item, the surest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strength {
    /// One slip away, or its last digits only.
    Near,
    /// A short number, one that looks like a date or the amount, one of a list.
    Weak,
    /// The number without its prefix.
    Trimmed,
    /// The reference, or an advice line whose amount agrees too.
    Strong,
}

/// An item that a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The item.
    pub item: u32,
    /// How surely.
    pub strength: Strength,
    /// What was seen.
    pub evidence: EvidenceSet,
    /// How many items the same token names; 1 when it names this one alone.
    pub sharers: usize,
    /// The logarithm of one over the number of references that the token would name by accident,
    /// less the price of its reading; thousandths, at least 0. Sharers divide it among them.
    pub surprise_millinats: i64,
}

/// What a search looks in.
pub struct Search<'s, 'a> {
    /// The items.
    pub ledger: &'s Ledger<'a>,
    /// Their references.
    pub index: &'s ReferenceIndex,
    /// The entity of the payment.
    pub entity: u32,
    /// Whose items.
    pub scope: Scope,
    /// What the payment amounts to: a number of these digits is the amount, not a reference.
    pub amount_minor: i64,
    /// Whether an item may be paid at all: open, and in the payment's currency.
    pub payable: &'s (dyn Fn(u32) -> bool + Sync),
}

impl Search<'_, '_> {
    /// The surprise of a token that was read in some way, among the references in scope.
    #[must_use]
    pub fn surprise(&self, reading: Reading, token: &[u8]) -> i64 {
        surprise_millinats(reading, self.population(), Width::of(token))
    }

    /// How many references are searched.
    #[must_use]
    pub fn population(&self) -> usize {
        self.index.population(self.entity, self.scope)
    }
}

/// Hits and where they stand.
#[derive(Debug, Default)]
pub struct Findings {
    /// In the order of the text; an item may come more than once.
    pub hits: Vec<Hit>,
    /// Where something was named, in the order of the text.
    pub places: Vec<Named>,
}

/// A place in a text that names something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Named {
    /// First atom.
    pub first: usize,
    /// Last atom.
    pub last: usize,
    /// How surely.
    pub strength: Strength,
    /// The item that it names alone.
    pub item: Option<u32>,
}

impl Findings {
    /// Sets a flag for each atom that named something.
    ///
    /// * `at_least` — how surely it must have
    pub fn mark(&self, at_least: Strength, read: &mut [bool]) {
        for place in &self.places {
            if place.strength >= at_least {
                read[place.first..=place.last].fill(true);
            }
        }
    }
}

/// A token that names items.
struct Token<'t> {
    first: usize,
    last: usize,
    form: Form,
    spelled: &'t [u8],
    items: Vec<u32>,
}

/// Finds every reference that the text names: at each place the longest one.
#[must_use]
pub fn scan(search: &Search<'_, '_>, text: &Text) -> Findings {
    let mut findings = Findings::default();
    let leads = Leads::of(search, text);
    let mut next = 0;
    for here in leads.by_first() {
        if here[0].first < next {
            continue;
        }
        if let Some(token) = longest(search, text, &leads, here) {
            next = take(search, text, &token, &mut findings) + 1;
        }
    }
    findings
}

/// Takes in a token and the list that may follow it; returns the last atom used.
fn take(search: &Search<'_, '_>, text: &Text, token: &Token<'_>, findings: &mut Findings) -> usize {
    let doubtful = is_doubtful(search, text, token);
    let strength = if doubtful {
        Strength::Weak
    } else {
        strength_of(token)
    };
    let piece = if token.form.is_trimmed() || token.form == Form::ZerosDropped {
        Evidence::ReferenceTrimmed
    } else {
        Evidence::ReferencePrinted
    };
    let sharers = token.items.len();
    let mut surprise = search.surprise(reading_of(token.form), token.spelled);
    if doubtful {
        surprise = (surprise - DOUBT_MILLINATS).max(0);
    }
    findings.hits.extend(token.items.iter().map(|&item| Hit {
        item,
        strength,
        evidence: EvidenceSet::EMPTY.with(piece),
        sharers,
        surprise_millinats: surprise,
    }));
    let before = findings.hits.len();
    let end = follow_list(search, text, token, &mut findings.hits);
    let listed = &mut findings.hits[before..];
    let surest = surest_in_list(listed.len(), range_width(text, token, end));
    for hit in listed {
        hit.strength = strength.min(surest);
    }
    let alone = sharers == 1 && end == token.last;
    findings.places.push(Named {
        first: token.first,
        last: end,
        strength,
        item: alone.then(|| token.items[0]),
    });
    end
}

/// The longest token that begins with one atom, perhaps after a label that is glued to it.
///
/// * `here` — the leads that begin with that atom
fn longest<'t>(
    search: &Search<'_, '_>,
    text: &Text,
    leads: &Leads<'_>,
    here: &'t [Lead<'_>],
) -> Option<Token<'t>> {
    let mut after_labels = here.chunk_by(|one, other| one.skip == other.skip);
    after_labels.find_map(|here| {
        let mut windows = here.chunk_by(|one, other| one.last == other.last).rev();
        windows.find_map(|spellings| {
            let tokens = spellings.iter();
            let tokens = tokens.filter_map(|lead| token_of(search, text, leads, lead));
            tokens.min_by_key(|token| token.form)
        })
    })
}

/// What a lead names that may be paid.
fn token_of<'t>(
    search: &Search<'_, '_>,
    text: &Text,
    leads: &Leads<'_>,
    lead: &'t Lead<'_>,
) -> Option<Token<'t>> {
    let (form, mut items) = fullest(search, leads.named(lead).iter().copied())?;
    if form.is_trimmed() && is_in_date(text, lead.first, lead.last) {
        return None;
    }
    let hard = hard_joints(text, lead.first, lead.last);
    if !hard.is_empty() {
        items.retain(|&item| is_parted(search, item, &hard));
    }
    (!items.is_empty()).then_some(Token {
        first: lead.first,
        last: lead.last,
        form,
        spelled: &lead.spelled,
        items,
    })
}

/// Whether an item's reference has hard separators where the text has them, from the end.
fn is_parted(search: &Search<'_, '_>, item: u32, hard: &[u32]) -> bool {
    let item = search.ledger.item(item);
    let mut references = item.reference.iter().chain(&item.other_references);
    references.any(|reference| {
        let text = Text::of(reference);
        let last = text.atoms.len().checked_sub(1);
        last.is_some_and(|last| hard_joints(&text, 0, last).starts_with(hard))
    })
}

/// The payable items with these bytes as their fullest form.
pub(crate) fn look_up(search: &Search<'_, '_>, spelled: &[u8]) -> Option<(Form, Vec<u32>)> {
    let scope = (search.entity, search.scope);
    let most = ITEMS_PER_TOKEN_MAX;
    let named = search.index.find(search.ledger, scope, spelled, most);
    fullest(search, named)
}

/// Of what is named the payable items of the fullest form, each once.
fn fullest(
    search: &Search<'_, '_>,
    named: impl Iterator<Item = (u32, Form)>,
) -> Option<(Form, Vec<u32>)> {
    let mut best = Form::PrefixAndZerosDropped;
    let mut items = Vec::new();
    for (item, form) in named {
        if form > best || !(search.payable)(item) {
            continue;
        }
        if form < best {
            items.clear();
            best = form;
        }
        if !items.contains(&item) {
            items.push(item);
        }
    }
    (!items.is_empty()).then_some((best, items))
}

fn strength_of(token: &Token<'_>) -> Strength {
    let digits = digits(token.spelled);
    let width = token.spelled.len();
    if token.form.is_trimmed() {
        if digits >= TRIMMED_DIGITS_MIN {
            Strength::Trimmed
        } else {
            Strength::Weak
        }
    } else if digits >= 5 || (digits >= 3 && width >= 5) || (digits >= 1 && width >= 8) {
        Strength::Strong
    } else {
        Strength::Weak
    }
}

/// Whether a token may well be something else than a reference, or a part of another one.
fn is_doubtful(search: &Search<'_, '_>, text: &Text, token: &Token<'_>) -> bool {
    let &Token { first, last, .. } = token;
    is_date(text, first, last)
        || is_amount(search.amount_minor, text, first, last)
        || is_cut_out(text, first, last)
        || (token.form.is_trimmed() && has_foreign_prefix(text, first))
}

pub(crate) fn reading_of(form: Form) -> Reading {
    match form {
        Form::Printed => Reading::Printed,
        Form::ZerosDropped => Reading::ZerosDropped,
        Form::PrefixDropped | Form::PrefixAndZerosDropped => Reading::PrefixDropped,
    }
}

/// A part of something longer: letters follow at once, or short groups of digits stand beside it.
fn is_cut_out(text: &Text, first: usize, last: usize) -> bool {
    let group = |index: usize| text.atoms[index].digits && text.atoms[index].width() < 5;
    let before = first > 0
        && matches!(text.atoms[first].joint, Joint::Soft | Joint::LineEnd)
        && group(first - 1)
        && group(first);
    let after = text.atoms.get(last + 1).is_some_and(|next| {
        next.joint == Joint::Glued
            || (matches!(next.joint, Joint::Soft | Joint::LineEnd)
                && group(last + 1)
                && group(last))
    });
    before || after
}

/// Letters that are no label are glued before a number that was found without its prefix: it is
/// the number of some other series.
fn has_foreign_prefix(text: &Text, first: usize) -> bool {
    text.atoms[first].joint == Joint::Glued
        && first > 0
        && !text.atoms[first - 1].digits
        && !is_label(text.atom(first - 1))
}

/// Reads what follows a hit as a range (`1001 a 1005`) or a list of suffixes (`1001/02/03`);
/// returns the last atom used.
fn follow_list(
    search: &Search<'_, '_>,
    text: &Text,
    token: &Token<'_>,
    hits: &mut Vec<Hit>,
) -> usize {
    let stem = token.spelled.len() - digits_at_end(token.spelled).len();
    let (head, number) = token.spelled.split_at(stem);
    let Some(from) = parse(number) else {
        return token.last;
    };
    if let Some((to, end)) = range_end(text, token.last, number.len())
        && to > from
        && to - from <= RANGE_MAX
    {
        let before = hits.len();
        for value in from + 1..=to {
            let next = format!("{value:0width$}", width = number.len());
            push_listed(search, head, next.as_bytes(), hits);
        }
        if hits.len() > before {
            return end;
        }
    }
    follow_suffixes(search, text, token, (head, number), hits)
}

/// How sure the members of a list may be: as a number without its prefix, in a range of which
/// nearly all is open as the number that it begins with. A range of which most is not open may be
/// something else.
///
/// * `open` — members that are
/// * `width` — numbers in the range beside the first, 0 where it is none
fn surest_in_list(open: usize, width: usize) -> Strength {
    if width > 0 && open * 10 >= width * 9 {
        Strength::Strong
    } else if open * 2 >= width {
        Strength::Trimmed
    } else {
        Strength::Weak
    }
}

/// How many numbers a range after a token has beside its first, 0 if none follows.
fn range_width(text: &Text, token: &Token<'_>, end: usize) -> usize {
    let digits = digits_at_end(token.spelled);
    let range = range_end(text, token.last, digits.len()).filter(|&(_, last)| last == end);
    let width = range.and_then(|(to, _)| to.checked_sub(parse(digits)?));
    usize::try_from(width.unwrap_or(0)).unwrap_or(usize::MAX)
}

fn digits_at_end(spelled: &[u8]) -> &[u8] {
    let digits = spelled.iter().rev();
    let width = digits.take_while(|byte| byte.is_ascii_digit()).count();
    &spelled[spelled.len() - width..]
}

fn follow_suffixes(
    search: &Search<'_, '_>,
    text: &Text,
    token: &Token<'_>,
    (head, number): (&[u8], &[u8]),
    hits: &mut Vec<Hit>,
) -> usize {
    let mut end = token.last;
    for (next, last) in suffixes(text, token.last, number) {
        if !push_listed(search, head, &next, hits) {
            break;
        }
        end = last;
    }
    end
}

fn push_listed(search: &Search<'_, '_>, head: &[u8], number: &[u8], hits: &mut Vec<Hit>) -> bool {
    let mut spelled = head.to_vec();
    spelled.extend_from_slice(number);
    let Some((_, items)) = look_up(search, &spelled) else {
        return false;
    };
    let sharers = items.len();
    let surprise_millinats = search.surprise(Reading::Listed, &spelled);
    hits.extend(items.into_iter().map(|item| Hit {
        item,
        strength: Strength::Weak,
        evidence: EvidenceSet::EMPTY.with(Evidence::ReferenceListed),
        sharers,
        surprise_millinats,
    }));
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc_domain::{Currency, ItemKind, OpenItem};
    use proptest::prelude::*;

    fn items(references: &[String]) -> Vec<OpenItem<'_>> {
        references
            .iter()
            .map(|reference| OpenItem {
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
            })
            .collect()
    }

    fn scanned(references: &[String], text: &Text) -> Vec<Hit> {
        let ledger = Ledger::new(items(references), &[]).unwrap();
        let index = ReferenceIndex::new(&ledger);
        let search = Search {
            ledger: &ledger,
            index: &index,
            entity: 0,
            scope: Scope::Entity,
            amount_minor: 123_456,
            payable: &|_| true,
        };
        scan(&search, text).hits
    }

    fn named(references: &[&str], lines: &[&str]) -> Vec<(String, Strength)> {
        let references: Vec<String> = references.iter().map(|&text| text.to_owned()).collect();
        scanned(&references, &Text::of_lines(lines.iter().copied()))
            .iter()
            .map(|hit| (references[hit.item as usize].clone(), hit.strength))
            .collect()
    }

    #[test]
    fn numbers_are_found_whole_and_the_longest_first() {
        let refs = ["5107832560", "510783", "INV-4711"];
        assert_eq!(
            named(&refs, &["FACT 510 783 25", "60, inv4711"]),
            [
                ("5107832560".to_owned(), Strength::Strong),
                ("INV-4711".to_owned(), Strength::Strong)
            ]
        );
        assert_eq!(named(&refs, &["51078325601 X5107831"]), []);
    }

    #[test]
    fn a_list_is_as_sure_as_its_first_number() {
        let refs: Vec<String> = (4_711_001..4_711_006).map(|n| n.to_string()).collect();
        let refs: Vec<&str> = refs.iter().map(String::as_str).collect();
        let weakest = |text: &str| named(&refs, &[text]).iter().map(|hit| hit.1).min();
        assert_eq!(weakest("4711001 a 4711005"), Some(Strength::Strong));
        assert_eq!(weakest("4711001 a 4711008"), Some(Strength::Trimmed));
        assert_eq!(weakest("4711001/02/03"), Some(Strength::Trimmed));
        assert_eq!(weakest("4711001 a 4711099"), Some(Strength::Weak));
        let short = ["1001", "1002", "1003"];
        let hits = named(&short, &["1001 a 1003"]);
        assert!(hits.iter().all(|hit| hit.1 == Strength::Weak));
    }

    #[test]
    fn a_list_holds_no_date() {
        let refs = ["731207", "731208", "731210", "731211"];
        assert_eq!(named(&refs, &["731207/08/10/11"]).len(), 4);
    }

    #[test]
    fn dates_and_the_amount_are_weak() {
        let refs = ["12032026", "123456", "4711"];
        for (text, reference) in [
            ("DU 12/03/2026", "12032026"),
            ("MT 1234.56", "123456"),
            ("4711", "4711"),
        ] {
            assert_eq!(
                named(&refs, &[text]),
                [(reference.to_owned(), Strength::Weak)]
            );
        }
    }

    #[test]
    fn a_part_of_a_date_is_no_end_of_a_reference() {
        let refs = ["TENNIS 042024", "CAMP 0104", "INV-2024"];
        for text in ["DU 01/04/2024", "LE 01-04-24", "2024-01-04"] {
            assert_eq!(named(&refs, &[text]), [], "{text}");
        }
        assert_eq!(named(&refs, &["TENNIS 04/2024"]).len(), 1);
        assert_eq!(named(&refs, &["042024"]).len(), 1);
    }

    #[test]
    fn the_number_of_another_series_is_weak() {
        let refs = ["INV-4711001"];
        assert_eq!(named(&refs, &["FACT4711001"])[0].1, Strength::Trimmed);
        assert_eq!(named(&refs, &["PO4711001"])[0].1, Strength::Weak);
    }

    #[test]
    fn ranges_and_suffix_lists_name_what_lies_in_them() {
        let refs = ["1001", "1002", "1003", "1005", "1012"];
        let found = |line: &str| -> Vec<String> {
            let hits = named(&refs, &[line]);
            hits.into_iter().map(|(reference, _)| reference).collect()
        };
        assert_eq!(found("1001 a 1003"), ["1001", "1002", "1003"]);
        assert_eq!(found("1001-1003"), ["1001", "1002", "1003"]);
        assert_eq!(found("10 01 au 10 03"), ["1001", "1002", "1003"]);
        assert_eq!(found("1001/05/12"), ["1001", "1005", "1012"]);
        assert_eq!(found("1005 a 1001"), ["1005", "1001"]);
    }

    #[test]
    fn a_number_that_too_many_items_share_says_nothing() {
        let many: Vec<String> = (0..=ITEMS_PER_TOKEN_MAX)
            .map(|number| {
                format!(
                    "{}-4711001",
                    "AB".repeat(number % 3) + &"C".repeat(number / 3)
                )
            })
            .collect();
        let text = Text::of("4711001");
        assert_eq!(scanned(&many, &text), []);
        assert_eq!(scanned(&many[1..], &text).len(), ITEMS_PER_TOKEN_MAX);
    }

    /// What a person would do: compare every piece with every spelling of every reference.
    fn naive(references: &[(String, String)], pieces: &[String]) -> Vec<usize> {
        let stripped = |number: &str| number.trim_start_matches('0').to_owned();
        let mut found = Vec::new();
        for piece in pieces {
            let at = piece.find(|c: char| c.is_ascii_digit()).unwrap();
            let (letters, number) = piece.split_at(at);
            let written = [piece.clone(), letters.to_owned() + &stripped(number)];
            let rank = |(prefix, digits): &(String, String)| {
                let spellings = [
                    prefix.clone() + digits,
                    prefix.clone() + &stripped(digits),
                    digits.clone(),
                    stripped(digits),
                ];
                // As it stands before it is read without its zeros.
                (0..4)
                    .filter(|&form| form < 2 || spellings[form].len() >= 5)
                    .find_map(|form| {
                        let same = |text: &String| *text == spellings[form];
                        Some((form, written.iter().position(same)?))
                    })
            };
            let best = references.iter().filter_map(rank).min();
            found.extend((0..references.len()).filter(|&index| {
                let rank = rank(&references[index]);
                rank.is_some() && rank == best
            }));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    proptest! {
        #[test]
        fn the_scanner_finds_what_comparing_everything_finds(
            references in prop::collection::btree_set(
                ("(INV|FA|XY)", "0{0,2}[1-3]{5,6}"), 1..12),
            pieces in prop::collection::vec(("(INV|FA|QQ|)", "0{0,2}[1-3]{5,6}"), 1..8),
        ) {
            let references: Vec<(String, String)> = references.into_iter().collect();
            let printed: Vec<String> = references
                .iter()
                .map(|(prefix, digits)| format!("{prefix}-{digits}"))
                .collect();
            let pieces: Vec<String> = pieces.into_iter().map(|(a, b)| a + &b).collect();
            // A foreign prefix is read as one, but the number after it is still looked for.
            let expected: Vec<String> = pieces
                .iter()
                .map(|piece| {
                    let whole = naive(&references, std::slice::from_ref(piece));
                    let number = piece.trim_start_matches(char::is_alphabetic);
                    if whole.is_empty() { number.to_owned() } else { piece.clone() }
                })
                .collect();
            let text = Text::of(&pieces.join(", "));
            let mut found: Vec<usize> = scanned(&printed, &text)
                .iter()
                .map(|hit| hit.item as usize)
                .collect();
            found.sort_unstable();
            found.dedup();
            prop_assert_eq!(found, naive(&references, &expected));
        }
    }
}
