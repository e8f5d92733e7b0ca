//! Rules, penalties, constraints and what goes round them, through the program.

use gan_lab::config::{POINTS, Values};

use crate::world::{World, assert_same, contents, train_args};

/// The words that a setting takes.
fn words(path: &str) -> Vec<&'static str> {
    let Values::Choice(choices) = POINTS.find(path).unwrap().values else { panic!("{path} is no choice") };
    choices.iter().map(|choice| choice.name).collect()
}

#[test]
fn every_rule_and_every_penalty_trains_in_every_engine_that_is_there() {
    let world = World::new();
    let engines: &[&str] = if cfg!(feature = "torch") { &["fused", "torch"] } else { &["fused"] };
    let (rules, penalties) = (words("objective.rule"), words("penalty.name"));
    let games = rules.iter().map(|rule| (*rule, "none")).chain(penalties.iter().map(|penalty| ("rpgan", *penalty)));
    for (i, (rule, penalty)) in games.enumerate() {
        let engine = engines[i % engines.len()];
        let game = ["--rule", rule, "--penalty", penalty, "--epochs", "1", "--engine", engine];
        world.train(&format!("run{i}"), &game);
    }
}

#[test]
fn what_has_a_state_goes_on_exactly() {
    let world = World::new();
    let game = ["--rule", "rpgan", "--penalty", "r1+r2", "--penalty-every", "5", "--penalty-weight", "0.3"];
    let also = ["--ema", "5000", "--lr-d", "1e-4", "--set", "update_order=critic-first", "--frame-every", "1"];
    let with = |epochs: &'static str| [&game[..], &also[..], &["--epochs", epochs]].concat();
    world.train("run", &with("2"));
    world.train("run", &["--resume", "--epochs", "4"]);
    world.train("straight", &with("4"));
    assert_same(&world.path("run"), &world.path("straight"));
    let files = contents(&world.path("run"));
    let [own, averaged] = ["generator.safetensors", "averaged.safetensors"].map(|name| &files[name]);
    assert_ne!(own, averaged);
    assert!(world.done(&["runs", "--check", "run"]).contains("run"));
}

#[test]
fn every_optimiser_trains_in_every_engine_that_is_there() {
    let world = World::new();
    let engines: &[&str] = if cfg!(feature = "torch") { &["fused", "torch", "plain"] } else { &["fused", "plain"] };
    for (i, optim) in words("optim.name").iter().enumerate() {
        for engine in engines {
            let other = if *optim == "extra-adam" { "extra-adam" } else { words("optim_d.name")[(i + 1) % 5] };
            let game = ["gan", "--optim", optim, "--optim-d", other, "--lookahead", "2"];
            world.train(&format!("{optim}-{engine}"), &[&game[..], &["--epochs", "1", "--engine", engine]].concat());
        }
    }
}

#[test]
fn what_optimisers_cannot_do_is_said_with_what_they_can() {
    let world = World::new();
    for (options, words) in [
        (
            &["--optim", "extra-adam", "--critic-steps", "2"][..],
            "--critic-steps does not fit: critic_steps is 2; it must be 1",
        ),
        (
            &["--optim", "extra-adam", "--set", "update_order=critic-first"],
            "update_order is critic-first; it must be generator-first with extra-adam",
        ),
        (&["--optim", "adam", "--optim-d", "extra-adam"], "--optim-d does not fit: optim_d.name is extra-adam"),
        (&["--set", "optim_d.eps=1"], "belongs to rmsprop, adam, adamw, optimistic-adam or extra-adam"),
        (&["--optim-d", "adam", "--set", "optim_d.eps=0"], "optim_d.eps is 0; it must be a number from"),
        (&["--set", "lookahead.step=0.3", "--lookahead", "-1"], "it must be a whole number"),
    ] {
        let message = world.fails(2, &[&["train", "gan"], options].concat());
        assert!(message.contains(words), "{options:?}: {message}");
    }
    let config = |options: &[&str]| world.done(&[&["config", "points"], options].concat());
    let same = config(&["--set", "optim=adam", "--set", "optim_d=adam", "--set", "lookahead=0"]);
    assert!(!same.contains("optim_d") && !same.contains("lookahead"), "{same}");
    let slow = config(&["--set", "lookahead=7"]);
    assert!(slow.contains("\"every\": 7") && slow.contains("\"step\": 0.5"), "{slow}");
}

#[test]
fn a_run_with_a_schedule_keeps_its_end() {
    let world = World::new();
    world.train("run", &["gan", "--schedule", "cosine", "--epochs", "2"]);
    let before = contents(&world.path("run"));
    let message = world.fails(1, &train_args("run", &["--resume", "--epochs", "4"]));
    assert!(message.contains("a schedule over its 2 epochs") && message.contains("--out"), "{message}");
    assert_eq!(contents(&world.path("run")), before);
    world.train("run", &["--resume"]);
}

#[test]
fn the_models_options_mean_the_parts_of_a_rule_too() {
    let world = World::new();
    let config = |options: &[&str]| world.done(&[&["config", "points"], options].concat());
    let bounded = config(&["--set", "rule=hinge", "--set", "constraint=clip", "--set", "clip=0.2"]);
    assert!(bounded.contains("\"bound\": 0.2"), "{bounded}");
    let weighed = config(&["--set", "rule=rpgan", "--set", "penalty=r1", "--set", "gp-weight=3"]);
    assert!(weighed.contains("\"weight\": 3.0"), "{weighed}");
    for (options, words) in [
        (&["train", "gan", "--rule", "hinge"][..], "say --model or --rule"),
        (&["train", "gan", "--penalty-weight", "3"], "belongs to any penalty, and penalty.name is not said here"),
        (
            &["train", "--rule", "hinge", "--clip", "0.1"],
            "--clip belongs to wgan, and objective.model is not said here",
        ),
        (&["train", "--rule", "hinge", "--penalty", "r1", "--penalty-weight", "-1"], "--penalty-weight does not fit"),
        (&["train", "--rule", "hinge", "--set", "objective.real_label=0.9"], "belongs to saturating or non-saturating"),
    ] {
        let message = world.fails(2, options);
        assert!(message.contains(words), "{options:?}: {message}");
    }
}
