//! TensorBoard's event file while a run trains: a thread of its own draws and appends, so that training never waits.
//!
//! The file is what [`super::tensorboard`] makes of what is recorded, and then grows with every record, whole records at a
//! time. It is begun anew when a run goes on, because what a killed process wrote beyond the saved state will come again, and
//! not every reader drops what comes twice. At the end it has the bytes that an export of the run has.
//!
//! It does not lie in the run's folder: all that lies there is the run's and listed in its manifest, and the same bytes with and
//! without a TensorBoard beside it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use fs_err as fs;
use serde::Serialize;

use super::content::{Arrays, Content, Row, State};
use super::pictures::Pictures;
use super::{ExportError, Target, tensorboard};
use crate::files;
use crate::run::RunDir;

/// The event file of a run that trains.
pub struct Live {
    dir: RunDir,
    folder: PathBuf,
    path: PathBuf,
    records: Option<Sender<serde_json::Value>>,
    writer: Option<JoinHandle<Result<(fs::File, Progress), ExportError>>>,
}

/// How far the file is.
#[derive(Default)]
struct Progress {
    /// How many records are in it.
    rows: usize,
    /// The steps that have a picture.
    pictured: Vec<u64>,
    notes: Vec<String>,
    /// Whether the run was over when it was begun, and the file has its end.
    is_over: bool,
}

impl Progress {
    /// The bytes of the next record.
    fn take(&mut self, content: &Content, pictures: &mut Pictures, row: &Row) -> Result<Vec<u8>, ExportError> {
        let mut picture = None;
        if pictures.is_planned(content, self.rows, row.step) {
            self.pictured.push(row.step);
            picture = pictures.draw(row, &mut self.notes)?;
        }
        self.rows += 1;
        Ok(tensorboard::of_row(content, row, picture.as_ref().map(|png| (pictures.tag(), png))))
    }
}

/// Appends records as they come.
fn write(
    records: &Receiver<serde_json::Value>,
    content: &Content,
    mut pictures: Pictures,
    mut file: fs::File,
    mut progress: Progress,
) -> Result<(fs::File, Progress), ExportError> {
    for record in records {
        let mut row = Row::of(content.kind, &record);
        pictures.complete(&mut row)?;
        file.write_all(&progress.take(content, &mut pictures, &row)?)?;
    }
    Ok((file, progress))
}

impl Live {
    /// Refuses a folder in which the events cannot be written; nothing is changed.
    pub fn permit(target: &Target) -> Result<(), ExportError> {
        tensorboard::permit(&target.path())?;
        Ok(files::can_write(&target.path())?)
    }

    /// Begins the file of the run in a directory, with what is recorded there, in the place of an older one.
    pub fn begin(dir: &RunDir, target: &Target) -> Result<Self, ExportError> {
        let content = Content::of(dir, Arrays::None)?;
        let mut pictures = Pictures::of(dir, &content)?;
        let mut state = Progress { is_over: content.state == State::Over, ..Progress::default() };
        let bytes = if state.is_over {
            state.rows = content.rows.len();
            state.pictured = pictures.steps(&content)?;
            tensorboard::bytes(&content, &mut pictures, &mut state.notes)?
        } else {
            let mut bytes = tensorboard::opening(&content);
            for row in &content.rows {
                bytes.extend(state.take(&content, &mut pictures, row)?);
            }
            bytes
        };
        let folder = target.path();
        let path = tensorboard::place(&folder, content.begun, &bytes)?;
        let file = files::open_own(&path, fs::OpenOptions::new().append(true))?;
        // Where files cannot be locked, nobody else is kept from it.
        let _ = file.file().try_lock();
        let (sender, receiver) = channel();
        let work = move || write(&receiver, &content, pictures, file, state);
        let writer = std::thread::Builder::new().name("events".into()).spawn(work)?;
        Ok(Self { dir: dir.clone(), folder, path, records: Some(sender), writer: Some(writer) })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes a record, which the run has in its files. What goes wrong with it is said at the end.
    pub fn record(&self, record: &impl Serialize) {
        let (Some(records), Ok(value)) = (&self.records, serde_json::to_value(record)) else { return };
        // A writer that failed has said why.
        let _ = records.send(value);
    }

    /// Waits until all is written, and gives the file's path and what was left out. A run that is over by other means than it
    /// was to be has other pictures; then the file is made anew.
    pub fn finish(mut self) -> Result<(PathBuf, Vec<String>), ExportError> {
        drop(self.records.take());
        let Some(writer) = self.writer.take() else { return Ok((self.path.clone(), Vec::new())) };
        let panicked = |_| std::io::Error::other("the thread that writes the events ended");
        let (mut file, Progress { rows, pictured, mut notes, is_over: was_over }) =
            writer.join().map_err(panicked)??;
        let content = Content::of(&self.dir, Arrays::None)?;
        let mut pictures = Pictures::of(&self.dir, &content)?;
        let is_over = content.state != State::Unfinished;
        if is_over && (pictures.steps(&content)? != pictured || content.rows.len() != rows) {
            // Lets the lock go.
            drop(file);
            notes.clear();
            let bytes = tensorboard::bytes(&content, &mut pictures, &mut notes)?;
            return Ok((tensorboard::place(&self.folder, content.begun, &bytes)?, notes));
        }
        if !was_over {
            file.write_all(&tensorboard::ending(&content))?;
        }
        if !self.path.is_file() {
            return Err(ExportError::Gone { path: self.path.clone() });
        }
        Ok((self.path.clone(), notes))
    }
}
