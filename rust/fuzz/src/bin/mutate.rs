//! Runs a target on mutated seeds with the stable toolchain.
//!
//! `mutate TARGET --corpus DIR [--corpus DIR …] --artifacts DIR [--minutes N] [--seed N]`, or
//! `mutate TARGET FILE …` to run single inputs again. Equal seeds make equal inputs.

use std::panic;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use alloc_fuzz::{Check, Limits, Mutator, Seeds, TARGETS, Watch};

const LIMITS: Limits = Limits {
    time: Duration::from_secs(5),
    memory: 2 << 30,
};
/// How often a run says how far it is.
const SAY_EVERY: Duration = Duration::from_mins(1);

/// What was asked for.
struct Order {
    target: &'static str,
    check: Check,
    files: Vec<PathBuf>,
    corpus: Vec<PathBuf>,
    artifacts: PathBuf,
    time: Duration,
    seed: u64,
}

fn main() -> ExitCode {
    let run = order(std::env::args().skip(1)).and_then(|order| run(&order));
    match run {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            eprintln!("mutate: {message}");
            ExitCode::from(2)
        }
    }
}

fn order(mut words: impl Iterator<Item = String>) -> Result<Order, String> {
    let names = TARGETS.map(|(name, _)| name).join(", ");
    let name = words.next().unwrap_or_default();
    let found = TARGETS.into_iter().find(|(known, _)| *known == name);
    let (target, check) = found.ok_or_else(|| format!("name one target of: {names}"))?;
    let mut order = Order {
        target,
        check,
        files: Vec::new(),
        corpus: Vec::new(),
        artifacts: PathBuf::from("artifacts"),
        time: Duration::from_mins(1),
        seed: 1,
    };
    while let Some(word) = words.next() {
        if !word.starts_with("--") {
            order.files.push(word.into());
            continue;
        }
        let value = words
            .next()
            .ok_or_else(|| format!("{word} needs a value"))?;
        let number = || {
            value
                .parse::<u64>()
                .map_err(|_| format!("{word} {value}: no number"))
        };
        match word.as_str() {
            "--corpus" => order.corpus.push(value.into()),
            "--artifacts" => order.artifacts = value.into(),
            "--minutes" => order.time = Duration::from_secs(60 * number()?),
            "--seed" => order.seed = number()?,
            _ => return Err(format!("{word} is unknown")),
        }
    }
    Ok(order)
}

/// False when an input broke a rule.
fn run(order: &Order) -> Result<bool, String> {
    let watch = Watch::start(LIMITS, order.artifacts.clone());
    if !order.files.is_empty() {
        for (number, path) in (1..).zip(&order.files) {
            let input = std::fs::read(path).map_err(|e| format!("{}: {e}", path.display()))?;
            if !holds(order, &watch, (number, &input)) {
                return Ok(false);
            }
        }
        return Ok(true);
    }
    let seeds = Seeds::load(&order.corpus).map_err(|error| format!("the corpus: {error}"))?;
    let mut run = 0_u64;
    for input in seeds.files() {
        run += 1;
        if !holds(order, &watch, (run, input)) {
            return Ok(false);
        }
    }
    let (start, mut said) = (Instant::now(), Instant::now());
    let mut number = 0_u64;
    while start.elapsed() < order.time {
        let input = Mutator::new(order.seed, number).input(&seeds);
        run += 1;
        if !holds(order, &watch, (run, &input)) {
            return Ok(false);
        }
        number += 1;
        if said.elapsed() > SAY_EVERY {
            said = Instant::now();
            report(order, number, start);
        }
    }
    report(order, number, start);
    Ok(true)
}

fn report(order: &Order, number: u64, start: Instant) {
    let seconds = start.elapsed().as_secs();
    println!(
        "{}: {number} executions in {seconds} s, seed {}",
        order.target, order.seed
    );
}

fn holds(order: &Order, watch: &Watch, (number, input): (u64, &[u8])) -> bool {
    watch.begin(number, input);
    let result = panic::catch_unwind(|| (order.check)(input));
    watch.end();
    if result.is_err() {
        let path = watch.keep("crash", input);
        eprintln!("{}: broken by {}", order.target, path.display());
    }
    result.is_ok()
}
