//! What a run records beside its points, against plain arithmetic on its last state.

use gan_lab::config::Recording;
use gan_lab::data::Point;
use gan_lab::engine::{Engine as _, PlainEngine, Sample};
use gan_lab::kinds::points::{Lattice, PointsRun, Recorded, SIDE};
use gan_lab::run::RunDir;

use crate::world::{World, assert_same, contents};

const SMALL: [&str; 10] =
    ["--data", "data.npy", "--train-size", "200", "--batch-size", "40", "--threads", "1", "--frame-every", "2"];

fn train(world: &World, out: &str, options: &[&str]) {
    let epochs: &[&str] = if options.contains(&"--epochs") { &[] } else { &["--epochs", "4"] };
    world.done(&[&["train", "--out", out, "--quiet"], &SMALL[..], epochs, options].concat());
}

fn open(world: &World, run: &str) -> PointsRun {
    PointsRun::open(&RunDir::new(world.path(run))).unwrap()
}

fn last<T: Clone>(frames: Option<&Vec<T>>) -> T {
    frames.and_then(|frames| frames.last()).cloned().unwrap()
}

/// What was recorded, with a plain engine in the state of the last frame.
struct Looked {
    run: PointsRun,
    recorded: Recorded,
    engine: PlainEngine,
    frame: Vec<Point>,
}

impl Looked {
    fn at(world: &World, name: &str) -> Self {
        let run = open(world, name);
        let frames = run.frames().unwrap();
        let recorded = run.recorded(frames.epochs.len()).unwrap();
        let mut engine = PlainEngine::new(run.config());
        engine.load(&run.snapshot().unwrap().state).unwrap();
        Self { recorded, engine, frame: frames.samples.last().unwrap().clone(), run }
    }

    /// Points of the data as the networks have them.
    fn inward(&self, points: &[Point]) -> Vec<Sample> {
        let units = self.run.units().unwrap();
        points.iter().map(|&point| units.inward(point)).collect()
    }

    fn scores(&mut self, points: &[Sample]) -> Vec<f64> {
        self.engine.score(points).unwrap().into_iter().map(f64::from).collect()
    }
}

fn close(found: f64, expected: f64, within: f64, what: &str) {
    assert!((found - expected).abs() <= within * expected.abs().max(1.0), "{what}: {found} for {expected}");
}

const RUNS: [(&str, &[&str]); 10] = [
    ("gan", &["gan"]),
    ("normed", &["gan", "--set", "discriminator.batch_norm=true,true", "--set", "discriminator.hidden=24,16"]),
    ("maxout", &["--rule", "least-squares", "--activation-d", "maxout"]),
    ("wgan", &["wgan"]),
    ("wgan-gp", &["wgan-gp", "--ema", "2000"]),
    ("pairs", &["--rule", "rpgan", "--penalty", "r1+r2", "--scale", "standardise"]),
    ("means", &["--rule", "ragan", "--scale", "whiten"]),
    ("packs", &["gan", "--pack", "2"]),
    ("curve", &["gan", "--latent-dim", "1", "--latent-law", "uniform", "--engine", "plain"]),
    ("plane", &["--rule", "hinge", "--constraint", "spectral-norm", "--latent-dim", "3"]),
];

#[test]
fn scores_and_fields_are_those_of_the_last_state() {
    let world = World::new();
    for (name, options) in RUNS {
        train(&world, name, options);
        let mut looked = Looked::at(&world, name);
        let pack = looked.run.config().pack.unwrap_or(1);
        let held_out = looked.run.real().unwrap();
        let scores = last(looked.recorded.scores.as_ref());
        for (group, points) in [(1, held_out), (2, looked.frame.clone())] {
            let points = looked.inward(&points[..scores[group].len() * pack]);
            for (i, expected) in looked.scores(&points).into_iter().enumerate() {
                close(f64::from(scores[group][i]), expected, 1e-4, &format!("{name}, score {i} of group {group}"));
            }
        }
        let Some(field) = looked.recorded.field.clone() else {
            assert_eq!(pack, 2, "{name} has no field");
            continue;
        };
        let (extent, field) = (looked.recorded.extent.unwrap(), field.last().unwrap().clone());
        let at = |[low, high]: [f64; 2], i: usize| low + (high - low) * (i as f64 + 0.5) / SIDE as f64;
        for (row, column) in [(0, 0), (5, 40), (63, 1), (31, 63)] {
            let point = looked.inward(&[[at(extent.x, column), at(extent.y, row)]]);
            let expected = looked.scores(&point)[0];
            close(f64::from(field[row * SIDE + column]), expected, 1e-4, &format!("{name}, cell {row},{column}"));
        }
    }
}

#[test]
fn forces_are_minus_the_slope_of_the_generators_loss_by_its_points() {
    let world = World::new();
    for (name, options) in RUNS {
        train(&world, name, options);
        let mut looked = Looked::at(&world, name);
        let game = looked.run.config().game();
        let pack = looked.run.config().pack.unwrap_or(1);
        let forces = last(looked.recorded.forces.as_ref());
        let units = looked.run.units().unwrap();
        let fake = looked.inward(&looked.frame[..forces.len()]);
        let real: Vec<f64> = last(looked.recorded.scores.as_ref())[0].iter().map(|&x| f64::from(x)).collect();
        let real = &real[..forces.len() / pack];
        let mut loss = |points: &[Sample]| {
            let scores = looked.scores(points);
            game.generator(real, &scores, &mut vec![0.0; scores.len()])
        };
        for i in [0, 3, forces.len() - 1] {
            let numeric = [0, 1].map(|axis| {
                let mut moved = [fake.clone(), fake.clone()];
                // A small number in single precision: it is a line almost everywhere.
                let step = 1.0 / 8192.0;
                moved[0][i][axis] += step;
                moved[1][i][axis] -= step;
                let by = f64::from(moved[0][i][axis] - moved[1][i][axis]);
                -(loss(&moved[0]) - loss(&moved[1])) / by
            });
            let numeric = units.direction_outward(numeric);
            for axis in 0..2 {
                let (found, expected) = (forces[i][axis], numeric[axis]);
                assert!((found - expected).abs() < 0.02 * expected.abs() + 2e-3, "{name} {i}: {found} for {expected}");
            }
        }
    }
}

#[test]
fn slopes_lattices_and_percentiles_are_those_of_the_last_state() {
    let world = World::new();
    for (name, options) in RUNS {
        train(&world, name, options);
        let looked = Looked::at(&world, name);
        let config = looked.run.config();
        let slopes = last(looked.recorded.slopes.as_ref());
        assert!(slopes.iter().flatten().all(|slope| *slope >= 0.0) && slopes[2].iter().any(|slope| *slope > 0.0));
        let snapshot = looked.run.snapshot().unwrap();
        let parameters = &snapshot.state.discriminator.parameters;
        let weights = last(looked.recorded.weights.as_ref());
        let ends = [f32::INFINITY, f32::NEG_INFINITY];
        let [least, most] = parameters.iter().fold(ends, |[low, high], &x| [low.min(x), high.max(x)]);
        assert_eq!((weights[0].to_bits(), weights[100].to_bits()), (least.to_bits(), most.to_bits()), "{name}");
        assert!(weights.is_sorted());
        match (config.generator.latent_dim, looked.recorded.lattice.as_ref().and_then(|frames| frames.last())) {
            (1, Some(Lattice::Curve(points))) => assert_eq!(points.len(), 401),
            (2, Some(Lattice::Sheet(lines))) => {
                assert!(lines.len() == 21 && lines.iter().all(|line| line.len() == 21));
                // The middle of a normal law is the code of zeros.
                let mut engine = PlainEngine::new(config);
                engine.load(&snapshot.state).unwrap();
                let weights = snapshot.state.average.as_ref().map(|average| engine.settled(average).unwrap());
                let middle = gan_lab::engine::points(&mut engine, weights.as_ref(), &[0.0, 0.0]).unwrap()[0];
                let expected = looked.run.units().unwrap().outward(middle);
                for axis in 0..2 {
                    close(lines[10][10][axis], expected[axis], 1e-3, name);
                }
            }
            (3, None) => {}
            (latent, _) => panic!("{name} has no lattice of codes of {latent}"),
        }
        let shares = looked.run.metrics().unwrap().into_iter().map(|record| record.clip_share.is_some());
        let clipped = name == "wgan";
        assert_eq!(shares.collect::<Vec<_>>(), [false, clipped, false, clipped], "{name}");
    }
}

#[test]
fn what_is_recorded_changes_nothing_of_the_training() {
    let world = World::new();
    train(&world, "all", &["gan"]);
    train(&world, "none", &["gan", "--record", "none"]);
    train(&world, "some", &["gan", "--record", "forces,weights"]);
    let (all, none, some) =
        (contents(&world.path("all")), contents(&world.path("none")), contents(&world.path("some")));
    for name in ["samples.npy", "metrics.jsonl", "generator.safetensors", "discriminator.safetensors"] {
        assert!(all[name] == none[name] && all[name] == some[name], "{name}");
    }
    let files = ["field.npy", "lattice.npy", "forces.npy", "scores.npy", "slopes.npy", "weights.npy"];
    for file in files {
        let chosen = ["forces.npy", "weights.npy"].contains(&file);
        assert_eq!((all.contains_key(file), none.contains_key(file)), (true, false), "{file}");
        assert_eq!(some.contains_key(file), chosen, "{file}");
        assert!(!chosen || all[file] == some[file], "{file}");
    }
    assert!(!none.contains_key("recorded.json"));
    // The paired discriminator gives no point a score.
    train(&world, "sides", &["--rule", "paired"]);
    let sides = contents(&world.path("sides"));
    let there: Vec<bool> = files.iter().map(|&file| sides.contains_key(file)).collect();
    assert_eq!(there, [false, true, false, false, false, true]);
    assert_eq!(open(&world, "sides").recorded(2).unwrap().field, None);
    for recording in Recording::ALL {
        assert!(files.contains(&format!("{}.npy", recording.name()).as_str()));
    }
}

#[test]
fn a_run_that_becomes_longer_or_lost_its_note_ends_as_one_that_was_never_stopped() {
    let world = World::new();
    train(&world, "straight", &["wgan", "--epochs", "7"]);
    train(&world, "longer", &["wgan", "--epochs", "5"]);
    std::fs::remove_file(world.path("longer/recorded.json")).unwrap();
    train(&world, "longer", &["wgan", "--epochs", "7", "--resume"]);
    assert_same(&world.path("straight"), &world.path("longer"));
    let other = [&["train", "wgan", "--out", "longer", "--resume", "--epochs", "7", "--record", "none"], &SMALL[..]];
    let error = world.fails(1, &other.concat());
    assert!(error.contains("record"), "{error}");
}

#[test]
fn an_array_that_was_changed_or_cut_off_is_named() {
    let world = World::new();
    train(&world, "run", &["gan"]);
    let path = world.path("run/field.npy");
    let sound = std::fs::read(&path).unwrap();
    let mut changed = sound.clone();
    let end = changed.len() - 3;
    changed[end] ^= 1;
    for bytes in [&changed[..], &sound[..sound.len() / 2]] {
        std::fs::write(&path, bytes).unwrap();
        let error = open(&world, "run").recorded(2).unwrap_err().to_string();
        assert!(error.contains("field.npy"), "{error}");
        let checked = world.run(&["runs", "--check", "run"]);
        let said = String::from_utf8(checked.stdout).unwrap();
        assert!(checked.status.code() == Some(1) && said.contains("field.npy"), "{said}");
    }
}
