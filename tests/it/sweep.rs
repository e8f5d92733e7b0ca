//! Many runs: the plan, the local pool, tasks of a cluster.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use gan_lab::run::RunDir;
use serde_json::Value;

use crate::world::{World, assert_same, contents};

/// More epochs than any test waits for.
const ENDLESS: u32 = 100_000_000;
/// How long to wait for what is bound to happen, on a machine that does much else.
const BOUND: Duration = Duration::from_mins(2);

/// A plan of two models and three seeds, small and with this many epochs.
fn plan(world: &World, epochs: u32) {
    let plan = serde_json::json!({
        "base": { "epochs": epochs, "batch_size": 40, "data": { "path": "data.npy", "train_size": 200 } },
        "grid": { "model": ["gan", "wgan"], "seed": "0-2" },
    });
    std::fs::write(world.path("plan.json"), plan.to_string()).unwrap();
}

fn run_dirs(world: &World, sweep: &str) -> Vec<PathBuf> {
    let text = std::fs::read_to_string(world.path(sweep).join("plan.jsonl")).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| world.path(sweep).join(line["dir"].as_str().unwrap())).collect()
}

fn status(world: &World, sweep: &str) -> Value {
    serde_json::from_str(&world.done(&["sweep", "status", sweep, "--json"])).unwrap()
}

/// The sweep's plan without a run, and where its runs will be.
fn planned(world: &World, sweep: &str) -> Vec<PathBuf> {
    world.done(&["sweep", "plan.json", "--out", sweep, "--launcher", "slurm"]);
    run_dirs(world, sweep)
}

/// Looks again and again until it is so.
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < BOUND, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn at_work(dirs: &[PathBuf]) -> usize {
    dirs.iter().filter(|dir| RunDir::new(dir.as_path()).is_locked()).count()
}

/// A pool of two, when both of its runs are at work.
fn pool_at_work(world: &World, sweep: &str) -> (Child, Vec<PathBuf>) {
    let dirs = planned(world, sweep);
    let mut command = world.heeding_command(&["sweep", "plan.json", "--out", sweep, "--jobs", "2", "--quiet"]);
    let parent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("two runs at work", || dirs.iter().filter(|dir| is_begun(dir)).count() == 2 && at_work(&dirs) == 2);
    (parent, dirs)
}

fn is_begun(dir: &Path) -> bool {
    dir.join("state.safetensors").is_file()
}

fn send(pid: u32, signal: &str) -> bool {
    Command::new("kill").args([signal, &pid.to_string()]).stderr(Stdio::null()).status().unwrap().success()
}

fn end_of(child: &mut Child) -> ExitStatus {
    let mut status = None;
    until("a process to end", || {
        status = child.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap()
}

#[test]
fn a_pool_does_every_run_as_train_would_and_does_nothing_twice() {
    let world = World::new();
    plan(&world, 2);
    let listing = world.done(&["sweep", "plan.json", "--dry-run"]);
    assert!(listing.contains("6 runs") && !world.path("work_dirs").exists(), "{listing}");
    world.done(&["sweep", "plan.json", "--jobs", "2", "--out", "sweep"]);
    let dirs = run_dirs(&world, "sweep");
    assert_eq!(dirs.len(), 6);
    assert_eq!(
        (status(&world, "sweep")["done"].as_u64(), status(&world, "sweep")["missing"].as_u64()),
        (Some(6), Some(0))
    );
    let config = dirs[0].join("config.json");
    world.done(&["train", "--config", config.to_str().unwrap(), "--out", "alone", "--quiet"]);
    assert_same(&world.path("alone"), &dirs[0]);
    let before = std::fs::metadata(dirs[3].join("state.safetensors")).unwrap().modified().unwrap();
    world.done(&["sweep", "plan.json", "--out", "sweep"]);
    assert_eq!(std::fs::metadata(dirs[3].join("state.safetensors")).unwrap().modified().unwrap(), before);
}

#[test]
fn a_run_that_fails_costs_itself_only_and_is_reported() {
    let world = World::new();
    plan(&world, 2);
    world.done(&["sweep", "plan.json", "--out", "sweep", "--launcher", "slurm"]);
    // A directory that cannot be a run's: a file is in its place.
    let dirs = run_dirs(&world, "sweep");
    std::fs::create_dir_all(dirs[1].parent().unwrap()).unwrap();
    std::fs::write(&dirs[1], "in the way").unwrap();
    let output = world.run(&["sweep", "plan.json", "--out", "sweep", "--jobs", "2"]);
    assert_eq!(output.status.code(), Some(1));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("seed1"), "{words}");
    let state = status(&world, "sweep");
    assert_eq!((state["done"].as_u64(), state["failed"].as_u64()), (Some(5), Some(1)), "{state}");
    std::fs::remove_file(&dirs[1]).unwrap();
    world.done(&["sweep", "plan.json", "--out", "sweep"]);
    assert_eq!(status(&world, "sweep")["failed"].as_u64(), Some(0));
}

#[test]
fn a_task_takes_its_index_from_the_cluster_and_saves_when_told() {
    let world = World::new();
    plan(&world, 600);
    world.done(&["sweep", "plan.json", "--out", "sweep", "--launcher", "slurm"]);
    world.done(&["sweep", "plan.json", "--out", "again", "--launcher", "slurm"]);
    let task = ["run", "--plan", "sweep/plan.jsonl", "--quiet"];
    for (variable, signal) in [("SLURM_ARRAY_TASK_ID", "-USR1"), ("HQ_TASK_ID", "-TERM")] {
        let mut command = world.command(&["run", "--plan", "sweep/plan.jsonl"]);
        let mut child = command.env(variable, "4").stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
        assert!(lines.any(|line| line.unwrap().starts_with("epoch")), "it ended before an epoch was done");
        std::thread::spawn(move || lines.for_each(drop));
        let busy = world.fails(75, &["run", "--plan", "sweep/plan.jsonl", "--index", "4"]);
        assert!(busy.contains("in use by process"), "{busy}");
        assert_eq!(status(&world, "sweep")["running"].as_u64(), Some(1));
        let sent = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().code(), Some(75));
        let state = status(&world, "sweep");
        assert_eq!((state["stopped"].as_u64(), state["missing"].as_u64()), (Some(1), Some(5)), "{state}");
    }
    let mut command = world.command(&task);
    assert!(command.env("JOB_COMPLETION_INDEX", "4").status().unwrap().success());
    world.done(&["run", "--plan", "again/plan.jsonl", "--index", "4", "--quiet"]);
    assert_same(&run_dirs(&world, "sweep")[4], &run_dirs(&world, "again")[4]);
    assert!(world.fails(2, &["run", "--plan", "sweep/plan.jsonl", "--index", "6"]).contains("6 runs, 0 to 5"));
    assert!(world.fails(2, &task).contains("SLURM_ARRAY_TASK_ID"));
    let mut command = world.command(&task);
    assert_eq!(command.env("SLURM_ARRAY_TASK_ID", "x").output().unwrap().status.code(), Some(2));
}

#[test]
fn commands_are_printed_for_others_to_run() {
    let world = World::new();
    plan(&world, 1);
    let text = world.done(&["sweep", "plan.json", "--out", "sweep", "--launcher", "print", "--quiet"]);
    assert_eq!(text.lines().count(), 6);
    for line in text.lines() {
        assert!(
            std::process::Command::new("sh")
                .arg("-c")
                .arg(line)
                .current_dir(world.path(""))
                .status()
                .unwrap()
                .success()
        );
    }
    assert_eq!(status(&world, "sweep")["done"].as_u64(), Some(6));
}

#[test]
fn plans_that_make_no_sense_are_refused_before_anything_is_written() {
    let world = World::new();
    for (plan, needle) in [
        ("{", "not a plan"),
        (r#"{"grid": {"model": "dcgan"}}"#, "dcgan"),
        (r#"{"grid": {"model": "gan"}, "grids": 1}"#, "grids"),
        (r#"{"grid": {"model": "gan", "data": "nowhere.mat"}}"#, "nowhere.mat is not there"),
        (r#"{"base": "nowhere.json", "grid": {"model": "gan"}}"#, "nowhere.json"),
    ] {
        std::fs::write(world.path("plan.json"), plan).unwrap();
        let message = world.fails(1, &["sweep", "plan.json", "--out", "sweep"]);
        assert!(message.contains(needle), "{plan}: {message}");
        assert!(!world.path("sweep").exists());
    }
    assert!(world.fails(1, &["sweep", "status", "nowhere"]).contains("gan-lab sweep"));
    world.fails(2, &["sweep"]);
}

#[test]
fn whatever_ends_a_pool_ends_its_runs_and_they_go_on_later() {
    let world = World::new();
    plan(&world, ENDLESS);
    // Only Linux tells whether a process was started to ignore SIGHUP.
    let hangup = cfg!(target_os = "linux").then_some(143);
    for (signal, code) in
        [("-INT", Some(130)), ("-TERM", Some(143)), ("-HUP", hangup), ("-QUIT", Some(143)), ("-KILL", None)]
    {
        let sweep = format!("sweep{signal}");
        let (mut parent, dirs) = pool_at_work(&world, &sweep);
        assert!(send(parent.id(), signal));
        assert_eq!(end_of(&mut parent).code(), code, "{signal}");
        // A parent that could say goodbye has waited for them.
        assert!(code.is_none() || at_work(&dirs) == 0, "{signal} left runs at work");
        until("the runs to end", || at_work(&dirs) == 0);
        let state = status(&world, &sweep);
        assert_eq!((state["stopped"].as_u64(), state["missing"].as_u64()), (Some(2), Some(4)), "{signal}: {state}");
    }
}

#[test]
fn a_second_signal_does_not_wait_and_leaves_nothing_at_work() {
    let world = World::new();
    plan(&world, ENDLESS);
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let sweep = format!("sweep{signal}");
        let (mut parent, dirs) = pool_at_work(&world, &sweep);
        // Runs that do nothing cannot save: the first signal waits for them.
        for dir in &dirs[..2] {
            let pid = std::fs::read_to_string(dir.join("lock")).unwrap();
            assert!(send(pid.trim().parse().unwrap(), "-STOP"));
        }
        let mut status = None;
        until("the parent to end", || {
            // One of them alone is never two.
            send(parent.id(), signal);
            status = parent.try_wait().unwrap();
            status.is_some()
        });
        assert_eq!(status.unwrap().code(), Some(code));
        assert_eq!(at_work(&dirs), 0);
    }
}

#[test]
fn a_pool_that_cannot_go_on_ends_its_runs_first() {
    let world = World::new();
    plan(&world, ENDLESS);
    let dirs = planned(&world, "sweep");
    // The first run cannot be, and why cannot be noted, while the second is at work.
    std::fs::create_dir_all(dirs[0].parent().unwrap()).unwrap();
    std::fs::write(&dirs[0], "in the way").unwrap();
    std::fs::write(world.path("sweep/errors"), "in the way").unwrap();
    let message = world.fails(1, &["sweep", "plan.json", "--out", "sweep", "--jobs", "2", "--quiet"]);
    assert!(message.contains("seed0") && message.contains("errors"), "{message}");
    assert_eq!(at_work(&dirs), 0);
}

#[test]
fn runs_of_other_processes_are_waited_for_and_counted() {
    let world = World::new();
    plan(&world, 300);
    let dirs = planned(&world, "sweep");
    let sweep = ["sweep", "plan.json", "--out", "sweep", "--jobs", "2", "--quiet"];
    let spawn = |args: &[&str]| world.command(args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut others = vec![spawn(&["run", "--plan", "sweep/plan.jsonl", "--index", "3", "--quiet"])];
    until("the first run at work", || at_work(&dirs) == 1);
    others.push(spawn(&sweep));
    until("a pool's run at work", || at_work(&dirs) > 1 || is_begun(&dirs[0]));
    others.push(spawn(&sweep));
    for other in others {
        let output = other.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(status(&world, "sweep")["done"].as_u64(), Some(6));
    assert!(!world.path("sweep/errors").exists());
    planned(&world, "again");
    world.done(&["run", "--plan", "again/plan.jsonl", "--index", "3", "--quiet"]);
    assert_same(&dirs[3], &run_dirs(&world, "again")[3]);
}

#[test]
fn simultaneous_starts_of_a_line_do_it_once_and_none_fails() {
    let world = World::new();
    plan(&world, 1);
    let dirs = planned(&world, "sweep");
    for (index, dir) in dirs.iter().enumerate() {
        let mut command = world.command(&["run", "--plan", "sweep/plan.jsonl", "--quiet", "--index"]);
        command.arg(index.to_string()).stdout(Stdio::null()).stderr(Stdio::piped());
        let starts: Vec<_> = (0..8).map(|_| command.spawn().unwrap()).collect();
        let ends: Vec<_> = starts.into_iter().map(|start| start.wait_with_output().unwrap()).collect();
        for end in &ends {
            let words = String::from_utf8_lossy(&end.stderr);
            assert!(matches!(end.status.code(), Some(0 | 75)), "{}: {words}", end.status);
        }
        assert!(ends.iter().any(|end| end.status.success()));
        world.done(&["run", "--plan", "sweep/plan.jsonl", "--quiet", "--index", &index.to_string()]);
        assert_eq!(std::fs::read_to_string(dir.join("metrics.jsonl")).unwrap().lines().count(), 1);
    }
    assert!(!world.path("sweep/errors").exists());
}

#[test]
fn done_is_done_whatever_an_old_note_says_and_the_next_sweep_takes_it_away() {
    let world = World::new();
    plan(&world, 1);
    world.done(&["sweep", "plan.json", "--out", "sweep"]);
    let dir = &run_dirs(&world, "sweep")[1];
    let folder = dir.parent().unwrap().file_name().unwrap().to_str().unwrap();
    let note = world.path("sweep/errors").join(format!("{folder}-seed1.txt"));
    std::fs::create_dir(note.parent().unwrap()).unwrap();
    std::fs::write(&note, "killed at the very end\n").unwrap();
    let state = status(&world, "sweep");
    assert_eq!((state["done"].as_u64(), state["failed"].as_u64()), (Some(6), Some(0)), "{state}");
    assert!(note.exists(), "a reader changes nothing");
    let before = contents(dir);
    world.done(&["sweep", "plan.json", "--out", "sweep"]);
    assert!(!note.exists());
    assert_eq!(contents(dir), before);
}

#[test]
fn a_run_that_cannot_write_its_last_files_is_no_success() {
    let world = World::new();
    plan(&world, 2);
    let dirs = planned(&world, "sweep");
    let text = std::fs::read_to_string(world.path("sweep/plan.jsonl")).unwrap();
    let mut line: Value = serde_json::from_str(text.lines().nth(1).unwrap()).unwrap();
    line["config"]["epochs"] = 1.into();
    std::fs::write(world.path("one.json"), line["config"].to_string()).unwrap();
    // Its state can be saved, its generator cannot.
    world.done(&["train", "--config", "one.json", "--out", dirs[1].to_str().unwrap(), "--quiet"]);
    let generator = dirs[1].join("generator.safetensors");
    std::fs::remove_file(&generator).unwrap();
    std::fs::create_dir_all(generator.join("in the way")).unwrap();
    let message = world.fails(1, &["sweep", "plan.json", "--out", "sweep", "--quiet"]);
    assert!(message.contains("seed1"), "{message}");
    std::fs::remove_dir_all(&generator).unwrap();
    world.done(&["sweep", "plan.json", "--out", "sweep"]);
    assert_eq!(status(&world, "sweep")["done"].as_u64(), Some(6));
}

#[test]
fn a_damaged_run_costs_itself_only_and_says_where_it_is_and_what_to_do() {
    let world = World::new();
    plan(&world, 1);
    world.done(&["sweep", "plan.json", "--out", "sweep"]);
    let dirs = run_dirs(&world, "sweep");
    std::fs::write(dirs[1].join("state.safetensors"), "no state").unwrap();
    std::fs::remove_dir_all(&dirs[2]).unwrap();
    let listing = world.done(&["sweep", "status", "sweep"]);
    assert!(listing.contains("move it away") && listing.contains("seed1"), "{listing}");
    let message = world.fails(1, &["sweep", "plan.json", "--out", "sweep"]);
    assert!(message.contains("seed1"), "{message}");
    let state = status(&world, "sweep");
    assert_eq!((state["done"].as_u64(), state["failed"].as_u64()), (Some(5), Some(1)), "{state}");
    std::fs::rename(&dirs[1], world.path("damaged")).unwrap();
    world.done(&["sweep", "plan.json", "--out", "sweep"]);
    assert_eq!(status(&world, "sweep")["done"].as_u64(), Some(6));
}

#[test]
fn a_plans_line_reaches_nothing_that_is_not_its_own() {
    let world = World::new();
    plan(&world, 1);
    world.train("victim", &["gan", "--epochs", "2"]);
    world.done(&["sweep", "plan.json", "--out", "sweep"]);
    let dirs = run_dirs(&world, "sweep");
    let text = std::fs::read_to_string(world.path("sweep/plan.jsonl")).unwrap();
    let line: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let aimed_at = |dir: &str| {
        let mut line = line.clone();
        line["dir"] = dir.into();
        std::fs::write(world.path("sweep/aimed.jsonl"), line.to_string() + "\n").unwrap();
        world.fails(1, &["run", "--plan", "sweep/aimed.jsonl", "--index", "0"])
    };
    let before = contents(&world.path("victim"));
    let absolute = world.path("victim").into_os_string().into_string().unwrap();
    for dir in ["../victim", "runs/../../victim", &absolute] {
        let message = aimed_at(dir);
        assert!(message.contains("outside") && message.contains("victim"), "{message}");
    }
    // A link in the sweep's folder, on the way or in the run's own place, to what is there or not yet.
    let to = |target: &str, at: &str| std::os::unix::fs::symlink(world.path(target), world.path(at)).unwrap();
    to("victim", "sweep/linked");
    to("", "sweep/up");
    to("nowhere", "sweep/dangling");
    for dir in ["linked", "up/victim", "dangling", "dangling/seed0"] {
        let message = aimed_at(dir);
        assert!(message.contains("is a link to") && message.contains("outside of sweep"), "{message}");
    }
    assert!(!world.path("nowhere").exists());
    assert_eq!(contents(&world.path("victim")), before);
    // One that stays within the sweep, and a sweep that is reached through a link, are as good as any.
    to("sweep/runs", "sweep/within");
    to("sweep", "whole");
    let within = line["dir"].as_str().unwrap().replacen("runs", "within", 1);
    for (plan, dir) in [("sweep/aimed.jsonl", within.as_str()), ("whole/aimed.jsonl", line["dir"].as_str().unwrap())] {
        let mut line = line.clone();
        line["dir"] = dir.into();
        std::fs::write(world.path(plan), line.to_string() + "\n").unwrap();
        world.done(&["run", "--plan", plan, "--index", "0"]);
    }
    // Another run of the sweep's, and somebody's files.
    let other = dirs[4].strip_prefix(world.path("sweep")).unwrap().to_str().unwrap().to_owned();
    let before = contents(&dirs[4]);
    let message = aimed_at(&other);
    assert!(message.contains("other settings") && message.contains("objective"), "{message}");
    assert_eq!(contents(&dirs[4]), before);
    std::fs::create_dir(world.path("sweep/thesis")).unwrap();
    std::fs::write(world.path("sweep/thesis/thesis.txt"), "mine").unwrap();
    aimed_at("thesis");
    assert_eq!(std::fs::read_to_string(world.path("sweep/thesis/thesis.txt")).unwrap(), "mine");
    assert_eq!(std::fs::read_dir(world.path("sweep/thesis")).unwrap().count(), 1);
}

#[test]
fn what_was_killed_before_its_first_state_is_begun_again() {
    let world = World::new();
    plan(&world, 1);
    let dirs = planned(&world, "sweep");
    world.done(&["sweep", "plan.json", "--out", "whole"]);
    std::fs::create_dir_all(&dirs[2]).unwrap();
    for name in ["run.json", "real.npy", "noise.npy", "config.json"] {
        std::fs::copy(run_dirs(&world, "whole")[2].join(name), dirs[2].join(name)).unwrap();
    }
    std::fs::write(dirs[2].join("lock"), "").unwrap();
    world.done(&["sweep", "plan.json", "--out", "sweep"]);
    assert_same(&run_dirs(&world, "whole")[2], &dirs[2]);
}

#[test]
fn a_task_stops_for_a_lost_terminal_unless_it_was_told_not_to_and_with_whoever_started_it() {
    let world = World::new();
    plan(&world, ENDLESS);
    let dirs = planned(&world, "sweep");
    let task = ["run", "--plan", "sweep/plan.jsonl", "--quiet", "--index", "0"];
    let start = |command: &mut Command| {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        until("the run at work", || at_work(&dirs) == 1 && is_begun(&dirs[0]));
        child
    };
    for signal in if cfg!(target_os = "linux") { &["-HUP", "-QUIT"][..] } else { &["-QUIT"] } {
        let mut child = start(world.heeding_command(&task).stdin(Stdio::null()));
        assert!(send(child.id(), signal));
        assert_eq!(end_of(&mut child).code(), Some(75), "{signal}");
    }
    let mut child = start(world.command(&[&task[..], &["--until-eof"]].concat()).stdin(Stdio::piped()));
    drop(child.stdin.take());
    assert_eq!(end_of(&mut child).code(), Some(75));
    // As nohup starts it: it is still there to heed the signal after.
    let mut ignoring = Command::new("sh");
    ignoring.args(["-c", "trap '' HUP; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_gan-lab")]).args(task);
    let mut child = start(ignoring.current_dir(world.path("")).stdin(Stdio::null()));
    assert!(send(child.id(), "-HUP") && send(child.id(), "-INT"));
    assert_eq!(end_of(&mut child).code(), Some(130));
}

#[test]
fn words_that_no_script_can_hold_are_refused_before_anything_is_written() {
    let world = World::new();
    plan(&world, 1);
    let line = "s\ntouch PWNED";
    for (args, needle) in [
        (&["--launcher", "slurm", "--out", line][..], "sweep's folder"),
        (&["--launcher", "print", "--out", line], "sweep's folder"),
        (&["--launcher", "slurm", "--out", "s", "--partition", line], "--partition"),
        (&["--launcher", "slurm", "--out", "s", "--time", line], "--time"),
        (&["--launcher", "slurm", "--out", "s", "--sbatch", line], "--sbatch"),
    ] {
        let message = world.fails(2, &[&["sweep", "plan.json"][..], args].concat());
        assert!(message.contains(needle), "{message}");
        assert!(!world.path("s").exists() && !world.path(line).exists());
    }
}

#[test]
fn a_plan_that_another_sweep_replaced_is_not_mistaken() {
    let world = World::new();
    plan(&world, 1);
    let dirs = planned(&world, "sweep");
    let task = ["run", "--plan", "sweep/plan.jsonl", "--index", "0", "--expect"];
    let message = world.fails(1, &[&task[..], &["sweep/runs/other"]].concat());
    assert!(message.contains("written anew"), "{message}");
    // Whoever replaces one is told, and nobody else is.
    let again = ["sweep", "plan.json", "--out", "sweep", "--launcher", "slurm"];
    let said = |world: &World| String::from_utf8(world.run(&again).stderr).unwrap();
    assert!(!said(&world).contains("is replaced"));
    plan(&world, 2);
    assert!(said(&world).contains("it had 6 runs that this one has not"), "{}", said(&world));
    assert!(!said(&world).contains("is replaced"));
    assert_eq!(dirs.iter().filter(|dir| dir.exists()).count(), 0);
}

#[test]
fn a_grid_takes_options_and_settings_and_lists_what_differs() {
    let world = World::new();
    let plan = r#"{"grid": [{"model": "wgan", "clip": [0.01, 0.02], "latent-dim": 8},
                            {"model": "gan", "generator.latent_dim": 16, "seed": "0-1"}]}"#;
    std::fs::write(world.path("plan.json"), plan).unwrap();
    let listing = world.done(&["sweep", "plan.json", "--dry-run"]);
    let rows: Vec<Vec<&str>> = listing.lines().map(|line| line.split_whitespace().collect()).collect();
    let head = rows.iter().position(|row| row.first() == Some(&"index")).unwrap();
    for column in ["model", "clip", "latent-dim", "seed"] {
        assert!(rows[head].contains(&column), "{listing}");
    }
    assert!(!rows[head].contains(&"epochs"), "{listing}");
    assert_eq!(rows.len() - head - 1, 4, "{listing}");
    assert!(rows[head + 2].contains(&"0.02") && rows[head + 2].contains(&"8"), "{listing}");
    // What does not fit is said once.
    std::fs::write(world.path("plan.json"), r#"{"grid": {"model": "gan", "clip": 1}}"#).unwrap();
    let said = world.fails(1, &["sweep", "plan.json", "--dry-run"]);
    assert_eq!(said.matches("clip").count(), 2, "{said}");
}

#[cfg(all(target_os = "linux", not(feature = "torch")))]
#[test]
fn a_million_runs_can_be_listed_in_little_memory() {
    let world = World::new();
    std::fs::write(world.path("plan.json"), r#"{"grid": {"model": "gan", "seed": "0-999999"}}"#).unwrap();
    let mut command = Command::new("sh");
    let script = "ulimit -v 1000000; \"$@\" | tail -n 1";
    command.args(["-c", script, "sh", env!("CARGO_BIN_EXE_gan-lab"), "sweep", "plan.json", "--dry-run"]);
    let output = command.current_dir(world.path("")).output().unwrap();
    let last = String::from_utf8(output.stdout).unwrap();
    assert!(last.trim().starts_with("999999") && last.trim().ends_with("seed999999"), "{last}");
}

#[test]
fn files_of_others_are_left_alone_and_options_of_another_launcher_refused() {
    let world = World::new();
    plan(&world, 1);
    let here = |name: &str| std::fs::read_to_string(world.path(name)).unwrap();
    std::fs::create_dir(world.path("mine")).unwrap();
    std::fs::write(world.path("mine/plan.jsonl"), "my own plan\n").unwrap();
    for launcher in ["local", "print", "slurm"] {
        let said = world.fails(1, &["sweep", "plan.json", "--out", "mine", "--launcher", launcher]);
        assert!(said.contains("plan.jsonl") && said.contains("--out"), "{said}");
    }
    assert_eq!(here("mine/plan.jsonl"), "my own plan\n");
    // A script as it was written is written anew, and one with a line of the user's stays.
    let slurm = ["sweep", "plan.json", "--out", "s w", "--launcher", "slurm"];
    let said = world.done(&slurm);
    assert!(
        said.contains("next: sbatch '") && said.contains("s w/sweep.sbatch', then gan-lab sweep status 's w'"),
        "{said}"
    );
    world.done(&[&slurm[..], &["--partition", "long"]].concat());
    let changed = here("s w/sweep.sbatch").replacen('\n', "\n#SBATCH --account=mylab\n", 1);
    std::fs::write(world.path("s w/sweep.sbatch"), &changed).unwrap();
    let said = world.fails(1, &slurm);
    assert!(said.contains("sweep.sbatch") && said.contains("--sbatch"), "{said}");
    assert_eq!(here("s w/sweep.sbatch"), changed);
    for (options, words) in [
        (&["--submit"][..], "--submit goes with --launcher slurm"),
        (&["--warning", "5"], "--warning goes with --launcher slurm"),
        (&["--launcher", "print", "--partition", "gpu"], "--partition goes with --launcher slurm"),
        (&["--launcher", "print", "--jobs", "3"], "--jobs goes with --launcher local"),
        (&["--launcher", "slurm", "--jobs", "3"], "--jobs goes with --launcher local"),
    ] {
        let said = world.fails(2, &[&["sweep", "plan.json", "--out", "none"], options].concat());
        assert!(said.contains(words), "{said}");
    }
    assert!(!world.path("none").exists());
}
