"""An addon that reads each message, in mitmdump and in wsproxy: round trips and processor time.

    python -m scripts.benchmarks.addons [--connections 64] [--size 128] [--seconds 4] [--rounds 3]

Each round measures both, one after the other; the best of each is compared.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

BIN = Path(sys.executable).parent
LOAD = [sys.executable, "-m", "scripts.benchmarks.load"]

READS_EACH = """
class ReadsEach:
    def __init__(self):
        self.seen = 0

    def running(self):
        print("ready", flush=True)

    def websocket_message(self, flow):
        self.seen += len(flow.websocket.messages[-1].content)


addons = [ReadsEach()]
"""


class Result(NamedTuple):
    round_trips: float
    """A second."""
    cpu: float
    """Microseconds of processor time a message."""
    median: float
    """Milliseconds a round trip."""


def processor_time(pid: int) -> float:
    """Seconds that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def process(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield started
    finally:
        started.terminate()
        started.wait(10)


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def measure(name: str, script: Path, args: argparse.Namespace) -> Result:
    with process([*LOAD, "serve"]) as server:
        assert server.stdout is not None
        upstream = int(server.stdout.readline())
        port = free_port()
        listen = ["--listen-host", "127.0.0.1", "-p", str(port), "-q", "-s", str(script)]
        command = {
            "mitmdump": ["mitmdump", "--mode", f"reverse:http://127.0.0.1:{upstream}", *listen],
            "wsproxy": ["wsproxy", "run", f"ws://127.0.0.1:{upstream}", "--no-web", *listen],
        }[name]
        with process([str(BIN / command[0]), *command[1:]]) as proxy:
            assert proxy.stdout is not None
            while not re.match("ready", proxy.stdout.readline()):
                assert proxy.poll() is None, f"{name} did not start"
            options = {"--port": port, "--connections": args.connections, "--size": args.size}
            words = [str(word) for pair in options.items() for word in pair]
            with process([*LOAD, "load", *words, "--seconds", str(args.seconds)]) as load:
                assert load.stdout is not None
                load.stdout.readline()
                before = processor_time(proxy.pid)
                result = json.loads(load.stdout.readline())
                used = processor_time(proxy.pid) - before
    done = result["round_trips"]
    return Result(done / result["seconds"], used / (2 * done) * 1e6, result["median_ms"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    best: dict[str, Result] = {}
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "reads_each.py"
        script.write_text(READS_EACH)
        for _ in range(args.rounds):
            for name in ("mitmdump", "wsproxy"):
                result = measure(name, script, args)
                print(
                    f"{name:9} {result.round_trips:8,.0f} round trips/s  {result.cpu:6.1f} us a"
                    f" message  median {result.median:.2f} ms"
                )
                if name not in best or result.round_trips > best[name].round_trips:
                    best[name] = result
    ours, theirs = best["wsproxy"], best["mitmdump"]
    print(
        f"best of {args.rounds}: {ours.round_trips / theirs.round_trips:.1f} times the round trips,"
        f" 1/{theirs.cpu / ours.cpu:.1f} of the processor time"
    )


if __name__ == "__main__":
    main()
