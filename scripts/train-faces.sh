#!/usr/bin/env bash
# Trains the model of drawn faces (64x64), or goes on with its training: draws the portraits into data/faces if they are not there,
# and trains into work_dirs/train/faces64. Ctrl-C saves. What was trained so far is in data/models/training/, from where a fresh
# clone goes on.
#
#   ./scripts/train-faces.sh [THREADS]      about 50 images a second on two cores with AVX2; samples/ and training.gif show how far
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$ROOT"
gan_lab=${GAN_LAB:-${CARGO_TARGET_DIR:-target}/release/gan-lab}
[ -x "$gan_lab" ] || die "there is no $gan_lab." "Build it first: cargo build --release"
RUN=work_dirs/train/faces64
SAVED=data/models/training/faces64

if [ ! -f data/faces/faces.npy ]; then
  "$gan_lab" data make faces --n 50000 --resolution 64 --out data/faces
fi
resume=''
if [ ! -e "$RUN" ] && [ -d "$SAVED" ]; then
  mkdir -p "$(dirname "$RUN")"
  cp -r "$SAVED" "$RUN"
fi
[ ! -f "$RUN/state.safetensors" ] || resume=--resume
# On a busy machine threads that wait give their core to others.
export OMP_WAIT_POLICY=passive
exec "$gan_lab" train progan --data data/faces --resolution 64 --fmaps-base 1024 --fmaps-max 96 --batch-size 16 --kimg-per-phase 20 \
  --final-kimg 2000 --record-kimg 10 --threads "${1:-2}" --precision float32 --out "$RUN" $resume
