//! `gan-lab doctor`

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Exit;
use super::points::GIFS;
use super::printer::{Look, Printer, shown_path};
use super::reading::ReadingArgs;
use super::table::{Align, table};
use crate::config::DataConfig;
use crate::data::{self, DataError, Reading};
use crate::{files, render, run, version};

/// Check that libtorch, the GPU, the data and write access work
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// The data file to check [default: data/points.mat, or the built-in data of that name]
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    #[command(flatten)]
    reading: ReadingArgs,
}

/// What was looked at.
#[derive(serde::Serialize)]
struct Check {
    what: &'static str,
    state: State,
    found: String,
    /// What to do, where something is not as it could be.
    remedy: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
enum State {
    Ok,
    Problem,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Problem => "problem",
        }
    }
}

impl Check {
    fn ok(what: &'static str, found: impl Into<String>) -> Self {
        Self { what, state: State::Ok, found: found.into(), remedy: None }
    }

    fn problem(what: &'static str, found: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { what, state: State::Problem, found: found.into(), remedy: Some(remedy.into()) }
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let mut rows = vec![row([self.what, self.state.name(), &self.found])];
        if let Some(remedy) = &self.remedy {
            rows.push(row(["", "to mend", remedy]));
        }
        rows
    }
}

pub(super) fn run(args: &DoctorArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let checks = [
        Check::ok("gan-lab", format!("{}, {}", version::full(), std::env::consts::ARCH)),
        engines(),
        libtorch(),
        devices(),
        threads(),
        data_file(args.data.as_deref(), &args.reading.reading()),
        writable("runs", Path::new(run::RUNS)),
        writable("GIFs", Path::new(GIFS)),
        font(),
    ];
    let problems = checks.iter().filter(|check| check.state == State::Problem).count();
    let verdict = match problems {
        0 => "All is well. Next: gan-lab train gan".to_owned(),
        1 => "There is 1 problem.".to_owned(),
        n => format!("There are {n} problems."),
    };
    let fields = || serde_json::json!({ "problems": problems, "checks": checks });
    printer.result_lines(&listing(&checks, &verdict), &verdict, fields)?;
    Ok(if problems == 0 { Exit::Done } else { Exit::Fixable })
}

fn listing(checks: &[Check], verdict: &str) -> Vec<(Look, String)> {
    let rows: Vec<_> = checks.iter().flat_map(Check::rows).collect();
    let looks = checks.iter().flat_map(|check| {
        let look = if check.state == State::Problem { Look::Bad } else { Look::Plain };
        std::iter::once(look).chain(check.remedy.iter().map(|_| Look::Plain))
    });
    let table = table(&[Align::Left; 3], &rows);
    let lines = looks.zip(table.lines().map(str::to_owned));
    lines.chain([(Look::Plain, String::new()), (Look::Plain, verdict.to_owned())]).collect()
}

fn engines() -> Check {
    let found =
        if cfg!(feature = "torch") { "fused (for points on a CPU), torch" } else { "fused (for points on a CPU)" };
    Check::ok("engines", found)
}

#[cfg(not(feature = "torch"))]
fn libtorch() -> Check {
    Check::ok("libtorch", "none in this build: no training of ProGANs, no GPU, no MP4")
}

#[cfg(not(feature = "torch"))]
fn devices() -> Check {
    Check::ok("devices", "CPU")
}

/// Adds two numbers, which fails where libtorch does not load or does not run on this CPU.
#[cfg(feature = "torch")]
fn libtorch() -> Check {
    let remedy = "run ./scripts/setup-libtorch.sh in gan-lab's folder; if it is damaged, remove .libtorch/ first. Only \
                  training a ProGAN, GPUs and --engine torch need it";
    if let Err(error) = crate::torch_library::load() {
        return Check::problem("libtorch", error.to_string(), remedy);
    }
    let sum =
        tch::Tensor::f_ones([2], (tch::Kind::Float, tch::Device::Cpu)).and_then(|ones| ones.f_sum(tch::Kind::Float));
    let works = sum.and_then(|sum| sum.f_double_value(&[])).is_ok_and(|sum| (sum - 2.0).abs() < 1e-6);
    let found = crate::torch_library::description();
    if works {
        return Check::ok("libtorch", found);
    }
    Check::problem("libtorch", format!("{found} does not work here"), remedy)
}

#[cfg(feature = "torch")]
fn devices() -> Check {
    let gpus = crate::torch_library::load().map_or(0, |()| crate::tensor::cuda_devices());
    let found = match gpus {
        0 => "CPU; no CUDA device is seen".to_owned(),
        n => format!("CPU and {n} CUDA device(s): --device cuda:0 to cuda:{}", n - 1),
    };
    Check::ok("devices", found)
}

fn threads() -> Check {
    let found = std::thread::available_parallelism();
    found.map_or_else(
        |error| Check::problem("CPU threads", error.to_string(), "say how many with --threads"),
        |n| Check::ok("CPU threads", n.to_string()),
    )
}

/// The data that were named, or those that training takes unless told otherwise.
fn data_file(named: Option<&Path>, reading: &Reading) -> Check {
    let default = DataConfig::default().path;
    let path = named.unwrap_or(&default);
    let error = match data::load(path, reading) {
        Ok(set) => {
            let built_in = if data::is_built_in(path) { ", built in" } else { "" };
            return Check::ok("data", format!("{} with {} points{built_in}", shown_path(path), set.points.len()));
        }
        Err(error) => error,
    };
    let remedy = match &error {
        DataError::MissingKey { .. } => "name a variable with --key; gan-lab data inspect lists them",
        _ => {
            "name a file of points with --data (gan-lab data inspect shows what one holds), or make one: gan-lab data make points"
        }
    };
    Check::problem("data", format!("{:#}", anyhow::Error::from(error)), remedy)
}

fn writable(what: &'static str, folder: &Path) -> Check {
    match files::can_write(folder) {
        Ok(()) => Check::ok(what, format!("{}/ can be written", folder.display())),
        Err(error) => Check::problem(
            what,
            error.to_string(),
            "work in another folder, or name one that you may write in with --out",
        ),
    }
}

fn font() -> Check {
    match render::ScatterPainter::new(
        render::Size::default(),
        render::Axes::LAB,
        render::Theme::default(),
        render::Real::default(),
    ) {
        Ok(_) => Check::ok("font", "built in, no system font needed"),
        Err(error) => Check::problem("font", error.to_string(), "this is a mistake in gan-lab; please report it"),
    }
}
