//! Images of one side: from folders of PNG and JPEG files, IDX files (also gzipped), and npy files.
//!
//! One image is read at a time, brought to its side and kept as bytes of that size; what all of them will take is known,
//! and compared with what there is, before the first is decoded.

use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use fs_err as fs;
use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, ImageDecoder as _, ImageFormat, ImageReader, Limits, RgbImage};

use super::{DataError, damaged};
use crate::memory;

/// A picture that unpacks to more bytes than this is refused.
const LARGEST_PICTURE: u64 = 512 << 20;
/// What a picture may take for what is written beside its pixels, such as colour profiles.
const LARGEST_NOTES: u64 = 64 << 20;
/// DEFLATE packs this many bytes into one at most.
const MOST_PACKED: u64 = 1032;
/// JPEG takes a bit for each block of 64 pixels at least; twice as much for what its colours may add.
const MOST_PIXELS_A_BYTE: u64 = 1024;

/// Images of one side and one number of channels, 8 bits each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSet {
    /// Pixels on a side.
    pub side: usize,
    /// 1 for grey, 3 for colour.
    pub channels: usize,
    /// The images one after another, each [channels, side, side].
    pub pixels: Vec<u8>,
}

impl ImageSet {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.pixels.len() / self.size()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pixels.is_empty()
    }

    /// Numbers in an image.
    pub fn size(&self) -> usize {
        self.channels * self.side * self.side
    }

    /// One image.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * self.size()..][..self.size()]
    }
}

/// Reads all images of `path` at `side` x `side`. Smaller images are set on black, larger ones are resized; pictures
/// that are no squares lose what lies outside the largest square in their middle. A folder's images are in colour if
/// any of them is. A folder without pictures that holds one npy file stands for that file.
pub fn load_images(path: &Path, side: usize) -> Result<ImageSet, DataError> {
    let set = match lone_array(path)? {
        Some(file) => array(&file, side)?,
        None if path.is_dir() => folder(path, side)?,
        None => array(path, side)?,
    };
    if set.is_empty() {
        return Err(damaged(path, "there are no images in it"));
    }
    Ok(set)
}

impl ImageSet {
    /// A set with room for `n` images, if there is memory for them.
    fn with_room(path: &Path, n: u64, colour: bool, side: usize) -> Result<Self, DataError> {
        let channels = if colour { 3 } else { 1 };
        let needed = [channels, side, side].iter().fold(n, |product, &x| product.saturating_mul(x as u64));
        let what = format!("{n} images of side {side} ({})", path.display());
        let refusal = memory::permit(what.clone(), needed, ADVICE).err();
        let mut pixels = Vec::new();
        match refusal {
            None if pixels.try_reserve_exact(needed as usize).is_ok() => Ok(Self { side, channels, pixels }),
            refusal => {
                let missing = || memory::TooMuch { what, needed, limit: memory::limit(), advice: ADVICE };
                Err(DataError::Memory(refusal.unwrap_or_else(missing)))
            }
        }
    }

    fn push(&mut self, image: DynamicImage) {
        let image = fitted(image, self.side as u32);
        if self.channels == 1 {
            self.pixels.extend(image.to_luma8().into_raw());
            return;
        }
        let pixels = image.to_rgb8().into_raw();
        for channel in 0..3 {
            self.pixels.extend(pixels.iter().skip(channel).step_by(3));
        }
    }
}

const ADVICE: &str = "take fewer images, or a smaller --resolution";

/// The npy file of a folder that has one and no pictures.
fn lone_array(path: &Path) -> Result<Option<PathBuf>, DataError> {
    if !path.is_dir() {
        return Ok(None);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        match extension(&file).as_str() {
            "png" | "jpg" | "jpeg" => return Ok(None),
            "npy" => found.push(file),
            _ => {}
        }
    }
    Ok(if found.len() == 1 { found.pop() } else { None })
}

/// A file name's end, in small letters.
fn extension(file: &Path) -> String {
    file.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase()
}

fn folder(path: &Path, side: usize) -> Result<ImageSet, DataError> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        if ["png", "jpg", "jpeg"].contains(&extension(&file).as_str()) {
            files.push(file);
        }
    }
    files.sort();
    let headers = files.iter().map(|file| Header::read(file)).collect::<Result<Vec<_>, _>>()?;
    let colour = headers.iter().any(|header| header.colour);
    let mut set = ImageSet::with_room(path, files.len() as u64, colour, side)?;
    for (file, header) in files.iter().zip(headers) {
        let mut reader = open_picture(file)?;
        let mut limits = Limits::default();
        limits.max_alloc = Some(LARGEST_PICTURE.min(2 * header.unpacked + LARGEST_NOTES));
        reader.limits(limits);
        set.push(reader.decode().map_err(|error| damaged(file, error.to_string()))?);
    }
    Ok(set)
}

fn open_picture(file: &Path) -> Result<ImageReader<BufReader<std::fs::File>>, DataError> {
    Ok(ImageReader::open(file)?.with_guessed_format()?)
}

/// What a picture's header says.
struct Header {
    width: u32,
    height: u32,
    colour: bool,
    /// Bytes of its pixels, but for transparency that a palette adds.
    unpacked: u64,
    /// Pixels or their packed bytes, and how many of them a byte of the file holds at most.
    content: (u64, u64),
}

impl Header {
    /// Reads the header of a picture; it must promise no more than the file can hold and than is read.
    fn read(file: &Path) -> Result<Self, DataError> {
        let metadata = fs::metadata(file)?;
        if !metadata.is_file() {
            return Err(damaged(file, "it is not a file"));
        }
        let reader = open_picture(file)?;
        let header = match reader.format() {
            Some(ImageFormat::Png) => Self::of_png(reader.into_inner()).map_err(|error| error.to_string()),
            _ => Self::of_other(reader).map_err(|error| error.to_string()),
        };
        let header = header.map_err(|reason| damaged(file, reason))?;
        let Self { width, height, unpacked: needed, content: (content, a_byte), .. } = header;
        let bytes = metadata.len();
        if content > bytes.saturating_mul(a_byte) {
            let reason = format!("its header promises {width} x {height} pixels, more than its {bytes} bytes can hold");
            return Err(damaged(file, reason));
        }
        if needed > LARGEST_PICTURE {
            return Err(DataError::LargePicture {
                path: file.to_owned(),
                width,
                height,
                needed,
                most: LARGEST_PICTURE,
            });
        }
        Ok(header)
    }

    fn of_png(reader: impl BufRead + Seek) -> Result<Self, png::DecodingError> {
        let mut decoder = png::Decoder::new(reader);
        let info = decoder.read_header_info()?;
        let (width, height) = (info.width, info.height);
        let bits = info.bits_per_pixel() as u64;
        let indexed = info.color_type == png::ColorType::Indexed;
        // Fewer than 8 bits become 8, an index three of them.
        let bytes = if indexed { 3 } else { bits.max(8) / 8 };
        let row = (bits * u64::from(width)).div_ceil(8) + 1;
        Ok(Self {
            width,
            height,
            colour: indexed || matches!(info.color_type, png::ColorType::Rgb | png::ColorType::Rgba),
            unpacked: (u64::from(width) * u64::from(height)).saturating_mul(bytes),
            content: (row.saturating_mul(u64::from(height)), MOST_PACKED),
        })
    }

    fn of_other(reader: ImageReader<BufReader<std::fs::File>>) -> image::ImageResult<Self> {
        let decoder = reader.into_decoder()?;
        let (width, height) = decoder.dimensions();
        Ok(Self {
            width,
            height,
            colour: decoder.color_type().has_color(),
            unpacked: decoder.total_bytes(),
            content: (u64::from(width) * u64::from(height), MOST_PIXELS_A_BYTE),
        })
    }
}

fn array(path: &Path, side: usize) -> Result<ImageSet, DataError> {
    let file = fs::File::open(path)?;
    let metadata = file.metadata()?;
    // What is no plain file has no size beforehand.
    let bytes = if metadata.is_file() { metadata.len() } else { u64::MAX };
    let mut file = BufReader::new(file);
    let start = file.fill_buf()?;
    if start.starts_with(b"\x93NUMPY") {
        let shape = super::npy::read_byte_header(path, &mut file)?;
        // The header is part of the file, so what is left for the images is a little less.
        return images(path, side, &shape, &mut file, bytes);
    }
    if !start.starts_with(&[0x1f, 0x8b]) {
        return idx(path, side, &mut file, bytes);
    }
    idx(path, side, &mut GzDecoder::new(file), bytes.saturating_mul(MOST_PACKED))
}

/// IDX: two zeros, the type (8 is a byte), the number of axes, their lengths (big-endian), the numbers.
fn idx(path: &Path, side: usize, reader: &mut impl Read, left: u64) -> Result<ImageSet, DataError> {
    let mut word = |what: &str| -> Result<[u8; 4], DataError> {
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes).map_err(|error| unreadable(path, what, &error))?;
        Ok(bytes)
    };
    let [0, 0, 8, axes @ 3..=4] = word(NO_IDX)? else {
        return Err(damaged(path, NO_IDX));
    };
    let mut shape = Vec::new();
    for _ in 0..axes {
        shape.push(u64::from(u32::from_be_bytes(word("its header is cut short")?)));
    }
    images(path, side, &shape, reader, left.saturating_sub(4 + 4 * u64::from(axes)))
}

const NO_IDX: &str = "it is neither an npy file nor an IDX file of 8-bit images";

/// Reads images of [n, h, w], [n, h, w, 1] or [n, h, w, 3] bytes, of which there are `left` at most.
fn images(path: &Path, side: usize, shape: &[u64], reader: &mut impl Read, left: u64) -> Result<ImageSet, DataError> {
    let (&[n, height, width], channels) = match shape {
        [n, h, w] | [n, h, w, 1] => (&[*n, *h, *w], 1),
        [n, h, w, 3] => (&[*n, *h, *w], 3),
        _ => return Err(damaged(path, format!("its shape is {shape:?}; images are [n, h, w] or [n, h, w, 3]"))),
    };
    let one = height.checked_mul(width).and_then(|area| area.checked_mul(channels)).filter(|&bytes| bytes > 0);
    let needed = one.and_then(|one| one.checked_mul(n));
    let Some((one, _)) = one.zip(needed).filter(|&(_, needed)| needed <= left) else {
        return Err(damaged(path, format!("its header promises {shape:?} bytes, more than the file can hold")));
    };
    let (Ok(width), Ok(height), true) = (u32::try_from(width), u32::try_from(height), one <= LARGEST_PICTURE) else {
        let reason = format!("an image in it has {one} bytes, more than the {LARGEST_PICTURE} that are read");
        return Err(damaged(path, reason));
    };
    let mut set = ImageSet::with_room(path, n, channels == 3, side)?;
    for index in 0..n {
        let mut pixels = Vec::new();
        reader.take(one).read_to_end(&mut pixels).map_err(|error| unreadable(path, "it is cut short", &error))?;
        let image = if channels == 3 {
            RgbImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8)
        } else {
            GrayImage::from_raw(width, height, pixels).map(DynamicImage::ImageLuma8)
        };
        let short = || format!("its header promises {n} images of {one} bytes, and it ends in image {}", index + 1);
        set.push(image.ok_or_else(|| damaged(path, short()))?);
    }
    // A gzip file's checksum is compared where its bytes end.
    reader.read(&mut [0]).map_err(|error| unreadable(path, "it is cut short", &error))?;
    Ok(set)
}

/// Why reading stopped: `short` where the bytes ended.
fn unreadable(path: &Path, short: &str, error: &io::Error) -> DataError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => damaged(path, short),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            damaged(path, format!("it does not unpack: {error}"))
        }
        _ => damaged(path, error.to_string()),
    }
}

/// The square in the middle of an image, at `side` x `side`.
fn fitted(image: DynamicImage, side: u32) -> DynamicImage {
    let (width, height) = (image.width(), image.height());
    let square = width.min(height);
    let image = if width == height {
        image
    } else {
        image.crop_imm((width - square) / 2, (height - square) / 2, square, square)
    };
    if square > side {
        return image.resize_exact(side, side, FilterType::Triangle);
    }
    if square == side {
        return image;
    }
    let mut ground = if image.color().has_color() {
        DynamicImage::ImageRgb8(RgbImage::new(side, side))
    } else {
        DynamicImage::ImageLuma8(GrayImage::new(side, side))
    };
    let margin = i64::from((side - square) / 2);
    image::imageops::overlay(&mut ground, &image, margin, margin);
    ground
}

#[cfg(test)]
mod tests {
    use super::*;

    fn idx_file(n: u32, side: u32) -> Vec<u8> {
        let header = [[0, 0, 8, 3], n.to_be_bytes(), side.to_be_bytes(), side.to_be_bytes()].concat();
        [header, (0..n * side * side).map(|i| (i % 251) as u8).collect()].concat()
    }

    #[test]
    fn small_images_are_set_on_black() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("images");
        fs::write(&path, idx_file(3, 2)).unwrap();
        let set = load_images(&path, 4).unwrap();
        assert_eq!((set.len(), set.channels, set.side), (3, 1, 4));
        assert_eq!(set.image(1), [0, 0, 0, 0, 0, 4, 5, 0, 0, 6, 7, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn gzipped_files_and_folders_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("images.gz");
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, &idx_file(2, 4)).unwrap();
        fs::write(&path, encoder.finish().unwrap()).unwrap();
        assert_eq!(load_images(&path, 4).unwrap().pixels, (0..32).collect::<Vec<u8>>());
        let folder = dir.path().join("pictures");
        fs::create_dir(&folder).unwrap();
        RgbImage::from_pixel(9, 4, image::Rgb([10, 20, 30])).save(folder.join("a.png")).unwrap();
        GrayImage::from_pixel(8, 8, image::Luma([7])).save(folder.join("b.PNG")).unwrap();
        fs::write(folder.join("notes.txt"), "not an image").unwrap();
        let set = load_images(&folder, 4).unwrap();
        assert_eq!((set.len(), set.channels), (2, 3));
        assert_eq!(set.image(0), [[10; 16], [20; 16], [30; 16]].concat());
        assert_eq!(set.image(1), [7; 48]);
    }

    #[test]
    fn a_folder_with_one_array_and_no_picture_stands_for_the_array() {
        let dir = tempfile::tempdir().unwrap();
        let array = |value: u8| [super::super::npy::header_of("|u1", &[1, 4, 4, 3]), vec![value; 48]].concat();
        fs::write(dir.path().join("faces.npy"), array(9)).unwrap();
        fs::write(dir.path().join("traits.csv"), "a\n1\n").unwrap();
        assert_eq!(load_images(dir.path(), 4).unwrap().image(0), [9; 48]);
        // Of two nobody knows which.
        fs::write(dir.path().join("more.NPY"), array(1)).unwrap();
        assert!(load_images(dir.path(), 4).unwrap_err().to_string().contains("no images"));
        // Pictures come first.
        RgbImage::from_pixel(4, 4, image::Rgb([10, 20, 30])).save(dir.path().join("a.png")).unwrap();
        assert_eq!(load_images(dir.path(), 4).unwrap().image(0)[..16], [10; 16]);
    }

    #[test]
    fn wrong_files_are_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("wrong.idx");
        let mut hostile = idx_file(3, 2);
        hostile[4..8].copy_from_slice(&u32::MAX.to_be_bytes());
        for bytes in [vec![], b"hello, world".to_vec(), idx_file(3, 2)[..20].to_vec(), hostile] {
            fs::write(&path, bytes).unwrap();
            assert!(load_images(&path, 4).unwrap_err().to_string().contains("wrong.idx"));
        }
        assert!(load_images(dir.path(), 4).is_err());
    }
}
