#!/usr/bin/env bash
# kakeru beside wrk and oha on one server: rate, percentiles and processor time of each; then the same with a server
# that stands still for a second. wrk and oha wait for an answer before they ask again, so a stall stops their
# questions too: each connection sees it once. wrk 4 adds afterwards what it guesses it has not asked; oha does
# with --latency-correction. kakeru asks at the intended times and has nothing to guess.
#
#   tests/bench/kakeru.sh [RATE] [SECONDS]     default 30000 10
#
# Installs wrk (Debian) and, unless SKIP_OHA is set, oha (cargo, into target/bench-peers) if they are missing. The server
# is hakaru on an SQLite file in a temporary directory. Goals, exit 1 if one is missed: over 30 s the rate is offered
# within 0.5 %, as the server counts it; kakeru's percentiles show the stall.
set -euo pipefail
cd "$(dirname "$0")/../.."
rate=${1:-30000}
seconds=${2:-10}
connections=${CONNECTIONS:-64}
miharu=${MIHARU:-target/release/miharu}

say() { printf '%s\n' "$*" >&2; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

if ! command -v wrk >/dev/null; then
  say "installing wrk"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wrk >/dev/null
fi
export PATH="$PWD/target/bench-peers/bin:$PATH"
if [ -z "${SKIP_OHA:-}" ] && ! command -v oha >/dev/null; then
  say "installing oha (some minutes)"
  cargo install --locked --quiet --root target/bench-peers oha@1.16.0
fi
[ -n "${MIHARU:-}" ] || cargo build --quiet --release --locked

work=$(mktemp -d)
server=
cleanup() {
  # A tool that runs in the foreground, when this was ended from outside.
  pkill -P $$ 2>/dev/null || true
  if [ -n "$server" ]; then
    kill -CONT "$server" 2>/dev/null || true
    kill "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap cleanup EXIT

listen=127.0.0.1:${PORT:-18081}
url=http://$listen
"$miharu" hakaru --listen "$listen" --database "sqlite://$work/log.db" >"$work/hakaru.log" 2>&1 &
server=$!
for _ in $(seq 100); do
  curl -sf "$url/ok" >/dev/null && break
  sleep 0.1
done
ask="$url/hakaru?name=open&value=0"

# Each tool's own numbers, and the processor time it took, as one line of the table.
line() { printf '%-24s %10s %9s %9s %9s %9s %7s\n' "$@"; }
timed() { # FILE COMMAND...: standard output to FILE, user + system seconds to FILE.cpu
  local file=$1
  shift
  local status=0
  TIMEFORMAT='%U %S'
  { time "$@" >"$file" 2>"$file.err"; } 2>"$file.time" || status=$?
  awk '{ printf "%.2f", $1 + $2 }' "$file.time" >"$file.cpu"
  return "$status"
}
stall() { # stops the server for a second in the middle
  sleep "$(awk "BEGIN { print $seconds / 2 }")"
  kill -STOP "$server"
  sleep 1
  kill -CONT "$server"
}

kakeru() {
  timed "$work/kakeru" "$miharu" kakeru "$url" --rate "$rate" --duration "${seconds}s" --keep-alive --json || return
  python3 - "$work/kakeru" <<'P'
import json, sys
r = json.load(open(sys.argv[1])); l = r["latency_ms"]
cpu = open(sys.argv[1] + ".cpu").read()
per_s = r["succeeded"] / r["took_s"]
print("%-24s %10.0f %9.2f %9.2f %9.2f %9.2f %6ss" % ("kakeru", per_s, l["p50"], l["p99"], l["p999"], l["max"], cpu))
if not r["offered_exactly"]: print("  the rate was not offered")
if r["failed"]: print("  failed:", r["failed"])
P
}
wrk_() {
  cat >"$work/wrk.lua" <<'L'
done = function(s, l, r)
  io.write(string.format("%.0f %.2f %.2f %.2f %.2f\n", s.requests / s.duration * 1e6,
    l:percentile(50) / 1e3, l:percentile(99) / 1e3, l:percentile(99.9) / 1e3, l.max / 1e3))
end
L
  timed "$work/wrk" wrk -t2 -c"$connections" -d"${seconds}s" -s "$work/wrk.lua" "$ask" || return
  # shellcheck disable=SC2046 # five numbers
  line "wrk (closed loop)" $(tail -1 "$work/wrk") "$(cat "$work/wrk.cpu")s"
}
oha_() { # NAME FLAGS...
  local name=$1
  shift
  timed "$work/oha" oha --no-tui --output-format json -c "$connections" -z "${seconds}s" "$@" "$ask" || return
  python3 - "$work/oha" "$name" <<'P'
import json, sys
r = json.load(open(sys.argv[1])); l = r["latencyPercentiles"]; s = r["summary"]
cpu = open(sys.argv[1] + ".cpu").read()
print("%-24s %10.0f %9.2f %9.2f %9.2f %9.2f %6ss" % (sys.argv[2], s["requestsPerSec"], *(1e3 * x for x in (l["p50"], l["p99"], l["p99.9"], s["slowest"])), cpu))
P
}
table() { # stall or true
  line "" "answers/s" "p50 ms" "p99 ms" "p99.9 ms" "max ms" "cpu"
  local tool
  for tool in kakeru wrk_ "oha_ oha" "oha_ oha_at_the_rate -q $rate" "oha_ oha_corrected -q $rate --latency-correction"; do
    [[ $tool != oha_* ]] || command -v oha >/dev/null || continue
    $1 &
    local other=$!
    # shellcheck disable=SC2086 # a function with arguments
    $tool || say "${tool%% *} failed: $(tail -3 "$work"/*.err)"
    wait "$other"
    sleep 1
  done
}

answered() { curl -s "$url/metrics" | awk '/^http_requests_total{handler="\/hakaru"/ { sum += $2 } END { print sum }'; }
exactly() { # 30 s, and what the server has counted meanwhile
  local before after
  before=$(answered)
  "$miharu" kakeru "$url" --rate "$rate" --duration 30s --keep-alive --json >"$work/exact" 2>"$work/exact.err" || return
  after=$(answered)
  python3 - "$work/exact" "$rate" $((after - before)) <<'P'
import json, sys
r, rate, seen = json.load(open(sys.argv[1])), float(sys.argv[2]), int(sys.argv[3])
off = 100 * (r["sent"] / (rate * 30) - 1)
print("sent %d in 30 s: %+.3f %% off %.0f/s; the server answered %d; %d succeeded" % (r["sent"], off, rate, seen, r["succeeded"]))
if abs(off) > 0.5 or not r["offered_exactly"] or seen < r["succeeded"] or seen > r["sent"]:
    sys.exit("MISSED: the rate was not offered within 0.5 %")
P
}
shown() { # of all requests one in SECONDS came in the stall, and the last of those waited least
  python3 - "$work/kakeru" "$seconds" <<'P'
import json, sys
p99 = json.load(open(sys.argv[1]))["latency_ms"]["p99"]
least = 800 * (1 - float(sys.argv[2]) / 100)
if p99 < least: sys.exit("MISSED: kakeru's p99 of %.0f ms hides the stall" % p99)
print("kakeru's p99 shows the stall: %.0f ms" % p99)
P
}

missed=0
echo "$rate/s for $seconds s on $url, $connections connections (wrk, oha), $(nproc) processors"
table true
echo
echo "the same, and the server stands still for 1 s"
table stall
shown || missed=1
echo
exactly || missed=1
exit "$missed"
