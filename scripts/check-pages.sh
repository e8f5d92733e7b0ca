#!/usr/bin/env bash
# Opens the pages that gan-lab writes in a headless Chromium and uses them as people do: every control, the keyboard, the
# address, a phone, dark colours, print. No console error, no request, no text with too little contrast.
#
#   ./scripts/check-pages.sh                  makes small runs and a small job, and checks their pages
#   ./scripts/check-pages.sh --only sefa      one page
#   ./scripts/check-pages.sh --binary PATH    another gan-lab than target/release/gan-lab
#
# Screenshots to look at stay in target/pages/. Needs Chromium (Debian's is installed where this user may) and Python with
# Playwright from PyPI, in an environment of its own. Where they cannot be had it says so; then 77 is the exit code.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

PLAYWRIGHT=playwright==1.65.2

skip() {
  say "skipped: $1"
  exit 77
}
target=${CARGO_TARGET_DIR:-$ROOT/target}
binary=${GAN_LAB:-$target/release/gan-lab}
[ -x "$binary" ] || [[ " $* " == *" --binary"* ]] || die "there is no program $binary" "cargo build --release"

chromium=$(command -v chromium || command -v chromium-browser || true)
if [ -z "$chromium" ]; then
  apt_install chromium 2>/dev/null || skip "there is no Chromium, and Debian's cannot be installed."
  chromium=$(command -v chromium) || skip "there is no Chromium."
fi
command -v python3 >/dev/null 2>&1 || skip "there is no python3."

# Kept from one check to the next: it is 200 MB. Made beside its place, so that one that was interrupted is not taken.
tools=$target/pages-venv
if [ ! -x "$tools/bin/python" ] || ! "$tools/bin/python" -c "import playwright" 2>/dev/null; then
  mkdir -p "$target"
  made=$(make_part "$tools")
  python3 -m venv "$made" >/dev/null 2>&1 || { apt_install python3-venv 2>/dev/null && python3 -m venv "$made" >/dev/null 2>&1; } ||
    { rm -rf "$made"; skip "python3 makes no environments (python3-venv is missing)."; }
  "$made/bin/python" -m pip install --quiet --disable-pip-version-check "$PLAYWRIGHT" >&2 ||
    { rm -rf "$made"; skip "Playwright cannot be installed from PyPI."; }
  rm -rf "$tools"
  mv "$made" "$tools"
fi

PYTHONDONTWRITEBYTECODE=1 exec "$tools/bin/python" "$ROOT/scripts/pages/check_pages.py" \
  --root "$ROOT" --binary "$binary" --chromium "$chromium" --out "$target/pages" "$@"
