//! `gan-lab data`

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};

#[cfg(not(feature = "torch"))]
use super::absent::reader::{self, ReaderArgs};
use super::args::whole;
use super::exit::{Exit, UsageError, hinted, refused};
use super::faces::{self, FacesArgs};
use super::printer::{Printer, shown_path, typed_path};
#[cfg(feature = "torch")]
use super::reader::{self, ReaderArgs};
use super::reading::ReadingArgs;
use super::table::{Align, facts, table};
use crate::data::npy::{self, Precision};
use crate::data::synthetic::{Law, Named};
use crate::data::{self, DataError, PointSet, Taken, Variable};
use crate::digest::digest;
use crate::made::ResultFolder;
use crate::render::{AxesChoice, Classes, Real, ScatterPainter, Shown, Size, Theme};
use crate::{figures, files, json, media};

/// Make data from known distributions, and inspect data files
#[derive(Debug, Subcommand)]
pub(super) enum DataCommand {
    Make(MakeArgs),
    Inspect(InspectArgs),
}

/// Make points, or pictures of faces, from a known distribution
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct MakeArgs {
    #[command(subcommand)]
    pictures: Option<Pictures>,
    #[command(flatten)]
    points: Option<PointArgs>,
}

/// Sets of pictures, which have options of their own.
#[derive(Debug, Subcommand)]
enum Pictures {
    Faces(FacesArgs),
    FacesReader(ReaderArgs),
}

#[derive(Debug, Args)]
struct PointArgs {
    /// The distribution
    law: Law,
    /// How many points
    #[arg(long, value_name = "N", default_value_t = Law::Points.default_size(), value_parser = whole::<usize>(4..=10_000_000))]
    points: usize,
    /// Seed of the random numbers
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
    /// A file of points: MAT, npy, npz, CSV or text, also gzipped
    file: PathBuf,
    #[command(flatten)]
    reading: ReadingArgs,
    /// Where to write the picture [default: work_dirs/inspect/<FILE>.png]
    #[arg(long, value_name = "PNG")]
    out: Option<PathBuf>,
    /// Replace a file of the picture's name that gan-lab did not draw
    #[arg(long)]
    force: bool,
}

pub(super) fn run(command: &DataCommand, printer: &Printer) -> anyhow::Result<Exit> {
    match command {
        DataCommand::Make(args) => make(args, printer),
        DataCommand::Inspect(args) => inspect(args, printer),
    }
}

fn make(args: &MakeArgs, printer: &Printer) -> anyhow::Result<Exit> {
    match (&args.pictures, &args.points) {
        (Some(Pictures::Faces(args)), _) => faces::make(args, printer),
        (Some(Pictures::FacesReader(args)), _) => reader::make(args, printer),
        (None, Some(args)) => make_points(args, printer),
        (None, None) => Err(UsageError("say which set".to_owned()).into()),
    }
}

fn make_points(args: &PointArgs, printer: &Printer) -> anyhow::Result<Exit> {
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
        "wrote {} ({points} points, {:.0} KB)\nnext: gan-lab data inspect {}",
        shown_path(&path),
        bytes.len() as f64 / 1e3,
        typed_path(&path)
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
    let reading = args.reading.reading();
    if std::fs::metadata(&args.file).is_ok_and(|file| !file.is_file() && !file.is_dir()) {
        let words = format!("{} is no regular file, and this command reads it twice", shown_path(&args.file));
        return Err(hinted(words, "save it to a file first"));
    }
    let variables = data::inspect(&args.file, &reading)?;
    let mut words = format!("{}\n\n{}", shown_path(&args.file), listing(&variables));
    let loaded = data::load(&args.file, &reading);
    let remarks = loaded.as_ref().map(|set| data::remarks(&set.points)).unwrap_or_default();
    if let Ok(set) = &loaded {
        words += &format!("\n\n{}", facts(&how(set, &remarks)));
    }
    let taken = loaded.as_ref().ok().map(|set| set.taken.clone());
    let picture = draw(args, loaded)?;
    let problem = picture.as_ref().err().map(ToString::to_string);
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
            "taken": taken,
            "remarks": remarks,
            "problem": problem,
            "picture": picture.as_ref().ok().map(|path| json::path(path)),
        })
    };
    printer.result(&words, picture.as_deref().unwrap_or(Path::new("")), fields)?;
    Ok(if problem.is_none() { Exit::Done } else { Exit::Fixable })
}

/// Of a file's variables so many are listed for a person; an array of structs has one for each field of each.
const MOST_LISTED: usize = 200;

fn listing(variables: &[Variable]) -> String {
    let mut rows = vec![["variable", "type", "shape", "from", "to"].map(str::to_owned).to_vec()];
    for variable in variables.iter().take(MOST_LISTED) {
        let shape = variable.shape.iter().map(u64::to_string).collect::<Vec<_>>().join(" x ");
        let (low, high) =
            variable.range.map_or((String::new(), String::new()), |(a, b)| (figures::digits(a), figures::digits(b)));
        rows.push(vec![variable.name.clone(), variable.kind.clone(), shape, low, high]);
    }
    let more = variables.len().saturating_sub(MOST_LISTED);
    let rest = if more > 0 { format!("\n  … and {more} more; --json lists all") } else { String::new() };
    table(&[Align::Left, Align::Left, Align::Right, Align::Right, Align::Right], &rows) + &rest
}

/// How the points were read.
fn how(set: &PointSet, remarks: &[String]) -> Vec<(&'static str, String)> {
    let Taken { format, variable, columns, text, notes } = &set.taken;
    let mut rows = vec![("read as", format.clone())];
    if let Some(variable) = variable {
        rows.push(("variable", variable.clone()));
    }
    if let Some(form) = text {
        let heading = if form.heading { "with a heading" } else { "no heading" };
        let (separator, decimal) = (form.separator.name(), form.decimal.name());
        rows.push(("text", format!("{}, separator {separator}, decimal {decimal}, {heading}", form.encoding)));
    }
    if let Some([x, y]) = columns {
        rows.push(("x and y", format!("{x}, {y}")));
    }
    if let Some(labels) = &set.labels {
        let shown = labels.classes.iter().take(12).cloned().collect::<Vec<_>>().join(", ");
        let more =
            if labels.classes.len() > 12 { format!(", … {} in all", labels.classes.len()) } else { String::new() };
        rows.push(("classes", shown + &more));
    }
    rows.push(("points", set.points.len().to_string()));
    rows.extend(notes.iter().map(|note| ("note", note.clone())));
    rows.extend(remarks.iter().map(|remark| ("remark", remark.clone())));
    rows
}

/// Draws the points; the inner error says why a sound file has none to draw.
fn draw(args: &InspectArgs, loaded: Result<PointSet, DataError>) -> anyhow::Result<Result<PathBuf, DataError>> {
    let set = match loaded {
        Ok(set) => set,
        Err(reason) => return Ok(Err(reason)),
    };
    let title = format!("{}: {} points", file_name(&args.file), set.points.len());
    let classes = set.labels.filter(|labels| (2..=Classes::MOST).contains(&labels.classes.len()));
    let classes = classes.map(|labels| Classes { names: labels.classes, of: labels.of });
    let real = Real { names: set.taken.axis_names(), points: set.points, classes };
    let axes = ScatterPainter::axes(Size::default(), AxesChoice::Auto, &real, false);
    let painter = ScatterPainter::new(Size::default(), axes, Theme::default(), real)?;
    let bytes = media::encode_png(&painter.frame(&Shown { title: &title, ..Shown::default() })?)?;
    let path = args.out.clone().unwrap_or_else(|| Path::new("work_dirs/inspect").join(picture_name(&args.file)));
    let (folder, name) = (path.parent().unwrap_or(Path::new("")), file_name(&path));
    Ok(Ok(ResultFolder::open(folder, args.force)?.write(&name, &bytes).map_err(refused)?))
}

/// What the picture of a file is called: as the file, and for one in another folder with a digest of where it lies, so that
/// two files have two.
fn picture_name(file: &Path) -> String {
    let name = file_name(file);
    if file.parent().is_none_or(|folder| folder == Path::new("") || folder == Path::new(".")) {
        return format!("{name}.png");
    }
    let whole = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let digest = digest(whole.to_string_lossy().as_bytes());
    format!("{name}-{}.png", &digest[..8])
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_of_variables_ends_with_how_many_more_there_are() {
        let variable = |i: usize| Variable {
            name: format!("s({i}).x"),
            kind: "double".to_owned(),
            shape: vec![1, 1],
            range: None,
            real: true,
        };
        let all: Vec<Variable> = (0..MOST_LISTED + 3).map(variable).collect();
        let last = |count: usize| listing(&all[..count]).lines().last().unwrap().trim().to_owned();
        assert_eq!(last(all.len()), "… and 3 more; --json lists all");
        assert!(last(MOST_LISTED).starts_with("s(199).x"));
    }
}
