//! `gan-lab sefa sheet`

use std::path::PathBuf;

use clap::Args;

use super::files::{Form, Target};
use super::{CodeArgs, Moves, Opened, Printer, Seeds, StudioSettings, joined, open, whole};
use crate::cli::exit::{Exit, UsageError};
use crate::cli::printer::shown_path;
use crate::render::{ContactSheet, Picture};
use crate::{json, memory};

/// Tiles in a row at most, where nobody says how many: a sheet is read on a screen.
const MOST_COLUMNS: usize = 16;

/// Draw a contact sheet: one picture for each seed, with the seed below it
#[derive(Debug, Args)]
#[command(
    after_help = "Use a sheet to choose samples by eye: gan-lab sefa edit --seed N then draws the same picture at the \
                  model's own size, and gan-lab sefa --seed N --n 1 renders its directions. With --move, all pictures of \
                  the sheet are edited."
)]
pub(in crate::cli) struct SheetArgs {
    #[command(flatten)]
    settings: StudioSettings,
    /// Which seeds: 0-63, or 3,7,20-29 [default: 0-63]
    #[arg(long, value_name = "SEEDS", conflicts_with = "file of codes", help_heading = "Codes")]
    seeds: Option<Seeds>,
    #[command(flatten)]
    codes: CodeArgs,
    /// With --codes: which of its rows, counted from 0 [default: all]
    #[arg(long, value_name = "ROWS", requires = "file of codes", help_heading = "Codes")]
    rows: Option<Seeds>,
    /// Steps along directions: 0=1.4,3=-1
    #[arg(long = "move", value_name = "DIRECTION=DISTANCE", help_heading = "Editing")]
    moves: Vec<Moves>,
    /// The file, .png or .jpg
    #[arg(long, value_name = "FILE", help_heading = "Pictures")]
    out: PathBuf,
    /// Tiles in a row [default: about as many as rows, 16 at most]
    #[arg(long, value_name = "N", value_parser = whole::<usize>(1..=1000), help_heading = "Pictures")]
    columns: Option<usize>,
    /// A tile's side in pixels, at most: smaller pictures are enlarged by whole numbers, larger ones reduced by them
    #[arg(long, value_name = "PIXELS", default_value_t = 128, value_parser = whole::<usize>(4..=2048), help_heading = "Pictures")]
    tile: usize,
    /// Replace a file of this name that gan-lab did not write
    #[arg(long, help_heading = "Pictures")]
    force: bool,
}

pub(super) fn run(args: &SheetArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let moves = joined(&args.moves)?;
    let form = Form::of(&args.out).filter(|form| !form.is_film());
    let Some(form) = form.filter(|_| !args.out.is_dir()) else {
        return Err(UsageError(format!("--out {}: a sheet is a .png or .jpg file", args.out.display())).into());
    };
    let mut target = Target::of(&args.out, &[String::new()], form, args.force)?;
    let mut opened = open(&args.settings, &args.codes, printer)?;
    let numbers = opened.numbers(args.seeds.as_ref(), args.rows.as_ref(), &(0..64).collect::<Vec<_>>());
    let wanted = numbers.iter().map(|&number| opened.wanted(number, &moves, &args.settings));
    let wanted = wanted.collect::<anyhow::Result<Vec<_>>>()?;
    let fit = Fit::of(opened.studio.side(), args.tile);
    let columns =
        args.columns.unwrap_or_else(|| (numbers.len() as f64).sqrt().ceil().min(MOST_COLUMNS as f64) as usize);
    let sheet = ContactSheet {
        title: title(&opened, &moves),
        names: numbers.iter().map(ToString::to_string).collect(),
        columns: columns.min(numbers.len()),
        side: fit.side(opened.studio.side()),
    };
    // Once as pixels, once encoded.
    memory::permit("the sheet", 2 * sheet.bytes()?, "ask for fewer seeds or a smaller --tile")?;
    let bar = printer.progress("picture", numbers.len() as u64, 0);
    let picture = sheet.draw(|index| {
        let picture = opened.studio.picture(&wanted[index])?;
        bar.show(index as u64 + 1, &[]);
        Ok::<_, anyhow::Error>(fit.picture(&picture))
    })?;
    drop(bar);
    let path = target.write(0, &form.picture(&picture)?)?;
    let words = format!(
        "wrote {}: {} pictures of {}\nnext: gan-lab sefa explore, or gan-lab sefa edit --{} N --move 0=2 --out a.png",
        shown_path(&path),
        numbers.len(),
        opened.model,
        if opened.studio.rows().is_some() { "rows" } else { "seed" },
    );
    let fields = || {
        serde_json::json!({
            "file": json::path(&path), "model": opened.model, "checkpoint": json::path(&opened.path), "codes": opened.word(), "numbers": numbers,
            "moves": super::edit::moves_json(&moves), "width": picture.width, "height": picture.height,
            "columns": sheet.columns, "tile": sheet.side,
        })
    };
    printer.result(&words, &path, fields)?;
    Ok(Exit::Done)
}

fn title(opened: &Opened, moves: &Moves) -> String {
    let codes = if opened.studio.rows().is_some() { "rows of codes" } else { "seeds" };
    let steps = if moves.are_still() { String::new() } else { format!(", moved {}", moves.without_zeros()) };
    format!("{}: {codes}{steps}", opened.model)
}

/// How a picture becomes a tile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    Enlarged(usize),
    Reduced(usize),
}

impl Fit {
    fn of(side: usize, most: usize) -> Self {
        if side <= most { Self::Enlarged(most / side) } else { Self::Reduced(side.div_ceil(most)) }
    }

    fn side(self, side: usize) -> usize {
        match self {
            Self::Enlarged(times) => side * times,
            Self::Reduced(by) => side / by,
        }
    }

    fn picture(self, picture: &Picture) -> Picture {
        match self {
            Self::Enlarged(times) => picture.enlarged(times),
            Self::Reduced(by) => picture.reduced(by),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_enlarged_or_reduced_by_whole_numbers() {
        for (side, most, fit, tile) in [
            (32, 128, Fit::Enlarged(4), 128),
            (32, 100, Fit::Enlarged(3), 96),
            (128, 128, Fit::Enlarged(1), 128),
            (256, 128, Fit::Reduced(2), 128),
            (1024, 128, Fit::Reduced(8), 128),
            (1024, 1024, Fit::Enlarged(1), 1024),
            (256, 100, Fit::Reduced(3), 85),
            (2048, 4, Fit::Reduced(512), 4),
        ] {
            let found = Fit::of(side, most);
            assert_eq!((found, found.side(side)), (fit, tile), "{side} in {most}");
            let picture = found.picture(&Picture::white(side, side));
            assert_eq!((picture.width, picture.height), (tile, tile));
        }
    }
}
