//! The frame of a MAT v5 file: its elements and the headers of its arrays (MAT-File Format, MathWorks, chapter 1).
//!
//! One array is in memory at a time: compressed ones are unpacked, shown, and dropped unless the caller keeps them.

use std::io::Read as _;
use std::ops::Range;
use std::rc::Rc;

use flate2::read::ZlibDecoder;

use super::super::numbers::{Endian, Number, Numbers};
use super::super::show_shape;

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
const MI_UTF8: u32 = 16;
/// Structs within structs to this depth.
const DEEPEST: usize = 16;
/// More fields than this in a file's structs are not looked at.
const MOST_FIELDS: usize = 100_000;

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

    fn is_struct(self) -> bool {
        self.0 == 2
    }
}

/// A part of the file, or of what was unpacked from it; a struct's fields share what the struct was unpacked to.
#[derive(Clone, Debug)]
pub(super) struct Part<'a> {
    whole: Bytes<'a>,
    range: Range<usize>,
}

#[derive(Clone, Debug)]
enum Bytes<'a> {
    InFile(&'a [u8]),
    Unpacked(Rc<Vec<u8>>),
}

impl Part<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        match &self.whole {
            Bytes::InFile(whole) => &whole[self.range.clone()],
            Bytes::Unpacked(whole) => &whole[self.range.clone()],
        }
    }

    /// A part of it.
    fn part(&self, range: Range<usize>) -> Self {
        let start = self.range.start;
        Self { whole: self.whole.clone(), range: start + range.start..start + range.end }
    }
}

/// One array of the file.
#[derive(Clone, Debug)]
pub(super) struct Element<'a> {
    /// Its name; of a struct's field the path, `data.xx`.
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
    pub(super) body: Part<'a>,
    /// Where the real part lies in it.
    data: Range<usize>,
}

impl Element<'_> {
    /// The array's numbers in the file's order, column by column; None where it is not an array of real numbers.
    pub(super) fn numbers(&self) -> Option<Numbers<'_>> {
        let number = self.number.filter(|_| !self.complex)?;
        Some(Numbers::new(self.stored()?, number, self.endian))
    }

    /// The bytes of its real part.
    pub(super) fn stored(&self) -> Option<&[u8]> {
        self.body.bytes().get(self.data.clone())
    }
}

/// Walks the file and shows each of its arrays, a struct before its fields; an error says what does not fit.
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
    let (mut number, mut unpacked, mut fields) = (0_usize, 0_u64, 0_usize);
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
                let range = 0..body.len();
                Part { whole: Bytes::Unpacked(Rc::new(body)), range }
            }
            MI_MATRIX => {
                rest.skip_padding(content.len());
                Part { whole: Bytes::InFile(bytes), range: content }
            }
            other => return Err(at(format!("element type {other} is not an array"))),
        };
        let element = parse(body, endian).map_err(at)?;
        // MATLAB keeps the data of its own objects in an array without a name.
        if !element.name.is_empty() {
            show(element, 0, &mut fields, visit).map_err(at)?;
        }
    }
    Ok(())
}

/// Shows an array and, if it is a struct, its fields.
fn show<'a>(
    element: Element<'a>,
    depth: usize,
    shown: &mut usize,
    visit: &mut dyn FnMut(Element<'a>),
) -> Result<(), String> {
    if !element.class.is_struct() || depth >= DEEPEST {
        visit(element);
        return Ok(());
    }
    let (body, endian, path) = (element.body.clone(), element.endian, element.name.clone());
    let elements = element.shape.iter().try_fold(1_u64, |product, &n| product.checked_mul(n)).unwrap_or(u64::MAX);
    let start = element.data.start;
    visit(element);
    let mut rest = Cursor { bytes: body.bytes(), at: start, endian };
    let wrong = |reason: String| format!("'{path}': {reason}");
    let (_, length) = rest.typed_sub_element(&[MI_INT32], "field name length").map_err(wrong)?;
    let length = body.bytes()[length].first_chunk().map_or(0, |&b| endian.u32(b)) as usize;
    let (_, names) = rest.typed_sub_element(&[MI_INT8, MI_UTF8], "field names").map_err(wrong)?;
    if length == 0 {
        return Ok(());
    }
    let names: Vec<String> = body.bytes()[names].chunks(length).map(text).collect();
    // Without fields the number of elements would be the header's word alone.
    if names.is_empty() {
        return Ok(());
    }
    for at in 0..elements {
        for name in &names {
            // An empty struct array has names and no fields, whatever its shape says.
            if rest.left() == 0 || *shown >= MOST_FIELDS {
                return Ok(());
            }
            *shown += 1;
            let (kind, content) = rest.element().map_err(wrong)?;
            rest.skip_padding(content.len());
            if kind != MI_MATRIX {
                return Err(wrong(format!("its field {name} is of type {kind}, which is no array")));
            }
            // An empty field may have no content at all.
            if content.is_empty() {
                continue;
            }
            let mut field = parse(body.part(content), endian).map_err(wrong)?;
            field.name = if elements == 1 { format!("{path}.{name}") } else { format!("{path}({}).{name}", at + 1) };
            show(field, depth + 1, shown, visit)?;
        }
    }
    Ok(())
}

/// Text up to the first zero byte.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.split(|&byte| byte == 0).next().unwrap_or_default()).into_owned()
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
fn parse(body: Part<'_>, endian: Endian) -> Result<Element<'_>, String> {
    let bytes = body.bytes();
    let mut rest = Cursor { bytes, at: 0, endian };
    let (_, flags) = rest.typed_sub_element(&[MI_UINT32], "array flags")?;
    let flags = bytes[flags].first_chunk().ok_or("its array flags are cut short")?;
    let word = endian.u32(*flags);
    let class = Class((word & 0xff) as u8);
    // Objects of MATLAB's own classes have no dimensions.
    let shape = if class.0 == 17 {
        Vec::new()
    } else {
        // The format's description says int32, and other programs than MATLAB write uint32.
        let (_, sizes) = rest.typed_sub_element(&[MI_INT32, MI_UINT32], "dimensions")?;
        dimensions(&bytes[sizes], endian)?
    };
    let name = rest.typed_sub_element(&[MI_INT8, MI_UTF8], "name")?.1;
    let name = String::from_utf8_lossy(&bytes[name]).into_owned();
    let (mut number, mut data) = (None, rest.at..rest.at);
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
            return Err(format!("it is cut short: {n} bytes should follow and only {left} are left"));
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

    /// A part of an array, which must be of one of the given types; padding after it is passed over.
    fn typed_sub_element(&mut self, expected: &[u32], what: &str) -> Result<(u32, Range<usize>), String> {
        let before = self.at;
        let (kind, content) = self.element().map_err(|reason| format!("its {what}: {reason}"))?;
        if !expected.contains(&kind) {
            return Err(format!("its {what} are of type {kind}, not {}", expected[0]));
        }
        // A small element (8 bytes in all) has no padding.
        if self.at - before != 8 {
            self.skip_padding(content.len());
        }
        Ok((kind, content))
    }

    /// Elements begin at multiples of 8 bytes; the last may end without its padding.
    fn skip_padding(&mut self, size: usize) {
        let padding = size.next_multiple_of(8) - size;
        self.at = (self.at + padding).min(self.bytes.len());
    }
}
