//! The encodings of text files: UTF-8, UTF-16 in both orders, and Latin-1 for what is neither.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// So many bytes show whether a file without a mark is UTF-16.
const SAMPLE: usize = 4096;

/// A text with its encoding's name.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) struct Text<'a> {
    pub(in super::super) text: Cow<'a, str>,
    pub(in super::super) encoding: &'static str,
}

/// The text that the bytes are; None for what is no text, an error for text that is broken.
pub(in super::super) fn decode(bytes: &[u8]) -> Result<Option<Text<'_>>, String> {
    if bytes.starts_with(&[0xff, 0xfe, 0, 0]) || bytes.starts_with(&[0, 0, 0xfe, 0xff]) {
        return Err("it is UTF-32; save it as UTF-8".to_owned());
    }
    let (encoding, mark) =
        Encoding::for_bom(bytes).or_else(|| utf16(bytes).map(|found| (found, 0))).unwrap_or((UTF_8, 0));
    let content = &bytes[mark..];
    if encoding == UTF_16LE || encoding == UTF_16BE {
        if !content.len().is_multiple_of(2) {
            return Err("it is UTF-16 and ends in the middle of a character: it is cut short; fetch it anew".to_owned());
        }
        let (text, broken) = encoding.decode_without_bom_handling(content);
        if broken {
            return Err("it begins as UTF-16 but is not UTF-16 throughout; save it as UTF-8".to_owned());
        }
        return Ok(printable(text).map(|text| Text { text, encoding: encoding.name() }));
    }
    if let Some(text) = UTF_8.decode_without_bom_handling_and_without_replacement(content) {
        return Ok(printable(text).map(|text| Text { text, encoding: "UTF-8" }));
    }
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(content);
    Ok(printable(text).map(|text| Text { text, encoding: "Latin-1" }))
}

/// Whether it is UTF-16 without a mark: every other byte of ASCII is 0 then.
fn utf16(bytes: &[u8]) -> Option<&'static Encoding> {
    let (pairs, _) = bytes[..bytes.len().min(SAMPLE)].as_chunks::<2>();
    let zeros = |at: usize| pairs.iter().filter(|pair| pair[at] == 0).count();
    let most = |n: usize| pairs.len() >= 2 && 10 * n >= 9 * pairs.len();
    match (zeros(0), zeros(1)) {
        (0, n) if most(n) => Some(UTF_16LE),
        (n, 0) if most(n) => Some(UTF_16BE),
        _ => None,
    }
}

/// Text has no control characters; the end-of-file mark of DOS and a form feed are let pass.
fn printable(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let odd = |byte: u8| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c | 0x1a);
    (!text.bytes().any(odd)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> (String, &'static str) {
        let found = decode(bytes).unwrap().unwrap();
        (found.text.into_owned(), found.encoding)
    }

    #[test]
    fn every_encoding_is_read_with_and_without_its_mark() {
        let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
        let text = "größe,y\n0.5,0.6\n";
        let little: Vec<u8> = units(text).into_iter().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units(text).into_iter().flat_map(u16::to_be_bytes).collect();
        let whole = text.to_owned();
        assert_eq!(read(text.as_bytes()), (whole.clone(), "UTF-8"));
        assert_eq!(read(&["\u{feff}".as_bytes(), text.as_bytes()].concat()), (whole.clone(), "UTF-8"));
        assert_eq!(read(&[&[0xff, 0xfe], &little[..]].concat()), (whole.clone(), "UTF-16LE"));
        assert_eq!(read(&[&[0xfe, 0xff], &big[..]].concat()), (whole.clone(), "UTF-16BE"));
        assert_eq!(read(&little), (whole.clone(), "UTF-16LE"));
        assert_eq!(read(&big), (whole.clone(), "UTF-16BE"));
        let latin: Vec<u8> = text.chars().map(|c| c as u32 as u8).collect();
        assert_eq!(read(&latin), (whole, "Latin-1"));
        assert_eq!(read(b""), (String::new(), "UTF-8"));
    }

    #[test]
    fn broken_text_is_named_and_binary_is_no_text() {
        assert!(decode(&[0xff, 0xfe, b'1', 0, b'2']).unwrap_err().contains("ends in the middle"));
        assert!(decode(&[0xff, 0xfe, 0x00, 0xd8, 0x31, 0x00]).unwrap_err().contains("UTF-16"));
        assert!(decode(&[0xff, 0xfe, 0, 0, b'1', 0, 0, 0]).unwrap_err().contains("UTF-32"));
        assert_eq!(decode(&[0]).unwrap(), None);
        assert_eq!(decode(b"\x01\x02\xff").unwrap(), None);
        assert_eq!(decode(b"12\0\x0034").unwrap(), None);
    }
}
