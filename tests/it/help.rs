//! What a newcomer reads, as it stands.

use crate::world::World;

#[test]
fn help_texts() {
    let world = World::new();
    for (name, args) in [
        ("gan-lab", &["--help"][..]),
        ("quickstart", &["quickstart", "--help"]),
        ("train", &["train", "--help"]),
        ("train_progan", &["train", "progan", "--help"]),
        ("draw", &["draw", "--help"]),
        ("eval", &["eval", "--help"]),
        ("compare", &["compare", "--help"]),
        ("export", &["export", "--help"]),
        ("report", &["report", "--help"]),
        ("watch", &["watch", "--help"]),
        ("lesson", &["lesson", "--help"]),
        ("sweep", &["sweep", "--help"]),
        ("sweep_status", &["sweep", "status", "--help"]),
        ("protocol", &["protocol", "--help"]),
        ("run", &["run", "--help"]),
        ("sefa", &["sefa", "--help"]),
        ("sefa_sheet", &["sefa", "sheet", "--help"]),
        ("sefa_edit", &["sefa", "edit", "--help"]),
        ("sefa_directions", &["sefa", "directions", "--help"]),
        ("sefa_explore", &["sefa", "explore", "--help"]),
        ("convert", &["convert", "--help"]),
        ("inspect", &["inspect", "--help"]),
        ("data", &["data", "--help"]),
        ("data_make", &["data", "make", "--help"]),
        ("data_make_faces", &["data", "make", "faces", "--help"]),
        ("data_inspect", &["data", "inspect", "--help"]),
        ("config", &["config", "--help"]),
        ("doctor", &["doctor", "--help"]),
        ("completions", &["completions", "--help"]),
        ("man", &["man", "--help"]),
    ] {
        if cfg!(not(feature = "torch")) && (name == "train_progan") {
            continue;
        }
        insta::assert_snapshot!(format!("help_{name}"), world.done(args));
    }
}

#[cfg(not(feature = "torch"))]
#[test]
fn what_needs_libtorch_says_that_it_is_not_there() {
    let world = World::new();
    for args in [
        &["sefa", "--device", "cuda"][..],
        &["sefa", "sheet", "--device", "cuda", "--out", "sheet.png"],
        &["train", "progan", "images"],
        &["data", "make", "faces-reader"],
        &["train", "gan", "--device", "cuda"],
    ] {
        let message = world.fails(1, args);
        assert!(message.contains("without libtorch") && message.contains("setup-libtorch.sh"), "{args:?}: {message}");
    }
}

#[test]
fn completions_and_manual_pages_know_every_command() {
    let world = World::new();
    let script = world.done(&["completions", "bash"]);
    let page = world.done(&["man"]);
    for command in ["train", "draw", "data", "doctor"] {
        assert!(script.contains(command), "{command} cannot be completed");
        assert!(page.contains(command), "{command} is not in the manual");
    }
    world.done(&["man", "--out", "pages"]);
    assert!(script.contains("gan__lab__subcmd__sefa__subcmd__explore"), "sefa's commands cannot be completed");
    for page in [
        "gan-lab.1",
        "gan-lab-train.1",
        "gan-lab-data-make.1",
        "gan-lab-data-make-faces.1",
        "gan-lab-sefa.1",
        "gan-lab-sefa-sheet.1",
        "gan-lab-sefa-edit.1",
        "gan-lab-sefa-explore.1",
        "gan-lab-sefa-directions.1",
    ] {
        assert!(world.path("pages").join(page).exists(), "{page} is missing");
    }
}

#[test]
fn negative_numbers_are_values_that_the_config_refuses() {
    let world = World::new();
    for (options, words) in [
        (&["--lr", "-1"][..], "--lr does not fit: lr is -1; it must be a number above 0"),
        (&["--lr", "-1e-3"], "--lr does not fit: lr is -0.001; it must be"),
        (&["--set", "lr=-1"], "--set lr does not fit: lr is -1; it must be"),
        (&["--set", "optim.eps=-1"], "--set optim.eps does not fit: optim.eps is -1; it must be"),
    ] {
        let message = world.fails(2, &[&["train", "gan"], options].concat());
        assert!(message.contains(words), "{message}");
    }
}

#[cfg(feature = "torch")]
#[test]
fn every_kind_has_one_wording_for_a_wrong_option() {
    let world = World::new();
    for (args, words) in [
        (&["train", "progan", "--loss", "wgan-gp", "--gamma", "1"][..], "--gamma belongs to logistic-r1"),
        (&["train", "progan", "--set", "loss.drift=1"], "--set loss.drift belongs to wgan-gp"),
        (&["train", "progan", "--set", "fmaps=1"], "did you mean 'fmaps_"),
        (&["sefa", "--set", "sampels=1"], "did you mean 'samples'"),
        (&["sefa", "--model", "a", "--checkpoint", "b"], "--model cannot be used with --checkpoint"),
        (&["sefa", "--n", "-1"], "it must be a whole number, 0 or more"),
        (&["train", "progan", "--lr", "-1"], "--lr does not fit: lr is -1"),
        (&["sefa", "--k", "999"], "--k: k is 999; there are"),
        (&["sefa", "--directions", "0,999"], "--directions: there is no direction 999; there are"),
        (&["sefa", "--n", "0"], "--n does not fit: samples is 0; it must be 1 to 1000"),
        (&["sefa", "--set", "viz_size=2"], "--set viz_size does not fit: viz_size is 2"),
    ] {
        let message = world.fails(2, args);
        assert!(message.contains(words), "{args:?}: {message}");
    }
}

#[test]
fn the_doctor_says_what_is_wrong_and_exits_accordingly() {
    let world = World::new();
    let output = world.run(&["doctor", "--data", "nowhere.mat"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("nowhere.mat") && text.contains("There is 1 problem."), "{text}");
    let text = world.done(&["doctor"]);
    assert!(text.contains("data/points.mat with 8192 points, built in"), "{text}");
    let text = world.done(&["doctor", "--data", "data.npy"]);
    assert!(text.contains("300 points") && text.contains("All is well"), "{text}");
}

#[test]
fn wrong_usage_exits_with_2_and_says_what_is_known() {
    let world = World::new();
    for (args, needle) in [
        (&["train"][..], "gan, wgan or wgan-gp"),
        (&["train", "dcgan"], "possible values: gan, wgan, wgan-gp"),
        (&["train", "gan", "--model", "wgan"], "cannot be used with"),
        (&["train", "gan", "--clip", "0.1"], "--clip belongs to wgan"),
        (&["train", "wgan", "--gp-weight", "1"], "--gp-weight belongs to wgan-gp"),
        (&["train", "wgan", "--generator-loss", "saturating"], "--generator-loss belongs to gan"),
        (
            &["train", "gan", "--set", "optim.betas=0.5,0.9"],
            "--set optim.betas belongs to adam, adamw, optimistic-adam or extra-adam, and optim.name is rmsprop",
        ),
        (&["train", "gan", "--set", "lrr=1"], "did you mean 'lr'"),
        (&["train", "gan", "--set", "lr=fast"], "lr is 'fast'; it must be a number"),
        (&["train", "gan", "--preset", "mine"], "possible values: lab-gan"),
        (&["train", "gan", "--preset", "lab-gan", "--config", "c.json"], "cannot be used with"),
        (&["train", "gan", "--preset", "best"], "--preset best has an objective of its own"),
        (&["lesson", "7"], "there is no lesson"),
        (&["train", "gan", "--lr", "fast"], "invalid value 'fast' for '--lr <LR>': it must be a number"),
        (&["train", "gan", "--epochs", "-1"], "it must be a whole number, 0 or more"),
        (&["train", "gan", "--device", "gpu"], "cuda:N"),
        (&["train", "gan", "--resume", "--force"], "cannot be used with"),
        (&["draw", "--size", "12"], "WIDTHxHEIGHT"),
        (&["draw", "--fps", "0"], "0.02 to 50"),
        (&["paint"], "unrecognized subcommand"),
    ] {
        let message = world.fails(2, args);
        assert!(message.contains(needle), "{args:?}: {message}");
    }
}
