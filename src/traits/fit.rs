//! Training the reader on drawings of the law, by libtorch on one thread.
//!
//! No picture comes twice: each batch is drawn anew. A generator's pictures are not as sharp and clean as drawings, so that most
//! are blurred or have noise, and some are drawn at a smaller side. The loss is the mean square error in standard deviations.

use tch::{Device, Kind, TchError, Tensor};

use super::card::{AtSide, Card, read_drawings};
use super::network::{CONVS, HIDDEN, Network, SIDE, shapes};
use super::picture::{at_side, blurred};
use super::skill::{Law, law, skills};
use crate::checkpoint::{self, CheckpointError, NamedTensor, TensorError};
use crate::config::{AdamOptions, Optim};
use crate::faces::{COUNT, Face, draw, face};
use crate::nets::Slot;
use crate::optim::torch::Optimizer;
use crate::rng::{Stream, Use};
use crate::tensor::{Flat, to_host};
use crate::torch_library::repeatable::gradients;

/// Pictures in a batch.
const BATCH: usize = 64;
/// The sides of pictures that the error is stated for, from the largest to the smallest.
const SIDES: [usize; 3] = [64, 32, 16];
/// The largest learning rate; it rises over a twentieth of the steps, and falls as a cosine.
const RATE: f64 = 3e-3;
/// What the running statistics of batch normalisation forget with each batch.
const FORGET: f64 = 0.02;
const EPSILON: f64 = 1e-5;
/// The least side of a drawing of some pictures, and their share; so with the next.
const SMALLER: [(f64, usize); 2] = [(0.06, 16), (0.25, 32)];

/// How the reader is fitted.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Pictures to train on.
    pub pictures: u64,
    /// Pictures of each side to state the error on, which are none of the others.
    pub held_out: u64,
    /// The seed of the pictures, of what is done to them, and of the initial weights.
    pub seed: u64,
    /// CPU threads that draw.
    pub threads: usize,
}

/// Why a reader cannot be fitted.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// libtorch refused an operation.
    #[error("libtorch failed")]
    Torch(#[from] TchError),
    /// The file cannot be made.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The tensors are not what the reader takes.
    #[error(transparent)]
    Tensor(#[from] TensorError),
    /// The card cannot be written.
    #[error("cannot write the reader's card")]
    Json(#[from] serde_json::Error),
}

/// Fits a reader; the bytes of its file. `told` hears how many pictures were seen, and the loss. The bytes depend on the plan
/// and on libtorch's arithmetic on this CPU, not on the number of threads.
pub fn fit(plan: &Plan, told: &mut dyn FnMut(u64, f64)) -> Result<Vec<u8>, FitError> {
    // With one thread sums have one order.
    tch::set_num_threads(1);
    let law = law();
    let mut training = Training::new(plan.seed)?;
    let steps = (plan.pictures / BATCH as u64).max(1);
    for step in 0..steps {
        let (pictures, targets) = batch(plan, step * BATCH as u64, &law);
        let side = SIDE as i64;
        let x = Tensor::from_slice(&pictures).f_view([BATCH as i64, side, side, 3])?.f_permute([0, 3, 1, 2])?;
        let y = Tensor::from_slice(&targets).f_view([BATCH as i64, COUNT as i64])?;
        let done = step as f64 / steps as f64;
        let rate = RATE * (done / 0.05).min(0.5 * (1.0 + (std::f64::consts::PI * done).cos()));
        let loss = training.step(&x, &y, rate.max(RATE * 1e-3))?;
        if step % 100 == 99 || step + 1 == steps {
            told((step + 1) * BATCH as u64, loss);
        }
    }
    let tensors: Vec<NamedTensor> = training.folded()?.into_iter().map(NamedTensor::halved).collect();
    let card = measured(&tensors, &law, plan)?;
    Ok(checkpoint::encode(std::path::Path::new("reader"), &tensors, Some(serde_json::to_string(&card)?))?)
}

/// The card of a network.
fn measured(tensors: &[NamedTensor], law: &Law, plan: &Plan) -> Result<Card, TensorError> {
    let network = Network::new(tensors)?;
    // Another seed's faces are other faces.
    let held_out = plan.seed.wrapping_add(1);
    let faces: Vec<Face> = (0..plan.held_out).map(|number| face(held_out, number)).collect();
    let at = |side| {
        let said = read_drawings(&network, held_out, plan.held_out, side, plan.threads);
        AtSide { side, traits: skills(&said, &faces, law) }
    };
    let sides = SIDES.map(at).to_vec();
    let Plan { pictures, seed, held_out, .. } = *plan;
    Ok(Card { law: "faces".into(), version: crate::faces::VERSION, pictures, seed, held_out, sides })
}

/// Drawings from number `first` on, and their traits in standard deviations from the mean.
fn batch(plan: &Plan, first: u64, law: &Law) -> (Vec<f32>, Vec<f32>) {
    let size = SIDE * SIDE * 3;
    let mut pictures = vec![0.0; BATCH * size];
    let mut targets = vec![0.0; BATCH * COUNT];
    let each = BATCH.div_ceil(plan.threads.max(1));
    std::thread::scope(|scope| {
        let parts = pictures.chunks_mut(each * size).zip(targets.chunks_mut(each * COUNT));
        for (thread, (pictures, targets)) in parts.enumerate() {
            let from = first + (thread * each) as u64;
            scope.spawn(move || {
                for ((picture, target), number) in
                    pictures.chunks_exact_mut(size).zip(targets.chunks_exact_mut(COUNT)).zip(from..)
                {
                    let face = face(plan.seed, number);
                    target.copy_from_slice(&law.standard(&face).map(|x| x as f32));
                    picture.copy_from_slice(&imperfect(&face, &mut Stream::new(plan.seed, Use::Jitter, number)));
                }
            });
        }
    });
    (pictures, targets)
}

/// A face as a generator might make it.
fn imperfect(face: &Face, rng: &mut Stream) -> Vec<f32> {
    let chance = rng.uniform_f64();
    let side = SMALLER.iter().find(|(share, _)| chance < *share).map_or(SIDE, |&(_, side)| side);
    let mut bytes = vec![0; side * side * 3];
    draw(face, side, &mut bytes);
    let mut picture = at_side(&bytes, side, SIDE);
    if side == SIDE {
        // None in half of the pictures, then once or twice.
        for _ in 0..rng.below(4).saturating_sub(1) {
            picture = blurred(&picture);
        }
    }
    // None in half of the pictures, then up to 6 of 255.
    let noise = (0.1 * (rng.uniform_f64() - 0.5)).max(0.0) as f32;
    if noise > 0.0 {
        let grain = rng.normal(picture.len());
        picture.iter_mut().zip(grain).for_each(|(x, grain)| *x += noise * grain);
    }
    picture
}

/// The network with batch normalisation after each convolution and the hidden layer.
struct Training {
    parameters: Flat,
    /// Running mean and variance of each normalisation.
    running: Vec<[Tensor; 2]>,
    optim: Optimizer,
}

/// Normalisations: one after each convolution, one in the hidden layer.
const NORMS: usize = CONVS.len() + 1;

impl Training {
    fn new(seed: u64) -> Result<Self, TchError> {
        // A bias before a normalisation is the normalisation's shift; its scale stands behind all others.
        let mut slots: Vec<Slot> = shapes().into_iter().map(|(name, shape)| Slot { name, shape }).collect();
        let widths: Vec<usize> = CONVS.iter().map(|&(width, _)| width).chain([HIDDEN]).collect();
        slots.extend(widths.iter().map(|&width| Slot { name: "scale".into(), shape: vec![width] }));
        let mut parameters = Flat::zeros(&slots, true, Kind::Float, Device::Cpu)?;
        let mut rng = Stream::new(seed, Use::Init, 0);
        let mut values = Vec::new();
        for slot in &slots {
            let fan_in: usize = slot.shape[1..].iter().product();
            match slot.name.as_str() {
                "scale" => values.resize(values.len() + slot.size(), 1.0),
                name if name.ends_with("bias") => values.resize(values.len() + slot.size(), 0.0),
                _ => {
                    let scale = (2.0 / fan_in as f32).sqrt();
                    values.extend(rng.normal(slot.size()).into_iter().map(|x| x * scale));
                }
            }
        }
        parameters.copy_from(&values)?;
        let options = (Kind::Float, Device::Cpu);
        let statistics =
            |&width: &usize| Ok([Tensor::f_zeros([width as i64], options)?, Tensor::f_ones([width as i64], options)?]);
        let running = widths.iter().map(statistics).collect::<Result<_, TchError>>()?;
        let optim = Optimizer::new(Optim::Adam(AdamOptions::default()), RATE, &parameters.all)?;
        Ok(Self { parameters, running, optim })
    }

    fn normalised(&self, x: &Tensor, index: usize) -> Result<Tensor, TchError> {
        let views = &self.parameters.views;
        let (scale, shift) = (&views[views.len() - NORMS + index], &views[2 * index + 1]);
        let [mean, variance] = &self.running[index];
        x.f_batch_norm(Some(scale), Some(shift), Some(mean), Some(variance), true, FORGET, EPSILON, false)?.f_relu()
    }

    fn step(&mut self, x: &Tensor, y: &Tensor, rate: f64) -> Result<f64, TchError> {
        let views = &self.parameters.views;
        let mut maps = x.shallow_clone();
        for (i, (_, stride)) in CONVS.into_iter().enumerate() {
            let stride = stride as i64;
            let made = maps.f_conv2d(&views[2 * i], None::<&Tensor>, [stride, stride], [1, 1], [1, 1], 1)?;
            maps = self.normalised(&made, i)?;
        }
        let at = 2 * CONVS.len();
        let flat = maps.f_flatten(1, -1)?.f_linear(&views[at].f_flatten(1, -1)?, None::<&Tensor>)?;
        let hidden = self.normalised(&flat, CONVS.len())?;
        let said = hidden.f_linear(&views[at + 2], Some(&views[at + 3]))?;
        let loss = said.f_sub(y)?.f_square()?.f_mean(Kind::Float)?;
        let inputs: Vec<&Tensor> = views.iter().collect();
        let gradients = gradients(&loss, &inputs, false, false)?;
        let flat = gradients.iter().map(|gradient| gradient.f_reshape([-1])).collect::<Result<Vec<_>, _>>()?;
        self.optim.set_rate(rate);
        self.optim.step(&mut self.parameters.all, &Tensor::f_cat(&flat, 0)?)?;
        loss.f_double_value(&[])
    }

    /// The tensors of the network without normalisations.
    fn folded(&self) -> Result<Vec<NamedTensor>, TchError> {
        let views = &self.parameters.views;
        let mut tensors = Vec::new();
        for (i, (name, shape)) in shapes().into_iter().enumerate() {
            let mut values = to_host(&views[i])?;
            let index = i / 2;
            if index < NORMS {
                let scale = to_host(&views[views.len() - NORMS + index])?;
                let [mean, variance] = [to_host(&self.running[index][0])?, to_host(&self.running[index][1])?];
                let factor = |o: usize| scale[o] / (variance[o] + EPSILON as f32).sqrt();
                let each = values.len() / shape[0];
                if name.ends_with("weight") {
                    values.iter_mut().enumerate().for_each(|(at, x)| *x *= factor(at / each));
                } else {
                    values.iter_mut().enumerate().for_each(|(o, x)| *x -= mean[o] * factor(o));
                }
            }
            tensors.push(NamedTensor::f32(name, shape, values));
        }
        Ok(tensors)
    }
}
