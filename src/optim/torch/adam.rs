//! [`super::super::adam`] on tensors.

use tch::{TchError, Tensor};

use super::{Optimizer, decayed};
use crate::config::AdamOptions;

#[derive(Debug)]
pub(super) struct Adam {
    options: AdamOptions,
    lr: f64,
    steps: u64,
    exp_avg: Tensor,
    exp_avg_sq: Tensor,
    max_exp_avg_sq: Option<Tensor>,
}

impl Adam {
    pub(super) fn new(options: AdamOptions, lr: f64, like: &Tensor) -> Result<Self, TchError> {
        Ok(Self {
            options,
            lr,
            steps: 0,
            exp_avg: like.f_zeros_like()?,
            exp_avg_sq: like.f_zeros_like()?,
            max_exp_avg_sq: options.amsgrad.then(|| like.f_zeros_like()).transpose()?,
        })
    }

    /// Takes the gradient in and gives the root of v'.
    fn root(&mut self, gradient: &Tensor) -> Result<Tensor, TchError> {
        let [beta1, beta2] = self.options.betas;
        let _ = self.exp_avg.f_lerp_(gradient, 1.0 - beta1)?;
        let _ = self.exp_avg_sq.f_mul_scalar_(beta2)?;
        let _ = self.exp_avg_sq.f_addcmul_(&gradient.f_mul_scalar(1.0 - beta2)?, gradient)?;
        match &mut self.max_exp_avg_sq {
            Some(largest) => {
                let larger = largest.f_maximum(&self.exp_avg_sq)?;
                largest.f_copy_(&larger)?;
                larger.f_sqrt()
            }
            None => self.exp_avg_sq.f_sqrt(),
        }
    }
}

impl Optimizer for Adam {
    fn step(&mut self, parameters: &mut Tensor, gradient: &Tensor) -> Result<(), TchError> {
        let gradient = decayed(gradient, parameters, self.options.weight_decay)?;
        let mut divisor = self.root(&gradient)?;
        self.steps += 1;
        let correction = |beta: f64| 1.0 - beta.powf(self.steps as f64);
        let [beta1, beta2] = self.options.betas;
        let _ = divisor.f_div_scalar_(correction(beta2).sqrt())?;
        let _ = divisor.f_add_scalar_(self.options.eps)?;
        let step_size = self.lr / correction(beta1);
        let _ = parameters.f_addcdiv_(&self.exp_avg.f_mul_scalar(-step_size)?, &divisor)?;
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
        let mut buffers = vec![("exp_avg", &mut self.exp_avg), ("exp_avg_sq", &mut self.exp_avg_sq)];
        buffers.extend(self.max_exp_avg_sq.iter_mut().map(|buffer| ("max_exp_avg_sq", buffer)));
        buffers
    }
}
