//! Interrupts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM, SIGUSR1};

use super::exit::Exit;

/// Signals that ask for a stop; a second one does not wait for it.
pub(super) struct Signals {
    received: Arc<AtomicUsize>,
    /// Whether this process is one task of many, whose caller wants to know that it should be done again.
    is_task: bool,
}

impl Signals {
    /// SIGINT and SIGTERM ask for a stop.
    pub(super) fn listen() -> anyhow::Result<Self> {
        Self::listen_to(&[(SIGINT, 130), (SIGTERM, 143)], false)
    }

    /// SIGINT, SIGTERM and SIGUSR1 ask for a stop, the latter two with the exit code that says: do it again.
    pub(super) fn listen_as_task() -> anyhow::Result<Self> {
        Self::listen_to(&[(SIGINT, 130), (SIGTERM, 75), (SIGUSR1, 75)], true)
    }

    fn listen_to(signals: &[(i32, i32)], is_task: bool) -> anyhow::Result<Self> {
        let received = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        for &(signal, exit) in signals {
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
            Some(signal) if signal == SIGTERM as usize => Exit::Terminated,
            _ => Exit::Interrupted,
        }
    }
}
