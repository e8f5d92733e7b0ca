//! Damaged files for every reader: small sound files, changed at random a few times each. A reader may refuse what it is given,
//! or read it; it never panics, never takes much more memory than the file is large, and comes back soon.
//!
//! `cargo test` tries a few of each from a fixed seed. `scripts/fuzz.sh` tries many: `GAN_LAB_FUZZ_INPUTS` says how many of
//! each, `GAN_LAB_FUZZ_SEED` from which seed. An input on which a reader fails stays in `target/fuzz/`; it belongs into
//! `tests/attacks/`, whose files are read as they are, too.

use std::io::{Read as _, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use gan_lab::config::{Config as _, SefaConfig, TrainConfig};
use gan_lab::data::{self, Reading};
use gan_lab::kinds::points::PointsRun;
use gan_lab::rng::{Stream, Use};
use gan_lab::run::RunDir;
use gan_lab::sweep::PlanFile;

/// Inputs of each reader that `cargo test` tries.
const FEW: u64 = 150;
/// Longer than any small file takes on any machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// What any reader may take, whatever the file holds, and how often its size beside that: DEFLATE packs 1032 bytes into one,
/// and a number of one byte becomes one of eight.
const ROOM: u64 = 300 << 20;
const TIMES: u64 = 8 * 1032;

/// A reader with the folder of sound files that it reads, below `tests/fixtures`.
struct Target {
    name: &'static str,
    corpus: &'static [&'static str],
    /// Files that end so.
    endings: &'static [&'static str],
    read: fn(&Path),
}

const POINTS: Target = Target {
    name: "points",
    corpus: &["data", "runs"],
    endings: &["mat", "npy", "npz", "h5", "csv", "txt", "arff", "gz"],
    read: |path| {
        let _ = data::load_with_law(path, &Reading::default());
        let _ = data::inspect(path, &Reading::default());
    },
};

const CONFIGS: Target = Target {
    name: "configs",
    corpus: &["../../configs"],
    endings: &["json"],
    read: |path| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let _ = TrainConfig::from_json(&text).map(TrainConfig::check);
        let Ok(json) = serde_json::from_str::<serde_json::Value>(&text) else { return };
        let _ = SefaConfig::from_value(json.clone()).map(SefaConfig::check);
        let _ = gan_lab::config::ProganConfig::from_value(json).map(gan_lab::config::ProganConfig::check);
    },
};

const PLANS: Target = Target {
    name: "plans",
    corpus: &["../attacks"],
    endings: &["plan.json"],
    read: |path| {
        let _ = PlanFile::read(path).map(|plan| plan.expand(path, Path::new("out")).map(|sweep| sweep.runs.len()));
    },
};

const CHECKPOINTS: Target = Target {
    name: "checkpoints",
    corpus: &["checkpoints", "synthesis", "directions"],
    endings: &["pth", "pt", "pkl", "safetensors", "weights"],
    read: |path| {
        use gan_lab::checkpoint::{GeneratorWeights, Source, layouts};
        let Ok(source) = Source::open(path) else { return };
        let _ = layouts::why_none(&source);
        for layout in layouts::all(&source) {
            let _ = layout.sizes(&source);
            let _ = GeneratorWeights::read(&source, &layout, &gan_lab::checkpoint::layouts::Options::default());
        }
    },
};

#[cfg(feature = "torch")]
const IMAGES: Target = Target {
    name: "images",
    corpus: &["images"],
    endings: &["png", "jpg", "webp", "gif", "bmp", "tiff", "tif", "pgm", "pbm", "ppm", "npy", "npz", "zip", "idx"],
    read: |path| {
        use gan_lab::data::images::{ImageReading, load_images};
        let _ = load_images(path, 16, &ImageReading::default(), &mut |_, _| ());
        // A picture by itself lies in a folder.
        let _ = load_images(path.parent().unwrap(), 16, &ImageReading::default(), &mut |_, _| ());
    },
};

/// Every reader of a single file.
fn targets() -> Vec<Target> {
    vec![
        POINTS,
        CONFIGS,
        PLANS,
        CHECKPOINTS,
        #[cfg(feature = "torch")]
        IMAGES,
    ]
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |text| text.parse().unwrap())
}

fn inputs() -> u64 {
    number("GAN_LAB_FUZZ_INPUTS", FEW)
}

fn seed() -> u64 {
    number("GAN_LAB_FUZZ_SEED", 0)
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// All files below a folder, in an order of their own.
fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files_below(&path, found) } else { found.push(path) }
    }
}

impl Target {
    /// The sound files, small enough to be read many times.
    fn corpus(&self) -> Vec<(String, Vec<u8>)> {
        let mut found = Vec::new();
        for folder in self.corpus {
            files_below(&root().join(folder), &mut found);
        }
        let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
        found.retain(|path| self.endings.iter().any(|ending| name(path).ends_with(ending)));
        found
            .into_iter()
            .map(|path| (name(&path), std::fs::read(path).unwrap()))
            .filter(|(_, b)| b.len() < 200_000)
            .collect()
    }

    /// Reads one input; panics with where it lies if the reader does, or takes too much.
    fn try_one(&self, folder: &Path, name: &str, bytes: &[u8], watch: &mpsc::Sender<Option<PathBuf>>) {
        let path = folder.join(name);
        std::fs::write(&path, bytes).unwrap();
        watch.send(Some(path.clone())).unwrap();
        let mut ended = Ok(());
        let most =
            allocation_counter::measure(|| ended = catch_unwind(AssertUnwindSafe(|| (self.read)(&path)))).bytes_max;
        watch.send(None).unwrap();
        let bound = ROOM + TIMES * bytes.len() as u64;
        if ended.is_err() || most > bound {
            let kept = keep(self.name, name, bytes);
            assert!(ended.is_ok(), "{}: the reader panicked on {}", self.name, kept.display());
            panic!("{}: the reader took {most} bytes of {} of {}", self.name, bytes.len(), kept.display());
        }
        std::fs::remove_file(path).unwrap();
    }
}

/// Keeps an input that a reader failed on.
fn keep(target: &str, name: &str, bytes: &[u8]) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/fuzz").join(target);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(format!("{}-{name}", &gan_lab::run::digest(bytes)[..8]));
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Ends the program with the input that a reader hangs on; the file stays where it is.
fn watchdog() -> mpsc::Sender<Option<PathBuf>> {
    let (send, receive) = mpsc::channel::<Option<PathBuf>>();
    std::thread::spawn(move || {
        let mut at_work: Option<PathBuf> = None;
        loop {
            match receive.recv_timeout(PATIENCE) {
                Ok(now) => at_work = now,
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
                Err(mpsc::RecvTimeoutError::Timeout) => {
                    if let Some(path) = &at_work {
                        let bytes = std::fs::read(path).unwrap_or_default();
                        let name = path.file_name().unwrap().to_string_lossy();
                        let said = format!("a reader hangs on {}\n", keep("hangs", &name, &bytes).display());
                        std::io::stderr().write_all(said.as_bytes()).unwrap();
                        std::process::abort();
                    }
                }
            }
        }
    });
    send
}

/// Numbers that headers are wrong with.
fn odd_number(rng: &mut Stream, len: usize) -> u64 {
    let len = len as u64;
    let odd = [
        0,
        1,
        2,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0xffff,
        1 << 31,
        (1 << 31) - 1,
        u64::from(u32::MAX),
        1 << 40,
        i64::MAX as u64,
        u64::MAX,
    ];
    match rng.below(odd.len() + 4) {
        0 => len,
        1 => len + 1,
        2 => len.saturating_sub(1),
        3 => rng.below(1 << 20) as u64,
        i => odd[i - 4],
    }
}

/// One change. `other` is another sound file of the same reader.
fn change(bytes: &mut Vec<u8>, other: &[u8], rng: &mut Stream) {
    if bytes.is_empty() {
        bytes.extend_from_slice(other);
        return;
    }
    // Heads are where formats are: half of all changes are near the beginning.
    let near = |rng: &mut Stream, n: usize| if rng.below(2) == 0 { rng.below(n.min(256)) } else { rng.below(n) };
    let at = near(rng, bytes.len());
    let room = bytes.len() - at;
    let span = 1 + rng.below(room.min(64));
    match rng.below(10) {
        0 => bytes[at] ^= 1 << rng.below(8),
        1 => bytes[at] = odd_number(rng, 0) as u8,
        2 | 3 => {
            let (number, width) = (odd_number(rng, bytes.len()), [2, 4, 8][rng.below(3)].min(room));
            let little = number.to_le_bytes();
            let big = number.to_be_bytes();
            let source = if rng.below(2) == 0 { &little[..width] } else { &big[8 - width..] };
            bytes[at..at + width].copy_from_slice(source);
        }
        4 => drop(bytes.drain(at..at + span)),
        5 => {
            let copy = bytes[at..at + span].to_vec();
            let to = near(rng, bytes.len());
            bytes.splice(to..to, copy);
        }
        6 => bytes.truncate(at),
        7 => {
            // Digits in text become another number.
            let digit = bytes[at..].iter().position(u8::is_ascii_digit).map(|i| at + i);
            if let Some(start) = digit {
                let end = bytes[start..].iter().position(|b| !b.is_ascii_digit()).map_or(bytes.len(), |i| start + i);
                let words = ["0", "-1", "99999999999999999999", "1e400", "nan", "4294967296", "1e-400", ""];
                bytes.splice(start..end, words[rng.below(words.len())].bytes());
            }
        }
        8 => {
            let from = rng.below(other.len().max(1));
            let until = (from + span).min(other.len());
            bytes.splice(at..at, other[from..until].iter().copied());
        }
        _ => {
            // Brackets and marks again and again.
            let n = 1 << rng.below(12);
            let mark = b"[({\"'<,:;\n\x00."[rng.below(12)];
            bytes.splice(at..at, std::iter::repeat_n(mark, n));
        }
    }
}

/// A few changes; in an archive half of the time those of one of its files, so that its checksums are right.
fn changed(bytes: &[u8], other: &[u8], rng: &mut Stream) -> Vec<u8> {
    let changes = 1 + rng.below(4);
    if bytes.starts_with(b"PK\x03\x04")
        && rng.below(2) == 0
        && let Some(archive) = inside(bytes, changes, rng)
    {
        return archive;
    }
    let mut bytes = bytes.to_vec();
    for _ in 0..changes {
        change(&mut bytes, other, rng);
    }
    bytes
}

/// The same archive with one of its files changed.
fn inside(bytes: &[u8], changes: usize, rng: &mut Stream) -> Option<Vec<u8>> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).ok()?;
    let victim = rng.below(archive.len().max(1));
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for i in 0..archive.len() {
        let mut file = archive.by_index(i).ok()?;
        let mut content = Vec::new();
        file.read_to_end(&mut content).ok()?;
        if i == victim {
            let other = content.clone();
            for _ in 0..changes {
                change(&mut content, &other, rng);
            }
        }
        out.start_file(file.name().ok()?.into_owned(), stored).ok()?;
        out.write_all(&content).ok()?;
    }
    Some(out.finish().ok()?.into_inner())
}

#[test]
fn no_damaged_file_makes_a_reader_panic_or_take_much() {
    let dir = tempfile::tempdir().unwrap();
    let watch = watchdog();
    for (t, target) in targets().iter().enumerate() {
        let corpus = target.corpus();
        assert!(!corpus.is_empty(), "{} has no sound files", target.name);
        for input in 0..inputs() {
            let mut rng = Stream::new(seed(), Use::Data, (t as u64) << 48 | input);
            let (name, bytes) = &corpus[rng.below(corpus.len())];
            let (_, other) = &corpus[rng.below(corpus.len())];
            target.try_one(dir.path(), name, &changed(bytes, other, &mut rng), &watch);
        }
    }
}

#[test]
fn files_that_readers_failed_on_once_are_refused_or_read() {
    let dir = tempfile::tempdir().unwrap();
    let watch = watchdog();
    let mut attacks = Vec::new();
    files_below(&root().join("../attacks"), &mut attacks);
    for path in attacks {
        let (name, bytes) = (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(&path).unwrap());
        for target in targets() {
            target.try_one(dir.path(), &name, &bytes, &watch);
        }
    }
}

#[test]
fn no_damaged_file_of_a_run_makes_its_readers_panic() {
    let sound = root().join("runs/points");
    let mut files = Vec::new();
    files_below(&sound, &mut files);
    let watch = watchdog();
    for input in 0..inputs() {
        let mut rng = Stream::new(seed(), Use::Data, 99 << 48 | input);
        let dir = tempfile::tempdir().unwrap();
        let victim = rng.below(files.len());
        let mut damaged = Vec::new();
        for (i, path) in files.iter().enumerate() {
            let to = dir.path().join(path.strip_prefix(&sound).unwrap());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            let bytes = std::fs::read(path).unwrap();
            let bytes = if i == victim { changed(&bytes, &bytes, &mut rng) } else { bytes };
            std::fs::write(&to, &bytes).unwrap();
            if i == victim {
                damaged = bytes;
            }
        }
        watch.send(Some(files[victim].clone())).unwrap();
        let ended = catch_unwind(AssertUnwindSafe(|| read_run(dir.path())));
        watch.send(None).unwrap();
        let name = files[victim].file_name().unwrap().to_string_lossy();
        assert!(ended.is_ok(), "a damaged {name} made a reader panic: {}", keep("runs", &name, &damaged).display());
    }
}

/// All that is read of a run.
fn read_run(path: &Path) {
    let dir = RunDir::new(path);
    let _ = (dir.look().is_ok(), dir.manifest().is_ok(), dir.status().is_ok(), dir.state().is_ok());
    let Ok(run) = PointsRun::open(&dir) else { return };
    let _ = (run.metrics().is_ok(), run.frames().is_ok(), run.real().is_ok(), run.noise().is_ok(), run.best().is_ok());
    let _ = (run.floor().is_ok(), run.units().is_ok(), run.snapshot().is_ok(), run.idle().is_ok());
}
