//! An MLP as libtorch tensors.

use tch::{Device, Kind, TchError, Tensor};

use super::{copy_in, to_host};
use crate::engine::EngineError;
use crate::nets::mlp::{Layer, Mlp, NEGATIVE_SLOPE, Slot, Weights};
use crate::optim::Optimizer;

/// A network whose parameters are views of one flat tensor: autograd sees the views, optimisers the whole.
#[derive(Debug)]
pub(super) struct Network {
    mlp: Mlp,
    flat: Tensor,
    parameters: Vec<Tensor>,
    flat_statistics: Tensor,
    statistics: Vec<Tensor>,
    batches: u64,
}

impl Network {
    pub(super) fn new(mlp: Mlp, kind: Kind, device: Device) -> Result<Self, TchError> {
        let (flat, parameters) = flat_with_views(&mlp.parameters(), kind, device)?;
        let parameters = parameters.into_iter().map(|view| view.f_set_requires_grad(true));
        let parameters = parameters.collect::<Result<_, _>>()?;
        let (flat_statistics, statistics) = flat_with_views(&mlp.statistics(), kind, device)?;
        Ok(Self { mlp, flat, parameters, flat_statistics, statistics, batches: 0 })
    }

    /// All parameters, one after another.
    pub(super) fn parameters(&self) -> &Tensor {
        &self.flat
    }

    pub(super) fn parameters_mut(&mut self) -> &mut Tensor {
        &mut self.flat
    }

    pub(super) fn load(&mut self, whose: &str, weights: &Weights) -> Result<(), EngineError> {
        copy_in(&format!("{whose}'s weights"), &mut self.flat, &weights.parameters)?;
        copy_in(&format!("{whose}'s batch statistics"), &mut self.flat_statistics, &weights.statistics)?;
        self.batches = weights.batches;
        Ok(())
    }

    pub(super) fn weights(&self) -> Result<Weights, TchError> {
        Ok(Weights {
            parameters: to_host(&self.flat)?,
            statistics: to_host(&self.flat_statistics)?,
            batches: self.batches,
        })
    }

    /// The network's output for rows of `input`, as in training: BatchNorm uses the batch's own statistics and
    /// moves the running ones.
    pub(super) fn train(&mut self, input: &Tensor) -> Result<Tensor, TchError> {
        self.batches += u64::from(!self.statistics.is_empty());
        self.forward(input, true)
    }

    /// The network's output for rows of `input`, each row for itself: BatchNorm uses the running statistics.
    pub(super) fn evaluate(&self, input: &Tensor) -> Result<Tensor, TchError> {
        self.forward(input, false)
    }

    fn forward(&self, input: &Tensor, training: bool) -> Result<Tensor, TchError> {
        let mut x = input.shallow_clone();
        let (mut parameters, mut statistics) = (self.parameters.iter(), self.statistics.iter());
        let mut next = || parameters.next().ok_or_else(|| TchError::Shape("a layer has no parameters".into()));
        for layer in self.mlp.layers() {
            x = match *layer {
                Layer::Linear { .. } => x.f_linear(next()?, Some(next()?))?,
                Layer::BatchNorm { eps, momentum, .. } => {
                    let (mean, variance) = (statistics.next(), statistics.next());
                    x.f_batch_norm(Some(next()?), Some(next()?), mean, variance, training, momentum, eps, false)?
                }
                Layer::LeakyRelu => leaky_relu(&x)?,
            };
        }
        Ok(x)
    }

    /// One optimiser step against the gradient of `loss`.
    pub(super) fn descend(&mut self, loss: &Tensor, optim: &mut dyn Optimizer) -> Result<(), TchError> {
        let gradients = Tensor::f_run_backward(&[loss], &self.parameters, false, false)?;
        let flat = gradients.iter().map(|gradient| gradient.f_reshape([-1])).collect::<Result<Vec<_>, _>>()?;
        optim.step(&mut self.flat, &Tensor::f_cat(&flat, 0)?)
    }
}

/// One zero tensor for all slots, and a view of it for each that autograd takes for a tensor of its own.
fn flat_with_views(slots: &[Slot], kind: Kind, device: Device) -> Result<(Tensor, Vec<Tensor>), TchError> {
    let total: usize = slots.iter().map(Slot::size).sum();
    let flat = Tensor::f_zeros([total as i64], (kind, device))?;
    let mut start = 0;
    let mut views = Vec::with_capacity(slots.len());
    for slot in slots {
        let size = slot.size() as i64;
        let shape: Vec<i64> = slot.shape.iter().map(|&n| n as i64).collect();
        views.push(flat.f_narrow(0, start, size)?.f_view(&shape[..])?.f_detach()?);
        start += size;
    }
    Ok((flat, views))
}

/// `LeakyReLU` with the lab's slope, which tch's own does not take.
///
/// libtorch's backward kernel gives grad where x > 0 and slope grad elsewhere; with x itself for grad that is the
/// forward value, bit for bit. x is detached as the side that is only looked at, which leaves autograd the right
/// first and second derivatives.
fn leaky_relu(x: &Tensor) -> Result<Tensor, TchError> {
    x.f_detach()?.f_leaky_relu_backward(x, NEGATIVE_SLOPE, false)
}
