//! How files are written: whole, or not at all.
//!
//! A file appears under its name only when all of it is there and on the disk, so that a reader, a killed process or a
//! power cut never leaves or meets half of one. (A run's growing files are the exception; `run` appends whole records to them.)

use std::io::{self, Write as _};
use std::path::Path;

use fs_err as fs;

/// How the temporary files begin that a write goes through; leftovers of a killed process carry it too.
const PART: &str = ".gan-lab-part-";

/// Writes `bytes` to `path`: beside it first, synced, then renamed over it. Missing folders are made.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)?;
    let mut part = part_in(folder).map_err(|error| with_path(&error, "cannot write in", folder))?;
    part.write_all(bytes).map_err(|error| with_path(&error, "cannot write", path))?;
    part.as_file().sync_all().map_err(|error| with_path(&error, "cannot sync", path))?;
    part.persist(path).map_err(|error| with_path(&error.error, "cannot write", path))?;
    // The rename is in the folder's own data.
    fs::File::open(folder)?.sync_all()
}

/// Whether a file of this name is an unfinished write.
pub fn is_part(name: &str) -> bool {
    name.starts_with(PART)
}

/// Removes what a killed process may have left of unfinished writes in `folder`.
pub fn remove_parts(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if is_part(&entry.file_name().to_string_lossy()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Whether files can be written in `folder`, which is made if need be.
pub fn check_writable(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    part_in(folder).map(drop).map_err(|error| with_path(&error, "cannot write in", folder))
}

fn part_in(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PART);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // What any other new file gets; the user's umask takes its share.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

fn with_path(error: &io::Error, what: &str, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{what} {}: {error}", path.display()))
}

/// As [`write`], with what `fill` writes, which need not be in memory as a whole.
pub fn write_with(path: &Path, fill: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut builder = tempfile::Builder::new();
    builder.prefix(PART);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut part = builder.tempfile_in(folder).map_err(|error| with_path(&error, "cannot write in", folder))?;
    let mut buffer = io::BufWriter::new(&mut part);
    let filled = fill(&mut buffer).and_then(|()| buffer.flush());
    // What is left in it after an error is not wanted.
    drop(buffer.into_parts());
    filled.map_err(|error| with_path(&error, "cannot write", path))?;
    part.as_file().sync_all().map_err(|error| with_path(&error, "cannot sync", path))?;
    part.persist(path).map_err(|error| with_path(&error.error, "cannot write", path))?;
    fs::File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_replaces_the_file_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/er/file.txt");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn a_write_that_cannot_succeed_keeps_the_old_file_and_names_the_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("taken");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("inside"), b"kept").unwrap();
        let error = write(&path, b"new").unwrap_err();
        assert!(error.to_string().contains("taken"), "{error}");
        assert_eq!(fs::read(path.join("inside")).unwrap(), b"kept");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "a part was left");
    }

    #[test]
    fn a_long_file_is_written_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("new/long.txt");
        write_with(&path, |file| (0..10_000).try_for_each(|i| writeln!(file, "{i}"))).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 10_000);
        let broken = write_with(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("no more"))
        });
        let message = broken.unwrap_err().to_string();
        assert!(message.contains("long.txt") && message.contains("no more"), "{message}");
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 10_000);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "a part was left");
    }

    #[test]
    fn leftovers_of_a_killed_write_can_be_removed() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".gan-lab-part-abc"), b"half").unwrap();
        fs::write(dir.path().join("config.json"), b"{}").unwrap();
        remove_parts(dir.path()).unwrap();
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, ["config.json"]);
    }
}
