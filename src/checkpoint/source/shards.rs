//! Lists of shards as Hugging Face writes them: `model.safetensors.index.json`, `pytorch_model.bin.index.json`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::super::bytes::Bytes;

/// Such lists have a line for each tensor.
const LARGEST: u64 = 64 << 20;

#[derive(Deserialize)]
struct Index {
    /// Which tensor is in which file.
    weight_map: BTreeMap<String, String>,
}

/// The files that a list names; None for what is no such list.
pub(super) fn files(bytes: &Bytes) -> Result<Option<BTreeSet<String>>, String> {
    if bytes.len() > LARGEST {
        return Ok(None);
    }
    let text = bytes.read(bytes.whole()).map_err(|error| error.to_string())?;
    let Ok(index) = serde_json::from_slice::<Index>(&text) else { return Ok(None) };
    let files: BTreeSet<String> = index.weight_map.into_values().collect();
    for file in &files {
        // Only what lies beside the list.
        if Path::new(file).file_name().is_none_or(|name| name != file.as_str()) {
            return Err(format!("its list of shards names '{file}', which is not a file beside it"));
        }
    }
    Ok(Some(files))
}
