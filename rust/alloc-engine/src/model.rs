//! What a payer most likely means when nothing names it: the prior over sets of items, and the
//! chance that an amount agrees by accident.

use std::sync::OnceLock;

use alloc_domain::{FEW_MAX, HABITS, Habit, Proof};
use alloc_subset::{
    Ends, Outcome, ScatteredWeights, ShapeProblem, ShapeSolution, ShapeWeights, explain_by_shape,
};
use rustc_hash::FxHashMap;

use crate::explain::Case;
use crate::habit::neutral_ppm;
use crate::ledger::{Ledger, by_number};
use crate::limits::ALTERNATIVES_MAX;
use crate::policy::CERTAIN_PPM;

/// A run around what is named, half of what the shapes of the rest alone have.
const AROUND_NAMED_PPM: u32 = 83_333;
/// A payer who names items names all of them, as often as not.
const NAMED_PPM: u32 = 500_000;

/// An amount without odd digits is still one of so many.
const ROUND_AMOUNTS: u64 = 20;
/// How many items' worth of experience that expectation is.
const AMOUNTS_EXPECTED: u64 = 10;
/// Parts per trillion that make one.
const ONE_PPT: u64 = 1_000_000_000_000;

/// How common each amount is in each entity; counted when first asked.
#[derive(Debug, Default)]
pub struct Amounts {
    counted: OnceLock<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    by_amount: FxHashMap<(u32, i64), u64>,
    by_entity: FxHashMap<u32, u64>,
}

impl Amounts {
    /// Counts an item more, where amounts were counted.
    pub fn add(&mut self, ledger: &Ledger<'_>, index: u32) {
        if let Some(counted) = self.counted.get_mut() {
            counted.add(ledger, index);
        }
    }

    /// Counts an item no more, where amounts were counted.
    pub fn remove(&mut self, ledger: &Ledger<'_>, index: u32) {
        if let Some(counted) = self.counted.get_mut() {
            counted.remove(ledger, index);
        }
    }

    /// The chance that an amount which nothing explains is this one, parts per trillion: as often
    /// as other customers' items have it, and where none has, as seldom as its digits are many.
    pub(crate) fn coincidence_ppt(
        &self,
        ledger: &Ledger<'_>,
        account: u32,
        amount_minor: i64,
    ) -> u64 {
        let counted = self.counted.get_or_init(|| Counted::of(ledger));
        let entity = ledger.accounts[account as usize].entity;
        let own = ledger.pool(account).iter();
        let own = own.filter(|&&item| ledger.item(item).open_minor == amount_minor);
        let seen = counted.by_amount.get(&(entity, amount_minor));
        let others = seen.map_or(0, |seen| seen.saturating_sub(own.count() as u64));
        let all = counted.by_entity.get(&entity).copied().unwrap_or(0);
        let expected = ONE_PPT / significant(amount_minor).max(ROUND_AMOUNTS);
        let share = u128::from(others) * u128::from(ONE_PPT)
            + u128::from(expected) * u128::from(AMOUNTS_EXPECTED);
        u64::try_from(share / u128::from(all + AMOUNTS_EXPECTED)).unwrap_or(ONE_PPT)
    }
}

/// The entity and the amount of an item.
fn amount_of(ledger: &Ledger<'_>, index: u32) -> (u32, i64) {
    let account = ledger.account_of(index);
    let entity = ledger.accounts[account as usize].entity;
    (entity, ledger.item(index).open_minor)
}

impl Counted {
    fn of(ledger: &Ledger<'_>) -> Self {
        let mut counted = Self::default();
        for index in ledger.open() {
            counted.add(ledger, index);
        }
        counted
    }

    fn add(&mut self, ledger: &Ledger<'_>, index: u32) {
        let (entity, amount) = amount_of(ledger, index);
        *self.by_amount.entry((entity, amount)).or_default() += 1;
        *self.by_entity.entry(entity).or_default() += 1;
    }

    fn remove(&mut self, ledger: &Ledger<'_>, index: u32) {
        let (entity, amount) = amount_of(ledger, index);
        let same = self.by_amount.get_mut(&(entity, amount));
        for count in same.into_iter().chain(self.by_entity.get_mut(&entity)) {
            *count = count.saturating_sub(1);
        }
    }
}

/// An amount without the zeros at its end, which carry no information.
fn significant(amount_minor: i64) -> u64 {
    let mut significant = amount_minor.unsigned_abs().max(1);
    while significant.is_multiple_of(10) {
        significant /= 10;
    }
    significant
}

/// Sets of items that make up the cash, the likeliest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Items of each set.
    pub sets: Vec<Vec<u32>>,
    /// How we know.
    pub proof: Proof,
    /// Lower bound of the probability of the first set, ppm.
    pub p_low_ppm: i64,
    /// How many sets there are, or how many are known.
    pub count: i64,
    /// Lower bound of the probability of the rival, ppm.
    pub rival_ppm: i64,
}

/// Asks for the sets of `pool` that make up the cash together with what is surely named.
///
/// * `pool` — what may be paid
/// * `named` — items of the pool that are in for sure, ascending
/// * `rival_ppt` — the weight of what else explains the payment, parts per trillion
#[must_use]
pub fn by_shape(
    case: &Case<'_, '_>,
    pool: &[u32],
    named: &[u32],
    rival_ppt: u64,
) -> Option<Answer> {
    let line = by_age(case, pool);
    let amounts: Vec<i64> = line.iter().map(|&item| case.open(item)).collect();
    let is_named: Vec<bool> = line
        .iter()
        .map(|item| named.binary_search(item).is_ok())
        .collect();
    let kinds = kinds(case, &line, &amounts);
    let given: i128 = named.iter().map(|&item| i128::from(case.open(item))).sum();
    let rest = i64::try_from(i128::from(case.amount_minor) - given).ok()?;
    let asked = if rest == 0 || rival_ppt > 0 {
        case.amount_minor
    } else {
        rest
    };
    let account = case.ledger.account_of(*line.first()?);
    let payer = case.ledger.accounts[account as usize];
    let entity = case.ledger.item(*line.first()?).entity;
    let known = case
        .habits
        .weights_ppm(entity, payer.customer_id, line.len());
    let habits = known.unwrap_or_else(|| neutral_ppm(line.len()));
    let chance = case.amounts.coincidence_ppt(case.ledger, account, asked);
    let unexplained_ppt = share_of(chance, habits[Habit::InPart as usize]);
    let solution = explain_by_shape(&ShapeProblem {
        amounts_minor: &amounts,
        kinds: &kinds,
        named: &is_named,
        target_minor: case.amount_minor,
        weights: weights(&habits, line.len(), !named.is_empty()),
        unexplained_ppt,
        rival_ppt,
        budget: case.budget(),
        explanations_max: ALTERNATIVES_MAX + 1,
        wrong_max_ppm: u32::try_from(case.policy.max_wrong_ppm).unwrap_or(0),
    });
    Some(solution.map_or_else(|_| Answer::UNSEARCHED, |found| Answer::of(&line, &found)))
}

impl Answer {
    /// Too many items, or amounts beyond what can be added.
    const UNSEARCHED: Self = Self {
        sets: Vec::new(),
        proof: Proof::OverBudget,
        p_low_ppm: 0,
        count: 0,
        rival_ppm: 0,
    };

    /// What was found among the items of a line.
    fn of(line: &[u32], solution: &ShapeSolution) -> Self {
        let best = solution.explanations.first();
        let p_low_ppm = best.map_or(0, |best| i64::from(best.p_low_ppm));
        let items = |positions: &[usize]| positions.iter().map(|&at| line[at]).collect();
        let sets = solution.explanations.iter();
        Self {
            sets: sets.map(|found| items(&found.items)).collect(),
            proof: match solution.outcome {
                Outcome::Unique => Proof::Unique,
                Outcome::Dominant | Outcome::Exact => Proof::Dominant,
                Outcome::OverBudget => Proof::OverBudget,
                _ => Proof::Ambiguous,
            },
            p_low_ppm: p_low_ppm.min(CERTAIN_PPM),
            count: i64::try_from(solution.count.at_least).unwrap_or(i64::MAX),
            rival_ppm: i64::from(solution.rival_low_ppm),
        }
    }
}

/// Items oldest first: by due date, issue date and number.
fn by_age(case: &Case<'_, '_>, pool: &[u32]) -> Vec<u32> {
    let mut line = pool.to_vec();
    line.sort_by_key(|&item| {
        let item = case.ledger.item(item);
        (by_number(item), item.item_id)
    });
    line
}

/// Items that nothing tells apart have one kind.
fn kinds(case: &Case<'_, '_>, line: &[u32], amounts: &[i64]) -> Vec<u32> {
    let mut known: FxHashMap<(u32, i64), u32> = FxHashMap::default();
    (0_u32..)
        .zip(line.iter().zip(amounts))
        .map(|(position, (&item, &open))| {
            let key = (case.ledger.class_of(item), open);
            *known.entry(key).or_insert(position)
        })
        .collect()
}

/// The prior over the sets of so many items, as shapes have it.
///
/// * `habits` — how likely the payer is to choose which, ppm
fn weights(habits: &[u64; HABITS], open: usize, is_named: bool) -> ShapeWeights {
    let of = |habit: Habit| u32::try_from(habits[habit as usize]).unwrap_or(u32::MAX);
    let one = of(Habit::OldestItem) + of(Habit::OtherItem);
    let first = beyond(of(Habit::OldestItem), of(Habit::OtherItem), open);
    let neutral = neutral_ppm(open);
    // Half of those who choose otherwise look at one end of the list only.
    let scattered =
        [Habit::ScatteredFew, Habit::ScatteredMany].map(|habit| neutral[habit as usize]);
    let half = scattered.iter().sum::<u64>() / 2;
    let times = |habit: Habit| {
        let usual = neutral[habit as usize].max(1);
        u32::try_from(half * habits[habit as usize] / usual).unwrap_or(u32::MAX)
    };
    let plain = ShapeWeights {
        named_ppm: 0,
        one_ppm: one - first,
        first_ppm: first,
        all_ppm: of(Habit::Everything),
        edge_ppm: Ends {
            oldest: 2 * of(Habit::OldestItems),
            latest: 2 * of(Habit::LatestItems),
        },
        run_ppm: of(Habit::Run),
        gap_ppm: of(Habit::AllButRun),
        three_ppm: Ends {
            oldest: 2 * of(Habit::OldestAndRun),
            latest: 2 * of(Habit::LatestAndRun),
        },
        four_ppm: of(Habit::TwoRuns),
        around_named_ppm: 0,
        window_ppm: times(Habit::ScatteredFew),
        scattered_ppm: ScatteredWeights {
            few: times(Habit::ScatteredFew),
            many: times(Habit::ScatteredMany),
            few_max: FEW_MAX,
        },
    };
    if !is_named {
        return plain;
    }
    // The shape is that of what is not named, or of everything that is paid: a half each.
    let quarter = |ends: Ends| Ends {
        oldest: ends.oldest / 4,
        latest: ends.latest / 4,
    };
    ShapeWeights {
        named_ppm: NAMED_PPM,
        one_ppm: plain.one_ppm / 2,
        first_ppm: plain.first_ppm / 2,
        all_ppm: plain.all_ppm / 2,
        edge_ppm: quarter(plain.edge_ppm),
        run_ppm: plain.run_ppm / 4,
        gap_ppm: plain.gap_ppm / 4,
        three_ppm: quarter(plain.three_ppm),
        four_ppm: plain.four_ppm / 4,
        around_named_ppm: AROUND_NAMED_PPM,
        window_ppm: plain.window_ppm / 2,
        scattered_ppm: ScatteredWeights {
            few: plain.scattered_ppm.few / 2,
            many: plain.scattered_ppm.many / 2,
            ..plain.scattered_ppm
        },
    }
}

/// What the oldest item alone has beyond each other one; nothing where that is a matter of rounding.
fn beyond(oldest: u32, others: u32, open: usize) -> u32 {
    let rest = u32::try_from(open.saturating_sub(1)).unwrap_or(u32::MAX);
    oldest.saturating_sub(others.div_ceil(rest.max(1)))
}

/// A part of a weight, ppm of it.
fn share_of(weight: u64, ppm: u64) -> u64 {
    u64::try_from(u128::from(weight) * u128::from(ppm) / 1_000_000).unwrap_or(u64::MAX)
}
