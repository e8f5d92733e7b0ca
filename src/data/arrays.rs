//! Files that name their arrays: which of them, or which two vectors, are the points.

use std::path::Path;

use super::reading::{Reading, Taken};
use super::{DataError, Loaded, Matrix, Variable, matrix_points, no_text, show_shape, squeezed};

/// An array with fewer points than this is not guessed to be the points.
const FEWEST: u64 = 3;
/// More arrays than this are not listed in a message.
const MOST_LISTED: usize = 20;

/// The arrays of a file, by name. The fields of a struct have their path as their name: `data.xx`.
pub(super) trait Arrays {
    /// The array of real numbers of this name; None where there is none of the name.
    fn get(&self, name: &str) -> Result<Option<Matrix<'_>>, DataError>;

    /// All of them; with their numbers' range only if asked for, which takes reading all.
    fn list(&self, ranges: bool) -> Result<Vec<Variable>, DataError>;
}

/// Reads the points that `reading` means.
pub(super) fn load(path: &Path, format: &str, arrays: &dyn Arrays, reading: &Reading) -> Result<Loaded, DataError> {
    if let Some(option) = reading.text_option() {
        return Err(no_text(path, format, option));
    }
    let mut taken = Taken { format: format.to_owned(), ..Taken::default() };
    if let Some(matrix) = arrays.get(&reading.key)? {
        taken.variable = Some(reading.key.clone());
        return matrix_points(path, &reading.key, &matrix, reading, taken);
    }
    if let Some((x, y)) = reading.key.split_once(',') {
        let (x, y) = (x.trim(), y.trim());
        taken.variable = Some(format!("{x},{y}"));
        return vectors(path, arrays, [x, y], reading, taken);
    }
    let list = arrays.list(false)?;
    if !reading.is_default_key() {
        return Err(missing(path, &reading.key, &list));
    }
    if let Some(only) = only_fitting(&list) {
        let Some(matrix) = arrays.get(&only.name)? else { return Err(missing(path, &reading.key, &list)) };
        if list.len() > 1 || only.name != "(array)" {
            taken.notes.push(format!("'{}' is read, the only array that can be points (--key chooses)", only.name));
        }
        taken.variable = Some(only.name.clone());
        return matrix_points(path, &only.name, &matrix, reading, taken);
    }
    if let Some([x, y]) = axes(&list)
        && reading.columns.is_none()
    {
        taken.notes.push(format!("the vectors '{x}' and '{y}' are read as x and y (--key chooses)"));
        taken.variable = Some(format!("{x},{y}"));
        return vectors(path, arrays, [&x, &y], reading, taken);
    }
    Err(missing(path, &reading.key, &list))
}

fn missing(path: &Path, key: &str, list: &[Variable]) -> DataError {
    if list.is_empty() {
        return super::unusable(path, "it holds no arrays");
    }
    let words = |variable: &Variable| format!("{} ({} {})", variable.name, show_shape(&variable.shape), variable.kind);
    let mut available = list.iter().take(MOST_LISTED).map(words).collect::<Vec<_>>().join(", ");
    if list.len() > MOST_LISTED {
        available += &format!(", … {} in all", list.len());
    }
    DataError::MissingKey { path: path.to_owned(), key: key.to_owned(), available }
}

/// The one array that can be points: of two columns or rows; else of more columns, among which two may be found. What
/// lies in a struct counts only where nothing lies outside.
fn only_fitting(list: &[Variable]) -> Option<&Variable> {
    let two = |shape: &[u64]| matches!(shape, &[n, 2] | &[2, n] if n >= FEWEST);
    let more = |shape: &[u64]| matches!(shape, &[n, k] if k > 2 && n > k && n >= FEWEST);
    for fits in [&two as &dyn Fn(&[u64]) -> bool, &more] {
        for inside in [false, true] {
            let nested = |variable: &Variable| variable.name.contains('.');
            let mut found = list
                .iter()
                .filter(|variable| variable.real && nested(variable) == inside && fits(&squeezed(&variable.shape, 2)));
            match (found.next(), found.next()) {
                (None, _) => {}
                (Some(only), None) => return Some(only),
                (Some(_), Some(_)) => return None,
            }
        }
    }
    None
}

/// The names of two vectors that are called x and y and are equally long.
fn axes(list: &[Variable]) -> Option<[String; 2]> {
    let called = |name: &str| {
        let mut found = list.iter().filter(|variable| variable.real && variable.name.eq_ignore_ascii_case(name));
        let found = found.next().filter(|_| found.next().is_none())?;
        Some((found.name.clone(), length(&found.shape).filter(|&n| n >= FEWEST)?))
    };
    let (x, y) = called("x").zip(called("y"))?;
    (x.1 == y.1).then_some([x.0, y.0])
}

/// How long a vector of this shape is; None for what is no vector.
fn length(shape: &[u64]) -> Option<u64> {
    match *shape {
        [n] | [n, 1] | [1, n] => Some(n),
        _ => None,
    }
}

/// Points from two vectors.
fn vectors(
    path: &Path,
    arrays: &dyn Arrays,
    names: [&str; 2],
    reading: &Reading,
    taken: Taken,
) -> Result<Loaded, DataError> {
    if reading.columns.is_some() {
        return Err(DataError::Option {
            path: path.to_owned(),
            option: "--columns".to_owned(),
            reason: format!("the vectors {} and {} have no columns to choose from", names[0], names[1]),
        });
    }
    let vector = |name: &str| -> Result<Matrix<'_>, DataError> {
        let Some(matrix) = arrays.get(name)? else { return Err(missing(path, name, &arrays.list(false)?)) };
        if matrix.rows == 1 || matrix.columns == 1 {
            return Ok(matrix);
        }
        let shape = format!("{} x {}", matrix.rows, matrix.columns);
        Err(super::unusable(
            path,
            format!("'{name}' is {shape}, and with --key {},{} it must be a vector", names[0], names[1]),
        ))
    };
    let both = [vector(names[0])?, vector(names[1])?];
    let lengths = [&both[0], &both[1]].map(|vector| vector.rows * vector.columns);
    if lengths[0] != lengths[1] {
        let reason = format!("'{}' has {} numbers and '{}' has {}", names[0], lengths[0], names[1], lengths[1]);
        return Err(super::unusable(path, reason));
    }
    let [x, y] = both.map(|Matrix { rows, at, .. }| move |i: usize| if rows == 1 { at(0, i) } else { at(i, 0) });
    let at = move |row: usize, column: usize| if column == 0 { x(row) } else { y(row) };
    let matrix = Matrix::new(lengths[0], 2, Box::new(at));
    matrix_points(path, &names.join(","), &matrix, reading, taken)
}
