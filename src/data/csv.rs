//! Text tables: two columns of numbers with commas, semicolons, tabs or spaces between them, a heading or none.

use std::path::Path;

use super::{DataError, Matrix, damaged};

pub(super) fn read(path: &Path, bytes: &[u8]) -> Result<Matrix<'static>, DataError> {
    let delimiter = delimiter(bytes);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .delimiter(delimiter)
        .from_reader(bytes);
    let mut table = Table { rows: 0, columns: 0, values: Vec::new() };
    let mut record = csv::StringRecord::new();
    let mut first = true;
    while reader.read_record(&mut record).map_err(|error| damaged(path, error.to_string()))? {
        let start = record.position().map_or(0, csv::Position::byte) as usize;
        // Columns lined up with several spaces read as empty fields.
        let fields = || record.iter().filter(|field| delimiter != b' ' || !field.is_empty());
        let heading = first && is_heading(fields());
        first = false;
        if heading {
            continue;
        }
        let place = |reason| damaged(path, format!("line {}: {reason}", line_number(bytes, start)));
        table.append(fields()).map_err(place)?;
    }
    let Table { rows, columns, values } = table;
    if rows == 0 {
        return Err(DataError::UnknownFormat { path: path.to_owned() });
    }
    Ok(Matrix { rows, columns, at: Box::new(move |row, column| values[row * columns + column]) })
}

/// The numbers read so far, row by row.
struct Table {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl Table {
    fn append<'a>(&mut self, fields: impl Iterator<Item = &'a str> + Clone) -> Result<(), String> {
        let found = fields.clone().count();
        if self.rows == 0 {
            self.columns = found;
        } else if found != self.columns {
            return Err(format!("{found} fields where the lines before have {}", self.columns));
        }
        for field in fields {
            let value = field.parse::<f64>().map_err(|_| format!("'{}' is not a number", shorten(field)))?;
            self.values.push(value);
        }
        self.rows += 1;
        Ok(())
    }
}

/// The number of the first line from byte `start` on that is neither blank nor a comment: the parser places a record
/// at the lines that it passed over to reach it.
fn line_number(bytes: &[u8], start: usize) -> usize {
    let (before, rest) = bytes.split_at(start.min(bytes.len()));
    let skipped = rest
        .split(|&byte| byte == b'\n')
        .take_while(|line| line.trim_ascii().is_empty() || line.starts_with(b"#"))
        .count();
    before.iter().filter(|&&byte| byte == b'\n').count() + skipped + 1
}

/// The first line names the columns when nothing in it is a number.
fn is_heading<'a>(mut fields: impl Iterator<Item = &'a str>) -> bool {
    fields.all(|field| field.parse::<f64>().is_err())
}

fn delimiter(bytes: &[u8]) -> u8 {
    let first = bytes
        .split(|&byte| byte == b'\n')
        .find(|line| !line.trim_ascii().is_empty() && !line.starts_with(b"#"))
        .unwrap_or_default();
    [b',', b';', b'\t'].into_iter().find(|candidate| first.contains(candidate)).unwrap_or(b' ')
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 24 { text.to_owned() } else { text.chars().take(24).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Result<(usize, usize, Vec<f64>), String> {
        let Matrix { rows, columns, at } =
            read(Path::new("t.csv"), text.as_bytes()).map_err(|error| error.to_string())?;
        Ok((rows, columns, (0..rows * columns).map(|i| at(i / columns, i % columns)).collect()))
    }

    #[test]
    fn the_usual_dialects_read_alike() {
        let expected = Ok((2, 2, vec![1.0, -2.5, 3e-4, 4.0]));
        for text in [
            "1,-2.5\n3e-4,4\n",
            "x,y\n1,-2.5\n3e-4,4\n",
            "x;y\n1;-2.5\n3e-4;4",
            "1\t-2.5\r\n3e-4\t4\r\n",
            "# saved by numpy\n1.0 -2.5\n3e-4 4\n",
            "\n  1   -2.5\n3e-4   4\n",
        ] {
            assert_eq!(values(text), expected, "{text:?}");
        }
    }

    #[test]
    fn errors_name_the_line() {
        assert!(values("1,2\n3,four\n").unwrap_err().contains("line 2: 'four' is not a number"));
        assert!(values("1,2\n\n3\n").unwrap_err().contains("line 3: 1 fields"));
        assert!(values("x,y\nu,v\n").unwrap_err().contains("line 2"));
        assert!(values("").unwrap_err().contains("not a MAT v5, npy or CSV"));
    }
}
