//! Numbers out of a scanned MAT file. The array that is wanted is read by `matfile`, which gets it in a file of its own:
//! [`super::scan`] has checked every size in it before. Ranges of the others are looked up where they lie.

use std::path::Path;

use matfile::{MatFile, NumericData};

use super::super::arrays::{self, Arrays};
use super::super::numbers::{Endian, Number, Numbers};
use super::super::reading::Reading;
use super::super::{DataError, Format, Loaded, Matrix, Variable, damaged, show_shape};
use super::scan::{Element, scan};

/// MAT v5 files.
pub(in super::super) struct Mat;

impl Format for Mat {
    fn name(&self) -> &'static str {
        "a MAT v5 file"
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        let starts_at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
        starts_at(126, b"IM") || starts_at(126, b"MI") || starts_at(0, b"MATLAB 5.0")
    }

    fn load(&self, path: &Path, bytes: &[u8], reading: &Reading) -> Result<Loaded, DataError> {
        arrays::load(path, self.name(), &File { path, bytes }, reading)
    }

    fn list(&self, path: &Path, bytes: &[u8], _: &Reading) -> Result<Vec<Variable>, DataError> {
        File { path, bytes }.list(true)
    }
}

/// The names of the file's variables.
pub(in super::super) fn names(path: &Path, bytes: &[u8]) -> Result<Vec<String>, DataError> {
    let mut names = Vec::new();
    scan(bytes, &mut |element| names.push(element.name)).map_err(|reason| damaged(path, reason))?;
    Ok(names)
}

/// Reads the array called `key`, which must be there.
pub(in super::super) fn read<'a>(path: &Path, bytes: &'a [u8], key: &str) -> Result<Matrix<'a>, DataError> {
    let missing = || DataError::MissingKey { path: path.to_owned(), key: key.to_owned(), available: "no such".into() };
    get(path, bytes, key)?.ok_or_else(missing)
}

struct File<'a> {
    path: &'a Path,
    bytes: &'a [u8],
}

impl Arrays for File<'_> {
    fn get(&self, name: &str) -> Result<Option<Matrix<'_>>, DataError> {
        get(self.path, self.bytes, name)
    }

    fn list(&self, ranges: bool) -> Result<Vec<Variable>, DataError> {
        let mut list = Vec::new();
        let mut visit = |element: Element<'_>| {
            let numbers = element.numbers();
            let real = numbers.is_some() && !element.logical && element.shape.len() == 2;
            let range = numbers.filter(|_| ranges).and_then(Numbers::range);
            list.push(Variable { kind: kind(&element), range, real, name: element.name, shape: element.shape });
        };
        scan(self.bytes, &mut visit).map_err(|reason| damaged(self.path, reason))?;
        Ok(list)
    }
}

fn get<'a>(path: &Path, bytes: &'a [u8], key: &str) -> Result<Option<Matrix<'a>>, DataError> {
    let mut found = None;
    let mut visit = |element: Element<'a>| {
        if element.name == key && found.is_none() {
            found = Some(element);
        }
    };
    scan(bytes, &mut visit).map_err(|reason| damaged(path, reason))?;
    let (path_owned, name) = (path.to_owned(), key.to_owned());
    let Some(element) = found else { return Ok(None) };
    if element.numbers().is_none() {
        return Err(DataError::NotReal { path: path_owned, name, kind: kind(&element) });
    }
    let [rows, columns] = element.shape[..] else {
        return Err(DataError::NotPoints {
            path: path_owned,
            name,
            shape: show_shape(&element.shape),
            how: String::new(),
        });
    };
    let (rows, columns) = (rows as usize, columns as usize);
    let read = by_matfile(element).map_err(|reason| damaged(path, format!("'{key}': {reason}")))?;
    // MAT files go column by column.
    let at =
        move |row, column| read.arrays().first().map_or(f64::NAN, |array| number(array.data(), column * rows + row));
    Ok(Some(Matrix::new(rows, columns, Box::new(at))))
}

/// The array, read by `matfile`.
fn by_matfile(element: Element<'_>) -> Result<MatFile, String> {
    let expected = element.shape.iter().product::<u64>() as usize;
    let file = lone_file(&element);
    // One copy of it is enough.
    drop(element);
    let read = MatFile::parse(&file[..]).map_err(|error| error.to_string())?;
    match read.arrays().first() {
        None if expected > 0 => Err("its numbers could not be read".into()),
        Some(array) if array.size().iter().product::<usize>() != expected => {
            Err("its numbers are not as many as its header says".into())
        }
        _ => Ok(read),
    }
}

fn number(data: &NumericData, at: usize) -> f64 {
    let found = match data {
        NumericData::Int8 { real, .. } => real.get(at).map(|&x| f64::from(x)),
        NumericData::UInt8 { real, .. } => real.get(at).map(|&x| f64::from(x)),
        NumericData::Int16 { real, .. } => real.get(at).map(|&x| f64::from(x)),
        NumericData::UInt16 { real, .. } => real.get(at).map(|&x| f64::from(x)),
        NumericData::Int32 { real, .. } => real.get(at).map(|&x| f64::from(x)),
        NumericData::UInt32 { real, .. } => real.get(at).map(|&x| f64::from(x)),
        NumericData::Int64 { real, .. } => real.get(at).map(|&x| x as f64),
        NumericData::UInt64 { real, .. } => real.get(at).map(|&x| x as f64),
        NumericData::Single { real, .. } => real.get(at).map(|&x| f64::from(x)),
        NumericData::Double { real, .. } => real.get(at).copied(),
    };
    found.unwrap_or(f64::NAN)
}

/// A file with this array alone, uncompressed.
///
/// MATLAB stores whole numbers of any class in the narrowest type that holds them. `matfile` 0.5 takes only some such
/// pairs of class and storage, and no int32 arrays at all; the class is therefore set to the one that it takes for this
/// storage, which leaves the numbers as they are.
fn lone_file(element: &Element<'_>) -> Vec<u8> {
    let (class, storage): (u32, u32) = match element.number {
        Some(Number::I8) => (8, 1),
        Some(Number::U8) => (9, 2),
        Some(Number::I16) => (10, 3),
        Some(Number::U16) => (11, 4),
        Some(Number::I32) => (6, 5),
        Some(Number::U32) => (13, 6),
        Some(Number::F32) => (7, 7),
        Some(Number::I64) => (14, 12),
        Some(Number::U64) => (15, 13),
        // No element has halves.
        Some(Number::F64 | Number::F16) | None => (6, 9),
    };
    let stored = element.stored().unwrap_or_default();
    // matfile reads no dimensions of uint32 and no names in UTF-8: the frame is made anew.
    let word = |x: u32| match element.endian {
        Endian::Little => x.to_le_bytes(),
        Endian::Big => x.to_be_bytes(),
    };
    let sizes: Vec<u8> = element.shape.iter().flat_map(|&n| word(n as u32)).collect();
    let padded = |n: usize| n.next_multiple_of(8);
    let frame = 16 + 8 + padded(sizes.len()) + 16;
    let (version, mark): ([u8; 2], _) = match element.endian {
        Endian::Little => ([0, 1], b"IM"),
        Endian::Big => ([1, 0], b"MI"),
    };
    let mut file = Vec::with_capacity(128 + 8 + frame + 8 + padded(stored.len()));
    file.resize(124, b' ');
    file.extend(version);
    file.extend(mark);
    let mut put = |kind: u32, content: &[u8]| {
        file.extend(word(kind));
        file.extend(word(content.len() as u32));
        file.extend_from_slice(content);
        file.resize(file.len().next_multiple_of(8), 0);
    };
    put(14, &[]);
    put(6, &[word(class), word(0)].concat());
    put(5, &sizes);
    // The name, which must not be empty.
    put(1, b"x");
    put(storage, stored);
    let size = word((file.len() - 136) as u32);
    file[132..136].copy_from_slice(&size);
    file
}

fn kind(element: &Element<'_>) -> String {
    match (element.logical, element.complex) {
        (true, _) => "logical".into(),
        (_, true) => format!("complex {}", element.class.name()),
        _ => element.class.name().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a file's writer chose.
    #[derive(Clone, Copy)]
    struct Way {
        big: bool,
        /// The type of dimensions: 5 for int32, 6 for uint32.
        dimensions: u32,
        /// The type of names: 1 for bytes, 16 for UTF-8.
        name: u32,
    }

    const MATLAB: Way = Way { big: false, dimensions: 5, name: 1 };

    impl Way {
        fn word(self, x: u32) -> [u8; 4] {
            if self.big { x.to_be_bytes() } else { x.to_le_bytes() }
        }

        fn element(self, kind: u32, content: &[u8]) -> Vec<u8> {
            let mut bytes = [self.word(kind), self.word(content.len() as u32)].concat();
            bytes.extend(content);
            bytes.resize(bytes.len().next_multiple_of(8), 0);
            bytes
        }

        /// An array element of this class with this content after its name.
        fn array(self, class: u32, name: &str, shape: [u32; 2], content: &[u8]) -> Vec<u8> {
            let flags = self.element(6, &[self.word(class), [0; 4]].concat());
            let dimensions = self.element(self.dimensions, &shape.map(|n| self.word(n)).concat());
            self.element(14, &[flags, dimensions, self.element(self.name, name.as_bytes()), content.to_vec()].concat())
        }

        /// A double array; `values` go column by column.
        fn doubles(self, name: &str, shape: [u32; 2], values: &[f64]) -> Vec<u8> {
            let bytes = values.iter().flat_map(|x| if self.big { x.to_be_bytes() } else { x.to_le_bytes() });
            self.array(6, name, shape, &self.element(9, &bytes.collect::<Vec<_>>()))
        }

        /// A struct of this shape with these fields' names and the fields of all its elements.
        fn structure(self, name: &str, shape: [u32; 2], names: &[&str], fields: &[Vec<u8>]) -> Vec<u8> {
            let room = |name: &&str| [name.as_bytes(), &[0; 8][..8 - name.len()]].concat();
            // The length of a name is a small element: four bytes with its type.
            let length = [self.word(5 | 4 << 16), self.word(8)].concat();
            let names = self.element(1, &names.iter().flat_map(room).collect::<Vec<_>>());
            self.array(2, name, shape, &[length, names, fields.concat()].concat())
        }

        fn file(self, arrays: &[Vec<u8>]) -> Vec<u8> {
            let mark: &[u8] = if self.big { b"\x01\0MI" } else { b"\0\x01IM" };
            [&[b' '; 124][..], mark, &arrays.concat()].concat()
        }
    }

    const VALUES: [f64; 6] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    const POINTS: [[f64; 2]; 3] = [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]];

    fn load(file: &[u8], key: &str) -> Result<Loaded, String> {
        assert!(Mat.recognises(file));
        Mat.load(Path::new("t.mat"), file, &Reading::of(key)).map_err(|error| error.to_string())
    }

    #[test]
    fn what_other_programs_write_is_read_too() {
        for big in [false, true] {
            for dimensions in [5, 6] {
                for name in [1, 16] {
                    let way = Way { big, dimensions, name };
                    let file = way.file(&[way.doubles("größe", [3, 2], &VALUES), way.doubles("n", [1, 1], &[3.0])]);
                    assert_eq!(load(&file, "größe").unwrap().points, POINTS, "{big} {dimensions} {name}");
                    let only = load(&file, "xx").unwrap();
                    assert_eq!((only.points, only.taken.notes.len()), (POINTS.to_vec(), 1));
                    assert!(only.taken.notes[0].contains("'größe'"));
                }
            }
        }
    }

    #[test]
    fn fields_of_structs_have_paths() {
        let inner = MATLAB.structure("", [1, 1], &["xx"], &[MATLAB.doubles("", [3, 2], &VALUES)]);
        let fields = [MATLAB.doubles("", [1, 1], &[7.0]), inner];
        let file = MATLAB.file(&[MATLAB.structure("data", [1, 1], &["n", "deep"], &fields)]);
        assert_eq!(load(&file, "data.deep.xx").unwrap().points, POINTS);
        // The only one that fits, wherever it lies.
        assert_eq!(load(&file, "xx").unwrap().taken.variable.unwrap(), "data.deep.xx");
        assert!(load(&file, "data").unwrap_err().contains("is struct"));
        assert!(load(&file, "data.q").unwrap_err().contains("data.deep.xx (3 x 2 double)"));
        let array = MATLAB.structure("s", [1, 2], &["p"], &[inner_points(), inner_points()]);
        let file = MATLAB.file(&[array]);
        assert_eq!(load(&file, "s(2).p").unwrap().points, POINTS);
        assert!(load(&file, "xx").unwrap_err().contains("s(1).p (3 x 2 double), s(2).p"));
    }

    fn inner_points() -> Vec<u8> {
        MATLAB.doubles("", [3, 2], &VALUES)
    }

    #[test]
    fn two_vectors_are_taken_together() {
        let vectors = |x: &str, y: &str, n: u32| {
            let x = MATLAB.doubles(x, [3, 1], &VALUES[..3]);
            MATLAB.file(&[x, MATLAB.doubles(y, [1, n], &VALUES[3..3 + n as usize])])
        };
        assert_eq!(load(&vectors("lon", "lat", 3), "lon, lat").unwrap().points, POINTS);
        assert!(load(&vectors("lon", "lat", 3), "xx").unwrap_err().contains("--key x,y"));
        let guessed = load(&vectors("X", "Y", 3), "xx").unwrap();
        assert_eq!(guessed.points, POINTS);
        assert!(guessed.taken.notes[0].contains("'X' and 'Y'"));
        assert!(load(&vectors("x", "y", 2), "x,y").unwrap_err().contains("'x' has 3 numbers and 'y' has 2"));
        assert!(load(&vectors("x", "y", 2), "xx").unwrap_err().contains("no variable 'xx'"));
        assert!(load(&vectors("x", "y", 3), "x,z").unwrap_err().contains("no variable 'z'"));
    }

    #[test]
    fn structs_that_lie_are_refused_or_cut() {
        let field = inner_points();
        let sound = MATLAB.file(&[MATLAB.structure("s", [1, 1], &["p"], &[field])]);
        for at in 128..sound.len() {
            for value in [0, 0x7f, 0xff] {
                let mut bytes = sound.clone();
                bytes[at] = value;
                let _ = load(&bytes, "s.p");
                let _ = Mat.list(Path::new("t.mat"), &bytes, &Reading::default());
            }
        }
        // More elements than there are bytes.
        let many = MATLAB.file(&[MATLAB.structure("s", [u32::MAX >> 1, u32::MAX >> 1], &["p"], &[inner_points()])]);
        assert!(load(&many, "s(1).p").is_ok());
        let none = MATLAB.file(&[MATLAB.structure("s", [u32::MAX >> 1, u32::MAX >> 1], &[], &[])]);
        assert!(load(&none, "s").unwrap_err().contains("is struct"));
        let mut deep = inner_points();
        for _ in 0..100 {
            deep = MATLAB.structure("", [1, 1], &["p"], &[deep]);
        }
        let deep = MATLAB.file(&[MATLAB.structure("s", [1, 1], &["p"], &[deep])]);
        assert!(load(&deep, "s.p.p").unwrap_err().contains("is struct"));
    }
}
