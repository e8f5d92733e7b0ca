//! What a job makes of its directions and, at its end, of its images.
//!
//! A job that was begun before there were sheets has none when it goes on, and its video goes one way: what it makes is listed in
//! its manifest, and stays that.

use super::drawing::as_picture;
use super::plan::Plan;
use super::work::{Job, image_name};
use super::written::origin;
use super::{DirectionsForm, SefaError};
use crate::config::SefaRng;
use crate::figures::significant;
use crate::media::{self, Animation, MediaError};
use crate::page::{PageDirection, SefaPage};
use crate::render::{Headed, Picture, RenderError, signed_headings};
use crate::run::{ActiveRun, RunDir};
use crate::synthesis::Image;
use fs_err as fs;

/// Frames a second of the video, as in the published ones.
const FPS: f64 = 10.0;

impl Job {
    /// The directions in every form, and the table of their eigenvalues with labels.
    pub(super) fn write_directions(&self, run: &mut ActiveRun) -> Result<(), SefaError> {
        let directions = &self.picked.directions;
        let model = self.picked.model.as_str();
        let elsewhere = run.owns("directions.npy");
        let note = elsewhere.then(|| self.note().to_string());
        let bytes = directions.encode(DirectionsForm::Safetensors, model, note)?;
        run.keep_digested("directions.safetensors", &bytes)?;
        if elsewhere {
            run.keep_digested("directions.npy", &directions.encode(DirectionsForm::Npy, model, None)?)?;
            run.keep_digested("factor.pt", &directions.encode(DirectionsForm::Factor, model, None)?)?;
        }
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(["index", "eigenvalue", "share", "label"])?;
        let shares = directions.shares();
        for i in 0..directions.len() {
            let label = self.picked.labels.get(&i).map_or_else(String::new, |label| harmless(label));
            let number = |x: Option<f64>| x.map_or_else(String::new, |x| x.to_string());
            let [value, share] = [directions.eigenvalue(i), shares.get(i).copied()].map(number);
            table.write_record([i.to_string(), value, share, label])?;
        }
        let bytes = table.into_inner().map_err(csv::IntoInnerError::into_error)?;
        run.keep_digested("eigenvalues.csv", &bytes)?;
        Ok(())
    }

    /// What the directions are of: the metadata of their file.
    fn note(&self) -> serde_json::Value {
        let drawing = &self.picked.drawing;
        let layers = if drawing.in_w() { drawing.edited() } else { &[] };
        let mut note =
            origin(&self.picked.model, &self.picked.sha256, drawing.in_w().then_some(layers), !self.config.raw);
        note["seed"] = self.config.seed.into();
        for input in self.picked.inputs.iter().filter(|input| input.role == "directions-file") {
            note["directions_sha256"] = input.sha256.clone().into();
            if let Some(map) = note.as_object_mut() {
                map.remove("normalised_units");
            }
        }
        note
    }

    /// Turns the images into pictures of directions with and without headings, a video, a GIF and a page.
    pub(super) fn assemble(&self, run: &mut ActiveRun) -> Result<(), SefaError> {
        let (side, samples) = (self.side(), self.config.samples);
        let dir = run.dir().clone();
        let frames = (0..self.chosen.len()).map(|k| self.direction_picture(&dir, k)).collect::<Result<Vec<_>, _>>()?;
        let is_new = run.owns("sheets/sheet0.png");
        for (k, frame) in frames.iter().enumerate() {
            run.keep_digested(&format!("frames/frame{k}.png"), &media::encode_png(frame)?)?;
            if is_new {
                let sheet = self.sheet(frame, k)?;
                run.keep_digested(&format!("sheets/sheet{k}.png"), &media::encode_png(&sheet)?)?;
            }
        }
        let mut unedited = Picture::white(side, samples * side);
        for sample in 0..samples {
            unedited.paste(&picture(&dir, &image_name((sample, None)), side)?, 0, sample * side);
        }
        let own = |ending| run.own_name(ending)?.strip_suffix(ending);
        let title = own(".mp4").or_else(|| own(".gif")).unwrap_or(&self.name).to_owned();
        let page = self.page(title.clone()).bytes(&frames, &unedited)?;
        drop(frames);
        let film = Film { job: self, dir: &dir, returns: is_new };
        let has = |format: &str| !self.without.iter().any(|(without, _)| *without == format);
        if has("gif") {
            let small = SmallFilm { film: &film, part: self.plan().gif_part() };
            run.keep_digested(&format!("{title}.gif"), &media::encode_gif(&small, FPS)?)?;
        }
        if has("mp4") {
            run.keep_digested(&format!("{title}.mp4"), &media::encode_mp4(&film, FPS)?)?;
        }
        run.keep_digested("index.html", &page)?;
        Ok(())
    }

    /// How large the pictures are.
    pub(super) fn plan(&self) -> Plan {
        let (samples, directions) = (self.config.samples, self.chosen.len());
        Plan { side: self.side(), samples, directions, steps: self.distances.len() }
    }

    /// The image at a step along the direction in place `k`; at distance 0 that is the unedited one.
    fn image_at(&self, sample: usize, k: usize, step: usize) -> String {
        let edit = (self.distances[step] != 0.0).then(|| (self.chosen[k], step));
        image_name((sample, edit))
    }

    /// The direction in place `k`: a row a sample, a column a distance.
    fn direction_picture(&self, dir: &RunDir, k: usize) -> Result<Picture, SefaError> {
        let side = self.side();
        let (width, height) = self.plan().frame();
        let mut whole = Picture::white(width, height);
        for sample in 0..self.config.samples {
            for step in 0..self.distances.len() {
                let image = picture(dir, &self.image_at(sample, k, step), side)?;
                whole.paste(&image, step * side, sample * side);
            }
        }
        Ok(whole)
    }

    /// The same with what it is above and beside it.
    fn sheet(&self, frame: &Picture, k: usize) -> Result<Picture, SefaError> {
        let directions = &self.picked.directions;
        let index = self.chosen[k];
        let title = match self.picked.labels.get(&index) {
            Some(label) => format!("Semantic {index}: {label}"),
            None => format!("Semantic {index}"),
        };
        let share = directions.shares().get(index).map(|share| significant(100.0 * share, 2));
        let note = match directions.eigenvalue(index).zip(share) {
            Some((value, share)) => {
                format!("{}; eigenvalue {}, {share} % of all", self.picked.model, significant(value, 3))
            }
            None => self.picked.model.clone(),
        };
        let nearest = self.distances.iter().enumerate().min_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
        let headed = Headed {
            title: &title,
            note: &note,
            tiles: frame,
            columns: &signed_headings(&self.distances),
            rows: self.picked.drawing.names(),
            anchor: nearest.map_or(0, |(step, _)| step),
        };
        Ok(headed.draw().map_err(MediaError::from)?)
    }

    fn page(&self, title: String) -> SefaPage {
        let directions = &self.picked.directions;
        let shares = directions.shares();
        let direction = |&index: &usize| PageDirection {
            index,
            eigenvalue: directions.eigenvalue(index),
            share: shares.get(index).copied(),
            label: self.picked.labels.get(&index).cloned().unwrap_or_default(),
        };
        SefaPage {
            title,
            model: self.picked.model.clone(),
            key: self.picked.directions.key(),
            codes: self.codes(),
            samples: self.config.samples,
            names: self.picked.drawing.names().to_vec(),
            distances: self.distances.clone(),
            eigenvalues: directions.eigenvalues.clone(),
            directions: self.chosen.iter().map(direction).collect(),
            traits: self.measuring.as_ref().and_then(|measuring| Some(measuring.found()?.said.clone())),
        }
    }

    /// Where the codes came from, in words.
    fn codes(&self) -> String {
        let (seed, samples) = (self.config.seed, self.config.samples as u64);
        match (&self.config.codes_file, self.config.rng.unwrap_or_default()) {
            (Some(path), _) => {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
                format!("codes of {}", name.unwrap_or_else(|| path.display().to_string()))
            }
            (None, SefaRng::Torch) => format!("PyTorch's seed {seed}"),
            (None, SefaRng::Numpy) if samples == 1 => format!("NumPy's seed {seed}"),
            (None, SefaRng::Numpy) => format!("NumPy's seeds {seed} to {}", seed + samples - 1),
        }
    }
}

/// An image of the job.
fn picture(dir: &RunDir, name: &str, side: usize) -> Result<Picture, SefaError> {
    let path = dir.file(name);
    let wrong = |reason: String| SefaError::Picture { path: path.clone(), reason };
    let picture = media::decode_png(&fs::read(&path)?).map_err(|error| wrong(error.to_string()))?;
    if (picture.width, picture.height) != (side, side) {
        return Err(wrong(format!("it is {} x {}, not {side} x {side}", picture.width, picture.height)));
    }
    Ok(picture)
}

/// A label that no spreadsheet takes for a formula.
fn harmless(label: &str) -> String {
    if label.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{label}") } else { label.to_owned() }
}

/// The image at the pictures' size, by bilinear interpolation as in the lab.
pub(super) fn resized(image: &Image, side: usize) -> Picture {
    as_picture(&image.resized(side))
}

/// The step that each frame of a video of `steps` steps shows: there, and back without showing either end twice, so that the end
/// goes over into the beginning; or one way.
fn shown_steps(steps: usize, returns: bool) -> Vec<usize> {
    let back = (1..steps.saturating_sub(1)).rev().filter(|_| returns);
    (0..steps).chain(back).collect()
}

/// The video's frames: for each distance the samples under each other, unedited and along each direction.
struct Film<'a> {
    job: &'a Job,
    dir: &'a RunDir,
    returns: bool,
}

/// The same at a part of the size.
struct SmallFilm<'a> {
    film: &'a Film<'a>,
    part: usize,
}

impl Animation for SmallFilm<'_> {
    fn len(&self) -> usize {
        self.film.len()
    }

    fn frame(&self, index: usize) -> Result<Picture, RenderError> {
        let picture = self.film.frame(index)?;
        Ok(if self.part > 1 { picture.shrunk(self.film.job.side(), self.part) } else { picture })
    }

    fn rests(&self) -> bool {
        !self.film.returns
    }
}

impl Animation for Film<'_> {
    fn len(&self) -> usize {
        shown_steps(self.job.distances.len(), self.returns).len()
    }

    fn frame(&self, index: usize) -> Result<Picture, RenderError> {
        let (job, side) = (self.job, self.job.side());
        let step = shown_steps(job.distances.len(), self.returns)[index];
        let (width, height) = job.plan().film();
        let mut whole = Picture::white(width, height);
        for sample in 0..job.config.samples {
            let names = (0..job.chosen.len()).map(|k| job.image_at(sample, k, step));
            for (column, name) in std::iter::once(image_name((sample, None))).chain(names).enumerate() {
                let image = picture(self.dir, &name, side).map_err(RenderError::new)?;
                whole.paste(&image, column * side, sample * side);
            }
        }
        Ok(whole)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_video_goes_there_and_back_and_shows_no_end_twice() {
        assert_eq!(shown_steps(5, true), [0, 1, 2, 3, 4, 3, 2, 1]);
        assert_eq!(shown_steps(5, false), [0, 1, 2, 3, 4]);
        for (steps, shown) in [(1, vec![0]), (2, vec![0, 1]), (3, vec![0, 1, 2, 1])] {
            assert_eq!(shown_steps(steps, true), shown);
        }
        // Played again and again, no frame follows itself, and each step is one away.
        let shown = shown_steps(21, true);
        let next = shown.iter().cycle().skip(1);
        assert!(shown.iter().zip(next).all(|(a, b)| a.abs_diff(*b) == 1));
    }

    #[test]
    fn labels_are_no_formulas() {
        assert_eq!((harmless("=1+1"), harmless("collar")), ("'=1+1".into(), "collar".into()));
    }
}
