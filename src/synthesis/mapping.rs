//! From latent codes z to rows of intermediate codes w, and the truncation (Karras et al. 2019, section 2 and
//! appendix B).
//!
//! x = z / sqrt(mean(z^2) + 1e-8), then layers x = lrelu(W x + b); w = mean + psi (w - mean) in the first rows. A
//! class's embedding stands beside the code.

use std::sync::OnceLock;

use super::SynthesisError;
use super::affine::Affine;
use crate::checkpoint::Mapping;
use crate::nets::NEGATIVE_SLOPE;
use crate::rng::{Stream, Use};
use crate::threads;

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
    layers: Vec<Affine>,
    latent_dim: usize,
    w_dim: usize,
    embedding: Option<Embedding>,
    stored_mean: Option<Vec<f32>>,
    /// For each class, or the one of a model without.
    means: Vec<OnceLock<Vec<f32>>>,
}

#[derive(Debug)]
struct Embedding {
    affine: Affine,
    classes: usize,
    each_normalised: bool,
}

/// x / sqrt(mean of squares + 1e-8), of one code (Karras et al. 2018, section 4.2).
pub fn pixel_norm(x: &[f32]) -> Vec<f32> {
    let squares: f64 = x.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    let factor = (1.0 / (squares / x.len() as f64 + 1e-8).sqrt()) as f32;
    x.iter().map(|x| x * factor).collect()
}

impl Mapper {
    pub(super) fn new(mapping: &Mapping) -> Self {
        let embedding = mapping.classes.as_ref().map(|classes| Embedding {
            affine: Affine::new(&classes.embedding),
            classes: classes.embedding.inputs,
            each_normalised: classes.each_normalised,
        });
        let classes = embedding.as_ref().map_or(0, |embedding| embedding.classes);
        Self {
            layers: mapping.layers.iter().map(Affine::new).collect(),
            latent_dim: mapping.latent_dim,
            w_dim: mapping.w_dim(),
            embedding,
            stored_mean: mapping.mean.clone(),
            means: (0..classes.max(1)).map(|_| OnceLock::new()).collect(),
        }
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

    /// Codes w `[n, w_dim]` of codes z `[n, latent]`.
    pub(super) fn codes(&self, z: &[f32], class: Option<usize>) -> Result<Vec<f32>, SynthesisError> {
        super::check_class(class, self.classes())?;
        let label = self.label(class);
        let codes: Vec<&[f32]> = z.chunks_exact(self.latent_dim).collect();
        Ok(threads::map(threads::available(), &codes, |z| self.code(z, label.as_deref())).concat())
    }

    /// The class's embedding.
    fn label(&self, class: Option<usize>) -> Option<Vec<f32>> {
        let (embedding, class) = self.embedding.as_ref().zip(class)?;
        let one_hot: Vec<f32> = (0..embedding.classes).map(|i| f32::from(u8::from(i == class))).collect();
        Some(embedding.affine.of(&one_hot))
    }

    fn code(&self, z: &[f32], label: Option<&[f32]>) -> Vec<f32> {
        let mut x = match label {
            Some(label) if self.embedding.as_ref().is_some_and(|embedding| embedding.each_normalised) => {
                [pixel_norm(z), pixel_norm(label)].concat()
            }
            Some(label) => pixel_norm(&[z, label].concat()),
            None => pixel_norm(z),
        };
        for layer in &self.layers {
            x = layer.of(&x);
            for x in &mut x {
                *x = if *x > 0.0 { *x } else { *x * NEGATIVE_SLOPE as f32 };
            }
        }
        x
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
        let w = self.codes(&z, class)?;
        let mut sums = vec![0.0_f64; self.w_dim];
        for w in w.chunks_exact(self.w_dim) {
            for (sum, x) in sums.iter_mut().zip(w) {
                *sum += f64::from(*x);
            }
        }
        let mean = sums.into_iter().map(|sum| (sum / MEAN_CODES as f64) as f32).collect();
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
