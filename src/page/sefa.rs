//! A page that shows directions: a slider for each, the samples along it, fields for labels.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::{PageError, SEFA};
use crate::media::encode_jpeg;
use crate::render::Picture;

/// Bytes of pictures in a page at most: with base64 a page of 28 MB, which browsers open and mail servers may refuse.
const MOST_BYTES: usize = 21_000_000;

/// How pictures are made smaller until they fit: by what their sides are divided, and the JPEG's quality.
const LADDER: [(usize, u8); 11] =
    [(1, 88), (1, 75), (2, 85), (2, 70), (4, 80), (4, 65), (4, 50), (8, 80), (8, 60), (16, 60), (32, 60)];

/// The longest side of a JPEG.
const LONGEST: usize = 65_535;

/// What the page tells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SefaPage {
    /// The job's name.
    pub title: String,
    /// The model's name.
    pub model: String,
    /// What tells these directions from others: a browser keeps labels by it.
    pub key: String,
    /// Where the codes came from.
    pub codes: String,
    /// How many samples there are.
    pub samples: usize,
    /// What each of them is called: its seed, its row in a file.
    pub names: Vec<String>,
    /// The distances, from first to last.
    pub distances: Vec<f64>,
    /// All eigenvalues, for the chart; none where directions were found elsewhere.
    pub eigenvalues: Vec<f64>,
    /// The directions shown.
    pub directions: Vec<PageDirection>,
    /// What they do, as `traits.json` says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traits: Option<serde_json::Value>,
}

/// A direction on the page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageDirection {
    /// Its number among all.
    pub index: usize,
    /// Its eigenvalue, where there is one.
    pub eigenvalue: Option<f64>,
    /// The eigenvalue's share of all.
    pub share: Option<f64>,
    /// What a person called it.
    pub label: String,
}

impl SefaPage {
    /// The page's bytes. `frames` are the pictures of the directions, a row a sample and a column a distance; `unedited` has
    /// the samples as they are, one under another. Pictures that are too large together are made smaller, and the page says
    /// so.
    pub fn bytes(&self, frames: &[Picture], unedited: &Picture) -> Result<Vec<u8>, PageError> {
        let Fitted { reduced, mut uris } = fitted(frames, unedited, MOST_BYTES)?;
        let unedited = uris.pop();
        SEFA.with(&serde_json::json!({ "page": self, "frames": uris, "unedited": unedited, "reduced": reduced }))
    }
}

/// Pictures as they go into the page.
struct Fitted {
    /// What their sides were divided by.
    reduced: usize,
    /// Data URIs, that of the unedited samples last.
    uris: Vec<String>,
}

/// The pictures at the first rung of the ladder on which they fit into `most` bytes, or at the last. Which that is about, the
/// first, the middle and the last one say: encoding all of them on every rung takes minutes.
fn fitted(frames: &[Picture], unedited: &Picture, most: usize) -> Result<Fitted, PageError> {
    // The unedited samples stand one under another.
    let side = unedited.width;
    let all: Vec<&Picture> = frames.iter().chain([unedited]).collect();
    let pixels = |pictures: &[&Picture]| pictures.iter().map(|picture| picture.rgb.len() as f64).sum::<f64>();
    let some: Vec<&Picture> =
        frames.first().into_iter().chain(frames.get(frames.len() / 2)).chain(frames.last()).collect();
    let share = pixels(&some) / pixels(&all);
    let longest = all.iter().flat_map(|picture| [picture.width, picture.height]).max().unwrap_or(1);
    for (i, &rung) in LADDER.iter().enumerate() {
        let is_last = i + 1 == LADDER.len();
        if !is_last && longest / rung.0 > LONGEST {
            continue;
        }
        // What is small is encoded at once.
        if !is_last && all.len() > some.len() && pixels(&all) > most as f64 {
            let bytes: usize = encoded(&some, side, rung)?.iter().map(Vec::len).sum();
            if bytes as f64 > 1.02 * share * most as f64 {
                continue;
            }
        }
        let jpegs = encoded(&all, side, rung)?;
        if is_last || jpegs.iter().map(Vec::len).sum::<usize>() <= most {
            return Ok(Fitted { reduced: rung.0, uris: jpegs.iter().map(|jpeg| uri(jpeg)).collect() });
        }
    }
    Ok(Fitted { reduced: 1, uris: Vec::new() })
}

fn encoded(pictures: &[&Picture], side: usize, (by, quality): (usize, u8)) -> Result<Vec<Vec<u8>>, PageError> {
    let one = |picture: &&Picture| {
        let small = (by > 1).then(|| picture.shrunk(side, by));
        Ok(encode_jpeg(small.as_ref().unwrap_or(*picture), quality)?)
    };
    pictures.iter().map(one).collect()
}

fn uri(jpeg: &[u8]) -> String {
    format!("data:image/jpeg;base64,{}", STANDARD.encode(jpeg))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(label: &str) -> SefaPage {
        SefaPage {
            title: label.into(),
            model: label.into(),
            key: "0".into(),
            codes: "PyTorch's seed 0".into(),
            samples: 2,
            names: vec![label.into(), label.into()],
            distances: vec![-1.0, 0.0, 1.0],
            eigenvalues: vec![2.0],
            directions: vec![PageDirection { index: 0, eigenvalue: Some(2.0), share: Some(1.0), label: label.into() }],
            traits: None,
        }
    }

    /// As a photograph: smooth, with noise.
    fn photograph(width: usize, height: usize, seed: u32) -> Picture {
        let mut state = seed.wrapping_mul(2_654_435_761) | 1;
        let mut value = |i: usize| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (x, y) = ((i / 3 % width) as f64, (i / 3 / width) as f64);
            ((x / 17.0).sin() * 60.0 + (y / 23.0).cos() * 60.0 + 128.0) as u8 + (state >> 29) as u8
        };
        Picture { width, height, rgb: (0..width * height * 3).map(&mut value).collect() }
    }

    #[test]
    fn the_page_holds_its_data_and_its_pictures() {
        let label = "</script><b><!--<script>";
        let (frame, unedited) = (Picture::white(6, 4), Picture::white(2, 4));
        let html = String::from_utf8(page(label).bytes(std::slice::from_ref(&frame), &unedited).unwrap()).unwrap();
        let data = html.lines().find_map(|line| line.strip_prefix("const DATA = ")).unwrap();
        let data: serde_json::Value = serde_json::from_str(data.trim_end_matches(';')).unwrap();
        assert_eq!(data["page"]["directions"][0]["label"], label);
        assert_eq!((data["page"]["model"].as_str(), data["reduced"].as_u64()), (Some(label), Some(1)));
        assert!(data["frames"][0].as_str().unwrap().starts_with("data:image/jpeg;base64,"));
        assert_eq!(data["frames"].as_array().unwrap().len(), 1);
        assert!(data["unedited"].is_string());
    }

    #[test]
    fn pictures_that_are_too_large_are_made_smaller_until_they_fit() {
        let frames: Vec<Picture> = (0..5).map(|seed| photograph(3 * 130, 2 * 130, seed)).collect();
        let unedited = photograph(130, 2 * 130, 9);
        let size = |fitted: &Fitted| fitted.uris.iter().map(String::len).sum::<usize>() * 3 / 4;
        let whole = fitted(&frames, &unedited, usize::MAX).unwrap();
        assert_eq!((whole.reduced, whole.uris.len()), (1, 6));
        let mut before = usize::MAX;
        for share in [2, 4, 8] {
            let most = size(&whole) / share;
            let less = fitted(&frames, &unedited, most).unwrap();
            assert!(size(&less) <= most && size(&less) < before, "{} of {most} bytes", size(&less));
            assert_eq!(less.uris.len(), 6);
            before = size(&less);
        }
        // Nothing fits into nothing; then it is the smallest.
        assert_eq!(fitted(&frames, &unedited, 0).unwrap().reduced, 32);
        assert!(fitted(&[], &unedited, 0).unwrap().uris.len() == 1);
    }
}
