"""A program in a pseudo-terminal, measured: first frame, bytes, processor time, memory, key latency."""

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time

import pyte

TICKS = os.sysconf("SC_CLK_TCK")
# Private-mode sequences that pyte would print as text.
UNKNOWN = [b"\x1b[?2026h", b"\x1b[?2026l", b"\x1b[>1u", b"\x1b[<1u", b"\x1b[?u"]


class Program:
    """Runs `command` in a terminal of cols × rows and keeps what it writes."""

    def __init__(self, command, cols=120, rows=40, env=None):
        self.screen = pyte.Screen(cols, rows)
        self.stream = pyte.ByteStream(self.screen)
        self.written = 0
        self.first_byte = self.first_text = None
        self.status = None
        self.last_read = 0.0
        self.started = time.monotonic()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})})
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))
            os.execvp(command[0], command)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def text(self):
        return "\n".join(self.screen.display)

    def cpu(self):
        try:
            with open(f"/proc/{self.pid}/stat") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / TICKS
        except OSError:
            return 0.0

    def memory_mib(self):
        with open(f"/proc/{self.pid}/status") as f:
            for line in f:
                if line.startswith("VmRSS"):
                    return int(line.split()[1]) / 1024
        return 0.0

    def pump(self, seconds, until=None):
        """Reads for `seconds` or until `until()`; true if it was (or if there was nothing to wait for)."""
        end = time.monotonic() + seconds
        while True:
            if until and until():
                return True
            left = end - time.monotonic()
            if left <= 0:
                return until is None
            if not select.select([self.fd], [], [], min(left, 0.05))[0]:
                continue
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return until is None or bool(until())
            if not data:
                return until is None or bool(until())
            self.last_read = time.monotonic()
            self.first_byte = self.first_byte or self.last_read
            self.written += len(data)
            if b"\x1b[6n" in data:
                os.write(self.fd, b"\x1b[1;1R")
            for sequence in UNKNOWN:
                data = data.replace(sequence, b"")
            self.stream.feed(data)
            if self.first_text is None and any(line.strip() for line in self.screen.display):
                self.first_text = self.last_read

    def press(self, keys):
        os.write(self.fd, keys.encode())

    def latency(self, keys, times, cells=40):
        """Milliseconds from a key to the frame in which at least `cells` cells differ; None for a key without effect."""
        out = []
        for n in range(times):
            self.pump(0.05)
            before = self.text()
            pressed = time.monotonic()
            self.press(keys[n % len(keys)])
            seen = self.pump(3.0, lambda: sum(a != b for a, b in zip(before, self.text())) >= cells)
            out.append((self.last_read - pressed) * 1000 if seen else None)
        return out

    def end(self):
        for step in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(self.pid, step)
            except ProcessLookupError:
                break
            deadline = time.monotonic() + 3
            while time.monotonic() < deadline:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.status = os.waitstatus_to_exitcode(status)
                    os.close(self.fd)
                    return
                self.pump(0.02)
        os.close(self.fd)


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))]
