"""What tests/bench/impressions.sh runs. Every process it starts ends with it; every number comes from the process
that it is about: offered and answered from the load, recorded from the database, processor time from the kernel."""

import argparse
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from started import MariaDb, Processes, Sqlite, answers, cpu, flush_time, free_port, listens, metric, until

# What wrk prints at its end: requests, errors, microseconds.
LUA = """done = function(s, l, r)
  local e = s.errors
  io.write(string.format("RESULT %d %d %d %d %d %d %d %d\\n", s.requests, e.status, e.connect + e.read + e.write,
    e.timeout, s.duration, l:percentile(50), l:percentile(99), l.max))
end
"""


@dataclass
class Run:
    """A load on a service, and what came of it."""

    name: str
    offered: int
    sent: int
    acknowledged: int
    recorded: int
    latency: dict
    planned: float
    seconds: float
    load: float
    service: float
    database: float
    code: int

    @property
    def ratio(self):
        return self.acknowledged / self.offered if self.offered else 0.0

    @property
    def lost(self):
        return max(0, self.acknowledged - self.recorded)

    def line(self):
        share = [f"{100 * used / self.seconds:.0f} %" for used in (self.load, self.service, self.database)]
        times = [("-" if self.latency.get(p) is None else f"{self.latency[p]:.1f}") for p in ("p50", "p99", "p999", "max")]
        return [self.name, f"{self.sent / self.planned:.0f}", f"{self.acknowledged}", f"{self.recorded}",
                f"{self.lost}", percent(self.ratio), *times, *share]


@dataclass
class Closed:
    """What wrk saw: answers and rows a second, requests without an answer, the service's µs for an answer."""

    answers: float
    rows: float
    failed: int
    micros: float


HEAD = ["", "offered/s", "answered", "recorded", "lost", "ok %", "p50 ms", "p99", "p99.9", "max", "load", "service", "db"]
WIDTHS = [30, 9, 9, 9, 8, 7, 8, 8, 8, 8, 6, 7, 6]


def percent(ratio):
    """Rounded down: 99.8999 never reads as 99.90."""
    return f"{math.floor(ratio * 1e5) / 1e3:.3f}"


def row(cells):
    print(" ".join(f"{c:<{w}}" if n == 0 else f"{c:>{w}}" for n, (c, w) in enumerate(zip(cells, WIDTHS))), flush=True)


class Bench:
    def __init__(self, options, processes, home):
        self.options, self.processes, self.home = options, processes, home
        self.missed = []

    def goal(self, met, text):
        print(f"  {'met   ' if met else 'MISSED'} {text}", flush=True)
        if not met:
            self.missed.append(text)

    def service(self, kind, database, *arguments):
        """Starts one of the three on an empty event log."""
        database.empty()
        address, log = f"127.0.0.1:{free_port()}", f"{self.home}/{kind}.log"
        if kind == "hakaru":
            command = [self.options.miharu, "hakaru", "--listen", address, *arguments]
            child = self.processes.start(*command, log=log, env={"HAKARU_DATASOURCENAME": database.dsn})
            until("hakaru is well", lambda: answers(f"http://{address}/ok"), child, log)
            said = Path(log).read_text() if not arguments else ""
            durable = "synchronous=full" if database.process is None else "innodb_flush_log_at_trx_commit=1"
            # With a spool it goes to the database with the first impression.
            if not arguments and durable not in said:
                sys.exit(f"hakaru does not say {durable}:\n{said}")
        else:
            child = self.processes.start(f"{self.options.services}/{kind}", address, database.url, log=log)
            until(f"{kind} listens", lambda: listens(address), child, log)
        return child, f"http://{address}"

    def open_loop(self, kind, database, keep_alive, seconds):
        """kakeru at the goal's rate."""
        child, url = self.service(kind, database)
        before = cpu(child), cpu(database.process) if database.process else 0.0
        began = time.monotonic()
        command = [self.options.miharu, "kakeru", url, "--rate", str(self.options.rate), "--duration", f"{seconds}s",
                   "--timeout", "3s", "--json", *(["--keep-alive"] if keep_alive else [])]
        out, err, used, code = self.processes.output(*command)
        if code != 0 or not out:
            sys.exit(f"kakeru: {code}\n{err}")
        took = time.monotonic() - began
        after = cpu(child), cpu(database.process) if database.process else 0.0
        report = json.loads(out)
        ended = self.processes.end(child)
        acknowledged, sent = report["succeeded"], report["sent"]
        offered = round(self.options.rate * seconds)
        run = Run(f"{kind} · {database.name}", offered, sent, acknowledged, database.rows(), report["latency_ms"], seconds,
                  took, used, after[0] - before[0], after[1] - before[1], ended)
        row(run.line())
        if report["failed"]:
            print("  failed: " + ", ".join(f"{n} {why}" for why, n in report["failed"].items()))
        if sent != offered:
            print(f"  {offered - sent} could not be offered: the load itself had no processor left")
        return run

    def check(self, run):
        """What hakaru promises. What was recorded without an answer that arrived is no loss, and is counted."""
        failed = run.offered - run.acknowledged
        unheard = run.recorded - run.acknowledged
        self.goal(run.ratio >= self.options.objective,
                  f"{run.name}: {percent(run.ratio)} % of {self.options.rate}/s answered with 200 within 3 s")
        if failed == 0:
            self.goal(unheard == 0, f"{run.name}: recorded == acknowledged: {run.recorded} == {run.acknowledged}")
        else:
            self.goal(0 <= unheard <= failed, f"{run.name}: nothing lost: {run.recorded} recorded = {run.acknowledged} "
                      f"acknowledged + {unheard} of the {failed} that failed")
        self.goal(run.code == 0, f"{run.name}: exit code 0 after SIGTERM")

    def outage(self, database, away):
        """MariaDB is killed for a while under load; the spool bridges that."""
        rate, seconds = self.options.outage_rate, 3 * away
        child, url = self.service("hakaru", database, "--spool", f"{self.home}/spool")
        began = time.monotonic()
        load = threading.Thread(target=lambda: found.append(self.processes.output(
            self.options.miharu, "kakeru", url, "--rate", str(rate), "--duration", f"{seconds}s", "--timeout", "3s",
            "--json", "--keep-alive")))
        found = []
        load.start()
        time.sleep(away)
        database.kill()
        time.sleep(away)
        print(f"  {away} s without MariaDB: {metric(url, 'hakaru_spool_bytes'):.0f} bytes in the spool", flush=True)
        database.begin()
        load.join()
        until("the spool is empty", lambda: metric(url, "hakaru_spool_bytes") == 0, child, f"{self.home}/hakaru.log")
        print(f"  the spool is empty {max(0.0, time.monotonic() - began - seconds):.1f} s after the load's end; "
              f"replayed {metric(url, 'hakaru_replayed_total'):.0f}, known already "
              f"{metric(url, 'hakaru_replay_skipped_total'):.0f}, exactly once: {metric(url, 'hakaru_exactly_once') == 1}")
        code = self.processes.end(child)
        out, err, _, ended = found[0]
        if ended != 0 or not out:
            sys.exit(f"kakeru: {ended}\n{err}")
        report, rows = json.loads(out), database.rows()
        good, failed = report["succeeded"], rate * seconds - report["succeeded"]
        if report["failed"]:
            print("  failed: " + ", ".join(f"{n} {why}" for why, n in report["failed"].items()))
        print("  latency: " + ", ".join(f"{p} {ms} ms" for p, ms in report["latency_ms"].items()))
        name = f"MariaDB away for {away} of {seconds} s at {rate}/s"
        self.goal(good / (rate * seconds) >= self.options.objective, f"{name}: {percent(good / (rate * seconds))} % answered with 200")
        self.goal(0 <= rows - good <= failed, f"{name}: {rows} recorded, {good} acknowledged, {failed} failed: nothing lost or doubled")
        self.goal(code == 0, f"{name}: exit code 0 after SIGTERM")

    def closed_loop(self, kind, database, connections, seconds, close=False):
        """wrk: answers a second, as fast as they come."""
        child, url = self.service(kind, database)
        script = self.home / "wrk.lua"
        script.write_text(LUA)
        header = ["-H", "Connection: close"] if close else []
        before = cpu(child)
        out, err, _, code = self.processes.output("wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "-s", str(script), *header,
                                                  f"{url}/hakaru?name=open&value=0")
        found = [line.split()[1:] for line in out.splitlines() if line.startswith("RESULT ")]
        if code != 0 or not found:
            sys.exit(f"wrk: {code}\n{out}{err}")
        requests, status, broken, late, micros, *_ = map(int, found[0])
        used = cpu(child) - before
        self.processes.end(child)
        rows = database.rows()
        good = requests - status
        if kind != "original" and not 0 <= rows - good <= connections:
            self.goal(False, f"{kind} · {database.name}: {good} answered and {rows} recorded; wrk broke off {connections}")
        return Closed(good / micros * 1e6, rows / micros * 1e6, broken + late, used / max(1, good) * 1e6)

    def ceiling(self, database, rounds, seconds):
        """hakaru and the throwaway in turns, so that both have the same share of what else this machine does."""
        rates = {"hakaru": [], "throwaway": []}
        for number in range(rounds):
            # Nobody is always the first after the other.
            for kind in sorted(rates, reverse=number % 2 == 1):
                rates[kind].append(self.closed_loop(kind, database, self.options.connections, seconds))
        best = {kind: max(run.answers for run in found) for kind, found in rates.items()}
        for kind, found in rates.items():
            print(f"  {kind:<10} {best[kind]:8.0f}/s   of {', '.join(f'{run.answers:.0f}' for run in found)};"
                  f" {sum(run.micros for run in found) / rounds:.1f} µs of processor for an answer")
        # Runs of one server differ by this much, so a smaller difference between two of them says nothing.
        apart = max((max(f) - min(f)) / max(f) for f in ([run.answers for run in found] for found in rates.values()))
        ratio = best["hakaru"] / best["throwaway"]
        self.goal(ratio >= 1 - min(apart, 0.1),
                  f"ceiling on {database.name}: hakaru is not below the throwaway"
                  f" ({ratio:.2f} times; runs of one server are up to {apart:.0%} apart)")


def measure(options, processes, home):
    bench = Bench(options, processes, home)
    wanted = lambda name: not options.only or name in options.only.split(",")
    kind = subprocess.run(["stat", "-f", "-c", "%T", home], capture_output=True, text=True, check=True).stdout.strip()
    print(f"{os.cpu_count()} processors; {home} is on {kind}, fdatasync of 4 KiB takes {flush_time(home):.2f} ms")
    if kind in ("tmpfs", "ramfs"):
        sys.exit("that is no disk: set TMPDIR to a directory on one")
    databases = [MariaDb(processes, home), Sqlite(processes, home)]
    for database in databases:
        print(f"{database.name}: {database.durability()}")
    print(f"\nOpen loop, {options.rate}/s for {options.seconds} s, connections kept alive; shares are of one processor")
    row(HEAD)
    for database in databases:
        if wanted(database.name.lower()):
            bench.check(bench.open_loop("hakaru", database, True, options.seconds))
    if wanted("outage"):
        print("\nMariaDB is killed under load and started again, with a spool")
        bench.outage(databases[0], options.away)
    if wanted("original"):
        seconds = min(options.seconds, 15)
        print(f"\nThe original's way, {seconds} s: a connection per request from the load, and one to the database")
        row(HEAD)
        bench.open_loop("original", databases[0], False, seconds)
        run = bench.closed_loop("original", databases[0], 64, options.ceiling, close=True)
        print(f"  closed loop, 64 connections: {run.answers:.0f} answers/s, {run.rows:.0f} recorded/s, "
              f"{run.failed} failed")
    if wanted("ceiling"):
        for database in databases:
            print(f"\nCeiling on {database.name}: wrk, closed loop, {options.connections} connections, "
                  f"{options.rounds} times {options.ceiling} s each in turns")
            bench.ceiling(database, options.rounds, options.ceiling)
    return bench.missed


def main():
    parser = argparse.ArgumentParser(prog="impressions")
    parser.add_argument("--miharu", required=True)
    parser.add_argument("--services", required=True)
    parser.add_argument("--rate", type=int, default=30_000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--objective", type=float, default=0.999)
    parser.add_argument("--connections", type=int, default=256, help="of wrk")
    parser.add_argument("--outage-rate", type=int, default=10_000)
    parser.add_argument("--only", help="mariadb, sqlite, outage, original, ceiling")
    parser.add_argument("--quick", action="store_true", help="short, to try it; the goals count all the same")
    options = parser.parse_args()
    options.away = 4 if options.quick else 20
    options.ceiling, options.rounds = (3, 2) if options.quick else (5, 3)
    options.seconds = min(options.seconds, 10) if options.quick else options.seconds
    ends = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in ends:
        signal.signal(number, lambda n, _: sys.exit(128 + n))
    processes, home = Processes(), Path(tempfile.mkdtemp(prefix="miharu-impressions-"))
    try:
        missed = measure(options, processes, home)
    finally:
        # Whoever is in a hurry does not keep anything from being ended.
        for number in ends:
            signal.signal(number, signal.SIG_IGN)
        processes.end_all()
        shutil.rmtree(home, ignore_errors=True)
    print(f"\n{'Every goal is met.' if not missed else f'MISSED: {len(missed)}'}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
