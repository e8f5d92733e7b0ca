//! Metrics as the commands give them.

use gan_lab::metric::Metric;

use crate::world::World;

#[test]
fn a_floor_of_all_training_points_has_no_deviation_from_draw_to_draw() {
    let world = World::new();
    let train = ["train", "gan", "--data", "data.npy", "--train-size", "150", "--batch-size", "50", "--epochs", "1"];
    world.done(&[&train[..], &["--out", "run", "--quiet"]].concat());
    let floor: serde_json::Value =
        serde_json::from_slice(&std::fs::read(world.path("run/floor.json")).unwrap()).unwrap();
    assert_eq!((&floor["draws"], &floor["sliced_w2"]["deviation"]), (&1.into(), &serde_json::Value::Null), "{floor}");
    for (samples, known) in [("150", false), ("100", true)] {
        let said = world.done(&["eval", "run", "--metrics", "w1", "--samples", samples, "--repeats", "3", "--json"]);
        let said: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(said["metrics"]["w1"]["floor"]["deviation"].is_number(), known, "{said}");
    }
}

#[test]
fn a_run_is_measured_beside_its_floor() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "2"]);
    let before = crate::world::contents(&world.path("run"));
    let json: serde_json::Value = serde_json::from_str(&world.done(&["eval", "run", "--json"])).unwrap();
    assert_eq!((json["samples"].as_u64(), json["epoch"].as_u64()), (Some(100), Some(2)));
    for metric in Metric::ALL.into_iter().filter(|metric| !metric.needs_modes()) {
        for side in ["generated", "floor"] {
            assert!(json["metrics"][metric.name()][side]["mean"].is_number(), "{} {side}", metric.name());
        }
    }
    // Two epochs are not enough for moons, and real points are like real points.
    let mean = |metric: &str, side: &str| json["metrics"][metric][side]["mean"].as_f64().unwrap();
    assert!(mean("w1", "generated") > 2.0 * mean("w1", "floor"));
    assert!((mean("1-nn", "floor") - 0.5).abs() < 0.12);
    assert_eq!(world.done(&["eval", "run"]), world.done(&["eval", "run"]));
    assert_eq!(crate::world::contents(&world.path("run")), before);
    let text = world.done(&["eval", "run", "--metrics", "sliced-w2,coverage", "--samples", "50", "--repeats", "2"]);
    assert!(text.contains("sliced-w2") && !text.contains("mmd2"), "{text}");
    assert!(world.fails(2, &["eval", "run", "--samples", "101"]).contains("at most 100"));
    assert!(world.fails(2, &["eval", "run", "--metrics", "fid"]).contains("sliced-w2"));
    assert!(world.fails(1, &["eval", "nowhere"]).contains("holds no run"));
    assert!(world.fails(2, &["eval", "run", "--metrics", "modes"]).contains("--law"));
}

#[test]
fn a_run_on_a_known_law_is_measured_by_its_modes() {
    let world = World::new();
    for (law, modes) in [("ring8", 8.0), ("points", 4.0)] {
        let file = format!("{law}.mat");
        world.done(&["data", "make", law, "--points", "400", "--out", &file]);
        let run = format!("run-{law}");
        world.done(&[
            "train",
            "gan",
            "--data",
            &file,
            "--train-size",
            "300",
            "--batch-size",
            "50",
            "--epochs",
            "1",
            "--out",
            &run,
        ]);
        let json: serde_json::Value = serde_json::from_str(&world.done(&["eval", &run, "--json"])).unwrap();
        let mean = |metric: &str, side: &str| json["metrics"][metric][side]["mean"].as_f64().unwrap();
        assert!((mean("modes", "floor") - modes).abs() < 1e-9, "real points are in every mode");
        assert!(mean("high-quality", "floor") > 0.95 && (mean("spread", "floor") - 1.0).abs() < 0.15);
        assert!(mean("mode-tv", "generated") > 2.0 * mean("mode-tv", "floor"), "one epoch is not enough");
    }
    // The user may say the law, as for files that do not.
    let text = world.done(&["eval", "run-ring8", "--metrics", "modes", "--law", "ring8"]);
    assert!(text.contains("modes"), "{text}");
}

#[test]
fn the_metrics_of_a_training_run_are_in_its_records_beside_their_floor() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "6", "--frame-every", "4"]);
    let measured = |run: &str| {
        let text = std::fs::read_to_string(world.path(run).join("metrics.jsonl")).unwrap();
        let records = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        records
            .filter(|r| r["sliced_w2"].is_number() && r["coverage"].is_number())
            .map(|r| r["epoch"].as_u64())
            .collect::<Vec<_>>()
    };
    assert_eq!(measured("run"), [Some(4), Some(6)]);
    let floor = std::fs::read_to_string(world.path("run").join("floor.json")).unwrap();
    let floor: serde_json::Value = serde_json::from_str(&floor).unwrap();
    assert!(floor["sliced_w2"]["mean"].as_f64().unwrap() > 0.0 && floor["points"] == 100);
    world.train("often", &["gan", "--epochs", "6", "--frame-every", "4", "--eval-every", "2"]);
    assert_eq!(measured("often"), [Some(2), Some(4), Some(6)]);
    world.train("never", &["gan", "--epochs", "6", "--eval-every", "0"]);
    assert!(measured("never").is_empty() && !world.path("never").join("floor.json").exists());
    // The same numbers as from the frames.
    let metric = gan_lab::metric::sliced_w2;
    let run = gan_lab::run::RunDir::new(world.path("run"));
    let run = gan_lab::kinds::points::PointsRun::open(&run).unwrap();
    let frame = run.frames().unwrap().samples.pop().unwrap();
    let recorded = run.metrics().unwrap().pop().unwrap().sliced_w2.unwrap();
    assert_eq!(recorded.to_bits(), metric(&run.real().unwrap(), &frame).to_bits());
}

#[test]
fn the_documents_know_every_metric() {
    let read =
        |name: &str| std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/").to_owned() + name).unwrap();
    for name in ["README.md", "docs/COMMANDS.md"] {
        let said = format!("{} metrics", Metric::ALL.len());
        let text = read(name).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&said), "{name} does not say '{said}'");
    }
    let page = read("docs/EVALUATION.md");
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with('|')).collect();
    for metric in Metric::ALL {
        let name = metric.name();
        let has =
            |row: &&str| row.split('|').nth(1).is_some_and(|cell| cell.split([',', ' ', '`']).any(|word| word == name));
        assert!(rows.iter().any(has), "the table of docs/EVALUATION.md has no row for {name}");
    }
}
