//! `gan-lab data make faces-reader`

use std::path::PathBuf;

use clap::Args;

use super::args::whole;
use super::exit::{Exit, hinted};
use super::printer::{Printer, shown_path};
use super::table::{Align, table};
use crate::traits::{self, AtSide, Plan, READABLE, Reader};
use crate::{files, json};

/// Fit the network that reads the traits of drawn faces
#[derive(Debug, Args)]
#[command(
    after_help = "Trains the network on drawn faces and measures it on others, at sides of 64, 32 and 16 pixels. The \
                  built-in reader was made by this command with its default options. docs/TRAITS.md has more."
)]
pub(super) struct ReaderArgs {
    /// Number of drawings to train on; each is used once
    #[arg(long, value_name = "N", default_value_t = 448_000, value_parser = whole::<u64>(64..=1_000_000_000))]
    n: u64,
    /// Other drawings to measure its error on, for each side
    #[arg(long, value_name = "N", default_value_t = 4000, value_parser = whole::<u64>(100..=1_000_000))]
    held_out: u64,
    /// Seed of the random numbers
    #[arg(long, default_value_t = 7919, value_parser = whole::<u64>(0..=u64::MAX))]
    seed: u64,
    /// CPU threads that draw; 0 for as many as the machine has
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = whole::<usize>(0..=256))]
    threads: usize,
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "data/models/faces_reader.safetensors")]
    out: PathBuf,
    /// Replace an existing file
    #[arg(long)]
    force: bool,
}

pub(super) fn make(args: &ReaderArgs, printer: &Printer) -> anyhow::Result<Exit> {
    if args.out.symlink_metadata().is_ok() && !args.force {
        let hint = "write elsewhere with --out, or replace it with --force";
        return Err(hinted(format!("{} exists", args.out.display()), hint));
    }
    crate::torch_library::load()?;
    let threads = match args.threads {
        0 => crate::threads::available(),
        threads => threads,
    };
    let plan = Plan { pictures: args.n, held_out: args.held_out, seed: args.seed, threads };
    let every = (args.n / 20).max(1);
    let mut next = every;
    let bytes = traits::fit(&plan, &mut |seen, loss| {
        if seen >= next {
            printer.note(&format!("{seen} of {} drawings, mean square error {loss:.3}", args.n));
            next = seen + every;
        }
    })?;
    files::write(&args.out, &bytes)?;
    let reader = Reader::of(&bytes)?;
    let sides = &reader.card().sides;
    let words = format!("{}\n\nwrote {} ({:.0} kB)", listing(sides), shown_path(&args.out), bytes.len() as f64 / 1e3);
    printer.result(
        &words,
        &args.out,
        || serde_json::json!({ "file": json::path(&args.out), "card": reader.card() }),
    )?;
    Ok(Exit::Done)
}

/// The share of each trait's variance that is read, at each side.
fn listing(sides: &[AtSide]) -> String {
    let head = std::iter::once("R\u{b2} on held-out drawings".to_owned());
    let mut rows = vec![head.chain(sides.iter().map(|side| format!("side {}", side.side))).collect::<Vec<_>>()];
    for (i, skill) in sides.first().map_or(&[][..], |side| &side.traits).iter().enumerate() {
        let cell = |side: &AtSide| {
            let r2 = side.traits[i].r2;
            if r2 >= READABLE { format!("{r2:.2}") } else { format!("({r2:.2})") }
        };
        rows.push(std::iter::once(skill.name.clone()).chain(sides.iter().map(cell)).collect());
    }
    let align = [&[Align::Left][..], &vec![Align::Right; sides.len()]].concat();
    table(&align, &rows)
}
