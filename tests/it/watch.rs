//! What watches a run: conditions that end it, and the best of what it was.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use gan_lab::checkpoint;
use gan_lab::config::BestBy;
use gan_lab::kinds::points::{PointsRun, Which, points_from};
use gan_lab::nets::mlp::Mlp;
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

/// Trains into `out`, killed when each of these epochs was reached.
fn train_with_kills(world: &World, out: &str, recipe: &[&str], moments: &[u64]) {
    let args = |more: &[&'static str]| -> Vec<String> {
        let all = [&["train"][..], recipe, &["--threads", "1", "--out", out], &SMALL, more].concat();
        all.into_iter().map(str::to_owned).collect()
    };
    for (n, &epoch) in moments.iter().enumerate() {
        let args = args(if n == 0 { &[] } else { &["--resume"] });
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let mut child = world.command(&args).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let done = |line: String| line.trim_start_matches("epoch").trim_start().split('/').next()?.parse::<u64>().ok();
        assert!(lines.map_while(Result::ok).any(|line| done(line).is_some_and(|done| done >= epoch)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let args = args(&["--resume", "--quiet"]);
    world.done(&args.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn killed_and_resumed_it_ends_in_the_same_epoch_with_the_same_bytes() {
    let world = World::new();
    let recipe = ["wgan-gp", "--epochs", "80", "--frame-every", "7", "--stop-when", "sliced-w2 > 0 for 9 frames"];
    world.train("straight", &recipe);
    assert_eq!(open(&world, "straight").status().unwrap(), Status::Ended { done: 63, total: 80 });
    train_with_kills(&world, "killed", &recipe, &[10, 30, 50]);
    assert_same(&world.path("straight"), &world.path("killed"));
}

/// The first epoch with the best value among the measured ones.
fn best_of(run: &PointsRun, value: impl Fn(&gan_lab::kinds::points::EpochRecord) -> Option<f64>) -> (u64, f64) {
    let measured = run.metrics().unwrap().into_iter().filter_map(|record| Some((record.epoch, value(&record)?)));
    measured.reduce(|best, other| if other.1 < best.1 { other } else { best }).unwrap()
}

#[test]
fn the_best_state_is_that_of_the_best_measurement() {
    let world = World::new();
    let recipe = ["gan", "--lr", "2e-3", "--epochs", "40", "--frame-every", "2", "--keep-best", "sliced-w2"];
    for (name, more) in [("plain", &[][..]), ("averaged", &["--ema", "300"])] {
        world.train(name, &[&recipe[..], more].concat());
        let run = open(&world, name);
        let (epoch, value) = best_of(&run, |record| record.sliced_w2);
        assert!(epoch < 40, "the last is the best: nothing is tested");
        let best = run.best().unwrap().unwrap();
        assert_eq!((best.metric, best.epoch, best.value.to_bits()), (BestBy::SlicedW2, epoch, value.to_bits()));
        // Its points are the frame of that epoch.
        let frames = run.frames().unwrap();
        let at = frames.epochs.iter().position(|&e| e == epoch).unwrap();
        assert_eq!(points_from(&run, Which::Best).unwrap(), (epoch, frames.samples[at].clone()));
        assert_eq!(points_from(&run, Which::Last).unwrap(), (40, frames.samples.last().unwrap().clone()));
        let snapshot = run.snapshot().unwrap();
        let file = |name: &str| checkpoint::load(&run.path().join(name)).unwrap().tensors;
        let mlp = Mlp::generator(run.config());
        let kept = snapshot.kept.best().unwrap();
        assert_eq!(mlp.from_tensors(&file("best-generator.safetensors")).unwrap(), kept.generator);
        assert_eq!(kept.averaged.is_some(), name == "averaged");
        if let Some(averaged) = &kept.averaged {
            assert_eq!(mlp.from_tensors(&file("best-averaged.safetensors")).unwrap(), *averaged);
            assert_ne!(averaged.parameters, kept.generator.parameters);
        }
        // The same networks as a run that ended there has.
        let (straight, epochs) = (format!("{name}-straight"), epoch.to_string());
        let to_there = ["gan", "--lr", "2e-3", "--epochs", &epochs, "--frame-every", "2", "--keep-best", "sliced-w2"];
        world.train(&straight, &[&to_there[..], more].concat());
        for file in ["generator", "discriminator"] {
            let [ended, best] = [format!("{straight}/{file}.safetensors"), format!("{name}/best-{file}.safetensors")];
            assert_eq!(std::fs::read(world.path(&ended)).unwrap(), std::fs::read(world.path(&best)).unwrap());
        }
        let measured = json(&world.done(&["eval", name, "--from", "best", "--repeats", "1", "--json"]));
        assert_eq!((&measured["epoch"], &measured["from"]), (&epoch.into(), &"best".into()));
        world.done(&["draw", name, "--from", "best", "--out", "pictures"]);
        assert!(world.path(&format!("pictures/{name}-best.png")).exists());
    }
}

#[test]
fn killed_resumed_and_made_longer_it_keeps_the_same_best() {
    let world = World::new();
    let recipe =
        ["gan", "--lr", "2e-3", "--epochs", "83", "--frame-every", "4", "--keep-best", "sliced-w2", "--ema", "300"];
    world.train("straight", &recipe);
    train_with_kills(&world, "killed", &recipe, &[10, 50]);
    assert_same(&world.path("straight"), &world.path("killed"));
    // An end between measurements is one while it is the end.
    let end = |epochs: &'static str| {
        ["gan", "--lr", "2e-3", "--epochs", epochs, "--frame-every", "4", "--keep-best", "sliced-w2", "--ema", "300"]
    };
    for epochs in ["1", "3", "5", "6", "7", "9", "10", "11"] {
        let name = format!("longer{epochs}");
        world.train(&name, &end(epochs));
        let run = open(&world, &name);
        let (epoch, _) = best_of(&run, |record| record.sliced_w2);
        assert_eq!(run.best().unwrap().unwrap().epoch, epoch, "of {epochs}");
        let before = contents(run.path());
        world.train(&name, &["gan", "--resume"]);
        assert_eq!(contents(run.path()), before);
        world.train(&name, &["gan", "--resume", "--epochs", "83"]);
        assert_same(run.path(), &world.path("straight"));
    }
    // Asked to end between measurements, and then to go on.
    world.train("ended", &[&end("83")[..], &["--stop-when", "d-loss > -1e9 for 7 epochs"]].concat());
    let (epoch, _) = best_of(&open(&world, "ended"), |record| record.sliced_w2);
    assert_eq!(open(&world, "ended").best().unwrap().unwrap().epoch, epoch);
    world.train("ended", &["gan", "--resume", "--stop-when", "never"]);
    assert_same(&world.path("ended"), &world.path("straight"));
}

#[test]
fn a_lost_best_state_is_made_again_and_another_metric_is_another_run() {
    let world = World::new();
    let recipe = ["gan", "--epochs", "6", "--frame-every", "2", "--keep-best", "coverage"];
    world.train("run", &recipe);
    let before = contents(&world.path("run"));
    for name in ["best.json", "best-generator.safetensors", "best-discriminator.safetensors"] {
        std::fs::remove_file(world.path("run").join(name)).unwrap();
        assert!(world.done(&["runs", "--check", "run"]).contains("mended"));
        assert_eq!(contents(&world.path("run")), before);
    }
    let message = world.fails(1, &train_args("run", &["gan", "--resume", "--keep-best", "sliced-w2"]));
    assert!(message.contains(r#"keep_best: "coverage" there, "sliced-w2" now"#), "{message}");
    let message = world.fails(1, &train_args("no", &["gan", "--keep-best", "mode-tv"]));
    assert!(message.contains("mode-tv is not measured here"), "{message}");
    let message = world.fails(2, &train_args("no", &["gan", "--keep-best", "coverage", "--eval-every", "0"]));
    assert!(message.contains("nothing is measured"), "{message}");
    world.train("plain", &["gan", "--epochs", "2"]);
    for (from, words) in [("best", "trained without --keep-best"), ("average", "trained without --ema")] {
        for command in ["eval", "draw"] {
            let message = world.fails(2, &[command, "plain", "--from", from]);
            assert!(message.contains(&format!("--from {from}")) && message.contains(words), "{message}");
        }
    }
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

#[test]
fn beside_an_averaged_generator_the_generator_itself_is_measured() {
    let world = World::new();
    let recipe = ["gan", "--lr", "2e-3", "--epochs", "12", "--frame-every", "3"];
    // With an average that forgets all before the last points both are one.
    for (name, half_life) in [("averaged", "2000"), ("forgetful", "1e-6")] {
        world.train(name, &[&recipe[..], &["--ema", half_life]].concat());
    }
    world.train("plain", &recipe);
    let [averaged, forgetful, plain] = ["averaged", "forgetful", "plain"].map(|name| open(&world, name));
    // Averaging takes nothing from training: the generator's own numbers are those of a run without it.
    for (a, b) in averaged.metrics().unwrap().iter().zip(plain.metrics().unwrap()) {
        assert_eq!((a.generator_sliced_w2, a.generator_coverage), (b.sliced_w2, b.coverage));
        assert_eq!((b.generator_sliced_w2, b.generator_coverage), (None, None));
        assert!(a.sliced_w2.is_none() || a.sliced_w2 != a.generator_sliced_w2);
    }
    let last = forgetful.metrics().unwrap().pop().unwrap();
    let [shown, own] = [last.sliced_w2, last.generator_sliced_w2].map(Option::unwrap);
    assert!((shown / own - 1.0).abs() < 0.2, "{shown} {own}: the statistics alone differ");
    assert_eq!(points_from(&averaged, Which::Generator).unwrap(), points_from(&plain, Which::Last).unwrap());
    assert_eq!(points_from(&averaged, Which::Average).unwrap(), points_from(&averaged, Which::Last).unwrap());
    let generated = |run: &str, from: &str| {
        let args = ["eval", run, "--from", from, "--metrics", "sliced-w2", "--repeats", "2", "--json"];
        json(&world.done(&args))["metrics"]["sliced-w2"]["generated"].clone()
    };
    assert_eq!(generated("averaged", "generator"), generated("plain", "last"));
    assert_eq!(generated("averaged", "average"), generated("averaged", "last"));
    assert_ne!(generated("averaged", "generator"), generated("averaged", "last"));
    world.done(&["draw", "averaged", "--from", "generator", "--out", "pictures"]);
    assert!(world.path("pictures/averaged-generator.png").exists());
    // Conditions may be on either.
    let ended = |condition: &str, more: &[&str]| {
        let name = format!("ended{}", condition.len());
        world.train(&name, &[&recipe[..], &["--stop-when", condition], more].concat());
        matches!(open(&world, &name).status().unwrap(), Status::Ended { done: 3, .. })
    };
    assert!(ended("generator-sliced-w2 > 0", &["--ema", "2000"]) && ended("sliced-w2 > 0", &["--ema", "2000"]));
    let message = world.fails(2, &train_args("no", &["gan", "--stop-when", "generator-sliced-w2 > 0"]));
    assert!(message.contains("without 'generator-'"), "{message}");
    // A longer run is the short one gone on with.
    world.train("longer", &["gan", "--lr", "2e-3", "--epochs", "13", "--frame-every", "3", "--ema", "2000"]);
    world.train("averaged", &["gan", "--resume", "--epochs", "13"]);
    assert_same(averaged.path(), &world.path("longer"));
}

#[test]
fn a_setting_that_does_nothing_is_said_at_the_end_and_kept() {
    let world = World::new();
    let short = ["--epochs", "6", "--frame-every", "2"];
    let said = |out: &str, options: &[&str]| {
        let args = train_args(out, &[options, &short].concat());
        world.done(&args.into_iter().filter(|arg| *arg != "--quiet").collect::<Vec<_>>())
    };
    let text = |name: &str| std::fs::read_to_string(world.path(name).join("metrics.jsonl")).unwrap();
    for (name, options, words, key) in [
        ("clip", &["wgan", "--clip", "100"][..], "clipping did nothing", "clip_idle"),
        // One-sided, and no slope is above 1 at the start.
        ("lp", &["--rule", "hinge", "--penalty", "wgan-lp", "--lr", "1e-6"], "the penalty did nothing", "penalty_idle"),
        ("r1", &["gan", "--penalty", "r1", "--penalty-weight", "0"], "the penalty did nothing", "penalty_idle"),
    ] {
        assert!(said(name, options).contains(words), "{name}");
        assert!(world.done(&["inspect", name]).contains(words), "{name}");
        let noted = text(name).matches(&format!("\"{key}\":true")).count();
        assert_eq!(noted, if name == "clip" { 6 } else { 3 }, "{name}");
        let longer = format!("{name}-longer");
        world.train(&longer, &[options, &["--epochs", "9", "--frame-every", "2"]].concat());
        let to_seven = ["--epochs", "7", "--frame-every", "2"];
        let first = format!("{name}-first");
        world.train(&first, &[options, &to_seven].concat());
        world.train(&first, &[options, &["--frame-every", "2", "--epochs", "9", "--resume"]].concat());
        assert_same(&world.path(&first), &world.path(&longer));
    }
    for (name, options) in [
        ("wgan", &["wgan"][..]),
        ("wgan-gp", &["wgan-gp"]),
        ("with-r1", &["gan", "--penalty", "r1"]),
        ("both", &["--rule", "hinge", "--penalty", "dragan", "--constraint", "clip", "--clip", "0.5"]),
    ] {
        assert!(!said(name, options).contains("did nothing"), "{name}");
        assert!(!text(name).contains("idle"), "{name}: {}", text(name));
    }
    let run = json(&world.done(&["inspect", "clip", "--json"]));
    assert_eq!(run["notices"].as_array().unwrap().len(), 1);
    assert_eq!(json(&world.done(&["inspect", "wgan", "--json"]))["notices"], serde_json::json!([]));
}

#[test]
fn gamma_is_shown_in_the_datas_own_units_where_the_networks_have_others() {
    let world = World::new();
    let start = |out: &str, options: &[&str]| {
        let args =
            train_args(out, &[&["gan", "--epochs", "1", "--penalty", "r1", "--penalty-weight", "3"], options].concat());
        let args: Vec<&str> = args.into_iter().filter(|arg| *arg != "--quiet").collect();
        String::from_utf8(world.run(&args).stderr).unwrap()
    };
    assert!(!start("own", &["--scale", "none"]).contains("gamma"));
    assert!(start("whiten", &["--scale", "whiten"]).contains("gamma 3 is for whitened units"));
    assert!(start("standardise", &["--scale", "standardise"]).contains("gamma 3 in the data's own units is "));
    let run = json(&world.done(&["inspect", "standardise", "--json"]));
    let data = json(&std::fs::read_to_string(world.path("standardise/data.json")).unwrap());
    for i in 0..2 {
        let unit = data["units"]["matrix"][i][i].as_f64().unwrap();
        let gamma = run["gamma_in_data_units"][i].as_f64().unwrap();
        assert!((gamma / (3.0 * unit * unit) - 1.0).abs() < 1e-9, "{gamma} {unit}");
    }
    assert_eq!(json(&world.done(&["inspect", "own", "--json"]))["gamma_in_data_units"], Value::Null);
    assert!(world.done(&["inspect", "standardise"]).contains("3 in the data's own units is "));
}
