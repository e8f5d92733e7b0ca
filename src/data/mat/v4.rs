//! MAT v4 files, as `save -v4`, Octave and old MATLAB write them: for each array five numbers, a name, and the values
//! column by column (MAT-File Format, MathWorks, chapter 2). Such a file has no mark of its own: it is recognised by a
//! first header that fits.

use std::path::Path;

use super::super::arrays::{self, Arrays};
use super::super::numbers::{Endian, Number, Numbers};
use super::super::reading::Reading;
use super::super::{DataError, Format, Loaded, Matrix, Variable};

const HEADER: usize = 20;
/// A name longer than this is none.
const LONGEST_NAME: usize = 256;

/// MAT v4 files.
pub(in super::super) struct Mat4;

impl Format for Mat4 {
    fn name(&self) -> &'static str {
        "a MAT v4 file"
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        Header::read(bytes).is_ok_and(|header| header.number.is_ok())
    }

    fn load(&self, path: &Path, bytes: &[u8], reading: &Reading) -> Result<Loaded, DataError> {
        arrays::load(path, self.name(), &File { path, bytes }, reading)
    }

    fn list(&self, path: &Path, bytes: &[u8], _: &Reading) -> Result<Vec<Variable>, DataError> {
        File { path, bytes }.list(true)
    }
}

/// An array's header.
struct Header {
    name: String,
    /// How its numbers are stored, or the name of a machine whose numbers are not read.
    number: Result<Number, &'static str>,
    endian: Endian,
    /// 0 for numbers, 1 for text, 2 for a sparse matrix.
    class: u32,
    rows: u64,
    columns: u64,
    complex: bool,
    /// Bytes before the values.
    size: usize,
}

impl Header {
    /// Reads the header at the beginning of `bytes`.
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let short = || "it ends inside a header".to_owned();
        let words = bytes.get(..HEADER).ok_or_else(short)?.as_chunks::<4>().0;
        let fits = |endian: Endian| endian.u32(words[0]) < 5000;
        let endian = if fits(Endian::Little) { Endian::Little } else { Endian::Big };
        let [kind, rows, columns, complex, length] = [0, 1, 2, 3, 4].map(|i| endian.u32(words[i]));
        let [machine, zero, precision, class] = [kind / 1000, kind / 100 % 10, kind / 10 % 10, kind % 10];
        let length = length as usize;
        if !fits(endian) || zero != 0 || class > 2 || complex > 1 || length == 0 || length > LONGEST_NAME {
            return Err("a header is not as the format has it".to_owned());
        }
        let storage = match precision {
            0 => Number::F64,
            1 => Number::F32,
            2 => Number::I32,
            3 => Number::I16,
            4 => Number::U16,
            5 => Number::U8,
            _ => return Err(format!("a header names the number type {precision}, which does not exist")),
        };
        let number = match (machine, endian) {
            (0, Endian::Little) | (1, Endian::Big) => Ok(storage),
            (2 | 3, _) => Err("a VAX"),
            (4, _) => Err("a Cray"),
            _ => return Err("a header names another byte order than the file has".to_owned()),
        };
        let name = bytes[HEADER..].get(..length).ok_or_else(short)?;
        let name = name.strip_suffix(&[0]).unwrap_or(name);
        let sound = !name.is_empty() && name.iter().all(|&byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !sound {
            return Err("a variable's name in it is not valid in MATLAB".to_owned());
        }
        let name = String::from_utf8_lossy(name).into_owned();
        let (rows, columns) = (u64::from(rows), u64::from(columns));
        Ok(Self { name, number, endian, class, rows, columns, complex: complex == 1, size: HEADER + length })
    }

    fn kind(&self) -> String {
        match (self.class, &self.number) {
            (1, _) => "char".into(),
            (2, _) => "sparse".into(),
            (_, Err(machine)) => format!("numbers of {machine}"),
            (_, Ok(number)) => {
                let name = match number {
                    Number::F64 => "double",
                    Number::F32 => "single",
                    Number::I32 => "int32",
                    Number::I16 => "int16",
                    Number::U16 => "uint16",
                    _ => "uint8",
                };
                if self.complex { format!("complex {name}") } else { name.into() }
            }
        }
    }

    fn is_real(&self) -> bool {
        self.class == 0 && !self.complex && self.number.is_ok()
    }

    fn variable(&self, range: Option<(f64, f64)>) -> Variable {
        let shape = vec![self.rows, self.columns];
        Variable { name: self.name.clone(), kind: self.kind(), shape, range, real: self.is_real() }
    }
}

struct File<'a> {
    path: &'a Path,
    bytes: &'a [u8],
}

impl<'a> File<'a> {
    /// Shows each array's header with the bytes of its real part.
    fn walk(&self, visit: &mut dyn FnMut(Header, &'a [u8])) -> Result<(), DataError> {
        let mut rest = self.bytes;
        while !rest.is_empty() {
            let header = Header::read(rest).map_err(|reason| self.wrong(&reason))?;
            let item = header.number.map_or(8, Number::size) as u64;
            let values = header.rows.checked_mul(header.columns).and_then(|n| n.checked_mul(item));
            let all = values.and_then(|bytes| bytes.checked_mul(1 + u64::from(header.complex)));
            let there = (rest.len() - header.size) as u64;
            let (Some(values), Some(all)) = (values, all.filter(|&all| all <= there)) else {
                let (rows, columns, name) = (header.rows, header.columns, &header.name);
                return Err(DataError::CutShort {
                    path: self.path.to_owned(),
                    reason: format!("'{name}' is {rows} x {columns} by its header, and {there} bytes are left for it"),
                });
            };
            let (data, after) = rest[header.size..].split_at(all as usize);
            rest = after;
            visit(header, &data[..values as usize]);
        }
        Ok(())
    }

    fn wrong(&self, reason: &str) -> DataError {
        super::super::damaged(self.path, format!("it begins as a MAT v4 file, but {reason}"))
    }
}

impl Arrays for File<'_> {
    fn get(&self, name: &str) -> Result<Option<Matrix<'_>>, DataError> {
        let mut found = None;
        self.walk(&mut |header, data| {
            if header.name == name && found.is_none() {
                found = Some((header, data));
            }
        })?;
        let Some((header, data)) = found else { return Ok(None) };
        let Some(number) = header.number.ok().filter(|_| header.is_real()) else {
            let (path, name, kind) = (self.path.to_owned(), name.to_owned(), header.kind());
            return Err(DataError::NotReal { path, name, kind });
        };
        let numbers = Numbers::new(data, number, header.endian);
        let (rows, columns) = (header.rows as usize, header.columns as usize);
        let at = move |row, column| numbers.get(column * rows + row);
        Ok(Some(Matrix::new(rows, columns, Box::new(at))))
    }

    fn list(&self, ranges: bool) -> Result<Vec<Variable>, DataError> {
        let mut list = Vec::new();
        self.walk(&mut |header, data| {
            let number = header.number.ok().filter(|_| ranges && header.is_real());
            let range = number.and_then(|number| Numbers::new(data, number, header.endian).range());
            list.push(header.variable(range));
        })?;
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An array with this kind of header: thousands for the machine, tens for the type, ones for the class.
    fn array(kind: u32, name: &str, shape: [u32; 2], complex: u32, values: &[u8]) -> Vec<u8> {
        let words = [kind, shape[0], shape[1], complex, name.len() as u32 + 1];
        let word = |x: u32| if kind >= 1000 { x.to_be_bytes() } else { x.to_le_bytes() };
        [&words.map(word).concat(), name.as_bytes(), &[0], values].concat()
    }

    fn read(bytes: &[u8], key: &str) -> Result<Vec<[f64; 2]>, String> {
        assert!(Mat4.recognises(bytes));
        let loaded = Mat4.load(Path::new("t.mat"), bytes, &Reading::of(key));
        loaded.map(|loaded| loaded.points).map_err(|error| error.to_string())
    }

    #[test]
    fn every_type_is_read_in_both_orders() {
        let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        let expected = Ok(vec![[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
        let doubles: Vec<u8> = values.iter().flat_map(|x: &f64| x.to_le_bytes()).collect();
        assert_eq!(read(&array(0, "xx", [3, 2], 0, &doubles), "xx"), expected);
        let doubles: Vec<u8> = values.iter().flat_map(|x: &f64| x.to_be_bytes()).collect();
        assert_eq!(read(&array(1000, "xx", [3, 2], 0, &doubles), "xx"), expected);
        let singles: Vec<u8> = values.iter().flat_map(|&x| (x as f32).to_le_bytes()).collect();
        assert_eq!(read(&array(10, "xx", [3, 2], 0, &singles), "xx"), expected);
        let longs: Vec<u8> = values.iter().flat_map(|&x| (x as i32).to_le_bytes()).collect();
        assert_eq!(read(&array(20, "xx", [3, 2], 0, &longs), "xx"), expected);
        for kind in [30, 40] {
            let shorts: Vec<u8> = values.iter().flat_map(|&x| (x as i16).to_le_bytes()).collect();
            assert_eq!(read(&array(kind, "xx", [3, 2], 0, &shorts), "xx"), expected);
        }
        let bytes: Vec<u8> = values.iter().map(|&x| x as u8).collect();
        assert_eq!(read(&array(50, "xx", [3, 2], 0, &bytes), "xx"), expected);
    }

    #[test]
    fn other_arrays_are_listed_and_named() {
        let text = array(51, "title", [1, 5], 0, b"hello");
        let complex = array(50, "z", [3, 2], 1, &[0; 12]);
        let points = array(50, "p", [3, 2], 0, &[1, 2, 3, 4, 5, 6]);
        let file = [text, complex, points].concat();
        let list = Mat4.list(Path::new("t"), &file, &Reading::default()).unwrap();
        let kinds: Vec<_> = list.iter().map(|variable| (variable.name.as_str(), variable.kind.as_str())).collect();
        assert_eq!(kinds, [("title", "char"), ("z", "complex uint8"), ("p", "uint8")]);
        assert_eq!(read(&file, "xx").unwrap().len(), 3, "the only one that fits");
        assert!(read(&file, "title").unwrap_err().contains("is char"));
        assert!(read(&file, "z").unwrap_err().contains("is complex"));
        assert!(read(&file, "q").unwrap_err().contains("p (3 x 2 uint8)"));
    }

    #[test]
    fn headers_that_lie_are_refused() {
        let sound = array(0, "xx", [3, 2], 0, &[0; 48]);
        for cut in 23..sound.len() {
            assert!(read(&sound[..cut], "xx").unwrap_err().contains("cut short"), "{cut}");
        }
        let huge = array(0, "xx", [u32::MAX, u32::MAX], 1, &[0; 48]);
        assert!(read(&huge, "xx").unwrap_err().contains("cut short"));
        let more = [sound.clone(), vec![7; 30]].concat();
        assert!(read(&more, "xx").unwrap_err().contains("a header is not"));
        let vax = array(2000, "xx", [3, 2], 0, &[0; 48]);
        assert!(Mat4.load(Path::new("t"), &vax, &Reading::of("xx")).is_err());
        for other in [&b""[..], b"\0", b"1,2\n3,4\n1,2\n3,4\n1,2\n3,4\n", &[0; 64], &[0xff; 64]] {
            assert!(!Mat4.recognises(other));
        }
    }
}
