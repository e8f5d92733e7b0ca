//! Weka's ARFF: attributes with names and types, then rows as in CSV.

use std::path::Path;

use super::reading::Reading;
use super::text::{self, Source};
use super::{DataError, Format, Loaded, Variable, at_line, no_names, unusable};

/// ARFF files.
pub(super) struct Arff;

impl Format for Arff {
    fn name(&self) -> &'static str {
        "an ARFF file"
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        let lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).take(1000);
        let first = lines
            .map(|line| line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line))
            .find(|line| !line.is_empty() && !line.starts_with(b"%"));
        first.is_some_and(|line| starts_with_word(line, b"@relation") || starts_with_word(line, b"@attribute"))
    }

    fn load(&self, path: &Path, bytes: &[u8], reading: &Reading) -> Result<Loaded, DataError> {
        if !reading.is_default_key() {
            return Err(no_names(path, self.name(), &reading.key));
        }
        if let Some(option) = reading.text_option() {
            return Err(super::no_text(path, self.name(), option));
        }
        let (text, encoding) = text::text(path, bytes)?;
        table(path, &text)?.load(self.name(), encoding, reading)
    }

    fn list(&self, path: &Path, bytes: &[u8], _: &Reading) -> Result<Vec<Variable>, DataError> {
        let (text, _) = text::text(path, bytes)?;
        table(path, &text)?.list()
    }
}

fn starts_with_word(line: &[u8], word: &[u8]) -> bool {
    line.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

/// The table after `@data`, with the attributes' names.
fn table<'a>(path: &'a Path, text: &'a str) -> Result<Source<'a>, DataError> {
    let mut names = Vec::new();
    let mut rest = text;
    let mut number = 0;
    while !rest.is_empty() {
        number += 1;
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        rest = after;
        let line = line.trim();
        if starts_with_word(line.as_bytes(), b"@attribute") {
            let said = line["@attribute".len()..].trim_start();
            let name = match said.chars().next() {
                Some(quote @ ('\'' | '"')) => said[1..].split_once(quote).map(|(name, _)| name),
                _ => said.split_whitespace().next(),
            };
            let name = name.ok_or_else(|| at_line(path, number, "an attribute without a name"))?;
            names.push(name.to_owned());
        } else if starts_with_word(line.as_bytes(), b"@data") {
            let sparse = rest.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('%'));
            if sparse.is_some_and(|line| line.starts_with('{')) {
                return Err(unusable(path, "it is a sparse ARFF file; write its rows with all their values"));
            }
            if names.is_empty() {
                return Err(unusable(path, "it is an ARFF file without attributes"));
            }
            return Ok(Source::with_names(path, rest, number + 1, names));
        }
    }
    Err(unusable(path, "it is an ARFF file without a line @data: no rows are in it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "% made by hand\n@RELATION r\n\n@attribute 'x pos' numeric\n@attribute y REAL\n@attribute class {a, 'b c'}\n@DATA\n% rows\n0.5,0.25,a\n1.5, 2.5, 'b c'\n-1,?,a\n";

    fn read(text: &str) -> Result<Loaded, String> {
        assert!(Arff.recognises(text.as_bytes()));
        Arff.load(Path::new("t.arff"), text.as_bytes(), &Reading::default()).map_err(|error| error.to_string())
    }

    #[test]
    fn attributes_name_the_columns_and_the_class_is_kept() {
        let text = FILE.replace('?', "3").replace("-1,3,a\n", "-1,3,a\n4,5,a\n");
        let loaded = read(&text).unwrap();
        assert_eq!(loaded.points, [[0.5, 0.25], [1.5, 2.5], [-1.0, 3.0], [4.0, 5.0]]);
        assert_eq!(loaded.taken.columns.unwrap(), ["x pos", "y"]);
        assert_eq!(loaded.labels.unwrap().classes, ["a", "b c"]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        assert!(read(FILE).unwrap_err().contains("line 11: no value in 'y'"));
        assert!(read("@relation r\n@attribute x real\n").unwrap_err().contains("without a line @data"));
        assert!(read("@relation r\n@attribute x real\n@data\n{0 1}\n").unwrap_err().contains("sparse"));
        assert!(read("@relation r\n@attribute\n@data\n1\n").unwrap_err().contains("line 2"));
        assert!(read("@relation r\n@attribute 'x\n@data\n1\n").unwrap_err().contains("line 2"));
        assert!(!Arff.recognises(b"x,y\n"));
    }
}
