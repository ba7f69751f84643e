#!/usr/bin/env python3
"""Measures the console in a pseudo-terminal beside its peers, in one run.

  tests/bench/console.sh [--quick]

First frame (from exec to the first text), bytes and processor time while idle, live and frozen, memory, and the
time from a key to its own effect on the screen while the AWS endpoint throttles, hangs, refuses, fails, talks
garbage or drops the connection. Peers: htop and btop in the same terminal; the floor of a first frame is
`printf` in the same terminal.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
from pseudo import Program, percentile  # noqa: E402

MIHARU = os.environ.get("MIHARU") or os.path.join(ROOT, "target/release/miharu")
CLEAN = {"HOME": tempfile.gettempdir(), "XDG_CONFIG_HOME": "/nonexistent", "LANG": "C.UTF-8"}


def row(*cells):
    print("| " + " | ".join(str(c) for c in cells) + " |", flush=True)


def first_frame(runs):
    print("\n### From exec to the first frame\n")
    row("program", "p50 ms", "max ms", "ratio to printf", "goal")
    row("---", "--:", "--:", "--:", "--")
    floor = None
    for name, command in [
        ("printf (floor)", ["/usr/bin/printf", "x"]),
        ("miharu demo", [MIHARU, "demo", "--seed", "7"]),
        ("htop", ["htop"]),
        ("btop", ["btop", "--utf-force"]),
    ]:
        times = []
        for _ in range(runs):
            program = Program(command, env=CLEAN)
            program.pump(5, lambda: program.first_text is not None)
            times.append((program.first_text - program.started) * 1000 if program.first_text else 5000)
            program.end()
        p50 = percentile(times, 0.5)
        floor = floor or p50
        goal = ("50 ms: met" if p50 <= 50 else "50 ms: MISSED") if name.startswith("miharu") else ""
        row(name, f"{p50:.1f}", f"{max(times):.1f}", f"{p50 / floor:.1f}×", goal)


def idle(seconds):
    print(f"\n### Idle for {seconds} s at 120×40\n")
    row("program", "bytes/s", "% of a core", "MiB resident", "goal")
    row("---", "--:", "--:", "--:", "--")
    for name, command, keys, goal in [
        ("miharu demo calm, live", [MIHARU, "demo", "--seed", "7"], "", 200),
        ("miharu demo calm, frozen", [MIHARU, "demo", "--seed", "7"], " ", 0),
        ("htop", ["htop"], "", None),
        ("btop", ["btop", "--utf-force"], "", None),
    ]:
        program = Program(command, env=CLEAN)
        program.pump(8)  # everything has been read once
        if keys:
            program.press(keys)
            program.pump(1)
        written, cpu = program.written, program.cpu()
        program.pump(seconds)
        rate, share = (program.written - written) / seconds, (program.cpu() - cpu) / seconds * 100
        said = "" if goal is None else f"{goal} B/s: {'met' if rate <= goal else 'MISSED'}"
        row(name, f"{rate:.0f}", f"{share:.2f}", f"{program.memory_mib():.1f}", said)
        program.end()


class Peer:
    """The AWS endpoint of the tests with the environment of the tests in it."""

    def __init__(self):
        awspeer = os.path.join(ROOT, "tests/awspeer")
        self.process = subprocess.Popen([sys.executable, awspeer, "--port", "0", "--speed", "20"], stdout=subprocess.PIPE, text=True)
        port = self.process.stdout.readline().split()[-1]
        self.url = f"http://127.0.0.1:{port}"
        self.env = {**CLEAN, "AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b",
                    "AWS_EC2_METADATA_DISABLED": "true", "MIHARU_ENVIRONMENT__DEFAULT__PROBE__ENABLED": "false",
                    "MIHARU_POLL__ECS": "2s", "MIHARU_DEADLINE__ECS": "2s", "MIHARU_POLL__EFS": "2s", "MIHARU_DEADLINE__EFS": "2s"}
        made = subprocess.run([sys.executable, os.path.join(ROOT, "tests/support/world.py"), "--endpoint", self.url,
                               "--region", "ap-northeast-1"],
                              check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **self.env})
        world = json.loads(made.stdout)
        self.env.update(EFS_FILE_SYSTEM_ID=world["file_system"], ECS_CLUSTER_NAME=world["cluster"],
                        ECS_SERVICE_NAME=world["service"], SSM_PARAMETER_NAME=world["parameter"], AWS_REGION=world["region"])

    def faults(self, faults):
        request = urllib.request.Request(self.url + "/_peer/faults?region=ap-northeast-1", json.dumps(faults).encode(), method="POST")
        urllib.request.urlopen(request, timeout=5).read()


def key_latency(times):
    print("\n### From a key to its own effect on the screen while the endpoint misbehaves\n")
    row("endpoint", "keys", "p50 ms", "p99 ms", "max ms", "goal p99 16 ms", "said on the screen")
    row("---", "--:", "--:", "--:", "--:", "--", "--")
    peer = Peer()
    lots = 1_000_000
    try:
        for name, fault in [
            ("answers", {}),
            ("throttles", {"*": {"status": 400, "code": "ThrottlingException", "times": lots}}),
            ("hangs", {"*": {"delay": 60, "times": lots}}),
            ("403", {"*": {"status": 403, "code": "AccessDeniedException", "times": lots}}),
            ("500", {"*": {"status": 500, "code": "InternalFailure", "times": lots}}),
            ("garbage", {"*": {"garbage": True, "times": lots}}),
            ("drops in the middle", {"*": {"cut": True, "times": lots}}),
        ]:
            peer.faults({})
            program = Program([MIHARU], env=peer.env)
            program.pump(20, lambda: "all fresh" in program.text())
            peer.faults(fault)
            program.press("r")
            program.pump(8)
            latencies = program.latency(["2", "3"], times)
            seen = [t for t in latencies if t is not None]
            program.press("1")
            program.pump(0.5)
            words = ["throttled", "no answer", "denied", "server error", "unreadable", "unreachable", "all fresh"]
            said = ", ".join(w for w in words if w in program.text()) or "nothing yet"
            p99 = percentile(seen, 0.99) if seen else float("inf")
            lost = len(latencies) - len(seen)
            row(name, f"{len(seen)}{f' ({lost} lost)' if lost else ''}", f"{percentile(seen, 0.5):.1f}", f"{p99:.1f}", f"{max(seen):.1f}",
                "met" if p99 <= 16 and not lost else "MISSED", said)
            program.end()
    finally:
        peer.faults({})
        peer.process.terminate()
        peer.process.wait(5)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer runs, for a look")
    quick = parser.parse_args().quick
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, one run")
    first_frame(5 if quick else 20)
    idle(10 if quick else 60)
    key_latency(30 if quick else 200)


if __name__ == "__main__":
    main()
