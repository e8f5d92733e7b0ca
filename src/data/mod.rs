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
mod foreign;
mod gzip;
#[cfg(feature = "torch")]
pub mod images;
mod mat;
mod modes;
pub mod npy;
mod npz;
mod numbers;
mod octave;
mod reading;
mod split;
pub mod synthetic;
mod text;

pub use builtin::{is_built_in, is_there};
pub use mat::write_mat;
pub use modes::{Mode, known_modes};
pub use reading::{Labels, Reading, Taken, TextForm};
pub use split::Split;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use fs_err as fs;
use sha2::{Digest as _, Sha256};

/// A point of the plane.
pub type Point = [f64; 2];

use crate::config::DecimalMark;
use columns::{Cell, Column, MOST_COLUMNS};

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
    #[error(
        "{path} is in none of the formats that are read: MAT, npy, npz, CSV and other text; convert it to one of these"
    )]
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
    #[error("{path} is cut short: {reason}; fetch or save it anew")]
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

/// The number in a row and column.
type At<'a> = Box<dyn Fn(usize, usize) -> f64 + 'a>;
/// The text in a row and column, where there is text.
type Words<'a> = Box<dyn Fn(usize, usize) -> Option<String> + 'a>;

/// A two-dimensional array of real numbers, which stay as their file has them until they are asked for.
struct Matrix<'a> {
    rows: usize,
    columns: usize,
    /// The columns' names, where they have names.
    names: Option<Vec<String>>,
    at: At<'a>,
    words: Option<Words<'a>>,
}

impl<'a> Matrix<'a> {
    fn new(rows: usize, columns: usize, at: At<'a>) -> Self {
        Self { rows, columns, names: None, at, words: None }
    }

    /// The smallest and the largest number.
    fn range(&self) -> Option<(f64, f64)> {
        range((0..self.rows).flat_map(|row| (0..self.columns).map(move |column| (self.at)(row, column))))
    }

    /// What its columns hold; the first ones of very many.
    fn survey(&self) -> Vec<Column> {
        let name = |at: usize| self.names.as_ref().and_then(|names| names.get(at).cloned());
        let columns = 0..self.columns.min(MOST_COLUMNS);
        columns
            .map(|at| {
                let mut column = Column::new(name(at));
                for row in 0..self.rows {
                    match self.words.as_ref().and_then(|words| words(row, at)) {
                        Some(text) if text.is_empty() => column.add(Cell::Missing),
                        Some(text) => column.add(Cell::Text(&text)),
                        None => column.add(Cell::Number((self.at)(row, at))),
                    }
                }
                column
            })
            .collect()
    }
}

/// Points as they came from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct PointSet {
    /// The file, for messages.
    pub path: PathBuf,
    /// The points, in the file's order and its precision.
    pub points: Vec<[f64; 2]>,
    /// Their classes, where the file has a column of them.
    pub labels: Option<Labels>,
    /// How the file was read.
    pub taken: Taken,
}

impl PointSet {
    /// Refuses points that are infinite in single precision, in which networks compute.
    pub fn fits_single(&self) -> Result<(), DataError> {
        let beyond = |(row, point): (usize, &Point)| {
            let column = point.iter().position(|&x| !(x as f32).is_finite())?;
            let (path, value) = (self.path.clone(), point[column]);
            Some(DataError::Beyond { path, value, row: row + 1, column: column + 1 })
        };
        self.points.iter().enumerate().find_map(beyond).map_or(Ok(()), Err)
    }

    /// A digest of the points (SHA-256 of their bytes in single precision, in hexadecimal): two runs with the same one
    /// saw the same data. It is in the manifests of runs, and so stays as it is.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for value in self.points.as_flattened() {
            // In single precision, as it always was: a run that was begun then knows its data.
            hash.update((*value as f32).to_le_bytes());
        }
        hash.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }
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
    const FIRST: [&dyn Format; 5] = [&gzip::Gzip, &npy::Npy, &npz::Npz, &foreign::Hdf5, &mat::Mat];
    const LAST: [&dyn Format; 4] = [&octave::Octave, &arff::Arff, &mat::Mat4, &text::Table];
    let foreign = foreign::FOREIGN.iter().map(|foreign| foreign as &dyn Format);
    FIRST.into_iter().chain(foreign).chain(LAST)
}

/// Reads the points of `path`.
pub fn load(path: &Path, reading: &Reading) -> Result<PointSet, DataError> {
    let bytes = contents(path)?;
    let Loaded { points, labels, taken } = detect(path, &bytes)?.load(path, &bytes, reading)?;
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

/// Points out of a matrix: two columns or two rows of it.
fn matrix_points(
    path: &Path,
    name: &str,
    matrix: &Matrix<'_>,
    reading: &Reading,
    mut taken: Taken,
) -> Result<Loaded, DataError> {
    let (rows, columns) = (matrix.rows, matrix.columns);
    let not_points = |how: String| DataError::NotPoints {
        path: path.to_owned(),
        name: name.to_owned(),
        shape: format!("{rows} x {columns}"),
        how,
    };
    let plain = reading.columns.is_none() && matrix.names.is_none();
    if plain && (columns == 2 || rows == 2) {
        let points = take_points(path, name, matrix, [0, 1], columns != 2)?;
        return Ok(Loaded { points, labels: None, taken });
    }
    let survey = matrix.survey();
    let pick = match &reading.columns {
        Some(said) => columns::asked(said, &survey, columns)
            .map_err(|reason| unusable(path, format!("--columns {},{}: in '{name}' {reason}", said[0], said[1])))?,
        None if columns > MOST_COLUMNS => return Err(not_points(String::new())),
        None if columns < 2 => {
            return Err(not_points("; two vectors are taken together with --key x,y".to_owned()));
        }
        None => columns::obvious(&survey).map_err(|reason| not_points(format!("; {reason}")))?,
    };
    let points = take_points(path, name, matrix, pick.points, false)?;
    taken.columns = Some(pick.points.map(|at| columns::shown(&survey, at).trim_matches('\'').to_owned()));
    taken.notes.extend(pick.notes);
    let labels = pick.labels.map(|at| {
        let mut classes = text::Classes::new(survey[at].name.clone(), rows);
        for row in 0..rows {
            let word = matrix.words.as_ref().and_then(|words| words(row, at));
            classes.push(&word.unwrap_or_else(|| (matrix.at)(row, at).to_string()), DecimalMark::Point);
        }
        classes.labels()
    });
    Ok(Loaded { points, labels, taken })
}

/// Two columns of a matrix as points, or its two rows where it is `wide`.
fn take_points(
    path: &Path,
    name: &str,
    matrix: &Matrix<'_>,
    [x, y]: [usize; 2],
    wide: bool,
) -> Result<Vec<[f64; 2]>, DataError> {
    let count = if wide { matrix.columns } else { matrix.rows };
    if count > MOST_POINTS {
        return Err(DataError::TooMany { path: path.to_owned(), name: name.to_owned(), found: count });
    }
    let mut points = Vec::with_capacity(count);
    for row in 0..count {
        let pair = [x, y].map(|column| if wide { (matrix.at)(column, row) } else { (matrix.at)(row, column) });
        if let Some(at) = pair.iter().position(|value| !value.is_finite()) {
            let (path, name, column) = (path.to_owned(), name.to_owned(), [x, y][at] + 1);
            return Err(DataError::NotFinite { path, name, value: pair[at], row: row + 1, column });
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

/// `8192 x 2`.
fn show_shape(shape: &[u64]) -> String {
    shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" x ")
}

fn unusable(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::Unusable { path: path.to_owned(), reason: reason.into() }
}

fn at_line(path: &Path, line: usize, reason: impl Into<String>) -> DataError {
    DataError::Line { path: path.to_owned(), line, reason: reason.into() }
}

/// A key was given for a file whose data have no names.
fn no_names(path: &Path, format: &str, key: &str) -> DataError {
    let reason = format!("it is {format}, in which no variables have names; --columns chooses columns");
    DataError::Option { path: path.to_owned(), option: format!("--key {key}"), reason }
}

/// An option for text was given for something else.
fn no_text(path: &Path, format: &str, option: &str) -> DataError {
    let reason = format!("it is {format}, and {option} is for text tables such as CSV");
    DataError::Option { path: path.to_owned(), option: option.to_owned(), reason }
}

fn damaged(path: &Path, reason: impl Into<String>) -> DataError {
    DataError::Damaged { path: path.to_owned(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: usize, columns: usize, values: &[f64]) -> Matrix<'_> {
        Matrix::new(rows, columns, Box::new(move |row, column| values[row * columns + column]))
    }

    fn read(matrix: &Matrix<'_>, columns: Option<[&str; 2]>) -> Result<Loaded, String> {
        let columns = columns.map(|pair| pair.map(str::to_owned));
        let reading = Reading { columns, ..Reading::default() };
        let loaded = matrix_points(Path::new("p"), "xx", matrix, &reading, Taken::default());
        loaded.map_err(|error| error.to_string())
    }

    fn set(points: Vec<[f64; 2]>) -> PointSet {
        PointSet { path: "p".into(), points, labels: None, taken: Taken::default() }
    }

    #[test]
    fn two_columns_are_points_row_by_row_and_two_rows_column_by_column() {
        let tall = read(&matrix(3, 2, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]), None).unwrap().points;
        let wide = read(&matrix(2, 3, &[1.0, 3.0, 5.0, 2.0, 4.0, 6.0]), None).unwrap().points;
        assert_eq!(tall, [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        assert_eq!(tall, wide);
    }

    #[test]
    fn two_columns_of_several_are_chosen_or_found() {
        let values: Vec<f64> = (0..8).flat_map(|i| [f64::from(i) * 0.5, f64::from(i * i), f64::from(i % 2)]).collect();
        let three = matrix(8, 3, &values);
        let found = read(&three, None).unwrap();
        assert_eq!((found.points[3], found.points.len()), ([1.5, 9.0], 8));
        assert_eq!(found.labels.unwrap().classes, ["0", "1"]);
        assert!(found.taken.notes[0].contains("column 3 is kept as classes"), "{:?}", found.taken.notes);
        assert_eq!(read(&three, Some(["3", "1"])).unwrap().points[3..4], [[1.0, 1.5]]);
        assert!(read(&three, Some(["1", "4"])).err().unwrap().contains("no column 4"));
        let plain: Vec<f64> = (0..30).map(f64::from).collect();
        assert!(read(&matrix(10, 3, &plain), None).err().unwrap().contains("is 10 x 3"));
        assert!(read(&matrix(10, 3, &plain), None).err().unwrap().contains("--columns 1,2"));
        assert!(read(&matrix(10, 1, &plain), None).err().unwrap().contains("--key x,y"));
    }

    #[test]
    fn a_number_too_large_for_single_precision_is_refused_with_its_place_where_that_begins() {
        let points = read(&matrix(2, 2, &[1.0, 2.0, 3.0, 1e39]), None).unwrap().points;
        let error = set(points).fits_single().unwrap_err().to_string();
        assert!(error.contains("point 2, column 2"), "{error}");
    }

    #[test]
    fn double_precision_is_kept_until_then() {
        let point = [388_095.135, 1_700_000_000.123];
        let set = set(vec![point]);
        assert_eq!(set.points, [point]);
        assert!(set.fits_single().is_ok());
    }

    #[test]
    fn the_digest_follows_the_points() {
        let digest = |points: Vec<[f64; 2]>| set(points).digest();
        assert_eq!(digest(vec![[1.0, 2.0]]), digest(vec![[1.0, 2.0]]));
        assert_ne!(digest(vec![[1.0, 2.0]]), digest(vec![[2.0, 1.0]]));
        // SHA-256 of nothing.
        assert!(digest(vec![]).starts_with("e3b0c44298fc1c14"));
        // Of the bytes in single precision: sha256(struct.pack('<2f', 0.1, 2)).
        assert_eq!(digest(vec![[0.1, 2.0]]), "93fc7b7cae0a57351b0d24fbf6f0a5d34f72ba6865ced248abeac0799b53d0da");
    }

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
