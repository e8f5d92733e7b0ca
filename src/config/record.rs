//! What a run records beside its points.

use super::check::require;
use super::{Choice, ConfigError, RunConfig, TrainConfig};

/// What is recorded of a frame beside its points: each is a file in `kinds::points::recorded`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recording {
    /// The discriminator's scores over the axes.
    Field,
    /// Where the generator takes a lattice of codes.
    Lattice,
    /// Where generated points are pushed.
    Forces,
    /// The scores of training, held-out and generated points.
    Scores,
    /// The norms of the score's gradient at such points.
    Slopes,
    /// Percentiles of the discriminator's parameters.
    Weights,
}

impl Recording {
    /// Every one, in the order of documents.
    pub const ALL: [Self; 6] = [Self::Field, Self::Lattice, Self::Forces, Self::Scores, Self::Slopes, Self::Weights];

    /// The words for them, with their meaning.
    pub const CHOICES: [Choice; 6] = [
        Choice { name: "field", help: "The discriminator's score on a grid over the axes" },
        Choice { name: "lattice", help: "Where the generator takes a lattice of codes of one or two numbers" },
        Choice { name: "forces", help: "Where generated points are pushed" },
        Choice { name: "scores", help: "The scores of training, held-out and generated points" },
        Choice { name: "slopes", help: "How steep the score is at such points" },
        Choice { name: "weights", help: "Percentiles of the discriminator's parameters" },
    ];

    /// Its word.
    pub const fn name(self) -> &'static str {
        Self::CHOICES[self as usize].name
    }

    /// Why a run with this config does not have it; None where it does.
    pub fn lacks(self, config: &TrainConfig) -> Option<String> {
        let sides = config.game().rule.has_sides();
        match self {
            Self::Field if config.pack.is_some_and(|pack| pack > 1) => {
                Some("the discriminator scores packs of points, and a single point has no score".into())
            }
            Self::Lattice if config.generator.latent_dim > 2 => {
                Some(format!("the codes have {} numbers, and a lattice is of one or two", config.generator.latent_dim))
            }
            Self::Field | Self::Forces | Self::Scores | Self::Slopes if sides => {
                Some("the discriminator has a real and a generated point side by side, and no point has a score".into())
            }
            _ => None,
        }
    }
}

/// The words that stand for all and for none.
const ALL: &str = "all";
const NONE: &str = "none";

/// `record` as it is saved: left out for everything, and in the order of documents.
pub(super) fn check(config: &mut TrainConfig) -> Result<(), ConfigError> {
    let Some(words) = config.record.take() else { return Ok(()) };
    if words == [ALL] {
        return Ok(());
    }
    let mut chosen = Vec::new();
    for word in words.iter().filter(|_| words != [NONE]) {
        let found = Recording::ALL.into_iter().find(|recording| recording.name() == word);
        let names = Recording::ALL.map(Recording::name).join(", ");
        require("record", format!("'{word}'"), found.is_some(), &format!("all, none, or some of {names}"))?;
        let Some(recording) = found else { continue };
        if let Some(reason) = recording.lacks(config) {
            require("record", word, false, &format!("without {word}: {reason}"))?;
        }
        chosen.push(recording);
    }
    chosen.sort_unstable();
    chosen.dedup();
    let all = chosen == possible(config);
    let words = if chosen.is_empty() { vec![NONE.to_owned()] } else { words_of(&chosen) };
    config.record = (!all || chosen.is_empty()).then_some(words);
    Ok(())
}

fn words_of(recordings: &[Recording]) -> Vec<String> {
    recordings.iter().map(|recording| recording.name().to_owned()).collect()
}

/// All that such a run can have.
fn possible(config: &TrainConfig) -> Vec<Recording> {
    Recording::ALL.into_iter().filter(|recording| recording.lacks(config).is_none()).collect()
}

impl RunConfig {
    /// What is recorded beside points.
    pub fn recordings(&self) -> Vec<Recording> {
        let chosen = |recording: &Recording| {
            self.record.as_ref().is_none_or(|words| words.iter().any(|word| word == recording.name()))
        };
        possible(self).into_iter().filter(chosen).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Model;

    fn checked(words: &[&str], change: fn(&mut TrainConfig)) -> Result<RunConfig, ConfigError> {
        let record = Some(words.iter().map(|&word| word.to_owned()).collect());
        let mut config = TrainConfig { record, ..TrainConfig::lab(Model::Gan) };
        change(&mut config);
        config.check()
    }

    #[test]
    fn words_are_where_the_list_has_them() {
        for recording in Recording::ALL {
            assert_eq!(format!("{recording:?}").to_lowercase(), recording.name());
        }
    }

    #[test]
    fn everything_is_said_by_saying_nothing() {
        let everything = Recording::ALL.map(Recording::name);
        for words in [&["all"][..], &everything[..]] {
            let config = checked(words, |_| {}).unwrap();
            assert_eq!((config.record.clone(), config.recordings()), (None, Recording::ALL.to_vec()));
        }
        let none = checked(&["none"], |_| {}).unwrap();
        assert_eq!((none.record.clone(), none.recordings()), (Some(vec!["none".into()]), Vec::new()));
        let some = checked(&["scores", "field", "scores"], |_| {}).unwrap();
        assert_eq!(some.record.as_deref(), Some(&["field".to_owned(), "scores".to_owned()][..]));
        assert_eq!(some.recordings(), [Recording::Field, Recording::Scores]);
    }

    #[test]
    fn what_a_run_cannot_have_is_left_out_or_refused_where_it_was_asked_for() {
        let wide = |config: &mut TrainConfig| config.generator.latent_dim = 8;
        assert!(!checked(&["all"], wide).unwrap().recordings().contains(&Recording::Lattice));
        let error = checked(&["lattice"], wide).unwrap_err().to_string();
        assert!(error.contains("8 numbers"), "{error}");
        let packed = checked(&["all"], |config| config.pack = Some(2)).unwrap();
        assert!(!packed.recordings().contains(&Recording::Field));
        let error = checked(&["heat"], |_| {}).unwrap_err().to_string();
        assert!(error.contains("'heat'") && error.contains("weights"), "{error}");
        assert!(checked(&["none", "field"], |_| {}).is_err());
    }
}
