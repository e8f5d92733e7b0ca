//! One writer at a time: a lock that the system lets go when its process ends, however it ends.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fs_err as fs;

use super::{LOCK, RunError};

/// How often the lock is tried again, and after how long.
const PATIENCE: u32 = 5;
const PAUSE: Duration = Duration::from_millis(10);

/// The lock of a run directory, held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    // Only held: dropping it lets the lock go.
    _file: File,
    path: PathBuf,
}

impl Lock {
    /// Takes the lock of the directory `folder`, which exists, or says who has it.
    pub(super) fn take(folder: &Path) -> Result<Self, RunError> {
        let path = folder.join(LOCK);
        let mut refusals = 0;
        loop {
            let file = fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
            let (mut file, _) = file.into_parts();
            match file.try_lock() {
                Ok(()) => {}
                // Someone who asks whether the lock is held holds it for a moment.
                Err(TryLockError::WouldBlock) if refusals < PATIENCE => {
                    refusals += 1;
                    std::thread::sleep(PAUSE);
                    continue;
                }
                Err(TryLockError::WouldBlock) => return Err(held(folder, &mut file)),
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
            // The holder before may have removed the file between our opening and locking it.
            if is_still_there(&file, &path) {
                file.set_len(0)?;
                file.rewind()?;
                write!(file, "{}", std::process::id())?;
                return Ok(Self { _file: file, path });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A lock file that stays is taken over by the next process, so a failure here harms nobody.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether a process holds the lock of `folder`. A shared lock asks, lest two who ask think each other the holder.
pub(super) fn is_held(folder: &Path) -> bool {
    let Ok(file) = fs::File::open(folder.join(LOCK)) else { return false };
    matches!(file.into_parts().0.try_lock_shared(), Err(TryLockError::WouldBlock))
}

fn held(folder: &Path, file: &mut File) -> RunError {
    let mut pid = String::new();
    let known = file.read_to_string(&mut pid).is_ok() && !pid.trim().is_empty();
    let pid = if known { pid.trim().to_owned() } else { "unknown".to_owned() };
    RunError::Locked { path: folder.to_owned(), pid }
}

#[cfg(unix)]
fn is_still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still_there(_: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_refused_with_the_firsts_pid_until_the_first_lets_go() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path()).unwrap();
        let message = Lock::take(dir.path()).unwrap_err().to_string();
        assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
        assert!(is_held(dir.path()));
        drop(first);
        assert!(!is_held(dir.path()));
        let again = Lock::take(dir.path()).unwrap();
        drop(again);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_lock_file_left_by_a_killed_process_is_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(LOCK), "99999999 and a longer text than a pid").unwrap();
        let _lock = Lock::take(dir.path()).unwrap();
        let text = fs::read_to_string(dir.path().join(LOCK)).unwrap();
        assert_eq!(text, std::process::id().to_string());
    }
}
