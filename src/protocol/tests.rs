//! The list of protocols, and a tiny one as a whole.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::config::{Scale, UpdateOrder};

/// Two and ten iterations of the ring.
const TINY: f64 = 0.0002;

fn tiny(methods: &[&str], seeds: &[u64]) -> Plan {
    let protocol = Protocol::named("ring8").unwrap();
    let methods = methods.iter().map(|name| protocol.method(name).unwrap()).collect();
    Plan { protocol, methods, seeds: seeds.to_vec(), fraction: TINY }
}

fn carried_out(plan: &Plan, folder: &Path, jobs: usize) -> Vec<String> {
    let mut results = Results::open(folder).unwrap();
    let whole = plan.carry_out(&plan.jobs().unwrap(), &mut results, jobs, &|| false, &mut |_| ()).unwrap();
    assert!(whole);
    lines(folder)
}

fn lines(folder: &Path) -> Vec<String> {
    fs_err::read_to_string(folder.join("results.jsonl")).unwrap().lines().map(str::to_owned).collect()
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

#[test]
fn every_protocol_has_sound_methods_marks_and_published_rows() {
    let names: BTreeSet<_> = ALL.iter().map(|protocol| protocol.name).collect();
    assert_eq!(names.len(), ALL.len());
    for protocol in ALL {
        assert!(!protocol.marks.is_empty() && protocol.marks.is_sorted_by(|a, b| a < b));
        let modes = protocol.law.centres().len() as f64;
        for row in protocol.published {
            assert!(protocol.method(row.method).is_ok() && protocol.marks.contains(&row.mark), "{row:?}");
            assert!(row.covered.mean <= modes && row.valid.mean < 1.0, "{row:?}");
            // Junk is a class: the variation is at least its share, up to the printed digits.
            assert!(row.mode_tv.mean > 1.0 - row.valid.mean - 0.002, "{row:?}");
        }
        for method in protocol.recipe.methods {
            let config = method.config(protocol, 1000, 3).unwrap();
            assert_eq!((config.iterations_per_epoch(), config.epochs, config.seed, config.threads), (1, 1000, 3, 1));
            assert_eq!((config.generator.latent_dim, &config.generator.hidden[..]), (16, &[128, 128][..]));
            assert_eq!((config.batch_size, &config.discriminator.hidden[..]), (256, &[128, 128][..]));
            let is_ours = matches!(method.settings, Settings::Preset(_));
            let expected = if is_ours { Scale::Standardise } else { Scale::None };
            assert_eq!(config.data.scale, expected, "{}", method.name);
            if !is_ours {
                assert_eq!((config.update_order, config.critic_steps), (UpdateOrder::CriticFirst, 1));
                assert!(!config.is_planned_to_its_end() && config.ema.is_none() && config.init.is_none());
            }
        }
    }
    let error = Protocol::named("ring9").unwrap_err().to_string();
    assert_eq!(error, "'ring9' is not a protocol; there are ring8, grid3, grid5, grid7");
    let error = ALL[0].method("wgan").unwrap_err().to_string();
    assert_eq!(error, "'wgan' is not a method; there are vanilla, rsgan, paired, pacgan2, best");
}

#[test]
fn pacgan2_is_the_preset_of_that_name() {
    let protocol = Protocol::named("grid3").unwrap();
    let preset = crate::config::POINTS.presets.iter().find(|preset| preset.name == "pacgan2").unwrap();
    let mut preset = crate::config::TrainConfig::from_json(preset.text).unwrap();
    let ours = protocol.method("pacgan2").unwrap().config(protocol, 10, 0).unwrap();
    preset.data.clone_from(&ours.data);
    (preset.epochs, preset.frame_every, preset.eval_every) = (10, 10, Some(0));
    (preset.threads, preset.engine) = (1, ours.engine);
    assert_eq!(preset.check().unwrap(), ours);
}

#[test]
fn rates_that_move_over_a_run_have_a_run_for_each_mark() {
    let plan = Plan::whole(Protocol::named("ring8").unwrap());
    let jobs = plan.jobs().unwrap();
    let marks = |job: &Job| job.marks().iter().map(|mark| mark.published).collect::<Vec<_>>();
    for job in &jobs {
        let expected = if job.config().is_planned_to_its_end() { 1 } else { 2 };
        assert_eq!(marks(job).len(), expected, "{}", job.method().name);
        assert_eq!(job.iterations(), *marks(job).last().unwrap());
    }
    let planned = jobs.iter().filter(|job| job.method().name == "best" && job.config().is_planned_to_its_end());
    assert!([0, 10].contains(&planned.count()));
    let digests: BTreeSet<_> = jobs.iter().flat_map(Job::marks).map(|mark| &mark.digest).collect();
    assert_eq!(digests.len(), 5 * 5 * 2, "two measurements with one digest");
}

#[test]
fn any_number_at_once_gives_the_same_lines() {
    let plan = tiny(&["vanilla", "rsgan", "paired", "pacgan2", "best"], &[0, 1]);
    let [one, three] = [1, 3].map(|at_once| {
        let folder = tempfile::tempdir().unwrap();
        sorted(carried_out(&plan, folder.path(), at_once))
    });
    assert_eq!(one.len(), 5 * 2 * 2);
    assert_eq!(one, three);
    // All of them trained something of their own.
    let numbers: BTreeSet<_> = one.iter().map(|line| line.split("\"digest\"").next().unwrap().to_owned()).collect();
    assert_eq!(numbers.len(), one.len());
}

#[test]
fn a_stopped_protocol_goes_on_to_the_same_lines_and_does_nothing_twice() {
    let plan = tiny(&["vanilla", "best", "paired"], &[0, 1]);
    let folder = tempfile::tempdir().unwrap();
    let expected = carried_out(&plan, folder.path(), 1);
    let jobs = plan.jobs().unwrap();
    let all: u64 = jobs.iter().map(Job::iterations).sum();
    for after in [0, 1, 5, 17, 30] {
        let folder = tempfile::tempdir().unwrap();
        let asked = AtomicU64::new(0);
        let stop = || asked.fetch_add(1, Ordering::Relaxed) >= after;
        let mut results = Results::open(folder.path()).unwrap();
        let whole = plan.carry_out(&jobs, &mut results, 1, &stop, &mut |_| ()).unwrap();
        assert!(!whole && results.len() < expected.len(), "stopped after {after}");
        // As if it had been killed in the middle of a line.
        let path = results.path().to_owned();
        if after > 10 {
            let text = fs_err::read(&path).unwrap();
            crate::files::write(&path, &[&text[..], b"{\"method\":\"van"].concat()).unwrap();
        }
        assert_eq!(carried_out(&plan, folder.path(), 1), expected, "stopped after {after}");
        // Once more has nothing to do.
        let told = Cell::new(0);
        let mut results = Results::open(folder.path()).unwrap();
        let tell = &mut |progress: Progress| told.set(told.get() + progress.iterations);
        assert!(plan.carry_out(&jobs, &mut results, 1, &|| false, tell).unwrap());
        assert_eq!(told.get(), 0);
        assert_eq!(lines(folder.path()), expected);
    }
    assert!(all > 30);
}

#[test]
fn lines_of_other_settings_stay_and_are_not_used() {
    let folder = tempfile::tempdir().unwrap();
    let plan = tiny(&["vanilla"], &[0]);
    let first = carried_out(&plan, folder.path(), 1);
    // Another number of iterations.
    let other = Plan { fraction: 2.0 * TINY, ..tiny(&["vanilla"], &[0]) };
    let summary = Summary::of(&other, &Results::open(folder.path()).unwrap()).unwrap();
    assert!(summary.rows.iter().all(|row| row.ours.is_none() && row.seeds.is_empty()));
    let both = carried_out(&other, folder.path(), 1);
    assert_eq!((both.len(), &both[..2]), (4, &first[..]));
    // What somebody changed by hand has no digest of ours, and is done again.
    let text = both.join("\n").replacen("\"digest\":\"", "\"digest\":\"0", 1) + "\n";
    crate::files::write(&folder.path().join("results.jsonl"), text.as_bytes()).unwrap();
    assert_eq!(carried_out(&plan, folder.path(), 1).len(), 5);
}

#[test]
fn a_file_of_something_else_is_refused_with_its_line_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("results.jsonl");
    carried_out(&tiny(&["vanilla"], &[0]), folder.path(), 1);
    let text = fs_err::read_to_string(&path).unwrap() + "{\"a\": 1}\n";
    for (text, line) in [(text.as_str(), "line 3"), ("notes of mine", "line 1"), ("a\nb", "line 1")] {
        crate::files::write(&path, text.as_bytes()).unwrap();
        let error = Results::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains(line) && error.contains("results.jsonl") && error.contains("--out"), "{error}");
        assert_eq!(fs_err::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_row_says_how_it_stands_to_what_was_published() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan::whole(Protocol::named("ring8").unwrap());
    let mut results = Results::open(folder.path()).unwrap();
    let jobs = plan.jobs().unwrap();
    let mut add = |method: &str, seed: u64, mark: u64, scores: Scores| {
        let marks = jobs.iter().filter(|job| job.method().name == method && job.config().seed == seed);
        let at = marks.flat_map(Job::marks).find(|at| at.published == mark).unwrap();
        let line = Line {
            method: method.to_owned(),
            seed,
            mark,
            iterations: mark,
            scores,
            diverged: (method == "rsgan" && seed == 1).then_some(7),
            digest: at.digest.clone(),
        };
        results.add(line).unwrap();
    };
    let scores = |covered, valid, mode_tv| Scores { covered, valid, mode_tv };
    for seed in 0..5 {
        let wobble = (seed as f64 - 2.0) / 100.0;
        add("vanilla", seed, 10_000, scores(7.0 + (seed % 2) as f64, 0.849 + wobble, 0.22 + wobble));
        add("paired", seed, 10_000, scores(8.0, 0.831 + wobble, 0.4 + wobble));
        add("pacgan2", seed, 10_000, scores(8.0, 0.9, 0.1));
        if seed < 3 {
            add("rsgan", seed, 10_000, scores(7.0, 0.84 + wobble, 0.28));
        }
    }
    let summary = Summary::of(&plan, &results).unwrap();
    let of = |name: &str, mark| summary.at(mark).find(|row| row.method.name == name).unwrap();
    assert_eq!(of("vanilla", 10_000).stands, Stands::Agrees);
    let paired = of("paired", 10_000);
    assert_eq!(paired.stands, Stands::Differs);
    assert!(paired.sentence.contains("mode TV 0.400 for 0.169") && !paired.sentence.contains("valid"), "{paired:?}");
    assert_eq!(of("pacgan2", 10_000).stands, Stands::NotPublished);
    let rsgan = of("rsgan", 10_000);
    assert_eq!((rsgan.stands, rsgan.diverged), (Stands::NotInFull, 1));
    assert!(rsgan.sentence.starts_with("was not run in full: 3 of 5 seeds; so far it "), "{}", rsgan.sentence);
    assert_eq!(of("best", 50_000).sentence, "was not run in full: 0 of 5 seeds; there is no published number");
    let shorter = Plan { fraction: 0.1, ..Plan::whole(plan.protocol) };
    let summary = Summary::of(&shorter, &results).unwrap();
    assert!(summary.rows.iter().all(|row| row.sentence.contains("of 10000 iterations, 0 of 5 seeds")
        || row.sentence.contains("of 50000 iterations, 0 of 5 seeds")));
    let text = markdown(&Summary::of(&plan, &results).unwrap());
    assert!(text.contains("| vanilla | 5 | 7.4 +- 0.24 | 7.6 +- 0.40 | 84.9 +- 0.71 | 84.9 |"), "{text}");
    assert!(text.contains("RSGAN after 10000 iterations: 1 of 3 seeds diverged"), "{text}");
}
