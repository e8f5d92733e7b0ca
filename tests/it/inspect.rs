//! `gan-lab inspect`: runs of every kind, gan-lab's own files, and what is neither.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use gan_lab::checkpoint::{NamedTensor, load, save};
use serde_json::Value;

use crate::world::{World, make_old};

/// A run whose networks have BatchNorm here and there.
fn trained() -> World {
    let world = World::new();
    let set = ["--set", "generator.hidden=4,6,5", "--set", "generator.batch_norm=true,false,true"];
    let more = [
        "--set",
        "generator.batch_norm_eps=0.00001",
        "--set",
        "generator.latent_dim=3",
        "--set",
        "discriminator.hidden=7",
    ];
    world.train("run", &[&["gan", "--epochs", "2"], &set[..], &more].concat());
    world
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

fn json(world: &World, args: &[&str]) -> Value {
    serde_json::from_str(&world.done(&[args, &["--json"]].concat())).unwrap()
}

/// The names and shapes of a class's state dict, by PyTorch's rules, read from the module's text.
fn state_dict(module: &str, class: &str) -> BTreeMap<String, Vec<usize>> {
    let body = module.split_once(&format!("class {class}(nn.Module):")).unwrap().1;
    let inside = body.split_once("self.net = nn.Sequential(\n").unwrap().1.split_once("\n        )\n").unwrap().0;
    let mut found = BTreeMap::new();
    for (i, line) in inside.lines().enumerate() {
        let (name, arguments) =
            line.trim().strip_prefix("nn.").unwrap().strip_suffix("),").unwrap().split_once('(').unwrap();
        let numbers: Vec<usize> = arguments.split(", ").map_while(|argument| argument.parse().ok()).collect();
        let mut add = |part: &str, shape: &[usize]| found.insert(format!("net.{i}.{part}"), shape.to_vec());
        match (name, &numbers[..]) {
            ("Linear", &[inputs, outputs]) => {
                add("weight", &[outputs, inputs]);
                add("bias", &[outputs]);
            }
            ("BatchNorm1d", &[features]) => {
                for part in ["weight", "bias", "running_mean", "running_var"] {
                    add(part, &[features]);
                }
                add("num_batches_tracked", &[]);
            }
            ("LeakyReLU", []) => assert_eq!(arguments, "0.2"),
            other => panic!("{other:?}"),
        }
    }
    found
}

fn shapes(file: &Path) -> BTreeMap<String, Vec<usize>> {
    load(file).unwrap().tensors.into_iter().map(|tensor| (tensor.name, tensor.shape)).collect()
}

/// Whether Python takes the text for a program; None where there is no Python.
fn is_python(text: &str) -> Option<bool> {
    let output =
        Command::new("python3").args(["-I", "-c", "import sys; compile(sys.argv[1], 'module', 'exec')", text]).output();
    output.ok().map(|output| output.status.success())
}

#[test]
fn a_run_is_shown_layer_by_layer() {
    let world = trained();
    insta::assert_snapshot!("inspect_run", world.done(&["inspect", "run"]));
    insta::assert_snapshot!("inspect_run_markdown", world.done(&["inspect", "run", "--format", "markdown"]));
    let quiet = world.done(&["inspect", "run", "--quiet"]);
    assert_eq!(quiet, "generator 3-4-6-5-2, discriminator 2-7-1\n");
    let said = json(&world, &["inspect", "run"]);
    assert_eq!(
        (said["kind"].as_str(), said["done"].as_u64(), said["total"].as_u64()),
        (Some("points"), Some(2), Some(2))
    );
    assert_eq!(said["settings"]["discriminator"]["hidden"], serde_json::json!([7]));
    assert_eq!(said["problems"], serde_json::json!([]));
    let generator = &said["networks"][0];
    let learnt: usize = shapes(&world.path("run/generator.safetensors"))
        .iter()
        .filter(|(name, _)| name.ends_with("weight") || name.ends_with("bias"))
        .map(|(_, shape)| shape.iter().product::<usize>())
        .sum();
    assert_eq!(generator["parameters"], learnt);
    assert_eq!(generator["layers"][1]["eps"], 0.00001);
    // A run of before there were manifests is shown too.
    make_old(&world.path("run"));
    let layers = |said: &Value| [0, 1].map(|i| said["networks"][i]["layers"].clone());
    assert_eq!(layers(&json(&world, &["inspect", "run"])), layers(&said));
}

#[test]
fn all_that_a_run_trains_with_is_said() {
    let world = World::new();
    let settings = [
        ("--rule", "hinge"),
        ("--constraint", "spectral-norm"),
        ("--pack", "2"),
        ("--penalty", "r1"),
        ("--set", "penalty.end=0.1"),
        ("--clip-grad", "0.5"),
        ("--instance-noise", "0.2"),
        ("--lookahead", "3"),
        ("--schedule", "cosine"),
        ("--set", "schedule.warm_up=0.1"),
        ("--ema", "1000"),
        ("--init", "orthogonal"),
        ("--optim-d", "adamw"),
        ("--lr-d", "0.25"),
        ("--latent-law", "uniform"),
    ];
    let args: Vec<&str> = settings.iter().flat_map(|(option, value)| [*option, *value]).collect();
    world.train("run", &[&args[..], &["--epochs", "1"]].concat());
    let text = world.done(&["inspect", "run"]);
    for words in [
        "hinge + R1 + spectral norm in packs of 2",
        "spectral norm on each",
        "R1 with weight 10, 0.1 of it at the end",
        "no longer than 0.5",
        "deviation 0.2 on all points, 0 of it at the end",
        "every 3 iterations",
        "cosine, rising over 0.1 of the run first; 0 of them is left at the end",
        "half is forgotten in 1000 points",
        "orthogonal",
        "AdamW, lr 0.25",
        "U(-1, 1)",
        "It scores 2 points at once",
    ] {
        assert!(text.contains(words), "{words} is not in {text}");
    }
}

#[test]
fn pytorch_source_has_the_state_dicts_of_the_files() {
    let world = trained();
    let module = world.done(&["inspect", "run", "--format", "pytorch"]);
    insta::assert_snapshot!("inspect_run_pytorch", without_version(&module));
    for (class, file) in [("Generator", "generator"), ("Discriminator", "discriminator")] {
        let file = format!("run/{file}.safetensors");
        assert_eq!(state_dict(&module, class), shapes(&world.path(&file)), "{class}");
        let of_file = world.done(&["inspect", &file, "--format", "pytorch"]);
        assert_eq!(state_dict(&of_file, class), shapes(&world.path(&file)), "{class} of its file");
        assert_ne!(is_python(&of_file), Some(false), "{of_file}");
    }
    assert_ne!(is_python(&module), Some(false), "{module}");
    let state = world.done(&["inspect", "run/state.safetensors", "--format", "pytorch"]);
    assert_eq!(state_dict(&state, "Generator"), state_dict(&module, "Generator"));
    assert_eq!(json(&world, &["inspect", "run", "--format", "pytorch"])["text"], module);
    // No name of a folder ends a comment.
    let hostile = "run\n\"\"\"\u{2028}import os\u{1b}[2J";
    std::fs::rename(world.path("run"), world.path(hostile)).unwrap();
    for format in ["table", "markdown", "pytorch"] {
        let text = world.done(&["inspect", hostile, "--format", format]);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{2028}') && !text.contains("run\n"), "{text}");
        assert!(format != "pytorch" || is_python(&text) != Some(false), "{text}");
    }
}

fn without_version(text: &str) -> String {
    text.replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[test]
fn weights_that_do_not_fit_their_run_are_said() {
    let world = trained();
    let file = world.path("run/generator.safetensors");
    let whole = load(&file).unwrap().tensors;
    let save_with = |change: &dyn Fn(&mut Vec<NamedTensor>)| {
        let mut tensors = whole.clone();
        change(&mut tensors);
        save(&file, &tensors, None).unwrap();
    };
    let problem = || {
        let output = world.run(&["inspect", "run", "--json"]);
        assert_eq!(output.status.code(), Some(1));
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(said["problems"].as_array().unwrap().len(), 1, "{said}");
        said["problems"][0].as_str().unwrap().to_owned()
    };
    save_with(&|tensors| drop(tensors.remove(0)));
    assert!(problem().contains("there is no tensor 'net.0.bias'"), "{}", problem());
    save_with(&|tensors| tensors[0].name.push('x'));
    assert!(problem().contains("tensor 'net.0.biasx' belongs to no layer"), "{}", problem());
    save_with(&|tensors| tensors[1] = NamedTensor::f32("net.0.weight", vec![3, 4], vec![0.0; 12]));
    assert!(problem().contains("tensor 'net.0.weight' is F32 [3, 4]; expected F32 [4, 3]"), "{}", problem());
    save_with(&|tensors| tensors[0] = NamedTensor::f64("net.0.bias", vec![4], vec![0.0; 4]));
    assert!(problem().contains("tensor 'net.0.bias' is F64 [4]; expected F32 [4]"), "{}", problem());
    std::fs::remove_file(&file).unwrap();
    assert!(problem().contains("it is missing"), "{}", problem());
    std::fs::write(&file, "{}").unwrap();
    assert!(problem().contains("generator.safetensors"), "{}", problem());
    let said = world.run(&["inspect", "run"]);
    assert!(String::from_utf8(said.stdout).unwrap().contains("does not fit this run's config"));
}

#[test]
fn our_own_files_are_known_without_their_run() {
    let world = trained();
    for (file, words) in [
        ("run/generator.safetensors", "an MLP of gan-lab's, a generator of points (3-4-6-5-2)"),
        ("run/discriminator.safetensors", "an MLP of gan-lab's, a discriminator of points (2-7-1)"),
        ("run/state.safetensors", "the state of a run of points: epoch 2 of 2"),
    ] {
        std::fs::copy(world.path(file), world.path("alone.safetensors")).unwrap();
        let said = world.done(&["inspect", "alone.safetensors"]);
        assert!(said.contains(words), "{file}: {said}");
        assert_eq!(json(&world, &["inspect", "alone.safetensors"])["network"], words);
    }
    let state = json(&world, &["inspect", "run/state.safetensors"]);
    assert_eq!((&state["done"], &state["total"]), (&2.into(), &2.into()));
    assert_eq!(state["networks"].as_array().unwrap().len(), 2);
    // BatchNorm's eps is known from the config beside the file, and from nothing else.
    let source = |file: &str| world.done(&["inspect", file, "--format", "pytorch"]);
    std::fs::copy(world.path("run/generator.safetensors"), world.path("alone.safetensors")).unwrap();
    let (alone, beside) = (source("alone.safetensors"), source("run/generator.safetensors"));
    assert!(alone.contains("eps=EPS") && alone.contains("does not say BatchNorm's eps"), "{alone}");
    assert_eq!(
        state_dict(&alone.replace("=EPS", "=0.8").replace("=MOMENTUM", "=0.1"), "Generator"),
        state_dict(&beside, "Generator")
    );
    assert!(beside.contains("eps=1e-5") && !beside.contains("EPS"), "{beside}");
    assert!(source("run/state.safetensors").contains("eps=1e-5"));
    assert!(!source("run/discriminator.safetensors").contains("EPS"));
    world.train("other", &["gan", "--epochs", "1"]);
    std::fs::copy(world.path("alone.safetensors"), world.path("other/generator.safetensors")).unwrap();
    assert!(source("other/generator.safetensors").contains("eps=EPS"), "another network's config");
    let mut state = load(&world.path("run/state.safetensors")).unwrap().tensors;
    for tensor in state.iter_mut().filter(|tensor| tensor.name == "progress.epoch") {
        *tensor = NamedTensor::i64("progress.epoch", vec![], vec![-1]);
    }
    save(&world.path("negative.safetensors"), &state, None).unwrap();
    let output = world.run(&["inspect", "negative.safetensors"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("epoch unknown") && said.contains("0 or more"), "{said}");
    for (file, words) in [
        ("runs/points/state.safetensors", "the state of a run of points: epoch "),
        ("runs/progan/state.safetensors", "the state of a ProGAN run: image "),
        ("runs/progan/generator.safetensors", "ProGAN (genforce's layout), 8 x 8, at the top"),
        ("runs/sefa/directions.safetensors", "SeFa's directions: 3 in a latent space of 3"),
        ("reference/gan-adam.safetensors", "a gan-lab trace: the first 3 iterations"),
    ] {
        let said = world.done(&["inspect", fixture(file).to_str().unwrap()]);
        assert!(said.contains(words), "{file}: {said}");
    }
}

#[test]
fn runs_of_the_other_kinds_say_what_they_are_made_of() {
    let world = World::new();
    let path = |name: &str| fixture("runs").join(name).into_os_string().into_string().unwrap();
    let shown = |text: String| text.replace(&path(""), "RUNS/");
    insta::assert_snapshot!("inspect_progan", shown(world.done(&["inspect", &path("progan")])));
    insta::assert_snapshot!("inspect_sefa", shown(world.done(&["inspect", &path("sefa")])));
    let progan = json(&world, &["inspect", &path("progan")]);
    // The state's flat arrays have as many numbers as the tables.
    assert_eq!(
        (&progan["networks"][0]["parameters"], &progan["networks"][1]["parameters"]),
        (&332.into(), &367.into())
    );
    for kind in ["progan", "sefa"] {
        let refused = world.fails(1, &["inspect", &path(kind), "--format", "pytorch"]);
        assert!(refused.contains("holds no network of points"), "{refused}");
    }
}

#[test]
fn what_is_no_run_is_refused_with_what_to_do() {
    let world = trained();
    std::fs::create_dir(world.path("empty")).unwrap();
    for (what, words) in [
        (".", "is not a run but holds 1; name one of them, such as ./run"),
        ("empty", "empty holds no run; name a run's directory or a file of weights"),
        ("nowhere", "nowhere"),
        ("data.npy", "data.npy"),
    ] {
        let said = world.fails(1, &["inspect", what]);
        assert!(said.contains(words), "{what}: {said}");
    }
    std::fs::remove_file(world.path("run/state.safetensors")).unwrap();
    let said = world.fails(1, &["inspect", "run"]);
    assert!(said.contains("ended before its first state was saved"), "{said}");
}

#[test]
fn other_peoples_files_are_read_with_or_without_libtorch() {
    let world = World::new();
    for name in ["genforce-zip.pth", "genforce-legacy.pth", "layouts/progan-tensorflow.pkl"] {
        let said = world.done(&["inspect", fixture("checkpoints").join(name).to_str().unwrap()]);
        assert!(said.contains("ProGAN") && said.contains("z 6"), "{said}");
    }
}

#[test]
fn a_file_that_would_run_code_is_named_and_nothing_runs() {
    let world = World::new();
    let path = fixture("checkpoints/wrong-code.pth");
    let output = world.run(&["inspect", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("asks for posix.system") && said.contains("nothing was run"), "{said}");
}

#[test]
fn files_that_are_no_checkpoint_are_named_for_what_they_are() {
    let world = World::new();
    let whole = std::fs::read(fixture("checkpoints/genforce-zip.pth")).unwrap();
    for (name, bytes, words) in [
        ("lfs.pth", &b"version https://git-lfs.github.com/spec/v1\noid sha256:4d\n"[..], "Git LFS pointer"),
        ("empty.pth", b"", "empty"),
        ("page.pkl", b"<!DOCTYPE html><html>", "HTML page"),
        ("packed.pth.gz", b"\x1f\x8b\x08\0\0\0\0\0", "gzip"),
        ("cut.pth", &whole[..whole.len() / 2], "cut short"),
        ("keras.h5", b"\x89HDF\r\n\x1a\n\0\0\0\0", "HDF5"),
    ] {
        std::fs::write(world.path(name), bytes).unwrap();
        let said = world.fails(1, &["inspect", name]);
        assert!(said.contains(words), "{name}: {said}");
    }
}
