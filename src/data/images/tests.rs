//! Images of all kinds against what Pillow and NumPy make of them (`scripts/image_fixtures.py`), and folders and archives
//! as people have them.

use std::collections::BTreeMap;
use std::io::{Cursor, Write as _};
use std::path::{Path, PathBuf};

use fs_err as fs;
use image::{DynamicImage, GrayImage, Luma, Rgb, RgbImage};
use serde::Deserialize;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::formats::FORMATS;
use super::shelf::extension;
use super::*;
use crate::config::{ImageConfig, SmallImages};

/// What a fixture is at side 16.
#[derive(Deserialize)]
struct Expected {
    /// Images of [3, 16, 16] bytes, in hexadecimal digits.
    pixels: String,
    /// How far a number may be from that.
    tolerance: u8,
    ground: String,
    /// Whether it is turned upright.
    #[serde(default)]
    turned: bool,
    /// Whether there are more pictures in the file.
    #[serde(default)]
    several: bool,
    #[serde(default)]
    key: Option<String>,
}

const SIDE: usize = 16;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/images")
}

fn expected() -> BTreeMap<String, Expected> {
    serde_json::from_str(&fs::read_to_string(fixtures().join("expected.json")).unwrap()).unwrap()
}

fn load(path: &Path, side: usize, reading: &ImageReading) -> Result<ImageSet, String> {
    load_images(path, side, reading, &mut |_, _| {}).map_err(|error| error.to_string())
}

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    dir
}

fn png(width: u32, height: u32, value: u8) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let image = DynamicImage::from(RgbImage::from_pixel(width, height, Rgb([value, 2, 3])));
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn zip_of(files: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn is_picture(name: &str) -> bool {
    formats::is_picture(&extension(Path::new(name)))
}

#[test]
fn every_format_kind_of_pixel_and_array_is_what_pillow_and_numpy_make_of_it() {
    let expected = expected();
    let mut wrong = Vec::new();
    for (name, expected) in &expected {
        let ground = ImageConfig { ground: expected.ground.clone(), ..ImageConfig::default() }.ground_colour().unwrap();
        let reading = ImageReading { ground, key: expected.key.clone(), ..ImageReading::default() };
        let bytes = fs::read(fixtures().join(name)).unwrap();
        let alone = folder(&[(name, &bytes)]);
        let path = if is_picture(name) { alone.path().to_owned() } else { alone.path().join(name) };
        let set = match load(&path, SIDE, &reading) {
            Ok(set) => set,
            Err(error) => {
                wrong.push(error);
                continue;
            }
        };
        let hex = |at: usize| u8::from_str_radix(&expected.pixels[2 * at..2 * at + 2], 16).unwrap();
        let (area, n) = (SIDE * SIDE, expected.pixels.len() / 2 / (3 * SIDE * SIDE));
        if set.len() != n {
            wrong.push(format!("{name}: {} images", set.len()));
            continue;
        }
        let difference = |at: usize| {
            let (image, channel, pixel) = (at / (3 * area), at / area % 3, at % area);
            set.image(image)[channel.min(set.channels - 1) * area + pixel].abs_diff(hex(at))
        };
        let worst = (0..n * 3 * area).map(difference).max().unwrap();
        let notes = set.notes.join("; ");
        let as_said =
            notes.contains("turned") == expected.turned && notes.contains("several pictures") == expected.several;
        if worst > expected.tolerance || !as_said {
            wrong.push(format!("{name}: differs by {worst}, notes: {notes}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let files = fs::read_dir(fixtures()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    for name in files.filter(|name| name != "expected.json") {
        assert!(expected.contains_key(&name), "{name}");
    }
    for format in &FORMATS {
        let has_one = |name: &String| format.extensions.contains(&extension(Path::new(name)).as_str());
        assert!(expected.keys().any(has_one), "{}", format.name);
        for extension in format.extensions {
            assert_eq!(FORMATS.iter().filter(|other| other.extensions.contains(extension)).count(), 1, "{extension}");
        }
    }
}

#[test]
fn any_number_of_threads_reads_the_same_and_names_the_same_error() {
    let names: Vec<String> = expected().into_keys().filter(|name| is_picture(name)).collect();
    let mut files: Vec<(String, Vec<u8>)> =
        names.iter().map(|name| (name.clone(), fs::read(fixtures().join(name)).unwrap())).collect();
    let read = |files: &[(String, Vec<u8>)], threads| {
        let files: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
        let dir = folder(&files);
        let mut seen = Vec::new();
        let reading = ImageReading { threads, ..ImageReading::default() };
        let set = load_images(dir.path(), SIDE, &reading, &mut |done, total| seen.push((done, total)));
        let root = dir.path().display().to_string();
        (set.map_err(|error| error.to_string().replace(&root, "ROOT")), seen)
    };
    let (one, seen) = read(&files, 1);
    let total = files.len() as u64;
    assert_eq!(seen, (0..=total).map(|done| (done, total)).collect::<Vec<_>>());
    assert!(one.as_ref().unwrap().channels == 3);
    for threads in [2, 7] {
        assert_eq!(read(&files, threads), (one.clone(), seen.clone()));
    }
    // Whole headers with pixels that end early.
    for name in ["grey16.png", "rgb.png"] {
        let (_, bytes) = files.iter_mut().find(|(other, _)| other == name).unwrap();
        bytes.truncate(bytes.len() / 2);
    }
    for threads in [1, 2, 7] {
        assert!(read(&files, threads).0.unwrap_err().starts_with("ROOT/grey16.png is damaged"), "{threads}");
    }
}

#[test]
fn what_is_no_picture_is_passed_over_by_name() {
    let picture = png(16, 16, 1);
    let dir = folder(&[
        ("a.png", &picture),
        ("b", &picture),
        ("._a.png", b"\0\x05\x16\x07"),
        (".DS_Store", b"x"),
        ("notes.txt", b"x"),
        ("more.txt", b"x"),
        ("photo.heic", b"x"),
        ("LICENSE", b"BM and other words"),
        ("0001.0002", &picture),
    ]);
    std::os::unix::fs::symlink("nowhere.png", dir.path().join("x.png")).unwrap();
    std::os::unix::fs::symlink(".", dir.path().join("round")).unwrap();
    let set = load(dir.path(), 16, &ImageReading::default()).unwrap();
    assert_eq!((set.len(), &set.classes), (3, &None));
    for words in [
        "2 files that begin with a dot were passed over: .DS_Store, ._a.png",
        "1 link that leads nowhere was passed over: x.png",
        "1 entry that is no plain file was passed over: round",
        "4 files of other kinds were passed over: 1 without an ending, 1 HEIC (convert them to PNG or JPEG), 2 .txt",
    ] {
        assert!(set.notes.iter().any(|note| note == words), "{words}: {:#?}", set.notes);
    }
    let nothing = folder(&[("a.heic", b"x"), ("b.txt", b"y")]);
    let message = load(nothing.path(), 16, &ImageReading::default()).unwrap_err();
    assert!(message.contains("no images in it; gan-lab reads PNG, JPEG") && message.contains("1 HEIC"), "{message}");
}

#[test]
fn folders_of_classes_are_read_from_disk_and_from_archives() {
    let (one, two) = (png(16, 16, 10), png(16, 16, 20));
    let files: [(&str, &[u8]); 6] = [
        ("pets/dogs/1.png", &two),
        ("pets/cats/2.png", &one),
        ("pets/cats/kittens/1.png", &one),
        ("pets/dogs/2.PNG", &two),
        ("__MACOSX/pets/dogs/._1.png", b"x"),
        ("pets/readme.md", b"x"),
    ];
    let dir = folder(&files);
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let packed = folder(&[("pets.zip", &zip_of(&files, method)[..])]);
        // An archive by its name, a folder that holds nothing else, and the folder.
        for path in [packed.path().join("pets.zip"), packed.path().to_owned(), dir.path().to_owned()] {
            let set = load(&path, 16, &ImageReading { threads: 2, ..ImageReading::default() }).unwrap();
            let classes = set.classes.as_ref().unwrap();
            assert_eq!(
                (&classes.names[..], &classes.of[..]),
                (&["cats".to_owned(), "dogs".to_owned()][..], &[0, 0, 1, 1][..])
            );
            assert_eq!(classes.counts(), [2, 2]);
            let reds: Vec<u8> = (0..4).map(|i| set.image(i)[0]).collect();
            assert_eq!(reds, [10, 10, 20, 20]);
            let notes = set.notes.join("; ");
            for words in
                ["2 classes by their folders (cats, dogs), 2 images each", "1 file that begins with a dot", ".md"]
            {
                assert!(notes.contains(words), "{notes}");
            }
        }
    }
}

#[test]
fn an_archive_writes_nothing_and_its_wrong_members_are_named() {
    let picture = png(16, 16, 10);
    let odd = zip_of(&[("../../a.png", &picture), ("/etc/b.png", &picture)], CompressionMethod::Deflated);
    let dir = folder(&[("inner/odd.zip", &odd[..])]);
    let set = load(&dir.path().join("inner/odd.zip"), 16, &ImageReading::default()).unwrap();
    assert_eq!(set.len(), 2);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    let cut = &picture[..picture.len() - 20];
    for (files, words) in [
        (&[("a.png", &picture[..]), ("b.png", cut)][..], "b.png is damaged"),
        (&[("a.txt", b"x")], "no images in it"),
        (&[("a.png", b"<html>"), ("b.png", b"")], "web page"),
    ] {
        let dir = folder(&[("a.zip", &zip_of(files, CompressionMethod::Deflated)[..])]);
        let message = load(&dir.path().join("a.zip"), 16, &ImageReading::default()).unwrap_err();
        assert!(message.contains(words), "{message}");
    }
    let dir = folder(&[("a.zip", &odd[..odd.len() - 30])]);
    let message = load(&dir.path().join("a.zip"), 16, &ImageReading::default()).unwrap_err();
    assert!(message.contains("cut short"), "{message}");
}

#[test]
fn small_images_are_enlarged_refused_or_framed_and_it_is_said() {
    let dir = folder(&[("a.png", &png(16, 16, 1)), ("b.png", &png(8, 12, 1)), ("c.png", &png(40, 4, 1))]);
    let reading = |small| ImageReading { small, ..ImageReading::default() };
    let set = load(dir.path(), 16, &reading(SmallImages::Enlarge)).unwrap();
    assert!(
        set.notes.iter().any(|note| note.starts_with("2 images are smaller than 16, and enlarged")),
        "{:?}",
        set.notes
    );
    assert!(set.pixels[..].chunks(256).all(|channel| channel.iter().all(|&x| x == channel[0])), "no frame");
    let message = load(dir.path(), 16, &reading(SmallImages::Refuse)).unwrap_err();
    assert!(message.contains("2 images are smaller than 16: b.png, c.png"), "{message}");
    let framed = load(dir.path(), 16, &reading(SmallImages::Frame)).unwrap();
    assert_eq!(framed.image(1)[0], 0);
    assert!(framed.notes.iter().any(|note| note.contains("framed in black")));
    // Arrays have one size.
    let header = [[0, 0, 8, 3], 3_u32.to_be_bytes(), 2_u32.to_be_bytes(), 2_u32.to_be_bytes()].concat();
    let dir = folder(&[("i.idx", &[&header[..], &[9; 12]].concat()[..])]);
    let path = dir.path().join("i.idx");
    assert_eq!(load(&path, 4, &reading(SmallImages::Enlarge)).unwrap().pixels, [9; 48]);
    assert!(load(&path, 4, &reading(SmallImages::Refuse)).unwrap_err().contains("2 x 2"));
    assert_eq!(load(&path, 4, &ImageReading::before()).unwrap().image(2)[..6], [0, 0, 0, 0, 0, 9]);
}

#[test]
fn a_folder_with_one_array_and_no_picture_stands_for_the_array() {
    let array = |value: u8| [npy_header("|u1", &[1, 4, 4, 3]), vec![value; 48]].concat();
    let dir = folder(&[("faces.npy", &array(9)), ("traits.csv", b"a\n1\n")]);
    assert_eq!(load(dir.path(), 4, &ImageReading::default()).unwrap().image(0), [9; 48]);
    // Of two nobody knows which.
    fs::write(dir.path().join("more.NPY"), array(1)).unwrap();
    let message = load(dir.path(), 4, &ImageReading::default()).unwrap_err();
    assert!(message.contains("no images") && message.contains("faces.npy"), "{message}");
    // Pictures come first.
    fs::write(dir.path().join("a.png"), png(4, 4, 77)).unwrap();
    assert_eq!(load(dir.path(), 4, &ImageReading::default()).unwrap().image(0)[..16], [77; 16]);
}

fn npy_header(descr: &str, shape: &[u64]) -> Vec<u8> {
    crate::data::npy::header_of(descr, shape)
}

#[test]
fn arrays_that_are_no_images_are_refused_with_what_they_are() {
    let floats = |values: &[f32]| values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let npy = |descr: &str, shape: &[u64], bytes: &[u8]| [&npy_header(descr, shape)[..], bytes].concat();
    for (bytes, words) in [
        (npy("<f4", &[1, 2, 2], &floats(&[0.0, f32::NAN, 0.0, 1.0])), "number 2 of 4 is NaN"),
        (npy("<f4", &[1, 2, 2], &floats(&[-2.1, 0.0, 1.0, 2.6])), "standardised"),
        (npy("<i2", &[1, 2, 2], &[0, 1, 0, 1, 0, 1, 0, 1]), "0 to 255"),
        (npy("<c8", &[1, 2, 2], &[0; 32]), "complex64"),
        (npy("|O", &[1, 2, 2], &[0; 32]), "Python objects"),
        (npy("|u1", &[12], &[0; 12]), "labels"),
        (npy("|u1", &[1 << 40, 2, 2], &[0; 4]), "more than the file can hold"),
        (npy("|u1", &[1, 2, 2], &[0; 3]), "it ends in image 1"),
        (npy("<f4", &[1, 2, 2], &[0; 15]), "it ends before"),
        (b"hello, world".to_vec(), "neither a folder nor a zip archive"),
        (vec![], "empty"),
        (png(4, 4, 1), "one picture (PNG)"),
    ] {
        let dir = folder(&[("wrong.npy", &bytes[..])]);
        let message = load(&dir.path().join("wrong.npy"), 4, &ImageReading::default()).unwrap_err();
        assert!(message.contains("wrong.npy") && message.contains(words), "{message}");
    }
    let several = fixtures().join("two.npz");
    let message = load(&several, 16, &ImageReading::default()).unwrap_err();
    assert!(message.contains("train (3 x 16 x 16 x 3 uint8), test (3 x 3 x 16 x 16 float32)"), "{message}");
    assert!(message.contains("--key"), "{message}");
    let reading = ImageReading { key: Some("valid".into()), ..ImageReading::default() };
    assert!(load(&several, 16, &reading).unwrap_err().contains("no array 'valid'"));
}

#[test]
fn wrong_pictures_say_what_they_are() {
    // 11000 x 11000 pixels of three bytes, none of which is there.
    let mut plain = b"BM\x36\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\xf8\x2a\0\0\xf8\x2a\0\0\x01\0\x18\0".to_vec();
    plain.resize(54, 0);
    for (bytes, words) in [
        (&b""[..], "it is empty"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"\0\0\0\x18ftypavif\0\0\0\0", "AVIF"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"PK\x03\x04", "zip archive"),
        (&[0; 100], "not written to its end"),
        (b"hello", "none of the formats"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"\xff\xd8\xff", "damaged"),
        (b"GIF89a", "damaged"),
        (b"BM", "damaged"),
        (&plain, "11000 x 11000 pixels, more than its 54 bytes can hold"),
        (b"II\x2a\0", "damaged"),
        (b"RIFF\0\0\0\0WEBP", "damaged"),
        (b"P6\n", "damaged"),
    ] {
        let dir = folder(&[("a.jpg", bytes)]);
        let message = load(dir.path(), 4, &ImageReading::default()).unwrap_err();
        assert!(message.contains("a.jpg") && message.contains(words), "{message}");
    }
    let dir = folder(&[("a.jpg", b"x"), ("b.jpg", &png(4, 4, 1)), ("c.jpg", b"x"), ("d.jpg", b"x")]);
    let message = load(dir.path(), 4, &ImageReading::default()).unwrap_err();
    assert!(
        message.contains("a.jpg") && message.ends_with("2 others cannot be read either: c.jpg, d.jpg"),
        "{message}"
    );
}

#[test]
fn a_jpeg_that_is_cut_short_is_an_error_and_one_without_its_last_mark_is_not() {
    let picture = RgbImage::from_fn(256, 256, |x, y| Rgb([x as u8, y as u8, (x ^ y) as u8]));
    let mut whole = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut whole, 95).encode_image(&picture).unwrap();
    let progressive = fs::read(fixtures().join("progressive.jpeg")).unwrap();
    for (name, bytes) in [("baseline", &whole), ("progressive", &progressive)] {
        let read = |bytes: &[u8]| load(folder(&[("a.jpg", bytes)]).path(), 16, &ImageReading::default());
        read(bytes).unwrap();
        // Of a progressive one it cannot be told whether a scan is missing; Pillow refuses it too.
        assert_eq!(read(&bytes[..bytes.len() - 2]).is_ok(), name == "baseline", "{name}");
        // An end within a segment, as of a small picture beside the large one, is no end.
        for share in [50, 70, 90] {
            let short = &bytes[..bytes.len() * share / 100];
            for bytes in [short.to_vec(), [short, &[0; 4000]].concat()] {
                let message = read(&bytes)
                    .err()
                    .unwrap_or_else(|| panic!("{name}, {share} %, {} bytes: it was read", bytes.len()));
                assert!(message.contains("cut short"), "{name}, {share} %: {message}");
            }
        }
    }
}

#[test]
fn damaged_files_of_every_format_are_errors_or_pictures_and_never_panic() {
    for name in expected().into_keys() {
        let whole = fs::read(fixtures().join(&name)).unwrap();
        let step = (whole.len() / 24).max(1);
        let dir = folder(&[(&name, &whole)]);
        let path = dir.path().join(&name);
        let target = if is_picture(&name) { dir.path() } else { &path };
        for at in (0..whole.len()).step_by(step) {
            fs::write(&path, &whole[..at]).unwrap();
            let _ = load(target, 8, &ImageReading::default());
            let mut flipped = whole.clone();
            flipped[at] ^= 0xff;
            fs::write(&path, &flipped).unwrap();
            let _ = load(target, 8, &ImageReading::default());
        }
    }
}

#[test]
fn as_before_only_its_own_pictures_count_and_nothing_is_turned_or_laid() {
    let turned = fs::read(fixtures().join("exif6.jpg")).unwrap();
    let clear = fs::read(fixtures().join("rgba16.png")).unwrap();
    let webp = fs::read(fixtures().join("rgb.webp")).unwrap();
    let dir = folder(&[("a.jpg", &turned), ("b.png", &clear), ("c.webp", &webp), ("deep/d.png", &clear)]);
    let set = load(dir.path(), SIDE, &ImageReading::before()).unwrap();
    assert_eq!(set.len(), 2);
    let plain = |bytes: &[u8]| {
        let image = image::load_from_memory(bytes).unwrap();
        let (w, h) = (image.width(), image.height());
        set::numbers(&image.crop_imm((w - 16) / 2, (h - 16) / 2, 16, 16), 3)
    };
    assert_eq!(set.image(0), plain(&turned));
    assert_eq!(set.image(1), plain(&clear));
    assert!(set.classes.is_none());
}

#[test]
fn a_grey_set_takes_a_coloured_ground_as_colour() {
    let mut bytes = Cursor::new(Vec::new());
    let image = image::GrayAlphaImage::from_pixel(16, 16, image::LumaA([100, 0]));
    DynamicImage::from(image).write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    let mut plain = Cursor::new(Vec::new());
    let image = GrayImage::from_pixel(16, 16, Luma([7]));
    DynamicImage::from(image).write_to(&mut plain, image::ImageFormat::Png).unwrap();
    let dir = folder(&[("a.png", bytes.get_ref()), ("b.png", plain.get_ref())]);
    let grey = load(dir.path(), 16, &ImageReading { ground: [9; 3], ..ImageReading::default() }).unwrap();
    assert_eq!((grey.channels, grey.image(0)[0], grey.image(1)[0]), (1, 9, 7));
    let red = load(dir.path(), 16, &ImageReading { ground: [255, 0, 0], ..ImageReading::default() }).unwrap();
    assert_eq!((red.channels, red.image(0)[0], red.image(0)[300], red.image(1)[600]), (3, 255, 0, 7));
}

/// Two images of 2 x 2 in MNIST's format.
fn idx() -> Vec<u8> {
    [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2][..], &[7; 8]].concat()
}

#[test]
fn a_folder_of_idx_files_stands_for_the_one_that_holds_images() {
    let labels = [0, 0, 8, 1, 0, 0, 0, 2, 1, 2];
    let read = |files: &[(&str, &[u8])]| load(folder(files).path(), 2, &ImageReading::default());
    // The packed file beside its own, and labels, are no other arrays.
    let set = read(&[
        ("raw/train-images-idx3-ubyte", &idx()),
        ("raw/train-images-idx3-ubyte.gz", b"never opened"),
        ("raw/train-labels-idx1-ubyte", &labels),
    ]);
    assert_eq!(set.unwrap().len(), 2);
    let message = read(&[("train-images.idx3-ubyte", &idx()), ("t10k-images.idx3-ubyte", &idx())]).unwrap_err();
    assert!(message.contains("name one of its arrays") && message.contains("t10k-images.idx3-ubyte"), "{message}");
}

#[test]
fn a_key_is_refused_where_nothing_has_a_name() {
    let reading = ImageReading { key: Some("xx".into()), ..ImageReading::default() };
    let png = png(4, 4, 7);
    for files in [[("a.png", &png[..])], [("a-idx3-ubyte", &idx()[..])]] {
        let dir = folder(&files);
        let message = load(dir.path(), 2, &reading).unwrap_err();
        assert!(message.contains("--key xx does not go with"), "{message}");
    }
}

#[test]
fn a_file_of_pytorch_is_named_with_the_line_that_converts_it() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("training/data.pkl", SimpleFileOptions::default()).unwrap();
    let dir = folder(&[("training.pt", &writer.finish().unwrap().into_inner())]);
    let message = load(&dir.path().join("training.pt"), 2, &ImageReading::default()).unwrap_err();
    assert!(message.contains("a file of PyTorch") && message.contains("torch.load"), "{message}");
}
