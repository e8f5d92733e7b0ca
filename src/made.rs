//! Folders that a person names for results, such as pictures: which of the files in them gan-lab made.
//!
//! Only files that are ours are replaced. A run's folder says which those are in its manifest; in any other folder a hidden
//! list does, a line for each file that was written: its name there and its SHA-256. A file of the same name that is not in
//! the list as it is now was made or changed by somebody else, and is replaced only if that is asked for.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::digest::digest;
use crate::files;

/// The list's name.
const LIST: &str = ".gan-lab-made.jsonl";

/// A file cannot be put where it belongs.
#[derive(Debug, thiserror::Error)]
pub enum MadeError {
    /// Something cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// There is a file of that name that is not ours.
    #[error("{path} exists already, and gan-lab did not write it or it was changed since; nothing was changed")]
    Foreign {
        /// The file.
        path: PathBuf,
    },
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Made {
    file: String,
    sha256: String,
}

/// A folder that gan-lab writes results into.
#[derive(Debug)]
pub struct ResultFolder {
    path: PathBuf,
    /// Whether files of others are replaced.
    force: bool,
    known: BTreeSet<Made>,
    /// The whole lines of a list that ends in the middle of one, because its writer was killed.
    torn: Option<Vec<u8>>,
}

impl ResultFolder {
    /// The folder at `path`, which need not exist. With `force` files that are not ours are replaced too.
    pub fn open(path: &Path, force: bool) -> Result<Self, MadeError> {
        let list = path.join(LIST);
        let text = match std::fs::symlink_metadata(&list) {
            Ok(there) if there.is_file() => fs_err::read(&list)?,
            _ => Vec::new(),
        };
        let whole = text.iter().rposition(|&byte| byte == b'\n').map_or(0, |last| last + 1);
        let torn = (whole < text.len()).then(|| text[..whole].to_vec());
        let known =
            text[..whole].split(|&byte| byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        Ok(Self { path: path.to_owned(), force, known, torn })
    }

    /// Refuses a name under which somebody else's file lies.
    pub fn permit(&self, name: &str) -> Result<(), MadeError> {
        let path = self.path.join(name);
        let there = match std::fs::symlink_metadata(&path) {
            Ok(there) if !self.force => there,
            _ => return Ok(()),
        };
        // What is no file at all is refused by whoever writes, which says what it is.
        let is_other = !there.is_file() && !there.is_symlink();
        if is_other || (there.is_file() && self.known.contains(&entry(name, &fs_err::read(&path)?))) {
            return Ok(());
        }
        Err(MadeError::Foreign { path })
    }

    /// Writes a file and gives its path. The list has it first: a process that is killed in between leaves nothing that is
    /// taken for somebody else's.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<PathBuf, MadeError> {
        self.permit(name)?;
        let path = self.path.join(name);
        self.note(entry(name, bytes))?;
        files::write(&path, bytes)?;
        Ok(path)
    }

    fn note(&mut self, made: Made) -> Result<(), MadeError> {
        let list = self.path.join(LIST);
        if let Some(whole) = self.torn.take() {
            files::write(&list, &whole)?;
        }
        if !self.known.contains(&made) {
            fs_err::create_dir_all(&self.path)?;
            files::append(&list, line(&made).as_bytes())?;
            self.known.insert(made);
        }
        Ok(())
    }
}

fn entry(name: &str, bytes: &[u8]) -> Made {
    Made { file: name.to_owned(), sha256: digest(bytes) }
}

fn line(made: &Made) -> String {
    // Two strings always become JSON.
    serde_json::to_string(made).unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use fs_err as fs;

    use super::*;

    fn write(folder: &Path, force: bool, name: &str, text: &str) -> Result<PathBuf, MadeError> {
        ResultFolder::open(folder, force)?.write(name, text.as_bytes())
    }

    #[test]
    fn only_what_was_made_here_and_is_as_it_was_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("new");
        let path = folder.join("a/picture.png");
        for text in ["one", "two", "one"] {
            write(&folder, false, "a/picture.png", text).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        let list = fs::read_to_string(folder.join(LIST)).unwrap();
        assert_eq!(list.lines().count(), 2, "what is known is not said again: {list}");
        // Somebody drew into it.
        fs::write(&path, "mine").unwrap();
        let message = write(&folder, false, "a/picture.png", "three").unwrap_err().to_string();
        assert!(message.contains("picture.png"), "{message}");
        fs::write(folder.join("thesis.txt"), "years of work").unwrap();
        write(&folder, false, "thesis.txt", "x").unwrap_err();
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        assert_eq!(fs::read_to_string(folder.join("thesis.txt")).unwrap(), "years of work");
        write(&folder, true, "a/picture.png", "three").unwrap();
        write(&folder, false, "a/picture.png", "four").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "four");
    }

    #[test]
    fn whenever_the_writer_is_killed_the_next_one_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), false, "a", "one").unwrap();
        let list = dir.path().join(LIST);
        let whole = fs::read_to_string(&list).unwrap();
        // In the middle of the list's next line, and between the list and the file.
        fs::write(&list, whole.clone() + "{\"file\":\"a\",\"sha").unwrap();
        write(dir.path(), false, "a", "two").unwrap();
        fs::remove_file(dir.path().join("a")).unwrap();
        write(dir.path(), false, "a", "two").unwrap();
        write(dir.path(), false, "a", "three").unwrap();
        let after = fs::read_to_string(&list).unwrap();
        assert!(after.starts_with(&whole) && after.lines().count() == 3, "{after}");
        // A torn line changes nothing of the order of those before it.
        write(dir.path(), false, "0", "later").unwrap();
        let whole = fs::read_to_string(&list).unwrap();
        fs::write(&list, whole.clone() + "{").unwrap();
        write(dir.path(), false, "b", "one").unwrap();
        assert!(fs::read_to_string(&list).unwrap().starts_with(&whole));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_somebody_elses_and_what_it_leads_to_is_never_changed() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("kept"), "kept").unwrap();
        std::os::unix::fs::symlink(at("kept"), at("a")).unwrap();
        std::os::unix::fs::symlink(at("kept"), at(LIST)).unwrap();
        write(dir.path(), false, "a", "new").unwrap_err();
        write(dir.path(), true, "a", "new").unwrap_err();
        assert_eq!(fs::read_to_string(at("kept")).unwrap(), "kept");
    }
}
