//! `gan-lab config`

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::Value;

use super::exit::{Exit, UsageError};
use super::options::{self, Assignment};
use super::printer::Printer;
use crate::config::{ConfigError, Preset, TABLES, Table, reference};

/// Print a config with all its settings, or list all settings that exist
#[derive(Debug, Args)]
#[command(after_help = "To write a config file:  gan-lab config --preset paper-wgan > my.json\n\
                        To use it:  gan-lab train --config my.json")]
pub(super) struct ConfigArgs {
    /// The kind of job [default: the preset's, else points]
    #[arg(value_parser = kinds(), value_name = "KIND")]
    kind: Option<String>,
    /// Start from this built-in config
    #[arg(long, value_name = "NAME", value_parser = presets(), conflicts_with = "config")]
    preset: Option<String>,
    /// Start from this config file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Set a setting, such as optim.eps=1e-6; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// List all settings with their options, defaults and meaning
    #[arg(long, conflicts_with_all = ["preset", "config", "set", "kind"])]
    reference: bool,
    /// With --reference: print the list as Markdown, as in docs/CONFIG.md
    #[arg(long, requires = "reference")]
    markdown: bool,
    /// Print the JSON schema of a kind's configs, for editors
    #[arg(long, value_name = "KIND", value_parser = kinds(), conflicts_with_all = ["preset", "config", "set", "kind", "reference"])]
    schema: Option<String>,
}

fn kinds() -> PossibleValuesParser {
    PossibleValuesParser::new(TABLES.map(|table| table.kind))
}

fn presets() -> PossibleValuesParser {
    PossibleValuesParser::new(all_presets().map(|(_, preset)| preset.name))
}

fn all_presets() -> impl Iterator<Item = (&'static Table, &'static Preset)> {
    TABLES.into_iter().flat_map(|table| table.presets.iter().map(move |preset| (table, preset)))
}

pub(super) fn run(args: &ConfigArgs, printer: &Printer) -> anyhow::Result<Exit> {
    if args.reference {
        let words = if args.markdown { reference::markdown() } else { listing() };
        printer.result(words.trim_end(), words.trim_end(), as_json)?;
        return Ok(Exit::Done);
    }
    let (words, json) = if let Some(kind) = &args.schema {
        let schema = reference::schema(of_kind(kind)?);
        (serde_json::to_string_pretty(&schema)?, serde_json::json!({ "kind": kind, "json_schema": schema }))
    } else {
        let text = resolved(args)?;
        let config: Value = serde_json::from_str(&text)?;
        (text, serde_json::json!({ "config": config }))
    };
    printer.result(&words, &words, || json)?;
    Ok(Exit::Done)
}

fn of_kind(kind: &str) -> anyhow::Result<&'static Table> {
    TABLES.into_iter().find(|table| table.kind == kind).context("there is no such kind")
}

/// The config that the options mean, as a job would save it.
fn resolved(args: &ConfigArgs) -> anyhow::Result<String> {
    let preset = args.preset.as_ref().and_then(|name| all_presets().find(|(_, preset)| preset.name == name));
    let table = match (&args.kind, preset) {
        (Some(kind), _) => of_kind(kind)?,
        (None, Some((table, _))) => table,
        (None, None) => TABLES[0],
    };
    let begin = match (&args.config, preset) {
        (Some(path), _) => {
            let (_, config) = options::read_json(path)?;
            table.complete(&config).map_err(|error| options::not_of(table, path, &config, error))?
        }
        (None, Some((owner, preset))) if owner.kind != table.kind => {
            let words = format!("the preset {} is of {}, not of {}", preset.name, owner.kind, table.kind);
            return Err(UsageError(words).into());
        }
        (None, Some((_, preset))) => table.complete(&preset.config()?)?,
        (None, None) => table.default_config(),
    };
    let mut config = begin;
    let given = args
        .set
        .iter()
        .map(|text| Assignment::parse(table, text).map_err(|error| UsageError(format!("--set {text}: {error}"))));
    let given = given.collect::<Result<Vec<_>, UsageError>>()?;
    options::apply(table, &mut config, &given)?;
    table
        .resolved(&config)
        .map_err(|error: ConfigError| options::blame(table, &given, error, "this config does not fit"))
}

/// The settings, for a terminal.
fn listing() -> String {
    let mut text = String::new();
    for table in TABLES {
        text += &format!("{} ({})\n", table.kind, table.command);
        for key in table.keys {
            let flag = key.flag.map(|flag| format!("  --{flag}")).unwrap_or_default();
            let default = reference::default(table, key).map(|default| format!("  [{default}]")).unwrap_or_default();
            text += &format!("  {}{flag}{default}\n      {}\n", key.path, key.owned_help());
        }
        text.push('\n');
    }
    text
}

fn as_json() -> Value {
    let key = |table: &Table, key: &crate::config::Key| {
        serde_json::json!({
            "key": key.path, "option": key.flag, "default": table.default_of(key), "help": key.owned_help(),
            "machine": key.is_machine(),
        })
    };
    let kinds = TABLES.map(|table| {
        let keys: Vec<Value> = table.keys.iter().map(|k| key(table, k)).collect();
        (table.kind.to_owned(), Value::Array(keys))
    });
    serde_json::json!({ "kinds": serde_json::Map::from_iter(kinds) })
}
