#!/usr/bin/env bash
# From a fresh clone to three trained GANs and their GIFs.
#
#   ./scripts/quickstart.sh            data/points.mat
#   ./scripts/quickstart.sh my.mat     your own points (variable xx, two columns)
#
# Needs Rust 1.95, Python 3 with pip, and a C++ compiler. Run it again whenever you like: what is done is kept, and
# a run that was interrupted goes on where it stopped.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# -eq 0 ] || DATA=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$ROOT"
DATA=${DATA:-data/points.mat}
[ -f "$DATA" ] || die "there is no file $DATA." "Give a MAT, npy or CSV file with two columns, or nothing for data/points.mat."

step() { say "" "[$1/4] $2"; }

step 1 "libtorch"
need_rust
need_cxx
./scripts/setup-libtorch.sh
step 2 "building gan-lab (the first time takes some minutes)"
cargo build --release --locked
gan_lab=${CARGO_TARGET_DIR:-target}/release/gan-lab
step 3 "training GAN, WGAN and WGAN-GP on $DATA"
runs=()
for model in gan wgan wgan-gp; do
  run=work_dirs/train/$model-rmsprop-seed0
  "$gan_lab" train "$model" --data "$DATA" --out "$run" --resume
  runs+=("$run")
done
step 4 "drawing"
"$gan_lab" draw "${runs[@]}"
say "" "Done. Open gif/gan.gif, gif/wgan.gif and gif/wgan-gp.gif in a browser." \
  "What a run left is in work_dirs/train/. Next: $gan_lab --help"
