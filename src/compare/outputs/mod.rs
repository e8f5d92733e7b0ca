//! The files of a comparison: one file of source for each form, and a list of them.

mod curve;
mod curves_csv;
mod json;
mod latex;
mod markdown;
mod panel;
mod runs_csv;
mod table_csv;

pub use panel::{Panel, PanelError, real_of};

use super::Comparison;
use crate::kinds::points::View;
use crate::media::MediaError;
use crate::render::RenderError;

/// A form in which a comparison is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Tables to read.
    Md,
    /// Tables for other programs.
    Csv,
    /// All of it for other programs.
    Json,
    /// Tables for a paper.
    Latex,
    /// Pictures.
    Png,
    /// An animation.
    Gif,
}

impl Format {
    /// Every form.
    pub const ALL: [Self; 6] = [Self::Md, Self::Csv, Self::Json, Self::Latex, Self::Png, Self::Gif];

    /// Its name in commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md => "md",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Latex => "latex",
            Self::Png => "png",
            Self::Gif => "gif",
        }
    }
}

/// A file that is made of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Output {
    /// Its name.
    pub file: &'static str,
    /// Its form.
    pub format: Format,
    /// What it holds, in a sentence.
    pub content: &'static str,
    /// Its bytes; panels show these views of each run.
    pub bytes: fn(&Comparison, &[View]) -> Result<Vec<u8>, OutputError>,
}

/// Every file, in the order in which they are written.
pub static OUTPUTS: [Output; 9] = [
    Output {
        file: "table.md",
        format: Format::Md,
        content: "for each data set the groups, the differences, the runs",
        bytes: |comparison, _| Ok(markdown::text(comparison).into_bytes()),
    },
    Output {
        file: "table.csv",
        format: Format::Csv,
        content: "a line a run, a column a metric",
        bytes: |comparison, _| table_csv::bytes(comparison),
    },
    Output {
        file: "runs.csv",
        format: Format::Csv,
        content: "a line for each run and metric",
        bytes: |comparison, _| runs_csv::bytes(comparison),
    },
    Output {
        file: "curves.csv",
        format: Format::Csv,
        content: "a line for each run, metric and measured epoch",
        bytes: |comparison, _| curves_csv::bytes(comparison),
    },
    Output {
        file: "comparison.json",
        format: Format::Json,
        content: "all of it",
        bytes: |comparison, _| json::bytes(comparison),
    },
    Output {
        file: "table.tex",
        format: Format::Latex,
        content: "for each data set the groups and the differences, for booktabs",
        bytes: |comparison, _| Ok(latex::text(comparison).into_bytes()),
    },
    Output {
        file: "curve.png",
        format: Format::Png,
        content: "for each data set the headline metric over the epochs, over the floor's band",
        bytes: |comparison, _| curve::bytes(comparison),
    },
    Output {
        file: "panel.png",
        format: Format::Png,
        content: "for each data set the last points of its runs on the same axes",
        bytes: panel::last,
    },
    Output { file: "panel.gif", format: Format::Gif, content: "the same over the epochs", bytes: panel::film },
];

/// What the pictures leave out, as they say themselves: of the curves, and of the panel.
pub fn not_drawn(comparison: &Comparison, views: &[View]) -> Vec<String> {
    let panel = panel::left_out(comparison, views);
    let [curves, panel] = [("curve.png", curve::left_out(comparison)), ("panel.png", panel)]
        .map(|(file, notes)| notes.into_iter().map(move |note| format!("{file}: {note}")));
    curves.chain(panel).collect()
}

/// Why a file cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum OutputError {
    /// It cannot be put together.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is no JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// A run cannot be read or drawn.
    #[error(transparent)]
    Panel(#[from] PanelError),
    /// It cannot be drawn.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A picture cannot be packed.
    #[error(transparent)]
    Media(#[from] MediaError),
}

impl Comparison {
    /// All of it as JSON, curves included.
    pub fn json(&self) -> serde_json::Value {
        json::value(self)
    }
}

/// Lines of CSV.
fn csv(header: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> Result<Vec<u8>, OutputError> {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let wrong = |error: ::csv::Error| std::io::Error::other(error.to_string());
    writer.write_record(header).map_err(wrong)?;
    for row in rows {
        writer.write_record(row).map_err(wrong)?;
    }
    Ok(writer.into_inner().map_err(|error| std::io::Error::other(error.to_string()))?)
}
