#!/usr/bin/env bash
# Every test: formatting, lints, unit tests, integration tests, doc tests, the scripts. What .ci/run runs.
#
# Needs Rust 1.95, Python 3 with pip, and a C++ compiler. All of it uses the release profile, because the libtorch
# bindings take minutes to compile for each profile.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT"

step() { say "" "== $1"; }

step "set-up"
need_rust
need_cxx
./scripts/setup-libtorch.sh
step "formatting"
cargo fmt --all --check
step "lints"
cargo clippy --release --locked --all-targets -- --deny warnings
cargo clippy --release --locked --all-targets --no-default-features -- --deny warnings
step "scripts"
./scripts/test-setup.sh
python3 -m compileall -q scripts
step "documentation"
RUSTDOCFLAGS="--deny warnings" cargo doc --release --locked --no-deps --quiet
# INSTA_UPDATE=no: a text that changed fails here and is reviewed by hand.
step "tests without libtorch"
INSTA_UPDATE=no cargo test --release --locked --no-default-features
step "tests"
# One test runs README's lines of PyTorch, where there is one.
if ! "${GAN_LAB_PYTHON:-python3}" -c "import torch, numpy, safetensors" 2> /dev/null; then
    say "README's lines of PyTorch are not run: GAN_LAB_PYTHON names no Python with torch, numpy and safetensors"
fi
INSTA_UPDATE=no cargo test --release --locked
step "machine code"
if [ "$(uname -m)" = x86_64 ] && command -v objdump > /dev/null; then
    python3 scripts/check-vectors.py target/release/gan-lab
else
    say "not checked: needs x86-64 and objdump"
fi
