//! Which line means which item: the heaviest assignment, and by how much it is the heaviest.
//!
//! Lines are taken in one after the other, each along the shortest augmenting path (Jonker and
//! Volgenant 1987, sparse); columns are classes of interchangeable items and hold several lines. A
//! line may stay without a column, at weight 0.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use rustc_hash::{FxHashMap, FxHashSet};

/// A line that may mean a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// Position of the line.
    pub line: usize,
    /// Position of the column.
    pub column: usize,
    /// What speaks for it, above 0; the higher, the more.
    pub weight: i64,
}

/// The heaviest assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// The column of each line.
    pub column_of: Vec<Option<usize>>,
    /// By how much the total falls at least when one line fewer is on this column, exactly where the
    /// column is full; 0 where no line is.
    pub margins: Vec<i64>,
}

/// A node that the search for a path has yet to leave: its distance and the line.
type Next = Reverse<(i64, usize)>;

/// Columns a search came to: the distance, and the line it came from.
type Reached = FxHashMap<usize, (i64, usize)>;

struct Solver<'e> {
    /// The edges of each line; costs are weights turned around, so that none is below 0.
    edges: Vec<&'e [Edge]>,
    top: i64,
    capacities: &'e [usize],
    column_of: Vec<Option<usize>>,
    lines_of: Vec<Vec<usize>>,
    line_prices: Vec<i64>,
    column_prices: Vec<i64>,
    steps_left: usize,
}

/// Finds the heaviest assignment.
///
/// * `edges` — sorted; no line and column twice
/// * `lines` — how many lines there are
/// * `capacities` — how many lines each column may hold
/// * `steps_max` — edges that may be looked at
///
/// Exact: no assignment is heavier. `None` when the work would pass `steps_max`.
#[must_use]
pub fn assign(
    edges: &[Edge],
    lines: usize,
    capacities: &[usize],
    steps_max: usize,
) -> Option<Assignment> {
    let mut of_line: Vec<&[Edge]> = vec![&[]; lines];
    for group in edges.chunk_by(|left, right| left.line == right.line) {
        of_line[group[0].line] = group;
    }
    let mut solver = Solver {
        edges: of_line,
        top: edges.iter().map(|edge| edge.weight).max().unwrap_or(0),
        capacities,
        column_of: vec![None; lines],
        lines_of: vec![Vec::new(); capacities.len()],
        line_prices: vec![0; lines],
        column_prices: vec![0; capacities.len()],
        steps_left: steps_max,
    };
    for line in 0..lines {
        solver.take_in(line)?;
    }
    let margins = solver.margins()?;
    Some(Assignment {
        column_of: solver.column_of,
        margins,
    })
}

impl Solver<'_> {
    fn reduced(&self, edge: &Edge) -> i64 {
        self.top - edge.weight - self.line_prices[edge.line] - self.column_prices[edge.column]
    }

    /// What it costs beyond the prices to leave a line without a column.
    fn aside(&self, line: usize) -> i64 {
        self.top - self.line_prices[line]
    }

    fn is_free(&self, column: usize) -> bool {
        self.lines_of[column].len() < self.capacities[column]
    }

    /// Takes one line in along the shortest path to a free column or to a line that is put aside.
    fn take_in(&mut self, start: usize) -> Option<()> {
        let mut distances: Vec<(usize, i64)> = vec![(start, 0)];
        let mut reached = Reached::default();
        let mut best: Option<(i64, usize, Option<usize>)> = None;
        let mut heap: BinaryHeap<Next> = BinaryHeap::from([Reverse((0, start))]);
        let mut done = FxHashSet::default();
        while let Some(Reverse((distance, line))) = heap.pop() {
            if best.is_some_and(|(end, ..)| end <= distance) {
                break;
            }
            if !done.insert(line) {
                continue;
            }
            if line != start {
                distances.push((line, distance));
            }
            let aside = distance + self.aside(line);
            if best.is_none_or(|(end, ..)| aside < end) {
                best = Some((aside, line, None));
            }
            self.steps_left = self.steps_left.checked_sub(self.edges[line].len() + 1)?;
            for edge in self.edges[line] {
                if self.column_of[line] == Some(edge.column) {
                    continue;
                }
                let there = distance + self.reduced(edge);
                let known = reached.get(&edge.column).map(|&(known, _)| known);
                if known.is_some_and(|known| known <= there) {
                    continue;
                }
                reached.insert(edge.column, (there, line));
                if self.is_free(edge.column) {
                    if best.is_none_or(|(end, ..)| there < end) {
                        best = Some((there, line, Some(edge.column)));
                    }
                } else {
                    let lines = &self.lines_of[edge.column];
                    heap.extend(lines.iter().map(|&next| Reverse((there, next))));
                }
            }
        }
        let (end, line, column) = best?;
        self.reprice(end, &distances, &reached);
        self.augment(start, line, column, &reached);
        Some(())
    }

    /// Keeps every reduced cost at or above 0, and those of the assignment at 0.
    fn reprice(&mut self, end: i64, distances: &[(usize, i64)], reached: &Reached) {
        for &(line, distance) in distances {
            self.line_prices[line] += (end - distance).max(0);
        }
        for (&column, &(distance, _)) in reached {
            self.column_prices[column] -= (end - distance).max(0);
        }
    }

    fn augment(&mut self, start: usize, last: usize, column: Option<usize>, reached: &Reached) {
        let (mut line, mut target) = (last, column);
        loop {
            let left = self.column_of[line];
            if let Some(left) = left {
                self.lines_of[left].retain(|&one| one != line);
            }
            self.column_of[line] = target;
            if let Some(target) = target {
                self.lines_of[target].push(line);
            }
            if line == start {
                break;
            }
            target = left;
            line = reached[&left.expect("only the start has no column")].1;
        }
    }

    /// One search from everything that is free, against the direction of the paths.
    fn margins(&mut self) -> Option<Vec<i64>> {
        let mut into: Vec<Vec<&Edge>> = vec![Vec::new(); self.capacities.len()];
        let mut heap: BinaryHeap<Next> = BinaryHeap::new();
        for (line, edges) in self.edges.iter().enumerate() {
            for edge in *edges {
                if self.column_of[line] != Some(edge.column) {
                    into[edge.column].push(edge);
                }
            }
            if self.column_of[line].is_some() {
                heap.push(Reverse((self.aside(line), line)));
            }
        }
        for (column, edges) in into.iter().enumerate() {
            if self.is_free(column) {
                heap.extend(
                    edges
                        .iter()
                        .map(|edge| Reverse((self.reduced(edge), edge.line))),
                );
            }
        }
        let mut distances: Vec<Option<i64>> = vec![None; self.capacities.len()];
        while let Some(Reverse((distance, line))) = heap.pop() {
            let Some(column) = self.column_of[line] else {
                continue;
            };
            if distances[column].is_some() {
                continue;
            }
            distances[column] = Some(distance);
            self.steps_left = self.steps_left.checked_sub(into[column].len() + 1)?;
            heap.extend(
                into[column]
                    .iter()
                    .map(|edge| Reverse((distance + self.reduced(edge), edge.line))),
            );
        }
        Some(
            distances
                .iter()
                .zip(&self.column_prices)
                .map(|(distance, price)| distance.map_or(0, |distance| distance - price))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn edge(line: usize, column: usize, weight: i64) -> Edge {
        Edge {
            line,
            column,
            weight,
        }
    }

    #[test]
    fn a_sure_line_leaves_the_doubtful_one_what_is_left() {
        let edges = [edge(0, 0, 5), edge(0, 1, 4), edge(1, 0, 9)];
        let got = assign(&edges, 2, &[1, 1], 1_000).unwrap();
        assert_eq!(got.column_of, [Some(1), Some(0)]);
        assert_eq!(got.margins, [9, 4]);
    }

    #[test]
    fn lines_beyond_what_a_column_holds_stay_aside() {
        let edges = [edge(0, 0, 5), edge(1, 0, 5), edge(2, 0, 5)];
        let got = assign(&edges, 3, &[2], 1_000).unwrap();
        assert_eq!(got.column_of.iter().flatten().count(), 2);
        assert_eq!(got.margins, [5]);
        assert_eq!(assign(&edges, 3, &[2], 2), None);
    }

    /// Every assignment: its total and how many lines each column holds.
    fn all(edges: &[Edge], lines: usize, capacities: &[usize]) -> Vec<(i64, Vec<usize>)> {
        let mut known = vec![(0, vec![0; capacities.len()])];
        for line in 0..lines {
            let mut next = known.clone();
            for (total, held) in &known {
                for edge in edges.iter().filter(|edge| edge.line == line) {
                    let mut held = held.clone();
                    held[edge.column] += 1;
                    if held[edge.column] <= capacities[edge.column] {
                        next.push((total + edge.weight, held));
                    }
                }
            }
            known = next;
        }
        known
    }

    proptest! {
        #[test]
        fn no_assignment_is_heavier_than_the_one_found(
            weights in prop::collection::vec(prop::collection::vec(-3_i64..8, 4), 0..6),
            capacities in prop::collection::vec(1_usize..3, 4),
        ) {
            let edges: Vec<Edge> = weights
                .iter()
                .enumerate()
                .flat_map(|(line, row)| {
                    row.iter().enumerate().map(move |(column, &weight)| edge(line, column, weight))
                })
                .filter(|edge| edge.weight > 0)
                .collect();
            let got = assign(&edges, weights.len(), &capacities, 100_000).unwrap();
            let mut held = vec![0; capacities.len()];
            let mut total = 0;
            for (line, column) in got.column_of.iter().enumerate() {
                if let Some(column) = *column {
                    held[column] += 1;
                    total += weights[line][column];
                }
            }
            prop_assert!(held.iter().zip(&capacities).all(|(held, most)| held <= most));
            let every = all(&edges, weights.len(), &capacities);
            prop_assert_eq!(total, every.iter().map(|(total, _)| *total).max().unwrap());
            for column in 0..capacities.len() {
                let without = every.iter().filter(|(_, other)| other[column] < held[column]);
                let Some(best) = without.map(|(total, _)| *total).max() else {
                    continue;
                };
                prop_assert!(got.margins[column] <= total - best);
                if held[column] == capacities[column] {
                    prop_assert_eq!(got.margins[column], total - best);
                }
            }
        }
    }
}
