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
    /// Longest run on one input.
    pub time: Duration,
    /// Most memory of the process, bytes.
    pub memory: u64,
}

/// Since when which input runs.
type Current = Option<(Instant, Vec<u8>)>;

/// The input that is being run, known to the guard.
#[derive(Clone)]
pub struct Watch {
    current: Arc<Mutex<Current>>,
    artifacts: PathBuf,
}

impl Watch {
    /// Starts the guard; inputs that break a limit are written to the folder `artifacts`.
    #[must_use]
    pub fn start(limits: Limits, artifacts: PathBuf) -> Self {
        let watch = Self {
            current: Arc::default(),
            artifacts,
        };
        let guard = watch.clone();
        thread::spawn(move || {
            loop {
                thread::sleep(EVERY);
                guard.look(limits);
            }
        });
        watch
    }

    /// Says which input runs now.
    pub fn begin(&self, input: &[u8]) {
        *self.lock() = Some((Instant::now(), input.to_vec()));
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

    fn look(&self, limits: Limits) {
        let current = self.lock();
        let Some((since, input)) = &*current else {
            return;
        };
        let broken = if since.elapsed() > limits.time {
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

/// Memory of the process, bytes; 0 where the system does not say.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1);
    pages
        .and_then(|pages| pages.parse::<u64>().ok())
        .unwrap_or(0)
        * PAGE
}
