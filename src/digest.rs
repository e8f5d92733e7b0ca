//! SHA-256 in hexadecimal, by which files, data and settings are known.

use sha2::{Digest as _, Sha256};

/// The SHA-256 of bytes, in hexadecimal.
pub fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The SHA-256 of all that a reader has, and how many bytes that is, without having it all in memory.
pub fn digest_of(mut reader: impl std::io::Read) -> std::io::Result<(String, u64)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    let mut len = 0;
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok((hex(&hasher.finalize()), len)),
            n => {
                hasher.update(&buffer[..n]);
                len += n as u64;
            }
        }
    }
}

/// Bytes in hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |hex, byte| hex + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_those_that_everyone_has() {
        assert_eq!(digest(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(hex(&[0, 10, 255]), "000aff");
        let long = vec![7; 200_000];
        assert_eq!(digest_of(&long[..]).unwrap(), (digest(&long), 200_000));
    }
}
