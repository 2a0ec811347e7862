//! The ladder: from screens to search, the cheapest step that settles the question first.

use crate::error::SubsetError;
use crate::halves::{self, Half};
use crate::meter::Meter;
use crate::pool::{Normal, Pick, Pool, normalise};
use crate::probability::{self, Gate, PartialSum, Ways, Weights};
use crate::problem::Problem;
use crate::reach;
use crate::screen;
use crate::search::{self, full_cost};
use crate::solution::{Count, Explanation, Outcome, Proof, Shape, Solution};
use crate::target::explain;
use crate::witness::{self, CORE_LARGE, CORE_SMALL};

/// Exact work up to this price is done before anything is estimated.
const CHEAP_STEPS: u64 = 1 << 19;
/// Exact work from this price on is worth a look at every modulus first.
const DEAR_STEPS: u64 = 1 << 25;
/// Explanations that are listed (and weighed) when all of them are counted: with evidence, and
/// without.
const LIST_MAX: usize = 1 << 10;
const LIST_MAX_PLAIN: usize = 1 << 7;
/// Below this margin (1/1000 bit) nobody can know: two witnesses are enough.
const HOPELESS_MILLIBITS: i64 = -10_000;
/// Residues of the posterior bound, coarse to fine.
const MODULI: [usize; 4] = [1 << 14, 1 << 17, 1 << 20, 1 << 22];
/// Largest factor between one number of residues and the next.
const FINER: u64 = 8;

/// Finds which sets of items make up the target, and what is known about all others.
///
/// Exact about what it claims: `None` and `Unique` come from exact work only, never from a
/// heuristic; `Dominant` from a rigorous bound under the costs given; a limit reached is
/// `OverBudget`. Equal inputs give equal answers on every machine.
///
/// # Errors
/// [`SubsetError`] when the problem is malformed or beyond the stated ranges.
pub fn solve(problem: &Problem<'_>) -> Result<Solution, SubsetError> {
    problem.check()?;
    let pool = match normalise(problem)? {
        Normal::Pool(pool) => pool,
        Normal::Refuted(proof) => return Ok(refuted(proof, &Meter::new(problem.budget))),
    };
    let mut meter = Meter::new(problem.budget);
    meter.spend(32 * pool.members.len() as u64, 0);
    if let Some(modulus) = screen::quick(&pool, &mut meter) {
        return Ok(refuted(Proof::Residue(modulus), &meter));
    }
    let mut ladder = Ladder {
        problem,
        count: Count {
            at_least: 0,
            at_most: (pool.picks() < u64::MAX).then_some(pool.picks()),
        },
        ways: Ways::new(&pool),
        pool,
        meter,
        known: Vec::new(),
        complete_to: None,
        gate: None,
        log_total_high: f64::INFINITY,
    };
    let (outcome, proof) = ladder.climb();
    Ok(ladder.finish(outcome, proof))
}

/// Counts the explanations exactly by meet in the middle, whatever their number.
///
/// `None` when the budget does not allow it (44 items of different amounts need 256 MB).
///
/// # Errors
/// [`SubsetError`] when the problem is malformed or beyond the stated ranges.
pub fn count(problem: &Problem<'_>) -> Result<Option<u64>, SubsetError> {
    problem.check()?;
    let pool = match normalise(problem)? {
        Normal::Pool(pool) => pool,
        Normal::Refuted(_) => return Ok(Some(0)),
    };
    let split = halves::split(&pool.classes);
    let (steps, bytes) = split.price();
    if !Meter::new(problem.budget).allows(steps, bytes) {
        return Ok(None);
    }
    let sums = split.parts.map(|part| {
        let classes: Vec<_> = part.iter().map(|&index| pool.classes[index]).collect();
        halves::sums(&classes, pool.high())
    });
    Ok(Some(halves::count_pairs(
        &sums[0],
        &sums[1],
        &pool.segments,
    )))
}

fn refuted(proof: Proof, meter: &Meter) -> Solution {
    Solution {
        outcome: Outcome::None,
        proof,
        explanations: Vec::new(),
        count: Count::exactly(0),
        candidates: 0,
        complete_to_millinats: Some(i64::MAX),
        information_millibits: None,
        work: meter.work(),
    }
}

/// What is known so far on the way up.
struct Ladder<'p, 'a> {
    problem: &'p Problem<'a>,
    pool: Pool,
    ways: Ways,
    meter: Meter,
    /// Different admissible picks.
    known: Vec<Pick>,
    count: Count,
    complete_to: Option<i64>,
    gate: Option<Gate>,
    /// Upper bound of the logarithm of the weight of all explanations.
    log_total_high: f64,
}

impl Ladder<'_, '_> {
    fn climb(&mut self) -> (Outcome, Proof) {
        let split = halves::split(&self.pool.classes);
        if split.price().0 <= CHEAP_STEPS
            && let Some(end) = self.enumerate(&split)
        {
            return end;
        }
        let dense = self.pool.dense();
        if dense
            && !self.pool.weighted()
            && let Some(end) = self.witnesses(CORE_SMALL)
        {
            return end;
        }
        if let Some(end) = self.cheap_bitset() {
            return end;
        }
        let gate = probability::gate(&self.pool);
        self.meter.spend(64 * self.pool.classes.len() as u64, 0);
        self.gate = Some(gate);
        if self.pool.weighted() {
            let hopeless = gate.margin_millibits < HOPELESS_MILLIBITS;
            if !hopeless && let Some(end) = self.weigh(gate) {
                return end;
            }
            if (dense || hopeless)
                && let Some(end) = self.witnesses(CORE_SMALL)
            {
                return end;
            }
        }
        if self.count.exact().is_none()
            && let Some(end) = self.decide_exactly(&split)
        {
            return end;
        }
        if self.known.len() < 2
            && let Some(end) = self.witnesses(CORE_LARGE)
        {
            return end;
        }
        match self.known.len() {
            0 => (Outcome::OverBudget, Proof::Unproved),
            _ => (self.ambiguous(), Proof::Unproved),
        }
    }

    /// Small sums are computed before anything is estimated.
    fn cheap_bitset(&mut self) -> Option<(Outcome, Proof)> {
        let (steps, bytes) = reach::price(&self.pool);
        if self.count.exact().is_some() || steps > CHEAP_STEPS || !self.meter.allows(steps, bytes) {
            return None;
        }
        let reached = reach::count(&self.pool, &mut self.meter);
        if reached.count < 2 {
            return self.settle_bitset(&reached);
        }
        self.count.at_least = self.count.at_least.max(2);
        None
    }

    fn ambiguous(&self) -> Outcome {
        let known = self.count.at_least.max(self.known.len() as u64);
        Outcome::Ambiguous { known }
    }

    /// Counts all explanations and, if they are few, lists them. Ends the climb but for a pool of
    /// many explanations of different cost, of which a few are listed.
    fn enumerate(&mut self, split: &halves::Split) -> Option<(Outcome, Proof)> {
        let (steps, bytes) = split.price();
        if !self.meter.try_spend(steps, bytes) {
            return None;
        }
        let high = self.pool.high();
        let [left, right] = &split.parts;
        let halves = [
            Half::new(&self.pool, left, high),
            Half::new(&self.pool, right, high),
        ];
        let most = if self.pool.weighted() {
            LIST_MAX
        } else {
            LIST_MAX_PLAIN
        };
        let some = self.problem.explanations_max.max(2);
        let (left, right) = (&halves[0].sums, &halves[1].sums);
        let segments = &self.pool.segments;
        let pairs = halves::pairs(left, right, segments, some.max(most + 1));
        let count = if pairs.len() > most {
            halves::count_pairs(left, right, segments)
        } else {
            halves::count_of(&pairs, left, right)
        };
        self.count = Count::exactly(count);
        if count == 0 {
            return Some((Outcome::None, Proof::Enumeration));
        }
        let complete = count <= most as u64;
        let limit = if complete { most } else { some };
        self.known = halves::list_picks(&self.pool, &halves, &pairs, limit, &mut self.meter);
        if !complete {
            return (!self.pool.weighted()).then(|| (self.ambiguous(), Proof::Enumeration));
        }
        debug_assert_eq!(self.known.len() as u64, count, "listing and counting agree");
        self.complete_to = Some(i64::MAX);
        self.log_total_high = self.weights().total().high;
        Some(self.judge(Proof::Enumeration))
    }

    /// The outcome of what is known: unique, dominant or ambiguous.
    fn judge(&mut self, proof: Proof) -> (Outcome, Proof) {
        self.rank();
        let unique = self.sole();
        let dominant = self.share(0).is_some_and(|(low, _)| self.enough(low));
        let exact = (unique || dominant) && self.prior_is_best();
        let outcome = match (exact, unique, dominant) {
            (true, ..) => Outcome::Exact,
            (_, true, _) => Outcome::Unique,
            (_, _, true) => Outcome::Dominant,
            _ => self.ambiguous(),
        };
        (outcome, proof)
    }

    fn enough(&self, p_low_ppm: u32) -> bool {
        p_low_ppm.saturating_add(self.problem.wrong_max_ppm) >= 1_000_000
    }

    /// Whether the best explanation is the prior set of the caller, without a delta.
    fn prior_is_best(&self) -> bool {
        let Some(costs) = self.problem.costs_millinats else {
            return false;
        };
        let items = self.pool.items(&self.known[0]);
        let amounts = self.problem.amounts_minor;
        let sum: i128 = items.iter().map(|&item| i128::from(amounts[item])).sum();
        let prior = costs.iter().enumerate().filter(|(_, cost)| **cost < 0);
        !items.is_empty()
            && sum == i128::from(self.problem.target_minor)
            && prior.map(|(item, _)| item).eq(items)
    }

    fn weights(&self) -> Weights {
        let pool = &self.pool;
        let picks = self
            .known
            .iter()
            .map(|pick| (&pick[..], full_cost(pool, pick)));
        Weights::new(pool, &self.ways, picks)
    }

    /// Bounds of the probability of the explanation at `index`, ppm.
    fn share(&self, index: usize) -> Option<(u32, u32)> {
        let weights = self.weights();
        let total = PartialSum {
            low: weights.total().low,
            high: self.log_total_high,
        };
        (index < self.known.len()).then(|| weights.share_ppm(index, total))
    }

    fn sole(&self) -> bool {
        self.count.exact() == Some(1)
    }

    /// Searches for the cheapest explanations and bounds the weight of all others.
    fn weigh(&mut self, gate: Gate) -> Option<(Outcome, Proof)> {
        let wanted = self.problem.explanations_max.max(2);
        let found = search::cheapest(&self.pool, wanted, &mut self.meter);
        self.complete_to = found.complete_to;
        if found.picks.is_empty() {
            return None;
        }
        self.known = found.picks;
        self.count.at_least = self.count.at_least.max(found.seen);
        if found.complete_to == Some(i64::MAX) && found.seen == self.known.len() as u64 {
            self.count = Count::exactly(found.seen);
            self.log_total_high = self.weights().total().high;
            return Some(self.judge(Proof::Enumeration));
        }
        self.rank();
        let best = self.weights().log(0);
        for modulus in MODULI {
            let bound = probability::bound(&self.pool, gate.tilt, modulus, best, &mut self.meter);
            let Some(bound) = bound else { break };
            self.log_total_high = self.log_total_high.min(bound);
            let (low, high) = self.share(0)?;
            if self.enough(low) {
                return Some(self.judge(Proof::Posterior));
            }
            if !self.enough(high) {
                return Some((self.ambiguous(), Proof::Posterior));
            }
            // What folds onto the target shrinks with the number of residues. Stop when even twice
            // the usual progress of the next step would not be enough.
            let wrong = u64::from(1_000_000 - low);
            if wrong > 2 * FINER * u64::from(self.problem.wrong_max_ppm.max(1)) {
                break;
            }
        }
        (self.known.len() > 1).then(|| (self.ambiguous(), Proof::Witnesses))
    }

    /// Looks for two explanations: enough to know that it is not unique.
    fn witnesses(&mut self, core_max: usize) -> Option<(Outcome, Proof)> {
        let runs = runs(self.problem, &self.pool);
        let quick = witness::quick(&self.pool, 2, core_max, &mut self.meter);
        for pick in runs.into_iter().chain(quick) {
            if !self.known.contains(&pick) {
                self.known.push(pick);
            }
        }
        self.count.at_least = self.count.at_least.max(self.known.len() as u64);
        self.rank();
        (self.known.len() > 1).then(|| (self.ambiguous(), Proof::Witnesses))
    }

    /// Exact work: the cheaper of enumeration and bitset, as far as the budget goes.
    fn decide_exactly(&mut self, split: &halves::Split) -> Option<(Outcome, Proof)> {
        let enumeration = split.price();
        let bitset = reach::price(&self.pool);
        if self.known.is_empty()
            && enumeration.0.min(bitset.0) >= DEAR_STEPS
            && let Some(modulus) = screen::full(&self.pool, &mut self.meter)
        {
            self.count = Count::exactly(0);
            return Some((Outcome::None, Proof::Residue(modulus)));
        }
        let allowed = |price: (u64, u64)| self.meter.allows(price.0, price.1);
        if allowed(enumeration) && (enumeration.0 <= bitset.0 || !allowed(bitset)) {
            return self.enumerate(split);
        }
        if !allowed(bitset) {
            return None;
        }
        let reached = reach::count(&self.pool, &mut self.meter);
        self.settle_bitset(&reached)
    }

    /// What follows from "never, once, more than once", with the sets behind it.
    fn settle_bitset(&mut self, reached: &reach::Reached) -> Option<(Outcome, Proof)> {
        if reached.count == 0 {
            self.count = Count::exactly(0);
            return Some((Outcome::None, Proof::Bitset));
        }
        let limit = reached.count as usize;
        if self.known.len() < limit {
            let found = reach::witnesses(&self.pool, reached, &mut self.meter).unwrap_or_default();
            for pick in found {
                if self.known.len() < limit && !self.known.contains(&pick) {
                    self.known.push(pick);
                }
            }
        }
        if reached.count > 1 {
            self.count.at_least = self.count.at_least.max(2);
            self.rank();
            return Some((self.ambiguous(), Proof::Bitset));
        }
        self.count = Count::exactly(1);
        if self.known.is_empty() {
            return None;
        }
        self.complete_to = Some(i64::MAX);
        self.log_total_high = self.weights().total().high;
        Some(self.judge(Proof::Bitset))
    }

    /// Sorts what is known: most probable first, then fewest items, then by position.
    fn rank(&mut self) {
        let (pool, ways) = (&self.pool, &self.ways);
        let mut keyed: Vec<_> = std::mem::take(&mut self.known)
            .into_iter()
            .map(|pick| {
                let weight = full_cost(pool, &pick) - ways.millinats(pool, &pick);
                let items = pool.items(&pick);
                (weight, items.len(), items, pick)
            })
            .collect();
        keyed.sort();
        self.known = keyed.into_iter().map(|(.., pick)| pick).collect();
    }

    fn finish(self, outcome: Outcome, proof: Proof) -> Solution {
        let weights = self.weights();
        let total = PartialSum {
            low: weights.total().low,
            high: self.log_total_high,
        };
        let explanations: Vec<Explanation> = self
            .known
            .iter()
            .take(self.problem.explanations_max.max(1))
            .enumerate()
            .map(|(index, pick)| {
                let share = weights.share_ppm(index, total);
                let share = if self.sole() {
                    (1_000_000, 1_000_000)
                } else {
                    share
                };
                self.explanation(pick, share)
            })
            .collect();
        Solution {
            outcome,
            proof,
            explanations,
            count: self.count,
            candidates: self.pool.picks(),
            complete_to_millinats: self.complete_to.filter(|_| outcome != Outcome::OverBudget),
            information_millibits: self.gate.map(|gate| gate.margin_millibits),
            work: self.meter.work(),
        }
    }

    fn explanation(&self, pick: &[u32], share: (u32, u32)) -> Explanation {
        let problem = self.problem;
        let items = self.pool.items(pick);
        let sum: i128 = items
            .iter()
            .map(|&item| i128::from(problem.amounts_minor[item]))
            .sum();
        let difference = sum - i128::from(problem.target_minor);
        let (delta, delta_cost, other_deltas) =
            explain(problem.deltas, difference).expect("every pick was searched as admissible");
        let costs = problem.costs_millinats.unwrap_or(&[]);
        let prior: i64 = costs.iter().filter(|&&cost| cost < 0).sum();
        let chosen: i64 = items.iter().map(|&item| problem.cost(item)).sum();
        Explanation {
            shape: shape(&items, problem.amounts_minor.len()),
            items,
            difference_minor: i64::try_from(difference).expect("a delta has 64 bits"),
            delta,
            other_deltas,
            cost_millinats: chosen - prior + delta_cost,
            p_low_ppm: share.0,
            p_high_ppm: share.1,
        }
    }
}

pub(crate) fn shape(items: &[usize], pool: usize) -> Shape {
    let neighbours = items.windows(2).all(|pair| pair[0] + 1 == pair[1]);
    match items.len() {
        1 => Shape::Single,
        length if length == pool => Shape::Whole,
        2 => Shape::Pair,
        0 => Shape::Scattered,
        _ if neighbours => Shape::Run,
        _ => Shape::Scattered,
    }
}

/// The first run of neighbours (input order) that makes up the target, as a pick.
fn runs(problem: &Problem<'_>, pool: &Pool) -> Option<Pick> {
    let amounts = problem.amounts_minor;
    let mut prefixes: Vec<(i128, usize)> = Vec::with_capacity(amounts.len() + 1);
    let mut sum = 0_i128;
    prefixes.push((0, 0));
    for (&amount, end) in amounts.iter().zip(1..) {
        sum += i128::from(amount);
        prefixes.push((sum, end));
    }
    prefixes.sort_unstable();
    let target = i128::from(problem.target_minor);
    for &(start_sum, start) in &prefixes {
        let wanted = start_sum + target;
        let next = prefixes.partition_point(|&prefix| prefix <= (wanted, start));
        if let Some(&(_, end)) = prefixes.get(next).filter(|prefix| prefix.0 == wanted) {
            return pool.pick_of(start..end);
        }
    }
    None
}
