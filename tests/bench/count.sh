#!/usr/bin/env bash
# Builds the release binary, installs the peers, and runs the benchmark of the counter (tests/bench/count.py): a
# million files on this machine's disk, directories whose every read takes 1 ms and 5 ms, and ten million files.
# Ends with a table of the goals; fails where one is missed.
#
#   tests/bench/count.sh [--miharu BINARY] [--folder FOLDER] [--keep] [--first]
#
#   --miharu BINARY   measures this one and builds none
#   --folder FOLDER   makes the trees in FOLDER/miharu-count (else below the temporary directory)
#   --keep            leaves the trees there, for the next time; else they are removed
#   --first           runs everything in front of all other processes of a busy machine (needs root)
set -euo pipefail
here="$PWD"
cd "$(dirname "$0")/../.."

usage() { sed -n '2,/^set/{/^# \{0,1\}/s///p}' tests/bench/count.sh >&2; exit 2; }
miharu="" more=()
while [ $# -gt 0 ]; do
  case "$1" in
    --miharu) miharu=$(cd "$here" && realpath -e "${2:?}"); shift 2 ;;
    --folder) more+=(--folder "$(cd "$here" && realpath "${2:?}")"); shift 2 ;;
    --keep | --first) more+=("$1"); shift ;;
    *) usage ;;
  esac
done

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
missing=()
command -v fdfind >/dev/null || command -v fd >/dev/null || missing+=(fd-find)
command -v gdu >/dev/null || missing+=(gdu)
command -v find >/dev/null || missing+=(findutils)
command -v python3 >/dev/null || missing+=(python3)
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing ${missing[*]}" >&2
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

target="${CARGO_TARGET_DIR:-$PWD/target}"
peers="$target/bench-peers"
dua=2.32.2
[ "$("$peers/bin/dua" --version 2>/dev/null)" = "dua $dua" ] ||
  cargo install --quiet --locked --force --no-default-features --root "$peers" "dua-cli@$dua"
cargo build --quiet --release --locked --manifest-path tests/bench/peers/Cargo.toml --target-dir "$peers/target"
if [ -z "$miharu" ]; then
  cargo build --release --locked
  miharu="$target/release/miharu"
fi

exec python3 tests/bench/count.py --miharu "$miharu" \
  --bare "$peers/target/release/bare" --slowfs "$peers/target/release/slowfs" --dua "$peers/bin/dua" \
  --fd "$(command -v fdfind || command -v fd)" --gdu "$(command -v gdu)" "${more[@]}"
