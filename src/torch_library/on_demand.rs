//! Loading libtorch, and then the part of tch that the program carries.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::ops::Range;
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

use fs_err as fs;
use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use rustix::fs::{MemfdFlags, memfd_create};
use tempfile::NamedTempFile;

use super::{TorchLibraryError, VARIABLE, VERSION};

/// In the order in which they need each other. Not every libtorch has all of them; GPUs are found where CUDA's is
/// loaded.
const LIBRARIES: [&str; 4] = ["libc10.so", CORE, "libtorch_cuda.so", "libtorch.so"];
/// The one that every libtorch has.
const CORE: &str = "libtorch_cpu.so";

/// tch's C functions, as the program carries them.
#[derive(Debug)]
pub struct Functions {
    /// Their names, one a line.
    pub names: &'static str,
    /// Where their addresses belong, in the same order.
    pub slots: &'static [AtomicPtr<()>],
    /// The bytes of the shared library that has them.
    pub wrapper: &'static [u8],
}

static FUNCTIONS: OnceLock<&'static Functions> = OnceLock::new();
static LOADED: OnceLock<Result<(), TorchLibraryError>> = OnceLock::new();

/// Says that this process has libtorch's functions from `load` on only. The program says so before anything else.
pub fn on_demand(functions: &'static Functions) {
    // A second time changes nothing.
    let _ = FUNCTIONS.set(functions);
}

pub(super) fn load() -> Result<(), TorchLibraryError> {
    let Some(functions) = FUNCTIONS.get() else { return Ok(()) };
    LOADED.get_or_init(|| load_from(&folder()?, functions)).clone()
}

/// The folder of libtorch's libraries: where the user says that it is, where it was on building, or in the Python
/// package `torch` beside which the program was installed.
fn folder() -> Result<PathBuf, TorchLibraryError> {
    let Some(root) = elsewhere() else {
        let built_with = PathBuf::from(env!("GAN_LAB_LIBTORCH_LIB"));
        let packaged = || installed().into_iter().find(|root| fits(root)).map(|root| root.join("lib"));
        return Ok(if built_with.join(CORE).exists() { built_with } else { packaged().unwrap_or(built_with) });
    };
    // "2.13.0+cpu"; a libtorch out of a Python package does not say.
    match version(&root) {
        Some(found) if found.split('+').next() != Some(VERSION) => {
            Err(TorchLibraryError::Version { folder: root, found })
        }
        _ => Ok(root.join("lib")),
    }
}

/// Which libtorch is taken instead of the one that was there on building, and where it lies.
pub(super) fn other() -> Option<String> {
    let lib = folder().ok().filter(|lib| *lib != Path::new(env!("GAN_LAB_LIBTORCH_LIB")))?;
    let root = lib.parent()?;
    let version = version(root).or_else(|| version_of_package(root)).unwrap_or_else(|| "of unknown version".to_owned());
    Some(format!("{version} in {}", lib.display()))
}

fn elsewhere() -> Option<PathBuf> {
    let named = env::var_os(VARIABLE).filter(|root| !root.is_empty()).map(PathBuf::from)?;
    // The folder of the libraries itself means the folder that holds it.
    let is_lib = !named.join("lib").join(CORE).exists() && named.join(CORE).exists();
    let whole = named.canonicalize().ok().filter(|whole| is_lib && whole.ends_with("lib"));
    Some(whole.and_then(|whole| whole.parent().map(Path::to_owned)).unwrap_or(named))
}

fn version(root: &Path) -> Option<String> {
    let text = fs::read_to_string(root.join("build-version")).ok()?;
    Some(text.trim().to_owned()).filter(|version| !version.is_empty())
}

/// The package `torch` in the Python installation that the program is part of, and in those that are active.
fn installed() -> Vec<PathBuf> {
    let beside = env::current_exe().ok().and_then(|program| Some(program.parent()?.parent()?.to_owned()));
    let active = ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(env::var_os).map(PathBuf::from);
    let mut found = Vec::new();
    for prefix in beside.into_iter().chain(active) {
        let Ok(pythons) = fs::read_dir(prefix.join("lib")) else { continue };
        let is_python = |name: &OsStr| name.to_string_lossy().starts_with("python3");
        let pythons = pythons.filter_map(Result::ok).filter(|entry| is_python(&entry.file_name()));
        let mut pythons: Vec<PathBuf> = pythons.map(|entry| entry.path()).collect();
        pythons.sort();
        found.extend(pythons.into_iter().map(|python| python.join("site-packages/torch")));
    }
    found
}

/// Whether a Python package `torch` has the libraries that tch is written for.
fn fits(package: &Path) -> bool {
    let found = version_of_package(package);
    let number = found.as_ref().and_then(|found| found.split('+').next());
    number == Some(VERSION) && package.join("lib").join(CORE).exists()
}

/// What a Python package `torch` says that it is: `2.13.0+cpu`.
fn version_of_package(package: &Path) -> Option<String> {
    let text = fs::read_to_string(package.join("version.py")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("__version__ = "))?;
    Some(line.trim_matches(['\'', '"', ' ']).to_owned())
}

fn load_from(folder: &Path, functions: &Functions) -> Result<(), TorchLibraryError> {
    if !folder.join(CORE).exists() {
        return Err(TorchLibraryError::Missing { folder: folder.to_owned() });
    }
    let unloadable = |reason| TorchLibraryError::Unloadable { folder: folder.to_owned(), reason };
    // CUDA's libraries lie relative to the real folder, and not to a link to it.
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    for path in LIBRARIES.map(|name| real.join(name)).iter().filter(|path| path.exists()) {
        check_whole(path).map_err(unloadable)?;
        forever(open(path.as_os_str()).map_err(unloadable)?);
    }
    let wrapper = open_bytes(functions.wrapper).map_err(unloadable)?;
    fill(functions, &wrapper);
    forever(wrapper);
    Ok(())
}

/// The system loads a file that was cut off, and kills the process where it gets to what is missing. A library ends with
/// the table of its sections.
fn check_whole(path: &Path) -> Result<(), String> {
    let mut header = [0; 64];
    let read = |header: &mut [u8]| -> io::Result<u64> {
        let mut file = File::open(path)?;
        file.read_exact(header)?;
        Ok(file.metadata()?.len())
    };
    let length = read(&mut header).map_err(|error| format!("{}: {error}", path.display()))?;
    let number = |at: Range<usize>| header[at].iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    let (table, size, count) = (number(0x28..0x30), number(0x3a..0x3c), number(0x3c..0x3e));
    if table.saturating_add(size * count) > length {
        return Err(format!("{} is cut off", path.display()));
    }
    Ok(())
}

/// libtorch's threads run to the end of the process, so nothing of it is ever unloaded.
fn forever(library: Library) {
    std::mem::forget(library);
}

/// Loads a shared library's bytes from memory or, where the system loads from disks only, from a temporary file.
fn open_bytes(bytes: &[u8]) -> Result<Library, String> {
    let from_memory = in_memory(bytes)
        .map_err(|error| error.to_string())
        .and_then(|file| open(format!("/proc/self/fd/{}", file.as_raw_fd()).as_ref()));
    from_memory.or_else(|first| {
        let file = on_disk(bytes).map_err(|error| format!("{first}; {error}"))?;
        open(file.path().as_os_str()).map_err(|second| format!("{first}; {second}"))
    })
}

fn in_memory(bytes: &[u8]) -> io::Result<File> {
    let mut file = File::from(memfd_create("libgan_lab_torch.so", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    Ok(file)
}

fn on_disk(bytes: &[u8]) -> io::Result<NamedTempFile> {
    let mut file = NamedTempFile::new()?;
    file.write_all(bytes)?;
    Ok(file)
}

/// Loads a shared library with all that it needs, and shows its symbols to those that are loaded later.
fn open(path: &OsStr) -> Result<Library, String> {
    #[allow(unsafe_code, reason = "what a library does on being loaded cannot be checked")]
    // SAFETY: what is loaded is libtorch, and the part of tch that the program carries. On loading they set up their own
    // objects, as they do before `main` in a program that is linked to them, and call nothing of ours.
    let library = unsafe { Library::open(Some(path), RTLD_NOW | RTLD_GLOBAL) };
    library.map_err(|error| error.to_string())
}

/// Puts the functions' addresses where the program's stand-ins look for them. Those that the library lacks get none.
fn fill(functions: &Functions, wrapper: &Library) {
    for (name, slot) in functions.names.lines().zip(functions.slots) {
        #[allow(unsafe_code, reason = "a library does not say of what type its symbols are")]
        // SAFETY: the address is only kept, as an address. It is called as tch declares the function of this name,
        // which comes from the archive that the library was made of: the same as when that is linked.
        let address = unsafe { wrapper.get::<*mut ()>(name.as_bytes()) };
        if let Ok(address) = address {
            slot.store(address.into_raw().cast(), Ordering::Release);
        }
    }
}
