//! A temporary folder with data to train on, and the program to run in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;

use tempfile::TempDir;

/// Options that make a run of a few milliseconds an epoch; data.npy has 300 points.
pub(crate) const SMALL: [&str; 6] = ["--data", "data.npy", "--train-size", "200", "--batch-size", "40"];

pub(crate) struct World {
    dir: TempDir,
}

impl World {
    /// A folder with `data.npy`.
    pub(crate) fn new() -> Self {
        let world = Self { dir: tempfile::tempdir().unwrap() };
        world.done(&["data", "make", "moons", "--points", "300", "--out", "data.npy"]);
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A command that runs gan-lab here.
    pub(crate) fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gan-lab"));
        command.args(args).current_dir(self.dir.path()).env("NO_COLOR", "1");
        command
    }

    /// The same, which heeds a lost terminal though the tests may have been started by nohup.
    pub(crate) fn heeding_command(&self, args: &[&str]) -> std::process::Command {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored =
            status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
        if ignored.is_none_or(|signals| signals & 1 == 0) {
            return self.command(args);
        }
        let mut command = std::process::Command::new("env");
        command.args(["--default-signal=HUP", env!("CARGO_BIN_EXE_gan-lab")]).args(args);
        command.current_dir(self.dir.path()).env("NO_COLOR", "1");
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Runs what must succeed; gives standard output.
    pub(crate) fn done(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Runs what must fail with this exit code; gives standard error.
    pub(crate) fn fails(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        assert!(!stderr.contains("panicked"), "{stderr}");
        stderr
    }

    /// Trains a small run into `out` with more options.
    pub(crate) fn train(&self, out: &str, options: &[&str]) -> String {
        self.done(&train_args(out, options))
    }
}

/// The arguments of a small run into `out`.
pub(crate) fn train_args<'a>(out: &'a str, options: &[&'a str]) -> Vec<&'a str> {
    [&["train"][..], options, &SMALL, &["--out", out, "--threads", "1", "--quiet"]].concat()
}

/// The files of a run of points, which has no folders in it.
pub(crate) fn contents(run: &Path) -> BTreeMap<String, Vec<u8>> {
    contents_of(run).into_iter().map(|(path, bytes)| (path.into_os_string().into_string().unwrap(), bytes)).collect()
}

fn without_seconds(lines: &str) -> String {
    let strip = |line: &str| {
        let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(record.as_object_mut().unwrap().remove("seconds").is_some());
        record.to_string() + "\n"
    };
    lines.lines().map(strip).collect()
}

/// Fails with the names of the files that differ.
pub(crate) fn assert_same(left: &Path, right: &Path) {
    let (left, right) = (contents(left), contents(right));
    assert_eq!(left.keys().collect::<Vec<_>>(), right.keys().collect::<Vec<_>>());
    let differing: Vec<_> = left.iter().filter(|(name, bytes)| right[*name] != **bytes).map(|(name, _)| name).collect();
    assert!(differing.is_empty(), "these files differ: {differing:?}");
}

/// Makes a run one of before there were manifests.
pub(crate) fn make_old(run: &Path) {
    let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(run.join("run.json")).unwrap()).unwrap();
    let note = serde_json::json!({ "format": "gan-lab state 1", "data": manifest["inputs"][0]["sha256"] });
    let state = run.join("state.safetensors");
    let tensors = gan_lab::checkpoint::load(&state).unwrap().tensors;
    gan_lab::checkpoint::save(&state, &tensors, Some(note.to_string())).unwrap();
    std::fs::remove_file(run.join("run.json")).unwrap();
}

/// All files under a folder by their paths in it, but for the seconds that records took.
pub(crate) fn contents_of(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        if path.is_dir() {
            found.extend(contents_of(&path).into_iter().map(|(inner, bytes)| (name.join(inner), bytes)));
        } else {
            let mut bytes = std::fs::read(&path).unwrap();
            if name.as_os_str() == "metrics.jsonl" {
                bytes = without_seconds(&String::from_utf8(bytes).unwrap()).into_bytes();
            }
            found.insert(name, bytes);
        }
    }
    found
}
