"""What benchmarks share: processes pinned to a core, nginx as the measure, processor time."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

PROXY_CORE = 0
LOAD_CORE = 1
ROUNDS = 5
SECONDS = 3.0

_NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 20000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://127.0.0.1:{upstream};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection "Upgrade";
      proxy_read_timeout 3600s;
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Target:
    """Something to load: its port, and the process whose time counts."""

    name: str
    port: int
    pid: int


@dataclass(frozen=True)
class Result:
    """One round."""

    round_trips: float
    """A second."""
    microseconds: float
    """Processor time of the target for each message; a round trip is two messages."""


@contextmanager
def process(command: list[str], core: int) -> Iterator[subprocess.Popen[str]]:
    """Run a command on a core until the end of the block."""
    child = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, {core}),  # noqa: PLW1509 - no threads here
    )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout:
            child.stdout.close()


def python(module: str, *args: str) -> list[str]:
    """The command that runs a module."""
    return [sys.executable, "-m", module, *args]


class Bench(ExitStack):
    """The echo server and what stands in front of it; everything ends with the block."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(self.enter_context(tempfile.TemporaryDirectory()))
        echo = self.enter_context(process(python("scripts.benchmarks.load", "serve"), LOAD_CORE))
        assert echo.stdout is not None
        self.upstream = int(echo.stdout.readline())

    def nginx(self) -> Target:
        """nginx tunnelling to the echo server."""
        nginx = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
        if nginx is None:
            sys.exit("nginx is needed to compare with: apt-get install nginx-light")
        port = free_port()
        conf = self.folder / "nginx.conf"
        conf.write_text(_NGINX.format(folder=self.folder, port=port, upstream=self.upstream))
        command = [nginx, "-e", str(self.folder / "error.log"), "-c", str(conf)]
        master = self.enter_context(process(command, PROXY_CORE))
        worker = wait_for(lambda: children(master.pid))[0]
        return Target("nginx", port, worker)

    def wsproxy(self, *options: str, name: str = "wsproxy") -> Target:
        """wsproxy with a capture, quiet."""
        capture = self.folder / f"{name}.wsproxy"
        url = f"ws://127.0.0.1:{self.upstream}"
        command = python("wsproxy", "run", url, "-q", "-p", "0", "--capture", str(capture))
        child = self.enter_context(process([*command, *options], PROXY_CORE))
        assert child.stdout is not None
        ready = child.stdout.readline()
        port = int(ready.split()[3].rsplit(":", 1)[1])
        return Target(name, port, child.pid)


def measure(target: Target, *, size: int, connections: int, seconds: float = SECONDS) -> Result:
    """Load a target for some seconds."""
    before = processor_seconds(target.pid)
    command = python(
        "scripts.benchmarks.load",
        "load",
        *("--port", str(target.port)),
        *("--size", str(size)),
        *("--connections", str(connections)),
        *("--seconds", str(seconds)),
    )
    with process(command, LOAD_CORE) as load:
        assert load.stdout is not None
        load.stdout.readline()
        answer = json.loads(load.stdout.readline())
    time.sleep(0.3)  # what is still to be written belongs to it
    spent = processor_seconds(target.pid) - before
    done = answer["round_trips"]
    return Result(done / answer["seconds"], spent / done / 2 * 1e6)


def take_turns(targets: list[Target], *, size: int, connections: int) -> dict[str, list[Result]]:
    """Load each target in turn, ROUNDS times, after a round that does not count."""
    results: dict[str, list[Result]] = {target.name: [] for target in targets}
    for number in range(ROUNDS + 1):
        for target in targets:
            result = measure(target, size=size, connections=connections)
            if number:
                results[target.name].append(result)
    return results


def report(results: dict[str, list[Result]], baseline: str) -> None:
    """Print each target's medians, and its ratios to the baseline round by round."""
    for name, rounds in results.items():
        trips = statistics.median(r.round_trips for r in rounds)
        micros = statistics.median(r.microseconds for r in rounds)
        print(f"  {name:24} {trips:10,.0f} round trips/s {micros:8.2f} us a message")
    for name, rounds in results.items():
        if name != baseline:
            pairs = list(zip(rounds, results[baseline], strict=True))
            trips = statistics.median(a.round_trips / b.round_trips for a, b in pairs)
            micros = statistics.median(a.microseconds / b.microseconds for a, b in pairs)
            print(
                f"  {name} / {baseline}: {trips:.2f} of its round trips,"
                f" {micros:.2f} times its processor time a message"
            )


def processor_seconds(pid: int) -> float:
    """User and system time that a process has spent."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Memory that a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for(look: Callable[[], T]) -> T:
    """Look until there is something, for 10 seconds at most."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise TimeoutError


def free_port() -> int:
    """A port that nobody listens on."""
    import socket

    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
