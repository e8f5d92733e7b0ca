//! `gan-lab draw`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::points::{GIFS, axes};
use super::printer::{Printer, path_lines, shown_path};
use crate::compare::runs_under;
use crate::config::RunConfig;
use crate::kinds::points::{Frames, PointsRun};
use crate::media::{self, Animation};
use crate::render::{Picture, RenderError, ScatterPainter, Size, sheet};
use crate::run::{Ability, RUNS, RunDir};
use crate::sweep::SweepError;
use crate::{files, json};

/// Draw recorded runs as GIFs, single frames or sheets
#[derive(Debug, Args)]
#[command(
    after_help = "Each run becomes gif/<RUN's folder>.gif, drawn from what that run recorded; nothing is trained \
                        again."
)]
pub(super) struct DrawArgs {
    /// Run directories, or directories of runs such as a sweep's [default: all in work_dirs/train/]
    #[arg(value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Where to write
    #[arg(long, value_name = "DIR", default_value = GIFS)]
    out: PathBuf,
    /// Draw only frames of epochs that are multiples of this, and the last
    #[arg(long, value_name = "EPOCHS", value_parser = clap::value_parser!(u64).range(1..))]
    every: Option<u64>,
    /// Frames a second
    #[arg(long, default_value_t = 4.0, value_parser = fps)]
    fps: f64,
    /// Size in pixels
    #[arg(long, value_name = "WxH", default_value = "640x480")]
    size: Size,
    /// What to write: an animation, or single frames
    #[arg(long, value_enum, default_value_t = Format::Gif)]
    format: Format,
    /// Write single frames beside the GIF
    #[arg(long)]
    png: bool,
    /// Put these epochs side by side in one PNG instead: 10,50,100
    #[arg(long, value_name = "EPOCHS", value_delimiter = ',', conflicts_with_all = ["last", "png", "every", "format"])]
    sheet: Vec<u64>,
    /// Draw only the last frame, as PNG
    #[arg(long, conflicts_with_all = ["png", "every", "format"])]
    last: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// An animated GIF
    Gif,
    /// A PNG for each frame, in a folder
    Png,
}

fn fps(text: &str) -> Result<f64, String> {
    let fps: f64 = text.parse().map_err(|_| format!("'{text}' is not a number"))?;
    if (0.02..=50.0).contains(&fps) { Ok(fps) } else { Err("it must be 0.02 to 50".into()) }
}

/// A run that has not recorded anything yet.
#[derive(Debug, thiserror::Error)]
#[error("{path} has no frames yet; the first comes after epoch {first}")]
struct NoFrames {
    path: PathBuf,
    first: u64,
}

/// A run with its frames, ready to draw.
struct Film {
    dir: RunDir,
    config: RunConfig,
    frames: Frames,
    painter: ScatterPainter,
}

impl Film {
    fn open(dir: &RunDir, size: Size) -> anyhow::Result<Self> {
        let run = PointsRun::open(dir)?;
        let (real, frames, config) = (run.real()?, run.frames()?, run.config().clone());
        if frames.epochs.is_empty() {
            return Err(NoFrames { path: dir.path().to_owned(), first: config.frame_every }.into());
        }
        let painter = ScatterPainter::new(size, axes(&config, &real), &real)?;
        Ok(Self { dir: dir.clone(), config, frames, painter })
    }

    fn title(&self, index: usize) -> String {
        format!("{}, epoch {}", self.config.title(), self.frames.epochs[index])
    }

    /// The film with only the frames that `keep` chooses by their epochs.
    fn thinned(mut self, every: u64) -> Self {
        let last = self.frames.epochs.last().copied();
        let kept = |epoch: u64| epoch.is_multiple_of(every) || Some(epoch) == last;
        let (epochs, samples) = std::mem::take(&mut self.frames).into_pairs().filter(|(epoch, _)| kept(*epoch)).unzip();
        self.frames = Frames { epochs, samples };
        self
    }

    /// Where the frame of an epoch is.
    fn index_of(&self, epoch: u64) -> anyhow::Result<usize> {
        self.frames.epochs.iter().position(|&e| e == epoch).with_context(|| {
            let recorded = self.frames.epochs.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
            format!("{} has no frame of epoch {epoch}; it has: {recorded}", self.dir.path().display())
        })
    }
}

impl Animation for Film {
    fn len(&self) -> usize {
        self.frames.epochs.len()
    }

    fn frame(&self, index: usize) -> Result<Picture, RenderError> {
        self.painter.frame(&self.frames.samples[index], &self.title(index))
    }
}

pub(super) fn run(args: &DrawArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let (films, exit) = open_all(args, printer)?;
    let names = names(&films.iter().map(|film| film.dir.path()).collect::<Vec<_>>());
    let mut written = Vec::new();
    for (film, name) in films.into_iter().zip(names) {
        printer.note(&format!("drawing {}", film.dir.path().display()));
        written.extend(draw(film, &name, args)?);
    }
    let list = written.iter().map(|path| shown_path(path)).collect::<Vec<_>>().join("\n");
    let fields = || serde_json::json!({ "files": json::paths(written.iter().map(PathBuf::as_path)) });
    printer.result(&list, path_lines(&written), fields)?;
    Ok(exit)
}

/// The runs to draw, and how the command ends: a run that cannot be drawn costs itself only, and is named.
fn open_all(args: &DrawArgs, printer: &Printer) -> anyhow::Result<(Vec<Film>, Exit)> {
    let dirs = if args.runs.is_empty() { all_runs()? } else { named(&args.runs)? };
    let mut films = Vec::new();
    let mut last = None;
    let mut exit = Exit::Done;
    for dir in &dirs {
        match Film::open(dir, args.size) {
            Ok(film) => films.push(film),
            Err(error) => {
                // One that is young is left out of a drawing of all; a named or damaged one is not there as it should be.
                let young = error.is::<NoFrames>() && !args.runs.iter().any(|named| named == dir.path());
                if young {
                    printer.note(&format!("not drawn: {error:#}"));
                } else if dirs.len() > 1 {
                    printer.problem(&format!("not drawn: {error:#}"));
                    exit = Exit::Fixable;
                }
                last = Some(error);
            }
        }
    }
    match last {
        Some(error) if films.is_empty() && dirs.len() == 1 => Err(error),
        Some(_) if films.is_empty() => bail!("none of the {} runs could be drawn", dirs.len()),
        _ => Ok((films, exit)),
    }
}

/// The runs that paths mean: a run, or all of a sweep or of a folder.
fn named(paths: &[PathBuf]) -> anyhow::Result<Vec<RunDir>> {
    let mut dirs = Vec::new();
    for path in paths {
        match runs_under(path, Ability::Draw) {
            Ok(found) => dirs.extend(found.dirs),
            // What is wrong with it is said where it is opened, and costs itself only.
            Err(SweepError::Run(_)) => dirs.push(RunDir::new(path)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(dirs)
}

fn all_runs() -> anyhow::Result<Vec<RunDir>> {
    let dirs: Vec<RunDir> =
        RunDir::all_under(Path::new(RUNS))?.into_iter().filter(|dir| dir.can(Ability::Draw)).collect();
    if dirs.is_empty() {
        bail!("there is no run of points in {RUNS}/; make one with: gan-lab train gan");
    }
    Ok(dirs)
}

/// What each run's files are called: as its folder; where several folders are called the same, with the folder around
/// them before it, and a number where that is the same too.
fn names(runs: &[&Path]) -> Vec<String> {
    let part = |path: Option<&Path>| {
        let name = path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_else(|| "run".to_owned())
    };
    // A path such as `.` says nothing of its folder's name.
    let whole: Vec<PathBuf> = runs.iter().map(|run| run.canonicalize().unwrap_or_else(|_| run.to_path_buf())).collect();
    let short: Vec<String> = whole.iter().map(|run| part(Some(run))).collect();
    let mut names: Vec<String> = Vec::new();
    for (run, folder) in whole.iter().zip(&short) {
        let shared = short.iter().filter(|other| *other == folder).count() > 1;
        let name = if shared { format!("{}-{folder}", part(run.parent())) } else { folder.clone() };
        let mut numbered = std::iter::once(name.clone()).chain((2..).map(|n| format!("{name}-{n}")));
        names.push(numbered.find(|name| !names.contains(name)).unwrap_or(name));
    }
    names
}

fn draw(film: Film, name: &str, args: &DrawArgs) -> anyhow::Result<Vec<PathBuf>> {
    let out = |file: String| args.out.join(file);
    if args.last {
        let picture = film.frame(film.len() - 1)?;
        return write_png(out(format!("{name}-last.png")), &picture).map(|path| vec![path]);
    }
    if !args.sheet.is_empty() {
        let indices = args.sheet.iter().map(|&epoch| film.index_of(epoch)).collect::<anyhow::Result<Vec<_>>>()?;
        let pictures = indices.into_iter().map(|i| film.frame(i)).collect::<Result<Vec<_>, _>>()?;
        return write_png(out(format!("{name}-sheet.png")), &sheet(&pictures)).map(|path| vec![path]);
    }
    let film = match args.every {
        Some(every) => film.thinned(every),
        None => film,
    };
    let mut written = Vec::new();
    if args.format == Format::Gif {
        let path = out(format!("{name}.gif"));
        files::write(&path, &media::encode_gif(&film, args.fps)?)?;
        written.push(path);
    }
    if args.png || args.format == Format::Png {
        let digits = film.frames.epochs.last().map_or(0, |epoch| epoch.to_string().len());
        for (i, epoch) in film.frames.epochs.iter().enumerate() {
            written.push(write_png(out(format!("{name}/epoch-{epoch:0digits$}.png")), &film.frame(i)?)?);
        }
    }
    Ok(written)
}

fn write_png(path: PathBuf, picture: &Picture) -> anyhow::Result<PathBuf> {
    files::write(&path, &media::encode_png(picture)?)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_called_as_their_runs_folders_and_no_two_share_a_name() {
        let named = |runs: &[&str]| names(&runs.iter().map(Path::new).collect::<Vec<_>>());
        assert_eq!(named(&["A/gan", "B/wgan"]), ["gan", "wgan"]);
        assert_eq!(named(&["A/gan", "B/gan", "x/B/gan"]), ["A-gan", "B-gan", "B-gan-2"]);
    }
}
