//! Finds libtorch before anything is compiled against it, says what to do when it is not there, and writes its
//! folder into the binary, which then finds it from anywhere without `LD_LIBRARY_PATH`. Without the feature `torch`
//! there is nothing to find. Writes the commit into the binary too, where there is one.

#![allow(clippy::disallowed_methods, reason = "a build script has no dependencies")]

#[cfg(feature = "torch")]
#[path = "build/on_demand.rs"]
mod on_demand;
#[cfg(feature = "torch")]
#[path = "build/repeatable.rs"]
mod repeatable;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let commit = commit().unwrap_or_else(|| "unknown".to_owned());
    println!("cargo:rustc-env=GAN_LAB_COMMIT={commit}");
    println!("cargo:rustc-check-cfg=cfg(torch_on_demand)");
    if env::var_os("CARGO_FEATURE_TORCH").is_none() {
        return;
    }
    println!("cargo:rerun-if-env-changed=LIBTORCH");
    println!("cargo:rerun-if-env-changed=LIBTORCH_LIB");
    let Some(root) = env::var_os("LIBTORCH_LIB").or_else(|| env::var_os("LIBTORCH")).map(PathBuf::from) else {
        return complain("LIBTORCH is not set");
    };
    let lib = root.join("lib");
    let Some(core) = ["libtorch_cpu.so", "libtorch_cpu.dylib"].iter().map(|name| lib.join(name)).find(|p| p.exists())
    else {
        return complain(&format!("there is no libtorch in {}", root.display()));
    };
    println!("cargo:rerun-if-changed={}", core.display());
    let version = std::fs::read_to_string(root.join("build-version")).unwrap_or_else(|_| "of unknown version".into());
    println!("cargo:rustc-env=GAN_LAB_LIBTORCH={} in {}", version.trim(), lib.display());
    let lib = real_folder(&lib);
    println!("cargo:rustc-env=GAN_LAB_LIBTORCH_LIB={}", lib.display());
    #[cfg(feature = "torch")]
    if let Err(problem) = repeatable::compile(&root) {
        return complain(&format!("build/repeatable.cpp: {problem}"));
    }
    link(&lib);
}

/// The folder without symbolic links: CUDA builds find their libraries relative to where they really lie.
fn real_folder(lib: &Path) -> PathBuf {
    lib.canonicalize().unwrap_or_else(|_| lib.to_path_buf())
}

/// The program loads libtorch when it needs it; tests, examples and benchmarks are linked to it, and on macOS the
/// program is too.
fn link(lib: &Path) {
    println!("cargo:rustc-link-arg=-Wl,-rpath,{}", lib.display());
    let on_demand = prepare_on_demand(lib);
    if lib.join("libtorch_cuda.so").exists() {
        // Nothing of ours names a symbol of it, so the linker would leave it out and no GPU would be found.
        let option = format!("-Wl,--no-as-needed,-L{},-ltorch_cuda,--as-needed", lib.display());
        let kinds: &[&str] = if on_demand { &["-tests", "-examples", "-benches"] } else { &[""] };
        for kind in kinds {
            println!("cargo:rustc-link-arg{kind}={option}");
        }
    }
}

#[cfg(feature = "torch")]
fn prepare_on_demand(lib: &Path) -> bool {
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system != "linux") {
        return false;
    }
    match on_demand::prepare(lib) {
        Ok(()) => true,
        Err(problem) => {
            println!("cargo:warning=this gan-lab will not start without libtorch: {}", problem.replace('\n', " "));
            false
        }
    }
}

#[cfg(not(feature = "torch"))]
fn prepare_on_demand(_: &Path) -> bool {
    false
}

/// Cargo stops at these lines.
fn complain(problem: &str) {
    println!("cargo::error={problem}");
    println!("cargo::error=run ./scripts/setup-libtorch.sh first, or set LIBTORCH to a libtorch 2.13.0 folder");
    println!("cargo::error=or build without it, for points only: cargo build --release --no-default-features");
}

/// The commit that is checked out, shortened, if this folder is the top of a git checkout. (A copy without `.git` may
/// lie in a repository of something else.) Another commit runs this again; nothing else that git does.
fn commit() -> Option<String> {
    let folder = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    if !folder.join(".git").exists() {
        return None;
    }
    let commit = git(&folder, &["rev-parse", "--short", "HEAD"])?;
    let branch = git(&folder, &["symbolic-ref", "--quiet", "HEAD"]);
    // The log grows with every commit and checkout. A file that is missing would run this in every build.
    for name in ["HEAD", "logs/HEAD"].into_iter().chain(branch.as_deref()) {
        let path = git(&folder, &["rev-parse", "--git-path", name]).map(|path| folder.join(path));
        if let Some(path) = path.filter(|path| path.is_file()) {
            println!("cargo:rerun-if-changed={}", path.display());
        }
    }
    Some(commit).filter(|commit| commit.chars().all(|c| c.is_ascii_hexdigit()))
}

/// The one line that a git command prints; None without git, or where it fails.
fn git(folder: &Path, args: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.current_dir(folder).args(args).env_remove("GIT_DIR").stdin(std::process::Stdio::null());
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| output.status.success() && !text.is_empty())
}
