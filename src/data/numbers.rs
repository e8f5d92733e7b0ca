//! Numbers as binary files store them: one type, one byte order, read where they lie.

use std::array;

/// The type of stored numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Number {
    F64,
    F32,
    F16,
    I64,
    I32,
    I16,
    I8,
    U64,
    U32,
    U16,
    U8,
}

/// Which end of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Endian {
    Little,
    Big,
}

impl Number {
    /// Bytes of one number.
    pub(super) const fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 | Self::U64 => 8,
            Self::F32 | Self::I32 | Self::U32 => 4,
            Self::F16 | Self::I16 | Self::U16 => 2,
            Self::I8 | Self::U8 => 1,
        }
    }
}

impl Endian {
    pub(super) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    pub(super) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }
}

/// Stored numbers. Nothing is copied: each is converted when it is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers<'a> {
    bytes: &'a [u8],
    number: Number,
    endian: Endian,
    /// Bytes from one to the next.
    stride: usize,
    first: usize,
}

impl<'a> Numbers<'a> {
    /// The numbers in `bytes`; a cut one at the end does not count.
    pub(super) fn new(bytes: &'a [u8], number: Number, endian: Endian) -> Self {
        Self { bytes, number, endian, stride: number.size(), first: 0 }
    }

    /// The numbers that lie `first` bytes behind each multiple of `stride`, which must have room for them.
    pub(super) fn within(bytes: &'a [u8], number: Number, endian: Endian, first: usize, stride: usize) -> Self {
        Self { bytes, number, endian, stride, first }
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len() / self.stride
    }

    /// The number at `index`, which must be below [`Numbers::len`].
    pub(super) fn get(&self, index: usize) -> f64 {
        let size = self.number.size();
        let stored = &self.bytes[index * self.stride + self.first..][..size];
        // Little-endian, the upper bytes 0.
        let mut b = [0; 8];
        for (i, &byte) in stored.iter().enumerate() {
            let at = if self.endian == Endian::Little { i } else { size - 1 - i };
            b[at] = byte;
        }
        match self.number {
            Number::F64 => f64::from_le_bytes(b),
            Number::F32 => f64::from(f32::from_le_bytes(low(b))),
            Number::F16 => half::f16::from_le_bytes(low(b)).to_f64(),
            Number::I64 => i64::from_le_bytes(b) as f64,
            Number::I32 => f64::from(i32::from_le_bytes(low(b))),
            Number::I16 => f64::from(i16::from_le_bytes(low(b))),
            Number::I8 => f64::from(i8::from_le_bytes(low(b))),
            Number::U64 => u64::from_le_bytes(b) as f64,
            Number::U32 => f64::from(u32::from_le_bytes(low(b))),
            Number::U16 => f64::from(u16::from_le_bytes(low(b))),
            Number::U8 => f64::from(b[0]),
        }
    }

    /// The smallest and the largest; None where there are no numbers or NaN is among them.
    pub(super) fn range(self) -> Option<(f64, f64)> {
        super::range((0..self.len()).map(|index| self.get(index)))
    }
}

fn low<const N: usize>(bytes: [u8; 8]) -> [u8; N] {
    array::from_fn(|i| bytes[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_read_in_both_orders() {
        let cases: [(Number, &[u8], f64); 11] = [
            (Number::F64, &(-2.5_f64).to_le_bytes(), -2.5),
            (Number::F32, &0.75_f32.to_le_bytes(), 0.75),
            // 1.5 * 2^-2: sign 0, exponent 13, fraction 1/2.
            (Number::F16, &0x3600_u16.to_le_bytes(), 0.375),
            (Number::I64, &(-3_i64).to_le_bytes(), -3.0),
            (Number::I32, &(-70_000_i32).to_le_bytes(), -70_000.0),
            (Number::I16, &(-300_i16).to_le_bytes(), -300.0),
            (Number::I8, &[0x80], -128.0),
            (Number::U64, &(1_u64 << 63).to_le_bytes(), 9_223_372_036_854_775_808.0),
            (Number::U32, &4_000_000_000_u32.to_le_bytes(), 4e9),
            (Number::U16, &65_000_u16.to_le_bytes(), 65_000.0),
            (Number::U8, &[200], 200.0),
        ];
        for (number, little, expected) in cases {
            let big: Vec<u8> = little.iter().rev().copied().collect();
            for (bytes, endian) in [(little, Endian::Little), (&big[..], Endian::Big)] {
                let twice = [bytes, bytes, &[0; 8][..number.size() - 1]].concat();
                let numbers = Numbers::new(&twice, number, endian);
                assert_eq!((numbers.len(), numbers.get(1)), (2, expected), "{number:?} {endian:?}");
            }
        }
    }
}
