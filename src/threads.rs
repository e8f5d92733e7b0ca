//! The same done with many things, side by side.

use std::panic::resume_unwind;
use std::thread;

/// How many processors there are for this program; 1 where nobody can tell.
pub(crate) fn available() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// What `each` makes of all items, in their order, whatever the number of threads. Each thread takes as many neighbours; a
/// panic in one of them goes on in the caller.
pub(crate) fn map<T: Sync, R: Send>(threads: usize, items: &[T], each: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let share = items.len().div_ceil(threads.max(1)).max(1);
    if items.len() <= share {
        return items.iter().map(each).collect();
    }
    let each = &each;
    thread::scope(|scope| {
        let parts = items.chunks(share).map(|some| scope.spawn(move || some.iter().map(each).collect::<Vec<R>>()));
        let workers: Vec<_> = parts.collect();
        let joined = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)));
        joined.flatten().collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_keep_their_order_on_any_number_of_threads() {
        for count in [0, 1, 2, 7, 100] {
            let items: Vec<u64> = (0..count).collect();
            let squares: Vec<u64> = items.iter().map(|i| i * i).collect();
            for threads in [0, 1, 2, 3, 8, 200] {
                assert_eq!(map(threads, &items, |i| i * i), squares, "{count} items on {threads} threads");
            }
        }
    }

    #[test]
    fn a_panic_reaches_the_caller() {
        for threads in [1, 2] {
            let caught = std::panic::catch_unwind(|| map(threads, &[1, 2, 3, 4], |i| assert_ne!(*i, 3)));
            assert!(caught.is_err(), "{threads} threads");
        }
    }
}
