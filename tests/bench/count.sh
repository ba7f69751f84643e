#!/usr/bin/env bash
# Builds the release binary, installs the peers, and runs the benchmark of the counter (tests/bench/count.py):
# a million files on this machine's disk, then directories whose every read takes 1 ms and 5 ms.
#
#   tests/bench/count.sh [FOLDER]    FOLDER (default: below the temporary directory) holds the trees, and keeps them
set -euo pipefail
cd "$(dirname "$0")/../.."

missing=()
command -v fdfind >/dev/null || missing+=(fd-find)
command -v gdu >/dev/null || missing+=(gdu)
command -v python3 >/dev/null || missing+=(python3)
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing ${missing[*]}" >&2
  if [ "$(id -u)" = 0 ]; then apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  else sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; fi
fi

peers="$PWD/target/bench-peers"
[ -x "$peers/bin/dua" ] || cargo install --quiet --locked --no-default-features --root "$peers" dua-cli@2.32.2
cargo build --quiet --release --locked --manifest-path tests/bench/peers/Cargo.toml --target-dir "$peers/target"
cargo build --release --locked

exec python3 tests/bench/count.py \
  --miharu target/release/miharu --dua "$peers/bin/dua" --bare "$peers/target/release/bare" \
  --slowfs "$peers/target/release/slowfs" "${1:-${TMPDIR:-/tmp}/miharu-count}"
