#!/usr/bin/env bash
# What watching the event log costs while 20 000 rows a second arrive, on MariaDB and on SQLite (tests/bench/watch.py).
# Installs what is missing, builds, starts everything in a temporary directory and ends it.
#
#   tests/bench/watch.sh [--seconds S]
#
# MIHARU: another program than target/release/miharu. Exit 1: the console took 2 % of a core or more for it.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PATH:/usr/sbin"

missing=()
command -v mariadbd >/dev/null || missing+=(mariadb-server-core mariadb-client-core)
python3 -c 'import pyte' 2>/dev/null || missing+=(python3-pyte)
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing ${missing[*]}" >&2
  as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi
miharu=${MIHARU:-$PWD/target/release/miharu}
[ -n "${MIHARU:-}" ] || cargo build --quiet --release --locked

exec python3 tests/bench/watch.py --miharu "$miharu" "$@"
