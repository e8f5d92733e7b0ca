//! Runs that were made before runs had manifests: `tests/fixtures/runs/` holds one of each kind, as version 0.1.0 of
//! before left them, and what they were made of. They go on.

use std::path::Path;

use gan_lab::kinds::points::PointsRun;
use gan_lab::run::{Kind, RunDir, Status};

use crate::world::{World, assert_same, contents, make_old};

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, target).unwrap();
        }
    }
}

/// A folder with the old runs and what they were made of.
fn world() -> World {
    let world = World::new();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runs"), &world.path("."));
    world
}

#[test]
fn old_runs_are_known_by_their_kind() {
    let world = world();
    for kind in Kind::ALL {
        let dir = RunDir::new(world.path(kind.name()));
        assert_eq!(dir.kind(), Some(kind));
        assert!(dir.faults().is_empty(), "{:?}", dir.faults());
    }
    assert_eq!(RunDir::new(world.path("points")).status().unwrap(), Status::Finished { done: 5 });
    let listing = world.done(&["runs", ".", "--json"]);
    let listing: serde_json::Value = serde_json::from_str(&listing).unwrap();
    assert_eq!(listing["runs"].as_array().unwrap().len(), 3, "{listing}");
}

#[test]
fn an_old_run_of_points_is_read_and_goes_on_like_a_new_one() {
    let world = world();
    let run = PointsRun::open(&RunDir::new(world.path("points"))).unwrap();
    assert_eq!(run.frames().unwrap().epochs, [2, 4, 5]);
    assert_eq!(run.metrics().unwrap().len(), 5);
    world.done(&["draw", "points", "--last"]);
    world.done(&["eval", "points", "--repeats", "1", "--metrics", "w1", "--samples", "10"]);
    let config = world.path("points/config.json");
    let options = ["--epochs", "7", "--scale", "none", "--quiet"];
    world.done(
        &[&["train", "--config", config.to_str().unwrap(), "--out", "new", "--record", "none"], &options[..]].concat(),
    );
    world.done(&[&["train", "--resume", "--out", "points"], &options[..]].concat());
    let (old, new) = (contents(&world.path("points")), contents(&world.path("new")));
    assert_eq!(old.keys().collect::<Vec<_>>(), new.keys().collect::<Vec<_>>());
    // The new one says that the data are to stay as they are; the old one could not say anything else.
    let says = ["config.json", "run.json", "state.safetensors"];
    let differing: Vec<_> = old.keys().filter(|&name| old[name] != new[name]).collect();
    assert_eq!(differing, says);
    let tensors = |run: &str| gan_lab::checkpoint::load(&world.path(run).join("state.safetensors")).unwrap().tensors;
    assert_eq!(tensors("points"), tensors("new"));
}

#[test]
fn an_old_run_that_was_killed_goes_on_like_one_that_was_not() {
    let world = World::new();
    let options = ["gan", "--frame-every", "4", "--scale", "none", "--shuffle", "once", "--record", "none"];
    let train = |out: &str, more: &[&str]| world.train(out, &[&options[..], more].concat());
    train("straight", &["--epochs", "6"]);
    train("old", &["--epochs", "3"]);
    make_old(&world.path("old"));
    // A record and a frame of an epoch that does not count.
    let mut records = std::fs::read(world.path("old/metrics.jsonl")).unwrap();
    records.extend(b"{\"epoch\":4,\"iteration\":20,\"d_loss\":0.0,\"g_loss\":0.0,\"seconds\":1.0}\n");
    std::fs::write(world.path("old/metrics.jsonl"), records).unwrap();
    train("old", &["--epochs", "6", "--resume"]);
    assert_same(&world.path("straight"), &world.path("old"));
}

#[cfg(feature = "torch")]
#[test]
fn an_old_progan_run_goes_on_to_its_end() {
    let world = world();
    let output = world.run(&["train", "progan", "--resume", "--out", "progan"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let warning = said.lines().find(|line| line.starts_with("warning: ")).unwrap_or_default();
    assert!(output.status.success() && warning.contains("does not say which data"), "{said}");
    let dir = RunDir::new(world.path("progan"));
    assert!(matches!(dir.status().unwrap(), Status::Finished { .. }));
    assert_eq!(dir.records::<serde_json::Value>(&|_| {}).unwrap().len(), 8);
    assert_eq!(std::fs::read_dir(world.path("progan/samples")).unwrap().count(), 8);
    // From now on it is tied to its images.
    assert_eq!(dir.manifest().unwrap().inputs.len(), 1);
}

#[test]
fn an_old_sefa_job_keeps_its_images() {
    let world = world();
    let command = ["sefa", "--checkpoint", "generator.safetensors", "--n", "2", "--k", "2", "--steps", "3"];
    let json = world.done(&[&command[..], &["--viz-size", "8", "--out", "sefa", "--resume", "--json"]].concat());
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["rendered"], 1, "one image was missing");
    assert!(matches!(RunDir::new(world.path("sefa")).status().unwrap(), Status::Finished { .. }));
    // One that is damaged is named and rendered again.
    let image = world.path("sefa/images/sample0.png");
    let whole = std::fs::read(&image).unwrap();
    std::fs::write(&image, "not a picture").unwrap();
    let output = world.run(&[&command[..], &["--viz-size", "8", "--out", "sefa", "--resume"]].concat());
    assert!(String::from_utf8_lossy(&output.stderr).contains("sample0.png"));
    assert_eq!(std::fs::read(&image).unwrap(), whole);
}
