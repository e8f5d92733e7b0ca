//! Every command line that the documents have does what it says there: it is run, shortened.

use std::collections::HashSet;
use std::path::Path;
use std::sync::{LazyLock, Mutex};

use crate::commands::{commands, documents, is_only_named};
use crate::documents::path;
use crate::world::World;

/// What is not run here, by its first words or an option, and what tests it.
const ELSEWHERE: [(&str, &str); 5] = [
    ("sefa explore", "it serves a page until it is stopped: studio.rs, scripts/check-pages.sh"),
    ("watch", "so does it: watch.rs, scripts/check-pages.sh"),
    ("--live", "so does it: watch.rs, scripts/check-pages.sh"),
    ("--launcher slurm", "it needs a cluster: sweep.rs, scripts/test-slurm.sh"),
    ("lesson", "it trains whole runs: src/lesson, scripts/check-pages.sh"),
];

/// Options that make a command short, by its first words; in place of the documents' own or beside them.
const SHORTER: [(&str, &[(&str, &str)]); 19] = [
    ("draw run0 --sheet", &[("--sheet", "2")]),
    ("quickstart", &[("--epochs", "2")]),
    ("compare --lab", &[("--epochs", "2"), ("--seeds", "0"), ("--samples", "100"), ("--repeats", "1")]),
    ("compare ", &[("--samples", "100"), ("--repeats", "1")]),
    ("eval ", &[("--samples", "100"), ("--repeats", "1")]),
    ("protocol ring8", &[("--fraction", "0.00001"), ("--seeds", "0")]),
    ("protocol pacgan-grid", &[("--fraction", "0.00001"), ("--seeds", "0")]),
    ("train progan", &[("--kimg-per-phase", "0.004"), ("--final-kimg", "0.004"), ("--batch-size", "4")]),
    ("train ", &[("--epochs", "2")]),
    ("data make faces-reader", &[("--n", "64"), ("--held-out", "100")]),
    ("data make faces", &[("--n", "20")]),
    ("sefa sheet", &[("--seeds", "0-3")]),
    ("sefa directions --checkpoint", &[("--layers", "1-3")]),
    ("sefa directions", &[]),
    ("sefa edit", &[]),
    ("sefa --traits faces", &[("--n", "1"), ("--k", "1"), ("--traits-samples", "2"), ("--traits-floor", "8")]),
    ("sefa --traits scores", &[("--n", "1"), ("--k", "1"), ("--traits-samples", "2"), ("--traits-floor", "8")]),
    ("sefa --checkpoint mine.pkl --traits", &[("--n", "1"), ("--k", "1"), ("--traits-samples", "2")]),
    ("sefa ", &[("--n", "1"), ("--k", "1"), ("--traits", "none")]),
];

/// Commands of builds with libtorch alone.
const OF_LIBTORCH: [&str; 3] = ["train progan", "data make faces-reader", "--engine torch"];

/// What people put in the place of these words, in the order in which a command has them.
const NAMES: [(&str, &[&str]); 13] = [
    ("OTHER", &["other"]),
    ("RUN", &["run0", "run1"]),
    ("SWEEP", &["sweep"]),
    ("DIR", &["sweep"]),
    ("DIR/plan.jsonl", &["sweep/plan.jsonl"]),
    ("PLAN", &["plan.json"]),
    ("PLAN.json", &["plan.json"]),
    ("FOLDER", &["pictures"]),
    ("PATH", &["pictures"]),
    ("IN", &["model.pth"]),
    ("FILE", &["model.pkl"]),
    ("work_dirs/train/*", &["work_dirs/train/gan-rmsprop-seed0"]),
    ("/tmp/traced", &["traced"]),
];

/// Where `train gan` puts its run.
const USUAL: &str = "work_dirs/train/gan-rmsprop-seed0";
const PLAN: &str = r#"{"base": {"epochs": 1, "data": {"path": "my.csv", "train_size": 300}}, "grid": {"model": ["gan"], "seed": [0, 1]}}"#;

/// A command's words without the program's name, with names of files in the places of those for them.
fn prepared(command: &[String]) -> Vec<String> {
    let mut words: Vec<String> = command[1..].to_vec();
    let is_said = |text: &str| words.iter().any(|word| word == text);
    let file = match () {
        () if words[0] == "data" => "my.csv",
        () if is_said("--config") => "configs/paper-wgan.json",
        () => "model.pkl",
    };
    let mut seen = [0; NAMES.len()];
    for word in &mut words {
        let Some(at) = NAMES.iter().position(|(name, _)| name == word) else { continue };
        let name = if word == "FILE" { file } else { NAMES[at].1[seen[at]] };
        name.clone_into(word);
        seen[at] += 1;
    }
    words
}

/// The options in place of the document's, or beside them.
fn shortened(words: &mut Vec<String>) {
    let said = words.join(" ") + " ";
    let Some((_, options)) = SHORTER.iter().find(|(begin, _)| said.starts_with(begin)) else { return };
    for (option, value) in *options {
        match words.iter().position(|word| word == option) {
            Some(at) => (*value).clone_into(&mut words[at + 1]),
            None => words.extend([(*option).to_owned(), (*value).to_owned()]),
        }
    }
}

/// Makes what a command works on and a reader of the page would have.
fn supply(world: &World, words: &[String]) {
    let is_said = |text: &str| words.iter().any(|word| word == text);
    let lacks = |name: &str| is_said(name) && !world.path(name).exists();
    let usual = || world.done(&["train", "gan", "--epochs", "2", "--quiet"]);
    let sweep = lacks("sweep") || lacks("sweep/plan.jsonl");
    let plan = sweep || lacks("plan.json");
    if plan || lacks("my.csv") {
        world.done(&["data", "make", "points", "--points", "8000", "--out", "my.csv", "--force"]);
    }
    if plan {
        std::fs::write(world.path("plan.json"), PLAN).unwrap();
    }
    if sweep {
        world.done(&["sweep", "plan.json", "--out", "sweep", "--quiet"]);
    }
    for run in ["run0", "run1"].into_iter().filter(|run| lacks(run)) {
        world.train(run, &["gan", "--epochs", "2", "--keep-best", "sliced-w2"]);
    }
    if lacks(USUAL) || (["draw", "runs"].contains(&words[0].as_str()) && !world.path("work_dirs/train").exists()) {
        usual();
    }
    if words.starts_with(&["train".to_owned(), "gan".to_owned()]) {
        // Trainings that a page names are alternatives.
        let _ = std::fs::remove_dir_all(world.path(USUAL));
        if is_said("--resume") {
            usual();
        }
    }
    if is_said("progan") && !is_said("--data") && !is_said("--preset") {
        copied(world, "tests/fixtures/images/packed.idx.gz", "data/fashion-mnist/train-images-idx3-ubyte.gz");
    }
    for pictures in ["pictures", "data/faces"] {
        let preset = pictures == "data/faces" && is_said("faces64");
        if (lacks(pictures) || preset) && !is_said("make") && !world.path(pictures).exists() {
            world.done(&["data", "make", "faces", "--n", "20", "--resolution", "64", "--out", pictures]);
        }
    }
    for word in words {
        match Path::new(word).extension().and_then(|extension| extension.to_str()) {
            Some("pkl") => copied(world, "tests/fixtures/checkpoints/layouts/stylegan2-nvidia.pkl", word),
            Some("pth") => copied(world, "tests/fixtures/checkpoints/genforce-zip.pth", word),
            _ if word.starts_with("configs/") => copied(world, word, word),
            _ => {}
        }
    }
}

fn copied(world: &World, from: &str, to: &str) {
    let to = world.path(to);
    std::fs::create_dir_all(to.parent().unwrap()).unwrap();
    std::fs::copy(path(from), to).unwrap();
}

/// Whether a command has these words first, or this option.
fn is_among(command: &[String], what: &str) -> bool {
    let said = command[1..].join(" ") + " ";
    if what.starts_with("--") { said.contains(&format!("{what} ")) } else { said.starts_with(&format!("{what} ")) }
}

/// What came of commands.
#[derive(Default)]
struct Tally {
    run: usize,
    wrong: Vec<String>,
}

impl Tally {
    fn take(&mut self, document: &str, world: &World, command: &[String]) {
        let mut words = prepared(command);
        supply(world, &words);
        if !words.iter().any(|word| word == "--report") {
            shortened(&mut words);
        }
        let output = world.run(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let said = String::from_utf8_lossy(&output.stderr);
        // A text may name a command that needs more.
        if is_only_named(command) && output.status.code() == Some(2) {
            return;
        }
        self.run += 1;
        if !output.status.success() {
            let (typed, words) = (command.join(" "), words.join(" "));
            self.wrong.push(format!("{document}: {typed}\n  as {words}: {}\n{said}", output.status));
        }
    }
}

/// Runs the commands of these documents: those in a document's code blocks one after another in one folder, the others each
/// in a new one.
fn run(is_wanted: impl Fn(&str) -> bool) {
    /// In a new folder it is the same from whichever document it comes.
    static DONE: LazyLock<Mutex<HashSet<Vec<String>>>> = LazyLock::new(Mutex::default);
    let mut tally = Tally::default();
    for document in documents() {
        let name = document.strip_prefix(path("")).unwrap().to_str().unwrap().to_owned();
        if !is_wanted(&name) {
            continue;
        }
        let [blocks, prose] = commands(&std::fs::read_to_string(&document).unwrap());
        let world = World::new();
        for command in blocks.iter().filter(|command| is_run(command)) {
            tally.take(&name, &world, command);
        }
        for command in prose.into_iter().filter(|command| is_run(command)) {
            if DONE.lock().unwrap().insert(command.clone()) {
                tally.take(&name, &World::new(), &command);
            }
        }
    }
    let Tally { run, wrong } = tally;
    assert!(wrong.is_empty(), "{} of {run} failed:\n{}", wrong.len(), wrong.join("\n"));
    assert!(run > 10, "only {run} commands were run");
}

fn is_run(command: &[String]) -> bool {
    let without = !cfg!(feature = "torch") && OF_LIBTORCH.iter().any(|what| is_among(command, what));
    !without && !ELSEWHERE.iter().any(|(what, _)| is_among(command, what))
}

const REFERENCE: &str = "docs/COMMANDS.md";
const FIRST: [&str; 4] = ["README.md", "docs/TUTORIAL.md", "docs/POINTS.md", "docs/RESULTS.md"];

#[test]
fn the_commands_of_the_reference_do_what_they_say() {
    run(|name| name == REFERENCE);
}

#[test]
fn the_commands_of_the_first_pages_do_what_they_say() {
    run(|name| FIRST.contains(&name));
}

#[test]
fn the_commands_of_the_other_pages_do_what_they_say() {
    run(|name| name != REFERENCE && !FIRST.contains(&name));
}

#[test]
fn what_is_tested_elsewhere_is_in_a_document() {
    let texts = documents().into_iter().map(|path| std::fs::read_to_string(path).unwrap());
    let all: Vec<Vec<String>> = texts.flat_map(|text| commands(&text)).flatten().collect();
    for (what, where_) in ELSEWHERE {
        assert!(all.iter().any(|command| is_among(command, what)), "no document has {what} ({where_})");
    }
}
