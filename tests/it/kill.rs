//! Interrupted runs end like uninterrupted ones.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

use gan_lab::run::{RunDir, Status};

use crate::world::{SMALL, World, assert_same};

/// Long enough that a run is still going when its progress was read and a signal sent.
const EPOCHS: &str = "80";

fn args<'a>(out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let common = ["train", "wgan-gp", "--epochs", EPOCHS, "--frame-every", "7", "--threads", "1", "--out", out];
    [&common[..], &SMALL, more].concat()
}

/// Starts a run and waits until it says that this many epochs are done.
fn start(world: &World, out: &str, more: &[&str], epochs: usize) -> Child {
    start_command(world, &args(out, more), epochs)
}

/// Starts a run; with 0 epochs, waits until it says that it begins.
fn start_command(world: &World, args: &[&str], epochs: usize) -> Child {
    let mut child = world.command(args).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let reached = lines.by_ref().map_while(Result::ok).any(|line| {
        let done = line.trim_start_matches("epoch").trim_start().split('/').next().and_then(|n| n.parse().ok());
        epochs == 0 || done.is_some_and(|done: usize| done >= epochs)
    });
    assert!(reached, "the run ended before epoch {epochs}");
    // Whoever stops reading must not stop the writer.
    std::thread::spawn(move || lines.for_each(drop));
    child
}

fn signal(child: &Child, name: &str) {
    let sent = std::process::Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn killed_at_several_moments_and_resumed_it_ends_byte_for_byte_the_same() {
    let world = World::new();
    world.done(&args("straight", &["--quiet"]));
    for (i, moments) in [vec![5], vec![10, 25], vec![5, 20, 35]].into_iter().enumerate() {
        let out = format!("killed{i}");
        for (n, &epoch) in moments.iter().enumerate() {
            let more: &[&str] = if n == 0 { &[] } else { &["--resume"] };
            let mut child = start(&world, &out, more, epoch);
            child.kill().unwrap();
            assert!(!child.wait().unwrap().success());
            // A killed process leaves a lock file that nobody holds.
            let status = RunDir::new(world.path(&out)).status().unwrap();
            assert!(matches!(status, Status::Unfinished { .. }), "{status:?} after a kill");
        }
        world.done(&args(&out, &["--resume", "--quiet"]));
        assert_same(&world.path("straight"), &world.path(&out));
    }
}

#[test]
fn killed_runs_of_every_kind_of_state_end_byte_for_byte_the_same() {
    let states: [&[&str]; 3] = [
        &["--optim", "optimistic-adam", "--optim-d", "rmsprop", "--lookahead", "4"],
        &["--optim", "extra-adam", "--lookahead", "3", "--ema", "1000", "--set", "optim.amsgrad=true"],
        &["--optim", "adamw", "--optim-d", "sgd", "--set", "optim_d.momentum=0.5", "--lr-d", "1e-3"],
    ];
    let kept: [&[&str]; 3] = [
        &["generator_optim.exp_avg", "discriminator_optim.square_avg", "slow.generator", "slow.discriminator"],
        &["generator_optim.saved", "discriminator_optim.max_exp_avg_sq", "slow.generator", "average"],
        &["generator_optim.exp_avg_sq", "discriminator_optim.momentum_buffer"],
    ];
    let world = World::new();
    let arrays = |run: &str| {
        let file = gan_lab::checkpoint::load(&world.path(run).join("state.safetensors")).unwrap();
        file.tensors.into_iter().map(|tensor| tensor.name).collect::<Vec<_>>()
    };
    for (i, state) in states.into_iter().enumerate() {
        let (straight, out) = (format!("straight{i}"), format!("killed{i}"));
        let with = |more: &[&'static str]| [state, more].concat();
        world.done(&args(&straight, &with(&["--quiet"])));
        for (epoch, more) in [(5, &[][..]), (20, &["--resume"])] {
            let mut child = start(&world, &out, &with(more), epoch);
            child.kill().unwrap();
            assert!(!child.wait().unwrap().success());
        }
        world.done(&args(&out, &with(&["--resume", "--quiet"])));
        assert_same(&world.path(&straight), &world.path(&out));
        let names = arrays(&out);
        for name in kept[i] {
            assert!(names.iter().any(|there| there == name), "{name} is not among {names:?}");
        }
        let message = world.fails(1, &args(&out, &["--resume", "--lookahead", "9"]));
        assert!(message.contains("lookahead"), "{message}");
    }
}

#[test]
fn signals_save_exit_with_their_codes_and_the_run_goes_on() {
    let world = World::new();
    world.done(&args("straight", &["--quiet"]));
    for (name, code) in [("-INT", 130), ("-TERM", 143)] {
        let out = format!("run{name}");
        let mut child = start(&world, &out, &[], 5);
        signal(&child, name);
        assert_eq!(child.wait().unwrap().code(), Some(code));
        world.done(&args(&out, &["--resume", "--quiet"]));
        assert_same(&world.path("straight"), &world.path(&out));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_comparison_is_ended_by_a_signal_when_its_runs_are_trained() {
    use std::os::unix::process::ExitStatusExt as _;

    let world = World::new();
    let lab = ["compare", "--lab", "--data", "data.npy", "--train-size", "256", "--epochs", "1", "--no-gif"];
    world.done(&[&lab[..], &["--quiet"]].concat());
    // A minute of measuring, so that it is not over before.
    let mut child = start_command(&world, &[&lab[..], &["--repeats", "1000"]].concat(), 0);
    // The parent itself does next to nothing until it measures.
    let ticks = |child: &Child| {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
        stat.rsplit(") ").next().unwrap().split(' ').nth(11).unwrap().parse::<u32>().unwrap()
    };
    while ticks(&child) < 50 {
        std::thread::yield_now();
    }
    signal(&child, "-TERM");
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(15), "{status}");
}

#[test]
fn a_second_process_is_refused_with_the_firsts_pid() {
    let world = World::new();
    let endless = ["train", "gan", "--epochs", "1000000", "--threads", "1", "--out", "run"];
    let mut first = start_command(&world, &[&endless[..], &SMALL].concat(), 0);
    for more in ["--resume", "--force"] {
        let message = world.fails(1, &[&endless[..], &SMALL, &[more]].concat());
        assert!(message.contains(&format!("process {}", first.id())), "{message}");
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let message = world.fails(1, &[&endless[..], &SMALL].concat());
    assert!(message.contains("unfinished run"), "{message}");
}

#[test]
fn half_written_ends_are_taken_off() {
    let world = World::new();
    world.done(&args("straight", &["--quiet"]));
    let mut child = start(&world, "run", &[], 10);
    child.kill().unwrap();
    child.wait().unwrap();
    // What a process leaves that was killed between its writes: a record and a frame of an epoch that does not
    // count, half a line, an unfinished file.
    let run = world.path("run");
    let mut metrics = std::fs::read(run.join("metrics.jsonl")).unwrap();
    metrics.extend(br#"{"epoch":99,"iteration":1,"d_loss":0.0,"g_loss":0.0,"seconds":1.0}"#);
    metrics.extend(b"\n{\"epoch\":100,\"ite");
    std::fs::write(run.join("metrics.jsonl"), metrics).unwrap();
    let mut samples = std::fs::read(run.join("samples.npy")).unwrap();
    samples.extend([1; 123]);
    std::fs::write(run.join("samples.npy"), samples).unwrap();
    std::fs::write(run.join(".gan-lab-part-x1"), "half").unwrap();
    world.done(&args("run", &["--resume", "--quiet"]));
    assert_same(&world.path("straight"), &run);
}
