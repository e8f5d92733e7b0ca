//! Files that were packed with gzip: any other format inside.

use std::io::{ErrorKind, Read as _};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::reading::Reading;
use super::{DataError, Format, Loaded, Variable, damaged, detect, unusable};

/// A file that unpacks to more than this is refused.
const LARGEST: u64 = 1 << 30;

/// Packed files.
pub(super) struct Gzip;

impl Format for Gzip {
    fn name(&self) -> &'static str {
        "a gzip file"
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(b"\x1f\x8b\x08")
    }

    fn load(&self, path: &Path, bytes: &[u8], reading: &Reading) -> Result<Loaded, DataError> {
        let inner = unpack(path, bytes, LARGEST)?;
        let mut loaded = inside(path, &inner)?.load(path, &inner, reading)?;
        loaded.taken.format += ", packed with gzip";
        Ok(loaded)
    }

    fn list(&self, path: &Path, bytes: &[u8], reading: &Reading) -> Result<Vec<Variable>, DataError> {
        let inner = unpack(path, bytes, LARGEST)?;
        inside(path, &inner)?.list(path, &inner, reading)
    }
}

/// The format of what is inside, which must not be packed again.
fn inside(path: &Path, inner: &[u8]) -> Result<&'static dyn Format, DataError> {
    if Gzip.recognises(inner) {
        return Err(unusable(path, "it is packed with gzip twice; unpack it once with gunzip"));
    }
    detect(path, inner)
}

/// What is inside, at most `most` bytes.
fn unpack(path: &Path, bytes: &[u8], most: u64) -> Result<Vec<u8>, DataError> {
    let mut inner = Vec::new();
    match MultiGzDecoder::new(bytes).take(most + 1).read_to_end(&mut inner) {
        Ok(_) if inner.len() as u64 > most => Err(DataError::LargeInside { path: path.to_owned(), most }),
        Ok(_) => Ok(inner),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(DataError::CutShort {
            path: path.to_owned(),
            reason: "it is a gzip file that ends in the middle of its compressed data".to_owned(),
        }),
        Err(error) => Err(damaged(path, format!("it is a gzip file that does not unpack ({error})"))),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn pack(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Vec<[f64; 2]>, String> {
        let loaded = Gzip.load(Path::new("t.gz"), bytes, &Reading::default());
        loaded.map(|loaded| loaded.points).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_packed_is_read_in_one_piece_or_several() {
        let expected = Ok(vec![[1.0, 2.0], [3.0, 4.0]]);
        assert_eq!(read(&pack(b"1,2\n3,4\n")), expected);
        assert_eq!(read(&[pack(b"1,2\n"), pack(b"3,4\n")].concat()), expected);
    }

    #[test]
    fn hostile_files_are_refused_with_what_they_are() {
        let packed = pack(b"1,2\n3,4\n");
        for cut in 3..packed.len() {
            let message = read(&packed[..cut]).unwrap_err();
            assert!(message.contains("gzip"), "{cut}: {message}");
        }
        assert!(read(&packed[..packed.len() - 3]).unwrap_err().contains("cut short"));
        assert!(read(&pack(&packed)).unwrap_err().contains("twice"));
        let mut wrong = packed;
        let sum = wrong.len() - 8;
        wrong[sum] ^= 1;
        assert!(read(&wrong).unwrap_err().contains("does not unpack"));
        let bomb = pack(&vec![b' '; 1 << 20]);
        let message = unpack(Path::new("b.gz"), &bomb, 1 << 16).unwrap_err().to_string();
        assert!(message.contains("unpacks to more than"), "{message}");
    }
}
