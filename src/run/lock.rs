//! One writer at a time: a lock that the system lets go when its process ends, however it ends.
//!
//! A file that has the lock's name but was not left by a lock is never opened for writing, let alone emptied.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use fs_err as fs;

use super::{LOCK, RunError};
use crate::files;

/// How often the lock is tried again, and after how long.
const PATIENCE: u32 = 5;
const PAUSE: Duration = Duration::from_millis(10);
/// No pid has more digits.
const LONGEST: u64 = 20;

/// The lock of a run directory, held until it is dropped.
#[derive(Debug)]
pub(super) struct Lock {
    // Only held: dropping it lets the lock go. None on a file system that nobody can write.
    file: Option<File>,
    path: PathBuf,
    /// Whether the file system has locks at all.
    pub(super) works: bool,
}

impl Lock {
    /// Takes the lock of the directory `folder`, which exists, or says who has it. On a file system without locks there
    /// is nothing to take; [`Self::works`] says so. On one that is read-only nothing needs a lock: a finished run can be
    /// looked at, and whatever has to be written fails.
    pub(super) fn take(folder: &Path) -> Result<Self, RunError> {
        let path = folder.join(LOCK);
        let named = |error: io::Error| io::Error::new(error.kind(), format!("cannot lock {}: {error}", path.display()));
        let mut refusals = 0;
        loop {
            check(&path)?;
            let mut file = match open(&path) {
                Err(RunError::Io(error)) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {
                    return Ok(Self { file: None, path, works: true });
                }
                other => other?,
            };
            let works = match file.try_lock() {
                Ok(()) => true,
                // Someone who asks whether the lock is held holds it for a moment.
                Err(TryLockError::WouldBlock) if refusals < PATIENCE => {
                    refusals += 1;
                    std::thread::sleep(PAUSE);
                    continue;
                }
                Err(TryLockError::WouldBlock) => return Err(held(folder, &mut file)),
                Err(TryLockError::Error(error)) if is_unsupported(&error) => false,
                Err(TryLockError::Error(error)) => return Err(named(error).into()),
            };
            // The holder before may have removed the file between our opening and locking it.
            if is_still_there(&file, &path) {
                let mut write = || {
                    file.set_len(0)?;
                    file.rewind()?;
                    write!(file, "{}", std::process::id())
                };
                write().map_err(named)?;
                return Ok(Self { file: Some(file), path, works });
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A lock file that stays is taken over by the next process, so a failure here harms nobody.
        if self.file.is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Whether a process holds the lock of `folder`. A shared lock asks, lest two who ask think each other the holder.
pub(super) fn is_held(folder: &Path) -> bool {
    let Ok(file) = fs::File::open(folder.join(LOCK)) else { return false };
    matches!(file.into_parts().0.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// Refuses a file that no lock left: one that is a link, a folder or a device, or that holds more than a pid.
pub(super) fn check(path: &Path) -> Result<(), RunError> {
    let refuse = |reason: &str| Err(RunError::NotALock { path: path.to_owned(), reason: reason.to_owned() });
    let Ok(metadata) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !metadata.is_file() {
        return refuse("it is a link, a folder or a device");
    }
    if metadata.len() > LONGEST {
        return refuse("it holds more than a process's number");
    }
    match fs::read(path) {
        Ok(text) if text.iter().all(u8::is_ascii_digit) => Ok(()),
        Ok(_) => refuse("it does not hold a process's number"),
        // The holder may have removed it a moment ago.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn open(path: &Path) -> Result<File, RunError> {
    let mut options = fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    files::no_links(&mut options);
    Ok(options.open(path)?.into_parts().0)
}

#[cfg(unix)]
fn is_unsupported(error: &io::Error) -> bool {
    error.raw_os_error().is_some_and(|code| [libc::ENOSYS, libc::ENOLCK, libc::EOPNOTSUPP].contains(&code))
}

#[cfg(not(unix))]
fn is_unsupported(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported
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
        fs::write(dir.path().join(LOCK), "99999999").unwrap();
        let _lock = Lock::take(dir.path()).unwrap();
        let text = fs::read_to_string(dir.path().join(LOCK)).unwrap();
        assert_eq!(text, std::process::id().to_string());
    }

    #[test]
    fn a_file_of_the_locks_name_is_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(LOCK);
        fs::write(&path, "mine").unwrap();
        assert!(Lock::take(dir.path()).unwrap_err().to_string().contains("not a lock"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        #[cfg(unix)]
        {
            let kept = dir.path().join("only-copy");
            fs::write(&kept, "").unwrap();
            fs::remove_file(&path).unwrap();
            std::os::unix::fs::symlink(&kept, &path).unwrap();
            assert!(Lock::take(dir.path()).unwrap_err().to_string().contains("link"));
            assert_eq!(fs::read_to_string(&kept).unwrap(), "");
        }
    }
}
