#!/usr/bin/env bash
# Damaged files for every reader, for as long as you like: sound files of tests/fixtures, changed at random.
#
#   ./scripts/fuzz.sh [INPUTS [SEED]]     INPUTS of each reader (100000 unless said otherwise), from this seed (the date's)
#
# What a reader panics on, hangs on, or takes too much memory for is kept in target/fuzz/ and named. tests/it/fuzz.rs has the
# readers and the changes.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT"
need_rust
GAN_LAB_FUZZ_INPUTS=${1:-100000} GAN_LAB_FUZZ_SEED=${2:-$(date +%Y%m%d)} \
  cargo test --release --locked --test it fuzz -- --nocapture
