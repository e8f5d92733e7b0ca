//! [`super::super::sgd`] on tensors.

use tch::{TchError, Tensor};

use super::{Optimizer, decayed};
use crate::config::SgdOptions;

#[derive(Debug)]
pub(super) struct Sgd {
    options: SgdOptions,
    lr: f64,
    steps: u64,
    momentum_buffer: Option<Tensor>,
}

impl Sgd {
    pub(super) fn new(options: SgdOptions, lr: f64, like: &Tensor) -> Result<Self, TchError> {
        let momentum_buffer = (options.momentum != 0.0).then(|| like.f_zeros_like()).transpose()?;
        Ok(Self { options, lr, steps: 0, momentum_buffer })
    }

    fn direction(&mut self, gradient: Tensor) -> Result<Tensor, TchError> {
        let SgdOptions { momentum, dampening, nesterov, .. } = self.options;
        let Some(buffer) = &mut self.momentum_buffer else { return Ok(gradient) };
        if self.steps == 0 {
            buffer.f_copy_(&gradient)?;
        } else {
            let _ = buffer.f_mul_scalar_(momentum)?;
            let _ = buffer.f_add_(&gradient.f_mul_scalar(1.0 - dampening)?)?;
        }
        if nesterov { gradient.f_add(&buffer.f_mul_scalar(momentum)?) } else { Ok(buffer.shallow_clone()) }
    }
}

impl Optimizer for Sgd {
    fn step(&mut self, parameters: &mut Tensor, gradient: &Tensor) -> Result<(), TchError> {
        let gradient = decayed(gradient, parameters, self.options.weight_decay)?;
        let direction = self.direction(gradient)?;
        let _ = parameters.f_add_(&direction.f_mul_scalar(-self.lr)?)?;
        self.steps += 1;
        Ok(())
    }

    fn set_rate(&mut self, lr: f64) {
        self.lr = lr;
    }

    fn steps(&self) -> u64 {
        self.steps
    }

    fn set_steps(&mut self, steps: u64) {
        self.steps = steps;
    }

    fn buffers(&mut self) -> Vec<(&'static str, &mut Tensor)> {
        self.momentum_buffer.iter_mut().map(|buffer| ("momentum_buffer", buffer)).collect()
    }
}
