//! The optimisers on flat tensors of any device: a step is a few passes over them.

use tch::{TchError, Tensor};

use super::{BUFFERS, Optim};

/// An optimiser of one flat tensor of parameters.
#[derive(Debug)]
pub struct Optimizer {
    optim: Optim,
    lr: f64,
    steps: u64,
    buffers: [Option<Tensor>; BUFFERS],
}

impl Optimizer {
    /// A fresh optimiser for parameters of the size, type and device of `like`.
    pub fn new(optim: Optim, lr: f64, like: &Tensor) -> Result<Self, TchError> {
        let mut buffers = [const { None }; BUFFERS];
        for (buffer, name) in buffers.iter_mut().zip(optim.buffer_names()) {
            *buffer = name.map(|_| like.f_zeros_like()).transpose()?;
        }
        Ok(Self { optim, lr, steps: 0, buffers })
    }

    /// Changes `parameters` by one step along `gradient`, both flat and of the same size.
    pub fn step(&mut self, parameters: &mut Tensor, gradient: &Tensor) -> Result<(), TchError> {
        self.optim.step_tensors([self.lr, self.steps as f64], parameters, gradient, &mut self.buffers)?;
        self.steps += 1;
        Ok(())
    }

    /// Sets the learning rate.
    pub fn set_rate(&mut self, lr: f64) {
        self.lr = lr;
    }

    /// The learning rate.
    pub fn rate(&self) -> f64 {
        self.lr
    }

    /// How many steps were taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Sets the number of steps taken, when a saved state is loaded.
    pub fn set_steps(&mut self, steps: u64) {
        self.steps = steps;
    }

    /// The buffers, with PyTorch's names for them.
    pub fn buffers(&mut self) -> Vec<(&'static str, &mut Tensor)> {
        let named = self.optim.buffer_names().into_iter().zip(&mut self.buffers);
        named.filter_map(|(name, buffer)| Some((name?, buffer.as_mut()?))).collect()
    }
}

/// The gradient with the L2 penalty's part: g + weight_decay p.
pub(super) fn decayed(gradient: &Tensor, parameters: &Tensor, weight_decay: f64) -> Result<Tensor, TchError> {
    if weight_decay == 0.0 {
        return Ok(gradient.shallow_clone());
    }
    parameters.f_mul_scalar(weight_decay)?.f_add(gradient)
}

/// A buffer that the optimiser always has.
pub(super) fn there(buffer: &mut Option<Tensor>) -> Result<&mut Tensor, TchError> {
    buffer.as_mut().ok_or_else(|| TchError::Shape("an optimiser has no buffer".into()))
}
