//! The optimisers, with PyTorch's exact updates where it has them, and with states that can be saved. One file each
//! with its options, its formula, its update of plain numbers and the same on tensors; the list of `optimisers!` has them.
//! [`average`] and [`lookahead`] go round any of them.
//!
//! A network's parameters are one flat array for files, and so is each of an optimiser's buffers: a saved state is a
//! handful of arrays in the order of [`crate::nets::mlp::Mlp::parameters`]. An update treats every number for itself,
//! so that it may be applied to any part of them.

mod adam;
mod adamw;
pub mod adjoint;
pub mod average;
pub mod clip;
mod extra_adam;
pub mod lookahead;
mod optimistic_adam;
mod options;
mod rmsprop;
mod sgd;
#[cfg(feature = "torch")]
pub mod torch;

#[cfg(test)]
mod bilinear;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::real::Real;

pub use adam::AdamOptions;
pub use adamw::AdamwOptions;
pub use options::WrongOption;
pub use rmsprop::RmspropOptions;
pub use sgd::SgdOptions;

/// More buffers than any optimiser has.
pub const BUFFERS: usize = 4;

/// What an optimiser is called, and how many steps it takes.
#[derive(Clone, Copy, Debug)]
struct About {
    /// In configs, options and file names.
    name: &'static str,
    /// In papers.
    title: &'static str,
    /// In a help text.
    help: &'static str,
    /// Steps where others take one, each along a gradient of its own.
    steps: usize,
}

/// Makes of the list of optimisers the types that hold any of them, and the choices between them: an inner loop is
/// compiled for one of them, so that they are an enum, and an enum needs the list in each of its matches.
macro_rules! optimisers {
    ($($(#[$doc:meta])* $name:ident($file:ident, $options:ty),)+) => {
        /// An optimiser and its options. The learning rate stands beside them in a config, so that changing the
        /// optimiser keeps it.
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "name", rename_all = "kebab-case")]
        pub enum Optim {
            $($(#[$doc])* $name($options),)+
        }

        /// One step of an optimiser, its constants at hand.
        #[derive(Clone, Copy, Debug)]
        pub enum Update<T> {
            $($(#[$doc])* $name($file::Step<T>),)+
        }

        impl Optim {
            /// Every optimiser with its default options.
            pub const ALL_DEFAULTS: [Self; [$($file::ABOUT.name),+].len()] = [$(Self::$name(<$options>::DEFAULT)),+];

            /// The options of each.
            const OPTIONS: [&[&str]; Self::ALL_DEFAULTS.len()] = [$($file::OPTIONS),+];

            const fn about(&self) -> About {
                match self {
                    $(Self::$name(_) => $file::ABOUT,)+
                }
            }

            /// The buffers that it keeps, by PyTorch's names, each at its place in what [`Update::apply`] takes.
            pub fn buffer_names(&self) -> [Option<&'static str>; BUFFERS] {
                match self {
                    $(Self::$name(options) => $file::buffer_names(options),)+
                }
            }

            /// Whether its options make sense.
            pub fn check(&self) -> Result<(), WrongOption> {
                match self {
                    $(Self::$name(options) => $file::check(options),)+
                }
            }

            /// [`Update::apply`] on tensors, for the step after `taken` others.
            #[cfg(feature = "torch")]
            fn step_tensors(
                &self,
                [lr, taken]: [f64; 2],
                parameters: &mut tch::Tensor,
                gradient: &tch::Tensor,
                buffers: &mut [Option<tch::Tensor>; BUFFERS],
            ) -> Result<(), tch::TchError> {
                match self {
                    $(Self::$name(options) => {
                        $file::step_tensors(options, [lr, taken], parameters, gradient, buffers)
                    })+
                }
            }
        }

        impl<T: Real> Update<T> {
            /// The step after `taken` others.
            pub fn new(optim: &Optim, lr: f64, taken: u64) -> Self {
                match optim {
                    $(Optim::$name(options) => Self::$name($file::Step::new(options, lr, taken)),)+
                }
            }

            /// Changes `parameters` by this step along `gradient`, which has the same size, and so have those of
            /// `buffers` that [`Optim::buffer_names`] names; the others are empty.
            #[inline(always)]
            pub fn apply(&self, parameters: &mut [T], gradient: &[T], buffers: [&mut [T]; BUFFERS]) {
                match self {
                    $(Self::$name(step) => step.apply(parameters, gradient, buffers),)+
                }
            }
        }
    };
}

optimisers! {
    /// Stochastic gradient descent.
    Sgd(sgd, SgdOptions),
    /// `RMSProp`.
    Rmsprop(rmsprop, RmspropOptions),
    /// Adam.
    Adam(adam, AdamOptions),
    /// Adam with a weight decay apart from the gradient.
    Adamw(adamw, AdamwOptions),
    /// Adam that steps along where the gradient is going.
    OptimisticAdam(optimistic_adam, AdamOptions),
    /// Adam that steps along the gradient of where a step would lead.
    ExtraAdam(extra_adam, AdamOptions),
}

impl Default for Optim {
    fn default() -> Self {
        Self::Rmsprop(RmspropOptions::DEFAULT)
    }
}

impl Optim {
    /// The name used in configs, flags and file names.
    pub const fn name(&self) -> &'static str {
        self.about().name
    }

    /// The name as papers write it.
    pub const fn title(&self) -> &'static str {
        self.about().title
    }

    /// What it is, in one line.
    pub const fn help(&self) -> &'static str {
        self.about().help
    }

    /// How many steps it takes where others take one: an extragradient takes one to look ahead and one to move, each along
    /// a gradient of its own.
    pub const fn steps_in_one(&self) -> usize {
        self.about().steps
    }

    /// How many optimisers have an option of this name.
    pub const fn count_with(option: &str) -> usize {
        let (mut i, mut count) = (0, 0);
        while i < Self::OPTIONS.len() {
            count += options::is_among(option, Self::OPTIONS[i]) as usize;
            i += 1;
        }
        count
    }

    /// The names of the optimisers that have an option of this name, of which there are `N`.
    pub const fn names_with<const N: usize>(option: &str) -> [&'static str; N] {
        let (mut names, mut i, mut found) = ([""; N], 0, 0);
        while i < Self::OPTIONS.len() {
            if options::is_among(option, Self::OPTIONS[i]) {
                names[found] = Self::ALL_DEFAULTS[i].name();
                found += 1;
            }
            i += 1;
        }
        names
    }
}
