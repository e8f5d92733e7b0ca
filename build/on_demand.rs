//! Prepares a program that loads libtorch when it needs it, on Linux.
//!
//! tch calls libtorch through some thousands of C functions, which torch-sys compiles from C++ into an archive. Linked
//! into the program that archive makes libtorch a condition for starting at all, because C++ refers to data (virtual
//! tables, static objects), which the system's loader has to find at once. C functions are all that tch itself refers to.
//! So here
//! - the archive becomes a shared library, which needs libtorch as any other does, and which the program carries in
//!   itself (`src/torch_functions.rs`) and loads (`src/torch_library.rs`);
//! - each of its functions gets a stand-in of four instructions, which jumps to the address that was found on loading.
//!   The program's own object files come before any archive, so that the linker finds the stand-ins, takes nothing out
//!   of torch-sys's archive, and leaves libtorch out of the program's list of libraries.
//!
//! A function that has no stand-in cannot go unseen: the linker would take the archive after all and find every other
//! function twice.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use super::repeatable;

/// Writes what `src/torch_functions.rs` takes in, or says what is in the way.
pub(crate) fn prepare(lib: &Path) -> Result<(), String> {
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let archive = wrapper_archive(&out).ok_or("torch-sys's libtch.a is not where Cargo builds torch-sys")?;
    println!("cargo:rerun-if-changed={}", archive.display());
    let bytes = fs::read(&archive).map_err(|error| format!("{}: {error}", archive.display()))?;
    let index = archive_index(&bytes).ok_or_else(|| format!("{} has no index of symbols", archive.display()))?;
    let names: Vec<&str> = index.into_iter().filter(|name| is_function_of_tch(name)).collect();
    if names.is_empty() {
        return Err(format!("{} holds none of tch's functions", archive.display()));
    }
    let arch = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let names = [&names[..], &repeatable::FUNCTIONS[..]].concat();
    let write = |name: &str, text: String| fs::write(out.join(name), text).map_err(|error| format!("{name}: {error}"));
    write("torch_functions.txt", names.join("\n"))?;
    write("torch_functions.s", stand_ins(&names, &arch).ok_or_else(|| format!("no stand-ins for {arch}"))?)?;
    write("torch_wrapper.map", version_script(&names))?;
    link_wrapper(&archive, lib, &out)?;
    println!("cargo:rustc-env=GAN_LAB_TORCH_FUNCTIONS={}", names.len());
    println!("cargo:rustc-cfg=torch_on_demand");
    Ok(())
}

/// The archive that torch-sys's build script made, which has run, because this crate depends on torch-sys. Cargo gives
/// a build script its own folder only; others' lie beside it: `build/torch-sys-<hash>/out`, or in later versions
/// `build/torch-sys/<hash>/out`. Left-overs of other builds may be there; the one in use was made last.
fn wrapper_archive(out: &Path) -> Option<PathBuf> {
    let builds = out.ancestors().find(|folder| folder.file_name().is_some_and(|name| name == "build"))?;
    let ours = children(builds).into_iter().filter(|path| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("torch-sys"))
    });
    ours.flat_map(|folder| [vec![folder.clone()], children(&folder)].concat())
        .map(|folder| folder.join("out/libtch.a"))
        .filter_map(|archive| Some((made(&archive)?, archive)))
        .max()
        .map(|(_, archive)| archive)
}

fn children(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

fn made(file: &Path) -> Option<SystemTime> {
    fs::metadata(file).ok()?.modified().ok()
}

/// The names in an archive's index: its first member, called "/", is a count, as many offsets, and the names, each
/// ended by a zero byte; numbers are of four bytes, the highest first.
fn archive_index(archive: &[u8]) -> Option<Vec<&str>> {
    let rest = archive.strip_prefix(b"!<arch>\n")?;
    let (header, rest) = rest.split_at_checked(60)?;
    let size: usize = std::str::from_utf8(header.get(48..58)?).ok()?.trim().parse().ok()?;
    let index = header.starts_with(b"/ ").then(|| rest.get(..size))??;
    let (count, index) = index.split_first_chunk::<4>()?;
    let count = u32::from_be_bytes(*count) as usize;
    let names = index.get(count.checked_mul(4)?..)?;
    names.split(|&byte| byte == 0).take(count).map(|name| std::str::from_utf8(name).ok()).collect()
}

/// Not what C++ has in there for itself, nor stb's functions for images.
fn is_function_of_tch(name: &str) -> bool {
    name == "get_and_reset_last_err"
        || (name.starts_with("at") && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric()))
}

/// Assembly for `global_asm`, which knows `{slots}`, the table of addresses, and `{missing}`, where a call goes that
/// has no address. The registers are those that a call may change on its way.
fn stand_ins(names: &[&str], arch: &str) -> Option<String> {
    let jump = match arch {
        "x86_64" => {
            "mov r11, qword ptr [rip + {slots} + \\offset]\n\
             test r11, r11\n\
             jz {missing}\n\
             jmp r11\n"
        }
        "aarch64" => {
            "adrp x16, {slots} + \\offset\n\
             ldr x16, [x16, :lo12:{slots} + \\offset]\n\
             cbz x16, 1f\n\
             br x16\n\
             1: b {missing}\n"
        }
        _ => return None,
    };
    let mut text = format!(
        ".pushsection .text.torch_functions, \"ax\", %progbits\n\
         .macro torch_function name, offset\n\
         .globl \\name\n\
         .hidden \\name\n\
         .type \\name, %function\n\
         .p2align 4\n\
         \\name:\n\
         {jump}\
         .size \\name, . - \\name\n\
         .endm\n"
    );
    for (index, name) in names.iter().enumerate() {
        writeln!(text, "torch_function {name}, {}", 8 * index).ok()?;
    }
    text.push_str(".purgem torch_function\n.popsection\n");
    Some(text)
}

/// What the shared library shows: not the functions that read and write Rust's streams, which call back into Rust and
/// which nothing here calls, so that the linker drops them and what they call.
fn version_script(names: &[&str]) -> String {
    let shown: Vec<&str> = names.iter().filter(|name| !name.contains("_stream")).copied().collect();
    format!("{{ global:\n{};\nlocal: *; }};\n", shown.join(";\n"))
}

/// Where libtorch lies is not written into it: the program loads libtorch first, from wherever it is then.
fn link_wrapper(archive: &Path, lib: &Path, out: &Path) -> Result<(), String> {
    let compiler = cc::Build::new().cpp(true).cargo_metadata(false).try_get_compiler().map_err(|e| e.to_string())?;
    let mut command: Command = compiler.to_command();
    command.arg("-shared").arg("-o").arg(out.join("torch_wrapper.so"));
    command.arg("-Wl,--whole-archive").arg(archive).arg(out.join(repeatable::ARCHIVE)).arg("-Wl,--no-whole-archive");
    command.arg(format!("-Wl,--version-script={}", out.join("torch_wrapper.map").display()));
    command.args(["-Wl,--gc-sections", "-Wl,--no-undefined", "-Wl,-s", "-Wl,-soname,libgan_lab_torch.so"]);
    command.arg("-L").arg(lib).args(["-ltorch_cpu", "-ltorch", "-lc10"]);
    let done = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if done.status.success() {
        return Ok(());
    }
    Err(format!("{command:?}\n{}", String::from_utf8_lossy(&done.stderr)))
}
