//! NumPy's npz files: npy files by name in a zip archive.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io::{Cursor, Read as _};
use std::path::Path;

use zip::ZipArchive;
use zip::result::ZipError;

use super::arrays::{self, Arrays};
use super::npy;
use super::reading::Reading;
use super::{DataError, Format, Loaded, Matrix, Variable, damaged, unusable};

/// An array that unpacks to more than this is refused.
const LARGEST: u64 = 1 << 30;
/// An archive of more members than this is refused.
const MOST_MEMBERS: usize = 10_000;

/// npz files.
pub(super) struct Npz;

impl Format for Npz {
    fn name(&self) -> &'static str {
        "an npz file"
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(b"PK\x03\x04") && begins_with_array(bytes)
    }

    fn load(&self, path: &Path, bytes: &[u8], reading: &Reading) -> Result<Loaded, DataError> {
        arrays::load(path, self.name(), &File::open(path, bytes)?, reading)
    }

    fn list(&self, path: &Path, bytes: &[u8], _: &Reading) -> Result<Vec<Variable>, DataError> {
        File::open(path, bytes)?.list(true)
    }
}

/// Whether the archive's first member is called something.npy: a cut archive shows what it is too.
fn begins_with_array(bytes: &[u8]) -> bool {
    let length = bytes.get(26..28).map_or(0, |b| usize::from(u16::from_le_bytes([b[0], b[1]])));
    bytes.get(30..30 + length).is_some_and(|name| name.ends_with(b".npy"))
}

struct File<'a> {
    path: &'a Path,
    archive: RefCell<ZipArchive<Cursor<&'a [u8]>>>,
    /// The arrays' names and places in the archive.
    names: Vec<(String, usize)>,
}

impl<'a> File<'a> {
    fn open(path: &'a Path, bytes: &'a [u8]) -> Result<Self, DataError> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| DataError::CutShort {
            path: path.to_owned(),
            reason: format!("it is an npz file without its list of arrays, which stands at the end ({error})"),
        })?;
        if archive.len() > MOST_MEMBERS {
            let found = archive.len();
            return Err(unusable(path, format!("it has {found} arrays, more than the {MOST_MEMBERS} that are read")));
        }
        let name = |at: usize| {
            let name = archive.name_for_index(at)?.ok()?;
            name.strip_suffix(".npy").map(|name| (name.to_owned(), at))
        };
        let names = (0..archive.len()).filter_map(name).collect();
        Ok(Self { path, archive: RefCell::new(archive), names })
    }

    fn wrong(&self, name: &str, error: &ZipError) -> DataError {
        match error {
            ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) => unusable(
                self.path,
                format!("its array '{name}' is packed in a way that is not read ({error}); save it anew"),
            ),
            _ => damaged(self.path, format!("its array '{name}' does not unpack ({error})")),
        }
    }
}

impl Arrays for File<'_> {
    fn get(&self, name: &str) -> Result<Option<Matrix<'_>>, DataError> {
        let Some((_, at)) = self.names.iter().find(|(known, _)| known == name) else { return Ok(None) };
        let mut archive = self.archive.borrow_mut();
        let member = archive.by_index(*at).map_err(|error| self.wrong(name, &error))?;
        let mut bytes = Vec::new();
        member.take(LARGEST + 1).read_to_end(&mut bytes).map_err(|error| self.wrong(name, &error.into()))?;
        if bytes.len() as u64 > LARGEST {
            return Err(DataError::LargeInside { path: self.path.to_owned(), most: LARGEST });
        }
        npy::read_matrix(self.path, name, Cow::Owned(bytes)).map(Some)
    }

    fn list(&self, ranges: bool) -> Result<Vec<Variable>, DataError> {
        let mut list = Vec::new();
        for (name, at) in &self.names {
            let mut variable = {
                let mut archive = self.archive.borrow_mut();
                let mut member = archive.by_index(*at).map_err(|error| self.wrong(name, &error))?;
                npy::variable_of(self.path, name, &mut member)?
            };
            if ranges
                && variable.real
                && let Some(matrix) = self.get(name)?
            {
                variable.range = matrix.range();
            }
            list.push(variable);
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::write::SimpleFileOptions;
    use zip::{CompressionMethod, ZipWriter};

    use super::*;

    fn archive(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in members {
            writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn read(bytes: &[u8], key: &str) -> Result<Vec<[f64; 2]>, String> {
        assert!(Npz.recognises(bytes));
        let loaded = Npz.load(Path::new("t.npz"), bytes, &Reading::of(key));
        loaded.map(|loaded| loaded.points).map_err(|error| error.to_string())
    }

    #[test]
    fn arrays_are_read_by_name_stored_or_packed() {
        let points = npy::encode(npy::Precision::Single, &[3, 2], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        let (x, y) = (
            npy::encode(npy::Precision::Single, &[3], &[1.0, 3.0, 5.0]),
            npy::encode(npy::Precision::Single, &[3, 1], &[2.0, 4.0, 6.0]),
        );
        let expected = Ok(vec![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            assert_eq!(read(&archive(&[("arr_0.npy", &points)], method), "xx"), expected);
            let several = archive(&[("x.npy", &x), ("y.npy", &y), ("a/../../b.npy", &points)], method);
            assert_eq!(read(&several, "a/../../b"), expected);
            assert_eq!(read(&several, "x,y"), expected);
            assert_eq!(read(&several, "xx"), expected, "the only one with two columns");
            assert!(read(&several, "z").unwrap_err().contains("a/../../b (3 x 2 float32)"));
            assert_eq!(read(&archive(&[("x.npy", &x), ("y.npy", &y)], method), "xx"), expected);
        }
    }

    #[test]
    fn hostile_archives_are_refused() {
        let points = npy::encode(npy::Precision::Single, &[300, 2], &[0.5; 600]);
        let whole = archive(&[("xx.npy", &points)], CompressionMethod::Deflated);
        for cut in 40..whole.len() {
            assert!(read(&whole[..cut], "xx").is_err(), "{cut}");
        }
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            let _ = Npz.load(Path::new("t.npz"), &bytes, &Reading::default());
            let _ = Npz.list(Path::new("t.npz"), &bytes, &Reading::default());
        }
        // A few bytes that promise 8 GB.
        let promise = [&npy::header(npy::Precision::Single, &[1 << 30, 2])[..], &[0; 64]].concat();
        let taken = allocation_counter::measure(|| {
            let message = read(&archive(&[("xx.npy", &promise)], CompressionMethod::Deflated), "xx").unwrap_err();
            assert!(message.contains("cut short"), "{message}");
        });
        assert!(taken.bytes_max < 1 << 20, "{taken:?}");
    }
}
