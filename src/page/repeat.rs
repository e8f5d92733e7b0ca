//! How a run is repeated: the preset that its config is most like, what differs from it, and the command.

use serde::Serialize;
use serde_json::Value;

use crate::config::{Config as _, Key, POINTS, Preset, Role, RunConfig, Table, TrainConfig, at, shown};

/// How a run is repeated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Repeat {
    /// The preset that its config is most like; None where there is none.
    pub preset: Option<&'static str>,
    /// What that is.
    pub preset_help: Option<&'static str>,
    /// Every setting, in the table's order.
    pub settings: Vec<Setting>,
    /// The command, for a POSIX shell.
    pub command: String,
}

/// A setting of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setting {
    /// Its key.
    pub key: &'static str,
    /// What it is.
    pub value: String,
    /// What the preset has, where that is something else.
    pub preset: Option<String>,
    /// What it means.
    pub help: String,
}

impl Repeat {
    /// How the run with this config is repeated, into the folder `out`.
    pub fn of(config: &RunConfig, out: &str) -> Self {
        // Whatever the number of threads, the bytes are the same.
        let wanted = TrainConfig { threads: 0, ..(**config).clone() }.to_json();
        let mut known: Vec<(&Preset, Value)> =
            POINTS.presets.iter().filter_map(|preset| Some((preset, complete(preset)?))).collect();
        // A stable sort: of presets that are as like it, the first.
        known.sort_by_key(|(preset, base)| {
            let differ = differing(base, &wanted).filter(|key| counts(key.role)).count();
            // A lesson's preset is made to show something; it says little of a run that is not the lesson's.
            (
                if differ > 0 && preset.name.starts_with(LESSONS) { differ + STRANGE } else { differ },
                preset.name.starts_with(LESSONS),
            )
        });
        let said = known.iter().find_map(|(preset, base)| by_preset(preset, base, &wanted));
        let words = said.unwrap_or_else(|| by_file(&wanted));
        let nearest = known.first();
        let command = format!("{words} --out {}", quoted(out));
        let base = nearest.map_or(&Value::Null, |(_, base)| base);
        let known = POINTS.keys.iter().filter(|key| !at(&wanted, key.path).is_null() || !at(base, key.path).is_null());
        let settings = known.map(|key| Setting {
            key: key.path,
            value: shown(at(&wanted, key.path)),
            // What does the arithmetic is no choice of what is learnt; the command says it nevertheless.
            preset: (!key.is_machine() && at(base, key.path) != at(&wanted, key.path))
                .then(|| shown(at(base, key.path))),
            help: key.owned_help(),
        });
        let preset = nearest.map(|(preset, _)| *preset);
        Self {
            preset: preset.map(|preset| preset.name),
            preset_help: preset.map(|preset| preset.help),
            settings: settings.collect(),
            command,
        }
    }
}

/// How presets of lessons are called, and by so many settings more they have to be nearer than others.
const LESSONS: &str = "teach-";
const STRANGE: usize = 4;

/// Whether a setting says what kind of run it is.
const fn counts(role: Role) -> bool {
    matches!(role, Role::Nature)
}

fn complete(preset: &Preset) -> Option<Value> {
    POINTS.complete(&preset.config().ok()?).ok()
}

fn differing<'a>(base: &'a Value, wanted: &'a Value) -> impl Iterator<Item = &'static Key> + 'a {
    POINTS.keys.iter().filter(|key| at(base, key.path) != at(wanted, key.path))
}

/// The command that begins with a preset, if it means exactly this config: read as the command line reads it.
fn by_preset(preset: &Preset, base: &Value, wanted: &Value) -> Option<String> {
    let mut made = base.clone();
    let mut words = format!("gan-lab train --preset {}", preset.name);
    // A choice first, because it takes the settings of the choice before with it.
    let (choices, others): (Vec<&Key>, Vec<&Key>) = differing(base, wanted).partition(|key| POINTS.selects(key));
    let mut said = Vec::new();
    // One that the config leaves out gave way to another: a rule stands in the place of a model.
    let gave_way = |key: &&Key| at(wanted, key.path).is_null() && !POINTS.default_of(key).is_null();
    for key in choices.into_iter().filter(|key| !gave_way(key)).chain(others) {
        // What a choice brought along already need not be said.
        if at(&POINTS.complete(&made).ok()?, key.path) != at(wanted, key.path) {
            set(&POINTS, &mut made, key, &meant(key, wanted))?;
            said.push(key);
        }
    }
    // A later choice may have changed what was right before.
    for key in POINTS.keys.iter().filter(|key| !said.iter().any(|known| known.path == key.path)) {
        if at(&POINTS.complete(&made).ok()?, key.path) != at(wanted, key.path) {
            return None;
        }
    }
    for key in said {
        let value = meant(key, wanted);
        let text = if value.is_null() { "null".to_owned() } else { shown(&value) };
        words += &match key.flag {
            Some(flag) if !value.is_null() && !value.is_boolean() => format!(" --{flag} {}", quoted(&text)),
            _ => format!(" --set {}", quoted(&format!("{}={text}", key.path))),
        };
    }
    same(&made, wanted).then_some(words)
}

/// What a config means by a setting that it may leave out.
fn meant(key: &Key, config: &Value) -> Value {
    match at(config, key.path) {
        Value::Null => POINTS.default_of(key),
        value => value.clone(),
    }
}

/// Sets a setting as a person's words would; None where these mean something else.
fn set(table: &Table, config: &mut Value, key: &Key, value: &Value) -> Option<()> {
    let read = if value.is_null() { Value::Null } else { key.read(&shown(value)).ok()? };
    table.set(config, key.path, read).ok()
}

/// Whether two configs are saved in the same way.
fn same(made: &Value, wanted: &Value) -> bool {
    let saved = |config: &Value| POINTS.resolved(config).ok();
    saved(made).is_some() && saved(made) == saved(wanted)
}

/// The command for a config that no preset leads to: the config itself, in a file.
fn by_file(wanted: &Value) -> String {
    let text = POINTS.resolved(wanted).unwrap_or_else(|_| wanted.to_string());
    format!("printf %s {} > config.json\ngan-lab train --config config.json", quoted(text.trim()))
}

/// Text as one word of a POSIX shell.
pub fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=+@%".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Model, TrainConfig};

    fn repeat(change: impl FnOnce(&mut TrainConfig)) -> Repeat {
        let mut config = TrainConfig::lab(Model::Gan);
        change(&mut config);
        Repeat::of(&config.check().unwrap(), "again")
    }

    #[test]
    fn a_preset_is_its_own_repetition() {
        for preset in POINTS.presets {
            let config = TrainConfig::from_value(complete(preset).unwrap()).unwrap().check().unwrap();
            let repeat = Repeat::of(&config, "again");
            let name = repeat.preset.unwrap();
            let alike = complete(POINTS.presets.iter().find(|other| other.name == name).unwrap()).unwrap();
            // What does the arithmetic is settled by the check.
            let differ = differing(&alike, &config.to_json()).filter(|key| !key.is_machine()).count();
            assert_eq!(differ, 0, "{} is taken for {name}", preset.name);
            let command = format!("gan-lab train --preset {name} --engine {} --out again", config.engine.name());
            assert_eq!(repeat.command, command);
            assert!(repeat.settings.iter().all(|setting| setting.preset.is_none()));
        }
    }

    #[test]
    fn what_differs_is_said_and_quoted() {
        let repeat = repeat(|config| {
            config.lr = 3e-4;
            config.seed = 7;
            config.data.path = "it's here/a b.npy".into();
        });
        assert_eq!(repeat.preset, Some("lab-gan"));
        for words in [" --lr 3e-4", " --seed 7", r" --data 'it'\''s here/a b.npy'"] {
            assert!(repeat.command.contains(words), "{}", repeat.command);
        }
        let differ: Vec<_> = repeat.settings.iter().filter(|setting| setting.preset.is_some()).collect();
        assert_eq!(differ.len(), 3, "{differ:?}");
        assert!(differ.iter().any(|setting| setting.key == "lr" && setting.value == "3e-4"));
        assert!(repeat.settings.iter().all(|setting| !setting.help.is_empty()));
    }

    #[test]
    fn a_rule_stands_in_the_place_of_a_presets_model() {
        let mut json = POINTS.default_config();
        for (key, text) in [("objective.rule", "hinge"), ("constraint.name", "spectral-norm"), ("ema.half_life", "0.9")]
        {
            let key = POINTS.find(key).unwrap();
            POINTS.set(&mut json, key.path, key.read(text).unwrap()).unwrap();
        }
        let config = TrainConfig::from_value(json).unwrap().check().unwrap();
        let command = Repeat::of(&config, "again").command;
        assert!(command.starts_with("gan-lab train --preset ") && !command.contains("--model"), "{command}");
        assert!(command.contains("--rule hinge") || command.contains("hinge-sn"), "{command}");
    }

    /// Whatever the config, the command means it, by a preset or by a file.
    #[test]
    fn each_setting_alone_comes_back() {
        let base = POINTS.default_config();
        let mut by_presets = 0;
        for key in POINTS.keys {
            let tried = ["1", "2", "0.5", "true", "false", "32,32", "tanh", "adam", "r1", "1e-3", "x y", "null"];
            for text in tried {
                let Ok(value) = (if text == "null" { Ok(Value::Null) } else { key.read(text) }) else { continue };
                let mut json = base.clone();
                if POINTS.set(&mut json, key.path, value).is_err() {
                    continue;
                }
                let Ok(config) = TrainConfig::from_value(json).and_then(TrainConfig::check) else { continue };
                let command = Repeat::of(&config, "again").command;
                assert!(command.contains("gan-lab train --") && command.ends_with(" --out again"), "{command}");
                by_presets += usize::from(command.starts_with("gan-lab train --preset"));
            }
        }
        assert!(by_presets > 40, "{by_presets}");
    }
}
