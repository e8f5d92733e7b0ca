//! `gan-lab draw`

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};

use super::exit::{Exit, UsageError};
use super::points::{GIFS, is_lab};
use super::printer::{Printer, path_lines, shown_path};
use crate::compare::labels;
use crate::config::RunConfig;
use crate::data::Point;
use crate::figures::measure;
use crate::kinds::points::{Frames, PointsRun};
use crate::media::{self, Animation};
use crate::render::{Axes, AxesChoice, Cell, Grid, Picture, RenderError, Row, ScatterPainter, Shown, Size, Theme};
use crate::run::{Ability, RUNS, RunDir};
use crate::{files, json};

/// Draw recorded runs as GIFs, single frames or sheets
#[derive(Debug, Args)]
#[command(
    after_help = "Each run becomes gif/<RUN's folder>.gif, drawn from what that run recorded; nothing is trained \
                        again."
)]
pub(super) struct DrawArgs {
    /// Run directories [default: all in work_dirs/train/]
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
    /// What to write: an animation, or single pictures [default: gif; png for --sheet and --last]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write single frames beside the GIF
    #[arg(long)]
    png: bool,
    /// Put these epochs side by side on one sheet instead: 10,50,100
    #[arg(long, value_name = "EPOCHS", value_delimiter = ',', conflicts_with_all = ["last", "png", "every"])]
    sheet: Vec<u64>,
    /// With --sheet: all runs on one sheet, a row each
    #[arg(long, requires = "sheet")]
    grid: bool,
    /// Draw only the last frame
    #[arg(long, conflicts_with_all = ["png", "every"])]
    last: bool,
    /// What part of the plane to show: auto, lab, fit, equal (a unit as long on both axes), or left,right,bottom,top
    #[arg(long, value_name = "AXES", default_value = "auto", allow_hyphen_values = true)]
    axes: AxesChoice,
    /// How the pictures look
    #[arg(long, value_enum, default_value_t = Look::Light)]
    theme: Look,
}

/// [`Theme`] by its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Look {
    /// Real points quiet, generated ones strong, also in grey print
    Light,
    /// The lab's colours
    Lab,
    /// On a dark ground
    Dark,
    /// Black and grey, for print
    Paper,
}

impl From<Look> for Theme {
    fn from(look: Look) -> Self {
        match look {
            Look::Light => Self::Light,
            Look::Lab => Self::Lab,
            Look::Dark => Self::Dark,
            Look::Paper => Self::Paper,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// An animated GIF
    Gif,
    /// A PNG for each frame, in a folder
    Png,
    /// The same as SVG, whose size can be changed
    Svg,
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
    real: Vec<Point>,
    axes: Axes,
    /// Sliced W2 by epoch, and its floor, where they were measured.
    measured: HashMap<u64, f64>,
    floor: Option<f64>,
    painter: ScatterPainter,
}

impl Film {
    fn open(dir: &RunDir, args: &DrawArgs) -> anyhow::Result<Self> {
        let run = PointsRun::open(dir)?;
        let (real, frames, config) = (run.real()?, run.frames()?, run.config().clone());
        if frames.epochs.is_empty() {
            return Err(NoFrames { path: dir.path().to_owned(), first: config.frame_every }.into());
        }
        let records = run.metrics()?.into_iter();
        let measured = records.filter_map(|record| Some((record.epoch, record.sliced_w2?))).collect();
        let floor = run.floor()?.map(|floor| floor.sliced_w2.mean);
        let axes = ScatterPainter::axes(args.size, args.axes, &real, is_lab(&config));
        let painter = ScatterPainter::new(args.size, axes, args.theme.into(), &real)?;
        Ok(Self { dir: dir.clone(), config, frames, real, axes, measured, floor, painter })
    }

    /// What was measured at an epoch, in words.
    fn note(&self, epoch: u64) -> String {
        let Some(distance) = self.measured.get(&epoch) else { return String::new() };
        let floors = self.floor.filter(|floor| *floor > 0.0).map(|floor| format!(", {:.1} floors", distance / floor));
        format!("sliced W2 {}{}", measure(*distance), floors.unwrap_or_default())
    }

    /// Draws a frame in one way or the other.
    fn shown<T>(&self, index: usize, draw: impl FnOnce(&Shown<'_>) -> T) -> T {
        let epoch = self.frames.epochs[index];
        let title = format!("{}, epoch {epoch}", self.config.title());
        draw(&Shown {
            title: &title,
            note: &self.note(epoch),
            generated: Some(&self.frames.samples[index]),
            progress: Some(epoch as f64 / self.config.epochs as f64),
        })
    }

    /// These epochs beside each other.
    fn row(&self, label: String, epochs: &[u64]) -> anyhow::Result<Row> {
        let cell = |&epoch: &u64| {
            let note = self.note(epoch);
            let title = if note.is_empty() { format!("epoch {epoch}") } else { format!("epoch {epoch}: {note}") };
            Ok(Cell { title, generated: Some(self.frames.samples[self.index_of(epoch)?].clone()) })
        };
        let cells = epochs.iter().map(cell).collect::<anyhow::Result<Vec<_>>>()?;
        Ok(Row { label, real: self.real.clone(), axes: self.axes, cells })
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
        self.shown(index, |shown| self.painter.frame(shown))
    }
}

pub(super) fn run(args: &DrawArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let (films, exit) = open_all(args, printer)?;
    let names = names(&films.iter().map(|film| film.dir.path()).collect::<Vec<_>>());
    let mut written = Vec::new();
    if args.grid {
        printer.note(&format!("drawing {} runs", films.len()));
        written.push(draw_grid(&films, args)?);
    } else {
        for (film, name) in films.into_iter().zip(names) {
            printer.note(&format!("drawing {}", film.dir.path().display()));
            written.extend(draw(film, &name, args)?);
        }
    }
    let list = written.iter().map(|path| shown_path(path)).collect::<Vec<_>>().join("\n");
    let fields = || serde_json::json!({ "files": json::paths(written.iter().map(PathBuf::as_path)) });
    printer.result(&list, path_lines(&written), fields)?;
    Ok(exit)
}

/// The runs to draw, and how the command ends: a run that cannot be drawn costs itself only, and is named.
fn open_all(args: &DrawArgs, printer: &Printer) -> anyhow::Result<(Vec<Film>, Exit)> {
    let named: Vec<RunDir> = args.runs.iter().map(RunDir::new).collect();
    let dirs = if named.is_empty() { all_runs()? } else { named };
    let mut films = Vec::new();
    let mut last = None;
    let mut exit = Exit::Done;
    for dir in &dirs {
        match Film::open(dir, args) {
            Ok(film) => films.push(film),
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

/// A row for each run on one sheet.
fn draw_grid(films: &[Film], args: &DrawArgs) -> anyhow::Result<PathBuf> {
    let configs: Vec<&RunConfig> = films.iter().map(|film| &film.config).collect();
    let labels = labels(&configs);
    let label = |i: usize| {
        let same = labels.iter().filter(|other| **other == labels[i]).count() > 1;
        if same { format!("{}, seed {}", labels[i], configs[i].seed) } else { labels[i].clone() }
    };
    let rows =
        films.iter().enumerate().map(|(i, film)| film.row(label(i), &args.sheet)).collect::<anyhow::Result<_>>()?;
    write_grid(args.out.join("grid"), String::new(), rows, args)
}

/// Writes a sheet as a PNG or SVG file.
fn write_grid(path: PathBuf, title: String, rows: Vec<Row>, args: &DrawArgs) -> anyhow::Result<PathBuf> {
    // Cells of half the size that a frame has.
    let cell = Size { width: (args.size.width / 2).max(80), height: (args.size.height * 2 / 5).max(60) };
    let grid = Grid { title, rows, cell, theme: args.theme.into() };
    match args.single()? {
        Single::Png => write_png(with_ending(path, "png"), &grid.draw()?),
        Single::Svg => write_text(with_ending(path, "svg"), &grid.svg()?),
    }
}

/// How a single picture is written.
#[derive(Clone, Copy)]
enum Single {
    Png,
    Svg,
}

impl DrawArgs {
    /// How --sheet and --last are written.
    fn single(&self) -> anyhow::Result<Single> {
        match self.format {
            None | Some(Format::Png) => Ok(Single::Png),
            Some(Format::Svg) => Ok(Single::Svg),
            Some(Format::Gif) => {
                Err(UsageError("--sheet and --last give one picture; a GIF shows them all".into()).into())
            }
        }
    }
}

fn draw(film: Film, name: &str, args: &DrawArgs) -> anyhow::Result<Vec<PathBuf>> {
    let out = |file: String| args.out.join(file);
    let write = |path: PathBuf, index: usize, single: Single| match single {
        Single::Png => write_png(with_ending(path, "png"), &film.frame(index)?),
        Single::Svg => write_text(with_ending(path, "svg"), &film.shown(index, |shown| film.painter.svg(shown))?),
    };
    if args.last {
        return write(out(format!("{name}-last")), film.len() - 1, args.single()?).map(|path| vec![path]);
    }
    if !args.sheet.is_empty() {
        let rows = film.row(String::new(), &args.sheet)?.wrapped();
        return write_grid(out(format!("{name}-sheet")), film.config.title(), rows, args).map(|path| vec![path]);
    }
    let film = match args.every {
        Some(every) => film.thinned(every),
        None => film,
    };
    let mut written = Vec::new();
    let format = args.format.unwrap_or(Format::Gif);
    if format == Format::Gif {
        let path = out(format!("{name}.gif"));
        files::write(&path, &media::encode_gif(&film, args.fps)?)?;
        written.push(path);
    }
    let single = match format {
        Format::Svg => Some(Single::Svg),
        Format::Png => Some(Single::Png),
        Format::Gif => args.png.then_some(Single::Png),
    };
    if let Some(single) = single {
        let digits = film.frames.epochs.last().map_or(0, |epoch| epoch.to_string().len());
        for (i, epoch) in film.frames.epochs.iter().enumerate() {
            let path = out(format!("{name}/epoch-{epoch:0digits$}"));
            written.push(match single {
                Single::Png => write_png(with_ending(path, "png"), &film.frame(i)?)?,
                Single::Svg => write_text(with_ending(path, "svg"), &film.shown(i, |shown| film.painter.svg(shown))?)?,
            });
        }
    }
    Ok(written)
}

/// A name may have dots of its own.
fn with_ending(path: PathBuf, ending: &str) -> PathBuf {
    let mut path = path.into_os_string();
    path.push(".");
    path.push(ending);
    path.into()
}

fn write_text(path: PathBuf, text: &str) -> anyhow::Result<PathBuf> {
    files::write(&path, text.as_bytes())?;
    Ok(path)
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
