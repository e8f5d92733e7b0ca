//! The program where its libtorch is gone, has moved, or is not what it should be.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gan_lab::torch_library::VARIABLE;

use crate::world::{World, assert_same, train_args};

/// The folder of libtorch's libraries on building.
const LIB: &str = env!("GAN_LAB_LIBTORCH_LIB");

/// A copy of the program in which that folder is called otherwise, wherever it is written: as if libtorch had been
/// removed.
struct Without {
    world: World,
    program: PathBuf,
}

impl Without {
    fn new() -> Self {
        let world = World::new();
        let mut bytes = std::fs::read(env!("CARGO_BIN_EXE_gan-lab")).unwrap();
        let is_name = |at: &usize| bytes[*at..].starts_with(LIB.as_bytes());
        let places: Vec<usize> = (0..bytes.len()).filter(is_name).collect();
        assert!(!places.is_empty(), "the program does not know where libtorch is");
        for at in places {
            bytes[at + 1] = b'~';
        }
        let program = world.path("gan-lab");
        std::fs::copy(env!("CARGO_BIN_EXE_gan-lab"), &program).unwrap();
        std::fs::write(&program, bytes).unwrap();
        Self { world, program }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args).current_dir(self.world.path("")).env("NO_COLOR", "1");
        command.env_remove("LD_LIBRARY_PATH").env_remove(VARIABLE);
        command
    }

    fn done(&self, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", errors(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command says that must fail in a way that the user can mend.
    fn fails(&self, args: &[&str]) -> String {
        says(self.command(args))
    }
}

fn says(mut command: Command) -> String {
    let output = command.output().unwrap();
    let said = errors(&output);
    assert_eq!(output.status.code(), Some(1), "{command:?}: {said}");
    said
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Another folder with links to libtorch's libraries.
fn linked(root: &Path) {
    std::fs::create_dir_all(root.join("lib")).unwrap();
    for entry in std::fs::read_dir(LIB).unwrap() {
        let entry = entry.unwrap();
        std::os::unix::fs::symlink(entry.path(), root.join("lib").join(entry.file_name())).unwrap();
    }
}

#[test]
fn without_libtorch_the_program_starts_and_does_all_that_needs_none() {
    let without = Without::new();
    assert!(without.done(&["--version"]).starts_with("gan-lab "));
    assert!(without.done(&["sefa", "--help"]).contains("--directions"));
    without.done(&train_args("run", &["wgan-gp", "--epochs", "2"]));
    without.done(&["eval", "run"]);
    without.done(&["draw", "run"]);
    without.done(&["inspect", "run/generator.safetensors"]);
    without.world.train("same", &["wgan-gp", "--epochs", "2"]);
    assert_same(&without.world.path("run"), &without.world.path("same"));
    // Directions are found and drawn on a CPU without it.
    let job = |out| ["sefa", "--n", "1", "--k", "2", "--steps", "3", "--traits", "none", "--out", out];
    without.done(&job("here/job"));
    without.world.done(&job("there/job"));
    assert_same(&without.world.path("here/job"), &without.world.path("there/job"));
    without.done(&["sefa", "sheet", "--seeds", "0-3", "--out", "sheet.png"]);
}

#[test]
fn what_needs_libtorch_says_that_it_is_missing_and_how_to_get_it() {
    let without = Without::new();
    without.world.train("torch", &["gan", "--epochs", "1", "--engine", "torch"]);
    let torch = train_args("new", &["gan", "--epochs", "1", "--engine", "torch"]);
    for args in [&["sefa", "--device", "cuda"][..], &["train", "progan"], &["eval", "torch"], &torch] {
        let said = without.fails(args);
        for words in ["libtorch", "./scripts/setup-libtorch.sh", VARIABLE] {
            assert!(said.contains(words), "{args:?}: {said}");
        }
    }
    assert!(!without.world.path("new").exists(), "a run was begun that cannot be trained");
    let doctor = without.command(&["doctor"]).output().unwrap();
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert!(said.contains("libtorch     problem") && said.contains("./scripts/setup-libtorch.sh"), "{said}");
}

#[test]
fn a_libtorch_that_moved_is_found_by_its_new_name() {
    let without = Without::new();
    linked(&without.world.path("moved"));
    let args = |out| train_args(out, &["wgan-gp", "--epochs", "1", "--engine", "torch"]);
    without.world.done(&args("run"));
    // Its folder, or the folder of the libraries in it.
    for (run, folder) in [("moved-run", "moved"), ("lib-run", "moved/lib")] {
        let output = without.command(&args(run)).env(VARIABLE, folder).output().unwrap();
        assert!(output.status.success(), "{folder}: {}", errors(&output));
        assert_same(&without.world.path(run), &without.world.path("run"));
    }
}

/// A short run that needs libtorch.
fn short(out: &str) -> Vec<&str> {
    train_args(out, &["wgan-gp", "--epochs", "1", "--engine", "torch"])
}

#[test]
fn the_package_torch_beside_the_program_or_in_the_active_environment_will_do() {
    let without = Without::new();
    without.world.done(&short("run"));
    let package = without.world.path("venv/lib/python3.11/site-packages/torch");
    linked(&package);
    let version = |text: &str| std::fs::write(package.join("version.py"), format!("__version__ = '{text}'\n")).unwrap();
    version("2.13.0+cpu");
    std::fs::create_dir_all(without.world.path("venv/bin")).unwrap();
    let installed = without.world.path("venv/bin/gan-lab");
    std::fs::copy(&without.program, &installed).unwrap();
    let beside_with = |args: &[&str]| {
        let mut command = Command::new(&installed);
        command.args(args).current_dir(without.world.path("")).env_remove("LD_LIBRARY_PATH").env_remove(VARIABLE);
        command.env_remove("VIRTUAL_ENV").env_remove("CONDA_PREFIX");
        command
    };
    let beside = |out: &str| beside_with(&short(out));
    let mut active = without.command(&short("active-run"));
    active.env("VIRTUAL_ENV", without.world.path("venv"));
    for (out, mut command) in [("beside-run", beside("beside-run")), ("active-run", active)] {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{out}: {}", errors(&output));
        assert_same(&without.world.path(out), &without.world.path("run"));
    }
    // And it says which one it took.
    let said = String::from_utf8(beside_with(&["doctor"]).output().unwrap().stdout).unwrap();
    assert!(said.contains("2.13.0+cpu in ") && said.contains("site-packages/torch/lib"), "{said}");
    // Another release is not taken.
    version("2.1.0+cpu");
    assert!(says(beside("other-run")).contains("pip install torch==2.13.0"));
}

#[test]
fn a_libtorch_that_does_not_fit_is_refused() {
    let without = Without::new();
    let root = without.world.path("other");
    linked(&root);
    let run = || {
        let mut command = without.command(&train_args("run", &["gan", "--engine", "torch"]));
        command.env(VARIABLE, &root);
        says(command)
    };
    std::fs::write(root.join("build-version"), "2.1.0+cpu\n").unwrap();
    let said = run();
    assert!(said.contains("2.1.0") && said.contains("2.13.0"), "{said}");
    std::fs::remove_file(root.join("build-version")).unwrap();

    let library = root.join("lib/libc10.so");
    let whole = std::fs::read(&library).unwrap();
    for (bytes, words) in [(&whole[..whole.len() / 2], "cut off"), (b"not a library", "libc10.so")] {
        std::fs::remove_file(&library).unwrap();
        std::fs::write(&library, bytes).unwrap();
        let said = run();
        assert!(said.contains(words) && said.contains("setup-libtorch.sh"), "{said}");
    }
}
