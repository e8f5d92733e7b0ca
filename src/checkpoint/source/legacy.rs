//! What `torch.save` wrote before PyTorch 1.6, and still writes of a storage alone: five pickles (a mark, a version, facts of the
//! machine, the object, the storages' keys), and then each storage's length and bytes.

use std::collections::HashMap;

use super::super::bytes::{Bytes, Span};
use super::super::pickle::{self, Node, Pickle, PickleError};
use super::contents::stored;
use super::place::{Data, Element};

/// The first pickle's number, the lowest byte first: 0x1950a86a20f9469cfc6c.
const MARK: [u8; 10] = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/// The object, and where its storages are.
pub(super) struct Legacy {
    pub(super) pickle: Pickle,
    pub(super) storages: HashMap<String, Data>,
}

/// Why such a file cannot be opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum LegacyError {
    #[error(transparent)]
    Pickle(#[from] PickleError),
    #[error("{0}")]
    Other(String),
}

/// Whether a pickle is the first of such a file.
pub(super) fn begins(bytes: &Bytes, pickle: &Pickle) -> bool {
    let Node::Big(_) = pickle.node(pickle.root) else { return false };
    pickle.span(pickle.root).and_then(|span| bytes.read(span).ok()).is_some_and(|number| number == MARK)
}

/// Opens what begins where `span` does.
pub(super) fn open(bytes: &Bytes, span: Span) -> Result<Legacy, LegacyError> {
    let mark = pickle::read(bytes, span)?;
    if !begins(bytes, &mark) {
        return Err(LegacyError::Other("it does not begin as PyTorch's files do".into()));
    }
    let rest = |from: u64| Span { start: from, len: span.end() - from };
    let version = pickle::read(bytes, rest(mark.end))?;
    let system = pickle::read(bytes, rest(version.end))?;
    if let Some(order) = system.entry(bytes, system.root, "little_endian")
        && *system.node(order) == Node::Bool(false)
    {
        return Err(LegacyError::Other("it was written on a big-endian machine, whose numbers are not read".into()));
    }
    let object = pickle::read(bytes, rest(system.end))?;
    let keys = pickle::read(bytes, rest(object.end))?;
    let storages = storages(bytes, &object, &keys, span)?;
    Ok(Legacy { pickle: object, storages })
}

fn storages(bytes: &Bytes, object: &Pickle, keys: &Pickle, span: Span) -> Result<HashMap<String, Data>, LegacyError> {
    let abouts = object.nodes().iter().filter_map(|node| match node {
        Node::Persistent(about) => stored(object, bytes, *about),
        _ => None,
    });
    let kinds: HashMap<String, Element> = abouts.map(|(element, key, _)| (key, element)).collect();
    let cut = || LegacyError::Pickle(PickleError::Cut { at: span.end() });
    let mut found = HashMap::new();
    let mut at = keys.end;
    for &key in keys.items(keys.root).unwrap_or_default() {
        let key = keys.text(bytes, key).or_else(|| keys.size(key).map(|n| n.to_string()));
        let key = key.ok_or_else(|| LegacyError::Other("a storage's key is no text".into()))?;
        let Some(element) = kinds.get(&key) else {
            return Err(LegacyError::Other(format!("it has a storage '{key}' whose type is not known")));
        };
        if span.end() - at < 8 {
            return Err(cut());
        }
        let mut count = [0; 8];
        bytes.fill(at, &mut count).map_err(PickleError::Io)?;
        at += 8;
        let len = u64::from_le_bytes(count).checked_mul(element.size()).filter(|&len| len <= span.end() - at);
        let len = len.ok_or_else(cut)?;
        found.insert(key, Data::Raw(Span { start: at, len }));
        at += len;
    }
    Ok(found)
}
