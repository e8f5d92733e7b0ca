//! What a job's folder is called unless told otherwise: what differs from the recipe, and the seed.

use serde_json::Value;

use super::{Config as _, Key, POINTS, PROGAN, ProganConfig, Role, RunConfig, SEFA, SefaConfig, Table, at, shown};
use crate::digest::digest;

/// More settings than this that differ are named by their digest.
const MOST_NAMED: usize = 3;
/// A longer part of a name than this is cut, or named by a digest.
const LONGEST: usize = 40;

impl RunConfig {
    /// `<model>-<optim>-<what differs from the recipe>-seed<seed>`; the data's name is in it where they are not the
    /// lab's. A preset in which more differs than a name holds stands for model, optimiser and all that.
    pub fn default_name(&self) -> String {
        let config = self.to_json();
        let (mut parts, recipe) = self.named_by_recipe(&config);
        let many = |recipe: &Value| differing(&POINTS, &config, recipe, &["data.path"]).len() > MOST_NAMED;
        let preset = if many(&recipe) { nearest_preset(&config, |_| true) } else { None };
        let preset = preset.and_then(|(preset, _)| Some((preset.name, POINTS.complete(&preset.config().ok()?).ok()?)));
        let recipe = match preset {
            Some((name, own)) if !many(&own) => {
                parts = vec![name.to_owned()];
                own
            }
            _ => recipe,
        };
        if at(&config, "data.path") != at(&recipe, "data.path") {
            parts.push(stem(&self.data.path, "data"));
        }
        parts.extend(what_differs(&POINTS, &config, &recipe, &["data.path"]));
        parts.push(format!("seed{}", self.seed));
        parts.join("-")
    }

    /// Model and optimiser, and the recipe that they stand for.
    fn named_by_recipe(&self, config: &Value) -> (Vec<String>, Value) {
        let mut recipe = POINTS.default_config();
        for selector in ["objective.model", "objective.rule", "penalty.name", "constraint.name", "optim.name"] {
            // A choice that a checked config made is one of the table's; one that it did not make is nothing.
            let _ = POINTS.set(&mut recipe, selector, at(config, selector).clone());
        }
        // The discriminator's own optimiser differs from the recipe, and its usual options do not.
        let _ = POINTS.set(&mut recipe, "optim_d.name", at(config, "optim_d.name").clone());
        let mut recipe = POINTS.complete(&recipe).unwrap_or(recipe);
        if let Some(own) = recipe.get_mut("optim_d").and_then(Value::as_object_mut) {
            own.remove("name");
        }
        (vec![self.game_name(), self.optim.name().to_owned()], recipe)
    }
}

impl ProganConfig {
    /// `progan-<data>-<what differs from the recipe>-seed<seed>`.
    pub fn default_name(&self) -> String {
        let config = self.to_json();
        let mut recipe = PROGAN.default_config();
        let _ = PROGAN.set(&mut recipe, "loss.name", at(&config, "loss.name").clone());
        let mut recipe = PROGAN.complete(&recipe).unwrap_or(recipe);
        if let (None, Some(recipe)) = (&self.images, recipe.as_object_mut()) {
            // Of before there were choices, when there was none to name.
            recipe.remove("images");
        }
        let mut parts = vec!["progan".to_owned(), stem(&self.data, "images")];
        if at(&config, "loss.name") != at(&PROGAN.default_config(), "loss.name") {
            parts.push(file_part(&shown(at(&config, "loss.name"))));
        }
        parts.extend(what_differs(&PROGAN, &config, &recipe, &["data"]));
        parts.push(format!("seed{}", self.seed));
        parts.join("-")
    }
}

impl SefaConfig {
    /// `<model>_N<n>_K<k>_seed<seed>`, and the preset and what differs from it where that is not the lab's.
    pub fn default_name(&self, model: &str) -> String {
        let named = format!("{}_N{}_K{}_seed{}", file_part(model), self.samples, self.chosen().len(), self.seed);
        let config = self.to_json();
        let apart = ["model", "checkpoint", "samples", "k", "codes_file", "directions_file"];
        let differing = |preset: &super::Preset| {
            let recipe = preset.config().and_then(|preset| SEFA.complete(&preset)).ok()?;
            Some((preset.name, differing(&SEFA, &config, &recipe, &apart).len(), recipe))
        };
        // The first of those that are nearest, so that the lab's is not named.
        let Some((name, _, recipe)) = SEFA.presets.iter().filter_map(differing).min_by_key(|(_, count, _)| *count)
        else {
            return named;
        };
        let preset = (Some(name) != SEFA.presets.first().map(|preset| preset.name)).then(|| name.to_owned());
        let more = preset.into_iter().chain(what_differs(&SEFA, &config, &recipe, &apart));
        more.fold(named, |named, part| named + "_" + &part)
    }
}

/// The preset of runs of points that a config is nearest to, with the settings in which it is another, those apart that
/// `counts` leaves out. Not its length, its seed, or how it is done. None where it is none of them or nearly so.
pub fn nearest_preset(
    config: &Value,
    counts: impl Fn(&Key) -> bool,
) -> Option<(&'static super::Preset, Vec<&'static Key>)> {
    let apart = |preset: &'static super::Preset| {
        let recipe = preset.config().and_then(|preset| POINTS.complete(&preset)).ok()?;
        let mut differing = differing(&POINTS, config, &recipe, &[]);
        differing.retain(|key| key.role == Role::Nature && counts(key));
        Some((preset, differing))
    };
    let nearest = POINTS.presets.iter().filter_map(apart).min_by_key(|(_, differing)| differing.len())?;
    (nearest.1.len() <= MOST_NAMED).then_some(nearest)
}

/// The settings in which a config is not its recipe; not how it is done, how far, or from which seed.
fn differing(table: &Table, config: &Value, recipe: &Value, apart: &[&str]) -> Vec<&'static Key> {
    let counts = |key: &&Key| matches!(key.role, Role::Nature | Role::Record) && !apart.contains(&key.path);
    let differs = |key: &&Key| at(config, key.path) != at(recipe, key.path);
    table.keys.iter().filter(counts).filter(differs).collect()
}

/// Those settings with their values, each fit for a file's name; a digest of them where they are many or long.
fn what_differs(table: &Table, config: &Value, recipe: &Value, apart: &[&str]) -> Vec<String> {
    let differing = differing(table, config, recipe, apart);
    let part = |key: &&Key| match at(config, key.path) {
        Value::Bool(true) => table.short_name(key).to_owned(),
        Value::Bool(false) => format!("no-{}", table.short_name(key)),
        value => format!("{}{}", table.short_name(key), shown(value).replace(',', "-")),
    };
    let parts: Vec<String> = differing.iter().map(part).collect();
    // What cannot be read back from its name is named by a digest, lest two values get one name.
    let plain = |part: &String| part.chars().count() <= LONGEST && file_part(part) == *part;
    if parts.len() <= MOST_NAMED && parts.iter().all(plain) {
        return parts;
    }
    let lines = differing.iter().map(|key| format!("{}={}\n", key.path, at(config, key.path)));
    vec![digest(lines.collect::<String>().as_bytes())[..8].to_owned()]
}

/// A file's name up to its first dot.
fn stem(path: &std::path::Path, otherwise: &str) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.split('.').find(|part| !part.is_empty()).unwrap_or(otherwise);
    file_part(stem)
}

/// Text with `_` for what does not belong in a file's name, cut where it is long.
fn file_part(text: &str) -> String {
    let belongs = |c: char| c.is_alphanumeric() || "-_.+=".contains(c);
    text.chars().take(LONGEST).map(|c| if belongs(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::{Model, Objective, Optim, SefaCodes, TrainConfig};
    use super::*;

    fn name(change: impl Fn(&mut TrainConfig)) -> String {
        let mut config = TrainConfig::lab(Model::Gan);
        change(&mut config);
        config.check().unwrap().default_name()
    }

    #[test]
    fn a_plain_run_has_a_plain_name() {
        assert_eq!(name(|_| ()), "gan-rmsprop-seed0");
        assert_eq!(name(|c| c.objective = Objective::lab(Model::Wgan)), "wgan-rmsprop-seed0");
        assert_eq!(name(|c| (c.optim, c.seed) = (Optim::ALL_DEFAULTS[2], 7)), "gan-adam-seed7");
        // Neither how it is done nor how far it goes is in a name.
        assert_eq!(name(|c| (c.epochs, c.threads) = (9, 2)), "gan-rmsprop-seed0");
        assert_eq!(name(|c| c.engine = super::super::EngineKind::Torch), "gan-rmsprop-seed0");
    }

    #[test]
    fn what_is_not_the_recipes_is_in_the_name() {
        assert_eq!(name(|c| c.data.path = "sets/my.set.mat".into()), "gan-rmsprop-my-seed0");
        assert_eq!(name(|c| c.lr = 1e-4), "gan-rmsprop-lr1e-4-seed0");
        let slow = super::super::LookaheadConfig { every: 6, step: 0.3 };
        assert_eq!(name(|c| c.lookahead = Some(slow)), "gan-rmsprop-lookahead.every6-step0.3-seed0");
        let [sgd, rmsprop, adam] = [0, 1, 2].map(|i| Optim::ALL_DEFAULTS[i]);
        assert_eq!(name(|c| c.optim_d = Some(adam)), "gan-rmsprop-optim_dadam-seed0");
        assert_eq!(name(|c| c.optim_d = Some(rmsprop)), "gan-rmsprop-seed0");
        let own = super::super::SgdOptions { momentum: 0.9, ..super::super::SgdOptions::DEFAULT };
        assert_eq!(
            name(|c| (c.optim, c.optim_d) = (sgd, Some(Optim::Sgd(own)))),
            "gan-sgd-optim_dsgd-optim_d.momentum0.9-seed0"
        );
        assert_eq!(name(|c| c.objective = Objective::Wgan { clip: 0.01 }), "wgan-rmsprop-clip0.01-seed0");
        assert_eq!(
            name(|c| (c.discriminator.hidden, c.batch_size, c.data.key) = (vec![8, 16], 64, "yy".into())),
            "gan-rmsprop-keyyy-batch_size64-discriminator.hidden8-16-seed0"
        );
        assert_eq!(
            name(|c| c.update_order = super::super::UpdateOrder::CriticFirst),
            "gan-rmsprop-update_ordercritic-first-seed0"
        );
    }

    #[test]
    fn much_that_differs_is_a_digest_and_another_where_it_differs() {
        let many = |lr| name(|c| (c.lr, c.batch_size, c.critic_steps, c.frame_every) = (lr, 64, 5, 1));
        let one = many(1e-4);
        let digest = one.strip_prefix("gan-rmsprop-").unwrap().strip_suffix("-seed0").unwrap();
        assert!(digest.len() == 8 && digest.chars().all(|c| c.is_ascii_hexdigit()), "{one}");
        assert_ne!(one, many(2e-4));
        assert_eq!(one, many(1e-4));
    }

    #[test]
    fn a_preset_that_differs_in_much_from_its_models_recipe_is_in_the_name_itself() {
        let preset = |name: &str, change: &dyn Fn(&mut TrainConfig)| {
            let preset = POINTS.presets.iter().find(|preset| preset.name == name).unwrap();
            let mut config = TrainConfig::from_value(preset.config().unwrap()).unwrap();
            change(&mut config);
            config.check().unwrap().default_name()
        };
        assert_eq!(preset("best", &|_| ()), "best-seed0");
        assert_eq!(preset("best", &|c| (c.seed, c.lr) = (3, 1e-4)), "best-lr1e-4-seed3");
        assert_eq!(preset("best", &|c| c.data.path = "my.csv".into()), "best-my-seed0");
        assert_eq!(preset("lab-gan", &|_| ()), "gan-rmsprop-seed0");
        let far = preset("best", &|c| (c.lr, c.batch_size, c.critic_steps, c.frame_every) = (1e-4, 64, 5, 1));
        assert!(!far.starts_with("best"), "{far}");
        // Two presets never share a name.
        let mut names: Vec<_> = POINTS.presets.iter().map(|p| preset(p.name, &|_| ())).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), POINTS.presets.len());
    }

    #[test]
    fn names_are_fit_for_files_and_no_two_values_share_one() {
        let odd = name(|c| c.data.path = "a/b c\n$x\u{1b}.mat".into());
        assert_eq!(odd, "gan-rmsprop-b_c__x_-seed0");
        assert_eq!(name(|c| c.data.path = "..".into()), "gan-rmsprop-data-seed0");
        let [one, two] = ["x/y", "x_y"].map(|key| name(|c| c.data.key = key.into()));
        assert_ne!(one, two);
        assert!(!one.contains('/'), "{one}");
        let long = name(|c| c.data.key = "k".repeat(300));
        assert!(long.len() < 100, "{long}");
        assert!(name(|c| c.data.path = PathBuf::from("d".repeat(200))).len() < 100);
    }

    #[test]
    fn a_progans_name_has_its_data() {
        let name = |change: &dyn Fn(&mut ProganConfig)| {
            let mut config = ProganConfig::default();
            change(&mut config);
            config.check().unwrap().default_name()
        };
        assert_eq!(name(&|_| ()), "progan-train-images-idx3-ubyte-seed0");
        assert_eq!(name(&|c| (c.data, c.threads) = ("x/faces".into(), 3)), "progan-faces-seed0");
        assert_eq!(name(&|c| c.resolution = 64), "progan-train-images-idx3-ubyte-resolution64-seed0");
        let loss = super::super::ImageLoss::wgan_gp();
        assert_eq!(name(&|c| c.loss = loss), "progan-train-images-idx3-ubyte-wgan-gp-seed0");
    }

    #[test]
    fn a_sefa_jobs_name_has_the_preset_and_what_is_not_the_presets() {
        let name = |change: &dyn Fn(&mut SefaConfig)| {
            let mut config = SefaConfig::default();
            change(&mut config);
            config.check().unwrap().default_name("pggan_fashion32")
        };
        assert_eq!(name(&|_| ()), "pggan_fashion32_N5_K5_seed0");
        assert_eq!(name(&|c| (c.samples, c.k, c.seed, c.batch) = (2, 3, 1, 4)), "pggan_fashion32_N2_K3_seed1");
        assert_eq!(name(&|c| c.directions = Some(vec![4, 1])), "pggan_fashion32_N5_K2_seed0_directions4-1");
        assert_eq!(name(&|c| c.raw = true), "pggan_fashion32_N5_K5_seed0_raw");
        let upstream = |c: &mut SefaConfig| {
            (c.start, c.end, c.steps, c.codes) = (-3.0, 3.0, 11, SefaCodes::UnitMeanSquare);
        };
        assert_eq!(name(&upstream), "pggan_fashion32_N5_K5_seed0_upstream");
        assert_eq!(name(&|c| (upstream(c), c.steps = 5).0), "pggan_fashion32_N5_K5_seed0_upstream_steps5");
    }
}
