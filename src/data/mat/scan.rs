//! The frame of a MAT v5 file: its elements and the headers of its arrays (MAT-File Format, MathWorks, chapter 1).
//!
//! `matfile` reads numbers well but stops at the first thing it does not know, tells no reason, and passes over cells
//! and text in silence. So the frame is read here first: to list what is there, to say what is wrong, and to hand
//! `matfile` one sound numeric array at a time.

use std::io::Read as _;

use flate2::read::ZlibDecoder;

/// A compressed variable that unpacks to more than this is refused.
const LARGEST_VARIABLE: u64 = 1 << 30;
const HEADER: usize = 128;
const MI_INT8: u32 = 1;
const MI_INT32: u32 = 5;
const MI_UINT32: u32 = 6;
const MI_MATRIX: u32 = 14;
const MI_COMPRESSED: u32 = 15;

/// Which end of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endian {
    Little,
    Big,
}

impl Endian {
    fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }
}

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
pub(super) struct Element {
    pub(super) name: String,
    pub(super) class: Class,
    pub(super) complex: bool,
    pub(super) logical: bool,
    pub(super) shape: Vec<u64>,
    /// How the numbers are stored (an `mi` type), for numeric arrays; it may be narrower than the class.
    pub(super) storage: Option<u32>,
    /// The array's element without its tag: flags, dimensions, name, real part.
    pub(super) body: Vec<u8>,
}

/// A scanned file.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) endian: Endian,
    pub(super) elements: Vec<Element>,
}

/// Walks the file; an error says what does not fit.
pub(super) fn scan(bytes: &[u8]) -> Result<Scan, String> {
    let header = bytes.get(..HEADER).ok_or("it ends inside its header")?;
    let endian = match &header[126..128] {
        b"IM" => Endian::Little,
        b"MI" => Endian::Big,
        _ => return Err("its header has no byte-order mark".into()),
    };
    let version = match endian {
        Endian::Little => u16::from_le_bytes([header[124], header[125]]),
        Endian::Big => u16::from_be_bytes([header[124], header[125]]),
    };
    if version != 0x0100 {
        return Err(format!("its header says format version {version:#06x}; MAT v5 is 0x0100"));
    }
    let mut elements = Vec::new();
    let mut rest = Cursor { bytes: &bytes[HEADER..], endian };
    while !rest.bytes.is_empty() {
        let number = elements.len() + 1;
        let at = |reason: String| format!("variable {number}: {reason}");
        let (kind, content) = rest.element().map_err(at)?;
        let body = match kind {
            MI_COMPRESSED => unpack(content, endian).map_err(at)?,
            MI_MATRIX => {
                rest.skip_padding(content.len());
                content.to_vec()
            }
            other => return Err(at(format!("element type {other} is not an array"))),
        };
        let element = parse(body, endian).map_err(at)?;
        // MATLAB keeps the data of its own objects in an array without a name.
        if !element.name.is_empty() {
            elements.push(element);
        }
    }
    Ok(Scan { endian, elements })
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
    // The vector grows with what is really there, not with what the tag claims.
    let mut body = Vec::new();
    let read = decoder.take(u64::from(size)).read_to_end(&mut body);
    read.map_err(|error| format!("its compressed data are unreadable ({error})"))?;
    if body.len() as u64 != u64::from(size) {
        return Err(format!("it unpacks to {} bytes where its tag says {size}", body.len()));
    }
    Ok(body)
}

/// Reads an array's headers.
fn parse(body: Vec<u8>, endian: Endian) -> Result<Element, String> {
    let mut rest = Cursor { bytes: &body, endian };
    let flags = rest.sub_element(MI_UINT32, "array flags")?;
    let word = endian.u32(flags.get(..4).and_then(|b| b.try_into().ok()).ok_or("its array flags are cut short")?);
    let class = Class((word & 0xff) as u8);
    // Objects of MATLAB's own classes have no dimensions.
    let shape = if class.0 == 17 { Vec::new() } else { dimensions(rest.sub_element(MI_INT32, "dimensions")?, endian)? };
    let name = String::from_utf8_lossy(rest.sub_element(MI_INT8, "name")?).into_owned();
    let mut element = Element {
        name,
        class,
        complex: word & 0x0800 != 0,
        logical: word & 0x0200 != 0,
        shape,
        storage: None,
        body: Vec::new(),
    };
    if class.is_numeric() {
        let (storage, data) = rest.element().map_err(|reason| format!("'{}': {reason}", element.name))?;
        check_count(&element, storage, data.len())?;
        element.storage = Some(storage);
    }
    element.body = body;
    Ok(element)
}

fn dimensions(bytes: &[u8], endian: Endian) -> Result<Vec<u64>, String> {
    let (words, []) = bytes.as_chunks::<4>() else { return Err("its dimensions are cut short".into()) };
    let sizes: Result<Vec<u64>, _> = words.iter().map(|&b| u64::try_from(endian.u32(b).cast_signed())).collect();
    sizes.map_err(|_| "a dimension is negative".into())
}

/// The array must hold as many numbers as its shape says.
fn check_count(element: &Element, storage: u32, bytes: usize) -> Result<(), String> {
    let size = match storage {
        1 | 2 => 1,
        3 | 4 => 2,
        5..=7 => 4,
        9 | 12 | 13 => 8,
        _ => return Err(format!("'{}' is stored as type {storage}, which holds no numbers", element.name)),
    };
    let promised = element.shape.iter().try_fold(1_u64, |product, &n| product.checked_mul(n));
    let held = bytes as u64 / size;
    if promised == Some(held) {
        return Ok(());
    }
    Err(format!("'{}' says its shape is {} but holds {held} numbers", element.name, show_shape(&element.shape)))
}

/// `8192 x 2`.
pub(super) fn show_shape(shape: &[u64]) -> String {
    shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" x ")
}

struct Cursor<'a> {
    bytes: &'a [u8],
    endian: Endian,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], String> {
        let short = || format!("it is cut short: {n} bytes are missing or only {} are left", self.bytes.len());
        let (taken, rest) = self.bytes.split_at_checked(n).ok_or_else(short)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn word(&mut self) -> Result<u32, String> {
        let bytes = self.take(4)?;
        Ok(self.endian.u32([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// An element's type and content. A small element has its size in the type's upper half and four bytes of room.
    fn element(&mut self) -> Result<(u32, &'a [u8]), String> {
        let first = self.word()?;
        if first >> 16 == 0 {
            let size = self.word()?;
            return Ok((first, self.take(size as usize)?));
        }
        let (kind, size) = (first & 0xffff, (first >> 16) as usize);
        let room = self.take(4)?;
        Ok((kind, room.get(..size).ok_or("a small element is larger than four bytes")?))
    }

    /// A part of an array, which must be of the given type; padding after it is passed over.
    fn sub_element(&mut self, expected: u32, what: &str) -> Result<&'a [u8], String> {
        let before = self.bytes.len();
        let (kind, content) = self.element().map_err(|reason| format!("its {what}: {reason}"))?;
        if kind != expected {
            return Err(format!("its {what} are of type {kind}, not {expected}"));
        }
        // A small element (8 bytes in all) has no padding.
        if before - self.bytes.len() != 8 {
            self.skip_padding(content.len());
        }
        Ok(content)
    }

    /// Elements begin at multiples of 8 bytes; the last may end without its padding.
    fn skip_padding(&mut self, size: usize) {
        let padding = size.next_multiple_of(8) - size;
        self.bytes = self.bytes.get(padding..).unwrap_or_default();
    }
}
