#!/usr/bin/env bash
# Measures the modules of log lines by themselves, in a release build: intake, append, filter, search over a million
# lines, memory; beside a copy of the same bytes, `grep`, and `lnav` reading and filtering the same lines.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v lnav >/dev/null; then
  echo "installing lnav" >&2
  if [ "$(id -u)" = 0 ]; then apt-get install -y -qq --no-install-recommends lnav >/dev/null
  else sudo apt-get install -y -qq --no-install-recommends lnav >/dev/null; fi
fi

target="$PWD/target"
cp Cargo.lock tests/bench/logs/Cargo.lock
folder=$(mktemp -d "${TMPDIR:-/tmp}/miharu-logs.XXXXXX")
trap 'rm -rf "$folder"' EXIT
# As the console is built: its profile, in which it is a dependency here.
awk '/^\[/ { ours = /^\[profile\.release/; own = /^\[profile\.release\]/ }
  ours { print } own && /^(opt-level|codegen-units) / { of_miharu = of_miharu $0 "\n" }
  END { printf "[profile.release.package.miharu]\n%s", of_miharu }' Cargo.toml >"$folder/profile.toml"
cargo --config "$folder/profile.toml" build --quiet --release --manifest-path tests/bench/logs/Cargo.toml --target-dir "$target"

"$target/release/log-bench" speed "$folder/lines.log"
"$target/release/log-bench" memory 100000
"$target/release/log-bench" memory 1000000

lnav() {
  local began ended
  began=$(date +%s%N)
  HOME="$folder" TERM=dumb command lnav -N -n "$@" "$folder/lines.log" >/dev/null 2>"$folder/lnav.errors" </dev/null || tail -2 "$folder/lnav.errors"
  ended=$(date +%s%N)
  took=$(((ended - began) / 1000000))
}
lnav -c ':goto 0' -c ':write-view-to /dev/null'
echo "lnav: reads the file, writes it out                        $took ms"
lnav -c ':filter-in NEEDLE-7f3a'
echo "lnav: reads the file, shows what has NEEDLE-7f3a           $took ms"
