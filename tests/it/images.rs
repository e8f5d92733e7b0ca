//! Training on the images that people have.

use std::ffi::OsStr;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use image::{Rgb, RgbImage, Rgba, RgbaImage};
use serde_json::Value;
use zip::write::SimpleFileOptions;

use crate::world::{World, contents_of};

const SMALL: &str = "--resolution 8 --latent-dim 4 --fmaps-base 32 --fmaps-max 4 --batch-size 4 --kimg-per-phase 0.004 \
                     --final-kimg 0.004 --record-kimg 0.004 --threads 1";

fn args<'a>(data: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let small = SMALL.split_whitespace().collect::<Vec<_>>();
    [&["train", "progan", "--data", data, "--out", out][..], &small, more].concat()
}

/// Trains, and gives what was said.
fn trained(world: &World, data: &str, out: &str, more: &[&str]) -> String {
    let output = world.run(&args(data, out, more));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// `pets/cats` and `pets/dogs` with four pictures each, and what macOS leaves beside them; the same in `pets.zip`.
fn pets(world: &World) {
    let mut archive = zip::ZipWriter::new(std::fs::File::create(world.path("pets.zip")).unwrap());
    for (class, red) in [("cats", 30), ("dogs", 200)] {
        let folder = world.path("pets").join(class);
        std::fs::create_dir_all(&folder).unwrap();
        for i in 0..4 {
            let path = folder.join(format!("{i}.png"));
            RgbImage::from_fn(12, 9, |x, y| Rgb([red, (x * 20) as u8, (y * 20 + i) as u8])).save(&path).unwrap();
            archive.start_file(format!("pets/{class}/{i}.png"), SimpleFileOptions::default()).unwrap();
            archive.write_all(&std::fs::read(path).unwrap()).unwrap();
        }
        std::fs::write(folder.join("._0.png"), b"\0\x05\x16\x07").unwrap();
    }
    archive.finish().unwrap();
}

#[test]
fn class_folders_and_their_archive_train_the_same_and_the_classes_are_kept() {
    let world = World::new();
    pets(&world);
    let said = trained(&world, "pets", "folder", &[]);
    for words in ["on 8 images of side 8", "2 classes by their folders (cats, dogs)", "2 files that begin with a dot"] {
        assert!(said.contains(words), "{said}");
    }
    trained(&world, "pets.zip", "archive", &[]);
    let generator = |run: &str| std::fs::read(world.path(run).join("generator.safetensors")).unwrap();
    assert_eq!(generator("folder"), generator("archive"));
    for run in ["folder", "archive"] {
        let about = json(&world.path(run).join("images.json"));
        assert_eq!(about["classes"], serde_json::json!([{"name": "cats", "images": 4}, {"name": "dogs", "images": 4}]));
        assert_eq!(about["class_of"], serde_json::json!([0, 0, 0, 0, 1, 1, 1, 1]));
        assert_eq!((&about["images"], &about["channels"]), (&8.into(), &3.into()));
    }
}

#[test]
fn the_grid_of_real_images_is_made_once_and_kept_whole() {
    let world = World::new();
    pets(&world);
    trained(&world, "pets", "run", &[]);
    let path = world.path("run/reals.png");
    let whole = std::fs::read(&path).unwrap();
    let grid = image::open(&path).unwrap().to_rgb8();
    // As wide as the samples' grid, with a row for each eight images.
    let samples = std::fs::read_dir(world.path("run/samples")).unwrap().next().unwrap().unwrap().path();
    assert_eq!((grid.width(), grid.height()), (image::open(samples).unwrap().width(), 16));
    let reds: Vec<u8> = (0..8).map(|i| grid.get_pixel(16 * i + 8, 8).0[0]).collect();
    assert_eq!(reds, [30, 30, 30, 30, 200, 200, 200, 200]);
    let before = contents_of(&world.path("run"));
    for damage in [Some(&b"x"[..]), None] {
        match damage {
            Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            None => std::fs::remove_file(&path).unwrap(),
        }
        let output = world.run(&["runs", "--check", "run"]);
        assert!(String::from_utf8_lossy(&output.stdout).contains("reals.png"), "{output:?}");
        trained(&world, "pets", "run", &["--resume"]);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }
    assert_eq!(contents_of(&world.path("run")), before);
    assert!(world.done(&["inspect", "run"]).contains("reals.png"));
}

#[test]
fn a_run_of_before_there_were_grids_of_real_images_goes_on_without() {
    let world = World::new();
    pets(&world);
    trained(&world, "pets", "run", &[]);
    // As its manifest was: without the files' names, and with a digest of itself.
    let path = world.path("run/run.json");
    let mut manifest = json(&path);
    let is_new = |name: &Value| ["reals.png", "images.json"].iter().any(|new| name == new);
    manifest["files"].as_array_mut().unwrap().retain(|name| !is_new(name));
    manifest["digests"].as_object_mut().unwrap().retain(|name, _| !is_new(&name.as_str().into()));
    manifest["sha256"] = "0".repeat(64).into();
    let text = serde_json::to_string_pretty(&manifest).unwrap() + "\n";
    let digest = gan_lab::digest::digest(text.as_bytes());
    std::fs::write(&path, text.replace(&"0".repeat(64), &digest)).unwrap();
    for name in ["reals.png", "images.json"] {
        std::fs::remove_file(world.path("run").join(name)).unwrap();
    }
    trained(&world, "pets", "run", &["--resume"]);
    assert!(!world.path("run/reals.png").exists() && !world.path("run/images.json").exists());
    assert!(world.run(&["runs", "--check", "run"]).status.success());
}

#[test]
fn colours_under_transparency_make_no_difference_and_the_ground_does() {
    let world = World::new();
    for (folder, hidden) in [("a", [255, 0, 255]), ("b", [0, 0, 0])] {
        std::fs::create_dir(world.path(folder)).unwrap();
        for i in 0..4 {
            let pixel =
                |x: u32, _| if x < 7 { Rgba([hidden[0], hidden[1], hidden[2], 0]) } else { Rgba([0, 255, i, 255]) };
            RgbaImage::from_fn(16, 16, pixel).save(world.path(folder).join(format!("{i}.png"))).unwrap();
        }
    }
    let generator = |run: &str| std::fs::read(world.path(run).join("generator.safetensors")).unwrap();
    assert!(trained(&world, "a", "run-a", &[]).contains("4 images have an alpha channel, and are laid on #ffffff"));
    trained(&world, "b", "run-b", &[]);
    trained(&world, "b", "run-c", &["--ground", "#ff8000"]);
    assert_eq!(generator("run-a"), generator("run-b"));
    assert_ne!(generator("run-b"), generator("run-c"));
    assert!(world.fails(2, &args("a", "run-d", &["--ground", "plaid"])).contains("--ground"));
    // A run goes on with what it was begun with.
    assert!(world.fails(1, &args("b", "run-b", &["--resume", "--ground", "black"])).contains("other settings"));
}

#[test]
fn small_images_are_enlarged_unless_a_config_is_of_before() {
    let world = World::new();
    let file = [&[0, 0, 8, 3, 0, 0, 0, 6, 0, 0, 0, 4, 0, 0, 0, 4][..], &[200; 96]].concat();
    std::fs::write(world.path("four.idx"), file).unwrap();
    let corner = |run: &str| image::open(world.path(run).join("reals.png")).unwrap().to_rgb8().get_pixel(0, 0).0;
    assert!(trained(&world, "four.idx", "run", &[]).contains("its images are smaller than 8, and enlarged"));
    assert_eq!(corner("run"), [200; 3]);
    assert!(world.fails(1, &args("four.idx", "no", &["--strict"])).contains("smaller than 8: 4 x 4"));
    assert!(!world.path("no").exists());
    std::fs::write(world.path("old.json"), r#"{"betas": [0.0, 0.99]}"#).unwrap();
    let said = trained(&world, "four.idx", "old", &["--config", "old.json"]);
    assert!(said.contains("framed in black") && said.contains("--small enlarge"), "{said}");
    assert_eq!(corner("old"), [0; 3]);
    assert_eq!(json(&world.path("old/config.json")).get("images"), None, "as it was saved then");
    trained(&world, "four.idx", "old", &["--resume"]);
    let said = trained(&world, "four.idx", "new", &["--config", "old.json", "--small", "enlarge"]);
    assert!(said.contains("enlarged") && corner("new") == [200; 3]);
    assert!(world.fails(2, &args("four.idx", "no", &["--strict", "--small", "frame"])).contains("--strict"));
}

#[test]
fn data_whose_name_is_not_utf8_are_trained_on_and_found_again() {
    let world = World::new();
    pets(&world);
    let odd = OsStr::from_bytes(b"p\xffts");
    std::fs::rename(world.path("pets"), world.path("").join(odd)).unwrap();
    let small: Vec<&str> = SMALL.split_whitespace().collect();
    let run = |more: &[&str]| {
        let mut command = world.command(&["train", "progan", "--out", "run"]);
        let output = command.args(&small).args(more).arg("--data").arg(odd).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    };
    run(&[]);
    assert_eq!(json(&world.path("run/config.json"))["data"], "p\0ffts");
    run(&["--resume"]);
    world.done(&["train", "progan", "--out", "run", "--resume"]);
    assert!(world.run(&["runs", "--check", "run"]).status.success());
    let told: Value = serde_json::from_str(&world.done(&["inspect", "run", "--json"])).unwrap();
    assert!(told.to_string().contains("p\\u0000ffts") || told.to_string().contains("70ff747"), "{told}");
}
