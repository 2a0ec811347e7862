//! Words that part a number from what stands before it without being a part of it.

use crate::limits::REFERENCE_BYTES_MAX;

/// Sorted: of two labels that begin alike the longer one comes later.
const LABELS: &[&[u8]] = &[
    b"AV",
    b"AVOIR",
    b"BILL",
    b"CN",
    b"CREDIT",
    b"F",
    b"FA",
    b"FAC",
    b"FACT",
    b"FACTURE",
    b"FACTURES",
    b"FC",
    b"FT",
    b"INV",
    b"INVOICE",
    b"N",
    b"NO",
    b"NR",
    b"NUM",
    b"R",
    b"RE",
    b"RECHNUNG",
    b"REF",
    b"RF",
    b"RG",
    b"RNR",
    b"V",
];

/// Whether a word is a label.
pub(crate) fn is_label(word: &[u8]) -> bool {
    LABELS.binary_search(&word).is_ok()
}

/// How many letters of a word are a label that is glued to more letters, the longest first; one
/// letter is none.
pub(crate) fn glued_labels(word: &[u8]) -> impl Iterator<Item = usize> {
    LABELS.iter().rev().filter_map(|label| {
        let width = label.len();
        let glued = width > 1 && width + 1 < word.len();
        (glued && label[0] == word[0] && word.starts_with(label)).then_some(width)
    })
}

/// Folded text, then what is left of it without the labels it may begin with, apart or glued; none
/// when it is too long for a reference.
pub(crate) fn without_labels(text: &[u8]) -> Vec<Vec<u8>> {
    const LABELS_MAX: usize = 3;
    if text.is_empty() || text.len() > REFERENCE_BYTES_MAX {
        return Vec::new();
    }
    let mut known: Vec<&[u8]> = vec![text];
    let mut first = 0;
    for _ in 0..LABELS_MAX {
        let until = known.len();
        for index in first..until {
            let before = known[index];
            for rest in LABELS
                .iter()
                .filter_map(|label| before.strip_prefix(*label))
            {
                // One letter is a label only before a number.
                let short = before.len() == rest.len() + 1;
                let number = rest.first().is_some_and(u8::is_ascii_digit);
                if !rest.is_empty() && (number || !short) && !known.contains(&rest) {
                    known.push(rest);
                }
            }
        }
        first = until;
    }
    known.into_iter().map(<[u8]>::to_vec).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_found_by_halving_and_the_longest_first() {
        assert!(LABELS.is_sorted());
        assert!(is_label(b"FACT") && !is_label(b"FACTS"));
        let glued = |word: &[u8]| glued_labels(word).collect::<Vec<usize>>();
        assert_eq!(glued(b"FACTURESAB"), [8, 7, 4, 3, 2]);
        assert_eq!(glued(b"FACTURES"), [4, 3, 2]);
        assert_eq!(glued(b"VX"), []);
    }
}
