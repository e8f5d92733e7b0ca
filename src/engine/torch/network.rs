//! An MLP as libtorch tensors.

use tch::{Device, Kind, TchError, Tensor};

use super::copy_in;
use crate::config::Activation;
use crate::engine::EngineError;
use crate::nets::mlp::{Layer, Mlp, Weights};
use crate::objective::constraints::spectral_norm;
use crate::optim::clip;
use crate::optim::torch::Optimizer;
use crate::tensor::{Flat, leaky, to_host};
use crate::torch_library::repeatable::gradients;

/// A network whose parameters are views of one flat tensor: autograd sees the views, optimisers the whole.
#[derive(Debug)]
pub(super) struct Network {
    mlp: Mlp,
    parameters: Flat,
    statistics: Flat,
    batches: u64,
}

impl Network {
    pub(super) fn new(mlp: Mlp, kind: Kind, device: Device) -> Result<Self, TchError> {
        let parameters = Flat::zeros(&mlp.parameters(), true, kind, device)?;
        let statistics = Flat::zeros(&mlp.statistics(), false, kind, device)?;
        Ok(Self { mlp, parameters, statistics, batches: 0 })
    }

    /// All parameters, one after another.
    pub(super) fn parameters(&self) -> &Tensor {
        &self.parameters.all
    }

    pub(super) fn parameters_mut(&mut self) -> &mut Tensor {
        &mut self.parameters.all
    }

    pub(super) fn load(&mut self, whose: &str, weights: &Weights) -> Result<(), EngineError> {
        copy_in(&format!("{whose}'s weights"), &mut self.parameters.all, &weights.parameters)?;
        copy_in(&format!("{whose}'s batch statistics"), &mut self.statistics.all, &weights.statistics)?;
        self.batches = weights.batches;
        Ok(())
    }

    /// Its numbers as they are, to be put back.
    pub(super) fn copy(&self) -> Result<(Tensor, Tensor, u64), TchError> {
        Ok((copied(&self.parameters.all)?, copied(&self.statistics.all)?, self.batches))
    }

    /// Puts back what [`Self::copy`] gave.
    pub(super) fn restore(&mut self, (parameters, statistics, batches): (Tensor, Tensor, u64)) -> Result<(), TchError> {
        self.parameters.all.f_copy_(&parameters)?;
        self.statistics.all.f_copy_(&statistics)?;
        self.batches = batches;
        Ok(())
    }

    pub(super) fn weights(&self) -> Result<Weights, TchError> {
        Ok(Weights {
            parameters: to_host(&self.parameters.all)?,
            statistics: to_host(&self.statistics.all)?,
            batches: self.batches,
        })
    }

    /// The network's output for rows of `input`, as in training: BatchNorm uses the batch's own statistics and
    /// moves the running ones.
    pub(super) fn train(&mut self, input: &Tensor) -> Result<Tensor, TchError> {
        self.batches += u64::from(self.mlp.has_norm());
        self.forward(input, true)
    }

    /// The network's output for rows of `input`, each row for itself: BatchNorm uses the running statistics.
    pub(super) fn evaluate(&self, input: &Tensor) -> Result<Tensor, TchError> {
        self.forward(input, false)
    }

    fn forward(&self, input: &Tensor, training: bool) -> Result<Tensor, TchError> {
        let mut x = input.shallow_clone();
        let (mut parameters, mut statistics) = (self.parameters.views.iter(), self.statistics.views.iter());
        let mut next = || next_of(&mut parameters);
        for layer in self.mlp.layers() {
            x = match *layer {
                Layer::Linear { spectral: false, .. } => x.f_linear(next()?, Some(next()?))?,
                Layer::Linear { spectral: true, .. } => {
                    let (weight, bias) = (next()?, next()?);
                    let (u, v) = (next_of(&mut statistics)?, next_of(&mut statistics)?);
                    let sigma = u.f_dot(&weight.f_mv(v)?)?;
                    x.f_linear(&weight.f_div(&sigma)?, Some(bias))?
                }
                Layer::BatchNorm { eps, momentum, .. } => {
                    let (mean, variance) = (statistics.next(), statistics.next());
                    x.f_batch_norm(Some(next()?), Some(next()?), mean, variance, training, momentum, eps, false)?
                }
                Layer::Activation { function, features } => activate(function, features, &x)?,
            };
        }
        Ok(x)
    }

    /// A power iteration of each spectral norm.
    pub(super) fn follow(&mut self) -> Result<(), TchError> {
        let unit = |x: &Tensor| x.f_div(&x.f_norm()?.f_clamp_min(spectral_norm::EPS)?);
        let (mut parameters, mut statistics) = (self.parameters.views.iter(), self.statistics.views.iter_mut());
        for layer in self.mlp.layers() {
            match layer {
                Layer::Linear { spectral: true, .. } => {
                    let (weight, _bias) = (next_of(&mut parameters)?, next_of(&mut parameters)?);
                    let (Some(u), Some(v)) = (statistics.next(), statistics.next()) else { return Err(lacking()) };
                    u.f_copy_(&unit(&weight.f_mv(v)?)?)?;
                    v.f_copy_(&unit(&weight.f_tr()?.f_mv(u)?)?)?;
                }
                Layer::Linear { .. } => _ = parameters.nth(1),
                Layer::BatchNorm { .. } => _ = (parameters.nth(1), statistics.nth(1)),
                Layer::Activation { .. } => {}
            }
        }
        Ok(())
    }

    /// The gradient of `loss` by all parameters, one after another; part of the graph where that is wanted.
    pub(super) fn gradient(&self, loss: &Tensor, graph: bool) -> Result<Tensor, TchError> {
        flat(&gradients(loss, &self.parameters.views, graph, graph)?)
    }

    /// The gradients of `loss` by all parameters, one after another, and by points that are in its graph.
    pub(super) fn gradients(&self, loss: &Tensor, points: &Tensor) -> Result<(Tensor, Tensor), TchError> {
        let by: Vec<&Tensor> = self.parameters.views.iter().chain([points]).collect();
        let mut gradients = gradients(loss, &by, false, false)?;
        let of_points = gradients.pop().ok_or_else(lacking)?;
        Ok((flat(&gradients)?, of_points))
    }

    /// One optimiser step against the gradient of `loss`, whose norm is `most` at most.
    pub(super) fn descend(&mut self, loss: &Tensor, optim: &mut Optimizer, most: Option<f64>) -> Result<(), TchError> {
        let mut gradient = self.gradient(loss, false)?;
        if let Some(most) = most {
            let square = gradient.f_to_kind(Kind::Double)?.f_square()?.f_sum(None::<Kind>)?.f_double_value(&[])?;
            let _ = gradient.f_mul_scalar_(clip::scale(most, square))?;
        }
        optim.step(&mut self.parameters.all, &gradient)
    }
}

fn flat(tensors: &[Tensor]) -> Result<Tensor, TchError> {
    let flat = tensors.iter().map(|tensor| tensor.f_reshape([-1])).collect::<Result<Vec<_>, _>>()?;
    Tensor::f_cat(&flat, 0)
}

fn activate(function: Activation, features: usize, x: &Tensor) -> Result<Tensor, TchError> {
    match function {
        Activation::LeakyRelu { slope } => leaky(x, slope),
        Activation::Relu {} => leaky(x, 0.0),
        Activation::Tanh {} => x.f_tanh(),
        Activation::Maxout { pieces } => Ok(x.f_reshape([-1, features as i64, pieces as i64])?.f_max_dim(2, false)?.0),
    }
}

fn next_of<'a>(tensors: &mut impl Iterator<Item = &'a Tensor>) -> Result<&'a Tensor, TchError> {
    tensors.next().ok_or_else(lacking)
}

fn lacking() -> TchError {
    TchError::Shape("a layer lacks its numbers".into())
}

fn copied(tensor: &Tensor) -> Result<Tensor, TchError> {
    let mut copy = tensor.f_zeros_like()?;
    copy.f_copy_(tensor)?;
    Ok(copy)
}
