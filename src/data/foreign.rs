//! Formats that are not read, each with its name and the line that converts it.

use std::path::Path;

use super::reading::Reading;
use super::{DataError, Format, Loaded, Variable};

/// A format that is not read.
pub(super) struct Foreign {
    what: &'static str,
    recognises: fn(&[u8]) -> bool,
    /// What to do. `{path}` stands for the file, and `{csv}`, `{npy}`, `{out}` for a new one of that kind, all as a shell
    /// takes them.
    how: &'static str,
    /// What the line needs of PyPI; empty where that is nothing.
    needs: &'static str,
}

/// A table of a spreadsheet, whose first row may hold points.
const EXCEL: &str = "python3 -c \"import sys, pandas; pandas.read_excel(sys.argv[1], header=None).to_csv(sys.argv[2], \
                     index=False, header=False)\" {path} {csv}";
const PARQUET: &str = "python3 -c \"import sys, pandas; pandas.read_parquet(sys.argv[1]).to_csv(sys.argv[2], \
                       index=False)\" {path} {csv}";
const FEATHER: &str = "python3 -c \"import sys, pandas; pandas.read_feather(sys.argv[1]).to_csv(sys.argv[2], \
                       index=False)\" {path} {csv}";
const XML: &str =
    "python3 -c \"import sys, pandas; pandas.read_xml(sys.argv[1]).to_csv(sys.argv[2], index=False)\" {path} {csv}";
/// The rows may lie in a list of an object, as pandas' orient='split' has them.
const JSON: &str = "python3 -c \"import sys, json, pandas; d = json.load(open(sys.argv[1], encoding='utf-8-sig')); \
                    d = next((v for v in d.values() if isinstance(v, list) and v and isinstance(v[0], (list, dict))), d) \
                    if isinstance(d, dict) else d; pandas.DataFrame(d).to_csv(sys.argv[2], index=False)\" {path} {csv}";
const JSON_LINES: &str = "python3 -c \"import sys, pandas; pandas.read_json(sys.argv[1], lines=True, convert_dates=False, \
                          encoding='utf-8-sig').to_csv(sys.argv[2], index=False)\" {path} {csv}";
const JSON_ARRAYS: &str = "python3 -c \"import sys, json, numpy; numpy.save(sys.argv[2], numpy.array(json.load(open(sys.argv[1], \
                           encoding='utf-8-sig')), float))\" {path} {npy}";
const JSON_ARRAY_LINES: &str = "python3 -c \"import sys, json, numpy; numpy.save(sys.argv[2], numpy.array([json.loads(line) for line in \
     open(sys.argv[1], encoding='utf-8-sig') if line.strip()], float))\" {path} {npy}";
const GEO_JSON: &str = "python3 -c \"import sys, json, numpy; all = json.load(open(sys.argv[1], encoding='utf-8-sig'))['features']; \
     numpy.save(sys.argv[2], numpy.array([f['geometry']['coordinates'][:2] for f in all if (f['geometry'] or \
     {}).get('type') == 'Point'], float))\" {path} {npy}";
/// Of several tensors the first.
const TORCH: &str = "python3 -c \"import sys, torch, numpy; x = torch.load(sys.argv[1], map_location='cpu'); \
                     x = list(x.values()) if isinstance(x, dict) else x; x = x[0] if isinstance(x, (list, tuple)) else x; \
                     numpy.save(sys.argv[2], x.detach().numpy())\" {path} {npy}";
/// Of a dict the first array, or the first two vectors; of a table the columns of numbers.
const PICKLE: &str = "python3 -c \"import sys, pickle, numpy; x = pickle.load(open(sys.argv[1], 'rb')); \
                      v = list(x.values()) if type(x) is dict else [x]; \
                      a = numpy.asarray(x.select_dtypes('number') if hasattr(x, 'select_dtypes') else v[0], float); \
                      numpy.save(sys.argv[2], a if a.ndim > 1 else numpy.column_stack(v[:2]))\" {path} {npy}\n  \
                      (only if you trust its source: a pickle can run any program)";
const PRINTED: &str = "python3 -c \"import sys, numpy; t = open(sys.argv[1]).read().replace('[', ' ').replace(']', ' '); \
                       numpy.save(sys.argv[2], numpy.array(t.split(), float).reshape(-1, 2))\" {path} {npy}";
const PYTHON_LIST: &str = "python3 -c \"import sys, ast, numpy; numpy.save(sys.argv[2], numpy.array(ast.literal_eval(open(sys.argv[1]).read()), \
                           float))\" {path} {npy}";
const KML: &str = "python3 -c \"import sys, re, numpy; t = open(sys.argv[1], encoding='utf-8').read(); \
                   c = re.findall('<coordinates>([^<]*)', t); \
                   numpy.save(sys.argv[2], numpy.array([p.split(',')[:2] for s in c for p in s.split()], float))\" {path} {npy}";
const GPX: &str = "python3 -c \"import sys, re, numpy; t = open(sys.argv[1], encoding='utf-8').read(); \
                   p = re.findall('<(?:trkpt|rtept|wpt) [^>]*', t); numpy.save(sys.argv[2], \
                   numpy.array([[re.search(k + '=.([-+.0-9]+)', s)[1] for k in ('lon', 'lat')] for s in p], float))\" \
                   {path} {npy}";
const MATRIX_MARKET: &str = "python3 -c \"import sys, scipy.io, numpy; m = scipy.io.mmread(sys.argv[1]); \
                             numpy.save(sys.argv[2], m.toarray() if hasattr(m, 'toarray') else m)\" {path} {npy}";

const fn foreign(what: &'static str, recognises: fn(&[u8]) -> bool, how: &'static str, needs: &'static str) -> Foreign {
    Foreign { what, recognises, how, needs }
}

const PYTORCH: Foreign = foreign("a file of PyTorch", |b| is_zip_with(b, b"data.pkl"), TORCH, "torch numpy");

/// Those that are not read, the more exact ones first.
pub(super) static FOREIGN: [Foreign; 29] = [
    foreign("a Parquet file", |b| b.starts_with(b"PAR1"), PARQUET, "pandas pyarrow"),
    foreign(
        "a Feather (Arrow) file",
        |b| b.starts_with(b"ARROW1") || b.starts_with(b"FEA1"),
        FEATHER,
        "pandas pyarrow",
    ),
    foreign("an Excel workbook (xlsx)", |b| is_zip_with(b, b"xl/workbook"), EXCEL, "pandas openpyxl"),
    foreign("an Excel workbook (xls)", |b| b.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), EXCEL, "pandas xlrd"),
    foreign(
        "an OpenDocument spreadsheet (ods)",
        |b| is_zip_with(b, b"opendocument.spreadsheet"),
        EXCEL,
        "pandas odfpy",
    ),
    PYTORCH,
    foreign("a zip archive", |b| b.starts_with(b"PK\x03\x04"), "unzip -n {path}", ""),
    foreign("a pickle of Python", |b| matches!(b, [0x80, 2..=5, ..]) && b.last() == Some(&b'.'), PICKLE, "numpy"),
    foreign(
        "a workspace of R (RData)",
        |b| b.starts_with(b"RDX2\n") || b.starts_with(b"RDX3\n") || b.starts_with(b"RDA"),
        "Rscript -e 'a <- commandArgs(TRUE); write.csv(get(load(a[1])), a[2], row.names=FALSE)' {path} {csv}",
        "",
    ),
    foreign(
        "an object of R (rds)",
        |b| b.starts_with(b"X\n\0\0\0"),
        "Rscript -e 'a <- commandArgs(TRUE); write.csv(readRDS(a[1]), a[2], row.names=FALSE)' {path} {csv}",
        "",
    ),
    foreign("packed with bzip2", |b| b.starts_with(b"BZh"), "bzip2 -dc {path} > {out}", ""),
    foreign("packed with xz", |b| b.starts_with(b"\xfd7zXZ\0"), "xz -dc {path} > {out}", ""),
    foreign("packed with zstd", |b| b.starts_with(b"\x28\xb5\x2f\xfd"), "zstd -dc {path} > {out}", ""),
    foreign("a 7z archive", |b| b.starts_with(b"7z\xbc\xaf\x27\x1c"), "7z x -aos {path}", ""),
    foreign(
        "an SQLite database",
        |b| b.starts_with(b"SQLite format 3\0"),
        "sqlite3 -header -csv {path} 'select x, y from points' > {csv}\n  (sqlite3 {path} .tables lists its tables)",
        "",
    ),
    foreign("a MatrixMarket file", |b| b.starts_with(b"%%MatrixMarket"), MATRIX_MARKET, "scipy"),
    foreign(
        "a web page (HTML)",
        |b| {
            let text = text_start(b);
            [&b"<!doctype"[..], b"<html", b"<head"]
                .iter()
                .any(|tag| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)))
        },
        "fetch the file itself, not the page about it",
        "",
    ),
    foreign("KML", |b| is_xml_with(b, b"<kml"), KML, "numpy"),
    foreign("GPX", |b| is_xml_with(b, b"<gpx"), GPX, "numpy"),
    foreign("XML", |b| text_start(b).starts_with(b"<?xml"), XML, "pandas lxml"),
    foreign("a PDF document", |b| b.starts_with(b"%PDF-"), "copy the table out of it as text", ""),
    foreign(
        "a picture",
        |b| b.starts_with(b"\x89PNG") || b.starts_with(b"\xff\xd8\xff") || b.starts_with(b"GIF8"),
        "name a file of points; pictures are for gan-lab train progan",
        "",
    ),
    foreign("GeoJSON", is_geo_json, GEO_JSON, "numpy"),
    foreign("a printed NumPy array", is_printed_array, PRINTED, "numpy"),
    foreign("a printed list of Python", is_printed_list, PYTHON_LIST, "numpy"),
    foreign("JSON lines", |b| is_json(b) && is_lines_of(b, b'{', b'}'), JSON_LINES, "pandas"),
    foreign("JSON lines of arrays", |b| is_json(b) && is_lines_of(b, b'[', b']'), JSON_ARRAY_LINES, "numpy"),
    foreign("JSON of arrays", |b| is_json(b) && is_json_of_arrays(b), JSON_ARRAYS, "numpy"),
    foreign("JSON", is_json, JSON, "pandas"),
];

fn is_json(bytes: &[u8]) -> bool {
    match text_start(bytes) {
        // Rows in brackets with commas after them are a text table.
        text if is_row_in_brackets(text) => false,
        [b'{', rest @ ..] => matches!(rest.trim_ascii_start(), [b'"' | b'}', ..]),
        [b'[', rest @ ..] => {
            matches!(rest.trim_ascii_start(), [b'[' | b']' | b'{' | b'"' | b'-' | b'0'..=b'9', ..])
        }
        _ => false,
    }
}

/// Whether it is an array of arrays.
fn is_json_of_arrays(bytes: &[u8]) -> bool {
    matches!(text_start(bytes), [b'[', rest @ ..] if matches!(rest.trim_ascii_start(), [b'[', ..]))
}

/// Whether its first two lines each begin and end with these.
fn is_lines_of(bytes: &[u8], begin: u8, end: u8) -> bool {
    let mut lines = text_start(bytes).split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let is = |line: Option<&[u8]>| line.is_some_and(|line| line.first() == Some(&begin) && line.last() == Some(&end));
    is(lines.next()) && is(lines.find(|line| !line.is_empty()))
}

/// Whether the first line is `[0.1, 0.2],`.
fn is_row_in_brackets(text: &[u8]) -> bool {
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default().trim_ascii();
    let inner = line.strip_prefix(b"[").and_then(|inner| inner.strip_suffix(b"],"));
    inner.is_some_and(|inner| !inner.iter().any(|byte| b"[]{}".contains(byte)))
}

/// Whether it is `[(0.1, 0.2), (0.3, 0.4)]`.
fn is_printed_list(bytes: &[u8]) -> bool {
    let inner = match text_start(bytes) {
        [b'[' | b'(', inner @ ..] => inner.trim_ascii_start(),
        _ => return false,
    };
    matches!(inner, [b'(', rest @ ..] if matches!(rest.trim_ascii_start(), [b'-' | b'.' | b'0'..=b'9', ..]))
}

/// Whether it is `[[0.1 0.2]`, without commas.
fn is_printed_array(bytes: &[u8]) -> bool {
    let text = text_start(bytes);
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let inner = line.strip_prefix(b"[").map(<[u8]>::trim_ascii_start).and_then(|inner| inner.strip_prefix(b"["));
    inner.is_some_and(|inner| {
        let numbers = inner
            .trim_ascii_end()
            .trim_ascii_start()
            .split(|byte| b" ]".contains(byte))
            .filter(|word| !word.is_empty());
        let is_number = |word: &[u8]| word.iter().all(|byte| b"+-.0123456789eE".contains(byte));
        !inner.contains(&b',') && numbers.clone().count() > 1 && numbers.clone().all(is_number)
    })
}

fn is_xml_with(bytes: &[u8], tag: &[u8]) -> bool {
    const BEGINNING: usize = 4096;
    let beginning = &bytes[..bytes.len().min(BEGINNING)];
    text_start(bytes).starts_with(b"<") && beginning.windows(tag.len()).any(|window| window == tag)
}

fn is_geo_json(bytes: &[u8]) -> bool {
    const BEGINNING: usize = 4096;
    let beginning = &bytes[..bytes.len().min(BEGINNING)];
    is_json(bytes) && beginning.windows(19).any(|window| window == b"\"FeatureCollection\"")
}

/// A name as a shell takes it.
fn quoted(name: &str) -> String {
    // A name with a minus before it is no option.
    let dash = if name.starts_with('-') { "./" } else { "" };
    format!("'{dash}{}'", name.replace('\'', "'\\''"))
}

/// The name of a new file in the current folder, after that of `path` and with this extension: no file is overwritten.
fn new_name(path: &Path, extension: &str) -> String {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').find(|part| !part.is_empty()).unwrap_or("points");
    let dot = if extension.is_empty() { "" } else { "." };
    let names = std::iter::once(String::new())
        .chain((1..1000).map(|n| if n == 1 { "-points".into() } else { format!("-points{n}") }));
    let mut names = names.map(|more| format!("{stem}{more}{dot}{extension}"));
    // So many that none is left are no reason to write over one.
    names
        .find(|name| std::fs::symlink_metadata(name).is_err())
        .unwrap_or_else(|| format!("{stem}-{}", std::process::id()))
}

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
        let mut how = self.how.replace("{path}", &quoted(&path.display().to_string()));
        for (place, extension) in [("{csv}", "csv"), ("{npy}", "npy"), ("{out}", "")] {
            if how.contains(place) {
                how = how.replace(place, &quoted(&new_name(path, extension)));
            }
        }
        if !self.needs.is_empty() {
            how += &format!("\n  which needs: pip install {}", self.needs);
        }
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

/// The error for a file of PyTorch, also where images are looked for.
#[cfg(feature = "torch")]
pub(super) fn torch(path: &Path) -> DataError {
    PYTORCH.refuse(path)
}

/// The line that makes a MAT v7 file of the variable `xx` in an HDF5 file.
pub(super) fn from_hdf5(path: &Path) -> String {
    let how = "python3 -c \"import sys, h5py, scipy.io; f = h5py.File(sys.argv[1]); scipy.io.savemat(sys.argv[2], \
               {'xx': (f['xx'] if 'xx' in f else next(v for v in f.values() if getattr(v, 'ndim', 0) == 2))[()].T}, \
               do_compression=True)\"";
    let (path, new) = (quoted(&path.display().to_string()), quoted(&new_name(path, "mat")));
    format!("{how} {path} {new}\n  which needs: pip install h5py scipy")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_files_are_named_with_the_line_that_converts_them() {
        let zip = |inner: &str| format!("PK\x03\x04{}{inner}", "\0".repeat(300)).into_bytes();
        for (bytes, what, how) in [
            (
                b"PAR1\x15\x04".to_vec(),
                "a Parquet file",
                "read_parquet(sys.argv[1]).to_csv(sys.argv[2], index=False)\" 'my.set' 'my.csv'",
            ),
            (zip("xl/workbook.xml"), "an Excel workbook (xlsx)", "pip install pandas openpyxl"),
            (zip("archive/data.pkl"), "a file of PyTorch", "torch.load"),
            (zip("points.csv"), "a zip archive", "unzip -n 'my.set'"),
            (b"\xef\xbb\xbf \n[[0.5, 0.25], [1, 2]]".to_vec(), "JSON", "json.load("),
            (b"{\"x\": [1]}".to_vec(), "JSON", "pandas.DataFrame(d)"),
            (b"[{\"x\": 1}, {\"x\": 2}]".to_vec(), "JSON", "pandas.DataFrame(d)"),
            (b"[[0.1 0.2]\n [-0.3 4.e-1]]\n".to_vec(), "a printed NumPy array", "t.split()"),
            (b"<?xml version='1.0'?>\n<kml xmlns='http://www.opengis.net/kml/2.2'>".to_vec(), "KML", "coordinates"),
            (b"<?xml version='1.0'?>\n<gpx version='1.1'>".to_vec(), "GPX", "trkpt"),
            (b"[(0.5, 1), (2, 3)]\n".to_vec(), "a printed list of Python", "ast.literal_eval"),
            (b"[(0.5, 1),\n (2, 3)]\n".to_vec(), "a printed list of Python", "'my.npy'"),
            (b"{\"x\": 1}\r\n{\"x\": 2}\n".to_vec(), "JSON lines", "lines=True"),
            (b"[1, 2]\n[3, 4]\n".to_vec(), "JSON lines", "json.loads(line)"),
            (b"{\"type\": \"FeatureCollection\", \"features\": []}".to_vec(), "GeoJSON", "'coordinates'"),
            (b"\n<!DOCTYPE HTML><html>".to_vec(), "a web page", "not the page"),
            (b"\xfd7zXZ\0\0".to_vec(), "packed with xz", "xz -dc 'my.set' > 'my'"),
            (b"\x80\x04\x95.".to_vec(), "a pickle", "only if you trust"),
            (b"%%MatrixMarket matrix array real general\n".to_vec(), "MatrixMarket", "mmread"),
        ] {
            let found = super::super::detect(Path::new("my.set"), &bytes).unwrap();
            let message = found.load(Path::new("my.set"), &bytes, &Reading::default()).err().unwrap().to_string();
            assert!(message.contains(what) && message.contains(how) && !message.contains("damaged"), "{message}");
        }
    }

    #[test]
    fn names_are_quoted_for_the_shell_and_nothing_is_written_over() {
        for (name, shown) in [
            ("a b.xlsx", "'a b.xlsx'"),
            ("it's $5.csv", "'it'\\''s $5.csv'"),
            ("-rf", "'./-rf'"),
            ("a\"b`c`", "'a\"b`c`'"),
        ] {
            assert_eq!(quoted(name), shown);
        }
        let message = |name: &str| FOREIGN[0].refuse(Path::new(name)).to_string();
        assert!(message("it's mine.parquet").contains("'it'\\''s mine.parquet' 'it'\\''s mine.csv'"));
        // A Parquet file that is called a CSV file: tests run in the project's folder.
        assert!(Path::new("Cargo.toml").exists());
        assert_eq!(new_name(Path::new("Cargo.xyz"), "toml"), "Cargo-points.toml");
        assert_eq!(new_name(Path::new("/somewhere/.csv"), "csv"), "csv.csv");
    }
}
