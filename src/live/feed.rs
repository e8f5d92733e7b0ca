//! What is new of a run, and its page for those who ask.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// News are not told more often than this.
const LEAST: Duration = Duration::from_millis(800);
/// Making the page takes no more than this part of the time, while there is a run to be held up by it.
const SHARE: u32 = 60;
/// The files are looked at this often.
const LOOK: Duration = Duration::from_millis(250);

/// A run, or several, as a page shows them.
pub trait Source: Send + Sync {
    /// A number that is another one when there is something new. It is asked often.
    fn stamp(&self) -> u64;

    /// How far it is, in words.
    fn words(&self) -> String;

    /// The whole page, or in words why there is none.
    fn page(&self) -> Result<Vec<u8>, String>;
}

/// What a reader is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// There is a page of this number.
    Page(u64),
    /// Nothing for a while.
    Nothing,
    /// This is the last; the server goes.
    End(u64),
}

/// A source, and how far its readers are.
pub struct Feed {
    source: Box<dyn Source>,
    told: Mutex<Told>,
    changed: Condvar,
    made: Mutex<Option<Made>>,
}

#[derive(Debug, Default)]
struct Told {
    /// Counts the news.
    number: u64,
    stamp: u64,
    at: Option<Instant>,
    /// How long the page took last.
    took: Duration,
    ended: bool,
    /// Readers who listen.
    listening: usize,
    /// Those of them who have not asked for the last page yet.
    owed: usize,
    /// Answers that are under way.
    answers: usize,
}

struct Made {
    number: u64,
    bytes: Arc<Vec<u8>>,
}

impl Feed {
    /// A feed of a source.
    pub fn new(source: Box<dyn Source>) -> Self {
        let told = Told { number: 1, stamp: source.stamp(), ..Told::default() };
        Self { source, told: Mutex::new(told), changed: Condvar::new(), made: Mutex::new(None) }
    }

    /// How far the source is, in words.
    pub fn words(&self) -> String {
        self.source.words()
    }

    /// The newest page, made once for all who ask, and its number.
    pub fn page(&self) -> (u64, Result<Arc<Vec<u8>>, String>) {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.told().number;
        if let Some(Made { bytes, .. }) = made.as_ref().filter(|made| made.number == number) {
            return (number, Ok(Arc::clone(bytes)));
        }
        let begun = Instant::now();
        let page = self.source.page().map(Arc::new);
        self.told().took = begun.elapsed();
        *made = page.as_ref().ok().map(|bytes| Made { number, bytes: Arc::clone(bytes) });
        (number, page)
    }

    /// Looks whether there is something new, until the feed ends. A run that waits is not held up by a page, and is shown as it is.
    pub fn watch(&self, waits: &dyn Fn() -> bool) {
        loop {
            let mut told = self.told();
            if told.ended {
                return;
            }
            let pause = if waits() { LEAST } else { LEAST.max(told.took * SHARE) };
            let due = told.at.is_none_or(|at| at.elapsed() >= pause);
            let listened = told.listening > 0;
            if due && listened {
                drop(told);
                // Files are looked at without holding up those who ask.
                let stamp = self.source.stamp();
                told = self.told();
                if stamp != told.stamp {
                    (told.stamp, told.at) = (stamp, Some(Instant::now()));
                    told.number += 1;
                    self.changed.notify_all();
                }
            }
            let (told, _) = self.changed.wait_timeout(told, LOOK).unwrap_or_else(PoisonError::into_inner);
            drop(told);
        }
    }

    /// Waits for news after those of a number, but no longer than `most`.
    pub fn news_after(&self, number: u64, most: Duration) -> News {
        let until = Instant::now() + most;
        let mut told = self.told();
        loop {
            if told.ended {
                return News::End(told.number);
            }
            if told.number != number {
                return News::Page(told.number);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return News::Nothing;
            }
            told = self.changed.wait_timeout(told, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The source says no more; readers are told, and may still ask for the last page.
    pub fn end(&self) {
        let mut told = self.told();
        if !told.ended {
            told.ended = true;
            told.number += 1;
            told.owed = told.listening;
        }
        drop(told);
        self.changed.notify_all();
    }

    /// Somebody asks for the page: until [`Self::answered`] the server stays.
    pub(super) fn answers(&self) {
        self.told().answers += 1;
    }

    /// The answer with the page of this number is written.
    pub(super) fn answered(&self, number: u64) {
        let mut told = self.told();
        told.answers = told.answers.saturating_sub(1);
        // One that was asked for before the end is not the last.
        if told.ended && number == told.number {
            told.owed = told.owed.saturating_sub(1);
        }
        drop(told);
        self.changed.notify_all();
    }

    /// One more reader listens, if there are not too many.
    pub(super) fn enter(&self, most: usize) -> bool {
        let mut told = self.told();
        let fits = told.listening < most;
        told.listening += usize::from(fits);
        fits
    }

    /// One fewer does.
    pub(super) fn leave(&self) {
        let mut told = self.told();
        told.listening = told.listening.saturating_sub(1);
        drop(told);
        self.changed.notify_all();
    }

    /// Waits until all who listened at the end were told of it and have the last page, but no longer than `most`; whether they
    /// have.
    pub(super) fn await_readers(&self, most: Duration) -> bool {
        let until = Instant::now() + most;
        let mut told = self.told();
        while told.listening > 0 || told.owed > 0 || told.answers > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            told = self.changed.wait_timeout(told, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    struct Counting {
        stamp: Arc<AtomicU64>,
        made: Arc<AtomicU64>,
    }

    impl Source for Counting {
        fn stamp(&self) -> u64 {
            self.stamp.load(Ordering::SeqCst)
        }

        fn words(&self) -> String {
            "epoch 1".to_owned()
        }

        fn page(&self) -> Result<Vec<u8>, String> {
            Ok(vec![self.made.fetch_add(1, Ordering::SeqCst) as u8])
        }
    }

    #[test]
    fn a_page_is_made_once_for_all_who_ask_and_anew_when_there_is_news() {
        let (stamp, made) = (Arc::new(AtomicU64::new(7)), Arc::new(AtomicU64::new(0)));
        let feed = Feed::new(Box::new(Counting { stamp: Arc::clone(&stamp), made: Arc::clone(&made) }));
        let page = |number: u64, byte: u8| (number, Ok(Arc::new(vec![byte])));
        assert_eq!((feed.page(), feed.page()), (page(1, 0), page(1, 0)));
        assert_eq!(made.load(Ordering::SeqCst), 1);
        assert!(feed.enter(1) && !feed.enter(1), "there is room for one");
        std::thread::scope(|scope| {
            scope.spawn(|| feed.watch(&|| false));
            stamp.store(8, Ordering::SeqCst);
            let number = match feed.news_after(1, Duration::from_mins(1)) {
                News::Page(number) => number,
                other => panic!("{other:?}"),
            };
            assert_eq!(feed.page(), page(number, 1));
            feed.end();
            assert_eq!(feed.news_after(number, Duration::from_mins(1)), News::End(number + 1));
        });
        feed.leave();
        feed.answers();
        assert_eq!(feed.page(), page(3, 2), "the last page is that of the end");
        feed.answered(3);
        assert!(feed.await_readers(Duration::from_mins(1)));
    }

    #[test]
    fn the_server_stays_until_all_are_told_of_the_end_and_have_the_last_page() {
        let feed = Feed::new(Box::new(Counting { stamp: Arc::default(), made: Arc::default() }));
        assert!(feed.enter(1));
        feed.answers();
        let (number, _) = feed.page();
        feed.end();
        feed.answered(number);
        let is_done = || feed.await_readers(Duration::ZERO);
        assert!(!is_done(), "that page was asked for before the end");
        feed.answers();
        let (number, _) = feed.page();
        feed.answered(number);
        assert!(!is_done(), "the end is not told yet");
        feed.leave();
        assert!(is_done());
    }

    #[test]
    fn a_run_that_waits_is_shown_as_it_is_however_long_its_page_takes() {
        let stamp = Arc::new(AtomicU64::new(7));
        let feed = Feed::new(Box::new(Counting { stamp: Arc::clone(&stamp), made: Arc::default() }));
        *feed.told() =
            Told { took: Duration::from_hours(1), at: Some(Instant::now()), number: 1, stamp: 7, ..Told::default() };
        assert!(feed.enter(1));
        std::thread::scope(|scope| {
            scope.spawn(|| feed.watch(&|| true));
            stamp.store(8, Ordering::SeqCst);
            let news = feed.news_after(1, Duration::from_mins(1));
            feed.end();
            assert_eq!(news, News::Page(2));
        });
    }
}
