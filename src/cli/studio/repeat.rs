//! The command that draws a picture again.

use std::path::PathBuf;

use serde_json::Value;

use super::CodeArgs;
use crate::cli::options::sefa::is_of_jobs;
use crate::config::{Config as _, Key, SEFA, Values, at};
use crate::kinds::sefa::Wanted;
use crate::page::quoted;

/// Where a command's codes come from, as its line says it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Origin {
    /// `--rng`.
    rng: Option<String>,
    /// `--codes`.
    codes: Option<PathBuf>,
}

impl Origin {
    pub(super) fn of(args: &CodeArgs) -> Self {
        Self { rng: args.numbering.clone(), codes: args.codes_file.clone() }
    }
}

/// The line that draws this picture into `out`, for a POSIX shell.
pub(super) fn command(wanted: &Wanted, origin: &Origin, out: &str) -> String {
    let mut words = vec!["gan-lab sefa edit".to_owned()];
    let (config, usual) = (wanted.config.to_json(), SEFA.default_config());
    for key in SEFA.keys.iter().filter(|key| !is_of_jobs(key)) {
        let value = at(&config, key.path);
        if !value.is_null() && value != at(&usual, key.path) {
            words.push(option(key, value));
        }
    }
    match &origin.codes {
        Some(file) => words.push(format!("--codes {} --rows {}", quoted(&file.to_string_lossy()), wanted.number)),
        None => words.push(format!("--seed {}", wanted.number)),
    }
    words.extend(origin.rng.as_ref().filter(|rng| *rng != "torch").map(|rng| format!("--rng {rng}")));
    let moves = wanted.moves.without_zeros().to_string();
    if !moves.is_empty() {
        words.push(format!("--move {moves}"));
    }
    words.push(format!("--out {}", quoted(out)));
    words.join(" ")
}

/// A setting as an option.
fn option(key: &Key, value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(ToString::to_string).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    };
    match key.flag {
        Some(flag) if matches!(key.values, Values::Switch) => format!("--{flag}"),
        Some(flag) => format!("--{flag} {}", quoted(&text)),
        None => format!("--set {}", quoted(&format!("{}={text}", key.path))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{SefaCodes, SefaConfig, SefaNoise};
    use crate::kinds::sefa::Moves;

    fn wanted(config: SefaConfig, moves: &str) -> Wanted {
        Wanted { config, number: 7, moves: moves.parse::<Moves>().unwrap() }
    }

    #[test]
    fn the_line_says_what_is_not_usual() {
        let line = command(&wanted(SefaConfig::default(), "0=1.4,2=0,3=-1"), &Origin::default(), "a.png");
        assert_eq!(line, "gan-lab sefa edit --seed 7 --move 0=1.4,3=-1 --out a.png");
        let config = SefaConfig {
            checkpoint: Some("my models/it's.pkl".into()),
            layers: vec![0, 1, 5],
            truncation: 0.5,
            truncation_layers: 18,
            noise: Some(SefaNoise::None),
            class: Some(3),
            raw: true,
            codes: SefaCodes::UnitMeanSquare,
            weights_key: Some("G_ema".into()),
            ..SefaConfig::default()
        };
        let origin = Origin { rng: Some("numpy".into()), codes: None };
        assert_eq!(
            command(&wanted(config, ""), &origin, "a b.png"),
            "gan-lab sefa edit --checkpoint 'my models/it'\\''s.pkl' --set codes=unit-mean-square --raw --layers 0,1,5 \
             --truncation 0.5 --truncation-layers 18 --noise none --class 3 --weights-key G_ema --seed 7 --rng numpy \
             --out 'a b.png'"
        );
        let origin = Origin { rng: None, codes: Some("w.npy".into()) };
        let line = command(&wanted(SefaConfig::default(), "1=2"), &origin, "a.png");
        assert_eq!(line, "gan-lab sefa edit --codes w.npy --rows 7 --move 1=2 --out a.png");
    }
}
