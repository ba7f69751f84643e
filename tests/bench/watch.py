"""What watching the event log costs while 20 000 rows a second arrive: processor time of the console and of the
database, with the event log and without it. Run by tests/bench/watch.sh."""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from pseudo import Program
from started import MariaDb, Processes, Sqlite, cpu

ROWS, EVERY = 500, 0.025
GOAL = 2.0


class Writer:
    """Writes 20 000 rows a second until it is told to end."""

    def __init__(self, database):
        self.database, self.over, self.written = database, threading.Event(), 0
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        now = "now()" if isinstance(self.database, MariaDb) else "datetime('now')"
        batch = "INSERT INTO eventlog(at,name,value) VALUES " + ",".join([f"({now},'open',0)"] * ROWS)
        put, close = self.client(batch)
        began, batches = time.monotonic(), 0
        while not self.over.is_set():
            put()
            batches += 1
            self.written = batches * ROWS
            time.sleep(max(0.0, began + batches * EVERY - time.monotonic()))
        close()

    def client(self, batch):
        if isinstance(self.database, MariaDb):
            command = ["mariadb", "--no-defaults", "-uroot", "-S", self.database.socket, "h"]
            child = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)

            def put():
                child.stdin.write(batch + ";\n")
                child.stdin.flush()

            def close():
                child.stdin.close()
                child.wait()

            return put, close
        connection = sqlite3.connect(self.database.path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        return (lambda: connection.execute(batch)), connection.close

    def end(self):
        self.over.set()
        self.thread.join()


def environment(home, database):
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    # An environment whose AWS does not answer: it costs the same with and without the event log.
    return {**kept, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home),
            "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
            "AWS_EC2_METADATA_DISABLED": "true", "EFS_FILE_SYSTEM_ID": "fs-0123456789abcdef0",
            "TARGET_DIRECTORY": str(home / "none"),
            **({"HAKARU_DATASOURCENAME": database.dsn} if database else {})}


def share(miharu, home, database, watched, seconds):
    """Percent of a core: of the console, and of the database's process."""
    names = list(os.environ)
    command = ["env", *[f"-u{name}" for name in names],
               *[f"{k}={v}" for k, v in {**environment(home, watched), "TERM": "xterm-256color"}.items()], miharu]
    console = Program(command)
    try:
        console.pump(8)
        if console.cpu() == 0.0:
            sys.exit(f"the console did not start:\n{console.text()}")
        before = console.cpu(), cpu(database.process) if database.process else 0.0
        began = time.monotonic()
        console.pump(seconds)
        took = time.monotonic() - began
        after = console.cpu(), cpu(database.process) if database.process else 0.0
        return tuple(100 * (b - a) / took for a, b in zip(before, after))
    finally:
        console.end()


def rate(miharu, home, database, writer):
    """Rows a second by the program, and by the rows that were written meanwhile."""
    first, began = writer.written, time.monotonic()
    done = subprocess.run([miharu, "snapshot", "--json"], env=environment(home, database), capture_output=True,
                          text=True, check=False)
    own = (writer.written - first) / (time.monotonic() - began)
    seen = json.loads(done.stdout)["impressions"]
    if seen is None:
        sys.exit(f"the event log was not read:\n{done.stdout}\n{done.stderr}")
    return seen["recorded_per_s"], own


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--miharu", required=True)
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    processes, home = Processes(), Path(tempfile.mkdtemp())
    missed = False
    print("| database | rows/s written | recorded/s shown | console, % of a core | database, % of a core |")
    print("| --- | ---: | ---: | ---: | ---: |")
    try:
        for kind in (MariaDb, Sqlite):
            place = home / kind.name
            place.mkdir()
            database = kind(processes, place)
            database.empty()
            writer = Writer(database)
            try:
                time.sleep(2)
                without = share(options.miharu, place, database, None, options.seconds)
                watching = share(options.miharu, place, database, database, options.seconds)
                shown, own = rate(options.miharu, place, database, writer)
            finally:
                writer.end()
            console, server = (b - a for a, b in zip(without, watching))
            missed |= console >= GOAL
            served = f"{server:+.2f}" if database.process else "in the console"
            print(f"| {database.name} | {own:.0f} | {shown:.0f} | {without[0]:.2f} → {watching[0]:.2f} "
                  f"({console:+.2f}; goal < {GOAL}) | {served} |")
    finally:
        processes.end_all()
        shutil.rmtree(home, ignore_errors=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
