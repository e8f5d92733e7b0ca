//! The formats of pictures: those that are read, those that are only known by name, and what a file is that is neither.

use image::ImageFormat;

/// A format that is read.
#[derive(Debug)]
pub(super) struct Format {
    /// What people call it.
    pub(super) name: &'static str,
    /// The ends of its files' names, in small letters.
    pub(super) extensions: &'static [&'static str],
    /// What the decoder's crate calls it.
    pub(super) known: ImageFormat,
}

const fn format(name: &'static str, extensions: &'static [&'static str], known: ImageFormat) -> Format {
    Format { name, extensions, known }
}

/// Every format that is read. A file's content says which of them it is in, whatever its name.
pub(super) static FORMATS: [Format; 7] = [
    format("PNG", &["png", "apng"], ImageFormat::Png),
    format("JPEG", &["jpg", "jpeg", "jpe", "jfif"], ImageFormat::Jpeg),
    format("WebP", &["webp"], ImageFormat::WebP),
    format("GIF", &["gif"], ImageFormat::Gif),
    format("BMP", &["bmp", "dib"], ImageFormat::Bmp),
    format("TIFF", &["tif", "tiff"], ImageFormat::Tiff),
    format("PNM", &["pnm", "ppm", "pgm", "pbm", "pam"], ImageFormat::Pnm),
];

/// The ends of names that were pictures before there were more formats.
pub(super) const FIRST: [&str; 3] = ["png", "jpg", "jpeg"];

/// Pictures that are not read, by the ends of their names.
static FOREIGN: [(&str, &[&str]); 9] = [
    ("HEIC", &["heic", "heif", "hif"]),
    ("AVIF", &["avif"]),
    ("JPEG XL", &["jxl"]),
    ("JPEG 2000", &["jp2", "j2k", "jpf", "jpx"]),
    ("SVG", &["svg", "svgz"]),
    ("camera raw", &["cr2", "cr3", "nef", "arw", "dng", "orf", "rw2", "raf"]),
    ("Photoshop", &["psd"]),
    ("TGA", &["tga"]),
    ("OpenEXR", &["exr"]),
];

/// Whether files whose names end so are pictures that are read.
pub(super) fn is_picture(extension: &str) -> bool {
    FORMATS.iter().any(|format| format.extensions.contains(&extension))
}

/// The name of a format of pictures that are not read.
pub(super) fn foreign(extension: &str) -> Option<&'static str> {
    FOREIGN.iter().find(|(_, extensions)| extensions.contains(&extension)).map(|(name, _)| *name)
}

/// The names of all formats that are read, for people.
pub(super) fn names() -> String {
    FORMATS.iter().map(|format| format.name).collect::<Vec<_>>().join(", ")
}

/// What a file is that begins so and is in none of the formats, with what to do.
pub(super) fn what_it_is(start: &[u8]) -> String {
    let text = String::from_utf8_lossy(start).trim_start().to_ascii_lowercase();
    let brand = start.get(8..12).filter(|_| start.get(4..8) == Some(b"ftyp"));
    let what = match brand {
        _ if start.is_empty() => "it is empty: copy or download it again",
        Some(b"avif" | b"avis") => "it is an AVIF picture, which is not read: convert it to PNG or JPEG",
        Some(b"heic" | b"heix" | b"hevc" | b"mif1" | b"msf1") => {
            "it is a HEIC picture, which is not read: convert it to PNG or JPEG"
        }
        Some(_) => "it is a film, not a picture",
        None if text.starts_with("<!doctype html") || text.starts_with("<html") => {
            "it is a web page, not a picture: the download failed"
        }
        None if text.starts_with("<svg") || text.starts_with("<?xml") => {
            "it is an SVG drawing or other XML, which is not read: convert it to PNG"
        }
        None if text.starts_with("version https://git-lfs") => {
            "it is a Git LFS pointer, not the picture itself: run 'git lfs pull' in its repository"
        }
        None if start.starts_with(b"PK\x03\x04") => "it is a zip archive, not a picture",
        None if start.starts_with(b"\xff\x0a") || start.starts_with(b"\0\0\0\x0cJXL ") => {
            "it is a JPEG XL picture, which is not read: convert it to PNG or JPEG"
        }
        None if start.iter().all(|&byte| byte == 0) => "it begins with zeros: it was not written to its end",
        None => return format!("it is in none of the formats that are read ({})", names()),
    };
    what.to_owned()
}
