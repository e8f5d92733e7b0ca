//! The local pool: a child process for each run, so many at a time.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{PlannedRun, RunState, Sweep, SweepError};

/// How often children are looked at.
const PAUSE: Duration = Duration::from_millis(20);
/// The exit codes of a run that saved and stopped: asked by us, or by whoever interrupts the whole terminal.
const STOPPED: [i32; 2] = [75, 130];

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
    /// The pool waited a little, with these runs at work.
    Waiting(&'a [&'a PlannedRun]),
}

/// Does the runs of a sweep in child processes.
#[derive(Debug)]
pub struct Pool<'a> {
    /// What to do; its plan must be written.
    pub sweep: &'a Sweep,
    /// Processes at a time.
    pub jobs: usize,
    /// The program, called as `program run --plan FILE --index N`.
    pub program: PathBuf,
}

struct Worker<'a> {
    run: &'a PlannedRun,
    child: Child,
    words: JoinHandle<String>,
}

impl Pool<'_> {
    /// Does all runs that are not done, until `stop` says so: then the children are asked to save and stop. `observe`
    /// hears what happens. A run that crashes costs itself only.
    pub fn run(&self, stop: &dyn Fn() -> bool, observe: &mut dyn FnMut(Event<'_>)) -> Result<(), SweepError> {
        let mut waiting = self.sweep.runs.iter();
        let mut workers: Vec<Worker<'_>> = Vec::new();
        let mut stopping = false;
        loop {
            if !stopping && stop() {
                stopping = true;
                workers.iter().for_each(Worker::ask_to_stop);
            }
            while !stopping && workers.len() < self.jobs {
                let Some(run) = waiting.next() else { break };
                if self.sweep.state(run)? == RunState::Done {
                    observe(Event::Ended(run, &Ending::Finished));
                } else {
                    workers.push(self.start(run)?);
                }
            }
            if workers.is_empty() {
                return Ok(());
            }
            observe(Event::Waiting(&workers.iter().map(|worker| worker.run).collect::<Vec<_>>()));
            std::thread::sleep(PAUSE);
            let mut at_work = Vec::with_capacity(workers.len());
            for mut worker in workers {
                match worker.child.try_wait()? {
                    None => at_work.push(worker),
                    Some(status) => {
                        let run = worker.run;
                        let ending = worker.ending(status);
                        if let Ending::Failed { reason } = &ending {
                            self.sweep.record_failure(run, reason)?;
                        }
                        observe(Event::Ended(run, &ending));
                    }
                }
            }
            workers = at_work;
        }
    }

    fn start<'a>(&self, run: &'a PlannedRun) -> Result<Worker<'a>, SweepError> {
        let mut command = Command::new(&self.program);
        command.arg("run").arg("--plan").arg(self.sweep.plan_path()).args(["--index", &run.index.to_string()]);
        let mut child =
            command.arg("--quiet").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
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

impl Worker<'_> {
    fn ask_to_stop(&self) {
        if let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            // A child that ended a moment ago cannot be asked, and need not be.
            let _ = kill_process(pid, Signal::TERM);
        }
    }

    fn ending(self, status: std::process::ExitStatus) -> Ending {
        let words = self.words.join().unwrap_or_default();
        if status.success() {
            return Ending::Finished;
        }
        if status.code().is_some_and(|code| STOPPED.contains(&code)) {
            return Ending::Stopped;
        }
        let words = words.trim().trim_start_matches("error: ");
        let reason = if words.is_empty() { format!("it ended with {status}") } else { words.to_owned() };
        Ending::Failed { reason }
    }
}
