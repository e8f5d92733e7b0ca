//! Signals: those that ask for a stop, and the one that would end the program without a word.

use std::cell::Cell;
use std::io::{IsTerminal as _, Read as _};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGXFSZ};
use signal_hook::{flag, low_level};

use super::exit::Exit;
use super::{printer, progress};
use crate::sweep::Stop;

/// Signals that a process heeds while others work for it.
const PARENTS: [i32; 4] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT];
/// How long a bar may take to leave the screen before the program ends without it.
const PATIENCE: Duration = Duration::from_millis(300);

/// Signals that are listened to, each with the exit code of its second coming, if that one ends the program.
static LISTENED: Mutex<Vec<(i32, Option<i32>)>> = Mutex::new(Vec::new());

/// Signals that ask for a stop. A second one stops at once.
pub(super) struct Signals {
    received: Arc<AtomicUsize>,
    /// Whether this process is one task of many, whose caller wants to know that it should be done again.
    is_task: bool,
}

impl Signals {
    /// SIGINT and SIGTERM ask for a stop, and so do SIGHUP, SIGQUIT and SIGUSR1, as if they were SIGTERM.
    pub(super) fn listen() -> anyhow::Result<Self> {
        Self::listen_to(&[(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 143), (SIGQUIT, 143), (SIGUSR1, 143)], false)
    }

    /// The same ask for a stop, all but SIGINT with the exit code that says: do it again.
    pub(super) fn listen_as_task() -> anyhow::Result<Self> {
        Self::listen_to(&[(SIGINT, 130), (SIGTERM, 75), (SIGHUP, 75), (SIGQUIT, 75), (SIGUSR1, 75)], true)
    }

    fn listen_to(signals: &[(i32, i32)], is_task: bool) -> anyhow::Result<Self> {
        let received = Arc::new(AtomicUsize::new(0));
        let again = Arc::new(AtomicBool::new(false));
        for &(signal, exit) in signals.iter().filter(|(signal, _)| is_heeded(*signal)) {
            // A cluster may send a task the same signal twice; only a person's second one means haste.
            let ends = !is_task || signal == SIGINT;
            listened().push((signal, Some(exit).filter(|_| ends)));
            if ends && !is_guarded(signal) {
                // In this order: the first signal finds the flag still down and raises it.
                flag::register_conditional_shutdown(signal, exit, Arc::clone(&again))?;
            }
            flag::register(signal, Arc::clone(&again))?;
            flag::register_usize(signal, Arc::clone(&received), signal as usize)?;
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
/// goes before they have. When this is dropped they have, and a signal ends the process as any other.
pub(super) struct ParentSignals {
    signals: Signals,
    seen: Cell<u32>,
    first: Cell<usize>,
    over: Arc<AtomicBool>,
}

impl ParentSignals {
    pub(super) fn listen() -> anyhow::Result<Self> {
        let (received, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        for signal in PARENTS.into_iter().filter(|&signal| is_heeded(signal)) {
            listened().push((signal, None));
            if !is_guarded(signal) {
                flag::register_conditional_default(signal, Arc::clone(&over))?;
            }
            flag::register_usize(signal, Arc::clone(&received), signal as usize)?;
        }
        let signals = Signals { received, is_task: false };
        Ok(Self { signals, seen: Cell::new(0), first: Cell::new(0), over })
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

impl Drop for ParentSignals {
    fn drop(&mut self) {
        // Whom a signal has stopped ends with that signal's code, however many follow.
        if self.seen.get() > 0 {
            return;
        }
        listened().retain(|(signal, _)| !PARENTS.contains(signal));
        self.over.store(true, Ordering::Relaxed);
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

/// Makes a write beyond the limit on files' sizes (`ulimit -f`) an error that names its file; without this it would end
/// the program.
pub(super) fn survive_file_limits() {
    // A signal that is handled does no more. Where it cannot be, all is as it was.
    let _ = flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
}

/// Sees to it that a signal that ends the program leaves no half bar behind; gives whether that could be done.
pub(super) fn guard_the_screen() -> bool {
    static BEGIN: Once = Once::new();
    static GUARDED: AtomicBool = AtomicBool::new(false);
    BEGIN.call_once(|| {
        let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGINT, SIGTERM]) else { return };
        let watch = move || {
            let mut seen = 0;
            for signal in signals.forever() {
                seen += 1;
                on_signal(signal, seen);
            }
        };
        let started = std::thread::Builder::new().name("signals".into()).spawn(watch).is_ok();
        GUARDED.store(started, Ordering::Relaxed);
    });
    GUARDED.load(Ordering::Relaxed)
}

/// Whether a signal that ends the program is left to the thread that guards the screen: where there may be a bar, it is taken
/// away before.
fn is_guarded(signal: i32) -> bool {
    [SIGINT, SIGTERM].contains(&signal) && std::io::stderr().is_terminal() && guard_the_screen()
}

fn on_signal(signal: i32, seen: u32) {
    let found = listened().iter().find(|(listened, _)| *listened == signal).copied();
    match found {
        None => {
            clear_soon();
            // Ends the program as if nobody had listened.
            let _ = low_level::emulate_default_handler(signal);
        }
        Some((_, Some(exit))) if seen > 1 => {
            clear_soon();
            low_level::exit(exit);
        }
        Some(_) if seen == 1 && progress::is_on_screen() => {
            let again = if signal == SIGINT { " (Ctrl-C again: stop without saving)" } else { "" };
            printer::err(&format!("stopping; saving first{again}"));
        }
        Some(_) => {}
    }
}

/// Takes the bar away, but does not wait long for a terminal that is stopped.
fn clear_soon() {
    let (done, cleared) = std::sync::mpsc::channel();
    let clear = move || {
        progress::clear();
        let _ = done.send(());
    };
    if std::thread::Builder::new().spawn(clear).is_ok() {
        let _ = cleared.recv_timeout(PATIENCE);
    }
}

fn listened() -> std::sync::MutexGuard<'static, Vec<(i32, Option<i32>)>> {
    LISTENED.lock().unwrap_or_else(PoisonError::into_inner)
}
