"""Processes and databases of tests/bench/impressions.py."""

import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
TABLE = ("CREATE TABLE eventlog (id bigint(20) unsigned NOT NULL AUTO_INCREMENT, at datetime DEFAULT NULL, "
         "name varchar(255) NOT NULL, value int(10) unsigned, PRIMARY KEY (id))")
LITE = ("CREATE TABLE eventlog (id INTEGER PRIMARY KEY AUTOINCREMENT, at datetime DEFAULT NULL, "
        "name varchar(255) NOT NULL, value int unsigned)")


class Processes:
    """What was started and has not ended."""

    def __init__(self):
        self.running = []

    def start(self, *command, log, env=None):
        with open(log, "ab") as out:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                     env={**os.environ, **(env or {})})
        self.running.append(child)
        return child

    def end(self, child, patience=30):
        """SIGTERM, and the exit code; SIGKILL for what does not listen."""
        if child.poll() is None:
            child.terminate()
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child in self.running:
            self.running.remove(child)
        return child.returncode

    def end_all(self):
        for child in reversed(self.running):
            if child.poll() is None:
                child.kill()
        for child in self.running:
            child.wait()
        self.running.clear()

    def output(self, *command):
        """Runs a load to its end: what it printed, its processor seconds, its exit code."""
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True)
        self.running.append(child)
        before = os.times()
        out, err = child.communicate()
        after = os.times()
        self.running.remove(child)
        used = after.children_user + after.children_system - before.children_user - before.children_system
        return out, err, used, child.returncode


def cpu(child):
    """Processor seconds of a process so far."""
    fields = Path(f"/proc/{child.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, check, child, log, patience=60):
    end = time.monotonic() + patience
    while not check():
        if child.poll() is not None or time.monotonic() > end:
            sys.exit(f"{what}: never\n{Path(log).read_text()[-2000:]}")
        time.sleep(0.05)


class MariaDb:
    name = "MariaDB"

    def __init__(self, processes, home):
        self.processes, self.home, self.port = processes, home, free_port()
        self.socket, self.log = f"{home}/s.sock", f"{home}/mariadb.log"
        (home / "tmp").mkdir()
        root = ["--user=root"] if os.getuid() == 0 else []
        where = [f"--datadir={home}/data", f"--tmpdir={home}/tmp"]
        subprocess.run(["mariadb-install-db", "--no-defaults", *root, *where, "--skip-test-db", "--skip-name-resolve",
                        "--auth-root-authentication-method=normal"], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        self.begin()
        self.sql("create database h character set utf8mb4; create user 'm'@'127.0.0.1' identified by 'p'; "
                 "grant all on h.* to 'm'@'127.0.0.1'")
        self.url = f"mysql://m:p@127.0.0.1:{self.port}/h?ssl-mode=DISABLED"
        self.dsn = f"m:p@tcp(127.0.0.1:{self.port})/h"

    def begin(self):
        root = ["--user=root"] if os.getuid() == 0 else []
        self.process = self.processes.start(
            "mariadbd", "--no-defaults", *root, f"--datadir={self.home}/data", f"--tmpdir={self.home}/tmp",
            f"--socket={self.socket}", f"--pid-file={self.home}/pid", f"--port={self.port}", "--bind-address=127.0.0.1",
            "--skip-name-resolve", "--max-connections=1000", "--innodb-flush-log-at-trx-commit=1",
            "--innodb-buffer-pool-size=256M", "--innodb-log-file-size=512M", log=self.log)
        until("MariaDB answers", lambda: self.try_sql("select 1").returncode == 0, self.process, self.log)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.processes.running.remove(self.process)

    def try_sql(self, text):
        return subprocess.run(["mariadb", "--no-defaults", "-uroot", "-S", self.socket, "-N", "-e", text],
                              capture_output=True, text=True, check=False)

    def sql(self, text):
        done = self.try_sql(text)
        if done.returncode:
            sys.exit(f"{text}: {done.stderr}")
        return done.stdout.strip()

    def durability(self):
        at = "@@version, @@innodb_flush_log_at_trx_commit, @@innodb_doublewrite, @@innodb_flush_method"
        version, flush, double, method = self.sql(f"select {at}").split("\t")
        if flush != "1":
            sys.exit("innodb_flush_log_at_trx_commit is not 1")
        return f"{version} innodb_flush_log_at_trx_commit={flush} innodb_doublewrite={double} innodb_flush_method={method}"

    def empty(self):
        self.sql(f"drop table if exists h.eventlog; use h; {TABLE}")

    def rows(self):
        return int(self.sql("select count(*) from h.eventlog"))


class Sqlite:
    name = "SQLite"
    process = None

    def __init__(self, _, home):
        self.path = home / "log.db"
        self.url = self.dsn = f"sqlite://{self.path}"

    def durability(self):
        # What hakaru says of its own connection is checked where it is started.
        return f"{sqlite3.sqlite_version} (as here), journal_mode=WAL synchronous=FULL"

    def empty(self):
        for end in ("", "-wal", "-shm"):
            Path(f"{self.path}{end}").unlink(missing_ok=True)
        with sqlite3.connect(self.path) as database:
            database.execute(LITE)
        database.close()

    def rows(self):
        database = sqlite3.connect(self.path)
        try:
            return database.execute("select count(*) from eventlog").fetchone()[0]
        finally:
            database.close()


def metric(url, name):
    with urllib.request.urlopen(f"{url}/metrics", timeout=30) as reply:
        for line in reply.read().decode().splitlines():
            if line.startswith(f"{name} "):
                return float(line.split()[1])
    sys.exit(f"{url}/metrics has no {name}")


def listens(address):
    host, port = address.split(":")
    with socket.socket() as s:
        return s.connect_ex((host, int(port))) == 0


def answers(url):
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return reply.status == 200
    except OSError:
        return False


def flush_time(home):
    """Milliseconds that this disk takes for 4 KiB, the median of some."""
    times = []
    with open(home / "flush", "wb") as file:
        for _ in range(100):
            file.write(bytes(4096))
            file.flush()
            began = time.monotonic()
            os.fdatasync(file.fileno())
            times.append(time.monotonic() - began)
    return sorted(times)[len(times) // 2] * 1e3
