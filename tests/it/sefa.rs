//! Checkpoints of every layout and format (`scripts/checkpoint_fixtures.py`), and the directions of a generator.

use std::path::{Path, PathBuf};

use gan_lab::checkpoint::layouts::{self, Options};
use gan_lab::checkpoint::{self, GeneratorWeights, NamedTensor, ProGanWeights, Source};
use gan_lab::config::{Device, SefaRng};
use gan_lab::kinds::sefa::Codes;
use gan_lab::media::MAKES_MP4;
use gan_lab::synthesis::{Generator, Image, NoiseMode};

use crate::world::World;

/// A hundredth of an 8-bit step.
const CLOSE: f64 = 2.0 / 255.0 / 100.0;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checkpoints").join(name)
}

fn weights(path: &Path) -> ProGanWeights {
    let source = Source::open(path).unwrap();
    let layout = layouts::detect(&source).unwrap();
    match GeneratorWeights::read(&source, &layout, &Options::default()).unwrap() {
        GeneratorWeights::ProGan(weights) => weights,
        other => panic!("{other:?}"),
    }
}

/// Numbers of the images `[n, channels, side, side]` of codes.
fn drawn(weights: ProGanWeights, codes: &[f32]) -> Vec<f32> {
    let generator = Generator::new(&GeneratorWeights::ProGan(weights), Device::Cpu, 2).unwrap();
    let images = generator.images(codes, None, NoiseMode::Stored).unwrap();
    images.iter().flat_map(Image::planes).collect()
}

/// How far a checkpoint's images are from those that PyTorch made.
fn deviation(path: &Path, images: &str) -> f64 {
    let reference = checkpoint::load(&fixture("images.safetensors")).unwrap().tensors;
    let numbers = |name: &str| NamedTensor::find(&reference, name).unwrap().as_f32_any().unwrap().to_vec();
    let made = drawn(weights(path), &numbers("codes"));
    let expected = numbers(images);
    assert_eq!(made.len(), expected.len());
    made.iter().zip(&expected).map(|(a, b)| f64::from((a - b).abs())).fold(0.0, f64::max)
}

#[test]
fn every_layout_and_format_makes_pytorchs_images() {
    for (file, images) in [
        // The averaged generator, its weights strided, beside another one.
        ("genforce-zip.pth", "genforce"),
        ("genforce-legacy.pth", "genforce"),
        ("genforce-training.pth", "genforce"),
        ("genforce-plain.pth", "genforce"),
        ("bare.weights", "genforce"),
        ("bare.safetensors", "genforce"),
        ("zoo.pth", "zoo"),
        ("zoo-old.pth", "zoo"),
    ] {
        let apart = deviation(&fixture(file), images);
        assert!(apart < CLOSE, "{file}: {apart}");
        assert!(deviation(&fixture(file), "other") > 0.1, "{file} gave the generator that is not averaged");
    }
}

#[test]
fn a_converted_checkpoint_makes_the_same_images() {
    let world = World::new();
    for (file, images) in [("genforce-legacy.pth", "genforce"), ("zoo.pth", "zoo")] {
        let path = fixture(file);
        world.done(&["convert", path.to_str().unwrap(), "out.safetensors", "--force"]);
        assert!(deviation(&world.path("out.safetensors"), images) < CLOSE, "{file}");
        world.done(&["convert", path.to_str().unwrap(), "half.safetensors", "--half", "--force"]);
        // Weights of 11 bits in eight layers, images of about +-3.
        let apart = deviation(&world.path("half.safetensors"), images);
        assert!(apart < 0.1, "{file} in half precision: {apart}");
    }
    let message = world.fails(1, &["convert", fixture("zoo.pth").to_str().unwrap(), "out.safetensors"]);
    assert!(message.contains("--force"), "{message}");
}

#[test]
fn wrong_checkpoints_are_refused_by_name_and_nothing_is_written() {
    let world = World::new();
    for (file, needles) in [
        ("wrong-missing.pth", &["no tensor 'generator.layer3.bias'"][..]),
        ("wrong-shape.pth", &["'generator.layer3.bias'", "[4]", "[5]"]),
        ("wrong-extra.pth", &["'generator.layer9.weight' [7, 7, 3, 3]"]),
        ("wrong-type.pth", &["'generator.layer1.bias' is I64"]),
        ("wrong-nan.pth", &["'generator.layer1.bias' has NaN"]),
        ("wrong-network.pth", &["no generator that is known here"]),
        ("wrong-code.pth", &["no generator that is known here"]),
        ("layouts/stylegan2-nvidia.pkl", &["only a ProGAN is converted"]),
        ("wrong-text.pth", &["HTML page"]),
        ("none.pth", &["none.pth"]),
    ] {
        let message = world.fails(1, &["convert", fixture(file).to_str().unwrap(), "out.safetensors"]);
        assert!(message.contains(file) && needles.iter().all(|needle| message.contains(needle)), "{file}: {message}");
        assert!(!world.path("out.safetensors").exists());
        assert_eq!(message.matches("there is no tensor").count().min(1), message.matches("there is no tensor").count());
    }
}

#[test]
fn a_checkpoint_cut_anywhere_is_refused_and_never_panics() {
    let dir = tempfile::tempdir().unwrap();
    for file in ["genforce-zip.pth", "genforce-legacy.pth", "bare.safetensors"] {
        let whole = std::fs::read(fixture(file)).unwrap();
        let path = dir.path().join(file);
        for cut in (0..whole.len() - 4).step_by(701) {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let read = Source::open(&path).map(|source| {
                let layout = layouts::detect(&source)?;
                Some(GeneratorWeights::read(&source, &layout, &Options::default()))
            });
            assert!(!matches!(read, Ok(Some(Ok(_)))), "{file} cut at {cut} was read");
        }
    }
}

#[test]
fn inspect_says_what_is_there() {
    let world = World::new();
    for (file, needle) in [
        ("genforce-legacy.pth", "PyTorch (legacy)"),
        ("genforce-training.pth", "16 x 16, models.generator_smooth"),
        ("zoo.pth", "pytorch_GAN_zoo's layout), 16 x 16, avgG"),
        ("layouts/stylegan2-nvidia.pkl", "StyleGAN2 (NVIDIA's layout), 16 x 16, G_ema"),
        ("layouts/stylegan2-encoder.pt", "state_dict.decoder"),
        ("layouts/model.safetensors.index.json", "safetensors in shards"),
        ("layouts/conditional-nvidia.pkl", "classes   3"),
        ("layouts/stylegan-tensorflow.pkl", "z 6, w 5"),
        ("layouts/stylegan2-rosinality-training.pt", "argparse.Namespace (read as plain records)"),
        ("wrong-network.pth", "none that is known here"),
    ] {
        let text = world.done(&["inspect", fixture(file).to_str().unwrap()]);
        assert!(text.contains(needle), "{file}: {text}");
    }
}

/// The arguments of a small job.
fn small<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let common = ["sefa", "--n", "2", "--k", "3", "--steps", "5", "--viz-size", "16", "--out", out];
    [&common[..], more].concat()
}

#[test]
fn a_job_holds_all_that_it_promises() {
    let world = World::new();
    let file = fixture("genforce-zip.pth");
    world.done(&small("job", &["--checkpoint", file.to_str().unwrap()]));
    let job = world.path("job");
    for name in ["job.json", "directions.safetensors", "eigenvalues.csv", "index.html", "job.gif"] {
        assert!(job.join(name).is_file(), "{name} is missing");
    }
    assert_eq!(job.join("job.mp4").is_file(), MAKES_MP4);
    let size = |path: PathBuf| image_size(&path);
    for k in 0..3 {
        assert_eq!(size(job.join(format!("frames/frame{k}.png"))), (5 * 16, 2 * 16));
    }
    // Two unedited images, and for each of two samples and three directions the four distances that are not 0.
    assert_eq!(std::fs::read_dir(job.join("images")).unwrap().count(), 2 + 2 * 3 * 4);
    let page = std::fs::read_to_string(job.join("index.html")).unwrap();
    assert!(page.contains("\"distances\":[-2.0,-1.0,0.0,1.0,2.0]"));
    let directions = checkpoint::load(&job.join("directions.safetensors")).unwrap().tensors;
    let eigenvalues = NamedTensor::find(&directions, "eigenvalues").unwrap().as_f64(&[6]).unwrap();
    // As many as units: 7 feature maps of 4 x 4.
    assert!((eigenvalues.iter().sum::<f64>() - 112.0).abs() < 1e-9);
    assert!(eigenvalues.is_sorted_by(|a, b| a >= b));
}

fn image_size(path: &Path) -> (u32, u32) {
    let reader = png::Decoder::new(std::io::BufReader::new(std::fs::File::open(path).unwrap())).read_info().unwrap();
    (reader.info().width, reader.info().height)
}

#[test]
fn finished_images_are_kept_on_resuming_and_only_then() {
    let world = World::new();
    let file = fixture("zoo.pth");
    let file = file.to_str().unwrap();
    world.done(&small("job", &["--checkpoint", file]));
    let shown = world.path(if MAKES_MP4 { "job/job.mp4" } else { "job/job.gif" });
    let first = std::fs::read(&shown).unwrap();
    let removed = world.path("job/images/sample0_semantic1_step3.png");
    std::fs::remove_file(&removed).unwrap();
    let rendered = |more: &[&str]| {
        let json = world.done(&small("job", &[&["--checkpoint", file, "--json"], more].concat()));
        serde_json::from_str::<serde_json::Value>(&json).unwrap()["rendered"].as_u64().unwrap()
    };
    assert_eq!(rendered(&["--resume"]), 1);
    assert!(removed.is_file());
    assert_eq!(std::fs::read(&shown).unwrap(), first);
    // The same job asked for again is there; another is refused, and replaces it when forced.
    assert_eq!(rendered(&[]), 0);
    let message = world.fails(1, &small("job", &["--checkpoint", file, "--resume", "--seed", "1"]));
    assert!(message.contains("seed: 0 there, 1 now"), "{message}");
    assert_eq!(rendered(&["--seed", "1", "--batch", "7", "--force"]), 26);
}

/// The one folder there, whose name begins so.
fn only_entry(folder: &Path, start: &str) -> PathBuf {
    let entries: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(entries.len() == 1 && entries[0].file_name().unwrap().to_str().unwrap().starts_with(start), "{entries:?}");
    entries[0].clone()
}

#[test]
fn directions_labels_and_presets_are_taken() {
    let world = World::new();
    let file = fixture("bare.safetensors");
    let file = file.to_str().unwrap();
    std::fs::write(world.path("labels.json"), r#"{"4": "sleeves"}"#).unwrap();
    let text = world.done(&small("job", &["--checkpoint", file, "--directions", "4,1", "--labels", "labels.json"]));
    assert!(text.contains("sleeves"), "{text}");
    assert!(std::fs::read_to_string(world.path("job/eigenvalues.csv")).unwrap().contains("sleeves"));
    assert!(world.path("job/frames/frame1.png").exists() && !world.path("job/frames/frame2.png").exists());
    world.done(&["sefa", "--checkpoint", file, "--preset", "upstream", "--n", "1", "--k", "1", "--viz-size", "16"]);
    let job = only_entry(&world.path("work_dirs/synthesis"), "bare-").join("job.json");
    let job: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(job).unwrap()).unwrap();
    assert_eq!(job["distances"].as_array().unwrap().len(), 11);
    assert_eq!(job["codes"], "unit mean square");
    for (args, needle) in [
        (&["--directions", "6"][..], "no direction 6"),
        (&["--labels", "none.json"], "labels"),
        (&["--layers", "0"], "StyleGAN"),
        (&["--truncation", "0.5"], "--truncation: truncation is for StyleGAN"),
        (&["--truncation-layers", "2"], "--truncation-layers"),
        (&["--noise", "random"], "--noise"),
        (&["--class", "0"], "--class: class 0 was asked for, but this model has no classes"),
    ] {
        let output = world.run(&small("job", &[&["--checkpoint", file], args].concat()));
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains(needle), "{needle}");
    }
    assert!(world.fails(1, &["sefa", "--model", "nobody"]).contains("checkpoints/nobody.pth"));
}

#[test]
fn stylegans_are_factorised_and_drawn() {
    let world = World::new();
    for (file, units) in [("stylegan-genforce.pth", 60.0), ("stylegan2-nvidia.pkl", 30.0)] {
        let path = fixture("layouts").join(file);
        let checkpoint = path.to_str().unwrap();
        let text = world.done(&small(file, &["--checkpoint", checkpoint]));
        assert!(text.contains("index.html") && world.path(file).join("images/sample0.png").is_file(), "{text}");
        let directions = checkpoint::load(&world.path(file).join("directions.safetensors")).unwrap().tensors;
        let eigenvalues = NamedTensor::find(&directions, "eigenvalues").unwrap().as_f64(&[5]).unwrap();
        assert!((eigenvalues.iter().sum::<f64>() - units).abs() < 1e-9, "{file}");
        let [all, some] = ["all", "some"].map(|which| format!("{which}-{file}"));
        world.done(&small(&some, &["--checkpoint", checkpoint, "--layers", "0,2"]));
        world.done(&small(&all, &["--checkpoint", checkpoint, "--layers", "all"]));
        let bytes = |folder: &str| std::fs::read(world.path(folder).join("directions.safetensors")).unwrap();
        assert!(bytes(&all) == bytes(file) && bytes(&all) != bytes(&some), "{file}");
        let message = world.fails(1, &["sefa", "--checkpoint", path.to_str().unwrap(), "--layers", "9"]);
        assert!(message.contains("no layer 9") && message.contains("0 to 5"), "{message}");
    }
}

#[test]
fn a_key_chooses_the_generator_and_a_class_what_it_draws() {
    let world = World::new();
    let path = |name: &str| fixture("layouts").join(name).into_os_string().into_string().unwrap();
    let zoo = path("progan-zoo.pth");
    let run = |out: &str, more: &[&str]| {
        world.done(&small(out, &[&["--checkpoint", &zoo], more].concat()));
        std::fs::read(world.path(out).join("images/sample0.png")).unwrap()
    };
    let averaged = run("averaged", &[]);
    assert_ne!(run("other", &["--weights-key", "netG"]), averaged);
    assert_eq!(run("named", &["--weights-key", "avgG"]), averaged);
    // The job keeps the choice: the same command without it is another job.
    let message = world.fails(1, &small("other", &["--checkpoint", &zoo]));
    assert!(message.contains("weights_key"), "{message}");
    let said = world.run(&small("said", &["--checkpoint", &zoo])).stderr;
    assert!(String::from_utf8_lossy(&said).contains("2 generators: avgG, netG; taking avgG"));
    let other = path("stylegan2-nvidia.pkl");
    let message = world.fails(1, &small("refused", &["--checkpoint", &other, "--weights-key", "nobody"]));
    assert!(message.contains("'nobody'") && !world.path("refused").exists(), "{message}");
    // Labels, another slope and tanh.
    let unusual = path("progan-zoo-unusual.pth");
    let message = world.fails(1, &small("refused", &["--checkpoint", &unusual]));
    assert!(message.contains("this model draws a class, 0 to 1") && message.contains("--class"), "{message}");
    assert!(!world.path("refused").exists());
    world.done(&small("classed", &["--checkpoint", &unusual, "--class", "1"]));
}

#[test]
fn a_converted_file_keeps_what_its_layout_has_no_place_for() {
    let world = World::new();
    for name in ["progan-zoo-unusual.pth", "progan-pth-3.bin", "progan-tensorflow-fused.pkl", "progan-genforce.pth"] {
        let path = fixture("layouts").join(name);
        world.done(&["convert", path.to_str().unwrap(), "out.safetensors", "--force"]);
        let (before, after) = (weights(&path), weights(&world.path("out.safetensors")));
        let beside = |w: &ProGanWeights| (w.lod, w.negative_slope, w.normalises_first, w.tanh, w.classes, w.latent_dim);
        assert_eq!(beside(&after), beside(&before), "{name}");
        let apart = before.first_weight.iter().zip(&after.first_weight).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart < 1e-6, "{name}: {apart}");
    }
}

#[test]
fn the_bundled_models_are_there_and_make_images() {
    let images = |name: &str, side: usize, channels: usize| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/models").join(name).with_extension("safetensors");
        assert!(std::fs::metadata(&path).unwrap().len() < 8_000_000);
        let weights = weights(&path);
        assert_eq!((weights.resolution(), weights.image_channels(), weights.lod), (side, channels, 0.0));
        let codes = Codes::of_seed(SefaRng::Torch, 0, 4, weights.latent_dim).unwrap();
        drawn(weights, &codes.rows)
    };
    // Garments on black: most of each image's border is dark, and something in it is not.
    for image in images("pggan_fashion32", 32, 1).chunks_exact(32 * 32) {
        assert!(image[..32].iter().sum::<f32>() / 32.0 < -0.8);
        assert!(image.iter().any(|&x| x > 0.0));
    }
    // Faces on a ground of one colour: the upper corners of each are much alike, and the middle is something else.
    for image in images("pggan_faces64", 64, 3).chunks_exact(3 * 64 * 64) {
        let mean = |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| -> [f32; 3] {
            let count = (rows.len() * columns.len()) as f32;
            [0, 1, 2].map(|channel| {
                let at = |row: usize, column: usize| image[(channel * 64 + row) * 64 + column];
                rows.clone().flat_map(|row| columns.clone().map(move |column| at(row, column))).sum::<f32>() / count
            })
        };
        let apart = |a: [f32; 3], b: [f32; 3]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>();
        let [left, right, middle] = [mean(0..6, 0..6), mean(0..6, 58..64), mean(28..40, 26..38)];
        assert!(apart(left, right) < apart(left, middle), "{left:?}, {right:?}, {middle:?}");
    }
}
