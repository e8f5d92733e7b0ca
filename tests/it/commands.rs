//! The command lines that the documents have. The unit tests parse them and `documented` runs them, each with this file.

use std::path::{Path, PathBuf};

/// README.md, and the pages under docs/, data/ and packaging/.
pub(crate) fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = vec![root.join("README.md"), root.join("CONTRIBUTING.md"), root.join("data/models/README.md")];
    for folder in ["docs", "docs/architecture", "packaging/lite", "packaging/full"] {
        let pages = std::fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        found.extend(pages.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    }
    found.sort();
    found
}

/// The lines of code blocks, and what stands between backticks in prose and in tables.
fn code(text: &str) -> [Vec<String>; 2] {
    let (mut lines, mut spans, mut prose) = (Vec::new(), Vec::new(), String::new());
    let mut blocks = text.split("```");
    while let Some(outside) = blocks.next() {
        prose.push_str(outside);
        let Some(inside) = blocks.next() else { break };
        let inside = inside.split_once('\n').map_or("", |(_, lines)| lines).replace("\\\n", " ");
        lines.extend(inside.lines().map(str::to_owned));
    }
    // A command in prose may go on in the next line, but not in the next paragraph.
    for paragraph in prose.split("\n\n") {
        let indented = paragraph.lines().filter_map(|line| line.strip_prefix("    "));
        lines.extend(indented.map(str::to_owned));
        spans.extend(paragraph.split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")));
    }
    [lines, spans]
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

/// The command lines of a document: those in its code blocks, which a reader types one after another, and those in its prose. Those
/// with dots for what is left out, and the bare name of a command, say nothing that could be checked.
pub(crate) fn commands(text: &str) -> [Vec<Vec<String>>; 2] {
    let is_ours = |word: &String| ["gan-lab", "target/release/gan-lab"].contains(&word.as_str());
    let command = |line: &String| {
        let words = words(line.trim().trim_start_matches("$ "));
        let whole = words.len() > 1
            && words[1] != "trace"
            && !words.iter().any(|word| word.contains(['…', '<', '[']) || word.ends_with("..."));
        (words.first().is_some_and(is_ours) && whole).then_some(words)
    };
    code(text).map(|lines| lines.iter().filter_map(command).collect())
}

/// Whether it is the name of a command that needs more, as a text speaks of it: `gan-lab convert`.
pub(crate) fn is_only_named(command: &[String]) -> bool {
    command[1..].iter().all(|word| word.chars().all(|c| c.is_ascii_lowercase()))
}
