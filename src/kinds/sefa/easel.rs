//! One thread that draws what readers of a live page ask for.
//!
//! Readers move sliders faster than a large model draws. Each state of a reader's page has a number, its turn; what is still to
//! be drawn of an earlier turn is dropped. Within a turn the main picture comes before the others.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use super::{Directions, SefaError, Studio, Wanted};
use crate::config::SefaConfig;
use crate::media::encode_png;

/// Bytes of pictures that are kept for those who ask again.
const MOST_BYTES: usize = 64 << 20;
/// Readers whose turns are known.
const MOST_READERS: usize = 64;

/// A picture that a reader asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Who asks: a word of the page's own.
    pub reader: String,
    /// Which state of that page it belongs to.
    pub turn: u64,
    /// Its place on the page; smaller ones are drawn first.
    pub place: usize,
    /// Whether what there is after a part of the work is wanted.
    pub coarse: bool,
    /// The picture.
    pub wanted: Wanted,
}

/// What a reader gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drawn {
    /// A PNG file's bytes.
    Picture(Arc<Vec<u8>>),
    /// The reader has moved on since; nothing was drawn.
    Outdated,
    /// The model has no coarse picture.
    NoneCoarse,
}

/// A studio with its thread; both go with this value.
pub struct Easel {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    desk: Mutex<Desk>,
    changed: Condvar,
}

/// Directions, or why there are none.
type Found = Result<Arc<Directions>, String>;

#[derive(Default)]
struct Desk {
    pictures: Vec<(Order, Sender<Result<Drawn, String>>)>,
    directions: VecDeque<(SefaConfig, Sender<Found>)>,
    /// The newest turn of each reader, the reader who asked last at the end.
    turns: Vec<(String, u64)>,
    closed: bool,
}

/// What the thread does next.
enum Task {
    Picture(Order, Sender<Result<Drawn, String>>),
    Directions(SefaConfig, Sender<Result<Arc<Directions>, String>>),
}

impl Easel {
    /// Gives the studio a thread.
    pub fn new(studio: Studio) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let at_work = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("sefa-easel".to_owned()).spawn(move || at_work.work(studio))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Draws, and waits until it is drawn or a later turn of the same reader comes.
    ///
    /// # Errors
    /// In words, what does not fit the model or went wrong.
    pub fn draw(&self, order: Order) -> Result<Drawn, String> {
        let (to, drawn) = mpsc::channel();
        let mut desk = self.shared.desk();
        if !desk.is_newest(&order.reader, order.turn) {
            return Ok(Drawn::Outdated);
        }
        desk.drop_outdated();
        desk.pictures.push((order, to));
        drop(desk);
        self.shared.changed.notify_all();
        drawn.recv().map_err(|_| GONE.to_owned())?
    }

    /// The directions of the layers that a config names.
    ///
    /// # Errors
    /// In words, as [`Self::draw`].
    pub fn directions(&self, config: SefaConfig) -> Result<Arc<Directions>, String> {
        let (to, found) = mpsc::channel();
        self.shared.desk().directions.push_back((config, to));
        self.shared.changed.notify_all();
        found.recv().map_err(|_| GONE.to_owned())?
    }
}

/// What a reader hears who asks while the program ends.
const GONE: &str = "gan-lab sefa explore has ended; start it again";

impl Drop for Easel {
    fn drop(&mut self) {
        self.shared.desk().closed = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A thread that failed said so.
            let _ = thread.join();
        }
    }
}

impl Desk {
    /// Takes note of a reader's turn; false where a later one is known.
    fn is_newest(&mut self, reader: &str, turn: u64) -> bool {
        let known = self.turns.iter().position(|(name, _)| name == reader).map(|at| self.turns.remove(at));
        let newest = known.as_ref().map_or(turn, |(_, known)| turn.max(*known));
        self.turns.push((reader.to_owned(), newest));
        if self.turns.len() > MOST_READERS {
            self.turns.remove(0);
        }
        newest == turn
    }

    fn drop_outdated(&mut self) {
        let turns = &self.turns;
        self.pictures.retain(|(order, to)| {
            let is_due = turns.iter().all(|(name, turn)| *name != order.reader || *turn == order.turn);
            if !is_due {
                // A reader who went away needs no answer.
                let _ = to.send(Ok(Drawn::Outdated));
            }
            is_due
        });
    }

    /// Directions first, which the pictures wait for; then the first of the smallest place.
    fn next(&mut self) -> Option<Task> {
        if let Some((config, to)) = self.directions.pop_front() {
            return Some(Task::Directions(config, to));
        }
        let first = self.pictures.iter().enumerate().min_by_key(|(_, (order, _))| order.place)?.0;
        let (order, to) = self.pictures.remove(first);
        Some(Task::Picture(order, to))
    }
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, mut studio: Studio) {
        let mut done = Done::default();
        loop {
            let mut desk = self.desk();
            let task = loop {
                if desk.closed {
                    desk.pictures.clear();
                    desk.directions.clear();
                    return;
                }
                match desk.next() {
                    Some(task) => break task,
                    None => desk = self.changed.wait(desk).unwrap_or_else(PoisonError::into_inner),
                }
            };
            drop(desk);
            // Whoever went away needs no answer.
            match task {
                Task::Picture(order, to) => {
                    drop(to.send(done.draw(&mut studio, &order).map_err(|error| words(&error))));
                }
                Task::Directions(config, to) => {
                    drop(to.send(studio.directions(&config).map_err(|error| words(&error))));
                }
            }
        }
    }
}

/// An error with its causes.
fn words(error: &SefaError) -> String {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    std::iter::once(error.to_string()).chain(causes.map(ToString::to_string)).collect::<Vec<_>>().join(": ")
}

/// Pictures that were drawn, the latest at the end.
#[derive(Default)]
struct Done(Vec<(Wanted, Arc<Vec<u8>>)>);

impl Done {
    fn draw(&mut self, studio: &mut Studio, order: &Order) -> Result<Drawn, SefaError> {
        if let Some(at) = self.0.iter().position(|(wanted, _)| *wanted == order.wanted) {
            let known = self.0.remove(at);
            let bytes = Arc::clone(&known.1);
            self.0.push(known);
            return Ok(Drawn::Picture(bytes));
        }
        if order.coarse {
            return Ok(match studio.coarse(&order.wanted)? {
                Some(picture) => Drawn::Picture(Arc::new(encode_png(&picture)?)),
                None => Drawn::NoneCoarse,
            });
        }
        let bytes = Arc::new(encode_png(&studio.picture(&order.wanted)?)?);
        self.0.push((order.wanted.clone(), Arc::clone(&bytes)));
        while self.0.len() > 1 && self.0.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() > MOST_BYTES {
            self.0.remove(0);
        }
        Ok(Drawn::Picture(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::sefa::Moves;

    fn order(reader: &str, turn: u64, place: usize) -> Order {
        let wanted = Wanted { config: SefaConfig::default(), number: place as u64, moves: Moves::default() };
        Order { reader: reader.to_owned(), turn, place, coarse: false, wanted }
    }

    #[test]
    fn what_is_outdated_is_dropped_and_the_main_picture_comes_first() {
        let mut desk = Desk::default();
        let mut answers = Vec::new();
        for (reader, turn, place) in [("a", 1, 0), ("a", 1, 2), ("b", 7, 1), ("a", 2, 2), ("a", 2, 0)] {
            assert!(desk.is_newest(reader, turn));
            desk.drop_outdated();
            let (to, answer) = mpsc::channel();
            desk.pictures.push((order(reader, turn, place), to));
            answers.push(answer);
        }
        assert!(!desk.is_newest("a", 1), "it has moved on");
        let told: Vec<bool> = answers.iter().map(|answer| answer.try_recv() == Ok(Ok(Drawn::Outdated))).collect();
        assert_eq!(told, [true, true, false, false, false]);
        let mut left = std::iter::from_fn(|| desk.next()).map(|task| match task {
            Task::Picture(order, _) => (order.reader, order.turn, order.place),
            Task::Directions(..) => panic!("nobody asked for directions"),
        });
        assert_eq!(left.next().unwrap(), ("a".to_owned(), 2, 0));
        assert_eq!(left.next().unwrap(), ("b".to_owned(), 7, 1));
        assert_eq!(left.next().unwrap(), ("a".to_owned(), 2, 2));
        assert!(left.next().is_none());
    }

    #[test]
    fn many_readers_are_forgotten_the_oldest_first() {
        let mut desk = Desk::default();
        for reader in 0..MOST_READERS + 3 {
            assert!(desk.is_newest(&reader.to_string(), 5));
        }
        assert_eq!(desk.turns.len(), MOST_READERS);
        assert!(desk.is_newest("0", 1), "its turn was forgotten");
        assert!(!desk.is_newest("50", 1));
    }
}
