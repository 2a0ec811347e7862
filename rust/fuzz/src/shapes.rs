//! What must hold of any question about the shape of what a payer chose, against the number of all
//! sets where they can be counted.

use std::collections::BTreeMap;

use alloc_subset::{Budget, Ends, ScatteredWeights, ShapeWeights, explain_by_shape};

use self::ways::{Line, check_claims, check_explanations};
use crate::subset::Bytes;

#[path = "../../alloc-subset/tests/ways/mod.rs"]
mod ways;

/// Most items of which all sums are counted, whatever the amounts.
const COUNTED_MAX: usize = 14;
/// Most items of a question here.
const ITEMS_MAX: usize = 200;
/// Work of a question.
const STEPS: u64 = 1 << 24;

/// An answer claims nothing that is not so, and does not depend on chance.
#[must_use]
pub fn shapes(data: &[u8]) -> bool {
    let mut bytes = Bytes(data);
    let line = line_of(&mut bytes);
    let answer = explain_by_shape(&line.problem());
    assert_eq!(explain_by_shape(&line.problem()), answer, "asked twice");
    let Ok(solution) = answer else {
        return false;
    };
    check_explanations(&line, &solution);
    if line.amounts.len() <= COUNTED_MAX {
        check_claims(&line, &solution);
    }
    true
}

/// A line of items: how many, how large, and what is known of them.
fn line_of(bytes: &mut Bytes<'_>) -> Line {
    let style = bytes.byte();
    let items = usize::from(bytes.byte());
    let items = if style & 1 == 0 {
        items % (COUNTED_MAX + 1)
    } else {
        items % (ITEMS_MAX + 1)
    };
    let width = [1, 2, 4, 6][usize::from(style >> 1 & 3)];
    let factor = [1, 1, 10, 49][usize::from(style >> 3 & 3)];
    let (mut amounts, mut known) = (Vec::new(), Vec::new());
    for _ in 0..items {
        let amount = bytes.number(width) * factor;
        let credit = style & 0x20 != 0 && amount < 0;
        amounts.push(if credit { amount } else { amount.abs() }.max(i64::MIN + 1));
        known.push(bytes.byte());
    }
    // No item is open with nothing.
    amounts
        .iter_mut()
        .filter(|amount| **amount == 0)
        .for_each(|amount| *amount = 1);
    let mut seen: BTreeMap<(i64, u8), u32> = BTreeMap::new();
    let mut kind = |(amount, known): (&i64, &u8)| {
        let next = u32::try_from(seen.len()).expect("few");
        *seen.entry((*amount, known & 1)).or_insert(next)
    };
    let kinds = amounts.iter().zip(&known).map(&mut kind).collect();
    let named: Vec<bool> = known.iter().map(|known| known & 0x0e == 0x0e).collect();
    let inside = |at: usize| known[at] & 0x10 != 0 || named[at];
    let picked = (0..items).filter(|&at| inside(at)).map(|at| amounts[at]);
    let offset = if style & 0x40 == 0 {
        0
    } else {
        bytes.number(2)
    };
    let steps = if style & 0x80 == 0 {
        STEPS
    } else {
        bytes.number(3).unsigned_abs().min(STEPS)
    };
    Line {
        target: picked.sum::<i64>() + offset,
        amounts,
        kinds,
        named,
        weights: weights_of(bytes),
        budget: Budget {
            steps,
            ..Budget::default()
        },
        wrong_max_ppm: u32::from(bytes.byte()) * 1_000,
    }
}

/// Weights that are at most one million together.
fn weights_of(bytes: &mut Bytes<'_>) -> ShapeWeights {
    let mut weight = || u32::from(bytes.byte()) * 240;
    ShapeWeights {
        named_ppm: weight(),
        one_ppm: weight(),
        first_ppm: weight(),
        all_ppm: weight(),
        edge_ppm: Ends {
            oldest: weight(),
            latest: weight(),
        },
        run_ppm: weight(),
        gap_ppm: weight(),
        three_ppm: Ends {
            oldest: weight(),
            latest: weight(),
        },
        four_ppm: weight(),
        around_named_ppm: weight(),
        window_ppm: weight(),
        scattered_ppm: ScatteredWeights {
            few: weight(),
            many: weight(),
            few_max: weight() / 2_400,
        },
    }
}
