//! Any file of tensors that people have: safetensors, whole or in shards, PyTorch's zip and legacy files, and the pickles of
//! NVIDIA's codes. Nothing in them is executed, and tensors come out row-major whatever strides they were saved with.
//!
//! Opening reads names and shapes; numbers stay in the file until they are asked for. No tensor is read that is larger than all
//! that its file holds (strides of 0, PyTorch's `expand`, make a tensor of any size out of a few bytes), and no zip file that
//! unpacks to many times its size.

mod contents;
mod directory;
mod foreign;
mod globals;
mod legacy;
mod place;
mod shards;
#[cfg(test)]
mod tests;
mod zipped;

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use fs_err as fs;
use safetensors::tensor::Metadata;

pub use contents::Value;
use contents::{Contents, contents};
use place::{Data, Element, Place};

use super::bytes::{Bytes, Span};
use super::pickle;
use super::{CheckpointError, METADATA_KEY};
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
    format: &'static str,
    /// The file, or the shards.
    files: Vec<Bytes>,
    /// By name.
    tensors: Vec<TensorInfo>,
    /// Of each tensor, its file and its place there.
    places: Vec<(usize, Place)>,
    found: Beside,
    note: Option<String>,
    /// The bytes that all tensors can have together.
    size: u64,
}

/// What a file holds beside tensors.
#[derive(Debug, Default)]
struct Beside {
    values: BTreeMap<String, Value>,
    classes: BTreeMap<String, String>,
    skipped: Vec<String>,
    unknown: Vec<String>,
    dangers: Vec<String>,
}

/// What one file turned out to hold.
struct Opened {
    format: &'static str,
    contents: Contents,
    note: Option<String>,
    size: u64,
}

impl Source {
    /// Opens a file, its format found from its content.
    pub fn open(path: &Path) -> Result<Self, CheckpointError> {
        let refused = |reason: String| CheckpointError::Unreadable { path: path.to_owned(), reason };
        let bytes = bytes_of(path)?;
        if foreign::first_letter(&bytes) == Some(b'{')
            && let Some(files) = shards::files(&bytes).map_err(refused)?
        {
            return Self::of_shards(path, files);
        }
        let opened = opened(&bytes).map_err(refused)?;
        Ok(Self::of(path, vec![(bytes, opened)]))
    }

    fn of_shards(path: &Path, names: impl IntoIterator<Item = String>) -> Result<Self, CheckpointError> {
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut parts = Vec::new();
        for name in names {
            let shard = folder.join(&name);
            if !shard.exists() {
                let reason = format!("its shard {name} is not beside it");
                return Err(CheckpointError::Unreadable { path: path.to_owned(), reason });
            }
            let bytes = bytes_of(&shard)?;
            let opened =
                opened(&bytes).map_err(|reason| CheckpointError::Unreadable { path: shard.clone(), reason })?;
            parts.push((bytes, opened));
        }
        let mut whole = Self::of(path, parts);
        whole.format = match whole.format {
            "safetensors" => "safetensors in shards",
            _ => "PyTorch in shards",
        };
        Ok(whole)
    }

    fn of(path: &Path, parts: Vec<(Bytes, Opened)>) -> Self {
        let (mut files, mut places, mut found) = (Vec::new(), BTreeMap::new(), Beside::default());
        let (mut format, mut note, mut size) = ("safetensors", None, 0_u64);
        for (at, (bytes, opened)) in parts.into_iter().enumerate() {
            let Contents { tensors, values, classes, skipped, unknown, dangers } = opened.contents;
            places.extend(tensors.into_iter().map(|(name, place)| (name, (at, place))));
            found.values.extend(values);
            found.classes.extend(classes);
            for (all, new) in
                [(&mut found.skipped, skipped), (&mut found.unknown, unknown), (&mut found.dangers, dangers)]
            {
                all.extend(new.into_iter().filter(|word| !all.contains(word)).collect::<Vec<_>>());
            }
            format = opened.format;
            note = note.or(opened.note);
            size = size.saturating_add(opened.size);
            files.push(bytes);
        }
        let (names, places): (Vec<String>, Vec<(usize, Place)>) = places.into_iter().unzip();
        let info = |(name, (_, place)): (String, &(usize, Place))| TensorInfo {
            name,
            kind: place.element.name(),
            shape: place.shape.clone(),
            bytes: place.bytes(),
        };
        let tensors = names.into_iter().zip(&places).map(info).collect();
        Self { path: path.to_owned(), format, files, tensors, places, found, note, size }
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
        self.note.as_deref()
    }

    /// The format, in words.
    pub fn format(&self) -> &'static str {
        self.format
    }

    /// All tensors, by name.
    pub fn tensors(&self) -> &[TensorInfo] {
        &self.tensors
    }

    /// The tensor of this name.
    pub fn tensor(&self, name: &str) -> Option<&TensorInfo> {
        Some(&self.tensors[self.index(name)?])
    }

    fn index(&self, name: &str) -> Option<usize> {
        self.tensors.binary_search_by(|tensor| tensor.name.as_str().cmp(name)).ok()
    }

    /// A plain value by its name, such as `config.alpha`.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.found.values.get(name)
    }

    /// The class of the object of this name, as the file has it; nothing was made of it.
    pub fn class(&self, name: &str) -> Option<&str> {
        self.found.classes.get(name).map(String::as_str)
    }

    /// All objects' classes, by the objects' names.
    pub fn classes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.found.classes.iter().map(|(name, class)| (name.as_str(), class.as_str()))
    }

    /// What the file holds that cannot be shown, each with its name.
    pub fn skipped(&self) -> &[String] {
        &self.found.skipped
    }

    /// Functions and classes in the file that are not known here; they were read as plain records.
    pub fn unknown(&self) -> &[String] {
        &self.found.unknown
    }

    /// Functions that the file names and that can do harm where it is opened with Python.
    pub fn dangers(&self) -> &[String] {
        &self.found.dangers
    }

    /// Where a file is one shard of several by its name: which, of how many.
    pub fn shard(&self) -> Option<(u32, u32)> {
        foreign::shard(&self.path.file_name()?.to_string_lossy())
    }

    /// A tensor's numbers in single precision, row-major; None where there is no such tensor.
    pub fn read(&self, name: &str) -> Result<Option<Vec<f32>>, CheckpointError> {
        self.numbers(name, false)
    }

    /// The same, whole numbers too.
    pub fn read_any(&self, name: &str) -> Result<Option<Vec<f32>>, CheckpointError> {
        self.numbers(name, true)
    }

    fn numbers(&self, name: &str, wholes: bool) -> Result<Option<Vec<f32>>, CheckpointError> {
        let unreadable = |reason: String| CheckpointError::Unreadable { path: self.path.clone(), reason };
        let Some(at) = self.index(name) else { return Ok(None) };
        let (info, (file, place)) = (&self.tensors[at], &self.places[at]);
        if info.bytes > self.size {
            return Err(unreadable(format!(
                "tensor '{name}' {:?} would unpack to {}, and the whole file has {}; if it is an expanded view, save it \
                 with .contiguous()",
                info.shape,
                memory::size(info.bytes),
                memory::size(self.size)
            )));
        }
        let numbers = place.read(&self.files[*file], wholes);
        let numbers = numbers.map_err(|reason| unreadable(format!("tensor '{name}' {reason}")))?;
        if let Some(at) = numbers.iter().position(|x| !x.is_finite()) {
            return Err(unreadable(format!("tensor '{name}' has {} at place {at}", numbers[at])));
        }
        Ok(Some(numbers))
    }
}

/// The bytes of a file, which stay in it.
fn bytes_of(path: &Path) -> Result<Bytes, CheckpointError> {
    if let Some(bytes) = super::bundled(path) {
        return Ok(Bytes::Memory(Cow::Borrowed(bytes)));
    }
    let file = fs::File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        let reason = "it is not a file".to_owned();
        return Err(CheckpointError::Unreadable { path: path.to_owned(), reason });
    }
    Ok(Bytes::File(file, metadata.len()))
}

/// Opens what is no list of shards.
fn opened(bytes: &Bytes) -> Result<Opened, String> {
    let head = bytes.head(bytes.whole(), 9).unwrap_or_default();
    // The length of a header of JSON, and its first byte.
    if head.get(8) == Some(&b'{') && head[0] != b'{' {
        return safetensors(bytes);
    }
    if head.starts_with(b"PK") {
        return zip(bytes);
    }
    // A pickle of the second protocol or a later one.
    if let [0x80, 2..=5, ..] = head[..] {
        return pickled(bytes);
    }
    Err(foreign::name(bytes))
}

fn safetensors(bytes: &Bytes) -> Result<Opened, String> {
    let mut len = [0; 8];
    bytes.fill(0, &mut len).map_err(|error| error.to_string())?;
    let header = Span { start: 8, len: u64::from_le_bytes(len) };
    // No more memory than the file can fill, whatever it claims.
    let text = bytes
        .read(header)
        .map_err(|_| format!("it is cut short, or no safetensors file: its header should have {} bytes", header.len))?;
    let metadata: Metadata =
        serde_json::from_slice(&text).map_err(|error| format!("its safetensors header is damaged: {error}"))?;
    let mut found = Contents::default();
    let mut end = 0;
    for (name, info) in metadata.tensors() {
        let (from, to) = info.data_offsets;
        end = end.max(to as u64);
        let element = element_of(&format!("{:?}", info.dtype));
        let span = Span { start: header.end() + from as u64, len: (to - from) as u64 };
        found.tensors.insert(name, Place::plain(element, info.shape.clone(), Data::Raw(span)));
    }
    let whole = header.end().saturating_add(end);
    if whole != bytes.len() {
        let how = if whole > bytes.len() { "it is cut short; copy or download it again" } else { "it is damaged" };
        return Err(format!("{how}: by its header it should have {whole} bytes, and it has {}", bytes.len()));
    }
    let note = metadata.metadata().as_ref().and_then(|entries| entries.get(METADATA_KEY).cloned());
    Ok(Opened { format: "safetensors", contents: found, note, size: bytes.len() })
}

/// A type by its name in safetensors files.
fn element_of(name: &str) -> Element {
    const ALL: [Element; 14] = [
        Element::F64,
        Element::F32,
        Element::F16,
        Element::BF16,
        Element::I64,
        Element::I32,
        Element::I16,
        Element::I8,
        Element::U64,
        Element::U32,
        Element::U16,
        Element::U8,
        Element::Bool,
        Element::C64,
    ];
    ALL.into_iter().find(|element| element.name() == name).unwrap_or(Element::Other("of another type", 1))
}

fn zip(bytes: &Bytes) -> Result<Opened, String> {
    let zip = zipped::open(bytes)?;
    let taken = match zip.pickle {
        Data::Raw(span) => {
            let pickle = pickle::read(bytes, span).map_err(|error| error.to_string())?;
            contents(&pickle, bytes, &zip.storages, true)
        }
        packed => {
            let unpacked = packed.read(bytes, 0, packed.len()).map_err(|error| format!("its data.pkl: {error}"))?;
            let unpacked = Bytes::Memory(Cow::Owned(unpacked));
            let pickle = pickle::read(&unpacked, unpacked.whole()).map_err(|error| error.to_string())?;
            contents(&pickle, &unpacked, &zip.storages, false)
        }
    };
    let size = bytes.len().max(zip.unpacked);
    Ok(Opened { format: "PyTorch (zip)", contents: taken?, note: None, size })
}

fn pickled(bytes: &Bytes) -> Result<Opened, String> {
    let first = pickle::read(bytes, bytes.whole()).map_err(|error| error.to_string())?;
    let (format, contents) = if legacy::begins(bytes, &first) {
        let file = legacy::open(bytes, bytes.whole()).map_err(|error| error.to_string())?;
        ("PyTorch (legacy)", contents(&file.pickle, bytes, &file.storages, true)?)
    } else {
        ("pickle", contents(&first, bytes, &HashMap::new(), true)?)
    };
    Ok(Opened { format, contents, note: None, size: bytes.len() })
}
