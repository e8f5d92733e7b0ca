//! NumPy's npy files: read as points, and the float32 arrays of a run directory.
//!
//! An npy file is a magic string, a version, the length of a header, the header (`header.rs`), and the numbers.

mod header;

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::numbers::{Number, Numbers};
use super::reading::{Reading, Taken};
use super::{DataError, Format, Loaded, Matrix, Variable, damaged, matrix_points, no_names, no_text, squeezed};

use header::{Header, Kind};

const MAGIC: &[u8] = b"\x93NUMPY";
/// The numbers begin at a multiple of this.
const ALIGNMENT: usize = 64;

/// In how many bytes an array keeps a number; by NumPy's names in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Precision {
    /// float32.
    #[serde(rename = "float32")]
    Single,
    /// float64.
    #[serde(rename = "float64")]
    Double,
}

impl Precision {
    /// Bytes of a number.
    pub const fn size(self) -> usize {
        match self {
            Self::Single => size_of::<f32>(),
            Self::Double => size_of::<f64>(),
        }
    }

    /// The number that is kept of `value`.
    pub fn kept(self, value: f64) -> f64 {
        match self {
            Self::Single => f64::from(value as f32),
            Self::Double => value,
        }
    }

    /// The bytes of numbers, little-endian.
    pub fn bytes(self, values: &[f64]) -> Vec<u8> {
        match self {
            Self::Single => values.iter().flat_map(|&value| (value as f32).to_le_bytes()).collect(),
            Self::Double => values.iter().flat_map(|value| value.to_le_bytes()).collect(),
        }
    }

    /// The numbers in bytes, little-endian; what is less than a number at their end is ignored.
    pub fn values(self, bytes: &[u8]) -> Vec<f64> {
        match self {
            Self::Single => bytes.as_chunks().0.iter().map(|&bytes| f64::from(f32::from_le_bytes(bytes))).collect(),
            Self::Double => bytes.as_chunks().0.iter().map(|&bytes| f64::from_le_bytes(bytes)).collect(),
        }
    }
}

/// An array of a run directory: float32 or float64, in C order.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// What it keeps its numbers in.
    pub precision: Precision,
    /// Its shape.
    pub shape: Vec<u64>,
    /// Its values, the last axis fastest.
    pub values: Vec<f64>,
}

/// The bytes of an npy file that holds `values` (little-endian, C order).
pub fn encode(precision: Precision, shape: &[u64], values: &[f64]) -> Vec<u8> {
    [header(precision, shape), precision.bytes(values)].concat()
}

/// The bytes before the values of an array of this shape, which has a few axes: as many for every length of the first axis.
pub fn header(precision: Precision, shape: &[u64]) -> Vec<u8> {
    header_of(&format!("<f{}", precision.size()), shape)
}

/// The same for values of another type, by NumPy's name for it.
pub fn header_of(descr: &str, shape: &[u64]) -> Vec<u8> {
    let lengths = shape.iter().fold(String::new(), |text, length| text + &format!("{length}, "));
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({lengths}), }}");
    // Magic, version and length are 10 bytes, the end of the line is one.
    let end = (10 + text.len() + 1).next_multiple_of(ALIGNMENT);
    text.extend(std::iter::repeat_n(' ', end - 10 - text.len() - 1));
    text.push('\n');
    [MAGIC, &[1, 0], &(text.len() as u16).to_le_bytes(), text.as_bytes()].concat()
}

/// Reads back what [`encode`] wrote; bytes after the array's end are ignored.
pub fn decode(bytes: &[u8]) -> io::Result<Array> {
    let invalid = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
    let (header, data) = open(bytes).map_err(|fault| invalid(fault.to_string()))?;
    let precision = header.precision().map_err(invalid)?;
    if header.fortran {
        return Err(invalid("its order is Fortran's, not C's".into()));
    }
    let values = header.numbers(&bytes[data]).map(|numbers| (0..numbers.len()).map(|i| numbers.get(i)).collect());
    Ok(Array { precision, shape: header.shape, values: values.unwrap_or_default() })
}

/// Reads an array of floating-point numbers as anybody may have written it: half, single or double precision, either byte order,
/// C's order or Fortran's; bytes after its end are ignored.
pub fn floats(bytes: &[u8]) -> io::Result<Array> {
    let invalid = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
    let (header, data) = open(bytes).map_err(|fault| invalid(fault.to_string()))?;
    let precision = match header.kind {
        Kind::Number(Number::F16 | Number::F32, _) => Precision::Single,
        Kind::Number(Number::F64, _) => Precision::Double,
        _ => return Err(invalid(format!("it holds {}, not floating-point numbers", header.kind.name()))),
    };
    let stored: Vec<f64> = header
        .numbers(&bytes[data])
        .map(|numbers| (0..numbers.len()).map(|i| numbers.get(i)).collect())
        .unwrap_or_default();
    let values = if header.fortran { in_c_order(&stored, &header.shape) } else { stored };
    Ok(Array { precision, shape: header.shape, values })
}

/// Values whose first axis is fastest, with the last axis fastest.
fn in_c_order(stored: &[f64], shape: &[u64]) -> Vec<f64> {
    let mut index = vec![0; shape.len()];
    let mut values = Vec::with_capacity(stored.len());
    for _ in 0..stored.len() {
        let at = index.iter().zip(shape).rev().fold(0, |at, (&i, &length)| at * length + i);
        values.push(stored[at as usize]);
        for (i, &length) in index.iter_mut().zip(shape).rev() {
            *i += 1;
            if *i < length {
                break;
            }
            *i = 0;
        }
    }
    values
}

/// The precision and shape that the header of an npy file says, whose numbers need not be there.
pub fn layout(bytes: &[u8]) -> io::Result<(Precision, Vec<u64>)> {
    let invalid = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
    let header = Header::read(&mut &bytes[..]).map_err(invalid)?;
    Ok((header.precision().map_err(invalid)?, header.shape))
}

/// npy files.
pub(super) struct Npy;

impl Format for Npy {
    fn name(&self) -> &'static str {
        "an npy file"
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(MAGIC)
    }

    fn load(&self, path: &Path, bytes: &[u8], reading: &Reading) -> Result<Loaded, DataError> {
        if !reading.is_default_key() {
            return Err(no_names(path, self.name(), &reading.key));
        }
        if let Some(option) = reading.text_option() {
            return Err(no_text(path, self.name(), option));
        }
        let matrix = read_matrix(path, ARRAY, Cow::Borrowed(bytes))?;
        let mut taken = Taken { format: self.name().to_owned(), ..Taken::default() };
        taken.notes.extend(beyond(bytes));
        matrix_points(path, ARRAY, &matrix, reading, taken)
    }

    fn list(&self, path: &Path, bytes: &[u8], _: &Reading) -> Result<Vec<Variable>, DataError> {
        let (header, data) = open(bytes).map_err(|fault| fault.of(path))?;
        let data = &bytes[data];
        let mut list = vec![header.variable(ARRAY, header.numbers(data).and_then(Numbers::range))];
        if let Kind::Record { fields, size } = &header.kind {
            list.extend(fields.iter().map(|field| {
                Variable {
                    name: field.name.clone(),
                    kind: field.kind.clone(),
                    shape: header.shape.clone(),
                    range: field.number.and_then(|(number, endian)| {
                        Numbers::within(data, number, endian, field.offset, *size).range()
                    }),
                    real: false,
                }
            }));
        }
        Ok(list)
    }
}

/// A word about what stands behind the array.
fn beyond(bytes: &[u8]) -> Option<String> {
    let (_, Range { end, .. }) = open(bytes).ok()?;
    let rest = bytes.get(end..).filter(|rest| !rest.is_empty())?;
    if !rest.starts_with(MAGIC) {
        return Some(format!("{} bytes after the array are left out", rest.len()));
    }
    let more = rest.windows(MAGIC.len()).filter(|window| *window == MAGIC).count();
    let (arrays, are) = if more == 1 { ("another array", "is") } else { ("more arrays", "are") };
    Some(format!("the file holds {arrays} after the first, which {are} left out; np.savez keeps several by name"))
}

/// What an array without a name is called.
const ARRAY: &str = "(array)";

/// Reads an array of numbers with one or two axes, or of records with one; further axes may have the length 1, as those of
/// OpenCV's contours.
pub(super) fn read_matrix<'a>(path: &Path, name: &str, bytes: Cow<'a, [u8]>) -> Result<Matrix<'a>, DataError> {
    let (header, Range { start, end }) = open(&bytes).map_err(|fault| fault.of(path))?;
    let name = name.to_owned();
    let shape = match (&squeezed(&header.shape, header.axes())[..], &header.kind) {
        (&[rows, columns], Kind::Number(..)) => Some((rows, columns)),
        (&[rows], Kind::Record { fields, .. }) => Some((rows, fields.len() as u64)),
        (&[rows], Kind::Number(..)) => Some((rows, 1)),
        _ => None,
    };
    let (rows, columns) = match (shape, &header.kind) {
        (_, Kind::Other(kind)) => {
            return Err(DataError::NotReal { path: path.to_owned(), name, kind: kind.clone() });
        }
        (Some((rows, columns)), _) => (rows as usize, columns as usize),
        (None, kind) => {
            let what = if matches!(kind, Kind::Record { .. }) { " array of records" } else { "" };
            let shape = format!("{}-dimensional{what}", header.shape.len());
            return Err(DataError::NotPoints { path: path.to_owned(), name, shape, how: String::new() });
        }
    };
    let fortran = header.fortran;
    match header.kind {
        Kind::Number(number, endian) => {
            let at = move |row, column| {
                let numbers = Numbers::new(&bytes[start..end], number, endian);
                numbers.get(if fortran { column * rows + row } else { row * columns + column })
            };
            Ok(Matrix::new(rows, columns, Box::new(at)))
        }
        Kind::Record { fields, size } => {
            let names = fields.iter().map(|field| field.name.clone()).collect();
            let (bytes, fields) = (Rc::new(bytes), Rc::new(fields));
            let (text_bytes, text_fields) = (bytes.clone(), fields.clone());
            let words = move |row: usize, column: usize| {
                let field = &text_fields[column];
                let text = field.text?;
                let at = start + row * size + field.offset;
                Some(text.read(text_bytes.get(at..at + field.size)?))
            };
            let at = move |row: usize, column: usize| {
                let field = &fields[column];
                let Some((number, endian)) = field.number else { return f64::NAN };
                Numbers::within(&bytes[start..end], number, endian, field.offset, size).get(row)
            };
            let matrix = Matrix::new(rows, columns, Box::new(at));
            Ok(Matrix { names: Some(names), words: Some(Box::new(words)), ..matrix })
        }
        Kind::Other(kind) => Err(DataError::NotReal { path: path.to_owned(), name, kind }),
    }
}

/// The array that a header tells of, whose numbers are not looked at.
pub(super) fn variable_of(path: &Path, name: &str, reader: &mut impl Read) -> Result<Variable, DataError> {
    let header = Header::read(reader).map_err(|reason| damaged(path, format!("'{name}': {reason}")))?;
    Ok(header.variable(name, None))
}

/// What the header of an array of numbers says.
#[cfg(feature = "torch")]
#[derive(Clone, Debug)]
pub(super) struct Heading {
    pub(super) number: super::numbers::Number,
    pub(super) endian: super::numbers::Endian,
    /// Whether the numbers are NumPy's bool, of which each is 0 or 1.
    pub(super) is_bool: bool,
    /// Whether the first axis is the fastest.
    pub(super) fortran: bool,
    pub(super) shape: Vec<u64>,
    /// The type's name.
    pub(super) kind: String,
}

/// Reads the header of an array of numbers, up to the first of them; the reason where it is another.
#[cfg(feature = "torch")]
pub(super) fn heading(reader: &mut impl Read) -> Result<Heading, Fault> {
    let Header { kind, fortran, shape } = Header::read(reader).map_err(Fault::Damaged)?;
    let name = kind.name();
    let (number, endian) = match kind {
        Kind::Number(number, endian) => (number, endian),
        Kind::Other(name) if name == "bool" => (super::numbers::Number::U8, super::numbers::Endian::Little),
        _ => return Err(Fault::Kind(format!("it holds {name}; images are arrays of whole or real numbers"))),
    };
    Ok(Heading { number, endian, is_bool: name == "bool", fortran, shape, kind: name })
}

/// What is wrong with a file.
#[derive(Debug)]
pub(super) enum Fault {
    /// It is no npy file as NumPy writes them.
    Damaged(String),
    /// Its values are not all there.
    Short(String),
    /// It is sound, and its values are none that are read.
    #[cfg(feature = "torch")]
    Kind(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged(reason) | Self::Short(reason) => f.write_str(reason),
            #[cfg(feature = "torch")]
            Self::Kind(reason) => f.write_str(reason),
        }
    }
}

impl Fault {
    pub(super) fn of(self, path: &Path) -> DataError {
        match self {
            #[cfg(feature = "torch")]
            Self::Kind(reason) => super::no_images(path, reason),
            Self::Damaged(reason) => damaged(path, reason),
            Self::Short(reason) => DataError::CutShort { path: path.to_owned(), reason },
        }
    }
}

/// The header, and where the numbers lie, which are all there.
fn open(bytes: &[u8]) -> Result<(Header, Range<usize>), Fault> {
    let mut rest = bytes;
    let header = Header::read(&mut rest).map_err(Fault::Damaged)?;
    let needed = header.size();
    if let Some(data) = needed.and_then(|needed| rest.get(..usize::try_from(needed).ok()?)) {
        let start = bytes.len() - rest.len();
        return Ok((header, start..start + data.len()));
    }
    let promised = needed.map_or_else(|| "more".to_owned(), |needed| needed.to_string());
    Err(Fault::Short(format!(
        "its header promises {:?} values of {} bytes, more than the file holds: {} of {promised} bytes of values are \
         there",
        header.shape,
        header.item(),
        rest.len(),
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(bytes: &[u8]) -> Result<Matrix<'_>, DataError> {
        read_matrix(Path::new("h.npy"), ARRAY, Cow::Borrowed(bytes))
    }

    fn points(bytes: &[u8]) -> Result<Loaded, String> {
        Npy.load(Path::new("h.npy"), bytes, &Reading::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn arrays_survive_and_the_header_keeps_its_length() {
        for precision in [Precision::Single, Precision::Double] {
            let values: Vec<f64> = (0..12).map(|i| precision.kept(f64::from(i) / 3.0)).collect();
            let bytes = encode(precision, &[3, 2, 2], &values);
            assert_eq!(decode(&bytes).unwrap(), Array { precision, shape: vec![3, 2, 2], values });
            let header = |frames| header(precision, &[frames, 1192, 2]);
            assert_eq!(header(0).len(), header(1_000_000_000).len());
        }
    }

    #[test]
    fn floating_point_numbers_are_read_in_every_precision_and_order() {
        let written = |descr: &str, order: &str, bytes: Vec<u8>| {
            let text = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': (2, 3)}}");
            [MAGIC, &[1, 0], &(text.len() as u16).to_le_bytes(), text.as_bytes(), &bytes].concat()
        };
        let rows = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let columns = [1.0, 4.0, 2.0, 5.0, 3.0, 6.0];
        for bytes in [
            written("<f8", "False", rows.iter().flat_map(|x: &f64| x.to_le_bytes()).collect()),
            written(">f4", "False", rows.iter().flat_map(|&x| (x as f32).to_be_bytes()).collect()),
            written("<f4", "True", columns.iter().flat_map(|&x: &f64| (x as f32).to_le_bytes()).collect()),
            written("<f2", "True", columns.iter().flat_map(|&x| half::f16::from_f64(x).to_le_bytes()).collect()),
        ] {
            let array = floats(&bytes).unwrap();
            assert_eq!((array.shape, array.values), (vec![2, 3], rows.to_vec()));
        }
        let whole = written("<i4", "False", vec![0; 24]);
        assert!(floats(&whole).unwrap_err().to_string().contains("int32"));
        // 2 by 3 by 2, by NumPy: np.arange(12.).reshape(2, 3, 2) in Fortran's order.
        let stored = [0.0, 6.0, 2.0, 8.0, 4.0, 10.0, 1.0, 7.0, 3.0, 9.0, 5.0, 11.0];
        assert_eq!(in_c_order(&stored, &[2, 3, 2]), (0..12).map(f64::from).collect::<Vec<_>>());
        assert!(in_c_order(&[], &[0, 3]).is_empty());
    }

    #[test]
    fn headers_are_written_as_they_always_were() {
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2, ), }";
        let expected = [b"\x93NUMPY\x01\x00\x76\x00", format!("{text:<117}\n").as_bytes()].concat();
        assert_eq!(header(Precision::Single, &[3, 2]), expected);
        // Where the text alone would fill a line of 64 bytes, there is another.
        for axes in 0..40 {
            let bytes = header(Precision::Single, &vec![7; axes]);
            assert!(bytes.len().is_multiple_of(64) && bytes.ends_with(b"\n"), "{axes}");
            assert_eq!(Header::read(&mut &bytes[..]).unwrap().shape, vec![7; axes]);
        }
    }

    #[test]
    fn axes_of_length_1_are_left_out() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let expected = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]];
        for shape in [&[3, 1, 2][..], &[1, 3, 2], &[3, 2, 1], &[1, 3, 1, 2]] {
            let loaded = points(&encode(Precision::Single, shape, &values)).unwrap();
            assert_eq!(loaded.points, expected, "{shape:?}");
            let list = Npy.list(Path::new("h.npy"), &encode(Precision::Single, shape, &values), &Reading::default());
            assert!(list.unwrap()[0].real, "{shape:?}");
        }
        for shape in [&[3, 2, 1, 2][..], &[1, 1, 1], &[]] {
            let message = points(&encode(Precision::Single, shape, &[0.5; 12])).unwrap_err();
            assert!(message.contains("dimensional"), "{message}");
        }
    }

    #[test]
    fn bytes_after_the_array_are_ignored() {
        let mut bytes = encode(Precision::Single, &[1, 2], &[1.0, 2.0]);
        bytes.extend([0; 7]);
        assert_eq!(decode(&bytes).unwrap().values, [1.0, 2.0]);
    }

    #[test]
    fn a_header_that_promises_too_much_is_refused_before_memory_is_taken() {
        for shape in ["18446744073709551615, 18446744073709551615", "1099511627776, 2"] {
            let text = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}");
            let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
            bytes.extend(format!("{text:<117}\n").bytes());
            bytes.extend([0; 64]);
            assert!(matrix(&bytes).err().unwrap().to_string().contains("more than the file holds"));
            assert!(decode(&bytes).is_err());
        }
        let hostile = b"\x93NUMPY\x02\x00\xff\xff\xff\xff{'descr'".to_vec();
        assert!(matrix(&hostile).err().unwrap().to_string().contains("cut short"));
    }

    #[test]
    fn truncated_values_are_refused() {
        let bytes = encode(Precision::Single, &[100, 2], &[0.5; 200]);
        for cut in [3, 9, 60, bytes.len() - 1] {
            assert!(matrix(&bytes[..cut]).is_err(), "cut at {cut}");
        }
    }

    /// A file with this header, in each of the three versions, with 64 bytes of numbers.
    fn files(text: &str) -> [Vec<u8>; 3] {
        [1, 2, 3].map(|version| {
            let mut bytes = [MAGIC, &[version, 0]].concat();
            match version {
                1 => bytes.extend((text.len() as u16).to_le_bytes()),
                _ => bytes.extend((text.len() as u32).to_le_bytes()),
            }
            bytes.extend(text.bytes());
            bytes.extend([0; 64]);
            bytes
        })
    }

    #[test]
    fn headers_are_read_in_every_version_and_spelling() {
        for text in [
            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n",
            "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<f4\"}",
            " { 'fortran_order' : False , 'shape' : [ 2L , 3L ] , 'descr' : '<f4' , } ",
        ] {
            for file in files(text) {
                let precision = Precision::Single;
                assert_eq!(
                    decode(&file).unwrap(),
                    Array { precision, shape: vec![2, 3], values: vec![0.0; 6] },
                    "{text}"
                );
            }
        }
        let shape = |text: &str| {
            let text = format!("{{'descr': '|u1', 'fortran_order': True, 'shape': {text}}}");
            files(&text).map(|file| open(&file).map(|(header, _)| header.shape).ok())[0].clone()
        };
        assert_eq!(shape("()"), Some(vec![]));
        assert_eq!(shape("(5,)"), Some(vec![5]));
        assert_eq!(shape("(5)"), Some(vec![5]));
        for wrong in ["(5", "(,)", "(-1,)", "(1 2)", "(18446744073709551616,)", "5", "((5,),)", "(5.0,)", "None"] {
            assert_eq!(shape(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn other_dictionaries_are_refused() {
        let sound = "'descr': '<f4', 'fortran_order': False, 'shape': (2,)";
        for wrong in [
            String::new(),
            "{}".into(),
            "{'descr': '<f4', 'fortran_order': False}".into(),
            format!("{{{sound}"),
            format!("{{{sound}}} + 1"),
            format!("{{{sound}, 'more': 1}}"),
            format!("{{{sound}, 'shape': (3,)}}"),
            format!("{{{sound},,}}"),
            sound.replace(", 'f", " 'f"),
            sound.replace("False", "0"),
            sound.replace("<f4", "<f4\\x00"),
            sound.replace("'<f4'", "'<f4"),
            sound.replace("'<f4'", "<f4"),
            sound.replace("<f4", ""),
            sound.replace("<f4", "<<f4"),
        ] {
            for file in files(&wrong) {
                assert!(decode(&file).is_err(), "{wrong}");
            }
        }
    }

    #[test]
    fn structured_types_that_are_no_table_are_named_and_not_read() {
        for descr in [
            "[('a]', [('it\\'s', '<f4', (2, 2))]), (\"['\", '|O')]",
            "[('x', '<f4', (2,))]",
            "[('x', '|O')]",
            "[('x', '<U0')]",
            "[]",
        ] {
            let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (4,)}}");
            for file in files(&text) {
                assert_eq!(Npy.list(Path::new("r.npy"), &file, &Reading::default()).unwrap()[0].kind, "a record array");
                let message = matrix(&file).err().unwrap().to_string();
                assert!(message.contains("is a record array"), "{message}");
            }
        }
    }

    /// A version 1 file.
    fn file(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
        let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
        [MAGIC, &[1, 0], &(text.len() as u16).to_le_bytes(), text.as_bytes(), values].concat()
    }

    #[test]
    fn halves_are_read_exactly() {
        let values: Vec<u8> = [0x3c00_u16, 0xb800, 0x0001, 0x7bff].iter().flat_map(|x| x.to_le_bytes()).collect();
        let loaded = points(&file("'<f2'", "(2, 2)", &values)).unwrap();
        assert_eq!(loaded.points, [[1.0, -0.5], [2.0_f64.powi(-24), 65504.0]]);
        let infinite: Vec<u8> = [0x3c00_u16, 0x7c00].iter().flat_map(|x| x.to_le_bytes()).collect();
        assert!(points(&file("'<f2'", "(1, 2)", &infinite)).unwrap_err().contains("row 1, column 2"));
    }

    #[test]
    fn records_are_tables_with_named_columns() {
        // As DataFrame.to_records makes them: an index, two coordinates, and a text.
        let descr = "[('index', '<i8'), ('x', '<f8'), ('y', '>f4'), ('label', '<U2'), ('', '|V2')]";
        let mut values = Vec::new();
        for i in 0..6_i64 {
            values.extend(i.to_le_bytes());
            values.extend((i as f64 + 0.5).to_le_bytes());
            values.extend((-i as f32).to_be_bytes());
            values.extend(
                [if i % 2 == 0 { u32::from('a') } else { u32::from('é') }, 0].iter().flat_map(|c| c.to_le_bytes()),
            );
            values.extend([9, 9]);
        }
        let bytes = file(descr, "(6,)", &values);
        let loaded = points(&bytes).unwrap();
        assert_eq!(loaded.points[..2], [[0.5, 0.0], [1.5, -1.0]]);
        let labels = loaded.labels.unwrap();
        assert_eq!((labels.classes, labels.of), (vec!["a".to_owned(), "é".to_owned()], vec![0, 1, 0, 1, 0, 1]));
        assert_eq!(loaded.taken.columns.unwrap(), ["x", "y"]);
        let reading = Reading { columns: Some(["y".into(), "index".into()]), ..Reading::default() };
        let loaded = Npy.load(Path::new("r.npy"), &bytes, &reading).unwrap();
        assert_eq!(loaded.points[5..], [[-5.0, 5.0]]);
        assert!(points(&bytes[..bytes.len() - 1]).unwrap_err().contains("179 of 180 bytes"));
        let two = file("[('u', '<f4'), ('v', '<f4')]", "(3,)", &[0; 24]);
        assert_eq!(points(&two).unwrap().points.len(), 3);
        assert!(
            points(&file("[('u', '<f4'), ('v', '<f4')]", "(3, 2)", &[0; 48])).unwrap_err().contains("2-dimensional")
        );
        assert!(points(&file("[('u', '<f4'), ('v', '<U9223372036854775807')]", "(3,)", &[0; 48])).is_err());
    }

    #[test]
    fn options_that_say_nothing_of_an_array_are_refused() {
        let bytes = encode(Precision::Single, &[3, 2], &[0.5; 6]);
        let refused = |reading: Reading| Npy.load(Path::new("h.npy"), &bytes, &reading).err().unwrap().to_string();
        assert!(refused(Reading::of("yy")).contains("--key"));
        let reading = Reading { heading: Some(crate::config::Heading::Yes), ..Reading::default() };
        assert!(refused(reading).contains("--heading"));
        let reading = Reading { columns: Some(["x".into(), "y".into()]), ..Reading::default() };
        assert!(refused(reading).contains("have no names"));
    }

    #[test]
    fn a_million_brackets_take_no_time() {
        for bracket in ["[", "(", "{", "[(", "'"] {
            for text in [
                bracket.repeat(1_000_000),
                format!("{{'descr': {}", bracket.repeat(1_000_000)),
                format!("{{'shape': {}", bracket.repeat(1_000_000)),
            ] {
                assert!(decode(&files(&text)[1]).is_err());
            }
        }
    }
}
