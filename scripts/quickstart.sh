#!/usr/bin/env bash
# From a fresh clone to three trained GANs with their GIFs, and a page of semantic directions of the bundled ProGAN.
#
#   ./scripts/quickstart.sh                on data/points.mat; needs Rust alone
#   ./scripts/quickstart.sh my.mat         your own points (variable xx, two columns)
#   ./scripts/quickstart.sh my.mat 2000    … of which 2000 train and the others are held out (7000 if not said)
#   ./scripts/quickstart.sh --full         the build with libtorch, which is fetched: needs Python 3 with pip and a C++
#                                          compiler too
#
# --full may stand before a file. Run it again whenever you like: what is done is kept, and a run that was interrupted goes
# on where it stopped.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

full=''
if [ "${1:-}" = --full ]; then
  full=yes
  shift
fi
case "${1:-}" in -*) die "there is no option $1." "./scripts/quickstart.sh [--full] [FILE [TRAIN_SIZE]]" ;; esac
[ $# -eq 0 ] || DATA=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
cd "$ROOT"
DATA=${DATA:-data/points.mat}
TRAIN_SIZE=${2:-7000}
# Runs on other points have names of their own.
name=$(basename "$DATA")
prefix=''
[ "$DATA" = data/points.mat ] || prefix=${name%.*}-
[ -f "$DATA" ] || die "there is no file $DATA." "Give a MAT, npy or CSV file with two columns, or nothing for data/points.mat."

steps=4
step() { say "" "[$1/$steps] $2"; }

need_rust
if [ -z "$full" ]; then
  step 1 "building gan-lab (the first time takes a few minutes)"
  cargo build --release --locked --no-default-features
else
  step 1 "fetching libtorch, and building gan-lab with it (the first time takes ten minutes or more)"
  need_cxx
  ./scripts/setup-libtorch.sh
  cargo build --release --locked
fi
gan_lab=${CARGO_TARGET_DIR:-target}/release/gan-lab
step 2 "training GAN, WGAN and WGAN-GP on $DATA"
runs=()
for model in gan wgan wgan-gp; do
  run=work_dirs/train/$prefix$model-rmsprop-seed0
  "$gan_lab" train "$model" --data "$DATA" --train-size "$TRAIN_SIZE" --out "$run" --resume
  runs+=("$run")
done
step 3 "drawing"
"$gan_lab" draw "${runs[@]}"
"$gan_lab" draw "${runs[@]}" --sheet 10,50,100,320 --grid
step 4 "semantic directions of the bundled ProGAN"
"$gan_lab" sefa --seed 0 --n 5 --k 5 --resume
say "" "Done. Open gif/grid.png and the GIFs in gif/, which are named after their runs, and" \
  "work_dirs/synthesis/pggan_faces64_N5_K5_seed0/index.html in a browser." \
  "What a run left is in work_dirs/train/. Next: $gan_lab eval ${runs[0]}, or $gan_lab --help"
