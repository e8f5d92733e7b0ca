//! What a reader asks of a run at work: to wait, to go on for an epoch, to stop.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A waiting run looks this often whether its process was asked to stop in another way.
const LOOK: Duration = Duration::from_millis(100);

/// What a run is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wish {
    #[default]
    Go,
    Wait,
    /// An epoch, and then wait.
    Step,
    Stop,
}

/// What a reader asks of a run; both hold it.
#[derive(Debug, Default)]
pub struct Controls {
    wish: Mutex<Wish>,
    changed: Condvar,
}

impl Controls {
    /// What readers can ask for.
    pub const WORDS: [&str; 4] = ["pause", "go", "step", "stop"];

    /// Takes a reader's word; false where it is none of [`Self::WORDS`]. A run that is to stop does.
    pub fn ask(&self, word: &str) -> bool {
        let wish = match word {
            "pause" => Wish::Wait,
            "go" => Wish::Go,
            "step" => Wish::Step,
            "stop" => Wish::Stop,
            _ => return false,
        };
        let mut held = self.wish();
        if *held != Wish::Stop {
            *held = wish;
        }
        drop(held);
        self.changed.notify_all();
        true
    }

    /// What the run does, in a word for readers.
    pub fn said(&self) -> &'static str {
        match *self.wish() {
            Wish::Go | Wish::Step => "at work",
            Wish::Wait => "waiting",
            Wish::Stop => "stopping",
        }
    }

    /// Whether the run is to stop.
    pub fn stops(&self) -> bool {
        *self.wish() == Wish::Stop
    }

    /// Whether it is to wait.
    pub fn waits(&self) -> bool {
        *self.wish() == Wish::Wait
    }

    /// An epoch is done: who asked for one has it.
    pub fn did_an_epoch(&self) {
        let mut held = self.wish();
        if *held == Wish::Step {
            *held = Wish::Wait;
        }
    }

    /// Waits until the run is to do something, or the process is to stop.
    pub fn hold(&self, stops: &dyn Fn() -> bool) {
        let mut held = self.wish();
        while *held == Wish::Wait && !stops() {
            held = self.changed.wait_timeout(held, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn wish(&self) -> MutexGuard<'_, Wish> {
        self.wish.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_waits_steps_and_stops_as_it_is_asked() {
        let controls = Controls::default();
        assert!(!controls.waits() && !controls.stops() && !controls.ask("dance"));
        assert!(controls.ask("pause") && controls.waits());
        controls.hold(&|| true);
        assert!(controls.waits(), "a process that stops does not change the wish");
        assert!(controls.ask("step") && !controls.waits());
        controls.hold(&|| false);
        controls.did_an_epoch();
        assert!(controls.waits());
        assert!(controls.ask("stop") && controls.stops());
        assert!(controls.ask("go") && controls.stops(), "what is to stop does not go on");
        assert!(Controls::WORDS.iter().all(|word| controls.ask(word)));
    }

    #[test]
    fn who_waits_goes_on_when_asked() {
        let controls = Controls::default();
        controls.ask("pause");
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| controls.hold(&|| false));
            controls.ask("go");
            waiting.join().unwrap();
        });
        assert!(!controls.waits());
    }
}
