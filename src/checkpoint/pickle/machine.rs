//! The machine: a stack, marks on it, a memo, and what each opcode does to them.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::input::Input;
use super::{Global, Id, Items, MOST_VALUES, Node, Pickle, PickleError, Record};

pub(super) struct Machine<'a> {
    input: Input<'a>,
    pickle: Pickle,
    stack: Vec<Id>,
    /// How high the stack was at each mark.
    marks: Vec<usize>,
    memo: Vec<Id>,
    /// Memo entries whose numbers do not follow each other, which no Python writes.
    odd_memo: HashMap<u32, Id>,
    globals: HashMap<Global, Id>,
    small: HashMap<u8, Id>,
    /// Where the present opcode is.
    at: u64,
}

/// The most functions and classes: they are kept with their names, which are longer than other values.
const MOST_GLOBALS: usize = 1 << 14;

/// Values that a pickle has once, however often it puts them on the stack.
const NONE: Id = 0;
const FALSE: Id = 1;
const TRUE: Id = 2;
const NOTHING: Id = 3;

impl<'a> Machine<'a> {
    pub(super) fn new(input: Input<'a>) -> Self {
        let nodes = vec![Node::None, Node::Bool(false), Node::Bool(true), Node::Tuple(Items::default())];
        Self {
            at: input.at(),
            input,
            pickle: Pickle { nodes, spans: Vec::new(), globals: Vec::new(), root: NONE, end: 0 },
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Vec::new(),
            odd_memo: HashMap::new(),
            globals: HashMap::new(),
            small: HashMap::new(),
        }
    }

    pub(super) fn run(mut self) -> Result<Pickle, PickleError> {
        loop {
            self.at = self.input.at();
            let opcode = self.input.byte()?;
            if opcode == b'.' {
                self.pickle.root = self.pop()?;
                self.pickle.end = self.input.at();
                return Ok(self.pickle);
            }
            if !(self.simple(opcode)? || self.container(opcode)? || self.object(opcode)?) {
                return Err(PickleError::Opcode { at: self.at, name: name(opcode) });
            }
            if self.stack.len() > MOST_VALUES || self.marks.len() > MOST_VALUES {
                return Err(PickleError::Large);
            }
        }
    }

    /// Numbers, texts, bytes, and what moves values about.
    fn simple(&mut self, opcode: u8) -> Result<bool, PickleError> {
        match opcode {
            // PROTO, FRAME: nothing follows from them.
            0x80 => drop(self.input.byte()?),
            0x95 => drop(self.input.array::<8>()?),
            b'N' => self.stack.push(NONE),
            0x88 => self.stack.push(TRUE),
            0x89 => self.stack.push(FALSE),
            b'K' => {
                let byte = self.input.byte()?;
                let id = if let Some(&id) = self.small.get(&byte) {
                    id
                } else {
                    let id = self.new_node(Node::Int(i64::from(byte)))?;
                    *self.small.entry(byte).or_insert(id)
                };
                self.stack.push(id);
            }
            b'M' => {
                let n = u16::from_le_bytes(self.input.array()?);
                self.push(Node::Int(i64::from(n)))?;
            }
            b'J' => {
                let n = i32::from_le_bytes(self.input.array()?);
                self.push(Node::Int(i64::from(n)))?;
            }
            b'G' => {
                let x = f64::from_be_bytes(self.input.array()?);
                self.push(Node::Float(x))?;
            }
            0x8a => {
                let len = u64::from(self.input.byte()?);
                self.long(len)?;
            }
            0x8b => {
                let len = self.length4()?;
                self.long(len)?;
            }
            // Texts and bytes by the size of their length: one byte, four, eight. Python 2's strings are both.
            b'U' | 0x8c | b'C' => {
                let len = u64::from(self.input.byte()?);
                self.content(opcode == b'C', len)?;
            }
            b'T' | b'X' | b'B' => {
                let len = self.length4()?;
                self.content(opcode == b'B', len)?;
            }
            0x8d | 0x8e | 0x96 => {
                let len = u64::from_le_bytes(self.input.array()?);
                self.content(opcode != 0x8d, len)?;
            }
            b'0' => drop(self.pop()?),
            b'1' => drop(self.since_mark()?),
            b'2' => {
                let id = self.top()?;
                self.stack.push(id);
            }
            0x94 => {
                let id = self.top()?;
                self.remember(self.memo.len() as u32, id)?;
            }
            b'q' | b'r' => {
                let number = self.memo_number(opcode == b'q')?;
                let id = self.top()?;
                self.remember(number, id)?;
            }
            b'h' | b'j' => {
                let number = self.memo_number(opcode == b'h')?;
                let known = self.memo.get(number as usize).or_else(|| self.odd_memo.get(&number)).copied();
                let id = known.ok_or_else(|| self.unsound("it asks for a value that it did not keep"))?;
                self.stack.push(id);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Containers and what is put into them.
    fn container(&mut self, opcode: u8) -> Result<bool, PickleError> {
        match opcode {
            b'(' => self.marks.push(self.stack.len()),
            b')' => self.stack.push(NOTHING),
            b']' => self.push(Node::List(Items::default()))?,
            b'}' => self.push(Node::Dict(Items::default()))?,
            0x8f => self.push(Node::Set(Items::default()))?,
            0x85..=0x87 => {
                let from = self.below(usize::from(opcode - 0x84))?;
                let items = Items::of(&self.stack[from..]);
                self.stack.truncate(from);
                self.push(Node::Tuple(items))?;
            }
            b't' | b'l' | b'd' | 0x91 => {
                let items = Items::of(&self.since_mark()?);
                if opcode == b'd' && !items.all().len().is_multiple_of(2) {
                    return Err(self.unsound("a key without a value"));
                }
                self.push(match opcode {
                    b't' => Node::Tuple(items),
                    b'l' => Node::List(items),
                    b'd' => Node::Dict(items),
                    _ => Node::Set(items),
                })?;
            }
            b's' => {
                let from = self.below(2)?;
                let pair = self.stack.split_off(from);
                self.put(&pair, true)?;
            }
            b'u' => {
                let pairs = self.since_mark()?;
                self.put(&pairs, true)?;
            }
            b'a' => {
                let item = self.pop()?;
                self.put(&[item], false)?;
            }
            b'e' | 0x90 => {
                let items = self.since_mark()?;
                self.put(&items, false)?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Functions, classes, calls, objects.
    fn object(&mut self, opcode: u8) -> Result<bool, PickleError> {
        match opcode {
            b'c' => {
                let (module, name) = (self.input.line()?, self.input.line()?);
                self.global(Global { module, name })?;
            }
            0x93 => {
                let [module, name] = self.pops()?;
                let text = |id| self.pickle.text(self.input.bytes(), id);
                let (Some(module), Some(name)) = (text(module), text(name)) else {
                    return Err(self.unsound("a class whose name is no text"));
                };
                self.global(Global { module, name })?;
            }
            b'R' | 0x81 => {
                let [callee, args] = self.pops()?;
                self.record(callee, args)?;
            }
            0x92 => {
                let [callee, args, named] = self.pops()?;
                let args = self.new_node(Node::Tuple(Items::of(&[args, named])))?;
                self.record(callee, args)?;
            }
            b'o' => {
                let all = self.since_mark()?;
                let (&callee, args) = all.split_first().ok_or_else(|| self.unsound("an object without a class"))?;
                let args = self.new_node(Node::Tuple(Items::of(args)))?;
                self.record(callee, args)?;
            }
            b'i' => {
                let (module, name) = (self.input.line()?, self.input.line()?);
                let args = self.since_mark()?;
                let args = self.new_node(Node::Tuple(Items::of(&args)))?;
                self.global(Global { module, name })?;
                let callee = self.pop()?;
                self.record(callee, args)?;
            }
            b'b' => {
                let state = self.pop()?;
                let object = self.top()? as usize;
                match &mut self.pickle.nodes[object] {
                    Node::Record(record) => record.state = Some(state),
                    _ => return Err(self.unsound("a state for what is no object")),
                }
            }
            b'Q' => {
                let id = self.pop()?;
                self.push(Node::Persistent(id))?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn unsound(&self, reason: &'static str) -> PickleError {
        PickleError::Unsound { at: self.at, reason }
    }

    fn new_node(&mut self, node: Node) -> Result<Id, PickleError> {
        if self.pickle.nodes.len() >= MOST_VALUES {
            return Err(PickleError::Large);
        }
        self.pickle.nodes.push(node);
        Ok((self.pickle.nodes.len() - 1) as Id)
    }

    fn push(&mut self, node: Node) -> Result<(), PickleError> {
        let id = self.new_node(node)?;
        self.stack.push(id);
        Ok(())
    }

    /// Where the topmost `n` values begin, which must all be above the last mark.
    fn below(&self, n: usize) -> Result<usize, PickleError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        let from = self.stack.len().checked_sub(n).filter(|&from| from >= floor);
        from.ok_or_else(|| self.unsound("it takes a value where there is none"))
    }

    fn top(&self) -> Result<Id, PickleError> {
        Ok(self.stack[self.below(1)?])
    }

    fn pop(&mut self) -> Result<Id, PickleError> {
        let [id] = self.pops()?;
        Ok(id)
    }

    fn pops<const N: usize>(&mut self) -> Result<[Id; N], PickleError> {
        let from = self.below(N)?;
        let mut ids = [NONE; N];
        ids.copy_from_slice(&self.stack[from..]);
        self.stack.truncate(from);
        Ok(ids)
    }

    fn since_mark(&mut self) -> Result<Vec<Id>, PickleError> {
        let from = self.marks.pop().ok_or_else(|| self.unsound("it goes back to a mark where there is none"))?;
        Ok(self.stack.split_off(from))
    }

    /// Puts values into the container on top.
    fn put(&mut self, ids: &[Id], pairs: bool) -> Result<(), PickleError> {
        if pairs && !ids.len().is_multiple_of(2) {
            return Err(self.unsound("a key without a value"));
        }
        let into = self.top()? as usize;
        match (&mut self.pickle.nodes[into], pairs) {
            (Node::Dict(items), true) | (Node::List(items) | Node::Set(items), false) => items.extend(ids),
            (Node::Record(record), true) => record.pairs.extend(ids),
            (Node::Record(record), false) => record.list.extend(ids),
            _ => return Err(self.unsound("values for what holds none")),
        }
        Ok(())
    }

    fn record(&mut self, callee: Id, args: Id) -> Result<(), PickleError> {
        if !matches!(self.pickle.nodes[callee as usize], Node::Global(_) | Node::Record(_) | Node::Persistent(_)) {
            return Err(self.unsound("a call of what is no function"));
        }
        let (pairs, list) = (Items::default(), Items::default());
        self.push(Node::Record(Box::new(Record { callee, args, state: None, pairs, list })))
    }

    fn global(&mut self, global: Global) -> Result<(), PickleError> {
        let id = if let Some(&id) = self.globals.get(&global) {
            id
        } else {
            if self.globals.len() >= MOST_GLOBALS {
                return Err(PickleError::Large);
            }
            let id = self.new_node(Node::Global(self.pickle.globals.len() as u32))?;
            self.pickle.globals.push(global.clone());
            *self.globals.entry(global).or_insert(id)
        };
        self.stack.push(id);
        Ok(())
    }

    fn length4(&mut self) -> Result<u64, PickleError> {
        Ok(u64::from(u32::from_le_bytes(self.input.array()?)))
    }

    fn content(&mut self, is_bytes: bool, len: u64) -> Result<(), PickleError> {
        let span = self.input.span(len)?;
        let at = self.pickle.spans.len() as u32;
        self.push(if is_bytes { Node::Bytes(at) } else { Node::Text(at) })?;
        self.pickle.spans.push(span);
        Ok(())
    }

    /// A whole number of `len` bytes in two's complement, the lowest first.
    fn long(&mut self, len: u64) -> Result<(), PickleError> {
        if len > 8 {
            let span = self.input.span(len)?;
            self.push(Node::Big(self.pickle.spans.len() as u32))?;
            self.pickle.spans.push(span);
            return Ok(());
        }
        let mut bytes = [0; 8];
        for byte in &mut bytes[..len as usize] {
            *byte = self.input.byte()?;
        }
        let unused = 64 - 8 * len as u32;
        let n = i64::from_le_bytes(bytes).checked_shl(unused).map_or(0, |n| n >> unused);
        self.push(Node::Int(n))
    }

    fn memo_number(&mut self, short: bool) -> Result<u32, PickleError> {
        Ok(if short { u32::from(self.input.byte()?) } else { u32::from_le_bytes(self.input.array()?) })
    }

    fn remember(&mut self, number: u32, id: Id) -> Result<(), PickleError> {
        let at = number as usize;
        if self.memo.len() + self.odd_memo.len() >= MOST_VALUES {
            return Err(PickleError::Large);
        }
        match at.cmp(&self.memo.len()) {
            Ordering::Less => self.memo[at] = id,
            Ordering::Equal => self.memo.push(id),
            Ordering::Greater => drop(self.odd_memo.insert(number, id)),
        }
        Ok(())
    }
}

/// What Python calls an opcode.
fn name(opcode: u8) -> String {
    let name = match opcode {
        b'I' => "INT",
        b'L' => "LONG",
        b'F' => "FLOAT",
        b'S' => "STRING",
        b'V' => "UNICODE",
        b'p' => "PUT",
        b'g' => "GET",
        b'P' => "PERSID",
        0x82 => "EXT1",
        0x83 => "EXT2",
        0x84 => "EXT4",
        0x97 => "NEXT_BUFFER",
        0x98 => "READONLY_BUFFER",
        _ => return format!("{opcode:#04x}"),
    };
    name.to_owned()
}
