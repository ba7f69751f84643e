#!/usr/bin/env bash
# How long a journal of a million entries (or as many as are said) takes to open and to page, on SQLite and on a
# MariaDB of its own. Fails where anything takes longer than half a second.
#
#   tests/bench/journal.sh [ENTRIES]
set -euo pipefail
cd "$(dirname "$0")/../.."
JOURNAL_ENTRIES="${1:-1000000}" cargo test --locked --test store -- --nocapture --test-threads=1 size::
