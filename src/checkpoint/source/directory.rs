//! A zip file's list of contents, which stands at its end: names, and where each entry's bytes are.

use std::io;

use super::super::bytes::{Bytes, Span};
use super::place::Data;

/// The list's end has 22 bytes, and a comment of 65 535 at most.
const END: usize = 22;
const LONGEST_COMMENT: u64 = 65_535;
/// PyTorch's files have an entry for each tensor; a list of more is none of weights.
const MOST: u64 = 1 << 20;

/// An entry.
pub(super) struct Entry {
    pub(super) name: String,
    /// How many bytes it unpacks to.
    pub(super) size: u64,
    /// Where they are; None where they are encrypted or packed in a way that is not read.
    pub(super) data: Option<Data>,
}

/// Why a zip file cannot be opened.
pub(super) enum Problem {
    /// It has no list of contents.
    NoEnd,
    /// It is not as zip files are.
    Damaged(&'static str),
}

impl From<io::Error> for Problem {
    fn from(_: io::Error) -> Self {
        Self::Damaged("it leads out of the file")
    }
}

/// All entries.
pub(super) fn entries(bytes: &Bytes) -> Result<Vec<Entry>, Problem> {
    let tail_len = bytes.len().min(LONGEST_COMMENT + END as u64);
    let tail_start = bytes.len() - tail_len;
    let tail = bytes.read(Span { start: tail_start, len: tail_len })?;
    let is_end = |&at: &usize| {
        tail[at..].starts_with(b"PK\x05\x06") && at + END + usize::from(short(&tail, at + 20)) == tail.len()
    };
    let at = (0..=tail.len().saturating_sub(END)).rev().filter(|at| at + END <= tail.len()).find(is_end);
    let at = at.ok_or(Problem::NoEnd)?;
    let small = (u64::from(short(&tail, at + 10)), u64::from(int(&tail, at + 12)), u64::from(int(&tail, at + 16)));
    let (count, len, start) = match large(bytes, tail_start + at as u64)? {
        Some(large) => large,
        None => small,
    };
    if count > MOST {
        return Err(Problem::Damaged("its list of contents is too long"));
    }
    let list = bytes.read(Span { start, len })?;
    let mut found = Vec::new();
    let mut rest = &list[..];
    for _ in 0..count {
        let (entry, len) = entry(bytes, rest)?;
        found.push(entry);
        rest = rest.get(len..).unwrap_or_default();
    }
    Ok(found)
}

/// Number of entries, length and place of the list where the file has them in 64 bits: PyTorch's always do.
fn large(bytes: &Bytes, end: u64) -> Result<Option<(u64, u64, u64)>, Problem> {
    let Some(locator) = end.checked_sub(20) else { return Ok(None) };
    let locator = bytes.read(Span { start: locator, len: 20 })?;
    if !locator.starts_with(b"PK\x06\x07") {
        return Ok(None);
    }
    let record = bytes.read(Span { start: long(&locator, 8), len: 56 })?;
    if !record.starts_with(b"PK\x06\x06") {
        return Err(Problem::Damaged("its list of contents is not where it should be"));
    }
    Ok(Some((long(&record, 32), long(&record, 40), long(&record, 48))))
}

/// The entry that the list goes on with, and how many bytes of the list it takes.
fn entry(bytes: &Bytes, list: &[u8]) -> Result<(Entry, usize), Problem> {
    const HEADER: usize = 46;
    if list.len() < HEADER || !list.starts_with(b"PK\x01\x02") {
        return Err(Problem::Damaged("its list of contents is damaged"));
    }
    let [flags, method] = [8, 10].map(|at| short(list, at));
    let [name_len, extra_len, comment_len] = [28, 30, 32].map(|at| usize::from(short(list, at)));
    let [mut packed, mut size, mut start] = [20, 24, 42].map(|at| u64::from(int(list, at)));
    let whole = HEADER + name_len + extra_len + comment_len;
    let rest = list.get(HEADER..whole).ok_or(Problem::Damaged("its list of contents ends in an entry"))?;
    let name = String::from_utf8_lossy(&rest[..name_len]).into_owned();
    let mut extra = &rest[name_len..name_len + extra_len];
    while let [a, b, c, d, fields @ ..] = extra {
        let (kind, len) = (u16::from_le_bytes([*a, *b]), usize::from(u16::from_le_bytes([*c, *d])));
        let (field, more) = fields.split_at(len.min(fields.len()));
        if kind == 1 {
            // What does not fit into 32 bits, in this order.
            let mut longs = field.as_chunks::<8>().0.iter().map(|&bytes| u64::from_le_bytes(bytes));
            for value in [&mut size, &mut packed, &mut start] {
                if *value == u64::from(u32::MAX) {
                    *value = longs.next().ok_or(Problem::Damaged("an entry's size is missing"))?;
                }
            }
        }
        extra = more;
    }
    let local = bytes.read(Span { start, len: 30 })?;
    if !local.starts_with(b"PK\x03\x04") {
        return Err(Problem::Damaged("an entry is not where it should be"));
    }
    let head = 30 + u64::from(short(&local, 26)) + u64::from(short(&local, 28));
    let span = Span { start: start.saturating_add(head), len: packed };
    if span.end() > bytes.len() {
        return Err(Problem::Damaged("an entry leads out of the file"));
    }
    let data = match (flags & 1, method) {
        (0, 0) => Some(Data::Raw(span)),
        (0, 8) => Some(Data::Deflated(span, size)),
        _ => None,
    };
    Ok((Entry { name, size, data }, whole))
}

fn short(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |two| u16::from_le_bytes([two[0], two[1]]))
}

fn int(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |&four| u32::from_le_bytes(four))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |&eight| u64::from_le_bytes(eight))
}
