//! The header of an npy file: the text of a Python dictionary with three keys
//! (<https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>). [`Header`] reads that dictionary and no other
//! Python, from left to right, each byte once.

use std::io::Read;

use super::super::numbers::{Endian, Number, Numbers};
use super::super::{Variable, squeezed};
use super::{MAGIC, Precision};

/// What a header says.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) fortran: bool,
    pub(super) shape: Vec<u64>,
}

/// The type of an array's items.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Kind {
    Number(Number, Endian),
    /// Records of so many bytes.
    Record {
        fields: Vec<Field>,
        size: usize,
    },
    /// Items that are not read as numbers, with their name.
    Other(String),
}

/// A field of a record.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    /// Its type for people.
    pub(super) kind: String,
    /// How its number is stored, or its text; neither where it is not read.
    pub(super) number: Option<(Number, Endian)>,
    pub(super) text: Option<Text>,
    /// Where it lies in the record, and its bytes.
    pub(super) offset: usize,
    pub(super) size: usize,
}

/// How NumPy stores text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// A byte a character.
    Bytes,
    /// Four bytes a character.
    Units(Endian),
}

impl Text {
    pub(super) fn read(self, bytes: &[u8]) -> String {
        let text: String = match self {
            Self::Bytes => bytes.iter().map(|&byte| char::from(byte)).collect(),
            Self::Units(endian) => {
                let unit = |unit: &[u8; 4]| char::from_u32(endian.u32(*unit)).unwrap_or('\u{fffd}');
                bytes.as_chunks::<4>().0.iter().map(unit).collect()
            }
        };
        text.trim_end_matches('\0').to_owned()
    }
}

impl Header {
    /// The bytes of an item; 1 where its type does not say.
    pub(super) fn item(&self) -> u64 {
        match &self.kind {
            Kind::Number(number, _) => number.size() as u64,
            Kind::Record { size, .. } => *size as u64,
            Kind::Other(_) => 1,
        }
    }

    /// The bytes of all items.
    pub(super) fn size(&self) -> Option<u64> {
        self.shape.iter().try_fold(self.item(), |product, &n| product.checked_mul(n))
    }

    pub(super) fn variable(&self, name: &str, range: Option<(f64, f64)>) -> Variable {
        let axes = squeezed(&self.shape, self.axes()).len();
        let real = (1..=self.axes()).contains(&axes);
        let mut shape = self.shape.clone();
        if let (true, Kind::Record { fields, .. }) = (real, &self.kind) {
            shape.push(fields.len() as u64);
        }
        Variable { name: name.to_owned(), kind: self.kind.name(), shape, range, real }
    }

    /// Of how many axes the array may be to give points; 0 where its values are none that are read.
    pub(super) const fn axes(&self) -> usize {
        match self.kind {
            Kind::Number(..) => 2,
            Kind::Record { .. } => 1,
            Kind::Other(_) => 0,
        }
    }

    /// Reads all that stands before the numbers. No more memory is taken than there are bytes.
    pub(super) fn read(reader: &mut impl Read) -> Result<Self, String> {
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
    pub(super) fn precision(&self) -> Result<Precision, String> {
        match self.kind {
            Kind::Number(Number::F32, _) => Ok(Precision::Single),
            Kind::Number(Number::F64, _) => Ok(Precision::Double),
            _ => Err(format!("it holds {}, not float32 or float64", self.kind.name())),
        }
    }

    pub(super) fn numbers<'a>(&self, data: &'a [u8]) -> Option<Numbers<'a>> {
        match self.kind {
            Kind::Number(number, endian) => Some(Numbers::new(data, number, endian)),
            Kind::Record { .. } | Kind::Other(_) => None,
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
            "f2" => Number::F16,
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
    pub(super) fn name(&self) -> String {
        let number = match self {
            Self::Number(number, _) => number,
            Self::Record { fields, .. } => {
                let names: Vec<&str> = fields.iter().take(8).map(|field| field.name.as_str()).collect();
                return format!("records of {}", names.join(", "));
            }
            Self::Other(name) => return name.clone(),
        };
        let letters = match number {
            Number::F64 | Number::F32 | Number::F16 => "float",
            Number::I64 | Number::I32 | Number::I16 | Number::I8 => "int",
            Number::U64 | Number::U32 | Number::U16 | Number::U8 => "uint",
        };
        format!("{letters}{}", 8 * number.size())
    }
}

impl Field {
    fn parse(name: &str, descr: &str) -> Option<Self> {
        let kind = Kind::parse(descr)?;
        let plain = |size| Self { name: name.to_owned(), kind: kind.name(), number: None, text: None, offset: 0, size };
        if let Kind::Number(number, endian) = kind {
            return Some(Self { number: Some((number, endian)), ..plain(number.size()) });
        }
        let endian = if descr.starts_with('>') { Endian::Big } else { Endian::Little };
        let item = descr.trim_start_matches(['<', '>', '|', '=']);
        let (letter, count) = item.split_at_checked(1)?;
        let n = count.split('[').next().unwrap_or_default().parse::<usize>().ok()?;
        match letter {
            "U" => Some(Self { text: Some(Text::Units(endian)), kind: "text".into(), ..plain(n.checked_mul(4)?) }),
            "S" | "a" => Some(Self { text: Some(Text::Bytes), kind: "text".into(), ..plain(n) }),
            "b" | "c" | "f" | "M" | "m" | "V" => Some(plain(n)),
            _ => None,
        }
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
        let start = self.at;
        if let Some(record) = self.record() {
            return Some(record);
        }
        self.at = start;
        self.pass_list()?;
        Some(Kind::Other("a record array".into()))
    }

    /// A list of fields with a name and a plain type each; None for others, which are not read.
    fn record(&mut self) -> Option<Kind> {
        self.token(b'[')?;
        let (mut fields, mut size) = (Vec::new(), 0_usize);
        while self.token(b']').is_none() {
            self.token(b'(')?;
            let name = self.string()?;
            self.token(b',')?;
            let descr = self.string()?;
            let _ = self.token(b',');
            self.token(b')')?;
            let mut field = Field::parse(&name, &descr)?;
            field.offset = size;
            size = size.checked_add(field.size)?;
            // Room between fields has no name.
            if !field.name.is_empty() {
                fields.push(field);
            }
            if self.token(b',').is_none() && self.peek() != Some(b']') {
                return None;
            }
        }
        // Records without bytes could be any number.
        (!fields.is_empty() && size > 0).then_some(Kind::Record { fields, size })
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
