//! Numbers out of a scanned MAT file.

use std::path::Path;

use super::super::numbers::Numbers;
use super::super::{DataError, Matrix, Variable, damaged};
use super::scan::{Element, scan, show_shape};

/// Lists the file's variables.
pub(in super::super) fn variables(path: &Path, bytes: &[u8]) -> Result<Vec<Variable>, DataError> {
    let mut list = Vec::new();
    let mut visit = |element: Element<'_>| {
        let range = element.numbers().and_then(Numbers::range);
        list.push(Variable { kind: kind(&element), range, name: element.name, shape: element.shape });
    };
    scan(bytes, &mut visit).map_err(|reason| damaged(path, reason))?;
    Ok(list)
}

/// The names of the file's variables.
pub(in super::super) fn names(path: &Path, bytes: &[u8]) -> Result<Vec<String>, DataError> {
    let mut names = Vec::new();
    scan(bytes, &mut |element| names.push(element.name)).map_err(|reason| damaged(path, reason))?;
    Ok(names)
}

/// Reads the array called `key`.
pub(in super::super) fn read<'a>(path: &Path, bytes: &'a [u8], key: &str) -> Result<Matrix<'a>, DataError> {
    let (mut found, mut others) = (None, Vec::new());
    let mut visit = |element: Element<'a>| {
        if element.name == key && found.is_none() {
            found = Some(element);
        } else {
            others.push(format!("{} ({} {})", element.name, show_shape(&element.shape), kind(&element)));
        }
    };
    scan(bytes, &mut visit).map_err(|reason| damaged(path, reason))?;
    let (path_owned, name) = (path.to_owned(), key.to_owned());
    let Some(element) = found else {
        let available = if others.is_empty() { "none at all".into() } else { others.join(", ") };
        return Err(DataError::MissingKey { path: path_owned, key: name, available });
    };
    if element.numbers().is_none() {
        return Err(DataError::NotReal { path: path_owned, name, kind: kind(&element) });
    }
    let [rows, columns] = element.shape[..] else {
        return Err(DataError::NotPoints { path: path_owned, name, shape: show_shape(&element.shape) });
    };
    let (rows, columns) = (rows as usize, columns as usize);
    // MAT files go column by column.
    let at = move |row, column| element.numbers().map_or(f64::NAN, |numbers| numbers.get(column * rows + row));
    Ok(Matrix { rows, columns, at: Box::new(at) })
}

fn kind(element: &Element<'_>) -> String {
    match (element.logical, element.complex) {
        (true, _) => "logical".into(),
        (_, true) => format!("complex {}", element.class.name()),
        _ => element.class.name().into(),
    }
}
