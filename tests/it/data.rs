//! Data files from SciPy, h5py and NumPy (`scripts/data_fixtures.py`), sound and wrong.

use std::path::{Path, PathBuf};

use gan_lab::data::{self, Reading, synthetic::Law, write_mat};
use proptest::prelude::*;

use crate::world::World;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/data").join(name)
}

fn expected() -> Vec<[f64; 2]> {
    (0..10).map(|i| [f64::from(i), f64::from(2 * i + 1)]).collect()
}

#[test]
fn every_sound_file_gives_the_same_points() {
    let types = "float64 float32 int8 uint8 int16 uint16 int32 uint32 int64 uint64".split(' ');
    let mut names: Vec<String> = types.flat_map(|t| [format!("{t}.mat"), format!("{t}.npy")]).collect();
    names.extend("i1 u1 i2 u2 i4 u4".split(' ').map(|code| format!("double-as-{code}.mat")));
    for more in
        ["wide.mat", "wide.npy", "fortran.npy", "big-endian.npy", "big-endian.mat", "big-endian-int16.mat", "mixed.mat"]
    {
        names.push(more.into());
    }
    names.extend(["v73.mat", "v73-packed.mat", "plain.h5"].map(str::to_owned));
    for name in names {
        let set = data::load(&fixture(&name), &Reading::of("xx")).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(set.points, expected(), "{name}");
    }
}

#[test]
fn every_kind_of_array_in_a_mat_v73_file_gives_the_same_points() {
    for key in ["single", "uint8", "int16", "int32", "uint64", "compact", "struct.xx"] {
        let set =
            data::load(&fixture("v73-mixed.mat"), &Reading::of(key)).unwrap_or_else(|error| panic!("{key}: {error}"));
        assert_eq!(set.points, expected(), "{key}");
        assert_eq!(set.taken.format, "a MAT v7.3 (HDF5) file");
    }
    let listed = data::inspect(&fixture("v73-mixed.mat"), &Reading::default()).unwrap();
    let of = |name: &str| listed.iter().find(|variable| variable.name == name).unwrap();
    assert_eq!((of("single").shape.clone(), of("single").range), (vec![10, 2], Some((0.0, 19.0))));
    assert_eq!(of("struct.in.n").shape, [1, 1]);
    assert!(listed.iter().all(|variable| !variable.name.contains('#') && !variable.name.starts_with("sparse.")));
}

#[test]
fn wrong_files_are_refused_with_file_and_reason() {
    for (name, key, reason) in [
        ("v73.mat", "yy", "xx (10 x 2 float64)"),
        ("v73-mixed.mat", "xx", "struct.xx (10 x 2 double)"),
        ("v73-mixed.mat", "logical", "is logical"),
        ("v73-mixed.mat", "text", "is char"),
        ("v73-mixed.mat", "complex", "is complex double"),
        ("v73-mixed.mat", "cell", "is cell"),
        ("v73-mixed.mat", "sparse", "is sparse"),
        ("v73-mixed.mat", "empty", "is empty double"),
        ("v73-mixed.mat", "cube", "is 2 x 2 x 2"),
        ("mixed.mat", "yy", "xx (10 x 2 double)"),
        ("mixed.mat", "cell", "'cell' in"),
        ("mixed.mat", "text", "is char"),
        ("mixed.mat", "complex", "is complex double"),
        ("mixed.mat", "struct", "is struct"),
        ("mixed.mat", "sparse", "is sparse"),
        ("mixed.mat", "three", "is 10 x 3"),
        ("mixed.mat", "cube", "is 2 x 2 x 2"),
        ("nan.mat", "xx", "NaN in row 7, column 2"),
        ("inf.mat", "xx", "-inf in row 7, column 2"),
        ("nan.npy", "xx", "row 7, column 2"),
        ("inf.npy", "xx", "row 7, column 2"),
        ("three.npy", "xx", "is 10 x 3"),
        ("complex.npy", "xx", "is complex128"),
    ] {
        let message = data::load(&fixture(name), &Reading::of(key)).unwrap_err().to_string();
        assert!(message.contains(reason) && message.contains(name), "{name} {key}: {message}");
    }
}

#[test]
fn a_file_cut_anywhere_is_refused_and_never_panics() {
    for name in ["float64.mat", "int32.mat", "mixed.mat", "big-endian.mat", "float64.npy"] {
        let whole = std::fs::read(fixture(name)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        for cut in (0..whole.len() - 8).step_by(7) {
            std::fs::write(&path, &whole[..cut]).unwrap();
            // A cut between two variables leaves a sound file without the last ones.
            let refused = data::load(&path, &Reading::of("xx"));
            assert!(refused.is_err(), "{name} cut at {cut} was read");
        }
    }
}

#[test]
fn damaged_bytes_never_panic_nor_take_memory() {
    // Every byte of the frame in turn, to values that make sizes and types extreme.
    for name in ["int32.mat", "float64.mat", "mixed.mat", "float32.npy"] {
        let whole = std::fs::read(fixture(name)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(name);
        for at in 0..whole.len().min(420) {
            for value in [0x00, 0x7f, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                std::fs::write(&path, &bytes).unwrap();
                let taken = allocation_counter::measure(|| {
                    let _ = data::load(&path, &Reading::of("xx"));
                    let _ = data::inspect(&path, &Reading::default());
                });
                // The bundled files are some hundred bytes; a compressed one may hold a thousand times its own.
                assert!(taken.bytes_max < 1 << 20, "{name}, byte {at} {value}: {taken:?}");
            }
        }
    }
}

/// The error for a file with these bytes, which must take little memory.
fn refused(bytes: &[u8]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hostile");
    std::fs::write(&path, bytes).unwrap();
    let mut message = String::new();
    let taken =
        allocation_counter::measure(|| message = data::load(&path, &Reading::of("xx")).unwrap_err().to_string());
    // Unpacking takes a window of 80 kB.
    assert!(taken.bytes_max < 1 << 17, "{message}: {taken:?}");
    message
}

#[test]
fn hostile_sizes_are_refused_with_little_memory() {
    let sound = std::fs::read(fixture("int32.mat")).unwrap();
    // The array's element claims 4 GB; the dimensions claim 2^31 - 1 squared.
    let mut file = sound.clone();
    file[132..136].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(refused(&file).contains("cut short"));
    let mut file = sound;
    let dimensions = 128 + 8 + 16 + 8;
    file[dimensions..dimensions + 8].copy_from_slice(&[0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 0x7f]);
    assert!(refused(&file).contains("holds 20 numbers"));
    // A few compressed bytes claim to be a gigabyte.
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    let tag = [14_u32.to_le_bytes(), (1_u32 << 30).to_le_bytes()].concat();
    std::io::Write::write_all(&mut encoder, &tag).unwrap();
    let packed = encoder.finish().unwrap();
    let element = [15_u32.to_le_bytes(), (packed.len() as u32).to_le_bytes()].concat();
    let file = [&[b' '; 124][..], b"\x00\x01IM", &element, &packed].concat();
    assert!(refused(&file).contains("more than they can"));
}

#[test]
fn what_is_written_is_read_again() {
    let dir = tempfile::tempdir().unwrap();
    for law in Law::ALL {
        let arrays = law.draw(400, 1);
        let path = dir.path().join(law.name());
        std::fs::write(&path, write_mat(&arrays).unwrap()).unwrap();
        for (key, points) in &arrays {
            let read = data::load(&path, &Reading::of(key)).unwrap().points;
            assert_eq!(&read, points, "{} {key}", law.name());
        }
    }
}

#[test]
fn the_committed_points_are_what_the_command_makes() {
    let world = World::new();
    world.done(&["data", "make", "points"]);
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/points.mat");
    // The numbers, not the file: compressors may pack the same numbers differently.
    for key in ["a", "b", "c", "d", "xx"] {
        let made = data::load(&world.path("data/points.mat"), &Reading::of(key)).unwrap().points;
        assert_eq!(made, data::load(&committed, &Reading::of(key)).unwrap().points, "{key}");
    }
    assert!(world.fails(1, &["data", "make", "points"]).contains("--force"));
    world.done(&["data", "make", "points", "--force", "--seed", "1"]);
}

#[test]
fn sets_are_made_in_every_format_and_inspected() {
    let world = World::new();
    for file in ["ring.mat", "ring.npy", "ring.csv"] {
        world.done(&["data", "make", "ring8", "--points", "500", "--out", file]);
        let text = world.done(&["data", "inspect", file]);
        assert!(text.contains("500 x 2") && text.contains(&format!("drawn in work_dirs/inspect/{file}.png")), "{text}");
    }
    assert!(world.path("work_dirs/inspect/ring.csv.png").exists());
    assert!(world.fails(2, &["data", "make", "ring8", "--out", "ring.txt"]).contains(".mat, .npy or .csv"));
    assert!(world.fails(2, &["data", "make", "ring8", "--points", "3"]).contains("4 to 10000000"));
}

#[test]
fn a_mixed_file_is_listed_with_types_shapes_and_ranges() {
    let world = World::new();
    std::fs::copy(fixture("mixed.mat"), world.path("mixed.mat")).unwrap();
    let mixed = "mixed.mat";
    insta::assert_snapshot!("inspect_mixed", world.done(&["data", "inspect", mixed]));
    let output = world.run(&["data", "inspect", mixed, "--key", "cell"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("not drawn: 'cell'"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&world.done(&["data", "inspect", mixed, "--json"])).unwrap();
    assert_eq!(json["variables"].as_array().unwrap().len(), 11);
}

#[test]
fn the_bundled_points_are_the_scaled_strokes_in_their_order() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/points.mat");
    let strokes: Vec<[f64; 2]> =
        ["a", "b", "c", "d"].iter().flat_map(|key| data::load(&path, &Reading::of(key)).unwrap().points).collect();
    let all = data::load(&path, &Reading::of("xx")).unwrap().points;
    assert_eq!((strokes.len(), all.len()), (8192, 8192));
    for (stroke, scaled) in strokes.iter().zip(&all) {
        for axis in 0..2 {
            assert!((stroke[axis] / 25.0 + 0.5 - scaled[axis]).abs() < 1e-12);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_points_survive_a_mat_file(points in prop::collection::vec(prop::array::uniform2(-1e6..1e6_f64), 1..200)) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p.mat");
        std::fs::write(&path, write_mat(&[("xx", points.clone())]).unwrap()).unwrap();
        prop_assert_eq!(data::load(&path, &Reading::of("xx")).unwrap().points, points);
    }

    #[test]
    fn any_bytes_in_any_frame_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..600), kind in 0..5) {
        let frame: &[u8] = match kind {
            0 => b"",
            1 => b"\x93NUMPY\x01\x00",
            2 => b"\x93NUMPY\x03\x00\x20\x00\x00\x00{",
            3 => &[&[b' '; 124][..], b"\x00\x01IM", &[14, 0, 0, 0]].concat(),
            _ => &[&[b' '; 124][..], b"\x01\x00MI", &[0, 0, 0, 15]].concat(),
        };
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("p");
        std::fs::write(&path, [frame, &bytes[..]].concat()).unwrap();
        let _ = data::load(&path, &Reading::of("xx"));
        let _ = data::inspect(&path, &Reading::default());
    }
}

#[test]
fn a_picture_of_a_file_replaces_nothing_that_is_not_one() {
    let world = World::new();
    std::fs::write(world.path("points.csv"), "x,y\n1,2\n3,4\n5,6\n").unwrap();
    std::fs::create_dir(world.path("other")).unwrap();
    std::fs::copy(world.path("points.csv"), world.path("other/points.csv")).unwrap();
    let before = std::fs::read(world.path("points.csv")).unwrap();
    for out in ["points.csv", "data.npy"] {
        let said = world.fails(1, &["data", "inspect", "points.csv", "--out", out]);
        assert!(said.contains(out) && said.contains("--force"), "{said}");
    }
    assert_eq!(std::fs::read(world.path("points.csv")).unwrap(), before);
    // Twice is no other picture, and another folder's file has another.
    for file in ["points.csv", "points.csv", "other/points.csv"] {
        world.done(&["data", "inspect", file]);
    }
    let pictures = std::fs::read_dir(world.path("work_dirs/inspect")).unwrap();
    let pictures: Vec<_> = pictures.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert!(pictures.contains(&"points.csv.png".to_owned()), "{pictures:?}");
    assert_eq!(pictures.iter().filter(|name| name.contains(".png")).count(), 2, "{pictures:?}");
}

#[test]
fn what_is_left_out_of_a_file_is_said() {
    let world = World::new();
    let inspected = |name: &str, bytes: &[u8]| {
        std::fs::write(world.path(name), bytes).unwrap();
        world.done(&["data", "inspect", name])
    };
    let npy =
        gan_lab::data::npy::encode(gan_lab::data::npy::Precision::Double, &[3, 2], &[1.0, 2.0, 3.5, 4.0, 5.0, 6.5]);
    let said = inspected("two.npy", &[&npy[..], &npy[..]].concat());
    assert!(said.contains("another array after the first, which is left out"), "{said}");
    let said = inspected("more.npy", &[&npy[..], b"xyz"].concat());
    assert!(said.contains("3 bytes after the array are left out"), "{said}");
    let said = inspected("rows.csv", b"name,x,y\nA,0.5,0.7\n#B,0.4,0.3\nC,0.2,0.9\nD,0.1,0.2\n");
    assert!(said.contains("line 3 is a comment and was left out"), "{said}");
    // Remarks between the rows are none.
    let said = inspected("plain.csv", b"# made in 2024\nx,y\n0.5,0.7\n# half, of them\n0.4,0.3\n");
    assert!(!said.contains("left out"), "{said}");
}
