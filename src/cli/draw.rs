//! `gan-lab draw`

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::printer::{Printer, path_lines, shown_path};
use crate::config::{Optim, RunConfig};
use crate::data::Point;
use crate::media::{self, Animation};
use crate::render::{Axes, Picture, RenderError, ScatterPainter, Size, sheet};
use crate::run::{Frames, RUNS, RunDir};
use crate::{files, json};

/// Where pictures go unless told otherwise.
pub(super) const GIFS: &str = "gif";

/// Draw recorded runs as GIFs, single frames or sheets
#[derive(Debug, Args)]
#[command(
    after_help = "Each run becomes gif/<model>.gif (gif/<model>-<optim>.gif for another optimiser than RMSProp), \
                        drawn from what that run recorded; nothing is trained again."
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

/// A run with its frames, ready to draw.
struct Film {
    dir: RunDir,
    config: RunConfig,
    frames: Frames,
    painter: ScatterPainter,
}

impl Film {
    fn open(dir: RunDir, size: Size) -> anyhow::Result<Self> {
        // First what only a run of points has, so that another's config is not taken for a damaged one.
        let real = dir.real()?;
        let (config, frames) = (dir.config()?, dir.frames()?);
        if frames.epochs.is_empty() {
            bail!("{} has no frames yet; the first comes after epoch {}", dir.path().display(), config.frame_every);
        }
        let painter = ScatterPainter::new(size, axes(&config, &real), &real)?;
        Ok(Self { dir, config, frames, painter })
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

/// The lab's axes for its own points, else axes that fit.
pub(super) fn axes(config: &RunConfig, real: &[Point]) -> Axes {
    let points_mat = config.data.path.file_name().is_some_and(|name| name == "points.mat");
    if points_mat && Axes::LAB.hold(real) { Axes::LAB } else { Axes::fitted(real) }
}

pub(super) fn run(args: &DrawArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let films = open_all(args)?;
    let names = names(&films.iter().map(|film| (film.dir.path(), &film.config)).collect::<Vec<_>>());
    let mut written = Vec::new();
    for (film, name) in films.into_iter().zip(names) {
        printer.note(&format!("drawing {}", film.dir.path().display()));
        written.extend(draw(film, &name, args)?);
    }
    let list = written.iter().map(|path| shown_path(path)).collect::<Vec<_>>().join("\n");
    let fields = || serde_json::json!({ "files": json::paths(written.iter().map(PathBuf::as_path)) });
    printer.result(&list, path_lines(&written), fields)?;
    Ok(Exit::Done)
}

fn open_all(args: &DrawArgs) -> anyhow::Result<Vec<Film>> {
    let mut dirs: Vec<RunDir> = args.runs.iter().map(RunDir::new).collect();
    if dirs.is_empty() {
        dirs = RunDir::all_under(Path::new(RUNS))?;
        if dirs.is_empty() {
            bail!("there is no run in {RUNS}/; make one with: gan-lab train gan");
        }
    }
    dirs.into_iter().map(|dir| Film::open(dir, args.size)).collect()
}

/// What each run's files are called: by model and optimiser; of several with the same, the first by seed and path
/// gets that name and the others go by their directories'.
fn names(runs: &[(&Path, &RunConfig)]) -> Vec<String> {
    let short = |config: &RunConfig| match config.optim {
        Optim::Rmsprop(_) => config.objective.model().to_string(),
        _ => format!("{}-{}", config.objective.model(), config.optim.name()),
    };
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by_key(|&i| (runs[i].1.seed, runs[i].0));
    let mut names = vec![String::new(); runs.len()];
    for i in order {
        let (path, config) = runs[i];
        let folder = path.file_name().map_or_else(|| "run".to_owned(), |name| name.to_string_lossy().into_owned());
        let numbered = (2..).map(|n| format!("{folder}-{n}"));
        let mut candidates = [short(config), folder.clone()].into_iter().chain(numbered);
        names[i] = candidates.find(|name| !names.contains(name)).unwrap_or(folder);
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
    use crate::config::{Model, Optim, TrainConfig};

    fn config(model: Model, optim: Optim, seed: u64) -> RunConfig {
        TrainConfig { optim, seed, ..TrainConfig::lab(model) }.check().unwrap()
    }

    #[test]
    fn no_two_runs_share_a_name() {
        let [sgd, rmsprop, adam] = Optim::ALL_DEFAULTS;
        let runs = [
            ("w/gan-rmsprop-seed1", config(Model::Gan, rmsprop, 1)),
            ("w/gan-rmsprop-seed0", config(Model::Gan, rmsprop, 0)),
            ("w/gan-adam-seed3", config(Model::Gan, adam, 3)),
            ("w/wgan-gp-sgd-seed0", config(Model::WganGp, sgd, 0)),
            ("v/gan-rmsprop-seed1", config(Model::Gan, rmsprop, 1)),
            ("u/gan-rmsprop-seed1", config(Model::Gan, rmsprop, 1)),
        ];
        let runs: Vec<_> = runs.iter().map(|(path, config)| (Path::new(path), config)).collect();
        assert_eq!(
            names(&runs),
            ["gan-rmsprop-seed1-3", "gan", "gan-adam", "wgan-gp-sgd", "gan-rmsprop-seed1-2", "gan-rmsprop-seed1",]
        );
    }

    #[test]
    fn the_labs_axes_are_for_its_points_only() {
        let mut config = config(Model::Gan, Optim::default(), 0);
        assert_eq!(axes(&config, &[[0.5, 0.5]]), Axes::LAB);
        assert_ne!(axes(&config, &[[5.0, 0.5]]), Axes::LAB);
        let other = TrainConfig::lab(Model::Gan);
        let data = crate::config::DataConfig { path: "ring8.mat".into(), ..other.data.clone() };
        config = TrainConfig { data, ..other }.check().unwrap();
        assert_ne!(axes(&config, &[[0.5, 0.5]]), Axes::LAB);
    }
}
