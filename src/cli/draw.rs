//! `gan-lab draw`

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};

use super::args::whole;
use super::exit::{Exit, UsageError, refused};
use super::points::{GIFS, axes};
use super::printer::{Printer, path_lines, shown_path};
use crate::config::RunConfig;
use crate::json;
use crate::kinds::points::{Frames, PointsRun};
use crate::made::ResultFolder;
use crate::media::{self, Animation};
use crate::render::{Picture, RenderError, ScatterPainter, Size, sheet};
use crate::run::{Ability, RUNS, RunDir};

/// Draw recorded runs as GIFs, single frames or sheets
#[derive(Debug, Args)]
#[command(
    after_help = "Each run becomes gif/<RUN's folder>.gif, drawn from what that run recorded; nothing is trained \
                        again. Only pictures that gan-lab drew there, and that are as it drew them, are replaced."
)]
pub(super) struct DrawArgs {
    /// Run directories [default: all in work_dirs/train/]
    #[arg(value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Where to write: a folder, or for one picture a .gif or .png file
    #[arg(long, value_name = "DIR|FILE", default_value = GIFS)]
    out: PathBuf,
    /// Replace files of these names that gan-lab did not draw
    #[arg(long)]
    force: bool,
    /// Draw only frames of epochs that are multiples of this, and the last
    #[arg(long, value_name = "EPOCHS", value_parser = whole::<u64>(1..=u64::MAX))]
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
    #[arg(long, value_name = "EPOCHS", value_delimiter = ',', value_parser = whole::<u64>(1..=u64::MAX), conflicts_with_all = ["last", "png", "every", "format"])]
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
    let fps = text.parse().ok().filter(|fps| (0.02..=50.0).contains(fps));
    fps.ok_or_else(|| "it must be a number, 0.02 to 50".into())
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

    /// The bytes of a drawing's file.
    fn draw(&self, drawing: &Drawing, fps: f64) -> anyhow::Result<Vec<u8>> {
        Ok(match drawing {
            Drawing::Gif => media::encode_gif(self, fps)?,
            Drawing::Frame(index) => media::encode_png(&self.frame(*index)?)?,
            Drawing::Sheet(indices) => {
                let pictures = indices.iter().map(|&i| self.frame(i)).collect::<Result<Vec<_>, _>>()?;
                media::encode_png(&sheet(&pictures))?
            }
        })
    }

    /// Where the frame of an epoch is.
    fn index_of(&self, epoch: u64) -> anyhow::Result<usize> {
        self.frames.epochs.iter().position(|&e| e == epoch).ok_or_else(|| {
            let recorded = self.frames.epochs.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
            let path = self.dir.path().display();
            UsageError(format!("--sheet: {path} has no frame of epoch {epoch}; it has: {recorded}")).into()
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

/// A picture that is to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Drawing {
    /// All frames.
    Gif,
    /// The frame of this index.
    Frame(usize),
    /// The frames of these indices side by side.
    Sheet(Vec<usize>),
}

pub(super) fn run(args: &DrawArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let (films, exit) = open_all(args, printer)?;
    let names = names(&films.iter().map(|film| film.dir.path()).collect::<Vec<_>>());
    let planned = films.iter().zip(&names).map(|(film, name)| drawings(film, name, args));
    let mut planned = planned.collect::<anyhow::Result<Vec<_>>>()?;
    let mut folder = folder(args, &mut planned)?;
    // Before anything is drawn.
    for (name, _) in planned.iter().flatten() {
        folder.permit(name).map_err(refused)?;
    }
    let mut written = Vec::new();
    for (film, planned) in films.iter().zip(&planned) {
        printer.note(&format!("drawing {}", film.dir.path().display()));
        for (name, drawing) in planned {
            written.push(folder.write(name, &film.draw(drawing, args.fps)?).map_err(refused)?);
        }
    }
    let list = written.iter().map(|path| shown_path(path)).collect::<Vec<_>>().join("\n");
    let fields = || serde_json::json!({ "files": json::paths(written.iter().map(PathBuf::as_path)) });
    printer.result(&list, path_lines(&written), fields)?;
    Ok(exit)
}

/// The folder that is written into: the one that was named, or that of the one file that was named.
fn folder(args: &DrawArgs, planned: &mut [Vec<(String, Drawing)>]) -> anyhow::Result<ResultFolder> {
    let out = args.out.as_path();
    let Some(extension) = picture_extension(out).filter(|_| !out.is_dir()) else {
        return Ok(ResultFolder::open(out, args.force)?);
    };
    let usage = |words: String| Err(UsageError(format!("--out {}: {words}", out.display())).into());
    let count = planned.iter().map(Vec::len).sum::<usize>();
    let [[(name, drawing)]] = &mut planned.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>()[..] else {
        return usage(format!("one file cannot hold {count} pictures; name a folder"));
    };
    let is = if *drawing == Drawing::Gif { "gif" } else { "png" };
    if extension != is {
        return usage(format!("what is drawn is a {} file; name it so, or name a folder", is.to_uppercase()));
    }
    *name = out.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(ResultFolder::open(out.parent().unwrap_or(Path::new("")), args.force)?)
}

/// The ending of a path that is called like a picture or a video.
fn picture_extension(path: &Path) -> Option<String> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    ["gif", "png", "jpg", "jpeg", "mp4"].contains(&extension.as_str()).then_some(extension)
}

/// The runs to draw, and how the command ends: a run that cannot be drawn costs itself only, and is named.
fn open_all(args: &DrawArgs, printer: &Printer) -> anyhow::Result<(Vec<Film>, Exit)> {
    let named: Vec<RunDir> = args.runs.iter().map(RunDir::new).collect();
    let dirs = if named.is_empty() { all_runs()? } else { named };
    let mut films = Vec::new();
    let mut last = None;
    let mut exit = Exit::Done;
    for dir in &dirs {
        match Film::open(dir, args.size) {
            Ok(film) => films.push(match args.every {
                Some(every) => film.thinned(every),
                None => film,
            }),
            Err(error) => {
                // One that is young is left out of a drawing of all; a named or damaged one is not there as it should be.
                let young = error.is::<NoFrames>() && args.runs.is_empty();
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

/// What is drawn of a run, each with the name of its file.
fn drawings(film: &Film, name: &str, args: &DrawArgs) -> anyhow::Result<Vec<(String, Drawing)>> {
    let epochs = &film.frames.epochs;
    let last = epochs.len().saturating_sub(1);
    if args.last {
        return Ok(vec![(format!("{name}-last.png"), Drawing::Frame(last))]);
    }
    if !args.sheet.is_empty() {
        let indices = args.sheet.iter().map(|&epoch| film.index_of(epoch)).collect::<anyhow::Result<Vec<_>>>()?;
        return Ok(vec![(format!("{name}-sheet.png"), Drawing::Sheet(indices))]);
    }
    let gif = (args.format == Format::Gif).then(|| (format!("{name}.gif"), Drawing::Gif));
    let digits = epochs.last().map_or(0, |epoch| epoch.to_string().len());
    let frame = |(i, epoch): (usize, &u64)| (format!("{name}/epoch-{epoch:0digits$}.png"), Drawing::Frame(i));
    let are_single = args.png || args.format == Format::Png;
    let frames = are_single.then(|| epochs.iter().enumerate().map(frame));
    Ok(gif.into_iter().chain(frames.into_iter().flatten()).collect())
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
