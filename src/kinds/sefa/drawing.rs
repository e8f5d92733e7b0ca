//! What renders a job's images: a generator, and the samples' rows.

use super::{Codes, Directions, Samples, SefaError};
use crate::checkpoint::GeneratorWeights;
use crate::config::{SefaConfig, SefaNoise};
use crate::render::{Picture, image_picture};
use crate::synthesis::{Begun, Generator, Image, NoiseMode, Remark, Truncation};

/// A generator with the samples that it draws.
#[derive(Debug)]
pub struct Drawing {
    samples: Samples,
    /// What each of them is called.
    names: Vec<String>,
    generator: Generator,
    class: Option<usize>,
    noise: SefaNoise,
    seed: u64,
    remarks: Vec<Remark>,
    /// What the edited pictures of the sample before have in common.
    begun: Option<(usize, Begun)>,
}

/// An image: its sample, and the direction and the distance that it is edited by.
pub(super) type Wanted = (usize, Option<(usize, f64)>);

impl Drawing {
    /// Takes the codes of a job and, for a StyleGAN, maps and truncates them.
    ///
    /// # Errors
    /// Codes that cannot be had, settings that the network has nothing for, a layer or a class that it does not have, a
    /// failure of libtorch.
    pub fn new(weights: &GeneratorWeights, config: &SefaConfig) -> Result<Self, SefaError> {
        let generator = Generator::new(weights, config.device, config.threads)?;
        let codes = Codes::of_config(config, generator.latent_dim())?;
        let names = codes.labels.clone();
        let samples = samples(&generator, network(weights), config, codes)?;
        let remarks = remarks(&generator, config);
        let measured = measured_samples(config, &generator, &samples)?;
        let samples = samples.followed_by(measured);
        let SefaConfig { class, seed, .. } = *config;
        let noise = config.noise.unwrap_or_default();
        Ok(Self { samples, names, generator, class, noise, seed, remarks, begun: None })
    }

    /// What a person should know of how the pictures are made.
    pub fn remarks(&self) -> &[Remark] {
        &self.remarks
    }

    /// What each sample is called: by its seed, or its row in a file.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The side of the model's own images.
    pub fn side(&self) -> usize {
        self.generator.side()
    }

    /// Numbers in a direction: the code's, or w's.
    pub fn direction_dim(&self) -> usize {
        self.samples.row_dim
    }

    /// The rows of w that are edited, ascending; of a ProGAN the one row that is the code.
    pub fn edited(&self) -> &[usize] {
        &self.samples.edited
    }

    /// Whether the samples are rows of w.
    pub fn in_w(&self) -> bool {
        self.samples.rows > 1
    }

    /// Their images.
    pub(super) fn images(&mut self, wanted: &[Wanted], directions: &Directions) -> Result<Vec<Image>, SefaError> {
        let rows = |&(sample, edit): &Wanted| match edit {
            None => self.samples.sample(sample).to_vec(),
            Some((direction, distance)) => self.samples.stepped(sample, directions, direction, distance),
        };
        if !self.in_w() {
            let values: Vec<f32> = wanted.iter().flat_map(rows).collect();
            return Ok(self.generator.images(&values, self.class, NoiseMode::Stored)?);
        }
        let all: Vec<(usize, Vec<f32>)> = wanted.iter().map(|place| (place.0, rows(place))).collect();
        let mut images = Vec::with_capacity(all.len());
        for (sample, rows) in all {
            let noise = noise_mode(self.noise, self.seed, sample as u64);
            if self.begun.as_ref().is_none_or(|(of, _)| *of != sample) {
                self.begun = None;
                let first = self.samples.first_edited();
                let begun = self.generator.begin(self.samples.sample(sample), self.class, first, noise)?;
                self.begun = Some((sample, begun));
            }
            let Some((_, begun)) = &self.begun else { continue };
            images.push(self.generator.image(begun, &rows, noise)?);
        }
        Ok(images)
    }
}

/// What a network is called.
pub(super) fn network(weights: &GeneratorWeights) -> &'static str {
    match weights {
        GeneratorWeights::ProGan(_) => "ProGAN",
        GeneratorWeights::StyleGan(_) => "StyleGAN",
        GeneratorWeights::StyleGan2(_) => "StyleGAN2",
    }
}

/// The samples of codes as the generator draws them: for a StyleGAN mapped and truncated.
pub(super) fn samples(
    generator: &Generator,
    network: &'static str,
    config: &SefaConfig,
    codes: Codes,
) -> Result<Samples, SefaError> {
    let (row_dim, rows) = (generator.row_dim(), generator.row_count());
    if rows == 1 {
        if let Some(setting) = stylegans(config) {
            return Err(SefaError::OnlyStyleGan { setting });
        }
        // The class is checked here, before anything is written.
        generator.rows(&codes.rows, config.class, &Truncation::NONE)?;
        return Ok(Samples::of_codes(codes));
    }
    let edited = config.edited_rows(rows);
    if let Some(&asked) = edited.iter().find(|&&layer| layer >= rows) {
        return Err(SefaError::Layer { asked, network, last: rows - 1 });
    }
    let values = generator.rows(&codes.rows, config.class, &truncation(config))?;
    Ok(Samples { row_dim, rows, edited, values })
}

/// What a person should know of how the pictures are made.
pub(super) fn remarks(generator: &Generator, config: &SefaConfig) -> Vec<Remark> {
    if generator.row_count() == 1 {
        return Vec::new();
    }
    generator.remarks(&truncation(config), noise_mode(config.noise.unwrap_or_default(), config.seed, 0))
}

fn truncation(config: &SefaConfig) -> Truncation {
    Truncation { psi: config.truncation, rows: Some(config.truncation_layers) }
}

/// The rows of the samples that are measured, of codes of the same seed, mapped and truncated as the others.
fn measured_samples(config: &SefaConfig, generator: &Generator, shown: &Samples) -> Result<Vec<f32>, SefaError> {
    if !config.measures() {
        return Ok(Vec::new());
    }
    let count = SefaConfig { samples: config.traits_samples, codes_file: None, ..config.clone() };
    let codes = Codes::of_config(&count, generator.latent_dim())?;
    if shown.rows == 1 {
        return Ok(codes.rows);
    }
    Ok(generator.rows(&codes.rows, config.class, &truncation(config))?)
}

/// An image as a picture, without transparency.
pub(super) fn as_picture(image: &Image) -> Picture {
    let image = image.opaque();
    image_picture(&image.planes(), image.channels(), image.side(), 1)
}

pub(super) fn noise_mode(noise: SefaNoise, seed: u64, sample: u64) -> NoiseMode {
    match noise {
        SefaNoise::Const => NoiseMode::Stored,
        SefaNoise::None => NoiseMode::None,
        SefaNoise::Random => NoiseMode::Random { seed, picture: sample },
    }
}

/// A setting that is not its default and means nothing to a ProGAN.
fn stylegans(config: &SefaConfig) -> Option<&'static str> {
    let usual = SefaConfig::default();
    let said = [
        ("layers", !config.layers.is_empty()),
        ("truncation", (config.truncation - usual.truncation).abs() > 0.0),
        ("truncation_layers", config.truncation_layers != usual.truncation_layers),
        ("noise", config.noise != usual.noise),
    ];
    said.into_iter().find(|(_, said)| *said).map(|(setting, _)| setting)
}
