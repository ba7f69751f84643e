"""Measures the counter beside its peers, and fails where it misses a goal.

On the disk, warm: a million files in a thousand directories, and in one. Beside the least that a count can be (two
threads, getdents64, nothing else): 1.3 times at most.

On a FUSE file system whose every directory read takes 1 ms and 5 ms: at most 1.5 times what the reads take with the
ceiling of them in flight, at most two reads a directory, and 20 times faster than find. On one that takes no time,
ten million files in less than 64 MiB. Left out, and said, where FUSE cannot be mounted.

A machine has other things to do, so all programs run in turn, a round of all after the other, forwards and
backwards; what is judged is the median of the ratios within a round, or of the times. What is measured is the whole
process, from its start until it has ended; only where the limit is what reads take, it is the counting, which begins
when the process has started, and the whole process is shown beside it.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

FILES = 1_000_000
# Rounds of the counter and the bare loop. Two that take longer run in every third, those that take very long once.
ROUNDS = 15
EVERY_THIRD = ("find", "fd")
ONCE = ("dua", "gdu", "guide (Python)")
# On a slow file system; find, which takes longest, runs in every eighth.
SLOW_ROUNDS = 24
FIND_EVERY = 8
SLOW_DIRECTORIES, SLOW_FILES = 1000, 20
CEILING = 32
# Directories, and files in each: ten million.
MANY_DIRECTORIES, MANY_FILES = 10_000, 1000

BARE_FACTOR = 1.3
LATENCY_FACTOR = 1.5
FIND_FACTOR = 20
MEMORY_MIB = 64


# The tuning guide's version.
def count_files_parallel(directory, max_workers=4):
    subdirs = [d for d in pathlib.Path(directory).iterdir() if d.is_dir()]
    with concurrent.futures.ThreadPoolExecutor(max_workers=max_workers) as executor:
        futures = [executor.submit(count_files_in_dir, subdir) for subdir in subdirs]
        results = [f.result() for f in concurrent.futures.as_completed(futures)]
    return sum(results)


def count_files_in_dir(directory):
    return sum(1 for _ in pathlib.Path(directory).rglob("*") if _.is_file())


class Goals:
    """What was to be shown, and whether it was."""

    def __init__(self):
        self.rows = []
        self.left_out = []

    def at_most(self, what, measured, limit):
        self.rows.append((what, f"{measured:.2f}", f"at most {limit:g}", measured <= limit))

    def at_least(self, what, measured, limit):
        self.rows.append((what, f"{measured:.2f}", f"at least {limit:g}", measured >= limit))

    def show(self):
        width = max(len(row[0]) for row in self.rows)
        print(f"\n{'goal':<{width}} {'measured':>9} {'limit':>14}")
        for what, measured, limit, met in self.rows:
            print(f"{what:<{width}} {measured:>9} {limit:>14}  {'met' if met else 'NOT MET'}")
        for why in self.left_out:
            print(f"not shown: {why}")
        return all(row[3] for row in self.rows)


class Runs:
    """Seconds of each program by round."""

    def __init__(self):
        self.seconds = {}

    def run(self, n, name, command):
        """Runs a program in round `n`; round 0 only warms up. What it printed."""
        began = time.perf_counter()
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
        )
        took = time.perf_counter() - began
        if done.returncode != 0:
            sys.exit(f"{name} failed with {done.returncode}")
        if n > 0:
            self.seconds.setdefault(name, {})[n] = took
        return done.stdout

    def median(self, name):
        return statistics.median(self.seconds[name].values())

    def ratio(self, name, base):
        """The median of the ratios of two programs in one round."""
        bases = self.seconds[base]
        return statistics.median(took / bases[n] for n, took in self.seconds[name].items())

    def table(self, title, base, ratio):
        print(f"\n{title}\n{'':>24} {'runs':>4} {'median s':>9} {'best s':>8} {base:>14} {'of its best':>11}")
        best = min(self.seconds["bare loop"].values())
        for name, took in self.seconds.items():
            least = min(took.values())
            print(
                f"{name:>24} {len(took):>4} {self.median(name):>9.3f} {least:>8.3f} {ratio(name):>13.2f}x"
                f" {least / best:>10.2f}x",
                flush=True,
            )


def make(tree, directories):
    """A tree of a million empty files, unless it is there already."""
    done = tree.with_name(tree.name + ".made")
    if done.exists():
        return
    print(f"making {tree}", file=sys.stderr)
    for d in range(directories):
        at = tree / f"d{d:04}" if directories > 1 else tree
        at.mkdir(parents=True, exist_ok=True)
        for f in range(FILES // directories):
            os.close(os.open(at / f"f{f:07}", os.O_CREAT | os.O_WRONLY, 0o600))
    done.touch()


def check(name, out, expected):
    """Fails where a program counts something else. dua and gdu tell sizes, not numbers."""
    found = {
        "bare loop": lambda: int(out),
        "guide (Python)": lambda: int(out),
        "miharu": lambda: json.loads(out)["files"],
        "find": lambda: out.count(b"\n"),
        "fd": lambda: out.count(b"\n"),
    }.get(name, lambda: expected if out else None)()
    if found != expected:
        sys.exit(f"{name} counts {found} files, there are {expected}")


def on_disk(arguments, goals, tree, directories):
    guide = "--guide" if directories > 1 else "--guide-flat"
    peers = {
        "bare loop": [arguments.bare, str(tree)],
        "miharu": [arguments.miharu, "count", str(tree), "--json"],
        "find": ["find", str(tree), "-type", "f"],
        "fd": [arguments.fd, "--unrestricted", "--type", "f", ".", str(tree)],
        # In a single directory its threads hold each other up: minutes instead of seconds.
        "dua": [arguments.dua, "--threads", "0" if directories > 1 else "1", str(tree)],
        "gdu": [arguments.gdu, "--non-interactive", "--no-progress", str(tree)],
        # Its parallel version looks only below subdirectories.
        "guide (Python)": [sys.executable, __file__, guide, str(tree)],
    }
    runs = Runs()
    for n in range(ROUNDS + 1):
        turn = list(peers.items()) if n % 2 == 0 else list(reversed(peers.items()))
        for name, command in turn:
            if n == 1 or not (name in ONCE or name in EVERY_THIRD and n % 3 > 0):
                check(name, runs.run(n, name, command), FILES)
    runs.seconds = {name: runs.seconds[name] for name in peers}
    what = f"1 000 000 files in {directories} director{'y' if directories == 1 else 'ies'}, warm"
    runs.table(what, "of bare loop", lambda name: runs.ratio(name, "bare loop"))
    goals.at_most(f"{what}: times the bare loop", runs.ratio("miharu", "bare loop"), BARE_FACTOR)


class NoFuse(Exception):
    """A FUSE file system cannot be mounted here."""


@contextlib.contextmanager
def slow(arguments, directories, files, milliseconds):
    """A fresh mount, since the kernel remembers what it has read, and a list. Afterwards the mount is gone, and the
    list holds the number of directory reads, and how many of them were of the root."""
    with tempfile.TemporaryDirectory(prefix="miharu-slow-") as at:
        command = [arguments.slowfs, at, str(directories), str(files), str(milliseconds)]
        told = []
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as server:
            try:
                if server.stdout.readline() != "mounted\n":
                    raise NoFuse(server.stderr.read().strip())
                yield at, told
            finally:
                server.stdin.close()
                told += map(int, server.stdout.read().split())
                if os.path.ismount(at):
                    subprocess.run(["umount", "--lazy", at], check=False)


def on_slow(arguments, goals, milliseconds):
    total = SLOW_DIRECTORIES * SLOW_FILES
    runs, counting, reads, each = Runs(), [], 0, 0
    for n in range(1, SLOW_ROUNDS + 1):
        turn = ["bare loop", "miharu"] + (["find"] if n % FIND_EVERY == 0 else [])
        for name in turn if n % 2 == 0 else reversed(turn):
            with slow(arguments, SLOW_DIRECTORIES, SLOW_FILES, milliseconds) as (at, served):
                out = runs.run(n, name, {
                    "bare loop": [arguments.bare, at, str(CEILING)],
                    "miharu": [arguments.miharu, "count", at, "--json", "--concurrency", str(CEILING)],
                    "find": ["find", at, "-type", "f"],
                }[name])
            check(name, out, total)
            if name == "miharu":
                told = json.loads(out)
                # One call of the counter may take the kernel more than one, never the other way round.
                if not 0 < told["calls"] <= served[0]:
                    sys.exit(f"{told['calls']} reads are told, {served[0]} were served")
                counting.append(told["took_ms"] / 1000)
                reads = max(reads, told["calls"])
                each = max(each, (served[0] - served[1]) / SLOW_DIRECTORIES)
    ideal = reads * milliseconds / 1000 / CEILING
    runs.seconds = {name: runs.seconds[name] for name in ("bare loop", "miharu", "find")}
    runs.table(
        f"{reads} reads of {milliseconds} ms each, {CEILING} in flight at most: ideally {ideal:.3f} s",
        "of ideal", lambda name: runs.median(name) / ideal,
    )
    print(f"{'miharu, counting alone':>24} {len(counting):>4} {statistics.median(counting):>9.3f} {min(counting):>8.3f}"
          f" {statistics.median(counting) / ideal:>13.2f}x")
    every = f"every read {milliseconds} ms"
    goals.at_most(f"{every}: times (reads x latency / ceiling)", statistics.median(counting) / ideal, LATENCY_FACTOR)
    goals.at_most(f"{every}: reads of a directory below", each, 2)
    goals.at_least(f"{every}: times faster than find", runs.median("find") / runs.median("miharu"), FIND_FACTOR)


def in_memory(arguments, goals):
    # A process counts the memory of the one that starts it as its own peak, so a small one starts it.
    peak = (
        "import os, sys; pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ); "
        "_, status, used = os.wait4(pid, 0); print(used.ru_maxrss, file=sys.stderr); sys.exit(status != 0)"
    )
    total = MANY_DIRECTORIES * MANY_FILES
    with slow(arguments, MANY_DIRECTORIES, MANY_FILES, 0) as (at, _):
        command = [sys.executable, "-S", "-c", peak, arguments.miharu, "count", at, "--json"]
        began = time.perf_counter()
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
        took = time.perf_counter() - began
    check("miharu", done.stdout, total)
    mib = int(done.stderr.split()[-1]) / 1024
    print(f"\n{total} files on FUSE in {took:.1f} s, {mib:.0f} MiB at most in use")
    goals.at_most(f"{total} files: MiB at most in use", mib, MEMORY_MIB)


def main():
    parser = argparse.ArgumentParser()
    for name in ("--miharu", "--bare", "--slowfs", "--dua", "--fd", "--gdu"):
        parser.add_argument(name, required=True)
    parser.add_argument("--folder", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()))
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--first", action="store_true")
    arguments = parser.parse_args()
    needed = [getattr(arguments, name) for name in ("miharu", "bare", "slowfs", "dua", "fd", "gdu")]
    for name in [*needed, "find"]:
        if shutil.which(name) is None:
            sys.exit(f"{name} is missing")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    if arguments.first:
        # Before the threads of every other process; what is started inherits it.
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    folder = arguments.folder / "miharu-count"
    try:
        folder.mkdir(parents=True, exist_ok=arguments.keep)
    except FileExistsError:
        # Not to be removed at the end.
        sys.exit(f"{folder} is there already: remove it, or use it with --keep")
    kind = subprocess.run(["stat", "-f", "-c", "%T", folder], stdout=subprocess.PIPE, text=True, check=True).stdout
    print(f"{os.cpu_count()} processors, {kind.strip()}, load {os.getloadavg()[0]:.1f}"
          + (", in front of all other processes" if arguments.first else ""), flush=True)
    goals = Goals()
    try:
        for name, directories in (("many", 1000), ("one", 1)):
            make(folder / name, directories)
            on_disk(arguments, goals, folder / name, directories)
        try:
            for milliseconds in (1, 5):
                on_slow(arguments, goals, milliseconds)
            in_memory(arguments, goals)
        except NoFuse as why:
            goals.left_out.append(f"what a slow file system takes, as FUSE cannot be mounted here: {why}")
    finally:
        if not arguments.keep:
            subprocess.run(["rm", "-rf", folder], check=True)
    sys.exit(0 if goals.show() else 1)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--guide"]:
        print(count_files_parallel(sys.argv[2]))
    elif sys.argv[1:2] == ["--guide-flat"]:
        print(count_files_in_dir(sys.argv[2]))
    else:
        main()
