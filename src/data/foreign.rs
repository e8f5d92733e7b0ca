//! Formats that are not read, each with its name and the line that converts it.

use std::path::Path;

use super::reading::Reading;
use super::{DataError, Format, Loaded, Variable};

/// A format that is not read.
pub(super) struct Foreign {
    what: &'static str,
    recognises: fn(&[u8]) -> bool,
    /// What to do; `{path}` stands for the file, `{csv}` for its name as a CSV file.
    how: &'static str,
}

macro_rules! pandas {
    ($reader:literal) => {
        concat!("python3 -c \"import pandas; pandas.", $reader, "('{path}').to_csv('{csv}', index=False)\"")
    };
}

/// MAT v7.3 has an error of its own.
pub(super) struct Hdf5;

/// Those that are not read, the more exact ones first.
pub(super) static FOREIGN: [Foreign; 21] = [
    Foreign { what: "a Parquet file", recognises: |b| b.starts_with(b"PAR1"), how: pandas!("read_parquet") },
    Foreign {
        what: "a Feather (Arrow) file",
        recognises: |b| b.starts_with(b"ARROW1") || b.starts_with(b"FEA1"),
        how: pandas!("read_feather"),
    },
    Foreign {
        what: "an Excel workbook (xlsx)",
        recognises: |b| is_zip_with(b, b"xl/workbook"),
        how: pandas!("read_excel"),
    },
    Foreign {
        what: "an Excel workbook (xls)",
        recognises: |b| b.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        how: pandas!("read_excel"),
    },
    Foreign {
        what: "an OpenDocument spreadsheet (ods)",
        recognises: |b| is_zip_with(b, b"opendocument.spreadsheet"),
        how: pandas!("read_excel"),
    },
    Foreign {
        what: "a file of PyTorch",
        recognises: |b| is_zip_with(b, b"data.pkl"),
        how: "python3 -c \"import torch, numpy; numpy.save('points.npy', torch.load('{path}').numpy())\"",
    },
    Foreign { what: "a zip archive", recognises: |b| b.starts_with(b"PK\x03\x04"), how: "unzip '{path}'" },
    Foreign {
        what: "a pickle of Python",
        recognises: |b| matches!(b, [0x80, 2..=5, ..]) && b.last() == Some(&b'.'),
        how: "python3 -c \"import pickle, numpy; numpy.save('points.npy', pickle.load(open('{path}', 'rb')))\"",
    },
    Foreign {
        what: "a workspace of R (RData)",
        recognises: |b| b.starts_with(b"RDX2\n") || b.starts_with(b"RDX3\n") || b.starts_with(b"RDA"),
        how: "Rscript -e \"write.csv(get(load('{path}')), '{csv}', row.names=FALSE)\"",
    },
    Foreign {
        what: "an object of R (rds)",
        recognises: |b| b.starts_with(b"X\n\0\0\0"),
        how: "Rscript -e \"write.csv(readRDS('{path}'), '{csv}', row.names=FALSE)\"",
    },
    Foreign { what: "packed with bzip2", recognises: |b| b.starts_with(b"BZh"), how: "bunzip2 --keep '{path}'" },
    Foreign { what: "packed with xz", recognises: |b| b.starts_with(b"\xfd7zXZ\0"), how: "unxz --keep '{path}'" },
    Foreign { what: "packed with zstd", recognises: |b| b.starts_with(b"\x28\xb5\x2f\xfd"), how: "unzstd '{path}'" },
    Foreign { what: "a 7z archive", recognises: |b| b.starts_with(b"7z\xbc\xaf\x27\x1c"), how: "7z x '{path}'" },
    Foreign {
        what: "an SQLite database",
        recognises: |b| b.starts_with(b"SQLite format 3\0"),
        how: "sqlite3 -header -csv '{path}' 'select x, y from points' > '{csv}'",
    },
    Foreign {
        what: "a MatrixMarket file",
        recognises: |b| b.starts_with(b"%%MatrixMarket"),
        how: "python3 -c \"import scipy.io, numpy; numpy.save('points.npy', scipy.io.mmread('{path}'))\"",
    },
    Foreign {
        what: "a web page (HTML)",
        recognises: |b| {
            let text = text_start(b);
            [&b"<!doctype"[..], b"<html", b"<head"]
                .iter()
                .any(|tag| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)))
        },
        how: "fetch the file itself, not the page about it",
    },
    Foreign { what: "XML", recognises: |b| text_start(b).starts_with(b"<?xml"), how: pandas!("read_xml") },
    Foreign {
        what: "a PDF document",
        recognises: |b| b.starts_with(b"%PDF-"),
        how: "copy the table out of it as text",
    },
    Foreign {
        what: "a picture",
        recognises: |b| b.starts_with(b"\x89PNG") || b.starts_with(b"\xff\xd8\xff") || b.starts_with(b"GIF8"),
        how: "name a file of points; pictures are for gan-lab train progan",
    },
    Foreign {
        what: "JSON",
        recognises: |b| match text_start(b) {
            [b'{', rest @ ..] => matches!(rest.trim_ascii_start(), [b'"' | b'}', ..]),
            [b'[', rest @ ..] => {
                matches!(rest.trim_ascii_start(), [b'[' | b']' | b'{' | b'"' | b'-' | b'0'..=b'9', ..])
            }
            _ => false,
        },
        how: pandas!("read_json"),
    },
];

/// The text without a byte order mark and space before it.
fn text_start(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start()
}

/// Whether it is a zip archive in whose lists of names there is this one.
fn is_zip_with(bytes: &[u8], name: &[u8]) -> bool {
    const ENDS: usize = 1 << 16;
    let holds = |part: &[u8]| part.windows(name.len()).any(|window| window == name);
    bytes.starts_with(b"PK\x03\x04")
        && (holds(&bytes[..bytes.len().min(ENDS)]) || holds(&bytes[bytes.len().saturating_sub(ENDS)..]))
}

impl Foreign {
    fn refuse(&self, path: &Path) -> DataError {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let csv = format!("{}.csv", name.split('.').next().unwrap_or("points"));
        let how = self.how.replace("{path}", &path.display().to_string()).replace("{csv}", &csv);
        DataError::Foreign { path: path.to_owned(), what: self.what.to_owned(), how }
    }
}

impl Format for Foreign {
    fn name(&self) -> &'static str {
        self.what
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        (self.recognises)(bytes)
    }

    fn load(&self, path: &Path, _: &[u8], _: &Reading) -> Result<Loaded, DataError> {
        Err(self.refuse(path))
    }

    fn list(&self, path: &Path, _: &[u8], _: &Reading) -> Result<Vec<Variable>, DataError> {
        Err(self.refuse(path))
    }
}

impl Format for Hdf5 {
    fn name(&self) -> &'static str {
        "a MAT v7.3 (HDF5) file"
    }

    fn recognises(&self, bytes: &[u8]) -> bool {
        const MAGIC: &[u8] = b"\x89HDF\r\n\x1a\n";
        bytes.starts_with(MAGIC)
            || bytes.get(512..).is_some_and(|rest| rest.starts_with(MAGIC))
            || bytes.starts_with(b"MATLAB 7.3")
    }

    fn load(&self, path: &Path, _: &[u8], _: &Reading) -> Result<Loaded, DataError> {
        Err(DataError::Hdf5 { path: path.to_owned() })
    }

    fn list(&self, path: &Path, _: &[u8], _: &Reading) -> Result<Vec<Variable>, DataError> {
        Err(DataError::Hdf5 { path: path.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_files_are_named_with_the_line_that_converts_them() {
        let zip = |inner: &str| format!("PK\x03\x04{}{inner}", "\0".repeat(300)).into_bytes();
        for (bytes, what, how) in [
            (b"PAR1\x15\x04".to_vec(), "a Parquet file", "read_parquet('my.set').to_csv('my.csv'"),
            (zip("xl/workbook.xml"), "an Excel workbook (xlsx)", "read_excel"),
            (zip("archive/data.pkl"), "a file of PyTorch", "torch.load"),
            (zip("points.csv"), "a zip archive", "unzip 'my.set'"),
            (b"\xef\xbb\xbf \n[[0.5, 0.25], [1, 2]]".to_vec(), "JSON", "read_json"),
            (b"{\"x\": [1]}".to_vec(), "JSON", "read_json"),
            (b"\n<!DOCTYPE HTML><html>".to_vec(), "a web page", "not the page"),
            (b"\xfd7zXZ\0\0".to_vec(), "packed with xz", "unxz"),
            (b"\x80\x04\x95.".to_vec(), "a pickle", "pickle.load"),
            (b"%%MatrixMarket matrix array real general\n".to_vec(), "MatrixMarket", "mmread"),
        ] {
            let found = super::super::detect(Path::new("my.set"), &bytes).unwrap();
            let message = found.load(Path::new("my.set"), &bytes, &Reading::default()).err().unwrap().to_string();
            assert!(message.contains(what) && message.contains(how) && !message.contains("damaged"), "{message}");
        }
    }
}
