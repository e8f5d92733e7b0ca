//! Small files and numbers that ask for much. Each is refused with what it is and what to do, before much memory is
//! taken and before anything is written; or it is read in the memory that its content takes.

use std::path::Path;

use gan_lab::data::{self, Reading, npy, write_mat};

use crate::world::World;

/// The most memory that `work` had at one time, in bytes.
fn peak(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).bytes_max
}

/// A file in a folder that goes with it.
struct File {
    _dir: tempfile::TempDir,
    path: std::path::PathBuf,
}

fn file(name: &str, bytes: &[u8]) -> File {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    File { _dir: dir, path }
}

/// Runs the program with 8 GB of addresses at most, of which it takes half for one thing; it must fail with 1,
/// or with 2 where an argument is wrong by itself. Its errors come back.
fn fails_within_8_gb(world: &World, args: &[&str]) -> String {
    let program = world.command(args);
    let limited = "ulimit -v 8000000; exec \"$0\" \"$@\"";
    let output = std::process::Command::new("sh")
        .args(["-c", limited])
        .arg(program.get_program())
        .args(args)
        .current_dir(world.path(""))
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(matches!(output.status.code(), Some(1 | 2)), "{args:?}: {stderr}");
    stderr
}

#[test]
fn brackets_in_an_npy_header_end_at_once() {
    let world = World::new();
    for brackets in ["[".repeat(40), "(".repeat(40), "[".repeat(20_000), "{'descr': [".repeat(3000)] {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((brackets.len() as u16).to_le_bytes());
        bytes.extend(brackets.bytes());
        std::fs::write(world.path("brackets.npy"), &bytes).unwrap();
        assert!(world.fails(1, &["data", "inspect", "brackets.npy"]).contains("its header is not as NumPy writes it"));
        let message = world.fails(1, &["train", "gan", "--data", "brackets.npy", "--out", "run"]);
        assert!(message.contains("brackets.npy") && !world.path("run").exists(), "{message}");
        assert!(npy::decode(&bytes).is_err());
    }
}

#[test]
fn points_take_what_their_file_takes() {
    // 2 million points: 2 MB of file a column, 32 MB as points in double precision.
    let text = "{'descr': '|i1', 'fortran_order': True, 'shape': (2000000, 2)}";
    let header = [&b"\x93NUMPY\x01\x00"[..], &[text.len() as u8, 0], text.as_bytes()].concat();
    let points = file("p.npy", &[header, vec![3; 4_000_000]].concat());
    let mut found = 0;
    assert!(peak(|| found = data::load(&points.path, &Reading::of("xx")).unwrap().points.len()) < 37_000_000);
    assert_eq!(found, 2_000_000);
    assert!(peak(|| drop(data::inspect(&points.path, &Reading::default()).unwrap())) < 5_000_000);
    // As much text for one point as for a million.
    let wide = file("wide.csv", format!("{}1\n{0}1\n", "1,".repeat(499_999)).as_bytes());
    assert!(peak(|| found = data::load(&wide.path, &Reading::of("xx")).unwrap().points.len()) < 30_000_000);
    assert_eq!(found, 500_000);
}

#[test]
fn the_variables_of_a_packed_file_are_unpacked_one_at_a_time() {
    // Six variables of 16 MB; the whole file has about 100 kB.
    let zeros = vec![[0.0; 2]; 1_000_000];
    let names = ["a", "b", "c", "d", "e", "xx"];
    let bytes = write_mat(&names.map(|name| (name, zeros.clone()))).unwrap();
    assert!(bytes.len() < 200_000);
    let packed = file("zeros.mat", &bytes);
    assert!(peak(|| assert_eq!(data::inspect(&packed.path, &Reading::default()).unwrap().len(), 6)) < 17_000_000);
    // The array, which `matfile` reads from a copy of it, and nothing of the five others.
    // matfile copies twice what it reads, which is still less than all six.
    let taken = peak(|| assert_eq!(data::load(&packed.path, &Reading::of("b")).unwrap().points.len(), 1_000_000));
    assert!(taken < 90_000_000, "{taken}");
}

#[test]
fn what_has_no_end_is_not_read_to_its_end() {
    let message = data::load(Path::new("/dev/zero"), &Reading::of("xx")).unwrap_err().to_string();
    assert!(message.contains("/dev/zero is larger than 268 MB"), "{message}");
}

#[test]
fn networks_larger_than_any_memory_are_refused_before_anything_is_written() {
    let world = World::new();
    world.done(&["data", "make", "ring8", "--points", "8192", "--out", "many.npy"]);
    let train = ["train", "gan", "--data", "many.npy", "--train-size", "256", "--out", "run"];
    let message = fails_within_8_gb(&world, &[&train[..], &["--latent-dim", "1048576"]].concat());
    assert!(message.contains("this run would take") && message.contains("latent_dim"), "{message}");
    assert!(!world.path("run").exists());
    let config = |network: &str| format!(r#"{{"objective": {{"model": "gan"}}, {network}}}"#);
    for (network, needle) in [
        (
            r#""generator": {"hidden": [1048576, 1048576], "batch_norm": [false, false]}"#,
            "generator.hidden is [1048576",
        ),
        (r#""discriminator": {"hidden": [1048576, 1048576]}"#, "discriminator.hidden is [1048576"),
        (r#""discriminator": {"hidden": [32768, 16384]}"#, "this run would take"),
        (r#""generator": {"batch_norm_eps": 1e-46}"#, "batch_norm_eps"),
    ] {
        std::fs::write(world.path("config.json"), config(network)).unwrap();
        let message = fails_within_8_gb(&world, &[&train[..], &["--config", "config.json"]].concat());
        assert!(message.contains(needle), "{message}");
        assert!(!world.path("run").exists());
    }
}

#[cfg(feature = "torch")]
mod images {
    use std::io::Write as _;
    use std::path::PathBuf;

    use flate2::Compression;
    use gan_lab::checkpoint::layouts::{self, Options};
    use gan_lab::checkpoint::{Conv, GeneratorWeights, Level, ProGanWeights, Source, save};
    use gan_lab::data::images::{self, ImageReading, ImageSet};
    use image::{DynamicImage, GrayImage, ImageBuffer, Luma, Rgb, RgbImage, Rgba};

    use super::*;

    fn idx(shape: [u32; 3], bytes: &[u8]) -> Vec<u8> {
        let lengths: Vec<u8> = shape.into_iter().flat_map(u32::to_be_bytes).collect();
        [&[0, 0, 8, 3][..], &lengths, bytes].concat()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn load_images(path: &Path, side: usize) -> Result<ImageSet, data::DataError> {
        images::load_images(path, side, &ImageReading::default(), &mut |_, _| {})
    }

    /// The error for images at a side, which must take little memory.
    fn refused(path: &Path, side: usize) -> String {
        let mut message = String::new();
        let taken = peak(|| message = load_images(path, side).unwrap_err().to_string());
        assert!(taken < 1_000_000, "{taken}: {message}");
        message
    }

    #[test]
    fn tiny_images_made_large_are_refused_when_there_is_no_memory_for_them() {
        let packed = gzip(&idx([8_000_000, 1, 1], &vec![0; 8_000_000]));
        assert!(packed.len() < 16_000);
        let message = refused(&file("tiny.gz", &packed).path, 1024);
        assert!(message.contains("8000000 images of side 1024") && message.contains("--resolution"), "{message}");
    }

    #[test]
    fn headers_that_promise_more_than_the_file_holds_are_refused() {
        for shape in [[u32::MAX; 3], [u32::MAX, 1, 1], [1_000_000, 28, 28], [1, 1 << 15, 1 << 15]] {
            for bytes in [idx(shape, &[7; 20]), gzip(&idx(shape, &[7; 20]))] {
                let message = refused(&file("f.idx", &bytes).path, 4);
                assert!(message.contains("more than the file can hold"), "{message}");
            }
        }
        let cut = refused(&file("cut.gz", &gzip(&idx([3, 2, 2], &[7; 11]))).path, 4);
        assert!(cut.contains("ends in image 3"), "{cut}");
        let mut damaged = gzip(&idx([3, 2, 2], &[7; 12]));
        let checksum = damaged.len() - 8;
        damaged[checksum] ^= 1;
        assert!(refused(&file("sum.gz", &damaged).path, 4).contains("does not unpack"));
    }

    #[test]
    fn packed_images_take_what_the_set_takes() {
        let packed = file("f.gz", &gzip(&idx([5000, 64, 64], &vec![9; 5000 * 64 * 64])));
        for (side, bytes) in [(64, 20_480_000), (16, 1_280_000)] {
            let taken = peak(|| assert_eq!(load_images(&packed.path, side).unwrap().len(), 5000));
            assert!((bytes..bytes + 500_000).contains(&taken), "side {side}: {taken}");
        }
    }

    fn folder(pictures: &[(&str, DynamicImage)]) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pictures");
        std::fs::create_dir(&path).unwrap();
        for (name, picture) in pictures {
            picture.save(path.join(name)).unwrap();
        }
        (dir, path)
    }

    #[test]
    fn large_pictures_are_in_memory_one_at_a_time() {
        // 12 MB each, and as much again for the square of one that is cut.
        let names = ["a.png", "b.png", "c.png", "d.png", "e.png", "f.jpg"];
        let pictures =
            names.map(|name| (name, DynamicImage::from(RgbImage::from_pixel(2200, 2000, Rgb([9, 90, 200])))));
        let (_dir, path) = folder(&pictures);
        let taken = peak(|| assert_eq!(load_images(&path, 32).unwrap().len(), 6));
        assert!(taken < 40_000_000, "{taken}");
    }

    /// Puts other dimensions into a PNG.
    fn with_dimensions(png: &mut [u8], width: u32, height: u32) {
        png[16..24].copy_from_slice(&[width.to_be_bytes(), height.to_be_bytes()].concat());
        let mut sum = flate2::Crc::new();
        sum.update(&png[12..29]);
        png[29..33].copy_from_slice(&sum.sum().to_be_bytes());
    }

    #[test]
    fn pictures_that_promise_more_than_they_hold_are_refused_before_they_are_decoded() {
        let (_dir, path) = folder(&[("a.png", GrayImage::new(4, 4).into())]);
        let picture = path.join("a.png");
        let mut png = std::fs::read(&picture).unwrap();
        for (width, height) in [(67_108_864, 8), (8, 67_108_864), (12_000, 12_000), (u32::MAX >> 1, u32::MAX >> 1)] {
            with_dimensions(&mut png, width, height);
            std::fs::write(&picture, &png).unwrap();
            let message = refused(&path, 4);
            assert!(message.contains(&format!("{width} x {height} pixels, more than its")), "{message}");
        }
        let (_dir, path) = folder(&[("a.jpg", GrayImage::new(16, 16).into())]);
        let picture = path.join("a.jpg");
        let mut jpeg = std::fs::read(&picture).unwrap();
        let frame = jpeg.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
        jpeg[frame + 5..frame + 9].copy_from_slice(&[0x40, 0, 0x40, 0]);
        std::fs::write(&picture, &jpeg).unwrap();
        assert!(refused(&path, 4).contains("16384 x 16384 pixels, more than its"));
        std::fs::remove_file(&picture).unwrap();
        std::fs::create_dir(&picture).unwrap();
        // A folder may be called as it likes.
        assert!(refused(&path, 4).contains("there are no images in it"));
    }

    #[test]
    fn a_picture_larger_than_one_may_be_is_refused_with_its_size() {
        let dir = tempfile::tempdir().unwrap();
        let mut header = Vec::new();
        let mut encoder = png::Encoder::new(&mut header, 40_000, 30_000);
        encoder.set_color(png::ColorType::Rgb);
        drop(encoder.write_header().unwrap());
        // Bytes enough for such a picture, were they its own.
        header.extend(vec![0; 4_000_000]);
        std::fs::write(dir.path().join("large.png"), header).unwrap();
        let message = refused(dir.path(), 4);
        assert!(message.contains("40000 x 30000 pixels, which take 3.6 GB, more than the 537 MB"), "{message}");
    }

    /// What all pictures at once came to before they were read one by one.
    fn at_once(path: &Path, side: u32) -> Vec<u8> {
        let mut files: Vec<PathBuf> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        let pictures: Vec<DynamicImage> = files.iter().map(|file| image::open(file).unwrap()).collect();
        let colour = pictures.iter().any(|picture| picture.color().has_color());
        let mut all = Vec::new();
        for picture in pictures {
            let square = picture.width().min(picture.height());
            let (left, top) = ((picture.width() - square) / 2, (picture.height() - square) / 2);
            let mut fitted = picture.crop_imm(left, top, square, square);
            if square > side {
                fitted = fitted.resize_exact(side, side, image::imageops::FilterType::Triangle);
            } else if square < side {
                let mut ground = if fitted.color().has_color() {
                    DynamicImage::ImageRgb8(RgbImage::new(side, side))
                } else {
                    DynamicImage::ImageLuma8(GrayImage::new(side, side))
                };
                let margin = i64::from((side - square) / 2);
                image::imageops::overlay(&mut ground, &fitted, margin, margin);
                fitted = ground;
            }
            if colour {
                let pixels = fitted.to_rgb8().into_raw();
                all.extend((0..3).flat_map(|c| pixels.iter().skip(c).step_by(3).copied()));
            } else {
                all.extend(fitted.to_luma8().into_raw());
            }
        }
        all
    }

    #[test]
    fn every_kind_of_picture_gives_the_bytes_that_it_always_gave() {
        let mixed = |x: u32, y: u32| ((x * 37 + y * 101 + x * y) % 256) as u8;
        let grey = GrayImage::from_fn(40, 31, |x, y| Luma([mixed(x, y)]));
        let deep = ImageBuffer::from_fn(33, 50, |x, y| Luma([u16::from(mixed(x, y)) * 251 + 3]));
        let alpha = ImageBuffer::from_fn(12, 9, |x, y| image::LumaA([mixed(x, y), mixed(y, x)]));
        let rgb = RgbImage::from_fn(50, 20, |x, y| Rgb([mixed(x, y), mixed(y, x), mixed(x + y, 3)]));
        let rgba = ImageBuffer::from_fn(17, 17, |x, y| Rgba([mixed(x, y), 4, mixed(y, x), mixed(x, 9)]));
        let deep_rgb = ImageBuffer::from_fn(16, 44, |x, y| Rgb([u16::from(mixed(x, y)) << 8, 77, 65_000]));
        let greys: [(&str, DynamicImage); 4] =
            [("a.png", grey.clone().into()), ("b.png", deep.into()), ("c.png", alpha.into()), ("d.jpg", grey.into())];
        let colours: [(&str, DynamicImage); 4] =
            [("e.png", rgb.clone().into()), ("f.png", rgba.into()), ("g.png", deep_rgb.into()), ("h.jpeg", rgb.into())];
        for pictures in [&greys[..], &colours[..], &[&greys[..], &colours[..]].concat()] {
            let (_dir, path) = folder(pictures);
            for side in [8, 16, 32, 64] {
                let set = images::load_images(&path, side, &ImageReading::before(), &mut |_, _| {}).unwrap();
                assert_eq!(set.pixels, at_once(&path, side as u32), "side {side} of {}", pictures.len());
            }
        }
    }

    #[test]
    fn a_wide_panorama_is_read() {
        let (_dir, path) = folder(&[("wide.png", GrayImage::from_pixel(60_000, 40, Luma([5])).into())]);
        assert_eq!(load_images(&path, 4).unwrap().pixels, [5; 16]);
    }

    /// A checkpoint as PyTorch wrote them before 1.6, by hand: each tensor has a shape and strides over one storage.
    fn legacy(numbers: usize, tensors: &[(&str, &[u32], &[u32])]) -> Vec<u8> {
        let text = |text: &str| [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat();
        let integer = |n: u32| [b"J", &n.to_le_bytes()[..]].concat();
        let tuple =
            |list: &[u32]| [b"(".to_vec(), list.iter().flat_map(|&n| integer(n)).collect(), b"t".to_vec()].concat();
        let mut object = b"\x80\x02}".to_vec();
        for (name, shape, strides) in tensors {
            object.extend(text(name));
            object.extend(b"ctorch._utils\n_rebuild_tensor_v2\n((");
            object.extend([text("storage"), b"ctorch\nFloatStorage\n".to_vec(), text("0"), text("cpu")].concat());
            object
                .extend([integer(numbers as u32), b"NtQ".to_vec(), integer(0), tuple(shape), tuple(strides)].concat());
            object.extend(b"\x89ccollections\nOrderedDict\n)RtRs");
        }
        object.extend(b".");
        let magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.".to_vec();
        let system = [b"\x80\x02}".to_vec(), text("little_endian"), b"\x88s.".to_vec()].concat();
        let keys = [b"\x80\x02]".to_vec(), text("0"), b"a.".to_vec()].concat();
        let storage = [&(numbers as u64).to_le_bytes()[..], &vec![0; 4 * numbers]].concat();
        [magic, b"\x80\x02\x4d\xe9\x03.".to_vec(), system, object, keys, storage].concat()
    }

    /// A generator of 4x4 pictures whose maps are `n`, its weights with these strides.
    fn generator(n: u32, strides: [u32; 4]) -> Vec<u8> {
        let square = [n, n, 4, 4];
        legacy(
            (n * n * 16) as usize,
            &[
                ("layer0.weight", &square, &strides),
                ("layer0.bias", &[n], &[1]),
                ("layer1.weight", &[n, n, 3, 3], &[n * 9, 9, 3, 1]),
                ("layer1.bias", &[n], &[1]),
                ("output0.weight", &[3, n, 1, 1], &[n, 1, 1, 1]),
                ("output0.bias", &[3], &[1]),
            ],
        )
    }

    fn read(path: &Path) -> Result<GeneratorWeights, String> {
        let source = Source::open(path).map_err(|error| error.to_string())?;
        let layout = layouts::detect(&source).unwrap();
        GeneratorWeights::read(&source, &layout, &Options::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn tensors_that_are_views_of_a_few_numbers_are_refused_by_name() {
        let large = [16_384, 1024, 4, 4];
        let expanded =
            file("e.pth", &legacy(16, &[("layer0.weight", &large, &[0; 4]), ("output0.weight", &[1], &[1])]));
        let mut message = String::new();
        assert!(peak(|| message = read(&expanded.path).unwrap_err()) < 100_000);
        assert!(
            message.contains("'layer0.weight' [16384, 1024, 4, 4]") && message.contains(".contiguous()"),
            "{message}"
        );
        let world = World::new();
        let message = fails_within_8_gb(&world, &["convert", expanded.path.to_str().unwrap(), "out.safetensors"]);
        assert!(message.contains("'layer0.weight'") && !world.path("out.safetensors").exists(), "{message}");
        // Each fits into the file; together they do not.
        let shared = file("s.pth", &generator(64, [1024, 16, 4, 1]));
        let message = read(&shared.path).unwrap_err();
        assert!(message.contains("'layer1.weight', unpack to more bytes than the file holds"), "{message}");
        // Strides that lead out of the storage.
        let outside = file("o.pth", &generator(64, [1025, 16, 4, 1]));
        let message = read(&outside.path).unwrap_err();
        assert!(message.contains("'layer0.weight' leads out of its storage"), "{message}");
    }

    #[test]
    fn a_zip_file_that_unpacks_to_a_large_pickle_is_refused() {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let packed = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Deflated);
        writer.start_file("archive/data.pkl", packed).unwrap();
        writer.write_all(&[&b"\x80\x02("[..], &vec![b'N'; 30_000_000], b"l."].concat()).unwrap();
        let bomb = file("bomb.pth", &writer.finish().unwrap().into_inner());
        let mut message = String::new();
        assert!(peak(|| message = Source::open(&bomb.path).unwrap_err().to_string()) < 100_000);
        assert!(message.contains("to 30 MB; save it without compression"), "{message}");
    }

    #[test]
    fn a_generator_of_endless_levels_is_refused() {
        let conv = |k: usize| Conv { weight: vec![0.5; k * k], bias: vec![0.0], inputs: 1, outputs: 1 };
        let levels = (0..14).map(|b| Level { enlarging: (b > 0).then(|| conv(3)), second: conv(3), to_image: conv(1) });
        let weights = ProGanWeights {
            latent_dim: 1,
            first_weight: vec![0.5; 16],
            first_bias: vec![0.0; 16],
            levels: levels.collect(),
            ..ProGanWeights::usual()
        };
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tall.safetensors");
        save(&path, &weights.to_tensors(), None).unwrap();
        assert!(read(&path).unwrap_err().contains("side 32768"));
    }

    #[test]
    fn a_progan_larger_than_any_memory_and_threads_beyond_measure_are_refused() {
        let world = World::new();
        std::fs::write(world.path("four.idx"), idx([4, 4, 4], &[0; 64])).unwrap();
        let train = ["train", "progan", "--data", "four.idx", "--out", "run"];
        let large = "--resolution 1024 --latent-dim 4096 --fmaps-base 4194304 --fmaps-max 4096 --batch-size 4096";
        let large: Vec<&str> = large.split_whitespace().collect();
        let message = fails_within_8_gb(&world, &[&train[..], &large].concat());
        assert!(message.contains("this training would take") && message.contains("--fmaps-max"), "{message}");
        for threads in ["100000", "1025", "2147483648"] {
            let message = fails_within_8_gb(&world, &[&train[..], &["--threads", threads]].concat());
            assert!(message.contains(&format!("threads is {threads}; it must be 0 to 1024")), "{message}");
        }
        assert!(!world.path("run").exists());
    }
}
