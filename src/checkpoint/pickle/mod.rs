//! Python's pickles, taken apart without Python: a small stack machine that calls nothing.
//!
//! A pickle is a program for a stack machine, and its `REDUCE` calls any function that it names; that is how a file runs code
//! when Python opens it. Here a call is a [`Record`] of what was to be called with what, and stays one. Values live in one list
//! and refer to each other by their places in it, so that a value that is changed after it was remembered is changed everywhere.
//! Texts and bytes are ranges of the file.
//!
//! A file may claim anything. The machine takes 16 bytes for a value, a few dozen for a container or a call, and no more than
//! [`MOST_VALUES`] of them; nothing is nested in memory, so that no depth of nesting can exhaust the stack.

mod input;
mod machine;
#[cfg(test)]
mod tests;

use std::io;

use super::bytes::{Bytes, Span};

/// The most values in a pickle: the largest training checkpoints have a hundred thousand.
const MOST_VALUES: usize = 1 << 22;

/// A value's place in [`Pickle::nodes`].
pub(super) type Id = u32;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// A whole number of more than 8 bytes: its bytes' place in the spans.
    Big(u32),
    /// A text's place in the spans; Python 2 writes bytes so too.
    Text(u32),
    /// Bytes' place in the spans.
    Bytes(u32),
    /// A function or a class: its place in the globals.
    Global(u32),
    Tuple(Items),
    List(Items),
    /// Key, value, key, value.
    Dict(Items),
    Set(Items),
    /// A call or an object, boxed because it is larger.
    Record(Box<Record>),
    /// What the file keeps outside the pickle, by this value: PyTorch's storages.
    Persistent(Id),
}

/// Values in a row. Empty ones, of which a file can have many, take 8 bytes.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::box_collection, reason = "a node stays small")]
pub(super) struct Items(Option<Box<Vec<Id>>>);

impl Items {
    fn of(ids: &[Id]) -> Self {
        Self((!ids.is_empty()).then(|| Box::new(ids.to_vec())))
    }

    fn extend(&mut self, ids: &[Id]) {
        if !ids.is_empty() {
            self.0.get_or_insert_default().extend_from_slice(ids);
        }
    }

    /// All of them.
    pub(super) fn all(&self) -> &[Id] {
        self.0.as_ref().map_or(&[], |ids| ids)
    }
}

/// A call that was not made, or an object that was not built.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    /// What was to be called, or the class.
    pub(super) callee: Id,
    /// With what.
    pub(super) args: Id,
    /// What the object's state was to be.
    pub(super) state: Option<Id>,
    /// Entries that were to be set: key, value, key, value.
    pub(super) pairs: Items,
    /// Entries that were to be appended.
    pub(super) list: Items,
}

/// A function or a class that a pickle names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Global {
    /// `torch._utils`, say.
    pub(super) module: String,
    /// `_rebuild_tensor_v2`, say.
    pub(super) name: String,
}

impl Global {
    /// Module and name with a dot between.
    pub(super) fn path(&self) -> String {
        format!("{}.{}", self.module, self.name)
    }
}

/// A pickle that was taken apart.
#[derive(Debug)]
pub(super) struct Pickle {
    nodes: Vec<Node>,
    spans: Vec<Span>,
    /// What it names, each once.
    pub(super) globals: Vec<Global>,
    /// The value that it is.
    pub(super) root: Id,
    /// The first byte after it.
    pub(super) end: u64,
}

/// Why a pickle cannot be taken apart.
#[derive(Debug, thiserror::Error)]
pub(super) enum PickleError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It ends before its end.
    #[error("it is cut short: its pickle goes on beyond its last byte, {at}; copy or download it again")]
    Cut {
        /// How many bytes there are.
        at: u64,
    },
    /// No Python writes such a thing.
    #[error("its pickle is damaged at byte {at}: {reason}")]
    Unsound {
        /// Where.
        at: u64,
        /// In what way.
        reason: &'static str,
    },
    /// A part of the format that is not read.
    #[error(
        "its pickle has the opcode {name} at byte {at}, which is not read here; save the weights again with PyTorch"
    )]
    Opcode {
        /// Where.
        at: u64,
        /// The opcode's name, or its byte.
        name: String,
    },
    /// More than any checkpoint has.
    #[error("its pickle has more than {MOST_VALUES} values, which no generator needs; save its weights alone")]
    Large,
}

/// Takes apart the pickle that begins where `span` does.
pub(super) fn read(bytes: &Bytes, span: Span) -> Result<Pickle, PickleError> {
    machine::Machine::new(input::Input::new(bytes, span)).run()
}

impl Pickle {
    /// A value.
    pub(super) fn node(&self, id: Id) -> &Node {
        self.nodes.get(id as usize).unwrap_or(&Node::None)
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Every value.
    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Where a text's or bytes' content is.
    pub(super) fn span(&self, id: Id) -> Option<Span> {
        match self.node(id) {
            Node::Text(span) | Node::Bytes(span) | Node::Big(span) => self.spans.get(*span as usize).copied(),
            _ => None,
        }
    }

    /// A text, if it is one and no longer than a name.
    pub(super) fn text(&self, bytes: &Bytes, id: Id) -> Option<String> {
        const LONGEST: u64 = 1024;
        let Node::Text(_) = self.node(id) else { return None };
        let span = self.span(id).filter(|span| span.len <= LONGEST)?;
        Some(String::from_utf8_lossy(&bytes.read(span).ok()?).into_owned())
    }

    /// A function or a class.
    pub(super) fn global(&self, id: Id) -> Option<&Global> {
        let Node::Global(at) = self.node(id) else { return None };
        self.globals.get(*at as usize)
    }

    /// A tuple's or a list's values.
    pub(super) fn items(&self, id: Id) -> Option<&[Id]> {
        match self.node(id) {
            Node::Tuple(items) | Node::List(items) => Some(items.all()),
            _ => None,
        }
    }

    /// A dict's keys and values, or those of an object that is one (OrderedDict, EasyDict).
    pub(super) fn entries(&self, id: Id) -> Option<impl Iterator<Item = (Id, Id)>> {
        let items = match self.node(id) {
            Node::Dict(items) => items,
            Node::Record(record) => &record.pairs,
            _ => return None,
        };
        Some(items.all().as_chunks::<2>().0.iter().map(|&[key, value]| (key, value)))
    }

    /// The value that a dict has under a text. It is looked for among the first 64 entries: what is asked for by its name stands
    /// in small dicts.
    pub(super) fn entry(&self, bytes: &Bytes, id: Id, key: &str) -> Option<Id> {
        self.entries(id)?
            .take(64)
            .filter(|&(name, _)| self.text(bytes, name).as_deref() == Some(key))
            .last()
            .map(|(_, at)| at)
    }

    /// A whole number, 0 or more.
    pub(super) fn size(&self, id: Id) -> Option<u64> {
        match self.node(id) {
            Node::Int(n) => u64::try_from(*n).ok(),
            _ => None,
        }
    }
}
