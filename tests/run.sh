#!/usr/bin/env bash
# Passes the tests on a fresh Debian machine with Rust, Python 3 and git. Installs what else they need, says
# so, and leaves no process behind.
#
#   tests/run.sh                 everything
#   tests/run.sh --install-only  only what is installed once
#   tests/run.sh ARGS...         ARGS go to cargo test, such as: tests/run.sh --test frames
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "tests/run.sh: $*"; }

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

packages=()
command -v cc >/dev/null || packages+=(build-essential)
command -v mariadbd >/dev/null || [ -x /usr/sbin/mariadbd ] || packages+=(mariadb-server-core mariadb-client-core)
command -v openssl >/dev/null || packages+=(openssl)
python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
if [ ${#packages[@]} -gt 0 ]; then
  say "installing Debian packages: ${packages[*]}"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

for component in rustfmt clippy; do
  cargo "${component/rustfmt/fmt}" --version >/dev/null 2>&1 || { say "installing rustup component $component"; rustup component add "$component"; }
done

# moto and what it needs, in an environment of their own below target/
export AWSPEER_VENV="${AWSPEER_VENV:-$PWD/target/awspeer-venv}"
wanted=$(sha256sum tests/requirements.txt | cut -d' ' -f1)
if [ "$(cat "$AWSPEER_VENV/.installed" 2>/dev/null)" != "$wanted" ]; then
  say "installing moto, boto3 and cbor2 into $AWSPEER_VENV"
  python3 -m venv "$AWSPEER_VENV"
  "$AWSPEER_VENV/bin/python3" -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
  printf '%s' "$wanted" >"$AWSPEER_VENV/.installed"
fi

[ "${1:-}" = "--install-only" ] && exit 0

# Tests never reach a real account, never read the user's settings, and never accept a snapshot by themselves.
unset "${!AWS_@}" "${!MIHARU_@}" 2>/dev/null || true
unset HTTP_PROXY HTTPS_PROXY http_proxy https_proxy ALL_PROXY all_proxy
export AWS_EC2_METADATA_DISABLED=true INSTA_UPDATE="${INSTA_UPDATE:-no}"

status=0
cargo test --locked "$@" || status=$?

# A test that leaves a process behind has failed.
left=$(pgrep -f "$PWD/tests/awspeer|$PWD/target/debug/miharu" || true)
if [ -n "$left" ]; then
  say "processes left behind:"
  ps -o pid,args -p "$(echo "$left" | paste -sd,)" || true
  # shellcheck disable=SC2086
  kill $left 2>/dev/null || true
  status=1
fi
exit "$status"
