//! One picture: what its header says, and its pixels.

use std::io::{BufRead, Cursor, Read as _, Seek, SeekFrom};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits};

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::formats::{FORMATS, what_it_is};
use super::tiff::has_more_pages;
use super::{DataError, MOST_PACKED, damaged, no_images};

/// A picture that unpacks to more bytes than this is refused.
pub(super) const LARGEST_PICTURE: u64 = 512 << 20;
/// What a picture may take for what is written beside its pixels, such as colour profiles.
const LARGEST_NOTES: u64 = 64 << 20;
/// JPEG takes a bit for each block of 64 pixels at least; twice as much for what its colours may add.
const MOST_PIXELS_A_BYTE: u64 = 1024;
/// Other formats can say a plain picture of any size in a few bytes; larger ones than this are held to JPEG's measure.
const PLAIN_PIXELS: u64 = 16 << 20;

/// Whether a WebP's EXIF ends within its `bytes` bytes. Its decoder takes the memory that the length promises before it reads.
fn exif_fits(stream: &mut Stream<'_>, bytes: u64) -> std::io::Result<bool> {
    let mut at = 12;
    while at + 8 <= bytes {
        stream.seek(SeekFrom::Start(at))?;
        let mut head = [0; 8];
        if stream.read_exact(&mut head).is_err() {
            return Ok(false);
        }
        let [kind, length] = [&head[..4], &head[4..]];
        let length = u64::from(u32::from_le_bytes([length[0], length[1], length[2], length[3]]));
        if kind == b"EXIF" && at + 8 + length > bytes {
            return Ok(false);
        }
        at += 8 + length + length % 2;
    }
    Ok(true)
}

/// What a decoder says of a picture: that it is damaged, or sound and of a kind that is not read.
fn of_decoder(path: &Path, error: &ImageError) -> DataError {
    match error {
        ImageError::Unsupported(kind) => {
            no_images(path, format!("pictures of this kind are not read ({kind}); convert it to an 8-bit PNG"))
        }
        _ => damaged(path, error.to_string()),
    }
}

/// The JPEG, unless it is cut short, which its decoder passes over: the rest of the picture is grey then. Some cameras leave
/// out the mark at the end of a whole picture, so one without it is decoded strictly.
fn whole_jpeg<'a>(path: &Path, mut stream: Stream<'a>) -> Result<Stream<'a>, DataError> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    if !jpeg_ends(&bytes) {
        // Room that a download took beforehand and did not fill would be read as pixels.
        if bytes.ends_with(&[0; 64]) {
            return Err(damaged(path, "it is cut short (nothing but zeros at its end)"));
        }
        let options = DecoderOptions::default().set_strict_mode(true);
        let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&bytes), options);
        if let Err(error) = decoder.decode() {
            let reason = error.to_string();
            return Err(damaged(path, format!("it is cut short ({})", reason.trim().trim_matches('"'))));
        }
    }
    Ok(Box::new(Cursor::new(bytes)))
}

/// Whether a JPEG has the mark at its end, as far as its segments follow each other.
fn jpeg_ends(bytes: &[u8]) -> bool {
    let mut at = 2;
    loop {
        let Some(&[0xff, mark]) = bytes.get(at..at + 2) else { return false };
        match mark {
            0xd9 => return true,
            0xff => at += 1,
            0x01 | 0xd0..=0xd7 => at += 2,
            _ => {
                let Some(&[high, low]) = bytes.get(at + 2..at + 4) else { return false };
                at += 2 + usize::from(u16::from_be_bytes([high, low]));
            }
        }
        if mark == 0xda {
            // What is packed ends at a mark that is no zero and no restart.
            let is_mark = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7 | 0xff);
            let rest = bytes.get(at..).unwrap_or_default();
            let Some(length) = rest.windows(2).position(is_mark) else { return false };
            at += length;
        }
    }
}

/// Bytes that can be read from anywhere.
pub(super) trait Bytes: BufRead + Seek {}

impl<T: BufRead + Seek> Bytes for T {}

/// The bytes of a picture.
pub(super) type Stream<'a> = Box<dyn Bytes + 'a>;

/// What a picture's header says.
#[derive(Clone, Debug)]
pub(super) struct Header {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) colour: bool,
    /// Whether it can be transparent.
    pub(super) alpha: bool,
    /// Whether there are more pictures in the file.
    pub(super) animated: bool,
    /// How it lies.
    pub(super) orientation: Orientation,
    /// Bytes of its pixels, but for transparency that a palette adds.
    pub(super) unpacked: u64,
    format: ImageFormat,
    /// Pixels or their packed bytes, and how many of them a byte of the file holds at most.
    content: (u64, u64),
}

impl Header {
    /// Reads the header of a picture of `bytes` bytes; it must promise no more than they can hold and than is read.
    pub(super) fn read(path: &Path, mut stream: Stream<'_>, bytes: u64) -> Result<Self, DataError> {
        let wrong = |error: &dyn std::fmt::Display| damaged(path, error.to_string());
        let start = stream.fill_buf()?;
        let start = start[..start.len().min(64)].to_vec();
        let reader = ImageReader::new(stream).with_guessed_format()?;
        let format = reader.format().filter(|format| FORMATS.iter().any(|one| one.known == *format));
        let Some(format) = format else { return Err(no_images(path, what_it_is(&start))) };
        let mut stream = reader.into_inner();
        let header = if format == ImageFormat::Png {
            let mut decoder = png::Decoder::new_with_limits(stream, png::Limits { bytes: LARGEST_NOTES as usize });
            let mut header = Self::of_png(decoder.read_header_info().map_err(|error| wrong(&error))?);
            header.check(path, bytes)?;
            let reader = decoder.read_info().map_err(|error| wrong(&error))?;
            let info = reader.info();
            header.alpha |= info.trns.is_some();
            header.animated = info.animation_control.is_some_and(|control| control.num_frames > 1);
            let exif = info.exif_metadata.as_deref();
            header.orientation = exif.and_then(Orientation::from_exif_chunk).unwrap_or(Orientation::NoTransforms);
            header
        } else {
            let animated = Self::is_animated(&mut stream, format);
            stream.rewind()?;
            let notes_fit = format != ImageFormat::WebP || exif_fits(&mut stream, bytes)?;
            stream.rewind()?;
            let decoder = ImageReader::with_format(stream, format).into_decoder();
            let decoder = decoder.map_err(|error| of_decoder(path, &error))?;
            Self { animated, ..Self::of_other(decoder, format, notes_fit) }
        };
        header.check(path, bytes)?;
        Ok(header)
    }

    fn check(&self, path: &Path, bytes: u64) -> Result<(), DataError> {
        let &Self { width, height, unpacked: needed, content: (content, a_byte), .. } = self;
        if content > bytes.saturating_mul(a_byte) {
            let reason = format!("its header promises {width} x {height} pixels, more than its {bytes} bytes can hold");
            return Err(damaged(path, reason));
        }
        if needed > LARGEST_PICTURE {
            let (path, most) = (path.to_owned(), LARGEST_PICTURE);
            return Err(DataError::LargePicture { path, width, height, needed, most });
        }
        if width == 0 || height == 0 {
            return Err(damaged(path, format!("it has {width} x {height} pixels")));
        }
        Ok(())
    }

    fn of_png(info: &png::Info<'_>) -> Self {
        let (width, height) = (info.width, info.height);
        let bits = info.bits_per_pixel() as u64;
        let indexed = info.color_type == png::ColorType::Indexed;
        // Fewer than 8 bits become 8, an index three of them.
        let bytes = if indexed { 3 } else { bits.max(8) / 8 };
        let row = (bits * u64::from(width)).div_ceil(8) + 1;
        Self {
            width,
            height,
            colour: indexed || matches!(info.color_type, png::ColorType::Rgb | png::ColorType::Rgba),
            alpha: matches!(info.color_type, png::ColorType::GrayscaleAlpha | png::ColorType::Rgba),
            animated: false,
            orientation: Orientation::NoTransforms,
            unpacked: (u64::from(width) * u64::from(height)).saturating_mul(bytes),
            format: ImageFormat::Png,
            content: (row.saturating_mul(u64::from(height)), MOST_PACKED),
        }
    }

    fn of_other(mut decoder: impl ImageDecoder, format: ImageFormat, notes_fit: bool) -> Self {
        let (width, height) = decoder.dimensions();
        let colour = decoder.color_type();
        let pixels = u64::from(width) * u64::from(height);
        Self {
            width,
            height,
            colour: colour.has_color(),
            alpha: colour.has_alpha(),
            animated: false,
            // What is wrong with it is no reason to refuse the picture.
            orientation: notes_fit.then(|| decoder.orientation().ok()).flatten().unwrap_or(Orientation::NoTransforms),
            unpacked: decoder.total_bytes(),
            format,
            content: match format {
                ImageFormat::Jpeg => (pixels, MOST_PIXELS_A_BYTE),
                // A bit a pixel at least.
                ImageFormat::Pnm => (pixels, 8),
                _ => (pixels.saturating_sub(PLAIN_PIXELS), MOST_PIXELS_A_BYTE),
            },
        }
    }

    /// Whether there is a second picture in the file. What cannot be told is none; it is damaged, as decoding shows.
    fn is_animated(stream: &mut Stream<'_>, format: ImageFormat) -> bool {
        match format {
            ImageFormat::Gif => {
                let mut options = gif::DecodeOptions::new();
                options.skip_frame_decoding(true);
                options
                    .read_info(stream)
                    .is_ok_and(|mut decoder| (0..2).all(|_| matches!(decoder.next_frame_info(), Ok(Some(_)))))
            }
            ImageFormat::WebP => {
                let start = stream.fill_buf().unwrap_or_default();
                // An extended file's flags; the second is for animation.
                start.get(12..16) == Some(b"VP8X") && start.get(20).is_some_and(|flags| flags & 2 != 0)
            }
            ImageFormat::Tiff => has_more_pages(stream).unwrap_or(false),
            _ => false,
        }
    }

    /// The bytes that decoding takes at most, about: progressive JPEG keeps its coefficients, others unpack in two steps.
    pub(super) fn cost(&self) -> u64 {
        self.unpacked.saturating_mul(4)
    }

    /// Decodes the picture, as it lies (`upright`: as it is to be seen).
    pub(super) fn decode(&self, path: &Path, stream: Stream<'_>, upright: bool) -> Result<DynamicImage, DataError> {
        let mut limits = Limits::default();
        limits.max_alloc = Some(LARGEST_PICTURE.min(2 * self.unpacked + LARGEST_NOTES));
        let stream = if self.format == ImageFormat::Jpeg { whole_jpeg(path, stream)? } else { stream };
        let mut reader = ImageReader::with_format(stream, self.format);
        reader.limits(limits);
        let mut image = reader.decode().map_err(|error| of_decoder(path, &error))?;
        if upright {
            image.apply_orientation(self.orientation);
        }
        Ok(image)
    }
}
