//! The optimisers, with PyTorch's exact updates, and with states that can be saved: one file each with the formula and
//! the update of plain numbers; [`torch`] has the same updates on tensors.
//!
//! A network's parameters are one flat array for files, and so is each of an optimiser's buffers: a saved state is a
//! handful of arrays in the order of [`crate::nets::mlp::Mlp::parameters`]. An update treats every number for itself,
//! so that it may be applied to any part of them.

mod adam;
pub mod average;
mod rmsprop;
mod sgd;
#[cfg(feature = "torch")]
pub mod torch;

use crate::config::Optim;
use crate::real::Real;

/// More buffers than any optimiser has.
pub const BUFFERS: usize = 3;

/// The buffers that an optimiser keeps, by PyTorch's names, each at its place in what [`Update::apply`] takes.
pub fn buffer_names(config: &Optim) -> [Option<&'static str>; BUFFERS] {
    match config {
        Optim::Sgd(options) => sgd::buffer_names(options),
        Optim::Rmsprop(options) => rmsprop::buffer_names(options),
        Optim::Adam(options) => adam::buffer_names(options),
    }
}

/// One step of an optimiser, its constants at hand.
#[derive(Clone, Copy, Debug)]
pub enum Update<T> {
    /// See [`crate::config::SgdOptions`].
    Sgd(sgd::Step<T>),
    /// See [`crate::config::RmspropOptions`].
    Rmsprop(rmsprop::Step<T>),
    /// See [`crate::config::AdamOptions`].
    Adam(adam::Step<T>),
}

impl<T: Real> Update<T> {
    /// The step after `taken` others.
    pub fn new(config: &Optim, lr: f64, taken: u64) -> Self {
        match config {
            Optim::Sgd(options) => Self::Sgd(sgd::Step::new(options, lr, taken)),
            Optim::Rmsprop(options) => Self::Rmsprop(rmsprop::Step::new(options, lr)),
            Optim::Adam(options) => Self::Adam(adam::Step::new(options, lr, taken)),
        }
    }

    /// Changes `parameters` by this step along `gradient`, which has the same size, and so have those of `buffers`
    /// that [`buffer_names`] names; the others are empty.
    #[inline(always)]
    pub fn apply(&self, parameters: &mut [T], gradient: &[T], buffers: [&mut [T]; BUFFERS]) {
        match self {
            Self::Sgd(step) => step.apply(parameters, gradient, buffers),
            Self::Rmsprop(step) => step.apply(parameters, gradient, buffers),
            Self::Adam(step) => step.apply(parameters, gradient, buffers),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AdamOptions, RmspropOptions, SgdOptions};

    /// Every optimiser, plain and with every option on.
    pub(super) fn all() -> Vec<Optim> {
        let mut all = Optim::ALL_DEFAULTS.to_vec();
        all.push(Optim::Sgd(SgdOptions { momentum: 0.9, dampening: 0.0, weight_decay: 0.01, nesterov: true }));
        all.push(Optim::Sgd(SgdOptions { momentum: 0.9, dampening: 0.3, weight_decay: 0.0, nesterov: false }));
        all.push(Optim::Rmsprop(RmspropOptions {
            momentum: 0.9,
            weight_decay: 0.01,
            centered: true,
            ..RmspropOptions::default()
        }));
        all.push(Optim::Adam(AdamOptions { weight_decay: 0.01, amsgrad: true, ..AdamOptions::default() }));
        all
    }

    /// `n` numbers and their buffers.
    struct Numbers {
        values: Vec<f64>,
        buffers: [Vec<f64>; BUFFERS],
    }

    impl Numbers {
        fn new(config: &Optim, values: Vec<f64>) -> Self {
            let buffers = buffer_names(config).map(|name| vec![0.0; if name.is_some() { values.len() } else { 0 }]);
            Self { values, buffers }
        }

        /// A step along the gradient of |p - 3|^2 / 2.
        fn step(&mut self, config: &Optim, lr: f64, taken: u64) {
            let gradient: Vec<f64> = self.values.iter().map(|p| p - 3.0).collect();
            let buffers = self.buffers.each_mut().map(|buffer| &mut buffer[..]);
            Update::new(config, lr, taken).apply(&mut self.values, &gradient, buffers);
        }
    }

    #[test]
    fn every_optimiser_finds_a_minimum() {
        for config in all() {
            let mut numbers = Numbers::new(&config, vec![0.0, 5.0]);
            for taken in 0..3000 {
                numbers.step(&config, 0.01, taken);
            }
            let worst = numbers.values.iter().fold(0.0_f64, |m, p| m.max((p - 3.0).abs()));
            assert!(worst < 0.1, "{config:?} ends {worst} away");
        }
    }

    #[test]
    fn a_part_is_updated_as_it_is_within_the_whole() {
        for config in all() {
            let start: Vec<f64> = (0..37).map(|i| f64::from(i) * 0.3).collect();
            let mut whole = Numbers::new(&config, start.clone());
            let mut parts: Vec<Numbers> = start.chunks(5).map(|part| Numbers::new(&config, part.to_vec())).collect();
            for taken in 0..4 {
                whole.step(&config, 0.01, taken);
                for part in &mut parts {
                    part.step(&config, 0.01, taken);
                }
            }
            let together: Vec<f64> = parts.into_iter().flat_map(|part| part.values).collect();
            assert_eq!(whole.values, together, "{config:?}");
        }
    }

    #[cfg(feature = "torch")]
    #[test]
    fn plain_numbers_and_tensors_step_alike() {
        for config in all() {
            let mut plain = Numbers::new(&config, vec![0.0, 5.0, -2.0]);
            let mut tensor = tch::Tensor::from_slice(&plain.values);
            let mut optim = torch::create(&config, 0.01, &tensor).unwrap();
            for taken in 0..20 {
                plain.step(&config, 0.01, taken);
                let gradient = &tensor - 3.0;
                optim.step(&mut tensor, &gradient).unwrap();
            }
            let theirs = Vec::<f64>::try_from(&tensor).unwrap();
            let apart = plain.values.iter().zip(&theirs).fold(0.0_f64, |m, (a, b)| m.max((a - b).abs()));
            assert!(apart < 1e-14, "{config:?}: {apart}");
            let kept: Vec<&str> = optim.buffers().iter().map(|(name, _)| *name).collect();
            assert_eq!(buffer_names(&config).into_iter().flatten().collect::<Vec<_>>(), kept);
        }
    }
}
