//! What a run recorded, in forms that other programs read: TensorBoard's event files, CSV, NumPy's npz. One file of source for
//! each form, and a list of them.
//!
//! [`Content`] is what there is to export, whatever the form. The same run gives the same bytes, wherever they are written.

mod content;
mod csv;
mod events;
mod live;
mod npz;
mod pictures;
mod points;
mod progan;
mod tensorboard;

use std::path::{Path, PathBuf};

pub use content::{Array, Arrays, Cells, Content, Floor, Row, State};
pub use live::Live;

use crate::made::{MadeError, ResultFolder};
use crate::media::MediaError;
use crate::render::RenderError;
use crate::run::{RunDir, RunError};
use pictures::Pictures;

/// A form in which a run is exported.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// Its name in commands.
    pub name: &'static str,
    /// What it holds, in a sentence.
    pub help: &'static str,
    /// Where it goes unless told otherwise.
    pub folder: &'static str,
    /// Whether it has the run's arrays.
    arrays: Arrays,
    /// Whether it can be written; nothing is changed.
    permit: fn(&Target) -> Result<(), ExportError>,
    /// Writes it, and gives the paths of its files.
    write: fn(&mut Export, &Target) -> Result<Vec<PathBuf>, ExportError>,
}

/// Where TensorBoard looks unless told otherwise, a folder a run.
pub const TENSORBOARD: &str = "work_dirs/tensorboard";
const EXPORTS: &str = "work_dirs/export";

/// Every form.
pub static FORMS: [Form; 3] = [
    Form {
        name: "tensorboard",
        help: "An event file for TensorBoard: scalars, ten pictures, hparams, text",
        folder: TENSORBOARD,
        arrays: Arrays::None,
        permit: |target| tensorboard::permit(&target.path()).map(drop),
        write: tensorboard::write,
    },
    Form {
        name: "csv",
        help: "Tables: records.csv, and for runs of points also frames.csv and real.csv",
        folder: EXPORTS,
        arrays: Arrays::All,
        permit: |target| target.permit(&["records.csv", "frames.csv", "real.csv"].map(|file| target.inside(file))),
        write: csv::write,
    },
    Form {
        name: "npz",
        help: "One file of arrays for NumPy, with the records' numbers",
        folder: EXPORTS,
        arrays: Arrays::All,
        permit: |target| target.permit(&[format!("{}.npz", target.name)]),
        write: npz::write,
    },
];

/// Where a run is exported to.
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// The folder for all runs.
    pub folder: &'a Path,
    /// What the run's files or folder are called in it.
    pub name: &'a str,
    /// Whether files of these names are replaced that are not gan-lab's.
    pub force: bool,
}

impl Target<'_> {
    /// The run's own folder.
    fn path(&self) -> PathBuf {
        self.folder.join(self.name)
    }

    /// A file's name in the run's own folder.
    fn inside(&self, file: &str) -> String {
        format!("{}/{file}", self.name)
    }

    fn permit(&self, names: &[String]) -> Result<(), ExportError> {
        let folder = ResultFolder::open(self.folder, self.force)?;
        Ok(names.iter().try_for_each(|name| folder.permit(name))?)
    }

    fn put(&self, files: &[(String, Vec<u8>)]) -> Result<Vec<PathBuf>, ExportError> {
        let mut folder = ResultFolder::open(self.folder, self.force)?;
        Ok(files.iter().map(|(name, bytes)| folder.write(name, bytes)).collect::<Result<_, _>>()?)
    }
}

/// A run that is being exported.
pub struct Export {
    content: Content,
    pictures: Pictures,
    notes: Vec<String>,
}

impl Export {
    /// Reads the run in a directory, as much of it as these forms need.
    pub fn open(dir: &RunDir, forms: &[&Form]) -> Result<Self, ExportError> {
        let all = forms.iter().any(|form| form.arrays == Arrays::All);
        let content = Content::of(dir, if all { Arrays::All } else { Arrays::None })?;
        let pictures = Pictures::of(dir, &content)?;
        Ok(Self { content, pictures, notes: Vec::new() })
    }

    /// What there is of it.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// What was left out, and why.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}

impl Form {
    /// The form of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMS.iter().find(|form| form.name == name)
    }

    /// Refuses what cannot be replaced, before anything is read or written.
    pub fn permit(&self, target: &Target) -> Result<(), ExportError> {
        (self.permit)(target)
    }

    /// Writes a run in this form, and gives the paths of its files.
    pub fn write(&self, export: &mut Export, target: &Target) -> Result<Vec<PathBuf>, ExportError> {
        (self.write)(export, target)
    }
}

/// Why a run cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It cannot be read, or is of a kind that is not exported.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Something cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A file is somebody else's.
    #[error(transparent)]
    Made(#[from] MadeError),
    /// A picture cannot be drawn.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A picture cannot be packed.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// An archive cannot be written.
    #[error("cannot write the archive: {0}")]
    Archive(#[from] ::zip::result::ZipError),
    /// A run that trains writes there.
    #[error("{path} is being written by a run that trains; wait for it, or export into another folder with --out")]
    AtWork {
        /// The file.
        path: PathBuf,
    },
    /// The events of a run that trained are no more where they were written.
    #[error("{path} was taken away while it was written; `gan-lab export --to tensorboard` writes it anew")]
    Gone {
        /// The file.
        path: PathBuf,
    },
}
