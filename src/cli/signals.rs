//! Interrupts.

use std::cell::Cell;
use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1};

use super::exit::Exit;
use crate::sweep::Stop;

/// Signals that ask for a stop; a second one does not wait for it.
pub(super) struct Signals {
    received: Arc<AtomicUsize>,
    /// Whether this process is one task of many, whose caller wants to know that it should be done again.
    is_task: bool,
}

impl Signals {
    /// SIGINT and SIGTERM ask for a stop, and so do SIGHUP and SIGQUIT, as if they were SIGTERM.
    pub(super) fn listen() -> anyhow::Result<Self> {
        Self::listen_to(&[(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 143), (SIGQUIT, 143)], false)
    }

    /// The same and SIGUSR1 ask for a stop, all but SIGINT with the exit code that says: do it again.
    pub(super) fn listen_as_task() -> anyhow::Result<Self> {
        Self::listen_to(&[(SIGINT, 130), (SIGTERM, 75), (SIGHUP, 75), (SIGQUIT, 75), (SIGUSR1, 75)], true)
    }

    fn listen_to(signals: &[(i32, i32)], is_task: bool) -> anyhow::Result<Self> {
        let received = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        for &(signal, exit) in signals.iter().filter(|(signal, _)| is_heeded(*signal)) {
            // In this order: the first signal finds the flag still down and raises it. A cluster may send a task the
            // same signal twice; only a person's second one means haste.
            if !is_task || signal == SIGINT {
                signal_hook::flag::register_conditional_shutdown(signal, exit, Arc::clone(&again))?;
            }
            signal_hook::flag::register(signal, Arc::clone(&again))?;
            signal_hook::flag::register_usize(signal, Arc::clone(&received), signal as usize)?;
        }
        Ok(Self { received, is_task })
    }

    pub(super) fn received(&self) -> Option<usize> {
        Some(self.received.load(Ordering::Relaxed)).filter(|&signal| signal != 0)
    }

    pub(super) fn exit(&self) -> Exit {
        match self.received() {
            Some(signal) if signal == SIGINT as usize => Exit::Interrupted,
            Some(_) if self.is_task => Exit::TryAgain,
            Some(_) => Exit::Terminated,
            None => Exit::Interrupted,
        }
    }

    /// Takes the end of standard input for a SIGTERM: whoever started this process closed it, or is no more.
    pub(super) fn stop_at_end_of_input(&self) {
        let received = Arc::clone(&self.received);
        std::thread::spawn(move || {
            let mut buffer = [0; 64];
            let mut input = std::io::stdin().lock();
            while !matches!(input.read(&mut buffer), Ok(0)) {}
            // A signal that came before keeps its meaning.
            let _ = received.compare_exchange(0, SIGTERM as usize, Ordering::Relaxed, Ordering::Relaxed);
        });
    }
}

/// Signals to a process that has others at work: the first asks them to save and stop, the second ends them. It never
/// goes before they have.
pub(super) struct ParentSignals {
    signals: Signals,
    seen: Cell<u32>,
    first: Cell<usize>,
}

impl ParentSignals {
    pub(super) fn listen() -> anyhow::Result<Self> {
        let received = Arc::new(AtomicUsize::new(0));
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT].into_iter().filter(|&signal| is_heeded(signal)) {
            signal_hook::flag::register_usize(signal, Arc::clone(&received), signal as usize)?;
        }
        let signals = Signals { received, is_task: false };
        Ok(Self { signals, seen: Cell::new(0), first: Cell::new(0) })
    }

    /// What the signals so far ask for.
    pub(super) fn stop(&self) -> Stop {
        let signal = self.signals.received.swap(0, Ordering::Relaxed);
        if signal != 0 {
            self.seen.set(self.seen.get() + 1);
            if self.seen.get() == 1 {
                self.first.set(signal);
            }
        }
        match self.seen.get() {
            0 => Stop::No,
            1 => Stop::Save,
            _ => Stop::Now,
        }
    }

    /// How to end because of a signal; None if there was none.
    pub(super) fn exit(&self) -> Option<Exit> {
        (self.stop() != Stop::No)
            .then(|| if self.first.get() == SIGINT as usize { Exit::Interrupted } else { Exit::Terminated })
    }
}

/// Whether a signal is for us. SIGHUP is not where it was ignored when we were started: nohup means that the work goes on
/// without its terminal. Where that cannot be found out, it does what it always does.
fn is_heeded(signal: i32) -> bool {
    signal != SIGHUP || is_ignored(signal) == Some(false)
}

/// Whether a signal is ignored, as Linux tells.
fn is_ignored(signal: i32) -> Option<bool> {
    let status = fs_err::read_to_string("/proc/self/status").ok()?;
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    let mask = u64::from_str_radix(mask.trim(), 16).ok()?;
    Some(mask >> (signal - 1) & 1 == 1)
}
