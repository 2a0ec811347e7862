//! What readers learn on their way, for errors and warnings: where lines start, and an encoding
//! that had to be guessed.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

/// How many lines are remembered: those of the longest entry that banks write.
const REMEMBERED: usize = 1 << 16;

/// Offsets of the lines that were read last, shared by who reads them and who reports on them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Positions(Rc<Known>);

#[derive(Debug, Default)]
struct Known {
    last: Cell<u64>,
    marks: RefCell<VecDeque<(u64, u64)>>,
    guess: Cell<Option<(u64, &'static str)>>,
}

impl Positions {
    /// Takes note of `line` (from 1), which starts at the byte `offset` (from 0) of the file. Only
    /// the first offset of a line counts.
    pub(crate) fn mark(&self, line: u64, offset: u64) {
        if self.0.last.replace(line.max(self.0.last.get())) >= line {
            return;
        }
        let mut marks = self.0.marks.borrow_mut();
        if marks.len() == REMEMBERED {
            marks.pop_front();
        }
        marks.push_back((line, offset));
    }

    /// Takes note of the encoding that `line` and what follows are read in, though nobody says so.
    pub(crate) fn guessed(&self, line: u64, encoding: &'static str) {
        self.0.guess.set(Some((line, encoding)));
    }

    /// Line and encoding of a guess that nobody was told of.
    pub(crate) fn take_guess(&self) -> Option<(u64, &'static str)> {
        self.0.guess.take()
    }

    /// Byte offset of a line that was read not too long ago.
    pub(crate) fn offset(&self, line: u64) -> Option<u64> {
        let marks = self.0.marks.borrow();
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
