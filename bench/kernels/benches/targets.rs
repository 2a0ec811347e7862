//! Every speed that was aimed at, measured and judged: a fast one of many runs counts, in time of the
//! processor, so that other work on the machine disturbs as little as can be.

#![allow(
    clippy::print_stdout,
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a bench says how long things took"
)]

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use alloc_domain::{Currency, OpenItem, Payment, RemittanceLine};
use alloc_engine::advice::read_advice;
use alloc_engine::ledger::Ledger;
use alloc_engine::reference::index::{ReferenceIndex, Scope};
use alloc_engine::reference::scan::{Search, scan};
use alloc_engine::text::Text;
use alloc_engine::{Book, Known, Policy, Request, Stop, Taken};
use alloc_kernels::book::{messages, misread, numbers, open_items, references};
use alloc_kernels::{Draw, log_normal};
use alloc_subset::planes::Planes;
use alloc_subset::{BYTES_MAX, Budget, Delta, Problem, count, solve};
use cpu_time::ThreadTime;

/// Time that each measurement may take.
const PATIENCE: Duration = Duration::from_secs(2);
const OPEN: usize = 1_000_000;

/// A figure and what it should be.
struct Target {
    what: &'static str,
    got: f64,
    unit: &'static str,
    /// At least this, or at most.
    wanted: Wanted,
}

enum Wanted {
    AtLeast(f64),
    AtMost(f64),
}

impl Target {
    fn print(&self) {
        let (sign, limit, met) = match self.wanted {
            Wanted::AtLeast(limit) => ("at least", limit, self.got >= limit),
            Wanted::AtMost(limit) => ("at most", limit, self.got <= limit),
        };
        let verdict = if met { "met" } else { "MISSED" };
        let Self {
            what, got, unit, ..
        } = self;
        println!("| {what} | {got:.3} {unit} | {sign} {limit} {unit} | {verdict} |");
    }
}

/// Seconds of a fast run: nine in ten took longer.
fn fast(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut runs = Vec::new();
    while start.elapsed() < PATIENCE {
        let run = ThreadTime::now();
        work();
        runs.push(run.elapsed());
    }
    runs.sort_unstable();
    runs[runs.len() / 10].as_secs_f64()
}

fn at_most(what: &'static str, seconds: f64, milliseconds: f64) -> Target {
    let (got, wanted) = (seconds * 1e3, Wanted::AtMost(milliseconds));
    Target {
        what,
        got,
        unit: "ms",
        wanted,
    }
}

fn main() {
    println!("| what | fast run | wanted | verdict |\n|---|---|---|---|");
    let parts = [reading, advice, answers, exact, planes, threads];
    parts
        .iter()
        .flat_map(|part| part())
        .for_each(|target| target.print());
}

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

/// Texts against a million open references, one thread.
fn reading() -> Vec<Target> {
    let references = references(OPEN, 1);
    let items = open_items(&references);
    let ledger = Ledger::new(items, &[]).expect("ids are unique");
    let index = ReferenceIndex::new(&ledger);
    let search = search(&ledger, &index);
    let words = numbers(&references, 5_000, &mut Draw::new(2));
    let lists: Vec<Text> = words
        .chunks(1_000)
        .map(|words| Text::of(&words.join(" ")))
        .collect();
    let mut next = lists.iter().cycle();
    let long = fast(|| {
        black_box(scan(&search, next.next().expect("a circle")));
    });
    let messages = messages(&words);
    let tokens: usize = messages[..100]
        .iter()
        .map(|text| text.split(' ').count())
        .sum();
    let mut next = messages.chunks(100).cycle();
    let short = fast(|| {
        for message in next.next().expect("a circle") {
            black_box(scan(&search, &Text::of(black_box(message))));
        }
    });
    let rate = |what, tokens: usize, seconds: f64| Target {
        what,
        got: tokens as f64 / seconds / 1e6,
        unit: "million tokens/s",
        wanted: Wanted::AtLeast(2.0),
    };
    let size = Target {
        what: "index of 1,000,000 references, each",
        got: index.size_bytes() as f64 / OPEN as f64,
        unit: "bytes",
        wanted: Wanted::AtMost(100.0),
    };
    let numbers = rate("numbers against 1,000,000 references", 1_000, long);
    vec![
        numbers,
        rate("short texts against them, folded and cut", tokens, short),
        size,
    ]
}

/// 900 lines of which three in a hundred are misread, against 5,000 open items.
fn advice() -> Vec<Target> {
    let references = references(5_000, 3);
    let items = open_items(&references);
    let mut draw = Draw::new(4);
    let written = references[1_000..1_900]
        .iter()
        .map(|reference| match draw.bits() % 100 {
            0..3 => misread(reference, &mut draw),
            _ => reference.clone(),
        });
    let written: Vec<String> = written.collect();
    let mut lines = Vec::new();
    for (written, item) in written.iter().zip(&items[1_000..]) {
        lines.push(RemittanceLine {
            payment_id: "P",
            line_no: 0,
            reference: Some(written),
            amount_minor: Some(item.open_minor),
            deduction_minor: None,
        });
    }
    let lines: Vec<(&RemittanceLine<'_>, Text)> = lines
        .iter()
        .map(|line| (line, Text::of(line.reference.unwrap_or_default())))
        .collect();
    let ledger = Ledger::new(items.clone(), &[]).expect("ids are unique");
    let index = ReferenceIndex::new(&ledger);
    let search = search(&ledger, &index);
    let open = |item: u32| items[item as usize].open_minor;
    let seconds = fast(|| {
        black_box(read_advice(
            &search,
            black_box(&lines),
            ledger.pool(0),
            &open,
        ));
    });
    vec![at_most(
        "advice of 900 lines against 5,000 items",
        seconds,
        5.0,
    )]
}

fn answer(what: &'static str, problem: &Problem<'_>, milliseconds: f64) -> Target {
    let seconds = fast(|| {
        black_box(solve(black_box(problem))).expect("in range");
    });
    at_most(what, seconds, milliseconds)
}

/// First answers, with their proofs.
fn answers() -> Vec<Target> {
    let mut targets = Vec::new();
    for (what, items, paid) in [
        ("answer: 20 items", 20, 3),
        ("answer: 60 items", 60, 8),
        ("answer: 200 items", 200, 40),
        ("answer: 1,000 items", 1_000, 700),
        ("answer: 3,000 items", 3_000, 900),
    ] {
        let pool = log_normal(items, paid, 6.0, 3);
        targets.push(answer(what, &Problem::new(&pool.amounts, pool.target), 0.5));
    }
    let prices = [
        (999, 87),
        (1_990, 86),
        (4_900, 58),
        (9_900, 56),
        (24_900, 13),
    ];
    let prices = prices
        .iter()
        .flat_map(|&(price, items)| std::iter::repeat_n(price, items));
    let five: Vec<i64> = prices.collect();
    targets.push(answer(
        "answer: five prices, 300 items",
        &Problem::new(&five, 654_291),
        0.5,
    ));
    let pool = log_normal(30, 6, 0.0, 4);
    let delta = |low_minor, high_minor| Delta {
        low_minor,
        high_minor,
        cost_millinats: 0,
        count_max: 1,
    };
    let rate = pool.target * 2 / 98;
    let deltas = [delta(1_500, 1_500), delta(rate - 3, rate + 3)];
    let mut deducted = Problem::new(&pool.amounts, pool.target - 1_500);
    deducted.deltas = &deltas;
    targets.push(answer("answer: 30 items, two deductions", &deducted, 0.5));
    let pool = log_normal(1_000, 500, 0.0, 5);
    let fives: Vec<i64> = pool.amounts.iter().map(|amount| amount / 5 * 5).collect();
    let odd = fives.iter().sum::<i64>() / 10 * 5 + 3;
    targets.push(answer(
        "none by residue: 1,000 items",
        &Problem::new(&fives, odd),
        0.01,
    ));
    targets
}

/// Exact counting, and the best of many with bounds of its probability.
fn exact() -> Vec<Target> {
    let pool = log_normal(40, 13, 0.0, 7);
    let mut problem = Problem::new(&pool.amounts, pool.target);
    problem.budget = Budget {
        bytes: BYTES_MAX,
        ..Budget::default()
    };
    let counted = fast(|| {
        black_box(count(black_box(&problem))).expect("in range");
    });
    let pool = log_normal(3_000, 900, 6.0, 3);
    let mut weighted = Problem::new(&pool.amounts, pool.target);
    weighted.costs_millinats = Some(&pool.costs);
    vec![
        at_most("exact count: 40 items", counted, 40.0),
        answer("best and its bounds: 3,000 items", &weighted, 100.0),
    ]
}

/// Both planes are read and written once per item: 32 bytes per word of a plane.
fn planes() -> Vec<Target> {
    let speed = |kilobytes: u64| {
        let high = kilobytes * 1_024 * 8 / 2 - 1;
        let mut planes = Planes::new(high);
        let words = planes.words();
        let mut draw = Draw::new(kilobytes);
        let seconds = fast(|| planes.add(draw.bits() % (high / 64), 0, words));
        32.0 * words as f64 / seconds / 1e9
    };
    let bytes = 16 << 20;
    let (source, mut target) = (vec![1_u8; bytes], vec![0_u8; bytes]);
    let copy = fast(|| black_box(&mut target).copy_from_slice(black_box(&source)));
    let copied = 2.0 * bytes as f64 / copy / 1e9;
    vec![
        Target {
            what: "planes of 512 kB",
            got: speed(512),
            unit: "GB/s",
            wanted: Wanted::AtLeast(60.0),
        },
        Target {
            what: "time of planes of 16 MB to that of copying them",
            got: copied / speed(16_384),
            unit: "times",
            wanted: Wanted::AtMost(1.5),
        },
    ]
}

/// A day of payments that name nothing: 400 payers of 60 items, by amount alone.
fn threads() -> Vec<Target> {
    let (payers, open) = (400, 60);
    let names: Vec<String> = (0..payers * open).map(|at| format!("{at:06}")).collect();
    let pool = log_normal(payers * open, 1, 0.0, 11);
    let items: Vec<OpenItem<'_>> = open_items(&names)
        .into_iter()
        .enumerate()
        .map(|(at, item)| OpenItem {
            customer_id: &names[at / open],
            open_minor: pool.amounts[at],
            ..item
        })
        .collect();
    let payment = |payer: usize| Payment {
        payment_id: &names[payer],
        entity: "E",
        value_date: 20_000,
        currency: Currency::EUR,
        amount_minor: pool.amounts[payer * open..].iter().step_by(9).take(4).sum(),
        customer_id: Some(&names[payer]),
        payer_name: None,
        payer_iban: None,
        remittance_text: Vec::new(),
        end_to_end_id: None,
        creditor_reference: None,
    };
    let payments: Vec<Payment<'_>> = (0..payers).map(payment).collect();
    let book = Book::new(items, Known::default()).expect("ids are unique");
    let request = Request {
        payments: &payments,
        lines: &[],
        taken: &Taken::default(),
        policy: Policy {
            amount_only: true,
            ..Policy::default()
        },
        stop: &Stop::default(),
    };
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let seconds = |threads: usize| {
        let run = || {
            let run = Instant::now();
            black_box(book.propose(&request, NonZeroUsize::new(threads))).expect("in range");
            run.elapsed()
        };
        let best = (0..10).map(|_| run()).min();
        best.map_or(0.0, |best| best.as_secs_f64())
    };
    vec![Target {
        what: "a day on all cores, of what as many cores could bring",
        got: seconds(1) / seconds(cores) / cores as f64,
        unit: "",
        wanted: Wanted::AtLeast(0.8),
    }]
}
