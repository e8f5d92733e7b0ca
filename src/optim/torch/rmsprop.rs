//! [`super::super::rmsprop`] on tensors.

use tch::{TchError, Tensor};

use super::{Optimizer, decayed};
use crate::config::RmspropOptions;

#[derive(Debug)]
pub(super) struct Rmsprop {
    options: RmspropOptions,
    lr: f64,
    steps: u64,
    square_avg: Tensor,
    grad_avg: Option<Tensor>,
    momentum_buffer: Option<Tensor>,
}

impl Rmsprop {
    pub(super) fn new(options: RmspropOptions, lr: f64, like: &Tensor) -> Result<Self, TchError> {
        let buffer = |wanted: bool| wanted.then(|| like.f_zeros_like()).transpose();
        Ok(Self {
            options,
            lr,
            steps: 0,
            square_avg: like.f_zeros_like()?,
            grad_avg: buffer(options.centered)?,
            momentum_buffer: buffer(options.momentum > 0.0)?,
        })
    }

    /// Takes the gradient in and gives the divisor d.
    fn divisor(&mut self, gradient: &Tensor) -> Result<Tensor, TchError> {
        let rate = 1.0 - self.options.alpha;
        let _ = self.square_avg.f_mul_scalar_(self.options.alpha)?;
        let _ = self.square_avg.f_addcmul_(&gradient.f_mul_scalar(rate)?, gradient)?;
        let mut divisor = match &mut self.grad_avg {
            Some(mean) => {
                let _ = mean.f_lerp_(gradient, rate)?;
                self.square_avg.f_sub(&mean.f_square()?)?.f_sqrt()?
            }
            None => self.square_avg.f_sqrt()?,
        };
        divisor.f_add_scalar_(self.options.eps)
    }
}

impl Optimizer for Rmsprop {
    fn step(&mut self, parameters: &mut Tensor, gradient: &Tensor) -> Result<(), TchError> {
        let gradient = decayed(gradient, parameters, self.options.weight_decay)?;
        let divisor = self.divisor(&gradient)?;
        match &mut self.momentum_buffer {
            Some(buffer) => {
                let _ = buffer.f_mul_scalar_(self.options.momentum)?;
                let _ = buffer.f_addcdiv_(&gradient, &divisor)?;
                let _ = parameters.f_add_(&buffer.f_mul_scalar(-self.lr)?)?;
            }
            None => {
                let _ = parameters.f_addcdiv_(&gradient.f_mul_scalar(-self.lr)?, &divisor)?;
            }
        }
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
        let mut buffers = vec![("square_avg", &mut self.square_avg)];
        buffers.extend(self.grad_avg.iter_mut().map(|buffer| ("grad_avg", buffer)));
        buffers.extend(self.momentum_buffer.iter_mut().map(|buffer| ("momentum_buffer", buffer)));
        buffers
    }
}
