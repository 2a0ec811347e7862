//! Reading what payers write: the index, the scanner, an advice, misread numbers.

#![allow(
    missing_docs,
    reason = "criterion's macros make undocumented functions"
)]

use std::hint::black_box;

use alloc_domain::{OpenItem, RemittanceLine};
use alloc_engine::advice::read_advice;
use alloc_engine::ledger::Ledger;
use alloc_engine::reference::index::{ReferenceIndex, Scope};
use alloc_engine::reference::near::{Near, Spellings};
use alloc_engine::reference::scan::{Search, scan};
use alloc_engine::text::Text;
use alloc_kernels::Draw;
use alloc_kernels::book::{messages, misread, numbers, open_items, references, some};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fst::automaton::Levenshtein;
use fst::{IntoStreamer, Set, Streamer};

/// Open references of the large ledger, of the payer, lines of its advice, misread numbers.
const LEDGER: usize = 1_000_000;
const POOL: usize = 5_000;
const LINES: usize = 900;
const MISREAD: usize = 100;

fn search<'s, 'a>(ledger: &'s Ledger<'a>, index: &'s ReferenceIndex) -> Search<'s, 'a> {
    Search {
        ledger,
        index,
        entity: 0,
        scope: Scope::Account(0),
        amount_minor: 1,
        payable: &|_| true,
    }
}

/// Texts against a million open references, one thread: a single one of numbers of which every
/// other one is open, and short ones as payers write them, with the time to fold and cut them.
fn scanning(criterion: &mut Criterion) {
    let references = references(LEDGER, 1);
    let items = open_items(&references);
    let ledger = Ledger::new(items.clone(), &[]).expect("ids are unique");
    let mut group = criterion.benchmark_group("index");
    group.sample_size(10);
    group.throughput(Throughput::Elements(LEDGER as u64));
    group.bench_function("1M_references", |bencher| {
        bencher.iter(|| ReferenceIndex::new(black_box(&ledger)));
    });
    group.finish();
    let index = ReferenceIndex::new(&ledger);
    assert!(index.size_bytes() <= 100 * LEDGER, "bytes per reference");
    let words = numbers(&references, 5_000, &mut Draw::new(2));
    let text = Text::of(&words.join(" "));
    let search = search(&ledger, &index);
    let mut group = criterion.benchmark_group("scan");
    group.throughput(Throughput::Elements(words.len() as u64));
    group.bench_function("numbers_against_1M", |bencher| {
        bencher.iter(|| scan(black_box(&search), black_box(&text)).hits.len());
    });
    let messages = messages(&words);
    let tokens: usize = messages.iter().map(|text| text.split(' ').count()).sum();
    group.throughput(Throughput::Elements(tokens as u64));
    group.bench_function("messages_against_1M", |bencher| {
        let named = |message: &String| scan(black_box(&search), &Text::of(message)).hits.len();
        bencher.iter(|| messages.iter().map(named).sum::<usize>());
    });
    group.finish();
}

fn lines_of(items: &[OpenItem<'_>], written: &[String]) -> Vec<RemittanceLine<'static>> {
    let line = |((line_no, item), written): ((i64, &OpenItem<'_>), &String)| RemittanceLine {
        payment_id: "P",
        line_no,
        reference: Some(written.clone().leak()),
        amount_minor: Some(item.open_minor),
        deduction_minor: None,
    };
    (0..).zip(items).zip(written).map(line).collect()
}

/// 900 lines of which three in a hundred are misread, against 5,000 open items.
fn advice(criterion: &mut Criterion) {
    let references = references(POOL, 3);
    let items = open_items(&references);
    let ledger = Ledger::new(items.clone(), &[]).expect("ids are unique");
    let index = ReferenceIndex::new(&ledger);
    let mut draw = Draw::new(4);
    let written: Vec<String> = references[1_000..1_000 + LINES]
        .iter()
        .map(|reference| match draw.bits() % 100 {
            0..3 => misread(reference, &mut draw),
            _ => reference.clone(),
        })
        .collect();
    let lines = lines_of(&items[1_000..], &written);
    let lines: Vec<(&RemittanceLine<'_>, Text)> = lines
        .iter()
        .map(|line| (line, Text::of(line.reference.unwrap_or_default())))
        .collect();
    let search = search(&ledger, &index);
    let pool = ledger.pool(0);
    let open = |item: u32| items[item as usize].open_minor;
    let found = read_advice(&search, &lines, pool, &open).hits.len();
    assert!(found + 5 >= LINES, "{found} lines found their item");
    let mut group = criterion.benchmark_group("advice");
    group.throughput(Throughput::Elements(LINES as u64));
    group.bench_function("900_lines_5000_items", |bencher| {
        bencher.iter(|| read_advice(black_box(&search), black_box(&lines), pool, &open));
    });
    group.finish();
}

/// 100 misread numbers against 5,000 open references, and the same with an automaton that knows
/// of replaced, lost and added characters only.
fn misreading(criterion: &mut Criterion) {
    let references = references(POOL, 5);
    let mut draw = Draw::new(6);
    let written: Vec<String> = some(&references, MISREAD, &mut draw)
        .into_iter()
        .map(|reference| misread(reference, &mut draw))
        .collect();
    let text = Text::of(&written.join(", "));
    let read = vec![false; text.atoms.len()];
    let mut group = criterion.benchmark_group("misread");
    group.throughput(Throughput::Elements(MISREAD as u64));
    group.bench_function("near_5000", |bencher| {
        bencher.iter(|| {
            let spelled = |(item, reference): (u32, &String)| Spellings::of(item, reference);
            let items: Vec<Spellings> = (0..).zip(&references).filter_map(spelled).collect();
            let near = Near::new(&items);
            near.places(&text, &read, 0, POOL)
                .map(|places| places.len())
        });
    });
    group.bench_function("fst_levenshtein_5000", |bencher| {
        bencher.iter(|| {
            let set = Set::from_iter(&references).expect("sorted");
            let within_one = |word: &String| {
                let automaton = Levenshtein::new(word, 1).expect("short");
                let mut stream = set.search(automaton).into_stream();
                let mut found = 0;
                while stream.next().is_some() {
                    found += 1;
                }
                found
            };
            written.iter().map(within_one).sum::<usize>()
        });
    });
    group.finish();
}

criterion_group!(benches, scanning, advice, misreading);
criterion_main!(benches);
