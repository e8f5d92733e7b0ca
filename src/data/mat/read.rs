//! Numbers out of a scanned MAT file, by `matfile`.

use std::path::Path;

use matfile::{MatFile, NumericData};

use super::super::{DataError, Matrix, Variable, damaged, range};
use super::scan::{Element, Endian, Scan, scan, show_shape};

/// Lists the file's variables.
pub(in super::super) fn variables(path: &Path, bytes: &[u8]) -> Result<Vec<Variable>, DataError> {
    let scan = scan(bytes).map_err(|reason| damaged(path, reason))?;
    let list = scan.elements.iter().map(|element| Variable {
        name: element.name.clone(),
        kind: kind(element),
        shape: element.shape.clone(),
        range: numbers(element, scan.endian).ok().and_then(|values| range(&values)),
    });
    Ok(list.collect())
}

/// Reads the array called `key`.
pub(in super::super) fn read(path: &Path, bytes: &[u8], key: &str) -> Result<Matrix, DataError> {
    let scan = scan(bytes).map_err(|reason| damaged(path, reason))?;
    let element = find(path, &scan, key)?;
    let (path_owned, name) = (path.to_owned(), key.to_owned());
    let [rows, columns] = element.shape[..] else {
        return Err(DataError::NotPoints { path: path_owned, name, shape: show_shape(&element.shape) });
    };
    let values = numbers(element, scan.endian).map_err(|reason| damaged(path, format!("'{key}': {reason}")))?;
    // MAT files go column by column.
    let (rows, columns) = (rows as usize, columns as usize);
    let values = (0..rows).flat_map(|r| (0..columns).map(move |c| c * rows + r)).map(|i| values[i]).collect();
    Ok(Matrix { rows, columns, values })
}

fn find<'a>(path: &Path, scan: &'a Scan, key: &str) -> Result<&'a Element, DataError> {
    let Some(element) = scan.elements.iter().find(|element| element.name == key) else {
        let listed = |e: &Element| format!("{} ({} {})", e.name, show_shape(&e.shape), kind(e));
        let names: Vec<_> = scan.elements.iter().map(listed).collect();
        let available = if names.is_empty() { "none at all".into() } else { names.join(", ") };
        return Err(DataError::MissingKey { path: path.to_owned(), key: key.to_owned(), available });
    };
    if !element.class.is_numeric() || element.complex {
        return Err(DataError::NotReal { path: path.to_owned(), name: key.to_owned(), kind: kind(element) });
    }
    Ok(element)
}

fn kind(element: &Element) -> String {
    match (element.logical, element.complex) {
        (true, _) => "logical".into(),
        (_, true) => format!("complex {}", element.class.name()),
        _ => element.class.name().into(),
    }
}

/// The real numbers of an array, in the file's order (column by column).
fn numbers(element: &Element, endian: Endian) -> Result<Vec<f64>, String> {
    let storage = element.storage.filter(|_| !element.complex).ok_or("not an array of real numbers")?;
    if element.shape.contains(&0) {
        return Ok(Vec::new());
    }
    let file = lone_file(element, storage, endian)?;
    let parsed = MatFile::parse(&file[..]).map_err(|error| error.to_string())?;
    let array = parsed.arrays().first().ok_or("its numbers could not be read")?;
    Ok(match array.data() {
        NumericData::Int8 { real, .. } => real.iter().map(|&x| f64::from(x)).collect(),
        NumericData::UInt8 { real, .. } => real.iter().map(|&x| f64::from(x)).collect(),
        NumericData::Int16 { real, .. } => real.iter().map(|&x| f64::from(x)).collect(),
        NumericData::UInt16 { real, .. } => real.iter().map(|&x| f64::from(x)).collect(),
        NumericData::Int32 { real, .. } => real.iter().map(|&x| f64::from(x)).collect(),
        NumericData::UInt32 { real, .. } => real.iter().map(|&x| f64::from(x)).collect(),
        NumericData::Int64 { real, .. } => real.iter().map(|&x| x as f64).collect(),
        NumericData::UInt64 { real, .. } => real.iter().map(|&x| x as f64).collect(),
        NumericData::Single { real, .. } => real.iter().map(|&x| f64::from(x)).collect(),
        NumericData::Double { real, .. } => real.clone(),
    })
}

/// A file with this array alone, uncompressed, for `matfile`.
///
/// MATLAB stores whole numbers of any class in the narrowest type that holds them. `matfile` 0.5 takes only some
/// such pairs of class and storage, and no int32 arrays at all; the class is therefore set to the one that it takes
/// for this storage, which leaves the numbers as they are.
fn lone_file(element: &Element, storage: u32, endian: Endian) -> Result<Vec<u8>, String> {
    let class: u8 = match storage {
        1 => 8,
        2 => 9,
        3 => 10,
        4 => 11,
        5 | 9 => 6,
        6 => 13,
        7 => 7,
        12 => 14,
        13 => 15,
        other => return Err(format!("stored as type {other}, which holds no numbers")),
    };
    let mut file = vec![b' '; 128];
    let (version, mark, class_at, tag) = match endian {
        Endian::Little => ([0, 1], *b"IM", 8, [14_u32.to_le_bytes(), (element.body.len() as u32).to_le_bytes()]),
        Endian::Big => ([1, 0], *b"MI", 11, [14_u32.to_be_bytes(), (element.body.len() as u32).to_be_bytes()]),
    };
    file[124..126].copy_from_slice(&version);
    file[126..128].copy_from_slice(&mark);
    file.extend(tag.concat());
    let body = file.len();
    file.extend(&element.body);
    // The flags' tag takes 8 bytes of the body; the class is the flags' lowest byte.
    *file.get_mut(body + class_at).ok_or("its array flags are cut short")? = class;
    Ok(file)
}
