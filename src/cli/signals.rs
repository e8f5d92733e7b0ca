//! Interrupts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

use super::exit::Exit;

/// SIGINT and SIGTERM ask for a stop; a second one does not wait for it.
pub(super) struct Signals {
    received: Arc<AtomicUsize>,
}

impl Signals {
    pub(super) fn listen() -> anyhow::Result<Self> {
        let received = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        for (signal, exit) in [(SIGINT, 130), (SIGTERM, 143)] {
            // In this order: the first signal finds the flag still down and raises it.
            signal_hook::flag::register_conditional_shutdown(signal, exit, Arc::clone(&again))?;
            signal_hook::flag::register(signal, Arc::clone(&again))?;
            signal_hook::flag::register_usize(signal, Arc::clone(&received), signal as usize)?;
        }
        Ok(Self { received })
    }

    pub(super) fn received(&self) -> Option<usize> {
        Some(self.received.load(Ordering::Relaxed)).filter(|&signal| signal != 0)
    }

    pub(super) fn exit(&self) -> Exit {
        if self.received() == Some(SIGTERM as usize) { Exit::Terminated } else { Exit::Interrupted }
    }
}
