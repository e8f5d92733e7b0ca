//! Point sets: read from MAT, npy and CSV files, made from known laws, split into training and held-out points.
//!
//! A file's format is found from its content, never from its name. Whatever a header claims, no more memory is taken
//! than the file's own bytes can fill, and no more than the limits that the errors name.

mod builtin;
mod csv;
#[cfg(feature = "torch")]
pub mod images;
mod mat;
mod modes;
pub mod npy;
mod numbers;
mod split;
pub mod synthetic;

pub use builtin::{is_built_in, is_there};
pub use mat::write_mat;
pub use modes::{Mode, known_modes};
pub use split::Split;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use fs_err as fs;
use sha2::{Digest as _, Sha256};

/// A point of the plane.
pub type Point = [f64; 2];

/// A set of more points is refused.
const MOST_POINTS: usize = 100_000_000;
/// A file of points larger than this is refused.
const LARGEST_FILE: u64 = 4 << 30;
/// So much is read of a pipe, whose size is not known beforehand.
const LARGEST_PIPE: u64 = 256 << 20;

/// What can be wrong with a data file; every variant names the file.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The file cannot be read at all.
    #[error("cannot read the data")]
    Io(#[from] std::io::Error),
    /// A picture that would take more memory than one may.
    #[error(
        "{path} is {width} x {height} pixels, which take {}, more than the {} that a picture may take; make it smaller",
        crate::memory::size(*needed),
        crate::memory::size(*most)
    )]
    LargePicture {
        /// The file.
        path: PathBuf,
        /// Pixels in a row.
        width: u32,
        /// Rows.
        height: u32,
        /// The bytes of its pixels.
        needed: u64,
        /// How many a picture may have.
        most: u64,
    },
    /// More memory than there is.
    #[error(transparent)]
    Memory(#[from] crate::memory::TooMuch),
    /// None of the known formats.
    #[error("{path} is not a MAT v5, npy or CSV file; convert it to one of these")]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// A MAT v7.3 file, which is HDF5 inside.
    #[error(
        "{path} is a MAT v7.3 (HDF5) file, which gan-lab does not read; save it as v7:\n  \
         in MATLAB:  save('points.mat', 'xx', '-v7')\n  \
         in Python:  scipy.io.savemat('points.mat', {{'xx': xx}}, do_compression=True)"
    )]
    Hdf5 {
        /// The file.
        path: PathBuf,
    },
    /// The file is cut short or contradicts itself.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit, and where.
        reason: String,
    },
    /// There is no variable of that name.
    #[error("{path} has no variable '{key}'; it has: {available} (choose one with --key)")]
    MissingKey {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        key: String,
        /// The names there are.
        available: String,
    },
    /// The variable is not an array of real numbers.
    #[error("'{name}' in {path} is {kind}; points are an array of real numbers with two columns")]
    NotReal {
        /// The file.
        path: PathBuf,
        /// The variable.
        name: String,
        /// What it is.
        kind: String,
    },
    /// The array is neither N x 2 nor 2 x N.
    #[error("'{name}' in {path} is {shape}; points are N x 2 (or 2 x N), one row a point")]
    NotPoints {
        /// The file.
        path: PathBuf,
        /// The variable.
        name: String,
        /// Its shape.
        shape: String,
    },
    /// More points than are read.
    #[error("'{name}' in {path} has {found} points, more than the {MOST_POINTS} that are read; keep a part of them")]
    TooMany {
        /// The file.
        path: PathBuf,
        /// The variable.
        name: String,
        /// How many there are.
        found: usize,
    },
    /// A file larger than is read.
    #[error("{path} is larger than the {} that are read of it; keep a part of it", crate::memory::size(*most))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// How many bytes are read.
        most: u64,
    },
    /// A coordinate that is no number.
    #[error("'{name}' in {path} has {value} in row {row}, column {column}; every coordinate must be finite")]
    NotFinite {
        /// The file.
        path: PathBuf,
        /// The variable.
        name: String,
        /// The value, `NaN` or infinite in single precision.
        value: f64,
        /// Row of the point, from 1.
        row: usize,
        /// Column, from 1.
        column: usize,
    },
    /// Fewer points than the run needs.
    #[error(
        "{path} has {found} points, too few for --train-size {train_size}: at least {least} must be left to hold out"
    )]
    TooFew {
        /// The file.
        path: PathBuf,
        /// How many there are.
        found: usize,
        /// How many are to train.
        train_size: usize,
        /// How many must be left.
        least: usize,
    },
}

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
}

/// A two-dimensional array of real numbers, which stay as their file has them until they are asked for.
struct Matrix<'a> {
    rows: usize,
    columns: usize,
    /// The number in a row and column.
    at: Box<dyn Fn(usize, usize) -> f64 + 'a>,
}

/// Points as they came from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct PointSet {
    /// The file, for messages.
    pub path: PathBuf,
    /// The points, in the file's order.
    pub points: Vec<Point>,
}

impl PointSet {
    /// A digest of the points' bytes (SHA-256 in hexadecimal): two runs with the same one saw the same data.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for value in self.points.as_flattened() {
            // In single precision, as it always was: a run that was begun then knows its data.
            hash.update((*value as f32).to_le_bytes());
        }
        hash.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }
}

enum Format {
    Mat,
    Npy,
    Csv,
}

/// Reads the points of `path`: the variable `key` where variables have names.
pub fn load(path: &Path, key: &str) -> Result<PointSet, DataError> {
    let bytes = contents(path)?;
    let (name, matrix) = match detect(path, &bytes)? {
        Format::Mat => (key.to_owned(), mat::read(path, &bytes, key)?),
        Format::Npy => ("(array)".into(), npy::read_matrix(path, &bytes)?),
        Format::Csv => ("(table)".into(), csv::read(path, &bytes)?),
    };
    let points = to_points(path, &name, &matrix)?;
    Ok(PointSet { path: path.to_owned(), points })
}

/// Lists the variables of `path`.
pub fn inspect(path: &Path) -> Result<Vec<Variable>, DataError> {
    let bytes = contents(path)?;
    match detect(path, &bytes)? {
        Format::Mat => mat::variables(path, &bytes),
        Format::Npy => npy::variable(path, &bytes).map(|variable| vec![variable]),
        Format::Csv => {
            let Matrix { rows, columns, at } = csv::read(path, &bytes)?;
            Ok(vec![Variable {
                name: "(table)".into(),
                kind: "text numbers".into(),
                shape: vec![rows as u64, columns as u64],
                range: range(
                    (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))).map(|(r, c)| at(r, c)),
                ),
            }])
        }
    }
}

/// The bytes of a file, of a pipe, or of the set that is built in.
fn contents(path: &Path) -> Result<Vec<u8>, DataError> {
    if let Some(bytes) = builtin::built_in(path) {
        return Ok(bytes?);
    }
    let file = fs::File::open(path)?;
    let metadata = file.metadata()?;
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

fn detect(path: &Path, bytes: &[u8]) -> Result<Format, DataError> {
    const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";
    let starts_at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    if starts_at(0, HDF5) || starts_at(512, HDF5) || starts_at(0, b"MATLAB 7.3") {
        return Err(DataError::Hdf5 { path: path.to_owned() });
    }
    if starts_at(0, b"\x93NUMPY") {
        return Ok(Format::Npy);
    }
    if starts_at(126, b"IM") || starts_at(126, b"MI") || starts_at(0, b"MATLAB 5.0") {
        return Ok(Format::Mat);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains('\0') => Ok(Format::Csv),
        _ => Err(DataError::UnknownFormat { path: path.to_owned() }),
    }
}

fn to_points(path: &Path, name: &str, matrix: &Matrix<'_>) -> Result<Vec<Point>, DataError> {
    let Matrix { rows, columns, ref at } = *matrix;
    let (count, wide) = match (rows, columns) {
        (n, 2) => (n, false),
        (2, n) => (n, true),
        _ => {
            let shape = format!("{rows} x {columns}");
            return Err(DataError::NotPoints { path: path.to_owned(), name: name.to_owned(), shape });
        }
    };
    if count > MOST_POINTS {
        return Err(DataError::TooMany { path: path.to_owned(), name: name.to_owned(), found: count });
    }
    let mut points = Vec::with_capacity(count);
    for row in 0..count {
        let pair = [0, 1].map(|column| if wide { at(column, row) } else { at(row, column) });
        // What is infinite in single precision is of no use to any network.
        if let Some(column) = pair.iter().position(|&value| !(value as f32).is_finite()) {
            let (path, name) = (path.to_owned(), name.to_owned());
            return Err(DataError::NotFinite { path, name, value: pair[column], row: row + 1, column: column + 1 });
        }
        points.push(pair);
    }
    Ok(points)
}

/// The smallest and the largest of some numbers; None where there are none or NaN is among them.
fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let mut range = None;
    for x in values {
        if x.is_nan() {
            return None;
        }
        let (low, high) = range.unwrap_or((x, x));
        range = Some((x.min(low), x.max(high)));
    }
    range
}

fn damaged(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::Damaged { path: path.to_owned(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, columns: usize, values: &[f64]) -> Matrix<'_> {
        Matrix { rows, columns, at: Box::new(move |row, column| values[row * columns + column]) }
    }

    #[test]
    fn two_columns_are_points_row_by_row_and_two_rows_column_by_column() {
        let path = Path::new("p");
        let tall = to_points(path, "xx", &matrix(3, 2, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])).unwrap();
        let wide = to_points(path, "xx", &matrix(2, 3, &[1.0, 3.0, 5.0, 2.0, 4.0, 6.0])).unwrap();
        assert_eq!(tall, [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        assert_eq!(tall, wide);
    }

    #[test]
    fn a_number_too_large_for_single_precision_is_refused_with_its_place() {
        let error = to_points(Path::new("p"), "xx", &matrix(2, 2, &[1.0, 2.0, 3.0, 1e39])).unwrap_err();
        assert!(error.to_string().contains("row 2, column 2"), "{error}");
    }

    #[test]
    fn the_digest_follows_the_points() {
        let set = |points: Vec<Point>| PointSet { path: "p".into(), points }.digest();
        assert_eq!(set(vec![[1.0, 2.0]]), set(vec![[1.0, 2.0]]));
        assert_ne!(set(vec![[1.0, 2.0]]), set(vec![[2.0, 1.0]]));
        // SHA-256 of nothing.
        assert!(set(vec![]).starts_with("e3b0c44298fc1c14"));
    }
}
