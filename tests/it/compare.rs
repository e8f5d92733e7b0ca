//! Runs side by side.

use gan_lab::compare::OUTPUTS;
use serde_json::Value;

use crate::world::World;

fn files() -> impl Iterator<Item = &'static str> {
    OUTPUTS.iter().map(|output| output.file)
}

fn json(world: &World, path: &str) -> Value {
    serde_json::from_slice(&std::fs::read(world.path(path)).unwrap()).unwrap()
}

#[test]
fn runs_are_compared_in_a_table_a_curve_and_a_panel() {
    let world = World::new();
    world.train("a/gan", &["gan", "--epochs", "4", "--frame-every", "1"]);
    world.train("a/wgan", &["wgan", "--epochs", "6", "--frame-every", "2", "--lr", "1e-3"]);
    let text = world.done(&["compare", "a/gan", "a/wgan", "--out", "out"]);
    assert!(
        text.contains("GAN, RMSProp, lr 5e-5, epochs 4") && text.contains("WGAN, RMSProp, lr 0.001, epochs 6"),
        "{text}"
    );
    for file in files() {
        assert!(world.path("out").join(file).is_file(), "{file} is missing");
    }
    // The numbers are eval's.
    let eval: Value =
        serde_json::from_str(&world.done(&["eval", "a/wgan", "--metrics", "w1", "--repeats", "3", "--json"])).unwrap();
    let comparison = json(&world, "out/comparison.json");
    assert_eq!(comparison["runs"][1]["metrics"]["w1"]["generated"], eval["metrics"]["w1"]["generated"]);
    let csv = std::fs::read_to_string(world.path("out/table.csv")).unwrap();
    assert_eq!(csv.lines().count(), 3);
    // A directory of runs is its runs.
    let written = world.done(&["compare", "a", "--no-gif", "--quiet"]);
    let folder = written.lines().next().unwrap().strip_suffix("/table.md").unwrap();
    assert!(folder.starts_with("work_dirs/compare/a-"), "{written}");
    assert_eq!(json(&world, &format!("{folder}/comparison.json"))["runs"].as_array().unwrap().len(), 2);
    assert!(!world.path(folder).join("panel.gif").exists());
    assert!(world.fails(1, &["compare", "nowhere"]).contains("holds no run"));
    world.fails(2, &["compare"]);
    world.fails(2, &["compare", "a", "--lab"]);
}

#[test]
fn panels_show_what_was_recorded_of_each_run_with_its_own_scale() {
    let world = World::new();
    world.train("a/gan", &["gan", "--epochs", "4", "--frame-every", "1"]);
    world.train("a/wgan", &["wgan", "--epochs", "4", "--frame-every", "2"]);
    world.train("a/bare", &["gan", "--epochs", "4", "--frame-every", "2", "--lr", "1e-3", "--record", "none"]);
    let compared = |out: &str, layers: &[&str]| {
        let measured = ["compare", "a", "--out", out, "--samples", "20", "--repeats", "1", "--format", "png,gif"];
        let output = world.run(&[&measured[..], layers].concat());
        assert!(output.status.success(), "{layers:?}");
        let read = |file: &str| std::fs::read(world.path(out).join(file)).unwrap();
        (["panel.png", "panel.gif"].map(read), String::from_utf8(output.stderr).unwrap())
    };
    let (plain, said) = compared("plain", &[]);
    assert!(!said.contains("bare"), "{said}");
    assert_eq!(compared("points", &["--layers", "points"]).0, plain);
    let (layered, said) = compared("layered", &["--layers", "field,forces,density,points"]);
    // What a run did not record is named, and its other layers are drawn.
    assert!(said.contains("a/bare has no field") && said.contains("a/bare has no forces"), "{said}");
    assert!(!said.contains("density") && !said.contains("a/gan has"), "{said}");
    for (with, without) in layered.iter().zip(&plain) {
        assert_ne!(with, without);
    }
    let message = world.fails(2, &["compare", "a", "--layers", "field,losses"]);
    assert!(message.contains("--layers losses: it stands below points"), "{message}");
}

#[test]
fn seeds_of_a_sweep_are_taken_together_and_paired() {
    let world = World::new();
    let plan = serde_json::json!({
        "base": { "epochs": 2, "frame_every": 1, "batch_size": 40, "data": { "path": "data.npy", "train_size": 200 } },
        "grid": { "model": ["gan", "wgan"], "seed": "0-2" },
    });
    std::fs::write(world.path("plan.json"), plan.to_string()).unwrap();
    world.done(&["sweep", "plan.json", "--out", "sweep", "--quiet"]);
    world.done(&["compare", "sweep", "--out", "out", "--metrics", "sliced-w2,coverage", "--quiet"]);
    let comparison = json(&world, "out/comparison.json");
    let groups = comparison["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    assert_eq!(groups[0]["seeds"], serde_json::json!([0, 1, 2]));
    let mean = |label: &str| {
        let runs = comparison["runs"].as_array().unwrap().iter().filter(|run| run["label"] == label);
        runs.map(|run| run["metrics"]["sliced-w2"]["generated"]["mean"].as_f64().unwrap()).collect::<Vec<_>>()
    };
    let (gan, wgan) = (mean("GAN, RMSProp"), mean("WGAN, RMSProp"));
    let expected = wgan.iter().zip(&gan).map(|(w, g)| w - g).sum::<f64>() / 3.0;
    let paired = comparison["differences"][0]["paired"]["mean"].as_f64().unwrap();
    assert!((paired - expected).abs() < 1e-12, "{paired} for {expected}");
    let table = std::fs::read_to_string(world.path("out/table.md")).unwrap();
    assert!(table.contains("## Over seeds") && table.contains("## Against GAN, RMSProp"), "{table}");
    assert!(table.find("## Over seeds") < table.find("## Runs"), "{table}");
}

#[test]
fn the_labs_comparison_trains_what_is_missing_and_keeps_what_is_there() {
    let world = World::new();
    world.done(&["data", "make", "points", "--points", "400", "--out", "points.mat"]);
    let lab = ["compare", "--lab", "--data", "points.mat", "--train-size", "300", "--epochs", "1", "--out", "out"];
    world.done(&[&lab[..], &["--quiet"]].concat());
    let comparison = json(&world, "out/comparison.json");
    let labels: Vec<_> = comparison["runs"].as_array().unwrap().iter().map(|run| run["label"].clone()).collect();
    assert_eq!(labels, ["GAN, RMSProp", "WGAN, RMSProp", "WGAN-GP, RMSProp", "GAN, SGD", "GAN, Adam"]);
    let state = world.path("work_dirs/train/wgan-rmsprop-points-train_size300-seed0/state.safetensors");
    let before = std::fs::metadata(&state).unwrap().modified().unwrap();
    world.done(&[&lab[..], &["--quiet"]].concat());
    assert_eq!(std::fs::metadata(&state).unwrap().modified().unwrap(), before);
    // A run of that name with other settings is not taken for the lab's.
    world.done(&[
        "train",
        "gan",
        "--optim",
        "adam",
        "--lr",
        "0.1",
        "--data",
        "points.mat",
        "--train-size",
        "300",
        "--epochs",
        "1",
        "--out",
        "work_dirs/train/gan-adam-points-train_size300-seed0",
        "--force",
        "--quiet",
    ]);
    let message = world.fails(1, &lab);
    assert!(message.contains("gan-adam-points-train_size300-seed0") && message.contains("lr: 0.1"), "{message}");
}

#[test]
fn a_run_that_cannot_be_measured_costs_itself_only() {
    let world = World::new();
    for (name, seed) in [("a/one", "0"), ("a/two", "1"), ("a/three", "2")] {
        world.train(name, &["gan", "--epochs", "1", "--seed", seed]);
    }
    std::fs::write(world.path("a/two/state.safetensors"), b"no state").unwrap();
    std::fs::write(world.path("a/three/run.json"), b"{").unwrap();
    let said = world.fails(1, &["compare", "a", "--out", "out"]);
    for run in ["a/two", "a/three"] {
        assert!(said.contains(&format!("{run} cannot be measured")), "{said}");
    }
    assert!(!said.contains("a/one"), "{said}");
    for file in files() {
        assert!(world.path("out").join(file).is_file(), "{file} is missing");
    }
    let comparison = json(&world, "out/comparison.json");
    assert_eq!(comparison["runs"].as_array().unwrap().len(), 1);
    let left_out = comparison["left_out"].as_array().unwrap();
    assert_eq!(left_out.iter().map(|run| &run["run"]).collect::<Vec<_>>(), ["a/three", "a/two"]);
    // What only the panel needs is the run's matter too.
    for file in ["samples.npy", "real.npy", "frames.json"] {
        world.train("b/whole", &["gan", "--epochs", "1"]);
        world.train("b/broken", &["gan", "--epochs", "1", "--seed", "1"]);
        std::fs::write(world.path("b/broken").join(file), b"x").unwrap();
        let said = world.fails(1, &["compare", "b", "--out", "panel"]);
        assert!(said.contains("b/broken cannot be measured") && said.contains(file), "{said}");
        assert!(files().all(|name| world.path("panel").join(name).is_file()), "{file}");
        for folder in ["b", "panel"] {
            std::fs::remove_dir_all(world.path(folder)).unwrap();
        }
    }
    // With none left there is nothing to compare.
    let said = world.fails(1, &["compare", "a/two", "a/three", "--out", "none"]);
    assert!(said.contains("none of the 2 runs can be measured") && !world.path("none").exists(), "{said}");
}

#[test]
fn runs_whose_data_were_moved_are_compared_where_the_data_are() {
    let world = World::new();
    world.train("a/one", &["gan", "--epochs", "1"]);
    world.train("a/two", &["wgan", "--epochs", "1"]);
    std::fs::create_dir(world.path("elsewhere")).unwrap();
    std::fs::rename(world.path("data.npy"), world.path("elsewhere/points.npy")).unwrap();
    let said = world.fails(1, &["compare", "a", "--out", "out"]);
    assert!(said.contains("--data"), "{said}");
    world.done(&["compare", "a", "--out", "out", "--data", "elsewhere/points.npy"]);
    assert!(world.path("out/panel.gif").is_file());
}

#[test]
fn what_runs_recorded_is_compared_without_their_data_and_without_measuring() {
    let world = World::new();
    world.train("a/one", &["gan", "--epochs", "3", "--frame-every", "1"]);
    world.train("a/two", &["gan", "--epochs", "3", "--frame-every", "1", "--seed", "1"]);
    world.train("a/other", &["wgan", "--epochs", "3", "--frame-every", "1"]);
    world.train("a/mute", &["gan", "--epochs", "3", "--seed", "2", "--eval-every", "0"]);
    world.fails(1, &["compare", "a", "--out", "anew", "--data", "nowhere.npy"]);
    world.done(&["compare", "a/one", "a/two", "a/other", "--out", "anew"]);
    std::fs::remove_file(world.path("data.npy")).unwrap();
    let output = world.run(&["compare", "a/one", "a/two", "a/other", "--recorded", "--out", "out"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("the metrics are those that each run recorded") && text.contains("sliced-w2"), "{text}");
    assert!(files().all(|file| world.path("out").join(file).is_file()));
    let (recorded, anew) = (json(&world, "out/comparison.json"), json(&world, "anew/comparison.json"));
    assert_eq!([&recorded, &anew].map(|object| object["recorded"].as_bool().unwrap()), [true, false]);
    for (i, name) in ["one", "two", "other"].into_iter().enumerate() {
        let lines = std::fs::read_to_string(world.path(&format!("a/{name}/metrics.jsonl"))).unwrap();
        let last: Value = serde_json::from_str(lines.lines().last().unwrap()).unwrap();
        let floor = json(&world, &format!("a/{name}/floor.json"));
        let metrics = &recorded["runs"][i]["metrics"];
        assert_eq!(metrics["sliced-w2"]["generated"]["mean"], last["sliced_w2"], "{name}");
        assert_eq!(metrics["coverage"]["generated"]["mean"], last["coverage"]);
        assert_eq!(metrics["sliced-w2"]["floor"]["mean"], floor["sliced_w2"]["mean"]);
        // All else is the same as of runs that are measured.
        for same in ["label", "status", "epochs", "near_from", "unrest", "series", "config", "data_set"] {
            assert_eq!(recorded["runs"][i][same], anew["runs"][i][same], "{name}: {same}");
        }
    }
    let sets = [&recorded, &anew].map(|object| &object["data_sets"][0]);
    for same in ["name", "sha256", "train_size", "held_out", "modes", "headline"] {
        assert_eq!(sets[0][same], sets[1][same], "{same}");
    }
    let said = world.fails(1, &["compare", "a", "--recorded", "--out", "all"]);
    assert!(said.contains("mute recorded no metrics (eval_every 0, or no frame yet)"), "{said}");
    assert_eq!(json(&world, "all/comparison.json")["runs"].as_array().unwrap().len(), 3);
    let said = world.fails(2, &["compare", "a", "--recorded", "--metrics", "sliced-w2,w1"]);
    assert!(said.contains("runs do not record w1, only sliced-w2, coverage, mode-tv"), "{said}");
    world.fails(2, &["compare", "a", "--recorded", "--repeats", "2"]);
}

#[test]
fn the_planned_runs_that_are_not_begun_are_said() {
    let world = World::new();
    let plan = serde_json::json!({
        "base": { "epochs": 1, "batch_size": 40, "data": { "path": "data.npy", "train_size": 200 } },
        "grid": { "model": ["gan"], "seed": "0-2" },
    });
    std::fs::write(world.path("plan.json"), plan.to_string()).unwrap();
    world.done(&["sweep", "plan.json", "--out", "sweep", "--quiet"]);
    let plan = std::fs::read_to_string(world.path("sweep/plan.jsonl")).unwrap();
    let line: Value = serde_json::from_str(plan.lines().next().unwrap()).unwrap();
    std::fs::remove_dir_all(world.path("sweep").join(line["dir"].as_str().unwrap())).unwrap();
    let said = world.command(&["compare", "sweep", "--out", "out", "--no-gif"]).output().unwrap();
    let said = String::from_utf8(said.stderr).unwrap();
    assert!(said.contains("sweep: 1 planned run not begun"), "{said}");
}

#[test]
fn each_comparison_has_a_folder_of_its_own_and_leaves_other_peoples_files_alone() {
    let world = World::new();
    for name in ["work_dirs/train/a", "work_dirs/train/b", "work_dirs/train/c", "x/a", "y/a"] {
        world.train(name, &["gan", "--epochs", "1", "--seed", if name.ends_with('a') { "0" } else { "1" }]);
    }
    let short = ["--metrics", "sliced-w2", "--repeats", "1", "--samples", "20", "--no-gif", "--quiet"];
    let folder = |runs: &[&str]| {
        let written = world.done(&[&["compare"], runs, &short].concat());
        written.lines().next().unwrap().strip_suffix("/table.md").unwrap().to_owned()
    };
    let [a, b, c] = ["work_dirs/train/a", "work_dirs/train/b", "work_dirs/train/c"];
    let folders =
        [&[a, b][..], &[a, c], &[a], &["x/a"], &["y/a"], &["x/a", b], &[a, b, c], &[a, b, c, "x/a"], &[a, b, c, "y/a"]]
            .map(folder);
    assert_eq!(&folders[..3], ["a-vs-b", "a-vs-c", "a"].map(|name| format!("work_dirs/compare/{name}")));
    let mut unique = folders.to_vec();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), folders.len(), "{folders:?}");
    // Again, into the same.
    assert_eq!(folder(&[a, b]), folders[0]);
    std::fs::create_dir(world.path("mine")).unwrap();
    std::fs::write(world.path("mine/table.md"), "years of work").unwrap();
    let args = [&["compare", a, b, "--out", "mine"], &short[..]].concat();
    let message = world.fails(1, &args);
    assert!(message.contains("mine/table.md") && message.contains("--force"), "{message}");
    assert_eq!(std::fs::read_dir(world.path("mine")).unwrap().count(), 1);
    assert_eq!(std::fs::read(world.path("mine/table.md")).unwrap(), b"years of work");
    world.done(&[&args[..], &["--force"]].concat());
    world.done(&args);
}

#[test]
fn a_run_that_is_named_twice_counts_once_and_what_is_left_to_the_data_is_auto() {
    let world = World::new();
    world.train("auto", &["gan", "--epochs", "1"]);
    world.train("none", &["gan", "--epochs", "1", "--scale", "none"]);
    let compare = [
        "compare",
        "auto",
        "./auto",
        "none",
        "--out",
        "out",
        "--samples",
        "20",
        "--repeats",
        "1",
        "--no-gif",
        "--json",
    ];
    let said: serde_json::Value = serde_json::from_str(&world.done(&compare)).unwrap();
    assert_eq!(said["runs"].as_array().unwrap().len(), 2, "{said}");
    let table = std::fs::read_to_string(world.path("out/table.md")).unwrap();
    assert!(table.contains("scale auto") && table.contains("scale none"), "{table}");
}

#[test]
fn data_sets_stand_apart_each_with_its_own_headline() {
    let world = World::new();
    world.done(&["data", "make", "ring8", "--points", "300", "--out", "ring8.mat"]);
    std::fs::copy(world.path("data.npy"), world.path("copy.npy")).unwrap();
    world.train("a/moons", &["gan", "--epochs", "4", "--frame-every", "1"]);
    for (out, model, seed, data) in [
        ("a/ring0", "gan", "0", "ring8.mat"),
        ("a/ring1", "gan", "1", "ring8.mat"),
        ("a/ringw", "wgan", "0", "ring8.mat"),
        ("a/same", "wgan", "0", "copy.npy"),
    ] {
        let small = ["--train-size", "200", "--batch-size", "40", "--epochs", "4", "--frame-every", "1"];
        let run = ["train", model, "--seed", seed, "--data", data, "--out", out, "--quiet"];
        world.done(&[&run[..], &small].concat());
    }
    world.done(&["compare", "a", "--out", "out", "--quiet"]);
    for file in files() {
        assert!(world.path("out").join(file).is_file(), "{file} is missing");
    }
    let comparison = json(&world, "out/comparison.json");
    let sets = comparison["data_sets"].as_array().unwrap();
    let of = |field: &str| sets.iter().map(|set| set[field].clone()).collect::<Vec<_>>();
    // Files are read by name: moons first. The copy has the same content.
    assert_eq!(
        (of("name"), of("headline")),
        (vec!["data".into(), "ring8".into()], vec!["sliced-w2".into(), "mode-tv".into()])
    );
    assert_eq!(sets[1]["modes"], 8);
    for difference in comparison["differences"].as_array().unwrap() {
        let runs = comparison["runs"].as_array().unwrap();
        let both =
            |label: &Value| runs.iter().any(|run| run["label"] == *label && run["data_set"] == difference["data_set"]);
        assert!(both(&difference["label"]) && both(&difference["against"]), "{difference}");
        assert!(difference["paired"]["error"].is_null() && difference["seeds"] == 1, "{difference}");
    }
    // Recorded while it trained, and the same as the last frame's.
    let ring = comparison["runs"].as_array().unwrap().iter().find(|run| run["data_set"] == "ring8").unwrap();
    let by_epoch = ring["series"]["mode-tv"]["by_epoch"].as_array().unwrap();
    assert_eq!(by_epoch.len(), 4);
    assert!(ring["floor"]["mode_tv"]["mean"].is_number() && ring["series"]["mode-tv"]["floor"]["mean"].is_number());
    let moons = comparison["runs"].as_array().unwrap().iter().find(|run| run["data_set"] == "data").unwrap();
    assert!(moons["metrics"].get("mode-tv").is_none() && moons["metrics"]["w1"]["generated"]["mean"].is_number());
    // The files that were asked for, and no others.
    let few = [
        "compare",
        "a",
        "--out",
        "few",
        "--format",
        "latex,csv",
        "--against",
        "wgan, rmsprop",
        "--group-by",
        "model,optim",
    ];
    world.done(&[&few[..], &["--only", "wgan", "--only", "gan", "--quiet"]].concat());
    let mut written: Vec<_> = std::fs::read_dir(world.path("few"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    written.sort();
    // And the list of what was made here.
    assert_eq!(written, [".gan-lab-made.jsonl", "curves.csv", "runs.csv", "table.csv", "table.tex"]);
    let said = world.fails(2, &["compare", "a", "--out", "few", "--only", "sgd"]);
    assert!(said.contains("'sgd'") && said.contains("GAN, RMSProp"), "{said}");
    assert!(world.fails(2, &["compare", "a", "--group-by", "seed"]).contains("what a group holds"));
    assert!(world.fails(2, &["compare", "a", "--format", "html"]).contains("latex"));
}

#[test]
fn few_points_are_said_to_be_few() {
    let world = World::new();
    let few =
        ["--data", "data.npy", "--train-size", "295", "--batch-size", "40", "--epochs", "2", "--frame-every", "1"];
    world.done(&[&["train", "gan", "--out", "run", "--quiet"][..], &few].concat());
    let eval: Value = serde_json::from_str(&world.done(&["eval", "run", "--json"])).unwrap();
    for metric in ["precision", "recall", "density", "coverage"] {
        assert!(eval["metrics"][metric]["generated"].is_null() && eval["metrics"][metric]["floor"].is_null());
        let note = eval["metrics"][metric]["note"].as_str().unwrap();
        assert!(note.contains("5 points") && note.contains("at least 6"), "{note}");
    }
    assert!(eval["metrics"]["w1"]["generated"]["mean"].is_number() && eval["metrics"]["w1"]["note"].is_null());
    let said = world.done(&["eval", "run"]);
    assert!(said.contains("precision, recall, density, coverage: 5 points"), "{said}");
    let records = std::fs::read_to_string(world.path("run/metrics.jsonl")).unwrap();
    assert!(records.contains("sliced_w2") && !records.contains("coverage"), "{records}");
    world.done(&["compare", "run", "--out", "out", "--quiet"]);
    let table = std::fs::read_to_string(world.path("out/table.md")).unwrap();
    assert!(table.contains("too few to tell"), "{table}");
    // And goes on as it began.
    let more = ["train", "gan", "--out", "run", "--resume", "--quiet", "--data", "data.npy", "--train-size", "295"];
    world.done(&[&more[..], &["--batch-size", "40", "--frame-every", "1", "--epochs", "3"]].concat());
}

/// Points as surveyors have them: far from their origin, a few metres apart.
fn surveyed(world: &World) {
    let points = |n: u32| {
        (0..n).map(f64::from).map(|i| (388_095.0 + 3.0 * (i * 0.7).sin(), 5_812_345.0 + 2.0 * (i * 1.3).cos()))
    };
    let lines: String = points(300).fold(String::new(), |lines, (x, y)| lines + &format!("{x:.3},{y:.3}\n"));
    std::fs::write(world.path("utm.csv"), "easting,northing\n".to_owned() + &lines).unwrap();
}

#[test]
fn the_floor_is_the_datas_whatever_the_runs_units_and_their_order() {
    let world = World::new();
    surveyed(&world);
    let small =
        ["--data", "utm.csv", "--train-size", "200", "--batch-size", "40", "--epochs", "2", "--frame-every", "1"];
    let names = ["none", "standardise", "whiten"].map(|scale| {
        for seed in ["0", "1"] {
            let out = format!("{scale}-{seed}");
            let run = ["train", "gan", "--scale", scale, "--seed", seed, "--out", &out, "--quiet"];
            world.done(&[&run[..], &small].concat());
        }
        [format!("{scale}-0"), format!("{scale}-1")]
    });
    let floors = |out: &str, names: &[&str]| {
        world.done(&[&["compare"], names, &["--out", out, "--format", "json", "--quiet"]].concat());
        let comparison = json(&world, &format!("{out}/comparison.json"));
        for run in comparison["runs"].as_array().unwrap() {
            let alike = |other: &&Value| other["config"]["seed"] == run["config"]["seed"];
            for other in comparison["runs"].as_array().unwrap().iter().filter(alike) {
                for (metric, measured) in run["metrics"].as_object().unwrap() {
                    assert_eq!(measured["floor"], other["metrics"][metric]["floor"], "{metric}");
                }
                assert_eq!(run["series"]["sliced-w2"]["floor"], other["series"]["sliced-w2"]["floor"]);
            }
        }
        comparison["data_sets"][0]["floor"].clone()
    };
    let mut all: Vec<&str> = names.as_flattened().iter().map(String::as_str).collect();
    let forwards = floors("forwards", &all);
    all.reverse();
    assert_eq!(floors("backwards", &all), forwards);
    all.sort_by_key(|name| !name.starts_with("whiten"));
    assert_eq!(floors("otherwise", &all), forwards);
    // To the point: eval says the same.
    let eval: Value = serde_json::from_str(&world.done(&["eval", "none-0", "--repeats", "3", "--json"])).unwrap();
    let whiten: Value = serde_json::from_str(&world.done(&["eval", "whiten-0", "--repeats", "3", "--json"])).unwrap();
    assert_eq!(eval["metrics"]["w1"]["floor"], whiten["metrics"]["w1"]["floor"]);
}

#[test]
fn runs_that_repeat_others_or_diverged_are_said_to() {
    let world = World::new();
    for name in ["a/first", "a/second", "a/third"] {
        world.train(name, &["gan", "--epochs", "2"]);
    }
    std::fs::create_dir(world.path("a/copy")).unwrap();
    for entry in std::fs::read_dir(world.path("a/first")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), world.path("a/copy").join(entry.file_name())).unwrap();
    }
    world.train("a/other", &["gan", "--epochs", "2", "--seed", "1"]);
    for (name, seed) in [("a/wild", "0"), ("a/wilder", "1")] {
        let options = ["wgan", "--optim", "sgd", "--lr", "1e6", "--epochs", "2", "--seed", seed];
        world.fails(1, &crate::world::train_args(name, &options));
    }
    let text = world.done(&["compare", "a", "--out", "out"]);
    assert!(text.contains("a/first, a/second, a/third repeat a/copy: same settings, seed and data"), "{text}");
    assert!(text.contains("2 of 2 diverged (seed 0 at epoch 1, seed 1 at epoch 1); there is no mean"), "{text}");
    assert!(text.contains("0 of 2") && text.contains("diverged at epoch 1"), "{text}");
    let comparison = json(&world, "out/comparison.json");
    let groups = comparison["groups"].as_array().unwrap();
    assert_eq!(groups[0]["seeds"], serde_json::json!([0, 1]));
    assert!(groups[0]["metrics"]["w1"]["error"].as_f64().unwrap() > 0.0);
    assert_eq!((&groups[1]["diverged"], &groups[1]["seeds"]), (&serde_json::json!([0, 1]), &serde_json::json!([])));
    assert_eq!(comparison["repeats"].as_array().unwrap().len(), 3);
    let csv = std::fs::read_to_string(world.path("out/runs.csv")).unwrap();
    assert!(csv.contains(",diverged,0,") && !csv.contains("a/second"), "{csv}");
    for file in files() {
        assert!(world.path("out").join(file).is_file(), "{file} is missing");
    }
}

#[test]
fn the_list_of_runs_says_once_what_they_have_in_common() {
    let world = World::new();
    world.train("a/one", &["wgan", "--epochs", "2", "--clip", "0.02"]);
    world.train("a/two", &["wgan", "--epochs", "2", "--clip", "0.03", "--seed", "1"]);
    let list = world.done(&["runs", "a"]);
    let (head, rows) = list.split_once("\n\n").unwrap();
    assert_eq!(
        head,
        "all 2 points runs: model wgan, data data.npy, train_size 200, optim rmsprop, epochs 2, batch_size 40"
    );
    assert!(
        rows.contains("clip 0.02, seed 0") && rows.contains("clip 0.03, seed 1") && !rows.contains("batch"),
        "{list}"
    );
    // Constants of a choice are no difference of their own.
    world.train("a/three", &["gan", "--epochs", "2", "--optim", "adam"]);
    let list = world.done(&["runs", "a"]);
    let row = list.lines().find(|line| line.contains("a/three")).unwrap();
    assert!(row.ends_with("model gan, optim adam, seed 0"), "{list}");
}

#[test]
fn nothing_under_a_folder_is_left_out_in_silence() {
    let world = World::new();
    world.train("a/one", &["gan", "--epochs", "1"]);
    world.train("a/two", &["gan", "--epochs", "1", "--seed", "1"]);
    std::fs::remove_file(world.path("a/two/state.safetensors")).unwrap();
    std::fs::create_dir(world.path("a/job")).unwrap();
    let sefa = crate::documents::path("tests/fixtures/runs/sefa");
    for entry in std::fs::read_dir(sefa).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
        std::fs::copy(entry.path(), world.path("a/job").join(entry.file_name())).unwrap();
    }
    let said = world.fails(1, &["compare", "a", "--out", "out", "--format", "json,md"]);
    assert!(said.contains("a/two cannot be measured"), "{said}");
    assert!(said.contains("a: 1 run is of another kind and is not compared"), "{said}");
    assert_eq!(json(&world, "out/comparison.json")["left_out"][0]["run"], "a/two");
    assert!(std::fs::read_to_string(world.path("out/table.md")).unwrap().contains("a/two"));
}

#[test]
fn what_was_asked_for_is_done_or_said_not_to_be() {
    let world = World::new();
    world.train("a/gan", &["gan", "--epochs", "1"]);
    world.train("a/wgan", &["wgan", "--epochs", "1"]);
    world.train("a/adam", &["gan", "--epochs", "1", "--optim", "adam"]);
    // What is for the lab's comparison.
    for (option, value) in
        [("--seeds", "0-1"), ("--epochs", "3"), ("--train-size", "20"), ("--runs", "x"), ("--jobs", "2")]
    {
        let said = world.fails(2, &["compare", "a", "--out", "out", option, value]);
        assert!(said.contains(option) && said.contains("--lab"), "{said}");
    }
    let said = world.fails(2, &["compare", "a", "--out", "out", "--against", "gan"]);
    assert!(said.contains("'gan' may be 'GAN, Adam', 'GAN, RMSProp'"), "{said}");
    let said = world.fails(2, &["compare", "a", "--out", "out", "--against", "sgd"]);
    assert!(
        said.contains("no group is called 'sgd'; there are 'GAN, Adam', 'GAN, RMSProp', 'WGAN, RMSProp'"),
        "{said}"
    );
    // Twice is once.
    let twice =
        ["compare", "a", "--out", "out", "--metrics", "w1,w1", "--group-by", "model,model", "--format", "md,json"];
    let said = world.done(&twice);
    assert_eq!(said.lines().find(|line| line.contains("group")).unwrap().matches("w1").count(), 1, "{said}");
    assert_eq!(json(&world, "out/comparison.json")["groups"][0]["label"], "GAN");
    assert!(said.contains("standard error over runs"), "{said}");
    // A law that is not that of the points.
    let said = world.fails(1, &["compare", "a", "--out", "out", "--law", "ring8", "--format", "md"]);
    assert!(said.contains("not of the law ring8"), "{said}");
    // Settings that only tell data sets apart are theirs, and a group that one of them lacks is missed there.
    std::fs::copy(world.path("data.npy"), world.path("copy.npy")).unwrap();
    let other = [
        "train",
        "wgan",
        "--data",
        "copy.npy",
        "--train-size",
        "100",
        "--batch-size",
        "20",
        "--epochs",
        "2",
        "--quiet",
    ];
    world.done(&[&other[..], &["--out", "a/x"]].concat());
    world.done(&[&other[..], &["--lr", "1e-3", "--out", "a/y"]].concat());
    let said = world.done(&["compare", "a", "--out", "out", "--against", "gan, rmsprop", "--format", "md,json"]);
    assert!(said.contains("100 points train, 200 are held out; epochs 2, batch_size 20; SHA-256"), "{said}");
    assert!(said.contains("200 points train, 100 are held out; lr 5e-5, epochs 1, batch_size 40; SHA-256"), "{said}");
    assert!(said.contains("data, 100 train: no group here, or more than one, is 'gan, rmsprop'"), "{said}");
    let labels: Vec<Value> = json(&world, "out/comparison.json")["groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["label"].clone())
        .collect();
    assert_eq!(labels.last().unwrap(), "WGAN, RMSProp, lr 0.001", "{labels:?}");
}
