//! How files are written: whole, or not at all.
//!
//! A file appears under its name only when all of it is there and on the disk, so that a reader, a killed process or a
//! power cut never leaves or meets half of one. (A run's growing files are the exception; `run` appends whole records to them.)
//!
//! Where the file system can, an unfinished file has no name at all (`O_TMPFILE`), so that a killed process leaves none.
//! A new file is then linked under its name. A file that is replaced is linked beside it first and renamed at once, because
//! only a rename replaces atomically. Elsewhere the unfinished file lies beside the other from the start. Whatever has
//! such a name is locked by its writer: [`remove_stale_parts`] takes away those of writers that are no more.
//!
//! Only regular files are replaced. A symbolic link to a regular file, or to nothing, is replaced itself, and what it led
//! to stays as it was; a link to anything else is refused as the thing itself is.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use fs_err as fs;

/// How the temporary files begin that a write goes through; leftovers of a killed process carry it too.
const PART: &str = ".gan-lab-part-";

/// Writes `bytes` to `path`, which becomes or stays a regular file. Missing folders are made.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with(path, |file| file.write_all(bytes))
}

/// As [`write()`], with what `content` writes, which need not be in memory as a whole; it may be asked twice.
pub fn write_with(path: &Path, content: impl Fn(&mut dyn io::Write) -> io::Result<()>) -> io::Result<()> {
    let is_there = may_be_replaced(path)?;
    let folder = folder_of(path);
    fs::create_dir_all(folder)?;
    clean_once(folder);
    if !write_unnamed(path, folder, &content, is_there)? {
        write_named(path, folder, &content)?;
    }
    // The new name is in the folder's own data.
    fs::File::open(folder)?.sync_all()
}

/// A text file's text, without the mark that Windows puts before it.
pub fn read_text(path: &Path) -> io::Result<String> {
    let text = fs::read_to_string(path)?;
    Ok(text.strip_prefix('\u{feff}').map_or_else(|| text.clone(), str::to_owned))
}

/// Adds a line to a file that grows, in one write, and waits until it is on the disk. The file itself is opened, never what
/// a link of its name leads to.
pub fn append(path: &Path, line: &[u8]) -> io::Result<()> {
    let mut file = open_own(path, fs::OpenOptions::new().append(true).create(true))?;
    file.write_all(line)?;
    file.sync_data()
}

/// Has a file opened itself, never what a link of its name leads to.
pub fn no_links(options: &mut fs::OpenOptions) {
    #[cfg(unix)]
    {
        use fs_err::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits() as i32);
    }
    #[cfg(not(unix))]
    let _ = options;
}

/// Opens one of the program's own files, which is no link. Where it is one, the error says so and what to do, in place of
/// the system's words about levels of links.
pub fn open_own(path: &Path, options: &mut fs::OpenOptions) -> io::Result<fs::File> {
    no_links(options);
    options.open(path).map_err(|error| {
        let is_link = std::fs::symlink_metadata(path).is_ok_and(|there| there.is_symlink());
        if !is_link {
            return error;
        }
        let words = match path.canonicalize() {
            Ok(file) => format!("put the file itself, {}, in its place", file.display()),
            _ => "it leads nowhere; put the file itself in its place".to_owned(),
        };
        let message = format!("{} is a symbolic link, and gan-lab never writes through one: {words}", path.display());
        io::Error::new(error.kind(), message)
    })
}

/// Whether a file of this name is an unfinished write.
pub fn is_part(name: &str) -> bool {
    name.starts_with(PART)
}

/// Removes what a killed process may have left of unfinished writes in `folder`, where no other process writes.
pub fn remove_parts(folder: &Path) -> io::Result<()> {
    for path in parts_in(folder)? {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// Removes unfinished files in `folder` whose writers are no more. Others may be at work there.
pub fn remove_stale_parts(folder: &Path) -> io::Result<()> {
    for path in parts_in(folder)? {
        // What cannot be locked has a writer, or lies where nobody can tell.
        let Ok(file) = open_part(&path) else { continue };
        if file.try_lock().is_ok() && is_still_there(&file, &path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Whether files can be written in `folder`, or in the nearest folder above it that exists. Nothing is made.
pub fn can_write(folder: &Path) -> io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match fs::metadata(folder) {
        Ok(found) if found.is_dir() => allows_new_files(folder).map_err(|e| with_path(&e, "cannot write in", folder)),
        Ok(_) => Err(io::Error::new(ErrorKind::NotADirectory, format!("{} is not a folder", folder.display()))),
        Err(error) if error.kind() == ErrorKind::NotFound => can_write(folder.parent().unwrap_or(Path::new("."))),
        Err(error) => Err(error),
    }
}

/// Where a file lies.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Whether there is something at `path`; an error if it is not to be replaced.
fn may_be_replaced(path: &Path) -> io::Result<bool> {
    let there = match fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    let kind = if there.is_symlink() {
        match fs::metadata(path) {
            Ok(target) => target.file_type(),
            // A link that leads nowhere hides nothing.
            Err(_) => return Ok(true),
        }
    } else {
        there.file_type()
    };
    if kind.is_file() {
        return Ok(true);
    }
    let what = if kind.is_dir() { "a folder" } else { "no regular file" };
    let message = format!("{} is {what} and is not replaced; choose another name", path.display());
    Err(io::Error::new(ErrorKind::AlreadyExists, message))
}

/// Writes through a file without a name; false where that cannot be done here, and nothing was done.
#[cfg(target_os = "linux")]
fn write_unnamed(path: &Path, folder: &Path, content: Content<'_>, is_there: bool) -> io::Result<bool> {
    let Ok(mut file) = unnamed_in(folder) else { return Ok(false) };
    // Nobody else has it, so the lock is free; where there are no locks, a part is left alone for ever.
    let _ = file.try_lock();
    fill(&mut file, path, content)?;
    if !is_there {
        match link(&file, path) {
            Ok(()) => return Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(_) => return Ok(false),
        }
    }
    let Ok(part) = part_names().make_in(folder, |part| link(&file, part)) else { return Ok(false) };
    part.persist(path).map(|()| true).map_err(|error| with_path(&error.error, "cannot write", path))
}

#[cfg(not(target_os = "linux"))]
fn write_unnamed(_: &Path, _: &Path, _: Content<'_>, _: bool) -> io::Result<bool> {
    Ok(false)
}

#[cfg(target_os = "linux")]
fn unnamed_in(folder: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::TMPFILE.bits() as i32;
    // What any other new file gets; the user's umask takes its share.
    File::options().read(true).write(true).mode(0o666).custom_flags(flags).open(folder)
}

/// Gives an open file a name that is free.
#[cfg(target_os = "linux")]
fn link(file: &File, path: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd as _;

    use rustix::fs::{AtFlags, CWD, linkat};
    let open = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, open.as_str(), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

/// Writes through a file that lies beside the other.
fn write_named(path: &Path, folder: &Path, content: Content<'_>) -> io::Result<()> {
    let part = part_names().make_in(folder, new_part);
    let mut part = part.map_err(|error| with_path(&error, "cannot write in", folder))?;
    fill(part.as_file_mut(), path, content)?;
    part.persist(path).map(drop).map_err(|error| with_path(&error.error, "cannot write", path))
}

/// What writes a file's content.
type Content<'a> = &'a dyn Fn(&mut dyn io::Write) -> io::Result<()>;

fn fill(file: &mut File, path: &Path, content: Content<'_>) -> io::Result<()> {
    let mut buffer = io::BufWriter::new(&mut *file);
    let filled = content(&mut buffer).and_then(|()| buffer.flush());
    // What is left in it after an error is not wanted.
    drop(buffer.into_parts());
    filled.map_err(|error| with_path(&error, "cannot write", path))?;
    file.sync_all().map_err(|error| with_path(&error, "cannot sync", path))
}

fn part_names() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PART);
    builder
}

/// A new file of this name, locked. One that somebody took for a leftover before it was locked is not used.
fn new_part(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o666);
    let file = options.open(path)?;
    let locked = !matches!(file.try_lock(), Err(std::fs::TryLockError::WouldBlock));
    if locked && is_still_there(&file, path) { Ok(file) } else { Err(ErrorKind::AlreadyExists.into()) }
}

fn open_part(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.read(true).write(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32;
        std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, flags);
    }
    options.open(path)
}

/// The regular files in `folder` that are unfinished writes by their names.
fn parts_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut parts = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if is_part(&entry.file_name().to_string_lossy()) && entry.file_type()?.is_file() {
            parts.push(entry.path());
        }
    }
    Ok(parts)
}

#[cfg(unix)]
fn is_still_there(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still_there(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Removes leftovers from a folder when this process first writes there; that it fails harms nobody.
fn clean_once(folder: &Path) {
    static CLEANED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let is_new = CLEANED.lock().unwrap_or_else(PoisonError::into_inner).insert(folder.to_owned());
    if is_new {
        let _ = remove_stale_parts(folder);
    }
}

/// Tries it with a file that has no name; where that cannot be done, asks for the rights.
#[cfg(unix)]
fn allows_new_files(folder: &Path) -> io::Result<()> {
    use rustix::fs::{Access, AtFlags, CWD, accessat};
    #[cfg(target_os = "linux")]
    if unnamed_in(folder).is_ok() {
        return Ok(());
    }
    Ok(accessat(CWD, folder, Access::WRITE_OK | Access::EXEC_OK, AtFlags::EACCESS)?)
}

#[cfg(not(unix))]
fn allows_new_files(folder: &Path) -> io::Result<()> {
    part_names().tempfile_in(folder).map(drop)
}

fn with_path(error: &io::Error, what: &str, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("{what} {}: {error}", path.display()))
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

    fn names_in(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn both_ways_write_replace_and_leave_nothing_beside() {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [("a", "one"), ("a", "two"), ("b", "")] {
            let path = dir.path().join(name);
            write_named(&path, dir.path(), &|file| file.write_all(text.as_bytes())).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        #[cfg(target_os = "linux")]
        for (name, text) in [("c", "one"), ("c", "two"), ("d", "")] {
            let path = dir.path().join(name);
            let done =
                write_unnamed(&path, dir.path(), &|file| file.write_all(text.as_bytes()), path.exists()).unwrap();
            // tmpfs and every usual file system can.
            assert!(done && fs::read_to_string(&path).unwrap() == text);
            // Somebody made it in between.
            assert!(write_unnamed(&path, dir.path(), &|file| file.write_all(text.as_bytes()), false).unwrap());
        }
        assert!(names_in(dir.path()).iter().all(|name| ["a", "b", "c", "d"].contains(&name.as_str())));
    }

    #[cfg(unix)]
    #[test]
    fn a_new_file_has_the_rights_of_any_other() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let mode = |name: &str| fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        fs::File::create(dir.path().join("other")).unwrap();
        write(&dir.path().join("a"), b"").unwrap();
        write_named(&dir.path().join("b"), dir.path(), &|_| Ok(())).unwrap();
        assert_eq!((mode("a"), mode("b")), (mode("other"), mode("other")));
    }

    #[cfg(unix)]
    #[test]
    fn only_regular_files_are_replaced_also_behind_links() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::create_dir(at("folder")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        symlink("/dev/null", at("device")).unwrap();
        symlink("folder", at("to-folder")).unwrap();
        let before = names_in(dir.path());
        for name in ["folder", "socket", "device", "to-folder"] {
            let error = write(&at(name), b"new").unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("not replaced"), "{error}");
        }
        assert!(write(Path::new("/dev/full"), b"new").unwrap_err().to_string().contains("/dev/full"));
        assert_eq!(names_in(dir.path()), before);
        assert_eq!(fs::read_link(at("device")).unwrap(), Path::new("/dev/null"));

        fs::write(at("kept"), b"old").unwrap();
        symlink("kept", at("to-file")).unwrap();
        symlink("nowhere", at("to-nothing")).unwrap();
        for name in ["to-file", "to-nothing"] {
            write(&at(name), b"new").unwrap();
            assert!(fs::symlink_metadata(at(name)).unwrap().is_file());
        }
        assert_eq!(fs::read(at("kept")).unwrap(), b"old");
        assert!(!at("nowhere").exists());
    }

    #[test]
    fn a_write_takes_leftovers_away_but_no_living_writers_part() {
        let dir = tempfile::tempdir().unwrap();
        let living = part_names().make_in(dir.path(), new_part).unwrap();
        fs::write(dir.path().join(".gan-lab-part-dead"), b"half").unwrap();
        fs::create_dir(dir.path().join(".gan-lab-part-folder")).unwrap();
        write(&dir.path().join("a"), b"").unwrap();
        assert!(living.path().exists());
        assert_eq!(names_in(dir.path()).iter().filter(|name| is_part(name)).count(), 2, "{:?}", names_in(dir.path()));
        let path = living.path().to_owned();
        let _ = living.keep().unwrap();
        remove_stale_parts(dir.path()).unwrap();
        assert!(!path.exists());
    }

    #[test]
    fn whether_a_folder_can_be_written_is_found_out_without_a_trace() {
        let dir = tempfile::tempdir().unwrap();
        can_write(&dir.path().join("not/yet/there")).unwrap();
        can_write(dir.path()).unwrap();
        can_write(Path::new("no-such-folder")).unwrap();
        assert_eq!(names_in(dir.path()), [""; 0]);
        fs::write(dir.path().join("file"), b"").unwrap();
        let error = can_write(&dir.path().join("file/below")).unwrap_err().to_string();
        assert!(error.contains("file"), "{error}");
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
