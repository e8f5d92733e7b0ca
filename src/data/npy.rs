//! NumPy's npy files: read as points, and the float32 arrays of a run directory.
//!
//! An npy file is a magic string, a version, the length of a header, the header, and the numbers. The header is the text
//! of a Python dictionary with three keys (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>);
//! `Header` reads that dictionary and no other Python, from left to right, each byte once.

use std::io::{self, Read};
use std::path::Path;

use super::numbers::{Endian, Number, Numbers};
use super::{DataError, Matrix, Variable, damaged};

const MAGIC: &[u8] = b"\x93NUMPY";
/// The numbers begin at a multiple of this.
const ALIGNMENT: usize = 64;

/// In how many bytes an array keeps a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// float32.
    Single,
    /// float64.
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
    let lengths = shape.iter().fold(String::new(), |text, length| text + &format!("{length}, "));
    let mut text = format!("{{'descr': '<f{}', 'fortran_order': False, 'shape': ({lengths}), }}", precision.size());
    // Magic, version and length are 10 bytes, the end of the line is one.
    let end = (10 + text.len() + 1).next_multiple_of(ALIGNMENT);
    text.extend(std::iter::repeat_n(' ', end - 10 - text.len() - 1));
    text.push('\n');
    [MAGIC, &[1, 0], &(text.len() as u16).to_le_bytes(), text.as_bytes()].concat()
}

/// Reads back what [`encode`] wrote; bytes after the array's end are ignored.
pub fn decode(bytes: &[u8]) -> io::Result<Array> {
    let invalid = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
    let (header, data) = open(bytes).map_err(invalid)?;
    let precision = header.precision().map_err(invalid)?;
    if header.fortran {
        return Err(invalid("its order is Fortran's, not C's".into()));
    }
    let values = header.numbers(data).map(|numbers| (0..numbers.len()).map(|i| numbers.get(i)).collect());
    Ok(Array { precision, shape: header.shape, values: values.unwrap_or_default() })
}

/// The precision and shape that the header of an npy file says, whose numbers need not be there.
pub fn layout(bytes: &[u8]) -> io::Result<(Precision, Vec<u64>)> {
    let invalid = |reason: String| io::Error::new(io::ErrorKind::InvalidData, reason);
    let header = Header::read(&mut &bytes[..]).map_err(invalid)?;
    Ok((header.precision().map_err(invalid)?, header.shape))
}

pub(super) fn variable(path: &Path, bytes: &[u8]) -> Result<Variable, DataError> {
    let (header, data) = open(bytes).map_err(|reason| damaged(path, reason))?;
    let range = header.numbers(data).and_then(Numbers::range);
    Ok(Variable { name: "(array)".into(), kind: header.kind.name(), shape: header.shape, range })
}

pub(super) fn read_matrix<'a>(path: &Path, bytes: &'a [u8]) -> Result<Matrix<'a>, DataError> {
    let (header, data) = open(bytes).map_err(|reason| damaged(path, reason))?;
    let name = "(array)".to_owned();
    let [rows, columns] = header.shape[..] else {
        let shape = format!("{}-dimensional", header.shape.len());
        return Err(DataError::NotPoints { path: path.to_owned(), name, shape });
    };
    let Some(numbers) = header.numbers(data) else {
        return Err(DataError::NotReal { path: path.to_owned(), name, kind: header.kind.name() });
    };
    let (rows, columns, fortran) = (rows as usize, columns as usize, header.fortran);
    let at = move |row, column| numbers.get(if fortran { column * rows + row } else { row * columns + column });
    Ok(Matrix { rows, columns, at: Box::new(at) })
}

/// Reads the header of an array of bytes in C order; gives its shape.
#[cfg(feature = "torch")]
pub(super) fn read_byte_header(path: &Path, reader: &mut impl Read) -> Result<Vec<u64>, DataError> {
    let header = Header::read(reader).map_err(|reason| damaged(path, reason))?;
    if header.fortran || !matches!(header.kind, Kind::Number(Number::U8, _)) {
        let order = if header.fortran { " in Fortran order" } else { "" };
        let kind = header.kind.name();
        return Err(damaged(path, format!("images are uint8 in C order; these are {kind}{order}")));
    }
    Ok(header.shape)
}

/// The header and the bytes of the numbers, which are all there.
fn open(bytes: &[u8]) -> Result<(Header, &[u8]), String> {
    let mut rest = bytes;
    let header = Header::read(&mut rest)?;
    let item = if let Kind::Number(number, _) = header.kind { number.size() as u64 } else { 1 };
    let needed = header.shape.iter().try_fold(item, |product, &n| product.checked_mul(n));
    match needed.and_then(|needed| rest.get(..usize::try_from(needed).ok()?)) {
        Some(data) => Ok((header, data)),
        None => Err(format!("its header promises {:?} values of {item} bytes, more than the file holds", header.shape)),
    }
}

/// What a header says.
#[derive(Clone, Debug, PartialEq)]
struct Header {
    kind: Kind,
    fortran: bool,
    shape: Vec<u64>,
}

/// The type of an array's items.
#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Number(Number, Endian),
    /// Items that are not read as numbers, with their name.
    Other(String),
}

impl Header {
    /// Reads all that stands before the numbers. No more memory is taken than there are bytes.
    fn read(reader: &mut impl Read) -> Result<Self, String> {
        let short = || "its header is cut short".to_owned();
        let mut bytes = |n: u64| {
            let mut bytes = Vec::new();
            reader.take(n).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
            if bytes.len() as u64 == n { Ok(bytes) } else { Err(short()) }
        };
        let start = bytes(8)?;
        if !start.starts_with(MAGIC) {
            return Err("it does not begin as an npy file".into());
        }
        let length = match start[6..] {
            [1, 0] => bytes(2)?.first_chunk().map(|&b| u64::from(u16::from_le_bytes(b))),
            [2 | 3, 0] => bytes(4)?.first_chunk().map(|&b| u64::from(u32::from_le_bytes(b))),
            _ => return Err(format!("its npy version is {}.{}; 1.0, 2.0 and 3.0 are known", start[6], start[7])),
        };
        let text = bytes(length.ok_or_else(short)?)?;
        let mut parser = Parser { text: &text, at: 0 };
        parser.header().ok_or_else(|| format!("its header is not as NumPy writes it, from byte {} on", parser.at))
    }

    /// What an array of a run directory keeps its numbers in.
    fn precision(&self) -> Result<Precision, String> {
        match self.kind {
            Kind::Number(Number::F32, _) => Ok(Precision::Single),
            Kind::Number(Number::F64, _) => Ok(Precision::Double),
            _ => Err(format!("it holds {}, not float32 or float64", self.kind.name())),
        }
    }

    fn numbers<'a>(&self, data: &'a [u8]) -> Option<Numbers<'a>> {
        match self.kind {
            Kind::Number(number, endian) => Some(Numbers::new(data, number, endian)),
            Kind::Other(_) => None,
        }
    }
}

impl Kind {
    /// The type of a string such as `<f8`: byte order, letter, bytes.
    fn parse(text: &str) -> Option<Self> {
        let order = text.chars().next()?;
        let item = text.trim_start_matches(['<', '>', '|', '=']);
        if !item.is_ascii() || text.len() - item.len() > 1 || item.is_empty() {
            return None;
        }
        let endian = match order {
            '>' => Endian::Big,
            '=' if cfg!(target_endian = "big") => Endian::Big,
            _ => Endian::Little,
        };
        let number = match item {
            "f8" => Number::F64,
            "f4" => Number::F32,
            "i8" => Number::I64,
            "i4" => Number::I32,
            "i2" => Number::I16,
            "i1" => Number::I8,
            "u8" => Number::U64,
            "u4" => Number::U32,
            "u2" => Number::U16,
            "u1" => Number::U8,
            _ => return Some(Self::Other(other_name(item, text))),
        };
        Some(Self::Number(number, endian))
    }

    /// The name for people, which is NumPy's.
    fn name(&self) -> String {
        let number = match self {
            Self::Number(number, _) => number,
            Self::Other(name) => return name.clone(),
        };
        let letters = match number {
            Number::F64 | Number::F32 => "float",
            Number::I64 | Number::I32 | Number::I16 | Number::I8 => "int",
            Number::U64 | Number::U32 | Number::U16 | Number::U8 => "uint",
        };
        format!("{letters}{}", 8 * number.size())
    }
}

/// The name of a type that is not read.
fn other_name(item: &str, text: &str) -> String {
    let (letter, size) = item.split_at(1);
    match (letter, size.parse::<u32>()) {
        ("f", Ok(bytes)) => format!("float{}", u64::from(bytes) * 8),
        ("c", Ok(bytes)) => format!("complex{}", u64::from(bytes) * 8),
        ("b", _) => "bool".into(),
        ("O", _) => "Python objects".into(),
        _ => format!("'{text}'"),
    }
}

/// Reads a header's dictionary: `{'descr': '<f8', 'fortran_order': False, 'shape': (10, 2), }`. A structured type, a list
/// in place of the string, is passed over without being looked into.
struct Parser<'a> {
    text: &'a [u8],
    at: usize,
}

impl Parser<'_> {
    fn header(&mut self) -> Option<Header> {
        let (mut kind, mut fortran, mut shape) = (None, None, None);
        self.token(b'{')?;
        while self.token(b'}').is_none() {
            let key = self.string()?;
            self.token(b':')?;
            let new = match key.as_str() {
                "descr" => kind.replace(self.kind()?).is_none(),
                "fortran_order" => fortran.replace(self.truth()?).is_none(),
                "shape" => shape.replace(self.shape()?).is_none(),
                _ => false,
            };
            let more = self.token(b',').is_some();
            if !new || !more && self.peek() != Some(b'}') {
                return None;
            }
        }
        if self.peek().is_some() {
            return None;
        }
        Some(Header { kind: kind?, fortran: fortran?, shape: shape? })
    }

    /// The next byte that is not a space.
    fn peek(&mut self) -> Option<u8> {
        while self.text.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    /// Takes a byte, after any space.
    fn token(&mut self, byte: u8) -> Option<()> {
        if self.peek()? != byte {
            return None;
        }
        self.at += 1;
        Some(())
    }

    /// Takes the bytes for which `holds`.
    fn run(&mut self, holds: impl Fn(u8) -> bool) -> &str {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|&byte| !holds(byte)).unwrap_or(rest.len());
        self.at += length;
        std::str::from_utf8(&rest[..length]).unwrap_or_default()
    }

    /// A string in either kind of quotes, without escapes.
    fn string(&mut self) -> Option<String> {
        let quote = self.peek().filter(|byte| matches!(byte, b'\'' | b'"'))?;
        self.at += 1;
        let text = self.run(|byte| byte != quote && byte != b'\\' && byte.is_ascii()).to_owned();
        let closed = self.text.get(self.at) == Some(&quote);
        self.at += 1;
        closed.then_some(text)
    }

    fn truth(&mut self) -> Option<bool> {
        self.peek()?;
        match self.run(|byte| byte.is_ascii_alphabetic()) {
            "True" => Some(true),
            "False" => Some(false),
            _ => None,
        }
    }

    fn shape(&mut self) -> Option<Vec<u64>> {
        let close = if self.token(b'(').is_some() {
            b')'
        } else {
            self.token(b'[')?;
            b']'
        };
        let mut shape = Vec::new();
        while self.token(close).is_none() {
            self.peek()?;
            shape.push(self.run(|byte| byte.is_ascii_digit()).parse().ok()?);
            // Python 2 wrote long integers with an L.
            let _ = self.token(b'L');
            if self.token(b',').is_none() && self.peek() != Some(close) {
                return None;
            }
        }
        Some(shape)
    }

    fn kind(&mut self) -> Option<Kind> {
        if self.peek()? != b'[' {
            return Kind::parse(&self.string()?);
        }
        self.pass_list()?;
        Some(Kind::Other("a record array".into()))
    }

    /// Passes over a list and what is nested in it.
    fn pass_list(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            let byte = *self.text.get(self.at)?;
            self.at += 1;
            match byte {
                b'[' => depth += 1,
                b']' if depth == 1 => return Some(()),
                b']' => depth -= 1,
                b'\'' | b'"' => self.pass_string(byte)?,
                _ => {}
            }
        }
    }

    /// Passes over the rest of a string.
    fn pass_string(&mut self, quote: u8) -> Option<()> {
        loop {
            let byte = *self.text.get(self.at)?;
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == quote {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn bytes_after_the_array_are_ignored() {
        let mut bytes = encode(Precision::Single, &[1, 2], &[1.0, 2.0]);
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
            assert!(read_matrix(path, &bytes).err().unwrap().to_string().contains("more than the file holds"));
            assert!(decode(&bytes).is_err());
        }
        let hostile = b"\x93NUMPY\x02\x00\xff\xff\xff\xff{'descr'".to_vec();
        assert!(read_matrix(path, &hostile).err().unwrap().to_string().contains("cut short"));
    }

    #[test]
    fn truncated_values_are_refused() {
        let bytes = encode(Precision::Single, &[100, 2], &[0.5; 200]);
        for cut in [3, 9, 60, bytes.len() - 1] {
            assert!(read_matrix(Path::new("t.npy"), &bytes[..cut]).is_err(), "cut at {cut}");
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
    fn structured_types_are_named_and_not_read() {
        for descr in ["[('x', '<f4'), ('y', '<f4')]", "[('a]', [('it\\'s', '<f4', (2, 2))]), (\"['\", '|O')]"] {
            let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (4, 2)}}");
            for file in files(&text) {
                assert_eq!(variable(Path::new("r.npy"), &file).unwrap().kind, "a record array");
                let message = read_matrix(Path::new("r.npy"), &file).err().unwrap().to_string();
                assert!(message.contains("is a record array"), "{message}");
            }
        }
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
