//! `gan-lab man`

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Command};
use clap_mangen::Man;

use super::exit::{Exit, refused};
use super::printer::{Printer, shown_path};
use crate::json;
use crate::made::ResultFolder;

/// Print the manual page, or write the pages of all commands
#[derive(Debug, Args)]
#[command(after_help = "To read it:  gan-lab man | man -l -")]
pub(super) struct ManArgs {
    /// Write the pages of gan-lab and of each command into this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace files of these names that gan-lab did not write
    #[arg(long, requires = "out")]
    force: bool,
}

pub(super) fn run(args: &ManArgs, command: Command, printer: &Printer) -> anyhow::Result<Exit> {
    let Some(folder) = &args.out else {
        let page = String::from_utf8(page(command)?).context("the manual page is not text")?;
        printer.raw(&page, || serde_json::json!({}))?;
        return Ok(Exit::Done);
    };
    let mut command = command;
    command.build();
    let mut written = Vec::new();
    let mut results = ResultFolder::open(folder, args.force)?;
    write_pages(&command, &mut results, &mut written)?;
    let words = format!("wrote {} pages into {}", written.len(), shown_path(folder));
    let fields = || serde_json::json!({ "pages": json::paths(written.iter().map(PathBuf::as_path)) });
    printer.result(&words, "", fields)?;
    Ok(Exit::Done)
}

fn write_pages(command: &Command, folder: &mut ResultFolder, written: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        write_pages(sub, folder, written)?;
    }
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let file = format!("{name}.1");
    written.push(folder.write(&file, &page(command.clone().name(name))?).map_err(refused)?);
    Ok(())
}

fn page(command: Command) -> anyhow::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page).context("cannot write the manual page")?;
    Ok(page)
}
