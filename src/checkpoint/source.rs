//! Any file of tensors that people have: safetensors, and PyTorch's zip and legacy files. Nothing in them is executed,
//! and tensors come out row-major whatever strides they were saved with.
//!
//! Strides of 0 (PyTorch's `expand`) make a tensor of any size out of a few bytes. No tensor is read that is larger than
//! all that its file holds, and no zip file that unpacks to many times its size.
//!
//! Without libtorch there are safetensors alone, and their tensors are listed only.

#[cfg(feature = "torch")]
use std::io::BufReader;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use fs_err as fs;
#[cfg(feature = "torch")]
use half::{bf16, f16};
#[cfg(feature = "torch")]
use pytorch_reader::{DType, FileFormat, PytorchReader};
#[cfg(feature = "torch")]
use safetensors::tensor::Dtype;
use safetensors::tensor::{Metadata, SafeTensors};

use super::{CheckpointError, METADATA_KEY};
#[cfg(feature = "torch")]
use crate::memory;

/// A tensor as a file announces it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorInfo {
    /// Its name, with dots between levels.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// How many bytes its numbers take.
    pub bytes: u64,
}

/// An open file of tensors.
#[derive(Debug)]
pub struct Source {
    path: PathBuf,
    content: Content,
    /// By name.
    tensors: Vec<TensorInfo>,
    /// The bytes that all tensors can have together.
    size: u64,
}

/// A compressed zip file may hold as many times its own bytes, and a little more; PyTorch compresses nothing, and weights
/// pack badly.
#[cfg(feature = "torch")]
const MOST_PACKED: u64 = 4;
/// The little more.
#[cfg(feature = "torch")]
const SMALL: u64 = 1 << 20;

#[derive(Debug)]
enum Content {
    /// The tensors' places among the bytes from `start` on.
    Safetensors {
        metadata: Metadata,
        #[cfg(feature = "torch")]
        bytes: Vec<u8>,
        #[cfg(feature = "torch")]
        start: usize,
    },
    #[cfg(feature = "torch")]
    PyTorch(PytorchReader),
}

impl Source {
    /// Opens a file, its format found from its content.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let malformed = |reason: String| CheckpointError::Unreadable { path: path.to_owned(), reason };
        #[cfg(feature = "torch")]
        if let Some(bytes) = super::bundled(path) {
            let content = safetensors_of(bytes.to_vec()).map_err(malformed)?;
            let (tensors, size) = (list(&content), bytes.len() as u64);
            return Ok(Self { path: path.to_owned(), tensors, content, size });
        }
        let mut file = fs::File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(malformed("it is not a file".into()));
        }
        let size = metadata.len();
        // The length of a header of JSON, and its first byte.
        let mut start = Vec::new();
        file.by_ref().take(9).read_to_end(&mut start)?;
        let (content, size) = if start.get(8) == Some(&b'{') {
            let mut bytes = start;
            file.read_to_end(&mut bytes)?;
            (safetensors_of(bytes).map_err(malformed)?, size)
        } else {
            pytorchs(path, file, &start, size).map_err(malformed)?
        };
        Ok(Self { path: path.to_owned(), tensors: list(&content), content, size })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes that the file holds: those of all tensors together are fewer, unless some are views of the same numbers.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// What the writer left in its metadata under `gan-lab`.
    pub fn note(&self) -> Option<&str> {
        match &self.content {
            Content::Safetensors { metadata, .. } => {
                metadata.metadata().as_ref()?.get(METADATA_KEY).map(String::as_str)
            }
            #[cfg(feature = "torch")]
            Content::PyTorch(_) => None,
        }
    }

    /// The format, in words.
    pub fn format(&self) -> &'static str {
        match &self.content {
            Content::Safetensors { .. } => "safetensors",
            #[cfg(feature = "torch")]
            Content::PyTorch(reader) => match reader.metadata().format_type {
                FileFormat::Zip => "PyTorch (zip)",
                FileFormat::Legacy => "PyTorch (legacy)",
                FileFormat::Tar => "PyTorch (tar)",
                FileFormat::Pickle => "pickle",
            },
        }
    }

    /// All tensors, by name.
    pub fn tensors(&self) -> &[TensorInfo] {
        &self.tensors
    }

    /// The tensor of this name.
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        let at = self.tensors.binary_search_by(|tensor| tensor.name.as_str().cmp(name)).ok()?;
        Some(&self.tensors[at])
    }

    /// A tensor's numbers in single precision, row-major; None where there is no such tensor.
    #[cfg(feature = "torch")]
    pub fn read(&self, name: &str) -> Result<Option<Vec<f32>>, CheckpointError> {
        let unreadable = |reason: String| CheckpointError::Unreadable { path: self.path.clone(), reason };
        let Some(info) = self.tensor(name) else { return Ok(None) };
        if info.bytes > self.size {
            return Err(unreadable(format!(
                "tensor '{name}' {:?} would unpack to {}, and the whole file has {}; if it is an expanded view, save it \
                 with .contiguous()",
                info.shape,
                memory::size(info.bytes),
                memory::size(self.size)
            )));
        }
        let (kind, bytes) = match &self.content {
            Content::Safetensors { metadata, bytes, start } => {
                let Some(info) = metadata.info(name) else { return Ok(None) };
                let kind = match info.dtype {
                    Dtype::F64 => DType::F64,
                    Dtype::F32 => DType::F32,
                    Dtype::F16 => DType::F16,
                    Dtype::BF16 => DType::BF16,
                    other => return Err(unreadable(format!("tensor '{name}' is {other:?}, not a float"))),
                };
                let (from, to) = info.data_offsets;
                let data = bytes.get(*start..).and_then(|data| data.get(from..to));
                (kind, data.ok_or_else(|| unreadable(format!("tensor '{name}' is cut short")))?.to_vec())
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

#[cfg_attr(not(feature = "torch"), expect(clippy::needless_pass_by_value, reason = "only its header is kept"))]
fn safetensors_of(bytes: Vec<u8>) -> Result<Content, String> {
    let header = SafeTensors::read_metadata(&bytes).map_err(|error| error.to_string())?;
    Ok(Content::Safetensors {
        metadata: header.1,
        #[cfg(feature = "torch")]
        bytes,
        #[cfg(feature = "torch")]
        start: 8 + header.0,
    })
}

/// A file of PyTorch's that begins with `start`, and the bytes that its tensors can have together.
#[cfg(feature = "torch")]
fn pytorchs(path: &Path, file: fs::File, start: &[u8], size: u64) -> Result<(Content, u64), String> {
    let mut holds = size;
    // What is no sound zip file is refused by the reader, in its words.
    if let Some(unpacked) = start.starts_with(b"PK").then(|| unpacked(file).ok()).flatten() {
        if unpacked > size.saturating_mul(MOST_PACKED).saturating_add(SMALL) {
            let [unpacked, size] = [unpacked, size].map(memory::size);
            return Err(format!("it unpacks from {size} to {unpacked}; save it without compression"));
        }
        holds = size.max(unpacked);
    }
    let reader = PytorchReader::new(path).map_err(|error| error.to_string())?;
    Ok((Content::PyTorch(reader), holds))
}

#[cfg(not(feature = "torch"))]
fn pytorchs(_: &Path, _: fs::File, start: &[u8], _: u64) -> Result<(Content, u64), String> {
    // A zip file, or a pickle of the second protocol or a later one.
    let is_pytorchs = start.starts_with(b"PK") || start.starts_with(&[0x80]);
    Err(if is_pytorchs {
        "it is a PyTorch file, and this gan-lab was built without libtorch and what reads them; to have it: \
         ./scripts/setup-libtorch.sh && cargo build --release"
    } else {
        "it is not a safetensors file"
    }
    .to_owned())
}

/// The bytes to which a zip file's entries unpack.
#[cfg(feature = "torch")]
fn unpacked(file: fs::File) -> zip::result::ZipResult<u64> {
    let mut archive = zip::ZipArchive::new(BufReader::new(file))?;
    let mut total = 0_u64;
    for index in 0..archive.len() {
        total = total.saturating_add(archive.by_index_raw(index)?.size());
    }
    Ok(total)
}

fn list(content: &Content) -> Vec<TensorInfo> {
    let mut found: Vec<TensorInfo> = match content {
        Content::Safetensors { metadata, .. } => metadata
            .tensors()
            .into_iter()
            .map(|(name, info)| TensorInfo {
                name,
                kind: format!("{:?}", info.dtype),
                shape: info.shape.clone(),
                bytes: (info.data_offsets.1 - info.data_offsets.0) as u64,
            })
            .collect(),
        #[cfg(feature = "torch")]
        Content::PyTorch(reader) => reader
            .tensors()
            .iter()
            .map(|(name, tensor)| TensorInfo {
                name: name.clone(),
                kind: format!("{:?}", tensor.dtype()),
                shape: tensor.shape().to_vec(),
                bytes: tensor.byte_len() as u64,
            })
            .collect(),
    };
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// Little-endian numbers of a float type.
#[cfg(feature = "torch")]
fn floats(kind: DType, bytes: &[u8]) -> Option<Vec<f32>> {
    Some(match kind {
        DType::F64 => bytes.as_chunks().0.iter().map(|&b| f64::from_le_bytes(b) as f32).collect(),
        DType::F32 => bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect(),
        DType::F16 => bytes.as_chunks().0.iter().map(|&b| f16::from_le_bytes(b).to_f32()).collect(),
        DType::BF16 => bytes.as_chunks().0.iter().map(|&b| bf16::from_le_bytes(b).to_f32()).collect(),
        _ => return None,
    })
}
