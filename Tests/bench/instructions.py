"""See instructions.sh. svcd runs under callgrind, which writes down what it has counted where it is told to, and
begins anew: starting and stopping don't count. Twice as many hooks less as many once is what these alone cost."""

import atexit
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True

from stub_docker import StubDocker

AWAKE_HOOKS = 10_000
SLEEPERS = 200
ALLOCATORS = {"malloc", "calloc", "realloc", "aligned_alloc", "posix_memalign", "memalign"}


class Connection:
    """A kept-alive connection that sends one request at a time."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(120)
        self.socket.connect(path)

    def ask(self, method, target):
        self.socket.sendall(f"{method} {target} HTTP/1.1\r\nHost: svcd\r\nContent-Length: 0\r\n\r\n".encode())
        return self.answer()

    def hook(self, service):
        self.socket.sendall(f"GET /hook/{service} HTTP/1.1\r\nHost: svcd\r\n\r\n".encode())
        status, _ = self.answer()
        if status != 200:
            sys.exit(f"hook {service}: {status}")

    def answer(self):
        received = b""
        while b"\r\n\r\n" not in received:
            received += self.more()
        head, body = received.split(b"\r\n\r\n", 1)
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        while len(body) < int(length[1] if length else 0):
            body += self.more()
        return int(head[9:12]), body

    def more(self):
        received = self.socket.recv(65536)
        if not received:
            sys.exit("svcd has closed the connection")
        return received


class Daemon:
    """A svcd under valgrind, with so many services that a stub's containers back."""

    def __init__(self, svcd, count):
        self.directory = Path(tempfile.mkdtemp(prefix="svcd-instructions."))
        atexit.register(shutil.rmtree, self.directory, ignore_errors=True)
        path = lambda name: str(self.directory / name)
        settings = "tier: on-demand, activity: [hook], wake_on: [hook], min_awake: 0s, idle_after: 1d, reclaim: never"
        services = "".join(f"  s{number}: {{{settings}}}\n" for number in range(count))
        Path(path("policy.yaml")).write_text(f"version: 1\nservices:\n{services}")
        self.docker = StubDocker(path("docker.sock"), count)
        self.log = open(path("log"), "w+")
        command = [
            "valgrind", "--tool=callgrind", f"--callgrind-out-file={path('counts')}", svcd,
            "--policy", path("policy.yaml"), "--docker", f"unix://{path('docker.sock')}",
            "--state-dir", path("state"), "--control", path("control.sock"), "--hook", path("hook.sock"),
            "--log-level", "error",
        ]  # fmt: skip
        # The environment is part of the stack, whose size moves what is counted a little.
        environment = {"SWIFT_DETERMINISTIC_HASHING": "1", "PATH": os.environ["PATH"]}
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, env=environment)
        atexit.register(self.process.kill)
        self.control = self.connect(path("control.sock"))
        self.hooks = self.connect(path("hook.sock"))
        self.dumps = 0
        self.wait(lambda: all(s["state"] == "awake" for s in self.services()), "all services to be awake")

    def connect(self, path):
        made = []

        def try_once():
            try:
                made.append(Connection(path))
            except (FileNotFoundError, ConnectionRefusedError):
                return False
            return True

        self.wait(try_once, "svcd to serve")
        return made[0]

    def services(self):
        return json.loads(self.control.ask("GET", "/v1/services")[1])["services"]

    def wait(self, condition, what):
        deadline = time.monotonic() + 120
        while not condition():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"waited in vain for {what}; valgrind's last words:\n{self.words()[-3000:]}")
            time.sleep(0.1)

    def words(self):
        self.log.flush()
        return (self.directory / "log").read_text()

    def sleep(self, service):
        status, body = self.control.ask("POST", f"/v1/services/{service}/sleep?force=true")
        if status != 200:
            sys.exit(f"sleep {service}: {status} {body.decode()}")

    def counts(self):
        """The text of what was counted since the last time."""
        self.dumps += 1
        command = ["callgrind_control", "--dump", str(self.process.pid)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)
        path = self.directory / f"counts.{self.dumps}"
        self.wait(lambda: path.exists() and "\ntotals:" in path.read_text(), "callgrind's counts")
        return path.read_text()

    def end(self):
        self.process.kill()
        self.process.wait()
        self.docker.close()
        shutil.rmtree(self.directory)


def instructions(counts):
    return int(re.search(r"^totals: (\d+)", counts, re.M)[1])


def allocations(counts):
    """Calls of the C library's allocators. A name is written out once, and is a number from then on."""
    names, callee, total = {}, None, 0
    for line in counts.splitlines():
        if match := re.match(r"c?fn=\((\d+)\)(?: (.*))?", line):
            if match[2]:
                names[match[1]] = match[2].split("@")[0]
            callee = names[match[1]]
        elif line.startswith("calls=") and callee in ALLOCATORS:
            total += int(line[6:].split()[0])
    return total


def awake_hook(svcd):
    """Instructions of a hook for an awake service."""
    daemon = Daemon(svcd, 3)

    def hooks(count):
        for _ in range(count):
            daemon.hooks.hook("s0")
        return instructions(daemon.counts())

    hooks(1000)
    once, twice = hooks(AWAKE_HOOKS), hooks(2 * AWAKE_HOOKS)
    daemon.end()
    return (twice - once) / AWAKE_HOOKS


def wake(svcd):
    """Allocations of a hook for a sleeper."""
    daemon = Daemon(svcd, 3 * SLEEPERS)
    for number in range(3 * SLEEPERS):
        daemon.sleep(f"s{number}")

    def hooks(numbers):
        for number in numbers:
            daemon.hooks.hook(f"s{number}")
        return allocations(daemon.counts())

    daemon.counts()
    once, twice = hooks(range(SLEEPERS)), hooks(range(SLEEPERS, 3 * SLEEPERS))
    daemon.end()
    return (twice - once) / SLEEPERS


def without_debugging(svcd, directory, name):
    """A copy without what debuggers read: valgrind's reader gives up at the newest forms of it."""
    copy = os.path.join(directory, name)
    subprocess.run(["strip", "--strip-debug", "-o", copy, svcd], check=True)
    return copy


def main(binaries):
    if not 1 <= len(binaries) <= 2 or any(not os.access(binary, os.X_OK) for binary in binaries):
        sys.exit("usage: instructions.sh SVCD, or instructions.sh OLD NEW")
    rows = [("instructions of an awake hook", awake_hook), ("allocations of a hook for a sleeper", wake)]
    directory = tempfile.mkdtemp(prefix="svcd-instructions.")
    atexit.register(shutil.rmtree, directory)
    # Names of one length: the command line is part of the stack, too.
    copies = [without_debugging(binary, directory, f"svcd{number}") for number, binary in enumerate(binaries)]
    for name, measure in rows:
        values = [measure(copy) for copy in copies]
        ratio = f"   ratio {values[1] / values[0]:.4f}" if len(values) == 2 else ""
        print(f"{name:<37}" + "".join(f"{value:>12.1f}" for value in values) + ratio, flush=True)


main(sys.argv[1:])
