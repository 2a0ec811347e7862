//! From shapes to an answer: list, count, or bound.

use super::around::Around;
use super::listed::{Kinds, Line, Sets};
use super::{ShapeExplanation, ShapeProblem, ShapeSolution, addable};
use crate::error::SubsetError;
use crate::halves;
use crate::ladder::{shape, solve};
use crate::meter::Meter;
use crate::pool::{Normal, Pool, normalise};
use crate::probability::{Mass, Scattered, ShapePrior, View, WINDOW_MIN};
use crate::problem::{Budget, Problem};
use crate::search;
use crate::solution::{Count, Outcome};

/// Exact work up to this price lists every explanation.
const LISTING_STEPS: u64 = 1 << 19;
/// Explanations that are listed when all of them are counted.
const LISTED_MAX: usize = 128;
/// Explanations that a search for the fewest items hands back.
const SEARCHED_MAX: usize = 16;
/// Steps that this search may take: lists of 2,048 sets of items.
const SEARCH_STEPS: u64 = 1 << 20;
/// Most items at an end of the line of which any may be taken.
const WINDOW_MAX: usize = 16;
/// Half of the payers who choose by age leave credit notes aside where there are any.
const HALF_PPM: u32 = 500_000;
const WHOLE_PPM: u32 = 1_000_000;

/// Finds the sets of items that make up the target, weighed by how likely their shape is.
///
/// Exact about what it claims: `p_low_ppm` is a lower bound under the stated weights, because
/// everything that is not listed is counted or bounded from above; `Unique` says that every set
/// was counted. Equal inputs give equal answers on every machine.
///
/// # Errors
/// [`SubsetError`] when the problem is malformed or beyond the stated ranges.
pub fn explain_by_shape(problem: &ShapeProblem<'_>) -> Result<ShapeSolution, SubsetError> {
    let amounts = problem.amounts_minor.len();
    for (field, got) in [
        ("kinds", problem.kinds.len()),
        ("named", problem.named.len()),
    ] {
        if got != amounts {
            return Err(SubsetError::LengthDiffers {
                field,
                got,
                amounts,
            });
        }
    }
    let limit = crate::problem::SUM_MAX_MINOR;
    if !addable(problem.amounts_minor) || problem.target_minor.unsigned_abs() > limit {
        return Err(SubsetError::SumTooLarge { limit });
    }
    let mut climb = Climb::new(problem);
    let (outcome, count) = climb.climb()?;
    Ok(climb.finish(outcome, count))
}

struct Climb<'p, 'a> {
    problem: &'p ShapeProblem<'a>,
    /// Items to choose from, oldest first.
    rest: Vec<u32>,
    /// How far each of them is from what is named, from 1; empty where nothing is.
    distances: Vec<u32>,
    rest_minor: i64,
    kinds: Kinds<'a>,
    prior: ShapePrior,
    meter: Meter,
    /// Sets of the rest that hit the rest of the target.
    sets: Sets,
    /// Bounds of the probability of everything that hits it.
    low: Mass,
    high: Mass,
}

impl<'p, 'a> Climb<'p, 'a> {
    fn new(problem: &'p ShapeProblem<'a>) -> Self {
        let named = |position: u32| problem.named[position as usize];
        let size = u32::try_from(problem.amounts_minor.len()).unwrap_or(u32::MAX);
        let rest: Vec<u32> = (0..size).filter(|&position| !named(position)).collect();
        let named_items = problem.amounts_minor.len() - rest.len();
        let given: i64 = (0..size)
            .filter(|&position| named(position))
            .map(|position| problem.amounts_minor[position as usize])
            .sum();
        let kinds = Kinds::new(problem.kinds, &rest);
        let distances = kinds.nearest(&rest, distances(problem.named));
        Self {
            kinds,
            prior: ShapePrior::new(rest.len(), named_items, &distances, problem.weights),
            distances,
            meter: Meter::new(problem.budget),
            rest_minor: problem.target_minor - given,
            rest,
            problem,
            sets: Sets::new(),
            low: Mass::NONE,
            high: Mass::NONE,
        }
    }

    fn climb(&mut self) -> Result<(Outcome, Count), SubsetError> {
        if !self.list_shapes() {
            return Ok((self.unfinished(), self.at_least()));
        }
        let amounts: Vec<i64> = self.amounts_of_rest();
        let kinds: Vec<u32> = self
            .rest
            .iter()
            .map(|&position| self.problem.kinds[position as usize])
            .collect();
        let mut plain = Problem::new(&amounts, self.rest_minor);
        plain.kinds = Some(&kinds);
        plain.budget = self.problem.budget;
        plain.explanations_max = LISTED_MAX;
        if self.rest.len() < 3 {
            // Nothing but what is listed.
            if self.rest.len() == 2 && self.rest_minor == 0 && amounts[0] == -amounts[1] {
                self.sets.entry(self.rest.clone()).or_default();
            }
            let count = Count::exactly(self.sets.len() as u64);
            return Ok(self.judge_all(count));
        }
        let mut pool = match normalise(&plain)? {
            Normal::Refuted(_) => return Ok(self.judge_all(Count::exactly(0))),
            Normal::Pool(pool) => pool,
        };
        if halves::split(&pool.classes).price().0 <= LISTING_STEPS {
            let solution = solve(&plain)?;
            self.meter.spend(solution.work.steps, solution.work.bytes);
            if solution.count.exact() == Some(solution.explanations.len() as u64) {
                for explanation in &solution.explanations {
                    let set = explanation.items.iter().map(|&item| self.rest[item]);
                    let set = self.kinds.canonical(set.collect());
                    self.sets.entry(set).or_default();
                }
                return Ok(self.judge_all(solution.count));
            }
        }
        Ok(self.bound(&mut pool))
    }

    fn amounts_of_rest(&self) -> Vec<i64> {
        let amount = |&position: &u32| self.problem.amounts_minor[position as usize];
        self.rest.iter().map(amount).collect()
    }

    /// Lists every set of a shape that can be listed; false when there are too many.
    fn list_shapes(&mut self) -> bool {
        let amounts = self.problem.amounts_minor;
        if self.rest_minor == 0 {
            let mass = Mass::of_ppm(self.problem.weights.named_ppm);
            self.sets.insert(Vec::new(), mass);
        }
        for (older, &position) in self.rest.iter().enumerate() {
            if amounts[position as usize] == self.rest_minor {
                let set = self.kinds.canonical(vec![position]);
                let known = self.sets.entry(set).or_default();
                *known = known.plus(self.prior.one(older));
            }
        }
        let debits: Vec<u32> = self
            .rest
            .iter()
            .copied()
            .filter(|&position| amounts[position as usize] > 0)
            .collect();
        let mixed = debits.len() < self.rest.len();
        let share = if mixed { HALF_PPM } else { WHOLE_PPM };
        let (prior, kinds, meter) = (&self.prior, &self.kinds, &mut self.meter);
        let line = Line::new(&self.rest, amounts, self.rest_minor, share);
        let mut listed = line.list(prior, kinds, &mut self.sets, meter);
        if mixed {
            let line = Line::new(&debits, amounts, self.rest_minor, share);
            listed = listed && line.list(prior, kinds, &mut self.sets, meter);
        }
        listed && self.list_around_named() && self.list_windows()
    }

    /// Lists the sets of the latest and of the oldest few items.
    fn list_windows(&mut self) -> bool {
        let most = WINDOW_MAX.min(self.rest.len().saturating_sub(1));
        if most < WINDOW_MIN {
            return true;
        }
        let oldest = self.rest[..most].to_vec();
        let latest = self.rest.iter().rev().take(most).copied().collect();
        let mut windows = vec![(View::End, oldest), (View::End, latest)];
        if !self.distances.is_empty() {
            let mut near: Vec<(u32, u32)> = self
                .distances
                .iter()
                .copied()
                .zip(self.rest.iter().copied())
                .collect();
            near.sort_unstable();
            let near = near.into_iter().take(most).map(|(_, position)| position);
            windows.push((View::Near, near.collect()));
        }
        windows
            .iter()
            .all(|(view, window)| self.list_window(*view, window))
    }

    /// Lists the sets of a window, its outermost item first.
    fn list_window(&mut self, view: View, window: &[u32]) -> bool {
        let problem = self.problem;
        let of = |&position: &u32| problem.amounts_minor[position as usize];
        let amounts: Vec<i64> = window.iter().map(of).collect();
        let kind = |&position: &u32| problem.kinds[position as usize];
        let kinds: Vec<u32> = window.iter().map(kind).collect();
        let mut plain = Problem::new(&amounts, self.rest_minor);
        plain.kinds = Some(&kinds);
        plain.explanations_max = LISTED_MAX;
        let Ok(solution) = solve(&plain) else {
            return false;
        };
        self.meter.spend(solution.work.steps, solution.work.bytes);
        if solution.count.exact() != Some(solution.explanations.len() as u64) {
            return false;
        }
        for found in solution
            .explanations
            .iter()
            .filter(|found| !found.items.is_empty())
        {
            let span = found.items.iter().max().map_or(0, |last| last + 1);
            let set = found.items.iter().map(|&item| window[item]);
            let set = self.kinds.canonical(set.collect());
            let known = self.sets.entry(set).or_default();
            *known = known.plus(self.prior.window(view, span, window.len()));
        }
        true
    }

    /// Lists the runs around what is named.
    fn list_around_named(&mut self) -> bool {
        let problem = self.problem;
        if problem.weights.around_named_ppm == 0 {
            return true;
        }
        let Some(around) = Around::new(problem.amounts_minor, problem.named) else {
            return true;
        };
        let (sets, meter) = (&mut self.sets, &mut self.meter);
        around.list(problem.target_minor, &self.prior, &self.kinds, sets, meter)
    }

    /// The full probability of a set: its shapes, and as scattered items.
    fn mass(&self, set: &[u32], listed: Mass) -> Mass {
        listed.plus(self.prior.scattered(&self.scattered(set)))
    }

    fn scattered(&self, set: &[u32]) -> Scattered {
        let place = |position: &u32| self.rest.partition_point(|other| other < position);
        let places = set.iter().map(|position| u32::try_from(place(position)));
        Scattered {
            items: places
                .map(|place| place.expect("items are limited"))
                .collect(),
            ways: self.kinds.ways(set),
        }
    }

    /// Every set is known: their probabilities add up to the whole.
    fn judge_all(&mut self, count: Count) -> (Outcome, Count) {
        let mut total = self.unexplained();
        for (set, &listed) in &self.sets {
            total = total.plus(self.mass(set, listed));
        }
        (self.low, self.high) = (total, total);
        if self.sets.is_empty() {
            return (Outcome::None, Count::exactly(0));
        }
        let count = Count::exactly(count.at_least.max(self.sets.len() as u64));
        let outcome = if count.exact() == Some(1) {
            Outcome::Unique
        } else {
            self.dominant()
        };
        (outcome, count)
    }

    /// Not every set can be known: scattered ones are bounded.
    fn bound(&mut self, pool: &mut Pool) -> (Outcome, Count) {
        if self.sets.is_empty() || !self.distances.is_empty() {
            self.search(pool);
        }
        // What is listed, without and with the same sets as scattered ones.
        let (mut shapes, mut listed) = (self.unexplained(), self.unexplained());
        let mut best = self.rival();
        for (set, &mass) in &self.sets {
            shapes = shapes.plus(mass);
            let full = self.mass(set, mass);
            listed = listed.plus(full);
            if full > best {
                best = full;
            }
        }
        self.low = listed;
        self.high = Mass::of_ppm(WHOLE_PPM);
        if best == Mass::NONE {
            let count = Count {
                at_least: 0,
                at_most: None,
            };
            return (Outcome::OverBudget, count);
        }
        let wrong = self.problem.wrong_max_ppm;
        if hopeful(best, listed, wrong) {
            let known: Vec<Scattered> = self.sets.keys().map(|set| self.scattered(set)).collect();
            let allowed = best.part(wrong).without(listed.without(best));
            let scattered = self
                .prior
                .scattered_bound(pool, &known, allowed, &mut self.meter);
            if let Some(scattered) = scattered {
                self.high = shapes.plus(scattered);
            }
        }
        if self.sets.is_empty() {
            return (self.unfinished(), self.at_least());
        }
        (self.dominant(), self.at_least())
    }

    /// Sets of the fewest items, those that leave out the fewest, and those nearest to what is named.
    fn search(&mut self, pool: &mut Pool) {
        for costs in self.prior.search_costs() {
            pool.set_costs(|item| costs.of(item));
            let mut meter = Meter::new(Budget {
                steps: SEARCH_STEPS.min(self.meter.steps_left()),
                ..self.problem.budget
            });
            let found = search::cheapest(pool, SEARCHED_MAX, &mut meter);
            self.meter.spend(meter.work().steps, meter.work().bytes);
            for pick in &found.picks {
                let items = pool.items(pick);
                let set = items.iter().map(|&item| self.rest[item]);
                let set = self.kinds.canonical(set.collect());
                self.sets.entry(set).or_default();
            }
        }
    }

    /// The probability that no set of these items is meant: the rival, or the accident that it
    /// takes the place of.
    fn unexplained(&self) -> Mass {
        let unexplained = Mass::of_ppt(self.problem.unexplained_ppt);
        if unexplained > self.rival() {
            unexplained
        } else {
            self.rival()
        }
    }

    /// What the rival says of itself takes the place of an accident.
    fn rival_low_ppm(&self) -> u32 {
        let high = self.high.without(self.unexplained()).plus(self.rival());
        self.rival().share_ppm(high, high).0
    }

    fn rival(&self) -> Mass {
        Mass::of_ppt(self.problem.rival_ppt)
    }

    fn best(&self) -> Option<Mass> {
        let full = self.sets.iter().map(|(set, &mass)| self.mass(set, mass));
        full.min_by(|a, b| a.descending(*b))
    }

    fn dominant(&self) -> Outcome {
        let share = self.best().map(|best| best.share_ppm(self.low, self.high));
        let enough = |low: u32| low.saturating_add(self.problem.wrong_max_ppm) >= WHOLE_PPM;
        if share.is_some_and(|(low, _)| enough(low)) {
            Outcome::Dominant
        } else {
            self.ambiguous()
        }
    }

    /// What is known when not every shape could be listed.
    fn unfinished(&self) -> Outcome {
        if self.sets.is_empty() {
            Outcome::OverBudget
        } else {
            self.ambiguous()
        }
    }

    fn ambiguous(&self) -> Outcome {
        Outcome::Ambiguous {
            known: self.sets.len() as u64,
        }
    }

    fn at_least(&self) -> Count {
        Count {
            at_least: self.sets.len() as u64,
            at_most: None,
        }
    }

    fn finish(self, outcome: Outcome, count: Count) -> ShapeSolution {
        let mut ranked: Vec<(Mass, Vec<u32>)> = self
            .sets
            .iter()
            .map(|(set, &listed)| (self.mass(set, listed), set.clone()))
            .collect();
        let key = |set: &Vec<u32>| (set.len(), set.clone());
        ranked.sort_by(|a, b| a.0.descending(b.0).then_with(|| key(&a.1).cmp(&key(&b.1))));
        ranked.truncate(self.problem.explanations_max.max(1));
        let explanation = |(mass, set): (Mass, Vec<u32>)| {
            let mut items: Vec<usize> = set.iter().map(|&position| position as usize).collect();
            let named = self.problem.named.iter().enumerate();
            items.extend(named.filter(|(_, named)| **named).map(|(item, _)| item));
            items.sort_unstable();
            let (p_low_ppm, p_high_ppm) = mass.share_ppm(self.low, self.high);
            ShapeExplanation {
                shape: shape(&items, self.problem.amounts_minor.len()),
                items,
                p_low_ppm,
                p_high_ppm,
            }
        };
        ShapeSolution {
            rival_low_ppm: self.rival_low_ppm(),
            outcome,
            explanations: ranked.into_iter().map(explanation).collect(),
            count,
            work: self.meter.work(),
        }
    }
}

/// How far each item is from the nearest named one; empty where none is named.
fn distances(named: &[bool]) -> Vec<u32> {
    let places: Vec<usize> = (0..named.len()).filter(|&place| named[place]).collect();
    if places.is_empty() {
        return Vec::new();
    }
    let mut next = 0;
    let nearest = |place: usize| {
        while next < places.len() && places[next] < place {
            next += 1;
        }
        let after = places.get(next).map(|&later| later - place);
        let before = next.checked_sub(1).map(|last| place - places[last]);
        let nearest = after.into_iter().chain(before).min().unwrap_or(0);
        u32::try_from(nearest).expect("items are limited")
    };
    (0..named.len()).map(nearest).collect()
}

/// Whether the best could still be sure enough if nothing but what is listed existed.
fn hopeful(best: Mass, listed: Mass, wrong_ppm: u32) -> bool {
    let total = if best > listed { best } else { listed };
    best.share_ppm(total, total).1 + wrong_ppm >= WHOLE_PPM
}
