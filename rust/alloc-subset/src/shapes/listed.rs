//! The shapes of which every set that hits the target can be listed.

use std::collections::BTreeMap;

use super::End;
use crate::meter::Meter;
use crate::probability::{Mass, ShapePrior};

/// Most neighbours among which two runs are looked for: they have 20,000 runs.
const PAIRS_ITEMS_MAX: usize = 200;
/// Most sets of one shape that are listed; beyond it nobody can know.
pub(super) const SETS_MAX: usize = 1 << 12;

/// Sets found, by position, with the probability of their shapes.
pub(super) type Sets = BTreeMap<Vec<u32>, Mass>;

/// Neighbours in age: the items that shapes are made of.
pub(super) struct Line<'l> {
    /// Positions, oldest first.
    pub positions: &'l [u32],
    /// Sums of the first so many of them.
    prefix: Vec<i64>,
    target: i64,
    /// How likely this line is the one that is looked at, ppm.
    share_ppm: u32,
}

/// A run from one boundary to a later one, by its sum.
type Run = (i64, u32, u32);

impl<'l> Line<'l> {
    pub fn new(positions: &'l [u32], amounts: &[i64], target: i64, share_ppm: u32) -> Self {
        let mut prefix = Vec::with_capacity(positions.len() + 1);
        let mut sum = 0;
        prefix.push(sum);
        for &position in positions {
            sum += amounts[position as usize];
            prefix.push(sum);
        }
        Self {
            positions,
            prefix,
            target,
            share_ppm,
        }
    }

    fn add(&self, sets: &mut Sets, mass: Mass, parts: &[(usize, usize)], kinds: &Kinds) {
        let items = parts
            .iter()
            .flat_map(|&(from, to)| &self.positions[from..to]);
        let set = kinds.canonical(items.copied().collect());
        let known = sets.entry(set).or_default();
        *known = known.plus(mass.part(self.share_ppm));
    }

    /// Everything, the oldest, the latest, runs and pairs of runs that hit the target; false when
    /// there are too many of them.
    pub fn list(
        &self,
        prior: &ShapePrior,
        kinds: &Kinds,
        sets: &mut Sets,
        meter: &mut Meter,
    ) -> bool {
        let size = self.positions.len();
        meter.spend(16 * size as u64, 0);
        if size > 0 && self.prefix[size] == self.target {
            self.add(sets, prior.all(), &[(0, size)], kinds);
        }
        for taken in 2..size {
            if self.prefix[taken] == self.target {
                let mass = prior.edge(End::Oldest, taken, size);
                self.add(sets, mass, &[(0, taken)], kinds);
            }
            if self.prefix[size] - self.prefix[size - taken] == self.target {
                let mass = prior.edge(End::Latest, taken, size);
                self.add(sets, mass, &[(size - taken, size)], kinds);
            }
        }
        self.list_runs(prior, kinds, sets, meter) && self.list_pairs(prior, kinds, sets, meter)
    }

    /// Runs of at least two, and all but an inner run.
    fn list_runs(
        &self,
        prior: &ShapePrior,
        kinds: &Kinds,
        sets: &mut Sets,
        meter: &mut Meter,
    ) -> bool {
        let size = self.positions.len();
        self.each_run(meter, |from, to, is_gap| {
            if is_gap && from > 0 && to < size {
                let mass = prior.gap(to - from, size);
                self.add(sets, mass, &[(0, from), (to, size)], kinds);
            } else if !is_gap && to > from + 1 {
                self.add(sets, prior.run(to - from, size), &[(from, to)], kinds);
            }
            sets.len() <= SETS_MAX
        })
    }

    /// Visits every run that hits the target, and every run without which everything does.
    fn each_run(
        &self,
        meter: &mut Meter,
        mut visit: impl FnMut(usize, usize, bool) -> bool,
    ) -> bool {
        let size = self.positions.len();
        let mut sorted: Vec<(i64, u32)> = self.prefix.iter().copied().zip(0..).collect();
        meter.spend(64 * size as u64, 0);
        sorted.sort_unstable();
        let total = self.prefix[size];
        for (wanted, is_gap) in [(self.target, false), (total - self.target, true)] {
            for (from, to) in runs_with(&sorted, wanted) {
                if !visit(from, to, is_gap) {
                    return false;
                }
            }
        }
        true
    }

    /// Sets with three or four changes between in and out.
    fn list_pairs(
        &self,
        prior: &ShapePrior,
        kinds: &Kinds,
        sets: &mut Sets,
        meter: &mut Meter,
    ) -> bool {
        let size = self.positions.len();
        self.each_pair(meter, |changes, parts| {
            let end = if parts[0].0 == 0 {
                End::Oldest
            } else {
                End::Latest
            };
            self.add(sets, prior.broken(changes, end, size), parts, kinds);
            sets.len() <= SETS_MAX
        })
    }

    /// Visits every set with three or four changes that hits the target.
    fn each_pair(
        &self,
        meter: &mut Meter,
        mut visit: impl FnMut(usize, &[(usize, usize)]) -> bool,
    ) -> bool {
        let size = self.positions.len();
        if !(4..=PAIRS_ITEMS_MAX).contains(&size) {
            return true;
        }
        let mut runs: Vec<Run> = Vec::with_capacity(size * (size + 1) / 2);
        for (start, from) in (0_u32..).zip(&self.prefix) {
            let ends = (start + 1..).zip(&self.prefix[start as usize + 1..]);
            runs.extend(ends.map(|(end, to)| (to - from, start, end)));
        }
        meter.spend(64 * runs.len() as u64, 16 * runs.len() as u64);
        runs.sort_unstable();
        let whole = |part: (u32, u32)| (part.0 as usize, part.1 as usize);
        let total = self.prefix[size];
        for (wanted, are_gaps) in [(self.target, false), (total - self.target, true)] {
            let complete = pairs_with(&runs, wanted, meter, |first, second| {
                let (first, second) = (whole(first), whole(second));
                let inner = usize::from(first.0 > 0) + usize::from(second.1 < size);
                match (are_gaps, inner) {
                    (true, 2) => {
                        let parts = [(0, first.0), (first.1, second.0), (second.1, size)];
                        visit(4, &parts)
                    }
                    (false, 1 | 2) => visit(2 + inner, &[first, second]),
                    _ => true,
                }
            });
            if !complete {
                return false;
            }
        }
        true
    }
}

/// Runs of neighbours with this sum; `sorted` holds the sums of the first so many.
fn runs_with(sorted: &[(i64, u32)], wanted: i64) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let mut first = 0;
    for &(start_sum, start) in sorted {
        let end_sum = start_sum + wanted;
        while first < sorted.len() && sorted[first].0 < end_sum {
            first += 1;
        }
        let ends = sorted[first..].iter().take_while(|end| end.0 == end_sum);
        for &(_, end) in ends.filter(|end| end.1 > start) {
            found.push((start as usize, end as usize));
            if found.len() > SETS_MAX {
                return found;
            }
        }
    }
    found
}

/// Visits every two runs with a gap between them that make up a sum, the earlier one first; false
/// when a limit or the visitor ends it.
fn pairs_with(
    runs: &[Run],
    wanted: i64,
    meter: &mut Meter,
    mut visit: impl FnMut((u32, u32), (u32, u32)) -> bool,
) -> bool {
    let mut high = runs.len();
    for &(sum, start, end) in runs {
        while high > 0 && runs[high - 1].0 > wanted - sum {
            high -= 1;
        }
        let equal = runs[..high].iter().rev();
        for &(_, from, to) in equal.take_while(|run| run.0 == wanted - sum) {
            meter.spend(1, 0);
            if from > end && !visit((start, end), (from, to)) {
                return false;
            }
        }
        if meter.steps_left() == 0 {
            return false;
        }
    }
    true
}

/// Which items stand in for each other.
pub(super) struct Kinds<'k> {
    kinds: &'k [u32],
    /// Members of the kinds that have several, oldest first.
    members: BTreeMap<u32, Vec<u32>>,
}

impl<'k> Kinds<'k> {
    /// * `rest`: the items to choose from, oldest first
    pub fn new(kinds: &'k [u32], rest: &[u32]) -> Self {
        let mut sorted: Vec<u32> = rest.iter().map(|&at| kinds[at as usize]).collect();
        sorted.sort_unstable();
        let repeated = sorted.windows(2).any(|pair| pair[0] == pair[1]);
        let mut members: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        if repeated {
            for &position in rest {
                let kind = kinds[position as usize];
                members.entry(kind).or_default().push(position);
            }
            members.retain(|_, members| members.len() > 1);
        }
        Self { kinds, members }
    }

    /// The set with the first members of each kind, ascending.
    pub fn canonical(&self, mut set: Vec<u32>) -> Vec<u32> {
        if !self.members.is_empty() {
            let mut taken: BTreeMap<u32, usize> = BTreeMap::new();
            for position in &mut set {
                let kind = self.kinds[*position as usize];
                if let Some(members) = self.members.get(&kind) {
                    let next = taken.entry(kind).or_default();
                    *position = members[*next];
                    *next += 1;
                }
            }
        }
        set.sort_unstable();
        set
    }

    /// What each of `rest` has of the `distances` of all items, interchangeable ones that of the
    /// nearest among them; empty where there are none.
    pub fn nearest(&self, rest: &[u32], mut distances: Vec<u32>) -> Vec<u32> {
        if distances.is_empty() {
            return distances;
        }
        for members in self.members.values() {
            let nearest = members.iter().map(|&member| distances[member as usize]);
            let nearest = nearest.min().unwrap_or(0);
            for &member in members {
                distances[member as usize] = nearest;
            }
        }
        rest.iter()
            .map(|&position| distances[position as usize])
            .collect()
    }

    /// For each kind with several members: how many there are, and how many a set has.
    pub fn ways(&self, set: &[u32]) -> Vec<(u32, u32)> {
        let of = |(kind, members): (&u32, &Vec<u32>)| {
            let taken = set.iter().filter(|&&at| self.kinds[at as usize] == *kind);
            let count = |number: usize| u32::try_from(number).expect("items are limited");
            (count(members.len()), count(taken.count()))
        };
        self.members.iter().map(of).collect()
    }
}
