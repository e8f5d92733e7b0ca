//! From latent codes z to rows of intermediate codes w, and the truncation (Karras et al. 2019, section 2 and
//! appendix B).
//!
//! x = z / sqrt(mean(z^2) + 1e-8), then layers x = lrelu(W x + b); w = mean + psi (w - mean) in the first rows. A
//! class's embedding stands beside the code.

use std::sync::OnceLock;

use tch::{Kind, TchError, Tensor};

use super::SynthesisError;
use crate::checkpoint::{Dense, Mapping};
use crate::rng::{Stream, Use};
use crate::tensor::{leaky_relu, pixel_norm, to_host};

/// How many codes the mean of w is taken over where a file does not hold it.
pub const MEAN_CODES: usize = 4096;

/// How far codes w are moved towards their mean: w = mean + psi (w - mean).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Truncation {
    /// 1 leaves them as they are, 0 makes all of them the mean.
    pub psi: f64,
    /// How many of the first rows; None for all.
    pub rows: Option<usize>,
}

impl Truncation {
    /// No truncation.
    pub const NONE: Self = Self { psi: 1.0, rows: None };

    /// How many of `rows` rows are moved.
    fn moved(&self, rows: usize) -> usize {
        if (self.psi - 1.0).abs() < f64::EPSILON { 0 } else { self.rows.unwrap_or(rows).min(rows) }
    }
}

/// The mapping network.
#[derive(Debug)]
pub(super) struct Mapper {
    /// Each layer's W^T and bias.
    layers: Vec<(Tensor, Tensor)>,
    latent_dim: usize,
    w_dim: usize,
    embedding: Option<Embedding>,
    stored_mean: Option<Vec<f32>>,
    /// For each class, or the one of a model without.
    means: Vec<OnceLock<Vec<f32>>>,
}

#[derive(Debug)]
struct Embedding {
    weight: Tensor,
    bias: Tensor,
    classes: usize,
    each_normalised: bool,
}

fn on_device(layer: &Dense) -> Result<(Tensor, Tensor), TchError> {
    let weight = Tensor::from_slice(&layer.weight).f_view([layer.outputs as i64, layer.inputs as i64])?;
    Ok((weight.f_transpose(0, 1)?, Tensor::from_slice(&layer.bias)))
}

impl Mapper {
    pub(super) fn new(mapping: &Mapping) -> Result<Self, TchError> {
        let embedding = mapping.classes.as_ref().map(|classes| {
            let (weight, bias) = on_device(&classes.embedding)?;
            let (classes, each_normalised) = (classes.embedding.inputs, classes.each_normalised);
            Ok::<_, TchError>(Embedding { weight, bias, classes, each_normalised })
        });
        let embedding = embedding.transpose()?;
        let classes = embedding.as_ref().map_or(0, |embedding| embedding.classes);
        Ok(Self {
            layers: mapping.layers.iter().map(on_device).collect::<Result<_, _>>()?,
            latent_dim: mapping.latent_dim,
            w_dim: mapping.w_dim(),
            embedding,
            stored_mean: mapping.mean.clone(),
            means: (0..classes.max(1)).map(|_| OnceLock::new()).collect(),
        })
    }

    pub(super) fn latent_dim(&self) -> usize {
        self.latent_dim
    }

    pub(super) fn w_dim(&self) -> usize {
        self.w_dim
    }

    pub(super) fn classes(&self) -> usize {
        self.embedding.as_ref().map_or(0, |embedding| embedding.classes)
    }

    /// Whether a truncation has to take the mean over codes, because the file does not hold it.
    pub(super) fn makes_mean(&self, truncation: &Truncation, rows: usize) -> bool {
        self.stored_mean.is_none() && truncation.moved(rows) > 0
    }

    /// Codes w [n, w_dim] of codes z [n, latent].
    pub(super) fn codes(&self, z: &[f32], class: Option<usize>) -> Result<Vec<f32>, SynthesisError> {
        super::check_class(class, self.classes())?;
        Ok(tch::no_grad(|| self.forward(z, class)).and_then(|w| to_host(&w))?)
    }

    fn forward(&self, z: &[f32], class: Option<usize>) -> Result<Tensor, TchError> {
        let z = Tensor::from_slice(z).f_view([-1, self.latent_dim as i64])?;
        let mut x = match (&self.embedding, class) {
            (Some(embedding), Some(class)) => {
                let label = embedding.weight.f_select(0, class as i64)?.f_add(&embedding.bias)?;
                let label = label.f_unsqueeze(0)?.f_expand([z.size()[0], -1], false)?;
                if embedding.each_normalised {
                    Tensor::f_cat(&[pixel_norm(&z)?, pixel_norm(&label)?], 1)?
                } else {
                    pixel_norm(&Tensor::f_cat(&[z, label], 1)?)?
                }
            }
            _ => pixel_norm(&z)?,
        };
        for (weight, bias) in &self.layers {
            x = leaky_relu(&x.f_matmul(weight)?.f_add(bias)?)?;
        }
        Ok(x)
    }

    /// The mean of w: the file's, or that over codes of a stream of their own.
    pub(super) fn mean(&self, class: Option<usize>) -> Result<&[f32], SynthesisError> {
        super::check_class(class, self.classes())?;
        if let Some(mean) = &self.stored_mean {
            return Ok(mean);
        }
        let place = &self.means[class.unwrap_or(0)];
        if let Some(mean) = place.get() {
            return Ok(mean);
        }
        let z = Stream::new(0, Use::Average, 0).normal(MEAN_CODES * self.latent_dim);
        let mean = tch::no_grad(|| {
            let w = self.forward(&z, class)?.f_to_kind(Kind::Double)?;
            to_host(&w.f_mean_dim([0_i64].as_slice(), false, None::<Kind>)?)
        })?;
        Ok(place.get_or_init(|| mean))
    }

    /// Rows of w [n, rows, w_dim] of codes z [n, latent], truncated.
    pub(super) fn rows(
        &self,
        z: &[f32],
        class: Option<usize>,
        truncation: &Truncation,
        rows: usize,
    ) -> Result<Vec<f32>, SynthesisError> {
        let codes = self.codes(z, class)?;
        let moved = truncation.moved(rows);
        let mean = if moved > 0 { self.mean(class)? } else { &[] };
        let mut all = Vec::with_capacity(codes.len() * rows);
        for w in codes.chunks_exact(self.w_dim) {
            let truncated: Vec<f32> =
                w.iter().zip(mean).map(|(w, mean)| mean + truncation.psi as f32 * (w - mean)).collect();
            for row in 0..rows {
                all.extend_from_slice(if row < moved { &truncated } else { w });
            }
        }
        Ok(all)
    }
}
