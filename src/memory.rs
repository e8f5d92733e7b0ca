//! How much memory there is, and whether what is asked for fits: asked before it is taken, because a process that takes
//! too much is ended by the system without a word.

use std::path::Path;

use fs_err as fs;
use rustix::process::{Resource, getrlimit};

/// Where the system does not say how much memory there is.
const USUAL: u64 = 16 << 30;

/// Something needs more memory than it may take.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{what} would take {} of memory, and {} is the most here (half of what there is); {advice}",
    size(*needed),
    size(*limit)
)]
pub struct TooMuch {
    /// What needs it.
    pub what: String,
    /// How many bytes.
    pub needed: u64,
    /// How many it may take.
    pub limit: u64,
    /// What a person can do.
    pub advice: &'static str,
}

/// Whether `needed` bytes are half of the memory that there is at most.
pub fn permit(what: impl Into<String>, needed: u64, advice: &'static str) -> Result<(), TooMuch> {
    let limit = limit();
    if needed <= limit { Ok(()) } else { Err(TooMuch { what: what.into(), needed, limit, advice }) }
}

/// The bytes that one use of memory may take: half of the machine's memory, or of what this process is allowed of it.
pub fn limit() -> u64 {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let address_space = getrlimit(Resource::As).current;
    [machine.or(Some(USUAL)), address_space, control_group()].into_iter().flatten().min().unwrap_or(USUAL) / 2
}

/// The machine's memory in the text of `/proc/meminfo`.
fn total(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The least memory that the process's control group and those above it allow (batch systems set it for each job).
fn control_group() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = text.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let root = Path::new("/sys/fs/cgroup");
    let own = root.join(own);
    let groups = own.ancestors().take_while(|group| group.starts_with(root));
    groups.filter_map(|group| fs::read_to_string(group.join("memory.max")).ok()?.trim().parse().ok()).min()
}

/// A number of bytes for people.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{:.0} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.0} MB", bytes as f64 / 1e6),
        1_000_000_000..1_000_000_000_000 => format!("{:.1} GB", bytes as f64 / 1e9),
        _ => format!("{:.1} TB", bytes as f64 / 1e12),
    }
}

/// Lets the process keep memory that tensors gave back instead of returning it to the system.
///
/// glibc gives every large block a mapping of its own and returns it when it is freed, so that each block of more than
/// 128 KB is paid for in page faults: a sixth of a training step, a third of the time of a 1024x1024 image. Called
/// once, before anything is computed; elsewhere than with glibc it does nothing.
pub fn keep_freed() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    #[allow(unsafe_code, reason = "mallopt takes two integers, and glibc allows it at any time")]
    // SAFETY: no pointers are involved; unknown options are refused by a return value of 0, which changes nothing.
    unsafe {
        libc::mallopt(libc::M_MMAP_MAX, 0);
        libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_more_than_there_is_is_refused_with_numbers_and_advice() {
        assert!(limit() > 1 << 20);
        assert_eq!(permit("a set", limit(), "take fewer"), Ok(()));
        let message = permit("a set", 1 << 50, "take fewer").unwrap_err().to_string();
        assert!(message.starts_with("a set would take 1125.9 TB of memory") && message.ends_with("; take fewer"));
    }

    #[test]
    fn the_systems_words_are_understood() {
        assert_eq!(total("MemFree: 1 kB\nMemTotal:       24576 kB\n"), Some(24576 * 1024));
        assert_eq!(total("MemTotal: much"), None);
        assert_eq!([size(2), size(2_500_000), size(5_368_709_120)], ["0 kB", "2 MB", "5.4 GB"]);
    }
}
