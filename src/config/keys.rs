//! Settings: what a key of a config is, and what can be done with one by its name.
//!
//! [`super::tables`] lists every key once. From there come the command line's flags, the names that `--set` and a
//! sweep's grid take, the order of differences, labels, default names, `docs/CONFIG.md` and the JSON schemas.

use std::borrow::Borrow;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{ConfigError, Device, Preset, TABLES, number_list};

/// A setting: everything that is said about it.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Where it is in a config, with dots between levels: `optim.alpha`.
    pub path: &'static str,
    /// Its option on the command line, without the dashes; without one it is set with `--set`.
    pub flag: Option<&'static str>,
    /// Whether the command takes it as its first argument too.
    pub positional: bool,
    /// What its value is called in help texts.
    pub value_name: &'static str,
    /// The heading in help texts that it stands under; empty for none.
    pub heading: &'static str,
    /// What it is, in one sentence.
    pub help: &'static str,
    /// The choice that it belongs to; None for a setting that is always there.
    pub only: Option<Owner>,
    /// The setting that its option means where that choice is not made: `--clip` is `constraint.clip` without a model.
    pub otherwise: Option<&'static str>,
    /// What it says of a job.
    pub role: Role,
    /// What its values are.
    pub values: Values,
}

/// A choice that has settings of its own: `clip` belongs to the `objective.model` `wgan`.
#[derive(Clone, Copy, Debug)]
pub struct Owner {
    /// The key that chooses.
    pub selector: &'static str,
    /// The choices that have the setting.
    pub names: &'static [&'static str],
}

/// What a setting says of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What the job is.
    Nature,
    /// How far it goes: a job may be made longer.
    Length,
    /// The seed.
    Seed,
    /// What is recorded, and how often.
    Record,
    /// What does the work and with how much of the machine: it may change when a job is resumed.
    Machine,
}

/// What values a setting takes.
#[derive(Clone, Copy, Debug)]
pub enum Values {
    /// A whole number, 0 or more.
    Whole,
    /// A number.
    Number,
    /// True or false.
    Switch,
    /// Text.
    Text,
    /// A file or a folder.
    Path,
    /// A device.
    Device,
    /// One of several words.
    Choice(&'static [Choice]),
    /// A list of whole numbers.
    Wholes,
    /// A list of numbers.
    Numbers,
    /// A list of true and false.
    Switches,
    /// A list of texts.
    Texts,
}

/// A word that a setting may have as its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The word.
    pub name: &'static str,
    /// What it means.
    pub help: &'static str,
}

/// All settings of a kind of job.
#[derive(Debug)]
pub struct Table {
    /// The kind's name.
    pub kind: &'static str,
    /// The command that it is the settings of.
    pub command: &'static str,
    /// Its settings, in the order of documents.
    pub keys: &'static [Key],
    /// Configs that come with the program.
    pub presets: &'static [Preset],
    /// Settings, or the outer level of such, that a config file must have.
    pub required: &'static [&'static str],
    /// The config that is meant when nothing is said.
    pub(super) default: fn() -> Value,
    /// Reads a config and writes it again with all that was left out.
    pub(super) complete: fn(&Value) -> Result<Value, ConfigError>,
    /// Reads and checks a config and writes it as it is saved.
    pub(super) resolved: fn(&Value) -> Result<String, ConfigError>,
}

/// A config of a kind that has a table.
pub trait Config: Clone + Serialize + DeserializeOwned {
    /// The table.
    const TABLE: &'static Table;

    /// The config as JSON.
    fn to_json(&self) -> Value {
        // A config always becomes JSON: its keys are strings, its numbers finite or null, its paths Unicode; a path
        // that is not was refused by whoever read it.
        serde_json::to_value(self).unwrap_or(Value::Null)
    }

    /// The config that JSON holds; what is left out has its default.
    fn from_value(json: Value) -> Result<Self, ConfigError> {
        serde_json::from_value(json).map_err(|error| ConfigError::Json { reason: error.to_string() })
    }
}

/// Why a setting cannot be set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// There is none of that name.
    #[error(
        "there is no setting '{name}'{}; `gan-lab config --reference` lists all",
        did_you_mean.map(|known| format!("; did you mean '{known}'?")).unwrap_or_default()
    )]
    Unknown {
        /// The name.
        name: String,
        /// The known name that is most like it.
        did_you_mean: Option<&'static str>,
    },
    /// It is not one of its values.
    #[error("{key} is {found}; it must be {expected}")]
    Value {
        /// The key.
        key: String,
        /// The value.
        found: String,
        /// What it may be.
        expected: String,
    },
    /// It belongs to another choice than the one that was made.
    #[error("{key} belongs to {owner}, and {selector} is {chosen} here")]
    Foreign {
        /// The key.
        key: String,
        /// The choices that have it.
        owner: String,
        /// The key that chooses.
        selector: &'static str,
        /// What it is.
        chosen: String,
    },
}

impl Owner {
    /// The choices that have the setting, in words.
    pub fn words(&self) -> String {
        let choices = TABLES.iter().flat_map(|table| table.keys).find(|key| key.path == self.selector);
        let Some(Key { values: Values::Choice(choices), .. }) = choices else { return alternatives(self.names) };
        let choices = choices.iter().filter(|choice| choice.name != "none");
        match self.selector.split_once('.') {
            Some((level, _)) if choices.count() == self.names.len() && self.names.len() > 1 => format!("any {level}"),
            _ => alternatives(self.names),
        }
    }
}

impl Key {
    /// Whether it says how a job is done: a job may go on with another value.
    pub fn is_machine(&self) -> bool {
        self.role == Role::Machine
    }

    /// The last part of its path.
    pub fn last(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// The first part of its path, for one that is not at the outer level.
    pub fn group(&self) -> Option<&'static str> {
        self.path.rsplit_once('.').map(|(group, _)| group)
    }

    /// Reads what a person typed, JSON or bare text.
    pub fn read(&self, text: &str) -> Result<Value, KeyError> {
        self.values.read(text).ok_or_else(|| self.wrong(format!("'{text}'")))
    }

    fn wrong(&self, found: String) -> KeyError {
        KeyError::Value { key: self.path.to_owned(), found, expected: self.values.expected() }
    }
}

impl Values {
    /// What they are, in words.
    pub fn expected(&self) -> String {
        match self {
            Self::Whole => "a whole number, 0 or more".to_owned(),
            Self::Number => "a number".to_owned(),
            Self::Switch => "true or false".to_owned(),
            Self::Text => "text".to_owned(),
            Self::Path => "a path".to_owned(),
            Self::Device => "cpu, cuda or cuda:N with N the GPU's number".to_owned(),
            Self::Choice(choices) => one_of(choices),
            Self::Wholes => "a list of whole numbers, such as 0,3,7 or 0-4".to_owned(),
            Self::Numbers => "a list of numbers, such as 0.5,0.9".to_owned(),
            Self::Switches => "a list of true and false, such as false,true".to_owned(),
            Self::Texts => "a list of texts, with commas between them".to_owned(),
        }
    }

    /// Reads what a person typed; None for what is not such a value.
    fn read(&self, text: &str) -> Option<Value> {
        let json = || serde_json::from_str::<Value>(text).ok().filter(|value| self.fits(value));
        match self {
            Self::Whole => text.parse::<u64>().ok().map(Value::from),
            Self::Number => text.parse::<f64>().ok().and_then(number),
            Self::Switch => text.parse::<bool>().ok().map(Value::from),
            Self::Device => text.parse::<Device>().ok().map(|device| Value::from(device.to_string())),
            Self::Text | Self::Path => json().or_else(|| Some(Value::from(text))),
            Self::Choice(_) => Some(Value::from(text)).filter(|value| self.fits(value)).or_else(json),
            // All of them is what an empty list means, where it means something.
            Self::Wholes if text == "all" => Some(Value::Array(Vec::new())),
            Self::Wholes => json().or_else(|| number_list(text, 1 << 16).map(Value::from)),
            Self::Numbers => json().or_else(|| text.split(',').map(|x| number(x.trim().parse().ok()?)).collect()),
            Self::Switches => {
                json().or_else(|| text.split(',').map(|x| x.trim().parse::<bool>().ok().map(Value::from)).collect())
            }
            Self::Texts => json().or_else(|| Some(text.split(',').map(|x| Value::from(x.trim())).collect())),
        }
    }

    /// Whether JSON is such a value.
    fn fits(&self, value: &Value) -> bool {
        let all = |fits: fn(&Value) -> bool| value.as_array().is_some_and(|list| list.iter().all(fits));
        match self {
            Self::Whole => value.is_u64(),
            Self::Number => value.is_number(),
            Self::Switch => value.is_boolean(),
            Self::Text | Self::Path => value.is_string(),
            Self::Device => value.as_str().is_some_and(|text| text.parse::<Device>().is_ok()),
            Self::Choice(choices) => choices.iter().any(|choice| value.as_str() == Some(choice.name)),
            Self::Wholes => all(Value::is_u64),
            Self::Numbers => all(Value::is_number),
            Self::Switches => all(Value::is_boolean),
            Self::Texts => all(Value::is_string),
        }
    }
}

/// JSON has no number that is not finite.
fn number(x: f64) -> Option<Value> {
    serde_json::Number::from_f64(x).map(Value::Number)
}

fn one_of(choices: &[Choice]) -> String {
    alternatives(&choices.iter().map(|choice| choice.name).collect::<Vec<_>>())
}

fn alternatives(names: &[&str]) -> String {
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => "nothing".to_owned(),
    }
}

impl Table {
    /// The setting of this name: its path, or its flag; `-` and `_` are the same.
    pub fn find(&self, name: &str) -> Result<&'static Key, KeyError> {
        let asked = name.trim_start_matches('-').replace('-', "_");
        let same = |known: &str| known.replace('-', "_") == asked;
        let found = self.keys.iter().find(|key| same(key.path));
        let found = found.or_else(|| self.keys.iter().find(|key| key.flag.is_some_and(same)));
        found.ok_or_else(|| KeyError::Unknown { name: name.to_owned(), did_you_mean: self.most_like(&asked) })
    }

    /// The known name that is most like an unknown one.
    fn most_like(&self, asked: &str) -> Option<&'static str> {
        let likeness = |key: &Key| {
            let names = [Some(key.path), key.flag, Some(key.last())];
            let best = names.into_iter().flatten().map(|name| strsim::jaro_winkler(name, asked)).fold(0.0, f64::max);
            // What is right but for where it is: `optim.lr`.
            let same_end = asked.rsplit('.').next() == Some(key.last());
            (key.path, best + f64::from(u8::from(same_end)))
        };
        // Of several that are as like it, the first.
        let best = self.keys.iter().rev().map(likeness).max_by(|a, b| a.1.total_cmp(&b.1));
        best.filter(|&(_, likeness)| likeness > 0.8).map(|(path, _)| path)
    }

    /// Sets a setting by its name. A choice that has settings of its own takes those of the choice before with it.
    /// An object sets a whole level: `optim`.
    pub fn set(&self, config: &mut Value, name: &str, value: Value) -> Result<(), KeyError> {
        if value.is_object() && self.is_group(name) {
            return put(config, name, value);
        }
        let key = self.find(name)?;
        if value.is_null() && self.default_of(key).is_null() {
            return remove(config, key.path);
        }
        if !key.values.fits(&value) {
            return Err(key.wrong(value.to_string()));
        }
        if self.selects(key) {
            return match key.path.rsplit_once('.') {
                Some(_) if at(config, key.path) == &value => Ok(()),
                Some((group, field)) => put(config, group, Value::Object(Map::from_iter([(field.to_owned(), value)]))),
                None => put(config, key.path, value),
            };
        }
        match (self.check_owner(config, key), key.otherwise.map(|path| self.find(path))) {
            (Ok(()), _) => put(config, key.path, value),
            (Err(foreign), Some(Ok(other))) => match self.check_owner(config, other) {
                Ok(()) => put(config, other.path, value),
                Err(_) => Err(foreign),
            },
            (Err(foreign), _) => Err(foreign),
        }
    }

    /// A setting of another choice than the config's is a mistake.
    fn check_owner(&self, config: &Value, key: &Key) -> Result<(), KeyError> {
        let Some(owner) = key.only else { return Ok(()) };
        let group = owner.selector.split('.').next().unwrap_or_default();
        if at(config, group).is_null() && self.required.contains(&group) {
            // What is chosen is not known yet.
            return Ok(());
        }
        let said_choice = at(config, owner.selector).as_str().map(str::to_owned);
        let unsaid = || self.default_of(self.find(owner.selector).ok()?).as_str().map(str::to_owned);
        let rival = || self.keys.iter().any(|key| key.group() == Some(group) && self.selects(key) && said(config, key));
        let chosen = said_choice.or_else(|| if rival() { None } else { unsaid() });
        if chosen.as_ref().is_some_and(|chosen| owner.names.contains(&chosen.as_str())) {
            return Ok(());
        }
        let (key, selector) = (key.path.to_owned(), owner.selector);
        let chosen = chosen.unwrap_or_else(|| "not said".to_owned());
        Err(KeyError::Foreign { key, owner: owner.words(), selector, chosen })
    }

    /// Whether other settings belong to this one's choices.
    pub fn selects(&self, key: &Key) -> bool {
        self.keys.iter().any(|other| other.only.is_some_and(|owner| owner.selector == key.path))
    }

    /// Whether it is one of the constants that come with a choice, or the choice.
    pub fn is_of_choice(&self, key: &Key) -> bool {
        key.group().is_some() && self.keys.iter().any(|other| other.group() == key.group() && self.selects(other))
    }

    fn is_group(&self, name: &str) -> bool {
        self.keys.iter().any(|key| key.group() == Some(name))
    }

    /// The config that is meant when nothing is said.
    pub fn default_config(&self) -> Value {
        (self.default)()
    }

    /// A config with all that it leaves out.
    pub fn complete(&self, config: &Value) -> Result<Value, ConfigError> {
        (self.complete)(config)
    }

    /// A config as a job saves it, checked and complete.
    pub fn resolved(&self, config: &Value) -> Result<String, ConfigError> {
        (self.resolved)(config)
    }

    /// What a setting is if nothing is said; that of its first owner where it belongs to a choice.
    pub fn default_of(&self, key: &Key) -> Value {
        self.default_with(key, key.only.and_then(|owner| owner.names.first()).copied())
    }

    /// The same with each of its owners, by their names.
    pub fn defaults_of(&self, key: &Key) -> Vec<(&'static str, Value)> {
        let owners = key.only.map_or(&[][..], |owner| owner.names);
        owners.iter().map(|&name| (name, self.default_with(key, Some(name)))).collect()
    }

    fn default_with(&self, key: &Key, choice: Option<&str>) -> Value {
        let mut config = (self.default)();
        if let (Some(owner), Some(choice)) = (key.only, choice)
            && let Some((group, field)) = owner.selector.rsplit_once('.')
        {
            let chosen = Map::from_iter([(field.to_owned(), Value::from(choice))]);
            // The table's tests see that every choice of it is one of the config's.
            let _ = put(&mut config, group, Value::Object(chosen));
            config = (self.complete)(&config).unwrap_or(config);
        }
        at(&config, key.path).clone()
    }

    /// The shortest end of its path that no other setting has.
    pub fn short_name(&self, key: &Key) -> &'static str {
        // A choice is called as what is chosen: `optim`, not `name`.
        if key.last() == "name"
            && let Some(group) = key.group()
        {
            return group;
        }
        // What is the discriminator's own is said in full, and takes no name from what is both networks'.
        let own = |other: &Key| other.group().and_then(|group| group.strip_suffix("_d")) == key.group();
        let same = self.keys.iter().filter(|other| other.last() == key.last());
        let unique = same.filter(|other| other.group().is_none() || !own(other)).count() == 1;
        if unique { key.last() } else { key.path }
    }

    /// The settings in which configs differ, in the table's order.
    pub fn varying<C: Borrow<Value>>(&self, configs: impl IntoIterator<Item = C>) -> Vec<&'static Key> {
        let mut configs = configs.into_iter();
        let Some(first) = configs.next() else { return Vec::new() };
        let mut varies = vec![false; self.keys.len()];
        for other in configs {
            for (varies, key) in varies.iter_mut().zip(self.keys) {
                *varies = *varies || at(first.borrow(), key.path) != at(other.borrow(), key.path);
            }
        }
        self.keys.iter().zip(varies).filter(|(_, varies)| *varies).map(|(key, _)| key).collect()
    }
}

fn said(config: &Value, key: &Key) -> bool {
    !at(config, key.path).is_null()
}

/// The value at a path; null where there is none.
pub fn at<'a>(config: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(config, |value, part| value.get(part).unwrap_or(&Value::Null))
}

/// A value as people write it: `5e-5`, `64,256,512`, `none`.
pub fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(x) if number.is_f64() && x != 0.0 && !(1e-3..1e7).contains(&x.abs()) => format!("{x:e}"),
            Some(x) if number.is_f64() => x.to_string(),
            _ => number.to_string(),
        },
        Value::Array(list) => list.iter().map(shown).collect::<Vec<_>>().join(","),
        Value::Object(_) => value.to_string(),
    }
}

/// Puts a value at a path, making the levels on the way.
fn put(config: &mut Value, path: &str, value: Value) -> Result<(), KeyError> {
    let (level, last) = path.rsplit_once('.').map_or((None, path), |(level, last)| (Some(level), last));
    let mut map = object(config, "the config")?;
    for part in level.iter().flat_map(|level| level.split('.')) {
        map = object(map.entry(part).or_insert_with(|| Value::Object(Map::new())), part)?;
    }
    map.insert(last.to_owned(), value);
    Ok(())
}

/// Takes away what is at a path, so that its default holds.
fn remove(config: &mut Value, path: &str) -> Result<(), KeyError> {
    let Some((level, last)) = path.rsplit_once('.') else {
        object(config, "the config")?.remove(path);
        return Ok(());
    };
    if let Some(inner) = config.get_mut(level) {
        object(inner, level)?.remove(last);
    }
    Ok(())
}

fn object<'a>(value: &'a mut Value, name: &str) -> Result<&'a mut Map<String, Value>, KeyError> {
    match value {
        Value::Object(map) => Ok(map),
        other => Err(KeyError::Value {
            key: name.to_owned(),
            found: other.to_string(),
            expected: "an object with settings in it".to_owned(),
        }),
    }
}
