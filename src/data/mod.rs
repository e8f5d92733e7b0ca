//! Point sets: read from files, made from known laws, split into training and held-out points.
//!
//! A file's format is found from its content, never from its name: `formats` lists them, each with a file of its own.
//! Whatever a header claims, no more memory is taken than the file's own bytes can fill, and no more than the limits that
//! the errors name. Points are in double precision from their file on; a run makes single precision of them for its
//! networks alone.

mod arff;
mod arrays;
mod builtin;
mod columns;
mod error;
mod foreign;
mod gzip;
mod hdf5;
#[cfg(feature = "torch")]
pub mod images;
mod mat;
mod matrix;
mod modes;
pub mod npy;
mod npz;
mod numbers;
mod octave;
mod reading;
mod remarks;
mod set;
mod split;
mod spread;
pub mod synthetic;
mod text;

pub use builtin::{is_built_in, is_there};
pub use error::DataError;
pub use mat::write_mat;
pub use modes::Mode;
pub use reading::{Labels, Reading, Taken, TextForm};
pub use remarks::remarks;
pub use set::PointSet;
pub use split::{LEAST_HELD_OUT, Split};
pub use spread::PointSpread;

use std::io::Read as _;
use std::path::Path;

use fs_err as fs;

/// A point of the plane.
pub type Point = [f64; 2];

#[cfg(feature = "torch")]
use error::no_images;
use error::{at_line, damaged, no_names, no_text, unusable};
use matrix::{Matrix, matrix_points, range, show_shape, squeezed};

/// A set of more points is refused.
const MOST_POINTS: usize = 100_000_000;
/// A file of points larger than this is refused.
const LARGEST_FILE: u64 = 4 << 30;
/// So much is read of a pipe, whose size is not known beforehand.
const LARGEST_PIPE: u64 = 256 << 20;

/// An array of a data file, as far as its header tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    /// Its name; `(array)` in files that name nothing.
    pub name: String,
    /// Its type, as a person would say it: `double`, `complex single`, `cell`.
    pub kind: String,
    /// Its shape.
    pub shape: Vec<u64>,
    /// Smallest and largest value, where it is a non-empty array of real numbers without NaN.
    pub range: Option<(f64, f64)>,
    /// Whether it is an array of real numbers, of which points could be taken.
    pub real: bool,
}

/// What a format gives: a [`PointSet`] without its file.
#[derive(Debug)]
struct Loaded {
    points: Vec<[f64; 2]>,
    labels: Option<Labels>,
    taken: Taken,
}

/// A format that files of points have.
trait Format: Sync {
    /// What such a file is called, with its article.
    fn name(&self) -> &'static str;
    /// Whether a file with these bytes is one, if it is none of the formats before in the list.
    fn recognises(&self, bytes: &[u8]) -> bool;
    /// Reads the points.
    fn load(&self, path: &Path, bytes: &[u8], reading: &Reading) -> Result<Loaded, DataError>;
    /// Lists what the file holds.
    fn list(&self, path: &Path, bytes: &[u8], reading: &Reading) -> Result<Vec<Variable>, DataError>;
}

/// Every format, in the order in which they are tried.
fn formats() -> impl Iterator<Item = &'static dyn Format> {
    const FIRST: [&dyn Format; 5] = [&gzip::Gzip, &npy::Npy, &npz::Npz, &hdf5::Hdf5, &mat::Mat];
    const LAST: [&dyn Format; 4] = [&octave::Octave, &arff::Arff, &mat::Mat4, &text::Table];
    let foreign = foreign::FOREIGN.iter().map(|foreign| foreign as &dyn Format);
    FIRST.into_iter().chain(foreign).chain(LAST)
}

/// Reads the points of `path`.
pub fn load(path: &Path, reading: &Reading) -> Result<PointSet, DataError> {
    points_of(path, &contents(path)?, reading)
}

/// The modes of a law, where a file says them; an error where it says them in no form that is understood.
pub type KnownLaw = Result<Option<Vec<Mode>>, DataError>;

/// Reads the points of `path`, and the modes of the law behind them where the file says it.
pub fn load_with_law(path: &Path, reading: &Reading) -> Result<(PointSet, KnownLaw), DataError> {
    let bytes = contents(path)?;
    let mut set = points_of(path, &bytes, reading)?;
    let known = modes::known(path, &bytes, reading);
    let (Ok(None), Some(labels)) = (&known, &set.labels) else { return Ok((set, known)) };
    let known = match modes::of_classes(&set.points, labels) {
        Ok(modes) => {
            set.taken.notes.push(format!("its {} classes are taken as the modes of its law", modes.len()));
            Some(modes)
        }
        Err(reason) => {
            set.taken.notes.push(reason);
            None
        }
    };
    Ok((set, Ok(known)))
}

fn points_of(path: &Path, bytes: &[u8], reading: &Reading) -> Result<PointSet, DataError> {
    let Loaded { points, labels, taken } = detect(path, bytes)?.load(path, bytes, reading)?;
    Ok(PointSet { path: path.to_owned(), points, labels, taken })
}

/// Lists the variables of `path`, or a table's columns.
pub fn inspect(path: &Path, reading: &Reading) -> Result<Vec<Variable>, DataError> {
    let bytes = contents(path)?;
    detect(path, &bytes)?.list(path, &bytes, reading)
}

/// The bytes of a file, of a pipe, or of the set that is built in.
fn contents(path: &Path) -> Result<Vec<u8>, DataError> {
    if let Some(bytes) = builtin::built_in(path) {
        return Ok(bytes?);
    }
    let file = fs::File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(unusable(path, "it is a folder; name a file in it"));
    }
    let (size, most) = if metadata.is_file() { (metadata.len(), LARGEST_FILE) } else { (0, LARGEST_PIPE) };
    let too_large = || DataError::TooLarge { path: path.to_owned(), most };
    if size > most {
        return Err(too_large());
    }
    // Two bytes more, so that the end is seen without the vector being made larger.
    let mut bytes = Vec::with_capacity(size as usize + 2);
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
}

fn detect(path: &Path, bytes: &[u8]) -> Result<&'static dyn Format, DataError> {
    if bytes.is_empty() {
        return Err(unusable(path, "it is empty"));
    }
    let unknown = || DataError::UnknownFormat { path: path.to_owned() };
    formats().find(|format| format.recognises(bytes)).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_has_a_name_and_none_takes_anothers_file_or_panics() {
        let mut names: Vec<_> = formats().map(Format::name).collect();
        assert!(names.iter().all(|name| !name.is_empty()));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), formats().count());
        let path = Path::new("t");
        let npy = npy::encode(npy::Precision::Single, &[3, 2], &[0.5; 6]);
        let mat = write_mat(&[("xx", vec![[0.5, 0.25]; 3])]).unwrap();
        for (bytes, name) in [
            (&npy[..], "an npy file"),
            (&mat[..], "a MAT v5 file"),
            (b"0.5,0.25\n", "a text table"),
            (b"@relation r\n", "an ARFF file"),
            (b"# name: x\n# type: matrix\n", "an Octave text file"),
            (b"\x1f\x8b\x08\0", "a gzip file"),
        ] {
            assert_eq!(detect(path, bytes).unwrap().name(), name);
            for format in formats() {
                for end in 0..bytes.len().min(200) {
                    let _ = format.recognises(&bytes[..end]);
                    let _ = format.load(path, &bytes[..end], &Reading::default());
                    let _ = format.list(path, &bytes[..end], &Reading::default());
                }
            }
        }
        for (bytes, words) in
            [(&b""[..], "it is empty"), (b"\0\x01\x02", "none of the formats"), (b" \n", "it is empty")]
        {
            let error = detect(path, bytes).and_then(|format| format.load(path, bytes, &Reading::default()).map(drop));
            assert!(error.unwrap_err().to_string().contains(words), "{bytes:?}");
        }
    }
}
