//! The loop that all kinds share: work, record, save, stop, go on.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::{ActiveRun, Bundle, Claim, Mark, Position, RunDir, RunError, Status};

/// How training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is done.
    Finished,
    /// A condition of its own held before that.
    Ended,
    /// It was asked to stop, and saved its state.
    Stopped,
}

/// How a run is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Afresh; with `force` in the place of what is there.
    New {
        /// Whether a run that is there is replaced.
        force: bool,
    },
    /// From what the run in the directory saved; afresh where there is none. It may be made longer.
    Resume,
}

/// The state is saved when this much time has passed since it was saved last, at the end, and when the run is stopped:
/// each time the disk is waited for, which would cost short epochs more than their work.
const SAVE_AFTER: Duration = Duration::from_secs(1);
/// And when saving is less than this part of the time: large states take longer.
const SAVE_SHARE: u32 = 30;

/// Who says how a run goes on. A function that says whether to stop is one.
pub trait Steering {
    /// Whether the run is to save and stop; asked before every step.
    fn stops(&self) -> bool;

    /// Whether it is to wait, when it has come to a moment at which it may save.
    fn waits(&self) -> bool {
        false
    }

    /// Waits, until the run is to go on or to stop.
    fn hold(&self) {}
}

impl<F: Fn() -> bool> Steering for F {
    fn stops(&self) -> bool {
        self()
    }
}

/// What a kind of run does.
pub trait Work {
    /// What its records say.
    type Record: Serialize;
    /// Its state in memory.
    type State;
    /// What can go wrong in it.
    type Error: From<RunError>;

    /// How far it is.
    fn position(&self) -> Position;

    /// The condition of its own by which the work is over here, before all is done.
    fn ended(&self) -> Option<String> {
        None
    }

    /// Whether an error means that the numbers grew beyond all bounds.
    fn has_diverged(_: &Self::Error) -> bool {
        false
    }

    /// The least that can be done between two questions whether to stop.
    fn step(&mut self, run: &mut ActiveRun) -> Result<(), Self::Error>;

    /// What the work since the last record came to, where a record is due; asked again until there is none.
    fn record(&mut self, run: &mut ActiveRun, seconds: f64) -> Result<Option<Self::Record>, Self::Error>;

    /// Whether this is a moment at which the state may be saved unasked.
    fn may_save(&self) -> bool;

    /// All of its state; None for a kind that goes by its records.
    fn state(&mut self) -> Result<Option<Self::State>, Self::Error>;

    /// The state as named tensors.
    fn bundle(&self, state: &Self::State) -> Bundle;

    /// Takes over a state.
    fn load(&mut self, dir: &RunDir, bundle: &Bundle, position: Position) -> Result<(), Self::Error>;

    /// Makes sure that the files that follow from the state have the content that follows: copies of weights, and where
    /// `ending` pictures.
    fn artefacts(&mut self, run: &mut ActiveRun, state: Option<&Self::State>, ending: bool) -> Result<(), Self::Error>;
}

/// A run at work: what it does, and where that is recorded.
pub struct Session<W: Work> {
    work: W,
    run: ActiveRun,
    saved: Saved,
    /// A whole state that is not saved yet, for the case that the next work fails.
    unsaved: Option<(W::State, Position, Mark)>,
    begun: u64,
    was_finished: bool,
}

/// When the state was saved last, and how long that took.
#[derive(Clone, Copy, Debug)]
struct Saved {
    at: Instant,
    took: Duration,
}

impl<W: Work> Session<W> {
    /// Takes the directory for a run as `claim` has it; `work` is in its initial state. A new run's state is saved at
    /// once; a resumed one's files are brought in line with its state.
    pub fn open(mut work: W, claim: &Claim, dir: RunDir, start: Start) -> Result<Self, W::Error> {
        let saved = Saved { at: Instant::now(), took: Duration::ZERO };
        let was_finished = dir.status().is_ok_and(Status::is_over);
        // A job that goes by its records and is asked for again is the same job.
        let again = start == Start::New { force: false } && !claim.kind.has_state() && ActiveRun::is_same(&dir, claim);
        let resumes = again || (start == Start::Resume && dir.kind().is_some());
        let run = if resumes {
            let (run, state) = ActiveRun::resume(dir, claim)?;
            if let Some((bundle, position)) = state {
                work.load(run.dir(), &bundle, position)?;
            } else {
                work.load(run.dir(), &Bundle::default(), work.position())?;
            }
            run
        } else {
            ActiveRun::create(dir, claim, start == Start::New { force: true })?
        };
        let mut session = Self { begun: work.position().done, work, run, saved, unsaved: None, was_finished };
        if resumes {
            session.mend()?;
        } else {
            session.save(session.is_finished())?;
        }
        Ok(session)
    }

    /// Where it is recorded.
    pub fn dir(&self) -> &RunDir {
        self.run.dir()
    }

    /// How far it is.
    pub fn position(&self) -> Position {
        self.work.position()
    }

    /// The condition of its own by which it is over, before all is done.
    pub fn ended(&self) -> Option<String> {
        self.work.ended()
    }

    /// Whether it was over when the directory was taken, by what was recorded there.
    pub fn was_finished(&self) -> bool {
        self.was_finished
    }

    /// Units that were done when the session was opened.
    pub fn begun(&self) -> u64 {
        self.begun
    }

    /// What a person should know about how it goes on.
    pub fn warnings(&self) -> &[String] {
        self.run.warnings()
    }

    /// What it does.
    pub fn work(&self) -> &W {
        &self.work
    }

    /// Works to the end, or until `steering` says so. `observe` sees every record. Where the work fails, the last whole state
    /// is kept; a run that waits has saved before.
    pub fn train(
        &mut self,
        steering: &dyn Steering,
        observe: &mut dyn FnMut(&W::Record, Position),
    ) -> Result<Outcome, W::Error> {
        let clock = Clock::start(self.run.seconds());
        while !self.is_finished() {
            if steering.stops() {
                self.save(true)?;
                return Ok(Outcome::Stopped);
            }
            if steering.waits() && self.work.may_save() {
                self.save(false)?;
                steering.hold();
                continue;
            }
            if let Err(error) = self.advance(&clock, observe) {
                // The first failure is the one to tell.
                let _ = self.save_unsaved();
                if W::has_diverged(&error) {
                    let _ = self.run.note_divergence();
                }
                return Err(error);
            }
        }
        Ok(if self.is_done() { Outcome::Finished } else { Outcome::Ended })
    }

    fn is_finished(&self) -> bool {
        self.is_done() || self.work.ended().is_some()
    }

    fn is_done(&self) -> bool {
        let Position { done, total } = self.work.position();
        done >= total
    }

    /// A step, its records, and the saving that is due.
    fn advance(&mut self, clock: &Clock, observe: &mut dyn FnMut(&W::Record, Position)) -> Result<(), W::Error> {
        self.work.step(&mut self.run)?;
        let mut recorded = false;
        while let Some(record) = self.work.record(&mut self.run, clock.seconds())? {
            self.run.append(&record)?;
            observe(&record, self.work.position());
            recorded = true;
        }
        if self.is_finished() {
            return self.save(true);
        }
        if self.work.may_save() && self.saved.at.elapsed() >= SAVE_AFTER.max(self.saved.took * SAVE_SHARE) {
            return self.save(false);
        }
        if recorded {
            let position = self.work.position();
            self.unsaved = self.work.state()?.map(|state| (state, position, self.run.mark()));
        }
        Ok(())
    }

    fn save(&mut self, ending: bool) -> Result<(), W::Error> {
        let position = self.work.position();
        let state = self.work.state()?;
        let ended = self.work.ended();
        self.write(state.as_ref(), position, ending, ended)
    }

    fn save_unsaved(&mut self) -> Result<(), W::Error> {
        match self.unsaved.take() {
            Some((state, position, mark)) => {
                self.run.back_to(mark);
                // It is of before the work was over, if it is.
                self.write(Some(&state), position, true, None)
            }
            None => Ok(()),
        }
    }

    /// What follows from the state is written before it: a state that is there has all that belongs to it.
    fn write(
        &mut self,
        state: Option<&W::State>,
        position: Position,
        ending: bool,
        ended: Option<String>,
    ) -> Result<(), W::Error> {
        let begun = Instant::now();
        self.work.artefacts(&mut self.run, state, ending)?;
        let bundle = state.map(|state| self.work.bundle(state));
        self.run.commit(bundle.as_ref(), position, ended)?;
        self.unsaved = None;
        self.saved = Saved { at: Instant::now(), took: begun.elapsed() };
        Ok(())
    }

    /// Makes again what a killed process did not write, or what was damaged since.
    fn mend(&mut self) -> Result<(), W::Error> {
        let state = self.work.state()?;
        let ending = self.is_finished();
        self.work.artefacts(&mut self.run, state.as_ref(), ending)?;
        if !self.run.is_settled() {
            let bundle = state.as_ref().map(|state| self.work.bundle(state));
            self.run.commit(bundle.as_ref(), self.work.position(), self.work.ended())?;
        }
        Ok(())
    }
}

/// Seconds of work, over all the processes that took part.
struct Clock {
    before: f64,
    start: Instant,
}

impl Clock {
    fn start(before: f64) -> Self {
        Self { before, start: Instant::now() }
    }

    /// To the millisecond: more digits would be noise.
    fn seconds(&self) -> f64 {
        ((self.before + self.start.elapsed().as_secs_f64()) * 1000.0).round() / 1000.0
    }
}
