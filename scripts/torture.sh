#!/usr/bin/env bash
# Breaks gan-lab in every way that we know of: the n-th call that changes files fails or is the last, processes are
# killed, told to stop, run out of disk, and meet damaged folders. Nothing may be lost, nothing may differ afterwards, and
# every refusal has to say which file.
#
#   ./scripts/torture.sh                     the short form, some minutes: a sample of all cases
#   ./scripts/torture.sh --long              all of them
#   ./scripts/torture.sh --only write/sefa   one part; also a single case, as failures are printed
#   ./scripts/torture.sh --binary PATH       another gan-lab than target/release/gan-lab
#   ./scripts/torture.sh --report FILE       writes the figures as a Markdown table
#
# Needs Linux, a C compiler and Python 3.11. Where a part cannot be done (disks need root, tracing may be forbidden), it
# says so; 77 is the exit code when nothing can be done at all. All it makes is in temporary folders that go with it.
set -euo pipefail
# shellcheck source=scripts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

skip() {
  say "skipped: $1"
  exit 77
}
[ "$(uname -s)" = Linux ] || skip "the tracer is for Linux."
command -v python3 >/dev/null 2>&1 || skip "there is no python3."
command -v cc >/dev/null 2>&1 || skip "there is no C compiler."

binary=${GAN_LAB:-${CARGO_TARGET_DIR:-$ROOT/target}/release/gan-lab}
[ -x "$binary" ] || [[ " $* " == *" --binary"* ]] || die "there is no program $binary" "cargo build --release"

TOOLS=$(mktemp -d)
end() {
  trap '' INT TERM HUP
  [ -z "${python:-}" ] || kill -TERM "$python" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$TOOLS"
}
trap end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
SOURCE=$ROOT/scripts/torture
cc -O2 -Wall -Wextra -Werror -o "$TOOLS/trace" "$SOURCE/trace.c" "$SOURCE/request.c"
cc -O2 -Wall -Wextra -Werror -shared -fPIC -o "$TOOLS/warm.so" "$SOURCE/warm.c" "$SOURCE/request.c" -ldl

code=0
PYTHONDONTWRITEBYTECODE=1 python3 "$SOURCE/torture.py" --tools "$TOOLS" --binary "$binary" "$@" </dev/null &
python=$!
wait "$python" || code=$?
python=
exit "$code"
