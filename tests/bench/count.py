"""Measures the counter beside its peers, and fails where it is slower than it may be.

Part one, on the disk, warm: a million files in a thousand directories, and in one. Beside the least that a count
can be (two threads, getdents64, nothing else): 1.3 times at most.

Part two, on a FUSE file system whose every directory read takes 1 ms and 5 ms: at most 1.5 times what the reads
take with the ceiling of them in flight, and 20 times faster than find. Left out, and said, where FUSE cannot be
mounted.
"""

import argparse
import concurrent.futures
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

FILES = 1_000_000
ROUNDS = 7
SLOW_ROUNDS = 5
CEILING = 32
BARE_FACTOR = 1.3
LATENCY_FACTOR = 1.5
FIND_FACTOR = 20


# The tuning guide's version.
def count_files_parallel(directory, max_workers=4):
    subdirs = [d for d in pathlib.Path(directory).iterdir() if d.is_dir()]
    with concurrent.futures.ThreadPoolExecutor(max_workers=max_workers) as executor:
        futures = [executor.submit(count_files_in_dir, subdir) for subdir in subdirs]
        results = [f.result() for f in concurrent.futures.as_completed(futures)]
    return sum(results)


def count_files_in_dir(directory):
    return sum(1 for _ in pathlib.Path(directory).rglob("*") if _.is_file())


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


def timed(command):
    began = time.perf_counter()
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    took = time.perf_counter() - began
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed with {done.returncode}")
    return took, done.stdout


def count(miharu, tree, *more):
    return [miharu, "count", str(tree), "--json", *more]


def on_disk(arguments, tree):
    """Best times by name; one round of all after the other, so that a busy moment meets all of them."""
    python = [sys.executable, __file__, "--guide"]
    if tree.name == "one":
        # The guide's parallel version looks only below subdirectories.
        python = [sys.executable, __file__, "--guide-flat"]
    peers = {
        "bare loop": [arguments.bare, str(tree)],
        "miharu": count(arguments.miharu, tree),
        "find": ["find", str(tree), "-type", "f"],
        "fd": ["fdfind", "--unrestricted", "--type", "f", ".", str(tree)],
        "dua": [arguments.dua, str(tree)],
        "gdu": ["gdu", "--non-interactive", "--no-progress", str(tree)],
        "guide (Python)": [*python, str(tree)],
    }
    best = {}
    for n in range(ROUNDS + 1):
        for name, command in peers.items():
            if name == "guide (Python)" and n > 1:
                continue
            took, out = timed(command)
            check(name, out)
            if n > 0 or name == "guide (Python)":
                best[name] = min(took, best.get(name, took))
    return best


def check(name, out):
    found = {
        "bare loop": lambda: int(out),
        "guide (Python)": lambda: int(out),
        "miharu": lambda: json.loads(out)["files"],
        "find": lambda: out.count(b"\n"),
        "fd": lambda: out.count(b"\n"),
    }.get(name, lambda: FILES)()
    if found != FILES:
        sys.exit(f"{name} counts {found} files, there are {FILES}")


def table(title, best, base):
    print(f"\n{title}\n{'':>16} {'seconds':>9} {'ratio':>8}")
    for name, took in best.items():
        print(f"{name:>16} {took:>9.3f} {took / best[base]:>7.2f}x")


@contextlib.contextmanager
def slow(slowfs, at, milliseconds):
    command = [slowfs, at, "1000", "20", str(milliseconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        try:
            yield server.stdout.readline() == b"mounted\n"
        finally:
            server.stdin.close()


def on_slow(arguments, milliseconds):
    """Whether the goals are met where every read takes so long; None where it cannot be mounted."""
    runs = []
    for n in range(SLOW_ROUNDS + 1):
        # A new mount each time: the kernel remembers what it has read.
        with tempfile.TemporaryDirectory() as at, slow(arguments.slowfs, at, milliseconds) as mounted:
            if not mounted:
                return None
            if n == 0:
                find, _ = timed(["find", at, "-type", "f"])
            else:
                took, out = timed(count(arguments.miharu, at, "--concurrency", str(CEILING)))
                told = json.loads(out)
                if told["files"] != 20_000 or told["calls"] > 2 * told["directories"] + 20:
                    sys.exit(f"wrong: {told}")
                runs.append((took, told))
    took, told = min(runs, key=lambda run: run[0])
    ideal = told["calls"] * milliseconds / 1000 / CEILING
    best = {"ideal": ideal, "miharu": took, "miharu, counting": told["took_ms"] / 1000, "find": find}
    table(f"every read {milliseconds} ms, {told['calls']} reads, {CEILING} in flight at most", best, "ideal")
    return took <= ideal * LATENCY_FACTOR and took * FIND_FACTOR <= find


def main():
    parser = argparse.ArgumentParser()
    for name in ("--miharu", "--dua", "--bare", "--slowfs"):
        parser.add_argument(name, required=True)
    parser.add_argument("folder", type=pathlib.Path)
    arguments = parser.parse_args()
    failed = []
    for name, directories in (("many", 1000), ("one", 1)):
        tree = arguments.folder / name
        make(tree, directories)
        best = on_disk(arguments, tree)
        table(f"a million files in {directories} director{'y' if directories == 1 else 'ies'}, warm", best, "bare loop")
        if best["miharu"] > best["bare loop"] * BARE_FACTOR:
            failed.append(f"more than {BARE_FACTOR} times the bare loop on {name}")
    for milliseconds in (1, 5):
        met = on_slow(arguments, milliseconds)
        if met is None:
            print("\nFUSE cannot be mounted here: the slow file system is left out")
            break
        if not met:
            failed.append(f"slower than it may be at {milliseconds} ms")
    print("\n" + ("FAILED: " + "; ".join(failed) if failed else "all goals are met"))
    sys.exit(bool(failed))


if __name__ == "__main__":
    if sys.argv[1] == "--guide":
        print(count_files_parallel(sys.argv[2]))
    elif sys.argv[1] == "--guide-flat":
        print(count_files_in_dir(sys.argv[2]))
    else:
        main()
