//! Which game the two networks play.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{Choice, TrainConfig};
use crate::objective::penalties::{self, Penalised, Penalty};
use crate::objective::rules::{self, Rule};
use crate::objective::{Constraint, Game};

/// The three models, without their constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// The original GAN (Goodfellow et al. 2014).
    Gan,
    /// Wasserstein GAN with weight clipping (Arjovsky et al. 2017).
    Wgan,
    /// Wasserstein GAN with gradient penalty (Gulrajani et al. 2017).
    WganGp,
}

impl Model {
    /// Every model.
    pub const ALL: [Self; 3] = [Self::Gan, Self::Wgan, Self::WganGp];

    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 3] = [
        Choice { name: Self::Gan.name(), help: "The original GAN" },
        Choice { name: Self::Wgan.name(), help: "Wasserstein GAN with weight clipping" },
        Choice { name: Self::WganGp.name(), help: "Wasserstein GAN with gradient penalty" },
    ];

    /// The name used in configs, flags and file names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gan => "gan",
            Self::Wgan => "wgan",
            Self::WganGp => "wgan-gp",
        }
    }

    /// The name as papers write it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Gan => "GAN",
            Self::Wgan => "WGAN",
            Self::WganGp => "WGAN-GP",
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What the networks minimise, as a person writes it: a model with its constants, or a score rule by itself, to which
/// the config's `penalty` and `constraint` come. `objective` holds the formulas.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Objective {
    /// See [`Model::Gan`].
    Gan {
        /// What the generator minimises.
        generator_loss: GeneratorLoss,
    },
    /// See [`Model::Wgan`].
    Wgan {
        /// After its step, every parameter of the critic is clamped to [-clip, clip].
        clip: f64,
    },
    /// See [`Model::WganGp`].
    WganGp {
        /// The gradient penalty's weight, lambda in the paper.
        gp_weight: f64,
    },
    /// A score rule.
    Rule {
        /// Which.
        rule: &'static Rule,
        /// The discriminator's label for real points, of rules whose scores are logits.
        real_label: f64,
    },
}

/// A model as it is written.
#[derive(Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "kebab-case", deny_unknown_fields)]
enum OfModel {
    Gan {
        #[serde(default)]
        generator_loss: GeneratorLoss,
    },
    Wgan {
        #[serde(default = "lab_clip")]
        clip: f64,
    },
    WganGp {
        #[serde(default = "lab_gp_weight")]
        gp_weight: f64,
    },
}

/// A rule as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfRule {
    rule: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    real_label: Option<f64>,
}

impl Serialize for Objective {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let model = match *self {
            Self::Gan { generator_loss } => OfModel::Gan { generator_loss },
            Self::Wgan { clip } => OfModel::Wgan { clip },
            Self::WganGp { gp_weight } => OfModel::WganGp { gp_weight },
            Self::Rule { rule, real_label } => {
                let real_label = rule.takes_labels().then_some(real_label);
                return OfRule { rule: rule.name.to_owned(), real_label }.serialize(serializer);
            }
        };
        model.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Objective {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = serde_json::Map::deserialize(deserializer)?;
        let (has_rule, has_model) = (map.contains_key("rule"), map.contains_key("model"));
        if has_rule && has_model {
            return Err(D::Error::custom("a model has a rule of its own; say model or rule, not both"));
        }
        if !has_rule {
            return match OfModel::deserialize(Value::Object(map)).map_err(D::Error::custom)? {
                OfModel::Gan { generator_loss } => Ok(Self::Gan { generator_loss }),
                OfModel::Wgan { clip } => Ok(Self::Wgan { clip }),
                OfModel::WganGp { gp_weight } => Ok(Self::WganGp { gp_weight }),
            };
        }
        let OfRule { rule, real_label } = OfRule::deserialize(Value::Object(map)).map_err(D::Error::custom)?;
        let known =
            Rule::named(&rule).ok_or_else(|| D::Error::custom(unknown(&rule, &rules::ALL.map(|rule| rule.name))))?;
        if real_label.is_some() && !known.takes_labels() {
            return Err(D::Error::custom(format!("the rule {rule} has no labels; leave real_label out")));
        }
        Ok(Self::Rule { rule: known, real_label: real_label.unwrap_or(1.0) })
    }
}

/// What the generator of a GAN minimises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GeneratorLoss {
    /// mean log(1 - D(G(z))), the minimax game itself, as in the lab.
    #[default]
    Saturating,
    /// -mean log D(G(z)), whose gradient does not vanish where the discriminator is sure.
    NonSaturating,
}

impl GeneratorLoss {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 2] = [
        Choice { name: "saturating", help: "mean log(1 - D(G(z))), as in the lab" },
        Choice { name: "non-saturating", help: "-mean log D(G(z)), whose gradient does not vanish" },
    ];
}

fn lab_clip() -> f64 {
    0.1
}

fn lab_gp_weight() -> f64 {
    0.001
}

impl Objective {
    /// A model with the lab's constants.
    pub fn lab(model: Model) -> Self {
        match model {
            Model::Gan => Self::Gan { generator_loss: GeneratorLoss::Saturating },
            Model::Wgan => Self::Wgan { clip: lab_clip() },
            Model::WganGp => Self::WganGp { gp_weight: lab_gp_weight() },
        }
    }

    /// The game that it is by itself.
    fn game(self) -> Game {
        match self {
            Self::Gan { generator_loss: GeneratorLoss::Saturating } => Game::of(rules::SATURATING),
            Self::Gan { generator_loss: GeneratorLoss::NonSaturating } => Game::of(rules::NON_SATURATING),
            Self::Wgan { clip } => Game { constraint: Constraint::Clip(clip), ..Game::of(rules::WASSERSTEIN) },
            Self::WganGp { gp_weight } => {
                let penalty = Penalised { penalty: penalties::WGAN_GP, weight: gp_weight, every: 1, end: 1.0 };
                Game { penalty: Some(penalty), ..Game::of(rules::WASSERSTEIN) }
            }
            Self::Rule { rule, real_label } => Game { real_label, ..Game::of(rule) },
        }
    }

    /// Which model it is, if it is one.
    pub const fn model(self) -> Option<Model> {
        match self {
            Self::Gan { .. } => Some(Model::Gan),
            Self::Wgan { .. } => Some(Model::Wgan),
            Self::WganGp { .. } => Some(Model::WganGp),
            Self::Rule { .. } => None,
        }
    }
}

/// A penalty as it is written: a name, its weight and how often, or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "OfPenalty", try_from = "OfPenalty")]
pub struct PenaltyConfig(pub Option<Penalised>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfPenalty {
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    weight: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    every: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    end: Option<f64>,
}

impl From<PenaltyConfig> for OfPenalty {
    fn from(PenaltyConfig(penalty): PenaltyConfig) -> Self {
        match penalty {
            Some(Penalised { penalty, weight, every, end }) => Self {
                name: penalty.name.to_owned(),
                weight: Some(weight),
                every: Some(every),
                end: Some(end).filter(|end| (end - 1.0).abs() > 0.0),
            },
            None => Self { name: NONE.to_owned(), weight: None, every: None, end: None },
        }
    }
}

impl TryFrom<OfPenalty> for PenaltyConfig {
    type Error = String;

    fn try_from(OfPenalty { name, weight, every, end }: OfPenalty) -> Result<Self, String> {
        if name == NONE {
            let none = Self(None);
            return if weight.is_none() && every.is_none() && end.is_none() {
                Ok(none)
            } else {
                Err("no penalty has no weight".into())
            };
        }
        let known = penalties::ALL.map(|penalty| penalty.name);
        let penalty = Penalty::named(&name).ok_or_else(|| unknown(&name, &[&[NONE], &known[..]].concat()))?;
        let (weight, every, end) = (weight.unwrap_or(PENALTY_WEIGHT), every.unwrap_or(1), end.unwrap_or(1.0));
        Ok(Self(Some(Penalised { penalty, weight, every, end })))
    }
}

/// A constraint as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ConstraintConfig {
    /// See [`Constraint::None`].
    None {},
    /// See [`Constraint::Clip`].
    Clip {
        /// The bound.
        #[serde(default = "lab_clip")]
        bound: f64,
    },
    /// See [`Constraint::SpectralNorm`].
    SpectralNorm {},
}

impl ConstraintConfig {
    /// The words for it, with their meaning.
    pub const CHOICES: [Choice; 3] = [
        Choice { name: NONE, help: "None" },
        Choice { name: "clip", help: "Every parameter is clamped, as in WGAN" },
        Choice { name: "spectral-norm", help: "Each layer's weights are divided by their largest singular value" },
    ];
}

/// The word for no penalty and no constraint.
const NONE: &str = "none";

/// The weight of a penalty that is not said: the papers' lambda of 10, and their gamma.
const PENALTY_WEIGHT: f64 = 10.0;

/// The words for the rules, with their meaning.
pub const RULE_CHOICES: [Choice; rules::ALL.len()] = {
    let mut choices = [Choice { name: "", help: "" }; rules::ALL.len()];
    let mut i = 0;
    while i < choices.len() {
        choices[i] = Choice { name: rules::ALL[i].name, help: rules::ALL[i].help };
        i += 1;
    }
    choices
};

/// The words for the penalties, with their meaning.
pub const PENALTY_CHOICES: [Choice; penalties::ALL.len() + 1] = {
    let mut choices = [Choice { name: NONE, help: "None" }; penalties::ALL.len() + 1];
    let mut i = 1;
    while i < choices.len() {
        choices[i] = Choice { name: penalties::ALL[i - 1].name, help: penalties::ALL[i - 1].help };
        i += 1;
    }
    choices
};

/// In serde's words.
fn unknown(name: &str, known: &[&str]) -> String {
    let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    format!("unknown variant `{name}`, expected one of {}", known.join(", "))
}

impl TrainConfig {
    /// The game that the networks play: the objective's own, but for a penalty and a constraint that are said.
    pub fn game(&self) -> Game {
        let mut game = self.objective.game();
        if let Some(PenaltyConfig(penalty)) = self.penalty {
            game.penalty = penalty;
        }
        match self.constraint {
            Some(ConstraintConfig::None {}) => game.constraint = Constraint::None,
            Some(ConstraintConfig::Clip { bound }) => game.constraint = Constraint::Clip(bound),
            Some(ConstraintConfig::SpectralNorm {}) => game.constraint = Constraint::SpectralNorm,
            None => {}
        }
        game.drift = self.drift.unwrap_or_default();
        game
    }

    /// The same game in the one way in which it is saved: a model where it is one, else a rule with what belongs to it.
    #[must_use]
    pub(super) fn in_saved_form(self) -> Self {
        let game = self.game();
        let models = [GeneratorLoss::Saturating, GeneratorLoss::NonSaturating]
            .map(|generator_loss| Objective::Gan { generator_loss })
            .into_iter()
            .chain(match game.constraint {
                Constraint::Clip(clip) => Some(Objective::Wgan { clip }),
                Constraint::None => game.penalty.map(|p| Objective::WganGp { gp_weight: p.weight }),
                Constraint::SpectralNorm => None,
            });
        if let Some(objective) = models.into_iter().find(|model| model.game() == game) {
            return Self { objective, penalty: None, constraint: None, ..self };
        }
        Self {
            objective: Objective::Rule { rule: game.rule, real_label: game.real_label },
            penalty: game.penalty.map(|penalty| PenaltyConfig(Some(penalty))),
            constraint: match game.constraint {
                Constraint::Clip(bound) => Some(ConstraintConfig::Clip { bound }),
                Constraint::SpectralNorm => Some(ConstraintConfig::SpectralNorm {}),
                Constraint::None => None,
            },
            ..self
        }
    }

    /// The game's name in file names: the model's where it is one.
    pub fn game_name(&self) -> String {
        self.model().map_or_else(|| self.game().name(), |model| model.name().to_owned())
    }

    /// The game's name as papers write it.
    pub fn game_title(&self) -> String {
        let title = self.model().map_or_else(|| self.game().title(), |model| model.title().to_owned());
        match self.pack {
            Some(pack) if pack > 1 => format!("{title} in packs of {pack}"),
            _ => title,
        }
    }

    /// The model, where the game is one.
    pub fn model(&self) -> Option<Model> {
        let alone = self.penalty.is_none() && self.constraint.is_none() && self.drift.is_none();
        if alone { self.objective.model() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Config as _;
    use super::*;

    fn checked(config: Value) -> Value {
        TrainConfig::from_value(config).unwrap().check().unwrap().to_json()
    }

    #[test]
    fn a_game_is_saved_in_one_way_however_it_was_written() {
        for (written, objective) in [
            (json!({"objective": {"rule": "saturating"}}), json!({"model": "gan", "generator_loss": "saturating"})),
            (
                json!({"objective": {"rule": "non-saturating"}, "penalty": {"name": "none"}}),
                json!({"model": "gan", "generator_loss": "non-saturating"}),
            ),
            (
                json!({"objective": {"rule": "wasserstein"}, "constraint": {"name": "clip", "bound": 0.3}}),
                json!({"model": "wgan", "clip": 0.3}),
            ),
            (
                json!({"objective": {"model": "gan"}, "penalty": {"name": "none"}, "constraint": {"name": "none"}}),
                json!({"model": "gan", "generator_loss": "saturating"}),
            ),
            (
                json!({"objective": {"model": "wgan-gp"}, "penalty": {"name": "wgan-gp", "weight": 2.0}}),
                json!({"model": "wgan-gp", "gp_weight": 2.0}),
            ),
        ] {
            let saved = checked(written.clone());
            assert_eq!(saved["objective"], objective, "{written}");
            assert!(saved.get("penalty").is_none() && saved.get("constraint").is_none(), "{saved}");
        }
        let saved = checked(json!({"objective": {"model": "gan"}, "penalty": {"name": "r1"}}));
        assert_eq!(saved["objective"], json!({"rule": "saturating", "real_label": 1.0}));
        assert_eq!(saved["penalty"], json!({"name": "r1", "weight": 10.0, "every": 1}));
        assert_eq!(checked(saved.clone()), saved);
    }

    #[test]
    fn what_is_not_a_game_is_refused_with_what_there_is() {
        for (objective, words) in [
            (json!({"rule": "lsgan"}), "unknown variant `lsgan`, expected one of `saturating`, `non-saturating`"),
            (json!({"rule": "hinge", "real_label": 0.9}), "the rule hinge has no labels"),
            (json!({"rule": "hinge", "model": "gan"}), "say model or rule, not both"),
            (json!({"model": "dcgan"}), "unknown variant `dcgan`, expected one of `gan`, `wgan`, `wgan-gp`"),
            (json!({"rule": "hinge", "margin": 1}), "unknown field `margin`"),
            (json!({}), "missing field `model`"),
            (json!(7), "invalid type"),
        ] {
            let message = serde_json::from_value::<Objective>(objective).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
        for (penalty, words) in [
            (json!({"name": "r3"}), "unknown variant `r3`, expected one of `none`, `wgan-gp`"),
            (json!({"name": "none", "weight": 1.0}), "no penalty has no weight"),
        ] {
            let message = serde_json::from_value::<PenaltyConfig>(penalty).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn names_and_titles_say_the_parts() {
        let config = |json: Value| TrainConfig::from_value(json).unwrap().check().unwrap();
        let r3gan = config(json!({"objective": {"rule": "rpgan"}, "penalty": {"name": "r1+r2"}}));
        assert_eq!((r3gan.game_name(), r3gan.game_title()), ("rpgan-r1+r2".into(), "RpGAN + R1 + R2".into()));
        let wgan = config(json!({"objective": {"model": "wgan"}}));
        assert_eq!((wgan.game_name(), wgan.game_title()), ("wgan".into(), "WGAN".into()));
    }
}
