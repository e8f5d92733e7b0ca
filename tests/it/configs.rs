//! The presets in `configs/`.

use std::path::PathBuf;

use gan_lab::config::{AdamOptions, Model, Objective, Optim, TABLES, Table, TrainConfig, UpdateOrder};

use crate::world::World;

fn preset(name: &str) -> TrainConfig {
    let path = folder().join(format!("{name}.json"));
    TrainConfig::from_json(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("configs")
}

#[test]
fn the_presets_are_the_files_in_the_folder() {
    let of =
        |table: &Table, name: &str| if table.kind == "points" { name.into() } else { format!("{}-{name}", table.kind) };
    let mut known: Vec<String> = Vec::new();
    for table in TABLES {
        for preset in table.presets {
            let name = of(table, preset.name) + ".json";
            assert_eq!(std::fs::read_to_string(folder().join(&name)).unwrap(), preset.text, "{name}");
            known.push(name);
        }
    }
    let mut there: Vec<String> =
        std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    there.retain(|name| !name.starts_with("schema-"));
    known.sort();
    there.sort();
    assert_eq!(there, known);
}

#[test]
fn the_labs_presets_are_what_a_bare_model_gives() {
    for model in Model::ALL {
        assert_eq!(preset(&format!("lab-{model}")), TrainConfig::lab(model));
    }
}

#[test]
fn the_papers_presets_have_the_papers_numbers() {
    let wgan = preset("paper-wgan");
    assert_eq!(wgan.objective, Objective::Wgan { clip: 0.01 });
    assert!(matches!(wgan.optim, Optim::Rmsprop(_)));
    assert_eq!((wgan.lr, wgan.batch_size, wgan.critic_steps), (5e-5, 64, 5));
    assert_eq!(wgan.update_order, UpdateOrder::CriticFirst);
    let gp = preset("paper-wgan-gp");
    assert_eq!(gp.objective, Objective::WganGp { gp_weight: 0.1 });
    let adam = AdamOptions { betas: [0.5, 0.9], ..AdamOptions::default() };
    assert_eq!(gp.optim, Optim::Adam(adam));
    assert_eq!((gp.lr, gp.critic_steps, gp.update_order), (1e-4, 5, UpdateOrder::CriticFirst));
}

#[test]
fn flags_override_the_file_and_the_run_keeps_what_came_of_it() {
    let world = World::new();
    let file = folder().join("lab-wgan.json");
    world.train("run", &["--config", file.to_str().unwrap(), "--clip", "0.05", "--optim", "adam", "--epochs", "1"]);
    let saved = std::fs::read_to_string(world.path("run/config.json")).unwrap();
    let saved = TrainConfig::from_json(&saved).unwrap();
    assert_eq!(saved.objective, Objective::Wgan { clip: 0.05 });
    assert_eq!((saved.optim.name(), saved.lr, saved.epochs, saved.threads), ("adam", 5e-5, 1, 1));
    // What was saved begins the same run.
    world.done(&["train", "--config", "run/config.json", "--out", "again", "--quiet"]);
    crate::world::assert_same(&world.path("run"), &world.path("again"));
}

#[test]
fn unknown_keys_and_values_out_of_range_are_named_with_what_is_known() {
    let world = World::new();
    for (text, needles) in [
        (r#"{"objective": {"model": "gan"}, "learning_rate": 0.1}"#, &["learning_rate", "`lr`", "line 1"][..]),
        (r#"{"objective": {"model": "gan"}, "lr": 0}"#, &["lr is 0", "above 0"]),
        (r#"{"objective": {"model": "wgan", "clip": -1}}"#, &["objective.clip is -1"]),
        (r#"{"lr": 0.1}"#, &["missing field `objective`"]),
        ("model = gan", &["config.json is not a config"]),
    ] {
        std::fs::write(world.path("config.json"), text).unwrap();
        let message = world.fails(1, &["train", "--config", "config.json", "--out", "run"]);
        assert!(needles.iter().all(|needle| message.contains(needle)), "{message}");
        assert!(!world.path("run").exists());
    }
    assert!(world.fails(1, &["train", "--config", "none.json"]).contains("none.json"));
}

#[test]
fn presets_are_built_in_and_other_options_override_them() {
    let world = World::new();
    world.train(
        "run",
        &["--preset", "paper-wgan", "--epochs", "1", "--critic-steps", "2", "--set", "generator.hidden=8,8,8"],
    );
    let saved = std::fs::read_to_string(world.path("run/config.json")).unwrap();
    let saved = TrainConfig::from_json(&saved).unwrap();
    assert_eq!(saved.objective, Objective::Wgan { clip: 0.01 });
    assert_eq!((saved.update_order, saved.critic_steps), (UpdateOrder::CriticFirst, 2));
    assert_eq!(saved.generator.hidden, [8, 8, 8]);
    assert_eq!((saved.batch_size, saved.epochs), (40, 1));
}

#[test]
fn a_runs_folder_is_named_after_what_is_not_the_recipes() {
    let world = World::new();
    let small = crate::world::SMALL;
    let train = |more: &[&str]| {
        let text = world.done(&[&["train", "wgan", "--quiet"], &small[..], more].concat());
        text.trim().to_owned()
    };
    let first = train(&["--epochs", "1"]);
    assert_eq!(first, "work_dirs/train/wgan-rmsprop-data-train_size200-batch_size40-seed0");
    // Longer is not another run; another setting is.
    assert_eq!(train(&["--resume", "--epochs", "2"]), first);
    assert_eq!(
        train(&["--epochs", "1", "--optim", "adam", "--seed", "3"]),
        first.replace("rmsprop", "adam").replace("seed0", "seed3")
    );
    assert_eq!(train(&["--epochs", "1", "--clip", "0.2"]), first.replace("-seed0", "-clip0.2-seed0"));
}
