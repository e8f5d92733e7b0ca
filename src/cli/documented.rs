//! Every command line that the documents have is one that gan-lab takes.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::parse;

/// README.md, and the pages under docs/, data/ and packaging/.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![root.join("README.md"), root.join("CONTRIBUTING.md"), root.join("data/models/README.md")];
    for folder in ["docs", "packaging/points", "packaging/full"] {
        let pages = fs_err::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        found.extend(pages.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    found.sort();
    found
}

/// What stands between backticks in prose and in tables, and the lines of code blocks.
fn code(text: &str) -> Vec<String> {
    let (mut found, mut prose) = (Vec::new(), String::new());
    let mut blocks = text.split("```");
    while let Some(outside) = blocks.next() {
        prose.push_str(outside);
        let Some(inside) = blocks.next() else { break };
        let lines = inside.split_once('\n').map_or("", |(_, lines)| lines).replace("\\\n", " ");
        found.extend(lines.lines().map(str::to_owned));
    }
    // A command in prose may go on in the next line, but not in the next paragraph.
    for paragraph in prose.split("\n\n") {
        let indented = paragraph.lines().filter_map(|line| line.strip_prefix("    "));
        found.extend(indented.map(str::to_owned));
        found.extend(paragraph.split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")));
    }
    found
}

/// The words of a shell's line up to the first pipe, redirection or comment.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None, '|' | '>' | '&' | ';') => break,
            (None, '#') if word.is_none() => break,
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The command lines of a document. Those with dots for what is left out, and the bare name of a command, say nothing that
/// could be checked.
fn commands(text: &str) -> Vec<Vec<String>> {
    let is_ours = |word: &String| ["gan-lab", "target/release/gan-lab"].contains(&word.as_str());
    let mut found = Vec::new();
    for line in code(text) {
        let words = words(line.trim().trim_start_matches("$ "));
        let whole = words.len() > 1
            && words[1] != "trace"
            && !words.iter().any(|word| word.contains(['…', '<', '[']) || word.ends_with("..."));
        if words.first().is_some_and(is_ours) && whole {
            found.push(words);
        }
    }
    found
}

#[test]
fn every_command_line_in_the_documents_is_taken() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in documents() {
        let text = fs_err::read_to_string(&path).unwrap();
        for command in commands(&text) {
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

/// Whether it is the name of a command that needs more, as a text speaks of it: `gan-lab convert`.
fn is_only_named(command: &[String]) -> bool {
    command[1..].iter().all(|word| word.chars().all(|c| c.is_ascii_lowercase()))
}

#[test]
fn command_lines_are_found_in_blocks_and_in_prose() {
    let text = "Say `gan-lab draw\nRUN --fps 3`, or `gan-lab …`.\n\n```sh\ngan-lab eval 'my run' | head # why\nls\n```\n\n    gan-lab runs\n";
    let found = commands(text);
    let expected =
        [vec!["gan-lab", "eval", "my run"], vec!["gan-lab", "draw", "RUN", "--fps", "3"], vec!["gan-lab", "runs"]];
    for command in &expected {
        assert!(found.iter().any(|words| words == command), "{command:?} is not in {found:?}");
    }
    assert_eq!(found.len(), expected.len());
}
