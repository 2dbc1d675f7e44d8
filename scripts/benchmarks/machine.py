"""Processes pinned to cores, what they use, and memory that is warm."""

from __future__ import annotations

import mmap
import os
import platform
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

T = TypeVar("T")

PROXY_CORE = 0
LOAD_CORE = 1
WARMED = 3 << 30


@contextmanager
def process(
    command: list[str],
    core: int,
    *,
    cwd: Path | None = None,
    stdin: int | None = None,
    stderr: IO[bytes] | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """Run a command on a core until the end of the block."""
    child = subprocess.Popen(
        command,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        cwd=cwd,
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
        for pipe in (child.stdin, child.stdout):
            if pipe:
                pipe.close()


def python(module: str, *args: str) -> list[str]:
    """The command that runs a module of this checkout."""
    return [sys.executable, "-m", module, *args]


def machine() -> str:
    """The processor and the Python that figures are of."""
    info = Path("/proc/cpuinfo").read_text()
    found = re.search(r"model name\s*: (.+)", info)
    name = " ".join(found[1].split()) if found else platform.machine()
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}"


def processor_seconds(pid: int) -> float:
    """User and system time that a process has spent."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine_seconds() -> float:
    """What all processes on the machine, and the host instead of it, have spent."""
    user, nice, system, _, _, irq, softirq, steal, *_ = (
        int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    )
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


def memory_bytes(pid: int, name: str = "VmRSS") -> int:
    """Memory that a process holds; `VmHWM` is the most that it ever held."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0]) * 1024
    raise LookupError(name)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for(look: Callable[[], T], seconds: float = 10.0) -> T:
    """Look until there is something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.02)
    raise TimeoutError


def settle(pid: int) -> None:
    """Wait until a process has done what it still had to do, for 5 seconds at most."""
    spent = processor_seconds(pid)
    for _ in range(20):
        time.sleep(0.25)
        before, spent = spent, processor_seconds(pid)
        if spent - before < 0.02:
            return


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def is_listening(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


def warm_memory() -> None:
    """Touch memory, and give it back.

    The first write to a page of a virtual machine costs ten times what it does later, because the
    host has to find memory for it: whoever ran first would pay.
    """
    size = min(WARMED, os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2)
    with mmap.mmap(-1, size) as memory:
        zeros = bytes(1 << 20)
        for _ in range(size >> 20):
            memory.write(zeros)
