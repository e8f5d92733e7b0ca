//! The frame of a MAT v5 file: its elements and the headers of its arrays (MAT-File Format, MathWorks, chapter 1).
//!
//! One array is in memory at a time: compressed ones are unpacked, shown, and dropped unless the caller keeps them.

use std::borrow::Cow;
use std::io::Read as _;
use std::ops::Range;

use flate2::read::ZlibDecoder;

use super::super::numbers::{Endian, Number, Numbers};

/// A compressed variable that unpacks to more than this is refused.
const LARGEST_VARIABLE: u64 = 1 << 30;
/// A file whose compressed variables unpack to more than this together is refused: unpacking takes a second a gigabyte.
const LARGEST_FILE: u64 = 1 << 32;
/// DEFLATE packs this many bytes into one at most.
const MOST_PACKED: u64 = 1032;
const HEADER: usize = 128;
const MI_INT8: u32 = 1;
const MI_INT32: u32 = 5;
const MI_UINT32: u32 = 6;
const MI_MATRIX: u32 = 14;
const MI_COMPRESSED: u32 = 15;

/// An array's class, by the number that MATLAB gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class(u8);

impl Class {
    pub(super) fn name(self) -> &'static str {
        match self.0 {
            1 => "cell",
            2 => "struct",
            3 => "object",
            4 => "char",
            5 => "sparse",
            6 => "double",
            7 => "single",
            8 => "int8",
            9 => "uint8",
            10 => "int16",
            11 => "uint16",
            12 => "int32",
            13 => "uint32",
            14 => "int64",
            15 => "uint64",
            16 => "function handle",
            17 => "object (classdef or string)",
            _ => "of an unknown class",
        }
    }

    pub(super) fn is_numeric(self) -> bool {
        (6..=15).contains(&self.0)
    }
}

/// One array of the file.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Element<'a> {
    pub(super) name: String,
    pub(super) class: Class,
    pub(super) complex: bool,
    pub(super) logical: bool,
    pub(super) shape: Vec<u64>,
    /// How the numbers are stored, for numeric arrays; MATLAB stores whole numbers of any class in the narrowest type
    /// that holds them.
    pub(super) number: Option<Number>,
    pub(super) endian: Endian,
    /// The array's element without its tag: flags, dimensions, name, real part.
    pub(super) body: Cow<'a, [u8]>,
    /// Where the real part lies in it.
    data: Range<usize>,
}

impl Element<'_> {
    /// The array's numbers in the file's order, column by column; None where it is not an array of real numbers.
    pub(super) fn numbers(&self) -> Option<Numbers<'_>> {
        let number = self.number.filter(|_| !self.complex)?;
        Some(Numbers::new(self.body.get(self.data.clone())?, number, self.endian))
    }
}

/// Walks the file and shows each of its arrays; an error says what does not fit.
pub(super) fn scan<'a>(bytes: &'a [u8], visit: &mut dyn FnMut(Element<'a>)) -> Result<(), String> {
    let header = bytes.get(..HEADER).ok_or("it ends inside its header")?;
    let endian = match &header[126..128] {
        b"IM" => Endian::Little,
        b"MI" => Endian::Big,
        _ => return Err("its header has no byte-order mark".into()),
    };
    let version = endian.u16([header[124], header[125]]);
    if version != 0x0100 {
        return Err(format!("its header says format version {version:#06x}; MAT v5 is 0x0100"));
    }
    let mut rest = Cursor { bytes, at: HEADER, endian };
    let (mut number, mut unpacked) = (0_usize, 0_u64);
    while rest.left() > 0 {
        number += 1;
        let at = |reason: String| format!("variable {number}: {reason}");
        let (kind, content) = rest.element().map_err(at)?;
        let body = match kind {
            MI_COMPRESSED => {
                let body = unpack(&bytes[content], endian).map_err(at)?;
                unpacked += body.len() as u64;
                if unpacked > LARGEST_FILE {
                    return Err(at(format!("the variables so far unpack to more than {LARGEST_FILE} bytes together")));
                }
                Cow::Owned(body)
            }
            MI_MATRIX => {
                rest.skip_padding(content.len());
                Cow::Borrowed(&bytes[content])
            }
            other => return Err(at(format!("element type {other} is not an array"))),
        };
        let element = parse(body, endian).map_err(at)?;
        // MATLAB keeps the data of its own objects in an array without a name.
        if !element.name.is_empty() {
            visit(element);
        }
    }
    Ok(())
}

/// Unpacks a compressed element and takes off the inner tag.
fn unpack(content: &[u8], endian: Endian) -> Result<Vec<u8>, String> {
    let mut decoder = ZlibDecoder::new(content);
    let mut tag = [0; 8];
    decoder.read_exact(&mut tag).map_err(|error| format!("its compressed data are unreadable ({error})"))?;
    let [kind, size] = [[tag[0], tag[1], tag[2], tag[3]], [tag[4], tag[5], tag[6], tag[7]]].map(|b| endian.u32(b));
    if kind != MI_MATRIX {
        return Err(format!("it unpacks to element type {kind}, not to an array"));
    }
    if u64::from(size) > LARGEST_VARIABLE {
        return Err(format!("it would unpack to {size} bytes, more than the {LARGEST_VARIABLE} that are read"));
    }
    if u64::from(size) > MOST_PACKED * content.len() as u64 {
        return Err(format!("its tag says that {} bytes unpack to {size}, more than they can", content.len()));
    }
    let mut body = Vec::with_capacity(size as usize);
    let read = decoder.take(u64::from(size)).read_to_end(&mut body);
    read.map_err(|error| format!("its compressed data are unreadable ({error})"))?;
    if body.len() as u64 != u64::from(size) {
        return Err(format!("it unpacks to {} bytes where its tag says {size}", body.len()));
    }
    Ok(body)
}

/// Reads an array's headers.
fn parse(body: Cow<'_, [u8]>, endian: Endian) -> Result<Element<'_>, String> {
    let mut rest = Cursor { bytes: &body, at: 0, endian };
    let flags = rest.sub_element(MI_UINT32, "array flags")?;
    let flags = body[flags].first_chunk().ok_or("its array flags are cut short")?;
    let word = endian.u32(*flags);
    let class = Class((word & 0xff) as u8);
    // Objects of MATLAB's own classes have no dimensions.
    let shape =
        if class.0 == 17 { Vec::new() } else { dimensions(&body[rest.sub_element(MI_INT32, "dimensions")?], endian)? };
    let name = String::from_utf8_lossy(&body[rest.sub_element(MI_INT8, "name")?]).into_owned();
    let (mut number, mut data) = (None, 0..0);
    if class.is_numeric() {
        let storage;
        (storage, data) = rest.element().map_err(|reason| format!("'{name}': {reason}"))?;
        number = Some(check_count(&name, &shape, storage, data.len())?);
    }
    let (complex, logical) = (word & 0x0800 != 0, word & 0x0200 != 0);
    Ok(Element { name, class, complex, logical, shape, number, endian, body, data })
}

fn dimensions(bytes: &[u8], endian: Endian) -> Result<Vec<u64>, String> {
    let (words, []) = bytes.as_chunks::<4>() else { return Err("its dimensions are cut short".into()) };
    let sizes: Result<Vec<u64>, _> = words.iter().map(|&b| u64::try_from(endian.u32(b).cast_signed())).collect();
    sizes.map_err(|_| "a dimension is negative".into())
}

/// How the numbers are stored; there must be as many as the shape says.
fn check_count(name: &str, shape: &[u64], storage: u32, bytes: usize) -> Result<Number, String> {
    let number = match storage {
        1 => Number::I8,
        2 => Number::U8,
        3 => Number::I16,
        4 => Number::U16,
        5 => Number::I32,
        6 => Number::U32,
        7 => Number::F32,
        9 => Number::F64,
        12 => Number::I64,
        13 => Number::U64,
        _ => return Err(format!("'{name}' is stored as type {storage}, which holds no numbers")),
    };
    let promised = shape.iter().try_fold(1_u64, |product, &n| product.checked_mul(n));
    let held = (bytes / number.size()) as u64;
    if promised == Some(held) {
        return Ok(number);
    }
    Err(format!("'{name}' says its shape is {} but holds {held} numbers", show_shape(shape)))
}

/// `8192 x 2`.
pub(super) fn show_shape(shape: &[u64]) -> String {
    shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" x ")
}

/// Where the reading is in a file or an array.
struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    endian: Endian,
}

impl Cursor<'_> {
    fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    fn take(&mut self, n: usize) -> Result<Range<usize>, String> {
        let left = self.left();
        if n > left {
            return Err(format!("it is cut short: {n} bytes are missing or only {left} are left"));
        }
        self.at += n;
        Ok(self.at - n..self.at)
    }

    fn word(&mut self) -> Result<u32, String> {
        let at = self.take(4)?.start;
        Ok(self.endian.u32([self.bytes[at], self.bytes[at + 1], self.bytes[at + 2], self.bytes[at + 3]]))
    }

    /// An element's type and where its content lies. A small element has its size in the type's upper half and four
    /// bytes of room.
    fn element(&mut self) -> Result<(u32, Range<usize>), String> {
        let first = self.word()?;
        if first >> 16 == 0 {
            let size = self.word()?;
            return Ok((first, self.take(size as usize)?));
        }
        let (kind, size) = (first & 0xffff, (first >> 16) as usize);
        let room = self.take(4)?;
        if size > room.len() {
            return Err("a small element is larger than four bytes".into());
        }
        Ok((kind, room.start..room.start + size))
    }

    /// A part of an array, which must be of the given type; padding after it is passed over.
    fn sub_element(&mut self, expected: u32, what: &str) -> Result<Range<usize>, String> {
        let before = self.at;
        let (kind, content) = self.element().map_err(|reason| format!("its {what}: {reason}"))?;
        if kind != expected {
            return Err(format!("its {what} are of type {kind}, not {expected}"));
        }
        // A small element (8 bytes in all) has no padding.
        if self.at - before != 8 {
            self.skip_padding(content.len());
        }
        Ok(content)
    }

    /// Elements begin at multiples of 8 bytes; the last may end without its padding.
    fn skip_padding(&mut self, size: usize) {
        let padding = size.next_multiple_of(8) - size;
        self.at = (self.at + padding).min(self.bytes.len());
    }
}
