#!/usr/bin/env bash
# Holds the dependency tree to one HTTP stack and one TLS stack that build without cmake.
set -euo pipefail
cd "$(dirname "$0")/.."
tree=$(cargo tree --locked --edges normal,build --prefix none --no-dedupe | awk '{print $1, $2}' | sort -u)
fail=0
for name in hyper rustls tokio ratatui-core crossterm; do
  n=$(printf '%s\n' "$tree" | grep -c "^$name v" || true)
  if [ "$n" != 1 ]; then
    echo "$name: $n versions, one wanted (cargo tree -i $name)"
    fail=1
  fi
done
for name in aws-lc-rs aws-lc-sys cmake openssl-sys native-tls aws-sdk-ec2; do
  if printf '%s\n' "$tree" | grep -q "^$name v"; then
    echo "$name is in the tree and must not be (cargo tree -i $name)"
    fail=1
  fi
done
printf '%s crates in the tree; twice:\n' "$(printf '%s\n' "$tree" | wc -l)"
printf '%s\n' "$tree" | awk '{print $1}' | uniq -d | paste -sd' '
exit $fail
