//! PyTorch's numbers (`scripts/reference.py`), replayed by the engine.

use std::path::{Path, PathBuf};

use gan_lab::checkpoint::{self, NamedTensor, Numbers};
use gan_lab::config::{EngineKind, RunConfig, TrainConfig};
use gan_lab::engine::{Draws, Engine, FusedEngine, PlainEngine};
#[cfg(feature = "torch")]
use gan_lab::engine::{Precision, TorchEngine};
use gan_lab::nets::mlp::{Layer, Mlp, Weights};
use gan_lab::objective::{Game, Meets};

/// Every weight within this of its tensor's largest.
const TOLERANCE: f64 = 2e-6;
/// The same in the fused engine's single precision. The fixtures' draws are such that PyTorch's own single precision
/// stays within 1e-6 of double; where sums are taken in another order, a gradient that is small against its terms comes
/// out differently by more than its last digits, and RMSProp and Adam divide it by its own size.
const SINGLE: f64 = 2e-5;

struct Fixture {
    name: String,
    config: RunConfig,
    tensors: Vec<NamedTensor>,
    iterations: usize,
}

fn fixtures() -> Vec<Fixture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/reference");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fixture(path)).collect()
}

fn fixture(path: &Path) -> Fixture {
    let file = checkpoint::load(path).unwrap();
    let note: serde_json::Value = serde_json::from_str(&file.note.unwrap()).unwrap();
    let config: TrainConfig = serde_json::from_value(note["config"].clone()).unwrap();
    Fixture {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        config: config.check().unwrap(),
        tensors: file.tensors,
        iterations: note["iterations"].as_u64().unwrap() as usize,
    }
}

fn as_f64(numbers: &Numbers) -> Vec<f64> {
    match numbers {
        Numbers::F16(values) => values.iter().map(|&x| f64::from(x)).collect(),
        Numbers::F32(values) => values.iter().map(|&x| f64::from(x)).collect(),
        Numbers::F64(values) => values.clone(),
        Numbers::I64(values) => values.iter().map(|&x| x as f64).collect(),
    }
}

impl Fixture {
    fn numbers(&self, name: &str) -> Vec<f64> {
        as_f64(&NamedTensor::find(&self.tensors, name).unwrap().numbers)
    }

    fn floats(&self, name: &str) -> Vec<f32> {
        self.numbers(name).into_iter().map(|x| x as f32).collect()
    }

    fn networks(&self) -> [(&'static str, Mlp); 2] {
        [("generator", Mlp::generator(&self.config)), ("discriminator", Mlp::discriminator(&self.config))]
    }

    fn initial(&self) -> [Weights; 2] {
        self.networks().map(|(whose, mlp)| {
            let start = format!("init.{whose}.");
            let named = self.tensors.iter().filter_map(|tensor| {
                let name = tensor.name.strip_prefix(&start)?.to_owned();
                Some(NamedTensor { name, ..tensor.clone() })
            });
            mlp.from_tensors(&named.collect::<Vec<_>>()).unwrap()
        })
    }

    fn draws(&self, iteration: usize) -> Draws {
        let drawn = |what: &str| {
            let name = format!("{iteration}.{what}");
            if NamedTensor::find(&self.tensors, &name).is_ok() { self.floats(&name) } else { Vec::new() }
        };
        let points = |what: &str| drawn(what).as_chunks().0.to_vec();
        Draws {
            real: points("real"),
            noise: drawn("noise"),
            mix: drawn("mix"),
            moves: points("moves"),
            more_real: points("more_real"),
            real_first: drawn("real_first"),
            fake_noise: points("fake_noise"),
        }
    }
}

/// The biases that a BatchNorm follows, and its running means. It takes the mean off again, so such a bias's true
/// gradient is 0, and an optimiser that divides by the gradient's size turns what single-precision rounding leaves of
/// it into steps at random, which the running mean follows. No output depends on them. Where scores are compared with
/// each other the score's own bias moves all of them alike, so that its gradient is 0 too.
fn without_effect(whose: &str, mlp: &Mlp, game: &Game) -> Vec<String> {
    let layers = mlp.layers().windows(2).enumerate();
    let mut names: Vec<String> = layers
        .filter(|(_, pair)| matches!(pair[1], Layer::BatchNorm { .. }))
        .flat_map(|(place, _)| [format!("{whose}.net.{place}.bias"), format!("{whose}.net.{}.running_mean", place + 1)])
        .collect();
    if whose == "discriminator" && matches!(game.rule.meets, Meets::Pairs(_) | Meets::Means(_)) {
        names.push(format!("{whose}.net.{}.bias", mlp.layers().len() - 1));
    }
    names
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |m, x| m.max(x.abs()))
}

/// Replays one fixture and panics where a weight or a loss deviates too far. The engine holds the initial weights;
/// what a single-precision one makes of tensors without effect is not looked at.
fn replay(fixture: &Fixture, engine: &mut dyn Engine, single: bool, tolerance: f64) {
    for iteration in 0..fixture.iterations {
        let losses = engine.step(&fixture.draws(iteration)).unwrap();
        for (name, got) in [("d_loss", losses.discriminator), ("g_loss", losses.generator)] {
            let expected = fixture.numbers(&format!("{iteration}.{name}"))[0];
            assert!((got - expected).abs() < 1e-6, "{}: {name} {got} for {expected}", fixture.name);
        }
        let state = engine.state().unwrap();
        for ((whose, mlp), weights) in fixture.networks().into_iter().zip([state.generator, state.discriminator]) {
            let skipped = if single { without_effect(whose, &mlp, &fixture.config.game()) } else { vec![] };
            for tensor in mlp.to_tensors(&weights) {
                let tensor = tensor.prefixed(&format!("{whose}."));
                let expected = fixture.numbers(&format!("{iteration}.{}", tensor.name));
                let got = as_f64(&tensor.numbers);
                assert_eq!(got.len(), expected.len());
                let apart: Vec<f64> = got.iter().zip(&expected).map(|(a, b)| a - b).collect();
                let deviation = largest(&apart) / largest(&expected).max(f64::MIN_POSITIVE);
                assert!(
                    deviation <= tolerance || skipped.contains(&tensor.name),
                    "{} (single precision: {single}), after iteration {iteration}: {} deviates by {deviation:e}",
                    fixture.name,
                    tensor.name,
                );
            }
        }
    }
}

#[test]
fn every_combination_is_there() {
    let names: Vec<String> = fixtures().into_iter().map(|fixture| fixture.name).collect();
    for model in gan_lab::config::Model::ALL {
        for optim in gan_lab::config::Optim::ALL_DEFAULTS {
            let name = format!("{model}-{}", optim.name());
            assert!(names.contains(&name), "{name} is missing");
        }
    }
    let rules = gan_lab::objective::rules::ALL.map(|rule| format!("rule-{}", rule.name));
    let penalties = gan_lab::objective::penalties::ALL.map(|penalty| format!("penalty-{}", penalty.name));
    let around = ["optim-d", "lookahead", "lookahead-clipped", "optimistic-all-options", "extra-all-options"];
    let around = around.map(str::to_owned);
    for name in rules.iter().chain(&penalties).chain(&around) {
        assert!(names.contains(name), "{name} is missing");
    }
}

/// Those that the fused engine has all for; the others are few.
fn for_the_fused_engine() -> Vec<Fixture> {
    let all = fixtures();
    let count = all.len();
    let has = |fixture: &Fixture| EngineKind::Fused.lacks(&fixture.config).is_none();
    let some: Vec<Fixture> = all.into_iter().filter(has).collect();
    assert!(some.len() + 12 > count, "{} of {count}", some.len());
    some
}

fn fused<T: gan_lab::real::Real>(fixture: &Fixture) -> FusedEngine<T> {
    let mut engine = FusedEngine::new(&fixture.config).unwrap();
    engine.load_weights(&fixture.initial()).unwrap();
    engine
}

#[test]
fn pytorchs_weights_and_losses_come_out_in_double_precision() {
    for fixture in for_the_fused_engine() {
        replay(&fixture, &mut fused::<f64>(&fixture), false, TOLERANCE);
    }
}

#[test]
fn pytorchs_weights_and_losses_come_out_of_plain_loops() {
    for fixture in fixtures() {
        let mut engine = PlainEngine::new(&fixture.config);
        engine.load_weights(&fixture.initial()).unwrap();
        replay(&fixture, &mut engine, false, TOLERANCE);
    }
}

#[test]
fn pytorchs_weights_and_losses_come_out_in_single_precision() {
    for fixture in for_the_fused_engine() {
        replay(&fixture, &mut fused::<f32>(&fixture), true, SINGLE);
    }
}

#[cfg(feature = "torch")]
#[test]
fn pytorchs_weights_and_losses_come_out_of_libtorch() {
    for fixture in fixtures() {
        for precision in [Precision::Double, Precision::Single] {
            let mut engine = TorchEngine::new(&fixture.config, precision).unwrap();
            engine.load_weights(&fixture.initial()).unwrap();
            let single = precision == Precision::Single;
            // Slopes are found in double precision, unlike PyTorch's.
            replay(&fixture, &mut engine, single, if single { SINGLE } else { TOLERANCE });
        }
    }
}
