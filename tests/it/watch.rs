//! What watches a run: conditions that end it.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use gan_lab::kinds::points::PointsRun;
use gan_lab::run::{RunDir, Status};
use serde_json::Value;

use crate::world::{SMALL, World, assert_same, contents, train_args};

fn open(world: &World, name: &str) -> PointsRun {
    PointsRun::open(&RunDir::new(world.path(name))).unwrap()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_run_ends_in_the_epoch_in_which_its_condition_holds_and_goes_on_only_when_told_to() {
    let world = World::new();
    let recipe = ["wgan-gp", "--lr", "2e-3", "--epochs", "30", "--frame-every", "3"];
    world.train("straight", &recipe);
    let straight = open(&world, "straight").metrics().unwrap();
    let measured: Vec<(u64, f64)> = straight.iter().filter_map(|r| Some((r.epoch, r.sliced_w2?))).collect();
    // Between the fourth value and all before it, so that it is met there or earlier.
    let limit = measured[..4].iter().map(|(_, value)| *value).fold(f64::INFINITY, f64::min) * 1.0001;
    let epoch = measured.iter().find(|(_, value)| *value < limit).unwrap().0;
    let condition = format!("sliced_w2<{limit}");
    world.train("run", &[&recipe[..], &["--stop-when", &condition]].concat());
    let run = open(&world, "run");
    assert_eq!(run.status().unwrap(), Status::Ended { done: epoch, total: 30 });
    assert_eq!(run.dir().ended().unwrap().unwrap(), format!("sliced-w2 < {limit}"));
    assert_eq!(run.frames().unwrap().epochs.last(), Some(&epoch));
    let same = |a: &gan_lab::kinds::points::EpochRecord, b: &gan_lab::kinds::points::EpochRecord| {
        (a.epoch, a.d_loss.to_bits(), a.sliced_w2.map(f64::to_bits))
            == (b.epoch, b.d_loss.to_bits(), b.sliced_w2.map(f64::to_bits))
    };
    let records = run.metrics().unwrap();
    assert_eq!(records.len() as u64, epoch);
    assert!(records.iter().zip(&straight).all(|(a, b)| same(a, b)));
    // Going on changes nothing, and says why.
    let before = contents(run.path());
    let output = world.run(&["train", "--resume", "--out", "run"]);
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("ended after epoch {epoch} of 30")) && said.contains("--stop-when never"), "{said}");
    assert_eq!(contents(run.path()), before);
    world.done(&["runs", "--check", "run"]);
    assert_eq!(contents(run.path()), before);
    // A longer run's condition holds as well.
    world.train("run", &["wgan-gp", "--epochs", "40", "--resume"]);
    assert_eq!(open(&world, "run").status().unwrap(), Status::Ended { done: epoch, total: 40 });
    world.train("longer", &["wgan-gp", "--lr", "2e-3", "--epochs", "40", "--frame-every", "3"]);
    world.train("run", &["wgan-gp", "--resume", "--stop-when", "never"]);
    assert_same(run.path(), &world.path("longer"));
}

#[test]
fn an_end_between_frames_has_a_frame_and_a_measurement_that_go_when_the_run_goes_on() {
    let world = World::new();
    let recipe = ["gan", "--epochs", "9", "--frame-every", "4", "--eval-every", "3"];
    world.train("run", &[&recipe[..], &["--stop-when", "d-loss > -1e9 for 5 epochs"]].concat());
    let run = open(&world, "run");
    assert_eq!(run.status().unwrap(), Status::Ended { done: 5, total: 9 });
    assert_eq!(run.frames().unwrap().epochs, [4, 5]);
    let measured = |run: &PointsRun| {
        run.metrics().unwrap().iter().filter(|r| r.sliced_w2.is_some()).map(|r| r.epoch).collect::<Vec<_>>()
    };
    assert_eq!(measured(&run), [3, 5]);
    let before = contents(run.path());
    world.train("run", &["gan", "--resume"]);
    assert_eq!(contents(run.path()), before);
    world.train("straight", &recipe);
    // A later condition: the run goes on to it, and what the first end had is taken off.
    world.train("run", &["gan", "--resume", "--stop-when", "coverage >= 0 for 2 measurements"]);
    assert_eq!(open(&world, "run").status().unwrap(), Status::Ended { done: 6, total: 9 });
    assert_eq!((open(&world, "run").frames().unwrap().epochs, measured(&run)), (vec![4, 6], vec![3, 6]));
    world.train("run", &["gan", "--resume", "--stop-when", "never"]);
    assert_same(run.path(), &world.path("straight"));
}

#[test]
fn killed_and_resumed_it_ends_in_the_same_epoch_with_the_same_bytes() {
    let world = World::new();
    let args = |out: &'static str, more: &[&'static str]| -> Vec<&'static str> {
        let condition = "sliced-w2 > 0 for 9 frames";
        let common =
            ["train", "wgan-gp", "--epochs", "80", "--frame-every", "7", "--threads", "1", "--stop-when", condition];
        [&common[..], &["--out", out], &SMALL, more].concat()
    };
    world.done(&args("straight", &["--quiet"]));
    assert_eq!(open(&world, "straight").status().unwrap(), Status::Ended { done: 63, total: 80 });
    for (n, epoch) in [10, 30, 50].into_iter().enumerate() {
        let more: &[&str] = if n == 0 { &[] } else { &["--resume"] };
        let mut child =
            world.command(&args("killed", more)).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let done = |line: String| line.trim_start_matches("epoch").trim_start().split('/').next()?.parse::<u64>().ok();
        assert!(lines.map_while(Result::ok).any(|line| done(line).is_some_and(|done| done >= epoch)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    world.done(&args("killed", &["--resume", "--quiet"]));
    assert_same(&world.path("straight"), &world.path("killed"));
}

#[test]
fn a_condition_on_what_is_not_recorded_is_refused_before_anything_is_written() {
    let world = World::new();
    for (condition, more, code, words) in [
        ("coverge < 0.2", &[][..], 2, "d-loss, g-loss, sliced-w2, coverage, mode-tv"),
        ("coverage < 0.2", &["--eval-every", "0"], 2, "nothing is measured"),
        ("coverage < 0.2 for 3 frames", &["--eval-every", "20"], 2, "for measurements, not frames"),
        ("mode-tv < 0.2", &[], 1, "mode-tv is not measured here: the law of the data is not known"),
    ] {
        let message = world.fails(code, &train_args("run", &[&["gan", "--stop-when", condition], more].concat()));
        assert!(message.contains(words), "{message}");
        assert!(!world.path("run").exists());
    }
}

#[test]
fn every_command_names_a_run_that_ended_by_its_own_condition() {
    let world = World::new();
    let recipe = ["gan", "--epochs", "6", "--frame-every", "2", "--stop-when", "coverage >= 0 for 2 frames"];
    let said = world.done(&train_args("run", &recipe).into_iter().filter(|arg| *arg != "--quiet").collect::<Vec<_>>());
    assert!(said.contains("ended by its own condition") && said.contains("coverage >= 0 for 2 frames"), "{said}");
    world.train("whole", &["gan", "--epochs", "6", "--frame-every", "2", "--seed", "1"]);
    assert!(world.done(&["inspect", "run"]).contains("ended by its own condition after 4 of 6 epochs: coverage >= 0"));
    let runs = json(&world.done(&["runs", ".", "--json"]));
    let listed = runs["runs"].as_array().unwrap().iter().find(|run| run["run"].as_str().unwrap().ends_with("run"));
    let listed = listed.unwrap();
    assert_eq!((&listed["state"], &listed["done"], &listed["total"]), (&"ended".into(), &4.into(), &6.into()));
    assert_eq!(listed["ended_by"], "coverage >= 0 for 2 frames");
    let message = world.fails(1, &train_args("run", &recipe));
    assert!(message.contains("ended by its own condition") && message.contains("4 of 6 epochs"), "{message}");
    let message = world.fails(2, &["draw", "run", "--sheet", "6"]);
    assert!(message.contains("it ended by coverage >= 0 for 2 frames"), "{message}");
    let compared = json(&world.done(&["compare", "run", "whole", "--out", "report", "--json", "--repeats", "1"]));
    let statuses: Vec<_> = compared["runs"].as_array().unwrap().iter().map(|run| &run["status"]).collect();
    assert_eq!(statuses, ["ended", "finished"]);
    let notes = compared["notes"].to_string();
    assert!(notes.contains("seed 0 at epoch 4 of 6: coverage >= 0 for 2 frames"), "{notes}");
    let csv = std::fs::read_to_string(world.path("report/runs.csv")).unwrap();
    assert!(csv.contains("ended,4,") && csv.contains("ended at 4 of 6: coverage >= 0"), "{csv}");
}

#[test]
fn a_sweep_takes_a_run_that_ended_for_done() {
    let world = World::new();
    let plan = serde_json::json!({
        "base": {
            "objective": {"model": "gan"}, "epochs": 6, "frame_every": 2, "batch_size": 40,
            "data": {"path": "data.npy", "train_size": 200},
        },
        "grid": {"stop_when": [["coverage >= 0 for 2 frames"], ["d-loss > -1e9"]]},
    });
    std::fs::write(world.path("plan.json"), plan.to_string()).unwrap();
    world.done(&["sweep", "plan.json", "--out", "sweep", "--jobs", "2"]);
    let status = json(&world.done(&["sweep", "status", "sweep", "--json"]));
    assert_eq!((&status["done"], &status["stopped"]), (&2.into(), &0.into()), "{status}");
    let ended: Vec<u64> = RunDir::find_under(&world.path("sweep"))
        .unwrap()
        .iter()
        .map(|run| match run.status().unwrap() {
            Status::Ended { done, .. } => done,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ended.iter().sum::<u64>(), 4 + 1);
    // Done again it is done already, also where the data are gone.
    std::fs::remove_file(world.path("data.npy")).unwrap();
    let task = ["run", "--plan", "sweep/plan.jsonl", "--index", "0"];
    let output = world.run(&task);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stderr).contains("has ended already"));
    assert!(Path::new(&world.path("sweep")).exists());
}
