//! Parts of the documents that tests make, so that they cannot become untrue.

use std::path::Path;

/// A document of the project.
pub(crate) fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Holds the part of a document between `<!-- NAME -->` and `<!-- end NAME -->` against what it should be; with
/// INSTA_UPDATE=always writes it.
pub(crate) fn hold(document: &str, name: &str, expected: &str) {
    let text = std::fs::read_to_string(path(document)).unwrap();
    let (start, end) = (format!("<!-- {name} -->\n"), format!("<!-- end {name} -->"));
    let from = text.find(&start).unwrap_or_else(|| panic!("{document} has no '{}'", start.trim())) + start.len();
    let to = from + text[from..].find(&end).unwrap_or_else(|| panic!("{document} has no '{end}'"));
    if text[from..to] == *expected {
        return;
    }
    assert!(
        std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always"),
        "{document} does not say what is tested; INSTA_UPDATE=always writes it. It should say:\n{expected}"
    );
    std::fs::write(path(document), format!("{}{expected}{}", &text[..from], &text[to..])).unwrap();
}
