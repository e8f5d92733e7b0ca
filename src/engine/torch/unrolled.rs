//! The generator's gradient through steps of the discriminator: what `engine/plain/unrolled.rs` describes, with autograd for
//! the two second derivatives. The optimiser's steps, which are a few numbers for each parameter, are those of plain numbers,
//! in double precision.

use tch::{TchError, Tensor};

use super::TorchEngine;
use crate::objective::torch::{self as objective, numbers};
use crate::optim::BUFFERS;
use crate::optim::adjoint::{Taken, adjoint, step};

impl TorchEngine {
    /// The generator's loss after `steps` steps of the discriminator on these real and generated points, and its gradient
    /// by the generated ones, through all of them. The discriminator is as it was.
    pub(super) fn unrolled(&mut self, real: &Tensor, fake: &Tensor, steps: usize) -> Result<(f64, Tensor), TchError> {
        self.set_rates();
        let at = {
            let (lr, taken) = (self.discriminator_optim.rate(), self.discriminator_optim.steps());
            move |k: usize| [lr, (taken + k as u64) as f64]
        };
        let optim = self.config.optims()[1];
        let own = self.discriminator.copy()?;
        let points = fake.f_detach()?.f_set_requires_grad(true)?;
        let mut now = self.taken()?;
        let mut path = Vec::new();
        for k in 0..steps {
            let scores = [self.score_packs(real)?, self.score_packs(&points)?];
            let loss = objective::critic(&self.game, &scores[0], &scores[1])?;
            now.gradient = numbers(&self.discriminator.gradient(&loss.surrogate, false)?)?;
            let to = step(&optim, at(k), &now);
            path.push(std::mem::replace(&mut now, to));
            self.put(&now.parameters)?;
        }
        let scores = [self.score_packs(real)?, self.score_packs(&points)?];
        let loss = objective::unrolled_generator(&self.game, &scores[0], &scores[1])?;
        let (by_parameters, mut by_points) = self.discriminator.gradients(&loss.surrogate, &points)?;
        let buffers = now.buffers.each_ref().map(|buffer| vec![0.0; buffer.len()]);
        let mut by = Taken { parameters: numbers(&by_parameters)?, gradient: Vec::new(), buffers };
        for (k, from) in path.iter().enumerate().rev() {
            by = adjoint(&optim, at(k), from, &by);
            self.put(&from.parameters)?;
            let scores = [self.score_packs(real)?, self.score_packs(&points)?];
            let loss = objective::critic_twice(&self.game, &scores[0], &scores[1])?;
            let gradient = self.discriminator.gradient(&loss, true)?;
            let direction = Tensor::from_slice(&by.gradient).f_to_device(self.device)?.f_to_kind(self.kind)?;
            // The loss with a weight of 0 has every parameter in the graph, also one whose gradient moves by nothing.
            let along = gradient.f_dot(&direction)?.f_add(&loss.f_mul_scalar(0.0)?)?;
            let (turned, moved) = self.discriminator.gradients(&along, &points)?;
            by.parameters.iter_mut().zip(numbers(&turned)?).for_each(|(to, by)| *to += by);
            by_points = by_points.f_add(&moved)?;
        }
        self.discriminator.restore(own)?;
        Ok((loss.value, by_points))
    }

    /// What the discriminator's optimiser takes, but for the gradient.
    fn taken(&mut self) -> Result<Taken, TchError> {
        let mut buffers = [const { Vec::new() }; BUFFERS];
        for (place, name) in self.config.optims()[1].buffer_names().into_iter().enumerate() {
            if let Some((_, buffer)) =
                self.discriminator_optim.buffers().into_iter().find(|(kept, _)| Some(*kept) == name)
            {
                buffers[place] = numbers(buffer)?;
            }
        }
        Ok(Taken { parameters: numbers(self.discriminator.parameters())?, gradient: Vec::new(), buffers })
    }

    /// Puts parameters in the place of the discriminator's.
    fn put(&mut self, parameters: &[f64]) -> Result<(), TchError> {
        self.discriminator.parameters_mut().f_copy_(&Tensor::from_slice(parameters))
    }
}
