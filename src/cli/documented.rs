//! Every command line that the documents have is one that gan-lab takes.

use std::ffi::OsString;

use super::parse;

#[path = "../../tests/it/commands.rs"]
mod commands;

use commands::{commands, documents, is_only_named};

#[test]
fn every_command_line_in_the_documents_is_taken() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in documents() {
        let text = fs_err::read_to_string(&path).unwrap();
        for command in commands(&text).into_iter().flatten() {
            seen += 1;
            let arguments: Vec<OsString> = command.iter().map(OsString::from).collect();
            let Err(error) = parse(&arguments) else { continue };
            if error.use_stderr() && !is_only_named(&command) {
                let reason = error.to_string();
                let reason = reason.lines().next().unwrap_or_default().to_owned();
                wrong.push(format!("{}: {}: {reason}", path.display(), command.join(" ")));
            }
        }
    }
    assert!(seen > 100, "only {seen} command lines were found");
    assert!(wrong.is_empty(), "{} of {seen}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn command_lines_are_found_in_blocks_and_in_prose() {
    let text = "Say `gan-lab draw\nRUN --fps 3`, or `gan-lab …`.\n\n```sh\ngan-lab eval 'my run' | head # why\nls\n```\n\n    gan-lab runs\n";
    let blocks = vec![vec!["gan-lab", "eval", "my run"], vec!["gan-lab", "runs"]];
    assert_eq!(commands(text), [blocks, vec![vec!["gan-lab", "draw", "RUN", "--fps", "3"]]]);
}
