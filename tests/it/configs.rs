//! The presets in `configs/`.

use std::path::PathBuf;

use gan_lab::config::{
    AdamOptions, DataConfig, Model, Objective, Optim, SefaConfig, TABLES, Table, TrainConfig, UpdateOrder, reference,
};
use serde_json::{Value, json};

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

/// Whether a value is as a schema says, for the words of JSON Schema that ours use.
fn takes(schema: &Value, value: &Value) -> bool {
    let is = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        other => panic!("no type {other}"),
    };
    let at = |name: &str| value.get(name);
    schema.as_object().unwrap().iter().all(|(word, said)| match word.as_str() {
        "type" => said.as_str().map_or_else(|| said.as_array().unwrap().iter().any(|t| is(t.as_str().unwrap())), is),
        "const" => value == said,
        "enum" => said.as_array().unwrap().contains(value),
        "minimum" => value.as_f64().is_none_or(|x| x >= said.as_f64().unwrap()),
        "items" => value.as_array().is_none_or(|list| list.iter().all(|item| takes(said, item))),
        "required" => said.as_array().unwrap().iter().all(|name| at(name.as_str().unwrap()).is_some()),
        "properties" => {
            said.as_object().unwrap().iter().all(|(name, inner)| at(name).is_none_or(|value| takes(inner, value)))
        }
        "additionalProperties" => value
            .as_object()
            .is_none_or(|map| map.keys().all(|name| schema["properties"].get(name).is_some() || said == &json!(true))),
        "oneOf" => said.as_array().unwrap().iter().filter(|inner| takes(inner, value)).count() == 1,
        "pattern" => value.as_str().is_none_or(|text| text.starts_with("cpu") || text.starts_with("cuda")),
        "$schema" | "title" | "description" | "default" => true,
        other => panic!("this test does not know the word {other}"),
    })
}

/// Compares a file of the repository with what gan-lab prints; with INSTA_UPDATE=always it is written anew.
fn assert_printed(path: &str, printed: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
        std::fs::write(&path, printed).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(there == printed, "{} is not what gan-lab prints; renew it with INSTA_UPDATE=always", path.display());
}

#[test]
fn the_reference_is_what_the_command_prints() {
    let world = World::new();
    let text = world.done(&["config", "--reference", "--markdown"]);
    assert_printed("docs/CONFIG.md", &text);
    let short = world.done(&["config", "--reference"]);
    for table in TABLES {
        for key in table.keys {
            assert!(text.contains(&format!("| `{}` |", key.path)) && short.contains(key.path), "{}", key.path);
        }
    }
    let listed: Value = serde_json::from_str(&world.done(&["config", "--reference", "--json"])).unwrap();
    assert!(
        listed["kinds"]["points"].as_array().unwrap().iter().any(|key| key["key"] == "lr" && key["default"] == 5e-5)
    );
}

#[test]
fn the_schemas_are_what_the_command_prints_and_take_what_the_program_takes() {
    let world = World::new();
    for table in TABLES {
        let text = world.done(&["config", "--schema", table.kind]);
        assert_printed(&format!("configs/schema-{}.json", table.kind), &text);
        let schema: Value = serde_json::from_str(&text).unwrap();
        let valid = |config: &Value| takes(&schema, config);
        assert!(valid(&table.default_config()), "{}: the defaults", table.kind);
        for preset in table.presets {
            assert!(valid(&preset.config().unwrap()), "{}", preset.name);
        }
        // A wrong value and an unknown name of every setting are found.
        for key in table.keys {
            let mut config = table.default_config();
            if let Some(owner) = key.only {
                table.set(&mut config, owner.selector, owner.names[0].into()).unwrap();
            }
            let (level, last) = key.path.rsplit_once('.').map_or((None, key.path), |(level, last)| (Some(level), last));
            for (name, value) in [(last.to_owned(), json!({"no": "value"})), (format!("{last}x"), json!(1))] {
                let mut wrong = config.clone();
                match level {
                    Some(level) => wrong[level][&name] = value,
                    None => wrong[&name] = value,
                }
                assert!(!valid(&wrong) && table.complete(&wrong).is_err(), "{} {name}", key.path);
            }
        }
    }
    // A constant of another model.
    let schema = reference::schema(TABLES[0]);
    assert!(takes(&schema, &json!({"objective": {"model": "wgan", "clip": 0.2}})));
    assert!(!takes(&schema, &json!({"objective": {"model": "gan", "clip": 0.2}})));
    assert!(!takes(&schema, &json!({"lr": 0.1})), "a config needs its objective");
}

#[test]
fn the_config_command_prints_what_a_run_would_be() {
    let world = World::new();
    let print = |args: &[&str]| -> Value { serde_json::from_str(&world.done(&[&["config"], args].concat())).unwrap() };
    let config = print(&["points", "--preset", "paper-wgan", "--set", "lr=0.5", "--set", "objective.clip=0.3"]);
    assert_eq!(
        (&config["lr"], &config["objective"]["clip"], &config["batch_size"]),
        (&json!(0.5), &json!(0.3), &json!(64))
    );
    assert_eq!(config["engine"], "auto", "the engine follows from the rest, which may still be changed");
    // The kind follows the preset.
    assert_eq!(print(&["--preset", "upstream"])["codes"], "unit-mean-square");
    assert_eq!(print(&["--preset", "fashion32"])["final_kimg"], 180.0);
    assert_eq!(print(&["--preset", "faces64"])["resolution"], 64);
    assert_eq!(print(&["sefa"])["model"], "pggan_faces64");
    // What is printed is a config.
    std::fs::write(world.path("mine.json"), world.done(&["config", "--set", "optim=adam", "--set", "data=data.npy"]))
        .unwrap();
    let again = &print(&["--config", "mine.json", "--json"])["config"];
    assert_eq!((&again["optim"]["name"], &again["data"]["path"]), (&json!("adam"), &json!("data.npy")));
    world.done(&[
        "train",
        "--config",
        "mine.json",
        "--train-size",
        "200",
        "--batch-size",
        "40",
        "--epochs",
        "1",
        "--quiet",
    ]);
    for (code, args, words) in [
        (2, &["config", "--set", "lrr=1"][..], "did you mean 'lr'"),
        (2, &["config", "--set", "clip=1"], "--set clip belongs to wgan"),
        (2, &["config", "sefa", "--preset", "lab-gan"], "lab-gan is of points, not of sefa"),
        (2, &["config", "stylegan"], "possible values: points, progan, sefa"),
        (2, &["config", "--set", "lr=-1"], "--set lr does not fit: lr is -1"),
        (1, &["config", "sefa", "--config", "mine.json"], "mine.json is a config of points, not of sefa"),
    ] {
        let message = world.fails(code, args);
        assert!(message.contains(words), "{args:?}: {message}");
    }
}

#[test]
fn the_recipes_points_are_built_in() {
    let recipe = DataConfig::default().path;
    assert_eq!(recipe.to_str(), Some("data/points.mat"));
    assert!(gan_lab::data::is_built_in(&recipe) != recipe.exists());
    let world = World::new();
    let options = ["--train-size", "512", "--batch-size", "256", "--epochs", "1", "--out", "run", "--threads", "1"];
    let output = world.run(&[&["train", "gan"], &options[..]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("data/points.mat is not here: training on the built-in set"),
        "{said}"
    );
    // The file of that name is the same set: with it the run goes on, and ends as one that never saw the file.
    world.done(&["data", "make", "points"]);
    world.done(&["train", "--resume", "--out", "run", "--epochs", "2", "--quiet"]);
    std::fs::remove_file(world.path("data/points.mat")).unwrap();
    world.done(&[
        "train",
        "gan",
        "--train-size",
        "512",
        "--batch-size",
        "256",
        "--epochs",
        "2",
        "--out",
        "straight",
        "--threads",
        "1",
    ]);
    crate::world::assert_same(&world.path("run"), &world.path("straight"));
    // Its law is known too.
    let text = world.done(&["eval", "run", "--metrics", "modes", "--repeats", "1", "--samples", "50"]);
    assert!(text.contains("modes"), "{text}");
    // Another file that is not there stays an error.
    let message = world.fails(1, &["train", "gan", "--data", "points.mat"]);
    assert!(message.contains("points.mat") && message.contains("data make points"), "{message}");
    assert_eq!(SefaConfig::default().model, "pggan_faces64");
}

#[cfg(feature = "torch")]
#[test]
fn the_bundled_model_is_built_in() {
    use gan_lab::checkpoint::{BUNDLED, Source, bundled};
    assert_eq!(SefaConfig::default().model, BUNDLED);
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("data/models/pggan_faces64.safetensors");
    let path = PathBuf::from("data/models/pggan_faces64.safetensors");
    assert_eq!(bundled(&path).is_none(), path.exists());
    assert!(bundled(&file).is_none());
    let world = World::new();
    let small = ["sefa", "--n", "1", "--k", "1", "--steps", "3", "--viz-size", "16", "--traits", "none"];
    let output = world.run(&small);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("the built-in model is taken"), "{said}");
    let job = world.path("work_dirs/synthesis/pggan_faces64_N1_K1_seed0_steps3_traitsnone_viz_size16");
    let [built_in, from_file] = ["built-in", "from-file"].map(|name| world.path(name));
    std::fs::rename(&job, &built_in).unwrap();
    // The same pictures as of the file.
    world.done(&[&small[..], &["--checkpoint", file.to_str().unwrap(), "--quiet"]].concat());
    let digest = &gan_lab::run::digest(&std::fs::read(&file).unwrap())[..8];
    let job =
        world.path(&format!("work_dirs/synthesis/pggan_faces64-{digest}_N1_K1_seed0_steps3_traitsnone_viz_size16"));
    std::fs::rename(&job, &from_file).unwrap();
    for name in ["frames/frame0.png", "eigenvalues.csv", "directions.safetensors"] {
        let [one, other] = [&built_in, &from_file].map(|job| std::fs::read(job.join(name)).unwrap());
        assert!(one == other, "{name}");
    }
    assert!(Source::open(&file).is_ok());
}
