//! The pictures of a run: of points its frames as `draw` has them, of a ProGAN its grids of samples.
//!
//! TensorBoard keeps ten pictures of a tag and chooses by chance where there are more; so ten are written, spread over the run,
//! the last among them.

use serde_json::Value;

use super::ExportError;
use super::content::{Content, Row};
use super::points::{add_scores_of, frame_index};
use crate::compare::real_of;
use crate::figures::measure;
use crate::kinds::points::PointsRun;
use crate::media::encode_png;
use crate::render::{AxesChoice, ScatterPainter, Shown, Size, Theme};
use crate::run::{Kind, RunDir, digest};

/// As many as TensorBoard keeps of a tag.
const MOST: usize = 10;
const SIZE: Size = Size { width: 640, height: 480 };

/// The pictures of a run.
pub(super) struct Pictures {
    dir: RunDir,
    of: Of,
}

enum Of {
    Points { run: Box<PointsRun>, scored: bool, floor: Option<f64>, painter: Option<Box<ScatterPainter>> },
    Progan,
}

/// The bytes of a PNG file, and its size.
pub(super) struct Png {
    pub(super) bytes: Vec<u8>,
    pub(super) size: (u32, u32),
}

impl Pictures {
    /// Those of the run that `content` is of.
    pub(super) fn of(dir: &RunDir, content: &Content) -> Result<Self, ExportError> {
        let of = match content.kind {
            Kind::Progan => Of::Progan,
            Kind::Points | Kind::Sefa => {
                let floor = content.floors.iter().find(|floor| floor.key == "sliced_w2").map(|floor| floor.mean);
                let run = Box::new(PointsRun::open(dir)?);
                Of::Points { scored: content.has_scores, run, floor, painter: None }
            }
        };
        Ok(Self { dir: dir.clone(), of })
    }

    /// Adds to a record that has just come what is recorded of its frame.
    pub(super) fn complete(&self, row: &mut Row) -> Result<(), ExportError> {
        match &self.of {
            Of::Points { run, scored: true, .. } if run.config().is_frame(row.step) => Ok(add_scores_of(run, row)?),
            Of::Points { .. } | Of::Progan => Ok(()),
        }
    }

    /// What they are called in TensorBoard.
    pub(super) const fn tag(&self) -> &'static str {
        match self.of {
            Of::Points { .. } => "frames/points",
            Of::Progan => "frames/samples",
        }
    }

    /// The steps of those that are exported of what is recorded now.
    pub(super) fn steps(&self, content: &Content) -> Result<Vec<u64>, ExportError> {
        let all = match &self.of {
            Of::Points { run, .. } => run.frames()?.epochs,
            Of::Progan => content.rows.iter().map(|row| row.step).collect(),
        };
        let count = all.len() as u64;
        Ok((0..count).zip(all).filter(|&(i, _)| is_chosen(i, count)).map(|(_, step)| step).collect())
    }

    /// Whether the record after `before` others is to have one, once the run has all that it is to have.
    pub(super) fn is_planned(&self, content: &Content, before: usize, step: u64) -> bool {
        let (index, count) = match &self.of {
            Of::Points { run, .. } => {
                let config = run.config();
                if !config.is_frame(step) {
                    return false;
                }
                (frame_index(run, step), frame_index(run, config.epochs) + 1)
            }
            Of::Progan => {
                let thousands = content.config.get("record_kimg").and_then(Value::as_f64).unwrap_or(0.0);
                let every = ((thousands * 1000.0) as u64).max(1);
                let total = self.dir.manifest().map_or(0, |manifest| manifest.total);
                (before as u64, total.div_ceil(every))
            }
        };
        is_chosen(index, count)
    }

    /// The picture at a record; None where there is none, or not as it was recorded any more, which is then noted.
    pub(super) fn draw(&mut self, row: &Row, notes: &mut Vec<String>) -> Result<Option<Png>, ExportError> {
        match &mut self.of {
            Of::Points { run, floor, painter, .. } => {
                if painter.is_none() {
                    let real = real_of(run)?;
                    let axes = ScatterPainter::axes(SIZE, AxesChoice::Auto, &real, run.config().data.is_the_labs());
                    *painter = Some(Box::new(ScatterPainter::new(SIZE, axes, Theme::Light, real)?));
                }
                let Some(painter) = painter else { return Ok(None) };
                let points = run.frame(frame_index(run, row.step) as usize)?;
                let floors = |distance: f64| {
                    floor.filter(|floor| *floor > 0.0).map(|floor| format!(", {:.1} floors", distance / floor))
                };
                let words =
                    |distance| format!("sliced W2 {}{}", measure(distance), floors(distance).unwrap_or_default());
                let shown = Shown {
                    title: &format!("{}, epoch {}", run.config().title(), row.step),
                    note: &row.number("sliced_w2").map(words).unwrap_or_default(),
                    generated: Some(&points),
                    progress: Some(row.step as f64 / run.config().epochs as f64),
                    ..Shown::default()
                };
                let bytes = encode_png(&painter.frame(&shown)?)?;
                Ok(Some(Png { bytes, size: (SIZE.width, SIZE.height) }))
            }
            Of::Progan => Ok(sample(&self.dir, row, notes)),
        }
    }
}

/// A ProGAN's grid of samples as it was recorded.
fn sample(dir: &RunDir, row: &Row, notes: &mut Vec<String>) -> Option<Png> {
    let (name, sha256) = row.file.as_ref()?;
    let bytes = match fs_err::read(dir.file(name)) {
        Ok(bytes) => bytes,
        Err(error) => {
            notes.push(format!("{error}; it is left out"));
            return None;
        }
    };
    let Some(size) = png_size(&bytes).filter(|_| sha256.as_ref().is_none_or(|sha256| *sha256 == digest(&bytes))) else {
        notes.push(format!("{} is not what was recorded; it is left out", dir.file(name).display()));
        return None;
    };
    Some(Png { bytes, size })
}

/// The size that a PNG file's first chunk says.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let number = |at: usize| Some(u32::from_be_bytes(*bytes.get(at..at + 4)?.as_array()?));
    (bytes.starts_with(b"\x89PNG\r\n\x1a\n") && bytes.get(12..16)? == b"IHDR").then_some(())?;
    Some((number(16)?, number(20)?))
}

/// Whether one of `count` is among the most that are taken, which are spread evenly from the first to the last.
fn is_chosen(index: u64, count: u64) -> bool {
    let most = MOST as u64;
    if count <= most {
        return index < count;
    }
    // The place of the i-th is i (count - 1) / (most - 1), rounded; in wide numbers, for epochs may be many.
    let (index, last, gaps) = (u128::from(index), u128::from(count - 1), u128::from(most - 1));
    let place = |i: u128| (2 * i * last + gaps) / (2 * gaps);
    let near = index * gaps / last.max(1);
    (near.saturating_sub(1)..=near + 1).any(|i| i <= gaps && place(i) == index)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_at_most_are_chosen_the_first_and_the_last_among_them() {
        for count in [1, 2, 9, 10, 11, 32, 33, 100, 12_345] {
            let chosen: Vec<u64> = (0..count).filter(|&index| is_chosen(index, count)).collect();
            assert_eq!(chosen.len() as u64, count.min(10), "{count}: {chosen:?}");
            assert!(chosen[0] == 0 && chosen.last() == Some(&(count - 1)), "{count}: {chosen:?}");
            let gaps: Vec<u64> = chosen.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let (least, most) = (gaps.iter().min(), gaps.iter().max());
            assert!(most.zip(least).is_none_or(|(most, least)| most - least <= 1), "{count}: {chosen:?}");
        }
        assert!(!is_chosen(0, 0) && is_chosen(u64::MAX - 1, u64::MAX));
    }

    #[test]
    fn a_png_says_its_size_and_nothing_else_does() {
        let picture = crate::render::Picture { width: 3, height: 2, rgb: vec![0; 18] };
        assert_eq!(png_size(&encode_png(&picture).unwrap()), Some((3, 2)));
        assert_eq!((png_size(b""), png_size(b"\x89PNG\r\n\x1a\n")), (None, None));
    }
}
