//! What a pickle holds: tensors, plain values and objects, under dotted names.
//!
//! | in the pickle | name |
//! |---|---|
//! | a dict's entry, an object's attribute | `holder.key` |
//! | a list's entry | `holder.3` |
//! | a PyTorch module's parameters, buffers and modules | `module.name`, as in a state dict |
//! | NVIDIA's TensorFlow networks | `Gs.synthesis/4x4/Conv/weight`; of a tuple of three the names are `G`, `D` and `Gs` |

use std::collections::{BTreeMap, HashMap, HashSet};

use super::super::bytes::{Bytes, Span};
use super::super::pickle::{Global, Id, Node, Pickle, Record};
use super::globals::{is_dangerous, is_usual};
use super::legacy;
use super::place::{Data, Element, Place};

/// A value that is no tensor.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Python's None.
    None,
    /// True or False.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(String),
}

impl Value {
    /// As a number, if it is one.
    pub fn number(&self) -> Option<f64> {
        match *self {
            Self::Int(n) => Some(n as f64),
            Self::Float(x) => Some(x),
            Self::Bool(is) => Some(f64::from(u8::from(is))),
            _ => None,
        }
    }
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Contents {
    pub(super) tensors: BTreeMap<String, Place>,
    pub(super) values: BTreeMap<String, Value>,
    /// The classes of objects.
    pub(super) classes: BTreeMap<String, String>,
    /// What cannot be shown, with its name.
    pub(super) skipped: Vec<String>,
    /// Functions and classes that are not known here.
    pub(super) unknown: Vec<String>,
    /// Those of them that can do harm.
    pub(super) dangers: Vec<String>,
}

/// No checkpoint nests deeper.
const DEEPEST: usize = 64;
/// Nor has a tensor a longer name.
const LONGEST_NAME: usize = 1024;
/// Plain values beyond this many are left out, with a note.
const MOST_VALUES: usize = 1 << 14;
/// So many things that cannot be shown are named.
const MOST_NAMED: usize = 100;

/// Goes through a pickle. `storages` is what the file keeps beside it; `inside` says that the pickle's own bytes stay where they
/// are, so that arrays in it can be read later.
pub(super) fn contents(
    pickle: &Pickle,
    bytes: &Bytes,
    storages: &HashMap<String, Data>,
    inside: bool,
) -> Result<Contents, &'static str> {
    let mut walker = Walker {
        pickle,
        bytes,
        storages,
        inside,
        inner: HashMap::new(),
        found: Contents::default(),
        steps: 16 * pickle.len() + 1024,
        letters: 16 * bytes.len().min(1 << 40) + (1 << 20),
    };
    walker.calls();
    walker.value(pickle.root, "", 0)?;
    Ok(walker.found)
}

struct Walker<'a> {
    pickle: &'a Pickle,
    bytes: &'a Bytes,
    storages: &'a HashMap<String, Data>,
    inside: bool,
    /// Storages that stand in the pickle itself.
    inner: HashMap<Id, Option<(Element, Data)>>,
    found: Contents,
    /// How many more values are looked at: what is shared is looked at several times, but not without end.
    steps: usize,
    /// How many more letters names may have.
    letters: u64,
}

/// What a walk gives up with: only files made to exhaust memory come to it.
type Walked = Result<(), &'static str>;

const ENDLESS: &str = "its values refer to each other without end";
const WORDY: &str = "its names are longer than all of it";

impl Walker<'_> {
    /// Counts a look at a value.
    fn step(&mut self) -> Walked {
        self.steps = self.steps.checked_sub(1).ok_or(ENDLESS)?;
        Ok(())
    }

    fn value(&mut self, id: Id, name: &str, depth: usize) -> Walked {
        self.step()?;
        if depth > DEEPEST {
            self.skip(name, "what is nested deeper than 64 levels");
            return Ok(());
        }
        if name.len() > LONGEST_NAME {
            self.skip(name, "what has a name of more than 1024 bytes");
            return Ok(());
        }
        match self.pickle.node(id) {
            Node::None => self.plain(name, Value::None),
            Node::Bool(is) => self.plain(name, Value::Bool(*is)),
            Node::Int(n) => self.plain(name, Value::Int(*n)),
            Node::Float(x) => self.plain(name, Value::Float(*x)),
            Node::Text(_) => match self.pickle.text(self.bytes, id) {
                Some(text) if text.len() <= 200 => self.plain(name, Value::Text(text)),
                _ => Ok(()),
            },
            Node::Dict(items) => self.entries(items.all(), name, depth),
            Node::Tuple(items) | Node::List(items) | Node::Set(items) => self.list(items.all(), name, depth),
            Node::Record(record) => self.record(id, record, name, depth),
            Node::Big(_) | Node::Bytes(_) | Node::Global(_) | Node::Persistent(_) => Ok(()),
        }
    }

    fn entries(&mut self, items: &[Id], name: &str, depth: usize) -> Walked {
        for &[key, value] in items.as_chunks::<2>().0 {
            self.step()?;
            match self.key(key) {
                Some(key) => self.value(value, &joined(name, &key), depth + 1)?,
                None if self.is_plain(value) => {}
                None => self.skip(name, "an entry whose key is no text"),
            }
        }
        Ok(())
    }

    fn key(&self, id: Id) -> Option<String> {
        match self.pickle.node(id) {
            Node::Int(n) => Some(n.to_string()),
            Node::Bool(is) => Some(is.to_string()),
            Node::Float(x) => Some(x.to_string()),
            Node::None => Some("None".to_owned()),
            _ => self.pickle.text(self.bytes, id),
        }
    }

    /// Whether there is nothing in it that has a name.
    fn is_plain(&self, id: Id) -> bool {
        !matches!(self.pickle.node(id), Node::Dict(_) | Node::Tuple(_) | Node::List(_) | Node::Set(_) | Node::Record(_))
    }

    fn list(&mut self, items: &[Id], name: &str, depth: usize) -> Walked {
        let is_network = |&id: &Id| matches!(self.pickle.node(id), Node::Record(record) if self.is_network(record));
        let networks = name.is_empty() && items.len() == 3 && items.iter().all(is_network);
        for (i, &item) in items.iter().enumerate() {
            self.step()?;
            // Numbers in lists are data of their own: losses, milestones.
            if self.is_plain(item) {
                continue;
            }
            let key = if networks { ["G", "D", "Gs"][i].to_owned() } else { i.to_string() };
            self.value(item, &joined(name, &key), depth + 1)?;
        }
        Ok(())
    }

    fn plain(&mut self, name: &str, value: Value) -> Walked {
        if self.found.values.len() >= MOST_VALUES {
            return Ok(());
        }
        self.named(name)?;
        self.found.values.insert(name.to_owned(), value);
        Ok(())
    }

    /// Counts the letters of a name that is kept.
    fn named(&mut self, name: &str) -> Walked {
        self.letters = self.letters.checked_sub(name.len() as u64 + 64).ok_or(WORDY)?;
        Ok(())
    }

    fn skip(&mut self, name: &str, what: &str) {
        if self.found.skipped.len() < MOST_NAMED {
            let name = if name.is_empty() { "the whole" } else { name };
            let name: String = name.chars().take(LONGEST_NAME / 8).collect();
            self.found.skipped.push(format!("{name}: {what}"));
        }
    }

    fn record(&mut self, id: Id, record: &Record, name: &str, depth: usize) -> Walked {
        match self.tensor(id) {
            Some(Ok(place)) => {
                let global = self.pickle.global(record.callee);
                // NumPy's single numbers are values, such as a module's attributes.
                if global.is_some_and(|global| global.name == "scalar") {
                    let number = place.read(self.bytes, true).ok().and_then(|numbers| numbers.first().copied());
                    return number.map_or(Ok(()), |number| self.plain(name, Value::Float(f64::from(number))));
                }
                return self.found_tensor(name, place, record);
            }
            Some(Err(problem)) => {
                self.skip(name, &problem);
                return Ok(());
            }
            None => {}
        }
        if self.is_network(record) {
            let base = if name.is_empty() { String::new() } else { format!("{name}.") };
            return self.network(record, &base, depth);
        }
        let persistent = self.persistent(record);
        let class = match &persistent {
            Some((class, _)) => Some(class.clone()),
            None => self.class(record).map(Global::path),
        };
        if let Some(class) = class.filter(|_| self.found.classes.len() < MOST_VALUES) {
            self.named(name)?;
            self.named(&class)?;
            self.found.classes.insert(name.to_owned(), class);
        }
        if let Some((_, state)) = persistent {
            return self.state(state, name, depth + 1);
        }
        if let Some(state) = record.state {
            self.state(state, name, depth + 1)?;
        }
        self.entries(record.pairs.all(), name, depth)?;
        self.list(record.list.all(), name, depth)?;
        self.arguments(record, name, depth)
    }

    fn found_tensor(&mut self, name: &str, place: Place, record: &Record) -> Walked {
        self.named(name)?;
        self.letters = self.letters.checked_sub(16 * place.shape.len() as u64).ok_or(WORDY)?;
        let of_numpy = self.pickle.global(record.callee).is_some_and(|global| global.module.starts_with("numpy"));
        if self.inside || !of_numpy {
            self.found.tensors.insert(name.to_owned(), place);
        } else {
            self.skip(name, "an array in a packed pickle");
        }
        Ok(())
    }

    /// What a container was to be made from: Python 2 has an OrderedDict's entries there, as a list of pairs.
    fn arguments(&mut self, record: &Record, name: &str, depth: usize) -> Walked {
        let Some(args) = self.pickle.items(record.args) else { return Ok(()) };
        for &arg in args {
            let Some(items) = self.pickle.items(arg) else {
                if let Node::Dict(items) = self.pickle.node(arg) {
                    self.entries(items.all(), name, depth + 1)?;
                }
                continue;
            };
            for &item in items {
                self.step()?;
                match self.pickle.items(item) {
                    Some(&[key, value]) if self.key(key).is_some() => self.entries(&[key, value], name, depth + 1)?,
                    _ if self.is_plain(item) => {}
                    _ => self.value(item, name, depth + 1)?,
                }
            }
        }
        Ok(())
    }

    /// An object's attributes; a module's parameters, buffers and modules stand beside them.
    fn state(&mut self, state: Id, name: &str, depth: usize) -> Walked {
        self.step()?;
        if depth > DEEPEST {
            self.skip(name, "what is nested deeper than 64 levels");
            return Ok(());
        }
        let Some(entries) = self.pickle.entries(state) else {
            // Attributes in slots follow the others.
            let parts = self.pickle.items(state).unwrap_or_default();
            for &part in parts {
                if matches!(self.pickle.node(part), Node::Dict(_)) {
                    self.state(part, name, depth + 1)?;
                }
            }
            return Ok(());
        };
        for (key, value) in entries {
            self.step()?;
            let Some(key) = self.key(key) else { continue };
            match key.as_str() {
                "_parameters" | "_buffers" | "_modules" => self.members(value, name, depth)?,
                _ if key.ends_with("_hooks") || key == "_non_persistent_buffers_set" => {}
                _ => self.value(value, &joined(name, &key), depth)?,
            }
        }
        Ok(())
    }

    /// A dict's entries, or those of an OrderedDict.
    fn members(&mut self, id: Id, name: &str, depth: usize) -> Walked {
        match self.pickle.node(id) {
            Node::Dict(items) => self.entries(items.all(), name, depth),
            Node::Record(record) => {
                self.entries(record.pairs.all(), name, depth)?;
                self.arguments(record, name, depth)
            }
            _ => Ok(()),
        }
    }

    /// One of NVIDIA's TensorFlow networks: a list of names and arrays, and networks of its own.
    fn network(&mut self, record: &Record, base: &str, depth: usize) -> Walked {
        self.step()?;
        if depth > DEEPEST {
            return Ok(());
        }
        let Some(state) = record.state else { return Ok(()) };
        let entry = |key| self.pickle.entry(self.bytes, state, key);
        let (variables, components, settings) = (entry("variables"), entry("components"), entry("static_kwargs"));
        for key in ["version", "name", "build_func_name"] {
            if let Some(value) = entry(key) {
                self.value(value, &format!("{base}{key}"), depth + 1)?;
            }
        }
        if let Some(settings) = settings {
            self.members(settings, &format!("{base}static_kwargs"), depth + 1)?;
        }
        for &variable in variables.and_then(|id| self.pickle.items(id)).unwrap_or_default() {
            self.step()?;
            let Some(&[key, value]) = self.pickle.items(variable) else { continue };
            let Some(key) = self.key(key) else { continue };
            let name = format!("{base}{key}");
            match (self.tensor(value), self.pickle.node(value)) {
                (Some(Ok(place)), Node::Record(record)) => self.found_tensor(&name, place, record)?,
                _ => self.value(value, &name, depth + 1)?,
            }
        }
        let parts = match components.map(|id| self.pickle.node(id)) {
            Some(Node::Dict(items)) => items.all(),
            Some(Node::Record(record)) => record.pairs.all(),
            _ => &[],
        };
        for &[key, part] in parts.as_chunks::<2>().0 {
            if let (Some(key), Node::Record(part)) = (self.key(key), self.pickle.node(part)) {
                self.network(part, &format!("{base}{key}/"), depth + 1)?;
            }
        }
        Ok(())
    }

    fn is_network(&self, record: &Record) -> bool {
        let of_nvidia = |global: &Global| {
            global.name == "Network" && (global.module.ends_with("tfutil") || global.module.contains("tflib"))
        };
        self.pickle.global(record.callee).is_some_and(of_nvidia)
    }

    /// The class and the attributes of an object that carries its source, as NVIDIA's pickles do.
    fn persistent(&self, record: &Record) -> Option<(String, Id)> {
        let global = self.pickle.global(record.callee)?;
        if global.name != "_reconstruct_persistent_obj" {
            return None;
        }
        let &[about] = self.pickle.items(record.args)? else { return None };
        let class = self.pickle.entry(self.bytes, about, "class_name")?;
        let state = self.pickle.entry(self.bytes, about, "state")?;
        Some((self.pickle.text(self.bytes, class)?, state))
    }

    /// What an object was to be made by.
    fn class(&self, record: &Record) -> Option<&Global> {
        let global = match self.pickle.node(record.callee) {
            // Old PyTorch kept the classes of modules beside the pickle: ('module', class, file, source).
            Node::Persistent(id) => self.pickle.global(*self.pickle.items(*id)?.get(1)?),
            _ => self.pickle.global(record.callee),
        }?;
        match (global.module.as_str(), global.name.as_str()) {
            ("copyreg" | "copy_reg", "_reconstructor" | "__newobj__") => {
                self.pickle.global(*self.pickle.items(record.args)?.first()?)
            }
            _ => Some(global),
        }
    }

    /// A tensor or an array; None for what is neither, and a reason where it cannot be read.
    fn tensor(&mut self, id: Id) -> Option<Result<Place, String>> {
        let Node::Record(record) = self.pickle.node(id) else { return None };
        let global = self.pickle.global(record.callee)?;
        let args = self.pickle.items(record.args).unwrap_or_default();
        let of_numpy = ["numpy.core.", "numpy._core."].iter().any(|room| global.module.starts_with(room));
        let found = match (global.module.as_str(), global.name.as_str()) {
            ("torch._utils", "_rebuild_tensor_v2" | "_rebuild_tensor") => self.view(args, None),
            ("torch._utils", "_rebuild_tensor_v3") => {
                let kind = args.get(6).and_then(|&kind| self.pickle.global(kind));
                let Some(element) = kind.and_then(|kind| Element::of_torch(&kind.name)) else {
                    return Some(Err("a tensor of a type that is not known".into()));
                };
                self.view(args, Some(element))
            }
            ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
                return self.tensor(*args.first()?);
            }
            // A tensor with attributes: function, type, arguments, attributes.
            ("torch._tensor", "_rebuild_from_type_v2") => match args {
                &[function, _, args, _] => {
                    let wrapped = self.pickle.global(function).is_some_and(|global| global.module == "torch._utils");
                    let args = self.pickle.items(args).unwrap_or_default();
                    if wrapped { self.view(args, None) } else { None }
                }
                _ => None,
            },
            ("torch._utils", name) if name.starts_with("_rebuild") => {
                return Some(Err(format!("a tensor by torch._utils.{name}, whose numbers are not laid out plainly")));
            }
            (_, "_reconstruct") if of_numpy => self.array(record.state?),
            (_, "_frombuffer") if of_numpy => self.buffer(args),
            (_, "scalar") if of_numpy => match args {
                &[kind, data] => {
                    self.dtype(kind).zip(self.data(data)).map(|(kind, data)| Place::plain(kind, Vec::new(), data))
                }
                _ => None,
            },
            _ => return None,
        };
        Some(found.ok_or_else(|| format!("the result of {}, whose arguments are not understood", global.path())))
    }

    /// A PyTorch tensor: storage, offset, shape, strides.
    fn view(&mut self, args: &[Id], element: Option<Element>) -> Option<Place> {
        let &[storage, offset, shape, strides, ..] = args else { return None };
        let (stored, data) = self.storage(storage)?;
        let shape: Vec<usize> =
            self.sizes(shape)?.iter().map(|&n| usize::try_from(n)).collect::<Result<_, _>>().ok()?;
        let strides = self.sizes(strides)?;
        let offset = self.pickle.size(offset)?;
        (shape.len() == strides.len()).then(|| Place {
            element: element.unwrap_or(stored),
            shape,
            strides,
            offset,
            data,
        })
    }

    /// A storage's type, and its bytes where the file has them.
    fn storage(&mut self, id: Id) -> Option<(Element, Option<Data>)> {
        if let Node::Persistent(about) = self.pickle.node(id) {
            let (element, key, shift) = stored(self.pickle, self.bytes, *about)?;
            let data = self.storages.get(&key).copied();
            let shifted = |data| match data {
                Data::Raw(Span { start, len }) => {
                    let by = shift.checked_mul(element.size()).filter(|&by| by <= len)?;
                    Some(Data::Raw(Span { start: start + by, len: len - by }))
                }
                other => Some(other).filter(|_| shift == 0),
            };
            return Some((element, data.and_then(shifted)));
        }
        if let Some(known) = self.inner.get(&id) {
            return known.map(|(element, data)| (element, Some(data)));
        }
        let found = self.inner_storage(id);
        self.inner.insert(id, found);
        found.map(|(element, data)| (element, Some(data)))
    }

    /// A storage that stands in the pickle as bytes: what `torch.save` writes of it alone.
    fn inner_storage(&self, id: Id) -> Option<(Element, Data)> {
        let Node::Record(record) = self.pickle.node(id) else { return None };
        let global = self.pickle.global(record.callee)?;
        if !self.inside || (global.module.as_str(), global.name.as_str()) != ("torch.storage", "_load_from_bytes") {
            return None;
        }
        let &[content] = self.pickle.items(record.args)? else { return None };
        let Some(Data::Raw(span)) = self.data(content) else { return None };
        let file = legacy::open(self.bytes, span).ok()?;
        let Node::Persistent(about) = *file.pickle.node(file.pickle.root) else { return None };
        let (element, key, _) = stored(&file.pickle, self.bytes, about)?;
        Some((element, *file.storages.get(&key)?))
    }

    fn sizes(&self, id: Id) -> Option<Vec<u64>> {
        const MOST_AXES: usize = 32;
        let items = match self.pickle.node(id) {
            // torch.Size(...)
            Node::Record(record) => self.pickle.items(*self.pickle.items(record.args)?.first()?)?,
            _ => self.pickle.items(id)?,
        };
        if items.len() > MOST_AXES {
            return None;
        }
        items.iter().map(|&n| self.pickle.size(n)).collect()
    }

    /// An array's state: version, shape, type, whether the first axis is the fastest, bytes.
    fn array(&self, state: Id) -> Option<Place> {
        let &[_, shape, kind, fortran, data] = self.pickle.items(state)? else { return None };
        let fortran = *self.pickle.node(fortran) == Node::Bool(true);
        self.laid_out(shape, kind, data, fortran)
    }

    /// The same as the fifth protocol has it: bytes, type, shape, order.
    fn buffer(&self, args: &[Id]) -> Option<Place> {
        let &[data, kind, shape, order] = args else { return None };
        let fortran = self.pickle.text(self.bytes, order).as_deref() == Some("F");
        self.laid_out(shape, kind, data, fortran)
    }

    fn laid_out(&self, shape: Id, kind: Id, data: Id, fortran: bool) -> Option<Place> {
        let shape: Vec<usize> =
            self.sizes(shape)?.iter().map(|&n| usize::try_from(n)).collect::<Result<_, _>>().ok()?;
        let mut place = Place::plain(self.dtype(kind)?, shape, self.data(data)?);
        if fortran {
            let mut stride = 1_u64;
            for (axis, &extent) in place.shape.iter().enumerate() {
                place.strides[axis] = stride;
                stride = stride.saturating_mul(extent as u64);
            }
        }
        Some(place)
    }

    /// A NumPy type; its state has the order of bytes.
    fn dtype(&self, id: Id) -> Option<Element> {
        let Node::Record(record) = self.pickle.node(id) else { return None };
        let global = self.pickle.global(record.callee)?;
        if (global.module.as_str(), global.name.as_str()) != ("numpy", "dtype") {
            return None;
        }
        let letters = self.pickle.text(self.bytes, *self.pickle.items(record.args)?.first()?)?;
        let order = record.state.and_then(|state| self.pickle.text(self.bytes, *self.pickle.items(state)?.get(1)?));
        if order.as_deref() == Some(">") {
            return None;
        }
        Element::of_numpy(&letters)
    }

    /// Bytes, in one of the ways in which they are spelt.
    fn data(&self, id: Id) -> Option<Data> {
        match self.pickle.node(id) {
            Node::Bytes(_) | Node::Text(_) => self.pickle.span(id).map(Data::Raw),
            Node::Record(record) => {
                let global = self.pickle.global(record.callee)?;
                let &[text, ..] = self.pickle.items(record.args)? else { return None };
                match (global.module.as_str(), global.name.as_str()) {
                    ("_codecs", "encode") => self.pickle.span(text).map(Data::Latin1),
                    ("builtins" | "__builtin__", "bytearray") => self.pickle.span(text).map(Data::Raw),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Lists what the pickle asks for that is not known here.
    fn calls(&mut self) {
        let used: HashSet<Id> = self.pickle.nodes().iter().filter_map(called).collect();
        let globals = self.pickle.nodes().iter().enumerate();
        for (id, node) in globals {
            let Node::Global(at) = node else { continue };
            let global = &self.pickle.globals[*at as usize];
            let path = global.path();
            if is_dangerous(global) {
                self.found.dangers.push(path);
            } else if used.contains(&(id as Id)) && !is_usual(global) && self.found.unknown.len() < MOST_NAMED {
                self.found.unknown.push(path);
            }
        }
    }
}

fn called(node: &Node) -> Option<Id> {
    match node {
        Node::Record(record) => Some(record.callee),
        _ => None,
    }
}

/// A storage beside the pickle: its type, its key, and from which number on it is meant.
pub(super) fn stored(pickle: &Pickle, bytes: &Bytes, about: Id) -> Option<(Element, String, u64)> {
    let items = pickle.items(about)?;
    let &[kind, class, key, _, _, ..] = items else { return None };
    if pickle.text(bytes, kind)? != "storage" {
        return None;
    }
    let element = Element::of_storage(&pickle.global(class)?.name)?;
    let key = pickle.text(bytes, key).or_else(|| pickle.size(key).map(|n| n.to_string()))?;
    // Old files have views of storages: key, offset, length.
    let view = items.get(5).and_then(|&view| pickle.items(view));
    let shift = match view {
        Some(&[_, offset, _]) => pickle.size(offset)?,
        _ => 0,
    };
    Some((element, key, shift))
}

fn joined(name: &str, key: &str) -> String {
    if name.is_empty() { key.to_owned() } else { format!("{name}.{key}") }
}
