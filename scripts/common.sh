# Shared by the scripts beside it: where the project is, how to speak, how to fetch a missing tool.
# Source it; it is not run by itself.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '%s\n' "$@" >&2; }

# die MESSAGE…: one line for each argument, then exit 1.
die() {
  printf 'error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '  %s\n' "$line" >&2; done
  exit 1
}

# apt_install PACKAGE…: install Debian packages where this user may; otherwise return 1.
apt_install() {
  command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ] || return 1
  say "installing $* with apt-get"
  apt-get update -qq >/dev/null 2>&1 || true
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null
}

need_rust() {
  command -v cargo >/dev/null 2>&1 || die "Rust is missing: cargo is not on the PATH." \
    "Install Rust 1.95 or newer with rustup (its page: rustup.rs), open a new shell and run this again."
}

need_cxx() {
  command -v c++ >/dev/null 2>&1 || command -v g++ >/dev/null 2>&1 || apt_install g++ || die \
    "a C++ compiler is missing; the libtorch bindings are compiled with it." \
    "Debian, Ubuntu: sudo apt-get install g++" "Fedora: sudo dnf install gcc-c++" "macOS: xcode-select --install"
}

# run_pip ARGUMENT…: pip, and never a pip.py that lies in the current folder or that PYTHONPATH leads to. A pip that was
# installed for this user alone is taken where there is no other.
run_pip() {
  if python3 -I -m pip --version >/dev/null 2>&1; then
    python3 -I -m pip "$@"
  else
    (unset PYTHONPATH && cd / && python3 -m pip "$@")
  fi
}

# have_release_tools FOLDER: maturin and zig in an environment of their own, fetched where they are missing; 1 if they cannot be.
have_release_tools() {
  "$1/bin/maturin" --version >/dev/null 2>&1 && "$1/bin/python" -m ziglang version >/dev/null 2>&1 && return
  say "fetching maturin and zig from PyPI"
  rm -rf "$1"
  python3 -m venv "$1" && "$1/bin/pip" install --quiet 'maturin[zig]==1.16.0'
}

# make_part PREFIX: a new folder PREFIX.<host>.<process>.<random>, and those of killed runs removed. Prints its path.
make_part() {
  local host part process
  host=$(uname -n | tr -c 'A-Za-z0-9\n' _)
  for part in "$1.$host".*; do
    [ -d "$part" ] || continue
    process=${part#"$1.$host."}
    process=${process%%.*}
    case "$process" in '' | *[!0-9]*) continue ;; esac
    kill -0 "$process" 2>/dev/null || ps -p "$process" >/dev/null 2>&1 || rm -rf "$part"
  done
  # What older versions left says nothing of its process.
  find "$(dirname "$1")" -maxdepth 1 -type d -name "$(basename "$1").??????" -mtime +0 -exec rm -rf {} + 2>/dev/null || true
  mktemp -d "$1.$host.$$.XXXXXX"
}

need_python() {
  command -v python3 >/dev/null 2>&1 || apt_install python3 python3-pip || die \
    "python3 is missing; it fetches and unpacks the libtorch wheel." \
    "Debian, Ubuntu: sudo apt-get install python3 python3-pip" "macOS: brew install python"
  run_pip --version >/dev/null 2>&1 || apt_install python3-pip || die \
    "python3 has no pip; it downloads the libtorch wheel." \
    "Debian, Ubuntu: sudo apt-get install python3-pip" "elsewhere: python3 -m ensurepip --user"
}
