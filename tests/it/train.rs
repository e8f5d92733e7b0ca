//! Training as a user sees it: what a run leaves, what it refuses, that it repeats.

use gan_lab::checkpoint;
use gan_lab::config::{Model, TrainConfig};
use gan_lab::data::Point;
use gan_lab::kinds::points::PointsRun;
use gan_lab::run::{RunDir, Status};

use crate::world::{World, assert_same, contents, train_args};

fn open(world: &World, name: &str) -> PointsRun {
    PointsRun::open(&RunDir::new(world.path(name))).unwrap()
}

#[test]
fn a_run_holds_all_that_it_promises() {
    let world = World::new();
    world.train("run", &["wgan-gp", "--epochs", "5", "--frame-every", "2"]);
    let run = open(&world, "run");
    assert_eq!(run.status().unwrap(), Status::Finished { done: 5 });
    let names: Vec<String> = contents(run.path()).into_keys().collect();
    assert_eq!(
        names,
        [
            "config.json",
            "data.json",
            "discriminator.safetensors",
            "field.npy",
            "floor.json",
            "forces.npy",
            "frames.json",
            "generator.safetensors",
            "lattice.npy",
            "metrics.jsonl",
            "noise.npy",
            "real.npy",
            "recorded.json",
            "run.json",
            "samples.npy",
            "scores.npy",
            "slopes.npy",
            "state.safetensors",
            "weights.npy",
        ]
    );
    let config = run.config();
    assert_eq!((config.epochs, config.model()), (5, Some(Model::WganGp)));
    assert_eq!(run.real().unwrap().len(), 100);
    assert_eq!(run.noise().unwrap().len(), 200);
    let frames = run.frames().unwrap();
    assert_eq!(frames.epochs, [2, 4, 5]);
    assert!(frames.samples.iter().all(|sample| sample.len() == 100));
    let metrics = run.metrics().unwrap();
    assert_eq!(
        metrics.iter().map(|record| (record.epoch, record.iteration)).collect::<Vec<_>>(),
        [(1, 5), (2, 10), (3, 15), (4, 20), (5, 25)]
    );
    assert!(metrics.is_sorted_by_key(|record| record.seconds));
}

#[test]
fn the_weights_on_disk_make_the_last_frame() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "3"]);
    let run = open(&world, "run");
    let config = run.config();
    let mut engine = gan_lab::engine::create(config).unwrap();
    let snapshot = run.snapshot().unwrap();
    engine.load(&snapshot.state).unwrap();
    let points = engine.generate(&run.noise().unwrap()).unwrap();
    let units = run.units().unwrap();
    let points: Vec<Point> = points.into_iter().map(|sample| units.outward(sample)).collect();
    assert_eq!(points, *run.frames().unwrap().samples.last().unwrap());
    let exported = checkpoint::load(&run.path().join("generator.safetensors")).unwrap().tensors;
    let mlp = gan_lab::nets::mlp::Mlp::generator(config);
    assert_eq!(mlp.from_tensors(&exported).unwrap(), snapshot.state.generator);
    assert_eq!(snapshot.state.generator.batches, 15, "one generator pass in an iteration");
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
    let world = World::new();
    for model in ["gan", "wgan", "wgan-gp"] {
        let [one, two, three] = ["one", "two", "three"].map(|name| format!("{name}-{model}"));
        world.train(&one, &[model, "--epochs", "2"]);
        world.train(&two, &[model, "--epochs", "2"]);
        world.train(&three, &[model, "--epochs", "2", "--seed", "1"]);
        assert_same(&world.path(&one), &world.path(&two));
        let (first, other) = (contents(&world.path(&one)), contents(&world.path(&three)));
        for name in ["samples.npy", "noise.npy", "real.npy", "generator.safetensors"] {
            assert_ne!(first[name], other[name], "{name} does not depend on the seed");
        }
    }
}

#[test]
fn models_and_optimisers_train_to_different_results() {
    let world = World::new();
    let mut seen = Vec::new();
    for model in ["gan", "wgan", "wgan-gp"] {
        for optim in ["rmsprop", "adam", "sgd"] {
            let out = format!("{model}-{optim}");
            world.train(&out, &[model, "--optim", optim, "--epochs", "2", "--lr", "1e-3"]);
            let samples = contents(&world.path(&out)).remove("samples.npy").unwrap();
            assert!(!seen.contains(&samples), "{out} made what another run made");
            seen.push(samples);
        }
    }
}

#[test]
fn an_existing_run_is_kept_unless_forced() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "2"]);
    let before = contents(&world.path("run"));
    let message = world.fails(1, &train_args("run", &["wgan", "--epochs", "2"]));
    assert!(message.contains("finished run of 2 epochs") && message.contains("--force"), "{message}");
    assert_eq!(contents(&world.path("run")), before);
    world.train("run", &["wgan", "--epochs", "2", "--force"]);
    world.train("fresh", &["wgan", "--epochs", "2"]);
    assert_same(&world.path("run"), &world.path("fresh"));
}

#[test]
fn a_folder_with_other_files_is_not_written_into() {
    let world = World::new();
    std::fs::create_dir(world.path("mine")).unwrap();
    std::fs::write(world.path("mine/thesis.txt"), "years of work").unwrap();
    let message = world.fails(1, &train_args("mine", &["gan", "--epochs", "1"]));
    assert!(message.contains("not a run's") && message.contains("thesis.txt"), "{message}");
    world.fails(1, &train_args("mine", &["gan", "--epochs", "1", "--force"]));
    assert_eq!(contents(&world.path("mine")).into_keys().collect::<Vec<_>>(), ["thesis.txt"]);
}

#[test]
fn a_longer_run_is_the_short_one_gone_on_with() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "3", "--frame-every", "2"]);
    world.train("run", &["gan", "--epochs", "6", "--resume"]);
    let run = open(&world, "run");
    assert_eq!(run.status().unwrap(), Status::Finished { done: 6 });
    assert_eq!(run.frames().unwrap().epochs, [2, 4, 6]);
    world.train("straight", &["gan", "--epochs", "6", "--frame-every", "2"]);
    assert_same(run.path(), &world.path("straight"));
}

#[test]
fn resuming_with_other_settings_is_refused_and_shows_them() {
    let world = World::new();
    world.train("run", &["wgan", "--epochs", "2"]);
    let before = contents(&world.path("run"));
    for (options, needles) in [
        (&["wgan", "--lr", "0.1"][..], &["lr: 5e-5 there, 0.1 now"][..]),
        (&["wgan", "--clip", "0.2", "--seed", "9"], &["objective.clip: 0.1 there, 0.2 now", "seed: 0 there, 9 now"]),
        (&["gan"], &[r#"objective.model: "wgan" there, "gan" now"#]),
        (&["wgan", "--epochs", "1"], &["epochs: 2 there, 1 now"]),
    ] {
        let message = world.fails(1, &train_args("run", &[options, &["--resume"]].concat()));
        assert!(needles.iter().all(|needle| message.contains(needle)), "{message}");
        assert_eq!(contents(&world.path("run")), before);
    }
}

#[test]
fn resuming_needs_no_settings_and_begins_where_there_is_no_run() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "2", "--resume"]);
    let text = world.done(&["train", "--resume", "--out", "run"]);
    assert!(text.contains("finished"), "{text}");
    let message = world.fails(2, &["train", "--resume", "--out", "elsewhere"]);
    assert!(message.contains("which model"), "{message}");
}

#[test]
fn changed_data_are_not_gone_on_with() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "2"]);
    world.done(&["data", "make", "ring8", "--points", "300", "--out", "data.npy", "--force"]);
    let message = world.fails(1, &["train", "--resume", "--epochs", "4", "--out", "run"]);
    assert!(message.contains("not what run was begun with") && message.contains("--data"), "{message}");
    assert_eq!(open(&world, "run").config().epochs, 2, "the refused run was changed");
}

#[test]
fn divergence_stops_names_the_place_and_keeps_the_last_good_state() {
    let world = World::new();
    let args = train_args("run", &["wgan-gp", "--lr", "1e25", "--optim", "sgd", "--epochs", "50"]);
    let message = world.fails(1, &args);
    assert!(message.contains("diverged") && message.contains("iteration") && message.contains("--lr"), "{message}");
    let run = open(&world, "run");
    let snapshot = run.snapshot().unwrap();
    assert_eq!(snapshot.state.first_not_finite(), None);
    assert_eq!(run.metrics().unwrap().len() as u64, snapshot.progress.epoch);
    assert!(message.contains(&format!("after epoch {}", snapshot.progress.epoch)), "{message}");
}

#[test]
fn damaged_runs_are_refused_by_name() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "2"]);
    for (file, bytes, needle) in [
        ("state.safetensors", &b"garbage"[..], "state.safetensors"),
        ("config.json", b"{", "config.json"),
        ("metrics.jsonl", b"{}\n", "metrics.jsonl"),
    ] {
        let path = world.path("run").join(file);
        let kept = std::fs::read(&path).unwrap();
        std::fs::write(&path, bytes).unwrap();
        let message = world.fails(1, &["train", "--resume", "--epochs", "3", "--out", "run"]);
        assert!(message.contains(needle), "{file}: {message}");
        std::fs::write(&path, kept).unwrap();
    }
    world.done(&["train", "--resume", "--epochs", "3", "--out", "run"]);
}

#[test]
fn what_follows_from_settings_and_state_is_named_by_readers_and_made_again_on_resuming() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "2"]);
    let whole = contents(&world.path("run"));
    for name in
        ["real.npy", "noise.npy", "floor.json", "frames.json", "generator.safetensors", "discriminator.safetensors"]
    {
        let path = world.path("run").join(name);
        for damage in [None, Some(&b"\x93NUMPY"[..]), Some(b"")] {
            match damage {
                None => std::fs::remove_file(&path).unwrap(),
                Some(bytes) => std::fs::write(&path, bytes).unwrap(),
            }
            if name == "real.npy" {
                assert!(world.fails(1, &["draw", "run"]).contains("real.npy"));
            }
            world.done(&["train", "--resume", "--out", "run"]);
            assert_eq!(contents(&world.path("run")), whole, "{name} was not made again");
        }
    }
}

#[test]
fn data_that_cannot_train_are_refused_before_anything_is_written() {
    let world = World::new();
    for (code, options, needle) in [
        (1, &["--data", "data.npy", "--train-size", "7000"][..], "300 points, too few for --train-size 7000"),
        (1, &["--data", "none.mat"], "data make points"),
        (2, &["--data", "data.npy", "--train-size", "200"], "data.train_size is 200"),
    ] {
        let message = world.fails(code, &[&["train", "gan", "--out", "run"], options].concat());
        assert!(message.contains(needle), "{message}");
        assert!(!world.path("run").exists());
    }
}

#[test]
fn a_missing_data_file_comes_with_what_makes_it() {
    let world = World::new();
    let message = world.fails(1, &["train", "--preset", "teach-critic"]);
    assert!(message.contains("gan-lab data make swissroll"), "{message}");
    let message = world.fails(1, &["train", "gan", "--data", "mine.csv"]);
    assert!(message.contains("gan-lab data make points"), "{message}");
}

#[test]
fn a_missing_gpu_is_named() {
    #[cfg(feature = "torch")]
    if gan_lab::tensor::cuda_devices() > 0 {
        return;
    }
    let world = World::new();
    let message = world.fails(1, &train_args("run", &["gan", "--device", "cuda:1"]));
    assert!(
        message.contains("cuda") && (message.contains("--device cpu") || message.contains("without libtorch")),
        "{message}"
    );
    assert!(!world.path("run").exists());
}

#[test]
fn output_comes_in_three_forms() {
    let world = World::new();
    let small = crate::world::SMALL;
    let args = |out, form: &'static [&'static str]| {
        [&["train", "gan", "--epochs", "1", "--out", out][..], &small, form].concat()
    };
    let words = world.run(&args("a", &[]));
    let text = String::from_utf8(words.stdout).unwrap();
    assert!(text.contains("GAN with RMSProp: finished") && text.contains("next: gan-lab draw a"), "{text}");
    assert!(String::from_utf8(words.stderr).unwrap().contains("epoch 1/1"));
    let quiet = world.run(&args("b", &["--quiet"]));
    assert_eq!((quiet.stdout, quiet.stderr), (b"b\n".to_vec(), vec![]));
    let json = world.run(&args("c", &["--json"]));
    let value: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((value["status"].as_str(), value["last"]["epoch"].as_u64()), (Some("finished"), Some(1)));
    assert!(json.stderr.is_empty());
}

#[test]
fn a_trace_holds_the_first_iterations_and_changes_nothing() {
    let world = World::new();
    world.train("plain", &["wgan-gp", "--epochs", "1"]);
    world.train("traced", &["wgan-gp", "--epochs", "1", "--trace", "t.safetensors"]);
    assert_same(&world.path("plain"), &world.path("traced"));
    let trace = checkpoint::load(&world.path("t.safetensors")).unwrap();
    let note: serde_json::Value = serde_json::from_str(&trace.note.unwrap()).unwrap();
    assert_eq!(note["iterations"], 3);
    let config: TrainConfig = serde_json::from_value(note["config"].clone()).unwrap();
    assert_eq!(config.model(), Some(Model::WganGp));
    for name in ["init.generator.net.0.weight", "2.discriminator.net.4.bias", "1.mix", "0.g_loss", "2.real", "2.noise"]
    {
        assert!(trace.tensors.iter().any(|tensor| tensor.name == name), "{name} is missing");
    }
    world.fails(2, &["train", "--resume", "--epochs", "2", "--out", "traced", "--trace", "t.safetensors"]);
}
