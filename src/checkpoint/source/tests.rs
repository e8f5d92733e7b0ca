//! Files that were damaged or made to do harm: whatever they are, no panic, no more memory than a small multiple of the file.

use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::super::layouts::{self, Options};
use super::super::{GeneratorWeights, NamedTensor, save};
use super::*;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checkpoints")
}

/// Opens and reads everything, as far as it goes.
fn exhaust(bytes: &[u8]) {
    let bytes = Bytes::Memory(Cow::Owned(bytes.to_vec()));
    let Ok(opened) = opened(&bytes) else { return };
    let source = Source::of(Path::new("fuzz"), vec![(bytes, opened)]);
    for tensor in source.tensors() {
        drop(source.read_any(&tensor.name));
    }
    for layout in layouts::all(&source) {
        let _ = layout.sizes(&source);
        drop(GeneratorWeights::read(&source, &layout, &Options::default()));
    }
    layouts::why_none(&source);
}

/// The most memory that `work` had at one time, in bytes.
fn peak(work: impl FnOnce()) -> u64 {
    allocation_counter::measure(work).bytes_max
}

/// Values, names, records: no file is worth more memory than this, whatever it says.
fn most(len: usize) -> u64 {
    64 * len as u64 + 300_000
}

/// Streams that people have, in every format.
fn sound() -> Vec<Vec<u8>> {
    let layouts = ["stylegan2-nvidia.pkl", "stylegan2-tensorflow.pkl", "stylegan2-tensorflow-4.pkl", "progan-zoo.pth"]
        .map(|name| format!("layouts/{name}"));
    let plain = ["genforce-legacy.pth", "genforce-plain.pth", "bare.safetensors", "wrong-code.pth"].map(str::to_owned);
    layouts.iter().chain(&plain).map(|name| fs::read(fixtures().join(name)).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_are_refused_or_read(
        start in prop::sample::select(vec![&b""[..], b"\x80\x02", b"\x80\x04\x95", b"PK\x03\x04", b"\x10\0\0\0\0\0\0\0{"]),
        rest in prop::collection::vec(any::<u8>(), 0..2000),
    ) {
        exhaust(&[start, &rest].concat());
    }

    /// Programs for the machine that mean nothing: single opcodes with small arguments.
    #[test]
    fn programs_without_a_meaning_take_little_memory(
        ops in prop::collection::vec(
            prop::sample::select(vec![
                &b"N"[..], b"]", b"}", b")", b"(", b"t", b"l", b"d", b"s", b"u", b"a", b"e", b"0", b"1", b"2", b"\x94",
                b"h\x00", b"h\x01", b"q\x00", b"q\x07", b"K\x05", b"U\x01a", b"C\x01b", b"\x85", b"\x86", b"\x87", b"R", b"b",
                b"\x81", b"Q", b"\x8f", b"\x90", b"ctorch._utils\n_rebuild_tensor_v2\n", b"cos\nsystem\n", b"\x93",
                b"ccollections\nOrderedDict\n", b"cdnnlib.tflib.network\nNetwork\n", b"\x8a\x01\xff", b"G\x40\0\0\0\0\0\0\0",
            ]),
            0..3000,
        ),
    ) {
        let bytes = [&b"\x80\x02"[..], &ops.concat(), b"."].concat();
        let taken = peak(|| exhaust(&bytes));
        prop_assert!(taken < most(bytes.len()), "{taken} for {}", bytes.len());
    }

    #[test]
    fn damaged_files_are_refused_or_read(
        which in 0_usize..8,
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = sound()[which].clone();
        for (place, byte) in places {
            // Most of a file is numbers; what says something stands in the first part.
            let at = place.index(bytes.len().min(4000));
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let taken = peak(|| exhaust(&bytes));
        prop_assert!(taken < most(bytes.len()), "{taken} for {}", bytes.len());
    }
}

#[test]
fn values_that_hold_each_other_come_to_an_end() {
    // Each list holds the one before twice: 2^60 in all.
    let mut doubled = b"\x80\x02]q\x00".to_vec();
    for i in 1..60_u8 {
        doubled.extend([b']', b'q', i, b'(', b'h', i - 1, b'h', i - 1, b'e']);
    }
    doubled.push(b'.');
    // A dict that holds itself, under a long name.
    let name = vec![b'n'; 900];
    let own = [b"\x80\x02}q\x00X", &900_u32.to_le_bytes()[..], &name, b"h\x00s."].concat();
    // Lists in lists, deeper than any stack.
    let deep = [&b"\x80\x02"[..], &vec![b']'; 200_000], &vec![b'a'; 199_999], b"."].concat();
    for bytes in [doubled, own, deep] {
        let taken = peak(|| exhaust(&bytes));
        assert!(taken < most(bytes.len()), "{taken} for {}", bytes.len());
    }
}

#[test]
fn opening_reads_names_and_leaves_numbers() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("large.safetensors");
    save(&path, &[NamedTensor::f32("x", vec![1_000_000], vec![1.0; 1_000_000])], None).unwrap();
    let taken = peak(|| assert_eq!(Source::open(&path).unwrap().tensors()[0].bytes, 4_000_000));
    assert!(taken < 50_000, "{taken}");
    // The same of a pickle: only what is asked for is read.
    let path = fixtures().join("layouts/stylegan2-nvidia.pkl");
    let source = Source::open(&path).unwrap();
    let taken = peak(|| drop(source.read("G_ema.synthesis.b4.const").unwrap()));
    assert!(taken < 2_000, "{taken}");
}

#[test]
fn calls_are_named_and_none_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let mark = dir.path().join("harm");
    let path = dir.path().join("code.pkl");
    let command = format!("touch {}", mark.display());
    let text = [&b"X"[..], &(command.len() as u32).to_le_bytes(), command.as_bytes()].concat();
    let bytes = [b"\x80\x02}X\x01\0\0\0acposix\nsystem\n", &text[..], b"\x85Rs."].concat();
    fs::write(&path, bytes).unwrap();
    let source = Source::open(&path).unwrap();
    assert_eq!(source.dangers(), ["posix.system"]);
    assert_eq!(source.class("a"), Some("posix.system"));
    assert!(source.tensors().is_empty() && !mark.exists());
    for (global, is_dangerous) in [
        ("builtins\neval", true),
        ("__builtin__\ngetattr", true),
        ("os\nsystem", true),
        ("subprocess\nPopen", true),
        ("collections\nOrderedDict", false),
        ("argparse\nNamespace", false),
    ] {
        fs::write(&path, format!("\u{80}\u{2}c{global}\n)R.").chars().map(|c| c as u8).collect::<Vec<_>>()).unwrap();
        let source = Source::open(&path).unwrap();
        assert_eq!(!source.dangers().is_empty(), is_dangerous, "{global}");
    }
}

#[test]
fn what_is_beside_the_tensors_is_kept_and_what_cannot_be_shown_is_named() {
    let source = Source::open(&fixtures().join("layouts/progan-zoo.pth")).unwrap();
    assert_eq!(source.value("config.leakyReluLeak"), Some(&Value::Float(0.2)));
    assert_eq!(source.value("config.equalizedlR"), Some(&Value::Bool(true)));
    assert_eq!(source.class("config"), Some("models.utils.config.BaseConfig"));
    assert_eq!(source.unknown(), ["models.utils.config.BaseConfig"]);
    let source = Source::open(&fixtures().join("layouts/stylegan2-nvidia.pkl")).unwrap();
    assert_eq!(source.class("G_ema.synthesis"), Some("SynthesisNetwork"));
    assert_eq!(source.value("G_ema.synthesis.b8.conv0.conv_clamp"), Some(&Value::Float(1.5)));
    assert_eq!(source.value("G_ema.synthesis.b8.torgb.conv_clamp"), Some(&Value::None));
    assert!(source.value("G_ema.mapping.fc0.weight_gain").unwrap().number().unwrap() > 0.003);
    assert!(source.unknown().is_empty() && source.skipped().is_empty());
}

#[test]
fn a_list_of_shards_takes_what_lies_beside_it_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let index = dir.path().join("model.safetensors.index.json");
    let with = |file: &str| {
        fs::write(&index, format!(r#"{{"metadata": {{}}, "weight_map": {{"x": "{file}"}}}}"#)).unwrap();
        Source::open(&index).map_err(|error| error.to_string())
    };
    save(&dir.path().join("a.safetensors"), &[NamedTensor::f32("x", vec![1], vec![2.0])], None).unwrap();
    let source = with("a.safetensors").unwrap();
    assert_eq!((source.format(), source.read("x").unwrap()), ("safetensors in shards", Some(vec![2.0])));
    assert!(with("b.safetensors").unwrap_err().contains("b.safetensors is not beside it"));
    for outside in ["../a.safetensors", "/etc/passwd", "..", ""] {
        assert!(with(outside).unwrap_err().contains("not a file beside it"), "{outside}");
    }
}

#[test]
fn zip_files_are_read_by_their_lists() {
    use std::io::Write as _;
    let mut pickle = b"\x80\x02}X\x01\0\0\0xctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storage".to_vec();
    pickle.extend(b"ctorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x02NtQK\x00K\x02\x85K\x01\x85\x89}tRs.");
    let numbers: Vec<u8> = [1.5_f32, -2.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    for method in [zip::CompressionMethod::Stored, zip::CompressionMethod::Deflated] {
        for large in [false, true] {
            let options = zip::write::SimpleFileOptions::default().compression_method(method).large_file(large);
            let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            for (name, content) in [("a/data.pkl", &pickle), ("a/data/0", &numbers), ("a/version", &b"3".to_vec())] {
                writer.start_file(name, options).unwrap();
                writer.write_all(content).unwrap();
            }
            writer.set_comment("a comment with PK\x05\x06 in it, and something behind it").unwrap();
            let whole = writer.finish().unwrap().into_inner();
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("a.pth");
            fs::write(&path, &whole).unwrap();
            let source = Source::open(&path).unwrap();
            assert_eq!(source.read("x").unwrap(), Some(vec![1.5, -2.0]), "{method:?} {large}");
            for cut in 1..whole.len() {
                fs::write(&path, &whole[..cut]).unwrap();
                assert!(Source::open(&path).is_err(), "cut at {cut}");
            }
        }
    }
    // A storage that is not there.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("b.pth");
    let mut writer = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    writer.start_file("b/data.pkl", zip::write::SimpleFileOptions::default()).unwrap();
    writer.write_all(&pickle).unwrap();
    writer.finish().unwrap();
    let error = Source::open(&path).unwrap().read("x").unwrap_err().to_string();
    assert!(error.contains("'x' is in a storage that the file does not have"), "{error}");
}
