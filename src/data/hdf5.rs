//! HDF5 files: MAT v7.3, which is HDF5 after a header of MATLAB's own, and those of other programs.
//!
//! MATLAB writes an array's axes in reverse, keeps a struct as a group and says of each array in the attribute
//! `MATLAB_class` what it was. The file is taken apart by the crate `hdf5-pure`; sizes are checked here before it reads
//! numbers, because it takes as much memory as a header says.

use std::path::Path;

use hdf5_pure::{AttrValue, DType, Dataset, Group};

use super::arrays::{self, Arrays};
use super::reading::Reading;
use super::{DataError, Format, Loaded, Matrix, Variable, foreign, range, unusable};

const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";
/// How a MAT v7.3 file begins.
const MATLAB: &[u8] = b"MATLAB 7.3";
/// An array that takes more bytes than this is refused.
const LARGEST: u64 = 1 << 30;
/// DEFLATE packs no more than this to one.
const MOST_PACKED: u64 = 1032;
/// Groups in groups in groups beyond this many are not looked into, and no more arrays than this are listed.
const DEEPEST: usize = 8;
const MOST_ARRAYS: usize = 10_000;

/// HDF5 files.
pub(super) struct Hdf5;

impl Format for Hdf5 {
    fn name(&self) -> &'static str {
        "a MAT v7.3 (HDF5) file"
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(MAGIC)
            || bytes.get(512..).is_some_and(|rest| rest.starts_with(MAGIC))
            || bytes.starts_with(MATLAB)
    }

    fn load(&self, path: &Path, bytes: &[u8], reading: &Reading) -> Result<Loaded, DataError> {
        let file = File::open(path, bytes)?;
        let name = if file.matlab { self.name() } else { "an HDF5 file" };
        arrays::load(path, name, &file, reading)
    }

    fn list(&self, path: &Path, bytes: &[u8], _: &Reading) -> Result<Vec<Variable>, DataError> {
        File::open(path, bytes)?.list(true)
    }
}

struct File<'a> {
    path: &'a Path,
    inner: hdf5_pure::File,
    /// Bytes of the file.
    size: u64,
    /// Whether MATLAB's rules hold.
    matlab: bool,
    entries: Vec<Entry>,
}

/// What has a name in the file.
struct Entry {
    /// As a person says it: `data.xx`.
    name: String,
    /// As HDF5 says it: `data/xx`.
    place: String,
    /// Of what is no plain array, what it is.
    other: Option<&'static str>,
}

/// What is known of an array.
struct Facts {
    /// Its type for people.
    kind: String,
    /// As MATLAB says it, where the file is of MATLAB's.
    shape: Vec<u64>,
    /// Whether that is the reverse of how it lies.
    reversed: bool,
    /// Whether it is an array of real numbers.
    real: bool,
}

impl<'a> File<'a> {
    fn open(path: &'a Path, bytes: &[u8]) -> Result<Self, DataError> {
        let file = hdf5_pure::File::from_bytes(bytes.to_vec()).map_err(|error| odd(path, &error))?;
        let (size, matlab) = (bytes.len() as u64, bytes.starts_with(MATLAB));
        let mut entries = Vec::new();
        walk(&file.root(), "", "", (0, &mut 0), &mut entries).map_err(|error| odd(path, &error))?;
        if entries.len() > MOST_ARRAYS {
            return Err(unusable(path, format!("it has more arrays than the {MOST_ARRAYS} that are read")));
        }
        Ok(Self { path, inner: file, size, matlab, entries })
    }

    fn dataset(&self, entry: &Entry) -> Result<Dataset, DataError> {
        self.inner.dataset(&entry.place).map_err(|error| self.odd(entry, &error))
    }

    fn odd(&self, entry: &Entry, error: &hdf5_pure::Error) -> DataError {
        let how = foreign::from_hdf5(self.path);
        DataError::Hdf5 { path: self.path.to_owned(), reason: format!("'{}': {error}", entry.name), how }
    }

    fn facts(&self, entry: &Entry, dataset: &Dataset) -> Result<Facts, DataError> {
        let mut shape = dataset.shape().map_err(|error| self.odd(entry, &error))?;
        let dtype = dataset.dtype().map_err(|error| self.odd(entry, &error))?;
        let attributes = dataset.attrs().unwrap_or_default();
        let class = match attributes.get("MATLAB_class") {
            Some(AttrValue::AsciiString(class) | AttrValue::String(class)) => {
                Some(class.trim_end_matches('\0').to_owned())
            }
            _ => None,
        };
        let reversed = self.matlab || class.is_some();
        if reversed {
            shape.reverse();
        }
        // Of an empty array MATLAB keeps its size in place of its numbers.
        if attributes.contains_key("MATLAB_empty") {
            return Ok(Facts {
                kind: format!("empty {}", class.unwrap_or_else(|| "array".into())),
                shape: vec![0, 0],
                reversed,
                real: false,
            });
        }
        let number = number_name(&dtype);
        let complex = matches!(&dtype, DType::Compound(fields) if fields.len() == 2 && fields[0].0 == "real");
        let kind = match (&class, number) {
            (Some(class), _) if complex => format!("complex {class}"),
            (Some(class), _) => class.clone(),
            (None, Some(name)) => name.to_owned(),
            (None, None) => dtype.to_string(),
        };
        // A class that keeps something else as numbers: char, logical, string, table.
        let numeric = class.as_deref().is_none_or(|class| {
            matches!(class, "double" | "single") || class.trim_start_matches('u').starts_with("int")
        });
        let real = number.is_some() && numeric && (1..=2).contains(&shape.len());
        Ok(Facts { kind, shape, reversed, real })
    }

    /// The numbers of an array, if they can be all there.
    fn numbers(&self, entry: &Entry, dataset: &Dataset) -> Result<Vec<f64>, DataError> {
        let product = |shape: &[u64]| shape.iter().fold(1_u64, |n, &side| n.saturating_mul(side));
        let shape = dataset.shape().map_err(|error| self.odd(entry, &error))?;
        let item = dataset.element_size().map_err(|error| self.odd(entry, &error))?.max(size_of::<f64>() as u64);
        let chunk = dataset.chunk_shape().map_err(|error| self.odd(entry, &error))?.unwrap_or_default();
        let needed = product(&shape).max(product(&chunk)).saturating_mul(item);
        if needed > LARGEST {
            return Err(DataError::LargeInside { path: self.path.to_owned(), most: LARGEST });
        }
        if needed > self.size.saturating_mul(MOST_PACKED) {
            let reason = format!("'{}' claims {needed} bytes of numbers, more than the file can hold", entry.name);
            return Err(unusable(self.path, reason));
        }
        dataset.read_f64().map_err(|error| self.odd(entry, &error))
    }
}

fn odd(path: &Path, error: &hdf5_pure::Error) -> DataError {
    DataError::Hdf5 { path: path.to_owned(), reason: error.to_string(), how: foreign::from_hdf5(path) }
}

/// Notes what a group holds, and the groups in it. What MATLAB keeps for its cells and objects is none of a person's.
fn walk(
    group: &Group,
    name: &str,
    place: &str,
    (depth, groups): (usize, &mut usize),
    entries: &mut Vec<Entry>,
) -> Result<(), hdf5_pure::Error> {
    let child = |own: &str| (format!("{name}{own}"), format!("{place}{own}"));
    for own in group.datasets()? {
        let (name, place) = child(&own);
        entries.push(Entry { name, place, other: None });
    }
    // A group may hold itself by a link, several times.
    *groups += 1;
    if depth >= DEEPEST || *groups > MOST_ARRAYS || entries.len() > MOST_ARRAYS {
        return Ok(());
    }
    for own in group.groups()?.into_iter().filter(|own| !own.starts_with('#')) {
        let (name, place) = child(&own);
        let inner = group.group(&own)?;
        if inner.attrs().is_ok_and(|attributes| attributes.contains_key("MATLAB_sparse")) {
            entries.push(Entry { name, place, other: Some("sparse matrix") });
        } else {
            walk(&inner, &format!("{name}."), &format!("{place}/"), (depth + 1, &mut *groups), entries)?;
        }
    }
    Ok(())
}

/// What NumPy calls a type of numbers.
fn number_name(dtype: &DType) -> Option<&'static str> {
    Some(match dtype {
        DType::F32 => "float32",
        DType::F64 => "float64",
        DType::I8 => "int8",
        DType::I16 => "int16",
        DType::I32 => "int32",
        DType::I64 => "int64",
        DType::U8 => "uint8",
        DType::U16 => "uint16",
        DType::U32 => "uint32",
        DType::U64 => "uint64",
        _ => return None,
    })
}

impl Arrays for File<'_> {
    fn get(&self, name: &str) -> Result<Option<Matrix<'_>>, DataError> {
        let Some(entry) = self.entries.iter().find(|entry| entry.name == name) else { return Ok(None) };
        let not_real = |kind: String| DataError::NotReal { path: self.path.to_owned(), name: name.to_owned(), kind };
        if let Some(other) = entry.other {
            return Err(not_real(other.to_owned()));
        }
        let dataset = self.dataset(entry)?;
        let Facts { kind, shape, reversed, real } = self.facts(entry, &dataset)?;
        let (rows, columns) = match shape[..] {
            [n] => (n, 1),
            [rows, columns] => (rows, columns),
            _ => {
                let shape = super::show_shape(&shape);
                let (path, name) = (self.path.to_owned(), name.to_owned());
                return Err(DataError::NotPoints { path, name, shape, how: String::new() });
            }
        };
        if !real {
            return Err(not_real(kind));
        }
        let values = self.numbers(entry, &dataset)?;
        let (rows, columns) = (rows as usize, columns as usize);
        if values.len() != rows.saturating_mul(columns) {
            let reason = format!("'{name}' has {} numbers and is to be {rows} x {columns}", values.len());
            return Err(unusable(self.path, reason));
        }
        // With the axes reversed a column's numbers lie together.
        let at = move |row, column| values[if reversed { column * rows + row } else { row * columns + column }];
        Ok(Some(Matrix::new(rows, columns, Box::new(at))))
    }

    fn list(&self, ranges: bool) -> Result<Vec<Variable>, DataError> {
        let mut list = Vec::new();
        for entry in &self.entries {
            if let Some(other) = entry.other {
                let (name, kind) = (entry.name.clone(), other.to_owned());
                list.push(Variable { name, kind, shape: Vec::new(), range: None, real: false });
                continue;
            }
            let dataset = self.dataset(entry)?;
            let Facts { kind, shape, real, .. } = self.facts(entry, &dataset)?;
            let numbers = if ranges && real { Some(self.numbers(entry, &dataset)?) } else { None };
            let range = numbers.and_then(|numbers| range(numbers.into_iter()));
            list.push(Variable { name: entry.name.clone(), kind, shape, range, real });
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdf5_pure::FileBuilder;

    const POINTS: [[f64; 2]; 4] = [[0.5, 1.5], [2.5, -3.5], [4.0, 5.0], [6.0, 7.25]];

    /// The points as MATLAB has them: first all x, then all y.
    fn by_columns() -> Vec<f64> {
        [0, 1].into_iter().flat_map(|axis| POINTS.map(|point| point[axis])).collect()
    }

    /// A file after a header of MATLAB's, with `xx` in it and a struct.
    fn mat(packed: bool) -> Vec<u8> {
        let mut builder = FileBuilder::new();
        let set = builder.create_dataset("xx").with_f64_data(&by_columns()).with_shape(&[2, 4]);
        if packed {
            set.with_chunks(&[1, 4]).with_shuffle().with_deflate(6);
        }
        let mut group = builder.create_group("data");
        group
            .create_dataset("xx")
            .with_f32_data(&by_columns().iter().map(|x| *x as f32).collect::<Vec<_>>())
            .with_shape(&[2, 4]);
        group.create_dataset("n").with_f64_data(&[3.0]).with_shape(&[1, 1]);
        builder.add_group(group.finish());
        builder.with_userblock(512);
        let mut bytes = builder.finish().unwrap();
        bytes[..MATLAB.len()].copy_from_slice(MATLAB);
        bytes
    }

    fn read(bytes: &[u8], key: &str) -> Result<Vec<[f64; 2]>, String> {
        assert!(Hdf5.recognises(bytes));
        let loaded = Hdf5.load(Path::new("t.mat"), bytes, &Reading::of(key));
        loaded.map(|loaded| loaded.points).map_err(|error| error.to_string())
    }

    #[test]
    fn arrays_are_read_by_name_with_the_axes_as_matlab_has_them() {
        for packed in [false, true] {
            let file = mat(packed);
            assert_eq!(read(&file, "xx").unwrap(), POINTS);
            assert_eq!(read(&file, "data.xx").unwrap(), POINTS);
            let missing = read(&file, "yy").unwrap_err();
            assert!(
                missing.contains("xx (4 x 2 float64), data.") && missing.contains("data.xx (4 x 2 float32)"),
                "{missing}"
            );
        }
        let mut builder = FileBuilder::new();
        builder.create_dataset("points").with_f64_data(POINTS.as_flattened()).with_shape(&[4, 2]);
        assert_eq!(read(&builder.finish().unwrap(), "xx").unwrap(), POINTS, "the only one that fits, as it lies");
    }

    #[test]
    fn damaged_files_are_refused_and_take_little_memory() {
        for file in [mat(false), mat(true)] {
            for cut in (600..file.len()).step_by(7) {
                let _ = Hdf5.load(Path::new("t"), &file[..cut], &Reading::default());
            }
            for at in 512..file.len() {
                let mut bytes = file.clone();
                for change in [0x01, 0x80, 0xff] {
                    bytes[at] = file[at] ^ change;
                    let taken = allocation_counter::measure(|| {
                        let _ = Hdf5.load(Path::new("t"), &bytes, &Reading::default());
                        let _ = Hdf5.list(Path::new("t"), &bytes, &Reading::default());
                    });
                    assert!(taken.bytes_max < 8 << 20, "{at} {change}: {taken:?}");
                }
            }
        }
        let message = read(&[MATLAB, &[b' '; 700]].concat(), "xx").unwrap_err();
        assert!(message.contains("cannot be read") && message.contains("savemat"), "{message}");
    }
}
