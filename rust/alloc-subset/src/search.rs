//! The cheapest explanations: meet in the middle over flips, bounded by cost.
//!
//! All sets of at most `bound` reduced cost are listed for two halves of the flips; every pair
//! that makes up an admissible sum within the bound is seen. So the result is complete up to a
//! stated cost, and its first entry is the best explanation there is.

use crate::meter::Meter;
use crate::pool::{Pick, Pool, Segment};
use crate::tilt::{Flip, Tilt};

/// Steps that one listed set costs: listing, sorting and matching it.
const STEPS_PER_ENTRY: u64 = 64;
/// Bytes of one listed set.
const BYTES_PER_ENTRY: u64 = 40;
/// List lengths that are tried, one after the other.
const LENGTHS: [usize; 6] = [1 << 8, 1 << 11, 1 << 14, 1 << 16, 1 << 18, 1 << 20];
/// List length up to which a runner-up is looked for once the best is certain.
const RUNNER_UP_LENGTH: usize = 1 << 14;
/// Pairs that are kept while matching; far more than are ever returned.
const PAIRS_MAX: usize = 1 << 14;

/// Explanations found, and the cost up to which none is missing.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Different picks, cheapest first.
    pub picks: Vec<Pick>,
    /// How many different picks were seen in the last round.
    pub seen: u64,
    /// Every pick of at most this cost (flips and segment) was seen, millinats.
    pub complete_to: Option<i64>,
}

/// One set of flips of one half: its last flip, and the set without it.
#[derive(Clone, Copy, Debug)]
struct Node {
    sum: i64,
    cost: u32,
    last: u32,
    parent: u32,
}

/// Mark of the empty set.
const ROOT: u32 = u32::MAX;

/// One half of the flips, interchangeable ones one after the other, by ascending reduced cost.
#[derive(Debug)]
struct Side {
    flips: Vec<Flip>,
    /// Position of the first flip of the same class, and of the first of the next one.
    starts: Vec<u32>,
    nexts: Vec<u32>,
}

/// Searches for the cheapest explanations until one is certain to be the best, or nothing is left.
///
/// * `wanted`: how many to return at most
pub(crate) fn cheapest(pool: &Pool, wanted: usize, meter: &mut Meter) -> Found {
    let cheapest = pool.segments.iter().min_by_key(|segment| segment.cost);
    let goal = cheapest.map_or(0, |segment| segment.low.midpoint(segment.high));
    let tilt = Tilt::towards(pool, goal);
    let sides = sides(&tilt.flips);
    let mut found = Found::default();
    for length in LENGTHS {
        let price = 2 * length as u64;
        if !meter.try_spend(price * STEPS_PER_ENTRY, price * BYTES_PER_ENTRY) {
            break;
        }
        let (bound, lists) = listed(&sides, length);
        let mut round = Round {
            pool,
            tilt: &tilt,
            sides: &sides,
            lists: &lists,
            bound,
            pairs: Vec::new(),
            overflow: false,
        };
        round.match_all(meter);
        if round.overflow {
            // More equally good sets than anyone can look at.
            let mut picks = round.best(wanted);
            picks.retain(|pick| !found.picks.contains(pick));
            found.picks.extend(picks);
            found.picks.truncate(wanted);
            break;
        }
        found.complete_to = Some(round.complete_to());
        found.picks = round.best(wanted);
        let best = found.picks.first().map(|pick| full_cost(pool, pick));
        found.seen = round.pairs.len() as u64;
        let certain = best.is_some_and(|best| Some(best) <= found.complete_to);
        // A runner-up is worth a little more work.
        let enough = found.picks.len() > 1 || length >= RUNNER_UP_LENGTH;
        if certain && enough || bound == u64::from(u32::MAX) {
            break;
        }
    }
    found
}

/// Cost of a pick with its segment, millinats.
pub(crate) fn full_cost(pool: &Pool, pick: &[u32]) -> i64 {
    let segment = pool.segment(pool.sum(pick));
    pool.cost(pick) + segment.map_or(0, |segment| segment.cost)
}

/// Deals the flips to two sides, class by class.
fn sides(flips: &[Flip]) -> [Side; 2] {
    let mut sides = [(); 2].map(|()| Side {
        flips: Vec::new(),
        starts: Vec::new(),
        nexts: Vec::new(),
    });
    let mut turn = 0;
    for flip in flips {
        let side: &mut Side = &mut sides[turn];
        let start = u32::try_from(side.flips.len()).expect("items are limited");
        for _ in 0..flip.count {
            side.flips.push(*flip);
            side.starts.push(start);
            side.nexts.push(start + flip.count);
        }
        turn = 1 - turn;
    }
    sides
}

/// The highest bound for which both lists stay within `length`, and the lists, ascending by sum.
fn listed(sides: &[Side; 2], length: usize) -> (u64, [Vec<Node>; 2]) {
    let list = |bound: u64| -> Option<[Vec<Node>; 2]> {
        let first = sides[0].list(bound, length)?;
        Some([first, sides[1].list(bound, length)?])
    };
    // Every set of flips at once?
    let everything = u64::from(u32::MAX);
    let (mut low, mut high) = (0, everything);
    let mut best = list(high);
    if best.is_none() {
        // Grow, then halve the gap a few times.
        let mut step = 1_u64 << 8;
        while step < everything && sides.iter().all(|side| side.fits(step, length)) {
            low = step;
            step *= 2;
        }
        high = step.min(everything);
        for _ in 0..5 {
            let middle = low.midpoint(high);
            if sides.iter().all(|side| side.fits(middle, length)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        best = list(low);
    } else {
        low = everything;
    }
    // Even without cost there are too many sets: keep the first ones, and claim nothing.
    let mut lists = best.unwrap_or_else(|| [0, 1].map(|side| sides[side].first(length)));
    for nodes in &mut lists {
        debug_assert!(nodes.len() <= length);
        nodes.shrink_to_fit();
    }
    (low, lists)
}

impl Side {
    /// All sets of at most `bound`; `None` if they are more than `length`.
    fn list(&self, bound: u64, length: usize) -> Option<Vec<Node>> {
        let mut nodes = Vec::with_capacity(length.min(1 << 12));
        self.extend(&mut nodes, bound, length).then_some(nodes)
    }

    /// The first `length` sets in listing order.
    fn first(&self, length: usize) -> Vec<Node> {
        let mut nodes = Vec::with_capacity(length);
        self.extend(&mut nodes, 0, length);
        nodes
    }

    fn extend(&self, nodes: &mut Vec<Node>, bound: u64, length: usize) -> bool {
        nodes.push(Node {
            sum: 0,
            cost: 0,
            last: ROOT,
            parent: ROOT,
        });
        let mut position = 0;
        while position < nodes.len() {
            let node = nodes[position];
            let mut next = node.last.wrapping_add(1) as usize;
            while let Some(flip) = self.flips.get(next) {
                let cost = u64::from(node.cost) + u64::from(flip.reduced);
                if cost > bound || cost >= u64::from(u32::MAX) {
                    break;
                }
                // Interchangeable flips are taken from the first on.
                let start = self.starts[next] as usize;
                if start != next && node.last.wrapping_add(1) as usize != next {
                    next = self.nexts[next] as usize;
                    continue;
                }
                if nodes.len() >= length {
                    return false;
                }
                nodes.push(Node {
                    sum: node.sum + flip.amount,
                    cost: u32::try_from(cost).expect("checked above"),
                    last: u32::try_from(next).expect("items are limited"),
                    parent: u32::try_from(position).expect("lists are limited"),
                });
                next += 1;
            }
            position += 1;
        }
        true
    }

    /// Whether at most `length` sets cost at most `bound`.
    fn fits(&self, bound: u64, length: usize) -> bool {
        self.list(bound, length).is_some()
    }

    /// Exact change of the cost that the flips of a node make, millinats.
    fn cost(&self, nodes: &[Node], node: u32) -> i64 {
        let (mut at, mut cost) = (node, 0);
        while nodes[at as usize].last != ROOT {
            cost += self.flips[nodes[at as usize].last as usize].cost;
            at = nodes[at as usize].parent;
        }
        cost
    }

    /// Adds the flips of a node to a pick that stands at the base.
    fn apply(&self, nodes: &[Node], node: u32, base: &[u32], pick: &mut Pick) {
        let mut at = node;
        while nodes[at as usize].last != ROOT {
            let entry = nodes[at as usize];
            let flip = self.flips[entry.last as usize];
            if base[flip.class] == 0 {
                pick[flip.class] += 1;
            } else {
                pick[flip.class] -= 1;
            }
            at = entry.parent;
        }
    }
}

/// The matching of two lists.
struct Round<'s> {
    pool: &'s Pool,
    tilt: &'s Tilt,
    sides: &'s [Side; 2],
    lists: &'s [Vec<Node>; 2],
    bound: u64,
    /// (reduced cost, node of the first side, node of the second side).
    pairs: Vec<(u64, u32, u32)>,
    overflow: bool,
}

impl Round<'_> {
    fn match_all(&mut self, meter: &mut Meter) {
        let [left, right] = self.lists;
        let keys = |nodes: &[Node]| {
            let mut keys: Vec<(i64, u32)> = (0_u32..)
                .zip(nodes)
                .map(|(position, node)| (node.sum, position))
                .collect();
            keys.sort_unstable();
            keys
        };
        let (left, right) = (keys(left), keys(right));
        for segment in &self.pool.segments {
            self.match_segment(&left, &right, segment, meter);
            if self.overflow {
                return;
            }
        }
    }

    /// Sees every pair of `left` and `right` that makes up a sum of the segment within the bound.
    fn match_segment(
        &mut self,
        left: &[(i64, u32)],
        right: &[(i64, u32)],
        segment: &Segment,
        meter: &mut Meter,
    ) {
        let low = i128::from(segment.low) - self.tilt.base_sum;
        let high = i128::from(segment.high) - self.tilt.base_sum;
        let (Ok(low), Ok(high)) = (i64::try_from(low), i64::try_from(high)) else {
            return;
        };
        let (mut from, mut to) = (right.len(), right.len());
        for &(sum, first) in left {
            while to > 0 && right[to - 1].0 > high - sum {
                to -= 1;
            }
            while from > 0 && right[from - 1].0 >= low - sum {
                from -= 1;
            }
            if from >= to {
                continue;
            }
            meter.spend((to - from) as u64, 0);
            let cost = u64::from(self.lists[0][first as usize].cost);
            for &(_, second) in &right[from..to] {
                let cost = cost + u64::from(self.lists[1][second as usize].cost);
                if cost <= self.bound {
                    self.pairs.push((cost, first, second));
                }
            }
            if self.pairs.len() > PAIRS_MAX || meter.steps_left() == 0 {
                self.overflow = true;
                return;
            }
        }
    }

    /// Every admissible pick of at most this cost was seen, millinats.
    fn complete_to(&self) -> i64 {
        if self.bound == u64::from(u32::MAX) && self.tilt.flips.iter().all(|f| f.reduced < u32::MAX)
        {
            return i64::MAX;
        }
        let beyond = self.pool.segments.iter().map(|segment| {
            let least = self.tilt.cost_beyond(segment.low, segment.high, self.bound);
            least + i128::from(segment.cost)
        });
        let least = beyond.min().unwrap_or(i128::MAX) - 1;
        i64::try_from(least).unwrap_or(if least < 0 { i64::MIN } else { i64::MAX })
    }

    /// The cheapest picks that were seen.
    fn best(&self, wanted: usize) -> Vec<Pick> {
        let cost = |&(_, first, second): &(u64, u32, u32)| {
            let [left, right] = self.sides;
            let [lefts, rights] = self.lists;
            let moved = lefts[first as usize].sum + rights[second as usize].sum;
            let sum = u64::try_from(self.tilt.base_sum + i128::from(moved));
            let segment = sum.ok().and_then(|sum| self.pool.segment(sum));
            let flips = left.cost(lefts, first) + right.cost(rights, second);
            flips + segment.map_or(0, |segment| segment.cost)
        };
        let mut pairs: Vec<_> = self.pairs.iter().map(|p| (cost(p), p.1, p.2)).collect();
        pairs.sort_unstable();
        pairs.truncate(wanted);
        let picks = pairs
            .iter()
            .map(|&(_, first, second)| self.pick(first, second));
        picks.collect()
    }

    fn pick(&self, first: u32, second: u32) -> Pick {
        let mut pick = self.tilt.base.clone();
        let [left, right] = self.sides;
        left.apply(&self.lists[0], first, &self.tilt.base, &mut pick);
        right.apply(&self.lists[1], second, &self.tilt.base, &mut pick);
        pick
    }
}
