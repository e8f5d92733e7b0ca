//! Zip archives of pictures. Nothing is unpacked to disk: a picture's bytes are in memory while it is decoded.

use std::io::{BufReader, Cursor, Read as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use zip::ZipArchive;
use zip::result::ZipError;

use super::formats::is_picture;
use super::picture::Stream;
use super::shelf::{Entry, Passed, extension, inside, is_hidden};
use super::{DataError, MOST_PACKED, damaged, no_images};

/// A picture's file of more bytes than this is not unpacked.
const LARGEST_MEMBER: u64 = 256 << 20;

/// The archive, of which one thread reads at a time.
pub(super) struct Archive(Mutex<ZipArchive<BufReader<fs_err::File>>>);

impl Archive {
    /// Opens the archive, whose list of members stands at its end.
    pub(super) fn open(path: &Path, file: fs_err::File) -> Result<Self, DataError> {
        let archive = ZipArchive::new(BufReader::new(file)).map_err(|error| DataError::CutShort {
            path: path.to_owned(),
            reason: format!("it is a zip archive without its list of members, which stands at the end ({error})"),
        })?;
        Ok(Self(Mutex::new(archive)))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, ZipArchive<BufReader<fs_err::File>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its members that are pictures.
    pub(super) fn pictures(&self, passed: &mut Passed) -> Vec<Entry> {
        let archive = self.lock();
        let mut found = Vec::new();
        for member in 0..archive.len() {
            let name = archive.name_for_index(member).and_then(Result::ok);
            let name = name.map_or_else(|| format!("member {member}"), std::borrow::Cow::into_owned);
            let path = inside(&name);
            if name.ends_with(['/', '\\']) {
                continue;
            }
            if path.components().any(|part| is_hidden(part.as_os_str())) {
                passed.hidden.add(|| name);
            } else if is_picture(&extension(&path)) {
                found.push(Entry { path, member, bytes: 0 });
            } else {
                passed.other(&path);
            }
        }
        drop(archive);
        found
    }

    /// How many bytes a member has, of those that its packed ones can hold.
    pub(super) fn size(&self, member: usize, place: &Path) -> Result<u64, DataError> {
        let mut archive = self.lock();
        let member = archive.by_index(member).map_err(|error| wrong(place, &error))?;
        Ok(member.size().min(member.compressed_size().saturating_mul(MOST_PACKED)))
    }

    /// Unpacks a member.
    pub(super) fn unpacked(&self, member: usize, place: &Path) -> Result<Stream<'static>, DataError> {
        self.with(member, place, |reader, _| {
            let mut bytes = Vec::new();
            reader.take(LARGEST_MEMBER + 1).read_to_end(&mut bytes).map_err(|error| wrong(place, &error.into()))?;
            if bytes.len() as u64 > LARGEST_MEMBER {
                return Err(DataError::LargeInside { path: place.to_owned(), most: LARGEST_MEMBER });
            }
            Ok(Box::new(Cursor::new(bytes)) as Stream<'static>)
        })
    }

    /// Reads a member, of so many bytes at most, without holding all of it.
    pub(super) fn with<T>(
        &self,
        member: usize,
        place: &Path,
        read: impl FnOnce(&mut dyn std::io::Read, u64) -> Result<T, DataError>,
    ) -> Result<T, DataError> {
        let mut archive = self.lock();
        let mut member = archive.by_index(member).map_err(|error| wrong(place, &error))?;
        if member.is_symlink() {
            let reason = "it is a link, and links in an archive are not followed; unpack the archive into a folder";
            return Err(no_images(place, reason));
        }
        let bytes = member.size().min(member.compressed_size().saturating_mul(MOST_PACKED));
        read(&mut member, bytes)
    }

    /// The names of its members, with their places, of those that end so.
    pub(super) fn members(&self, ending: &str) -> Vec<(String, usize)> {
        let archive = self.lock();
        let name = |at: usize| archive.name_for_index(at).and_then(Result::ok).map(std::borrow::Cow::into_owned);
        let ends = |at: usize| name(at).and_then(|name| Some((name.strip_suffix(ending)?.to_owned(), at)));
        (0..archive.len()).filter_map(ends).collect()
    }
}

fn wrong(place: &Path, error: &ZipError) -> DataError {
    match error {
        ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_) | ZipError::InvalidPassword => {
            no_images(
                place,
                format!("it is packed in a way that is not read ({error}); unpack the archive into a folder"),
            )
        }
        ZipError::Io(error)
            if error.kind() == std::io::ErrorKind::Unsupported || error.to_string().contains("not supported") =>
        {
            no_images(
                place,
                format!("it is packed in a way that is not read ({error}); unpack the archive into a folder"),
            )
        }
        _ => damaged(place, format!("it does not unpack ({error})")),
    }
}
