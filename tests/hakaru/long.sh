#!/usr/bin/env bash
# The longer runs of hakaru, on this machine: how much it records, and what an outage of the database costs.
# Starts everything itself, in a temporary directory, and ends it. Needs mariadbd, mariadb, wrk, curl.
#
#   tests/hakaru/long.sh PROGRAM [SECONDS] [CONNECTIONS]     (SECONDS of each run, 60 unless told)
set -euo pipefail
program=$(realpath "$1") seconds=${2:-60} connections=${3:-256}
export PATH="$PATH:/usr/sbin"
home=$(mktemp -d)
database='' service=''
finish() {
  for pid in $service $database; do kill -9 "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$home"
}
trap finish EXIT

root=()
[ "$(id -u)" = 0 ] && root=(--user=root)
mkdir "$home/tmp"
mariadb-install-db --no-defaults "${root[@]}" --datadir="$home/data" --tmpdir="$home/tmp" \
  --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve >/dev/null 2>&1
port=$((20000 + RANDOM % 10000)) web=$((30000 + RANDOM % 2000))

sql() { mariadb --no-defaults -uroot -S "$home/s.sock" -N -e "$1"; }
start_database() {
  mariadbd --no-defaults "${root[@]}" --datadir="$home/data" --socket="$home/s.sock" --pid-file="$home/pid" \
    --tmpdir="$home/tmp" --port="$port" --bind-address=127.0.0.1 --skip-name-resolve \
    --innodb-flush-log-at-trx-commit=1 --innodb-buffer-pool-size=256M --innodb-log-file-size=512M \
    >"$home/database.log" 2>&1 &
  database=$!
  until sql 'select 1' >/dev/null 2>&1; do sleep 0.1; done
}
start_service() {
  HAKARU_DATASOURCENAME="$1" "$program" hakaru --listen "127.0.0.1:$web" "${@:2}" 2>"$home/service.log" &
  service=$!
  until curl -sf "127.0.0.1:$web/ok" >/dev/null; do sleep 0.1; done
}
metric() { curl -s "127.0.0.1:$web/metrics" | awk -v name="$1" '$1 == name { print $2 }'; }
ticks() { awk '{ sub(/.*\) /, ""); print $12 + $13 }' "/proc/$1/stat" 2>/dev/null || echo 0; }
# report NAME COUNT: the load, the end, and what the event log holds
report() {
  local name=$1 count=$2 took=$3 before_service=$4 before_database=$5 answered refused
  answered=$(metric 'http_requests_total{handler="/hakaru",code="200"}')
  refused=$(metric 'http_requests_total{handler="/hakaru",code="503"}')
  local cpu_service=$(( ($(ticks "$service") - before_service) * 100 / (took * $(getconf CLK_TCK)) ))
  local cpu_database=$(( ($(ticks "$database") - before_database) * 100 / (took * $(getconf CLK_TCK)) ))
  kill -TERM "$service"
  local code=0
  wait "$service" || code=$?
  service=''
  local recorded
  recorded=$($count)
  echo "$name: $(awk '/Requests\/sec/ { print $2 }' "$home/wrk") answers/s, p50 $(awk '$1 == "50%" { print $2 }' "$home/wrk")," \
    "p99 $(awk '$1 == "99%" { print $2 }' "$home/wrk"); acknowledged $answered, refused $refused, recorded $recorded," \
    "cut off with the load $((recorded - answered)); hakaru $cpu_service %, database $cpu_database % of a core; exit $code"
  # What is acknowledged is recorded; more can only be what was under way when the load ended.
  if [ "$code" != 0 ] || [ "$recorded" -lt "$answered" ] || [ $((recorded - answered)) -gt "$connections" ]; then
    echo "$name: FAILED"
    cat "$home/service.log"
    exit 1
  fi
}
load() { wrk -t2 -c"$connections" -d"$1"s --latency "http://127.0.0.1:$web/hakaru?name=open&value=0" >"$home/wrk"; }
rows() { sql 'select count(*) from h.eventlog'; }
rows_sqlite() { python3 -c "import sqlite3; print(sqlite3.connect('$home/log.db').execute('select count(*) from eventlog').fetchone()[0])"; }

start_database
sql "create database h character set utf8mb4; create user 'm'@'127.0.0.1' identified by 'p'; grant all on h.* to 'm'@'127.0.0.1'"
dsn="m:p@tcp(127.0.0.1:$port)/h"
echo "$(sql 'select @@version'), innodb_flush_log_at_trx_commit=$(sql 'select @@innodb_flush_log_at_trx_commit'), $connections connections, $seconds s each, $(nproc) cores"

start_service "$dsn"
s=$(ticks "$service") d=$(ticks "$database")
load "$seconds"
report 'MariaDB' rows "$seconds" "$s" "$d"

sql 'truncate h.eventlog'
start_service "$dsn" --spool "$home/spool"
s=$(ticks "$service") d=$(ticks "$database")
load "$seconds" &
running=$!
sleep $((seconds / 3))
kill -9 "$database"
wait "$database" 2>/dev/null || true
echo "MariaDB is killed"
sleep $((seconds / 3))
start_database
echo "MariaDB is back; $(metric hakaru_spool_bytes) bytes are in the spool"
wait "$running"
until [ "$(metric hakaru_spool_bytes)" = 0 ]; do sleep 0.1; done
report 'MariaDB away for a third of the time, with the spool' rows "$seconds" "$s" 0

start_service "sqlite://$home/log.db"
s=$(ticks "$service") d=$(ticks "$database")
load "$seconds"
report 'SQLite, synchronous=FULL' rows_sqlite "$seconds" "$s" "$d"
