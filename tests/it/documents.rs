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

/// The headings of a document, as the part of a link after `#`: lower case, hyphens for spaces, other marks left out.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |c: char| (c.is_alphanumeric() || " -_".contains(c)).then(|| c.to_ascii_lowercase());
    headings.map(|heading| heading.chars().filter_map(kept).collect::<String>().replace(' ', "-")).collect()
}

/// The targets of the links of a document, without those into the web.
fn links(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.filter(|target| !target.contains("://")).collect()
}

#[test]
fn every_link_of_a_document_leads_somewhere() {
    let mut count = 0;
    for document in crate::commands::documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for link in links(&text) {
            let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
            let target = if file.is_empty() { document.clone() } else { document.parent().unwrap().join(file) };
            assert!(target.exists(), "{}: {link} is not there", document.display());
            if let Some(anchor) = anchor {
                let there = anchors(&std::fs::read_to_string(&target).unwrap());
                assert!(there.iter().any(|own| own == anchor), "{}: no heading for {link}", document.display());
            }
            count += 1;
        }
    }
    assert!(count > 50, "only {count} links were found");
}
