//! Files that `torch.load` reads: a dictionary of texts and float32 tensors, as `torch.save` writes it in its zip format. PyTorch
//! reads them with `weights_only=True` too.
//!
//! The zip archive holds a pickle, `data.pkl`, and the numbers of each tensor beside it, `data/0`, uncompressed.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// A value of the dictionary.
#[derive(Clone, Debug, PartialEq)]
pub enum TorchValue<'a> {
    /// Text.
    Text(&'a str),
    /// A float32 tensor, row-major.
    Tensor {
        /// Its shape.
        shape: &'a [usize],
        /// Its numbers, as many as the shape says.
        values: &'a [f32],
    },
}

/// Where PyTorch begins the numbers of a tensor in the file: at a multiple of this.
const ALIGNMENT: u16 = 64;

/// The bytes of a file in which `torch.load` finds this dictionary; `name` is the archive's folder. Equal dictionaries give equal
/// bytes.
///
/// # Errors
/// Numbers that are not as many as their shape says; more than a zip file takes.
pub fn torch_file(name: &str, entries: &[(&str, TorchValue<'_>)]) -> Result<Vec<u8>, String> {
    let mut pickle = Pickle::new();
    let mut storages: Vec<&[f32]> = Vec::new();
    pickle.0.extend(b"}(");
    for (key, value) in entries {
        pickle.text(key);
        match *value {
            TorchValue::Text(text) => pickle.text(text),
            TorchValue::Tensor { shape, values } => {
                if shape.iter().product::<usize>() != values.len() {
                    return Err(format!("{key}: {} numbers are no {shape:?}", values.len()));
                }
                pickle.tensor(storages.len(), shape);
                storages.push(values);
            }
        }
    }
    pickle.0.extend(b"u.");
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let mut put = |path: String, bytes: &[u8]| -> Result<(), zip::result::ZipError> {
        zip.start_file(path, options.with_alignment(ALIGNMENT))?;
        Ok(zip.write_all(bytes)?)
    };
    let mut write = || -> Result<(), zip::result::ZipError> {
        put(format!("{name}/data.pkl"), &pickle.0)?;
        put(format!("{name}/byteorder"), b"little")?;
        for (i, values) in storages.iter().enumerate() {
            let bytes: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
            put(format!("{name}/data/{i}"), &bytes)?;
        }
        put(format!("{name}/version"), b"3\n")
    };
    write().map_err(|error| error.to_string())?;
    zip.finish().map(Cursor::into_inner).map_err(|error| error.to_string())
}

/// A pickle of protocol 2 that grows; no object is referred to twice, so that nothing is kept in a memo.
struct Pickle(Vec<u8>);

impl Pickle {
    fn new() -> Self {
        Self(vec![0x80, 2])
    }

    fn text(&mut self, text: &str) {
        self.0.push(b'X');
        self.0.extend((text.len() as u32).to_le_bytes());
        self.0.extend(text.as_bytes());
    }

    fn global(&mut self, module: &str, name: &str) {
        self.0.extend(format!("c{module}\n{name}\n").as_bytes());
    }

    /// A whole number: four bytes with a sign, or a long one.
    fn whole(&mut self, n: usize) {
        if let Ok(small) = i32::try_from(n) {
            self.0.push(b'J');
            self.0.extend(small.to_le_bytes());
        } else {
            // Eight bytes and one for the sign.
            self.0.extend([0x8a, 9]);
            self.0.extend((n as u64).to_le_bytes());
            self.0.push(0);
        }
    }

    fn wholes(&mut self, numbers: &[usize]) {
        self.0.push(b'(');
        for &n in numbers {
            self.whole(n);
        }
        self.0.push(b't');
    }

    /// `torch._utils._rebuild_tensor_v2(storage, 0, shape, stride, False, OrderedDict())`.
    fn tensor(&mut self, storage: usize, shape: &[usize]) {
        self.global("torch._utils", "_rebuild_tensor_v2");
        self.0.extend(b"((");
        self.text("storage");
        self.global("torch", "FloatStorage");
        self.text(&storage.to_string());
        self.text("cpu");
        self.whole(shape.iter().product());
        self.0.extend(b"tQ");
        self.whole(0);
        self.wholes(shape);
        let strides: Vec<usize> = (1..=shape.len()).map(|axis| shape[axis..].iter().product()).collect();
        self.wholes(&strides);
        // False.
        self.0.push(0x89);
        self.global("collections", "OrderedDict");
        self.0.extend(b")RtR");
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Source, Value};
    use super::*;

    #[test]
    fn a_file_is_read_back_and_its_bytes_repeat() {
        let values: Vec<f32> = (0..6).map(|i| i as f32 / 3.0).collect();
        let entries = [
            ("ckpt", TorchValue::Text("stylegan2.pt")),
            ("eigvec", TorchValue::Tensor { shape: &[3, 2], values: &values }),
            ("scale", TorchValue::Tensor { shape: &[], values: &[0.5] }),
        ];
        let bytes = torch_file("factor", &entries).unwrap();
        assert_eq!(bytes, torch_file("factor", &entries).unwrap());
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("factor.pt");
        fs_err::write(&path, &bytes).unwrap();
        let source = Source::open(&path).unwrap();
        assert_eq!(source.tensor("eigvec").unwrap().shape, [3, 2]);
        assert_eq!(source.read("eigvec").unwrap().unwrap(), values);
        assert_eq!(source.read("scale").unwrap().unwrap(), [0.5]);
        assert!(matches!(source.value("ckpt"), Some(Value::Text(text)) if text == "stylegan2.pt"), "{source:?}");
        assert!(source.dangers().is_empty() && source.unknown().is_empty());
        assert!(torch_file("f", &[("a", TorchValue::Tensor { shape: &[3], values: &values })]).is_err());
    }

    #[test]
    fn what_is_written_is_the_file_that_pytorch_was_seen_to_read() {
        // scripts/code_fixtures.py opens it with torch.load in both ways, and says what it has to find.
        let values: Vec<f32> = (0..12).map(|i| (i as f32 - 5.5) / 4.0).collect();
        let entries = [
            ("ckpt", TorchValue::Text("generator.pt")),
            ("eigvec", TorchValue::Tensor { shape: &[4, 3], values: &values }),
        ];
        let bytes = torch_file("factor", &entries).unwrap();
        let fixture =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/directions/factor-gan-lab.pt");
        if std::env::var("INSTA_UPDATE").is_ok_and(|update| update == "always") {
            fs_err::write(&fixture, &bytes).unwrap();
        }
        assert!(bytes == fs_err::read(&fixture).unwrap(), "renew it with INSTA_UPDATE=always, then run the script");
    }
}
