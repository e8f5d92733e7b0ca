//! `gan-lab draw`

mod film;

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};

use self::film::{Film, NoFrames};
use super::args::whole;
use super::exit::{Exit, UsageError, refused};
use super::folder::folder_names;
use super::points::GIFS;
use super::printer::{Printer, path_lines, shown_path};
use crate::compare::{labels, names_of_runs, runs_under};
use crate::config::RunConfig;
use crate::data::Point;
use crate::json;
use crate::kinds::points::{View, Which};
use crate::made::ResultFolder;
use crate::media::{self, Animation as _};
use crate::render::{Axes, AxesChoice, Grid, Row, Size, Theme, columns, wrapped};
use crate::run::{Ability, RUNS, RunDir};
use crate::sweep::SweepError;

/// Draw recorded runs as GIFs, single frames or sheets
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[command(
    after_help = "Each run is drawn as gif/<RUN's folder>.gif from what it recorded; nothing is trained again. Existing \
                  pictures are replaced only if gan-lab drew them and nobody has changed them since."
)]
pub(super) struct DrawArgs {
    /// Run directories, or directories of runs such as a sweep's [default: all in work_dirs/train/]
    #[arg(value_name = "RUN")]
    runs: Vec<PathBuf>,
    /// Where to write: a folder, or a file for a single picture; its extension sets the format
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
    /// What to write: an animation, or single pictures [default: gif; png for --sheet and --last]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write single frames beside the GIF
    #[arg(long)]
    png: bool,
    /// Put these epochs side by side on one sheet instead: 10,50,100
    #[arg(long, value_name = "EPOCHS", value_delimiter = ',', value_parser = whole::<u64>(1..=u64::MAX), conflicts_with_all = ["last", "png", "every"])]
    sheet: Vec<u64>,
    /// With --sheet: all runs on one sheet, a row each
    #[arg(long, requires = "sheet")]
    grid: bool,
    /// Draw one picture of the losses over epochs, instead of frames
    #[arg(long, conflicts_with_all = ["sheet", "last", "png", "every", "from", "layers", "curves"])]
    losses: bool,
    /// Draw one picture of all measurements over epochs, instead of frames: distance, coverage, modes, losses
    #[arg(long, conflicts_with_all = ["sheet", "last", "png", "every", "from", "layers"])]
    curves: bool,
    /// Draw only the last frame
    #[arg(long, conflicts_with_all = ["png", "every"])]
    last: bool,
    /// Draw one picture of this generator's points, instead of the run's frames
    #[arg(long, value_name = "WHICH", value_enum, default_value_t, conflicts_with_all = ["sheet", "png", "every", "fps"])]
    from: Which,
    /// What the pictures show; always drawn from back to front in the order below, some as panels below the points
    #[arg(long, value_name = "WHAT", value_enum, value_delimiter = ',', conflicts_with = "from")]
    layers: Vec<View>,
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
    /// Pale real points, strong generated ones; readable in grey print too
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
    /// An animated PNG, in full colour
    Apng,
    /// A PNG for each frame, in a folder
    Png,
    /// An SVG for each frame, which scales to any size
    Svg,
    /// A PDF for each frame, for papers
    Pdf,
}

fn fps(text: &str) -> Result<f64, String> {
    let fps = text.parse().ok().filter(|fps| (0.02..=50.0).contains(fps));
    fps.ok_or_else(|| "it must be a number, 0.02 to 50".into())
}

/// A picture that is to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Drawing {
    /// All frames of a run.
    Film(usize),
    /// A run's frame of this index.
    Frame(usize, usize),
    /// A run's curves.
    Curves(usize),
    /// Chosen epochs of a run.
    Sheet(usize),
    /// Chosen epochs of all runs.
    Grid,
}

/// A file that is to be written.
struct Planned {
    name: String,
    drawing: Drawing,
    form: Format,
}

pub(super) fn run(args: &DrawArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let (mut films, exit) = open_all(args, printer)?;
    name_data(&mut films);
    let form = form(args)?;
    let mut planned = planned(&films, form, args)?;
    let mut folder = folder(args, &mut planned)?;
    // Before anything is drawn.
    for Planned { name, .. } in &planned {
        folder.permit(name).map_err(refused)?;
    }
    let mut written = Vec::new();
    let mut at_work = None;
    for Planned { name, drawing, form } in &planned {
        let run = match drawing {
            Drawing::Film(run) | Drawing::Frame(run, _) | Drawing::Curves(run) | Drawing::Sheet(run) => Some(*run),
            Drawing::Grid => None,
        };
        if let Some(run) = run.filter(|_| at_work != run) {
            printer.note(&format!("drawing {}", films[run].dir.path().display()));
        }
        at_work = run;
        let bytes = match *drawing {
            Drawing::Film(run) if *form == Format::Apng => media::encode_apng(&films[run], args.fps)?,
            Drawing::Film(run) => media::encode_gif(&films[run], args.fps)?,
            Drawing::Curves(run) => films[run].curves(args, *form)?,
            Drawing::Frame(run, index) => films[run].picture(index, *form)?,
            Drawing::Sheet(run) => {
                let film = &films[run];
                let axes = axes(&[film], args);
                let row = film.row(String::new(), axes, &args.sheet)?;
                let rows = wrapped(vec![row], columns(&[args.sheet.len()]));
                grid(format!("{}{}", film.data, film.config.title()), rows, args, *form)?
            }
            Drawing::Grid => grid(String::new(), rows(&films, args)?, args, *form)?,
        };
        written.push(folder.write(name, &bytes).map_err(refused)?);
    }
    let list = written.iter().map(|path| shown_path(path)).collect::<Vec<_>>().join("\n");
    let fields = || serde_json::json!({ "files": json::paths(written.iter().map(PathBuf::as_path)) });
    printer.result(&list, path_lines(&written), fields)?;
    Ok(exit)
}

impl DrawArgs {
    /// Whether each run becomes one picture.
    fn is_one_picture(&self) -> bool {
        self.last || self.losses || self.curves || self.from != Which::Last || !self.sheet.is_empty()
    }
}

/// What is drawn.
fn planned(films: &[Film], format: Option<Format>, args: &DrawArgs) -> anyhow::Result<Vec<Planned>> {
    let names = folder_names(&films.iter().map(|film| film.dir.path()).collect::<Vec<_>>());
    let one =
        |name: String, drawing, form: Format| Planned { name: format!("{name}.{}", form.ending()), drawing, form };
    if args.is_one_picture() {
        let form = match format {
            Some(Format::Gif | Format::Apng) => {
                let words =
                    "--sheet, --last, --from, --losses and --curves give one picture, and an animation has many";
                return Err(UsageError(words.into()).into());
            }
            form => form.unwrap_or(Format::Png),
        };
        // An epoch that is not there is said before anything is drawn.
        for (film, &epoch) in films.iter().flat_map(|film| args.sheet.iter().map(move |epoch| (film, epoch))) {
            film.expect(epoch)?;
        }
        if args.grid {
            return Ok(vec![one("grid".into(), Drawing::Grid, form)]);
        }
        let of = |(run, name): (usize, &String)| {
            if args.losses || args.curves {
                let what = if args.losses { "losses" } else { "curves" };
                one(format!("{name}-{what}"), Drawing::Curves(run), form)
            } else if args.sheet.is_empty() {
                one(format!("{name}-{}", args.from.name()), Drawing::Frame(run, films[run].len() - 1), form)
            } else {
                one(format!("{name}-sheet"), Drawing::Sheet(run), form)
            }
        };
        return Ok(names.iter().enumerate().map(of).collect());
    }
    let form = format.unwrap_or(Format::Gif);
    let mut planned = Vec::new();
    for (run, (film, name)) in films.iter().zip(&names).enumerate() {
        let moves = matches!(form, Format::Gif | Format::Apng);
        if moves {
            planned.push(one(name.clone(), Drawing::Film(run), form));
        }
        if !moves || args.png {
            let form = if moves { Format::Png } else { form };
            let digits = film.frames.epochs.last().map_or(0, |epoch| epoch.to_string().len());
            planned.extend(
                film.frames
                    .epochs
                    .iter()
                    .enumerate()
                    .map(|(i, epoch)| one(format!("{name}/epoch-{epoch:0digits$}"), Drawing::Frame(run, i), form)),
            );
        }
    }
    Ok(planned)
}

impl Format {
    const fn ending(self) -> &'static str {
        match self {
            Self::Gif => "gif",
            Self::Apng => "apng",
            Self::Png => "png",
            Self::Svg => "svg",
            Self::Pdf => "pdf",
        }
    }
}

/// What is to be written: what was said, or what the ending of a file that was named says.
fn form(args: &DrawArgs) -> anyhow::Result<Option<Format>> {
    if args.format.is_some() || args.out.is_dir() {
        return Ok(args.format);
    }
    let Some(extension) = picture_extension(&args.out) else { return Ok(None) };
    let form = Format::value_variants().iter().find(|form| form.ending() == extension);
    let Some(&form) = form else {
        let known = "draw writes .gif, .apng, .png, .svg and .pdf files";
        return Err(UsageError(format!("--out {}: {known}", args.out.display())).into());
    };
    if !matches!(form, Format::Gif | Format::Apng) && !args.is_one_picture() {
        let has = "holds one picture; say which with --last or --sheet, --from, --losses or --curves, or name a .gif or .apng for the whole run";
        return Err(UsageError(format!("--out {}: a {extension} file {has}", args.out.display())).into());
    }
    Ok(Some(form))
}

/// Where runs of several data sets are drawn, each says on which it is.
fn name_data(films: &mut [Film]) {
    let paths: HashSet<PathBuf> = films.iter().map(|film| film.config.data.path.clone()).collect();
    for film in films.iter_mut().filter(|_| paths.len() > 1) {
        film.data = format!("{}: ", film.config.data.path.file_stem().unwrap_or_default().to_string_lossy());
    }
}

/// The axes of cells on which these runs are.
fn axes(films: &[&Film], args: &DrawArgs) -> Axes {
    let real: Vec<Point> = films.iter().flat_map(|film| film.real.points.iter().copied()).collect();
    let is_lab = films.iter().all(|film| film.config.data.is_the_labs());
    let cell = cell(args.size);
    Axes::chosen(args.axes, &real, is_lab, f64::from(cell.width) / f64::from(cell.height))
}

/// A row for each run; those on the same data have the same axes.
fn rows(films: &[Film], args: &DrawArgs) -> anyhow::Result<Vec<Row>> {
    let configs: Vec<(&RunConfig, u64)> = films.iter().map(|film| (&film.config, film.config.epochs)).collect();
    let labels = labels(&configs);
    let runs: Vec<_> =
        films.iter().zip(&labels).map(|(film, label)| (label.as_str(), film.config.seed, film.dir.path())).collect();
    let row = |(film, name): (&Film, String)| {
        let alike: Vec<&Film> = films.iter().filter(|other| other.config.data.path == film.config.data.path).collect();
        film.row(name, axes(&alike, args), &args.sheet)
    };
    films.iter().zip(names_of_runs(&runs)).map(row).collect()
}

/// A cell of a sheet: of half the size that a frame has.
fn cell(size: Size) -> Size {
    Size { width: (size.width / 2).max(80), height: (size.height * 2 / 5).max(60) }
}

/// The bytes of a sheet's file.
fn grid(title: String, rows: Vec<Row>, args: &DrawArgs, form: Format) -> anyhow::Result<Vec<u8>> {
    let grid = Grid { title, rows, cell: cell(args.size), theme: args.theme.into(), footnotes: Vec::new() };
    match form {
        Format::Svg => Ok(grid.svg()?.into_bytes()),
        Format::Pdf => Ok(grid.pdf()?),
        Format::Png | Format::Gif | Format::Apng => Ok(media::encode_png(&grid.draw()?)?),
    }
}

/// The folder that is written into: the one that was named, or that of the one file that was named.
fn folder(args: &DrawArgs, planned: &mut [Planned]) -> anyhow::Result<ResultFolder> {
    let out = args.out.as_path();
    let Some(extension) = picture_extension(out).filter(|_| !out.is_dir()) else {
        return Ok(ResultFolder::open(out, args.force)?);
    };
    let usage = |words: String| Err(UsageError(format!("--out {}: {words}", out.display())).into());
    let [Planned { name, form, .. }] = planned else {
        return usage(format!("one file cannot hold {} pictures; name a folder", planned.len()));
    };
    if extension != form.ending() {
        let is = form.ending().to_uppercase();
        return usage(format!("the result is a {is} file; give its name that ending, or name a folder"));
    }
    *name = out.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(ResultFolder::open(out.parent().unwrap_or(Path::new("")), args.force)?)
}

/// Endings of pictures and videos; no folder is meant by them, also where nothing is written in that format.
const PICTURES: [&str; 18] = [
    "gif", "apng", "png", "svg", "pdf", "jpg", "jpeg", "mp4", "webp", "tif", "tiff", "bmp", "eps", "ps", "avi", "mov",
    "webm", "html",
];

/// The ending of a path that is called like a picture or a video.
fn picture_extension(path: &Path) -> Option<String> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    PICTURES.contains(&extension.as_str()).then_some(extension)
}

/// The runs to draw, and how the command ends: a run that cannot be drawn costs itself only, and is named.
fn open_all(args: &DrawArgs, printer: &Printer) -> anyhow::Result<(Vec<Film>, Exit)> {
    let dirs = if args.runs.is_empty() { all_runs()? } else { named(&args.runs)? };
    let mut films = Vec::new();
    let mut last = None;
    let mut exit = Exit::Done;
    for dir in &dirs {
        match Film::open(dir, args) {
            Ok(film) => films.push(match args.every {
                Some(every) => film.thinned(every),
                None => film,
            }),
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
