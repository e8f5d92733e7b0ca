#!/usr/bin/env bash
# Put Fashion-MNIST's training images (MIT licence, 26 MB) into data/fashion-mnist/ from Debian's package, which it
# unpacks without installing it and without root. The bundled model of garments was trained on them:
#
#   ./scripts/fetch-fashion-mnist.sh
#   gan-lab train progan --data data/fashion-mnist/train-images-idx3-ubyte.gz
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

FILE=train-images-idx3-ubyte.gz
TARGET="$ROOT/data/fashion-mnist/$FILE"
PACKAGE=dataset-fashion-mnist

[ ! -f "$TARGET" ] || { say "$TARGET is there"; exit 0; }
mkdir -p "$(dirname "$TARGET")"
installed=/usr/share/datasets/fashion-mnist/$FILE
# On the same disk as the target, so that the last step is one rename.
WORK=$(make_part "$(dirname "$TARGET")/.part")
trap 'rm -rf "$WORK"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if [ -f "$installed" ]; then
  cp "$installed" "$WORK/$FILE"
else
  command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1 || die \
    "Debian's tools are not here, so the package $PACKAGE cannot be fetched." \
    "Get $FILE from the Fashion-MNIST project yourself and put it at $TARGET."
  (cd "$WORK" && apt-get download -qq "$PACKAGE") || die "the package $PACKAGE could not be downloaded." \
    "Try: sudo apt-get update, and run this again."
  dpkg-deb --extract "$WORK"/*.deb "$WORK/unpacked"
  cp "$WORK/unpacked$installed" "$WORK/$FILE"
fi
gzip -t "$WORK/$FILE" 2>/dev/null || die "the $FILE that was fetched is damaged, and was not kept." "Run this again."
mv "$WORK/$FILE" "$TARGET"
say "wrote $TARGET"
