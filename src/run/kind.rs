//! The kinds of run, and what each says of itself as plain data. `kinds` holds what they do.

use serde::{Deserialize, Serialize};

/// A kind of run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Training on 2-D points.
    Points,
    /// Training a ProGAN on images.
    Progan,
    /// The semantic directions of a generator, rendered.
    Sefa,
}

/// What a command can ask of a run, beyond listing, resuming and replacing it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ability {
    /// `gan-lab draw`
    Draw,
    /// `gan-lab eval`
    Evaluate,
    /// `gan-lab compare`
    Compare,
    /// `gan-lab sweep`
    Sweep,
    /// `gan-lab report`
    Report,
    /// `gan-lab export`
    Export,
}

/// The manifest's name, of every kind.
pub(super) const MANIFEST: &str = "run.json";
/// The saved state's name, of every kind that has one.
pub(super) const STATE: &str = "state.safetensors";

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Points, Self::Progan, Self::Sefa];

    /// The name in files and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Points => "points",
            Self::Progan => "progan",
            Self::Sefa => "sefa",
        }
    }

    /// What a person calls such a run, with its article.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Points => "a run of points",
            Self::Progan => "a ProGAN run",
            Self::Sefa => "a SeFa job",
        }
    }

    /// The same without an article.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Points => "run",
            Self::Progan => "ProGAN run",
            Self::Sefa => "SeFa job",
        }
    }

    /// The command that makes such a run.
    pub const fn command(self) -> &'static str {
        match self {
            Self::Points => "gan-lab train",
            Self::Progan => "gan-lab train progan",
            Self::Sefa => "gan-lab sefa",
        }
    }

    /// What its position counts.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Points => "epoch",
            Self::Progan | Self::Sefa => "image",
        }
    }

    /// The file in which people read the settings.
    pub const fn settings_file(self) -> &'static str {
        match self {
            Self::Points | Self::Progan => "config.json",
            Self::Sefa => "job.json",
        }
    }

    /// The file of records, one JSON object a line.
    pub const fn records_file(self) -> &'static str {
        match self {
            Self::Points | Self::Progan => "metrics.jsonl",
            Self::Sefa => "images.jsonl",
        }
    }

    /// The array that grows by a frame at a time, if the kind records one.
    pub const fn series(self) -> Option<&'static str> {
        match self {
            Self::Points => Some("samples.npy"),
            Self::Progan | Self::Sefa => None,
        }
    }

    /// The file that a record was written beside, and its SHA-256, where the record says it.
    pub fn recorded_file(self, record: &serde_json::Value) -> Option<(String, String)> {
        let text = |key: &str| record.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
        match self {
            Self::Points => None,
            Self::Progan => Some((format!("samples/{:09}.png", record.get("images")?.as_u64()?), text("sample")?)),
            Self::Sefa => Some((text("image")?, text("sha256")?)),
        }
    }

    /// Whether the run has a state of tensors; a kind without one goes by its records.
    pub const fn has_state(self) -> bool {
        !matches!(self, Self::Sefa)
    }

    /// The same for a run whose manifest does not say them.
    pub(super) fn file_names(self) -> Vec<String> {
        self.files().iter().map(|&name| name.to_owned()).collect()
    }

    /// The files that such a run writes; `#` stands for digits, `*` for the name of the job.
    pub const fn files(self) -> &'static [&'static str] {
        match self {
            Self::Points => &[
                MANIFEST,
                "config.json",
                "data.json",
                "metrics.jsonl",
                "floor.json",
                "real.npy",
                "noise.npy",
                "samples.npy",
                "recorded.json",
                "field.npy",
                "lattice.npy",
                "forces.npy",
                "scores.npy",
                "slopes.npy",
                "weights.npy",
                "frames.json",
                "generator.safetensors",
                "averaged.safetensors",
                "discriminator.safetensors",
                "best.json",
                "best-generator.safetensors",
                "best-averaged.safetensors",
                "best-discriminator.safetensors",
                STATE,
            ],
            Self::Progan => &[
                MANIFEST,
                "config.json",
                "metrics.jsonl",
                "images.json",
                "reals.png",
                "samples/#.png",
                "training.gif",
                "generator.safetensors",
                STATE,
            ],
            Self::Sefa => &[
                MANIFEST,
                "job.json",
                "directions.safetensors",
                "directions.npy",
                "factor.pt",
                "eigenvalues.csv",
                "images.jsonl",
                "images/sample#.png",
                "images/sample#_semantic#_step#.png",
                "frames/frame#.png",
                "sheets/sheet#.png",
                "traits/sample#.png",
                "traits/sample#_semantic#_step#.png",
                "traits/sample#_random#_step#.png",
                "traits/images.csv",
                "traits/scores.csv",
                "traits.json",
                "traits.csv",
                "*.mp4",
                "*.gif",
                "index.html",
            ],
        }
    }

    /// The setting that may grow when the run goes on, and what the position is measured against.
    pub const fn total_key(self) -> Option<&'static str> {
        match self {
            Self::Points => Some("epochs"),
            Self::Progan | Self::Sefa => None,
        }
    }

    /// Settings that say how a run is done and not what it is: they may be others when it goes on.
    pub const fn free_keys(self) -> &'static [&'static str] {
        match self {
            Self::Points => &["threads", "stop_when"],
            Self::Progan => &["threads"],
            Self::Sefa => &["device", "batch", "threads"],
        }
    }

    /// Settings that came later, with what runs had before: to say that is to say nothing.
    pub const fn later_keys(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Progan => &[("precision", "float32"), ("downscale", "after-activation")],
            Self::Points | Self::Sefa => &[],
        }
    }

    /// Settings that say where an input lies; its digest says what it is.
    pub const fn input_keys(self) -> &'static [&'static str] {
        match self {
            Self::Points => {
                &["data.path", "data.key", "data.columns", "data.separator", "data.decimal", "data.heading"]
            }
            Self::Progan => &["data", "images.key"],
            Self::Sefa => &["checkpoint", "model", "codes_file", "directions_file"],
        }
    }

    /// Whether a command can do something with such a run.
    pub const fn can(self, ability: Ability) -> bool {
        match (self, ability) {
            (Self::Points, _) | (Self::Progan, Ability::Export) => true,
            (Self::Progan | Self::Sefa, _) => false,
        }
    }

    /// What shows or measures such a run instead, where a command cannot.
    pub const fn instead(self) -> &'static str {
        match self {
            Self::Points => "gan-lab draw, eval, compare and report take it",
            Self::Progan => "its pictures are training.gif, samples/ and reals.png; gan-lab sefa shows its directions",
            Self::Sefa => "its page is index.html",
        }
    }
}

/// Whether a name matches a pattern in which `#` stands for one or more digits.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('#') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|name| {
            let digits = name.bytes().take_while(u8::is_ascii_digit).count();
            digits > 0 && matches(rest, &name[digits..])
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_numbers_and_nothing_else() {
        assert!(matches("samples/#.png", "samples/000012.png"));
        assert!(matches("images/sample#_semantic#_step#.png", "images/sample0_semantic12_step3.png"));
        assert!(matches("run.json", "run.json"));
        for wrong in ["samples/.png", "samples/thesis.png", "samples/1.jpg", "samples/1.png.bak", "samples/1a.png"] {
            assert!(!matches("samples/#.png", wrong), "{wrong}");
        }
    }

    #[test]
    fn the_settings_that_a_kind_names_are_in_its_table() {
        for kind in Kind::ALL {
            let table = crate::config::TABLES.into_iter().find(|table| table.kind == kind.name()).unwrap();
            for key in kind.free_keys().iter().chain(kind.input_keys()).chain(kind.total_key().as_slice()) {
                assert!(table.keys.iter().any(|known| known.path == *key), "{} has no {key}", kind.name());
            }
        }
    }

    #[test]
    fn every_kind_lists_the_files_that_it_names() {
        for kind in Kind::ALL {
            for name in [MANIFEST, kind.settings_file(), kind.records_file()] {
                assert!(kind.files().contains(&name), "{} {name}", kind.name());
            }
            assert_eq!(kind.files().contains(&STATE), kind.has_state());
        }
    }
}
