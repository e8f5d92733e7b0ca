//! Arrays of numbers, and the points that are two of their columns or rows.

use std::path::Path;

use super::columns::{self, Cell, Column, MOST_COLUMNS};
use super::reading::{Reading, Taken};
use super::{DataError, Loaded, MOST_POINTS, text, unusable};
use crate::config::DecimalMark;

/// The number in a row and column.
pub(super) type At<'a> = Box<dyn Fn(usize, usize) -> f64 + 'a>;
/// The text in a row and column, where there is text.
pub(super) type Words<'a> = Box<dyn Fn(usize, usize) -> Option<String> + 'a>;

/// A two-dimensional array of real numbers, which stay as their file has them until they are asked for.
pub(super) struct Matrix<'a> {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// The columns' names, where they have names.
    pub(super) names: Option<Vec<String>>,
    pub(super) at: At<'a>,
    pub(super) words: Option<Words<'a>>,
}

impl<'a> Matrix<'a> {
    pub(super) fn new(rows: usize, columns: usize, at: At<'a>) -> Self {
        Self { rows, columns, names: None, at, words: None }
    }

    /// The smallest and the largest number.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
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

/// Points out of a matrix: two columns or two rows of it.
pub(super) fn matrix_points(
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
            // The only array of an npy file has no name to choose it by.
            let how = if name.starts_with('(') {
                "; np.column_stack((x, y)) puts two vectors together"
            } else {
                "; two vectors are taken together with --key x,y"
            };
            return Err(not_points(how.to_owned()));
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
pub(super) fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
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

/// The shape of an array of more than so many axes without those of length 1.
pub(super) fn squeezed(shape: &[u64], axes: usize) -> Vec<u64> {
    let is_long = shape.len() > axes;
    shape.iter().copied().filter(|&length| !is_long || length != 1).collect()
}

/// `8192 x 2`.
pub(super) fn show_shape(shape: &[u64]) -> String {
    shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" x ")
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
}
