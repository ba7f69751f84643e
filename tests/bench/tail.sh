#!/usr/bin/env bash
# Builds the release binary, installs lnav, and measures the console under 10 000 log lines a second
# (tests/bench/tail.py). MIHARU: another program than target/release/miharu.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v lnav >/dev/null; then
  echo "installing lnav" >&2
  if [ "$(id -u)" = 0 ]; then apt-get install -y -qq --no-install-recommends lnav >/dev/null
  else sudo apt-get install -y -qq --no-install-recommends lnav >/dev/null; fi
fi
bash tests/run.sh --install-only
[ -n "${MIHARU:-}" ] || cargo build --release --locked
exec "${AWSPEER_VENV:-target/awspeer-venv}/bin/python3" tests/bench/tail.py "$@"
