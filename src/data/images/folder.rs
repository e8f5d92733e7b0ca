//! The pictures of a folder and of the folders in it.

use std::collections::HashSet;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use fs_err as fs;
use image::ImageFormat;

use super::DataError;
use super::formats::{self, FORMATS, is_picture};
use super::shelf::{Entry, Passed, extension, is_hidden};

/// Folders in folders beyond this are passed over: they can only be a mistake.
const DEEPEST: usize = 32;

/// The pictures below `root`, in no order; as `before` there were choices only its own, with three endings.
pub(super) fn pictures(root: &Path, before: bool, passed: &mut Passed) -> Result<Vec<Entry>, DataError> {
    let mut walk = Walk { root, before, passed, seen: HashSet::new(), found: Vec::new() };
    let metadata = fs::metadata(root)?;
    walk.seen.insert((metadata.dev(), metadata.ino()));
    walk.folder(Path::new(""), 0)?;
    Ok(walk.found)
}

struct Walk<'a> {
    root: &'a Path,
    before: bool,
    passed: &'a mut Passed,
    /// Folders by device and number, so that links do not lead round in circles.
    seen: HashSet<(u64, u64)>,
    found: Vec<Entry>,
}

impl Walk<'_> {
    fn folder(&mut self, relative: &Path, depth: usize) -> Result<(), DataError> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.root.join(relative))? {
            names.push(entry?.file_name());
        }
        names.sort();
        for name in names {
            let path = relative.join(&name);
            if is_hidden(&name) {
                self.passed.hidden.add(|| path.display().to_string());
            } else {
                self.entry(path, depth)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: PathBuf, depth: usize) -> Result<(), DataError> {
        let full = self.root.join(&path);
        let metadata = match fs::metadata(&full) {
            Ok(metadata) => metadata,
            Err(_) if fs::symlink_metadata(&full).is_ok_and(|link| link.is_symlink()) => {
                self.passed.dead.add(|| path.display().to_string());
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let name = || path.display().to_string();
        if metadata.is_dir() {
            if self.before {
                return Ok(());
            }
            if depth >= DEEPEST || !self.seen.insert((metadata.dev(), metadata.ino())) {
                self.passed.odd.add(name);
                return Ok(());
            }
            return self.folder(&path, depth + 1);
        }
        if !metadata.is_file() {
            self.passed.odd.add(name);
            return Ok(());
        }
        let extension = extension(&path);
        let picture = match extension.as_str() {
            extension if self.before => formats::FIRST.contains(&extension),
            "" => begins_as_picture(&full)?,
            extension => is_picture(extension),
        };
        if picture {
            self.found.push(Entry { path, member: 0, bytes: metadata.len() });
        } else {
            self.passed.other(&full);
        }
        Ok(())
    }
}

/// Whether a file whose name does not say what it is begins as a picture does.
fn begins_as_picture(path: &Path) -> Result<bool, DataError> {
    let mut start = Vec::new();
    fs::File::open(path)?.take(16).read_to_end(&mut start)?;
    let format = image::guess_format(&start).ok();
    // The two letters with which BMP and PNM begin are many a text's.
    let weak = |format: &ImageFormat| matches!(format, ImageFormat::Bmp | ImageFormat::Pnm);
    Ok(format.filter(|format| !weak(format)).is_some_and(|format| FORMATS.iter().any(|one| one.known == format)))
}
