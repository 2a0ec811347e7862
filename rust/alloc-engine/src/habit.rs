//! Which shapes of sets payers choose: the prior that knows nothing, and what was observed.
//!
//! A habit is a shape of a set among a payer's items by age. How often each was chosen is counted
//! beside how often a payer without habits would have chosen it; the ratio of the two, drawn to that
//! of the entity and to one, is what a payer's habit is worth.

use alloc_domain::{FEW_MAX, HABITS, Habit, Observed, OpenItem, PastAllocation};
use alloc_subset::scattered_numbers;
use rustc_hash::FxHashMap;

use crate::ledger::{by_number, may_be_paid};
use crate::policy::CERTAIN_PPM;

// The prior. A payer who names nothing pays one item, or everything, or some: a third each. Who
// pays some goes down the list by age and changes between paying and leaving out, the less often
// the likelier: as one over the number of changes, the weight that prefers no scale. None of this
// is estimated from data.

/// One item, the oldest or not: each alike.
const ONE_PPM: u64 = 333_333;

/// Everything.
const EVERYTHING_PPM: u64 = 333_333;
/// Some, by the number of changes along the list.
const SOME_PPM: u64 = 333_334;
/// Changes from which on sets are scattered.
const SCATTERED_FROM: u64 = 5;
/// Payments that no set of open items is meant by, even though one may make up the amount: one in
/// as many as a careful clerk sees in a year.
const IN_PART_PPM: u64 = 100;

/// Weights of all habits among so many open items when nothing is known of the payer, ppm: those of
/// the shapes make up one, beside them stands what no shape explains.
#[must_use]
pub fn neutral_ppm(open: usize) -> [u64; HABITS] {
    let oldest = ONE_PPM / (open.max(1) as u64);
    let changes = (open.max(6) - 1) as u64;
    let parts: u64 = (1..=changes).map(|changes| 1_000_000 / changes).sum();
    let of = |changes: u64| SOME_PPM * (1_000_000 / changes) / parts;
    let scattered = SOME_PPM - (1..SCATTERED_FROM).map(of).sum::<u64>();
    let (few, all) = scattered_numbers(open, FEW_MAX);
    let few = scattered / 2 + scattered / 2 * few / all;
    Habit::ALL.map(|(_, habit)| match habit {
        Habit::OldestItem => oldest,
        Habit::OtherItem => ONE_PPM - oldest,
        Habit::Everything => EVERYTHING_PPM,
        Habit::OldestItems | Habit::LatestItems => of(1) / 2,
        Habit::Run | Habit::AllButRun => of(2) / 2,
        Habit::OldestAndRun | Habit::LatestAndRun => of(3) / 2,
        Habit::TwoRuns => of(4),
        Habit::ScatteredFew => few,
        Habit::ScatteredMany => scattered - few,
        Habit::InPart => IN_PART_PPM,
    })
}

/// The class of pools to which so many open items belong, by its fewest.
fn open_from(open: usize) -> i64 {
    match open {
        0..5 => 1,
        5..17 => 5,
        17..65 => 17,
        _ => 65,
    }
}

type Key<'a> = (&'a str, Option<&'a str>, i64);

/// Counts for one payer and class of pools.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    count: [i64; HABITS],
    expected_ppm: [u64; HABITS],
    of: i64,
    days: Option<(i32, i32)>,
}

impl Tally {
    fn add(&mut self, habit: Habit, open: usize, day: i32) {
        self.count[habit as usize] += 1;
        self.of += 1;
        let (first, last) = self.days.unwrap_or((day, day));
        self.days = Some((first.min(day), last.max(day)));
        self.expected_ppm[Habit::InPart as usize] += IN_PART_PPM;
        if habit == Habit::InPart {
            return;
        }
        let weights = neutral_ppm(open);
        let told = Habit::ALL.map(|(_, habit)| {
            let is_shape = habit != Habit::InPart && habit.least() <= open;
            if is_shape { weights[habit as usize] } else { 0 }
        });
        let total: u64 = told.iter().sum();
        for (expected, weight) in self.expected_ppm.iter_mut().zip(told) {
            *expected += weight * 1_000_000 / total.max(1);
        }
    }
}

/// Counts the habits that past payments show.
///
/// * `items` — what was open before the first of them
/// * `history` — what they settled; a payment of items that are not among `items`, or of several
///   customers, shows nothing, nor does one when a single item was open
///
/// One row per payer, class of pools and habit that could have been shown; ordered.
#[must_use]
pub fn observe<'a>(items: &[OpenItem<'a>], history: &[PastAllocation<'a>]) -> Vec<Observed<'a>> {
    let mut pools: FxHashMap<(&str, &str), Vec<usize>> = FxHashMap::default();
    let mut places = FxHashMap::default();
    for (place, item) in items.iter().enumerate() {
        places.insert((item.entity, item.item_id), place);
        let pool = pools.entry((item.entity, item.customer_id)).or_default();
        pool.push(place);
    }
    let mut order: Vec<&PastAllocation<'a>> = history.iter().collect();
    order.sort_unstable_by_key(|past| (past.value_date, past.payment_id, past.item_id));
    let mut left: Vec<i64> = items.iter().map(|item| item.open_minor).collect();
    let mut tallies: FxHashMap<Key<'a>, Tally> = FxHashMap::default();
    for day in order.chunk_by(|a, b| a.value_date == b.value_date) {
        for payment in day.chunk_by(|a, b| a.payment_id == b.payment_id) {
            let at = |past: &&PastAllocation<'a>| places.get(&(past.entity, past.item_id)).copied();
            let Some(paid) = payment.iter().map(at).collect::<Option<Vec<usize>>>() else {
                continue;
            };
            let first = &items[paid[0]];
            let owner = (first.entity, first.customer_id);
            let same = |&place: &usize| {
                let item = &items[place];
                (item.entity, item.customer_id, item.currency)
                    == (first.entity, first.customer_id, first.currency)
            };
            if !paid.iter().all(same) {
                continue;
            }
            let value_date = payment[0].value_date;
            let open = |&place: &usize| {
                let item = &items[place];
                left[place] != 0 && item.currency == first.currency && may_be_paid(item, value_date)
            };
            let pool: Vec<usize> = pools[&owner].iter().copied().filter(open).collect();
            let whole = |past: &&PastAllocation<'_>| {
                places
                    .get(&(past.entity, past.item_id))
                    .map(|&place| left[place])
                    == Some(past.allocated_minor)
            };
            let (habit, open) = if payment.iter().all(whole) {
                let Some(shown) = shown(items, pool, &paid) else {
                    continue;
                };
                shown
            } else {
                (Habit::InPart, pool.len())
            };
            let key = (owner.0, Some(owner.1), open_from(open));
            tallies.entry(key).or_default().add(habit, open, value_date);
        }
        for past in day {
            if let Some(&place) = places.get(&(past.entity, past.item_id)) {
                left[place] = left[place].saturating_sub(past.allocated_minor);
            }
        }
    }
    rows(tallies)
}

/// The habit that a payment shows, and among how many items; none where there was no choice.
fn shown(items: &[OpenItem<'_>], mut pool: Vec<usize>, paid: &[usize]) -> Option<(Habit, usize)> {
    let is_credit = |place: &usize| items[*place].open_minor < 0;
    if !paid.iter().any(is_credit) {
        // Payers who leave credit notes aside do so before they choose.
        pool.retain(|place| !is_credit(place));
    }
    if pool.len() < 2 {
        return None;
    }
    let mut line: Vec<(usize, bool)> = pool
        .iter()
        .map(|&place| (place, paid.contains(&place)))
        .collect();
    // Of items that only their id tells apart the paid ones count as the older.
    line.sort_unstable_by_key(|&(place, paid)| {
        (by_number(&items[place]), !paid, items[place].item_id)
    });
    let paid: Vec<bool> = line.iter().map(|&(_, paid)| paid).collect();
    Habit::of(&paid).map(|habit| (habit, paid.len()))
}

fn rows(tallies: FxHashMap<Key<'_>, Tally>) -> Vec<Observed<'_>> {
    let mut tallies: Vec<_> = tallies.into_iter().collect();
    tallies.sort_unstable_by_key(|&(key, _)| key);
    let mut out = Vec::new();
    for ((entity, customer_id, open_from), tally) in tallies {
        for (_, habit) in Habit::ALL {
            let count = tally.count[habit as usize];
            let expected_milli = tally.expected_ppm[habit as usize] / 1_000;
            if count > 0 || expected_milli > 0 {
                out.push(Observed {
                    entity,
                    customer_id,
                    habit,
                    open_from,
                    count,
                    of: tally.of,
                    expected_milli: i64::try_from(expected_milli).unwrap_or(i64::MAX),
                    days: tally.days.unwrap_or_default(),
                });
            }
        }
    }
    out
}

/// Adds up what was observed on several occasions, and says what the payers of each entity do.
///
/// In a row of an entity every payer counts as one, less what its few payments leave in doubt: `n`
/// payments as `n / (n + 1)`. Rows of entities that come in are left out; the result is ordered.
#[must_use]
pub fn added_up<'a>(observed: &[Observed<'a>]) -> Vec<Observed<'a>> {
    let mut own: Vec<Observed<'a>> = observed
        .iter()
        .filter(|row| row.customer_id.is_some())
        .copied()
        .collect();
    let key = |row: &Observed<'a>| (row.entity, row.customer_id, row.open_from, row.habit);
    own.sort_unstable_by_key(key);
    own.dedup_by(|next, sum| {
        let same = key(next) == key(sum);
        if same {
            sum.count = sum.count.saturating_add(next.count);
            sum.of = sum.of.saturating_add(next.of);
            sum.expected_milli = sum.expected_milli.saturating_add(next.expected_milli);
            sum.days = (sum.days.0.min(next.days.0), sum.days.1.max(next.days.1));
        }
        same
    });
    let mut out = entities(&own);
    out.append(&mut own);
    out.sort_by_key(key);
    out
}

/// Rows of all payers of each entity, out of those of each payer.
fn entities<'a>(own: &[Observed<'a>]) -> Vec<Observed<'a>> {
    let mut sums: FxHashMap<(&'a str, i64, Habit), (Observed<'a>, [i128; 3])> =
        FxHashMap::default();
    for row in own {
        let key = (row.entity, row.open_from, row.habit);
        let everyone = Observed {
            customer_id: None,
            ..*row
        };
        let (sum, millionths) = sums.entry(key).or_insert((everyone, [0; 3]));
        let figures = [row.count, row.of, row.expected_milli];
        for (sum, figure) in millionths.iter_mut().zip(figures) {
            *sum += i128::from(figure) * 1_000_000 / (i128::from(row.of.max(0)) + 1);
        }
        sum.days = (sum.days.0.min(row.days.0), sum.days.1.max(row.days.1));
    }
    let rounded = |millionths: i128| i64::try_from((millionths + 500_000) / 1_000_000);
    sums.into_values()
        .map(|(sum, [count, of, expected])| Observed {
            count: rounded(count).unwrap_or(i64::MAX),
            of: rounded(of).unwrap_or(i64::MAX),
            expected_milli: rounded(expected).unwrap_or(i64::MAX),
            ..sum
        })
        .collect()
}

/// What payers are known to choose.
#[derive(Debug, Default)]
pub struct Habits<'a> {
    by_payer: FxHashMap<Key<'a>, [(i64, i64); HABITS]>,
}

impl<'a> Habits<'a> {
    /// Takes what was observed, [`added_up`].
    #[must_use]
    pub fn new(observed: &[Observed<'a>]) -> Self {
        let mut habits = Self::default();
        for row in observed {
            let key = (row.entity, row.customer_id, row.open_from);
            let (count, expected) =
                &mut habits.by_payer.entry(key).or_default()[row.habit as usize];
            *count = count.saturating_add(row.count.max(0));
            *expected = expected.saturating_add(row.expected_milli.max(0));
        }
        habits
    }

    /// Weights of all habits of a payer among so many open items, ppm; `None` where nothing was
    /// observed in the entity.
    ///
    /// The ratio of observed to expected is drawn to one by one payment's worth, and that of the
    /// payer to that of the entity: a Gamma prior of one event on each.
    #[must_use]
    pub fn weights_ppm(
        &self,
        entity: &str,
        customer_id: &str,
        open: usize,
    ) -> Option<[u64; HABITS]> {
        let class = open_from(open);
        let everyone = self.by_payer.get(&(entity, None, class))?;
        let own = self.by_payer.get(&(entity, Some(customer_id), class));
        let mut weights = neutral_ppm(open).map(u128::from);
        let whole = shapes(&weights);
        for (at, weight) in weights.iter_mut().enumerate() {
            let entity_ppm = ratio_ppm(everyone[at], CERTAIN_PPM);
            let payer_ppm = own.map_or(entity_ppm, |own| ratio_ppm(own[at], entity_ppm));
            *weight *= u128::from(payer_ppm.unsigned_abs());
        }
        let total = shapes(&weights).max(1);
        weights[Habit::InPart as usize] /= u128::from(CERTAIN_PPM.unsigned_abs());
        for weight in &mut weights[..Habit::InPart as usize] {
            *weight = *weight * whole / total;
        }
        Some(weights.map(|weight| u64::try_from(weight.max(1)).unwrap_or(u64::MAX)))
    }
}

/// The weight of all shapes together.
fn shapes(weights: &[u128; HABITS]) -> u128 {
    weights[..Habit::InPart as usize].iter().sum()
}

/// Observed over expected, with one event that goes by the `usual` ratio, ppm.
fn ratio_ppm((count, expected_milli): (i64, i64), usual_ppm: i64) -> i64 {
    let events = i128::from(count) * i128::from(CERTAIN_PPM) + i128::from(usual_ppm);
    let ratio = events * 1_000 / (i128::from(expected_milli) + 1_000);
    i64::try_from(ratio).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc_domain::{Currency, ItemKind};

    fn item(item_id: &'static str, open_minor: i64) -> OpenItem<'static> {
        OpenItem {
            item_id,
            entity: "E",
            customer_id: "C",
            payer_id: None,
            reference: Some(item_id),
            other_references: Vec::new(),
            kind: ItemKind::default(),
            currency: Currency::EUR,
            open_minor,
            issue_date: None,
            due_date: None,
            discount: None,
            disputed: false,
        }
    }

    fn past(
        payment_id: &'static str,
        value_date: i32,
        item_id: &'static str,
    ) -> PastAllocation<'static> {
        PastAllocation {
            payment_id,
            value_date,
            entity: "E",
            item_id,
            allocated_minor: 100,
            customer_id: "C",
            payer_name: None,
            payer_iban: None,
        }
    }

    fn told(observed: &[Observed<'_>]) -> Vec<(&'static str, i64, i64)> {
        let shown = observed.iter().filter(|row| row.count > 0);
        shown
            .map(|row| (row.habit.name(), row.count, row.of))
            .collect()
    }

    #[test]
    fn each_payment_is_seen_among_what_was_open_that_day() {
        let items = ["I1", "I2", "I3", "I4", "I5"].map(|id| item(id, 100));
        let history = [
            past("P1", 1, "I1"),
            past("P1", 1, "I2"),
            past("P2", 2, "I3"),
            past("P3", 3, "I4"),
            past("P3", 3, "I5"),
            past("P4", 4, "unknown"),
        ];
        let observed = observe(&items, &history);
        assert_eq!(
            told(&observed),
            [
                ("oldest_item", 1, 2),
                ("everything", 1, 2),
                ("oldest_items", 1, 1)
            ],
        );
        assert!(observed.iter().all(|row| row.customer_id == Some("C")));
    }

    #[test]
    fn a_payment_of_an_item_in_part_shows_no_shape() {
        let items = [item("I1", 250), item("I2", 100)];
        let observed = observe(&items, &[past("P1", 1, "I1")]);
        assert_eq!(told(&observed), [("in_part", 1, 1)]);
    }

    #[test]
    fn credit_notes_that_are_left_aside_are_no_part_of_the_line() {
        let items = [
            item("I1", 100),
            item("I2", -50),
            item("I3", 100),
            item("I4", 100),
        ];
        let history = [past("P1", 1, "I1"), past("P1", 1, "I3")];
        assert_eq!(told(&observe(&items, &history)), [("oldest_items", 1, 1)]);
    }

    fn observed(customer_id: Option<&'static str>, habit: Habit, count: i64) -> Observed<'static> {
        Observed {
            entity: "E",
            customer_id,
            habit,
            open_from: 5,
            count,
            of: 99,
            expected_milli: 9_900,
            days: (1, 2),
        }
    }

    #[test]
    fn in_an_entity_every_payer_counts_as_one() {
        let rows = added_up(&[
            observed(Some("C1"), Habit::Run, 66),
            observed(Some("C1"), Habit::Run, 132),
            observed(Some("C2"), Habit::Run, 0),
            observed(None, Habit::Run, 1_000),
        ]);
        let everyone = rows
            .iter()
            .find(|row| row.customer_id.is_none())
            .expect("a row");
        assert_eq!(
            (everyone.count, everyone.of, everyone.expected_milli),
            (1, 2, 198)
        );
        assert_eq!(rows.len(), 3);
        assert_eq!(added_up(&rows), rows, "once more changes nothing");
    }

    #[test]
    fn what_a_payer_does_outweighs_what_others_do_and_nothing_is_lost() {
        let open = 10;
        let rows = added_up(&[
            observed(Some("C1"), Habit::OldestItems, 90),
            observed(Some("C2"), Habit::OldestItems, 1),
        ]);
        let habits = Habits::new(&rows);
        let of = |payer| {
            let weights = habits.weights_ppm("E", payer, open).expect("observed");
            weights[Habit::OldestItems as usize]
        };
        let neutral = neutral_ppm(open);
        assert!(of("C1") > of("new") && of("new") > of("C2"));
        assert!(of("C2") < neutral[Habit::OldestItems as usize]);
        for payer in ["C1", "C2", "new"] {
            let weights = habits.weights_ppm("E", payer, open).expect("observed");
            let total: u64 = weights[..Habit::InPart as usize].iter().sum();
            assert!((999_980..=1_000_000).contains(&total), "{total}");
        }
        assert_eq!(
            habits.weights_ppm("E", "C1", 3),
            None,
            "another class of pools"
        );
        assert_eq!(habits.weights_ppm("F", "C1", open), None);
    }

    #[test]
    fn the_weights_of_a_payer_of_whom_nothing_is_known_make_up_one() {
        for open in [2, 3, 10, 64, 1_000] {
            let total: u64 = neutral_ppm(open)[..Habit::InPart as usize].iter().sum();
            assert!((999_990..=1_000_000).contains(&total), "{open}: {total}");
        }
    }

    #[test]
    fn counts_at_the_end_of_what_can_be_counted_do_no_harm() {
        let mut row = observed(Some("C1"), Habit::Run, i64::MAX);
        (row.of, row.expected_milli) = (i64::MAX, 0);
        let mut bad = observed(Some("C2"), Habit::Run, -5);
        (bad.of, bad.expected_milli) = (i64::MIN, i64::MIN);
        let habits = Habits::new(&added_up(&[row, bad]));
        assert!(habits.weights_ppm("E", "C1", 10).is_some());
    }
}
