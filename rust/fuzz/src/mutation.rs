//! Mutations of seeds, equal for equal seeds: what finds defects without a coverage tool.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Longest input that is made.
const LENGTH_MAX: usize = 1 << 18;
/// Longest piece that is copied, moved or left out.
const PIECE_MAX: usize = 300;
/// Most changes of one input.
const CHANGES_MAX: usize = 8;
/// Texts that parsers stumble over, beside the words of the seeds.
const ODD: [&[u8]; 20] = [
    b"",
    b"0",
    b"-1",
    b"9223372036854775807",
    b"9223372036854775808",
    b"-9223372036854775808",
    b"99999999999999999999999",
    b"0.001",
    b"1e9",
    b"1,2,3",
    b"\0",
    b"\xEF\xBB\xBF",
    b"\xFF\xFE",
    b"\xC3",
    b"\xE2\x80\xA8",
    b"\r",
    b"\r\n\r\n",
    b"\t",
    b"000000",
    b"000229",
];

/// Inputs to start from and the words they are made of.
pub struct Seeds {
    files: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
}

impl Seeds {
    /// Reads the files of folders, in the order of their names.
    ///
    /// # Errors
    /// When a folder or a file of it cannot be read.
    pub fn load(folders: &[PathBuf]) -> io::Result<Self> {
        let mut files = Vec::new();
        for folder in folders {
            let mut paths = files_of(folder)?;
            paths.sort();
            for path in paths {
                files.push(fs::read(path)?);
            }
        }
        Ok(Self::of(files))
    }

    /// Takes inputs as they are.
    #[must_use]
    pub fn of(files: Vec<Vec<u8>>) -> Self {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b":+._-".contains(&byte);
        let mut words: Vec<Vec<u8>> = files
            .iter()
            .flat_map(|file| file.split(move |byte| !is_word(*byte)))
            .filter(|word| (1..=24).contains(&word.len()))
            .map(<[u8]>::to_vec)
            .collect();
        words.sort();
        words.dedup();
        Self { files, words }
    }

    /// The inputs, unchanged.
    #[must_use]
    pub fn files(&self) -> &[Vec<u8>] {
        &self.files
    }
}

fn files_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_file() {
            paths.push(path);
        }
    }
    Ok(paths)
}

/// A sequence of numbers that looks like chance (splitmix64).
pub struct Mutator {
    state: u64,
}

impl Mutator {
    /// The mutator of one input: `number` counts the inputs of a run of `seed`.
    #[must_use]
    pub fn new(seed: u64, number: u64) -> Self {
        let state = seed.wrapping_mul(0xD134_2543_DE82_EF95) ^ number;
        let mut mutator = Self { state };
        mutator.next();
        mutator
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `limit`; 0 if that is 0.
    fn below(&mut self, limit: usize) -> usize {
        let limit = limit.max(1) as u64;
        usize::try_from(self.next() % limit).unwrap_or(0)
    }

    fn choose<'s>(&mut self, from: &'s [Vec<u8>]) -> &'s [u8] {
        match from.len() {
            0 => &[],
            length => &from[self.below(length)],
        }
    }

    /// A seed with one to eight changes.
    pub fn input(&mut self, seeds: &Seeds) -> Vec<u8> {
        let mut input = self.choose(&seeds.files).to_vec();
        for _ in 0..=self.below(CHANGES_MAX) {
            self.change(&mut input, seeds);
        }
        input.truncate(LENGTH_MAX);
        input
    }

    fn change(&mut self, input: &mut Vec<u8>, seeds: &Seeds) {
        match self.below(10) {
            0 => self.set_byte(input),
            1 => {
                let piece = self.piece(input.len());
                input.drain(piece);
            }
            2 => {
                let piece = self.piece(input.len());
                let copy = input[piece].to_vec();
                self.insert(input, &copy);
            }
            3 => {
                let other = self.choose(&seeds.files);
                let piece = self.piece(other.len());
                self.insert(input, &other[piece]);
            }
            4 => {
                let word = self.choose(&seeds.words);
                self.replace_word(input, word);
            }
            5 => {
                let odd = ODD[self.below(ODD.len())];
                self.replace_word(input, odd);
            }
            6 => self.change_digit(input),
            7 => self.change_lines(input),
            8 => self.repeat(input),
            _ => {
                let end = self.below(input.len() + 1);
                if self.below(4) == 0 {
                    input.truncate(end);
                } else {
                    self.set_byte(input);
                }
            }
        }
    }

    fn set_byte(&mut self, input: &mut [u8]) {
        if !input.is_empty() {
            let at = self.below(input.len());
            let marks = b"<>&:/?+0123456789,.-CDR{}\n\r'\" ~*;|";
            input[at] = match self.below(3) {
                0 => self.next().to_le_bytes()[0],
                1 => input[at] ^ (1 << self.below(8)),
                _ => marks[self.below(marks.len())],
            };
        }
    }

    fn piece(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        let longest = (length - start).min(PIECE_MAX);
        start..start + self.below(longest + 1)
    }

    fn insert(&mut self, input: &mut Vec<u8>, piece: &[u8]) {
        let at = self.below(input.len() + 1);
        input.splice(at..at, piece.iter().copied());
    }

    /// Puts a text in the place of a word.
    fn replace_word(&mut self, input: &mut Vec<u8>, text: &[u8]) {
        let at = self.below(input.len() + 1);
        let word = |byte: &&u8| byte.is_ascii_alphanumeric();
        let before = input[..at].iter().rev().take_while(word).count();
        let behind = input[at..].iter().take_while(word).count();
        input.splice(at - before..at + behind, text.iter().copied());
    }

    fn change_digit(&mut self, input: &mut [u8]) {
        let at = self.below(input.len() + 1);
        if let Some(digit) = input[at..].iter_mut().find(|byte| byte.is_ascii_digit()) {
            *digit = b'0' + u8::try_from(self.below(10)).unwrap_or(0);
        }
    }

    /// Leaves out, repeats or swaps lines.
    fn change_lines(&mut self, input: &mut Vec<u8>) {
        let mut lines: Vec<Vec<u8>> = input
            .split_inclusive(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect();
        if lines.is_empty() {
            return;
        }
        let (at, other) = (self.below(lines.len()), self.below(lines.len()));
        match self.below(3) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(other, lines[at].clone()),
            _ => lines.swap(at, other),
        }
        *input = lines.concat();
    }

    /// The same piece many times: what grows faster than its input shows.
    fn repeat(&mut self, input: &mut Vec<u8>) {
        let piece = self.piece(input.len());
        let times = [2, 10, 300][self.below(3)];
        if piece.len() * times < LENGTH_MAX / 2 {
            let (at, copy) = (piece.start, input[piece].repeat(times));
            input.splice(at..at, copy);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_make_equal_inputs() {
        let seeds = Seeds::of(vec![b":20:A\n:61:2401\n".to_vec(), b"<a>1</a>".to_vec()]);
        let inputs = |seed| {
            let made = (0..200).map(|number| Mutator::new(seed, number).input(&seeds));
            made.collect::<Vec<_>>()
        };
        assert_eq!(inputs(7), inputs(7));
        assert_ne!(inputs(7), inputs(8));
        let mut different = inputs(7);
        different.sort();
        different.dedup();
        assert!(different.len() > 150, "{}", different.len());
    }

    #[test]
    fn no_seed_at_all_is_a_seed_of_nothing() {
        let seeds = Seeds::of(Vec::new());
        for number in 0..200 {
            assert!(Mutator::new(1, number).input(&seeds).len() <= LENGTH_MAX);
        }
    }
}
