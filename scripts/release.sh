#!/usr/bin/env bash
# What a release consists of, in dist/: wheels of the builds without and with libtorch, the programs themselves, notices, a
# bill of materials, checksums.
#
#   ./scripts/release.sh            everything
#   ./scripts/release.sh lite       the build without libtorch alone
#
# The program without libtorch is built against glibc 2.17 with zig and runs on every Linux of the last ten years. The other
# is built with this machine's compiler, because libtorch's C++ library is: it runs where glibc is no older than here.
# Needs Rust 1.95, Python 3 with pip and venv; fetches maturin and zig from PyPI into target/release-tools/.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT"

what=${1:-all}
case "$what" in all | lite) ;; *) die "there is no release of '$what'." "./scripts/release.sh [lite]" ;; esac
[ "$(uname -sm)" = "Linux x86_64" ] || die "releases are made on Linux x86-64; this is $(uname -sm)."
need_rust
if [ -n "$(git status --porcelain 2>/dev/null)" ]; then
  say "warning: there are changes that are not committed; they will be in the release"
fi

tools=$ROOT/target/release-tools
have_release_tools "$tools" || die "maturin and zig could not be fetched (the reason is above)." \
  "If Python's venv is missing, on Debian and Ubuntu: sudo apt-get install python3-venv"
export PATH=$tools/bin:$PATH

version=$(cargo metadata --no-deps --locked --format-version 1 | python3 -c 'import json, sys; print(json.load(sys.stdin)["packages"][0]["version"])')
mkdir -p dist
# Only of this version: what was released before stays.
rm -rf dist/*-"$version"-* dist/SHA256SUMS-"$version"

# program NAME WHEEL: takes the program out of a wheel, beside its notices.
program() {
  local folder="dist/$1-$version-linux-x86_64"
  mkdir -p "$folder"
  python3 - "$2" "$folder/gan-lab" <<'PY'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    name = next(name for name in wheel.namelist() if name.endswith("/scripts/gan-lab"))
    open(sys.argv[2], "wb").write(wheel.read(name))
PY
  chmod +x "$folder/gan-lab"
  cp LICENSE "$folder/"
  python3 scripts/third_party.py "$folder" ${3:+"$3"}
  tar -C dist -czf "$folder.tar.gz" "$(basename "$folder")"
  rm -r "$folder"
}

# wheel FOLDER ARGUMENT…: builds a wheel; prints its path.
wheel() {
  local folder=$1
  shift
  (cd "packaging/$folder" && maturin build --release --quiet --out "$ROOT/dist" "$@" >&2)
  ls -t dist/*.whl | head -1
}

say "" "== gan-lab without libtorch"
# A folder of its own: what zig compiles is for another glibc than this machine's.
lite=$(CARGO_TARGET_DIR=$ROOT/target/release-lite wheel lite --zig --target x86_64-unknown-linux-gnu --compatibility manylinux2014)
program gan-lab-lite "$lite" --no-default-features
if [ "$what" = all ]; then
  say "" "== gan-lab with libtorch"
  need_cxx
  ./scripts/setup-libtorch.sh
  full=$(wheel full --auditwheel check)
  program gan-lab "$full"
fi
(cd dist && sha256sum -- *"$version"* >"SHA256SUMS-$version" && sha256sum --check --quiet "SHA256SUMS-$version")
say "" "In dist/:"
(cd dist && ls -l -- *"$version"* | awk '{ printf "  %8.1f MB  %s\n", $5 / 1e6, $9 }') >&2
say "next: pip install --no-index $lite, then gan-lab quickstart"
