//! Bytes that stay in their file until they are asked for.

use std::borrow::Cow;
use std::io::{self, Read, Seek, SeekFrom};

use fs_err as fs;
use fs_err::os::unix::fs::FileExt as _;

/// Bytes at any place of a file, or in memory.
#[derive(Debug)]
pub(super) enum Bytes {
    /// In a file of this length.
    File(fs::File, u64),
    /// In memory.
    Memory(Cow<'static, [u8]>),
}

/// A part of [`Bytes`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    /// Its first byte.
    pub(super) start: u64,
    /// How many there are.
    pub(super) len: u64,
}

impl Span {
    /// The first byte after it.
    pub(super) const fn end(self) -> u64 {
        self.start.saturating_add(self.len)
    }
}

impl Bytes {
    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::File(_, len) => *len,
            Self::Memory(bytes) => bytes.len() as u64,
        }
    }

    /// All of them.
    pub(super) fn whole(&self) -> Span {
        Span { start: 0, len: self.len() }
    }

    /// Fills `into` with the bytes from `at` on.
    pub(super) fn fill(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        match self {
            Self::File(file, _) => file.read_exact_at(into, at),
            Self::Memory(bytes) => {
                let from = usize::try_from(at).ok().and_then(|at| bytes.get(at..)?.get(..into.len()));
                into.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
        }
    }

    /// The bytes of a part; what lies beyond the end is an error before memory is taken.
    pub(super) fn read(&self, span: Span) -> io::Result<Vec<u8>> {
        if span.end() > self.len() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut bytes = vec![0; span.len as usize];
        self.fill(span.start, &mut bytes)?;
        Ok(bytes)
    }

    /// The first bytes of a part, `most` of them or as many as there are.
    pub(super) fn head(&self, span: Span, most: u64) -> io::Result<Vec<u8>> {
        let len = most.min(span.len).min(self.len().saturating_sub(span.start));
        self.read(Span { start: span.start, len })
    }

    /// A part as a stream.
    pub(super) fn stream(&self, span: Span) -> Stream<'_> {
        let len = span.len.min(self.len().saturating_sub(span.start));
        Stream { bytes: self, span: Span { start: span.start, len }, at: 0 }
    }
}

/// A part of [`Bytes`] from one end to the other; its first byte has the place 0.
pub(super) struct Stream<'a> {
    bytes: &'a Bytes,
    span: Span,
    at: u64,
}

impl Read for Stream<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.span.len.saturating_sub(self.at).min(buffer.len() as u64) as usize;
        self.bytes.fill(self.span.start + self.at, &mut buffer[..len])?;
        self.at += len as u64;
        Ok(len)
    }
}

impl Seek for Stream<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.span.len.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_ends_where_it_ends() {
        let bytes = Bytes::Memory(Cow::Borrowed(b"0123456789"));
        assert_eq!(bytes.read(Span { start: 2, len: 3 }).unwrap(), b"234");
        for beyond in [Span { start: 8, len: 3 }, Span { start: u64::MAX, len: 2 }, Span { start: 0, len: u64::MAX }] {
            assert!(bytes.read(beyond).is_err());
        }
        assert_eq!(bytes.head(Span { start: 7, len: 100 }, 50).unwrap(), b"789");
        let mut stream = bytes.stream(Span { start: 4, len: 3 });
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert_eq!(text, "456");
        stream.seek(SeekFrom::End(-1)).unwrap();
        text.clear();
        stream.read_to_string(&mut text).unwrap();
        assert_eq!(text, "6");
    }
}
