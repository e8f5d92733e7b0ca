//! What can be wrong with a file of points.

use std::path::{Path, PathBuf};

use super::MOST_POINTS;

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
    #[error(
        "{path} is in none of the formats that are read: MAT, npy, npz, CSV and other text; convert it to one of these"
    )]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// An HDF5 file that is not understood.
    #[error(
        "{path} is an HDF5 file that cannot be read ({reason}): it is damaged, or written in a way that gan-lab does not \
         know; if other programs read it, save what is in it, here 'xx', as v7:\n  {how}"
    )]
    Hdf5 {
        /// The file.
        path: PathBuf,
        /// What is not understood.
        reason: String,
        /// The line that makes something of it that can be read.
        how: String,
    },
    /// A format that is known and not read.
    #[error("{path} is {what}, which gan-lab does not read; first:\n  {how}")]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is.
        what: String,
        /// The line that makes something of it that can be read.
        how: String,
    },
    /// A sound file that gives no points as it is.
    #[error("{path} cannot be read as points: {reason}")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// A sound file that gives no images as it is, or a folder without any.
    #[error("{path} cannot be read as images: {reason}")]
    Images {
        /// The file or folder.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// A line of a text file that does not fit.
    #[error("{path}, line {line}: {reason}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// An option that says nothing of such a file.
    #[error("{option} does not go with {path}: {reason}")]
    Option {
        /// The file.
        path: PathBuf,
        /// The option.
        option: String,
        /// Why not, and what does.
        reason: String,
    },
    /// Not all of the file is there.
    #[error("{path} is cut short: {reason}; download or save it again")]
    CutShort {
        /// The file.
        path: PathBuf,
        /// What is missing.
        reason: String,
    },
    /// A file that unpacks to more than is read.
    #[error(
        "{path} unpacks to more than the {} that are read; unpack it and keep a part of it",
        crate::memory::size(*most)
    )]
    LargeInside {
        /// The file.
        path: PathBuf,
        /// How many bytes are read.
        most: u64,
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
    #[error(
        "{path} has no variable '{key}'; it has: {available} (choose one with --key, or two vectors with --key x,y)"
    )]
    MissingKey {
        /// The file.
        path: PathBuf,
        /// The name asked for.
        key: String,
        /// The names there are.
        available: String,
    },
    /// The variable is not an array of real numbers.
    #[error("'{name}' in {path} is {kind}; points are an array of real numbers with two columns{}", made_real(kind))]
    NotReal {
        /// The file.
        path: PathBuf,
        /// The variable.
        name: String,
        /// What it is.
        kind: String,
    },
    /// The array is neither N x 2 nor 2 x N.
    #[error("'{name}' in {path} is {shape}; points are N x 2 (or 2 x N), one row a point{how}")]
    NotPoints {
        /// The file.
        path: PathBuf,
        /// The variable.
        name: String,
        /// Its shape.
        shape: String,
        /// What to do, after a semicolon; empty where nothing helps.
        how: String,
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
    #[error("{path} is larger than {}, the most that gan-lab reads; keep a part of it", crate::memory::size(*most))]
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
        /// The value, `NaN` or infinite.
        value: f64,
        /// Row of the point, from 1.
        row: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A coordinate that single precision cannot hold.
    #[error(
        "{path} has {value} in point {row}, column {column}: training is in single precision, which ends at 3.4e38; \
         scale the points"
    )]
    Beyond {
        /// The file.
        path: PathBuf,
        /// The value.
        value: f64,
        /// The point, from 1.
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

/// What makes real numbers of an array of NumPy's or MATLAB's that has others, after a semicolon.
fn made_real(kind: &str) -> &'static str {
    if kind.starts_with("complex") {
        "; its real and imaginary parts can be: np.column_stack((a.real, a.imag)), in MATLAB [real(a(:)) imag(a(:))]"
    } else if kind.starts_with("float") || kind.starts_with("longdouble") {
        "; a.astype(np.float64) makes such of it"
    } else {
        ""
    }
}

pub(super) fn unusable(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::Unusable { path: path.to_owned(), reason: reason.into() }
}

#[cfg(feature = "torch")]
pub(super) fn no_images(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::Images { path: path.to_owned(), reason: reason.into() }
}

pub(super) fn at_line(path: &Path, line: usize, reason: impl Into<String>) -> DataError {
    DataError::Line { path: path.to_owned(), line, reason: reason.into() }
}

/// A key was given for a file whose data have no names.
pub(super) fn no_names(path: &Path, format: &str, key: &str) -> DataError {
    let reason = format!("it is {format}, in which no variables have names; --columns chooses columns");
    DataError::Option { path: path.to_owned(), option: format!("--key {key}"), reason }
}

/// An option for text was given for something else.
pub(super) fn no_text(path: &Path, format: &str, option: &str) -> DataError {
    let reason = format!("it is {format}, and {option} is for text tables such as CSV");
    DataError::Option { path: path.to_owned(), option: option.to_owned(), reason }
}

pub(super) fn damaged(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::Damaged { path: path.to_owned(), reason: reason.into() }
}
