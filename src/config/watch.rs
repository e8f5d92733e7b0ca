//! What is looked at while a run trains: conditions under which it ends before its last epoch (`coverage < 0.2 for 5
//! frames`), and the metric by which its best state is kept.
//!
//! A condition is `NAME OP NUMBER [floors] [for N frames|measurements|epochs]`: a number that the run records, `<`, `<=`,
//! `>` or `>=`, and how many times in a row it must hold. It is read here and nowhere else; who trains asks
//! [`Condition::holds`].

use std::fmt;

use super::{Choice, RunConfig};

/// A number that a run records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// The discriminator's mean loss over an epoch.
    DLoss,
    /// The generator's.
    GLoss,
    /// Sliced W2 between a frame and the held-out points.
    SlicedW2,
    /// How much of the held-out points a frame covers.
    Coverage,
    /// Total variation of the modes' shares.
    ModeTv,
    /// Where the generator is averaged: sliced W2 of the generator itself.
    GeneratorSlicedW2,
    /// Its coverage.
    GeneratorCoverage,
    /// Its total variation of the modes' shares.
    GeneratorModeTv,
}

impl Watched {
    /// Every such number.
    pub const ALL: [Self; 8] = [
        Self::DLoss,
        Self::GLoss,
        Self::SlicedW2,
        Self::Coverage,
        Self::ModeTv,
        Self::GeneratorSlicedW2,
        Self::GeneratorCoverage,
        Self::GeneratorModeTv,
    ];

    /// Its name in conditions; in records it has `_` for `-`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DLoss => "d-loss",
            Self::GLoss => "g-loss",
            Self::SlicedW2 => "sliced-w2",
            Self::Coverage => "coverage",
            Self::ModeTv => "mode-tv",
            Self::GeneratorSlicedW2 => "generator-sliced-w2",
            Self::GeneratorCoverage => "generator-coverage",
            Self::GeneratorModeTv => "generator-mode-tv",
        }
    }

    /// Whether only runs record it that average their generator: then the metrics without `generator` are the average's.
    pub const fn is_beside_average(self) -> bool {
        matches!(self, Self::GeneratorSlicedW2 | Self::GeneratorCoverage | Self::GeneratorModeTv)
    }

    /// Whether it is a loss, which every epoch has; all else is measured.
    pub const fn is_loss(self) -> bool {
        matches!(self, Self::DLoss | Self::GLoss)
    }

    /// Whether it is a distance, which may be said in floors.
    pub const fn is_distance(self) -> bool {
        matches!(self, Self::SlicedW2 | Self::ModeTv | Self::GeneratorSlicedW2 | Self::GeneratorModeTv)
    }

    fn named(text: &str) -> Option<Self> {
        let same = |known: &&Self| known.name() == text.replace('_', "-");
        Self::ALL.iter().find(same).copied()
    }
}

/// By which metric the best state of a run is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BestBy {
    /// The smallest sliced W2.
    SlicedW2,
    /// The largest coverage.
    Coverage,
    /// The smallest total variation of the modes' shares.
    ModeTv,
}

impl BestBy {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 3] = [
        Choice { name: "sliced-w2", help: "The smallest sliced W2 distance" },
        Choice { name: "coverage", help: "The largest coverage" },
        Choice {
            name: "mode-tv",
            help: "The smallest mode total variation; needs data whose file names their distribution",
        },
    ];

    /// What is looked at.
    pub const fn watched(self) -> Watched {
        match self {
            Self::SlicedW2 => Watched::SlicedW2,
            Self::Coverage => Watched::Coverage,
            Self::ModeTv => Watched::ModeTv,
        }
    }

    /// Whether a value is better than another; equal ones are not.
    pub fn is_better(self, value: f64, than: f64) -> bool {
        match self {
            Self::SlicedW2 | Self::ModeTv => value < than,
            Self::Coverage => value > than,
        }
    }
}

/// How two numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

impl Comparison {
    const fn sign(self) -> &'static str {
        match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
        }
    }
}

/// At which records a condition is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// At those of recorded frames.
    Frames,
    /// At those with a measurement.
    Measurements,
    /// At every one.
    Epochs,
}

/// A condition under which a run ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// The number that is looked at.
    pub watched: Watched,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub limit: f64,
    /// Whether that is a multiple of the number's floor.
    pub in_floors: bool,
    /// How often in a row it must hold, 1 or more.
    pub times: u64,
    /// At which records it is looked at.
    pub per: Per,
}

/// What says that there is no condition, in the place of one.
pub(super) const NEVER: &str = "never";

impl Condition {
    /// Reads a condition; the error says what it must be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let at = text.find(['<', '>']).ok_or_else(expected)?;
        let (name, rest) = (text[..at].trim(), &text[at..]);
        let watched = Watched::named(name).ok_or_else(expected)?;
        let signs = [Comparison::AtMost, Comparison::AtLeast, Comparison::Below, Comparison::Above];
        let comparison = signs.into_iter().find(|sign| rest.starts_with(sign.sign())).ok_or_else(expected)?;
        let words: Vec<&str> = rest[comparison.sign().len()..].split_whitespace().collect();
        let (number, words) = words.split_first().ok_or_else(expected)?;
        let limit = number.parse().ok().filter(|x: &f64| x.is_finite()).ok_or_else(expected)?;
        let (in_floors, words) = match words {
            ["floor" | "floors", rest @ ..] => (true, rest),
            rest => (false, rest),
        };
        if in_floors && !watched.is_distance() {
            return Err(format!("without floors: {} is no distance", watched.name()));
        }
        let own = if watched.is_loss() { Per::Epochs } else { Per::Measurements };
        let (times, per) = match words {
            [] => (1, own),
            ["for", times, unit] => {
                let times = times.parse().ok().filter(|&n: &u64| n >= 1).ok_or_else(expected)?;
                (times, per(unit, watched)?)
            }
            _ => return Err(expected()),
        };
        Ok(Self { watched, comparison, limit, in_floors, times, per })
    }

    /// Whether it holds of a value, whose floor is `floor`.
    pub fn holds(&self, value: f64, floor: f64) -> bool {
        let limit = if self.in_floors { self.limit * floor } else { self.limit };
        match self.comparison {
            Comparison::Below => value < limit,
            Comparison::AtMost => value <= limit,
            Comparison::Above => value > limit,
            Comparison::AtLeast => value >= limit,
        }
    }

    /// Whether it is looked at in the record of this epoch.
    pub fn is_due(&self, config: &RunConfig, epoch: u64) -> bool {
        match self.per {
            Per::Frames => config.is_frame(epoch),
            Per::Measurements => config.is_measured(epoch),
            Per::Epochs => true,
        }
    }
}

fn per(unit: &str, watched: Watched) -> Result<Per, String> {
    match unit {
        "frame" | "frames" => Ok(Per::Frames),
        "measurement" | "measurements" if watched.is_loss() => {
            Err(format!("in epochs or frames: {} is not measured, every epoch has it", watched.name()))
        }
        "measurement" | "measurements" => Ok(Per::Measurements),
        "epoch" | "epochs" if watched.is_loss() => Ok(Per::Epochs),
        "epoch" | "epochs" => {
            Err(format!("in frames or measurements: {} is not measured in every epoch", watched.name()))
        }
        _ => Err(expected()),
    }
}

/// The conditions' form, with all names.
fn expected() -> String {
    let names = Watched::ALL.map(Watched::name).join(", ");
    format!(
        "NAME < NUMBER [floors] [for N frames|measurements|epochs], also with <=, > or >=, such as 'coverage < 0.2 for 5 \
         frames'; NAME is one of {names}"
    )
}

/// As it is saved and shown.
impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { watched, comparison, limit, in_floors, times, per } = *self;
        write!(f, "{} {} {limit}", watched.name(), comparison.sign())?;
        if in_floors {
            f.write_str(" floors")?;
        }
        let unit = match per {
            Per::Frames => "frame",
            Per::Measurements => "measurement",
            Per::Epochs => "epoch",
        };
        match (times, per) {
            (1, Per::Measurements | Per::Epochs) => Ok(()),
            (1, Per::Frames) => write!(f, " for 1 {unit}"),
            _ => write!(f, " for {times} {unit}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Model, TrainConfig};
    use super::*;

    #[test]
    fn conditions_are_read_and_written_in_one_form() {
        for (text, form) in [
            ("coverage < 0.2 for 5 frames", "coverage < 0.2 for 5 frames"),
            ("coverage<0.2 for 1 frame", "coverage < 0.2 for 1 frame"),
            ("  sliced_w2 <=1.1 floors ", "sliced-w2 <= 1.1 floors"),
            ("mode-tv >= 2e-3 floor for 3 measurements", "mode-tv >= 0.002 floors for 3 measurements"),
            ("sliced-w2 > 1 for 1 measurement", "sliced-w2 > 1"),
            ("d-loss > -0.5 for 20 epochs", "d-loss > -0.5 for 20 epochs"),
            ("g-loss > 30 for 2 frames", "g-loss > 30 for 2 frames"),
        ] {
            let condition = Condition::parse(text).unwrap();
            assert_eq!(condition.to_string(), form);
            assert_eq!(Condition::parse(form).unwrap(), condition);
        }
    }

    #[test]
    fn what_is_no_condition_is_answered_with_what_is_one() {
        let every_name = Watched::ALL.map(Watched::name);
        for text in
            ["", "coverage", "coverge < 0.2", "coverage = 0.2", "coverage < ", "coverage < many", "coverage < inf"]
        {
            let words = Condition::parse(text).unwrap_err();
            assert!(every_name.iter().all(|name| words.contains(name)), "{text}: {words}");
        }
        for (text, words) in [
            ("coverage < 0.2 for 0 frames", "for N frames"),
            ("coverage < 0.2 for 2.5 frames", "for N frames"),
            ("coverage < 0.2 for 2 hours", "for N frames"),
            ("coverage < 0.2 and more", "for N frames"),
            ("coverage < 0.2 floors", "coverage is no distance"),
            ("coverage < 0.2 for 2 epochs", "not measured in every epoch"),
            ("d-loss < 0.2 for 2 measurements", "every epoch has it"),
            ("d-loss < 0.2 floors", "d-loss is no distance"),
        ] {
            let found = Condition::parse(text).unwrap_err();
            assert!(found.contains(words), "{text}: {found}");
        }
    }

    #[test]
    fn a_limit_in_floors_is_so_many_floors() {
        let holds = |text: &str, value| Condition::parse(text).unwrap().holds(value, 0.5);
        assert!(holds("sliced-w2 < 1.1 floors", 0.54) && !holds("sliced-w2 < 1.1 floors", 0.56));
        assert!(!holds("sliced-w2 < 0.54", 0.54) && holds("sliced-w2 <= 0.54", 0.54));
        assert!(holds("coverage >= 0.9", 0.9) && !holds("coverage > 0.9", 0.9));
        assert!(!holds("coverage > 0.9", f64::NAN) && !holds("coverage < 0.9", f64::NAN));
    }

    #[test]
    fn a_condition_is_looked_at_where_its_number_is_counted() {
        let config = TrainConfig { epochs: 100, frame_every: 10, eval_every: Some(5), ..TrainConfig::lab(Model::Gan) };
        let config = config.check().unwrap();
        let due = |text: &str| {
            let condition = Condition::parse(text).unwrap();
            (1..=20).filter(|&epoch| condition.is_due(&config, epoch)).collect::<Vec<_>>()
        };
        assert_eq!(due("coverage < 0.2 for 2 frames"), [10, 20]);
        assert_eq!(due("coverage < 0.2"), [5, 10, 15, 20]);
        assert_eq!(due("d-loss < 0.2").len(), 20);
    }
}
