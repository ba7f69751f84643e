#!/usr/bin/env bash
# How long all rules take over a world of 10 000 tasks and 1 000 metrics, in a release build (goal: below 1 ms).
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo test --release --locked --test rules -- --nocapture speed::
