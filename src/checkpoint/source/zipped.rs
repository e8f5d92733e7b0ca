//! PyTorch's zip files: a pickle `data.pkl`, and each storage an entry beside it, `data/0`.

use std::collections::HashMap;

use super::super::bytes::Bytes;
use super::directory::{self, Problem};
use super::place::Data;
use crate::memory;

/// A compressed file may hold as many times its own bytes, and a little more; PyTorch compresses nothing, and weights pack
/// badly.
const MOST_PACKED: u64 = 4;
/// The little more.
const SMALL: u64 = 1 << 20;

/// The pickle and what stands beside it.
pub(super) struct Zipped {
    pub(super) pickle: Data,
    pub(super) storages: HashMap<String, Data>,
    /// What all entries unpack to.
    pub(super) unpacked: u64,
}

/// Opens a zip file, or says what else it is.
pub(super) fn open(bytes: &Bytes) -> Result<Zipped, String> {
    let listed = directory::entries(bytes).map_err(|problem| match problem {
        Problem::NoEnd => {
            "it begins as a zip file does (so do PyTorch's), but has no list of contents at its end: it is cut short, \
                           so copy or download it again"
                .to_owned()
        }
        Problem::Damaged(how) => format!("its zip archive is damaged: {how}; copy or download it again"),
    })?;
    let unpacked = listed.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.size));
    let entries: HashMap<String, Option<Data>> = listed.into_iter().map(|entry| (entry.name, entry.data)).collect();
    let size = bytes.len();
    if unpacked > size.saturating_mul(MOST_PACKED).saturating_add(SMALL) {
        let [unpacked, size] = [unpacked, size].map(memory::size);
        return Err(format!("it unpacks from {size} to {unpacked}; save it without compression"));
    }
    let is_pickle = |name: &&String| *name == "data.pkl" || name.ends_with("/data.pkl");
    let Some(name) = entries.keys().filter(is_pickle).min_by_key(|name| name.len()).cloned() else {
        return Err(other(&entries));
    };
    let root = name.strip_suffix("data.pkl").unwrap_or_default();
    if entries.keys().any(|name| name.starts_with(&format!("{root}code/")))
        || entries.contains_key(&format!("{root}constants.pkl"))
    {
        return Err("it is a TorchScript program, which has no plain weights; save the generator's state_dict() with \
                    torch.save"
            .into());
    }
    if let Some(Some(order)) = entries.get(&format!("{root}byteorder"))
        && order.read(bytes, 0, order.len().min(16)).is_ok_and(|order| order == b"big")
    {
        return Err("it was written on a big-endian machine, whose numbers are not read".into());
    }
    let pickle = entries.get(&name).copied().flatten();
    let pickle = pickle.ok_or("its data.pkl is encrypted or packed in a way that is not read")?;
    let folder = format!("{root}data/");
    let storages = entries.iter().filter_map(|(name, data)| Some((name.strip_prefix(&folder)?.to_owned(), (*data)?)));
    Ok(Zipped { pickle, storages: storages.collect(), unpacked })
}

/// A zip file that is not PyTorch's.
fn other(entries: &HashMap<String, Option<Data>>) -> String {
    let has = |suffix: &str| entries.keys().any(|name| name.ends_with(suffix));
    if has(".npy") {
        "it is a NumPy archive (npz), whose arrays have no layout that is known here".into()
    } else if has("model.weights.h5") {
        "it is a Keras model; export its weights to PyTorch or safetensors first".into()
    } else if has(".pth") || has(".pt") || has(".pkl") || has(".safetensors") {
        "it is a zip file that holds checkpoints: unpack it first (unzip FILE)".into()
    } else {
        "it is a zip file, but not one of PyTorch's: it has no data.pkl".into()
    }
}
