//! A generator with its directions, which answers one question at a time: what is this code's picture after these steps?
//!
//! What a sheet, an edit and the live page of directions have in common. What pictures share is made once: the directions
//! of the layers that were chosen, a code's rows of w, and the layers below the first that is edited. A picture has the
//! bytes of the one that a job renders of the same code.

use std::path::PathBuf;
use std::sync::Arc;

use super::drawing::{as_picture, network, noise_mode, remarks, samples};
use super::{Codes, Directions, Moves, Samples, SefaError, directions};
use crate::checkpoint::GeneratorWeights;
use crate::config::{SefaConfig, SefaRng};
use crate::render::Picture;
use crate::synthesis::{Begun, Generator, NoiseMode, Remark};

/// Codes whose beginnings are kept, and the bytes that these may take together.
const MOST_KEPT: usize = 64;
const MOST_BYTES: usize = 256 << 20;
/// Choices of layers whose directions are kept.
const MOST_CHOICES: usize = 16;
/// From this side on a picture is worth showing before it is done.
const LARGE: usize = 256;

/// A generator at work.
#[derive(Debug)]
pub struct Studio {
    weights: GeneratorWeights,
    generator: Generator,
    codes: CodesFrom,
    directions: Vec<(Origin, Arc<Directions>)>,
    /// The latest first.
    kept: Vec<Kept>,
}

/// What directions are found from: a file, layers, and whether their weights are taken as they are.
type Origin = (Option<PathBuf>, Vec<usize>, bool);

/// What a number of a code means.
#[derive(Clone, Debug, PartialEq)]
pub enum CodesFrom {
    /// A seed of this generator of random numbers, whose first code it is.
    Seeds(SefaRng),
    /// A row among these.
    Rows(Codes),
}

/// A picture that is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// How it is made: layers, truncation, noise, class; checked. A job's settings mean nothing here.
    pub config: SefaConfig,
    /// Which code: its seed, or its row in a file.
    pub number: u64,
    /// The steps away from it.
    pub moves: Moves,
}

/// What pictures of a code have in common.
#[derive(Debug)]
struct Kept {
    config: SefaConfig,
    number: u64,
    /// One.
    samples: Samples,
    begun: Begun,
    bytes: usize,
    /// One that is drawn in part.
    coarse: Option<(Moves, Begun)>,
}

impl Studio {
    /// Puts a generator on the config's device. Codes are PyTorch's seeds, until [`Self::take_codes`].
    pub fn new(weights: GeneratorWeights, config: &SefaConfig) -> Result<Self, SefaError> {
        let generator = Generator::new(&weights, config.device, config.threads)?;
        let codes = CodesFrom::Seeds(SefaRng::Torch);
        Ok(Self { weights, generator, codes, directions: Vec::new(), kept: Vec::new() })
    }

    /// Where codes come from, from now on.
    pub fn take_codes(&mut self, codes: CodesFrom) {
        self.codes = codes;
        self.kept.clear();
    }

    /// How many codes there are; None where any seed is one.
    pub fn rows(&self) -> Option<usize> {
        match &self.codes {
            CodesFrom::Seeds(_) => None,
            CodesFrom::Rows(codes) => Some(codes.len()),
        }
    }

    /// Numbers in a code.
    pub fn latent_dim(&self) -> usize {
        self.generator.latent_dim()
    }

    /// The pictures' side.
    pub fn side(&self) -> usize {
        self.generator.side()
    }

    /// How many layers take w; 1 for a ProGAN, which has its first layer only.
    pub fn layers(&self) -> usize {
        self.generator.row_count()
    }

    /// How many classes the model knows; 0 for one without.
    pub fn classes(&self) -> usize {
        self.generator.classes()
    }

    /// What the network is called.
    pub fn network(&self) -> &'static str {
        network(&self.weights)
    }

    /// What a person should know of how pictures are made.
    pub fn remarks(&self, config: &SefaConfig) -> Vec<Remark> {
        remarks(&self.generator, config)
    }

    /// The directions of the layers that a config names, or of its file.
    pub fn directions(&mut self, config: &SefaConfig) -> Result<Arc<Directions>, SefaError> {
        self.noted_directions(config).map(|(directions, _)| directions)
    }

    /// The same, with what was changed in them; said when they are read for the first time.
    pub fn noted_directions(&mut self, config: &SefaConfig) -> Result<(Arc<Directions>, Vec<String>), SefaError> {
        let origin = (config.directions_file.clone(), config.layers.clone(), config.raw);
        if let Some((_, directions)) = self.directions.iter().find(|(known, _)| *known == origin) {
            return Ok((Arc::clone(directions), Vec::new()));
        }
        let (found, notes) = match &config.directions_file {
            Some(file) => Directions::read(file, self.generator.row_dim())?,
            None => (directions(&self.weights, config)?, Vec::new()),
        };
        let directions = Arc::new(found);
        self.directions.truncate(MOST_CHOICES - 1);
        self.directions.insert(0, (origin, Arc::clone(&directions)));
        Ok((directions, notes))
    }

    /// Refuses what the model has nothing for: a layer, a class, a direction, a setting of other families.
    pub fn check(&mut self, wanted: &Wanted) -> Result<(), SefaError> {
        self.step(wanted)?;
        self.samples(wanted).map(drop)
    }

    /// The picture, at the model's own size.
    pub fn picture(&mut self, wanted: &Wanted) -> Result<Picture, SefaError> {
        let step = self.step(wanted)?;
        let kept = self.take(wanted)?;
        let rows = kept.rows(step.as_deref());
        let begun = match &kept.coarse {
            Some((moves, begun)) if *moves == wanted.moves => begun,
            _ => &kept.begun,
        };
        let image = self.generator.image(begun, &rows, self.noise(wanted))?;
        self.put(kept);
        Ok(as_picture(&image))
    }

    /// The picture as it is after a part of the work, at a smaller side; the rest goes on from there. None where the model
    /// has none, or is small.
    pub fn coarse(&mut self, wanted: &Wanted) -> Result<Option<Picture>, SefaError> {
        let Some(side) = coarse_side(self.side()) else { return Ok(None) };
        let step = self.step(wanted)?;
        let mut kept = self.take(wanted)?;
        let rows = kept.rows(step.as_deref());
        let made = self.generator.coarse(&kept.begun, &rows, side, self.noise(wanted))?;
        let (begun, image) = made.unzip();
        kept.coarse = begun.map(|begun| (wanted.moves.clone(), begun));
        self.put(kept);
        Ok(image.as_ref().map(as_picture))
    }

    /// The sum of the steps; None where nothing moves.
    fn step(&mut self, wanted: &Wanted) -> Result<Option<Vec<f64>>, SefaError> {
        let step = wanted.moves.sum(&*self.directions(&wanted.config)?)?;
        Ok((!wanted.moves.are_still()).then_some(step))
    }

    fn samples(&self, wanted: &Wanted) -> Result<Samples, SefaError> {
        samples(&self.generator, self.network(), &wanted.config, self.code(wanted)?)
    }

    fn code(&self, wanted: &Wanted) -> Result<Codes, SefaError> {
        let code = match &self.codes {
            CodesFrom::Seeds(rng) => Codes::of_seed(*rng, wanted.number, 1, self.latent_dim())?,
            CodesFrom::Rows(codes) => {
                let row = usize::try_from(wanted.number).ok().filter(|&row| row < codes.len());
                let row = row.ok_or(SefaError::Row { asked: wanted.number, count: codes.len() })?;
                let labels = vec![codes.labels[row].clone()];
                Codes { latent_dim: codes.latent_dim, rows: codes.code(row).to_vec(), labels }
            }
        };
        Ok(code.scaled(wanted.config.codes))
    }

    fn noise(&self, Wanted { config, number, .. }: &Wanted) -> NoiseMode {
        let noise = config.noise.unwrap_or_default();
        // As a job has it: of one sample of this seed, or of this row.
        match &self.codes {
            CodesFrom::Seeds(_) => noise_mode(noise, *number, 0),
            CodesFrom::Rows(_) => noise_mode(noise, config.seed, *number),
        }
    }

    /// What pictures of this code have in common: what is kept, or made now.
    fn take(&mut self, wanted: &Wanted) -> Result<Kept, SefaError> {
        let Wanted { config, number, .. } = wanted;
        if let Some(at) = self.kept.iter().position(|kept| kept.number == *number && kept.config == *config) {
            return Ok(self.kept.remove(at));
        }
        let samples = self.samples(wanted)?;
        let first = samples.first_edited();
        let begun = self.generator.begin(samples.sample(0), config.class, first, self.noise(wanted))?;
        Ok(Kept { config: config.clone(), number: *number, samples, begun, bytes: begun_bytes(first), coarse: None })
    }

    /// Keeps it for the next picture.
    fn put(&mut self, kept: Kept) {
        // What is drawn in part is gone on with at once or never.
        for other in &mut self.kept {
            other.coarse = None;
        }
        self.kept.insert(0, kept);
        self.kept.truncate(MOST_KEPT);
        while self.kept.len() > 1 && self.kept.iter().map(|kept| kept.bytes).sum::<usize>() > MOST_BYTES {
            self.kept.pop();
        }
    }
}

impl Kept {
    fn rows(&self, step: Option<&[f64]>) -> Vec<f32> {
        step.map_or_else(|| self.samples.sample(0).to_vec(), |step| self.samples.moved(0, step))
    }
}

/// About what the maps before a layer take in the largest networks that people have.
fn begun_bytes(first: usize) -> usize {
    let side = 4_usize << (first / 2).min(9);
    side * side * (32_768 / side).min(512) * 4
}

/// The side at which a picture is shown before it is done: after a seventh to a quarter of the work.
fn coarse_side(side: usize) -> Option<usize> {
    (side >= LARGE).then_some(if side == LARGE { LARGE / 8 } else { LARGE / 4 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::StyleGan2Weights;
    use crate::config::{Device, SefaNoise};
    use crate::render::image_picture;
    use crate::synthesis::{Truncation, random_stylegan2};

    /// A network of side 4 * 2^(levels - 1), which is fast.
    fn weights(levels: usize) -> StyleGan2Weights {
        random_stylegan2(levels, 12, 3, |_| 6)
    }

    fn studio(levels: usize) -> Studio {
        Studio::new(GeneratorWeights::StyleGan2(weights(levels)), &SefaConfig::default()).unwrap()
    }

    fn wanted(number: u64, moves: &str, change: impl FnOnce(&mut SefaConfig)) -> Wanted {
        let mut config = SefaConfig::default();
        change(&mut config);
        Wanted { config: config.check().unwrap(), number, moves: moves.parse().unwrap() }
    }

    #[test]
    fn a_picture_is_the_generators_of_the_code_after_the_sum_of_the_steps() {
        let mut studio = studio(3);
        let generator = Generator::new(&GeneratorWeights::StyleGan2(weights(3)), Device::Cpu, 1).unwrap();
        for (noise, mode) in [
            (SefaNoise::Const, NoiseMode::Stored),
            (SefaNoise::None, NoiseMode::None),
            (SefaNoise::Random, NoiseMode::Random { seed: 7, picture: 0 }),
        ] {
            let wanted = wanted(7, "0=1.4,3=-1", |config| {
                config.layers = vec![1, 2];
                config.truncation = 0.5;
                config.truncation_layers = 2;
                config.noise = Some(noise);
            });
            let directions = studio.directions(&wanted.config).unwrap();
            // The formula, plainly.
            let code = Codes::of_seed(SefaRng::Torch, 7, 1, 12).unwrap();
            let mut rows = generator.rows(&code.rows, None, &Truncation { psi: 0.5, rows: Some(2) }).unwrap();
            for row in [1, 2] {
                for i in 0..12 {
                    let step = 1.4 * directions.vector(0)[i] - directions.vector(3)[i];
                    rows[row * 12 + i] += step as f32;
                }
            }
            let image = generator.images(&rows, None, mode).unwrap()[0].planes();
            assert_eq!(studio.picture(&wanted).unwrap(), image_picture(&image, 3, 16, 1), "{noise:?}");
        }
    }

    #[test]
    fn what_is_kept_changes_no_picture() {
        let cases: Vec<Wanted> = (0..3)
            .flat_map(|number| {
                let late = |config: &mut SefaConfig| config.layers = vec![3, 4];
                ["", "0=2", "1=-3,0=1"].map(|moves| wanted(number, moves, late)).into_iter().chain([wanted(
                    number,
                    "2=1",
                    |_| {},
                )])
            })
            .collect();
        let mut one = studio(3);
        for wanted in cases.iter().chain(cases.iter().rev()) {
            assert_eq!(one.picture(wanted).unwrap(), studio(3).picture(wanted).unwrap(), "{wanted:?}");
        }
        let order = |moves: &str| studio(3).picture(&wanted(0, moves, |_| {})).unwrap();
        assert_eq!(order("0=0.3,1=0.7,2=-0.9"), order("2=-0.9,0=0.3,1=0.7"), "the order of steps means nothing");
    }

    #[test]
    fn a_coarse_picture_comes_first_where_the_model_is_large_and_the_whole_one_is_as_without_it() {
        assert!(studio(3).coarse(&wanted(0, "", |_| {})).unwrap().is_none());
        let mut large = studio(7);
        assert_eq!((large.side(), large.layers()), (256, 14));
        let (a, b) = (wanted(0, "0=2", |_| {}), wanted(0, "0=3", |_| {}));
        let plain = [&a, &b].map(|wanted| studio(7).picture(wanted).unwrap());
        let coarse = large.coarse(&a).unwrap().unwrap();
        assert_eq!((coarse.width, plain[0].width), (32, 256));
        assert_eq!(large.picture(&a).unwrap(), plain[0]);
        // One that was begun for other steps is not gone on with.
        large.coarse(&a).unwrap();
        assert_eq!(large.picture(&b).unwrap(), plain[1]);
        // Late layers are beyond the coarse picture.
        let late = wanted(0, "0=2", |config| config.layers = vec![12]);
        assert!(large.coarse(&late).unwrap().is_none());
    }

    #[test]
    fn memory_that_is_kept_has_a_bound() {
        let mut studio = studio(7);
        for number in 0..12 {
            studio.picture(&wanted(number, "", |config| config.layers = vec![13])).unwrap();
        }
        let bytes: usize = studio.kept.iter().map(|kept| kept.bytes).sum();
        assert!((2..12).contains(&studio.kept.len()) && bytes <= MOST_BYTES, "{} take {bytes}", studio.kept.len());
        assert_eq!(studio.kept[0].number, 11, "the latest is first");
    }

    #[test]
    fn what_the_model_does_not_have_is_refused() {
        let mut studio = studio(3);
        for (wanted, words) in [
            (wanted(0, "99=1", |_| {}), "there is no direction 99; there are 12"),
            (wanted(0, "", |config| config.layers = vec![6]), "layer 6"),
            (wanted(0, "", |config| config.class = Some(0)), "no classes"),
        ] {
            let message = studio.check(&wanted).unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
            assert_eq!(studio.picture(&wanted).unwrap_err().to_string(), message);
        }
        let codes = Codes { latent_dim: 12, rows: vec![0.5; 24], labels: vec!["row 0".into(), "row 1".into()] };
        studio.take_codes(CodesFrom::Rows(codes));
        assert!(studio.check(&wanted(1, "", |_| {})).is_ok());
        let message = studio.check(&wanted(2, "", |_| {})).unwrap_err().to_string();
        assert_eq!(message, "there is no row 2; the file of codes has 2, numbered from 0");
    }
}
