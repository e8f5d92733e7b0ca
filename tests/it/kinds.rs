//! Promises that hold for every kind of run, by walking all of them. The table in docs/architecture/runs.md is what was walked.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use gan_lab::config::Recording;
use gan_lab::run::{Kind, RunDir, Status};

use crate::world::{World, contents_of};

/// How long something may take that is waited for: far longer than it does.
const PATIENCE: Duration = Duration::from_mins(2);

/// Whether a file's name has one of these extensions.
fn ends_in(name: &str, extensions: &[&str]) -> bool {
    Path::new(name).extension().is_some_and(|found| extensions.iter().any(|extension| found == *extension))
}

/// How to make a run of a kind, small or endless, and what it is made of.
struct Case {
    kind: Kind,
    /// The command without `--out`.
    small: Vec<String>,
    /// The same run with other settings.
    other: Vec<String>,
    /// One that goes on until it is stopped.
    endless: Vec<String>,
    /// The file that it is made of, and the option that says where it is.
    input: &'static str,
    option: &'static str,
    /// Another file in its place.
    changed: &'static str,
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn points() -> Case {
    let common = "train wgan-gp --data data.npy --train-size 200 --batch-size 40 --frame-every 7 --threads 1";
    Case {
        kind: Kind::Points,
        small: words(&format!("{common} --epochs 60")),
        other: words(&format!("{common} --epochs 60 --lr 1e-3")),
        endless: words(&format!("{common} --epochs 100000000")),
        input: "data.npy",
        option: "--data",
        changed: "changed.npy",
    }
}

#[cfg(feature = "torch")]
fn progan() -> Case {
    let common = "train progan --data squares.idx --resolution 8 --latent-dim 4 --fmaps-base 32 --fmaps-max 6 \
                  --batch-size 8 --kimg-per-phase 0.08 --record-kimg 0.04 --threads 1";
    Case {
        kind: Kind::Progan,
        small: words(&format!("{common} --final-kimg 0.16")),
        other: words(&format!("{common} --final-kimg 0.16 --lr 1e-3")),
        endless: words(&format!("{common} --final-kimg 1e9")),
        input: "squares.idx",
        option: "--data",
        changed: "changed.idx",
    }
}

#[cfg(feature = "torch")]
fn sefa() -> Case {
    let traits = "--traits faces --traits-samples 2 --traits-floor 8";
    let common = format!("sefa --checkpoint model.safetensors --viz-size 8 --k 2 {traits}");
    Case {
        kind: Kind::Sefa,
        small: words(&format!("{common} --n 3 --steps 5")),
        other: words(&format!("{common} --n 3 --steps 5 --seed 9")),
        endless: words(&format!("{common} --n 1000 --steps 1000")),
        input: "model.safetensors",
        option: "--checkpoint",
        changed: "changed.safetensors",
    }
}

/// Every kind that this build can make; a kind without a case does not compile.
fn cases() -> Vec<Case> {
    let case = |kind: Kind| match kind {
        Kind::Points => Some(points()),
        #[cfg(feature = "torch")]
        Kind::Progan => Some(progan()),
        #[cfg(feature = "torch")]
        Kind::Sefa => Some(sefa()),
        // A job takes the same way in both builds, and these walks take long.
        #[cfg(not(feature = "torch"))]
        Kind::Progan | Kind::Sefa => None,
    };
    Kind::ALL.into_iter().filter_map(case).collect()
}

/// 40 images of a bright square somewhere on black, as an IDX file.
fn squares(bright: u8) -> Vec<u8> {
    let mut file = vec![0, 0, 8, 3, 0, 0, 0, 40, 0, 0, 0, 8, 0, 0, 0, 8];
    for i in 0..40_usize {
        let (x0, y0) = (i % 5, i / 5 % 5);
        let inside = |x: usize, y: usize| (x0..x0 + 3).contains(&x) && (y0..y0 + 3).contains(&y);
        file.extend((0..64).map(|at| if inside(at % 8, at / 8) { bright } else { 10 }));
    }
    file
}

fn world() -> World {
    let world = World::new();
    world.done(&["data", "make", "ring8", "--points", "300", "--out", "changed.npy"]);
    std::fs::write(world.path("squares.idx"), squares(230)).unwrap();
    std::fs::write(world.path("changed.idx"), squares(200)).unwrap();
    let model = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runs/generator.safetensors");
    std::fs::copy(model, world.path("model.safetensors")).unwrap();
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runs/progan/generator.safetensors");
    std::fs::copy(other, world.path("changed.safetensors")).unwrap();
    world
}

/// The command with another input.
fn with_input<'a>(case: &'a Case, command: &'a [String], input: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let words = command.iter().map(|word| if word == case.input { input } else { word.as_str() });
    words.chain(more.iter().copied()).collect()
}

fn args<'a>(command: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    command.iter().map(String::as_str).chain(more.iter().copied()).collect()
}

/// A run's files without what is its directory's name and its time: the names of a job's video and page carry the first.
fn files(run: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let name = run.file_name().unwrap().to_str().unwrap().to_owned();
    let plain = |bytes: Vec<u8>| {
        match String::from_utf8(bytes) {
            Ok(text) => text
                .replace(&format!("\"{name}.mp4\""), "\"NAME.mp4\"")
                .replace(&format!("\"{name}.gif\""), "\"NAME.gif\""),
            Err(error) => return error.into_bytes(),
        }
        .into_bytes()
    };
    let renamed = |path: PathBuf| match path.to_str().unwrap().strip_prefix(&format!("{name}.")) {
        Some(extension) if ["mp4", "gif"].contains(&extension) => PathBuf::from(format!("NAME.{extension}")),
        _ => path,
    };
    let found = contents_of(run).into_iter().filter(|(path, _)| path.to_str() != Some("lock"));
    found.map(|(path, bytes)| (renamed(path.clone()), if is_text(&path) { plain(bytes) } else { bytes })).collect()
}

fn is_text(path: &Path) -> bool {
    path.to_str() == Some("run.json")
}

/// Fails with the names of the files that differ, but for those that hold a job's title.
fn assert_same(left: &Path, right: &Path, what: &str) {
    let (mut left, mut right) = (files(left), files(right));
    for map in [&mut left, &mut right] {
        map.remove(Path::new("index.html"));
        if let Some(bytes) = map.get_mut(Path::new("run.json")) {
            let mut manifest: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            // The page has the job's name in it, and the manifest its own digest. What remains keeps its order.
            manifest.as_object_mut().unwrap().shift_remove("sha256");
            manifest["digests"].as_object_mut().unwrap().shift_remove("index.html");
            let videos: Vec<String> = manifest["digests"].as_object().unwrap().keys().cloned().collect();
            for name in videos.iter().filter(|name| ends_in(name, &["mp4", "gif"])) {
                manifest["digests"].as_object_mut().unwrap().shift_remove(name);
            }
            *bytes = manifest.to_string().into_bytes();
        }
    }
    assert_eq!(left.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>(), "{what}");
    let differing: Vec<_> = left.iter().filter(|(name, bytes)| right[*name] != **bytes).map(|(name, _)| name).collect();
    assert!(differing.is_empty(), "{what}: these files differ: {differing:?}");
}

/// Starts an endless run and waits until it has recorded something.
fn start(world: &World, case: &Case, out: &str) -> Child {
    let child = world.heeding_command(&args(&case.endless, &["--out", out, "--quiet"])).spawn().unwrap();
    await_records(world, case, out, 1);
    child
}

/// Waits until a run has so many records.
fn await_records(world: &World, case: &Case, out: &str, count: usize) {
    let path = world.path(out).join(case.kind.records_file());
    let begun = Instant::now();
    loop {
        let there = std::fs::File::open(&path).map_or(0, |file| BufReader::new(file).lines().count());
        if there >= count {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{}: no {count} records in {out}", case.kind.name());
        std::thread::yield_now();
    }
}

fn end(mut child: Child, name: &str) -> Option<i32> {
    let sent = std::process::Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    child.wait().unwrap().code()
}

type Promise = (&'static str, fn(&World, &Case));

/// What is promised, and the test of it.
const PROMISES: [Promise; 11] = [
    (
        "a folder that holds other files and no run is refused and left as it is, with and without `--force`",
        foreign_folders,
    ),
    ("`--force` removes the run's own files and no others", forced),
    ("a run is never replaced unasked, neither by a run of the same kind nor by one of another", never_unasked),
    ("a second process is refused; the error names the first one's process ID", second_process),
    ("a changed input is refused, and the error names it", changed_input),
    (
        "resuming with other settings that define the run is refused, and the error lists each changed key",
        other_settings,
    ),
    ("killed at any moment and resumed: the same bytes", killed),
    (
        "on a signal the run saves and exits with 128 plus the signal's number; resumed, it reaches the same bytes",
        signals,
    ),
    ("a moved folder and a moved input still work", moved),
    ("a file that follows from the state and is missing or damaged is regenerated", mended),
    ("if one of the run's files was replaced by a symbolic link, the target of the link is never changed", linked),
];

fn walk(promise: usize) {
    for case in cases() {
        (PROMISES[promise].1)(&world(), &case);
    }
}

#[test]
fn promise_0() {
    walk(0);
}

#[test]
fn promise_1() {
    walk(1);
}

#[test]
fn promise_2() {
    walk(2);
}

#[test]
fn promise_3() {
    walk(3);
}

#[test]
fn promise_4() {
    walk(4);
}

#[test]
fn promise_5() {
    walk(5);
}

#[test]
fn promise_6() {
    walk(6);
}

#[test]
fn promise_7() {
    walk(7);
}

#[test]
fn promise_8() {
    walk(8);
}

#[test]
fn promise_9() {
    walk(9);
}

#[test]
fn promise_10() {
    walk(10);
}

/// The table in the documents names every promise and every kind; INSTA_UPDATE=always writes it anew.
#[test]
fn the_documents_have_the_table_of_promises() {
    let kinds = Kind::ALL.map(Kind::name);
    let mut table = format!("| promise | {} |\n|---|{}\n", kinds.join(" | "), "---|".repeat(kinds.len()));
    for (promise, _) in PROMISES {
        table += &format!("| {promise} |{}\n", " tested |".repeat(kinds.len()));
    }
    crate::documents::hold("docs/architecture/runs.md", "promises", &table);
}

fn foreign_folders(world: &World, case: &Case) {
    let folder = world.path("mine");
    for name in ["thesis.txt", "images/sample0.png", "samples/000000020.png", "config.json", "training.gif", "lock"] {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "years of work").unwrap();
        for more in [&[][..], &["--force"], &["--resume"]] {
            let message = world.fails(1, &args(&case.small, &[&["--out", "mine"], more].concat()));
            assert!(message.contains("mine"), "{} {name}: {message}", case.kind.name());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), "years of work", "{} {name}", case.kind.name());
            let there: Vec<PathBuf> = contents_of(&folder).into_keys().collect();
            assert_eq!(there, [PathBuf::from(name)], "{} left something", case.kind.name());
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
    // A file in the place of the folder, and a link to somebody's file in the place of the lock.
    std::fs::write(&folder, "a file").unwrap();
    assert!(world.fails(1, &args(&case.small, &["--out", "mine"])).contains("not a folder"));
    std::fs::remove_file(&folder).unwrap();
    #[cfg(unix)]
    {
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(world.path("only-copy"), "years of work").unwrap();
        std::os::unix::fs::symlink(world.path("only-copy"), folder.join("lock")).unwrap();
        assert!(world.fails(1, &args(&case.small, &["--out", "mine"])).contains("lock"));
        assert_eq!(std::fs::read_to_string(world.path("only-copy")).unwrap(), "years of work");
    }
}

fn forced(world: &World, case: &Case) {
    world.done(&args(&case.other, &["--out", "run", "--quiet"]));
    for name in ["thesis.txt", "images/mine.png", "samples/mine.png"] {
        let path = world.path("run").join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "mine").unwrap();
    }
    world.done(&args(&case.small, &["--out", "run", "--quiet", "--force"]));
    for name in ["thesis.txt", "images/mine.png", "samples/mine.png"] {
        let path = world.path("run").join(name);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine", "{} {name}", case.kind.name());
        std::fs::remove_file(&path).unwrap();
        // A folder that is the run's own has files of its own.
        let _ = std::fs::remove_dir(path.parent().unwrap());
    }
    world.done(&args(&case.small, &["--out", "fresh", "--quiet"]));
    assert_same(&world.path("run"), &world.path("fresh"), case.kind.name());
}

fn never_unasked(world: &World, case: &Case) {
    world.done(&args(&case.small, &["--out", "run", "--quiet"]));
    let before = contents_of(&world.path("run"));
    for other in cases() {
        let message = world.fails(1, &args(&other.other, &["--out", "run"]));
        assert!(message.contains("run holds") && message.contains("--force"), "{message}");
        assert_eq!(contents_of(&world.path("run")), before, "{} by {}", case.kind.name(), other.kind.name());
    }
    // Commands for another kind say what is there.
    for command in ["draw", "eval", "compare"] {
        if case.kind != Kind::Points {
            let message = world.fails(1, &[command, "run"]);
            assert!(message.contains(case.kind.title()), "{command}: {message}");
        }
    }
    // The data that a run would write over.
    let inside = case.kind.files().iter().find(|name| ends_in(name, &["npy", "safetensors"])).unwrap();
    let path = world.path("inside");
    std::fs::create_dir(&path).unwrap();
    std::fs::copy(world.path(case.input), path.join(inside)).unwrap();
    let file = format!("inside/{inside}");
    let message = world.fails(1, &with_input(case, &case.small, &file, &["--out", "inside", "--force"]));
    assert!(message.contains("inside"), "{message}");
    assert_eq!(std::fs::read(path.join(inside)).unwrap(), std::fs::read(world.path(case.input)).unwrap());
}

fn second_process(world: &World, case: &Case) {
    let first = start(world, case, "run");
    let pid = format!("process {}", first.id());
    for more in ["--resume", "--force"] {
        let message = world.fails(1, &args(&case.endless, &["--out", "run", more]));
        assert!(message.contains(&pid), "{} {more}: {message}", case.kind.name());
    }
    end(first, "-KILL");
    // A killed process leaves a lock that nobody holds.
    assert!(matches!(RunDir::new(world.path("run")).status().unwrap(), Status::Unfinished { .. }));
    let message = world.fails(1, &args(&case.other, &["--out", "run"]));
    assert!(message.contains("unfinished"), "{message}");
}

fn changed_input(world: &World, case: &Case) {
    world.done(&args(&case.small, &["--out", "run", "--quiet"]));
    let before = contents_of(&world.path("run"));
    std::fs::copy(world.path(case.input), world.path("kept")).unwrap();
    std::fs::copy(world.path(case.changed), world.path(case.input)).unwrap();
    let message = world.fails(1, &args(&case.small, &["--out", "run", "--resume"]));
    assert!(message.contains("is not what run was begun with"), "{}: {message}", case.kind.name());
    assert!(message.contains(case.input) && message.contains(case.option), "{message}");
    let message = world.fails(1, &with_input(case, &case.small, case.changed, &["--out", "run", "--resume"]));
    assert!(message.contains("is not what run was begun with"), "{message}");
    assert_eq!(contents_of(&world.path("run")), before, "{}", case.kind.name());
}

fn other_settings(world: &World, case: &Case) {
    world.done(&args(&case.small, &["--out", "run", "--quiet"]));
    let before = contents_of(&world.path("run"));
    let message = world.fails(1, &args(&case.other, &["--out", "run", "--resume"]));
    assert!(message.contains("other settings") && message.contains(" there, "), "{}: {message}", case.kind.name());
    assert_eq!(contents_of(&world.path("run")), before, "{}", case.kind.name());
    // How many threads work is no setting of the run's.
    let mut again = args(&case.small, &["--out", "run", "--resume", "--quiet"]);
    if let Some(at) = again.iter().position(|word| *word == "--threads") {
        again[at + 1] = "2";
        world.done(&again);
    }
}

fn killed(world: &World, case: &Case) {
    world.done(&args(&case.small, &["--out", "straight", "--quiet"]));
    let records = RunDir::new(world.path("straight")).records::<serde_json::Value>(&|_| {}).unwrap().len();
    for (i, share) in [4, 2].into_iter().enumerate() {
        let out = format!("killed{i}");
        let mut child = world.command(&args(&case.small, &["--out", &out, "--quiet"])).spawn().unwrap();
        await_records(world, case, &out, records / share);
        child.kill().unwrap();
        child.wait().unwrap();
        std::fs::write(world.path(&out).join(".gan-lab-part-x"), "half").unwrap();
        world.done(&args(&case.small, &["--out", &out, "--resume", "--quiet"]));
        assert_same(&world.path("straight"), &world.path(&out), case.kind.name());
    }
    // Killed before its first state, a run has not begun: it begins again without being forced.
    let state = if case.kind.has_state() { "state.safetensors" } else { case.kind.records_file() };
    for more in [&[][..], &["--resume"]] {
        std::fs::remove_file(world.path("killed0").join(state)).unwrap();
        world.done(&args(&case.small, &[&["--out", "killed0", "--quiet"], more].concat()));
        assert_same(&world.path("straight"), &world.path("killed0"), case.kind.name());
    }
}

fn signals(world: &World, case: &Case) {
    world.done(&args(&case.small, &["--out", "straight", "--quiet"]));
    for (name, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 143)] {
        let out = format!("run{name}");
        let child = world.command(&args(&case.small, &["--out", &out])).stderr(Stdio::piped()).spawn().unwrap();
        let mut child = child;
        // It says that it begins once it listens.
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(lines.next().is_some());
        std::thread::spawn(move || lines.for_each(drop));
        await_records(world, case, &out, 1);
        let ended = end(child, name);
        // It may have been done before the signal came.
        assert!(ended == Some(code) || ended == Some(0), "{} {name}: {ended:?}", case.kind.name());
        assert!(RunDir::new(world.path(&out)).kind().is_some(), "nothing was saved");
        world.done(&args(&case.small, &["--out", &out, "--resume", "--quiet"]));
        assert_same(&world.path("straight"), &world.path(&out), case.kind.name());
    }
    let child = start(world, case, "endless");
    assert_eq!(end(child, "-TERM"), Some(143), "{}", case.kind.name());
    assert!(matches!(RunDir::new(world.path("endless")).status().unwrap(), Status::Unfinished { done: 1.., .. }));
}

fn moved(world: &World, case: &Case) {
    world.done(&args(&case.small, &["--out", "run", "--quiet"]));
    let before = files(&world.path("run"));
    std::fs::rename(world.path("run"), world.path("elsewhere")).unwrap();
    std::fs::rename(world.path(case.input), world.path("renamed")).unwrap();
    let message = world.fails(1, &args(&case.small, &["--out", "elsewhere", "--resume"]));
    assert!(message.contains(case.input), "{}: {message}", case.kind.name());
    world.done(&with_input(case, &case.small, "renamed", &["--out", "elsewhere", "--resume", "--quiet"]));
    for (name, bytes) in files(&world.path("elsewhere")) {
        let says_where = ["run.json", "config.json", "job.json"].contains(&name.to_str().unwrap());
        let called = name.to_str().unwrap().to_owned();
        assert!(
            says_where || before.get(Path::new(&called)).is_none_or(|old| *old == bytes),
            "{} changed",
            name.display()
        );
    }
    assert!(matches!(RunDir::new(world.path("elsewhere")).status().unwrap(), Status::Finished { .. }));
    if case.kind == Kind::Points {
        world.done(&["eval", "elsewhere", "--repeats", "1", "--metrics", "w1"]);
    }
}

#[cfg(unix)]
fn linked(world: &World, case: &Case) {
    world.done(&args(&case.small, &["--out", "run", "--quiet"]));
    let names = contents_of(&world.path("run")).into_keys().filter(|name| name.parent() == Some(Path::new("")));
    for name in names.collect::<Vec<_>>() {
        let (path, outside) = (world.path("run").join(&name), world.path("outside"));
        for bytes in [std::fs::read(&path).unwrap(), b"years of work".to_vec()] {
            for more in ["--resume", "--force"] {
                std::fs::write(&outside, &bytes).unwrap();
                std::fs::remove_file(&path).unwrap();
                std::os::unix::fs::symlink(&outside, &path).unwrap();
                world.run(&args(&case.small, &["--out", "run", "--quiet", more]));
                assert_eq!(std::fs::read(&outside).unwrap(), bytes, "{} {} {more}", case.kind.name(), name.display());
                if !path.exists() || path.is_symlink() {
                    std::fs::remove_dir_all(world.path("run")).unwrap();
                    world.done(&args(&case.small, &["--out", "run", "--quiet"]));
                }
            }
        }
    }
}

#[cfg(not(unix))]
fn linked(_: &World, _: &Case) {}

fn mended(world: &World, case: &Case) {
    world.done(&args(&case.small, &["--out", "run", "--quiet"]));
    assert!(world.done(&["runs", "run", "--check"]).contains("nothing is wrong"));
    let whole = contents_of(&world.path("run"));
    // All that is written at the end or once, and nothing that the run learnt or recorded.
    let relied_on = ["run.json", "state.safetensors", case.kind.records_file(), "samples.npy"];
    let follows = |name: &Path| {
        let name = name.to_str().unwrap();
        let is_recorded = Recording::ALL.iter().any(|recording| name == format!("{}.npy", recording.name()));
        !relied_on.contains(&name) && !name.starts_with("samples/") && !is_recorded
    };
    for name in whole.keys().filter(|name| follows(name)) {
        let path = world.path("run").join(name);
        for damage in [None, Some("not what it was")] {
            match damage {
                None => std::fs::remove_file(&path).unwrap(),
                Some(text) => std::fs::write(&path, text).unwrap(),
            }
            let command = if damage.is_none() {
                args(&case.small, &["--out", "run", "--resume", "--quiet"])
            } else {
                vec!["runs", "run", "--check"]
            };
            world.done(&command);
            let now = contents_of(&world.path("run"));
            let differing: Vec<_> = whole.iter().filter(|(name, bytes)| now.get(*name) != Some(bytes)).collect();
            assert!(differing.is_empty(), "{}: {} was not made again", case.kind.name(), name.display());
        }
    }
    // What stands after the last record is taken off.
    let records = world.path("run").join(case.kind.records_file());
    for tail in ["{", "\0"] {
        let mut bytes = std::fs::read(&records).unwrap();
        bytes.extend(tail.bytes());
        std::fs::write(&records, bytes).unwrap();
        world.done(&["runs", "run", "--check"]);
        assert_eq!(contents_of(&world.path("run")), whole, "{}", case.kind.name());
    }
    // A run without its state is seen, and said to be without it.
    if case.kind.has_state() {
        let state = world.path("run/state.safetensors");
        let bytes = std::fs::read(&state).unwrap();
        std::fs::remove_file(&state).unwrap();
        for command in [&["runs", "."][..], &["runs", "run", "--check"], &["inspect", "run"], &["compare", "run"]] {
            let output = world.run(command);
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            let names_it =
                said.contains("state.safetensors") || said.contains("first state") || command == ["runs", "."];
            assert!(names_it && said.contains("run"), "{} {command:?}: {said}", case.kind.name());
        }
        assert_eq!(world.run(&["runs", "run", "--check"]).status.code(), Some(1));
        std::fs::write(&state, bytes).unwrap();
    }
    // What cannot be made again is named.
    for name in ["run.json", if case.kind.has_state() { "state.safetensors" } else { "run.json" }] {
        let path = world.path("run").join(name);
        let whole = std::fs::read(&path).unwrap();
        for at in [whole.len() / 2, whole.len() - 6] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, bytes).unwrap();
            let output = world.run(&["runs", "run", "--check"]);
            assert_eq!(output.status.code(), Some(1), "{} {name} {at}", case.kind.name());
            assert!(String::from_utf8_lossy(&output.stdout).contains(name), "{} {name} {at}", case.kind.name());
        }
        std::fs::write(&path, whole).unwrap();
    }
}
