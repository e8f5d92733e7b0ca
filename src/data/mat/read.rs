//! Numbers out of a scanned MAT file. The array that is wanted is read by `matfile`, which gets it in a file of its own:
//! [`super::scan`] has checked every size in it before. Ranges of the others are looked up where they lie.

use std::path::Path;

use matfile::{MatFile, NumericData};

use super::super::numbers::{Endian, Number, Numbers};
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
    let read = by_matfile(element).map_err(|reason| damaged(path, format!("'{key}': {reason}")))?;
    // MAT files go column by column.
    let at =
        move |row, column| read.arrays().first().map_or(f64::NAN, |array| number(array.data(), column * rows + row));
    Ok(Matrix { rows, columns, at: Box::new(at) })
}

/// The array, read by `matfile`.
fn by_matfile(element: Element<'_>) -> Result<MatFile, String> {
    let expected = element.shape.iter().product::<u64>() as usize;
    let file = lone_file(&element);
    // One copy of it is enough.
    drop(element);
    let read = MatFile::parse(&file[..]).map_err(|error| error.to_string())?;
    match read.arrays().first() {
        None if expected > 0 => Err("its numbers could not be read".into()),
        Some(array) if array.size().iter().product::<usize>() != expected => {
            Err("its numbers are not as many as its header says".into())
        }
        _ => Ok(read),
    }
}

fn number(data: &NumericData, at: usize) -> f64 {
    let found = match data {
        NumericData::Int8 { real, .. } => real.get(at).map(|&x| f64::from(x)),
        NumericData::UInt8 { real, .. } => real.get(at).map(|&x| f64::from(x)),
        NumericData::Int16 { real, .. } => real.get(at).map(|&x| f64::from(x)),
        NumericData::UInt16 { real, .. } => real.get(at).map(|&x| f64::from(x)),
        NumericData::Int32 { real, .. } => real.get(at).map(|&x| f64::from(x)),
        NumericData::UInt32 { real, .. } => real.get(at).map(|&x| f64::from(x)),
        NumericData::Int64 { real, .. } => real.get(at).map(|&x| x as f64),
        NumericData::UInt64 { real, .. } => real.get(at).map(|&x| x as f64),
        NumericData::Single { real, .. } => real.get(at).map(|&x| f64::from(x)),
        NumericData::Double { real, .. } => real.get(at).copied(),
    };
    found.unwrap_or(f64::NAN)
}

/// A file with this array alone, uncompressed.
///
/// MATLAB stores whole numbers of any class in the narrowest type that holds them. `matfile` 0.5 takes only some such
/// pairs of class and storage, and no int32 arrays at all; the class is therefore set to the one that it takes for this
/// storage, which leaves the numbers as they are.
fn lone_file(element: &Element<'_>) -> Vec<u8> {
    let class: u8 = match element.number {
        Some(Number::I8) => 8,
        Some(Number::U8) => 9,
        Some(Number::I16) => 10,
        Some(Number::U16) => 11,
        Some(Number::U32) => 13,
        Some(Number::F32) => 7,
        Some(Number::I64) => 14,
        Some(Number::U64) => 15,
        Some(Number::F64 | Number::I32) | None => 6,
    };
    let body = &element.body;
    let (version, mark, class_at, tag) = match element.endian {
        Endian::Little => ([0, 1], *b"IM", 8, [14_u32.to_le_bytes(), (body.len() as u32).to_le_bytes()]),
        Endian::Big => ([1, 0], *b"MI", 11, [14_u32.to_be_bytes(), (body.len() as u32).to_be_bytes()]),
    };
    let mut file = Vec::with_capacity(128 + 8 + body.len());
    file.resize(128, b' ');
    file[124..126].copy_from_slice(&version);
    file[126..128].copy_from_slice(&mark);
    file.extend(tag.concat());
    let start = file.len();
    file.extend_from_slice(body);
    if let Some(byte) = file.get_mut(start + class_at) {
        *byte = class;
    }
    file
}

fn kind(element: &Element<'_>) -> String {
    match (element.logical, element.complex) {
        (true, _) => "logical".into(),
        (_, true) => format!("complex {}", element.class.name()),
        _ => element.class.name().into(),
    }
}
