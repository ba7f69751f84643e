#!/usr/bin/env bash
# Builds the release binary, installs the peers, and runs the console benchmark (tests/bench/console.py).
set -euo pipefail
cd "$(dirname "$0")/../.."
missing=()
for peer in htop btop; do command -v "$peer" >/dev/null || missing+=("$peer"); done
if [ ${#missing[@]} -gt 0 ]; then
  echo "installing ${missing[*]}" >&2
  if [ "$(id -u)" = 0 ]; then apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  else sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; fi
fi
bash tests/run.sh --install-only
cargo build --release --locked
exec "${AWSPEER_VENV:-target/awspeer-venv}/bin/python3" tests/bench/console.py "$@"
