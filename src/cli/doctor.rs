//! `gan-lab doctor`

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::Exit;
use super::printer::Printer;
use super::table::{Align, table};
use crate::config::DataConfig;
use crate::{data, files, render, run};

/// Check that everything needed is there and works
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// The data file to look at
    #[arg(long, value_name = "FILE", default_value_os_t = DataConfig::default().path)]
    data: PathBuf,
    /// The variable in it
    #[arg(long, default_value_t = DataConfig::default().key)]
    key: String,
}

#[derive(serde::Serialize)]
struct Check {
    what: &'static str,
    ok: bool,
    found: String,
}

pub(super) fn run(args: &DoctorArgs, printer: &Printer) -> Exit {
    let checks = [
        Check {
            what: "gan-lab",
            ok: true,
            found: format!("{} ({})", env!("CARGO_PKG_VERSION"), std::env::consts::ARCH),
        },
        engines(),
        libtorch(),
        devices(),
        threads(),
        data_file(&args.data, &args.key),
        writable("runs", Path::new(run::RUNS)),
        writable("GIFs", Path::new(super::draw::GIFS)),
        font(),
    ];
    let rows = checks.iter().map(|check| vec![check.what.to_owned(), Printer::mark(check.ok), check.found.clone()]);
    let problems = checks.iter().filter(|check| !check.ok).count();
    let verdict = match problems {
        0 => "All is well. Next: gan-lab train gan".to_owned(),
        1 => "There is 1 problem.".to_owned(),
        n => format!("There are {n} problems."),
    };
    let words = format!("{}\n\n{verdict}", table(&[Align::Left; 3], &rows.collect::<Vec<_>>()));
    printer.result(&words, &verdict, &checks);
    if problems == 0 { Exit::Done } else { Exit::Fixable }
}

fn engines() -> Check {
    let found =
        if cfg!(feature = "torch") { "fused (for points on a CPU), torch" } else { "fused (for points on a CPU)" };
    Check { what: "engines", ok: true, found: found.to_owned() }
}

#[cfg(not(feature = "torch"))]
fn libtorch() -> Check {
    let found = "none in this build: nothing for images, no GPU".to_owned();
    Check { what: "libtorch", ok: true, found }
}

#[cfg(not(feature = "torch"))]
fn devices() -> Check {
    Check { what: "devices", ok: true, found: "CPU".to_owned() }
}

/// Adds two numbers, which fails where libtorch does not load or does not run on this CPU.
#[cfg(feature = "torch")]
fn libtorch() -> Check {
    let sum =
        tch::Tensor::f_ones([2], (tch::Kind::Float, tch::Device::Cpu)).and_then(|ones| ones.f_sum(tch::Kind::Float));
    let works = sum.and_then(|sum| sum.f_double_value(&[])).is_ok_and(|sum| (sum - 2.0).abs() < 1e-6);
    Check { what: "libtorch", ok: works, found: env!("GAN_LAB_LIBTORCH").to_owned() }
}

#[cfg(feature = "torch")]
fn devices() -> Check {
    let gpus = crate::tensor::cuda_devices();
    let found = match gpus {
        0 => "CPU; no CUDA device is seen".to_owned(),
        n => format!("CPU and {n} CUDA device(s): --device cuda:0 to cuda:{}", n - 1),
    };
    Check { what: "devices", ok: true, found }
}

fn threads() -> Check {
    let found = std::thread::available_parallelism().map_or_else(|error| error.to_string(), |n| n.to_string());
    Check { what: "CPU threads", ok: true, found }
}

fn data_file(path: &Path, key: &str) -> Check {
    let (ok, found) = match data::load(path, key) {
        Ok(set) => {
            let built_in = if data::is_built_in(path) { ", built in" } else { "" };
            (true, format!("{} with {} points{built_in}", path.display(), set.points.len()))
        }
        Err(error) => (false, format!("{:#}", anyhow::Error::from(error))),
    };
    Check { what: "data", ok, found }
}

fn writable(what: &'static str, folder: &Path) -> Check {
    match files::check_writable(folder) {
        Ok(()) => Check { what, ok: true, found: format!("{}/ can be written", folder.display()) },
        Err(error) => Check { what, ok: false, found: error.to_string() },
    }
}

fn font() -> Check {
    let drawn = render::ScatterPainter::new(render::Size::default(), render::Axes::LAB, &[]);
    let found = drawn.as_ref().map_or_else(ToString::to_string, |_| "built in, no system font needed".to_owned());
    Check { what: "font", ok: drawn.is_ok(), found }
}
