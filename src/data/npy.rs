//! NumPy's npy files: read as points, and the float32 arrays of a run directory.

use std::io;
use std::path::Path;

use npyz::{DType, NpyFile, Order, TypeChar, WriterBuilder as _};

use super::{DataError, Matrix, Variable, damaged, range};

/// A float32 array in C order.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Its shape.
    pub shape: Vec<u64>,
    /// Its values, the last axis fastest.
    pub values: Vec<f32>,
}

/// The bytes of an npy file that holds `values` (float32, little-endian, C order).
pub fn encode(shape: &[u64], values: &[f32]) -> Vec<u8> {
    let mut bytes = header(shape);
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    bytes
}

/// The bytes before the values of a float32 array of this shape: as many for every length of the first axis.
pub fn header(shape: &[u64]) -> Vec<u8> {
    let mut bytes = Vec::new();
    // '<f4' is npyz's own default for f32 on a little-endian machine; it is named so that any machine writes it.
    let dtype = DType::Plain("<f4".parse().unwrap_or_else(|_| unreachable!("'<f4' is a type string")));
    npyz::WriteOptions::new_header_only()
        .dtype(dtype)
        .shape(shape)
        .writer(&mut bytes)
        .write_header_only()
        .unwrap_or_else(|_| unreachable!("a vector takes every write"));
    bytes
}

/// Reads back what [`encode`] wrote; bytes after the array's end are let be.
pub fn decode(bytes: &[u8]) -> io::Result<Array> {
    check_header_length(bytes).map_err(invalid)?;
    let file = NpyFile::new(bytes)?;
    let shape = file.shape().to_vec();
    let needed = shape.iter().try_fold(4_u64, |product, &n| product.checked_mul(n));
    if file.order() != Order::C || needed.is_none_or(|needed| needed > bytes.len() as u64) {
        return Err(invalid("the shape in the header does not fit the file".into()));
    }
    let values = file.into_vec::<f32>()?;
    Ok(Array { shape, values })
}

/// The shape that the header of an npy file says, whose numbers need not be there.
pub fn shape(bytes: &[u8]) -> io::Result<Vec<u64>> {
    check_header_length(bytes).map_err(invalid)?;
    Ok(NpyFile::new(bytes)?.shape().to_vec())
}

pub(super) fn variable(path: &Path, bytes: &[u8]) -> Result<Variable, DataError> {
    let file = open(path, bytes)?;
    let (shape, kind) = (file.shape().to_vec(), kind(&file.dtype()));
    let range = read_values(file).and_then(|values| range(&values));
    Ok(Variable { name: "(array)".into(), kind, shape, range })
}

pub(super) fn read_matrix(path: &Path, bytes: &[u8]) -> Result<Matrix, DataError> {
    let file = open(path, bytes)?;
    let (shape, order, kind) = (file.shape().to_vec(), file.order(), kind(&file.dtype()));
    let name = "(array)".to_owned();
    let [rows, columns] = shape[..] else {
        let shape = format!("{}-dimensional", shape.len());
        return Err(DataError::NotPoints { path: path.to_owned(), name, shape });
    };
    let (rows, columns) = (rows as usize, columns as usize);
    let values = read_values(file).ok_or_else(|| DataError::NotReal { path: path.to_owned(), name, kind })?;
    let values = match order {
        Order::C => values,
        Order::Fortran => {
            (0..rows).flat_map(|r| (0..columns).map(move |c| (r, c))).map(|(r, c)| values[c * rows + r]).collect()
        }
    };
    Ok(Matrix { rows, columns, values })
}

/// The shape and numbers of an npy file of bytes, in C order.
#[cfg(feature = "torch")]
pub(super) fn read_bytes(path: &Path, bytes: &[u8]) -> Result<(Vec<u64>, Vec<u8>), DataError> {
    let file = open(path, bytes)?;
    let (shape, kind) = (file.shape().to_vec(), kind(&file.dtype()));
    let values = (file.order() == Order::C).then(|| file.into_vec::<u8>().ok()).flatten();
    let values = values.ok_or_else(|| damaged(path, format!("images are uint8 in C order; these are {kind}")))?;
    Ok((shape, values))
}

/// Reads the header and checks that what it promises is there.
fn open<'a>(path: &Path, bytes: &'a [u8]) -> Result<NpyFile<&'a [u8]>, DataError> {
    check_header_length(bytes).map_err(|reason| damaged(path, reason))?;
    let file = NpyFile::new(bytes).map_err(|error| damaged(path, error.to_string()))?;
    let item = file.dtype().num_bytes().unwrap_or(1) as u64;
    let needed = file.shape().iter().try_fold(item, |product, &n| product.checked_mul(n));
    // The header is part of the file, so what is left for the values is less than the whole.
    if needed.is_none_or(|needed| needed > bytes.len() as u64) {
        let reason = format!("its header promises {:?} values of {item} bytes, more than the file holds", file.shape());
        return Err(damaged(path, reason));
    }
    Ok(file)
}

/// A header's length is at bytes 8 to 11; the reader would take that much memory before looking further.
fn check_header_length(bytes: &[u8]) -> Result<(), String> {
    let length = match bytes.get(6) {
        Some(1) => bytes.get(8..10).map(|b| u64::from(u16::from_le_bytes([b[0], b[1]])) + 10),
        _ => bytes.get(8..12).map(|b| u64::from(u32::from_le_bytes([b[0], b[1], b[2], b[3]])) + 12),
    };
    match length {
        Some(length) if length <= bytes.len() as u64 => Ok(()),
        _ => Err("its header is cut short".into()),
    }
}

/// The values as doubles, in the file's own order; None where they are not real numbers or not all there.
fn read_values(file: NpyFile<&[u8]>) -> Option<Vec<f64>> {
    fn all<T: npyz::Deserialize>(file: NpyFile<&[u8]>, convert: fn(T) -> f64) -> Option<Vec<f64>> {
        Some(file.into_vec::<T>().ok()?.into_iter().map(convert).collect())
    }
    let DType::Plain(item) = file.dtype() else { return None };
    match (item.type_char(), item.size_field()) {
        (TypeChar::Float, 8) => all::<f64>(file, |x| x),
        (TypeChar::Float, 4) => all::<f32>(file, f64::from),
        (TypeChar::Int, 8) => all::<i64>(file, |x| x as f64),
        (TypeChar::Int, 4) => all::<i32>(file, f64::from),
        (TypeChar::Int, 2) => all::<i16>(file, f64::from),
        (TypeChar::Int, 1) => all::<i8>(file, f64::from),
        (TypeChar::Uint, 8) => all::<u64>(file, |x| x as f64),
        (TypeChar::Uint, 4) => all::<u32>(file, f64::from),
        (TypeChar::Uint, 2) => all::<u16>(file, f64::from),
        (TypeChar::Uint, 1) => all::<u8>(file, f64::from),
        _ => None,
    }
}

fn kind(dtype: &DType) -> String {
    let DType::Plain(item) = dtype else { return "a record array".into() };
    let bits = item.size_field().saturating_mul(8);
    match item.type_char() {
        TypeChar::Float => format!("float{bits}"),
        TypeChar::Int => format!("int{bits}"),
        TypeChar::Uint => format!("uint{bits}"),
        TypeChar::Complex => format!("complex{bits}"),
        TypeChar::Bool => "bool".into(),
        TypeChar::Object => "Python objects".into(),
        _ => format!("'{item}'"),
    }
}

fn invalid(reason: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_survive_and_the_header_keeps_its_length() {
        let values: Vec<f32> = (0..12).map(|i| i as f32 * 0.5).collect();
        let bytes = encode(&[3, 2, 2], &values);
        assert_eq!(decode(&bytes).unwrap(), Array { shape: vec![3, 2, 2], values });
        assert_eq!(header(&[0, 1192, 2]).len(), header(&[1_000_000_000, 1192, 2]).len());
    }

    #[test]
    fn bytes_after_the_array_are_let_be() {
        let mut bytes = encode(&[1, 2], &[1.0, 2.0]);
        bytes.extend([0; 7]);
        assert_eq!(decode(&bytes).unwrap().values, [1.0, 2.0]);
    }

    #[test]
    fn a_header_that_promises_too_much_is_refused_before_memory_is_taken() {
        let path = Path::new("h.npy");
        for shape in ["18446744073709551615, 18446744073709551615", "1099511627776, 2"] {
            let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}");
            let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
            bytes.extend(format!("{text:<117}\n").bytes());
            bytes.extend([0; 64]);
            assert!(read_matrix(path, &bytes).unwrap_err().to_string().contains("more than the file holds"));
            assert!(decode(&bytes).is_err());
        }
        let hostile = b"\x93NUMPY\x02\x00\xff\xff\xff\xff{'descr'".to_vec();
        assert!(read_matrix(path, &hostile).unwrap_err().to_string().contains("cut short"));
    }

    #[test]
    fn truncated_values_are_refused() {
        let bytes = encode(&[100, 2], &[0.5; 200]);
        for cut in [3, 9, 60, bytes.len() - 1] {
            assert!(read_matrix(Path::new("t.npy"), &bytes[..cut]).is_err(), "cut at {cut}");
        }
    }
}
