//! Options that set a config: clap's arguments, made from the table of settings, and the config that comes of them.

pub(super) mod points;
#[cfg(feature = "torch")]
pub(super) mod progan;
pub(super) mod sefa;

use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::builder::{OsStringValueParser, PossibleValue, PossibleValuesParser, TypedValueParser as _, ValueParser};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, ValueHint};
use serde_json::Value;

use super::args::must_be_there;
use super::exit::{UsageError, hinted};
use crate::config::{Config, ConfigError, Key, KeyError, Preset, TABLES, Table, Values, reference, shown};
use crate::export::TENSORBOARD;
use crate::files;
use crate::paths;

const CONFIG: &str = "config";
const PRESET: &str = "preset";
const SET: &str = "set";

/// Who looks on from outside while a run trains.
#[derive(Debug, Args)]
pub(super) struct EventArgs {
    /// Write TensorBoard event files while training, into a folder of DIR that has the name of the run's folder [default:
    /// work_dirs/tensorboard]
    #[arg(long, value_name = "DIR", num_args = 0..=1, default_missing_value = TENSORBOARD, help_heading = "Run")]
    pub(super) tensorboard: Option<PathBuf>,
}

/// What a person said of a config's settings: a file or a preset to begin with, and settings one by one.
#[derive(Debug)]
pub(super) struct Settings<C> {
    file: Option<PathBuf>,
    preset: Option<&'static Preset>,
    given: Vec<Assignment>,
    config: PhantomData<C>,
}

/// A setting that was given.
#[derive(Clone, Debug)]
pub(super) struct Assignment {
    /// How it was given: `--lr`, `--set lr`.
    said: String,
    /// The setting's name, or that of a level of settings.
    name: String,
    value: Value,
}

impl<C: Config> Settings<C> {
    /// The name of the preset, if one was named.
    pub(super) fn preset(&self) -> Option<&'static str> {
        self.preset.map(|preset| preset.name)
    }

    /// Whether a file with a config was named.
    pub(super) fn has_file(&self) -> bool {
        self.file.is_some()
    }

    /// The config that the file or the preset holds, if one was named.
    pub(super) fn base(&self) -> anyhow::Result<Option<C>> {
        match (&self.file, self.preset) {
            (Some(path), _) => read(path).map(Some),
            (None, Some(preset)) => Ok(Some(C::from_value(preset.config()?)?)),
            (None, None) => Ok(None),
        }
    }

    /// A config with the settings that were given.
    pub(super) fn over(&self, base: &C) -> anyhow::Result<C> {
        let mut json = base.to_json();
        apply(C::TABLE, &mut json, &self.given)?;
        C::from_value(json).context("these settings do not make a config")
    }

    /// The value that was given for a setting, if one was.
    pub(super) fn given(&self, path: &str) -> Option<&Value> {
        self.given.iter().rev().find(|assignment| assignment.is_of(C::TABLE, path)).map(|found| &found.value)
    }

    /// An error of a config's check, by the option that gave the value.
    pub(super) fn blame(&self, error: ConfigError, otherwise: &'static str) -> anyhow::Error {
        blame(C::TABLE, &self.given, error, otherwise)
    }
}

/// An error of a config's check, by the option that gave the value.
pub(super) fn blame(table: &Table, given: &[Assignment], error: ConfigError, otherwise: &'static str) -> anyhow::Error {
    let culprit = match &error {
        ConfigError::Value { key, .. } => given.iter().rev().find(|assignment| assignment.is_of(table, key)),
        ConfigError::Path { .. } => {
            given.iter().rev().find(|assignment| assignment.value.as_str().is_some_and(|text| !paths::is_plain(text)))
        }
        ConfigError::Json { .. } => None,
    };
    match culprit {
        // What was typed is wrong, whoever finds it.
        Some(assignment) => UsageError(format!("{} does not fit: {error}", assignment.said)).into(),
        None => anyhow::Error::new(error).context(otherwise),
    }
}

impl Assignment {
    /// Reads `KEY=VALUE`.
    pub(super) fn parse(table: &Table, text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or_else(|| "say KEY=VALUE".to_owned())?;
        let (name, value) = (name.trim(), value.trim());
        let said = format!("--set {name}");
        if let Ok(level @ Value::Object(_)) = serde_json::from_str(value) {
            return Ok(Self { said, name: name.to_owned(), value: level });
        }
        let key = table.find(name).map_err(|error| error.to_string())?;
        let value = match value {
            "null" if table.default_of(key).is_null() => Value::Null,
            text => key.read(text).map_err(|error| error.to_string())?,
        };
        Ok(Self { said, name: key.path.to_owned(), value })
    }

    /// The settings that it sets, by their paths: several where it is a level of settings.
    fn leaves(&self, table: &Table) -> Vec<(String, &Value)> {
        let path = table.find(&self.name).map_or_else(|_| self.name.clone(), |key| key.path.to_owned());
        match &self.value {
            // A level may be called as its choice is: `optim`.
            Value::Object(level) => {
                level.iter().map(|(field, value)| (format!("{}.{field}", self.name), value)).collect()
            }
            value => vec![(path, value)],
        }
    }

    fn is_of(&self, table: &Table, path: &str) -> bool {
        self.name == path || table.find(&self.name).is_ok_and(|key| key.path == path && !self.value.is_object())
    }

    /// Whether it is a choice that other settings belong to.
    fn chooses(&self, table: &Table) -> bool {
        self.value.is_object() || table.find(&self.name).is_ok_and(|key| table.selects(key))
    }
}

/// Sets settings, choices first, for others may belong to them. A setting that was given two values is refused: which of
/// them is meant, nobody knows.
pub(super) fn apply(table: &Table, config: &mut Value, given: &[Assignment]) -> anyhow::Result<()> {
    check_said_once(table, given)?;
    let (choices, others): (Vec<_>, Vec<_>) = given.iter().partition(|assignment| assignment.chooses(table));
    for Assignment { said, name, value } in choices.into_iter().chain(others) {
        table.set(config, name, value.clone()).map_err(|error| {
            UsageError(match error {
                KeyError::Foreign { owner, selector, chosen, .. } => {
                    KeyError::Foreign { key: said.clone(), owner, selector, chosen }.to_string()
                }
                other => format!("{said}: {other}"),
            })
        })?;
    }
    Ok(())
}

fn check_said_once(table: &Table, given: &[Assignment]) -> Result<(), UsageError> {
    let mut known: Vec<(String, &Value, &str)> = Vec::new();
    for assignment in given {
        for (path, value) in assignment.leaves(table) {
            if let Some((_, other, said)) = known.iter().find(|(known, _, _)| *known == path)
                && !same(other, value)
            {
                let (a, b) = (shown(other), shown(value));
                return Err(UsageError(format!(
                    "{path} is given two values, {a} by {said} and {b} by {}; leave one of them out",
                    assignment.said
                )));
            }
            known.push((path, value, &assignment.said));
        }
    }
    Ok(())
}

/// Whether two values are the same, as numbers where they are numbers.
fn same(a: &Value, b: &Value) -> bool {
    a == b || a.as_f64().is_some_and(|a| b.as_f64() == Some(a))
}

/// Reads a config's file.
fn read<C: Config>(path: &Path) -> anyhow::Result<C> {
    let (text, config) = read_json(path)?;
    // Out of the text, so that the error says the line.
    let read = serde_json::from_str(&text).map_err(|error| ConfigError::Json { reason: error.to_string() });
    read.map_err(|error| not_of(C::TABLE, path, &config, error))
}

/// A config's file, of whatever kind: its text and its JSON.
pub(super) fn read_json(path: &Path) -> anyhow::Result<(String, Value)> {
    must_be_there(path, "config", "gan-lab config > my.json writes one to begin with")?;
    let text = files::read_text(path).context("cannot read the config")?;
    let config = serde_json::from_str(&text).with_context(|| format!("{} is not a config", path.display()))?;
    Ok((text, config))
}

/// An error about a file that is no config of this kind: which kind it is of, where that can be seen.
pub(super) fn not_of(table: &Table, path: &Path, config: &Value, error: ConfigError) -> anyhow::Error {
    let path = path.display();
    let others = TABLES.into_iter().filter(|other| other.kind != table.kind);
    // What is misspelt or missing makes it no config of another kind.
    let likest = others.max_by_key(|other| known_in(other, config));
    let flag = flag_in(table, config);
    let own = known_in(table, config) + usize::from(flag.is_some());
    match (likest.filter(|other| known_in(other, config) > own), flag) {
        (Some(other), _) => hinted(
            format!("{path} is a config of {}, not of {}", other.kind, table.kind),
            format!("{} --config {path} reads it", other.command),
        ),
        (None, Some((flag, place))) => {
            let nested = place.rsplit('.').fold("…".to_owned(), |inner, part| format!("{{\"{part}\": {inner}}}"));
            hinted(
                format!("{path} is not a config of {}: '{flag}' is an option's name", table.kind),
                format!("in a config it is {nested}"),
            )
        }
        (None, None) => anyhow::Error::new(error).context(format!("{path} is not a config of {}", table.kind)),
    }
}

/// An outer key of a config that is the name of an option, whose setting lies deeper; and the setting.
fn flag_in<'a>(table: &Table, config: &'a Value) -> Option<(&'a str, &'static str)> {
    let names = config.as_object()?.keys();
    names.filter_map(|name| Some((name.as_str(), table.find(name).ok()?.path))).find(|(name, place)| name != place)
}

/// How many of a config's outer keys are settings of a kind, or levels of such.
fn known_in(table: &Table, config: &Value) -> usize {
    let is_known = |name: &&String| table.keys.iter().any(|key| key.path.split('.').next() == Some(name.as_str()));
    config.as_object().map_or(0, |config| config.keys().filter(is_known).count())
}

impl<C: Config> Args for Settings<C> {
    fn augment_args(command: Command) -> Command {
        let flags = C::TABLE.keys.iter().flat_map(|key| arguments(C::TABLE, key));
        command.args([config_argument(), preset_argument(C::TABLE), set_argument(C::TABLE)]).args(flags)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<C: Config> FromArgMatches for Settings<C> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given: Vec<(usize, Assignment)> = Vec::new();
        for key in C::TABLE.keys {
            given.extend(given_by(key.path, key, matches));
            given.extend(given_by(&argument_id(key), key, matches));
        }
        let sets = matches.get_many::<Assignment>(SET).into_iter().flatten().cloned();
        given.extend(matches.indices_of(SET).into_iter().flatten().zip(sets));
        // In the order of the command line.
        given.sort_by_key(|(index, _)| *index);
        let preset = matches.get_one::<String>(PRESET);
        Ok(Self {
            file: matches.get_one::<PathBuf>(CONFIG).cloned(),
            preset: preset.and_then(|name| C::TABLE.presets.iter().find(|preset| preset.name == name)),
            given: given.into_iter().map(|(_, assignment)| assignment).collect(),
            config: PhantomData,
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The value that an argument gave a setting, with its place on the command line.
fn given_by(id: &str, key: &Key, matches: &ArgMatches) -> Option<(usize, Assignment)> {
    // A setting without an option has no argument of this name.
    if !matches.try_contains_id(id).unwrap_or(false) || matches.value_source(id) != Some(ValueSource::CommandLine) {
        return None;
    }
    let value = match key.values {
        Values::Switch => Value::from(matches.get_flag(id)),
        // Said several times it has all that was said.
        Values::Texts => {
            let lists = matches.get_many::<Value>(id)?.filter_map(Value::as_array);
            lists.flatten().cloned().collect()
        }
        _ => matches.get_one::<Value>(id)?.clone(),
    };
    let said = if id == key.path { format!("--{}", key.flag?) } else { key.value_name.to_owned() };
    Some((matches.index_of(id)?, Assignment { said, name: key.path.to_owned(), value }))
}

fn argument_id(key: &Key) -> String {
    format!("{} (argument)", key.path)
}

fn config_argument() -> Arg {
    Arg::new(CONFIG)
        .long(CONFIG)
        .value_name("FILE")
        .value_parser(clap::value_parser!(PathBuf))
        .value_hint(ValueHint::FilePath)
        .conflicts_with(PRESET)
        .help("Start from this config file; other options override it")
}

fn preset_argument(table: &Table) -> Arg {
    let values = table.presets.iter().map(|preset| PossibleValue::new(preset.name).help(preset.help));
    Arg::new(PRESET)
        .long(PRESET)
        .value_name("NAME")
        .value_parser(PossibleValuesParser::new(values))
        .help("Start from this built-in config; other options override it")
}

fn set_argument(table: &'static Table) -> Arg {
    Arg::new(SET)
        .long(SET)
        .value_name("KEY=VALUE")
        .action(ArgAction::Append)
        .value_parser(move |text: &str| Assignment::parse(table, text))
        .help("Set any setting by its key, even one without an option; may be repeated. gan-lab config --reference lists them")
}

/// The arguments of a setting: none, its option, or its option and an argument without dashes.
fn arguments(table: &'static Table, key: &'static Key) -> Vec<Arg> {
    let Some(flag) = key.flag else { return Vec::new() };
    let named = |arg: Arg| match key.heading {
        "" => arg,
        heading => arg.help_heading(heading),
    };
    let option = named(Arg::new(key.path).long(flag).help(help(table, key)));
    if matches!(key.values, Values::Switch) {
        return vec![option.action(ArgAction::SetTrue)];
    }
    let option = option.value_name(key.value_name).value_parser(parser(key));
    let option = match key.values {
        // Not clap's negative numbers, to which -1e-3 is none.
        Values::Whole | Values::Number | Values::Wholes | Values::Numbers => option.allow_hyphen_values(true),
        Values::Path => option.value_hint(ValueHint::AnyPath),
        Values::Texts => option.action(ArgAction::Append),
        _ => option,
    };
    if !key.positional {
        return vec![option];
    }
    let argument = Arg::new(argument_id(key)).value_name(key.value_name).value_parser(parser(key)).help(key.help);
    let option = option.help(format!("{}, as an option", key.help)).hide_possible_values(true);
    vec![argument.conflicts_with(key.path), option]
}

/// What help says of a setting: whose it is, what it is, its default.
fn help(table: &Table, key: &Key) -> String {
    // A switch is off where it is not given.
    let default =
        Some(key).filter(|key| !matches!(key.values, Values::Switch)).and_then(|key| reference::default(table, key));
    key.owned_help() + &default.map(|default| format!(" [default: {default}]")).unwrap_or_default()
}

/// The same for a setting by its name, for options of other commands.
pub(super) fn help_of(table: &Table, name: &str) -> String {
    table.find(name).map_or_else(|error| error.to_string(), |key| help(table, key))
}

fn parser(key: &'static Key) -> ValueParser {
    match key.values {
        Values::Choice(choices) => {
            let values = choices.iter().map(|choice| PossibleValue::new(choice.name).help(choice.help));
            PossibleValuesParser::new(values).map(Value::from).into()
        }
        // Paths are the one thing that may be no text.
        Values::Path => OsStringValueParser::new().map(|name| Value::from(paths::text(Path::new(&name)))).into(),
        _ => ValueParser::new(move |text: &str| {
            key.read(text).map_err(|_| format!("it must be {}", key.values.expected()))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Optim, ProganConfig, SefaConfig, TrainConfig};

    fn parse<C: Config>(args: &[&str]) -> Result<Settings<C>, clap::Error> {
        let command = Settings::<C>::augment_args(Command::new("test").no_binary_name(true));
        Settings::from_arg_matches(&command.try_get_matches_from(args)?)
    }

    fn points(args: &[&str]) -> anyhow::Result<TrainConfig> {
        parse::<TrainConfig>(args)?.over(&TrainConfig::lab(crate::config::Model::Gan))
    }

    #[test]
    fn every_flag_sets_its_setting_and_every_setting_can_be_set() {
        // Another value than the default, of each setting's kind.
        fn other(key: &Key, default: &Value) -> String {
            match key.values {
                Values::Choice(choices) => choices.iter().find(|choice| default != choice.name).unwrap().name.into(),
                Values::Whole => "77".into(),
                Values::Number => "-0.25".into(),
                Values::Switch => (default != &Value::from(true)).to_string(),
                Values::Text | Values::Path => "other thing".into(),
                Values::Device => "cuda:3".into(),
                Values::Wholes => "5,7".into(),
                Values::Numbers => "0.25,0.75".into(),
                Values::Switches => "[true]".into(),
                Values::Texts => "one thing,another".into(),
            }
        }
        fn check<C: Config>() {
            let table = C::TABLE;
            for key in table.keys {
                let default = table.default_of(key);
                let text = other(key, &default);
                let value =
                    if matches!(key.values, Values::Switch) { Value::from(true) } else { key.read(&text).unwrap() };
                let owner = key.only.map(|owner| format!("--set={}={}", owner.selector, owner.names[0]));
                let mut ways = vec![format!("--set={}={text}", key.path)];
                ways.extend(key.flag.map(|flag| match key.values {
                    Values::Switch => format!("--{flag}"),
                    _ => format!("--{flag}={text}"),
                }));
                for way in ways {
                    // The owner's choice works wherever it stands.
                    let args: Vec<&str> = [Some(way.as_str()), owner.as_deref()].into_iter().flatten().collect();
                    let settings = parse::<C>(&args).unwrap();
                    let mut config = table.default_config();
                    apply(table, &mut config, &settings.given).unwrap();
                    let config = table.complete(&config).unwrap();
                    assert_eq!(crate::config::at(&config, key.path), &value, "{way}");
                    assert_eq!(settings.given(key.path), Some(&value), "{way}");
                }
            }
        }
        check::<TrainConfig>();
        check::<ProganConfig>();
        check::<SefaConfig>();
    }

    #[test]
    fn a_setting_has_one_value_however_often_it_is_said() {
        let config = points(&["--lr", "3", "--set", "lr=3.0", "--set", "lr=3"]).unwrap();
        assert!((config.lr - 3.0).abs() < 1e-12);
        for (args, words) in [
            (
                &["--epochs", "1", "--set", "epochs=2"][..],
                "epochs is given two values, 1 by --epochs and 2 by --set epochs",
            ),
            (&["--set", "lr=1", "--set", "lr=2"], "lr is given two values, 1 by --set lr and 2 by --set lr"),
            (&["--set", "train-size=1", "--train-size", "2"], "data.train_size is given two values"),
            (
                &["--optim", "adam", "--set", r#"optim={"name":"sgd"}"#],
                "optim.name is given two values, adam by --optim",
            ),
            (&["--set", r#"optim={"name":"sgd","momentum":0.9}"#, "--set", "optim.momentum=0.5"], "optim.momentum"),
        ] {
            let message = points(args).unwrap_err().downcast::<UsageError>().unwrap().to_string();
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn choices_come_first() {
        let config = points(&["--set", "optim.betas=0.5,0.9", "--optim", "adam"]).unwrap();
        assert!(matches!(config.optim, Optim::Adam(o) if (o.betas[0] - 0.5).abs() < 1e-12));
        let config = points(&["--set", r#"optim={"name":"sgd","momentum":0.9}"#]).unwrap();
        assert!(matches!(config.optim, Optim::Sgd(o) if (o.momentum - 0.9).abs() < 1e-12));
    }

    #[test]
    fn a_constant_of_another_choice_is_a_wrong_use_in_every_kind() {
        let usage = |error: anyhow::Error| error.downcast::<UsageError>().unwrap().to_string();
        let message = usage(points(&["--clip", "0.1"]).unwrap_err());
        assert!(message.starts_with("--clip belongs to wgan, and objective.model is gan here"), "{message}");
        let message = usage(points(&["--set", "optim.betas=0.5,0.9"]).unwrap_err());
        let words =
            "--set optim.betas belongs to adam, adamw, optimistic-adam or extra-adam, and optim.name is rmsprop here";
        assert!(message.starts_with(words), "{message}");
        let progan = parse::<ProganConfig>(&["--loss", "wgan-gp", "--gamma", "1"]).unwrap();
        let message = usage(progan.over(&ProganConfig::default()).unwrap_err());
        assert!(message.starts_with("--gamma belongs to logistic-r1, and loss.name is wgan-gp here"), "{message}");
    }

    #[test]
    fn negative_numbers_reach_the_config() {
        let settings = parse::<TrainConfig>(&["--lr", "-1e-3"]).unwrap();
        let config = settings.over(&TrainConfig::lab(crate::config::Model::Gan)).unwrap();
        let error = settings.blame(config.check().unwrap_err(), "this run cannot be trained");
        assert_eq!(format!("{error:#}"), "--lr does not fit: lr is -0.001; it must be a number above 0");
        for wrong in [&["--epochs", "-1"][..], &["--lr", "--set"], &["--lr", "fast"]] {
            assert!(parse::<TrainConfig>(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_named_with_what_is() {
        for (text, words) in [
            ("lrr=1", "did you mean 'lr'"),
            ("lr", "KEY=VALUE"),
            ("lr=fast", "lr is 'fast'; it must be a number"),
            ("optim.name=adamax", "sgd, rmsprop, adam, adamw, optimistic-adam or extra-adam"),
            ("eval_every=none", "a whole number"),
        ] {
            let message = parse::<TrainConfig>(&["--set", text]).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn help_has_the_defaults_of_the_structs() {
        let say = |table: &Table, name: &str| help(table, table.find(name).unwrap());
        let points = TABLES[0];
        assert_eq!(say(points, "lr"), "Learning rate of both networks [default: 5e-5]");
        assert_eq!(say(points, "clip"), "wgan: clamp the critic's parameters to [-C, C] [default: 0.1]");
        assert_eq!(
            say(points, "optim.betas"),
            "adam, adamw, optimistic-adam or extra-adam: decays of the gradient's mean and mean square [default: 0.9,0.999]"
        );
        let decay = say(points, "optim.weight_decay");
        assert!(decay.starts_with("any optim: ") && decay.ends_with("[default: 0, 0.01 with adamw]"), "{decay}");
        assert!(!say(points, "eval-every").contains("default"));
    }
}
