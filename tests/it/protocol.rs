//! Published comparisons, as a person asks for them.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::world::World;

const TINY: [&str; 8] = ["protocol", "ring8", "--fraction", "0.0002", "--seeds", "0", "--methods", "vanilla,paired"];

#[test]
fn names_that_there_are_not_are_refused_with_those_that_there_are() {
    let world = World::new();
    let message = world.fails(2, &["protocol", "ring9"]);
    assert!(message.contains("there are ring8, grid3, grid5, grid7"), "{message}");
    let message = world.fails(2, &["protocol", "ring8", "--methods", "vanilla,wgan"]);
    assert!(message.contains("--methods: 'wgan' is not a method; there are vanilla, rsgan, paired"), "{message}");
    for wrong in ["0", "1.5", "-1", "nan", "half"] {
        let message = world.fails(2, &["protocol", "ring8", "--fraction", wrong]);
        assert!(message.contains("above 0, 1 at most"), "{message}");
    }
    let message = world.fails(2, &["protocol", "--methods", "vanilla"]);
    assert!(message.contains("name a protocol; there are ring8"), "{message}");
    assert!(!world.path("work_dirs").exists());
}

#[test]
fn a_fraction_is_said_and_what_is_done_is_not_done_again() {
    let world = World::new();
    let first = world.done(&TINY);
    assert!(
        first.contains("after 2 iterations, of 10000") && first.contains("after 10 iterations, of 50000"),
        "{first}"
    );
    assert!(first.contains("vanilla: was not run in full: 10 of 50000 iterations, 1 of 5 seeds"), "{first}");
    let path = world.path("work_dirs/protocols/ring8/results.jsonl");
    let lines = std::fs::read_to_string(&path).unwrap();
    assert_eq!(lines.lines().count(), 4);
    let folder = world.path("work_dirs/protocols/ring8");
    let sheets = ["after-2.png", "after-10.png"];
    assert!(sheets.iter().all(|name| folder.join(name).is_file() && first.contains(name)), "{first}");
    assert_eq!(std::fs::read_dir(folder.join("pictures")).unwrap().count(), 4);
    let again = world.run(&TINY);
    assert_eq!(String::from_utf8(again.stdout).unwrap(), first);
    assert!(String::from_utf8(again.stderr).unwrap().contains("2 of 2 trainings in"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), lines);
    let report = world.done(&[&TINY[..4], &["--report", "--markdown"]].concat());
    assert!(
        report.starts_with("## ring8\n") && report.contains("### After 10 iterations, 0.0002 of the published 50000")
    );
    assert_eq!(std::fs::read_to_string(&path).unwrap(), lines, "a report trains nothing");
    assert_eq!(world.done(&[&TINY[..], &["--quiet"]].concat()).trim(), "work_dirs/protocols/ring8/results.jsonl");
}

#[test]
fn protocols_without_published_numbers_say_so_and_what_they_take_beforehand() {
    let world = World::new();
    let args = ["protocol", "wgan-gp-swiss", "--fraction", "0.00002", "--methods", "wgan", "--jobs", "1"];
    let output = world.run(&args);
    let (words, notes) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(words.contains("a swiss roll") && words.contains("sliced W2") && !words.contains("modes of"), "{words}");
    assert!(words.contains("there is no published number; published are pictures of the critic's contours"), "{words}");
    assert!(notes.contains("of one core in all, the longest training"), "{notes}");
    let list = world.done(&["protocol"]);
    for said in
        ["pacgan-grid", "400000 iterations", "methods of wgan-gp-ring, wgan-gp-grid, wgan-gp-swiss:", "unrolled5"]
    {
        assert!(list.contains(said), "{said} is not in {list}");
    }
}

#[test]
fn a_signal_keeps_what_was_measured_and_says_how_to_go_on() {
    let world = World::new();
    // Long enough for a signal whatever the machine; the first method is measured after 100 iterations.
    let args = [
        "protocol",
        "ring8",
        "--fraction",
        "0.01",
        "--seeds",
        "0-999",
        "--methods",
        "vanilla",
        "--jobs",
        "2",
        "--json",
    ];
    let mut child = world.command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let path = world.path("work_dirs/protocols/ring8/results.jsonl");
    while !std::fs::read_to_string(&path).is_ok_and(|text| text.contains('\n')) {
        std::thread::yield_now();
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let object: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(object["status"], "stopped");
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let counted: usize =
        object["rows"].as_array().unwrap().iter().map(|row| row["seeds"].as_array().unwrap().len()).sum();
    assert_eq!(counted, lines.len());
}

#[test]
fn a_picture_of_somebody_else_is_left_alone_before_anything_is_trained() {
    let world = World::new();
    let folder = world.path("work_dirs/protocols/ring8");
    for name in ["after-2.png", "pictures/vanilla-seed0-2.png"] {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "mine").unwrap();
        let said = world.fails(1, &TINY);
        assert!(said.contains(name) && said.contains("--out"), "{said}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
        assert!(!folder.join("results.jsonl").exists());
        std::fs::remove_file(path).unwrap();
    }
}
