//! A job: samples edited along directions, rendered, and put together.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::{Codes, Directions, SefaError};
use crate::media::{self, Animation, MediaError, PageDirection, SefaPage};
use crate::nets::synthesis::Generator;
use crate::render::{Picture, RenderError, image_picture};
use crate::run::JobDir;
use crate::{files, tensor};

/// Frames a second of the video, as in the published ones.
const FPS: f64 = 10.0;

/// A job, ready to render.
#[derive(Clone, Debug)]
pub struct Job {
    /// Where it goes.
    pub dir: JobDir,
    /// The model's name.
    pub model: String,
    /// What the codes derive from.
    pub seed: u64,
    /// How many samples there are.
    pub samples: usize,
    /// Side of each image in the pictures, in pixels.
    pub side: usize,
    /// The samples' codes.
    pub codes: Codes,
    /// All directions.
    pub directions: Directions,
    /// Those that are shown.
    pub chosen: Vec<usize>,
    /// How far the steps go.
    pub distances: Vec<f64>,
    /// What people called directions.
    pub labels: BTreeMap<usize, String>,
}

/// An image to render: its code, and where it goes.
pub type Work = (Vec<f32>, PathBuf);

impl Job {
    /// The image at a step along the direction in place `k`; at distance 0 that is the unedited one.
    fn image_path(&self, sample: usize, k: usize, step: usize) -> PathBuf {
        let edit = (self.distances[step] != 0.0).then(|| (self.chosen[k], step));
        self.dir.image(sample, edit)
    }

    fn picture(path: &Path) -> Result<Picture, SefaError> {
        Ok(media::decode_png(&fs::read(path)?)?)
    }

    /// Everything to render. The unedited image of a sample is rendered once.
    fn work(&self) -> Vec<Work> {
        let mut work = Vec::new();
        for sample in 0..self.samples {
            work.push((self.codes.code(sample).to_vec(), self.dir.image(sample, None)));
            for &direction in &self.chosen {
                for (step, &distance) in self.distances.iter().enumerate().filter(|&(_, &distance)| distance != 0.0) {
                    let code = self.codes.edited(sample, &self.directions, direction, distance);
                    work.push((code, self.dir.image(sample, Some((direction, step)))));
                }
            }
        }
        work
    }

    /// How many images the job has.
    pub fn image_count(&self) -> usize {
        self.work().len()
    }

    /// What is not yet rendered.
    pub fn missing(&self) -> Vec<Work> {
        self.work().into_iter().filter(|(_, path)| !path.is_file()).collect()
    }

    /// Renders images, `batch` at a time; `observe` hears how many are done.
    pub fn render(
        &self,
        work: &[Work],
        generator: &Generator,
        batch: usize,
        observe: &mut dyn FnMut(usize),
    ) -> Result<(), SefaError> {
        let mut done = 0;
        for batch in work.chunks(batch) {
            let codes: Vec<f32> = batch.iter().flat_map(|(code, _)| code).copied().collect();
            let images = generator.images(&codes)?;
            for (i, (_, path)) in batch.iter().enumerate() {
                let picture = resized(&images.f_narrow(0, i as i64, 1)?, self.side)?;
                files::write(path, &media::encode_png(&picture)?)?;
            }
            done += batch.len();
            observe(done);
        }
        Ok(())
    }

    /// Turns the images into pictures of directions, a video, a GIF and a page; gives the formats for which the
    /// pictures are too large, with the reason.
    pub fn assemble(&self) -> Result<Vec<(&'static str, MediaError)>, SefaError> {
        let frames = (0..self.chosen.len()).map(|k| self.direction_picture(k)).collect::<Result<Vec<_>, _>>()?;
        for (k, frame) in frames.iter().enumerate() {
            files::write(&self.dir.frame(k), &media::encode_png(frame)?)?;
        }
        let mut unedited = Picture::white(self.side, self.samples * self.side);
        for sample in 0..self.samples {
            unedited.paste(&Self::picture(&self.dir.image(sample, None))?, 0, sample * self.side);
        }
        files::write(&self.dir.page(), &media::encode_page(&self.page(), &frames, &unedited)?)?;
        drop(frames);
        let mut without = Vec::new();
        for (extension, encoded) in
            [("gif", media::encode_gif(&SmallFilm(Film(self)), FPS)), ("mp4", media::encode_mp4(&Film(self), FPS))]
        {
            match encoded {
                // Many samples make a picture that no player takes; the page and the pictures of directions remain.
                Err(reason @ (MediaError::TooLarge { .. } | MediaError::NotForVideo { .. })) => {
                    without.push((extension, reason));
                }
                encoded => files::write(&self.dir.video(extension), &encoded?)?,
            }
        }
        Ok(without)
    }

    /// The direction in place `k`: a row a sample, a column a distance.
    fn direction_picture(&self, k: usize) -> Result<Picture, SefaError> {
        let mut picture = Picture::white(self.distances.len() * self.side, self.samples * self.side);
        for sample in 0..self.samples {
            for step in 0..self.distances.len() {
                let image = Self::picture(&self.image_path(sample, k, step))?;
                picture.paste(&image, step * self.side, sample * self.side);
            }
        }
        Ok(picture)
    }

    fn page(&self) -> SefaPage {
        let shares = self.directions.shares();
        let direction = |&index: &usize| PageDirection {
            index,
            eigenvalue: self.directions.eigenvalues[index],
            share: shares[index],
            label: self.labels.get(&index).cloned().unwrap_or_default(),
        };
        SefaPage {
            title: self.dir.name().to_owned(),
            model: self.model.clone(),
            seed: self.seed,
            samples: self.samples,
            distances: self.distances.clone(),
            eigenvalues: self.directions.eigenvalues.clone(),
            directions: self.chosen.iter().map(direction).collect(),
        }
    }
}

/// The image at the pictures' size, by bilinear interpolation as in the lab.
fn resized(image: &tch::Tensor, side: usize) -> Result<Picture, SefaError> {
    let channels = image.size()[1] as usize;
    let scaled = image.f_upsample_bilinear2d([side as i64, side as i64], false, None, None)?;
    Ok(image_picture(&tensor::to_host(&scaled)?, channels, side, 1))
}

/// The video's frames: for each distance the samples under each other, unedited and along each direction.
struct Film<'a>(&'a Job);

/// The same at half the size: a GIF of photographs is large.
struct SmallFilm<'a>(Film<'a>);

impl Animation for SmallFilm<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn frame(&self, step: usize) -> Result<Picture, RenderError> {
        let picture = self.0.frame(step)?;
        Ok(if self.0.0.side.is_multiple_of(2) { picture.halved() } else { picture })
    }
}

impl Animation for Film<'_> {
    fn len(&self) -> usize {
        self.0.distances.len()
    }

    fn frame(&self, step: usize) -> Result<Picture, RenderError> {
        let job = self.0;
        let mut picture = Picture::white((job.chosen.len() + 1) * job.side, job.samples * job.side);
        for sample in 0..job.samples {
            let paths = (0..job.chosen.len()).map(|k| job.image_path(sample, k, step));
            for (column, path) in std::iter::once(job.dir.image(sample, None)).chain(paths).enumerate() {
                let image = Job::picture(&path).map_err(RenderError::new)?;
                picture.paste(&image, column * job.side, sample * job.side);
            }
        }
        Ok(picture)
    }
}
