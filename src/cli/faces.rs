//! `gan-lab data make faces`

use std::path::{Path, PathBuf};

use clap::Args;

use super::args::whole;
use super::exit::{Exit, hinted};
use super::printer::{Printer, shown_path, typed_path};
use crate::faces::{self, COUNT, Face, FaceSet, SIDES};
use crate::{files, json, media};

/// Draw portraits whose traits are known
#[derive(Debug, Args)]
#[command(
    after_help = "Writes faces.npy (the pictures, for gan-lab train progan --data), traits.csv (a row for each picture, \
                  a column for each trait), law.json (the distribution of every trait), and two sheets in pictures/: the \
                  first faces, and one face with each trait varied over its range. docs/FACES.md has more."
)]
pub(super) struct FacesArgs {
    /// Number of portraits
    #[arg(long, value_name = "N", default_value_t = 50_000, value_parser = whole::<u64>(1..=10_000_000))]
    n: u64,
    /// The pictures' side in pixels
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = whole::<usize>(SIDES[0] as u64..=SIDES[1] as u64))]
    resolution: usize,
    /// Seed of the random numbers
    #[arg(long, default_value_t = 0, value_parser = whole::<u64>(0..=u64::MAX))]
    seed: u64,
    /// CPU threads; 0 for as many as the machine has
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole::<usize>(0..=256))]
    threads: usize,
    /// The folder to write them into
    #[arg(long, value_name = "DIR", default_value = "data/faces")]
    out: PathBuf,
    /// Replace existing files
    #[arg(long)]
    force: bool,
}

const SHEETS: [&str; 2] = ["pictures/faces.png", "pictures/traits.png"];
/// Faces in a row of the first sheet, its rows, and steps of a walk on the second.
const COLUMNS: usize = 12;
const ROWS: usize = 8;
const STEPS: usize = 9;
/// A face's side on a sheet.
const SHOWN: usize = 96;

pub(super) fn make(args: &FacesArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let set = FaceSet { n: args.n, side: args.resolution, seed: args.seed };
    let all = [&[faces::PICTURES, faces::TABLE, faces::CARD][..], &SHEETS].concat();
    for path in all.iter().map(|name| args.out.join(name)) {
        if path.symlink_metadata().is_ok() && !args.force {
            let hint = "write elsewhere with --out, or replace it with --force";
            return Err(hinted(format!("{} exists", path.display()), hint));
        }
    }
    let threads = match args.threads {
        0 => crate::threads::available(),
        threads => threads,
    };
    set.write(&args.out, threads)?;
    let first: Vec<Face> = set.faces().take(COLUMNS * ROWS).collect();
    sheet(&args.out, SHEETS[0], &first, COLUMNS.min(first.len()))?;
    sheet(&args.out, SHEETS[1], &faces::walks(STEPS), STEPS)?;
    let pictures = args.out.join(faces::PICTURES);
    let words = format!(
        "wrote {} ({} faces of side {}, {:.1} MB), {}, {} and pictures/ beside it\nnext: gan-lab train progan --data {} \
         --resolution {}",
        shown_path(&pictures),
        set.n,
        set.side,
        set.bytes() as f64 / 1e6,
        faces::TABLE,
        faces::CARD,
        typed_path(&pictures),
        // A ProGAN's side is a power of two.
        1_usize << set.side.ilog2(),
    );
    let fields = || {
        serde_json::json!({
            "law": "faces",
            "file": json::path(&pictures),
            "faces": set.n,
            "resolution": set.side,
            "seed": set.seed,
            "traits": COUNT,
            "files": json::paths(all.iter().map(|name| args.out.join(name))),
        })
    };
    printer.result(&words, &pictures, fields)?;
    Ok(Exit::Done)
}

fn sheet(folder: &Path, name: &str, shown: &[Face], columns: usize) -> anyhow::Result<()> {
    let picture = faces::sheet(shown, columns, SHOWN);
    files::write(&folder.join(name), &media::encode_png(&picture)?)?;
    Ok(())
}
