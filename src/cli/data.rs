//! `gan-lab data`

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::args::whole;
use super::exit::{Exit, UsageError, hinted};
use super::printer::{Printer, shown_path};
use super::table::{Align, table};
use crate::data::npy::{self, Precision};
use crate::data::synthetic::{Law, Named};
use crate::data::{self, DataError, Variable};
use crate::render::{AxesChoice, ScatterPainter, Shown, Size, Theme};
use crate::{files, json, media};

/// Make point sets, and look into data files
#[derive(Debug, Subcommand)]
pub(super) enum DataCommand {
    Make(MakeArgs),
    Inspect(InspectArgs),
}

/// Make a point set whose law is known
#[derive(Debug, Args)]
pub(super) struct MakeArgs {
    /// Which set
    law: Law,
    /// How many points
    #[arg(long, value_name = "N", default_value_t = Law::Points.default_size(), value_parser = whole::<usize>(4..=10_000_000))]
    points: usize,
    /// What its chance derives from
    #[arg(long, default_value_t = 0, value_parser = whole::<u64>(0..=u64::MAX))]
    seed: u64,
    /// Where to write it; .mat, .npy or .csv [default: data/<LAW>.mat]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

/// List a data file's variables and draw its points
#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// A MAT, npy or CSV file
    file: PathBuf,
    /// The variable to draw
    #[arg(long, default_value = "xx")]
    key: String,
    /// Where to write the picture [default: work_dirs/inspect/<FILE>.png]
    #[arg(long, value_name = "PNG")]
    out: Option<PathBuf>,
}

pub(super) fn run(command: &DataCommand, printer: &Printer) -> anyhow::Result<Exit> {
    match command {
        DataCommand::Make(args) => make(args, printer),
        DataCommand::Inspect(args) => inspect(args, printer),
    }
}

fn make(args: &MakeArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let law = args.law;
    let path = args.out.clone().unwrap_or_else(|| Path::new("data").join(format!("{}.mat", law.name())));
    if path.exists() && !args.force {
        return Err(hinted(
            format!("{} exists", path.display()),
            "write elsewhere with --out, or replace it with --force",
        ));
    }
    let arrays = law.draw(args.points, args.seed);
    let bytes = encode(&path, &arrays)?;
    files::write(&path, &bytes)?;
    let points = arrays.last().map_or(0, |(_, points)| points.len());
    let words = format!(
        "wrote {} ({points} points, {:.0} KB)\nnext: gan-lab data inspect {0}",
        shown_path(&path),
        bytes.len() as f64 / 1e3
    );
    let fields =
        || serde_json::json!({ "file": json::path(&path), "law": law.name(), "points": points, "seed": args.seed });
    printer.result(&words, &path, fields)?;
    Ok(Exit::Done)
}

fn encode(path: &Path, arrays: &[Named]) -> anyhow::Result<Vec<u8>> {
    let all = arrays.last().map_or(&[][..], |(_, points)| points);
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("mat") => Ok(data::write_mat(arrays)?),
        Some("npy") => Ok(npy::encode(Precision::Single, &[all.len() as u64, 2], all.as_flattened())),
        Some("csv") => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(["x", "y"])?;
            for point in all {
                writer.serialize(point)?;
            }
            Ok(writer.into_inner().context("cannot write the table")?)
        }
        _ => Err(UsageError(format!("--out is {}; it must end in .mat, .npy or .csv", path.display())).into()),
    }
}

fn inspect(args: &InspectArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let variables = data::inspect(&args.file)?;
    let mut words = format!("{}\n\n{}", shown_path(&args.file), listing(&variables));
    let picture = draw(args)?;
    match &picture {
        Ok(path) => words += &format!("\n\ndrawn in {}", shown_path(path)),
        Err(reason) => words += &format!("\n\nnot drawn: {reason}"),
    }
    let variable =
        |v: &Variable| serde_json::json!({ "name": v.name, "type": v.kind, "shape": v.shape, "range": v.range });
    let fields = || {
        serde_json::json!({
            "file": json::path(&args.file),
            "variables": variables.iter().map(variable).collect::<Vec<_>>(),
            "picture": picture.as_ref().ok().map(|path| json::path(path)),
        })
    };
    printer.result(&words, picture.as_deref().unwrap_or(Path::new("")), fields)?;
    Ok(Exit::Done)
}

fn listing(variables: &[Variable]) -> String {
    let mut rows = vec![["variable", "type", "shape", "from", "to"].map(str::to_owned).to_vec()];
    for variable in variables {
        let shape = variable.shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" x ");
        let number = |x: f64| if x.abs() < 1e5 { format!("{x:.4}") } else { format!("{x:.4e}") };
        let (low, high) = variable.range.map_or((String::new(), String::new()), |(a, b)| (number(a), number(b)));
        rows.push(vec![variable.name.clone(), variable.kind.clone(), shape, low, high]);
    }
    table(&[Align::Left, Align::Left, Align::Right, Align::Right, Align::Right], &rows)
}

/// Draws the points; the inner error says why a sound file has none to draw.
fn draw(args: &InspectArgs) -> anyhow::Result<Result<PathBuf, DataError>> {
    let set = match data::load(&args.file, &args.key) {
        Ok(set) => set,
        Err(reason) => return Ok(Err(reason)),
    };
    let title = format!("{}: {} points", file_name(&args.file), set.points.len());
    let painter = ScatterPainter::new(
        Size::default(),
        ScatterPainter::axes(Size::default(), AxesChoice::Auto, &set.points, false),
        Theme::default(),
        &set.points,
    )?;
    let bytes = media::encode_png(&painter.frame(&Shown { title: &title, ..Shown::default() })?)?;
    let stem = args.file.file_stem().unwrap_or_default().to_string_lossy();
    let path = args.out.clone().unwrap_or_else(|| Path::new("work_dirs/inspect").join(format!("{stem}.png")));
    files::write(&path, &bytes)?;
    Ok(Ok(path))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
