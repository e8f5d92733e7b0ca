//! `gan-lab export` and `train --tensorboard`: what is written, what is refused, what is left alone. That TensorBoard, pandas and
//! NumPy read the same numbers is seen by scripts/check-exports.sh.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use gan_lab::data::npy;
use gan_lab::export::{Arrays, Content, FORMS, State};
use gan_lab::run::RunDir;

use crate::world::{SMALL, World, assert_same, contents_of, train_args};

/// All forms, as `--to` takes them.
fn all_forms() -> String {
    FORMS.map(|form| form.name).join(",")
}

/// The one file of a run's events.
fn events(folder: &Path) -> PathBuf {
    let found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [path] = &found[..] else { panic!("{found:?}") };
    assert!(path.to_string_lossy().contains("tfevents"), "{}", path.display());
    path.clone()
}

/// The whole records of an event file, and what is left of one that is not whole.
fn event_records(mut bytes: &[u8]) -> (Vec<&[u8]>, usize) {
    let mut found = Vec::new();
    while let Some(length) = bytes.first_chunk().map(|&length| u64::from_le_bytes(length) as usize) {
        if bytes.len() < length + 16 {
            break;
        }
        let sum = crc32c::crc32c(&bytes[12..12 + length]).rotate_right(15).wrapping_add(0xA282_EAD8);
        assert_eq!(bytes[12 + length..16 + length], sum.to_le_bytes(), "a damaged record");
        found.push(&bytes[12..12 + length]);
        bytes = &bytes[16 + length..];
    }
    (found, bytes.len())
}

fn has(records: &[&[u8]], word: &str) -> bool {
    records.iter().any(|record| record.windows(word.len()).any(|part| part == word.as_bytes()))
}

#[test]
fn every_form_is_written_and_is_the_same_again() {
    let world = World::new();
    world.train("runs/a", &["gan", "--epochs", "12", "--frame-every", "5"]);
    world.train("runs/b", &["gan", "--epochs", "2", "--seed", "1"]);
    for form in FORMS {
        let said = world.done(&["export", "runs", "--to", form.name, "--out", "out"]);
        assert!(said.lines().count() >= 2, "{said}");
        for line in said.lines() {
            assert!(world.path(line).is_file(), "{line}");
            assert!(line.starts_with("out/a") || line.starts_with("out/b"), "{line}");
        }
        let before = contents_of(&world.path("out"));
        assert_eq!(world.done(&["export", "runs", "--to", form.name, "--out", "out"]), said);
        assert!(contents_of(&world.path("out")) == before, "{} changes when it is written again", form.name);
        // Without --out each has a place of its own.
        world.done(&["export", "runs/a", "--to", form.name]);
        assert!(!contents_of(&world.path(form.folder)).is_empty(), "{}", form.name);
    }
    let both = world.done(&["export", "runs", "--to", &all_forms(), "--out", "together"]);
    let written: BTreeMap<_, _> = contents_of(&world.path("together"));
    assert!(both.lines().all(|line| written.contains_key(Path::new(line.strip_prefix("together/").unwrap()))));
}

#[test]
fn the_arrays_are_the_runs_own_and_what_was_not_measured_is_nan() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "12", "--frame-every", "5"]);
    world.done(&["export", "run", "--to", "npz,csv", "--out", "out"]);
    let mut archive = zip::ZipArchive::new(std::fs::File::open(world.path("out/run.npz")).unwrap()).unwrap();
    let mut member = |name: &str| {
        let mut bytes = Vec::new();
        archive.by_name(&format!("{name}.npy")).unwrap().read_to_end(&mut bytes).unwrap();
        bytes
    };
    for array in ["real", "noise", "samples"] {
        let own = std::fs::read(world.path("run").join(format!("{array}.npy"))).unwrap();
        assert!(member(array) == own, "{array}");
    }
    let distances = npy::decode(&member("metrics/sliced_w2")).unwrap().values;
    let measured: Vec<usize> = (0..12).filter(|&i| !distances[i].is_nan()).map(|i| i + 1).collect();
    assert_eq!(measured, [5, 10, 12]);
    let run = gan_lab::kinds::points::PointsRun::open(&RunDir::new(world.path("run"))).unwrap();
    let records = run.metrics().unwrap();
    assert_eq!(distances[4].to_bits(), records[4].sliced_w2.unwrap().to_bits());
    let config = member("config");
    let json: serde_json::Value =
        serde_json::from_slice(&config[config.iter().position(|&b| b == b'\n').unwrap() + 1..]).unwrap();
    assert_eq!(json["epochs"], 12);
    let table = std::fs::read_to_string(world.path("out/run/records.csv")).unwrap();
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    let column = |name: &str| lines[0].iter().position(|known| *known == name).unwrap();
    assert_eq!(lines.len(), 13);
    assert_eq!(lines[5][column("sliced_w2")], records[4].sliced_w2.unwrap().to_string());
    assert_eq!(lines[4][column("sliced_w2")], "");
    assert_eq!(lines[4][column("sliced_w2_floor")], run.floor().unwrap().unwrap().sliced_w2.mean.to_string());
    let frames = std::fs::read_to_string(world.path("out/run/frames.csv")).unwrap();
    assert_eq!(frames.lines().count(), 1 + 3 * 100);
    assert!(frames.lines().nth(101).unwrap().starts_with("10,0,"), "{:?}", frames.lines().nth(101));
}

#[test]
fn only_files_of_ours_are_replaced() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "2"]);
    for (form, file) in [("csv", "out/run/frames.csv"), ("npz", "out/run.npz")] {
        std::fs::create_dir_all(world.path("out/run")).unwrap();
        std::fs::write(world.path(file), "mine").unwrap();
        let message = world.fails(1, &["export", "run", "--to", form, "--out", "out"]);
        assert!(message.contains(file) && message.contains("--force"), "{message}");
        assert!(!world.path("out/run/records.csv").exists(), "nothing is written where something is in the way");
        assert_eq!(std::fs::read_to_string(world.path(file)).unwrap(), "mine");
        world.done(&["export", "run", "--to", form, "--out", "out", "--force"]);
        world.done(&["export", "run", "--to", form, "--out", "out"]);
        std::fs::remove_dir_all(world.path("out")).unwrap();
    }
    // Somebody else's events stay beside ours, whatever they are called; older ones of ours go.
    world.done(&["export", "run", "--to", "tensorboard", "--out", "out"]);
    let ours = events(&world.path("out/run"));
    let other = world.path("out/run/events.out.tfevents.1700000000.host.1.0");
    std::fs::write(&other, "somebody's").unwrap();
    let linked = world.path("out/run/events.out.tfevents.1700000000.link");
    std::fs::copy(&ours, world.path("kept")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(world.path("kept"), &linked).unwrap();
    world.done(&["train", "--resume", "--epochs", "3", "--out", "run"]);
    world.done(&["export", "run", "--to", "tensorboard", "--out", "out"]);
    assert!(!ours.exists() && other.is_file() && world.path("kept").is_file());
    #[cfg(unix)]
    assert!(linked.is_symlink());
    assert_eq!(std::fs::read_dir(world.path("out/run")).unwrap().count(), 2 + usize::from(cfg!(unix)));
}

#[test]
fn what_is_no_run_or_not_exported_is_refused_with_what_there_is() {
    let world = World::new();
    let to = all_forms();
    let export = |code: i32, run: &str| world.fails(code, &["export", run, "--to", &to, "--out", "out"]);
    assert!(export(1, "nowhere").contains("nowhere"));
    std::fs::create_dir(world.path("empty")).unwrap();
    assert!(export(1, "empty").contains("empty"));
    world.train("run", &["gan", "--epochs", "2"]);
    world.fails(2, &["export", "run"]);
    world.fails(2, &["export", "run", "--to", "excel"]);
    assert!(world.fails(2, &["export", "--to", "csv"]).contains("RUN"));
    // A run that was killed before its first state, and damaged ones.
    let copy = |name: &str| {
        std::fs::create_dir(world.path(name)).unwrap();
        for (file, _) in contents_of(&world.path("run")) {
            std::fs::copy(world.path("run").join(&file), world.path(name).join(&file)).unwrap();
        }
    };
    copy("half");
    std::fs::remove_file(world.path("half/state.safetensors")).unwrap();
    assert!(export(1, "half").contains("half"));
    copy("cut");
    std::fs::write(world.path("cut/metrics.jsonl"), "{\"epoch\": 1}\n").unwrap();
    assert!(export(1, "cut").contains("metrics.jsonl"));
    copy("torn");
    let samples = std::fs::read(world.path("torn/samples.npy")).unwrap();
    std::fs::write(world.path("torn/samples.npy"), &samples[..samples.len() - 100]).unwrap();
    assert!(export(1, "torn").contains("samples.npy"));
    assert!(!world.path("out").exists(), "nothing is written of what cannot be read");
    // One of several costs itself only.
    let output = world.run(&["export", "run", "cut", "half", "--to", "tensorboard", "--out", "out"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("not exported") && said.contains("cut") && said.contains("half"), "{said}");
    events(&world.path("out/run"));
}

#[cfg(feature = "torch")]
#[test]
fn a_progan_run_has_scalars_and_samples() {
    let world = World::new();
    let mut file = vec![0, 0, 8, 3, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, 4];
    file.extend((0..8 * 16).map(|i| if i % 17 < 4 { 200 } else { 5 }));
    std::fs::write(world.path("squares.idx"), file).unwrap();
    let words = "train progan --data squares.idx --resolution 4 --latent-dim 4 --fmaps-base 16 --fmaps-max 4 --batch-size 8 \
                 --kimg-per-phase 0.008 --final-kimg 0.2 --record-kimg 0.008 --threads 1 --out progan --tensorboard live";
    world.done(&words.split_whitespace().collect::<Vec<_>>());
    world.done(&["export", "progan", "--to", &all_forms(), "--out", "out"]);
    let live = std::fs::read(events(&world.path("live/progan"))).unwrap();
    let tables: Vec<_> = contents_of(&world.path("out")).into_keys().collect();
    let exported = tables.iter().find(|path| path.to_string_lossy().contains("tfevents")).unwrap();
    assert!(live == std::fs::read(world.path("out").join(exported)).unwrap(), "training and exporting differ");
    let (records, rest) = event_records(&live);
    let pictures = records.iter().filter(|record| has(&[record], "frames/samples")).count();
    assert_eq!((pictures, rest), (10, 0));
    assert!(has(&records, "loss/generator") && has(&records, "_hparams_/session_end_info"));
    assert!(tables.contains(&PathBuf::from("progan.npz")) && tables.contains(&PathBuf::from("progan/records.csv")));
    assert!(!tables.contains(&PathBuf::from("progan/frames.csv")));
    // A picture that is not as it was recorded is left out, aloud.
    let samples: Vec<_> =
        std::fs::read_dir(world.path("progan/samples")).unwrap().map(|entry| entry.unwrap().path()).collect();
    std::fs::write(samples.iter().max().unwrap(), "no picture").unwrap();
    let message = world.fails(1, &["export", "progan", "--to", "tensorboard", "--out", "less"]);
    assert!(message.contains("is not what was recorded"), "{message}");
    let records = std::fs::read(events(&world.path("less/progan"))).unwrap();
    assert!(has(&event_records(&records).0, "loss/generator"));
}

#[test]
fn a_sefa_job_says_what_there_is() {
    let world = World::new();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runs");
    let checkpoint = fixtures.join("generator.safetensors").into_os_string().into_string().unwrap();
    let small = ["--n", "1", "--k", "1", "--steps", "2", "--viz-size", "8", "--out", "job"];
    world.done(&[&["sefa", "--checkpoint", &checkpoint], &small[..]].concat());
    let message = world.fails(1, &["export", "job", "--to", "csv"]);
    assert!(message.contains("a SeFa job") && message.contains("index.html"), "{message}");
}

#[test]
fn a_run_is_the_same_with_a_tensorboard_beside_it() {
    let world = World::new();
    let options = ["wgan-gp", "--epochs", "30", "--frame-every", "2", "--keep-best", "sliced-w2"];
    world.train("plain", &options);
    world.train("watched", &[&options[..], &["--tensorboard", "tb"]].concat());
    assert_same(&world.path("plain"), &world.path("watched"));
    world.done(&["export", "watched", "--to", "tensorboard", "--out", "out"]);
    let [live, exported] = ["tb/watched", "out/watched"].map(|folder| events(&world.path(folder)));
    assert!(std::fs::read(&live).unwrap() == std::fs::read(exported).unwrap(), "training and exporting differ");
    let bytes = std::fs::read(&live).unwrap();
    let (records, rest) = event_records(&bytes);
    // The first, the settings, an epoch each, the end.
    assert_eq!((records.len(), rest), (1 + 1 + 30 + 1, 0));
    assert_eq!(records.iter().filter(|record| has(&[record], "frames/points")).count(), 10);
    // Gone on with when all is done, it stays as it is.
    world.done(&["train", "--resume", "--out", "watched", "--tensorboard", "tb"]);
    assert!(std::fs::read(&live).unwrap() == bytes);
    // Made longer, it begins anew under another name.
    world.done(&["train", "--resume", "--out", "watched", "--tensorboard", "tb", "--epochs", "33"]);
    let longer = events(&world.path("tb/watched"));
    assert_ne!(longer, live);
    world.done(&["export", "watched", "--to", "tensorboard", "--out", "out"]);
    assert!(std::fs::read(longer).unwrap() == std::fs::read(events(&world.path("out/watched"))).unwrap());
}

#[test]
fn the_default_folder_takes_no_name() {
    let world = World::new();
    world.done(&[&["train", "gan", "--epochs", "2", "--threads", "1", "--tensorboard"][..], &SMALL].concat());
    let runs: Vec<_> = std::fs::read_dir(world.path("work_dirs/tensorboard")).unwrap().collect();
    assert_eq!(runs.len(), 1);
    // A run that ended by a condition has the pictures of its end.
    world.train(
        "ended",
        &["gan", "--epochs", "40", "--frame-every", "3", "--stop-when", "d-loss > -1e9", "--tensorboard", "tb"],
    );
    let live = std::fs::read(events(&world.path("tb/ended"))).unwrap();
    assert!(has(&event_records(&live).0, "frames/points"));
    world.done(&["export", "ended", "--to", "tensorboard", "--out", "out"]);
    assert!(live == std::fs::read(events(&world.path("out/ended"))).unwrap());
}

#[test]
fn killed_and_gone_on_with_the_events_are_whole_and_none_is_there_twice() {
    let world = World::new();
    let words = train_args("run", &["gan", "--epochs", "2000", "--frame-every", "40", "--tensorboard", "tb"]);
    let loud: Vec<&str> = words.iter().copied().filter(|word| *word != "--quiet").collect();
    let mut child = world.command(&loud).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.by_ref().map_while(Result::ok).any(|line| line.starts_with("epoch")), "it was over too soon");
    // A second writer is refused before it changes anything.
    let message = world.fails(1, &["export", "run", "--to", "tensorboard", "--out", "tb"]);
    assert!(message.contains("is being written by a run that trains"), "{message}");
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    let torn = std::fs::read(events(&world.path("tb/run"))).unwrap();
    let (records, _) = event_records(&torn);
    assert!(records.len() > 3 && has(&records, "frames/points") && !has(&records, "session_end_info"));
    world.done(&["train", "--resume", "--out", "run", "--tensorboard", "tb", "--quiet"]);
    world.done(&["export", "run", "--to", "tensorboard", "--out", "out"]);
    let [live, exported] = ["tb/run", "out/run"].map(|folder| std::fs::read(events(&world.path(folder))).unwrap());
    assert!(live == exported, "training and exporting differ");
    assert_eq!(event_records(&live).0.len(), 1 + 1 + 2000 + 1);
}

#[test]
fn a_folder_for_events_that_cannot_be_written_is_refused_before_the_run_begins() {
    let world = World::new();
    std::fs::write(world.path("file"), "in the way").unwrap();
    let message = world.fails(1, &train_args("run", &["gan", "--epochs", "2", "--tensorboard", "file"]));
    assert!(message.contains("--tensorboard") && message.contains("file"), "{message}");
    assert!(!world.path("run").exists());
}

#[test]
fn a_run_that_diverged_failed_and_has_its_records() {
    let world = World::new();
    let options = ["wgan-gp", "--epochs", "500", "--lr", "0.3", "--optim", "sgd", "--tensorboard", "tb"];
    world.fails(1, &train_args("run", &options));
    let content = Content::of(&RunDir::new(world.path("run")), Arrays::None).unwrap();
    assert_eq!(content.state, State::Diverged);
    let live = std::fs::read(events(&world.path("tb/run"))).unwrap();
    assert!(has(&event_records(&live).0, "session_end_info"));
    world.done(&["export", "run", "--to", &all_forms(), "--out", "out"]);
    let tables = contents_of(&world.path("out"));
    let exported = tables.iter().find(|(path, _)| path.to_string_lossy().contains("tfevents")).unwrap().1;
    assert!(*exported == live, "training and exporting differ");
}
