#!/usr/bin/env bash
# The speed of training beside PyTorch's and JAX's, in one run; what docs/PERFORMANCE.md shows.
#
#   ./scripts/bench.sh [options of bench.py]     PYTHON=/path/to/python for one that has the packages
#   ./scripts/bench.sh --check                   whether all that it times computes the same
#
# Needs: Rust 1.95, a C++ compiler (torch.compile too), taskset, and Python with torch 2.13.0, numpy, safetensors, jax.
# Run it on a machine that does nothing else.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT"

need_rust
command -v taskset >/dev/null 2>&1 || apt_install util-linux || die "taskset is missing (package util-linux)."
./scripts/setup-libtorch.sh
cargo build --release --locked --quiet --bin gan-lab --example bench_worker
python=${PYTHON:-python3}
"$python" -c 'import torch, numpy, safetensors' 2>/dev/null || die "$python lacks torch, numpy or safetensors." \
  "pip install torch==2.13.0 numpy safetensors jax, or name another with PYTHON="
exec "$python" scripts/bench.py "$@"
