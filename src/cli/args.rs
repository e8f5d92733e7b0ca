//! Arguments that several commands share, and their words for the config's choices.

use std::str::FromStr;

use clap::ValueEnum;

#[cfg(feature = "torch")]
use crate::config::number_list;
use crate::config::{AdamOptions, EngineKind, GeneratorLoss, Model, Optim, RmspropOptions, SgdOptions};
use crate::data::synthetic::Law;

/// Sets what an option gave.
pub(super) fn set<T: Clone>(to: &mut T, given: Option<&T>) {
    if let Some(value) = given {
        to.clone_from(value);
    }
}

/// A list of numbers, such as `0,2-4`.
#[cfg(feature = "torch")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Indices(pub(super) Vec<usize>);

#[cfg(feature = "torch")]
impl FromStr for Indices {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not a list of numbers; say 0,3,7 or 0-4");
        let numbers = number_list(text, 1 << 16).ok_or_else(wrong)?;
        let indices = numbers.into_iter().map(|n| u16::try_from(n).map(usize::from).map_err(|_| wrong()));
        let mut indices = indices.collect::<Result<Vec<_>, _>>()?;
        let mut seen = std::collections::HashSet::new();
        indices.retain(|&index| seen.insert(index));
        Ok(Self(indices))
    }
}

/// Seeds, such as `0-4`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Seeds(pub(super) Vec<u64>);

impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        crate::sweep::seed_list(text).map(Self)
    }
}

/// A model, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum ModelArg {
    /// The original GAN
    Gan,
    /// Wasserstein GAN with weight clipping
    Wgan,
    /// Wasserstein GAN with gradient penalty
    WganGp,
}

impl From<ModelArg> for Model {
    fn from(arg: ModelArg) -> Self {
        match arg {
            ModelArg::Gan => Self::Gan,
            ModelArg::Wgan => Self::Wgan,
            ModelArg::WganGp => Self::WganGp,
        }
    }
}

/// An optimiser, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum OptimArg {
    /// RMSProp, the lab's
    Rmsprop,
    /// Adam
    Adam,
    /// Stochastic gradient descent
    Sgd,
}

impl From<OptimArg> for Optim {
    fn from(arg: OptimArg) -> Self {
        match arg {
            OptimArg::Rmsprop => Self::Rmsprop(RmspropOptions::default()),
            OptimArg::Adam => Self::Adam(AdamOptions::default()),
            OptimArg::Sgd => Self::Sgd(SgdOptions::default()),
        }
    }
}

/// Who does the arithmetic, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum EngineArg {
    /// Fused on a CPU, torch on a GPU
    Auto,
    /// This project's own arithmetic, for CPUs: the fastest there
    Fused,
    /// libtorch
    Torch,
}

impl From<EngineArg> for EngineKind {
    fn from(arg: EngineArg) -> Self {
        match arg {
            EngineArg::Auto => Self::Auto,
            EngineArg::Fused => Self::Fused,
            EngineArg::Torch => Self::Torch,
        }
    }
}

/// What a GAN's generator minimises, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum GeneratorLossArg {
    /// mean log(1 - D(G(z))), as in the lab
    Saturating,
    /// -mean log D(G(z)), whose gradient does not vanish
    NonSaturating,
}

impl From<GeneratorLossArg> for GeneratorLoss {
    fn from(arg: GeneratorLossArg) -> Self {
        match arg {
            GeneratorLossArg::Saturating => Self::Saturating,
            GeneratorLossArg::NonSaturating => Self::NonSaturating,
        }
    }
}

/// A synthetic data set, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum LawArg {
    /// The letter M of four correlated Gaussians, like the course's points.mat
    Points,
    /// Eight Gaussians on a circle
    Ring8,
    /// 25 Gaussians on a grid
    Grid25,
    /// A spiral
    Swissroll,
    /// Two half circles that interlock
    Moons,
    /// Two circles, one in the other
    Circles,
}

impl From<LawArg> for Law {
    fn from(arg: LawArg) -> Self {
        match arg {
            LawArg::Points => Self::Points,
            LawArg::Ring8 => Self::Ring8,
            LawArg::Grid25 => Self::Grid25,
            LawArg::Swissroll => Self::SwissRoll,
            LawArg::Moons => Self::Moons,
            LawArg::Circles => Self::Circles,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "torch")]
    #[test]
    fn lists_of_numbers_are_read() {
        let read = |text: &str| text.parse::<Indices>().map(|indices| indices.0);
        assert_eq!(read("0,3,7"), Ok(vec![0, 3, 7]));
        assert_eq!(read("4-6, 1,5"), Ok(vec![4, 5, 6, 1]));
        for wrong in ["", "a", "3-1", "-1", "1-2-3", "99999999"] {
            assert!(read(wrong).unwrap_err().contains("0-4"), "{wrong}");
        }
    }

    /// The name of each choice on the command line.
    fn names<T: ValueEnum>() -> Vec<String> {
        T::value_variants().iter().map(|v| v.to_possible_value().unwrap().get_name().to_owned()).collect()
    }

    #[test]
    fn the_command_lines_names_are_the_configs() {
        let models: Vec<_> = ModelArg::value_variants().iter().map(|&arg| Model::from(arg).name()).collect();
        assert_eq!(names::<ModelArg>(), models);
        assert_eq!(models.len(), Model::ALL.len());
        let optims: Vec<_> = OptimArg::value_variants().iter().map(|&arg| Optim::from(arg).name()).collect();
        assert_eq!(names::<OptimArg>(), optims);
        assert_eq!(optims.len(), Optim::ALL_DEFAULTS.len());
        let engines: Vec<_> = EngineArg::value_variants().iter().map(|&arg| EngineKind::from(arg).name()).collect();
        assert_eq!(names::<EngineArg>(), engines);
        let laws: Vec<_> = LawArg::value_variants().iter().map(|&arg| Law::from(arg).name()).collect();
        assert_eq!(names::<LawArg>(), laws);
        assert_eq!(laws.len(), Law::ALL.len());
    }
}
