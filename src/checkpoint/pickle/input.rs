//! The bytes of a pickle, one after another; what is long is passed over.

use super::super::bytes::{Bytes, Span};
use super::PickleError;

/// How much of the file is in memory at a time.
const WINDOW: usize = 32 * 1024;

/// The longest name of a module or a class.
const LONGEST_LINE: usize = 1024;

pub(super) struct Input<'a> {
    bytes: &'a Bytes,
    /// The next byte's place in the file.
    at: u64,
    end: u64,
    window: Vec<u8>,
    /// The place of the window's first byte.
    start: u64,
}

impl<'a> Input<'a> {
    pub(super) fn new(bytes: &'a Bytes, span: Span) -> Self {
        let end = span.end().min(bytes.len());
        Self { bytes, at: span.start, end, window: Vec::new(), start: span.start }
    }

    /// The file.
    pub(super) fn bytes(&self) -> &'a Bytes {
        self.bytes
    }

    /// Where the next byte is.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    fn cut(&self) -> PickleError {
        PickleError::Cut { at: self.end }
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Result<u8, PickleError> {
        if self.at >= self.end {
            return Err(self.cut());
        }
        let inside = (self.at - self.start) as usize;
        let byte = if let Some(&byte) = self.window.get(inside) {
            byte
        } else {
            let len = (self.end - self.at).min(WINDOW as u64) as usize;
            self.window.resize(len, 0);
            self.start = self.at;
            self.bytes.fill(self.at, &mut self.window)?;
            self.window[0]
        };
        self.at += 1;
        Ok(byte)
    }

    /// The next `N` bytes.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        let mut bytes = [0; N];
        for byte in &mut bytes {
            *byte = self.byte()?;
        }
        Ok(bytes)
    }

    /// Passes over `len` bytes and says where they are.
    pub(super) fn span(&mut self, len: u64) -> Result<Span, PickleError> {
        if len > self.end - self.at {
            return Err(self.cut());
        }
        let span = Span { start: self.at, len };
        self.at += len;
        Ok(span)
    }

    /// A line without its end.
    pub(super) fn line(&mut self) -> Result<String, PickleError> {
        let at = self.at;
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                b'\n' => break,
                _ if line.len() >= LONGEST_LINE => {
                    return Err(PickleError::Unsound { at, reason: "a name of more than 1024 bytes" });
                }
                byte => line.push(byte),
            }
        }
        String::from_utf8(line).map_err(|_| PickleError::Unsound { at, reason: "a name that is not UTF-8" })
    }
}
