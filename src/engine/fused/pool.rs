//! Threads that work through a program's phases together.
//!
//! A job is a list of phases, a phase some kinds of tasks. A thread takes tasks until a phase has none left, its own
//! share of each kind first, so that the same thread finds the same data in its cache; then it waits until the last task is
//! done. It does not wait for the other threads: one that the system has no time for leaves its tasks to them, and walks
//! through what it missed when it comes back. Who does a task changes nothing in what it gives. Waiting is spinning for some tens of microseconds, which is longer
//! than a phase's rest takes, and sleeping after that, so that other programs get on.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a thread spins before it sleeps.
const SPIN: Duration = Duration::from_micros(60);

/// Work that several threads can share.
pub(super) trait Crew: Send + Sync + 'static {
    /// What there is to do, small.
    type Job: Copy + Send + 'static;

    /// The number of phases.
    fn phases(&self, job: Self::Job) -> usize;

    /// The number of kinds of tasks in a phase.
    fn kinds(&self, job: Self::Job, phase: usize) -> usize;

    /// The number of tasks of a kind; all kinds of a phase have [`Crew::most_tasks`] at most.
    fn tasks(&self, job: Self::Job, phase: usize, kind: usize) -> usize;

    /// More tasks than any phase has.
    fn most_tasks(&self) -> usize;

    /// Does one task on one of the threads. Tasks of a phase run in any order and at once; all of the phase before are
    /// done.
    fn run(&self, thread: usize, job: Self::Job, phase: usize, kind: usize, task: usize);
}

/// A number that goes up, and those who wait for it.
#[derive(Debug)]
struct Gate {
    passed: AtomicU64,
    sleepers: AtomicUsize,
    lock: Mutex<()>,
    bell: Condvar,
    spin: Duration,
}

impl Gate {
    fn new(spin: Duration) -> Self {
        Self {
            passed: AtomicU64::new(0),
            sleepers: AtomicUsize::new(0),
            lock: Mutex::new(()),
            bell: Condvar::new(),
            spin,
        }
    }

    fn open(&self) {
        self.passed.fetch_add(1, Ordering::SeqCst);
        if self.sleepers.load(Ordering::SeqCst) > 0 {
            drop(lock(&self.lock));
            self.bell.notify_all();
        }
    }

    /// Waits until the gate was opened more than `seen` times.
    fn wait_past(&self, seen: u64) {
        let start = Instant::now();
        loop {
            for _ in 0..32 {
                if self.passed.load(Ordering::Acquire) > seen {
                    return;
                }
                std::hint::spin_loop();
            }
            if start.elapsed() > self.spin {
                return self.sleep_past(seen);
            }
        }
    }

    fn sleep_past(&self, seen: u64) {
        // Whoever opens the gate sees this count, or this thread sees the gate open.
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        let mut guard = lock(&self.lock);
        while self.passed.load(Ordering::SeqCst) <= seen {
            guard = self.bell.wait(guard).unwrap_or_else(PoisonError::into_inner);
        }
        self.sleepers.fetch_sub(1, Ordering::SeqCst);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A job, and the phases and tasks that there were before it.
#[derive(Clone, Copy)]
struct Begun<J> {
    job: J,
    phases: u64,
    tasks: u64,
}

struct Shared<C: Crew> {
    crew: Arc<C>,
    threads: usize,
    job: Mutex<Option<Begun<C::Job>>>,
    start: Gate,
    /// The tasks that were done, counted over all jobs.
    done: AtomicU64,
    phase_end: Gate,
    /// For each task of a phase, the last phase in which it was taken, counted over all jobs from 1.
    taken: Vec<AtomicU64>,
    quit: AtomicBool,
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

impl<C: Crew> Shared<C> {
    /// Works through a job together with the other threads; gives the phases and the tasks that there were by then.
    fn work(&self, thread: usize, begun: Begun<C::Job>) -> [u64; 2] {
        let Begun { job, mut phases, mut tasks } = begun;
        for phase in 0..self.crew.phases(job) {
            let kinds = 0..self.crew.kinds(job, phase);
            let here: usize = kinds.map(|kind| self.crew.tasks(job, phase, kind)).sum();
            if here > 0 {
                phases += 1;
                tasks += here as u64;
                self.tasks(thread, (job, phase), phases, tasks);
                self.phase_end.wait_past(phases - 1);
            }
        }
        [phases, tasks]
    }

    /// Does tasks of a phase, the so many-th of all, at whose end so many tasks were done.
    fn tasks(&self, thread: usize, (job, phase): (C::Job, usize), phase_number: u64, end: u64) {
        for everything in [false, true] {
            let mut slot = 0;
            for kind in 0..self.crew.kinds(job, phase) {
                let tasks = self.crew.tasks(job, phase, kind);
                let share = |thread: usize| thread * tasks / self.threads;
                let range = if everything { 0..tasks } else { share(thread)..share(thread + 1) };
                for task in range {
                    // A thread that is late finds that all was taken, for nothing goes on before that.
                    if self.taken[slot + task].fetch_max(phase_number, Ordering::Relaxed) < phase_number {
                        self.run(thread, job, phase, kind, task);
                        // What all of them wrote is seen by whoever passes the gate.
                        if self.done.fetch_add(1, Ordering::AcqRel) + 1 == end {
                            self.phase_end.open();
                        }
                    }
                }
                slot += tasks;
            }
        }
    }

    fn run(&self, thread: usize, job: C::Job, phase: usize, kind: usize, task: usize) {
        // A thread that stopped coming would leave the others waiting for ever.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.crew.run(thread, job, phase, kind, task))) {
            lock(&self.panic).get_or_insert(panic);
        }
    }
}

/// The threads. The caller's own is one of them.
pub(super) struct Pool<C: Crew> {
    shared: Arc<Shared<C>>,
    workers: Vec<JoinHandle<()>>,
    /// The phases and the tasks that there were.
    before: [u64; 2],
}

impl<C: Crew> Pool<C> {
    pub(super) fn new(crew: Arc<C>, threads: usize) -> std::io::Result<Self> {
        let spin = if crate::threads::available() >= threads { SPIN } else { Duration::ZERO };
        let taken = (0..crew.most_tasks()).map(|_| AtomicU64::new(0)).collect();
        let shared = Arc::new(Shared {
            crew,
            threads,
            job: Mutex::new(None),
            start: Gate::new(spin),
            done: AtomicU64::new(0),
            phase_end: Gate::new(spin),
            taken,
            quit: AtomicBool::new(false),
            panic: Mutex::new(None),
        });
        let mut pool = Self { shared, workers: Vec::with_capacity(threads - 1), before: [0; 2] };
        for thread in 1..threads {
            let shared = Arc::clone(&pool.shared);
            let builder = std::thread::Builder::new().name(format!("fused-{thread}"));
            pool.workers.push(builder.spawn(move || worker(&shared, thread))?);
        }
        Ok(pool)
    }

    pub(super) fn crew(&self) -> &C {
        &self.shared.crew
    }

    /// Does a job, and returns when all of it is done.
    pub(super) fn run(&mut self, job: C::Job) {
        let [phases, tasks] = self.before;
        let begun = Begun { job, phases, tasks };
        *lock(&self.shared.job) = Some(begun);
        self.shared.start.open();
        self.before = self.shared.work(0, begun);
        if let Some(panic) = lock(&self.shared.panic).take() {
            resume_unwind(panic);
        }
    }
}

impl<C: Crew> Drop for Pool<C> {
    fn drop(&mut self) {
        self.shared.quit.store(true, Ordering::SeqCst);
        self.shared.start.open();
        for worker in self.workers.drain(..) {
            // It caught its own panics.
            let _ = worker.join();
        }
    }
}

fn worker<C: Crew>(shared: &Shared<C>, thread: usize) {
    let mut jobs = 0;
    loop {
        shared.start.wait_past(jobs);
        // It may have missed some, which the others did.
        jobs = shared.start.passed.load(Ordering::SeqCst);
        if shared.quit.load(Ordering::SeqCst) {
            return;
        }
        let begun = *lock(&shared.job);
        if let Some(begun) = begun {
            shared.work(thread, begun);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three phases, and one without tasks: each task writes its number, adds its left neighbour's of the phase before, and so on.
    struct Chain {
        cells: [Vec<AtomicU64>; 3],
    }

    impl Chain {
        fn new(tasks: usize) -> Self {
            Self { cells: std::array::from_fn(|_| (0..tasks).map(|_| AtomicU64::new(0)).collect()) }
        }
    }

    impl Crew for Chain {
        type Job = u64;

        fn phases(&self, _: u64) -> usize {
            4
        }

        /// The last task is of a kind of its own.
        fn kinds(&self, _: u64, _: usize) -> usize {
            2
        }

        fn tasks(&self, _: u64, phase: usize, kind: usize) -> usize {
            if phase == 3 {
                return 0;
            }
            if kind == 0 { self.cells[phase].len() - 1 } else { 1 }
        }

        fn most_tasks(&self) -> usize {
            self.cells[0].len()
        }

        fn run(&self, _: usize, job: u64, phase: usize, kind: usize, task: usize) {
            let n = self.cells[0].len();
            let task = if kind == 0 { task } else { n - 1 };
            assert!(job != 13 || task != 2, "unlucky");
            let before = if phase == 0 { job } else { self.cells[phase - 1][(task + 1) % n].load(Ordering::Relaxed) };
            self.cells[phase][task].store(before + task as u64, Ordering::Relaxed);
        }
    }

    #[test]
    fn every_task_runs_after_the_phase_before_it() {
        for threads in [1, 2, 3, 7] {
            let mut pool = Pool::new(Arc::new(Chain::new(5)), threads).unwrap();
            for job in 100..400 {
                pool.run(job);
                for (task, cell) in pool.crew().cells[2].iter().enumerate() {
                    let expected = job + (task + (task + 1) % 5 + (task + 2) % 5) as u64;
                    assert_eq!(cell.load(Ordering::Relaxed), expected);
                }
            }
        }
    }

    #[test]
    fn a_panic_comes_out_and_the_threads_go_on() {
        let mut pool = Pool::new(Arc::new(Chain::new(4)), 2).unwrap();
        let caught = catch_unwind(AssertUnwindSafe(|| pool.run(13)));
        assert!(caught.is_err());
        pool.run(20);
        assert_eq!(pool.crew().cells[2][0].load(Ordering::Relaxed), 20 + 1 + 2);
    }
}
