//! `gan-lab report`: what is in a page, what it refuses.

use std::path::Path;
use std::process::Command;

use gan_lab::data::npy;
use gan_lab::page::packed::Packed;
use serde_json::Value;

use crate::world::{World, contents};

/// A run's share of a page at most.
const MOST_BYTES: usize = 1_500_000;

/// The data in a page.
fn data_of(page: &Path) -> Value {
    let html = std::fs::read_to_string(page).unwrap();
    assert!(html.starts_with("<!doctype html>") && html.ends_with("</html>\n"));
    let line = html.lines().find_map(|line| line.strip_prefix("const DATA = ")).unwrap();
    serde_json::from_str(line.strip_suffix(';').unwrap()).unwrap()
}

fn unpacked(packed: &Value) -> Vec<f64> {
    let number = |name: &str| packed[name].as_f64().unwrap();
    let data = packed["data"].as_str().unwrap().to_owned();
    Packed { low: number("low"), high: number("high"), data }.values()
}

fn array(path: &Path) -> npy::Array {
    npy::decode(&std::fs::read(path).unwrap()).unwrap()
}

/// Fails where packed numbers are further from these than half of a step of their range.
fn assert_near(packed: &Value, wanted: &[f64], what: &str) {
    let found = unpacked(packed);
    assert_eq!(found.len(), wanted.len(), "{what}");
    let range = packed["high"].as_f64().unwrap() - packed["low"].as_f64().unwrap();
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() <= range / 131_068.0 * 1.001 + 1e-12, "{what}: {found}, not {wanted}");
    }
}

#[test]
fn a_page_holds_what_the_run_recorded() {
    let world = World::new();
    world.train("run", &["wgan", "--epochs", "6", "--frame-every", "2", "--eval-every", "1"]);
    let said = world.done(&["report", "run", "--out", "page.html"]);
    assert!(said.contains("page.html"), "{said}");
    let size = std::fs::metadata(world.path("page.html")).unwrap().len() as usize;
    assert!(size < MOST_BYTES, "{size} bytes");
    let data = data_of(&world.path("page.html"));
    let run = &data["runs"][0];
    assert_eq!(run["epochs"], serde_json::json!([2, 4, 6]));
    let folder = world.path("run");
    let column = |values: &[f64], axis: usize| values.iter().skip(axis).step_by(2).copied().collect::<Vec<f64>>();
    let each = |file: &str, frame: usize| {
        let array = array(&folder.join(file));
        let size = array.values.len() / 3;
        array.values[frame * size..(frame + 1) * size].to_vec()
    };
    for frame in 0..3 {
        // Generated points far off stand at the border of what is packed, outside of the plot.
        let (packed, samples) = (&run["samples"][frame], each("samples.npy", frame));
        for (axis, name) in ["x", "y"].into_iter().enumerate() {
            let [low, high] = ["low", "high"].map(|end| packed[name][end].as_f64().unwrap());
            let wanted: Vec<f64> = column(&samples, axis).iter().map(|x| x.clamp(low, high)).collect();
            assert_near(&packed[name], &wanted, "samples");
            let axes: [f64; 2] = serde_json::from_value(data["axes"][name].clone()).unwrap();
            assert!(low < axes[0] && axes[1] < high);
        }
        assert_near(&run["field"]["frames"][frame], &each("field.npy", frame), "field");
        assert_near(&run["weights"]["frames"][frame], &each("weights.npy", frame), "weights");
        let scores = each("scores.npy", frame);
        let count = scores.len() / 3;
        let mean = |kind: usize| scores[kind * count..(kind + 1) * count].iter().sum::<f64>() / count as f64;
        for kind in 0..3 {
            assert_near(&run["scores"]["frames"][frame][kind], &scores[kind * count..(kind + 1) * count], "scores");
        }
        let critic = run["critic"][frame].as_f64().unwrap();
        assert!((critic - (mean(1) - mean(2))).abs() < 1e-9, "{critic}");
    }
    assert_near(&run["real"]["y"], &column(&array(&folder.join("real.npy")).values, 1), "real");
    let floor: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("floor.json")).unwrap()).unwrap();
    assert_eq!(run["floor"], floor);
    // Each loss as it was recorded, to six digits.
    let metrics = std::fs::read_to_string(folder.join("metrics.jsonl")).unwrap();
    let losses: Vec<f64> =
        metrics.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["d_loss"].as_f64().unwrap()).collect();
    let shown = &run["records"]["columns"][0];
    assert_eq!((shown["name"].as_str(), shown["values"].as_array().unwrap().len()), (Some("d_loss"), 6));
    for (found, wanted) in shown["values"].as_array().unwrap().iter().zip(losses) {
        assert!((found.as_f64().unwrap() - wanted).abs() <= 1e-5 * wanted.abs());
    }
    let names: Vec<&str> =
        run["records"]["columns"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"sliced_w2") && names.contains(&"clip_share"), "{names:?}");
    // A Wasserstein critic's true distance beside it.
    assert_eq!(run["w1"]["values"].as_array().unwrap().len(), 3);
    assert!(run["w1"]["floor"].as_f64().unwrap() > 0.0);
    assert_eq!(run["rule"]["wasserstein"], true);
    assert_eq!(run["rule"]["clip"], 0.1);
}

#[test]
fn a_page_says_the_same_each_time_and_replaces_only_itself() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "2", "--frame-every", "1"]);
    world.done(&["report", "run", "--out", "a.html"]);
    let first = std::fs::read(world.path("a.html")).unwrap();
    world.done(&["report", "run", "--out", "a.html"]);
    assert_eq!(std::fs::read(world.path("a.html")).unwrap(), first);
    std::fs::write(world.path("mine.html"), "mine").unwrap();
    let message = world.fails(1, &["report", "run", "--out", "mine.html"]);
    assert!(message.contains("mine.html") && message.contains("--force"), "{message}");
    assert_eq!(std::fs::read_to_string(world.path("mine.html")).unwrap(), "mine");
    world.done(&["report", "run", "--out", "mine.html", "--force"]);
    assert_eq!(std::fs::read(world.path("mine.html")).unwrap(), first);
    // Nothing said: after the run.
    world.done(&["report", "run"]);
    assert_eq!(std::fs::read(world.path("report/run.html")).unwrap(), first);
}

#[test]
fn a_run_of_many_frames_and_points_stays_small_and_says_what_is_left_out() {
    let world = World::new();
    world.done(&["data", "make", "ring8", "--points", "9000", "--out", "many.npy"]);
    let options = ["--data", "many.npy", "--train-size", "1000", "--batch-size", "500", "--threads", "1", "--quiet"];
    let run = ["train", "gan", "--epochs", "90", "--frame-every", "1", "--eval-every", "0", "--out", "run"];
    world.done(&[&run[..], &options].concat());
    world.done(&["report", "run", "--out", "page.html"]);
    let size = std::fs::metadata(world.path("page.html")).unwrap().len() as usize;
    assert!(size < MOST_BYTES && size > MOST_BYTES / 2, "{size} bytes");
    let run = &data_of(&world.path("page.html"))["runs"][0];
    let epochs: Vec<u64> = serde_json::from_value(run["epochs"].clone()).unwrap();
    assert_eq!((run["recorded"].as_u64(), run["held_out"].as_u64()), (Some(90), Some(8000)));
    assert!(epochs.len() > 20 && epochs.len() < 90 && epochs.is_sorted(), "{epochs:?}");
    assert_eq!((epochs[0], epochs[epochs.len() - 1]), (1, 90));
    assert!(unpacked(&run["real"]["x"]).len() < 8000);
    assert_eq!(run["samples"].as_array().unwrap().len(), epochs.len());
}

#[cfg(unix)]
#[test]
fn hostile_names_stay_text() {
    let world = World::new();
    let name = "</script><!--<script>\u{2028}'\"& $(touch pwned)";
    let folder = name.replace('/', "\u{2044}");
    std::fs::create_dir(world.path(&folder)).unwrap();
    std::fs::copy(world.path("data.npy"), world.path(&folder).join("d'a <b>.npy")).unwrap();
    let data = format!("{folder}/d'a <b>.npy");
    let run = format!("{folder}/run");
    let options = ["--train-size", "200", "--batch-size", "40", "--epochs", "1", "--frame-every", "1", "--quiet"];
    world.done(&[&["train", "gan", "--data", &data, "--out", &run], &options[..]].concat());
    world.done(&["report", &run, "--out", "page.html"]);
    let html = std::fs::read_to_string(world.path("page.html")).unwrap();
    assert!(!html.contains("<!--") && !html.contains("<b>"));
    let page = data_of(&world.path("page.html"));
    assert_eq!(page["runs"][0]["data"], data);
    assert_eq!(page["runs"][0]["path"], run);
    // The command is one of words, whatever the names.
    let command = page["runs"][0]["repeat"]["command"].as_str().unwrap();
    repeat(&world, command);
    assert!(!world.path("pwned").exists());
    assert_eq!(contents(&world.path("repeated"))["samples.npy"], contents(&world.path(&run))["samples.npy"]);
}

/// Carries out the command that a page names.
fn repeat(world: &World, command: &str) {
    let script = command.replace("gan-lab train", "\"$GAN_LAB\" train");
    let mut shell = Command::new("sh");
    shell.args(["-ec", &script]).current_dir(world.path("")).env("GAN_LAB", env!("CARGO_BIN_EXE_gan-lab"));
    let output = shell.output().unwrap();
    assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_command_repeats_the_run() {
    for options in [
        &["gan", "--optim", "adam", "--lr", "3e-4", "--seed", "5"][..],
        &["wgan-gp", "--set", "objective.gp_weight=3"],
        &["--preset", "modes"],
        &["--preset", "best", "--optim-d", "sgd", "--lookahead", "5"],
        &["--rule", "hinge", "--constraint", "spectral-norm", "--set", "generator.hidden=16,16,16", "--ema", "0.9"],
    ] {
        let world = World::new();
        world.train("run", &[options, &["--epochs", "2"]].concat());
        let said: Value =
            serde_json::from_str(&world.done(&["report", "run", "--out", "page.html", "--json"])).unwrap();
        let command = said["shown"][0]["command"].as_str().unwrap();
        assert!(command.starts_with("gan-lab train --preset "), "{command}");
        repeat(&world, command);
        let (first, again) = (contents(&world.path("run")), contents(&world.path("repeated")));
        for file in ["samples.npy", "metrics.jsonl", "generator.safetensors", "discriminator.safetensors"] {
            assert_eq!(first[file], again[file], "{options:?}: {file}: {command}");
        }
    }
}

#[test]
fn several_runs_stand_side_by_side_with_the_tables_of_a_comparison() {
    let world = World::new();
    for (out, seed, lr) in [("a0", "0", "1e-4"), ("a1", "1", "1e-4"), ("b0", "0", "5e-4"), ("b1", "1", "5e-4")] {
        world
            .train(&format!("runs/{out}"), &["gan", "--epochs", "2", "--frame-every", "1", "--seed", seed, "--lr", lr]);
    }
    let few = ["--repeats", "1", "--samples", "30"];
    world.done(&[&["report", "runs/a0", "runs/b0", "--out", "two.html"], &few[..]].concat());
    let page = data_of(&world.path("two.html"));
    assert_eq!((page["same_data"].as_bool(), page["same_codes"].as_bool()), (Some(true), Some(true)));
    let names: Vec<&str> = (0..2).map(|i| page["runs"][i]["name"].as_str().unwrap()).collect();
    assert!(names[0].contains("1e-4") && names[1].contains("5e-4"), "{names:?}");
    let tables = page["tables"].as_array().unwrap();
    assert_eq!(tables.len(), 3, "groups, differences, runs");
    assert_eq!(tables[2]["rows"][1][0]["text"], "floor (real against real)");
    // A folder, and a comparison of it.
    world.done(&[&["report", "runs", "--out", "four.html"], &few[..]].concat());
    let page = data_of(&world.path("four.html"));
    assert_eq!(page["runs"].as_array().unwrap().len(), 4);
    assert_eq!(page["same_codes"], false);
    world.done(&[&["compare", "runs", "--out", "compared", "--format", "json", "--quiet"], &few[..]].concat());
    world.done(&[&["report", "compared", "--out", "again.html"], &few[..]].concat());
    assert_eq!(data_of(&world.path("again.html"))["runs"], page["runs"]);
    let plain = world.done(&["report", "runs", "--out", "plain.html", "--no-tables"]);
    assert!(plain.contains("plain.html"));
    assert_eq!(data_of(&world.path("plain.html"))["tables"], serde_json::json!([]));
    // A fifth run: the groups' median runs.
    world.train("runs/c0", &["wgan", "--epochs", "2", "--frame-every", "1"]);
    let said = world.done(&[&["report", "runs", "--out", "five.html"], &few[..]].concat());
    assert!(said.contains("median run") && said.contains("5 runs"), "{said}");
    let page = data_of(&world.path("five.html"));
    assert_eq!(page["runs"].as_array().unwrap().len(), 3);
    let rows = page["tables"].as_array().unwrap().last().unwrap()["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 2 + 5, "a header, the floor, every run");
    assert!(page["notes"].as_array().unwrap().iter().any(|note| note.as_str().unwrap().contains("median")));
}

#[test]
fn one_damaged_run_does_not_cost_the_page_of_the_others() {
    let world = World::new();
    for seed in ["0", "1", "2"] {
        let args = ["gan", "--epochs", "2", "--frame-every", "1", "--seed", seed];
        world.train(&format!("runs/{seed}"), &args);
    }
    let damaged = world.path("runs/1/run.json");
    let sound = std::fs::read(&damaged).unwrap();
    std::fs::write(&damaged, &sound[..sound.len() / 2]).unwrap();
    let few = ["--repeats", "1", "--samples", "30"];
    for options in [&few[..], &["--no-tables"]] {
        let message = world.fails(1, &[&["report", "runs", "--out", "page.html"], options].concat());
        assert!(message.contains("runs/1 cannot be shown") && message.contains("left out"), "{message}");
        let page = data_of(&world.path("page.html"));
        assert_eq!(page["runs"].as_array().unwrap().len(), 2);
        let notes: Vec<&str> = page["notes"].as_array().unwrap().iter().map(|note| note.as_str().unwrap()).collect();
        assert!(notes.iter().any(|note| note.contains("runs/1: not shown")), "{notes:?}");
        std::fs::remove_file(world.path("page.html")).unwrap();
    }
    // Nothing that can be shown is no page.
    world.fails(1, &["report", "runs/1", "--out", "page.html"]);
    assert!(!world.path("page.html").exists());
}

#[test]
fn a_run_that_lacks_something_has_a_page_that_says_so() {
    let world = World::new();
    world.train("bare", &["gan", "--epochs", "2", "--frame-every", "1", "--record", "none"]);
    world.train("pairs", &["--rule", "paired", "--epochs", "2", "--frame-every", "1"]);
    world.train("young", &["gan", "--epochs", "1", "--frame-every", "50"]);
    for (run, lacks) in [("bare", &["field", "scores", "weights", "lattice"][..]), ("pairs", &["field", "scores"])] {
        world.done(&["report", run, "--out", "page.html"]);
        let page = data_of(&world.path("page.html"));
        for name in lacks {
            assert!(page["runs"][0].get(name).is_none(), "{run} has {name}");
        }
    }
    assert!(data_of(&world.path("page.html"))["runs"][0]["why"].as_str().unwrap().contains("pairs"));
    world.done(&["report", "young", "--out", "page.html"]);
    assert_eq!(data_of(&world.path("page.html"))["runs"][0]["epochs"], serde_json::json!([1]));
}

#[test]
fn what_is_no_run_of_points_is_refused_with_what_to_do() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "1"]);
    for (code, args, needle) in [
        (1, &["report", "nothing"][..], "nothing"),
        (2, &["report", "run", "--out", "page.txt"], "page.html"),
        (2, &["report", "run", "--out", "."], "name a file"),
        (2, &["report"], "<RUN>"),
        (2, &["report", "run", "--no-tables", "--samples", "20"], "--no-tables"),
    ] {
        let message = world.fails(code, args);
        assert!(message.contains(needle), "{args:?}: {message}");
    }
    std::fs::create_dir(world.path("folder")).unwrap();
    std::fs::write(world.path("folder/comparison.json"), "{\"runs\": 3}").unwrap();
    let message = world.fails(1, &["report", "folder"]);
    assert!(message.contains("not a comparison") && message.contains("name the runs"), "{message}");
    // Data that are gone: the page without tables.
    world.train("other", &["gan", "--epochs", "1", "--seed", "1"]);
    std::fs::rename(world.path("data.npy"), world.path("moved.npy")).unwrap();
    let message = world.fails(1, &["report", "run", "other", "--out", "page.html"]);
    assert!(message.contains("--no-tables"), "{message}");
    world.done(&["report", "run", "other", "--out", "page.html", "--no-tables"]);
    world.done(&["report", "run", "other", "--out", "page.html", "--data", "moved.npy"]);
}

#[test]
fn a_job_of_images_is_refused_by_what_shows_it() {
    let world = World::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checkpoints/genforce-zip.pth");
    let small = ["--n", "1", "--k", "1", "--steps", "3", "--viz-size", "16", "--out", "job", "--quiet"];
    world.done(&[&["sefa", "--checkpoint", file.to_str().unwrap()], &small[..]].concat());
    let message = world.fails(1, &["report", "job"]);
    assert!(message.contains("index.html"), "{message}");
}
