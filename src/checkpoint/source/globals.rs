//! Functions and classes that a pickle names: which are usual, and which could do harm where pickles are run.

use super::super::pickle::Global;

/// Modules of Python that no weights need.
const DANGEROUS: [&str; 25] = [
    "os",
    "posix",
    "nt",
    "subprocess",
    "sys",
    "shutil",
    "socket",
    "pty",
    "runpy",
    "importlib",
    "ctypes",
    "code",
    "codeop",
    "commands",
    "webbrowser",
    "multiprocessing",
    "threading",
    "asyncio",
    "pickle",
    "marshal",
    "types",
    "pip",
    "urllib",
    "requests",
    "http",
];

/// Functions of Python's own that run what they are given, or lead to it.
const DANGEROUS_BUILTINS: [&str; 14] = [
    "eval",
    "exec",
    "execfile",
    "compile",
    "__import__",
    "getattr",
    "setattr",
    "delattr",
    "open",
    "input",
    "breakpoint",
    "globals",
    "vars",
    "apply",
];

/// Whether unpickling it could do harm.
pub(super) fn is_dangerous(global: &Global) -> bool {
    let top = global.module.split('.').next().unwrap_or_default();
    match top {
        "builtins" | "__builtin__" => {
            DANGEROUS_BUILTINS.contains(&global.name.split('.').next_back().unwrap_or_default())
        }
        // Its other functions are parts of ordinary objects.
        "types" => matches!(global.name.as_str(), "FunctionType" | "CodeType" | "MethodType" | "LambdaType"),
        "threading" | "multiprocessing" => global.name == "Process" || global.name == "Thread",
        _ => DANGEROUS.contains(&top),
    }
}

/// Whether ordinary checkpoints are made of it.
pub(super) fn is_usual(global: &Global) -> bool {
    let path = global.path();
    let is_rebuilding = global.module == "torch._utils" || global.module.starts_with("numpy");
    is_rebuilding
        || global.name == "_reconstruct_persistent_obj"
        || global.name == "Network"
        || matches!(
            path.as_str(),
            "collections.OrderedDict"
                | "torch.storage._load_from_bytes"
                | "torch.Size"
                | "torch.device"
                | "torch._tensor._rebuild_from_type_v2"
                | "_codecs.encode"
                | "dnnlib.util.EasyDict"
                | "builtins.set"
                | "__builtin__.set"
                | "copyreg._reconstructor"
                | "copy_reg._reconstructor"
        )
}
