//! The inner loops of the exact core, and whole questions of every kind.

#![allow(
    missing_docs,
    reason = "criterion's macros make undocumented functions"
)]

use std::hint::black_box;

use alloc_kernels::{Draw, log_normal};
use alloc_subset::planes::Planes;
use alloc_subset::{BYTES_MAX, Budget, Problem, count, solve};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// Both planes are read and written once per item: 32 bytes per word of a plane. The amounts are
/// small, so that nearly every word is worked on.
fn planes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("planes");
    for kilobytes in [16_u64, 128, 512, 16_384] {
        let high = kilobytes * 1_024 * 8 / 2 - 1;
        let mut planes = Planes::new(high);
        let words = planes.words();
        let mut draw = Draw::new(kilobytes);
        group.throughput(Throughput::Bytes(32 * words as u64));
        group.bench_function(format!("{kilobytes}_kB"), |bencher| {
            bencher.iter(|| planes.add(draw.bits() % (high / 64), 0, words));
        });
    }
    group.finish();
    let mut group = criterion.benchmark_group("copy");
    for kilobytes in [16_usize, 128, 512, 16_384] {
        let source = vec![1_u64; kilobytes * 128];
        let mut target = vec![0_u64; kilobytes * 128];
        group.throughput(Throughput::Bytes(kilobytes as u64 * 2_048));
        group.bench_function(format!("{kilobytes}_kB"), |bencher| {
            bencher.iter(|| black_box(&mut target).copy_from_slice(black_box(&source)));
        });
    }
    group.finish();
}

/// Counting all explanations by meet in the middle.
fn counting(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("count");
    group.sample_size(10);
    for items in [30, 36, 40, 44] {
        let pool = log_normal(items, items / 3, 0.0, 7);
        let mut problem = Problem::new(&pool.amounts, pool.target);
        problem.budget = Budget {
            bytes: BYTES_MAX,
            ..Budget::default()
        };
        group.bench_function(format!("{items}_items"), |bencher| {
            bencher.iter(|| count(black_box(&problem)));
        });
    }
    group.finish();
}

/// Whole questions: without evidence (two witnesses) and with it (best and its bounds).
fn questions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("solve");
    group.sample_size(20);
    for (items, paid) in [(20, 3), (60, 8), (200, 40), (1_000, 700), (3_000, 900)] {
        let pool = log_normal(items, paid, 6.0, 3);
        let plain = Problem::new(&pool.amounts, pool.target);
        group.bench_function(format!("{items}_items_plain"), |bencher| {
            bencher.iter(|| solve(black_box(&plain)));
        });
        let mut weighted = plain;
        weighted.costs_millinats = Some(&pool.costs);
        group.bench_function(format!("{items}_items_weighted"), |bencher| {
            bencher.iter(|| solve(black_box(&weighted)));
        });
    }
    let fives: Vec<i64> = log_normal(1_000, 500, 0.0, 5)
        .amounts
        .iter()
        .map(|a| a / 5 * 5)
        .collect();
    let odd = fives.iter().sum::<i64>() / 10 * 5 + 3;
    group.bench_function("residue", |bencher| {
        bencher.iter(|| solve(black_box(&Problem::new(&fives, odd))));
    });
    group.finish();
}

criterion_group!(benches, planes, counting, questions);
criterion_main!(benches);
