//! Any file of tensors that people have: safetensors, and PyTorch's zip and legacy files. Nothing in them is executed,
//! and tensors come out row-major whatever strides they were saved with.

use std::path::{Path, PathBuf};

use fs_err as fs;
use half::{bf16, f16};
use pytorch_reader::{DType, FileFormat, PytorchReader};
use safetensors::tensor::{Dtype, SafeTensors};

use super::CheckpointError;

/// A tensor as a file announces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name, with dots between levels.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Its shape.
    pub shape: Vec<usize>,
}

/// An open file of tensors.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Safetensors(Vec<u8>),
    PyTorch(PytorchReader),
}

impl Source {
    /// Opens a file, its format found from its content.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let bytes = match super::bundled(path) {
            Some(bytes) => bytes.to_vec(),
            None => fs::read(path)?,
        };
        let malformed = |reason: String| CheckpointError::Unreadable { path: path.to_owned(), reason };
        let content = if SafeTensors::read_metadata(&bytes).is_ok() {
            SafeTensors::deserialize(&bytes).map_err(|error| malformed(error.to_string()))?;
            Content::Safetensors(bytes)
        } else {
            drop(bytes);
            Content::PyTorch(PytorchReader::new(path).map_err(|error| malformed(error.to_string()))?)
        };
        Ok(Self { path: path.to_owned(), content })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The format, in words.
    pub fn format(&self) -> &'static str {
        match &self.content {
            Content::Safetensors(_) => "safetensors",
            Content::PyTorch(reader) => match reader.metadata().format_type {
                FileFormat::Zip => "PyTorch (zip)",
                FileFormat::Legacy => "PyTorch (legacy)",
                FileFormat::Tar => "PyTorch (tar)",
                FileFormat::Pickle => "pickle",
            },
        }
    }

    /// All tensors, by name.
    pub fn tensors(&self) -> Vec<TensorInfo> {
        let mut found: Vec<TensorInfo> = match &self.content {
            Content::Safetensors(bytes) => match SafeTensors::deserialize(bytes) {
                Ok(file) => file
                    .iter()
                    .map(|(name, view)| TensorInfo {
                        name: name.to_owned(),
                        kind: format!("{:?}", view.dtype()),
                        shape: view.shape().to_vec(),
                    })
                    .collect(),
                // It was read once already.
                Err(_) => Vec::new(),
            },
            Content::PyTorch(reader) => reader
                .tensors()
                .iter()
                .map(|(name, tensor)| TensorInfo {
                    name: name.clone(),
                    kind: format!("{:?}", tensor.dtype()),
                    shape: tensor.shape().to_vec(),
                })
                .collect(),
        };
        found.sort_by(|a, b| a.name.cmp(&b.name));
        found
    }

    /// A tensor's numbers in single precision, row-major; None where there is no such tensor.
    pub fn read(&self, name: &str) -> Result<Option<Vec<f32>>, CheckpointError> {
        let unreadable = |reason: String| CheckpointError::Unreadable { path: self.path.clone(), reason };
        let (kind, bytes) = match &self.content {
            Content::Safetensors(bytes) => {
                let file = SafeTensors::deserialize(bytes).map_err(|error| unreadable(error.to_string()))?;
                let Ok(view) = file.tensor(name) else { return Ok(None) };
                let kind = match view.dtype() {
                    Dtype::F64 => DType::F64,
                    Dtype::F32 => DType::F32,
                    Dtype::F16 => DType::F16,
                    Dtype::BF16 => DType::BF16,
                    other => return Err(unreadable(format!("tensor '{name}' is {other:?}, not a float"))),
                };
                (kind, view.data().to_vec())
            }
            Content::PyTorch(reader) => {
                let Some(tensor) = reader.get(name) else { return Ok(None) };
                (tensor.dtype(), tensor.read().map_err(|error| unreadable(error.to_string()))?)
            }
        };
        let numbers =
            floats(kind, &bytes).ok_or_else(|| unreadable(format!("tensor '{name}' is {kind:?}, not a float")))?;
        if let Some(at) = numbers.iter().position(|x| !x.is_finite()) {
            return Err(unreadable(format!("tensor '{name}' has {} at place {at}", numbers[at])));
        }
        Ok(Some(numbers))
    }
}

/// Little-endian numbers of a float type.
fn floats(kind: DType, bytes: &[u8]) -> Option<Vec<f32>> {
    Some(match kind {
        DType::F64 => bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b) as f32).collect(),
        DType::F32 => bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect(),
        DType::F16 => bytes.as_chunks().0.iter().map(|&b| f16::from_le_bytes(b).to_f32()).collect(),
        DType::BF16 => bytes.as_chunks().0.iter().map(|&b| bf16::from_le_bytes(b).to_f32()).collect(),
        _ => return None,
    })
}
