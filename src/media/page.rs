//! A page that shows directions: one file, no network, a slider for each direction.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::{MediaError, encode_jpeg};
use crate::render::Picture;

const TEMPLATE: &str = include_str!("page.html");

/// What the page tells.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SefaPage {
    /// The job's name.
    pub title: String,
    /// The model's name.
    pub model: String,
    /// The seed of the codes.
    pub seed: u64,
    /// How many samples there are.
    pub samples: usize,
    /// The distances, from first to last.
    pub distances: Vec<f64>,
    /// All eigenvalues, for the chart.
    pub eigenvalues: Vec<f64>,
    /// The directions shown.
    pub directions: Vec<PageDirection>,
}

/// A direction on the page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageDirection {
    /// Its number among all.
    pub index: usize,
    /// Its eigenvalue.
    pub eigenvalue: f64,
    /// The eigenvalue's share of all.
    pub share: f64,
    /// What a person called it.
    pub label: String,
}

/// The page's bytes. `frames` are the pictures of the directions, a row a sample and a column a distance; `unedited` has
/// the samples as they are, one under another.
pub fn encode_page(page: &SefaPage, frames: &[Picture], unedited: &Picture) -> Result<Vec<u8>, MediaError> {
    let uri = |picture: &Picture| {
        Ok::<_, MediaError>(format!("data:image/jpeg;base64,{}", STANDARD.encode(encode_jpeg(picture)?)))
    };
    let images = frames.iter().map(uri).collect::<Result<Vec<_>, _>>()?;
    let data = serde_json::json!({ "page": page, "frames": images, "unedited": uri(unedited)? });
    // In a script no text may end it, nor begin what swallows its end: `<!--` with `<script`.
    let data = serde_json::to_string(&data)?.replace('<', "\\u003c");
    Ok(TEMPLATE.replacen("/*DATA*/ null", &data, 1).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_holds_its_data_and_no_label_ends_the_script() {
        let page = SefaPage {
            title: "<!--<script>".into(),
            model: "m<!-- <script ".into(),
            seed: 0,
            samples: 1,
            distances: vec![-1.0, 1.0],
            eigenvalues: vec![2.0],
            directions: vec![PageDirection {
                index: 0,
                eigenvalue: 2.0,
                share: 1.0,
                label: "</script><b><!--<script>".into(),
            }],
        };
        let picture = Picture::white(2, 1);
        let html = String::from_utf8(encode_page(&page, std::slice::from_ref(&picture), &picture).unwrap()).unwrap();
        assert!(html.contains("data:image/jpeg;base64,") && !html.contains("/*DATA*/"));
        assert_eq!(html.matches("</script>").count(), 1);
        assert_eq!((html.matches("<script").count(), html.matches("<!--").count()), (1, 0));
        let data = html.lines().find_map(|line| line.strip_prefix("const { page, frames, unedited } = ")).unwrap();
        let data: serde_json::Value = serde_json::from_str(data.trim_end_matches(';')).unwrap();
        assert_eq!(data["page"]["directions"][0]["label"], "</script><b><!--<script>");
        assert_eq!(data["page"]["model"], "m<!-- <script ");
        assert!(!html.contains("http://") && !html.contains("https://"));
    }
}
