//! StyleGAN's and StyleGAN2's pictures against plain PyTorch in double precision (`scripts/synthesis_fixtures.py`).

use std::path::{Path, PathBuf};

use gan_lab::checkpoint::layouts::{self, Options};
use gan_lab::checkpoint::{self, GeneratorWeights};
use gan_lab::config::{Device, SefaConfig, SefaNoise, SefaRng};
use gan_lab::kinds::sefa::{self, Codes, Directions, Drawing, Picked};
use gan_lab::render::{Picture, image_picture};
use gan_lab::run::{RunDir, Start};
use gan_lab::synthesis::{Generator, Image, NoiseMode, Remark, Truncation};

use crate::generators::Numbers;

const CASES: [&str; 15] = [
    "sg2",
    "sg2-plain",
    "sg2-clamp",
    "sg2-classes",
    "sg2-grey",
    "sg2-alpha",
    "sg2-quiet",
    "sg2-filter",
    "sg2-lopsided",
    "sg2-64",
    "sg1",
    "sg1-fused",
    "sg1-fading",
    "sg1-classes",
    "sg1-quiet",
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/synthesis")
}

struct Case {
    numbers: Numbers,
    generator: Generator,
    class: Option<usize>,
    truncation: Truncation,
    noise: NoiseMode,
}

impl Case {
    fn read(name: &str) -> Self {
        let numbers = Numbers::read(&folder().join(format!("{name}.safetensors")));
        let generator = Generator::new(&numbers.weights(), Device::Cpu, 2).unwrap();
        let number = |name: &str| numbers.one(name).unwrap();
        let (label, cutoff, psi) = (number("label"), number("cutoff") as usize, f64::from(number("psi")));
        Self {
            class: (label >= 0.0).then_some(label as usize),
            truncation: Truncation { psi, rows: Some(cutoff) },
            noise: if number("noise") > 0.0 { NoiseMode::Stored } else { NoiseMode::None },
            generator,
            numbers,
        }
    }

    fn rows(&self) -> Vec<f32> {
        self.generator.rows(&self.numbers.of("z"), self.class, &self.truncation).unwrap()
    }

    fn images(&self, rows: &[f32]) -> Vec<f32> {
        planes(&self.generator.images(rows, self.class, self.noise).unwrap())
    }
}

/// `[n, channels, side, side]`.
fn planes(images: &[Image]) -> Vec<f32> {
    images.iter().flat_map(Image::planes).collect()
}

fn byte(x: f32) -> i32 {
    (127.5 * f64::from(x) + 128.0).clamp(0.0, 255.0).floor() as i32
}

fn largest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn every_fixture_is_a_case() {
    let mut found: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    found.sort();
    let mut cases = CASES.to_vec();
    cases.sort_unstable();
    assert_eq!(found, cases);
}

#[test]
fn pictures_are_pytorchs() {
    for name in CASES {
        let case = Case::read(name);
        let w = case.generator.rows(&case.numbers.of("z"), case.class, &Truncation::NONE).unwrap();
        let own: Vec<f32> = w
            .chunks_exact(case.generator.row_count() * case.generator.row_dim())
            .flat_map(|rows| rows[..case.generator.row_dim()].to_vec())
            .collect();
        assert!(largest(&own, &case.numbers.of("w")) < 1e-4, "{name}: codes w");
        let (made, expected) = (case.images(&case.rows()), case.numbers.of("images"));
        let apart = largest(&made, &expected);
        let steps = made.iter().zip(&expected).map(|(a, b)| (byte(*a) - byte(*b)).abs()).max().unwrap();
        let most = if name.starts_with("sg1") { 2 } else { 1 };
        assert!(apart < 2e-3 && steps <= most, "{name}: {apart}, {steps} steps of 255");
    }
}

#[test]
fn a_picture_that_was_begun_is_the_same_bit_for_bit() {
    for name in CASES {
        let case = Case::read(name);
        let (count, dim) = (case.generator.row_count(), case.generator.row_dim());
        let rows = case.rows()[..count * dim].to_vec();
        for first in 0..count {
            let begun = case.generator.begin(&rows, case.class, first, case.noise).unwrap();
            for changed in [first, count - 1] {
                let mut edited = rows.clone();
                edited[changed * dim] += 0.7;
                let image = case.generator.image(&begun, &edited, case.noise).unwrap().planes();
                let whole = case.images(&edited);
                assert!(largest(&image, &whole) == 0.0, "{name}: row {changed} from {first}");
                // Rows that no drawn level reads change nothing: a model that is being grown has some.
                let moved = largest(&whole, &case.images(&rows)) > 0.0;
                assert!(moved || name == "sg1-quiet", "{name}: row {changed} changes nothing");
            }
        }
    }
}

#[test]
fn psi_0_draws_one_picture_and_rows_beyond_the_truncation_stay() {
    let case = Case::read("sg2");
    let (count, dim) = (case.generator.row_count(), case.generator.row_dim());
    let z = case.numbers.of("z");
    let all = |psi, rows| case.generator.rows(&z, None, &Truncation { psi, rows }).unwrap();
    let mean = all(0.0, None);
    assert!(mean.chunks_exact(dim).all(|row| largest(row, &case.numbers.of("mapping.mean")) < 1e-6));
    let (some, none) = (all(0.3, Some(2)), all(1.0, None));
    assert!(largest(&some[2 * dim..count * dim], &none[2 * dim..count * dim]) == 0.0);
    assert!(largest(&some[..dim], &none[..dim]) > 0.0);
}

#[test]
fn a_mean_that_is_not_there_is_taken_over_codes_and_said() {
    let case = Case::read("sg2");
    let GeneratorWeights::StyleGan2(mut weights) = case.numbers.weights() else { panic!("another family") };
    let far = Truncation { psi: 0.5, rows: None };
    assert!(case.generator.remarks(&far, NoiseMode::Stored).is_empty());
    weights.mapping.mean = None;
    for conv in &mut weights.convs {
        conv.noise.as_mut().unwrap().map = None;
    }
    let generator = Generator::new(&GeneratorWeights::StyleGan2(weights.clone()), Device::Cpu, 2).unwrap();
    assert_eq!(generator.remarks(&far, NoiseMode::Stored), [Remark::MeanTaken, Remark::NoiseDrawn]);
    assert_eq!(generator.remarks(&Truncation::NONE, NoiseMode::None), []);
    let mean = generator.rows(&case.numbers.of("z"), None, &Truncation { psi: 0.0, rows: None }).unwrap();
    // The mean over other codes is near it.
    let codes: Vec<f32> =
        gan_lab::rng::Stream::new(3, gan_lab::rng::Use::Eval, 0).normal(20_000 * generator.latent_dim());
    let w = generator.rows(&codes, None, &Truncation::NONE).unwrap();
    let (count, dim) = (generator.row_count(), generator.row_dim());
    for i in 0..dim {
        let column = w.chunks_exact(count * dim).map(|rows| f64::from(rows[i]));
        let (n, sum, squares) = column.fold((0.0, 0.0, 0.0), |(n, s, q), x| (n + 1.0, s + x, q + x * x));
        let (expected, deviation) = (sum / n, (squares / n - (sum / n) * (sum / n)).sqrt());
        let apart = (f64::from(mean[i]) - expected).abs();
        assert!(apart < 5.0 * deviation / (4096_f64).sqrt(), "{i}: {apart}, deviation {deviation}");
    }
}

#[test]
fn noise_of_a_pictures_own_repeats_and_differs() {
    for name in ["sg2", "sg1"] {
        let case = Case::read(name);
        let rows = case.rows();
        let image = |seed, picture| {
            let noise = NoiseMode::Random { seed, picture };
            planes(&case.generator.images(&rows, None, noise).unwrap())
        };
        assert_eq!(image(1, 0), image(1, 0), "{name}");
        assert!(largest(&image(1, 0), &image(1, 1)) > 1e-3 && largest(&image(1, 0), &image(2, 0)) > 1e-3, "{name}");
    }
}

#[test]
fn classes_are_named_where_there_are_some_and_only_there() {
    let (with, without) = (Case::read("sg2-classes"), Case::read("sg2"));
    let said = |case: &Case, class| {
        let rows = case.generator.rows(&case.numbers.of("z"), class, &case.truncation);
        rows.err().map(|error| error.to_string())
    };
    assert_eq!(with.generator.classes(), 3);
    assert!(said(&with, None).unwrap().contains("0 to 2"));
    assert!(said(&with, Some(3)).unwrap().contains("no class 3"));
    assert!(said(&without, Some(0)).unwrap().contains("no classes"));
    assert_eq!((said(&with, Some(0)), said(&without, None)), (None, None));
}

/// Runs a job on a generator, along the first axes of w, and gives its folder.
fn job(case: &Case, name: &str, dir: &Path, config: SefaConfig) -> RunDir {
    let config = SefaConfig { samples: 2, k: 2, steps: 3, viz_size: Some(32), ..config }.check().unwrap();
    let dim = case.generator.row_dim();
    let vectors = (0..3 * dim).map(|i| f64::from(u8::from(i % dim == i / dim))).collect();
    let picked = Picked {
        model: name.to_owned(),
        sha256: "0".repeat(64),
        bytes: 1,
        directions: Directions { latent_dim: dim, vectors, eigenvalues: vec![3.0, 2.0, 1.0] },
        drawing: Drawing::new(&case.numbers.weights(), &config).unwrap(),
        labels: std::collections::BTreeMap::new(),
        inputs: Vec::new(),
        law: None,
        scores: None,
    };
    let file = folder().join(format!("{name}.safetensors"));
    let mut session = sefa::open(config, picked, &file, RunDir::new(dir), Start::New { force: false }).unwrap();
    session.train(&|| false, &mut |_, _| {}).unwrap();
    RunDir::new(dir)
}

fn picture(dir: &RunDir, image: &str) -> Picture {
    gan_lab::media::decode_png(&std::fs::read(dir.file(image)).unwrap()).unwrap()
}

#[test]
fn jobs_edit_the_chosen_rows_of_w_after_truncation() {
    let world = tempfile::tempdir().unwrap();
    for (name, layers, class) in [
        ("sg2", vec![], None),
        ("sg2", vec![1, 2, 5], None),
        ("sg2-classes", vec![7], Some(1)),
        ("sg1", vec![0, 3], None),
        ("sg2-alpha", vec![6], None),
    ] {
        let case = Case::read(name);
        let config = SefaConfig {
            layers: layers.clone(),
            class,
            truncation: 0.6,
            truncation_layers: 3,
            seed: 4,
            ..SefaConfig::default()
        };
        let dir = job(&case, name, &world.path().join(format!("{name}-{}", layers.len())), config);
        let (count, dim) = (case.generator.row_count(), case.generator.row_dim());
        let codes = Codes::of_seed(SefaRng::Torch, 4, 2, case.generator.latent_dim()).unwrap();
        let truncation = Truncation { psi: 0.6, rows: Some(3) };
        let rows = case.generator.rows(&codes.rows, class, &truncation).unwrap();
        let expected = |sample: usize, direction: usize, distance: f32| {
            let mut rows = rows[sample * count * dim..][..count * dim].to_vec();
            for row in (0..count).filter(|row| layers.is_empty() || layers.contains(row)) {
                rows[row * dim + direction] += distance;
            }
            let image = planes(&case.generator.images(&rows, class, NoiseMode::Stored).unwrap());
            image_picture(&image, case.generator.channels().min(3), 32, 1)
        };
        for sample in 0..2 {
            assert_eq!(picture(&dir, &format!("images/sample{sample}.png")), expected(sample, 0, 0.0), "{name}");
            for (direction, step, distance) in [(0, 0, -2.0), (1, 2, 2.0)] {
                let image = format!("images/sample{sample}_semantic{direction}_step{step}.png");
                assert_eq!(picture(&dir, &image), expected(sample, direction, distance), "{name}, {layers:?}: {image}");
            }
        }
        let said: serde_json::Value = dir.json("job.json").unwrap();
        assert_eq!((&said["truncation"], &said["noise"]), (&serde_json::json!(0.6), &serde_json::json!("const")));
        for file in ["index.html", "frames/frame1.png", "eigenvalues.csv"] {
            assert!(dir.file(file).is_file(), "{file}");
        }
    }
}

#[test]
fn noise_of_a_samples_own_is_the_same_in_all_its_pictures() {
    let world = tempfile::tempdir().unwrap();
    let case = Case::read("sg2");
    let images = |noise, folder: &str| {
        let config = SefaConfig { noise: Some(noise), layers: vec![7], ..SefaConfig::default() };
        let dir = job(&case, "sg2", &world.path().join(folder), config);
        ["images/sample0.png", "images/sample0_semantic0_step0.png"].map(|image| picture(&dir, image))
    };
    let random = images(SefaNoise::Random, "random");
    assert_eq!(random, images(SefaNoise::Random, "again"));
    let (stored, none) = (images(SefaNoise::Const, "const"), images(SefaNoise::None, "none"));
    assert!(random[0] != stored[0] && random[0] != none[0] && stored[0] != none[0]);
    // The last row is the colours' alone: what noise did to shapes is the same before and after.
    assert_ne!(random[0], random[1]);
}

#[test]
fn what_a_network_has_nothing_for_is_refused() {
    let case = Case::read("sg2-classes");
    let said = |weights: &GeneratorWeights, config: SefaConfig| {
        Drawing::new(weights, &config).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let usual = SefaConfig { samples: 1, ..SefaConfig::default() };
    let conditional = case.numbers.weights();
    assert!(said(&conditional, usual.clone()).contains("0 to 2"));
    let layer = SefaConfig { layers: vec![9], class: Some(0), ..usual.clone() };
    assert!(said(&conditional, layer).contains("no layer 9"));
    let source = checkpoint::Source::open(Path::new("data/models/pggan_fashion32.safetensors")).unwrap();
    let progan = GeneratorWeights::read(&source, &layouts::detect(&source).unwrap(), &Options::default()).unwrap();
    assert_eq!(said(&progan, usual.clone()), "");
    for (setting, config) in [
        ("truncation", SefaConfig { truncation: 0.5, ..usual.clone() }),
        ("truncation_layers", SefaConfig { truncation_layers: 2, ..usual.clone() }),
        ("noise", SefaConfig { noise: Some(SefaNoise::None), ..usual.clone() }),
        ("layers", SefaConfig { layers: vec![0], ..usual.clone() }),
        ("class", SefaConfig { class: Some(0), ..usual.clone() }),
    ] {
        assert!(said(&progan, config).contains(setting), "{setting}");
    }
}
