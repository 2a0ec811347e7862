//! Open items with printed references, and what payers write about them.

use alloc_domain::{Currency, ItemKind, OpenItem};

use crate::Draw;

/// The references of a ledger: ten digits in runs with gaps, as number ranges are.
#[must_use]
pub fn references(items: usize, seed: u64) -> Vec<String> {
    let mut draw = Draw::new(seed);
    let mut number = 5_100_000_000_u64;
    let mut next = || {
        number += 1 + draw.bits() % 3 * (draw.bits() % 4);
        number.to_string()
    };
    (0..items).map(|_| next()).collect()
}

/// One open item of one customer per reference; the amounts hardly repeat.
#[must_use]
pub fn open_items(references: &[String]) -> Vec<OpenItem<'_>> {
    let mut draw = Draw::new(99);
    let mut amount = || i64::try_from(10_000 + draw.bits() % 9_000_000).expect("seven digits");
    references
        .iter()
        .map(|reference| OpenItem {
            item_id: reference,
            entity: "E",
            customer_id: "C",
            payer_id: None,
            reference: Some(reference),
            other_references: Vec::new(),
            kind: ItemKind::Invoice,
            currency: Currency::EUR,
            open_minor: amount(),
            issue_date: None,
            due_date: None,
            disputed: false,
            discount: None,
        })
        .collect()
}

/// A number with one digit replaced.
#[must_use]
pub fn misread(reference: &str, draw: &mut Draw) -> String {
    let at = usize::try_from(draw.bits() % reference.len() as u64).expect("a position");
    let mut bytes = reference.as_bytes().to_vec();
    bytes[at] =
        b'0' + (bytes[at] - b'0' + 1 + u8::try_from(draw.bits() % 8).expect("a digit")) % 10;
    String::from_utf8(bytes).expect("digits")
}

/// Every so-manieth reference, in the order of a shuffled list.
///
/// * `wanted` — how many
#[must_use]
pub fn some<'r>(references: &'r [String], wanted: usize, draw: &mut Draw) -> Vec<&'r str> {
    let mut keyed: Vec<(u64, &str)> = references
        .iter()
        .map(|reference| (draw.bits(), reference.as_str()))
        .collect();
    keyed.sort_unstable();
    keyed.truncate(wanted);
    keyed.into_iter().map(|(_, reference)| reference).collect()
}

/// Numbers of which every other one is open; the others are of the same series and are not.
///
/// * `wanted` — how many are open
#[must_use]
pub fn numbers(references: &[String], wanted: usize, draw: &mut Draw) -> Vec<String> {
    some(references, wanted, draw)
        .into_iter()
        .flat_map(|open| [open.to_owned(), settled(references, draw)])
        .collect()
}

fn settled(references: &[String], draw: &mut Draw) -> String {
    let any = usize::try_from(draw.bits()).expect("64 bits") % references.len();
    let from: u64 = references[any].parse().expect("digits");
    let mut numbers = (from..).map(|number| number.to_string());
    let is_open = |number: &String| references.binary_search(number).is_ok();
    numbers.find(|number| !is_open(number)).expect("gaps")
}

/// Short texts as payers write them, each with two of the numbers.
#[must_use]
pub fn messages(numbers: &[String]) -> Vec<String> {
    let message = |pair: &[String]| {
        let (first, second) = (&pair[0], &pair[1]);
        format!("VIR SEPA DUPONT ET FILS SARL FACTURE {first} DU 12/03/2026, CDE {second} MERCI")
    };
    numbers.chunks_exact(2).map(message).collect()
}
