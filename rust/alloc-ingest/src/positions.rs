//! Where lines of a file start, for errors and warnings that name them.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// How many lines are remembered: those of the longest entry that banks write.
const REMEMBERED: usize = 1 << 16;

/// Offsets of the lines that were read last, shared by who reads them and who reports on them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Positions(Rc<RefCell<VecDeque<(u64, u64)>>>);

impl Positions {
    /// Takes note of `line` (from 1), which starts at the byte `offset` (from 0) of the file. Only
    /// the first offset of a line counts.
    pub(crate) fn mark(&self, line: u64, offset: u64) {
        let mut marks = self.0.borrow_mut();
        if marks.back().is_some_and(|(last, _)| *last >= line) {
            return;
        }
        if marks.len() == REMEMBERED {
            marks.pop_front();
        }
        marks.push_back((line, offset));
    }

    /// Byte offset of a line that was read not too long ago.
    pub(crate) fn offset(&self, line: u64) -> Option<u64> {
        let marks = self.0.borrow();
        let at = marks
            .binary_search_by_key(&line, |(marked, _)| *marked)
            .ok()?;
        Some(marks[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_read_last_are_known() {
        let positions = Positions::default();
        for line in 1..=100_000 {
            positions.mark(line, line * 10);
            positions.mark(line, line * 10 + 5);
        }
        assert_eq!(positions.offset(100_000), Some(1_000_000));
        assert_eq!(positions.offset(90_000), Some(900_000));
        assert_eq!(positions.offset(1), None);
        assert_eq!(positions.offset(100_001), None);
    }
}
