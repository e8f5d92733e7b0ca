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

need_python() {
  command -v python3 >/dev/null 2>&1 || apt_install python3 python3-pip || die \
    "python3 is missing; it fetches and unpacks the libtorch wheel." \
    "Debian, Ubuntu: sudo apt-get install python3 python3-pip" "macOS: brew install python"
  python3 -m pip --version >/dev/null 2>&1 || apt_install python3-pip || die \
    "python3 has no pip; it downloads the libtorch wheel." \
    "Debian, Ubuntu: sudo apt-get install python3-pip" "elsewhere: python3 -m ensurepip --user"
}
