#!/usr/bin/env bash
# What `gan-lab export` and `--tensorboard` write, read by the programs that it is for: TensorBoard itself (its event reader, its
# server with hparams, pictures, text and charts), pandas and NumPy. Every number is compared with the run's own files.
#
# Small runs of several kinds are made, among them one that diverged, one that was killed and went on, two seeds of one
# setting, and folders with odd names.
#
#   ./scripts/check-exports.sh                             builds gan-lab if it is not built
#   GAN_LAB=/path/to/gan-lab ./scripts/check-exports.sh    another gan-lab
#   GAN_LAB_PYTHON=/path/to/python …                       a Python that has TensorBoard, pandas and NumPy
#
# TensorBoard is fetched from PyPI into target/check-exports, which stays; where that cannot be, the script says so and exits
# with 77. Everything else is in a temporary directory.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT"

skip() {
  say "skipped: $1"
  exit 77
}

GAN_LAB=${GAN_LAB:-$ROOT/target/release/gan-lab}
[ -x "$GAN_LAB" ] || { need_rust && ./scripts/setup-libtorch.sh && cargo build --release --locked; }
GAN_LAB=$(realpath "$GAN_LAB")

PYTHON=${GAN_LAB_PYTHON:-}
if [ -z "$PYTHON" ]; then
  command -v python3 >/dev/null 2>&1 || skip "there is no python3 for TensorBoard."
  VENV=$ROOT/target/check-exports
  PYTHON=$VENV/bin/python
  if ! "$PYTHON" -I -c 'import tensorboard, pandas' >/dev/null 2>&1; then
    rm -rf "$VENV"
    mkdir -p "$ROOT/target"
    python3 -m venv "$VENV" >/dev/null 2>&1 || { rm -rf "$VENV" && skip "python3 makes no virtual environments (python3-venv)."; }
    say "fetching TensorBoard, pandas and NumPy from PyPI"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check 'tensorboard==2.21.*' pandas numpy >&2 ||
      skip "TensorBoard cannot be had from PyPI."
  fi
fi

WORLD=$(mktemp -d)
trap 'rm -rf "$WORLD"' EXIT
cd "$WORLD"
say "exports are read in $WORLD"
"$PYTHON" -I "$ROOT/scripts/check_exports.py" "$GAN_LAB"
