//! Lines of an advice to items, by reference and amount together.
//!
//! Every line is compared with what its reference names and with what its amount may be; the
//! heaviest assignment of lines to items decides, so that a line that was misread gets what the
//! others leave. A line that names an item a second time, a total, or something that is not open
//! changes nothing.

use alloc_domain::{Evidence, EvidenceSet, RemittanceLine};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::assign::{Edge, assign};
use crate::explain::AdviceMatch;
use crate::limits::{ASSIGNMENT_STEPS_MAX, ITEMS_PER_TOKEN_MAX};
use crate::reference::label::without_labels;
use crate::reference::near::{Candidate, Spellings};
use crate::reference::scan::{Hit, Named, Search, Strength, look_up, reading_of, scan};
use crate::reference::surprise::{
    Reading, SURPRISE_MILLINATS_MAX, UNLIKE_MILLINATS, Width, Writing, ln_millinats,
    this_slip_millinats, weight_millinats,
};
use crate::text::Text;

mod kept;

use kept::likeness;

/// What the line of an advice costs whose amount is not what is open on the item it names.
const DIFFERENT_AMOUNT_MILLINATS: i64 = 3_500;

/// What a line costs of which only a part is a reference, at first, for each character of the
/// rest, and at most.
const REST_MILLINATS: (i64, i64, i64) = (1_000, 1_150, 6_000);

/// What a line costs whose reference has a label before it.
const LABEL_MILLINATS: i64 = 500;

/// What a line is worth at least whose whole reference is that of an item.
const WHOLE_LINE_MILLINATS: i64 = 4_000;

/// An assignment that would cost less to change decides nothing.
const AMBIGUOUS_MILLINATS: i64 = 2_000;

/// What an advice says about a payer's items.
#[derive(Debug, Default)]
pub struct Advised {
    /// Items that lines surely mean, each once.
    pub hits: Vec<Hit>,
    /// What those lines say they pay, by item.
    pub matches: Vec<AdviceMatch>,
    /// For each line that may mean several items: which.
    pub places: Vec<Vec<Candidate>>,
    /// What the lines pay that mean nothing that is open, minor units.
    pub unread: Vec<i64>,
}

/// A line with its folded reference.
type Line<'l, 'a> = (&'l RemittanceLine<'a>, Text);

/// Matches the lines of an advice to items.
///
/// * `pool` — what the payer may pay
/// * `open` — what is left open on an item
#[must_use]
pub fn read_advice(
    search: &Search<'_, '_>,
    lines: &[(&RemittanceLine<'_>, Text)],
    pool: &[u32],
    open: &(dyn Fn(u32) -> i64 + Sync),
) -> Advised {
    if lines.is_empty() {
        return Advised::default();
    }
    let reader = Reader::new(search, pool, open);
    let mut meanings: Vec<Vec<Meaning>> = lines
        .iter()
        .map(|(line, text)| reader.meanings(line, text, lines.len()))
        .collect();
    favour_verbatim(search, lines, &mut meanings);
    let mut first = reader.decide(lines, &meanings);
    first.advised.unread = reader.unread(lines, &meanings, &first.advised);
    let every = 0..lines.len();
    let agrees = |&at: &usize| first.item_of[at].is_some_and(|item| reader.agrees(lines, at, item));
    let net = |at: usize| first.item_of[at].is_some() && !agrees(&at);
    let due: Vec<usize> = every
        .clone()
        .filter(|&at| reader.is_due(lines, at))
        .collect();
    if !every.clone().any(net) && reader.total(lines, &due) == i128::from(search.amount_minor) {
        let whole = reader.keep(lines, &meanings, &due);
        return whole.unwrap_or(first).advised;
    }
    let firm: Vec<usize> = every.filter(agrees).collect();
    match reader.keep(lines, &meanings, &firm) {
        Some(kept) => first.apart_as(&firm, &kept.advised.matches),
        None => first.advised,
    }
}

/// What lines mean, and which item each of them, where that is sure.
struct Decided {
    advised: Advised,
    item_of: Vec<Option<u32>>,
}

impl Decided {
    /// The same, the lines at these positions as far apart from others as they are kept.
    ///
    /// * `kept` — by item
    fn apart_as(mut self, positions: &[usize], kept: &[AdviceMatch]) -> Advised {
        let items = positions.iter().filter_map(|&at| self.item_of[at]);
        let items: FxHashSet<u32> = items.collect();
        let matches = self.advised.matches.iter_mut();
        for found in matches.filter(|found| items.contains(&found.item)) {
            let known = kept.binary_search_by_key(&found.item, |line| line.item);
            found.apart_millinats = known.map_or(0, |known| kept[known].apart_millinats);
        }
        self.advised
    }
}

/// An item that a line may mean.
#[derive(Clone, Copy, Debug)]
struct Meaning {
    item: u32,
    strength: Strength,
    weight: i64,
    agrees: bool,
}

struct Reader<'r, 's, 'a> {
    search: &'r Search<'s, 'a>,
    open: &'r (dyn Fn(u32) -> i64 + Sync),
    by_amount: FxHashMap<u64, Vec<u32>>,
    /// Items that share their amount with others, on average how many.
    repeated_millionths: u128,
    pool_size: u128,
}

impl<'r, 's, 'a> Reader<'r, 's, 'a> {
    fn new(
        search: &'r Search<'s, 'a>,
        pool: &[u32],
        open: &'r (dyn Fn(u32) -> i64 + Sync),
    ) -> Self {
        let mut by_amount: FxHashMap<u64, Vec<u32>> = FxHashMap::default();
        for &item in pool {
            let amount = open(item).unsigned_abs();
            by_amount.entry(amount).or_default().push(item);
        }
        let pairs: u128 = by_amount
            .values()
            .map(|items| items.len() as u128 * (items.len() as u128 - 1))
            .sum();
        let pool_size = pool.len().max(1) as u128;
        Self {
            search,
            open,
            by_amount,
            repeated_millionths: pairs * 1_000_000 / pool_size,
            pool_size,
        }
    }

    /// How surprising it is that a line's amount is that of an item by accident: how many items of
    /// this pool share an amount, and how many would if amounts were drawn at random.
    fn agreement(&self, paid_minor: u64) -> i64 {
        let mut significant = u128::from(paid_minor.max(1));
        while significant.is_multiple_of(10) {
            significant /= 10;
        }
        let random = self.pool_size * 1_000_000 / significant;
        let expected = (self.repeated_millionths + random).max(1);
        (ln_millinats(1_000_000) - ln_millinats(expected)).max(0)
    }

    fn agreement_of(&self, line: &RemittanceLine<'_>) -> i64 {
        self.agreement(line.amount_minor.unwrap_or(0).unsigned_abs())
    }

    /// Whether a line's amount is what is open on an item.
    fn agrees(&self, lines: &[Line<'_, '_>], at: usize, item: u32) -> bool {
        let open = (self.open)(item);
        let paid = lines[at].0.amount_minor;
        paid.is_some_and(|paid| signed_like(paid, open) == open)
    }

    /// Whether a line's amount is what is open on some item, and not the total of the lines.
    fn is_due(&self, lines: &[Line<'_, '_>], at: usize) -> bool {
        let total = lines.len() > 1 && lines[at].0.amount_minor == Some(self.search.amount_minor);
        !total && !self.alike_to(lines, at).is_empty()
    }

    /// What some lines say they pay; a credit that could be no debit is one under either sign.
    fn total(&self, lines: &[Line<'_, '_>], positions: &[usize]) -> i128 {
        let paid = |&at: &usize| {
            let paid = lines[at].0.amount_minor.unwrap_or(0);
            let alike = self.alike_to(lines, at);
            let credit = alike.iter().all(|&item| (self.open)(item) < 0);
            i128::from(if credit { signed_like(paid, -1) } else { paid })
        };
        positions.iter().map(paid).sum()
    }

    /// The items a line may mean, each once.
    fn meanings(&self, line: &RemittanceLine<'_>, text: &Text, lines: usize) -> Vec<Meaning> {
        let agrees = |item: u32| {
            let paid = line.amount_minor;
            paid.is_some_and(|paid| signed_like(paid, (self.open)(item)) == (self.open)(item))
        };
        let paid = line.amount_minor.unwrap_or(0).unsigned_abs();
        let agreement = self.agreement(paid);
        let written = without_labels(&text.bytes);
        let mut hits: Vec<Hit> = written
            .iter()
            .flat_map(|bytes| self.whole_hits(bytes, bytes.len() < text.bytes.len(), &agrees))
            .collect();
        let entire = hits.iter().any(|hit| agrees(hit.item));
        if !entire {
            hits.extend(self.part_hits(text, &written));
        }
        let mut found: Vec<Meaning> = hits
            .iter()
            .filter(|hit| agrees(hit.item))
            .map(|hit| Meaning {
                item: hit.item,
                strength: Strength::Strong,
                weight: hit.surprise_millinats + agreement,
                agrees: true,
            })
            .collect();
        if found.is_empty() {
            found.extend(differing(line, &hits));
        }
        if !entire {
            let total = lines > 1 && line.amount_minor == Some(self.search.amount_minor);
            let unlike = if total || !found.is_empty() {
                0
            } else {
                agreement - UNLIKE_MILLINATS
            };
            let alike = self.by_amount.get(&paid).map_or(&[][..], Vec::as_slice);
            if alike.len() <= ITEMS_PER_TOKEN_MAX {
                let alike = alike.iter().copied().filter(|&item| agrees(item));
                let alike: Vec<u32> = alike.collect();
                found.extend(self.alike(&written, &alike, agreement, unlike));
            }
        }
        found.retain(|one| one.weight > 0);
        found.sort_by_key(|one| (one.item, std::cmp::Reverse(one.weight)));
        found.dedup_by_key(|one| one.item);
        found
    }

    /// What the whole line names, whatever stands between its characters: an item with the line's
    /// amount among those of that amount, another one among all.
    fn whole_hits(&self, bytes: &[u8], labelled: bool, agrees: &dyn Fn(u32) -> bool) -> Vec<Hit> {
        let Some((form, items)) = look_up(self.search, bytes) else {
            return Vec::new();
        };
        let label = if labelled { LABEL_MILLINATS } else { 0 };
        let (least, strength) = if form.is_trimmed() {
            (0, Strength::Trimmed)
        } else {
            (WHOLE_LINE_MILLINATS, Strength::Strong)
        };
        let weight = |population: usize| {
            let weight = weight_millinats(reading_of(form), population, Width::of(bytes));
            weight.max(least) - label
        };
        let (alike, any) = (weight(1), weight(self.search.population()));
        let hit = |&item: &u32| Hit {
            item,
            strength,
            evidence: EvidenceSet::EMPTY,
            sharers: items.len(),
            surprise_millinats: if agrees(item) { alike } else { any },
        };
        items.iter().map(hit).collect()
    }

    /// What a part of the line names; the rest of the line speaks against it.
    fn part_hits(&self, text: &Text, written: &[Vec<u8>]) -> Vec<Hit> {
        let findings = scan(self.search, text);
        let width = |named: &Named| text.window(named.first, named.last).len();
        let used: usize = findings.places.iter().map(width).sum();
        let bare = written.iter().map(Vec::len).min().unwrap_or(0);
        let rest = i64::try_from(bare.saturating_sub(used)).unwrap_or(i64::MAX);
        let (first, each, most) = REST_MILLINATS;
        let cost = each.saturating_mul(rest).saturating_add(first).min(most);
        let priced = |hit: Hit| Hit {
            surprise_millinats: hit.surprise_millinats - cost,
            ..hit
        };
        findings.hits.into_iter().map(priced).collect()
    }

    /// The items with a line's amount, each by how far the line resembles its reference.
    ///
    /// * `unlike` — what a line is worth that does not
    fn alike(
        &self,
        written: &[Vec<u8>],
        items: &[u32],
        agreement: i64,
        unlike: i64,
    ) -> Vec<Meaning> {
        let neutral = Writing::default();
        let likeness = |item: u32| {
            let reference = self.search.ledger.item(item).reference?;
            likeness(&Spellings::of(item, reference)?, written, &neutral)
        };
        items
            .iter()
            .map(|&item| {
                let likeness = likeness(item).filter(|&(weight, _)| weight > 0);
                Meaning {
                    item,
                    strength: match likeness {
                        Some((_, Reading::Printed)) => Strength::Strong,
                        Some(_) => Strength::Trimmed,
                        None => Strength::Weak,
                    },
                    weight: likeness.map_or(unlike, |(weight, _)| agreement + weight),
                    agrees: true,
                }
            })
            .collect()
    }

    /// What the lines pay that neither mean an item, nor one once more, nor all lines together.
    fn unread(
        &self,
        lines: &[Line<'_, '_>],
        meanings: &[Vec<Meaning>],
        advised: &Advised,
    ) -> Vec<i64> {
        let hits = advised.hits.iter().map(|hit| hit.item);
        let near = advised.places.iter().flatten().map(|near| near.item);
        let read: FxHashSet<u32> = hits.chain(near).collect();
        let unread = lines.iter().zip(meanings);
        let unread = unread.filter(|(_, meant)| !meant.iter().any(|one| read.contains(&one.item)));
        let paid = unread.map(|((line, _), _)| line.amount_minor.unwrap_or(0));
        paid.filter(|&paid| lines.len() == 1 || paid != self.search.amount_minor)
            .collect()
    }

    fn decide(&self, lines: &[Line<'_, '_>], meanings: &[Vec<Meaning>]) -> Decided {
        let columns = Columns::new(self, meanings);
        let capacities: Vec<usize> = columns.members.iter().map(Vec::len).collect();
        let edges = columns.edges(meanings);
        let Some(assigned) = assign(&edges, lines.len(), &capacities, ASSIGNMENT_STEPS_MAX) else {
            let places = meanings.iter().map(|meant| columns.place(meant, &[]));
            let advised = Advised {
                places: places.filter(|place| !place.is_empty()).collect(),
                ..Advised::default()
            };
            return Decided {
                advised,
                item_of: vec![None; lines.len()],
            };
        };
        let firm = |column: usize| assigned.margins[column] >= AMBIGUOUS_MILLINATS;
        let mut advised = Advised::default();
        let mut taken = vec![0; capacities.len()];
        let (mut doubtful, mut item_of) = (Vec::new(), vec![None; lines.len()]);
        for (position, column) in assigned.column_of.iter().enumerate() {
            let Some(column) = *column else {
                continue;
            };
            if !firm(column) {
                doubtful.push(position);
                continue;
            }
            let item = columns.members[column][taken[column]];
            taken[column] += 1;
            let meant = meanings[position].iter();
            let meant = meant.filter(|one| columns.of[&one.item] == column);
            let strength = meant.map(|one| one.strength).max();
            advised.hits.push(Hit {
                item,
                strength: strength.unwrap_or(Strength::Weak),
                evidence: EvidenceSet::EMPTY.with(Evidence::AdviceLine),
                sharers: 1,
                surprise_millinats: assigned.margins[column].min(SURPRISE_MILLINATS_MAX),
            });
            let (line, _) = &lines[position];
            let paid = line.amount_minor;
            let paid_minor = paid.map(|paid| signed_like(paid, (self.open)(item)));
            advised.matches.push(AdviceMatch {
                item,
                paid_minor,
                deduction_minor: line.deduction_minor.unwrap_or(0),
                apart_millinats: assigned.margins[column],
            });
            item_of[position] = Some(item);
        }
        let places = doubtful.iter();
        let places = places.map(|&position| columns.place(&meanings[position], &taken));
        advised.places = places.filter(|place| !place.is_empty()).collect();
        advised.matches.sort_unstable_by_key(|line| line.item);
        Decided { advised, item_of }
    }
}

/// The items that lines may mean, those together that nothing tells apart.
struct Columns {
    /// Oldest first.
    members: Vec<Vec<u32>>,
    of: FxHashMap<u32, usize>,
}

impl Columns {
    fn new(reader: &Reader<'_, '_, '_>, meanings: &[Vec<Meaning>]) -> Self {
        let ledger = reader.search.ledger;
        let mut known: FxHashMap<(u32, i64), usize> = FxHashMap::default();
        let mut columns = Self {
            members: Vec::new(),
            of: FxHashMap::default(),
        };
        for one in meanings.iter().flatten() {
            if columns.of.contains_key(&one.item) {
                continue;
            }
            let class = ledger.class_of(one.item);
            let open = (reader.open)(one.item);
            let column = *known.entry((class, open)).or_insert(columns.members.len());
            if column == columns.members.len() {
                let members = ledger.class(class).iter().copied();
                let members = members
                    .filter(|&item| (reader.search.payable)(item) && (reader.open)(item) == open);
                columns.members.push(members.collect());
            }
            columns.of.insert(one.item, column);
        }
        columns
    }

    /// Each line and column once, with the heaviest of its meanings.
    fn edges(&self, meanings: &[Vec<Meaning>]) -> Vec<Edge> {
        let mut edges: Vec<Edge> = meanings
            .iter()
            .enumerate()
            .flat_map(|(line, meant)| {
                meant.iter().map(move |one| Edge {
                    line,
                    column: self.of[&one.item],
                    weight: one.weight,
                })
            })
            .collect();
        edges.sort_unstable_by_key(|edge| (edge.line, edge.column, std::cmp::Reverse(edge.weight)));
        edges.dedup_by_key(|edge| (edge.line, edge.column));
        edges
    }

    /// What a line may mean beside what is taken.
    ///
    /// * `taken` — how many members of each column are
    fn place(&self, meant: &[Meaning], taken: &[usize]) -> Vec<Candidate> {
        let mut place: Vec<Candidate> = meant
            .iter()
            .flat_map(|one| {
                let column = self.of[&one.item];
                let taken = taken.get(column).copied().unwrap_or(0);
                let left = self.members[column].iter().skip(taken);
                left.map(|&item| Candidate {
                    item,
                    surprise_millinats: one.weight.min(SURPRISE_MILLINATS_MAX),
                })
            })
            .collect();
        place.sort_by_key(|found| (found.item, std::cmp::Reverse(found.surprise_millinats)));
        place.dedup_by_key(|found| found.item);
        place.truncate(ITEMS_PER_TOKEN_MAX);
        place
    }
}

fn keeps_separators(line: &RemittanceLine<'_>, text: &Text) -> bool {
    let written = line.reference.unwrap_or_default();
    written.to_ascii_uppercase().as_bytes() != text.bytes
}

/// Favours the items whose references stand in their lines to the letter, as far as this payer
/// writes to the letter: a line that keeps its blanks and dots does; one without any says nothing
/// itself, and is as likely to have lost them as the other lines of the advice are.
fn favour_verbatim(
    search: &Search<'_, '_>,
    lines: &[(&RemittanceLine<'_>, Text)],
    meanings: &mut [Vec<Meaning>],
) {
    let reference = |one: &Meaning| search.ledger.item(one.item).reference;
    let verbatim =
        |line: &RemittanceLine<'_>, one: &Meaning| one.agrees && reference(one) == line.reference;
    let (mut kept, mut lost) = (0_u128, 0_u128);
    for ((line, text), meant) in lines.iter().zip(&*meanings) {
        if meant.iter().any(|one| verbatim(line, one)) {
            kept += u128::from(keeps_separators(line, text));
        } else if meant.iter().any(|one| one.agrees) {
            lost += 1;
        }
    }
    // The chance that what differs was left out: the rule of succession.
    let habit = ln_millinats(kept + lost + 2) - ln_millinats(lost + 1);
    for ((line, text), meant) in lines.iter().zip(meanings) {
        // Who keeps some of them would have kept the others: to leave one out is a slip.
        let favour = if keeps_separators(line, text) {
            this_slip_millinats(text.bytes.len())
        } else {
            habit
        };
        for one in meant.iter_mut().filter(|one| verbatim(line, one)) {
            one.weight += favour;
        }
    }
}

/// The items a line names whose open amount is another one, or whose amount it does not say.
fn differing(line: &RemittanceLine<'_>, hits: &[Hit]) -> Vec<Meaning> {
    let silent = line.amount_minor.is_none();
    let alone = hits.iter().filter(|hit| hit.sharers == 1);
    alone
        .map(|hit| Meaning {
            item: hit.item,
            strength: if silent { hit.strength } else { Strength::Weak },
            weight: hit.surprise_millinats
                - if silent {
                    0
                } else {
                    DIFFERENT_AMOUNT_MILLINATS
                },
            agrees: false,
        })
        .collect()
}

/// Credits are written with either sign.
fn signed_like(paid: i64, open: i64) -> i64 {
    if open < 0 && paid > 0 { -paid } else { paid }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Ledger;
    use crate::reference::index::{ReferenceIndex, Scope};
    use alloc_domain::{Currency, ItemKind, OpenItem};
    use proptest::prelude::*;

    type Row<'a> = (&'a str, i64);

    fn items<'a>(rows: &[Row<'a>]) -> Vec<OpenItem<'a>> {
        const IDS: [&str; 8] = ["I0", "I1", "I2", "I3", "I4", "I5", "I6", "I7"];
        let item = |(&(reference, open_minor), item_id): (&Row<'a>, &'a str)| OpenItem {
            item_id,
            entity: "E",
            customer_id: "C",
            payer_id: None,
            reference: Some(reference),
            other_references: Vec::new(),
            kind: ItemKind::Invoice,
            currency: Currency::EUR,
            open_minor,
            issue_date: None,
            due_date: None,
            discount: None,
            disputed: false,
        };
        rows.iter().zip(IDS).map(item).collect()
    }

    fn advised(rows: &[Row<'_>], said: &[Row<'_>], amount_minor: i64) -> Advised {
        let items = items(rows);
        let ledger = Ledger::new(items.clone(), &[]).unwrap();
        let index = ReferenceIndex::new(&ledger);
        let search = Search {
            ledger: &ledger,
            index: &index,
            entity: 0,
            scope: Scope::Account(0),
            amount_minor,
            payable: &|_| true,
        };
        let lines: Vec<RemittanceLine<'_>> = (0..)
            .zip(said)
            .map(|(line_no, &(reference, amount))| RemittanceLine {
                payment_id: "P",
                line_no,
                reference: Some(reference),
                amount_minor: Some(amount),
                deduction_minor: None,
            })
            .collect();
        let lines: Vec<(&RemittanceLine<'_>, Text)> = lines
            .iter()
            .map(|line| (line, Text::of(line.reference.unwrap())))
            .collect();
        let pool: Vec<u32> = ledger.pool(0).to_vec();
        read_advice(&search, &lines, &pool, &|item| {
            items[item as usize].open_minor
        })
    }

    /// Items that lines surely mean, and those of each doubtful line.
    fn meant(rows: &[Row<'_>], said: &[Row<'_>]) -> (Vec<u32>, Vec<Vec<u32>>) {
        let advised = advised(rows, said, 999_999);
        let places = advised.places.iter();
        let places = places.map(|place| place.iter().map(|one| one.item).collect());
        let mut places: Vec<Vec<u32>> = places.collect();
        places.sort();
        let mut items: Vec<u32> = advised.hits.iter().map(|hit| hit.item).collect();
        items.sort_unstable();
        (items, places)
    }

    #[test]
    fn a_misread_line_means_what_the_others_leave() {
        let rows = [("1900062086", 92_340), ("1900062186", 92_340)];
        let said = [("190006286", 92_340), ("190006208 6", 92_340)];
        assert_eq!(meant(&rows, &said), (vec![0, 1], vec![]));
    }

    #[test]
    fn a_misread_line_alone_may_mean_both() {
        let rows = [("1900062086", 92_340), ("1900062186", 92_340)];
        assert_eq!(
            meant(&rows, &[("190006286", 92_340)]),
            (vec![], vec![vec![0, 1]])
        );
    }

    #[test]
    fn lines_that_make_up_the_cash_mean_what_has_their_amounts() {
        let rows = [("5107814877", 71_447), ("5107823205", 66_065)];
        let said = [("OUR ORDER 12", 71_447), ("23205", 66_065)];
        let items = |amount| -> Vec<u32> {
            let advised = advised(&rows, &said, amount);
            advised.hits.iter().map(|hit| hit.item).collect()
        };
        assert_eq!(items(71_447 + 66_065), [0, 1]);
    }

    #[test]
    fn who_writes_ends_means_no_other_item_of_the_amount() {
        let rows = [
            ("5107814877", 71_447),
            ("5107823205", 71_447),
            ("5107814880", 66_065),
            ("5107819999", 61_000),
        ];
        let apart = |said: &[Row<'_>]| {
            let total = said.iter().map(|&(_, amount)| amount).sum();
            let matches = advised(&rows, said, total).matches;
            matches.first().map(|line| line.apart_millinats)
        };
        let alone = apart(&[("4877", 71_447)]).unwrap();
        let ends = [("4877", 71_447), ("4880", 66_065), ("9999", 61_000)];
        assert!(alone > 9_000, "one of 10,000 numbers ends so: {alone}");
        assert!(
            apart(&ends) > Some(alone + 3_000),
            "the others are ends too"
        );
        assert_eq!(apart(&[("4897", 71_447)]), None, "nothing ends so");
    }

    #[test]
    fn the_whole_line_counts_for_more_than_a_part_of_it() {
        let rows = [("COACHING", 12_500), ("OCT COACHING", 12_500)];
        assert_eq!(meant(&rows, &[("INV0CT COACHING", 12_500)]).0, [1]);
        assert_eq!(meant(&rows, &[("FACTURECOACHING", 12_500)]).0, [0]);
    }

    #[test]
    fn who_leaves_blanks_out_may_mean_either_of_two_references() {
        let rows = [
            ("4711001 HILL", 10_298),
            ("4711001HILL", 10_298),
            ("4711002 BAKER", 15_447),
        ];
        let either = vec![vec![0, 1]];
        let said = [("4711001HILL", 10_298), ("4711002BAKER", 15_447)];
        assert_eq!(meant(&rows, &said), (vec![2], either.clone()));
        let said = [("4711001HILL", 10_298), ("4711002 BAKER", 15_447)];
        assert_eq!(
            meant(&rows, &said),
            (vec![2], either),
            "one line is no habit"
        );
    }

    #[test]
    fn second_mentions_foreign_lines_and_totals_change_nothing() {
        let rows = [("INV-4711001", 10_007), ("INV-4711002", 20_011)];
        let said = [
            ("INV-4711001", 10_007),
            ("4711001", 10_007),
            ("INV-5999123", 30_300),
            ("4711002", 20_011),
            ("TOTAL", 30_018),
        ];
        assert_eq!(meant(&rows, &said), (vec![0, 1], vec![]));
    }

    #[test]
    fn credits_are_written_with_either_sign() {
        let rows = [("CN-123456", -5_001), ("INV-123456", 5_001)];
        for amount in [5_001, -5_001] {
            let advised = advised(&rows, &[("CN123456", amount)], 1);
            assert_eq!(advised.matches[0].item, 0);
            assert_eq!(advised.matches[0].paid_minor, Some(-5_001));
        }
    }

    #[test]
    fn a_line_net_of_a_deduction_keeps_its_item_and_says_so() {
        let rows = [("INV-4711001", 10_000), ("INV-4711002", 9_800)];
        let advised = advised(&rows, &[("INV-4711001", 9_800)], 9_800);
        assert_eq!(advised.hits.len(), 1);
        assert_eq!(advised.hits[0].item, 0);
        assert_eq!(advised.hits[0].strength, Strength::Weak);
        assert_eq!(advised.matches[0].paid_minor, Some(9_800));
    }

    proptest! {
        #[test]
        fn the_order_of_the_lines_changes_nothing(
            references in prop::collection::vec("[12]{6}", 1..7),
            amounts in prop::collection::vec(100_i64..104, 7),
            order in Just((0..7_usize).collect::<Vec<_>>()).prop_shuffle(),
        ) {
            let rows: Vec<Row<'_>> = references
                .iter()
                .map(String::as_str)
                .zip(amounts.iter().copied())
                .collect();
            let turned: Vec<Row<'_>> = order
                .iter()
                .filter_map(|&index| rows.get(index).copied())
                .collect();
            let pool = [("111111", 100), ("111112", 101), ("121212", 102), ("222222", 103)];
            prop_assert_eq!(meant(&pool, &rows), meant(&pool, &turned));
            let total = rows.iter().map(|&(_, amount)| amount).sum();
            let apart = |rows: &[Row<'_>]| -> Vec<(u32, i64)> {
                let matches = advised(&pool, rows, total).matches;
                matches.iter().map(|line| (line.item, line.apart_millinats)).collect()
            };
            prop_assert_eq!(apart(&rows), apart(&turned));
        }
    }
}
