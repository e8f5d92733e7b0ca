//! Where pictures lie: which files of a folder or an archive are pictures, what class each is of, what is passed over.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path, PathBuf};

use super::archive::Archive;
use super::picture::Stream;
use super::tally::{Tally, counted};
use super::{Classes, DataError, ImageReading, folder, formats, no_images};

/// Pictures in a folder or an archive.
pub(super) struct Shelf {
    pub(super) root: PathBuf,
    /// In the order of their names.
    pub(super) entries: Vec<Entry>,
    passed: Passed,
    archive: Option<Archive>,
}

/// A picture's file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// Its path, seen from the folder or archive.
    pub(super) path: PathBuf,
    /// Its place in the archive.
    pub(super) member: usize,
    pub(super) bytes: u64,
}

/// What is no picture, or is not read.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// Names that begin with a dot, as macOS and editors leave them.
    pub(super) hidden: Tally,
    /// Links that lead nowhere.
    pub(super) dead: Tally,
    /// Pipes, sockets, devices, and folders that were seen already.
    pub(super) odd: Tally,
    /// Files by the ends of their names.
    others: BTreeMap<String, usize>,
    /// Files that hold arrays.
    pub(super) arrays: Vec<PathBuf>,
}

impl Passed {
    /// A file that is no picture.
    pub(super) fn other(&mut self, path: &Path) {
        if is_array(path) {
            self.arrays.push(path.to_owned());
        }
        *self.others.entry(extension(path)).or_default() += 1;
    }

    /// Leaves out packed arrays beside which the same lie unpacked.
    fn forget_packed(&mut self) {
        self.arrays.sort();
        let all: BTreeSet<PathBuf> = self.arrays.iter().cloned().collect();
        let is_packed = |path: &PathBuf| path.extension().is_some_and(|end| end == "gz");
        self.arrays.retain(|path| !(is_packed(path) && all.contains(&path.with_extension(""))));
    }

    fn others(&self) -> Option<String> {
        let all: usize = self.others.values().sum();
        let kind = |(extension, count): (&String, &usize)| match formats::foreign(extension) {
            Some(name) => format!("{count} {name} (convert them to PNG or JPEG)"),
            None if extension.is_empty() => format!("{count} without an ending"),
            None => format!("{count} .{extension}"),
        };
        // A folder may hold files with as many endings.
        let mut kinds: Vec<String> = self.others.iter().map(kind).collect();
        let more = kinds.len().saturating_sub(8);
        kinds.truncate(8);
        if more > 0 {
            kinds.push(format!("{more} other kinds"));
        }
        (all > 0).then(|| {
            format!(
                "{} passed over: {}",
                counted(all, "file of another kind was", "files of other kinds were"),
                kinds.join(", ")
            )
        })
    }

    /// A clause for each reason why something was passed over.
    fn said(&self) -> Vec<String> {
        let clauses = [
            self.hidden
                .said("file that begins with a dot was passed over", "files that begin with a dot were passed over"),
            self.dead.said("link that leads nowhere was passed over", "links that lead nowhere were passed over"),
            self.odd.said(
                "entry that is no plain file was passed over",
                "entries that are no plain files were passed over",
            ),
            self.others(),
        ];
        clauses.into_iter().flatten().collect()
    }
}

/// Whether a file's name is one of those that files of arrays have: MNIST's too, `train-images-idx3-ubyte.gz`.
fn is_array(path: &Path) -> bool {
    let gzip = extension(path) == "gz";
    let path = if gzip { path.with_extension("") } else { path.to_owned() };
    let is_idx =
        ["idx3-ubyte", "idx4-ubyte"].iter().any(|end| path.as_os_str().as_encoded_bytes().ends_with(end.as_bytes()));
    match extension(&path).as_str() {
        "npy" => true,
        "npz" | "zip" => !gzip,
        _ => is_idx,
    }
}

/// A file name's end, in small letters; numbers after a dot are part of the name.
pub(super) fn extension(path: &Path) -> String {
    let extension = path.extension().and_then(OsStr::to_str).unwrap_or_default().to_ascii_lowercase();
    if extension.bytes().all(|byte| byte.is_ascii_digit()) { String::new() } else { extension }
}

/// Whether a name is one that systems hide, or a folder that macOS adds to archives.
pub(super) fn is_hidden(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".") || ["__MACOSX", "Thumbs.db", "desktop.ini"].iter().any(|odd| name == *odd)
}

impl Shelf {
    /// The pictures of a folder.
    pub(super) fn of_folder(root: &Path, reading: &ImageReading) -> Result<Self, DataError> {
        let mut passed = Passed::default();
        let mut entries = folder::pictures(root, reading.as_before, &mut passed)?;
        entries.sort();
        passed.forget_packed();
        Ok(Self { root: root.to_owned(), entries, passed, archive: None })
    }

    /// The pictures of a zip archive.
    pub(super) fn of_archive(root: &Path, archive: Archive) -> Self {
        let mut passed = Passed::default();
        let mut entries = archive.pictures(&mut passed);
        entries.sort();
        Self { root: root.to_owned(), entries, passed, archive: Some(archive) }
    }

    /// The one file of the folder itself that holds an array or an archive, where no picture lies beside it; and how many
    /// pictures in folders beside it are passed over for it. What `data make faces` writes is such a folder.
    pub(super) fn lone_array(&self) -> Option<(PathBuf, usize)> {
        let is_beside = |entry: &Entry| entry.path.components().count() == 1;
        let own: Vec<&PathBuf> =
            self.passed.arrays.iter().filter(|path| path.parent() == Some(self.root.as_path())).collect();
        match (&own[..], &self.passed.arrays[..]) {
            ([file], _) if !self.entries.iter().any(is_beside) => Some(((*file).clone(), self.entries.len())),
            (_, [file]) if self.entries.is_empty() => Some((file.clone(), 0)),
            _ => None,
        }
    }

    /// Where a picture lies, for messages.
    pub(super) fn place(&self, entry: &Entry) -> PathBuf {
        self.root.join(&entry.path)
    }

    /// How many bytes a picture's file has.
    pub(super) fn bytes(&self, entry: &Entry) -> Result<u64, DataError> {
        match &self.archive {
            Some(archive) => archive.size(entry.member, &self.place(entry)),
            None => Ok(entry.bytes),
        }
    }

    /// The bytes of a picture.
    pub(super) fn open(&self, entry: &Entry) -> Result<Stream<'static>, DataError> {
        if let Some(archive) = &self.archive {
            return archive.unpacked(entry.member, &self.place(entry));
        }
        Ok(Box::new(std::io::BufReader::new(fs_err::File::open(self.place(entry))?)))
    }

    /// The error for a folder or archive without pictures.
    pub(super) fn empty(&self) -> DataError {
        let mut reason = format!("there are no images in it; gan-lab reads {}", formats::names());
        for clause in self.passed.said() {
            reason += "; ";
            reason += &clause;
        }
        if self.passed.arrays.len() > 1 {
            let names: Vec<String> = self.passed.arrays.iter().take(3).map(|path| path.display().to_string()).collect();
            reason += &format!("; name one of its arrays: {}", names.join(", "));
        }
        no_images(&self.root, reason)
    }

    /// The class of each picture where each lies in a folder for its class; and what is to be said of folders and of what
    /// was passed over.
    pub(super) fn classes(&self) -> (Option<Classes>, Vec<String>) {
        let mut notes = self.passed.said();
        // Folders that hold everything are not classes.
        let common = common_folders(&self.entries);
        let class = |entry: &Entry| -> Option<OsString> {
            let mut parts = entry.path.components().skip(common);
            let first = parts.next()?;
            // The last is the file's own name.
            parts.next().map(|_| first.as_os_str().to_owned())
        };
        let of: Vec<Option<OsString>> = self.entries.iter().map(class).collect();
        let names: BTreeSet<&OsString> = of.iter().flatten().collect();
        if names.is_empty() {
            return (None, notes);
        }
        let shown = |name: &&OsString| name.to_string_lossy().into_owned();
        let outside = of.iter().filter(|class| class.is_none()).count();
        if outside > 0 {
            notes.push(format!(
                "the images of {} are read with the {} beside them, and no classes are kept",
                counted(names.len(), "folder in it", "folders in it"),
                outside
            ));
            return (None, notes);
        }
        let place = |class: &OsString| names.range::<&OsString, _>(..class).count();
        let places: BTreeMap<&OsString, u32> = names.iter().map(|&name| (name, place(name) as u32)).collect();
        let of = of.iter().flatten().map(|class| places[class]).collect();
        let classes = Classes { names: names.iter().map(shown).collect(), of };
        let counts = classes.counts();
        let (least, most) = (counts.iter().min().unwrap_or(&0), counts.iter().max().unwrap_or(&0));
        let first: Vec<&str> = classes.names.iter().take(3).map(String::as_str).collect();
        let more = if classes.names.len() > 3 { ", ..." } else { "" };
        notes.push(format!(
            "{} classes by their folders ({}{more}), {}; training does not use them",
            classes.names.len(),
            first.join(", "),
            if least == most { format!("{least} images each") } else { format!("{least} to {most} images each") }
        ));
        (Some(classes), notes)
    }
}

/// How many folders all pictures lie in.
fn common_folders(entries: &[Entry]) -> usize {
    let folders = |entry: &Entry| -> Vec<OsString> {
        let parts = entry.path.parent().into_iter().flat_map(Path::components);
        parts.map(|part| part.as_os_str().to_owned()).collect()
    };
    let Some(first) = entries.first().map(folders) else { return 0 };
    entries.iter().fold(first.len(), |common, entry| {
        let own = folders(entry);
        first.iter().zip(&own).take(common).take_while(|(a, b)| a == b).count()
    })
}

/// A member's path, in which nothing leads out of the archive.
pub(super) fn inside(name: &str) -> PathBuf {
    let path = PathBuf::from(name.replace('\\', "/"));
    path.components().filter(|part| matches!(part, Component::Normal(_))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(paths: &[&str]) -> Shelf {
        let mut entries: Vec<Entry> =
            paths.iter().map(|path| Entry { path: PathBuf::from(path), member: 0, bytes: 1 }).collect();
        entries.sort();
        Shelf { root: PathBuf::from("root"), entries, passed: Passed::default(), archive: None }
    }

    #[test]
    fn folders_are_classes_where_every_picture_lies_in_one() {
        let classes = |paths: &[&str]| shelf(paths).classes().0.map(|classes| (classes.names, classes.of));
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(classes(&["a.png", "b.png"]), None);
        assert_eq!(
            classes(&["dogs/1.png", "cats/2.png", "cats/x/1.png"]),
            Some((names(&["cats", "dogs"]), vec![0, 0, 1]))
        );
        // A folder that holds all is passed through, and is no class.
        assert_eq!(classes(&["all/b/1.png", "all/a/1.png"]), Some((names(&["a", "b"]), vec![0, 1])));
        assert_eq!(classes(&["all/b/1.png", "all/b/2.png"]), None);
        let mixed = shelf(&["a.png", "b/1.png", "c/1.png"]);
        let (classes, notes) = mixed.classes();
        assert!(
            classes.is_none() && notes[0].contains("2 folders in it") && notes[0].contains("no classes"),
            "{notes:?}"
        );
    }

    #[test]
    fn members_stay_inside() {
        for (name, expected) in [
            ("a/b.png", "a/b.png"),
            ("../../etc/x.png", "etc/x.png"),
            ("/etc/x.png", "etc/x.png"),
            ("a\\b.png", "a/b.png"),
        ] {
            assert_eq!(inside(name), Path::new(expected));
        }
    }
}
