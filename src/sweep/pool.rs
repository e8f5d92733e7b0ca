//! The local pool: a child process for each run, so many at a time.
//!
//! A child does not go on without the pool: its standard input is a pipe whose other end only the pool has, and `gan-lab run
//! --until-eof` saves and stops when that end is closed, be it because the pool asks for it or because the pool's process is
//! no more, however it ended. The system closes it, so that no signal has to arrive, and nothing has to be timed.

use std::collections::{HashMap, VecDeque};
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::{PlannedRun, RunState, Sweep, SweepError};

/// How often children are looked at, and how often the runs that other processes are at work on.
const PAUSE: Duration = Duration::from_millis(20);
const LOOK: Duration = Duration::from_millis(200);
/// The exit code of a run that was asked to stop, or that another process was at work on: it is to be done again.
const AGAIN: i32 = 75;
/// The exit code of a run that whoever interrupts the whole terminal stopped.
const INTERRUPTED: i32 = 130;
/// How often a run is tried that ends each time because it was asked to, and not by us.
const MOST_TRIES: u32 = 3;

/// How a run of the pool ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is done.
    Finished,
    /// It was asked to stop, and saved.
    Stopped,
    /// It failed.
    Failed {
        /// Its last words.
        reason: String,
    },
}

/// What is told while a pool works.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A run ended, or was done already.
    Ended(&'a PlannedRun, &'a Ending),
    /// The pool waited a little.
    Waiting {
        /// The runs at work.
        at_work: &'a [&'a PlannedRun],
        /// How many other processes' runs it waits for.
        elsewhere: usize,
    },
}

/// Whether a pool goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stop {
    /// It does.
    No,
    /// Its runs save and stop, and it waits for them.
    Save,
    /// Its runs are killed; what they did since they last saved is done again another time.
    Now,
}

/// Does the runs of a sweep in child processes.
#[derive(Debug)]
pub struct Pool<'a> {
    /// What to do; its plan must be written.
    pub sweep: &'a Sweep,
    /// Processes at a time.
    pub jobs: usize,
    /// The program, called as `program run --plan FILE --index N …`.
    pub program: PathBuf,
}

struct Worker<'a> {
    run: &'a PlannedRun,
    child: Child,
    words: JoinHandle<String>,
}

/// A pool at work.
struct Crew<'a> {
    pool: &'a Pool<'a>,
    waiting: std::slice::Iter<'a, PlannedRun>,
    /// Runs to be looked at once more.
    again: VecDeque<&'a PlannedRun>,
    /// Runs that other processes are at work on.
    elsewhere: Vec<&'a PlannedRun>,
    looked: Instant,
    workers: Vec<Worker<'a>>,
    /// How often a run came back to be done again.
    tries: HashMap<usize, u32>,
    stop: Stop,
}

impl Pool<'_> {
    /// Does all runs that are not done, until `stop` says otherwise; those that other processes are at work on are waited
    /// for. `observe` hears what happens. A run that fails costs itself only. When the pool cannot go on, its children are
    /// asked to stop and waited for, and then the error is given: none is ever left at work.
    pub fn run(&self, stop: &dyn Fn() -> Stop, observe: &mut dyn FnMut(Event<'_>)) -> Result<(), SweepError> {
        let mut crew = Crew::new(self);
        let mut problem = None;
        loop {
            crew.obey(if problem.is_some() { stop().max(Stop::Save) } else { stop() });
            if let Err(error) = crew.step(stop, observe) {
                problem.get_or_insert(error);
                continue;
            }
            if crew.is_through() {
                return problem.map_or(Ok(()), Err);
            }
            let at_work: Vec<_> = crew.workers.iter().map(|worker| worker.run).collect();
            observe(Event::Waiting { at_work: &at_work, elsewhere: crew.elsewhere.len() });
            std::thread::sleep(PAUSE);
        }
    }

    fn start<'a>(&self, run: &'a PlannedRun) -> Result<Worker<'a>, SweepError> {
        let mut command = Command::new(&self.program);
        command.arg("run").arg("--plan").arg(self.sweep.plan_path()).args(["--index", &run.index().to_string()]);
        if self.sweep.base != self.sweep.dir {
            command.arg("--runs").arg(&self.sweep.base);
        }
        command.arg("--expect").arg(run.dir()).args(["--until-eof", "--quiet"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let mut pipe = child.stderr.take();
        let words = std::thread::spawn(move || {
            let mut words = Vec::new();
            // What cannot be read is not told; the exit status counts.
            let _ = pipe.as_mut().map(|pipe| pipe.read_to_end(&mut words));
            String::from_utf8_lossy(&words).into_owned()
        });
        Ok(Worker { run, child, words })
    }
}

impl<'a> Crew<'a> {
    fn new(pool: &'a Pool<'a>) -> Self {
        Self {
            pool,
            waiting: pool.sweep.runs.iter(),
            again: VecDeque::new(),
            elsewhere: Vec::new(),
            looked: Instant::now(),
            workers: Vec::new(),
            tries: HashMap::new(),
            stop: Stop::No,
        }
    }

    fn obey(&mut self, stop: Stop) {
        self.stop = self.stop.max(stop);
        match self.stop {
            Stop::No => {}
            Stop::Save => self.workers.iter_mut().for_each(Worker::ask_to_stop),
            Stop::Now => self.workers.iter_mut().for_each(Worker::kill),
        }
    }

    fn is_through(&self) -> bool {
        self.workers.is_empty()
            && (self.stop != Stop::No
                || (self.waiting.len() == 0 && self.again.is_empty() && self.elsewhere.is_empty()))
    }

    fn step(&mut self, stop: &dyn Fn() -> Stop, observe: &mut dyn FnMut(Event<'_>)) -> Result<(), SweepError> {
        self.take_leave(observe)?;
        if self.stop == Stop::No {
            self.look_elsewhere();
            self.fill(stop, observe)?;
        }
        Ok(())
    }

    /// Takes runs of others that are at work no more back into the line.
    fn look_elsewhere(&mut self) {
        if self.looked.elapsed() < LOOK {
            return;
        }
        let sweep = self.pool.sweep;
        let (at_work, ended) =
            self.elsewhere.iter().partition(|run| matches!(sweep.state(run), RunState::Running { .. }));
        self.elsewhere = at_work;
        self.again.extend::<Vec<_>>(ended);
        self.looked = Instant::now();
    }

    /// Starts runs until enough are at work.
    fn fill(&mut self, stop: &dyn Fn() -> Stop, observe: &mut dyn FnMut(Event<'_>)) -> Result<(), SweepError> {
        let sweep = self.pool.sweep;
        while self.workers.len() < self.pool.jobs && stop() == Stop::No {
            let Some(run) = self.waiting.next().or_else(|| self.again.pop_front()) else { break };
            match sweep.state(run) {
                // One that is done and yet failed is done again, which makes sure of its files.
                // One with a damaged file is opened, which mends it or says what is wrong.
                RunState::Done if !sweep.has_failure(run) && run.run_dir().faults().is_empty() => {
                    observe(Event::Ended(run, &Ending::Finished));
                }
                RunState::Running { .. } => self.elsewhere.push(run),
                _ => self.workers.push(self.pool.start(run)?),
            }
        }
        Ok(())
    }

    /// Hears the children that ended.
    fn take_leave(&mut self, observe: &mut dyn FnMut(Event<'_>)) -> Result<(), SweepError> {
        let mut unrecorded = Ok(());
        let workers = std::mem::take(&mut self.workers);
        for mut worker in workers {
            let run = worker.run;
            let ending = match worker.child.try_wait() {
                Ok(None) => {
                    self.workers.push(worker);
                    continue;
                }
                Ok(Some(status)) => self.ending(worker, status),
                Err(error) => Some(Ending::Failed { reason: format!("how it ended is not known: {error}") }),
            };
            let Some(ending) = ending else {
                self.elsewhere.push(run);
                continue;
            };
            observe(Event::Ended(run, &ending));
            if let Ending::Failed { reason } = &ending {
                unrecorded = unrecorded.and(self.pool.sweep.record_failure(run, reason));
            }
        }
        unrecorded
    }

    /// How a run ended; None for one that is to be done again, if nobody else does it.
    fn ending(&mut self, worker: Worker<'_>, status: ExitStatus) -> Option<Ending> {
        let run = worker.run.index();
        let words = worker.words.join().unwrap_or_default();
        match status.code() {
            Some(0) => return Some(Ending::Finished),
            Some(AGAIN) if self.stop == Stop::No => {
                let tries = self.tries.entry(run).or_default();
                *tries += 1;
                return if *tries < MOST_TRIES { None } else { Some(Ending::Stopped) };
            }
            Some(AGAIN | INTERRUPTED) => return Some(Ending::Stopped),
            None if self.stop == Stop::Now => return Some(Ending::Stopped),
            _ => {}
        }
        let words = words.trim().trim_start_matches("error: ");
        let reason = if words.is_empty() { format!("it ended with {status}") } else { words.to_owned() };
        Some(Ending::Failed { reason })
    }
}

impl Worker<'_> {
    /// Closes the pipe that the child watches.
    fn ask_to_stop(&mut self) {
        drop(self.child.stdin.take());
    }

    fn kill(&mut self) {
        // A child that ended a moment ago cannot be killed, and need not be.
        let _ = self.child.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::lines::three_seeds as sweep;

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let sweep = sweep(dir.path());
        let pool = Pool { sweep: &sweep, jobs: 2, program: dir.path().join("nothing") };
        assert!(pool.run(&|| Stop::No, &mut |_| {}).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn when_no_child_can_be_started_any_more_the_others_are_asked_to_stop_and_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        // Written by another process: a file that this one has open for writing cannot be executed.
        let script = "#!/bin/sh\n: >\"$0.begun\"; cat >/dev/null; : >\"$0.ended\"; exit 75\n";
        let write = "printf '%s' \"$1\" >\"$2\"; chmod +x \"$2\"";
        let mut shell = Command::new("sh");
        shell.args(["-c", write, "sh", script]).arg(at("program"));
        assert!(shell.status().unwrap().success());
        let sweep = sweep(dir.path());
        let pool = Pool { sweep: &sweep, jobs: 2, program: at("program") };
        let asked = std::cell::Cell::new(0);
        let stop = || {
            asked.set(asked.get() + 1);
            // Once for the pool, once before each start: the second child finds no program any more.
            if asked.get() == 3 {
                let start = Instant::now();
                while !at("program.begun").exists() {
                    assert!(start.elapsed() < Duration::from_mins(1), "the first child did not begin");
                    std::thread::sleep(PAUSE);
                }
                fs_err::remove_file(at("program")).unwrap();
            }
            Stop::No
        };
        let mut endings = Vec::new();
        let result = pool.run(&stop, &mut |event| {
            if let Event::Ended(run, ending) = event {
                endings.push((run.index(), ending.clone()));
            }
        });
        assert!(result.is_err());
        assert!(at("program.ended").exists(), "a child was left at work");
        assert_eq!(endings, [(0, Ending::Stopped)]);
    }
}
