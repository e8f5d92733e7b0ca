//! The optimisers on flat tensors of any device: a step is a few passes over them.

mod adam;
mod rmsprop;
mod sgd;

use tch::{TchError, Tensor};

use crate::config::Optim;

/// An optimiser of one flat tensor of parameters.
pub trait Optimizer: std::fmt::Debug {
    /// Changes `parameters` by one step along `gradient`, both flat and of the same size.
    fn step(&mut self, parameters: &mut Tensor, gradient: &Tensor) -> Result<(), TchError>;

    /// Sets the learning rate.
    fn set_rate(&mut self, lr: f64);

    /// How many steps were taken.
    fn steps(&self) -> u64;

    /// Sets the number of steps taken, when a saved state is loaded.
    fn set_steps(&mut self, steps: u64);

    /// The buffers, with PyTorch's names for them.
    fn buffers(&mut self) -> Vec<(&'static str, &mut Tensor)>;
}

/// A fresh optimiser for parameters of the size, type and device of `like`.
pub fn create(config: &Optim, lr: f64, like: &Tensor) -> Result<Box<dyn Optimizer>, TchError> {
    Ok(match *config {
        Optim::Sgd(options) => Box::new(sgd::Sgd::new(options, lr, like)?),
        Optim::Rmsprop(options) => Box::new(rmsprop::Rmsprop::new(options, lr, like)?),
        Optim::Adam(options) => Box::new(adam::Adam::new(options, lr, like)?),
    })
}

/// The gradient with the L2 penalty's part: g + weight_decay p.
fn decayed(gradient: &Tensor, parameters: &Tensor, weight_decay: f64) -> Result<Tensor, TchError> {
    if weight_decay == 0.0 {
        return Ok(gradient.shallow_clone());
    }
    parameters.f_mul_scalar(weight_decay)?.f_add(gradient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optim::tests::all;

    /// The gradient of |p - 3|^2 / 2.
    fn gradient(parameters: &Tensor) -> Tensor {
        parameters - 3.0
    }

    #[test]
    fn every_optimiser_finds_a_minimum() {
        for config in all() {
            let mut parameters = Tensor::from_slice(&[0.0, 5.0]);
            let mut optim = create(&config, 0.01, &parameters).unwrap();
            for _ in 0..3000 {
                let gradient = gradient(&parameters);
                optim.step(&mut parameters, &gradient).unwrap();
            }
            let distance = (&parameters - 3.0).abs().max().double_value(&[]);
            assert!(distance < 0.1, "{config:?} ends {distance} away");
            assert_eq!(optim.steps(), 3000);
        }
    }

    #[test]
    fn a_saved_state_goes_on_exactly() {
        for config in all() {
            let mut parameters = Tensor::from_slice(&[0.0, 5.0]);
            let mut first = create(&config, 0.01, &parameters).unwrap();
            for _ in 0..3 {
                let gradient = gradient(&parameters);
                first.step(&mut parameters, &gradient).unwrap();
            }
            let mut again = create(&config, 0.01, &parameters).unwrap();
            again.set_steps(first.steps());
            for ((name, to), (from_name, from)) in again.buffers().into_iter().zip(first.buffers()) {
                assert_eq!(name, from_name);
                to.copy_(from);
            }
            let mut copy = parameters.copy();
            let gradient = gradient(&parameters);
            first.step(&mut parameters, &gradient).unwrap();
            again.step(&mut copy, &gradient).unwrap();
            assert!(parameters.equal(&copy), "{config:?}");
        }
    }
}
