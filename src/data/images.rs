//! Images of one side: from folders of PNG and JPEG files, IDX files (also gzipped), and npy files.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use fs_err as fs;
use image::imageops::FilterType;
use image::{DynamicImage, GrayImage, ImageReader, RgbImage};

use super::{DataError, damaged};

/// An unpacked file larger than this is refused.
const LARGEST: u64 = 1 << 32;

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
/// any of them is.
pub fn load_images(path: &Path, side: usize) -> Result<ImageSet, DataError> {
    let images = if path.is_dir() { folder(path)? } else { array(path)? };
    let colour = images.iter().any(|image| image.color().has_color());
    let channels = if colour { 3 } else { 1 };
    let mut pixels = Vec::with_capacity(images.len() * channels * side * side);
    for image in &images {
        pixels.extend(planes(&fitted(image, side as u32), colour));
    }
    if pixels.is_empty() {
        return Err(damaged(path, "there are no images in it"));
    }
    Ok(ImageSet { side, channels, pixels })
}

fn folder(path: &Path) -> Result<Vec<DynamicImage>, DataError> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(path)? {
        let file = entry?.path();
        let extension = file.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        if ["png", "jpg", "jpeg"].contains(&extension.as_str()) {
            files.push(file);
        }
    }
    files.sort();
    let read = |file: &PathBuf| {
        let image = ImageReader::open(file)?.with_guessed_format()?.decode();
        image.map_err(|error| damaged(file, error.to_string()))
    };
    files.iter().map(read).collect()
}

fn array(path: &Path) -> Result<Vec<DynamicImage>, DataError> {
    let bytes = fs::read(path)?;
    if bytes.starts_with(b"\x93NUMPY") {
        return npy(path, &bytes);
    }
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return idx(path, &bytes);
    }
    let mut unpacked = Vec::new();
    let read = GzDecoder::new(&bytes[..]).take(LARGEST).read_to_end(&mut unpacked);
    read.map_err(|error| damaged(path, format!("it does not unpack: {error}")))?;
    idx(path, &unpacked)
}

/// IDX: two zeros, the type (8 is a byte), the number of axes, their lengths (big-endian), the numbers.
fn idx(path: &Path, bytes: &[u8]) -> Result<Vec<DynamicImage>, DataError> {
    let [0, 0, 8, axes @ 3..=4] = *bytes.first_chunk().unwrap_or(&[1; 4]) else {
        return Err(damaged(path, "it is neither an npy file nor an IDX file of 8-bit images"));
    };
    let header = bytes.get(4..4 + 4 * usize::from(axes)).ok_or_else(|| damaged(path, "its header is cut short"))?;
    let shape: Vec<u64> = header.as_chunks().0.iter().map(|&b| u64::from(u32::from_be_bytes(b))).collect();
    from_bytes(path, &shape, &bytes[4 + header.len()..])
}

/// An npy file of bytes: [n, h, w], [n, h, w, 1] or [n, h, w, 3].
fn npy(path: &Path, bytes: &[u8]) -> Result<Vec<DynamicImage>, DataError> {
    let array = super::npy::read_bytes(path, bytes)?;
    from_bytes(path, &array.0, &array.1)
}

fn from_bytes(path: &Path, shape: &[u64], bytes: &[u8]) -> Result<Vec<DynamicImage>, DataError> {
    let (&[n, height, width], channels) = match shape {
        [n, h, w] | [n, h, w, 1] => (&[*n, *h, *w], 1),
        [n, h, w, 3] => (&[*n, *h, *w], 3),
        _ => return Err(damaged(path, format!("its shape is {shape:?}; images are [n, h, w] or [n, h, w, 3]"))),
    };
    let size = height.checked_mul(width).and_then(|area| area.checked_mul(channels)).filter(|&size| size > 0);
    let needed = size.and_then(|size| size.checked_mul(n));
    let Some((size, needed)) = size.zip(needed).filter(|&(_, needed)| needed <= bytes.len() as u64) else {
        return Err(damaged(path, format!("its header promises {shape:?} bytes and there are {}", bytes.len())));
    };
    let (width, height) = (width as u32, height as u32);
    let image = |pixels: &[u8]| {
        let pixels = pixels.to_vec();
        if channels == 3 {
            RgbImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8)
        } else {
            GrayImage::from_raw(width, height, pixels).map(DynamicImage::ImageLuma8)
        }
    };
    let images = bytes[..needed as usize].chunks_exact(size as usize).map(image).collect::<Option<_>>();
    images.ok_or_else(|| damaged(path, "its images do not have the size that its header says"))
}

fn fitted(image: &DynamicImage, side: u32) -> DynamicImage {
    let (width, height) = (image.width(), image.height());
    let square = width.min(height);
    let image = image.crop_imm((width - square) / 2, (height - square) / 2, square, square);
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

/// The image channel by channel.
fn planes(image: &DynamicImage, colour: bool) -> Vec<u8> {
    if !colour {
        return image.to_luma8().into_raw();
    }
    let pixels = image.to_rgb8().into_raw();
    (0..3).flat_map(|channel| pixels.iter().skip(channel).step_by(3).copied()).collect()
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
