//! Octave's text format, which its `save` writes unless told otherwise: variables with a name, a type and a size each.

use std::path::Path;

use super::arrays::{self, Arrays};
use super::columns::Cell;
use super::reading::Reading;
use super::text;
use super::{DataError, Format, Loaded, MOST_POINTS, Matrix, Variable, at_line, range, show_shape};
use crate::config::DecimalMark;

/// Structs within structs to this depth.
const DEEPEST: usize = 16;

/// Files of Octave's text format.
pub(super) struct Octave;

impl Format for Octave {
    fn name(&self) -> &'static str {
        "an Octave text file"
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        let mut lines = bytes[..bytes.len().min(4096)].split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let mut comments = lines.by_ref().take_while(|line| line.is_empty() || line.starts_with(b"#"));
        comments.any(|line| line.starts_with(b"# name:")) && comments.any(|line| line.starts_with(b"# type:"))
    }

    fn load(&self, path: &Path, bytes: &[u8], reading: &Reading) -> Result<Loaded, DataError> {
        let (text, _) = text::text(path, bytes)?;
        arrays::load(path, self.name(), &File::read(path, &text)?, reading)
    }

    fn list(&self, path: &Path, bytes: &[u8], _: &Reading) -> Result<Vec<Variable>, DataError> {
        let (text, _) = text::text(path, bytes)?;
        File::read(path, &text)?.list(true)
    }
}

/// A variable of a file.
struct Entry<'a> {
    name: String,
    kind: &'a str,
    shape: Vec<u64>,
    /// Whether its numbers go row by row; those of arrays with a list of sizes go column by column.
    by_rows: bool,
    /// Its values' text, which begins at the line of this number.
    values: &'a str,
    line: usize,
}

struct File<'a> {
    path: &'a Path,
    entries: Vec<Entry<'a>>,
}

/// Variables that lie in another one.
struct Frame {
    /// The path before their names; None for those that have no path.
    prefix: Option<String>,
    left: u64,
}

impl<'a> File<'a> {
    fn read(path: &'a Path, text: &'a str) -> Result<Self, DataError> {
        let mut file = Self { path, entries: Vec::new() };
        let mut lines = Lines { rest: text, number: 0 };
        let mut frames: Vec<Frame> = Vec::new();
        while let Some(line) = lines.next() {
            let Some(name) = field(line, "name") else { continue };
            let at = lines.number;
            let wrong = |reason: &str| at_line(path, at, format!("'{name}' {reason}"));
            let kind = lines.field("type").ok_or_else(|| wrong("has no type"))?;
            let kind = kind.strip_prefix("global ").unwrap_or(kind);
            let (shape, by_rows) = shape(&mut lines, kind).ok_or_else(|| wrong("has no size that could be read"))?;
            while frames.last().is_some_and(|frame| frame.left == 0) {
                frames.pop();
            }
            let full = match frames.last_mut() {
                None => Some(name.to_owned()),
                Some(frame) => {
                    frame.left -= 1;
                    frame.prefix.as_ref().map(|prefix| format!("{prefix}.{name}"))
                }
            };
            let is_struct = kind.ends_with("struct");
            if is_struct || kind == "cell" {
                let left = if is_struct {
                    lines.field("length").and_then(|n| n.parse().ok()).ok_or_else(|| wrong("has no length"))?
                } else {
                    shape.iter().try_fold(1_u64, |product, &n| product.checked_mul(n)).unwrap_or(u64::MAX)
                };
                if frames.len() >= DEEPEST {
                    return Err(wrong("lies in too many structs"));
                }
                let prefix = full.clone().filter(|_| kind == "scalar struct");
                frames.push(Frame { prefix, left });
            }
            let (values, line) = lines.values();
            if let Some(name) = full {
                file.entries.push(Entry { name, kind, shape, by_rows, values, line });
            }
        }
        Ok(file)
    }
}

struct Lines<'a> {
    rest: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        let (line, rest) = self.rest.split_once('\n').unwrap_or((self.rest, ""));
        (self.rest, self.number) = (rest, self.number + 1);
        Some(line.trim())
    }

    fn peek(&self) -> Option<&'a str> {
        (!self.rest.is_empty()).then(|| self.rest.split('\n').next().unwrap_or("").trim())
    }

    /// What the next line says, if it says this.
    fn field(&mut self, name: &str) -> Option<&'a str> {
        let found = field(self.peek()?, name)?;
        self.next();
        Some(found)
    }

    /// The lines up to the next comment, and the number of the first.
    fn values(&mut self) -> (&'a str, usize) {
        let (all, first) = (self.rest, self.number + 1);
        while self.peek().is_some_and(|line| !line.starts_with('#')) {
            self.next();
        }
        (&all[..all.len() - self.rest.len()], first)
    }
}

/// What a line such as `# rows: 300` says of `name`.
fn field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.strip_prefix('#')?.trim_start().strip_prefix(name)?.strip_prefix(':').map(str::trim)
}

/// A variable's shape, and whether its values go row by row.
fn shape(lines: &mut Lines<'_>, kind: &str) -> Option<(Vec<u64>, bool)> {
    if let Some(rows) = lines.field("rows") {
        return Some((vec![rows.parse().ok()?, lines.field("columns")?.parse().ok()?], true));
    }
    if lines.field("ndims").is_some() {
        let sizes = lines.next()?;
        return Some((sizes.split_whitespace().map(|n| n.parse().ok()).collect::<Option<Vec<u64>>>()?, false));
    }
    // A string's length, a range's base and so on are passed over with the values.
    Some((if kind.contains("scalar") || kind == "bool" { vec![1, 1] } else { Vec::new() }, true))
}

impl Entry<'_> {
    /// Whether it is an array of real numbers.
    fn is_real(&self) -> bool {
        let kind = self.kind.strip_prefix("float ").unwrap_or(self.kind);
        let whole = kind.starts_with("int") || kind.starts_with("uint");
        kind == "matrix" || kind == "scalar" || (whole && (kind.ends_with("matrix") || kind.ends_with("scalar")))
    }

    fn variable(&self, range: Option<(f64, f64)>) -> Variable {
        let real = self.is_real() && self.shape.len() == 2;
        Variable { name: self.name.clone(), kind: self.kind.to_owned(), shape: self.shape.clone(), range, real }
    }

    /// Its numbers in the file's order.
    fn numbers(&self, path: &Path) -> Result<Vec<f64>, DataError> {
        let promised = self.shape.iter().try_fold(1_u64, |product, &n| product.checked_mul(n));
        let mut numbers = Vec::new();
        for (i, line) in self.values.split('\n').enumerate() {
            for word in line.split_whitespace() {
                numbers.push(match text::number::cell(word, DecimalMark::Point) {
                    Cell::Number(x) => x,
                    Cell::Missing => f64::NAN,
                    Cell::Text(word) => {
                        let reason = format!("'{}' is not a number, in '{}'", text::sniff::shorten(word), self.name);
                        return Err(at_line(path, self.line + i, reason));
                    }
                });
            }
        }
        if promised == Some(numbers.len() as u64) {
            return Ok(numbers);
        }
        let reason =
            format!("'{}' is {} by its head and has {} numbers", self.name, show_shape(&self.shape), numbers.len());
        if promised.is_none_or(|promised| promised > numbers.len() as u64) {
            return Err(DataError::CutShort { path: path.to_owned(), reason });
        }
        Err(at_line(path, self.line, reason))
    }
}

impl Arrays for File<'_> {
    fn get(&self, name: &str) -> Result<Option<Matrix<'_>>, DataError> {
        let Some(entry) = self.entries.iter().find(|entry| entry.name == name) else { return Ok(None) };
        let (path, name) = (self.path.to_owned(), name.to_owned());
        if !entry.is_real() {
            return Err(DataError::NotReal { path, name, kind: entry.kind.to_owned() });
        }
        let &[rows, columns] = &entry.shape[..] else {
            return Err(DataError::NotPoints { path, name, shape: show_shape(&entry.shape), how: String::new() });
        };
        let numbers = entry.numbers(self.path)?;
        if numbers.len() > 2 * MOST_POINTS {
            return Err(DataError::TooMany { path, name, found: numbers.len() / 2 });
        }
        let (rows, columns, by_rows) = (rows as usize, columns as usize, entry.by_rows);
        let at = move |row, column| numbers[if by_rows { row * columns + column } else { column * rows + row }];
        Ok(Some(Matrix::new(rows, columns, Box::new(at))))
    }

    fn list(&self, ranges: bool) -> Result<Vec<Variable>, DataError> {
        let one = |entry: &Entry<'_>| {
            let look = ranges && entry.is_real();
            let range = if look { range(entry.numbers(self.path)?.into_iter()) } else { None };
            Ok(entry.variable(range))
        };
        self.entries.iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# Created by Octave 8.4.0, Mon Jan 01 00:00:00 2024 UTC <me@here>\n# name: a\n# type: matrix\n# rows: 2\n# columns: 2\n 9 9\n 8 8\n\n\n# name: title\n# type: string\n# elements: 1\n# length: 5\nhello\n\n\n# name: xx\n# type: matrix\n# rows: 3\n# columns: 2\n 0.5 0.25\n 1 2\n -3 4e-1\n\n\n# name: s\n# type: scalar struct\n# ndims: 2\n 1 1\n# length: 2\n# name: p\n# type: matrix\n# rows: 1\n# columns: 2\n 5 6\n\n\n# name: q\n# type: int32 matrix\n# ndims: 2\n 3 2\n  1\n  2\n  3\n  4\n  5\n  6\n\n\n\n\n# name: c\n# type: cell\n# rows: 1\n# columns: 1\n# name: <cell-element>\n# type: matrix\n# rows: 1\n# columns: 1\n 1\n\n\n\n\n# name: last\n# type: scalar\n7\n";

    fn read(text: &str, key: &str) -> Result<Vec<[f64; 2]>, String> {
        assert!(Octave.recognises(text.as_bytes()));
        let loaded = Octave.load(Path::new("t.mat"), text.as_bytes(), &Reading::of(key));
        loaded.map(|loaded| loaded.points).map_err(|error| error.to_string())
    }

    #[test]
    fn each_variable_is_read_by_its_name() {
        assert_eq!(read(FILE, "xx").unwrap(), [[0.5, 0.25], [1.0, 2.0], [-3.0, 0.4]]);
        assert_eq!(read(FILE, "a").unwrap(), [[9.0, 9.0], [8.0, 8.0]]);
        assert_eq!(read(FILE, "s.q").unwrap(), [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
        assert_eq!(read(FILE, "s.p").unwrap(), [[5.0, 6.0]]);
        let names: Vec<_> = Octave.list(Path::new("t"), FILE.as_bytes(), &Reading::default()).unwrap();
        let names: Vec<_> = names.iter().map(|variable| variable.name.as_str()).collect();
        assert_eq!(names, ["a", "title", "xx", "s", "s.p", "s.q", "c", "last"]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        assert!(read(FILE, "title").unwrap_err().contains("is string"));
        assert!(read(FILE, "z").unwrap_err().contains("has no variable 'z'"));
        assert!(read(&FILE.replace("-3 4e-1\n", ""), "xx").unwrap_err().contains("cut short"));
        assert!(read(&FILE.replace("4e-1", "four"), "xx").unwrap_err().contains("line 23: 'four'"));
        assert!(read("# name: x\n# type: matrix\n# rows: a\n", "x").unwrap_err().contains("no size"));
        assert!(read("# name: x\n# type: matrix\n# rows: 9999999999\n# columns: 9999999999\n1\n", "x").is_err());
        let deep = "# name: s\n# type: scalar struct\n# ndims: 2\n 1 1\n# length: 1\n".repeat(40);
        assert!(read(&deep, "x").unwrap_err().contains("too many structs"));
    }
}
