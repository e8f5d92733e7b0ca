//! A row of a comparison: who trains, as a checked config.

use serde_json::{Map, Value, json};

use super::Protocol;
use crate::config::{Config as _, ConfigError, Device, EngineKind, POINTS, RunConfig, TrainConfig};

/// Who trains.
#[derive(Debug)]
pub struct Method {
    /// The word for it.
    pub name: &'static str,
    /// The name in tables.
    pub title: &'static str,
    /// What it is, in a few words.
    pub about: &'static str,
    /// Its settings.
    pub settings: Settings,
}

/// Where a method's settings come from.
#[derive(Clone, Copy, Debug)]
pub enum Settings {
    /// The published recipe with this part of a config, on points as they are.
    Published(&'static str),
    /// A preset of this project's on the published networks and batches, on points that are scaled to unit deviation.
    Preset(&'static str),
}

impl Method {
    /// The config of a run of so many iterations, one in each epoch. `data.path` says the protocol and names no file.
    pub fn config(&self, protocol: &Protocol, iterations: u64, seed: u64) -> Result<RunConfig, ConfigError> {
        let recipe = protocol.recipe;
        let parts = match self.settings {
            Settings::Published(own) => {
                vec![part(recipe.networks)?, part(recipe.training)?, part(own)?, scale("none")]
            }
            Settings::Preset(name) => vec![preset(name)?, part(recipe.networks)?, scale("standardise")],
        };
        let mut config = TrainConfig::from_value(merged(parts))?;
        config.data.path = protocol.name.into();
        config.data.train_size = config.batch_size * config.real_batches();
        (config.epochs, config.seed) = (iterations, seed);
        // Nothing but the marks is looked at, and jobs, not their arithmetic, are what has threads.
        (config.frame_every, config.eval_every) = (iterations, Some(0));
        (config.keep_best, config.stop_when) = (None, Vec::new());
        (config.device, config.engine, config.threads) = (Device::Cpu, EngineKind::Auto, 1);
        config.check()
    }
}

fn part(text: &str) -> Result<Value, ConfigError> {
    serde_json::from_str(text).map_err(|error| ConfigError::Json { reason: error.to_string() })
}

fn preset(name: &str) -> Result<Value, ConfigError> {
    let found = POINTS.presets.iter().find(|preset| preset.name == name);
    found.ok_or_else(|| ConfigError::Json { reason: format!("there is no preset {name}") })?.config()
}

fn scale(word: &str) -> Value {
    json!({ "data": { "scale": word } })
}

/// Parts of a config as one. Of a key that two have the later counts, but for those of a network, which are added to it.
fn merged(parts: Vec<Value>) -> Value {
    const NETWORKS: [&str; 2] = ["generator", "discriminator"];
    let mut whole = Map::new();
    for (key, value) in parts.into_iter().filter_map(fields).flatten() {
        match (whole.get_mut(&key), value) {
            (Some(Value::Object(network)), Value::Object(more)) if NETWORKS.contains(&key.as_str()) => {
                network.extend(more);
            }
            (_, value) => drop(whole.insert(key, value)),
        }
    }
    Value::Object(whole)
}

fn fields(part: Value) -> Option<Map<String, Value>> {
    match part {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}
