//! A guard beside the run: one input may take so long and the process so much memory.

use std::fs;
use std::path::PathBuf;
use std::process;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often the guard looks.
const EVERY: Duration = Duration::from_millis(100);
/// Size of a page of memory in `/proc/self/statm`.
const PAGE: u64 = 4096;

/// What one input may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest run on one input, of processor time: a busy machine is no finding.
    pub time: Duration,
    /// Most memory of the process, bytes.
    pub memory: u64,
}

/// Which input runs, and its number.
type Current = Option<(u64, Vec<u8>)>;

/// The input that is being run, known to the guard.
#[derive(Clone)]
pub struct Watch {
    current: Arc<Mutex<Current>>,
    artifacts: PathBuf,
    start: Instant,
}

impl Watch {
    /// Starts the guard; inputs that break a limit are written to the folder `artifacts`.
    #[must_use]
    pub fn start(limits: Limits, artifacts: PathBuf) -> Self {
        let watch = Self {
            current: Arc::default(),
            artifacts,
            start: Instant::now(),
        };
        let guard = watch.clone();
        thread::spawn(move || {
            let mut seen = (0, Duration::ZERO);
            loop {
                thread::sleep(EVERY);
                guard.look(limits, &mut seen);
            }
        });
        watch
    }

    /// Says which input runs now; `number` differs from that of the input before.
    pub fn begin(&self, number: u64, input: &[u8]) {
        *self.lock() = Some((number, input.to_vec()));
    }

    /// Says that none does.
    pub fn end(&self) {
        *self.lock() = None;
    }

    /// Keeps an input that broke a rule; returns where.
    #[must_use]
    pub fn keep(&self, kind: &str, input: &[u8]) -> PathBuf {
        let hash = input.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
        });
        let path = self.artifacts.join(format!("{kind}-{hash:016x}"));
        let written = fs::create_dir_all(&self.artifacts).and_then(|()| fs::write(&path, input));
        if let Err(error) = written {
            eprintln!("{} cannot be written: {error}", path.display());
        }
        path
    }

    /// `seen` is the input of the look before, and what was spent when it was first seen.
    fn look(&self, limits: Limits, seen: &mut (u64, Duration)) {
        let current = self.lock();
        let Some((number, input)) = &*current else {
            return;
        };
        let spent = processor_time().unwrap_or_else(|| self.start.elapsed());
        if *number != seen.0 {
            *seen = (*number, spent);
        }
        let broken = if spent.saturating_sub(seen.1) > limits.time {
            "timeout"
        } else if resident() > limits.memory {
            "memory"
        } else {
            return;
        };
        let path = self.keep(broken, input);
        eprintln!("{broken}: {}", path.display());
        process::abort();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Time of the processor that went into the process; none where the system does not say.
fn processor_time() -> Option<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let ticks: u64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<u64>().ok())
        .sum();
    Some(Duration::from_millis(10 * ticks))
}

/// Memory of the process, bytes; 0 where the system does not say.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1);
    pages
        .and_then(|pages| pages.parse::<u64>().ok())
        .unwrap_or(0)
        * PAGE
}
