//! Many runs: the plan, the local pool, tasks of a cluster.

use std::path::PathBuf;
use std::process::Stdio;

use serde_json::Value;

use crate::world::{World, assert_same};

/// A plan of two models and three seeds, small and with this many epochs.
fn plan(world: &World, epochs: u32) {
    let plan = serde_json::json!({
        "base": { "epochs": epochs, "batch_size": 40, "data": { "path": "data.npy", "train_size": 200 } },
        "grid": { "model": ["gan", "wgan"], "seed": "0-2" },
    });
    std::fs::write(world.path("plan.json"), plan.to_string()).unwrap();
}

fn run_dirs(world: &World, sweep: &str) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(world.path(sweep).join("plan.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| world.path(sweep).join(line["dir"].as_str().unwrap())).collect()
}

fn status(world: &World, sweep: &str) -> Value {
    serde_json::from_str(&world.done(&["sweep", "status", sweep, "--json"])).unwrap()
}

#[test]
fn a_pool_does_every_run_as_train_would_and_does_nothing_twice() {
    let world = World::new();
    plan(&world, 2);
    let listing = world.done(&["sweep", "plan.json", "--dry-run"]);
    assert!(listing.contains("6 runs") && !world.path("work_dirs").exists(), "{listing}");
    world.done(&["sweep", "plan.json", "--jobs", "2", "--out", "sweep"]);
    let dirs = run_dirs(&world, "sweep");
    assert_eq!(dirs.len(), 6);
    assert_eq!(
        (status(&world, "sweep")["done"].as_u64(), status(&world, "sweep")["missing"].as_u64()),
        (Some(6), Some(0))
    );
    let config = dirs[0].join("config.json");
    world.done(&["train", "--config", config.to_str().unwrap(), "--out", "alone", "--quiet"]);
    assert_same(&world.path("alone"), &dirs[0]);
    let before = std::fs::metadata(dirs[3].join("state.safetensors")).unwrap().modified().unwrap();
    world.done(&["sweep", "plan.json", "--out", "sweep"]);
    assert_eq!(std::fs::metadata(dirs[3].join("state.safetensors")).unwrap().modified().unwrap(), before);
}

#[test]
fn a_run_that_fails_costs_itself_only_and_is_reported() {
    let world = World::new();
    plan(&world, 2);
    world.done(&["sweep", "plan.json", "--out", "sweep", "--launcher", "slurm"]);
    // A directory that cannot be a run's: a file is in its place.
    let dirs = run_dirs(&world, "sweep");
    std::fs::create_dir_all(dirs[1].parent().unwrap()).unwrap();
    std::fs::write(&dirs[1], "in the way").unwrap();
    let output = world.run(&["sweep", "plan.json", "--out", "sweep", "--jobs", "2"]);
    assert_eq!(output.status.code(), Some(1));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("seed1"), "{words}");
    let state = status(&world, "sweep");
    assert_eq!((state["done"].as_u64(), state["failed"].as_u64()), (Some(5), Some(1)), "{state}");
    std::fs::remove_file(&dirs[1]).unwrap();
    world.done(&["sweep", "plan.json", "--out", "sweep"]);
    assert_eq!(status(&world, "sweep")["failed"].as_u64(), Some(0));
}

#[test]
fn a_task_takes_its_index_from_the_cluster_and_saves_when_told() {
    let world = World::new();
    plan(&world, 400);
    world.done(&["sweep", "plan.json", "--out", "sweep", "--launcher", "slurm"]);
    world.done(&["sweep", "plan.json", "--out", "again", "--launcher", "slurm"]);
    let task = ["run", "--plan", "sweep/plan.jsonl", "--quiet"];
    for (variable, signal) in [("SLURM_ARRAY_TASK_ID", "-USR1"), ("HQ_TASK_ID", "-TERM")] {
        let mut command = world.command(&["run", "--plan", "sweep/plan.jsonl"]);
        let mut child = command.env(variable, "4").stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
        assert!(lines.any(|line| line.unwrap().starts_with("epoch")), "it ended before an epoch was done");
        std::thread::spawn(move || lines.for_each(drop));
        let busy = world.fails(75, &["run", "--plan", "sweep/plan.jsonl", "--index", "4"]);
        assert!(busy.contains("in use by process"), "{busy}");
        assert_eq!(status(&world, "sweep")["running"].as_u64(), Some(1));
        let sent = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().code(), Some(75));
        let state = status(&world, "sweep");
        assert_eq!((state["stopped"].as_u64(), state["missing"].as_u64()), (Some(1), Some(5)), "{state}");
    }
    let mut command = world.command(&task);
    assert!(command.env("JOB_COMPLETION_INDEX", "4").status().unwrap().success());
    world.done(&["run", "--plan", "again/plan.jsonl", "--index", "4", "--quiet"]);
    assert_same(&run_dirs(&world, "sweep")[4], &run_dirs(&world, "again")[4]);
    assert!(world.fails(1, &["run", "--plan", "sweep/plan.jsonl", "--index", "6"]).contains("6 runs, 0 to 5"));
    assert!(world.fails(2, &task).contains("SLURM_ARRAY_TASK_ID"));
    let mut command = world.command(&task);
    assert_eq!(command.env("SLURM_ARRAY_TASK_ID", "x").output().unwrap().status.code(), Some(2));
}

#[test]
fn commands_are_printed_for_others_to_run() {
    let world = World::new();
    plan(&world, 1);
    let text = world.done(&["sweep", "plan.json", "--out", "sweep", "--launcher", "print", "--quiet"]);
    assert_eq!(text.lines().count(), 6);
    for line in text.lines() {
        assert!(
            std::process::Command::new("sh")
                .arg("-c")
                .arg(line)
                .current_dir(world.path(""))
                .status()
                .unwrap()
                .success()
        );
    }
    assert_eq!(status(&world, "sweep")["done"].as_u64(), Some(6));
}

#[test]
fn plans_that_make_no_sense_are_refused_before_anything_is_written() {
    let world = World::new();
    for (plan, needle) in [
        ("{", "not a plan"),
        (r#"{"grid": {"model": "dcgan"}}"#, "dcgan"),
        (r#"{"grid": {"model": "gan"}, "grids": 1}"#, "grids"),
        (r#"{"grid": {"model": "gan", "data": "nowhere.mat"}}"#, "nowhere.mat is not there"),
        (r#"{"base": "nowhere.json", "grid": {"model": "gan"}}"#, "nowhere.json"),
    ] {
        std::fs::write(world.path("plan.json"), plan).unwrap();
        let message = world.fails(1, &["sweep", "plan.json", "--out", "sweep"]);
        assert!(message.contains(needle), "{plan}: {message}");
        assert!(!world.path("sweep").exists());
    }
    assert!(world.fails(1, &["sweep", "status", "nowhere"]).contains("gan-lab sweep"));
    world.fails(2, &["sweep"]);
}
