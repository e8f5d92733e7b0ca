//! Whether a TIFF file has more than one page: the first directory's last number says where the second is.

use std::io::{self, Read, Seek, SeekFrom};

/// Numbers of a file in one byte order.
struct Numbers<'a, R> {
    reader: &'a mut R,
    big_endian: bool,
}

impl<R: Read + Seek> Numbers<'_, R> {
    /// The next number of `N` bytes.
    fn next<const N: usize>(&mut self) -> io::Result<u64> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        let push = |sum: u64, &byte: &u8| sum << 8 | u64::from(byte);
        Ok(if self.big_endian { bytes.iter().fold(0, push) } else { bytes.iter().rev().fold(0, push) })
    }
}

/// Reads the head of a TIFF or a BigTIFF file and steps over its first directory.
pub(super) fn has_more_pages<R: Read + Seek>(reader: &mut R) -> io::Result<bool> {
    reader.rewind()?;
    let mut order = [0; 2];
    reader.read_exact(&mut order)?;
    let mut numbers = Numbers { reader, big_endian: order == *b"MM" };
    let next = if numbers.next::<2>()? == 43 {
        let _size_of_offsets = numbers.next::<4>()?;
        let first = numbers.next::<8>()?;
        numbers.reader.seek(SeekFrom::Start(first))?;
        let entries = numbers.next::<8>()?.min(u64::from(u16::MAX));
        numbers.reader.seek(SeekFrom::Current(20 * entries as i64))?;
        numbers.next::<8>()?
    } else {
        let first = numbers.next::<4>()?;
        numbers.reader.seek(SeekFrom::Start(first))?;
        let entries = numbers.next::<2>()?;
        numbers.reader.seek(SeekFrom::Current(12 * entries as i64))?;
        numbers.next::<4>()?
    };
    Ok(next != 0)
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn a_second_directory_is_seen_in_both_orders_and_cut_files_are_none() {
        let little = |next: u32| {
            let entry = [0_u8; 12];
            [&b"II\x2a\0\x08\0\0\0\x01\0"[..], &entry, &next.to_le_bytes()].concat()
        };
        let big = |next: u32| {
            let entry = [0_u8; 24];
            [&b"MM\0\x2a\0\0\0\x08\0\x02"[..], &entry, &next.to_be_bytes()].concat()
        };
        for (bytes, expected) in [(little(0), false), (little(99), true), (big(0), false), (big(99), true)] {
            assert_eq!(has_more_pages(&mut Cursor::new(&bytes)).unwrap(), expected);
            for end in 0..bytes.len() {
                assert!(has_more_pages(&mut Cursor::new(&bytes[..end])).is_err());
            }
        }
        let wide = [&b"II\x2b\0\x08\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"[..], &7_u64.to_le_bytes()].concat();
        assert!(has_more_pages(&mut Cursor::new(&wide)).unwrap());
    }
}
