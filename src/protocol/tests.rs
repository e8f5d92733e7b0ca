//! The list of protocols, and a tiny one as a whole.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::config::{EngineKind, Scale, TrainConfig, UpdateOrder};

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
        let quantities = protocol.measure.quantities;
        let is_of_modes = quantities.iter().all(|quantity| quantity.is_of_modes());
        let modes = protocol.law.mixture().map_or(0, Mixture::modes) as f64;
        assert_eq!((protocol.measure.near.is_some(), modes > 0.0), (is_of_modes, is_of_modes), "{}", protocol.name);
        let pictures = matches!(protocol.recipe.printed, Printed::Pictures(_));
        assert_eq!(pictures, protocol.published.is_empty(), "{}", protocol.name);
        for row in protocol.published {
            assert!(protocol.method(row.method).is_ok() && protocol.marks.contains(&row.mark), "{row:?}");
            let of = |quantity| row.get(quantity).map(|reported| reported.mean);
            let (covered, valid) = (of(Quantity::Covered).unwrap(), of(Quantity::Valid).unwrap());
            assert!(covered <= modes && valid < 1.0, "{row:?}");
            // Junk is a class: the variation is at least its share, up to the printed digits.
            assert!(of(Quantity::ModeTv).is_none_or(|mode_tv| mode_tv > 1.0 - valid - 0.002), "{row:?}");
            // Modes that are missed have made the others likelier.
            assert!(of(Quantity::ReverseKl).is_none_or(|kl| kl > (modes / covered).ln() - 0.2), "{row:?}");
            for quantity in quantities.iter().filter_map(|&quantity| row.get(quantity)) {
                assert_eq!(protocol.recipe.printed == Printed::Errors, quantity.printed_error.is_some());
            }
        }
        for method in protocol.recipe.methods {
            let config = method.config(protocol, 1000, 3).unwrap();
            assert_eq!((config.iterations_per_epoch(), config.epochs, config.seed, config.threads), (1, 1000, 3, 1));
            assert!(config.engine.lacks(&config).is_none() && config.engine != EngineKind::Auto, "{}", method.name);
            let is_ours = matches!(method.settings, Settings::Preset(_));
            let expected = if is_ours { Scale::Standardise } else { Scale::None };
            assert_eq!(config.data.scale, expected, "{}", method.name);
            if is_ours {
                assert_eq!(config.engine, EngineKind::Fused, "{}", protocol.name);
            } else {
                assert!(!config.is_planned_to_its_end() && config.ema.is_none());
            }
        }
    }
    let error = Protocol::named("ring9").unwrap_err().to_string();
    assert!(
        error.starts_with("'ring9' is not a protocol; there are ring8, grid3, grid5, grid7, unrolled, "),
        "{error}"
    );
    let error = ALL[0].method("wgan").unwrap_err().to_string();
    assert_eq!(error, "'wgan' is not a method; there are vanilla, rsgan, paired, pacgan2, best");
}

fn config(protocol: &str, method: &str) -> crate::config::RunConfig {
    let protocol = Protocol::named(protocol).unwrap();
    protocol.method(method).unwrap().config(protocol, 1000, 0).unwrap()
}

/// What the configs say, in numbers that are written here a second time, from the papers' code.
#[test]
fn every_recipe_is_the_published_one() {
    let widths = |config: &TrainConfig| {
        let (g, d) = (&config.generator, &config.discriminator);
        (g.latent_dim, g.hidden.clone(), d.hidden.clone(), config.batch_size, config.critic_steps)
    };
    let said =
        |config: &TrainConfig, key: &str| crate::config::at(&crate::config::Config::to_json(config), key).to_string();
    for name in ["ring8", "grid3", "grid5", "grid7"] {
        for method in ["vanilla", "rsgan", "paired", "pacgan2", "best"] {
            let config = config(name, method);
            assert_eq!(widths(&config), (16, vec![128; 2], vec![128; 2], 256, 1));
            assert!(method == "best" || (config.update_order == UpdateOrder::CriticFirst && config.init.is_none()));
        }
    }
    for (method, unroll) in [("unrolled0", None), ("unrolled5", Some(5)), ("best", None)] {
        let config = config("unrolled", method);
        assert_eq!(widths(&config), (256, vec![128; 2], vec![128; 2], 512, 1));
        assert_eq!(config.unroll, unroll);
        if method != "best" {
            assert_eq!(config.update_order, UpdateOrder::GeneratorFirst);
            assert_eq!((config.lr, config.lr_d, config.init_gain), (1e-3, Some(1e-4), Some(1.4)));
            let words =
                ["optim.betas", "activation.name", "init", "objective.generator_loss"].map(|key| said(&config, key));
            assert_eq!(words, ["[0.5,0.999]", "\"tanh\"", "\"orthogonal\"", "\"saturating\""]);
        }
    }
    for name in ["pacgan-ring", "pacgan-grid"] {
        for (i, method) in ["gan", "pacgan2", "pacgan3", "pacgan4"].into_iter().enumerate() {
            for (method, b1) in [(method.to_owned(), 0.8), (format!("{method}-0.2"), 0.2)] {
                let config = config(name, &method);
                assert_eq!(widths(&config), (2, vec![400; 4], vec![200; 3], 100 * (i + 1), 1));
                assert_eq!((config.members(), config.packs(), config.lr), (i + 1, 100, 1e-4));
                assert_eq!(said(&config, "optim.betas"), format!("[{b1},0.999]"));
                let g = &config.generator;
                assert_eq!((&g.batch_norm[..], g.batch_norm_eps, g.batch_norm_momentum), (&[true; 4][..], 1e-4, 0.05));
                let words = ["activation.name", "activation_d.pieces", "init", "objective.generator_loss"];
                let words = words.map(|key| said(&config, key));
                assert_eq!(words, ["\"relu\"", "5", "\"normal\"", "\"non-saturating\""]);
                assert_eq!(config.update_order, UpdateOrder::GeneratorFirst);
            }
        }
        assert_eq!(widths(&config(name, "best")), (2, vec![400; 4], vec![200; 3], 100, 1));
    }
    for name in ["wgan-gp-ring", "wgan-gp-grid", "wgan-gp-swiss"] {
        for (method, lr) in [("wgan-gp", 1e-4), ("wgan", 5e-5)] {
            let config = config(name, method);
            assert_eq!(widths(&config), (2, vec![512; 3], vec![512; 3], 256, 5));
            assert_eq!(
                (config.lr, config.update_order, config.engine),
                (lr, UpdateOrder::CriticFirst, EngineKind::Fused)
            );
            assert_eq!([said(&config, "activation.name"), said(&config, "init")], ["\"relu\"", "\"he-uniform\""]);
        }
        assert_eq!(said(&config(name, "wgan-gp"), "objective.gp_weight"), "0.1");
        assert_eq!(said(&config(name, "wgan"), "objective.clip"), "0.01");
    }
    let samples = ALL.map(|protocol| protocol.measure.samples);
    assert_eq!(samples, [10_000, 10_000, 10_000, 10_000, 2500, 2500, 2500, 2500, 2500, 10_000]);
    assert_eq!(ALL.map(|protocol| protocol.recipe.seeds), [5, 5, 5, 5, 5, 10, 10, 1, 1, 1]);
}

/// Each of them as a whole, an iteration long.
#[test]
fn every_protocol_trains_measures_and_reports() {
    for protocol in ALL {
        let mut plan = Plan { seeds: vec![2], fraction: 1e-9, ..Plan::whole(protocol) };
        // Plain loops take minutes for wide networks.
        plan.methods.retain(|method| {
            let config = method.config(protocol, 1, 2).unwrap();
            config.engine != EngineKind::Plain || config.unroll.is_some()
        });
        let folder = tempfile::tempdir().unwrap();
        let lines = carried_out(&plan, folder.path(), 1);
        assert_eq!(lines.len(), plan.methods.len() * protocol.marks.len(), "{}", protocol.name);
        let results = Results::open(folder.path()).unwrap();
        has_pictures(&plan, &results);
        let summary = Summary::of(&plan, &results).unwrap();
        assert_eq!(summary.rows.len(), lines.len());
        let quantities = protocol.measure.quantities.len();
        assert_eq!(summary.floor.as_ref().unwrap().len(), quantities);
        let published = summary.head().iter().filter(|head| *head == "published").count();
        assert_eq!(published, if protocol.published.is_empty() { 0 } else { quantities });
        for row in &summary.rows {
            assert_eq!(row.stands, Stands::NotInFull, "{row:?}");
            let ours = row.ours.as_ref().unwrap();
            assert!(ours.len() == quantities && ours.iter().all(|spread| spread.mean.is_finite()), "{row:?}");
            assert!(row.sentence.contains(&format!("1 of {} iterations", row.mark)), "{}", row.sentence);
            let is_picture = matches!(protocol.recipe.printed, Printed::Pictures(_));
            let is_ours = matches!(row.method.settings, Settings::Preset(_));
            assert_eq!(row.sentence.contains("published are pictures"), is_picture && !is_ours, "{}", row.sentence);
        }
        let widths: BTreeSet<_> =
            protocol.marks.iter().flat_map(|&mark| summary.cells(mark)).map(|row| row.len()).collect();
        assert_eq!(widths, BTreeSet::from([summary.head().len()]));
        let text = markdown(&summary);
        let of_law = protocol.law.words();
        assert!(
            text.starts_with(&format!("## {}\n\n{of_law}; ", protocol.name)) && text.contains("true points"),
            "{text}"
        );
        assert!(text.contains("of the published"), "{text}");
        // A line that lacks a number is not used.
        let name = protocol.measure.quantities[0].name();
        let without = lines[0].replacen(&format!("\"{name}\":"), "\"other\":", 1) + "\n";
        crate::files::write(results.path(), without.as_bytes()).unwrap();
        let results = Results::open(folder.path()).unwrap();
        assert!(Summary::of(&plan, &results).unwrap().rows.iter().all(|row| row.ours.is_none()));
    }
}

fn decoded(path: &Path) -> crate::render::Picture {
    crate::media::decode_png(&fs_err::read(path).unwrap()).unwrap()
}

/// Every measurement has a picture, with a key where there are scores, and every mark a sheet of them.
fn has_pictures(plan: &Plan, results: &Results) {
    let protocol = plan.protocol;
    let jobs = plan.jobs().unwrap();
    for job in &jobs {
        for mark in job.marks() {
            let picture = decoded(&results.folder().join(sheet::name(job, mark)));
            let with_key = match protocol.recipe.shows {
                Shows::Points => false,
                Shows::Density => true,
                Shows::Contours => crate::config::Recording::Field.lacks(job.config()).is_none(),
            };
            assert_eq!(picture.height > picture.width, with_key, "{} {}", protocol.name, job.method().name);
        }
    }
    let sheets = plan.write_sheets(&jobs, results).unwrap();
    assert_eq!(sheets.len(), protocol.marks.len(), "{}", protocol.name);
    for (path, &mark) in sheets.iter().zip(protocol.marks) {
        assert_eq!(*path, plan.sheet(results, mark));
        assert!(decoded(path).width > 400 * (plan.methods.len() + 1));
    }
}

#[test]
fn a_sheet_says_what_is_not_there() {
    let plan = tiny(&["vanilla", "paired"], &[0, 1]);
    let jobs = plan.jobs().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut results = Results::open(folder.path()).unwrap();
    assert!(plan.write_sheets(&jobs, &results).unwrap().is_empty(), "a sheet of nothing");
    let one = tiny(&["vanilla"], &[1]);
    assert!(one.carry_out(&one.jobs().unwrap(), &mut results, 1, &|| false, &mut |_| ()).unwrap());
    let sheet = |results: &Results| decoded(&plan.write_sheets(&jobs, results).unwrap()[0]);
    let partly = sheet(&results);
    // One that is damaged or was taken away is told as such, and the rest stays.
    let path = folder.path().join(sheet::name(&one.jobs().unwrap()[0], &one.jobs().unwrap()[0].marks()[0]));
    let bytes = fs_err::read(&path).unwrap();
    crate::files::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let damaged = sheet(&results);
    assert_ne!(damaged, partly);
    crate::files::write(&path, &bytes).unwrap();
    assert_eq!(sheet(&results), partly);
    // The same bytes however the trainings came about.
    assert!(plan.carry_out(&jobs, &mut results, 3, &|| false, &mut |_| ()).unwrap());
    let whole = sheet(&results);
    assert_ne!(whole, partly);
    let other = tempfile::tempdir().unwrap();
    carried_out(&plan, other.path(), 1);
    assert_eq!(sheet(&Results::open(other.path()).unwrap()), whole);
}

#[test]
fn what_was_measured_before_is_found_again() {
    // Lines of an older version, of which the digests follow from ring8's settings and law as they are.
    let before = [
        ("vanilla", 0, 10_000, "b6a883cb713294b3b81476931943d3d6a5e63c558ba6cc9e9d6330d39468c18f"),
        ("vanilla", 0, 50_000, "0a2f3b5390f35ce57cce859984425e41fa84493bab7d48348a5aeb6e9b7e41cd"),
        ("rsgan", 0, 10_000, "c00abcd220e4d893930da574715538cb2e5219610129ac2158f9c5fc5edbc345"),
    ];
    let plan = Plan::whole(Protocol::named("ring8").unwrap());
    let jobs = plan.jobs().unwrap();
    for (method, seed, mark, digest) in before {
        let of_method = jobs.iter().filter(|job| job.method().name == method && job.config().seed == seed);
        let found = of_method.flat_map(Job::marks).find(|at| at.published == mark).unwrap();
        assert_eq!(found.digest, digest, "{method} {mark}");
    }
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

/// PacGAN's table, of which a row differs.
#[test]
fn a_row_with_printed_errors_is_judged_by_them() {
    let folder = tempfile::tempdir().unwrap();
    let plan = Plan::whole(Protocol::named("pacgan-grid").unwrap());
    let mut results = Results::open(folder.path()).unwrap();
    for job in plan.jobs().unwrap().iter().filter(|job| ["gan", "pacgan2"].contains(&job.method().name)) {
        let seed = job.config().seed;
        let wobble = seed as f64 / 10.0 - 0.45;
        // The published numbers, and for PacGAN2 far fewer modes.
        let (covered, kl) = if job.method().name == "gan" { (17.3, 0.70) } else { (20.0, 0.13) };
        let scores = Scores {
            covered: Some(covered + wobble),
            valid: Some(if job.method().name == "gan" { 0.948 } else { 0.913 } + wobble / 100.0),
            reverse_kl: Some(kl + wobble / 10.0),
            ..Scores::default()
        };
        let mark = &job.marks()[0];
        let (method, digest) = (job.method().name.to_owned(), mark.digest.clone());
        results.add(Line { method, seed, mark: 400_000, iterations: 400_000, scores, diverged: None, digest }).unwrap();
    }
    let summary = Summary::of(&plan, &results).unwrap();
    let of = |name: &str| summary.rows.iter().find(|row| row.method.name == name).unwrap();
    assert_eq!(of("gan").stands, Stands::Agrees, "{}", of("gan").sentence);
    assert_eq!(of("gan").sentence, "agrees with what was published in all three numbers");
    assert_eq!(of("pacgan2").stands, Stands::Differs);
    assert!(
        of("pacgan2").sentence.starts_with("differs from what was published: modes 20.0 for 23.8 (5."),
        "{}",
        of("pacgan2").sentence
    );
    assert_eq!(of("gan-0.2").sentence, "was not run in full: 0 of 10 seeds");
    let text = markdown(&summary);
    // Ours has a deviation of 0.303 over ten seeds, an error of 0.096.
    assert!(
        text.contains(
            "| GAN | 10 | 17.3 +- 0.10 | 17.3 +- 0.80 | 94.8 +- 0.10 | 94.8 +- 0.70 | 0.70 +- 0.01 | 0.70 +- 0.07 |"
        ),
        "{text}"
    );
    assert!(text.contains("standard error over 10 seeds, as printed"), "{text}");
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
        let (mut first, mut second) = (Progress::default(), Progress::default());
        let whole = plan.carry_out(&jobs, &mut results, 1, &stop, &mut |progress| first = progress).unwrap();
        assert!(!whole && results.len() < expected.len(), "stopped after {after}");
        // As if it had been killed in the middle of a line.
        let path = results.path().to_owned();
        if after > 10 {
            let text = fs_err::read(&path).unwrap();
            crate::files::write(&path, &[&text[..], b"{\"method\":\"van"].concat()).unwrap();
        }
        let mut results = Results::open(folder.path()).unwrap();
        assert!(plan.carry_out(&jobs, &mut results, 1, &|| false, &mut |progress| second = progress).unwrap());
        assert_eq!(lines(folder.path()), expected, "stopped after {after}");
        // Of what was done nothing is done again, and nothing is kept beyond the end.
        assert_eq!(first.iterations + second.iterations, all, "stopped after {after}");
        assert!(!folder.path().join("unfinished").exists());
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

/// One training's end does not take the folder away from another, which may be about to write in it.
#[test]
fn the_folder_of_unfinished_trainings_stays_until_all_are_over() {
    let plan = tiny(&["vanilla"], &[0]);
    let jobs = plan.jobs().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = unfinished::path(folder.path(), &jobs[0]);
    unfinished::save(&path, &jobs[0], &mut begun(&plan, &jobs[0])).unwrap();
    unfinished::tidy(folder.path());
    assert!(path.exists());
    unfinished::remove(&path).unwrap();
    unfinished::remove(&path).unwrap();
    assert!(!path.exists() && path.parent().unwrap().is_dir());
    unfinished::tidy(folder.path());
    unfinished::tidy(folder.path());
    assert!(!path.parent().unwrap().exists());
}

/// Whatever the method's engine and its state.
#[test]
fn every_training_goes_on_from_its_file_to_the_same_state() {
    for protocol in ALL {
        let plan = Plan { seeds: vec![1], fraction: 6.0 / protocol.marks[0] as f64, ..Plan::whole(protocol) };
        for job in plan.jobs().unwrap() {
            let folder = tempfile::tempdir().unwrap();
            let path = unfinished::path(folder.path(), &job);
            let [mut whole, mut first, mut second] = [(); 3].map(|()| begun(&plan, &job));
            let take =
                |training: &mut train::Training<'_>, steps: u64| (0..steps).for_each(|_| training.step().unwrap());
            take(&mut whole, 2);
            take(&mut first, 1);
            unfinished::save(&path, &job, &mut first).unwrap();
            assert!(unfinished::restore(&path, &job, |_| true, &mut second).unwrap());
            assert_eq!(second.at().done, 1);
            take(&mut second, 1);
            let words = format!("{}, {}", protocol.name, job.method().name);
            assert_eq!(second.at(), whole.at(), "{words}");
            assert_eq!(second.state().unwrap().digest(), whole.state().unwrap().digest(), "{words}");
        }
    }
}

fn begun<'a>(plan: &Plan, job: &'a Job) -> train::Training<'a> {
    train::Training::new(plan.protocol, job.config()).unwrap()
}

#[test]
fn a_state_that_is_not_the_training_s_is_refused_and_one_without_its_measurements_not_used() {
    let plan = tiny(&["vanilla", "best"], &[0]);
    let jobs = plan.jobs().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (own, other) = (unfinished::path(folder.path(), &jobs[0]), unfinished::path(folder.path(), &jobs[1]));
    let mut training = begun(&plan, &jobs[0]);
    (0..5).for_each(|_| training.step().unwrap());
    unfinished::save(&own, &jobs[0], &mut training).unwrap();
    // The first mark is behind it.
    assert!(!unfinished::restore(&own, &jobs[0], |_| false, &mut begun(&plan, &jobs[0])).unwrap());
    let bytes = fs_err::read(&own).unwrap();
    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    for (bytes, job, path) in [
        (&bytes[..], &jobs[1], &other),
        (&bytes[..40], &jobs[0], &own),
        (&damaged[..], &jobs[0], &own),
        (b"", &jobs[0], &own),
    ] {
        crate::files::write(path, bytes).unwrap();
        let error = unfinished::restore(path, job, |_| true, &mut begun(&plan, job)).unwrap_err().to_string();
        assert!(
            error.contains("unfinished") && error.contains("delete the file to begin this training anew"),
            "{error}"
        );
    }
    let mut results = Results::open(folder.path()).unwrap();
    let error = plan.carry_out(&jobs, &mut results, 1, &|| false, &mut |_| ()).unwrap_err().to_string();
    assert!(error.contains("delete the file"), "{error}");
    assert!(own.exists() && other.exists());
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
    let scores = |covered, valid, mode_tv| Scores {
        covered: Some(covered),
        valid: Some(valid),
        mode_tv: Some(mode_tv),
        ..Scores::default()
    };
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
