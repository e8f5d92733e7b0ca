//! Where a tensor's numbers are, and how they are read from there.

use std::io::{self, Read as _};

use flate2::read::DeflateDecoder;
use half::{bf16, f16};

use super::super::bytes::{Bytes, Span};

/// A number's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::checkpoint) enum Element {
    F64,
    F32,
    F16,
    BF16,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
    Bool,
    C64,
    C128,
    /// Of this many bytes each; not read.
    Other(&'static str, u64),
}

/// Names of PyTorch's storages, of its types, and NumPy's letters.
const ELEMENTS: [(&str, &str, &str, Element); 19] = [
    ("DoubleStorage", "float64", "f8", Element::F64),
    ("FloatStorage", "float32", "f4", Element::F32),
    ("HalfStorage", "float16", "f2", Element::F16),
    ("BFloat16Storage", "bfloat16", "", Element::BF16),
    ("LongStorage", "int64", "i8", Element::I64),
    ("IntStorage", "int32", "i4", Element::I32),
    ("ShortStorage", "int16", "i2", Element::I16),
    ("CharStorage", "int8", "i1", Element::I8),
    ("", "uint64", "u8", Element::U64),
    ("", "uint32", "u4", Element::U32),
    ("", "uint16", "u2", Element::U16),
    ("ByteStorage", "uint8", "u1", Element::U8),
    ("BoolStorage", "bool", "b1", Element::Bool),
    ("ComplexFloatStorage", "complex64", "c8", Element::C64),
    ("ComplexDoubleStorage", "complex128", "c16", Element::C128),
    ("QInt8Storage", "qint8", "", Element::Other("QI8", 1)),
    ("QUInt8Storage", "quint8", "", Element::Other("QU8", 1)),
    ("", "float8_e4m3fn", "", Element::Other("F8_E4M3", 1)),
    ("", "float8_e5m2", "", Element::Other("F8_E5M2", 1)),
];

impl Element {
    /// By the class of its storage, `FloatStorage`.
    pub(super) fn of_storage(class: &str) -> Option<Self> {
        // Storages without a type are counted in bytes.
        if class == "UntypedStorage" {
            return Some(Self::U8);
        }
        Self::find(|(storage, _, _)| storage == class)
    }

    /// By PyTorch's name of the type, `float32`.
    pub(super) fn of_torch(name: &str) -> Option<Self> {
        Self::find(|(_, torch, _)| torch == name)
    }

    /// By NumPy's letters, `f4`.
    pub(super) fn of_numpy(letters: &str) -> Option<Self> {
        Self::find(|(_, _, numpy)| numpy == letters.trim_start_matches(['<', '|', '=']))
    }

    fn find(is: impl Fn((&str, &str, &str)) -> bool) -> Option<Self> {
        ELEMENTS.iter().find(|(a, b, c, _)| is((a, b, c))).map(|&(_, _, _, element)| element)
    }

    /// How many bytes it takes.
    pub(super) const fn size(self) -> u64 {
        match self {
            Self::F64 | Self::I64 | Self::U64 | Self::C64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::BF16 | Self::I16 | Self::U16 => 2,
            Self::I8 | Self::U8 | Self::Bool => 1,
            Self::C128 => 16,
            Self::Other(_, size) => size,
        }
    }

    /// Its name for people: F32.
    pub(super) fn name(self) -> String {
        match self {
            Self::Other(name, _) => name.to_owned(),
            Self::Bool => "BOOL".to_owned(),
            other => format!("{other:?}"),
        }
    }

    /// Little-endian numbers, if they are floats.
    fn floats(self, bytes: &[u8]) -> Option<Vec<f32>> {
        Some(match self {
            Self::F64 => bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b) as f32).collect(),
            Self::F32 => bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect(),
            Self::F16 => bytes.as_chunks().0.iter().map(|&b| f16::from_le_bytes(b).to_f32()).collect(),
            Self::BF16 => bytes.as_chunks().0.iter().map(|&b| bf16::from_le_bytes(b).to_f32()).collect(),
            _ => return None,
        })
    }

    /// Little-endian numbers, if they are whole.
    fn wholes(self, bytes: &[u8]) -> Option<Vec<f32>> {
        Some(match self {
            Self::I64 => bytes.as_chunks().0.iter().map(|&b| i64::from_le_bytes(b) as f32).collect(),
            Self::I32 => bytes.as_chunks().0.iter().map(|&b| i32::from_le_bytes(b) as f32).collect(),
            Self::I16 => bytes.as_chunks().0.iter().map(|&b| f32::from(i16::from_le_bytes(b))).collect(),
            Self::I8 => bytes.iter().map(|&b| f32::from(b.cast_signed())).collect(),
            Self::U8 | Self::Bool => bytes.iter().map(|&b| f32::from(b)).collect(),
            _ => return None,
        })
    }
}

/// Bytes in a file, as they are kept there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Data {
    /// As they are.
    Raw(Span),
    /// Packed by DEFLATE, with their number.
    Deflated(Span, u64),
    /// As a text whose characters are the bytes: how the second protocol spells bytes.
    Latin1(Span),
}

impl Data {
    /// How many bytes there are at most.
    pub(super) const fn len(self) -> u64 {
        match self {
            Self::Raw(span) | Self::Latin1(span) => span.len,
            Self::Deflated(_, len) => len,
        }
    }

    /// `len` of them from `from` on.
    pub(super) fn read(self, bytes: &Bytes, from: u64, len: u64) -> io::Result<Vec<u8>> {
        let end = from.checked_add(len).filter(|&end| end <= self.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        match self {
            Self::Raw(span) => bytes.read(Span { start: span.start + from, len }),
            Self::Deflated(span, _) => {
                let mut unpacked = DeflateDecoder::new(bytes.stream(span)).take(end);
                io::copy(&mut unpacked.by_ref().take(from), &mut io::sink())?;
                let mut part = vec![0; len as usize];
                unpacked.read_exact(&mut part)?;
                Ok(part)
            }
            Self::Latin1(span) => {
                let text = String::from_utf8(bytes.read(span)?).map_err(|_| io::ErrorKind::InvalidData)?;
                let all: Result<Vec<u8>, _> = text.chars().map(|c| u8::try_from(u32::from(c))).collect();
                let all = all.map_err(|_| io::ErrorKind::InvalidData)?;
                let part = all.get(from as usize..end as usize).ok_or(io::ErrorKind::UnexpectedEof)?;
                Ok(part.to_vec())
            }
        }
    }
}

/// Where a tensor's numbers are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) element: Element,
    pub(super) shape: Vec<usize>,
    /// From one number to the next along each axis, in numbers.
    pub(super) strides: Vec<u64>,
    /// The first number's place in the storage, in numbers.
    pub(super) offset: u64,
    /// The storage; None where the file does not have it.
    pub(super) data: Option<Data>,
}

impl Place {
    /// Numbers in a row, the last axis the fastest.
    pub(super) fn plain(element: Element, shape: Vec<usize>, data: Data) -> Self {
        let strides = row_major(&shape);
        Self { element, shape, strides, offset: 0, data: Some(data) }
    }

    /// How many bytes its numbers take once they are read, strides of 0 as any.
    pub(super) fn bytes(&self) -> u64 {
        self.shape.iter().fold(self.element.size(), |bytes, &extent| bytes.saturating_mul(extent as u64))
    }

    /// Its numbers, row-major, or why they cannot be read. Whole numbers are read where `wholes` asks for them.
    pub(super) fn read(&self, bytes: &Bytes, wholes: bool) -> Result<Vec<f32>, String> {
        let Self { element, shape, strides, offset, data } = self;
        let data = data.ok_or("is in a storage that the file does not have")?;
        if shape.contains(&0) {
            return Ok(Vec::new());
        }
        let reach = shape
            .iter()
            .zip(strides)
            .try_fold(0_u64, |reach, (&extent, &stride)| reach.checked_add((extent as u64 - 1).checked_mul(stride)?));
        let size = element.size();
        let from = offset.checked_mul(size);
        let span = reach.and_then(|reach| reach.checked_add(1)?.checked_mul(size));
        let (Some(from), Some(span)) = (from, span) else { return Err("leads out of its storage".into()) };
        if from.checked_add(span).is_none_or(|end| end > data.len()) {
            return Err(format!("leads out of its storage, which has {} bytes", data.len()));
        }
        let raw = data.read(bytes, from, span).map_err(|error| format!("cannot be read: {error}"))?;
        let row = element.floats(&raw).or_else(|| if wholes { element.wholes(&raw) } else { None });
        let row = row.ok_or_else(|| format!("is {}, not a float", element.name()))?;
        if *strides == row_major(shape) {
            return Ok(row);
        }
        drop(raw);
        Ok(gathered(&row, shape, strides))
    }
}

/// Strides of numbers in a row.
fn row_major(shape: &[usize]) -> Vec<u64> {
    let mut strides = vec![1_u64; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis].saturating_mul(shape[axis] as u64);
    }
    strides
}

/// Takes strided numbers out of a row that reaches from the first to the last of them.
fn gathered(row: &[f32], shape: &[usize], strides: &[u64]) -> Vec<f32> {
    let count = shape.iter().product();
    let mut all = Vec::with_capacity(count);
    let mut index = vec![0_usize; shape.len()];
    let mut at = 0_u64;
    while all.len() < count {
        all.push(row[at as usize]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            at += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            at -= strides[axis] * shape[axis] as u64;
            index[axis] = 0;
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn bytes(numbers: &[f32]) -> Bytes {
        Bytes::Memory(Cow::Owned(numbers.iter().flat_map(|x| x.to_le_bytes()).collect()))
    }

    #[test]
    fn strided_numbers_come_in_rows() {
        let numbers: Vec<f32> = (0_u8..12).map(f32::from).collect();
        let bytes = bytes(&numbers);
        let place = |shape: &[usize], strides: &[u64], offset| Place {
            element: Element::F32,
            shape: shape.to_vec(),
            strides: strides.to_vec(),
            offset,
            data: Some(Data::Raw(bytes.whole())),
        };
        let read = |place: Place| place.read(&bytes, false);
        assert_eq!(read(place(&[2, 3], &[3, 1], 0)).unwrap(), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(read(place(&[3, 2], &[1, 3], 1)).unwrap(), [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        assert_eq!(read(place(&[2, 2], &[0, 5], 2)).unwrap(), [2.0, 7.0, 2.0, 7.0]);
        assert_eq!(read(place(&[], &[], 11)).unwrap(), [11.0]);
        assert!(read(place(&[2, 0], &[1, 1], 50)).unwrap().is_empty());
        for beyond in [place(&[13], &[1], 0), place(&[2], &[u64::MAX], 1), place(&[1], &[1], u64::MAX / 2)] {
            assert!(read(beyond).unwrap_err().contains("leads out of its storage"));
        }
    }

    #[test]
    fn half_precision_and_whole_numbers_are_read_where_they_may_be() {
        let raw: Vec<u8> = [1.5, -2.0].iter().flat_map(|&x| f16::from_f32(x).to_le_bytes()).collect();
        let bytes = Bytes::Memory(Cow::Owned(raw));
        let place = |element| Place::plain(element, vec![2], Data::Raw(bytes.whole()));
        assert_eq!(place(Element::F16).read(&bytes, false).unwrap(), [1.5, -2.0]);
        assert!(place(Element::I16).read(&bytes, false).unwrap_err().contains("is I16, not a float"));
        assert_eq!(place(Element::I16).read(&bytes, true).unwrap().len(), 2);
        assert!(place(Element::C64).read(&bytes, true).is_err());
    }

    #[test]
    fn bytes_in_a_text_are_its_characters() {
        let text = "a\u{e9}\u{ff}".to_owned().into_bytes();
        let bytes = Bytes::Memory(Cow::Owned(text));
        let data = Data::Latin1(bytes.whole());
        assert_eq!(data.read(&bytes, 1, 2).unwrap(), [0xe9, 0xff]);
        assert!(data.read(&bytes, 1, 4).is_err());
    }
}
