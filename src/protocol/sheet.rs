//! The pictures of a protocol's trainings beside each other: a row for each seed, true points first, then the methods in the
//! order of the table.

use std::path::{Path, PathBuf};

use fs_err as fs;

use super::jobs::Mark;
use super::{Job, Plan, ProtocolError, Results, picture};
use crate::made::{MadeError, ResultFolder};
use crate::media::{self, MediaError};
use crate::render::{ContactSheet, Picture, RenderError};

/// The folder of pictures, beside the results.
const PICTURES: &str = "pictures";

/// A place in a sheet.
enum Tile<'a> {
    Truth(u64),
    Training(&'a Job, &'a Mark),
}

impl Plan {
    /// Writes a sheet for each mark of which there are pictures, and says where they are.
    pub fn write_sheets(&self, jobs: &[Job], results: &Results) -> Result<Vec<PathBuf>, ProtocolError> {
        let mut written = Vec::new();
        let mut folder = ResultFolder::open(results.folder(), false)?;
        for &mark in self.protocol.marks {
            let path = self.sheet(results, mark);
            if let Some(sheet) = self.draw_sheet(jobs, results, mark).map_err(wrong(&path))? {
                let bytes = media::encode_png(&sheet).map_err(wrong(&path))?;
                written.push(folder.write(&self.sheet_name(mark), &bytes)?);
            }
        }
        Ok(written)
    }

    /// Where the sheet of a published mark is, if it was written.
    pub fn sheet(&self, results: &Results, mark: u64) -> PathBuf {
        results.folder().join(self.sheet_name(mark))
    }

    fn sheet_name(&self, mark: u64) -> String {
        format!("after-{}.png", self.iterations(mark))
    }

    /// Refuses the places of pictures where somebody else's files lie.
    pub(super) fn permit_pictures<'a>(
        &self,
        jobs: impl Iterator<Item = &'a Job>,
        folder: &ResultFolder,
    ) -> Result<(), MadeError> {
        self.protocol.marks.iter().try_for_each(|&mark| folder.permit(&self.sheet_name(mark)))?;
        let mut pictures = jobs.flat_map(|job| job.marks().iter().map(move |mark| name(job, mark)));
        pictures.try_for_each(|name| folder.permit(&name))
    }

    fn draw_sheet(&self, jobs: &[Job], results: &Results, mark: u64) -> Result<Option<Picture>, MediaError> {
        let tiles = self.tiles(jobs, mark);
        let path = |tile: &Tile<'_>| match tile {
            Tile::Truth(_) => None,
            Tile::Training(job, mark) => Some(results.folder().join(name(job, mark))).filter(|path| path.exists()),
        };
        if !tiles.iter().any(|tile| path(tile).is_some()) {
            return Ok(None);
        }
        let pictures = tiles.iter().map(|tile| self.picture(tile, path(tile).as_deref()));
        let pictures = pictures.collect::<Result<Vec<_>, _>>()?;
        let side = pictures.iter().flatten().map(|picture| picture.width.max(picture.height)).max().unwrap_or(0);
        let name = |(tile, picture): (&Tile<'_>, &Option<Picture>)| match (tile, picture) {
            (Tile::Training(job, mark), None) => {
                let is_done = results.find(&mark.digest, &self.protocol.measure).is_some();
                let why = if is_done { "its picture is not there" } else { "not trained yet" };
                format!("{}, seed {}: {why}", job.method().title, job.config().seed)
            }
            _ => String::new(),
        };
        let sheet = ContactSheet {
            title: format!(
                "{}: {}; after {} iterations",
                self.protocol.name,
                self.protocol.law.words(),
                self.iterations(mark)
            ),
            names: tiles.iter().zip(&pictures).map(name).collect(),
            columns: self.methods.len() + 1,
            side,
        };
        let blank = || Picture::white(1, 1);
        Ok(Some(sheet.draw(|i| Ok::<_, RenderError>(pictures[i].clone().unwrap_or_else(blank)))?))
    }

    /// What stands where at a published mark, row by row.
    fn tiles<'a>(&self, jobs: &'a [Job], mark: u64) -> Vec<Tile<'a>> {
        let mut tiles = Vec::new();
        for &seed in &self.seeds {
            tiles.push(Tile::Truth(seed));
            for method in &self.methods {
                let of_method = jobs.iter().filter(|job| job.method().name == method.name && job.config().seed == seed);
                let marks = of_method.flat_map(|job| job.marks().iter().map(move |mark| (job, mark)));
                let found = marks.filter(|(_, at)| at.published == mark);
                tiles.extend(found.map(|(job, mark)| Tile::Training(job, mark)));
            }
        }
        tiles
    }

    fn picture(&self, tile: &Tile<'_>, path: Option<&Path>) -> Result<Option<Picture>, MediaError> {
        Ok(match (tile, path) {
            (Tile::Truth(seed), _) => Some(picture::of_law(self.protocol, *seed)?),
            (Tile::Training(..), Some(path)) => {
                // One that is damaged is as good as none.
                fs::read(path).ok().and_then(|bytes| media::decode_png(&bytes).ok())
            }
            (Tile::Training(..), None) => None,
        })
    }
}

/// The picture of a training at a mark, as a name in the folder of results.
pub(super) fn name(job: &Job, mark: &Mark) -> String {
    format!("{PICTURES}/{}-seed{}-{}.png", job.method().name, job.config().seed, mark.iterations)
}

/// The error for a picture.
pub(super) fn wrong<E: Into<MediaError>>(path: &Path) -> impl Fn(E) -> ProtocolError {
    let path = path.to_owned();
    move |error| ProtocolError::Picture { path: path.clone(), source: error.into() }
}
