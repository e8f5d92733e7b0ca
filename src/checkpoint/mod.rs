//! Tensors on disk: our own safetensors files, and other people's checkpoints.

mod bundled;
mod bytes;
pub mod layouts;
mod pickle;
mod source;
mod torch;
mod weights;
mod written;

pub use bundled::{BUNDLED, bundled, bundled_names};
pub use source::{Source, TensorInfo, Value};
pub use torch::{TorchValue, torch_file};
pub use weights::{
    Classes, Conv, Dense, Enlarging, Factors, GeneratorWeights, Level, Mapping, NoRow, Noise, ProGanWeights,
    StyleGan2Conv, StyleGan2ToImage, StyleGan2Weights, StyleGanLayer, StyleGanWeights,
};

use std::collections::HashMap;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use fs_err as fs;
use half::f16;
use safetensors::tensor::{Dtype, Metadata, SafeTensors, TensorView};

use crate::files;

/// The key of the one entry that our files have in their metadata. (The format's metadata have no order, so that a
/// second entry would make equal files differ.)
const METADATA_KEY: &str = "gan-lab";

/// A tensor's numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// Single precision.
    F32(Vec<f32>),
    /// Double precision.
    F64(Vec<f64>),
    /// Whole numbers.
    I64(Vec<i64>),
    /// Half precision, for models that are to be small.
    F16(Vec<f16>),
}

/// A tensor with a name; the last axis is the fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Its name.
    pub name: String,
    /// Its shape; empty for a scalar.
    pub shape: Vec<usize>,
    /// Its numbers.
    pub numbers: Numbers,
}

/// A tensor that is not what was expected.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TensorError {
    /// There is none of that name.
    #[error("there is no tensor '{name}'")]
    Missing {
        /// The name.
        name: String,
    },
    /// Its shape or type is another.
    #[error("tensor '{name}' is {found}; expected {expected}")]
    Unexpected {
        /// The name.
        name: String,
        /// Type and shape it has.
        found: String,
        /// Type and shape it should have.
        expected: String,
    },
}

/// Why a file of tensors cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It cannot be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It is not a sound safetensors file.
    #[error("{path} is not a readable safetensors file: {reason}")]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The parser's words.
        reason: String,
    },
    /// It holds nothing that could be used.
    #[error("{path} cannot be used: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A tensor in it is not what was expected.
    #[error("{path}: {problem}")]
    Tensor {
        /// The file.
        path: PathBuf,
        /// Which, and how.
        problem: TensorError,
    },
}

/// A file's tensors, with the text that the writer left in its metadata.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorFile {
    /// The tensors, by name.
    pub tensors: Vec<NamedTensor>,
    /// The text under `gan-lab` in the metadata.
    pub note: Option<String>,
}

impl NamedTensor {
    /// A tensor in single precision.
    pub fn f32(name: impl Into<String>, shape: Vec<usize>, values: Vec<f32>) -> Self {
        Self { name: name.into(), shape, numbers: Numbers::F32(values) }
    }

    /// A tensor in double precision.
    pub fn f64(name: impl Into<String>, shape: Vec<usize>, values: Vec<f64>) -> Self {
        Self { name: name.into(), shape, numbers: Numbers::F64(values) }
    }

    /// A tensor of whole numbers.
    pub fn i64(name: impl Into<String>, shape: Vec<usize>, values: Vec<i64>) -> Self {
        Self { name: name.into(), shape, numbers: Numbers::I64(values) }
    }

    /// The same numbers in half precision, where they are floats.
    #[must_use]
    pub fn halved(mut self) -> Self {
        if let Numbers::F32(values) = &self.numbers {
            self.numbers = Numbers::F16(values.iter().map(|&x| f16::from_f32(x)).collect());
        }
        self
    }

    /// The same tensor under another name: `prefix` before its own.
    #[must_use]
    pub fn prefixed(mut self, prefix: &str) -> Self {
        self.name.insert_str(0, prefix);
        self
    }

    /// The tensor of that name.
    pub fn find<'a>(tensors: &'a [Self], name: &str) -> Result<&'a Self, TensorError> {
        tensors.iter().find(|t| t.name == name).ok_or_else(|| TensorError::Missing { name: name.to_owned() })
    }

    /// Its numbers, if they are single precision in this shape.
    pub fn as_f32(&self, shape: &[usize]) -> Result<&[f32], TensorError> {
        match &self.numbers {
            Numbers::F32(values) if self.shape == shape => Ok(values),
            _ => Err(self.unexpected(&format!("float32 {shape:?}"))),
        }
    }

    /// Its numbers, if they are single precision, in whatever shape.
    pub fn as_f32_any(&self) -> Result<&[f32], TensorError> {
        match &self.numbers {
            Numbers::F32(values) => Ok(values),
            _ => Err(self.unexpected("float32")),
        }
    }

    /// Its numbers, if they are double precision in this shape.
    pub fn as_f64(&self, shape: &[usize]) -> Result<&[f64], TensorError> {
        match &self.numbers {
            Numbers::F64(values) if self.shape == shape => Ok(values),
            _ => Err(self.unexpected(&format!("float64 {shape:?}"))),
        }
    }

    /// Its number, if it is one whole number, 0 or more.
    pub fn as_count(&self) -> Result<u64, TensorError> {
        let expected = "one int64, 0 or more";
        let Numbers::I64(values) = &self.numbers else { return Err(self.unexpected(expected)) };
        let [value] = values[..] else { return Err(self.unexpected(expected)) };
        u64::try_from(value).map_err(|_| TensorError::Unexpected {
            name: self.name.clone(),
            found: value.to_string(),
            expected: expected.to_owned(),
        })
    }

    fn unexpected(&self, expected: &str) -> TensorError {
        let kind = match self.numbers {
            Numbers::F32(_) => "float32",
            Numbers::F64(_) => "float64",
            Numbers::I64(_) => "int64",
            Numbers::F16(_) => "float16",
        };
        let found = format!("{kind} {:?}", self.shape);
        TensorError::Unexpected { name: self.name.clone(), found, expected: expected.to_owned() }
    }

    /// Its numbers' bytes, little-endian.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match &self.numbers {
            Numbers::F32(values) => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Numbers::F64(values) => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Numbers::I64(values) => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
            Numbers::F16(values) => values.iter().flat_map(|x| x.to_le_bytes()).collect(),
        }
    }

    fn dtype(&self) -> Dtype {
        match self.numbers {
            Numbers::F32(_) => Dtype::F32,
            Numbers::F64(_) => Dtype::F64,
            Numbers::I64(_) => Dtype::I64,
            Numbers::F16(_) => Dtype::F16,
        }
    }
}

/// Writes tensors to a safetensors file; the same tensors and note always give the same bytes.
pub fn save(path: &Path, tensors: &[NamedTensor], note: Option<String>) -> Result<(), CheckpointError> {
    Ok(files::write(path, &encode(path, tensors, note)?)?)
}

/// The bytes that [`save`] writes.
pub fn encode(path: &Path, tensors: &[NamedTensor], note: Option<String>) -> Result<Vec<u8>, CheckpointError> {
    let malformed = |reason: String| CheckpointError::Malformed { path: path.to_owned(), reason };
    let bytes: Vec<Vec<u8>> = tensors.iter().map(NamedTensor::bytes).collect();
    let mut views = Vec::with_capacity(tensors.len());
    for (tensor, bytes) in tensors.iter().zip(&bytes) {
        let view = TensorView::new(tensor.dtype(), tensor.shape.clone(), bytes);
        views.push((tensor.name.as_str(), view.map_err(|error| malformed(error.to_string()))?));
    }
    let metadata = note.map(|note| HashMap::from([(METADATA_KEY.to_owned(), note)]));
    safetensors::serialize(views, metadata).map_err(|error| malformed(error.to_string()))
}

/// Reads a safetensors file. Tensors of types other than [`Numbers`]' are an error.
pub fn load(path: &Path) -> Result<TensorFile, CheckpointError> {
    decode(path, &fs::read(path)?)
}

/// Reads the bytes of a safetensors file; `path` is what errors call it.
pub fn decode(path: &Path, bytes: &[u8]) -> Result<TensorFile, CheckpointError> {
    let malformed = |reason: String| CheckpointError::Malformed { path: path.to_owned(), reason };
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| malformed(error.to_string()))?;
    let note = header.metadata().as_ref().and_then(|entries| entries.get(METADATA_KEY).cloned());
    let file = SafeTensors::deserialize(bytes).map_err(|error| malformed(error.to_string()))?;
    let mut tensors = Vec::with_capacity(file.len());
    for (name, view) in file.iter() {
        let numbers = match view.dtype() {
            Dtype::F32 => Numbers::F32(view.data().as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect()),
            Dtype::F64 => Numbers::F64(view.data().as_chunks().0.iter().map(|&b| f64::from_le_bytes(b)).collect()),
            Dtype::I64 => Numbers::I64(view.data().as_chunks().0.iter().map(|&b| i64::from_le_bytes(b)).collect()),
            Dtype::F16 => Numbers::F16(view.data().as_chunks().0.iter().map(|&b| f16::from_le_bytes(b)).collect()),
            other => return Err(malformed(format!("tensor '{name}' is {other:?}, which is not known here"))),
        };
        tensors.push(NamedTensor { name: name.to_owned(), shape: view.shape().to_vec(), numbers });
    }
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(TensorFile { tensors, note })
}

/// Reads the note of a safetensors file, without its tensors.
pub fn load_note(path: &Path) -> Result<Option<String>, CheckpointError> {
    let header = load_header(path)?;
    Ok(header.metadata().as_ref().and_then(|entries| entries.get(METADATA_KEY).cloned()))
}

fn load_header(path: &Path) -> Result<Metadata, CheckpointError> {
    let malformed = |reason: String| CheckpointError::Malformed { path: path.to_owned(), reason };
    let mut file = fs::File::open(path)?;
    let mut size = [0; 8];
    file.read_exact(&mut size).map_err(|error| malformed(error.to_string()))?;
    let size = u64::from_le_bytes(size);
    // No more memory than the file can fill, whatever it claims.
    let mut header = Vec::new();
    file.by_ref().take(size).read_to_end(&mut header)?;
    serde_json::from_slice(&header).map_err(|error| malformed(error.to_string()))
}

/// Reads a count, one whole number that is 0 or more, out of a safetensors file, without the rest of the file.
pub fn load_count(path: &Path, name: &str) -> Result<u64, CheckpointError> {
    let malformed = |reason: String| CheckpointError::Malformed { path: path.to_owned(), reason };
    let header = load_header(path)?;
    let tensor = |problem| CheckpointError::Tensor { path: path.to_owned(), problem };
    let info = header.info(name).ok_or_else(|| tensor(TensorError::Missing { name: name.to_owned() }))?;
    let start = info.data_offsets.0 as u64;
    let expected = "one int64, 0 or more".to_owned();
    if info.dtype != Dtype::I64 || Some(info.data_offsets.1) != info.data_offsets.0.checked_add(8) {
        let found = format!("{:?} {:?}", info.dtype, info.shape);
        return Err(tensor(TensorError::Unexpected { name: name.to_owned(), found, expected }));
    }
    let mut file = fs::File::open(path)?;
    let mut size = [0; 8];
    file.read_exact(&mut size).map_err(|error| malformed(error.to_string()))?;
    let mut number = [0; 8];
    file.seek(SeekFrom::Start(8 + u64::from_le_bytes(size) + start))?;
    file.read_exact(&mut number).map_err(|error| malformed(error.to_string()))?;
    let value = i64::from_le_bytes(number);
    u64::try_from(value)
        .map_err(|_| tensor(TensorError::Unexpected { name: name.to_owned(), found: value.to_string(), expected }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<NamedTensor> {
        vec![
            NamedTensor::f64("c", vec![1], vec![0.1]),
            NamedTensor::f32("a", vec![2, 1], vec![1.0, -2.5]),
            NamedTensor::i64("b", vec![], vec![-7]),
        ]
    }

    #[test]
    fn tensors_and_note_survive_and_the_bytes_repeat() {
        let dir = tempfile::tempdir().unwrap();
        let [one, two] = ["one", "two"].map(|name| dir.path().join(name));
        for path in [&one, &two] {
            save(path, &sample(), Some("note".into())).unwrap();
        }
        assert_eq!(fs::read(&one).unwrap(), fs::read(&two).unwrap());
        let file = load(&one).unwrap();
        assert_eq!(file.note.as_deref(), Some("note"));
        assert_eq!(file.tensors.len(), 3);
        for tensor in sample() {
            assert_eq!(NamedTensor::find(&file.tensors, &tensor.name).unwrap(), &tensor);
        }
    }

    #[test]
    fn a_damaged_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.safetensors");
        save(&path, &sample(), None).unwrap();
        let bytes = fs::read(&path).unwrap();
        for cut in [0, 4, 30, bytes.len() - 1] {
            fs::write(&path, &bytes[..cut]).unwrap();
            assert!(load(&path).unwrap_err().to_string().contains("t.safetensors"));
        }
    }

    #[test]
    fn a_tensor_of_another_shape_or_type_is_named_with_both() {
        let tensors = sample();
        let a = NamedTensor::find(&tensors, "a").unwrap();
        assert_eq!(a.as_f32(&[1, 2]).unwrap_err().to_string(), "tensor 'a' is float32 [2, 1]; expected float32 [1, 2]");
        assert!(a.as_count().is_err());
        let b = NamedTensor::find(&tensors, "b").unwrap();
        assert!(b.as_count().unwrap_err().to_string().contains("-7"));
        assert_eq!(NamedTensor::find(&tensors, "z").unwrap_err().to_string(), "there is no tensor 'z'");
    }
}
