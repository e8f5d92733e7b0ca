//! Data that do not lie as the lab's do: the networks get them in units of their own, a person in the data's.

use std::path::Path;

use gan_lab::config::{Scale, Shuffle};
use gan_lab::data::Point;
use gan_lab::data::npy::Precision;
use gan_lab::kinds::points::{PointsRun, Prepared};
use gan_lab::run::RunDir;

use crate::world::{World, assert_same, contents};

/// The letter M, in the data's units of `map`, as a table.
fn table(world: &World, name: &str, points: usize, map: impl Fn(Point) -> Point) {
    let [_, _, _, _, (_, letter)] = &gan_lab::data::synthetic::Law::Points.draw(points, 0)[..] else { panic!() };
    let lines = letter.iter().map(|&point| map(point)).map(|[x, y]| format!("{x},{y}\n"));
    std::fs::write(world.path(name), lines.collect::<String>()).unwrap();
}

fn prepared(run: &Path) -> Prepared {
    serde_json::from_slice(&std::fs::read(run.join("data.json")).unwrap()).unwrap()
}

fn open(world: &World, run: &str) -> PointsRun {
    PointsRun::open(&RunDir::new(world.path(run))).unwrap()
}

const OPTIONS: [&str; 8] = ["--train-size", "300", "--batch-size", "60", "--threads", "1", "--quiet", "--epochs"];

fn train(world: &World, run: &str, data: &str, epochs: &str, more: &[&str]) {
    world.done(&[&["train", "gan", "--data", data, "--out", run], &OPTIONS[..], &[epochs], more].concat());
}

#[test]
fn the_labs_data_and_batches_are_taken_as_in_the_lab() {
    let world = World::new();
    table(&world, "lab.csv", 8192, |point| point);
    let lab = |run: &str, more: &[&str]| {
        let command =
            ["train", "wgan", "--data", "lab.csv", "--epochs", "1", "--quiet", "--threads", "1", "--out", run];
        world.done(&[&command[..], more].concat());
    };
    lab("auto", &[]);
    lab("said", &["--scale", "none", "--shuffle", "once"]);
    let (auto, said) = (contents(&world.path("auto")), contents(&world.path("said")));
    let differing: Vec<_> = auto.keys().filter(|&name| auto[name] != said[name]).collect();
    // The settings say it in other words, and the state's note has their digest.
    assert_eq!(differing, ["config.json", "run.json", "state.safetensors"]);
    let settings = String::from_utf8(auto["config.json"].clone()).unwrap();
    assert!(!settings.contains("scale") && !settings.contains("shuffle"), "as it always was: {settings}");
    let Prepared { shuffle, left_out, units, .. } = prepared(&world.path("auto"));
    assert_eq!((shuffle, left_out, units.scale), (Shuffle::Once, 88, Scale::None));
    // Other batches are of all points in turn.
    lab("batches", &["--batch-size", "500"]);
    assert_eq!(prepared(&world.path("batches")).shuffle, Shuffle::EveryEpoch);
}

#[test]
fn wherever_data_lie_the_networks_see_the_same_and_a_person_the_datas_own() {
    let world = World::new();
    table(&world, "near.csv", 400, |[x, y]| [x + 3.0, y + 3.0]);
    table(&world, "far.csv", 400, |[x, y]| [x + 388_095.0, 1e-3 * y - 40.0]);
    for (run, data) in [("near", "near.csv"), ("far", "far.csv")] {
        train(&world, run, data, "3", &[]);
        assert_eq!(prepared(&world.path(run)).units.scale, Scale::Standardise);
    }
    let (near, far) = (open(&world, "near"), open(&world, "far"));
    assert_eq!(far.units().unwrap().precision, Precision::Double);
    assert_eq!(near.units().unwrap().precision, Precision::Single);
    let last = |run: &PointsRun| run.frames().unwrap().samples.pop().unwrap();
    let (held_near, held_far) = (near.real().unwrap(), far.real().unwrap());
    for (a, b) in held_near.iter().zip(&held_far).chain(last(&near).iter().zip(&last(&far))) {
        assert!((a[0] - 3.0 - (b[0] - 388_095.0)).abs() < 1e-4, "{a:?} {b:?}");
        assert!((a[1] - 3.0 - 1e3 * (b[1] + 40.0)).abs() < 1e-4, "{a:?} {b:?}");
    }
    // Files that other tools read have the data's units, too.
    let npy = std::fs::read(world.path("far/real.npy")).unwrap();
    assert!(String::from_utf8_lossy(&npy[..128]).contains("<f8"));
    let report = world.done(&["eval", "far", "--metrics", "w1", "--repeats", "1", "--samples", "50", "--json"]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert!(report["metrics"]["w1"]["generated"]["mean"].as_f64().unwrap() < 10.0, "{report}");
    world.done(&["draw", "far", "--last"]);
    let module = world.done(&["inspect", "far", "--format", "pytorch"]);
    assert!(module.contains("CENTRE = [3880") && module.contains("MATRIX = [[0."), "{module}");
}

#[test]
fn every_scale_goes_on_after_a_stop_to_the_same_bytes() {
    let world = World::new();
    table(&world, "data.csv", 400, |[x, y]| [50.0 * x + 20.0 * y, 1e7 + y]);
    for scale in Scale::CHOICES {
        let option = ["--scale", scale.name];
        let [whole, parts] = ["whole", "parts"].map(|run| format!("{run}-{}", scale.name));
        train(&world, &whole, "data.csv", "4", &option);
        train(&world, &parts, "data.csv", "2", &option);
        train(&world, &parts, "data.csv", "4", &["--resume"]);
        assert_same(&world.path(&whole), &world.path(&parts));
        // What auto came to may be said when the run goes on, and is made again where it is lost.
        let units = prepared(&world.path(&parts)).units;
        assert!(
            !units.scale.is_auto()
                && (scale.name == "auto" || format!("{:?}", units.scale).to_lowercase() == scale.name)
        );
        std::fs::remove_file(world.path(&parts).join("data.json")).unwrap();
        let meant = format!("{:?}", units.scale).to_lowercase();
        train(&world, &parts, "data.csv", "4", &["--resume", "--scale", &meant]);
        assert_same(&world.path(&whole), &world.path(&parts));
        let other = if meant == "none" { "whiten" } else { "none" };
        let command = ["train", "gan", "--data", "data.csv", "--out", &parts, "--resume", "--scale", other];
        let said = world.fails(1, &[&command[..], &OPTIONS[..], &["4"]].concat());
        assert!(said.contains("data.scale"), "{said}");
    }
}

#[test]
fn no_point_is_left_out_for_ever_and_a_line_says_how_many_a_pass_leaves_out() {
    let world = World::new();
    table(&world, "data.csv", 1000, |[x, y]| [x + 9.0, y]);
    let command = ["train", "gan", "--data", "data.csv", "--train-size", "500", "--batch-size", "256", "--epochs", "1"];
    let output = world.run(&[&command[..], &["--out", "run"]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("an epoch takes 256 and leaves 244 out, others in every epoch"), "{said}");
    assert!(said.contains("the networks see (x - 9."), "{said}");
    let output = world.run(&[&command[..], &["--out", "once", "--shuffle", "once"]].concat());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("leaves 244 out, the same in every epoch"), "{said}");
}

#[test]
fn a_run_that_learnt_nothing_says_so_and_what_to_try() {
    let world = World::new();
    table(&world, "far.csv", 400, |[x, y]| [x + 500.0, y]);
    train(&world, "run", "far.csv", "2", &["--scale", "none"]);
    let resume = ["train", "--resume", "--out", "run"];
    let said = world.done(&resume);
    assert!(said.contains("nothing was learnt: no generated point lies where the data do"), "{said}");
    assert!(said.contains("--scale none"), "{said}");
    let json: serde_json::Value = serde_json::from_str(&world.done(&[&resume[..], &["--json"]].concat())).unwrap();
    assert!(json["warning"].as_str().unwrap().contains("nothing was learnt"), "{json}");
}
