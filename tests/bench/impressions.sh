#!/usr/bin/env bash
# 30 000 impressions a second through hakaru, with the load, the service and the database on this machine, and beside
# it the original's way of working and the least that could record honestly (tests/bench/impressions.py).
# Installs what is missing, builds, starts everything in a temporary directory and ends it, also when interrupted.
#
#   tests/bench/impressions.sh [--quick] [--rate R] [--seconds S] [--only NAME,…]
#
# MIHARU: another program than target/release/miharu. TMPDIR: the disk that is recorded on. Exit 1: a goal was missed.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PATH:/usr/sbin"

missing=()
command -v wrk >/dev/null || missing+=(wrk)
command -v mariadbd >/dev/null || missing+=(mariadb-server-core mariadb-client-core)
command -v python3 >/dev/null || missing+=(python3)
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing ${missing[*]}" >&2
  as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

peers="$PWD/target/bench-peers/target"
cargo build --quiet --release --locked --manifest-path tests/bench/services/Cargo.toml --target-dir "$peers"
miharu=${MIHARU:-target/release/miharu}
[ -n "${MIHARU:-}" ] || cargo build --quiet --release --locked

exec python3 tests/bench/impressions.py --miharu "$miharu" --services "$peers/release" "$@"
