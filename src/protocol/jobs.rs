//! Trainings of a protocol, so many at a time.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::results::settings_digest;
use super::train::Training;
use super::unfinished;
use super::{Line, Measure, Method, Protocol, ProtocolError, Results, picture, sheet};
use crate::config::RunConfig;
use crate::data::Point;
use crate::engine::EngineError;
use crate::made::ResultFolder;
use crate::media;
use crate::render::Field;

/// How often progress is told.
const TELL: Duration = Duration::from_millis(200);
/// How often a training is saved.
const SAVE: Duration = Duration::from_secs(30);

/// What of a protocol is to be done.
#[derive(Debug)]
pub struct Plan {
    /// The protocol.
    pub protocol: &'static Protocol,
    /// Whose trainings, in the order of the table.
    pub methods: Vec<&'static Method>,
    /// With which seeds.
    pub seeds: Vec<u64>,
    /// How much of the published iterations is done, above 0 and 1 at most.
    pub fraction: f64,
}

/// One training.
#[derive(Debug)]
pub struct Job {
    method: &'static Method,
    seed: u64,
    config: RunConfig,
    marks: Vec<Mark>,
}

/// When a training is measured.
#[derive(Debug)]
pub(super) struct Mark {
    /// The published number of iterations.
    pub(super) published: u64,
    /// That of this plan.
    pub(super) iterations: u64,
    /// The digest of what the measurement follows from.
    pub(super) digest: String,
}

/// How far the trainings are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Iterations done now.
    pub iterations: u64,
    /// Iterations beside them that were done before, by a protocol that was stopped.
    pub restored: u64,
    /// Trainings that ended.
    pub ended: usize,
}

/// What a training tells while it is at work.
enum Message {
    Measured(Line),
    /// What is kept of a training under way is at this path, and can go.
    Ended(PathBuf),
    Failed(ProtocolError),
}

/// A training that is not at its end.
struct Todo<'a> {
    job: &'a Job,
    /// The published marks whose measurements are there.
    measured: Vec<u64>,
}

/// What trainings share.
struct Shared<'a> {
    plan: &'a Plan,
    jobs: &'a [Todo<'a>],
    /// Where states go.
    folder: &'a Path,
    /// The same folder, of whose pictures only our own are replaced.
    pictures: Mutex<ResultFolder>,
    next: AtomicUsize,
    iterations: AtomicU64,
    restored: AtomicU64,
    failed: AtomicBool,
    stop: &'a (dyn Fn() -> bool + Sync),
}

impl Plan {
    /// The protocol with all its methods and iterations, and as many seeds as were published.
    pub fn whole(protocol: &'static Protocol) -> Self {
        let seeds = (0..protocol.recipe.seeds as u64).collect();
        Self { protocol, methods: protocol.recipe.methods.iter().collect(), seeds, fraction: 1.0 }
    }

    /// The iterations of this plan for a published number of them.
    pub fn iterations(&self, published: u64) -> u64 {
        ((published as f64 * self.fraction).round() as u64).clamp(1, published)
    }

    /// Every training, seed by seed, so that what is there of a protocol that was stopped has all methods.
    pub fn jobs(&self) -> Result<Vec<Job>, ProtocolError> {
        let mut jobs = Vec::new();
        for &seed in &self.seeds {
            for &method in &self.methods {
                jobs.extend(self.jobs_of(method, seed)?);
            }
        }
        Ok(jobs)
    }

    fn jobs_of(&self, method: &'static Method, seed: u64) -> Result<Vec<Job>, ProtocolError> {
        let marks = self.protocol.marks;
        let job = |marks: &[u64]| {
            let last = marks.last().map_or(1, |&last| self.iterations(last));
            let wrong = |source| ProtocolError::Config { method: method.name, source };
            let config = method.config(self.protocol, last, seed).map_err(wrong)?;
            let mark = |&published: &u64| {
                let iterations = self.iterations(published);
                let digest = settings_digest(self.protocol, &config, published, iterations);
                Mark { published, iterations, digest }
            };
            let marks = marks.iter().map(mark).collect();
            Ok(Job { method, seed, config, marks })
        };
        let whole = job(marks)?;
        if !whole.config.is_planned_to_its_end() {
            return Ok(vec![whole]);
        }
        marks.chunks(1).map(job).collect()
    }

    /// How many trainings are kept unfinished beside the results.
    pub fn unfinished(&self, jobs: &[Job], results: &Results) -> usize {
        let left = jobs.iter().filter(|job| !job.is_done(self.protocol, results));
        left.filter(|job| unfinished::path(results.folder(), job).exists()).count()
    }

    /// Does the trainings whose results are not there, `at_once` at a time, each on a thread of its own. Every measurement is
    /// added to `results` as soon as it is there, and its picture lies in the folder `pictures` beside them. `stop` is asked
    /// between iterations; then what is measured stays, trainings under way are kept in the folder `unfinished` for the next
    /// time, and false comes back. `tell` hears how far it is.
    pub fn carry_out(
        &self,
        jobs: &[Job],
        results: &mut Results,
        at_once: usize,
        stop: &(dyn Fn() -> bool + Sync),
        tell: &mut dyn FnMut(Progress),
    ) -> Result<bool, ProtocolError> {
        let measure = &self.protocol.measure;
        let left = jobs.iter().filter(|job| !job.is_done(self.protocol, results));
        let jobs: Vec<Todo<'_>> = left.map(|job| Todo::new(job, measure, results)).collect();
        let folder = results.folder().to_owned();
        let pictures = ResultFolder::open(&folder, false)?;
        self.permit_pictures(jobs.iter().map(|todo| todo.job), &pictures)?;
        let shared = Shared {
            plan: self,
            folder: &folder,
            pictures: Mutex::new(pictures),
            jobs: &jobs,
            next: AtomicUsize::new(0),
            iterations: AtomicU64::new(0),
            restored: AtomicU64::new(0),
            failed: AtomicBool::new(false),
            stop,
        };
        let (sender, receiver) = mpsc::channel();
        let mut ended = 0;
        let mut failure = None;
        std::thread::scope(|scope| {
            for _ in 0..at_once.clamp(1, jobs.len().max(1)) {
                let (sender, shared) = (sender.clone(), &shared);
                scope.spawn(move || shared.work(&sender));
            }
            drop(sender);
            loop {
                let outcome = match receiver.recv_timeout(TELL) {
                    Ok(Message::Measured(line)) if results.find(&line.digest, measure).is_none() => results.add(line),
                    Ok(Message::Failed(error)) => Err(error),
                    // All that it measured is in the file by now.
                    Ok(Message::Ended(path)) => {
                        ended += 1;
                        unfinished::remove(&path)
                    }
                    Ok(Message::Measured(_)) | Err(RecvTimeoutError::Timeout) => Ok(()),
                    Err(RecvTimeoutError::Disconnected) => break,
                };
                if let Err(error) = outcome {
                    shared.failed.store(true, Ordering::Relaxed);
                    failure.get_or_insert(error);
                }
                tell(shared.progress(ended));
            }
        });
        unfinished::tidy(&folder);
        tell(shared.progress(ended));
        match failure {
            Some(error) => Err(error),
            None => Ok(ended == jobs.len()),
        }
    }
}

impl Job {
    /// Iterations in it.
    pub fn iterations(&self) -> u64 {
        self.config.epochs
    }

    /// Whether all its measurements are there.
    pub fn is_done(&self, protocol: &Protocol, results: &Results) -> bool {
        self.marks.iter().all(|mark| results.find(&mark.digest, &protocol.measure).is_some())
    }

    pub(super) fn method(&self) -> &'static Method {
        self.method
    }

    pub(super) fn marks(&self) -> &[Mark] {
        &self.marks
    }

    /// The digest of what its last measurement follows from.
    pub(super) fn digest(&self) -> &str {
        self.marks.last().map_or("", |mark| &mark.digest)
    }

    /// What to say when the arithmetic failed.
    pub(super) fn failed(&self, source: EngineError) -> ProtocolError {
        ProtocolError::Engine { method: self.method.name, seed: self.seed, source }
    }

    /// Its config.
    pub fn config(&self) -> &RunConfig {
        &self.config
    }
}

impl<'a> Todo<'a> {
    fn new(job: &'a Job, measure: &Measure, results: &Results) -> Self {
        let measured = job.marks.iter().filter(|mark| results.find(&mark.digest, measure).is_some());
        Self { job, measured: measured.map(|mark| mark.published).collect() }
    }
}

impl Shared<'_> {
    fn is_over(&self) -> bool {
        self.failed.load(Ordering::Relaxed) || (self.stop)()
    }

    fn progress(&self, ended: usize) -> Progress {
        let [iterations, restored] = [&self.iterations, &self.restored].map(|count| count.load(Ordering::Relaxed));
        Progress { iterations, restored, ended }
    }

    /// Takes one training after another.
    fn work(&self, to: &Sender<Message>) {
        while !self.is_over() {
            let Some(todo) = self.jobs.get(self.next.fetch_add(1, Ordering::Relaxed)) else { return };
            let path = unfinished::path(self.folder, todo.job);
            let message = match self.train(todo, &path, to) {
                Ok(true) => Message::Ended(path),
                Ok(false) => return,
                Err(error) => Message::Failed(error),
            };
            // Whoever listens does so to the end.
            let _ = to.send(message);
        }
    }

    /// Whether the training came to its end.
    fn train(&self, todo: &Todo<'_>, path: &Path, to: &Sender<Message>) -> Result<bool, ProtocolError> {
        let job = todo.job;
        let failed = |source| job.failed(source);
        let mut training = Training::new(self.plan.protocol, &job.config).map_err(failed)?;
        let is_measured = |mark: &Mark| todo.measured.contains(&mark.published);
        if unfinished::restore(path, job, is_measured, &mut training)? {
            self.restored.fetch_add(training.at().done, Ordering::Relaxed);
        }
        let mut saved = Instant::now();
        for mark in &job.marks {
            if mark.iterations <= training.at().done && is_measured(mark) {
                continue;
            }
            while training.at().done < mark.iterations {
                let is_over = self.is_over();
                if is_over || saved.elapsed() >= SAVE {
                    unfinished::save(path, job, &mut training)?;
                    saved = Instant::now();
                }
                if is_over {
                    return Ok(false);
                }
                training.step().map_err(failed)?;
                self.iterations.fetch_add(1, Ordering::Relaxed);
            }
            let _ = to.send(Message::Measured(self.measure(job, mark, &mut training)?));
        }
        Ok(true)
    }

    /// Measures a training at a mark, and draws it.
    fn measure(&self, job: &Job, mark: &Mark, training: &mut Training<'_>) -> Result<Line, ProtocolError> {
        let failed = |source| job.failed(source);
        let generated = training.generate().map_err(failed)?;
        let field = training.field(&generated).map_err(failed)?;
        // Before the line, so that what is measured has a picture.
        self.keep_picture(job, mark, &generated, field)?;
        Ok(Line {
            method: job.method.name.to_owned(),
            seed: job.seed,
            mark: mark.published,
            iterations: mark.iterations,
            scores: training.measure(&generated),
            diverged: training.at().diverged,
            digest: mark.digest.clone(),
        })
    }

    fn keep_picture(
        &self,
        job: &Job,
        mark: &Mark,
        generated: &[Point],
        field: Option<Field>,
    ) -> Result<(), ProtocolError> {
        let name = sheet::name(job, mark);
        let path = self.folder.join(&name);
        let words = (job.method.title, job.seed);
        let picture = picture::of_training(self.plan.protocol, words, generated, field).map_err(sheet::wrong(&path))?;
        let bytes = media::encode_png(&picture).map_err(sheet::wrong(&path))?;
        self.pictures.lock().unwrap_or_else(PoisonError::into_inner).write(&name, &bytes)?;
        Ok(())
    }
}
