//! Makes generators' pictures out of their effective weights: no gradients, bounded memory, as fast as a CPU allows.
//!
//! From a latent code to an image in two steps. A ProGAN draws the code itself; a StyleGAN maps it to rows of w, one
//! for each layer ([`Generator::rows`]), and draws those. What all pictures have in common whose rows agree up to one
//! is made once ([`Generator::begin`]).

#![cfg_attr(not(feature = "torch"), allow(clippy::unnecessary_wraps, reason = "libtorch's part can fail"))]

mod affine;
mod cpu;
mod growth;
mod image;
mod mapping;
mod noise;
mod progan;
mod stylegan;
mod stylegan2;
#[cfg(feature = "torch")]
mod tensors;

pub use image::Image;
pub use mapping::{MEAN_CODES, Truncation, pixel_norm};
pub use noise::NoiseMode;
#[cfg(test)]
pub(crate) use stylegan2::random as random_stylegan2;

use crate::checkpoint::GeneratorWeights;
use crate::config::Device;
use crate::threads;
#[cfg(not(feature = "torch"))]
use crate::version::WithoutTorch;
use mapping::Mapper;
use progan::ProGan;
use stylegan::StyleGan;
use stylegan2::StyleGan2;

/// What can go wrong in making pictures.
#[derive(Debug, thiserror::Error)]
pub enum SynthesisError {
    /// libtorch refused an operation.
    #[cfg(feature = "torch")]
    #[error("libtorch failed")]
    Torch(#[from] tch::TchError),
    /// The GPU asked for is not there.
    #[cfg(feature = "torch")]
    #[error(transparent)]
    NoCuda(#[from] crate::tensor::NoCuda),
    /// A GPU needs libtorch, which is not there, or does not load.
    #[cfg(feature = "torch")]
    #[error(transparent)]
    TorchLibrary(#[from] crate::torch_library::TorchLibraryError),
    /// A GPU needs libtorch, and this build has none.
    #[cfg(not(feature = "torch"))]
    #[error(transparent)]
    WithoutTorch(#[from] WithoutTorch),
    /// A class that the model does not know.
    #[error("there is no class {asked}; this model has {count}, numbered from 0")]
    Class {
        /// The class asked for.
        asked: usize,
        /// How many there are.
        count: usize,
    },
    /// A class for a model without.
    #[error("class {asked} was asked for, but this model has no classes")]
    NoClasses {
        /// The class asked for.
        asked: usize,
    },
    /// No class for a model that needs one.
    #[error("this model draws a class, 0 to {}, which has to be named", count - 1)]
    ClassNeeded {
        /// How many there are.
        count: usize,
    },
    /// A picture that was begun by another generator.
    #[error("the picture was begun by another generator")]
    OtherGenerator,
}

/// Whether a class can be drawn by a model with so many.
fn check_class(class: Option<usize>, count: usize) -> Result<(), SynthesisError> {
    match class {
        Some(asked) if count == 0 => Err(SynthesisError::NoClasses { asked }),
        Some(asked) if asked >= count => Err(SynthesisError::Class { asked, count }),
        None if count > 0 => Err(SynthesisError::ClassNeeded { count }),
        _ => Ok(()),
    }
}

/// What does the arithmetic of pictures.
#[derive(Clone, Copy, Debug)]
enum Processor {
    /// Our own code, on so many threads.
    Cpu {
        /// 1 or more.
        threads: usize,
    },
    /// libtorch.
    #[cfg(feature = "torch")]
    Torch(tch::Device),
}

impl Processor {
    /// The one of a device; 0 threads mean as many as there are processors.
    fn of(device: Device, threads: usize) -> Result<Self, SynthesisError> {
        match device {
            Device::Cpu => Ok(Self::Cpu { threads: if threads == 0 { threads::available() } else { threads } }),
            #[cfg(feature = "torch")]
            Device::Cuda(_) => {
                crate::torch_library::load()?;
                if threads > 0 {
                    tch::set_num_threads(threads as i32);
                }
                Ok(Self::Torch(crate::tensor::device(device)?))
            }
            #[cfg(not(feature = "torch"))]
            Device::Cuda(_) => Err(WithoutTorch { what: "--device cuda" }.into()),
        }
    }
}

/// A generator on a device.
#[derive(Debug)]
pub struct Generator {
    net: Net,
    /// The images' channels.
    channels: usize,
    /// The images' side.
    side: usize,
}

#[derive(Debug)]
enum Net {
    ProGan(ProGan),
    StyleGan(Mapper, StyleGan),
    StyleGan2(Mapper, StyleGan2),
}

/// What many pictures of a generator have in common.
#[derive(Debug)]
pub struct Begun(Part);

#[derive(Debug)]
enum Part {
    /// A ProGAN's pictures have nothing in common but their class.
    Class(Option<usize>),
    StyleGan(stylegan::Begun),
    StyleGan2(stylegan2::Begun),
}

/// What a person should know of how pictures are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// The file does not hold the mean of w, so that it was taken over codes.
    MeanTaken,
    /// The file does not hold all maps of noise, so that some were drawn.
    NoiseDrawn,
    /// A ProGAN has neither codes w that could be truncated nor noise.
    NothingToTruncate,
}

impl std::fmt::Display for Remark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::MeanTaken => {
                write!(f, "the file holds no mean of w: truncation goes towards the mean of {MEAN_CODES} codes")
            }
            Self::NoiseDrawn => {
                write!(f, "the file holds no maps of noise for some layers: these are drawn from seed 0")
            }
            Self::NothingToTruncate => write!(f, "a ProGAN has no codes w: nothing is truncated"),
        }
    }
}

impl Generator {
    /// Puts the weights on a device, in the forms that the arithmetic takes. On a CPU it works on so many threads, 0 for
    /// as many as there are processors; pictures have the same bytes for any number.
    ///
    /// # Errors
    /// A GPU that is not there, or that this build cannot use.
    pub fn new(weights: &GeneratorWeights, device: Device, threads: usize) -> Result<Self, SynthesisError> {
        let on = Processor::of(device, threads)?;
        let net = match weights {
            GeneratorWeights::ProGan(weights) => Net::ProGan(ProGan::new(weights, on)?),
            GeneratorWeights::StyleGan(weights) => {
                Net::StyleGan(Mapper::new(&weights.mapping), StyleGan::new(weights, on)?)
            }
            GeneratorWeights::StyleGan2(weights) => {
                Net::StyleGan2(Mapper::new(&weights.mapping), StyleGan2::new(weights, on)?)
            }
        };
        Ok(Self { net, channels: weights.image_channels(), side: weights.resolution() })
    }

    /// The images' channels.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// The images' side.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Numbers in a latent code, a class not counted.
    pub fn latent_dim(&self) -> usize {
        match &self.net {
            Net::ProGan(net) => net.latent_dim(),
            Net::StyleGan(mapper, _) | Net::StyleGan2(mapper, _) => mapper.latent_dim(),
        }
    }

    /// How many classes the model knows; 0 for a model without.
    pub fn classes(&self) -> usize {
        match &self.net {
            Net::ProGan(net) => net.classes(),
            Net::StyleGan(mapper, _) | Net::StyleGan2(mapper, _) => mapper.classes(),
        }
    }

    /// How many rows a picture is drawn from: 1, the code itself, for a ProGAN; as many as layers take w for a
    /// StyleGAN.
    pub fn row_count(&self) -> usize {
        match &self.net {
            Net::ProGan(_) => 1,
            Net::StyleGan(_, net) => net.row_count(),
            Net::StyleGan2(_, net) => net.row_count(),
        }
    }

    /// Numbers in a row.
    pub fn row_dim(&self) -> usize {
        match &self.net {
            Net::ProGan(net) => net.latent_dim(),
            Net::StyleGan(mapper, _) | Net::StyleGan2(mapper, _) => mapper.w_dim(),
        }
    }

    /// What should be said of pictures that are made so.
    pub fn remarks(&self, truncation: &Truncation, noise: NoiseMode) -> Vec<Remark> {
        let (mapper, drawn) = match &self.net {
            Net::ProGan(_) if *truncation == Truncation::NONE => return Vec::new(),
            Net::ProGan(_) => return vec![Remark::NothingToTruncate],
            Net::StyleGan(mapper, net) => (mapper, net.draws_noise()),
            Net::StyleGan2(mapper, net) => (mapper, net.draws_noise()),
        };
        let mean = mapper.makes_mean(truncation, self.row_count()).then_some(Remark::MeanTaken);
        let noise = (drawn && noise == NoiseMode::Stored).then_some(Remark::NoiseDrawn);
        mean.into_iter().chain(noise).collect()
    }

    /// Rows `[n, row_count, row_dim]` of codes `[n, latent_dim]`.
    pub fn rows(
        &self,
        codes: &[f32],
        class: Option<usize>,
        truncation: &Truncation,
    ) -> Result<Vec<f32>, SynthesisError> {
        match &self.net {
            Net::ProGan(net) => check_class(class, net.classes()).map(|()| codes.to_vec()),
            Net::StyleGan(mapper, net) => mapper.rows(codes, class, truncation, net.row_count()),
            Net::StyleGan2(mapper, net) => mapper.rows(codes, class, truncation, net.row_count()),
        }
    }

    /// What all pictures have in common whose rows are `rows` `[row_count, row_dim]` before row `first`.
    pub fn begin(
        &self,
        rows: &[f32],
        class: Option<usize>,
        first: usize,
        noise: NoiseMode,
    ) -> Result<Begun, SynthesisError> {
        let first = first.min(self.row_count() - 1);
        Ok(Begun(match &self.net {
            Net::ProGan(_) => Part::Class(class),
            Net::StyleGan(_, net) => Part::StyleGan(net.begin(rows, first, noise)?),
            Net::StyleGan2(_, net) => Part::StyleGan2(net.begin(rows, first, noise)?),
        }))
    }

    /// The image of rows that agree with those it was begun with.
    pub fn image(&self, begun: &Begun, rows: &[f32], noise: NoiseMode) -> Result<Image, SynthesisError> {
        match (&self.net, &begun.0) {
            (Net::ProGan(net), Part::Class(class)) => net.image(rows, *class),
            (Net::StyleGan(_, net), Part::StyleGan(begun)) => net.image(begun, rows, noise),
            (Net::StyleGan2(_, net), Part::StyleGan2(begun)) => net.image(begun, rows, noise),
            _ => Err(SynthesisError::OtherGenerator),
        }
    }

    /// Goes on with a picture up to a smaller side, 4 or more and a power of two, and gives beside it what the picture
    /// is there. Finished from there by [`Self::image`] it has the same bytes. None where a
    /// family has no picture on the way (only StyleGAN2 adds up pictures of all sides), or it is beyond that side.
    pub fn coarse(
        &self,
        begun: &Begun,
        rows: &[f32],
        side: usize,
        noise: NoiseMode,
    ) -> Result<Option<(Begun, Image)>, SynthesisError> {
        let b = (side.max(4) / 4).ilog2() as usize;
        Ok(match (&self.net, &begun.0) {
            (Net::ProGan(_), Part::Class(_)) | (Net::StyleGan(..), Part::StyleGan(_)) => None,
            (Net::StyleGan2(_, net), Part::StyleGan2(begun)) => {
                net.coarse(begun, rows, b, noise)?.map(|(begun, image)| (Begun(Part::StyleGan2(begun)), image))
            }
            _ => return Err(SynthesisError::OtherGenerator),
        })
    }

    /// Images of rows `[n, row_count, row_dim]`.
    pub fn images(&self, rows: &[f32], class: Option<usize>, noise: NoiseMode) -> Result<Vec<Image>, SynthesisError> {
        if let Net::ProGan(net) = &self.net {
            return net.images(rows, class);
        }
        let one = |rows: &[f32]| self.image(&self.begin(rows, class, 0, noise)?, rows, noise);
        rows.chunks_exact(self.row_count() * self.row_dim()).map(one).collect()
    }
}
