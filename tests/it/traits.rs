//! What a job measures of its directions: by somebody's scores, and by the reader of faces.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use gan_lab::checkpoint;
use gan_lab::traits::{READABLE, Reader};

use crate::documents;
use crate::world::{World, contents_of};

fn fixture() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checkpoints/bare.safetensors").display().to_string()
}

/// The arguments of a small job that is measured.
fn small(more: &[&str]) -> Vec<String> {
    let common = "sefa --n 1 --k 2 --steps 3 --viz-size 16 --traits-samples 6 --traits-floor 8 --out job --checkpoint";
    common.split(' ').chain([fixture().as_str()]).chain(more.iter().copied()).map(str::to_owned).collect()
}

fn done(world: &World, more: &[&str]) -> String {
    world.done(&small(more).iter().map(String::as_str).collect::<Vec<_>>())
}

fn fails(world: &World, code: i32, more: &[&str]) -> String {
    world.fails(code, &small(more).iter().map(String::as_str).collect::<Vec<_>>())
}

fn json(path: &Path) -> serde_json::Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// How red and how green a picture is, in the mean.
fn colours(path: &Path) -> [f64; 2] {
    let picture = gan_lab::media::decode_png(&std::fs::read(path).unwrap()).unwrap();
    let n = picture.pixels().len() as f64;
    [0, 1].map(|channel| picture.pixels().iter().map(|pixel| f64::from(pixel[channel])).sum::<f64>() / n)
}

/// The listed pictures: path, sample, direction, distance.
fn listed(world: &World) -> Vec<[String; 4]> {
    let mut reader = csv::Reader::from_path(world.path("job/traits/images.csv")).unwrap();
    assert_eq!(reader.headers().unwrap(), &["image", "sample", "direction", "distance"][..]);
    reader.deserialize().collect::<Result<_, _>>().unwrap()
}

/// Scores of all listed pictures as somebody else's program writes them; gives them by sample, direction and distance.
fn score(world: &World) -> BTreeMap<[String; 3], [f64; 2]> {
    let mut text = "red,file,image,green\n".to_owned();
    let mut scores = BTreeMap::new();
    for [image, sample, direction, distance] in listed(world).into_iter().rev() {
        let path = world.path("job").join(&image);
        let [red, green] = colours(&path);
        writeln!(text, "{red},x,{},{green}", path.display()).unwrap();
        scores.insert([sample, direction, distance], [red, green]);
    }
    std::fs::write(world.path("scores.csv"), text).unwrap();
    scores
}

#[test]
fn somebodys_scores_become_effects_beside_random_directions() {
    let world = World::new();
    let said = done(&world, &["--traits", "scores"]);
    assert!(said.contains("score the pictures that job/traits/images.csv lists"), "{said}");
    assert!(!world.path("job/traits.json").exists());
    assert_eq!(listed(&world).len(), 6 * (1 + 2 * (2 + 8)));
    let scores = score(&world);
    let said = done(&world, &["--scores", "scores.csv"]);
    assert!(said.contains("what a step of 2 does") && said.contains("direction 1: "), "{said}");
    // By hand.
    let found = json(&world.path("job/traits.json"));
    let at = |sample: usize, direction: &str, distance: &str| {
        scores[&[sample.to_string(), direction.to_owned(), distance.to_owned()]]
    };
    for channel in [0, 1] {
        let plain: Vec<f64> = (0..6).map(|sample| at(sample, "", "0")[channel]).collect();
        let mean = plain.iter().sum::<f64>() / 6.0;
        let deviation = (plain.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 5.0).sqrt();
        let effect = |direction: &str| {
            let half = |sample| (at(sample, direction, "2")[channel] - at(sample, direction, "-2")[channel]) / 2.0;
            (0..6).map(half).sum::<f64>() / 6.0 / deviation
        };
        let near = |found: &serde_json::Value, expected: f64| {
            let found = found.as_f64().unwrap();
            assert!((found - expected).abs() < 2e-6, "{found}, not {expected}");
        };
        for k in [0, 1] {
            near(&found["directions"][k]["effects"][channel]["effect"], effect(&k.to_string()));
        }
        let random: f64 = (0..8).map(|k| effect(&format!("random{k}")).abs()).sum::<f64>() / 8.0;
        near(&found["traits"][channel]["floor"]["mean"], random);
        assert_eq!(found["traits"][channel]["name"], ["red", "green"][channel]);
        near(&found["traits"][channel]["deviation"], deviation);
    }
    let page = std::fs::read_to_string(world.path("job/index.html")).unwrap();
    assert!(page.contains("\"random_directions\":8"));
    // What follows is made again, byte for byte; the scores are the job's own by now.
    let whole = contents_of(&world.path("job"));
    std::fs::remove_file(world.path("scores.csv")).unwrap();
    for lost in ["traits.json", "traits.csv", "index.html", "traits/images.csv", "traits/sample3_random5_step1.png"] {
        std::fs::remove_file(world.path("job").join(lost)).unwrap();
    }
    done(&world, &["--traits", "scores", "--resume"]);
    assert!(contents_of(&world.path("job")) == whole);
    std::fs::remove_file(world.path("job/traits/scores.csv")).unwrap();
    let message = fails(&world, 1, &["--traits", "scores", "--resume"]);
    assert!(message.contains("scores.csv is missing") && message.contains("--scores FILE"), "{message}");
}

#[test]
fn scores_that_do_not_fit_are_refused() {
    let world = World::new();
    done(&world, &["--traits", "scores"]);
    score(&world);
    let text = std::fs::read_to_string(world.path("scores.csv")).unwrap();
    let cases = [
        (text.replace("image", "picture"), "no column 'image'"),
        (text.lines().take(50).collect::<Vec<_>>().join("\n"), "77 of 126 pictures have no line"),
        (text.replacen('\n', "\nwide", 1), "line 2: 'wide"),
    ];
    for (text, words) in cases {
        std::fs::write(world.path("wrong.csv"), text).unwrap();
        let message = fails(&world, 1, &["--scores", "wrong.csv"]);
        assert!(message.contains(words), "{message}");
    }
    let flat = listed(&world).iter().fold("image,flat\n".to_owned(), |text, [image, ..]| text + image + ",1\n");
    std::fs::write(world.path("flat.csv"), flat).unwrap();
    assert!(fails(&world, 1, &["--scores", "flat.csv"]).contains("'flat' is the same for all unedited samples"));
    assert!(fails(&world, 1, &["--scores", "none.csv"]).contains("no file of scores none.csv"));
    let message = fails(&world, 1, &["--scores", "scores.csv", "--traits", "none", "--force"]);
    assert!(message.contains("--traits scores"), "{message}");
    // The job is as it was.
    done(&world, &["--scores", "scores.csv"]);
    for (args, key) in [
        (["--traits-samples", "1"], "--traits-samples"),
        (["--traits-floor", "7"], "--traits-floor"),
        (["--traits-distance", "0"], "--traits-distance"),
    ] {
        let message = fails(&world, 2, &[&["--force", "--traits", "scores"][..], &args].concat());
        assert!(message.contains(key), "{message}");
    }
}

#[test]
fn a_model_that_says_its_law_is_measured_unasked() {
    let world = World::new();
    let file = checkpoint::load(Path::new(&fixture())).unwrap();
    let note = Some(r#"{"law": "faces"}"#.to_owned());
    checkpoint::save(&world.path("noted.safetensors"), &file.tensors, note).unwrap();
    let args = "sefa --n 1 --k 1 --steps 3 --viz-size 16 --traits-samples 3 --traits-floor 8 --checkpoint noted.safetensors --out";
    let run = |out: &str, more: &[&str]| {
        world.done(&args.split(' ').chain([out]).chain(more.iter().copied()).collect::<Vec<_>>())
    };
    let said = run("job", &[]);
    // Random weights draw no faces.
    assert!(said.contains("direction 0: ") && said.contains("100 % of the samples are farther"), "{said}");
    let found = json(&world.path("job/traits.json"));
    assert_eq!((&found["law"], &found["reader_side"], &found["far"]), (&"faces".into(), &16.into(), &1.0.into()));
    assert_eq!(found["traits"].as_array().unwrap().len(), 37);
    let unread = found["traits"].as_array().unwrap().iter().filter(|score| score["r2"].as_f64().unwrap() < READABLE);
    assert!(unread.clone().count() > 3 && unread.clone().all(|score| score["counts"] == false));
    run("named", &["--traits", "faces"]);
    assert!(contents_of(&world.path("named/traits")) == contents_of(&world.path("job/traits")));
    assert!(!run("none", &["--traits", "none"]).contains("standard deviations"));
    assert!(!world.path("none/traits").exists());
    // Without traits a job is what it was before there were any.
    let settings = json(&world.path("none/run.json"));
    let plain =
        ["--checkpoint", &fixture(), "--n", "1", "--k", "1", "--steps", "3", "--viz-size", "16", "--out", "plain"];
    world.done(&[&["sefa"][..], &plain].concat());
    let plain = json(&world.path("plain/run.json"));
    assert_eq!(settings["settings"]["traits"], "none");
    assert!(plain["settings"].as_object().unwrap().keys().all(|key| !key.starts_with("traits")), "{plain}");
}

/// The example of the document, with a scorer that needs nothing.
#[test]
fn the_documents_example_scores_a_job() {
    let text = std::fs::read_to_string(documents::path("docs/TRAITS.md")).unwrap();
    let example = text.split("```python\n").nth(1).unwrap().split("```").next().unwrap();
    let world = World::new();
    done(&world, &["--traits", "scores"]);
    std::fs::write(world.path("example.py"), example).unwrap();
    let scorer = "def score(path):\n    return {'bytes': path.stat().st_size, 'last': path.read_bytes()[-20]}\n";
    std::fs::write(world.path("my_model.py"), scorer).unwrap();
    let run = Command::new("python3").args(["example.py", "job"]).current_dir(world.path("")).output();
    // A machine without Python has no use for it either.
    let Ok(output) = run else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    done(&world, &["--scores", "scores.csv"]);
    let found = json(&world.path("job/traits.json"));
    assert_eq!([&found["traits"][0]["name"], &found["traits"][1]["name"]], ["bytes", "last"]);
}

#[test]
fn the_document_says_how_well_traits_are_read() {
    let reader = Reader::faces().unwrap();
    let card = reader.card();
    let sides = &card.sides;
    let mut table = format!(
        "R² on {} drawings of each side that were not among the {} it was fitted on:\n\n| trait |",
        card.held_out, card.pictures
    );
    for side in sides {
        write!(table, " {} |", side.side).unwrap();
    }
    table += " AUC at 64 |\n|---|";
    table += &"---|".repeat(sides.len() + 1);
    for (i, skill) in sides[0].traits.iter().enumerate() {
        write!(table, "\n| `{}` |", skill.name).unwrap();
        for side in sides {
            let r2 = side.traits[i].r2;
            let words = if r2 >= READABLE { format!("{r2:.2}") } else { format!("*{:.2}, not read*", r2.max(0.0)) };
            write!(table, " {words} |").unwrap();
        }
        table += &skill.auc.map_or_else(|| " |".to_owned(), |auc| format!(" {auc:.3} |"));
    }
    documents::hold("docs/TRAITS.md", "reader", &(table + "\n"));
}

/// The file is as `gan-lab data make faces-reader` writes it, and the command refuses to write over another.
#[cfg(feature = "torch")]
#[test]
fn a_reader_is_fitted_and_never_written_over_unasked() {
    let world = World::new();
    let args = ["data", "make", "faces-reader", "--n", "640", "--held-out", "200", "--out", "reader.safetensors"];
    let said = world.done(&args);
    assert!(said.contains("R² on held-out drawings") && said.contains("wrote reader.safetensors"), "{said}");
    let path = world.path("reader.safetensors");
    let first = std::fs::read(&path).unwrap();
    let reader = Reader::of(&first).unwrap();
    assert_eq!((reader.card().pictures, reader.card().held_out, reader.card().sides.len()), (640, 200, 3));
    assert!(world.fails(1, &args).contains("reader.safetensors exists"));
    world.done(&[&args[..], &["--force", "--threads", "1"]].concat());
    assert!(std::fs::read(&path).unwrap() == first, "another number of threads gave another reader");
}
