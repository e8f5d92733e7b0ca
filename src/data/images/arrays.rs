//! Files that hold images as an array: IDX and npy, both also gzipped, and npz; and zip archives, which begin as npz
//! files do.

use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;
use fs_err as fs;
use image::{DynamicImage, GrayAlphaImage, GrayImage, RgbImage, RgbaImage};

use super::archive::Archive;
use super::fit::fitted;
use super::formats::{FORMATS, what_it_is};
use super::layout::{Layout, Scale};
use super::picture::LARGEST_PICTURE;
use super::set::numbers;
use super::shelf::Shelf;
use super::{DataError, ImageReading, ImageSet, MOST_PACKED, Watch, damaged, idx, no_images, no_key, pictures};
use crate::data::{foreign, npy, show_shape};
use crate::memory;

/// What the header of an array says.
pub(super) type Numbers = npy::Heading;

const MAGIC: &[u8] = b"\x93NUMPY";
/// Numbers are looked at so many bytes at a time.
const CHUNK: u64 = 1 << 20;

/// Where an array lies.
enum Place {
    /// A file from its beginning, gzipped or not.
    File { gzip: bool },
    /// A member of an npz file.
    Member(Archive, usize),
}

/// An array's file, which can be read more than once.
struct File<'a> {
    path: &'a Path,
    place: Place,
}

/// What is done with an array: its header, its numbers, and how many bytes there are of them at most.
type Use<'a, T> = dyn FnMut(&Numbers, &mut dyn Read, u64) -> Result<T, DataError> + 'a;

/// Reads the images of a file.
pub(super) fn load(
    path: &Path,
    side: usize,
    reading: &ImageReading,
    watch: &mut Watch<'_>,
) -> Result<ImageSet, DataError> {
    let file = fs::File::open(path)?;
    let metadata = file.metadata()?;
    // What is no plain file has no size beforehand, and is read once.
    let plain = metadata.is_file();
    let bytes = if plain { metadata.len() } else { u64::MAX };
    let mut reader = BufReader::new(file);
    let start = reader.fill_buf()?;
    if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") {
        let archive = Archive::open(path, fs::File::open(path)?)?;
        return archived(path, archive, side, reading, watch);
    }
    let gzip = start.starts_with(&[0x1f, 0x8b]);
    if !gzip && !start.starts_with(MAGIC) && !start.starts_with(&[0, 0]) {
        return Err(no_images(path, not_an_array(start)));
    }
    if let Some(key) = &reading.key {
        return Err(no_key(path, key, "it holds one array, which has no name"));
    }
    let mut once = |numbers: &Numbers, reader: &mut dyn Read, left: u64| {
        if is_bytes(numbers) {
            return of_bytes(path, numbers, reader, left, side, reading, watch).map(Some);
        }
        if plain {
            Ok(None)
        } else {
            Err(no_images(path, "it is not a regular file; from such a source only uint8 in C order can be read"))
        }
    };
    let left = if gzip { bytes.saturating_mul(MOST_PACKED) } else { bytes };
    let set = if gzip {
        open(path, &mut BufReader::new(GzDecoder::new(reader)), left, &mut once)?
    } else {
        open(path, &mut reader, left, &mut once)?
    };
    match set {
        Some(set) => Ok(set),
        None => of_numbers(&File { path, place: Place::File { gzip } }, side, reading, watch),
    }
}

fn not_an_array(start: &[u8]) -> String {
    let format = image::guess_format(start).ok();
    match FORMATS.iter().find(|one| Some(one.known) == format) {
        Some(known) => format!("it is one picture ({}); name the folder of your pictures", known.name),
        None if start.is_empty() => what_it_is(start),
        None => idx::NO_ARRAY.to_owned(),
    }
}

/// Reads the header of an npy or IDX file, and hands over what is behind it.
fn open<T>(path: &Path, reader: &mut BufReader<impl Read>, bytes: u64, work: &mut Use<'_, T>) -> Result<T, DataError> {
    let start = reader.fill_buf().map_err(|error| unreadable(path, "it is cut short", &error))?;
    let (numbers, header) = if start.starts_with(MAGIC) {
        // The header is part of the file, so what is left for the images is a little less.
        (npy::heading(reader).map_err(|fault| fault.of(path))?, 0)
    } else {
        idx::header(path, reader)?
    };
    work(&numbers, reader, bytes.saturating_sub(header))
}

impl File<'_> {
    /// Reads the array from its beginning.
    fn read<T>(&self, work: &mut Use<'_, T>) -> Result<T, DataError> {
        match &self.place {
            Place::Member(archive, member) => archive
                .with(*member, self.path, |reader, bytes| open(self.path, &mut BufReader::new(reader), bytes, work)),
            Place::File { gzip } => {
                let file = fs::File::open(self.path)?;
                let bytes = file.metadata()?.len();
                let mut reader = BufReader::new(file);
                if *gzip {
                    let bytes = bytes.saturating_mul(MOST_PACKED);
                    return open(self.path, &mut BufReader::new(GzDecoder::new(reader)), bytes, work);
                }
                open(self.path, &mut reader, bytes, work)
            }
        }
    }
}

/// An archive of pictures, or an npz file, of whose arrays one is taken.
fn archived(
    path: &Path,
    archive: Archive,
    side: usize,
    reading: &ImageReading,
    watch: &mut Watch<'_>,
) -> Result<ImageSet, DataError> {
    let arrays = archive.members(".npy");
    if arrays.is_empty() {
        if !archive.members("/data.pkl").is_empty() {
            return Err(foreign::torch(path));
        }
        return pictures::load(&Shelf::of_archive(path, archive), side, reading, watch);
    }
    let member = chosen(path, &archive, &arrays, reading.key.as_deref())?;
    let file = File { path, place: Place::Member(archive, member) };
    let mut once = |numbers: &Numbers, reader: &mut dyn Read, left: u64| {
        if !is_bytes(numbers) {
            return Ok(None);
        }
        of_bytes(path, numbers, reader, left, side, reading, watch).map(Some)
    };
    match file.read(&mut once)? {
        Some(set) => Ok(set),
        None => of_numbers(&file, side, reading, watch),
    }
}

/// The place of the array with that key, or of the only one that images can be.
fn chosen(path: &Path, archive: &Archive, arrays: &[(String, usize)], key: Option<&str>) -> Result<usize, DataError> {
    let mut known = Vec::new();
    for (name, member) in arrays {
        if key == Some(name) {
            return Ok(*member);
        }
        let heading = archive.with(*member, path, |mut reader, _| Ok(npy::heading(&mut reader)))?;
        let words = match &heading {
            Ok(heading) => format!("{name} ({} {})", show_shape(&heading.shape), heading.kind),
            Err(reason) => format!("{name} ({reason})"),
        };
        let fits = heading.is_ok_and(|heading| Layout::of(path, &heading.shape, heading.fortran, false).is_ok());
        known.push((words, *member, fits));
    }
    let list = |known: &mut dyn Iterator<Item = &(String, usize, bool)>| {
        let names: Vec<&str> = known.take(20).map(|(words, ..)| words.as_str()).collect();
        names.join(", ")
    };
    if let Some(key) = key {
        return Err(no_images(path, format!("it has no array '{key}'; it has: {}", list(&mut known.iter()))));
    }
    let fitting: Vec<_> = known.iter().filter(|(.., fits)| *fits).collect();
    match fitting[..] {
        [(_, member, _)] => Ok(*member),
        [] => Err(no_images(path, format!("none of its arrays is one of images; it has: {}", list(&mut known.iter())))),
        _ => {
            let names = list(&mut fitting.iter().copied());
            Err(no_images(path, format!("several of its arrays may be images: {names}; choose one with --key")))
        }
    }
}

/// Whether the images can be taken as they come: bytes in C order.
fn is_bytes(numbers: &Numbers) -> bool {
    !numbers.fortran && !numbers.is_bool && numbers.kind == "uint8"
}

/// The layout of an array whose bytes are all there, as far as its header and size tell.
fn layout(
    path: &Path,
    numbers: &Numbers,
    left: u64,
    reading: &ImageReading,
) -> Result<(Layout, u64, Option<String>), DataError> {
    let item = numbers.number.size() as u64;
    let promised = numbers.shape.iter().try_fold(item, |product, &n| product.checked_mul(n));
    if promised.is_none_or(|needed| needed > left) {
        let shape = &numbers.shape;
        let reason = format!("its header promises {shape:?} numbers of {item} bytes, more than the file can hold");
        return Err(damaged(path, reason));
    }
    let (layout, note) = Layout::of(path, &numbers.shape, numbers.fortran, reading.as_before)?;
    match layout.one() {
        Some(one) if one.saturating_mul(item) <= LARGEST_PICTURE => Ok((layout, one, note)),
        _ => {
            let bytes = layout.one().unwrap_or(u64::MAX).saturating_mul(item);
            let reason = format!("an image in it has {bytes} bytes, more than the {LARGEST_PICTURE} that are read");
            Err(damaged(path, reason))
        }
    }
}

/// A set that is being filled with an array's images.
struct Filling<'a> {
    set: ImageSet,
    layout: Layout,
    reading: &'a ImageReading,
}

impl<'a> Filling<'a> {
    fn begin(path: &Path, side: usize, layout: Layout, reading: &'a ImageReading) -> Result<Self, DataError> {
        let Layout { n, height, width, channels, .. } = layout;
        let colour = channels > 2 || (channels == 2 && !reading.as_before && !reading.is_grey());
        let mut set = ImageSet::with_room(path, n, colour, side)?;
        if (height.min(width) as usize) < side {
            let all = format!("{width} x {height}");
            set.notes.push(pictures::small_images(path, "its images are", &all, side, reading)?);
        }
        if channels == 2 || channels == 4 {
            set.notes.push(format!("its {channels} channels are colour and alpha, laid on the ground (--ground)"));
        }
        if height != width {
            set.notes
                .push("its images are not square, and lose what lies outside the largest square in the middle".into());
        }
        Ok(Self { set, layout, reading })
    }

    /// Adds the image whose first number is at `first`.
    fn push(&mut self, values: &[u8], first: u64) {
        let Layout { height, width, channels, strides: [_, row, pixel, channel], .. } = self.layout;
        let gathered = || {
            let mut gathered = Vec::with_capacity((height * width * channels) as usize);
            for y in 0..height {
                for x in 0..width {
                    let at = first + y * row + x * pixel;
                    gathered.extend((0..channels).map(|c| values[(at + c * channel) as usize]));
                }
            }
            gathered
        };
        let one = (height * width * channels) as usize;
        let plain = self.layout.is_plain();
        let pixels = if plain { values[first as usize..][..one].to_vec() } else { gathered() };
        let (w, h) = (width as u32, height as u32);
        let image: Option<DynamicImage> = match channels {
            1 => GrayImage::from_raw(w, h, pixels).map(Into::into),
            2 => GrayAlphaImage::from_raw(w, h, pixels).map(Into::into),
            3 => RgbImage::from_raw(w, h, pixels).map(Into::into),
            _ => RgbaImage::from_raw(w, h, pixels).map(Into::into),
        };
        if let Some(image) = image {
            let (side, channels) = (self.set.side as u32, self.set.channels);
            self.set.pixels.extend(numbers(&fitted(image, side, channels, self.reading), channels));
        }
    }
}

/// Images of bytes, one after another.
fn of_bytes(
    path: &Path,
    numbers: &Numbers,
    reader: &mut dyn Read,
    left: u64,
    side: usize,
    reading: &ImageReading,
    watch: &mut Watch<'_>,
) -> Result<ImageSet, DataError> {
    let (layout, one, note) = layout(path, numbers, left, reading)?;
    let mut filling = Filling::begin(path, side, layout, reading)?;
    filling.set.notes.extend(note);
    for index in 0..layout.n {
        filling.push(&image_bytes(path, reader, one, layout.n, index)?, 0);
        seen(watch, index + 1, layout.n);
    }
    ended(path, reader)?;
    Ok(filling.set)
}

/// Says how far the reading is, now and then.
fn seen(watch: &mut Watch<'_>, done: u64, total: u64) {
    if done.is_multiple_of(256) || done == total {
        watch(done, total);
    }
}

fn image_bytes(path: &Path, reader: &mut dyn Read, one: u64, n: u64, index: u64) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    reader.take(one).read_to_end(&mut bytes).map_err(|error| unreadable(path, "it is cut short", &error))?;
    if bytes.len() as u64 == one {
        return Ok(bytes);
    }
    Err(damaged(path, format!("its header promises {n} images of {one} bytes, and it ends in image {}", index + 1)))
}

/// A gzip file's checksum is compared where its bytes end.
fn ended(path: &Path, reader: &mut dyn Read) -> Result<(), DataError> {
    reader.read(&mut [0]).map(drop).map_err(|error| unreadable(path, "it is cut short", &error))
}

/// Images of other numbers, or in another order. Their range says what they mean, so they are read twice.
fn of_numbers(
    file: &File<'_>,
    side: usize,
    reading: &ImageReading,
    watch: &mut Watch<'_>,
) -> Result<ImageSet, DataError> {
    let path = file.path;
    let (scale, said) = file.read(&mut |numbers, reader, left| {
        layout(path, numbers, left, reading)?;
        if numbers.is_bool {
            return Ok((Scale::Unit, Some("it holds bool: False is black and True is white".to_owned())));
        }
        let range = range(path, numbers, reader)?;
        Scale::of(&numbers.kind, range).map_err(|reason| no_images(path, reason))
    })?;
    file.read(&mut |numbers, reader, left| {
        let (layout, one, note) = layout(path, numbers, left, reading)?;
        let mut filling = Filling::begin(path, side, layout, reading)?;
        filling.set.notes.extend(note.into_iter().chain(said.clone()));
        let item = numbers.number.size() as u64;
        if numbers.fortran {
            // An image's numbers lie far apart: all are needed for the first.
            let what = format!("an array in Fortran order ({})", path.display());
            memory::permit(what, one * layout.n, "save it with numpy.ascontiguousarray")?;
            let mut values = Vec::new();
            chunks(path, reader, one * layout.n * item, CHUNK - CHUNK % item, |bytes| {
                converted(numbers, scale, bytes, &mut values);
                Ok(())
            })?;
            for index in 0..layout.n {
                filling.push(&values, index * layout.strides[0]);
                seen(watch, index + 1, layout.n);
            }
        } else {
            let mut values = Vec::new();
            for index in 0..layout.n {
                values.clear();
                let bytes = image_bytes(path, reader, one * item, layout.n, index)?;
                converted(numbers, scale, &bytes, &mut values);
                filling.push(&values, 0);
                seen(watch, index + 1, layout.n);
            }
        }
        ended(path, reader)?;
        Ok(filling.set)
    })
}

/// Adds the bytes that stand for numbers.
fn converted(numbers: &Numbers, scale: Scale, bytes: &[u8], values: &mut Vec<u8>) {
    let stored = crate::data::numbers::Numbers::new(bytes, numbers.number, numbers.endian);
    values.extend((0..stored.len()).map(|i| scale.byte(stored.get(i))));
}

/// The smallest and the largest number; NaN and infinity are an error.
fn range(path: &Path, numbers: &Numbers, reader: &mut dyn Read) -> Result<[f64; 2], DataError> {
    let item = numbers.number.size() as u64;
    let all = numbers.shape.iter().product::<u64>();
    let (mut least, mut most, mut at) = (f64::INFINITY, f64::NEG_INFINITY, 0);
    chunks(path, reader, all * item, CHUNK - CHUNK % item, |bytes| {
        let stored = crate::data::numbers::Numbers::new(bytes, numbers.number, numbers.endian);
        for i in 0..stored.len() {
            let x = stored.get(i);
            if !x.is_finite() {
                let reason = format!("number {} of {all} is {x}; all must be finite", at + i as u64 + 1);
                return Err(no_images(path, reason));
            }
            (least, most) = (least.min(x), most.max(x));
        }
        at += stored.len() as u64;
        Ok(())
    })?;
    Ok([least, most])
}

/// Reads `bytes` bytes in pieces.
fn chunks(
    path: &Path,
    reader: &mut dyn Read,
    bytes: u64,
    piece: u64,
    mut each: impl FnMut(&[u8]) -> Result<(), DataError>,
) -> Result<(), DataError> {
    let mut left = bytes;
    let mut buffer = Vec::new();
    while left > 0 {
        buffer.clear();
        let wanted = left.min(piece);
        (&mut *reader)
            .take(wanted)
            .read_to_end(&mut buffer)
            .map_err(|error| unreadable(path, "it is cut short", &error))?;
        if (buffer.len() as u64) < wanted {
            return Err(damaged(path, format!("its header promises {bytes} bytes of numbers, and it ends before")));
        }
        each(&buffer)?;
        left -= wanted;
    }
    Ok(())
}

/// Why reading stopped: `short` where the bytes ended.
pub(super) fn unreadable(path: &Path, short: &str, error: &io::Error) -> DataError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged(path, short),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            damaged(path, format!("it does not unpack: {error}"))
        }
        _ => damaged(path, error.to_string()),
    }
}
