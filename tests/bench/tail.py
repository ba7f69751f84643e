#!/usr/bin/env python3
"""Measures the console while log lines pour in and an endpoint hangs, beside lnav on the same lines.

  tests/bench/tail.sh [--quick]

An endpoint on loopback gives 10 000 lines a second by FilterLogEvents, with CloudWatch's limits of a page
(10 000 events, 1 MB); the endpoint of all other services hangs. Measured in a 120×40 pseudo-terminal, on the screen
of the logs: the time from a key to its own effect, bytes and processor time, memory beyond the text of the lines, how
far the newest line on the screen is behind, and that the figures of the head line add up. lnav reads a file that
grows by the same lines. MIHARU=target/package/miharu measures the static binary.
"""

import argparse
import json
import multiprocessing
import os
import re
import sys
import tempfile
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from console import CLEAN, MIHARU, Peer, row  # noqa: E402
from pseudo import Program, percentile  # noqa: E402

PAGE_EVENTS, PAGE_BYTES = 10_000, 1_000_000
STREAM = "app/7f3a"


def message(i):
    """Line `i`: 100 characters, one in twenty a warning, one in a hundred an error."""
    level = "ERROR" if i % 100 == 0 else "WARN" if i % 20 == 0 else "INFO"
    return f"{level} [{i:012d}] file-svc request {i % 9973} of zone 1{'acd'[i % 3]} took {i % 997} ms, list v{i % 7}".ljust(100, ".")


class Lines:
    """Lines at a rate since a moment, `most` in all; line `i` happened at `began + i / rate`, and is there 200 ms
    later."""

    def __init__(self, rate, most=sys.maxsize):
        self.rate, self.began, self.most = rate, int(time.time() * 1000), most
        self.calls = multiprocessing.Value("i", 0)

    def known(self):
        return min(self.most, max(0, int((time.time() * 1000 - 200 - self.began) * self.rate / 1000)))

    def page(self, start, end, token):
        until = min(self.known(), (end - self.began) * self.rate // 1000 + 1 if end else sys.maxsize)
        first = int(token) if token else max(0, -(-(start - self.began) * self.rate // 1000))
        last = min(until, first + min(PAGE_EVENTS, PAGE_BYTES // 126))
        events = [
            {"eventId": f"{i:056d}", "timestamp": at, "ingestionTime": at + 150, "logStreamName": STREAM, "message": message(i)}
            for i in range(first, last)
            for at in [self.began + i * 1000 // self.rate]
        ]
        return {"events": events, **({"nextToken": str(last)} if last < until else {})}


def handler(lines, group):
    class Endpoint(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
            operation = self.headers["x-amz-target"].split(".")[1]
            if operation == "FilterLogEvents" and asked["logGroupName"] == group:
                with lines.calls.get_lock():
                    lines.calls.value += 1
                answer = lines.page(asked.get("startTime", 0), asked.get("endTime"), asked.get("nextToken"))
            elif operation == "FilterLogEvents":
                answer = {"events": []}
            elif operation == "DescribeLogGroups":
                answer = {"logGroups": [{"logGroupName": group}] if group.startswith(asked.get("logGroupNamePrefix", "")) else []}
            else:
                answer = {}
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/x-amz-json-1.1")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Endpoint


def serve(lines, group, port):
    """The endpoint. In a process of its own: in this one, writing a page would keep the clock of the keys waiting."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(lines, group))
    port.send(server.server_port)
    server.serve_forever()


def served(lines, group):
    """The endpoint's process and address."""
    port, theirs = multiprocessing.Pipe(duplex=False)
    server = multiprocessing.Process(target=serve, args=(lines, group, theirs), daemon=True)
    server.start()
    return server, f"http://127.0.0.1:{port.recv()}"


def grow(path, lines, stop):
    """Writes the same lines into a file, as they happen."""
    written = 0
    with open(path, "w", buffering=1 << 20) as file:
        while not stop.wait(0.05):
            known = lines.known()
            for i in range(written, known):
                at = lines.began / 1000 + i / lines.rate
                stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at))
                file.write(f"{stamp}.{int(at * 1000) % 1000:03d}Z {message(i)}\n")
            file.flush()
            written = known


def measured(name, program, keys, seconds, times, goal):
    written, cpu = program.written, program.cpu()
    program.pump(seconds)
    rate, share = (program.written - written) / seconds, (program.cpu() - cpu) / seconds * 100
    latencies = program.latency(keys, times)
    seen = [t for t in latencies if t is not None]
    lost = len(latencies) - len(seen)
    p99 = percentile(seen, 0.99) if seen else float("inf")
    met = p99 <= 16 and not lost
    row(name, f"{len(seen)}{f' ({lost} lost)' if lost else ''}", f"{percentile(seen, 0.5):.1f}" if seen else "-", f"{p99:.1f}",
        f"{max(seen):.1f}" if seen else "-", f"{rate / 1000:.1f}", f"{share:.0f}", f"{program.memory_mib():.0f}",
        ("met" if met else "MISSED") if goal else "")
    return met or not goal


def newest(text):
    """The number of the newest line on the screen."""
    numbers = [int(n) for n in re.findall(r"\[(\d{12})\]", text)]
    return max(numbers, default=None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer keys, for a look")
    parser.add_argument("--rate", type=int, default=10_000, help="lines a second")
    options = parser.parse_args()
    times, seconds = (40, 10) if options.quick else (200, 30)
    ok = True
    peer = Peer()
    lines = Lines(options.rate)
    group = "/ecs/lines"
    server, address = served(lines, group)
    stop = multiprocessing.Event()
    try:
        env = {**peer.env, "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": address,
               "MIHARU_ENVIRONMENT__DEFAULT__LOGS__GROUPS": group}
        print(f"\n### {options.rate} lines a second, other endpoints hang, 120×40\n")
        row("program", "keys", "p50 ms", "p99 ms", "max ms", "kB/s written", "% of a core", "MiB resident", "goal p99 16 ms")
        row("---", *["--:"] * 8)
        program = Program([MIHARU], env=env)
        program.pump(20, lambda: "fresh" in program.text())
        before = program.memory_mib()
        peer.faults({"*": {"delay": 60, "times": 1_000_000}})
        program.press("5")
        program.pump(20, lambda: newest(program.text()) is not None)
        program.pump(10)
        ok &= measured("miharu, screens to and from the logs", program, ["4", "5"], seconds, times, True)
        program.press("5")
        program.pump(2)
        ok &= measured("miharu, a page up and down in the logs", program, ["\x1b[5~", "\x1b[6~"], seconds, times, True)
        program.press("G")
        behind = []
        for _ in range(20):
            program.pump(0.5)
            seen = newest(program.text())
            if seen is not None:
                behind.append((lines.known() - seen) / options.rate)
        head = next((line for line in program.text().splitlines() if re.search(r"shown\s+[\d\s ,.]*\d", line)), "")
        memory = program.memory_mib()
        print(f"\nhead line: {head.strip()}")
        print(f"the newest line on the screen was there {percentile(behind, 0.5):.1f} s before (p50), {max(behind):.1f} s at most" if behind else "no line on the screen")
        print(f"resident {memory:.0f} MiB, {before:.0f} before the first line; {lines.calls.value} calls of FilterLogEvents")
        ok &= bool(behind) and bool(head)
        program.end()

        # As many lines as are held, and then quiet: what is resident then is what the console keeps.
        peer.faults({})
        held = 100_000
        few = Lines(options.rate, held)
        second, address = served(few, group)
        program = Program([MIHARU], env={**env, "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS": address,
                                         "MIHARU_ENVIRONMENT__DEFAULT__LOGS__LINES": str(held)})
        program.press("5")
        program.pump(20 + held / options.rate, lambda: newest(program.text()) == held - 1)
        program.pump(10)
        text = held * len(message(0)) / (1 << 20)
        beyond = program.memory_mib() - text
        print(f"with {held} lines held, {text:.1f} MiB of text: {beyond:.0f} MiB resident beyond it, goal 40 MiB: {'met' if beyond <= 40 else 'MISSED'}")
        ok &= beyond <= 40 and newest(program.text()) == held - 1
        program.end()
        second.terminate()
        second.join(5)

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "lines.log")
            writer = multiprocessing.Process(target=grow, args=(path, Lines(options.rate), stop), daemon=True)
            writer.start()
            time.sleep(3)
            print()
            peer_program = Program(["lnav", path], env={**CLEAN, "HOME": folder})
            peer_program.pump(10)
            measured("lnav, the same lines in a file", peer_program, ["\x1b[5~", "\x1b[6~"], seconds, times, False)
            peer_program.end()
            stop.set()
            writer.join(5)
    finally:
        stop.set()
        peer.faults({})
        peer.process.terminate()
        peer.process.wait(5)
        server.terminate()
        server.join(5)
    sys.exit(0 if ok else 1)


if __name__ == "__main__":
    main()
