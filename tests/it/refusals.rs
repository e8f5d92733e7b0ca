//! What is refused, and what the refusal says: what is wrong, where, and what to do.

use std::path::Path;

use crate::world::{World, contents, train_args};

#[test]
fn what_is_not_there_is_said_with_a_next_step() {
    let world = World::new();
    for (args, words) in [
        (&["inspect", "nope"][..], &["there is no run or file nope", "gan-lab runs"][..]),
        (&["sweep", "nope.json"], &["there is no plan nope.json", "sweep --help"]),
        (&["run", "--plan", "nope", "--index", "0"], &["there is no plan nope", "gan-lab sweep PLAN.json"]),
        (&["train", "--config", "nope.json"], &["there is no config nope.json", "gan-lab config"]),
        (&["config", "--config", "nope.json"], &["there is no config nope.json", "gan-lab config"]),
        (&["train", "gan", "--data", "."], &["a folder is no data file", "--data"]),
    ] {
        let message = world.fails(1, args);
        assert!(words.iter().all(|words| message.contains(words)), "{args:?}: {message}");
        assert!(!message.contains("os error 2)") && !message.contains("not there"), "{message}");
    }
}

#[test]
fn what_images_need_and_is_not_there_is_said_with_a_next_step() {
    let world = World::new();
    for (args, words) in [
        (&["convert", "nope", "out.safetensors"][..], &["there is no file nope", ".pth"][..]),
        (&["sefa", "--checkpoint", "nope"], &["there is no checkpoint nope", "pggan_faces64 or pggan_fashion32"]),
        (&["sefa", "--labels", "nope"], &["there is no file of labels nope"]),
    ] {
        let message = world.fails(1, args);
        assert!(words.iter().all(|words| message.contains(words)), "{args:?}: {message}");
    }
}

#[test]
fn what_was_typed_is_wrong_whoever_finds_it() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "2"]);
    std::fs::write(world.path("plan.json"), r#"{"grid": {"model": "gan", "seed": "0-2"}}"#).unwrap();
    world.done(&["sweep", "plan.json", "--out", "sweep", "--launcher", "print", "--quiet"]);
    for (args, words) in [
        (&["run", "--plan", "sweep/plan.jsonl", "--index", "99"][..], "has 3 runs, 0 to 2; there is no index 99"),
        (&["draw", "run", "--sheet", "7"], "no frame of epoch 7; it has: 2"),
        (&["eval", "run", "--samples", "5000"], "5000 samples were asked for; at most 100"),
        (&["eval", "run", "--samples", "1"], "it must be a whole number, 10 to"),
        (&["data", "make", "ring8", "--points", "-1"], "it must be a whole number, 4 to"),
        (&["sweep", "plan.json", "--jobs", "-1"], "it must be a whole number, 1 to 1024"),
        (&["run", "--plan", "sweep/plan.jsonl", "--index", "-1"], "it must be a whole number, 0 or more"),
        (&["compare", "run", "--samples", "-1"], "it must be a whole number, 10 to"),
        (&["train", "gan", "--train-size", "10"], "or take a smaller --batch-size"),
        (&["train", "gan", "--set", "optim.lr=1"], "did you mean 'lr'?"),
        (&["train", "gan", "--epochs", "1", "--set", "epochs=2"], "epochs is given two values, 1 by --epochs and 2 by"),
        (&["config", "--set", "lr=1", "--set", "lr=2"], "lr is given two values"),
    ] {
        let message = world.fails(2, args);
        assert!(message.contains(words), "{args:?}: {message}");
    }
    // The same index out of a cluster's variable is no slip of the fingers.
    let task = world.command(&["run", "--plan", "sweep/plan.jsonl"]).env("SLURM_ARRAY_TASK_ID", "99").output().unwrap();
    assert_eq!(task.status.code(), Some(1));
}

#[test]
fn a_config_of_another_kind_is_named_with_the_command_that_reads_it() {
    let world = World::new();
    for (kind, preset) in [("points", "paper-wgan"), ("progan", ""), ("sefa", "")] {
        let args = if preset.is_empty() { vec!["config", kind] } else { vec!["config", "--preset", preset] };
        std::fs::write(world.path(&format!("{kind}.json")), world.done(&args)).unwrap();
    }
    for (args, words) in [
        (
            &["train", "gan", "--config", "progan.json"][..],
            "is a config of progan, not of points; gan-lab train progan --config progan.json",
        ),
        (&["train", "--config", "sefa.json"], "is a config of sefa, not of points; gan-lab sefa --config sefa.json"),
        (&["config", "sefa", "--config", "points.json"], "is a config of points, not of sefa; gan-lab train --config"),
    ] {
        let message = world.fails(1, args);
        assert!(message.contains(words) && !message.contains("expected one of"), "{args:?}: {message}");
    }
    // An option's name is no setting's: the place is told, and no other kind.
    for (text, words) in [
        (r#"{"model": "gan"}"#, r#"'model' is an option's name; in a config it is {"objective": {"model": …}}"#),
        (r#"{"lr": 1e-4, "gp-weight": 10}"#, r#"in a config it is {"objective": {"gp_weight": …}}"#),
    ] {
        std::fs::write(world.path("mine.json"), text).unwrap();
        let message = world.fails(1, &["train", "--config", "mine.json"]);
        assert!(message.contains(words), "{message}");
    }
    #[cfg(feature = "torch")]
    {
        let message = world.fails(1, &["train", "progan", "--config", "points.json"]);
        assert!(message.contains("is a config of points, not of progan"), "{message}");
    }
}

/// Every reader names the file that does not belong, and nothing is changed.
#[test]
fn a_file_of_another_run_is_named() {
    let world = World::new();
    world.train("other", &["wgan", "--epochs", "2", "--lr", "1e-3"]);
    let commands: [&[&str]; 4] =
        [&["draw", "run"], &["eval", "run"], &["train", "--resume", "--out", "run"], &["runs", "run", "--check"]];
    for name in ["run.json", "state.safetensors", "config.json"] {
        let _ = std::fs::remove_dir_all(world.path("run"));
        world.train("run", &["gan", "--epochs", "2"]);
        std::fs::copy(world.path("other").join(name), world.path("run").join(name)).unwrap();
        let before = contents(&world.path("run"));
        let repaired = name == "config.json";
        for args in commands.iter().take(if repaired { 3 } else { 4 }) {
            let output = world.run(args);
            assert_eq!(output.status.code(), Some(1), "{name}: {args:?}");
            let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            let (stranger, rest) = (format!("run/{name} belongs to another run"), "samples.npy");
            let named = if repaired { said.contains("run/config.json") } else { said.contains(&stranger) };
            assert!(named && !said.contains(rest), "{name}: {args:?}: {said}");
            assert_eq!(contents(&world.path("run")), before, "{name}: {args:?}");
        }
    }
    // The copy of the settings is what `runs --check` writes anew.
    world.done(&["runs", "run", "--check"]);
    world.done(&["draw", "run"]);
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_file_is_named_with_what_to_do() {
    let world = World::new();
    for name in ["samples.npy", "metrics.jsonl"] {
        let _ = std::fs::remove_dir_all(world.path("run"));
        world.train("run", &["gan", "--epochs", "2", "--frame-every", "1"]);
        let (file, moved) = (world.path("run").join(name), world.path("moved"));
        std::fs::rename(&file, &moved).unwrap();
        std::os::unix::fs::symlink(&moved, &file).unwrap();
        let message = world.fails(1, &["train", "--resume", "--epochs", "4", "--out", "run"]);
        let moved = moved.canonicalize().unwrap();
        let words = format!("{name} is a symbolic link");
        assert!(message.contains(&words) && message.contains(moved.to_str().unwrap()), "{message}");
        assert!(message.contains("in its place") && !message.contains("os error"), "{message}");
    }
}

#[test]
fn data_that_are_others_are_named_without_a_remedy_that_there_is_not() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "1"]);
    world.done(&["data", "make", "ring8", "--points", "300", "--out", "wrong.csv"]);
    for command in [&["eval", "run"][..], &["compare", "run"]] {
        let message = world.fails(1, &[command, &["--data", "wrong.csv"]].concat());
        assert!(message.contains("name the original with --data (it was data.npy then)"), "{message}");
        assert!(!message.contains("--force"), "{message}");
    }
}

#[test]
fn a_run_becomes_longer_and_not_shorter_and_what_begins_anew_says_so() {
    let world = World::new();
    world.train("run", &["gan", "--epochs", "2"]);
    let message = world.fails(1, &["train", "--resume", "--out", "run", "--epochs", "1"]);
    assert!(message.contains("epochs: 2 there, 1 now; a run can be made longer, not shorter"), "{message}");
    let args: Vec<&str> = train_args("typo", &["gan", "--epochs", "1", "--resume"]);
    let output = world.run(&args[..args.len() - 1]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success() && said.contains("nothing to go on with in typo: beginning anew"), "{said}");
    let output = world.run(&args[..args.len() - 1]);
    assert!(!String::from_utf8(output.stderr).unwrap().contains("anew"));
}

#[test]
fn a_trace_replaces_traces_only() {
    let world = World::new();
    std::fs::write(world.path("mine"), "years of work").unwrap();
    let args = train_args("run", &["gan", "--epochs", "1", "--trace", "mine"]);
    assert!(world.fails(1, &args).contains("no trace of gan-lab's"));
    assert_eq!(std::fs::read(world.path("mine")).unwrap(), b"years of work");
    for out in ["a", "b"] {
        world.train(out, &["gan", "--epochs", "1", "--trace", "trace"]);
    }
}

fn row<'a>(listing: &'a str, run: &str) -> &'a str {
    listing.lines().find(|line| line.split_whitespace().any(|word| word == run)).unwrap()
}

#[test]
fn the_list_of_runs_says_what_each_is() {
    let world = World::new();
    world.train("all/one", &["gan", "--epochs", "1"]);
    world.train("all/two", &["gan", "--optim", "adam", "--epochs", "2", "--lr", "1e-5"]);
    world.train("all/broken", &["wgan", "--epochs", "2", "--latent-dim", "3"]);
    std::fs::write(world.path("all/broken/config.json"), "{").unwrap();
    world.fails(1, &train_args("all/wild", &["wgan-gp", "--lr", "1e25", "--optim", "sgd", "--epochs", "50"]));
    let output = world.run(&["runs", "all"]);
    let listing = String::from_utf8(output.stdout).unwrap();
    assert!(row(&listing, "all/one").contains("1 epoch "), "{listing}");
    assert!(
        row(&listing, "all/two").contains("optim adam") && row(&listing, "all/two").contains("lr 1e-5"),
        "{listing}"
    );
    assert!(row(&listing, "all/wild").contains("diverged"), "{listing}");
    assert!(!listing.contains("latent_dim"), "what cannot be read differs in nothing: {listing}");
    // One that goes on is no more what it was.
    world.fails(1, &["train", "--resume", "--out", "all/wild"]);
    let state = |run: &str| {
        let json: serde_json::Value = serde_json::from_slice(&world.run(&["runs", run, "--json"]).stdout).unwrap();
        json["runs"][0]["state"].clone()
    };
    assert_eq!(state("all/wild"), "diverged");
    assert_eq!(state("all/one"), "finished");
}

#[test]
fn an_unfinished_run_whose_data_are_gone_is_named() {
    let world = World::new();
    std::fs::copy(world.path("data.npy"), world.path("gone.npy")).unwrap();
    let data = ["--data", "gone.npy", "--train-size", "200", "--batch-size", "40", "--quiet"];
    world.done(&[&["train", "gan", "--epochs", "1", "--out", "done"], &data[..]].concat());
    let args = [&["train", "gan", "--epochs", "100000", "--out", "half"], &data[..]].concat();
    let mut child = world.command(&args).spawn().unwrap();
    while !Path::new(&world.path("half/metrics.jsonl")).is_file() || lines(&world.path("half/metrics.jsonl")) < 2 {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert!(std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    child.wait().unwrap();
    world.done(&["runs", ".", "--check"]);
    std::fs::remove_file(world.path("gone.npy")).unwrap();
    let output = world.run(&["runs", ".", "--check"]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("the data in gone.npy is not there any more") && said.contains("--data"), "{said}");
    assert!(row(&said, "./half").contains("unfinished") && !said.contains("./done:"), "{said}");
}

fn lines(path: &Path) -> usize {
    std::fs::read_to_string(path).unwrap().lines().count()
}
