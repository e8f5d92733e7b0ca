//! `gan-lab sefa edit`

use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use super::files::{Form, Target};
use super::{CodeArgs, Moves, Printer, Seeds, Studio, StudioSettings, Wanted, joined, number, open, whole};
use crate::cli::exit::{Exit, UsageError, hinted};
use crate::cli::printer::{path_lines, shown_path};
use crate::media::{Animation, MAKES_MP4, MediaError};
use crate::render::{Picture, RenderError};
use crate::{json, memory};

/// Films of small pictures are enlarged to about this side: a video of 32 pixels is a blur.
const FILM_SIDE: usize = 256;

/// Draw a picture edited along several directions, or a film of the edit
#[derive(Debug, Args)]
#[command(
    after_help = "A seed gives the same code and the same picture as gan-lab sefa --seed N --n 1, at the model's own \
                  size. Without --move the picture is not edited. Several seeds are written into a folder, as \
                  seed0007.png and so on. The extension of --out sets the format: .png or .jpg; with --path, .mp4 or \
                  .gif."
)]
pub(in crate::cli) struct EditArgs {
    #[command(flatten)]
    settings: StudioSettings,
    /// Which seed [default: 0]
    #[arg(long = "seed", value_name = "SEED", value_parser = whole::<u64>(0..=u64::MAX), conflicts_with_all = ["seeds", "file of codes"], help_heading = "Codes")]
    first_seed: Option<u64>,
    /// Several seeds: 0-7, or 3,7,20-29
    #[arg(long, value_name = "SEEDS", conflicts_with = "file of codes", help_heading = "Codes")]
    seeds: Option<Seeds>,
    #[command(flatten)]
    codes: CodeArgs,
    /// With --codes: which of its rows, counted from 0 [default: all]
    #[arg(long, value_name = "ROWS", requires = "file of codes", help_heading = "Codes")]
    rows: Option<Seeds>,
    /// Steps along directions, which add up: 0=1.4,3=-1
    #[arg(long = "move", value_name = "DIRECTION=DISTANCE", help_heading = "Editing")]
    moves: Vec<Moves>,
    /// The file, or a folder
    #[arg(long, value_name = "FILE|DIR", help_heading = "Pictures")]
    out: PathBuf,
    /// Write a film from the unedited picture to the edited one and back
    #[arg(long, help_heading = "Pictures")]
    path: bool,
    /// With --path: number of pictures from the unedited to the edited one
    #[arg(long = "steps", value_name = "N", default_value_t = 24, value_parser = whole::<usize>(2..=1000), requires = "path", help_heading = "Pictures")]
    film_steps: usize,
    /// With --path: pictures a second
    #[arg(long, value_name = "FPS", default_value_t = 12.0, value_parser = number(0.1..=50.0), requires = "path", help_heading = "Pictures")]
    fps: f64,
    /// Replace files of these names that gan-lab did not write
    #[arg(long, help_heading = "Pictures")]
    force: bool,
}

pub(super) fn run(args: &EditArgs, printer: &Printer) -> anyhow::Result<Exit> {
    let moves = joined(&args.moves)?;
    check_form(args, &moves)?;
    let mut opened = open(&args.settings, &args.codes, printer)?;
    let seed = args.first_seed.map(|seed| Seeds(vec![seed]));
    let otherwise = [opened.seed];
    let numbers = opened.numbers(seed.as_ref().or(args.seeds.as_ref()), args.rows.as_ref(), &otherwise);
    let wanted = numbers.iter().map(|&number| opened.wanted(number, &moves, &args.settings));
    let wanted = wanted.collect::<anyhow::Result<Vec<_>>>()?;
    let names: Vec<String> = numbers.iter().map(|number| format!("{}{number:04}", opened.word())).collect();
    let usual = if args.path { Form::USUAL_FILM } else { Form::Png };
    let mut target = Target::of(&args.out, &names, usual, args.force)?;
    let studio = &mut opened.studio;
    if args.path {
        let side = studio.side();
        let bytes = (args.film_steps * side * side * 3) as u64;
        memory::permit("the film's pictures", bytes, "ask for fewer --steps")?;
    }
    let per_code = if args.path { args.film_steps } else { 1 };
    let bar = printer.progress("picture", (wanted.len() * per_code) as u64, 0);
    let mut written = Vec::with_capacity(wanted.len());
    for (index, wanted) in wanted.iter().enumerate() {
        let shown = |done: usize| bar.show((index * per_code + done) as u64, &[]);
        let bytes = if args.path {
            target.form.film(&Way::drawn(studio, wanted, args.film_steps, &shown)?, args.fps)?
        } else {
            target.form.picture(&studio.picture(wanted)?)?
        };
        written.push(target.write(index, &bytes)?);
        shown(per_code);
    }
    drop(bar);
    let words: Vec<String> = written.iter().map(|path| shown_path(path)).collect();
    let fields = || {
        serde_json::json!({
            "files": json::paths(written.iter().map(PathBuf::as_path)), "model": opened.model, "checkpoint": json::path(&opened.path), "codes": opened.word(),
            "numbers": numbers, "moves": moves_json(&moves), "side": opened.studio.side(),
        })
    };
    printer.result(&format!("wrote {}", words.join("\nwrote ")), path_lines(&written), fields)?;
    Ok(Exit::Done)
}

/// Whether what is asked for and the file's ending agree.
fn check_form(args: &EditArgs, moves: &Moves) -> anyhow::Result<()> {
    let usage = |words: &str| Err(UsageError(words.to_owned()).into());
    if args.path && moves.are_still() {
        return usage("--path needs a --move that is not 0: nothing would move");
    }
    let form = Form::of(&args.out).filter(|_| !args.out.is_dir());
    let out = args.out.display();
    match form {
        Some(form) if form.is_film() && !args.path => {
            usage(&format!("--out {out}: that is a film; --path writes one, and a picture is a .png or .jpg file"))
        }
        Some(Form::Mp4) if !MAKES_MP4 => {
            Err(hinted(format!("--out {out}: {}", MediaError::WithoutVideo), "name a .gif file"))
        }
        Some(form) if !form.is_film() && args.path => usage(&format!("--out {out}: a film is an .mp4 or .gif file")),
        _ => Ok(()),
    }
}

/// Moves in JSON.
pub(super) fn moves_json(moves: &Moves) -> Value {
    let one =
        |&(direction, distance): &(usize, f64)| serde_json::json!({ "direction": direction, "distance": distance });
    moves.each().iter().map(one).collect()
}

/// The way from a code as it is to the edited one and back.
struct Way {
    /// The pictures there.
    there: Vec<Picture>,
    enlarged: usize,
}

impl Way {
    fn drawn(studio: &mut Studio, wanted: &Wanted, frames: usize, shown: &dyn Fn(usize)) -> anyhow::Result<Self> {
        let enlarged = (FILM_SIDE / studio.side()).max(1);
        let mut there = Vec::with_capacity(frames);
        for frame in 0..frames {
            let share = frame as f64 / (frames - 1) as f64;
            there.push(studio.picture(&Wanted { moves: wanted.moves.times(share), ..wanted.clone() })?);
            shown(frame);
        }
        Ok(Self { there, enlarged })
    }
}

impl Animation for Way {
    fn len(&self) -> usize {
        2 * self.there.len() - 1
    }

    fn frame(&self, index: usize) -> Result<Picture, RenderError> {
        let last = self.there.len() - 1;
        let at = last - index.abs_diff(last);
        Ok(if self.enlarged > 1 { self.there[at].enlarged(self.enlarged) } else { self.there[at].clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_film_goes_there_and_back() {
        let of = |value: u8| Picture { width: 1, height: 1, rgb: vec![value; 3] };
        let way = Way { there: vec![of(0), of(1), of(2)], enlarged: 2 };
        let seen: Vec<u8> = (0..way.len()).map(|i| way.frame(i).unwrap().rgb[0]).collect();
        assert_eq!(seen, [0, 1, 2, 1, 0]);
        assert_eq!(way.frame(1).unwrap(), of(1).enlarged(2));
    }
}
