//! Images of one side: from folders and zip archives of pictures, from IDX files (also gzipped), npy and npz files.
//!
//! One image is read at a time, brought to its side and kept as bytes of that size; what all of them will take is known,
//! and compared with what there is, before the first is decoded. What is guessed, changed or left out is a note.

mod archive;
mod arrays;
mod fit;
mod folder;
mod formats;
mod idx;
mod layout;
mod picture;
mod pictures;
mod reading;
mod set;
mod shelf;
mod tally;
#[cfg(test)]
mod tests;
mod tiff;

pub use reading::ImageReading;
pub use set::{Classes, ImageSet};

use std::path::Path;

use super::{DataError, damaged, no_images};
use shelf::Shelf;

/// DEFLATE packs this many bytes into one at most.
const MOST_PACKED: u64 = 1032;

/// Is told how many images are read, and of how many.
pub type Watch<'a> = dyn FnMut(u64, u64) + 'a;

/// Reads all images of `path` at `side` x `side`. Pictures that are no squares lose what lies outside the largest square
/// in their middle. The images of a folder are in colour if any of them is. A folder without pictures that holds one file
/// of an array stands for that file.
pub fn load_images(
    path: &Path,
    side: usize,
    reading: &ImageReading,
    watch: &mut Watch<'_>,
) -> Result<ImageSet, DataError> {
    let set = if path.is_dir() {
        let shelf = Shelf::of_folder(path, reading)?;
        match shelf.lone_array() {
            Some((file, beside)) => {
                let mut set = arrays::load(&file, side, reading, watch)?;
                if beside > 0 {
                    let name = file.file_name().unwrap_or_default().to_string_lossy();
                    let pictures = tally::counted(beside, "picture", "pictures");
                    set.notes.push(format!("taking {name}; {pictures} in folders beside it were passed over"));
                }
                set
            }
            None => pictures::load(&shelf, side, reading, watch)?,
        }
    } else {
        arrays::load(path, side, reading, watch)?
    };
    if set.is_empty() {
        return Err(damaged(path, "there are no images in it"));
    }
    Ok(set)
}

/// A key was given where no array has a name.
fn no_key(path: &Path, key: &str, what: &str) -> DataError {
    let reason = format!("{what}; --key chooses one of the arrays of an npz file");
    DataError::Option { path: path.to_owned(), option: format!("--key {key}"), reason }
}
