//! What a job measures of its directions: pictures a step back and a step forward from samples of their own, along the
//! directions and along random ones, and what a reader of traits or somebody's scores say of them.
//!
//! | file | content |
//! |---|---|
//! | `traits/sample#.png`, `traits/sample#_semantic#_step#.png`, `traits/sample#_random#_step#.png` | the pictures: step 0 back, 1 forward |
//! | `traits/images.csv` | image, sample, direction, distance of each |
//! | `traits/scores.csv` | what was read or given, a column for each trait |
//! | `traits.json`, `traits.csv` | what a step along each direction does to each trait |

use serde_json::{Value, json};

use super::drawing::{Wanted, as_picture};
use super::{Directions, SefaError};
use crate::config::{SefaConfig, SefaTraits};
use crate::faces::COUNT;
use crate::media;
use crate::render::Picture;
use crate::rng::{Stream, Use};
use crate::run::{ActiveRun, RunDir};
use crate::synthesis::Image;
use crate::traits::{Effects, Floor, LISTED, READABLE, Reader, Reading, Sample, Scored, Scores};

/// The list of pictures.
const LIST: &str = "traits/images.csv";
/// What was read of them, or given.
const SCORES: &str = "traits/scores.csv";
/// What comes out.
const EFFECTS: &str = "traits.json";
const TABLE: &str = "traits.csv";

/// The largest side of a picture that is measured.
const LARGEST: usize = 256;

/// A picture that is measured: its sample, and the direction, among all that are measured, with the way of the step.
pub(super) type Shot = (usize, Option<(usize, usize)>);

/// What a job measures, and what it came to.
#[derive(Debug)]
pub struct Measuring {
    samples: usize,
    distance: f64,
    seed: u64,
    /// The directions that the job shows.
    chosen: Vec<usize>,
    random: usize,
    /// Whether the reader of faces reads the pictures; else somebody scores them.
    faces: bool,
    /// What somebody said of them.
    given: Option<Scores>,
    /// What came out, once all is there.
    pub(super) found: Option<Found>,
}

/// What a measurement came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What each direction does.
    pub effects: Effects,
    /// The share of the unedited samples that are farther from the law's drawings than 99 in 100 drawings are; None for scores.
    pub far: Option<f64>,
    /// What `traits.json` says.
    pub(super) said: Value,
}

impl Measuring {
    /// What the config asks for; None where nothing is measured.
    pub(super) fn of(config: &SefaConfig, chosen: &[usize]) -> Option<Self> {
        let faces = match config.traits {
            Some(SefaTraits::Faces) => true,
            Some(SefaTraits::Scores) => false,
            None | Some(SefaTraits::Auto | SefaTraits::None) => return None,
        };
        Some(Self {
            samples: config.traits_samples,
            distance: config.traits_distance,
            seed: config.seed,
            chosen: chosen.to_vec(),
            random: config.traits_floor,
            faces,
            given: None,
            found: None,
        })
    }

    /// How many pictures there are.
    pub(super) fn len(&self) -> usize {
        self.samples * (1 + 2 * (self.chosen.len() + self.random))
    }

    /// Every picture, sample by sample: as it is, then back and forward along each direction.
    pub(super) fn shots(&self) -> Vec<Shot> {
        let along = self.chosen.len() + self.random;
        let edits = move |sample| (0..2 * along).map(move |i| (sample, Some((i / 2, i % 2))));
        (0..self.samples).flat_map(|sample| std::iter::once((sample, None)).chain(edits(sample))).collect()
    }

    /// Where a picture is.
    pub(super) fn name(&self, (sample, edit): Shot) -> String {
        match edit {
            None => format!("traits/sample{sample}.png"),
            Some((k, way)) => match self.chosen.get(k) {
                Some(direction) => format!("traits/sample{sample}_semantic{direction}_step{way}.png"),
                None => format!("traits/sample{sample}_random{}_step{way}.png", k - self.chosen.len()),
            },
        }
    }

    /// All directions that are measured: those of the job, then random unit vectors.
    pub(super) fn directions(&self, all: &Directions) -> Directions {
        let mut vectors: Vec<f64> = self.chosen.iter().flat_map(|&k| all.vector(k)).copied().collect();
        for number in 0..self.random {
            let mut rng = Stream::new(self.seed, Use::Floor, number as u64);
            let drawn: Vec<f64> = (0..all.latent_dim).map(|_| rng.normal_f64()).collect();
            let length = drawn.iter().map(|x| x * x).sum::<f64>().sqrt();
            vectors.extend(drawn.into_iter().map(|x| x / length));
        }
        Directions { latent_dim: all.latent_dim, vectors, eigenvalues: vec![0.0; self.chosen.len() + self.random] }
    }

    /// What is asked of the drawing, whose samples that are measured come after `shown` others.
    pub(super) fn wanted(&self, (sample, edit): Shot, shown: usize) -> Wanted {
        let edit = edit.map(|(k, way)| (k, if way == 0 { -self.distance } else { self.distance }));
        (shown + sample, edit)
    }

    /// Takes what somebody said of the pictures: a file's bytes, or what the job has of one that it was given before.
    pub(super) fn take(&mut self, dir: &RunDir, given: Option<&[u8]>) -> Result<(), SefaError> {
        if self.faces {
            return if given.is_some() { Err(SefaError::ScoresForFaces) } else { Ok(()) };
        }
        let kept = dir.manifest().is_ok_and(|manifest| manifest.digests.contains_key(SCORES));
        let bytes = match given {
            Some(bytes) => bytes.to_vec(),
            None if kept => dir.read(SCORES).map_err(|_| SefaError::ScoresLost { path: dir.file(SCORES) })?,
            None => return Ok(()),
        };
        let names: Vec<String> = self.shots().into_iter().map(|shot| self.name(shot)).collect();
        self.given = Some(Scores::read(&bytes, &names)?);
        Ok(())
    }

    /// Writes the list of pictures and, where all are there and read, what they say.
    pub(super) fn assemble(&mut self, run: &mut ActiveRun) -> Result<(), SefaError> {
        run.keep_digested(LIST, &self.list()?)?;
        let shots = self.shots();
        let names: Vec<String> = shots.iter().map(|&shot| self.name(shot)).collect();
        let (scores, counted, about) = if self.faces {
            Self::read(run.dir(), &shots, &names)?
        } else {
            let Some(scores) = self.given.clone() else { return Ok(()) };
            let counted = Self::counted(&shots, &scores)?;
            (scores, counted, json!({ "scores": "given", "unit": "standard deviations of the unedited samples" }))
        };
        run.keep_digested(SCORES, &scores.write(&names)?)?;
        let samples = self.samples(&scores);
        let effects = Effects::of(&samples, &self.chosen, counted);
        let mut said = about;
        said["samples"] = self.samples.into();
        said["distance"] = self.distance.into();
        said["random_directions"] = self.random.into();
        said["traits"] = json!(effects.scores);
        said["directions"] = json!(effects.directions);
        run.keep_digested(EFFECTS, format!("{said:#}\n").as_bytes())?;
        run.keep_digested(TABLE, &effects.table()?)?;
        self.found = Some(Found { effects, far: said["far"].as_f64(), said });
        Ok(())
    }

    /// What the reader of faces says of the pictures, by which deviations it counts, and what there is to know of it.
    fn read(dir: &RunDir, shots: &[Shot], names: &[String]) -> Result<(Scores, Vec<Scored>, Value), SefaError> {
        let reader = Reader::faces()?;
        let threads = crate::threads::available();
        let mut readings: Vec<Reading> = Vec::with_capacity(names.len());
        let mut side = 0;
        // Some at a time: all pictures together may take much memory.
        for names in names.chunks(256) {
            let pictures = names.iter().map(|name| picture(dir, name)).collect::<Result<Vec<_>, _>>()?;
            side = pictures.first().map_or(side, |picture| picture.width);
            readings.extend(reader.read(&pictures, threads));
        }
        let at = reader.at(side);
        let scored = at.traits.iter().map(|skill| Scored {
            name: skill.name.clone(),
            deviation: skill.deviation,
            counts: skill.r2 >= READABLE,
            r2: Some(skill.r2),
            floor: Floor::default(),
        });
        let likeness = reader.likeness(side, threads);
        let plain: Vec<f64> = shots
            .iter()
            .zip(&readings)
            .filter(|(shot, _)| shot.1.is_none())
            .map(|(_, reading)| likeness.distance(&reading.means))
            .collect();
        let far = plain.iter().filter(|&&distance| distance > likeness.far).count() as f64 / plain.len().max(1) as f64;
        let about = json!({
            "law": "faces", "unit": "standard deviations of the law", "reader_side": at.side, "readable_r2": READABLE, "far": far,
        });
        let rows = readings.iter().map(|reading| reading.traits.map(|x| (x * 1e6).round() / 1e6).to_vec()).collect();
        let names: Vec<String> = at.traits.iter().map(|skill| skill.name.clone()).collect();
        debug_assert_eq!(names.len(), COUNT);
        Ok((Scores { names, rows }, scored.collect(), about))
    }

    /// Scores that somebody gave are counted in standard deviations of the unedited samples.
    fn counted(shots: &[Shot], scores: &Scores) -> Result<Vec<Scored>, SefaError> {
        let plain: Vec<&Vec<f64>> =
            shots.iter().zip(&scores.rows).filter(|(shot, _)| shot.1.is_none()).map(|(_, row)| row).collect();
        let n = plain.len() as f64;
        let one = |(j, name): (usize, &String)| {
            let mean = plain.iter().map(|row| row[j]).sum::<f64>() / n;
            let variance = plain.iter().map(|row| (row[j] - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
            let deviation = variance.sqrt();
            if !(deviation.is_finite() && deviation > 0.0) {
                return Err(SefaError::SameScore { name: name.clone() });
            }
            Ok(Scored { name: name.clone(), deviation, counts: true, r2: None, floor: Floor::default() })
        };
        scores.names.iter().enumerate().map(one).collect()
    }

    fn samples(&self, scores: &Scores) -> Vec<Sample> {
        let each = 1 + 2 * (self.chosen.len() + self.random);
        let sample = |rows: &[Vec<f64>]| {
            let steps = rows[1..].as_chunks::<2>().0.to_vec();
            Sample { plain: rows[0].clone(), steps }
        };
        scores.rows.chunks_exact(each).map(sample).collect()
    }

    fn list(&self) -> Result<Vec<u8>, csv::Error> {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(LISTED)?;
        for shot in self.shots() {
            let (direction, distance) = match shot.1 {
                None => (String::new(), 0.0),
                Some((k, way)) => {
                    let direction = match self.chosen.get(k) {
                        Some(direction) => direction.to_string(),
                        None => format!("random{}", k - self.chosen.len()),
                    };
                    (direction, if way == 0 { -self.distance } else { self.distance })
                }
            };
            table.write_record([self.name(shot), shot.0.to_string(), direction, distance.to_string()])?;
        }
        table.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }

    /// How many directions are random.
    pub fn random(&self) -> usize {
        self.random
    }

    /// The step's length.
    pub fn distance(&self) -> f64 {
        self.distance
    }

    /// What came out; None as long as somebody is to score the pictures.
    pub fn found(&self) -> Option<&Found> {
        self.found.as_ref()
    }
}

fn picture(dir: &RunDir, name: &str) -> Result<Picture, SefaError> {
    let path = dir.file(name);
    let bytes = fs_err::read(&path)?;
    media::decode_png(&bytes).map_err(|error| SefaError::Picture { path, reason: error.to_string() })
}

/// An image as it is measured: at the generator's side or, where that is larger, at a half, a quarter of it and so on, by the mean.
pub(super) fn measured(image: &Image) -> Picture {
    let mut by = 1;
    while image.side() / by > LARGEST {
        by *= 2;
    }
    as_picture(&image.averaged(by))
}
