//! What scripts and terminals get: results that arrive or are missed, JSON of one form, names that do no harm.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Output, Stdio};

use gan_lab::media::MAKES_MP4;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use serde_json::{Value, json};

use crate::world::{SMALL, World};

/// A name that is no text.
const ODD: &[u8] = b"n\xff";

/// A folder with something for each command to work on; gives for each command the lines that make it speak.
struct Stage {
    world: World,
    calls: Vec<Call>,
}

struct Call {
    /// `data make`
    command: &'static str,
    /// What comes behind it, and does so again and again.
    args: Vec<OsString>,
    /// Whether it says anything with `--quiet`.
    speaks_quietly: bool,
}

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checkpoints").join(name);
    path.into_os_string().into_string().unwrap()
}

impl Stage {
    fn new() -> Self {
        let world = World::new();
        world.train("run", &["gan", "--epochs", "2"]);
        std::fs::write(
            world.path("plan.json"),
            r#"{"base": {"objective": {"model": "gan"}, "data": {"path": "data.npy", "train_size": 200},
                "batch_size": 40, "epochs": 1, "threads": 1}, "grid": {"seed": "0-1"}}"#,
        )
        .unwrap();
        world.done(&["sweep", "plan.json", "--out", "sweep", "--quiet"]);
        let mut stage = Self { world, calls: Vec::new() };
        stage.calls();
        stage
    }

    fn add(&mut self, command: &'static str, args: &str) {
        let args = args.split_whitespace().map(OsString::from).collect();
        self.calls.push(Call { command, args, speaks_quietly: true });
    }

    fn calls(&mut self) {
        self.add("quickstart", "data.npy --epochs 1");
        self.add("train", &format!("gan --epochs 1 --threads 1 --force --out again {}", SMALL.join(" ")));
        self.add("train", &format!("gan --epochs 2 --threads 1 --resume --out run {}", SMALL.join(" ")));
        self.add("draw", "run --last");
        self.add("eval", "run --metrics sliced-w2 --repeats 1");
        self.add("compare", "run --metrics sliced-w2 --repeats 1 --no-gif --out comparison");
        self.add("report", "run --out page.html");
        self.add("export", "run --to tensorboard,csv,npz");
        self.add("sweep", "plan.json --out sweep");
        self.add("sweep", "plan.json --out sweep --dry-run");
        self.add("sweep", "plan.json --out sweep --launcher print");
        self.add("sweep", "plan.json --out sweep --launcher slurm");
        self.add("sweep status", "sweep");
        self.add("lesson", "");
        self.add("protocol", "");
        self.add("protocol", "ring8 --fraction 0.0002 --methods vanilla,best --seeds 0-1 --jobs 1 --out published");
        self.add("run", "--plan sweep/plan.jsonl --index 0");
        self.add("data make", "ring8 --points 40 --out ring.npy --force");
        self.add("data make faces", "--n 3 --resolution 16 --threads 1 --force --out faces");
        self.add("data inspect", "data.npy --out data.png");
        self.add("inspect", "run");
        self.add("inspect", "run/generator.safetensors");
        self.add("doctor", "--data data.npy");
        self.add("config", "points");
        self.add("runs", "run");
        self.add("completions", "bash");
        self.add("man", "");
        self.add("man", "--out pages");
        self.calls.last_mut().unwrap().speaks_quietly = false;
        let genforce = fixture("genforce-plain.pth");
        self.add("convert", &format!("{genforce} out.safetensors --force"));
        self.add("inspect", &genforce);
        self.add("inspect", &fixture("layouts/stylegan2-nvidia.pkl"));
        if cfg!(feature = "torch") {
            std::fs::write(self.world.path("squares.idx"), squares()).unwrap();
            let progan = "--data squares.idx --resolution 4 --latent-dim 4 --fmaps-base 16 --fmaps-max 4 --batch-size 8 \
                          --kimg-per-phase 0.008 --final-kimg 0.008 --record-kimg 0.008 --threads 1 --force --out progan";
            self.add("train progan", progan);
            self.add("data make faces-reader", "--n 64 --held-out 100 --threads 1 --force --out reader.safetensors");
        }
        self.add("sefa", &format!("--checkpoint {genforce} --n 1 --k 1 --steps 2 --viz-size 16 --out job"));
        self.add("sefa", &format!("--checkpoint {} --k 2 --out style", fixture("layouts/stylegan-genforce.pth")));
        self.add("sefa sheet", &format!("--checkpoint {genforce} --seeds 0-3 --force --out sheet.png"));
        self.add("sefa edit", &format!("--checkpoint {genforce} --seed 7 --move 0=1 --force --out edited.png"));
        self.add("sefa directions", &format!("--checkpoint {genforce} --force --out directions.npy"));
    }

    fn command(&self, call: &Call, options: &[&str]) -> Command {
        let mut command = self.world.command(&call.command.split(' ').collect::<Vec<_>>());
        command.args(&call.args).args(options).stdin(Stdio::null()).stderr(Stdio::piped());
        command
    }
}

/// Eight black images with a grey line each, as an IDX file.
fn squares() -> Vec<u8> {
    let mut file = vec![0, 0, 8, 3, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, 4];
    file.extend((0..8 * 16).map(|i| if i % 17 < 4 { 200 } else { 5 }));
    file
}

fn full() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

/// A pipe that nobody reads.
fn closed() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn ended(mut command: Command, stdout: Stdio) -> (i32, String) {
    let output = command.stdout(stdout).spawn().unwrap().wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(!stderr.contains("panicked"), "{command:?}: {stderr}");
    (output.status.code().unwrap_or(-1), stderr)
}

/// All commands that the program's help knows, such as `data make`; those that only hold others are left out.
fn all_commands(world: &World, prefix: &[&str]) -> BTreeSet<String> {
    let help = world.done(&[prefix, &["--help"]].concat());
    let mut found = BTreeSet::new();
    let below = help.split_once("\nCommands:\n").map_or("", |(_, rest)| rest);
    // Longer descriptions go on below, further in.
    let lines = below.lines().take_while(|line| !line.is_empty()).filter(|line| !line.starts_with("   "));
    let names = lines.filter_map(|line| line.split_whitespace().next());
    for name in names.filter(|&name| name != "help") {
        found.extend(all_commands(world, &[prefix, &[name]].concat()));
    }
    if found.is_empty()
        || help.contains(&format!("Usage: gan-lab {} [OPTIONS]\n", prefix.join(" ")))
        || help.contains("[OPTIONS] [")
        || ["<PLAN>", "<LAW>"].iter().any(|name| help.contains(&format!("[OPTIONS] {name}")))
    {
        found.insert(prefix.join(" "));
    }
    found.remove("");
    found
}

#[test]
fn a_result_that_cannot_be_written_is_an_error_of_every_command() {
    let stage = Stage::new();
    let called: BTreeSet<String> = stage.calls.iter().map(|call| call.command.to_owned()).collect();
    let mut known = all_commands(&stage.world, &[]);
    if cfg!(not(feature = "torch")) {
        known.retain(|name| !["train progan", "data make faces-reader"].contains(&name.as_str()));
    }
    // They give no result: they serve until they are told to end.
    assert!(known.remove("watch"));
    known.remove("sefa explore");
    assert_eq!(called, known, "a command is not tried");
    for call in &stage.calls {
        let name = format!("{} {:?}", call.command, call.args);
        for options in [&[][..], &["--quiet"], &["--json"]] {
            let (code, stderr) = ended(stage.command(call, options), full());
            if options == ["--quiet"] && !call.speaks_quietly {
                assert_eq!(code, 0, "{name}: {stderr}");
            } else {
                assert_eq!(code, 1, "{name} {options:?}: {stderr}");
                assert!(stderr.contains("cannot write the result: No space left on device"), "{name}: {stderr}");
            }
        }
        let (code, stderr) = ended(stage.command(call, &[]), closed());
        assert_eq!(code, 0, "{name} into a closed pipe: {stderr}");
    }
}

#[test]
fn so_is_help_that_cannot_be_written() {
    let world = World::new();
    for args in [&["--help"][..], &["--version"], &["help", "draw"], &["data", "--help"], &["draw", "-h"]] {
        let command = || {
            let mut command = world.command(args);
            command.stderr(Stdio::piped());
            command
        };
        let (code, stderr) = ended(command(), full());
        assert_eq!(code, 1, "{args:?}");
        assert!(stderr.contains("cannot write the result"), "{args:?}: {stderr}");
        assert_eq!(ended(command(), closed()).0, 0, "{args:?}");
    }
    let version = world.done(&["--version"]);
    assert_eq!(version.trim(), format!("gan-lab {}", gan_lab::version::full()));
}

/// What an object holds, without its values. A config is as docs describe it.
fn shape(key: &str, value: &Value) -> Value {
    match value {
        _ if ["config", "settings"].contains(&key) => json!("a config"),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), shape(key, value))).collect(),
        Value::Array(values) => values.first().map_or(json!([]), |first| json!([shape("", first)])),
        Value::String(_) => json!("string"),
        Value::Number(_) => json!("number"),
        Value::Bool(_) => json!("boolean"),
        Value::Null => json!("null"),
    }
}

#[test]
fn every_json_object_begins_alike_and_has_its_form() {
    let stage = Stage::new();
    let documented = include_str!("../../docs/JSON.md");
    for call in &stage.calls {
        let output = stage.command(call, &["--json"]).stdout(Stdio::piped()).output().unwrap();
        assert!(output.status.success(), "{}: {}", call.command, String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let start = format!(
            r#"{{"schema":1,"program":"{}","commit":"{}","#,
            gan_lab::version::program(),
            gan_lab::version::commit()
        );
        assert!(text.starts_with(&start) && text.lines().count() == 1, "{}: {text}", call.command);
        let object: Value = serde_json::from_str(&text).unwrap();
        for key in object.as_object().unwrap().keys() {
            assert!(documented.contains(&format!("`{key}`")), "docs/JSON.md does not say what {key} is");
        }
        let mut form = serde_json::to_string_pretty(&shape("", &object)).unwrap();
        if !MAKES_MP4 {
            form = form.replace(r#""video": "null""#, r#""video": "string""#);
        }
        let mut words = call.args.iter().filter_map(|arg| arg.to_str());
        let variant = words.rfind(|arg| ["--dry-run", "print", "slurm", "--out"].contains(arg));
        let variant = variant.filter(|arg| *arg != "--out" || ["man", "protocol"].contains(&call.command));
        let file = call.args.iter().filter_map(|arg| arg.to_str()).any(|arg| arg.contains("stylegan"));
        let network = call.args.first().and_then(|arg| arg.to_str()).filter(|_| call.command == "inspect");
        let network =
            network.and_then(|arg| ["run", "run/generator.safetensors"].into_iter().find(|known| *known == arg));
        let variant = variant.or(network.map(|known| if known == "run" { "run" } else { "file" }));
        let name = [call.command, variant.unwrap_or(""), if file { "stylegan" } else { "" }].join(" ");
        let name = name.trim().replace(' ', "_").replace('-', "");
        insta::assert_snapshot!(format!("json_{name}"), form);
    }
}

#[test]
fn with_json_errors_are_objects_too() {
    let world = World::new();
    let last_line = |code: i32, args: &[&str]| -> Value {
        let stderr = world.fails(code, args);
        let object: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
        assert_eq!((&object["schema"], &object["error"]["code"]), (&json!(1), &json!(code)), "{object}");
        assert_eq!(object["commit"], gan_lab::version::commit());
        object["error"].clone()
    };
    let error = last_line(2, &["paint", "--json"]);
    assert_eq!(error["message"], "unrecognized subcommand 'paint'");
    assert!(last_line(2, &["--json"])["message"].as_str().unwrap().contains("requires a subcommand"));
    let error = last_line(2, &["--json", "train", "dcgan"]);
    assert!(error["message"].as_str().unwrap().contains("possible values: gan, wgan, wgan-gp"), "{error}");
    let error = last_line(2, &["train", "gan", "--clip", "1", "--json"]);
    assert_eq!(error["message"], "--clip belongs to wgan, and objective.model is gan here");
    assert!(error["hint"].as_str().unwrap().contains("--help"), "{error}");
    let error = last_line(1, &["eval", "nowhere", "--json"]);
    assert!(error["message"].as_str().unwrap().contains("nowhere"), "{error}");
    assert!(error["hint"].is_null());
    let error = last_line(1, &["data", "make", "moons", "--out", "data.npy", "--json"]);
    assert_eq!(
        (&error["message"], &error["hint"]),
        (&json!("data.npy exists"), &json!("write elsewhere with --out, or replace it with --force"))
    );
    assert!(
        world.fails(1, &["data", "make", "moons", "--out", "data.npy"]).contains("data.npy exists; write elsewhere")
    );
}

#[test]
fn the_same_mistake_has_the_same_code_wherever_it_is_found() {
    let world = World::new();
    std::fs::write(world.path("bad.json"), r#"{"objective": {"model": "gan"}, "epochs": 0}"#).unwrap();
    std::fs::write(world.path("good.json"), r#"{"objective": {"model": "gan"}}"#).unwrap();
    for (code, args) in [
        (2, &["train", "gan", "--epochs", "0"][..]),
        (2, &["train", "gan", "--epochs", "0", "--out", "r"]),
        (2, &["train", "--config", "good.json", "--epochs", "0"]),
        (1, &["train", "--config", "bad.json"]),
        (1, &["train", "--config", "bad.json", "--out", "r"]),
        (2, &["train", "gan", "--clip", "1"]),
        (2, &["compare", "--lab", "--epochs", "0"]),
        (2, &["data", "make", "moons", "--out", "x.txt"]),
        (2, &["data", "make", "moons", "--points", "1"]),
    ] {
        world.fails(code, args);
    }
    if cfg!(feature = "torch") {
        world.fails(2, &["train", "progan", "--loss", "wgan-gp", "--gamma", "1"]);
        world.fails(2, &["train", "progan", "--resolution", "7"]);
    }
    assert!(!world.path("r").exists());
}

fn odd() -> OsString {
    OsStr::from_bytes(ODD).to_owned()
}

/// Runs what has odd names among its arguments (`@` stands for the name), in all three forms.
fn run_odd(world: &World, code: i32, args: &str) -> Vec<Output> {
    let forms = [None, Some("--quiet"), Some("--json")];
    let run = |form: Option<&str>| {
        let mut command = world.command(&[]);
        for arg in args.split_whitespace() {
            let parts: Vec<&[u8]> = arg.as_bytes().split(|&byte| byte == b'@').collect();
            command.arg(OsStr::from_bytes(&parts.join(ODD)));
        }
        let output = command.args(form).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args} {form:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{args} {form:?}: {stderr}");
        if code == 0 && form == Some("--json") {
            let _: Value = serde_json::from_slice(&output.stdout).unwrap();
        }
        output
    };
    forms.map(run).into()
}

#[test]
fn names_that_are_no_text_are_names_as_any_other() {
    let stage = Stage::new();
    let world = &stage.world;
    let odd_path = |name: &OsStr| world.path("").join(name);
    std::fs::copy(world.path("data.npy"), odd_path(OsStr::from_bytes(b"n\xff.npy"))).unwrap();
    std::fs::copy(world.path("plan.json"), odd_path(OsStr::from_bytes(b"n\xff.json"))).unwrap();
    run_odd(world, 0, &format!("train gan --epochs 1 --threads 1 --force --out @ {}", SMALL.join(" ")));
    for args in [
        "draw @ --out d@",
        "eval @ --metrics sliced-w2 --repeats 1",
        "compare @ --metrics sliced-w2 --repeats 1 --no-gif",
        "export @ --to tensorboard,csv,npz --out e@",
        "sweep @.json --out s@ --dry-run",
        "sweep @.json --out s@",
        "sweep status s@ --all",
        "data make moons --points 40 --out x@.npy --force",
        "data make faces --n 3 --resolution 16 --force --out f@",
        "data inspect @.npy",
        "inspect @",
        "doctor --data @.npy",
        "man --out m@",
    ] {
        run_odd(world, 0, args);
    }
    let outputs = run_odd(world, 0, "draw @ --last");
    assert_eq!(outputs[1].stdout, "gif/n\u{fffd}-last.png\n".as_bytes());
    let outputs = run_odd(world, 0, "data make moons --points 40 --out x@.npy --force");
    assert_eq!(outputs[1].stdout, b"xn\xff.npy\n", "a script needs the very name");
    let object: Value = serde_json::from_slice(&outputs[2].stdout).unwrap();
    assert_eq!(object["file"], json!({ "text": "xn\u{fffd}.npy", "bytes": "786eff2e6e7079" }));
    for args in [
        "eval no@",
        "draw no@",
        "compare no@",
        "export no@ --to csv",
        "sweep no@",
        "sweep status no@",
        "data inspect no@",
        "inspect no@",
        "run --plan no@ --index 0",
    ] {
        run_odd(world, 1, args);
    }
    std::fs::copy(fixture("genforce-plain.pth"), odd_path(&odd())).unwrap_err();
    std::fs::copy(fixture("genforce-plain.pth"), odd_path(OsStr::from_bytes(b"n\xff.pth"))).unwrap();
    for args in ["convert @.pth o@.safetensors --force", "inspect @.pth"] {
        run_odd(world, 0, args);
    }
    // A job says where its checkpoint is, in JSON, by a text that leads back to it.
    let job = "sefa --checkpoint @.pth --n 1 --k 1 --steps 2 --viz-size 16 --out j@";
    run_odd(world, 0, &format!("{job} --force"));
    for args in [&format!("{job} --resume"), "runs --check j@", "inspect j@"] {
        run_odd(world, 0, args);
    }
}

#[test]
fn a_config_that_could_not_be_written_is_refused_before_anything_is() {
    let world = World::new();
    std::fs::copy(world.path("data.npy"), world.path("").join(OsStr::from_bytes(b"n\xff.npy"))).unwrap();
    for args in ["train gan --data @.npy --train-size 200 --out r", "compare --lab --data @.npy --out r --runs r"] {
        for output in run_odd(&world, 2, args) {
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(stderr.contains("is not UTF-8") && stderr.contains("rename or link"), "{args}: {stderr}");
        }
        assert!(!world.path("r").exists(), "{args}");
    }
}

#[test]
fn no_name_reaches_a_terminal_unescaped() {
    let world = World::new();
    let hostile = "\u{1b}]0;owned\u{7}.csv";
    std::fs::write(world.path(hostile), "x,y\n1,2\n3,4\n5,6\n7,8\n").unwrap();
    for args in
        [&["data", "inspect", hostile][..], &["doctor", "--data", hostile], &["data", "inspect", "\u{1b}[2Jnowhere"]]
    {
        let output = world.run(args);
        let said = [output.stdout, output.stderr].concat();
        assert!(!said.contains(&0x1b) && !said.contains(&7), "{args:?}: {}", String::from_utf8_lossy(&said));
        assert!(String::from_utf8(said).unwrap().contains("\\u{1b}"), "{args:?}");
    }
    // With --quiet a script gets the name as it is.
    let out = "\u{1b}x.npy";
    assert_eq!(world.done(&["data", "make", "moons", "--points", "40", "--out", out, "--quiet"]), format!("{out}\n"));
}

#[test]
fn a_checkpoints_names_are_escaped_too() {
    use gan_lab::checkpoint::{NamedTensor, save};
    let world = World::new();
    let tensor = NamedTensor::f64("\u{1b}]0;owned\u{7}", vec![1], vec![1.0]);
    save(&world.path("t.safetensors"), &[tensor], None).unwrap();
    let said = world.done(&["inspect", "t.safetensors"]);
    assert!(said.contains("\\u{1b}]0;owned\\u{7}") && !said.contains('\u{1b}'), "{said}");
    let labels = r#"{"0": "sleeves\u001b[8m", "1": "two\nlines"}"#;
    std::fs::write(world.path("labels.json"), labels).unwrap();
    let checkpoint = fixture("genforce-plain.pth");
    let sefa = ["sefa", "--checkpoint", &checkpoint, "--n", "1", "--k", "2", "--steps", "2", "--viz-size", "16"];
    let said = world.done(&[&sefa[..], &["--out", "job", "--labels", "labels.json"]].concat());
    assert!(said.contains("sleeves\\u{1b}[8m") && said.contains("two\\nlines"), "{said}");
}

#[test]
fn the_doctor_leaves_nothing_and_says_how_to_mend_what_it_finds() {
    let world = World::new();
    let said = world.done(&["doctor"]);
    assert!(said.contains("built in") && said.contains("All is well"), "{said}");
    let object: Value = serde_json::from_str(&world.done(&["doctor", "--json"])).unwrap();
    let checks = object["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["state"] == "ok" || check["remedy"].is_string()), "{object}");
    assert_eq!(std::fs::read_dir(world.path("")).unwrap().count(), 1, "the doctor left something");
    std::fs::write(world.path("work_dirs"), "in the way").unwrap();
    let output = world.run(&["doctor", "--data", "none.mat"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("There are 2 problems.") && said.matches("to mend").count() == 2, "{said}");
}

#[test]
fn a_limit_on_files_sizes_is_an_error_that_names_the_file() {
    let world = World::new();
    let program = env!("CARGO_BIN_EXE_gan-lab");
    let script = format!("ulimit -f 8; exec '{program}' data make moons --points 10000 --out large.npy");
    let output = Command::new("sh").arg("-c").arg(script).current_dir(world.path("")).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("large.npy"), "{stderr}");
    assert_eq!(std::fs::read_dir(world.path("")).unwrap().count(), 1, "something was left");
}

/// What a shell completes, a word a line; None where there is no such shell.
fn completed(world: &World, shell: &str, script: &str) -> Option<Vec<String>> {
    std::fs::write(world.path("completions"), world.done(&["completions", shell])).unwrap();
    let output = match Command::new(shell)
        .arg("-c")
        .arg(script)
        .current_dir(world.path(""))
        .env("HOME", world.path(""))
        .output()
    {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => panic!("{error}"),
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    Some(text.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect())
}

/// Words on the line, the last of them unfinished; what must be offered, and what must not.
const COMPLETIONS: [(&str, &[&str], &[&str]); 8] = [
    ("gan-lab tr", &["train"], &["draw"]),
    ("gan-lab draw --shee", &["--sheet"], &["--clip"]),
    ("gan-lab train --cl", &["--clip"], &["--sheet"]),
    ("gan-lab train --optim ", &["rmsprop", "adam", "sgd", "optimistic-adam"], &["--clip", "draw"]),
    ("gan-lab train --optim ad", &["adam"], &["rmsprop"]),
    ("gan-lab data ", &["make", "inspect"], &["draw"]),
    ("gan-lab data make --see", &["--seed"], &["--clip"]),
    ("gan-lab data make faces --re", &["--resolution"], &["--points"]),
];

#[test]
fn bash_completes_behind_commands() {
    let world = World::new();
    for (line, wanted, unwanted) in COMPLETIONS {
        let words: Vec<&str> = line.split(' ').collect();
        let (current, before) = (words[words.len() - 1], words[words.len() - 2]);
        // As bash calls the function that the script names for the command.
        let script = format!(
            "source completions; f=$(complete -p gan-lab | sed 's/.*-F \\([^ ]*\\) .*/\\1/'); COMP_WORDS=({}); \
             COMP_CWORD={}; \"$f\" gan-lab '{current}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
            words.len() - 1
        );
        let Some(offered) = completed(&world, "bash", &script) else { return };
        check_offers(line, &offered, wanted, unwanted);
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is not done says so")]
fn fish_completes_behind_commands_where_it_is_installed() {
    let world = World::new();
    for (line, wanted, unwanted) in COMPLETIONS {
        let Some(offered) = completed(&world, "fish", &format!("source completions; complete -C '{line}'")) else {
            eprintln!("not tried: fish is not installed");
            return;
        };
        check_offers(line, &offered, wanted, unwanted);
    }
}

fn check_offers(line: &str, offered: &[String], wanted: &[&str], unwanted: &[&str]) {
    let offers = |word: &&str| offered.iter().any(|offer| offer == word);
    assert!(wanted.iter().all(offers), "'{line}': {offered:?}");
    assert!(!unwanted.iter().any(offers), "'{line}': {offered:?}");
}

/// What a terminal of so many columns shows of a command's progress, from the first words on that `until` names; there
/// the command gets `signal`. Its standard output is not shown.
fn on_a_terminal(command: Command, columns: u16, signal: Option<(&str, Signal)>) -> (ExitStatus, String) {
    on_a_screen(command, (columns, 24), signal)
}

/// The same on a terminal of so many columns and rows.
fn on_a_screen(
    mut command: Command,
    (columns, rows): (u16, u16),
    signal: Option<(&str, Signal)>,
) -> (ExitStatus, String) {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let screen = File::options().read(true).write(true).open(OsStr::from_bytes(name.as_bytes())).unwrap();
    tcsetwinsize(&screen, size).unwrap();
    command.stderr(screen).stdout(Stdio::null()).stdin(Stdio::null()).env("TERM", "xterm");
    let mut child = command.spawn().unwrap();
    // Its copy of the screen would keep the terminal open for ever.
    drop(command);
    let mut terminal = File::from(terminal);
    let (mut seen, mut signal, mut bytes) = (Vec::new(), signal, [0; 4096]);
    // Reading fails when the last process has let the screen go.
    while let Ok(n @ 1..) = terminal.read(&mut bytes) {
        seen.extend_from_slice(&bytes[..n]);
        let text = String::from_utf8_lossy(&seen);
        if let Some((_, number)) = signal.take_if(|(until, _)| text.contains(*until)) {
            kill_process(Pid::from_child(&child), number).unwrap();
        }
    }
    (child.wait().unwrap(), String::from_utf8_lossy(&seen).into_owned())
}

/// What the last line drawn on a terminal is after all of `text`, where every redraw clears its line.
fn last_line(text: &str) -> &str {
    text.rsplit(['\n', '\r']).next().unwrap().trim_start_matches("\u{1b}[2K")
}

#[test]
fn an_interrupted_command_leaves_no_half_bar() {
    let world = World::new();
    let train = |epochs: &str| {
        let args = ["train", "gan", "--threads", "1", "--out", "r", "--force", "--epochs", epochs];
        world.command(&[&args[..], &SMALL].concat())
    };
    for (number, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let (status, text) = on_a_terminal(train("1000000"), 80, Some(("/1000000", number)));
        assert_eq!(status.code(), Some(code), "{text}");
        assert!(text.contains("stopping; saving first"), "{text}");
        assert_eq!(last_line(&text), "", "{text:?}");
    }
    // A command that does not listen ends as ever, and clean.
    train("2").output().unwrap();
    let eval = world.command(&["eval", "r", "--repeats", "1000"]);
    let (status, text) = on_a_terminal(eval, 80, Some(("measuring", Signal::INT)));
    assert_eq!(status.signal(), Some(2), "{text}");
    assert_eq!(last_line(&text), "", "{text:?}");
}

#[test]
fn progress_fits_terminals_of_any_width() {
    let world = World::new();
    for columns in [0, 1, 2, 3, 10, 40, 80, 500] {
        let args = ["train", "gan", "--threads", "1", "--out", "r", "--force", "--epochs", "3", "--frame-every", "1"];
        let (status, text) = on_a_terminal(world.command(&[&args[..], &SMALL].concat()), columns, None);
        assert!(status.success(), "{columns}: {text}");
        // 0 columns: the terminal does not say.
        let most = if columns == 0 { 80 } else { usize::from(columns) };
        for line in text.split(['\r', '\n']).map(|line| line.trim_start_matches("\u{1b}[2K")) {
            assert!(!line.starts_with("epoch") || line.chars().count() <= most, "{columns}: {line:?}");
        }
    }
}

#[cfg(feature = "torch")]
#[test]
fn reading_images_has_a_bar_that_goes_before_the_first_word_of_the_run() {
    let world = World::new();
    std::fs::write(world.path("squares.idx"), squares()).unwrap();
    let args = "train progan --data squares.idx --resolution 4 --latent-dim 4 --fmaps-base 16 --fmaps-max 4 --batch-size 8 \
                --kimg-per-phase 0.008 --final-kimg 0.008 --record-kimg 0.008 --threads 1 --force --out progan";
    let args: Vec<&str> = args.split_whitespace().collect();
    let (status, text) = on_a_terminal(world.command(&args), 80, None);
    assert!(status.success() && text.contains("reading image 8/8"), "{text}");
    assert!(text.find("reading image") < text.find("training a ProGAN"), "{text}");
    assert_eq!(last_line(&text), "", "{text:?}");
    // Without a terminal there is nothing to wait before.
    let output = world.run(&args);
    assert!(output.status.success() && !String::from_utf8_lossy(&output.stderr).contains("reading image"));
}

/// What a terminal of so many columns and rows shows after all of `text`.
fn screen(text: &str, (columns, rows): (u16, u16)) -> Vec<String> {
    let mut parser = vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0);
    parser.process(text.as_bytes());
    parser.screen().rows(0, columns).map(|row| row.trim_end().to_owned()).collect()
}

/// Whether a character is a pattern of braille with a dot.
fn is_braille(c: char) -> bool {
    ('\u{2801}'..='\u{28ff}').contains(&c)
}

#[test]
fn a_preview_shows_points_and_metrics_within_the_terminal_and_leaves_nothing() {
    let world = World::new();
    world.done(&["data", "make", "ring8", "--points", "300", "--out", "ring.mat"]);
    let train = |epochs: &str, colours: bool| {
        let args = ["train", "gan", "--threads", "1", "--out", "r", "--force", "--preview", "--frame-every", "1"];
        let data = ["--data", "ring.mat", "--train-size", "200", "--batch-size", "40", "--epochs", epochs];
        let mut command = world.command(&[&args[..], &data].concat());
        if colours {
            command.env_remove("NO_COLOR").env("CLICOLOR_FORCE", "1");
        }
        command
    };
    for (columns, rows, colours) in [(80, 24, true), (80, 24, false), (40, 14, true), (200, 60, false)] {
        // Words of its last line: all of it has been drawn.
        let until = Some((" of 8", Signal::INT));
        let (status, text) = on_a_screen(train("1000000", colours), (columns, rows), until);
        assert_eq!(status.code(), Some(130), "{text}");
        assert!(text.contains("stopping; saving first"), "{text}");
        let screen = |text: &str| screen(text, (columns, rows));
        // As it is when all of the first panel has been drawn.
        let drawn = text.find(" of 8").map(|at| screen(&text[..at + " of 8".len()])).unwrap();
        let top = drawn.iter().rposition(|row| row.starts_with("epoch")).unwrap();
        let panel = &drawn[top..];
        assert!(panel.len() < usize::from(rows) && panel.last().unwrap().contains(" of 8"), "{panel:#?}");
        assert!(panel.iter().any(|row| row.contains(is_braille)), "{panel:#?}");
        let said = |words: &str| assert!(panel.iter().any(|row| row.contains(words)), "no {words}: {panel:#?}");
        for words in ["d_loss", "sliced W2", "modes ", "real"] {
            said(words);
        }
        if columns >= 80 {
            ["g_loss", "coverage", " left", "generated"].into_iter().for_each(said);
        }
        // No row goes on in the next one.
        assert!(panel.iter().all(|row| console::measure_text_width(row) < usize::from(columns)), "{panel:#?}");
        // Colours tell the points apart, and without them their places.
        assert_eq!(text.contains("\u{1b}[35m"), colours, "{text:?}");
        let left = screen(&text);
        assert!(!left.iter().any(|row| row.contains(is_braille) || row.contains("d_loss")), "{left:#?}");
    }
    let (status, text) = on_a_screen(train("30", true), (80, 24), None);
    assert!(status.success(), "{text}");
    let left = screen(&text, (80, 24));
    assert!(text.contains(is_braille) && !left.iter().any(|row| row.contains(is_braille)), "{left:#?}");
}

#[test]
fn a_preview_without_room_is_progress_as_ever_and_says_so() {
    let world = World::new();
    let args = ["train", "gan", "--threads", "1", "--out", "r", "--force", "--preview", "--epochs", "3"];
    let train = || world.command(&[&args[..], &SMALL].concat());
    for size in [(39, 24), (80, 13), (1, 1), (0, 0)] {
        let (status, text) = on_a_screen(train(), size, None);
        assert!(status.success(), "{text}");
        assert!(text.contains("--preview needs a terminal") && !text.contains(is_braille), "{size:?}: {text:?}");
    }
    let output = train().output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("--preview needs a terminal") && said.contains("epoch 3/3"), "{said}");
    // Nobody who asks for silence or JSON gets a word of it.
    for form in ["--quiet", "--json"] {
        let output = train().arg(form).output().unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{form}");
    }
}
