//! Scores of pictures, as other programs write them: a CSV file with a column `image` and columns of numbers.

use std::collections::BTreeMap;

/// Columns of the list of pictures; in a file of scores they are not scores.
pub const LISTED: [&str; 4] = ["image", "sample", "direction", "distance"];

/// Scores of a list of pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// What was scored.
    pub names: Vec<String>,
    /// For each picture a number for each name.
    pub rows: Vec<Vec<f64>>,
}

/// What is wrong with a file of scores.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum ScoresError {
    /// It is no CSV file.
    #[error("it is not readable as CSV: {0}")]
    Csv(String),
    /// There is no column for the pictures' names.
    #[error("it has no column 'image'; its columns are {0}")]
    NoImages(String),
    /// No column has numbers.
    #[error("it has no column of numbers beside 'image'")]
    NoScores,
    /// Two columns have the same name.
    #[error("it has two columns '{0}'")]
    TwoColumns(String),
    /// A cell is no number.
    #[error("line {line}: '{cell}' in column '{column}' is not a number")]
    NotANumber {
        /// The line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// The cell.
        cell: String,
    },
    /// A picture has two lines.
    #[error("line {line}: {image} has a line already")]
    Twice {
        /// The line, from 1.
        line: u64,
        /// The picture.
        image: String,
    },
    /// Pictures have no line.
    #[error("{missing} of {all} pictures have no line, the first {first}")]
    Missing {
        /// How many.
        missing: usize,
        /// Of how many.
        all: usize,
        /// The first of them.
        first: String,
    },
}

impl Scores {
    /// Reads the scores of `images`; lines of other pictures and columns without any number are passed over. A picture's name is
    /// its path's last part.
    pub fn read(text: &[u8], images: &[String]) -> Result<Self, ScoresError> {
        let unreadable = |error: csv::Error| ScoresError::Csv(error.to_string());
        let separator = separator(text);
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).delimiter(separator).from_reader(text);
        let header: Vec<String> = reader.headers().map_err(unreadable)?.iter().map(str::to_owned).collect();
        // A mark that some programs begin a file with.
        let header: Vec<String> =
            header.into_iter().map(|name| name.trim_start_matches('\u{feff}').to_owned()).collect();
        let Some(image) = header.iter().position(|name| name == LISTED[0]) else {
            return Err(ScoresError::NoImages(header.join(", ")));
        };
        let mut lines: BTreeMap<String, (u64, csv::StringRecord)> = BTreeMap::new();
        let wanted: std::collections::HashSet<&str> = images.iter().map(|image| last_part(image)).collect();
        for record in reader.records() {
            let record = record.map_err(unreadable)?;
            let line = record.position().map_or(0, csv::Position::line);
            let name = last_part(&record[image]).to_owned();
            if wanted.contains(name.as_str()) && lines.insert(name.clone(), (line, record)).is_some() {
                return Err(ScoresError::Twice { line, image: name });
            }
        }
        let found: Vec<Option<&(u64, csv::StringRecord)>> =
            images.iter().map(|image| lines.get(last_part(image))).collect();
        let missing = found.iter().filter(|line| line.is_none()).count();
        if let Some(at) = found.iter().position(Option::is_none) {
            return Err(ScoresError::Missing { missing, all: images.len(), first: images[at].clone() });
        }
        let lines: Vec<&(u64, csv::StringRecord)> = found.into_iter().flatten().collect();
        let commas = separator != b',';
        let is_score = |&at: &usize| {
            let is_number = |record: &csv::StringRecord| parsed(record.get(at).unwrap_or_default(), commas).is_some();
            !LISTED.contains(&header[at].as_str()) && lines.iter().any(|(_, record)| is_number(record))
        };
        let columns: Vec<usize> = (0..header.len()).filter(is_score).collect();
        if columns.is_empty() {
            return Err(ScoresError::NoScores);
        }
        let names: Vec<String> = columns.iter().map(|&at| header[at].clone()).collect();
        if let Some(at) = (1..names.len()).find(|&at| names[..at].contains(&names[at])) {
            return Err(ScoresError::TwoColumns(names[at].clone()));
        }
        let row = |(line, record): &(u64, csv::StringRecord)| {
            columns.iter().map(|&at| number(record, at, commas, *line, &header)).collect()
        };
        let rows = lines.into_iter().map(row).collect::<Result<_, _>>()?;
        Ok(Self { names, rows })
    }

    /// The bytes of a file of them.
    pub fn write(&self, images: &[String]) -> Result<Vec<u8>, csv::Error> {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(std::iter::once(LISTED[0]).chain(self.names.iter().map(String::as_str)))?;
        for (image, row) in images.iter().zip(&self.rows) {
            table.write_record(std::iter::once(image.clone()).chain(row.iter().map(f64::to_string)))?;
        }
        table.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }
}

/// A path's last part, whichever system wrote it.
fn last_part(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// What separates the columns: the mark that a column `image` stands beside, as spreadsheets write tables in many countries.
fn separator(text: &[u8]) -> u8 {
    let first = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    let has_images = |mark: char| {
        let mut names = first.split(mark).map(|name| name.trim_matches(['\u{feff}', '"', ' ', '\r']));
        first.contains(mark) && names.any(|name| name == LISTED[0])
    };
    [',', ';', '\t'].into_iter().find(|&mark| has_images(mark)).map_or(b',', |mark| mark as u8)
}

/// A cell's number; with `commas` its decimal mark may be a comma.
fn parsed(cell: &str, commas: bool) -> Option<f64> {
    let point = || commas.then(|| cell.replacen(',', ".", 1).parse().ok()).flatten();
    cell.parse::<f64>().ok().or_else(point)
}

fn number(
    record: &csv::StringRecord,
    at: usize,
    commas: bool,
    line: u64,
    header: &[String],
) -> Result<f64, ScoresError> {
    let cell = record.get(at).unwrap_or_default();
    let number = parsed(cell, commas).filter(|x| x.is_finite());
    number.ok_or_else(|| ScoresError::NotANumber { line, column: header[at].clone(), cell: cell.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images() -> Vec<String> {
        ["traits/a.png", "traits/b.png"].map(str::to_owned).to_vec()
    }

    #[test]
    fn scores_are_found_by_the_pictures_names_in_any_order() {
        let text = "\u{feff}who,image,sample,smile, age \nx,/tmp/job/traits/b.png,1,2,-3e1\ny,other.png,0,9,9\nz,C:\\a.png,0,0.5,7\n";
        let scores = Scores::read(text.as_bytes(), &images()).unwrap();
        assert_eq!(scores.names, ["smile", "age"]);
        assert_eq!(scores.rows, [vec![0.5, 7.0], vec![2.0, -30.0]]);
        let again = Scores::read(&scores.write(&images()).unwrap(), &images()).unwrap();
        assert_eq!(again, scores);
    }

    #[test]
    fn spreadsheets_of_other_countries_are_read() {
        for text in [
            "\u{feff}image;smile;age\r\na.png;0,5;7\r\nb.png;2;-30,25\r\n",
            "smile\tage\timage\n0.5\t7\ta.png\n2\t-30.25\tb.png\n",
        ] {
            let scores = Scores::read(text.as_bytes(), &images()).unwrap();
            assert_eq!(scores.rows, [vec![0.5, 7.0], vec![2.0, -30.25]], "{text:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, words) in [
            ("picture,smile\na.png,1\n", "no column 'image'; its columns are picture, smile"),
            ("image,smile\na.png,1\n", "1 of 2 pictures have no line, the first traits/b.png"),
            ("image,smile\na.png,1\nb.png,wide\n", "line 3: 'wide' in column 'smile' is not a number"),
            ("image,smile\na.png,1\nb.png,NaN\n", "line 3: 'NaN' in column 'smile' is not a number"),
            ("image,smile\na.png,1\nb.png,\n", "line 3: '' in column 'smile' is not a number"),
            ("image,smile\na.png,1\na.png,2\nb.png,2\n", "line 3: a.png has a line already"),
            ("image,name\na.png,x\nb.png,y\n", "no column of numbers"),
            ("image,s,s\na.png,1,1\nb.png,1,1\n", "two columns 's'"),
            ("image,s\na.png,1,1\n", "not readable as CSV"),
        ] {
            let message = Scores::read(text.as_bytes(), &images()).unwrap_err().to_string();
            assert!(message.contains(words), "{text:?}: {message}");
        }
    }
}
